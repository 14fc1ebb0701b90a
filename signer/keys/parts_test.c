/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the key process that stand alone: settings, records, the book's rules, ids. */
#include "book.h"
#include "known_roots.h"
#include "settings.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Settings --- */

#define WHOLE                                                                                      \
    "\"state\":\"/s\",\"origin\":\"o\",\"log_key\":{\"key\":\"l\"},\"keys\":{},"                   \
    "\"front\":{\"program\":\"/f\"},\"judge\":{\"program\":\"/j\"}"

static void reads_settings_strictly(void)
{
    static const struct {
        const char *text;
        enum slw_status status;
    } rows[] = {
        {"{" WHOLE "}", SLW_OK},
        {"{" WHOLE ",\"threads\":32,\"user\":\"u\",\"token_paths\":[\"/t\"]}", SLW_OK},
        {"{" WHOLE ",\"threads\":33}", SLW_MALFORMED},
        {"{" WHOLE ",\"threads\":0}", SLW_MALFORMED},
        {"{" WHOLE ",\"threads\":\"4\"}", SLW_MALFORMED},
        {"{" WHOLE ",\"policy\":\"mine\"}", SLW_MALFORMED},
        {"{" WHOLE ",\"state\":\"/other\"}", SLW_MALFORMED},
        {"{" WHOLE ",\"user\":\"\"}", SLW_MALFORMED},
        {"{" WHOLE ",\"user\":\"a\\u0000b\"}", SLW_MALFORMED},
        {"{" WHOLE ",\"staged\":{\"bytes\":-1}}", SLW_MALFORMED},
        {"{" WHOLE ",\"staged\":[]}", SLW_MALFORMED},
        {"{" WHOLE ",\"token_paths\":[1]}", SLW_MALFORMED},
        {"{" WHOLE ",\"token_paths\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
         SLW_TOO_LARGE},
        {"{\"state\":\"/s\"}", SLW_MALFORMED},
        {"{}", SLW_MALFORMED},
        {"[]", SLW_MALFORMED},
        {"", SLW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_settings settings;
        struct slw_detail detail = {""};
        TAP_ROW(rows[i].text);
        enum slw_status status = slw_settings_parse(
            "settings", slw_bytes_make(rows[i].text, strlen(rows[i].text)), &settings, &detail);
        TAP_EQUAL_INT(status, rows[i].status);
        if (status == SLW_OK) {
            slw_settings_free(&settings);
        }
    }
}

/* --- Records --- */

static void writes_records_that_it_reads(void)
{
    struct slw_record record;
    struct slw_record_view view;
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    const uint8_t id[4] = {0, 1, 0xab, 0xff};
    uint8_t read[4];
    uint64_t number;
    int64_t when;
    slw_record_begin(&record, SLW_RECORD_START, 1900000000);
    slw_record_text(&record, "who", SLW_BYTES_OF("a\n\"b\xff"));
    slw_record_hex(&record, "id", id, sizeof id);
    slw_record_uint(&record, "epoch", 7);
    slw_record_time(&record, "then", 0);
    slw_record_json(&record, "envelope", SLW_BYTES_OF("{ \"b\":1, \"a\":[ ] }"));
    TAP_EQUAL_INT(slw_record_finish(&record, &text, &detail), SLW_OK);
    const char *expected =
        "{\"envelope\":{\"a\":[],\"b\":1},\"epoch\":7,\"id\":\"0001abff\",\"kind\":\"start\","
        "\"then\":\"1970-01-01T00:00:00Z\",\"time\":\"2030-03-17T17:46:40Z\",\"who\":\"a?\\\"b?\"}";
    TAP_EQUAL_INT(text.len, strlen(expected));
    TAP_CHECK(strcmp(slw_heap_text(&text), expected) == 0);
    TAP_EQUAL_INT(slw_record_parse(slw_heap_bytes(&text), &view, &detail), SLW_OK);
    TAP_EQUAL_INT(view.kind, SLW_RECORD_START);
    TAP_EQUAL_INT(view.time_utc_s, 1900000000);
    TAP_EQUAL_INT(slw_record_get_hex(&view, "id", read, sizeof read, &detail), SLW_OK);
    TAP_EQUAL_BYTES(read, id, sizeof id);
    TAP_EQUAL_INT(slw_record_get_hex(&view, "id", read, 3, &detail), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(slw_record_get_hex(&view, "who", read, 4, &detail), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(slw_record_get_uint(&view, "epoch", &number, &detail), SLW_OK);
    TAP_EQUAL_INT(number, 7);
    TAP_EQUAL_INT(slw_record_get_uint(&view, "who", &number, &detail), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(slw_record_get_time(&view, "then", &when, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_record_get_time(&view, "none", &when, &detail), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(slw_record_get_json(&view, "who").len, 0);
    slw_record_view_free(&view);
    slw_heap_free(&text);
}

/* --- The book --- */

static enum slw_status apply(struct slw_book *book, uint64_t index, const char *text)
{
    struct slw_detail detail = {""};
    return slw_book_apply(book, index, slw_bytes_make(text, strlen(text)), &detail);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ADMINISTRATORS(origin)                                                                     \
    "{\"administrators\":{\"keys\":{},\"threshold\":1},\"kind\":\"administrators\",\"origin\":"    \
    "\"" origin "\",\"time\":\"2030-01-01T00:00:10Z\"}"
#define START(epoch, time)                                                                         \
    "{\"epoch\":" epoch ",\"instance\":\"" ZEROS "\",\"kind\":\"start\",\"random\":\"" ZEROS       \
    "\",\"time\":\"2030-01-01T00:00:" time "Z\"}"

static void takes_no_record_that_it_wouldnt_write(void)
{
    struct slw_book book = {.epoch = 1, .started = SLW_BOOK_NONE};
    book.origin = strdup("here");
    TAP_EQUAL_INT(apply(&book, 0, START("1", "10")), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(apply(&book, 0, ADMINISTRATORS("there")), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(apply(&book, 0, ADMINISTRATORS("here")), SLW_OK);
    TAP_EQUAL_INT(apply(&book, 1, ADMINISTRATORS("here")), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(apply(&book, 1, START("1", "09")), SLW_LOG_DAMAGED); /* time fell */
    TAP_EQUAL_INT(apply(&book, 1, START("2", "10")), SLW_LOG_DAMAGED); /* another epoch */
    TAP_EQUAL_INT(apply(&book, 1, START("1", "10")), SLW_OK);
    TAP_EQUAL_INT(book.started, 1);
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"kind\":\"start\"}",
        "{\"kind\":\"party\",\"time\":\"2030-01-01T00:00:10Z\"}",
        "{\"kind\":\"expiry\",\"time\":\"2030-01-01T00:00:10Z\"}",
        "{\"kind\":\"expiry\",\"request\":\"" ZEROS "\",\"time\":\"2030-01-01T00:00:10Z\"}",
        "{\"kind\":\"signature\",\"request\":\"" ZEROS "\",\"time\":\"2030-01-01T00:00:10Z\"}",
        "{\"kind\":\"refusal\",\"request\":\"" ZEROS "\",\"time\":\"2030-01-01T00:00:10Z\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        TAP_EQUAL_INT(apply(&book, 2, bad[i]), SLW_LOG_DAMAGED);
    }
    TAP_CHECK(apply(&book, 2,
                    "{\"envelope\":{},\"id\":\"" ZEROS
                    "\",\"kind\":\"stage\",\"time\":\"2030-01-01T00:00:10Z\"}") != SLW_OK);
    TAP_EQUAL_INT(
        apply(&book, 2,
              "{\"detail\":\"\",\"kind\":\"refusal\",\"reason\":\"unsigned\",\"statement\":\"" ZEROS
              "\",\"time\":\"2030-01-01T00:00:11Z\"}"),
        SLW_OK);
    TAP_EQUAL_INT(book.list_count, 0);
    slw_book_free(&book);
}

/* --- Ids --- */

static void finds_what_was_put_under_an_id(void)
{
    enum { COUNT = 3000 };
    struct slw_id_map map = {0};
    uint8_t(*ids)[SLW_SHA256_SIZE] = calloc(COUNT, sizeof *ids);
    for (uint32_t i = 0; i < COUNT; i++) {
        slw_put_u32_le(ids[i], i); /* alike, as somebody might try to make them */
        TAP_CHECK(slw_id_map_put(&map, ids[i], ids[i]));
    }
    TAP_EQUAL_INT(map.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i += 3) {
        slw_id_map_remove(&map, ids[i]);
        slw_id_map_remove(&map, ids[i]);
    }
    TAP_EQUAL_INT(map.count, COUNT - COUNT / 3);
    unsigned wrong = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        wrong += slw_id_map_get(&map, ids[i]) != (i % 3 == 0 ? NULL : ids[i]) ? 1 : 0;
    }
    TAP_EQUAL_INT(wrong, 0);
    slw_id_map_free(&map);
    TAP_CHECK(slw_id_map_get(&map, ids[1]) == NULL);
    free(ids);
}

/* --- Claims --- */

static void keeps_what_each_said_last(void)
{
    struct slw_claims claims = {0};
    TAP_EQUAL_INT(slw_claims_longest(&claims), 0);
    TAP_EQUAL_INT(slw_claims_shortest(&claims), 0);
    TAP_CHECK(slw_claims_put(&claims, SLW_BYTES_OF("ada"), 7, 1));
    TAP_CHECK(slw_claims_put(&claims, SLW_BYTES_OF("ci"), 9, 2));
    TAP_CHECK(slw_claims_put(&claims, slw_bytes_make(NULL, 0), 8, 3)); /* of a former version */
    TAP_EQUAL_INT(slw_claims_longest(&claims), 9);
    TAP_EQUAL_INT(slw_claims_shortest(&claims), 7);
    for (uint64_t i = 0; i < 20; i++) {
        TAP_CHECK(slw_claims_put(&claims, SLW_BYTES_OF("ada"), 20 - i, 4));
    }
    TAP_EQUAL_INT(claims.count, 3);
    TAP_CHECK(strcmp(claims.list[2].who, "ada") == 0);
    TAP_EQUAL_INT(claims.list[2].staged_utc_s, 4);
    TAP_EQUAL_INT(slw_claims_longest(&claims), 9);
    TAP_EQUAL_INT(slw_claims_shortest(&claims), 1);
    slw_claims_free(&claims);
}

/* --- Known roots --- */

static void knows_roots_by_all_of_their_digest(void)
{
    static struct slw_known_roots known;
    struct slw_known_root found;
    const struct slw_known_root one = {.version = 1};
    const struct slw_known_root two = {.version = 2};
    uint8_t first[SLW_SHA256_SIZE] = {7};
    uint8_t other[SLW_SHA256_SIZE] = {7, [SLW_SHA256_SIZE - 1] = 1};
    const uint8_t zeros[SLW_SHA256_SIZE] = {0};
    slw_known_roots_init(&known);
    TAP_CHECK(!slw_known_roots_find(&known, zeros, &found)); /* none isn't a digest of zeros */
    TAP_CHECK(!slw_known_roots_find(&known, first, &found));
    slw_known_roots_add(&known, first, &one);
    TAP_CHECK(slw_known_roots_find(&known, first, &found) && found.version == 1);
    TAP_CHECK(!slw_known_roots_find(&known, other, &found));
    slw_known_roots_add(&known, other, &two);
    TAP_CHECK(slw_known_roots_find(&known, other, &found) && found.version == 2);
    TAP_CHECK(slw_known_roots_find(&known, first, &found) && found.version == 1);
    TAP_CHECK(!slw_known_roots_find(&known, zeros, &found));
    /* The one that was added first is forgotten first. */
    for (size_t i = 0; i < SLW_KNOWN_ROOTS_MAX - 1; i++) {
        const uint8_t more[SLW_SHA256_SIZE] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
        slw_known_roots_add(&known, more, &one);
    }
    TAP_CHECK(!slw_known_roots_find(&known, first, &found));
    TAP_CHECK(slw_known_roots_find(&known, other, &found) && found.version == 2);
    slw_known_roots_wipe(&known);
}

/* A key that roles list without the root saying what it is is none. */
static void remembers_what_a_root_says_of_its_keys(void)
{
    struct slw_root_key keys[] = {
        {.id = {1}, .roles = 1u << SLW_ROLE_ROOT, .defined = true},
        {.id = {2}, .roles = 1u << SLW_ROLE_TARGETS, .defined = false},
        {.id = {3}, .roles = 1u << SLW_ROLE_TARGETS, .defined = true},
    };
    const struct slw_root root = {.keys = keys,
                                  .keys_count = sizeof keys / sizeof keys[0],
                                  .version = 5,
                                  .key_class = SLW_KEY_CLASS_TEST,
                                  .expires = {true, 77, 1},
                                  .sha256 = {9}};
    struct slw_known_root known;
    slw_known_root_of(&root, &known);
    TAP_EQUAL_INT(known.version, 5);
    TAP_EQUAL_INT(known.key_class, SLW_KEY_CLASS_TEST);
    TAP_CHECK(known.expires.present && known.expires.seconds == 77 && known.expires.nanos == 1);
    TAP_CHECK(memcmp(known.sha256, root.sha256, sizeof known.sha256) == 0);
    TAP_CHECK(slw_known_root_lists(&known, keys[0].id, SLW_ROLE_ROOT));
    TAP_CHECK(!slw_known_root_lists(&known, keys[0].id, SLW_ROLE_TARGETS));
    TAP_CHECK(!slw_known_root_lists(&known, keys[1].id, SLW_ROLE_TARGETS));
    TAP_CHECK(slw_known_root_lists(&known, keys[2].id, SLW_ROLE_TARGETS));
    TAP_CHECK(!slw_known_root_lists(&known, root.sha256, SLW_ROLE_TARGETS));
}

int main(void)
{
    TAP_RUN(reads_settings_strictly);
    TAP_RUN(writes_records_that_it_reads);
    TAP_RUN(takes_no_record_that_it_wouldnt_write);
    TAP_RUN(finds_what_was_put_under_an_id);
    TAP_RUN(keeps_what_each_said_last);
    TAP_RUN(knows_roots_by_all_of_their_digest);
    TAP_RUN(remembers_what_a_root_says_of_its_keys);
    return tap_finish();
}
