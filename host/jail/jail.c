/* SPDX-License-Identifier: Apache-2.0 */
/* A jail as its caller has it: starting, listening, ending. See slipway/jail.h. */
/* For pipe2(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "jail_child.h"

#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_WITHIN_MS 20000
#define FILES_BYTES_MIN (1u << 20)
#define MEMORY_BYTES_MIN (16u << 20)

union control_space {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

void slw_jail_tell(int control, const struct slw_jail_message *message, int descriptor)
{
    union {
        const struct slw_jail_message *kept;
        void *taken;
    } bytes = {message}; /* sendmsg() changes nothing of it */
    struct iovec part = {.iov_base = bytes.taken, .iov_len = sizeof *message};
    union control_space space = {{0}};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        header.msg_control = space.bytes;
        header.msg_controllen = sizeof space.bytes;
        struct cmsghdr *right = CMSG_FIRSTHDR(&header);
        right->cmsg_level = SOL_SOCKET;
        right->cmsg_type = SCM_RIGHTS;
        right->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(right), &descriptor, sizeof descriptor);
    }
    (void)sendmsg(control, &header, MSG_NOSIGNAL);
}

static void close_if_open(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
        *descriptor = -1;
    }
}

/* The descriptor of a message, -1 for none. */
static int take_descriptor(struct msghdr *header)
{
    int descriptor = -1;
    struct cmsghdr *right = CMSG_FIRSTHDR(header);
    if (right != NULL && right->cmsg_level == SOL_SOCKET && right->cmsg_type == SCM_RIGHTS &&
        right->cmsg_len == CMSG_LEN(sizeof descriptor)) {
        memcpy(&descriptor, CMSG_DATA(right), sizeof descriptor);
    }
    return descriptor;
}

/* 1: a message; 0: nothing yet; -1: there will be none any more. */
static int hear(int control, struct slw_jail_message *ret_message, int *ret_descriptor)
{
    struct iovec part = {.iov_base = ret_message, .iov_len = sizeof *ret_message};
    union control_space space = {{0}};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = space.bytes,
                            .msg_controllen = sizeof space.bytes};
    ssize_t len = recvmsg(control, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    *ret_descriptor = len > 0 ? take_descriptor(&header) : -1;
    if (len != (ssize_t)sizeof *ret_message) {
        close_if_open(ret_descriptor);
        return -1;
    }
    ret_message->text[sizeof ret_message->text - 1] = '\0';
    return 1;
}

/* Waits until it runs, or can't. */
static enum slw_status await_ready(struct slw_jail *jail, struct slw_detail *detail)
{
    struct slw_jail_message message = {.word = SLW_JAIL_FAILED};
    struct pollfd polled = {.fd = jail->control, .events = POLLIN};
    int heard = 0;
    while (heard == 0) {
        int count = poll(&polled, 1, READY_WITHIN_MS);
        if (count == 0) {
            return slw_explain(detail, SLW_IO_TIMEOUT, "a jail isn't ready after %d s",
                               READY_WITHIN_MS / 1000);
        }
        if (count > 0) {
            heard = hear(jail->control, &message, &jail->files);
        }
    }
    if (heard < 0) {
        return slw_explain(detail, SLW_IO, "the process that makes a jail ended");
    }
    if (message.word != SLW_JAIL_READY || jail->files < 0) {
        return slw_explain(detail, (enum slw_status)message.value, "%s", message.text);
    }
    return SLW_OK;
}

static enum slw_status check_settings(const struct slw_jail_settings *settings,
                                      struct slw_detail *detail)
{
    bool root = settings->user == NULL ? geteuid() == 0 : settings->user->uid == 0;
    if (root) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a jail's program can't be root");
    }
    if (settings->command[0] == NULL || settings->command[0][0] != '/' ||
        settings->readable_count > SLW_JAIL_READABLE_MAX || settings->processes == 0 ||
        settings->files_bytes < FILES_BYTES_MIN || settings->memory_bytes < MEMORY_BYTES_MIN) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a jail's limits, or its command");
    }
    for (size_t i = 0; i < settings->readable_count; i++) {
        if (settings->readable[i][0] != '/') {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not an absolute path",
                               settings->readable[i]);
        }
    }
    return SLW_OK;
}

static enum slw_status fork_keeper(struct slw_jail_making *making, struct slw_jail *jail,
                                   struct slw_detail *detail)
{
    int control[2] = {-1, -1};
    int output[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0 ||
        pipe2(output, O_CLOEXEC | O_NONBLOCK) != 0 || fcntl(output[1], F_SETFL, 0) != 0) {
        close_if_open(&control[0]);
        close_if_open(&control[1]);
        close_if_open(&output[0]);
        close_if_open(&output[1]);
        return slw_explain_errno(detail, "making a jail");
    }
    making->control = control[1];
    making->output = output[1];
    making->parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        slw_jail_keep(making);
    }
    jail->control = control[0];
    jail->output = output[0];
    close_if_open(&control[1]);
    close_if_open(&output[1]);
    if (pid < 0) {
        return slw_explain_errno(detail, "making a jail");
    }
    jail->keeper = pid;
    return SLW_OK;
}

enum slw_status slw_jail_start(const struct slw_jail_settings *settings, struct slw_jail *ret_jail,
                               struct slw_detail *detail)
{
    struct slw_sandbox_filter filter = {NULL, 0};
    struct slw_jail jail = {.output = -1, .control = -1, .files = -1};
    struct slw_jail_making making = {.settings = settings, .filter = &filter};
    SLW_TRY(check_settings(settings, detail));
    SLW_TRY(slw_sandbox_filter_make(SLW_SANDBOX_JOB, SLW_SANDBOX_REFUSE, &filter, detail));
    enum slw_status status = fork_keeper(&making, &jail, detail);
    slw_sandbox_filter_free(&filter);
    if (status == SLW_OK) {
        status = await_ready(&jail, detail);
    }
    if (status != SLW_OK) {
        slw_jail_close(&jail);
        return status;
    }
    *ret_jail = jail;
    return SLW_OK;
}

void slw_jail_listen(struct slw_jail *jail)
{
    struct slw_jail_message message;
    int descriptor = -1;
    while (!jail->ended && jail->control >= 0) {
        int heard = hear(jail->control, &message, &descriptor);
        close_if_open(&descriptor);
        if (heard == 0) {
            return;
        }
        if (heard < 0 || message.word == SLW_JAIL_OVER) {
            jail->ended = true;
            jail->how = heard < 0 ? SLW_JAIL_ENDED : message.how;
            jail->value = heard < 0 ? 0 : message.value;
        }
    }
}

void slw_jail_end(struct slw_jail *jail)
{
    if (jail->keeper == 0) {
        return;
    }
    (void)kill(jail->keeper, SIGTERM);
    while (waitpid(jail->keeper, NULL, 0) < 0 && errno == EINTR) {
    }
    jail->keeper = 0;
    slw_jail_listen(jail);
    if (!jail->ended) {
        jail->ended = true;
        jail->how = SLW_JAIL_ENDED;
    }
}

void slw_jail_close(struct slw_jail *jail)
{
    slw_jail_end(jail);
    close_if_open(&jail->control);
    close_if_open(&jail->output);
    close_if_open(&jail->files);
}
