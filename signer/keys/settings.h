/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the key process is told when it starts: where its state is, which keys it has, whom it
 * starts. A strict JSON file, since this process links no library that reads anything else; the
 * policy isn't in it, and nothing in it widens what the policy allows.
 *
 *     {"state": "/var/lib/slipway-signer", "origin": "signer.example/lamp",
 *      "log_key": {"key": "pkcs11:token=lamp;object=log"},
 *      "keys": {"lamp-prod": {"key": "pkcs11:token=lamp;object=prod"},
 *               "lamp-test": {"key": "/etc/slipway/lamp-test.pem", "passphrase": "/run/…"}},
 *      "module": "/usr/lib/softhsm/libsofthsm2.so", "sessions": 4, "threads": 4,
 *      "front": {"program": "/usr/lib/slipway/slipway-signer", "settings":
 * "/etc/slipway/front.conf", "user": "slipway-front"}, "user": "slipway-keys", "judge_user":
 * "slipway-judge", "staged": {"bytes": 8589934592, "count": 64, "age_s": 86400}, "tuf_roots":
 * {"lamp": "/etc/slipway/lamp-root.json"}}
 *
 * Read by main.c before anything else.
 */
#ifndef SIGNER_KEYS_SETTINGS_H
#define SIGNER_KEYS_SETTINGS_H

#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_SETTINGS_SIZE_MAX 65536u
#define SLW_SETTINGS_KEYS_MAX 64u
#define SLW_SETTINGS_ROOTS_MAX 16u
#define SLW_SETTINGS_PATHS_MAX 8u
#define SLW_SETTINGS_TEXT_MAX 2048u /* bytes of a path, URI or name */
#define SLW_SETTINGS_THREADS_MAX 32u

struct slw_settings_key {
    char *name;       /* what policy and requests call it */
    char *key;        /* a `pkcs11:` URI or a path */
    char *passphrase; /* NULL: none */
};

struct slw_settings_root {
    char *product;
    char *path; /* of a TUF root that was trusted first */
};

struct slw_settings {
    char *state;
    char *origin;
    struct slw_settings_key log_key;
    struct slw_settings_key keys[SLW_SETTINGS_KEYS_MAX];
    size_t keys_count;
    struct slw_settings_root roots[SLW_SETTINGS_ROOTS_MAX];
    size_t roots_count;
    char *module; /* NULL: each URI says its own */
    uint64_t sessions;
    uint64_t threads;
    char *front_program;
    char *front_settings; /* NULL: none */
    char *front_user;     /* NULL, as the others: the user who started the key process */
    char *user;
    char *judge_program;
    char *judge_user;
    char *token_paths[SLW_SETTINGS_PATHS_MAX]; /* what the PKCS#11 module reads and writes */
    size_t token_paths_count;
    uint64_t staged_bytes; /* all staged files together */
    uint64_t staged_count;
    uint64_t staged_age_s;
};

/* SLW_IO, SLW_MALFORMED with the place, SLW_NO_SPACE. */
enum slw_status slw_settings_load(const char *path, struct slw_settings *ret_settings,
                                  struct slw_detail *detail);
enum slw_status slw_settings_parse(const char *name, struct slw_bytes text,
                                   struct slw_settings *ret_settings, struct slw_detail *detail);
void slw_settings_free(struct slw_settings *settings);

#endif
