/* SPDX-License-Identifier: Apache-2.0 */
/* Which roles can be reached, and the payloads that they list: exchange.h. */
#include "exchange.h"
#include "gather.h"

#include "slipway/explain.h"
#include "slipway/files.h"

#include <stdlib.h>

struct reach {
    const struct slw_tuf_writer *writer;
    enum slw_status (*each)(void *context, const char *role, const struct slw_tuf_edition *edition,
                            struct slw_detail *detail);
    void *context;
};

static enum slw_status reach_bin(const struct reach *reach, const struct slw_tuf_bins *bins,
                                 uint32_t number, const struct slw_tuf_signers *signers,
                                 struct slw_detail *detail)
{
    struct slw_tuf_edition *edition = NULL;
    struct slw_heap_buffer name = {0};
    SLW_TRY(slw_tuf_bins_fetch(reach->writer, bins, number, &edition, detail));
    if (edition == NULL) {
        return SLW_OK; /* the snapshot doesn't name it: clients don't ask for it */
    }
    slw_tuf_bin_name(bins->prefix, bins->bit_length, number, &name);
    const char *text = slw_heap_text(&name);
    enum slw_status status = name.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK && !slw_tuf_signers_agree(signers, edition)) {
        status = slw_explain(detail, SLW_BELOW_THRESHOLD,
                             "%s: isn't signed by the keys that speak for it", text);
    }
    if (status == SLW_OK) {
        status = reach->each(reach->context, text, edition, detail);
    }
    slw_heap_free(&name);
    slw_tuf_edition_free(edition);
    return status;
}

static enum slw_status reach_bins(const struct reach *reach,
                                  const struct slw_tuf_edition *delegator,
                                  struct slw_detail *detail)
{
    struct slw_tuf_bins bins;
    struct slw_tuf_signers signers;
    enum slw_status status = SLW_OK;
    if (!slw_tuf_bins_of(delegator, &bins)) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_signers_load(delegator->model, bins.at, &signers, detail));
    for (uint32_t i = 0; status == SLW_OK && i < (uint32_t)1 << bins.bit_length; i++) {
        status = reach_bin(reach, &bins, i, &signers, detail);
    }
    slw_tuf_signers_free(&signers);
    return status;
}

enum slw_status slw_tuf_reach_each(const struct slw_tuf_writer *writer,
                                   enum slw_status (*each)(void *context, const char *role,
                                                           const struct slw_tuf_edition *edition,
                                                           struct slw_detail *detail),
                                   void *context, struct slw_detail *detail)
{
    const struct reach reach = {writer, each, context};
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        const struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->published != NULL) {
            SLW_TRY(each(context, role->name, role->published, detail));
            SLW_TRY(reach_bins(&reach, role->published, detail));
        }
    }
    return SLW_OK;
}

/* A carrier on its way through all roles. */
struct tour {
    const struct slw_tuf_writer *writer;
    const struct slw_tuf_carrier *carrier;
    size_t absent;
    char first_absent[SLW_TUF_KEY_SIZE];
};

static enum slw_status make_key(const struct slw_tuf_target *target, struct slw_bytes hash_hex,
                                char ret_key[static SLW_TUF_KEY_SIZE], struct slw_detail *detail)
{
    struct slw_heap_buffer quoted = {0};
    bool has_zero = target->path.len > 0 && memchr(target->path.ptr, 0, target->path.len) != NULL;
    if (!has_zero) {
        SLW_TRY(slw_tuf_payload_key_by(target->path, hash_hex, ret_key, detail));
    }
    if (!has_zero && slw_storage_key_is_good(ret_key)) {
        return SLW_OK;
    }
    slw_quote(target->path, &quoted);
    (void)slw_explain(detail, SLW_BAD_NAME, "target %.600s: a path that can't be published here",
                      slw_heap_text(&quoted));
    slw_heap_free(&quoted);
    return SLW_BAD_NAME;
}

/* Under one of its hashes. */
static enum slw_status carry_by(const struct tour *tour, const struct slw_tuf_target *target,
                                const char *algorithm, char ret_key[static SLW_TUF_KEY_SIZE],
                                bool *ret_found, struct slw_detail *detail)
{
    const struct slw_tuf_carrier *carrier = tour->carrier;
    uint32_t value =
        slw_json_member(target->json, target->hashes, slw_bytes_make(algorithm, strlen(algorithm)));
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(make_key(target, slw_json_string(target->json, value), ret_key, detail));
    enum slw_status status = carrier->carry(carrier->context, ret_key, target, detail);
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    *ret_found = true;
    return status;
}

/* "HASH.FILENAME.EXT …, where HASH is one of the hashes of the targets file" (5.7.3): clients ask
 * by whichever they like. */
static enum slw_status carry_payload(struct tour *tour, const char *role,
                                     const struct slw_tuf_target *target, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE] = "";
    bool found = false;
    SLW_TRY(carry_by(tour, target, "sha512", key, &found, detail));
    SLW_TRY(carry_by(tour, target, "sha256", key, &found, detail));
    if (found) {
        return SLW_OK;
    }
    if (!tour->writer->options.payloads_elsewhere) {
        return slw_explain(detail, SLW_MISSING_PAYLOAD, "%s/%s: isn't there, and %s lists it",
                           tour->carrier->place, key, role);
    }
    if (tour->absent++ == 0) {
        memcpy(tour->first_absent, key, sizeof key);
    }
    return SLW_OK;
}

static enum slw_status carry_listed(struct tour *tour, const char *role,
                                    const struct slw_tuf_targets *targets,
                                    struct slw_detail *detail)
{
    const struct slw_json_document *json = &targets->file->json;
    struct slw_json_walk walk = slw_json_walk_begin(json, targets->targets);
    struct slw_tuf_target target = {.json = json};
    uint32_t value = 0;
    while (slw_json_walk_member(&walk, &target.path, &value)) {
        int64_t length = 0;
        if (!slw_json_integer(json, slw_json_member(json, value, SLW_BYTES_OF("length")),
                              &length) ||
            length < 0) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "has no length", detail);
        }
        target.length = (uint64_t)length;
        target.hashes = slw_json_member(json, value, SLW_BYTES_OF("hashes"));
        target.custom = slw_json_member(json, value, SLW_BYTES_OF("custom"));
        SLW_TRY(carry_payload(tour, role, &target, detail));
    }
    return SLW_OK;
}

/* Read once more, for a model doesn't keep which hashes it had. */
static enum slw_status carry_role(void *context, const char *role,
                                  const struct slw_tuf_edition *edition, struct slw_detail *detail)
{
    struct tour *tour = context;
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_tuf_targets targets;
    slw_heap_append(&bytes, slw_heap_bytes(&edition->file));
    if (bytes.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(slw_tuf_file_parse(role, &bytes, SLW_TUF_EDITION_BYTES_MAX, SLW_TUF_TARGETS, &file,
                               detail));
    enum slw_status status = slw_tuf_targets_read(&file, SLW_TUF_KEY_IDS_CHECKED, &targets, detail);
    if (status == SLW_OK) {
        status = carry_listed(tour, role, &targets, detail);
        slw_tuf_targets_free(&targets);
    }
    slw_tuf_file_free(&file);
    return status;
}

enum slw_status slw_tuf_carry_payloads(const struct slw_tuf_writer *writer,
                                       const struct slw_tuf_carrier *carrier,
                                       struct slw_detail *detail)
{
    struct tour tour = {.writer = writer, .carrier = carrier};
    SLW_TRY(slw_tuf_reach_each(writer, carry_role, &tour, detail));
    if (tour.absent > 0) {
        slw_tuf_writer_tell(writer,
                            "%zu payloads that are listed aren't in %s; the first of them is %s",
                            tour.absent, carrier->place, tour.first_absent);
    }
    return SLW_OK;
}

/* Takes each piece of a payload in turn. */
struct pass {
    const struct slw_source *source;
    struct slw_tuf_hasher hasher;
    struct slw_sha256 sha256;
    enum slw_status (*write)(void *context, struct slw_bytes piece, struct slw_detail *detail);
    void *context;
};

static enum slw_status pass_all(struct pass *pass, uint8_t *block, struct slw_detail *detail)
{
    const struct slw_source *source = pass->source;
    for (uint64_t offset = 0; offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < SLW_FILE_BLOCK_SIZE ? (size_t)left : SLW_FILE_BLOCK_SIZE;
        struct slw_bytes piece = slw_bytes_make(block, len);
        SLW_TRY(source->read(source->context, offset, block, len));
        slw_tuf_hasher_update(&pass->hasher, piece);
        slw_sha256_update(&pass->sha256, piece);
        if (pass->write != NULL) {
            SLW_TRY(pass->write(pass->context, piece, detail));
        }
        offset += len;
    }
    return SLW_OK;
}

enum slw_status slw_tuf_payload_pass(const struct slw_source *source, const char *key,
                                     const struct slw_tuf_target *target,
                                     enum slw_status (*write)(void *context, struct slw_bytes piece,
                                                              struct slw_detail *detail),
                                     void *context, uint8_t *ret_sha256, struct slw_detail *detail)
{
    struct pass pass = {.source = source, .write = write, .context = context};
    if (source->size != target->length) {
        return slw_explain(detail, SLW_WRONG_LENGTH, "%s: has another length than is signed", key);
    }
    enum slw_status status = slw_tuf_hasher_init(target->json, target->hashes, &pass.hasher);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: can't be hashed", key);
    }
    uint8_t *block = malloc(SLW_FILE_BLOCK_SIZE);
    slw_sha256_init(&pass.sha256);
    status = block == NULL ? slw_explain_no_memory(detail) : pass_all(&pass, block, detail);
    free(block);
    if (status == SLW_OK) {
        status = slw_tuf_hasher_check(&pass.hasher, target->length);
        if (status != SLW_OK) {
            (void)slw_explain(detail, status, "%s: isn't what is signed", key);
        }
    }
    slw_tuf_hasher_free(&pass.hasher);
    if (status == SLW_OK && ret_sha256 != NULL) {
        slw_sha256_final(&pass.sha256, ret_sha256);
    }
    return status;
}
