/* SPDX-License-Identifier: Apache-2.0 */
/* What a process gave up is gone: users, descriptors, environment, limits, files; secrets stay. */
/* For prlimit() and getresuid(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "test_child.h"

#include "slipway/sandbox.h"

#include "tap.h"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct slw_detail detail;
static char directory[] = "/tmp/slipway-sandbox-test-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[2][160];
    static unsigned turn;
    turn ^= 1;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", directory, name);
    return path[turn];
}

static bool can_open(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)close(file);
    }
    return file >= 0;
}

/* --- users --- */

static void finds_users_by_name(void)
{
    struct slw_sandbox_user user = {.uid = 77};
    TAP_EQUAL_INT(slw_sandbox_find_user("nobody", &user, &detail), SLW_OK);
    TAP_CHECK(user.uid != 0 && user.uid != 77 && user.groups_count == 0);
    TAP_EQUAL_INT(slw_sandbox_find_user("nobod", &user, &detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_sandbox_find_user("", &user, &detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_sandbox_find_user("nobody:x", &user, &detail), SLW_NOT_FOUND);
}

static void refuses_to_stay_root(void)
{
    struct slw_sandbox_user user = {.uid = 0, .gid = 65534};
    TAP_EQUAL_INT(slw_sandbox_drop_user(&user, &detail), SLW_BAD_ARGUMENT);
    user = (struct slw_sandbox_user){.uid = 65534, .groups_count = SLW_SANDBOX_GROUPS_MAX + 1};
    TAP_EQUAL_INT(slw_sandbox_drop_user(&user, &detail), SLW_BAD_ARGUMENT);
}

static int drop_and_try_to_come_back(const void *context)
{
    const struct slw_sandbox_user *user = context;
    struct slw_sandbox_user other = *user;
    uid_t ids[3];
    if (slw_sandbox_drop_user(user, &detail) != SLW_OK) {
        return 1;
    }
    if (getresuid(&ids[0], &ids[1], &ids[2]) != 0 || ids[0] != user->uid || ids[1] != user->uid ||
        ids[2] != user->uid || getgid() != user->gid ||
        getgroups(0, NULL) != (int)user->groups_count) {
        return 2;
    }
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0) {
        return 3;
    }
    if (can_open("/etc/shadow", O_RDONLY)) {
        return 4;
    }
    other.uid++;
    if (slw_sandbox_drop_user(&other, &detail) != SLW_BAD_ARGUMENT) {
        return 5;
    }
    return slw_sandbox_drop_user(user, &detail) == SLW_OK ? 0 : 6;
}

static void becomes_another_user_for_good(void)
{
    const struct slw_sandbox_user alone = {.uid = 65534, .gid = 65534};
    const struct slw_sandbox_user grouped = {
        .uid = 64321, .gid = 64322, .groups = {64323, 64324}, .groups_count = 2};
    if (geteuid() != 0) {
        TAP_SKIP("only root can become another user");
    }
    TAP_EQUAL_INT(in_child(drop_and_try_to_come_back, &alone), 0);
    TAP_EQUAL_INT(in_child(drop_and_try_to_come_back, &grouped), 0);
}

/* --- what it inherited --- */

static int keep_some_descriptors(const void *context)
{
    int kept[] = {9, 2, 7, 7, -1, 200};
    (void)context;
    for (int i = 3; i < 12; i++) {
        if (dup2(1, i) != i) {
            return 1;
        }
    }
    if (slw_sandbox_keep_descriptors(kept, sizeof kept / sizeof *kept, &detail) != SLW_OK) {
        return 2;
    }
    for (int i = 0; i < 300; i++) {
        bool open_now = fcntl(i, F_GETFD) >= 0;
        if (open_now != (i == 2 || i == 7 || i == 9)) {
            return 10 + (i < 80 ? i : 80);
        }
    }
    return slw_sandbox_keep_descriptors(NULL, 0, &detail) == SLW_OK && fcntl(2, F_GETFD) < 0 ? 0
                                                                                             : 3;
}

static void closes_all_descriptors_but_those_listed(void)
{
    static const int many[SLW_SANDBOX_KEPT_MAX + 1];
    TAP_EQUAL_INT(in_child(keep_some_descriptors, NULL), 0);
    TAP_EQUAL_INT(slw_sandbox_keep_descriptors(many, SLW_SANDBOX_KEPT_MAX + 1, &detail),
                  SLW_BAD_ARGUMENT);
}

static int clear_environment(const void *context)
{
    size_t count = 0;
    (void)context;
    if (setenv("LD_PRELOAD", "x", 1) != 0 || setenv("OPENSSL_CONF", "x", 1) != 0 ||
        slw_sandbox_clear_environment(&detail) != SLW_OK) {
        return 1;
    }
    while (environ[count] != NULL) {
        count++;
    }
    if (getenv("LD_PRELOAD") != NULL || getenv("OPENSSL_CONF") != NULL || getenv("PATH") == NULL) {
        return 2;
    }
    return count == 2 ? 0 : 3;
}

static void leaves_nothing_in_the_environment(void)
{
    TAP_EQUAL_INT(in_child(clear_environment, NULL), 0);
}

/* --- limits --- */

static int grow_beyond_limits(const void *context)
{
    const struct slw_sandbox_limits limits = {
        .memory_bytes = (uint64_t)1 << 40, .descriptors = 20, .file_bytes = SLW_SANDBOX_NO_FILE};
    const struct slw_sandbox_limits higher = {.descriptors = 100};
    struct rlimit limit;
    (void)context;
    if (slw_sandbox_set_limits(&limits, &detail) != SLW_OK ||
        slw_sandbox_set_limits(&higher, &detail) != SLW_OK) {
        return 1;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max != 20 || limit.rlim_cur != 20) {
        return 2;
    }
    if (!SHADOWED && (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_max != (rlim_t)1 << 40)) {
        return 3;
    }
    if (dup2(1, 20) >= 0) {
        return 4;
    }
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    bool refused = file >= 0 && sigaction(SIGXFSZ, &ignore, NULL) == 0 && write(file, "x", 1) < 0;
    (void)close(file);
    return refused ? 0 : 5;
}

static int loop_for_ever(const void *context)
{
    const struct slw_sandbox_limits limits = {.cpu_s = 1};
    volatile unsigned turns = 0;
    (void)context;
    if (slw_sandbox_set_limits(&limits, &detail) != SLW_OK) {
        return 1;
    }
    for (;;) {
        turns++;
    }
}

static void limits_hold_and_are_never_raised(void)
{
    TAP_EQUAL_INT(in_child(grow_beyond_limits, NULL), 0);
    int ended = in_child(loop_for_ever, NULL);
    TAP_CHECK(ended == 100 + SIGXCPU || ended == 100 + SIGKILL);
}

static int show_nothing(const void *context)
{
    struct rlimit limit;
    struct stat about;
    (void)context;
    if (slw_sandbox_forbid_dumps(&detail) != SLW_OK || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return 1;
    }
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0) {
        return 2;
    }
    return stat("/proc/self/mem", &about) == 0 && about.st_uid == 0 ? 0 : 3;
}

static void shows_its_memory_to_nobody(void)
{
    TAP_EQUAL_INT(in_child(show_nothing, NULL), 0);
}

static int gain_nothing(const void *context)
{
    (void)context;
    if (slw_sandbox_forbid_privileges(&detail) != SLW_OK) {
        return 1;
    }
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
}

static void gains_no_privileges(void)
{
    TAP_EQUAL_INT(in_child(gain_nothing, NULL), 0);
}

/* --- memory --- */

static uint64_t number_in_status(const char *name)
{
    char line[256];
    uint64_t number = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            number = strtoull(line + strlen(name), NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return number;
}

static int lock_all(const void *context)
{
    (void)context;
    if (slw_sandbox_lock_memory(&detail) != SLW_OK) {
        return 1;
    }
    uint64_t before_kb = number_in_status("VmLck:");
    const size_t len = (size_t)1 << 20;
    // cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory has for a descriptor
    char *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (before_kb == 0 || memory == MAP_FAILED) {
        return 2;
    }
    memory[0] = 1;
    uint64_t after_kb = number_in_status("VmLck:");
    (void)munmap(memory, len);
    return after_kb >= before_kb + 1024 ? 0 : 3;
}

static void locks_what_it_has_and_will_have(void)
{
    if (SHADOWED) {
        TAP_SKIP("a sanitizer's shadow is too large to be locked");
    }
    if (geteuid() != 0) {
        TAP_SKIP("only root may lock any amount of memory");
    }
    TAP_EQUAL_INT(in_child(lock_all, NULL), 0);
}

static int touch(const void *context)
{
    (void)close(2); /* a sanitizer has much to say */
    return *(const volatile uint8_t *)context;
}

static void keeps_secrets_between_guards_and_from_children(void)
{
    uint8_t *secret = slw_secret_alloc(33);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    TAP_REQUIRE(secret != NULL);
    TAP_EQUAL_INT(secret[0], 0);
    TAP_EQUAL_INT(secret[32], 0);
    memset(secret, 42, 33);
    TAP_EQUAL_INT(in_child(touch, secret), 0); /* zeros in a child */
    TAP_EQUAL_INT(secret[32], 42);
    /* A sanitizer makes an exit of the signal. */
    int before = in_child(touch, secret - 1);
    int behind = in_child(touch, secret + page);
    TAP_CHECK(before == 100 + SIGSEGV || before == 1);
    TAP_CHECK(behind == 100 + SIGSEGV || behind == 1);
    slw_secret_free(secret, 33);
    int after = in_child(touch, secret);
    TAP_CHECK(after == 100 + SIGSEGV || after == 1);
    TAP_CHECK(slw_secret_alloc(0) == NULL);
    TAP_CHECK(slw_secret_alloc(SIZE_MAX) == NULL);
    TAP_CHECK(slw_secret_alloc(SIZE_MAX - 3 * page) == NULL);
    slw_secret_free(NULL, 5);
}

/* --- files --- */

static bool can_run(const char *path)
{
    pid_t pid = fork();
    int ended = -1;
    if (pid == 0) {
        char *arguments[] = {(char[]){"true"}, NULL};
        char *environment[] = {NULL};
        (void)execve(path, arguments, environment);
        _exit(1);
    }
    return pid > 0 && waitpid(pid, &ended, 0) == pid && ended == 0;
}

static int use_files(const void *context)
{
    char writable[96];
    char readable[96];
    const char *const read[] = {readable, "/nonexistent/path", "/etc/passwd"};
    const char *const run[] = {"/usr", "/lib", "/lib64"};
    const char *const write[] = {writable};
    const struct slw_sandbox_paths paths = {read, 3, run, 3, write, 1, false, true, false};
    struct slw_sandbox_done done;
    const int *before = context;
    (void)snprintf(writable, sizeof writable, "%s/writable", directory);
    (void)snprintf(readable, sizeof readable, "%s/readable", directory);
    if (slw_sandbox_forbid_privileges(&detail) != SLW_OK ||
        slw_sandbox_restrict_paths(&paths, &done, &detail) != SLW_OK) {
        return 1;
    }
    if (done.abi == 0) {
        return done.missing[0] != '\0' ? 98 : 2;
    }
    char byte = 0;
    if (!can_open(path_of("readable/file"), O_RDONLY) || !can_open("/etc/passwd", O_RDONLY) ||
        !can_open(path_of("writable/new"), O_RDWR | O_CREAT) || pread(*before, &byte, 1, 0) != 1) {
        return 3;
    }
    if (can_open(path_of("readable/file"), O_RDWR) ||
        can_open(path_of("readable/new"), O_RDWR | O_CREAT) || can_open("/etc/group", O_RDONLY) ||
        can_open(path_of("secret"), O_RDONLY) || can_open("/", O_RDONLY) ||
        can_open("/proc/self/environ", O_RDONLY)) {
        return 4;
    }
    if (rename(path_of("secret"), path_of("writable/secret")) == 0 ||
        link(path_of("secret"), path_of("writable/secret")) == 0 ||
        unlink(path_of("readable/file")) == 0 ||
        mknod(path_of("writable/device"), S_IFCHR | 0600, 0x103) == 0) {
        return 5;
    }
    if (symlink(path_of("secret"), path_of("writable/link")) == 0 ||
        can_open(path_of("writable/link"), O_RDONLY)) {
        return 6;
    }
    if (!can_run("/usr/bin/true") || can_run(path_of("writable/program")) ||
        can_run(path_of("readable/program"))) {
        return 7;
    }
    return done.abi < 6 || kill(getppid(), 0) != 0 ? 0 : 8;
}

static void copy_program(const char *path)
{
    char block[4096];
    int from = open("/usr/bin/true", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ssize_t len = read(from, block, sizeof block);
    while (len > 0 && write(to, block, (size_t)len) == len) {
        len = read(from, block, sizeof block);
    }
    (void)close(from);
    (void)close(to);
}

static void opens_only_files_that_it_named(void)
{
    TAP_REQUIRE(mkdir(path_of("readable"), 0700) == 0 && mkdir(path_of("writable"), 0700) == 0);
    TAP_REQUIRE(can_open(path_of("readable/file"), O_RDWR | O_CREAT));
    int secret = open(path_of("secret"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    TAP_REQUIRE(secret >= 0 && write(secret, "s", 1) == 1);
    copy_program(path_of("writable/program"));
    copy_program(path_of("readable/program"));
    TAP_REQUIRE(can_run(path_of("writable/program")) && can_run(path_of("readable/program")));
    int ended = in_child(use_files, &secret);
    (void)close(secret);
    if (ended == 98) {
        TAP_SKIP("this kernel has no Landlock");
    }
    TAP_EQUAL_INT(ended, 0);
}

static int use_network(const void *context)
{
    const bool *network = context;
    struct slw_sandbox_paths paths = {.network = *network};
    struct slw_sandbox_done done;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (slw_sandbox_forbid_privileges(&detail) != SLW_OK ||
        slw_sandbox_restrict_paths(&paths, &done, &detail) != SLW_OK) {
        return 1;
    }
    if (done.abi < 4) {
        return done.missing[0] != '\0' ? 98 : 2;
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound =
        listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(listener);
    return bound == *network ? 0 : 3;
}

static void has_no_network_unless_it_wants(void)
{
    bool network = true;
    int ended = in_child(use_network, &network);
    if (ended == 98) {
        TAP_SKIP("Landlock of this kernel doesn't restrict the network");
    }
    TAP_EQUAL_INT(ended, 0);
    network = false;
    TAP_EQUAL_INT(in_child(use_network, &network), 0);
}

static void refuses_more_paths_than_it_takes(void)
{
    static const char *const many[SLW_SANDBOX_PATHS_MAX + 1];
    const struct slw_sandbox_paths paths = {.readable = many,
                                            .readable_count = SLW_SANDBOX_PATHS_MAX + 1};
    struct slw_sandbox_done done = {0};
    enum slw_status status = slw_sandbox_restrict_paths(&paths, &done, &detail);
    TAP_CHECK(status == SLW_BAD_ARGUMENT || (status == SLW_OK && done.abi == 0));
}

/* Without no-new-privileges the kernel refuses, and so does this. */
static int restrict_too_early(const void *context)
{
    const struct slw_sandbox_user nobody = {.uid = 65534, .gid = 65534};
    const struct slw_sandbox_paths paths = {0};
    struct slw_sandbox_done done = {0};
    (void)context;
    if (geteuid() == 0 && slw_sandbox_drop_user(&nobody, &detail) != SLW_OK) {
        return 1;
    }
    if (slw_sandbox_restrict_calls(SLW_SANDBOX_JUDGE, SLW_SANDBOX_KILL, &detail) != SLW_IO) {
        return 2;
    }
    enum slw_status status = slw_sandbox_restrict_paths(&paths, &done, &detail);
    return status == SLW_IO || (status == SLW_OK && done.abi == 0) ? 0 : 3;
}

static void says_when_it_could_not_restrict(void)
{
    TAP_EQUAL_INT(in_child(restrict_too_early, NULL), 0);
}

static void remove_files(void)
{
    static const char *const files[] = {"readable/file", "readable/program", "writable/new",
                                        "writable/program", "secret"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)unlink(path_of(files[i]));
    }
    (void)rmdir(path_of("readable"));
    (void)rmdir(path_of("writable"));
    (void)rmdir(directory);
}

int main(void)
{
    if (mkdtemp(directory) == NULL) {
        return EXIT_FAILURE;
    }
    TAP_RUN(finds_users_by_name);
    TAP_RUN(refuses_to_stay_root);
    TAP_RUN(becomes_another_user_for_good);
    TAP_RUN(closes_all_descriptors_but_those_listed);
    TAP_RUN(leaves_nothing_in_the_environment);
    TAP_RUN(limits_hold_and_are_never_raised);
    TAP_RUN(shows_its_memory_to_nobody);
    TAP_RUN(gains_no_privileges);
    TAP_RUN(locks_what_it_has_and_will_have);
    TAP_RUN(keeps_secrets_between_guards_and_from_children);
    TAP_RUN(opens_only_files_that_it_named);
    TAP_RUN(has_no_network_unless_it_wants);
    TAP_RUN(refuses_more_paths_than_it_takes);
    TAP_RUN(says_when_it_could_not_restrict);
    remove_files();
    return tap_finish();
}
