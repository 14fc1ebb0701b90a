/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is published, as the writer goes on from it. All of it is verified as clients verify it: who
 * can write to the storage but has no keys doesn't get anything signed.
 */
#include "writer.h"

#include <inttypes.h>

/* How many roots back a file may have been signed for: a publish that was killed between a root
 * and its timestamp leaves files of the root before. */
#define ROOTS_BACK 16

void slw_tuf_published_forget(struct slw_tuf_writer *writer)
{
    slw_tuf_edition_free(writer->timestamp);
    slw_tuf_edition_free(writer->snapshot);
    slw_tuf_edition_free(writer->given_up);
    writer->timestamp = NULL;
    writer->snapshot = NULL;
    writer->given_up = NULL;
    for (size_t i = 0; i < writer->roles_count; i++) {
        slw_tuf_edition_free(writer->roles[i]->published);
        writer->roles[i]->published = NULL;
        writer->roles[i]->is_broken = false;
    }
    writer->is_targets_by_older_root = false;
    writer->is_loaded = false;
}

enum slw_status slw_tuf_edition_fetch(const struct slw_tuf_writer *writer, enum slw_tuf_type type,
                                      const char *role, int64_t version,
                                      struct slw_tuf_edition **ret_edition,
                                      struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_edition *edition = NULL;
    slw_tuf_key_of(version, role, key);
    enum slw_status status = slw_tuf_store_get(writer, key, &bytes, detail);
    if (status == SLW_OK) {
        status = slw_tuf_edition_load(key, type, slw_bytes_make(role, strlen(role)), &bytes,
                                      &edition, detail);
    }
    slw_heap_free(&bytes);
    SLW_TRY(status);
    if (type != SLW_TUF_TIMESTAMP && edition->version != version) {
        (void)slw_explain(detail, SLW_STORED_STATE, "%s: is version %" PRId64, key,
                          edition->version);
        slw_tuf_edition_free(edition);
        return SLW_STORED_STATE;
    }
    *ret_edition = edition;
    return SLW_OK;
}

static enum slw_status root_exists(const struct slw_tuf_writer *writer, int64_t version,
                                   bool *ret_exists, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    slw_tuf_key_of(version, "root", key);
    return slw_tuf_store_exists(writer, key, ret_exists, detail);
}

/*
 * Roots have no gap, so the last one is found by doubling steps and halving them again. 0: there is
 * none.
 */
static enum slw_status find_last_root(const struct slw_tuf_writer *writer, int64_t from,
                                      int64_t *ret_version, struct slw_detail *detail)
{
    bool exists = false;
    SLW_TRY(root_exists(writer, from, &exists, detail));
    if (!exists) {
        *ret_version = 0;
        return SLW_OK;
    }
    int64_t low = from;
    int64_t step = 1;
    while (step < SLW_TUF_NUMBER_MAX / 4) {
        SLW_TRY(root_exists(writer, low + step, &exists, detail));
        if (!exists) {
            break;
        }
        low += step;
        step *= 2;
    }
    int64_t high = low + step; /* isn't there */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        SLW_TRY(root_exists(writer, middle, &exists, detail));
        if (exists) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *ret_version = low;
    return SLW_OK;
}

static enum slw_status is_signed_for(const struct slw_tuf_edition *root, enum slw_tuf_type type,
                                     const struct slw_tuf_edition *edition, bool *ret_signed,
                                     struct slw_detail *detail)
{
    struct slw_tuf_signers signers;
    SLW_TRY(slw_tuf_signers_load(root->model, (size_t)type, &signers, detail));
    *ret_signed = slw_tuf_signers_agree(&signers, edition);
    slw_tuf_signers_free(&signers);
    return SLW_OK;
}

static enum slw_status explain_unsigned(const char *role, int64_t version,
                                        struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    slw_tuf_key_of(version, role, key);
    return slw_explain(detail, SLW_BELOW_THRESHOLD,
                       "%s: isn't signed by the keys that speak for %s: nothing is built on it",
                       key, role);
}

/* By the current root, or by one of those before it (*ret_by_older). */
static enum slw_status verify_by_roots(const struct slw_tuf_writer *writer, enum slw_tuf_type type,
                                       const struct slw_tuf_edition *edition, bool *ret_by_older,
                                       struct slw_detail *detail)
{
    const struct slw_tuf_edition *root = slw_tuf_writer_root(writer)->published;
    bool is_signed = false;
    SLW_TRY(is_signed_for(root, type, edition, &is_signed, detail));
    *ret_by_older = !is_signed;
    for (int64_t back = 1; !is_signed && back <= ROOTS_BACK; back++) {
        struct slw_tuf_edition *older = NULL;
        if (root->version - back < writer->settings.first_root) {
            break;
        }
        enum slw_status status = slw_tuf_edition_fetch(writer, SLW_TUF_ROOT, "root",
                                                       root->version - back, &older, detail);
        if (older != NULL) {
            status = is_signed_for(older, type, edition, &is_signed, detail);
        }
        slw_tuf_edition_free(older);
        SLW_TRY(status);
    }
    return is_signed ? SLW_OK : explain_unsigned(slw_tuf_type_name(type), edition->version, detail);
}

static enum slw_status load_root(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *root = slw_tuf_writer_root(writer);
    int64_t version = 0;
    SLW_TRY(find_last_root(writer, writer->settings.first_root, &version, detail));
    if (version == 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_root_chain_check(writer, version, detail));
    return slw_tuf_edition_fetch(writer, SLW_TUF_ROOT, "root", version, &root->published, detail);
}

/* Timestamp and snapshot; neither is there before the first publish is through. */
static enum slw_status load_pointers(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    int64_t version = 0;
    bool by_older = false;
    enum slw_status status = slw_tuf_edition_fetch(writer, SLW_TUF_TIMESTAMP, "timestamp", 0,
                                                   &writer->timestamp, detail);
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    SLW_TRY(status);
    SLW_TRY(verify_by_roots(writer, SLW_TUF_TIMESTAMP, writer->timestamp, &by_older, detail));
    status = slw_tuf_model_find_meta(writer->timestamp->model, SLW_BYTES_OF("snapshot"), &version);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "metadata/timestamp.json: names no snapshot");
    }
    SLW_TRY(slw_tuf_edition_fetch(writer, SLW_TUF_SNAPSHOT, "snapshot", version, &writer->snapshot,
                                  detail));
    return verify_by_roots(writer, SLW_TUF_SNAPSHOT, writer->snapshot, &by_older, detail);
}

/* What the snapshot names of a role; nothing when it doesn't. */
static enum slw_status load_role(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                 struct slw_detail *detail)
{
    int64_t version = 0;
    if (role->published != NULL ||
        slw_tuf_model_find_meta(writer->snapshot->model, slw_tuf_role_name(role), &version) !=
            SLW_OK) {
        return SLW_OK;
    }
    return slw_tuf_edition_fetch(writer, SLW_TUF_TARGETS, role->name, version, &role->published,
                                 detail);
}

static enum slw_status load_and_verify(struct slw_tuf_writer *writer,
                                       const struct slw_tuf_writer_role *delegator, size_t at,
                                       struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    struct slw_tuf_signers signers;
    SLW_TRY(load_role(writer, role, detail));
    if (role->published == NULL) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_signers_load(delegator->published->model, at, &signers, detail));
    bool is_signed = slw_tuf_signers_agree(&signers, role->published);
    slw_tuf_signers_free(&signers);
    return is_signed ? SLW_OK : explain_unsigned(role->name, role->published->version, detail);
}

/* One delegated role whose file is lost or isn't what it should be keeps the others from nothing.
 */
static enum slw_status load_delegated(struct slw_tuf_writer *writer,
                                      const struct slw_tuf_writer_role *delegator, size_t at,
                                      struct slw_detail *detail)
{
    struct slw_tuf_listed_role listed;
    struct slw_tuf_writer_role *role = NULL;
    slw_tuf_model_role(delegator->published->model, at, &listed);
    if (listed.bit_length > 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_writer_role_make(writer, listed.name, &role, detail));
    if (role->published != NULL || role->is_broken) {
        return SLW_OK;
    }
    enum slw_status status = load_and_verify(writer, delegator, at, role, detail);
    if (status == SLW_OK || slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE) {
        return status;
    }
    slw_tuf_writer_tell(writer, "%s can't be gone on from: %s", role->name, detail->text);
    slw_tuf_edition_free(role->published);
    role->published = NULL;
    role->is_broken = true;
    return SLW_OK;
}

static enum slw_status load_delegates(struct slw_tuf_writer *writer,
                                      const struct slw_tuf_writer_role *role,
                                      struct slw_detail *detail)
{
    size_t count = role->published == NULL ? 0 : slw_tuf_model_roles_count(role->published->model);
    for (size_t at = 0; at < count; at++) {
        SLW_TRY(load_delegated(writer, role, at, detail));
    }
    return SLW_OK;
}

static size_t count_published(const struct slw_tuf_writer *writer)
{
    size_t count = 0;
    for (size_t i = 0; i < writer->roles_count; i++) {
        count += writer->roles[i]->published != NULL ? 1 : 0;
    }
    return count;
}

/* Targets, and whoever they delegate to. The table may grow while it is gone through, and roles
 * that stood in it already may come to life behind: until nothing new is found. */
static enum slw_status load_roles(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *targets = slw_tuf_writer_targets(writer);
    SLW_TRY(load_role(writer, targets, detail));
    if (targets->published != NULL) {
        SLW_TRY(verify_by_roots(writer, SLW_TUF_TARGETS, targets->published,
                                &writer->is_targets_by_older_root, detail));
    }
    for (size_t before = 0; before < count_published(writer);) {
        before = count_published(writer);
        for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
            SLW_TRY(load_delegates(writer, writer->roles[i], detail));
        }
    }
    return SLW_OK;
}

/* Whether the pointers, timestamp and last root, are still those in memory. */
static enum slw_status is_current(const struct slw_tuf_writer *writer, bool *ret_current,
                                  struct slw_detail *detail)
{
    const struct slw_tuf_edition *root = slw_tuf_writer_root(writer)->published;
    struct slw_heap_buffer bytes = {0};
    bool newer = false;
    *ret_current = false;
    if (!writer->is_loaded) {
        return SLW_OK;
    }
    SLW_TRY(root_exists(writer, root == NULL ? writer->settings.first_root : root->version + 1,
                        &newer, detail));
    enum slw_status status = slw_tuf_store_get(writer, "metadata/timestamp.json", &bytes, detail);
    struct slw_bytes known = writer->timestamp == NULL ? slw_bytes_make(NULL, 0)
                                                       : slw_heap_bytes(&writer->timestamp->file);
    if (status == SLW_OK || status == SLW_NOT_FOUND) {
        *ret_current = !newer && slw_bytes_equal(slw_heap_bytes(&bytes), known);
        status = SLW_OK;
    }
    slw_heap_free(&bytes);
    return status;
}

enum slw_status slw_tuf_published_load(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    bool current = false;
    SLW_TRY(is_current(writer, &current, detail));
    if (current) {
        return SLW_OK;
    }
    slw_tuf_published_forget(writer);
    enum slw_status status = load_root(writer, detail);
    if (status == SLW_OK && slw_tuf_writer_root(writer)->published != NULL) {
        status = load_pointers(writer, detail);
    }
    if (status == SLW_OK && writer->snapshot != NULL) {
        status = load_roles(writer, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_published_forget(writer);
        return status;
    }
    writer->is_loaded = true;
    return SLW_OK;
}
