/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of storage keeps the same promises; and what only memory and a faulty one do. */
#include "storage_test.h"

#include "slipway/files.h"

/* The promises. Each case runs over every kind. */

static void gives_back_what_was_put(void)
{
    TAP_EQUAL_INT(put(SLW_STORAGE_NO_LEASE, "targets/a b/x+1~@=,%.bin", "payload"), SLW_OK);
    TAP_CHECK(is("targets/a b/x+1~@=,%.bin", "payload"));
    TAP_EQUAL_INT(put(SLW_STORAGE_NO_LEASE, "empty", ""), SLW_OK);
    TAP_CHECK(is("empty", ""));
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "before ");
    TAP_EQUAL_INT(
        place.port->get(place.port->context, "targets/a b/x+1~@=,%.bin", 7, &text, &detail),
        SLW_OK);
    TAP_EQUAL_INT(text.len, 14);
    slw_heap_free(&text);
}

static void refuses_to_get_what_is_absent_or_too_large(void)
{
    struct slw_heap_buffer text = {0};
    TAP_EQUAL_INT(put(SLW_STORAGE_NO_LEASE, "a/b", "12345678"), SLW_OK);
    TAP_EQUAL_INT(place.port->get(place.port->context, "a/b", 7, &text, &detail), SLW_TOO_LARGE);
    TAP_EQUAL_INT(text.len, 0);
    TAP_CHECK(is("a/c", "!not-found"));
    TAP_CHECK(said("a/c"));
    TAP_CHECK(is("c/b", "!not-found"));
    TAP_CHECK(strcmp(got("a"), "!not-found") == 0 || strcmp(got("a"), "!io") == 0);
    slw_heap_free(&text);
}

static enum slw_status part(const char *key, uint64_t offset, size_t len, char *ret_text)
{
    memset(ret_text, 0, 16);
    return place.port->read(place.port->context, key, offset, (uint8_t *)ret_text, len, &detail);
}

static void reads_parts_of_an_object(void)
{
    static const struct {
        uint64_t offset;
        size_t len;
        const char *text;
    } rows[] = {{0, 10, "0123456789"}, {0, 1, "0"}, {9, 1, "9"}, {3, 4, "3456"}};
    char text[16];
    uint64_t size = 0;
    TAP_REQUIRE(put(1, "targets/a", "0123456789") == SLW_OK && put(1, "empty", "") == SLW_OK);
    TAP_EQUAL_INT(place.port->size(place.port->context, "targets/a", &size, &detail), SLW_OK);
    TAP_EQUAL_INT(size, 10);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_EQUAL_INT(part("targets/a", rows[i].offset, rows[i].len, text), SLW_OK);
        TAP_CHECK(strcmp(text, rows[i].text) == 0);
    }
    TAP_EQUAL_INT(place.port->size(place.port->context, "empty", &size, &detail), SLW_OK);
    TAP_EQUAL_INT(size, 0);
}

static void refuses_to_read_what_isnt_there(void)
{
    static const struct {
        const char *key;
        uint64_t offset;
        size_t len;
        enum slw_status status;
    } rows[] = {
        {"targets/a", 0, 11, SLW_BAD_ARGUMENT},
        {"targets/a", 10, 1, SLW_BAD_ARGUMENT},
        {"targets/a", 9, 2, SLW_BAD_ARGUMENT},
        {"targets/a", 11, 1, SLW_BAD_ARGUMENT},
        {"targets/a", UINT64_MAX, 2, SLW_BAD_ARGUMENT},
        {"targets/a", 0, 0, SLW_BAD_ARGUMENT},
        {"empty", 0, 1, SLW_BAD_ARGUMENT},
        {"targets/b", 0, 1, SLW_NOT_FOUND},
        {"nowhere/b", 0, 1, SLW_NOT_FOUND},
        {"../a", 0, 1, SLW_BAD_NAME},
        {".lease", 0, 1, SLW_BAD_NAME},
    };
    char text[16];
    uint64_t size = 7;
    TAP_REQUIRE(put(1, "targets/a", "0123456789") == SLW_OK && put(1, "empty", "") == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].key);
        TAP_EQUAL_INT(part(rows[i].key, rows[i].offset, rows[i].len, text), rows[i].status);
        TAP_CHECK(said(rows[i].key));
        if (rows[i].status != SLW_BAD_ARGUMENT) {
            TAP_EQUAL_INT(place.port->size(place.port->context, rows[i].key, &size, &detail),
                          rows[i].status);
        }
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(size, 7);
    enum slw_status of_folder = place.port->size(place.port->context, "targets", &size, &detail);
    TAP_CHECK(of_folder == SLW_NOT_FOUND || of_folder == SLW_IO);
}

static void copies_an_object_by_its_source(void)
{
    struct slw_storage_source source;
    TAP_EQUAL_INT(slw_storage_source_open(place.port, "targets/a", &source, &detail),
                  SLW_NOT_FOUND);
    const size_t size = (size_t)3 * SLW_FILE_BLOCK_SIZE + 5;
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer copy = {0};
    uint8_t *content = slw_heap_reserve(&bytes, size);
    TAP_REQUIRE(content != NULL);
    for (size_t i = 0; i < size; i++) {
        content[i] = (uint8_t)(i * 31 >> 3);
    }
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, slw_heap_bytes(&bytes));
    TAP_EQUAL_INT(
        place.port->put_immutable(place.port->context, 1, "targets/a", &memory.source, &detail),
        SLW_OK);
    TAP_EQUAL_INT(slw_storage_source_open(place.port, "targets/a", &source, &detail), SLW_OK);
    TAP_EQUAL_INT(source.source.size, size);
    TAP_EQUAL_INT(
        place.port->put_immutable(place.port->context, 1, "targets/b", &source.source, &detail),
        SLW_OK);
    TAP_EQUAL_INT(place.port->get(place.port->context, "targets/b", size, &copy, &detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&bytes), slw_heap_bytes(&copy)));
    TAP_EQUAL_INT(drop(1, "targets/a"), SLW_OK);
    TAP_EQUAL_INT(source.source.read(source.source.context, 0, content, 1), SLW_NOT_FOUND);
    slw_heap_free(&bytes);
    slw_heap_free(&copy);
}

static void takes_an_object_once(void)
{
    TAP_EQUAL_INT(put(1, "metadata/1.root.json", "one"), SLW_OK);
    TAP_EQUAL_INT(put(1, "metadata/1.root.json", "one"), SLW_OK);
    TAP_EQUAL_INT(put(1, "metadata/1.root.json", "two"), SLW_WRONG_STATE);
    TAP_CHECK(said("metadata/1.root.json"));
    TAP_EQUAL_INT(put(1, "metadata/1.root.json", "one1"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(put(1, "metadata/1.root.json", ""), SLW_WRONG_STATE);
    TAP_CHECK(is("metadata/1.root.json", "one"));
}

static enum slw_status broken_source(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    if (offset >= SLW_FILE_BLOCK_SIZE) {
        return SLW_IO_CLOSED;
    }
    memset(buffer, 'x', len);
    return offset + len > (uint64_t)2 * SLW_FILE_BLOCK_SIZE ? SLW_IO_CLOSED : SLW_OK;
}

static void leaves_nothing_of_a_put_that_failed(void)
{
    struct collected collected;
    const struct slw_source source = {NULL, broken_source, (uint64_t)3 * SLW_FILE_BLOCK_SIZE};
    TAP_EQUAL_INT(
        place.port->put_immutable(place.port->context, 1, "targets/big", &source, &detail),
        SLW_IO_CLOSED);
    TAP_CHECK(said("targets/big"));
    TAP_CHECK(is("targets/big", "!not-found"));
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 0);
}

static void replaces_a_pointer(void)
{
    TAP_EQUAL_INT(replace(1, "metadata/timestamp.json", "first, and longer"), SLW_OK);
    TAP_CHECK(is("metadata/timestamp.json", "first, and longer"));
    TAP_EQUAL_INT(replace(1, "metadata/timestamp.json", "second"), SLW_OK);
    TAP_CHECK(is("metadata/timestamp.json", "second"));
    TAP_EQUAL_INT(replace(1, "metadata/timestamp.json", ""), SLW_OK);
    TAP_CHECK(is("metadata/timestamp.json", ""));
}

static void removes(void)
{
    struct collected collected;
    TAP_EQUAL_INT(put(1, "targets/a/1", "x"), SLW_OK);
    TAP_EQUAL_INT(put(1, "targets/a/2", "y"), SLW_OK);
    TAP_EQUAL_INT(drop(1, "targets/a/1"), SLW_OK);
    TAP_EQUAL_INT(drop(1, "targets/a/1"), SLW_OK);
    TAP_EQUAL_INT(drop(1, "nowhere/a/1"), SLW_OK);
    TAP_CHECK(is("targets/a/1", "!not-found"));
    TAP_CHECK(is("targets/a/2", "y"));
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 1);
    TAP_EQUAL_INT(put(1, "targets/a/1", "other"), SLW_OK);
    TAP_CHECK(is("targets/a/1", "other"));
}

static void lists_by_prefix(void)
{
    struct collected collected;
    static const char *const keys[] = {"metadata/1.root.json", "metadata/2.root.json",
                                       "metadata/10.targets.json", "targets/a/b/c", "staged/x"};
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 0);
    for (size_t i = 0; i < 5; i++) {
        TAP_REQUIRE(put(1, keys[i], "x") == SLW_OK);
    }
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 5);
    for (size_t i = 0; i < 5; i++) {
        TAP_CHECK(lists(&collected, keys[i]));
    }
    TAP_EQUAL_INT(list_all("metadata/", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 3);
    TAP_EQUAL_INT(list_all("metadata/1", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 2);
    TAP_EQUAL_INT(list_all("targets/a/", &collected), SLW_OK);
    TAP_CHECK(collected.count == 1 && lists(&collected, "targets/a/b/c"));
    TAP_EQUAL_INT(list_all("targets/b/", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 0);
}

static void ends_a_list_when_told(void)
{
    struct collected collected = {.stop_at = 2};
    for (int i = 0; i < 4; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "a/%d", i);
        TAP_REQUIRE(put(1, key, "x") == SLW_OK);
    }
    TAP_EQUAL_INT(place.port->list(place.port->context, "", collect, &collected, &detail),
                  SLW_REVOKED_KEY);
    TAP_EQUAL_INT(collected.count, 2);
}

static void refuses_bad_keys(void)
{
    static const char *const keys[] = {
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "a/.",
        "a\\b",
        "a\nb",
        "a?b",
        "a#b",
        "a:b",
        "a*",
        "\"",
        "<",
        "a\xc3\xa4",
        ".lease",
        "a/.slipway-1.tmp",
        "a\x7f",
        "a|b",
        "a;b",
        "a&b",
        "a'b",
    };
    struct collected collected;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        TAP_ROW(keys[i]);
        TAP_CHECK(is(keys[i], "!bad-name"));
        TAP_EQUAL_INT(put(1, keys[i], "x"), SLW_BAD_NAME);
        TAP_EQUAL_INT(replace(1, keys[i], "x"), SLW_BAD_NAME);
        TAP_EQUAL_INT(drop(1, keys[i]), SLW_BAD_NAME);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_EQUAL_INT(collected.count, 0);
    char longest[SLW_STORAGE_KEY_MAX + 2];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    TAP_EQUAL_INT(put(1, longest, "x"), SLW_BAD_NAME);
    TAP_CHECK(slw_storage_key_is_good(longest + 1));
    TAP_CHECK(slw_storage_key_is_good("..a/...") && slw_storage_key_is_good("a/.lease"));
}

static void fences_the_holder_of_an_older_token(void)
{
    uint64_t first = 0;
    uint64_t second = 0;
    TAP_REQUIRE(take("first", 0, &first) == SLW_OK);
    TAP_EQUAL_INT(put(first, "a/1", "x"), SLW_OK);
    TAP_REQUIRE(take("second", 0, &second) == SLW_OK);
    TAP_CHECK(second > first && first > SLW_STORAGE_NO_LEASE);
    TAP_EQUAL_INT(put(second, "a/2", "x"), SLW_OK);
    TAP_EQUAL_INT(put(first, "a/3", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(put(first, "a/1", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(replace(first, "a/4", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(drop(first, "a/1"), SLW_WRONG_STATE);
    TAP_CHECK(is("a/1", "x"));
    TAP_CHECK(is("a/3", "!not-found"));
    TAP_CHECK(is("a/4", "!not-found"));
}

static void fences_by_the_highest_token_it_saw(void)
{
    uint64_t token = 0;
    TAP_EQUAL_INT(put(7, "a/1", "x"), SLW_OK);
    TAP_EQUAL_INT(put(6, "a/2", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(replace(7, "a/3", "x"), SLW_OK);
    TAP_REQUIRE(take("next", 10, &token) == SLW_OK);
    TAP_EQUAL_INT(token, 8);
    TAP_EQUAL_INT(replace(7, "a/3", "y"), SLW_WRONG_STATE);
    TAP_CHECK(is("a/3", "x"));
}

static void changes_nothing_but_new_objects_without_a_lease(void)
{
    uint64_t token = 0;
    TAP_REQUIRE(take("somebody", 1000, &token) == SLW_OK);
    TAP_EQUAL_INT(put(SLW_STORAGE_NO_LEASE, "targets/a", "x"), SLW_OK);
    TAP_EQUAL_INT(put(SLW_STORAGE_NO_LEASE, "targets/a", "y"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(replace(SLW_STORAGE_NO_LEASE, "targets/b", "x"), SLW_WRONG_STATE);
    TAP_CHECK(said("lease"));
    TAP_EQUAL_INT(drop(SLW_STORAGE_NO_LEASE, "targets/a"), SLW_WRONG_STATE);
    TAP_CHECK(is("targets/a", "x"));
}

static void gives_the_lease_to_one_at_a_time(void)
{
    uint64_t first = 0;
    uint64_t second = 0;
    TAP_REQUIRE(take("publisher on host-1", 1000, &first) == SLW_OK);
    TAP_EQUAL_INT(take("another", 1000, &second), SLW_WRONG_STATE);
    TAP_CHECK(said("publisher on host-1") && said(" until ") && said("Z"));
    TAP_EQUAL_INT(second, 0);
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, first, 1000, &detail), SLW_OK);
    TAP_EQUAL_INT(place.lease->release(place.lease->context, first, &detail), SLW_OK);
    TAP_EQUAL_INT(take("another", 1000, &second), SLW_OK);
    TAP_CHECK(second > first);
}

static void refuses_to_renew_or_release_anothers_lease(void)
{
    uint64_t first = 0;
    uint64_t second = 0;
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, 1, 10, &detail), SLW_WRONG_STATE);
    TAP_REQUIRE(take("first", 0, &first) == SLW_OK);
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, first, 0, &detail), SLW_OK);
    TAP_REQUIRE(take("second", 1000, &second) == SLW_OK);
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, first, 10, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(place.lease->release(place.lease->context, first, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, second + 1, 10, &detail),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(take("third", 10, &first), SLW_WRONG_STATE);
    TAP_EQUAL_INT(place.lease->release(place.lease->context, second, &detail), SLW_OK);
    TAP_EQUAL_INT(place.lease->release(place.lease->context, second, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, second, 10, &detail), SLW_WRONG_STATE);
}

static void refuses_holders_without_a_good_name(void)
{
    uint64_t token = 0;
    char longest[SLW_LEASE_HOLDER_MAX + 2];
    memset(longest, 'h', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    TAP_EQUAL_INT(take("", 10, &token), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(take("two\nlines", 10, &token), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(take(longest, 10, &token), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(token, 0);
    TAP_EQUAL_INT(take(longest + 1, 10, &token), SLW_OK);
    TAP_EQUAL_INT(take("x", 10, &token), SLW_WRONG_STATE);
    TAP_CHECK(said(longest + 1));
}

static void run_over_every_kind(const char *name, void (*function)(void))
{
    char label[128];
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        if (!open_place(in_memory != 0)) {
            (void)fprintf(stderr, "%s\n", detail.text);
            exit(1);
        }
        (void)snprintf(label, sizeof label, "%s_%s", in_memory != 0 ? "memory" : "directory", name);
        tap_run(label, function);
        close_place();
    }
}

#define RUN_OVER_EVERY_KIND(function) run_over_every_kind(#function, function)

/* Memory alone: its clock is the test's. */

static void memory_lends_the_lease_again_when_it_ran_out(void)
{
    uint64_t first = 0;
    uint64_t second = 0;
    TAP_REQUIRE(open_place(true));
    TAP_REQUIRE(take("first", 30, &first) == SLW_OK);
    slw_memory_storage_set_clock(place.memory, 1029);
    TAP_EQUAL_INT(take("second", 30, &second), SLW_WRONG_STATE);
    TAP_EQUAL_INT(place.lease->renew(place.lease->context, first, 30, &detail), SLW_OK);
    slw_memory_storage_set_clock(place.memory, 1030);
    TAP_EQUAL_INT(take("second", 30, &second), SLW_WRONG_STATE);
    slw_memory_storage_set_clock(place.memory, 1059);
    TAP_EQUAL_INT(take("second", 30, &second), SLW_OK);
    TAP_EQUAL_INT(replace(first, "a", "x"), SLW_WRONG_STATE);
    close_place();
}

/* A faulty one. */

static void faulty_fails_the_nth_call_before_or_after_it_is_done(void)
{
    static const struct {
        const char *name;
        enum slw_storage_fault fault;
        bool dead;
        const char *first; /* of three objects, what is there afterwards */
        const char *second;
        const char *third;
    } rows[] = {
        {"before", SLW_STORAGE_FAULT_BEFORE, false, "1", "!not-found", "3"},
        {"after", SLW_STORAGE_FAULT_AFTER, false, "1", "2", "3"},
        {"killed before", SLW_STORAGE_FAULT_BEFORE, true, "1", "!not-found", "!not-found"},
        {"killed after", SLW_STORAGE_FAULT_AFTER, true, "1", "2", "!not-found"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(open_place(true));
        struct slw_faulty_storage faulty;
        const struct slw_storage *inner = place.port;
        slw_faulty_storage_init(inner, &faulty);
        faulty.fail_at = 2;
        faulty.fault = rows[i].fault;
        faulty.dead = rows[i].dead;
        place.port = &faulty.port;
        TAP_EQUAL_INT(put(1, "a", "1"), SLW_OK);
        TAP_EQUAL_INT(replace(1, "b", "2"), SLW_IO);
        TAP_EQUAL_INT(put(1, "c", "3"), rows[i].dead ? SLW_IO : SLW_OK);
        TAP_EQUAL_INT(faulty.calls, 3);
        place.port = inner;
        TAP_CHECK(is("a", rows[i].first));
        TAP_CHECK(is("b", rows[i].second));
        TAP_CHECK(is("c", rows[i].third));
        close_place();
    }
}

static void faulty_fails_every_kind_of_call(void)
{
    TAP_REQUIRE(open_place(true));
    struct slw_faulty_storage faulty;
    struct collected collected;
    uint64_t size = 0;
    uint8_t byte = 0;
    const struct slw_storage *inner = place.port;
    TAP_REQUIRE(put(1, "a", "1") == SLW_OK);
    slw_faulty_storage_init(inner, &faulty);
    place.port = &faulty.port;
    for (int after = 0; after < 2; after++) {
        faulty.calls = 0;
        faulty.fail_at = 1;
        faulty.dead = true;
        faulty.fault = after != 0 ? SLW_STORAGE_FAULT_AFTER : SLW_STORAGE_FAULT_BEFORE;
        TAP_CHECK(is("a", "!io"));
        faulty.calls = 0;
        TAP_EQUAL_INT(put(1, "a", "1"), SLW_IO);
        faulty.calls = 0;
        TAP_EQUAL_INT(replace(1, "b", "1"), SLW_IO);
        faulty.calls = 0;
        TAP_EQUAL_INT(list_all("", &collected), SLW_IO);
        faulty.calls = 0;
        TAP_EQUAL_INT(drop(1, "c"), SLW_IO);
        TAP_CHECK(said("made to fail"));
        faulty.calls = 0;
        TAP_EQUAL_INT(faulty.port.size(faulty.port.context, "a", &size, &detail), SLW_IO);
        faulty.calls = 0;
        TAP_EQUAL_INT(faulty.port.read(faulty.port.context, "a", 0, &byte, 1, &detail), SLW_IO);
        TAP_EQUAL_INT(size, 0);
        TAP_EQUAL_INT(byte, 0);
    }
    faulty.fail_at = 0;
    TAP_EQUAL_INT(faulty.port.size(faulty.port.context, "a", &size, &detail), SLW_OK);
    TAP_EQUAL_INT(faulty.port.read(faulty.port.context, "a", 0, &byte, 1, &detail), SLW_OK);
    TAP_CHECK(size == 1 && byte == '1');
    TAP_CHECK(is("a", "1"));
    TAP_CHECK(is("b", "1"));
    place.port = inner;
    close_place();
}

static void run_promises(void)
{
    RUN_OVER_EVERY_KIND(gives_back_what_was_put);
    RUN_OVER_EVERY_KIND(refuses_to_get_what_is_absent_or_too_large);
    RUN_OVER_EVERY_KIND(reads_parts_of_an_object);
    RUN_OVER_EVERY_KIND(refuses_to_read_what_isnt_there);
    RUN_OVER_EVERY_KIND(copies_an_object_by_its_source);
    RUN_OVER_EVERY_KIND(takes_an_object_once);
    RUN_OVER_EVERY_KIND(leaves_nothing_of_a_put_that_failed);
    RUN_OVER_EVERY_KIND(replaces_a_pointer);
    RUN_OVER_EVERY_KIND(removes);
    RUN_OVER_EVERY_KIND(lists_by_prefix);
    RUN_OVER_EVERY_KIND(ends_a_list_when_told);
    RUN_OVER_EVERY_KIND(refuses_bad_keys);
    RUN_OVER_EVERY_KIND(fences_the_holder_of_an_older_token);
    RUN_OVER_EVERY_KIND(fences_by_the_highest_token_it_saw);
    RUN_OVER_EVERY_KIND(changes_nothing_but_new_objects_without_a_lease);
    RUN_OVER_EVERY_KIND(gives_the_lease_to_one_at_a_time);
    RUN_OVER_EVERY_KIND(refuses_to_renew_or_release_anothers_lease);
    RUN_OVER_EVERY_KIND(refuses_holders_without_a_good_name);
}

int main(void)
{
    if (!begin()) {
        return 1;
    }
    run_promises();
    TAP_RUN(memory_lends_the_lease_again_when_it_ran_out);
    TAP_RUN(faulty_fails_the_nth_call_before_or_after_it_is_done);
    TAP_RUN(faulty_fails_every_kind_of_call);
    return finish();
}
