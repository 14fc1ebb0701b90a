/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching a device that may be rebooting, and looking at it (remote_device.h). */
#include "slipway/remote_device.h"

#define CONNECT_TIMEOUT_MS 2000u
#define PAUSE_MS 100u

enum slw_status slw_remote_connect(struct slw_remote_device *device, uint32_t timeout_ms,
                                   struct slw_detail *detail)
{
    return device->client != NULL
               ? SLW_OK
               : device->port->connect(device->port->context, timeout_ms, &device->client, detail);
}

void slw_remote_disconnect(struct slw_remote_device *device)
{
    if (device->client != NULL) {
        device->client = NULL;
        device->port->disconnect(device->port->context);
    }
}

bool slw_remote_is_interrupted(const struct slw_remote_device *device)
{
    return device->port->is_interrupted != NULL &&
           device->port->is_interrupted(device->port->context);
}

static enum slw_status look_once(struct slw_remote_device *device, struct slw_detail *detail)
{
    SLW_TRY(slw_remote_connect(device, CONNECT_TIMEOUT_MS, detail));
    return slw_update_get_status(device->client, &device->answer, detail);
}

enum slw_status slw_remote_look(struct slw_remote_device *device, struct slw_detail *detail)
{
    const struct slw_remote_port *port = device->port;
    uint64_t begun_ms = port->now_ms(port->context);
    for (;;) {
        enum slw_status status = look_once(device, detail);
        if (status == SLW_OK) {
            break;
        }
        slw_remote_disconnect(device);
        if (slw_remote_is_interrupted(device) ||
            port->now_ms(port->context) - begun_ms >= device->timeout_ms) {
            return status;
        }
        port->pause(port->context, PAUSE_MS);
    }
    if (port->is_shared != NULL && port->is_shared(port->context)) {
        slw_remote_disconnect(device);
    }
    return SLW_OK;
}

bool slw_remote_is_on_trial(const struct slw_remote_device *device)
{
    const struct slw_device_status *status = &device->answer.device;
    for (size_t i = 0; i < status->slots_count; i++) {
        if (status->slots[i].trial) {
            return true;
        }
    }
    return false;
}
