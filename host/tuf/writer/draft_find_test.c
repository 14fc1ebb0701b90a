/* SPDX-License-Identifier: Apache-2.0 */
/* The last word of a draft about a path, among thousands. */
#include "draft.h"

#include "tap.h"

#include <stdlib.h>

#define PATHS 3000u

static struct slw_detail detail;

static struct slw_bytes name(unsigned number, char *text, size_t size)
{
    return slw_bytes_make(text, (size_t)snprintf(text, size, "dir/%u/file", number));
}

static void say(struct slw_tuf_draft *draft, unsigned number, uint64_t length)
{
    char text[32];
    struct slw_tuf_artifact artifact = {.path = name(number, text, sizeof text), .length = length};
    TAP_EQUAL_INT(length == 0 ? slw_tuf_draft_remove(draft, artifact.path, &detail)
                              : slw_tuf_draft_add(draft, &artifact, &detail),
                  SLW_OK);
}

/* The length of the last word; 0 for one that removes, -1 for none. */
static int64_t last_word(const struct slw_tuf_draft *draft, unsigned number)
{
    char text[32];
    const struct slw_tuf_draft_entry *entry =
        slw_tuf_draft_find(draft, name(number, text, sizeof text));
    if (entry == NULL) {
        return -1;
    }
    return entry->removes ? 0 : (int64_t)entry->length;
}

static void finds_the_last_word_about_each_path(void)
{
    static int64_t expected[PATHS];
    struct slw_tuf_draft *draft = NULL;
    TAP_REQUIRE(slw_tuf_draft_new(SLW_TUF_TARGETS, &draft, &detail) == SLW_OK);
    TAP_EQUAL_INT(last_word(draft, 0), -1);
    for (unsigned i = 0; i < PATHS; i++) {
        expected[i] = -1;
    }
    for (unsigned i = 0; i < 4 * PATHS; i++) {
        unsigned number = i * 2654435761u % PATHS;
        if (number % 5 == 0) {
            continue; /* nothing is ever said of these */
        }
        expected[number] = i % 7 == 0 ? 0 : (int64_t)i;
        say(draft, number, (uint64_t)expected[number]);
        TAP_EQUAL_INT(last_word(draft, number), expected[number]);
        if (i == 2 * PATHS) {
            TAP_EQUAL_INT(slw_tuf_draft_settle(draft, 4, &detail), SLW_OK);
        }
    }
    for (unsigned i = 0; i < PATHS; i++) {
        TAP_EQUAL_INT(last_word(draft, i), expected[i]);
    }
    slw_tuf_draft_free(draft);
}

static void finds_nothing_that_only_begins_alike(void)
{
    struct slw_tuf_draft *draft = NULL;
    TAP_REQUIRE(slw_tuf_draft_new(SLW_TUF_TARGETS, &draft, &detail) == SLW_OK);
    say(draft, 1, 1);
    TAP_CHECK(slw_tuf_draft_find(draft, SLW_BYTES_OF("dir/1/fil")) == NULL);
    TAP_CHECK(slw_tuf_draft_find(draft, SLW_BYTES_OF("dir/1/file2")) == NULL);
    TAP_CHECK(slw_tuf_draft_find(draft, SLW_BYTES_OF("")) == NULL);
    TAP_CHECK(slw_tuf_draft_find(draft, SLW_BYTES_OF("dir/1/file")) != NULL);
    slw_tuf_draft_free(draft);
}

int main(void)
{
    TAP_RUN(finds_the_last_word_about_each_path);
    TAP_RUN(finds_nothing_that_only_begins_alike);
    return tap_finish();
}
