/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protobuf reader with the rules of bundles, roots, targets metadata and manifests: the first
 * byte chooses, the rest is the message. From memory and through blocks of 16 bytes it must say the
 * same.
 */
#include "fuzz.h"

#include "slipway/tuf.h"

static const struct {
    const struct slw_proto_rules *outer;
    uint32_t number;
    const struct slw_proto_rules *inner;
} nested[] = {
    {&slw_bundle_rules, SLW_BUNDLE_TIMESTAMP_METADATA, &slw_signed_rules},
    {&slw_bundle_rules, SLW_BUNDLE_SNAPSHOT_METADATA, &slw_signed_rules},
    {&slw_bundle_rules, SLW_BUNDLE_TARGETS_METADATA, &slw_message_entry_rules},
    {&slw_bundle_rules, SLW_BUNDLE_TARGET_PAYLOADS, &slw_payload_entry_rules},
    {&slw_bundle_rules, SLW_BUNDLE_ROOT_METADATA, &slw_signed_rules},
    {&slw_bundle_rules, SLW_BUNDLE_ROOT_HISTORY, &slw_signed_rules},
    {&slw_message_entry_rules, SLW_MAP_VALUE, &slw_signed_rules},
    {&slw_signed_rules, SLW_SIGNED_SIGNATURES, &slw_signature_rules},
    {&slw_root_rules, SLW_ROOT_COMMON, &slw_common_rules},
    {&slw_root_rules, SLW_ROOT_KEYS, &slw_key_mapping_rules},
    {&slw_root_rules, SLW_ROOT_ROOT_REQUIREMENT, &slw_requirement_rules},
    {&slw_root_rules, SLW_ROOT_TIMESTAMP_REQUIREMENT, &slw_requirement_rules},
    {&slw_root_rules, SLW_ROOT_SNAPSHOT_REQUIREMENT, &slw_requirement_rules},
    {&slw_root_rules, SLW_ROOT_TARGETS_REQUIREMENT, &slw_requirement_rules},
    {&slw_key_mapping_rules, SLW_KEY_MAPPING_KEY, &slw_key_rules},
    {&slw_common_rules, SLW_COMMON_EXPIRES, &slw_timestamp_rules},
    {&slw_targets_rules, SLW_TARGETS_COMMON, &slw_common_rules},
    {&slw_targets_rules, SLW_TARGETS_TARGET_FILES, &slw_target_rules},
    {&slw_target_rules, SLW_TARGET_HASHES, &slw_hash_rules},
    {&slw_target_rules, SLW_TARGET_ENCODINGS, &slw_encoding_rules},
    {&slw_encoding_rules, SLW_ENCODING_HASH, &slw_hash_rules},
    {&slw_encoding_rules, SLW_ENCODING_BASE_HASH, &slw_hash_rules},
    {&slw_manifest_rules, SLW_MANIFEST_TARGETS_METADATA, &slw_message_entry_rules},
};

static const struct slw_proto_rules *inner_rules(const struct slw_proto_rules *outer,
                                                 uint32_t number)
{
    for (size_t i = 0; i < sizeof nested / sizeof nested[0]; i++) {
        if (nested[i].outer == outer && nested[i].number == number) {
            return nested[i].inner;
        }
    }
    return NULL;
}

/* A checksum over all that the reader says of a message, or its status. */
static uint32_t walk(struct slw_reader *reader, const struct slw_proto_rules *rules)
{
    const struct slw_proto_rules *levels[SLW_PROTO_DEPTH_MAX] = {rules};
    size_t depth = 0;
    uint32_t said = 0;
    struct slw_proto proto;
    struct slw_proto_field field;
    slw_proto_begin(&proto, reader, rules);
    for (;;) {
        if (!slw_proto_next(&proto, &field)) {
            if (reader->status != SLW_OK || depth == 0) {
                break;
            }
            depth--;
            continue;
        }
        FUZZ_CHECK(field.number > 0 && field.number <= SLW_PROTO_FIELD_NUMBER_MAX);
        FUZZ_CHECK(field.offset + field.length <= reader->end);
        uint64_t numbers[] = {depth, field.number, field.known, field.varint, field.length};
        said = slw_crc32(said, slw_bytes_make(numbers, sizeof numbers));
        const struct slw_proto_rules *inner = inner_rules(levels[depth], field.number);
        if (field.known && inner != NULL) {
            slw_proto_enter(&proto, inner);
            levels[++depth] = inner;
        } else {
            while (slw_proto_value_left(&proto) > 0) {
                said = slw_crc32(said, slw_proto_take(&proto));
            }
        }
    }
    return reader->status == SLW_OK ? said : (uint32_t)reader->status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slw_proto_rules *const outermost[] = {&slw_bundle_rules, &slw_signed_rules,
                                                              &slw_root_rules, &slw_targets_rules,
                                                              &slw_manifest_rules};
    struct slw_bytes message = slw_bytes_make(data, size);
    const struct slw_proto_rules *rules = outermost[fuzz_choice(&message) % 5];
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, message);
    uint32_t from_memory = walk(&reader, rules);
    FUZZ_CHECK(reader.status == SLW_OK || reader.status == SLW_MALFORMED);

    struct slw_memory_source memory;
    uint8_t block[16];
    slw_memory_source_init(&memory, message);
    slw_reader_init(&reader, &memory.source, block, sizeof block);
    FUZZ_CHECK(walk(&reader, rules) == from_memory);
    return 0;
}
