/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata files of a TUF repository. The first byte says of which type, the rest is the file:
 * its envelope, its content (which a client reads only once signatures are verified, but that of a
 * new root before), and its signatures by the keys that it lists itself.
 */
#include "fuzz.h"

#include "slipway/tuf_metadata.h"

#define TARGETS_MAX 64u
#define DELEGATIONS_MAX 64u

/* A failure is explained; one of memory can't be brought about here. */
static bool is_good(enum slw_status status, const struct slw_detail *detail)
{
    FUZZ_CHECK(status == SLW_OK || detail->text[0] != '\0');
    FUZZ_CHECK(status != SLW_NO_SPACE && status != SLW_IO_CRYPTO);
    return status == SLW_OK;
}

static void check_root(const struct slw_tuf_file *file)
{
    struct slw_tuf_root root = {0};
    struct slw_tuf_root any = {0};
    struct slw_detail detail = {0};
    bool good = is_good(slw_tuf_root_read(file, SLW_TUF_KEY_IDS_ANY, &any, &detail), &detail);
    if (is_good(slw_tuf_root_read(file, SLW_TUF_KEY_IDS_CHECKED, &root, &detail), &detail)) {
        FUZZ_CHECK(good && root.keys.count == any.keys.count);
    }
    for (unsigned i = 0; good && i < SLW_TUF_TYPES; i++) {
        FUZZ_CHECK(any.roles[i].threshold > 0);
        (void)is_good(slw_tuf_file_verify(file, &any.keys, &any.roles[i], &detail), &detail);
    }
    slw_tuf_root_free(&root);
    slw_tuf_root_free(&any);
}

static void check_timestamp(const struct slw_tuf_file *file)
{
    struct slw_tuf_timestamp timestamp;
    struct slw_tuf_hasher hasher;
    struct slw_detail detail = {0};
    if (is_good(slw_tuf_timestamp_read(file, &timestamp, &detail), &detail)) {
        FUZZ_CHECK(timestamp.common.version > 0 && timestamp.snapshot.version > 0);
        if (timestamp.snapshot.hashes != SLW_JSON_NONE) {
            enum slw_status status =
                slw_tuf_hasher_init(&file->json, timestamp.snapshot.hashes, &hasher);
            FUZZ_CHECK(status == SLW_OK || status == SLW_MISSING_HASH);
            if (status == SLW_OK) {
                slw_tuf_hasher_free(&hasher);
            }
        }
    }
}

static void check_snapshot(const struct slw_tuf_file *file)
{
    struct slw_tuf_snapshot snapshot;
    struct slw_tuf_meta meta;
    struct slw_detail detail = {0};
    if (!is_good(slw_tuf_snapshot_read(file, &snapshot, &detail), &detail)) {
        return;
    }
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, snapshot.meta);
    struct slw_bytes name;
    uint32_t entry;
    for (unsigned i = 0; i < TARGETS_MAX && slw_json_walk_member(&walk, &name, &entry); i++) {
        struct slw_bytes role = slw_bytes_make(name.ptr, name.len - (sizeof ".json" - 1));
        FUZZ_CHECK(slw_tuf_snapshot_find(file, &snapshot, role, &meta) == SLW_OK);
        FUZZ_CHECK(meta.version > 0);
    }
}

static void check_delegations(const struct slw_tuf_targets *targets, struct slw_bytes path)
{
    for (size_t i = 0; i < targets->delegations_count && i < DELEGATIONS_MAX; i++) {
        struct slw_heap_buffer role = {0};
        bool matches = slw_tuf_delegation_matches(targets, &targets->delegations[i], path, &role);
        FUZZ_CHECK(matches == (role.len > 0) && role.len <= SLW_TUF_ROLE_NAME_MAX);
        slw_heap_free(&role);
    }
}

static void check_targets(const struct slw_tuf_file *file)
{
    struct slw_tuf_targets targets = {0};
    struct slw_tuf_target target;
    struct slw_tuf_hasher hasher;
    struct slw_detail detail = {0};
    struct slw_bytes path;
    uint32_t value;
    if (!is_good(slw_tuf_targets_read(file, SLW_TUF_KEY_IDS_ANY, &targets, &detail), &detail)) {
        return;
    }
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, targets.targets);
    for (unsigned i = 0; i < TARGETS_MAX && slw_json_walk_member(&walk, &path, &value); i++) {
        check_delegations(&targets, path);
        enum slw_status status = slw_tuf_targets_find(&targets, path, &target);
        FUZZ_CHECK(slw_tuf_targets_at(&targets, path, value, &target) == status);
        FUZZ_CHECK(status == SLW_OK || status == SLW_MISSING_HASH);
        if (status == SLW_OK) {
            FUZZ_CHECK(slw_bytes_equal(target.path, path));
            FUZZ_CHECK(slw_tuf_hasher_init(target.json, target.hashes, &hasher) == SLW_OK);
            slw_tuf_hasher_free(&hasher);
        }
    }
    check_delegations(&targets, SLW_BYTES_OF("dir/file"));
    for (size_t i = 0; i < targets.delegations_count && i < DELEGATIONS_MAX; i++) {
        (void)is_good(
            slw_tuf_file_verify(file, &targets.keys, &targets.delegations[i].role, &detail),
            &detail);
    }
    slw_tuf_targets_free(&targets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[SLW_TUF_TYPES])(const struct slw_tuf_file *) = {
        [SLW_TUF_ROOT] = check_root,
        [SLW_TUF_TIMESTAMP] = check_timestamp,
        [SLW_TUF_SNAPSHOT] = check_snapshot,
        [SLW_TUF_TARGETS] = check_targets,
    };
    struct slw_bytes input = slw_bytes_make(data, size);
    enum slw_tuf_type type = (enum slw_tuf_type)(fuzz_choice(&input) % SLW_TUF_TYPES);
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_detail detail = {0};
    slw_heap_append(&bytes, input);
    if (is_good(slw_tuf_file_parse("file", &bytes, SIZE_MAX, type, &file, &detail), &detail)) {
        checks[type](&file);
        slw_tuf_file_free(&file);
    }
    FUZZ_CHECK(bytes.ptr == NULL);
    return 0;
}
