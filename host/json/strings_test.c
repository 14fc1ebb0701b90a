/* SPDX-License-Identifier: Apache-2.0 */
/* Strings that the JSON reader refuses: what no string may hold, broken escapes, other encodings.
 */
#include "test_reader.h"

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

int main(void)
{
    TAP_RUN(refuses_broken_strings);
    TAP_RUN(refuses_broken_escapes);
    TAP_RUN(refuses_what_is_not_utf8);
    return tap_finish();
}
