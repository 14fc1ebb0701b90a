/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads by pw_transfer, version 2: sends a source of any size to a resource of a device, in
 * constant memory, from where the device stands.
 *
 *     struct slw_upload upload = {.rpc = client, .resource_id = id, .source = &file.source};
 *     struct slw_upload_report report;
 *     status = slw_upload_run(&upload, &report, &detail);
 *
 * The device is first asked what it has (GetResourceStatus): when the CRC-32 of that much of the
 * source is the same, the upload goes on from there, else it begins at 0. Lost, repeated and
 * swapped chunks are made up for; a session that the device forgot (its stream closed, it rebooted)
 * is taken up anew. Only a broken link ends the upload: open it again, and call again.
 */
#ifndef SLIPWAY_TRANSFER_CLIENT_H
#define SLIPWAY_TRANSFER_CLIENT_H

#include "slipway/progress.h"
#include "slipway/reader.h"
#include "slipway/rpc_client.h"
#include "slipway/transfer_chunk.h"

/* Fields that are 0 are as the constants below. */
struct slw_upload {
    struct slw_rpc_client *rpc;
    uint32_t resource_id;
    const struct slw_source *source;
    const struct slw_progress *progress; /* bytes that the device confirmed; may be NULL */
    bool unasked;          /* begin at start_offset, without asking the device what it has */
    uint64_t start_offset; /* bytes that it has for sure */
    uint32_t chunk_size_max;
    uint32_t start_timeout_ms;
    uint32_t chunk_timeout_ms;
    uint32_t retries_max; /* silences in a row before it is given up */
    uint32_t sessions_max;
};

/* As Pigweed's Python client has them, but for the size. */
#define SLW_UPLOAD_CHUNK_SIZE_MAX 16384u
#define SLW_UPLOAD_START_TIMEOUT_MS 4000u
#define SLW_UPLOAD_CHUNK_TIMEOUT_MS 2000u
#define SLW_UPLOAD_RETRIES_MAX 3u
#define SLW_UPLOAD_SESSIONS_MAX 5u

/* Filled also when the upload fails. */
struct slw_upload_report {
    uint64_t resumed_at;  /* bytes that the first session didn't have to send */
    uint64_t bytes_sent;  /* data in chunks, repeated ones counted again */
    uint64_t chunks_sent; /* DATA alone */
    uint32_t sessions;    /* handshakes begun */
    uint32_t code;        /* what the device said in the end: enum slw_rpc_status */
};

/*
 * SLW_OK: the device has it all. SLW_WRONG_STATE: the device refused or ended it, with report.code.
 * SLW_IO_TIMEOUT: the device fell silent. SLW_IO_CLOSED: the link is gone. SLW_IO: reading the
 * source or the link failed, or it was interrupted. All explained; a device that can be told is
 * told.
 */
enum slw_status slw_upload_run(const struct slw_upload *upload,
                               struct slw_upload_report *ret_report, struct slw_detail *detail);

#endif
