/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in to a token so that its PIN is never locked by trying: a PIN that was refused isn't
 * given again, and none is given to a token that counts wrong ones already. Called by pool.c when a
 * token is opened, and by sign.c for keys that want it for each signature.
 */
#include "internal.h"

static void digest_pin(const struct slw_token_pin *pin, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(pin->bytes, pin->len));
    slw_sha256_final(&hash, ret_digest);
    slw_wipe(&hash, sizeof hash);
}

/* What the token says of its PIN, read anew: others use it too. */
static enum slw_status check_flags(const struct slw_token *token, ck_flags_t flags,
                                   struct slw_detail *detail)
{
    /* "CKF_USER_PIN_LOCKED: True if the user PIN has been locked. User login to the token is not
     * possible." */
    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        return slw_explain(detail, SLW_TOKEN, "token %s: its PIN is locked", token->name);
    }
    /* "CKF_USER_PIN_FINAL_TRY: True if supplying an incorrect user PIN will cause it to become
     * locked." */
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) {
        return slw_explain(detail, SLW_TOKEN,
                           "token %s: one more wrong PIN would lock it, so none is tried; log in "
                           "with the token's own tool first",
                           token->name);
    }
    /* "CKF_USER_PIN_COUNT_LOW: True if an incorrect user login PIN has been entered at least once
     * since the last successful authentication." */
    if ((flags & CKF_USER_PIN_COUNT_LOW) != 0 && !token->retry_pin) {
        return slw_explain(detail, SLW_TOKEN,
                           "token %s: a wrong PIN was given since the last right one, so none is "
                           "tried; when you are sure of yours, `slipway key show URI --retry-pin` "
                           "tries it once",
                           token->name);
    }
    if ((flags & CKF_USER_PIN_INITIALIZED) == 0) {
        return slw_explain(detail, SLW_TOKEN, "token %s: no user PIN was set yet", token->name);
    }
    return SLW_OK;
}

/* That there is a PIN to give, or a pad where the token's user enters it, and that it wasn't
 * refused before. */
static enum slw_status check_pin(const struct slw_token *token, ck_flags_t flags,
                                 struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    if (token->pin == NULL) {
        return (flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0
                   ? SLW_OK
                   : slw_explain(detail, SLW_BAD_ARGUMENT,
                                 "token %s: wants a PIN; pin-source in the URI, or "
                                 "--passphrase-file, names the file that has it",
                                 token->name);
    }
    digest_pin(token->pin, digest);
    bool refused = token->pin_refused && memcmp(digest, token->refused_pin, sizeof digest) == 0;
    slw_wipe(digest, sizeof digest);
    return refused ? slw_explain(detail, SLW_TOKEN,
                                 "token %s: it refused this PIN before, so it isn't tried again",
                                 token->name)
                   : SLW_OK;
}

static enum slw_status take_answer(struct slw_token *token, ck_rv_t answer,
                                   struct slw_detail *detail)
{
    switch (answer) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
        token->retry_pin = false;
        return SLW_OK;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        if (token->pin != NULL) {
            token->pin_refused = true;
            digest_pin(token->pin, token->refused_pin);
        }
        return slw_explain(detail, SLW_TOKEN, "token %s: refused the PIN; it isn't tried again",
                           token->name);
    default:
        return slw_token_explain(detail, token->name, "can't log in to the token", answer);
    }
}

enum slw_status slw_token_login(struct slw_token *token, ck_session_handle_t session,
                                ck_user_type_t user, struct slw_detail *detail)
{
    const struct ck_function_list *calls = token->module->calls;
    struct ck_token_info info = {0};
    ck_rv_t answer = calls->C_GetTokenInfo(token->slot, &info);
    if (answer != CKR_OK) {
        return slw_token_explain(detail, token->name, "the token can't be asked", answer);
    }
    if ((info.flags & CKF_LOGIN_REQUIRED) == 0 && user == CKU_USER) {
        return SLW_OK;
    }
    SLW_TRY(check_flags(token, info.flags, detail));
    SLW_TRY(check_pin(token, info.flags, detail));
    answer = token->pin == NULL ? calls->C_Login(session, user, NULL, 0)
                                : calls->C_Login(session, user, token->pin->bytes, token->pin->len);
    return take_answer(token, answer, detail);
}
