/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of the people part, which people.c lists; and what they share. */
#ifndef SLIPWAY_PEOPLE_ROUTES_H
#define SLIPWAY_PEOPLE_ROUTES_H

#include "depot.h"

/* products.c */
slw_http_handler people_list_products, people_make_product, people_show_product,
    people_change_product;

/* session.c */
slw_http_handler people_begin_session, people_show_session, people_end_session;
/* account.c */
slw_http_handler people_change_password, people_make_totp, people_confirm_totp,
    people_accept_invitation;
/* tokens.c */
slw_http_handler people_list_tokens, people_make_api_token, people_revoke_token;
/* persons.c */
slw_http_handler people_list_people, people_make_person, people_invite_person,
    people_disable_person, people_enable_person, people_remove_totp, people_unlock_person;
/* grants.c */
slw_http_handler people_set_roles, people_list_product_people, people_set_product_roles;
/* trail_routes.c */
slw_http_handler people_list_audit, people_list_product_audit, people_prove_audit;

/* Runs work in a transaction and answers with the text that it wrote. */
struct people_call {
    struct depot *depot;
    const struct slw_http_exchange *exchange;
    const struct depot_caller *caller; /* NULL in a public route */
    struct slw_json_document body;     /* when the route has one */
    struct slw_heap_buffer text;       /* of the answer; emptied before each run */
    unsigned http_status;
    void *more;
};
typedef enum slw_status people_work(struct people_call *call, struct slw_transaction *transaction,
                                    struct slw_detail *detail);
/* has_body: reads it as JSON first. more: call->more. */
void people_serve(struct depot *depot, struct slw_http_exchange *exchange,
                  enum slw_database_mode mode, bool has_body, people_work *work, void *more);

/* A text member of a call's body; SLW_BAD_ARGUMENT when it isn't there, isn't text, or has more
 * than max bytes. */
SLW_MUST_USE enum slw_status people_read_text(const struct people_call *call, const char *name,
                                              size_t max, struct slw_bytes *ret_text,
                                              struct slw_detail *detail);
/* A number member; absent when it isn't there and absent isn't -1. */
SLW_MUST_USE enum slw_status people_read_number(const struct people_call *call, const char *name,
                                                int64_t min, int64_t max, int64_t absent,
                                                int64_t *ret_number, struct slw_detail *detail);

#endif
