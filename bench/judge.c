/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging a bundle as the signing service's key process has it done: the spawner, one judge a
 * bundle, its verdict. tools/bench times one judge of a large bundle beside `cp`, hashing and
 * `grep`, and counts how long a small one takes.
 *
 *     judge PROGRAM BUNDLE COUNT IN_FLIGHT [PATTERNS]
 *
 * PROGRAM is slipway-signer-judge. Judges the bundle COUNT times, IN_FLIGHT at a time, with the
 * lines of the file PATTERNS as forbidden bytes; prints microseconds for each on stdout, and what
 * the largest judge took in memory on stderr. Exit status 1 unless every verdict passes.
 */
#include "../signer/judge/spawner.h"

#include "slipway/files.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT_MAX 64u

static struct slw_detail detail;
static struct slw_content_pattern patterns[SLW_CONTENT_PATTERNS_MAX];

static int fail(void)
{
    (void)fprintf(stderr, "judge: %s\n", detail.text);
    return EXIT_FAILURE;
}

static size_t split_lines(struct slw_bytes text)
{
    size_t count = 0;
    while (text.len > 0 && count < SLW_CONTENT_PATTERNS_MAX) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        patterns[count++] =
            (struct slw_content_pattern){SLW_BYTES_OF("pattern"), slw_bytes_make(text.ptr, len)};
        len += end == NULL ? 0 : 1;
        text = slw_bytes_make(text.ptr + len, text.len - len);
    }
    return count;
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Waits for the judge, and frees its place. */
static bool passes(struct slw_spawner *spawner, struct slw_judge *judge)
{
    struct slw_verdict verdict;
    enum slw_status status = slw_judge_finish(spawner, judge, &verdict);
    while (status == SLW_IO_TIMEOUT) {
        struct pollfd polled = {.fd = judge->descriptor, .events = POLLIN};
        (void)poll(&polled, 1, -1);
        status = slw_judge_finish(spawner, judge, &verdict);
    }
    if (status != SLW_OK || verdict.status != SLW_OK) {
        (void)slw_explain(&detail, status, "refused: %s", status == SLW_OK ? verdict.text : "");
        return false;
    }
    slw_verdict_free(&verdict);
    return true;
}

static bool judge_all(struct slw_spawner *spawner, int bundle, const struct slw_judge_rules *rules,
                      size_t count, size_t in_flight)
{
    static struct slw_judge judges[IN_FLIGHT_MAX];
    const struct slw_judge_limits limits = {.time_ms = 600000};
    for (size_t i = 0; i < count + in_flight; i++) {
        struct slw_judge *judge = &judges[i % in_flight];
        if (i >= in_flight && i - in_flight < count && !passes(spawner, judge)) {
            return false;
        }
        if (i < count &&
            slw_judge_start(spawner, bundle, rules, &limits, judge, &detail) != SLW_OK) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const struct slw_sandbox_user nobody = {.uid = 65534, .gid = 65534};
    struct slw_heap_buffer lines = {0};
    struct slw_content_rules rules = {.elf_stripped = true};
    struct slw_judge_rules judge_rules;
    struct slw_spawner spawner;
    struct rusage usage;
    if (argc < 5) {
        return EXIT_FAILURE;
    }
    const struct slw_spawner_options options = {.program = argv[1],
                                                .user = geteuid() == 0 ? &nobody : NULL};
    size_t count = strtoul(argv[3], NULL, 10);
    size_t in_flight = strtoul(argv[4], NULL, 10);
    if (count == 0 || in_flight == 0 || in_flight > IN_FLIGHT_MAX ||
        (argc > 5 && slw_file_read(argv[5], 1 << 20, &lines, &detail) != SLW_OK)) {
        return fail();
    }
    rules.forbidden = patterns;
    rules.forbidden_count = split_lines(slw_heap_bytes(&lines));
    if (slw_spawner_open(&options, &spawner, &detail) != SLW_OK ||
        slw_judge_rules_make(&rules, &judge_rules, &detail) != SLW_OK) {
        return fail();
    }
    int bundle = open(argv[2], O_RDONLY | O_CLOEXEC);
    int64_t start = now_us();
    bool passed = judge_all(&spawner, bundle, &judge_rules, count, in_flight);
    (void)close(bundle);
    if (!passed) {
        return fail();
    }
    (void)printf("%lld\n", (long long)((now_us() - start) / (int64_t)count));
    slw_spawner_close(&spawner);
    if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
        int64_t cpu_us = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
        (void)fprintf(stderr, "largest process: %ld KiB; processor: %lld us for each\n",
                      usage.ru_maxrss, (long long)(cpu_us / (int64_t)count));
    }
    return EXIT_SUCCESS;
}
