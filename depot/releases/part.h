/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the releases share: the signing service as the depot reaches it, releases on
 * their way, the repository. */
#ifndef SLIPWAY_DEPOT_RELEASES_PART_H
#define SLIPWAY_DEPOT_RELEASES_PART_H

#include "releases.h"

#include "artifacts/artifacts.h"
#include "core/serve.h"

#include "slipway/files.h"
#include "slipway/note.h"
#include "slipway/signer_ask.h"
#include "slipway/transparency.h"

#define RELEASES_AT_ONCE 32u /* looked at in one round */
#define RELEASES_ENVELOPE_MAX (1u << 20)
#define RELEASES_SIGNING_LEASE "pipelines"
#define RELEASES_PUBLISHER_LEASE "publisher"

/* What was said last when a role was refused. */
#define RELEASES_REFUSALS_MAX 64u
#define RELEASES_REFUSAL_FORGOTTEN_S 1800 /* longer than any role waits to be asked about again */
struct releases_refusal {
    char role[160];
    uint8_t sha256[SLW_SHA256_SIZE];
    int64_t heard_s;
};

/* What the publisher remembers, of one process. */
struct depot_releases_state {
    int64_t refreshed_s; /* when the repository was last looked after as a whole */
    struct releases_refusal refusals[RELEASES_REFUSALS_MAX];
};

/* --- refusals.c --- */
/* Whether whoever signs a role refused, by the writer's words. */
bool releases_is_refusal(const char *line);
/* Logs those of the lines that are refusals, and news; how many were. */
size_t releases_tell_refusals(struct depot_releases_state *state, const char *told, int64_t now_s);
/* The role was published. */
void releases_forget_refusal(struct depot_releases_state *state, const char *role);

/* --- service.c: who is asked. Of one thread. --- */
struct releases_service {
    struct slw_signer_client *client;
    struct slw_private_key *requester;
    struct slw_note_key log;
    struct slw_transparency transparency;
};
/* SLW_WRONG_STATE when the settings name no service. */
SLW_MUST_USE enum slw_status releases_service_open(const struct depot_settings *settings,
                                                   struct releases_service *ret_service,
                                                   struct slw_detail *detail);
void releases_service_close(struct releases_service *service);
/* The public key of this name, from the settings. SLW_NOT_FOUND. */
SLW_MUST_USE enum slw_status releases_service_key(const struct depot_settings *settings,
                                                  const char *name, struct slw_public_key *ret_key,
                                                  struct slw_detail *detail);

/* --- A release on its way --- */
struct release {
    char product[65], channel[65], key_name[65], state[16], kind[16];
    char build[DEPOT_DIGEST_SIZE], prepared[DEPOT_DIGEST_SIZE], request[DEPOT_DIGEST_SIZE],
        blob[DEPOT_DIGEST_SIZE];
    char path[192], role[160];
    int64_t version, size;
    bool is_sent, is_complete;
};

/* Those whose state is among these ("'prepared', 'signing'"), the longest waiting first. */
SLW_MUST_USE enum slw_status releases_list(struct depot *depot, const char *condition,
                                           struct release ret_list[static RELEASES_AT_ONCE],
                                           size_t *ret_count, struct slw_detail *detail);

/*
 * A step of a release's in one transaction: the fence of the lease, the state that it must still
 * have, what changes, the blob that is kept, an event when the state is another.
 */
struct release_step {
    const char *lease;
    int64_t token;
    const struct release *release;
    const char *to;                 /* the next state; NULL: as it is */
    const char *set;                /* "path = $8, role = $9"; NULL: nothing more */
    struct slw_sql_value values[8]; /* from $8 on */
    size_t values_count;
    const char *reason; /* NULL: none */
    bool keeps_reason;  /* that which there is */
    int64_t retry_s;    /* not looked at again before */
    bool keeps;         /* the blob below, as the release's */
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t size;
};
/* SLW_WRONG_STATE when the lease was lost or the release has another state: nothing happened. */
SLW_MUST_USE enum slw_status releases_step(struct depot *depot, const struct release_step *step,
                                           struct slw_detail *detail);
SLW_MUST_USE enum slw_status releases_event(struct slw_transaction *transaction,
                                            struct slw_bytes product, int64_t version,
                                            const char *state, struct slw_bytes reason,
                                            struct slw_detail *detail);

/* --- spool.c: bundles while they are written, in files without names --- */
/* Where; made when it isn't there. SLW_WRONG_STATE without a repository in a directory. */
SLW_MUST_USE enum slw_status releases_spool(const struct depot_settings *settings,
                                            char ret_path[static 600], struct slw_detail *detail);
/* write() fills an output, which goes into the store. */
SLW_MUST_USE enum slw_status releases_spool_put(
    struct depot *depot,
    enum slw_status (*write)(void *context, struct slw_output *output, struct slw_detail *detail),
    void *context, uint8_t ret_sha256[static SLW_SHA256_SIZE], uint64_t *ret_size,
    struct slw_detail *detail);

/* --- prepare.c, ask.c: one step each --- */
SLW_MUST_USE enum slw_status releases_prepare(struct depot *depot, int64_t token,
                                              const struct release *release,
                                              struct slw_detail *detail);
SLW_MUST_USE enum slw_status releases_ask(struct depot *depot, int64_t token,
                                          struct releases_service *service,
                                          const struct release *release, struct slw_detail *detail);
SLW_MUST_USE enum slw_status releases_follow(struct depot *depot, int64_t token,
                                             struct releases_service *service,
                                             const struct release *release,
                                             struct slw_detail *detail);

/* sign.c, publish.c: the threads. */
enum slw_status releases_sign(struct depot *depot, int64_t token, struct slw_detail *detail);
enum slw_status releases_publish(struct depot *depot, int64_t token, struct slw_detail *detail);

/* show.c, files.c */
void releases_list_all(void *context, struct slw_http_exchange *exchange);
void releases_show(void *context, struct slw_http_exchange *exchange);
void releases_withdraw(void *context, struct slw_http_exchange *exchange);
void releases_set_number(void *context, struct slw_http_exchange *exchange);
void releases_get_bundle(void *context, struct slw_http_exchange *exchange);
void releases_get_file(void *context, struct slw_http_exchange *exchange);

#endif
