/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes over a log's entries from its end, a tile at a time, each verified under the checkpoint. See
 * slipway/signer_releases.h.
 */
#include "releases_record.h"

#include "slipway/checked.h"
#include "slipway/explain.h"
#include "slipway/json_reader.h"
#include "slipway/log.h"
#include "slipway/merkle.h"
#include "slipway/policy.h"

#include <inttypes.h>
#include <stdio.h>

#define TILE_WIDTH SLW_LOG_TILE_WIDTH
#define ENTRIES_SIZE_MAX (TILE_WIDTH * (2u + SLW_LOG_LEAF_SIZE_MAX))
#define PATH_SIZE_MAX 96u
#define KEPT_TILES 8u

/* A tile of hashes that was fetched. */
struct tile {
    bool there;
    unsigned level;
    uint64_t number;
    size_t count;
    struct slw_merkle_hash hashes[TILE_WIDTH];
};

/* A release of the product in a tile, and the leaf behind it. */
struct candidate {
    struct slw_signer_release release;
    bool has_record;
    uint8_t record[SLW_SHA256_SIZE]; /* what the record's leaf has */
};

struct looking {
    const struct slw_signer_log_files *files;
    struct slw_bytes product;
    const char *class_word;
    struct candidate candidates[TILE_WIDTH]; /* of the tile that is looked at */
    size_t candidates_count;
    struct slw_log_leaf later; /* the first leaf of the tile behind that, when it is a record */
    bool has_later;
    struct slw_checkpoint checkpoint;
    struct slw_merkle_hash root;
    struct tile tiles[KEPT_TILES];
    unsigned next_tile;
    struct slw_heap_buffer scratch;
    struct slw_detail *detail;
};

/*
 * C2SP tlog-tiles: "N [...] encoded as zero-padded 3-digit path elements. All but the last path
 * element MUST begin with an x", and ".p/W" behind a partial tile.
 */
static void format_path(const char *area, uint64_t number, size_t width,
                        char path[static PATH_SIZE_MAX])
{
    char groups[48] = "";
    size_t at = sizeof groups - 1;
    for (bool last = true; last || number > 0; last = false, number /= 1000) {
        char group[8];
        int len =
            snprintf(group, sizeof group, last ? "%03u" : "x%03u/", (unsigned)(number % 1000));
        at -= (size_t)len;
        memcpy(groups + at, group, (size_t)len);
    }
    if (width == TILE_WIDTH) {
        (void)snprintf(path, PATH_SIZE_MAX, "tile/%s/%s", area, groups + at);
    } else {
        (void)snprintf(path, PATH_SIZE_MAX, "tile/%s/%s.p/%zu", area, groups + at, width);
    }
}

/* How many of count things in tiles the tile of this number has. */
static size_t width_of(uint64_t count, uint64_t number)
{
    return (size_t)slw_min_u64(count - number * TILE_WIDTH, TILE_WIDTH);
}

static enum slw_status fetch_tile(struct looking *looking, unsigned level, uint64_t number,
                                  struct tile *tile)
{
    char area[16];
    char path[PATH_SIZE_MAX];
    size_t width = width_of(looking->checkpoint.size >> (8 * level), number);
    (void)snprintf(area, sizeof area, "%u", level);
    format_path(area, number, width, path);
    looking->scratch.len = 0;
    SLW_TRY(looking->files->read(looking->files->context, path, sizeof tile->hashes,
                                 &looking->scratch, looking->detail));
    if (looking->scratch.len != width * SLW_SHA256_SIZE) {
        return slw_explain(looking->detail, SLW_MALFORMED, "%s: not a tile of %zu hashes", path,
                           width);
    }
    memcpy(tile->hashes, looking->scratch.ptr, looking->scratch.len);
    tile->there = true;
    tile->level = level;
    tile->number = number;
    tile->count = width;
    return SLW_OK;
}

static enum slw_status find_tile(struct looking *looking, unsigned level, uint64_t number,
                                 const struct tile **ret_tile)
{
    for (size_t i = 0; i < KEPT_TILES; i++) {
        const struct tile *tile = &looking->tiles[i];
        if (tile->there && tile->level == level && tile->number == number) {
            *ret_tile = tile;
            return SLW_OK;
        }
    }
    struct tile *tile = &looking->tiles[looking->next_tile++ % KEPT_TILES];
    tile->there = false;
    *ret_tile = tile;
    return fetch_tile(looking, level, number, tile);
}

/* A node of the tree out of tiles, which have every eighth level. */
static enum slw_status node(void *context, unsigned level, uint64_t index,
                            struct slw_merkle_hash *ret_hash)
{
    struct looking *looking = context;
    const struct tile *tile = NULL;
    unsigned rise = level % 8;
    uint64_t first = index << rise;
    size_t count = (size_t)1 << rise;
    struct slw_merkle_hash row[TILE_WIDTH / 2];
    SLW_TRY(find_tile(looking, level / 8, first / TILE_WIDTH, &tile));
    size_t at = (size_t)(first % TILE_WIDTH);
    if (at + count > tile->count) {
        return slw_explain(looking->detail, SLW_BAD_PROOF, "log: a tile is too short");
    }
    if (count == 1) {
        *ret_hash = tile->hashes[at];
        return SLW_OK;
    }
    for (size_t i = 0; i < count / 2; i++) {
        slw_merkle_node(&tile->hashes[at + 2 * i], &tile->hashes[at + 2 * i + 1], &row[i]);
    }
    for (size_t left = count / 2; left > 1; left /= 2) {
        for (size_t i = 0; i < left / 2; i++) {
            slw_merkle_node(&row[2 * i], &row[2 * i + 1], &row[i]);
        }
    }
    *ret_hash = row[0];
    return SLW_OK;
}

/* Takes the next entry of a tile off: u16 length, big endian, and that many bytes. */
static bool take_entry(struct slw_bytes *rest, struct slw_bytes *ret_entry)
{
    if (rest->len < 2) {
        return false;
    }
    size_t len = (size_t)rest->ptr[0] << 8 | rest->ptr[1];
    if (len > rest->len - 2) {
        return false;
    }
    *ret_entry = slw_bytes_make(rest->ptr + 2, len);
    *rest = slw_bytes_make(rest->ptr + 2 + len, rest->len - 2 - len);
    return true;
}

static void note_record(struct candidate *candidate, const struct slw_log_leaf *leaf)
{
    candidate->has_record = true;
    memcpy(candidate->record, leaf->digest, sizeof candidate->record);
}

/* Notes the entry when it is a release of the product, or the record behind one. */
static void look_at(struct looking *looking, struct slw_bytes entry, uint64_t index)
{
    struct slw_log_leaf leaf;
    bool is_leaf = slw_log_leaf_parse(entry, &leaf) == SLW_OK;
    bool is_record = is_leaf && leaf.kind == SLW_LOG_RECORD;
    size_t count = looking->candidates_count;
    if (is_record && count > 0 && looking->candidates[count - 1].release.index + 1 == index) {
        note_record(&looking->candidates[count - 1], &leaf);
    }
    if (is_leaf && leaf.kind == SLW_LOG_RELEASE &&
        slw_bytes_equal(leaf.product, looking->product)) {
        struct candidate *candidate = &looking->candidates[looking->candidates_count++];
        *candidate = (struct candidate){
            .release = {.found = true, .index = index, .version = leaf.targets_version}};
        memcpy(candidate->release.digest, leaf.digest, sizeof candidate->release.digest);
    }
}

/* What comes first in a tile may be the record of what is last in the tile before. */
static void look_at_first(struct looking *looking, struct slw_bytes entry)
{
    looking->has_later = slw_log_leaf_parse(entry, &looking->later) == SLW_OK &&
                         looking->later.kind == SLW_LOG_RECORD;
}

/* The last release of a verified tile that was signed by a key of the class. */
static enum slw_status choose(const struct looking *looking, struct slw_signer_release *release)
{
    for (size_t i = looking->candidates_count; i > 0 && !release->found; i--) {
        const struct candidate *candidate = &looking->candidates[i - 1];
        bool is_it = false;
        if (!candidate->has_record) {
            return slw_explain(looking->detail, SLW_BAD_PROOF,
                               "log: no record stands behind release %" PRIu64,
                               candidate->release.index);
        }
        SLW_TRY(slw_signer_release_is_of_class(looking->files, candidate->release.index,
                                               candidate->record, looking->class_word, &is_it,
                                               looking->detail));
        if (is_it) {
            uint64_t log_size = release->log_size;
            *release = candidate->release;
            release->log_size = log_size;
        }
    }
    return SLW_OK;
}

/* That a tile of entries with this root is the tree's, at its place. */
static enum slw_status verify_tile(struct looking *looking, uint64_t start, uint64_t end,
                                   const struct slw_merkle_hash *tile_root)
{
    const struct slw_merkle_source source = {.context = looking, .node = node};
    struct slw_merkle_path path;
    uint64_t size = looking->checkpoint.size;
    SLW_TRY(slw_merkle_prove_subtree_consistency(&source, start, end, size, &path));
    enum slw_status status =
        slw_merkle_verify_subtree_consistency(start, end, size, tile_root, &looking->root, &path);
    return status == SLW_OK ? SLW_OK
                            : slw_explain(looking->detail, status,
                                          "log: entries %" PRIu64 " to %" PRIu64
                                          " aren't those that its checkpoint vouches for",
                                          start, end - 1);
}

/* The tile behind this one, which was verified before, may begin with what its last entry lacks. */
static void end_tile(struct looking *looking, uint64_t end, struct slw_bytes first)
{
    size_t count = looking->candidates_count;
    if (count > 0 && looking->candidates[count - 1].release.index + 1 == end &&
        looking->has_later) {
        note_record(&looking->candidates[count - 1], &looking->later);
    }
    look_at_first(looking, first);
}

static enum slw_status look_at_tile(struct looking *looking, uint64_t number,
                                    struct slw_signer_release *release)
{
    char path[PATH_SIZE_MAX];
    struct slw_heap_buffer bytes = {0};
    struct slw_merkle_frontier tree = {0};
    struct slw_merkle_hash root;
    struct slw_bytes entry;
    uint64_t start = number * TILE_WIDTH;
    size_t width = width_of(looking->checkpoint.size, number);
    size_t count = 0;
    format_path("entries", number, width, path);
    enum slw_status status = looking->files->read(looking->files->context, path, ENTRIES_SIZE_MAX,
                                                  &bytes, looking->detail);
    struct slw_bytes rest = slw_heap_bytes(&bytes);
    struct slw_bytes first = {0};
    looking->candidates_count = 0;
    while (status == SLW_OK && count < width && take_entry(&rest, &entry)) {
        struct slw_merkle_hash hash;
        slw_merkle_leaf(entry, &hash);
        look_at(looking, entry, start + count);
        first = count == 0 ? entry : first;
        count += slw_merkle_frontier_append(&tree, &hash) ? 1 : 0;
    }
    if (status == SLW_OK && (count != width || rest.len != 0)) {
        status = slw_explain(looking->detail, SLW_MALFORMED, "%s: not %zu entries", path, width);
    }
    if (status == SLW_OK) {
        slw_merkle_frontier_root(&tree, &root);
        status = verify_tile(looking, start, start + width, &root);
    }
    if (status == SLW_OK) {
        end_tile(looking, start + width, first);
        status = choose(looking, release);
    }
    slw_heap_drop(&bytes);
    return status;
}

static enum slw_status look_back(struct looking *looking, struct slw_signer_release *release)
{
    uint64_t size = looking->checkpoint.size;
    uint64_t tiles = size / TILE_WIDTH + (size % TILE_WIDTH != 0 ? 1 : 0);
    uint64_t looked = 0;
    while (tiles > 0 && !release->found) {
        if (looked >= SLW_SIGNER_LOOK_BACK_MAX) {
            return slw_explain(looking->detail, SLW_TOO_LARGE,
                               "log: no release of the product among the last %u entries",
                               SLW_SIGNER_LOOK_BACK_MAX);
        }
        tiles--;
        SLW_TRY(look_at_tile(looking, tiles, release));
        looked += TILE_WIDTH;
    }
    return SLW_OK;
}

enum slw_status slw_signer_last_release(const struct slw_signer_log_files *files,
                                        const struct slw_note_key *log_key,
                                        struct slw_bytes product, enum slw_key_class key_class,
                                        struct slw_signer_release *ret_release,
                                        struct slw_detail *detail)
{
    static const size_t limit = SLW_NOTE_SIZE_MAX;
    struct looking looking = {.files = files,
                              .product = product,
                              .class_word = slw_policy_class_name(key_class),
                              .detail = detail};
    struct slw_signer_release release = {0};
    struct slw_heap_buffer text = {0};
    struct slw_note note;
    enum slw_status status = files->read(files->context, "checkpoint", limit, &text, detail);
    if (status == SLW_OK) {
        status = slw_checkpoint_open("checkpoint", slw_heap_bytes(&text), log_key, &note,
                                     &looking.checkpoint, detail);
    }
    if (status == SLW_OK) {
        memcpy(looking.root.bytes, looking.checkpoint.root, sizeof looking.root.bytes);
        release.log_size = looking.checkpoint.size;
        status = look_back(&looking, &release);
    }
    slw_heap_drop(&looking.scratch);
    slw_heap_drop(&text);
    if (status == SLW_OK) {
        *ret_release = release;
    }
    return status;
}

static enum slw_status read_from_service(void *context, const char *path, size_t limit,
                                         struct slw_heap_buffer *ret_bytes,
                                         struct slw_detail *detail)
{
    return slw_signer_client_log(context, path, limit, ret_bytes, detail);
}

struct slw_signer_log_files slw_signer_client_log_files(struct slw_signer_client *client)
{
    return (struct slw_signer_log_files){.context = client, .read = read_from_service};
}
