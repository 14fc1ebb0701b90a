/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a threshold of a role's keys signed a file: the one place where trust comes from. The
 * client calls it for every file, with the delegator through which it came to the role.
 */
#include "key.h"
#include "metadata.h"

#include "slipway/explain.h"

/* What was counted so far. */
struct tally {
    const struct slw_tuf_file *file;
    const struct slw_tuf_keys *keys;
    const struct slw_tuf_role *role;
    uint8_t fingerprints[SLW_TUF_SIGNATURES_MAX][SLW_SHA256_SIZE];
    uint32_t valid;   /* distinct keys whose signature verified */
    uint32_t present; /* signatures that aren't empty */
    uint32_t bad;     /* those by keys of the role that didn't verify */
    bool is_broken;   /* one was by a key of the role that isn't one; the detail says which */
};

static bool role_names(const struct tally *tally, struct slw_bytes id)
{
    const struct slw_json_document *json = &tally->keys->file->json;
    struct slw_json_walk walk = slw_json_walk_begin(json, tally->role->key_ids);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_bytes_equal(slw_json_string(json, element), id)) {
            return true;
        }
    }
    return false;
}

/* The key that a signature is by, when it may count: one of the role, listed, of a known kind. */
static const struct slw_tuf_listed_key *key_of(const struct tally *tally, struct slw_bytes id)
{
    const struct slw_tuf_listed_key *key =
        role_names(tally, id) ? slw_tuf_keys_find(tally->keys, id) : NULL;
    return key != NULL && key->known ? key : NULL;
}

/*
 * Section 4.3: "Clients MUST ensure that for any KEYID represented in this key list and in other
 * files, only one unique key has that KEYID"; and one key under several ids is one key still.
 */
static void count_key(struct tally *tally, const struct slw_tuf_key *key)
{
    for (uint32_t i = 0; i < tally->valid; i++) {
        if (memcmp(tally->fingerprints[i], key->fingerprint, SLW_SHA256_SIZE) == 0) {
            return;
        }
    }
    memcpy(tally->fingerprints[tally->valid++], key->fingerprint, SLW_SHA256_SIZE);
}

static enum slw_status explain_failure(const struct tally *tally, struct slw_bytes id,
                                       enum slw_status status, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_quote(id, &text);
    (void)slw_explain(detail, status,
                      status == SLW_BAD_KEY ? "%s: key %s: not a point that can be a key"
                                            : "%s: key %s: the crypto library failed",
                      tally->keys->file->name, slw_heap_text(&text));
    slw_heap_free(&text);
    return status;
}

/* Whatever the outcome was, it is the same for the same key and signature. */
static enum slw_status verify_once(const struct slw_tuf_file *file, size_t number,
                                   const struct slw_tuf_key *key, struct slw_bytes sig)
{
    struct slw_tuf_weighed *weighed = &file->weighed[number];
    if (weighed->is_known && memcmp(weighed->fingerprint, key->fingerprint, SLW_SHA256_SIZE) == 0) {
        return weighed->status;
    }
    weighed->status = slw_tuf_key_verify(key, file->canonical, file->digest, sig);
    weighed->is_known = weighed->status != SLW_IO_CRYPTO;
    memcpy(weighed->fingerprint, key->fingerprint, SLW_SHA256_SIZE);
    return weighed->status;
}

/* number: which of the file's signatures it is. */
static enum slw_status weigh(struct tally *tally, size_t number, struct slw_bytes id,
                             struct slw_bytes sig, struct slw_detail *detail)
{
    const struct slw_tuf_listed_key *listed = key_of(tally, id);
    if (listed == NULL) {
        return SLW_OK;
    }
    struct slw_tuf_key key;
    SLW_TRY(slw_tuf_key_read(&tally->keys->file->json, listed->value, &key, detail));
    enum slw_status status = verify_once(tally->file, number, &key, sig);
    if (status == SLW_OK) {
        count_key(tally, &key);
        return SLW_OK;
    }
    if (status == SLW_BAD_SIGNATURE) {
        tally->bad++;
        return SLW_OK;
    }
    return explain_failure(tally, id, status, detail);
}

/* A key that isn't one can't count; that is no fault of the signatures by others. */
static enum slw_status pass_over_broken(struct tally *tally, enum slw_status status)
{
    if (status != SLW_BAD_KEY) {
        return status;
    }
    tally->is_broken = true;
    return SLW_OK;
}

static enum slw_status refuse(const struct tally *tally, struct slw_detail *detail)
{
    if (tally->is_broken) {
        return SLW_BAD_KEY;
    }
    struct slw_heap_buffer role = {0};
    enum slw_status status = SLW_BELOW_THRESHOLD;
    slw_quote(tally->role->name, &role);
    if (tally->present == 0) {
        status = slw_explain(detail, SLW_UNSIGNED, "%s: no signature", tally->file->name);
    } else {
        (void)slw_explain(detail, status,
                          "%s: %u of %u valid signatures by distinct keys of the role %s (bad "
                          "ones by its keys: %u)",
                          tally->file->name, tally->valid, tally->role->threshold,
                          slw_heap_text(&role), tally->bad);
    }
    slw_heap_free(&role);
    return status;
}

/*
 * Section 5: "The new timestamp metadata file MUST have been signed by a threshold of keys
 * specified in the trusted root metadata file", and so for the others.
 */
enum slw_status slw_tuf_file_verify(const struct slw_tuf_file *file,
                                    const struct slw_tuf_keys *keys,
                                    const struct slw_tuf_role *role, struct slw_detail *detail)
{
    struct tally tally = {.file = file, .keys = keys, .role = role};
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, file->signatures);
    uint32_t signature = SLW_JSON_NONE;
    for (size_t number = 0; slw_json_walk_element(&walk, &signature); number++) {
        uint32_t id = slw_json_member(&file->json, signature, SLW_BYTES_OF("keyid"));
        uint32_t value = slw_json_member(&file->json, signature, SLW_BYTES_OF("sig"));
        struct slw_bytes sig = slw_json_string(&file->json, value);
        if (sig.len == 0) {
            continue; /* tools leave an empty one where a signature is still wanted */
        }
        tally.present++;
        SLW_TRY(pass_over_broken(
            &tally, weigh(&tally, number, slw_json_string(&file->json, id), sig, detail)));
        if (tally.valid >= role->threshold) {
            return SLW_OK;
        }
    }
    return refuse(&tally, detail);
}
