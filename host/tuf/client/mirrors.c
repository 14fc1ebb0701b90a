/* SPDX-License-Identifier: Apache-2.0 */
/* Which mirror is asked next, and whose failure is reported: the functions of mirrors.h. */
#include "mirrors.h"

#include "slipway/checked.h"

struct outcome {
    bool absent;  /* a mirror said that there is no such file */
    bool refused; /* status and detail are of something that was refused */
    enum slw_status status;
    struct slw_detail detail;
};

void slw_tuf_tell(const struct slw_tuf_observer *observer, enum slw_tuf_event event,
                  const char *name, int64_t number, const char *text)
{
    if (observer != NULL) {
        observer->event(observer->context, event, name, number, text);
    }
}

/* Whether another mirror could do better. */
static bool is_fault_of_mirror(enum slw_status status)
{
    return status == SLW_UNAVAILABLE || status == SLW_NOT_FOUND || slw_status_is_refusal(status);
}

/* "The error reported" is the last refusal; what was merely not to be had counts only without one.
 */
static void note_failure(struct outcome *outcome, const struct slw_tuf_wish *wish,
                         enum slw_status status, const struct slw_detail *detail)
{
    bool refused = slw_status_is_refusal(status);
    if (status == SLW_NOT_FOUND) {
        outcome->absent = true;
    }
    if (outcome->refused && !refused) {
        return;
    }
    outcome->refused = refused;
    outcome->status = refused ? status : SLW_UNAVAILABLE;
    if (detail->text[0] == '\0') {
        (void)slw_explain(&outcome->detail, status, "%s: %s", wish->name,
                          slw_status_meaning(status));
    } else {
        outcome->detail = *detail;
    }
}

/* The mirror in place `at` of the order: the last good one, then the others as they are numbered.
 */
static unsigned mirror_at(const struct slw_tuf_mirrors *mirrors, unsigned at)
{
    if (at == 0) {
        return mirrors->last_good;
    }
    return at <= mirrors->last_good ? at - 1 : at;
}

enum slw_status slw_tuf_mirrors_ask(struct slw_tuf_mirrors *mirrors,
                                    const struct slw_tuf_wish *wish, struct slw_detail *detail)
{
    const struct slw_fetch_port *port = mirrors->port;
    struct outcome outcome = {.status = SLW_UNAVAILABLE};
    if (port == NULL) {
        return slw_explain(detail, SLW_UNAVAILABLE, "%s: there is nowhere to fetch it from",
                           wish->name);
    }
    for (unsigned at = 0; at < port->mirrors; at++) {
        unsigned mirror = mirror_at(mirrors, at);
        struct slw_detail why = {.text = ""};
        enum slw_status status = wish->attempt(wish->context, port, mirror, &why);
        if (status == SLW_OK) {
            mirrors->last_good = mirror;
            return SLW_OK;
        }
        if (!is_fault_of_mirror(status)) {
            *detail = why;
            return status;
        }
        note_failure(&outcome, wish, status, &why);
        bool is_word = status == SLW_NOT_FOUND && wish->absence != SLW_TUF_ABSENCE_FAILURE;
        if (is_word && wish->absence == SLW_TUF_ABSENCE_BELIEVED) {
            break;
        }
        if (at + 1 < port->mirrors && !is_word) {
            slw_tuf_tell(mirrors->observer, SLW_TUF_EVENT_MIRROR, wish->name, (int64_t)mirror,
                         why.text[0] == '\0' ? slw_status_meaning(status) : why.text);
        }
    }
    *detail = outcome.detail;
    return wish->absence != SLW_TUF_ABSENCE_FAILURE && outcome.absent ? SLW_NOT_FOUND
                                                                      : outcome.status;
}

static enum slw_status attempt_metadata(void *context, const struct slw_fetch_port *port,
                                        unsigned mirror, struct slw_detail *detail)
{
    const struct slw_tuf_metadata_wish *wish = context;
    struct slw_fetch_request request = {
        .area = SLW_FETCH_METADATA,
        .path = wish->path,
        .limit = slw_min_u64(wish->limit, SLW_JSON_SIZE_MAX),
    };
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_fetch_to_heap(port, mirror, &request, &bytes, detail);
    if (status == SLW_OK) {
        status = wish->accept(wish->context, &bytes, detail);
    }
    slw_heap_free(&bytes);
    return status;
}

enum slw_status slw_tuf_mirrors_get(struct slw_tuf_mirrors *mirrors,
                                    const struct slw_tuf_metadata_wish *wish,
                                    struct slw_detail *detail)
{
    struct slw_tuf_metadata_wish copy = *wish;
    struct slw_tuf_wish ask = {
        .name = wish->path,
        .absence = wish->absence,
        .attempt = attempt_metadata,
        .context = &copy,
    };
    return slw_tuf_mirrors_ask(mirrors, &ask, detail);
}
