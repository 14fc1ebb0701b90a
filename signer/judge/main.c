/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slipway-signer-judge: the spawner of the signing service's judges. The key process starts it, and
 * nobody else: descriptor 3 is the socket that its orders come from, and its end is the program's.
 *
 *     slipway-signer-judge --uid N --gid N --directory DIRECTORY [RUNNABLE…]
 *
 * It confines itself, says so with one packet (a status, and text for people), and forks a child
 * for each order. It holds nothing but its table of children.
 */
#include "children.h"

#include "slipway/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDERS 3
#define SPAWNER_DESCRIPTORS_MAX 4096u
#define CHILD_HEAP_SIZE (1 << 20)
#define REAP_MS 1000
#define FILTER_SIZE_MAX 32768u /* more than a filter's instructions may have */

struct arguments {
    struct slw_sandbox_user user;
    const char *directory;
    const char *const *runnable;
    size_t runnable_count;
};

static bool read_number(const char *text, unsigned long *ret_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9' ||
        number >= UINT32_MAX) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *ret_arguments)
{
    unsigned long uid = 0;
    unsigned long gid = 0;
    if (argc < 7 || strcmp(argv[1], "--uid") != 0 || !read_number(argv[2], &uid) ||
        strcmp(argv[3], "--gid") != 0 || !read_number(argv[4], &gid) ||
        strcmp(argv[5], "--directory") != 0) {
        return false;
    }
    *ret_arguments = (struct arguments){
        .user = {.uid = (uid_t)uid, .gid = (gid_t)gid},
        .directory = argv[6],
        .runnable = (const char *const *)argv + 7,
        .runnable_count = (size_t)argc - 7,
    };
    return true;
}

/* What programs need to be loaded, and to look like themselves. */
static enum slw_status restrict_paths(const struct arguments *arguments,
                                      struct slw_sandbox_done *ret_done, struct slw_detail *detail)
{
    const char *readable[] = {"/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
                              "/dev/urandom", arguments->directory};
    size_t readable_count = sizeof readable / sizeof *readable;
    const char *runnable[SLW_SANDBOX_PATHS_MAX] = {"/usr", "/lib", "/lib64", "/bin", "/sbin"};
    const char *const writable[] = {"/dev/null"};
    size_t count = 5;
    for (size_t i = 0; i < arguments->runnable_count && count < SLW_SANDBOX_PATHS_MAX; i++) {
        runnable[count++] = arguments->runnable[i];
    }
    struct slw_sandbox_paths paths = {
        .readable = readable,
        .readable_count =
            strcmp(arguments->directory, "/") == 0 ? readable_count - 1 : readable_count,
        .runnable = runnable,
        .runnable_count = count,
        .writable = writable,
        .writable_count = 1,
        .alone = true,
    };
    return slw_sandbox_restrict_paths(&paths, ret_done, detail);
}

static bool pass_filter(int socket, enum slw_sandbox_profile profile,
                        enum slw_sandbox_action action)
{
    struct slw_sandbox_filter filter;
    struct slw_detail ignored;
    return slw_sandbox_filter_make(profile, action, &filter, &ignored) == SLW_OK &&
           send(socket, filter.program, filter.len, MSG_NOSIGNAL) == (ssize_t)filter.len;
}

static bool take_filter(int socket, struct slw_sandbox_filter *ret_filter)
{
    uint8_t *program = malloc(FILTER_SIZE_MAX);
    ssize_t len = program == NULL ? -1 : recv(socket, program, FILTER_SIZE_MAX, 0);
    if (len <= 0 || (size_t)len == FILTER_SIZE_MAX) {
        free(program);
        return false;
    }
    *ret_filter = (struct slw_sandbox_filter){program, (size_t)len};
    return true;
}

/*
 * Filters are made by a child of its own, for making one leaves memory in many pieces, of which
 * each judge would copy a page for nearly each that it takes.
 */
static enum slw_status make_filters(struct slw_children *children,
                                    struct slw_sandbox_filter *ret_own, struct slw_detail *detail)
{
    int pair[2] = {-1, -1};
    pid_t pid = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        pid = fork();
    }
    if (pid == 0) {
        _exit(pass_filter(pair[1], SLW_SANDBOX_SPAWNER, SLW_SANDBOX_REFUSE) &&
                      pass_filter(pair[1], SLW_SANDBOX_JUDGE, SLW_SANDBOX_KILL) &&
                      pass_filter(pair[1], SLW_SANDBOX_VALIDATOR, SLW_SANDBOX_REFUSE)
                  ? EXIT_SUCCESS
                  : EXIT_FAILURE);
    }
    (void)close(pair[1]);
    bool made = pid > 0 && take_filter(pair[0], ret_own) &&
                take_filter(pair[0], &children->judge_filter) &&
                take_filter(pair[0], &children->validator_filter);
    (void)close(pair[0]);
    if (pid > 0) {
        (void)waitpid(pid, NULL, 0);
    }
    return made ? SLW_OK : slw_explain(detail, SLW_IO, "filters of system calls can't be made");
}

static enum slw_status confine(const struct arguments *arguments, struct slw_children *children,
                               struct slw_sandbox_done *ret_done, struct slw_detail *detail)
{
    const struct slw_sandbox_limits limits = {.descriptors = SPAWNER_DESCRIPTORS_MAX};
    struct slw_sandbox_filter own;
    SLW_TRY(slw_sandbox_clear_environment(detail));
    SLW_TRY(slw_sandbox_drop_user(&arguments->user, detail));
    SLW_TRY(slw_sandbox_forbid_dumps(detail));
    SLW_TRY(slw_sandbox_set_limits(&limits, detail));
    SLW_TRY(slw_sandbox_forbid_privileges(detail));
    SLW_TRY(make_filters(children, &own, detail));
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return slw_explain_errno(detail, "becoming the parent of orphans");
    }
    SLW_TRY(restrict_paths(arguments, ret_done, detail));
    enum slw_status status = slw_sandbox_filter_apply(&own, detail);
    slw_sandbox_filter_free(&own);
    return status;
}

/* Descriptors 0 to 2 are there and lead nowhere, but for errors; nothing else was inherited. */
static bool arrange_descriptors(void)
{
    static const int kept[] = {2, ORDERS};
    struct slw_detail detail;
    if (slw_sandbox_keep_descriptors(kept, 2, &detail) != SLW_OK) {
        return false;
    }
    // cppcheck-suppress leakReturnValNotUsed ; it is 0 now, and stays open
    return open("/dev/null", O_RDWR) == 0 && dup2(0, 1) == 1 &&
           fcntl(ORDERS, F_SETFD, FD_CLOEXEC) == 0;
}

/* The packet that the key process waits for: the status in four bytes, and text. */
static bool tell_ready(enum slw_status status, const char *text)
{
    uint8_t packet[sizeof(uint32_t) + sizeof(struct slw_detail)];
    struct slw_writer writer;
    slw_writer_init(&writer, packet, sizeof packet);
    slw_writer_u32_le(&writer, (uint32_t)status);
    slw_writer_put(&writer, slw_bytes_make(text, strlen(text)));
    return send(ORDERS, packet, writer.len, MSG_NOSIGNAL) == (ssize_t)writer.len;
}

static int watch_children(struct slw_children *children)
{
    sigset_t ended;
    (void)sigemptyset(&ended);
    (void)sigaddset(&ended, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &ended, &children->calm) != 0) {
        return -1;
    }
    return signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Reads until the key process has closed its end. A judge has said all that it will when it ends,
 * so nobody is woken for that: it is reaped with the next order, or within a second.
 */
static void serve(struct slw_children *children, int ended)
{
    static uint8_t packet[SLW_ORDER_SIZE_MAX];
    static struct pollfd polled[2 + SLW_CHILDREN_MAX];
    struct signalfd_siginfo signals[16];
    bool has_children = false;
    for (;;) {
        int timeout_ms = slw_children_end_overdue(children);
        if (has_children && (timeout_ms < 0 || timeout_ms > REAP_MS)) {
            timeout_ms = REAP_MS;
        }
        polled[0] = (struct pollfd){.fd = ORDERS, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = children->validators > 0 ? ended : -1, .events = POLLIN};
        size_t count = 2 + slw_children_poll(children, polled + 2);
        if (poll(polled, (nfds_t)count, timeout_ms) < 0) {
            continue; /* a signal */
        }
        for (size_t i = 2; i < count; i++) {
            if (polled[i].revents != 0) {
                slw_children_read(children, polled[i].fd);
            }
        }
        if (polled[1].revents != 0) {
            while (read(ended, signals, sizeof signals) == (ssize_t)sizeof signals) {
            }
        }
        has_children = slw_children_reap(children);
        if (polled[0].revents != 0) {
            struct slw_order order;
            enum slw_status status = slw_order_receive(ORDERS, packet, &order);
            if (status == SLW_IO_CLOSED) {
                return;
            }
            if (status == SLW_OK) {
                slw_children_obey(children, &order);
                has_children = true;
                /* The next judge isn't to know what this one was asked. */
                memset(packet, 0, SLW_ORDER_HEAD_SIZE + order.rules.len);
            }
        }
    }
}

/*
 * Children have memory of the heap alone, so that their filter can be short. It is in one piece and
 * as large as most of them need, so that none has to put in order what was freed here, page by
 * page, nor ask for more; none gives anything back before its end.
 */
static void prepare_heap(void)
{
    (void)mallopt(M_MMAP_MAX, 0);
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
    (void)malloc_trim(0);
    void *volatile room = malloc(CHILD_HEAP_SIZE); /* volatile: compilers leave out such a pair */
    free(room);
}

int main(int argc, char **argv)
{
    static struct slw_children children;
    struct arguments arguments;
    struct slw_sandbox_done done = {0};
    struct slw_detail detail = {.text = ""};
    if (!read_arguments(argc, argv, &arguments) || !arrange_descriptors()) {
        (void)fprintf(stderr, "slipway-signer-judge is started by slipway-signer-keys alone\n");
        return EXIT_FAILURE;
    }
    children.directory = arguments.directory;
    int ended = watch_children(&children);
    enum slw_status status = ended < 0 ? slw_explain_errno(&detail, "signals")
                                       : confine(&arguments, &children, &done, &detail);
    if (!tell_ready(status, status == SLW_OK ? done.missing : detail.text) || status != SLW_OK) {
        return EXIT_FAILURE;
    }
    prepare_heap();
    serve(&children, ended);
    slw_children_end_all(&children);
    /* Nothing is left to be written, and what runs at exit isn't made for a confined process. */
    _exit(EXIT_SUCCESS);
}
