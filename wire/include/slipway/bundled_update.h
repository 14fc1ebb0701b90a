/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the BundledUpdate service (package pw.software_update): StartRequest, and the
 * BundledUpdateStatus that answers every call. What Slipway has to say beyond them is a
 * slipway.DeviceStatus inside extended_status: device_status.h.
 *
 * The service on the device writes them, the client on the host reads them.
 */
#ifndef SLIPWAY_BUNDLED_UPDATE_H
#define SLIPWAY_BUNDLED_UPDATE_H

#include "slipway/writer.h"

enum slw_update_state {
    SLW_UPDATE_STATE_UNKNOWN = 0,
    SLW_UPDATE_STATE_INACTIVE = 1,
    SLW_UPDATE_STATE_TRANSFERRING = 2,
    SLW_UPDATE_STATE_TRANSFERRED = 3,
    SLW_UPDATE_STATE_VERIFYING = 4,
    SLW_UPDATE_STATE_VERIFIED = 5,
    SLW_UPDATE_STATE_APPLYING = 6,
    SLW_UPDATE_STATE_ABORTING = 7,
    SLW_UPDATE_STATE_FINISHED = 8,
};

enum slw_update_result {
    SLW_UPDATE_RESULT_UNKNOWN = 0,
    SLW_UPDATE_RESULT_SUCCESS = 1,
    SLW_UPDATE_RESULT_UNKNOWN_ERROR = 2,
    SLW_UPDATE_RESULT_ABORTED = 3,
    SLW_UPDATE_RESULT_TRANSFER_FAILED = 4,
    SLW_UPDATE_RESULT_VERIFY_FAILED = 5,
    SLW_UPDATE_RESULT_APPLY_FAILED = 6,
};

/* "INACTIVE", "VERIFY_FAILED"; "unknown" for a number that isn't one. */
const char *slw_update_state_name(uint32_t state);
const char *slw_update_result_name(uint32_t result);

/* Pigweed's clients and devices take no longer file names and notes than this. */
#define SLW_UPDATE_TEXT_SIZE_MAX 32u

/* What current_state_progress_hundreth_percent counts to. */
#define SLW_UPDATE_PROGRESS_FULL 10000u

struct slw_update_start_request {
    bool has_bundle_filename;
    struct slw_bytes bundle_filename;
};

/* Bits of slw_update_status.present. */
enum {
    SLW_UPDATE_RESULT = 1 << 0,
    SLW_UPDATE_PROGRESS = 1 << 1,
    SLW_UPDATE_TRANSFER_ID = 1 << 2,
    SLW_UPDATE_BUNDLE_FILENAME = 1 << 3,
    SLW_UPDATE_NOTE = 1 << 4,
    SLW_UPDATE_EXTENDED_STATUS = 1 << 5,
};

/* BundledUpdateStatus. Views point into the decoded bytes. */
struct slw_update_status {
    uint32_t present; /* of the optional fields; those absent are 0 or empty */
    uint32_t state;   /* enum slw_update_state, or a number that isn't one */
    uint32_t result;  /* enum slw_update_result, or a number that isn't one */
    uint32_t progress_hundreth_percent;
    uint32_t transfer_id; /* pw_transfer's resource id */
    struct slw_bytes bundle_filename;
    struct slw_bytes note;           /* plain text, or a tokenized log of Pigweed's */
    struct slw_bytes extended_type;  /* of the google.protobuf.Any: type_url */
    struct slw_bytes extended_value; /* and value */
};

static inline bool slw_update_status_has(const struct slw_update_status *status, uint32_t bit)
{
    return (status->present & bit) != 0;
}

SLW_MUST_USE enum slw_status
slw_update_start_request_decode(struct slw_bytes encoded,
                                struct slw_update_start_request *ret_request);
void slw_update_start_request_encode(struct slw_writer *writer,
                                     const struct slw_update_start_request *request);

SLW_MUST_USE enum slw_status slw_update_status_decode(struct slw_bytes encoded,
                                                      struct slw_update_status *ret_status);
void slw_update_status_encode(struct slw_writer *writer, const struct slw_update_status *status);

#endif
