/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slipway.DeviceStatus: what a device says of itself beyond BundledUpdateStatus, carried in its
 * extended_status (spec/slipway_device.proto). The update service writes it, `slipway device`
 * reads it; Pigweed's clients skip it.
 *
 *     slw_update_status_encode(&writer, &status);     without SLW_UPDATE_EXTENDED_STATUS
 *     slw_device_status_put_extended(&writer, &device);
 */
#ifndef SLIPWAY_DEVICE_STATUS_H
#define SLIPWAY_DEVICE_STATUS_H

#include "slipway/bundled_update.h"

#define SLW_DEVICE_STATUS_TYPE_URL "type.googleapis.com/slipway.DeviceStatus"

/* One component of the device. */
struct slw_device_slot {
    struct slw_bytes name;
    struct slw_bytes active; /* "A" or "B"; empty: nothing runs from it yet */
    struct slw_bytes sha256; /* of the active image, 32 bytes or none */
    uint32_t version;        /* targets version of what is active */
    bool trial;
    bool confirmed;
};

struct slw_device_status {
    struct slw_bytes reason; /* slw_status_word() of the last refusal, empty: none */
    struct slw_bytes role;   /* where it was found: role, key, target, and a sentence */
    struct slw_bytes key_id;
    struct slw_bytes target;
    struct slw_bytes detail;
    uint32_t targets_version; /* of the running release */
    uint32_t root_version;
    struct slw_bytes targets_metadata_sha256; /* of the running release, 32 bytes or none */
    const struct slw_device_slot *slots;
    size_t slots_count;
    bool waiting_for_consent;
};

/* Appends field 7 of BundledUpdateStatus with the status in it; encode the other fields first. */
void slw_device_status_put_extended(struct slw_writer *writer,
                                    const struct slw_device_status *device);

/* The message alone. */
void slw_device_status_encode(struct slw_writer *writer, const struct slw_device_status *device);

/* True when extended_status holds a DeviceStatus: then decode status->extended_value. */
bool slw_device_status_is_extended(const struct slw_update_status *status);

/*
 * Fills slots and points ret_device at them. SLW_NO_SPACE when there are more than capacity.
 * Views point into encoded.
 */
SLW_MUST_USE enum slw_status slw_device_status_decode(struct slw_bytes encoded,
                                                      struct slw_device_slot *slots,
                                                      size_t capacity,
                                                      struct slw_device_status *ret_device);

#endif
