/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that the reader takes or refuses, for its tests. */
#ifndef SLIPWAY_TEST_READER_H
#define SLIPWAY_TEST_READER_H

#include "slipway/json_reader.h"

#include "tap.h"

struct text_case {
    const char *text;
    const char *place; /* what the detail says behind the name of the text */
};

static inline void check_refusal(struct slw_bytes text, const char *place)
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

static inline void check_refusals(const struct text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TAP_ROW(cases[i].text);
        check_refusal(slw_bytes_make(cases[i].text, strlen(cases[i].text)), cases[i].place);
    }
    TAP_ROW(NULL);
}

#define CHECK_REFUSALS(cases) check_refusals(cases, sizeof(cases) / sizeof(cases)[0])

static inline bool parses(struct slw_bytes text, struct slw_json_document *ret_json)
{
    struct slw_detail detail = {""};
    bool parsed = slw_json_parse("a.json", text, ret_json, &detail) == SLW_OK;
    if (!TAP_CHECK(parsed)) {
        (void)printf("#   %s\n", detail.text);
    }
    return parsed;
}

static inline bool parses_text(const char *text, struct slw_json_document *ret_json)
{
    return parses(slw_bytes_make(text, strlen(text)), ret_json);
}

#endif
