/* SPDX-License-Identifier: Apache-2.0 */
/* One version of a role's metadata in memory: edition.h. */
#include "edition.h"

#include "slipway/owned_bytes.h"

#include <stdlib.h>

static void free_hex(struct slw_bytes sig_hex)
{
    slw_owned_free(sig_hex.ptr);
}

static struct slw_tuf_edition *new_edition(void)
{
    struct slw_tuf_edition *edition = calloc(1, sizeof *edition);
    if (edition != NULL) {
        edition->verified = calloc(1, sizeof *edition->verified);
    }
    if (edition != NULL && edition->verified == NULL) {
        free(edition);
        return NULL;
    }
    return edition;
}

static void hash_pair(const struct slw_tuf_key *key, struct slw_bytes sig_hex,
                      uint8_t ret_pair[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(key->fingerprint, sizeof key->fingerprint));
    slw_sha256_update(&hash, sig_hex);
    slw_sha256_final(&hash, ret_pair);
}

void slw_tuf_edition_note_signed(const struct slw_tuf_edition *edition,
                                 const struct slw_tuf_key *key, struct slw_bytes sig_hex)
{
    struct slw_tuf_verified *verified = edition->verified;
    hash_pair(key, sig_hex, verified->pairs[verified->count++ % SLW_TUF_VERIFIED_MAX]);
}

bool slw_tuf_edition_is_signed(const struct slw_tuf_edition *edition, const struct slw_tuf_key *key,
                               struct slw_bytes sig_hex)
{
    const struct slw_tuf_verified *verified = edition->verified;
    uint8_t pair[SLW_SHA256_SIZE];
    hash_pair(key, sig_hex, pair);
    for (unsigned i = 0; i < SLW_TUF_VERIFIED_MAX && i < verified->count; i++) {
        if (memcmp(verified->pairs[i], pair, sizeof pair) == 0) {
            return true;
        }
    }
    if (slw_tuf_key_verify(key, slw_heap_bytes(&edition->signed_part), edition->digest, sig_hex) !=
        SLW_OK) {
        return false;
    }
    slw_tuf_edition_note_signed(edition, key, sig_hex);
    return true;
}

void slw_tuf_edition_free(struct slw_tuf_edition *edition)
{
    if (edition == NULL) {
        return;
    }
    for (size_t i = 0; i < edition->signatures_count; i++) {
        free_hex(edition->signatures[i].sig_hex);
    }
    free(edition->signatures);
    slw_heap_drop(&edition->signed_part);
    slw_heap_drop(&edition->file);
    slw_tuf_model_free(edition->model);
    free(edition->verified);
    free(edition);
}

void slw_tuf_edition_drop_signature(struct slw_tuf_edition *edition, size_t at)
{
    free_hex(edition->signatures[at].sig_hex);
    edition->signatures_count--;
    memmove(edition->signatures + at, edition->signatures + at + 1,
            (edition->signatures_count - at) * sizeof *edition->signatures);
    edition->file.len = 0;
}

enum slw_status slw_tuf_edition_add_signature(struct slw_tuf_edition *edition,
                                              const struct slw_tuf_signature *signature,
                                              struct slw_detail *detail)
{
    for (size_t i = 0; i < edition->signatures_count; i++) {
        if (memcmp(edition->signatures[i].key_id, signature->key_id, SLW_TUF_KEY_ID_SIZE) == 0) {
            slw_tuf_edition_drop_signature(edition, i);
            break;
        }
    }
    if (edition->signatures_count >= SLW_TUF_SIGNATURES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u signatures",
                           SLW_TUF_SIGNATURES_MAX);
    }
    struct slw_tuf_signature *signatures =
        slw_heap_grow(edition->signatures, edition->signatures_count, sizeof *signatures);
    if (signatures == NULL) {
        return slw_explain_no_memory(detail);
    }
    edition->signatures = signatures;
    struct slw_bytes sig_hex;
    if (!slw_owned_copy(signature->sig_hex, &sig_hex)) {
        return slw_explain_no_memory(detail);
    }
    struct slw_tuf_signature *added = signatures + edition->signatures_count++;
    memcpy(added->key_id, signature->key_id, SLW_TUF_KEY_ID_SIZE);
    added->sig_hex = sig_hex;
    edition->file.len = 0;
    return SLW_OK;
}

/* Those that can be a key's of ours or of another writer's: ids of another form are nobody's. */
static enum slw_status load_signatures(const struct slw_tuf_file *file,
                                       struct slw_tuf_edition *edition, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, file->signatures);
    uint32_t value = 0;
    while (slw_json_walk_element(&walk, &value)) {
        struct slw_tuf_signature signature;
        struct slw_bytes id = slw_json_string(
            &file->json, slw_json_member(&file->json, value, SLW_BYTES_OF("keyid")));
        signature.sig_hex =
            slw_json_string(&file->json, slw_json_member(&file->json, value, SLW_BYTES_OF("sig")));
        if (id.len == SLW_TUF_KEY_ID_SIZE && signature.sig_hex.len > 0) {
            memcpy(signature.key_id, id.ptr, id.len);
            SLW_TRY(slw_tuf_edition_add_signature(edition, &signature, detail));
        }
    }
    return SLW_OK;
}

static enum slw_status load_parsed(struct slw_tuf_file *file, struct slw_bytes role,
                                   struct slw_tuf_edition *edition, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_model_load(file, role, &edition->model, detail));
    SLW_TRY(load_signatures(file, edition, detail));
    slw_heap_append(&edition->signed_part, file->canonical);
    if (edition->signed_part.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    edition->type = file->type;
    edition->version = slw_tuf_model_version(edition->model);
    edition->expires_utc_s = slw_tuf_model_expires(edition->model);
    memcpy(edition->digest, file->digest, sizeof edition->digest);
    edition->file = file->bytes;
    file->bytes = (struct slw_heap_buffer){0};
    return SLW_OK;
}

enum slw_status slw_tuf_edition_load(const char *name, enum slw_tuf_type type,
                                     struct slw_bytes role, struct slw_heap_buffer *bytes,
                                     struct slw_tuf_edition **ret_edition,
                                     struct slw_detail *detail)
{
    struct slw_tuf_file file;
    SLW_TRY(slw_tuf_file_parse(name, bytes, SLW_TUF_EDITION_BYTES_MAX, type, &file, detail));
    struct slw_tuf_edition *edition = new_edition();
    enum slw_status status =
        edition == NULL ? slw_explain_no_memory(detail) : load_parsed(&file, role, edition, detail);
    slw_tuf_file_free(&file);
    if (status != SLW_OK) {
        slw_tuf_edition_free(edition);
        return status;
    }
    *ret_edition = edition;
    return SLW_OK;
}

static void take_memory(struct slw_tuf_edition *edition, struct slw_tuf_edition *given_up)
{
    if (given_up != NULL && given_up->signed_part.status == SLW_OK &&
        given_up->file.status == SLW_OK) {
        edition->signed_part = given_up->signed_part;
        edition->file = given_up->file;
        edition->signed_part.len = 0;
        edition->file.len = 0;
        given_up->signed_part = (struct slw_heap_buffer){0};
        given_up->file = (struct slw_heap_buffer){0};
    }
    slw_tuf_edition_free(given_up);
}

enum slw_status slw_tuf_edition_make_in(enum slw_tuf_type type, struct slw_tuf_model *model,
                                        struct slw_tuf_edition *given_up,
                                        struct slw_tuf_edition **ret_edition,
                                        struct slw_detail *detail)
{
    struct slw_tuf_edition *edition = new_edition();
    if (edition == NULL) {
        slw_tuf_edition_free(given_up);
        slw_tuf_model_free(model);
        return slw_explain_no_memory(detail);
    }
    take_memory(edition, given_up);
    edition->type = type;
    edition->model = model;
    edition->version = slw_tuf_model_version(model);
    edition->expires_utc_s = slw_tuf_model_expires(model);
    enum slw_status status = slw_tuf_model_encode(model, &edition->signed_part, detail);
    if (status == SLW_OK) {
        status = slw_tuf_model_digest(model, edition->digest, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_edition_free(edition);
        return status;
    }
    *ret_edition = edition;
    return SLW_OK;
}

enum slw_status slw_tuf_edition_make(enum slw_tuf_type type, struct slw_tuf_model *model,
                                     struct slw_tuf_edition **ret_edition,
                                     struct slw_detail *detail)
{
    return slw_tuf_edition_make_in(type, model, NULL, ret_edition, detail);
}

static size_t bytes_max(enum slw_tuf_type type)
{
    switch (type) {
    case SLW_TUF_ROOT:
        return SLW_TUF_ROOT_BYTES_MAX;
    case SLW_TUF_TIMESTAMP:
        return SLW_TUF_TIMESTAMP_BYTES_MAX;
    case SLW_TUF_SNAPSHOT:
        return SLW_TUF_SNAPSHOT_BYTES_MAX;
    case SLW_TUF_TARGETS:
        break;
    }
    return SLW_TUF_TARGETS_BYTES_MAX;
}

enum slw_status slw_tuf_edition_format(struct slw_tuf_edition *edition, struct slw_bytes role,
                                       struct slw_detail *detail)
{
    if (edition->file.len > 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_file_format(slw_heap_bytes(&edition->signed_part), edition->signatures,
                                edition->signatures_count, &edition->file, detail));
    if (edition->file.len > bytes_max(edition->type)) {
        size_t len = edition->file.len;
        slw_heap_drop(&edition->file);
        return slw_explain(detail, SLW_TOO_LARGE, "%.*s: %zu bytes, and clients take %zu%s",
                           (int)role.len, (const char *)role.ptr, len, bytes_max(edition->type),
                           edition->type == SLW_TUF_TARGETS ? ": delegate hash bins under it" : "");
    }
    return SLW_OK;
}
