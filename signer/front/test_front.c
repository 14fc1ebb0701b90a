/* SPDX-License-Identifier: Apache-2.0 */
/* See test_front.h. */
#include "test_front.h"

#include "remove_tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitizer looks for leaks at the end by calls that a confined process gave up. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define CONFINEMENT "sandbox = no\n"
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINEMENT "sandbox = no\n"
#endif
#ifndef CONFINEMENT
#define CONFINEMENT ""
#endif

/* The fronts that run. */
#define RUNNING_MAX 4u
static struct test_front *running[RUNNING_MAX];

static bool note_running(struct test_front *former, struct test_front *now)
{
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (running[i] == former) {
            running[i] = now;
            return true;
        }
    }
    return false;
}

static void meet_running(void)
{
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (running[i] != NULL) {
            test_behind_meet(&running[i]->behind);
        }
    }
}

bool test_front_prepare(struct test_front *front)
{
    memset(front, 0, sizeof *front);
    (void)snprintf(front->directory, sizeof front->directory, "/tmp/front-test.XXXXXX");
    return mkdtemp(front->directory) != NULL;
}

static bool write_settings(const struct test_front *front, const char *settings, char *path,
                           size_t path_size)
{
    (void)snprintf(path, path_size, "%s/front.conf", front->directory);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file, "[front]\nsocket = %s/signer.sock\n" CONFINEMENT "%s", front->directory,
                  settings);
    return fclose(file) == 0;
}

/* The program beside this test. */
static bool program_path(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    if (len <= 0) {
        return false;
    }
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    return slash != NULL &&
           snprintf(slash + 1, size - (size_t)(slash + 1 - path), "slipway-signer") > 0;
}

/* Reads what it says until it listens on all of its sockets: the local one is the last. */
static bool read_addresses(struct test_front *front)
{
    char line[256] = "";
    size_t len = 0;
    struct pollfd wait = {.fd = front->output, .events = POLLIN};
    while (len < sizeof line - 1 && poll(&wait, 1, TEST_WAIT_MS) > 0) {
        if (read(front->output, line + len, 1) != 1) {
            return false;
        }
        if (line[len] != '\n') {
            len++;
            continue;
        }
        line[len] = '\0';
        len = 0;
        const char *address = line + strlen("listening on ");
        if (strncmp(address, "unix:", 5) == 0) {
            return true;
        }
        char *place = strncmp(address, "https:", 6) == 0 ? front->https : front->http;
        (void)snprintf(place, sizeof front->https, "%s", address);
    }
    return false;
}

bool test_front_start(struct test_front *front, const char *settings, const char *option)
{
    char path[128];
    char program[512];
    int ends[2];
    int output[2];
    posix_spawn_file_actions_t actions;
    if (!write_settings(front, settings, path, sizeof path) ||
        !program_path(program, sizeof program) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 ||
        pipe2(output, O_CLOEXEC) != 0) {
        return false;
    }
    const char *const arguments[] = {program, "--config", path, "--key-process-fd",
                                     "3",     option,     NULL};
    char *words[sizeof arguments / sizeof arguments[0]];
    memcpy(words, arguments, sizeof words);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    /* A descriptor that is 3 already would keep its mark to be closed. */
    int carried = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
    (void)posix_spawn_file_actions_adddup2(&actions, carried, 3);
    int failed = posix_spawn(&front->process, program, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    (void)close(carried);
    (void)close(output[1]);
    front->output = output[0];
    return failed == 0 && test_behind_start(&front->behind, ends[0]) && note_running(NULL, front) &&
           read_addresses(front);
}

int test_front_stop(struct test_front *front)
{
    int status = -1;
    if (front->process > 0) {
        (void)kill(front->process, SIGTERM);
        (void)waitpid(front->process, &status, 0);
    }
    front->process = 0;
    (void)note_running(front, NULL);
    test_behind_stop(&front->behind);
    (void)close(front->output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void test_front_remove(struct test_front *front)
{
    remove_tree(front->directory);
}

int test_connect(const struct test_front *front)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/signer.sock", front->directory);
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

bool test_send(int descriptor, const char *text, size_t len)
{
    meet_running();
    while (len > 0) {
        ssize_t sent = send(descriptor, text, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        text += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* One more byte; false at the end. */
static bool receive_byte(int descriptor, char *byte, bool *ret_closed)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    if (descriptor < 0 || poll(&wait, 1, TEST_WAIT_MS) <= 0) {
        return false;
    }
    if (read(descriptor, byte, 1) != 1) {
        *ret_closed = true;
        return false;
    }
    return true;
}

const char *test_header(const struct test_reply *reply, const char *name)
{
    static _Thread_local char value[256]; /* two may upload at once */
    size_t len = strlen(name);
    value[0] = '\0';
    for (const char *line = reply->head; line != NULL && *line != '\0';
         line = strstr(line, "\r\n")) {
        line += line == reply->head ? 0 : 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            size_t value_len = strcspn(line + len + 1, "\r");
            (void)snprintf(value, sizeof value, "%.*s", (int)value_len - 1, line + len + 2);
        }
    }
    return value;
}

static void receive_head(int descriptor, struct test_reply *reply)
{
    size_t len = 0;
    while (len < sizeof reply->head - 1 &&
           receive_byte(descriptor, &reply->head[len], &reply->closed)) {
        len++;
        if (len >= 4 && memcmp(reply->head + len - 4, "\r\n\r\n", 4) == 0) {
            break;
        }
    }
    reply->head[len] = '\0';
    if (len > 12 && strncmp(reply->head, "HTTP/1.1 ", 9) == 0) {
        reply->status = (unsigned)strtoul(reply->head + 9, NULL, 10);
    }
    if (reply->status == 100) {
        memset(reply, 0, sizeof *reply);
        receive_head(descriptor, reply);
    }
}

struct test_reply test_receive_head(int descriptor)
{
    struct test_reply reply = {0};
    receive_head(descriptor, &reply);
    meet_running();
    return reply;
}

struct test_reply test_receive(int descriptor)
{
    struct test_reply reply = {0};
    receive_head(descriptor, &reply);
    size_t len = (size_t)strtoul(test_header(&reply, "Content-Length"), NULL, 10);
    while (reply.status != 204 && reply.body_len < len && reply.body_len < sizeof reply.body - 1 &&
           receive_byte(descriptor, &reply.body[reply.body_len], &reply.closed)) {
        reply.body_len++;
    }
    meet_running();
    return reply;
}

struct test_reply test_exchange(const struct test_front *front, const char *text)
{
    struct test_reply reply = {0};
    int descriptor = test_connect(front);
    if (descriptor >= 0) {
        if (test_send(descriptor, text, strlen(text))) {
            reply = test_receive(descriptor);
        }
        (void)close(descriptor);
    }
    return reply;
}
