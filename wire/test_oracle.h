/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests that compare our codecs with protobuf-c's share: random messages of any type,
 * made, copied and compared by their descriptors. The types are generated from spec/ when tests are
 * built. Everything is made from a seed, so a failure comes again.
 */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

#include "slipway/proto_reader.h"
#include "slipway/proto_writer.h"

#include <protobuf-c/protobuf-c.h>

/* The next of the numbers that follow from a seed other than 0. */
uint32_t oracle_random(uint32_t *seed);

/* A message with any fields set to any values; free with oracle_free(). */
ProtobufCMessage *oracle_make(const ProtobufCMessageDescriptor *type, uint32_t *seed);

/* The bytes that protobuf-c makes of it; the caller frees them. */
uint8_t *oracle_pack(const ProtobufCMessage *message, struct slw_bytes *ret_view);

/* Whether protobuf-c makes the same bytes of both. */
bool oracle_equal(const ProtobufCMessage *left, const ProtobufCMessage *right);

/* What protobuf-c reads, without the fields that it doesn't know; NULL when it refuses. */
ProtobufCMessage *oracle_unpack(const ProtobufCMessageDescriptor *type, struct slw_bytes bytes);

/* The rules by which our reader checks messages of a type; NULL: such messages aren't entered. */
typedef const struct slw_proto_rules *oracle_rules_of(const ProtobufCMessageDescriptor *type);

/* What our reader reads; NULL when it refuses, with the reader's status. */
ProtobufCMessage *oracle_read(const ProtobufCMessageDescriptor *type, oracle_rules_of *rules_of,
                              struct slw_reader *reader);

/* Writes the message with our writer. */
void oracle_write(struct slw_writer *writer, const ProtobufCMessage *message);

/* Changes some bytes somehow; returns the new length, at most capacity. */
size_t oracle_mutate(uint8_t *bytes, size_t len, size_t capacity, uint32_t *seed);

/*
 * Whether a tag or length takes more than five bytes: padding that protobuf-c doesn't read and we
 * do. Looks for five bytes in a row with the highest bit set, so it says yes too often.
 */
bool oracle_may_have_long_heads(struct slw_bytes bytes);

void oracle_free(ProtobufCMessage *message);

#endif
