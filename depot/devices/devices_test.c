/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices from their first word to an outcome: enrolment, check-ins, reports, an offer; all over
 * HTTP, with real keys. What attackers try is in devices_attacks_test.c.
 */
#include "parts.h"
#include "test_fleet.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TOKEN                                                                                      \
    "{\"title\":\"line "                                                                           \
    "1\",\"class\":\"prod\",\"channel\":\"stable\",\"uses\":2,\"tags\":[\"home\"]}"
#define NO_BUILD "0000000000000000000000000000000000000000000000000000000000000000"

static bool open_depot(struct test_depot *depot, char token[static 80])
{
    return test_depot_open(depot, NULL) && test_product(depot, "lamp") &&
           test_enrolment_token(depot, "lamp", TOKEN, token);
}

static bool add_release(struct test_depot *depot)
{
    return test_sql(depot, "INSERT INTO builds (id, product, bundle, size, version, build_type, "
                           "hardware, targets, made_us, made_by, state, state_us, furthest) VALUES "
                           "('" NO_BUILD "', 'lamp', '', 1, 1, 'user', '[]', '[]', 1, 'ci', "
                           "'production', 1, 4)") &&
           test_sql(depot,
                    "INSERT INTO releases (product, version, build, stage, channel, key_name, "
                    "key_class, kind, release_version, urgency, min_installed_version, hardware, "
                    "notes, changes, state, state_us, reason, prepared_blob, request, blob, size, "
                    "path, role, is_complete, replaces, made_us, made_by) VALUES ('lamp', 2, "
                    "'" NO_BUILD "', 'production', 'stable', 'lamp-prod', 'prod', 'feature', "
                    "'2.0', 'routine', 0, '[]', '', '[]', 'published', 1, '', '', '', '" NO_BUILD
                    "', 4711, 'lamp/stable/2.bundle', 'lamp-stable-rollout', 0, 0, 1, 'admin')");
}

static bool start_rollout(struct test_depot *depot)
{
    return test_status(depot, "PUT", "/api/v1/products/lamp/groups/homes",
                       "{\"query\":{\"tag\":\"home\"},\"consent\":\"automatic\"}") == 200 &&
           test_status(depot, "POST", "/api/v1/products/lamp/rollouts",
                       "{\"release\":2,\"group\":\"homes\",\"plan\":{\"phases\":[{\"ppm\":1000000}"
                       "]}}") == 201 &&
           test_status(depot, "POST", "/api/v1/products/lamp/rollouts/1/start", "{}") == 200;
}

/* Until there is an offer, for at most a minute: a machine may have much else to do. */
static bool await_offer(struct test_device *device, struct test_answer *ret_answer)
{
    for (int i = 0; i < 600; i++) {
        (void)test_device_check_in(device, ret_answer);
        if (test_number(ret_answer, "offer.release") > 0) {
            return true;
        }
        test_answer_free(ret_answer);
        usleep(100000);
    }
    return false;
}

static void goes_from_enrolment_to_an_outcome(void)
{
    struct test_depot depot;
    struct test_device device;
    struct test_answer answer;
    char token[80];
    char state[32];
    TAP_REQUIRE(open_depot(&depot, token) && test_device_open(&depot, "lamp:0001", &device));
    TAP_EQUAL_INT(test_device_enrol(&device, token, state), 200);
    TAP_CHECK(strcmp(state, "enrolled") == 0);
    TAP_EQUAL_INT(device.epoch, 1);
    TAP_EQUAL_INT(test_device_check_in(&device, &answer), 200);
    TAP_CHECK(slw_json_kind(&answer.json, test_find(&answer, "report")) == SLW_JSON_TRUE);
    TAP_EQUAL_INT(test_number(&answer, "next_s"), 60);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_EQUAL_INT(test_device_check_in(&device, &answer), 200);
    TAP_EQUAL_INT(test_find(&answer, "report"), SLW_JSON_NONE);
    TAP_EQUAL_INT(test_find(&answer, "offer"), SLW_JSON_NONE);
    test_answer_free(&answer);

    TAP_REQUIRE(add_release(&depot) && start_rollout(&depot));
    TAP_REQUIRE(await_offer(&device, &answer));
    TAP_CHECK(test_text(&answer, "offer.role", "lamp-stable-rollout"));
    TAP_CHECK(test_text(&answer, "offer.path", "lamp/stable/2.bundle"));
    TAP_EQUAL_INT(test_number(&answer, "offer.valid_s"), 900);
    TAP_EQUAL_INT(test_number(&answer, "offer.rollout"), 1);
    test_answer_free(&answer);

    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_PROGRESS);
    report.rollout = 1;
    report.release = 2;
    report.progress_percent = 10;
    TAP_EQUAL_INT(test_device_send(&device, &report, &answer), 200);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT downloading FROM rollout_phases"), 1);
    device.version = 2;
    report = test_device_report(&device, SLW_FLEET_OUTCOME);
    report.rollout = 1;
    report.release = 2;
    report.result = SLW_FLEET_SUCCESS;
    TAP_EQUAL_INT(test_device_send(&device, &report, &answer), 200);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT succeeded FROM rollout_phases"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT version FROM devices"), 2);
    TAP_EQUAL_INT(test_device_check_in(&device, &answer), 200);
    TAP_EQUAL_INT(test_find(&answer, "offer"), SLW_JSON_NONE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM device_history"), 4);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void halts_what_fails(void)
{
    struct test_depot depot;
    struct test_device device;
    struct test_answer answer;
    char token[80];
    char state[32];
    TAP_REQUIRE(open_depot(&depot, token) && test_device_open(&depot, "d1", &device));
    TAP_EQUAL_INT(test_device_enrol(&device, token, state), 200);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_REQUIRE(add_release(&depot) && start_rollout(&depot) && await_offer(&device, &answer));
    test_answer_free(&answer);
    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_OUTCOME);
    report.rollout = 1;
    report.release = 2;
    report.result = SLW_FLEET_ROLLED_BACK;
    report.boot = SLW_FLEET_BACK;
    report.reason = SLW_BYTES_OF("not-confirmed");
    TAP_EQUAL_INT(test_device_send(&device, &report, &answer), 200);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_count(&depot, "SELECT failed FROM rollout_phases"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT healthy FROM devices"), 0);
    TAP_EQUAL_INT(
        test_count(&depot, "SELECT COUNT(*) FROM rollout_devices WHERE reason = 'not-confirmed'"),
        1);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void counts_a_device_once_in_a_rate(void)
{
    struct test_depot depot;
    struct test_device device;
    struct test_device other;
    struct test_answer answer;
    char token[80];
    char state[32];
    TAP_REQUIRE(open_depot(&depot, token) && test_device_open(&depot, "d1", &device) &&
                test_device_open(&depot, "d2", &other) && add_release(&depot));
    TAP_EQUAL_INT(test_device_enrol(&device, token, state), 200);
    TAP_EQUAL_INT(test_device_enrol(&other, token, state), 200);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_EQUAL_INT(test_device_say(&other), 200);
    TAP_EQUAL_INT(test_status(&depot, "PUT", "/api/v1/products/lamp/groups/homes",
                              "{\"query\":{\"tag\":\"home\"},\"consent\":\"automatic\"}"),
                  200);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/rollouts",
                              "{\"release\":2,\"group\":\"homes\",\"plan\":{\"phases\":[{\"ppm\":"
                              "1000000}],\"rate_per_hour\":1}}"),
                  201);
    while (time(NULL) % 3600 >= 3570) { /* by the clock's hours: all that follows is in one */
        sleep(1);
    }
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/rollouts/1/start", "{}"), 200);
    TAP_REQUIRE(await_offer(&device, &answer));
    test_answer_free(&answer);
    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_PROGRESS);
    report.rollout = 1;
    report.release = 2;
    TAP_EQUAL_INT(test_device_send(&device, &report, &answer), 200);
    test_answer_free(&answer);
    for (int i = 0; i < 3; i++) { /* it asks again before it applies */
        TAP_EQUAL_INT(test_device_check_in(&device, &answer), 200);
        TAP_EQUAL_INT(test_number(&answer, "offer.release"), 2);
        test_answer_free(&answer);
    }
    TAP_EQUAL_INT(test_device_check_in(&other, &answer), 200);
    TAP_EQUAL_INT(test_find(&answer, "offer"), SLW_JSON_NONE);
    test_answer_free(&answer);
    test_device_close(&device);
    test_device_close(&other);
    test_depot_close(&depot);
}

/* Says how far the clock on its wall is ahead of UTC. */
static bool say_local_time(struct test_device *device, int64_t utc_offset_s)
{
    struct test_answer answer;
    bool has_nonce = test_device_check_in(device, &answer) == 200;
    test_answer_free(&answer);
    struct slw_fleet_report report = test_device_report(device, SLW_FLEET_STATE);
    report.utc_offset_s = utc_offset_s;
    bool said = test_device_send(device, &report, &answer) == 200;
    test_answer_free(&answer);
    return has_nonce && said;
}

static bool has_offer(struct test_device *device)
{
    struct test_answer answer;
    bool has = test_device_check_in(device, &answer) == 200 &&
               test_find(&answer, "offer") != SLW_JSON_NONE;
    test_answer_free(&answer);
    return has;
}

static void offers_in_the_window_of_the_devices_own_time(void)
{
    struct test_depot depot;
    struct test_device here;
    struct test_device there;
    struct test_answer answer;
    char token[80];
    char state[32];
    char group[160];
    int hour = (int)(time(NULL) / 3600 % 24); /* of UTC */
    (void)snprintf(group, sizeof group,
                   "{\"query\":{\"tag\":\"home\"},\"consent\":\"automatic\",\"windows\":[{"
                   "\"from\":\"%02d:00\",\"to\":\"%02d:00\"}]}",
                   (hour + 6) % 24, (hour + 9) % 24);
    TAP_REQUIRE(open_depot(&depot, token) && test_device_open(&depot, "here", &here) &&
                test_device_open(&depot, "there", &there) && add_release(&depot));
    TAP_REQUIRE(test_device_enrol(&here, token, state) == 200 &&
                test_device_enrol(&there, token, state) == 200);
    TAP_REQUIRE(say_local_time(&here, 0) && say_local_time(&there, 7 * 3600));
    TAP_REQUIRE(start_rollout(&depot));
    TAP_EQUAL_INT(test_status(&depot, "PUT", "/api/v1/products/lamp/groups/homes", group), 200);
    TAP_REQUIRE(await_offer(&there, &answer));
    test_answer_free(&answer);
    for (int i = 0; i < 300 && has_offer(&here); i++) {
        usleep(10000); /* as long as the group of before is remembered */
    }
    TAP_CHECK(!has_offer(&here));
    TAP_CHECK(has_offer(&there));
    TAP_CHECK(say_local_time(&here, 7 * 3600) && say_local_time(&there, -3600));
    TAP_CHECK(has_offer(&here));
    TAP_CHECK(!has_offer(&there));
    TAP_REQUIRE(test_sql(&depot, "UPDATE rollouts SET is_emergency = 1")); /* waits for no window */
    TAP_REQUIRE(await_offer(&there, &answer));
    test_answer_free(&answer);
    test_device_close(&here);
    test_device_close(&there);
    test_depot_close(&depot);
}

static void answers_the_same_report_as_the_first_time(void)
{
    struct test_depot depot;
    struct test_device device;
    struct test_answer first;
    struct test_answer again;
    char token[80];
    char state[32];
    TAP_REQUIRE(open_depot(&depot, token) && test_device_open(&depot, "d1", &device));
    TAP_EQUAL_INT(test_device_enrol(&device, token, state), 200);
    TAP_EQUAL_INT(test_device_check_in(&device, &first), 200);
    test_answer_free(&first);
    char nonce[64];
    memcpy(nonce, device.nonce, sizeof nonce);
    struct slw_fleet_report report = test_device_report(&device, SLW_FLEET_STATE);
    report.nonce = slw_bytes_make(nonce, strlen(nonce));
    TAP_EQUAL_INT(test_device_send(&device, &report, &first), 200);
    TAP_REQUIRE(test_depot_restart(&depot));
    TAP_EQUAL_INT(test_device_send(&device, &report, &again), 200);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&first.body), slw_heap_bytes(&again.body)));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM device_history WHERE kind = 'state'"),
                  1);
    test_answer_free(&first);
    test_answer_free(&again);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void writes_when_a_device_was_seen(void)
{
    struct test_depot depot;
    struct test_device device;
    char token[80];
    char state[32];
    TAP_REQUIRE(open_depot(&depot, token) && test_device_open(&depot, "d1", &device));
    TAP_EQUAL_INT(test_device_enrol(&device, token, state), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices WHERE seen_us > 0"), 0);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    for (int i = 0;
         i < 600 && test_count(&depot, "SELECT COUNT(*) FROM devices WHERE seen_us > 0") == 0;
         i++) {
        usleep(100000);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices WHERE seen_us > 0"), 1);
    test_device_close(&device);
    test_depot_close(&depot);
}

static char socket_path[64];

static void listen_locally_too(struct depot_settings *settings)
{
    (void)snprintf(settings->socket, sizeof settings->socket, "%s", socket_path);
}

/* Whether an enrolment over the local socket, where a proxy says who its client is, lets it in. */
static bool enrols_as(struct test_device *device, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct slw_heap_buffer envelope = {0};
    struct slw_heap_buffer request = {0};
    char answer[2048] = "";
    size_t len = 0;
    ssize_t got = 1;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    test_device_enrolment(device, NULL, &envelope);
    slw_heap_printf(&request,
                    "POST /device/v1/enrol HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    "X-Slipway-Client-Name: %s\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    name, envelope.len);
    slw_heap_append(&request, slw_heap_bytes(&envelope));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0 &&
        write(descriptor, request.ptr, request.len) == (ssize_t)request.len) {
        while (got > 0 && len < sizeof answer - 1) {
            got = read(descriptor, answer + len, sizeof answer - 1 - len);
            len += got > 0 ? (size_t)got : 0;
        }
    }
    (void)close(descriptor);
    slw_heap_free(&envelope);
    slw_heap_free(&request);
    return strstr(answer, "\"state\":\"enrolled\"") != NULL;
}

static void lets_in_who_has_a_certificate_of_its_name(void)
{
    static const char *const others[] = {"d1", "other/d1", "lamp/d2", "lamp/d1/", "lamp", ""};
    struct test_depot depot;
    struct test_device device;
    char directory[] = "/tmp/devices-test.XXXXXX";
    TAP_REQUIRE(mkdtemp(directory) != NULL);
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    TAP_REQUIRE(test_depot_open(&depot, listen_locally_too) && test_product(&depot, "lamp") &&
                test_device_open(&depot, "d1", &device));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        TAP_ROW(others[i]);
        TAP_CHECK(!enrols_as(&device, others[i]));
    }
    TAP_ROW(NULL);
    TAP_CHECK(enrols_as(&device, "lamp/d1"));
    test_device_close(&device);
    test_depot_close(&depot);
    (void)unlink(socket_path);
    (void)rmdir(directory);
}

static void reads_keys_as_the_parser_does(void)
{
    static const enum slw_key_type types[] = {SLW_KEY_TYPE_P256, SLW_KEY_TYPE_ED25519};
    struct slw_detail detail;
    for (size_t i = 0; i < 40; i++) {
        struct slw_private_key *key = NULL;
        struct slw_heap_buffer pem = {0};
        struct device_row row = {.epoch = 1};
        struct slw_public_key read;
        struct slw_public_key parsed;
        TAP_REQUIRE(slw_private_key_generate(types[i % 2], &key, &detail) == SLW_OK);
        TAP_REQUIRE(slw_public_key_format(slw_private_key_public(key), &pem, &detail) == SLW_OK);
        row.key_pem = slw_heap_bytes(&pem);
        TAP_EQUAL_INT(device_row_key(&row, &read, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_public_key_parse("key", row.key_pem, &parsed, &detail), SLW_OK);
        TAP_CHECK(read.type == parsed.type && read.value_len == parsed.value_len &&
                  memcmp(read.id, parsed.id, sizeof read.id) == 0 &&
                  memcmp(read.value, parsed.value, read.value_len) == 0);
        for (size_t len = 0; len < pem.len - 1; len += 7) {
            row.key_pem.len = len;
            TAP_EQUAL_INT(device_row_key(&row, &read, &detail), SLW_BAD_KEY);
        }
        slw_heap_free(&pem);
        slw_private_key_free(key);
    }
}

static void keeps_groups(void)
{
    static const char *const refused[] = {
        "",
        "[]",
        "{}",
        "{\"query\":{\"tag\":\"home\"}}",
        "{\"query\":{\"tag\":\"home\"},\"consent\":\"perhaps\"}",
        "{\"query\":[],\"consent\":\"ask\"}",
        "{\"query\":{\"sql\":\"1=1\"},\"consent\":\"ask\"}",
        "{\"query\":{\"tag\":\"home\"},\"consent\":\"ask\",\"windows\":{}}",
        ("{\"query\":{\"tag\":\"home\"},\"consent\":\"ask\",\"windows\":[{\"from\":\"25:00\","
         "\"to\":\"02:00\"}]}"),
        "{\"query\":{\"tag\":\"home\"},\"consent\":\"ask\",\"members\":[]}",
    };
    struct test_depot depot;
    struct test_answer answer;
    char token[80];
    TAP_REQUIRE(open_depot(&depot, token));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        TAP_ROW(refused[i]);
        TAP_EQUAL_INT(test_status(&depot, "PUT", "/api/v1/products/lamp/groups/g", refused[i]),
                      400);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp/groups/g", NULL), 404);
    test_call(&depot, "PUT", "/api/v1/products/lamp/groups/g",
              "{\"query\":{\"all\":[]},\"consent\":\"ask\",\"windows\":[{\"from\":\"23:00\","
              "\"to\":\"02:00\"}]}",
              &answer);
    TAP_CHECK(test_text(&answer, "consent", "ask") &&
              test_text(&answer, "windows.0.from", "23:00"));
    test_answer_free(&answer);
    TAP_REQUIRE(add_release(&depot) && start_rollout(&depot));
    TAP_EQUAL_INT(test_status(&depot, "DELETE", "/api/v1/products/lamp/groups/homes", NULL), 409);
    TAP_EQUAL_INT(test_status(&depot, "DELETE", "/api/v1/products/lamp/groups/g", NULL), 204);
    TAP_EQUAL_INT(test_status(&depot, "DELETE", "/api/v1/products/lamp/groups/g", NULL), 404);
    test_call(&depot, "GET", "/api/v1/products/lamp/groups", NULL, &answer);
    TAP_CHECK(test_text(&answer, "groups.0.name", "homes"));
    TAP_EQUAL_INT(test_find(&answer, "groups.1"), SLW_JSON_NONE);
    test_answer_free(&answer);
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(goes_from_enrolment_to_an_outcome);
    TAP_RUN(halts_what_fails);
    TAP_RUN(counts_a_device_once_in_a_rate);
    TAP_RUN(offers_in_the_window_of_the_devices_own_time);
    TAP_RUN(answers_the_same_report_as_the_first_time);
    TAP_RUN(writes_when_a_device_was_seen);
    TAP_RUN(lets_in_who_has_a_certificate_of_its_name);
    TAP_RUN(reads_keys_as_the_parser_does);
    TAP_RUN(keeps_groups);
    return tap_finish();
}
