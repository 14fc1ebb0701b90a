/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the depot share: the services that core/program.c opens, how a call is
 * authorized, how a change is recorded. Each part (a folder beside this file) brings a table of
 * routes, and possibly a thread of work that needs a lease; parts meet here, in the database, and
 * in the headers PART/PART.h.
 *
 * A part joins by its meson.build: it appends its files to depot_sources, its unit tests to
 * depot_tests, and 'NAME' to depot_parts for a `const struct depot_part depot_NAME`. A migration
 * joins by being there, as depot/migrations/NNNN-name.sql.
 *
 *     static void show_product(void *context, struct slw_http_exchange *exchange)
 *     {
 *         struct depot *depot = depot_of(context);
 *         const struct depot_caller *caller = depot_caller(exchange);
 *         …
 *         depot_answer(exchange, status, 200, &text, &detail);
 *     }
 *     static const struct slw_http_route routes[] = {
 *         {"GET", "/api/v1/products/{product}", show_product, 0, DEPOT_SEE},
 *     };
 *     const struct depot_part depot_people = {.name = "people", .routes = routes, …};
 */
#ifndef SLIPWAY_DEPOT_H
#define SLIPWAY_DEPOT_H

#include "slipway/blobs.h"
#include "slipway/database.h"
#include "slipway/http_server.h"
#include "slipway/json.h"
#include "slipway/json_reader.h"

#include "settings.h"

#define DEPOT_NAME_MAX 64u
#define DEPOT_TIME_SIZE 40u

struct depot {
    const struct depot_settings *settings;
    struct slw_database *database;
    struct slw_blobs *blobs;
    char replica[96];                  /* name of this process, holder of leases */
    char address[DEPOT_TEXT_MAX + 16]; /* as people see it: settings->url, or what it listens on */
    uint8_t secret[32];                /* signs nonces; the same in all replicas */

    struct depot_remembered *remembered; /* core/remember.h */

    /* What parts keep in memory, each its own, from open to close. */
    struct depot_people_state *people;
    struct depot_events_state *events;
    struct depot_artifacts_state *artifacts;
    struct depot_pipeline_state *pipeline;
    struct depot_jobs_state *jobs;
    struct depot_releases_state *releases;
    struct depot_rollouts_state *rollouts;
    struct depot_devices_state *devices;
};

/* Roles. Somebody may have several in a product; each brings what DEPOT.md, section 3, says. */
enum depot_role {
    DEPOT_NOBODY,
    DEPOT_VIEWER,
    DEPOT_DEVELOPER,
    DEPOT_RELEASE_MANAGER,
    DEPOT_APPROVER,
    DEPOT_ADMINISTRATOR,
};

/* What a route asks of its caller: its flags, and nothing else in them. A route without one is
 * refused at start. */
enum depot_right {
    DEPOT_PUBLIC = 1, /* anybody, devices too; the handler looks for itself */
    DEPOT_ANYBODY,    /* whoever is logged in */
    DEPOT_SEE, /* viewer and above, in the product of the path's {product}, or in "*" without one */
    DEPOT_DEVELOP,
    DEPOT_RELEASE,
    DEPOT_APPROVE,
    DEPOT_HALT, /* developer, release manager, approver, administrator */
    DEPOT_ADMINISTER,
};

/* Who calls. */
struct depot_caller {
    char name[96];       /* in the audit trail: "ada"; "ada#3" for her token number 3; of a client
                            certificate its name */
    char person[65];     /* whose rights count, and who is one of "N different people": "ada" */
    bool is_machine;     /* a token or a client certificate */
    int64_t token;       /* id of the API token; 0: a session or a client certificate */
    uint8_t session[32]; /* SHA-256 of the session's secret; zeros: none */
};

/*
 * A handler that needs somebody is called when the route's right is theirs, its {product} exists,
 * and CSRF is checked: NULL in a DEPOT_PUBLIC route, never elsewhere. Lives as long as the
 * exchange.
 */
const struct depot_caller *depot_caller(const struct slw_http_exchange *exchange);
struct depot *depot_of(void *context);
/* Whether this caller has a right in a product ("*": in all); in the transaction that uses it.
 * False for the rights DEPOT_PUBLIC and DEPOT_ANYBODY. */
SLW_MUST_USE enum slw_status depot_may(struct slw_transaction *transaction,
                                       const struct depot_caller *caller, struct slw_bytes product,
                                       enum depot_right right, bool *ret_may,
                                       struct slw_detail *detail);

/* Appends to the audit trail, in the transaction that makes the change. who: a caller's name,
 * "device:D", or "depot". detail_json: an object of integers and texts, or NULL. */
SLW_MUST_USE enum slw_status depot_audit(struct slw_transaction *transaction, const char *who,
                                         const char *action, struct slw_bytes product,
                                         struct slw_bytes subject, const char *detail_json,
                                         struct slw_detail *detail);

/* Appends an event for those who watch, in the same transaction. kind: DEPOT.md, section 8. Ids
 * rise without gaps in the order of commits, so that who read up to one has missed none. data_json:
 * an object, or NULL. */
SLW_MUST_USE enum slw_status depot_event(struct slw_transaction *transaction,
                                         struct slw_bytes product, const char *kind,
                                         struct slw_bytes subject, const char *data_json,
                                         struct slw_detail *detail);

/* Answers with text, when status is SLW_OK and nothing went wrong with it; refuses otherwise. Frees
 * text. */
void depot_answer(struct slw_http_exchange *exchange, enum slw_status status, unsigned http_status,
                  struct slw_heap_buffer *text, const struct slw_detail *detail);
/* The body as one JSON object; the document's views live as long as the exchange. SLW_MALFORMED. */
SLW_MUST_USE enum slw_status depot_body(const struct slw_http_exchange *exchange,
                                        struct slw_json_document *ret_document,
                                        struct slw_detail *detail);
/* 1 to 64 letters, digits, `_`, `.`, `-`, and those of more, beginning with a letter or digit. */
bool depot_is_name(struct slw_bytes text, const char *more);
/* Milliseconds since the machine was started: never set, and it goes on while the machine sleeps,
 * so that what was known before isn't taken for fresh. Waiting on a condition goes by
 * slw_http_clock_ms(). */
int64_t depot_clock_ms(void);
/* Microseconds as RFC 3339 in UTC, with six decimals when they aren't zeros. Returns buffer. */
const char *depot_time_format(int64_t utc_us, char buffer[static DEPOT_TIME_SIZE]);
/* The member of that name with the time in a row's column, in that form; none where it is NULL. */
void depot_put_time(struct slw_json *json, const char *name, const struct slw_rows *rows,
                    int column);
/* A field of CSV (RFC 4180), and what stands behind it. What a spreadsheet would take for a formula
 * has an apostrophe in front. */
void depot_put_cell(struct slw_heap_buffer *text, struct slw_bytes cell, const char *behind);
/* A line of JSON on standard error: {"time","level","part","text"}. level: "info", "warning",
 * "error". Never of secrets or addresses. */
void depot_log(const char *level, const char *part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The migrations of all parts, in order: depot/migrations/NNNN-name.sql, embedded. */
extern const struct slw_migration depot_migrations[];
extern const size_t depot_migrations_count;

/* A part. work is called every period_ms by the replica that holds the lease, with its token (see
 * slw_transaction_fence()); NULL: none. A failure is logged, and it is called again. Each has a
 * thread of its own, also where parts share a lease. */
struct depot_part {
    const char *name;
    const struct slw_http_route *routes;
    size_t routes_count;
    const char *lease;
    uint32_t period_ms;
    enum slw_status (*work)(struct depot *depot, int64_t token, struct slw_detail *detail);
    enum slw_status (*open)(struct depot *depot,
                            struct slw_detail *detail); /* at start, may be NULL */
    void (*end)(struct depot *depot);   /* before it stops: answers what waits; may be NULL */
    void (*close)(struct depot *depot); /* after the server has stopped, may be NULL */
};
/* Those that were built, NULL last. */
extern const struct depot_part *const depot_parts[];

#endif
