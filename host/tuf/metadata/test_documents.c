/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata as the tests of this folder want them; see test_documents.h. */
#include "test_documents.h"

#include "test_keys.h"

#include <stdio.h>
#include <stdlib.h>

#define SIZE_MAX_OF_A_FILE 4000000u

static struct slw_private_key *keys[TEST_KEYS];

static void give_up(const char *what)
{
    fprintf(stderr, "test_documents: %s\n", what);
    exit(1);
}

const struct slw_private_key *test_key(unsigned number)
{
    static const char *const texts[TEST_KEYS] = {TEST_P256_0_PRIVATE, TEST_P256_1_PRIVATE,
                                                 TEST_P256_2_PRIVATE, TEST_ED25519_0_PRIVATE,
                                                 TEST_ED25519_1_PRIVATE};
    struct slw_detail detail;
    if (number >= TEST_KEYS) {
        give_up("no key of this number");
    }
    if (keys[number] == NULL &&
        slw_private_key_parse("test key", slw_bytes_make(texts[number], strlen(texts[number])),
                              slw_bytes_make(NULL, 0), &keys[number], &detail) != SLW_OK) {
        give_up(detail.text);
    }
    return keys[number];
}

void test_keys_free(void)
{
    for (unsigned i = 0; i < TEST_KEYS; i++) {
        slw_private_key_free(keys[i]);
        keys[i] = NULL;
    }
}

static char *finish(struct slw_heap_buffer *buffer)
{
    char *text = strdup(slw_heap_text(buffer));
    if (buffer->status != SLW_OK || text == NULL) {
        give_up("out of memory");
    }
    slw_heap_free(buffer);
    return text;
}

static void append_id(unsigned number, struct slw_heap_buffer *text)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    if (slw_tuf_public_key_id(slw_private_key_public(test_key(number)), id) != SLW_OK) {
        give_up("no key id");
    }
    slw_heap_append(text, slw_bytes_make(id, sizeof id));
}

/* The canonical object with the PEM's line ends escaped, as JSON text wants it. */
static void append_object(unsigned number, struct slw_heap_buffer *text)
{
    struct slw_heap_buffer object = {0};
    slw_tuf_key_format(slw_private_key_public(test_key(number)), &object);
    for (size_t i = 0; i < object.len; i++) {
        if (object.ptr[i] == '\n') {
            slw_heap_append_text(text, "\\n");
        } else {
            slw_heap_append(text, slw_bytes_make(object.ptr + i, 1));
        }
    }
    slw_heap_free(&object);
}

static void expand(const char *pattern, struct slw_heap_buffer *text)
{
    for (; *pattern != '\0'; pattern++) {
        bool has_number = pattern[1] >= '0' && pattern[1] < (char)('0' + TEST_KEYS);
        if (*pattern == '\'') {
            slw_heap_append_text(text, "\"");
        } else if (*pattern == '$' && has_number) {
            append_id((unsigned)(*++pattern - '0'), text);
        } else if (*pattern == '@' && has_number) {
            append_object((unsigned)(*++pattern - '0'), text);
        } else {
            slw_heap_append(text, slw_bytes_make(pattern, 1));
        }
    }
}

char *test_expand(const char *pattern)
{
    struct slw_heap_buffer text = {0};
    expand(pattern, &text);
    return finish(&text);
}

char *test_replace(const char *text, const char *from, const char *to)
{
    struct slw_heap_buffer changed = {0};
    const char *at = strstr(text, from);
    if (at == NULL || strstr(at + 1, from) != NULL) {
        fprintf(stderr, "not exactly once: %s\n", from);
        give_up("bad replacement");
    }
    slw_heap_append(&changed, slw_bytes_make(text, (size_t)(at - text)));
    slw_heap_append_text(&changed, to);
    slw_heap_append_text(&changed, at + strlen(from));
    return finish(&changed);
}

static void append_signature(unsigned number, struct slw_bytes message,
                             struct slw_heap_buffer *text)
{
    struct slw_detail detail;
    slw_heap_append_text(text, "{\"keyid\":\"");
    append_id(number, text);
    slw_heap_append_text(text, "\",\"sig\":\"");
    if (slw_tuf_sign(test_key(number), message, text, &detail) != SLW_OK) {
        give_up(detail.text);
    }
    slw_heap_append_text(text, "\"}");
}

char *test_sign(const char *pattern, const char *signers)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_json_document json = {0};
    struct slw_detail detail;
    char *signed_part = test_expand(pattern);
    if (slw_json_parse("template", slw_bytes_make(signed_part, strlen(signed_part)), &json,
                       &detail) != SLW_OK) {
        give_up(detail.text);
    }
    struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
    slw_heap_append_text(&text, "{\"signatures\":[");
    for (size_t i = 0; signers[i] != '\0'; i++) {
        slw_heap_append_text(&text, i == 0 ? "" : ",");
        append_signature((unsigned)(signers[i] - '0'), canonical, &text);
    }
    slw_heap_append_text(&text, "],\"signed\":");
    slw_heap_append_text(&text, signed_part);
    slw_heap_append_text(&text, "}");
    slw_json_document_free(&json);
    slw_heap_free(&scratch);
    free(signed_part);
    return finish(&text);
}

enum slw_status test_parse(const char *text, enum slw_tuf_type type, struct slw_tuf_file *ret_file,
                           struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    slw_heap_append_text(&bytes, text);
    return slw_tuf_file_parse("test.json", &bytes, SIZE_MAX_OF_A_FILE, type, ret_file, detail);
}

void test_append_string(const char *text, struct slw_heap_buffer *ret_json)
{
    slw_heap_append_text(ret_json, "\"");
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\n':
            slw_heap_append_text(ret_json, "\\n");
            break;
        case '\r':
            slw_heap_append_text(ret_json, "\\r");
            break;
        case '\t':
            slw_heap_append_text(ret_json, "\\t");
            break;
        case '"':
            slw_heap_append_text(ret_json, "\\\"");
            break;
        default:
            slw_heap_append(ret_json, slw_bytes_make(text, 1));
        }
    }
    slw_heap_append_text(ret_json, "\"");
}
