/* SPDX-License-Identifier: Apache-2.0 */
/* The TUF repository as the publisher has it open: its directory, its keys, its writer; and what a
 * client of it sees. For publish.c. */
#ifndef SLIPWAY_DEPOT_RELEASES_REPOSITORY_H
#define SLIPWAY_DEPOT_RELEASES_REPOSITORY_H

#include "part.h"

#include "slipway/s3_storage.h"
#include "slipway/signer_tuf.h"
#include "slipway/tuf_client.h"
#include "slipway/tuf_fetch.h"
#include "slipway/tuf_writer.h"

#define REPOSITORY_KEYS_MAX 64u

/* A key of the signing service, or one in a file, for a role: a line of keys.conf. */
struct repository_key {
    char role[160], name[128];
    struct slw_public_key public_key;
    struct slw_private_key *private_key;     /* of a file */
    const struct slw_private_key *token_key; /* neither: it is in the signing service */
};

/* Points into itself: not to be copied. */
struct repository {
    struct depot *depot;
    uint64_t token;                          /* of the publisher's lease */
    struct slw_directory_storage *directory; /* either this */
    struct slw_s3_storage *bucket;           /* or this */
    struct slw_database_writer writer_lease;
    struct slw_lease lease;
    struct repository_key keys[REPOSITORY_KEYS_MAX];
    size_t keys_count;
    const char *file_roles[REPOSITORY_KEYS_MAX];
    const struct slw_private_key *file_values[REPOSITORY_KEYS_MAX];
    struct slw_tuf_file_keys file_keys;
    struct slw_signer_tuf_key service_keys[REPOSITORY_KEYS_MAX];
    size_t service_keys_count;
    struct releases_service service;
    bool has_service;
    struct slw_signer_tuf_settings settings;
    struct slw_tuf_key_provider files, asked;
    char holder[128], requests[600], client[640];
    struct slw_tuf_writer_options options;
    struct slw_tuf_writer *writer;
    struct slw_heap_buffer told; /* what the writer said */
    struct {                     /* as the client saw them last; version 0: it didn't */
        int64_t version, expires_utc_s;
    } seen[SLW_TUF_TYPES];
};

SLW_MUST_USE enum slw_status repository_open(struct depot *depot, int64_t token,
                                             struct repository *ret_repository,
                                             struct slw_detail *detail);
void repository_close(struct repository *repository);
/* A key that was opened at the start, by its URI; NULL: it wasn't. */
const struct slw_private_key *releases_token_key(const char *uri);
/* The directory; NULL when there is none in the settings, or it is a bucket. */
const char *repository_directory(const struct depot_settings *settings);
/* Sets storage and lease of the options. */
SLW_MUST_USE enum slw_status repository_store_open(struct repository *repository,
                                                   struct slw_detail *detail);
void repository_store_close(struct repository *repository);

/* How a client reads it. */
#define REPOSITORY_READ_S 60u /* all that is fetched at once */
struct repository_reader {
    struct slw_directory_fetcher *directory;
    struct slw_http_fetcher *http;
    const struct slw_fetch_port *port;
};
/* Close it in any case. */
SLW_MUST_USE enum slw_status repository_reader_open(const struct depot_settings *settings,
                                                    struct repository_reader *ret_reader,
                                                    struct slw_detail *detail);
void repository_reader_close(struct repository_reader *reader);

/* What a client that trusts the repository's first root finds: whether a role lists this path with
 * these bytes. */
struct repository_question {
    const char *role, *path;
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t size;
    bool is_listed; /* the path, with whatever bytes */
    bool is_right;  /* with these */
};
SLW_MUST_USE enum slw_status repository_look(struct repository *repository,
                                             struct repository_question *questions, size_t count,
                                             struct slw_detail *detail);

#endif
