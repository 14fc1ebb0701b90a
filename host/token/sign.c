/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing with a key of a token: what struct slw_private_key calls for it. host/keys verifies each
 * signature before it leaves. Called on several threads at once.
 */
#include "internal.h"

#include <stdlib.h>

/* One open is enough for a token that was pulled; a second loss in a row is a failure. */
#define ATTEMPTS 2

/* More than a signature has, so that a module which writes DER can't write beyond. */
#define ROOM_SIZE 256u

/* The handle of the key in the token as it is open now. With a session taken, so that the token
 * stays open; the mutex guards what threads share of the key. */
static enum slw_status find_handle(struct slw_token_key *key, ck_session_handle_t session,
                                   ck_object_handle_t *ret_handle, struct slw_detail *detail)
{
    struct slw_token *token = key->token;
    enum slw_status status = SLW_OK;
    (void)pthread_mutex_lock(&token->mutex);
    if (key->generation != token->generation) {
        struct slw_token_key again = *key;
        status = slw_token_key_find(&again, session, detail);
        if (status == SLW_OK) {
            status = slw_token_key_read(&again, session, detail);
        }
        if (status == SLW_OK &&
            memcmp(again.public_key.id, key->public_key.id, sizeof again.public_key.id) != 0) {
            status =
                slw_explain(detail, SLW_TOKEN, "token %s: came back with another key", token->name);
        }
        if (status == SLW_OK) {
            key->handle = again.handle;
            key->generation = token->generation;
        }
    }
    *ret_handle = key->handle;
    (void)pthread_mutex_unlock(&token->mutex);
    return status;
}

/* "CKA_ALWAYS_AUTHENTICATE: If CK_TRUE, the user has to supply the PIN for each use (sign or
 * decrypt) with the key." */
static enum slw_status authenticate(const struct slw_token_key *key, ck_session_handle_t session,
                                    struct slw_detail *detail)
{
    if (!key->always_authenticates) {
        return SLW_OK;
    }
    (void)pthread_mutex_lock(&key->token->mutex);
    enum slw_status status = slw_token_login(key->token, session, CKU_CONTEXT_SPECIFIC, detail);
    (void)pthread_mutex_unlock(&key->token->mutex);
    return status;
}

static enum slw_status sign_in(const struct slw_token_key *key, ck_session_handle_t session,
                               ck_object_handle_t handle, struct slw_bytes input,
                               uint8_t signature[static SLW_SIGNATURE_SIZE], ck_rv_t *answer,
                               struct slw_detail *detail)
{
    const struct ck_function_list *calls = key->token->module->calls;
    struct ck_mechanism mechanism = {
        key->public_key.type == SLW_KEY_TYPE_P256 ? CKM_ECDSA : CKM_EDDSA, NULL, 0};
    uint8_t room[ROOM_SIZE];
    unsigned long len = sizeof room;
    *answer = calls->C_SignInit(session, &mechanism, handle);
    if (*answer == CKR_OK) {
        enum slw_status status = authenticate(key, session, detail);
        if (status != SLW_OK) {
            *answer = CKR_FUNCTION_CANCELED; /* ours: the session isn't used again */
            return status;
        }
        /* Not written by C_Sign, only read, whatever the prototype says. */
        uint8_t *data = NULL;
        memcpy(&data, &input.ptr, sizeof data);
        *answer = calls->C_Sign(session, data, input.len, room, &len);
    }
    if (*answer != CKR_OK) {
        return slw_token_explain(detail, key->token->name, "the token didn't sign", *answer);
    }
    if (len != SLW_SIGNATURE_SIZE) {
        return slw_explain(detail, SLW_TOKEN, "%s: the token made a signature of %lu bytes, not %u",
                           key->token->name, len, SLW_SIGNATURE_SIZE);
    }
    memcpy(signature, room, SLW_SIGNATURE_SIZE);
    return SLW_OK;
}

static bool attempt(struct slw_token_key *key, struct slw_bytes input,
                    uint8_t signature[static SLW_SIGNATURE_SIZE], enum slw_status *status,
                    struct slw_detail *detail)
{
    unsigned index = 0;
    ck_rv_t answer = CKR_OK;
    ck_object_handle_t handle = CK_INVALID_HANDLE;
    *status = slw_token_take_session(key->token, &index, detail);
    if (*status != SLW_OK) {
        return false;
    }
    ck_session_handle_t session = key->token->sessions[index];
    *status = find_handle(key, session, &handle, detail);
    if (*status == SLW_OK) {
        *status = sign_in(key, session, handle, input, signature, &answer, detail);
    } else if (*status == SLW_TOKEN) {
        answer = CKR_SESSION_HANDLE_INVALID; /* it couldn't even be searched */
    }
    return slw_token_give_session(key->token, index, answer);
}

static enum slw_status sign(void *context, struct slw_bytes message,
                            const uint8_t digest[static SLW_SHA256_SIZE],
                            uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                            struct slw_detail *detail)
{
    struct slw_token_key *key = context;
    struct slw_bytes input = key->public_key.type == SLW_KEY_TYPE_P256
                                 ? slw_bytes_make(digest, SLW_SHA256_SIZE)
                                 : message;
    uint8_t signature[SLW_SIGNATURE_SIZE];
    enum slw_status status = SLW_OK;
    for (unsigned i = 0; i < ATTEMPTS && attempt(key, input, signature, &status, detail); i++) {
    }
    if (status == SLW_OK) {
        memcpy(ret_signature, signature, sizeof signature);
    }
    return status;
}

static void free_key(void *context)
{
    struct slw_token_key *key = context;
    slw_token_release(key->token);
    free(key);
}

/* The key's URI with all that tells its token from others. */
static void copy_field(char *to, const uint8_t *from, size_t size)
{
    while (size > 0 && from[size - 1] == ' ') {
        size--;
    }
    memcpy(to, from, size);
    to[size] = '\0';
}

static enum slw_status fill_facts(const struct slw_token_key *key, struct slw_key_facts *facts,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_token_uri uri = key->uri;
    const struct slw_token_identity *identity = &key->token->identity;
    copy_field(uri.token, identity->label, sizeof identity->label);
    copy_field(uri.manufacturer, identity->manufacturer, sizeof identity->manufacturer);
    copy_field(uri.model, identity->model, sizeof identity->model);
    copy_field(uri.serial, identity->serial, sizeof identity->serial);
    uri.has_slot_id = false;
    uri.type = SLW_TOKEN_OBJECT_PRIVATE;
    slw_token_uri_format(&uri, &text);
    *facts = (struct slw_key_facts){.in_token = true,
                                    .exportable = key->exportable,
                                    .always_authenticates = key->always_authenticates};
    enum slw_status status = text.status;
    if (status != SLW_OK || text.len >= sizeof facts->uri) {
        status = slw_explain_no_memory(detail);
    } else {
        memcpy(facts->uri, slw_heap_text(&text), text.len + 1);
    }
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_token_key_wrap(struct slw_token_key *key, struct slw_private_key **ret_key,
                                   struct slw_key_facts *ret_facts, struct slw_detail *detail)
{
    const struct slw_key_holder holder = {key, sign, free_key};
    struct slw_key_facts facts;
    enum slw_status status = fill_facts(key, &facts, detail);
    if (status == SLW_OK) {
        status = slw_private_key_from_holder(&key->public_key, &holder, ret_key, detail);
    }
    if (status != SLW_OK) {
        free_key(key);
    } else if (ret_facts != NULL) {
        *ret_facts = facts;
    }
    return status;
}
