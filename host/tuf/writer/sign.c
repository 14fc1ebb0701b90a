/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing what is staged: with a key at hand, or by a signature that was made elsewhere. The bytes
 * are those that were made here of the change; nobody's file is signed as it lies there.
 */
#include "gather.h"

static enum slw_status find_staged(const struct slw_tuf_writer *writer, struct slw_bytes name,
                                   struct slw_tuf_writer_role **ret_role, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = slw_tuf_writer_find(writer, name);
    if (role == NULL || role->next == NULL) {
        (void)slw_explain(detail, SLW_NOT_FOUND, "%.*s: nothing is staged that can be signed",
                          (int)(name.len < 200 ? name.len : 200), (const char *)name.ptr);
        return SLW_NOT_FOUND;
    }
    *ret_role = role;
    return SLW_OK;
}

static enum slw_status load(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_published_load(writer, detail));
    return slw_tuf_staged_load(writer, detail);
}

static enum slw_status accept(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                              const struct slw_tuf_signature *signature, struct slw_detail *detail)
{
    struct slw_tuf_delegators delegators = {0};
    enum slw_status status = slw_tuf_delegators_load_all(writer, role, &delegators, detail);
    if (status == SLW_OK) {
        struct slw_detail why;
        status = slw_tuf_delegators_accept(&delegators, role->next, signature, false, &why);
        if (status != SLW_OK) {
            (void)slw_explain(detail, status, "%s: %s", role->name, why.text);
        }
    }
    slw_tuf_delegators_free(&delegators);
    SLW_TRY(status);
    return slw_tuf_staged_store(writer, role, detail);
}

static enum slw_status sign(struct slw_tuf_writer *writer, struct slw_bytes name,
                            const struct slw_private_key *key, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    struct slw_tuf_signature signature;
    struct slw_heap_buffer hex = {0};
    SLW_TRY(load(writer, detail));
    SLW_TRY(find_staged(writer, name, &role, detail));
    enum slw_status status = slw_tuf_public_key_id(slw_private_key_public(key), signature.key_id);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "the key has no id");
    }
    status = slw_tuf_sign(key, slw_heap_bytes(&role->next->signed_part), &hex, detail);
    if (status == SLW_OK) {
        signature.sig_hex = slw_heap_bytes(&hex);
        status = accept(writer, role, &signature, detail);
    }
    slw_heap_free(&hex);
    return status;
}

enum slw_status slw_tuf_writer_sign(struct slw_tuf_writer *writer, struct slw_bytes role,
                                    const struct slw_private_key *key, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    return slw_tuf_writer_leave(writer, sign(writer, role, key, detail), detail);
}

static enum slw_status add_signature(struct slw_tuf_writer *writer, struct slw_bytes name,
                                     const struct slw_tuf_signature *signature,
                                     struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    SLW_TRY(load(writer, detail));
    SLW_TRY(find_staged(writer, name, &role, detail));
    return accept(writer, role, signature, detail);
}

enum slw_status slw_tuf_writer_add_signature(struct slw_tuf_writer *writer, struct slw_bytes role,
                                             const struct slw_tuf_signature *signature,
                                             struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    return slw_tuf_writer_leave(writer, add_signature(writer, role, signature, detail), detail);
}

enum slw_status slw_tuf_writer_staged(struct slw_tuf_writer *writer, struct slw_bytes name,
                                      struct slw_heap_buffer *ret_file, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    SLW_TRY(load(writer, detail));
    SLW_TRY(find_staged(writer, name, &role, detail));
    SLW_TRY(slw_tuf_edition_format(role->next, name, detail));
    slw_heap_append(ret_file, slw_heap_bytes(&role->next->file));
    return ret_file->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status discard(struct slw_tuf_writer *writer, struct slw_bytes name,
                               struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    SLW_TRY(load(writer, detail));
    struct slw_tuf_writer_role *role = slw_tuf_writer_find(writer, name);
    if (role == NULL || (role->draft == NULL && role->bins == NULL && !role->is_unreadable)) {
        return slw_explain(detail, SLW_NOT_FOUND, "%.*s: nothing is staged",
                           (int)(name.len < 200 ? name.len : 200), (const char *)name.ptr);
    }
    SLW_TRY(slw_tuf_staged_remove(writer, role, detail));
    slw_tuf_key_in("staged/bins", role->name, key);
    SLW_TRY(slw_tuf_store_remove(writer, key, detail));
    slw_tuf_staged_forget(role);
    return SLW_OK;
}

enum slw_status slw_tuf_writer_discard(struct slw_tuf_writer *writer, struct slw_bytes role,
                                       struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    return slw_tuf_writer_leave(writer, discard(writer, role, detail), detail);
}
