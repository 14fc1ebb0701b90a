/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change to one role while it is being gathered, before anybody knows what it will be applied to:
 * the writer's, in memory and in staged/changes. Several changes to a role become one, in which the
 * last word about a path, a delegation or a key counts. Private to this folder.
 */
#ifndef SLIPWAY_TUF_DRAFT_H
#define SLIPWAY_TUF_DRAFT_H

#include "slipway/tuf_change.h"

/* What was said of a path; the texts are in the draft's arena. */
struct slw_tuf_draft_entry {
    uint64_t path;
    uint64_t custom;
    uint64_t length;
    uint32_t path_len;
    uint32_t custom_len;
    uint32_t bin; /* where slw_tuf_draft_settle() put it */
    bool removes;
    bool has_file; /* its payload was put by this process; it must be there still when it is staged
                    */
    uint8_t sha256[SLW_SHA256_SIZE];
};

struct slw_tuf_draft_delegate {
    struct slw_tuf_delegate value; /* its pointers are the draft's */
    struct slw_public_key *keys;
    struct slw_bytes *paths;
};

struct slw_tuf_draft_index; /* of entries by path; draft_find.c */

struct slw_tuf_draft {
    struct slw_tuf_draft_index *index; /* also of a draft that is const otherwise */
    enum slw_tuf_type type;
    bool signs_again; /* a next version is wanted even if it says the same */
    struct slw_heap_buffer arena;
    struct slw_tuf_draft_entry *entries; /* in the order in which they were said */
    size_t entries_count;
    struct slw_tuf_draft_delegate *delegates;
    size_t delegates_count;
    struct slw_bytes *revoked; /* names */
    size_t revoked_count;
    struct slw_tuf_role_keys roles[SLW_TUF_TYPES]; /* count 0: as they were */
};

enum slw_status slw_tuf_draft_new(enum slw_tuf_type type, struct slw_tuf_draft **ret_draft,
                                  struct slw_detail *detail);
void slw_tuf_draft_free(struct slw_tuf_draft *draft); /* NULL is fine */

/* Everything is copied. Each is SLW_OK or SLW_NO_SPACE. */
enum slw_status slw_tuf_draft_add(struct slw_tuf_draft *draft,
                                  const struct slw_tuf_artifact *artifact,
                                  struct slw_detail *detail);
enum slw_status slw_tuf_draft_remove(struct slw_tuf_draft *draft, struct slw_bytes path,
                                     struct slw_detail *detail);
enum slw_status slw_tuf_draft_delegate(struct slw_tuf_draft *draft,
                                       const struct slw_tuf_delegate *delegate,
                                       struct slw_detail *detail);
enum slw_status slw_tuf_draft_revoke(struct slw_tuf_draft *draft, struct slw_bytes name,
                                     struct slw_detail *detail);
enum slw_status slw_tuf_draft_rotate(struct slw_tuf_draft *draft, enum slw_tuf_type role,
                                     const struct slw_tuf_role_keys *keys,
                                     struct slw_detail *detail);

/* What a later draft says is said after what this one says. */
enum slw_status slw_tuf_draft_join(struct slw_tuf_draft *draft, const struct slw_tuf_draft *later,
                                   struct slw_detail *detail);

/* What was last said of a path: NULL for nothing. */
const struct slw_tuf_draft_entry *slw_tuf_draft_find(const struct slw_tuf_draft *draft,
                                                     struct slw_bytes path);
struct slw_tuf_draft_index *slw_tuf_draft_index_new(void); /* NULL: no memory */
/* The entries are others, or in another order. */
void slw_tuf_draft_index_forget(struct slw_tuf_draft_index *index);
void slw_tuf_draft_index_free(struct slw_tuf_draft_index *index); /* NULL is fine */

/* The delegation of a name that it makes or changes; SIZE_MAX for none. */
size_t slw_tuf_draft_find_delegate(const struct slw_tuf_draft *draft, struct slw_bytes name);

static inline struct slw_bytes slw_tuf_draft_path(const struct slw_tuf_draft *draft,
                                                  const struct slw_tuf_draft_entry *entry)
{
    return slw_bytes_make(draft->arena.ptr + entry->path, entry->path_len);
}

/*
 * Leaves of each path what was last said, and sorts: by bin when bit_length isn't 0, then by path.
 */
enum slw_status slw_tuf_draft_settle(struct slw_tuf_draft *draft, uint32_t bit_length,
                                     struct slw_detail *detail);

/*
 * A settled draft, or the entries of one bin of it, as the change to a base (NULL: there is none):
 * what is there already exactly so isn't added, and what isn't there isn't removed or revoked.
 * Whoever fills in role, versions and expiry makes it complete. It points into the draft.
 */
struct slw_tuf_draft_change {
    struct slw_tuf_change change;
    struct slw_tuf_artifact *add;
    struct slw_bytes *remove;
    struct slw_tuf_delegate *delegate;
    struct slw_bytes *revoke;
};
enum slw_status slw_tuf_draft_change(const struct slw_tuf_draft *draft,
                                     const struct slw_tuf_model *base, size_t from, size_t to,
                                     struct slw_tuf_draft_change *ret_change,
                                     struct slw_detail *detail);
void slw_tuf_draft_change_free(struct slw_tuf_draft_change *change);
/* Whether it changes anything. */
bool slw_tuf_draft_change_is_empty(const struct slw_tuf_draft_change *change);

#endif
