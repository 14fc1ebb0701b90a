/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the private key that a text names: a file, or an object of a token. Called by everything
 * that signs.
 */
#include "internal.h"

#include <stdlib.h>

/* Finds and reads the key with a session of the token's. */
static enum slw_status read_key(struct slw_token_key *key, struct slw_detail *detail)
{
    unsigned index = 0;
    SLW_TRY(slw_token_take_session(key->token, &index, detail));
    key->generation = key->token->generation;
    enum slw_status status = slw_token_key_find(key, key->token->sessions[index], detail);
    if (status == SLW_OK) {
        status = slw_token_key_read(key, key->token->sessions[index], detail);
    }
    /* A token that can't be searched was lost since it was opened: the next call opens it again. */
    (void)slw_token_give_session(key->token, index,
                                 status == SLW_TOKEN ? CKR_SESSION_HANDLE_INVALID : CKR_OK);
    return status;
}

static enum slw_status check_uri(const struct slw_token_uri *uri, struct slw_detail *detail)
{
    if (uri->type != SLW_TOKEN_OBJECT_ANY && uri->type != SLW_TOKEN_OBJECT_PRIVATE) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "pkcs11 URI: type isn't private, and one signs with a private key");
    }
    return SLW_OK;
}

enum slw_status slw_token_key_use(struct slw_token *token, const struct slw_token_uri *uri,
                                  struct slw_private_key **ret_key, struct slw_key_facts *ret_facts,
                                  struct slw_detail *detail)
{
    struct slw_token_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        slw_token_release(token);
        return slw_explain_no_memory(detail);
    }
    key->token = token;
    key->uri = *uri;
    enum slw_status status = read_key(key, detail);
    if (status != SLW_OK) {
        slw_token_release(token);
        free(key);
        return status;
    }
    return slw_token_key_wrap(key, ret_key, ret_facts, detail);
}

enum slw_status slw_key_open(const char *text, const struct slw_key_settings *settings,
                             struct slw_private_key **ret_key, struct slw_key_facts *ret_facts,
                             struct slw_detail *detail)
{
    struct slw_token_uri uri;
    struct slw_token *token = NULL;
    if (!slw_token_is_uri(text)) {
        SLW_TRY(slw_private_key_load(text, settings->passphrase_path, ret_key, detail));
        if (ret_facts != NULL) {
            *ret_facts = (struct slw_key_facts){.exportable = true};
        }
        return SLW_OK;
    }
    SLW_TRY(slw_token_uri_parse(text, &uri, detail));
    SLW_TRY(check_uri(&uri, detail));
    SLW_TRY(slw_token_use(&uri, settings, &token, detail));
    return slw_token_key_use(token, &uri, ret_key, ret_facts, detail);
}
