/* SPDX-License-Identifier: Apache-2.0 */
/* Advisories in the OSV schema 1.x: which versions of which packages are affected. */
#include "slipway/sbom.h"

#include <stdio.h>

static struct slw_bytes text_at(const struct slw_json_document *json, uint32_t object,
                                struct slw_bytes name)
{
    return slw_json_string(json, slw_json_member(json, object, name));
}

bool slw_osv_id_is_good(struct slw_bytes id)
{
    if (id.len == 0 || id.len > SLW_OSV_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && (i == 0 || (c != '-' && c != '_' && c != '.' && c != ':'))) {
            return false;
        }
    }
    return true;
}

enum slw_status slw_osv_parse(const char *name, struct slw_bytes text, struct slw_osv *ret_osv,
                              struct slw_detail *detail)
{
    struct slw_osv osv = {.is_withdrawn = false};
    if (text.len > SLW_OSV_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u bytes", name, SLW_OSV_SIZE_MAX);
    }
    SLW_TRY(slw_json_parse_foreign(name, text, &osv.json, detail));
    osv.id = text_at(&osv.json, SLW_JSON_TOP, SLW_BYTES_OF("id"));
    osv.summary = text_at(&osv.json, SLW_JSON_TOP, SLW_BYTES_OF("summary"));
    osv.modified = text_at(&osv.json, SLW_JSON_TOP, SLW_BYTES_OF("modified"));
    osv.is_withdrawn = text_at(&osv.json, SLW_JSON_TOP, SLW_BYTES_OF("withdrawn")).len > 0;
    if (!slw_osv_id_is_good(osv.id)) {
        enum slw_status status = slw_json_refuse(&osv.json, SLW_JSON_TOP, SLW_MALFORMED,
                                                 "not an advisory: no id", detail);
        slw_osv_free(&osv);
        return status;
    }
    *ret_osv = osv;
    return SLW_OK;
}

void slw_osv_free(struct slw_osv *osv)
{
    slw_json_document_free(&osv->json);
}

struct slw_osv_walk slw_osv_walk_begin(const struct slw_osv *osv)
{
    uint32_t list = slw_json_member(&osv->json, SLW_JSON_TOP, SLW_BYTES_OF("affected"));
    return (struct slw_osv_walk){osv, slw_json_walk_begin(&osv->json, list)};
}

bool slw_osv_walk_next(struct slw_osv_walk *walk, struct slw_osv_package *ret_package)
{
    const struct slw_json_document *json = &walk->osv->json;
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk->walk, &value)) {
        uint32_t package = slw_json_member(json, value, SLW_BYTES_OF("package"));
        struct slw_bytes ecosystem = text_at(json, package, SLW_BYTES_OF("ecosystem"));
        const uint8_t *colon =
            ecosystem.len == 0 ? NULL : memchr(ecosystem.ptr, ':', ecosystem.len);
        if (colon != NULL) {
            ecosystem.len = (size_t)(colon - ecosystem.ptr);
        }
        struct slw_osv_package found = {ecosystem, text_at(json, package, SLW_BYTES_OF("name")),
                                        text_at(json, package, SLW_BYTES_OF("purl")), value};
        if (found.name.len > 0 || found.purl.len > 0) {
            *ret_package = found;
            return true;
        }
    }
    return false;
}

static bool is_listed(const struct slw_json_document *json, uint32_t affected,
                      struct slw_bytes version)
{
    uint32_t list = slw_json_member(json, affected, SLW_BYTES_OF("versions"));
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_bytes_equal(slw_json_string(json, value), version)) {
            return true;
        }
    }
    return false;
}

/*
 * OSV schema, "Evaluation": a version is affected when the last event at or below it is
 * "introduced", or a "last_affected" that is it. "introduced": "0" is below every version. Events
 * may stand in any order, so that the highest one that isn't above the version decides: of two at
 * the same version, "fixed" does.
 */
struct range {
    const char *ecosystem;
    struct slw_bytes version;
    bool has_best;
    struct slw_bytes best;
    bool best_is_zero;
    bool affected;
};

static bool is_zero(struct slw_bytes text)
{
    return slw_bytes_equal(text, SLW_BYTES_OF("0"));
}

static int compare_events(const struct range *range, struct slw_bytes left, bool left_zero,
                          struct slw_bytes right, bool right_zero)
{
    if (left_zero || right_zero) {
        return (int)right_zero - (int)left_zero;
    }
    return slw_version_compare(range->ecosystem, left, right);
}

/* after: it is in effect only above the event's version (last_affected). */
static void note_event(struct range *range, struct slw_bytes at, bool begins, bool after)
{
    bool zero = begins && is_zero(at);
    int order = zero ? -1 : slw_version_compare(range->ecosystem, at, range->version);
    if (at.len == 0 || order > 0 || (after && order == 0)) {
        return;
    }
    int against =
        range->has_best ? compare_events(range, at, zero, range->best, range->best_is_zero) : 1;
    if (against > 0 || (against == 0 && !begins)) {
        range->has_best = true;
        range->best = at;
        range->best_is_zero = zero;
        range->affected = begins;
    }
}

static bool is_in_range(const struct slw_json_document *json, uint32_t value, const char *ecosystem,
                        struct slw_bytes version)
{
    struct slw_bytes type = text_at(json, value, SLW_BYTES_OF("type"));
    bool is_semver = slw_bytes_equal(type, SLW_BYTES_OF("SEMVER"));
    if (!is_semver && !slw_bytes_equal(type, SLW_BYTES_OF("ECOSYSTEM"))) {
        return false; /* GIT: commits aren't versions */
    }
    struct range range = {.ecosystem = is_semver ? "SEMVER" : ecosystem, .version = version};
    uint32_t list = slw_json_member(json, value, SLW_BYTES_OF("events"));
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    uint32_t event = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &event)) {
        note_event(&range, text_at(json, event, SLW_BYTES_OF("introduced")), true, false);
        note_event(&range, text_at(json, event, SLW_BYTES_OF("fixed")), false, false);
        note_event(&range, text_at(json, event, SLW_BYTES_OF("last_affected")), false, true);
    }
    return range.affected;
}

bool slw_osv_affects(const struct slw_osv *osv, const struct slw_osv_package *package,
                     struct slw_bytes version)
{
    const struct slw_json_document *json = &osv->json;
    char ecosystem[64];
    if (version.len == 0 || is_listed(json, package->value, version)) {
        return true;
    }
    size_t len = package->ecosystem.len < sizeof ecosystem ? package->ecosystem.len : 0;
    if (len > 0) {
        memcpy(ecosystem, package->ecosystem.ptr, len);
    }
    ecosystem[len] = '\0';
    uint32_t list = slw_json_member(json, package->value, SLW_BYTES_OF("ranges"));
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &value)) {
        if (is_in_range(json, value, ecosystem, version)) {
            return true;
        }
    }
    return false;
}
