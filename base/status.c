/* SPDX-License-Identifier: Apache-2.0 */
/* Words and meanings of the status list. Programs, the device's note and the tests use them. */
#include "slipway/status.h"

#include <stddef.h>

struct status_text {
    enum slw_status status;
    const char *word;
    const char *meaning;
};

#define STATUS_TEXT(name, class, number, word, meaning) {name, word, meaning},

static const struct status_text status_texts[] = {{SLW_OK, "ok", "done"},
                                                  SLW_STATUS_LIST(STATUS_TEXT)};

#define STATUS_TEXTS_COUNT (sizeof status_texts / sizeof status_texts[0])

static bool words_equal(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

bool slw_status_is_refusal(enum slw_status status)
{
    switch (slw_status_class(status)) {
    case SLW_CLASS_MALFORMED:
    case SLW_CLASS_STALE:
    case SLW_CLASS_REFUSED:
        return true;
    case SLW_CLASS_UNTRUSTED:
        return status != SLW_BAD_SIGNATURE;
    case SLW_CLASS_CAPACITY:
        return status != SLW_NO_SPACE;
    case SLW_CLASS_OK:
    case SLW_CLASS_IO:
    case SLW_CLASS_MISUSE:
        return false;
    }
    return false;
}

const char *slw_status_word(enum slw_status status)
{
    for (size_t i = 0; i < STATUS_TEXTS_COUNT; i++) {
        if (status_texts[i].status == status) {
            return status_texts[i].word;
        }
    }
    return "unknown";
}

const char *slw_status_meaning(enum slw_status status)
{
    for (size_t i = 0; i < STATUS_TEXTS_COUNT; i++) {
        if (status_texts[i].status == status) {
            return status_texts[i].meaning;
        }
    }
    return "a status that isn't in the list";
}

enum slw_status slw_status_from_word(const char *word)
{
    for (size_t i = 0; i < STATUS_TEXTS_COUNT; i++) {
        if (words_equal(status_texts[i].word, word)) {
            return status_texts[i].status;
        }
    }
    return SLW_NOT_FOUND;
}
