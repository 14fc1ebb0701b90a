/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pkcs11:` URIs (RFC 7512), read strictly: called wherever a text names a key. What isn't
 * understood is refused, since an attribute that was ignored could have told two keys apart.
 */
#include "slipway/explain.h"
#include "slipway/text.h"
#include "slipway/token.h"

#include <stdlib.h>
#include <strings.h>

#define SCHEME "pkcs11:"
#define NAME_SIZE_MAX 32u

bool slw_token_is_uri(const char *text)
{
    return strncasecmp(text, SCHEME, sizeof SCHEME - 1) == 0;
}

/* One attribute, with its value decoded. */
struct attribute {
    char name[NAME_SIZE_MAX + 1];
    uint8_t value[SLW_TOKEN_PATH_SIZE_MAX];
    size_t len;
};

/* Where the value of a text attribute goes, and how long it may be. */
struct place {
    const char *name;
    size_t offset;
    size_t size; /* with the zero byte */
};

#define PLACE(word, member)                                                                        \
    {                                                                                              \
        word, offsetof(struct slw_token_uri, member), sizeof((struct slw_token_uri *)NULL)->member \
    }

static const struct place path_places[] = {
    PLACE("token", token),   PLACE("manufacturer", manufacturer),
    PLACE("model", model),   PLACE("serial", serial),
    PLACE("object", object),
};

#define PATH_PLACES (sizeof path_places / sizeof path_places[0])

static enum slw_status refuse(struct slw_detail *detail, const struct attribute *attribute,
                              const char *why)
{
    return slw_explain(detail, SLW_BAD_ARGUMENT, "pkcs11 URI: %s %s", attribute->name, why);
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

/*
 * RFC 7512, section 2.3: values are of unreserved characters, percent-encoded bytes, and
 * pk11-res-avail, to which the path adds "&" and the query "/", "?" and "|".
 */
static bool stands_for_itself(char byte, bool query)
{
    return is_letter_or_digit(byte) ||
           (byte != '\0' && strchr("-._~:[]@!$'()*+,=", byte) != NULL) ||
           (query ? byte == '/' || byte == '?' || byte == '|' : byte == '&');
}

/* Decodes a value of `len` characters. */
static enum slw_status decode_value(const char *text, size_t len, bool query,
                                    struct attribute *attribute, struct slw_detail *detail)
{
    attribute->len = 0;
    for (size_t at = 0; at < len;) {
        if (attribute->len == sizeof attribute->value) {
            return refuse(detail, attribute, "is too long");
        }
        if (text[at] == '%') {
            int high = len - at >= 3 ? slw_text_hex_value(text[at + 1]) : -1;
            int low = len - at >= 3 ? slw_text_hex_value(text[at + 2]) : -1;
            if (high < 0 || low < 0) {
                return refuse(detail, attribute,
                              "has a % without two hexadecimal digits behind it");
            }
            attribute->value[attribute->len++] = (uint8_t)(high * 16 + low);
            at += 3;
        } else if (stands_for_itself(text[at], query)) {
            attribute->value[attribute->len++] = (uint8_t)text[at++];
        } else {
            return refuse(detail, attribute, "has a character that must be percent-encoded");
        }
    }
    return attribute->len == 0 ? refuse(detail, attribute, "is empty") : SLW_OK;
}

static enum slw_status read_attribute(const char *text, size_t len, bool query,
                                      struct attribute *attribute, struct slw_detail *detail)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - text);
    for (size_t i = 0; i < name_len; i++) {
        if (!is_letter_or_digit(text[i]) && text[i] != '-' && text[i] != '_') {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "pkcs11 URI: not the name of an attribute");
        }
    }
    if (equals == NULL || name_len == 0 || name_len > NAME_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "pkcs11 URI: attributes are NAME=VALUE");
    }
    memcpy(attribute->name, text, name_len);
    attribute->name[name_len] = '\0';
    return decode_value(equals + 1, len - name_len - 1, query, attribute, detail);
}

/* Text of tokens and objects: UTF-8 without control characters, a zero byte among them. */
static bool is_text(const struct attribute *attribute)
{
    struct slw_utf8 checker = {0};
    for (size_t i = 0; i < attribute->len; i++) {
        if (attribute->value[i] < 0x20 || attribute->value[i] == 0x7F) {
            return false;
        }
    }
    return slw_utf8_accept(&checker, slw_bytes_make(attribute->value, attribute->len)) &&
           slw_utf8_complete(&checker);
}

/* size counts a zero byte; text that was set before isn't set again. */
static enum slw_status set_text(const struct attribute *attribute, char *text, size_t size,
                                struct slw_detail *detail)
{
    if (text[0] != '\0') {
        return refuse(detail, attribute, "stands there twice");
    }
    if (!is_text(attribute)) {
        return refuse(detail, attribute, "isn't text");
    }
    if (attribute->len >= size) {
        return refuse(detail, attribute, "is longer than a token can have it");
    }
    memcpy(text, attribute->value, attribute->len);
    text[attribute->len] = '\0';
    return SLW_OK;
}

/* Decimal, without a sign or leading zeros, up to max. */
static bool read_number(const uint8_t *text, size_t len, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (len == 0 || (len > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)text[i] - '0';
        if (text[i] < '0' || text[i] > '9' || number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

static enum slw_status set_slot_id(const struct attribute *attribute, struct slw_token_uri *uri,
                                   struct slw_detail *detail)
{
    if (uri->has_slot_id) {
        return refuse(detail, attribute, "stands there twice");
    }
    if (!read_number(attribute->value, attribute->len, UINT32_MAX, &uri->slot_id)) {
        return refuse(detail, attribute, "isn't a number");
    }
    uri->has_slot_id = true;
    return SLW_OK;
}

static enum slw_status set_id(const struct attribute *attribute, struct slw_token_uri *uri,
                              struct slw_detail *detail)
{
    if (uri->id_len != 0) {
        return refuse(detail, attribute, "stands there twice");
    }
    if (attribute->len > sizeof uri->id) {
        return refuse(detail, attribute, "is too long");
    }
    memcpy(uri->id, attribute->value, attribute->len);
    uri->id_len = attribute->len;
    return SLW_OK;
}

static const char *const type_words[] = {NULL, "private", "public", "cert"};

static enum slw_status set_type(const struct attribute *attribute, struct slw_token_uri *uri,
                                struct slw_detail *detail)
{
    struct slw_bytes value = slw_bytes_make(attribute->value, attribute->len);
    if (uri->type != SLW_TOKEN_OBJECT_ANY) {
        return refuse(detail, attribute, "stands there twice");
    }
    for (size_t i = 1; i < sizeof type_words / sizeof type_words[0]; i++) {
        if (slw_bytes_equal(value, slw_bytes_make(type_words[i], strlen(type_words[i])))) {
            uri->type = (enum slw_token_object_type)i;
            return SLW_OK;
        }
    }
    return refuse(detail, attribute, "is private, public or cert here");
}

static enum slw_status set_path_attribute(const struct attribute *attribute,
                                          struct slw_token_uri *uri, struct slw_detail *detail)
{
    for (size_t i = 0; i < PATH_PLACES; i++) {
        if (strcmp(attribute->name, path_places[i].name) == 0) {
            return set_text(attribute, (char *)uri + path_places[i].offset, path_places[i].size,
                            detail);
        }
    }
    if (strcmp(attribute->name, "slot-id") == 0) {
        return set_slot_id(attribute, uri, detail);
    }
    if (strcmp(attribute->name, "id") == 0) {
        return set_id(attribute, uri, detail);
    }
    if (strcmp(attribute->name, "type") == 0) {
        return set_type(attribute, uri, detail);
    }
    return refuse(detail, attribute, "isn't an attribute that keys are found by here");
}

/* Cuts a prefix off the value; false when it doesn't begin with it. */
static bool cut_prefix(struct attribute *attribute, const char *prefix)
{
    size_t len = strlen(prefix);
    if (attribute->len <= len || memcmp(attribute->value, prefix, len) != 0) {
        return false;
    }
    attribute->len -= len;
    memmove(attribute->value, attribute->value + len, attribute->len);
    return true;
}

static enum slw_status set_pin_place(const struct attribute *attribute,
                                     enum slw_token_pin_kind kind, struct slw_token_uri *uri,
                                     struct slw_detail *detail)
{
    bool is_path = attribute->value[0] == '/';
    if (kind == SLW_TOKEN_PIN_FILE && !is_path) {
        return refuse(detail, attribute, "names a file by an absolute path");
    }
    if (kind == SLW_TOKEN_PIN_CREDENTIAL &&
        (memchr(attribute->value, '/', attribute->len) != NULL || attribute->value[0] == '.')) {
        return refuse(detail, attribute, "names a credential, not a path");
    }
    SLW_TRY(set_text(attribute, uri->pin_place, sizeof uri->pin_place, detail));
    uri->pin_kind = kind;
    return SLW_OK;
}

static enum slw_status set_pin_source(struct attribute *attribute, struct slw_token_uri *uri,
                                      struct slw_detail *detail)
{
    uint64_t number = 0;
    if (uri->pin_kind != SLW_TOKEN_PIN_NONE) {
        return refuse(detail, attribute, "stands there twice");
    }
    if (cut_prefix(attribute, "file:")) {
        /* file:///run/pin is file:/run/pin with an empty host (RFC 8089) */
        if (cut_prefix(attribute, "//") && attribute->value[0] != '/') {
            return refuse(detail, attribute, "names no file of another machine: file:PATH");
        }
        return set_pin_place(attribute, SLW_TOKEN_PIN_FILE, uri, detail);
    }
    if (cut_prefix(attribute, "credential:")) {
        return set_pin_place(attribute, SLW_TOKEN_PIN_CREDENTIAL, uri, detail);
    }
    if (!cut_prefix(attribute, "fd:") ||
        !read_number(attribute->value, attribute->len, 1023, &number)) {
        return refuse(detail, attribute, "is file:PATH, fd:NUMBER or credential:NAME here");
    }
    uri->pin_kind = SLW_TOKEN_PIN_DESCRIPTOR;
    uri->pin_descriptor = (int)number;
    return SLW_OK;
}

static enum slw_status set_query_attribute(struct attribute *attribute, struct slw_token_uri *uri,
                                           struct slw_detail *detail)
{
    if (strcmp(attribute->name, "pin-source") == 0) {
        return set_pin_source(attribute, uri, detail);
    }
    if (strcmp(attribute->name, "module-path") == 0) {
        if (attribute->value[0] != '/') {
            return refuse(detail, attribute, "is an absolute path");
        }
        return set_text(attribute, uri->module_path, sizeof uri->module_path, detail);
    }
    if (strcmp(attribute->name, "pin-value") == 0) {
        return refuse(detail, attribute,
                      "isn't taken, since others can read command lines; pin-source names a file");
    }
    return refuse(detail, attribute, "isn't an attribute that is understood here");
}

/* The attributes of the path or the query, between separators. */
static enum slw_status read_attributes(const char *text, size_t len, bool query,
                                       struct slw_token_uri *uri, struct slw_detail *detail)
{
    const char *end = text + len;
    for (;;) {
        struct attribute attribute = {.len = 0};
        const char *stop = memchr(text, query ? '&' : ';', (size_t)(end - text));
        size_t size = (size_t)((stop == NULL ? end : stop) - text);
        SLW_TRY(read_attribute(text, size, query, &attribute, detail));
        enum slw_status status = query ? set_query_attribute(&attribute, uri, detail)
                                       : set_path_attribute(&attribute, uri, detail);
        SLW_TRY(status);
        if (stop == NULL) {
            return SLW_OK;
        }
        text = stop + 1;
    }
}

enum slw_status slw_token_uri_parse(const char *text, struct slw_token_uri *ret_uri,
                                    struct slw_detail *detail)
{
    struct slw_token_uri uri = {0};
    if (!slw_token_is_uri(text)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "not a pkcs11 URI: it has another scheme");
    }
    if (strlen(text) > SLW_TOKEN_URI_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "pkcs11 URI: longer than %u characters",
                           SLW_TOKEN_URI_SIZE_MAX);
    }
    const char *path = text + sizeof SCHEME - 1;
    const char *mark = strchr(path, '?');
    size_t path_len = mark == NULL ? strlen(path) : (size_t)(mark - path);
    if (path_len != 0) {
        SLW_TRY(read_attributes(path, path_len, false, &uri, detail));
    }
    if (mark != NULL) {
        SLW_TRY(read_attributes(mark + 1, strlen(mark + 1), true, &uri, detail));
    }
    *ret_uri = uri;
    return SLW_OK;
}

static void append_encoded(struct slw_bytes value, bool all, struct slw_heap_buffer *text)
{
    for (size_t i = 0; i < value.len; i++) {
        char byte = (char)value.ptr[i];
        if (!all && (is_letter_or_digit(byte) || (byte != '\0' && strchr("-._~", byte) != NULL))) {
            slw_heap_append(text, slw_bytes_make(value.ptr + i, 1));
        } else {
            slw_heap_printf(text, "%%%02X", value.ptr[i]);
        }
    }
}

static void append_name(const char *name, bool *first, struct slw_heap_buffer *text)
{
    slw_heap_printf(text, "%s%s=", *first ? "" : ";", name);
    *first = false;
}

void slw_token_uri_format(const struct slw_token_uri *uri, struct slw_heap_buffer *ret_text)
{
    bool first = true;
    slw_heap_append_text(ret_text, SCHEME);
    for (size_t i = 0; i < PATH_PLACES; i++) {
        const char *value = (const char *)uri + path_places[i].offset;
        if (value[0] != '\0') {
            append_name(path_places[i].name, &first, ret_text);
            append_encoded(slw_bytes_make(value, strlen(value)), false, ret_text);
        }
    }
    if (uri->id_len != 0) {
        append_name("id", &first, ret_text);
        append_encoded(slw_bytes_make(uri->id, uri->id_len), true, ret_text);
    }
    if (uri->has_slot_id) {
        append_name("slot-id", &first, ret_text);
        slw_heap_printf(ret_text, "%llu", (unsigned long long)uri->slot_id);
    }
    if (uri->type != SLW_TOKEN_OBJECT_ANY) {
        append_name("type", &first, ret_text);
        slw_heap_append_text(ret_text, type_words[uri->type]);
    }
}
