/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a bundle, as our reader and writer have them against protobuf-c's: the rules of
 * tuf.h say what spec/slipway.proto says; both read and write each other's messages alike; and what
 * ours accepts of damaged ones, protobuf-c accepts and reads alike.
 */
#include "slipway/tuf.h"

#include "test_oracle.h"

#include "slipway.pb-c.h"

#include "tap.h"

#include <stdlib.h>

#define BUFFER_SIZE 65536u

static const struct {
    const ProtobufCMessageDescriptor *type;
    const struct slw_proto_rules *rules;
} pairs[] = {
    {&pw__software_update__update_bundle__descriptor, &slw_bundle_rules},
    {&pw__software_update__update_bundle__targets_metadata_entry__descriptor,
     &slw_message_entry_rules},
    {&pw__software_update__update_bundle__target_payloads_entry__descriptor,
     &slw_payload_entry_rules},
    {&pw__software_update__signed_root_metadata__descriptor, &slw_signed_rules},
    {&pw__software_update__signed_targets_metadata__descriptor, &slw_signed_rules},
    {&pw__software_update__signed_timestamp_metadata__descriptor, &slw_signed_rules},
    {&pw__software_update__signed_snapshot_metadata__descriptor, &slw_signed_rules},
    {&pw__software_update__signature__descriptor, &slw_signature_rules},
    {&pw__software_update__common_metadata__descriptor, &slw_common_rules},
    {&pw__software_update__timestamp__descriptor, &slw_timestamp_rules},
    {&pw__software_update__root_metadata__descriptor, &slw_root_rules},
    {&pw__software_update__signature_requirement__descriptor, &slw_requirement_rules},
    {&pw__software_update__key_mapping__descriptor, &slw_key_mapping_rules},
    {&pw__software_update__key__descriptor, &slw_key_rules},
    {&pw__software_update__targets_metadata__descriptor, &slw_targets_rules},
    {&pw__software_update__target_file__descriptor, &slw_target_rules},
    {&pw__software_update__hash__descriptor, &slw_hash_rules},
    {&pw__software_update__encoding__descriptor, &slw_encoding_rules},
    {&pw__software_update__manifest__descriptor, &slw_manifest_rules},
    {&pw__software_update__manifest__targets_metadata_entry__descriptor, &slw_message_entry_rules},
};
#define PAIRS_COUNT (sizeof pairs / sizeof pairs[0])

static const struct slw_proto_rules *rules_of(const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        if (pairs[i].type == type) {
            return pairs[i].rules;
        }
    }
    return NULL;
}

static int type_of(const struct slw_proto_rule *rule)
{
    switch (rule->type) {
    case SLW_PROTO_UINT32:
        return PROTOBUF_C_TYPE_UINT32;
    case SLW_PROTO_UINT64:
        return PROTOBUF_C_TYPE_UINT64;
    case SLW_PROTO_INT32:
        return PROTOBUF_C_TYPE_INT32;
    case SLW_PROTO_INT64:
        return PROTOBUF_C_TYPE_INT64;
    case SLW_PROTO_BOOL:
        return PROTOBUF_C_TYPE_BOOL;
    case SLW_PROTO_ENUM:
        return PROTOBUF_C_TYPE_ENUM;
    case SLW_PROTO_FIXED32:
        return PROTOBUF_C_TYPE_FIXED32;
    case SLW_PROTO_BYTES:
        return PROTOBUF_C_TYPE_BYTES;
    case SLW_PROTO_STRING:
        return PROTOBUF_C_TYPE_STRING;
    case SLW_PROTO_MESSAGE:
        return PROTOBUF_C_TYPE_MESSAGE;
    }
    return -1;
}

static void has_the_rules_of_the_schema(void)
{
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        TAP_ROW(pairs[i].type->short_name);
        TAP_EQUAL_INT(pairs[i].rules->count, pairs[i].type->n_fields);
        TAP_CHECK(pairs[i].rules->count <= SLW_PROTO_RULES_MAX);
        for (size_t k = 0; k < pairs[i].rules->count; k++) {
            const struct slw_proto_rule *rule = &pairs[i].rules->fields[k];
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(pairs[i].type, rule->number);
            TAP_REQUIRE(field != NULL);
            TAP_EQUAL_INT(type_of(rule), field->type);
            TAP_EQUAL_INT(rule->label == SLW_PROTO_REPEATED,
                          field->label == PROTOBUF_C_LABEL_REPEATED);
        }
    }
}

/* The same text in memory, or through blocks of a size that the seed chooses. */
static ProtobufCMessage *read_with_ours(const ProtobufCMessageDescriptor *type,
                                        struct slw_bytes bytes, uint32_t seed)
{
    struct slw_reader reader;
    struct slw_memory_source memory;
    uint8_t block[256];
    slw_memory_source_init(&memory, bytes);
    if (seed % 2 == 0) {
        slw_reader_init_bytes(&reader, bytes);
    } else {
        slw_reader_init(&reader, &memory.source, block, 16 + seed / 2 % 200);
    }
    return oracle_read(type, rules_of, &reader);
}

static void check_valid_message(const ProtobufCMessageDescriptor *type, uint32_t seed)
{
    static uint8_t buffer[BUFFER_SIZE];
    uint32_t state = seed;
    ProtobufCMessage *message = oracle_make(type, &state);
    struct slw_bytes packed;
    uint8_t *bytes = oracle_pack(message, &packed);
    ProtobufCMessage *ours = read_with_ours(type, packed, state);
    if (TAP_CHECK(ours != NULL)) {
        TAP_CHECK(oracle_equal(ours, message));
        struct slw_writer writer;
        slw_writer_init(&writer, buffer, sizeof buffer);
        oracle_write(&writer, ours);
        TAP_EQUAL_INT(writer.status, SLW_OK);
        TAP_CHECK(slw_bytes_equal(slw_writer_written(&writer), packed));
        ProtobufCMessage *theirs = oracle_unpack(type, slw_writer_written(&writer));
        if (TAP_CHECK(theirs != NULL)) {
            TAP_CHECK(oracle_equal(theirs, message));
        }
        oracle_free(theirs);
    }
    oracle_free(ours);
    oracle_free(message);
    free(bytes);
}

static void reads_and_writes_messages_as_protobuf_c_does(void)
{
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        TAP_ROW(pairs[i].type->short_name);
        for (uint32_t seed = 1; seed <= 1000; seed++) {
            check_valid_message(pairs[i].type, seed * 2654435761u);
        }
    }
}

struct tally {
    unsigned accepted;
    unsigned refused;
    unsigned padded; /* accepted by ours alone, because of long tags or lengths */
};

static void check_mutation(const ProtobufCMessageDescriptor *type, struct slw_bytes bytes,
                           uint32_t seed, struct tally *tally)
{
    ProtobufCMessage *ours = read_with_ours(type, bytes, seed);
    if (ours == NULL) {
        tally->refused++;
        return;
    }
    tally->accepted++;
    ProtobufCMessage *theirs = oracle_unpack(type, bytes);
    if (theirs != NULL) {
        TAP_CHECK(oracle_equal(ours, theirs));
    } else {
        tally->padded++;
        TAP_CHECK(oracle_may_have_long_heads(bytes));
    }
    oracle_free(theirs);
    oracle_free(ours);
}

static void mutate_messages(const ProtobufCMessageDescriptor *type, struct tally *tally)
{
    static uint8_t buffer[BUFFER_SIZE];
    for (uint32_t number = 1; number <= 1000; number++) {
        uint32_t seed = number * 2246822519u;
        ProtobufCMessage *message = oracle_make(type, &seed);
        struct slw_bytes packed;
        uint8_t *bytes = oracle_pack(message, &packed);
        for (unsigned i = 0; i < 10 && packed.len < sizeof buffer / 2; i++) {
            memcpy(buffer, packed.ptr, packed.len);
            size_t len = oracle_mutate(buffer, packed.len, sizeof buffer, &seed);
            check_mutation(type, slw_bytes_make(buffer, len), seed, tally);
        }
        oracle_free(message);
        free(bytes);
    }
}

static void accepts_no_damaged_message_that_protobuf_c_refuses(void)
{
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        struct tally tally = {0};
        TAP_ROW(pairs[i].type->short_name);
        mutate_messages(pairs[i].type, &tally);
        TAP_CHECK(tally.accepted > 100);
        TAP_CHECK(tally.refused > 100);
        TAP_CHECK(tally.padded < 10);
    }
}

static void names_the_roles(void)
{
    static const char *const names[] = {"root", "timestamp", "snapshot", "targets"};
    for (size_t i = 0; i < SLW_ROLES_COUNT; i++) {
        TAP_CHECK(strcmp(slw_role_name((enum slw_role)i), names[i]) == 0);
    }
    TAP_CHECK(strcmp(slw_role_name(SLW_ROLES_COUNT), "unknown") == 0);
}

static void has_the_enums_of_the_schema(void)
{
    TAP_EQUAL_INT(SLW_KEY_TYPE_ED25519, PW__SOFTWARE_UPDATE__KEY_TYPE__ED25519);
    TAP_EQUAL_INT(SLW_KEY_TYPE_P256, PW__SOFTWARE_UPDATE__KEY_TYPE__ECDSA_SHA2_NISTP256);
    TAP_EQUAL_INT(SLW_KEY_TYPE_ED25519, PW__SOFTWARE_UPDATE__KEY_SCHEME__ED25519_SCHEME);
    TAP_EQUAL_INT(SLW_KEY_TYPE_P256, PW__SOFTWARE_UPDATE__KEY_SCHEME__ECDSA_SHA2_NISTP256_SCHEME);
    TAP_EQUAL_INT(SLW_HASH_FUNCTION_SHA256, PW__SOFTWARE_UPDATE__HASH_FUNCTION__SHA256);
    TAP_EQUAL_INT(SLW_KEY_CLASS_DEV, PW__SOFTWARE_UPDATE__KEY_CLASS__KEY_CLASS_DEV);
    TAP_EQUAL_INT(SLW_KEY_CLASS_TEST, PW__SOFTWARE_UPDATE__KEY_CLASS__KEY_CLASS_TEST);
    TAP_EQUAL_INT(SLW_KEY_CLASS_PROD, PW__SOFTWARE_UPDATE__KEY_CLASS__KEY_CLASS_PROD);
    TAP_EQUAL_INT(SLW_BUILD_TYPE_DEV, PW__SOFTWARE_UPDATE__BUILD_TYPE__BUILD_TYPE_DEV);
    TAP_EQUAL_INT(SLW_BUILD_TYPE_TEST, PW__SOFTWARE_UPDATE__BUILD_TYPE__BUILD_TYPE_TEST);
    TAP_EQUAL_INT(SLW_BUILD_TYPE_USER, PW__SOFTWARE_UPDATE__BUILD_TYPE__BUILD_TYPE_USER);
    TAP_EQUAL_INT(SLW_URGENCY_ROUTINE, PW__SOFTWARE_UPDATE__URGENCY__URGENCY_ROUTINE);
    TAP_EQUAL_INT(SLW_URGENCY_RECOMMENDED, PW__SOFTWARE_UPDATE__URGENCY__URGENCY_RECOMMENDED);
    TAP_EQUAL_INT(SLW_URGENCY_SECURITY, PW__SOFTWARE_UPDATE__URGENCY__URGENCY_SECURITY);
    TAP_EQUAL_INT(SLW_URGENCY_EMERGENCY, PW__SOFTWARE_UPDATE__URGENCY__URGENCY_EMERGENCY);
    TAP_EQUAL_INT(SLW_ENCODING_LZ, PW__SOFTWARE_UPDATE__ENCODING_KIND__LZ);
    TAP_EQUAL_INT(SLW_ENCODING_DELTA, PW__SOFTWARE_UPDATE__ENCODING_KIND__DELTA);
    TAP_EQUAL_INT(SLW_ENCODING_ZSTD, PW__SOFTWARE_UPDATE__ENCODING_KIND__ZSTD);
}

int main(void)
{
    TAP_RUN(has_the_rules_of_the_schema);
    TAP_RUN(has_the_enums_of_the_schema);
    TAP_RUN(names_the_roles);
    TAP_RUN(reads_and_writes_messages_as_protobuf_c_does);
    TAP_RUN(accepts_no_damaged_message_that_protobuf_c_refuses);
    return tap_finish();
}
