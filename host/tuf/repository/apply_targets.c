/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding and removing targets: the old records and the changes, both in the order of their paths,
 * are merged into new records, whose texts stand in the same order. A first publish comes through
 * here with everything.
 */
#include "apply.h"

#include "slipway/checked.h"

#include <stdlib.h>

/* Paths lie all over memory when there are many: waiting for one costs more than all else that is
 * done with it, so they are fetched this many ahead. */
#define AHEAD 8u

/* What happens to a path: it is listed with an artifact, or removed. */
struct step {
    struct slw_bytes path;
    uint64_t head; /* the first bytes behind what all paths begin with: they decide most orders */
    const struct slw_tuf_artifact *artifact; /* NULL: removed */
};

struct merge {
    const struct slw_tuf_model *model;
    const struct slw_tuf_records *old;
    const struct step *steps;
    size_t steps_count;
    struct slw_tuf_records made;
    size_t capacity; /* of the arena: what everything together takes at most */
};

/*
 * TUF 1.0.34, section 4.5, TARGETPATH: "A string giving the path to a file that is relative to a
 * mirror's base URL of targets." What no person can read in a list isn't one here.
 */
static enum slw_status check_path(const struct slw_tuf_model *model, struct slw_bytes path,
                                  struct slw_detail *detail)
{
    if (path.len == 0 || path.len > SLW_TUF_TARGET_PATH_MAX || slw_tuf_has_bad_characters(path)) {
        return slw_explain(
            detail, SLW_BAD_NAME,
            "%s: a target's path is 1 to %u bytes of UTF-8 without control characters",
            model->label, SLW_TUF_TARGET_PATH_MAX);
    }
    return SLW_OK;
}

/* Section 4.5, CUSTOM: "An object." Only its canonical form goes into canonical bytes as it is. */
static bool is_canonical_object(struct slw_bytes custom)
{
    struct slw_json_document json;
    struct slw_heap_buffer readable = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_detail detail;
    struct slw_bytes text = custom;
    bool good = false;
    if (slw_tuf_has_controls(custom)) {
        slw_tuf_escape_controls(custom, &readable);
        text = slw_heap_bytes(&readable);
    }
    if (readable.status == SLW_OK && slw_json_parse("custom", text, &json, &detail) == SLW_OK) {
        good = slw_json_kind(&json, SLW_JSON_TOP) == SLW_JSON_OBJECT &&
               slw_bytes_equal(slw_json_canonical(&json, SLW_JSON_TOP, &scratch), custom) &&
               scratch.status == SLW_OK;
        slw_json_document_free(&json);
    }
    slw_heap_free(&scratch);
    slw_heap_free(&readable);
    return good;
}

static enum slw_status check_artifact(const struct slw_tuf_model *model,
                                      const struct slw_tuf_artifact *artifact,
                                      struct slw_detail *detail)
{
    SLW_TRY(check_path(model, artifact->path, detail));
    if (artifact->length > SLW_TUF_NUMBER_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE,
                           "%s: %.*s: is longer than 2^53 - 1 bytes, where clients' numbers end",
                           model->label, SLW_TUF_SHOWN(artifact->path));
    }
    return SLW_OK;
}

static enum slw_status check_artifacts(const struct slw_tuf_model *model,
                                       const struct slw_tuf_change *change,
                                       struct slw_detail *detail)
{
    struct slw_bytes known = {0}; /* many artifacts have the same custom */
    for (size_t i = 0; i < change->add_count; i++) {
        const struct slw_tuf_artifact *artifact = &change->add[i];
        if (change->add_count - i > AHEAD) {
            __builtin_prefetch(change->add[i + AHEAD].path.ptr);
        }
        SLW_TRY(check_artifact(model, artifact, detail));
        if (artifact->custom.len != 0 && !slw_bytes_equal(artifact->custom, known)) {
            if (!is_canonical_object(artifact->custom)) {
                return slw_explain(detail, SLW_BAD_ARGUMENT,
                                   "%s: %.*s: its custom isn't a JSON object in canonical form",
                                   model->label, SLW_TUF_SHOWN(artifact->path));
            }
            known = artifact->custom;
        }
    }
    return SLW_OK;
}

static int compare_steps(const void *left, const void *right)
{
    const struct step *one = left;
    const struct step *other = right;
    if (one->head != other->head) {
        return one->head < other->head ? -1 : 1;
    }
    return slw_bytes_compare(one->path, other->path);
}

/* How many bytes all paths begin with. */
static size_t shared_length(const struct step *steps, size_t count)
{
    struct slw_bytes shared = steps[0].path;
    for (size_t i = 1; i < count && shared.len != 0; i++) {
        size_t len = 0;
        size_t end = slw_min_size(shared.len, steps[i].path.len);
        while (len < end && steps[i].path.ptr[len] == shared.ptr[len]) {
            len++;
        }
        shared.len = len;
    }
    return shared.len;
}

/* Eight bytes from start on, as a number that has their order; zeros behind the end. */
static uint64_t head_of(struct slw_bytes path, size_t start)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++) {
        head = head << 8 | (start + i < path.len ? path.ptr[start + i] : 0);
    }
    return head;
}

static void sort_steps(struct step *steps, size_t count)
{
    size_t shared = shared_length(steps, count);
    for (size_t i = 0; i < count; i++) {
        steps[i].head = head_of(steps[i].path, shared);
    }
    qsort(steps, count, sizeof *steps, compare_steps);
}

/* All steps in the order of their paths, no path twice. */
static enum slw_status order_steps(const struct slw_tuf_model *model,
                                   const struct slw_tuf_change *change, struct step *steps,
                                   size_t count, struct slw_detail *detail)
{
    bool is_sorted = true;
    for (size_t i = 0; i < count; i++) {
        bool adds = i < change->add_count;
        steps[i].artifact = adds ? &change->add[i] : NULL;
        steps[i].path = adds ? change->add[i].path : change->remove[i - change->add_count];
        is_sorted = is_sorted && (i == 0 || compare_steps(&steps[i - 1], &steps[i]) < 0);
    }
    if (is_sorted) {
        return SLW_OK;
    }
    sort_steps(steps, count);
    for (size_t i = 1; i < count; i++) {
        if (slw_bytes_equal(steps[i - 1].path, steps[i].path)) {
            return slw_explain(detail, SLW_DUPLICATE_TARGET, "%s: %.*s: twice in one change",
                               model->label, SLW_TUF_SHOWN(steps[i].path));
        }
    }
    return SLW_OK;
}

static uint32_t put_text(struct slw_tuf_records *made, struct slw_bytes text)
{
    size_t at = made->arena_len;
    if (text.len != 0) {
        memcpy(made->arena + at, text.ptr, text.len);
    }
    made->arena_len += text.len;
    return (uint32_t)at;
}

static void keep_record(struct merge *merge, const struct slw_tuf_record *old)
{
    struct slw_tuf_records *made = &merge->made;
    struct slw_tuf_record *record = &made->list[made->count++];
    *record = *old;
    record->path = put_text(made, slw_tuf_record_path(merge->old, old));
    record->custom = put_text(made, slw_tuf_record_custom(merge->old, old));
    record->object = put_text(made, slw_tuf_record_object(merge->old, old));
}

static void add_record(struct merge *merge, const struct slw_tuf_artifact *artifact)
{
    struct slw_tuf_records *made = &merge->made;
    struct slw_tuf_record *record = &made->list[made->count++];
    *record = (struct slw_tuf_record){
        .length = artifact->length,
        .path_len = slw_tuf_path_len(artifact->path),
        .custom_len = (uint32_t)artifact->custom.len,
    };
    memcpy(record->sha256, artifact->sha256, sizeof record->sha256);
    record->path = put_text(made, artifact->path);
    record->custom = put_text(made, artifact->custom);
}

/* Old records up to the path of the next step; *next is behind them. */
static void keep_below(struct merge *merge, struct slw_bytes path, size_t *next)
{
    while (*next < merge->old->count &&
           slw_bytes_compare(slw_tuf_record_path(merge->old, &merge->old->list[*next]), path) < 0) {
        keep_record(merge, &merge->old->list[(*next)++]);
    }
}

static enum slw_status run_steps(struct merge *merge, struct slw_detail *detail)
{
    size_t next = 0;
    for (size_t i = 0; i < merge->steps_count; i++) {
        const struct step *step = &merge->steps[i];
        keep_below(merge, step->path, &next);
        bool is_listed =
            next < merge->old->count &&
            slw_bytes_equal(slw_tuf_record_path(merge->old, &merge->old->list[next]), step->path);
        if (is_listed) {
            next++;
        }
        if (step->artifact != NULL) {
            add_record(merge, step->artifact);
        } else if (!is_listed) {
            return slw_explain(detail, SLW_NOT_FOUND, "%s: %.*s: isn't listed, so it can't go",
                               merge->model->label, SLW_TUF_SHOWN(step->path));
        }
    }
    while (next < merge->old->count) {
        keep_record(merge, &merge->old->list[next++]);
    }
    return SLW_OK;
}

/* What all texts take. Old ones that are replaced are counted too; they are given back at the end.
 */
static enum slw_status measure(struct merge *merge, const struct slw_tuf_change *change,
                               struct slw_detail *detail)
{
    size_t size = merge->old->arena_len;
    for (size_t i = 0; i < change->add_count && size <= SLW_JSON_SIZE_MAX; i++) {
        if (!slw_add_size(size, change->add[i].custom.len, &size)) {
            size = SIZE_MAX;
            break;
        }
        size += change->add[i].path.len;
    }
    if (size > SLW_JSON_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than a metadata file can hold",
                           merge->model->label);
    }
    merge->capacity = size;
    return SLW_OK;
}

static enum slw_status make_room(struct merge *merge, size_t records, struct slw_detail *detail)
{
    merge->made.list = calloc(records == 0 ? 1 : records, sizeof *merge->made.list);
    merge->made.arena = malloc(merge->capacity == 0 ? 1 : merge->capacity);
    return merge->made.list == NULL || merge->made.arena == NULL ? slw_explain_no_memory(detail)
                                                                 : SLW_OK;
}

static void give_back(struct slw_tuf_records *made)
{
    made->arena = slw_tuf_shrink(made->arena, made->arena_len);
    made->list = slw_tuf_shrink(made->list, made->count * sizeof *made->list);
}

enum slw_status slw_tuf_apply_records(const struct slw_tuf_model *model,
                                      const struct slw_tuf_change *change,
                                      struct slw_tuf_records *ret_records,
                                      struct slw_detail *detail)
{
    size_t count = change->add_count + change->remove_count;
    struct merge merge = {.model = model, .old = &model->records, .steps_count = count};
    SLW_TRY(check_artifacts(model, change, detail));
    SLW_TRY(measure(&merge, change, detail));
    struct step *steps = calloc(count, sizeof *steps);
    if (steps == NULL) {
        return slw_explain_no_memory(detail);
    }
    merge.steps = steps;
    enum slw_status status = order_steps(model, change, steps, count, detail);
    if (status == SLW_OK) {
        status = make_room(&merge, merge.old->count + change->add_count, detail);
    }
    if (status == SLW_OK) {
        status = run_steps(&merge, detail);
    }
    free(steps);
    if (status != SLW_OK) {
        slw_tuf_records_free(&merge.made);
        return status;
    }
    give_back(&merge.made);
    *ret_records = merge.made;
    return SLW_OK;
}
