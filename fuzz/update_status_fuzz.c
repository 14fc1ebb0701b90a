/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of a device, as a client reads them: BundledUpdateStatus, the DeviceStatus in it, and
 * GetResourceStatus's. What can be read must be the same bytes when it is written, read and written
 * again. The first byte chooses the message.
 */
#include "fuzz.h"

#include "slipway/device_status.h"
#include "slipway/transfer_chunk.h"

#include <stdlib.h>

#define SLOTS_MAX 16u

static bool pass_update_status(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_update_status status;
    if (slw_update_status_decode(encoded, &status) != SLW_OK) {
        return false;
    }
    slw_update_status_encode(writer, &status);
    return true;
}

static bool pass_device_status(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_device_slot slots[SLOTS_MAX];
    struct slw_device_status device;
    if (slw_device_status_decode(encoded, slots, SLOTS_MAX, &device) != SLW_OK) {
        return false;
    }
    slw_device_status_encode(writer, &device);
    return true;
}

static bool pass_resource_status(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_resource_status status;
    if (slw_resource_status_decode(encoded, &status) != SLW_OK) {
        return false;
    }
    slw_resource_status_encode(writer, &status);
    return true;
}

static bool pass_start_request(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_update_start_request request;
    if (slw_update_start_request_decode(encoded, &request) != SLW_OK) {
        return false;
    }
    slw_update_start_request_encode(writer, &request);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool (*const passes[])(struct slw_bytes, struct slw_writer *) = {
        pass_update_status, pass_device_status, pass_resource_status, pass_start_request};
    struct slw_bytes message = slw_bytes_make(data, size);
    size_t choice = fuzz_choice(&message) % 4;
    size_t capacity = 2 * size + 64;
    uint8_t *first = malloc(capacity);
    uint8_t *second = malloc(capacity);
    FUZZ_CHECK(first != NULL && second != NULL);
    struct slw_writer writer;
    struct slw_writer again;
    slw_writer_init(&writer, first, capacity);
    slw_writer_init(&again, second, capacity);
    if (passes[choice](message, &writer)) {
        FUZZ_CHECK(writer.status == SLW_OK);
        FUZZ_CHECK(passes[choice](slw_writer_written(&writer), &again));
        FUZZ_CHECK(slw_bytes_equal(slw_writer_written(&writer), slw_writer_written(&again)));
    }
    free(first);
    free(second);
    return 0;
}
