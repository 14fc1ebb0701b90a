/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something was refused, and where: filled in by whatever checks, shown by tools, carried in a
 * device's status. A finding owns its bytes and can be copied and kept.
 */
#ifndef SLIPWAY_FINDING_H
#define SLIPWAY_FINDING_H

#include "slipway/tuf.h"

#define SLW_KEY_ID_SIZE 32u

struct slw_finding {
    enum slw_status status;
    bool has_role;
    enum slw_role role; /* whose metadata: root or targets, or the role that lacks keys */
    bool has_key_id;
    uint8_t key_id[SLW_KEY_ID_SIZE];
    uint8_t name[SLW_NAME_SIZE_MAX]; /* of a target, payload or slot: its first bytes */
    uint8_t name_len;
    bool has_numbers;
    uint64_t found;  /* version, length, count: what there is ... */
    uint64_t wanted; /* ... and what it had to be at least or at most */
};

/*
 * Starts a finding and returns its status, so that a check reads
 *     return slw_find(finding, SLW_WRONG_ROLE, SLW_ROLE_ROOT);
 */
enum slw_status slw_find(struct slw_finding *finding, enum slw_status status, enum slw_role role);
enum slw_status slw_find_numbers(struct slw_finding *finding, enum slw_status status,
                                 enum slw_role role, uint64_t found, uint64_t wanted);
enum slw_status slw_find_key(struct slw_finding *finding, enum slw_status status,
                             enum slw_role role, const uint8_t key_id[static SLW_KEY_ID_SIZE]);
enum slw_status slw_find_name(struct slw_finding *finding, enum slw_status status,
                              struct slw_bytes name);

#endif
