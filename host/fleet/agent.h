/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of an agent share: rounds and offers (agent.c), what is reported (agent_report.c).
 */
#ifndef SLIPWAY_FLEET_AGENT_PRIVATE_H
#define SLIPWAY_FLEET_AGENT_PRIVATE_H

#include "slipway/fleet_agent.h"

/* A report of what the device is and did; the texts of its slots are in slots and hex. */
struct agent_report {
    struct slw_fleet_report report;
    struct slw_fleet_slot slots[SLW_FLEET_SLOTS_MAX];
    char hex[SLW_FLEET_SLOTS_MAX][2 * SLW_SHA256_SIZE + 1];
};

/* Of what is under way where kind is progress or outcome. */
void agent_report_fill(const struct slw_fleet_agent *agent, enum slw_fleet_kind kind,
                       struct agent_report *ret_report);

/* A line for people. */
void agent_tell(const struct slw_fleet_agent *agent, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports the outcome of what is under way, if the device has one. */
SLW_MUST_USE enum slw_status agent_settle(struct slw_fleet_agent *agent, struct slw_detail *detail);

/* Reports that what is under way was refused before the device saw it. */
SLW_MUST_USE enum slw_status agent_report_refusal(struct slw_fleet_agent *agent,
                                                  enum slw_status why, struct slw_detail *detail);

#endif
