/* SPDX-License-Identifier: Apache-2.0 */
/* Path patterns, dates, and names from outside as file names. */
#include "slipway/tuf_metadata.h"

#include "tap.h"

#include <fnmatch.h>
#include <stdlib.h>

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static const struct {
    const char *pattern;
    const char *path;
    bool matches;
} patterns[] = {
    /* The specification's own. */
    {"targets/*.tgz", "targets/foo.tgz", true},
    {"targets/*.tgz", "targets/bar.tgz", true},
    {"targets/*.tgz", "targets/foo.txt", false},
    {"foo-version-?.tgz", "foo-version-2.tgz", true},
    {"foo-version-?.tgz", "foo-version-a.tgz", true},
    {"foo-version-?.tgz", "foo-version-alpha.tgz", false},
    {"*.tgz", "foo.tgz", true},
    {"*.tgz", "targets/foo.tgz", false},
    {"foo.tgz", "foo.tgz", true},
    {"foo.tgz", "foo.tgz2", false},
    {"foo.tgz", "bar.tgz", false},

    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"*", "", true},
    {"*", "a", true},
    {"*", ".hidden", true},
    {"*", "/", false},
    {"*", "a/", false},
    {"*", "/a", false},
    {"**", "a/b", false},
    {"**", "abc", true},
    {"*/*", "a/b", true},
    {"*/*", "/", true},
    {"*/*", "a", false},
    {"*/*", "a/b/c", false},
    {"*/*/*", "a/b/c", true},
    {"a/*", "a/b", true},
    {"a/*", "a/", true},
    {"a/*", "a", false},
    {"a/*", "A/b", false},
    {"a*/b", "a/b", true},
    {"a*/b", "axx/b", true},
    {"a*/b", "axx/yb", false},
    {"a*/b", "a/x/b", false},
    {"?", "a", true},
    {"?", "", false},
    {"?", "ab", false},
    {"?", "/", false},
    {"a?b", "a/b", false},
    {"??", "ab", true},
    {"*?", "", false},
    {"*?", "a", true},
    {"?*", "abc", true},
    {"*?*", "a", true},
    {"*a", "aaa", true},
    {"*a", "aab", false},
    {"a*", "aaa", true},
    {"*ab", "aab", true},
    {"*aab", "aaab", true},
    {"a*b*c", "abc", true},
    {"a*b*c", "aXbYc", true},
    {"a*b*c", "acb", false},
    {"a*b*c", "abcX", false},
    {"*abc*", "ababcab", true},
    {"*abc*", "ababab", false},
    {"*b/*b", "ab/ab", true},
    {"*b/*b", "ab/ac", false},
    {"*/x*/y", "a/xb/y", true},
    {"*/x*/y", "x/y/xb/y", false},
    {"FOO", "foo", false},
    /* No brackets, no backslash, no braces. */
    {"[ab]", "a", false},
    {"[ab]", "[ab]", true},
    {"[!a]*", "b", false},
    {"\\*", "*", false},
    {"\\*", "\\x", true},
    {"{a,b}", "a", false},
    {"~*", "~a", true},
    /* A character is one of UTF-8, and a star takes whole ones too. */
    {"?", "\xC3\xBC", true},
    {"??", "\xC3\xBC", false},
    {"gr?n", "gr\xC3\xBCn", true},
    {"*?", "\xC3\xBC", true},
    {"*??", "\xC3\xBC", false},
    {"?\xBC", "\xC3\xBC", false},
    {"*\xF0\x9F\x94\x92", "a\xF0\x9F\x94\x92", true},
    {"a?c",
     "a\xF0\x9F\x94\x92"
     "c",
     true},
};

static void matches_paths_as_the_specification_says(void)
{
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        TAP_ROW(patterns[i].pattern);
        TAP_EQUAL_INT(
            slw_tuf_pattern_matches(text_of(patterns[i].pattern), text_of(patterns[i].path)),
            patterns[i].matches);
    }
}

static void write_word(char *word, unsigned number, unsigned len, const char *alphabet)
{
    size_t letters = strlen(alphabet);
    for (unsigned i = 0; i < len; i++) {
        word[i] = alphabet[number % letters];
        number /= (unsigned)letters;
    }
    word[len] = '\0';
}

/* Every pattern of up to five characters with every path of up to five, as fnmatch(3) sees it. */
static void agrees_with_fnmatch_on_all_short_ones(void)
{
    static const unsigned patterns_of[] = {1, 4, 16, 64, 256, 1024};
    static const unsigned paths_of[] = {1, 3, 9, 27, 81, 243};
    unsigned different = 0;
    for (unsigned pattern_len = 0; pattern_len <= 5; pattern_len++) {
        for (unsigned i = 0; i < patterns_of[pattern_len]; i++) {
            char pattern[6];
            write_word(pattern, i, pattern_len, "a/*?");
            for (unsigned path_len = 0; path_len <= 5; path_len++) {
                for (unsigned j = 0; j < paths_of[path_len]; j++) {
                    char path[6];
                    write_word(path, j, path_len, "ab/");
                    bool expected = fnmatch(pattern, path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
                    if (slw_tuf_pattern_matches(text_of(pattern), text_of(path)) != expected) {
                        TAP_ROW(pattern);
                        TAP_CHECK(strcmp(path, "matches otherwise") == 0);
                        different++;
                    }
                }
            }
        }
    }
    TAP_EQUAL_INT(different, 0);
}

/* Each star doubles the work of a matcher that tries all of them again: 400 would never end. */
static void many_stars_cost_no_more_than_one(void)
{
    static char pattern[1024];
    static char path[1024];
    memset(path, 'a', sizeof path);
    for (size_t i = 0; i < 800; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    pattern[800] = 'b';
    TAP_CHECK(
        !slw_tuf_pattern_matches(slw_bytes_make(pattern, 801), slw_bytes_make(path, sizeof path)));
    TAP_CHECK(
        slw_tuf_pattern_matches(slw_bytes_make(pattern, 800), slw_bytes_make(path, sizeof path)));
}

static const struct {
    const char *text;
    int64_t utc_s; /* -1: refused */
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1985-10-21T01:21:00Z", 498705660},
    {"2000-02-29T23:59:59Z", 951868799},
    {"2030-01-31T00:00:00Z", 1896048000},
    {"2038-01-19T03:14:08Z", 2147483648},
    {"9999-12-31T23:59:59Z", 253402300799},
    {"", -1},
    {"2030-01-31", -1},
    {"2030-01-31T00:00:00", -1},
    {"2030-01-31T00:00:00z", -1},
    {"2030-01-31t00:00:00Z", -1},
    {"2030-01-31 00:00:00Z", -1},
    {"2030-01-31T00:00:00ZZ", -1},
    {"2030-01-31T00:00:00Z ", -1},
    {" 2030-01-31T00:00:00Z", -1},
    {"2030-01-31T00:00:00.5Z", -1},
    {"2030-01-31T00:00:00+00:00", -1},
    {"2030-01-31T00:00Z", -1},
    {"20300131T000000Z", -1},
    {"2030/01/31T00:00:00Z", -1},
    {"+030-01-31T00:00:00Z", -1},
    {"-030-01-31T00:00:00Z", -1},
    {"2030-1-031T00:00:00Z", -1},
    {"2030-00-31T00:00:00Z", -1},
    {"2030-13-31T00:00:00Z", -1},
    {"2030-01-00T00:00:00Z", -1},
    {"2030-01-32T00:00:00Z", -1},
    {"2030-04-31T00:00:00Z", -1},
    {"2030-02-29T00:00:00Z", -1},
    {"2100-02-29T00:00:00Z", -1},
    {"2030-01-31T24:00:00Z", -1},
    {"2030-01-31T00:60:00Z", -1},
    {"2016-12-31T23:59:60Z", -1},
    {"12030-01-31T00:00:00Z", -1},
    {"2030-01-31T00:00:0\xC2\xB2Z", -1},
    {"now", -1},
    {"90d", -1},
};

static void reads_dates_of_the_one_form(void)
{
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t utc_s = -1;
        TAP_ROW(times[i].text);
        TAP_EQUAL_INT(slw_tuf_time_parse(text_of(times[i].text), &utc_s), times[i].utc_s >= 0);
        TAP_EQUAL_INT(utc_s, times[i].utc_s);
    }
    static const char zero[] = "2030-01-31T00:00:00Z\0";
    int64_t utc_s = -1;
    TAP_CHECK(!slw_tuf_time_parse(slw_bytes_make(zero, sizeof zero - 1), &utc_s));
}

static const struct {
    const char *name;
    const char *encoded;
} names[] = {
    {"targets", "targets"},
    {"aZ09_.-~", "aZ09_.-~"},
    {"a/b", "a%2Fb"},
    {"../b", "..%2Fb"},
    {".", "%2E"},
    {"..", "%2E%2E"},
    {"...", "..."},
    {".a", ".a"},
    {"%2F", "%252F"},
    {"a b\n", "a%20b%0A"},
    {"gr\xC3\xBC\xC3\x9F", "gr%C3%BC%C3%9F"},
    {"\\:*?\"<>|#&;", "%5C%3A%2A%3F%22%3C%3E%7C%23%26%3B"},
    {"", ""},
};

static void encodes_names_so_that_none_is_a_path(void)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slw_heap_buffer text = {0};
        slw_tuf_encode_name(text_of(names[i].name), &text);
        TAP_ROW(names[i].name);
        TAP_CHECK(strcmp(slw_heap_text(&text), names[i].encoded) == 0);
        slw_heap_free(&text);
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        struct slw_heap_buffer text = {0};
        uint8_t name[2] = {'x', (uint8_t)byte};
        slw_tuf_encode_name(slw_bytes_make(name, 2), &text);
        TAP_CHECK(strlen(slw_heap_text(&text)) == text.len &&
                  strchr(slw_heap_text(&text), '/') == NULL);
        TAP_CHECK(text.len == 2 || text.len == 4);
        slw_heap_free(&text);
    }
}

int main(void)
{
    TAP_RUN(matches_paths_as_the_specification_says);
    TAP_RUN(agrees_with_fnmatch_on_all_short_ones);
    TAP_RUN(many_stars_cost_no_more_than_one);
    TAP_RUN(reads_dates_of_the_one_form);
    TAP_RUN(encodes_names_so_that_none_is_a_path);
    return tap_finish();
}
