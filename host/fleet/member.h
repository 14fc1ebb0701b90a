/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a fleet's member share: what it keeps (member_state.c), and its calls
 * (member.c). */
#ifndef SLIPWAY_FLEET_MEMBER_PRIVATE_H
#define SLIPWAY_FLEET_MEMBER_PRIVATE_H

#include "slipway/fleet_member.h"

#define MEMBER_SECRET_SIZE 65u
#define MEMBER_DIGEST_SIZE 17u /* first 16 digits of a report's digest */

struct member_state {
    int64_t epoch, sequence; /* epoch 0: not enrolled */
    char secret[MEMBER_SECRET_SIZE];
    char last[MEMBER_DIGEST_SIZE]; /* of the last report that was taken; "0" */
    struct slw_fleet_under_way under_way;
    struct slw_heap_buffer pending; /* envelope of a report without an answer; empty: none */
};

/* A file that isn't there is a state of nothing. SLW_STORED_STATE: it can't be read. */
SLW_MUST_USE enum slw_status member_state_read(const char *path, struct member_state *ret_state,
                                               struct slw_detail *detail);
/* On the disk when it returns. */
SLW_MUST_USE enum slw_status member_state_write(const char *path, const struct member_state *state,
                                                struct slw_detail *detail);
void member_state_wipe(struct member_state *state);

/* The private key in a file; made there, when there is none. */
SLW_MUST_USE enum slw_status
member_identity_load(const char *path, struct slw_private_key **ret_key, struct slw_detail *detail);

struct slw_fleet_member {
    struct slw_http_client *client;
    struct slw_private_key *key;
    char *state_path;
    char *product, *device, *hardware, *key_class;
    struct slw_heap_buffer token;
    struct member_state state;
    char nonce[SLW_FLEET_NONCE_SIZE + 16];
    int64_t version;               /* of the last check-in */
    struct slw_heap_buffer answer; /* of the last check-in: what its views point into */
    struct slw_fleet_answer parsed;
};

#endif
