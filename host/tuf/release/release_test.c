/* SPDX-License-Identifier: Apache-2.0 */
/* What a repository says of a bundle is what the bundle says, in every member, or it is refused. */
#include "slipway/release.h"

#include "../../bundle/test_metadata.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct slw_detail detail;
static struct slw_source source;

static enum slw_status read_bundle(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    if (offset > test_bundle.len || len > test_bundle.len - offset) {
        return SLW_IO;
    }
    memcpy(buffer, test_bundle.ptr + offset, len);
    return SLW_OK;
}

/* A bundle for the lamp, version 7, with everything that a repository says of it. */
static void make_bundle(const char *product)
{
    struct slw_heap_buffer more = {0};
    struct test_targets targets = {.version = 7, .more = &more};
    test_put_text(&more, 65, "lamp-1");
    test_put_text(&more, 65, "lamp-2");
    test_put_text(&more, 66, "7.0.\"rc\"");
    test_put_uint(&more, 68, 3);
    test_put_uint(&more, 69, 3);
    test_put_text(&more, 72, product);
    test_begin();
    test_put_targets(&targets, "b");
    slw_heap_free(&more);
    source = (struct slw_source){.read = read_bundle, .size = test_bundle.len};
}

/* A target with this custom, "" for none; lives until the next call. */
static struct slw_tuf_target target_with(const char *custom)
{
    static struct slw_heap_buffer text;
    static struct slw_json_document json;
    slw_json_document_free(&json);
    json = (struct slw_json_document){0};
    slw_heap_free(&text);
    slw_heap_printf(&text, "{\"hashes\":{}%s%s}", custom[0] == '\0' ? "" : ",\"custom\":", custom);
    if (slw_json_parse("target", slw_heap_bytes(&text), &json, &detail) != SLW_OK) {
        abort();
    }
    return (struct slw_tuf_target){
        .path = SLW_BYTES_OF("lamp/stable/7.bundle"),
        .json = &json,
        .custom = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("custom")),
    };
}

#define WHOLE                                                                                      \
    "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[\"lamp-1\","   \
    "\"lamp-2\"],"                                                                                 \
    "\"product\":\"lamp\",\"release_counter\":7,\"release_version\":\"7.0.\\\"rc\\\"\","           \
    "\"urgency\":\"security\"}}"

static enum slw_status check(const char *custom, const char *channel)
{
    struct slw_tuf_target target = target_with(custom);
    return slw_release_check("7.bundle", &source, &target, slw_bytes_make(channel, strlen(channel)),
                             &detail);
}

static void makes_custom_of_the_bundle(void)
{
    struct slw_heap_buffer custom = {0};
    struct slw_heap_buffer product = {0};
    make_bundle("lamp");
    TAP_REQUIRE(slw_release_custom("7.bundle", &source, SLW_BYTES_OF("stable"), &custom, &product,
                                   &detail) == SLW_OK);
    TAP_CHECK(strcmp(slw_heap_text(&custom), WHOLE) == 0);
    TAP_CHECK(strcmp(slw_heap_text(&product), "lamp") == 0);
    slw_heap_free(&custom);
    slw_heap_free(&product);
}

static void takes_custom_that_is_the_bundles(void)
{
    make_bundle("lamp");
    TAP_EQUAL_INT(check(WHOLE, "stable"), SLW_OK);
    /* The order of members and white space are the writer's business. */
    TAP_EQUAL_INT(check("{ \"slipway\": {\"urgency\":\"security\", \"channel\":\"stable\","
                        "\"build_type\":\"user\",\"release_counter\":7,"
                        "\"release_version\":\"7.0.\\u0022rc\\u0022\",\"product\":\"lamp\","
                        "\"hardware_ids\":[\"lamp-1\",\"lamp-2\"]}}",
                        "stable"),
                  SLW_OK);
}

static void refuses_custom_that_differs_in_any_member(void)
{
    static const struct {
        const char *from;
        const char *to;
        const char *named;
    } changes[] = {
        {"\"user\"", "\"dev\"", "build_type"},
        {"\"lamp-2\"", "\"lamp-3\"", "hardware_ids"},
        {",\"lamp-2\"", "", "hardware_ids"},
        {"\"product\":\"lamp\"", "\"product\":\"lamP\"", "product"},
        {"\"release_counter\":7", "\"release_counter\":8", "release_counter"},
        {"7.0.", "7.1.", "release_version"},
        {"\"security\"", "\"routine\"", "urgency"},
        {"{\"slipway\":{", "{\"slipway\":{\"a\":1,", "custom"},
        {"{\"slipway\"", "{\"other\":1,\"slipway\"", "custom"},
    };
    make_bundle("lamp");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char text[512];
        const char *at = strstr(WHOLE, changes[i].from);
        TAP_ROW(changes[i].to);
        TAP_REQUIRE(at != NULL);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, changes[i].to,
                       at + strlen(changes[i].from));
        TAP_EQUAL_INT(check(text, "stable"), SLW_WRONG_CUSTOM);
        TAP_CHECK(strstr(detail.text, changes[i].named) != NULL);
    }
}

static void refuses_custom_that_lacks_something(void)
{
    static const char *const customs[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"slipway\":[]}",
        "{\"slipway\":{}}",
        "{\"slipway\":{\"channel\":\"stable\",\"product\":\"lamp\"}}",
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[1],"
        "\"product\":\"lamp\",\"release_counter\":7,\"release_version\":\"\",\"urgency\":\"\"}}",
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[],"
        "\"product\":\"lamp\",\"release_counter\":-1,\"release_version\":\"\",\"urgency\":\"\"}}",
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[],"
        "\"product\":\"lamp\",\"release_counter\":4294967296,\"release_version\":\"\","
        "\"urgency\":\"\"}}",
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":7,\"hardware_ids\":[],"
        "\"product\":\"lamp\",\"release_counter\":7,\"release_version\":\"\",\"urgency\":\"\"}}",
    };
    make_bundle("lamp");
    for (size_t i = 0; i < sizeof customs / sizeof customs[0]; i++) {
        TAP_ROW(customs[i]);
        TAP_EQUAL_INT(check(customs[i], "stable"), SLW_WRONG_CUSTOM);
    }
}

static void refuses_another_channel(void)
{
    make_bundle("lamp");
    TAP_EQUAL_INT(check(WHOLE, "beta"), SLW_WRONG_CHANNEL);
    TAP_EQUAL_INT(check(WHOLE, "Stable"), SLW_WRONG_CHANNEL);
    TAP_EQUAL_INT(check(WHOLE, ""), SLW_WRONG_CHANNEL);
}

static void refuses_products_and_channels_that_make_no_name(void)
{
    static const char *const words[] = {
        "",
        "../lamp",
        "a/b",
        "-lamp",
        ".lamp",
        "la mp",
        "l\xC3\xA4mp",
        "0123456789012345678901234567890123456789012345678901234567890123x"};
    struct slw_heap_buffer custom = {0};
    struct slw_heap_buffer product = {0};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        TAP_ROW(words[i]);
        make_bundle(words[i]);
        TAP_EQUAL_INT(slw_release_custom("7.bundle", &source, SLW_BYTES_OF("stable"), &custom,
                                         &product, &detail),
                      SLW_BAD_NAME);
        make_bundle("lamp");
        TAP_EQUAL_INT(slw_release_custom("7.bundle", &source,
                                         slw_bytes_make(words[i], strlen(words[i])), &custom,
                                         &product, &detail),
                      SLW_BAD_NAME);
    }
    TAP_EQUAL_INT(custom.len, 0);
}

static void knows_bundles_by_their_shape(void)
{
    struct slw_heap_buffer custom = {0};
    make_bundle("lamp");
    TAP_CHECK(slw_release_is_bundle("7.bundle", &source));
    source.size--;
    TAP_CHECK(!slw_release_is_bundle("7.bundle", &source));
    test_begin();
    test_put_payload("app", "image");
    source = (struct slw_source){.read = read_bundle, .size = test_bundle.len};
    TAP_CHECK(!slw_release_is_bundle("payload alone", &source));
    TAP_EQUAL_INT(slw_release_custom("payload alone", &source, SLW_BYTES_OF("stable"), &custom,
                                     &custom, &detail),
                  SLW_MISSING_TARGETS);
    source.size = 0;
    TAP_CHECK(!slw_release_is_bundle("empty", &source));
}

int main(void)
{
    TAP_RUN(makes_custom_of_the_bundle);
    TAP_RUN(takes_custom_that_is_the_bundles);
    TAP_RUN(refuses_custom_that_differs_in_any_member);
    TAP_RUN(refuses_custom_that_lacks_something);
    TAP_RUN(refuses_another_channel);
    TAP_RUN(refuses_products_and_channels_that_make_no_name);
    TAP_RUN(knows_bundles_by_their_shape);
    return tap_finish();
}
