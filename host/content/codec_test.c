/* SPDX-License-Identifier: Apache-2.0 */
/* Rules come back from their bytes as they were, and bytes that are no rules are refused. */
#include "slipway/content_rules.h"

#include "tap.h"

#include <stdlib.h>

/* SLW_BYTES_OF() for what is static. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }

static struct slw_detail detail;
static struct slw_heap_buffer bytes;

static const struct slw_bytes words[] = {TEXT("app*"), TEXT("boot")};
static const struct slw_content_pattern patterns[] = {{TEXT("key"), TEXT("\0\1\2\3")}};
static const struct slw_content_former former[] = {{TEXT("app"), UINT64_MAX, {1, 2, 3}},
                                                   {TEXT(""), 0, {0}}};

static const struct slw_content_rules all = {
    .names = words,
    .names_count = 2,
    .hardware = words,
    .hardware_count = 1,
    .slots = words + 1,
    .slots_count = 1,
    .elf_stripped = true,
    .forbidden = patterns,
    .forbidden_count = 1,
    .private_keys_allowed = true,
    .has_former = true,
    .former = former,
    .former_count = 2,
    .has_growth = true,
    .growth_percent = 25,
    .has_size = true,
    .size_max = UINT64_MAX,
    .build_types = 0xFF,
    .has_product = true,
    .product = TEXT("lamp"),
};

static void comes_back_as_it_was(void)
{
    struct slw_content_rules_owned owned;
    slw_heap_free(&bytes);
    TAP_REQUIRE(slw_content_rules_encode(&all, &bytes, &detail) == SLW_OK);
    TAP_REQUIRE(slw_content_rules_decode(slw_heap_bytes(&bytes), &owned, &detail) == SLW_OK);
    const struct slw_content_rules *rules = &owned.rules;
    TAP_REQUIRE(rules->names_count == 2 && rules->hardware_count == 1 && rules->slots_count == 1);
    TAP_CHECK(slw_bytes_equal(rules->names[0], words[0]));
    TAP_CHECK(slw_bytes_equal(rules->names[1], words[1]));
    TAP_CHECK(slw_bytes_equal(rules->hardware[0], words[0]));
    TAP_CHECK(slw_bytes_equal(rules->slots[0], words[1]));
    TAP_REQUIRE(rules->forbidden_count == 1 && rules->former_count == 2);
    TAP_CHECK(slw_bytes_equal(rules->forbidden[0].name, patterns[0].name));
    TAP_CHECK(slw_bytes_equal(rules->forbidden[0].bytes, patterns[0].bytes));
    TAP_CHECK(slw_bytes_equal(rules->former[0].name, former[0].name));
    TAP_CHECK(rules->former[0].length == UINT64_MAX && rules->former[1].length == 0);
    TAP_EQUAL_BYTES(rules->former[0].sha256, former[0].sha256, SLW_SHA256_SIZE);
    TAP_CHECK(rules->elf_stripped && rules->private_keys_allowed && rules->has_former);
    TAP_CHECK(rules->has_growth && rules->growth_percent == 25);
    TAP_CHECK(rules->has_size && rules->size_max == UINT64_MAX);
    TAP_CHECK(rules->build_types == 0xFF);
    TAP_CHECK(rules->has_product && slw_bytes_equal(rules->product, all.product));
    slw_content_rules_free(&owned);
}

static void no_rules_are_no_bytes(void)
{
    const struct slw_content_rules none = {0};
    struct slw_content_rules_owned owned;
    slw_heap_free(&bytes);
    TAP_EQUAL_INT(slw_content_rules_encode(&none, &bytes, &detail), SLW_OK);
    TAP_EQUAL_INT(bytes.len, 0);
    TAP_REQUIRE(slw_content_rules_decode(slw_heap_bytes(&bytes), &owned, &detail) == SLW_OK);
    TAP_CHECK(!owned.rules.elf_stripped && !owned.rules.private_keys_allowed);
    slw_content_rules_free(&owned);
}

/* Wherever it is cut, it isn't taken, unless a whole field is all that is gone. */
static void never_reads_beyond_a_cut(void)
{
    struct slw_content_rules_owned owned;
    size_t refused = 0;
    slw_heap_free(&bytes);
    TAP_REQUIRE(slw_content_rules_encode(&all, &bytes, &detail) == SLW_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *copy = malloc(len + 1);
        TAP_REQUIRE(copy != NULL);
        memcpy(copy, bytes.ptr, len);
        if (slw_content_rules_decode(slw_bytes_make(copy, len), &owned, &detail) == SLW_OK) {
            slw_content_rules_free(&owned);
        } else {
            refused++;
        }
        free(copy);
    }
    TAP_CHECK(refused > bytes.len / 2);
}

static void refuses_what_are_no_rules(void)
{
    static const struct {
        const char *name;
        struct slw_bytes bytes;
        enum slw_status status;
    } rows[] = {
        {"text", TEXT("elf: stripped"), SLW_MALFORMED},
        {"unknown field", TEXT("\x88\x01\x01"), SLW_MALFORMED},
        {"a flag twice", TEXT("\x20\x01\x20\x01"), SLW_MALFORMED},
        {"a number as text", TEXT("\x22\x01x"), SLW_MALFORMED},
        {"growth of 64 bits", TEXT("\x48\x01\x50\xFF\xFF\xFF\xFF\xFF\x01"), SLW_MALFORMED},
        {"build types beyond eight bits", TEXT("\x68\x80\x02"), SLW_MALFORMED},
        {"a name without bytes", TEXT("\x0A\x00"), SLW_BAD_ARGUMENT},
        {"an unknown field of a pattern", TEXT("\x2A\x02\x18\x01"), SLW_MALFORMED},
        {"a pattern of three bytes", TEXT("\x2A\x08\x0A\x01x\x12\x03xyz"), SLW_BAD_ARGUMENT},
        {"a former target without hash", TEXT("\x38\x01\x42\x02\x10\x01"), SLW_MALFORMED},
        {"a former hash of one byte", TEXT("\x38\x01\x42\x03\x1A\x01x"), SLW_MALFORMED},
        {"a former target that isn't announced",
         TEXT("\x42\x22\x1A\x20"
              "0123456789abcdef0123456789abcdef"),
         SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slw_content_rules_owned owned = {.words = {NULL}};
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_content_rules_decode(rows[i].bytes, &owned, &detail), rows[i].status);
        TAP_CHECK(owned.bytes.ptr == NULL);
    }
    TAP_ROW(NULL);
}

static void refuses_too_many_of_anything(void)
{
    static const struct {
        const char *name;
        struct slw_bytes element;
        size_t max;
        struct slw_bytes before;
    } rows[] = {
        {"names", TEXT("\x0A\x01x"), SLW_CONTENT_WORDS_MAX, {NULL, 0}},
        {"hardware", TEXT("\x12\x01x"), SLW_CONTENT_WORDS_MAX, {NULL, 0}},
        {"slots", TEXT("\x1A\x01x"), SLW_CONTENT_WORDS_MAX, {NULL, 0}},
        {"patterns", TEXT("\x2A\x09\x0A\x01x\x12\x04xyzw"), SLW_CONTENT_PATTERNS_MAX, {NULL, 0}},
        {"former targets",
         TEXT("\x42\x22\x1A\x20"
              "0123456789abcdef0123456789abcdef"),
         SLW_TARGETS_MAX, TEXT("\x38\x01")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slw_content_rules_owned owned;
        TAP_ROW(rows[i].name);
        slw_heap_free(&bytes);
        slw_heap_append(&bytes, rows[i].before);
        for (size_t j = 0; j < rows[i].max; j++) {
            slw_heap_append(&bytes, rows[i].element);
        }
        TAP_REQUIRE(slw_content_rules_decode(slw_heap_bytes(&bytes), &owned, &detail) == SLW_OK);
        slw_content_rules_free(&owned);
        slw_heap_append(&bytes, rows[i].element);
        TAP_EQUAL_INT(slw_content_rules_decode(slw_heap_bytes(&bytes), &owned, &detail),
                      SLW_TOO_LARGE);
    }
    TAP_ROW(NULL);
}

static void does_not_encode_rules_that_can_not_be_used(void)
{
    struct slw_content_rules rules = all;
    rules.has_former = false;
    slw_heap_free(&bytes);
    TAP_EQUAL_INT(slw_content_rules_encode(&rules, &bytes, &detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(bytes.len, 0);
}

int main(void)
{
    TAP_RUN(comes_back_as_it_was);
    TAP_RUN(no_rules_are_no_bytes);
    TAP_RUN(never_reads_beyond_a_cut);
    TAP_RUN(refuses_what_are_no_rules);
    TAP_RUN(refuses_too_many_of_anything);
    TAP_RUN(does_not_encode_rules_that_can_not_be_used);
    slw_heap_free(&bytes);
    return tap_finish();
}
