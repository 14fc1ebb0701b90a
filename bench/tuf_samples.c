/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata of tuf_samples.h; tuf_read.c measures how it is read. */
#include "tuf_samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "slipway/tuf_key.h"

/* JSON with its commas, in one of the styles. */
struct printer {
    struct slw_heap_buffer *text;
    enum sample_style style;
    int depth;
};

/* What is signed, and how to print it. */
struct content {
    void (*put)(struct printer *printer, const struct content *content);
    struct sample_keys keys;
    size_t targets;
};

void sample_need(enum slw_status status, const struct slw_detail *detail)
{
    if (status != SLW_OK) {
        (void)fprintf(stderr, "tuf_read: %s (%s)\n", detail->text, slw_status_word(status));
        exit(EXIT_FAILURE);
    }
}

static void break_line(struct printer *printer)
{
    if (printer->style == SAMPLE_PRETTY) {
        slw_heap_printf(printer->text, "\n%*s", printer->depth, "");
    }
}

/* A member, or an element where name is NULL; value is JSON already, or a bracket. */
static void put(struct printer *printer, const char *name, const char *value)
{
    uint8_t last = printer->text->len == 0 ? 0 : printer->text->ptr[printer->text->len - 1];
    if (last != 0 && last != '{' && last != '[') {
        slw_heap_append_text(printer->text, ",");
    }
    if (last != 0) {
        break_line(printer);
    }
    if (name != NULL) {
        slw_heap_printf(printer->text, "\"%s\":%s", name,
                        printer->style == SAMPLE_PRETTY ? " " : "");
    }
    slw_heap_append_text(printer->text, value);
}

static void begin(struct printer *printer, const char *name, const char *bracket)
{
    put(printer, name, bracket);
    printer->depth++;
}

static void end(struct printer *printer, const char *bracket)
{
    printer->depth--;
    break_line(printer);
    slw_heap_append_text(printer->text, bracket);
}

/* value needs no escape. */
static void put_text(struct printer *printer, const char *name, struct slw_bytes value)
{
    put(printer, name, "\"");
    slw_heap_append(printer->text, value);
    slw_heap_append_text(printer->text, "\"");
}

static void put_common(struct printer *printer, struct slw_bytes type)
{
    put_text(printer, "_type", type);
    put_text(printer, "expires", SLW_BYTES_OF("2100-01-01T00:00:00Z"));
    put_text(printer, "spec_version", SLW_BYTES_OF("1.0.34"));
    put(printer, "version", "1");
}

static void put_target(struct printer *printer, size_t number)
{
    static const char hex[] = "0123456789abcdef";
    char path[64];
    char digits[2 * SLW_SHA256_SIZE];
    char length[24];
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    (void)snprintf(path, sizeof path, "products/%02zu/firmware-%07zu.bin", number / 5000, number);
    (void)snprintf(length, sizeof length, "%zu", 1000 + number * 7919 % 9000000);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(path, strlen(path)));
    slw_sha256_final(&hash, digest);
    for (size_t i = 0; i < sizeof digits; i++) {
        digits[i] = hex[i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15];
    }
    begin(printer, path, "{");
    begin(printer, "hashes", "{");
    put_text(printer, "sha256", slw_bytes_make(digits, sizeof digits));
    end(printer, "}");
    put(printer, "length", length);
    end(printer, "}");
}

static void put_targets(struct printer *printer, const struct content *content)
{
    put_common(printer, SLW_BYTES_OF("targets"));
    begin(printer, "targets", "{");
    for (size_t i = 0; i < content->targets; i++) {
        put_target(printer, i);
    }
    end(printer, "}");
}

static void key_id(const struct slw_private_key *key, char ret_id[static SLW_TUF_KEY_ID_SIZE + 1])
{
    static const struct slw_detail detail = {"a key without an id"};
    sample_need(slw_tuf_public_key_id(slw_private_key_public(key), ret_id), &detail);
    ret_id[SLW_TUF_KEY_ID_SIZE] = '\0';
}

/* Its canonical form is JSON but for the line ends of its PEM. */
static void put_key(struct printer *printer, const struct slw_private_key *key)
{
    struct slw_heap_buffer object = {0};
    struct slw_heap_buffer escaped = {0};
    char id[SLW_TUF_KEY_ID_SIZE + 1];
    slw_tuf_key_format(slw_private_key_public(key), &object);
    for (size_t i = 0; i < object.len; i++) {
        slw_heap_append(&escaped, object.ptr[i] == '\n' ? SLW_BYTES_OF("\\n")
                                                        : slw_bytes_make(&object.ptr[i], 1));
    }
    key_id(key, id);
    put(printer, id, slw_heap_text(&escaped));
    slw_heap_free(&object);
    slw_heap_free(&escaped);
}

static void put_role(struct printer *printer, const char *name, const struct sample_keys *keys)
{
    char threshold[24];
    begin(printer, name, "{");
    begin(printer, "keyids", "[");
    for (size_t i = 0; i < keys->count; i++) {
        char id[SLW_TUF_KEY_ID_SIZE + 1];
        key_id(keys->keys[i], id);
        put_text(printer, NULL, slw_bytes_make(id, SLW_TUF_KEY_ID_SIZE));
    }
    end(printer, "]");
    (void)snprintf(threshold, sizeof threshold, "%zu", keys->threshold);
    put(printer, "threshold", threshold);
    end(printer, "}");
}

static void put_root(struct printer *printer, const struct content *content)
{
    static const char *const roles[] = {"root", "snapshot", "targets", "timestamp"};
    put_common(printer, SLW_BYTES_OF("root"));
    put(printer, "consistent_snapshot", "true");
    begin(printer, "keys", "{");
    for (size_t i = 0; i < content->keys.count; i++) {
        put_key(printer, content->keys.keys[i]);
    }
    end(printer, "}");
    begin(printer, "roles", "{");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        put_role(printer, roles[i], &content->keys);
    }
    end(printer, "}");
}

static void put_signature(struct printer *printer, const struct slw_private_key *key,
                          struct slw_bytes canonical)
{
    struct slw_detail detail = {""};
    struct slw_heap_buffer sig = {0};
    char id[SLW_TUF_KEY_ID_SIZE + 1];
    key_id(key, id);
    sample_need(slw_tuf_sign(key, canonical, &sig, &detail), &detail);
    begin(printer, NULL, "{");
    put_text(printer, "keyid", slw_bytes_make(id, SLW_TUF_KEY_ID_SIZE));
    put_text(printer, "sig", slw_heap_bytes(&sig));
    end(printer, "}");
    slw_heap_free(&sig);
}

static void put_signatures(struct printer *printer, const struct content *content)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct printer signed_part = {&text, SAMPLE_COMPACT, 0};
    struct slw_json_document json;
    struct slw_detail detail;
    begin(&signed_part, NULL, "{");
    content->put(&signed_part, content);
    end(&signed_part, "}");
    sample_need(slw_json_parse("sample", slw_heap_bytes(&text), &json, &detail), &detail);
    struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
    begin(printer, "signatures", "[");
    for (size_t i = 0; i < content->keys.threshold; i++) {
        put_signature(printer, content->keys.keys[i], canonical);
    }
    end(printer, "]");
    slw_json_document_free(&json);
    slw_heap_free(&scratch);
    slw_heap_free(&text);
}

static void put_file(enum sample_style style, const struct content *content,
                     struct slw_heap_buffer *text)
{
    struct printer printer = {text, style, 0};
    begin(&printer, NULL, "{");
    put_signatures(&printer, content);
    begin(&printer, "signed", "{");
    content->put(&printer, content);
    end(&printer, "}");
    end(&printer, "}");
}

void sample_targets(size_t count, enum sample_style style, struct sample_keys keys,
                    struct slw_heap_buffer *ret_text)
{
    const struct content content = {put_targets, keys, count};
    put_file(style, &content, ret_text);
}

void sample_root(enum sample_style style, struct sample_keys keys, struct slw_heap_buffer *ret_text)
{
    const struct content content = {put_root, keys, 0};
    put_file(style, &content, ret_text);
}
