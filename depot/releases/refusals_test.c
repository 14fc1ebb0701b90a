/* SPDX-License-Identifier: Apache-2.0 */
/* Which refusals of roles the depot's log is told of. */
#include "part.h"

#include "tap.h"

#include <stdio.h>

#define STABLE "lamp-stable: the signer refuses: the signing service refused: "
#define DAILY "lamp-daily: the signer refuses: the signing service refused: "
#define NOW INT64_C(1900000000)

static void tells_of_each_answer_once(void)
{
    static struct depot_releases_state state;
    static const struct {
        const char *told;
        size_t lines;
    } rows[] = {
        {"", 0},
        {"lamp-stable: nothing changes\n", 0},
        {STABLE "unknown-key: one\n", 1},
        {STABLE "unknown-key: one\n", 0},
        {STABLE "unknown-key: one", 0},
        {"lamp-stable: nothing changes\n" STABLE "unknown-key: one\n" DAILY "unknown-key: one\n",
         1},
        {DAILY "unknown-key: one\n" STABLE "unknown-key: one\n", 0},
        {STABLE "not-permitted: two\n", 1},
        {STABLE "unknown-key: one\n", 1},
        {STABLE "unknown-key: one\n" DAILY "not-permitted: two\n", 1},
        {"\n\n" STABLE "unknown-key: one\n\n", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char row[32];
        (void)snprintf(row, sizeof row, "answer %zu", i + 1);
        TAP_ROW(row);
        TAP_EQUAL_INT(releases_tell_refusals(&state, rows[i].told, NOW + 5 * (int64_t)i),
                      rows[i].lines);
    }
    TAP_ROW(NULL);
}

static void tells_of_it_again_when_it_was_over(void)
{
    static struct depot_releases_state state;
    static const char told[] = STABLE "unknown-key: one\n";
    int64_t later = NOW + RELEASES_REFUSAL_FORGOTTEN_S;
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, NOW), 1);
    releases_forget_refusal(&state, "lamp-daily");
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, NOW), 0);
    releases_forget_refusal(&state, "lamp-stable");
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, NOW), 1);
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, later), 0);
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, later + RELEASES_REFUSAL_FORGOTTEN_S + 1),
                  1);
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, NOW), 1); /* the clock was set back */
}

/* Names of roles come out of keys.conf and the repository, as many and as long as they are. */
static void remembers_no_more_than_it_has_room_for(void)
{
    static struct depot_releases_state state;
    char told[1400];
    for (unsigned i = 0; i < RELEASES_REFUSALS_MAX + 2; i++) {
        (void)snprintf(told, sizeof told, "role-%u: the signer refuses: no\n", i);
        TAP_EQUAL_INT(releases_tell_refusals(&state, told, NOW + (int64_t)i), 1);
        TAP_EQUAL_INT(releases_tell_refusals(&state, told, NOW + (int64_t)i), 0);
    }
    memset(told, 'r', 1300);
    memcpy(told + 200, ": the signer refuses: ", 22);
    told[1300] = '\0';
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, 2 * NOW), 1);
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, 2 * NOW), 0);
    told[200] = 'r';
    TAP_EQUAL_INT(releases_tell_refusals(&state, told, 2 * NOW), 0);
}

int main(void)
{
    TAP_RUN(tells_of_each_answer_once);
    TAP_RUN(tells_of_it_again_when_it_was_over);
    TAP_RUN(remembers_no_more_than_it_has_room_for);
    return tap_finish();
}
