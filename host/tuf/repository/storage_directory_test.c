/* SPDX-License-Identifier: Apache-2.0 */
/* A repository in a directory: what only files, links and processes can do to it. */
#include "storage_test.h"

#include "slipway/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void isnt_opened_when_it_is_absent_or_a_file(void)
{
    struct slw_directory_storage *storage = NULL;
    char path[160];
    (void)snprintf(path, sizeof path, "%s/absent", top);
    TAP_EQUAL_INT(slw_directory_storage_open(path, false, &storage, &detail), SLW_IO);
    TAP_CHECK(said("absent"));
    TAP_REQUIRE(slw_file_write(path, 0, of_text("x"), &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_directory_storage_open(path, false, &storage, &detail), SLW_IO);
    TAP_EQUAL_INT(slw_directory_storage_open(path, true, &storage, &detail), SLW_IO);
    TAP_CHECK(storage == NULL);
}

static void follows_no_links(void)
{
    char path[160];
    TAP_REQUIRE(open_place(false));
    TAP_REQUIRE(put(1, "a/secret", "x") == SLW_OK);
    (void)snprintf(path, sizeof path, "%s/link", place.path);
    TAP_REQUIRE(symlink("a", path) == 0);
    (void)snprintf(path, sizeof path, "%s/a/file", place.path);
    TAP_REQUIRE(symlink("secret", path) == 0);
    (void)snprintf(path, sizeof path, "%s/a/dangling", place.path);
    TAP_REQUIRE(symlink("/nowhere/at/all", path) == 0);
    struct collected collected;
    TAP_CHECK(is("link/secret", "!io"));
    TAP_CHECK(is("a/file", "!io"));
    TAP_EQUAL_INT(put(1, "link/new", "x"), SLW_IO);
    TAP_EQUAL_INT(put(1, "a/dangling", "x"), SLW_IO);
    TAP_EQUAL_INT(replace(1, "link/new", "x"), SLW_IO);
    TAP_EQUAL_INT(replace(1, "a/file", "y"), SLW_IO);
    TAP_EQUAL_INT(drop(1, "link/secret"), SLW_IO);
    TAP_CHECK(is("a/secret", "x"));
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_CHECK(collected.count == 1 && lists(&collected, "a/secret"));
    close_place();
}

static void reads_regular_files_only(void)
{
    char path[160];
    TAP_REQUIRE(open_place(false));
    (void)snprintf(path, sizeof path, "%s/pipe", place.path);
    TAP_REQUIRE(mkfifo(path, 0600) == 0);
    TAP_CHECK(is("pipe", "!io"));
    TAP_CHECK(said("a pipe"));
    TAP_EQUAL_INT(put(1, "pipe", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(replace(1, "pipe", "x"), SLW_IO);
    close_place();
}

static void hides_what_is_half_written_and_removes_it_when_old(void)
{
    char fresh[160];
    char old[160];
    struct stat about;
    struct collected collected;
    const struct timespec days_ago[2] = {{.tv_sec = time(NULL) - 2 * 86400},
                                         {.tv_sec = time(NULL) - 2 * 86400}};
    TAP_REQUIRE(open_place(false));
    TAP_REQUIRE(put(1, "metadata/x", "x") == SLW_OK);
    (void)snprintf(fresh, sizeof fresh, "%s/metadata/.slipway-1.tmp", place.path);
    (void)snprintf(old, sizeof old, "%s/metadata/.slipway-2.tmp", place.path);
    TAP_REQUIRE(slw_file_write(fresh, 0, of_text("x"), &detail) == SLW_OK);
    TAP_REQUIRE(slw_file_write(old, 0, of_text("x"), &detail) == SLW_OK);
    TAP_REQUIRE(utimensat(AT_FDCWD, old, days_ago, 0) == 0);
    TAP_EQUAL_INT(list_all("", &collected), SLW_OK);
    TAP_CHECK(collected.count == 1 && lists(&collected, "metadata/x"));
    TAP_CHECK(stat(fresh, &about) == 0);
    TAP_CHECK(stat(old, &about) != 0);
    close_place();
}

static void keeps_token_and_lease_when_it_is_opened_again(void)
{
    uint64_t first = 0;
    uint64_t second = 0;
    struct slw_directory_storage *again = NULL;
    TAP_REQUIRE(open_place(false));
    TAP_REQUIRE(take("first process", 1000, &first) == SLW_OK);
    TAP_REQUIRE(slw_directory_storage_open(place.path, false, &again, &detail) == SLW_OK);
    const struct slw_lease *lease = slw_directory_storage_lease(again);
    TAP_EQUAL_INT(lease->acquire(lease->context, "second process", 10, &second, &detail),
                  SLW_WRONG_STATE);
    TAP_CHECK(said("first process"));
    TAP_EQUAL_INT(lease->release(lease->context, first, &detail), SLW_OK);
    TAP_EQUAL_INT(lease->acquire(lease->context, "second process", 10, &second, &detail), SLW_OK);
    TAP_EQUAL_INT(replace(first, "a", "x"), SLW_WRONG_STATE);
    TAP_CHECK(said("second process"));
    slw_directory_storage_close(again);
    close_place();
}

static void refuses_a_lease_file_that_isnt_one(void)
{
    static const char *const texts[] = {
        "x",
        "1",
        "1 2",
        "1 2 h",
        "-1 2 h\n",
        "1 -2 h\n",
        " 1 2 h\n",
        "1 2\n",
        "1 2 h\nmore\n",
        "99999999999999999999999 2 h\n",
        "1 x h\n",
        "1  2 h\n",
        "\n",
        "1 99999999999999999999999 h\n",
    };
    char path[160];
    uint64_t token = 0;
    TAP_REQUIRE(open_place(false));
    (void)snprintf(path, sizeof path, "%s/.lease", place.path);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        TAP_ROW(texts[i]);
        int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        size_t len = strlen(texts[i]);
        TAP_CHECK(file >= 0 && write(file, texts[i], len) == (ssize_t)len && close(file) == 0);
        TAP_EQUAL_INT(take("somebody", 10, &token), SLW_STORED_STATE);
        TAP_EQUAL_INT(put(1, "a", "x"), SLW_STORED_STATE);
        TAP_EQUAL_INT(replace(1, "a", "x"), SLW_STORED_STATE);
        TAP_EQUAL_INT(drop(1, "a"), SLW_STORED_STATE);
    }
    TAP_ROW(NULL);
    TAP_CHECK(said(".lease"));
    close_place();
}

static void makes_files_that_others_may_read(void)
{
    struct stat about;
    char path[160];
    TAP_REQUIRE(open_place(false));
    mode_t mask = umask(022);
    TAP_EQUAL_INT(put(1, "metadata/1.root.json", "x"), SLW_OK);
    TAP_EQUAL_INT(replace(1, "metadata/timestamp.json", "x"), SLW_OK);
    (void)umask(mask);
    (void)snprintf(path, sizeof path, "%s/metadata/1.root.json", place.path);
    TAP_CHECK(stat(path, &about) == 0 && (about.st_mode & 0777) == 0644);
    (void)snprintf(path, sizeof path, "%s/metadata/timestamp.json", place.path);
    TAP_CHECK(stat(path, &about) == 0 && (about.st_mode & 0777) == 0644);
    close_place();
}

/* A process that stands still inside its change keeps others from taking its lease until it moved
 * on or died; then its token is worth nothing. */
static void outlives_a_process_killed_while_it_changes_something(void)
{
    uint64_t token = 0;
    int ready[2];
    char byte = 0;
    TAP_REQUIRE(open_place(false));
    TAP_REQUIRE(take("victim", 0, &token) == SLW_OK);
    TAP_REQUIRE(pipe(ready) == 0);
    pid_t child = fork();
    if (child == 0) {
        /* As inside a change: the lock is shared, and nothing more happens. */
        char path[160];
        (void)snprintf(path, sizeof path, "%s/.lease", place.path);
        int file = open(path, O_RDWR | O_CLOEXEC);
        bool locked = file >= 0 && flock(file, LOCK_SH) == 0;
        bool told = write(ready[1], locked ? "y" : "n", 1) == 1;
        while (told) {
            (void)pause();
        }
        _exit(1);
    }
    TAP_REQUIRE(child > 0);
    TAP_CHECK(read(ready[0], &byte, 1) == 1 && byte == 'y');
    TAP_EQUAL_INT(put(token, "a/1", "x"), SLW_OK); /* shared with ours */
    TAP_CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    uint64_t next = 0;
    TAP_EQUAL_INT(take("next", 10, &next), SLW_OK);
    TAP_EQUAL_INT(put(token, "a/2", "x"), SLW_WRONG_STATE);
    close(ready[0]);
    close(ready[1]);
    close_place();
}

#define RACERS 8
#define RACES 25

/* Each racer takes the lease again and again, and adds 1 to a number while it has it. */
static void race(const char *path)
{
    struct slw_directory_storage *storage = NULL;
    if (slw_directory_storage_open(path, false, &storage, &detail) != SLW_OK) {
        _exit(1);
    }
    const struct slw_storage *port = slw_directory_storage_port(storage);
    const struct slw_lease *lease = slw_directory_storage_lease(storage);
    for (int won = 0; won < RACES;) {
        uint64_t token = 0;
        struct slw_heap_buffer number = {0};
        char text[32];
        if (lease->acquire(lease->context, "racer", 1000, &token, &detail) != SLW_OK) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            continue;
        }
        if (port->get(port->context, "n", 100, &number, &detail) != SLW_OK) {
            _exit(2);
        }
        (void)snprintf(text, sizeof text, "%ld", strtol(slw_heap_text(&number), NULL, 10) + 1);
        slw_heap_free(&number);
        /* Removed and put again: replace_pointer() would flush the file system each time. */
        struct slw_memory_source source;
        slw_memory_source_init(&source, of_text(text));
        if (port->remove(port->context, token, "n", &detail) != SLW_OK ||
            port->put_immutable(port->context, token, "n", &source.source, &detail) != SLW_OK ||
            lease->release(lease->context, token, &detail) != SLW_OK) {
            _exit(3);
        }
        won++;
    }
    _exit(0);
}

static void lets_one_of_many_processes_write_at_a_time(void)
{
    pid_t children[RACERS];
    TAP_REQUIRE(open_place(false));
    TAP_REQUIRE(put(SLW_STORAGE_NO_LEASE, "n", "0") == SLW_OK);
    for (int i = 0; i < RACERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            race(place.path);
        }
        TAP_REQUIRE(children[i] > 0);
    }
    for (int i = 0; i < RACERS; i++) {
        int ended = 0;
        TAP_CHECK(waitpid(children[i], &ended, 0) == children[i]);
        TAP_CHECK(WIFEXITED(ended));
        TAP_EQUAL_INT(WEXITSTATUS(ended), 0);
    }
    char expected[16];
    (void)snprintf(expected, sizeof expected, "%d", RACERS * RACES);
    TAP_CHECK(is("n", expected));
    close_place();
}

int main(void)
{
    if (!begin()) {
        return 1;
    }
    TAP_RUN(isnt_opened_when_it_is_absent_or_a_file);
    TAP_RUN(follows_no_links);
    TAP_RUN(reads_regular_files_only);
    TAP_RUN(hides_what_is_half_written_and_removes_it_when_old);
    TAP_RUN(keeps_token_and_lease_when_it_is_opened_again);
    TAP_RUN(refuses_a_lease_file_that_isnt_one);
    TAP_RUN(makes_files_that_others_may_read);
    TAP_RUN(outlives_a_process_killed_while_it_changes_something);
    TAP_RUN(lets_one_of_many_processes_write_at_a_time);
    return finish();
}
