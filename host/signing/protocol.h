/* SPDX-License-Identifier: Apache-2.0 */
/* What the two directions of the signing protocol have in common; private to this folder. */
#ifndef SLIPWAY_SIGNING_PROTOCOL_H
#define SLIPWAY_SIGNING_PROTOCOL_H

#include "slipway/proto_reader.h"
#include "slipway/signer_protocol.h"

/* A packet that is being read. */
struct slw_signer_packet {
    struct slw_bytes bytes;
    struct slw_reader reader;
    struct slw_proto proto;
    enum slw_status limit; /* SLW_TOO_LARGE once a field was over its limit */
};

void slw_signer_packet_begin(struct slw_signer_packet *packet, struct slw_bytes bytes,
                             const struct slw_proto_rules *rules);

/* The next field of the innermost message; one that isn't known is the end of the reading. */
bool slw_signer_packet_next(struct slw_signer_packet *packet, struct slw_proto_field *ret_field);

/* A view of the field's bytes, at most limit of them. */
struct slw_bytes slw_signer_packet_view(struct slw_signer_packet *packet,
                                        const struct slw_proto_field *field, size_t limit);

/* Copies the field when it is exactly len bytes; anything else is malformed. */
void slw_signer_packet_exact(struct slw_signer_packet *packet, const struct slw_proto_field *field,
                             uint8_t *destination, size_t len);

/* What the reading came to: SLW_OK, or SLW_MALFORMED or SLW_TOO_LARGE, explained. */
enum slw_status slw_signer_packet_end(const struct slw_signer_packet *packet, const char *what,
                                      struct slw_detail *detail);

/* Whether text is UTF-8 from begin to end. */
bool slw_signer_text_is_good(struct slw_bytes text);

#endif
