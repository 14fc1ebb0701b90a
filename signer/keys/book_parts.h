/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the book share. See book.h. */
#ifndef SIGNER_KEYS_BOOK_PARTS_H
#define SIGNER_KEYS_BOOK_PARTS_H

#include "book.h"

/* The statement that a record's envelope holds; payload is where its views point. */
enum slw_status slw_book_envelope_read(const struct slw_record_view *view,
                                       struct slw_heap_buffer *ret_payload,
                                       struct slw_statement *ret_statement,
                                       struct slw_detail *detail);

/* Notes that a record's statement, by its member "id", had its effect. */
enum slw_status slw_book_statement_done(struct slw_book *book, const struct slw_record_view *view,
                                        struct slw_detail *detail);

/* book_roots.c: a root that a product's repository is verified by from now on. */
enum slw_status slw_book_apply_root(struct slw_book *book, const struct slw_record_view *view,
                                    struct slw_detail *detail);
/* And one that the settings brought. */
enum slw_status slw_book_apply_trusted_root(struct slw_book *book,
                                            const struct slw_record_view *view,
                                            struct slw_detail *detail);
void slw_book_roots_free(struct slw_book *book);

#endif
