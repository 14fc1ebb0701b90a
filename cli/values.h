/* SPDX-License-Identifier: Apache-2.0 */
/* What options' values mean: numbers, times, words; and words that somebody may have meant. */
#ifndef SLIPWAY_CLI_VALUES_H
#define SLIPWAY_CLI_VALUES_H

#include "arguments.h"

/* A list for cli_nearest() is at most this long, its end included. */
#define CLI_WORDS_MAX 64

/* Decimal numbers. False after saying what is wrong; *ret_value stays when it isn't given. */
bool cli_number(struct cli *cli, const struct cli_arguments *arguments, const char *name,
                uint32_t *ret_value);

/* RFC 3339 or a duration from now on. False after saying what is wrong. */
bool cli_time(struct cli *cli, const struct cli_arguments *arguments, const char *name,
              bool *ret_given, int64_t *ret_utc_s);

/* One of words (the last is NULL), its index in *ret_index, which stays when it isn't given. */
bool cli_choice(struct cli *cli, const struct cli_arguments *arguments, const char *name,
                const char *const *words, unsigned *ret_index);

/* The word in a list that ends with NULL that somebody may have meant; NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *words);

/* Words of enums, in the order of their numbers; the first is "" and can't be chosen. */
extern const char *const cli_key_class_words[];
extern const char *const cli_build_type_words[];
extern const char *const cli_urgency_words[];

/* The system's clock. */
int64_t cli_now_utc_s(void);

#endif
