/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs (store.h): signed metadata and roots, found by what they are, and which of them may go.
 */
#include "store_private.h"

#include "slipway/checked.h"

#define PIECE_SIZE (2u * SLW_CELL_SIZE)

static bool is_same_digest(const uint8_t *left, const uint8_t *right)
{
    return memcmp(left, right, SLW_SHA256_SIZE) == 0;
}

enum slw_status slw_store_blobs_open(struct slw_store *store)
{
    struct slw_extent extent;
    uint64_t at = 0;
    enum slw_status status = SLW_OK;
    store->blob_serial = 0;
    while ((status = slw_extent_next(store, &at, &extent)) == SLW_OK) {
        if (extent.serial > store->blob_serial) {
            store->blob_serial = extent.serial;
        }
    }
    store->committed_serial = store->blob_serial;
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

enum slw_status slw_store_blobs_erase(struct slw_store *store)
{
    const struct slw_region *region = &store->layout->blobs;
    for (uint64_t at = 0; at < region->size; at += region->flash->sector_size) {
        SLW_TRY(slw_region_erase(region, at));
    }
    store->blob_serial = 0;
    store->committed_serial = 0;
    return SLW_OK;
}

static bool release_refers_to(const struct slw_release *release, const uint8_t *sha256)
{
    if (!release->present) {
        return false;
    }
    if (is_same_digest(release->metadata, sha256) || is_same_digest(release->root, sha256) ||
        is_same_digest(release->user_manifest, sha256)) {
        return true;
    }
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        const struct slw_image *image = &release->images[i];
        if (image->present &&
            (is_same_digest(image->metadata, sha256) || is_same_digest(image->root, sha256))) {
            return true;
        }
    }
    return false;
}

static bool is_referred_to(const struct slw_store *store, const struct slw_extent *extent)
{
    const struct slw_state *state = &store->state;
    if (extent->kind == SLW_BLOB_ROOT && extent->version <= state->root_version) {
        return true;
    }
    return is_same_digest(state->root, extent->sha256) ||
           release_refers_to(&state->confirmed, extent->sha256) ||
           release_refers_to(&state->trial, extent->sha256);
}

static bool may_go(const struct slw_store *store, const struct slw_extent *extent)
{
    return !extent->complete ||
           (extent->serial <= store->committed_serial && !is_referred_to(store, extent));
}

/*
 * Before another is put: a climb must not pass over a root that never became the current one, and
 * what comes next finds the room of metadata as whole as it can be.
 */
static enum slw_status drop_what_may_go(struct slw_store *store)
{
    struct slw_extent extent;
    enum slw_status status = SLW_OK;
    uint64_t at = 0;
    while ((status = slw_extent_next(store, &at, &extent)) == SLW_OK) {
        if (may_go(store, &extent)) {
            SLW_TRY(slw_extent_drop(store, &extent));
        }
    }
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

static enum slw_status digest_span(const struct slw_source *source, uint64_t offset,
                                   uint64_t length, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    uint8_t piece[PIECE_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    while (length > 0) {
        size_t len = (size_t)slw_min_u64(length, sizeof piece);
        SLW_TRY(source->read(source->context, offset, piece, len));
        slw_sha256_update(&hash, slw_bytes_make(piece, len));
        offset += len;
        length -= len;
    }
    slw_sha256_final(&hash, ret_sha256);
    return SLW_OK;
}

static enum slw_status copy_span(const struct slw_store *store, const struct slw_extent *extent,
                                 const struct slw_source *source, uint64_t offset)
{
    const struct slw_region *region = &store->layout->blobs;
    uint32_t granule = region->flash->program_size;
    uint64_t at = slw_extent_data(extent);
    uint64_t left = extent->length;
    while (left > 0) {
        uint8_t piece[PIECE_SIZE];
        size_t len = (size_t)slw_min_u64(left, sizeof piece);
        size_t padded = (len + granule - 1) / granule * granule;
        SLW_TRY(source->read(source->context, offset, piece, len));
        memset(piece + len, region->flash->erased_value, padded - len);
        SLW_TRY(slw_region_program(region, at, piece, padded));
        offset += len;
        at += len;
        left -= len;
    }
    return SLW_OK;
}

static void fill_blob(const struct slw_store *store, const struct slw_extent *extent,
                      struct slw_blob *blob)
{
    const struct slw_region *region = &store->layout->blobs;
    const struct slw_region place = {region->flash, region->offset + slw_extent_data(extent),
                                     extent->length};
    blob->kind = (enum slw_blob_kind)extent->kind;
    blob->version = extent->version;
    memcpy(blob->sha256, extent->sha256, sizeof blob->sha256);
    slw_region_source_init(&blob->place, &place, extent->length);
}

/* Data that changed since, or can't be read, are no blob. */
static enum slw_status check_content(const struct slw_store *store, const struct slw_extent *extent,
                                     bool *ret_right)
{
    uint8_t digest[SLW_SHA256_SIZE];
    enum slw_status status = slw_extent_digest(store, extent, digest);
    *ret_right = status == SLW_OK && is_same_digest(digest, extent->sha256);
    return status == SLW_IO_TORN ? SLW_OK : status;
}

static enum slw_status find(const struct slw_store *store, const uint8_t *sha256,
                            struct slw_extent *ret_extent)
{
    enum slw_status status = SLW_OK;
    uint64_t at = 0;
    while ((status = slw_extent_next(store, &at, ret_extent)) == SLW_OK) {
        bool right = false;
        if (!ret_extent->complete || !is_same_digest(ret_extent->sha256, sha256)) {
            continue;
        }
        SLW_TRY(check_content(store, ret_extent, &right));
        if (right) {
            return SLW_OK;
        }
    }
    return status;
}

static enum slw_status write_blob(struct slw_store *store, struct slw_extent *extent,
                                  const struct slw_source *source, uint64_t offset)
{
    uint8_t digest[SLW_SHA256_SIZE];
    extent->serial = ++store->blob_serial;
    SLW_TRY(slw_extent_begin(store, extent));
    SLW_TRY(copy_span(store, extent, source, offset));
    SLW_TRY(slw_extent_digest(store, extent, digest));
    if (!is_same_digest(digest, extent->sha256)) {
        return SLW_IO;
    }
    return slw_extent_complete(store, extent);
}

enum slw_status slw_store_blobs_put(struct slw_store *store, enum slw_blob_kind kind,
                                    uint32_t version, const struct slw_source *source,
                                    uint64_t offset, uint64_t length, struct slw_blob *ret_blob)
{
    struct slw_extent extent;
    uint8_t sha256[SLW_SHA256_SIZE];
    if (length > store->layout->blobs.size) {
        return SLW_NO_SPACE;
    }
    SLW_TRY(digest_span(source, offset, length, sha256));
    SLW_TRY(drop_what_may_go(store)); /* what is written again then stays until the commit */
    enum slw_status status = find(store, sha256, &extent);
    if (status == SLW_OK && extent.kind == (uint8_t)kind &&
        (kind != SLW_BLOB_ROOT || extent.version == version)) {
        fill_blob(store, &extent, ret_blob);
        return SLW_OK;
    }
    if (status != SLW_OK && status != SLW_NOT_FOUND) {
        return status;
    }
    SLW_TRY(slw_extent_find_free(store, kind, length, &extent));
    extent.kind = (uint8_t)kind;
    extent.version = version;
    memcpy(extent.sha256, sha256, sizeof extent.sha256);
    SLW_TRY(write_blob(store, &extent, source, offset));
    extent.complete = true;
    fill_blob(store, &extent, ret_blob);
    return SLW_OK;
}

static enum slw_status check_root_version(const struct slw_store *store, uint32_t version,
                                          const struct slw_source *source, uint64_t offset,
                                          uint64_t length)
{
    struct slw_extent extent;
    uint8_t sha256[SLW_SHA256_SIZE];
    if (version > store->state.root_version) {
        return SLW_OK;
    }
    SLW_TRY(digest_span(source, offset, length, sha256));
    enum slw_status status = find(store, sha256, &extent);
    if (status == SLW_NOT_FOUND ||
        (status == SLW_OK && (extent.kind != SLW_BLOB_ROOT || extent.version != version))) {
        return SLW_BAD_ARGUMENT;
    }
    return status;
}

enum slw_status slw_store_put_blob(struct slw_store *store, enum slw_blob_kind kind,
                                   uint32_t version, const struct slw_source *source,
                                   uint64_t offset, uint64_t length, struct slw_blob *ret_blob)
{
    if (offset > source->size || length > source->size - offset || kind < SLW_BLOB_ROOT ||
        kind > SLW_BLOB_USER_MANIFEST) {
        return SLW_BAD_ARGUMENT;
    }
    if (kind == SLW_BLOB_ROOT) {
        SLW_TRY(check_root_version(store, version, source, offset, length));
    }
    return slw_store_blobs_put(store, kind, version, source, offset, length, ret_blob);
}

enum slw_status slw_store_find_blob(const struct slw_store *store,
                                    const uint8_t sha256[static SLW_SHA256_SIZE],
                                    struct slw_blob *ret_blob)
{
    struct slw_extent extent;
    SLW_TRY(find(store, sha256, &extent));
    fill_blob(store, &extent, ret_blob);
    return SLW_OK;
}

enum slw_status slw_store_next_root(const struct slw_store *store, uint32_t version,
                                    struct slw_blob *ret_blob)
{
    struct slw_extent extent;
    struct slw_extent best = {0};
    enum slw_status status = SLW_OK;
    uint64_t at = 0;
    bool found = false;
    while ((status = slw_extent_next(store, &at, &extent)) == SLW_OK) {
        bool right = false;
        if (!extent.complete || extent.kind != SLW_BLOB_ROOT || extent.version <= version ||
            (found && extent.version >= best.version)) {
            continue;
        }
        SLW_TRY(check_content(store, &extent, &right));
        if (right) {
            found = true;
            best = extent;
        }
    }
    if (status != SLW_NOT_FOUND || !found) {
        return status;
    }
    fill_blob(store, &best, ret_blob);
    return SLW_OK;
}
