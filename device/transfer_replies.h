/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks that the transfer server sends; transfer_server.c decides when. What has no room on
 * the link is lost, as on the way: the server's timers or the client's send it again.
 */
#ifndef SLIPWAY_TRANSFER_REPLIES_H
#define SLIPWAY_TRANSFER_REPLIES_H

#include "slipway/transfer_server.h"

/* Of the current session. type: PARAMETERS_RETRANSMIT or PARAMETERS_CONTINUE. */
void slw_transfer_send_start_ack(struct slw_transfer_server *server);
void slw_transfer_send_parameters(struct slw_transfer_server *server, uint32_t type);
void slw_transfer_send_completion(struct slw_transfer_server *server);

void slw_transfer_send_completion_ack(struct slw_transfer_server *server, uint32_t session_id);

/* A START that can't be: the resource tells the client which of its transfers it was. */
void slw_transfer_refuse_start(struct slw_transfer_server *server, uint32_t session_id,
                               uint32_t resource_id, enum slw_rpc_status status);

/* A chunk of a session that isn't there. */
void slw_transfer_refuse_session(struct slw_transfer_server *server, uint32_t session_id,
                                 enum slw_rpc_status status);

/* A START of a client that speaks only the legacy protocol: UNIMPLEMENTED, in its words. */
void slw_transfer_refuse_legacy(struct slw_transfer_server *server, uint32_t transfer_id);

#endif
