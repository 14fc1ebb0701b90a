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

/* One scenario while it runs. */
static struct {
    const struct test_scenario *scenario;
    const char *dump;
    struct test_moment before;
    struct test_moment after;
    struct slw_heap_buffer root; /* the first */
    char old_state[TEST_STATE_SIZE];
    char new_state[TEST_STATE_SIZE];
    uint64_t calls;
    int64_t now_utc_s;
    struct test_moment seen[MOMENTS_MAX]; /* that clients were shown, each different */
    bool complete[MOMENTS_MAX];           /* was to be the new state */
    size_t seen_count;
} run;

struct fault {
    const char *name;
    enum slw_storage_fault fault;
    bool kills;
};

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

static void dump_text(const char *directory, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    (void)TAP_CHECK(slw_file_write(path, SLW_OUTPUT_REPLACE, test_bytes(text), &test_detail) ==
                    SLW_OK);
}

/* For another client to judge. */
static void dump(const struct test_moment *moment, bool complete)
{
    char directory[400];
    if (run.dump == NULL) {
        return;
    }
    (void)snprintf(directory, sizeof directory, "%s/%s-%03zu", run.dump, run.scenario->name,
                   run.seen_count);
    (void)TAP_CHECK(mkdir(directory, 0755) == 0);
    (void)TAP_CHECK(test_moment_write(moment, directory));
    dump_text(directory, "first-root.json", slw_heap_text(&run.root));
    dump_text(directory, "new-state", run.new_state);
    dump_text(directory, "old-state", complete ? run.new_state : run.old_state);
}

/* What clients see now: the old state or the new; when it is complete, the new. */
static void look(bool complete)
{
    static const char *const clients[] = {"knows-old", "knows-nothing"};
    struct test_moment moment;
    char state[TEST_STATE_SIZE];
    test_moment_take(&moment);
    for (size_t i = 0; i < run.seen_count; i++) {
        if (run.complete[i] == complete && test_moment_looks_like(&moment, run.seen + i)) {
            test_moment_free(&moment);
            return;
        }
    }
    dump(&moment, complete);
    for (size_t i = 0; i < 2; i++) {
        (void)TAP_CHECK(test_client_copy(clients[i], "client"));
        if (!TAP_CHECK(refresh("client", &moment, state) == SLW_OK)) {
            (void)printf("# %s: %s\n", clients[i], test_detail.text);
            continue;
        }
        bool is_new = strcmp(state, run.new_state) == 0;
        if (!TAP_CHECK(is_new || (!complete && strcmp(state, run.old_state) == 0))) {
            (void)printf("# %s sees: %s# old: %s# new: %s", clients[i], state, run.old_state,
                         run.new_state);
        }
    }
    if (run.seen_count < MOMENTS_MAX) {
        run.complete[run.seen_count] = complete;
        run.seen[run.seen_count++] = moment;
    } else {
        (void)TAP_CHECK(run.seen_count < MOMENTS_MAX);
        test_moment_free(&moment);
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
        slw_heap_append(&run.root, slw_heap_bytes(root));
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
    (void)snprintf(row, sizeof row, "%s call %llu", fault->name, (unsigned long long)at);
    TAP_ROW(row);
    (void)TAP_CHECK(start_over());
    test.faulty.calls = 0;
    test.faulty.fail_at = at;
    test.faulty.fault = fault->fault;
    test.faulty.dead = fault->kills;
    (void)run.scenario->act();
    test.faulty.fail_at = 0;
    look(false);
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
    look(true);
    TAP_ROW(NULL);
}

static void refresh_between(const struct test_moment *from, const struct test_moment *to)
{
    static const char *const clients[] = {"knows-old", "knows-nothing"};
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
        if (i == 0) {
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
    slw_heap_free(&run.root);
    test_close();
}

int test_crash_run(const struct test_scenario *scenarios, size_t count, const char *dump_directory)
{
    if (!test_clients_begin()) {
        (void)fprintf(stderr, "no directory for clients\n");
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        memset(&run, 0, sizeof run);
        run.scenario = scenarios + i;
        run.dump = dump_directory;
        tap_run(scenarios[i].name, run_scenario);
    }
    test_clients_end();
    return tap_finish();
}
