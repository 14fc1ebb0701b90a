/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of roots: from the one that the product was provisioned with, over those that it
 * accepted since, each verified by the one before. Flash is believed no more than a bundle is.
 */
#include "boot_private.h"

#include "slipway/checked.h"

void slw_root_chain_start(struct slw_root_chain *chain, const struct slw_store *store,
                          const struct slw_layout *layout, const struct slw_limits *limits,
                          const struct slw_verifier_memory *memory,
                          const uint8_t end_root[static SLW_SHA256_SIZE])
{
    size_t keys_max = slw_min_size(memory->root_keys_count / 3, limits->root_keys);
    *chain = (struct slw_root_chain){
        .store = store,
        .layout = layout,
        .limits = limits,
        .memory = memory,
    };
    memcpy(chain->end_root, end_root, sizeof chain->end_root);
    slw_root_init(&chain->current.content, memory->root_keys, keys_max);
    slw_root_init(&chain->next.content, memory->root_keys + keys_max, keys_max);
}

static void arrive(struct slw_root_chain *chain, const uint8_t *blob_sha256)
{
    const struct slw_release *confirmed = &chain->store->state.confirmed;
    memcpy(chain->current_blob, blob_sha256, sizeof chain->current_blob);
    if (confirmed->present && memcmp(confirmed->root, blob_sha256, SLW_SHA256_SIZE) == 0) {
        chain->above_confirmed = true;
        chain->kept_keys = slw_root_targets_keys(&chain->current.content);
    }
    chain->done = memcmp(blob_sha256, chain->end_root, sizeof chain->end_root) == 0;
}

static enum slw_status start_at_factory(struct slw_root_chain *chain, struct slw_finding *finding)
{
    struct slw_memory_source factory;
    struct slw_reader reader;
    struct slw_sha256 hash;
    uint8_t sha256[SLW_SHA256_SIZE];
    slw_memory_source_init(&factory, chain->layout->factory_root);
    slw_reader_init(&reader, &factory.source, chain->memory->block, chain->memory->block_size);
    SLW_TRY(slw_root_load_trusted(&reader, chain->limits->root_size, &chain->current, finding));
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, chain->layout->factory_root);
    slw_sha256_final(&hash, sha256);
    arrive(chain, sha256);
    return SLW_OK;
}

static enum slw_status read_next(struct slw_root_chain *chain, const struct slw_source *source,
                                 struct slw_signatures *signatures)
{
    const struct slw_limits *limits = chain->limits;
    struct slw_reader reader;
    struct slw_span serialized;
    slw_reader_init(&reader, source, chain->memory->block, chain->memory->block_size);
    SLW_TRY(slw_signed_scan(&reader, limits->signatures, limits->root_size, &serialized));
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    SLW_TRY(slw_root_parse(&reader, &chain->next));
    slw_reader_seek(&reader, 0, source->size);
    return slw_signatures_read(&reader, signatures);
}

static enum slw_status verify_next(struct slw_root_chain *chain, const struct slw_source *source,
                                   struct slw_finding *finding)
{
    const struct slw_verifier_memory *memory = chain->memory;
    struct slw_signatures signatures = {
        .entries = memory->signatures,
        .max = slw_min_size(memory->signatures_count, chain->limits->signatures),
    };
    struct slw_root_succession succession;
    struct slw_trusted_root climbed;
    SLW_TRY(read_next(chain, source, &signatures));
    SLW_TRY(slw_root_succession_start(&succession, &chain->current, &chain->next, &signatures,
                                      source, finding));
    while (!succession.done) {
        SLW_TRY(slw_root_succession_step(&succession, memory->block, memory->block_size, finding));
    }
    SLW_TRY(slw_root_succession_finish(&succession, &climbed));
    chain->kept_keys =
        slw_root_keep_targets_keys(&chain->current.content, chain->kept_keys, &climbed.content);
    slw_root_init(&chain->next.content, chain->current.content.keys,
                  chain->current.content.keys_max);
    chain->current = climbed;
    return SLW_OK;
}

enum slw_status slw_root_chain_step(struct slw_root_chain *chain, struct slw_finding *finding)
{
    struct slw_blob blob;
    if (chain->done) {
        return SLW_OK;
    }
    if (!chain->begun) {
        chain->begun = true;
        return start_at_factory(chain, finding);
    }
    enum slw_status status =
        slw_store_next_root(chain->store, chain->current.content.version, &blob);
    if (status == SLW_NOT_FOUND) {
        return SLW_STORED_STATE;
    }
    SLW_TRY(status);
    SLW_TRY(verify_next(chain, &blob.place.source, finding));
    if (chain->current.content.version != blob.version) {
        return SLW_STORED_STATE;
    }
    arrive(chain, blob.sha256);
    return SLW_OK;
}

enum slw_status slw_chain_climb(const struct slw_boot_context *boot,
                                const uint8_t end_root[static SLW_SHA256_SIZE],
                                const struct slw_chain_visitor *visitor)
{
    struct slw_root_chain chain;
    slw_root_chain_start(&chain, boot->store, boot->layout, boot->limits, boot->memory, end_root);
    while (!chain.done) {
        SLW_TRY(slw_root_chain_step(&chain, boot->finding));
        const struct slw_chain_root root = {
            .root = &chain.current,
            .blob_sha256 = chain.current_blob,
            .resets_targets = chain.above_confirmed &&
                              slw_root_resets_targets(&chain.current.content, chain.kept_keys),
            .is_last = chain.done,
        };
        if (visitor != NULL) {
            SLW_TRY(visitor->visit(visitor->context, &root));
        }
    }
    return SLW_OK;
}

enum slw_status slw_boot_newer_keys(struct slw_store *store, const struct slw_layout *layout,
                                    const struct slw_limits *limits,
                                    const struct slw_verifier_memory *memory,
                                    struct slw_finding *finding, uint64_t *ret_keys)
{
    const struct slw_state *state = &store->state;
    struct slw_root_chain chain;
    bool same_root = memcmp(state->confirmed.root, state->root, SLW_SHA256_SIZE) == 0;
    *ret_keys = 0;
    if (!state->confirmed.present || same_root) {
        return SLW_OK;
    }
    slw_root_chain_start(&chain, store, layout, limits, memory, state->root);
    while (!chain.done) {
        SLW_TRY(slw_root_chain_step(&chain, finding));
    }
    if (chain.above_confirmed) {
        *ret_keys = slw_root_targets_keys(&chain.current.content) & ~chain.kept_keys;
    }
    return SLW_OK;
}
