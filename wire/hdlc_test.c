/* SPDX-License-Identifier: Apache-2.0 */
/* What hdlc.h promises: exact bytes of frames, and what is dropped when they are damaged. */
#include "slipway/hdlc.h"

#include "hex.h"
#include "tap.h"

struct decoded {
    struct slw_hdlc_decoder decoder;
    uint8_t buffer[64];
    unsigned frames;
    struct slw_hdlc_frame last;
    uint8_t payload[64]; /* of the last frame */
};

static void decoded_init(struct decoded *decoded)
{
    memset(decoded, 0, sizeof *decoded);
    slw_hdlc_decoder_init(&decoded->decoder, decoded->buffer, sizeof decoded->buffer);
}

/* Feeds the bytes in pieces of the given size. */
static void feed_pieces(struct decoded *decoded, const char *text, size_t piece)
{
    struct hex_bytes bytes = hex(text);
    TAP_REQUIRE(bytes.valid);
    for (size_t at = 0; at < bytes.len; at += piece) {
        size_t len = piece < bytes.len - at ? piece : bytes.len - at;
        struct slw_bytes input = slw_bytes_make(bytes.bytes + at, len);
        while (slw_hdlc_decode(&decoded->decoder, &input, &decoded->last)) {
            decoded->frames++;
            if (decoded->last.payload.len > 0) {
                memcpy(decoded->payload, decoded->last.payload.ptr, decoded->last.payload.len);
            }
        }
        TAP_EQUAL_INT(input.len, 0);
    }
}

static void feed(struct decoded *decoded, const char *text)
{
    feed_pieces(decoded, text, HEX_BYTES_MAX);
}

static void check_encoded(uint64_t address, struct slw_bytes payload, const char *expected)
{
    uint8_t frame[128];
    struct slw_writer writer;
    slw_writer_init(&writer, frame, sizeof frame);
    slw_hdlc_encode(&writer, address, payload);
    TAP_EQUAL_INT(writer.status, SLW_OK);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), expected));
}

static void encodes_the_frames_of_the_specification(void)
{
    struct hex_bytes request = hex("10011d37773aaf2501a6de873801");
    check_encoded(82, hex_view(&request), "7ea50310011d37773aaf2501a6de87380130fcafd37e");
    struct hex_bytes special = hex("7e7d");
    check_encoded(82, hex_view(&special), "7ea5037d5e7d5d8bd1bfc67e");
    check_encoded(1, SLW_BYTES_OF("hi"), "7e03036869f8f6fda87e");
}

static void decodes_the_frames_of_the_specification(void)
{
    struct decoded decoded;
    decoded_init(&decoded);
    feed(&decoded, "7ea50310011d37773aaf2501a6de87380130fcafd37e");
    TAP_EQUAL_INT(decoded.frames, 1);
    TAP_EQUAL_INT(decoded.last.address, SLW_HDLC_ADDRESS_RPC);
    TAP_EQUAL_INT(decoded.last.control, SLW_HDLC_CONTROL_UI);
    TAP_CHECK(hex_equals(decoded.last.payload, "10011d37773aaf2501a6de873801"));
    feed(&decoded, "7ea5037d5e7d5d8bd1bfc67e");
    TAP_EQUAL_INT(decoded.frames, 2);
    TAP_CHECK(hex_equals(decoded.last.payload, "7e7d"));
    feed(&decoded, "7e03036869f8f6fda87e");
    TAP_EQUAL_INT(decoded.frames, 3);
    TAP_EQUAL_INT(decoded.last.address, SLW_HDLC_ADDRESS_LOG);
    TAP_CHECK(slw_bytes_equal(decoded.last.payload, SLW_BYTES_OF("hi")));
    TAP_EQUAL_INT(decoded.decoder.frames_damaged, 0);
}

/* The address 1000 is D0 0F: 7 bits a byte, low group first, the last byte has bit 0 set. */
static void addresses_take_7_bits_a_byte(void)
{
    static const struct {
        uint64_t address;
        size_t header_len;
        const char *header;
    } rows[] = {
        {0, 3, "7e0103"},
        {1, 3, "7e0303"},
        {82, 3, "7ea503"},
        {127, 3, "7eff03"},
        {1000, 4, "7ed00f03"},
        {UINT64_C(0x8000000000000000), 12, "7e0000000000000000000303"},
        {UINT64_MAX, 12, "7efefefefefefefefefe0303"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t frame[64];
        struct slw_writer writer;
        struct slw_hdlc_frame decoded_frame = {0};
        struct decoded decoded;
        TAP_ROW(rows[i].header);
        slw_writer_init(&writer, frame, sizeof frame);
        slw_hdlc_encode(&writer, rows[i].address, SLW_BYTES_OF("x"));
        TAP_CHECK(hex_equals(slw_bytes_make(frame, rows[i].header_len), rows[i].header));
        decoded_init(&decoded);
        struct slw_bytes input = slw_writer_written(&writer);
        TAP_REQUIRE(slw_hdlc_decode(&decoded.decoder, &input, &decoded_frame));
        TAP_CHECK(decoded_frame.address == rows[i].address);
        TAP_CHECK(slw_bytes_equal(decoded_frame.payload, SLW_BYTES_OF("x")));
    }
}

static void a_frame_may_come_in_pieces_of_any_size(void)
{
    for (size_t piece = 1; piece < 24; piece++) {
        struct decoded decoded;
        decoded_init(&decoded);
        feed_pieces(&decoded,
                    "7ea50310011d37773aaf2501a6de87380130fcafd37e 7ea5037d5e7d5d8bd1bfc67e", piece);
        TAP_EQUAL_INT(decoded.frames, 2);
        TAP_EQUAL_INT(decoded.payload[0], 0x7E);
        TAP_EQUAL_INT(decoded.payload[1], 0x7D);
    }
}

static void two_frames_may_share_a_flag(void)
{
    struct decoded decoded;
    decoded_init(&decoded);
    feed(&decoded, "7e03036869f8f6fda8 7e 03036869f8f6fda8 7e");
    TAP_EQUAL_INT(decoded.frames, 2);
}

static void passes_over_empty_frames(void)
{
    struct decoded decoded;
    decoded_init(&decoded);
    feed(&decoded, "7e7e7e 7e03036869f8f6fda87e 7e7e");
    TAP_EQUAL_INT(decoded.frames, 1);
    TAP_EQUAL_INT(decoded.decoder.frames_damaged, 0);
}

static void ignores_what_comes_before_the_first_flag(void)
{
    struct decoded decoded;
    decoded_init(&decoded);
    feed(&decoded, "626f6f74 7d5e 03036869f8f6fda8 7e03036869f8f6fda87e");
    TAP_EQUAL_INT(decoded.frames, 1);
    TAP_EQUAL_INT(decoded.decoder.frames_damaged, 0);
}

/* 7D 7E aborts a frame, and the flag starts a new one. */
static void an_escaped_flag_aborts_the_frame(void)
{
    struct decoded decoded;
    decoded_init(&decoded);
    feed(&decoded, "7ea503107d 7e03036869f8f6fda87e");
    TAP_EQUAL_INT(decoded.frames, 1);
    TAP_EQUAL_INT(decoded.last.address, 1);
    TAP_EQUAL_INT(decoded.decoder.frames_damaged, 1);
}

static void drops_damaged_frames_and_counts_them(void)
{
    static const char *const rows[] = {
        "7e03036868f8f6fda87e",        /* a bit of the payload */
        "7e03036869f8f6fda97e",        /* of the checksum */
        "7e03036869f8f6fd7e",          /* cut off */
        "7e03037e",                    /* shorter than any frame */
        "7e7d20036869f8f6fda87e",      /* escape of a byte that needs none */
        "7e03037d7d5e8bd1bfc67e",      /* escaped escape */
        "7e0000000000000000000000 7e", /* no checksum */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decoded decoded;
        TAP_ROW(rows[i]);
        decoded_init(&decoded);
        feed(&decoded, rows[i]);
        TAP_EQUAL_INT(decoded.frames, 0);
        TAP_EQUAL_INT(decoded.decoder.frames_damaged, 1);
        feed(&decoded, "7e03036869f8f6fda87e");
        TAP_EQUAL_INT(decoded.frames, 1);
        TAP_EQUAL_INT(decoded.decoder.frames_damaged, 1);
    }
}

/* Frames whose checksum is right and whose address isn't. */
static void refuses_addresses_beyond_64_bits_or_without_end(void)
{
    static const char *const headers[] = {
        "000000000000000000000503", /* eleven bytes */
        "fefefefefefefefefe0503",   /* the tenth has more than bit 63 */
        "a4a2",                     /* never ends */
        "a5",                       /* nothing behind: no control byte */
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct hex_bytes content = hex(headers[i]);
        uint8_t frame[64];
        struct slw_writer writer;
        struct slw_hdlc_frame ignored;
        struct decoded decoded;
        TAP_ROW(headers[i]);
        slw_writer_init(&writer, frame, sizeof frame);
        slw_writer_u8(&writer, 0x7E);
        slw_writer_put(&writer, hex_view(&content));
        slw_writer_u32_le(&writer, slw_crc32(0, hex_view(&content)));
        slw_writer_u8(&writer, 0x7E);
        decoded_init(&decoded);
        struct slw_bytes input = slw_writer_written(&writer);
        TAP_CHECK(!slw_hdlc_decode(&decoded.decoder, &input, &ignored));
        TAP_EQUAL_INT(decoded.decoder.frames_damaged, 1);
    }
}

static void drops_a_frame_larger_than_its_buffer(void)
{
    uint8_t payload[60];
    uint8_t frame[SLW_HDLC_ENCODED_SIZE_MAX(sizeof payload)];
    struct slw_writer writer;
    struct slw_hdlc_frame result;
    struct decoded decoded;
    memset(payload, 0x7E, sizeof payload);
    decoded_init(&decoded);
    for (size_t len = sizeof decoded.buffer - 6; len <= sizeof payload; len++) {
        slw_writer_init(&writer, frame, sizeof frame);
        slw_hdlc_encode(&writer, 82, slw_bytes_make(payload, len));
        TAP_EQUAL_INT(writer.status, SLW_OK);
        struct slw_bytes input = slw_writer_written(&writer);
        bool fits = SLW_HDLC_BUFFER_SIZE(len) <= sizeof decoded.buffer;
        TAP_CHECK(slw_hdlc_decode(&decoded.decoder, &input, &result) == fits);
    }
    TAP_EQUAL_INT(decoded.decoder.frames_too_large, 2);
    feed(&decoded, "7e03036869f8f6fda87e");
    TAP_EQUAL_INT(decoded.frames, 1);
    TAP_EQUAL_INT(decoded.decoder.frames_damaged, 0);
}

static void reset_forgets_a_half_received_frame(void)
{
    struct decoded decoded;
    decoded_init(&decoded);
    feed(&decoded, "7ea5031001");
    slw_hdlc_decoder_reset(&decoded.decoder);
    feed(&decoded, "7e03036869f8f6fda87e");
    TAP_EQUAL_INT(decoded.frames, 1);
    TAP_EQUAL_INT(decoded.decoder.frames_damaged, 0);
}

static void every_byte_survives_both_ways(void)
{
    uint8_t payload[256];
    uint8_t frame[SLW_HDLC_ENCODED_SIZE_MAX(sizeof payload)];
    uint8_t buffer[SLW_HDLC_BUFFER_SIZE(sizeof payload)];
    struct slw_hdlc_decoder decoder;
    struct slw_hdlc_frame result = {0};
    struct slw_writer writer;
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)i;
    }
    slw_writer_init(&writer, frame, sizeof frame);
    slw_hdlc_encode(&writer, 82, slw_bytes_make(payload, sizeof payload));
    slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
    struct slw_bytes input = slw_writer_written(&writer);
    TAP_REQUIRE(slw_hdlc_decode(&decoder, &input, &result));
    TAP_CHECK(slw_bytes_equal(result.payload, slw_bytes_make(payload, sizeof payload)));
}

static void an_encoder_without_room_says_so(void)
{
    uint8_t frame[9];
    struct slw_writer writer;
    slw_writer_init(&writer, frame, sizeof frame);
    slw_hdlc_encode(&writer, 1, SLW_BYTES_OF("hi"));
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
}

int main(void)
{
    TAP_RUN(encodes_the_frames_of_the_specification);
    TAP_RUN(decodes_the_frames_of_the_specification);
    TAP_RUN(addresses_take_7_bits_a_byte);
    TAP_RUN(a_frame_may_come_in_pieces_of_any_size);
    TAP_RUN(two_frames_may_share_a_flag);
    TAP_RUN(passes_over_empty_frames);
    TAP_RUN(ignores_what_comes_before_the_first_flag);
    TAP_RUN(an_escaped_flag_aborts_the_frame);
    TAP_RUN(drops_damaged_frames_and_counts_them);
    TAP_RUN(refuses_addresses_beyond_64_bits_or_without_end);
    TAP_RUN(drops_a_frame_larger_than_its_buffer);
    TAP_RUN(reset_forgets_a_half_received_frame);
    TAP_RUN(every_byte_survives_both_ways);
    TAP_RUN(an_encoder_without_room_says_so);
    return tap_finish();
}
