/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who speaks for a role: the root for top-level roles, each role that delegates to it for the
 * others. A role may have several delegators, and clients may come to it through any of them; so
 * what is published satisfies all.
 */
#include "writer.h"

#include <stdlib.h>

const struct slw_tuf_edition *slw_tuf_role_edition(const struct slw_tuf_writer_role *role,
                                                   enum slw_tuf_view view)
{
    switch (view) {
    case SLW_TUF_VIEW_PUBLISHED:
        return role->published;
    case SLW_TUF_VIEW_STAGED:
        return role->next;
    case SLW_TUF_VIEW_NEXT:
        break;
    }
    return role->is_chosen ? role->next : role->published;
}

static enum slw_status add_signers(const struct slw_tuf_edition *delegator, size_t at,
                                   struct slw_tuf_delegators *delegators, struct slw_detail *detail)
{
    struct slw_tuf_signers *list = slw_heap_grow(delegators->list, delegators->count, sizeof *list);
    if (list == NULL) {
        return slw_explain_no_memory(detail);
    }
    delegators->list = list;
    SLW_TRY(slw_tuf_signers_load(delegator->model, at, list + delegators->count, detail));
    delegators->count++;
    return SLW_OK;
}

enum slw_status slw_tuf_delegators_add_root(const struct slw_tuf_edition *root,
                                            enum slw_tuf_type type,
                                            struct slw_tuf_delegators *delegators,
                                            struct slw_detail *detail)
{
    return root == NULL ? SLW_OK : add_signers(root, (size_t)type, delegators, detail);
}

/* The delegation to a role of exactly this name; SIZE_MAX for none. */
static size_t find_delegation(const struct slw_tuf_edition *delegator, struct slw_bytes name)
{
    struct slw_tuf_listed_role listed;
    size_t at = 0;
    if (slw_tuf_model_find_role(delegator->model, name, &at) != SLW_OK) {
        return SIZE_MAX;
    }
    slw_tuf_model_role(delegator->model, at, &listed);
    return listed.bit_length == 0 ? at : SIZE_MAX;
}

enum slw_status slw_tuf_delegators_load(const struct slw_tuf_writer *writer,
                                        const struct slw_tuf_writer_role *role,
                                        enum slw_tuf_view view,
                                        struct slw_tuf_delegators *delegators,
                                        struct slw_detail *detail)
{
    const struct slw_tuf_writer_role *root = slw_tuf_writer_root(writer);
    if (role == root || role == slw_tuf_writer_targets(writer)) {
        return slw_tuf_delegators_add_root(slw_tuf_role_edition(root, view),
                                           role == root ? SLW_TUF_ROOT : SLW_TUF_TARGETS,
                                           delegators, detail);
    }
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        const struct slw_tuf_edition *edition = slw_tuf_role_edition(writer->roles[i], view);
        size_t at = edition == NULL ? SIZE_MAX : find_delegation(edition, slw_tuf_role_name(role));
        if (at != SIZE_MAX) {
            SLW_TRY(add_signers(edition, at, delegators, detail));
        }
    }
    return SLW_OK;
}

enum slw_status slw_tuf_delegators_load_all(const struct slw_tuf_writer *writer,
                                            const struct slw_tuf_writer_role *role,
                                            struct slw_tuf_delegators *delegators,
                                            struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_delegators_load(writer, role, SLW_TUF_VIEW_PUBLISHED, delegators, detail));
    return slw_tuf_delegators_load(writer, role, SLW_TUF_VIEW_STAGED, delegators, detail);
}

void slw_tuf_delegators_free(struct slw_tuf_delegators *delegators)
{
    for (size_t i = 0; i < delegators->count; i++) {
        slw_tuf_signers_free(delegators->list + i);
    }
    free(delegators->list);
    *delegators = (struct slw_tuf_delegators){0};
}

bool slw_tuf_delegators_agree(const struct slw_tuf_delegators *delegators,
                              const struct slw_tuf_edition *edition)
{
    for (size_t i = 0; i < delegators->count; i++) {
        if (!slw_tuf_signers_agree(delegators->list + i, edition)) {
            return false;
        }
    }
    return true;
}

static bool counts(const struct slw_tuf_delegators *delegators,
                   const struct slw_tuf_edition *edition, const struct slw_tuf_signature *signature)
{
    for (size_t i = 0; i < delegators->count; i++) {
        if (slw_tuf_signers_check(delegators->list + i, edition, signature) == SLW_OK) {
            return true;
        }
    }
    return false;
}

size_t slw_tuf_delegators_prune(const struct slw_tuf_delegators *delegators,
                                struct slw_tuf_edition *edition)
{
    size_t dropped = 0;
    for (size_t i = 0; i < edition->signatures_count;) {
        if (counts(delegators, edition, edition->signatures + i)) {
            i++;
        } else {
            slw_tuf_edition_drop_signature(edition, i);
            dropped++;
        }
    }
    return dropped;
}

enum slw_status slw_tuf_delegators_accept(const struct slw_tuf_delegators *delegators,
                                          struct slw_tuf_edition *edition,
                                          const struct slw_tuf_signature *signature,
                                          bool is_verified, struct slw_detail *detail)
{
    bool accepted = false;
    struct slw_detail reason;
    enum slw_status worst =
        slw_explain(&reason, SLW_BAD_KEY, "key %.16s…: nobody names it", signature->key_id);
    for (size_t i = 0; i < delegators->count; i++) {
        struct slw_detail why;
        enum slw_status status =
            slw_tuf_signers_accept(delegators->list + i, edition, signature, is_verified, &why);
        if (status == SLW_OK) {
            accepted = true;
        } else if (status != SLW_BAD_KEY) {
            worst = status;
            reason = why;
        }
    }
    if (accepted) {
        return SLW_OK;
    }
    return slw_explain(detail, worst, "%s", reason.text);
}
