/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in parts (multipart uploads), and away with those that a killed process left. */
#include "s3_list.h"
#include "sigv4.h"

#include <inttypes.h>
#include <string.h>

static enum slw_status note_id(void *context, const char *path, struct slw_bytes text)
{
    struct slw_heap_buffer *query = context;
    if (strcmp(path, "InitiateMultipartUploadResult/UploadId") == 0 && query->len == 0 &&
        text.len > 0 && text.len <= SLW_S3_UPLOAD_ID_MAX) {
        slw_heap_append_text(query, "uploadId=");
        slw_sigv4_encode(text, false, query);
    }
    return SLW_OK;
}

enum slw_status slw_s3_parts_begin(struct slw_s3_client *client, const char *key,
                                   struct slw_s3_parts *ret_parts, struct slw_detail *detail)
{
    struct slw_s3_request request = {.method = "POST", .key = key, .query = "uploads="};
    struct slw_heap_buffer query = {0};
    enum slw_status status = slw_s3_ask_xml(client, &request, note_id, &query, detail);
    if (status == SLW_OK && (query.len == 0 || query.status != SLW_OK)) {
        status = slw_explain(detail, SLW_UNAVAILABLE, "%s: S3 didn't begin an upload", key);
    }
    if (status != SLW_OK) {
        slw_heap_free(&query);
        return status;
    }
    *ret_parts = (struct slw_s3_parts){.client = client, .key = key, .query = query};
    return SLW_OK;
}

static void note_part(struct slw_s3_parts *parts, unsigned number, const char *etag)
{
    slw_heap_printf(&parts->list, "<Part><PartNumber>%u</PartNumber><ETag>", number);
    slw_s3_xml_escape(slw_bytes_make(etag, strlen(etag)), &parts->list);
    slw_heap_append_text(&parts->list, "</ETag></Part>");
}

enum slw_status slw_s3_parts_add(struct slw_s3_parts *parts, struct slw_bytes bytes,
                                 struct slw_detail *detail)
{
    struct slw_heap_buffer query = {0};
    unsigned number = parts->count + 1;
    slw_heap_printf(&query, "partNumber=%u&%s", number, slw_heap_text(&parts->query));
    struct slw_s3_request request = {
        .method = "PUT", .key = parts->key, .query = slw_heap_text(&query), .body = bytes};
    enum slw_status status = query.status != SLW_OK
                                 ? slw_explain_no_memory(detail)
                                 : slw_s3_run_put(parts->client, &request, detail);
    if (status == SLW_OK && request.etag[0] == '\0') {
        status = slw_explain(detail, SLW_UNAVAILABLE, "%s: S3 gave a part no ETag", parts->key);
    }
    if (status == SLW_OK) {
        note_part(parts, number, request.etag);
        parts->count = number;
        parts->size += bytes.len;
    }
    slw_s3_request_free(&request);
    slw_heap_free(&query);
    return status;
}

/* "Amazon S3 can return 200 OK [...] and then the error occurs": it is in the body. */
static enum slw_status note_completed(void *context, const char *path, struct slw_bytes text)
{
    bool *completed = context;
    (void)text;
    if (strcmp(path, "CompleteMultipartUploadResult") == 0) {
        *completed = true;
    }
    return SLW_OK;
}

/* The answer may have been lost on the way: the object itself tells. */
static enum slw_status check_result(const struct slw_s3_parts *parts, struct slw_detail *detail)
{
    uint64_t size = 0;
    SLW_TRY(slw_s3_size(parts->client, parts->key, &size, NULL, detail));
    if (size != parts->size) {
        return slw_explain(detail, SLW_UNAVAILABLE, "%s: of %" PRIu64 " bytes S3 has %" PRIu64,
                           parts->key, parts->size, size);
    }
    return SLW_OK;
}

enum slw_status slw_s3_parts_complete(struct slw_s3_parts *parts, struct slw_detail *detail)
{
    struct slw_heap_buffer body = {0};
    bool completed = false;
    slw_heap_append_text(
        &body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    slw_heap_append(&body, slw_heap_bytes(&parts->list));
    slw_heap_append_text(&body, "</CompleteMultipartUpload>");
    struct slw_s3_request request = {.method = "POST",
                                     .key = parts->key,
                                     .query = slw_heap_text(&parts->query),
                                     .body = slw_heap_bytes(&body)};
    enum slw_status status =
        body.status != SLW_OK || parts->list.status != SLW_OK
            ? slw_explain_no_memory(detail)
            : slw_s3_ask_xml(parts->client, &request, note_completed, &completed, detail);
    slw_heap_drop(&body);
    if (status == SLW_OK && !completed) {
        status = slw_explain(detail, SLW_UNAVAILABLE, "%s: S3 didn't put the parts together",
                             parts->key);
    }
    /* An upload that isn't known any more was completed by an attempt whose answer was lost. */
    if (status == SLW_OK || status == SLW_NOT_FOUND) {
        status = check_result(parts, detail);
    }
    if (status == SLW_OK) {
        parts->query.len = 0;
    }
    return status;
}

static enum slw_status abort_upload(struct slw_s3_client *client, const char *key,
                                    const char *query, struct slw_detail *detail)
{
    struct slw_s3_request request = {.method = "DELETE", .key = key, .query = query};
    enum slw_status status = slw_s3_run(client, &request, detail);
    slw_s3_request_free(&request);
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

void slw_s3_parts_end(struct slw_s3_parts *parts)
{
    struct slw_detail ignored = {""};
    if (parts->query.len > 0) {
        /* What can't be aborted now is when it is old. */
        (void)!abort_upload(parts->client, parts->key, slw_heap_text(&parts->query), &ignored);
    }
    slw_heap_free(&parts->query);
    slw_heap_free(&parts->list);
}

/* One upload of the list. */
struct old {
    struct slw_s3_client *client;
    const char *prefix;
    int64_t before_utc_s;
    struct slw_detail *detail;
    struct slw_heap_buffer key;
    struct slw_heap_buffer query;
    int64_t began_utc_s;
    unsigned fields;
};

static enum slw_status abort_if_old(struct old *old)
{
    const char *own = slw_s3_prefix(old->client);
    const char *key = slw_heap_text(&old->key);
    size_t own_len = strlen(own);
    bool is_ours = old->fields == 7 && strncmp(key, own, own_len) == 0 &&
                   strncmp(key + own_len, old->prefix, strlen(old->prefix)) == 0;
    old->fields = 0;
    if (!is_ours || old->began_utc_s >= old->before_utc_s) {
        return SLW_OK;
    }
    return abort_upload(old->client, key + own_len, slw_heap_text(&old->query), old->detail);
}

static enum slw_status read_old(void *context, const char *path, struct slw_bytes text)
{
    struct old *old = context;
    if (strcmp(path, "ListMultipartUploadsResult/Upload/Key") == 0) {
        old->fields |= slw_s3_field_take(text, &old->key) ? 1 : 0;
    } else if (strcmp(path, "ListMultipartUploadsResult/Upload/UploadId") == 0) {
        old->query.len = 0;
        slw_heap_append_text(&old->query, "uploadId=");
        slw_sigv4_encode(text, false, &old->query);
        old->fields |= 2;
    } else if (strcmp(path, "ListMultipartUploadsResult/Upload/Initiated") == 0) {
        old->fields |= slw_s3_time_parse(text, &old->began_utc_s) ? 4 : 0;
    } else if (strcmp(path, "ListMultipartUploadsResult/Upload") == 0) {
        return abort_if_old(old);
    }
    return SLW_OK;
}

enum slw_status slw_s3_parts_abort_old(struct slw_s3_client *client, const char *prefix,
                                       int64_t before_utc_s, struct slw_detail *detail)
{
    struct old old = {
        .client = client, .prefix = prefix, .before_utc_s = before_utc_s, .detail = detail};
    struct slw_heap_buffer query = {0};
    const char *own = slw_s3_prefix(client);
    slw_heap_append_text(&query, "prefix=");
    slw_sigv4_encode(slw_bytes_make(own, strlen(own)), false, &query);
    slw_sigv4_encode(slw_bytes_make(prefix, strlen(prefix)), false, &query);
    slw_heap_append_text(&query, "&uploads=");
    /* The first thousand; the next ones are for the next time. */
    struct slw_s3_request request = {.method = "GET", .query = slw_heap_text(&query)};
    enum slw_status status = query.status != SLW_OK
                                 ? slw_explain_no_memory(detail)
                                 : slw_s3_ask_xml(client, &request, read_old, &old, detail);
    slw_heap_free(&query);
    slw_heap_free(&old.key);
    slw_heap_free(&old.query);
    return status;
}
