/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files through the transfer server, over links that lose, repeat and swap frames, from a
 * sender that behaves like Pigweed's Python client: it rolls back on RETRANSMIT only, sends an
 * empty last chunk on a late CONTINUE, and repeats its last chunk after two seconds.
 */
#include "slipway/transfer_server.h"

#include "tap.h"
#include "test_transfer.h"

#define FILE_SIZE 20000u
#define SENDER_TIMEOUT_MS 2000u
#define SENDER_RETRIES_MAX 3u
#define FRAME_SIZE_MAX 4096u

enum fault { NO_FAULT, LOSE, REPEAT, SWAP };

struct sender {
    uint32_t state; /* the chunk type that it waits for, or DATA while it sends */
    bool sending;
    bool done;
    uint32_t status;
    uint64_t offset;
    uint64_t window_end;
    uint32_t chunk_size;
    unsigned retries;
    uint64_t quiet_since_ms;
    struct slw_transfer_chunk last;
    uint8_t last_data[TEST_CHUNK_SIZE];
};

/* What happens to every nth DATA frame towards the device, and to every mth frame back. */
struct bad_link {
    enum fault data_fault;
    unsigned data_every;
    enum fault back_fault;
    unsigned back_every;
    unsigned data_frames; /* sent so far */
    unsigned back_frames;
    struct slw_transfer_chunk held; /* a DATA frame that the next one overtakes */
    uint8_t held_data[TEST_CHUNK_SIZE];
    bool holding;
};

static struct test_transfer test;
static struct sender sender;
static struct bad_link bad_link;
static uint8_t file[FILE_SIZE];
static uint64_t now_ms;

static void deliver(const struct slw_transfer_chunk *chunk)
{
    uint8_t bytes[FRAME_SIZE_MAX];
    struct slw_writer writer;
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_transfer_chunk_encode(&writer, chunk);
    struct slw_rpc_packet packet = {
        .type = SLW_RPC_CLIENT_STREAM,
        .channel_id = SLW_RPC_CHANNEL_DEFAULT,
        .service_id = SLW_RPC_SERVICE_TRANSFER,
        .method_id = SLW_RPC_METHOD_WRITE,
        .payload = slw_writer_written(&writer),
        .call_id = 3,
    };
    test_peer_send(&test.peer, &packet);
}

static void release_held(void)
{
    if (bad_link.holding) {
        bad_link.holding = false;
        deliver(&bad_link.held);
    }
}

static void hold(const struct slw_transfer_chunk *chunk)
{
    bad_link.held = *chunk;
    if (chunk->data.len > 0) {
        memcpy(bad_link.held_data, chunk->data.ptr, chunk->data.len);
    }
    bad_link.held.data = slw_bytes_make(bad_link.held_data, chunk->data.len);
    bad_link.holding = true;
}

static void transmit(const struct slw_transfer_chunk *chunk)
{
    enum fault fault = NO_FAULT;
    if (chunk->type == SLW_CHUNK_DATA) {
        bad_link.data_frames++;
        bool hit = bad_link.data_every != 0 && bad_link.data_frames % bad_link.data_every == 0;
        fault = hit ? bad_link.data_fault : NO_FAULT;
    }
    if (fault == SWAP) {
        hold(chunk);
        return;
    }
    if (fault != LOSE) {
        deliver(chunk);
    }
    if (fault == REPEAT) {
        deliver(chunk);
    }
    release_held();
}

static void sender_send(struct slw_transfer_chunk chunk)
{
    if (chunk.data.len > 0) {
        memcpy(sender.last_data, chunk.data.ptr, chunk.data.len);
        chunk.data.ptr = sender.last_data;
    }
    sender.last = chunk;
    transmit(&chunk);
}

static void sender_send_type(uint32_t type)
{
    sender_send((struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
        .type = type,
        .session_id = 1,
    });
}

static void sender_start(void)
{
    sender_send((struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID | SLW_CHUNK_PROTOCOL_VERSION |
                   SLW_CHUNK_DESIRED_SESSION_ID,
        .type = SLW_CHUNK_START,
        .resource_id = TEST_RESOURCE,
        .protocol_version = SLW_TRANSFER_VERSION_TWO,
        .desired_session_id = 1,
    });
}

static void sender_send_next_data(void)
{
    uint64_t room = sender.window_end - sender.offset;
    size_t len = room < sender.chunk_size ? (size_t)room : sender.chunk_size;
    bool last = FILE_SIZE - sender.offset <= len;
    struct slw_transfer_chunk chunk = {
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID |
                   (uint32_t)(last ? SLW_CHUNK_REMAINING_BYTES : 0),
        .type = SLW_CHUNK_DATA,
        .session_id = 1,
        .offset = sender.offset,
        .data = slw_bytes_make(file + (size_t)sender.offset, len),
    };
    sender.offset += len;
    sender.sending = sender.offset != sender.window_end;
    sender_send(chunk);
}

static void sender_handle_parameters(const struct slw_transfer_chunk *chunk)
{
    sender.window_end = chunk->window_end_offset < FILE_SIZE ? chunk->window_end_offset : FILE_SIZE;
    if (chunk->type == SLW_CHUNK_PARAMETERS_RETRANSMIT) {
        sender.offset = chunk->offset;
    }
    /* The real client would send empty chunks for ever. */
    TAP_CHECK(sender.window_end >= sender.offset);
    TAP_CHECK(chunk->window_end_offset > chunk->offset);
    sender.chunk_size = chunk->max_chunk_size_bytes;
    sender.sending = true;
}

static void sender_handle(const struct slw_transfer_chunk *chunk)
{
    sender.retries = 0;
    sender.quiet_since_ms = now_ms;
    switch (chunk->type) {
    case SLW_CHUNK_START_ACK:
        sender_send_type(SLW_CHUNK_START_ACK_CONFIRMATION);
        break;
    case SLW_CHUNK_PARAMETERS_RETRANSMIT:
    case SLW_CHUNK_PARAMETERS_CONTINUE:
        sender_handle_parameters(chunk);
        break;
    case SLW_CHUNK_COMPLETION:
        sender.done = true;
        sender.status = chunk->status;
        sender_send_type(SLW_CHUNK_COMPLETION_ACK);
        break;
    default:
        TAP_CHECK(false);
        break;
    }
}

static void sender_read_answers(void)
{
    struct slw_rpc_packet packet;
    struct slw_transfer_chunk chunk;
    while (!sender.done && test_peer_next(&test.peer, &packet)) {
        TAP_REQUIRE(slw_transfer_chunk_decode(packet.payload, &chunk) == SLW_OK);
        bad_link.back_frames++;
        bool hit = bad_link.back_every != 0 && bad_link.back_frames % bad_link.back_every == 0;
        if (hit && bad_link.back_fault == LOSE) {
            continue;
        }
        sender_handle(&chunk);
        if (hit && bad_link.back_fault == REPEAT && chunk.type != SLW_CHUNK_START_ACK &&
            !sender.done) {
            sender_handle(&chunk);
        }
    }
}

static void sender_check_timeout(void)
{
    if (sender.sending || now_ms - sender.quiet_since_ms < SENDER_TIMEOUT_MS) {
        return;
    }
    sender.quiet_since_ms = now_ms;
    sender.retries++;
    TAP_CHECK(sender.retries <= SENDER_RETRIES_MAX);
    struct slw_transfer_chunk again = sender.last; /* its data is in its place already */
    transmit(&again);
}

static void begin(uint32_t chunk_size, uint32_t window_size)
{
    test_transfer_init(&test, chunk_size, window_size, NULL);
    memset(&sender, 0, sizeof sender);
    now_ms = 5000;
    sender.quiet_since_ms = now_ms;
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t)(i * 31 + (i >> 8));
    }
    slw_transfer_server_poll(&test.transfer, now_ms);
    test_peer_send(&test.peer, &(struct slw_rpc_packet){
                                   .type = SLW_RPC_REQUEST,
                                   .channel_id = SLW_RPC_CHANNEL_DEFAULT,
                                   .service_id = SLW_RPC_SERVICE_TRANSFER,
                                   .method_id = SLW_RPC_METHOD_WRITE,
                                   .call_id = 3,
                               });
    sender_start();
}

/* A chunk a millisecond, by a clock that isn't a real one: a lost chunk that nothing follows costs
 * two seconds of it. */
static void run(void)
{
    for (int i = 0; i < 300000 && !sender.done && sender.retries <= SENDER_RETRIES_MAX; i++) {
        now_ms++;
        sender_read_answers();
        if (sender.done) {
            break;
        }
        if (sender.sending) {
            sender_send_next_data();
        } else {
            sender_check_timeout();
        }
        slw_transfer_server_poll(&test.transfer, now_ms);
    }
}

static void check_file_arrived(void)
{
    TAP_CHECK(sender.done);
    TAP_EQUAL_INT(sender.status, SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, FILE_SIZE);
    TAP_EQUAL_INT(test.out_of_order, 0);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_OK);
    TAP_EQUAL_BYTES(test.data, file, sizeof file);
}

/* Sends the file with these faults, and says how many DATA frames it took. */
static unsigned send_file(uint32_t chunk_size, uint32_t window_size, const struct bad_link *faults)
{
    bad_link = *faults;
    begin(chunk_size, window_size);
    run();
    check_file_arrived();
    return bad_link.data_frames;
}

static void a_good_link_needs_no_frame_twice(void)
{
    const struct bad_link good = {0};
    TAP_EQUAL_INT(send_file(64, 1024, &good), (FILE_SIZE + 63) / 64);
    TAP_EQUAL_INT(send_file(1000, 16000, &good), FILE_SIZE / 1000);
    TAP_EQUAL_INT(send_file(64, 64, &good), (FILE_SIZE + 63) / 64);
    TAP_EQUAL_INT(send_file(1, 4096, &good), FILE_SIZE);
}

/* Each loss costs the chunks that were already on their way, and no more than a window. */
static void one_chunk_in_seven_lost_costs_less_than_as_much_again(void)
{
    for (unsigned window = 64; window <= 4096; window *= 2) {
        unsigned needed = (FILE_SIZE + 63) / 64;
        unsigned sent =
            send_file(64, window, &(struct bad_link){LOSE, 7, NO_FAULT, 0, .held = {0}});
        TAP_CHECK(sent >= needed + needed / 7);
        TAP_CHECK(sent <= 2 * needed);
    }
}

static void one_chunk_in_seven_repeated_is_written_once(void)
{
    for (unsigned window = 64; window <= 4096; window *= 2) {
        unsigned sent =
            send_file(64, window, &(struct bad_link){REPEAT, 7, NO_FAULT, 0, .held = {0}});
        TAP_CHECK(sent <= (FILE_SIZE + 63) / 64 + 2);
    }
}

static void one_chunk_in_seven_swapped_is_put_in_order(void)
{
    for (unsigned window = 64; window <= 4096; window *= 2) {
        unsigned sent =
            send_file(64, window, &(struct bad_link){SWAP, 7, NO_FAULT, 0, .held = {0}});
        TAP_CHECK(sent <= 3 * ((FILE_SIZE + 63) / 64));
    }
}

static void lost_and_repeated_answers_are_made_up_for(void)
{
    static const struct bad_link links[] = {
        {NO_FAULT, 0, LOSE, 7, .held = {0}},   {NO_FAULT, 0, REPEAT, 3, .held = {0}},
        {LOSE, 7, LOSE, 5, .held = {0}},       {REPEAT, 5, LOSE, 11, .held = {0}},
        {SWAP, 7, REPEAT, 2, .held = {0}},     {LOSE, 3, NO_FAULT, 0, .held = {0}},
        {REPEAT, 1, NO_FAULT, 0, .held = {0}}, {SWAP, 2, NO_FAULT, 0, .held = {0}},
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        send_file(500, 4000, &links[i]);
    }
}

/* The handler stops taking data now and then, in the middle of chunks too, for 300 ms each. */
static void a_handler_that_is_often_busy_gets_it_all(void)
{
    bad_link = (struct bad_link){.data_fault = LOSE, .data_every = 13};
    begin(500, 4000);
    test.room = 0;
    for (int i = 0; i < 60 && !sender.done; i++) {
        uint64_t until_ms = now_ms + 300;
        test.is_ready = i % 2 == 0;
        test.room += test.is_ready ? 777 + (size_t)i : 0;
        while (now_ms < until_ms && !sender.done) {
            now_ms++;
            sender_read_answers();
            if (sender.sending && !sender.done) {
                sender_send_next_data();
            }
            slw_transfer_server_poll(&test.transfer, now_ms);
        }
    }
    TAP_EQUAL_INT(test.out_of_order, 0);
    check_file_arrived();
}

static uint32_t next_random(uint32_t below)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static void deliver_random_chunk(void)
{
    static const uint8_t types[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 7, 2, 3, 5, 6, 8, 0, 0, 4};
    uint64_t offset = next_random(3) == 0 ? next_random(512) : test.len;
    deliver(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_SESSION_ID | (next_random(9) == 0 ? 0 : (uint32_t)SLW_CHUNK_TYPE) |
                   (next_random(512) & ~(uint32_t)SLW_CHUNK_TYPE),
        .transfer_id = TEST_RESOURCE,
        .offset = offset,
        .data = slw_bytes_make(file + offset % 4096, next_random(70)),
        .remaining_bytes = next_random(40),
        .status = next_random(18),
        .window_end_offset = next_random(40) == 0 ? offset + next_random(200) : 0,
        .type = types[next_random(sizeof types)],
        .resource_id = TEST_RESOURCE + (next_random(30) == 0),
        .session_id = TEST_RESOURCE + (next_random(30) == 0),
        .protocol_version = 1 + next_random(8),
        .initial_offset = next_random(3) == 0 ? test.len : 0,
    });
}

/* Whatever the link carries: what is written goes on where the last write ended. */
static void arbitrary_chunks_never_write_out_of_order(void)
{
    begin(64, 1024);
    for (int i = 0; i < 30000; i++) {
        deliver_random_chunk();
        if (test.len > TEST_DATA_SIZE / 2) {
            slw_transfer_server_abort(&test.transfer, SLW_RPC_ABORTED);
            test.len = 0;
        }
        if (next_random(11) == 0) {
            now_ms += next_random(4000);
            slw_transfer_server_poll(&test.transfer, now_ms);
        }
        test_peer_init(&test.peer, &test.rpc);
    }
    TAP_EQUAL_INT(test.out_of_order, 0);
    TAP_CHECK(test.opens > 100 && test.writes > 1000);
    TAP_CHECK(test.closes <= test.opens && test.closes > 100);
}

int main(void)
{
    TAP_RUN(a_good_link_needs_no_frame_twice);
    TAP_RUN(one_chunk_in_seven_lost_costs_less_than_as_much_again);
    TAP_RUN(one_chunk_in_seven_repeated_is_written_once);
    TAP_RUN(one_chunk_in_seven_swapped_is_put_in_order);
    TAP_RUN(lost_and_repeated_answers_are_made_up_for);
    TAP_RUN(a_handler_that_is_often_busy_gets_it_all);
    TAP_RUN(arbitrary_chunks_never_write_out_of_order);
    return tap_finish();
}
