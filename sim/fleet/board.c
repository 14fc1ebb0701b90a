/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board that is on (board.h): what passes between the RPC client and the virtual device, and
 * time. The client's waiting is the device's running: each wait polls the device until it has
 * something to say, and its clock goes on by what it idles.
 */
#include "board.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_STEP_MS 10u
#define BUSY_POLLS_A_MS 64u /* a device that is busy takes time, too */
#define ANSWER_TIMEOUT_MS 30000u

/* --- The device's side --- */

static enum slw_status write_link(void *context, struct slw_bytes bytes, size_t *ret_written)
{
    struct board_power *power = context;
    size_t room = sizeof power->output - power->output_len;
    size_t len = bytes.len < room ? bytes.len : room;
    if (len > 0) {
        memcpy(power->output + power->output_len, bytes.ptr, len);
    }
    power->output_len += len;
    *ret_written = len;
    return SLW_OK;
}

static enum slw_consent_answer agree(void *context, const struct slw_consent_question *question)
{
    (void)context;
    (void)question;
    return SLW_CONSENT_YES;
}

/* Its own words; what the depot is told comes from its answers. */
static void hear(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static enum slw_status boot(struct board_power *power, struct slw_detail *detail)
{
    power->output_len = 0;
    power->board->boots++;
    return slw_virtual_device_open(&power->options, &power->device, detail);
}

static bool restart(struct board_power *power)
{
    struct slw_detail detail;
    slw_virtual_device_close(power->device);
    power->device = NULL;
    return boot(power, &detail) == SLW_OK;
}

/* SLW_IO_CLOSED: it rebooted, and what was on the link is gone. */
static enum slw_status step(struct board_power *power, uint64_t deadline_ms, bool *ret_idle)
{
    struct board *board = power->board;
    if (power->device == NULL) {
        return SLW_IO_CLOSED;
    }
    if (power->cut_in > 0 && --power->cut_in == 0) {
        board->power_cuts++;
        (void)restart(power);
        return SLW_IO_CLOSED;
    }
    enum slw_virtual_need need = slw_virtual_device_poll(power->device, board->now_ms);
    if (need == SLW_VIRTUAL_REBOOT) {
        (void)restart(power);
        return SLW_IO_CLOSED;
    }
    *ret_idle = need == SLW_VIRTUAL_IDLE;
    if (*ret_idle && power->output_len == 0 && board->now_ms < deadline_ms) {
        uint64_t left = deadline_ms - board->now_ms;
        board->now_ms += left < IDLE_STEP_MS ? left : IDLE_STEP_MS;
    } else if (++power->polls % BUSY_POLLS_A_MS == 0) {
        board->now_ms++;
    }
    return SLW_OK;
}

/* --- The client's side: struct slw_rpc_transport --- */

static enum slw_status read_board(void *context, uint8_t *buffer, size_t capacity,
                                  uint32_t timeout_ms, size_t *ret_len)
{
    struct board_power *power = context;
    uint64_t deadline_ms = power->board->now_ms + timeout_ms;
    bool idle = false;
    while (power->output_len == 0) {
        if (idle && power->board->now_ms >= deadline_ms) {
            return SLW_IO_TIMEOUT;
        }
        SLW_TRY(step(power, deadline_ms, &idle));
    }
    size_t len = power->output_len < capacity ? power->output_len : capacity;
    memcpy(buffer, power->output, len);
    memmove(power->output, power->output + len, power->output_len - len);
    power->output_len -= len;
    *ret_len = len;
    return SLW_OK;
}

static enum slw_status write_board(void *context, struct slw_bytes bytes, uint32_t timeout_ms)
{
    struct board_power *power = context;
    uint64_t deadline_ms = power->board->now_ms + timeout_ms;
    bool idle = false;
    while (bytes.len > 0) {
        if (power->device == NULL) {
            return SLW_IO_CLOSED;
        }
        size_t taken = slw_virtual_device_receive(power->device, bytes);
        bytes = slw_bytes_make(bytes.ptr + taken, bytes.len - taken);
        if (taken == 0 && idle && power->board->now_ms >= deadline_ms) {
            return SLW_IO_TIMEOUT;
        }
        if (bytes.len > 0) {
            SLW_TRY(step(power, deadline_ms, &idle));
        }
    }
    return SLW_OK;
}

static uint64_t board_now_ms(void *context)
{
    return ((const struct board_power *)context)->board->now_ms;
}

/* --- struct slw_remote_port --- */

static enum slw_status connect_board(void *context, uint32_t timeout_ms,
                                     struct slw_rpc_client **ret_client, struct slw_detail *detail)
{
    struct board_power *power = context;
    const struct slw_rpc_client_config config = {
        .transport = {power, read_board, write_board, board_now_ms},
        .patience_ms = ANSWER_TIMEOUT_MS,
    };
    (void)timeout_ms;
    power->client = slw_rpc_client_new(&config);
    if (power->client == NULL) {
        return slw_explain_no_memory(detail);
    }
    *ret_client = power->client;
    return SLW_OK;
}

static void disconnect_board(void *context)
{
    struct board_power *power = context;
    slw_rpc_client_free(power->client);
    power->client = NULL;
    power->output_len = 0;
    if (power->device != NULL) {
        slw_virtual_device_disconnected(power->device);
    }
}

static void pause_board(void *context, uint32_t pause_ms)
{
    struct board_power *power = context;
    uint64_t deadline_ms = power->board->now_ms + pause_ms;
    bool idle = false;
    while (power->board->now_ms < deadline_ms) {
        if (step(power, deadline_ms, &idle) != SLW_OK && power->device == NULL) {
            power->board->now_ms = deadline_ms; /* it never boots: time passes all the same */
        }
    }
}

/* --- Power --- */

enum slw_status board_switch_on(struct board_power *power, const struct board_kind *kind,
                                struct board *board, struct slw_detail *detail)
{
    power->kind = kind;
    power->board = board;
    power->cut_in = 0;
    power->polls = 0;
    power->client = NULL;
    power->consent = (struct slw_consent_port){power, agree};
    power->link = (struct slw_link_port){power, write_link};
    power->port = (struct slw_remote_port){.context = power,
                                           .connect = connect_board,
                                           .disconnect = disconnect_board,
                                           .pause = pause_board,
                                           .now_ms = board_now_ms};
    power->options = (struct slw_virtual_options){
        .flash_path = "flash in memory",
        .flash = &board->flash,
        .hardware = kind->hardware,
        .product = kind->product,
        .consent = &power->consent,
        .link = &power->link,
        .has_clock = true,
        .clock_offset_s = board->clock_offset_s,
        .event = hear,
    };
    power->remote.port = &power->port;
    power->remote.timeout_ms = ANSWER_TIMEOUT_MS;
    power->remote.client = NULL;
    return boot(power, detail);
}

void board_switch_off(struct board_power *power)
{
    slw_remote_disconnect(&power->remote);
    slw_virtual_device_close(power->device);
    power->device = NULL;
}
