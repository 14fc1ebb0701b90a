/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and what is said of them: what is taken, shown, and refused, and to whom. */
#include "part.h"
#include "test_artifacts.h"
#include "test_both.h"

#include "tap.h"

#include <string.h>

static struct test_depot depot;
static struct test_depot as_ann; /* a developer of lamp */
static struct test_depot as_eve; /* a developer of fan */
static char build[65];

static void a_bundle_becomes_a_build(void)
{
    struct slw_heap_buffer bundle = {0};
    struct test_answer answer;
    char sha256[65];
    char path[256];
    TAP_REQUIRE(test_bundle_make("lamp", 7, "an image of lamps", &bundle));
    TAP_REQUIRE(test_upload(&as_ann, slw_heap_bytes(&bundle), sha256) == 201);
    test_add(&as_ann, "lamp", "bundle", sha256, "", &answer);
    TAP_EQUAL_INT(answer.status, 201);
    TAP_CHECK(test_text(&answer, "build.product", "lamp"));
    TAP_CHECK(test_text(&answer, "build.state", "new"));
    TAP_CHECK(test_text(&answer, "build.bundle", sha256));
    TAP_CHECK(test_text(&answer, "build.targets.0.name", "app"));
    TAP_EQUAL_INT(test_number(&answer, "build.targets.0.length"), 17);
    TAP_EQUAL_INT(test_number(&answer, "build.version"), 7);
    struct slw_bytes id = slw_json_string(&answer.json, test_find(&answer, "build.id"));
    TAP_REQUIRE(id.len == 64);
    (void)snprintf(build, sizeof build, "%.64s", (const char *)id.ptr);
    test_answer_free(&answer);
    /* The same again, and the same content under another version, is the same build. */
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "bundle", sha256, ""), 200);
    char again[65];
    TAP_CHECK(test_build(&as_ann, "lamp", 8, "an image of lamps", again));
    TAP_CHECK(strcmp(again, build) == 0);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/bundle", build);
    test_call(&as_ann, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&answer.body), slw_heap_bytes(&bundle)));
    test_answer_free(&answer);
    slw_heap_free(&bundle);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'build.add'"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM events WHERE kind = 'build'"), 1);
}

static long add_bytes(const struct test_depot *as, const char *product, const char *kind,
                      struct slw_bytes bytes, const char *more)
{
    char sha256[65];
    long status = test_upload(as, bytes, sha256);
    return status == 201 ? test_add_status(as, product, kind, sha256, more) : -status;
}

static void refuses_bundles_that_are_no_builds(void)
{
    struct slw_heap_buffer bundle = {0};
    TAP_REQUIRE(test_bundle_make("fan", 1, "an image of fans", &bundle));
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "bundle", slw_heap_bytes(&bundle), ""), 403);
    slw_heap_free(&bundle);
    TAP_REQUIRE(test_bundle_make_signed("lamp", 1, "an image of lamps", &bundle));
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "bundle", slw_heap_bytes(&bundle), ""), 403);
    slw_heap_free(&bundle);
    TAP_REQUIRE(test_bundle_make("lamp", 1, "an image that is changed", &bundle));
    uint8_t *image = memmem(bundle.ptr, bundle.len, "changed", 7);
    TAP_REQUIRE(image != NULL);
    image[0] = 'C';
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "bundle", slw_heap_bytes(&bundle), ""), 403);
    bundle.len -= 3;
    long status = add_bytes(&as_ann, "lamp", "bundle", slw_heap_bytes(&bundle), "");
    TAP_CHECK(status == 400 || status == 403);
    slw_heap_free(&bundle);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "bundle", SLW_BYTES_OF("not a bundle"), ""), 400);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "bundle", SLW_BYTES_OF(""), ""), 400);
    TAP_REQUIRE(test_bundle_make("lamp", 1, "another image", &bundle));
    char more[128];
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", build);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "bundle", slw_heap_bytes(&bundle), more), 403);
    slw_heap_free(&bundle);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM builds"), 1);
}

static void takes_endorsements_and_results_of_builds_that_are_here(void)
{
    struct test_answer answer;
    struct slw_heap_buffer envelope = {0};
    char sha256[65];
    char path[256];
    TAP_CHECK(test_endorse(&as_ann, "lamp", build));
    TAP_CHECK(test_result(&as_ann, "lamp", build, "unit", SLW_TEST_FAILED));
    TAP_REQUIRE(test_result_make(build, "unit", SLW_TEST_PASSED, &envelope));
    TAP_REQUIRE(test_upload(&as_ann, slw_heap_bytes(&envelope), sha256) == 201);
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "test-result", sha256, ""), 201);
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "test-result", sha256, ""), 200);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s", build);
    test_call(&as_ann, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "artifacts.0.kind", "test-result"));
    TAP_CHECK(test_text(&answer, "artifacts.0.suite", "unit"));
    TAP_CHECK(test_text(&answer, "artifacts.0.outcome", "PASSED"));
    TAP_CHECK(test_text(&answer, "artifacts.1.outcome", "FAILED"));
    TAP_CHECK(test_text(&answer, "artifacts.2.kind", "endorsement"));
    TAP_CHECK(test_text(&answer, "artifacts.2.builder", "https://builder.example/1"));
    TAP_CHECK(test_text(&answer, "artifacts.2.commit", "0123456789abcdef0123456789abcdef01234567"));
    TAP_CHECK(test_find(&answer, "artifacts.3") == SLW_JSON_NONE);
    TAP_EQUAL_INT(test_number(&answer, "missing"), 0);
    test_answer_free(&answer);
    slw_heap_free(&envelope);
}

static void refuses_envelopes_that_say_nothing_of_a_build(void)
{
#define INTOTO "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"e30=\","
    static const char unread[] = INTOTO "\"signatures\":[{\"sig\":\"AAAA\"}]}";
    static const char unsigned_one[] = INTOTO "\"signatures\":[]}";
    static const char other[] =
        "{\"payloadType\":\"text/plain\",\"payload\":\"\",\"signatures\":[{\"sig\":\"AAAA\"}]}";
    static const char *const texts[] = {"", "{}", "[]", other, unread, unsigned_one};
    struct slw_heap_buffer envelope = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        long status = add_bytes(&as_ann, "lamp", "endorsement",
                                slw_bytes_make(texts[i], strlen(texts[i])), "");
        TAP_ROW(texts[i]);
        TAP_CHECK(status == 400 || status == 403);
    }
    TAP_ROW(NULL);
    char unknown[65];
    memset(unknown, 'b', 64);
    unknown[64] = '\0';
    TAP_REQUIRE(test_provenance_make(unknown, &envelope));
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "endorsement", slw_heap_bytes(&envelope), ""), 404);
    slw_heap_free(&envelope);
    TAP_REQUIRE(test_provenance_make(build, &envelope));
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "test-result", slw_heap_bytes(&envelope), ""), 400);
    char more[128];
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", unknown);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "endorsement", slw_heap_bytes(&envelope), more), 403);
    /* Of another product's build. */
    TAP_EQUAL_INT(add_bytes(&as_eve, "fan", "endorsement", slw_heap_bytes(&envelope), ""), 404);
    slw_heap_free(&envelope);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM artifacts"), 3);
}

static void about(char more[static 160], const char *name)
{
    (void)snprintf(more, 160, ",\"build\":\"%s\",\"name\":\"%s\"", build, name);
}

static void takes_logs_and_gives_them_as_text(void)
{
    static const char text[] = "step 1\n\x1b[31mred\x1b[0m <script>alert(1)</script>\n";
    struct test_answer answer;
    const struct slw_bytes log = slw_bytes_make(text, sizeof text - 1);
    char more[160];
    char path[256];
    char field[512];
    about(more, "build.log");
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "log", log, more), 201);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "log", log, more), 200);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "log", SLW_BYTES_OF("another log"), more), 409);
    int64_t id = test_count(&depot, "SELECT id FROM artifacts WHERE kind = 'log'");
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/artifacts/%lld/content",
                   (long long)id);
    test_call(&as_ann, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&answer.body), log));
    TAP_CHECK(strcmp(test_header(&answer, "Content-Type", field), "text/plain; charset=utf-8") ==
              0);
    TAP_CHECK(strncmp(test_header(&answer, "Content-Disposition", field), "attachment;", 11) == 0);
    TAP_CHECK(strcmp(test_header(&answer, "X-Content-Type-Options", field), "nosniff") == 0);
    test_answer_free(&answer);
    about(more, "bad.log");
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "log", SLW_BYTES_OF("a\0b"), more), 400);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "log", SLW_BYTES_OF("\xff\xfe"), more), 400);
    TAP_EQUAL_INT(add_bytes(&as_ann, "lamp", "log", SLW_BYTES_OF("cut \xc3"), more), 400);
}

static void refuses_names_and_members_that_make_no_sense(void)
{
    static const char *const mores[] = {",\"name\":\"../x\"",
                                        ",\"name\":\"a/b\"",
                                        ",\"name\":\"\"",
                                        ",\"name\":\".hidden\"",
                                        ",\"name\":\"a\\u0000\"",
                                        ",\"name\":7",
                                        ",\"name\":\"a\\nb\"",
                                        ",\"job\":-1",
                                        ",\"job\":\"1\"",
                                        ",\"job\":1",
                                        ",\"extra\":1",
                                        ",\"blob\":\"x\"",
                                        ",\"name\":\"' OR 1=1 --\""};
    char sha256[65];
    char more[256];
    TAP_REQUIRE(test_upload(&as_ann, SLW_BYTES_OF("some log"), sha256) == 201);
    for (size_t i = 0; i < sizeof mores / sizeof mores[0]; i++) {
        (void)snprintf(more, sizeof more, ",\"build\":\"%s\"%s", build, mores[i]);
        TAP_ROW(mores[i]);
        TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "log", sha256, more), 400);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "log", sha256, ""), 400);
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "poem", sha256, ""), 400);
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "log", "abc", ""), 400);
    TAP_EQUAL_INT(test_add_status(&as_ann, "lamp", "log", sha256, ",\"build\":\"zz\""), 400);
    TAP_EQUAL_INT(test_status(&as_ann, "POST", "/api/v1/products/lamp/artifacts", "[]"), 400);
    TAP_EQUAL_INT(test_status(&as_ann, "POST", "/api/v1/products/lamp/artifacts", "{"), 400);
}

static void other_products_are_not_found(void)
{
    static const char *const places[] = {
        "builds",    "builds/%s",           "builds/%s/bundle",       "builds/%s/packages",
        "artifacts", "artifacts/1/content", "affected?purl=pkg:npm/a"};
    char tail[160];
    char path[256];
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *mark = strstr(places[i], "%s");
        int before = mark == NULL ? (int)strlen(places[i]) : (int)(mark - places[i]);
        (void)snprintf(tail, sizeof tail, "%.*s%s%s", before, places[i], mark == NULL ? "" : build,
                       mark == NULL ? "" : mark + 2);
        TAP_ROW(tail);
        (void)snprintf(path, sizeof path, "/api/v1/products/lamp/%s", tail);
        TAP_EQUAL_INT(test_status(&as_eve, "GET", path, NULL), 404);
        TAP_EQUAL_INT(test_status(&as_ann, "GET", path, NULL), 200);
        (void)snprintf(path, sizeof path, "/api/v1/products/fan/%s", tail);
        if (mark != NULL || i == 5) {
            /* By way of one's own product neither, though it is there. */
            long status = test_status(&as_eve, "GET", path, NULL);
            TAP_CHECK(status == 404 || (status == 200 && i == 3));
        }
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_add_status(&as_eve, "lamp", "bundle", build, ""), 404);
}

static void lists_go_on(void)
{
    struct test_answer answer;
    char other[65];
    char path[256];
    TAP_REQUIRE(test_build(&as_ann, "lamp", 1, "one", other));
    TAP_REQUIRE(test_build(&as_ann, "lamp", 1, "two", other));
    test_call(&as_ann, "GET", "/api/v1/products/lamp/builds?limit=2", NULL, &answer);
    TAP_CHECK(test_text(&answer, "builds.0.id", other));
    TAP_CHECK(test_find(&answer, "builds.2") == SLW_JSON_NONE);
    struct slw_bytes next = slw_json_string(&answer.json, test_find(&answer, "next"));
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds?limit=2&before=%.*s",
                   (int)next.len, (const char *)next.ptr);
    test_answer_free(&answer);
    test_call(&as_ann, "GET", path, NULL, &answer);
    TAP_CHECK(test_text(&answer, "builds.0.id", build));
    TAP_CHECK(test_find(&answer, "builds.1") == SLW_JSON_NONE);
    TAP_CHECK(test_find(&answer, "next") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&as_ann, "GET", "/api/v1/products/lamp/artifacts?kind=test-result&limit=1", NULL,
              &answer);
    TAP_CHECK(test_text(&answer, "artifacts.0.outcome", "PASSED"));
    (void)snprintf(path, sizeof path,
                   "/api/v1/products/lamp/artifacts?kind=test-result&limit=1&before=%lld",
                   (long long)test_number(&answer, "next"));
    test_answer_free(&answer);
    test_call(&as_ann, "GET", path, NULL, &answer);
    TAP_CHECK(test_text(&answer, "artifacts.0.outcome", "FAILED"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&as_ann, "GET", "/api/v1/products/lamp/builds?limit=0", NULL), 400);
    TAP_EQUAL_INT(test_status(&as_ann, "GET", "/api/v1/products/lamp/builds?limit=x", NULL), 400);
    TAP_EQUAL_INT(test_status(&as_ann, "GET", "/api/v1/products/lamp/artifacts?before=-1", NULL),
                  400);
}

static enum slw_status count_envelope(void *context, struct slw_bytes envelope,
                                      struct slw_detail *detail)
{
    unsigned *count = context;
    (void)detail;
    *count += envelope.len > 100 && envelope.ptr[0] == '{' ? 1 : 1000;
    return SLW_OK;
}

static void other_parts_get_bundles_and_envelopes(void)
{
    struct slw_blob blob;
    struct slw_detail detail = {""};
    unsigned count = 0;
    struct slw_bytes id = slw_bytes_make(build, 64);
    TAP_REQUIRE(depot_build_open(depot.depot, id, &blob, &detail) == SLW_OK);
    TAP_CHECK(blob.source.size > 17);
    slw_blob_close(&blob);
    TAP_EQUAL_INT(depot_build_open(depot.depot, SLW_BYTES_OF("nothing"), &blob, &detail),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(depot_build_envelopes(depot.depot, id, "test-result", "unit", count_envelope,
                                        &count, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(count, 2);
    count = 0;
    TAP_EQUAL_INT(
        depot_build_envelopes(depot.depot, id, "endorsement", "", count_envelope, &count, &detail),
        SLW_OK);
    TAP_EQUAL_INT(count, 1);
}

static bool begin(void (*change)(struct depot_settings *settings))
{
    static char ann[128];
    static char eve[128];
    if (!test_depot_open(&depot, change) || !test_product(&depot, "lamp") ||
        !test_product(&depot, "fan") || !test_person(&depot, "ann", "lamp", "developer", ann) ||
        !test_person(&depot, "eve", "fan", "developer", eve)) {
        return false;
    }
    as_ann = as_eve = depot;
    as_ann.use_token = ann;
    as_eve.use_token = eve;
    return true;
}

static void end(void)
{
    test_depot_close(&depot);
}

int main(void)
{
    static const struct test_both_case cases[] = {
        CASE(a_bundle_becomes_a_build),
        CASE(refuses_bundles_that_are_no_builds),
        CASE(takes_endorsements_and_results_of_builds_that_are_here),
        CASE(refuses_envelopes_that_say_nothing_of_a_build),
        CASE(takes_logs_and_gives_them_as_text),
        CASE(refuses_names_and_members_that_make_no_sense),
        CASE(other_products_are_not_found),
        CASE(lists_go_on),
        CASE(other_parts_get_bundles_and_envelopes),
    };
    return test_both_main(begin, end, cases, sizeof cases / sizeof cases[0]);
}
