/* SPDX-License-Identifier: Apache-2.0 */
/* Root metadata: reading it (root.h). What follows from what was read is in root_check.c. */
#include "slipway/root.h"

#include "slipway/checked.h"

#define SPEC_VERSION_SIZE_MAX 32

void slw_sha256_observe(void *context, struct slw_bytes passed)
{
    slw_sha256_update(context, passed);
}

void slw_root_init(struct slw_root *root, struct slw_root_key *keys, size_t keys_max)
{
    *root = (struct slw_root){
        .keys = keys,
        .keys_max = slw_min_size(keys_max, SLW_ROOT_KEYS_MAX),
    };
}

/* A decimal number without leading zeros at text[*at]; moves *at behind it. */
static bool read_number(struct slw_bytes text, size_t *at, bool *ret_at_most_one)
{
    size_t start = *at;
    while (*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') {
        (*at)++;
    }
    size_t digits = *at - start;
    if (digits == 0 || (digits > 1 && text.ptr[start] == '0')) {
        return false;
    }
    *ret_at_most_one = digits == 1 && text.ptr[start] <= '1';
    return true;
}

/* SPEC.md 3.2: three decimal numbers joined by dots, the first of them 0 or 1. */
static bool is_known_spec_version(struct slw_bytes text)
{
    size_t at = 0;
    bool major_known = false;
    bool ignored = false;
    return read_number(text, &at, &major_known) && major_known && at < text.len &&
           text.ptr[at++] == '.' && read_number(text, &at, &ignored) && at < text.len &&
           text.ptr[at++] == '.' && read_number(text, &at, &ignored) && at == text.len;
}

static bool read_spec_version(struct slw_proto *proto, const struct slw_proto_field *field)
{
    uint8_t text[SPEC_VERSION_SIZE_MAX];
    slw_proto_copy(proto, text, sizeof text);
    return field->length <= sizeof text &&
           is_known_spec_version(slw_bytes_make(text, (size_t)field->length));
}

static void read_expiry(struct slw_proto *proto, struct slw_expiry *expiry)
{
    struct slw_proto_field field;
    *expiry = (struct slw_expiry){.present = true};
    slw_proto_enter(proto, &slw_timestamp_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_TIMESTAMP_SECONDS) {
            expiry->seconds = (int64_t)field.varint;
        } else if (field.number == SLW_TIMESTAMP_NANOS) {
            if (field.varint > 999999999) {
                slw_reader_fail(proto->reader, SLW_MALFORMED);
                return;
            }
            expiry->nanos = (int32_t)field.varint;
        }
    }
}

void slw_common_read(struct slw_proto *proto, struct slw_bytes role, struct slw_common *ret_common)
{
    struct slw_proto_field field;
    slw_proto_enter(proto, &slw_common_rules);
    while (slw_proto_next(proto, &field)) {
        switch (field.number) {
        case SLW_COMMON_SPEC_VERSION:
            ret_common->spec_version_right = read_spec_version(proto, &field);
            break;
        case SLW_COMMON_VERSION:
            ret_common->version = (uint32_t)field.varint;
            break;
        case SLW_COMMON_EXPIRES:
            read_expiry(proto, &ret_common->expires);
            break;
        case SLW_COMMON_ROLE:
            ret_common->role_right = slw_proto_value_equals(proto, &field, role);
            break;
        default:
            break;
        }
    }
}

/* A key as its mapping has it, before it is decided whether it is one. */
struct mapping {
    uint8_t id[SLW_KEY_ID_SIZE];
    uint64_t id_len;
    uint64_t type; /* sign-extended enum values */
    uint64_t scheme;
    uint8_t value[SLW_P256_KEY_SIZE];
    struct slw_span value_span;
};

static void note_bad_key(struct slw_root *root, const uint8_t *id)
{
    if (root->key_bad) {
        return;
    }
    root->key_bad = true;
    if (id != NULL) {
        root->key_bad_id_known = true;
        memcpy(root->key_bad_id, id, SLW_KEY_ID_SIZE);
    }
}

static struct slw_root_key *find_key(struct slw_root *root, const uint8_t *id)
{
    for (size_t i = 0; i < root->keys_count; i++) {
        if (memcmp(root->keys[i].id, id, SLW_KEY_ID_SIZE) == 0) {
            return &root->keys[i];
        }
    }
    return NULL;
}

/* NULL when there are more ids than there may be keys: then one of them has none. */
static struct slw_root_key *find_or_add_key(struct slw_root *root, const uint8_t *id)
{
    struct slw_root_key *key = find_key(root, id);
    if (key != NULL) {
        return key;
    }
    if (root->keys_count == root->keys_max) {
        note_bad_key(root, id);
        return NULL;
    }
    key = &root->keys[root->keys_count++];
    *key = (struct slw_root_key){0};
    memcpy(key->id, id, SLW_KEY_ID_SIZE);
    return key;
}

static void read_key(struct slw_proto *proto, struct mapping *mapping)
{
    struct slw_proto_field field;
    slw_proto_enter(proto, &slw_key_rules);
    while (slw_proto_next(proto, &field)) {
        switch (field.number) {
        case SLW_KEY_TYPE:
            mapping->type = field.varint;
            break;
        case SLW_KEY_SCHEME:
            mapping->scheme = field.varint;
            break;
        case SLW_KEY_KEYVAL:
            mapping->value_span = (struct slw_span){field.offset, field.length};
            slw_proto_copy(proto, mapping->value, sizeof mapping->value);
            break;
        default:
            break;
        }
    }
}

static void read_mapping(struct slw_proto *proto, struct mapping *mapping)
{
    struct slw_proto_field field;
    *mapping = (struct mapping){0};
    slw_proto_enter(proto, &slw_key_mapping_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_KEY_MAPPING_KEY_ID) {
            mapping->id_len = field.length;
            slw_proto_copy(proto, mapping->id, sizeof mapping->id);
        } else if (field.number == SLW_KEY_MAPPING_KEY) {
            read_key(proto, mapping);
        }
    }
}

/* TUF 4.2: "KEYID ... is the hexdigest of the SHA-256 of the canonical form of the key"; for
 * protobuf the canonical form is type, scheme, value (SPEC.md 3.1). */
static bool id_is_hash(const struct mapping *mapping, struct slw_bytes value)
{
    const uint8_t head[2] = {(uint8_t)mapping->type, (uint8_t)mapping->scheme};
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(head, sizeof head));
    slw_sha256_update(&hash, value);
    slw_sha256_final(&hash, digest);
    return mapping->id_len == SLW_KEY_ID_SIZE && memcmp(digest, mapping->id, sizeof digest) == 0;
}

static bool is_pair(const struct mapping *mapping, enum slw_key_type type)
{
    return mapping->type == (uint64_t)type && mapping->scheme == (uint64_t)type;
}

/* The kind of a key that we can use, 0 for one that we ignore; bad ones are noted. */
static uint8_t usable_type(struct slw_root *root, const struct mapping *mapping)
{
    uint64_t length = mapping->value_span.length;
    enum slw_status status = SLW_BAD_KEY;
    uint8_t type = 0;
    if (is_pair(mapping, SLW_KEY_TYPE_P256)) {
        type = SLW_KEY_TYPE_P256;
        if (length == SLW_P256_KEY_SIZE) {
            status = slw_p256_check_key(mapping->value);
        }
    } else if (is_pair(mapping, SLW_KEY_TYPE_ED25519)) {
        type = SLW_KEY_TYPE_ED25519;
        if (length == SLW_ED25519_KEY_SIZE) {
            status = slw_ed25519_check_key(mapping->value);
        }
    } else {
        return 0;
    }
    if (status != SLW_OK || !id_is_hash(mapping, slw_bytes_make(mapping->value, (size_t)length))) {
        note_bad_key(root, mapping->id);
    }
    return type;
}

/* An ignored key's value stays where it is, for check_ignored_ids(). */
static void keep_span(struct slw_root_key *key, const struct mapping *mapping)
{
    key->value[0] = (uint8_t)mapping->type;
    key->value[1] = (uint8_t)mapping->scheme;
    key->value[2] = mapping->type <= UINT8_MAX && mapping->scheme <= UINT8_MAX;
    slw_put_u64_le(key->value + 3, mapping->value_span.offset);
    slw_put_u64_le(key->value + 11, mapping->value_span.length);
}

static void add_mapping(struct slw_root *root, const struct mapping *mapping)
{
    uint8_t type = usable_type(root, mapping);
    if (mapping->id_len != SLW_KEY_ID_SIZE) {
        /* No role can name it; that its id is wrong matters only where ids are checked. */
        if (type != 0 || (mapping->type <= UINT8_MAX && mapping->scheme <= UINT8_MAX)) {
            note_bad_key(root, NULL);
        }
        return;
    }
    struct slw_root_key *key = find_or_add_key(root, mapping->id);
    if (key == NULL) {
        return;
    }
    if (key->defined) {
        note_bad_key(root, mapping->id);
        return;
    }
    key->defined = true;
    key->type = type;
    if (type != 0) {
        memcpy(key->value, mapping->value, sizeof key->value);
    } else {
        keep_span(key, mapping);
    }
}

static void read_role_key_id(struct slw_proto *proto, const struct slw_proto_field *field,
                             struct slw_root *root, enum slw_role role)
{
    uint8_t id[SLW_KEY_ID_SIZE] = {0};
    slw_proto_copy(proto, id, sizeof id);
    if (field->length != SLW_KEY_ID_SIZE) {
        note_bad_key(root, NULL);
        return;
    }
    struct slw_root_key *key = find_or_add_key(root, id);
    if (key == NULL) {
        return;
    }
    if (slw_key_has_role(key, role)) {
        note_bad_key(root, id);
    }
    key->roles |= (uint8_t)(1u << role);
}

static void read_requirement(struct slw_proto *proto, struct slw_root *root, enum slw_role role)
{
    struct slw_proto_field field;
    slw_proto_enter(proto, &slw_requirement_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_REQUIREMENT_KEY_IDS) {
            read_role_key_id(proto, &field, root, role);
        } else if (field.number == SLW_REQUIREMENT_THRESHOLD) {
            root->thresholds[role] = (uint32_t)field.varint;
        }
    }
}

static void read_key_class(struct slw_proto *proto, const struct slw_proto_field *field,
                           struct slw_root *root)
{
    if (field->varint > SLW_KEY_CLASS_PROD) {
        slw_reader_fail(proto->reader, SLW_MALFORMED);
        return;
    }
    root->key_class = (enum slw_key_class)field->varint;
}

/* Field numbers of the four requirements follow each other in the order of the roles. */
static void read_field(struct slw_proto *proto, const struct slw_proto_field *field,
                       struct slw_root *root, size_t *mappings)
{
    struct mapping mapping;
    struct slw_common common = {0};
    switch (field->number) {
    case SLW_ROOT_COMMON:
        slw_common_read(proto, SLW_BYTES_OF("root"), &common);
        root->version = common.version;
        root->expires = common.expires;
        root->role_right = common.role_right;
        root->spec_version_right = common.spec_version_right;
        break;
    case SLW_ROOT_KEYS:
        if ((*mappings)++ == root->keys_max) {
            slw_reader_fail(proto->reader, SLW_TOO_LARGE);
            break;
        }
        read_mapping(proto, &mapping);
        add_mapping(root, &mapping);
        break;
    case SLW_ROOT_ROOT_REQUIREMENT:
    case SLW_ROOT_TIMESTAMP_REQUIREMENT:
    case SLW_ROOT_SNAPSHOT_REQUIREMENT:
    case SLW_ROOT_TARGETS_REQUIREMENT:
        read_requirement(proto, root, (enum slw_role)(field->number - SLW_ROOT_ROOT_REQUIREMENT));
        break;
    case SLW_ROOT_KEY_CLASS:
        read_key_class(proto, field, root);
        break;
    default:
        break;
    }
}

static void check_ignored_id(struct slw_reader *reader, struct slw_root *root,
                             const struct slw_root_key *key)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    uint64_t offset = slw_get_u64_le(key->value + 3);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(key->value, 2));
    slw_reader_seek(reader, offset, offset + slw_get_u64_le(key->value + 11));
    while (slw_reader_left(reader) > 0) {
        slw_sha256_update(&hash, slw_reader_take(reader, UINT64_MAX));
    }
    slw_sha256_final(&hash, digest);
    if (memcmp(digest, key->id, sizeof digest) != 0) {
        note_bad_key(root, key->id);
    }
}

/* Such keys count for nothing; their ids must be right all the same, as far as they can be. */
static void check_ignored_ids(struct slw_reader *reader, struct slw_root *root)
{
    uint64_t position = reader->position;
    uint64_t end = reader->end;
    for (size_t i = 0; i < root->keys_count && reader->status == SLW_OK; i++) {
        const struct slw_root_key *key = &root->keys[i];
        if (key->defined && key->type == 0 && key->value[2] != 0) {
            check_ignored_id(reader, root, key);
        }
    }
    slw_reader_seek(reader, position, end);
}

enum slw_status slw_root_parse(struct slw_reader *reader, struct slw_untrusted_root *untrusted)
{
    struct slw_root *root = &untrusted->content;
    struct slw_sha256 hash;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &hash};
    struct slw_proto proto;
    struct slw_proto_field field;
    size_t mappings = 0;
    slw_root_init(root, root->keys, root->keys_max);
    root->serialized = (struct slw_span){reader->position, slw_reader_left(reader)};
    slw_sha256_init(&hash);
    slw_reader_add_tap(reader, &tap);
    slw_proto_begin(&proto, reader, &slw_root_rules);
    while (slw_proto_next(&proto, &field)) {
        read_field(&proto, &field, root, &mappings);
    }
    slw_reader_remove_tap(reader, &tap);
    slw_sha256_final(&hash, root->sha256);
    SLW_TRY(reader->status);
    check_ignored_ids(reader, root);
    return reader->status;
}

const struct slw_root_key *slw_root_find_key(const struct slw_root *root,
                                             const uint8_t key_id[static SLW_KEY_ID_SIZE])
{
    for (size_t i = 0; i < root->keys_count; i++) {
        if (memcmp(root->keys[i].id, key_id, SLW_KEY_ID_SIZE) == 0) {
            return &root->keys[i];
        }
    }
    return NULL;
}
