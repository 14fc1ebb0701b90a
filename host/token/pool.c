/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of a token: as many as there are threads that sign at once. A thread takes one for
 * as long as it signs. When the token was pulled, or forgot us, the next thread that takes one
 * opens it again. Called by token.c and sign.c.
 */
#include "internal.h"

#include <errno.h>
#include <time.h>

void slw_token_close_sessions(struct slw_token *token)
{
    for (unsigned i = 0; i < token->sessions_count; i++) {
        (void)token->module->calls->C_CloseSession(token->sessions[i]);
    }
    token->sessions_count = 0;
    token->open = false;
}

static ck_rv_t open_session(const struct slw_token *token, ck_session_handle_t *ret_session)
{
    return token->module->calls->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL,
                                               ret_session);
}

/* A token that has fewer sessions than were asked for works, more slowly. */
static enum slw_status add_sessions(struct slw_token *token, struct slw_detail *detail)
{
    while (token->sessions_count < token->sessions_wanted) {
        ck_session_handle_t session = CK_INVALID_HANDLE;
        ck_rv_t answer = open_session(token, &session);
        if (answer == CKR_SESSION_COUNT && token->sessions_count > 0) {
            return SLW_OK;
        }
        if (answer != CKR_OK || session == CK_INVALID_HANDLE) {
            return slw_token_explain(detail, token->name, "the token gives no session", answer);
        }
        token->sessions[token->sessions_count] = session;
        token->busy[token->sessions_count++] = false;
    }
    return SLW_OK;
}

enum slw_status slw_token_open_sessions(struct slw_token *token, struct slw_detail *detail)
{
    enum slw_status status = add_sessions(token, detail);
    if (status == SLW_OK && !token->open) {
        status = slw_token_login(token, token->sessions[0], CKU_USER, detail);
        if (status != SLW_OK) {
            slw_token_close_sessions(token);
            return status;
        }
        token->open = true;
        token->generation++;
    }
    return status;
}

/* Once for each signature that is asked for: whoever asks decides how often. */
static enum slw_status open_again(struct slw_token *token, struct slw_detail *detail)
{
    slw_token_close_sessions(token);
    SLW_TRY(slw_token_find_again(token, &token->slot, detail));
    enum slw_status status = slw_token_open_sessions(token, detail);
    if (status != SLW_OK) {
        slw_token_close_sessions(token);
    }
    return status;
}

static bool find_free(const struct slw_token *token, unsigned *ret_index)
{
    for (unsigned i = 0; i < token->sessions_count; i++) {
        if (!token->busy[i]) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static enum slw_status wait_for_session(struct slw_token *token, const struct timespec *until,
                                        unsigned *ret_index, struct slw_detail *detail)
{
    for (;;) {
        if (!token->open && token->in_use == 0) {
            SLW_TRY(open_again(token, detail));
        }
        if (token->open && find_free(token, ret_index)) {
            return SLW_OK;
        }
        if (pthread_cond_timedwait(&token->changed, &token->mutex, until) == ETIMEDOUT) {
            return slw_explain(detail, SLW_TOKEN, "token %s: all sessions were busy for %d s",
                               token->name, SLW_TOKEN_WAIT_S);
        }
    }
}

enum slw_status slw_token_take_session(struct slw_token *token, unsigned *ret_index,
                                       struct slw_detail *detail)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SLW_TOKEN_WAIT_S;
    (void)pthread_mutex_lock(&token->mutex);
    enum slw_status status = wait_for_session(token, &until, ret_index, detail);
    if (status == SLW_OK) {
        token->busy[*ret_index] = true;
        token->in_use++;
    }
    (void)pthread_mutex_unlock(&token->mutex);
    return status;
}

/* What a token answers that was pulled, restarted, or that logged us out. */
static bool is_loss(ck_rv_t answer)
{
    switch (answer) {
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SLOT_ID_INVALID:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_USER_NOT_LOGGED_IN:
        return true;
    default:
        return false;
    }
}

/* After a failure an operation may still be going on in the session, so that it can't be used for
 * another. The new one is there before the old one goes: the last one that goes takes the login
 * with it. */
static bool replace_session(struct slw_token *token, unsigned index)
{
    ck_session_handle_t session = CK_INVALID_HANDLE;
    if (open_session(token, &session) != CKR_OK || session == CK_INVALID_HANDLE) {
        return false;
    }
    (void)token->module->calls->C_CloseSession(token->sessions[index]);
    token->sessions[index] = session;
    return true;
}

bool slw_token_give_session(struct slw_token *token, unsigned index, ck_rv_t answer)
{
    bool lost = is_loss(answer);
    (void)pthread_mutex_lock(&token->mutex);
    if (lost || (answer != CKR_OK && !replace_session(token, index))) {
        token->open = false;
    }
    token->busy[index] = false;
    token->in_use--;
    (void)pthread_cond_broadcast(&token->changed);
    (void)pthread_mutex_unlock(&token->mutex);
    return lost;
}
