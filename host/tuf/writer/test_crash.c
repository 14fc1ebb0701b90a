/* SPDX-License-Identifier: Apache-2.0 */
/* The faults of test_crash.h. */
#include "test_crash.h"

#include "slipway/files.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NOTHING "nothing is published\n"
#define CALLS_MAX 2000
#define MOMENTS_MAX 256
#define PAIRS_MAX 512

/* One scenario while it runs. */
static struct {
    const struct test_scenario *scenario;
    const char *states;
    struct test_moment before;
    struct test_moment after;
    char old_state[TEST_STATE_SIZE];
    char new_state[TEST_STATE_SIZE];
    uint64_t calls;
    int64_t now_utc_s;
    struct test_moment seen[MOMENTS_MAX]; /* that clients were shown, each different */
    bool complete[MOMENTS_MAX];           /* was to be the new state */
    size_t seen_count;
    struct {
        size_t left;    /* by the fault */
        size_t again;   /* after it was done again */
    } pairs[PAIRS_MAX]; /* each different */
    size_t pairs_count;
} run;

struct fault {
    const char *name;
    enum slw_storage_fault fault;
    bool kills;
};

static const char *const clients[] = {"knows-old", "knows-nothing"};

static enum slw_status refresh(const char *client, const struct test_moment *moment,
                               char ret_state[static TEST_STATE_SIZE])
{
    struct test_fetch fetch;
    test_fetch_init(moment, &fetch);
    enum slw_status status = test_client_refresh(client, &fetch, ret_state);
    if (status != SLW_OK && test_moment_find(moment, "metadata/timestamp.json") == NULL &&
        run.scenario->set_up == NULL) {
        (void)snprintf(ret_state, TEST_STATE_SIZE, NOTHING);
        return SLW_OK;
    }
    return status;
}

/* What a client sees of a moment: the old state or the new; when it is complete, the new. */
static void look_as(const char *who, const struct test_moment *moment, bool complete)
{
    char state[TEST_STATE_SIZE];
    if (!TAP_CHECK(refresh("client", moment, state) == SLW_OK)) {
        (void)printf("# %s: %s\n", who, test_detail.text);
        return;
    }
    bool is_new = strcmp(state, run.new_state) == 0;
    if (!TAP_CHECK(is_new || (!complete && strcmp(state, run.old_state) == 0))) {
        (void)printf("# %s sees: %s# old: %s# new: %s", who, state, run.old_state, run.new_state);
    }
}

/* What clients see now, unless they saw the same before. The number of this moment. */
static size_t look(bool complete)
{
    struct test_moment moment;
    test_moment_take(&moment);
    for (size_t i = 0; i < run.seen_count; i++) {
        if (run.complete[i] == complete && test_moment_looks_like(&moment, run.seen + i)) {
            test_moment_free(&moment);
            return i;
        }
    }
    for (size_t i = 0; i < 2 && run.states == NULL; i++) {
        (void)TAP_CHECK(test_client_copy(clients[i], "client"));
        look_as(clients[i], &moment, complete);
    }
    if (!TAP_CHECK(run.seen_count < MOMENTS_MAX)) {
        test_moment_free(&moment);
        return 0;
    }
    run.complete[run.seen_count] = complete;
    run.seen[run.seen_count] = moment;
    return run.seen_count++;
}

static void write_text(const char *directory, const char *name, const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    (void)TAP_CHECK(slw_file_write(path, SLW_OUTPUT_LAZY, test_bytes(text), &test_detail) ==
                    SLW_OK);
}

/* For another client to judge. */
static void write_state(const char *fault, const struct test_moment *left,
                        const struct test_moment *again)
{
    char directory[400];
    char path[420];
    (void)snprintf(directory, sizeof directory, "%s/%s, %s", run.states, run.scenario->name, fault);
    if (!TAP_CHECK(mkdir(directory, 0755) == 0)) {
        return;
    }
    if (test_moment_find(left, "metadata/timestamp.json") != NULL) {
        (void)TAP_CHECK(test_moment_write(left, directory));
    }
    (void)snprintf(path, sizeof path, "%s/again", directory);
    (void)TAP_CHECK(mkdir(path, 0755) == 0 && test_moment_write(again, path));
    (void)snprintf(path, sizeof path, "%s/client", directory);
    (void)TAP_CHECK(test_client_write("knows-old", path));
    (void)snprintf(path, sizeof path, "%s/fresh", directory);
    (void)TAP_CHECK(test_client_write("knows-nothing", path));
    write_text(directory, "old-state", run.old_state);
    write_text(directory, "new-state", run.new_state);
}

/* Clients that saw what the fault left go on once it is complete. */
static void go_on(const char *fault, size_t left, size_t again)
{
    char ignored[TEST_STATE_SIZE];
    for (size_t i = 0; i < run.pairs_count; i++) {
        if (run.pairs[i].left == left && run.pairs[i].again == again) {
            return;
        }
    }
    if (!TAP_CHECK(run.pairs_count < PAIRS_MAX)) {
        return;
    }
    run.pairs[run.pairs_count].left = left;
    run.pairs[run.pairs_count++].again = again;
    if (run.states != NULL) {
        write_state(fault, run.seen + left, run.seen + again);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        (void)TAP_CHECK(test_client_copy(clients[i], "client") &&
                        refresh("client", run.seen + left, ignored) == SLW_OK);
        look_as(clients[i], run.seen + again, true);
    }
}

static bool start_over(void)
{
    test.now_utc_s = run.now_utc_s;
    return test_moment_restore(&run.before);
}

/* Without faults: what it comes to, and how many calls it takes. */
static bool rehearse(void)
{
    if (!TAP_CHECK(start_over())) {
        return false;
    }
    test.faulty.calls = 0;
    enum slw_status status = run.scenario->act();
    run.calls = test.faulty.calls;
    if (!TAP_CHECK(status == SLW_OK && test.published.pending == 0)) {
        (void)printf("# %s: %s %s\n", slw_status_word(status), test_detail.text, test.told);
        return false;
    }
    test_moment_take(&run.after);
    const struct slw_heap_buffer *root = test_moment_find(&run.after, "metadata/1.root.json");
    bool good = TAP_CHECK(root != NULL);
    if (good) {
        good = TAP_CHECK(test_client_trust("knows-old", slw_heap_bytes(root)) &&
                         test_client_trust("knows-nothing", slw_heap_bytes(root)) &&
                         refresh("knows-old", &run.before, run.old_state) == SLW_OK &&
                         test_client_copy("knows-old", "client") &&
                         refresh("client", &run.after, run.new_state) == SLW_OK);
    }
    return good;
}

static void fail_once(const struct fault *fault, uint64_t at)
{
    char row[80];
    (void)snprintf(row, sizeof row, "%s call %03llu", fault->name, (unsigned long long)at);
    TAP_ROW(row);
    (void)TAP_CHECK(start_over());
    test.faulty.calls = 0;
    test.faulty.fail_at = at;
    test.faulty.fault = fault->fault;
    test.faulty.dead = fault->kills;
    (void)run.scenario->act();
    test.faulty.fail_at = 0;
    size_t left = look(false);
    if (fault->kills) {
        test_new_process();
        /* What is made again has another expiry, and so other bytes. */
        test.now_utc_s += SLW_TUF_LEASE_S + 1;
        slw_memory_storage_set_clock(test.memory, test.now_utc_s);
    }
    enum slw_status status = run.scenario->act();
    if (!TAP_CHECK(status == SLW_OK)) {
        (void)printf("# again: %s %s\n", slw_status_word(status), test_detail.text);
    }
    (void)TAP_CHECK(test.published.pending == 0);
    go_on(row, left, look(true));
    TAP_ROW(NULL);
}

static void refresh_between(const struct test_moment *from, const struct test_moment *to)
{
    char state[TEST_STATE_SIZE];
    for (unsigned requests = 1; requests <= 4; requests++) {
        for (size_t i = 0; i < 2; i++) {
            struct test_fetch fetch;
            test_fetch_init(from, &fetch);
            fetch.later = to;
            fetch.later_after = requests;
            (void)TAP_CHECK(test_client_copy(clients[i], "client"));
            enum slw_status status = test_client_refresh("client", &fetch, state);
            if (!TAP_CHECK(status == SLW_OK)) {
                (void)printf("# %s, after %u requests: %s\n", clients[i], requests,
                             test_detail.text);
            }
        }
    }
}

/*
 * Somebody refreshes while it happens: the first requests are answered by one moment, the others by
 * a later one. Those that a killed process left are the moments that a whole run goes through, in
 * their order.
 */
static void refresh_meanwhile(void)
{
    for (size_t from = 0; from < run.seen_count && run.scenario->set_up != NULL; from++) {
        for (size_t to = from + 1; to <= run.seen_count; to++) {
            char row[80];
            (void)snprintf(row, sizeof row, "moment %zu, then %zu", from, to);
            TAP_ROW(row);
            const struct test_moment *later = to < run.seen_count ? run.seen + to : &run.after;
            if (!run.complete[from] && (to == run.seen_count || !run.complete[to])) {
                refresh_between(run.seen + from, later);
            }
        }
    }
    TAP_ROW(NULL);
}

static void forget_seen(void)
{
    for (size_t i = 0; i < run.seen_count; i++) {
        test_moment_free(run.seen + i);
    }
    run.seen_count = 0;
}

static void run_faults(void)
{
    static const struct fault faults[] = {
        {"killed before", SLW_STORAGE_FAULT_BEFORE, true},
        {"failed before", SLW_STORAGE_FAULT_BEFORE, false},
        {"failed after", SLW_STORAGE_FAULT_AFTER, false},
    };
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(run.scenario->set_up == NULL || run.scenario->set_up());
    test_moment_take(&run.before);
    run.now_utc_s = test.now_utc_s;
    TAP_REQUIRE(rehearse());
    TAP_CHECK(run.calls > 3 && run.calls < CALLS_MAX);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (uint64_t at = 1; at <= run.calls; at++) {
            fail_once(faults + i, at);
        }
        if (i == 0 && run.states == NULL) {
            refresh_meanwhile();
        }
    }
}

static void run_scenario(void)
{
    run_faults();
    forget_seen();
    test_moment_free(&run.before);
    test_moment_free(&run.after);
    test_close();
    (void)printf("# %s: %llu storage calls, %zu different states\n", run.scenario->name,
                 (unsigned long long)run.calls, run.pairs_count);
}

int test_crash_run(const struct test_scenario *scenarios, size_t count, const char *states)
{
    if (!test_clients_begin()) {
        (void)fprintf(stderr, "no directory for clients\n");
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        memset(&run, 0, sizeof run);
        run.scenario = scenarios + i;
        run.states = states;
        tap_run(scenarios[i].name, run_scenario);
    }
    test_clients_end();
    return tap_finish();
}
