/* SPDX-License-Identifier: Apache-2.0 */
/* See gate.h. The server calls depot_gate_enter() for every route; it calls the part's handler. */
#include "gate.h"

#include "people/people.h"
#include "program_parts.h"

#include <stdlib.h>

static const char unknown_product[] = "there is no such product";

/* Which of the path's segments in braces is {product}, from 1. */
static uint8_t find_product(const char *path)
{
    uint8_t n = 1;
    for (const char *brace = strchr(path, '{'); brace != NULL; brace = strchr(brace + 1, '{')) {
        if (strncmp(brace, "{product}", strlen("{product}")) == 0) {
            return n;
        }
        n++;
    }
    return 0;
}

static void enter(void *context, struct slw_http_exchange *exchange);

enum slw_status depot_gate_add(struct depot_gate *gate, const struct depot_part *part,
                               struct slw_detail *detail)
{
    for (size_t i = 0; i < part->routes_count; i++) {
        const struct slw_http_route *route = &part->routes[i];
        if (route->flags < DEPOT_PUBLIC || route->flags > DEPOT_ADMINISTER) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: %s %s: asks for no right", part->name,
                               route->method, route->path);
        }
        if (gate->count == DEPOT_ROUTES_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: more than %u routes", part->name,
                               DEPOT_ROUTES_MAX);
        }
        gate->behind[gate->count] = route;
        gate->product[gate->count] = find_product(route->path);
        gate->routes[gate->count] = *route;
        gate->routes[gate->count].handle = enter;
        gate->routes[gate->count].flags = (uint32_t)gate->count;
        gate->count++;
    }
    return SLW_OK;
}

static bool changes(const struct slw_http_exchange *exchange)
{
    const char *method = slw_http_method(exchange);
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

/* "https://depot.example" is our address, or names the very host that was asked. */
static bool is_our_origin(const struct depot *depot, const struct slw_http_exchange *exchange,
                          struct slw_bytes origin)
{
    struct slw_bytes host = slw_http_header(exchange, "Host");
    const char *scheme = slw_http_is_secure(exchange) ? "https://" : "http://";
    size_t scheme_len = strlen(scheme);
    if (slw_bytes_equal(origin, slw_bytes_make(depot->address, strlen(depot->address)))) {
        return true;
    }
    return host.len > 0 && origin.len == scheme_len + host.len &&
           memcmp(origin.ptr, scheme, scheme_len) == 0 &&
           memcmp(origin.ptr + scheme_len, host.ptr, host.len) == 0;
}

bool depot_gate_is_same_origin(const struct depot *depot, const struct slw_http_exchange *exchange)
{
    struct slw_bytes site = slw_http_header(exchange, "Sec-Fetch-Site");
    struct slw_bytes origin = slw_http_header(exchange, "Origin");
    if (site.len > 0 && !slw_bytes_equal(site, SLW_BYTES_OF("same-origin")) &&
        !slw_bytes_equal(site, SLW_BYTES_OF("none"))) {
        return false;
    }
    return origin.len == 0 || is_our_origin(depot, exchange, origin);
}

/* What the gate found out about one call. */
struct admission {
    const struct depot *depot;
    const struct slw_http_exchange *exchange;
    const struct slw_http_route *route;
    struct slw_bytes product; /* empty: the route has none */
    enum depot_identity identity;
    struct depot_caller caller;
    bool exists, sees, may;
};

static enum slw_status look_at_product(struct admission *admission,
                                       struct slw_transaction *transaction,
                                       struct slw_detail *detail)
{
    const struct slw_sql_value name = slw_sql_text(admission->product);
    int64_t count = 0;
    if (!depot_is_name(admission->product, "")) {
        return SLW_OK;
    }
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM products WHERE name = $1", &name, 1,
                           &count, detail));
    admission->exists = count == 1;
    return SLW_OK;
}

static enum slw_status look(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct admission *admission = context;
    enum depot_right right = (enum depot_right)admission->route->flags;
    struct slw_bytes place = admission->product.len > 0 ? admission->product : SLW_BYTES_OF("*");
    admission->exists = admission->sees = admission->may = false;
    SLW_TRY(depot_identify(transaction, admission->depot, admission->exchange, &admission->identity,
                           &admission->caller, detail));
    if (admission->identity == DEPOT_IDENTITY_NONE) {
        return SLW_OK;
    }
    if (admission->product.len > 0) {
        SLW_TRY(look_at_product(admission, transaction, detail));
        if (!admission->exists) {
            return SLW_OK;
        }
    }
    if (right == DEPOT_ANYBODY) {
        admission->sees = admission->may = true;
        return SLW_OK;
    }
    SLW_TRY(depot_may(transaction, &admission->caller, place, DEPOT_SEE, &admission->sees, detail));
    admission->may = admission->sees;
    return right == DEPOT_SEE
               ? SLW_OK
               : depot_may(transaction, &admission->caller, place, right, &admission->may, detail);
}

/* A session whose account isn't in order yet may look at itself and mend itself. */
static bool is_of_account(const struct slw_http_route *route)
{
    return strcmp(route->path, "/api/v1/session") == 0 ||
           strncmp(route->path, "/api/v1/account/", strlen("/api/v1/account/")) == 0;
}

static void refuse(struct slw_http_exchange *exchange, unsigned http_status, const char *why)
{
    if (http_status == 401) {
        slw_http_set_header(exchange, "WWW-Authenticate", "Bearer realm=\"slipway\"");
    }
    slw_http_refuse_as(exchange, http_status,
                       http_status == 404 ? SLW_NOT_FOUND : SLW_NOT_PERMITTED, why);
}

/* DEPOT.md, section 3: "every call of a session that changes something repeats it in
 * X-Slipway-CSRF". "A product that somebody has no role in is `not-found` for them." */
static bool decide(const struct admission *admission, struct slw_http_exchange *exchange)
{
    bool is_session = !admission->caller.is_machine;
    if (admission->identity == DEPOT_IDENTITY_NONE) {
        refuse(exchange, 401, "log in, or show a token");
    } else if (is_session && changes(exchange) && !depot_csrf_is_good(exchange)) {
        refuse(exchange, 403, "X-Slipway-CSRF isn't this session's");
    } else if (admission->identity == DEPOT_IDENTITY_LIMITED && !is_of_account(admission->route)) {
        refuse(exchange, 403, "this account needs a new password, or a second factor, first");
    } else if (admission->product.len > 0 && (!admission->exists || !admission->sees)) {
        refuse(exchange, 404, unknown_product);
    } else if (!admission->may) {
        refuse(exchange, 403, "your roles don't allow this");
    } else {
        return true;
    }
    return false;
}

static bool admit(struct depot *depot, struct slw_http_exchange *exchange,
                  const struct slw_http_route *route, uint8_t product)
{
    struct slw_detail detail = {""};
    struct admission admission = {.depot = depot, .exchange = exchange, .route = route};
    if (product > 0) {
        admission.product = slw_http_parameter(exchange, product - 1u);
    }
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ, look, &admission, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return false;
    }
    if (!decide(&admission, exchange)) {
        return false;
    }
    struct depot_caller *caller = malloc(sizeof *caller);
    if (caller == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return false;
    }
    *caller = admission.caller;
    slw_http_attach(exchange, caller, free);
    return true;
}

static void enter(void *context, struct slw_http_exchange *exchange)
{
    struct depot_program *program = context;
    struct depot_gate *gate = &program->gate;
    uint32_t index = slw_http_flags(exchange);
    const struct slw_http_route *route = gate->behind[index];
    bool has_token = slw_http_header(exchange, "Authorization").len > 0;
    if (!atomic_load(&gate->is_open)) {
        slw_http_set_header(exchange, "Retry-After", "1");
        slw_http_refuse_as(exchange, 503, SLW_UNAVAILABLE, "starting, or stopping");
        return;
    }
    if (changes(exchange) && !has_token && !depot_gate_is_same_origin(&program->depot, exchange)) {
        refuse(exchange, 403, "a page of another site asked for this");
        return;
    }
    if (route->flags == DEPOT_PUBLIC ||
        admit(&program->depot, exchange, route, gate->product[index])) {
        route->handle(&program->depot, exchange);
    }
}

const struct depot_caller *depot_caller(const struct slw_http_exchange *exchange)
{
    return slw_http_attached(exchange);
}

struct depot *depot_of(void *context)
{
    return context;
}
