/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the repository is: a directory, or a bucket of S3 with the publisher's own lease, so that a
 * replica that lost it writes nothing more; and how a client reads it back: the directory as it is,
 * a bucket by the URL at which devices find it. For repository.c.
 */
#include "repository.h"

#include "core/program.h"

#include <stdio.h>
#include <string.h>

/* --- The lease of a bucket: the publisher has it already, and the leases' thread renews it --- */

static enum slw_status check(void *context, uint64_t token, struct slw_detail *detail)
{
    struct repository *repository = context;
    return slw_database_writer_check(&repository->writer_lease, token, detail);
}

static enum slw_status acquire(void *context, const char *holder, uint32_t seconds,
                               uint64_t *ret_token, struct slw_detail *detail)
{
    struct repository *repository = context;
    (void)holder;
    (void)seconds;
    SLW_TRY(check(context, repository->token, detail));
    *ret_token = repository->token;
    return SLW_OK;
}

static enum slw_status renew(void *context, uint64_t token, uint32_t seconds,
                             struct slw_detail *detail)
{
    (void)seconds;
    return check(context, token, detail);
}

static enum slw_status release(void *context, uint64_t token, struct slw_detail *detail)
{
    (void)context;
    (void)token;
    (void)detail;
    return SLW_OK; /* it goes on publishing */
}

static enum slw_status open_bucket(struct repository *repository, struct slw_detail *detail)
{
    const struct depot_settings *settings = repository->depot->settings;
    const struct slw_blobs_s3 s3 =
        depot_services_s3(settings, settings->repository.storage + strlen("s3:"));
    const struct slw_storage_fence fence = {repository, check};
    slw_database_writer_init(repository->depot->database, RELEASES_PUBLISHER_LEASE,
                             &repository->writer_lease);
    repository->lease = (struct slw_lease){repository, acquire, renew, release};
    SLW_TRY(slw_s3_storage_open(&s3, &fence, &repository->bucket, detail));
    repository->options.storage = slw_s3_storage_port(repository->bucket);
    repository->options.lease = &repository->lease;
    return SLW_OK;
}

enum slw_status repository_store_open(struct repository *repository, struct slw_detail *detail)
{
    const char *directory = repository_directory(repository->depot->settings);
    if (directory == NULL) {
        return open_bucket(repository, detail);
    }
    SLW_TRY(slw_directory_storage_open(directory, false, &repository->directory, detail));
    repository->options.storage = slw_directory_storage_port(repository->directory);
    repository->options.lease = slw_directory_storage_lease(repository->directory);
    return SLW_OK;
}

void repository_store_close(struct repository *repository)
{
    if (repository->directory != NULL) {
        slw_directory_storage_close(repository->directory);
    }
    if (repository->bucket != NULL) {
        slw_s3_storage_close(repository->bucket);
    }
    repository->directory = NULL;
    repository->bucket = NULL;
}

/* --- Reading it back --- */

static enum slw_status open_url(const struct depot_settings *settings,
                                struct repository_reader *reader, struct slw_detail *detail)
{
    char metadata[DEPOT_TEXT_MAX + 16];
    char targets[DEPOT_TEXT_MAX + 16];
    const char *metadata_urls[] = {metadata};
    const char *targets_urls[] = {targets};
    const struct slw_http_options options = {
        .metadata_urls = metadata_urls,
        .targets_urls = targets_urls,
        .mirrors = 1,
        .budget_s = REPOSITORY_READ_S,
        .ca_file = settings->repository.ca_file[0] == '\0' ? NULL : settings->repository.ca_file,
    };
    (void)snprintf(metadata, sizeof metadata, "%s/metadata", settings->repository.url);
    (void)snprintf(targets, sizeof targets, "%s/targets", settings->repository.url);
    SLW_TRY(slw_http_fetcher_new(&options, &reader->http, detail));
    reader->port = slw_http_fetcher_port(reader->http);
    return SLW_OK;
}

enum slw_status repository_reader_open(const struct depot_settings *settings,
                                       struct repository_reader *ret_reader,
                                       struct slw_detail *detail)
{
    const char *directory = repository_directory(settings);
    *ret_reader = (struct repository_reader){.port = NULL};
    if (directory == NULL) {
        return open_url(settings, ret_reader, detail);
    }
    SLW_TRY(slw_directory_fetcher_new(directory, &ret_reader->directory, detail));
    ret_reader->port = slw_directory_fetcher_port(ret_reader->directory);
    return SLW_OK;
}

void repository_reader_close(struct repository_reader *reader)
{
    slw_directory_fetcher_free(reader->directory);
    slw_http_fetcher_free(reader->http);
}
