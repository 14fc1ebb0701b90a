/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions an advisory of OSV affects. */
#include "slipway/sbom.h"
#include "slipway/text.h"

#include "tap.h"

#include <string.h>

static struct slw_detail detail;

#define OSV(affected)                                                                              \
    "{\"id\":\"OSV-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[" affected "]}"
#define PACKAGE(ecosystem, rest)                                                                   \
    "{\"package\":{\"ecosystem\":\"" ecosystem "\",\"name\":\"p\"}," rest "}"
#define RANGE(type, events) "\"ranges\":[{\"type\":\"" type "\",\"events\":[" events "]}]"

/* Whether the first package of the advisory is affected in this version. */
static bool affects(const char *advisory, const char *version)
{
    struct slw_osv osv;
    struct slw_osv_package package;
    if (slw_osv_parse("osv.json", slw_text_bytes(advisory), &osv, &detail) != SLW_OK) {
        return TAP_CHECK(detail.text[0] == '\0');
    }
    struct slw_osv_walk walk = slw_osv_walk_begin(&osv);
    bool affected = slw_osv_walk_next(&walk, &package) &&
                    slw_osv_affects(&osv, &package, slw_text_bytes(version));
    slw_osv_free(&osv);
    return affected;
}

static void knows_versions_of_ranges(void)
{
    static const struct {
        const char *advisory;
        const char *affected[4];
        const char *fine[4];
    } rows[] = {
        {OSV(PACKAGE("npm", RANGE("SEMVER", "{\"introduced\":\"1.0.0\"},{\"fixed\":\"1.2.3\"}"))),
         {"1.0.0", "1.2.2", "1.2.3-rc.1"},
         {"0.9.9", "1.2.3", "2.0.0", "1.0.0-alpha"}},
        {OSV(PACKAGE("npm", RANGE("SEMVER", "{\"fixed\":\"1.2.3\"},{\"introduced\":\"0\"}"))),
         {"0.0.0-alpha", "1.2.2"},
         {"1.2.3"}},
        {OSV(PACKAGE("npm",
                     RANGE("SEMVER", "{\"introduced\":\"0\"},{\"fixed\":\"1.0.0\"},"
                                     "{\"introduced\":\"2.0.0\"},{\"last_affected\":\"2.1.0\"}"))),
         {"0.1.0", "2.0.0", "2.1.0"},
         {"1.0.0", "1.9.9", "2.1.1", "3.0.0"}},
        {OSV(PACKAGE("Debian:12", RANGE("ECOSYSTEM", "{\"introduced\":\"0\"},"
                                                     "{\"fixed\":\"1:1.2.13.dfsg-1\"}"))),
         {"1:1.2.11.dfsg-2", "1:1.2.13.dfsg-1~deb12u1", "9.9"},
         {"1:1.2.13.dfsg-1", "2:0"}},
        {OSV(PACKAGE("PyPI", RANGE("ECOSYSTEM", "{\"introduced\":\"3.0\"},{\"fixed\":\"3.2.1\"}"))),
         {"3.0", "3.2.1rc1", "3.1.post2"},
         {"2.9", "3.2.1", "3.10"}},
        {OSV(PACKAGE("Maven", "\"versions\":[\"1.0\",\"weird name\"]")),
         {"1.0", "weird name", ""},
         {"1.0.0", "2"}},
        {OSV(PACKAGE("npm", RANGE("GIT", "{\"introduced\":\"0\"}"))), {""}, {"1.0.0", "abcdef"}},
        {OSV(PACKAGE("npm", "\"ranges\":1,\"versions\":{}")), {""}, {"1.0.0"}},
        {OSV(PACKAGE("npm", RANGE("SEMVER", "{\"introduced\":1},7,{},{\"limit\":\"2.0.0\"}"))),
         {""},
         {"1.0.0"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t j = 0; j < 4; j++) {
            if (rows[i].affected[j] != NULL) {
                TAP_ROW(rows[i].affected[j]);
                TAP_CHECK(affects(rows[i].advisory, rows[i].affected[j]));
            }
            if (rows[i].fine[j] != NULL) {
                TAP_ROW(rows[i].fine[j]);
                TAP_CHECK(!affects(rows[i].advisory, rows[i].fine[j]));
            }
        }
    }
}

static void gives_every_package_once(void)
{
    static const char text[] = OSV(
        "{\"package\":{\"ecosystem\":\"Debian:11\",\"name\":\"a\",\"purl\":\"pkg:deb/debian/a\"}},"
        "{\"ranges\":[]},{\"package\":7},5,"
        "{\"package\":{\"ecosystem\":\"npm\",\"name\":\"b\"}}");
    struct slw_osv osv;
    struct slw_osv_package package;
    TAP_REQUIRE(slw_osv_parse("osv.json", slw_text_bytes(text), &osv, &detail) == SLW_OK);
    struct slw_osv_walk walk = slw_osv_walk_begin(&osv);
    TAP_CHECK(slw_osv_walk_next(&walk, &package));
    TAP_CHECK(slw_bytes_equal(package.ecosystem, slw_text_bytes("Debian")));
    TAP_CHECK(slw_bytes_equal(package.purl, slw_text_bytes("pkg:deb/debian/a")));
    TAP_CHECK(slw_osv_walk_next(&walk, &package));
    TAP_CHECK(slw_bytes_equal(package.name, slw_text_bytes("b")) && package.purl.len == 0);
    TAP_CHECK(!slw_osv_walk_next(&walk, &package));
    TAP_CHECK(!osv.is_withdrawn);
    slw_osv_free(&osv);
}

static void refuses_what_is_no_advisory(void)
{
    static const char *const texts[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"id\":1}",
                                        "{\"id\":\"\"}",
                                        "{\"id\":\"../../etc/passwd\"}",
                                        "{\"id\":\"a/b\"}",
                                        "{\"id\":\"a\\u0000\"}",
                                        "{\"id\":\"a\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_osv osv;
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(slw_osv_parse("osv.json", slw_text_bytes(texts[i]), &osv, &detail),
                      SLW_MALFORMED);
    }
    TAP_ROW(NULL);
    TAP_CHECK(slw_osv_id_is_good(slw_text_bytes("GHSA-vh95-rmgr-6w4m")));
    TAP_CHECK(slw_osv_id_is_good(slw_text_bytes("RUSTSEC-2024-0001")));
    TAP_CHECK(!slw_osv_id_is_good(slw_text_bytes(".hidden")));
    TAP_CHECK(!slw_osv_id_is_good(slw_text_bytes("a b")));
}

int main(void)
{
    TAP_RUN(knows_versions_of_ranges);
    TAP_RUN(gives_every_package_once);
    TAP_RUN(refuses_what_is_no_advisory);
    return tap_finish();
}
