/* SPDX-License-Identifier: Apache-2.0 */
/* Roles by their words, and what each may (DEPOT.md, section 3). */
#ifndef SLIPWAY_PEOPLE_ROLES_H
#define SLIPWAY_PEOPLE_ROLES_H

#include "depot.h"

#define PEOPLE_ROLES_MAX 64u /* that one call gives */

/* DEPOT_NOBODY for a word that isn't one. */
enum depot_role people_role_find(struct slw_bytes word);
const char *people_role_word(enum depot_role role);
bool people_role_may(enum depot_role role, enum depot_right right);

/* A role in a product, or in "*". The views are of the document that it was read from. */
struct people_grant {
    struct slw_bytes product;
    enum depot_role role;
};
struct people_grants {
    struct people_grant each[PEOPLE_ROLES_MAX];
    size_t count;
};

/* Reads [{"product","role"}, …], each once. SLW_BAD_ARGUMENT, SLW_TOO_LARGE. */
SLW_MUST_USE enum slw_status people_grants_read(const struct slw_json_document *document,
                                                uint32_t list, struct people_grants *ret_grants,
                                                struct slw_detail *detail);
/* Whether every product among them exists. SLW_NOT_FOUND names the first that doesn't. */
SLW_MUST_USE enum slw_status people_grants_check(struct slw_transaction *transaction,
                                                 const struct people_grants *grants,
                                                 struct slw_detail *detail);
/* As a member "roles" of an object, from rows of (product, role); closes them. */
SLW_MUST_USE enum slw_status people_roles_put(struct slw_json *json, struct slw_rows *rows,
                                              struct slw_detail *detail);

#endif
