/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refresh, to be called again and again by a timer: signs again what is due. Snapshot, timestamp,
 * bins and roles whose keys are at hand are published at once; for the others a next version is
 * staged, to be signed by whoever can.
 */
#include "gather.h"

#include <inttypes.h>

static int64_t due_by(const struct slw_tuf_writer *writer, enum slw_tuf_type type)
{
    return slw_tuf_writer_now(writer) + (int64_t)writer->settings.periods[type].due_s;
}

/* A role that nobody delegates to any more is nobody's concern. */
static enum slw_status is_delegated(const struct slw_tuf_writer *writer,
                                    const struct slw_tuf_writer_role *role, bool *ret_is,
                                    struct slw_detail *detail)
{
    struct slw_tuf_delegators delegators = {0};
    enum slw_status status =
        slw_tuf_delegators_load(writer, role, SLW_TUF_VIEW_PUBLISHED, &delegators, detail);
    *ret_is = delegators.count > 0;
    slw_tuf_delegators_free(&delegators);
    return status;
}

/* What waits to be signed, and would hardly live when it is, gets a new time; the signatures that
 * it has are void then. */
static void renew_staged(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role)
{
    slw_tuf_writer_tell(writer,
                        "%s: version %" PRId64 " was staged so long ago that it would soon expire",
                        role->name, role->applied.version);
    role->applied.version = 0;
}

static enum slw_status gather_due(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    int64_t due_s = due_by(writer, role->type);
    bool is_due = role->published != NULL && role->published->expires_utc_s <= due_s;
    bool wanted = false;
    if (role->draft != NULL) {
        if (role->next == NULL || role->applied.expires_utc_s > due_s) {
            return SLW_OK;
        }
        renew_staged(writer, role);
        wanted = true;
    } else if (is_due) {
        SLW_TRY(is_delegated(writer, role, &wanted, detail));
    }
    if (wanted) {
        SLW_TRY(slw_tuf_gather_into(&role->gathered, role->type, detail));
        role->gathered->signs_again = true;
    }
    return SLW_OK;
}

static enum slw_status refresh(struct slw_tuf_writer *writer,
                               struct slw_tuf_published *ret_published, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_published_load(writer, detail));
    SLW_TRY(slw_tuf_staged_load(writer, detail));
    for (size_t i = 0; i < writer->roles_count; i++) {
        SLW_TRY(gather_due(writer, writer->roles[i], detail));
    }
    const struct slw_tuf_due due = {
        .timestamp_s = due_by(writer, SLW_TUF_TIMESTAMP),
        .snapshot_s = due_by(writer, SLW_TUF_SNAPSHOT),
        .bins_s = due_by(writer, SLW_TUF_TARGETS),
    };
    SLW_TRY(slw_tuf_publish_all(writer, &due, ret_published, detail));
    return slw_tuf_collect(writer, detail);
}

enum slw_status slw_tuf_writer_refresh(struct slw_tuf_writer *writer,
                                       struct slw_tuf_published *ret_published,
                                       struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    return slw_tuf_writer_leave(writer, refresh(writer, ret_published, detail), detail);
}
