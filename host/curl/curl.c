/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when one of its functions is first called. With it come some thirty libraries
 * (LDAP, Kerberos, SSH, a second TLS): three quarters of the time that a program takes to start,
 * and nothing that who checks a bundle or holds a key should have in their memory. Each function
 * that is called anywhere stands here by its own name, so that callers include <curl/curl.h> and
 * know nothing of this; who calls one that is missing here can't be linked.
 *
 * Without the library curl_global_init() fails, nothing is ever made, and curl_easy_strerror()
 * tells why. A process that confines itself calls curl_global_init() before.
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* In curl.h macros that see to it that there are three arguments. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#ifndef SLW_LIBCURL /* a test names another one */
#define SLW_LIBCURL "libcurl.so.4"
#endif

/* CURLOPTTYPE_FUNCTIONPOINT and those above: what kind of argument an option has. */
#define KIND_SIZE 10000u

static struct {
    CURLcode (*global_init)(long);
    void (*global_cleanup)(void);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *);
    void (*easy_reset)(CURL *);
    CURLcode (*easy_perform)(CURL *);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    const char *(*easy_strerror)(CURLcode);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *);
    CURLMcode (*multi_add_handle)(CURLM *, CURL *);
    CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
    CURLMcode (*multi_perform)(CURLM *, int *);
    CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned, int, int *);
    CURLMcode (*multi_wakeup)(CURLM *);
    CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
    CURLMsg *(*multi_info_read)(CURLM *, int *);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
    CURLU *(*url)(void);
    void (*url_cleanup)(CURLU *);
    CURLUcode (*url_get)(CURLU *, CURLUPart, char **, unsigned);
    CURLUcode (*url_set)(CURLU *, CURLUPart, const char *, unsigned);
    void (*free)(void *);
} real;
static bool is_loaded;
static char why[256];

static const struct {
    const char *name;
    void *place; /* in real */
} symbols[] = {
    {"curl_global_init", &real.global_init},
    {"curl_global_cleanup", &real.global_cleanup},
    {"curl_easy_init", &real.easy_init},
    {"curl_easy_cleanup", &real.easy_cleanup},
    {"curl_easy_reset", &real.easy_reset},
    {"curl_easy_perform", &real.easy_perform},
    {"curl_easy_setopt", &real.easy_setopt},
    {"curl_easy_getinfo", &real.easy_getinfo},
    {"curl_easy_strerror", &real.easy_strerror},
    {"curl_multi_init", &real.multi_init},
    {"curl_multi_cleanup", &real.multi_cleanup},
    {"curl_multi_add_handle", &real.multi_add_handle},
    {"curl_multi_remove_handle", &real.multi_remove_handle},
    {"curl_multi_perform", &real.multi_perform},
    {"curl_multi_poll", &real.multi_poll},
    {"curl_multi_wakeup", &real.multi_wakeup},
    {"curl_multi_setopt", &real.multi_setopt},
    {"curl_multi_info_read", &real.multi_info_read},
    {"curl_slist_append", &real.slist_append},
    {"curl_slist_free_all", &real.slist_free_all},
    {"curl_url", &real.url},
    {"curl_url_cleanup", &real.url_cleanup},
    {"curl_url_get", &real.url_get},
    {"curl_url_set", &real.url_set},
    {"curl_free", &real.free},
};

static void load(void)
{
    void *library = dlopen(SLW_LIBCURL, RTLD_NOW | RTLD_LOCAL);
    bool is_whole = library != NULL;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0] && is_whole; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        memcpy(symbols[i].place, &symbol, sizeof symbol);
        is_whole = symbol != NULL;
    }
    if (!is_whole) {
        const char *error = dlerror();
        (void)snprintf(why, sizeof why, "%s", error == NULL ? SLW_LIBCURL " can't be used" : error);
    }
    is_loaded = is_whole;
}

static bool loaded(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    return is_loaded;
}

CURLcode curl_global_init(long flags)
{
    return loaded() ? real.global_init(flags) : CURLE_FAILED_INIT;
}

const char *curl_easy_strerror(CURLcode code)
{
    return loaded() ? real.easy_strerror(code) : why;
}

/* --- What makes something, or takes what may be NULL --- */

void curl_global_cleanup(void)
{
    if (is_loaded) {
        real.global_cleanup();
    }
}

CURL *curl_easy_init(void)
{
    return loaded() ? real.easy_init() : NULL;
}

void curl_easy_cleanup(CURL *easy)
{
    if (easy != NULL) {
        real.easy_cleanup(easy);
    }
}

CURLM *curl_multi_init(void)
{
    return loaded() ? real.multi_init() : NULL;
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
    return multi == NULL ? CURLM_BAD_HANDLE : real.multi_cleanup(multi);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    return loaded() ? real.slist_append(list, text) : NULL;
}

void curl_slist_free_all(struct curl_slist *list)
{
    if (list != NULL) {
        real.slist_free_all(list);
    }
}

CURLU *curl_url(void)
{
    return loaded() ? real.url() : NULL;
}

void curl_url_cleanup(CURLU *url)
{
    if (url != NULL) {
        real.url_cleanup(url);
    }
}

void curl_free(void *memory)
{
    if (memory != NULL) {
        real.free(memory);
    }
}

/* --- What takes something that was made --- */

void curl_easy_reset(CURL *easy)
{
    real.easy_reset(easy);
}

CURLcode curl_easy_perform(CURL *easy)
{
    return real.easy_perform(easy);
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    CURLcode code;
    va_list arguments;
    va_start(arguments, option);
    switch ((unsigned)option / KIND_SIZE * KIND_SIZE) {
    case CURLOPTTYPE_LONG:
        code = real.easy_setopt(easy, option, va_arg(arguments, long));
        break;
    case CURLOPTTYPE_OFF_T:
        code = real.easy_setopt(easy, option, va_arg(arguments, curl_off_t));
        break;
    case CURLOPTTYPE_FUNCTIONPOINT:
        code = real.easy_setopt(easy, option, va_arg(arguments, void (*)(void)));
        break;
    default:
        code = real.easy_setopt(easy, option, va_arg(arguments, void *));
        break;
    }
    va_end(arguments);
    return code;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list arguments;
    va_start(arguments, info);
    CURLcode code = real.easy_getinfo(easy, info, va_arg(arguments, void *));
    va_end(arguments);
    return code;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    return real.multi_add_handle(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    return real.multi_remove_handle(multi, easy);
}

CURLMcode curl_multi_perform(CURLM *multi, int *ret_running)
{
    return real.multi_perform(multi, ret_running);
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *more, unsigned more_count,
                          int timeout_ms, int *ret_count)
{
    return real.multi_poll(multi, more, more_count, timeout_ms, ret_count);
}

CURLMcode curl_multi_wakeup(CURLM *multi)
{
    return real.multi_wakeup(multi);
}

/* Numbers alone: nobody has a use for callbacks here. */
CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    CURLMcode code = (unsigned)option / KIND_SIZE * KIND_SIZE == CURLOPTTYPE_LONG
                         ? real.multi_setopt(multi, option, va_arg(arguments, long))
                         : CURLM_UNKNOWN_OPTION;
    va_end(arguments);
    return code;
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *ret_left)
{
    return real.multi_info_read(multi, ret_left);
}

CURLUcode curl_url_get(CURLU *url, CURLUPart part, char **ret_text, unsigned flags)
{
    return real.url_get(url, part, ret_text, flags);
}

CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned flags)
{
    return real.url_set(url, part, text, flags);
}
