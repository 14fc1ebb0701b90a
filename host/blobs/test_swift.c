/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping of test_swift.h. */
#include "test_swift.h"

#include "s3_client.h"

#include "remove_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Its first line. */
static bool read_endpoint(struct test_swift *swift, int output)
{
    size_t len = 0;
    while (len + 1 < sizeof swift->endpoint && read(output, swift->endpoint + len, 1) == 1 &&
           swift->endpoint[len] != '\n') {
        len++;
    }
    swift->endpoint[len] = '\0';
    return strncmp(swift->endpoint, "http://127.0.0.1:", 17) == 0;
}

static bool run(struct test_swift *swift)
{
    static char python[] = "/usr/bin/python3";
    static char script[] = "tests/s3/serve-swift.py";
    char place[96];
    int input[2];
    int output[2];
    posix_spawn_file_actions_t actions;
    (void)snprintf(place, sizeof place, "%s/swift", swift->directory);
    char *const arguments[] = {python, script, place, NULL};
    if (pipe(input) != 0 || pipe(output) != 0 || posix_spawn_file_actions_init(&actions) != 0) {
        return false;
    }
    (void)fcntl(input[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(output[0], F_SETFD, FD_CLOEXEC);
    bool good = posix_spawn_file_actions_adddup2(&actions, input[0], 0) == 0 &&
                posix_spawn_file_actions_adddup2(&actions, output[1], 1) == 0 &&
                posix_spawn(&swift->pid, python, &actions, NULL, arguments, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    swift->input = input[1];
    good = good && read_endpoint(swift, output[0]);
    close(output[0]);
    return good;
}

static bool write_secret(struct test_swift *swift)
{
    (void)snprintf(swift->secret_file, sizeof swift->secret_file, "%s/secret", swift->directory);
    int descriptor = open(swift->secret_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = descriptor >= 0 && write(descriptor, "s3-secret\n", 10) == 10;
    if (descriptor >= 0) {
        close(descriptor);
    }
    return good;
}

static bool make_bucket(const struct test_swift *swift)
{
    struct slw_s3_client *client = NULL;
    struct slw_detail detail = {""};
    struct slw_s3_request request = {.method = "PUT"};
    bool good = slw_s3_client_open(&swift->settings, &client, &detail) == SLW_OK &&
                slw_s3_run(client, &request, &detail) == SLW_OK;
    if (!good) {
        (void)fprintf(stderr, "# %s\n", detail.text);
    }
    slw_s3_request_free(&request);
    slw_s3_client_close(client);
    return good;
}

bool test_swift_start(struct test_swift *ret_swift)
{
    *ret_swift = (struct test_swift){.directory = "/tmp/slipway-swift-test-XXXXXX", .input = -1};
    (void)setenv("no_proxy", "*", 1);
    if (mkdtemp(ret_swift->directory) == NULL || !write_secret(ret_swift) || !run(ret_swift)) {
        (void)fprintf(stderr, "# OpenStack Swift doesn't start\n");
        return false;
    }
    ret_swift->settings = (struct slw_blobs_s3){.endpoint = ret_swift->endpoint,
                                                .region = "us-east-1",
                                                .bucket = "bucket",
                                                .prefix = "depot/",
                                                .access_key = "test:depot",
                                                .secret_file = ret_swift->secret_file,
                                                .timeout_ms = 10000};
    return make_bucket(ret_swift);
}

void test_swift_stop(struct test_swift *swift)
{
    if (swift->input >= 0) {
        close(swift->input);
    }
    if (swift->pid > 0) {
        kill(swift->pid, SIGTERM);
        waitpid(swift->pid, NULL, 0);
    }
    remove_tree(swift->directory);
}
