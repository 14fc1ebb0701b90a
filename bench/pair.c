/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times two commands in turn, so that both meet the same machine, and prints three objects, one a
 * line, as build/bench.json has them: the ratio of their fastest runs, and both peaks of memory.
 *
 *     pair RUNS NAME AGAINST COMMAND ARGUMENT... -- PEER ARGUMENT...
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct result {
    double seconds;  /* of the fastest run */
    long memory_kib; /* the largest of all runs */
};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run_child(char **command)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDOUT_FILENO) < 0) {
        _exit(126);
    }
    (void)execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

static int run(char **command, struct result *result)
{
    struct rusage usage;
    int status = 0;
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        run_child(command);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        (void)fprintf(stderr, "pair: %s failed (status %d)\n", command[0], status);
        return EXIT_FAILURE;
    }
    double seconds = now() - start;
    if (result->seconds == 0 || seconds < result->seconds) {
        result->seconds = seconds;
    }
    if (usage.ru_maxrss > result->memory_kib) {
        result->memory_kib = usage.ru_maxrss;
    }
    return EXIT_SUCCESS;
}

static void print(const char *name, const char *what, double value, const char *unit,
                  const char *against)
{
    (void)printf("{\"name\": \"%s, %s\", \"value\": %.3f, \"unit\": \"%s\", \"against\": \"%s\"}\n",
                 name, what, value, unit, against);
}

int main(int argc, char **argv)
{
    struct result ours = {0};
    struct result peer = {0};
    int split = 4;
    while (split < argc && strcmp(argv[split], "--") != 0) {
        split++;
    }
    if (argc < 7 || split + 1 >= argc) {
        (void)fprintf(stderr, "usage: pair RUNS NAME AGAINST COMMAND... -- PEER...\n");
        return 2;
    }
    argv[split] = NULL;
    for (long i = strtol(argv[1], NULL, 10); i > 0; i--) {
        if (run(&argv[split + 1], &peer) != EXIT_SUCCESS || run(&argv[4], &ours) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
    }
    print(argv[2], "time", ours.seconds / peer.seconds, "x", argv[3]);
    print(argv[2], "seconds", ours.seconds, "s", argv[3]);
    print(argv[2], "peak memory above", (double)(ours.memory_kib - peer.memory_kib) / 1024, "MiB",
          argv[3]);
    return EXIT_SUCCESS;
}
