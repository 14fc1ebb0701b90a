/* SPDX-License-Identifier: Apache-2.0 */
/* Transfer chunks: one that can be read must say the same when it is written and read again. */
#include "fuzz.h"

#include "slipway/transfer_chunk.h"

#include <stdlib.h>

static bool chunks_equal(struct slw_transfer_chunk left, struct slw_transfer_chunk right)
{
    bool same_data = slw_bytes_equal(left.data, right.data);
    left.data = right.data;
    return same_data && left.present == right.present && left.transfer_id == right.transfer_id &&
           left.pending_bytes == right.pending_bytes &&
           left.max_chunk_size_bytes == right.max_chunk_size_bytes &&
           left.min_delay_microseconds == right.min_delay_microseconds &&
           left.offset == right.offset && left.remaining_bytes == right.remaining_bytes &&
           left.status == right.status && left.window_end_offset == right.window_end_offset &&
           left.type == right.type && left.resource_id == right.resource_id &&
           left.session_id == right.session_id && left.protocol_version == right.protocol_version &&
           left.desired_session_id == right.desired_session_id &&
           left.initial_offset == right.initial_offset;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_transfer_chunk chunk;
    struct slw_transfer_chunk again;
    if (slw_transfer_chunk_decode(slw_bytes_make(data, size), &chunk) != SLW_OK) {
        return 0;
    }
    size_t capacity = size + SLW_TRANSFER_CHUNK_OVERHEAD + 16;
    uint8_t *encoded = malloc(capacity);
    FUZZ_CHECK(encoded != NULL);
    struct slw_writer writer;
    slw_writer_init(&writer, encoded, capacity);
    slw_transfer_chunk_encode(&writer, &chunk);
    FUZZ_CHECK(writer.status == SLW_OK);
    FUZZ_CHECK(slw_transfer_chunk_decode(slw_writer_written(&writer), &again) == SLW_OK);
    FUZZ_CHECK(chunks_equal(chunk, again));
    FUZZ_CHECK(slw_transfer_chunk_type_name(slw_transfer_chunk_type(&chunk)) != NULL);
    FUZZ_CHECK(slw_transfer_chunk_version(&chunk) == slw_transfer_chunk_version(&again));
    FUZZ_CHECK(slw_transfer_chunk_session(&chunk) == slw_transfer_chunk_session(&again));
    free(encoded);
    return 0;
}
