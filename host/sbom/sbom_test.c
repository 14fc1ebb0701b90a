/* SPDX-License-Identifier: Apache-2.0 */
/* Packages of SBOMs as common tools write them, and what is refused; package URLs. */
#include "slipway/sbom.h"
#include "slipway/text.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

static struct slw_detail detail;
static struct slw_sbom sbom;

static enum slw_status parse(const char *text)
{
    detail.text[0] = '\0';
    return slw_sbom_parse("sbom.json", slw_text_bytes(text), &sbom, &detail);
}

static bool is(struct slw_bytes text, const char *expected)
{
    return slw_bytes_equal(text, slw_text_bytes(expected));
}

static bool has(size_t i, const char *name, const char *version, const char *purl)
{
    return i < sbom.count && is(sbom.packages[i].name, name) &&
           is(sbom.packages[i].version, version) && is(sbom.packages[i].purl, purl);
}

static void reads_spdx(void)
{
    TAP_REQUIRE(
        parse("{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":\"SPDXRef-"
              "DOCUMENT\",\"name\":\"lamp\",\"packages\":[{\"SPDXID\":\"SPDXRef-1\",\"name\":"
              "\"zlib\",\"versionInfo\":\"1.2.11\",\"downloadLocation\":\"NOASSERTION\","
              "\"externalRefs\":[{\"referenceCategory\":\"SECURITY\",\"referenceType\":"
              "\"cpe23Type\",\"referenceLocator\":\"cpe:2.3:a:zlib\"},{\"referenceCategory\":"
              "\"PACKAGE-MANAGER\",\"referenceType\":\"purl\",\"referenceLocator\":"
              "\"pkg:deb/debian/zlib1g@1%3A1.2.11\"}]},{\"name\":\"own \\u00e4pp\"}],"
              "\"relationships\":[]}") == SLW_OK);
    TAP_CHECK(strcmp(sbom.format, "spdx-2.3") == 0);
    TAP_EQUAL_INT(sbom.count, 2);
    TAP_CHECK(has(0, "zlib", "1.2.11", "pkg:deb/debian/zlib1g@1%3A1.2.11"));
    TAP_CHECK(has(1, "own \xC3\xA4pp", "", ""));
    slw_sbom_free(&sbom);
}

static void reads_cyclonedx_with_components_within_components(void)
{
    TAP_REQUIRE(
        parse("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\"metadata\":{"
              "\"component\":{\"type\":\"firmware\",\"name\":\"lamp\"}},\"components\":[{\"type\":"
              "\"library\",\"group\":\"@acme\",\"name\":\"core\",\"version\":\"2.0.0\",\"purl\":"
              "\"pkg:npm/%40acme/core@2.0.0\",\"components\":[{\"type\":\"library\",\"name\":"
              "\"inner\",\"version\":\"1\"}]},{\"type\":\"library\",\"name\":\"last\","
              "\"evidence\":{\"identity\":{\"confidence\":0.75}}}],\"vulnerabilities\":[{"
              "\"ratings\":[{\"score\":9.8}]}]}") == SLW_OK);
    TAP_CHECK(strcmp(sbom.format, "cyclonedx-1.6") == 0);
    TAP_EQUAL_INT(sbom.count, 3);
    TAP_CHECK(has(0, "@acme/core", "2.0.0", "pkg:npm/%40acme/core@2.0.0"));
    TAP_CHECK(has(1, "inner", "1", ""));
    TAP_CHECK(has(2, "last", "", ""));
    slw_sbom_free(&sbom);
}

static void takes_documents_without_packages(void)
{
    TAP_REQUIRE(parse("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\"}") == SLW_OK);
    TAP_EQUAL_INT(sbom.count, 0);
    slw_sbom_free(&sbom);
    TAP_REQUIRE(parse("{\"spdxVersion\":\"SPDX-2.2\"}") == SLW_OK);
    TAP_EQUAL_INT(sbom.count, 0);
    slw_sbom_free(&sbom);
}

static void refuses_what_is_no_sbom(void)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "null",
        "{\"spdxVersion\":\"SPDX-3.0\",\"packages\":[]}",
        "{\"spdxVersion\":23,\"packages\":[]}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.3\"}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"2.0\"}",
        "{\"bomFormat\":\"cyclonedx\",\"specVersion\":\"1.5\"}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":1.5}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":{}}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[1]}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{}]}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{\"name\":\"\"}]}",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{\"name\":1}]}",
        "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":{\"name\":\"a\"}}",
        "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"versionInfo\":\"1\"}]}",
        "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":[\"a\"]}]}",
        "{\"spdxVersion\":\"SPDX-2.3\",\"spdxVersion\":\"SPDX-2.3\"}",
        "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[",
        "<?xml version=\"1.0\"?><bom/>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(parse(texts[i]), SLW_MALFORMED);
        TAP_CHECK(strncmp(detail.text, "sbom.json", 9) == 0);
    }
}

static void refuses_what_is_too_large_or_too_deep(void)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"");
    memset(slw_heap_reserve(&text, 600), 'a', 600);
    slw_heap_append_text(&text, "\"}]}");
    TAP_EQUAL_INT(parse(slw_heap_text(&text)), SLW_TOO_LARGE);
    slw_heap_free(&text);
    TAP_EQUAL_INT(parse("{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"a\\u0000b\"}]}"),
                  SLW_TOO_LARGE);
    slw_heap_append_text(&text,
                         "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[");
    for (unsigned i = 0; i < 17; i++) {
        slw_heap_append_text(&text, "{\"name\":\"a\",\"components\":[");
    }
    for (unsigned i = 0; i < 17; i++) {
        slw_heap_append_text(&text, "]}");
    }
    slw_heap_append_text(&text, "]}");
    TAP_EQUAL_INT(parse(slw_heap_text(&text)), SLW_MALFORMED);
    slw_heap_free(&text);
    for (unsigned i = 0; i < 100000; i++) {
        slw_heap_append_text(&text, "[");
    }
    TAP_EQUAL_INT(parse(slw_heap_text(&text)), SLW_MALFORMED);
    slw_heap_free(&text);
    slw_heap_append_text(&text, "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"a\"}");
    for (unsigned i = 0; i < SLW_SBOM_PACKAGES_MAX; i++) {
        slw_heap_append_text(&text, ",{\"name\":\"a\"}");
    }
    slw_heap_append_text(&text, "]}");
    TAP_EQUAL_INT(parse(slw_heap_text(&text)), SLW_TOO_LARGE);
    slw_heap_free(&text);
}

static void gives_purls_one_spelling(void)
{
    static const char *const rows[][4] = {
        {"pkg:npm/%40acme/core@2.0.0", "pkg:npm/@acme/core", "@acme/core", "2.0.0"},
        {"pkg:npm/@acme/core@2.0.0", "pkg:npm/@acme/core", "@acme/core", "2.0.0"},
        {"pkg:NPM/Core", "pkg:npm/core", "core", ""},
        {"pkg:pypi/Django_Rest@3.1?x=y#sub", "pkg:pypi/django-rest", "django-rest", "3.1"},
        {"pkg:deb/debian/zlib1g@1%3A1.2.11?arch=amd64", "pkg:deb/debian/zlib1g", "debian/zlib1g",
         "1:1.2.11"},
        {"pkg:golang/github.com/a/B@v1.2.3", "pkg:golang/github.com/a/B", "github.com/a/B",
         "v1.2.3"},
        {"pkg://cargo/serde@1.0.0", "pkg:cargo/serde", "serde", "1.0.0"},
        {"pkg:maven/org.x/y@1%2B2", "pkg:maven/org.x/y", "org.x/y", "1+2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_purl purl;
        TAP_ROW(rows[i][0]);
        TAP_REQUIRE(slw_purl_parse(slw_text_bytes(rows[i][0]), &purl) == SLW_OK);
        TAP_CHECK(strcmp(purl.package, rows[i][1]) == 0);
        TAP_CHECK(strcmp(purl.name, rows[i][2]) == 0);
        TAP_CHECK(strcmp(purl.version, rows[i][3]) == 0);
    }
    TAP_CHECK(strcmp(slw_purl_ecosystem("pypi"), "PyPI") == 0);
    TAP_CHECK(slw_purl_ecosystem("unheard") == NULL);
}

static void refuses_what_is_no_purl(void)
{
    static const char *const texts[] = {
        "",        "pkg:",         "pkg:npm",      "pkg:npm/",      "npm/core",
        "pkg:/a",  "pkg:1a/b",     "pkg:n m/a",    "pkg:npm//a/",   "pkg:npm/a%2",
        "pkg:a/%", "pkg:npm/a%00", "pkg:npm/a\nb", "pkg:npm/a@%0A", "pkg:npm/?a=b",
        "PKG:a/b", "pkg:npm/a//b", "pkg:npm/%20a",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_purl purl = {.type = "kept"};
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(slw_purl_parse(slw_text_bytes(texts[i]), &purl), SLW_MALFORMED);
        TAP_CHECK(strcmp(purl.type, "kept") == 0);
    }
    static char longest[SLW_PURL_MAX + 2];
    struct slw_purl purl;
    memset(longest, 'a', sizeof longest - 1);
    for (size_t i = 0; i < 8; i++) {
        longest[i] = "pkg:npm/"[i];
    }
    TAP_EQUAL_INT(slw_purl_parse(slw_text_bytes(longest), &purl), SLW_MALFORMED);
}

int main(void)
{
    TAP_RUN(reads_spdx);
    TAP_RUN(reads_cyclonedx_with_components_within_components);
    TAP_RUN(takes_documents_without_packages);
    TAP_RUN(refuses_what_is_no_sbom);
    TAP_RUN(refuses_what_is_too_large_or_too_deep);
    TAP_RUN(gives_purls_one_spelling);
    TAP_RUN(refuses_what_is_no_purl);
    return tap_finish();
}
