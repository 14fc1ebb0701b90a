/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing. Payloads are there already; then come the roles, bins first, then the snapshot, all
 * under names that nobody asks for yet, and the timestamp last: whoever refreshes sees the old
 * state or the new one. Versions of what a killed publish left behind are taken, so that no name
 * ever stands for two contents.
 *
 * A root is live as soon as its file is there. So it comes after a timestamp, snapshot and targets
 * that its predecessor and it both accept. When keys for that aren't at hand, it comes just before
 * the timestamp: between the two, and after a kill between the two, clients fail until the
 * timestamp is there.
 */
#include "publish.h"

#include <inttypes.h>

/* Everybody who speaks for a role, or will, has signed. */
static enum slw_status is_complete(const struct slw_tuf_writer *writer,
                                   const struct slw_tuf_writer_role *role, bool *ret_complete,
                                   struct slw_detail *detail)
{
    struct slw_tuf_delegators delegators = {0};
    enum slw_status status = slw_tuf_delegators_load_all(writer, role, &delegators, detail);
    if (status == SLW_OK) {
        *ret_complete = slw_tuf_delegators_agree(&delegators, role->next);
    }
    slw_tuf_delegators_free(&delegators);
    return status;
}

/* Signatures that are missing may be there by now. A signer that refuses, or is out of reach, keeps
 * nobody else waiting. */
static enum slw_status ask_again(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        struct slw_detail why;
        bool complete = true;
        if (role->next != NULL) {
            SLW_TRY(is_complete(writer, role, &complete, detail));
        }
        if (complete) {
            continue;
        }
        size_t before = role->next->signatures_count;
        enum slw_status status = slw_tuf_staged_ask(writer, role, &why);
        if (status == SLW_NO_SPACE) {
            return slw_explain_no_memory(detail);
        }
        if (status != SLW_OK) {
            slw_tuf_writer_tell(writer, "%s", why.text);
        }
        role->has_signatures = role->has_signatures || role->next->signatures_count != before;
    }
    return SLW_OK;
}

static bool has_work_in_bins(const struct slw_tuf_publish *publish,
                             const struct slw_tuf_writer_role *role)
{
    return role->bins != NULL || role->bins_gathered != NULL || role->is_chosen ||
           publish->due->bins_s > 0;
}

/* Bins that can't be signed wait; and a delegator that was to be published with them waits, too:
 * the choice is made again then. */
static enum slw_status publish_bins(struct slw_tuf_publish *publish, bool *ret_again,
                                    struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        enum slw_tuf_bins_outcome outcome = SLW_TUF_BINS_DONE;
        size_t before = publish->metas.count;
        if (role->bins_wait || !has_work_in_bins(publish, role)) {
            continue;
        }
        SLW_TRY(slw_tuf_bins_publish(writer, role, publish->due->bins_s, &publish->metas, &outcome,
                                     detail));
        if (outcome != SLW_TUF_BINS_DONE) {
            slw_tuf_metas_cut(&publish->metas, before);
            role->bins_wait = true;
        }
        if (outcome == SLW_TUF_BINS_HOLD_THE_ROLE && role->is_chosen) {
            role->is_held = true;
            *ret_again = true;
        }
    }
    return SLW_OK;
}

static enum slw_status choose_with_bins(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    bool again = true;
    while (again) { /* at most once for each role, which is held then */
        again = false;
        slw_tuf_metas_free(&publish->metas);
        SLW_TRY(slw_tuf_choose(publish->writer, publish->with_root, detail));
        SLW_TRY(publish_bins(publish, &again, detail));
    }
    return SLW_OK;
}

/* Decides, and makes everything that is to be written. */
static enum slw_status plan(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    const struct slw_tuf_writer *writer = publish->writer;
    const struct slw_tuf_writer_role *root = slw_tuf_writer_root(writer);
    SLW_TRY(choose_with_bins(publish, detail));
    publish->old_root = root->published;
    publish->new_root = slw_tuf_role_edition(root, SLW_TUF_VIEW_NEXT);
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        const struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->is_chosen) {
            SLW_TRY(slw_tuf_metas_add(&publish->metas, slw_tuf_role_name(role), role->next->version,
                                      detail));
        }
    }
    if (slw_tuf_role_edition(slw_tuf_writer_targets(writer), SLW_TUF_VIEW_NEXT) == NULL ||
        publish->new_root == NULL) {
        return SLW_OK; /* nothing is published yet, and nothing can be */
    }
    return slw_tuf_publish_pointers(publish, detail);
}

/*
 * A publish that was killed may have put the file already, with fewer signatures: it is as good if
 * they are enough.
 */
static enum slw_status accept_present(const struct slw_tuf_writer *writer,
                                      struct slw_tuf_writer_role *role, const char *key,
                                      struct slw_detail *detail)
{
    struct slw_tuf_edition *left = NULL;
    struct slw_tuf_delegators delegators = {0};
    struct slw_detail ignored;
    if (slw_tuf_edition_fetch(writer, role->type, role->name, role->next->version, &left,
                              &ignored) != SLW_OK) {
        return SLW_WRONG_STATE; /* it was the lease, which is gone */
    }
    enum slw_status status =
        slw_tuf_delegators_load(writer, role, SLW_TUF_VIEW_NEXT, &delegators, detail);
    bool is_good = status == SLW_OK &&
                   memcmp(left->digest, role->next->digest, sizeof left->digest) == 0 &&
                   slw_tuf_delegators_agree(&delegators, left);
    slw_tuf_delegators_free(&delegators);
    if (status != SLW_OK || !is_good) {
        slw_tuf_edition_free(left);
        return status != SLW_OK ? status
                                : slw_explain(detail, SLW_WRONG_STATE,
                                              "%s: is there already, with other signatures: "
                                              "change %s once more, so that it gets a new version",
                                              key, role->name);
    }
    slw_tuf_edition_free(role->next);
    role->next = left;
    return SLW_OK;
}

static enum slw_status put_roles(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    char key[SLW_TUF_KEY_SIZE];
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (!role->is_chosen) {
            continue;
        }
        SLW_TRY(slw_tuf_edition_format(role->next, slw_tuf_role_name(role), detail));
        slw_tuf_key_of(role->next->version, role->name, key);
        enum slw_status status =
            slw_tuf_store_put(writer, key, slw_heap_bytes(&role->next->file), detail);
        SLW_TRY(status == SLW_WRONG_STATE ? accept_present(writer, role, key, detail) : status);
    }
    if (publish->snapshot == NULL) {
        return SLW_OK;
    }
    slw_tuf_key_of(publish->snapshot->version, "snapshot", key);
    return slw_tuf_store_put(writer, key, slw_heap_bytes(&publish->snapshot->file), detail);
}

/* A pointer, though it never changes: everything must be durable before it, and it is live at
 * once. */
static enum slw_status put_root(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    struct slw_tuf_edition *root = slw_tuf_writer_root(publish->writer)->next;
    char key[SLW_TUF_KEY_SIZE];
    SLW_TRY(slw_tuf_edition_format(root, SLW_BYTES_OF("root"), detail));
    slw_tuf_key_of(root->version, "root", key);
    return slw_tuf_store_replace(publish->writer, key, slw_heap_bytes(&root->file), detail);
}

static enum slw_status put_timestamp(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    if (publish->timestamp == NULL) {
        return SLW_OK;
    }
    return slw_tuf_store_replace(publish->writer, "metadata/timestamp.json",
                                 slw_heap_bytes(&publish->timestamp->file), detail);
}

/* Whether clients that know the old root and clients that know the new one can both take all that
 * there will be. */
static enum slw_status is_seamless(const struct slw_tuf_publish *publish, bool *ret_seamless,
                                   struct slw_detail *detail)
{
    const struct slw_tuf_writer *writer = publish->writer;
    const struct slw_tuf_edition *editions[SLW_TUF_TYPES] = {
        [SLW_TUF_TIMESTAMP] = publish->timestamp != NULL ? publish->timestamp : writer->timestamp,
        [SLW_TUF_SNAPSHOT] = publish->snapshot != NULL ? publish->snapshot : writer->snapshot,
        [SLW_TUF_TARGETS] = slw_tuf_role_edition(slw_tuf_writer_targets(writer), SLW_TUF_VIEW_NEXT),
    };
    *ret_seamless = publish->old_root != NULL;
    for (unsigned type = SLW_TUF_TIMESTAMP; *ret_seamless && type < SLW_TUF_TYPES; type++) {
        SLW_TRY(slw_tuf_publish_is_signed(publish->old_root, (enum slw_tuf_type)type,
                                          editions[type], ret_seamless, detail));
    }
    return SLW_OK;
}

static enum slw_status write_all(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    bool has_root = slw_tuf_writer_root(writer)->is_chosen;
    bool seamless = false;
    SLW_TRY(put_roles(publish, detail));
    if (has_root) {
        SLW_TRY(is_seamless(publish, &seamless, detail));
    }
    if (has_root && !seamless) {
        if (publish->old_root != NULL) {
            slw_tuf_writer_tell(writer,
                                "root %" PRId64 " is published before a timestamp that both roots "
                                "accept, for an old key isn't at hand: a client that refreshes in "
                                "this moment fails, and succeeds in the next",
                                publish->new_root->version);
        }
        SLW_TRY(put_root(publish, detail));
    }
    SLW_TRY(put_timestamp(publish, detail));
    return has_root && seamless ? put_root(publish, detail) : SLW_OK;
}

/* What was written is what is published. */
static void move_on(struct slw_tuf_publish *publish)
{
    struct slw_tuf_writer *writer = publish->writer;
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->is_chosen) {
            slw_tuf_edition_free(role->published);
            role->published = role->next;
            role->next = NULL;
            role->is_touched = false;
            role->has_signatures = false;
        }
    }
    if (publish->snapshot != NULL) {
        slw_tuf_edition_free(writer->given_up);
        writer->given_up = writer->snapshot;
        writer->snapshot = publish->snapshot;
        publish->snapshot = NULL;
    }
    if (publish->timestamp != NULL) {
        slw_tuf_edition_free(writer->timestamp);
        writer->timestamp = publish->timestamp;
        publish->timestamp = NULL;
    }
    writer->is_loaded = true;
}

static enum slw_status clear_bins(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_tuf_bins bins;
    if (role->bins_wait || !slw_tuf_bins_of(role->published, &bins)) {
        /* What was only gathered waits with what is staged. */
        return role->bins_gathered == NULL ? SLW_OK : slw_tuf_stage_bins(writer, role, detail);
    }
    slw_tuf_draft_free(role->bins_gathered);
    role->bins_gathered = NULL;
    if (role->bins == NULL) {
        return SLW_OK;
    }
    slw_tuf_draft_free(role->bins);
    role->bins = NULL;
    slw_tuf_key_in("staged/bins", role->name, key);
    return slw_tuf_store_remove(writer, key, detail);
}

/* Nothing here is seen by clients any more. */
static enum slw_status clear_staged(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        SLW_TRY(clear_bins(writer, role, detail));
        if (role->is_chosen) {
            SLW_TRY(slw_tuf_staged_remove(writer, role, detail));
        }
    }
    return slw_tuf_store_touched(writer, detail);
}

static void count(const struct slw_tuf_writer *writer, const struct slw_tuf_publish *publish,
                  struct slw_tuf_published *published)
{
    const struct slw_tuf_edition *root = slw_tuf_writer_root(writer)->published;
    bool has_new_root = publish->new_root != publish->old_root;
    published->roles = publish->metas.count + (has_new_root ? 1 : 0);
    for (size_t i = 0; i < writer->roles_count; i++) {
        const struct slw_tuf_writer_role *role = writer->roles[i];
        bool waits = role->next != NULL || role->is_unreadable ||
                     (role->draft != NULL && !role->is_chosen) || role->bins != NULL ||
                     role->bins_gathered != NULL || role->bins_wait;
        published->pending += waits ? 1 : 0;
    }
    published->root_version = root == NULL ? 0 : root->version;
    published->snapshot_version = writer->snapshot == NULL ? 0 : writer->snapshot->version;
    published->timestamp_version = writer->timestamp == NULL ? 0 : writer->timestamp->version;
    published->metadata_bytes = writer->metadata_bytes;
}

static void end(struct slw_tuf_publish *publish)
{
    slw_tuf_metas_free(&publish->metas);
    slw_tuf_edition_free(publish->snapshot);
    slw_tuf_edition_free(publish->timestamp);
    publish->snapshot = NULL;
    publish->timestamp = NULL;
}

static enum slw_status load(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_published_load(writer, detail));
    return slw_tuf_staged_load(writer, detail);
}

static enum slw_status store_for_later(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        writer->roles[i]->is_chosen = false;
    }
    return slw_tuf_store_touched(writer, detail);
}

/* Without the staged root when its keys for snapshot and timestamp aren't at hand: it waits. */
static enum slw_status plan_twice(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    SLW_TRY(ask_again(writer, detail));
    SLW_TRY(plan(publish, detail));
    if (publish->cannot_sign && slw_tuf_writer_root(writer)->is_chosen) {
        slw_tuf_writer_tell(
            writer, "root %" PRId64 " waits: its keys for snapshot and timestamp aren't at hand",
            publish->new_root->version);
        end(publish);
        publish->with_root = false;
        publish->cannot_sign = false;
        SLW_TRY(store_for_later(writer, detail));
        SLW_TRY(load(writer, detail));
        SLW_TRY(plan(publish, detail));
    }
    if (publish->cannot_sign) {
        return slw_explain(detail, SLW_BELOW_THRESHOLD,
                           "snapshot and timestamp can't be signed: too few of their keys are at "
                           "hand");
    }
    return SLW_OK;
}

/* A commit that isn't possible leaves what was gathered prepared. */
static enum slw_status give_up(struct slw_tuf_writer *writer, enum slw_status status)
{
    struct slw_detail ignored;
    bool has_failed = slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE;
    if (has_failed || store_for_later(writer, &ignored) != SLW_OK) {
        slw_tuf_prepare_undo(writer);
    }
    return status;
}

static enum slw_status run(struct slw_tuf_publish *publish, struct slw_tuf_published *published,
                           struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    SLW_TRY(slw_tuf_prepare_all(writer, false, detail));
    enum slw_status status = plan_twice(publish, detail);
    if (status == SLW_OK) {
        status = write_all(publish, detail);
        /* Some of it may be there. */
        writer->is_loaded = writer->is_loaded && status == SLW_OK;
    }
    if (status != SLW_OK) {
        return give_up(writer, status);
    }
    move_on(publish);
    status = clear_staged(writer, detail);
    if (status != SLW_OK) {
        slw_tuf_prepare_undo(writer);
        return status;
    }
    count(writer, publish, published);
    return SLW_OK;
}

enum slw_status slw_tuf_publish_all(struct slw_tuf_writer *writer, const struct slw_tuf_due *due,
                                    struct slw_tuf_published *ret_published,
                                    struct slw_detail *detail)
{
    struct slw_tuf_publish publish = {.writer = writer, .due = due, .with_root = true};
    struct slw_tuf_published published = {0};
    writer->metadata_bytes = 0;
    enum slw_status status = run(&publish, &published, detail);
    end(&publish);
    if (status == SLW_OK) {
        *ret_published = published;
    }
    return status;
}

enum slw_status slw_tuf_writer_publish(struct slw_tuf_writer *writer,
                                       struct slw_tuf_published *ret_published,
                                       struct slw_detail *detail)
{
    const struct slw_tuf_due nothing = {0};
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    enum slw_status status = load(writer, detail);
    if (status == SLW_OK) {
        status = slw_tuf_publish_all(writer, &nothing, ret_published, detail);
    }
    return slw_tuf_writer_leave(writer, status, detail);
}
