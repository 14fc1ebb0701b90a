/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the signing service: what may be asked of it. See slipway/signer_client.h. */
#include "slipway/signer_client.h"

#include "slipway/explain.h"
#include "slipway/http_client.h"
#include "slipway/json_reader.h"
#include "slipway/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SIGNER_PATH_SIZE_MAX 512u
#define POLL_FIRST_MS 50u
#define POLL_MOST_MS 2000u

struct slw_signer_client {
    struct slw_http_client *http;
};

enum slw_status slw_signer_client_new(const struct slw_signer_client_settings *settings,
                                      struct slw_signer_client **ret_client,
                                      struct slw_detail *detail)
{
    const struct slw_http_client_settings http = {
        .url = settings->url,
        .ca_file = settings->ca_file,
        .certificate_file = settings->certificate_file,
        .key_file = settings->key_file,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .attempts = settings->attempts,
    };
    struct slw_signer_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = slw_http_client_new(&http, &client->http, detail);
    if (status != SLW_OK) {
        free(client);
        return status;
    }
    *ret_client = client;
    return SLW_OK;
}

void slw_signer_client_free(struct slw_signer_client *client)
{
    if (client != NULL) {
        slw_http_client_free(client->http);
        free(client);
    }
}

static bool hex_digest(struct slw_bytes text, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    if (text.len != 2 * sizeof digest) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char *found = memchr(digits, text.ptr[i], 16);
        if (found == NULL) {
            return false;
        }
        digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (uint8_t)(found - digits));
    }
    memcpy(ret_digest, digest, sizeof digest);
    return true;
}

/* `{"id":HEX,"state":…}`, which a refusal may have, too. */
static bool read_receipt(const struct slw_http_call *call, struct slw_signer_receipt *ret_receipt,
                         struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_signer_receipt receipt = {0};
    if (slw_json_parse("answer", slw_heap_bytes(&call->answer), &json, detail) != SLW_OK) {
        return false;
    }
    uint32_t id = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("id"));
    uint32_t state = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("state"));
    bool good = hex_digest(slw_json_string(&json, id), receipt.id) &&
                slw_signer_state_find(slw_json_string(&json, state), &receipt.state);
    slw_json_document_free(&json);
    if (good) {
        *ret_receipt = receipt;
    }
    return good;
}

static enum slw_status explain_nonsense(const struct slw_signer_client *client,
                                        struct slw_detail *detail)
{
    return slw_explain(detail, SLW_UNAVAILABLE, "%s: an answer that isn't one of the service's",
                       slw_http_client_shown(client->http));
}

enum slw_status slw_signer_client_submit(struct slw_signer_client *client,
                                         struct slw_bytes envelope,
                                         struct slw_signer_receipt *ret_receipt,
                                         struct slw_detail *detail)
{
    struct slw_http_call call = {.method = "POST",
                                 .path = "/v1/statements",
                                 .body = envelope,
                                 .limit = SLW_SIGNER_JSON_SIZE_MAX};
    struct slw_detail unused;
    *ret_receipt = (struct slw_signer_receipt){0};
    enum slw_status status = slw_http_call_run(client->http, &call, detail);
    bool known = status == SLW_OK && read_receipt(&call, ret_receipt, &unused);
    if (status == SLW_OK && call.http_status != 202) {
        status = slw_http_call_refusal(client->http, &call, detail);
    } else if (status == SLW_OK && !known) {
        status = explain_nonsense(client, detail);
    }
    slw_heap_drop(&call.answer);
    return status;
}

/* Appends the body of a GET. */
static enum slw_status get(struct slw_signer_client *client, const char *path, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct slw_http_call call = {
        .method = "GET",
        .path = path,
        .limit = limit > SLW_SIGNER_DETAIL_SIZE_MAX * 8 ? limit : SLW_SIGNER_DETAIL_SIZE_MAX * 8};
    enum slw_status status = slw_http_call_run(client->http, &call, detail);
    if (status == SLW_OK && call.http_status != 200) {
        status = slw_http_call_refusal(client->http, &call, detail);
    } else if (status == SLW_OK && call.answer.len > limit) {
        status = slw_explain(detail, SLW_TOO_LARGE, "%s: %s: more than %zu bytes",
                             slw_http_client_shown(client->http), path, limit);
    } else if (status == SLW_OK) {
        slw_heap_append(ret_bytes, slw_heap_bytes(&call.answer));
        status = ret_bytes->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_drop(&call.answer);
    return status;
}

#define HEX_SIZE (2 * SLW_SHA256_SIZE + 1)

enum slw_status slw_signer_client_show(struct slw_signer_client *client,
                                       const uint8_t id[static SLW_SHA256_SIZE],
                                       struct slw_heap_buffer *ret_json, struct slw_detail *detail)
{
    char hex[HEX_SIZE];
    char path[SIGNER_PATH_SIZE_MAX];
    slw_text_hex(slw_bytes_make(id, SLW_SHA256_SIZE), hex);
    (void)snprintf(path, sizeof path, "/v1/requests/%s", hex);
    return get(client, path, SLW_SIGNER_JSON_SIZE_MAX, ret_json, detail);
}

enum slw_status slw_signer_client_list(struct slw_signer_client *client, const uint8_t *after,
                                       uint32_t limit, struct slw_heap_buffer *ret_json,
                                       struct slw_detail *detail)
{
    char hex[HEX_SIZE] = "";
    char path[SIGNER_PATH_SIZE_MAX];
    if (after != NULL) {
        slw_text_hex(slw_bytes_make(after, SLW_SHA256_SIZE), hex);
    }
    (void)snprintf(path, sizeof path, "/v1/requests?limit=%" PRIu32 "%s%s", limit,
                   after != NULL ? "&after=" : "", hex);
    return get(client, path, SLW_SIGNER_JSON_SIZE_MAX, ret_json, detail);
}

enum slw_status slw_signer_client_blob(struct slw_signer_client *client,
                                       const uint8_t id[static SLW_SHA256_SIZE],
                                       enum slw_signer_blob which, size_t limit,
                                       struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    char hex[HEX_SIZE];
    char path[SIGNER_PATH_SIZE_MAX];
    slw_text_hex(slw_bytes_make(id, SLW_SHA256_SIZE), hex);
    (void)snprintf(path, sizeof path, "/v1/requests/%s/%s", hex, slw_signer_blob_name(which));
    return get(client, path, limit, ret_bytes, detail);
}

enum slw_status slw_signer_client_log(struct slw_signer_client *client, const char *path,
                                      size_t limit, struct slw_heap_buffer *ret_bytes,
                                      struct slw_detail *detail)
{
    char whole[SIGNER_PATH_SIZE_MAX];
    int len = snprintf(whole, sizeof whole, "/v1/log/%s", path);
    if (len < 0 || (size_t)len >= sizeof whole) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a path of a log", path);
    }
    return get(client, whole, limit, ret_bytes, detail);
}

static enum slw_status read_state(const struct slw_signer_client *client, struct slw_bytes text,
                                  enum slw_signer_state *ret_state, struct slw_detail *detail)
{
    struct slw_json_document json;
    if (slw_json_parse("answer", text, &json, detail) != SLW_OK) {
        return explain_nonsense(client, detail);
    }
    uint32_t state = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("state"));
    bool good = slw_signer_state_find(slw_json_string(&json, state), ret_state);
    slw_json_document_free(&json);
    return good ? SLW_OK : explain_nonsense(client, detail);
}

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_final(enum slw_signer_state state)
{
    return state == SLW_SIGNER_SIGNED || state == SLW_SIGNER_REFUSED || state == SLW_SIGNER_EXPIRED;
}

enum slw_status slw_signer_client_wait(struct slw_signer_client *client,
                                       const uint8_t id[static SLW_SHA256_SIZE], uint32_t timeout_s,
                                       enum slw_signer_state *ret_state,
                                       struct slw_heap_buffer *ret_json, struct slw_detail *detail)
{
    int64_t deadline_ms = monotonic_ms() + (int64_t)timeout_s * 1000;
    uint32_t wait_ms = POLL_FIRST_MS;
    size_t before = ret_json->len;
    for (;;) {
        ret_json->len = before;
        SLW_TRY(slw_signer_client_show(client, id, ret_json, detail));
        struct slw_bytes text = slw_bytes_make(ret_json->ptr + before, ret_json->len - before);
        SLW_TRY(read_state(client, text, ret_state, detail));
        if (is_final(*ret_state) || monotonic_ms() >= deadline_ms) {
            return SLW_OK;
        }
        struct timespec time = {.tv_sec = wait_ms / 1000,
                                .tv_nsec = (long)(wait_ms % 1000) * 1000000};
        (void)nanosleep(&time, NULL);
        wait_ms = 2 * wait_ms < POLL_MOST_MS ? 2 * wait_ms : POLL_MOST_MS;
    }
}

enum slw_status slw_signer_client_upload(struct slw_signer_client *client,
                                         const uint8_t sha256[static SLW_SHA256_SIZE],
                                         const struct slw_source *source,
                                         const struct slw_progress *progress,
                                         struct slw_detail *detail)
{
    char path[SIGNER_PATH_SIZE_MAX];
    int len = snprintf(path, sizeof path, "/v1/staged/");
    slw_text_hex(slw_bytes_make(sha256, SLW_SHA256_SIZE), path + len);
    return slw_http_upload(client->http, path, source, false, progress, detail);
}
