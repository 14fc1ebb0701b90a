/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: the one that a URI names, opened by its first key and closed by its last. Called by
 * open.c and generate.c.
 *
 * What a token is remembered by stays when it is closed, with the PIN that it refused.
 */
#include "internal.h"

#include <stdlib.h>

#define TOKENS_MAX 64u

/* Guards the lists of tokens and of modules, and how many use each. Taken before a token's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slw_token *tokens;

static const char *module_path_of(const struct slw_token_uri *uri,
                                  const struct slw_key_settings *settings)
{
    if (uri->module_path[0] != '\0') {
        return uri->module_path;
    }
    return settings->module_path != NULL ? settings->module_path : getenv("SLIPWAY_PKCS11_MODULE");
}

static void name_token(struct slw_token *token)
{
    struct slw_bytes label = slw_bytes_make(token->identity.label, sizeof token->identity.label);
    size_t at = 0;
    while (label.len > 0 && label.ptr[label.len - 1] == ' ') {
        label.len--;
    }
    for (size_t i = 0; i < label.len; i++) {
        bool is_plain = label.ptr[i] >= 0x20 && label.ptr[i] < 0x7F;
        token->name[at++] = '?';
        if (is_plain) {
            token->name[at - 1] = (char)label.ptr[i];
        }
    }
    token->name[at] = '\0';
}

static struct slw_token *find_known(const struct slw_module *module,
                                    const struct slw_token_identity *identity, size_t *ret_count)
{
    *ret_count = 0;
    for (struct slw_token *token = tokens; token != NULL; token = token->next) {
        if (token->module == module && memcmp(&token->identity, identity, sizeof *identity) == 0) {
            return token;
        }
        (*ret_count)++;
    }
    return NULL;
}

static enum slw_status find_or_make(struct slw_module *module,
                                    const struct slw_token_identity *identity,
                                    struct slw_token **ret_token, struct slw_detail *detail)
{
    size_t count = 0;
    struct slw_token *token = find_known(module, identity, &count);
    if (token == NULL && count == TOKENS_MAX) {
        (void)slw_explain(detail, SLW_TOO_LARGE, "more than %u tokens in one process", TOKENS_MAX);
        return SLW_TOO_LARGE;
    }
    if (token == NULL) {
        token = calloc(1, sizeof *token);
        if (token == NULL) {
            return slw_explain_no_memory(detail);
        }
        token->module = module;
        token->identity = *identity;
        (void)pthread_mutex_init(&token->mutex, NULL);
        (void)pthread_cond_init(&token->changed, NULL);
        name_token(token);
        token->next = tokens;
        tokens = token;
    }
    *ret_token = token;
    return SLW_OK;
}

/* One key more; opens the token for the first. With its mutex held. */
static enum slw_status open_or_join(struct slw_token *token, ck_slot_id_t slot,
                                    const struct slw_token_uri *uri,
                                    const struct slw_key_settings *settings,
                                    struct slw_detail *detail)
{
    unsigned sessions = settings->sessions == 0 ? 1 : settings->sessions;
    if (sessions > SLW_TOKEN_SESSIONS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "more than %u sessions of a token",
                           SLW_TOKEN_SESSIONS_MAX);
    }
    if (token->pin == NULL) {
        SLW_TRY(slw_token_pin_load(uri, settings->passphrase_path, &token->pin, detail));
    }
    token->retry_pin = settings->retry_pin;
    if (sessions > token->sessions_wanted) {
        token->sessions_wanted = sessions;
    }
    if (token->users == 0) {
        token->slot = slot;
    }
    if (token->open || token->users == 0) {
        SLW_TRY(slw_token_open_sessions(token, detail)); /* else the next signature opens it */
    }
    token->users++;
    return SLW_OK;
}

/* Nothing of it stays open when nobody uses it. With its mutex held. */
static void close_unused(struct slw_token *token)
{
    if (token->users == 0) {
        slw_token_close_sessions(token);
        slw_token_pin_free(token->pin);
        token->pin = NULL;
        token->sessions_wanted = 0;
    }
}

static enum slw_status use_token(struct slw_module *module, const struct slw_token_uri *uri,
                                 const struct slw_key_settings *settings,
                                 struct slw_token **ret_token, struct slw_detail *detail)
{
    struct slw_token_identity identity;
    ck_slot_id_t slot = 0;
    struct slw_token *token = NULL;
    SLW_TRY(slw_token_find_slot(module, uri, &identity, &slot, detail));
    SLW_TRY(find_or_make(module, &identity, &token, detail));
    (void)pthread_mutex_lock(&token->mutex);
    enum slw_status status = open_or_join(token, slot, uri, settings, detail);
    if (status != SLW_OK) {
        close_unused(token);
    }
    (void)pthread_mutex_unlock(&token->mutex);
    if (status == SLW_OK) {
        *ret_token = token;
    }
    return status;
}

enum slw_status slw_token_use(const struct slw_token_uri *uri,
                              const struct slw_key_settings *settings, struct slw_token **ret_token,
                              struct slw_detail *detail)
{
    const char *path = module_path_of(uri, settings);
    struct slw_module *module = NULL;
    if (path == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "pkcs11 URI: names no module; module-path in it, or "
                           "SLIPWAY_PKCS11_MODULE in the environment, does");
    }
    (void)pthread_mutex_lock(&lock);
    enum slw_status status = slw_module_use(path, &module, detail);
    if (status == SLW_OK) {
        status = use_token(module, uri, settings, ret_token, detail);
        if (status != SLW_OK) {
            slw_module_release(module);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return status;
}

void slw_token_release(struct slw_token *token)
{
    (void)pthread_mutex_lock(&lock);
    (void)pthread_mutex_lock(&token->mutex);
    token->users--;
    close_unused(token);
    (void)pthread_mutex_unlock(&token->mutex);
    slw_module_release(token->module);
    (void)pthread_mutex_unlock(&lock);
}
