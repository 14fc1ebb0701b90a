/* SPDX-License-Identifier: Apache-2.0 */
/* The process that starts fronts. See minder.h. */
#include "minder.h"

#include "slipway/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRONT_DESCRIPTOR 3

/* --- In the minder --- */

/* The socket that comes with a message of one byte; -1 when the key process is gone. */
static int socket_receive(int from)
{
    uint8_t byte;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    const struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    int received = -1;
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&received, CMSG_DATA(header), sizeof received);
    }
    return received;
}

static void front_run(const struct slw_minder_front *front, int socket)
{
    const char *const arguments[] = {front->program,
                                     "--key-process-fd",
                                     "3",
                                     front->settings == NULL ? NULL : "--config",
                                     front->settings,
                                     NULL};
    char *copies[6];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (socket != FRONT_DESCRIPTOR && dup2(socket, FRONT_DESCRIPTOR) < 0) {
        _exit(127);
    }
    (void)fcntl(FRONT_DESCRIPTOR, F_SETFD, 0);
    memcpy(copies, arguments, sizeof copies); /* execv takes them as not const, and changes none */
    struct slw_detail ignored;
    const int kept[] = {0, 1, 2, FRONT_DESCRIPTOR};
    if (slw_sandbox_keep_descriptors(kept, 4, &ignored) == SLW_OK) {
        (void)execv(front->program, copies);
    }
    _exit(127);
}

static void front_end(pid_t front)
{
    if (front > 0) {
        (void)kill(front, SIGKILL);
        (void)waitpid(front, NULL, 0);
    }
}

static void minder_run(const struct slw_minder_front *front, int from)
{
    struct slw_detail ignored;
    pid_t running = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int kept[] = {0, 1, 2, from};
    if ((front->user != NULL && slw_sandbox_drop_user(front->user, &ignored) != SLW_OK) ||
        slw_sandbox_forbid_privileges(&ignored) != SLW_OK ||
        slw_sandbox_keep_descriptors(kept, 4, &ignored) != SLW_OK) {
        _exit(1);
    }
    /* A new user forgets it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int socket = socket_receive(from); socket >= 0; socket = socket_receive(from)) {
        front_end(running);
        running = fork();
        if (running == 0) {
            front_run(front, socket);
        }
        close(socket);
    }
    front_end(running);
    _exit(0);
}

/* --- In the key process --- */

enum slw_status slw_minder_start(const struct slw_minder_front *front,
                                 struct slw_minder *ret_minder, struct slw_detail *detail)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return slw_explain_errno(detail, front->program);
    }
    pid_t pid = fork();
    if (pid < 0) {
        close(pair[0]);
        close(pair[1]);
        return slw_explain_errno(detail, front->program);
    }
    if (pid == 0) {
        minder_run(front, pair[1]);
    }
    close(pair[1]);
    *ret_minder = (struct slw_minder){pid, pair[0]};
    return SLW_OK;
}

enum slw_status slw_minder_front(const struct slw_minder *minder, int socket,
                                 struct slw_detail *detail)
{
    uint8_t byte = 1;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof socket);
    memcpy(CMSG_DATA(header), &socket, sizeof socket);
    return sendmsg(minder->socket, &message, MSG_NOSIGNAL) == 1
               ? SLW_OK
               : slw_explain_errno(detail, "the front can't be started");
}

void slw_minder_end(struct slw_minder *minder)
{
    if (minder->pid > 0) {
        close(minder->socket);
        (void)waitpid(minder->pid, NULL, 0);
    }
    *minder = (struct slw_minder){0, -1};
}
