/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that can't be used are refused; patterns of names; and what is read of a former release. */
#include "../bundle/test_metadata.h"

#include "slipway/bundle_file.h"
#include "slipway/content_rules.h"

#include "tap.h"

#include <stdlib.h>

#define IMAGE "an image"

static struct slw_detail detail;

static void put_bundle(void)
{
    const struct test_target target = {.name = "app", .image = IMAGE};
    const struct test_targets targets = {.version = 2, .targets = &target, .count = 1};
    test_begin();
    test_put_targets(&targets, "");
    test_put_payload("app", IMAGE);
}

static enum slw_status check(const struct slw_content_rules *rules)
{
    struct slw_content_report report;
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, slw_heap_bytes(&test_bundle));
    SLW_TRY(slw_content_check("bundle", &memory.source, rules, &report, &detail));
    enum slw_status status = report.findings_count == 0 ? SLW_OK : report.findings[0].status;
    slw_content_report_free(&report);
    return status;
}

static bool passes(const struct slw_content_rules *rules)
{
    return check(rules) == SLW_OK;
}

static void patterns_of_names_stop_at_slashes(void)
{
    static const struct {
        const char *pattern;
        const char *name;
        bool matches;
    } rows[] = {
        {"app", "app", true},
        {"app", "ap", false},
        {"app", "apps", false},
        {"*", "app", true},
        {"*", "", true},
        {"*", "a/b", false},
        {"*/*", "a/b", true},
        {"*/*", "a/b/c", false},
        {"a*", "a", true},
        {"a*c", "abbbc", true},
        {"a*c", "abbb", false},
        {"a*c", "a/c", false},
        {"*.bin", "x.bin", true},
        {"*.bin", "x.bin.", false},
        {"*.bin", "x.bi.bin", true},
        {"**", "abc", true},
        {"a**b", "ab", true},
        {"*a*b*", "xaxbx", true},
        {"", "", true},
        {"", "a", false},
        {"App", "app", false},
        {"*/a*b", "x/a/ab", false},
        {"*/*/a*b", "x/a/ab", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        TAP_ROW(rows[i].pattern);
        TAP_EQUAL_INT(
            slw_content_name_matches(slw_bytes_make(rows[i].pattern, strlen(rows[i].pattern)),
                                     slw_bytes_make(rows[i].name, strlen(rows[i].name))),
            rows[i].matches);
    }
    TAP_ROW(NULL);
}

static void refuses_rules_that_can_not_be_used(void)
{
    static const uint8_t longest[SLW_CONTENT_PATTERN_SIZE_MAX + 1] = {1};
    const struct slw_bytes long_name = {longest, SLW_NAME_SIZE_MAX + 1};
    const struct slw_bytes empty = {NULL, 0};
    const struct slw_content_pattern bad[] = {
        {SLW_BYTES_OF("short"), SLW_BYTES_OF("abc")},
        {SLW_BYTES_OF(""), SLW_BYTES_OF("abcd")},
        {long_name, SLW_BYTES_OF("abcd")},
        {SLW_BYTES_OF("long"), {longest, sizeof longest}},
    };
    const struct slw_content_former former = {.name = SLW_BYTES_OF("a")};
    const struct slw_content_former long_former = {.name = long_name};
    const struct slw_content_rules rows[] = {
        {.names = &empty, .names_count = 1},
        {.names = &long_name, .names_count = 1},
        {.hardware = &empty, .hardware_count = 1},
        {.hardware = &long_name, .hardware_count = 1},
        {.slots = &empty, .slots_count = 1},
        {.slots = &long_name, .slots_count = 1},
        {.forbidden = &bad[0], .forbidden_count = 1},
        {.forbidden = &bad[1], .forbidden_count = 1},
        {.forbidden = &bad[2], .forbidden_count = 1},
        {.forbidden = &bad[3], .forbidden_count = 1},
        {.former = &former, .former_count = 1},
        {.has_former = true, .former = &long_former, .former_count = 1},
        {.has_growth = true, .growth_percent = SLW_CONTENT_GROWTH_MAX + 1},
        {.has_product = true, .product = long_name},
    };
    put_bundle();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        TAP_EQUAL_INT(check(&rows[i]), SLW_BAD_ARGUMENT);
    }
    /* What isn't asked for may be anything. */
    const struct slw_content_rules unused = {.growth_percent = UINT32_MAX, .product = long_name};
    TAP_CHECK(passes(&unused));
}

static void refuses_more_rules_than_it_takes(void)
{
    static struct slw_bytes words_many[SLW_CONTENT_WORDS_MAX + 1];
    static struct slw_content_pattern patterns_many[SLW_CONTENT_PATTERNS_MAX + 1];
    static struct slw_content_former former_many[SLW_TARGETS_MAX + 1];
    for (size_t i = 0; i <= SLW_CONTENT_WORDS_MAX; i++) {
        words_many[i] = SLW_BYTES_OF("*");
    }
    for (size_t i = 0; i <= SLW_CONTENT_PATTERNS_MAX; i++) {
        patterns_many[i] =
            (struct slw_content_pattern){SLW_BYTES_OF("name"), SLW_BYTES_OF("bytes")};
    }
    struct slw_content_rules rules = {.names = words_many, .names_count = SLW_CONTENT_WORDS_MAX};
    put_bundle();
    TAP_CHECK(passes(&rules));
    rules.names_count++;
    TAP_EQUAL_INT(check(&rules), SLW_TOO_LARGE);
    rules = (struct slw_content_rules){.forbidden = patterns_many,
                                       .forbidden_count = SLW_CONTENT_PATTERNS_MAX};
    TAP_CHECK(passes(&rules));
    rules.forbidden_count++;
    TAP_EQUAL_INT(check(&rules), SLW_TOO_LARGE);
    rules = (struct slw_content_rules){
        .has_former = true, .former = former_many, .former_count = SLW_TARGETS_MAX};
    TAP_CHECK(passes(&rules));
    rules.former_count++;
    TAP_EQUAL_INT(check(&rules), SLW_BAD_ARGUMENT);
}

static void reads_a_former_release(void)
{
    struct slw_content_former *former = NULL;
    size_t count = 0;
    struct slw_memory_source memory;
    struct slw_bundle_index index;
    put_bundle();
    slw_memory_source_init(&memory, slw_heap_bytes(&test_bundle));
    TAP_REQUIRE(slw_bundle_index_read("bundle", &memory.source, &index, &detail) == SLW_OK);
    /* SignedTargetsMetadata: tag, length in a byte, the metadata; no signatures. */
    struct slw_bytes serialized = slw_bytes_make(test_bundle.ptr + index.targets.offset + 2,
                                                 (size_t)index.targets.length - 2);
    TAP_EQUAL_INT(slw_content_former_read(serialized, &former, &count, &detail), SLW_OK);
    TAP_REQUIRE(count == 1);
    struct slw_sha256 hash;
    uint8_t sha256[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF(IMAGE));
    slw_sha256_final(&hash, sha256);
    TAP_CHECK(slw_bytes_equal(former[0].name, SLW_BYTES_OF("app")));
    TAP_EQUAL_INT(former[0].length, strlen(IMAGE));
    TAP_EQUAL_BYTES(former[0].sha256, sha256, SLW_SHA256_SIZE);
    free(former);
    former = NULL;
    serialized.len -= 2;
    TAP_EQUAL_INT(slw_content_former_read(serialized, &former, &count, &detail), SLW_MALFORMED);
    TAP_CHECK(former == NULL);
    slw_bundle_index_free(&index);
}

static void reads_no_former_release_with_a_hash_of_another_length(void)
{
    struct slw_content_former *former = NULL;
    size_t count = 0;
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer common = {0};
    struct slw_heap_buffer file = {0};
    test_put_text(&common, SLW_COMMON_SPEC_VERSION, "1.0.34");
    test_put_uint(&common, SLW_COMMON_VERSION, 1);
    test_put_text(&common, SLW_COMMON_ROLE, "targets");
    test_put_message(&serialized, SLW_TARGETS_COMMON, &common);
    test_put_text(&file, SLW_TARGET_FILE_NAME, "app");
    test_put_uint(&file, SLW_TARGET_LENGTH, 1);
    test_put_sha256(&file, SLW_TARGET_HASHES, "i");
    test_put_hash(&file, SLW_TARGET_HASHES, SLW_HASH_FUNCTION_SHA256, SLW_BYTES_OF("short"));
    test_put_message(&serialized, SLW_TARGETS_TARGET_FILES, &file);
    TAP_EQUAL_INT(slw_content_former_read(slw_heap_bytes(&serialized), &former, &count, &detail),
                  SLW_MISSING_HASH);
    TAP_CHECK(former == NULL);
    slw_heap_free(&serialized);
}

int main(void)
{
    TAP_RUN(patterns_of_names_stop_at_slashes);
    TAP_RUN(refuses_rules_that_can_not_be_used);
    TAP_RUN(refuses_more_rules_than_it_takes);
    TAP_RUN(reads_a_former_release);
    TAP_RUN(reads_no_former_release_with_a_hash_of_another_length);
    test_begin();
    return tap_finish();
}
