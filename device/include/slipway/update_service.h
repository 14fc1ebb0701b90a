/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update session behind an RPC server: Pigweed's BundledUpdate service, all seven methods, and
 * the transfer service whose data it stages. Every reply carries the whole status, also those of
 * calls that weren't allowed.
 *
 *     slw_update_service_init(&update, &session, &transfer_config);
 *     const struct slw_rpc_service *services[] = {&update.service, &update.transfer.service};
 *     ...
 *     slw_rpc_server_receive(&rpc, arrived);
 *     bool busy = slw_update_service_poll(&update, now_ms);
 */
#ifndef SLIPWAY_UPDATE_SERVICE_H
#define SLIPWAY_UPDATE_SERVICE_H

#include "slipway/session.h"
#include "slipway/transfer_server.h"

struct slw_update_service {
    struct slw_rpc_service service;      /* pw.software_update.BundledUpdate */
    struct slw_transfer_server transfer; /* .service: pw.transfer.Transfer */
    /* private */
    struct slw_session *session;
    struct slw_transfer_handler handler;
};

/* Room for one reply: eight components with long names, and all texts. */
#define SLW_UPDATE_RESPONSE_SIZE 1536u

/* session must be open; everything must outlive the service. */
void slw_update_service_init(struct slw_update_service *update, struct slw_session *session,
                             const struct slw_transfer_config *transfer_config);

/* One piece of work of the session, and the transfer's timers. True: there is more to do at once.
 */
bool slw_update_service_poll(struct slw_update_service *update, uint64_t now_ms);

#endif
