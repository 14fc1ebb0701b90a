/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, watching, ending and reaping judges and validators: see children.h. */
/* For pipe2() and _Fork(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "children.h"

#include "judge.h"
#include "verdict.h"

#include "slipway/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_if_open(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
        *descriptor = -1;
    }
}

static struct slw_child *find(struct slw_children *children, pid_t pid)
{
    for (size_t i = 0; i < SLW_CHILDREN_MAX; i++) {
        if (children->items[i].pid == pid) {
            return &children->items[i];
        }
    }
    return NULL;
}

/* Sends a verdict of the spawner's own; whoever isn't there any more doesn't want it. */
static void tell(int socket, enum slw_status status, const char *text)
{
    uint8_t message[2048];
    struct slw_writer writer;
    slw_writer_init(&writer, message, sizeof message);
    if (slw_verdict_encode(status, text, NULL, &writer) == SLW_OK) {
        (void)send(socket, message, writer.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void start_judge(struct slw_children *children, struct slw_child *child,
                        const struct slw_order *order)
{
    /* Without handlers of fork(), which are for programs with threads: each page that they touch
     * would have to be copied. */
    pid_t pid = _Fork();
    if (pid == 0) {
        slw_judge_child(order, &children->judge_filter);
    }
    if (pid < 0) {
        tell(order->descriptors[SLW_ORDER_VERDICT], SLW_VALIDATOR_FAILED,
             "a judge can't be started");
        return;
    }
    child->pid = pid;
}

static void start_validator(struct slw_children *children, struct slw_child *child,
                            struct slw_order *order)
{
    int output[2] = {-1, -1};
    pid_t spawner = getpid();
    pid_t pid = -1;
    if (pipe2(output, O_CLOEXEC | O_NONBLOCK) == 0 && fcntl(output[1], F_SETFL, 0) == 0) {
        pid = fork();
    }
    if (pid == 0) {
        slw_validator_child(order, &children->validator_filter, output[1], &children->calm,
                            children->directory, spawner);
    }
    close_if_open(&output[1]);
    if (pid < 0) {
        close_if_open(&output[0]);
        tell(order->descriptors[SLW_ORDER_VERDICT], SLW_VALIDATOR_FAILED,
             "a validator can't be started");
        return;
    }
    child->pid = pid;
    child->shown = children->shown[child - children->items];
    child->output = output[0];
    children->validators++;
    child->verdict = order->descriptors[SLW_ORDER_VERDICT];
    order->descriptors[SLW_ORDER_VERDICT] = -1;
}

static void start(struct slw_children *children, struct slw_order *order)
{
    struct slw_child *child = find(children, 0);
    bool validator = order->kind == SLW_ORDER_VALIDATE;
    if (child == NULL) {
        tell(order->descriptors[SLW_ORDER_VERDICT], SLW_TOO_MANY, "too many judges at one time");
        return;
    }
    *child = (struct slw_child){
        .id = order->id,
        .deadline_ms = now_ms() + order->limits.time_ms,
        .time_ms = order->limits.time_ms,
        .validator = validator,
        .verdict = -1,
        .output = -1,
    };
    if (validator) {
        start_validator(children, child, order);
    } else {
        start_judge(children, child, order);
    }
}

/* A validator with all that it started; a judge starts nothing. */
static void end(const struct slw_child *child)
{
    if (!child->validator || kill(-child->pid, SIGKILL) != 0) {
        /* A keeper that has no group yet, or has ended its group already. */
        (void)kill(child->pid, SIGKILL);
    }
}

void slw_children_obey(struct slw_children *children, struct slw_order *order)
{
    switch (order->kind) {
    case SLW_ORDER_JUDGE:
    case SLW_ORDER_VALIDATE:
        start(children, order);
        break;
    case SLW_ORDER_CANCEL:
        for (size_t i = 0; i < SLW_CHILDREN_MAX; i++) {
            if (children->items[i].pid != 0 && children->items[i].id == order->id) {
                end(&children->items[i]);
            }
        }
        break;
    }
    for (size_t i = 0; i < SLW_ORDER_DESCRIPTORS_MAX; i++) {
        close_if_open(&order->descriptors[i]);
    }
}

int slw_children_end_overdue(struct slw_children *children)
{
    int64_t now = now_ms();
    int64_t next = -1;
    for (size_t i = 0; i < SLW_CHILDREN_MAX; i++) {
        struct slw_child *child = &children->items[i];
        if (child->pid == 0 || child->overdue) {
            continue;
        }
        int64_t left = child->deadline_ms - now;
        if (left <= 0) {
            child->overdue = true;
            end(child);
        } else if (next < 0 || left < next) {
            next = left;
        }
    }
    return next > INT_MAX ? INT_MAX : (int)next;
}

size_t slw_children_poll(const struct slw_children *children, struct pollfd *polled)
{
    size_t count = 0;
    for (size_t i = 0; i < SLW_CHILDREN_MAX; i++) {
        if (children->items[i].pid != 0 && children->items[i].output >= 0) {
            polled[count++] = (struct pollfd){.fd = children->items[i].output, .events = POLLIN};
        }
    }
    return count;
}

/* Keeps the beginning of what a validator prints, and ends its printing beyond the limit. */
static void read_output(struct slw_child *child)
{
    uint8_t block[4096];
    while (child->output >= 0) {
        ssize_t len = read(child->output, block, sizeof block);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0 && errno == EAGAIN) {
            return;
        }
        if (len <= 0) {
            close_if_open(&child->output);
            return;
        }
        if (child->output_len < SLW_CHILD_SHOWN_MAX) {
            size_t room = SLW_CHILD_SHOWN_MAX - child->output_len;
            memcpy(child->shown + child->output_len, block,
                   (size_t)len < room ? (size_t)len : room);
        }
        child->output_len += (size_t)len;
        if (child->output_len > SLW_VALIDATOR_OUTPUT_MAX) {
            close_if_open(&child->output);
        }
    }
}

void slw_children_read(struct slw_children *children, int output)
{
    for (size_t i = 0; i < SLW_CHILDREN_MAX; i++) {
        if (children->items[i].pid != 0 && children->items[i].output == output) {
            read_output(&children->items[i]);
            return;
        }
    }
}

/* How a validator ended, in words, and what it printed. */
static void tell_validator(const struct slw_child *child, const siginfo_t *about)
{
    struct slw_heap_buffer text = {0};
    bool passed = !child->overdue && about->si_code == CLD_EXITED && about->si_status == 0;
    if (child->overdue) {
        slw_heap_printf(&text, "not done after %u ms", child->time_ms);
    } else if (about->si_code == CLD_EXITED) {
        slw_heap_printf(&text, "exit status %d", about->si_status);
    } else {
        slw_heap_printf(&text, "ended by signal %d", about->si_status);
    }
    size_t len = child->output_len < SLW_CHILD_SHOWN_MAX ? child->output_len : SLW_CHILD_SHOWN_MAX;
    if (len > 0) {
        slw_heap_append_text(&text, ": ");
        slw_escape(slw_bytes_make(child->shown, len), &text);
    }
    tell(child->verdict, passed ? SLW_OK : SLW_VALIDATOR_FAILED, slw_heap_text(&text));
    slw_heap_free(&text);
}

static void finish(struct slw_children *children, struct slw_child *child, const siginfo_t *about)
{
    if (child->validator) {
        children->validators--;
        /* What it started goes with it, before its number can be another's. */
        end(child);
        read_output(child);
        tell_validator(child, about);
    }
    close_if_open(&child->output);
    close_if_open(&child->verdict);
    child->pid = 0;
}

bool slw_children_reap(struct slw_children *children)
{
    siginfo_t about = {0};
    while (waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) == 0) {
        if (about.si_pid == 0) {
            return true;
        }
        /* Others are what validators left behind: they became children of the spawner. */
        struct slw_child *child = find(children, about.si_pid);
        if (child != NULL) {
            finish(children, child, &about);
        }
        (void)waitpid(about.si_pid, NULL, 0);
        about.si_pid = 0;
    }
    return false;
}

void slw_children_end_all(struct slw_children *children)
{
    for (size_t i = 0; i < SLW_CHILDREN_MAX; i++) {
        if (children->items[i].pid != 0) {
            end(&children->items[i]);
        }
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}
