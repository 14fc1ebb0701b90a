/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device server as a whole. The input is a list of things that a peer, time and power do to a
 * device with a confirmed release: bytes on the link, calls, chunks, packets, pieces of a bundle
 * that the device would accept, waiting, power cuts. Whatever they are:
 *   - every byte that the device sends belongs to a well-formed frame, packet and message;
 *   - the confirmed release, its images, versions and root stay what they are;
 *   - the device boots at the end, and runs that release or the good bundle's on trial.
 */
#include "fuzz.h"

#include "device_board.h"
#include "slipway/device_status.h"

#include <stdio.h>
#include <stdlib.h>

#define ACTIONS_MAX 64u
#define POLLS_MAX 400u
#define MESSAGE_SIZE_MAX 256u

static struct board board;
static struct board factory; /* the same, as every input finds it */

static const uint32_t update_methods[] = {
    SLW_RPC_METHOD_GET_STATUS, SLW_RPC_METHOD_START, SLW_RPC_METHOD_SET_TRANSFERRED,
    SLW_RPC_METHOD_VERIFY,     SLW_RPC_METHOD_APPLY, SLW_RPC_METHOD_ABORT,
    SLW_RPC_METHOD_RESET,
};

static void check_update_status(struct slw_bytes payload)
{
    struct slw_update_status status;
    struct slw_device_status device;
    struct slw_device_slot slots[SLW_COMPONENTS_MAX];
    FUZZ_CHECK(slw_update_status_decode(payload, &status) == SLW_OK);
    FUZZ_CHECK(status.state > SLW_UPDATE_STATE_UNKNOWN &&
               status.state <= SLW_UPDATE_STATE_FINISHED);
    FUZZ_CHECK(status.note.len <= SLW_UPDATE_TEXT_SIZE_MAX);
    FUZZ_CHECK(slw_device_status_is_extended(&status));
    FUZZ_CHECK(slw_device_status_decode(status.extended_value, slots, SLW_COMPONENTS_MAX,
                                        &device) == SLW_OK);
    FUZZ_CHECK(device.slots_count == BOARD_COMPONENTS);
}

static void check_packet(const struct slw_rpc_packet *packet)
{
    struct slw_transfer_chunk chunk;
    struct slw_resource_status resource;
    FUZZ_CHECK(packet->type == SLW_RPC_RESPONSE || packet->type == SLW_RPC_SERVER_ERROR ||
               packet->type == SLW_RPC_SERVER_STREAM);
    if (packet->type == SLW_RPC_SERVER_STREAM) {
        FUZZ_CHECK(slw_transfer_chunk_decode(packet->payload, &chunk) == SLW_OK);
    } else if (packet->type == SLW_RPC_RESPONSE && packet->payload.len > 0) {
        if (packet->service_id == SLW_RPC_SERVICE_BUNDLED_UPDATE) {
            check_update_status(packet->payload);
        } else {
            FUZZ_CHECK(slw_resource_status_decode(packet->payload, &resource) == SLW_OK);
        }
    }
}

static void check_output(void)
{
    static struct slw_hdlc_decoder decoder;
    static uint8_t buffer[4096];
    struct slw_bytes output = slw_bytes_make(board.output, board.output_len);
    struct slw_hdlc_frame frame;
    struct slw_rpc_packet packet;
    slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
    while (slw_hdlc_decode(&decoder, &output, &frame)) {
        FUZZ_CHECK(frame.address == SLW_HDLC_ADDRESS_RPC);
        FUZZ_CHECK(slw_rpc_packet_decode(frame.payload, &packet) == SLW_OK);
        check_packet(&packet);
    }
    FUZZ_CHECK(decoder.frames_damaged == 0 && decoder.frames_too_large == 0);
    board.output_len = 0;
}

static void check_installed(void)
{
    const struct slw_release *now = &board.store.state.confirmed;
    const struct slw_release *before = &factory.store.state.confirmed;
    FUZZ_CHECK(board.store.state.targets_version == factory.store.state.targets_version);
    FUZZ_CHECK(board.store.state.security_floor == factory.store.state.security_floor);
    FUZZ_CHECK(board.store.state.root_version == factory.store.state.root_version);
    FUZZ_CHECK(now->present && now->version == before->version);
    for (size_t i = 0; i < BOARD_COMPONENTS; i++) {
        FUZZ_CHECK(now->images[i].present && now->images[i].slot == before->images[i].slot);
        const struct slw_region *slot = &board.components[i].slots[before->images[i].slot];
        FUZZ_CHECK(memcmp(board.flash + slot->offset, factory.flash + slot->offset,
                          (size_t)slot->size) == 0);
    }
}

static void power_cycle(void)
{
    FUZZ_CHECK(board_power_on(&board) == SLW_OK);
    FUZZ_CHECK(board.boot.choice != SLW_BOOT_NOTHING);
    check_installed();
}

/* Polls until there is nothing to do; a device that never rests hangs. */
static void settle(void)
{
    unsigned polls = 0;
    while (slw_update_service_poll(&board.update, board.now_ms) && polls++ < POLLS_MAX) {
    }
    FUZZ_CHECK(polls < POLLS_MAX);
    slw_rpc_server_poll(&board.rpc);
}

static void receive(struct slw_bytes bytes)
{
    size_t taken = slw_rpc_server_receive(&board.rpc, bytes);
    FUZZ_CHECK(taken <= bytes.len);
    FUZZ_CHECK(taken == bytes.len || slw_rpc_server_has_output(&board.rpc));
}

static void send(uint32_t type, uint32_t service, uint32_t method, struct slw_bytes payload)
{
    const struct slw_rpc_packet packet = {
        .type = type,
        .channel_id = SLW_RPC_CHANNEL_DEFAULT,
        .service_id = service,
        .method_id = method,
        .payload = payload,
        .call_id = 1,
    };
    uint8_t frame[SLW_HDLC_ENCODED_SIZE_MAX(MESSAGE_SIZE_MAX + SLW_TRANSFER_CHUNK_OVERHEAD +
                                            SLW_RPC_PACKET_OVERHEAD)];
    struct slw_writer writer;
    slw_writer_init(&writer, frame, sizeof frame);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
    FUZZ_CHECK(writer.status == SLW_OK);
    receive(slw_writer_written(&writer));
}

static void send_chunk(const struct slw_transfer_chunk *chunk)
{
    uint8_t encoded[MESSAGE_SIZE_MAX + SLW_TRANSFER_CHUNK_OVERHEAD];
    struct slw_writer writer;
    slw_writer_init(&writer, encoded, sizeof encoded);
    slw_transfer_chunk_encode(&writer, chunk);
    FUZZ_CHECK(writer.status == SLW_OK);
    send(SLW_RPC_CLIENT_STREAM, SLW_RPC_SERVICE_TRANSFER, SLW_RPC_METHOD_WRITE,
         slw_writer_written(&writer));
}

/* What a client that means well sends: the stream, a START and its confirmation. */
static void start_transfer(void)
{
    uint32_t resource = board.session.record.transfer_id;
    send(SLW_RPC_REQUEST, SLW_RPC_SERVICE_TRANSFER, SLW_RPC_METHOD_WRITE, slw_bytes_make(NULL, 0));
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID | SLW_CHUNK_DESIRED_SESSION_ID |
                   SLW_CHUNK_PROTOCOL_VERSION,
        .type = SLW_CHUNK_START,
        .transfer_id = resource,
        .resource_id = resource,
        .desired_session_id = 1,
        .protocol_version = SLW_TRANSFER_VERSION_TWO,
    });
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID | SLW_CHUNK_PROTOCOL_VERSION,
        .type = SLW_CHUNK_START_ACK_CONFIRMATION,
        .session_id = 1,
        .protocol_version = SLW_TRANSFER_VERSION_TWO,
    });
}

/* The next bytes of the good bundle from where the device stands, with one of them changed, or not.
 */
static void send_data(uint8_t len, uint8_t change)
{
    uint8_t data[MESSAGE_SIZE_MAX] = {0};
    uint64_t offset = board.update.transfer.offset;
    size_t left = offset < board.newer.len ? board.newer.len - (size_t)offset : 0;
    size_t size = len < left ? len : left;
    if (size > 0) {
        memcpy(data, board.newer.bytes + (size_t)offset, size);
        data[change % size] ^= change;
    }
    send_chunk(&(struct slw_transfer_chunk){
        .present =
            SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID | (size == left ? SLW_CHUNK_REMAINING_BYTES : 0),
        .type = SLW_CHUNK_DATA,
        .session_id = 1,
        .offset = offset,
        .data = slw_bytes_make(data, size),
    });
}

static void send_whole_bundle(void)
{
    for (unsigned i = 0; i < 64 && board.update.transfer.offset < board.newer.len; i++) {
        send_data(128, 0);
        board_poll(&board);
    }
}

static void act(uint8_t action, struct slw_bytes *input)
{
    uint8_t first = fuzz_choice(input);
    struct slw_bytes message;
    switch (action % 11) {
    case 0:
        receive(fuzz_take(input, first));
        break;
    case 1:
        message = fuzz_take(input, fuzz_choice(input));
        send(SLW_RPC_REQUEST, SLW_RPC_SERVICE_BUNDLED_UPDATE, update_methods[first % 7], message);
        break;
    case 2:
        message = fuzz_take(input, first);
        send(SLW_RPC_CLIENT_STREAM, SLW_RPC_SERVICE_TRANSFER, SLW_RPC_METHOD_WRITE, message);
        break;
    case 3:
        start_transfer();
        break;
    case 4:
        send_data(first, fuzz_choice(input));
        break;
    case 5:
        board.now_ms += (uint64_t)first * 250;
        board_poll(&board);
        break;
    case 6:
        for (unsigned i = 0; i < first; i++) {
            board_poll(&board);
        }
        break;
    case 7:
        power_cycle();
        break;
    case 8:
        message = fuzz_take(input, fuzz_choice(input));
        send(first, SLW_RPC_SERVICE_TRANSFER,
             first % 2 == 0 ? SLW_RPC_METHOD_GET_RESOURCE_STATUS : SLW_RPC_METHOD_WRITE, message);
        break;
    case 9:
        board.consent = (enum slw_consent_answer)(first % 3);
        board.link_room = first < 128 ? (size_t)first * 8 : SIZE_MAX;
        break;
    default:
        send_whole_bundle();
        break;
    }
}

/* Everything in the board that points into it points to the same place again. */
static void reset_board(void)
{
    static bool made;
    if (!made && (!board_make(&board) || board_power_on(&board) != SLW_OK)) {
        fprintf(stderr, "device_fuzz: no device; run it in the project's root\n");
        abort();
    }
    if (!made) {
        memcpy(&factory, &board, sizeof factory);
    }
    made = true;
    memcpy(&board, &factory, sizeof board);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    reset_board();
    for (unsigned i = 0; i < ACTIONS_MAX && input.len > 0; i++) {
        act(fuzz_choice(&input), &input);
        slw_rpc_server_poll(&board.rpc);
        if (board.reboot_wanted) {
            power_cycle();
        }
        if (!slw_rpc_server_has_output(&board.rpc)) {
            check_output();
        }
    }
    board.link_room = SIZE_MAX;
    settle();
    check_output();
    check_installed();
    power_cycle();
    return 0;
}
