/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content rules as bytes, the message ContentRules of spec/judge.proto: from the key process of the
 * signing service to its judges. Reading is strict, and everything is checked afterwards.
 */
#include "slipway/content_rules.h"

#include "slipway/proto_reader.h"
#include "slipway/proto_writer.h"

#include <stdlib.h>

enum {
    RULES_NAMES = 1,
    RULES_HARDWARE = 2,
    RULES_SLOTS = 3,
    RULES_ELF_STRIPPED = 4,
    RULES_FORBIDDEN = 5,
    RULES_PRIVATE_KEYS_ALLOWED = 6,
    RULES_HAS_FORMER = 7,
    RULES_FORMER = 8,
    RULES_HAS_GROWTH = 9,
    RULES_GROWTH_PERCENT = 10,
    RULES_HAS_SIZE = 11,
    RULES_SIZE_MAX = 12,
    RULES_BUILD_TYPES = 13,
    RULES_HAS_PRODUCT = 14,
    RULES_PRODUCT = 15,
};
enum { PATTERN_NAME = 1, PATTERN_BYTES = 2 };
enum { FORMER_NAME = 1, FORMER_LENGTH = 2, FORMER_SHA256 = 3 };

static const struct slw_proto_rule rules_fields[] = {
    {RULES_NAMES, SLW_PROTO_BYTES, SLW_PROTO_REPEATED},
    {RULES_HARDWARE, SLW_PROTO_BYTES, SLW_PROTO_REPEATED},
    {RULES_SLOTS, SLW_PROTO_BYTES, SLW_PROTO_REPEATED},
    {RULES_ELF_STRIPPED, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {RULES_FORBIDDEN, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {RULES_PRIVATE_KEYS_ALLOWED, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {RULES_HAS_FORMER, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {RULES_FORMER, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {RULES_HAS_GROWTH, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {RULES_GROWTH_PERCENT, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {RULES_HAS_SIZE, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {RULES_SIZE_MAX, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {RULES_BUILD_TYPES, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {RULES_HAS_PRODUCT, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {RULES_PRODUCT, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules rules_rules = {rules_fields,
                                                   sizeof rules_fields / sizeof *rules_fields};

static const struct slw_proto_rule pattern_fields[] = {
    {PATTERN_NAME, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {PATTERN_BYTES, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules pattern_rules = {pattern_fields, 2};

static const struct slw_proto_rule former_fields[] = {
    {FORMER_NAME, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FORMER_LENGTH, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FORMER_SHA256, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules former_rules = {former_fields, 3};

static void write_words(struct slw_writer *writer, uint32_t number, const struct slw_bytes *words,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        slw_proto_put_bytes_always(writer, number, words[i]);
    }
}

static void write_lists(struct slw_writer *writer, const struct slw_content_rules *rules)
{
    write_words(writer, RULES_NAMES, rules->names, rules->names_count);
    write_words(writer, RULES_HARDWARE, rules->hardware, rules->hardware_count);
    write_words(writer, RULES_SLOTS, rules->slots, rules->slots_count);
    for (size_t i = 0; i < rules->forbidden_count; i++) {
        size_t mark = slw_proto_open(writer, RULES_FORBIDDEN);
        slw_proto_put_bytes(writer, PATTERN_NAME, rules->forbidden[i].name);
        slw_proto_put_bytes(writer, PATTERN_BYTES, rules->forbidden[i].bytes);
        slw_proto_close(writer, mark);
    }
    for (size_t i = 0; i < rules->former_count; i++) {
        size_t mark = slw_proto_open(writer, RULES_FORMER);
        slw_proto_put_bytes(writer, FORMER_NAME, rules->former[i].name);
        slw_proto_put_uint(writer, FORMER_LENGTH, rules->former[i].length);
        slw_proto_put_bytes(writer, FORMER_SHA256,
                            slw_bytes_make(rules->former[i].sha256, SLW_SHA256_SIZE));
        slw_proto_close(writer, mark);
    }
}

static void write_rules(struct slw_writer *writer, const struct slw_content_rules *rules)
{
    write_lists(writer, rules);
    slw_proto_put_uint(writer, RULES_ELF_STRIPPED, rules->elf_stripped);
    slw_proto_put_uint(writer, RULES_PRIVATE_KEYS_ALLOWED, rules->private_keys_allowed);
    slw_proto_put_uint(writer, RULES_HAS_FORMER, rules->has_former);
    slw_proto_put_uint(writer, RULES_HAS_GROWTH, rules->has_growth);
    slw_proto_put_uint(writer, RULES_GROWTH_PERCENT, rules->growth_percent);
    slw_proto_put_uint(writer, RULES_HAS_SIZE, rules->has_size);
    slw_proto_put_uint(writer, RULES_SIZE_MAX, rules->size_max);
    slw_proto_put_uint(writer, RULES_BUILD_TYPES, rules->build_types);
    slw_proto_put_uint(writer, RULES_HAS_PRODUCT, rules->has_product);
    slw_proto_put_bytes(writer, RULES_PRODUCT, rules->product);
}

enum slw_status slw_content_rules_encode(const struct slw_content_rules *rules,
                                         struct slw_heap_buffer *ret_bytes,
                                         struct slw_detail *detail)
{
    struct slw_writer writer;
    SLW_TRY(slw_content_rules_check(rules, detail));
    slw_writer_init_counting(&writer, SLW_CONTENT_RULES_ENCODED_MAX);
    write_rules(&writer, rules);
    if (writer.status != SLW_OK) {
        return slw_explain(detail, SLW_TOO_LARGE, "content rules of more than %u bytes",
                           SLW_CONTENT_RULES_ENCODED_MAX);
    }
    size_t len = writer.len;
    uint8_t *place = slw_heap_reserve(ret_bytes, len);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    slw_writer_init(&writer, place, len);
    write_rules(&writer, rules);
    return writer.status;
}

/* What is being read. */
struct decoding {
    struct slw_content_rules_owned *owned;
    struct slw_reader reader;
    struct slw_proto proto;
};

static struct slw_bytes value_of(const struct decoding *decoding,
                                 const struct slw_proto_field *field)
{
    return slw_bytes_make(decoding->owned->bytes.ptr + field->offset, (size_t)field->length);
}

/* Room for one more in an array; NULL, noted with the reader, at its limit or without memory. */
static void *add(struct decoding *decoding, void *array, size_t count, size_t max, size_t size)
{
    if (count == max) {
        slw_reader_fail(&decoding->reader, SLW_TOO_LARGE);
        return NULL;
    }
    void *grown = slw_heap_grow(array, count, size);
    if (grown == NULL) {
        slw_reader_fail(&decoding->reader, SLW_NO_SPACE);
    }
    return grown;
}

static void read_word(struct decoding *decoding, size_t list, size_t *count, struct slw_bytes word)
{
    struct slw_bytes *grown =
        add(decoding, decoding->owned->words[list], *count, SLW_CONTENT_WORDS_MAX, sizeof *grown);
    if (grown != NULL) {
        decoding->owned->words[list] = grown;
        grown[(*count)++] = word;
    }
}

static void refuse_unknown(struct decoding *decoding)
{
    slw_reader_fail(&decoding->reader, SLW_MALFORMED);
}

static void read_pattern(struct decoding *decoding)
{
    struct slw_content_rules_owned *owned = decoding->owned;
    struct slw_proto_field field;
    struct slw_content_pattern *grown = add(decoding, owned->patterns, owned->rules.forbidden_count,
                                            SLW_CONTENT_PATTERNS_MAX, sizeof *grown);
    if (grown == NULL) {
        return;
    }
    owned->patterns = grown;
    struct slw_content_pattern *pattern = &grown[owned->rules.forbidden_count++];
    slw_proto_enter(&decoding->proto, &pattern_rules);
    while (slw_proto_next(&decoding->proto, &field)) {
        if (field.number == PATTERN_NAME) {
            pattern->name = value_of(decoding, &field);
        } else if (field.number == PATTERN_BYTES) {
            pattern->bytes = value_of(decoding, &field);
        } else {
            refuse_unknown(decoding);
        }
    }
}

static void read_former(struct decoding *decoding)
{
    struct slw_content_rules_owned *owned = decoding->owned;
    struct slw_proto_field field;
    bool has_sha256 = false;
    struct slw_content_former *grown =
        add(decoding, owned->former, owned->rules.former_count, SLW_TARGETS_MAX, sizeof *grown);
    if (grown == NULL) {
        return;
    }
    owned->former = grown;
    struct slw_content_former *former = &grown[owned->rules.former_count++];
    slw_proto_enter(&decoding->proto, &former_rules);
    while (slw_proto_next(&decoding->proto, &field)) {
        if (field.number == FORMER_NAME) {
            former->name = value_of(decoding, &field);
        } else if (field.number == FORMER_LENGTH) {
            former->length = field.varint;
        } else if (field.number == FORMER_SHA256 && field.length == SLW_SHA256_SIZE) {
            slw_proto_copy(&decoding->proto, former->sha256, sizeof former->sha256);
            has_sha256 = true;
        } else {
            refuse_unknown(decoding);
        }
    }
    if (!has_sha256) {
        refuse_unknown(decoding);
    }
}

static void read_scalar(struct decoding *decoding, const struct slw_proto_field *field)
{
    struct slw_content_rules *rules = &decoding->owned->rules;
    switch (field->number) {
    case RULES_ELF_STRIPPED:
        rules->elf_stripped = field->varint != 0;
        break;
    case RULES_PRIVATE_KEYS_ALLOWED:
        rules->private_keys_allowed = field->varint != 0;
        break;
    case RULES_HAS_FORMER:
        rules->has_former = field->varint != 0;
        break;
    case RULES_HAS_GROWTH:
        rules->has_growth = field->varint != 0;
        break;
    case RULES_GROWTH_PERCENT:
        rules->growth_percent = (uint32_t)field->varint;
        break;
    case RULES_HAS_SIZE:
        rules->has_size = field->varint != 0;
        break;
    case RULES_SIZE_MAX:
        rules->size_max = field->varint;
        break;
    case RULES_BUILD_TYPES:
        rules->build_types = (uint8_t)field->varint;
        if (field->varint > UINT8_MAX) {
            refuse_unknown(decoding);
        }
        break;
    case RULES_HAS_PRODUCT:
        rules->has_product = field->varint != 0;
        break;
    default:
        refuse_unknown(decoding);
        break;
    }
}

static void read_field(struct decoding *decoding, const struct slw_proto_field *field)
{
    struct slw_content_rules *rules = &decoding->owned->rules;
    switch (field->number) {
    case RULES_NAMES:
        read_word(decoding, 0, &rules->names_count, value_of(decoding, field));
        break;
    case RULES_HARDWARE:
        read_word(decoding, 1, &rules->hardware_count, value_of(decoding, field));
        break;
    case RULES_SLOTS:
        read_word(decoding, 2, &rules->slots_count, value_of(decoding, field));
        break;
    case RULES_FORBIDDEN:
        read_pattern(decoding);
        break;
    case RULES_FORMER:
        read_former(decoding);
        break;
    case RULES_PRODUCT:
        rules->product = value_of(decoding, field);
        break;
    default:
        read_scalar(decoding, field);
        break;
    }
}

static enum slw_status decode(struct slw_bytes bytes, struct slw_content_rules_owned *owned,
                              struct slw_detail *detail)
{
    struct decoding decoding = {.owned = owned};
    struct slw_proto_field field;
    if (bytes.len > SLW_CONTENT_RULES_ENCODED_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "content rules of more than %u bytes",
                           SLW_CONTENT_RULES_ENCODED_MAX);
    }
    slw_heap_append(&owned->bytes, bytes);
    SLW_TRY(owned->bytes.status);
    slw_reader_init_bytes(&decoding.reader, slw_heap_bytes(&owned->bytes));
    slw_proto_begin(&decoding.proto, &decoding.reader, &rules_rules);
    while (slw_proto_next(&decoding.proto, &field)) {
        read_field(&decoding, &field);
    }
    if (decoding.reader.status != SLW_OK) {
        return slw_explain(detail, decoding.reader.status, "not a message of content rules");
    }
    owned->rules.names = owned->words[0];
    owned->rules.hardware = owned->words[1];
    owned->rules.slots = owned->words[2];
    owned->rules.forbidden = owned->patterns;
    owned->rules.former = owned->former;
    return slw_content_rules_check(&owned->rules, detail);
}

enum slw_status slw_content_rules_decode(struct slw_bytes bytes,
                                         struct slw_content_rules_owned *ret_rules,
                                         struct slw_detail *detail)
{
    struct slw_content_rules_owned owned = {0};
    enum slw_status status = decode(bytes, &owned, detail);
    if (status != SLW_OK) {
        slw_content_rules_free(&owned);
        return status;
    }
    *ret_rules = owned;
    return SLW_OK;
}

void slw_content_rules_free(struct slw_content_rules_owned *rules)
{
    slw_heap_free(&rules->bytes);
    for (size_t i = 0; i < 3; i++) {
        free(rules->words[i]);
    }
    free(rules->patterns);
    free(rules->former);
    *rules = (struct slw_content_rules_owned){0};
}
