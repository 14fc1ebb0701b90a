/* SPDX-License-Identifier: Apache-2.0 */
/* What persons.c (accounts) and grants.c (their roles) share. */
#ifndef SLIPWAY_PEOPLE_PERSONS_H
#define SLIPWAY_PEOPLE_PERSONS_H

#include "roles.h"
#include "routes.h"

/* SLW_NOT_FOUND when there is nobody of this name. */
SLW_MUST_USE enum slw_status people_find(struct slw_transaction *transaction, struct slw_bytes name,
                                         bool *ret_is_machine, struct slw_detail *detail);
/* SLW_WRONG_STATE when no enabled administrator of everything would be left. */
SLW_MUST_USE enum slw_status people_check_administrators(struct slw_transaction *transaction,
                                                         struct slw_detail *detail);

/* Adds roles to somebody who has none of them. A machine can't be approver or administrator:
 * approvals are people's. */
SLW_MUST_USE enum slw_status people_grants_store(struct slw_transaction *transaction,
                                                 struct slw_bytes name, bool is_machine,
                                                 const struct people_grants *grants,
                                                 struct slw_detail *detail);
SLW_MUST_USE enum slw_status
people_grants_audit(struct depot_call *call, struct slw_transaction *transaction,
                    const char *action, struct slw_bytes product, struct slw_bytes name,
                    const struct people_grants *grants, struct slw_detail *detail);

#endif
