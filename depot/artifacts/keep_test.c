/* SPDX-License-Identifier: Apache-2.0 */
/* What goes by itself and what stays; and what repair finds and mends. Time passes by changing what
 * the database says of it. */
#include "part.h"
#include "test_artifacts.h"
#include "test_both.h"

#include "tap.h"

#include "slipway/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct test_depot depot;
static struct slw_detail detail;
static int64_t token;
static char kept[65];
static char old[65];

static enum slw_status run_sql(void *context, struct slw_transaction *transaction,
                               struct slw_detail *why)
{
    return slw_sql_run(transaction, context, NULL, 0, NULL, why);
}

static bool change(const char *sql)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%s", sql);
    bool good = slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, run_sql, text,
                                      &detail) == SLW_OK;
    if (!good) {
        (void)printf("# %s: %s\n", sql, detail.text);
    }
    return good;
}

static bool is_stored(const char *digits)
{
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t size = 0;
    return depot_digest_parse(slw_text_bytes(digits), sha256) &&
           slw_blobs_size(depot.depot->blobs, sha256, &size, &detail) == SLW_OK;
}

#define LEASE_S 15

static enum slw_status seize(void *context, struct slw_transaction *transaction,
                             struct slw_detail *why)
{
    int64_t now_us = 0;
    (void)context;
    SLW_TRY(slw_database_now(transaction, &now_us, why));
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(ARTIFACTS_LEASE)),
                                           slw_sql_int(now_us + LEASE_S * 1000000)};
    return slw_sql_number(transaction,
                          "INSERT INTO leases (name, holder, token, until_us) VALUES ($1, 'test', "
                          "1, $2) ON CONFLICT (name) DO UPDATE SET holder = 'test', token = "
                          "leases.token + 1, until_us = $2 RETURNING token",
                          values, 2, &token, why);
}

/* The housekeeping of the program itself is kept out by a lease that it doesn't get. It is taken
 * from whoever holds it, in one transaction: one that was ended first might be the program's again.
 */
static bool take_lease(void)
{
    bool good = slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, seize, NULL,
                                      &detail) == SLW_OK;
    if (!good) {
        (void)printf("# %s\n", detail.text);
    }
    return good;
}

/* Anew each time: one that lasts for longer than leases do would be taken for over. */
static enum slw_status keep_house(void)
{
    enum slw_status status =
        take_lease() ? artifacts_keep_house(depot.depot, token, &detail) : SLW_WRONG_STATE;
    if (status != SLW_OK) {
        (void)printf("# %s\n", detail.text);
    }
    return status;
}

static enum slw_status repair(void)
{
    return take_lease() ? artifacts_repair(depot.depot, token, true, &detail) : SLW_WRONG_STATE;
}

#define LONG_AGO "1000000"

static void builds_go_after_their_days(void)
{
    char path[256];
    char old_bundle[65];
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "kept", kept));
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "old", old));
    TAP_REQUIRE(test_endorse(&depot, "lamp", old));
    TAP_REQUIRE(change("UPDATE builds SET state_us = 1, made_us = " LONG_AGO));
    TAP_REQUIRE(change("UPDATE builds SET furthest = 3 WHERE id = (SELECT MIN(id) FROM builds)"));
    /* Which of them went further is whichever has the lower digest. */
    bool went_first = strcmp(kept, old) > 0;
    if (went_first) {
        char swap[65];
        memcpy(swap, kept, 65);
        memcpy(kept, old, 65);
        memcpy(old, swap, 65);
    }
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/bundle", kept);
    TAP_EQUAL_INT(test_status(&depot, "GET", path, NULL), 200);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/bundle", old);
    TAP_EQUAL_INT(test_status(&depot, "GET", path, NULL), 404);
    struct test_answer answer;
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s", old);
    test_call(&depot, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_find(&answer, "removed") != SLW_JSON_NONE);
    struct slw_bytes bundle = slw_json_string(&answer.json, test_find(&answer, "bundle"));
    (void)snprintf(old_bundle, sizeof old_bundle, "%.*s", (int)bundle.len,
                   (const char *)bundle.ptr);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'build.expire'"),
                  1);
    /* Its bytes stay for a day. */
    TAP_CHECK(is_stored(old_bundle));
    TAP_REQUIRE(change("UPDATE blobs SET unnamed_us = " LONG_AGO " WHERE unnamed_us IS NOT NULL"));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_CHECK(!is_stored(old_bundle));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM blobs WHERE unnamed_us IS NOT NULL"), 0);
    /* The same build may come again. */
    char again[65];
    TAP_CHECK(test_build(&depot, "lamp", 1, went_first ? "kept" : "old", again));
    TAP_CHECK(strcmp(again, old) == 0);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM builds WHERE removed_us IS NULL"), 2);
}

static void builds_of_releases_stay(void)
{
    char build[65];
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "released", build));
    char sql[160];
    (void)snprintf(sql, sizeof sql, "'lamp', 9, '%s'", build);
    TAP_REQUIRE(test_row(&depot, "releases", "product, version, build", sql));
    TAP_REQUIRE(change("UPDATE builds SET state_us = 1, made_us = " LONG_AGO));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    (void)snprintf(sql, sizeof sql, "/api/v1/products/lamp/builds/%s/bundle", build);
    TAP_EQUAL_INT(test_status(&depot, "GET", sql, NULL), 200);
}

#define OF_LAMP "/api/v1/products/lamp/"
#define TWO_APPROVALS                                                                              \
    "{\"stages\":{\"daily\":{\"gates\":[{\"approvals\":2}]}},\"jobs\":{\"system\":{\"kind\":"      \
    "\"test\",\"on\":\"build\"}}}"

static long act_on(const char *build, const char *verb, const char *body)
{
    char path[256];
    (void)snprintf(path, sizeof path, OF_LAMP "builds/%s/%s", build, verb);
    return test_status(&depot, body == NULL ? "GET" : "POST", path, body);
}

static bool age(const char *build)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "UPDATE builds SET state_us = 1, made_us = " LONG_AGO " WHERE id = '%s'", build);
    return change(sql);
}

static int64_t count_of(const char *what, const char *build)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "%s = '%s'", what, build);
    return test_count(&depot, sql);
}

#define IS_HERE "SELECT COUNT(*) FROM builds WHERE removed_us IS NULL AND id"
#define IS_OPEN "SELECT is_open FROM qualifications WHERE build"
#define TESTS(state) "SELECT COUNT(*) FROM jobs WHERE state = '" state "' AND build"

static void a_build_that_is_worked_on_waits(void)
{
    char build[65];
    TAP_REQUIRE(test_status(&depot, "PUT", OF_LAMP "pipeline", TWO_APPROVALS) == 200);
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "on its way", build));
    TAP_REQUIRE(age(build));
    /* A runner has its test; it entered a stage a moment ago. */
    TAP_REQUIRE(change("UPDATE jobs SET state = 'running', lease_until_us = made_us + 50000000"));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_EQUAL_INT(count_of(IS_HERE, build), 1);
    TAP_REQUIRE(change("UPDATE jobs SET state = 'queued', lease_until_us = 0"));
    TAP_REQUIRE(change("UPDATE builds SET state_us = (SELECT MAX(made_us) FROM jobs)"));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_EQUAL_INT(count_of(IS_HERE, build), 1);
    TAP_EQUAL_INT(count_of(IS_OPEN, build), 1);
    TAP_EQUAL_INT(count_of(TESTS("queued"), build), 1);
}

static void what_goes_is_on_its_way_no_longer(void)
{
    char build[65];
    char path[256];
    struct test_answer answer;
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "on its way", build));
    TAP_EQUAL_INT(act_on(build, "approve", "{\"stage\":\"daily\"}"), 200);
    TAP_REQUIRE(age(build));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_EQUAL_INT(count_of(IS_HERE, build), 0);
    TAP_EQUAL_INT(count_of(IS_OPEN, build), 0);
    TAP_EQUAL_INT(count_of(TESTS("queued"), build), 0);
    TAP_EQUAL_INT(count_of(TESTS("cancelled"), build), 1);
    TAP_EQUAL_INT(count_of("SELECT COUNT(*) FROM events WHERE kind = 'build' AND data LIKE "
                           "'%\"removed\":true,\"reason\":\"%90 days%' AND subject",
                           build),
                  1);
    (void)snprintf(path, sizeof path, OF_LAMP "builds/%s/pipeline", build);
    test_call(&depot, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "reason", "its files went by retention, after 90 days"));
    TAP_CHECK(test_find(&answer, "next") == SLW_JSON_NONE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(act_on(build, "approve", "{\"stage\":\"daily\"}"), 409);
    TAP_REQUIRE(change("UPDATE builds SET state = 'failed' WHERE removed_us IS NOT NULL"));
    TAP_EQUAL_INT(act_on(build, "retry", "{}"), 409);
    /* Come again, it begins anew: who approved the one that went approved nothing of it. */
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "on its way", build));
    TAP_EQUAL_INT(count_of(IS_OPEN, build), 1);
    TAP_EQUAL_INT(count_of(TESTS("queued"), build), 1);
    TAP_EQUAL_INT(count_of("SELECT COUNT(*) FROM approvals WHERE build", build), 0);
}

static void what_was_withdrawn_comes_again_withdrawn(void)
{
    char build[65];
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "withdrawn", build));
    TAP_EQUAL_INT(act_on(build, "withdraw", "{\"reason\":\"it burns\"}"), 200);
    TAP_REQUIRE(age(build));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_EQUAL_INT(count_of(IS_HERE, build), 0);
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "withdrawn", build));
    TAP_EQUAL_INT(count_of(IS_HERE, build), 1);
    TAP_EQUAL_INT(count_of("SELECT COUNT(*) FROM builds WHERE state = 'withdrawn' AND id", build),
                  1);
    TAP_EQUAL_INT(count_of(IS_OPEN, build), 0);
    TAP_EQUAL_INT(count_of("SELECT COUNT(*) FROM qualifications WHERE reason = 'it burns' AND "
                           "build",
                           build),
                  1);
}

static void logs_and_unfinished_uploads_go(void)
{
    char sha256[65];
    char name[65];
    char more[160];
    struct test_answer answer;
    memset(name, 'c', 64);
    name[64] = '\0';
    TAP_REQUIRE(test_upload(&depot, SLW_BYTES_OF("a log"), sha256) == 201);
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", kept);
    TAP_EQUAL_INT(test_add_status(&depot, "lamp", "log", sha256, more), 201);
    test_piece(&depot, name, 0, 10, SLW_BYTES_OF("half"), &answer);
    TAP_EQUAL_INT(answer.status, 204);
    test_answer_free(&answer);
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM artifacts WHERE kind = 'log'"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM uploads"), 1);
    TAP_REQUIRE(change("UPDATE artifacts SET made_us = " LONG_AGO));
    TAP_REQUIRE(change("UPDATE uploads SET touched_us = " LONG_AGO));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM artifacts WHERE kind = 'log'"), 0);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM uploads"), 0);
    TAP_CHECK(is_stored(sha256));
    TAP_REQUIRE(change("UPDATE blobs SET unnamed_us = " LONG_AGO " WHERE unnamed_us IS NOT NULL"));
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_CHECK(!is_stored(sha256));
}

static void what_is_being_removed_cannot_be_named(void)
{
    char sha256[65];
    char more[160];
    TAP_REQUIRE(test_upload(&depot, SLW_BYTES_OF("going away"), sha256) == 201);
    TAP_REQUIRE(change("UPDATE blobs SET removing_us = 5 WHERE unnamed_us IS NOT NULL"));
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", kept);
    TAP_EQUAL_INT(test_add_status(&depot, "lamp", "log", sha256, more), 404);
    TAP_EQUAL_INT(test_upload(&depot, SLW_BYTES_OF("going away"), sha256), 503);
    /* A removal that was begun by somebody who was killed is ended. */
    TAP_EQUAL_INT(keep_house(), SLW_OK);
    TAP_CHECK(!is_stored(sha256));
    TAP_EQUAL_INT(test_upload(&depot, SLW_BYTES_OF("going away"), sha256), 201);
    TAP_EQUAL_INT(test_add_status(&depot, "lamp", "log", sha256, more), 201);
}

static void who_lost_the_lease_changes_nothing(void)
{
    struct slw_detail why = {""};
    TAP_REQUIRE(change("UPDATE builds SET state_us = 1, furthest = 0, made_us = " LONG_AGO));
    int64_t before = test_count(&depot, "SELECT COUNT(*) FROM builds WHERE removed_us IS NULL");
    TAP_REQUIRE(take_lease());
    TAP_EQUAL_INT(artifacts_keep_house(depot.depot, token - 1, &why), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM builds WHERE removed_us IS NULL"),
                  before);
    TAP_REQUIRE(change("UPDATE builds SET furthest = 4"));
}

static void place_of(const char *digits, char path[static 256])
{
    (void)snprintf(path, 256, "%s/blobs/%.2s/%s", depot.directory, digits, digits);
}

static void rows_without_blob_are_found_and_mended(void)
{
    char sha256[65];
    char place[256];
    char path[256];
    char more[160];
    struct test_answer answer;
    TAP_REQUIRE(test_upload(&depot, SLW_BYTES_OF("precious"), sha256) == 201);
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", kept);
    TAP_EQUAL_INT(test_add_status(&depot, "lamp", "log", sha256, more), 201);
    place_of(sha256, place);
    TAP_REQUIRE(unlink(place) == 0);
    TAP_EQUAL_INT(repair(), SLW_OK);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s", kept);
    test_call(&depot, "GET", path, NULL, &answer);
    TAP_EQUAL_INT(test_number(&answer, "missing"), 1);
    test_answer_free(&answer);
    /* Known to be missing, it is asked for again. */
    (void)snprintf(path, sizeof path, "/api/v1/blobs/%s", sha256);
    TAP_EQUAL_INT(test_status(&depot, "HEAD", path, NULL), 404);
    TAP_EQUAL_INT(test_upload(&depot, SLW_BYTES_OF("precious"), sha256), 201);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM blobs WHERE missing_us IS NOT NULL"), 0);
    /* And one that comes back by itself, as a disk does. */
    TAP_REQUIRE(change("UPDATE blobs SET missing_us = 5"));
    TAP_EQUAL_INT(repair(), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM blobs WHERE missing_us IS NOT NULL"), 0);
}

static void blobs_without_row_go_when_they_are_old(void)
{
    static const struct slw_bytes young = {(const uint8_t *)"put a moment ago", 16};
    static const struct slw_bytes aged = {(const uint8_t *)"left by somebody who was killed", 31};
    uint8_t sha256[SLW_SHA256_SIZE];
    char young_name[65];
    char aged_name[65];
    char place[256];
    TAP_REQUIRE(slw_blobs_put(depot.depot->blobs, young, sha256, &detail) == SLW_OK);
    (void)depot_digest_format(sha256, young_name);
    TAP_REQUIRE(slw_blobs_put(depot.depot->blobs, aged, sha256, &detail) == SLW_OK);
    (void)depot_digest_format(sha256, aged_name);
    const struct timespec times[2] = {{time(NULL) - 100000, 0}, {time(NULL) - 100000, 0}};
    place_of(aged_name, place);
    TAP_REQUIRE(utimensat(AT_FDCWD, place, times, 0) == 0);
    /* An old one that has a row stays. */
    int64_t rows = test_count(&depot, "SELECT COUNT(*) FROM blobs");
    TAP_EQUAL_INT(repair(), SLW_OK);
    TAP_CHECK(is_stored(young_name));
    TAP_CHECK(!is_stored(aged_name));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM blobs WHERE missing_us IS NULL"), rows);
}

static void a_store_of_another_depot_is_left_alone(void)
{
    static char names[40][65];
    const struct timespec times[2] = {{time(NULL) - 100000, 0}, {time(NULL) - 100000, 0}};
    int64_t rows = test_count(&depot, "SELECT COUNT(*) FROM blobs");
    TAP_REQUIRE(rows > 0 && rows < 40);
    for (unsigned i = 0; i < 40; i++) {
        uint8_t sha256[SLW_SHA256_SIZE];
        char text[32];
        char place[256];
        (void)snprintf(text, sizeof text, "of another depot: %u", i);
        TAP_REQUIRE(slw_blobs_put(depot.depot->blobs, slw_text_bytes(text), sha256, &detail) ==
                    SLW_OK);
        place_of(depot_digest_format(sha256, names[i]), place);
        TAP_REQUIRE(utimensat(AT_FDCWD, place, times, 0) == 0);
    }
    TAP_EQUAL_INT(repair(), SLW_OK);
    unsigned stored = 0;
    for (unsigned i = 0; i < 40; i++) {
        stored += is_stored(names[i]) ? 1 : 0;
    }
    TAP_EQUAL_INT(stored, 40);
}

static bool begin(void (*change_settings)(struct depot_settings *settings))
{
    return test_depot_open(&depot, change_settings) && test_product(&depot, "lamp") && take_lease();
}

static void end(void)
{
    test_depot_close(&depot);
}

int main(void)
{
    static const struct test_both_case cases[] = {
        CASE(builds_go_after_their_days),
        CASE(builds_of_releases_stay),
        CASE(a_build_that_is_worked_on_waits),
        CASE(what_goes_is_on_its_way_no_longer),
        CASE(what_was_withdrawn_comes_again_withdrawn),
        CASE(logs_and_unfinished_uploads_go),
        CASE(what_is_being_removed_cannot_be_named),
        CASE(who_lost_the_lease_changes_nothing),
        CASE(rows_without_blob_are_found_and_mended),
        CASE(blobs_without_row_go_when_they_are_old),
        CASE(a_store_of_another_depot_is_left_alone),
    };
    return test_both_main(begin, end, cases, sizeof cases / sizeof cases[0]);
}
