/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to HTTP requests: JSON for people and programs, bytes, and why something wasn't done. */
#ifndef SLIPWAY_FRONT_REPLY_H
#define SLIPWAY_FRONT_REPLY_H

#include "request.h"

/* The HTTP status that stands for a reason. */
unsigned front_reply_status(enum slw_status reason);

/* `{"reason":WORD,"detail":TEXT}`; the connection is closed behind it when a body wasn't read. */
enum MHD_Result front_reply_refuse(struct front_request *request, enum slw_status reason,
                                   const struct slw_detail *detail);
/* The same with an HTTP status of its own and a text. */
enum MHD_Result front_reply_refuse_as(struct front_request *request, unsigned http_status,
                                      enum slw_status reason, const char *why);
/* The same with what the key process said. */
enum MHD_Result front_reply_refused(struct front_request *request,
                                    const struct slw_signer_answer *answer);

enum MHD_Result front_reply_bytes(struct front_request *request, unsigned http_status,
                                  const char *content_type, struct slw_bytes bytes);

/* The state of an upload: no body. length may be unknown. */
enum MHD_Result front_reply_offset(struct front_request *request, unsigned http_status,
                                   uint64_t offset, const uint64_t *length);

/* Queues a response that the caller made, and gives it back. */
enum MHD_Result front_reply_queue(struct front_request *request, unsigned http_status,
                                  struct MHD_Response *response);

#endif
