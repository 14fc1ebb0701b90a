/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the session share: session.c, session_stage.c, session_verify.c,
 * session_keep.c, session_install.c. */
#ifndef SLIPWAY_SESSION_PRIVATE_H
#define SLIPWAY_SESSION_PRIVATE_H

#include "slipway/session.h"

/* Makes session->record the stored one. A storage that fails ends the session in RAM. */
enum slw_status slw_session_commit_record(struct slw_session *session);

/* FINISHED with a result and what was found; durable as far as storage allows. */
void slw_session_finish(struct slw_session *session, enum slw_update_result result,
                        const struct slw_finding *finding);

/* session_verify.c */
enum slw_status slw_session_start_verifying(struct slw_session *session);
void slw_session_poll_verifying(struct slw_session *session);
/* After a commit: roots that were kept before it and that the state doesn't refer to may be gone.
 */
void slw_session_keep_roots_again(struct slw_session *session);

/*
 * session_keep.c: what counts of the signed message at span of the bundle becomes a blob. Uses the
 * verifier's memory for the block and for signatures.
 */
enum slw_status slw_session_keep(struct slw_session *session, enum slw_blob_kind kind,
                                 uint32_t version, struct slw_span span, struct slw_blob *ret_blob);

/* session_install.c */
void slw_session_start_applying(struct slw_session *session);
void slw_session_poll_applying(struct slw_session *session);

/* session_stage.c */
void slw_session_reset_staging(struct slw_session *session, uint64_t durable);
bool slw_session_poll_staging(struct slw_session *session, uint64_t now_ms);

static inline bool slw_session_is(const struct slw_session *session, enum slw_update_state state)
{
    return session->record.state == (uint8_t)state;
}

#endif
