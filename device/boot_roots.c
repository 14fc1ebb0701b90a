/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of roots: from the one that the product was provisioned with, over those that it
 * accepted since, each verified by the one before. Flash is believed no more than a bundle is.
 */
#include "boot_private.h"

#include "slipway/checked.h"

struct climb {
    const struct slw_boot_context *boot;
    const struct slw_chain_visitor *visitor;
    const uint8_t *end_root;
    bool resets_targets; /* the last step did */
    struct slw_trusted_root current;
    struct slw_untrusted_root next;
    bool done;
};

static void init_keys(struct climb *climb)
{
    const struct slw_verifier_memory *memory = climb->boot->memory;
    size_t keys_max = slw_min_size(memory->root_keys_count / 3, climb->boot->limits->root_keys);
    slw_root_init(&climb->current.content, memory->root_keys, keys_max);
    slw_root_init(&climb->next.content, memory->root_keys + keys_max, keys_max);
}

static enum slw_status visit(struct climb *climb, const uint8_t *blob_sha256)
{
    const struct slw_chain_visitor *visitor = climb->visitor;
    climb->done = memcmp(blob_sha256, climb->end_root, SLW_SHA256_SIZE) == 0;
    if (visitor == NULL) {
        return SLW_OK;
    }
    const struct slw_chain_root root = {
        .root = &climb->current,
        .blob_sha256 = blob_sha256,
        .resets_targets = climb->resets_targets,
        .is_last = climb->done,
    };
    return visitor->visit(visitor->context, &root);
}

static enum slw_status start_at_factory(struct climb *climb)
{
    const struct slw_boot_context *boot = climb->boot;
    struct slw_memory_source factory;
    struct slw_reader reader;
    struct slw_sha256 hash;
    uint8_t sha256[SLW_SHA256_SIZE];
    slw_memory_source_init(&factory, boot->layout->factory_root);
    slw_reader_init(&reader, &factory.source, boot->memory->block, boot->memory->block_size);
    SLW_TRY(
        slw_root_load_trusted(&reader, boot->limits->root_size, &climb->current, boot->finding));
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, boot->layout->factory_root);
    slw_sha256_final(&hash, sha256);
    return visit(climb, sha256);
}

static enum slw_status read_next(struct climb *climb, const struct slw_source *source,
                                 struct slw_signatures *signatures)
{
    const struct slw_boot_context *boot = climb->boot;
    struct slw_reader reader;
    struct slw_span serialized;
    slw_reader_init(&reader, source, boot->memory->block, boot->memory->block_size);
    SLW_TRY(
        slw_signed_scan(&reader, boot->limits->signatures, boot->limits->root_size, &serialized));
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    SLW_TRY(slw_root_parse(&reader, &climb->next));
    slw_reader_seek(&reader, 0, source->size);
    return slw_signatures_read(&reader, signatures);
}

static enum slw_status verify_next(struct climb *climb, const struct slw_source *source)
{
    const struct slw_boot_context *boot = climb->boot;
    struct slw_signatures signatures = {
        .entries = boot->memory->signatures,
        .max = slw_min_size(boot->memory->signatures_count, boot->limits->signatures),
    };
    struct slw_root_succession succession;
    struct slw_trusted_root climbed;
    SLW_TRY(read_next(climb, source, &signatures));
    SLW_TRY(slw_root_succession_start(&succession, &climb->current, &climb->next, &signatures,
                                      source, boot->finding));
    while (!succession.done) {
        SLW_TRY(slw_root_succession_step(&succession, boot->memory->block, boot->memory->block_size,
                                         boot->finding));
    }
    SLW_TRY(slw_root_succession_finish(&succession, &climbed));
    climb->resets_targets = slw_root_resets_targets(&climb->current.content, &climbed.content);
    slw_root_init(&climb->next.content, climb->current.content.keys,
                  climb->current.content.keys_max);
    climb->current = climbed;
    return SLW_OK;
}

static enum slw_status step_up(struct climb *climb)
{
    struct slw_blob blob;
    enum slw_status status =
        slw_store_next_root(climb->boot->store, climb->current.content.version, &blob);
    if (status == SLW_NOT_FOUND) {
        return SLW_STORED_STATE;
    }
    SLW_TRY(status);
    SLW_TRY(verify_next(climb, &blob.place.source));
    if (climb->current.content.version != blob.version) {
        return SLW_STORED_STATE;
    }
    return visit(climb, blob.sha256);
}

enum slw_status slw_chain_climb(const struct slw_boot_context *boot,
                                const uint8_t end_root[static SLW_SHA256_SIZE],
                                const struct slw_chain_visitor *visitor)
{
    struct climb climb = {.boot = boot, .visitor = visitor, .end_root = end_root};
    init_keys(&climb);
    SLW_TRY(start_at_factory(&climb));
    while (!climb.done) {
        SLW_TRY(step_up(&climb));
    }
    return SLW_OK;
}

static enum slw_status check_chain(const struct slw_boot_context *boot, const uint8_t *end_root,
                                   struct slw_blob *ret_blob)
{
    enum slw_status status = slw_store_find_blob(boot->store, end_root, ret_blob);
    if (status == SLW_NOT_FOUND) {
        return SLW_STORED_STATE;
    }
    SLW_TRY(status);
    return slw_chain_climb(boot, end_root, NULL);
}

enum slw_status slw_boot_check_roots(struct slw_store *store, const struct slw_layout *layout,
                                     const struct slw_limits *limits,
                                     const struct slw_verifier_memory *memory,
                                     struct slw_finding *finding, struct slw_blob *ret_blob)
{
    const struct slw_boot_context boot = {store, layout, limits, memory, finding};
    return check_chain(&boot, store->state.root, ret_blob);
}

struct reset_search {
    const struct slw_release *confirmed;
    bool above_confirmed;
    bool reset;
};

static enum slw_status look_for_reset(void *context, const struct slw_chain_root *root)
{
    struct reset_search *search = context;
    search->reset = search->reset || (search->above_confirmed && root->resets_targets);
    if (memcmp(search->confirmed->root, root->blob_sha256, SLW_SHA256_SIZE) == 0) {
        search->above_confirmed = true;
    }
    return SLW_OK;
}

enum slw_status slw_boot_version_is_reset(struct slw_store *store, const struct slw_layout *layout,
                                          const struct slw_limits *limits,
                                          const struct slw_verifier_memory *memory,
                                          struct slw_finding *finding, bool *ret_reset)
{
    const struct slw_boot_context boot = {store, layout, limits, memory, finding};
    struct reset_search search = {.confirmed = &store->state.confirmed};
    const struct slw_chain_visitor visitor = {&search, look_for_reset};
    bool same_root = memcmp(search.confirmed->root, store->state.root, SLW_SHA256_SIZE) == 0;
    if (search.confirmed->present && !same_root) {
        SLW_TRY(slw_chain_climb(&boot, store->state.root, &visitor));
    }
    *ret_reset = search.reset;
    return SLW_OK;
}

enum slw_status slw_boot_check_chain(struct slw_store *store, const struct slw_layout *layout,
                                     const struct slw_limits *limits,
                                     const struct slw_verifier_memory *memory,
                                     const uint8_t end_root[static SLW_SHA256_SIZE],
                                     struct slw_finding *finding)
{
    const struct slw_boot_context boot = {store, layout, limits, memory, finding};
    struct slw_blob blob;
    return check_chain(&boot, end_root, &blob);
}
