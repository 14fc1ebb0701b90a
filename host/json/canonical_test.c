/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON of texts in other forms, and what can be asked of what was read. */
#include "slipway/json_reader.h"

#include "tap.h"

static bool parse(struct slw_bytes text, struct slw_json_document *ret_json)
{
    struct slw_detail detail = {""};
    bool parsed = slw_json_parse("a.json", text, ret_json, &detail) == SLW_OK;
    if (!TAP_CHECK(parsed)) {
        (void)printf("#   %s\n", detail.text);
    }
    return parsed;
}

static void check_canonical(struct slw_bytes text, struct slw_bytes expected)
{
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {0};
    if (!parse(text, &json)) {
        return;
    }
    struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
    TAP_EQUAL_INT(scratch.status, SLW_OK);
    TAP_EQUAL_INT(canonical.len, expected.len);
    if (!TAP_CHECK(slw_bytes_equal(canonical, expected))) {
        (void)printf("#   %.*s\n", (int)canonical.len, (const char *)canonical.ptr);
    }
    slw_heap_free(&scratch);
    slw_json_document_free(&json);
}

static void writes_the_canonical_form(void)
{
    static const struct {
        const char *text;
        const char *canonical;
    } cases[] = {
        {" { } ", "{}"},
        {"[\n]", "[]"},
        {"[ 1 , 2 , [ ] , { } ]", "[1,2,[],{}]"},
        {"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"},
        {"{ \"b\" : 1 , \"a\" : { \"d\" : [ ] , \"c\" : null } }",
         "{\"a\":{\"c\":null,\"d\":[]},\"b\":1}"},
        {"{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}"},
        {"{\"a\":1,\"B\":2,\"_\":3,\"1\":4}", "{\"1\":4,\"B\":2,\"_\":3,\"a\":1}"},
        {"{\"10\":1,\"9\":2,\"1\":3}", "{\"1\":3,\"10\":1,\"9\":2}"},
        {"-0", "0"},
        {"[-0,0,-1,10,-10]", "[0,0,-1,10,-10]"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"[ -123456789012345678901234567890 ]", "[-123456789012345678901234567890]"},
        {"[true, false, null]", "[true,false,null]"},
        {"\"\\/\"", "\"/\""},
        {"\"\\u0041\\u00e9\\u20ac\\uD834\\uDD1E\"", "\"A\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\""},
        {"\"\\u0022\\u005c\"", "\"\\\"\\\\\""},
        {"\"\\\"\\\\\"", "\"\\\"\\\\\""},
        {"\"\\b\\f\\n\\r\\t\\u001f\\u007f\"", "\"\b\f\n\r\t\x1F\x7F\""},
        {"[\"\\n\"]", "[\"\n\"]"},
        {"{\"\\n\":1,\"\\u0001\":2}", "{\"\x01\":2,\"\n\":1}"},
        {"{\"\\u00e9\":1,\"z\":2}", "{\"z\":2,\"\xC3\xA9\":1}"},
        /* By characters, not by the units of UTF-16: U+FF5E is before U+1D11E. */
        {"{\"\\uD834\\uDD1E\":1,\"\\uFF5E\":2}", "{\"\xEF\xBD\x9E\":2,\"\xF0\x9D\x84\x9E\":1}"},
        {"{\"a\\u0000b\":1,\"a\":2}", NULL},
        {"[{\"b\":[{\"d\":1,\"c\":2}],\"a\":[{\"f\":1,\"e\":2}]},{\"h\":1,\"g\":2}]",
         "[{\"a\":[{\"e\":2,\"f\":1}],\"b\":[{\"c\":2,\"d\":1}]},{\"g\":2,\"h\":1}]"},
        {"{\"b\":{\"z\":1,\"y\":2},\"a\":{\"x\":1,\"w\":2}}",
         "{\"a\":{\"w\":2,\"x\":1},\"b\":{\"y\":2,\"z\":1}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slw_bytes text = slw_bytes_make(cases[i].text, strlen(cases[i].text));
        TAP_ROW(cases[i].text);
        if (cases[i].canonical == NULL) {
            check_canonical(text, SLW_BYTES_OF("{\"a\":2,\"a\0b\":1}"));
        } else {
            check_canonical(text, slw_bytes_make(cases[i].canonical, strlen(cases[i].canonical)));
        }
    }
}

/* Nothing is copied where the text is what is wanted. */
static void gives_a_view_of_canonical_text(void)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        "\"\"",
        "\"a\xC3\xA9\x7F\"",
        "0",
        "-1",
        "true",
        "false",
        "null",
        "{\"\":1,\"a\":{\"A\":[1,{\"b\":-2}]},\"b\":\"\\\"\\\\\"}",
        "[[],{},[[0]],\"a b\"]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slw_json_document json;
        struct slw_heap_buffer scratch = {0};
        size_t len = strlen(cases[i]);
        TAP_ROW(cases[i]);
        if (!parse(slw_bytes_make(cases[i], len), &json)) {
            continue;
        }
        struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
        TAP_CHECK(canonical.ptr == (const uint8_t *)cases[i]);
        TAP_EQUAL_INT(canonical.len, len);
        TAP_EQUAL_INT(scratch.len, 0);
        slw_heap_free(&scratch);
        slw_json_document_free(&json);
    }
}

/* What is in canonical form inside of what isn't, and the reverse. */
static void knows_which_part_of_a_text_is_canonical(void)
{
    static const char text[] =
        "{ \"a\":{\"b\":[1,2]},\"c\": {\"d\":-0},\"e\":[\"\\u0041\"],\"f\":[\"A\"]}";
    static const struct {
        const char *name;
        const char *canonical;
        bool is_view;
    } cases[] = {
        {"a", "{\"b\":[1,2]}", true},
        {"c", "{\"d\":0}", false},
        {"e", "[\"A\"]", false},
        {"f", "[\"A\"]", true},
    };
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {0};
    TAP_REQUIRE(parse(slw_bytes_make(text, sizeof text - 1), &json));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TAP_ROW(cases[i].name);
        size_t before = scratch.len;
        uint32_t value = slw_json_member(&json, SLW_JSON_TOP, slw_bytes_make(cases[i].name, 1));
        struct slw_bytes canonical = slw_json_canonical(&json, value, &scratch);
        TAP_CHECK(slw_bytes_equal(canonical,
                                  slw_bytes_make(cases[i].canonical, strlen(cases[i].canonical))));
        TAP_EQUAL_INT(scratch.len == before, cases[i].is_view);
    }
    slw_heap_free(&scratch);
    slw_json_document_free(&json);
}

static void appends_behind_what_scratch_holds(void)
{
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {0};
    TAP_REQUIRE(parse(SLW_BYTES_OF("[ 1 , \"\\/\" ]"), &json));
    slw_heap_append_text(&scratch, "before");
    struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
    TAP_CHECK(slw_bytes_equal(canonical, SLW_BYTES_OF("[1,\"/\"]")));
    canonical = slw_json_canonical(&json, 2, &scratch);
    TAP_CHECK(slw_bytes_equal(canonical, SLW_BYTES_OF("\"/\"")));
    TAP_CHECK(strcmp(slw_heap_text(&scratch), "before[1,\"/\"]\"/\"") == 0);
    slw_heap_free(&scratch);
    slw_json_document_free(&json);
}

static void stops_at_a_scratch_that_failed_before(void)
{
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {.status = SLW_NO_SPACE};
    TAP_REQUIRE(parse(SLW_BYTES_OF("[ 1 ]"), &json));
    TAP_EQUAL_INT(slw_json_canonical(&json, SLW_JSON_TOP, &scratch).len, 0);
    TAP_EQUAL_INT(scratch.status, SLW_NO_SPACE);
    slw_json_document_free(&json);
}

/* Appends a member, and the comma or bracket in front of it. */
static void append_member(struct slw_heap_buffer *text, const char *prefix, unsigned number,
                          const char *value)
{
    slw_heap_printf(text, "%s\"%s%05u%s\":%s", text->len == 0 ? "{" : ",", prefix, number,
                    number % 3 == 0 ? "" : "-and-more", value);
}

static void check_shuffled(unsigned count, const char *prefix)
{
    static bool used[65536]; /* by the numbers that are some member's */
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer expected = {0};
    memset(used, 0, sizeof used);
    for (unsigned i = 0; i < count; i++) {
        unsigned number = (i * 7919u + 13) * 40503u % 65536u;
        used[number] = true;
        append_member(&text, prefix, number, "[ ]");
    }
    for (unsigned number = 0; number < 65536; number++) {
        if (used[number]) {
            append_member(&expected, prefix, number, "[]");
        }
    }
    slw_heap_append_text(&text, "}");
    slw_heap_append_text(&expected, "}");
    check_canonical(slw_heap_bytes(&text), slw_heap_bytes(&expected));
    slw_heap_free(&text);
    slw_heap_free(&expected);
}

/* So many that they are sorted in every way, with long and short things in common. */
static void sorts_any_number_of_members(void)
{
    static const unsigned counts[] = {2, 3, 15, 16, 17, 18, 100, 1000, 4096};
    static const char *const prefixes[] = {"", "a", "sevenby", "eightbyt", "a/long/way/to/"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (size_t j = 0; j < sizeof prefixes / sizeof prefixes[0]; j++) {
            TAP_ROW(prefixes[j]);
            check_shuffled(counts[i], prefixes[j]);
        }
    }
}

/* Names that end, go on with zero bytes, or are the begin of each other. */
static void sorts_names_with_zero_bytes(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer expected = {0};
    enum { LONGEST = 40 };
    for (unsigned len = LONGEST; len-- > 0;) {
        slw_heap_append_text(&text, len == LONGEST - 1 ? "{\"" : ",\"");
        for (unsigned i = 0; i < len; i++) {
            slw_heap_append_text(&text, "\\u0000");
        }
        slw_heap_append_text(&text, "\":0");
    }
    for (unsigned len = 0; len < LONGEST; len++) {
        slw_heap_append_text(&expected, len == 0 ? "{\"" : ",\"");
        for (unsigned i = 0; i < len; i++) {
            slw_heap_append(&expected, SLW_BYTES_OF("\0"));
        }
        slw_heap_append_text(&expected, "\":0");
    }
    slw_heap_append_text(&text, "}");
    slw_heap_append_text(&expected, "}");
    check_canonical(slw_heap_bytes(&text), slw_heap_bytes(&expected));
    slw_heap_free(&text);
    slw_heap_free(&expected);
}

static void writes_strings_of_a_mebibyte(void)
{
    enum { SIZE = 1048576 };
    static const char *const pieces[] = {"a", "\xC3\xA9", "\\u00e9", "\\n", "\\\"", "\\\\", "\\/"};
    static const char *const meanings[] = {"a", "\xC3\xA9", "\xC3\xA9", "\n", "\\\"", "\\\\", "/"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct slw_heap_buffer text = {0};
        struct slw_heap_buffer expected = {0};
        slw_heap_append_text(&text, "[ \"");
        slw_heap_append_text(&expected, "[\"");
        while (text.len < SIZE) {
            slw_heap_append_text(&text, pieces[i]);
            slw_heap_append_text(&expected, meanings[i]);
        }
        slw_heap_append_text(&text, "\"]");
        slw_heap_append_text(&expected, "\"]");
        TAP_ROW(pieces[i]);
        check_canonical(slw_heap_bytes(&text), slw_heap_bytes(&expected));
        slw_heap_free(&text);
        slw_heap_free(&expected);
    }
}

static void writes_a_single_string(void)
{
    struct slw_heap_buffer text = {0};
    slw_json_canonical_string(SLW_BYTES_OF(""), &text);
    slw_json_canonical_string(SLW_BYTES_OF("a\"b\\c\n\0\xC3\xA9/"), &text);
    TAP_CHECK(
        slw_bytes_equal(slw_heap_bytes(&text), SLW_BYTES_OF("\"\"\"a\\\"b\\\\c\n\0\xC3\xA9/\"")));
    slw_heap_free(&text);
}

static void finds_members_by_their_decoded_names(void)
{
    struct slw_json_document json;
    TAP_REQUIRE(
        parse(SLW_BYTES_OF("{\"version\":1,\"\\u0061\\/b\":\"\\n\",\"x\":[],\"\":2}"), &json));
    uint32_t value = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("a/b"));
    TAP_REQUIRE(value != SLW_JSON_NONE);
    TAP_CHECK(slw_bytes_equal(slw_json_string(&json, value), SLW_BYTES_OF("\n")));
    TAP_CHECK(slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("")) != SLW_JSON_NONE);
    TAP_EQUAL_INT(slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("versio")), SLW_JSON_NONE);
    TAP_EQUAL_INT(slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("versions")), SLW_JSON_NONE);
    TAP_EQUAL_INT(slw_json_member(&json, value, SLW_BYTES_OF("")), SLW_JSON_NONE);
    value = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("x"));
    TAP_EQUAL_INT(slw_json_member(&json, value, SLW_BYTES_OF("")), SLW_JSON_NONE);
    slw_json_document_free(&json);
}

/* What isn't there has no kind, no text, no number and no parts. */
static void answers_for_no_value(void)
{
    struct slw_json_document json;
    struct slw_bytes name;
    uint32_t value = 0;
    int64_t number = 0;
    TAP_REQUIRE(parse(SLW_BYTES_OF("[1]"), &json));
    TAP_EQUAL_INT(slw_json_kind(&json, SLW_JSON_NONE), 0);
    TAP_EQUAL_INT(slw_json_member(&json, SLW_JSON_NONE, SLW_BYTES_OF("")), SLW_JSON_NONE);
    TAP_EQUAL_INT(slw_json_string(&json, SLW_JSON_NONE).len, 0);
    TAP_EQUAL_INT(slw_json_count(&json, SLW_JSON_NONE), 0);
    TAP_CHECK(!slw_json_integer(&json, SLW_JSON_NONE, &number));
    struct slw_json_walk walk = slw_json_walk_begin(&json, SLW_JSON_NONE);
    TAP_CHECK(!slw_json_walk_member(&walk, &name, &value));
    TAP_CHECK(!slw_json_walk_element(&walk, &value));
    slw_json_document_free(&json);
}

static void reads_integers_that_fit(void)
{
    static const struct {
        const char *text;
        bool fits;
        int64_t number;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"7", true, 7},
        {"-7", true, -7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775806", true, INT64_MAX - 1},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"9223372036854775810", false, 0},
        {"18446744073709551616", false, 0},
        {"18446744073709551617", false, 0},
        {"-18446744073709551617", false, 0},
        {"92233720368547758070", false, 0},
        {"100000000000000000000000000000000000000000000000", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[]", false, 0},
        {"{}", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slw_json_document json;
        int64_t number = 42;
        TAP_ROW(cases[i].text);
        if (parse(slw_bytes_make(cases[i].text, strlen(cases[i].text)), &json)) {
            TAP_EQUAL_INT(slw_json_integer(&json, SLW_JSON_TOP, &number), cases[i].fits);
            TAP_EQUAL_INT(number, cases[i].fits ? cases[i].number : 42);
            slw_json_document_free(&json);
        }
    }
}

static void walks_members_in_the_order_of_the_text(void)
{
    static const char *const names[] = {"c", "a", "b"};
    struct slw_json_document json;
    struct slw_bytes name;
    uint32_t value = 0;
    size_t seen = 0;
    TAP_REQUIRE(parse(SLW_BYTES_OF("{\"c\":[[1],{\"x\":2}],\"a\":{},\"b\":3}"), &json));
    struct slw_json_walk walk = slw_json_walk_begin(&json, SLW_JSON_TOP);
    TAP_CHECK(!slw_json_walk_element(&walk, &value));
    while (slw_json_walk_member(&walk, &name, &value) && seen < 3) {
        TAP_CHECK(slw_bytes_equal(name, slw_bytes_make(names[seen], 1)));
        TAP_EQUAL_INT(value, slw_json_member(&json, SLW_JSON_TOP, name));
        seen++;
    }
    TAP_EQUAL_INT(seen, 3);
    TAP_EQUAL_INT(slw_json_count(&json, SLW_JSON_TOP), 3);
    slw_json_document_free(&json);
}

static void walks_elements_in_the_order_of_the_text(void)
{
    static const enum slw_json_kind kinds[] = {SLW_JSON_STRING, SLW_JSON_ARRAY, SLW_JSON_OBJECT,
                                               SLW_JSON_TRUE};
    struct slw_json_document json;
    struct slw_bytes name;
    uint32_t value = 0;
    size_t seen = 0;
    TAP_REQUIRE(parse(SLW_BYTES_OF("[\"c\",[[]],{\"x\":2},true]"), &json));
    struct slw_json_walk walk = slw_json_walk_begin(&json, SLW_JSON_TOP);
    TAP_CHECK(!slw_json_walk_member(&walk, &name, &value));
    while (slw_json_walk_element(&walk, &value) && seen < 4) {
        TAP_EQUAL_INT(slw_json_kind(&json, value), kinds[seen]);
        seen++;
    }
    TAP_EQUAL_INT(seen, 4);
    TAP_EQUAL_INT(slw_json_count(&json, SLW_JSON_TOP), 4);
    slw_json_document_free(&json);
}

/* Where value number N of a text is said to be. */
static void names_the_path_of_a_value(void)
{
    static const char text[] = "{\"signed\":{\"roles\":{\"time-stamp_1\":{\"threshold\":0}},"
                               "\"targets\":{\"a/b.txt\":{\"length\":"
                               "-1},\"\":1,\"\\n\\\"\":2}},\"signatures\":[{\"sig\":1},[2,[3,4]]]}";
    static const struct {
        uint32_t value;
        const char *detail;
    } cases[] = {
        {0, "root.json: bad"},
        {1, "root.json: signed: bad"},
        {2, "root.json: signed: bad"},
        {3, "root.json: signed.roles: bad"},
        {8, "root.json: signed.roles.time-stamp_1.threshold: bad"},
        {14, "root.json: signed.targets[\"a/b.txt\"].length: bad"},
        {16, "root.json: signed.targets[\"\"]: bad"},
        {18, "root.json: signed.targets[\"\\x0a\\\"\"]: bad"},
        {20, "root.json: signatures: bad"},
        {21, "root.json: signatures[0]: bad"},
        {23, "root.json: signatures[0].sig: bad"},
        {24, "root.json: signatures[1]: bad"},
        {28, "root.json: signatures[1][1][1]: bad"},
        {SLW_JSON_NONE, "root.json: bad"},
    };
    struct slw_json_document json;
    struct slw_detail detail;
    TAP_REQUIRE(slw_json_parse("root.json", slw_bytes_make(text, sizeof text - 1), &json,
                               &detail) == SLW_OK);
    TAP_EQUAL_INT(json.count, 29);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TAP_ROW(cases[i].detail);
        TAP_EQUAL_INT(slw_json_refuse(&json, cases[i].value, SLW_BAD_KEY, "bad", &detail),
                      SLW_BAD_KEY);
        if (!TAP_CHECK(strcmp(detail.text, cases[i].detail) == 0)) {
            (void)printf("#   %s\n", detail.text);
        }
    }
    slw_json_document_free(&json);
}

/* However long the names are, what is wrong stands at the end. */
static void keeps_a_long_path_short(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_json_document json;
    struct slw_detail detail;
    for (unsigned i = 0; i < SLW_JSON_DEPTH_MAX; i++) {
        slw_heap_append_text(&text, "{\"");
        for (unsigned j = 0; j < 100; j++) {
            slw_heap_append_text(&text, "\xE2\x82\xAC");
        }
        slw_heap_append_text(&text, "\":");
    }
    slw_heap_append_text(&text, "7");
    for (unsigned i = 0; i < SLW_JSON_DEPTH_MAX; i++) {
        slw_heap_append_text(&text, "}");
    }
    TAP_REQUIRE(parse(slw_heap_bytes(&text), &json));
    TAP_EQUAL_INT(slw_json_refuse(&json, json.count - 1, SLW_MALFORMED, "must be 8", &detail),
                  SLW_MALFORMED);
    TAP_CHECK(strlen(detail.text) < 500);
    TAP_CHECK(strstr(detail.text, "\xE2\x80\xA6\"]: must be 8") != NULL);
    struct slw_utf8 checker = {0};
    TAP_CHECK(slw_utf8_accept(&checker, slw_bytes_make(detail.text, strlen(detail.text))));
    slw_json_document_free(&json);
    slw_heap_free(&text);
}

int main(void)
{
    TAP_RUN(writes_the_canonical_form);
    TAP_RUN(gives_a_view_of_canonical_text);
    TAP_RUN(knows_which_part_of_a_text_is_canonical);
    TAP_RUN(appends_behind_what_scratch_holds);
    TAP_RUN(stops_at_a_scratch_that_failed_before);
    TAP_RUN(sorts_any_number_of_members);
    TAP_RUN(sorts_names_with_zero_bytes);
    TAP_RUN(writes_strings_of_a_mebibyte);
    TAP_RUN(writes_a_single_string);
    TAP_RUN(finds_members_by_their_decoded_names);
    TAP_RUN(answers_for_no_value);
    TAP_RUN(reads_integers_that_fit);
    TAP_RUN(walks_members_in_the_order_of_the_text);
    TAP_RUN(walks_elements_in_the_order_of_the_text);
    TAP_RUN(names_the_path_of_a_value);
    TAP_RUN(keeps_a_long_path_short);
    return tap_finish();
}
