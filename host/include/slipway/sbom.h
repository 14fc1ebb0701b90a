/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build contains: packages from SBOMs, SPDX 2.2 and 2.3 in JSON and CycloneDX 1.4 to 1.6 in
 * JSON; and advisories of OSV, which say what is affected by a flaw. The depot joins the two.
 *
 *     SLW_TRY(slw_sbom_parse("sbom.json", text, &sbom, detail));
 *     for (size_t i = 0; i < sbom.count; i++) {
 *         … sbom.packages[i].name, .version, .purl …
 *     }
 *     slw_sbom_free(&sbom);
 *
 * Only packages are read; who depends on whom, licences and files aren't. Members that aren't known
 * are ignored, for the formats want it so.
 */
#ifndef SLIPWAY_SBOM_H
#define SLIPWAY_SBOM_H

#include "slipway/json_reader.h"

#define SLW_SBOM_SIZE_MAX 67108864u /* of a document's text */
#define SLW_SBOM_PACKAGES_MAX 100000u
#define SLW_SBOM_NAME_MAX 512u
#define SLW_SBOM_VERSION_MAX 256u
#define SLW_PURL_MAX 1024u

struct slw_sbom_package {
    struct slw_bytes name;    /* of CycloneDX with its group: "group/name" */
    struct slw_bytes version; /* may be empty */
    struct slw_bytes purl;    /* may be empty */
};

struct slw_sbom {
    char format[24]; /* "spdx-2.3", "cyclonedx-1.6" */
    struct slw_sbom_package *packages;
    size_t count;
    /* private: what the views point into */
    struct slw_json_document json;
    struct slw_heap_buffer names;
};

/*
 * Reads an SBOM; views live as long as it and the text. SLW_MALFORMED with the place for what is
 * none, or of another version; SLW_TOO_LARGE over the limits; SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_sbom_parse(const char *name, struct slw_bytes text,
                                            struct slw_sbom *ret_sbom, struct slw_detail *detail);
void slw_sbom_free(struct slw_sbom *sbom);

/*
 * A package URL ("pkg:type/namespace/name@version?qualifiers#subpath"), taken apart. package is
 * "pkg:type/namespace/name" in the spelling that equal ones share: type in lower case, percent
 * encoding decoded, and of types for which the specification says so, name and namespace in lower
 * case, and `_` as `-` (pypi). SLW_MALFORMED for what is none.
 */
struct slw_purl {
    char type[32];
    char package[SLW_PURL_MAX + 1];
    char name[SLW_PURL_MAX + 1]; /* "namespace/name", as OSV has it for most ecosystems */
    char version[SLW_SBOM_VERSION_MAX + 1]; /* decoded; "" for none */
};
SLW_MUST_USE enum slw_status slw_purl_parse(struct slw_bytes text, struct slw_purl *ret_purl);

/* OSV's name of the ecosystem of a purl's type ("pypi" → "PyPI"); NULL when it has none. */
const char *slw_purl_ecosystem(const char *type);

/*
 * Versions in the order of their ecosystem: "SEMVER" (semver.org 2.0.0), Debian's rules for
 * "Debian" and "Ubuntu", PEP 440's for "PyPI", and for all others a comparison of runs of digits as
 * numbers and of the rest as text, as most package managers do in the cases that occur. Negative,
 * zero or positive; versions of one meaning in two spellings are equal.
 */
int slw_version_compare(const char *ecosystem, struct slw_bytes left, struct slw_bytes right);

/* An advisory of OSV. */
struct slw_osv {
    struct slw_bytes id;
    struct slw_bytes summary;  /* may be empty */
    struct slw_bytes modified; /* as it stands there */
    bool is_withdrawn;
    struct slw_json_document json; /* private */
};
#define SLW_OSV_SIZE_MAX 16777216u
#define SLW_OSV_ID_MAX 128u

/* SLW_MALFORMED, SLW_TOO_LARGE, SLW_NO_SPACE. Views live as long as it and the text. */
SLW_MUST_USE enum slw_status slw_osv_parse(const char *name, struct slw_bytes text,
                                           struct slw_osv *ret_osv, struct slw_detail *detail);
void slw_osv_free(struct slw_osv *osv);

/* What the advisory says of a package in its list "affected". */
struct slw_osv_package {
    struct slw_bytes ecosystem; /* without what stands behind a colon: "Debian:12" → "Debian" */
    struct slw_bytes name;
    struct slw_bytes purl; /* may be empty */
    uint32_t value;        /* private: place in the document */
};
struct slw_osv_walk {
    const struct slw_osv *osv;
    struct slw_json_walk walk;
};
struct slw_osv_walk slw_osv_walk_begin(const struct slw_osv *osv);
SLW_MUST_USE bool slw_osv_walk_next(struct slw_osv_walk *walk, struct slw_osv_package *ret_package);

/* Whether a version is affected: listed in "versions", or within a range of kind SEMVER or
 * ECOSYSTEM. An empty version counts as affected: nobody knows that it isn't. */
bool slw_osv_affects(const struct slw_osv *osv, const struct slw_osv_package *package,
                     struct slw_bytes version);

/* 1 to SLW_OSV_ID_MAX letters, digits, `-`, `_`, `.`, `:`, beginning with a letter or digit. */
bool slw_osv_id_is_good(struct slw_bytes id);

#endif
