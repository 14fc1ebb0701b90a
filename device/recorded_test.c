/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Pigweed's own clients sent (spec/vectors/sessions), played to our servers: every call is
 * answered, and the bundle arrives as it was sent. Answers aren't compared: a device may choose
 * other windows and moments.
 */
#include "slipway/bundled_update.h"
#include "slipway/transfer_server.h"

#include "session_file.h"
#include "tap.h"
#include "test_transfer.h"

static struct test_transfer test;
static unsigned requests; /* unary calls that came */
static bool aborted;

static enum slw_rpc_status answer(void *context, struct slw_bytes request,
                                  struct slw_writer *response)
{
    (void)context;
    (void)request;
    requests++;
    slw_update_status_encode(response, &(struct slw_update_status){
                                           .present = SLW_UPDATE_TRANSFER_ID,
                                           .state = SLW_UPDATE_STATE_TRANSFERRING,
                                           .transfer_id = TEST_RESOURCE,
                                       });
    return SLW_RPC_OK;
}

static enum slw_rpc_status answer_abort(void *context, struct slw_bytes request,
                                        struct slw_writer *response)
{
    aborted = test.transfer.state == SLW_TRANSFER_RECEIVING;
    slw_transfer_server_abort(&test.transfer, SLW_RPC_ABORTED);
    return answer(context, request, response);
}

static const struct slw_rpc_method update_methods[] = {
    {.id = SLW_RPC_METHOD_GET_STATUS, .call = answer},
    {.id = SLW_RPC_METHOD_START, .call = answer},
    {.id = SLW_RPC_METHOD_VERIFY, .call = answer},
    {.id = SLW_RPC_METHOD_APPLY, .call = answer},
    {.id = SLW_RPC_METHOD_RESET, .call = answer},
    {.id = SLW_RPC_METHOD_ABORT, .call = answer_abort},
};

static const struct slw_rpc_service update_service = {
    SLW_RPC_SERVICE_BUNDLED_UPDATE, NULL, update_methods,
    sizeof update_methods / sizeof update_methods[0]};

struct outcome {
    unsigned responses;
    unsigned errors;
    unsigned completions;
    uint32_t completion_status;
    bool completion_is_legacy;
};

static void read_answers(struct outcome *outcome)
{
    struct slw_rpc_packet packet;
    struct slw_transfer_chunk chunk;
    while (test_peer_next(&test.peer, &packet)) {
        outcome->responses += packet.type == SLW_RPC_RESPONSE && packet.status == SLW_RPC_OK;
        outcome->errors += packet.type == SLW_RPC_SERVER_ERROR;
        if (packet.type == SLW_RPC_SERVER_STREAM &&
            slw_transfer_chunk_decode(packet.payload, &chunk) == SLW_OK &&
            chunk.type == SLW_CHUNK_COMPLETION) {
            outcome->completions++;
            outcome->completion_status = chunk.status;
            outcome->completion_is_legacy =
                slw_transfer_chunk_version(&chunk) == SLW_TRANSFER_LEGACY;
        }
    }
}

static struct outcome play(const char *name)
{
    struct outcome outcome = {0};
    struct session_row row;
    FILE *session = session_open(name);
    test_transfer_init(&test, 64, 4096, &update_service);
    requests = 0;
    TAP_CHECK(session != NULL);
    while (session != NULL && session_next(session, &row)) {
        TAP_CHECK(row.frame.valid);
        if (row.from_client && !row.lost) {
            struct slw_bytes frame = hex_view(&row.frame);
            TAP_EQUAL_INT(slw_rpc_server_receive(&test.rpc, frame), frame.len);
            read_answers(&outcome);
        }
    }
    if (session != NULL) {
        fclose(session);
    }
    TAP_EQUAL_INT(outcome.responses, requests);
    TAP_EQUAL_INT(outcome.errors, 0);
    TAP_EQUAL_INT(test.rpc.packets_dropped, 0);
    return outcome;
}

static void check_bundle(const char *path)
{
    static uint8_t bundle[TEST_DATA_SIZE];
    FILE *file = fopen(path, "re");
    TAP_REQUIRE(file != NULL);
    size_t len = fread(bundle, 1, sizeof bundle, file);
    fclose(file);
    TAP_EQUAL_INT(test.len, len);
    TAP_EQUAL_BYTES(test.data, bundle, len);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_OK);
}

static void check_upload(const char *name, const char *bundle, unsigned calls)
{
    TAP_ROW(name);
    struct outcome outcome = play(name);
    TAP_EQUAL_INT(outcome.responses, calls);
    TAP_CHECK(outcome.completions >= 1);
    TAP_EQUAL_INT(outcome.completion_status, SLW_RPC_OK);
    check_bundle(bundle);
}

static void uploads_arrive_whole(void)
{
    check_upload("good", "spec/vectors/bundles/g02_with_root_same.pb", 7);
    check_upload("lossy", "spec/vectors/bundles/g02_with_root_same.pb", 7);
    check_upload("bad-signature", "spec/vectors/bundles/b03_bad_signature.pb", 5);
}

static void an_aborted_upload_is_told_so(void)
{
    struct outcome outcome = play("abort");
    TAP_CHECK(aborted);
    TAP_CHECK(outcome.completions >= 1);
    TAP_EQUAL_INT(outcome.completion_status, SLW_RPC_ABORTED);
    TAP_CHECK(test.len > 0 && test.len < 701);
}

static void legacy_uploads_are_refused(void)
{
    struct outcome outcome = play("legacy");
    TAP_EQUAL_INT(outcome.completions, 1);
    TAP_CHECK(outcome.completion_is_legacy);
    TAP_EQUAL_INT(outcome.completion_status, SLW_RPC_UNIMPLEMENTED);
    TAP_EQUAL_INT(test.opens, 0);
    /* Here the client would speak version 2; it fell back because the recorded device didn't. */
    outcome = play("legacy-fallback");
    TAP_EQUAL_INT(outcome.completions, 0);
    TAP_EQUAL_INT(test.opens, 1);
    TAP_EQUAL_INT(test.writes, 0);
}

int main(void)
{
    TAP_RUN(uploads_arrive_whole);
    TAP_RUN(an_aborted_upload_is_told_so);
    TAP_RUN(legacy_uploads_are_refused);
    return tap_finish();
}
