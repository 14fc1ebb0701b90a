/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which staged versions are published: as many as are complete, and fit together. A client that
 * comes to a role through any of its delegators, as they will be, must find enough of its keys to
 * have signed. So a delegator waits for those that it gives other keys, and they for it.
 *
 * It begins with everything that is staged, and takes out what doesn't hold until nothing has to be
 * taken out any more.
 */
#include "writer.h"

/* Whether everybody who will speak for a role is content with what it will be. */
static enum slw_status holds(const struct slw_tuf_writer *writer,
                             const struct slw_tuf_writer_role *role, bool *ret_holds,
                             struct slw_detail *detail)
{
    const struct slw_tuf_edition *edition = slw_tuf_role_edition(role, SLW_TUF_VIEW_NEXT);
    struct slw_tuf_delegators delegators = {0};
    enum slw_status status =
        slw_tuf_delegators_load(writer, role, SLW_TUF_VIEW_NEXT, &delegators, detail);
    if (status == SLW_OK) {
        *ret_holds = edition != NULL && delegators.count > 0 &&
                     slw_tuf_delegators_agree(&delegators, edition);
    }
    slw_tuf_delegators_free(&delegators);
    return status;
}

/*
 * Section 5.3.4: a new root is signed by "a threshold of keys specified in the trusted root
 * metadata file" and "a threshold of keys specified in the new root metadata file".
 */
static enum slw_status root_holds(const struct slw_tuf_writer *writer, bool *ret_holds,
                                  struct slw_detail *detail)
{
    const struct slw_tuf_writer_role *root = slw_tuf_writer_root(writer);
    struct slw_tuf_delegators delegators = {0};
    enum slw_status status =
        slw_tuf_delegators_add_root(root->published, SLW_TUF_ROOT, &delegators, detail);
    if (status == SLW_OK) {
        status = slw_tuf_delegators_add_root(root->next, SLW_TUF_ROOT, &delegators, detail);
    }
    if (status == SLW_OK) {
        *ret_holds = slw_tuf_delegators_agree(&delegators, root->next);
    }
    slw_tuf_delegators_free(&delegators);
    return status;
}

/* Whether a delegation says what the published one says; then who it is for needn't be looked at.
 */
static bool is_unchanged(const struct slw_tuf_writer_role *delegator, size_t at,
                         const struct slw_tuf_writer_role *role)
{
    const struct slw_tuf_edition *before = delegator->published;
    size_t before_at = 0;
    return !role->is_chosen && before != NULL &&
           slw_tuf_model_find_role(before->model, slw_tuf_role_name(role), &before_at) == SLW_OK &&
           slw_tuf_signers_are_same(before->model, before_at, delegator->next->model, at);
}

static enum slw_status delegation_holds(const struct slw_tuf_writer *writer,
                                        const struct slw_tuf_writer_role *delegator, size_t at,
                                        bool *ret_holds, struct slw_detail *detail)
{
    struct slw_tuf_listed_role listed;
    struct slw_tuf_signers signers;
    slw_tuf_model_role(delegator->next->model, at, &listed);
    const struct slw_tuf_writer_role *role =
        listed.bit_length > 0 ? NULL : slw_tuf_writer_find(writer, listed.name);
    *ret_holds = listed.bit_length > 0; /* bins are made to fit */
    if (listed.bit_length > 0 || role == NULL) {
        return SLW_OK;
    }
    const struct slw_tuf_edition *edition = slw_tuf_role_edition(role, SLW_TUF_VIEW_NEXT);
    if (edition == NULL || is_unchanged(delegator, at, role)) {
        /* As it was; be it broken, others needn't wait for it. */
        *ret_holds = is_unchanged(delegator, at, role);
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_signers_load(delegator->next->model, at, &signers, detail));
    *ret_holds = slw_tuf_signers_agree(&signers, edition);
    slw_tuf_signers_free(&signers);
    return SLW_OK;
}

static enum slw_status delegations_hold(const struct slw_tuf_writer *writer,
                                        const struct slw_tuf_writer_role *role, bool *ret_hold,
                                        struct slw_detail *detail)
{
    size_t count = slw_tuf_model_roles_count(role->next->model);
    *ret_hold = true;
    for (size_t at = 0; *ret_hold && at < count; at++) {
        SLW_TRY(delegation_holds(writer, role, at, ret_hold, detail));
    }
    return SLW_OK;
}

/* One pass; *ret_changed when something was taken out. */
static enum slw_status take_out(struct slw_tuf_writer *writer,
                                enum slw_status (*stays)(const struct slw_tuf_writer *writer,
                                                         const struct slw_tuf_writer_role *role,
                                                         bool *ret_stays,
                                                         struct slw_detail *detail),
                                bool *ret_changed, struct slw_detail *detail)
{
    *ret_changed = false;
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        bool it_stays = true;
        if (role->is_chosen) {
            SLW_TRY(stays(writer, role, &it_stays, detail));
        }
        if (!it_stays) {
            role->is_chosen = false;
            *ret_changed = true;
        }
    }
    return SLW_OK;
}

/* Those that lack signatures first: a delegator needn't wait for a version of a role that doesn't
 * come, if the published one will do. Each pass but the last takes something out. */
static enum slw_status take_out_all(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    bool changed = true;
    while (changed) {
        SLW_TRY(take_out(writer, holds, &changed, detail));
        if (!changed) {
            SLW_TRY(take_out(writer, delegations_hold, &changed, detail));
        }
    }
    return SLW_OK;
}

enum slw_status slw_tuf_choose(struct slw_tuf_writer *writer, bool with_root,
                               struct slw_detail *detail)
{
    struct slw_tuf_writer_role *root = slw_tuf_writer_root(writer);
    bool stays = false;
    for (size_t i = 0; i < writer->roles_count; i++) {
        writer->roles[i]->is_chosen = writer->roles[i]->next != NULL && !writer->roles[i]->is_held;
    }
    if (root->is_chosen) {
        SLW_TRY(root_holds(writer, &stays, detail));
        root->is_chosen = with_root && stays;
    }
    SLW_TRY(take_out_all(writer, detail));
    /* Targets that the new root's keys didn't sign keep it waiting. */
    SLW_TRY(holds(writer, slw_tuf_writer_targets(writer), &stays, detail));
    if (root->is_chosen && !stays) {
        return slw_tuf_choose(writer, false, detail);
    }
    return SLW_OK;
}
