/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client: whom it speaks to, and as whom. See slipway/http_client.h. */
#include "client.h"

#include "slipway/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONNECT_TIMEOUT_MS 10000u
#define ATTEMPTS 5u
#define TOKEN_SIZE_MAX 512u

static bool copy_text(const char *text, char **ret_copy)
{
    *ret_copy = strdup(text);
    return *ret_copy != NULL;
}

static bool copy_if_given(const char *text, char **ret_copy)
{
    *ret_copy = NULL;
    return text == NULL || copy_text(text, ret_copy);
}

/* Whether what stands behind "http://" is this machine. */
static bool is_here(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "[::1]", "localhost"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        if (strncmp(host, names[i], len) == 0 && (host[len] == '\0' || strchr(":/", host[len]))) {
            return true;
        }
    }
    return false;
}

/* "https://HOST[:PORT]" without anything behind it, or "unix:PATH". */
static enum slw_status take_url(struct slw_http_client *client,
                                const struct slw_http_client_settings *settings,
                                struct slw_detail *detail)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]";
    const char *url = settings->url;
    bool copied = copy_text(url, &client->shown);
    client->protocol = "http";
    if (strncmp(url, "unix:/", 6) == 0) {
        copied = copied && copy_text(url + 5, &client->socket) &&
                 copy_text("http://localhost", &client->base);
        return copied ? SLW_OK : slw_explain_no_memory(detail);
    }
    bool is_secure = strncmp(url, "https://", 8) == 0;
    bool is_plain = settings->allows_plain && strncmp(url, "http://", 7) == 0 && is_here(url + 7);
    size_t head = is_secure ? 8 : 7;
    size_t len = strlen(url);
    len -= len > head && url[len - 1] == '/' ? 1 : 0;
    if ((!is_secure && !is_plain) || len == head || strspn(url + head, allowed) != len - head) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: neither https://HOST[:PORT] nor unix:/PATH%s", url,
                           settings->allows_plain ? ", nor http:// on this machine" : "");
    }
    client->protocol = is_secure ? "https" : "http";
    client->base = strndup(url, len);
    return copied && client->base != NULL ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status slw_http_client_set_token(struct slw_http_client *client, const char *token,
                                          struct slw_detail *detail)
{
    size_t len = token == NULL ? 0 : strlen(token);
    for (size_t i = 0; i < len; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "a token has printable characters alone");
        }
    }
    size_t size = len + sizeof "Authorization: Bearer ";
    char *line = token == NULL ? NULL : malloc(size);
    if (token != NULL && line == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (client->authorization != NULL) {
        explicit_bzero(client->authorization, strlen(client->authorization));
        free(client->authorization);
    }
    client->authorization = line;
    if (line != NULL) {
        (void)snprintf(line, size, "Authorization: Bearer %s", token);
    }
    return SLW_OK;
}

static enum slw_status read_token(struct slw_http_client *client, const char *path,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct stat facts;
    if (stat(path, &facts) != 0) {
        return slw_explain_errno(detail, path);
    }
    if (S_ISREG(facts.st_mode) && (facts.st_mode & 077) != 0) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "%s: others may read it; a token's file must have mode 0600", path);
    }
    SLW_TRY(slw_file_read(path, TOKEN_SIZE_MAX, &text, detail));
    char token[TOKEN_SIZE_MAX + 1] = "";
    size_t len = strcspn(slw_heap_text(&text), "\r\n");
    memcpy(token, slw_heap_text(&text), len);
    token[len] = '\0';
    enum slw_status status = token[0] == '\0'
                                 ? slw_explain(detail, SLW_BAD_ARGUMENT, "%s: has no token", path)
                                 : slw_http_client_set_token(client, token, detail);
    explicit_bzero(token, sizeof token);
    slw_heap_free(&text);
    return status;
}

static enum slw_status take_settings(struct slw_http_client *client,
                                     const struct slw_http_client_settings *settings,
                                     struct slw_detail *detail)
{
    SLW_TRY(take_url(client, settings, detail));
    if (settings->certificate_file != NULL && settings->key_file == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: a client certificate without its key",
                           settings->certificate_file);
    }
    client->connect_timeout_ms =
        settings->connect_timeout_ms != 0 ? settings->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    client->attempts = settings->attempts != 0 ? settings->attempts : ATTEMPTS;
    client->curl = curl_easy_init();
    bool good = client->curl != NULL && copy_if_given(settings->ca_file, &client->ca_file) &&
                copy_if_given(settings->certificate_file, &client->certificate_file) &&
                copy_if_given(settings->key_file, &client->key_file);
    if (!good) {
        return slw_explain_no_memory(detail);
    }
    return settings->token_file == NULL ? SLW_OK : read_token(client, settings->token_file, detail);
}

enum slw_status slw_http_client_new(const struct slw_http_client_settings *settings,
                                    struct slw_http_client **ret_client, struct slw_detail *detail)
{
    struct slw_http_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return slw_explain_no_memory(detail);
    }
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        free(client);
        return slw_explain(detail, SLW_UNAVAILABLE, "libcurl: %s", curl_easy_strerror(code));
    }
    enum slw_status status = take_settings(client, settings, detail);
    if (status != SLW_OK) {
        slw_http_client_free(client);
        return status;
    }
    *ret_client = client;
    return SLW_OK;
}

void slw_http_client_free(struct slw_http_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->curl != NULL) {
        curl_easy_cleanup(client->curl);
    }
    if (client->authorization != NULL) {
        explicit_bzero(client->authorization, strlen(client->authorization));
    }
    free(client->authorization);
    free(client->base);
    free(client->shown);
    free(client->socket);
    free(client->ca_file);
    free(client->certificate_file);
    free(client->key_file);
    free(client);
    curl_global_cleanup();
}

const char *slw_http_client_shown(const struct slw_http_client *client)
{
    return client->shown;
}
