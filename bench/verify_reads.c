/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the verifier reads storage, and how many bytes, with the 4 KiB block of a small device:
 * what flash and a slow bus would feel. Prints objects for build/bench.json.
 *
 *     verify_reads TRUSTED_ROOT BUNDLE COUNT
 */
#include "slipway/files.h"
#include "slipway/verifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BLOCK_SIZE 4096

struct counting_source {
    struct slw_source source;
    const struct slw_source *inner;
    uint64_t reads;
    uint64_t bytes;
};

static enum slw_status read_counting(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct counting_source *counting = context;
    counting->reads++;
    counting->bytes += len;
    return counting->inner->read(counting->inner->context, offset, buffer, len);
}

static enum slw_status verify(const struct slw_source *root, const struct slw_source *bundle,
                              size_t names_count)
{
    static struct slw_verifier verifier;
    static struct slw_root_key root_keys[3 * SLW_ROOT_KEYS_MAX];
    static struct slw_signature signatures[SLW_SIGNATURES_MAX];
    static uint8_t block[BLOCK_SIZE];
    const struct slw_expectations expectations = {.limits = slw_default_limits};
    struct slw_name *names = calloc(names_count, sizeof *names);
    if (names == NULL) {
        return SLW_NO_SPACE;
    }
    const struct slw_verifier_memory memory = {
        .block = block,
        .block_size = sizeof block,
        .root_keys = root_keys,
        .root_keys_count = sizeof root_keys / sizeof root_keys[0],
        .signatures = signatures,
        .signatures_count = SLW_SIGNATURES_MAX,
        .names = names,
        .names_count = names_count,
    };
    enum slw_status status = SLW_OK;
    slw_verifier_start(&verifier, &memory, &expectations, root, bundle);
    while (!verifier.done && status == SLW_OK) {
        status = slw_verifier_step(&verifier);
    }
    free(names);
    return status;
}

static void print(const char *count, const char *what, double value, const char *unit,
                  const char *against)
{
    (void)printf("{\"name\": \"verify %s target(s), 4 KiB block, %s\", \"value\": %.2f, "
                 "\"unit\": \"%s\", \"against\": \"%s\"}\n",
                 count, what, value, unit, against);
}

int main(int argc, char **argv)
{
    struct slw_file_source root;
    struct slw_file_source bundle;
    struct slw_detail detail;
    if (argc != 4 || slw_file_source_open(argv[1], &root, &detail) != SLW_OK ||
        slw_file_source_open(argv[2], &bundle, &detail) != SLW_OK) {
        return 2;
    }
    struct counting_source counting = {.inner = &bundle.source};
    size_t targets = strtoul(argv[3], NULL, 10);
    counting.source = (struct slw_source){&counting, read_counting, bundle.source.size};
    enum slw_status status = verify(&root.source, &counting.source, targets);
    if (status != SLW_OK) {
        (void)fprintf(stderr, "verify_reads: %s\n", slw_status_word(status));
        return EXIT_FAILURE;
    }
    print(argv[3], "storage reads", (double)counting.reads, "reads", "a target each read once");
    print(argv[3], "reads per target", (double)counting.reads / (double)targets, "reads",
          "a target each read once");
    print(argv[3], "bytes read", (double)counting.bytes / (double)bundle.source.size, "x",
          "the bundle's size");
    return EXIT_SUCCESS;
}
