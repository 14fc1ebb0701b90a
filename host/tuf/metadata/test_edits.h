/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of mistakes: a good `signed`, and what its reader says when one place is changed. For the
 * tests of the four types in this folder.
 */
#ifndef SLIPWAY_TEST_EDITS_H
#define SLIPWAY_TEST_EDITS_H

#include "test_documents.h"

#include "tap.h"

#include <stdlib.h>

struct test_edit {
    const char *from; /* "" for none; as in templates */
    const char *to;
    enum slw_status status;
};

/* Parses a file of nobody's with this `signed`, and reads it. */
typedef enum slw_status test_reader(const struct slw_tuf_file *file, struct slw_detail *detail);

static inline enum slw_status test_read(const char *pattern, enum slw_tuf_type type,
                                        test_reader *read)
{
    struct slw_tuf_file file;
    struct slw_detail detail = {0};
    char *text = test_sign(pattern, "");
    enum slw_status status = test_parse(text, type, &file, &detail);
    if (status == SLW_OK) {
        status = read(&file, &detail);
        slw_tuf_file_free(&file);
    }
    /* A refusal names the file, and the place in it. */
    TAP_EQUAL_INT(status != SLW_OK, strncmp(detail.text, "test.json: signed", 17) == 0);
    free(text);
    return status;
}

static inline void test_read_edits(const char *pattern, enum slw_tuf_type type, test_reader *read,
                                   const struct test_edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *edited = edits[i].from[0] == '\0' ? strdup(pattern)
                                                : test_replace(pattern, edits[i].from, edits[i].to);
        TAP_ROW(edits[i].to);
        TAP_REQUIRE(edited != NULL);
        TAP_EQUAL_INT(test_read(edited, type, read), edits[i].status);
        free(edited);
    }
    TAP_ROW(NULL);
}

#define TEST_READ_EDITS(pattern, type, read, edits)                                                \
    test_read_edits(pattern, type, read, edits, sizeof(edits) / sizeof(edits)[0])

#endif
