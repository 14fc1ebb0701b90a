/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roots of TUF repositories that were followed to, each from the one before: what bases of
 * top-level roles are verified by. A record of one is written when it was verified
 * (intake_root.c), and only then has its effect here. Those of the settings are remembered too, to
 * be logged once: the settings say whether they count.
 */
#include "book_parts.h"

#include "slipway/base64.h"

#include <stdlib.h>

static enum slw_status damaged(const char *what, struct slw_detail *detail)
{
    return slw_explain(detail, SLW_LOG_DAMAGED, "a record of the log: %s", what);
}

static const struct slw_book_root *find(const struct slw_book *book, struct slw_bytes product,
                                        bool settings_too)
{
    for (size_t i = book->roots_count; i > 0; i--) {
        const struct slw_book_root *root = book->roots[i - 1];
        if ((settings_too || !root->by_settings) &&
            slw_bytes_equal(product, slw_bytes_make(root->product, strlen(root->product)))) {
            return root;
        }
    }
    return NULL;
}

const struct slw_book_root *slw_book_root(const struct slw_book *book, struct slw_bytes product)
{
    return find(book, product, false);
}

const struct slw_book_root *slw_book_root_last(const struct slw_book *book,
                                               struct slw_bytes product)
{
    return find(book, product, true);
}

static void root_free(struct slw_book_root *root)
{
    slw_heap_drop(&root->file);
    free(root);
}

/* Takes over the root; one that was followed to when it is the newest of its product: the log never
 * goes back. */
static enum slw_status root_add(struct slw_book *book, struct slw_book_root *root,
                                struct slw_detail *detail)
{
    const struct slw_book_root *newest =
        slw_book_root(book, slw_bytes_make(root->product, strlen(root->product)));
    if (root->version == 0 ||
        (!root->by_settings && newest != NULL && root->version <= newest->version)) {
        return damaged("a root that is older than the one before", detail);
    }
    if (book->roots_count >= SLW_BOOK_ROOTS_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "too many roots");
    }
    struct slw_book_root **grown =
        slw_heap_grow(book->roots, book->roots_count, sizeof(struct slw_book_root *));
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    book->roots = grown;
    book->roots[book->roots_count++] = root;
    return SLW_OK;
}

static enum slw_status product_copy(struct slw_bytes product, struct slw_book_root *root,
                                    struct slw_detail *detail)
{
    if (product.len == 0 || product.len > SLW_POLICY_NAME_SIZE_MAX) {
        return damaged("a root of no product", detail);
    }
    memcpy(root->product, product.ptr, product.len);
    return SLW_OK;
}

static enum slw_status root_read(const struct slw_statement *statement,
                                 const struct slw_record_view *view, struct slw_book_root *root,
                                 struct slw_detail *detail)
{
    struct slw_tuf_root_notice notice;
    SLW_TRY(slw_tuf_root_notice_read(statement, &notice, detail));
    SLW_TRY(product_copy(notice.product, root, detail));
    SLW_TRY(slw_record_get_uint(view, "version", &root->version, detail));
    return slw_tuf_root_notice_file(&notice, &root->file, detail);
}

enum slw_status slw_book_apply_root(struct slw_book *book, const struct slw_record_view *view,
                                    struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    struct slw_statement statement;
    SLW_TRY(slw_book_envelope_read(view, &payload, &statement, detail));
    struct slw_book_root *root = calloc(1, sizeof *root);
    enum slw_status status =
        root == NULL ? slw_explain_no_memory(detail) : root_read(&statement, view, root, detail);
    if (status == SLW_OK) {
        status = root_add(book, root, detail);
    }
    slw_statement_free(&statement);
    slw_heap_drop(&payload);
    if (status != SLW_OK && root != NULL) {
        root_free(root);
    }
    return status == SLW_OK ? slw_book_statement_done(book, view, detail) : status;
}

static enum slw_status trusted_root_read(const struct slw_record_view *view,
                                         struct slw_book_root *root, struct slw_detail *detail)
{
    SLW_TRY(product_copy(slw_record_get_text(view, "product"), root, detail));
    SLW_TRY(slw_record_get_uint(view, "version", &root->version, detail));
    enum slw_status status = slw_base64_decode(slw_record_get_text(view, "root"), &root->file);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    return status == SLW_OK ? SLW_OK : damaged("a root that isn't base64", detail);
}

enum slw_status slw_book_apply_trusted_root(struct slw_book *book,
                                            const struct slw_record_view *view,
                                            struct slw_detail *detail)
{
    struct slw_book_root *root = calloc(1, sizeof *root);
    if (root == NULL) {
        return slw_explain_no_memory(detail);
    }
    root->by_settings = true;
    enum slw_status status = trusted_root_read(view, root, detail);
    if (status == SLW_OK) {
        status = root_add(book, root, detail);
    }
    if (status != SLW_OK) {
        root_free(root);
    }
    return status;
}

void slw_book_roots_free(struct slw_book *book)
{
    for (size_t i = 0; i < book->roots_count; i++) {
        root_free(book->roots[i]);
    }
    free(book->roots);
}
