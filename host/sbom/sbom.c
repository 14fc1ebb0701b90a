/* SPDX-License-Identifier: Apache-2.0 */
/* Packages of SBOMs; the depot calls it for what is uploaded. See slipway/sbom.h. */
#include "slipway/sbom.h"

#include <stdio.h>
#include <stdlib.h>

#define COMPONENT_DEPTH_MAX 16u /* of components within components */

struct reading {
    struct slw_sbom sbom;
    struct slw_detail *detail;
};

static struct slw_bytes text_at(const struct slw_json_document *json, uint32_t object,
                                struct slw_bytes name)
{
    return slw_json_string(json, slw_json_member(json, object, name));
}

static enum slw_status refuse(const struct reading *reading, uint32_t value, enum slw_status status,
                              const char *what)
{
    return slw_json_refuse(&reading->sbom.json, value, status, what, reading->detail);
}

/* Within bounds and without NUL, so that it is a value of a database. */
static bool is_short(struct slw_bytes text, size_t max)
{
    return text.len <= max && (text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

static enum slw_status add_package(struct reading *reading, uint32_t value, struct slw_bytes name,
                                   struct slw_bytes version, struct slw_bytes purl)
{
    struct slw_sbom *sbom = &reading->sbom;
    if (name.len == 0) {
        return refuse(reading, value, SLW_MALFORMED, "a package without a name");
    }
    if (!is_short(name, SLW_SBOM_NAME_MAX) || !is_short(version, SLW_SBOM_VERSION_MAX) ||
        !is_short(purl, SLW_PURL_MAX)) {
        return refuse(reading, value, SLW_TOO_LARGE,
                      "a name, version or purl that is too long, or has a NUL");
    }
    if (sbom->count == SLW_SBOM_PACKAGES_MAX) {
        return refuse(reading, value, SLW_TOO_LARGE, "too many packages");
    }
    struct slw_sbom_package *place = slw_heap_grow(sbom->packages, sbom->count, sizeof *place);
    if (place == NULL) {
        return slw_explain_no_memory(reading->detail);
    }
    sbom->packages = place;
    sbom->packages[sbom->count++] = (struct slw_sbom_package){name, version, purl};
    return SLW_OK;
}

/*
 * SPDX 2.3, 7.21: "referenceCategory": "PACKAGE-MANAGER" (2.2 wrote PACKAGE_MANAGER),
 * "referenceType": "purl", "referenceLocator": the purl.
 */
static struct slw_bytes find_purl(const struct slw_json_document *json, uint32_t package)
{
    uint32_t list = slw_json_member(json, package, SLW_BYTES_OF("externalRefs"));
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    uint32_t reference = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &reference)) {
        if (slw_bytes_equal(text_at(json, reference, SLW_BYTES_OF("referenceType")),
                            SLW_BYTES_OF("purl"))) {
            return text_at(json, reference, SLW_BYTES_OF("referenceLocator"));
        }
    }
    return (struct slw_bytes){NULL, 0};
}

static enum slw_status read_spdx(struct reading *reading)
{
    const struct slw_json_document *json = &reading->sbom.json;
    uint32_t list = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("packages"));
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    uint32_t package = SLW_JSON_NONE;
    if (list != SLW_JSON_NONE && slw_json_kind(json, list) != SLW_JSON_ARRAY) {
        return refuse(reading, list, SLW_MALFORMED, "must be an array");
    }
    while (slw_json_walk_element(&walk, &package)) {
        SLW_TRY(add_package(reading, package, text_at(json, package, SLW_BYTES_OF("name")),
                            text_at(json, package, SLW_BYTES_OF("versionInfo")),
                            find_purl(json, package)));
    }
    return SLW_OK;
}

/* "group": "The grouping name or identifier"; shown as one with the name. */
static enum slw_status add_component(struct reading *reading, uint32_t component)
{
    const struct slw_json_document *json = &reading->sbom.json;
    struct slw_heap_buffer *names = &reading->sbom.names;
    struct slw_bytes name = text_at(json, component, SLW_BYTES_OF("name"));
    struct slw_bytes group = text_at(json, component, SLW_BYTES_OF("group"));
    struct slw_bytes version = text_at(json, component, SLW_BYTES_OF("version"));
    struct slw_bytes purl = text_at(json, component, SLW_BYTES_OF("purl"));
    if (group.len == 0 || name.len == 0) {
        return add_package(reading, component, name, version, purl);
    }
    if (group.len + name.len + 1 > SLW_SBOM_NAME_MAX) {
        return refuse(reading, component, SLW_TOO_LARGE, "too long a name");
    }
    size_t start = names->len;
    slw_heap_append(names, group);
    slw_heap_append_text(names, "/");
    slw_heap_append(names, name);
    if (names->status != SLW_OK) {
        return slw_explain_no_memory(reading->detail);
    }
    SLW_TRY(add_package(reading, component, slw_bytes_make(names->ptr + start, names->len - start),
                        version, purl));
    return SLW_OK;
}

/* Components may hold components: a stack of walks instead of recursion. */
static enum slw_status read_components(struct reading *reading, uint32_t list)
{
    const struct slw_json_document *json = &reading->sbom.json;
    struct slw_json_walk walks[COMPONENT_DEPTH_MAX];
    unsigned depth = 0;
    if (list != SLW_JSON_NONE && slw_json_kind(json, list) != SLW_JSON_ARRAY) {
        return refuse(reading, list, SLW_MALFORMED, "must be an array");
    }
    walks[depth++] = slw_json_walk_begin(json, list);
    while (depth > 0) {
        uint32_t component = SLW_JSON_NONE;
        if (!slw_json_walk_element(&walks[depth - 1], &component)) {
            depth--;
            continue;
        }
        SLW_TRY(add_component(reading, component));
        uint32_t inner = slw_json_member(json, component, SLW_BYTES_OF("components"));
        if (inner == SLW_JSON_NONE) {
            continue;
        }
        if (slw_json_kind(json, inner) != SLW_JSON_ARRAY || depth == COMPONENT_DEPTH_MAX) {
            return refuse(reading, inner, SLW_MALFORMED, "not components, or too deep ones");
        }
        walks[depth++] = slw_json_walk_begin(json, inner);
    }
    return SLW_OK;
}

static bool is_one_of(struct slw_bytes text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slw_bytes_equal(text, slw_bytes_make(words[i], strlen(words[i])))) {
            return true;
        }
    }
    return false;
}

static enum slw_status read_document(struct reading *reading)
{
    static const char *const spdx[] = {"SPDX-2.2", "SPDX-2.3"};
    static const char *const cyclonedx[] = {"1.4", "1.5", "1.6"};
    const struct slw_json_document *json = &reading->sbom.json;
    struct slw_bytes spdx_version = text_at(json, SLW_JSON_TOP, SLW_BYTES_OF("spdxVersion"));
    struct slw_bytes format = text_at(json, SLW_JSON_TOP, SLW_BYTES_OF("bomFormat"));
    struct slw_bytes version = text_at(json, SLW_JSON_TOP, SLW_BYTES_OF("specVersion"));
    if (is_one_of(spdx_version, spdx, 2)) {
        (void)snprintf(reading->sbom.format, sizeof reading->sbom.format, "spdx-%.3s",
                       (const char *)spdx_version.ptr + 5);
        return read_spdx(reading);
    }
    if (slw_bytes_equal(format, SLW_BYTES_OF("CycloneDX")) && is_one_of(version, cyclonedx, 3)) {
        (void)snprintf(reading->sbom.format, sizeof reading->sbom.format, "cyclonedx-%.3s",
                       (const char *)version.ptr);
        return read_components(reading,
                               slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("components")));
    }
    return refuse(reading, SLW_JSON_TOP, SLW_MALFORMED,
                  "neither SPDX 2.2 or 2.3 nor CycloneDX 1.4 to 1.6");
}

enum slw_status slw_sbom_parse(const char *name, struct slw_bytes text, struct slw_sbom *ret_sbom,
                               struct slw_detail *detail)
{
    struct reading reading = {.detail = detail};
    if (text.len > SLW_SBOM_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u bytes", name,
                           SLW_SBOM_SIZE_MAX);
    }
    SLW_TRY(slw_json_parse_foreign(name, text, &reading.sbom.json, detail));
    /* Names of groups are shorter than the text that they are made of, so it never moves. */
    enum slw_status status = slw_heap_reserve(&reading.sbom.names, text.len + 1) == NULL
                                 ? slw_explain_no_memory(detail)
                                 : SLW_OK;
    reading.sbom.names.len = 0;
    if (status == SLW_OK) {
        status = read_document(&reading);
    }
    if (status != SLW_OK) {
        slw_sbom_free(&reading.sbom);
        return status;
    }
    *ret_sbom = reading.sbom;
    return SLW_OK;
}

void slw_sbom_free(struct slw_sbom *sbom)
{
    free(sbom->packages);
    slw_json_document_free(&sbom->json);
    slw_heap_drop(&sbom->names);
    *sbom = (struct slw_sbom){0};
}
