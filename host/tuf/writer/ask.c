/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the key provider. It is shown the change, never the bytes; what it answers counts only
 * once it is verified over the bytes that the writer made of the same change.
 */
#include "writer.h"

#include "../metadata/hex.h"
#include "slipway/checked.h"

/* The same next version of the same role is the same request, in whichever process. */
static void name_request(struct slw_bytes role, const struct slw_tuf_edition *edition,
                         char ret_key[static SLW_TUF_IDEMPOTENCY_SIZE])
{
    static const char domain[] = "slipway-tuf-request-1";
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(domain, sizeof domain)); /* with its zero */
    slw_sha256_update(&hash, role);
    slw_sha256_update(&hash, slw_bytes_make("", 1));
    slw_sha256_update(&hash, slw_bytes_make(edition->digest, sizeof edition->digest));
    slw_sha256_final(&hash, digest);
    slw_tuf_hex_encode(digest, sizeof digest, ret_key);
    ret_key[SLW_TUF_IDEMPOTENCY_SIZE - 1] = '\0';
}

static enum slw_status take_answer(struct slw_bytes role,
                                   const struct slw_tuf_signatures *signatures,
                                   const struct slw_tuf_delegators *delegators,
                                   struct slw_tuf_edition *edition, struct slw_detail *told,
                                   struct slw_detail *detail)
{
    bool are_verified = signatures->are_verified &&
                        memcmp(signatures->digest, edition->digest, SLW_SHA256_SIZE) == 0;
    for (size_t i = 0; i < signatures->count; i++) {
        struct slw_detail why;
        enum slw_status status = slw_tuf_delegators_accept(
            delegators, edition, signatures->list + i, are_verified, &why);
        if (status == SLW_BAD_SIGNATURE) {
            (void)slw_explain(told, status, "%.*s: a signature that the signer gave is bad: %.500s",
                              (int)slw_min_size(role.len, 200), (const char *)role.ptr, why.text);
        } else if (status != SLW_OK && status != SLW_BAD_KEY) {
            return slw_explain(detail, status, "%s", why.text);
        }
    }
    return SLW_OK;
}

enum slw_status slw_tuf_ask(const struct slw_tuf_key_provider *provider,
                            const struct slw_tuf_change *change, struct slw_bytes base,
                            const struct slw_tuf_delegators *delegators,
                            struct slw_tuf_edition *edition, enum slw_tuf_answer *ret_answer,
                            struct slw_detail *ret_told, struct slw_detail *detail)
{
    char key[SLW_TUF_IDEMPOTENCY_SIZE];
    struct slw_tuf_signatures signatures = {0};
    enum slw_tuf_answer answer = SLW_TUF_PENDING;
    ret_told->text[0] = '\0';
    if (provider == NULL) {
        *ret_answer = answer;
        return SLW_OK;
    }
    name_request(change->role, edition, key);
    enum slw_status status =
        provider->request(provider->context, change, base, key, &answer, &signatures, detail);
    if (status == SLW_OK && answer == SLW_TUF_SIGNED) {
        status = take_answer(change->role, &signatures, delegators, edition, ret_told, detail);
    }
    slw_tuf_signatures_free(&signatures);
    if (status == SLW_OK) {
        *ret_answer = answer;
    }
    return status;
}
