/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers want changed, gathered in memory until it is prepared: removals, delegations and
 * keys. gather.c has what is added.
 */
#include "bins.h"
#include "gather.h"

/* What a bin lists, as published: SLW_NOT_FOUND when it doesn't. */
static enum slw_status find_in_bin(const struct slw_tuf_writer *writer,
                                   const struct slw_tuf_writer_role *role, struct slw_bytes path,
                                   struct slw_detail *detail)
{
    struct slw_tuf_bins bins;
    struct slw_tuf_edition *edition = NULL;
    size_t at = 0;
    if (!slw_tuf_bins_of(role->published, &bins)) {
        return SLW_NOT_FOUND;
    }
    SLW_TRY(
        slw_tuf_bins_fetch(writer, &bins, slw_tuf_bin_of(path, bins.bit_length), &edition, detail));
    enum slw_status status =
        edition == NULL ? SLW_NOT_FOUND : slw_tuf_model_find(edition->model, path, &at);
    slw_tuf_edition_free(edition);
    return status;
}

/* Whether a path is listed by a role or its bins once everything gathered is published. */
static enum slw_status is_listed(const struct slw_tuf_writer *writer,
                                 const struct slw_tuf_writer_role *role, bool in_bins,
                                 struct slw_bytes path, bool *ret_listed, struct slw_detail *detail)
{
    const struct slw_tuf_draft *drafts[] = {
        in_bins ? role->bins_gathered : role->gathered,
        in_bins ? role->bins : NULL, /* what is staged of the role itself is in its model */
    };
    for (size_t i = 0; i < 2; i++) {
        const struct slw_tuf_draft_entry *said =
            drafts[i] == NULL ? NULL : slw_tuf_draft_find(drafts[i], path);
        if (said != NULL) {
            *ret_listed = !said->removes;
            return SLW_OK;
        }
    }
    const struct slw_tuf_model *model = slw_tuf_gather_model(role);
    size_t at = 0;
    enum slw_status status = SLW_NOT_FOUND;
    if (in_bins) {
        status = find_in_bin(writer, role, path, detail);
    } else if (model != NULL) {
        status = slw_tuf_model_find(model, path, &at);
    }
    *ret_listed = status == SLW_OK;
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

enum slw_status slw_tuf_writer_remove(struct slw_tuf_writer *writer, struct slw_bytes role_name,
                                      struct slw_bytes path, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    bool in_role = false;
    bool in_bins = false;
    SLW_TRY(slw_tuf_gather_begin(writer, role_name, &role, detail));
    if (role->type == SLW_TUF_TARGETS) {
        SLW_TRY(is_listed(writer, role, false, path, &in_role, detail));
        SLW_TRY(is_listed(writer, role, true, path, &in_bins, detail));
    }
    if (!in_role && !in_bins) {
        return slw_explain(detail, SLW_NOT_FOUND, "%.*s: isn't listed by %s",
                           (int)(path.len < 300 ? path.len : 300), (const char *)path.ptr,
                           role->name);
    }
    if (in_bins) {
        SLW_TRY(slw_tuf_gather_into(&role->bins_gathered, SLW_TUF_TARGETS, detail));
        SLW_TRY(slw_tuf_draft_remove(role->bins_gathered, path, detail));
    }
    if (in_role) {
        SLW_TRY(slw_tuf_gather_into(&role->gathered, SLW_TUF_TARGETS, detail));
        SLW_TRY(slw_tuf_draft_remove(role->gathered, path, detail));
    }
    return SLW_OK;
}

static enum slw_status explain_taken(struct slw_bytes name, const char *by,
                                     struct slw_detail *detail)
{
    return slw_explain(detail, SLW_BAD_NAME, "%.*s: the name is taken: %s",
                       (int)(name.len < 200 ? name.len : 200), (const char *)name.ptr, by);
}

/* Bins are roles, too: no other role is called as they are. */
static enum slw_status check_name(const struct slw_tuf_writer *writer,
                                  const struct slw_tuf_writer_role *delegator,
                                  const struct slw_tuf_delegate *delegate,
                                  struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        const struct slw_tuf_writer_role *role = writer->roles[i];
        struct slw_bytes name = slw_tuf_role_name(role);
        struct slw_tuf_bins bins;
        bool has_bins = slw_tuf_bins_gathered(role, &bins);
        if (delegate->bit_length > 0 &&
            slw_tuf_is_bin(name, delegate->name, delegate->bit_length)) {
            return explain_taken(name, "a bin would be called so", detail);
        }
        if (has_bins && role != delegator && delegate->bit_length > 0 &&
            slw_bytes_equal(bins.prefix, delegate->name)) {
            return explain_taken(delegate->name, "bins of another role are called so", detail);
        }
        if (has_bins && delegate->bit_length == 0 &&
            slw_tuf_is_bin(delegate->name, bins.prefix, bins.bit_length)) {
            return explain_taken(delegate->name, "a bin is called so", detail);
        }
    }
    return SLW_OK;
}

/* What model and signers check, too, but at the beginning: later there is a role to be undone. */
static enum slw_status check_signers(const struct slw_tuf_role_keys *signers,
                                     struct slw_detail *detail)
{
    if (signers->count == 0 || signers->count > SLW_TUF_ROLE_KEYS_MAX || signers->threshold == 0 ||
        signers->threshold > signers->count) {
        return slw_explain(detail, SLW_BAD_THRESHOLD,
                           "a threshold of %u can't be had of %zu keys (1 to %u)",
                           signers->threshold, signers->count, SLW_TUF_ROLE_KEYS_MAX);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_writer_delegate(struct slw_tuf_writer *writer, struct slw_bytes delegator,
                                        const struct slw_tuf_delegate *delegate,
                                        struct slw_detail *detail)
{
    struct slw_tuf_writer_role *from = NULL;
    struct slw_tuf_writer_role *to = NULL;
    SLW_TRY(slw_tuf_gather_begin(writer, delegator, &from, detail));
    SLW_TRY(check_signers(&delegate->signers, detail));
    if (from->type == SLW_TUF_ROOT || slw_bytes_equal(delegate->name, SLW_BYTES_OF("root")) ||
        slw_bytes_equal(delegate->name, SLW_BYTES_OF("targets"))) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "top-level roles delegate to nobody but by the root's keys");
    }
    SLW_TRY(check_name(writer, from, delegate, detail));
    if (delegate->bit_length > 0) {
        return slw_tuf_gather_bins(writer, from, delegate, detail);
    }
    SLW_TRY(slw_tuf_writer_role_make(writer, delegate->name, &to, detail));
    SLW_TRY(slw_tuf_gather_into(&from->gathered, SLW_TUF_TARGETS, detail));
    SLW_TRY(slw_tuf_draft_delegate(from->gathered, delegate, detail));
    if (to->published == NULL && to->draft == NULL) {
        SLW_TRY(slw_tuf_gather_into(&to->gathered, SLW_TUF_TARGETS, detail));
        to->gathered->signs_again = true; /* an empty first version, so that clients find one */
    }
    return SLW_OK;
}

enum slw_status slw_tuf_writer_revoke(struct slw_tuf_writer *writer, struct slw_bytes delegator,
                                      struct slw_bytes name, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *from = NULL;
    bool is_known = false;
    SLW_TRY(slw_tuf_gather_begin(writer, delegator, &from, detail));
    const struct slw_tuf_model *model =
        from->type == SLW_TUF_ROOT ? NULL : slw_tuf_gather_model(from);
    for (size_t i = 0; model != NULL && i < slw_tuf_model_roles_count(model); i++) {
        struct slw_tuf_listed_role listed;
        slw_tuf_model_role(model, i, &listed);
        is_known = is_known || slw_bytes_equal(listed.name, name);
    }
    if (!is_known &&
        (from->gathered == NULL || slw_tuf_draft_find_delegate(from->gathered, name) == SIZE_MAX)) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: doesn't delegate to %.*s", from->name,
                           (int)(name.len < 200 ? name.len : 200), (const char *)name.ptr);
    }
    struct slw_tuf_bins bins;
    if (slw_tuf_bins_gathered(from, &bins) && slw_bytes_equal(bins.prefix, name)) {
        slw_tuf_draft_free(from->bins_gathered); /* there is nowhere left for it */
        from->bins_gathered = NULL;
    }
    SLW_TRY(slw_tuf_gather_into(&from->gathered, SLW_TUF_TARGETS, detail));
    return slw_tuf_draft_revoke(from->gathered, name, detail);
}

enum slw_status slw_tuf_writer_rotate(struct slw_tuf_writer *writer, enum slw_tuf_type role,
                                      const struct slw_tuf_role_keys *keys,
                                      struct slw_detail *detail)
{
    struct slw_tuf_writer_role *root = NULL;
    SLW_TRY(slw_tuf_gather_begin(writer, SLW_BYTES_OF("root"), &root, detail));
    SLW_TRY(check_signers(keys, detail));
    SLW_TRY(slw_tuf_gather_into(&root->gathered, SLW_TUF_ROOT, detail));
    return slw_tuf_draft_rotate(root->gathered, role, keys, detail);
}
