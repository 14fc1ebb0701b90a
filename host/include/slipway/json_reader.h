/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON that nobody vouches for yet, and writing it in canonical form: for TUF metadata,
 * which can be large, hostile, or both.
 *
 * The reader is strict (RFC 8259, and less): one value and nothing behind it, UTF-8 without a byte
 * order mark, no member twice in an object whatever the escapes it is spelt with, no number but
 * integers, at most SLW_JSON_DEPTH_MAX objects and arrays inside each other. It makes one pass over
 * the text and keeps 16 bytes a value, in one array in the order of the text: no tree, no
 * recursion, nothing copied but strings that have escapes. A refusal names the place: `root.json:
 * line 3, column 14: member "version" twice`.
 *
 *     struct slw_json_document json;
 *     SLW_TRY(slw_json_parse("root.json", bytes, &json, detail));
 *     uint32_t version = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("version"));
 *     int64_t number;
 *     if (version == SLW_JSON_NONE || !slw_json_integer(&json, version, &number)) ...
 *     slw_json_document_free(&json);
 *
 * Values are named by their index, from SLW_JSON_TOP (0) on. In an object each member is its name,
 * a string, and behind it its value.
 */
#ifndef SLIPWAY_JSON_READER_H
#define SLIPWAY_JSON_READER_H

#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_JSON_DEPTH_MAX 64u
#define SLW_JSON_SIZE_MAX 0x40000000u /* of a text, in bytes */
#define SLW_JSON_TOP 0u
#define SLW_JSON_NONE UINT32_MAX

enum slw_json_kind {
    SLW_JSON_OBJECT = 1,
    SLW_JSON_ARRAY,
    SLW_JSON_STRING,
    SLW_JSON_INTEGER,
    SLW_JSON_TRUE,
    SLW_JSON_FALSE,
    SLW_JSON_NULL,
};

/* 16 bytes; private to the reader but for kind. */
struct slw_json_value {
    uint32_t start; /* a string's first byte in the text, or among the decoded; else the value's */
    uint32_t end;   /* behind its last byte */
    uint32_t next;  /* the value behind this one and everything in it */
    uint8_t kind;   /* enum slw_json_kind */
    uint8_t flags;
    uint16_t reserved;
};

struct slw_json_document {
    const char *name;      /* what details call it; the caller's */
    struct slw_bytes text; /* the caller's; must outlive the document */
    struct slw_json_value *values;
    uint32_t count;
    struct slw_heap_buffer decoded; /* strings that had escapes */
};

/*
 * Reads a text. SLW_MALFORMED with line and column and what is wrong there; SLW_TOO_LARGE for more
 * than SLW_JSON_SIZE_MAX bytes; SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_json_parse(const char *name, struct slw_bytes text,
                                            struct slw_json_document *ret_document,
                                            struct slw_detail *detail);
/*
 * The same for what other people's tools write, and nobody signs in canonical form (SBOMs,
 * advisories): numbers with fractions and exponents may be there, and are read as null.
 */
SLW_MUST_USE enum slw_status slw_json_parse_foreign(const char *name, struct slw_bytes text,
                                                    struct slw_json_document *ret_document,
                                                    struct slw_detail *detail);
void slw_json_document_free(struct slw_json_document *document);

/* The kind of a value; 0, which is none, for SLW_JSON_NONE, as everywhere below. */
static inline enum slw_json_kind slw_json_kind(const struct slw_json_document *document,
                                               uint32_t value)
{
    return (enum slw_json_kind)(value == SLW_JSON_NONE ? 0 : document->values[value].kind);
}

/* A member of an object by name; SLW_JSON_NONE when it isn't there, or value is no object. */
uint32_t slw_json_member(const struct slw_json_document *document, uint32_t value,
                         struct slw_bytes name);

/* A string's characters, decoded; an empty view for another kind. Lives as long as text and
 * document. */
struct slw_bytes slw_json_string(const struct slw_json_document *document, uint32_t value);

/* False when it is no integer, or doesn't fit. */
SLW_MUST_USE bool slw_json_integer(const struct slw_json_document *document, uint32_t value,
                                   int64_t *ret_number);

/* The text of an object or an array as it stands there, braces included; an empty view for another
 * kind. Lives as long as text. */
struct slw_bytes slw_json_raw(const struct slw_json_document *document, uint32_t value);

/* How many members or elements; 0 for another kind. Walks them. */
size_t slw_json_count(const struct slw_json_document *document, uint32_t value);

/*
 * Going through an object or an array in the order of the text; nothing to go through for another
 * kind.
 *
 *     struct slw_json_walk walk = slw_json_walk_begin(&json, targets);
 *     while (slw_json_walk_member(&walk, &name, &value)) ...
 */
struct slw_json_walk {
    const struct slw_json_document *document;
    uint32_t at;
    uint32_t end;
    enum slw_json_kind kind; /* members are an object's, elements an array's */
};

struct slw_json_walk slw_json_walk_begin(const struct slw_json_document *document, uint32_t value);
SLW_MUST_USE bool slw_json_walk_member(struct slw_json_walk *walk, struct slw_bytes *ret_name,
                                       uint32_t *ret_value);
SLW_MUST_USE bool slw_json_walk_element(struct slw_json_walk *walk, uint32_t *ret_value);

/*
 * Explains what is wrong with a value, with its place as a path in front, and returns status:
 * `root.json: signed.roles.timestamp.threshold: must be a positive integer`.
 */
enum slw_status slw_json_refuse(const struct slw_json_document *document, uint32_t value,
                                enum slw_status status, const char *what,
                                struct slw_detail *detail);

/*
 * Canonical JSON as TUF's specification wants it (section 4.1; the one of OLPC): members sorted by
 * the bytes of their names in UTF-8, no space between, in strings only `"` and `\` escaped,
 * integers in their shortest form. A string's control characters stand in it as they are, so that
 * what has some can't be read as JSON again.
 *
 * Returns a view of the text itself when that stands there in canonical form already, else of what
 * was appended to scratch; check scratch->status, for memory may run out. The view lives as long as
 * both stay unchanged.
 */
struct slw_bytes slw_json_canonical(const struct slw_json_document *document, uint32_t value,
                                    struct slw_heap_buffer *scratch);

/* Appends a string with its quotes in canonical form. text is UTF-8. */
void slw_json_canonical_string(struct slw_bytes text, struct slw_heap_buffer *ret_text);

#endif
