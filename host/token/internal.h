/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of host/token share: modules, tokens with their pool of sessions, PINs, objects.
 * Private to this folder.
 *
 * PKCS#11's state (initialized, logged in) is one for the whole process, so modules and tokens are
 * in lists of the process, and keys of one token share it.
 */
#ifndef SLIPWAY_TOKEN_INTERNAL_H
#define SLIPWAY_TOKEN_INTERNAL_H

#define CRYPTOKI_GNU 1
#include "slipway/token.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>

#define SLW_TOKEN_SLOTS_MAX 256u
#define SLW_TOKEN_WAIT_S 60 /* for a session of the pool */
#define SLW_TOKEN_CERTIFICATE_SIZE_MAX 16384u

struct slw_module {
    struct slw_module *next;
    char path[SLW_TOKEN_PATH_SIZE_MAX + 1];
    const struct ck_function_list *calls;
    unsigned users;   /* tokens in use; initialized while there are any */
    bool initialized; /* by us: then it is ours to finalize */
};

/* A PIN in locked memory that no core dump has. */
struct slw_token_pin {
    size_t len;
    uint8_t bytes[SLW_TOKEN_PIN_SIZE_MAX + 1];
};

/* What a token is recognized by when it comes back: padded with blanks, as tokens say it. */
struct slw_token_identity {
    uint8_t label[32];
    uint8_t manufacturer[32];
    uint8_t model[16];
    uint8_t serial[16];
};

struct slw_token {
    struct slw_token *next;
    struct slw_module *module;
    struct slw_token_identity identity;
    char name[3 * 32 + 1]; /* its label for messages, what could confuse a terminal replaced */

    /* Guarded by mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a session came back */
    unsigned users;         /* keys */
    bool open;
    uint64_t generation; /* raised by each opening: handles of another one mean nothing */
    ck_slot_id_t slot;
    ck_session_handle_t sessions[SLW_TOKEN_SESSIONS_MAX];
    bool busy[SLW_TOKEN_SESSIONS_MAX];
    unsigned sessions_wanted;
    unsigned sessions_count;
    unsigned in_use;
    bool retry_pin;
    struct slw_token_pin *pin; /* NULL: the token has a pad for it, or wants none */
    bool pin_refused;
    uint8_t refused_pin[SLW_SHA256_SIZE]; /* its digest */
};

struct slw_token_key {
    struct slw_token *token;
    struct slw_token_uri uri; /* what the object is found by */
    struct slw_public_key public_key;
    bool always_authenticates;
    bool exportable;
    uint64_t generation; /* of handle; guarded by the token's mutex */
    ck_object_handle_t handle;
};

/* module.c: SLW_TOKEN with what the module answered, in words where they are known. */
enum slw_status slw_token_explain(struct slw_detail *detail, const char *name, const char *what,
                                  ck_rv_t answer);

/* Loads, and initializes when it has no user yet. Called with the process's lock held. */
enum slw_status slw_module_use(const char *path, struct slw_module **ret_module,
                               struct slw_detail *detail);
void slw_module_release(struct slw_module *module);

/* pin.c */
enum slw_status slw_token_pin_load(const struct slw_token_uri *uri, const char *pin_path,
                                   struct slw_token_pin **ret_pin, struct slw_detail *detail);
void slw_token_pin_free(struct slw_token_pin *pin); /* NULL is fine */

/* login.c: with the token's mutex held. */
enum slw_status slw_token_login(struct slw_token *token, ck_session_handle_t session,
                                ck_user_type_t user, struct slw_detail *detail);

/* token.c: a token that the URI names, opened, one user more. */
enum slw_status slw_token_use(const struct slw_token_uri *uri,
                              const struct slw_key_settings *settings, struct slw_token **ret_token,
                              struct slw_detail *detail);
void slw_token_release(struct slw_token *token);

/*
 * pool.c: a session, for this thread alone until it is given back with what it answered last; opens
 * the token again when it was lost. Giving back returns whether that answer says that the token, or
 * the login, is gone.
 */
enum slw_status slw_token_take_session(struct slw_token *token, unsigned *ret_index,
                                       struct slw_detail *detail);
bool slw_token_give_session(struct slw_token *token, unsigned index, ck_rv_t answer);

/* Opens sessions and logs in, in the slot where the token is now. With its mutex held, and no
 * session in use. */
enum slw_status slw_token_open_sessions(struct slw_token *token, struct slw_detail *detail);
void slw_token_close_sessions(struct slw_token *token);

/* slots.c: whether what a token says fits a URI, and where the token of an identity is. */
enum slw_status slw_token_find_slot(const struct slw_module *module,
                                    const struct slw_token_uri *uri,
                                    struct slw_token_identity *ret_identity, ck_slot_id_t *ret_slot,
                                    struct slw_detail *detail);
enum slw_status slw_token_find_again(const struct slw_token *token, ck_slot_id_t *ret_slot,
                                     struct slw_detail *detail);

/* objects.c: the private key that the URI names, and all that is read of it. */
enum slw_status slw_token_key_find(struct slw_token_key *key, ck_session_handle_t session,
                                   struct slw_detail *detail);
enum slw_status slw_token_key_read(struct slw_token_key *key, ck_session_handle_t session,
                                   struct slw_detail *detail);

/* open.c: the key of a token in use; takes that use over, on failure too. */
enum slw_status slw_token_key_use(struct slw_token *token, const struct slw_token_uri *uri,
                                  struct slw_private_key **ret_key, struct slw_key_facts *ret_facts,
                                  struct slw_detail *detail);

/* sign.c: a private key that signs through the token; takes key over, on failure too. */
enum slw_status slw_token_key_wrap(struct slw_token_key *key, struct slw_private_key **ret_key,
                                   struct slw_key_facts *ret_facts, struct slw_detail *detail);

#endif
