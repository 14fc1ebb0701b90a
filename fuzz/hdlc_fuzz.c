/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HDLC decoder: the first byte says in pieces of which size the rest arrives. Each frame that
 * comes out must come out again when it is encoded, and pieces must make no difference.
 */
#include "fuzz.h"

#include "slipway/hdlc.h"

#define CAPACITY 256u

static void check_round_trip(const struct slw_hdlc_frame *frame)
{
    uint8_t encoded[SLW_HDLC_ENCODED_SIZE_MAX(CAPACITY)];
    uint8_t buffer[CAPACITY + 16];
    struct slw_writer writer;
    struct slw_hdlc_decoder decoder;
    struct slw_hdlc_frame again;
    slw_writer_init(&writer, encoded, sizeof encoded);
    slw_hdlc_encode(&writer, frame->address, frame->payload);
    FUZZ_CHECK(writer.status == SLW_OK);
    slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
    struct slw_bytes input = slw_writer_written(&writer);
    FUZZ_CHECK(slw_hdlc_decode(&decoder, &input, &again));
    FUZZ_CHECK(again.address == frame->address && again.control == SLW_HDLC_CONTROL_UI);
    FUZZ_CHECK(slw_bytes_equal(again.payload, frame->payload));
}

/* A checksum over all frames in the input, fed in pieces, and what the decoder counted. */
static uint32_t decode(struct slw_bytes input, size_t piece_size)
{
    uint8_t buffer[CAPACITY];
    uint32_t said = 0;
    struct slw_hdlc_decoder decoder;
    struct slw_hdlc_frame frame;
    slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
    while (input.len > 0) {
        struct slw_bytes piece = fuzz_take(&input, piece_size);
        while (slw_hdlc_decode(&decoder, &piece, &frame)) {
            FUZZ_CHECK(frame.payload.len + SLW_HDLC_FRAME_SIZE_MIN <= CAPACITY);
            check_round_trip(&frame);
            said = slw_crc32(said, slw_bytes_make(&frame.address, sizeof frame.address));
            said = slw_crc32(said, frame.payload);
        }
        FUZZ_CHECK(piece.len == 0);
    }
    uint32_t counted[] = {decoder.frames_damaged, decoder.frames_too_large};
    return slw_crc32(said, slw_bytes_make(counted, sizeof counted));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    size_t piece_size = 1 + fuzz_choice(&input);
    FUZZ_CHECK(decode(input, piece_size) == decode(input, size + 1));
    return 0;
}
