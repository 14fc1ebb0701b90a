/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP library calls for connections and requests. Given to it by server.c. */
#ifndef SLIPWAY_FRONT_HANDLER_H
#define SLIPWAY_FRONT_HANDLER_H

#include "request.h"

/* The first line of a request is there: makes its struct front_request. context: the listener. */
void *front_handler_target(void *context, const char *target, struct MHD_Connection *connection);

/* The head is there, then pieces of the body, then its end. */
enum MHD_Result front_handler_serve(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *body, size_t *body_len, void **request);

void front_handler_completed(void *context, struct MHD_Connection *connection, void **request,
                             enum MHD_RequestTerminationCode code);

void front_handler_connection(void *context, struct MHD_Connection *connection,
                              void **socket_context, enum MHD_ConnectionNotificationCode code);

#endif
