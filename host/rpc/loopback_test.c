/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients over real links: a device in a process of its own, behind TCP and behind a pseudo
 * terminal, as `slipway device run` serves them.
 */
#include "slipway/link_listener.h"
#include "slipway/transfer_client.h"

#include "tap.h"
#include "test_device.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVE_MS 60000u
#define CHUNK_SIZE 4096u
#define WINDOW_SIZE 262144u

static struct test_device device;
static struct slw_listener listener;
static struct slw_link client_link; /* of the device: to its client */
static struct slw_detail detail;

static enum slw_status write_to_client(void *context, struct slw_bytes bytes, size_t *ret_written)
{
    return slw_link_write_some(context, bytes, ret_written);
}

/* Serves one client after another, until as many uploads as wanted are complete. */
static bool serve(unsigned completes)
{
    static uint8_t buffer[65536];
    uint64_t deadline_ms = slw_link_now_ms() + SERVE_MS;
    struct slw_bytes rest = {0};
    client_link.descriptor = -1;
    while (slw_link_now_ms() < deadline_ms) {
        if (client_link.descriptor < 0) {
            if (device.completes >= completes) {
                return device.wrong_bytes == 0;
            }
            (void)slw_listener_accept(&listener, 20, &client_link);
            continue;
        }
        size_t len = 0;
        enum slw_status status = SLW_OK;
        if (rest.len == 0) {
            status = slw_link_read(&client_link, buffer, sizeof buffer, 20, &len);
            rest = slw_bytes_make(buffer, len);
        }
        if (status == SLW_IO_CLOSED) {
            slw_link_close(&client_link);
            slw_rpc_server_reset(&device.rpc);
            rest = slw_bytes_make(NULL, 0);
            continue;
        }
        size_t taken = slw_rpc_server_receive(&device.rpc, rest);
        rest = slw_bytes_make(rest.ptr + taken, rest.len - taken);
        slw_rpc_server_poll(&device.rpc);
        slw_transfer_server_poll(&device.transfer, slw_link_now_ms());
    }
    return false;
}

static pid_t start_device(const char *text, unsigned completes)
{
    if (slw_listener_open(text, &listener, &detail) != SLW_OK) {
        return -1;
    }
    test_device_init(&device, CHUNK_SIZE, WINDOW_SIZE, NULL);
    device.link = (struct slw_link_port){&client_link, write_to_client};
    pid_t child = fork();
    if (child == 0) {
        _exit(serve(completes) ? 0 : 1);
    }
    return child;
}

static bool device_was_content(pid_t child)
{
    int status = -1;
    bool ended = waitpid(child, &status, 0) == child;
    slw_listener_close(&listener);
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static enum slw_status read_pattern(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        buffer[i] = test_pattern(offset + i);
    }
    return SLW_OK;
}

/* Opens the link anew, uploads, and closes it. */
static enum slw_status upload_once(uint64_t size, struct slw_upload_report *ret_report)
{
    struct slw_source source = {NULL, read_pattern, size};
    struct slw_link link;
    SLW_TRY(slw_link_open(listener.text, 1000, &link, &detail));
    struct slw_rpc_client *client = slw_rpc_client_new(
        &(struct slw_rpc_client_config){.transport = slw_rpc_transport_of_link(&link)});
    struct slw_upload upload = {.rpc = client, .resource_id = TEST_RESOURCE, .source = &source};
    enum slw_status status = slw_upload_run(&upload, ret_report, &detail);
    slw_rpc_client_free(client);
    slw_link_close(&link);
    return status;
}

static void tell_speed(uint64_t size, uint64_t took_ms)
{
    char line[80];
    double megabytes = (double)size / 1e6;
    (void)snprintf(line, sizeof line, "# %.1f MB in %.2f s\n", megabytes, (double)took_ms / 1000);
    TAP_EMIT(line);
}

static void check_upload(uint64_t size)
{
    struct slw_upload_report report = {0};
    uint64_t since_ms = slw_link_now_ms();
    enum slw_status status = upload_once(size, &report);
    tell_speed(size, slw_link_now_ms() - since_ms);
    TAP_EQUAL_INT(status, SLW_OK);
    TAP_EQUAL_INT(report.code, SLW_RPC_OK);
    TAP_EQUAL_INT(report.resumed_at + report.bytes_sent, size);
    TAP_EQUAL_INT(report.sessions, 1);
}

static void uploads_over_tcp_to_one_client_after_another(void)
{
    pid_t child = start_device("tcp:127.0.0.1:0", 3);
    TAP_REQUIRE(child > 0);
    check_upload(20000);
    check_upload(16000000);
    check_upload(0);
    TAP_CHECK(device_was_content(child));
}

static void uploads_over_a_pseudo_terminal(void)
{
    char directory[] = "/tmp/slipway-loopback-XXXXXX";
    char text[96];
    TAP_REQUIRE(mkdtemp(directory) != NULL);
    (void)snprintf(text, sizeof text, "pty:%s/tty", directory);
    pid_t child = start_device(text, 2);
    TAP_REQUIRE(child > 0);
    check_upload(500000);
    check_upload(1);
    TAP_CHECK(device_was_content(child));
    TAP_EQUAL_INT(rmdir(directory), 0);
}

int main(void)
{
    TAP_RUN(uploads_over_tcp_to_one_client_after_another);
    TAP_RUN(uploads_over_a_pseudo_terminal);
    return tap_finish();
}
