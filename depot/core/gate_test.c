/* SPDX-License-Identifier: Apache-2.0 */
/* Every route of every part, whatever it does: who isn't anybody, who has nothing to do with the
 * product, and who may only look, get no further than the gate. */
#include "test_depot.h"

#include "tap.h"

#include <stdio.h>

static struct test_depot depot;

/* "/api/v1/products/{product}/builds/{build}" becomes "/api/v1/products/lamp/builds/1". */
static void fill_in(const char *path, const char *product, char ret_path[static 512])
{
    size_t len = 0;
    ret_path[0] = '\0';
    while (*path != '\0' && len < 400) {
        const char *end = strchr(path, '}');
        if (*path == '{' && end != NULL) {
            bool is_product = strncmp(path, "{product}", strlen("{product}")) == 0;
            len += (size_t)snprintf(ret_path + len, 64, "%s", is_product ? product : "1");
            path = end + 1;
        } else {
            ret_path[len++] = *path++;
            ret_path[len] = '\0';
        }
    }
}

static bool has_product(const struct slw_http_route *route)
{
    return strstr(route->path, "{product}") != NULL;
}

typedef void check_route(const struct slw_http_route *route, const char *path);

/* All that aren't public; how many there were. */
static int each_route(const char *product, check_route *check)
{
    int count = 0;
    for (size_t i = 0; depot_parts[i] != NULL; i++) {
        for (size_t j = 0; j < depot_parts[i]->routes_count; j++) {
            const struct slw_http_route *route = &depot_parts[i]->routes[j];
            char path[512];
            char row[600];
            if (route->flags == DEPOT_PUBLIC) {
                continue;
            }
            fill_in(route->path, product, path);
            (void)snprintf(row, sizeof row, "%s %s", route->method, path);
            TAP_ROW(row);
            check(route, path);
            count++;
        }
    }
    TAP_ROW(NULL);
    return count;
}

static struct test_depot as; /* who asks */

static void is_401(const struct slw_http_route *route, const char *path)
{
    TAP_EQUAL_INT(test_status(&as, route->method, path, NULL), 401);
}

static void nobody_gets_no_further_than_the_gate(void)
{
    as = depot;
    as.use_token = NULL;
    TAP_CHECK(each_route("lamp", is_401) > 40);
    as.headers[0] = "Cookie: slipway_session=x";
    as.headers[1] = "X-Slipway-CSRF: x";
    (void)each_route("lamp", is_401);
}

static void is_404(const struct slw_http_route *route, const char *path)
{
    if (has_product(route)) {
        TAP_EQUAL_INT(test_status(&as, route->method, path, NULL), 404);
    }
}

static void a_stranger_finds_nothing(void)
{
    static char token[128];
    TAP_REQUIRE(test_person(&depot, "sam", "fan", "administrator release-manager", token));
    as = depot;
    as.use_token = token;
    (void)each_route("lamp", is_404);
    (void)each_route("nil", is_404);
}

static void a_product_that_there_is_not_is_nobodys(void)
{
    as = depot;
    (void)each_route("nil", is_404);
}

static void is_403(const struct slw_http_route *route, const char *path)
{
    bool looks = route->flags == DEPOT_SEE && has_product(route);
    if (!looks && route->flags != DEPOT_ANYBODY) {
        TAP_EQUAL_INT(test_status(&as, route->method, path, NULL), 403);
    }
}

static void who_may_look_may_only_look(void)
{
    static char token[128];
    TAP_REQUIRE(test_person(&depot, "vic", "lamp", "viewer", token));
    as = depot;
    as.use_token = token;
    (void)each_route("lamp", is_403);
}

static void changes_ask_for_more_than_looking(void)
{
    /* A lease is of several products: its handler asks for each of them. */
    static const char *const of_oneself[] = {"/api/v1/session", "/api/v1/account/",
                                             "/api/v1/tokens", "/api/v1/blobs/",
                                             "/api/v1/jobs/lease"};
    for (size_t i = 0; depot_parts[i] != NULL; i++) {
        for (size_t j = 0; j < depot_parts[i]->routes_count; j++) {
            const struct slw_http_route *route = &depot_parts[i]->routes[j];
            bool looks = strcmp(route->method, "GET") == 0 || strcmp(route->method, "HEAD") == 0;
            bool is_own = false;
            for (size_t k = 0; k < sizeof of_oneself / sizeof of_oneself[0]; k++) {
                is_own = is_own || strncmp(route->path, of_oneself[k], strlen(of_oneself[k])) == 0;
            }
            TAP_ROW(route->path);
            TAP_CHECK(looks || is_own || route->flags == DEPOT_PUBLIC ||
                      route->flags >= DEPOT_DEVELOP);
            TAP_CHECK(route->flags != DEPOT_PUBLIC ||
                      strncmp(route->path, "/api/v1/products", strlen("/api/v1/products")) != 0);
        }
    }
    TAP_ROW(NULL);
}

/* A page of another site, in the browser of somebody who may do everything. */
static void is_403_to_a_page(const struct slw_http_route *route, const char *path)
{
    if (strcmp(route->method, "GET") != 0 && strcmp(route->method, "HEAD") != 0) {
        TAP_EQUAL_INT(test_status(&as, route->method, path, NULL), 403);
    }
}

static void no_session_changes_anything_by_its_cookie_alone(void)
{
    TAP_REQUIRE(test_log_in(&depot, "admin", "a password of admin's", NULL, &as) == 200);
    as.headers[0] = as.session_headers[0];
    as.headers[1] = NULL;
    (void)each_route("lamp", is_403_to_a_page);
    as.headers[1] = as.session_headers[1];
    as.headers[2] = "Origin: https://evil.example";
    (void)each_route("lamp", is_403_to_a_page);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM sessions"), 1);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_product(&depot, "fan")) {
        return 1;
    }
    TAP_RUN(nobody_gets_no_further_than_the_gate);
    TAP_RUN(a_stranger_finds_nothing);
    TAP_RUN(a_product_that_there_is_not_is_nobodys);
    TAP_RUN(who_may_look_may_only_look);
    TAP_RUN(changes_ask_for_more_than_looking);
    TAP_RUN(no_session_changes_anything_by_its_cookie_alone);
    test_depot_close(&depot);
    return tap_finish();
}
