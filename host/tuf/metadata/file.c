/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of metadata: what can be said of a file before anybody vouches for it. The client
 * and the writer of repositories begin with it.
 */
#include "json_fields.h"
#include "metadata.h"

#include <inttypes.h>
#include <stdlib.h>

void slw_tuf_file_free(struct slw_tuf_file *file)
{
    free(file->name);
    slw_json_document_free(&file->json);
    slw_heap_free(&file->bytes);
    slw_heap_free(&file->scratch);
    free(file->weighed);
    *file = (struct slw_tuf_file){0};
}

static enum slw_status check_signature(const struct slw_json_document *json, uint32_t signature,
                                       struct slw_detail *detail)
{
    uint32_t ignored = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(json, signature, "keyid", SLW_JSON_STRING, &ignored, detail));
    return slw_tuf_json_member(json, signature, "sig", SLW_JSON_STRING, &ignored, detail);
}

/*
 * Section 4.2: "The keyid MUST be unique in the "signatures" array: multiple signatures with the
 * same keyid are not allowed."
 */
static enum slw_status check_signatures(const struct slw_json_document *json, uint32_t signatures,
                                        struct slw_detail *detail)
{
    struct slw_bytes ids[SLW_TUF_SIGNATURES_MAX];
    struct slw_json_walk walk = slw_json_walk_begin(json, signatures);
    uint32_t signature = SLW_JSON_NONE;
    size_t count = 0;
    if (slw_json_count(json, signatures) > SLW_TUF_SIGNATURES_MAX) {
        return slw_json_refuse(json, signatures, SLW_TOO_LARGE, "more than 256 signatures", detail);
    }
    while (slw_json_walk_element(&walk, &signature)) {
        SLW_TRY(check_signature(json, signature, detail));
        uint32_t id = slw_json_member(json, signature, SLW_BYTES_OF("keyid"));
        ids[count] = slw_json_string(json, id);
        for (size_t i = 0; i < count; i++) {
            if (slw_bytes_equal(ids[i], ids[count])) {
                return slw_json_refuse(json, id, SLW_DUPLICATE_SIGNATURE,
                                       "a second signature by this key id", detail);
            }
        }
        count++;
    }
    return SLW_OK;
}

/* "A dictionary whose "_type" field describes the role type." */
static enum slw_status check_type(const struct slw_tuf_file *file, struct slw_detail *detail)
{
    const char *wanted = slw_tuf_type_name(file->type);
    uint32_t type = slw_json_member(&file->json, file->signed_part, SLW_BYTES_OF("_type"));
    if (type == SLW_JSON_NONE) {
        return slw_json_refuse(&file->json, file->signed_part, SLW_WRONG_ROLE,
                               "has no member \"_type\"", detail);
    }
    if (slw_json_kind(&file->json, type) != SLW_JSON_STRING ||
        !slw_bytes_equal(slw_json_string(&file->json, type),
                         slw_bytes_make(wanted, strlen(wanted)))) {
        static const char *const complaints[SLW_TUF_TYPES] = {
            [SLW_TUF_ROOT] = "must be \"root\"",
            [SLW_TUF_TIMESTAMP] = "must be \"timestamp\"",
            [SLW_TUF_SNAPSHOT] = "must be \"snapshot\"",
            [SLW_TUF_TARGETS] = "must be \"targets\"",
        };
        return slw_json_refuse(&file->json, type, SLW_WRONG_ROLE, complaints[file->type], detail);
    }
    return SLW_OK;
}

/* "{ "signed" : ROLE, "signatures" : [ { "keyid" : KEYID, "sig" : SIGNATURE }, ... ] }" */
static enum slw_status check_envelope(struct slw_tuf_file *file, struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    SLW_TRY(slw_tuf_json_member(json, SLW_JSON_TOP, "signatures", SLW_JSON_ARRAY, &file->signatures,
                                detail));
    SLW_TRY(slw_tuf_json_member(json, SLW_JSON_TOP, "signed", SLW_JSON_OBJECT, &file->signed_part,
                                detail));
    SLW_TRY(check_type(file, detail));
    return check_signatures(json, file->signatures, detail);
}

static enum slw_status make_room(struct slw_tuf_file *file, struct slw_detail *detail)
{
    size_t count = slw_json_count(&file->json, file->signatures);
    file->weighed = calloc(count + 1, sizeof *file->weighed);
    return file->weighed == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

/* What signatures are over: "the canonical form of the metadata for ROLE". */
static enum slw_status take_digest(struct slw_tuf_file *file, struct slw_detail *detail)
{
    struct slw_sha256 hash;
    file->canonical = slw_json_canonical(&file->json, file->signed_part, &file->scratch);
    if (file->scratch.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, file->canonical);
    slw_sha256_final(&hash, file->digest);
    return SLW_OK;
}

static enum slw_status parse(struct slw_tuf_file *file, size_t limit, struct slw_detail *detail)
{
    if (file->name == NULL || file->bytes.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    if (file->bytes.len > limit) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: %zu bytes, more than the limit of %zu",
                           file->name, file->bytes.len, limit);
    }
    struct slw_json_document json;
    SLW_TRY(slw_json_parse(file->name, slw_heap_bytes(&file->bytes), &json, detail));
    file->json = json;
    SLW_TRY(check_envelope(file, detail));
    SLW_TRY(make_room(file, detail));
    return take_digest(file, detail);
}

enum slw_status slw_tuf_file_parse(const char *name, struct slw_heap_buffer *bytes, size_t limit,
                                   enum slw_tuf_type wanted, struct slw_tuf_file *ret_file,
                                   struct slw_detail *detail)
{
    struct slw_tuf_file file = {.bytes = *bytes, .type = wanted, .name = strdup(name)};
    *bytes = (struct slw_heap_buffer){0};
    enum slw_status status = parse(&file, limit, detail);
    if (status != SLW_OK) {
        slw_tuf_file_free(&file);
        return status;
    }
    *ret_file = file;
    return SLW_OK;
}
