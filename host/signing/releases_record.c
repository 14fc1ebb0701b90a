/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one record of a log's files of records. See releases_record.h. */
#include "releases_record.h"

#include "slipway/json_reader.h"
#include "slipway/log.h"
#include "slipway/reader.h"

#include <inttypes.h>
#include <stdio.h>

#define TILE_WIDTH SLW_LOG_TILE_WIDTH
#define RECORDS_SIZE_MAX ((size_t)TILE_WIDTH * 524288u)
#define PATH_SIZE_MAX 96u

/* As the number of a tile of entries: groups of three digits, all but the last behind an x. */
static void format_path(uint64_t number, char path[static PATH_SIZE_MAX])
{
    char groups[48] = "";
    size_t at = sizeof groups - 1;
    for (bool last = true; last || number > 0; last = false, number /= 1000) {
        char group[8];
        int len =
            snprintf(group, sizeof group, last ? "%03u" : "x%03u/", (unsigned)(number % 1000));
        at -= (size_t)len;
        memcpy(groups + at, group, (size_t)len);
    }
    (void)snprintf(path, PATH_SIZE_MAX, "records/%s", groups + at);
}

static uint32_t get_u32_be(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Takes the next record off: salt and text together; empty for a release. */
static bool take_record(struct slw_bytes *rest, struct slw_bytes *ret_salted)
{
    if (rest->len < 4) {
        return false;
    }
    size_t len = get_u32_be(rest->ptr);
    len += len == 0 ? 0 : SLW_LOG_SALT_SIZE;
    if (len > rest->len - 4) {
        return false;
    }
    *ret_salted = slw_bytes_make(rest->ptr + 4, len);
    *rest = slw_bytes_make(rest->ptr + 4 + len, rest->len - 4 - len);
    return true;
}

/* "SHA-256(salt ‖ text)" is what the record's leaf has. */
static bool is_logged(struct slw_bytes salted, const uint8_t *digest)
{
    struct slw_sha256 hash;
    uint8_t made[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, salted);
    slw_sha256_final(&hash, made);
    return memcmp(made, digest, sizeof made) == 0;
}

static struct slw_bytes text_of(const struct slw_json_document *json, struct slw_bytes name)
{
    return slw_json_string(json, slw_json_member(json, SLW_JSON_TOP, name));
}

/* "A record of kind `signature` names the index of its release leaf" */
static enum slw_status read_text(struct slw_bytes text, uint64_t leaf, const char *class_word,
                                 bool *ret_is, struct slw_detail *detail)
{
    struct slw_json_document json;
    int64_t named = -1;
    SLW_TRY(slw_json_parse("record", text, &json, detail));
    uint32_t value = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("leaf"));
    bool is_its =
        slw_bytes_equal(text_of(&json, SLW_BYTES_OF("kind")), SLW_BYTES_OF("signature")) &&
        value != SLW_JSON_NONE && slw_json_integer(&json, value, &named) && named >= 0 &&
        (uint64_t)named == leaf;
    *ret_is = slw_bytes_equal(text_of(&json, SLW_BYTES_OF("class")),
                              slw_bytes_make(class_word, strlen(class_word)));
    slw_json_document_free(&json);
    return is_its ? SLW_OK
                  : slw_explain(detail, SLW_BAD_PROOF,
                                "log: what stands behind release %" PRIu64 " isn't its signature",
                                leaf);
}

enum slw_status slw_signer_release_is_of_class(const struct slw_signer_log_files *files,
                                               uint64_t leaf,
                                               const uint8_t digest[static SLW_SHA256_SIZE],
                                               const char *class_word, bool *ret_is,
                                               struct slw_detail *detail)
{
    char path[PATH_SIZE_MAX];
    struct slw_heap_buffer bytes = {0};
    struct slw_bytes salted = {0};
    uint64_t index = leaf + 1;
    bool there = true;
    format_path(index / TILE_WIDTH, path);
    enum slw_status status = files->read(files->context, path, RECORDS_SIZE_MAX, &bytes, detail);
    struct slw_bytes rest = slw_heap_bytes(&bytes);
    for (uint64_t i = 0; status == SLW_OK && there && i <= index % TILE_WIDTH; i++) {
        there = take_record(&rest, &salted);
    }
    if (status == SLW_OK &&
        (!there || salted.len <= SLW_LOG_SALT_SIZE || !is_logged(salted, digest))) {
        status = slw_explain(detail, SLW_BAD_PROOF,
                             "log: %s doesn't have the record of entry %" PRIu64, path, index);
    }
    if (status == SLW_OK) {
        status = read_text(
            slw_bytes_make(salted.ptr + SLW_LOG_SALT_SIZE, salted.len - SLW_LOG_SALT_SIZE), leaf,
            class_word, ret_is, detail);
    }
    slw_heap_drop(&bytes);
    return status;
}
