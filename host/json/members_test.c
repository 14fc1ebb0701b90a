/* SPDX-License-Identifier: Apache-2.0 */
/* A member twice, in whatever order and spelling, and how the refusal shows its name. */
#include "test_reader.h"

static void refuses_a_member_twice(void)
{
    static const struct text_case cases[] = {
        {"{\"a\":1,\"a\":2}", "line 1, column 8: member \"a\" twice"},
        {"{\"a\":1,\"a\":1}", "line 1, column 8: member \"a\" twice"},
        {"{\"\":1,\"\":1}", "line 1, column 7: member \"\" twice"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "line 1, column 14: member \"a\" twice"},
        {"{\"b\":1,\"a\":2,\"b\":3}", "line 1, column 14: member \"b\" twice"},
        {"{\"b\":1,\"a\":2,\"a\":3,\"b\":4}", "line 1, column 14: member \"a\" twice"},
        {"{\"a\":1,\"a\":2,\"a\":3}", "line 1, column 8: member \"a\" twice"},
        {"{\"c\":1,\"b\":2,\"c\":3,\"c\":4}", "line 1, column 14: member \"c\" twice"},
        {"{\"a\":1,\"\\u0061\":2}", "line 1, column 8: member \"a\" twice"},
        {"{\"\\u0061\":1,\"a\":2}", "line 1, column 13: member \"a\" twice"},
        {"{\"\\/\":1,\"/\":2}", "line 1, column 9: member \"/\" twice"},
        {"{\"\\u00e9\":1,\"\xC3\xA9\":2}", "line 1, column 13: member \"\xC3\xA9\" twice"},
        {"{\"\\uD834\\uDD1E\":1,\"\xF0\x9D\x84\x9E\":2}",
         "line 1, column 19: member \"\xF0\x9D\x84\x9E\" twice"},
        {"{\"\\u0000\":1,\"\\u0000\":2}", "line 1, column 13: member \"\\x00\" twice"},
        {"{\"\\\"\":1,\"\\u0022\":2}", "line 1, column 9: member \"\\\"\" twice"},
        {"[{\n\"x\": {\"a\":{}, \"b\":[\"]\", {}],\n \"a\":2}}]",
         "line 3, column 2: member \"a\" twice"},
        {"{\"b\":\"\\\\\",\"a\":\"\\\"\",\"c\":-1,\"d\":true,\n\"b\":0}",
         "line 2, column 1: member \"b\" twice"},
    };
    CHECK_REFUSALS(cases);
}

static void accepts_names_that_only_look_alike(void)
{
    static const char *const cases[] = {
        "{\"a\":1,\"A\":2}",
        "{\"a\":1,\"a\\u0000\":2}",
        "{\"a\\u0000\":1,\"a\":2}",
        "{\"\\u0000\":1,\"\":2}",
        "{\"\xC3\xA9\":1,\"e\xCC\x81\":2}", /* composed or not: no normalisation */
        "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",
        "{\"\\\\u0061\":1,\"a\":2}",
        "{\"aaaaaaaab\":1,\"aaaaaaaa\":2}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slw_json_document json;
        TAP_ROW(cases[i]);
        if (parses_text(cases[i], &json)) {
            slw_json_document_free(&json);
        }
    }
}

/* In many members, neither the first nor the last, in ascending, descending and mixed order. */
static void finds_one_duplicate_among_many_members(void)
{
    enum { COUNT = 5000, AGAIN = 1234 };
    for (unsigned order = 0; order < 4; order++) {
        for (unsigned with = 0; with < 2; with++) {
            struct slw_heap_buffer text = {0};
            struct slw_json_document json;
            struct slw_detail detail = {""};
            slw_heap_append_text(&text, "{");
            for (unsigned i = 0; i < COUNT; i++) {
                unsigned number = order == 0   ? i
                                  : order == 1 ? COUNT - i
                                  : order == 2 ? i * 2741 % COUNT
                                               : i ^ 1;
                slw_heap_printf(&text, "\"some/name/that/is/long/%u\": %u,\n", number, i);
            }
            slw_heap_printf(&text, "\"some/name/that/is/long/%s%u\": 0}", with ? "" : "x", AGAIN);
            enum slw_status status =
                slw_json_parse("a.json", slw_heap_bytes(&text), &json, &detail);
            TAP_EQUAL_INT(status, with ? SLW_MALFORMED : SLW_OK);
            if (status == SLW_OK) {
                TAP_EQUAL_INT(slw_json_count(&json, SLW_JSON_TOP), COUNT + 1);
                slw_json_document_free(&json);
            } else {
                TAP_CHECK(strcmp(detail.text, "a.json: line 5001, column 1: member "
                                              "\"some/name/that/is/long/1234\" twice") == 0);
            }
            slw_heap_free(&text);
        }
    }
}

/* Names that end at each place of what is compared at a time, with and without zero bytes. */
static void finds_duplicates_of_any_length(void)
{
    for (unsigned len = 0; len < 50; len++) {
        struct slw_heap_buffer text = {0};
        struct slw_json_document json;
        struct slw_detail detail = {""};
        const char *unit = len % 2 == 0 ? "\\u0000" : "z";
        for (unsigned i = 40; i-- > 0;) {
            slw_heap_printf(&text, "%s\"%.*s.%u\":1", text.len == 0 ? "{" : ",", (int)(i % 9),
                            "zzzzzzzz", i);
        }
        for (unsigned i = 0; i < 2; i++) {
            slw_heap_append_text(&text, i == 0 ? ",\"" : ",\"y\":0,\"");
            for (unsigned j = 0; j < len; j++) {
                slw_heap_append_text(&text, unit);
            }
            slw_heap_append_text(&text, "\":2");
        }
        slw_heap_append_text(&text, "}");
        TAP_EQUAL_INT(slw_json_parse("a", slw_heap_bytes(&text), &json, &detail), SLW_MALFORMED);
        TAP_CHECK(strstr(detail.text, "\" twice") != NULL);
        slw_heap_free(&text);
    }
}

/* What a refusal shows of a name can't confuse a terminal, and doesn't fill the line. */
static void shows_hostile_names_harmlessly(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail;
    struct slw_json_document json;
    for (int i = 0; i < 2; i++) {
        slw_heap_append_text(&text, i == 0 ? "{\"" : ",\"");
        slw_heap_append_text(&text, "\\u001b[2J\\n");
        for (int j = 0; j < 500; j++) {
            slw_heap_append_text(&text, "\xE2\x82\xAC");
        }
        slw_heap_append_text(&text, "\":1");
    }
    TAP_EQUAL_INT(slw_json_parse("a", slw_heap_bytes(&text), &json, &detail), SLW_MALFORMED);
    TAP_CHECK(strstr(detail.text, "member \"\\x1b[2J\\x0a\xE2\x82\xAC") != NULL);
    TAP_CHECK(strstr(detail.text, "\xE2\x82\xAC\xE2\x80\xA6\" twice") != NULL);
    TAP_CHECK(strlen(detail.text) < 200);
    slw_heap_free(&text);
}

int main(void)
{
    TAP_RUN(refuses_a_member_twice);
    TAP_RUN(accepts_names_that_only_look_alike);
    TAP_RUN(finds_one_duplicate_among_many_members);
    TAP_RUN(finds_duplicates_of_any_length);
    TAP_RUN(shows_hostile_names_harmlessly);
    return tap_finish();
}
