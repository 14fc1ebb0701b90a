/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening and closing a repository's writer. */
#include "gather.h"

#include <stdlib.h>

enum slw_status slw_tuf_writer_new(const struct slw_tuf_writer_options *options,
                                   struct slw_tuf_writer **ret_writer, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return slw_explain_no_memory(detail);
    }
    writer->options = *options;
    slw_tuf_settings_default(&writer->settings);
    enum slw_status status = slw_tuf_writer_roles_init(writer, detail);
    if (status != SLW_OK) {
        slw_tuf_writer_close(writer);
        return status;
    }
    *ret_writer = writer;
    return SLW_OK;
}

void slw_tuf_writer_close(struct slw_tuf_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    slw_tuf_published_forget(writer);
    slw_tuf_writer_roles_free(writer);
    free(writer);
}

/* Twice as long, so that there is as much of it left when it is renewed. */
static void lengthen(struct slw_tuf_period *period, uint32_t life_s)
{
    if (period->due_s < life_s) {
        period->due_s = life_s;
        period->expires_s = period->expires_s < 2 * life_s ? 2 * life_s : period->expires_s;
    }
}

static enum slw_status open_writer(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    uint32_t life_s = writer->options.online_life_s;
    SLW_TRY(slw_tuf_settings_load(writer, &writer->settings, detail));
    if (life_s > UINT32_MAX / 4) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a snapshot can't be made to live that long");
    }
    if (life_s > 0) {
        lengthen(&writer->settings.periods[SLW_TUF_TIMESTAMP], life_s);
        lengthen(&writer->settings.periods[SLW_TUF_SNAPSHOT], life_s);
    }
    SLW_TRY(slw_tuf_published_load(writer, detail));
    return slw_tuf_staged_load(writer, detail);
}

enum slw_status slw_tuf_writer_open(const struct slw_tuf_writer_options *options,
                                    struct slw_tuf_writer **ret_writer, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = NULL;
    SLW_TRY(slw_tuf_writer_new(options, &writer, detail));
    enum slw_status status = open_writer(writer, detail);
    if (status != SLW_OK) {
        slw_tuf_writer_close(writer);
        return status;
    }
    *ret_writer = writer;
    return SLW_OK;
}

/* The settings are written last, so they say that there is a repository. */
static enum slw_status check_absent(const struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    static const char *const keys[] = {"state/settings.json", "metadata/1.root.json",
                                       "metadata/timestamp.json"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool exists = false;
        SLW_TRY(slw_tuf_store_exists(writer, keys[i], &exists, detail));
        if (exists) {
            return slw_explain(detail, SLW_WRONG_STATE, "there is a repository already (%s)",
                               keys[i]);
        }
    }
    return SLW_OK;
}

static enum slw_status take_periods(struct slw_tuf_writer *writer,
                                    const struct slw_tuf_period *periods, struct slw_detail *detail)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        if (periods[i].expires_s == 0) {
            continue;
        }
        if (periods[i].due_s >= periods[i].expires_s) {
            return slw_explain(
                detail, SLW_BAD_ARGUMENT, "%s: is due %u s before it expires, and lives for %u s",
                slw_tuf_type_name((enum slw_tuf_type)i), periods[i].due_s, periods[i].expires_s);
        }
        writer->settings.periods[i] = periods[i];
    }
    return SLW_OK;
}

static enum slw_status gather_first(struct slw_tuf_writer *writer, const struct slw_tuf_init *init,
                                    struct slw_detail *detail)
{
    struct slw_tuf_writer_role *root = slw_tuf_writer_root(writer);
    struct slw_tuf_writer_role *targets = slw_tuf_writer_targets(writer);
    SLW_TRY(slw_tuf_gather_into(&root->gathered, SLW_TUF_ROOT, detail));
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        SLW_TRY(
            slw_tuf_draft_rotate(root->gathered, (enum slw_tuf_type)i, init->roles + i, detail));
    }
    SLW_TRY(slw_tuf_gather_into(&targets->gathered, SLW_TUF_TARGETS, detail));
    targets->gathered->signs_again = true;
    return SLW_OK;
}

static enum slw_status init_writer(struct slw_tuf_writer *writer, const struct slw_tuf_init *init,
                                   struct slw_detail *detail)
{
    SLW_TRY(check_absent(writer, detail));
    SLW_TRY(gather_first(writer, init, detail));
    SLW_TRY(slw_tuf_prepare_all(writer, true, detail));
    return slw_tuf_settings_store(writer, detail);
}

enum slw_status slw_tuf_writer_init(const struct slw_tuf_writer_options *options,
                                    const struct slw_tuf_init *init, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = NULL;
    SLW_TRY(slw_tuf_writer_new(options, &writer, detail));
    enum slw_status status = take_periods(writer, init->periods, detail);
    if (status == SLW_OK) {
        status = slw_tuf_writer_enter(writer, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_writer_leave(writer, init_writer(writer, init, detail), detail);
    }
    slw_tuf_writer_close(writer);
    return status;
}
