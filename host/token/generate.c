/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a key pair in a token, where it is born and dies: called by `slipway key generate` and by
 * key ceremonies.
 */
#include "internal.h"

#include <openssl/rand.h>

#define ID_SIZE 16u
#define ATTRIBUTES_MAX 12u

struct template
{
    struct ck_attribute list[ATTRIBUTES_MAX];
    unsigned long count;
};

static void add(struct template *template, ck_attribute_type_t type, void *value, size_t len)
{
    template->list[template->count++] = (struct ck_attribute){type, value, len};
}

/* What both halves have: names, and that they stay in the token. */
static void add_common(struct template *template, struct slw_token_uri *uri, unsigned char *yes)
{
    add(template, CKA_TOKEN, yes, 1);
    add(template, CKA_LABEL, uri->object, strlen(uri->object));
    add(template, CKA_ID, uri->id, uri->id_len);
}

static ck_rv_t generate_in(const struct slw_token *token, ck_session_handle_t session,
                           struct slw_token_uri *uri, enum slw_key_type type)
{
    static uint8_t p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
    static uint8_t ed25519[] = {0x13, 0x0C, 'e', 'd', 'w', 'a', 'r',
                                'd',  's',  '2', '5', '5', '1', '9'};
    bool is_p256 = type == SLW_KEY_TYPE_P256;
    unsigned char yes = 1;
    unsigned char no = 0;
    struct template public_template = {.count = 0};
    struct template private_template = {.count = 0};
    struct ck_mechanism mechanism = {is_p256 ? CKM_EC_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN,
                                     NULL, 0};
    ck_object_handle_t public_key = CK_INVALID_HANDLE;
    ck_object_handle_t private_key = CK_INVALID_HANDLE;
    add_common(&public_template, uri, &yes);
    add(&public_template, CKA_VERIFY, &yes, 1);
    add(&public_template, CKA_EC_PARAMS, is_p256 ? p256 : ed25519,
        is_p256 ? sizeof p256 : sizeof ed25519);
    add_common(&private_template, uri, &yes);
    add(&private_template, CKA_PRIVATE, &yes, 1);
    add(&private_template, CKA_SENSITIVE, &yes, 1);
    add(&private_template, CKA_EXTRACTABLE, &no, 1);
    add(&private_template, CKA_SIGN, &yes, 1);
    add(&private_template, CKA_DECRYPT, &no, 1);
    add(&private_template, CKA_UNWRAP, &no, 1);
    return token->module->calls->C_GenerateKeyPair(
        session, &mechanism, public_template.list, public_template.count, private_template.list,
        private_template.count, &public_key, &private_key);
}

/* Two keys of one label couldn't be told apart by people. */
static enum slw_status check_label_is_free(struct slw_token *token, const struct slw_token_uri *uri,
                                           ck_session_handle_t session, struct slw_detail *detail)
{
    struct slw_token_key key = {.token = token};
    memcpy(key.uri.object, uri->object, sizeof key.uri.object);
    struct slw_detail unused;
    enum slw_status status = slw_token_key_find(&key, session, &unused);
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    if (status == SLW_TOKEN) {
        *detail = unused;
        return status;
    }
    return slw_explain(detail, SLW_WRONG_STATE, "token %s: has a key named \"%s\" already",
                       token->name, uri->object);
}

/* In a session of its own, for the pool's can only read. Logged in as the pool is. */
static enum slw_status generate(struct slw_token *token, struct slw_token_uri *uri,
                                enum slw_key_type type, struct slw_detail *detail)
{
    const struct ck_function_list *calls = token->module->calls;
    ck_session_handle_t session = CK_INVALID_HANDLE;
    ck_rv_t answer = calls->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                          NULL, &session);
    if (answer != CKR_OK) {
        return slw_token_explain(detail, token->name, "the token gives no session to write in",
                                 answer);
    }
    enum slw_status status = check_label_is_free(token, uri, session, detail);
    if (status == SLW_OK) {
        answer = generate_in(token, session, uri, type);
        status = answer == CKR_OK
                     ? SLW_OK
                     : slw_token_explain(detail, token->name, "the token made no key", answer);
    }
    (void)calls->C_CloseSession(session);
    return status;
}

static enum slw_status read_new_uri(const char *text, struct slw_token_uri *uri,
                                    struct slw_detail *detail)
{
    SLW_TRY(slw_token_uri_parse(text, uri, detail));
    if (uri->object[0] == '\0') {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "pkcs11 URI: a new key gets its name from object, which isn't there");
    }
    if (uri->id_len == 0) {
        if (RAND_bytes(uri->id, (int)ID_SIZE) != 1) {
            return slw_explain(detail, SLW_IO_CRYPTO, "no random bytes for a key's id");
        }
        uri->id_len = ID_SIZE;
    }
    return SLW_OK;
}

enum slw_status slw_token_key_generate(const char *uri, const struct slw_key_settings *settings,
                                       enum slw_key_type type, struct slw_private_key **ret_key,
                                       struct slw_key_facts *ret_facts, struct slw_detail *detail)
{
    struct slw_token_uri parsed;
    struct slw_token *token = NULL;
    SLW_TRY(read_new_uri(uri, &parsed, detail));
    SLW_TRY(slw_token_use(&parsed, settings, &token, detail));
    enum slw_status status = generate(token, &parsed, type, detail);
    if (status != SLW_OK) {
        slw_token_release(token);
        return status;
    }
    return slw_token_key_use(token, &parsed, ret_key, ret_facts, detail);
}
