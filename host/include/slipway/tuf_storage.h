/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a TUF repository is kept: seven calls, so that a directory, an object store or memory can
 * be it. Nothing is assumed of it but what stands here: no rename, no conditional write, no
 * transaction.
 *
 * Keys are paths below the repository ("metadata/2.root.json"): segments of letters, digits, `%`,
 * `_`, `.`, `-`, `~`, `+`, `@`, `=`, `,` and space, joined by `/`, none empty, "." or "..", or
 * beginning with ".slipway-"; and not ".lease". Whoever makes a key of a name from outside encodes
 * it first. Every call is SLW_BAD_NAME for another key.
 *
 * One writer at a time, by a lease: each holder gets a higher token, and a storage refuses changes
 * under a token lower than the highest it has seen (SLW_WRONG_STATE), so that a writer that lost
 * its lease while it slept changes nothing.
 *
 *     SLW_TRY(slw_directory_storage_open("repo", true, &directory, detail));
 *     const struct slw_storage *storage = slw_directory_storage_port(directory);
 *     const struct slw_lease *lease = slw_directory_storage_lease(directory);
 *     SLW_TRY(lease->acquire(lease->context, "me, process 17", 60, &token, detail));
 *     SLW_TRY(storage->replace_pointer(storage->context, token, "metadata/timestamp.json", bytes,
 *                                      detail));
 *     SLW_TRY(lease->release(lease->context, token, detail));
 *     slw_directory_storage_close(directory); // port and lease live until here
 */
#ifndef SLIPWAY_TUF_STORAGE_H
#define SLIPWAY_TUF_STORAGE_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/reader.h"

#define SLW_STORAGE_KEY_MAX 1536u
#define SLW_LEASE_HOLDER_MAX 200u /* bytes */

/* The token of who holds no lease: it puts immutable objects (payloads, which are named by their
 * hash), and changes nothing else. */
#define SLW_STORAGE_NO_LEASE 0u

SLW_MUST_USE bool slw_storage_key_is_good(const char *key);
SLW_MUST_USE bool slw_lease_holder_is_good(const char *holder);

struct slw_storage {
    void *context;

    /* Appends an object; SLW_NOT_FOUND, SLW_TOO_LARGE over limit, SLW_IO. */
    enum slw_status (*get)(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail);

    /*
     * Puts an object that never changes. When the key is taken: SLW_OK if the same bytes are there,
     * SLW_WRONG_STATE if others are. A failed call leaves nothing, or the whole object.
     */
    enum slw_status (*put_immutable)(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail);

    /* Puts or replaces a small object; readers see the old bytes or the new ones. Everything put
     * before is durable before it, and it is durable when this returns. */
    enum slw_status (*replace_pointer)(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail);

    /* Gives each key that begins with prefix, in any order; each() ends it by a status other than
     * SLW_OK, and changes nothing in the storage. prefix is "", or the beginning of a key. */
    enum slw_status (*list)(void *context, const char *prefix,
                            enum slw_status (*each)(void *each_context, const char *key),
                            void *each_context, struct slw_detail *detail);

    /* Removes an object; SLW_OK when it isn't there. */
    enum slw_status (*remove)(void *context, uint64_t token, const char *key,
                              struct slw_detail *detail);

    /* How many bytes an object has; SLW_NOT_FOUND, SLW_IO. */
    enum slw_status (*size)(void *context, const char *key, uint64_t *ret_size,
                            struct slw_detail *detail);

    /* Fills the buffer, of at least one byte, from offset on: for objects of any size.
     * SLW_BAD_ARGUMENT when the object hasn't all of these bytes, SLW_NOT_FOUND, SLW_IO. */
    enum slw_status (*read)(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                            size_t len, struct slw_detail *detail);
};

/*
 * An object as a source. It is of the size that the object had when this was opened; storage, key
 * and detail, which says what went wrong when a read fails, are the caller's and outlive it.
 */
struct slw_storage_source {
    struct slw_source source;
    const struct slw_storage *storage;
    const char *key;
    struct slw_detail *detail;
};
enum slw_status slw_storage_source_open(const struct slw_storage *storage, const char *key,
                                        struct slw_storage_source *ret_source,
                                        struct slw_detail *detail);

/*
 * The lease. now comes from the lease's own clock. A lease that has run out can be taken by another
 * holder; renew() and release() are SLW_WRONG_STATE for a token that isn't the current one. One
 * that ran out and wasn't taken can still be renewed. holder is 1 to SLW_LEASE_HOLDER_MAX bytes of
 * printable text.
 */
struct slw_lease {
    void *context;
    /* SLW_WRONG_STATE, saying who holds it and until when, while somebody else does. */
    enum slw_status (*acquire)(void *context, const char *holder, uint32_t seconds,
                               uint64_t *ret_token, struct slw_detail *detail);
    enum slw_status (*renew)(void *context, uint64_t token, uint32_t seconds,
                             struct slw_detail *detail);
    enum slw_status (*release)(void *context, uint64_t token, struct slw_detail *detail);
};

/*
 * A directory as storage and lease. Objects are files; they appear whole, under a name that was
 * temporary before. Durability of many put_immutable() calls is had at the next replace_pointer()
 * by one flush of the file system, not a flush each; so all of it must be on one file system, and
 * no symbolic link is followed below DIR. An object that was put and not yet flushed when the power
 * went may be there cut short afterwards: nothing durable refers to it.
 *
 * The lease and the fence are in the file DIR/.lease, locked while either is looked at or changed;
 * web servers needn't show it. A change is locked only while it gets its name. The clock is the
 * system's. What a killed program left half-written is hidden, and removed by list() when it is a
 * day old. A storage belongs to one thread.
 */
struct slw_directory_storage;
enum slw_status slw_directory_storage_open(const char *directory, bool create,
                                           struct slw_directory_storage **ret_storage,
                                           struct slw_detail *detail);
const struct slw_storage *slw_directory_storage_port(const struct slw_directory_storage *storage);
const struct slw_lease *slw_directory_storage_lease(const struct slw_directory_storage *storage);
void slw_directory_storage_close(struct slw_directory_storage *storage);

/* The same in memory, for tests and measurements; with the clock that the caller sets. */
struct slw_memory_storage;
enum slw_status slw_memory_storage_new(struct slw_memory_storage **ret_storage,
                                       struct slw_detail *detail);
const struct slw_storage *slw_memory_storage_port(const struct slw_memory_storage *storage);
const struct slw_lease *slw_memory_storage_lease(const struct slw_memory_storage *storage);
void slw_memory_storage_set_clock(struct slw_memory_storage *storage, int64_t utc_s);
void slw_memory_storage_free(struct slw_memory_storage *storage);

/*
 * Passes calls on to another storage and makes the nth one from now fail: before it is done, after
 * it was done (the caller is told that it failed all the same), or half done where a call can be (a
 * put of which only the answer, or only the first part, remains is for stores that can do that).
 */
enum slw_storage_fault { SLW_STORAGE_FAULT_BEFORE, SLW_STORAGE_FAULT_AFTER };
struct slw_faulty_storage {
    struct slw_storage port;
    const struct slw_storage *inner;
    uint64_t calls;   /* so far, all kinds */
    uint64_t fail_at; /* number of the call that fails, counted from 1; 0: none */
    bool dead;        /* every call from fail_at on fails: a killed process */
    enum slw_storage_fault fault;
};
void slw_faulty_storage_init(const struct slw_storage *inner,
                             struct slw_faulty_storage *ret_storage);

#endif
