/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's trust: climbing from the device's root to the bundle's, and the signatures on the
 * targets metadata by the keys of the root finally in force.
 */
#include "verifier_phases.h"

/* The memory of the root before is free again, unless it is the provisioned one's. */
static void move_up(struct slw_verifier *verifier, const struct slw_trusted_root *climbed)
{
    struct slw_root_key *freed = verifier->current.content.keys;
    size_t keys_max = verifier->current.content.keys_max;
    verifier->kept_keys = slw_root_keep_targets_keys(&verifier->current.content,
                                                     verifier->kept_keys, &climbed->content);
    verifier->result.resets_version =
        slw_root_resets_targets(&climbed->content, verifier->kept_keys);
    if (freed == verifier->provisioned.content.keys) {
        freed = verifier->spare_keys;
        verifier->spare_keys = NULL;
    }
    verifier->current = *climbed;
    slw_root_init(&verifier->next_root.content, freed, keys_max);
}

/* Entries not newer than the trusted root are skipped; the same root again changes nothing. */
static bool is_step_up(const struct slw_verifier *verifier)
{
    const struct slw_root *next = &verifier->next_root.content;
    if (!verifier->climbing_last) {
        return next->version > verifier->provisioned.content.version;
    }
    return !slw_root_is_same(next, &verifier->current.content);
}

static enum slw_status start_succession(struct slw_verifier *verifier, struct slw_span span)
{
    slw_reader_seek(&verifier->reader, span.offset, slw_span_end(span));
    SLW_TRY(slw_signatures_read(&verifier->reader, &verifier->signatures));
    SLW_TRY(slw_root_succession_start(&verifier->succession, &verifier->current,
                                      &verifier->next_root, &verifier->signatures, verifier->bundle,
                                      &verifier->finding));
    verifier->phase = SLW_VERIFY_CLIMB_SIGNATURES;
    return SLW_OK;
}

enum slw_status slw_verify_climb(struct slw_verifier *verifier)
{
    const struct slw_trusted_bundle *result = &verifier->result;
    struct slw_span span = result->signed_root;
    size_t roots_count = result->history_count + (verifier->has_root ? 1 : 0);
    if (verifier->climbed == roots_count) {
        verifier->phase = SLW_VERIFY_ROOT_IN_FORCE;
        return SLW_OK;
    }
    bool found = true;
    verifier->climbing_last = verifier->climbed == result->history_count;
    if (!verifier->climbing_last) {
        SLW_TRY(slw_verifier_next_history(verifier, &found, &span));
    }
    if (!found) {
        return SLW_OK;
    }
    SLW_TRY(slw_verifier_parse_root(verifier, span));
    verifier->climbed++;
    return is_step_up(verifier) ? start_succession(verifier, span) : SLW_OK;
}

enum slw_status slw_verify_climb_signatures(struct slw_verifier *verifier)
{
    struct slw_trusted_root climbed;
    SLW_TRY(slw_root_succession_step(&verifier->succession, verifier->lookup_block,
                                     sizeof verifier->lookup_block, &verifier->finding));
    if (!verifier->succession.done) {
        return SLW_OK;
    }
    SLW_TRY(slw_root_succession_finish(&verifier->succession, &climbed));
    move_up(verifier, &climbed);
    verifier->phase = SLW_VERIFY_CLIMB;
    return SLW_OK;
}

/*
 * TUF 5.3.10: "the expiration timestamp in the trusted root metadata file MUST be higher than the
 * fixed update start time": of the last root, not of those on the way.
 */
enum slw_status slw_verify_root_in_force(struct slw_verifier *verifier)
{
    struct slw_trusted_bundle *result = &verifier->result;
    const struct slw_root *root = &verifier->current.content;
    if (slw_expired(&root->expires, &verifier->expectations->now)) {
        return slw_find(&verifier->finding, SLW_EXPIRED, SLW_ROLE_ROOT);
    }
    result->root_upgraded = !slw_root_is_same(root, &verifier->provisioned.content);
    slw_reader_seek(&verifier->reader, result->signed_targets.offset,
                    slw_span_end(result->signed_targets));
    SLW_TRY(slw_signatures_read(&verifier->reader, &verifier->signatures));
    SLW_TRY(slw_signatures_check(&verifier->signatures, SLW_ROLE_TARGETS, &verifier->finding));
    slw_quorum_start(&verifier->quorum, root, SLW_ROLE_TARGETS);
    verifier->phase = SLW_VERIFY_TARGETS_SIGNATURES;
    return SLW_OK;
}

static struct slw_message targets_message(const struct slw_verifier *verifier)
{
    return (struct slw_message){
        .source = verifier->bundle,
        .span = verifier->result.targets.serialized,
        .sha256 = verifier->result.targets.sha256,
    };
}

static enum slw_status refuse_below_threshold(struct slw_verifier *verifier)
{
    return slw_find_numbers(&verifier->finding, SLW_BELOW_THRESHOLD, SLW_ROLE_TARGETS,
                            verifier->quorum.good, verifier->quorum.enough);
}

/* TUF 5.6.3: "The new targets metadata file MUST have been signed by a threshold of keys". */
enum slw_status slw_verify_targets_signatures(struct slw_verifier *verifier)
{
    struct slw_quorum *quorum = &verifier->quorum;
    struct slw_message message = targets_message(verifier);
    if (!quorum->done) {
        return slw_quorum_step(quorum, &verifier->signatures, &message, verifier->lookup_block,
                               sizeof verifier->lookup_block);
    }
    if (slw_quorum_reached(quorum)) {
        verifier->phase = SLW_VERIFY_TARGETS_CONTENT;
        return SLW_OK;
    }
    if (!verifier->result.root_upgraded) {
        return refuse_below_threshold(verifier);
    }
    slw_quorum_start_dropped(&verifier->dropped, &verifier->provisioned.content, SLW_ROLE_TARGETS,
                             &verifier->current.content, quorum->enough - quorum->good);
    verifier->phase = SLW_VERIFY_TARGETS_DROPPED;
    return SLW_OK;
}

/* Only names the cause: signatures by keys that the new root dropped never count. */
enum slw_status slw_verify_targets_dropped(struct slw_verifier *verifier)
{
    struct slw_quorum *dropped = &verifier->dropped;
    struct slw_message message = targets_message(verifier);
    if (!dropped->done) {
        return slw_quorum_step(dropped, &verifier->signatures, &message, verifier->lookup_block,
                               sizeof verifier->lookup_block);
    }
    if (!slw_quorum_reached(dropped)) {
        return refuse_below_threshold(verifier);
    }
    size_t first = 0;
    while ((dropped->counted >> first & 1) == 0) {
        first++;
    }
    (void)slw_find_numbers(&verifier->finding, SLW_REVOKED_KEY, SLW_ROLE_TARGETS,
                           verifier->quorum.good, verifier->quorum.enough);
    verifier->finding.has_key_id = true;
    memcpy(verifier->finding.key_id, dropped->root->keys[first].id, SLW_KEY_ID_SIZE);
    return SLW_REVOKED_KEY;
}
