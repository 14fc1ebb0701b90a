/* SPDX-License-Identifier: Apache-2.0 */
/* What bundled_update.h and device_status.h promise, against bytes of Pigweed's and of protoc. */
#include "slipway/bundled_update.h"
#include "slipway/device_status.h"

#include "hex.h"
#include "tap.h"

static struct slw_bytes text(const char *string)
{
    return slw_bytes_make(string, strlen(string));
}

static void start_requests_go_both_ways(void)
{
    uint8_t bytes[32];
    struct slw_writer writer;
    struct slw_update_start_request request = {true, SLW_BYTES_OF("b.pb")};
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_update_start_request_encode(&writer, &request);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "0a04622e7062"));
    request = (struct slw_update_start_request){0};
    TAP_REQUIRE(slw_update_start_request_decode(slw_writer_written(&writer), &request) == SLW_OK);
    TAP_CHECK(request.has_bundle_filename);
    TAP_CHECK(slw_bytes_equal(request.bundle_filename, SLW_BYTES_OF("b.pb")));
    TAP_REQUIRE(slw_update_start_request_decode(text(""), &request) == SLW_OK);
    TAP_CHECK(!request.has_bundle_filename);
}

static void refuses_malformed_start_requests(void)
{
    static const char *const rows[] = {"0a02ff41", "0a0561", "0801", "0a0161 0a0161"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i]);
        struct slw_update_start_request request = {0};
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_update_start_request_decode(hex_view(&encoded), &request), SLW_MALFORMED);
    }
}

static void encodes_the_status_of_the_specification(void)
{
    uint8_t bytes[32];
    struct slw_writer writer;
    struct slw_update_status status = {
        .present = SLW_UPDATE_TRANSFER_ID | SLW_UPDATE_BUNDLE_FILENAME,
        .state = SLW_UPDATE_STATE_TRANSFERRING,
        .transfer_id = 17,
        .bundle_filename = SLW_BYTES_OF("b.pb"),
    };
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_update_status_encode(&writer, &status);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "080220112a04622e7062"));
}

static void every_field_of_a_status_goes_both_ways(void)
{
    const char *encoded = "0808 1000 18904e 2000 2a0162 3202fffe 3a08 0a0175 1203010203";
    struct hex_bytes bytes = hex(encoded);
    struct slw_update_status status;
    uint8_t again[64];
    struct slw_writer writer;
    TAP_REQUIRE(slw_update_status_decode(hex_view(&bytes), &status) == SLW_OK);
    TAP_EQUAL_INT(status.present, 0x3F);
    TAP_EQUAL_INT(status.state, SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(status.result, SLW_UPDATE_RESULT_UNKNOWN);
    TAP_EQUAL_INT(status.progress_hundreth_percent, SLW_UPDATE_PROGRESS_FULL);
    TAP_EQUAL_INT(status.transfer_id, 0);
    TAP_CHECK(slw_bytes_equal(status.bundle_filename, SLW_BYTES_OF("b")));
    TAP_CHECK(slw_bytes_equal(status.note, SLW_BYTES_OF("\xff\xfe")));
    TAP_CHECK(slw_bytes_equal(status.extended_type, SLW_BYTES_OF("u")));
    TAP_CHECK(slw_bytes_equal(status.extended_value, SLW_BYTES_OF("\1\2\3")));
    slw_writer_init(&writer, again, sizeof again);
    slw_update_status_encode(&writer, &status);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), encoded));
}

static void refuses_malformed_statuses_and_leaves_the_result_alone(void)
{
    static const char *const rows[] = {
        "0801 0801",     /* state twice */
        "08ffffffff0f",  /* state beyond int32 */
        "2a01ff",        /* file name that isn't text */
        "3a03 0a0275",   /* type_url beyond its message */
        "3a04 0a01750a", /* message cut off */
        "3a03 0a01ff",   /* type_url that isn't text */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i]);
        struct slw_update_status status = {.transfer_id = 9};
        TAP_ROW(rows[i]);
        TAP_CHECK(encoded.valid);
        TAP_EQUAL_INT(slw_update_status_decode(hex_view(&encoded), &status), SLW_MALFORMED);
        TAP_EQUAL_INT(status.transfer_id, 9);
    }
}

static void states_and_results_have_names(void)
{
    TAP_CHECK(strcmp(slw_update_state_name(SLW_UPDATE_STATE_INACTIVE), "INACTIVE") == 0);
    TAP_CHECK(strcmp(slw_update_state_name(SLW_UPDATE_STATE_FINISHED), "FINISHED") == 0);
    TAP_CHECK(strcmp(slw_update_state_name(9), "unknown") == 0);
    TAP_CHECK(strcmp(slw_update_result_name(SLW_UPDATE_RESULT_APPLY_FAILED), "APPLY_FAILED") == 0);
    TAP_CHECK(strcmp(slw_update_result_name(7), "unknown") == 0);
}

/* What protoc makes of spec/slipway_device.proto and the fields of the case below. */
static const char *const device_encoded =
    "0a08726f6c6c6261636b 120774617267657473 1a020102 2203617070 "
    "2a1476657273696f6e20312069732062656c6f772032 3002 3801 4201aa "
    "4a0f0a0361707012014218022201bb2801 4a080a0472746f733001 5001";

static const struct slw_device_slot device_slots[2] = {
    {.name = {(const uint8_t *)"app", 3},
     .active = {(const uint8_t *)"B", 1},
     .version = 2,
     .sha256 = {(const uint8_t *)"\xbb", 1},
     .trial = true},
    {.name = {(const uint8_t *)"rtos", 4}, .confirmed = true},
};

static struct slw_device_status device_status(void)
{
    return (struct slw_device_status){
        .reason = text(slw_status_word(SLW_ROLLBACK)),
        .role = text("targets"),
        .key_id = text("\1\2"),
        .target = text("app"),
        .detail = text("version 1 is below 2"),
        .targets_version = 2,
        .root_version = 1,
        .targets_metadata_sha256 = text("\xaa"),
        .slots = device_slots,
        .slots_count = 2,
        .waiting_for_consent = true,
    };
}

static void encodes_a_device_status_as_protoc_does(void)
{
    uint8_t bytes[128];
    struct slw_writer writer;
    struct slw_device_status device = device_status();
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_device_status_encode(&writer, &device);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), device_encoded));
}

static void decodes_a_device_status(void)
{
    struct hex_bytes encoded = hex(device_encoded);
    struct slw_device_slot slots[2];
    struct slw_device_status device;
    TAP_REQUIRE(slw_device_status_decode(hex_view(&encoded), slots, 2, &device) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(device.reason, text("rollback")));
    TAP_CHECK(slw_bytes_equal(device.role, text("targets")));
    TAP_CHECK(slw_bytes_equal(device.key_id, text("\1\2")));
    TAP_CHECK(slw_bytes_equal(device.target, text("app")));
    TAP_CHECK(slw_bytes_equal(device.detail, text("version 1 is below 2")));
    TAP_EQUAL_INT(device.targets_version, 2);
    TAP_EQUAL_INT(device.root_version, 1);
    TAP_CHECK(slw_bytes_equal(device.targets_metadata_sha256, text("\xaa")));
    TAP_CHECK(device.waiting_for_consent);
    TAP_REQUIRE(device.slots_count == 2);
    TAP_CHECK(slw_bytes_equal(device.slots[0].name, text("app")));
    TAP_CHECK(slw_bytes_equal(device.slots[0].active, text("B")));
    TAP_EQUAL_INT(device.slots[0].version, 2);
    TAP_CHECK(slw_bytes_equal(device.slots[0].sha256, text("\xbb")));
    TAP_CHECK(device.slots[0].trial && !device.slots[0].confirmed);
    TAP_CHECK(slw_bytes_equal(device.slots[1].name, text("rtos")));
    TAP_EQUAL_INT(device.slots[1].active.len, 0);
    TAP_CHECK(!device.slots[1].trial && device.slots[1].confirmed);
}

static void says_when_there_are_more_slots_than_room(void)
{
    struct hex_bytes encoded = hex(device_encoded);
    struct slw_device_slot slots[1];
    struct slw_device_status device = {.root_version = 9};
    TAP_EQUAL_INT(slw_device_status_decode(hex_view(&encoded), slots, 1, &device), SLW_NO_SPACE);
    TAP_EQUAL_INT(device.root_version, 9);
}

static void refuses_malformed_device_statuses(void)
{
    static const char *const rows[] = {"5002", "0a01ff", "4a02 2802", "4a01 0a0161", "3001 3001"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i]);
        struct slw_device_slot slots[2];
        struct slw_device_status device = {.root_version = 9};
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_device_status_decode(hex_view(&encoded), slots, 2, &device),
                      SLW_MALFORMED);
        TAP_EQUAL_INT(device.root_version, 9);
    }
}

static void a_device_status_travels_in_extended_status(void)
{
    uint8_t bytes[256];
    struct slw_writer writer;
    struct slw_update_status status = {.state = SLW_UPDATE_STATE_VERIFIED};
    struct slw_device_status device = device_status();
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_update_status_encode(&writer, &status);
    slw_device_status_put_extended(&writer, &device);
    TAP_REQUIRE(writer.status == SLW_OK);
    TAP_REQUIRE(slw_update_status_decode(slw_writer_written(&writer), &status) == SLW_OK);
    TAP_EQUAL_INT(status.state, SLW_UPDATE_STATE_VERIFIED);
    TAP_CHECK(slw_device_status_is_extended(&status));
    TAP_CHECK(hex_equals(status.extended_value, device_encoded));
    status.extended_type = text("type.googleapis.com/other.Status");
    TAP_CHECK(!slw_device_status_is_extended(&status));
}

int main(void)
{
    TAP_RUN(start_requests_go_both_ways);
    TAP_RUN(refuses_malformed_start_requests);
    TAP_RUN(encodes_the_status_of_the_specification);
    TAP_RUN(every_field_of_a_status_goes_both_ways);
    TAP_RUN(refuses_malformed_statuses_and_leaves_the_result_alone);
    TAP_RUN(states_and_results_have_names);
    TAP_RUN(encodes_a_device_status_as_protoc_does);
    TAP_RUN(decodes_a_device_status);
    TAP_RUN(says_when_there_are_more_slots_than_room);
    TAP_RUN(refuses_malformed_device_statuses);
    TAP_RUN(a_device_status_travels_in_extended_status);
    return tap_finish();
}
