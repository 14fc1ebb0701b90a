/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that has releases signed: with the lease `pipelines` it carries each one a step on. A
 * service that is away delays, and nothing else; a refusal is the release's end, with its reason.
 */
#include "part.h"

#include <stdlib.h>

#define AWAY_S 2
#define WRONG_S 20

static bool is_away(enum slw_status status)
{
    return status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT || status == SLW_IO_CLOSED ||
           status == SLW_TOO_MANY;
}

static enum slw_status step(struct depot *depot, int64_t token, struct releases_service *service,
                            const struct release *release, struct slw_detail *detail)
{
    if (strcmp(release->state, "signing") == 0) {
        return releases_follow(depot, token, service, release, detail);
    }
    return release->prepared[0] == '\0' ? releases_prepare(depot, token, release, detail)
                                        : releases_ask(depot, token, service, release, detail);
}

/* Why it didn't go on, where people see it. What the service refused when it was asked is final;
 * what failed here is tried again. */
static enum slw_status note_failure(struct depot *depot, int64_t token,
                                    const struct release *release, enum slw_status failed,
                                    const char *why, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    bool is_asking = strcmp(release->state, "signing") == 0 && !release->is_sent;
    bool is_refused = is_asking && !is_away(failed) && slw_status_is_refusal(failed);
    if (is_away(failed)) {
        slw_heap_printf(&text, "the signing service is away: %s", why);
    } else {
        slw_heap_printf(&text, "%s: %s", slw_status_word(failed), why);
    }
    const struct release_step step = {
        .lease = RELEASES_SIGNING_LEASE,
        .token = token,
        .release = release,
        .to = is_refused ? "refused" : NULL,
        .reason = slw_heap_text(&text),
        .retry_s = is_away(failed) || failed == SLW_DATABASE_AWAY ? AWAY_S : WRONG_S,
    };
    enum slw_status status = releases_step(depot, &step, detail);
    slw_heap_drop(&text);
    return status;
}

static enum slw_status carry_on(struct depot *depot, int64_t token,
                                struct releases_service *service, const struct release *list,
                                size_t count, struct slw_detail *detail)
{
    for (size_t i = 0; i < count; i++) {
        struct slw_detail why = {""};
        enum slw_status status = step(depot, token, service, &list[i], &why);
        if (status == SLW_WRONG_STATE) {
            *detail = why;
            return status; /* the lease is somebody else's, or a person was faster: look anew */
        }
        if (status != SLW_OK) {
            SLW_TRY(note_failure(depot, token, &list[i], status, why.text, detail));
        }
    }
    return SLW_OK;
}

#define NO_SERVICE "this depot has no signing service in its settings"

static enum slw_status note_no_service(struct depot *depot, int64_t token, struct release *list,
                                       struct slw_detail *detail)
{
    size_t count = 0;
    SLW_TRY(releases_list(depot, "state IN ('prepared', 'signing') AND reason <> '" NO_SERVICE "'",
                          list, &count, detail));
    for (size_t i = 0; i < count; i++) {
        const struct release_step step = {
            .lease = RELEASES_SIGNING_LEASE,
            .token = token,
            .release = &list[i],
            .reason = NO_SERVICE,
        };
        SLW_TRY(releases_step(depot, &step, detail));
    }
    return SLW_OK;
}

static enum slw_status ask_service(struct depot *depot, int64_t token, struct release *list,
                                   struct slw_detail *detail)
{
    struct releases_service service;
    size_t count = 0;
    SLW_TRY(releases_list(depot, "state IN ('prepared', 'signing')", list, &count, detail));
    if (count == 0) {
        return SLW_OK;
    }
    SLW_TRY(releases_service_open(depot->settings, &service, detail));
    enum slw_status status = carry_on(depot, token, &service, list, count, detail);
    releases_service_close(&service);
    return status;
}

enum slw_status releases_sign(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct release *list = calloc(RELEASES_AT_ONCE, sizeof *list);
    if (list == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = depot->settings->signer.url[0] == '\0'
                                 ? note_no_service(depot, token, list, detail)
                                 : ask_service(depot, token, list, detail);
    free(list);
    return status;
}
