/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON reader takes and what it refuses, with the place it names. */
#include "slipway/json_reader.h"

#include "tap.h"

#include <stdlib.h>

struct text_case {
    const char *text;
    const char *place; /* what the detail says behind the name of the text */
};

static void check_refusal(struct slw_bytes text, const char *place)
{
    struct slw_json_document json = {.count = 77};
    struct slw_detail detail = {""};
    char expected[256];
    (void)snprintf(expected, sizeof expected, "a.json: %s", place);
    if (!TAP_EQUAL_INT(slw_json_parse("a.json", text, &json, &detail), SLW_MALFORMED)) {
        slw_json_document_free(&json);
        return;
    }
    TAP_EQUAL_INT(json.count, 77);
    if (!TAP_CHECK(strcmp(detail.text, expected) == 0)) {
        (void)printf("#   %s\n", detail.text);
    }
}

static void check_refusals(const struct text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TAP_ROW(cases[i].text);
        check_refusal(slw_bytes_make(cases[i].text, strlen(cases[i].text)), cases[i].place);
    }
    TAP_ROW(NULL);
}

#define CHECK_REFUSALS(cases) check_refusals(cases, sizeof(cases) / sizeof(cases)[0])

static bool parses(struct slw_bytes text, struct slw_json_document *ret_json)
{
    struct slw_detail detail = {""};
    bool parsed = slw_json_parse("a.json", text, ret_json, &detail) == SLW_OK;
    if (!TAP_CHECK(parsed)) {
        (void)printf("#   %s\n", detail.text);
    }
    return parsed;
}

static bool parses_text(const char *text, struct slw_json_document *ret_json)
{
    return parses(slw_bytes_make(text, strlen(text)), ret_json);
}

static void accepts_every_kind_of_value(void)
{
    static const struct {
        const char *text;
        enum slw_json_kind kind;
    } cases[] = {
        {"{}", SLW_JSON_OBJECT},
        {"{\"a\":1}", SLW_JSON_OBJECT},
        {"[]", SLW_JSON_ARRAY},
        {"[1,2]", SLW_JSON_ARRAY},
        {"\"\"", SLW_JSON_STRING},
        {"\"a\"", SLW_JSON_STRING},
        {"0", SLW_JSON_INTEGER},
        {"-0", SLW_JSON_INTEGER},
        {"-12", SLW_JSON_INTEGER},
        {"true", SLW_JSON_TRUE},
        {"false", SLW_JSON_FALSE},
        {"null", SLW_JSON_NULL},
        {" \t\r\n1", SLW_JSON_INTEGER},
        {"1 \t\r\n", SLW_JSON_INTEGER},
        {" [ ] ", SLW_JSON_ARRAY},
        {"{ \"a\" : [ 1 , 2 ] , \"b\" : { } }\n", SLW_JSON_OBJECT},
        {"                    {                    }", SLW_JSON_OBJECT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slw_json_document json;
        TAP_ROW(cases[i].text);
        if (parses_text(cases[i].text, &json)) {
            TAP_EQUAL_INT(slw_json_kind(&json, SLW_JSON_TOP), cases[i].kind);
            TAP_EQUAL_INT(json.values[0].next, json.count);
            slw_json_document_free(&json);
        }
    }
}

static void refuses_what_is_no_value(void)
{
    static const struct text_case cases[] = {
        {"", "line 1, column 1: the text ends where a value should be"},
        {" ", "line 1, column 2: the text ends where a value should be"},
        {"\n\n  ", "line 3, column 3: the text ends where a value should be"},
        {"\xEF\xBB\xBF{}", "line 1, column 1: a byte order mark in front of the text"},
        {"\xFE\xFF", "line 1, column 1: not a value"},
        {"x", "line 1, column 1: not a value"},
        {"'a'", "line 1, column 1: not a value"},
        {"/* a */ 1", "line 1, column 1: not a value"},
        {"\v1", "line 1, column 1: not a value"},
        {"\f1", "line 1, column 1: not a value"},
        {"\xC2\xA0"
         "1",
         "line 1, column 1: not a value"},
        {"*", "line 1, column 1: not a value"},
        {"]", "line 1, column 1: not a value"},
        {"}", "line 1, column 1: not a value"},
        {",", "line 1, column 1: not a value"},
        {"NaN", "line 1, column 1: not a value"},
        {"Infinity", "line 1, column 1: not a value"},
        {"True", "line 1, column 1: not a value"},
        {"tru", "line 1, column 1: a word that JSON doesn't have"},
        {"tRue", "line 1, column 1: a word that JSON doesn't have"},
        {"fals", "line 1, column 1: a word that JSON doesn't have"},
        {"nul", "line 1, column 1: a word that JSON doesn't have"},
        {"nulL", "line 1, column 1: a word that JSON doesn't have"},
        {"n", "line 1, column 1: a word that JSON doesn't have"},
        {"[nan]", "line 1, column 2: a word that JSON doesn't have"},
    };
    CHECK_REFUSALS(cases);
}

static void refuses_anything_behind_the_value(void)
{
    static const struct text_case cases[] = {
        {"1 2", "line 1, column 3: something behind the value"},
        {"truefalse", "line 1, column 5: something behind the value"},
        {"nulls", "line 1, column 5: something behind the value"},
        {"{}{}", "line 1, column 3: something behind the value"},
        {"{}\n{}", "line 2, column 1: something behind the value"},
        {"[]]", "line 1, column 3: something behind the value"},
        {"{}}", "line 1, column 3: something behind the value"},
        {"[],", "line 1, column 3: something behind the value"},
        {"\"a\"b", "line 1, column 4: something behind the value"},
        {"1//", "line 1, column 2: something behind the value"},
        {"{}#", "line 1, column 3: something behind the value"},
        {"1a", "line 1, column 2: something behind the value"},
        {"0x1", "line 1, column 2: something behind the value"},
        {"1_000", "line 1, column 2: something behind the value"},
        {"1\xC3\xA9", "line 1, column 2: something behind the value"},
    };
    CHECK_REFUSALS(cases);
    TAP_ROW("a zero byte");
    check_refusal(SLW_BYTES_OF("{}\0"), "line 1, column 3: something behind the value");
    check_refusal(SLW_BYTES_OF("\0"), "line 1, column 1: not a value");
}

static void refuses_broken_arrays(void)
{
    static const struct text_case cases[] = {
        {"[", "line 1, column 2: the text ends within an array"},
        {"[1", "line 1, column 3: the text ends within an array"},
        {"[1,", "line 1, column 4: the text ends where a value should be"},
        {"[1\n", "line 2, column 1: the text ends within an array"},
        {"[1,]", "line 1, column 4: not a value"},
        {"[,1]", "line 1, column 2: not a value"},
        {"[,]", "line 1, column 2: not a value"},
        {"[1,,2]", "line 1, column 4: not a value"},
        {"[1 2]", "line 1, column 4: expected a comma or ]"},
        {"[1:2]", "line 1, column 3: expected a comma or ]"},
        {"[1}", "line 1, column 3: expected a comma or ]"},
        {"[\"a\" \"b\"]", "line 1, column 6: expected a comma or ]"},
        {"[[]", "line 1, column 4: the text ends within an array"},
        {"[{}", "line 1, column 4: the text ends within an array"},
        {"[}", "line 1, column 2: not a value"},
        {"[\"a\",\n4\n,1,", "line 3, column 4: the text ends where a value should be"},
        {"[1;2]", "line 1, column 3: expected a comma or ]"},
        {"[\f]", "line 1, column 2: not a value"},
    };
    CHECK_REFUSALS(cases);
}

static void refuses_broken_objects(void)
{
    static const struct text_case cases[] = {
        {"{", "line 1, column 2: the text ends within an object"},
        {"{\"a\"", "line 1, column 5: expected a colon behind the name"},
        {"{\"a\":", "line 1, column 6: the text ends where a value should be"},
        {"{\"a\":1", "line 1, column 7: the text ends within an object"},
        {"{\"a\":1,", "line 1, column 8: expected the name of a member, in quotes"},
        {"{\"a\":1,}", "line 1, column 8: expected the name of a member, in quotes"},
        {"{,}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{,\"a\":1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{\"a\":1,,\"b\":2}", "line 1, column 8: expected the name of a member, in quotes"},
        {"{a:1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{'a':1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{1:1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{null:1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{[]:1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{{}:1}", "line 1, column 2: expected the name of a member, in quotes"},
        {"{\"a\" 1}", "line 1, column 6: expected a colon behind the name"},
        {"{\"a\",1}", "line 1, column 5: expected a colon behind the name"},
        {"{\"a\"}", "line 1, column 5: expected a colon behind the name"},
        {"{\"a\"=1}", "line 1, column 5: expected a colon behind the name"},
        {"{\"a\"::1}", "line 1, column 6: not a value"},
        {"{\"a\":}", "line 1, column 6: not a value"},
        {"{\"a\":1 \"b\":2}", "line 1, column 8: expected a comma or }"},
        {"{\"a\":1]", "line 1, column 7: expected a comma or }"},
        {"{\"a\":1:2}", "line 1, column 7: expected a comma or }"},
        {"{\n \"a\": 1,\n \"b\" 2\n}", "line 3, column 6: expected a colon behind the name"},
        {"{]", "line 1, column 2: expected the name of a member, in quotes"},
        {"{\"a\":{}", "line 1, column 8: the text ends within an object"},
    };
    CHECK_REFUSALS(cases);
}

#define NO_FRACTION "a number with a fraction or exponent has no canonical form"

static void refuses_numbers_that_are_no_integers(void)
{
    static const struct text_case cases[] = {
        {"01", "line 1, column 1: a number with a leading zero"},
        {"-01", "line 1, column 1: a number with a leading zero"},
        {"00", "line 1, column 1: a number with a leading zero"},
        {"[-00]", "line 1, column 2: a number with a leading zero"},
        {"+1", "line 1, column 1: not a value"},
        {"-", "line 1, column 1: a minus sign without a number"},
        {"--1", "line 1, column 1: a minus sign without a number"},
        {"-a", "line 1, column 1: a minus sign without a number"},
        {"[- 1]", "line 1, column 2: a minus sign without a number"},
        {"-Infinity", "line 1, column 1: a minus sign without a number"},
        {".5", "line 1, column 1: not a value"},
        {"-.5", "line 1, column 1: a minus sign without a number"},
        {"1.0", "line 1, column 1: " NO_FRACTION},
        {"1.", "line 1, column 1: " NO_FRACTION},
        {"-0.0", "line 1, column 1: " NO_FRACTION},
        {"1e2", "line 1, column 1: " NO_FRACTION},
        {"1E2", "line 1, column 1: " NO_FRACTION},
        {"0e0", "line 1, column 1: " NO_FRACTION},
        {"{\"a\":\n  1.5}", "line 2, column 3: " NO_FRACTION},
        {"123456789012345678901234567890e1", "line 1, column 1: " NO_FRACTION},
        {"\xEF\xBC\x91", "line 1, column 1: not a value"}, /* a fullwidth 1 */
    };
    CHECK_REFUSALS(cases);
}

#define NOT_UTF8 "not UTF-8"
#define CONTROL "a control character in a string, not escaped"
#define OPEN "the text ends within a string"

static void refuses_broken_strings(void)
{
    static const struct text_case cases[] = {
        {"\"", "line 1, column 2: " OPEN},
        {"\"a", "line 1, column 3: " OPEN},
        {"\"abcdefgh", "line 1, column 10: " OPEN},
        {"\"abcdefghijklmnopq", "line 1, column 19: " OPEN},
        {"[\"a]", "line 1, column 5: " OPEN},
        {"\"\\", "line 1, column 3: " OPEN},
        {"\"\\\"", "line 1, column 4: " OPEN},
        {"\"abc\\\\\\\"", "line 1, column 9: " OPEN},
        {"\"a\nb\"", "line 1, column 3: " CONTROL},
        {"\"\t\"", "line 1, column 2: " CONTROL},
        {"\"\r\"", "line 1, column 2: " CONTROL},
        {"\"\x01\"", "line 1, column 2: " CONTROL},
        {"\"abcdefg\x1F\"", "line 1, column 9: " CONTROL},
        {"\"abcdefgh\x1F\"", "line 1, column 10: " CONTROL},
        {"\"\\n\x1F\"", "line 1, column 4: " CONTROL},
        {"{\"\n\":1}", "line 1, column 3: " CONTROL},
    };
    CHECK_REFUSALS(cases);
    TAP_ROW("a zero byte");
    check_refusal(SLW_BYTES_OF("\"\0\""), "line 1, column 2: " CONTROL);
    check_refusal(SLW_BYTES_OF("\"abcdefgh\0abcdefgh\""), "line 1, column 10: " CONTROL);
}

#define NO_ESCAPE "an escape that JSON doesn't have"
#define NO_HEX "\\u without four hexadecimal digits"
#define HALF "half of a surrogate pair"

static void refuses_broken_escapes(void)
{
    static const struct text_case cases[] = {
        {"\"\\a\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\x41\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\0\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\'\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\ \"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\N\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\U0041\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\\n\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\\xC3\xA9\"", "line 1, column 2: " NO_ESCAPE},
        {"\"\\n\\q\"", "line 1, column 4: " NO_ESCAPE},
        {"\"\\u\"", "line 1, column 2: " NO_HEX},
        {"\"\\u0\"", "line 1, column 2: " NO_HEX},
        {"\"\\u004\"", "line 1, column 2: " NO_HEX},
        {"\"\\u004", "line 1, column 2: " NO_HEX},
        {"\"\\u", "line 1, column 2: " NO_HEX},
        {"\"\\u004g\"", "line 1, column 2: " NO_HEX},
        {"\"\\u 041\"", "line 1, column 2: " NO_HEX},
        {"\"\\u-041\"", "line 1, column 2: " NO_HEX},
        {"\"\\u{41}\"", "line 1, column 2: " NO_HEX},
        {"\"\\uD800\"", "line 1, column 2: " HALF},
        {"\"\\uDBFF\"", "line 1, column 2: " HALF},
        {"\"\\uDC00\"", "line 1, column 2: " HALF},
        {"\"\\udfff\"", "line 1, column 2: " HALF},
        {"\"\\uD800x\"", "line 1, column 2: " HALF},
        {"\"\\uD800\\n\"", "line 1, column 2: " HALF},
        {"\"\\uD800\\u0041\"", "line 1, column 2: " HALF},
        {"\"\\uD800\\uD800\"", "line 1, column 2: " HALF},
        {"\"\\uDC00\\uD800\"", "line 1, column 2: " HALF},
        {"\"\\uD800\\u\"", "line 1, column 8: " NO_HEX},
        {"\"\\uD834\\uDD1\"", "line 1, column 8: " NO_HEX},
        {"\"ab\\uD800", "line 1, column 4: " HALF},
        {"{\"\\uD800\":1}", "line 1, column 3: " HALF},
    };
    CHECK_REFUSALS(cases);
}

static void refuses_what_is_not_utf8(void)
{
    static const struct text_case cases[] = {
        {"\"\x80\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xBF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xC0\xAF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xC1\xBF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xC3\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xC3", "line 1, column 2: " NOT_UTF8},
        {"\"\xC3(\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xE0\x80\xAF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xE0\x9F\xBF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xE2\x82\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xED\xA0\x80\"", "line 1, column 2: " NOT_UTF8}, /* U+D800 */
        {"\"\xED\xBF\xBF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xF0\x80\x80\xAF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xF0\x8F\xBF\xBF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xF4\x90\x80\x80\"", "line 1, column 2: " NOT_UTF8}, /* U+110000 */
        {"\"\xF5\x80\x80\x80\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xF8\x88\x80\x80\x80\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xFE\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xFF\"", "line 1, column 2: " NOT_UTF8},
        {"\"\xC3\xA9\xE9\"", "line 1, column 3: " NOT_UTF8},
        {"\"abcdefgh\xE9\"", "line 1, column 10: " NOT_UTF8},
        {"\"\\n\xE9\"", "line 1, column 4: " NOT_UTF8},
        {"{\"\xE9\":1}", "line 1, column 3: " NOT_UTF8},
        {"{\"\xE2\x82\xAC\": \"\xE9\"}", "line 1, column 8: " NOT_UTF8},
    };
    CHECK_REFUSALS(cases);
}

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

static struct slw_heap_buffer nested(const char *open, const char *close, unsigned depth)
{
    struct slw_heap_buffer text = {0};
    for (unsigned i = 0; i < depth; i++) {
        slw_heap_append_text(&text, open);
    }
    slw_heap_append_text(&text, "1");
    for (unsigned i = 0; i < depth; i++) {
        slw_heap_append_text(&text, close);
    }
    return text;
}

static void bounds_the_depth(void)
{
    static const struct {
        const char *open;
        const char *close;
        const char *place;
    } cases[] = {
        {"[", "]", "line 1, column 65: too many objects and arrays inside each other"},
        {"{\"a\":", "}", "line 1, column 321: too many objects and arrays inside each other"},
        {"[{\"\":", "}]", "line 1, column 161: too many objects and arrays inside each other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned each = i == 2 ? 2 : 1;
        static const unsigned too_deep[] = {65, 66, 128, 7000, 1000000};
        struct slw_heap_buffer text =
            nested(cases[i].open, cases[i].close, SLW_JSON_DEPTH_MAX / each);
        struct slw_json_document json;
        TAP_ROW(cases[i].open);
        if (parses(slw_heap_bytes(&text), &json)) {
            slw_json_document_free(&json);
        }
        slw_heap_free(&text);
        for (size_t j = 0; j < sizeof too_deep / sizeof too_deep[0]; j++) {
            text = nested(cases[i].open, cases[i].close, too_deep[j]);
            check_refusal(slw_heap_bytes(&text), cases[i].place);
            slw_heap_free(&text);
        }
    }
}

/* Depth is what is open, not what was. */
static void forgets_levels_that_were_closed(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_json_document json;
    slw_heap_append_text(&text, "[");
    for (unsigned i = 0; i < 1000; i++) {
        slw_heap_append_text(&text, "[{\"a\":[]},{}],");
    }
    slw_heap_append_text(&text, "0]");
    if (parses(slw_heap_bytes(&text), &json)) {
        TAP_EQUAL_INT(slw_json_count(&json, SLW_JSON_TOP), 1001);
        slw_json_document_free(&json);
    }
    slw_heap_free(&text);
}

/* Each of them, cut at each length: refused, but where what is left is a value. */
static void refuses_every_beginning_of_a_text(void)
{
    static const char text[] =
        "{\"signatures\": [{\"keyid\": \"\xC3\xA9\\u00e9\\uD834\\uDD1E\\\\\"}, "
        "[true, false, null, -120]], \"b\": {\"a\": {}}}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct slw_json_document json;
        struct slw_detail detail;
        uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees a byte too many */
        TAP_REQUIRE(exact != NULL);
        memcpy(exact + 1, text, len);
        TAP_EQUAL_INT(slw_json_parse("a", slw_bytes_make(exact + 1, len), &json, &detail),
                      SLW_MALFORMED);
        free(exact);
    }
    struct slw_json_document json;
    if (parses_text(text, &json)) {
        TAP_EQUAL_INT(json.count, 15);
        slw_json_document_free(&json);
    }
}

static void accepts_a_text_without_address_as_an_empty_one(void)
{
    check_refusal(slw_bytes_make(NULL, 0),
                  "line 1, column 1: the text ends where a value should be");
}

static void refuses_a_text_above_the_limit(void)
{
    static const uint8_t byte = 0;
    struct slw_json_document json;
    struct slw_detail detail = {""};
    /* Nothing of it is looked at. */
    struct slw_bytes text = slw_bytes_make(&byte, (size_t)SLW_JSON_SIZE_MAX + 1);
    TAP_EQUAL_INT(slw_json_parse("a.json", text, &json, &detail), SLW_TOO_LARGE);
    TAP_CHECK(strcmp(detail.text, "a.json: more than 1073741824 bytes") == 0);
}

static void counts_columns_in_characters(void)
{
    check_refusal(SLW_BYTES_OF("[\"\xE2\x82\xAC\xF0\x9D\x84\x9E\", x]"),
                  "line 1, column 8: not a value");
    check_refusal(SLW_BYTES_OF("\r\n[\r\n\t\"\xC3\xA9\", x]"), "line 3, column 7: not a value");
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
    TAP_RUN(accepts_every_kind_of_value);
    TAP_RUN(refuses_what_is_no_value);
    TAP_RUN(refuses_anything_behind_the_value);
    TAP_RUN(refuses_broken_arrays);
    TAP_RUN(refuses_broken_objects);
    TAP_RUN(refuses_numbers_that_are_no_integers);
    TAP_RUN(refuses_broken_strings);
    TAP_RUN(refuses_broken_escapes);
    TAP_RUN(refuses_what_is_not_utf8);
    TAP_RUN(refuses_a_member_twice);
    TAP_RUN(accepts_names_that_only_look_alike);
    TAP_RUN(finds_one_duplicate_among_many_members);
    TAP_RUN(finds_duplicates_of_any_length);
    TAP_RUN(bounds_the_depth);
    TAP_RUN(forgets_levels_that_were_closed);
    TAP_RUN(refuses_every_beginning_of_a_text);
    TAP_RUN(accepts_a_text_without_address_as_an_empty_one);
    TAP_RUN(refuses_a_text_above_the_limit);
    TAP_RUN(counts_columns_in_characters);
    TAP_RUN(shows_hostile_names_harmlessly);
    return tap_finish();
}
