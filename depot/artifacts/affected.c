/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Which builds, releases and devices contain X": ?purl= asks for a package, with or without a
 * version; ?id= for what an advisory of OSV says, from a file ID.json below the directory of
 * advisories. SBOMs say what builds contain, releases which builds they are, devices what they run.
 */
#include "part.h"

#include "slipway/files.h"
#include "slipway/sbom.h"
#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define AFFECTED_BUILDS_MAX 2000u
#define AFFECTED_MATCHES_MAX 20000u

struct match {
    char build[DEPOT_DIGEST_SIZE];
    char name[SLW_SBOM_NAME_MAX + 1];
    char version[SLW_SBOM_VERSION_MAX + 1];
};

struct question {
    struct slw_bytes product;
    bool has_osv;
    struct slw_heap_buffer text; /* of the advisory */
    struct slw_osv osv;
    struct slw_purl purl;
    bool is_truncated;
    struct match *matches;
    size_t count;
};

static void copy_text(char *place, size_t size, struct slw_bytes text)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0) {
        memcpy(place, text.ptr, len);
    }
    place[len] = '\0';
}

static enum slw_status add_match(struct question *question, const struct slw_rows *rows,
                                 struct slw_detail *detail)
{
    if (question->count == AFFECTED_MATCHES_MAX) {
        question->is_truncated = true;
        return SLW_OK;
    }
    struct match *place = slw_heap_grow(question->matches, question->count, sizeof *place);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    question->matches = place;
    struct match *match = &question->matches[question->count++];
    copy_text(match->build, sizeof match->build, slw_rows_bytes(rows, 0));
    copy_text(match->name, sizeof match->name, slw_rows_bytes(rows, 1));
    copy_text(match->version, sizeof match->version, slw_rows_bytes(rows, 2));
    return SLW_OK;
}

/* Rows of (build, name, version) of packages that accept() says yes to. */
static enum slw_status match_rows(struct question *question, struct slw_rows *rows,
                                  const struct slw_osv_package *package, struct slw_detail *detail)
{
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && slw_rows_next(rows)) {
        struct slw_bytes version = slw_rows_bytes(rows, 2);
        bool matches = package != NULL
                           ? slw_osv_affects(&question->osv, package, version)
                           : question->purl.version[0] == '\0' || version.len == 0 ||
                                 slw_bytes_equal(version, slw_text_bytes(question->purl.version));
        status = matches ? add_match(question, rows, detail) : SLW_OK;
    }
    struct slw_detail closing = {""};
    enum slw_status closed = slw_rows_close(rows, &closing);
    return status != SLW_OK || closed == SLW_OK ? status
                                                : slw_explain(detail, closed, "%s", closing.text);
}

#define FROM_BUILDS                                                                                \
    "SELECT DISTINCT s.build, s.name, s.version FROM sbom_packages s JOIN builds b ON b.id = "     \
    "s.build WHERE b.product = $1 AND "

static enum slw_status match_package(struct question *question, struct slw_transaction *transaction,
                                     const char *package, const struct slw_osv_package *advised,
                                     struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(question->product),
                                           slw_sql_text(slw_text_bytes(package))};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, FROM_BUILDS "s.package = $2 ORDER BY s.build, s.name",
                          values, 2, &rows, detail));
    return match_rows(question, rows, advised, detail);
}

/* Of a package without purl in the SBOM only its name is known: better one too many. */
static enum slw_status match_name(struct question *question, struct slw_transaction *transaction,
                                  const struct slw_osv_package *advised, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(question->product),
                                           slw_sql_text(advised->name)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          FROM_BUILDS "s.name = $2 AND s.package = '' ORDER BY s.build, s.name",
                          values, 2, &rows, detail));
    return match_rows(question, rows, advised, detail);
}

/* The purl that the advisory gives, or the one of its ecosystem and name; distributions have theirs
 * in the namespace ("pkg:deb/debian/zlib"). */
static bool name_package(const struct slw_osv_package *advised, struct slw_purl *ret_purl)
{
    static const char *const types[][3] = {
        {"PyPI", "pypi", ""},         {"npm", "npm", ""},           {"crates.io", "cargo", ""},
        {"Go", "golang", ""},         {"Maven", "maven", ""},       {"NuGet", "nuget", ""},
        {"RubyGems", "gem", ""},      {"Hex", "hex", ""},           {"Packagist", "composer", ""},
        {"Pub", "pub", ""},           {"Debian", "deb", "debian/"}, {"Ubuntu", "deb", "ubuntu/"},
        {"Alpine", "apk", "alpine/"}, {"ConanCenter", "conan", ""}};
    char text[SLW_PURL_MAX];
    if (advised->purl.len > 0) {
        return slw_purl_parse(advised->purl, ret_purl) == SLW_OK;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!slw_bytes_equal(advised->ecosystem, slw_text_bytes(types[i][0])) ||
            advised->name.len > 512) {
            continue;
        }
        int len = snprintf(text, sizeof text, "pkg:%s/%s%.*s", types[i][1], types[i][2],
                           (int)advised->name.len, (const char *)advised->name.ptr);
        for (char *colon = strchr(text + 4, ':'); colon != NULL; colon = strchr(colon, ':')) {
            *colon = '/'; /* Maven's "group:artifact" */
        }
        return slw_purl_parse(slw_bytes_make(text, (size_t)len), ret_purl) == SLW_OK;
    }
    return false;
}

static enum slw_status match_advisory(struct question *question,
                                      struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct slw_osv_walk walk = slw_osv_walk_begin(&question->osv);
    struct slw_osv_package advised;
    while (slw_osv_walk_next(&walk, &advised)) {
        struct slw_purl purl;
        if (name_package(&advised, &purl)) {
            SLW_TRY(match_package(question, transaction, purl.package, &advised, detail));
        }
        if (advised.name.len > 0) {
            SLW_TRY(match_name(question, transaction, &advised, detail));
        }
    }
    return SLW_OK;
}

static int compare_matches(const void *left, const void *right)
{
    const struct match *one = left;
    const struct match *other = right;
    int order = strcmp(one->build, other->build);
    order = order != 0 ? order : strcmp(one->name, other->name);
    return order != 0 ? order : strcmp(one->version, other->version);
}

static void put_packages(struct slw_json *json, const struct question *question, size_t *at)
{
    const struct match *first = &question->matches[*at];
    const struct match *former = NULL;
    slw_json_begin_array(json, "packages");
    for (; *at < question->count && strcmp(question->matches[*at].build, first->build) == 0;
         (*at)++) {
        const struct match *match = &question->matches[*at];
        if (former == NULL || compare_matches(former, match) != 0) {
            slw_json_begin_object(json, NULL);
            slw_json_text(json, "name", match->name);
            slw_json_text(json, "version", match->version);
            slw_json_end_object(json);
        }
        former = match;
    }
    slw_json_end_array(json);
}

/* Releases of the build, with how many devices run each. */
static enum slw_status put_releases(struct slw_json *json, const struct question *question,
                                    const char *build, struct slw_transaction *transaction,
                                    int64_t *devices, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(question->product),
                                           slw_sql_text(slw_text_bytes(build))};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT r.version, r.release_version, r.channel, r.state, (SELECT "
                          "COUNT(*) FROM devices d WHERE d.product = r.product AND d.version = "
                          "r.version AND d.state = 'enrolled') FROM releases r WHERE r.product = "
                          "$1 AND r.build = $2 ORDER BY r.version DESC",
                          values, 2, &rows, detail));
    slw_json_begin_array(json, "releases");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_int(json, "version", slw_rows_int(rows, 0));
        slw_json_bytes(json, "release_version", slw_rows_bytes(rows, 1));
        slw_json_bytes(json, "channel", slw_rows_bytes(rows, 2));
        slw_json_bytes(json, "state", slw_rows_bytes(rows, 3));
        slw_json_int(json, "devices", slw_rows_int(rows, 4));
        slw_json_end_object(json);
        *devices += slw_rows_int(rows, 4);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status put_builds(struct slw_json *json, struct question *question,
                                  struct slw_transaction *transaction, struct slw_detail *detail)
{
    int64_t devices = 0;
    size_t builds = 0;
    if (question->count > 0) {
        qsort(question->matches, question->count, sizeof *question->matches, compare_matches);
    }
    slw_json_begin_array(json, "builds");
    for (size_t at = 0; at < question->count && builds < AFFECTED_BUILDS_MAX; builds++) {
        const char *build = question->matches[at].build;
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "id", build);
        put_packages(json, question, &at);
        SLW_TRY(put_releases(json, question, build, transaction, &devices, detail));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_int(json, "devices", devices);
    slw_json_bool(json, "truncated", question->is_truncated || builds == AFFECTED_BUILDS_MAX);
    return SLW_OK;
}

/* What can't be known: builds of the product about which there is no SBOM. */
static enum slw_status put_unknown(struct slw_json *json, const struct question *question,
                                   struct slw_transaction *transaction, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(question->product);
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM builds b WHERE b.product = $1 AND b.removed_us IS "
                           "NULL AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.build = b.id "
                           "AND a.kind = 'sbom')",
                           &value, 1, &count, detail));
    slw_json_int(json, "builds_without_sbom", count);
    return SLW_OK;
}

static enum slw_status answer(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct question *question = call->more;
    struct slw_json json;
    question->count = 0;
    question->is_truncated = false;
    SLW_TRY(question->has_osv
                ? match_advisory(question, transaction, detail)
                : match_package(question, transaction, question->purl.package, NULL, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    if (question->has_osv) {
        slw_json_bytes(&json, "id", question->osv.id);
        slw_json_bytes(&json, "summary", question->osv.summary);
        slw_json_bytes(&json, "modified", question->osv.modified);
        slw_json_bool(&json, "withdrawn", question->osv.is_withdrawn);
    } else {
        slw_json_text(&json, "package", question->purl.package);
        slw_json_text(&json, "version", question->purl.version);
    }
    SLW_TRY(put_builds(&json, question, transaction, detail));
    SLW_TRY(put_unknown(&json, question, transaction, detail));
    slw_json_end_object(&json);
    return SLW_OK;
}

/* A regular file of the directory itself: no link leads out of it. */
static enum slw_status read_advisory(struct question *question, const char *directory,
                                     struct slw_bytes id, struct slw_detail *detail)
{
    char name[SLW_OSV_ID_MAX + 8];
    (void)snprintf(name, sizeof name, "%.*s.json", (int)id.len, (const char *)id.ptr);
    int parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) {
        return slw_explain_errno(detail, directory);
    }
    struct stat about;
    int descriptor = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = errno;
    close(parent);
    if (descriptor < 0 && error == ENOENT) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no advisory %.*s", (int)id.len,
                           (const char *)id.ptr);
    }
    enum slw_status status = SLW_OK;
    if (descriptor < 0 || fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode) ||
        about.st_size > (off_t)SLW_OSV_SIZE_MAX) {
        status = slw_explain(detail, SLW_IO, "%s: not a file that can be read", name);
    }
    while (status == SLW_OK) {
        uint8_t block[16384];
        ssize_t count = read(descriptor, block, sizeof block);
        if (count <= 0 || question->text.len > SLW_OSV_SIZE_MAX) {
            status = count < 0 ? slw_explain_errno(detail, name) : SLW_OK;
            break;
        }
        slw_heap_append(&question->text, slw_bytes_make(block, (size_t)count));
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status == SLW_OK && question->text.status != SLW_OK ? slw_explain_no_memory(detail)
                                                               : status;
}

static enum slw_status read_question(struct question *question, const char *directory,
                                     const struct slw_http_exchange *exchange,
                                     struct slw_detail *detail)
{
    struct slw_bytes id = slw_http_query(exchange, "id");
    struct slw_bytes purl = slw_http_query(exchange, "purl");
    if ((id.len == 0) == (purl.len == 0)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "ask for an id or a purl");
    }
    if (purl.len > 0) {
        return slw_purl_parse(purl, &question->purl) == SLW_OK
                   ? SLW_OK
                   : slw_explain(detail, SLW_BAD_ARGUMENT, "not a package URL");
    }
    if (!slw_osv_id_is_good(id)) {
        return slw_explain(detail, SLW_BAD_NAME, "not the id of an advisory");
    }
    if (directory[0] == '\0') {
        return slw_explain(detail, SLW_NOT_FOUND, "this depot has no advisories (setting osv)");
    }
    SLW_TRY(read_advisory(question, directory, id, detail));
    SLW_TRY(slw_osv_parse("advisory", slw_heap_bytes(&question->text), &question->osv, detail));
    question->has_osv = true;
    return SLW_OK;
}

void artifacts_list_affected(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    struct question question = {.product = slw_http_parameter(exchange, 0)};
    enum slw_status status = read_question(&question, depot->settings->osv, exchange, &detail);
    if (status == SLW_OK) {
        depot_serve(depot, exchange, SLW_DATABASE_READ, false, answer, &question);
    } else {
        slw_http_refuse(exchange, status, &detail);
    }
    if (question.has_osv) {
        slw_osv_free(&question.osv);
    }
    slw_heap_drop(&question.text);
    free(question.matches);
}
