/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the pipeline share: its document, builds on their way, gates. */
#ifndef SLIPWAY_DEPOT_PIPELINE_PART_H
#define SLIPWAY_DEPOT_PIPELINE_PART_H

#include "depot.h"

#include "artifacts/artifacts.h"
#include "core/serve.h"
#include "jobs/jobs.h"
#include "releases/releases.h"

#include "slipway/text.h"

#define PIPELINE_LEASE "pipelines"
#define PIPELINE_STAGES 4u
#define PIPELINE_DOCUMENT_MAX 65536u
#define PIPELINE_GATES_MAX 32u /* of one stage */
#define PIPELINE_JOBS_MAX 64u
#define PIPELINE_FREEZES_MAX 64u
#define PIPELINE_TRIGGERS_MAX 16u
#define PIPELINE_CHANGES_MAX 200u
#define PIPELINE_SECONDS_MAX (INT64_C(10) * 365 * 24 * 3600)

/* "daily", "internal", "candidate", "production": numbered from 1. */
extern const char *const pipeline_stage_names[PIPELINE_STAGES];
/* 0: none of them. */
int64_t pipeline_stage_number(struct slw_bytes name);

static inline uint32_t pipeline_member(const struct slw_json_document *json, uint32_t object,
                                       const char *name)
{
    return slw_json_member(json, object, slw_text_bytes(name));
}

/* What the thread remembers, of one process. */
struct depot_pipeline_state {
    int64_t after_us; /* builds that began later are looked at next */
};

/* document.c: whether it is a pipeline. SLW_BAD_ARGUMENT with the place and what is wrong there. */
SLW_MUST_USE enum slw_status pipeline_document_check(const struct slw_json_document *json,
                                                     const struct depot_settings *settings,
                                                     struct slw_detail *detail);
/* document_jobs.c: "jobs" and "triggers" of it. */
SLW_MUST_USE enum slw_status pipeline_jobs_check(const struct slw_json_document *json,
                                                 struct slw_detail *detail);
/* SLW_BAD_ARGUMENT, with the value's place. */
enum slw_status pipeline_wrong(const struct slw_json_document *json, uint32_t value,
                               const char *what, struct slw_detail *detail);
/* An object of members that are known: names with spaces around, " a b ". */
SLW_MUST_USE enum slw_status pipeline_check_members(const struct slw_json_document *json,
                                                    uint32_t object, const char *known,
                                                    struct slw_detail *detail);
/* 1 to 64 names, of which more is in depot_is_name(); or no list at all. */
SLW_MUST_USE enum slw_status pipeline_check_names(const struct slw_json_document *json,
                                                  uint32_t list, const char *more,
                                                  struct slw_detail *detail);
bool pipeline_is_name(const struct slw_json_document *json, uint32_t value);
bool pipeline_is_number(const struct slw_json_document *json, uint32_t value, int64_t min,
                        int64_t max);
/* The object of a stage that has gates; SLW_JSON_NONE. */
uint32_t pipeline_stage(const struct slw_json_document *json, int64_t number);
/* The next stage behind this one (0: none yet); 0 when there is none. */
int64_t pipeline_next_stage(const struct slw_json_document *json, int64_t number);
/* The one before; 0. */
int64_t pipeline_former_stage(const struct slw_json_document *json, int64_t number);
/* A time of the document, in microseconds; it was checked. */
int64_t pipeline_time(struct slw_bytes text);
/* [{"kind","id","text"}]; of a patch fixes only. */
SLW_MUST_USE enum slw_status pipeline_changes_check(const struct slw_json_document *json,
                                                    uint32_t changes, bool fixes_only,
                                                    struct slw_detail *detail);

/* A build on its way, as it is in the database. */
struct qualification {
    struct slw_bytes product, build;
    int64_t pipeline, furthest, began_us;
    char kind[16], state[16];
    bool is_open;
    bool is_gone; /* its bundle went by retention */
    struct slw_heap_buffer changes, report, reason, document;
    struct slw_json_document json; /* of the document */
};
/* SLW_NOT_FOUND. Views product and build are the caller's. */
SLW_MUST_USE enum slw_status pipeline_read(struct slw_transaction *transaction,
                                           struct slw_bytes product, struct slw_bytes build,
                                           struct qualification *ret_qualification,
                                           struct slw_detail *detail);
void pipeline_free(struct qualification *qualification);

/* gates.c: looks at the gates of the next stage. */
struct gates_seen {
    int64_t stage;                  /* that comes next; 0: none */
    bool all_hold;                  /* and nothing freezes it */
    bool wants;                     /* a signature that nobody asked for yet */
    bool is_refused;                /* the signing service refused */
    struct depot_release_wish wish; /* what for */
    int64_t version;                /* of the stage's own release; 0 */
    struct slw_heap_buffer report;  /* JSON */
    struct slw_heap_buffer reason;  /* of the refusal */
};
SLW_MUST_USE enum slw_status pipeline_look(struct slw_transaction *transaction,
                                           const struct qualification *qualification,
                                           struct gates_seen *seen, struct slw_detail *detail);
void pipeline_seen_free(struct gates_seen *seen);

/* One gate; why is filled when it doesn't hold. gate_checks.c */
struct gate_look {
    struct slw_transaction *transaction;
    const struct qualification *qualification;
    int64_t stage, former, now_us;
    struct slw_heap_buffer why;
    struct gates_seen *seen;
    bool may_want; /* every gate before it holds */
};
SLW_MUST_USE enum slw_status pipeline_gate_holds(struct gate_look *look, uint32_t gate,
                                                 bool *ret_holds, struct slw_detail *detail);
SLW_MUST_USE enum slw_status pipeline_signed_holds(struct gate_look *look, struct slw_bytes key,
                                                   bool *ret_holds, struct slw_detail *detail);

/* advance.c: the thread. */
enum slw_status pipeline_work(struct depot *depot, int64_t token, struct slw_detail *detail);
/* State of a build, its event and its entry in the audit trail. */
SLW_MUST_USE enum slw_status pipeline_set_state(struct slw_transaction *transaction,
                                                struct slw_bytes product, struct slw_bytes build,
                                                const char *state, const char *who,
                                                struct slw_bytes reason, struct slw_detail *detail);

/* routes */
void pipeline_get(void *context, struct slw_http_exchange *exchange);
void pipeline_put(void *context, struct slw_http_exchange *exchange);
void pipeline_show_build(void *context, struct slw_http_exchange *exchange);
void pipeline_approve(void *context, struct slw_http_exchange *exchange);
void pipeline_set_kind(void *context, struct slw_http_exchange *exchange);
void pipeline_retry(void *context, struct slw_http_exchange *exchange);
void pipeline_drill(void *context, struct slw_http_exchange *exchange);
void pipeline_ready(void *context, struct slw_http_exchange *exchange);
void pipeline_withdraw(void *context, struct slw_http_exchange *exchange);

#endif
