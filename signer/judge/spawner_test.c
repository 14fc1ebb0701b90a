/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges and validators as processes: what they say, and that nothing they do gets a bundle past
 * them, keeps the key process waiting, or outlives them.
 */
#include "../../host/bundle/test_metadata.h"

#include "spawner.h"

#include "tap.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Twenty others may want the same processor. Nothing here waits for it to pass. */
#define PATIENCE_MS 120000u

static struct slw_detail detail;
static struct slw_spawner spawner;
static struct slw_judge_rules no_rules;
static char path[] = "/tmp/slipway-spawner-test-XXXXXX";
static const struct slw_sandbox_user nobody = {.uid = 65534, .gid = 65534};
static const struct slw_judge_limits patient = {.time_ms = PATIENCE_MS};

static enum slw_status open_spawner(struct slw_spawner *ret_spawner)
{
    const struct slw_spawner_options options = {
        .program = JUDGE_PROGRAM,
        .user = geteuid() == 0 ? &nobody : NULL,
    };
    return slw_spawner_open(&options, ret_spawner, &detail);
}

/* Writes the bundle that is being made to the file, and opens it as a judge gets it. */
static int open_bundle(void)
{
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    bool written =
        file >= 0 && write(file, test_bundle.ptr, test_bundle.len) == (ssize_t)test_bundle.len;
    (void)close(file);
    return written ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static void make_bundle(const char *image, const char *payload)
{
    const struct test_target target = {.name = "app", .image = image};
    const struct test_targets targets = {.version = 2, .targets = &target, .count = 1};
    test_begin();
    test_put_targets(&targets, "");
    test_put_payload("app", payload);
}

/* Waits for a verdict as the key process does, by polling. */
static enum slw_status wait_for(struct slw_judge *judge, struct slw_verdict *ret_verdict)
{
    enum slw_status status = slw_judge_finish(&spawner, judge, ret_verdict);
    while (status == SLW_IO_TIMEOUT) {
        struct pollfd polled = {.fd = judge->descriptor, .events = POLLIN};
        (void)poll(&polled, 1, 50);
        status = slw_judge_finish(&spawner, judge, ret_verdict);
    }
    return status;
}

/* The verdict's status, or what kept it from being one; its text stays in verdict. */
static struct slw_verdict verdict;

static enum slw_status judge_file(int bundle, const struct slw_judge_rules *rules,
                                  const struct slw_judge_limits *limits)
{
    struct slw_judge judge;
    slw_verdict_free(&verdict);
    SLW_TRY(slw_judge_start(&spawner, bundle, rules, limits, &judge, &detail));
    SLW_TRY(wait_for(&judge, &verdict));
    return verdict.status;
}

static enum slw_status judge_bundle(const struct slw_judge_rules *rules)
{
    int bundle = open_bundle();
    enum slw_status status = judge_file(bundle, rules, &patient);
    (void)close(bundle);
    return status;
}

static bool said(const char *text)
{
    return strstr(verdict.text, text) != NULL;
}

/* --- judges --- */

static void passes_a_good_bundle(void)
{
    make_bundle("image", "image");
    TAP_EQUAL_INT(judge_bundle(&no_rules), SLW_OK);
    TAP_CHECK(verdict.text[0] == '\0' && verdict.report.findings_count == 0);
    TAP_EQUAL_INT(verdict.report.targets_count, 1);
    TAP_EQUAL_INT(verdict.report.payload_bytes, 5);
}

static void refuses_by_the_rules(void)
{
    const struct slw_bytes slot = SLW_BYTES_OF("boot");
    const struct slw_content_rules rules = {.slots = &slot, .slots_count = 1, .elf_stripped = true};
    struct slw_judge_rules judge_rules;
    TAP_REQUIRE(slw_judge_rules_make(&rules, &judge_rules, &detail) == SLW_OK);
    make_bundle("\177ELF", "\177ELF");
    TAP_EQUAL_INT(judge_bundle(&judge_rules), SLW_WRONG_CONTENT);
    TAP_CHECK(said("slot \"app\" isn't allowed"));
    TAP_REQUIRE(verdict.report.findings_count == 2);
    TAP_EQUAL_INT(verdict.report.findings[1].rule, SLW_CONTENT_ELF);
    slw_judge_rules_free(&judge_rules);
    make_bundle("image", "imagE");
    TAP_EQUAL_INT(judge_bundle(&no_rules), SLW_WRONG_HASH);
    test_begin();
    slw_heap_append_text(&test_bundle, "not a bundle");
    TAP_EQUAL_INT(judge_bundle(&no_rules), SLW_MALFORMED);
}

static void takes_only_bundles_that_it_can_not_write_to(void)
{
    struct slw_judge judge = {.descriptor = -1};
    const struct slw_judge_limits no_time = {0};
    int bundle = open(path, O_RDWR | O_CLOEXEC);
    TAP_EQUAL_INT(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judge, &detail),
                  SLW_BAD_ARGUMENT);
    (void)close(bundle);
    TAP_EQUAL_INT(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judge, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_judge_start(&spawner, -1, &no_rules, &patient, &judge, &detail),
                  SLW_BAD_ARGUMENT);
    bundle = open(path, O_RDONLY | O_CLOEXEC);
    TAP_EQUAL_INT(slw_judge_start(&spawner, bundle, &no_rules, &no_time, &judge, &detail),
                  SLW_BAD_ARGUMENT);
    (void)close(bundle);
    TAP_CHECK(judge.descriptor == -1 && spawner.running == 0);
}

/* A pipe has no size, and a directory no bytes: the judge ends without a verdict. */
static void refuses_what_is_no_file(void)
{
    int ends[2];
    TAP_REQUIRE(pipe(ends) == 0);
    TAP_EQUAL_INT(judge_file(ends[0], &no_rules, &patient), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("ended without a verdict"));
    (void)close(ends[0]);
    (void)close(ends[1]);
    int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TAP_EQUAL_INT(judge_file(directory, &no_rules, &patient), SLW_VALIDATOR_FAILED);
    (void)close(directory);
}

static void refuses_rules_that_are_none(void)
{
    struct slw_judge_rules rules = {.descriptor = open("/bin/cat", O_RDONLY | O_CLOEXEC)};
    make_bundle("image", "image");
    TAP_EQUAL_INT(judge_bundle(&rules), SLW_MALFORMED);
    TAP_CHECK(said("content rules"));
    slw_judge_rules_free(&rules);
    rules = (struct slw_judge_rules){.descriptor = -1};
    slw_heap_append_text(&rules.bytes, "not rules");
    TAP_EQUAL_INT(judge_bundle(&rules), SLW_MALFORMED);
    TAP_CHECK(said("content rules"));
    slw_judge_rules_free(&rules);
}

#define SECRET_PATTERN "what is forbidden here is nobody else's business"

/* Rules that are too long for an order come in a file, and count as others do. */
static void judges_by_rules_of_any_length(void)
{
    static uint8_t long_pattern[SLW_CONTENT_PATTERN_SIZE_MAX];
    struct slw_content_pattern forbidden[40];
    struct slw_content_rules rules = {.forbidden = forbidden, .forbidden_count = 40};
    memset(long_pattern, 'x', sizeof long_pattern);
    for (size_t i = 0; i < 40; i++) {
        forbidden[i] = (struct slw_content_pattern){
            SLW_BYTES_OF("long"), slw_bytes_make(long_pattern, sizeof long_pattern - i)};
    }
    forbidden[39].bytes = SLW_BYTES_OF(SECRET_PATTERN);
    for (unsigned i = 0; i < 2; i++, rules.forbidden = forbidden + 39, rules.forbidden_count = 1) {
        struct slw_judge_rules made;
        TAP_REQUIRE(slw_judge_rules_make(&rules, &made, &detail) == SLW_OK);
        TAP_EQUAL_INT(made.descriptor >= 0, i == 0);
        TAP_EQUAL_INT(made.bytes.len > 0, i == 1);
        make_bundle(SECRET_PATTERN, SECRET_PATTERN);
        TAP_EQUAL_INT(judge_bundle(&made), SLW_WRONG_CONTENT);
        TAP_CHECK(said("forbidden"));
        make_bundle("image", "image");
        TAP_EQUAL_INT(judge_bundle(&made), SLW_OK);
        slw_judge_rules_free(&made);
    }
}

/* A bundle of 2^36 bytes, nearly all of them a hole: hours of zeros for a judge. */
static int open_endless_bundle(void)
{
    static const char head[] = "\x22\x8C\x80\x80\x80\x80\x02\x0A\x03"
                               "app\x12\x80\x80\x80\x80\x80\x02";
    struct slw_heap_buffer more = {0};
    test_put_text(&more, SLW_TARGETS_PRODUCT, "lamp");
    const struct test_target target = {.name = "app", .image = "image"};
    const struct test_targets targets = {
        .version = 2, .targets = &target, .count = 1, .more = &more};
    test_begin();
    test_put_targets(&targets, "");
    slw_heap_free(&more);
    slw_heap_append(&test_bundle, slw_bytes_make(head, sizeof head - 1));
    int bundle = open_bundle();
    if (truncate(path, (off_t)(test_bundle.len + ((uint64_t)1 << 36))) != 0) {
        (void)close(bundle);
        return -1;
    }
    return bundle;
}

static void ends_a_judge_that_takes_too_long(void)
{
    const struct slw_judge_limits hurry = {.time_ms = 100};
    const struct slw_judge_limits little = {.time_ms = PATIENCE_MS, .cpu_s = 1};
    int bundle = open_endless_bundle();
    TAP_REQUIRE(bundle >= 0);
    TAP_EQUAL_INT(judge_file(bundle, &no_rules, &hurry), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("wasn't done after 100 ms"));
    TAP_EQUAL_INT(judge_file(bundle, &no_rules, &little), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("ended without a verdict"));
    (void)close(bundle);
}

static void cancels_a_judge(void)
{
    struct slw_judge judge;
    int bundle = open_endless_bundle();
    TAP_REQUIRE(bundle >= 0 && flock(bundle, LOCK_EX) == 0);
    TAP_REQUIRE(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judge, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_judge_finish(&spawner, &judge, &verdict), SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(spawner.running, 1);
    slw_judge_cancel(&spawner, &judge);
    slw_judge_cancel(&spawner, &judge);
    TAP_EQUAL_INT(spawner.running, 0);
    TAP_EQUAL_INT(slw_judge_finish(&spawner, &judge, &verdict), SLW_WRONG_STATE);
    /* When the judge is gone, so is the lock of the description that it shared. */
    (void)close(bundle);
    bundle = open(path, O_RDONLY | O_CLOEXEC);
    TAP_EQUAL_INT(flock(bundle, LOCK_EX), 0);
    (void)close(bundle);
}

static void refuses_when_memory_is_not_enough(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    TAP_SKIP("a sanitizer's shadow makes limits of memory impossible");
#endif
#endif
    const struct slw_judge_limits little = {.time_ms = PATIENCE_MS, .memory_bytes = 65536};
    make_bundle("image", "image");
    int bundle = open_bundle();
    const struct slw_judge_rules large = {.descriptor = bundle};
    TAP_REQUIRE(truncate(path, SLW_CONTENT_RULES_ENCODED_MAX) == 0);
    TAP_EQUAL_INT(judge_file(bundle, &large, &little), SLW_VALIDATOR_FAILED);
    TAP_EQUAL_INT(judge_file(bundle, &large, &patient), SLW_MALFORMED);
    (void)close(bundle);
}

static void a_bundle_that_shrinks_is_refused(void)
{
    make_bundle("image", "image");
    int bundle = open_bundle();
    TAP_REQUIRE(truncate(path, (off_t)test_bundle.len - 1) == 0);
    TAP_EQUAL_INT(judge_file(bundle, &no_rules, &patient), SLW_MALFORMED);
    (void)close(bundle);
}

static void judges_many_at_once_and_no_more(void)
{
    static struct slw_judge judges[SLW_JUDGES_MAX + 1];
    make_bundle("image", "image");
    int bundle = open_bundle();
    for (size_t i = 0; i < SLW_JUDGES_MAX; i++) {
        TAP_REQUIRE(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judges[i], &detail) ==
                    SLW_OK);
    }
    TAP_EQUAL_INT(
        slw_judge_start(&spawner, bundle, &no_rules, &patient, &judges[SLW_JUDGES_MAX], &detail),
        SLW_TOO_MANY);
    for (size_t i = 0; i < SLW_JUDGES_MAX; i++) {
        slw_verdict_free(&verdict);
        TAP_CHECK(wait_for(&judges[i], &verdict) == SLW_OK && verdict.status == SLW_OK);
    }
    TAP_EQUAL_INT(spawner.running, 0);
    TAP_EQUAL_INT(judge_file(bundle, &no_rules, &patient), SLW_OK);
    (void)close(bundle);
}

/* --- validators --- */

static enum slw_status validate(const char *program, const char *const *arguments, size_t count,
                                uint32_t time_ms)
{
    const struct slw_validator validator = {program, arguments, count};
    const struct slw_judge_limits limits = {.time_ms = time_ms};
    struct slw_judge judge;
    int bundle = open_bundle();
    slw_verdict_free(&verdict);
    enum slw_status status =
        slw_validator_start(&spawner, bundle, &validator, &limits, &judge, &detail);
    (void)close(bundle);
    SLW_TRY(status);
    SLW_TRY(wait_for(&judge, &verdict));
    return verdict.status;
}

static enum slw_status run_script(const char *script, uint32_t time_ms)
{
    const char *const arguments[] = {"-c", script};
    return validate("/bin/sh", arguments, 2, time_ms);
}

static void a_validator_decides_by_its_exit_status(void)
{
    make_bundle("image", "image");
    TAP_EQUAL_INT(validate("/bin/true", NULL, 0, PATIENCE_MS), SLW_OK);
    TAP_EQUAL_INT(validate("/bin/false", NULL, 0, PATIENCE_MS), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("exit status 1"));
    TAP_EQUAL_INT(run_script("echo 'not $good'; exit 3", PATIENCE_MS), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("exit status 3: not $good\\x0a"));
    TAP_EQUAL_INT(run_script("printf '\\033[31m' >&2; exit 1", PATIENCE_MS), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("\\x1b[31m"));
    TAP_EQUAL_INT(validate("/nonexistent", NULL, 0, PATIENCE_MS), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("exit status 127: can't be run"));
    TAP_EQUAL_INT(validate("/tmp", NULL, 0, PATIENCE_MS), SLW_VALIDATOR_FAILED);
}

static void a_validator_gets_the_bundle_from_its_beginning(void)
{
    static char script[128];
    make_bundle("image", "image");
    (void)snprintf(script, sizeof script, "test $(wc -c) = %zu", test_bundle.len);
    TAP_EQUAL_INT(run_script(script, PATIENCE_MS), SLW_OK);
    (void)snprintf(script, sizeof script, "test $(wc -c) = %zu", test_bundle.len - 1);
    TAP_EQUAL_INT(run_script(script, PATIENCE_MS), SLW_VALIDATOR_FAILED);
    /* Nothing in arguments means anything but themselves. */
    const char *const arguments[] = {"-c", "test \"$1\" = '$(false) %s; *'", "sh",
                                     "$(false) %s; *"};
    TAP_EQUAL_INT(validate("/bin/sh", arguments, 4, PATIENCE_MS), SLW_OK);
}

/* Each of them passes only when what it tries doesn't work. */
static void a_validator_is_confined(void)
{
    static const struct {
        const char *name;
        const char *script;
    } rows[] = {
        {"reads a file of the system", "! cat /etc/passwd"},
        {"reads another process", "! cat /proc/$PPID/status"},
        {"lists the root", "! ls /"},
        {"lists where it is", "! ls ."},
        {"writes to /tmp", "! touch /tmp/slipway-spawner-test-made"},
        {"writes where it is", "! touch made"},
        {"writes to the bundle", "! sh -c 'echo x >&0'"},
        {"opens the bundle anew", "! sh -c ': </proc/self/fd/0'"},
        {"has other descriptors",
         "for i in 3 4 5 6 7 8 9; do if (eval \": <&$i\"); then exit 1; fi; done"},
        {"has an environment", "test -z \"$SLIPWAY_SECRET$HOME$USER\""},
        {"signals the spawner", "! kill -9 $PPID"},
        {"signals itself", "! kill -0 $$"},
        {"has a session of its own", "! setsid sh -c true"},
        {"has a network", "! bash -c 'exec 3<>/dev/tcp/127.0.0.1/9'"},
        {"has a socket",
         "! /usr/bin/openssl s_client -connect 127.0.0.1:9 2>&1 | grep -q 'Connection refused'"},
        {"is traced", "! unshare -r true"},
        {"gains a user", "! su -c true"},
    };
    make_bundle("image", "image");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(run_script(rows[i].script, PATIENCE_MS), SLW_OK);
    }
    TAP_ROW(NULL);
    TAP_CHECK(unlink("/tmp/slipway-spawner-test-made") != 0);
    /* What it may do works: else the rows above would prove nothing. */
    TAP_EQUAL_INT(run_script("echo x >/dev/null && cat /usr/bin/env | wc -c >/dev/null && "
                             "test \"$(printf a | tr a b)\" = b && (true & wait)",
                             PATIENCE_MS),
                  SLW_OK);
}

static void ends_a_validator_that_takes_too_long(void)
{
    static const uint32_t times_ms[] = {300, 3000, 30000};
    bool has_printed = false;
    make_bundle("image", "image");
    /* A busy machine may not come so far as to print anything in the shortest time. */
    for (size_t i = 0; i < sizeof times_ms / sizeof *times_ms && !has_printed; i++) {
        char not_done[64];
        (void)snprintf(not_done, sizeof not_done, "not done after %u ms", times_ms[i]);
        TAP_EQUAL_INT(run_script("echo waiting; sleep 600", times_ms[i]), SLW_VALIDATOR_FAILED);
        TAP_CHECK(said(not_done));
        has_printed = said(" ms: waiting");
    }
    TAP_CHECK(has_printed);
    TAP_EQUAL_INT(run_script("trap '' TERM INT; while true; do :; done", 300),
                  SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("not done after 300 ms"));
}

static void ends_a_validator_that_prints_too_much(void)
{
    make_bundle("image", "image");
    TAP_EQUAL_INT(run_script("exec yes", PATIENCE_MS), SLW_VALIDATOR_FAILED);
    TAP_CHECK(said("ended by signal 13: y\\x0ay"));
    TAP_EQUAL_INT(run_script("head -c 65000 /usr/bin/env", PATIENCE_MS), SLW_OK);
}

/* Whether nobody has the bundle open any more, for those who end it took a lock on it before. */
static bool is_let_go(void)
{
    int bundle = open(path, O_RDONLY | O_CLOEXEC);
    bool let_go = false;
    for (unsigned i = 0; i < PATIENCE_MS / 10 && !let_go; i++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        let_go = flock(bundle, LOCK_EX | LOCK_NB) == 0;
        (void)nanosleep(&pause, NULL);
    }
    (void)close(bundle);
    return let_go;
}

/* --- the spawner --- */

static void says_when_it_can_not_start(void)
{
    struct slw_spawner other = {.socket = -1};
    struct slw_spawner_options options = {.program = "/nonexistent/judge", .user = &nobody};
    TAP_EQUAL_INT(slw_spawner_open(&options, &other, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "can't be started") != NULL);
    options.program = "/bin/true";
    TAP_EQUAL_INT(slw_spawner_open(&options, &other, &detail), SLW_IO);
    const struct slw_sandbox_user root = {.uid = 0, .gid = 0};
    options = (struct slw_spawner_options){.program = JUDGE_PROGRAM, .user = &root};
    TAP_EQUAL_INT(slw_spawner_open(&options, &other, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "other than root") != NULL);
    TAP_EQUAL_INT(other.socket, -1);
}

/* Somebody who starts it by hand gets a word, and nothing else. */
static void is_started_by_the_key_process_alone(void)
{
    int ended = -1;
    pid_t pid = fork();
    if (pid == 0) {
        char *arguments[] = {(char[]){"judge"}, NULL};
        char *environment[] = {NULL};
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, 2);
        (void)execve(JUDGE_PROGRAM, arguments, environment);
        _exit(77);
    }
    TAP_REQUIRE(pid > 0 && waitpid(pid, &ended, 0) == pid);
    TAP_CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_FAILURE);
}

static void is_confined_itself(void)
{
    char status_path[64];
    char line[256];
    unsigned seen = 0;
    (void)snprintf(status_path, sizeof status_path, "/proc/%d/status", (int)spawner.pid);
    FILE *status = fopen(status_path, "re");
    TAP_REQUIRE(status != NULL);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "Uid:", 4) == 0) {
            seen |= strstr(line, "\t0") == NULL ? 1 : 0;
        } else if (strcmp(line, "NoNewPrivs:\t1\n") == 0) {
            seen |= 2;
        } else if (strcmp(line, "Seccomp:\t2\n") == 0) {
            seen |= 4;
        } else if (strcmp(line, "CapPrm:\t0000000000000000\n") == 0) {
            seen |= 8;
        }
    }
    (void)fclose(status);
    TAP_EQUAL_INT(seen, 15);
}

static size_t count_descriptors(void)
{
    char all[64];
    glob_t found = {0};
    (void)snprintf(all, sizeof all, "/proc/%d/fd/*", (int)spawner.pid);
    size_t count = glob(all, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

/* What the key process has open isn't the spawner's, which has nothing, nothing, errors, orders,
 * and what tells of ended children. A validator's is closed only after its verdict was told. */
static void inherits_no_descriptor(void)
{
    size_t count = count_descriptors();
    if (count == 0 && geteuid() != 0) {
        TAP_SKIP("only root can look into it");
    }
    for (unsigned i = 0; i < PATIENCE_MS && count > 5; i++, count = count_descriptors()) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    TAP_EQUAL_INT((int)count, 5);
}

/* Whoever ends it, no judge is left, and nothing is judged any more. */
static void without_a_spawner_nothing_passes(void)
{
    struct slw_judge judge;
    int bundle = open_endless_bundle();
    TAP_REQUIRE(bundle >= 0 && flock(bundle, LOCK_EX) == 0);
    TAP_REQUIRE(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judge, &detail) == SLW_OK);
    TAP_REQUIRE(kill(spawner.pid, SIGKILL) == 0);
    slw_verdict_free(&verdict);
    TAP_REQUIRE(wait_for(&judge, &verdict) == SLW_OK);
    TAP_EQUAL_INT(verdict.status, SLW_VALIDATOR_FAILED);
    struct pollfd polled = {.fd = spawner.socket, .events = POLLIN};
    TAP_EQUAL_INT(poll(&polled, 1, (int)PATIENCE_MS), 1);
    TAP_EQUAL_INT(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judge, &detail),
                  SLW_IO_CLOSED);
    (void)close(bundle);
    TAP_CHECK(is_let_go());
    slw_spawner_close(&spawner);
    TAP_EQUAL_INT(slw_judge_start(&spawner, -1, &no_rules, &patient, &judge, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_REQUIRE(open_spawner(&spawner) == SLW_OK);
}

static void closing_ends_all_judges(void)
{
    struct slw_judge judge;
    int bundle = open_endless_bundle();
    TAP_REQUIRE(bundle >= 0 && flock(bundle, LOCK_EX) == 0);
    TAP_REQUIRE(slw_judge_start(&spawner, bundle, &no_rules, &patient, &judge, &detail) == SLW_OK);
    (void)close(bundle);
    slw_spawner_close(&spawner);
    slw_spawner_close(&spawner);
    TAP_CHECK(is_let_go());
    slw_verdict_free(&verdict);
    TAP_REQUIRE(slw_judge_finish(&spawner, &judge, &verdict) == SLW_OK);
    TAP_EQUAL_INT(verdict.status, SLW_VALIDATOR_FAILED);
}

int main(void)
{
    const struct slw_content_rules none = {0};
    int file = mkstemp(path);
    int forgotten = open("/etc/passwd", O_RDONLY); /* as a library may leave one */
    if (file < 0 || setenv("SLIPWAY_SECRET", "secret", 1) != 0 || close(file) != 0 ||
        forgotten < 0 || slw_judge_rules_make(&none, &no_rules, &detail) != SLW_OK ||
        open_spawner(&spawner) != SLW_OK) {
        (void)printf("# %s\n", detail.text);
        return EXIT_FAILURE;
    }
    TAP_RUN(passes_a_good_bundle);
    TAP_RUN(refuses_by_the_rules);
    TAP_RUN(takes_only_bundles_that_it_can_not_write_to);
    TAP_RUN(refuses_what_is_no_file);
    TAP_RUN(refuses_rules_that_are_none);
    TAP_RUN(judges_by_rules_of_any_length);
    TAP_RUN(ends_a_judge_that_takes_too_long);
    TAP_RUN(cancels_a_judge);
    TAP_RUN(refuses_when_memory_is_not_enough);
    TAP_RUN(a_bundle_that_shrinks_is_refused);
    TAP_RUN(judges_many_at_once_and_no_more);
    TAP_RUN(a_validator_decides_by_its_exit_status);
    TAP_RUN(a_validator_gets_the_bundle_from_its_beginning);
    TAP_RUN(a_validator_is_confined);
    TAP_RUN(ends_a_validator_that_takes_too_long);
    TAP_RUN(ends_a_validator_that_prints_too_much);
    TAP_RUN(says_when_it_can_not_start);
    TAP_RUN(is_started_by_the_key_process_alone);
    TAP_RUN(is_confined_itself);
    TAP_RUN(inherits_no_descriptor);
    TAP_RUN(without_a_spawner_nothing_passes);
    TAP_RUN(closing_ends_all_judges);
    slw_judge_rules_free(&no_rules);
    slw_verdict_free(&verdict);
    (void)unlink(path);
    (void)close(forgotten);
    test_begin();
    return tap_finish();
}
