/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small messages that are in memory as a whole: the codecs of the transport (rpc_packet.c,
 * transfer_chunk.c, bundled_update.c, ...) read them through this and hand out views.
 */
#ifndef SLIPWAY_MESSAGE_H
#define SLIPWAY_MESSAGE_H

#include "slipway/proto_reader.h"

struct slw_message {
    struct slw_bytes bytes;
    struct slw_reader reader;
    struct slw_proto proto;
};

#define SLW_MESSAGE_RULES(name, fields)                                                            \
    static const struct slw_proto_rules name = {(fields), sizeof(fields) / sizeof((fields)[0])}

static inline void slw_message_begin(struct slw_message *message, struct slw_bytes bytes,
                                     const struct slw_proto_rules *rules)
{
    message->bytes = bytes;
    slw_reader_init_bytes(&message->reader, bytes);
    slw_proto_begin(&message->proto, &message->reader, rules);
}

/*
 * The value of a field of bytes or text that slw_proto_next() returned. It isn't taken from the
 * reader, which therefore still checks that text is UTF-8 when it goes on.
 */
static inline struct slw_bytes slw_message_view(const struct slw_message *message,
                                                const struct slw_proto_field *field)
{
    if (field->length == 0) {
        return slw_bytes_make(NULL, 0);
    }
    return slw_bytes_make(message->bytes.ptr + (size_t)field->offset, (size_t)field->length);
}

#endif
