/* SPDX-License-Identifier: Apache-2.0 */
/* A record that the auditor judges, and what the files that do it share. */
#ifndef SLIPWAY_AUDIT_RECORD_H
#define SLIPWAY_AUDIT_RECORD_H

#include "audit_parts.h"

#include "slipway/json_reader.h"

struct slw_audit_record {
    struct slw_audit *audit;
    uint64_t index;
    const struct slw_merkle_frontier *before; /* the tree of all entries before it */
    struct slw_json_document json;
    struct slw_bytes kind;
    bool is_of_release; /* of a signature: it names the release that was waiting for it */
};

/* Members of the record: false, or empty, for one that isn't there or isn't one of these. */
struct slw_bytes slw_audit_text(const struct slw_audit_record *record, struct slw_bytes name);
bool slw_audit_number(const struct slw_audit_record *record, struct slw_bytes name,
                      int64_t *ret_number);
bool slw_audit_hex(const struct slw_audit_record *record, struct slw_bytes name, uint8_t *ret_bytes,
                   size_t len);
bool slw_audit_time(const struct slw_audit_record *record, struct slw_bytes name,
                    int64_t *ret_utc_s);
/* An object's text. */
struct slw_bytes slw_audit_object(const struct slw_audit_record *record, struct slw_bytes name);

/* By whom the statement of a record is (a request, an approval, a takeover, …), and which machine
 * signs; records of other kinds pass. SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_audit_judge_statement(const struct slw_audit_record *record,
                                                       struct slw_detail *detail);

/*
 * A signature: of an open request, of what that asked for, as the policy in force allowed it, and
 * with the version that its record says. metadata are what was signed, empty where the log has
 * their SHA-256 alone; NULL: they aren't there. The request has ended then. SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_audit_judge_asked(const struct slw_audit_record *record,
                                                   const struct slw_bytes *metadata,
                                                   const uint8_t digest[static SLW_SHA256_SIZE],
                                                   struct slw_detail *detail);
/* Other ends of requests: refusals and expiries. */
void slw_audit_judge_end(const struct slw_audit_record *record);

/* A root that the service's settings brought. SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_audit_judge_root(const struct slw_audit_record *record,
                                                  struct slw_detail *detail);

#endif
