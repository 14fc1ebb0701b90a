/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a model of tuf_change.h is made of. What there is much of, targets and a snapshot's entries,
 * is in packed arrays; the rest are parts in canonical form. Private to this folder: model_*.c load
 * and look up, apply*.c change, encode*.c write.
 */
#ifndef SLIPWAY_TUF_MODEL_H
#define SLIPWAY_TUF_MODEL_H

#include "kept.h"

#include "slipway/tuf_change.h"

/* A target; its texts are in the arena, named by their offset there. */
struct slw_tuf_record {
    uint64_t length;
    uint8_t sha256[SLW_SHA256_SIZE];
    uint32_t path;
    uint32_t custom; /* canonical */
    uint32_t custom_len;
    uint32_t object; /* canonical, of an entry that says more than a record holds */
    uint32_t object_len;
    uint32_t path_len; /* and SLW_TUF_ODD_PATH, when canonical form may escape some of it */
};
#define SLW_TUF_ODD_PATH 0x80000000u
_Static_assert(sizeof(struct slw_tuf_record) == 64, "a million targets have 64 MB of records");
_Static_assert(SLW_JSON_SIZE_MAX < SLW_TUF_ODD_PATH, "path_len holds each length");

/* Targets in the order of their paths, and their texts in the same order. */
struct slw_tuf_records {
    struct slw_tuf_record *list;
    size_t count;
    uint8_t *arena;
    size_t arena_len;
};

/* What a snapshot or timestamp says of a file; texts are named by their offsets. */
struct slw_tuf_entry {
    int64_t version;
    uint32_t name; /* "ROLE.json" in names */
    uint32_t name_len;
    uint32_t text;       /* `"ROLE.json":{"version":1}` in text */
    uint16_t digits_len; /* of the version, when the entry is like that; 0: it says more */
    uint16_t reserved;
};

/* Entries in the order of their names, and the members of `meta` as they are written. */
struct slw_tuf_entries {
    struct slw_tuf_entry *list;
    size_t count;
    size_t capacity;
    struct slw_heap_buffer names;
    struct slw_heap_buffer text;
};

/* Roles and keys that a root or a targets role's delegations list. */
struct slw_tuf_listing {
    bool present; /* `delegations` is there */
    bool is_bins; /* it has `succinct_roles`: roles has one part, named by the prefix */
    struct slw_tuf_parts keys;   /* by id */
    struct slw_tuf_parts roles;  /* of a root by name; of delegations in their order */
    struct slw_tuf_parts others; /* of `delegations` */
};

enum slw_tuf_consistency { SLW_TUF_CONSISTENT_ABSENT, SLW_TUF_CONSISTENT_NO, SLW_TUF_CONSISTENT };

struct slw_tuf_model {
    enum slw_tuf_type type;
    struct slw_heap_buffer role;
    char label[100]; /* the role as details call it */
    int64_t version;
    int64_t expires_utc_s;
    struct slw_heap_buffer spec_version; /* with its quotes */
    bool has_digest;
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_tuf_parts others; /* of `signed` */
    enum slw_tuf_consistency consistency;
    struct slw_tuf_listing listing;
    struct slw_tuf_records records;
    struct slw_tuf_entries entries;
};

/* model_targets.c */
enum slw_status slw_tuf_records_load(const struct slw_tuf_targets *targets,
                                     struct slw_tuf_records *ret_records,
                                     struct slw_detail *detail);
void slw_tuf_records_free(struct slw_tuf_records *records);
/* The same memory, with what is behind its first size bytes given back. */
void *slw_tuf_shrink(void *memory, size_t size);
/* What path_len holds for a path. */
uint32_t slw_tuf_path_len(struct slw_bytes path);
struct slw_bytes slw_tuf_record_path(const struct slw_tuf_records *records,
                                     const struct slw_tuf_record *record);
struct slw_bytes slw_tuf_record_custom(const struct slw_tuf_records *records,
                                       const struct slw_tuf_record *record);
struct slw_bytes slw_tuf_record_object(const struct slw_tuf_records *records,
                                       const struct slw_tuf_record *record);
/* The first place whose path isn't below path. */
size_t slw_tuf_records_bound(const struct slw_tuf_records *records, struct slw_bytes path);

/* Whether none of its characters needs care: all are printable ASCII other than `"` and `\`. */
bool slw_tuf_is_plain(struct slw_bytes text);

/* model_listing.c */
enum slw_status slw_tuf_listing_load_root(const struct slw_tuf_file *file,
                                          struct slw_tuf_listing *ret_listing,
                                          struct slw_detail *detail);
enum slw_status slw_tuf_listing_load_delegations(const struct slw_tuf_file *file,
                                                 struct slw_tuf_listing *ret_listing,
                                                 struct slw_detail *detail);
enum slw_status slw_tuf_listing_share(const struct slw_tuf_listing *listing,
                                      struct slw_tuf_listing *ret_listing,
                                      struct slw_detail *detail);
void slw_tuf_listing_free(struct slw_tuf_listing *listing);

/* model_entries.c */
enum slw_status slw_tuf_entries_load(const struct slw_json_document *json, uint32_t meta,
                                     struct slw_tuf_entries *ret_entries,
                                     struct slw_detail *detail);
void slw_tuf_entries_free(struct slw_tuf_entries *entries);
struct slw_bytes slw_tuf_entry_name(const struct slw_tuf_entries *entries, size_t at);
/* `"ROLE.json":{…}` */
struct slw_bytes slw_tuf_entry_text(const struct slw_tuf_entries *entries, size_t at);
size_t slw_tuf_entries_find(const struct slw_tuf_entries *entries, struct slw_bytes name);
/* Appends an entry of which only the version is said; names must ascend. */
enum slw_status slw_tuf_entries_append(struct slw_tuf_entries *entries, struct slw_bytes name,
                                       int64_t version, struct slw_detail *detail);
/* Appends entries of others, from a place on up to another, as they are. */
enum slw_status slw_tuf_entries_append_run(struct slw_tuf_entries *entries,
                                           const struct slw_tuf_entries *others, size_t from,
                                           size_t to, struct slw_detail *detail);

#endif
