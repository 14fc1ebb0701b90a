/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front's settings: one INI file, section [front], read once at start. A name that isn't known,
 * one that stands twice, and a value that makes no sense end the start.
 */
#ifndef SLIPWAY_FRONT_SETTINGS_H
#define SLIPWAY_FRONT_SETTINGS_H

#include "slipway/detail.h"

#include <stdint.h>
#include <sys/types.h>

#define FRONT_TEXT_MAX 512u
#define FRONT_PEERS_MAX 64u /* users, and groups, of the local socket */

struct front_settings {
    char listen[FRONT_TEXT_MAX]; /* HTTPS: "HOST:PORT"; "": none. Port 0 takes a free one */
    char tls_certificate[FRONT_TEXT_MAX];
    char tls_key[FRONT_TEXT_MAX];
    char client_ca[FRONT_TEXT_MAX];
    char client_crl[FRONT_TEXT_MAX];   /* "": none */
    char plain_listen[FRONT_TEXT_MAX]; /* HTTP without TLS: a witness alone, behind a proxy */
    char socket[FRONT_TEXT_MAX];       /* local socket; "": none */
    uint32_t socket_mode;
    uid_t socket_users[FRONT_PEERS_MAX];
    gid_t socket_groups[FRONT_PEERS_MAX];
    size_t socket_users_count; /* with socket_groups_count 0: whoever may open the socket */
    size_t socket_groups_count;
    bool public_log;                 /* GET /v1/log/… without a client certificate */
    uint32_t connections;            /* at most, of each listener */
    uint32_t connections_per_peer;   /* of one address */
    uint32_t requests_per_s;         /* of one client */
    uint32_t floor_bytes_per_s;      /* a body that comes more slowly, over 10 s, is dropped */
    uint32_t idle_s;                 /* for a handshake and the head of a request */
    char witness_ca[FRONT_TEXT_MAX]; /* authorities of witnesses' servers; "": the system's */
    uint32_t witness_timeout_ms;
    bool sandbox;
    char user[FRONT_TEXT_MAX]; /* whom it becomes when it is started as root; "": stays */
};

/*
 * Reads and checks the file. is_witness: for a front that serves a witness, which needs no client
 * certificates and may listen without TLS.
 */
enum slw_status front_settings_read(const char *path, bool is_witness,
                                    struct front_settings *ret_settings, struct slw_detail *detail);

#endif
