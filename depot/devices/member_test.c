/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet's member (slipway/fleet_member.h) against a real depot: what it keeps, and how it goes on
 * after kills, restored backups of either side, and lost answers.
 */
#include "test_fleet.h"

#include "slipway/fleet_member.h"

#include "slipway/files.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_depot depot;
static char identity[160];
static char state_file[176];
static char token_file[160];
static struct slw_detail detail;

static bool open_depot(void)
{
    char token[80];
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_enrolment_token(
            &depot, "lamp",
            "{\"title\":\"line\",\"class\":\"prod\",\"channel\":\"stable\",\"uses\":9}", token)) {
        return false;
    }
    (void)snprintf(identity, sizeof identity, "%s/d1.key", depot.directory);
    (void)snprintf(state_file, sizeof state_file, "%s.state", identity);
    (void)snprintf(token_file, sizeof token_file, "%s/token", depot.directory);
    return slw_file_write(token_file, SLW_OUTPUT_PRIVATE, slw_bytes_make(token, strlen(token)),
                          &detail) == SLW_OK;
}

static enum slw_status open_member(bool with_token, struct slw_fleet_member **ret_member)
{
    const struct slw_fleet_member_settings settings = {
        .depot = {.url = depot.address, .allows_plain = true},
        .identity_file = identity,
        .product = "lamp",
        .device = "d1",
        .hardware = "lamp-1",
        .key_class = "prod",
        .enrolment_token_file = with_token ? token_file : NULL,
    };
    return slw_fleet_member_open(&settings, ret_member, &detail);
}

static enum slw_status check_in(struct slw_fleet_member *member)
{
    struct slw_fleet_answer answer;
    return slw_fleet_member_check_in(member, 1, &answer, &detail);
}

static enum slw_status report(struct slw_fleet_member *member, int64_t root_version)
{
    const struct slw_fleet_report state = {
        .kind = SLW_FLEET_STATE, .version = 1, .root_version = root_version};
    return slw_fleet_member_report(member, &state, &detail);
}

static void keeps_its_key_and_place_to_itself(void)
{
    struct slw_fleet_member *member = NULL;
    struct stat status;
    TAP_REQUIRE(open_depot());
    TAP_REQUIRE(open_member(true, &member) == SLW_OK);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(report(member, 1), SLW_OK);
    TAP_CHECK(stat(identity, &status) == 0 && (status.st_mode & 0777) == 0600);
    TAP_CHECK(stat(state_file, &status) == 0 && (status.st_mode & 0777) == 0600);
    const struct slw_fleet_under_way under_way = {7, 2};
    TAP_EQUAL_INT(slw_fleet_member_set_under_way(member, under_way, &detail), SLW_OK);
    slw_fleet_member_free(member);
    TAP_REQUIRE(open_member(false, &member) == SLW_OK); /* the token was used, and isn't needed */
    TAP_EQUAL_INT(slw_fleet_member_under_way(member).release, 2);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT epoch FROM devices"), 1);
    slw_fleet_member_free(member);
    /* Others may read it: it isn't used. */
    TAP_CHECK(chmod(identity, 0644) == 0);
    TAP_EQUAL_INT(open_member(false, &member), SLW_NOT_PERMITTED);
    TAP_CHECK(chmod(identity, 0600) == 0);
    static const char *const broken[] = {
        "", "{}", "[]", "{\"version\":1,\"epoch\":-1}",
        "{\"version\":2,\"epoch\":1,\"sequence\":1,\"last\":\"0\"}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        TAP_ROW(broken[i]);
        TAP_EQUAL_INT(slw_file_write(state_file, SLW_OUTPUT_REPLACE,
                                     slw_bytes_make(broken[i], strlen(broken[i])), &detail),
                      SLW_OK);
        TAP_EQUAL_INT(open_member(false, &member), SLW_STORED_STATE);
    }
    TAP_ROW(NULL);
    test_depot_close(&depot);
}

static void sends_again_what_had_no_answer(void)
{
    struct slw_fleet_member *member = NULL;
    TAP_REQUIRE(open_depot() && open_member(true, &member) == SLW_OK);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(report(member, 1), SLW_OK);
    char port[64];
    (void)snprintf(port, sizeof port, "%s", depot.address + strlen("http://"));
    depot_program_stop(depot.program);
    depot.program = NULL;
    TAP_CHECK(report(member, 2) != SLW_OK);
    slw_fleet_member_free(member);
    (void)snprintf(depot.settings.listen, sizeof depot.settings.listen, "%s", port);
    struct slw_detail ignored;
    TAP_REQUIRE(depot_program_start(&depot.settings, &depot.program, &ignored) == SLW_OK);
    depot.depot = depot_program_services(depot.program);
    depot.address = depot_program_address(depot.program);
    TAP_REQUIRE(open_member(false, &member) == SLW_OK);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT root_version FROM devices"), 2);
    TAP_EQUAL_INT(test_count(&depot, "SELECT sequence FROM devices"), 2);
    slw_fleet_member_free(member);
    test_depot_close(&depot);
}

static void goes_on_after_backups_of_either_side(void)
{
    struct slw_fleet_member *member = NULL;
    struct slw_heap_buffer former = {0};
    TAP_REQUIRE(open_depot() && open_member(true, &member) == SLW_OK);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(report(member, 1), SLW_OK);
    TAP_EQUAL_INT(slw_file_read(state_file, 65536, &former, &detail), SLW_OK);
    TAP_EQUAL_INT(report(member, 2), SLW_OK);
    TAP_EQUAL_INT(report(member, 3), SLW_OK);
    TAP_EQUAL_INT(report(member, 4), SLW_OK);
    slw_fleet_member_free(member);
    /* The device's disk is an older one: its sequences were used, so another epoch begins. */
    TAP_EQUAL_INT(slw_file_write(state_file, SLW_OUTPUT_REPLACE, slw_heap_bytes(&former), &detail),
                  SLW_OK);
    TAP_REQUIRE(open_member(false, &member) == SLW_OK);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(report(member, 5), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT epoch FROM devices"), 2);
    TAP_EQUAL_INT(test_count(&depot, "SELECT root_version FROM devices"), 5);
    /* The depot's database is: every enrolment is renewed. */
    TAP_CHECK(test_sql(&depot, "UPDATE counters SET value = value + 1 WHERE name = 'restores'"));
    TAP_EQUAL_INT(report(member, 6), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT epoch FROM devices"), 3);
    TAP_EQUAL_INT(test_count(&depot, "SELECT root_version FROM devices"), 6);
    /* Nor does it know of the device: somebody must let it in. */
    TAP_CHECK(test_sql(&depot, "DELETE FROM devices"));
    TAP_EQUAL_INT(check_in(member), SLW_CONSENT_PENDING);
    TAP_CHECK(test_sql(&depot, "UPDATE devices SET state = 'revoked'"));
    TAP_EQUAL_INT(check_in(member), SLW_REVOKED_KEY);
    slw_heap_free(&former);
    slw_fleet_member_free(member);
    test_depot_close(&depot);
}

static void forgets_what_the_depot_never_takes(void)
{
    struct slw_fleet_member *member = NULL;
    const struct slw_fleet_report lie = {
        .kind = SLW_FLEET_OUTCOME, .result = SLW_FLEET_SUCCESS, .release = 9, .version = 1};
    TAP_REQUIRE(open_depot() && open_member(true, &member) == SLW_OK);
    TAP_EQUAL_INT(check_in(member), SLW_OK);
    TAP_EQUAL_INT(slw_fleet_member_report(member, &lie, &detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(report(member, 1), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT sequence FROM devices"), 2);
    slw_fleet_member_free(member);
    test_depot_close(&depot);
}

static void waits_longer_after_each_failure(void)
{
    for (uint64_t chance = 0; chance < 1000000; chance += 9973) {
        int64_t wait_ms = slw_fleet_wait_ms(60, 0, chance);
        TAP_CHECK(wait_ms >= 54000 && wait_ms <= 66000);
    }
    TAP_CHECK(slw_fleet_wait_ms(60, 0, 0) != slw_fleet_wait_ms(60, 0, 7777));
    TAP_EQUAL_INT(slw_fleet_wait_ms(60, 1, 12000), 120000);
    TAP_EQUAL_INT(slw_fleet_wait_ms(60, 3, 48000), 480000);
    TAP_EQUAL_INT(slw_fleet_wait_ms(60, 4000000000u, 360000), 3600000);
    TAP_EQUAL_INT(slw_fleet_wait_ms(-5, 0, 100), 1000);
    TAP_EQUAL_INT(slw_fleet_wait_ms(INT64_MAX, 9, 8640000), 86400000);
}

int main(void)
{
    TAP_RUN(keeps_its_key_and_place_to_itself);
    TAP_RUN(sends_again_what_had_no_answer);
    TAP_RUN(goes_on_after_backups_of_either_side);
    TAP_RUN(forgets_what_the_depot_never_takes);
    TAP_RUN(waits_longer_after_each_failure);
    return tap_finish();
}
