/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers as processes, over a repository on the disk: killed before each of their storage calls,
 * and at any time; stopped in the middle while another one publishes. A client that fetches from
 * the directory goes along.
 */
#include "test_acts.h"
#include "test_refresh.h"

#include "slipway/files.h"

#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[128]; /* of the repository */

/* What a child does before the call that it was told. */
static struct {
    const struct slw_storage *inner;
    struct slw_storage port;
    uint64_t calls;
    uint64_t act_at; /* 0: never */
    int signal;
} child;

static void count_call(void)
{
    if (++child.calls == child.act_at) {
        (void)raise(child.signal);
    }
}

static enum slw_status get(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->get(child.inner->context, key, limit, ret_bytes, detail);
}

static enum slw_status put_immutable(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->put_immutable(child.inner->context, token, key, source, detail);
}

static enum slw_status replace_pointer(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->replace_pointer(child.inner->context, token, key, bytes, detail);
}

static enum slw_status list(void *context, const char *prefix,
                            enum slw_status (*each)(void *each_context, const char *key),
                            void *each_context, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->list(child.inner->context, prefix, each, each_context, detail);
}

static enum slw_status remove_object(void *context, uint64_t token, const char *key,
                                     struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->remove(child.inner->context, token, key, detail);
}

static enum slw_status size(void *context, const char *key, uint64_t *ret_size,
                            struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->size(child.inner->context, key, ret_size, detail);
}

static enum slw_status read_part(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                 size_t len, struct slw_detail *detail)
{
    (void)context;
    count_call();
    return child.inner->read(child.inner->context, key, offset, buffer, len, detail);
}

/* The whole work of one process: to add a target to the team, and publish. */
static enum slw_status add_and_publish(const char *path, struct slw_detail *detail)
{
    struct slw_directory_storage *storage = NULL;
    struct slw_tuf_writer *writer = NULL;
    struct slw_tuf_published published;
    struct slw_memory_source source;
    SLW_TRY(slw_directory_storage_open(directory, false, &storage, detail));
    child.inner = slw_directory_storage_port(storage);
    child.port = (struct slw_storage){
        &child, get, put_immutable, replace_pointer, list, remove_object, size, read_part,
    };
    struct slw_tuf_writer_options options = test.options;
    options.storage = &child.port;
    options.lease = slw_directory_storage_lease(storage);
    slw_memory_source_init(&source, test_bytes(path));
    enum slw_status status = slw_tuf_writer_open(&options, &writer, detail);
    if (status == SLW_OK) {
        status = slw_tuf_writer_add_file(writer, SLW_BYTES_OF("team"), test_bytes(path),
                                         slw_bytes_make(NULL, 0), &source.source, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_writer_publish(writer, &published, detail);
    }
    slw_tuf_writer_close(writer);
    slw_directory_storage_close(storage);
    return status;
}

/* Exit codes of a child. */
enum { DONE = 0, LOST_THE_LEASE = 3, FAILED = 4 };

static pid_t start(const char *path, uint64_t act_at, int signal_number)
{
    pid_t process = fork();
    if (process == 0) {
        child.calls = 0;
        child.act_at = act_at;
        child.signal = signal_number;
        enum slw_status status = add_and_publish(path, &test_detail);
        if (status != SLW_OK && status != SLW_WRONG_STATE) {
            (void)fprintf(stderr, "# child: %s\n", test_detail.text);
        }
        _exit(status == SLW_OK ? DONE : status == SLW_WRONG_STATE ? LOST_THE_LEASE : FAILED);
    }
    return process;
}

/* As if its time were over: TOKEN 0, held by nobody. */
static bool end_lease(void)
{
    char path[160];
    struct slw_heap_buffer text = {0};
    (void)snprintf(path, sizeof path, "%s/.lease", directory);
    bool good = slw_file_read(path, 1000, &text, &test_detail) == SLW_OK;
    long token = strtol(slw_heap_text(&text), NULL, 10);
    slw_heap_free(&text);
    slw_heap_printf(&text, "%ld 0 \n", token);
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    good = good && file >= 0 && write(file, text.ptr, text.len) == (ssize_t)text.len;
    if (file >= 0) {
        close(file);
    }
    slw_heap_free(&text);
    return good;
}

/* The client sees all of this, and everything that it saw before. */
static bool client_sees(const char *path)
{
    static char before[TEST_STATE_SIZE];
    char state[TEST_STATE_SIZE];
    struct slw_directory_fetcher *fetcher = NULL;
    if (slw_directory_fetcher_new(directory, &fetcher, &test_detail) != SLW_OK) {
        return false;
    }
    enum slw_status status =
        test_client_refresh_from("follows", slw_directory_fetcher_port(fetcher), state);
    slw_directory_fetcher_free(fetcher);
    bool good = status == SLW_OK && strlen(state) >= strlen(before) &&
                (path == NULL || strstr(state, path) != NULL);
    if (!good) {
        (void)printf("# client: %s, %s\n# %s", slw_status_word(status), test_detail.text, state);
    }
    (void)snprintf(before, sizeof before, "%s", good ? state : "");
    return good;
}

/* Everything that the repository in memory has, in a directory. */
static bool set_up(void)
{
    struct test_moment moment;
    struct slw_directory_storage *storage = NULL;
    if (!test_open() || !test_set_up_with_team()) {
        return false;
    }
    test_moment_take(&moment);
    if (slw_directory_storage_open(directory, true, &storage, &test_detail) != SLW_OK) {
        return false;
    }
    const struct slw_storage *port = slw_directory_storage_port(storage);
    bool good = true;
    for (size_t i = 0; good && i < moment.count; i++) {
        struct slw_memory_source source;
        slw_memory_source_init(&source, slw_heap_bytes(&moment.objects[i].bytes));
        good = port->put_immutable(port->context, SLW_STORAGE_NO_LEASE, moment.objects[i].key,
                                   &source.source, &test_detail) == SLW_OK;
    }
    const struct slw_heap_buffer *root = test_moment_find(&moment, "metadata/1.root.json");
    good = good && root != NULL && test_client_trust("follows", slw_heap_bytes(root)) &&
           client_sees("team/x");
    slw_directory_storage_close(storage);
    test_moment_free(&moment);
    return good;
}

static int end_of(pid_t process)
{
    int ended = 0;
    return waitpid(process, &ended, 0) == process && WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
}

static void a_process_that_is_killed_before_any_of_its_calls_leaves_nothing_broken(void)
{
    for (uint64_t at = 1; at < 100; at++) {
        char path[32];
        int ended = 0;
        (void)snprintf(path, sizeof path, "team/killed-%llu", (unsigned long long)at);
        TAP_ROW(path);
        pid_t process = start(path, at, SIGKILL);
        TAP_REQUIRE(process > 0 && waitpid(process, &ended, 0) == process);
        TAP_CHECK(client_sees(NULL));
        if (WIFEXITED(ended)) { /* it had fewer calls */
            TAP_EQUAL_INT(WEXITSTATUS(ended), DONE);
            TAP_CHECK(at > 15 && client_sees(path));
            TAP_ROW(NULL);
            return;
        }
        TAP_REQUIRE(end_lease());
        TAP_EQUAL_INT(end_of(start(path, 0, 0)), DONE);
        TAP_CHECK(client_sees(path));
    }
    TAP_CHECK(client_sees("it ended"));
}

static void a_process_that_is_killed_at_any_time_leaves_nothing_broken(void)
{
    for (unsigned i = 0; i < 12; i++) {
        char path[32];
        const struct timespec wait = {.tv_nsec = (long)i * 1500000};
        (void)snprintf(path, sizeof path, "team/timed-%u", i);
        TAP_ROW(path);
        pid_t process = start(path, 0, 0);
        TAP_REQUIRE(process > 0);
        (void)nanosleep(&wait, NULL);
        TAP_CHECK(kill(process, SIGKILL) == 0 && waitpid(process, NULL, 0) == process);
        TAP_CHECK(client_sees(NULL));
        TAP_REQUIRE(end_lease());
        TAP_EQUAL_INT(end_of(start(path, 0, 0)), DONE);
        TAP_CHECK(client_sees(path));
    }
    TAP_ROW(NULL);
}

static void a_process_that_was_stopped_changes_nothing_after_its_lease(void)
{
    unsigned lost = 0;
    for (uint64_t at = 1; at < 100; at++) {
        char path[32];
        char other[32];
        int ended = 0;
        (void)snprintf(path, sizeof path, "team/stopped-%llu", (unsigned long long)at);
        (void)snprintf(other, sizeof other, "team/other-%llu", (unsigned long long)at);
        TAP_ROW(path);
        pid_t process = start(path, at, SIGSTOP);
        TAP_REQUIRE(process > 0 && waitpid(process, &ended, WUNTRACED) == process);
        if (WIFEXITED(ended)) {
            TAP_EQUAL_INT(WEXITSTATUS(ended), DONE);
            break;
        }
        TAP_REQUIRE(WIFSTOPPED(ended) && end_lease());
        TAP_EQUAL_INT(end_of(start(other, 0, 0)), DONE);
        TAP_CHECK(client_sees(other));
        TAP_CHECK(kill(process, SIGCONT) == 0);
        int code = end_of(process);
        TAP_CHECK(code == DONE || code == LOST_THE_LEASE);
        lost += code == LOST_THE_LEASE ? 1 : 0;
        TAP_CHECK(client_sees(code == DONE ? path : other));
    }
    TAP_ROW(NULL);
    TAP_CHECK(lost > 5);
}

static void one_of_many_processes_publishes_at_a_time(void)
{
    pid_t processes[6];
    char path[32];
    int done = 0;
    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(path, sizeof path, "team/many-%u", i);
        processes[i] = start(path, 0, 0);
        TAP_REQUIRE(processes[i] > 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        int code = end_of(processes[i]);
        (void)snprintf(path, sizeof path, "team/many-%u", i);
        TAP_CHECK(code == DONE || code == LOST_THE_LEASE);
        TAP_CHECK(client_sees(code == DONE ? path : NULL));
        done += code == DONE ? 1 : 0;
    }
    TAP_CHECK(done >= 1);
}

int main(void)
{
    if (!test_clients_begin()) {
        return 1;
    }
    test_clients_path("repository", directory);
    if (!set_up()) {
        (void)printf("Bail out! %s\n", test_detail.text);
        test_clients_end();
        return 1;
    }
    TAP_RUN(a_process_that_is_killed_before_any_of_its_calls_leaves_nothing_broken);
    TAP_RUN(a_process_that_is_killed_at_any_time_leaves_nothing_broken);
    TAP_RUN(a_process_that_was_stopped_changes_nothing_after_its_lease);
    TAP_RUN(one_of_many_processes_publishes_at_a_time);
    test_close();
    test_clients_end();
    return tap_finish();
}
