/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boards of the fleet simulator: a flash in memory that keeps only sectors that were written, a
 * virtual device on it that is switched on when it has something to do, and a link to it without a
 * wire. Whether an image comes up is the virtual device's own code to say; the simulator can only
 * take power away. The board's clock runs while it is on, as fast as it is asked.
 */
#ifndef SLIPWAY_SIM_BOARD_H
#define SLIPWAY_SIM_BOARD_H

#include "slipway/remote_device.h"
#include "slipway/virtual_device.h"

/* What all boards of a product have in common. */
struct board_kind {
    struct slw_bytes factory_root;
    struct slw_bytes product, hardware;
    uint64_t slot_size; /* of the one component, "app" */
};

struct board {
    struct slw_flash flash;
    uint8_t **sectors; /* NULL: erased */
    size_t count, held;
    uint64_t now_ms; /* of its own clock; 1 when it is made */
    int64_t clock_offset_s;
    unsigned boots, power_cuts;
};

/* From the factory. */
SLW_MUST_USE enum slw_status board_init(struct board *board, const struct board_kind *kind,
                                        struct slw_detail *detail);
void board_free(struct board *board);

#define BOARD_OUTPUT_SIZE 65536u

/* A board that is on; each thread has one, and switches one board after the other on with it. */
struct board_power {
    const struct board_kind *kind;
    struct slw_remote_device remote; /* how it is reached */
    uint64_t cut_in;                 /* polls until power fails once; 0: it doesn't */
    /* private */
    struct board *board;
    struct slw_virtual_options options;
    struct slw_consent_port consent;
    struct slw_link_port link;
    struct slw_remote_port port;
    struct slw_virtual_device *device;
    struct slw_rpc_client *client;
    uint64_t polls;
    size_t output_len;
    uint8_t output[BOARD_OUTPUT_SIZE];
};

/* SLW_OK once it has booted; what keeps it from that otherwise. */
SLW_MUST_USE enum slw_status board_switch_on(struct board_power *power,
                                             const struct board_kind *kind, struct board *board,
                                             struct slw_detail *detail);
void board_switch_off(struct board_power *power);

#endif
