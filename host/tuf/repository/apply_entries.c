/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next version of a snapshot or a timestamp. The usual publish changes a few versions of many
 * and leaves their number of digits: then the digits are written over in place, after everything
 * has been checked. Else the entries are put together again.
 */
#include "apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What happens to a file: it gets a version, or goes. */
struct step {
    struct slw_bytes name; /* "ROLE.json" */
    int64_t version;       /* 0: it goes */
    size_t at;             /* its entry, or SLW_TUF_NOWHERE */
};

struct plan {
    struct step *steps; /* in the order of names */
    size_t count;
    struct slw_heap_buffer names;
};

static void free_plan(struct plan *plan)
{
    free(plan->steps);
    slw_heap_free(&plan->names);
}

static int compare_steps(const void *left, const void *right)
{
    return slw_bytes_compare(((const struct step *)left)->name, ((const struct step *)right)->name);
}

/*
 * TUF 1.0.34, section 4.4, METAPATH: "For snapshot.json, these are top-level targets metadata and
 * delegated targets metadata."
 */
static enum slw_status check_role(const struct slw_tuf_model *model, struct slw_bytes role,
                                  struct slw_detail *detail)
{
    enum slw_tuf_type type = SLW_TUF_TARGETS;
    SLW_TRY(slw_tuf_check_role_name(model, role, detail));
    if (slw_tuf_type_named(role, &type) && type != SLW_TUF_TARGETS) {
        return slw_explain(detail, SLW_BAD_NAME, "%s: lists targets and delegated roles, not %s",
                           model->label, slw_tuf_type_name(type));
    }
    return SLW_OK;
}

static struct slw_bytes role_of_step(const struct slw_tuf_change *change, size_t step)
{
    return step < change->set_count ? change->set[step].role
                                    : change->drop[step - change->set_count];
}

/* The names are one behind the other in plan->names; views of them are taken once all are there. */
static enum slw_status write_names(const struct slw_tuf_model *model,
                                   const struct slw_tuf_change *change, struct plan *plan,
                                   struct slw_detail *detail)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct slw_bytes role = role_of_step(change, i);
        SLW_TRY(check_role(model, role, detail));
        slw_heap_append(&plan->names, role);
        slw_heap_append(&plan->names, SLW_BYTES_OF(".json"));
    }
    return plan->names.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status order_steps(const struct slw_tuf_model *model,
                                   const struct slw_tuf_change *change, struct plan *plan,
                                   struct slw_detail *detail)
{
    size_t start = 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct step *step = &plan->steps[i];
        step->name = slw_bytes_make(plan->names.ptr + start, role_of_step(change, i).len + 5);
        step->version = i < change->set_count ? change->set[i].version : 0;
        start += step->name.len;
        if (i < change->set_count && (step->version < 1 || step->version > SLW_TUF_NUMBER_MAX)) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "%s: %.*s: versions are 1 to 2^53 - 1, not %" PRId64, model->label,
                               SLW_TUF_SHOWN(step->name), step->version);
        }
    }
    qsort(plan->steps, plan->count, sizeof *plan->steps, compare_steps);
    for (size_t i = 1; i < plan->count; i++) {
        if (compare_steps(&plan->steps[i - 1], &plan->steps[i]) == 0) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: %.*s: twice in one change",
                               model->label, SLW_TUF_SHOWN(plan->steps[i].name));
        }
    }
    return SLW_OK;
}

/*
 * TUF 1.0.34, section 5.5.5: "The version number of the targets metadata file, and all delegated
 * targets metadata files, if any, in the trusted snapshot metadata file, if any, MUST be less than
 * or equal to its version number in the new snapshot metadata file."
 */
static enum slw_status check_steps(const struct slw_tuf_model *model, struct plan *plan,
                                   struct slw_detail *detail)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct step *step = &plan->steps[i];
        step->at = slw_tuf_entries_find(&model->entries, step->name);
        if (step->version == 0 && step->at == SLW_TUF_NOWHERE) {
            return slw_explain(detail, SLW_NOT_FOUND, "%s: %.*s: isn't listed, so it can't go",
                               model->label, SLW_TUF_SHOWN(step->name));
        }
        if (step->version != 0 && step->at != SLW_TUF_NOWHERE &&
            step->version < model->entries.list[step->at].version) {
            return slw_explain(detail, SLW_ROLLBACK,
                               "%s: %.*s: version %" PRId64 " is below the base's, %" PRId64,
                               model->label, SLW_TUF_SHOWN(step->name), step->version,
                               model->entries.list[step->at].version);
        }
    }
    return SLW_OK;
}

static uint16_t digits_of(int64_t version, char *digits, size_t size)
{
    return (uint16_t)snprintf(digits, size, "%" PRId64, version);
}

static bool fits_in_place(const struct slw_tuf_entries *entries, const struct step *step)
{
    char digits[24];
    return step->version != 0 && step->at != SLW_TUF_NOWHERE &&
           entries->list[step->at].digits_len == digits_of(step->version, digits, sizeof digits);
}

/* The digits stand before the brace that ends the entry. */
static void change_in_place(struct slw_tuf_entries *entries, const struct step *step)
{
    char digits[24];
    size_t len = digits_of(step->version, digits, sizeof digits);
    struct slw_bytes text = slw_tuf_entry_text(entries, step->at);
    size_t end = entries->list[step->at].text + text.len - 1;
    memcpy(entries->text.ptr + end - len, digits, len);
    entries->list[step->at].version = step->version;
}

/* Whether the step leaves an entry as it is, hashes included. */
static bool keeps(const struct slw_tuf_entries *old, const struct step *step)
{
    return step->at != SLW_TUF_NOWHERE && step->version == old->list[step->at].version;
}

/* The first entry from a place on whose name isn't below name. */
static size_t skip_below(const struct slw_tuf_entries *entries, size_t from, struct slw_bytes name)
{
    size_t high = entries->count;
    while (from < high) {
        size_t middle = from + (high - from) / 2;
        if (slw_bytes_compare(slw_tuf_entry_name(entries, middle), name) < 0) {
            from = middle + 1;
        } else {
            high = middle;
        }
    }
    return from;
}

static enum slw_status rebuild(const struct slw_tuf_entries *old, const struct plan *plan,
                               struct slw_tuf_entries *made, struct slw_detail *detail)
{
    size_t next = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        if (keeps(old, step)) {
            continue; /* it goes with the run around it */
        }
        size_t end = step->at != SLW_TUF_NOWHERE ? step->at : skip_below(old, next, step->name);
        SLW_TRY(slw_tuf_entries_append_run(made, old, next, end, detail));
        next = step->at != SLW_TUF_NOWHERE ? end + 1 : end;
        if (step->version != 0) {
            SLW_TRY(slw_tuf_entries_append(made, step->name, step->version, detail));
        }
    }
    return slw_tuf_entries_append_run(made, old, next, old->count, detail);
}

static enum slw_status run_plan(struct slw_tuf_model *model, const struct plan *plan,
                                struct slw_detail *detail)
{
    struct slw_tuf_entries made = {0};
    bool fits = true;
    for (size_t i = 0; i < plan->count && fits; i++) {
        fits = fits_in_place(&model->entries, &plan->steps[i]);
    }
    if (fits) {
        for (size_t i = 0; i < plan->count; i++) {
            change_in_place(&model->entries, &plan->steps[i]);
        }
        return SLW_OK;
    }
    enum slw_status status = rebuild(&model->entries, plan, &made, detail);
    if (status != SLW_OK) {
        slw_tuf_entries_free(&made);
        return status;
    }
    slw_tuf_entries_free(&model->entries);
    model->entries = made;
    return SLW_OK;
}

/* TUF 1.0.34, section 4.4: "It MUST list the version numbers of the top-level targets metadata and
 * all delegated targets metadata." */
static enum slw_status check_has_targets(const struct slw_tuf_model *model, const struct plan *plan,
                                         struct slw_detail *detail)
{
    const struct slw_bytes name = SLW_BYTES_OF("targets.json");
    bool has = slw_tuf_entries_find(&model->entries, name) != SLW_TUF_NOWHERE;
    for (size_t i = 0; i < plan->count; i++) {
        if (slw_bytes_equal(plan->steps[i].name, name)) {
            has = plan->steps[i].version != 0;
        }
    }
    return has ? SLW_OK
               : slw_explain(detail, SLW_MISSING_TARGETS,
                             "snapshot: doesn't list the top-level targets");
}

enum slw_status slw_tuf_apply_snapshot(struct slw_tuf_model *model,
                                       const struct slw_tuf_change *change,
                                       struct slw_detail *detail)
{
    struct plan plan = {.count = change->set_count + change->drop_count};
    plan.steps = calloc(plan.count + 1, sizeof *plan.steps);
    enum slw_status status = plan.steps == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    if (status == SLW_OK) {
        status = write_names(model, change, &plan, detail);
    }
    if (status == SLW_OK) {
        status = order_steps(model, change, &plan, detail);
    }
    if (status == SLW_OK) {
        status = check_steps(model, &plan, detail);
    }
    if (status == SLW_OK) {
        status = check_has_targets(model, &plan, detail);
    }
    if (status == SLW_OK) {
        status = run_plan(model, &plan, detail);
    }
    free_plan(&plan);
    return status;
}

/*
 * TUF 1.0.34, section 5.4.3.2: "The version number of the snapshot metadata file in the trusted
 * timestamp metadata file, if any, MUST be less than or equal to its version number in the new
 * timestamp metadata file."
 */
enum slw_status slw_tuf_apply_timestamp(struct slw_tuf_model *model,
                                        const struct slw_tuf_change *change,
                                        struct slw_detail *detail)
{
    struct step step = {.name = SLW_BYTES_OF("snapshot.json"), .version = change->snapshot_version};
    struct plan plan = {.steps = &step, .count = 1};
    if (step.version < 1 || step.version > SLW_TUF_NUMBER_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "timestamp: names a snapshot of version 1 to 2^53 - 1, not %" PRId64,
                           step.version);
    }
    SLW_TRY(check_steps(model, &plan, detail));
    return run_plan(model, &plan, detail);
}
