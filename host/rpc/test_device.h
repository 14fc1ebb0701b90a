/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device in memory for tests of the RPC clients: the device library's own servers behind a
 * transport whose clock stands still unless a client waits, and which loses, repeats or swaps
 * frames. What is uploaded isn't kept but compared, byte by byte, with test_pattern(), so that
 * offsets can be anywhere.
 */
#ifndef SLIPWAY_RPC_TEST_DEVICE_H
#define SLIPWAY_RPC_TEST_DEVICE_H

#include "slipway/rpc_client.h"
#include "slipway/transfer_server.h"

#define TEST_RESOURCE 17u
#define TEST_CHUNK_SIZE 4096u
#define TEST_OUTPUT_SIZE (1u << 20)
#define TEST_FRAME_SIZE 20000u

enum test_fault { TEST_NO_FAULT, TEST_LOSE, TEST_REPEAT, TEST_SWAP };

/* What happens to frames in one direction: to every nth, or to chance in 256 of them. */
struct test_faults {
    enum test_fault fault;
    unsigned every;
    unsigned chance;
    unsigned frames; /* so far */
    uint8_t held[TEST_FRAME_SIZE];
    size_t held_len;
};

struct test_device {
    struct slw_rpc_transport transport; /* for the client */
    uint64_t now_ms;
    struct test_faults to_device;
    struct test_faults to_client;
    enum slw_status link_status;      /* anything but SLW_OK: the link is broken */
    bool deaf;                        /* nothing arrives at the device any more */
    unsigned breaks_after;            /* frames to the device until the link breaks; 0: never */
    unsigned forgets_after;           /* until the device reboots; 0: never */
    volatile sig_atomic_t *interrupt; /* raised at interrupt_at_len */
    uint64_t interrupt_at_len;
    /* the device */
    struct slw_rpc_server rpc;
    struct slw_transfer_server transfer;
    struct slw_transfer_handler handler;
    struct slw_link_port link;
    const struct slw_rpc_service *services[2];
    uint8_t receive_buffer[SLW_TRANSFER_RECEIVE_BUFFER_SIZE(TEST_CHUNK_SIZE)];
    uint8_t response_buffer[1024];
    uint8_t transmit_buffer[SLW_RPC_TRANSMIT_BUFFER_SIZE(1024)];
    uint8_t output[TEST_OUTPUT_SIZE]; /* on its way to the client */
    size_t output_len;
    uint32_t random;
    /* what the transfer handler has */
    uint64_t len;
    uint32_t checksum; /* of the len bytes, when has_checksum */
    bool has_checksum;
    bool accepts_offsets;
    uint64_t looks_until_ms;
    enum slw_status open_status;
    uint64_t wrong_bytes;
    uint64_t written;
    unsigned opens;
    unsigned completes; /* closes with SLW_OK */
    unsigned closes;
};

static inline uint8_t test_pattern(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 32));
}

static inline uint32_t test_random(struct test_device *device, uint32_t below)
{
    device->random ^= device->random << 13;
    device->random ^= device->random >> 17;
    device->random ^= device->random << 5;
    return device->random % below;
}

/* The handler. */

static inline enum slw_status test_open(void *context, uint32_t resource_id, uint64_t offset,
                                        uint64_t *ret_offset)
{
    struct test_device *device = context;
    if (resource_id != TEST_RESOURCE) {
        return SLW_NOT_FOUND;
    }
    SLW_TRY(device->open_status);
    device->opens++;
    bool goes_on = device->accepts_offsets && offset == device->len;
    device->len = goes_on ? offset : 0;
    device->checksum = goes_on ? device->checksum : 0;
    device->has_checksum = true;
    *ret_offset = device->len;
    return SLW_OK;
}

static inline enum slw_status test_write(void *context, uint64_t offset, struct slw_bytes data,
                                         size_t *ret_taken)
{
    struct test_device *device = context;
    for (size_t i = 0; i < data.len; i++) {
        device->wrong_bytes += data.ptr[i] != test_pattern(offset + i);
    }
    device->wrong_bytes += offset != device->len;
    device->checksum = slw_crc32(device->checksum, data);
    device->len += data.len;
    device->written += data.len;
    if (device->interrupt != NULL && device->len >= device->interrupt_at_len) {
        *device->interrupt = 1;
    }
    *ret_taken = data.len;
    return SLW_OK;
}

static inline bool test_ready(void *context)
{
    (void)context;
    return true;
}

static inline enum slw_status test_close(void *context, enum slw_status end)
{
    struct test_device *device = context;
    device->closes++;
    device->completes += end == SLW_OK;
    return SLW_OK;
}

static inline enum slw_status test_query(void *context, uint32_t resource_id,
                                         struct slw_transfer_resource *ret_resource)
{
    struct test_device *device = context;
    if (resource_id != TEST_RESOURCE) {
        return SLW_NOT_FOUND;
    }
    *ret_resource = (struct slw_transfer_resource){
        .offset = device->len,
        .has_checksum = device->has_checksum,
        .checksum = device->checksum,
        .still_looking = device->now_ms < device->looks_until_ms,
    };
    return SLW_OK;
}

/* The link, frame by frame: each write of either side is one. */

static inline void test_reboot(struct test_device *device)
{
    slw_rpc_server_reset(&device->rpc);
    device->transfer.state = SLW_TRANSFER_IDLE;
}

static inline void test_deliver_to_device(struct test_device *device, struct slw_bytes frame)
{
    if (!device->deaf) {
        (void)slw_rpc_server_receive(&device->rpc, frame);
    }
}

static inline void test_deliver_to_client(struct test_device *device, struct slw_bytes frame)
{
    if (device->output_len + frame.len <= sizeof device->output) {
        memcpy(device->output + device->output_len, frame.ptr, frame.len);
        device->output_len += frame.len;
    }
}

static inline void test_pass(struct test_device *device, struct test_faults *faults,
                             struct slw_bytes frame,
                             void (*deliver)(struct test_device *, struct slw_bytes))
{
    faults->frames++;
    bool hit = (faults->every != 0 && faults->frames % faults->every == 0) ||
               (faults->chance != 0 && test_random(device, 256) < faults->chance);
    enum test_fault fault = hit ? faults->fault : TEST_NO_FAULT;
    if (fault == TEST_SWAP && faults->held_len == 0 && frame.len <= sizeof faults->held) {
        memcpy(faults->held, frame.ptr, frame.len);
        faults->held_len = frame.len;
        return;
    }
    if (fault != TEST_LOSE) {
        deliver(device, frame);
    }
    if (fault == TEST_REPEAT) {
        deliver(device, frame);
    }
    if (faults->held_len > 0) {
        size_t len = faults->held_len;
        faults->held_len = 0;
        deliver(device, slw_bytes_make(faults->held, len));
    }
}

static inline enum slw_status test_link_write(void *context, struct slw_bytes bytes,
                                              size_t *ret_written)
{
    struct test_device *device = context;
    test_pass(device, &device->to_client, bytes, test_deliver_to_client);
    *ret_written = bytes.len;
    return SLW_OK;
}

static inline enum slw_status test_client_write(void *context, struct slw_bytes bytes,
                                                uint32_t timeout_ms)
{
    struct test_device *device = context;
    (void)timeout_ms;
    unsigned frame = device->to_device.frames + 1;
    if (device->breaks_after != 0 && frame > device->breaks_after) {
        device->link_status = SLW_IO_CLOSED;
    }
    SLW_TRY(device->link_status);
    if (frame == device->forgets_after) {
        test_reboot(device);
    }
    test_pass(device, &device->to_device, bytes, test_deliver_to_device);
    return SLW_OK;
}

static inline enum slw_status test_client_read(void *context, uint8_t *buffer, size_t capacity,
                                               uint32_t timeout_ms, size_t *ret_len)
{
    struct test_device *device = context;
    uint64_t deadline_ms = device->now_ms + timeout_ms;
    SLW_TRY(device->link_status);
    slw_transfer_server_poll(&device->transfer, device->now_ms);
    while (device->output_len == 0 && device->now_ms < deadline_ms) {
        device->now_ms++;
        slw_transfer_server_poll(&device->transfer, device->now_ms);
    }
    if (device->output_len == 0) {
        return SLW_IO_TIMEOUT;
    }
    size_t len = device->output_len < capacity ? device->output_len : capacity;
    memcpy(buffer, device->output, len);
    memmove(device->output, device->output + len, device->output_len - len);
    device->output_len -= len;
    *ret_len = len;
    return SLW_OK;
}

static inline uint64_t test_now_ms(void *context)
{
    return ((struct test_device *)context)->now_ms;
}

/* other: a further service, or NULL. */
static inline void test_device_init(struct test_device *device, uint32_t chunk_size,
                                    uint32_t window_size, const struct slw_rpc_service *other)
{
    memset(device, 0, sizeof *device);
    device->random = 2463534242u;
    device->now_ms = 1000;
    device->accepts_offsets = true;
    device->transport =
        (struct slw_rpc_transport){device, test_client_read, test_client_write, test_now_ms};
    device->link = (struct slw_link_port){device, test_link_write};
    device->handler = (struct slw_transfer_handler){device,     test_open,  test_write,
                                                    test_ready, test_close, test_query};
    slw_transfer_server_init(&device->transfer,
                             &(struct slw_transfer_config){
                                 .chunk_size_max_bytes = chunk_size,
                                 .window_size_max_bytes = window_size,
                                 .retry_ms = SLW_TRANSFER_RETRY_MS,
                                 .idle_ms = SLW_TRANSFER_IDLE_MS,
                             },
                             &device->handler);
    device->services[0] = &device->transfer.service;
    device->services[1] = other;
    slw_rpc_server_init(&device->rpc, &(struct slw_rpc_server_config){
                                          .link = &device->link,
                                          .access = &slw_access_open,
                                          .services = device->services,
                                          .services_count = other == NULL ? 1 : 2,
                                          .receive_buffer = device->receive_buffer,
                                          .receive_buffer_size = sizeof device->receive_buffer,
                                          .response_buffer = device->response_buffer,
                                          .response_buffer_size = sizeof device->response_buffer,
                                          .transmit_buffer = device->transmit_buffer,
                                          .transmit_buffer_size = sizeof device->transmit_buffer,
                                      });
}

#endif
