/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of the people part, which people.c lists; and what they share. */
#ifndef SLIPWAY_PEOPLE_ROUTES_H
#define SLIPWAY_PEOPLE_ROUTES_H

#include "core/serve.h"

/* products.c */
slw_http_handler people_list_products, people_make_product, people_show_product,
    people_change_product;

/* session.c */
slw_http_handler people_begin_session, people_show_session, people_end_session,
    people_end_other_sessions;
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

#endif
