/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, groups and windows: what is read, what is refused, and whom they mean. */
#include "slipway/rollout_plan.h"
#include "slipway/text.h"

#include "tap.h"

#include <math.h>
#include <string.h>

/* --- Plans --- */

static enum slw_status plan_status(const char *text)
{
    struct slw_rollout_plan plan;
    struct slw_detail detail = {""};
    enum slw_status status = slw_rollout_plan_parse(slw_text_bytes(text), &plan, &detail);
    if (status == SLW_OK) {
        slw_rollout_plan_free(&plan);
    } else {
        TAP_CHECK(detail.text[0] != '\0');
    }
    return status;
}

static void reads_a_plan(void)
{
    static const char text[] =
        "{\"phases\":[{\"ppm\":10000,\"soak_s\":3600,\"failure_ppm\":300000},{\"ppm\":1000000}],"
        "\"health\":{\"failure_ppm\":10000,\"confidence_ppm\":990000,\"looks\":[5,50],"
        "\"silence_s\":600,\"canaries\":[\"lamp-1\",\"l\\u0061mp-2\"]},\"rate_per_hour\":1000}";
    struct slw_rollout_plan plan;
    struct slw_detail detail = {""};
    TAP_REQUIRE(slw_rollout_plan_parse(slw_text_bytes(text), &plan, &detail) == SLW_OK);
    TAP_EQUAL_INT(plan.phases_count, 2);
    TAP_EQUAL_INT(plan.phases[0].ppm, 10000);
    TAP_EQUAL_INT(plan.phases[0].soak_s, 3600);
    TAP_CHECK(fabs(slw_rollout_plan_rule(&plan, 0).failure_limit - 0.3) < 1e-9);
    TAP_CHECK(fabs(slw_rollout_plan_rule(&plan, 0).halt_limit - 0.01) < 1e-9);
    TAP_CHECK(fabs(slw_rollout_plan_rule(&plan, 1).failure_limit - 0.01) < 1e-9);
    TAP_CHECK(fabs(plan.rule.confidence - 0.99) < 1e-9);
    TAP_EQUAL_INT(plan.rule.looks_count, 2);
    TAP_EQUAL_INT(plan.silence_s, 600);
    TAP_EQUAL_INT(plan.rate_per_hour, 1000);
    TAP_CHECK(slw_rollout_plan_has_canary(&plan, SLW_BYTES_OF("lamp-2")));
    TAP_CHECK(!slw_rollout_plan_has_canary(&plan, SLW_BYTES_OF("lamp")));
    slw_rollout_plan_free(&plan);
}

static void knows_what_is_usual(void)
{
    struct slw_rollout_plan plan;
    struct slw_detail detail = {""};
    TAP_REQUIRE(slw_rollout_plan_parse(slw_text_bytes("{\"phases\":[{\"ppm\":1000000}]}"), &plan,
                                       &detail) == SLW_OK);
    TAP_CHECK(fabs(plan.rule.failure_limit - 0.02) < 1e-9);
    TAP_CHECK(fabs(plan.rule.confidence - 0.95) < 1e-9);
    TAP_EQUAL_INT(plan.silence_s, 86400);
    TAP_EQUAL_INT(plan.rate_per_hour, 0);
    TAP_CHECK(!slw_rollout_plan_has_canary(&plan, SLW_BYTES_OF("lamp-1")));
    slw_rollout_plan_free(&plan);
}

#define WHOLE "\"phases\":[{\"ppm\":1000000}]"

static void refuses_plans_that_make_no_sense(void)
{
    static const struct {
        const char *text;
        enum slw_status status;
    } rows[] = {
        {"", SLW_MALFORMED},
        {"[]", SLW_BAD_ARGUMENT},
        {"{}", SLW_BAD_ARGUMENT},
        {"{" WHOLE "} ", SLW_OK},
        {"{" WHOLE ",\"more\":1}", SLW_BAD_ARGUMENT},
        {"{\"phases\":{}}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[7]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":0},{\"ppm\":1000000}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":500000}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":1000001}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":5},{\"ppm\":5},{\"ppm\":1000000}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":1000000,\"soak_s\":-1}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":1000000,\"soak_s\":99999999}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":1000000,\"failure_ppm\":0}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":1000000,\"percent\":1}]}", SLW_BAD_ARGUMENT},
        {"{\"phases\":[{\"ppm\":1000000.0}]}", SLW_MALFORMED},
        {"{\"phases\":[{\"ppm\":\"1000000\"}]}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"rate_per_hour\":0}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"rate_per_hour\":99999999999}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":[]}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"failure_ppm\":1000000}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"confidence_ppm\":1000000}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"silence_s\":1}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"looks\":7}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"looks\":[0]}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"looks\":[9,9]}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"looks\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}}",
         SLW_TOO_LARGE},
        {"{" WHOLE ",\"health\":{\"canaries\":\"all\"}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE ",\"health\":{\"canaries\":[1]}}", SLW_BAD_ARGUMENT},
        {"{" WHOLE "," WHOLE "}", SLW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].text);
        TAP_EQUAL_INT(plan_status(rows[i].text), rows[i].status);
    }
    TAP_ROW(NULL);
}

static void bounds_how_much_a_plan_says(void)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "{\"phases\":[");
    for (size_t i = 1; i <= SLW_ROLLOUT_PHASES_MAX; i++) {
        char phase[32];
        (void)snprintf(phase, sizeof phase, "{\"ppm\":%zu},", i);
        slw_heap_append_text(&text, phase);
    }
    slw_heap_append_text(&text, "{\"ppm\":1000000}]}");
    slw_heap_append(&text, slw_bytes_make("", 1));
    TAP_EQUAL_INT(plan_status((const char *)text.ptr), SLW_TOO_LARGE);
    slw_heap_free(&text);
    static char spaces[70000];
    memset(spaces, ' ', sizeof spaces - 1);
    TAP_EQUAL_INT(plan_status(spaces), SLW_TOO_LARGE);
}

/* --- Groups --- */

static bool group_has(const char *query, const char *attributes)
{
    struct slw_json_document tags = {0};
    struct slw_group group;
    struct slw_json_document json = {0};
    struct slw_detail detail = {""};
    struct slw_group_subject subject = {
        .hardware = SLW_BYTES_OF("lamp-1"),
        .key_class = SLW_BYTES_OF("prod"),
        .channel = SLW_BYTES_OF("stable"),
        .version = 7,
        .tags = &tags,
    };
    if (!TAP_CHECK(slw_json_parse("tags", SLW_BYTES_OF("[\"beta\",\"lab\",7]"), &tags, &detail) ==
                   SLW_OK) ||
        !TAP_CHECK(slw_json_parse("attributes", slw_text_bytes(attributes), &json, &detail) ==
                   SLW_OK) ||
        !TAP_CHECK(slw_group_parse(slw_text_bytes(query), &group, &detail) == SLW_OK)) {
        return false;
    }
    subject.attributes = &json;
    bool matches = slw_group_matches(&group, &subject);
    slw_group_free(&group);
    slw_json_document_free(&json);
    slw_json_document_free(&tags);
    return matches;
}

static void finds_the_devices_of_a_group(void)
{
    static const struct {
        const char *query;
        bool matches;
    } rows[] = {
        {"{\"all\":[]}", true},
        {"{\"any\":[]}", false},
        {"{\"tag\":\"beta\"}", true},
        {"{\"tag\":\"bet\"}", false},
        {"{\"not\":{\"tag\":\"gamma\"}}", true},
        {"{\"attribute\":\"hardware\",\"is\":\"lamp-1\"}", true},
        {"{\"attribute\":\"class\",\"is\":\"test\"}", false},
        {"{\"attribute\":\"channel\",\"is\":\"stable\"}", true},
        {"{\"attribute\":\"version\",\"is\":\"7\"}", true},
        {"{\"attribute\":\"version\",\"is\":\"07\"}", false},
        {"{\"attribute\":\"country\",\"is\":\"pt\"}", true},
        {"{\"attribute\":\"country\",\"is\":\"PT\"}", false},
        {"{\"attribute\":\"number\",\"is\":\"1\"}", false},
        {"{\"attribute\":\"nothing\",\"is\":\"x\"}", false},
        {"{\"all\":[{\"tag\":\"beta\"},{\"tag\":\"lab\"}]}", true},
        {"{\"all\":[{\"tag\":\"beta\"},{\"tag\":\"gamma\"}]}", false},
        {"{\"any\":[{\"tag\":\"gamma\"},{\"tag\":\"lab\"}]}", true},
        {"{\"all\":[{\"not\":{\"any\":[{\"tag\":\"gamma\"}]}},{\"tag\":\"lab\"}]}", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].query);
        /* What a device says of itself can't stand for what is known of it. */
        TAP_EQUAL_INT(group_has(rows[i].query, "{\"country\":\"pt\",\"number\":1,"
                                               "\"class\":\"test\"}"),
                      rows[i].matches);
    }
    TAP_ROW(NULL);
}

static void refuses_queries_that_make_no_sense(void)
{
    static const struct {
        const char *query;
        enum slw_status status;
    } rows[] = {
        {"", SLW_MALFORMED},
        {"{}", SLW_BAD_ARGUMENT},
        {"[]", SLW_BAD_ARGUMENT},
        {"\"all\"", SLW_BAD_ARGUMENT},
        {"{\"every\":[]}", SLW_BAD_ARGUMENT},
        {"{\"all\":{}}", SLW_BAD_ARGUMENT},
        {"{\"all\":[7]}", SLW_BAD_ARGUMENT},
        {"{\"all\":[],\"any\":[]}", SLW_BAD_ARGUMENT},
        {"{\"tag\":\"\"}", SLW_BAD_ARGUMENT},
        {"{\"tag\":7}", SLW_BAD_ARGUMENT},
        {"{\"tag\":\"a\",\"is\":\"b\"}", SLW_BAD_ARGUMENT},
        {"{\"attribute\":\"a\"}", SLW_BAD_ARGUMENT},
        {"{\"attribute\":\"a\",\"is\":7}", SLW_BAD_ARGUMENT},
        {"{\"attribute\":\"a\",\"was\":\"b\"}", SLW_BAD_ARGUMENT},
        {"{\"attribute\":7,\"is\":\"a\"}", SLW_BAD_ARGUMENT},
        {"{\"not\":[]}", SLW_BAD_ARGUMENT},
        {"{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":"
         "{\"tag\":\"a\"}}}}}}}}}",
         SLW_OK},
        {"{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":"
         "{\"tag\":\"a\"}}}}}}}}}}",
         SLW_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_group group;
        struct slw_detail detail = {""};
        enum slw_status status = slw_group_parse(slw_text_bytes(rows[i].query), &group, &detail);
        TAP_ROW(rows[i].query);
        TAP_EQUAL_INT(status, rows[i].status);
        if (status == SLW_OK) {
            slw_group_free(&group);
        }
    }
    TAP_ROW(NULL);
}

/* --- Windows --- */

static void opens_windows_by_local_time(void)
{
    static const char nights[] = "[{\"days\":[\"fri\"],\"from\":\"23:00\",\"to\":\"02:00\"},"
                                 "{\"from\":\"12:00\",\"to\":\"12:30\"}]";
    static const struct {
        const char *name;
        int64_t utc_s;
        int32_t offset_s;
        bool open;
    } rows[] = {
        {"Thursday, 1970 at midnight", 0, 0, false},
        {"the same day at noon", 43200, 0, true},
        {"the end is not in it", 45000, 0, false},
        {"Friday at 23:00", 86400 + 82800, 0, true},
        {"Saturday at 01:59", 2 * 86400 + 7140, 0, true},
        {"Saturday at 02:00", 2 * 86400 + 7200, 0, false},
        {"Saturday at 23:00", 2 * 86400 + 82800, 0, false},
        {"Sunday at 01:00, after no Friday", 3 * 86400 + 3600, 0, false},
        {"noon in Lisbon is 14:00 in Helsinki", 43200, 7200, false},
        {"10:00 in Lisbon is noon in Helsinki", 36000, 7200, true},
        {"west of midnight, before 1970", 3600, -46800, true},
    };
    struct slw_windows windows;
    struct slw_detail detail = {""};
    TAP_REQUIRE(slw_windows_parse(slw_text_bytes(nights), &windows, &detail) == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_windows_are_open(&windows, rows[i].utc_s, rows[i].offset_s),
                      rows[i].open);
    }
    TAP_ROW(NULL);
    TAP_REQUIRE(slw_windows_parse(slw_text_bytes("[]"), &windows, &detail) == SLW_OK);
    TAP_CHECK(slw_windows_are_open(&windows, 12345, 0));
}

static void refuses_windows_that_make_no_sense(void)
{
    static const char *const rows[] = {
        "{}",
        "[7]",
        "[{}]",
        "[{\"from\":\"12:00\"}]",
        "[{\"from\":\"24:00\",\"to\":\"12:00\"}]",
        "[{\"from\":\"1:00\",\"to\":\"12:00\"}]",
        "[{\"from\":\"12:60\",\"to\":\"13:00\"}]",
        "[{\"from\":\"12-00\",\"to\":\"13:00\"}]",
        "[{\"from\":1200,\"to\":\"13:00\"}]",
        "[{\"days\":\"mon\",\"from\":\"12:00\",\"to\":\"13:00\"}]",
        "[{\"days\":[],\"from\":\"12:00\",\"to\":\"13:00\"}]",
        "[{\"days\":[\"Mon\"],\"from\":\"12:00\",\"to\":\"13:00\"}]",
        "[{\"days\":[\"mon\",\"mon\"],\"from\":\"12:00\",\"to\":\"13:00\"}]",
        "[{\"zone\":\"UTC\",\"from\":\"12:00\",\"to\":\"13:00\"}]",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_windows windows;
        struct slw_detail detail = {""};
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_windows_parse(slw_text_bytes(rows[i]), &windows, &detail),
                      SLW_BAD_ARGUMENT);
    }
    TAP_ROW(NULL);
}

int main(void)
{
    TAP_RUN(reads_a_plan);
    TAP_RUN(knows_what_is_usual);
    TAP_RUN(refuses_plans_that_make_no_sense);
    TAP_RUN(bounds_how_much_a_plan_says);
    TAP_RUN(finds_the_devices_of_a_group);
    TAP_RUN(refuses_queries_that_make_no_sense);
    TAP_RUN(opens_windows_by_local_time);
    TAP_RUN(refuses_windows_that_make_no_sense);
    return tap_finish();
}
