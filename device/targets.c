/* SPDX-License-Identifier: Apache-2.0 */
/* Targets metadata: reading it (targets.h). What follows from what was read is in targets_check.c.
 */
#include "slipway/targets.h"

#include "target_read.h"

#include "slipway/checked.h"

const struct slw_limits slw_default_limits = {
    .signatures = SLW_SIGNATURES_MAX,
    .root_keys = SLW_ROOT_KEYS_MAX,
    .root_history = SLW_ROOT_HISTORY_MAX,
    .targets = SLW_TARGETS_MAX,
    .root_size = SLW_ROOT_SIZE_MAX,
    .targets_size = SLW_TARGETS_SIZE_MAX,
};

/* The state of the one pass over targets metadata. */
struct parse {
    struct slw_proto proto;
    const struct slw_expectations *expectations;
    struct slw_targets *targets;
    struct slw_names *names;
    uint64_t base;          /* where the serialized metadata begins */
    struct slw_sha256 leaf; /* of the log, as far as the product; where transparency is expected */
};

static void note_name_finding(struct parse *parse, enum slw_status status, struct slw_bytes name)
{
    if (parse->targets->names_finding.status == SLW_OK) {
        (void)slw_find_name(&parse->targets->names_finding, status, name);
    }
}

static void add_name(struct parse *parse, struct slw_bytes name, uint32_t target_offset,
                     uint16_t form, uint16_t flags)
{
    if (parse->names->count == parse->names->max) {
        slw_reader_fail(parse->proto.reader, SLW_TOO_LARGE);
        return;
    }
    parse->names->entries[parse->names->count++] = (struct slw_name){
        .tag = slw_name_tag(name),
        .target_offset = target_offset,
        .form = form,
        .flags = flags,
    };
}

/* Each encoding's payload name is listed; what is wrong with one of an unknown kind is ignored. */
static void note_encoding(void *context, const struct slw_encoding *encoding)
{
    struct parse *parse = context;
    struct slw_bytes name = slw_bytes_make(encoding->payload_name, encoding->payload_name_len);
    if (slw_name_is_good(name)) {
        uint32_t target_offset = (uint32_t)(encoding->target_offset - parse->base);
        add_name(parse, name, target_offset, encoding->number, SLW_NAME_IS_PAYLOAD);
    } else if (encoding->kind_known) {
        note_name_finding(parse, SLW_BAD_NAME, name);
    }
    if (encoding->kind_known && !encoding->has_sha256) {
        note_name_finding(parse, SLW_MISSING_HASH, name);
    }
}

/* The rules for one target that need nothing but itself and the device's slot table. */
static void check_slot(struct parse *parse, const struct slw_target *target)
{
    const struct slw_slot_port *slots = parse->expectations->slots;
    struct slw_bytes name = slw_bytes_make(target->name, target->name_len);
    struct slw_bytes slot = slw_bytes_make(target->slot, target->slot_len);
    uint64_t capacity = 0;
    if (!slw_name_is_good(slot)) {
        note_name_finding(parse, SLW_BAD_NAME, slot);
        return;
    }
    if (slots == NULL || slw_bytes_equal(name, SLW_USER_MANIFEST)) {
        return;
    }
    enum slw_status status = slots->capacity(slots->context, slot, &capacity);
    if (status != SLW_OK) {
        note_name_finding(parse, status, slot);
    } else if (target->length > capacity) {
        note_name_finding(parse, SLW_SLOT_TOO_SMALL, slot);
    }
}

static void note_target(struct parse *parse, const struct slw_target *target, uint32_t offset)
{
    struct slw_bytes name = slw_bytes_make(target->name, target->name_len);
    struct slw_bytes slot = slw_bytes_make(target->slot, target->slot_len);
    if (!slw_name_is_good(name)) {
        note_name_finding(parse, SLW_BAD_NAME, name);
    }
    check_slot(parse, target);
    if (!target->has_sha256) {
        note_name_finding(parse, SLW_MISSING_HASH, name);
    }
    bool slot_is_name = slw_bytes_equal(name, slot);
    bool installed = !slw_bytes_equal(name, SLW_USER_MANIFEST);
    uint16_t flags = SLW_NAME_IS_PAYLOAD;
    if (slot_is_name && installed) {
        flags |= SLW_NAME_IS_SLOT;
    }
    add_name(parse, name, offset, 0, flags);
    if (!slot_is_name && installed) {
        add_name(parse, slot, offset, SLW_FORM_SLOT_ONLY, SLW_NAME_IS_SLOT);
    }
}

static void read_target_file(struct parse *parse, const struct slw_proto_field *field)
{
    struct slw_target target;
    uint8_t digest[SLW_SHA256_SIZE];
    size_t first = parse->names->count;
    if (parse->targets->targets_count++ == parse->expectations->limits.targets) {
        slw_reader_fail(parse->proto.reader, SLW_TOO_LARGE);
        return;
    }
    struct slw_encoding_visitor visitor = {note_encoding, parse};
    slw_target_read(&parse->proto, field, 0, &visitor, &target, digest);
    if (parse->proto.reader->status != SLW_OK) {
        return;
    }
    note_target(parse, &target, (uint32_t)(field->start - parse->base));
    for (size_t i = first; i < parse->names->count; i++) {
        memcpy(parse->names->entries[i].target_digest, digest,
               sizeof parse->names->entries[i].target_digest);
    }
}

static void read_hardware_id(struct parse *parse, const struct slw_proto_field *field)
{
    struct slw_targets *targets = parse->targets;
    targets->hardware_listed = true;
    if (slw_proto_value_equals(&parse->proto, field, parse->expectations->hardware)) {
        targets->hardware_matches = true;
    }
}

static void read_product(struct parse *parse, const struct slw_proto_field *field)
{
    struct slw_targets *targets = parse->targets;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &parse->leaf};
    targets->has_release_leaf &= field->length <= UINT16_MAX;
    targets->product = (struct slw_span){field->offset, field->length};
    if (targets->has_release_leaf) {
        slw_release_leaf_start(&parse->leaf, (uint16_t)field->length);
        slw_reader_add_tap(parse->proto.reader, &tap);
    }
    targets->product_matches =
        slw_proto_value_equals(&parse->proto, field, parse->expectations->product);
    if (targets->has_release_leaf) {
        slw_reader_remove_tap(parse->proto.reader, &tap);
    }
}

static void read_build_type(struct parse *parse, uint64_t value)
{
    if (value > SLW_BUILD_TYPE_USER) {
        slw_reader_fail(parse->proto.reader, SLW_MALFORMED);
        return;
    }
    parse->targets->build_type = (enum slw_build_type)value;
}

static void read_critical_field(struct slw_targets *targets, uint64_t number)
{
    for (size_t i = 0; i < slw_targets_rules.count; i++) {
        if (slw_targets_rules.fields[i].number == number) {
            return;
        }
    }
    targets->unknown_critical_field = number == 0 ? UINT32_MAX : (uint32_t)number;
}

static void read_common(struct parse *parse)
{
    struct slw_common common = {0};
    slw_common_read(&parse->proto, SLW_TOP_LEVEL_TARGETS, &common);
    parse->targets->version = common.version;
    parse->targets->expires = common.expires;
    parse->targets->role_right = common.role_right;
    parse->targets->spec_version_right = common.spec_version_right;
}

static void read_field(struct parse *parse, const struct slw_proto_field *field)
{
    struct slw_targets *targets = parse->targets;
    switch (field->number) {
    case SLW_TARGETS_COMMON:
        read_common(parse);
        break;
    case SLW_TARGETS_TARGET_FILES:
        read_target_file(parse, field);
        break;
    case SLW_TARGETS_HARDWARE_IDS:
        read_hardware_id(parse, field);
        break;
    case SLW_TARGETS_RELEASE_VERSION:
        targets->release_version = (struct slw_span){field->offset, field->length};
        break;
    case SLW_TARGETS_MIN_INSTALLED_VERSION:
        targets->min_installed_version = (uint32_t)field->varint;
        break;
    case SLW_TARGETS_URGENCY:
        targets->urgency = field->varint > SLW_URGENCY_EMERGENCY ? SLW_URGENCY_NONE
                                                                 : (enum slw_urgency)field->varint;
        break;
    case SLW_TARGETS_BUILD_TYPE:
        read_build_type(parse, field->varint);
        break;
    case SLW_TARGETS_RELEASE_NOTES:
        targets->release_notes = (struct slw_span){field->offset, field->length};
        if (field->length > SLW_RELEASE_NOTES_SIZE_MAX) {
            slw_reader_fail(parse->proto.reader, SLW_TOO_LARGE);
        }
        break;
    case SLW_TARGETS_PRODUCT:
        read_product(parse, field);
        break;
    case SLW_TARGETS_SECURITY_FLOOR:
        targets->security_floor = (uint32_t)field->varint;
        break;
    case SLW_TARGETS_CRITICAL_FIELDS:
        read_critical_field(targets, field->varint);
        break;
    default:
        break;
    }
}

enum slw_status slw_targets_parse(struct slw_reader *reader,
                                  const struct slw_expectations *expectations,
                                  struct slw_targets *targets, struct slw_names *names)
{
    struct parse parse = {
        .expectations = expectations,
        .targets = targets,
        .names = names,
        .base = reader->position,
    };
    struct slw_sha256 hash;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &hash};
    struct slw_proto_field field;
    *targets = (struct slw_targets){
        .product_matches = true,
        .has_release_leaf = expectations->transparency != NULL,
    };
    targets->serialized = (struct slw_span){reader->position, slw_reader_left(reader)};
    names->count = 0;
    slw_release_leaf_start(&parse.leaf, 0); /* until a product comes */
    slw_sha256_init(&hash);
    slw_reader_add_tap(reader, &tap);
    slw_proto_begin(&parse.proto, reader, &slw_targets_rules);
    while (slw_proto_next(&parse.proto, &field)) {
        read_field(&parse, &field);
    }
    slw_reader_remove_tap(reader, &tap);
    slw_sha256_final(&hash, targets->sha256);
    SLW_TRY(reader->status);
    if (targets->has_release_leaf) {
        slw_release_leaf_finish(&parse.leaf, targets->version, targets->sha256,
                                targets->release_leaf);
    }
    slw_names_sort(names);
    return SLW_OK;
}
