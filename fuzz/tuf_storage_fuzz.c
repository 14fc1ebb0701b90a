/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writer of TUF repositories finds in its storage beside metadata: the first byte says
 * which file, the rest is it. Whatever it is, the writer opens, publishes and refreshes or says why
 * not, and what is published is a timestamp that its key signed.
 */
#include "fuzz.h"

#include "slipway/tuf_writer.h"

#include <stdlib.h>
#include <time.h>

#define KEYS 2u
#define OBJECTS_MAX 16u
#define NOW 1800000000 /* 2027-01-15 */

static const char *const files[] = {
    "staged/changes/targets.json", "staged/bins/targets.json", "staged/targets.json",
    "staged/changes/root.json",    "state/settings.json",      "state/unreferenced.json",
};

/* A repository with bins, made once; each input starts from it. */
static struct {
    char *keys[OBJECTS_MAX];
    struct slw_heap_buffer bytes[OBJECTS_MAX];
    size_t count;
} repository;

static struct slw_private_key *private_keys[KEYS];
static struct slw_tuf_key_provider provider;
static struct slw_tuf_role_keys signers;

static int64_t now(void *context)
{
    (void)context;
    return NOW;
}

static struct slw_tuf_writer_options options_for(struct slw_memory_storage *memory)
{
    return (struct slw_tuf_writer_options){
        .storage = slw_memory_storage_port(memory),
        .lease = slw_memory_storage_lease(memory),
        .holder = "fuzz",
        .provider = &provider,
        .now_utc_s = now,
    };
}

static enum slw_status keep(void *context, const char *key)
{
    const struct slw_storage *storage = context;
    struct slw_detail detail;
    FUZZ_CHECK(repository.count < OBJECTS_MAX);
    repository.keys[repository.count] = strdup(key);
    return storage->get(storage->context, key, 1u << 20, &repository.bytes[repository.count++],
                        &detail);
}

static void make_keys(void)
{
    static const char *const names[] = {"root", "targets", "snapshot", "timestamp", "bins*", "x"};
    static const struct slw_private_key *of_each[6];
    static struct slw_public_key public_keys[KEYS];
    struct slw_detail detail;
    for (unsigned i = 0; i < KEYS; i++) {
        FUZZ_CHECK(slw_private_key_generate(SLW_KEY_TYPE_P256, &private_keys[i], &detail) ==
                   SLW_OK);
        public_keys[i] = *slw_private_key_public(private_keys[i]);
    }
    for (unsigned i = 0; i < 6; i++) {
        of_each[i] = private_keys[0];
    }
    signers = (struct slw_tuf_role_keys){public_keys, 1, 1};
    const struct slw_tuf_file_keys keys = {names, of_each, 6};
    FUZZ_CHECK(slw_tuf_file_provider_new(&keys, &provider, &detail) == SLW_OK);
}

static void make_repository(void)
{
    struct slw_memory_storage *memory = NULL;
    struct slw_tuf_writer *writer = NULL;
    struct slw_tuf_published published;
    struct slw_detail detail;
    make_keys();
    const struct slw_tuf_init init = {.roles = {signers, signers, signers, signers}};
    const struct slw_tuf_delegate bins = {
        .name = SLW_BYTES_OF("bins"), .signers = signers, .bit_length = 1};
    FUZZ_CHECK(slw_memory_storage_new(&memory, &detail) == SLW_OK);
    const struct slw_tuf_writer_options options = options_for(memory);
    FUZZ_CHECK(slw_tuf_writer_init(&options, &init, &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_writer_open(&options, &writer, &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_writer_delegate(writer, SLW_BYTES_OF("targets"), &bins, &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_writer_publish(writer, &published, &detail) == SLW_OK);
    FUZZ_CHECK(published.pending == 0);
    FUZZ_CHECK(options.storage->list(options.storage->context, "", keep,
                                     (void *)(uintptr_t)options.storage, &detail) == SLW_OK);
    slw_tuf_writer_close(writer);
    slw_memory_storage_free(memory);
}

static void put(const struct slw_tuf_writer_options *options, const char *key,
                struct slw_bytes bytes, uint64_t token)
{
    struct slw_detail detail;
    FUZZ_CHECK(options->storage->replace_pointer(options->storage->context, token, key, bytes,
                                                 &detail) == SLW_OK);
}

static void check_timestamp(const struct slw_tuf_writer_options *options)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_detail detail;
    struct slw_tuf_timestamp timestamp;
    FUZZ_CHECK(options->storage->get(options->storage->context, "metadata/timestamp.json", 1u << 20,
                                     &bytes, &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_file_parse("timestamp", &bytes, 1u << 20, SLW_TUF_TIMESTAMP, &file,
                                  &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_timestamp_read(&file, &timestamp, &detail) == SLW_OK);
    FUZZ_CHECK(timestamp.common.version >= 1 && timestamp.snapshot.version >= 1);
    slw_tuf_file_free(&file);
}

static void work(const struct slw_tuf_writer_options *options)
{
    struct slw_tuf_writer *writer = NULL;
    struct slw_tuf_published published;
    struct slw_detail detail = {0};
    enum slw_status status = slw_tuf_writer_open(options, &writer, &detail);
    if (status == SLW_OK) {
        status = slw_tuf_writer_publish(writer, &published, &detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_writer_refresh(writer, &published, &detail);
    }
    FUZZ_CHECK(status == SLW_OK || detail.text[0] != '\0');
    slw_tuf_writer_close(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    struct slw_bytes which = fuzz_take(&input, 1);
    struct slw_memory_storage *memory = NULL;
    struct slw_detail detail;
    uint64_t token = 0;
    if (repository.count == 0) {
        make_repository();
    }
    FUZZ_CHECK(slw_memory_storage_new(&memory, &detail) == SLW_OK);
    const struct slw_tuf_writer_options options = options_for(memory);
    FUZZ_CHECK(options.lease->acquire(options.lease->context, "fuzz", 0, &token, &detail) ==
               SLW_OK);
    for (size_t i = 0; i < repository.count; i++) {
        put(&options, repository.keys[i], slw_heap_bytes(&repository.bytes[i]), token);
    }
    if (which.len > 0) {
        put(&options, files[which.ptr[0] % (sizeof files / sizeof files[0])], input, token);
    }
    work(&options);
    check_timestamp(&options);
    slw_memory_storage_free(memory);
    return 0;
}
