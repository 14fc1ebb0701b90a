/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HDLC frames as pw_hdlc has them: what carries RPC packets over a serial line or a TCP stream.
 *
 *     7E | escaped( address | control | payload | FCS ) | 7E
 *
 * The RPC server (device) and client (host) decode with it and encode with it; log text of a device
 * travels beside the packets in frames of another address. spec/SPEC.md, section 4.
 *
 *     struct slw_bytes input = slw_bytes_make(received, received_len);
 *     while (slw_hdlc_decode(&decoder, &input, &frame)) {
 *         if (frame.address == SLW_HDLC_ADDRESS_RPC)
 *             handle(frame.payload);
 *     }
 *
 * There is no acknowledgement and no sequence number: a damaged frame is dropped and counted.
 */
#ifndef SLIPWAY_HDLC_H
#define SLIPWAY_HDLC_H

#include "slipway/writer.h"

#define SLW_HDLC_ADDRESS_RPC 82u /* 'R' */
#define SLW_HDLC_ADDRESS_LOG 1u
#define SLW_HDLC_CONTROL_UI 0x03u /* unnumbered information: the only control that is sent */

/* Address and control of one byte each, and the checksum. */
#define SLW_HDLC_FRAME_SIZE_MIN 6u

/* The largest frame that a payload of len bytes can become: all of it escaped, address of 64 bits.
 */
#define SLW_HDLC_ENCODED_SIZE_MAX(len) (2u + 2u * (10u + 1u + (len) + 4u))

/* What a decoder's buffer must hold for a payload of len bytes under an address below 128. */
#define SLW_HDLC_BUFFER_SIZE(len) (SLW_HDLC_FRAME_SIZE_MIN + (len))

struct slw_hdlc_frame {
    uint64_t address;
    uint8_t control; /* as received; not checked */
    struct slw_bytes payload;
};

enum slw_hdlc_state {
    SLW_HDLC_OUTSIDE, /* before the first flag: what comes isn't ours */
    SLW_HDLC_INSIDE,
    SLW_HDLC_ESCAPED,  /* inside, after 7D */
    SLW_HDLC_SKIPPING, /* in a frame that was given up and counted */
};

struct slw_hdlc_decoder {
    /* For diagnosis; nothing resets them. */
    uint32_t frames_damaged;   /* bad checksum, escape or address; too short; cut off by 7D 7E */
    uint32_t frames_too_large; /* longer than the buffer */
    /* private */
    uint8_t *buffer;
    size_t capacity;
    size_t len;
    enum slw_hdlc_state state;
};

/* buffer holds one unescaped frame and must outlive the decoder; see SLW_HDLC_BUFFER_SIZE. */
void slw_hdlc_decoder_init(struct slw_hdlc_decoder *decoder, uint8_t *buffer, size_t capacity);

/* Forgets a half-received frame: for a new peer on the same link. Counters stay. */
void slw_hdlc_decoder_reset(struct slw_hdlc_decoder *decoder);

/*
 * Takes bytes from the front of *input until a frame is complete (true; call again for the rest) or
 * none is left (false). The frame's payload is in the decoder's buffer: valid until the next call.
 * A frame may come in pieces of any size; two may share a flag; empty ones are passed over.
 */
bool slw_hdlc_decode(struct slw_hdlc_decoder *decoder, struct slw_bytes *input,
                     struct slw_hdlc_frame *ret_frame);

/* Writes a frame as it comes, escaped; the writer's status says in the end whether it fitted. */
struct slw_hdlc_encoder {
    struct slw_writer *writer;
    uint32_t checksum;
};

void slw_hdlc_begin(struct slw_hdlc_encoder *encoder, struct slw_writer *writer, uint64_t address);
void slw_hdlc_put(struct slw_hdlc_encoder *encoder, struct slw_bytes bytes);
void slw_hdlc_end(struct slw_hdlc_encoder *encoder);

/* The three above in one. */
void slw_hdlc_encode(struct slw_writer *writer, uint64_t address, struct slw_bytes payload);

#endif
