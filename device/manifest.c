/* SPDX-License-Identifier: Apache-2.0 */
/* Reading stored manifests (manifest.h). */
#include "slipway/manifest.h"

#include "target_read.h"

static bool read_entry(struct slw_proto *proto, struct slw_span *ret_value)
{
    struct slw_proto_field field;
    bool is_targets = false;
    bool key_there = false;
    slw_proto_enter(proto, &slw_message_entry_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_MAP_KEY) {
            key_there = field.length > 0;
            is_targets = slw_proto_value_equals(proto, &field, SLW_TOP_LEVEL_TARGETS);
        } else if (field.number == SLW_MAP_VALUE) {
            *ret_value = (struct slw_span){field.offset, field.length};
        }
    }
    if (!key_there) {
        slw_reader_fail(proto->reader, SLW_MALFORMED);
    }
    return is_targets;
}

static enum slw_status find_targets(struct slw_reader *reader, struct slw_span *ret_targets)
{
    struct slw_proto proto;
    struct slw_proto_field field;
    bool found = false;
    slw_proto_begin(&proto, reader, &slw_manifest_rules);
    while (slw_proto_next(&proto, &field)) {
        struct slw_span value = {0};
        if (field.number != SLW_MANIFEST_TARGETS_METADATA || !read_entry(&proto, &value)) {
            continue;
        }
        if (found) {
            slw_reader_fail(reader, SLW_MALFORMED);
        }
        found = true;
        *ret_targets = value;
    }
    SLW_TRY(reader->status);
    return found && ret_targets->length > 0 ? SLW_OK : SLW_NOT_FOUND;
}

static void read_numbers(struct slw_reader *reader, struct slw_manifest *manifest)
{
    struct slw_proto proto;
    struct slw_proto_field field;
    struct slw_common common = {0};
    struct slw_target target;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_proto_begin(&proto, reader, &slw_targets_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_TARGETS_COMMON) {
            slw_common_read(&proto, SLW_TOP_LEVEL_TARGETS, &common);
            manifest->version = common.version;
        } else if (field.number == SLW_TARGETS_SECURITY_FLOOR) {
            manifest->security_floor = (uint32_t)field.varint;
        } else if (field.number == SLW_TARGETS_TARGET_FILES) {
            slw_target_read(&proto, &field, 0, NULL, &target, digest);
        }
    }
}

enum slw_status slw_manifest_read(const struct slw_source *source, uint8_t *block,
                                  size_t block_size, struct slw_manifest *ret_manifest)
{
    struct slw_manifest manifest = {0};
    struct slw_reader reader;
    slw_reader_init(&reader, source, block, block_size);
    if (find_targets(&reader, &manifest.targets) != SLW_OK) {
        return SLW_STORED_STATE;
    }
    slw_reader_seek(&reader, manifest.targets.offset,
                    manifest.targets.offset + manifest.targets.length);
    read_numbers(&reader, &manifest);
    if (reader.status != SLW_OK) {
        return SLW_STORED_STATE;
    }
    *ret_manifest = manifest;
    return SLW_OK;
}

enum slw_status slw_manifest_find(const struct slw_source *source,
                                  const struct slw_manifest *manifest, uint8_t *block,
                                  size_t block_size, struct slw_bytes target,
                                  struct slw_installed_image *ret_image)
{
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    struct slw_target entry;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_reader_init(&reader, source, block, block_size);
    slw_reader_seek(&reader, manifest->targets.offset,
                    manifest->targets.offset + manifest->targets.length);
    slw_proto_begin(&proto, &reader, &slw_targets_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number != SLW_TARGETS_TARGET_FILES) {
            continue;
        }
        slw_target_read(&proto, &field, 0, NULL, &entry, digest);
        struct slw_bytes name = slw_bytes_make(entry.name, entry.name_len);
        if (reader.status == SLW_OK && entry.has_sha256 && slw_bytes_equal(name, target)) {
            *ret_image = (struct slw_installed_image){
                .length = entry.length,
                .sha256_known = true,
            };
            memcpy(ret_image->sha256, entry.sha256, sizeof ret_image->sha256);
            return SLW_OK;
        }
    }
    SLW_TRY(reader.status);
    return SLW_NOT_FOUND;
}
