/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's phases in their order (verifier.h). Each phase is a function that does a bounded
 * piece of work and says by verifier->phase what comes next; this file calls them.
 */
#include "verifier_phases.h"

#include "slipway/checked.h"

void slw_verifier_start(struct slw_verifier *verifier, const struct slw_verifier_memory *memory,
                        const struct slw_expectations *expectations,
                        const struct slw_source *trusted_root, const struct slw_source *bundle)
{
    size_t keys_max = slw_min_size(memory->root_keys_count / 3, expectations->limits.root_keys);
    *verifier = (struct slw_verifier){
        .phase = SLW_VERIFY_TRUSTED_ROOT,
        .expectations = expectations,
        .bundle = bundle,
        .trusted_root = trusted_root,
        .memory = *memory,
    };
    verifier->result.source = bundle;
    verifier->result.names =
        (struct slw_names){.entries = memory->names, .max = memory->names_count};
    verifier->signatures = (struct slw_signatures){
        .entries = memory->signatures,
        .max = slw_min_size(memory->signatures_count, expectations->limits.signatures),
    };
    slw_root_init(&verifier->provisioned.content, memory->root_keys, keys_max);
    slw_root_init(&verifier->next_root.content, memory->root_keys + keys_max, keys_max);
    verifier->spare_keys = memory->root_keys + 2 * keys_max;
    slw_reader_init(&verifier->lookup, bundle, verifier->lookup_block,
                    sizeof verifier->lookup_block);
}

/* The root comes from the device itself; then what the device remembers must be readable. */
static enum slw_status verify_trusted_root(struct slw_verifier *verifier)
{
    slw_reader_init(&verifier->reader, verifier->trusted_root, verifier->memory.block,
                    verifier->memory.block_size);
    SLW_TRY(slw_root_load_trusted(&verifier->reader, verifier->expectations->limits.root_size,
                                  &verifier->provisioned, &verifier->finding));
    verifier->current = verifier->provisioned;
    verifier->kept_keys =
        slw_root_targets_keys(&verifier->current.content) & ~verifier->expectations->newer_keys;
    verifier->result.resets_version =
        slw_root_resets_targets(&verifier->current.content, verifier->kept_keys);
    verifier->result.root = &verifier->current;
    if (verifier->expectations->stored == SLW_STORED_UNREADABLE) {
        return SLW_STORED_STATE;
    }
    slw_reader_init(&verifier->reader, verifier->bundle, verifier->memory.block,
                    verifier->memory.block_size);
    slw_verifier_walk_wrapper(verifier);
    verifier->phase = SLW_VERIFY_WRAPPER;
    return SLW_OK;
}

/* The leaf is made from the metadata as they were parsed, so what was signed is what is proven. */
static enum slw_status start_proof(struct slw_verifier *verifier)
{
    const struct slw_targets *targets = &verifier->result.targets;
    struct slw_span span = verifier->proof_span;
    if (span.length == 0) {
        return slw_find(&verifier->finding, SLW_NO_PROOF, SLW_ROLE_TARGETS);
    }
    if (!targets->has_release_leaf) {
        return slw_find(&verifier->finding, SLW_BAD_PROOF, SLW_ROLE_TARGETS);
    }
    slw_proof_start(&verifier->proof, verifier->expectations->transparency, targets->release_leaf);
    slw_reader_seek(&verifier->reader, span.offset, slw_span_end(span));
    verifier->phase = SLW_VERIFY_PROOF;
    return SLW_OK;
}

static enum slw_status verify_targets_content(struct slw_verifier *verifier)
{
    const struct slw_expectations *expectations = verifier->expectations;
    uint32_t effective = verifier->result.resets_version ? 0 : expectations->stored_version;
    SLW_TRY(slw_targets_check(&verifier->result.targets, &verifier->result.names, expectations,
                              effective, verifier->current.content.key_class, &verifier->lookup,
                              &verifier->finding));
    if (expectations->transparency == NULL) {
        slw_verifier_start_payloads(verifier);
        return SLW_OK;
    }
    return start_proof(verifier);
}

/* Its scratch is the memory of lookups, which then begin anew. */
static enum slw_status verify_proof(struct slw_verifier *verifier)
{
    SLW_TRY(slw_proof_step(&verifier->proof, &verifier->reader, verifier->lookup_block,
                           &verifier->finding));
    if (verifier->proof.done) {
        slw_reader_init(&verifier->lookup, verifier->bundle, verifier->lookup_block,
                        sizeof verifier->lookup_block);
        slw_verifier_start_payloads(verifier);
    }
    return SLW_OK;
}

static enum slw_status do_phase(struct slw_verifier *verifier)
{
    switch (verifier->phase) {
    case SLW_VERIFY_TRUSTED_ROOT:
        return verify_trusted_root(verifier);
    case SLW_VERIFY_WRAPPER:
        return slw_verify_wrapper(verifier);
    case SLW_VERIFY_SHAPES:
        return slw_verify_shapes(verifier);
    case SLW_VERIFY_CLIMB:
        return slw_verify_climb(verifier);
    case SLW_VERIFY_CLIMB_SIGNATURES:
        return slw_verify_climb_signatures(verifier);
    case SLW_VERIFY_ROOT_IN_FORCE:
        return slw_verify_root_in_force(verifier);
    case SLW_VERIFY_TARGETS_SIGNATURES:
        return slw_verify_targets_signatures(verifier);
    case SLW_VERIFY_TARGETS_DROPPED:
        return slw_verify_targets_dropped(verifier);
    case SLW_VERIFY_TARGETS_CONTENT:
        return verify_targets_content(verifier);
    case SLW_VERIFY_PROOF:
        return verify_proof(verifier);
    case SLW_VERIFY_PAYLOADS:
        return slw_verify_payloads(verifier);
    case SLW_VERIFY_PAYLOAD_BYTES:
        return slw_verify_payload_bytes(verifier);
    case SLW_VERIFY_ABSENT:
        return slw_verify_absent(verifier);
    case SLW_VERIFY_MEASURE:
        return slw_verify_measure(verifier);
    case SLW_VERIFY_DONE:
        verifier->done = true;
        return SLW_OK;
    }
    return SLW_WRONG_STATE;
}

enum slw_status slw_verifier_step(struct slw_verifier *verifier)
{
    if (verifier->finding.status != SLW_OK) {
        return verifier->finding.status;
    }
    if (verifier->done) {
        return SLW_OK;
    }
    enum slw_status status = do_phase(verifier);
    if (status != SLW_OK && verifier->finding.status != status) {
        verifier->finding = (struct slw_finding){.status = status};
    }
    return status;
}

uint32_t slw_verifier_progress(const struct slw_verifier *verifier)
{
    const uint32_t whole = 10000;
    uint64_t size = verifier->bundle->size;
    if (verifier->phase >= SLW_VERIFY_ABSENT) {
        return whole;
    }
    if (verifier->phase < SLW_VERIFY_PAYLOADS || size == 0) {
        return 0;
    }
    uint64_t position = verifier->reader.position;
    uint64_t share =
        size > UINT64_MAX / whole ? position / (size / whole) : position * whole / size;
    return (uint32_t)slw_min_u64(share, whole);
}

const struct slw_trusted_bundle *slw_verifier_result(const struct slw_verifier *verifier)
{
    return verifier->done ? &verifier->result : NULL;
}

const struct slw_root *slw_verifier_root(const struct slw_verifier *verifier)
{
    return verifier->result.root != NULL ? &verifier->result.root->content : NULL;
}
