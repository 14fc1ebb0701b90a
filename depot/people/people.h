/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is who: what the gate (core/gate.c) and the program's commands ask of the people part.
 */
#ifndef SLIPWAY_DEPOT_PEOPLE_H
#define SLIPWAY_DEPOT_PEOPLE_H

#include "depot.h"

enum depot_identity {
    DEPOT_IDENTITY_NONE,    /* nobody, or what they showed isn't good (any more) */
    DEPOT_IDENTITY_LIMITED, /* a session that may only mend its own account */
    DEPOT_IDENTITY_FULL,
};

/*
 * Who made this call, by its token, its session's cookie or its client certificate, in this order;
 * one that is there and isn't good is never passed over. ret_caller is written unless it is nobody.
 */
SLW_MUST_USE enum slw_status
depot_identify(struct slw_transaction *transaction, const struct depot *depot,
               const struct slw_http_exchange *exchange, enum depot_identity *ret_identity,
               struct depot_caller *ret_caller, struct slw_detail *detail);

/* Whether this call repeats its session's secret, as DEPOT.md, section 3, asks. */
bool depot_csrf_is_good(const struct slw_http_exchange *exchange);

/*
 * The first administrator, in "*". password: NULL for none; they get an invitation instead, whose
 * secret goes to ret_invitation (65 bytes, else NULL). SLW_VERSION_TAKEN when there is anybody
 * already.
 */
SLW_MUST_USE enum slw_status depot_people_init(struct depot *depot, struct slw_bytes name,
                                               const char *password, char *ret_invitation,
                                               struct slw_detail *detail);

/* A token of a person's, with roles in a product; for init and tests. ret_token: 128 bytes. */
SLW_MUST_USE enum slw_status depot_people_make_token(struct depot *depot, struct slw_bytes person,
                                                     const char *title, struct slw_bytes product,
                                                     const char *role, char ret_token[static 128],
                                                     struct slw_detail *detail);

#endif
