/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots: the bytes as a provisioned SignedRootMetadata, and as the RootMetadata in one. What is
 * taken as trusted must keep what a root promises; blocks of 16 bytes must make no difference.
 */
#include "fuzz.h"

#include "slipway/root.h"

static void check_promises(const struct slw_root *root)
{
    FUZZ_CHECK(root->keys_count <= root->keys_max);
    for (size_t role = 0; role < SLW_ROLES_COUNT; role++) {
        bool needed = role == SLW_ROLE_ROOT || role == SLW_ROLE_TARGETS;
        FUZZ_CHECK(!needed || root->thresholds[role] > 0);
        FUZZ_CHECK(!needed ||
                   root->thresholds[role] <= slw_root_usable_keys(root, (enum slw_role)role));
    }
}

static enum slw_status load(struct slw_reader *reader, struct slw_trusted_root *trusted,
                            struct slw_root_key *keys)
{
    struct slw_finding finding;
    slw_root_init(&trusted->content, keys, SLW_ROOT_KEYS_MAX);
    return slw_root_load_trusted(reader, SLW_ROOT_SIZE_MAX, trusted, &finding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slw_root_key keys[2][SLW_ROOT_KEYS_MAX];
    struct slw_bytes bytes = slw_bytes_make(data, size);
    struct slw_trusted_root trusted;
    struct slw_trusted_root again;
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, bytes);
    enum slw_status status = load(&reader, &trusted, keys[0]);
    FUZZ_CHECK(slw_status_class(status) != SLW_CLASS_IO &&
               slw_status_class(status) != SLW_CLASS_MISUSE);

    struct slw_memory_source memory;
    uint8_t block[16];
    slw_memory_source_init(&memory, bytes);
    slw_reader_init(&reader, &memory.source, block, sizeof block);
    FUZZ_CHECK(load(&reader, &again, keys[1]) == status);
    if (status == SLW_OK) {
        check_promises(&trusted.content);
        FUZZ_CHECK(slw_root_is_same(&trusted.content, &again.content));
    }

    struct slw_untrusted_root untrusted;
    struct slw_finding finding;
    slw_root_init(&untrusted.content, keys[0], SLW_ROOT_KEYS_MAX);
    slw_reader_init_bytes(&reader, bytes);
    if (slw_root_parse(&reader, &untrusted) == SLW_OK &&
        slw_root_check(&untrusted.content, &finding) == SLW_OK) {
        check_promises(&untrusted.content);
    }
    return 0;
}
