/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier on a trusted root and a bundle, with signatures that are nearly always good
 * (any_signature.c). Its verdict must be the same through large and small blocks, and what it hands
 * out must lie inside the bundle.
 *
 * Input: a byte of options, the root's length (two bytes, little endian), the root, the bundle.
 */
#include "fuzz.h"

#include "slipway/verifier.h"

#define NAMES_MAX 512u

enum {
    WITH_CLOCK = 1,
    WITH_STORED_VERSION = 2,
    WITH_DEVICE = 4,
    WITHOUT_DECODERS = 8,
    WITH_TRANSPARENCY = 16,
};

/* Its key is one repeated byte, as fuzz/make-corpus has it. */
static const struct slw_transparency transparency = {
    .log = {{(const uint8_t *)"log.example/lamp", 16},
            {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
             0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
             0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10}},
};

static struct slw_root_key root_keys[3 * SLW_ROOT_KEYS_MAX];
static struct slw_signature signatures[SLW_SIGNATURES_MAX];
static struct slw_name names[NAMES_MAX];
static struct slw_verifier verifier;

static void set_expectations(struct slw_expectations *expectations, uint8_t options)
{
    bool device = (options & WITH_DEVICE) != 0;
    *expectations = (struct slw_expectations){
        .limits = slw_default_limits,
        .now = {(options & WITH_CLOCK) != 0, 1750000000},
        .check_hardware = device,
        .hardware = SLW_BYTES_OF("board-a"),
        .check_product = device,
        .product = SLW_BYTES_OF("thermostat"),
        .check_key_class = device,
        .key_class = SLW_KEY_CLASS_PROD,
        .stored = (options & WITH_STORED_VERSION) != 0 ? SLW_STORED_RELEASE : SLW_STORED_NOTHING,
        .stored_version = 2,
        .stored_floor = 1,
        .decodable = (options & WITHOUT_DECODERS) != 0 ? 1 : UINT32_MAX,
        .transparency = (options & WITH_TRANSPARENCY) != 0 ? &transparency : NULL,
    };
}

static void check_targets(const struct slw_trusted_bundle *bundle)
{
    uint8_t block[256];
    struct slw_target_walk walk;
    struct slw_trusted_target target;
    size_t count = 0;
    slw_target_walk_start(&walk, bundle->source, &bundle->targets, block, sizeof block);
    while (slw_trusted_bundle_next_target(bundle, &walk, &target) == SLW_OK) {
        count++;
        FUZZ_CHECK(target.target.name_len > 0 && target.target.name_len <= SLW_NAME_SIZE_MAX);
        FUZZ_CHECK(slw_name_is_good(slw_bytes_make(target.target.name, target.target.name_len)));
        FUZZ_CHECK(target.present); /* nothing is installed */
        FUZZ_CHECK(
            target.payload.length ==
            (target.kind == SLW_ENCODING_PLAIN ? target.target.length : target.target.form_length));
        FUZZ_CHECK(target.payload.offset <= bundle->source->size);
        FUZZ_CHECK(target.payload.length <= bundle->source->size - target.payload.offset);
    }
    FUZZ_CHECK(count == bundle->targets.targets_count);
}

static enum slw_status verify(struct slw_bytes root, struct slw_bytes bundle, uint8_t options,
                              size_t block_size)
{
    uint8_t block[4096];
    struct slw_verifier_memory memory = {
        block,      block_size,         root_keys, 3 * SLW_ROOT_KEYS_MAX,
        signatures, SLW_SIGNATURES_MAX, names,     NAMES_MAX,
    };
    struct slw_expectations expectations;
    struct slw_memory_source root_source;
    struct slw_memory_source bundle_source;
    set_expectations(&expectations, options);
    slw_memory_source_init(&root_source, root);
    slw_memory_source_init(&bundle_source, bundle);
    slw_verifier_start(&verifier, &memory, &expectations, &root_source.source,
                       &bundle_source.source);
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && !verifier.done) {
        status = slw_verifier_step(&verifier);
        FUZZ_CHECK(slw_verifier_progress(&verifier) <= 10000);
    }
    if (status == SLW_OK) {
        check_targets(slw_verifier_result(&verifier));
    } else {
        FUZZ_CHECK(slw_verifier_step(&verifier) == status);
        FUZZ_CHECK(slw_verifier_result(&verifier) == NULL);
        FUZZ_CHECK(slw_status_class(status) >= SLW_CLASS_MALFORMED &&
                   slw_status_class(status) <= SLW_CLASS_CAPACITY);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    uint8_t options = fuzz_choice(&input);
    size_t root_len = fuzz_choice(&input);
    root_len |= (size_t)fuzz_choice(&input) << 8;
    struct slw_bytes root = fuzz_take(&input, root_len);
    enum slw_status status = verify(root, input, options, 4096);
    FUZZ_CHECK(verify(root, input, options, 128) == status);
    return 0;
}
