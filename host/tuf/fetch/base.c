/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of mirrors and where they redirect to, parsed by libcurl as it will parse them later. */
#include "base.h"

#include "path.h"

#include <curl/curl.h>

#include <stdlib.h>
#include <strings.h>

/* A copy that free() takes; NULL when there is no such part, or no memory. */
static char *copy_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return NULL;
    }
    char *copy = strdup(text);
    curl_free(text);
    return copy;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, 0);
    curl_free(text);
    return code == CURLUE_OK;
}

/* Takes user and password out of the URL. */
static bool move_credentials(CURLU *url, struct slw_fetch_base *base)
{
    bool has_user = has_part(url, CURLUPART_USER);
    bool has_password = has_part(url, CURLUPART_PASSWORD);
    base->user = copy_part(url, CURLUPART_USER, CURLU_URLDECODE);
    base->password = copy_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
    return has_user == (base->user != NULL) && has_password == (base->password != NULL) &&
           curl_url_set(url, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
           curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK;
}

static void trim_slashes(char *text)
{
    size_t len = strlen(text);
    while (len > 1 && text[len - 1] == '/') {
        text[--len] = '\0';
    }
}

static bool take_apart(CURLU *url, const char *text, struct slw_fetch_base *base)
{
    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK || has_part(url, CURLUPART_QUERY) ||
        has_part(url, CURLUPART_FRAGMENT)) {
        return false;
    }
    char *scheme = copy_part(url, CURLUPART_SCHEME, 0);
    bool is_http = scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    base->is_directory = scheme != NULL && strcmp(scheme, "file") == 0;
    free(scheme);
    if (base->is_directory) {
        base->text = copy_part(url, CURLUPART_PATH, CURLU_URLDECODE);
    } else if (is_http && move_credentials(url, base)) {
        base->text = copy_part(url, CURLUPART_URL, 0);
    }
    if (base->text == NULL) {
        return false;
    }
    trim_slashes(base->text);
    return true;
}

static enum slw_status refuse(const char *text, struct slw_detail *detail)
{
    char shown[SLW_FETCH_SHOWN_SIZE];
    const char *at = strrchr(text, '@');
    slw_fetch_show(at == NULL ? text : at + 1, shown);
    return slw_explain(detail, SLW_BAD_ARGUMENT,
                       "%s: not an http:, https: or file: URL of a mirror", shown);
}

enum slw_status slw_fetch_base_parse(const char *url, struct slw_fetch_base *ret_base,
                                     struct slw_detail *detail)
{
    struct slw_fetch_base base = {0};
    CURLU *parts = curl_url();
    if (parts == NULL) {
        return slw_explain_no_memory(detail);
    }
    bool good = take_apart(parts, url, &base);
    curl_url_cleanup(parts);
    if (!good) {
        slw_fetch_base_free(&base);
        return refuse(url, detail);
    }
    *ret_base = base;
    return SLW_OK;
}

void slw_fetch_base_free(struct slw_fetch_base *base)
{
    if (base->password != NULL) {
        slw_wipe(base->password, strlen(base->password));
    }
    free(base->text);
    free(base->user);
    free(base->password);
    *base = (struct slw_fetch_base){0};
}

static bool is_same_part(CURLU *left, CURLU *right, CURLUPart part)
{
    char *one = NULL;
    char *other = NULL;
    bool same = curl_url_get(left, part, &one, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(right, part, &other, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                strcasecmp(one, other) == 0;
    curl_free(one);
    curl_free(other);
    return same;
}

/* RFC 9110, 4.3.1: an origin is "the triple of scheme, host, and port". */
static bool is_same_origin(CURLU *left, CURLU *right)
{
    return is_same_part(left, right, CURLUPART_SCHEME) &&
           is_same_part(left, right, CURLUPART_HOST) && is_same_part(left, right, CURLUPART_PORT);
}

static bool follow(CURLU *origin, CURLU *target, const char *from, const char *location,
                   struct slw_heap_buffer *ret_url, const char **ret_problem)
{
    unsigned flags = CURLU_PATH_AS_IS | CURLU_DISALLOW_USER;
    *ret_problem = "redirected to what isn't a URL";
    if (curl_url_set(origin, CURLUPART_URL, from, flags) != CURLUE_OK ||
        curl_url_set(target, CURLUPART_URL, from, flags) != CURLUE_OK ||
        curl_url_set(target, CURLUPART_URL, location, flags) != CURLUE_OK ||
        curl_url_set(target, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK) {
        return false;
    }
    if (!is_same_origin(origin, target)) {
        *ret_problem = "redirected to another scheme, host or port";
        return false;
    }
    char *url = copy_part(target, CURLUPART_URL, 0);
    if (url == NULL) {
        return false;
    }
    slw_heap_append_text(ret_url, url);
    free(url);
    return true;
}

bool slw_fetch_redirect(const char *from, const char *location, struct slw_heap_buffer *ret_url,
                        const char **ret_problem)
{
    CURLU *origin = curl_url();
    CURLU *target = curl_url();
    *ret_problem = "out of memory";
    bool followed = origin != NULL && target != NULL &&
                    follow(origin, target, from, location, ret_url, ret_problem);
    curl_url_cleanup(origin);
    curl_url_cleanup(target);
    return followed;
}
