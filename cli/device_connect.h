/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `slipway device connect` share: the device, its membership, its update. */
#ifndef SLIPWAY_CLI_DEVICE_CONNECT_H
#define SLIPWAY_CLI_DEVICE_CONNECT_H

#include "device_child.h"
#include "device_link.h"

#include "slipway/fleet_member.h"

struct cli_connect {
    struct cli *cli;
    struct cli_arguments arguments; /* with --to and --from, where they weren't given */
    struct slw_fleet_member *member;
    struct cli_device_child child;
    struct cli_device device;
    struct slw_heap_buffer repository; /* URL, where --from doesn't say it */
    const char *product, *channel;     /* channel NULL: any */
    bool offer_is_over;                /* the depot took it back before it was applied */
    bool asked_consumer;
};

/* device_connect_look.c: what the device is and did, in connect->device.answer. */
enum cli_exit cli_connect_look(struct cli_connect *connect);
/* A report of that; the texts of its slots are in ret_slots and ret_hex. */
struct cli_connect_report {
    struct slw_fleet_report report;
    struct slw_fleet_slot slots[SLW_FLEET_SLOTS_MAX];
    char hex[SLW_FLEET_SLOTS_MAX][2 * SLW_SHA256_SIZE + 1];
};
void cli_connect_fill(const struct cli_connect *connect, enum slw_fleet_kind kind,
                      struct cli_connect_report *ret_report);
/* Sends it; says what went wrong. */
enum cli_exit cli_connect_send(struct cli_connect *connect, struct cli_connect_report *report);
/* A call to the depot that failed: says so. */
enum cli_exit cli_connect_fail(const struct cli_connect *connect, enum slw_status status);
/* What the device calls the bundle of a release: by that an outcome is known to be of it. */
#define CLI_CONNECT_NAME_SIZE 64u
void cli_connect_name(const struct cli_connect *connect, int64_t release,
                      char ret_name[static CLI_CONNECT_NAME_SIZE]);
/* A finished session's result is taken note of, so that it isn't taken for the next one's. */
bool cli_connect_forget_session(struct cli_connect *connect);
/* Reports the outcome of what is under way, if the device has one. */
enum cli_exit cli_connect_settle(struct cli_connect *connect);
/* A line on standard output. */
void cli_connect_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* device_connect_update.c: takes an offer to its outcome. */
enum cli_exit cli_connect_update(struct cli_connect *connect, const struct slw_fleet_offer *offer);

#endif
