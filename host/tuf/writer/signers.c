/* SPDX-License-Identifier: Apache-2.0 */
/* Counting signatures as clients do: signers.h. */
#include "signers.h"

#include <stdlib.h>

enum slw_status slw_tuf_signers_load(const struct slw_tuf_model *model, size_t at,
                                     struct slw_tuf_signers *ret_signers, struct slw_detail *detail)
{
    struct slw_tuf_listed_role role;
    slw_tuf_model_role(model, at, &role);
    struct slw_tuf_signers signers = {.model = model, .at = at, .threshold = role.threshold};
    signers.list = calloc(role.keys_count + 1, sizeof *signers.list);
    if (signers.list == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < role.keys_count; i++) {
        struct slw_tuf_signer *signer = signers.list + signers.count++;
        signer->id = slw_tuf_model_role_key_id(model, at, i);
        /* A key that can't be used can't count; clients refuse or skip it, and so no more is due.
         */
        struct slw_detail ignored;
        signer->is_known = slw_tuf_model_key(model, signer->id, &signer->key, &ignored) == SLW_OK &&
                           signer->key.kind != SLW_TUF_KEY_UNKNOWN;
    }
    *ret_signers = signers;
    return SLW_OK;
}

void slw_tuf_signers_free(struct slw_tuf_signers *signers)
{
    free(signers->list);
    *signers = (struct slw_tuf_signers){0};
}

static bool is_of(const struct slw_tuf_signer *signer, const struct slw_tuf_signature *signature)
{
    return signer->is_known &&
           slw_bytes_equal(signer->id, slw_bytes_make(signature->key_id, SLW_TUF_KEY_ID_SIZE));
}

static bool is_by(const struct slw_tuf_signer *signer, const struct slw_tuf_edition *edition,
                  const struct slw_tuf_signature *signature)
{
    return is_of(signer, signature) &&
           slw_tuf_edition_is_signed(edition, &signer->key, signature->sig_hex);
}

bool slw_tuf_signers_has_signed(const struct slw_tuf_signers *signers, size_t signer,
                                const struct slw_tuf_edition *edition)
{
    for (size_t i = 0; i < edition->signatures_count; i++) {
        if (is_by(signers->list + signer, edition, edition->signatures + i)) {
            return true;
        }
    }
    return false;
}

/* Section 4.2: "only one unique key has that KEYID"; and a key under two ids is one key still. */
static bool is_counted(const struct slw_tuf_signers *signers, const size_t *counted, size_t count,
                       size_t signer)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(signers->list[counted[i]].key.fingerprint, signers->list[signer].key.fingerprint,
                   SLW_SHA256_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

size_t slw_tuf_signers_count(const struct slw_tuf_signers *signers,
                             const struct slw_tuf_edition *edition, size_t enough)
{
    size_t counted[SLW_TUF_ROLE_KEYS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < signers->count && count < enough && count < SLW_TUF_ROLE_KEYS_MAX; i++) {
        if (signers->list[i].is_known && !is_counted(signers, counted, count, i) &&
            slw_tuf_signers_has_signed(signers, i, edition)) {
            counted[count++] = i;
        }
    }
    return count;
}

enum slw_status slw_tuf_signers_check(const struct slw_tuf_signers *signers,
                                      const struct slw_tuf_edition *edition,
                                      const struct slw_tuf_signature *signature)
{
    enum slw_status status = SLW_BAD_KEY;
    for (size_t i = 0; i < signers->count; i++) {
        if (is_by(signers->list + i, edition, signature)) {
            return SLW_OK;
        }
        if (slw_bytes_equal(signers->list[i].id,
                            slw_bytes_make(signature->key_id, SLW_TUF_KEY_ID_SIZE))) {
            status = SLW_BAD_SIGNATURE;
        }
    }
    return status;
}

enum slw_status slw_tuf_signers_accept(const struct slw_tuf_signers *signers,
                                       struct slw_tuf_edition *edition,
                                       const struct slw_tuf_signature *signature, bool is_verified,
                                       struct slw_detail *detail)
{
    struct slw_tuf_signature named = *signature;
    enum slw_status status =
        slw_tuf_model_signer(signers->model, signers->at, signature->key_id, named.key_id);
    if (status == SLW_NOT_FOUND) {
        memcpy(named.key_id, signature->key_id, sizeof named.key_id);
    } else if (status != SLW_OK) {
        return slw_explain(detail, status, "a key id can't be looked up");
    }
    for (size_t i = 0; is_verified && i < signers->count; i++) {
        if (is_of(signers->list + i, &named)) {
            slw_tuf_edition_note_signed(edition, &signers->list[i].key, named.sig_hex);
        }
    }
    status = slw_tuf_signers_check(signers, edition, &named);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "key %.16s…: %s", signature->key_id,
                           status == SLW_BAD_KEY ? "isn't one of the role's"
                                                 : "its signature isn't one over this version");
    }
    return slw_tuf_edition_add_signature(edition, &named, detail);
}

bool slw_tuf_signers_are_same(const struct slw_tuf_model *left, size_t left_at,
                              const struct slw_tuf_model *right, size_t right_at)
{
    struct slw_tuf_listed_role left_role;
    struct slw_tuf_listed_role right_role;
    slw_tuf_model_role(left, left_at, &left_role);
    slw_tuf_model_role(right, right_at, &right_role);
    if (left_role.threshold != right_role.threshold ||
        left_role.keys_count != right_role.keys_count) {
        return false;
    }
    for (size_t i = 0; i < left_role.keys_count; i++) {
        if (!slw_bytes_equal(slw_tuf_model_role_key_id(left, left_at, i),
                             slw_tuf_model_role_key_id(right, right_at, i))) {
            return false;
        }
    }
    return true;
}
