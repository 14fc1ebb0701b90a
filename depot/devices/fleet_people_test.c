/* SPDX-License-Identifier: Apache-2.0 */
/* What people see of devices and do about them, and what they may. */
#include "test_fleet.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

#define OF_LAMP "/api/v1/products/lamp"
#define TOKEN                                                                                      \
    "{\"title\":\"line\",\"class\":\"prod\",\"channel\":\"stable\",\"uses\":9,\"tags\":[\"a\"]}"

static struct test_depot depot;
static char token[80];

static bool open_depot(void)
{
    return test_depot_open(&depot, NULL) && test_product(&depot, "lamp") &&
           test_enrolment_token(&depot, "lamp", TOKEN, token);
}

static bool open_device(const char *id, struct test_device *ret_device)
{
    char state[32];
    return test_device_open(&depot, id, ret_device) &&
           test_device_enrol(ret_device, token, state) == 200 && test_device_say(ret_device) == 200;
}

/* The key that waits, as a body that approves it. */
static void approval_of(const char *path, const char *member, char ret_body[static 160])
{
    struct test_answer answer;
    test_call(&depot, "GET", path, NULL, &answer);
    struct slw_bytes key = slw_json_string(&answer.json, test_find(&answer, member));
    (void)snprintf(ret_body, 160, "{\"key\":\"%.*s\",\"channel\":\"stable\"}", (int)key.len,
                   key.len == 0 ? "" : (const char *)key.ptr);
    test_answer_free(&answer);
}

static int listed(const char *query)
{
    char path[256];
    struct test_answer answer;
    int count = 0;
    (void)snprintf(path, sizeof path, OF_LAMP "/devices?%s", query);
    test_call(&depot, "GET", path, NULL, &answer);
    count = answer.status == 200 ? (int)slw_json_count(&answer.json, test_find(&answer, "devices"))
                                 : (int)-answer.status;
    test_answer_free(&answer);
    return count;
}

/* Of the three devices below. */
static void check_counts(void)
{
    struct test_answer answer;
    test_call(&depot, "GET", OF_LAMP "/fleet", NULL, &answer);
    TAP_EQUAL_INT(test_number(&answer, "devices"), 3);
    TAP_CHECK(test_text(&answer, "versions.0.is", "1"));
    TAP_EQUAL_INT(test_number(&answer, "versions.0.count"), 2);
    TAP_CHECK(test_text(&answer, "versions.1.is", "7"));
    TAP_EQUAL_INT(test_number(&answer, "failing"), 0);
    TAP_EQUAL_INT(test_number(&answer, "replacements"), 0);
    TAP_CHECK(test_text(&answer, "states.0.is", "enrolled"));
    TAP_EQUAL_INT(test_number(&answer, "hardware.0.count"), 3);
    TAP_CHECK(test_text(&answer, "channels.0.is", "stable"));
    TAP_CHECK(test_text(&answer, "boot_states.0.is", "confirmed"));
    TAP_CHECK(test_find(&answer, "counted") != SLW_JSON_NONE);
    test_answer_free(&answer);
}

static void check_counts_of_change(void)
{
    struct test_answer answer;
    TAP_CHECK(test_sql(&depot, "UPDATE devices SET seen_us = 9000000000000000"));
    TAP_CHECK(
        test_sql(&depot, "UPDATE devices SET healthy = 0, new_key_pem = 'x' WHERE id = 'e1'"));
    test_call(&depot, "GET", OF_LAMP "/fleet", NULL, &answer);
    TAP_EQUAL_INT(test_number(&answer, "online"), 3);
    TAP_EQUAL_INT(test_number(&answer, "failing"), 1);
    TAP_EQUAL_INT(test_number(&answer, "replacements"), 1);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products", "{\"name\":\"empty\"}"), 201);
    test_call(&depot, "GET", "/api/v1/products/empty/fleet", NULL, &answer);
    TAP_EQUAL_INT(test_number(&answer, "devices"), 0);
    TAP_CHECK(slw_json_kind(&answer.json, test_find(&answer, "versions")) == SLW_JSON_ARRAY);
    TAP_CHECK(slw_json_kind(&answer.json, test_find(&answer, "boot_states")) == SLW_JSON_ARRAY);
    test_answer_free(&answer);
    test_call(&depot, "GET", "/metrics", NULL, &answer);
    TAP_CHECK(strstr(slw_heap_text(&answer.body),
                     "\nslipway_depot_devices{product=\"lamp\",state=\"enrolled\"} 3\n") != NULL);
    TAP_CHECK(strstr(slw_heap_text(&answer.body),
                     "\nslipway_depot_devices_online{product=\"lamp\"} 3\n") != NULL);
    TAP_CHECK(strstr(slw_heap_text(&answer.body),
                     "\nslipway_depot_devices_failing{product=\"lamp\"} 1\n") != NULL);
    test_answer_free(&answer);
}

static void lists_by_filters_and_pages(void)
{
    static const struct {
        const char *query;
        int count;
    } rows[] = {
        {"", 3},
        {"state=enrolled", 3},
        {"state=pending", 0},
        {"class=prod&channel=stable&hardware=lamp-1", 3},
        {"class=dev", 0},
        {"tag=a", 3},
        {"tag=b", 1},
        {"version=1", 2},
        {"version=7", 1},
        {"name=d", 2},
        {"name=d1", 1},
        {"name=%25", 0},
        {"healthy=1&boot_state=confirmed", 3},
        {"replacement=1", 0},
        {"limit=2", 2},
        {"after=d1", 2},
        {"limit=0", -400},
        {"limit=1001", -400},
        {"version=x", -400},
        {"healthy=2", -400},
    };
    struct test_device devices[3];
    struct test_answer answer;
    TAP_REQUIRE(open_depot() && open_device("d1", &devices[0]) && open_device("d2", &devices[1]) &&
                open_device("e1", &devices[2]));
    TAP_EQUAL_INT(
        test_status(&depot, "PATCH", OF_LAMP "/devices/e1", "{\"tags\":[\"a\",\"b\"],\"pin\":9}"),
        204);
    devices[2].version = 7;
    TAP_EQUAL_INT(test_device_say(&devices[2]), 200);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].query);
        TAP_EQUAL_INT(listed(rows[i].query), rows[i].count);
    }
    TAP_ROW(NULL);
    test_call(&depot, "GET", OF_LAMP "/devices?limit=2", NULL, &answer);
    TAP_CHECK(test_text(&answer, "next", "d2"));
    test_answer_free(&answer);
    check_counts();
    check_counts_of_change();
    test_call(&depot, "GET", OF_LAMP "/devices/e1", NULL, &answer);
    TAP_EQUAL_INT(test_number(&answer, "pin"), 9);
    TAP_CHECK(test_text(&answer, "history.2.kind", "enrol"));
    TAP_CHECK(test_text(&answer, "tags.1", "b"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "GET", OF_LAMP "/devices/nobody", NULL), 404);
    for (size_t i = 0; i < 3; i++) {
        test_device_close(&devices[i]);
    }
    test_depot_close(&depot);
}

static void exports_what_tables_can_take(void)
{
    struct test_answer answer;
    char kind[512];
    TAP_REQUIRE(open_depot());
    TAP_CHECK(test_sql(
        &depot, "INSERT INTO devices (product, id, state, key_pem, new_key_pem, epoch, "
                "restores, class, hardware, channel, attributes, tags, utc_offset_s, "
                "version, root_version, boot_state, slots, sequence, report_answer, "
                "healthy, pin, log_wanted, made_us) VALUES ('lamp', '-1+1', 'pending', '', "
                "'', 0, 0, 'dev', '=cmd(\"x\")', 's', '{}', '[\"t\"]', 0, 0, 0, '', '[]', 0, "
                "'', 1, 0, 0, 0)"));
    test_call(&depot, "GET", OF_LAMP "/fleet/export?format=csv", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(strcmp(test_header(&answer, "Content-Type", kind), "text/csv; charset=utf-8") == 0);
    const char *text = slw_heap_text(&answer.body);
    TAP_CHECK(strstr(text, "\"'-1+1\",\"pending\",\"dev\",\"'=cmd(\"\"x\"\")\"") != NULL);
    TAP_CHECK(strstr(text, "\"[\"\"t\"\"]\"") != NULL);
    test_answer_free(&answer);
    test_call(&depot, "GET", OF_LAMP "/fleet/export?format=json", NULL, &answer);
    TAP_CHECK(test_text(&answer, "devices.0.hardware", "=cmd(\"x\")"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "GET", OF_LAMP "/fleet/export?format=xml", NULL), 400);
    test_depot_close(&depot);
}

/* Without strstr(): sanitized, that measures the rest of the text whenever it is called. */
static size_t count_texts(struct test_answer *answer, const char *text)
{
    size_t count = 0;
    size_t len = strlen(text);
    for (const char *at = slw_heap_text(&answer->body); *at != '\0'; at++) {
        count += *at == *text && strncmp(at, text, len) == 0;
    }
    return count;
}

/* A statement may take only so long. */
static bool add_thousand(int number)
{
    char sql[1024];
    (void)snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) INSERT INTO "
        "devices (product, id, state, key_pem, new_key_pem, epoch, restores, class, hardware, "
        "channel, attributes, tags, utc_offset_s, version, root_version, boot_state, slots, "
        "sequence, report_answer, healthy, pin, log_wanted, made_us) SELECT 'lamp', '%s-%d-' || i, "
        "'pending', '', '', 0, 0, 'dev', 'board', '', '{}', '[]', 0, 0, 0, '', '[]', 0, '', 1, 0, "
        "0, 0 FROM n",
        number == 0 ? "few" : "many", number);
    return test_sql(&depot, sql);
}

/* More than are read at a time, and by how many pages: the first, the last and those between. */
static void exports_a_fleet_however_large(void)
{
    struct test_answer answer;
    char kind[512];
    TAP_REQUIRE(open_depot());
    for (int i = 0; i < 21; i++) {
        TAP_REQUIRE(add_thousand(i));
    }
    test_call(&depot, "GET", OF_LAMP "/fleet/export?format=csv", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(strcmp(test_header(&answer, "Transfer-Encoding", kind), "chunked") == 0);
    TAP_EQUAL_INT(count_texts(&answer, "\r\n"), 21001);
    TAP_EQUAL_INT(count_texts(&answer, "\"many-"), 20000);
    TAP_EQUAL_INT(count_texts(&answer, "device,state,"), 1);
    test_answer_free(&answer);
    test_call(&depot, "GET", OF_LAMP "/fleet/export?format=json&name=many-&state=pending", NULL,
              &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_EQUAL_INT(count_texts(&answer, "\"device\":\"many-"), 20000);
    TAP_EQUAL_INT(count_texts(&answer, ",{\"device\":"), 19999);
    TAP_CHECK(slw_json_count(&answer.json, test_find(&answer, "devices")) == 20000);
    test_answer_free(&answer);
    /* As many as a page has; and nobody. */
    test_call(&depot, "GET", OF_LAMP "/fleet/export?format=json&name=few-", NULL, &answer);
    TAP_EQUAL_INT(slw_json_count(&answer.json, test_find(&answer, "devices")), 1000);
    test_answer_free(&answer);
    test_call(&depot, "GET", OF_LAMP "/fleet/export?format=json&name=none", NULL, &answer);
    TAP_CHECK(strcmp(slw_heap_text(&answer.body), "{\"devices\":[]}") == 0);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "GET", OF_LAMP "/fleet/export?format=csv&version=x", NULL),
                  400);
    test_depot_close(&depot);
}

static void lets_devices_in_by_a_persons_word(void)
{
    struct test_device device;
    struct test_device next;
    char state[32];
    char body[160];
    TAP_REQUIRE(open_depot() && test_device_open(&depot, "d1", &device) &&
                test_device_open(&depot, "d1", &next));
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    approval_of(OF_LAMP "/devices/d1", "key", body);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices/d1/approve", body), 204);
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_CHECK(strcmp(state, "enrolled") == 0);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    /* Its board was exchanged: another key, and the former one is out. */
    TAP_EQUAL_INT(test_device_enrol(&next, NULL, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    TAP_EQUAL_INT(listed("replacement=1"), 1);
    approval_of(OF_LAMP "/devices/d1", "new_key", body);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices/d1/approve", body), 204);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices/d1/approve", body), 409);
    TAP_EQUAL_INT(test_device_enrol(&next, NULL, state), 200);
    TAP_EQUAL_INT(next.epoch, 2);
    TAP_EQUAL_INT(test_device_say(&next), 200);
    TAP_EQUAL_INT(test_device_say(&device), 403);
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_CHECK(strcmp(state, "pending") == 0);
    TAP_CHECK(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action IN ('device.approve', "
                                 "'device.replace') AND who LIKE 'admin%'") == 2);
    test_device_close(&device);
    test_device_close(&next);
    test_depot_close(&depot);
}

static void registers_keys_before_their_devices_call(void)
{
    struct test_device device;
    struct slw_heap_buffer pem = {0};
    struct slw_heap_buffer body = {0};
    struct slw_detail detail;
    struct slw_json json;
    char state[32];
    TAP_REQUIRE(open_depot() && test_device_open(&depot, "d1", &device));
    TAP_REQUIRE(slw_public_key_format(slw_private_key_public(device.key), &pem, &detail) == SLW_OK);
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "device", "d1");
    slw_json_text(&json, "class", "prod");
    slw_json_text(&json, "hardware", "lamp-1");
    slw_json_text(&json, "channel", "stable");
    slw_json_bytes(&json, "key", slw_heap_bytes(&pem));
    slw_json_end_object(&json);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices", slw_heap_text(&body)), 201);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices", slw_heap_text(&body)), 409);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices",
                              "{\"device\":\"d2\",\"class\":\"prod\",\"hardware\":\"h\","
                              "\"channel\":\"s\",\"key\":\"-----BEGIN\"}"),
                  400);
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_CHECK(strcmp(state, "enrolled") == 0);
    slw_heap_free(&pem);
    slw_heap_free(&body);
    test_device_close(&device);
    test_depot_close(&depot);
}

/* POST of a log, by the secret. */
static long send_log(struct test_device *device, const char *text)
{
    char header[128];
    char what[64];
    struct test_answer answer;
    struct test_depot with_secret = depot;
    struct test_device copy = *device;
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", device->secret);
    (void)snprintf(what, sizeof what, "log?e=%lld", (long long)device->epoch);
    with_secret.headers[0] = header;
    copy.depot = &with_secret;
    test_device_post(&copy, what, slw_bytes_make(text, strlen(text)), &answer);
    long status = answer.status;
    test_answer_free(&answer);
    return status;
}

static void gets_a_log_once_for_each_time_that_it_asked(void)
{
    struct test_device device;
    struct test_answer answer;
    TAP_REQUIRE(open_depot() && open_device("d1", &device));
    TAP_EQUAL_INT(send_log(&device, "hello"), 409);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF_LAMP "/devices/d1/ask-log", NULL), 204);
    TAP_EQUAL_INT(test_device_check_in(&device, &answer), 200);
    TAP_CHECK(slw_json_kind(&answer.json, test_find(&answer, "log")) == SLW_JSON_TRUE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(send_log(&device, "\xFF"), 400);
    TAP_EQUAL_INT(send_log(&device, ""), 400);
    TAP_EQUAL_INT(send_log(&device, "<script>boot</script>\n"), 204);
    TAP_EQUAL_INT(send_log(&device, "again"), 409);
    device.secret[0] = device.secret[0] == '0' ? '1' : '0';
    TAP_EQUAL_INT(send_log(&device, "stolen"), 403);
    test_call(&depot, "GET", OF_LAMP "/devices/d1/logs/1", NULL, &answer);
    TAP_CHECK(test_text(&answer, "text", "<script>boot</script>\n"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "GET", OF_LAMP "/devices/d1/logs/2", NULL), 404);
    TAP_EQUAL_INT(test_status(&depot, "GET", OF_LAMP "/devices/d2/logs/1", NULL), 404);
    test_device_close(&device);
    test_depot_close(&depot);
}

static void lets_everybody_do_what_is_theirs(void)
{
    static const struct {
        const char *method, *path, *body;
        long viewer, developer, manager;
    } rows[] = {
        {"GET", OF_LAMP "/devices", NULL, 200, 200, 200},
        {"GET", OF_LAMP "/devices/d1", NULL, 200, 200, 200},
        {"GET", OF_LAMP "/fleet", NULL, 200, 200, 200},
        {"GET", OF_LAMP "/consents", NULL, 200, 200, 200},
        {"PATCH", OF_LAMP "/devices/d1", "{\"pin\":1}", 403, 403, 204},
        {"POST", OF_LAMP "/devices/d1/ask-log", "{}", 403, 403, 204},
        {"POST", OF_LAMP "/devices/d1/reject", "{}", 403, 403, 409},
        {"POST", OF_LAMP "/devices/d1/revoke", "{}", 403, 403, 204},
        {"POST", OF_LAMP "/enrolment-tokens", TOKEN, 403, 403, 201},
        {"POST", OF_LAMP "/enrolment-tokens",
         "{\"title\":\"t\",\"class\":\"dev\",\"channel\":\"c\"}", 403, 201, 201},
        {"PUT", OF_LAMP "/groups/g", "{\"query\":{\"all\":[]},\"consent\":\"ask\"}", 403, 403, 200},
        {"POST", OF_LAMP "/consents", "{\"group\":\"g\",\"release\":1,\"decision\":\"yes\"}", 403,
         403, 404},
        {"POST", OF_LAMP "/consents", "{\"group\":\"g\",\"device\":\"d1\"}", 403, 403, 400},
        {"POST", OF_LAMP "/consents", "{\"group\":\"g\",\"release\":1,\"decision\":\"perhaps\"}",
         403, 403, 400},
    };
    struct test_device device;
    char viewer[128];
    char developer[128];
    char manager[128];
    char stranger[128];
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && test_product(&depot, "other") &&
                test_person(&depot, "eve", "lamp", "viewer", viewer) &&
                test_person(&depot, "dev", "lamp", "developer", developer) &&
                test_person(&depot, "rel", "lamp", "release-manager", manager) &&
                test_person(&depot, "out", "other", "administrator", stranger));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].path);
        depot.use_token = viewer;
        TAP_EQUAL_INT(test_status(&depot, rows[i].method, rows[i].path, rows[i].body),
                      rows[i].viewer);
        depot.use_token = developer;
        TAP_EQUAL_INT(test_status(&depot, rows[i].method, rows[i].path, rows[i].body),
                      rows[i].developer);
        depot.use_token = manager;
        TAP_EQUAL_INT(test_status(&depot, rows[i].method, rows[i].path, rows[i].body),
                      rows[i].manager);
        depot.use_token = stranger;
        TAP_EQUAL_INT(test_status(&depot, rows[i].method, rows[i].path, rows[i].body), 404);
        depot.use_token = NULL;
        TAP_EQUAL_INT(test_status(&depot, rows[i].method, rows[i].path, rows[i].body), 401);
    }
    TAP_ROW(NULL);
    test_device_close(&device);
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(lists_by_filters_and_pages);
    TAP_RUN(exports_what_tables_can_take);
    TAP_RUN(exports_a_fleet_however_large);
    TAP_RUN(lets_devices_in_by_a_persons_word);
    TAP_RUN(registers_keys_before_their_devices_call);
    TAP_RUN(gets_a_log_once_for_each_time_that_it_asked);
    TAP_RUN(lets_everybody_do_what_is_theirs);
    return tap_finish();
}
