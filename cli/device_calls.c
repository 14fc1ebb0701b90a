/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway device status`, `verify`, `abort` and `reset`: a call each, and its outcome. */
#include "device.h"
#include "device_link.h"

#define WAIT_INTERVAL_MS 100

typedef enum slw_status update_call(struct slw_rpc_client *client, struct slw_update_answer *answer,
                                    struct slw_detail *detail);

/* Connects, calls, and prints the status that came back unless the call was refused. */
static enum cli_exit call_once(struct cli *cli, const struct cli_arguments *arguments,
                               const char *name, update_call *call)
{
    static struct cli_device device;
    enum cli_exit code = cli_device_open(cli, arguments, &device);
    if (code == CLI_DONE) {
        code = call(device.remote.client, &device.remote.answer, &cli->detail) == SLW_OK
                   ? cli_device_check_code(&device, name)
                   : cli_device_fail(&device);
    }
    if (code == CLI_DONE) {
        code = cli_device_print_status(&device);
    }
    cli_device_close(&device);
    return code;
}

enum cli_exit cli_device_status(struct cli *cli, const struct cli_arguments *arguments)
{
    return call_once(cli, arguments, "GetStatus", slw_update_get_status);
}

enum cli_exit cli_device_abort(struct cli *cli, const struct cli_arguments *arguments)
{
    return call_once(cli, arguments, "Abort", slw_update_abort);
}

enum cli_exit cli_device_reset(struct cli *cli, const struct cli_arguments *arguments)
{
    return call_once(cli, arguments, "Reset", slw_update_reset);
}

static enum cli_exit wait_for_verdict(struct cli_device *device)
{
    const uint32_t verifying = 1u << SLW_UPDATE_STATE_VERIFYING;
    if (slw_update_wait(device->remote.client, verifying, WAIT_INTERVAL_MS,
                        device->remote.timeout_ms, &device->remote.answer,
                        &device->cli->detail) != SLW_OK) {
        return cli_device_fail(device);
    }
    if (device->remote.answer.status.state == SLW_UPDATE_STATE_FINISHED) {
        return cli_device_tell_failure(device);
    }
    return cli_device_print_status(device);
}

enum cli_exit cli_device_verify(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct cli_device device;
    enum cli_exit code = cli_device_open(cli, arguments, &device);
    if (code == CLI_DONE) {
        code =
            slw_update_verify(device.remote.client, &device.remote.answer, &cli->detail) == SLW_OK
                ? cli_device_check_code(&device, "Verify")
                : cli_device_fail(&device);
    }
    if (code == CLI_DONE) {
        code = wait_for_verdict(&device);
    }
    cli_device_close(&device);
    return code;
}
