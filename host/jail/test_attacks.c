/* SPDX-License-Identifier: Apache-2.0 */
/* What a program in a jail tries, and what it can't do. See test_attacks.h; started by jail_test.c.
 */
/* For clone flags, memfd_create() and unshare(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "test_attacks.h"

#include "slipway/jail.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool can_open(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)close(file);
        (void)printf("opened %s\n", path);
    }
    return file >= 0;
}

static void ignore(int number)
{
    const struct sigaction ignoring = {.sa_handler = SIG_IGN};
    (void)sigaction(number, &ignoring, NULL);
}

static int attack_look(const char *outside)
{
    char above[128];
    bool found = can_open("/etc/shadow", O_RDONLY);
    found |= can_open(outside, O_RDONLY);
    (void)snprintf(above, sizeof above, "/..%s", outside);
    found |= can_open(above, O_RDONLY);
    (void)snprintf(above, sizeof above, ".%s", outside);
    found |= (chdir("/") == 0 && can_open(above, O_RDONLY)) || chdir(SLW_JAIL_WORK) != 0;
    found |= can_open("/proc/1/environ", O_RDONLY);
    found |= can_open("/proc/1/mem", O_RDONLY);
    found |= can_open("/proc/1/root/etc/passwd", O_RDONLY);
    found |= can_open("/proc/1/fd/0", O_RDONLY);
    found |= can_open("/dev/mem", O_RDONLY);
    found |= can_open("/dev/tty", O_RDWR);
    found |= can_open("/sys/kernel/notes", O_RDONLY);
    found |= can_open("/root", O_RDONLY) || can_open("/home", O_RDONLY) ||
             can_open("/run", O_RDONLY) || can_open("/var/lib", O_RDONLY);
    found |= getuid() == 0 || geteuid() == 0 || setuid(0) == 0 || setgid(0) == 0;
    return found ? 1 : 0;
}

/* Processes that aren't this one, or the first. */
static int attack_processes(const char *unused)
{
    int others = 0;
    const struct dirent *entry;
    DIR *processes = opendir("/proc");
    (void)unused;
    if (processes == NULL) {
        return 2;
    }
    while ((entry = readdir(processes)) != NULL) {
        long number = strtol(entry->d_name, NULL, 10);
        others += number > 1 && number != getpid();
    }
    (void)closedir(processes);
    /* The first one isn't its to end, and it has a session of its own: no terminal's. */
    return others > 0 || kill(1, SIGKILL) == 0 || getsid(0) != getpid() ? 1 : 0;
}

static int attack_write(const char *outside)
{
    bool wrote = can_open("/usr/x", O_WRONLY | O_CREAT) || can_open("/etc/passwd", O_WRONLY) ||
                 can_open("/x", O_WRONLY | O_CREAT) || can_open("/etc/x", O_WRONLY | O_CREAT) ||
                 can_open("/bin/sh", O_WRONLY) || can_open(SLW_JAIL_INPUT, O_WRONLY) ||
                 can_open(outside, O_WRONLY) || can_open("/dev/x", O_WRONLY | O_CREAT) ||
                 can_open("/proc/sys/kernel/core_pattern", O_WRONLY);
    wrote |= chmod(outside, 0777) == 0 || unlink(outside) == 0 || mkdir("/y", 0700) == 0;
    /* What it may: */
    bool may = can_open("/job/out/a", O_WRONLY | O_CREAT) && symlink("a", "/job/out/b") == 0 &&
               can_open("/tmp/t", O_WRONLY | O_CREAT) && can_open("/dev/null", O_WRONLY) &&
               can_open("/dev/shm/s", O_RDWR | O_CREAT) && mkfifo("/job/work/f", 0600) == 0;
    return wrote ? 1 : !may ? 2 : 0;
}

static int attack_calls(const char *unused)
{
    bool done = false;
    (void)unused;
    done |= unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0;
    done |= mount("x", "/job/tmp", "tmpfs", 0, NULL) == 0 || umount2("/job", MNT_DETACH) == 0;
    done |= ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    done |= memfd_create("m", 0) >= 0;
    done |= syscall(SYS_shmget, 0, 4096, 01600) >= 0;
    done |= syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0 || syscall(SYS_bpf, 0, NULL, 0) >= 0;
    done |= syscall(SYS_io_uring_setup, 1, NULL) >= 0 || syscall(SYS_userfaultfd, 0) >= 0;
    done |= chroot("/job") == 0 || sethostname("x", 1) == 0;
    done |= mknod("/job/work/d", S_IFBLK | 0600, 0x0800) == 0;
    done |= syscall(SYS_clone3, NULL, 0) >= 0;
    done |= syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0;
    return done ? 1 : 0;
}

static int attack_inherited(const char *unused)
{
    (void)unused;
    for (int i = 3; i < 1024; i++) {
        if (fcntl(i, F_GETFD) >= 0) {
            return 1;
        }
    }
    return environ[0] != NULL && strcmp(environ[0], "A=b") == 0 && environ[1] == NULL ? 0 : 2;
}

static int connect_to(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int socket_to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_to >= 0 &&
        connect(socket_to, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(socket_to);
        return -1;
    }
    return socket_to;
}

static int attack_network(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in away = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc0000201)};
    socklen_t len = sizeof address;
    char own[8];
    if (connect_to(port) >= 0) {
        return 1;
    }
    int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (datagrams >= 0 && connect(datagrams, (const struct sockaddr *)&away, sizeof away) == 0) {
        return 2;
    }
    /* Its own loopback device is there, for tests. */
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        (void)close(listener);
        return 3;
    }
    (void)snprintf(own, sizeof own, "%u", ntohs(address.sin_port));
    int code = connect_to(own) >= 0 ? 0 : 4;
    (void)close(listener);
    return code;
}

/* Starts processes until it can't; never without the limit, which it looks at first. */
static int attack_fork(const char *unused)
{
    int count = 0;
    (void)unused;
    while (count < 4 * (int)PROCESSES) {
        pid_t pid = fork();
        if (pid == 0) {
            ignore(SIGTERM);
            (void)setsid();
            for (;;) {
                (void)pause();
            }
        }
        if (pid < 0) {
            break;
        }
        count++;
    }
    (void)printf("%d\n", count);
    (void)fflush(stdout);
    return count < (int)PROCESSES ? 0 : 1;
}

static int attack_memory(const char *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 16; i++) {
        size_t len = MEMORY_BYTES / 4;
        // cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory has for a descriptor
        char *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED, -1, 0);
        if (memory == MAP_FAILED) {
            return 1;
        }
        memset(memory, 1, len);
        (void)usleep(150000);
    }
    return 0;
}

/* Many files, each of them small. */
static int attack_disk(const char *unused)
{
    static char block[65536];
    size_t written = 0;
    (void)unused;
    for (unsigned i = 0; i < 4 * FILES_BYTES / sizeof block; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s/%u", i % 2 == 0 ? "/job/out" : "/tmp", i);
        int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ssize_t len = file < 0 ? -1 : write(file, block, sizeof block);
        (void)close(file);
        if (len != (ssize_t)sizeof block) {
            return errno == ENOSPC && written <= FILES_BYTES ? 0 : 1;
        }
        written += sizeof block;
    }
    return 2;
}

/* Until the other end is closed: what a weaker jail leaves behind ends with the test. Tells that it
 * lives, unless told is -1. */
static void live(int outside, int told)
{
    char byte = 'x';
    (void)!write(outside, &byte, 1);
    if (told >= 0) {
        (void)!write(told, &byte, 1);
    }
    while (read(outside, &byte, 1) > 0) {
    }
}

/* Leaves a process behind that wants to live: another session, another parent, no signal. */
static int attack_survive(const char *port)
{
    char byte = 0;
    int told[2];
    if (pipe(told) != 0) {
        return 1;
    }
    if (fork() == 0) {
        (void)setsid();
        if (fork() == 0) {
            int outside = connect_to(port);
            for (int i = 1; i < NSIG; i++) {
                ignore(i);
            }
            live(outside, told[1]);
        }
        _exit(0);
    }
    (void)close(told[1]);
    bool lives = read(told[0], &byte, 1) == 1;
    (void)close(told[0]);
    return lives ? 0 : 1;
}

static int attack_stay(const char *port)
{
    live(connect_to(port), -1);
    return 0;
}

static int attack_print(const char *unused)
{
    static char block[65536];
    (void)unused;
    memset(block, 'x', sizeof block);
    while (write(1, block, sizeof block) > 0) {
    }
    return 0;
}

static int attack_exit(const char *code)
{
    return (int)strtol(code, NULL, 10);
}

static int attack_signal(const char *number)
{
    (void)raise((int)strtol(number, NULL, 10));
    return 99;
}

static int attack_copy(const char *name)
{
    char block[64];
    int from = open(SLW_JAIL_INPUT, O_RDONLY | O_CLOEXEC);
    int to = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t len = read(from, block, sizeof block);
    bool good = len > 0 && write(to, block, (size_t)len) == len;
    (void)close(from);
    return good && close(to) == 0 ? 0 : 1;
}

static const struct {
    const char *name;
    int (*act)(const char *argument);
} attacks[] = {
    {"look", attack_look},       {"processes", attack_processes}, {"write", attack_write},
    {"calls", attack_calls},     {"fork", attack_fork},           {"inherited", attack_inherited},
    {"memory", attack_memory},   {"network", attack_network},     {"disk", attack_disk},
    {"survive", attack_survive}, {"print", attack_print},         {"stay", attack_stay},
    {"exit", attack_exit},       {"signal", attack_signal},       {"copy", attack_copy},
};

int run_attack(const char *name, const char *argument)
{
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        if (strcmp(attacks[i].name, name) == 0) {
            int code = attacks[i].act(argument);
            (void)fflush(stdout);
            _exit(code); /* a sanitizer's report would need calls that it doesn't have */
        }
    }
    _exit(98);
}
