/* SPDX-License-Identifier: Apache-2.0 */
/* What `repo check` finds in a repository, and what it doesn't find in a sound one. */
#include "test_acts.h"

#include "tap.h"

#include <inttypes.h>
#include <stdio.h>

#define DAY_S 86400

/* Findings as lines: "2 targets: what". */
static char findings[16384];
static unsigned worst;

static void note(void *context, unsigned severity, const char *role, const char *what,
                 int64_t expires_utc_s)
{
    size_t len = strlen(findings);
    (void)context;
    worst = severity > worst ? severity : worst;
    (void)snprintf(findings + len, sizeof findings - len, "%u %s: %s%s\n", severity, role, what,
                   expires_utc_s != 0 ? " (expires)" : "");
}

static enum slw_status check(void)
{
    findings[0] = '\0';
    worst = 0;
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_check(test.writer, note, NULL, &test_detail);
}

static bool finds(const char *line)
{
    if (strstr(findings, line) != NULL) {
        return true;
    }
    (void)printf("# not found: %s in\n# %s\n", line, findings);
    return false;
}

/* Thresholds of 2 of 3 offline, and keys for one role each. */
static bool set_up_sound(void)
{
    const struct slw_tuf_init init = {
        .roles = {[SLW_TUF_ROOT] = test_role_keys(2, 3, KEY_ROOT, KEY_ROOT_2, KEY_TEAM_2),
                  [SLW_TUF_TIMESTAMP] = test_role_keys(1, 1, KEY_TIMESTAMP),
                  [SLW_TUF_SNAPSHOT] = test_role_keys(1, 1, KEY_SNAPSHOT),
                  [SLW_TUF_TARGETS] = test_role_keys(2, 3, KEY_TARGETS, KEY_TARGETS_2, KEY_BINS_2)},
    };
    return slw_tuf_writer_init(&test.options, &init, &test_detail) == SLW_OK &&
           test_sign("root", KEY_ROOT) == SLW_OK && test_sign("root", KEY_ROOT_2) == SLW_OK &&
           test_sign("targets", KEY_TARGETS) == SLW_OK &&
           test_sign("targets", KEY_TARGETS_2) == SLW_OK && test_publish() == SLW_OK;
}

static void finds_nothing_wrong_with_a_sound_repository(void)
{
    TAP_REQUIRE(test_open() && set_up_sound());
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_EQUAL_INT(worst, 0);
    TAP_CHECK(finds("0 timestamp: version 1 is current (expires)"));
    TAP_CHECK(finds("0 snapshot: version 1 is current (expires)"));
    TAP_CHECK(finds("0 root: version 1 is current (expires)"));
    TAP_CHECK(finds("0 targets: version 1 is current (expires)"));
    test_close();
}

static void finds_what_is_weak(void)
{
    const struct slw_tuf_init init = {
        .roles = {[SLW_TUF_ROOT] = test_role_keys(1, 1, KEY_ROOT),
                  [SLW_TUF_TIMESTAMP] = test_role_keys(1, 1, KEY_TIMESTAMP),
                  [SLW_TUF_SNAPSHOT] = test_role_keys(1, 1, KEY_TIMESTAMP),
                  [SLW_TUF_TARGETS] = test_role_keys(2, 2, KEY_ROOT, KEY_TIMESTAMP)},
        .periods = {[SLW_TUF_TIMESTAMP] = {DAY_S, DAY_S / 2 + 1}},
    };
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(test_provide("snapshot", KEY_TIMESTAMP, "timestamp", KEY_TIMESTAMP, "targets",
                             KEY_ROOT, "targets", KEY_TIMESTAMP, "root", KEY_ROOT,
                             (const char *)NULL));
    TAP_REQUIRE(slw_tuf_writer_init(&test.options, &init, &test_detail) == SLW_OK);
    TAP_REQUIRE(test_publish() == SLW_OK);
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_EQUAL_INT(worst, 1);
    TAP_CHECK(finds("1 root: one signature is enough for it (threshold 1)"));
    TAP_CHECK(finds("1 targets: all of its keys must sign"));
    TAP_CHECK(finds("1 root: has a key in common with targets"));
    TAP_CHECK(finds("1 timestamp: has a key in common with targets"));
    TAP_CHECK(finds("0 timestamp: has a key in common with snapshot"));
    TAP_CHECK(finds("1 timestamp: lives for less than twice the time"));
    test_close();
}

static void finds_what_is_due_and_what_has_expired(void)
{
    static const struct {
        int64_t seconds;
        const char *line;
    } rows[] = {
        {12 * 3600, "2 timestamp: version 1 is due to be signed again (expires)"},
        {DAY_S, "2 timestamp: version 1 has expired (expires)"},
        {4 * DAY_S, "2 snapshot: version 1 is due to be signed again (expires)"},
        {7 * DAY_S, "2 snapshot: version 1 has expired (expires)"},
        {60 * DAY_S, "2 targets: version 1 is due to be signed again (expires)"},
        {305 * DAY_S, "2 root: version 1 is due to be signed again (expires)"},
        {365 * DAY_S, "2 root: version 1 has expired (expires)"},
    };
    TAP_REQUIRE(test_open() && set_up_sound());
    int64_t start = test.now_utc_s;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].line);
        test_pass(start + rows[i].seconds - 1 - test.now_utc_s);
        TAP_EQUAL_INT(check(), SLW_OK);
        TAP_CHECK(strstr(findings, rows[i].line) == NULL);
        test_pass(1);
        TAP_EQUAL_INT(check(), SLW_OK);
        TAP_CHECK(finds(rows[i].line));
    }
    TAP_ROW(NULL);
    test_close();
}

static void finds_delegations_that_lead_nowhere(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_take_away("metadata/1.team.json"));
    test_new_process();
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_EQUAL_INT(worst, 2);
    TAP_CHECK(finds("2 team: is delegated to, and can't be reached"));
    test_close();
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    TAP_REQUIRE(test_take_away("metadata/1.bins-1.json"));
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(finds("can't be reached"));
    test_close();
}

static void finds_bins_that_are_due(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(finds("0 bins-"));
    test_pass(60 * DAY_S);
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(finds("2 bins-"));
    test_close();
}

static void finds_who_is_waited_for(void)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    char line[128];
    TAP_REQUIRE(test_open() && set_up_sound());
    TAP_REQUIRE(test_add("targets", "a", "1") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_sign("targets", KEY_TARGETS) == SLW_OK);
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(finds("0 targets: version 2 is staged with 1 of 2 signatures; can be signed by"));
    TAP_REQUIRE(slw_tuf_public_key_id(slw_private_key_public(test_private_key(KEY_TARGETS_2)),
                                      id) == SLW_OK);
    (void)snprintf(line, sizeof line, " %.16s", id);
    TAP_CHECK(finds(line));
    TAP_REQUIRE(slw_tuf_public_key_id(slw_private_key_public(test_private_key(KEY_TARGETS)), id) ==
                SLW_OK);
    (void)snprintf(line, sizeof line, " %.16s", id);
    TAP_CHECK(strstr(findings, line) == NULL);
    test_close();
}

static void finds_staged_changes_that_lead_nowhere(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_put("staged/changes/targets.json", "{"));
    TAP_REQUIRE(test_put("staged/bins/team.json", "{"));
    test_new_process();
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(finds("2 targets: what is staged can't be read"));
    TAP_CHECK(finds("2 team: what is staged can't be read"));
    test_close();
}

/* The keys that are at hand, for the role by whose name they stand. */
struct at_hand {
    const char *role;
    enum test_key key;
};

static bool has_key(void *context, struct slw_bytes role, struct slw_bytes value)
{
    for (const struct at_hand *one = context; one->role != NULL; one++) {
        const struct slw_public_key *own = slw_private_key_public(test_private_key(one->key));
        if (slw_bytes_equal(role, test_bytes(one->role)) &&
            slw_bytes_equal(slw_bytes_make(own->value, own->value_len), value)) {
            return true;
        }
    }
    return false;
}

static void finds_online_keys_that_are_missing(void)
{
    static struct at_hand none[] = {{NULL, KEY_ROOT}};
    static struct at_hand others[] = {{"snapshot", KEY_TIMESTAMP},
                                      {"timestamp", KEY_SNAPSHOT},
                                      {"timestamp", KEY_SNAPSHOT_2},
                                      {"targets", KEY_TIMESTAMP},
                                      {NULL, KEY_ROOT}};
    static struct at_hand snapshot[] = {{"snapshot", KEY_SNAPSHOT}, {NULL, KEY_ROOT}};
    static struct at_hand both[] = {
        {"snapshot", KEY_SNAPSHOT}, {"timestamp", KEY_TIMESTAMP}, {NULL, KEY_ROOT}};
    static const struct {
        struct at_hand *keys;
        bool snapshot, timestamp;
    } rows[] = {
        {none, false, false}, {others, false, false}, {snapshot, true, false}, {both, true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_REQUIRE(test_open() && set_up_sound());
        test_new_process();
        test.options.has_key = has_key;
        test.options.has_key_context = rows[i].keys;
        TAP_EQUAL_INT(check(), SLW_OK);
        TAP_CHECK(rows[i].snapshot !=
                  finds("2 snapshot: can't be renewed: 0 of its keys at hand, and 1 must sign"));
        TAP_CHECK(rows[i].timestamp !=
                  finds("2 timestamp: can't be renewed: 0 of its keys at hand, and 1 must sign"));
        TAP_EQUAL_INT(worst, rows[i].timestamp ? 0 : 2);
        test_close();
    }
}

/* Between a root and its timestamp a publish was killed: clients fail, and check says so. */
static void finds_that_clients_fail_after_a_kill(void)
{
    unsigned found = 0;
    struct slw_heap_buffer root = {0};
    const struct slw_storage *storage = NULL;
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_rotate(SLW_TUF_TIMESTAMP, KEY_TIMESTAMP_2) == SLW_OK);
    TAP_REQUIRE(test_prepare() == SLW_OK && test_sign("root", KEY_ROOT) == SLW_OK);
    storage = slw_memory_storage_port(test.memory);
    TAP_REQUIRE(storage->get(storage->context, "staged/root.json", 100000, &root, &test_detail) ==
                SLW_OK);
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(strstr(findings, "clients fail") == NULL);
    TAP_REQUIRE(test_put("metadata/2.root.json", slw_heap_text(&root)));
    test_new_process();
    TAP_EQUAL_INT(check(), SLW_OK);
    found += finds("2 timestamp: isn't signed by the keys of the current root: clients fail");
    TAP_EQUAL_INT(found, 1);
    slw_heap_free(&root);
    test_close();
}

static void finds_that_nothing_is_published_yet(void)
{
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(test_init() == SLW_OK);
    TAP_EQUAL_INT(check(), SLW_OK);
    TAP_CHECK(finds("0 timestamp: nothing is published yet"));
    TAP_CHECK(finds("0 root: version 1 is staged with 0 of 1 signatures"));
    TAP_CHECK(finds("0 targets: version 1 is staged with 0 of 1 signatures"));
    test_close();
}

int main(void)
{
    TAP_RUN(finds_nothing_wrong_with_a_sound_repository);
    TAP_RUN(finds_what_is_weak);
    TAP_RUN(finds_what_is_due_and_what_has_expired);
    TAP_RUN(finds_delegations_that_lead_nowhere);
    TAP_RUN(finds_bins_that_are_due);
    TAP_RUN(finds_who_is_waited_for);
    TAP_RUN(finds_staged_changes_that_lead_nowhere);
    TAP_RUN(finds_online_keys_that_are_missing);
    TAP_RUN(finds_that_clients_fail_after_a_kill);
    TAP_RUN(finds_that_nothing_is_published_yet);
    return tap_finish();
}
