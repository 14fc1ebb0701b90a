/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the writer share. Private to this folder.
 *
 *     store.c      storage, keys of objects, and the lease
 *     settings.c   state/settings.json
 *     roles.c      the table of roles
 *     published.c  what clients see: root, timestamp, snapshot, and the roles that delegate
 *     staged.c     what waits under staged/, built again from its change
 *     delegators.c who speaks for a role, before and after
 *     gather.c     add, remove, delegate …: drafts in memory
 *     prepare.c    drafts become staged versions; the provider is asked
 *     bins.c       hash bins, which aren't staged one by one
 *     choose.c     which staged versions can be published together
 *     publish.c    the order in which they are written
 *     import.c     a repository that others made (exchange.h)
 *     export.c     a copy for offline media
 */
#ifndef SLIPWAY_TUF_WRITER_PRIVATE_H
#define SLIPWAY_TUF_WRITER_PRIVATE_H

#include "change_file.h"
#include "edition.h"
#include "signers.h"

#include "slipway/tuf_writer.h"

#define SLW_TUF_WRITER_ROLES_MAX 65536u /* bins not counted */
#define SLW_TUF_WRITER_NAME_MAX 200u    /* bytes, so that "VERSION.ROLE.json" names a file */
#define SLW_TUF_LEASE_S 60u             /* renewed when a third of it is over */

struct slw_tuf_settings {
    struct slw_tuf_period periods[SLW_TUF_TYPES];
    int64_t first_root; /* 1, but for a repository that was adopted later */
};

/*
 * A root, the targets or a delegated role, but not a bin: what is published of it, what is staged,
 * and what was gathered since.
 */
struct slw_tuf_writer_role {
    char *name;
    enum slw_tuf_type type;            /* root or targets */
    struct slw_tuf_edition *published; /* NULL: nothing */
    bool is_broken;                 /* what is published of it is lost, or nobody vouches for it */
    struct slw_tuf_draft *draft;    /* staged; NULL: nothing */
    struct slw_tuf_applied applied; /* the draft, to what is published */
    struct slw_tuf_edition *next;   /* what came of it; NULL when it can't be applied */
    struct slw_tuf_draft *gathered; /* not yet staged */
    struct slw_tuf_draft *bins;     /* staged, for all bins under the role */
    struct slw_tuf_applied bins_applied;              /* only its expiry */
    struct slw_tuf_draft *bins_gathered;              /* not yet staged */
    const struct slw_tuf_writer_role *last_delegator; /* that was trusted for a path */
    bool is_unreadable;                               /* what is staged is */
    bool is_stored;        /* the storage has a staged change of it, be it another */
    bool is_touched;       /* draft was changed since */
    bool has_signatures;   /* next was signed since */
    bool bins_are_touched; /* the same of bins */
    bool is_chosen;        /* next is to be published now */
    bool bins_wait;        /* they can't be signed now */
    bool is_held;          /* nor can next be published without them */
};

/* The first two of a writer's roles. */
#define SLW_TUF_WRITER_ROOT 0u
#define SLW_TUF_WRITER_TARGETS 1u

struct slw_tuf_writer {
    struct slw_tuf_writer_options options;
    struct slw_tuf_settings settings;
    uint64_t token; /* 0: the lease isn't held */
    int64_t renewed_ms;
    bool is_loaded; /* the published state in memory is the storage's, unless the pointers moved */
    bool is_targets_by_older_root;     /* the published targets are signed by keys since replaced */
    struct slw_tuf_edition *timestamp; /* published; NULL: nothing is */
    struct slw_tuf_edition *snapshot;
    struct slw_tuf_edition *given_up; /* the snapshot before, for its memory */
    struct slw_tuf_writer_role **roles;
    size_t roles_count;
    struct slw_tuf_writer_role **index; /* of roles, by name: open addressing */
    size_t index_size;                  /* a power of two */
    uint64_t metadata_bytes;            /* written so far */
};

/* open.c: one that has read nothing yet. */
enum slw_status slw_tuf_writer_new(const struct slw_tuf_writer_options *options,
                                   struct slw_tuf_writer **ret_writer, struct slw_detail *detail);

/* store.c */
#define SLW_TUF_KEY_SIZE (SLW_STORAGE_KEY_MAX + 1)

int64_t slw_tuf_writer_now(const struct slw_tuf_writer *writer);
void slw_tuf_writer_tell(const struct slw_tuf_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "metadata/VERSION.ROLE.json"; "metadata/timestamp.json" has no version. */
void slw_tuf_key_of(int64_t version, const char *role, char ret_key[static SLW_TUF_KEY_SIZE]);
void slw_tuf_key_in(const char *folder, const char *role, char ret_key[static SLW_TUF_KEY_SIZE]);

/* Takes the lease; whatever follows ends with slw_tuf_writer_leave(), which keeps the first
 * failure. */
enum slw_status slw_tuf_writer_enter(struct slw_tuf_writer *writer, struct slw_detail *detail);
enum slw_status slw_tuf_writer_leave(struct slw_tuf_writer *writer, enum slw_status status,
                                     struct slw_detail *detail);

enum slw_status slw_tuf_store_get(const struct slw_tuf_writer *writer, const char *key,
                                  struct slw_heap_buffer *ret_bytes, struct slw_detail *detail);
enum slw_status slw_tuf_store_exists(const struct slw_tuf_writer *writer, const char *key,
                                     bool *ret_exists, struct slw_detail *detail);
enum slw_status slw_tuf_store_put(struct slw_tuf_writer *writer, const char *key,
                                  struct slw_bytes bytes, struct slw_detail *detail);
enum slw_status slw_tuf_store_replace(struct slw_tuf_writer *writer, const char *key,
                                      struct slw_bytes bytes, struct slw_detail *detail);
enum slw_status slw_tuf_store_remove(struct slw_tuf_writer *writer, const char *key,
                                     struct slw_detail *detail);

/* The lowest version from lowest on under which a role has no file. */
enum slw_status slw_tuf_store_free_version(const struct slw_tuf_writer *writer, const char *role,
                                           int64_t lowest, int64_t *ret_version,
                                           struct slw_detail *detail);

/* settings.c */
void slw_tuf_settings_default(struct slw_tuf_settings *ret_settings);
enum slw_status slw_tuf_settings_load(const struct slw_tuf_writer *writer,
                                      struct slw_tuf_settings *ret_settings,
                                      struct slw_detail *detail);
enum slw_status slw_tuf_settings_store(struct slw_tuf_writer *writer, struct slw_detail *detail);

/* roles.c */
struct slw_tuf_writer_role *slw_tuf_writer_find(const struct slw_tuf_writer *writer,
                                                struct slw_bytes name);
enum slw_status slw_tuf_writer_role_make(struct slw_tuf_writer *writer, struct slw_bytes name,
                                         struct slw_tuf_writer_role **ret_role,
                                         struct slw_detail *detail);
/* Root and targets, empty. */
enum slw_status slw_tuf_writer_roles_init(struct slw_tuf_writer *writer, struct slw_detail *detail);
void slw_tuf_writer_roles_free(struct slw_tuf_writer *writer);

/* published.c */
/* Brings what is known of the published state up to date. */
enum slw_status slw_tuf_published_load(struct slw_tuf_writer *writer, struct slw_detail *detail);
void slw_tuf_published_forget(struct slw_tuf_writer *writer);
/* One version of a role; bins too. */
enum slw_status slw_tuf_edition_fetch(const struct slw_tuf_writer *writer, enum slw_tuf_type type,
                                      const char *role, int64_t version,
                                      struct slw_tuf_edition **ret_edition,
                                      struct slw_detail *detail);
/* root_chain.c: whether each root up to the last is signed as clients want it to follow the one
 * before. SLW_ROOT_UNTRUSTED, SLW_ROOT_SELF_UNSIGNED. */
enum slw_status slw_tuf_root_chain_check(const struct slw_tuf_writer *writer, int64_t last,
                                         struct slw_detail *detail);
static inline struct slw_tuf_writer_role *slw_tuf_writer_root(const struct slw_tuf_writer *writer)
{
    return writer->roles[SLW_TUF_WRITER_ROOT];
}
static inline struct slw_tuf_writer_role *
slw_tuf_writer_targets(const struct slw_tuf_writer *writer)
{
    return writer->roles[SLW_TUF_WRITER_TARGETS];
}
static inline struct slw_bytes slw_tuf_role_name(const struct slw_tuf_writer_role *role)
{
    return slw_bytes_make(role->name, strlen(role->name));
}

/* delegators.c */
enum slw_tuf_view {
    SLW_TUF_VIEW_PUBLISHED,
    SLW_TUF_VIEW_STAGED, /* only what is staged */
    SLW_TUF_VIEW_NEXT,   /* as it will be: what is chosen, else what is published */
};
const struct slw_tuf_edition *slw_tuf_role_edition(const struct slw_tuf_writer_role *role,
                                                   enum slw_tuf_view view);

/* Who speaks for a role. Free list; its signers live as long as the editions. */
struct slw_tuf_delegators {
    struct slw_tuf_signers *list;
    size_t count;
};
enum slw_status slw_tuf_delegators_load(const struct slw_tuf_writer *writer,
                                        const struct slw_tuf_writer_role *role,
                                        enum slw_tuf_view view,
                                        struct slw_tuf_delegators *delegators,
                                        struct slw_detail *detail);
/* Those of what is published and those of what is staged: all who have to sign, or will. */
enum slw_status slw_tuf_delegators_load_all(const struct slw_tuf_writer *writer,
                                            const struct slw_tuf_writer_role *role,
                                            struct slw_tuf_delegators *delegators,
                                            struct slw_detail *detail);
/* Of timestamp or snapshot. */
enum slw_status slw_tuf_delegators_add_root(const struct slw_tuf_edition *root,
                                            enum slw_tuf_type type,
                                            struct slw_tuf_delegators *delegators,
                                            struct slw_detail *detail);
void slw_tuf_delegators_free(struct slw_tuf_delegators *delegators);
/* All of them. */
bool slw_tuf_delegators_agree(const struct slw_tuf_delegators *delegators,
                              const struct slw_tuf_edition *edition);
/* Drops signatures that count for none of them; how many. */
size_t slw_tuf_delegators_prune(const struct slw_tuf_delegators *delegators,
                                struct slw_tuf_edition *edition);
/* Adds a signature under the ids of all that list its key; is_verified: it was made and verified
 * over these bytes just now. SLW_BAD_KEY when none lists it, SLW_BAD_SIGNATURE. */
enum slw_status slw_tuf_delegators_accept(const struct slw_tuf_delegators *delegators,
                                          struct slw_tuf_edition *edition,
                                          const struct slw_tuf_signature *signature,
                                          bool is_verified, struct slw_detail *detail);

/* staged.c */
enum slw_status slw_tuf_staged_load(struct slw_tuf_writer *writer, struct slw_detail *detail);
/* Applies role->draft to what is published. version 0: choose one. SLW_STORED_STATE when that is
 * broken. */
enum slw_status slw_tuf_staged_build(const struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, struct slw_detail *detail);
enum slw_status slw_tuf_staged_store(struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, struct slw_detail *detail);
enum slw_status slw_tuf_staged_store_bins(struct slw_tuf_writer *writer,
                                          const struct slw_tuf_writer_role *role,
                                          struct slw_detail *detail);
/* If there is something. */
enum slw_status slw_tuf_staged_remove(struct slw_tuf_writer *writer,
                                      struct slw_tuf_writer_role *role, struct slw_detail *detail);
void slw_tuf_staged_forget(struct slw_tuf_writer_role *role);
/* Asks the provider for signatures that are missing; a refusal is SLW_WRONG_STATE. */
enum slw_status slw_tuf_staged_ask(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                   struct slw_detail *detail);

/*
 * ask.c: one question to the provider (NULL: nobody, PENDING); signatures that count are added to
 * the edition. ret_told: what should be known though it isn't a failure, mostly "". Touches nothing
 * else, so that it may be asked in another thread.
 */
enum slw_status slw_tuf_ask(const struct slw_tuf_key_provider *provider,
                            const struct slw_tuf_change *change, struct slw_bytes base,
                            const struct slw_tuf_delegators *delegators,
                            struct slw_tuf_edition *edition, enum slw_tuf_answer *ret_answer,
                            struct slw_detail *ret_told, struct slw_detail *detail);

/*
 * prepare.c: under the lease. What was gathered becomes the next versions; stores: and is written
 * to staged/. Else only what is to replace something there is, and the caller has it published or
 * calls slw_tuf_store_touched(). When the storage fails, everything stays gathered; when something
 * is refused, all that was gathered goes.
 */
enum slw_status slw_tuf_prepare_all(struct slw_tuf_writer *writer, bool stores,
                                    struct slw_detail *detail);
/* Writes to staged/ what isn't there as it is in memory, and isn't chosen. */
enum slw_status slw_tuf_store_touched(struct slw_tuf_writer *writer, struct slw_detail *detail);
/* What wasn't stored is gathered again. */
void slw_tuf_prepare_undo(struct slw_tuf_writer *writer);

/* Writes what was gathered for bins to staged/. */
enum slw_status slw_tuf_stage_bins(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                   struct slw_detail *detail);

/* choose.c: marks what can be published together as chosen; with a staged root or without. */
enum slw_status slw_tuf_choose(struct slw_tuf_writer *writer, bool with_root,
                               struct slw_detail *detail);

/* publish.c: under the lease. What expires by a due time is signed again; 0: nothing is. */
struct slw_tuf_due {
    int64_t timestamp_s;
    int64_t snapshot_s;
    int64_t bins_s;
};
enum slw_status slw_tuf_publish_all(struct slw_tuf_writer *writer, const struct slw_tuf_due *due,
                                    struct slw_tuf_published *ret_published,
                                    struct slw_detail *detail);

/* collect.c: removes what nothing has referenced for 7 days. Under the lease, with everything
 * loaded. */
#define SLW_TUF_KEEP_S 604800
enum slw_status slw_tuf_collect(struct slw_tuf_writer *writer, struct slw_detail *detail);

#endif
