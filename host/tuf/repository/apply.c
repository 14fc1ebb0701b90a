/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next version of a model: what holds for every type of metadata is checked here, and the parts
 * of a type are made beside the old ones by apply_targets.c, apply_listing.c and apply_entries.c.
 * Nothing of the model changes before everything has been checked and made.
 */
#include "apply.h"

#include <inttypes.h>

#define EXPIRES_MAX 253402300799 /* 9999-12-31T23:59:59Z: years have four digits */

bool slw_tuf_has_bad_characters(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    if (slw_tuf_is_plain(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F) {
            return true;
        }
    }
    return !slw_utf8_accept(&checker, text) || !slw_utf8_complete(&checker);
}

enum slw_status slw_tuf_check_role_name(const struct slw_tuf_model *model, struct slw_bytes name,
                                        struct slw_detail *detail)
{
    if (name.len == 0 || name.len > SLW_TUF_ROLE_NAME_MAX || slw_tuf_has_bad_characters(name)) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "%s: a role's name is 1 to %u bytes of UTF-8 without control characters",
                           model->label, SLW_TUF_ROLE_NAME_MAX);
    }
    return SLW_OK;
}

static enum slw_status check_role(const struct slw_tuf_model *model,
                                  const struct slw_tuf_change *change, struct slw_detail *detail)
{
    if (change->type != model->type ||
        !slw_bytes_equal(change->role, slw_heap_bytes(&model->role))) {
        return slw_explain(detail, SLW_WRONG_ROLE, "%s: the change is one of another role",
                           model->label);
    }
    return SLW_OK;
}

/* A provider signs what a change says: nothing in it may be passed over. */
static enum slw_status check_fields(const struct slw_tuf_model *model,
                                    const struct slw_tuf_change *change, struct slw_detail *detail)
{
    bool has_targets = change->add_count != 0 || change->remove_count != 0 ||
                       change->delegate_count != 0 || change->revoke_count != 0;
    bool has_snapshot = change->set_count != 0 || change->drop_count != 0;
    bool has_roles = false;
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        has_roles = has_roles || change->roles[i].count != 0 || change->roles[i].threshold != 0;
    }
    if ((has_targets && model->type != SLW_TUF_TARGETS) ||
        (has_snapshot && model->type != SLW_TUF_SNAPSHOT) ||
        (change->snapshot_version != 0 && model->type != SLW_TUF_TIMESTAMP) ||
        (has_roles && model->type != SLW_TUF_ROOT)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: the change has fields that this type of metadata doesn't have",
                           model->label);
    }
    return SLW_OK;
}

static enum slw_status check_base(struct slw_tuf_model *model, const struct slw_tuf_change *change,
                                  struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    if (change->base_version != model->version) {
        return slw_explain(detail, SLW_STORED_STATE,
                           "%s: the change is one to version %" PRId64
                           ", and the version is %" PRId64,
                           model->label, change->base_version, model->version);
    }
    SLW_TRY(slw_tuf_model_digest(model, digest, detail));
    if (memcmp(digest, change->base_sha256, sizeof digest) != 0) {
        return slw_explain(detail, SLW_STORED_STATE,
                           "%s: the change is one to another version %" PRId64, model->label,
                           model->version);
    }
    return SLW_OK;
}

/*
 * TUF 1.0.34, section 4.3, VERSION: "An integer that is greater than 0. Clients MUST NOT replace a
 * metadata file with a version number less than the one currently trusted." Section 5.3.5, of
 * roots: "checking that the version number signed in the new root metadata file is indeed N+1".
 */
static enum slw_status check_version(const struct slw_tuf_model *model,
                                     const struct slw_tuf_change *change, struct slw_detail *detail)
{
    if (change->version > SLW_TUF_NUMBER_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE,
                           "%s: version %" PRId64 " is above 2^53 - 1, where clients' numbers end",
                           model->label, change->version);
    }
    if (change->version <= model->version) {
        return slw_explain(detail, SLW_ROLLBACK,
                           "%s: version %" PRId64 " isn't above the base's, %" PRId64, model->label,
                           change->version, model->version);
    }
    if (model->type == SLW_TUF_ROOT && change->version != model->version + 1) {
        return slw_explain(detail, SLW_ROLLBACK,
                           "root: version %" PRId64 " doesn't follow %" PRId64
                           "; roots are numbered one by one",
                           change->version, model->version);
    }
    return SLW_OK;
}

static enum slw_status check_expires(const struct slw_tuf_model *model,
                                     const struct slw_tuf_change *change, struct slw_detail *detail)
{
    if (change->expires_utc_s <= 0 || change->expires_utc_s > EXPIRES_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: an expiry is between 1970 and the year 9999", model->label);
    }
    return SLW_OK;
}

static enum slw_status apply_targets(struct slw_tuf_model *model,
                                     const struct slw_tuf_change *change, struct slw_detail *detail)
{
    bool lists = change->add_count != 0 || change->remove_count != 0;
    bool delegates = change->delegate_count != 0 || change->revoke_count != 0;
    struct slw_tuf_listing listing = {0};
    struct slw_tuf_records records = {0};
    if (delegates) {
        SLW_TRY(slw_tuf_apply_delegations(model, change, &listing, detail));
    }
    if (lists) {
        enum slw_status status = slw_tuf_apply_records(model, change, &records, detail);
        if (status != SLW_OK) {
            slw_tuf_listing_free(&listing);
            return status;
        }
        slw_tuf_records_free(&model->records);
        model->records = records;
    }
    if (delegates) {
        slw_tuf_listing_free(&model->listing);
        model->listing = listing;
    }
    return SLW_OK;
}

static enum slw_status apply_root(struct slw_tuf_model *model, const struct slw_tuf_change *change,
                                  struct slw_detail *detail)
{
    struct slw_tuf_listing listing = {0};
    SLW_TRY(slw_tuf_apply_root(model, change, &listing, detail));
    slw_tuf_listing_free(&model->listing);
    model->listing = listing;
    /* What our writer publishes has its versions and hashes in its file names. */
    model->consistency = SLW_TUF_CONSISTENT;
    return SLW_OK;
}

static enum slw_status apply_parts(struct slw_tuf_model *model, const struct slw_tuf_change *change,
                                   struct slw_detail *detail)
{
    switch (model->type) {
    case SLW_TUF_ROOT:
        return apply_root(model, change, detail);
    case SLW_TUF_TIMESTAMP:
        return slw_tuf_apply_timestamp(model, change, detail);
    case SLW_TUF_SNAPSHOT:
        return slw_tuf_apply_snapshot(model, change, detail);
    case SLW_TUF_TARGETS:
        return apply_targets(model, change, detail);
    }
    return slw_explain(detail, SLW_WRONG_ROLE, "no such type of metadata");
}

enum slw_status slw_tuf_model_apply(struct slw_tuf_model *model,
                                    const struct slw_tuf_change *change, struct slw_detail *detail)
{
    struct slw_heap_buffer spec_version = {0};
    SLW_TRY(check_role(model, change, detail));
    SLW_TRY(check_fields(model, change, detail));
    SLW_TRY(check_base(model, change, detail));
    SLW_TRY(check_version(model, change, detail));
    SLW_TRY(check_expires(model, change, detail));
    slw_heap_append_text(&spec_version, "\"" SLW_TUF_SPEC_VERSION "\"");
    if (spec_version.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = apply_parts(model, change, detail);
    if (status != SLW_OK) {
        slw_heap_free(&spec_version);
        return status;
    }
    slw_heap_free(&model->spec_version);
    model->spec_version = spec_version;
    model->version = change->version;
    model->expires_utc_s = change->expires_utc_s;
    model->has_digest = false;
    return SLW_OK;
}
