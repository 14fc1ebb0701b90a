/* SPDX-License-Identifier: Apache-2.0 */
/* Who has how much of the room for staged copies. See staging_room.h. */
#include "staging_room.h"

#include "slipway/explain.h"
#include "slipway/heap.h"

#include <stdlib.h>

/* --- Shares --- */

/* NULL: no memory. There are as many as names ever staged something that was there. */
static struct slw_staging_share *share_of(struct slw_staging *staging, const char *who)
{
    for (size_t i = 0; i < staging->shares_count; i++) {
        if (strcmp(staging->shares[i]->who, who) == 0) {
            return staging->shares[i];
        }
    }
    struct slw_staging_share **grown =
        slw_heap_grow(staging->shares, staging->shares_count, sizeof(struct slw_staging_share *));
    struct slw_staging_share *share = grown == NULL ? NULL : calloc(1, sizeof *share);
    staging->shares = grown == NULL ? staging->shares : grown;
    if (share != NULL) {
        memcpy(share->who, who, strlen(who) + 1);
        staging->shares[staging->shares_count++] = share;
    }
    return share;
}

/* Has this share, or nobody, pay so much for a file from now on. */
static void charge(struct slw_staging *staging, struct slw_staging_file *file,
                   struct slw_staging_share *share, uint64_t reserved)
{
    const uint64_t parts = file->part == NULL ? 0 : 1;
    if (file->share != NULL) {
        file->share->bytes -= file->reserved;
        file->share->count--;
        file->share->parts -= parts;
        staging->bytes -= file->reserved;
        staging->count--;
    }
    file->share = share;
    file->reserved = reserved;
    if (share != NULL) {
        share->bytes += reserved;
        share->count++;
        share->parts += parts;
        staging->bytes += reserved;
        staging->count++;
    }
}

static bool fits(uint64_t used, uint64_t more, uint64_t limit)
{
    return used <= limit && more <= limit - used;
}

/* Whether all together have room for this file, or a new one, with so many bytes. */
static bool all_have_room(const struct slw_staging *staging, const struct slw_staging_file *file,
                          uint64_t length)
{
    const uint64_t bytes = file == NULL ? 0 : file->reserved;
    const uint64_t count = file == NULL ? 0 : 1;
    return fits(staging->bytes - bytes, length, staging->limits.bytes) &&
           fits(staging->count - count, 1, staging->limits.count);
}

/* "one requester has at most half of the room" */
static bool share_has_room(const struct slw_staging *staging, const struct slw_staging_share *share,
                           const struct slw_staging_file *file, uint64_t length)
{
    const bool is_its = file != NULL && file->share == share;
    const uint64_t bytes = is_its ? file->reserved : 0;
    const uint64_t count = is_its ? 1 : 0;
    const uint64_t parts = is_its && file->part != NULL ? 1 : 0;
    return fits(share->bytes - bytes, length, slw_staging_share(staging->limits.bytes)) &&
           fits(share->count - count, 1, slw_staging_share(staging->limits.count)) &&
           fits(share->parts - parts, 1, slw_staging_share(SLW_STAGING_PARTS_MAX));
}

/* --- Files --- */

struct slw_staging_file *slw_staging_file_find(const struct slw_staging *staging,
                                               const uint8_t sha256[static SLW_SHA256_SIZE])
{
    return slw_id_map_get(&staging->files, sha256);
}

/* One that nobody pays for yet. NULL: no memory. */
static struct slw_staging_file *file_add(struct slw_staging *staging, const uint8_t *sha256)
{
    struct slw_staging_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    memcpy(file->sha256, sha256, sizeof file->sha256);
    if (!slw_id_map_put(&staging->files, file->sha256, file)) {
        free(file);
        return NULL;
    }
    return file;
}

void slw_staging_file_forget(struct slw_staging *staging, struct slw_staging_file *file)
{
    slw_staging_part_forget(staging, file);
    charge(staging, file, NULL, 0);
    slw_id_map_remove(&staging->files, file->sha256);
    free(file);
}

bool slw_staging_file_found(struct slw_staging *staging, const uint8_t *sha256, uint64_t length,
                            const struct slw_claims *claims)
{
    const char *who = "";
    for (size_t i = 0; claims != NULL && i < claims->count; i++) {
        const struct slw_claim *claim = &claims->list[i];
        if (claim->length == length) {
            who = claim->who;
        } else if (claim->length > length && *who == '\0') {
            who = claim->who;
        }
    }
    struct slw_staging_share *share = share_of(staging, who);
    struct slw_staging_file *file = slw_staging_file_find(staging, sha256);
    file = file == NULL && share != NULL ? file_add(staging, sha256) : file;
    if (file == NULL || share == NULL) {
        return false;
    }
    charge(staging, file, share, file->reserved + length); /* a copy and a part of it */
    return true;
}

static enum slw_status explain_full(const struct slw_staging *staging,
                                    const struct slw_staging_share *share,
                                    const struct slw_staging_file *file, uint64_t length,
                                    struct slw_detail *detail)
{
    if (share_has_room(staging, share, file, length)) {
        return slw_explain(detail, SLW_TOO_MANY, "no room for more staged bundles at present");
    }
    return slw_explain(detail, SLW_TOO_MANY,
                       "no room for more staged bundles of \"%s\" at present: one requester has "
                       "half of it",
                       share->who);
}

/* "A statement holds for as long as a copy is kept" */
static bool is_too_old(const struct slw_staging *staging, const struct slw_claim *claim,
                       int64_t now_utc_s)
{
    return claim->staged_utc_s < now_utc_s - (int64_t)staging->limits.age_s;
}

/* Whether it is one that goes on, with room for so much. But not without end: "as long again". */
static bool goes_on(const struct slw_staging *staging, const struct slw_staging_piece *piece,
                    const struct slw_staging_file *file, uint64_t length)
{
    const int64_t then_utc_s = piece->now_utc_s - (int64_t)staging->limits.age_s;
    bool holds = false;
    for (size_t i = 0; i < piece->claims->count; i++) {
        holds = holds || !is_too_old(staging, &piece->claims->list[i], then_utc_s);
    }
    return holds && file != NULL && file->part != NULL && length <= file->reserved;
}

/* What was broken off takes nobody's place: its hash can be taken again. */
static void parts_forget_idle(struct slw_staging *staging, int64_t now_utc_s)
{
    for (size_t i = staging->parts_count; i > 0; i--) {
        struct slw_staging_file *file = staging->parts[i - 1];
        if (file->part->used_utc_s < now_utc_s - SLW_STAGING_IDLE_S) {
            slw_staging_part_forget(staging, file);
        }
    }
}

/* Who pays: of those who announced at least so much and have room for what they announced, who
 * announced most; of these, who did last. */
static enum slw_status payer_find(struct slw_staging *staging,
                                  const struct slw_staging_piece *piece,
                                  const struct slw_staging_file *file, uint64_t length,
                                  const struct slw_claim **ret_payer,
                                  struct slw_staging_share **ret_share, struct slw_detail *detail)
{
    const struct slw_claim *payer = NULL;
    const struct slw_claim *last = NULL;
    struct slw_staging_share *lasts = NULL;
    for (size_t i = 0; i < piece->claims->count; i++) {
        const struct slw_claim *claim = &piece->claims->list[i];
        if (claim->length < length || is_too_old(staging, claim, piece->now_utc_s)) {
            continue;
        }
        struct slw_staging_share *share = share_of(staging, claim->who);
        if (share == NULL) {
            return slw_explain_no_memory(detail);
        }
        last = claim;
        lasts = share;
        if ((payer == NULL || claim->length >= payer->length) &&
            all_have_room(staging, file, claim->length) &&
            share_has_room(staging, share, file, claim->length)) {
            payer = claim;
            *ret_share = share;
        }
    }
    if (last == NULL) {
        return slw_explain(detail, SLW_STALE_STATEMENT,
                           "it was staged too long ago: stage it anew");
    }
    *ret_payer = payer;
    return payer == NULL ? explain_full(staging, lasts, file, last->length, detail) : SLW_OK;
}

enum slw_status slw_staging_file_reserve(struct slw_staging *staging,
                                         const struct slw_staging_piece *piece, uint64_t length,
                                         struct slw_staging_file **ret_file,
                                         struct slw_detail *detail)
{
    struct slw_staging_file *file = slw_staging_file_find(staging, piece->sha256);
    if (!goes_on(staging, piece, file, length)) {
        const struct slw_claim *payer = NULL;
        struct slw_staging_share *share = NULL;
        parts_forget_idle(staging, piece->now_utc_s);
        SLW_TRY(payer_find(staging, piece, file, length, &payer, &share, detail));
        file = file == NULL ? file_add(staging, piece->sha256) : file;
        if (file == NULL) {
            return slw_explain_no_memory(detail);
        }
        charge(staging, file, share, payer->length);
    }
    *ret_file = file;
    return SLW_OK;
}

void slw_staging_file_completed(struct slw_staging *staging, struct slw_staging_file *file,
                                uint64_t length)
{
    slw_staging_part_forget(staging, file);
    charge(staging, file, file->share, length);
}

/* --- Uploads that go on --- */

void slw_staging_part_forget(struct slw_staging *staging, struct slw_staging_file *file)
{
    if (file->part == NULL) {
        return;
    }
    size_t at = 0;
    while (staging->parts[at] != file) {
        at++;
    }
    staging->parts[at] = staging->parts[--staging->parts_count];
    file->share->parts--;
    free(file->part);
    file->part = NULL;
}

/* Whoever has more uploads under way makes room for more of theirs, and of others. */
static struct slw_staging_file *part_oldest(const struct slw_staging *staging)
{
    struct slw_staging_file *oldest = staging->parts[0];
    for (size_t i = 1; i < staging->parts_count; i++) {
        struct slw_staging_file *file = staging->parts[i];
        if (file->share->parts > oldest->share->parts ||
            (file->share->parts == oldest->share->parts && file->part->used < oldest->part->used)) {
            oldest = file;
        }
    }
    return oldest;
}

struct slw_staging_part *slw_staging_part_new(struct slw_staging *staging,
                                              struct slw_staging_file *file)
{
    slw_staging_part_forget(staging, file);
    struct slw_staging_part *part = calloc(1, sizeof *part);
    if (part == NULL) {
        return NULL;
    }
    if (staging->parts_count == SLW_STAGING_PARTS_MAX) {
        slw_staging_part_forget(staging, part_oldest(staging));
    }
    slw_sha256_init(&part->hash);
    file->part = part;
    file->share->parts++;
    staging->parts[staging->parts_count++] = file;
    return part;
}

/* --- The end --- */

void slw_staging_room_free(struct slw_staging *staging)
{
    for (struct slw_staging_file *file = slw_id_map_any(&staging->files); file != NULL;
         file = slw_id_map_any(&staging->files)) {
        slw_staging_file_forget(staging, file);
    }
    slw_id_map_free(&staging->files);
    for (size_t i = 0; i < staging->shares_count; i++) {
        free(staging->shares[i]);
    }
    free(staging->shares);
    staging->shares = NULL;
    staging->shares_count = 0;
}
