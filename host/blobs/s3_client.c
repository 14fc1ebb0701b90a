/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the bucket, and what is asked again when: the part of the S3 client that isn't one
 * exchange (s3_exchange.c).
 */
#include "s3_exchange.h"
#include "s3_xml.h"

#include "slipway/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 30000u
#define PAUSE_FIRST_MS 50u
#define PAUSE_MOST_MS 2000u
#define SECRET_MAX 255u

static bool is_plain(const char *text, size_t max, const char *more)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && strchr(more, c) == NULL) {
            return false;
        }
    }
    return len > 0 && len <= max;
}

/* "http://HOST:PORT" or "https://HOST", and no path. */
static enum slw_status check_endpoint(const char *endpoint, const char **ret_authority,
                                      struct slw_detail *detail)
{
    bool is_http = strncmp(endpoint, "http://", 7) == 0;
    const char *authority = is_http ? endpoint + 7 : endpoint + 8;
    if ((!is_http && strncmp(endpoint, "https://", 8) != 0) ||
        !is_plain(authority, 255, ".-_:[]")) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not http(s)://HOST:PORT", endpoint);
    }
    *ret_authority = authority;
    return SLW_OK;
}

static enum slw_status check_settings(const struct slw_blobs_s3 *settings,
                                      const char **ret_authority, struct slw_detail *detail)
{
    const char *prefix = settings->prefix == NULL ? "" : settings->prefix;
    if (settings->endpoint == NULL || settings->region == NULL || settings->bucket == NULL ||
        settings->access_key == NULL || settings->secret_file == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "S3 needs endpoint, region, bucket, access key and secret file");
    }
    SLW_TRY(check_endpoint(settings->endpoint, ret_authority, detail));
    if (!is_plain(settings->bucket, 63, ".-_") || settings->bucket[0] == '.') {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not the name of a bucket",
                           settings->bucket);
    }
    if (!is_plain(settings->region, 63, "-_") || !is_plain(settings->access_key, 200, "-_:.=@+")) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "not a region and an access key of S3");
    }
    if (prefix[0] != '\0' && (!is_plain(prefix, 256, "-_./") || prefix[0] == '/' ||
                              strstr(prefix, "..") != NULL || strstr(prefix, "//") != NULL)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a prefix of keys", prefix);
    }
    return SLW_OK;
}

static enum slw_status check_private(const char *path, struct slw_detail *detail)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        return slw_explain_errno(detail, path);
    }
    if ((about.st_mode & 077) != 0) {
        return slw_explain(detail, SLW_IO, "%s: others can read it (chmod 600)", path);
    }
    return SLW_OK;
}

static enum slw_status read_secret(struct slw_s3_client *client, const char *path,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    SLW_TRY(check_private(path, detail));
    enum slw_status status = slw_file_read(path, SECRET_MAX + 1, &text, detail);
    if (status == SLW_OK) {
        const char *secret = slw_heap_text(&text);
        size_t len = strcspn(secret, "\r\n");
        if (len == 0 || len > SECRET_MAX || text.len > len + 2 || strlen(secret) != text.len) {
            status =
                slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not one line with a secret key", path);
        } else {
            memcpy(client->secret_key, secret, len);
        }
    }
    slw_heap_free(&text);
    return status;
}

static enum slw_status copy_settings(struct slw_s3_client *client,
                                     const struct slw_blobs_s3 *settings, struct slw_detail *detail)
{
    const char *authority = NULL;
    SLW_TRY(check_settings(settings, &authority, detail));
    client->timeout_ms = settings->timeout_ms == 0 ? TIMEOUT_MS : settings->timeout_ms;
    client->endpoint = strdup(settings->endpoint);
    client->authority =
        client->endpoint == NULL ? NULL : client->endpoint + (authority - settings->endpoint);
    client->region = strdup(settings->region);
    client->bucket = strdup(settings->bucket);
    client->prefix = strdup(settings->prefix == NULL ? "" : settings->prefix);
    client->access_key = strdup(settings->access_key);
    client->ca_file = settings->ca_file == NULL ? NULL : strdup(settings->ca_file);
    if (client->endpoint == NULL || client->region == NULL || client->bucket == NULL ||
        client->prefix == NULL || client->access_key == NULL ||
        (settings->ca_file != NULL && client->ca_file == NULL)) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(read_secret(client, settings->secret_file, detail));
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    client->is_global = code == CURLE_OK;
    return code == CURLE_OK
               ? SLW_OK
               : slw_explain(detail, SLW_UNAVAILABLE, "libcurl: %s", curl_easy_strerror(code));
}

enum slw_status slw_s3_client_open(const struct slw_blobs_s3 *settings,
                                   struct slw_s3_client **ret_client, struct slw_detail *detail)
{
    struct slw_s3_client *client = calloc(1, sizeof *client);
    if (client == NULL || pthread_mutex_init(&client->mutex, NULL) != 0) {
        free(client);
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = copy_settings(client, settings, detail);
    if (status != SLW_OK) {
        slw_s3_client_close(client);
        return status;
    }
    *ret_client = client;
    return SLW_OK;
}

void slw_s3_client_close(struct slw_s3_client *client)
{
    if (client == NULL) {
        return;
    }
    for (size_t i = 0; i < client->handles_count; i++) {
        curl_easy_cleanup(client->handles[i]);
    }
    if (client->is_global) {
        curl_global_cleanup();
    }
    (void)pthread_mutex_destroy(&client->mutex);
    slw_wipe(client->secret_key, sizeof client->secret_key);
    free(client->endpoint);
    free(client->region);
    free(client->bucket);
    free(client->prefix);
    free(client->access_key);
    free(client->ca_file);
    free(client);
}

const char *slw_s3_prefix(const struct slw_s3_client *client)
{
    return client->prefix;
}

void slw_s3_request_free(struct slw_s3_request *request)
{
    slw_heap_drop(&request->reply);
}

/* What an <Error> says. */
struct complaint {
    char code[64];
    char message[200];
};

static void copy_line(char *place, size_t size, struct slw_bytes text)
{
    size_t len = text.len < size - 1 ? slw_utf8_cut(text, size - 1) : text.len;
    for (size_t i = 0; i < len; i++) {
        place[i] = (char)(text.ptr[i] < ' ' || text.ptr[i] == 127 ? '?' : text.ptr[i]);
    }
    place[len] = '\0';
}

static enum slw_status note_complaint(void *context, const char *path, struct slw_bytes text)
{
    struct complaint *complaint = context;
    if (strcmp(path, "Error/Code") == 0) {
        copy_line(complaint->code, sizeof complaint->code, text);
    } else if (strcmp(path, "Error/Message") == 0) {
        copy_line(complaint->message, sizeof complaint->message, text);
    }
    return SLW_OK;
}

static enum slw_status status_of(const struct slw_s3_request *request,
                                 const struct complaint *complaint)
{
    bool is_full = strstr(complaint->code, "Quota") != NULL || request->http_status == 507;
    if (request->http_status == 404 && request->key != NULL &&
        strcmp(complaint->code, "NoSuchBucket") != 0) {
        return SLW_NOT_FOUND;
    }
    if (request->http_status == 412 || request->http_status == 409) {
        return SLW_WRONG_STATE;
    }
    if (request->http_status == 501) {
        return SLW_BAD_ARGUMENT;
    }
    return is_full ? SLW_NO_SPACE : SLW_UNAVAILABLE;
}

/* Whether it may be otherwise in a moment. */
static bool is_passing(const struct slw_s3_request *request, const struct complaint *complaint)
{
    return request->http_status == 429 || request->http_status == 500 ||
           request->http_status == 502 || request->http_status == 503 ||
           request->http_status == 504 || strcmp(complaint->code, "RequestTimeout") == 0;
}

static enum slw_status conclude(const struct slw_s3_client *client, struct slw_s3_request *request,
                                bool *ret_again, struct slw_detail *detail)
{
    struct complaint complaint = {"", ""};
    struct slw_detail ignored = {""};
    if (request->http_status >= 200 && request->http_status < 300) {
        return SLW_OK;
    }
    if (request->reply.len > 0) {
        (void)!slw_s3_xml_read(slw_heap_bytes(&request->reply), note_complaint, &complaint,
                               &ignored);
    }
    *ret_again = is_passing(request, &complaint);
    return slw_explain(detail, status_of(request, &complaint),
                       "%s/%s: %s %s: HTTP status %ld%s%s%s%s", client->endpoint, client->bucket,
                       request->method, request->key == NULL ? "the bucket" : request->key,
                       request->http_status, complaint.code[0] == '\0' ? "" : ", ", complaint.code,
                       complaint.message[0] == '\0' ? "" : ": ", complaint.message);
}

/* Half of the pause, and a random part of the other half, so that clients don't come all at once.
 */
static void pause_about(uint32_t ms)
{
    uint32_t random = 0;
    (void)!getrandom(&random, sizeof random, 0);
    uint32_t wait_ms = ms / 2 + random % (ms / 2 + 1);
    struct timespec time = {.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
}

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum slw_status slw_s3_run(struct slw_s3_client *client, struct slw_s3_request *request,
                           struct slw_detail *detail)
{
    uint32_t wait_ms = PAUSE_FIRST_MS;
    int64_t give_up_ms = now_ms() + 2 * (int64_t)client->timeout_ms;
    enum slw_status status = SLW_UNAVAILABLE;
    for (unsigned attempt = 1; attempt <= SLW_S3_ATTEMPTS; attempt++) {
        bool again = false;
        status = slw_s3_exchange(client, request, &again, detail);
        if (status == SLW_OK) {
            status = conclude(client, request, &again, detail);
        }
        if (status == SLW_OK || !again || request->once || now_ms() >= give_up_ms) {
            return status;
        }
        if (attempt < SLW_S3_ATTEMPTS) {
            pause_about(wait_ms);
            wait_ms = wait_ms * 2 < PAUSE_MOST_MS ? wait_ms * 2 : PAUSE_MOST_MS;
        }
    }
    return status;
}
