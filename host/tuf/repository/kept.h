/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of metadata that a model keeps as they are, in canonical form: key objects, whose ids
 * depend on each byte, roles, delegations, and members that this code doesn't know. Used by all
 * types of models.
 *
 * A kept part never changes; the next version of a model shares it with the last one.
 */
#ifndef SLIPWAY_TUF_KEPT_H
#define SLIPWAY_TUF_KEPT_H

#include "slipway/bytes_order.h"
#include "slipway/tuf_key.h"

struct slw_tuf_kept {
    unsigned references;
    struct slw_heap_buffer name; /* of the member, or the id of a key, or a delegation's name */
    struct slw_heap_buffer canonical; /* the value */
    /* The value as JSON that a reader takes, when canonical isn't that: canonical form doesn't
     * escape control characters, so that keys in PEM have line ends in their strings. */
    struct slw_heap_buffer readable;
    struct slw_json_document json; /* the value; over canonical or readable */
    /* Of a key, once somebody asked (apply_keys.c). */
    bool is_looked_at;
    bool is_usable; /* its name is the hash of its object, and it is a key that we know */
    uint8_t fingerprint[32];
    struct slw_tuf_key *parsed; /* once slw_tuf_model_key() gave it out; NULL: not yet */
};

/* canonical is copied. SLW_MALFORMED when it is no JSON value. The caller has one reference. */
enum slw_status slw_tuf_kept_new(struct slw_bytes name, struct slw_bytes canonical,
                                 struct slw_tuf_kept **ret_kept, struct slw_detail *detail);
struct slw_tuf_kept *slw_tuf_kept_share(struct slw_tuf_kept *kept);
void slw_tuf_kept_drop(struct slw_tuf_kept *kept); /* NULL is fine */

/* A member of the value; an empty view, or SLW_JSON_NONE, when it isn't there. */
uint32_t slw_tuf_kept_member(const struct slw_tuf_kept *kept, const char *name);

/* Parts in an order: by name, or, for delegations, as they stand in the file. */
struct slw_tuf_parts {
    struct slw_tuf_kept **list;
    size_t count;
};

/* Takes the reference over, also when it fails. */
enum slw_status slw_tuf_parts_append(struct slw_tuf_parts *parts, struct slw_tuf_kept *kept,
                                     struct slw_detail *detail);
/* The same at the place of its name, among parts in the order of their names; replaces one of the
 * same name. */
enum slw_status slw_tuf_parts_put(struct slw_tuf_parts *parts, struct slw_tuf_kept *kept,
                                  struct slw_detail *detail);
void slw_tuf_parts_remove(struct slw_tuf_parts *parts, size_t at);
enum slw_status slw_tuf_parts_share(const struct slw_tuf_parts *parts,
                                    struct slw_tuf_parts *ret_parts, struct slw_detail *detail);
void slw_tuf_parts_free(struct slw_tuf_parts *parts);

/* Among parts in the order of their names; SLW_TUF_NOWHERE. */
#define SLW_TUF_NOWHERE SIZE_MAX
size_t slw_tuf_parts_find(const struct slw_tuf_parts *parts, struct slw_bytes name);

/* More members that this code doesn't know, or keys, in one object are refused as too-large. */
#define SLW_TUF_PARTS_MAX 4096u

/* Puts the members of an object, but for those in known (a list that ends with NULL), among parts.
 */
enum slw_status slw_tuf_parts_load(const struct slw_json_document *json, uint32_t object,
                                   const char *const *known, struct slw_tuf_parts *parts,
                                   struct slw_detail *detail);

/*
 * Writes an object in canonical form whose members are some that the caller knows, given in the
 * order of their names, and others that were kept.
 *
 *     slw_tuf_object_begin(&object, text, &kept);
 *     slw_tuf_object_name(&object, "version");
 *     slw_heap_printf(text, "%" PRId64, version);
 *     slw_tuf_object_end(&object);
 */
struct slw_tuf_object {
    struct slw_heap_buffer *text;
    const struct slw_tuf_parts *others; /* NULL: none */
    size_t next;
    bool needs_comma;
};
void slw_tuf_object_begin(struct slw_tuf_object *object, struct slw_heap_buffer *text,
                          const struct slw_tuf_parts *others);
void slw_tuf_object_name(struct slw_tuf_object *object, const char *name);
void slw_tuf_object_end(struct slw_tuf_object *object);

/* Appends JSON in canonical form as JSON that any reader takes: with control characters escaped. */
void slw_tuf_escape_controls(struct slw_bytes canonical, struct slw_heap_buffer *ret_text);
bool slw_tuf_has_controls(struct slw_bytes text);

#endif
