/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stores do with a bucket: objects put, read, listed, removed; large ones in parts. Keys are
 * those below the client's prefix.
 */
#ifndef SLIPWAY_BLOBS_S3_OBJECTS_H
#define SLIPWAY_BLOBS_S3_OBJECTS_H

#include "s3_client.h"

#define SLW_S3_PAGES_MAX 100000u /* of a list, of 1,000 keys each */
#define SLW_S3_PART_SIZE 8388608u
#define SLW_S3_PARTS_MAX 9000u /* S3 allows 10,000 */
#define SLW_S3_UPLOAD_ID_MAX 1024u

/* Puts or replaces an object. */
SLW_MUST_USE enum slw_status slw_s3_put(struct slw_s3_client *client, const char *key,
                                        struct slw_bytes bytes, struct slw_detail *detail);
/* The same, when there is none of that name (etag NULL), or the one with this ETag; else
 * SLW_WRONG_STATE. A server that knows no conditions (501) puts it without. */
SLW_MUST_USE enum slw_status slw_s3_put_if(struct slw_s3_client *client, const char *key,
                                           const char *etag, struct slw_bytes bytes,
                                           struct slw_detail *detail);

/* etag may be NULL. SLW_NOT_FOUND. */
SLW_MUST_USE enum slw_status slw_s3_size(struct slw_s3_client *client, const char *key,
                                         uint64_t *ret_size, char *ret_etag,
                                         struct slw_detail *detail);

/* Fills the buffer. SLW_NOT_FOUND; SLW_UNAVAILABLE when the object hasn't all of these bytes. */
SLW_MUST_USE enum slw_status slw_s3_read(struct slw_s3_client *client, const char *key,
                                         uint64_t offset, uint8_t *buffer, size_t len,
                                         struct slw_detail *detail);

/* SLW_OK when it isn't there. */
SLW_MUST_USE enum slw_status slw_s3_remove(struct slw_s3_client *client, const char *key,
                                           struct slw_detail *detail);

/* Each object whose key begins with prefix, in the order of keys; each() may remove objects. */
typedef enum slw_status slw_s3_each(void *context, const char *key, uint64_t size,
                                    int64_t modified_utc_s);
SLW_MUST_USE enum slw_status slw_s3_list(struct slw_s3_client *client, const char *prefix,
                                         slw_s3_each *each, void *context,
                                         struct slw_detail *detail);

/* An object in parts: nothing is seen of it before slw_s3_parts_complete(). */
struct slw_s3_parts {
    struct slw_s3_client *client;
    const char *key;
    struct slw_heap_buffer query; /* "uploadId=…" */
    struct slw_heap_buffer list;  /* the parts so far, in XML */
    unsigned count;
    uint64_t size;
};
SLW_MUST_USE enum slw_status slw_s3_parts_begin(struct slw_s3_client *client, const char *key,
                                                struct slw_s3_parts *ret_parts,
                                                struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_s3_parts_add(struct slw_s3_parts *parts, struct slw_bytes bytes,
                                              struct slw_detail *detail);
/* Looks at the size of what came out. */
SLW_MUST_USE enum slw_status slw_s3_parts_complete(struct slw_s3_parts *parts,
                                                   struct slw_detail *detail);
/* Gives back what was uploaded, unless it was completed; and memory. In any case. */
void slw_s3_parts_end(struct slw_s3_parts *parts);

/* Aborts uploads in parts below prefix that began before this time: of processes that ended. */
SLW_MUST_USE enum slw_status slw_s3_parts_abort_old(struct slw_s3_client *client,
                                                    const char *prefix, int64_t before_utc_s,
                                                    struct slw_detail *detail);

/* "2009-10-12T17:50:30.000Z" in seconds since 1970. */
bool slw_s3_time_parse(struct slw_bytes text, int64_t *ret_utc_s);

#endif
