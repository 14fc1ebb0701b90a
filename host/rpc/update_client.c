/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of update_client.h: one function, and a name for each method. */
#include "slipway/update_client.h"

static enum slw_status read_answer(const struct slw_rpc_reply *reply,
                                   struct slw_update_answer *answer, struct slw_detail *detail)
{
    answer->is_error = reply->is_error;
    answer->code = reply->code;
    answer->status = (struct slw_update_status){0};
    answer->has_device = false;
    if (reply->is_error) {
        return SLW_OK;
    }
    if (reply->payload.len > sizeof answer->bytes) {
        return slw_explain(detail, SLW_MALFORMED, "the device's answer is too long");
    }
    if (reply->payload.len > 0) {
        memcpy(answer->bytes, reply->payload.ptr, reply->payload.len);
    }
    struct slw_bytes bytes = slw_bytes_make(answer->bytes, reply->payload.len);
    if (slw_update_status_decode(bytes, &answer->status) != SLW_OK) {
        return slw_explain(detail, SLW_MALFORMED, "the device's answer isn't a status");
    }
    /* What can't be read of the rest doesn't take the status away. */
    answer->has_device = slw_device_status_is_extended(&answer->status) &&
                         slw_device_status_decode(answer->status.extended_value, answer->slots,
                                                  SLW_UPDATE_SLOTS_MAX, &answer->device) == SLW_OK;
    return SLW_OK;
}

static enum slw_status call(struct slw_rpc_client *client, uint32_t method_id,
                            struct slw_bytes request, struct slw_update_answer *ret_answer,
                            struct slw_detail *detail)
{
    const struct slw_rpc_patience patience = {
        .timeout_ms = SLW_UPDATE_TIMEOUT_MS,
        .repeat_ms = SLW_UPDATE_REPEAT_MS,
    };
    struct slw_rpc_reply reply;
    enum slw_status status = slw_rpc_client_call(client, SLW_RPC_SERVICE_BUNDLED_UPDATE, method_id,
                                                 request, &patience, &reply);
    if (slw_rpc_client_is_interrupted(client)) {
        return slw_explain(detail, SLW_IO, "interrupted");
    }
    if (status == SLW_IO_TIMEOUT) {
        return slw_explain(detail, status, "the device doesn't answer");
    }
    if (status != SLW_OK) {
        return slw_explain(detail, status, "the link to the device failed: %s",
                           slw_status_meaning(status));
    }
    return read_answer(&reply, ret_answer, detail);
}

static enum slw_status call_empty(struct slw_rpc_client *client, uint32_t method_id,
                                  struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    return call(client, method_id, slw_bytes_make(NULL, 0), ret_answer, detail);
}

enum slw_status slw_update_get_status(struct slw_rpc_client *client,
                                      struct slw_update_answer *ret_answer,
                                      struct slw_detail *detail)
{
    return call_empty(client, SLW_RPC_METHOD_GET_STATUS, ret_answer, detail);
}

enum slw_status slw_update_start(struct slw_rpc_client *client, const char *filename,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    uint8_t encoded[SLW_UPDATE_TEXT_SIZE_MAX + 8];
    struct slw_writer writer;
    struct slw_update_start_request request = {
        .has_bundle_filename = true,
        .bundle_filename = slw_bytes_make(filename, strlen(filename)),
    };
    if (request.bundle_filename.len > SLW_UPDATE_TEXT_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: a device takes bundle names of up to %u bytes", filename,
                           SLW_UPDATE_TEXT_SIZE_MAX);
    }
    slw_writer_init(&writer, encoded, sizeof encoded);
    slw_update_start_request_encode(&writer, &request);
    return call(client, SLW_RPC_METHOD_START, slw_writer_written(&writer), ret_answer, detail);
}

enum slw_status slw_update_set_transferred(struct slw_rpc_client *client,
                                           struct slw_update_answer *ret_answer,
                                           struct slw_detail *detail)
{
    return call_empty(client, SLW_RPC_METHOD_SET_TRANSFERRED, ret_answer, detail);
}

enum slw_status slw_update_verify(struct slw_rpc_client *client,
                                  struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    return call_empty(client, SLW_RPC_METHOD_VERIFY, ret_answer, detail);
}

enum slw_status slw_update_apply(struct slw_rpc_client *client,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    return call_empty(client, SLW_RPC_METHOD_APPLY, ret_answer, detail);
}

enum slw_status slw_update_abort(struct slw_rpc_client *client,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    return call_empty(client, SLW_RPC_METHOD_ABORT, ret_answer, detail);
}

enum slw_status slw_update_reset(struct slw_rpc_client *client,
                                 struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    return call_empty(client, SLW_RPC_METHOD_RESET, ret_answer, detail);
}

enum slw_status slw_update_wait(struct slw_rpc_client *client, uint32_t while_states,
                                uint32_t interval_ms, uint32_t timeout_ms,
                                struct slw_update_answer *ret_answer, struct slw_detail *detail)
{
    uint64_t deadline_ms = slw_rpc_client_now_ms(client) + timeout_ms;
    for (;;) {
        SLW_TRY(slw_update_get_status(client, ret_answer, detail));
        uint32_t state = ret_answer->status.state;
        if (ret_answer->is_error || state > 31 || (while_states >> state & 1) == 0) {
            return SLW_OK;
        }
        if (slw_rpc_client_now_ms(client) >= deadline_ms) {
            return slw_explain(detail, SLW_IO_TIMEOUT, "the device is still %s",
                               slw_update_state_name(state));
        }
        if (slw_rpc_client_pause(client, interval_ms) == SLW_IO_CLOSED) {
            return slw_explain(detail, SLW_IO_CLOSED, "the link to the device failed: %s",
                               slw_status_meaning(SLW_IO_CLOSED));
        }
    }
}
