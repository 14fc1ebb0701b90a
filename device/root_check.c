/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root metadata: whether it makes sense, and whether it may follow another (root.h).
 *
 * The reference device checks nothing of a new root's content and keeps one whose threshold nobody
 * can meet; here a root is refused before any of its signatures is looked at.
 */
#include "slipway/root.h"

uint32_t slw_root_usable_keys(const struct slw_root *root, enum slw_role role)
{
    uint32_t count = 0;
    for (size_t i = 0; i < root->keys_count; i++) {
        const struct slw_root_key *key = &root->keys[i];
        count += key->defined && key->type != 0 && slw_key_has_role(key, role);
    }
    return count;
}

static enum slw_status check_keys(const struct slw_root *root, struct slw_finding *finding)
{
    if (root->key_bad) {
        enum slw_status status = slw_find(finding, SLW_BAD_KEY, SLW_ROLE_ROOT);
        finding->has_key_id = root->key_bad_id_known;
        memcpy(finding->key_id, root->key_bad_id, sizeof finding->key_id);
        return status;
    }
    for (size_t i = 0; i < root->keys_count; i++) {
        if (!root->keys[i].defined) {
            return slw_find_key(finding, SLW_BAD_KEY, SLW_ROLE_ROOT, root->keys[i].id);
        }
    }
    for (size_t i = 0; i < root->keys_count; i++) {
        uint8_t roles = root->keys[i].roles;
        if ((roles & (roles - 1)) != 0) {
            return slw_find_key(finding, SLW_SHARED_KEY, SLW_ROLE_ROOT, root->keys[i].id);
        }
    }
    return SLW_OK;
}

static enum slw_status check_threshold(const struct slw_root *root, enum slw_role role,
                                       struct slw_finding *finding)
{
    uint32_t usable = slw_root_usable_keys(root, role);
    if (root->thresholds[role] == 0 || root->thresholds[role] > usable) {
        return slw_find_numbers(finding, SLW_BAD_THRESHOLD, role, usable, root->thresholds[role]);
    }
    return SLW_OK;
}

enum slw_status slw_root_check(const struct slw_root *root, struct slw_finding *finding)
{
    if (!root->role_right) {
        return slw_find(finding, SLW_WRONG_ROLE, SLW_ROLE_ROOT);
    }
    if (!root->spec_version_right) {
        return slw_find(finding, SLW_BAD_SPEC_VERSION, SLW_ROLE_ROOT);
    }
    SLW_TRY(check_keys(root, finding));
    SLW_TRY(check_threshold(root, SLW_ROLE_ROOT, finding));
    return check_threshold(root, SLW_ROLE_TARGETS, finding);
}

enum slw_status slw_root_load_trusted(struct slw_reader *reader, uint64_t size_max,
                                      struct slw_trusted_root *trusted, struct slw_finding *finding)
{
    struct slw_untrusted_root parsed = {trusted->content};
    struct slw_span serialized = {0};
    enum slw_status status = slw_signed_scan(reader, SLW_SIGNATURES_MAX, size_max, &serialized);
    if (status == SLW_OK && serialized.length == 0) {
        status = SLW_NO_TRUSTED_ROOT;
    }
    if (status == SLW_OK) {
        slw_reader_seek(reader, serialized.offset, serialized.offset + serialized.length);
        status = slw_root_parse(reader, &parsed);
    }
    if (slw_status_class(status) == SLW_CLASS_IO || status == SLW_TOO_LARGE) {
        return slw_find(finding, status, SLW_ROLE_ROOT);
    }
    if (status != SLW_OK) {
        return slw_find(finding, SLW_NO_TRUSTED_ROOT, SLW_ROLE_ROOT);
    }
    SLW_TRY(slw_root_check(&parsed.content, finding));
    trusted->content = parsed.content;
    return SLW_OK;
}

bool slw_root_is_same(const struct slw_root *left, const struct slw_root *right)
{
    return left->serialized.length == right->serialized.length &&
           memcmp(left->sha256, right->sha256, sizeof left->sha256) == 0;
}

enum slw_status slw_root_check_successor(const struct slw_trusted_root *trusted,
                                         const struct slw_untrusted_root *next,
                                         struct slw_finding *finding)
{
    const struct slw_root *old = &trusted->content;
    const struct slw_root *new = &next->content;
    SLW_TRY(slw_root_check(new, finding));
    if (new->version < old->version) {
        return slw_find_numbers(finding, SLW_ROOT_ROLLBACK, SLW_ROLE_ROOT, new->version,
                                old->version);
    }
    if (new->version == old->version) {
        return slw_find_numbers(finding, SLW_ROOT_REPLACED, SLW_ROLE_ROOT, new->version,
                                old->version);
    }
    if (old->key_class != SLW_KEY_CLASS_NONE && new->key_class != old->key_class) {
        return slw_find(finding, SLW_ROOT_CLASS, SLW_ROLE_ROOT);
    }
    return SLW_OK;
}

enum slw_status slw_root_succession_start(struct slw_root_succession *succession,
                                          const struct slw_trusted_root *trusted,
                                          const struct slw_untrusted_root *next,
                                          const struct slw_signatures *signatures,
                                          const struct slw_source *source,
                                          struct slw_finding *finding)
{
    *succession = (struct slw_root_succession){
        .trusted = trusted,
        .next = next,
        .signatures = signatures,
        .message = {source, next->content.serialized, next->content.sha256},
    };
    SLW_TRY(slw_root_check_successor(trusted, next, finding));
    SLW_TRY(slw_signatures_check(signatures, SLW_ROLE_ROOT, finding));
    slw_quorum_start(&succession->quorum, &trusted->content, SLW_ROLE_ROOT);
    return SLW_OK;
}

/*
 * TUF 5.3.4: "the version N+1 root metadata file MUST have been signed by: (1) a threshold of keys
 * specified in the trusted root metadata file (version N), and (2) a threshold of keys specified in
 * the new root metadata file being validated (version N+1)."
 */
enum slw_status slw_root_succession_step(struct slw_root_succession *succession, uint8_t *block,
                                         size_t block_size, struct slw_finding *finding)
{
    struct slw_quorum *quorum = &succession->quorum;
    if (succession->done) {
        return SLW_OK;
    }
    if (!quorum->done) {
        return slw_quorum_step(quorum, succession->signatures, &succession->message, block,
                               block_size);
    }
    if (!slw_quorum_reached(quorum)) {
        enum slw_status status =
            succession->by_itself ? SLW_ROOT_SELF_UNSIGNED : SLW_ROOT_UNTRUSTED;
        return slw_find_numbers(finding, status, SLW_ROLE_ROOT, quorum->good, quorum->enough);
    }
    if (!succession->by_itself) {
        succession->by_itself = true;
        slw_quorum_start(quorum, &succession->next->content, SLW_ROLE_ROOT);
        return SLW_OK;
    }
    succession->done = true;
    return SLW_OK;
}

enum slw_status slw_root_succession_finish(const struct slw_root_succession *succession,
                                           struct slw_trusted_root *ret_trusted)
{
    if (!succession->done) {
        return SLW_WRONG_STATE;
    }
    ret_trusted->content = succession->next->content;
    return SLW_OK;
}

uint64_t slw_root_targets_keys(const struct slw_root *root)
{
    uint64_t keys = 0;
    for (size_t i = 0; i < root->keys_count; i++) {
        const struct slw_root_key *key = &root->keys[i];
        bool counts = key->type != 0 && slw_key_has_role(key, SLW_ROLE_TARGETS);
        keys |= (uint64_t)counts << i;
    }
    return keys;
}

uint64_t slw_root_keep_targets_keys(const struct slw_root *old, uint64_t kept,
                                    const struct slw_root *next)
{
    uint64_t keys = 0;
    for (size_t i = 0; i < old->keys_count; i++) {
        const struct slw_root_key *key = slw_root_find_key(next, old->keys[i].id);
        if ((kept >> i & 1) != 0 && key != NULL) {
            keys |= (uint64_t)1 << (key - next->keys);
        }
    }
    return keys & slw_root_targets_keys(next);
}

/* TUF 5.3.11 ("fast-forward attack recovery"), for the one role that a bundle has. */
bool slw_root_resets_targets(const struct slw_root *root, uint64_t kept)
{
    uint32_t remaining = 0;
    for (; kept != 0; kept &= kept - 1) {
        remaining++;
    }
    return remaining < root->thresholds[SLW_ROLE_TARGETS];
}
