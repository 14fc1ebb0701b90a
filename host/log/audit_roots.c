/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roots of TUF repositories that a log says are trusted, by which the service verifies what it
 * is to add to: each must follow the one before as clients would have it, whether it was told
 * (audit_statements.c) or brought by the service's settings. A service that isn't itself any more
 * could otherwise trust a root of its own making. Called by the auditor for each such record.
 */
#include "audit_record.h"

#include "slipway/base64.h"
#include "slipway/explain.h"
#include "slipway/tuf_follow.h"

#include <stdlib.h>

static struct slw_audit_root *find(const struct slw_audit *audit, struct slw_bytes product)
{
    for (size_t i = 0; i < audit->roots_count; i++) {
        struct slw_audit_root *root = &audit->roots[i];
        if (slw_bytes_equal(product, slw_bytes_make(root->product, root->product_len))) {
            return root;
        }
    }
    return NULL;
}

void slw_audit_roots_free(struct slw_audit *audit)
{
    for (size_t i = 0; i < audit->roots_count; i++) {
        slw_heap_drop(&audit->roots[i].file);
    }
    free(audit->roots);
    audit->roots = NULL;
    audit->roots_count = 0;
}

/* A place for a product that has none, without a file. */
static enum slw_status root_new(struct slw_audit *audit, struct slw_bytes product,
                                struct slw_audit_root **ret_root, struct slw_detail *detail)
{
    if (product.len == 0 || product.len > SLW_STATEMENT_NAME_MAX) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "it is of no product");
    }
    if (audit->roots_count == SLW_AUDIT_ROOTS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "roots of more than %u products",
                           SLW_AUDIT_ROOTS_MAX);
    }
    struct slw_audit_root *grown =
        slw_heap_grow(audit->roots, audit->roots_count, sizeof audit->roots[0]);
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    audit->roots = grown;
    struct slw_audit_root *root = &audit->roots[audit->roots_count++];
    *root = (struct slw_audit_root){.product_len = product.len};
    memcpy(root->product, product.ptr, product.len);
    *ret_root = root;
    return SLW_OK;
}

static enum slw_status root_set(struct slw_audit *audit, struct slw_bytes product,
                                struct slw_bytes file, struct slw_detail *detail)
{
    struct slw_audit_root *root = find(audit, product);
    struct slw_heap_buffer copy = {0};
    if (root == NULL) {
        SLW_TRY(root_new(audit, product, &root, detail));
    }
    slw_heap_append(&copy, file);
    if (copy.status != SLW_OK) {
        slw_heap_drop(&copy);
        return slw_explain_no_memory(detail);
    }
    slw_heap_drop(&root->file);
    root->file = copy;
    return SLW_OK;
}

static bool is_known(const struct slw_audit *audit, struct slw_bytes file)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, file);
    slw_sha256_final(&hash, digest);
    const struct slw_bytes known = audit->settings.known_roots;
    for (size_t at = 0; at < known.len; at += sizeof digest) {
        if (memcmp(known.ptr + at, digest, sizeof digest) == 0) {
            return true;
        }
    }
    return false;
}

/* One that whoever audits vouches for, whatever it follows; but its keys may have been changed
 * since because they were stolen, so that nothing goes back to it. */
static enum slw_status check_known(const struct slw_audit_root *former, struct slw_bytes file,
                                   uint64_t *ret_version, struct slw_detail *detail)
{
    uint64_t trusted = 0;
    uint64_t version = 0;
    SLW_TRY(slw_tuf_root_first(file, &version, detail));
    if (former != NULL) {
        SLW_TRY(slw_tuf_root_first(slw_heap_bytes(&former->file), &trusted, detail));
    }
    if (version < trusted) {
        return slw_explain(detail, SLW_ROOT_ROLLBACK, "root %llu is older than root %llu",
                           (unsigned long long)version, (unsigned long long)trusted);
    }
    *ret_version = version;
    return SLW_OK;
}

enum slw_status slw_audit_root_add(struct slw_audit *audit, struct slw_bytes product,
                                   struct slw_bytes file, int64_t version,
                                   struct slw_detail *detail)
{
    const struct slw_audit_root *former = find(audit, product);
    uint64_t found = 0;
    if (former == NULL || is_known(audit, file)) {
        SLW_TRY(check_known(former, file, &found, detail));
    } else {
        SLW_TRY(slw_tuf_root_next(slw_heap_bytes(&former->file), file, &found, detail));
    }
    if (version < 0 || (uint64_t)version != found) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "root %llu, where its record says %lld",
                           (unsigned long long)found, (long long)version);
    }
    return root_set(audit, product, file, detail);
}

enum slw_status slw_audit_root_restore(struct slw_audit *audit, struct slw_bytes product,
                                       struct slw_bytes file, struct slw_detail *detail)
{
    uint64_t ignored = 0;
    if (find(audit, product) != NULL) {
        return slw_explain(detail, SLW_MALFORMED, "two roots of one product");
    }
    SLW_TRY(slw_tuf_root_first(file, &ignored, detail));
    return root_set(audit, product, file, detail);
}

enum slw_status slw_audit_judge_root(const struct slw_audit_record *record,
                                     struct slw_detail *detail)
{
    struct slw_heap_buffer file = {0};
    struct slw_detail why = {""};
    int64_t version = -1;
    if (!slw_bytes_equal(record->kind, SLW_BYTES_OF("trusted-root"))) {
        return SLW_OK;
    }
    enum slw_status status = slw_base64_decode(slw_audit_text(record, SLW_BYTES_OF("root")), &file);
    (void)slw_audit_number(record, SLW_BYTES_OF("version"), &version);
    if (status == SLW_OK) {
        status = slw_audit_root_add(record->audit, slw_audit_text(record, SLW_BYTES_OF("product")),
                                    slw_heap_bytes(&file), version, &why);
    } else {
        (void)slw_explain(&why, status, "it isn't base64");
    }
    slw_heap_drop(&file);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status != SLW_OK) {
        slw_audit_find(record->audit, record->index,
                       "a root of the service's settings that doesn't follow: %s", why.text);
    }
    return SLW_OK;
}
