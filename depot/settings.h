/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The depot's settings: one INI file (DEPOT.md, section 9), read once at start. A name that isn't
 * known, one that stands twice, and a value that makes no sense end the start.
 */
#ifndef SLIPWAY_DEPOT_SETTINGS_H
#define SLIPWAY_DEPOT_SETTINGS_H

#include "slipway/blobs.h"

#include <stdint.h>

#define DEPOT_TEXT_MAX 512u
#define DEPOT_KEYS_MAX 32u

struct depot_signer_key {
    char name[65];             /* the policy's */
    char file[DEPOT_TEXT_MAX]; /* of its public key */
};

struct depot_settings {
    char listen[DEPOT_TEXT_MAX]; /* "HOST:PORT" */
    char socket[DEPOT_TEXT_MAX]; /* "": none */
    char tls_certificate[DEPOT_TEXT_MAX];
    char tls_key[DEPOT_TEXT_MAX];
    char client_ca[DEPOT_TEXT_MAX];
    char url[DEPOT_TEXT_MAX];      /* as people see it; "": what it listens on */
    char database[DEPOT_TEXT_MAX]; /* slw_database_open() */
    char blobs[DEPOT_TEXT_MAX];    /* slw_blobs_open() */
    char secret_file[DEPOT_TEXT_MAX];
    char osv[DEPOT_TEXT_MAX]; /* directory of advisories, ID.json each; "": none */
    char user[DEPOT_TEXT_MAX];
    bool sandbox;
    int64_t checkin_s;   /* between two check-ins of a device; 0: 60 */
    int64_t connections; /* at once; 0: 1,024 */
    int64_t idle_s;      /* that a connection may do nothing; 0: 60 */
    bool totp_required;  /* people without a code may do nothing but set one up; no by default */

    struct { /* [s3] */
        char endpoint[DEPOT_TEXT_MAX], region[64], bucket[256], prefix[256];
        char access_key[256], secret_file[DEPOT_TEXT_MAX], ca_file[DEPOT_TEXT_MAX];
    } s3;

    struct { /* [signer]; url "": none, nothing is signed */
        char url[DEPOT_TEXT_MAX], ca[DEPOT_TEXT_MAX], certificate[DEPOT_TEXT_MAX],
            key[DEPOT_TEXT_MAX];
        char log[1024], requester_key[DEPOT_TEXT_MAX]; /* note verifier key; PEM file */
        struct depot_signer_key keys[DEPOT_KEYS_MAX];
        size_t keys_count;
        struct depot_signer_key roots[DEPOT_KEYS_MAX]; /* by key: the root in bundles that it signs;
                                                          without, the build's own */
        size_t roots_count;
    } signer;

    struct {                          /* [repository]: the TUF repository that is published */
        char storage[DEPOT_TEXT_MAX]; /* "dir:PATH" or "s3:PREFIX" */
        char keys[DEPOT_TEXT_MAX]; /* keys.conf: which key of the signing service is for which role
                                    */
        char url[DEPOT_TEXT_MAX]; /* where devices find it; "": the depot serves a directory itself,
                                     at /repository/. Needed with s3:, which is read back there */
        char ca_file[DEPOT_TEXT_MAX];    /* authorities for url; "": the system's */
        char token_path[DEPOT_TEXT_MAX]; /* directory in which a token's module keeps its files;
                                            "": none */
        char work[DEPOT_TEXT_MAX];       /* with s3:, a directory for what isn't published: bundles
                                            while they are written, requests for roles */
    } repository;
};

SLW_MUST_USE enum slw_status depot_settings_read(const char *path,
                                                 struct depot_settings *ret_settings,
                                                 struct slw_detail *detail);

#endif
