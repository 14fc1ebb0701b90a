/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the signing service. See signer_ask.h. */
#include "slipway/signer_ask.h"

#include "slipway/dsse.h"
#include "slipway/transparency.h"

#include <string.h>
#include <sys/random.h>

static enum slw_status make_stage(const struct slw_signer_ask *ask, struct slw_heap_buffer *payload,
                                  struct slw_detail *detail)
{
    struct slw_stage statement = {
        .subject_name = ask->name,
        .signer = ask->signer,
        .length = ask->length,
        .issued_utc_s = ask->now_utc_s,
    };
    memcpy(statement.sha256, ask->sha256, sizeof statement.sha256);
    return slw_stage_format(&statement, payload, detail);
}

static enum slw_status make_request(const struct slw_signer_ask *ask,
                                    struct slw_heap_buffer *payload, struct slw_detail *detail)
{
    struct slw_request statement = {
        .subject_name = ask->name,
        .signer = ask->signer,
        .operation = ask->operation,
        .key = ask->key,
        .channel = ask->channel,
        .issued_utc_s = ask->now_utc_s,
        .expires_utc_s = ask->expires_utc_s,
    };
    memcpy(statement.staged, ask->sha256, sizeof statement.staged);
    if (getrandom(statement.nonce, sizeof statement.nonce, 0) != (ssize_t)sizeof statement.nonce) {
        return slw_explain(detail, SLW_IO, "the system has no random numbers");
    }
    return slw_request_format(&statement, payload, detail);
}

static enum slw_status make_both(const struct slw_signer_ask *ask, struct slw_signer_asked *asked,
                                 struct slw_heap_buffer *stage, struct slw_heap_buffer *request,
                                 struct slw_detail *detail)
{
    struct slw_sha256 hash;
    SLW_TRY(make_stage(ask, stage, detail));
    SLW_TRY(make_request(ask, request, detail));
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(request));
    slw_sha256_final(&hash, asked->id);
    SLW_TRY(slw_dsse_sign(ask->requester, SLW_DSSE_INTOTO, slw_heap_bytes(stage), &asked->stage,
                          detail));
    return slw_dsse_sign(ask->requester, SLW_DSSE_INTOTO, slw_heap_bytes(request), &asked->request,
                         detail);
}

enum slw_status slw_signer_ask_make(const struct slw_signer_ask *ask,
                                    struct slw_signer_asked *ret_asked, struct slw_detail *detail)
{
    struct slw_signer_asked asked = {{0}, {0}, {0}, {0}};
    struct slw_heap_buffer stage = {0};
    struct slw_heap_buffer request = {0};
    memcpy(asked.sha256, ask->sha256, sizeof asked.sha256);
    enum slw_status status = make_both(ask, &asked, &stage, &request, detail);
    slw_heap_drop(&stage);
    slw_heap_drop(&request);
    if (status != SLW_OK) {
        slw_signer_asked_free(&asked);
        return status;
    }
    *ret_asked = asked;
    return SLW_OK;
}

void slw_signer_asked_free(struct slw_signer_asked *asked)
{
    slw_heap_drop(&asked->stage);
    slw_heap_drop(&asked->request);
}

enum slw_status
slw_signer_ask_send(struct slw_signer_client *client, const struct slw_signer_asked *asked,
                    const struct slw_source *source, const struct slw_progress *progress,
                    struct slw_signer_receipt *ret_receipt, struct slw_detail *detail)
{
    struct slw_signer_receipt staged;
    SLW_TRY(slw_signer_client_submit(client, slw_heap_bytes(&asked->stage), &staged, detail));
    SLW_TRY(slw_signer_client_upload(client, asked->sha256, source, progress, detail));
    return slw_signer_client_submit(client, slw_heap_bytes(&asked->request), ret_receipt, detail);
}

enum slw_status slw_signer_ask_fetch(struct slw_signer_client *client,
                                     const uint8_t id[static SLW_SHA256_SIZE], bool with_proof,
                                     struct slw_heap_buffer *ret_signature,
                                     struct slw_heap_buffer *ret_proof, struct slw_detail *detail)
{
    SLW_TRY(slw_signer_client_blob(client, id, SLW_SIGNER_SIGNATURE, SLW_SIGNATURE_SIZE,
                                   ret_signature, detail));
    return with_proof ? slw_signer_client_blob(client, id, SLW_SIGNER_PROOF, SLW_PROOF_SIZE_MAX,
                                               ret_proof, detail)
                      : SLW_OK;
}
