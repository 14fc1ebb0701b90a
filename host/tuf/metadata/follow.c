/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following roots, as section 5.3 of TUF's specification has clients do it, by their files alone.
 * See slipway/tuf_follow.h.
 */
#include "slipway/tuf_follow.h"

#include "slipway/tuf_metadata.h"

struct root {
    struct slw_tuf_file file;
    struct slw_tuf_root content;
};

static void root_free(struct root *root)
{
    slw_tuf_root_free(&root->content);
    slw_tuf_file_free(&root->file);
}

static enum slw_status root_open(const char *name, struct slw_bytes file, struct root *ret_root,
                                 struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    slw_heap_append(&bytes, file);
    SLW_TRY(slw_tuf_file_parse(name, &bytes, SLW_TUF_FOLLOW_SIZE_MAX, SLW_TUF_ROOT, &ret_root->file,
                               detail));
    enum slw_status status =
        slw_tuf_root_read(&ret_root->file, SLW_TUF_KEY_IDS_ANY, &ret_root->content, detail);
    if (status != SLW_OK) {
        slw_tuf_file_free(&ret_root->file);
    }
    return status;
}

/* By whose root keys; not enough of them is the reason that is given. */
static enum slw_status root_verify(const struct root *root, const struct root *by,
                                   enum slw_status reason, const char *whose,
                                   struct slw_detail *detail)
{
    struct slw_detail why = {""};
    enum slw_status status =
        slw_tuf_file_verify(&root->file, &by->content.keys, &by->content.roles[SLW_TUF_ROOT], &why);
    if (status == SLW_OK || status == SLW_NO_SPACE || status == SLW_IO_CRYPTO) {
        return status == SLW_OK ? SLW_OK : slw_explain(detail, status, "%s", why.text);
    }
    return slw_explain(detail, reason, "by %s keys: %s", whose, why.text);
}

static uint64_t version_of(const struct root *root)
{
    return (uint64_t)root->content.common.version;
}

enum slw_status slw_tuf_root_first(struct slw_bytes file, uint64_t *ret_version,
                                   struct slw_detail *detail)
{
    struct root root;
    SLW_TRY(root_open("trusted root", file, &root, detail));
    enum slw_status status = root_verify(&root, &root, SLW_ROOT_SELF_UNSIGNED, "its own", detail);
    if (status == SLW_OK) {
        *ret_version = version_of(&root);
    }
    root_free(&root);
    return status;
}

static enum slw_status version_check(const struct root *trusted, const struct root *next,
                                     struct slw_detail *detail)
{
    unsigned long long now = version_of(trusted);
    unsigned long long wanted = version_of(next);
    if (wanted == now) {
        return slw_explain(detail, SLW_ROOT_REPLACED,
                           "another root of version %llu is trusted already", now);
    }
    /* "The version number of the new root metadata file MUST be exactly the version in the trusted
     * root metadata (version N) incremented by one". */
    if (wanted < now || wanted - now != 1) {
        return slw_explain(detail, SLW_ROOT_ROLLBACK,
                           "root %llu doesn't follow root %llu, which is trusted", wanted, now);
    }
    return SLW_OK;
}

static enum slw_status next_check(const struct root *trusted, const struct root *next,
                                  struct slw_detail *detail)
{
    SLW_TRY(version_check(trusted, next, detail));
    /* "Version N+1 of the root metadata file MUST have been signed by: (1) a threshold of keys
     * specified in the trusted root metadata file (version N), and (2) a threshold of keys
     * specified in the new root metadata file being validated (version N+1)." */
    SLW_TRY(root_verify(next, trusted, SLW_ROOT_UNTRUSTED, "the trusted root's", detail));
    return root_verify(next, next, SLW_ROOT_SELF_UNSIGNED, "its own", detail);
}

enum slw_status slw_tuf_root_next(struct slw_bytes trusted_file, struct slw_bytes file,
                                  uint64_t *ret_version, struct slw_detail *detail)
{
    struct root trusted;
    struct root next;
    SLW_TRY(root_open("trusted root", trusted_file, &trusted, detail));
    enum slw_status status = root_open("root", file, &next, detail);
    if (status == SLW_OK) {
        status = slw_bytes_equal(trusted_file, file) ? SLW_OK : next_check(&trusted, &next, detail);
        if (status == SLW_OK) {
            *ret_version = version_of(&next);
        }
        root_free(&next);
    }
    root_free(&trusted);
    return status;
}
