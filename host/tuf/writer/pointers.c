/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next snapshot and timestamp of a publish. When it changes the root, they are signed for the
 * old one and for the new one, if the keys of both are at hand: then there is no moment in which a
 * client fails, whichever of the two roots it has seen.
 *
 * A snapshot says versions and nothing else. An entry that it has stays for ever, also of a role
 * that nobody delegates to any more: "each targets metadata filename listed in the trusted snapshot
 * metadata file, if any, MUST continue to be listed in the new snapshot metadata file" (5.5.5).
 */
#include "publish.h"

enum slw_status slw_tuf_publish_is_signed(const struct slw_tuf_edition *root,
                                          enum slw_tuf_type type,
                                          const struct slw_tuf_edition *edition, bool *ret_signed,
                                          struct slw_detail *detail)
{
    struct slw_tuf_signers signers;
    if (root == NULL || edition == NULL) {
        *ret_signed = false;
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_signers_load(root->model, (size_t)type, &signers, detail));
    *ret_signed = slw_tuf_signers_agree(&signers, edition);
    slw_tuf_signers_free(&signers);
    return SLW_OK;
}

/* The published one has to be made anew: for its keys, or its time. */
static enum slw_status is_stale(const struct slw_tuf_publish *publish, enum slw_tuf_type type,
                                const struct slw_tuf_edition *published, int64_t due_s,
                                bool *ret_stale, struct slw_detail *detail)
{
    bool is_signed = false;
    SLW_TRY(slw_tuf_publish_is_signed(publish->new_root, type, published, &is_signed, detail));
    *ret_stale = !is_signed || published->expires_utc_s <= due_s;
    return SLW_OK;
}

/* What both have in common; *published gives its model away. */
static enum slw_status make(struct slw_tuf_publish *publish, struct slw_tuf_change *change,
                            struct slw_tuf_edition *published, struct slw_tuf_edition **ret_edition,
                            struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    const struct slw_tuf_period *period = writer->settings.periods + change->type;
    struct slw_tuf_model *model = NULL;
    change->expires_utc_s = slw_tuf_writer_now(writer) + (int64_t)period->expires_s;
    if (published == NULL) {
        SLW_TRY(slw_tuf_model_new(change->type, change->role, &model, detail));
    } else {
        change->base_version = published->version;
        memcpy(change->base_sha256, published->digest, sizeof change->base_sha256);
        model = published->model;
        published->model = NULL;
        writer->is_loaded = false; /* until it is published: it can't be gone on from */
    }
    enum slw_status status = slw_tuf_model_apply(model, change, detail);
    if (status != SLW_OK) {
        slw_tuf_model_free(model);
        return status;
    }
    struct slw_tuf_edition *given_up = NULL;
    if (change->type == SLW_TUF_SNAPSHOT) {
        given_up = writer->given_up;
        writer->given_up = NULL;
    }
    return slw_tuf_edition_make_in(change->type, model, given_up, ret_edition, detail);
}

static enum slw_status ask(struct slw_tuf_publish *publish, const struct slw_tuf_change *change,
                           const struct slw_tuf_edition *published, struct slw_tuf_edition *edition,
                           struct slw_detail *detail)
{
    struct slw_tuf_delegators delegators = {0};
    enum slw_tuf_answer answer = SLW_TUF_PENDING;
    struct slw_detail told;
    enum slw_status status =
        slw_tuf_delegators_add_root(publish->new_root, change->type, &delegators, detail);
    if (status == SLW_OK && publish->old_root != publish->new_root) {
        status = slw_tuf_delegators_add_root(publish->old_root, change->type, &delegators, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_ask(publish->writer->options.provider, change,
                             published == NULL ? slw_bytes_make(NULL, 0)
                                               : slw_heap_bytes(&published->file),
                             &delegators, edition, &answer, &told, detail);
    }
    if (status == SLW_OK && told.text[0] != '\0') {
        slw_tuf_writer_tell(publish->writer, "%s", told.text);
    }
    if (status == SLW_OK && answer == SLW_TUF_REFUSED) {
        slw_tuf_writer_tell(publish->writer, "%s: the signer refuses: %s",
                            slw_tuf_type_name(change->type), detail->text);
    }
    if (status == SLW_OK) {
        publish->cannot_sign =
            publish->cannot_sign || !slw_tuf_signers_agree(delegators.list, edition);
        status = slw_tuf_edition_format(edition, change->role, detail);
    }
    slw_tuf_delegators_free(&delegators);
    return status;
}

/* Somebody who had the keys drove it to the end of all numbers, and nothing can follow it. */
static enum slw_status check_number(const struct slw_tuf_edition *published, const char *name,
                                    struct slw_detail *detail)
{
    if (published == NULL || published->version < SLW_TUF_NUMBER_MAX) {
        return SLW_OK;
    }
    return slw_explain(detail, SLW_TOO_LARGE,
                       "%s: its version can't become higher: put back a metadata/timestamp.json "
                       "from before, and rotate the keys of timestamp and snapshot",
                       name);
}

static enum slw_status make_snapshot(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    struct slw_tuf_change change = {
        .type = SLW_TUF_SNAPSHOT,
        .role = SLW_BYTES_OF("snapshot"),
        .set = publish->metas.list,
        .set_count = publish->metas.count,
    };
    SLW_TRY(check_number(writer->snapshot, "snapshot", detail));
    int64_t lowest = writer->snapshot == NULL ? 1 : writer->snapshot->version + 1;
    SLW_TRY(slw_tuf_store_free_version(writer, "snapshot", lowest, &change.version, detail));
    SLW_TRY(make(publish, &change, writer->snapshot, &publish->snapshot, detail));
    return ask(publish, &change, writer->snapshot, publish->snapshot, detail);
}

static enum slw_status make_timestamp(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = publish->writer;
    const struct slw_tuf_edition *snapshot =
        publish->snapshot != NULL ? publish->snapshot : writer->snapshot;
    struct slw_tuf_change change = {
        .type = SLW_TUF_TIMESTAMP,
        .role = SLW_BYTES_OF("timestamp"),
        .version = writer->timestamp == NULL ? 1 : writer->timestamp->version + 1,
        .snapshot_version = snapshot->version,
    };
    SLW_TRY(check_number(writer->timestamp, "timestamp", detail));
    SLW_TRY(make(publish, &change, writer->timestamp, &publish->timestamp, detail));
    return ask(publish, &change, writer->timestamp, publish->timestamp, detail);
}

enum slw_status slw_tuf_publish_pointers(struct slw_tuf_publish *publish, struct slw_detail *detail)
{
    const struct slw_tuf_writer *writer = publish->writer;
    bool stale = publish->metas.count > 0;
    if (!stale) {
        SLW_TRY(is_stale(publish, SLW_TUF_SNAPSHOT, writer->snapshot, publish->due->snapshot_s,
                         &stale, detail));
    }
    if (stale) {
        SLW_TRY(make_snapshot(publish, detail));
    } else {
        SLW_TRY(is_stale(publish, SLW_TUF_TIMESTAMP, writer->timestamp, publish->due->timestamp_s,
                         &stale, detail));
    }
    return stale ? make_timestamp(publish, detail) : SLW_OK;
}
