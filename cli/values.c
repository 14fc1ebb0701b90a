/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and words of options, for every command. */
#include "values.h"

#include "output.h"

#include "slipway/time_text.h"

#include <string.h>
#include <time.h>

const char *const cli_key_class_words[] = {"", "dev", "test", "prod", NULL};
const char *const cli_build_type_words[] = {"", "dev", "test", "user", NULL};
const char *const cli_urgency_words[] = {"",         "routine",   "recommended",
                                         "security", "emergency", NULL};

int64_t cli_now_utc_s(void)
{
    return (int64_t)time(NULL);
}

bool cli_number(struct cli *cli, const struct cli_arguments *arguments, const char *name,
                uint32_t *ret_value)
{
    const char *text = cli_value(arguments, name);
    uint64_t value = 0;
    if (text == NULL) {
        return true;
    }
    size_t len = strlen(text);
    bool good = len > 0 && len <= 10;
    for (size_t i = 0; good && i < len; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (!good || value > UINT32_MAX) {
        (void)cli_usage(cli, "%s %s: not a number from 0 to 4294967295", name, text);
        return false;
    }
    *ret_value = (uint32_t)value;
    return true;
}

bool cli_time(struct cli *cli, const struct cli_arguments *arguments, const char *name,
              bool *ret_given, int64_t *ret_utc_s)
{
    const char *text = cli_value(arguments, name);
    if (text == NULL) {
        *ret_given = false;
        return true;
    }
    if (slw_time_parse(text, cli_now_utc_s(), ret_utc_s) != SLW_OK) {
        (void)cli_usage(cli,
                        "%s %s: neither a time in UTC (2030-01-31T00:00:00Z) nor a duration (90d)",
                        name, text);
        return false;
    }
    *ret_given = true;
    return true;
}

bool cli_choice(struct cli *cli, const struct cli_arguments *arguments, const char *name,
                const char *const *words, unsigned *ret_index)
{
    const char *text = cli_value(arguments, name);
    struct slw_heap_buffer all = {0};
    if (text == NULL) {
        return true;
    }
    for (unsigned i = 1; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret_index = i;
            slw_heap_free(&all);
            return true;
        }
        slw_heap_append_text(&all, i == 1 ? "" : words[i + 1] == NULL ? " or " : ", ");
        slw_heap_append_text(&all, words[i]);
    }
    (void)cli_usage(cli, "%s %s: %s", name, text, slw_heap_text(&all));
    slw_heap_free(&all);
    return false;
}

#define WORD_SIZE_MAX 40

static size_t least(size_t one, size_t two, size_t three)
{
    size_t least_of_two = one < two ? one : two;
    return least_of_two < three ? least_of_two : three;
}

/* How many letters must change, come or go, to make one word of the other (Levenshtein). */
static size_t distance(const char *left, const char *right)
{
    size_t row[WORD_SIZE_MAX + 1];
    size_t right_len = strlen(right);
    if (strlen(left) > WORD_SIZE_MAX || right_len > WORD_SIZE_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= right_len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; left[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < right_len; j++) {
            size_t changed = diagonal + (left[i] == right[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = least(changed, row[j] + 1, row[j + 1] + 1);
        }
    }
    return row[right_len];
}

const char *cli_nearest(const char *word, const char *const *words)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 1; /* beyond that it is another word */
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t here = distance(word, words[i]);
        if (here <= best) {
            best = here == 0 ? 0 : here - 1;
            nearest = words[i];
        }
    }
    return nearest;
}
