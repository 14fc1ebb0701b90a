/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in findings; each check of the device library ends here when it refuses. */
#include "slipway/finding.h"

enum slw_status slw_find(struct slw_finding *finding, enum slw_status status, enum slw_role role)
{
    *finding = (struct slw_finding){.status = status, .has_role = true, .role = role};
    return status;
}

enum slw_status slw_find_numbers(struct slw_finding *finding, enum slw_status status,
                                 enum slw_role role, uint64_t found, uint64_t wanted)
{
    (void)slw_find(finding, status, role);
    finding->has_numbers = true;
    finding->found = found;
    finding->wanted = wanted;
    return status;
}

enum slw_status slw_find_key(struct slw_finding *finding, enum slw_status status,
                             enum slw_role role, const uint8_t key_id[static SLW_KEY_ID_SIZE])
{
    (void)slw_find(finding, status, role);
    finding->has_key_id = true;
    memcpy(finding->key_id, key_id, SLW_KEY_ID_SIZE);
    return status;
}

enum slw_status slw_find_name(struct slw_finding *finding, enum slw_status status,
                              struct slw_bytes name)
{
    (void)slw_find(finding, status, SLW_ROLE_TARGETS);
    finding->name_len = (uint8_t)slw_utf8_cut(name, SLW_NAME_SIZE_MAX);
    if (finding->name_len > 0) {
        memcpy(finding->name, name.ptr, finding->name_len);
    }
    return status;
}
