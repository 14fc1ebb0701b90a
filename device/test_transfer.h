/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer server with an RPC server in front and a handler that keeps the data in memory, for
 * tests. Needs no stdio. test_transfer_init() first; then talk to test->peer.
 */
#ifndef SLIPWAY_TEST_TRANSFER_H
#define SLIPWAY_TEST_TRANSFER_H

#include "slipway/transfer_server.h"
#include "test_peer.h"

#define TEST_RESOURCE 17u
#define TEST_DATA_SIZE 65536
#define TEST_CHUNK_SIZE 1024

struct test_transfer {
    struct slw_transfer_server transfer;
    struct slw_transfer_handler handler;
    struct slw_rpc_server rpc;
    struct test_peer peer;
    const struct slw_rpc_service *services[2];
    uint8_t receive_buffer[SLW_TRANSFER_RECEIVE_BUFFER_SIZE(TEST_CHUNK_SIZE)];
    uint8_t response_buffer[128];
    uint8_t transmit_buffer[SLW_RPC_TRANSMIT_BUFFER_SIZE(128)];
    /* the handler's side */
    uint8_t data[TEST_DATA_SIZE]; /* what came, from base on */
    uint64_t base;                /* offset of the first byte that is kept */
    uint64_t len;                 /* offset of the next byte: what a client can go on from */
    bool accepts_offsets;
    size_t room; /* bytes taken before the handler is busy; SIZE_MAX: never busy */
    bool is_ready;
    bool still_looking;
    enum slw_status open_status;
    enum slw_status write_status;
    enum slw_status close_status;
    unsigned opens;
    unsigned writes;
    unsigned out_of_order; /* writes that didn't go on where the last one ended */
    unsigned closes;
    enum slw_status end; /* of the last close */
};

static inline enum slw_status test_transfer_open(void *context, uint32_t resource_id,
                                                 uint64_t offset, uint64_t *ret_offset)
{
    struct test_transfer *test = context;
    if (resource_id != TEST_RESOURCE) {
        return SLW_NOT_FOUND;
    }
    if (test->open_status != SLW_OK) {
        return test->open_status;
    }
    test->opens++;
    test->len = test->accepts_offsets ? offset : 0;
    *ret_offset = test->len;
    return SLW_OK;
}

static inline enum slw_status test_transfer_write(void *context, uint64_t offset,
                                                  struct slw_bytes data, size_t *ret_taken)
{
    struct test_transfer *test = context;
    size_t taken = data.len < test->room ? data.len : test->room;
    if (test->write_status != SLW_OK) {
        return test->write_status;
    }
    test->writes++;
    test->out_of_order += offset != test->len || data.len == 0;
    if (offset < test->base || offset - test->base > TEST_DATA_SIZE - taken) {
        return SLW_NO_SPACE;
    }
    memcpy(test->data + (size_t)(offset - test->base), data.ptr, taken);
    test->len += taken;
    test->room -= test->room == SIZE_MAX ? 0 : taken;
    *ret_taken = taken;
    return SLW_OK;
}

static inline bool test_transfer_ready(void *context)
{
    struct test_transfer *test = context;
    return test->is_ready && test->room > 0;
}

static inline enum slw_status test_transfer_close(void *context, enum slw_status end)
{
    struct test_transfer *test = context;
    test->closes++;
    test->end = end;
    return test->close_status;
}

static inline enum slw_status test_transfer_query(void *context, uint32_t resource_id,
                                                  struct slw_transfer_resource *ret_resource)
{
    struct test_transfer *test = context;
    if (resource_id != TEST_RESOURCE) {
        return SLW_NOT_FOUND;
    }
    struct slw_bytes kept = slw_bytes_make(test->data, (size_t)(test->len - test->base));
    *ret_resource = (struct slw_transfer_resource){
        .offset = test->len,
        .has_checksum = true,
        .checksum = slw_crc32(0, kept),
        .still_looking = test->still_looking,
    };
    return SLW_OK;
}

/* other: a further service, or NULL. */
static inline void test_transfer_init(struct test_transfer *test, uint32_t chunk_size,
                                      uint32_t window_size, const struct slw_rpc_service *other)
{
    memset(test, 0, sizeof *test);
    test->room = SIZE_MAX;
    test->accepts_offsets = true;
    test->handler = (struct slw_transfer_handler){
        test,
        test_transfer_open,
        test_transfer_write,
        test_transfer_ready,
        test_transfer_close,
        test_transfer_query,
    };
    slw_transfer_server_init(&test->transfer,
                             &(struct slw_transfer_config){
                                 .chunk_size_max_bytes = chunk_size,
                                 .window_size_max_bytes = window_size,
                                 .retry_ms = SLW_TRANSFER_RETRY_MS,
                                 .idle_ms = SLW_TRANSFER_IDLE_MS,
                             },
                             &test->handler);
    test_peer_init(&test->peer, &test->rpc);
    test->services[0] = &test->transfer.service;
    test->services[1] = other;
    slw_rpc_server_init(&test->rpc, &(struct slw_rpc_server_config){
                                        .link = &test->peer.link,
                                        .access = &slw_access_open,
                                        .services = test->services,
                                        .services_count = other == NULL ? 1 : 2,
                                        .receive_buffer = test->receive_buffer,
                                        .receive_buffer_size = sizeof test->receive_buffer,
                                        .response_buffer = test->response_buffer,
                                        .response_buffer_size = sizeof test->response_buffer,
                                        .transmit_buffer = test->transmit_buffer,
                                        .transmit_buffer_size = sizeof test->transmit_buffer,
                                    });
}

#endif
