/* SPDX-License-Identifier: Apache-2.0 */
/* RPC packets: one that can be read must say the same when it is written and read again. */
#include "fuzz.h"

#include "slipway/rpc_packet.h"

#include <stdlib.h>

static bool packets_equal(const struct slw_rpc_packet *left, const struct slw_rpc_packet *right)
{
    return left->type == right->type && left->channel_id == right->channel_id &&
           left->service_id == right->service_id && left->method_id == right->method_id &&
           slw_bytes_equal(left->payload, right->payload) && left->status == right->status &&
           left->call_id == right->call_id;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_rpc_packet packet;
    struct slw_rpc_packet again;
    if (slw_rpc_packet_decode(slw_bytes_make(data, size), &packet) != SLW_OK) {
        return 0;
    }
    size_t capacity = size + SLW_RPC_PACKET_OVERHEAD + 16;
    uint8_t *encoded = malloc(capacity);
    FUZZ_CHECK(encoded != NULL);
    struct slw_writer writer;
    slw_writer_init(&writer, encoded, capacity);
    slw_rpc_packet_encode(&writer, &packet);
    FUZZ_CHECK(writer.status == SLW_OK);
    FUZZ_CHECK(slw_rpc_packet_decode(slw_writer_written(&writer), &again) == SLW_OK);
    FUZZ_CHECK(packets_equal(&packet, &again));
    free(encoded);
    return 0;
}
