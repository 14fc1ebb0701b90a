/* SPDX-License-Identifier: Apache-2.0 */
/* Opens what all parts stand on: database, blobs, the secret. See program.h. */
#include "program.h"
#include "remember.h"

#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* To the database: as many as there are threads that may want one at once, and no more. */
#define CONNECTIONS 16u
#define SECRET_FILE_MIN 32u
#define SECRET_FILE_MAX 4096u

/* Others on the machine mustn't be able to read it: it makes nonces, and opens TOTP secrets. */
static enum slw_status check_mode(const char *path, struct slw_detail *detail)
{
    struct stat state;
    if (stat(path, &state) != 0) {
        return slw_explain_errno(detail, path);
    }
    if ((state.st_mode & 077) != 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: others may read it; its mode must be 0600", path);
    }
    return SLW_OK;
}

static enum slw_status read_secret(const char *path, uint8_t ret_secret[static 32],
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_sha256 hash;
    SLW_TRY(check_mode(path, detail));
    enum slw_status status = slw_file_read(path, SECRET_FILE_MAX, &text, detail);
    if (status == SLW_OK && text.len < SECRET_FILE_MIN) {
        status = slw_explain(detail, SLW_BAD_ARGUMENT, "%s: shorter than %u bytes", path,
                             SECRET_FILE_MIN);
    }
    if (status == SLW_OK) {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, SLW_BYTES_OF("slipway depot secret v1\n"));
        slw_sha256_update(&hash, slw_heap_bytes(&text));
        slw_sha256_final(&hash, ret_secret);
        slw_wipe(&hash, sizeof hash);
    }
    slw_heap_free(&text);
    return status;
}

/* Host, process and chance: no two processes ever have the same. */
static enum slw_status name_replica(struct depot *depot, struct slw_detail *detail)
{
    char host[65] = "";
    uint32_t chance = 0;
    if (gethostname(host, sizeof host - 1) != 0 ||
        getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return slw_explain_errno(detail, "name of this replica");
    }
    (void)snprintf(depot->replica, sizeof depot->replica, "%.64s-%ld-%08x", host, (long)getpid(),
                   (unsigned)chance);
    return SLW_OK;
}

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

struct slw_blobs_s3 depot_services_s3(const struct depot_settings *settings, const char *prefix)
{
    return (struct slw_blobs_s3){
        .endpoint = settings->s3.endpoint,
        .region = settings->s3.region,
        .bucket = settings->s3.bucket,
        .prefix = prefix,
        .access_key = settings->s3.access_key,
        .secret_file = settings->s3.secret_file,
        .ca_file = text_or_null(settings->s3.ca_file),
    };
}

enum slw_status depot_services_open_blobs(const struct depot_settings *settings,
                                          struct slw_blobs **ret_blobs, struct slw_detail *detail)
{
    const struct slw_blobs_s3 s3 = depot_services_s3(settings, settings->s3.prefix);
    bool is_s3 = strncmp(settings->blobs, "s3:", 3) == 0;
    return slw_blobs_open(settings->blobs, is_s3 ? &s3 : NULL, ret_blobs, detail);
}

enum slw_status depot_services_open(const struct depot_settings *settings, bool migrate,
                                    struct depot *ret_depot, struct slw_detail *detail)
{
    const struct slw_database_options options = {.connections = CONNECTIONS};
    struct depot depot = {.settings = settings};
    SLW_TRY(read_secret(settings->secret_file, depot.secret, detail));
    enum slw_status status = name_replica(&depot, detail);
    if (status == SLW_OK) {
        status = slw_database_open(settings->database, &options, &depot.database, detail);
    }
    if (status == SLW_OK && migrate) {
        status =
            slw_database_migrate(depot.database, depot_migrations, depot_migrations_count, detail);
    }
    if (status == SLW_OK) {
        status = depot_services_open_blobs(settings, &depot.blobs, detail);
    }
    if (status == SLW_OK) {
        status = depot_remembered_open(&depot.remembered, detail);
    }
    if (status == SLW_OK) {
        *ret_depot = depot;
    } else {
        depot_services_close(&depot);
    }
    slw_wipe(depot.secret, sizeof depot.secret);
    return status;
}

void depot_services_close(struct depot *depot)
{
    if (depot->blobs != NULL) {
        slw_blobs_close(depot->blobs);
        depot->blobs = NULL;
    }
    if (depot->database != NULL) {
        slw_database_close(depot->database);
        depot->database = NULL;
    }
    depot_remembered_close(depot->remembered);
    depot->remembered = NULL;
    slw_wipe(depot->secret, sizeof depot->secret);
}
