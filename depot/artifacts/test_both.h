/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the depot that run once on SQLite and once on a PostgreSQL of their own.
 *
 *     static bool begin(void (*change)(struct depot_settings *settings)) { … test_depot_open … }
 *     static void end(void) { … test_depot_close … }
 *     static const struct test_both_case cases[] = {CASE(takes_this), …};
 *     int main(void) { return test_both_main(begin, end, cases, sizeof cases / sizeof cases[0]); }
 */
#ifndef SLIPWAY_DEPOT_TEST_BOTH_H
#define SLIPWAY_DEPOT_TEST_BOTH_H

#include "settings.h"

#include "tap.h"

/* False when it isn't installed. */
bool test_both_start(bool is_postgresql);
void test_both_stop(void);
/* For test_depot_open(): an empty one of the kind that was started. */
void test_both_use(struct depot_settings *settings);

struct test_both_case {
    const char *name;
    void (*function)(void);
};
/* clang-format off */
#define CASE(function) {#function, function}
/* clang-format on */

static inline void test_both_is_not_installed(void)
{
    TAP_SKIP("PostgreSQL isn't installed");
}

/* What main() returns. */
static inline int test_both_main(bool (*begin)(void (*change)(struct depot_settings *settings)),
                                 void (*end)(void), const struct test_both_case *cases,
                                 size_t count)
{
    static const char *const names[] = {"sqlite", "postgresql"};
    for (int kind = 0; kind < 2; kind++) {
        bool is_there = test_both_start(kind == 1);
        if (is_there && !begin(test_both_use)) {
            test_both_stop();
            return 1;
        }
        for (size_t i = 0; i < count; i++) {
            char name[160];
            (void)snprintf(name, sizeof name, "%s on %s", cases[i].name, names[kind]);
            tap_run(name, is_there ? cases[i].function : test_both_is_not_installed);
        }
        if (is_there) {
            end();
            test_both_stop();
        }
    }
    return tap_finish();
}

#endif
