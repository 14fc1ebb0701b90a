/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the blobs of a bucket, for housekeeping and repair; and away with what uploads left
 * that nobody goes on with. */
#include "s3_blobs.h"

#include <string.h>
#include <time.h>

#define PREFIX_LEN 6u /* of "blobs/" */

struct listing {
    enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                            uint64_t size, int64_t made_utc_s);
    void *context;
};

static enum slw_status list_blob(void *context, const char *key, uint64_t size,
                                 int64_t modified_utc_s)
{
    const struct listing *listing = context;
    uint8_t sha256[SLW_SHA256_SIZE];
    if (!slw_blob_name_parse(slw_bytes_make(key + PREFIX_LEN, strlen(key + PREFIX_LEN)), sha256)) {
        return SLW_OK; /* somebody else's */
    }
    return listing->each(listing->context, sha256, size, modified_utc_s);
}

/* The upload whose pieces are being listed. */
struct upload {
    struct slw_s3_client *client;
    struct slw_detail *detail;
    int64_t before_utc_s;
    char name[SLW_BLOB_NAME_SIZE];
    int64_t newest_utc_s;
};

static enum slw_status end_upload(const struct upload *upload)
{
    if (upload->name[0] == '\0' || upload->newest_utc_s > upload->before_utc_s) {
        return SLW_OK;
    }
    return slw_s3_pieces_remove(upload->client, upload->name, upload->detail);
}

/* Its pieces come one after the other, for keys are sorted. */
static enum slw_status look_at_piece(void *context, const char *key, uint64_t size,
                                     int64_t modified_utc_s)
{
    struct upload *upload = context;
    uint8_t sha256[SLW_SHA256_SIZE];
    const char *name = key + strlen("uploads/");
    (void)size;
    if (strlen(name) < SLW_BLOB_NAME_SIZE || name[SLW_BLOB_NAME_SIZE - 1] != '/' ||
        !slw_blob_name_parse(slw_bytes_make(name, SLW_BLOB_NAME_SIZE - 1), sha256)) {
        return SLW_OK;
    }
    if (strncmp(upload->name, name, SLW_BLOB_NAME_SIZE - 1) != 0) {
        SLW_TRY(end_upload(upload));
        memcpy(upload->name, name, SLW_BLOB_NAME_SIZE - 1);
        upload->newest_utc_s = modified_utc_s;
    }
    if (modified_utc_s > upload->newest_utc_s) {
        upload->newest_utc_s = modified_utc_s;
    }
    return SLW_OK;
}

static enum slw_status remove_old(struct slw_s3_client *client, uint32_t older_than_s,
                                  struct slw_detail *detail)
{
    struct upload upload = {.client = client,
                            .detail = detail,
                            .before_utc_s = (int64_t)time(NULL) - (int64_t)older_than_s};
    SLW_TRY(slw_s3_list(client, "uploads/", look_at_piece, &upload, detail));
    SLW_TRY(end_upload(&upload));
    return slw_s3_parts_abort_old(client, "blobs/", upload.before_utc_s, detail);
}

enum slw_status slw_s3_blobs_list(
    struct slw_blobs *blobs, uint32_t older_than_s,
    enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                            uint64_t size, int64_t made_utc_s),
    void *context, struct slw_detail *detail)
{
    struct slw_s3_client *client = slw_s3_blobs_of(blobs)->client;
    struct listing listing = {each, context};
    SLW_TRY(remove_old(client, older_than_s, detail));
    return slw_s3_list(client, "blobs/", list_blob, &listing, detail);
}
