/* SPDX-License-Identifier: Apache-2.0 */
/* What transfer_client.h promises, against the device's own transfer server. */
#include "slipway/transfer_client.h"

#include "tap.h"
#include "test_device.h"

static struct test_device device;
static struct slw_rpc_client *client;
static volatile sig_atomic_t interrupted;
static struct slw_detail detail;
static struct slw_upload upload;
static struct slw_upload_report report;
static uint64_t progress_done;
static unsigned progress_backwards;
static uint64_t source_fails_at;

static enum slw_status read_pattern(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_source *source = context;
    if (len > source->size || offset > source->size - len) {
        return SLW_BAD_ARGUMENT;
    }
    if (offset + len > source_fails_at) {
        return SLW_IO;
    }
    for (size_t i = 0; i < len; i++) {
        buffer[i] = test_pattern(offset + i);
    }
    return SLW_OK;
}

static void note_progress(void *context, uint64_t done, uint64_t total)
{
    const struct slw_source *source = context;
    progress_backwards += done < progress_done || total != source->size;
    progress_done = done;
}

static struct slw_source source;
static const struct slw_progress progress = {&source, note_progress};

static void new_client(void)
{
    slw_rpc_client_free(client);
    client = slw_rpc_client_new(&(struct slw_rpc_client_config){
        .transport = device.transport,
        .interrupted = &interrupted,
    });
    upload.rpc = client;
}

static void start(uint64_t size, uint32_t chunk_size, uint32_t window_size)
{
    test_device_init(&device, chunk_size, window_size, NULL);
    source = (struct slw_source){&source, read_pattern, size};
    upload = (struct slw_upload){
        .resource_id = TEST_RESOURCE,
        .source = &source,
        .progress = &progress,
    };
    interrupted = 0;
    progress_done = 0;
    progress_backwards = 0;
    source_fails_at = UINT64_MAX;
    new_client();
}

static enum slw_status run(void)
{
    return slw_upload_run(&upload, &report, &detail);
}

static void check_arrived(void)
{
    TAP_EQUAL_INT(report.code, SLW_RPC_OK);
    TAP_EQUAL_INT(device.len, source.size);
    TAP_EQUAL_INT(device.wrong_bytes, 0);
    TAP_EQUAL_INT(device.completes, 1);
    TAP_EQUAL_INT(progress_done, source.size);
}

static void sends_files_of_any_size(void)
{
    static const uint64_t sizes[] = {0, 1, 63, 64, 65, 128, 1000, 4096, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start(sizes[i], 64, 1024);
        TAP_EQUAL_INT(run(), SLW_OK);
        check_arrived();
        TAP_EQUAL_INT(progress_backwards, 0);
        uint64_t chunks = sizes[i] == 0 ? 1 : (sizes[i] + 63) / 64;
        TAP_EQUAL_INT(report.chunks_sent, chunks);
        TAP_EQUAL_INT(report.bytes_sent, sizes[i]);
        TAP_EQUAL_INT(report.sessions, 1);
        TAP_EQUAL_INT(device.now_ms, 1000);
    }
}

static void keeps_to_the_smaller_chunk_size(void)
{
    start(10000, 4096, 16384);
    upload.chunk_size_max = 100;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(report.chunks_sent, 100);
}

/* Handshakes and ends are lost as well: every frame of either direction counts. */
static void bad_links_are_made_up_for(void)
{
    static const enum test_fault faults[] = {TEST_NO_FAULT, TEST_LOSE, TEST_REPEAT, TEST_SWAP};
    static const unsigned everies[] = {3, 5, 7};
    for (size_t i = 0; i < 4 * 4 * 3; i++) {
        start(30000, 500, 4000);
        upload.retries_max = 20;
        device.to_device.fault = faults[i % 4];
        device.to_device.every = everies[i / 16];
        device.to_client.fault = faults[i / 4 % 4];
        device.to_client.every = everies[(i / 16 + 1) % 3];
        TAP_EQUAL_INT(run(), SLW_OK);
        check_arrived();
    }
}

static void links_that_fail_by_chance_are_made_up_for(void)
{
    static const enum test_fault faults[] = {TEST_LOSE, TEST_REPEAT, TEST_SWAP};
    for (uint32_t seed = 1; seed <= 60; seed++) {
        start(20000, 300, 3000);
        upload.retries_max = 20;
        device.random = seed * 7919;
        device.to_device.fault = faults[seed % 3];
        device.to_device.chance = 20 + seed % 50;
        device.to_client.fault = faults[seed / 3 % 3];
        device.to_client.chance = 20 + seed % 30;
        TAP_EQUAL_INT(run(), SLW_OK);
        check_arrived();
    }
}

static void one_chunk_in_seven_lost_costs_less_than_as_much_again(void)
{
    start(100000, 500, 8000);
    device.to_device = (struct test_faults){.fault = TEST_LOSE, .every = 7};
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_CHECK(report.chunks_sent < 2 * 200);
}

/* The device leaves the asking to the client here. Each loss is a silence; none follows another. */
static void silences_that_end_do_not_add_up(void)
{
    start(50000, 500, 500);
    device.transfer.config.retry_ms = 8000;
    device.transfer.config.idle_ms = 60000;
    device.to_device = (struct test_faults){.fault = TEST_LOSE, .every = 7};
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(report.sessions, 1);
    TAP_CHECK(device.now_ms > 1000 + 10 * SLW_UPLOAD_CHUNK_TIMEOUT_MS);
}

static void set_stored(uint64_t len)
{
    device.len = len;
    device.checksum = 0;
    for (uint64_t i = 0; i < len; i++) {
        uint8_t byte = test_pattern(i);
        device.checksum = slw_crc32(device.checksum, slw_bytes_make(&byte, 1));
    }
    device.has_checksum = true;
}

static void goes_on_from_where_the_device_stands(void)
{
    static const uint64_t offsets[] = {1, 4096, 49999, 50000};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        start(50000, 1000, 8000);
        set_stored(offsets[i]);
        TAP_EQUAL_INT(run(), SLW_OK);
        check_arrived();
        TAP_EQUAL_INT(report.resumed_at, offsets[i]);
        TAP_EQUAL_INT(device.written, 50000 - offsets[i]);
    }
}

static void begins_anew_when_the_device_has_something_else(void)
{
    start(50000, 1000, 8000);
    set_stored(20000);
    device.checksum ^= 1;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(report.resumed_at, 0);
    TAP_EQUAL_INT(device.written, 50000);
    start(50000, 1000, 8000);
    set_stored(20000);
    device.has_checksum = false;
    TAP_EQUAL_INT(run(), SLW_OK);
    TAP_EQUAL_INT(report.resumed_at, 0);
    start(50000, 1000, 8000);
    set_stored(50001);
    TAP_EQUAL_INT(run(), SLW_OK);
    TAP_EQUAL_INT(report.resumed_at, 0);
    TAP_EQUAL_INT(device.written, 50000);
}

static void a_device_that_cannot_go_on_gets_everything(void)
{
    start(50000, 1000, 8000);
    set_stored(20000);
    device.accepts_offsets = false;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(device.written, 50000);
}

static void waits_for_a_device_that_is_still_looking(void)
{
    start(50000, 1000, 8000);
    set_stored(20000);
    device.looks_until_ms = 4000;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(report.resumed_at, 20000);
    TAP_CHECK(device.now_ms >= 4000 && device.now_ms < 4200);
}

static void offsets_reach_past_4_gib(void)
{
    const uint64_t have = UINT64_C(0x180000000) - 5000;
    start(have + 10000, 1000, 8000);
    device.len = have;
    upload.unasked = true;
    upload.start_offset = have;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(device.written, 10000);
    start(have + 10000, 1000, 8000);
    device.len = have;
    device.to_device = (struct test_faults){.fault = TEST_LOSE, .every = 5};
    upload.unasked = true;
    upload.start_offset = have;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
}

static void a_forgotten_session_is_taken_up_anew(void)
{
    start(50000, 1000, 8000);
    device.forgets_after = 30;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(report.sessions, 2);
    TAP_CHECK(device.written < 50000 + 8000);
}

static void another_client_in_between_is_survived(void)
{
    static const uint8_t request[] = {0x10, 0x01, 0x1d, 0x7b, 0xc8, 0xd6, 0x5b,
                                      0x25, 0x86, 0x05, 0x63, 0xd4, 0x38, 0x63};
    uint8_t frame[64];
    struct slw_writer writer;
    struct slw_rpc_packet packet;
    TAP_REQUIRE(slw_rpc_packet_decode(slw_bytes_make(request, sizeof request), &packet) == SLW_OK);
    start(50000, 1000, 8000);
    source_fails_at = 25000;
    TAP_EQUAL_INT(run(), SLW_IO);
    slw_writer_init(&writer, frame, sizeof frame);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
    slw_rpc_server_receive(&device.rpc, slw_writer_written(&writer));
    source_fails_at = UINT64_MAX;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_CHECK(report.resumed_at > 0);
}

static void a_refusal_is_told_with_its_code(void)
{
    static const struct {
        enum slw_status status;
        uint32_t code;
        uint32_t sessions;
    } rows[] = {
        {SLW_NOT_FOUND, SLW_RPC_NOT_FOUND, 1},
        {SLW_TOO_LARGE, SLW_RPC_RESOURCE_EXHAUSTED, 1},
        {SLW_IO, SLW_RPC_INTERNAL, 1},
        {SLW_WRONG_STATE, SLW_RPC_FAILED_PRECONDITION, SLW_UPLOAD_SESSIONS_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(50000, 1000, 8000);
        device.open_status = rows[i].status;
        TAP_EQUAL_INT(run(), SLW_WRONG_STATE);
        TAP_EQUAL_INT(report.code, rows[i].code);
        TAP_EQUAL_INT(report.sessions, rows[i].sessions);
        TAP_CHECK(strstr(detail.text, slw_rpc_status_name(rows[i].code)) != NULL);
    }
    start(50000, 1000, 8000);
    upload.resource_id = 99;
    TAP_EQUAL_INT(run(), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, SLW_RPC_NOT_FOUND);
}

static void a_device_that_falls_silent_is_given_up(void)
{
    start(50000, 1000, 8000);
    device.deaf = true;
    upload.unasked = true;
    TAP_EQUAL_INT(run(), SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(device.now_ms, 1000 + 4 * SLW_UPLOAD_START_TIMEOUT_MS);
    start(50000, 1000, 8000);
    device.to_client = (struct test_faults){.fault = TEST_LOSE, .chance = 256};
    upload.unasked = true;
    TAP_EQUAL_INT(run(), SLW_IO_TIMEOUT);
    TAP_CHECK(detail.text[0] != '\0');
}

static void a_broken_link_is_resumed_by_the_next_run(void)
{
    start(50000, 1000, 8000);
    device.breaks_after = 30;
    TAP_EQUAL_INT(run(), SLW_IO_CLOSED);
    TAP_CHECK(detail.text[0] != '\0');
    uint64_t had = device.len;
    TAP_CHECK(had > 0 && had < 50000);
    test_reboot(&device);
    device.breaks_after = 0;
    device.link_status = SLW_OK;
    new_client();
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_EQUAL_INT(report.resumed_at, had);
    TAP_EQUAL_INT(device.written, 50000);
}

static void an_interruption_ends_it_and_tells_the_device(void)
{
    start(50000, 1000, 8000);
    device.interrupt = &interrupted;
    device.interrupt_at_len = 20000;
    TAP_EQUAL_INT(run(), SLW_IO);
    TAP_CHECK(strcmp(detail.text, "interrupted") == 0);
    TAP_EQUAL_INT(device.completes, 0);
    TAP_EQUAL_INT(device.closes, 1);
    TAP_CHECK(device.len >= 20000 && device.len <= 28000);
    interrupted = 1;
    TAP_EQUAL_INT(run(), SLW_IO);
}

static void a_source_that_fails_ends_it_and_tells_the_device(void)
{
    start(50000, 1000, 8000);
    source_fails_at = 25000;
    TAP_EQUAL_INT(run(), SLW_IO);
    TAP_CHECK(strstr(detail.text, "reading the bundle at 25000") != NULL);
    TAP_EQUAL_INT(device.closes, 1);
    TAP_EQUAL_INT(device.completes, 0);
}

static void chunks_keep_the_distance_that_the_device_asks_for(void)
{
    start(20000, 1000, 8000);
    device.transfer.config.min_delay_microseconds = 1500;
    TAP_EQUAL_INT(run(), SLW_OK);
    check_arrived();
    TAP_CHECK(device.now_ms >= 1000 + 19 * 2 && device.now_ms < 1000 + 25 * 2);
}

int main(void)
{
    TAP_RUN(sends_files_of_any_size);
    TAP_RUN(keeps_to_the_smaller_chunk_size);
    TAP_RUN(bad_links_are_made_up_for);
    TAP_RUN(links_that_fail_by_chance_are_made_up_for);
    TAP_RUN(one_chunk_in_seven_lost_costs_less_than_as_much_again);
    TAP_RUN(silences_that_end_do_not_add_up);
    TAP_RUN(goes_on_from_where_the_device_stands);
    TAP_RUN(begins_anew_when_the_device_has_something_else);
    TAP_RUN(a_device_that_cannot_go_on_gets_everything);
    TAP_RUN(waits_for_a_device_that_is_still_looking);
    TAP_RUN(offsets_reach_past_4_gib);
    TAP_RUN(a_forgotten_session_is_taken_up_anew);
    TAP_RUN(another_client_in_between_is_survived);
    TAP_RUN(a_refusal_is_told_with_its_code);
    TAP_RUN(a_device_that_falls_silent_is_given_up);
    TAP_RUN(a_broken_link_is_resumed_by_the_next_run);
    TAP_RUN(an_interruption_ends_it_and_tells_the_device);
    TAP_RUN(a_source_that_fails_ends_it_and_tells_the_device);
    TAP_RUN(chunks_keep_the_distance_that_the_device_asks_for);
    slw_rpc_client_free(client);
    return tap_finish();
}
