/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two writers. One is stopped before each of its storage calls in turn, as by SIGSTOP or a
 * suspended machine, for longer than its lease lasts; the other one publishes meanwhile; then the
 * first goes on. It must change nothing any more, and clients must never see less than before.
 */
#include "test_acts.h"
#include "test_refresh.h"

#include "tap.h"

#include <stdio.h>

/* Lets something happen before a call of a storage. */
static struct {
    const struct slw_storage *inner;
    struct slw_storage port;
    uint64_t calls;
    uint64_t stop_at; /* 0: never */
    void (*meanwhile)(void);
} stopping;

static void count_call(void)
{
    stopping.calls++;
    if (stopping.stop_at != 0 && stopping.calls == stopping.stop_at) {
        stopping.meanwhile();
    }
}

static enum slw_status get(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->get(stopping.inner->context, key, limit, ret_bytes, detail);
}

static enum slw_status put_immutable(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->put_immutable(stopping.inner->context, token, key, source, detail);
}

static enum slw_status replace_pointer(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->replace_pointer(stopping.inner->context, token, key, bytes, detail);
}

static enum slw_status list(void *context, const char *prefix,
                            enum slw_status (*each)(void *each_context, const char *key),
                            void *each_context, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->list(stopping.inner->context, prefix, each, each_context, detail);
}

static enum slw_status remove_object(void *context, uint64_t token, const char *key,
                                     struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->remove(stopping.inner->context, token, key, detail);
}

static enum slw_status size(void *context, const char *key, uint64_t *ret_size,
                            struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->size(stopping.inner->context, key, ret_size, detail);
}

static enum slw_status read_part(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                 size_t len, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return stopping.inner->read(stopping.inner->context, key, offset, buffer, len, detail);
}

static enum slw_status other_status; /* of the other writer's publish */
static const char *other_role;

/* The other writer: an object of its own, as in another process, over the storage itself. */
static void publish_meanwhile(void)
{
    struct slw_tuf_writer_options options = test.options;
    struct slw_tuf_writer *other = NULL;
    struct slw_tuf_published published;
    struct slw_detail detail;
    struct slw_memory_source source;
    options.storage = stopping.inner;
    options.holder = "the other one";
    test_pass(SLW_TUF_LEASE_S + 1);
    slw_memory_source_init(&source, SLW_BYTES_OF("other"));
    other_status = slw_tuf_writer_open(&options, &other, &detail);
    if (other_status == SLW_OK) {
        other_status =
            slw_tuf_writer_add_file(other, test_bytes(other_role), SLW_BYTES_OF("team/other"),
                                    slw_bytes_make(NULL, 0), &source.source, &detail);
    }
    if (other_status == SLW_OK) {
        other_status = slw_tuf_writer_publish(other, &published, &detail);
    }
    if (other_status != SLW_OK) {
        (void)printf("# the other one: %s: %s\n", slw_status_word(other_status), detail.text);
    }
    slw_tuf_writer_close(other);
}

static void stop_at(uint64_t call)
{
    stopping.inner = slw_memory_storage_port(test.memory);
    stopping.port = (struct slw_storage){
        &stopping, get, put_immutable, replace_pointer, list, remove_object, size, read_part,
    };
    stopping.calls = 0;
    stopping.stop_at = call;
    stopping.meanwhile = publish_meanwhile;
    other_status = SLW_OK;
    test_new_process();
    test.options.storage = &stopping.port;
}

static bool look(const struct slw_heap_buffer *root, char *state)
{
    struct test_moment now;
    struct test_fetch fetch;
    test_moment_take(&now);
    test_fetch_init(&now, &fetch);
    bool good = test_client_trust("fresh", slw_heap_bytes(root)) &&
                test_client_refresh("fresh", &fetch, state) == SLW_OK &&
                test_client_refresh("follows", &fetch, state) == SLW_OK;
    if (!good) {
        (void)printf("# a client: %s\n", test_detail.text);
    }
    test_moment_free(&now);
    return good;
}

/* One run: the first writer is stopped before one of its calls. True when it had fewer. */
static bool run_once(const struct test_moment *before, uint64_t call, const char *role)
{
    char state[TEST_STATE_SIZE];
    const struct slw_heap_buffer *root = test_moment_find(before, "metadata/1.root.json");
    if (!TAP_CHECK(test_moment_restore(before) && root != NULL)) {
        return true;
    }
    (void)TAP_CHECK(test_client_trust("follows", slw_heap_bytes(root)) && look(root, state));
    stop_at(call);
    enum slw_status status = test_add(role, "team/first", "first");
    if (status == SLW_OK) {
        status = test_publish();
    }
    bool was_stopped = stopping.calls >= call;
    stopping.stop_at = 0;
    (void)TAP_CHECK(other_status == SLW_OK);
    (void)TAP_CHECK(status == SLW_OK || (was_stopped && status == SLW_WRONG_STATE));
    (void)TAP_CHECK(look(root, state));
    (void)TAP_CHECK(!was_stopped || strstr(state, "team/other") != NULL);
    (void)TAP_CHECK(status != SLW_OK || strstr(state, "team/first") != NULL);
    /* It tries again, once the other is through; in the same process, and with what it has. */
    (void)TAP_CHECK(test_add(role, "team/first", "first") == SLW_OK && test_publish() == SLW_OK);
    (void)TAP_CHECK(test.published.pending == 0);
    (void)TAP_CHECK(look(root, state) && strstr(state, "team/first") != NULL);
    (void)TAP_CHECK(!was_stopped || strstr(state, "team/other") != NULL);
    return !was_stopped;
}

static void run_all(const char *role, bool (*set_up)(void))
{
    struct test_moment before;
    other_role = role;
    TAP_REQUIRE(test_open() && set_up());
    test_moment_take(&before);
    bool ended = false;
    for (uint64_t call = 1; !ended; call++) {
        char row[32];
        (void)snprintf(row, sizeof row, "call %llu", (unsigned long long)call);
        TAP_ROW(row);
        ended = run_once(&before, call, role);
        TAP_REQUIRE(call < 200);
    }
    TAP_ROW(NULL);
    test_moment_free(&before);
    test_close();
}

static void a_writer_that_slept_changes_nothing_any_more_in_a_role(void)
{
    run_all("team", test_set_up_with_team);
}

static void a_writer_that_slept_changes_nothing_any_more_in_bins(void)
{
    run_all("targets", test_set_up_with_bins);
}

static void a_writer_sees_what_another_published(void)
{
    struct slw_tuf_writer *first = NULL;
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    first = test.writer;
    test.writer = NULL;
    TAP_REQUIRE(test_add("team", "team/other", "other") == SLW_OK && test_publish() == SLW_OK);
    test_new_process();
    test.writer = first;
    TAP_REQUIRE(test_add("team", "team/first", "first") == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    const struct slw_tuf_writer_role *team = slw_tuf_writer_find(test.writer, SLW_BYTES_OF("team"));
    TAP_EQUAL_INT(slw_tuf_model_targets_count(team->published->model), 3);
    TAP_EQUAL_INT(team->published->version, 3);
    test_close();
}

int main(void)
{
    if (!test_clients_begin()) {
        return 1;
    }
    TAP_RUN(a_writer_that_slept_changes_nothing_any_more_in_a_role);
    TAP_RUN(a_writer_that_slept_changes_nothing_any_more_in_bins);
    TAP_RUN(a_writer_sees_what_another_published);
    test_clients_end();
    return tap_finish();
}
