/* SPDX-License-Identifier: Apache-2.0 */
/* Models of metadata, as tuf_change.h says: made empty or loaded from a file, and given back. */
#include "model.h"

#include <stdlib.h>

static const char *const KNOWN[SLW_TUF_TYPES][8] = {
    [SLW_TUF_ROOT] = {"_type", "consistent_snapshot", "expires", "keys", "roles", "spec_version",
                      "version", NULL},
    [SLW_TUF_TIMESTAMP] = {"_type", "expires", "meta", "spec_version", "version", NULL},
    [SLW_TUF_SNAPSHOT] = {"_type", "expires", "meta", "spec_version", "version", NULL},
    [SLW_TUF_TARGETS] = {"_type", "delegations", "expires", "spec_version", "targets", "version",
                         NULL},
};

/* A name from outside as details can print it. */
static void make_label(struct slw_bytes role, char *label, size_t size)
{
    size_t len = slw_utf8_cut(role, size - 1);
    for (size_t i = 0; i < len; i++) {
        label[i] = (char)(role.ptr[i] < 0x20 || role.ptr[i] == 0x7F ? '?' : role.ptr[i]);
    }
    label[len] = '\0';
}

/* "root", "timestamp" and "snapshot" are the names of their types; a targets role has any other. */
static bool fits_type(enum slw_tuf_type type, struct slw_bytes role)
{
    enum slw_tuf_type named = SLW_TUF_TARGETS;
    if (slw_tuf_type_named(role, &named)) {
        return type == named;
    }
    return type == SLW_TUF_TARGETS && role.len != 0 && role.len <= SLW_TUF_ROLE_NAME_MAX;
}

enum slw_status slw_tuf_model_new(enum slw_tuf_type type, struct slw_bytes role,
                                  struct slw_tuf_model **ret_model, struct slw_detail *detail)
{
    struct slw_utf8 checker = {0};
    if (!fits_type(type, role) || !slw_utf8_accept(&checker, role) ||
        !slw_utf8_complete(&checker)) {
        (void)slw_explain(detail, SLW_BAD_NAME, "not the name of a role of type %s",
                          slw_tuf_type_name(type));
        return SLW_BAD_NAME;
    }
    struct slw_tuf_model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        return slw_explain_no_memory(detail);
    }
    model->type = type;
    model->consistency = SLW_TUF_CONSISTENT;
    make_label(role, model->label, sizeof model->label);
    slw_heap_append(&model->role, role);
    slw_heap_append_text(&model->spec_version, "\"" SLW_TUF_SPEC_VERSION "\"");
    if (model->role.status != SLW_OK || model->spec_version.status != SLW_OK) {
        slw_tuf_model_free(model);
        return slw_explain_no_memory(detail);
    }
    *ret_model = model;
    return SLW_OK;
}

void slw_tuf_model_free(struct slw_tuf_model *model)
{
    if (model == NULL) {
        return;
    }
    slw_heap_free(&model->role);
    slw_heap_free(&model->spec_version);
    slw_tuf_parts_free(&model->others);
    slw_tuf_listing_free(&model->listing);
    slw_tuf_records_free(&model->records);
    slw_tuf_entries_free(&model->entries);
    free(model);
}

static void take_common(struct slw_tuf_model *model, const struct slw_tuf_common *common)
{
    model->version = common->version;
    model->expires_utc_s = common->expires_utc_s;
}

static enum slw_status load_root(const struct slw_tuf_file *file, struct slw_tuf_model *model,
                                 struct slw_detail *detail)
{
    struct slw_tuf_root root = {0};
    enum slw_status status = slw_tuf_root_read(file, SLW_TUF_KEY_IDS_ANY, &root, detail);
    if (status == SLW_OK) {
        uint32_t consistent =
            slw_json_member(&file->json, file->signed_part, SLW_BYTES_OF("consistent_snapshot"));
        model->consistency = root.consistent_snapshot      ? SLW_TUF_CONSISTENT
                             : consistent != SLW_JSON_NONE ? SLW_TUF_CONSISTENT_NO
                                                           : SLW_TUF_CONSISTENT_ABSENT;
        take_common(model, &root.common);
        status = slw_tuf_listing_load_root(file, &model->listing, detail);
    }
    slw_tuf_root_free(&root);
    return status;
}

static enum slw_status load_meta(const struct slw_tuf_file *file, struct slw_tuf_model *model,
                                 struct slw_detail *detail)
{
    struct slw_tuf_timestamp timestamp = {0};
    struct slw_tuf_snapshot snapshot = {0};
    if (file->type == SLW_TUF_TIMESTAMP) {
        SLW_TRY(slw_tuf_timestamp_read(file, &timestamp, detail));
        take_common(model, &timestamp.common);
    } else {
        SLW_TRY(slw_tuf_snapshot_read(file, &snapshot, detail));
        take_common(model, &snapshot.common);
    }
    uint32_t meta = slw_json_member(&file->json, file->signed_part, SLW_BYTES_OF("meta"));
    return slw_tuf_entries_load(&file->json, meta, &model->entries, detail);
}

static enum slw_status load_targets(const struct slw_tuf_file *file, struct slw_tuf_model *model,
                                    struct slw_detail *detail)
{
    struct slw_tuf_targets targets = {0};
    enum slw_status status = slw_tuf_targets_read(file, SLW_TUF_KEY_IDS_ANY, &targets, detail);
    if (status == SLW_OK) {
        take_common(model, &targets.common);
        status = slw_tuf_records_load(&targets, &model->records, detail);
    }
    slw_tuf_targets_free(&targets);
    return status == SLW_OK ? slw_tuf_listing_load_delegations(file, &model->listing, detail)
                            : status;
}

static enum slw_status load_spec_version(const struct slw_tuf_file *file,
                                         struct slw_heap_buffer *spec_version,
                                         struct slw_detail *detail)
{
    uint32_t value = slw_json_member(&file->json, file->signed_part, SLW_BYTES_OF("spec_version"));
    if (value == SLW_JSON_NONE) {
        return slw_json_refuse(&file->json, file->signed_part, SLW_BAD_SPEC_VERSION,
                               "has no spec_version", detail);
    }
    spec_version->len = 0;
    slw_json_canonical_string(slw_json_string(&file->json, value), spec_version);
    return spec_version->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/*
 * TUF 1.0.34, section 4: "Implementers who encounter undefined attribute-value pairs in the format
 * must include the data when calculating hashes or verifying signatures and must preserve the data
 * when re-serializing."
 */
static enum slw_status load(const struct slw_tuf_file *file, struct slw_tuf_model *model,
                            struct slw_detail *detail)
{
    switch (file->type) {
    case SLW_TUF_ROOT:
        SLW_TRY(load_root(file, model, detail));
        break;
    case SLW_TUF_TIMESTAMP:
    case SLW_TUF_SNAPSHOT:
        SLW_TRY(load_meta(file, model, detail));
        break;
    case SLW_TUF_TARGETS:
        SLW_TRY(load_targets(file, model, detail));
        break;
    }
    SLW_TRY(load_spec_version(file, &model->spec_version, detail));
    memcpy(model->digest, file->digest, sizeof model->digest);
    model->has_digest = true;
    return slw_tuf_parts_load(&file->json, file->signed_part, KNOWN[file->type], &model->others,
                              detail);
}

enum slw_status slw_tuf_model_load(const struct slw_tuf_file *file, struct slw_bytes role,
                                   struct slw_tuf_model **ret_model, struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    SLW_TRY(slw_tuf_model_new(file->type, role, &model, detail));
    enum slw_status status = load(file, model, detail);
    if (status != SLW_OK) {
        slw_tuf_model_free(model);
        return status;
    }
    *ret_model = model;
    return SLW_OK;
}

int64_t slw_tuf_model_version(const struct slw_tuf_model *model)
{
    return model->version;
}

int64_t slw_tuf_model_expires(const struct slw_tuf_model *model)
{
    return model->expires_utc_s;
}

enum slw_status slw_tuf_model_digest(struct slw_tuf_model *model,
                                     uint8_t ret_digest[static SLW_SHA256_SIZE],
                                     struct slw_detail *detail)
{
    if (model->version == 0) {
        memset(ret_digest, 0, SLW_SHA256_SIZE);
        return SLW_OK;
    }
    if (!model->has_digest) {
        struct slw_heap_buffer text = {0};
        enum slw_status status = slw_tuf_model_encode(model, &text, detail);
        slw_heap_free(&text);
        if (status != SLW_OK) {
            return status;
        }
    }
    memcpy(ret_digest, model->digest, SLW_SHA256_SIZE);
    return SLW_OK;
}
