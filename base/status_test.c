/* SPDX-License-Identifier: Apache-2.0 */
/* What status.h promises: values with classes, distinct words, and the closed list of reasons. */
#include "slipway/status.h"

#include "tap.h"

#include <string.h>

#define ROW(name, class, number, word, meaning) {name, SLW_CLASS_##class, #name, word, meaning},

static const struct {
    enum slw_status status;
    enum slw_status_class status_class;
    const char *name;
    const char *word;
    const char *meaning;
} rows[] = {SLW_STATUS_LIST(ROW)};

#define ROWS_COUNT (sizeof rows / sizeof rows[0])

/* The closed list that scripts rely on; a word may be added here, none may go. */
static const char *const reasons[] = {
    "malformed",
    "too-large",
    "no-trusted-root",
    "stored-state",
    "missing-targets",
    "wrong-role",
    "bad-spec-version",
    "bad-key",
    "bad-threshold",
    "shared-key",
    "unsigned",
    "duplicate-signature",
    "below-threshold",
    "revoked-key",
    "root-rollback",
    "root-replaced",
    "root-untrusted",
    "root-self-unsigned",
    "root-class",
    "rollback",
    "expired",
    "bad-name",
    "duplicate-target",
    "missing-hash",
    "wrong-hash",
    "wrong-length",
    "missing-payload",
    "unlisted-payload",
    "unknown-slot",
    "slot-too-small",
    "unsupported-encoding",
    "wrong-base",
    "wrong-hardware",
    "wrong-product",
    "wrong-key-class",
    "wrong-build-type",
    "stepping-stone",
    "unknown-critical-field",
    "no-proof",
    "bad-proof",
    "mix-and-match",
    "wrong-custom",
    "wrong-channel",
    "slow-retrieval",
    "consent-refused",
    "consent-pending",
    "bad-statement",
    "stale-statement",
    "not-permitted",
    "unknown-key",
    "wrong-builder",
    "wrong-provenance",
    "missing-test",
    "missing-approval",
    "wrong-content",
    "validator-failed",
    "version-taken",
    "outside-hours",
    "too-many",
    "wrong-class",
    "loosening-delayed",
    "no-witnesses",
    "log-behind",
    "log-damaged",
    "clock",
    "not-active",
    "epoch-over",
};

static void shows_the_class_in_the_value(void)
{
    TAP_EQUAL_INT(SLW_OK, 0);
    TAP_EQUAL_INT(slw_status_class(SLW_OK), SLW_CLASS_OK);
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        TAP_ROW(rows[i].name);
        TAP_CHECK(rows[i].status != SLW_OK);
        TAP_EQUAL_INT(slw_status_class(rows[i].status), rows[i].status_class);
    }
}

static void gives_each_status_its_own_value_and_word(void)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        TAP_ROW(rows[i].name);
        for (size_t k = 0; k < i; k++) {
            TAP_CHECK(rows[i].status != rows[k].status);
            TAP_CHECK(strcmp(rows[i].word, rows[k].word) != 0);
        }
        TAP_CHECK(strcmp(rows[i].word, "ok") != 0);
        TAP_CHECK(strcmp(rows[i].word, "unknown") != 0);
    }
}

static void names_each_status_and_finds_it_by_its_word(void)
{
    TAP_CHECK(strcmp(slw_status_word(SLW_OK), "ok") == 0);
    TAP_EQUAL_INT(slw_status_from_word("ok"), SLW_OK);
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        TAP_ROW(rows[i].name);
        TAP_CHECK(strcmp(slw_status_word(rows[i].status), rows[i].word) == 0);
        TAP_CHECK(strcmp(slw_status_meaning(rows[i].status), rows[i].meaning) == 0);
        TAP_EQUAL_INT(slw_status_from_word(rows[i].word), rows[i].status);
    }
}

static void writes_words_and_meanings_in_one_form(void)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        TAP_ROW(rows[i].name);
        size_t len = strlen(rows[i].word);
        TAP_EQUAL_INT(strspn(rows[i].word, "abcdefghijklmnopqrstuvwxyz-"), len);
        TAP_CHECK(len > 0 && rows[i].word[0] != '-' && rows[i].word[len - 1] != '-');
        TAP_CHECK(len <= 32); /* it has to fit the note of a device's status */
        size_t meaning_len = strlen(rows[i].meaning);
        TAP_CHECK(meaning_len > 0 && rows[i].meaning[meaning_len - 1] != '.');
    }
}

static void has_every_reason_of_the_closed_list(void)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        TAP_ROW(reasons[i]);
        enum slw_status status = slw_status_from_word(reasons[i]);
        TAP_CHECK(status != SLW_NOT_FOUND);
        enum slw_status_class status_class = slw_status_class(status);
        TAP_CHECK(status_class >= SLW_CLASS_MALFORMED && status_class <= SLW_CLASS_CAPACITY);
    }
}

static void calls_a_refusal_what_the_closed_list_has(void)
{
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        bool listed = false;
        for (size_t k = 0; k < sizeof reasons / sizeof reasons[0]; k++) {
            listed = listed || strcmp(reasons[k], rows[i].word) == 0;
        }
        TAP_ROW(rows[i].name);
        TAP_CHECK(slw_status_is_refusal(rows[i].status) == listed);
    }
    TAP_CHECK(!slw_status_is_refusal(SLW_OK));
}

static void finds_no_status_for_other_words(void)
{
    static const char *const others[] = {"",          "unknown",    "malforme", "malformedx",
                                         "Malformed", "wrong_hash", "root",     "not found"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        TAP_ROW(others[i]);
        TAP_EQUAL_INT(slw_status_from_word(others[i]), SLW_NOT_FOUND);
    }
    TAP_CHECK(strcmp(slw_status_word((enum slw_status)0x7FFF), "unknown") == 0);
    TAP_CHECK(strlen(slw_status_meaning((enum slw_status)0x7FFF)) > 0);
}

static enum slw_status try_twice(enum slw_status first, enum slw_status second, int *ret_reached)
{
    SLW_TRY(first);
    *ret_reached = 1;
    SLW_TRY(second);
    *ret_reached = 2;
    return SLW_OK;
}

static void leaves_the_function_at_the_first_failure(void)
{
    int reached = 0;
    TAP_EQUAL_INT(try_twice(SLW_EXPIRED, SLW_OK, &reached), SLW_EXPIRED);
    TAP_EQUAL_INT(reached, 0);
    TAP_EQUAL_INT(try_twice(SLW_OK, SLW_IO, &reached), SLW_IO);
    TAP_EQUAL_INT(reached, 1);
    TAP_EQUAL_INT(try_twice(SLW_OK, SLW_OK, &reached), SLW_OK);
    TAP_EQUAL_INT(reached, 2);
}

int main(void)
{
    TAP_RUN(shows_the_class_in_the_value);
    TAP_RUN(gives_each_status_its_own_value_and_word);
    TAP_RUN(names_each_status_and_finds_it_by_its_word);
    TAP_RUN(writes_words_and_meanings_in_one_form);
    TAP_RUN(has_every_reason_of_the_closed_list);
    TAP_RUN(calls_a_refusal_what_the_closed_list_has);
    TAP_RUN(finds_no_status_for_other_words);
    TAP_RUN(leaves_the_function_at_the_first_failure);
    return tap_finish();
}
