/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in security tokens, by PKCS#11: named by `pkcs11:` URIs (RFC 7512) wherever a key is named
 * by a file. The signing service, `slipway … --key` and ceremonies open all their keys here.
 *
 *     struct slw_key_settings settings = {.sessions = 4};
 *     struct slw_private_key *key = NULL;
 *     struct slw_key_facts facts;
 *     SLW_TRY(slw_key_open("pkcs11:token=prod;object=lamp?module-path=/usr/lib/x.so"
 *                          "&pin-source=file:/run/pin", &settings, &key, &facts, &detail));
 *     SLW_TRY(slw_private_key_sign(key, message, signature, &detail));
 *     slw_private_key_free(key);
 *
 * The module is somebody else's code in this process: it can do whatever the process can. What it
 * returns is checked nonetheless (lengths, counts, points, signatures), since modules have bugs,
 * but that is no defence against a hostile one. Load it before the process confines itself; a
 * module stays mapped until the process ends.
 *
 * Signatures of tokens aren't deterministic. One key may sign on several threads at once; each
 * takes a session of the token's pool for as long as it signs.
 */
#ifndef SLIPWAY_TOKEN_H
#define SLIPWAY_TOKEN_H

#include "slipway/keys.h"

#define SLW_TOKEN_URI_SIZE_MAX 2048u  /* as text, without the zero byte */
#define SLW_TOKEN_LABEL_SIZE_MAX 255u /* of an object, in bytes; ids too */
#define SLW_TOKEN_PATH_SIZE_MAX 511u  /* of a module, or of where the PIN is */
#define SLW_TOKEN_SESSIONS_MAX 64u    /* of a pool */
#define SLW_TOKEN_PIN_SIZE_MAX 255u

/* What `type` of a URI says. */
enum slw_token_object_type {
    SLW_TOKEN_OBJECT_ANY,
    SLW_TOKEN_OBJECT_PRIVATE,
    SLW_TOKEN_OBJECT_PUBLIC,
    SLW_TOKEN_OBJECT_CERTIFICATE,
};

enum slw_token_pin_kind {
    SLW_TOKEN_PIN_NONE,
    SLW_TOKEN_PIN_FILE,       /* file:PATH, an absolute path: its first line */
    SLW_TOKEN_PIN_DESCRIPTOR, /* fd:N, inherited: the first line of what can be read from it */
    SLW_TOKEN_PIN_CREDENTIAL, /* credential:NAME, a file of $CREDENTIALS_DIRECTORY (systemd) */
};

/* A parsed URI. Empty text and has_… false: the URI leaves it out. */
struct slw_token_uri {
    char token[33];
    char manufacturer[33];
    char model[17];
    char serial[17];
    bool has_slot_id;
    uint64_t slot_id;
    char object[SLW_TOKEN_LABEL_SIZE_MAX + 1];
    size_t id_len; /* 0: none */
    uint8_t id[SLW_TOKEN_LABEL_SIZE_MAX];
    enum slw_token_object_type type;
    char module_path[SLW_TOKEN_PATH_SIZE_MAX + 1];
    enum slw_token_pin_kind pin_kind;
    char pin_place[SLW_TOKEN_PATH_SIZE_MAX + 1]; /* path or name, without "file:" */
    int pin_descriptor;
};

/* Whether a text that names a key is meant as a URI: it starts with "pkcs11:", in any case. */
bool slw_token_is_uri(const char *text);

/*
 * Strict: SLW_BAD_ARGUMENT for attributes that aren't listed above (of those that RFC 7512 has:
 * library-*, slot-manufacturer, slot-description, module-name), for one that stands twice, values
 * that are empty, too long for what a token can have, not UTF-8 or with control characters (id is
 * any bytes), bad percent-encoding, and for `pin-value`, for secrets don't belong on command lines.
 */
enum slw_status slw_token_uri_parse(const char *text, struct slw_token_uri *ret_uri,
                                    struct slw_detail *detail);

/* The URI's path attributes in a canonical form, for people and records; no query, so no PIN. */
void slw_token_uri_format(const struct slw_token_uri *uri, struct slw_heap_buffer *ret_text);

/* Everything may be left 0. */
struct slw_key_settings {
    const char *passphrase_path; /* opens an encrypted file; of a token: where its PIN is, unless
                                    the URI has pin-source */
    const char *module_path;     /* of the PKCS#11 module, unless the URI has module-path; NULL:
                                    $SLIPWAY_PKCS11_MODULE */
    unsigned sessions; /* of the token's pool, 0: 1. Keys of one token share a pool of the most
                          sessions that any of them asked for */
    bool retry_pin;    /* try a PIN although the token says that a wrong one was given before */
};

/* What a policy wants to know of a key. */
struct slw_key_facts {
    bool in_token;
    bool exportable; /* false only for a key of a token that never was and never will be */
    bool always_authenticates; /* the token wants its PIN, or its user, for each signature */
    char uri[SLW_TOKEN_URI_SIZE_MAX + 1]; /* canonical, with the token's serial; "" for a file */
};

/*
 * The private key that text names: a `pkcs11:` URI, or the path of a file as for
 * slw_private_key_load(). ret_facts may be NULL.
 *
 * SLW_TOKEN: no such token, it was pulled, failed, or refused the PIN; SLW_NOT_FOUND: no such key;
 * SLW_BAD_ARGUMENT: a bad URI, no module or PIN named, or more than one token or key fits;
 * SLW_BAD_KEY: a key of another kind, or a public half that isn't a point of its curve, or none.
 *
 * The public half is read from the token: the public key object, else the certificate, of the same
 * id. A PIN that the token refused isn't tried again in this process, on no account; and none is
 * tried while the token says that the next wrong one locks it, or, without retry_pin, that a wrong
 * one was given since the last right one. A token that was pulled is opened again, once for each
 * signature that is asked for, when it is back: it must be the same token, with the same public
 * key.
 */
enum slw_status slw_key_open(const char *text, const struct slw_key_settings *settings,
                             struct slw_private_key **ret_key, struct slw_key_facts *ret_facts,
                             struct slw_detail *detail);

/*
 * Makes a key pair in the token that the URI names, which has to give it an object label: private,
 * sensitive, not extractable, for signing only. SLW_WRONG_STATE when the label is taken.
 */
enum slw_status slw_token_key_generate(const char *uri, const struct slw_key_settings *settings,
                                       enum slw_key_type type, struct slw_private_key **ret_key,
                                       struct slw_key_facts *ret_facts, struct slw_detail *detail);

#endif
