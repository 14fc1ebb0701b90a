/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody tries who has a device, a key of his own, what he recorded, or an old backup: to be
 * another device, to say what was said before, to say too much, to come in where nobody let him.
 */
#include "test_fleet.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "{\"title\":\"line\",\"class\":\"prod\",\"channel\":\"stable\",\"uses\":9}"

static struct test_depot depot;
static char token[80];

static bool open_depot(void)
{
    return test_depot_open(&depot, NULL) && test_product(&depot, "lamp") &&
           test_product(&depot, "other") && test_enrolment_token(&depot, "lamp", TOKEN, token);
}

/* Enrolled, and with a nonce. */
static bool open_device(const char *id, struct test_device *ret_device)
{
    struct test_answer answer;
    char state[32];
    if (!test_device_open(&depot, id, ret_device) ||
        test_device_enrol(ret_device, token, state) != 200) {
        return false;
    }
    bool done = test_device_check_in(ret_device, &answer) == 200;
    test_answer_free(&answer);
    return done;
}

static long send_report(struct test_device *device, const struct slw_fleet_report *report,
                        const char *expected)
{
    struct test_answer answer;
    char reason[32];
    long status = test_device_send(device, report, &answer);
    if (strcmp(test_reason(&answer, reason), expected) != 0) {
        printf("# %s, expected %s\n", reason, expected);
        status = -status;
    }
    test_answer_free(&answer);
    return status;
}

static int64_t taken(void)
{
    return test_count(&depot, "SELECT COUNT(*) FROM device_history WHERE kind <> 'enrol'");
}

static void takes_no_report_of_another(void)
{
    struct test_device device;
    struct test_device thief;
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && open_device("d2", &thief));
    struct slw_fleet_report good = test_device_report(&device, SLW_FLEET_STATE);
    struct slw_fleet_report report = good;
    /* Its own key, another's name: in the message, in the path, in both. */
    report = test_device_report(&thief, SLW_FLEET_STATE);
    report.device = SLW_BYTES_OF("d1");
    TAP_EQUAL_INT(send_report(&thief, &report, "bad-statement"), 400);
    struct test_device as_other = thief;
    as_other.id = "d1";
    TAP_EQUAL_INT(send_report(&as_other, &good, "unsigned"), 403);
    report = test_device_report(&thief, SLW_FLEET_STATE);
    TAP_EQUAL_INT(send_report(&as_other, &report, "unsigned"), 403);
    /* Another product. */
    as_other = device;
    as_other.product = "other";
    TAP_EQUAL_INT(send_report(&as_other, &good, "epoch-over"), 403);
    report = good;
    report.product = SLW_BYTES_OF("other");
    TAP_EQUAL_INT(send_report(&device, &report, "bad-statement"), 400);
    /* The nonce of another device. */
    report = good;
    report.nonce = slw_bytes_make(thief.nonce, strlen(thief.nonce));
    TAP_EQUAL_INT(send_report(&device, &report, "stale-statement"), 403);
    report.nonce = SLW_BYTES_OF("0000000000000000ffffffffffffffffffffffffffffffff");
    TAP_EQUAL_INT(send_report(&device, &report, "stale-statement"), 403);
    /* Another's secret, at check-in. */
    struct test_answer answer;
    char reason[32];
    as_other = device;
    memcpy(as_other.secret, thief.secret, sizeof thief.secret);
    TAP_EQUAL_INT(test_device_check_in(&as_other, &answer), 403);
    TAP_CHECK(strcmp(test_reason(&answer, reason), "epoch-over") == 0);
    test_answer_free(&answer);
    as_other.id = "nobody";
    TAP_EQUAL_INT(test_device_check_in(&as_other, &answer), 403);
    TAP_CHECK(strcmp(test_reason(&answer, reason), "epoch-over") == 0);
    test_answer_free(&answer);
    TAP_EQUAL_INT(taken(), 0);
    TAP_EQUAL_INT(send_report(&device, &good, ""), 200);
    test_device_close(&device);
    test_device_close(&thief);
    test_depot_close(&depot);
}

static void takes_nothing_twice_and_nothing_late(void)
{
    struct test_device device;
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    struct slw_fleet_report first = test_device_report(&device, SLW_FLEET_STATE);
    char nonce[64];
    memcpy(nonce, device.nonce, sizeof nonce);
    first.nonce = slw_bytes_make(nonce, strlen(nonce));
    TAP_EQUAL_INT(send_report(&device, &first, ""), 200);
    TAP_EQUAL_INT(send_report(&device, &first, ""), 200); /* as the first time */
    struct slw_fleet_report other = first;
    other.root_version = 2;
    TAP_EQUAL_INT(send_report(&device, &other, "version-taken"), 409);
    /* A jump is fine; what lies below it isn't, ever again. */
    struct slw_fleet_report jump = test_device_report(&device, SLW_FLEET_STATE);
    jump.sequence = INT64_C(9007199254740990);
    jump.root_version = 3;
    TAP_EQUAL_INT(send_report(&device, &jump, ""), 200);
    TAP_EQUAL_INT(send_report(&device, &first, "stale-statement"), 403);
    other.sequence = 2;
    TAP_EQUAL_INT(send_report(&device, &other, "stale-statement"), 403);
    device.sequence = 3;
    TAP_EQUAL_INT(taken(), 2);
    TAP_EQUAL_INT(test_count(&depot, "SELECT root_version FROM devices"), 3);
    /* A clock that is wrong by years is the device's own business. */
    jump.sequence++;
    jump.time_s = -INT64_C(60000000000);
    jump.nonce = slw_bytes_make(device.nonce, strlen(device.nonce));
    TAP_EQUAL_INT(send_report(&device, &jump, ""), 200);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void ends_epochs_for_good(void)
{
    struct test_device device;
    struct test_device former;
    struct test_answer answer;
    char state[32];
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    former = device;
    struct slw_fleet_report old = test_device_report(&former, SLW_FLEET_STATE);
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_EQUAL_INT(device.epoch, 2);
    TAP_EQUAL_INT(send_report(&former, &old, "epoch-over"), 403);
    TAP_EQUAL_INT(test_device_check_in(&former, &answer), 403);
    test_answer_free(&answer);
    former.epoch = 2; /* the former secret with the new number, and the other way round */
    TAP_EQUAL_INT(test_device_check_in(&former, &answer), 403);
    test_answer_free(&answer);
    former = device;
    former.epoch = 1;
    TAP_EQUAL_INT(test_device_check_in(&former, &answer), 403);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    /* A restored backup: every epoch is over, and a new enrolment by the same key begins another.
     */
    TAP_CHECK(test_sql(&depot, "UPDATE counters SET value = value + 1 WHERE name = 'restores'"));
    TAP_EQUAL_INT(test_device_say(&device), 403);
    old = test_device_report(&device, SLW_FLEET_STATE);
    TAP_EQUAL_INT(send_report(&device, &old, "epoch-over"), 403);
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_EQUAL_INT(device.epoch, 3);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void enrols_nobody_by_what_was_recorded(void)
{
    struct test_device device;
    struct test_answer answer;
    struct slw_heap_buffer recorded = {0};
    char reason[32];
    TAP_REQUIRE(open_depot() && test_device_open(&depot, "d1", &device));
    test_device_enrolment(&device, token, &recorded);
    test_device_post(&device, "/device/v1/enrol", slw_heap_bytes(&recorded), &answer);
    TAP_EQUAL_INT(answer.status, 200);
    test_answer_free(&answer);
    test_device_post(&device, "/device/v1/enrol", slw_heap_bytes(&recorded), &answer);
    TAP_EQUAL_INT(answer.status, 403);
    TAP_CHECK(strcmp(test_reason(&answer, reason), "stale-statement") == 0);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT epoch FROM devices"), 1);
    /* Changed in any byte of what is signed. */
    struct slw_heap_buffer changed = {0};
    slw_heap_append(&changed, slw_heap_bytes(&recorded));
    for (size_t i = 20; i < changed.len - 8; i += changed.len / 16) {
        uint8_t kept = changed.ptr[i];
        changed.ptr[i] = kept == 'A' ? 'B' : 'A';
        test_device_post(&device, "/device/v1/enrol", slw_heap_bytes(&changed), &answer);
        TAP_CHECK(answer.status == 400 || answer.status == 403);
        test_answer_free(&answer);
        changed.ptr[i] = kept;
    }
    slw_heap_free(&changed);
    slw_heap_free(&recorded);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void lets_tokens_in_as_often_as_they_say(void)
{
    struct test_device devices[4];
    static const char *const names[] = {"d1", "d2", "d3", "d4"};
    char state[32];
    char two[80];
    char gone[80];
    TAP_REQUIRE(open_depot());
    TAP_REQUIRE(test_enrolment_token(
        &depot, "lamp", "{\"title\":\"two\",\"class\":\"test\",\"channel\":\"beta\",\"uses\":2}",
        two));
    for (size_t i = 0; i < 4; i++) {
        TAP_REQUIRE(test_device_open(&depot, names[i], &devices[i]));
    }
    TAP_EQUAL_INT(test_device_enrol(&devices[0], two, state), 200);
    TAP_CHECK(strcmp(state, "enrolled") == 0);
    TAP_EQUAL_INT(test_device_enrol(&devices[0], two, state), 200); /* its next epoch uses none */
    TAP_EQUAL_INT(test_device_enrol(&devices[1], two, state), 200);
    TAP_CHECK(strcmp(state, "enrolled") == 0);
    TAP_EQUAL_INT(test_device_enrol(&devices[2], two, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    /* What a device says of its class isn't what it gets. */
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices WHERE class = 'test' AND "
                                     "channel = 'beta'"),
                  2);
    /* Expired, revoked, another product's, somebody's API token. */
    TAP_CHECK(test_sql(&depot, "UPDATE enrolment_tokens SET uses_left = 5, expires_us = 1 WHERE "
                               "title = 'two'"));
    TAP_EQUAL_INT(test_device_enrol(&devices[2], two, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    TAP_REQUIRE(test_enrolment_token(
        &depot, "lamp", "{\"title\":\"gone\",\"class\":\"test\",\"channel\":\"beta\"}", gone));
    TAP_EQUAL_INT(test_status(&depot, "DELETE", "/api/v1/products/lamp/enrolment-tokens/3", NULL),
                  204);
    TAP_EQUAL_INT(test_device_enrol(&devices[2], gone, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    devices[3].product = "other";
    TAP_EQUAL_INT(test_device_enrol(&devices[3], token, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    TAP_EQUAL_INT(test_device_enrol(&devices[3], depot.token, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    devices[3].product = "nothing";
    TAP_EQUAL_INT(test_device_enrol(&devices[3], token, state), 404);
    for (size_t i = 0; i < 4; i++) {
        test_device_close(&devices[i]);
    }
    test_depot_close(&depot);
}

static void gives_a_name_to_one_key(void)
{
    struct test_device device;
    struct test_device thief;
    struct test_answer answer;
    char state[32];
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    TAP_REQUIRE(test_device_open(&depot, "d1", &thief));
    TAP_EQUAL_INT(test_device_enrol(&thief, token, state), 200); /* with a token that is good */
    TAP_CHECK(strcmp(state, "pending") == 0);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT uses_left FROM enrolment_tokens"), 8);
    /* Nobody can approve whichever came last: the key is named. */
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/devices/d1/approve", "{}"),
                  400);
    TAP_EQUAL_INT(
        test_status(&depot, "POST", "/api/v1/products/lamp/devices/d1/approve", "{\"key\":\"00\"}"),
        409);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/devices/d1/reject", NULL),
                  204);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    /* Revoked: neither it nor what it recorded comes back. */
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/devices/d1/revoke", NULL),
                  204);
    TAP_EQUAL_INT(test_device_check_in(&device, &answer), 403);
    test_answer_free(&answer);
    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_STATE);
    TAP_EQUAL_INT(send_report(&device, &report, "epoch-over"), 403);
    TAP_EQUAL_INT(test_device_enrol(&device, token, state), 200);
    TAP_CHECK(strcmp(state, "revoked") == 0);
    test_device_close(&device);
    test_device_close(&thief);
    test_depot_close(&depot);
}

static void believes_no_header_on_its_public_side(void)
{
    struct test_device device;
    char state[32];
    TAP_REQUIRE(open_depot() && test_device_open(&depot, "d1", &device));
    depot.headers[0] = "X-Slipway-Client-Name: lamp/d1";
    depot.headers[1] = "X-Forwarded-For: 10.0.0.1";
    depot.headers[2] = "X-Client-Cert-Subject: CN=lamp/d1";
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    test_device_close(&device);
    test_depot_close(&depot);
}

#define NASTY "<img src=x onerror=alert(1)>'; DROP TABLE devices; --\" \\u0041 \xE2\x80\xAE"

static void keeps_words_as_words(void)
{
    struct test_device device;
    struct test_answer answer;
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    struct slw_fleet_slot slot = {SLW_BYTES_OF("<script>"), SLW_BYTES_OF("' OR 1=1"),
                                  SLW_BYTES_OF("</td>"), 1};
    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_OUTCOME);
    report.release = 1;
    report.rollout = 1;
    report.result = SLW_FLEET_FAILED;
    report.reason = SLW_BYTES_OF("'; DROP TABLE devices; --");
    report.text = SLW_BYTES_OF(NASTY);
    report.slots = &slot;
    report.slots_count = 1;
    report.attributes =
        SLW_BYTES_OF("{\"$1\":\"<b>\",\"'--\":\"\\\"\",\"=cmd()\":\"\xF0\x9F\x92\xA1\"}");
    TAP_EQUAL_INT(send_report(&device, &report, ""), 200);
    test_call(&depot, "GET", "/api/v1/products/lamp/devices/d1", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "history.0.data.detail", NASTY));
    TAP_CHECK(test_text(&answer, "slots.0.name", "<script>"));
    TAP_CHECK(test_text(&answer, "attributes.$1", "<b>"));
    test_answer_free(&answer);
    /* Filters are values, whatever they are made of. */
    test_call(&depot, "GET", "/api/v1/products/lamp/devices?tag=x%27%29%20OR%201%3D1%20--", NULL,
              &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_EQUAL_INT(test_find(&answer, "devices.0"), SLW_JSON_NONE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices"), 1);
    test_device_close(&device);
    test_depot_close(&depot);
}

/* Signed by the device's key, whatever it is. */
static long send_payload(struct test_device *device, struct slw_bytes payload)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    struct test_answer answer;
    if (slw_dsse_sign(device->key, SLW_FLEET_REPORT_TYPE, payload, &envelope, &detail) != SLW_OK) {
        return -1;
    }
    test_device_post(device, "report", slw_heap_bytes(&envelope), &answer);
    long status = answer.status;
    test_answer_free(&answer);
    slw_heap_free(&envelope);
    return status;
}

static void bounds_what_it_reads(void)
{
    struct test_device device;
    struct slw_heap_buffer text = {0};
    struct test_answer answer;
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    for (size_t i = 0; i < 5000; i++) {
        slw_heap_append_text(&text, "[");
    }
    TAP_EQUAL_INT(send_payload(&device, slw_heap_bytes(&text)), 400);
    slw_heap_free(&text);
    slw_heap_append_text(&text, "{\"attributes\":{");
    for (int i = 0; i < 1000; i++) {
        slw_heap_printf(&text, "%s\"a%d\":\"x\"", i == 0 ? "" : ",", i);
    }
    slw_heap_append_text(&text, "}}");
    TAP_EQUAL_INT(send_payload(&device, slw_heap_bytes(&text)), 400);
    slw_heap_free(&text);
    (void)memset(slw_heap_reserve(&text, 60000), 'x', 60000);
    text.len = 60000;
    test_device_post(&device, "report", slw_heap_bytes(&text), &answer);
    TAP_EQUAL_INT(answer.status, 413);
    test_answer_free(&answer);
    slw_heap_free(&text);
    static const char *const bodies[] = {"", "null", "[]", "{}", "\"x\"", "{\"payload\":1}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        TAP_ROW(bodies[i]);
        test_device_post(&device, "report", slw_bytes_make(bodies[i], strlen(bodies[i])), &answer);
        TAP_EQUAL_INT(answer.status, 400);
        test_answer_free(&answer);
        test_device_post(&device, "/device/v1/enrol", slw_bytes_make(bodies[i], strlen(bodies[i])),
                         &answer);
        TAP_EQUAL_INT(answer.status, 400);
        test_answer_free(&answer);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(taken(), 0);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void slows_down_one_that_floods(void)
{
    struct test_device device;
    struct test_device other;
    struct test_answer answer;
    char after[512];
    long status = 200;
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && open_device("d2", &other));
    /* Others' failures don't empty its bucket. */
    struct test_device thief = device;
    memcpy(thief.secret, other.secret, sizeof thief.secret);
    for (int i = 0; i < 200; i++) {
        status = test_device_check_in(&thief, &answer);
        test_answer_free(&answer);
    }
    TAP_EQUAL_INT(status, 403);
    int count = 0;
    for (status = 200; status == 200 && count < 400; count++) {
        status = test_device_check_in(&device, &answer);
        (void)test_header(&answer, "Retry-After", after);
        test_answer_free(&answer);
    }
    TAP_EQUAL_INT(status, 429);
    TAP_CHECK(count > 100 && strcmp(after, "30") == 0);
    TAP_EQUAL_INT(test_device_say(&other), 200);
    test_device_close(&device);
    test_device_close(&other);
    test_depot_close(&depot);
}

static void believes_no_success_that_isnt_there(void)
{
    struct test_device device;
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_OUTCOME);
    report.release = 2;
    report.result = SLW_FLEET_SUCCESS;
    TAP_EQUAL_INT(send_report(&device, &report, "bad-argument"), 400); /* it runs 1 */
    report.version = 2;
    report.boot = SLW_FLEET_TRIAL;
    TAP_EQUAL_INT(send_report(&device, &report, "bad-argument"), 400);
    report.boot = SLW_FLEET_CONFIRMED;
    report.rollout = 77; /* of a rollout that there isn't: it may say so, and nothing counts it */
    TAP_EQUAL_INT(send_report(&device, &report, ""), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM rollout_devices"), 0);
    test_device_close(&device);
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(takes_no_report_of_another);
    TAP_RUN(takes_nothing_twice_and_nothing_late);
    TAP_RUN(ends_epochs_for_good);
    TAP_RUN(enrols_nobody_by_what_was_recorded);
    TAP_RUN(lets_tokens_in_as_often_as_they_say);
    TAP_RUN(gives_a_name_to_one_key);
    TAP_RUN(believes_no_header_on_its_public_side);
    TAP_RUN(keeps_words_as_words);
    TAP_RUN(bounds_what_it_reads);
    TAP_RUN(slows_down_one_that_floods);
    TAP_RUN(believes_no_success_that_isnt_there);
    return tap_finish();
}
