/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resumable uploads: in pieces that are each asked for by their offset, so that what broke off goes
 * on where the service says it is. See slipway/http_client.h.
 */
#include "client.h"

#include "slipway/checked.h"

#include <stdio.h>
#include <time.h>

#define PIECE_SIZE (8u << 20)
#define STANDSTILLS_MAX 10u /* pieces in a row after which no more was there than before */
#define BEGINNINGS_MAX 3u   /* that other bytes may spoil */

struct upload {
    struct slw_http_client *client;
    const char *path;
    bool announces;
    const struct slw_source *source;
    const struct slw_progress *progress;
    struct slw_detail *detail;
    uint64_t total; /* so much will be there, as the service said last */
};

static enum slw_status explain_nonsense(const struct upload *upload)
{
    return slw_explain(upload->detail, SLW_UNAVAILABLE, "%s: an answer without Upload-Offset",
                       upload->client->shown);
}

/*
 * Whether the service was told of another file than this one. The depot takes the length from who
 * uploads. The signing service has what was staged, by others, too, as long as it hasn't all: then
 * it tells the longest.
 */
static bool is_of_another(const struct upload *upload)
{
    return upload->announces ? upload->total != upload->source->size
                             : upload->total < upload->source->size;
}

/* Where the service is. */
static enum slw_status ask(struct upload *upload, uint64_t *ret_offset)
{
    struct slw_http_call call = {
        .method = "HEAD", .path = upload->path, .limit = SLW_HTTP_ANSWER_SIZE_MAX};
    enum slw_status status = slw_http_call_run(upload->client, &call, upload->detail);
    slw_heap_drop(&call.answer);
    SLW_TRY(status);
    if (call.http_status == 404 && upload->announces) {
        upload->total = upload->source->size;
        *ret_offset = 0;
        return SLW_OK;
    }
    if (call.http_status != 200 && call.http_status != 204) {
        return slw_http_call_refusal(upload->client, &call, upload->detail);
    }
    if (!call.has_upload_offset || !call.has_upload_length) {
        return explain_nonsense(upload);
    }
    upload->total = call.upload_length;
    if (is_of_another(upload)) {
        return slw_explain(upload->detail, SLW_WRONG_LENGTH,
                           "%s: the service was told another length", upload->client->shown);
    }
    *ret_offset = call.upload_offset;
    return SLW_OK;
}

/* Sends one piece; ret_offset is where the service is then. */
static enum slw_status send_piece(struct upload *upload, uint64_t offset, uint64_t *ret_offset)
{
    struct slw_http_call call = {
        .method = "PATCH",
        .path = upload->path,
        .source = upload->source,
        .offset = offset,
        .length = slw_min_u64(upload->source->size - offset, PIECE_SIZE),
        .announces = upload->announces,
        .progress = upload->progress,
        .once = true,
        .limit = SLW_HTTP_ANSWER_SIZE_MAX,
    };
    enum slw_status status = slw_http_call_run(upload->client, &call, upload->detail);
    if (status == SLW_OK && call.http_status != 201 && call.http_status != 204 &&
        call.http_status != 409) {
        status = slw_http_call_refusal(upload->client, &call, upload->detail);
    } else if (status == SLW_OK && !call.has_upload_offset) {
        status = explain_nonsense(upload);
    } else if (status == SLW_OK) {
        *ret_offset = call.upload_offset;
        upload->total = call.has_upload_length ? call.upload_length : upload->total;
    }
    slw_heap_drop(&call.answer);
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

/* From offset on, until as much is there as this file has. */
static enum slw_status send_rest(struct upload *upload, uint64_t offset)
{
    unsigned standstills = 0;
    while (offset < upload->source->size) {
        uint64_t next = offset;
        enum slw_status status = send_piece(upload, offset, &next);
        if (is_passing(status) && standstills < STANDSTILLS_MAX) {
            status = ask(upload, &next);
        }
        SLW_TRY(status);
        standstills = next > offset ? 0 : standstills + 1;
        if (standstills > STANDSTILLS_MAX || next > upload->total) {
            return slw_explain(upload->detail, SLW_UNAVAILABLE,
                               "%s: the upload doesn't get anywhere", upload->client->shown);
        }
        pause_after(standstills);
        offset = next;
    }
    return SLW_OK;
}

/*
 * "What is complete has its own length": while the service waits for more than this file has, as
 * much of other bytes is there, which are sent over.
 */
static enum slw_status send_all(struct upload *upload)
{
    uint64_t offset = 0;
    SLW_TRY(ask(upload, &offset));
    for (unsigned beginnings = 0; beginnings < BEGINNINGS_MAX; beginnings++) {
        SLW_TRY(send_rest(upload, offset));
        if (upload->total > upload->source->size) {
            SLW_TRY(ask(upload, &offset));
        }
        if (upload->total <= upload->source->size) {
            slw_progress_report(upload->progress, upload->source->size, upload->source->size);
            return SLW_OK;
        }
        offset = offset < upload->source->size ? offset : 0;
    }
    return slw_explain(upload->detail, SLW_WRONG_HASH, "%s: others upload other bytes in its place",
                       upload->client->shown);
}

enum slw_status slw_http_upload(struct slw_http_client *client, const char *path,
                                const struct slw_source *source, bool announces,
                                const struct slw_progress *progress, struct slw_detail *detail)
{
    struct upload upload = {.client = client,
                            .path = path,
                            .announces = announces,
                            .source = source,
                            .progress = progress,
                            .detail = detail};
    return send_all(&upload);
}
