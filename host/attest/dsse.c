/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed an envelope, and signing one (DSSE 1.0.2, protocol.md). For the signing service, its
 * clients and the builder's tools.
 */
#include "slipway/dsse.h"

void slw_dsse_pae(struct slw_bytes payload_type, struct slw_bytes payload,
                  struct slw_heap_buffer *ret_pae)
{
    /* "PAE(type, body) = "DSSEv1" + SP + LEN(type) + SP + type + SP + LEN(body) + SP + body" */
    slw_heap_printf(ret_pae, "DSSEv1 %zu ", payload_type.len);
    slw_heap_append(ret_pae, payload_type);
    slw_heap_printf(ret_pae, " %zu ", payload.len);
    slw_heap_append(ret_pae, payload);
}

struct trials {
    const struct slw_statement_key *const *keys;
    size_t keys_count;
    enum slw_dsse_accept accept;
    struct slw_bytes pae;
    size_t made;
    struct slw_dsse_signers signers;
};

static bool may_count(const struct trials *trials, size_t key)
{
    return trials->keys[key]->kind == SLW_STATEMENT_KEY_PUBLIC ||
           trials->accept == SLW_DSSE_OPENSSH_TOO;
}

static bool has_id(const struct trials *trials, size_t key,
                   const struct slw_dsse_signature *signature)
{
    return memcmp(trials->keys[key]->id, signature->keyid, SLW_SHA256_SIZE) == 0;
}

/* Whether the hint names any of the keys. */
static bool is_narrowed(const struct trials *trials, const struct slw_dsse_signature *signature)
{
    for (size_t i = 0; signature->has_keyid && i < trials->keys_count; i++) {
        if (may_count(trials, i) && has_id(trials, i, signature)) {
            return true;
        }
    }
    return false;
}

/* "n unique trusted public keys": the first entry that is this key stands for it. */
static size_t first_of(const struct trials *trials, size_t key)
{
    size_t first = 0;
    while (!may_count(trials, first) ||
           !slw_statement_key_same(trials->keys[first], trials->keys[key])) {
        first++;
    }
    return first;
}

/* "Add the accepted public key to the set ACCEPTED_KEYS." */
static void add_signer(struct slw_dsse_signers *signers, size_t key)
{
    size_t at = 0;
    while (at < signers->count && signers->keys[at] < key) {
        at++;
    }
    if (at < signers->count && signers->keys[at] == key) {
        return;
    }
    memmove(signers->keys + at + 1, signers->keys + at,
            (signers->count - at) * sizeof signers->keys[0]);
    signers->keys[at] = key;
    signers->count++;
}

/*
 * "For each (SIGNATURE, KEYID) in SIGNATURES: optionally, filter acceptable public keys by KEYID.
 * Verify SIGNATURE against PAE(…). Skip over if the verification fails."
 */
static enum slw_status try_signature(struct trials *trials,
                                     const struct slw_dsse_signature *signature,
                                     struct slw_detail *detail)
{
    bool narrowed = is_narrowed(trials, signature);
    for (size_t i = 0; i < trials->keys_count; i++) {
        if (!may_count(trials, i) || (narrowed && !has_id(trials, i, signature))) {
            continue;
        }
        if (trials->made++ == SLW_DSSE_TRIALS_MAX) {
            return slw_explain(detail, SLW_TOO_LARGE,
                               "finding out who signed takes more than %u checks; signatures "
                               "should name their keys",
                               SLW_DSSE_TRIALS_MAX);
        }
        enum slw_status status =
            slw_statement_key_verify(trials->keys[i], trials->pae, signature->bytes, detail);
        if (status == SLW_OK) {
            add_signer(&trials->signers, first_of(trials, i));
            return SLW_OK;
        }
        if (status != SLW_BAD_SIGNATURE) {
            return status;
        }
    }
    return SLW_OK;
}

static enum slw_status try_all(struct trials *trials, const struct slw_dsse *envelope,
                               struct slw_detail *detail)
{
    for (size_t i = 0; i < envelope->signatures_count; i++) {
        SLW_TRY(try_signature(trials, &envelope->signatures[i], detail));
    }
    return SLW_OK;
}

enum slw_status slw_dsse_verify(const struct slw_dsse *envelope,
                                const struct slw_statement_key *const *keys, size_t keys_count,
                                enum slw_dsse_accept accept, struct slw_dsse_signers *ret_signers,
                                struct slw_detail *detail)
{
    struct slw_heap_buffer pae = {0};
    struct trials trials = {.keys = keys, .keys_count = keys_count, .accept = accept};
    slw_dsse_pae(envelope->payload_type, envelope->payload, &pae);
    if (pae.status != SLW_OK) {
        slw_heap_drop(&pae);
        return slw_explain_no_memory(detail);
    }
    trials.pae = slw_heap_bytes(&pae);
    enum slw_status status = try_all(&trials, envelope, detail);
    slw_heap_drop(&pae);
    SLW_TRY(status);
    if (trials.signers.count == 0) {
        return slw_explain(detail, SLW_UNSIGNED, "%s",
                           envelope->signatures_count == 0
                               ? "the envelope has no signature"
                               : "none of the envelope's signatures is by a key that counts here");
    }
    *ret_signers = trials.signers;
    return SLW_OK;
}

enum slw_status slw_dsse_verify_one(const struct slw_dsse *envelope,
                                    const struct slw_statement_key *key,
                                    enum slw_dsse_accept accept, struct slw_detail *detail)
{
    struct slw_dsse_signers signers;
    return slw_dsse_verify(envelope, &key, 1, accept, &signers, detail);
}

static enum slw_status make_signature(const struct slw_private_key *key,
                                      struct slw_bytes payload_type, struct slw_bytes payload,
                                      uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                      struct slw_detail *detail)
{
    struct slw_heap_buffer pae = {0};
    slw_dsse_pae(payload_type, payload, &pae);
    enum slw_status status = pae.status == SLW_OK ? slw_private_key_sign(key, slw_heap_bytes(&pae),
                                                                         ret_signature, detail)
                                                  : slw_explain_no_memory(detail);
    slw_heap_drop(&pae);
    return status;
}

static enum slw_status format_checked(const struct slw_dsse *envelope,
                                      struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    slw_dsse_format(envelope, ret_text);
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status slw_dsse_sign(const struct slw_private_key *key, struct slw_bytes payload_type,
                              struct slw_bytes payload, struct slw_heap_buffer *ret_text,
                              struct slw_detail *detail)
{
    struct slw_dsse envelope = {.payload_type = payload_type, .payload = payload};
    return slw_dsse_add_by(&envelope, key, ret_text, detail);
}

/* Leaves out those by the key, so that signing again doesn't fill the envelope. */
static enum slw_status drop_signatures_of(struct slw_dsse *envelope,
                                          const struct slw_statement_key *key, struct slw_bytes pae,
                                          struct slw_detail *detail)
{
    size_t kept = 0;
    for (size_t i = 0; i < envelope->signatures_count; i++) {
        enum slw_status status =
            slw_statement_key_verify(key, pae, envelope->signatures[i].bytes, detail);
        if (status != SLW_OK && status != SLW_BAD_SIGNATURE) {
            return status;
        }
        if (status == SLW_BAD_SIGNATURE) {
            envelope->signatures[kept++] = envelope->signatures[i];
        }
    }
    envelope->signatures_count = kept;
    return SLW_OK;
}

static enum slw_status add(struct slw_dsse *envelope, const struct slw_statement_key *key,
                           struct slw_bytes signature, struct slw_bytes pae,
                           struct slw_detail *detail)
{
    SLW_TRY(slw_statement_key_verify(key, pae, signature, detail));
    SLW_TRY(drop_signatures_of(envelope, key, pae, detail));
    if (envelope->signatures_count == SLW_DSSE_SIGNATURES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "an envelope has at most %u signatures",
                           SLW_DSSE_SIGNATURES_MAX);
    }
    struct slw_dsse_signature *added = &envelope->signatures[envelope->signatures_count++];
    *added = (struct slw_dsse_signature){.has_keyid = true, .bytes = signature};
    memcpy(added->keyid, key->id, sizeof added->keyid);
    return SLW_OK;
}

enum slw_status slw_dsse_add(const struct slw_dsse *envelope, const struct slw_statement_key *key,
                             struct slw_bytes signature, struct slw_heap_buffer *ret_text,
                             struct slw_detail *detail)
{
    struct slw_heap_buffer pae = {0};
    struct slw_dsse more = *envelope; /* shares the memory, which stays the caller's */
    slw_dsse_pae(envelope->payload_type, envelope->payload, &pae);
    enum slw_status status = pae.status == SLW_OK
                                 ? add(&more, key, signature, slw_heap_bytes(&pae), detail)
                                 : slw_explain_no_memory(detail);
    slw_heap_drop(&pae);
    return status == SLW_OK ? format_checked(&more, ret_text, detail) : status;
}

enum slw_status slw_dsse_add_by(const struct slw_dsse *envelope, const struct slw_private_key *key,
                                struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    struct slw_statement_key public_key;
    uint8_t signature[SLW_SIGNATURE_SIZE];
    slw_statement_key_of_public(slw_private_key_public(key), &public_key);
    SLW_TRY(make_signature(key, envelope->payload_type, envelope->payload, signature, detail));
    return slw_dsse_add(envelope, &public_key, slw_bytes_make(signature, sizeof signature),
                        ret_text, detail);
}
