/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of a bucket, page by page, whatever the server claims about them. */
#include "s3_list.h"

#include "sigv4.h"

#include "slipway/time_text.h"

#include <stdlib.h>
#include <string.h>

bool slw_s3_time_parse(struct slw_bytes text, int64_t *ret_utc_s)
{
    char line[24];
    if (text.len < 20 || text.len > 32 || text.ptr[text.len - 1] != 'Z' ||
        (text.ptr[19] != '.' && text.ptr[19] != 'Z')) {
        return false;
    }
    memcpy(line, text.ptr, 19);
    memcpy(line + 19, "Z", 2);
    return slw_time_parse(line, 0, ret_utc_s) == SLW_OK;
}

bool slw_s3_number_parse(struct slw_bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > (UINT64_MAX - 9) / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return text.len > 0;
}

bool slw_s3_field_take(struct slw_bytes text, struct slw_heap_buffer *ret_field)
{
    if (text.len > SLW_S3_KEY_MAX || (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)) {
        return false;
    }
    ret_field->len = 0;
    slw_heap_append(ret_field, text);
    return slw_heap_text(ret_field) != NULL && ret_field->status == SLW_OK;
}

struct page {
    struct slw_s3_client *client;
    const char *prefix;
    slw_s3_each *each;
    void *context;
    struct slw_detail *detail;
    struct slw_heap_buffer key; /* of the object that is being read */
    uint64_t size;
    int64_t modified_utc_s;
    unsigned fields; /* of it, which came: 1 key, 2 size, 4 time */
    bool is_list;
    bool is_truncated;
    struct slw_heap_buffer token;
};

static enum slw_status refuse(struct page *page, const char *why)
{
    return slw_explain(page->detail, SLW_UNAVAILABLE, "S3's list of %s: %s", page->prefix, why);
}

static enum slw_status give_object(struct page *page)
{
    const char *own = slw_s3_prefix(page->client);
    size_t own_len = strlen(own);
    const char *key = slw_heap_text(&page->key);
    if (page->fields != 7 || strncmp(key, own, own_len) != 0 ||
        strncmp(key + own_len, page->prefix, strlen(page->prefix)) != 0) {
        return refuse(page, "an object that wasn't asked for, or isn't whole");
    }
    page->fields = 0;
    return page->each(page->context, key + own_len, page->size, page->modified_utc_s);
}

static enum slw_status read_field(void *context, const char *path, struct slw_bytes text)
{
    struct page *page = context;
    bool good = true;
    if (strcmp(path, "ListBucketResult/Contents/Key") == 0) {
        good = slw_s3_field_take(text, &page->key);
        page->fields |= 1;
    } else if (strcmp(path, "ListBucketResult/Contents/Size") == 0) {
        good = slw_s3_number_parse(text, &page->size);
        page->fields |= 2;
    } else if (strcmp(path, "ListBucketResult/Contents/LastModified") == 0) {
        good = slw_s3_time_parse(text, &page->modified_utc_s);
        page->fields |= 4;
    } else if (strcmp(path, "ListBucketResult/Contents") == 0) {
        return give_object(page);
    } else if (strcmp(path, "ListBucketResult/IsTruncated") == 0) {
        page->is_truncated = slw_bytes_equal(text, SLW_BYTES_OF("true"));
    } else if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
        good = slw_s3_field_take(text, &page->token);
    } else if (strcmp(path, "ListBucketResult") == 0) {
        page->is_list = true;
    }
    return good ? SLW_OK : refuse(page, "a field that makes no sense");
}

/* "continuation-token=…&list-type=2&prefix=…" */
static void make_query(const struct page *page, struct slw_heap_buffer *query)
{
    const char *own = slw_s3_prefix(page->client);
    if (page->token.len > 0) {
        slw_heap_append_text(query, "continuation-token=");
        slw_sigv4_encode(slw_heap_bytes(&page->token), false, query);
        slw_heap_append_text(query, "&");
    }
    slw_heap_append_text(query, "list-type=2&prefix=");
    slw_sigv4_encode(slw_bytes_make(own, strlen(own)), false, query);
    slw_sigv4_encode(slw_bytes_make(page->prefix, strlen(page->prefix)), false, query);
}

enum slw_status slw_s3_ask_xml(struct slw_s3_client *client, struct slw_s3_request *request,
                               slw_s3_field *field, void *context, struct slw_detail *detail)
{
    request->limit = SLW_S3_ANSWER_MAX;
    enum slw_status status = slw_s3_run(client, request, detail);
    if (status == SLW_OK) {
        status = slw_s3_xml_read(slw_heap_bytes(&request->reply), field, context, detail);
        status = status == SLW_MALFORMED ? SLW_UNAVAILABLE : status;
    }
    slw_s3_request_free(request);
    return status;
}

static enum slw_status read_page(struct page *page)
{
    struct slw_heap_buffer query = {0};
    make_query(page, &query);
    struct slw_s3_request request = {.method = "GET", .query = slw_heap_text(&query)};
    page->is_truncated = false;
    page->is_list = false;
    page->token.len = 0;
    enum slw_status status =
        query.status != SLW_OK
            ? slw_explain_no_memory(page->detail)
            : slw_s3_ask_xml(page->client, &request, read_field, page, page->detail);
    if (status == SLW_OK && !page->is_list) {
        status = refuse(page, "not a list");
    }
    if (status == SLW_OK && page->is_truncated && page->token.len == 0) {
        status = refuse(page, "it goes on nowhere");
    }
    slw_heap_free(&query);
    return status;
}

enum slw_status slw_s3_list(struct slw_s3_client *client, const char *prefix, slw_s3_each *each,
                            void *context, struct slw_detail *detail)
{
    struct page page = {
        .client = client, .prefix = prefix, .each = each, .context = context, .detail = detail};
    enum slw_status status = read_page(&page);
    for (unsigned i = 0; status == SLW_OK && page.is_truncated; i++) {
        status = i == SLW_S3_PAGES_MAX ? refuse(&page, "it doesn't end") : read_page(&page);
    }
    slw_heap_free(&page.key);
    slw_heap_free(&page.token);
    return status;
}
