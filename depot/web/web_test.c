/* SPDX-License-Identifier: Apache-2.0 */
/* The page's files as they are served; health, readiness, metrics, and what calls leave in the log.
 */
#include "test_depot.h"

#include "core/observe.h"
#include "web/web.h"

#include "tap.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_depot depot;
static char viewer[128]; /* of lamp alone */

static bool has(const struct test_answer *answer, const char *name, const char *value)
{
    char text[512];
    return strcmp(test_header(answer, name, text), value) == 0;
}

static void serves_every_file_of_the_page(void)
{
    size_t count = 0;
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    for (const struct depot_web_file *file = depot_web_files; file->path != NULL; file++) {
        char path[256];
        struct test_answer answer;
        TAP_ROW(file->path);
        (void)snprintf(path, sizeof path, "/app/%s", file->path);
        test_call(&nobody, "GET", path, NULL, &answer);
        TAP_EQUAL_INT(answer.status, 200);
        TAP_CHECK(
            slw_bytes_equal(slw_heap_bytes(&answer.body), slw_bytes_make(file->bytes, file->len)));
        TAP_CHECK(has(&answer, "Content-Type", file->type) && has(&answer, "ETag", file->tag));
        TAP_CHECK(has(&answer, "Cache-Control", "no-cache"));
        test_answer_free(&answer);
        count++;
    }
    TAP_ROW(NULL);
    TAP_CHECK(count >= 4);
}

static void serves_the_first_page(void)
{
    struct test_answer answer;
    char policy[512];
    test_call(&depot, "GET", "/", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    if (depot_web_is_complete) {
        TAP_CHECK(strstr(slw_heap_text(&answer.body), "<script type=\"module\" src=\"app/") !=
                  NULL);
    } else {
        TAP_CHECK(strstr(slw_heap_text(&answer.body), "without network") != NULL);
    }
    /* Nothing in a page is code but what is a file here, whoever wrote the texts in it. */
    (void)test_header(&answer, "Content-Security-Policy", policy);
    TAP_CHECK(strstr(policy, "default-src 'none'; script-src 'self'; style-src 'self'") == policy);
    TAP_CHECK(strstr(policy, "unsafe") == NULL);
    TAP_CHECK(strstr(slw_heap_text(&answer.body), "<script>") == NULL &&
              strstr(slw_heap_text(&answer.body), "style=") == NULL);
    test_answer_free(&answer);
}

static void packs_what_gets_smaller_and_says_what_did_not_change(void)
{
    struct test_answer answer;
    const struct depot_web_file *file = depot_web_files;
    char path[256];
    char header[256];
    while (file->path != NULL && file->packed == NULL) {
        file++;
    }
    TAP_REQUIRE(file->path != NULL);
    struct test_depot other = depot;
    (void)snprintf(path, sizeof path, "/app/%s", file->path);
    other.headers[0] = "Accept-Encoding: br, gzip";
    test_call(&other, "GET", path, NULL, &answer);
    TAP_CHECK(has(&answer, "Content-Encoding", "gzip") && has(&answer, "ETag", file->packed_tag));
    TAP_CHECK(has(&answer, "Vary", "Accept-Encoding"));
    TAP_EQUAL_INT(answer.body.len, file->packed_len);
    test_answer_free(&answer);
    (void)snprintf(header, sizeof header, "If-None-Match: %s", file->packed_tag);
    other.headers[1] = header;
    test_call(&other, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(answer.status, 304);
    TAP_EQUAL_INT(answer.body.len, 0);
    test_answer_free(&answer);
    other.headers[0] = "Accept-Encoding: gzip;q=0"; /* the tag is the packed one's */
    test_call(&other, "GET", path, NULL, &answer);
    TAP_CHECK(answer.status == 200 && answer.body.len == file->len);
    test_answer_free(&answer);
}

static void has_no_other_files(void)
{
    static const char *const rows[] = {"/app/nothing.mjs", "/app/vendor", "/app/web.c",
                                       "/index.html", "/app/INDEX.html"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(test_status(&depot, "GET", rows[i], NULL), 404);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/app/index.html", NULL), 405);
}

static void says_how_it_is_to_anybody(void)
{
    struct test_answer answer;
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    test_call(&nobody, "GET", "/health", NULL, &answer);
    TAP_CHECK(answer.status == 200 && test_text(&answer, "state", "running"));
    test_answer_free(&answer);
    test_call(&nobody, "GET", "/ready", NULL, &answer);
    TAP_CHECK(answer.status == 200 && test_text(&answer, "state", "ready"));
    test_answer_free(&answer);
}

static bool promtool_likes(const struct test_answer *answer)
{
    char path[128];
    pid_t child = -1;
    int status = -1;
    posix_spawn_file_actions_t actions;
    (void)snprintf(path, sizeof path, "%s/metrics", depot.directory);
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(answer->body.ptr, 1, answer->body.len, file) != answer->body.len ||
        fclose(file) != 0) {
        return false;
    }
    char program[] = "promtool";
    char verb[] = "check";
    char what[] = "metrics";
    char *const words[] = {program, verb, what, NULL};
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, path, 0, 0);
    if (posix_spawnp(&child, program, &actions, NULL, words, environ) == 0) {
        (void)waitpid(child, &status, 0);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)unlink(path);
    return status == 0;
}

static enum slw_status add_builds(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    (void)context;
    return slw_sql_run(
        transaction,
        "INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, targets, "
        "made_us, made_by, removed_us, state, state_us, furthest) VALUES ('b', 'lamp', 'x', 1, 1, "
        "'', '[]', '[]', 4102444800000000, 'ada', NULL, 'new', 1, 0)", /* so that it's kept */
        NULL, 0, NULL, detail);
}

static void shows_metrics_that_prometheus_reads(void)
{
    struct test_answer answer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, add_builds, NULL,
                                      &detail) == SLW_OK);
    test_call(&depot, "GET", "/metrics", NULL, &answer);
    const char *text = slw_heap_text(&answer.body);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(strstr(text, "slipway_depot_builds{product=\"lamp\",state=\"new\"} 1\n") != NULL);
    TAP_CHECK(strstr(text, "slipway_depot_http_seconds_bucket{le=\"0.0025\"}") != NULL);
    TAP_CHECK(strstr(text, "slipway_depot_http_answers_total{status=\"4xx\"}") != NULL);
    TAP_CHECK(has(&answer, "Content-Type", "text/plain; version=0.0.4; charset=utf-8"));
    TAP_CHECK(promtool_likes(&answer));
    test_answer_free(&answer);
}

static void shows_metrics_to_who_may_see_all(void)
{
    struct test_depot other = depot;
    other.use_token = NULL;
    TAP_EQUAL_INT(test_status(&other, "GET", "/metrics", NULL), 401);
    other.use_token = viewer;
    TAP_EQUAL_INT(test_status(&other, "GET", "/metrics", NULL), 403);
}

static void logs_what_matters_and_no_more(void)
{
    static const struct {
        struct slw_http_done done;
        bool is_told;
    } rows[] = {
        {{.method = "POST", .route = "/api/v1/products", .status = 201}, true},
        {{.method = "POST", .route = "/api/v1/products", .status = 400}, true},
        {{.method = "GET", .route = "/api/v1/products", .status = 200}, false},
        {{.method = "GET", .route = "/api/v1/products", .status = 403}, true},
        {{.method = "GET", .route = "/api/v1/products", .status = 503}, true},
        {{.method = "GET", .route = NULL, .status = 404}, false},
        {{.method = "POST", .route = NULL, .status = 400}, false},
        {{.method = "GET", .route = NULL, .status = 503}, true},
        {{.method = "POST", .route = "/device/v1/enrol", .status = 403}, false},
        {{.method = "POST", .route = "/device/v1/enrol", .status = 503}, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_CHECK(depot_observe_is_told(&rows[i].done) == rows[i].is_told);
    }
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_person(&depot, "viv", "lamp", "viewer", viewer)) {
        return 1;
    }
    TAP_RUN(serves_every_file_of_the_page);
    TAP_RUN(serves_the_first_page);
    TAP_RUN(packs_what_gets_smaller_and_says_what_did_not_change);
    TAP_RUN(has_no_other_files);
    TAP_RUN(says_how_it_is_to_anybody);
    TAP_RUN(shows_metrics_that_prometheus_reads);
    TAP_RUN(shows_metrics_to_who_may_see_all);
    TAP_RUN(logs_what_matters_and_no_more);
    test_depot_close(&depot);
    return tap_finish();
}
