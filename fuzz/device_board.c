/* SPDX-License-Identifier: Apache-2.0 */
/* The device in memory of device_board.h. */
#include "device_board.h"

#include <stdio.h>

#define CHUNK_SIZE 128u

static const struct slw_limits limits = {8, 8, 16, 16, 8192, 8192};
static struct slw_root_key root_keys[3 * 8];
static struct slw_signature signatures[8];
static struct slw_name names[16];
static uint8_t block[256];
static uint8_t page[512];
static uint8_t receive_buffer[SLW_TRANSFER_RECEIVE_BUFFER_SIZE(CHUNK_SIZE)];
static uint8_t response_buffer[SLW_UPDATE_RESPONSE_SIZE];
static uint8_t transmit_buffer[SLW_RPC_TRANSMIT_BUFFER_SIZE(SLW_UPDATE_RESPONSE_SIZE)];

static bool read_vector(const char *name, struct board_file *file)
{
    char path[128];
    (void)snprintf(path, sizeof path, "spec/vectors/%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return false;
    }
    file->len = fread(file->bytes, 1, sizeof file->bytes, stream);
    (void)fclose(stream);
    return file->len > 0;
}

static enum slw_status write_link(void *context, struct slw_bytes bytes, size_t *ret_written)
{
    struct board *board = context;
    size_t room = BOARD_OUTPUT_SIZE - board->output_len;
    size_t len = bytes.len < board->link_room ? bytes.len : board->link_room;
    len = len < room ? len : room;
    memcpy(board->output + board->output_len, bytes.ptr, len);
    board->output_len += len;
    board->link_room -= len;
    *ret_written = len;
    return SLW_OK;
}

static void reboot(void *context)
{
    struct board *board = context;
    board->reboot_wanted = true;
}

static enum slw_consent_answer ask(void *context, const struct slw_consent_question *question)
{
    const struct board *board = context;
    (void)question;
    return board->consent;
}

static struct slw_region region(struct board *board, uint64_t *sector, uint64_t count)
{
    struct slw_region region = {&board->ram.flash, *sector * BOARD_SECTOR, count * BOARD_SECTOR};
    *sector += count;
    return region;
}

static void lay_out(struct board *board)
{
    uint64_t at = 0;
    struct slw_region anchor_place = region(board, &at, 2);
    board->layout = (struct slw_layout){
        .journal = region(board, &at, 16),
        .blobs = region(board, &at, 32),
        .staging = region(board, &at, 8),
        .components = board->components,
        .components_count = BOARD_COMPONENTS,
        .factory_root = slw_bytes_make(board->root.bytes, board->root.len),
    };
    board->components[0].name = SLW_BYTES_OF("app");
    board->components[1].name = SLW_BYTES_OF("rtos");
    for (size_t i = 0; i < BOARD_COMPONENTS; i++) {
        board->components[i].slots[0] = region(board, &at, 4);
        board->components[i].slots[1] = region(board, &at, 4);
    }
    slw_anchor_flash_init(&board->anchor, &anchor_place, &board->layout.anchor);
}

static void start_servers(struct board *board)
{
    static const struct slw_transfer_config transfer_config = {
        CHUNK_SIZE, 4 * CHUNK_SIZE, 0, SLW_TRANSFER_RETRY_MS, SLW_TRANSFER_IDLE_MS};
    static struct slw_link_port link;
    static const struct slw_rpc_service *services[2];
    link = (struct slw_link_port){board, write_link};
    slw_update_service_init(&board->update, &board->session, &transfer_config);
    services[0] = &board->update.service;
    services[1] = &board->update.transfer.service;
    const struct slw_rpc_server_config config = {
        .link = &link,
        .access = &slw_access_open,
        .services = services,
        .services_count = 2,
        .receive_buffer = receive_buffer,
        .receive_buffer_size = sizeof receive_buffer,
        .response_buffer = response_buffer,
        .response_buffer_size = sizeof response_buffer,
        .transmit_buffer = transmit_buffer,
        .transmit_buffer_size = sizeof transmit_buffer,
    };
    slw_rpc_server_init(&board->rpc, &config);
}

enum slw_status board_power_on(struct board *board)
{
    static struct slw_consent_port consent_port;
    static struct slw_reboot_port reboot_port;
    const struct slw_verifier_memory memory = {
        block, sizeof block, root_keys, 3 * 8, signatures, 8, names, 16,
    };
    consent_port = (struct slw_consent_port){board, ask};
    reboot_port = (struct slw_reboot_port){board, reboot};
    lay_out(board);
    board->reboot_wanted = false;
    board->output_len = 0;
    board->link_room = SIZE_MAX;
    SLW_TRY(slw_store_open(&board->store, &board->layout));
    SLW_TRY(slw_boot(&board->boot, &board->store, &board->layout, 2, &limits, &memory));
    board->config = (struct slw_session_config){
        .store = &board->store,
        .layout = &board->layout,
        .limits = limits,
        .consent = &consent_port,
        .reboot = &reboot_port,
        .transfer_idle_ms = 60000,
        .memory = memory,
        .page = page,
        .page_size = sizeof page,
    };
    SLW_TRY(slw_session_open(&board->session, &board->config));
    start_servers(board);
    return SLW_OK;
}

void board_poll(struct board *board)
{
    (void)slw_update_service_poll(&board->update, board->now_ms);
    slw_rpc_server_poll(&board->rpc);
}

/* Past the servers, as a session that works does it. */
static enum slw_status install(struct board *board)
{
    struct slw_session *session = &board->session;
    uint64_t offset = 0;
    SLW_TRY(slw_session_start(session, SLW_BYTES_OF("first")));
    SLW_TRY(slw_session_stage_open(session, session->record.transfer_id, 0, &offset));
    SLW_TRY(slw_session_stage_write(session, 0,
                                    slw_bytes_make(board->installed.bytes, board->installed.len)));
    SLW_TRY(slw_session_stage_finish(session));
    SLW_TRY(slw_session_call(session, SLW_CALL_APPLY));
    while (slw_session_poll(session, 0)) {
    }
    if (!board->reboot_wanted) {
        return SLW_WRONG_STATE;
    }
    SLW_TRY(board_power_on(board));
    SLW_TRY(slw_session_confirm(&board->session));
    return slw_session_call(&board->session, SLW_CALL_RESET);
}

bool board_make(struct board *board)
{
    const struct slw_flash_geometry geometry = {BOARD_FLASH_SIZE, BOARD_SECTOR, 8, 0xFF};
    slw_flash_ram_init(&board->ram, &geometry, board->flash, NULL);
    slw_flash_ram_erase_all(&board->ram);
    board->consent = SLW_CONSENT_YES;
    if (!read_vector("roots/v1.pb", &board->root) ||
        !read_vector("bundles/g02_with_root_same.pb", &board->installed) ||
        !read_vector("bundles/g15_newer_version.pb", &board->newer)) {
        return false;
    }
    lay_out(board);
    return slw_store_format(&board->store, &board->layout) == SLW_OK &&
           board_power_on(board) == SLW_OK && install(board) == SLW_OK;
}
