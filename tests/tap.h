/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test program in one header: named cases, checks, and a report in the Test Anything Protocol.
 *
 * Every *_test.c includes it; `meson test` and tools/check read what it prints. It needs no library
 * but a function that takes text, so that the same test file also runs on a target without stdio:
 * compile it there with -DTAP_EMIT=function, where function is `void function(const char *text)`.
 *
 *     static void refuses_empty_input(void)
 *     {
 *         TAP_EQUAL_INT(slw_thing_parse(empty), SLW_MALFORMED);
 *     }
 *
 *     int main(void)
 *     {
 *         TAP_RUN(refuses_empty_input);
 *         return tap_finish();
 *     }
 *
 * A failed check is printed with its place and the case goes on; TAP_REQUIRE leaves the function
 * instead, for what the rest stands on. A case that checks nothing fails. In a loop over a table,
 * TAP_ROW names the row that a failed check belongs to (its first 79 bytes; NULL ends it).
 *
 * TAP_ONLY='one|other' in the environment: no cases run but those whose names hold one of these
 * words.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef TAP_EMIT
void TAP_EMIT(const char *text);
#define TAP_CHOSEN NULL
#else
#include <stdio.h>
#include <stdlib.h>
#define TAP_CHOSEN getenv("TAP_ONLY")
static inline void tap_emit_stdout(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}
#define TAP_EMIT tap_emit_stdout
#endif

#define TAP_RUN(function) tap_run(#function, function)
#define TAP_CHECK(expr) tap_check((expr), #expr, __FILE__, __LINE__)
#define TAP_EQUAL_INT(actual, expected)                                                            \
    tap_equal_int((int64_t)(actual), (int64_t)(expected), #actual " == " #expected, __FILE__,      \
                  __LINE__)
#define TAP_EQUAL_BYTES(actual, expected, len)                                                     \
    tap_equal_bytes((actual), (expected), (len), #actual " == " #expected, __FILE__, __LINE__)
#define TAP_REQUIRE(expr)                                                                          \
    do {                                                                                           \
        if (!TAP_CHECK(expr)) {                                                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define TAP_SKIP(reason)                                                                           \
    do {                                                                                           \
        tap.skip_reason = (reason);                                                                \
        return;                                                                                    \
    } while (0)
#define TAP_ROW(name) tap_row(name)

static struct {
    int cases;
    int cases_failed;
    int checks;              /* made by the running case */
    int checks_failed;       /* of those */
    const char *skip_reason; /* of the running case, NULL when it runs */
    char row[80]; /* the row of a table that is being checked, empty when there is none */
} tap;

static inline void tap_row(const char *name)
{
    size_t at = 0;

    for (; name != NULL && *name != '\0' && at < sizeof(tap.row) - 1; name++) {
        tap.row[at++] = *name;
    }
    tap.row[at] = '\0';
}

static inline void tap_emit_int(int64_t value)
{
    char digits[21];
    size_t at = sizeof(digits) - 1;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    TAP_EMIT(&digits[at]);
}

static inline bool tap_check(bool holds, const char *text, const char *file, int line)
{
    tap.checks++;
    if (holds) {
        return true;
    }
    tap.checks_failed++;
    TAP_EMIT("# ");
    TAP_EMIT(file);
    TAP_EMIT(":");
    tap_emit_int(line);
    TAP_EMIT(": ");
    TAP_EMIT(text);
    if (tap.row[0] != '\0') {
        TAP_EMIT(" [row ");
        TAP_EMIT(tap.row);
        TAP_EMIT("]");
    }
    TAP_EMIT("\n");
    return false;
}

static inline void tap_emit_pair(const char *what, int64_t actual, int64_t expected)
{
    TAP_EMIT("#   ");
    TAP_EMIT(what);
    tap_emit_int(actual);
    TAP_EMIT(", expected ");
    tap_emit_int(expected);
    TAP_EMIT("\n");
}

static inline bool tap_equal_int(int64_t actual, int64_t expected, const char *text,
                                 const char *file, int line)
{
    if (tap_check(actual == expected, text, file, line)) {
        return true;
    }
    tap_emit_pair("got ", actual, expected);
    return false;
}

static inline bool tap_equal_bytes(const void *actual, const void *expected, size_t len,
                                   const char *text, const char *file, int line)
{
    const uint8_t *left = actual;
    const uint8_t *right = expected;
    size_t at = 0;

    while (at < len && left[at] == right[at]) {
        at++;
    }
    if (tap_check(at == len, text, file, line)) {
        return true;
    }
    TAP_EMIT("#   first difference at byte ");
    tap_emit_int((int64_t)at);
    TAP_EMIT("\n");
    tap_emit_pair("got ", left[at], right[at]);
    return false;
}

static inline bool tap_begins_with_word(const char *text, const char *words)
{
    while (*words != '\0' && *words != '|' && *text == *words) {
        text++;
        words++;
    }
    return *words == '\0' || *words == '|';
}

/* Whether text holds one of the words, which have | between them; everything does when there are
 * none. */
static inline bool tap_holds_word(const char *text, const char *words)
{
    const char *word = words;

    while (word != NULL) {
        for (const char *at = text; *at != '\0'; at++) {
            if (tap_begins_with_word(at, word)) {
                return true;
            }
        }
        while (*word != '\0' && *word != '|') {
            word++;
        }
        word = *word == '|' ? word + 1 : NULL;
    }
    return words == NULL;
}

static inline void tap_run(const char *name, void (*function)(void))
{
    bool passed = false;

    if (!tap_holds_word(name, TAP_CHOSEN)) {
        return;
    }
    tap.cases++;
    tap.checks = 0;
    tap.checks_failed = 0;
    tap.skip_reason = NULL;
    tap.row[0] = '\0';
    function();
    if (tap.checks == 0 && tap.skip_reason == NULL) {
        TAP_EMIT("# no check was made\n");
    } else {
        passed = tap.checks_failed == 0;
    }
    tap.cases_failed += passed ? 0 : 1;
    TAP_EMIT(passed ? "ok " : "not ok ");
    tap_emit_int(tap.cases);
    TAP_EMIT(" - ");
    TAP_EMIT(name);
    if (passed && tap.skip_reason != NULL) {
        TAP_EMIT(" # SKIP ");
        TAP_EMIT(tap.skip_reason);
    }
    TAP_EMIT("\n");
}

/* Prints the plan; what main() returns. A program without a case has failed. */
static inline int tap_finish(void)
{
    TAP_EMIT("1..");
    tap_emit_int(tap.cases);
    TAP_EMIT("\n");
    return tap.cases > 0 && tap.cases_failed == 0 ? 0 : 1;
}

#endif
