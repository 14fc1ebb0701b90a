/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of Pigweed's BundledUpdate service, with everything that a device answers: `slipway
 * device status` shows it, `device update` decides by it.
 *
 *     struct slw_update_answer answer;
 *     SLW_TRY(slw_update_get_status(client, &answer, &detail));
 *     if (answer.status.state == SLW_UPDATE_STATE_INACTIVE)
 *         SLW_TRY(slw_update_start(client, "app.bundle", &answer, &detail));
 *
 * A call that the device refuses isn't a failure of the call: look at answer.code. Requests are
 * repeated when no answer comes, so a Start, Verify or Apply whose answer was lost may be answered
 * FAILED_PRECONDITION with the state that it had itself made: look at the state first.
 */
#ifndef SLIPWAY_UPDATE_CLIENT_H
#define SLIPWAY_UPDATE_CLIENT_H

#include "slipway/device_status.h"
#include "slipway/rpc_client.h"

#define SLW_UPDATE_SLOTS_MAX 64u
#define SLW_UPDATE_ANSWER_SIZE_MAX 16384u

/* Views in status and device point into bytes: don't copy the structure. */
struct slw_update_answer {
    bool is_error; /* no such method, or not allowed: code is all there is */
    uint32_t code; /* enum slw_rpc_status */
    struct slw_update_status status;
    bool has_device; /* the device speaks slipway.DeviceStatus */
    struct slw_device_status device;
    struct slw_device_slot slots[SLW_UPDATE_SLOTS_MAX];
    uint8_t bytes[SLW_UPDATE_ANSWER_SIZE_MAX];
};

/* How long each call may take, and when it is repeated. */
#define SLW_UPDATE_TIMEOUT_MS 5000u
#define SLW_UPDATE_REPEAT_MS 1500u

/*
 * All of them: SLW_OK when the device answered; SLW_IO_TIMEOUT, SLW_IO_CLOSED or SLW_IO when not;
 * SLW_MALFORMED when it isn't an answer. Explained.
 */
enum slw_status slw_update_get_status(struct slw_rpc_client *client,
                                      struct slw_update_answer *ret_answer,
                                      struct slw_detail *detail);
/* filename: at most SLW_UPDATE_TEXT_SIZE_MAX bytes, else SLW_BAD_ARGUMENT. */
enum slw_status slw_update_start(struct slw_rpc_client *client, const char *filename,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail);
enum slw_status slw_update_set_transferred(struct slw_rpc_client *client,
                                           struct slw_update_answer *ret_answer,
                                           struct slw_detail *detail);
enum slw_status slw_update_verify(struct slw_rpc_client *client,
                                  struct slw_update_answer *ret_answer, struct slw_detail *detail);
enum slw_status slw_update_apply(struct slw_rpc_client *client,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail);
enum slw_status slw_update_abort(struct slw_rpc_client *client,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail);
enum slw_status slw_update_reset(struct slw_rpc_client *client,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail);

/*
 * Asks for the status, no oftener than every interval_ms, until the state is none of `while_states`
 * (a bit for each, 1u << state) or timeout_ms are over: then SLW_IO_TIMEOUT, with the last answer.
 */
enum slw_status slw_update_wait(struct slw_rpc_client *client, uint32_t while_states,
                                uint32_t interval_ms, uint32_t timeout_ms,
                                struct slw_update_answer *ret_answer, struct slw_detail *detail);

#endif
