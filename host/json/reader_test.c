/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON reader takes and what it refuses, with the place it names. */
#include "test_reader.h"

#include <stdlib.h>

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

static void reads_fractions_as_null_in_foreign_texts(void)
{
    static const char *const good[] = {"1.5", "-0.1", "1e9", "1E+9", "0e-1", "2.25e10", "[1.0,2]"};
    static const char *const bad[] = {"1.",   "1.e5", ".5",    "1e",   "1e+",
                                      "01.5", "-",    "1.5.5", "1e5e5"};
    struct slw_json_document json;
    struct slw_detail detail = {""};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct slw_bytes text = slw_bytes_make(good[i], strlen(good[i]));
        TAP_ROW(good[i]);
        TAP_EQUAL_INT(slw_json_parse("a.json", text, &json, &detail), SLW_MALFORMED);
        TAP_REQUIRE(slw_json_parse_foreign("a.json", text, &json, &detail) == SLW_OK);
        TAP_EQUAL_INT(slw_json_kind(&json, json.count > 1 ? 1 : SLW_JSON_TOP), SLW_JSON_NULL);
        slw_json_document_free(&json);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slw_bytes text = slw_bytes_make(bad[i], strlen(bad[i]));
        TAP_ROW(bad[i]);
        TAP_EQUAL_INT(slw_json_parse_foreign("a.json", text, &json, &detail), SLW_MALFORMED);
    }
}

int main(void)
{
    TAP_RUN(accepts_every_kind_of_value);
    TAP_RUN(refuses_what_is_no_value);
    TAP_RUN(refuses_anything_behind_the_value);
    TAP_RUN(refuses_broken_arrays);
    TAP_RUN(refuses_broken_objects);
    TAP_RUN(refuses_numbers_that_are_no_integers);
    TAP_RUN(reads_fractions_as_null_in_foreign_texts);
    TAP_RUN(bounds_the_depth);
    TAP_RUN(forgets_levels_that_were_closed);
    TAP_RUN(refuses_every_beginning_of_a_text);
    TAP_RUN(accepts_a_text_without_address_as_an_empty_one);
    TAP_RUN(refuses_a_text_above_the_limit);
    TAP_RUN(counts_columns_in_characters);
    return tap_finish();
}
