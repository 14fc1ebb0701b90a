/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict, streaming protobuf reader (proto3, binary form).
 *
 * It walks a message of any size through a struct slw_reader, field by field, forwards, with the
 * bounds of each nested message enforced, and without recursion: nesting is a small stack of its
 * own. What a message may hold is a table of rules; the reader enforces it:
 *   - a known field with a wrong wire type, a known singular field twice, a varint over ten bytes
 *     or one that doesn't fit its field's type, a string that isn't UTF-8, a length beyond the
 *     enclosing message, groups, wire types 6 and 7, field numbers 0 and above 2^29-1: malformed;
 *   - more than SLW_PROTO_FIELDS_MAX fields in one message: too large, so that a message that
 * nobody signed can't keep a small device busy;
 *   - unknown fields, any order of fields, padded varints up to ten bytes, repeated scalars packed
 *     or not: accepted (spec/SPEC.md, section 1.1).
 *
 *     slw_proto_begin(&proto, &reader, &slw_signature_rules);
 *     while (slw_proto_next(&proto, &field)) {
 *         switch (field.number) {
 *         case SLW_SIGNATURE_KEY_ID:
 *             slw_proto_copy(&proto, key_id, sizeof key_id);
 *             break;
 *         ...
 *     }
 *     if (reader.status != SLW_OK) ...
 *
 * slw_proto_next() returns false at the end of the innermost message entered, and goes on with the
 * enclosing one at the next call, so that nested loops in nested functions read like the schema.
 * A value that the caller doesn't read is checked and skipped.
 */
#ifndef SLIPWAY_PROTO_READER_H
#define SLIPWAY_PROTO_READER_H

#include "slipway/reader.h"

#define SLW_PROTO_DEPTH_MAX 8
#define SLW_PROTO_RULES_MAX 32
#define SLW_PROTO_FIELDS_MAX 16384u           /* of one message; more is too-large */
#define SLW_PROTO_FIELD_NUMBER_MAX 536870911u /* 2^29 - 1 */

enum slw_proto_type {
    SLW_PROTO_UINT32,
    SLW_PROTO_UINT64,
    SLW_PROTO_INT32,
    SLW_PROTO_INT64,
    SLW_PROTO_BOOL,
    SLW_PROTO_ENUM, /* open: any int32 */
    SLW_PROTO_FIXED32,
    SLW_PROTO_BYTES,
    SLW_PROTO_STRING,
    SLW_PROTO_MESSAGE,
};

enum slw_proto_label { SLW_PROTO_SINGULAR, SLW_PROTO_REPEATED };

struct slw_proto_rule {
    uint32_t number;
    enum slw_proto_type type;
    enum slw_proto_label label;
};

/* The known fields of a message, at most SLW_PROTO_RULES_MAX. */
struct slw_proto_rules {
    const struct slw_proto_rule *fields;
    size_t count;
};

struct slw_proto_field {
    uint32_t number;
    bool known;      /* in the message's rules */
    uint64_t varint; /* value of a scalar; signed ones sign-extended to 64 bits */
    uint64_t start;  /* where the field's tag begins; not for elements of packed fields */
    uint64_t offset; /* where the value's bytes begin: bytes, strings, messages, unknown ones too */
    uint64_t length; /* bytes; 0 for scalars */
};

struct slw_proto {
    struct slw_reader *reader;
    /* private */
    unsigned depth;
    uint64_t value_end; /* of the LEN value just returned; nothing pending when <= position */
    bool value_is_text;
    struct slw_utf8 text; /* of the current value, as far as it was read */
    uint64_t packed_end;
    const struct slw_proto_rule *packed_rule;
    bool
        unlimited; /* the outermost message may have any number of fields: its walker bounds them */
    struct {
        const struct slw_proto_rules *rules;
        uint64_t end;
        uint32_t seen;   /* bit i: rules->fields[i] was there */
        uint32_t fields; /* so many so far */
    } levels[SLW_PROTO_DEPTH_MAX];
};

/* The outermost message reaches from the reader's position to its end. */
void slw_proto_begin(struct slw_proto *proto, struct slw_reader *reader,
                     const struct slw_proto_rules *rules);

/* The next field; false at the end of the innermost message or after an error. */
bool slw_proto_next(struct slw_proto *proto, struct slw_proto_field *ret_field);

/* Goes into the message (or map entry) that slw_proto_next() just returned. */
void slw_proto_enter(struct slw_proto *proto, const struct slw_proto_rules *rules);

/* Bytes of the current value not read yet. */
uint64_t slw_proto_value_left(const struct slw_proto *proto);

/*
 * Copies the current value, up to capacity bytes, and checks and skips the rest. The caller
 * compares field.length with the length that it wants.
 */
void slw_proto_copy(struct slw_proto *proto, uint8_t *destination, size_t capacity);

/*
 * The next piece of the current value; empty when it is used up. See slw_reader_take(). Text is
 * checked piece by piece, so only the last piece shows that all of it is UTF-8.
 */
struct slw_bytes slw_proto_take(struct slw_proto *proto);

/* Whether the current value, none of it read yet, is exactly these bytes; reads all of it. */
bool slw_proto_value_equals(struct slw_proto *proto, const struct slw_proto_field *field,
                            struct slw_bytes wanted);

#endif
