/* SPDX-License-Identifier: Apache-2.0 */
/* What each profile of system calls lets happen, and what it doesn't: tried in child processes. */
/* For unshare(), clone flags and process_vm_readv(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "test_child.h"

#include "slipway/sandbox.h"

#include "tap.h"

#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define KILLED (100 + SIGSYS)

/* An open file and a socketpair, made before anything was given up. */
static int file = -1;
static int pair[2] = {-1, -1};

/* Each returns 0 when it worked, and errno otherwise. */
static int result_of(long returned)
{
    return returned < 0 ? errno : 0;
}

static int read_open_file(void)
{
    char byte = 0;
    return result_of(pread(file, &byte, 1, 0));
}

static int use_memory(void)
{
    size_t len = (size_t)4 << 20;
    char *memory = malloc(len);
    if (memory == NULL) {
        return ENOMEM;
    }
    memset(memory, 1, len);
    int result = memory[len - 1] == 1 ? 0 : EIO;
    free(memory);
    return result;
}

static int send_verdict(void)
{
    return result_of(send(pair[0], "verdict", 7, MSG_NOSIGNAL));
}

static int open_file(void)
{
    return result_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int make_file(void)
{
    return result_of(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

static int give_file_away(void)
{
    return result_of(fchown(STDERR_FILENO, (uid_t)-1, (gid_t)-1));
}

static int connect_local(void)
{
    return result_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int connect_network(void)
{
    return result_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int connect_raw(void)
{
    int result = result_of(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    return result == 0 || result == EPERM ? result : EIO;
}

static int make_socketpair(void)
{
    int made[2];
    return result_of(socketpair(AF_UNIX, SOCK_STREAM, 0, made));
}

static int have_child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? errno : result_of(waitpid(pid, NULL, 0));
}

static int run_program(void)
{
    char *arguments[] = {(char[]){"true"}, NULL};
    char *environment[] = {NULL};
    return result_of(execve("/bin/true", arguments, environment));
}

static void *do_nothing(void *context)
{
    return context;
}

static int have_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, do_nothing, NULL);
    return error != 0 ? error : pthread_join(thread, NULL);
}

static int make_runnable_memory(void)
{
    // cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory has for a descriptor
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : result_of(munmap(memory, 4096));
}

static int make_memory_runnable(void)
{
    /* As large as a page may be. */
    static _Alignas(65536) uint8_t memory[65536];
    return result_of(mprotect(memory, sizeof memory, PROT_READ | PROT_EXEC));
}

static int signal_parent(void)
{
    return result_of(kill(getppid(), 0));
}

static int signal_by_thread(void)
{
    return result_of(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int leave_group(void)
{
    return result_of(setsid());
}

static int change_group(void)
{
    return result_of(setpgid(0, 0));
}

static int trace(void)
{
    return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_other_process(void)
{
    char byte = 0;
    struct iovec local = {&byte, 1};
    struct iovec remote = {&byte, 1};
    return result_of(process_vm_readv(getppid(), &local, 1, &remote, 1, 0));
}

static int make_namespace(void)
{
    return result_of(unshare(CLONE_NEWUSER));
}

static int clone_namespace(void)
{
    return result_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int become_another_user(void)
{
    return result_of(syscall(SYS_setuid, 65534));
}

static int use_ring(void)
{
    return result_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int load_program_into_kernel(void)
{
    return result_of(syscall(SYS_bpf, 0, NULL, 0));
}

static int forget_parent(void)
{
    return result_of(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

static int limit_parent(void)
{
    struct rlimit limit;
    return result_of(prlimit(getppid(), RLIMIT_CPU, NULL, &limit));
}

static int set_clock(void)
{
    struct timespec now = {.tv_sec = 1};
    return result_of(clock_settime(CLOCK_REALTIME, &now));
}

static int write_nothing(void)
{
    return result_of((int)write(STDOUT_FILENO, "", 0));
}

static int close_something(void)
{
    return result_of(close(STDIN_FILENO));
}

static int sleep_briefly(void)
{
    return result_of(nanosleep(&(struct timespec){.tv_nsec = 1}, NULL));
}

enum {
    KEYS = 1 << SLW_SANDBOX_KEYS,
    JUDGE = 1 << SLW_SANDBOX_JUDGE,
    FRONT = 1 << SLW_SANDBOX_FRONT,
    VALIDATOR = 1 << SLW_SANDBOX_VALIDATOR,
    SPAWNER = 1 << SLW_SANDBOX_SPAWNER,
    DEPOT = 1 << SLW_SANDBOX_DEPOT,
    SERVERS = FRONT | DEPOT,
    ALL = KEYS | JUDGE | SERVERS | VALIDATOR | SPAWNER,
};

static const struct act {
    const char *name;
    int (*act)(void);
    unsigned allowed; /* profiles */
} acts[] = {
    {"read an open file", read_open_file, ALL},
    {"use memory", use_memory, ALL},
    {"send on an open socket", send_verdict, KEYS | JUDGE | SERVERS | SPAWNER},
    {"write to what is open", write_nothing, ALL & ~(unsigned)JUDGE},
    {"close what is open", close_something, ALL & ~(unsigned)JUDGE},
    {"sleep", sleep_briefly, ALL & ~(unsigned)JUDGE},
    {"open a file", open_file, ALL & ~(unsigned)JUDGE},
    {"make a file", make_file, ALL & ~(unsigned)JUDGE},
    {"another owner of a file", give_file_away, DEPOT},
    {"a local socket", connect_local, KEYS | SERVERS},
    {"a network socket", connect_network, SERVERS},
    {"a raw socket", connect_raw, 0},
    {"a pair of sockets", make_socketpair, KEYS | SERVERS | SPAWNER},
    {"a child process", have_child, VALIDATOR | SPAWNER},
    {"a program", run_program, VALIDATOR | SPAWNER},
    {"a thread", have_thread, KEYS | SERVERS | VALIDATOR | SPAWNER},
    {"new memory to run", make_runnable_memory, VALIDATOR | SPAWNER},
    {"its memory to run", make_memory_runnable, VALIDATOR | SPAWNER},
    {"a signal to its parent", signal_parent, KEYS | SPAWNER},
    {"a signal to its parent's thread", signal_by_thread, 0},
    {"a session of its own", leave_group, 0},
    {"a process group of its own", change_group, SPAWNER},
    {"being traced", trace, 0},
    {"another's memory", read_other_process, 0},
    {"a user namespace", make_namespace, 0},
    {"a child in a user namespace", clone_namespace, 0},
    {"another user", become_another_user, 0},
    {"a ring", use_ring, 0},
    {"a program for the kernel", load_program_into_kernel, 0},
    {"living on without its parent", forget_parent, SPAWNER},
    {"another's limits", limit_parent, SPAWNER},
    {"the clock", set_clock, 0},
};
#define ACTS_COUNT (sizeof acts / sizeof *acts)

struct attempt {
    enum slw_sandbox_profile profile;
    enum slw_sandbox_action action;
    int (*act)(void);
};

static int try_it(const void *context)
{
    const struct attempt *attempt = context;
    struct slw_detail detail;
    if (slw_sandbox_forbid_privileges(&detail) != SLW_OK ||
        slw_sandbox_restrict_calls(attempt->profile, attempt->action, &detail) != SLW_OK) {
        return 99;
    }
    return attempt->act();
}

/* What is allowed works; what isn't ends in refused. */
static void check_profile(enum slw_sandbox_profile profile, enum slw_sandbox_action action,
                          int refused)
{
    for (size_t i = 0; i < ACTS_COUNT; i++) {
        struct attempt attempt = {profile, action, acts[i].act};
        bool allowed = (acts[i].allowed & 1u << profile) != 0;
        /* Who has the heap alone is told that there is no other memory, whatever for. */
        bool told =
            acts[i].act == make_runnable_memory && profile == SLW_SANDBOX_JUDGE && !SHADOWED;
        TAP_ROW(acts[i].name);
        TAP_EQUAL_INT(in_child(try_it, &attempt), allowed ? 0 : told ? ENOMEM : refused);
    }
    TAP_ROW(NULL);
}

static void the_key_process_can_do_this_and_no_more(void)
{
    check_profile(SLW_SANDBOX_KEYS, SLW_SANDBOX_KILL, KILLED);
}

static void a_judge_can_do_this_and_no_more(void)
{
    check_profile(SLW_SANDBOX_JUDGE, SLW_SANDBOX_KILL, KILLED);
}

static void the_front_can_do_this_and_no_more(void)
{
    check_profile(SLW_SANDBOX_FRONT, SLW_SANDBOX_KILL, KILLED);
}

static void the_depot_can_do_this_and_no_more(void)
{
    check_profile(SLW_SANDBOX_DEPOT, SLW_SANDBOX_KILL, KILLED);
}

/* A name that isn't, and one that is, whatever modules the machine's name service has. */
static int find_names(const void *context)
{
    const struct attempt *attempt = context;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    struct slw_detail detail;
    if (setenv("RES_OPTIONS", "timeout:1 attempts:1", 1) != 0 ||
        slw_sandbox_forbid_privileges(&detail) != SLW_OK) {
        return 99;
    }
    slw_sandbox_load_name_service();
    if (slw_sandbox_restrict_calls(attempt->profile, attempt->action, &detail) != SLW_OK) {
        return 99;
    }
    if (getaddrinfo("slipway-test.invalid", "80", &hints, &found) == 0) {
        return 98;
    }
    return getaddrinfo("localhost", "80", &hints, &found) == 0 ? 0 : 97;
}

static void servers_find_hosts_by_name(void)
{
    struct attempt front = {.profile = SLW_SANDBOX_FRONT, .action = SLW_SANDBOX_KILL};
    struct attempt depot = {.profile = SLW_SANDBOX_DEPOT, .action = SLW_SANDBOX_KILL};
    TAP_EQUAL_INT(in_child(find_names, &front), 0);
    TAP_EQUAL_INT(in_child(find_names, &depot), 0);
}

static void a_validator_can_do_this_and_no_more(void)
{
    check_profile(SLW_SANDBOX_VALIDATOR, SLW_SANDBOX_REFUSE, EPERM);
}

static void the_spawner_can_do_this_and_no_more(void)
{
    check_profile(SLW_SANDBOX_SPAWNER, SLW_SANDBOX_REFUSE, EPERM);
}

/* Without a filter everything works that needs no rights: the checks above see the filter. */
static void without_a_filter_it_is_done(void)
{
    struct attempt attempt = {SLW_SANDBOX_JUDGE, SLW_SANDBOX_LOG, open_file};
    TAP_EQUAL_INT(in_child(try_it, &attempt), 0);
    attempt.act = connect_network;
    TAP_EQUAL_INT(in_child(try_it, &attempt), 0);
    attempt.act = have_child;
    TAP_EQUAL_INT(in_child(try_it, &attempt), 0);
    attempt.act = run_program;
    TAP_EQUAL_INT(in_child(try_it, &attempt), 0);
}

static int two_filters(const void *context)
{
    const struct slw_sandbox_filter *filter = context;
    struct slw_detail detail;
    if (slw_sandbox_forbid_privileges(&detail) != SLW_OK ||
        slw_sandbox_restrict_calls(SLW_SANDBOX_SPAWNER, SLW_SANDBOX_REFUSE, &detail) != SLW_OK ||
        slw_sandbox_filter_apply(filter, &detail) != SLW_OK) {
        return 99;
    }
    return open_file();
}

/* As a judge is made: the spawner's filter lets it take another one, and the strictest counts. */
static void filters_add_up(void)
{
    struct slw_sandbox_filter filter;
    struct slw_detail detail;
    TAP_REQUIRE(slw_sandbox_filter_make(SLW_SANDBOX_JUDGE, SLW_SANDBOX_KILL, &filter, &detail) ==
                SLW_OK);
    TAP_EQUAL_INT(in_child(two_filters, &filter), KILLED);
    slw_sandbox_filter_free(&filter);
}

static void refuses_a_profile_that_is_none(void)
{
    struct slw_sandbox_filter filter = {.len = 7};
    struct slw_detail detail;
    TAP_EQUAL_INT(
        slw_sandbox_filter_make((enum slw_sandbox_profile)77, SLW_SANDBOX_KILL, &filter, &detail),
        SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(filter.len, 7);
}

int main(void)
{
    file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return EXIT_FAILURE;
    }
    TAP_RUN(the_key_process_can_do_this_and_no_more);
    TAP_RUN(a_judge_can_do_this_and_no_more);
    TAP_RUN(the_front_can_do_this_and_no_more);
    TAP_RUN(the_depot_can_do_this_and_no_more);
    TAP_RUN(servers_find_hosts_by_name);
    TAP_RUN(a_validator_can_do_this_and_no_more);
    TAP_RUN(the_spawner_can_do_this_and_no_more);
    TAP_RUN(without_a_filter_it_is_done);
    TAP_RUN(filters_add_up);
    TAP_RUN(refuses_a_profile_that_is_none);
    return tap_finish();
}
