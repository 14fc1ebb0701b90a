/* SPDX-License-Identifier: Apache-2.0 */
/* "Which builds, releases and devices contain X", asked by package and by advisory; and SBOMs that
 * are none. */
#include "part.h"
#include "test_artifacts.h"
#include "test_both.h"

#include "slipway/files.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_depot depot;
static char directory[96];
static char first[65];
static char second[65];

static bool add_sbom(const char *build, const char *text, long expected)
{
    char sha256[65];
    char more[160];
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", build);
    long status = test_upload(&depot, slw_bytes_make(text, strlen(text)), sha256);
    status = status == 201 ? test_add_status(&depot, "lamp", "sbom", sha256, more) : -status;
    if (status != expected) {
        (void)printf("# %ld for %.60s\n", status, text);
    }
    return status == expected;
}

static void takes_sboms_and_lists_their_packages(void)
{
    struct test_answer answer;
    char path[256];
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "one", first));
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "two", second));
    TAP_CHECK(add_sbom(first,
                       "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"zlib\","
                       "\"versionInfo\":\"1:1.2.11\",\"externalRefs\":[{\"referenceType\":\"purl\","
                       "\"referenceLocator\":\"pkg:deb/debian/zlib@1%3A1.2.11?arch=arm\"}]},{"
                       "\"name\":\"loose\",\"versionInfo\":\"1.0\"},{\"name\":\"<b>'; DROP TABLE "
                       "builds; --\"}]}",
                       201));
    TAP_CHECK(add_sbom(second,
                       "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{"
                       "\"group\":\"@acme\",\"name\":\"core\",\"version\":\"2.0.0\",\"purl\":"
                       "\"pkg:npm/%40acme/core@2.0.0\"},{\"name\":\"zlib\",\"version\":"
                       "\"1:1.2.13\",\"purl\":\"pkg:deb/debian/zlib@1%3A1.2.13\"}]}",
                       201));
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/packages?limit=2", first);
    test_call(&depot, "GET", path, NULL, &answer);
    TAP_CHECK(test_text(&answer, "packages.0.name", "zlib"));
    TAP_CHECK(test_text(&answer, "packages.0.version", "1:1.2.11"));
    TAP_CHECK(test_text(&answer, "packages.1.name", "loose"));
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/packages?after=%lld", first,
                   (long long)test_number(&answer, "next"));
    test_answer_free(&answer);
    test_call(&depot, "GET", path, NULL, &answer);
    TAP_CHECK(test_text(&answer, "packages.0.name", "<b>'; DROP TABLE builds; --"));
    TAP_CHECK(test_find(&answer, "packages.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
}

static void refuses_what_is_no_sbom(void)
{
    char deep[600];
    char unknown[65];
    TAP_CHECK(add_sbom(first, "{}", 400));
    TAP_CHECK(add_sbom(first, "{\"spdxVersion\":\"SPDX-9\"}", 400));
    TAP_CHECK(add_sbom(first, "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{}]}", 400));
    TAP_CHECK(add_sbom(first, "<bom/>", 400));
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    TAP_CHECK(add_sbom(first, deep, 400));
    memset(unknown, 'd', 64);
    unknown[64] = '\0';
    TAP_CHECK(add_sbom(unknown, "{\"spdxVersion\":\"SPDX-2.3\"}", 404));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM artifacts WHERE kind = 'sbom'"), 2);
}

static void packages_are_found_by_purl(void)
{
    struct test_answer answer;
    test_call(&depot, "GET", "/api/v1/products/lamp/affected?purl=pkg:deb/debian/zlib", NULL,
              &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_find(&answer, "builds.1") != SLW_JSON_NONE);
    TAP_CHECK(test_find(&answer, "builds.2") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&depot, "GET", "/api/v1/products/lamp/affected?purl=pkg:npm/%40acme/core%402.0.0",
              NULL, &answer);
    TAP_CHECK(test_text(&answer, "builds.0.id", second));
    TAP_CHECK(test_text(&answer, "builds.0.packages.0.name", "@acme/core"));
    TAP_CHECK(test_find(&answer, "builds.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&depot, "GET", "/api/v1/products/lamp/affected?purl=pkg:npm/%40acme/core%402.0.1",
              NULL, &answer);
    TAP_CHECK(test_find(&answer, "builds.0") == SLW_JSON_NONE);
    TAP_EQUAL_INT(test_number(&answer, "builds_without_sbom"), 0);
    test_answer_free(&answer);
}

static bool write_advisory(const char *name, const char *text)
{
    char path[256];
    struct slw_detail detail;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return slw_file_write(path, SLW_OUTPUT_REPLACE, slw_bytes_make(text, strlen(text)), &detail) ==
           SLW_OK;
}

static void advisories_tell_which_builds_are_affected(void)
{
    struct test_answer answer;
    TAP_REQUIRE(write_advisory(
        "DSA-1.json",
        "{\"id\":\"DSA-1\",\"summary\":\"zlib writes beyond its end\",\"modified\":"
        "\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
        "\"name\":\"zlib\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},"
        "{\"fixed\":\"1:1.2.13\"}]}]},{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"loose\"},"
        "\"versions\":[\"1.0\"]}]}"));
    test_call(&depot, "GET", "/api/v1/products/lamp/affected?id=DSA-1", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "summary", "zlib writes beyond its end"));
    TAP_CHECK(test_text(&answer, "builds.0.id", first));
    TAP_CHECK(test_text(&answer, "builds.0.packages.0.name", "loose"));
    TAP_CHECK(test_text(&answer, "builds.0.packages.1.name", "zlib"));
    TAP_CHECK(test_text(&answer, "builds.0.packages.1.version", "1:1.2.11"));
    TAP_CHECK(test_find(&answer, "builds.1") == SLW_JSON_NONE);
    TAP_EQUAL_INT(test_number(&answer, "devices"), 0);
    test_answer_free(&answer);
}

static void refuses_advisories_that_are_none(void)
{
    static const char *const queries[] = {
        "id=..%2FDSA-1",          "id=.hidden", "id=a b", "id=a%00", "purl=zlib", "",
        "id=DSA-1&purl=pkg:npm/a"};
    char path[256];
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        TAP_ROW(queries[i]);
        (void)snprintf(path, sizeof path, "/api/v1/products/lamp/affected?%s", queries[i]);
        long status = test_status(&depot, "GET", path, NULL);
        TAP_CHECK(status == 400 || status == 0);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp/affected?id=DSA-2", NULL), 404);
    TAP_REQUIRE(write_advisory("BAD-1.json", "{\"id\":\"../../x\"}"));
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp/affected?id=BAD-1", NULL), 400);
    /* No link leads out of the directory, and no pipe is waited for. */
    (void)snprintf(path, sizeof path, "%s/LINK-1.json", directory);
    TAP_REQUIRE(symlink("DSA-1.json", path) == 0);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp/affected?id=LINK-1", NULL),
                  503);
    (void)snprintf(path, sizeof path, "%s/PIPE-1.json", directory);
    TAP_REQUIRE(mkfifo(path, 0600) == 0);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp/affected?id=PIPE-1", NULL),
                  503);
}

static void releases_and_devices_are_told(void)
{
    struct test_answer answer;
    char values[160];
    (void)snprintf(values, sizeof values, "'lamp', 9, '%s', 'stable', '2.1', 'published'", first);
    TAP_REQUIRE(test_row(&depot, "releases",
                         "product, version, build, channel, release_version, state", values));
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(values, sizeof values, "'lamp', 'd%u', '%s', 9", i,
                       i == 2 ? "revoked" : "enrolled");
        TAP_REQUIRE(test_row(&depot, "devices", "product, id, state, version", values));
    }
    test_call(&depot, "GET", "/api/v1/products/lamp/affected?id=DSA-1", NULL, &answer);
    TAP_CHECK(test_text(&answer, "builds.0.releases.0.release_version", "2.1"));
    TAP_EQUAL_INT(test_number(&answer, "builds.0.releases.0.devices"), 2);
    TAP_EQUAL_INT(test_number(&answer, "devices"), 2);
    test_answer_free(&answer);
}

static void (*change_database)(struct depot_settings *settings);

static void change_settings(struct depot_settings *settings)
{
    change_database(settings);
    (void)snprintf(settings->osv, sizeof settings->osv, "%s", directory);
}

static bool begin(void (*change)(struct depot_settings *settings))
{
    change_database = change;
    (void)snprintf(directory, sizeof directory, "/tmp/depot-osv.XXXXXX");
    return mkdtemp(directory) != NULL && test_depot_open(&depot, change_settings) &&
           test_product(&depot, "lamp");
}

static void end(void)
{
    test_depot_close(&depot);
    remove_tree(directory);
}

int main(void)
{
    static const struct test_both_case cases[] = {
        CASE(takes_sboms_and_lists_their_packages), CASE(refuses_what_is_no_sbom),
        CASE(packages_are_found_by_purl),           CASE(advisories_tell_which_builds_are_affected),
        CASE(refuses_advisories_that_are_none),     CASE(releases_and_devices_are_told),
    };
    return test_both_main(begin, end, cases, sizeof cases / sizeof cases[0]);
}
