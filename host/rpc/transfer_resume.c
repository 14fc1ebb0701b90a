/* SPDX-License-Identifier: Apache-2.0 */
/* "Resume: GetResourceStatus tells where" (transfer_resume.h). */
#include "transfer_resume.h"

#include "slipway/checked.h"

#include <inttypes.h>

#define READ_SIZE 16384u

/* Devices that are still computing the checksum are asked again for so long. */
#define LOOKING_MS 30000u
#define LOOK_AGAIN_MS 100u

/* The source's CRC-32 up to end. */
static enum slw_status checksum_prefix(const struct slw_upload *upload, uint64_t end,
                                       uint32_t *ret_checksum, struct slw_detail *detail)
{
    const struct slw_source *source = upload->source;
    uint8_t block[READ_SIZE];
    uint32_t checksum = 0;
    for (uint64_t offset = 0; offset < end;) {
        size_t len = (size_t)slw_min_u64(sizeof block, end - offset);
        enum slw_status status = source->read(source->context, offset, block, len);
        if (status != SLW_OK) {
            return slw_explain(detail, status, "reading the bundle at %" PRIu64 " failed: %s",
                               offset, slw_status_word(status));
        }
        if (slw_rpc_client_is_interrupted(upload->rpc)) {
            return slw_explain(detail, SLW_IO, "interrupted");
        }
        checksum = slw_crc32(checksum, slw_bytes_make(block, len));
        offset += len;
    }
    *ret_checksum = checksum;
    return SLW_OK;
}

static enum slw_status ask(const struct slw_upload *upload, struct slw_rpc_reply *ret_reply)
{
    const struct slw_rpc_patience patience = {.timeout_ms = 5000, .repeat_ms = 1000};
    struct slw_resource_status_request request = {upload->resource_id};
    uint8_t encoded[16];
    struct slw_writer writer;
    slw_writer_init(&writer, encoded, sizeof encoded);
    slw_resource_status_request_encode(&writer, &request);
    return slw_rpc_client_call(upload->rpc, SLW_RPC_SERVICE_TRANSFER,
                               SLW_RPC_METHOD_GET_RESOURCE_STATUS, slw_writer_written(&writer),
                               &patience, ret_reply);
}

/* Asks until the device knows. */
static enum slw_status ask_patiently(const struct slw_upload *upload,
                                     struct slw_rpc_reply *ret_reply)
{
    uint64_t deadline_ms = slw_rpc_client_now_ms(upload->rpc) + LOOKING_MS;
    SLW_TRY(ask(upload, ret_reply));
    while (ret_reply->code == SLW_RPC_UNAVAILABLE && !ret_reply->is_error &&
           slw_rpc_client_now_ms(upload->rpc) < deadline_ms) {
        SLW_TRY(slw_rpc_client_pause(upload->rpc, LOOK_AGAIN_MS));
        SLW_TRY(ask(upload, ret_reply));
    }
    return SLW_OK;
}

enum slw_status slw_upload_find_start(const struct slw_upload *upload, uint64_t *ret_offset,
                                      struct slw_detail *detail)
{
    struct slw_rpc_reply reply;
    struct slw_resource_status have;
    uint32_t checksum = 0;
    *ret_offset = 0;
    enum slw_status status = ask_patiently(upload, &reply);
    if (slw_rpc_client_is_interrupted(upload->rpc)) {
        return slw_explain(detail, SLW_IO, "interrupted");
    }
    if (status != SLW_OK) {
        return slw_explain(detail, status, "the link to the device failed: %s",
                           slw_status_meaning(status));
    }
    if (reply.is_error || reply.code != SLW_RPC_OK ||
        slw_resource_status_decode(reply.payload, &have) != SLW_OK || !have.has_write_checksum ||
        have.writeable_offset > upload->source->size) {
        return SLW_OK;
    }
    SLW_TRY(checksum_prefix(upload, have.writeable_offset, &checksum, detail));
    if (checksum == have.write_checksum) {
        *ret_offset = have.writeable_offset;
    }
    return SLW_OK;
}
