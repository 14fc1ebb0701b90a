/* SPDX-License-Identifier: Apache-2.0 */
/* From RPC methods and transferred bytes to the session, and back as a status (update_service.h).
 */
#include "slipway/update_service.h"

#include "slipway/device_status.h"

static const char *const slot_letters[2] = {"A", "B"};

static struct slw_bytes text(const char *string)
{
    size_t len = 0;
    while (string[len] != '\0') {
        len++;
    }
    return slw_bytes_make(string, len);
}

static void put_number(struct slw_writer *writer, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    slw_writer_put(writer, slw_bytes_make(digits + at, sizeof digits - at));
}

/* "<meaning>: found 1, wanted 2" */
static struct slw_bytes describe(const struct slw_finding *finding, struct slw_writer *writer)
{
    slw_writer_put(writer, text(slw_status_meaning(finding->status)));
    if (finding->has_numbers) {
        slw_writer_put(writer, SLW_BYTES_OF(": found "));
        put_number(writer, finding->found);
        slw_writer_put(writer, SLW_BYTES_OF(", wanted "));
        put_number(writer, finding->wanted);
    }
    return slw_writer_written(writer);
}

/* What runs: a trial from the boot on, else what was confirmed last. */
static const struct slw_release *running(const struct slw_session *session)
{
    const struct slw_state *state = &session->config->store->state;
    bool on_trial = state->trial.present && !session->rebooting;
    return on_trial ? &state->trial : &state->confirmed;
}

static size_t list_slots(const struct slw_session *session,
                         struct slw_device_slot slots[static SLW_COMPONENTS_MAX])
{
    const struct slw_layout *layout = session->config->layout;
    const struct slw_state *state = &session->config->store->state;
    const struct slw_release *release = running(session);
    for (size_t i = 0; i < layout->components_count; i++) {
        const struct slw_image *image = &release->images[i];
        slots[i] = (struct slw_device_slot){.name = layout->components[i].name};
        if (!release->present || !image->present) {
            continue;
        }
        const struct slw_image *before = &state->confirmed.images[i];
        slots[i].active = text(slot_letters[image->slot & 1]);
        slots[i].version = image->version;
        slots[i].sha256 = slw_bytes_make(image->sha256, sizeof image->sha256);
        slots[i].trial =
            release == &state->trial &&
            (!state->confirmed.present || !before->present || before->slot != image->slot);
        slots[i].confirmed = !slots[i].trial;
    }
    return layout->components_count;
}

static void put_status(const struct slw_session *session, struct slw_writer *response)
{
    const struct slw_finding *finding = &session->finding;
    const struct slw_release *release = running(session);
    struct slw_update_status status;
    struct slw_device_slot slots[SLW_COMPONENTS_MAX];
    uint8_t note[SLW_UPDATE_TEXT_SIZE_MAX];
    uint8_t detail_memory[192];
    struct slw_writer detail;
    struct slw_device_status device = {
        .root_version = session->config->store->state.root_version,
        .slots = slots,
        .slots_count = list_slots(session, slots),
        .waiting_for_consent = session->waiting_for_consent,
    };
    slw_writer_init(&detail, detail_memory, sizeof detail_memory);
    slw_session_status(session, note, &status);
    if (release->present) {
        device.targets_version = release->version;
        device.targets_metadata_sha256 = slw_bytes_make(release->metadata_sha256, SLW_SHA256_SIZE);
    }
    if (finding->status != SLW_OK) {
        device.reason = text(slw_status_word(finding->status));
        device.detail = describe(finding, &detail);
        device.target = slw_bytes_make(finding->name, finding->name_len);
    }
    if (finding->has_role) {
        device.role = text(slw_role_name(finding->role));
    }
    if (finding->has_key_id) {
        device.key_id = slw_bytes_make(finding->key_id, sizeof finding->key_id);
    }
    slw_update_status_encode(response, &status);
    slw_device_status_put_extended(response, &device);
}

static enum slw_rpc_status answer(struct slw_update_service *update, enum slw_status status,
                                  struct slw_writer *response)
{
    put_status(update->session, response);
    return slw_rpc_status_of(status);
}

static enum slw_rpc_status get_status(void *context, struct slw_bytes request,
                                      struct slw_writer *response)
{
    (void)request;
    return answer(context, SLW_OK, response);
}

static enum slw_rpc_status start(void *context, struct slw_bytes request,
                                 struct slw_writer *response)
{
    struct slw_update_service *update = context;
    struct slw_update_start_request start_request;
    if (slw_update_start_request_decode(request, &start_request) != SLW_OK) {
        return answer(update, SLW_BAD_ARGUMENT, response);
    }
    return answer(update, slw_session_start(update->session, start_request.bundle_filename),
                  response);
}

static enum slw_rpc_status call(struct slw_update_service *update, enum slw_session_call which,
                                struct slw_writer *response)
{
    return answer(update, slw_session_call(update->session, which), response);
}

static enum slw_rpc_status set_transferred(void *context, struct slw_bytes request,
                                           struct slw_writer *response)
{
    (void)request;
    return call(context, SLW_CALL_SET_TRANSFERRED, response);
}

static enum slw_rpc_status verify(void *context, struct slw_bytes request,
                                  struct slw_writer *response)
{
    (void)request;
    return call(context, SLW_CALL_VERIFY, response);
}

static enum slw_rpc_status apply(void *context, struct slw_bytes request,
                                 struct slw_writer *response)
{
    (void)request;
    return call(context, SLW_CALL_APPLY, response);
}

/* The sender, if it still sends, is told on its stream as well. */
static enum slw_rpc_status abort_update(void *context, struct slw_bytes request,
                                        struct slw_writer *response)
{
    struct slw_update_service *update = context;
    (void)request;
    enum slw_status status = slw_session_call(update->session, SLW_CALL_ABORT);
    if (status == SLW_OK) {
        slw_transfer_server_abort(&update->transfer, SLW_RPC_ABORTED);
    }
    return answer(update, status, response);
}

static enum slw_rpc_status reset(void *context, struct slw_bytes request,
                                 struct slw_writer *response)
{
    (void)request;
    return call(context, SLW_CALL_RESET, response);
}

static const struct slw_rpc_method methods[] = {
    {.id = SLW_RPC_METHOD_GET_STATUS, .call = get_status},
    {.id = SLW_RPC_METHOD_START, .call = start},
    {.id = SLW_RPC_METHOD_SET_TRANSFERRED, .call = set_transferred},
    {.id = SLW_RPC_METHOD_VERIFY, .call = verify},
    {.id = SLW_RPC_METHOD_APPLY, .call = apply},
    {.id = SLW_RPC_METHOD_ABORT, .call = abort_update},
    {.id = SLW_RPC_METHOD_RESET, .call = reset},
};

static enum slw_status transfer_open(void *context, uint32_t resource_id, uint64_t offset,
                                     uint64_t *ret_offset)
{
    struct slw_update_service *update = context;
    return slw_session_stage_open(update->session, resource_id, offset, ret_offset);
}

static enum slw_status transfer_write(void *context, uint64_t offset, struct slw_bytes data,
                                      size_t *ret_taken)
{
    struct slw_update_service *update = context;
    SLW_TRY(slw_session_stage_write(update->session, offset, data));
    *ret_taken = data.len;
    return SLW_OK;
}

static bool transfer_ready(void *context)
{
    (void)context;
    return true;
}

/* A transfer that ends early leaves the session TRANSFERRING: it can be resumed, or aborted. */
static enum slw_status transfer_close(void *context, enum slw_status end)
{
    struct slw_update_service *update = context;
    return end == SLW_OK ? slw_session_stage_finish(update->session) : end;
}

static enum slw_status transfer_query(void *context, uint32_t resource_id,
                                      struct slw_transfer_resource *ret_resource)
{
    struct slw_update_service *update = context;
    struct slw_transfer_resource resource = {.has_checksum = true};
    SLW_TRY(slw_session_stage_status(update->session, resource_id, &resource.offset,
                                     &resource.checksum));
    resource.still_looking = slw_session_stage_is_looking(update->session);
    *ret_resource = resource;
    return SLW_OK;
}

void slw_update_service_init(struct slw_update_service *update, struct slw_session *session,
                             const struct slw_transfer_config *transfer_config)
{
    *update = (struct slw_update_service){
        .service = {SLW_RPC_SERVICE_BUNDLED_UPDATE, update, methods,
                    sizeof methods / sizeof methods[0]},
        .session = session,
        .handler = {update, transfer_open, transfer_write, transfer_ready, transfer_close,
                    transfer_query},
    };
    slw_transfer_server_init(&update->transfer, transfer_config, &update->handler);
}

bool slw_update_service_poll(struct slw_update_service *update, uint64_t now_ms)
{
    slw_transfer_server_poll(&update->transfer, now_ms);
    return slw_session_poll(update->session, now_ms);
}
