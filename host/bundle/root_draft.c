/* SPDX-License-Identifier: Apache-2.0 */
/* Root metadata while it is being made: create, rotate and inspect work on it. */
#include "slipway/root_draft.h"

#include "slipway/explain.h"
#include "slipway/proto_writer.h"

static enum slw_status explain_with_finding(const char *name, const struct slw_finding *finding,
                                            struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_explain_finding(finding, &text);
    (void)slw_explain(detail, finding->status, "%s: %s", name, slw_heap_text(&text));
    slw_heap_free(&text);
    return finding->status;
}

enum slw_status slw_root_content_parse(const char *name, struct slw_bytes serialized,
                                       struct slw_root_content *ret_content,
                                       struct slw_detail *detail)
{
    struct slw_untrusted_root parsed = {0};
    struct slw_reader reader;
    slw_root_init(&parsed.content, ret_content->keys, SLW_ROOT_KEYS_MAX);
    if (serialized.len > SLW_ROOT_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: root metadata of more than %u bytes", name,
                           SLW_ROOT_SIZE_MAX);
    }
    slw_reader_init_bytes(&reader, serialized);
    enum slw_status status = slw_root_parse(&reader, &parsed);
    if (status == SLW_TOO_LARGE) {
        return slw_explain(detail, status, "%s: more than %u keys", name, SLW_ROOT_KEYS_MAX);
    }
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: not root metadata", name);
    }
    ret_content->root = parsed.content;
    return SLW_OK;
}

enum slw_status slw_root_content_read(const char *name, struct slw_bytes serialized,
                                      struct slw_root_content *ret_content,
                                      struct slw_detail *detail)
{
    struct slw_finding finding = {0};
    SLW_TRY(slw_root_content_parse(name, serialized, ret_content, detail));
    if (slw_root_check(&ret_content->root, &finding) != SLW_OK) {
        return explain_with_finding(name, &finding, detail);
    }
    return SLW_OK;
}

/* Fields that a draft doesn't hold; reading consistent_snapshot on the way. */
static enum slw_status scan_for_unknown(const char *name, struct slw_bytes serialized,
                                        struct slw_root_draft *draft, struct slw_detail *detail)
{
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    slw_reader_init_bytes(&reader, serialized);
    slw_proto_begin(&proto, &reader, &slw_root_rules);
    while (slw_proto_next(&proto, &field)) {
        if (!field.known) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "%s: has field %u, which slipway doesn't know and would lose", name,
                               field.number);
        }
        if (field.number == SLW_ROOT_CONSISTENT_SNAPSHOT) {
            draft->consistent_snapshot = field.varint != 0;
        }
    }
    return reader.status;
}

enum slw_status slw_root_draft_from(const char *name, struct slw_bytes serialized,
                                    const struct slw_root_content *content,
                                    struct slw_root_draft *ret_draft, struct slw_detail *detail)
{
    const struct slw_root *root = &content->root;
    *ret_draft = (struct slw_root_draft){
        .version = root->version,
        .expires = root->expires,
        .key_class = root->key_class,
        .keys_count = root->keys_count,
    };
    memcpy(ret_draft->thresholds, root->thresholds, sizeof ret_draft->thresholds);
    for (size_t i = 0; i < root->keys_count; i++) {
        ret_draft->keys[i] = root->keys[i];
        if (root->keys[i].type == 0) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "%s: has a key of a kind that slipway doesn't know and would lose",
                               name);
        }
    }
    return scan_for_unknown(name, serialized, ret_draft, detail);
}

static struct slw_root_key *find_key(struct slw_root_draft *draft,
                                     const uint8_t key_id[static SLW_KEY_ID_SIZE])
{
    for (size_t i = 0; i < draft->keys_count; i++) {
        if (memcmp(draft->keys[i].id, key_id, SLW_KEY_ID_SIZE) == 0) {
            return &draft->keys[i];
        }
    }
    return NULL;
}

enum slw_status slw_root_draft_add_key(struct slw_root_draft *draft, enum slw_role role,
                                       const struct slw_public_key *key)
{
    struct slw_root_key *entry = find_key(draft, key->id);
    if (entry == NULL) {
        if (draft->keys_count == sizeof draft->keys / sizeof draft->keys[0]) {
            return SLW_TOO_LARGE;
        }
        entry = &draft->keys[draft->keys_count++];
        *entry = (struct slw_root_key){.type = (uint8_t)key->type, .defined = true};
        memcpy(entry->id, key->id, SLW_KEY_ID_SIZE);
        memcpy(entry->value, key->value, key->value_len);
    }
    if (slw_key_has_role(entry, role)) {
        return SLW_BAD_ARGUMENT;
    }
    entry->roles |= (uint8_t)(1u << role);
    return SLW_OK;
}

enum slw_status slw_root_draft_remove_key(struct slw_root_draft *draft, enum slw_role role,
                                          const uint8_t key_id[static SLW_KEY_ID_SIZE])
{
    struct slw_root_key *entry = find_key(draft, key_id);
    if (entry == NULL || !slw_key_has_role(entry, role)) {
        return SLW_NOT_FOUND;
    }
    entry->roles &= (uint8_t) ~(1u << role);
    if (entry->roles == 0) {
        size_t at = (size_t)(entry - draft->keys);
        draft->keys_count--;
        memmove(entry, entry + 1, (draft->keys_count - at) * sizeof *entry);
    }
    return SLW_OK;
}

static void write_common(struct slw_writer *writer, const struct slw_root_draft *draft)
{
    size_t mark = slw_proto_open(writer, SLW_ROOT_COMMON);
    slw_proto_put_bytes(writer, SLW_COMMON_SPEC_VERSION, SLW_BYTES_OF(SLW_SPEC_VERSION));
    slw_proto_put_uint(writer, SLW_COMMON_VERSION, draft->version);
    if (draft->expires.present) {
        size_t time = slw_proto_open(writer, SLW_COMMON_EXPIRES);
        slw_proto_put_uint(writer, SLW_TIMESTAMP_SECONDS, (uint64_t)draft->expires.seconds);
        slw_proto_put_uint(writer, SLW_TIMESTAMP_NANOS, (uint64_t)draft->expires.nanos);
        slw_proto_close(writer, time);
    }
    slw_proto_put_bytes(writer, SLW_COMMON_ROLE, SLW_BYTES_OF("root"));
    slw_proto_close(writer, mark);
}

static void write_key(struct slw_writer *writer, const struct slw_root_key *key)
{
    size_t len = key->type == SLW_KEY_TYPE_P256 ? SLW_P256_KEY_SIZE : SLW_ED25519_KEY_SIZE;
    size_t mapping = slw_proto_open(writer, SLW_ROOT_KEYS);
    slw_proto_put_bytes(writer, SLW_KEY_MAPPING_KEY_ID, slw_bytes_make(key->id, SLW_KEY_ID_SIZE));
    size_t mark = slw_proto_open(writer, SLW_KEY_MAPPING_KEY);
    slw_proto_put_uint(writer, SLW_KEY_TYPE, key->type);
    slw_proto_put_uint(writer, SLW_KEY_SCHEME, key->type);
    slw_proto_put_bytes(writer, SLW_KEY_KEYVAL, slw_bytes_make(key->value, len));
    slw_proto_close(writer, mark);
    slw_proto_close(writer, mapping);
}

static void write_requirement(struct slw_writer *writer, const struct slw_root_draft *draft,
                              enum slw_role role, uint32_t number)
{
    size_t mark = slw_proto_open(writer, number);
    for (size_t i = 0; i < draft->keys_count; i++) {
        if (slw_key_has_role(&draft->keys[i], role)) {
            slw_proto_put_bytes(writer, SLW_REQUIREMENT_KEY_IDS,
                                slw_bytes_make(draft->keys[i].id, SLW_KEY_ID_SIZE));
        }
    }
    slw_proto_put_uint(writer, SLW_REQUIREMENT_THRESHOLD, draft->thresholds[role]);
    slw_proto_close(writer, mark);
}

static bool role_is_used(const struct slw_root_draft *draft, enum slw_role role)
{
    bool used = draft->thresholds[role] != 0 || role == SLW_ROLE_ROOT || role == SLW_ROLE_TARGETS;
    for (size_t i = 0; i < draft->keys_count; i++) {
        used = used || slw_key_has_role(&draft->keys[i], role);
    }
    return used;
}

static void write_root(struct slw_writer *writer, const struct slw_root_draft *draft)
{
    static const uint32_t fields[SLW_ROLES_COUNT] = {
        [SLW_ROLE_ROOT] = SLW_ROOT_ROOT_REQUIREMENT,
        [SLW_ROLE_TIMESTAMP] = SLW_ROOT_TIMESTAMP_REQUIREMENT,
        [SLW_ROLE_SNAPSHOT] = SLW_ROOT_SNAPSHOT_REQUIREMENT,
        [SLW_ROLE_TARGETS] = SLW_ROOT_TARGETS_REQUIREMENT,
    };
    write_common(writer, draft);
    slw_proto_put_uint(writer, SLW_ROOT_CONSISTENT_SNAPSHOT, draft->consistent_snapshot ? 1 : 0);
    for (size_t i = 0; i < draft->keys_count; i++) {
        write_key(writer, &draft->keys[i]);
    }
    for (size_t role = 0; role < SLW_ROLES_COUNT; role++) {
        if (role_is_used(draft, (enum slw_role)role)) {
            write_requirement(writer, draft, (enum slw_role)role, fields[role]);
        }
    }
    slw_proto_put_uint(writer, SLW_ROOT_KEY_CLASS, draft->key_class);
}

/* More signatures than devices look at can't be brought together, however many keys there are. */
static enum slw_status check_thresholds(const struct slw_root_draft *draft, const char *name,
                                        struct slw_detail *detail)
{
    for (size_t role = 0; role < SLW_ROLES_COUNT; role++) {
        if (draft->thresholds[role] > SLW_SIGNATURES_MAX) {
            return slw_explain(detail, SLW_BAD_THRESHOLD,
                               "%s: role %s: threshold %u, and devices take up to %u signatures",
                               name, slw_role_name((enum slw_role)role), draft->thresholds[role],
                               SLW_SIGNATURES_MAX);
        }
    }
    return SLW_OK;
}

enum slw_status slw_root_draft_encode(const struct slw_root_draft *draft, const char *name,
                                      struct slw_heap_buffer *ret_serialized,
                                      struct slw_detail *detail)
{
    struct slw_writer writer;
    struct slw_root_content content;
    slw_writer_init_counting(&writer, SIZE_MAX);
    write_root(&writer, draft);
    uint8_t *place = slw_heap_reserve(ret_serialized, writer.len);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    slw_writer_init(&writer, place, writer.len);
    write_root(&writer, draft);
    SLW_TRY(writer.status);
    SLW_TRY(slw_root_content_read(name, slw_writer_written(&writer), &content, detail));
    return check_thresholds(draft, name, detail);
}
