/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON (RFC 8259) for machines that read what programs print. Commas and nesting are kept
 * by the writer; memory errors are sticky in the buffer.
 *
 *     struct slw_json json;
 *     slw_json_init(&json, &text);
 *     slw_json_begin_object(&json, NULL);
 *     slw_json_text(&json, "verdict", "accept");
 *     slw_json_end_object(&json);
 *
 * name is that of a member; NULL in an array and at the top.
 */
#ifndef SLIPWAY_JSON_H
#define SLIPWAY_JSON_H

#include "slipway/heap.h"

struct slw_json {
    struct slw_heap_buffer *buffer;
    bool needs_comma;
};

void slw_json_init(struct slw_json *json, struct slw_heap_buffer *buffer);

void slw_json_begin_object(struct slw_json *json, const char *name);
void slw_json_end_object(struct slw_json *json);
void slw_json_begin_array(struct slw_json *json, const char *name);
void slw_json_end_array(struct slw_json *json);

/* Bytes that aren't UTF-8 become U+FFFD, one each. */
void slw_json_bytes(struct slw_json *json, const char *name, struct slw_bytes text);
void slw_json_text(struct slw_json *json, const char *name, const char *text);
void slw_json_hex(struct slw_json *json, const char *name, struct slw_bytes bytes);
void slw_json_uint(struct slw_json *json, const char *name, uint64_t value);
void slw_json_int(struct slw_json *json, const char *name, int64_t value);
void slw_json_bool(struct slw_json *json, const char *name, bool value);

void slw_json_null(struct slw_json *json, const char *name);

/* One value that is JSON already, as it stands; the caller knows that it is. */
void slw_json_embed(struct slw_json *json, const char *name, struct slw_bytes value);

/* With three decimals: progress, rates. */
void slw_json_fraction(struct slw_json *json, const char *name, double value);

#endif
