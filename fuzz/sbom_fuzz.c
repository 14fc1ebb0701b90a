/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything as an SBOM, as an advisory of OSV, and as a package URL. A purl's own spelling is one
 * that it is read as again, and of two versions one is never both older and newer.
 */
#include "fuzz.h"

#include "slipway/sbom.h"

static void check_purl(struct slw_bytes text)
{
    struct slw_purl purl;
    if (slw_purl_parse(text, &purl) == SLW_OK) {
        FUZZ_CHECK(strncmp(purl.package, "pkg:", 4) == 0 && purl.name[0] != '\0');
        (void)slw_purl_ecosystem(purl.type);
    }
}

static void check_order(struct slw_bytes left, struct slw_bytes right)
{
    static const char *const ecosystems[] = {"SEMVER", "Debian", "PyPI", "Maven"};
    for (size_t i = 0; i < 4; i++) {
        int order = slw_version_compare(ecosystems[i], left, right);
        int back = slw_version_compare(ecosystems[i], right, left);
        FUZZ_CHECK((order < 0) == (back > 0) && (order == 0) == (back == 0));
        FUZZ_CHECK(slw_version_compare(ecosystems[i], left, left) == 0);
    }
}

static void check_sbom(struct slw_bytes text)
{
    struct slw_detail detail;
    struct slw_sbom sbom;
    if (slw_sbom_parse("sbom", text, &sbom, &detail) != SLW_OK) {
        return;
    }
    FUZZ_CHECK(sbom.count <= SLW_SBOM_PACKAGES_MAX);
    for (size_t i = 0; i < sbom.count; i++) {
        FUZZ_CHECK(sbom.packages[i].name.len > 0);
        check_purl(sbom.packages[i].purl);
        check_order(sbom.packages[i].version, sbom.packages[0].version);
    }
    slw_sbom_free(&sbom);
}

static void check_osv(struct slw_bytes text)
{
    struct slw_detail detail;
    struct slw_osv osv;
    struct slw_osv_package package;
    if (slw_osv_parse("osv", text, &osv, &detail) != SLW_OK) {
        return;
    }
    struct slw_osv_walk walk = slw_osv_walk_begin(&osv);
    while (slw_osv_walk_next(&walk, &package)) {
        (void)slw_osv_affects(&osv, &package, SLW_BYTES_OF("1.2.3-rc1"));
        check_purl(package.purl);
    }
    slw_osv_free(&osv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes text = slw_bytes_make(data, size);
    check_sbom(text);
    check_osv(text);
    check_purl(text);
    check_order(slw_bytes_make(data, size / 2), slw_bytes_make(data + size / 2, size - size / 2));
    return 0;
}
