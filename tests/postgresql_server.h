/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL of a test program's own, on a socket in a temporary directory: made, started, and
 * stopped by its process id; it goes down with the program too. Its locale sorts as people do, not
 * by bytes, for that is what a server of somebody else's may do. Its thousand files are in memory
 * where there is room: nothing of them is to outlive the machine, and a disk takes twice as long.
 *
 *     struct postgresql_server server = {0};
 *     if (!postgresql_make(&server)) { … isn't installed }
 *     postgresql_start(&server);           ends the program when it can't
 *     … postgresql_url(&server, "postgres") …
 *     postgresql_remove(&server);
 */
#ifndef TESTS_POSTGRESQL_SERVER_H
#define TESTS_POSTGRESQL_SERVER_H

#include "remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct postgresql_server {
    char programs[128];
    char directory[64]; /* has data/, the socket and log */
    pid_t pid;          /* 0: it doesn't run */
    char url[192];
};

static inline void postgresql_die(const struct postgresql_server *server, const char *what)
{
    (void)fprintf(stderr, "postgresql_server.h: %s; see %s/log\n", what, server->directory);
    exit(1);
}

/* The newest version that is installed, as Debian has them. */
static inline bool postgresql_find(struct postgresql_server *server)
{
    glob_t found = {0};
    bool is_there = glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0;
    if (is_there) {
        const char *last = found.gl_pathv[found.gl_pathc - 1];
        (void)snprintf(server->programs, sizeof server->programs, "%.*s",
                       (int)(strrchr(last, '/') - last), last);
    }
    globfree(&found);
    return is_there;
}

static inline bool postgresql_has_room(const char *directory)
{
    struct statvfs about;
    return statvfs(directory, &about) == 0 && (uint64_t)about.f_bavail * about.f_frsize >> 30 >= 2;
}

static inline bool postgresql_make_directory(struct postgresql_server *server, const char *parent)
{
    (void)snprintf(server->directory, sizeof server->directory, "%s/slipway-postgresql-XXXXXX",
                   parent);
    return mkdtemp(server->directory) != NULL;
}

/* It refuses to run as root, who becomes nobody then. */
#define POSTGRESQL_NOBODY 65534

static inline bool postgresql_leave_root(void)
{
    return geteuid() != 0 || (setgid(POSTGRESQL_NOBODY) == 0 && setuid(POSTGRESQL_NOBODY) == 0);
}

static inline pid_t postgresql_spawn(const struct postgresql_server *server, const char *program,
                                     const char *const *arguments)
{
    char path[256];
    char log[128];
    pid_t parent = getpid();
    (void)snprintf(path, sizeof path, "%s/%s", server->programs, program);
    (void)snprintf(log, sizeof log, "%s/log", server->directory);
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    int output = -1;
    if (postgresql_leave_root() && chdir(server->directory) == 0 &&
        (output = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600)) >= 0 && dup2(output, 1) == 1 &&
        dup2(output, 2) == 2 && prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0 && getppid() == parent) {
        char *argv[24] = {path};
        for (size_t i = 0; i < 22 && arguments[i] != NULL; i++) {
            argv[i + 1] = strdup(arguments[i]);
        }
        (void)execv(path, argv);
    }
    _exit(127);
}

/* False when it isn't installed. */
static inline bool postgresql_make(struct postgresql_server *server)
{
    const char *const arguments[] = {"-D",
                                     "data",
                                     "-U",
                                     "slipway",
                                     "-A",
                                     "trust",
                                     "-N",
                                     "-E",
                                     "UTF8",
                                     "--locale=C.UTF-8",
                                     "--locale-provider=icu",
                                     "--icu-locale=en-US",
                                     "--wal-segsize=1",
                                     NULL};
    int status = 0;
    *server = (struct postgresql_server){.pid = 0};
    if (!postgresql_find(server)) {
        return false;
    }
    bool is_made =
        (postgresql_has_room("/dev/shm") && postgresql_make_directory(server, "/dev/shm")) ||
        postgresql_make_directory(server, "/tmp");
    if (!is_made ||
        (geteuid() == 0 && chown(server->directory, POSTGRESQL_NOBODY, POSTGRESQL_NOBODY) != 0)) {
        postgresql_die(server, "no temporary directory");
    }
    pid_t pid = postgresql_spawn(server, "initdb", arguments);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        postgresql_die(server, "initdb failed");
    }
    return true;
}

/* Its last word in postmaster.pid, once it takes connections. */
static inline bool postgresql_is_ready(const struct postgresql_server *server)
{
    char path[128];
    char text[512] = "";
    (void)snprintf(path, sizeof path, "%s/data/postmaster.pid", server->directory);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    return strtol(text, NULL, 10) == (long)server->pid && strstr(text, "\nready") != NULL;
}

static inline void postgresql_start(struct postgresql_server *server)
{
    /* Nothing here is to outlive the machine. */
    const char *const arguments[] = {"-D",
                                     "data",
                                     "-k",
                                     server->directory,
                                     "-h",
                                     "",
                                     "-F",
                                     "-c",
                                     "max_connections=40",
                                     "-c",
                                     "shared_buffers=16MB",
                                     NULL};
    server->pid = postgresql_spawn(server, "postgres", arguments);
    for (int i = 0; i < 3000 && server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) == 0; i++) {
        if (postgresql_is_ready(server)) {
            return;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    postgresql_die(server, "postgres didn't start");
}

/* signal: SIGINT ends sessions and goes down in order; SIGQUIT is as if the power were cut. */
static inline void postgresql_stop(struct postgresql_server *server, int signal_number)
{
    if (server->pid > 0) {
        (void)kill(server->pid, signal_number);
        (void)waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

static inline void postgresql_remove(struct postgresql_server *server)
{
    postgresql_stop(server, SIGQUIT);
    remove_tree(server->directory);
}

static inline bool postgresql_create(const struct postgresql_server *server, const char *database)
{
    const char *const arguments[] = {"-h", server->directory, "-U", "slipway", database, NULL};
    int status = 0;
    pid_t pid = postgresql_spawn(server, "createdb", arguments);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Lives until the next call. */
static inline const char *postgresql_url(struct postgresql_server *server, const char *database)
{
    (void)snprintf(server->url, sizeof server->url, "postgresql://slipway@/%s?host=%s", database,
                   server->directory);
    return server->url;
}

#endif
