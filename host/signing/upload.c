/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resumable uploads: in pieces that are each asked for by their offset, so that what broke off goes
 * on where the service says it is. See slipway/signer_client.h.
 */
#include "exchange.h"

#include "slipway/checked.h"

#include <stdio.h>
#include <time.h>

#define PIECE_SIZE (8u << 20)
#define STANDSTILLS_MAX 10u /* pieces in a row after which no more was there than before */

struct upload {
    struct slw_signer_client *client;
    char path[SLW_SIGNER_PATH_SIZE_MAX];
    const struct slw_source *source;
    const struct slw_progress *progress;
    struct slw_detail *detail;
};

static enum slw_status explain_nonsense(const struct upload *upload)
{
    return slw_explain(upload->detail, SLW_UNAVAILABLE, "%s: an answer without Upload-Offset",
                       upload->client->shown);
}

/* Where the service is. */
static enum slw_status ask(const struct upload *upload, uint64_t *ret_offset)
{
    struct slw_signer_exchange exchange = {
        .method = "HEAD", .path = upload->path, .limit = SLW_SIGNER_JSON_SIZE_MAX};
    enum slw_status status = slw_signer_exchange_run(upload->client, &exchange, upload->detail);
    slw_heap_drop(&exchange.answer);
    SLW_TRY(status);
    if (exchange.http_status != 204) {
        return slw_signer_exchange_refusal(upload->client, &exchange, upload->detail);
    }
    if (!exchange.has_upload_offset || !exchange.has_upload_length) {
        return explain_nonsense(upload);
    }
    if (exchange.upload_length != upload->source->size) {
        return slw_explain(upload->detail, SLW_WRONG_LENGTH,
                           "%s: the service was told another length", upload->client->shown);
    }
    *ret_offset = exchange.upload_offset;
    return SLW_OK;
}

/* Sends one piece; ret_offset is where the service is then. */
static enum slw_status send_piece(const struct upload *upload, uint64_t offset,
                                  uint64_t *ret_offset)
{
    struct slw_signer_exchange exchange = {
        .method = "PATCH",
        .path = upload->path,
        .source = upload->source,
        .offset = offset,
        .length = slw_min_u64(upload->source->size - offset, PIECE_SIZE),
        .progress = upload->progress,
        .once = true,
        .limit = SLW_SIGNER_JSON_SIZE_MAX,
    };
    enum slw_status status = slw_signer_exchange_run(upload->client, &exchange, upload->detail);
    if (status == SLW_OK && exchange.http_status != 204 && exchange.http_status != 409) {
        status = slw_signer_exchange_refusal(upload->client, &exchange, upload->detail);
    } else if (status == SLW_OK && !exchange.has_upload_offset) {
        status = explain_nonsense(upload);
    } else if (status == SLW_OK) {
        *ret_offset = exchange.upload_offset;
    }
    slw_heap_drop(&exchange.answer);
    return status;
}

/* Whether asking where it is, and going on from there, may help. */
static bool is_passing(enum slw_status status)
{
    return status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT || status == SLW_TOO_MANY;
}

static void pause_after(unsigned standstills)
{
    struct timespec time = {.tv_nsec = 20000000L * standstills};
    (void)nanosleep(&time, NULL);
}

static enum slw_status send_all(const struct upload *upload)
{
    uint64_t offset = 0;
    unsigned standstills = 0;
    SLW_TRY(ask(upload, &offset));
    while (offset < upload->source->size) {
        uint64_t next = offset;
        enum slw_status status = send_piece(upload, offset, &next);
        if (is_passing(status) && standstills < STANDSTILLS_MAX) {
            status = ask(upload, &next);
        }
        SLW_TRY(status);
        standstills = next > offset ? 0 : standstills + 1;
        if (standstills > STANDSTILLS_MAX || next > upload->source->size) {
            return slw_explain(upload->detail, SLW_UNAVAILABLE,
                               "%s: the upload doesn't get anywhere", upload->client->shown);
        }
        pause_after(standstills);
        offset = next;
    }
    slw_progress_report(upload->progress, offset, offset);
    return SLW_OK;
}

enum slw_status slw_signer_client_upload(struct slw_signer_client *client,
                                         const uint8_t sha256[static SLW_SHA256_SIZE],
                                         const struct slw_source *source,
                                         const struct slw_progress *progress,
                                         struct slw_detail *detail)
{
    struct upload upload = {
        .client = client, .source = source, .progress = progress, .detail = detail};
    int len = snprintf(upload.path, sizeof upload.path, "/v1/staged/");
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        (void)snprintf(upload.path + len + 2 * i, 3, "%02x", sha256[i]);
    }
    return send_all(&upload);
}
