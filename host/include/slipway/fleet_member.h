/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device as a member of a depot's fleet (spec/DEPOT.md, section 7): its key, its enrolment,
 * what it reported last; and the calls. Over HTTPS, by its own key. For `slipway device connect`
 * and agents.
 *
 *     SLW_TRY(slw_fleet_member_open(&settings, &member, detail));
 *     SLW_TRY(slw_fleet_member_check_in(member, version, &answer, detail)); // enrols where it must
 *     if (answer.wants_report) {
 *         struct slw_fleet_report report = {.kind = SLW_FLEET_STATE, .version = version, …};
 *         SLW_TRY(slw_fleet_member_report(member, &report, detail));
 *     }
 *     slw_fleet_member_free(member);
 *
 * Kept in two files: the identity (private key, PEM, 0600, made where there is none) and beside it
 * IDENTITY.state (JSON, 0600). A report's sequence is on the disk before it is sent, with the
 * report itself: killed at any moment, the member sends it again, as it was.
 *
 * Statuses: SLW_CONSENT_PENDING: a person at the depot must let this device in first;
 * SLW_REVOKED_KEY: the depot has revoked it; SLW_UNAVAILABLE, SLW_IO_TIMEOUT: no answer, come
 * again; SLW_TOO_MANY: too often. A member belongs to one thread.
 */
#ifndef SLIPWAY_FLEET_MEMBER_H
#define SLIPWAY_FLEET_MEMBER_H

#include "slipway/fleet.h"
#include "slipway/http_client.h"

struct slw_fleet_member;

struct slw_fleet_member_settings {
    struct slw_http_client_settings depot; /* url, ca_file, … of the depot; the token isn't used */
    const char *identity_file;
    const char *product, *device, *hardware;
    const char *key_class;            /* "dev", "test", "prod" */
    const char *enrolment_token_file; /* 0600; its first line; NULL: none */
};

SLW_MUST_USE enum slw_status slw_fleet_member_open(const struct slw_fleet_member_settings *settings,
                                                   struct slw_fleet_member **ret_member,
                                                   struct slw_detail *detail);
void slw_fleet_member_free(struct slw_fleet_member *member);

/*
 * Checks in, after sending a report that wasn't answered yet, and enrols first where there is no
 * enrolment, or the depot ended it. version: the confirmed targets version. ret_answer's views live
 * until the next call.
 */
SLW_MUST_USE enum slw_status slw_fleet_member_check_in(struct slw_fleet_member *member,
                                                       int64_t version,
                                                       struct slw_fleet_answer *ret_answer,
                                                       struct slw_detail *detail);

/* Sends a report: product, device, epoch, sequence and nonce are filled in. SLW_OK once the depot
 * has it for good. One that got no answer is kept, and sent with the next call; SLW_BAD_ARGUMENT
 * and others of its class: the depot won't ever take it, and it is forgotten. */
SLW_MUST_USE enum slw_status slw_fleet_member_report(struct slw_fleet_member *member,
                                                     const struct slw_fleet_report *report,
                                                     struct slw_detail *detail);

/* Sends a log that the depot asked for: UTF-8, at most SLW_FLEET_LOG_MAX bytes. */
#define SLW_FLEET_LOG_MAX 65536u
SLW_MUST_USE enum slw_status slw_fleet_member_send_log(struct slw_fleet_member *member,
                                                       struct slw_bytes text,
                                                       struct slw_detail *detail);

/* An update that is under way, so that its outcome is reported after a restart, too; zeros: none.
 */
struct slw_fleet_under_way {
    int64_t rollout, release;
};
struct slw_fleet_under_way slw_fleet_member_under_way(const struct slw_fleet_member *member);
SLW_MUST_USE enum slw_status slw_fleet_member_set_under_way(struct slw_fleet_member *member,
                                                            struct slw_fleet_under_way under_way,
                                                            struct slw_detail *detail);

/*
 * Milliseconds until the next check-in: what the depot said, spread by up to a tenth to either
 * side, so that devices which were switched on together don't come together for ever; after
 * failures in a row, twice as long each time, up to an hour. chance: any number, random.
 */
int64_t slw_fleet_wait_ms(int64_t next_s, unsigned failures, uint64_t chance);

#endif
