/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key process's end of judging: starts the spawner, sends it orders, and reads verdicts, which
 * may be anything. See spawner.h.
 */
/* For pipe2(), memfd_create() and file seals. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "spawner.h"

#include "orders.h"
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SPAWNER_DESCRIPTOR 3
#define READY_TIMEOUT_MS 30000 /* of a machine that has much else to do */
#define ARGUMENTS_MAX (8u + SLW_SANDBOX_PATHS_MAX)
#define END_TIMEOUT_MS 2000

/* Beyond a judge's time, before its end is taken for granted. */
#define GRACE_MS 1000

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

/* --- starting and ending the spawner --- */

struct command {
    char uid[24];
    char gid[24];
    const char *words[ARGUMENTS_MAX];
};

static enum slw_status make_command(const struct slw_spawner_options *options,
                                    struct command *ret_command, struct slw_detail *detail)
{
    size_t count = 0;
    unsigned long uid = options->user != NULL ? options->user->uid : geteuid();
    unsigned long gid = options->user != NULL ? options->user->gid : getegid();
    if (options->runnable_count > SLW_SANDBOX_PATHS_MAX - 5) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "too many directories of validators");
    }
    (void)snprintf(ret_command->uid, sizeof ret_command->uid, "%lu", uid);
    (void)snprintf(ret_command->gid, sizeof ret_command->gid, "%lu", gid);
    ret_command->words[count++] = options->program;
    ret_command->words[count++] = "--uid";
    ret_command->words[count++] = ret_command->uid;
    ret_command->words[count++] = "--gid";
    ret_command->words[count++] = ret_command->gid;
    ret_command->words[count++] = "--directory";
    ret_command->words[count++] = options->directory != NULL ? options->directory : "/";
    for (size_t i = 0; i < options->runnable_count; i++) {
        ret_command->words[count++] = options->runnable[i];
    }
    ret_command->words[count] = NULL;
    return SLW_OK;
}

/* In the child. The socket is at 3, without the flag that would close it. */
static _Noreturn void run_spawner(const struct command *command, int socket)
{
    /* execve() changes nothing of its arguments; its prototype is older than const. */
    union {
        const char *const *kept;
        char *const *taken;
    } words = {command->words};
    char *const environment[] = {NULL};
    bool placed = socket == SPAWNER_DESCRIPTOR ? fcntl(socket, F_SETFD, 0) == 0
                                               : dup2(socket, SPAWNER_DESCRIPTOR) >= 0;
    if (placed && command->words[0] != NULL) {
        (void)execve(command->words[0], words.taken, environment);
    }
    _exit(127);
}

static bool wait_until(int descriptor, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd polled = {.fd = descriptor, .events = POLLIN};
        int64_t left = deadline_ms - now_ms();
        int ready = poll(&polled, 1, left < 0 ? 0 : (int)left);
        if (ready >= 0) {
            return ready > 0;
        }
        if (errno != EINTR) {
            return false;
        }
    }
}

/* What the spawner says as it starts: a status in four bytes, then text. */
static enum slw_status hear_ready(struct slw_spawner *spawner, const char *program,
                                  struct slw_detail *detail)
{
    uint8_t packet[sizeof(uint32_t) + sizeof(struct slw_detail)];
    if (!wait_until(spawner->socket, now_ms() + READY_TIMEOUT_MS)) {
        return slw_explain(detail, SLW_IO, "%s: it didn't start in time", program);
    }
    ssize_t len = recv(spawner->socket, packet, sizeof packet, MSG_DONTWAIT);
    if (len < 4 || (size_t)len > sizeof packet) {
        return slw_explain(detail, SLW_IO, "%s: it can't be started", program);
    }
    int text_len = (int)len - 4;
    if (slw_get_u32_le(packet) != SLW_OK) {
        return slw_explain(detail, SLW_IO, "%s: %.*s", program, text_len, (const char *)packet + 4);
    }
    (void)snprintf(spawner->missing, sizeof spawner->missing, "%.*s", text_len,
                   (const char *)packet + 4);
    return SLW_OK;
}

enum slw_status slw_spawner_open(const struct slw_spawner_options *options,
                                 struct slw_spawner *ret_spawner, struct slw_detail *detail)
{
    struct slw_spawner spawner = {.socket = -1, .next_id = 1};
    struct command command = {.uid = ""};
    int pair[2] = {-1, -1};
    SLW_TRY(make_command(options, &command, detail));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return slw_explain_errno(detail, options->program);
    }
    spawner.socket = pair[0];
    spawner.pid = fork();
    if (spawner.pid == 0) {
        run_spawner(&command, pair[1]);
    }
    close_if_open(&pair[1]);
    if (spawner.pid < 0) {
        close_if_open(&pair[0]);
        return slw_explain_errno(detail, options->program);
    }
    enum slw_status status = hear_ready(&spawner, options->program, detail);
    if (status != SLW_OK) {
        slw_spawner_close(&spawner);
        return status;
    }
    *ret_spawner = spawner;
    return SLW_OK;
}

/* Its socket's end ends it, and it ends all that it started; SIGKILL for one that doesn't hear. */
void slw_spawner_close(struct slw_spawner *spawner)
{
    int64_t deadline_ms = now_ms() + END_TIMEOUT_MS;
    if (spawner->pid <= 0) {
        return;
    }
    (void)shutdown(spawner->socket, SHUT_WR);
    uint8_t rest[64];
    while (wait_until(spawner->socket, deadline_ms) &&
           recv(spawner->socket, rest, sizeof rest, MSG_DONTWAIT) > 0) {
    }
    close_if_open(&spawner->socket);
    if (now_ms() >= deadline_ms) {
        (void)kill(spawner->pid, SIGKILL);
    }
    while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    spawner->pid = 0;
}

/* --- rules --- */

static bool write_all(int file, struct slw_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(file, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes = slw_bytes_make(bytes.ptr + written, bytes.len - (size_t)written);
    }
    return true;
}

/* Sealed, so that no judge can change what others read. */
static enum slw_status make_rules_file(struct slw_bytes bytes, int *ret_file,
                                       struct slw_detail *detail)
{
    int file = memfd_create("rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 || !write_all(file, bytes) ||
        fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
        enum slw_status status = slw_explain_errno(detail, "rules for a judge");
        close_if_open(&file);
        return status;
    }
    *ret_file = file;
    return SLW_OK;
}

enum slw_status slw_judge_rules_make(const struct slw_content_rules *rules,
                                     struct slw_judge_rules *ret_rules, struct slw_detail *detail)
{
    struct slw_judge_rules made = {.descriptor = -1};
    SLW_TRY(slw_content_rules_encode(rules, &made.bytes, detail));
    if (made.bytes.len == 0 || made.bytes.len > SLW_ORDER_RULES_MAX) {
        enum slw_status status =
            make_rules_file(slw_heap_bytes(&made.bytes), &made.descriptor, detail);
        slw_heap_drop(&made.bytes);
        SLW_TRY(status);
    }
    *ret_rules = made;
    return SLW_OK;
}

void slw_judge_rules_free(struct slw_judge_rules *rules)
{
    close_if_open(&rules->descriptor);
    slw_heap_drop(&rules->bytes);
}

/* --- judges --- */

static enum slw_status check_start(const struct slw_spawner *spawner, int bundle,
                                   const struct slw_judge_limits *limits, struct slw_detail *detail)
{
    int flags = fcntl(bundle, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || limits->time_ms == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "a judge needs a bundle that it can't write to, and time");
    }
    if (spawner->pid <= 0) {
        return slw_explain(detail, SLW_IO_CLOSED, "judges: the spawner has ended");
    }
    if (spawner->running >= SLW_JUDGES_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "judges: more than %u at one time",
                           SLW_JUDGES_MAX);
    }
    return SLW_OK;
}

/* Sends the order with the bundle, a new socket for the verdict, and the rules if there is a file.
 */
static enum slw_status send_order(const struct slw_spawner *spawner, struct slw_bytes packet,
                                  int bundle, int rules, int *ret_descriptor,
                                  struct slw_detail *detail)
{
    int pair[2] = {-1, -1};
    int descriptors[SLW_ORDER_DESCRIPTORS_MAX] = {bundle};
    size_t count = 2;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return errno == EMFILE || errno == ENFILE
                   ? slw_explain(detail, SLW_TOO_MANY, "judges: no descriptor left")
                   : slw_explain_errno(detail, "judges");
    }
    descriptors[SLW_ORDER_VERDICT] = pair[1];
    if (rules >= 0) {
        descriptors[count++] = rules;
    }
    enum slw_status status = slw_order_send(spawner->socket, packet, descriptors, count, detail);
    (void)close(pair[1]);
    if (status != SLW_OK) {
        (void)close(pair[0]);
        return status;
    }
    *ret_descriptor = pair[0];
    return SLW_OK;
}

static enum slw_status start(struct slw_spawner *spawner, int bundle,
                             const struct slw_judge_rules *rules,
                             const struct slw_validator *validator,
                             const struct slw_judge_limits *limits, struct slw_judge *ret_judge,
                             struct slw_detail *detail)
{
    uint8_t packet[SLW_ORDER_SIZE_MAX];
    size_t len = 0;
    struct slw_order order = {.id = spawner->next_id, .limits = *limits};
    int64_t started_ms = now_ms(); /* before the spawner's clock runs, so that it isn't early */
    int descriptor = -1;
    order.kind = validator != NULL ? SLW_ORDER_VALIDATE : SLW_ORDER_JUDGE;
    order.rules = slw_heap_bytes(&rules->bytes);
    if (order.limits.memory_bytes == 0) {
        order.limits.memory_bytes = SLW_JUDGE_MEMORY_DEFAULT;
    }
    SLW_TRY(check_start(spawner, bundle, limits, detail));
    SLW_TRY(slw_order_encode(&order, validator, packet, &len, detail));
    SLW_TRY(send_order(spawner, slw_bytes_make(packet, len), bundle, rules->descriptor, &descriptor,
                       detail));
    spawner->next_id++;
    spawner->running++;
    *ret_judge = (struct slw_judge){
        .descriptor = descriptor,
        .id = order.id,
        .validator = validator != NULL,
        .limits = order.limits,
        .started_ms = started_ms,
    };
    return SLW_OK;
}

enum slw_status slw_judge_start(struct slw_spawner *spawner, int bundle,
                                const struct slw_judge_rules *rules,
                                const struct slw_judge_limits *limits, struct slw_judge *ret_judge,
                                struct slw_detail *detail)
{
    return start(spawner, bundle, rules, NULL, limits, ret_judge, detail);
}

enum slw_status slw_validator_start(struct slw_spawner *spawner, int bundle,
                                    const struct slw_validator *validator,
                                    const struct slw_judge_limits *limits,
                                    struct slw_judge *ret_judge, struct slw_detail *detail)
{
    const struct slw_judge_rules none = {.descriptor = -1};
    return start(spawner, bundle, &none, validator, limits, ret_judge, detail);
}

int64_t slw_judge_deadline_ms(const struct slw_judge *judge)
{
    return judge->started_ms + judge->limits.time_ms + GRACE_MS;
}

void slw_judge_cancel(struct slw_spawner *spawner, struct slw_judge *judge)
{
    uint8_t packet[SLW_ORDER_SIZE_MAX];
    size_t len = 0;
    struct slw_order order = {.kind = SLW_ORDER_CANCEL, .id = judge->id};
    struct slw_detail detail;
    if (judge->descriptor < 0) {
        return;
    }
    enum slw_status status = slw_order_encode(&order, NULL, packet, &len, &detail);
    if (status == SLW_OK) {
        status = slw_order_send(spawner->socket, slw_bytes_make(packet, len), NULL, 0, &detail);
    }
    /* When the spawner couldn't be told, it ends the judge when its time is over. */
    (void)status;
    close_if_open(&judge->descriptor);
    spawner->running--;
}

static void read_verdict(const struct slw_judge *judge, uint8_t *message, ssize_t len,
                         struct slw_verdict *ret_verdict)
{
    const char *what = judge->validator ? "validator" : "judge";
    if (len <= 0) {
        bool overdue = now_ms() - judge->started_ms >= judge->limits.time_ms;
        slw_verdict_fail(ret_verdict,
                         overdue ? "the %s wasn't done after %u ms"
                                 : "the %s ended without a verdict (of %u ms)",
                         what, judge->limits.time_ms);
    } else if ((size_t)len > SLW_VERDICT_SIZE_MAX ||
               slw_verdict_decode(slw_bytes_make(message, (size_t)len), ret_verdict) != SLW_OK) {
        slw_verdict_fail(ret_verdict, "the %s sent something that isn't a verdict", what);
    }
}

enum slw_status slw_judge_finish(struct slw_spawner *spawner, struct slw_judge *judge,
                                 struct slw_verdict *ret_verdict)
{
    if (judge->descriptor < 0) {
        return SLW_WRONG_STATE;
    }
    /* One byte more than there may be shows that it is too long. */
    uint8_t *message = malloc(SLW_VERDICT_SIZE_MAX + 1);
    if (message == NULL) {
        return SLW_NO_SPACE;
    }
    ssize_t len = -1;
    do {
        len = recv(judge->descriptor, message, SLW_VERDICT_SIZE_MAX + 1, MSG_DONTWAIT);
    } while (len < 0 && errno == EINTR);
    bool nothing_yet = len < 0 && errno == EAGAIN;
    if (nothing_yet && now_ms() < slw_judge_deadline_ms(judge)) {
        free(message);
        return SLW_IO_TIMEOUT;
    }
    read_verdict(judge, message, len, ret_verdict);
    free(message);
    if (nothing_yet) {
        slw_judge_cancel(spawner, judge);
    } else {
        close_if_open(&judge->descriptor);
        spawner->running--;
    }
    return SLW_OK;
}
