/* SPDX-License-Identifier: Apache-2.0 */
/* What update_client.h promises, against a service that answers what a case wants. */
#include "slipway/update_client.h"

#include "tap.h"
#include "test_device.h"

static struct test_device device;
static struct slw_rpc_client *client;
static struct slw_detail detail;
static struct slw_update_answer answer;
static volatile sig_atomic_t interrupted;

/* What the service answers, and what it was asked. */
static struct slw_update_status status;
static struct slw_device_status said;
static bool says_device;
static struct slw_bytes raw; /* instead of the above, when not empty */
static enum slw_rpc_status code;
static unsigned calls;
static char filename[64];
static unsigned applying_for; /* calls that are still answered APPLYING */

static enum slw_rpc_status respond(struct slw_writer *response)
{
    calls++;
    if (raw.len > 0) {
        slw_writer_put(response, raw);
        return code;
    }
    struct slw_update_status now = status;
    if (applying_for > 0) {
        applying_for--;
        now.state = SLW_UPDATE_STATE_APPLYING;
    }
    slw_update_status_encode(response, &now);
    if (says_device) {
        slw_device_status_put_extended(response, &said);
    }
    return code;
}

static enum slw_rpc_status plain(void *context, struct slw_bytes request,
                                 struct slw_writer *response)
{
    (void)context;
    TAP_EQUAL_INT(request.len, 0);
    return respond(response);
}

static enum slw_rpc_status begin(void *context, struct slw_bytes request,
                                 struct slw_writer *response)
{
    struct slw_update_start_request start = {0};
    (void)context;
    TAP_CHECK(slw_update_start_request_decode(request, &start) == SLW_OK);
    TAP_CHECK(start.has_bundle_filename && start.bundle_filename.len < sizeof filename);
    memset(filename, 0, sizeof filename);
    memcpy(filename, start.bundle_filename.ptr, start.bundle_filename.len);
    return respond(response);
}

/* Each method puts its id where the case can see it. */
static uint32_t last_method;

#define METHOD(name, method)                                                                       \
    static enum slw_rpc_status name(void *context, struct slw_bytes request,                       \
                                    struct slw_writer *response)                                   \
    {                                                                                              \
        last_method = method;                                                                      \
        return plain(context, request, response);                                                  \
    }
METHOD(get_status, SLW_RPC_METHOD_GET_STATUS)
METHOD(set_transferred, SLW_RPC_METHOD_SET_TRANSFERRED)
METHOD(verify, SLW_RPC_METHOD_VERIFY)
METHOD(apply, SLW_RPC_METHOD_APPLY)
METHOD(abort_update, SLW_RPC_METHOD_ABORT)

static const struct slw_rpc_method methods[] = {
    {.id = SLW_RPC_METHOD_GET_STATUS, .call = get_status},
    {.id = SLW_RPC_METHOD_START, .call = begin},
    {.id = SLW_RPC_METHOD_SET_TRANSFERRED, .call = set_transferred},
    {.id = SLW_RPC_METHOD_VERIFY, .call = verify},
    {.id = SLW_RPC_METHOD_APPLY, .call = apply},
    {.id = SLW_RPC_METHOD_ABORT, .call = abort_update},
};
static const struct slw_rpc_service service = {SLW_RPC_SERVICE_BUNDLED_UPDATE, NULL, methods,
                                               sizeof methods / sizeof methods[0]};

static void start(void)
{
    test_device_init(&device, 64, 256, &service);
    status = (struct slw_update_status){.state = SLW_UPDATE_STATE_INACTIVE};
    says_device = false;
    raw = slw_bytes_make(NULL, 0);
    code = SLW_RPC_OK;
    calls = 0;
    applying_for = 0;
    interrupted = 0;
    last_method = 0;
    slw_rpc_client_free(client);
    client = slw_rpc_client_new(&(struct slw_rpc_client_config){
        .transport = device.transport,
        .interrupted = &interrupted,
    });
}

static void each_call_goes_to_its_method(void)
{
    static const struct {
        enum slw_status (*call)(struct slw_rpc_client *, struct slw_update_answer *,
                                struct slw_detail *);
        uint32_t method;
    } rows[] = {
        {slw_update_get_status, SLW_RPC_METHOD_GET_STATUS},
        {slw_update_set_transferred, SLW_RPC_METHOD_SET_TRANSFERRED},
        {slw_update_verify, SLW_RPC_METHOD_VERIFY},
        {slw_update_apply, SLW_RPC_METHOD_APPLY},
        {slw_update_abort, SLW_RPC_METHOD_ABORT},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_EQUAL_INT(rows[i].call(client, &answer, &detail), SLW_OK);
        TAP_EQUAL_INT(last_method, rows[i].method);
        TAP_CHECK(!answer.is_error);
        TAP_EQUAL_INT(answer.code, SLW_RPC_OK);
        TAP_EQUAL_INT(answer.status.state, SLW_UPDATE_STATE_INACTIVE);
    }
}

static void a_method_that_is_not_there_is_an_error_without_a_status(void)
{
    start();
    answer.status.state = SLW_UPDATE_STATE_FINISHED;
    TAP_EQUAL_INT(slw_update_reset(client, &answer, &detail), SLW_OK);
    TAP_CHECK(answer.is_error);
    TAP_EQUAL_INT(answer.code, SLW_RPC_NOT_FOUND);
    TAP_EQUAL_INT(answer.status.state, SLW_UPDATE_STATE_UNKNOWN);
}

static void start_names_the_bundle(void)
{
    start();
    status.present = SLW_UPDATE_TRANSFER_ID;
    status.transfer_id = 42;
    TAP_EQUAL_INT(slw_update_start(client, "a name of thirty-two bytes, full", &answer, &detail),
                  SLW_OK);
    TAP_CHECK(strcmp(filename, "a name of thirty-two bytes, full") == 0);
    TAP_EQUAL_INT(answer.status.transfer_id, 42);
    TAP_EQUAL_INT(slw_update_start(client, "a name of thirty-three bytes, more", &answer, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(calls, 1);
}

static void a_refused_call_has_the_true_state(void)
{
    start();
    code = SLW_RPC_FAILED_PRECONDITION;
    status.state = SLW_UPDATE_STATE_VERIFYING;
    TAP_EQUAL_INT(slw_update_apply(client, &answer, &detail), SLW_OK);
    TAP_CHECK(!answer.is_error);
    TAP_EQUAL_INT(answer.code, SLW_RPC_FAILED_PRECONDITION);
    TAP_EQUAL_INT(answer.status.state, SLW_UPDATE_STATE_VERIFYING);
}

static void what_the_device_says_beyond_it_is_there(void)
{
    static const struct slw_device_slot slots[] = {
        {.name = {(const uint8_t *)"app", 3}, .version = 2, .confirmed = true},
        {.name = {(const uint8_t *)"rtos", 4}, .version = 1},
    };
    start();
    says_device = true;
    said = (struct slw_device_status){
        .reason = SLW_BYTES_OF("rollback"),
        .targets_version = 2,
        .slots = slots,
        .slots_count = 2,
    };
    TAP_REQUIRE(slw_update_get_status(client, &answer, &detail) == SLW_OK);
    TAP_REQUIRE(answer.has_device);
    TAP_CHECK(slw_bytes_equal(answer.device.reason, SLW_BYTES_OF("rollback")));
    TAP_EQUAL_INT(answer.device.targets_version, 2);
    TAP_REQUIRE(answer.device.slots_count == 2);
    TAP_CHECK(slw_bytes_equal(answer.device.slots[1].name, SLW_BYTES_OF("rtos")));
    TAP_CHECK(answer.device.slots[0].confirmed);
    /* The answer stands by itself: the next call doesn't change what was said. */
    static struct slw_update_answer other;
    status.state = SLW_UPDATE_STATE_FINISHED;
    TAP_REQUIRE(slw_update_get_status(client, &other, &detail) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(answer.device.reason, SLW_BYTES_OF("rollback")));
}

static void an_extended_status_that_cannot_be_read_leaves_the_rest(void)
{
    uint8_t bytes[128];
    struct slw_writer writer;
    start();
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_update_status_encode(&writer, &(struct slw_update_status){
                                          .present = SLW_UPDATE_EXTENDED_STATUS,
                                          .state = SLW_UPDATE_STATE_VERIFIED,
                                          .extended_type = SLW_BYTES_OF(SLW_DEVICE_STATUS_TYPE_URL),
                                          .extended_value = SLW_BYTES_OF("\xff"),
                                      });
    raw = slw_writer_written(&writer);
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_OK);
    TAP_EQUAL_INT(answer.status.state, SLW_UPDATE_STATE_VERIFIED);
    TAP_CHECK(!answer.has_device);
}

static void an_answer_that_is_no_status_is_malformed(void)
{
    start();
    raw = SLW_BYTES_OF("\x08\x01\x08\x01");
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_MALFORMED);
    TAP_CHECK(detail.text[0] != '\0');
}

static void lost_calls_are_repeated_and_silence_is_told(void)
{
    start();
    device.to_device = (struct test_faults){.fault = TEST_LOSE, .every = 2};
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_OK);
    TAP_EQUAL_INT(device.now_ms, 1000 + SLW_UPDATE_REPEAT_MS);
    device.deaf = true;
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(device.now_ms, 1000 + SLW_UPDATE_REPEAT_MS + SLW_UPDATE_TIMEOUT_MS);
    device.link_status = SLW_IO_CLOSED;
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_IO_CLOSED);
    start();
    interrupted = 1;
    TAP_EQUAL_INT(slw_update_get_status(client, &answer, &detail), SLW_IO);
    TAP_CHECK(strcmp(detail.text, "interrupted") == 0);
}

static void waits_until_a_state_is_left(void)
{
    const uint32_t applying = 1u << SLW_UPDATE_STATE_APPLYING;
    start();
    status.state = SLW_UPDATE_STATE_FINISHED;
    applying_for = 5;
    TAP_EQUAL_INT(slw_update_wait(client, applying, 100, 10000, &answer, &detail), SLW_OK);
    TAP_EQUAL_INT(answer.status.state, SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(device.now_ms, 1500);
    TAP_EQUAL_INT(calls, 6);
    applying_for = 1000;
    TAP_EQUAL_INT(slw_update_wait(client, applying, 100, 2000, &answer, &detail), SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(answer.status.state, SLW_UPDATE_STATE_APPLYING);
    TAP_CHECK(strstr(detail.text, "APPLYING") != NULL);
    interrupted = 1;
    TAP_EQUAL_INT(slw_update_wait(client, applying, 100, 2000, &answer, &detail), SLW_IO);
}

int main(void)
{
    TAP_RUN(each_call_goes_to_its_method);
    TAP_RUN(a_method_that_is_not_there_is_an_error_without_a_status);
    TAP_RUN(start_names_the_bundle);
    TAP_RUN(a_refused_call_has_the_true_state);
    TAP_RUN(what_the_device_says_beyond_it_is_there);
    TAP_RUN(an_extended_status_that_cannot_be_read_leaves_the_rest);
    TAP_RUN(an_answer_that_is_no_status_is_malformed);
    TAP_RUN(lost_calls_are_repeated_and_silence_is_told);
    TAP_RUN(waits_until_a_state_is_left);
    slw_rpc_client_free(client);
    return tap_finish();
}
