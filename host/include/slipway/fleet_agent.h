/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a device a member of a fleet, whoever it is reached by: looks at the device, checks
 * in, reports, takes what it is offered, brings it to the device and reports the outcome. Stopped
 * at any moment, the next round goes on: from what the device says it runs, and what its member
 * noted. `slipway device connect` and the fleet simulator are made of it.
 *
 *     struct slw_fleet_agent agent = {.member = member, .device = &device, .product = "lamp",
 *                                     .port = &port};
 *     SLW_TRY(slw_fleet_agent_rounds(&agent, &next_s, &detail));
 *     wait(slw_fleet_wait_ms(next_s, failures, chance));
 */
#ifndef SLIPWAY_FLEET_AGENT_H
#define SLIPWAY_FLEET_AGENT_H

#include "slipway/fleet_member.h"
#include "slipway/release.h"
#include "slipway/remote_device.h"

/* What is done outside. A function that fails explains it, and the round ends with its status. */
struct slw_fleet_agent_port {
    void *context;
    /*
     * Gets the bundle at offer->path from the repository, by a client that takes it from the role
     * that the offer names and no other, as a release of this channel; appends where it is. A
     * refusal is reported to the depot as the outcome; a failure isn't, and comes again.
     */
    enum slw_status (*fetch)(void *context, const struct slw_fleet_offer *offer,
                             const char *channel, struct slw_heap_buffer *ret_path,
                             struct slw_detail *detail);
    /* Brings it to the device, by slw_remote_update_run() with this watcher. SLW_OK: to an end,
     * whichever; the device knows. */
    enum slw_status (*bring)(void *context, const char *path, const char *name,
                             const struct slw_remote_watcher *watcher, struct slw_detail *detail);
    /* Appends the end of the device's log, up to SLW_FLEET_LOG_MAX bytes; NULL: there is none. */
    void (*read_log)(void *context, struct slw_heap_buffer *ret_text);
    /* One event, for people, without a line feed. */
    void (*event)(void *context, const char *line);
    /* The device's clock, and how far it is from UTC; NULL: the system's. */
    int64_t (*now_s)(void *context, int64_t *ret_utc_offset_s);
};

struct slw_fleet_agent {
    struct slw_fleet_member *member;
    struct slw_remote_device *device;
    const char *product, *channel; /* channel NULL: any */
    const struct slw_fleet_agent_port *port;
    bool device_is_lost; /* the last round failed at the device, not at the depot */
    /* private */
    bool offer_is_over; /* the depot took it back before it was applied */
    bool asked_consumer;
    enum slw_status ended_by; /* a call in the middle of an update that failed */
};

/*
 * Check-ins without a pause while there is something to do, three at most. ret_next_s: what the
 * depot said last, untouched when it said nothing. An offer that the device refused, or went back
 * from, is SLW_OK: it was reported.
 */
SLW_MUST_USE enum slw_status slw_fleet_agent_rounds(struct slw_fleet_agent *agent,
                                                    int64_t *ret_next_s, struct slw_detail *detail);

/* One of them. ret_again: there may be more to do at once. */
SLW_MUST_USE enum slw_status slw_fleet_agent_round(struct slw_fleet_agent *agent,
                                                   int64_t *ret_next_s, bool *ret_again,
                                                   struct slw_detail *detail);

/* What the device calls the bundle of a release: by that an outcome is known to be of it. */
#define SLW_FLEET_BUNDLE_NAME_SIZE 64u
void slw_fleet_agent_name(const struct slw_fleet_agent *agent, int64_t release,
                          char ret_name[static SLW_FLEET_BUNDLE_NAME_SIZE]);

#endif
