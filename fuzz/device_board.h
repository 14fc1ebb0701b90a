/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole device in memory for device_fuzz.c: flash, boot, session, transfer and RPC server, with a
 * release of spec/vectors installed and confirmed. Everything is as it was at each power on but
 * for what flash holds.
 */
#ifndef DEVICE_BOARD_H
#define DEVICE_BOARD_H

#include "slipway/anchor_flash.h"
#include "slipway/boot.h"
#include "slipway/flash_ram.h"
#include "slipway/update_service.h"

#define BOARD_SECTOR 512u
#define BOARD_FLASH_SIZE (120u * BOARD_SECTOR)
#define BOARD_COMPONENTS 2u
#define BOARD_FILE_SIZE_MAX 4096u
#define BOARD_OUTPUT_SIZE 65536u

struct board_file {
    uint8_t bytes[BOARD_FILE_SIZE_MAX];
    size_t len;
};

struct board {
    uint8_t flash[BOARD_FLASH_SIZE];
    struct slw_flash_ram ram;
    struct slw_anchor_flash anchor;
    struct slw_component components[BOARD_COMPONENTS];
    struct slw_layout layout;
    struct slw_store store;
    struct slw_boot boot;
    struct slw_session session;
    struct slw_session_config config;
    struct slw_update_service update;
    struct slw_rpc_server rpc;
    uint64_t now_ms;
    bool reboot_wanted;
    enum slw_consent_answer consent;
    /* what the device sent, and how much the link takes before somebody reads */
    uint8_t output[BOARD_OUTPUT_SIZE];
    size_t output_len;
    size_t link_room;
    struct board_file root;
    struct board_file installed;
    struct board_file newer; /* a bundle that the device would accept */
};

/* A device that runs and has confirmed a release; false without spec/vectors. */
bool board_make(struct board *board);

/* What flash decides, it decides again: opens the store, boots, opens the session. */
enum slw_status board_power_on(struct board *board);

/* A piece of the session's work, the transfer's timers, and output. */
void board_poll(struct board *board);

#endif
