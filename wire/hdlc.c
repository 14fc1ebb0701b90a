/* SPDX-License-Identifier: Apache-2.0 */
/* The HDLC decoder and encoder of hdlc.h. Both look for runs of plain bytes and copy those whole.
 */
#include "slipway/hdlc.h"

#define FLAG 0x7Eu
#define ESCAPE 0x7Du
#define ESCAPE_BIT 0x20u
#define CHECKSUM_SIZE 4u
#define ADDRESS_BYTES_MAX 10u

void slw_hdlc_decoder_init(struct slw_hdlc_decoder *decoder, uint8_t *buffer, size_t capacity)
{
    *decoder = (struct slw_hdlc_decoder){
        .buffer = buffer,
        .capacity = capacity,
        .state = SLW_HDLC_OUTSIDE,
    };
}

void slw_hdlc_decoder_reset(struct slw_hdlc_decoder *decoder)
{
    decoder->state = SLW_HDLC_OUTSIDE;
    decoder->len = 0;
}

/* How many bytes at the front mean themselves. */
static size_t plain_run(struct slw_bytes bytes)
{
    size_t len = 0;
    while (len < bytes.len && bytes.ptr[len] != FLAG && bytes.ptr[len] != ESCAPE) {
        len++;
    }
    return len;
}

static void drop_front(struct slw_bytes *bytes, size_t len)
{
    *bytes = slw_bytes_make(bytes->ptr + len, bytes->len - len);
}

static void append(struct slw_hdlc_decoder *decoder, struct slw_bytes bytes)
{
    if (bytes.len > decoder->capacity - decoder->len) {
        decoder->frames_too_large++;
        decoder->state = SLW_HDLC_SKIPPING;
        return;
    }
    memcpy(decoder->buffer + decoder->len, bytes.ptr, bytes.len);
    decoder->len += bytes.len;
}

/*
 * One-terminated varint: 7 bits a byte, low group first, bit 0 set in the last byte only. The tenth
 * byte has room for bit 63 alone. Returns the bytes it takes; 0 when it is none.
 */
static size_t read_address(struct slw_bytes bytes, uint64_t *ret_address)
{
    uint64_t address = 0;
    for (size_t i = 0; i < bytes.len && i < ADDRESS_BYTES_MAX; i++) {
        uint8_t group = bytes.ptr[i] >> 1;
        if (i == ADDRESS_BYTES_MAX - 1 && group > 1) {
            return 0;
        }
        address |= (uint64_t)group << (7 * i);
        if ((bytes.ptr[i] & 1) != 0) {
            *ret_address = address;
            return i + 1;
        }
    }
    return 0;
}

static bool parse_frame(struct slw_bytes content, struct slw_hdlc_frame *ret_frame)
{
    if (content.len < SLW_HDLC_FRAME_SIZE_MIN) {
        return false;
    }
    struct slw_bytes checked = slw_bytes_make(content.ptr, content.len - CHECKSUM_SIZE);
    if (slw_crc32(0, checked) != slw_get_u32_le(checked.ptr + checked.len)) {
        return false;
    }
    uint64_t address = 0;
    size_t address_len = read_address(checked, &address);
    if (address_len == 0 || address_len == checked.len) {
        return false;
    }
    ret_frame->address = address;
    ret_frame->control = checked.ptr[address_len];
    drop_front(&checked, address_len + 1);
    ret_frame->payload = checked;
    return true;
}

/* A flag ends the frame before it and starts the next. */
static bool handle_flag(struct slw_hdlc_decoder *decoder, struct slw_hdlc_frame *ret_frame)
{
    enum slw_hdlc_state state = decoder->state;
    struct slw_bytes content = slw_bytes_make(decoder->buffer, decoder->len);
    decoder->state = SLW_HDLC_INSIDE;
    decoder->len = 0;
    bool empty = state == SLW_HDLC_INSIDE && content.len == 0;
    if (empty || state == SLW_HDLC_OUTSIDE || state == SLW_HDLC_SKIPPING) {
        return false;
    }
    if (state == SLW_HDLC_INSIDE && parse_frame(content, ret_frame)) {
        return true;
    }
    decoder->frames_damaged++;
    return false;
}

static void handle_escaped(struct slw_hdlc_decoder *decoder, uint8_t byte)
{
    if (byte != (FLAG ^ ESCAPE_BIT) && byte != (ESCAPE ^ ESCAPE_BIT)) {
        decoder->frames_damaged++;
        decoder->state = SLW_HDLC_SKIPPING;
        return;
    }
    uint8_t plain = (uint8_t)(byte ^ ESCAPE_BIT);
    decoder->state = SLW_HDLC_INSIDE;
    append(decoder, slw_bytes_make(&plain, 1));
}

bool slw_hdlc_decode(struct slw_hdlc_decoder *decoder, struct slw_bytes *input,
                     struct slw_hdlc_frame *ret_frame)
{
    while (input->len > 0) {
        uint8_t byte = input->ptr[0];
        if (byte == FLAG) {
            drop_front(input, 1);
            if (handle_flag(decoder, ret_frame)) {
                return true;
            }
        } else if (decoder->state == SLW_HDLC_ESCAPED) {
            drop_front(input, 1);
            handle_escaped(decoder, byte);
        } else if (byte == ESCAPE) {
            drop_front(input, 1);
            if (decoder->state == SLW_HDLC_INSIDE) {
                decoder->state = SLW_HDLC_ESCAPED;
            }
        } else {
            struct slw_bytes run = slw_bytes_make(input->ptr, plain_run(*input));
            drop_front(input, run.len);
            if (decoder->state == SLW_HDLC_INSIDE) {
                append(decoder, run);
            }
        }
    }
    return false;
}

static void put_escaped(struct slw_writer *writer, struct slw_bytes bytes)
{
    while (bytes.len > 0) {
        size_t run = plain_run(bytes);
        slw_writer_put(writer, slw_bytes_make(bytes.ptr, run));
        drop_front(&bytes, run);
        if (bytes.len > 0) {
            slw_writer_u8(writer, ESCAPE);
            slw_writer_u8(writer, (uint8_t)(bytes.ptr[0] ^ ESCAPE_BIT));
            drop_front(&bytes, 1);
        }
    }
}

void slw_hdlc_begin(struct slw_hdlc_encoder *encoder, struct slw_writer *writer, uint64_t address)
{
    *encoder = (struct slw_hdlc_encoder){.writer = writer};
    slw_writer_u8(writer, FLAG);
    uint8_t header[ADDRESS_BYTES_MAX + 1];
    size_t len = 0;
    while (address > 0x7F) {
        header[len++] = (uint8_t)(address << 1 & 0xFE);
        address >>= 7;
    }
    header[len++] = (uint8_t)(address << 1 | 1);
    header[len++] = SLW_HDLC_CONTROL_UI;
    slw_hdlc_put(encoder, slw_bytes_make(header, len));
}

void slw_hdlc_put(struct slw_hdlc_encoder *encoder, struct slw_bytes bytes)
{
    encoder->checksum = slw_crc32(encoder->checksum, bytes);
    put_escaped(encoder->writer, bytes);
}

void slw_hdlc_end(struct slw_hdlc_encoder *encoder)
{
    uint8_t checksum[CHECKSUM_SIZE];
    slw_put_u32_le(checksum, encoder->checksum);
    put_escaped(encoder->writer, slw_bytes_make(checksum, sizeof checksum));
    slw_writer_u8(encoder->writer, FLAG);
}

void slw_hdlc_encode(struct slw_writer *writer, uint64_t address, struct slw_bytes payload)
{
    struct slw_hdlc_encoder encoder;
    slw_hdlc_begin(&encoder, writer, address);
    slw_hdlc_put(&encoder, payload);
    slw_hdlc_end(&encoder);
}
