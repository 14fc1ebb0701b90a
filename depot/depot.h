/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the depot share: the services that main.c opens, how a call is authorized, how
 * a change is recorded. Each part (a folder beside this file) brings a table of routes, and
 * possibly a thread of work that needs a lease; parts meet here, in the database, and in the
 * headers PART/PART.h.
 */
#ifndef SLIPWAY_DEPOT_H
#define SLIPWAY_DEPOT_H

#include "slipway/blobs.h"
#include "slipway/database.h"
#include "slipway/http_server.h"
#include "slipway/json.h"
#include "slipway/json_reader.h"

#include "settings.h"

struct depot {
    const struct depot_settings *settings;
    struct slw_database *database;
    struct slw_blobs *blobs;
    const char *replica; /* name of this process, holder of leases */
    uint8_t secret[32];  /* signs nonces; the same in all replicas */
};

/* Roles, ascending as far as they are (DEPOT.md, section 3). */
enum depot_role {
    DEPOT_NOBODY,
    DEPOT_VIEWER,
    DEPOT_DEVELOPER,
    DEPOT_RELEASE_MANAGER,
    DEPOT_APPROVER,
    DEPOT_ADMINISTRATOR,
};

/* What a route asks of its caller: its flags. A route without one is refused at start. */
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
    char name[65];
    bool is_machine;
    int64_t token; /* id of the API token; 0: a session */
};

/* A handler that needs somebody: called when the route's right is theirs, and CSRF is checked. */
const struct depot_caller *depot_caller(const struct slw_http_exchange *exchange);
struct depot *depot_of(void *context);
/* Whether this caller has a right in a product ("*": in all); in the transaction that uses it. */
SLW_MUST_USE enum slw_status depot_may(struct slw_transaction *transaction,
                                       const struct depot_caller *caller, struct slw_bytes product,
                                       enum depot_right right, bool *ret_may,
                                       struct slw_detail *detail);

/* Appends to the audit trail, in the transaction that makes the change. who: a caller's name,
 * "device:D", or "depot". detail_json: an object, or NULL. */
SLW_MUST_USE enum slw_status depot_audit(struct slw_transaction *transaction, const char *who,
                                         const char *action, struct slw_bytes product,
                                         struct slw_bytes subject, const char *detail_json,
                                         struct slw_detail *detail);

/* Appends an event for those who watch, in the same transaction. kind: DEPOT.md, section 8. */
SLW_MUST_USE enum slw_status depot_event(struct slw_transaction *transaction,
                                         struct slw_bytes product, const char *kind,
                                         struct slw_bytes subject, const char *data_json,
                                         struct slw_detail *detail);

/* The migrations of all parts, in order: depot/migrations/NNNN-name.sql, embedded. */
extern const struct slw_migration depot_migrations[];
extern const size_t depot_migrations_count;

/* A part. work is called every period_ms by the replica that holds the lease, with its token (see
 * slw_transaction_fence()); NULL: none. A failure is logged, and it is called again. */
struct depot_part {
    const char *name;
    const struct slw_http_route *routes;
    size_t routes_count;
    const char *lease;
    uint32_t period_ms;
    enum slw_status (*work)(struct depot *depot, int64_t token, struct slw_detail *detail);
    enum slw_status (*open)(struct depot *depot,
                            struct slw_detail *detail); /* at start, may be NULL */
    void (*close)(struct depot *depot);
};
extern const struct depot_part depot_people, depot_artifacts, depot_pipeline, depot_releases,
    depot_rollouts, depot_devices, depot_events, depot_pages;

#endif
