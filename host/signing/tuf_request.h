/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for roles, made and kept: for tuf_provider.c. */
#ifndef SLIPWAY_TUF_REQUEST_H
#define SLIPWAY_TUF_REQUEST_H

#include "slipway/signer_tuf.h"

/* tuf_release.c: what a change adds to a product's role, when that is one release. */
struct slw_tuf_word {
    uint8_t text[64];
    size_t len;
};
struct slw_tuf_added {
    struct slw_tuf_word product;
    struct slw_tuf_word channel;
    int64_t version;  /* of its targets */
    bool has_request; /* by which its bundle was signed */
    uint8_t request[SLW_SHA256_SIZE];
};
/* False when it is none, or more than one. */
bool slw_tuf_added_read(const struct slw_tuf_change *change, struct slw_tuf_added *ret_added);
/* The channel of what a role lists already, for a change that adds nothing: a policy's rule may be
 * for channels. Empty when nothing of it is a release. */
void slw_tuf_channel_listed(const struct slw_tuf_model *model, struct slw_tuf_word *ret_channel);
/* Looks for the request among those that the service lists. */
enum slw_status slw_tuf_added_find(struct slw_signer_client *client, struct slw_tuf_added *added,
                                   struct slw_detail *detail);

struct slw_tuf_request {
    struct slw_heap_buffer envelope;
    uint8_t id[SLW_SHA256_SIZE];
    uint8_t staged[SLW_SHA256_SIZE]; /* SHA-256 of the base */
    char *path;                      /* where it is kept */
    bool is_new;                     /* nobody was asked yet */
};

/* The one that is kept for this next version and this key, or a new one, which is kept from then
 * on: a process that ends in between asks for the same. */
enum slw_status slw_tuf_request_take(const struct slw_signer_tuf_settings *settings,
                                     const struct slw_signer_tuf_key *key,
                                     const struct slw_tuf_change *change, struct slw_bytes base,
                                     const struct slw_tuf_word *channel_listed,
                                     const char *idempotency_key,
                                     struct slw_tuf_request *ret_request,
                                     struct slw_detail *detail);

/* Stages bytes by their SHA-256, and uploads what the service hasn't of them yet. */
enum slw_status slw_tuf_request_stage(const struct slw_signer_tuf_settings *settings,
                                      const uint8_t sha256[static SLW_SHA256_SIZE],
                                      const struct slw_source *source, struct slw_detail *detail);

/* tuf_added.c: the same with the bundle that a change adds, from the repository's storage. Nothing
 * when it adds none, or there is no storage. */
enum slw_status slw_tuf_added_stage(const struct slw_signer_tuf_settings *settings,
                                    const struct slw_tuf_change *change, struct slw_detail *detail);

/* It is over: what is kept of it goes. */
void slw_tuf_request_forget(const struct slw_tuf_request *request);
void slw_tuf_request_free(struct slw_tuf_request *request);

#endif
