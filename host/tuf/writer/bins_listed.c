/* SPDX-License-Identifier: Apache-2.0 */
/* Which bins there are: bins.h. */
#include "bins.h"

#include "slipway/owned_bytes.h"

#include <stdlib.h>

bool slw_tuf_bins_of(const struct slw_tuf_edition *delegator, struct slw_tuf_bins *ret_bins)
{
    for (size_t i = 0; delegator != NULL && i < slw_tuf_model_roles_count(delegator->model); i++) {
        struct slw_tuf_listed_role listed;
        slw_tuf_model_role(delegator->model, i, &listed);
        if (listed.bit_length > 0) {
            *ret_bins = (struct slw_tuf_bins){delegator, i, listed.name, listed.bit_length};
            return true;
        }
    }
    return false;
}

static bool is_revoked(const struct slw_tuf_draft *draft, struct slw_bytes name)
{
    for (size_t i = 0; draft != NULL && i < draft->revoked_count; i++) {
        if (slw_bytes_equal(draft->revoked[i], name)) {
            return true;
        }
    }
    return false;
}

bool slw_tuf_bins_gathered(const struct slw_tuf_writer_role *role, struct slw_tuf_bins *ret_bins)
{
    const struct slw_tuf_draft *draft = role->gathered;
    struct slw_tuf_bins bins;
    for (size_t i = 0; draft != NULL && i < draft->delegates_count; i++) {
        const struct slw_tuf_delegate *delegate = &draft->delegates[i].value;
        if (delegate->bit_length > 0) {
            *ret_bins =
                (struct slw_tuf_bins){.prefix = delegate->name, .bit_length = delegate->bit_length};
            return true;
        }
    }
    if (!slw_tuf_bins_of(role->next != NULL ? role->next : role->published, &bins) ||
        is_revoked(draft, bins.prefix)) {
        return false;
    }
    *ret_bins = bins;
    return true;
}

enum slw_status slw_tuf_bins_fetch(const struct slw_tuf_writer *writer,
                                   const struct slw_tuf_bins *bins, uint32_t number,
                                   struct slw_tuf_edition **ret_edition, struct slw_detail *detail)
{
    struct slw_heap_buffer name = {0};
    int64_t version = 0;
    slw_tuf_bin_name(bins->prefix, bins->bit_length, number, &name);
    if (name.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status =
        writer->snapshot == NULL
            ? SLW_NOT_FOUND
            : slw_tuf_model_find_meta(writer->snapshot->model, slw_heap_bytes(&name), &version);
    if (status == SLW_OK) {
        status = slw_tuf_edition_fetch(writer, SLW_TUF_TARGETS, slw_heap_text(&name), version,
                                       ret_edition, detail);
    } else {
        *ret_edition = NULL;
        status = SLW_OK;
    }
    slw_heap_free(&name);
    return status;
}

enum slw_status slw_tuf_metas_add(struct slw_tuf_metas *metas, struct slw_bytes role,
                                  int64_t version, struct slw_detail *detail)
{
    struct slw_tuf_meta_version *list = slw_heap_grow(metas->list, metas->count, sizeof *list);
    if (list != NULL) {
        metas->list = list;
    }
    struct slw_bytes name;
    if (list == NULL || !slw_owned_copy(role, &name)) {
        return slw_explain_no_memory(detail);
    }
    list[metas->count].role = name;
    list[metas->count].version = version;
    metas->count++;
    return SLW_OK;
}

void slw_tuf_metas_cut(struct slw_tuf_metas *metas, size_t count)
{
    while (metas->count > count) {
        metas->count--;
        slw_owned_free(metas->list[metas->count].role.ptr);
    }
}

void slw_tuf_metas_free(struct slw_tuf_metas *metas)
{
    slw_tuf_metas_cut(metas, 0);
    free(metas->list);
    *metas = (struct slw_tuf_metas){0};
}
