/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program in a jail can't do. The attacks are this very program, started inside with the
 * attack's name; it prints what it did get, or ends with 0.
 */
#include "slipway/heap.h"
#include "slipway/http_clock.h"
#include "slipway/jail.h"
#include "slipway/text.h"

#include "remove_tree.h"
#include "tap.h"
#include "test_attacks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WITHIN_MS 30000
#define NOBODY 65534u

static struct slw_detail detail;
static char directory[] = "/tmp/slipway-jail-test-XXXXXX";
static char program[64]; /* a copy of this one, for whoever it runs as to read */
static char place[64];   /* what a jail mounts on */
static char secret[64];
static const struct slw_sandbox_user nobody = {.uid = NOBODY, .gid = NOBODY};

/* --- Outside --- */

static const struct slw_sandbox_user *somebody(void)
{
    return geteuid() == 0 ? &nobody : NULL;
}

static enum slw_status start(const char *attack, const char *argument, bool network,
                             struct slw_jail *ret_jail)
{
    static const char *const environment[] = {"A=b", NULL};
    const char *const readable[] = {program};
    const char *const command[] = {program, attack, argument, NULL};
    const struct slw_jail_settings settings = {
        .directory = place,
        .readable = readable,
        .readable_count = 1,
        .input = secret,
        .user = somebody(),
        .network = network,
        .files_bytes = FILES_BYTES,
        .memory_bytes = MEMORY_BYTES,
        .processes = PROCESSES,
        .command = command,
        .environment = environment,
    };
    return slw_jail_start(&settings, ret_jail, &detail);
}

/* Reads what it prints until it has ended, or time is over. */
static void attend(struct slw_jail *jail, struct slw_heap_buffer *ret_output)
{
    static char block[65536];
    int64_t until_ms = slw_http_clock_ms() + WITHIN_MS;
    int output = jail->output;
    while (!jail->ended && slw_http_clock_ms() < until_ms) {
        struct pollfd polled[] = {{.fd = jail->control, .events = POLLIN},
                                  {.fd = output, .events = POLLIN}};
        (void)poll(polled, 2, WITHIN_MS);
        ssize_t len = output < 0 ? -1 : read(output, block, sizeof block);
        slw_heap_append(ret_output, slw_bytes_make(block, len > 0 ? (size_t)len : 0));
        output = len == 0 ? -1 : output;
        slw_jail_listen(jail);
    }
    slw_jail_end(jail);
    for (ssize_t len = 1; len > 0;) {
        len = read(jail->output, block, sizeof block);
        slw_heap_append(ret_output, slw_bytes_make(block, len > 0 ? (size_t)len : 0));
    }
}

static bool jails_work(void)
{
    struct slw_jail jail;
    enum slw_status status = start("exit", "0", false, &jail);
    if (status == SLW_OK) {
        slw_jail_close(&jail);
    }
    return status != SLW_NOT_PERMITTED;
}

/* Runs an attack to its end; 0: it got nothing. */
static int fight(const char *attack, const char *argument)
{
    struct slw_heap_buffer output = {0};
    struct slw_jail jail;
    if (start(attack, argument, false, &jail) != SLW_OK) {
        (void)printf("# %s\n", detail.text);
        return -1;
    }
    attend(&jail, &output);
    int code = jail.how == SLW_JAIL_EXITED ? jail.value : 100 + (int)jail.how;
    if (code != 0) {
        (void)printf("# %s: %s\n", attack, slw_heap_text(&output));
    }
    slw_heap_drop(&output);
    slw_jail_close(&jail);
    return code;
}

static int listen_somewhere(char port[static 8])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        (void)close(listener);
        return -1;
    }
    (void)snprintf(port, 8, "%u", ntohs(address.sin_port));
    return listener;
}

/* A connection that said something; -1 when there is none in time. */
static int accept_one(int listener)
{
    struct pollfd polled = {.fd = listener, .events = POLLIN};
    char byte = 0;
    int connection = poll(&polled, 1, WITHIN_MS) == 1 ? accept(listener, NULL, NULL) : -1;
    if (connection >= 0 && read(connection, &byte, 1) != 1) {
        (void)close(connection);
        return -1;
    }
    return connection;
}

static bool is_over(int connection)
{
    struct pollfd polled = {.fd = connection, .events = POLLIN};
    char byte = 0;
    return poll(&polled, 1, WITHIN_MS) == 1 && read(connection, &byte, 1) <= 0;
}

/* --- Cases --- */

#define NEEDS_JAILS()                                                                              \
    do {                                                                                           \
        if (!jails_work()) {                                                                       \
            TAP_SKIP("this system doesn't let a user make namespaces with a /proc");               \
        }                                                                                          \
    } while (0)

static void tells_how_a_program_ended(void)
{
    struct slw_jail jail;
    struct slw_heap_buffer output = {0};
    NEEDS_JAILS();
    TAP_EQUAL_INT(fight("exit", "0"), 0);
    TAP_EQUAL_INT(fight("exit", "77"), 77);
    TAP_REQUIRE(start("signal", "6", false, &jail) == SLW_OK);
    attend(&jail, &output);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_SIGNALLED);
    TAP_EQUAL_INT(jail.value, SIGABRT);
    slw_jail_close(&jail);
    /* Those that the processes around it block, too. */
    TAP_REQUIRE(start("signal", "15", false, &jail) == SLW_OK);
    attend(&jail, &output);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_SIGNALLED);
    TAP_EQUAL_INT(jail.value, SIGTERM);
    slw_jail_close(&jail);
    slw_heap_drop(&output);
}

static void tells_that_a_program_is_not_there(void)
{
    static const char *const command[] = {"/usr/bin/there-is-no-such", NULL};
    static const char *const environment[] = {NULL};
    struct slw_heap_buffer output = {0};
    struct slw_jail_settings settings = {.directory = place,
                                         .user = somebody(),
                                         .files_bytes = FILES_BYTES,
                                         .memory_bytes = MEMORY_BYTES,
                                         .processes = 4,
                                         .command = command,
                                         .environment = environment};
    struct slw_jail jail;
    NEEDS_JAILS();
    TAP_REQUIRE(slw_jail_start(&settings, &jail, &detail) == SLW_OK);
    attend(&jail, &output);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_NOT_RUN);
    TAP_EQUAL_INT(jail.value, ENOENT);
    slw_jail_close(&jail);
    const char *const missing[] = {"/there/is/no/such"};
    settings.readable = missing;
    settings.readable_count = 1;
    TAP_EQUAL_INT(slw_jail_start(&settings, &jail, &detail), SLW_NOT_FOUND);
    slw_heap_drop(&output);
}

static void refuses_settings_that_confine_nothing(void)
{
    static const char *const command[] = {"/bin/true", NULL};
    static const char *const relative[] = {"true", NULL};
    static const char *const here[] = {"etc"};
    static const struct slw_sandbox_user root = {.uid = 0};
    const struct slw_jail_settings good = {.directory = place,
                                           .user = &nobody,
                                           .files_bytes = FILES_BYTES,
                                           .memory_bytes = MEMORY_BYTES,
                                           .processes = 4,
                                           .command = command};
    struct slw_jail jail = {.keeper = 77};
    struct slw_jail_settings bad = good;
    bad.user = &root;
    TAP_EQUAL_INT(slw_jail_start(&bad, &jail, &detail), SLW_BAD_ARGUMENT);
    bad = good;
    bad.files_bytes = 0;
    TAP_EQUAL_INT(slw_jail_start(&bad, &jail, &detail), SLW_BAD_ARGUMENT);
    bad = good;
    bad.memory_bytes = 0;
    TAP_EQUAL_INT(slw_jail_start(&bad, &jail, &detail), SLW_BAD_ARGUMENT);
    bad = good;
    bad.processes = 0;
    TAP_EQUAL_INT(slw_jail_start(&bad, &jail, &detail), SLW_BAD_ARGUMENT);
    bad = good;
    bad.command = relative;
    TAP_EQUAL_INT(slw_jail_start(&bad, &jail, &detail), SLW_BAD_ARGUMENT);
    bad = good;
    bad.readable = here;
    bad.readable_count = 1;
    TAP_EQUAL_INT(slw_jail_start(&bad, &jail, &detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(jail.keeper, 77);
}

static void keeps_files_until_it_is_closed(void)
{
    struct slw_heap_buffer output = {0};
    struct slw_jail jail;
    char text[32] = "";
    NEEDS_JAILS();
    TAP_REQUIRE(start("copy", "/job/out/result", false, &jail) == SLW_OK);
    attend(&jail, &output);
    int file = openat(jail.files, "out/result", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    TAP_CHECK(file >= 0 && read(file, text, sizeof text - 1) == 7);
    TAP_CHECK(strcmp(text, "secret\n") == 0);
    (void)close(file);
    slw_jail_close(&jail);
    TAP_EQUAL_INT(jail.files, -1);
    /* Nothing of it is left where it was mounted. */
    TAP_EQUAL_INT(rmdir(place), 0);
    TAP_EQUAL_INT(mkdir(place, 0755), 0);
    slw_heap_drop(&output);
}

static void sees_nothing_outside(void)
{
    NEEDS_JAILS();
    TAP_EQUAL_INT(fight("look", secret), 0);
    TAP_EQUAL_INT(fight("processes", ""), 0);
    /* What the caller has open, and every program that it starts would get. */
    int open_here = dup(STDIN_FILENO);
    TAP_EQUAL_INT(fight("inherited", ""), 0);
    (void)close(open_here);
}

static void changes_nothing_outside(void)
{
    NEEDS_JAILS();
    TAP_EQUAL_INT(fight("write", program), 0);
    int still = open(program, O_RDONLY | O_CLOEXEC);
    TAP_CHECK(still >= 0 && close(still) == 0);
}

static void may_not_call_the_kernel_for_more(void)
{
    NEEDS_JAILS();
    TAP_EQUAL_INT(fight("calls", ""), 0);
}

static void reaches_no_network_but_its_own(void)
{
    char port[8];
    struct slw_jail jail;
    NEEDS_JAILS();
    int listener = listen_somewhere(port);
    TAP_REQUIRE(listener >= 0);
    TAP_EQUAL_INT(fight("network", port), 0);
    /* With it, it does: so it was the jail. */
    TAP_REQUIRE(start("stay", port, true, &jail) == SLW_OK);
    int connection = accept_one(listener);
    TAP_CHECK(connection >= 0);
    slw_jail_close(&jail);
    TAP_CHECK(is_over(connection));
    (void)close(connection);
    (void)close(listener);
}

static void starts_no_more_processes_than_it_may(void)
{
    NEEDS_JAILS();
    TAP_EQUAL_INT(fight("fork", ""), 0);
}

static void has_no_more_memory_than_it_may(void)
{
    struct slw_heap_buffer output = {0};
    struct slw_jail jail;
    NEEDS_JAILS();
    TAP_REQUIRE(start("memory", "", false, &jail) == SLW_OK);
    attend(&jail, &output);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_TOO_MUCH_MEMORY);
    TAP_CHECK(jail.value >= (int)(MEMORY_BYTES >> 20));
    slw_jail_close(&jail);
    slw_heap_drop(&output);
}

static void writes_no_more_than_it_may_in_all_files(void)
{
    NEEDS_JAILS();
    TAP_EQUAL_INT(fight("disk", ""), 0);
}

static void leaves_nothing_behind_that_runs(void)
{
    char port[8];
    struct slw_heap_buffer output = {0};
    struct slw_jail jail;
    NEEDS_JAILS();
    int listener = listen_somewhere(port);
    TAP_REQUIRE(start("survive", port, true, &jail) == SLW_OK);
    int connection = accept_one(listener);
    TAP_CHECK(connection >= 0);
    attend(&jail, &output);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_EXITED);
    TAP_CHECK(is_over(connection));
    slw_jail_close(&jail);
    (void)close(connection);
    (void)close(listener);
    slw_heap_drop(&output);
}

static void ends_while_it_prints_without_end(void)
{
    struct slw_jail jail;
    NEEDS_JAILS();
    TAP_REQUIRE(start("print", "", false, &jail) == SLW_OK);
    (void)usleep(50000);
    slw_jail_end(&jail);
    TAP_CHECK(jail.ended);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_ENDED);
    slw_jail_end(&jail);
    slw_jail_close(&jail);
    slw_jail_close(&jail);
    TAP_EQUAL_INT(jail.output, -1);
}

static void ends_with_who_started_it(void)
{
    char port[8];
    NEEDS_JAILS();
    int listener = listen_somewhere(port);
    pid_t starter = fork();
    if (starter == 0) {
        struct slw_jail jail;
        (void)close(listener);
        if (start("stay", port, true, &jail) == SLW_OK) {
            (void)pause();
        }
        _exit(1);
    }
    int connection = accept_one(listener);
    TAP_CHECK(connection >= 0);
    TAP_EQUAL_INT(kill(starter, SIGKILL), 0);
    TAP_EQUAL_INT(waitpid(starter, NULL, 0), starter);
    TAP_CHECK(is_over(connection));
    (void)close(connection);
    (void)close(listener);
}

static void ends_with_what_holds_it(void)
{
    char port[8];
    struct slw_jail jail;
    NEEDS_JAILS();
    int listener = listen_somewhere(port);
    TAP_REQUIRE(start("stay", port, true, &jail) == SLW_OK);
    int connection = accept_one(listener);
    TAP_CHECK(connection >= 0);
    TAP_EQUAL_INT(kill(jail.keeper, SIGKILL), 0);
    TAP_CHECK(is_over(connection));
    slw_jail_close(&jail);
    TAP_EQUAL_INT(jail.how, SLW_JAIL_ENDED);
    (void)close(connection);
    (void)close(listener);
}

/* --- */

static bool copy_self(void)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int copy = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    uint8_t *block = malloc(1u << 20);
    ssize_t len = 1;
    while (len > 0 && block != NULL) {
        len = read(file, block, 1u << 20);
        if (len > 0 && write(copy, block, (size_t)len) != len) {
            len = -1;
        }
    }
    free(block);
    (void)close(file);
    /* Its owner's, who may change it outside. */
    bool good = len == 0 && (somebody() == NULL || fchown(copy, NOBODY, NOBODY) == 0);
    return close(copy) == 0 && good;
}

static bool set_up(void)
{
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) != 0) {
        return false;
    }
    (void)snprintf(program, sizeof program, "%s/program", directory);
    (void)snprintf(place, sizeof place, "%s/place", directory);
    (void)snprintf(secret, sizeof secret, "%s/secret", directory);
    int file = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool good = file >= 0 && write(file, "secret\n", 7) == 7 && close(file) == 0;
    return good && mkdir(place, 0755) == 0 && copy_self();
}

int main(int count, char **words)
{
    if (count == 3) {
        return run_attack(words[1], words[2]);
    }
    if (!set_up()) {
        (void)printf("Bail out! no directory\n");
        return 1;
    }
    TAP_RUN(refuses_settings_that_confine_nothing);
    TAP_RUN(tells_how_a_program_ended);
    TAP_RUN(tells_that_a_program_is_not_there);
    TAP_RUN(keeps_files_until_it_is_closed);
    TAP_RUN(sees_nothing_outside);
    TAP_RUN(changes_nothing_outside);
    TAP_RUN(may_not_call_the_kernel_for_more);
    TAP_RUN(reaches_no_network_but_its_own);
    TAP_RUN(starts_no_more_processes_than_it_may);
    TAP_RUN(has_no_more_memory_than_it_may);
    TAP_RUN(writes_no_more_than_it_may_in_all_files);
    TAP_RUN(leaves_nothing_behind_that_runs);
    TAP_RUN(ends_while_it_prints_without_end);
    TAP_RUN(ends_with_who_started_it);
    TAP_RUN(ends_with_what_holds_it);
    remove_tree(directory);
    return tap_finish();
}
