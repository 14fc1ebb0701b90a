/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing files: what may be read, and that outputs are whole or absent. */
#include "slipway/files.h"

#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/slipway-files-test-XXXXXX";
static struct slw_detail detail;

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

static int entries_in_directory(void)
{
    DIR *stream = opendir(".");
    int count = 0;
    while (stream != NULL && readdir(stream) != NULL) {
        count++;
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return count - 2; /* . and .. */
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? about.st_mode & 0777 : 0;
}

static bool holds(const char *path, const char *text)
{
    struct slw_heap_buffer bytes = {0};
    bool same = slw_file_read(path, 1000, &bytes, &detail) == SLW_OK &&
                strcmp(slw_heap_text(&bytes), text) == 0;
    slw_heap_free(&bytes);
    return same;
}

static enum slw_status write_text(const char *path, unsigned flags, const char *text)
{
    return slw_file_write(path, flags, slw_bytes_make(text, strlen(text)), &detail);
}

static void reads_up_to_the_limit_and_not_beyond(void)
{
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(write_text("ten", 0, "0123456789"), SLW_OK);
    TAP_EQUAL_INT(slw_file_read("ten", 10, &bytes, &detail), SLW_OK);
    TAP_EQUAL_INT(bytes.len, 10);
    slw_heap_free(&bytes);
    TAP_EQUAL_INT(slw_file_read("ten", 9, &bytes, &detail), SLW_TOO_LARGE);
    TAP_CHECK(said("ten: more than 9 bytes"));
    TAP_CHECK(bytes.ptr == NULL && bytes.len == 0);
    TAP_EQUAL_INT(slw_file_read("/dev/zero", 100000, &bytes, &detail), SLW_TOO_LARGE);
    TAP_CHECK(bytes.ptr == NULL);
    TAP_EQUAL_INT(slw_file_read("ten", 10, &bytes, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_file_read("/dev/zero", 100000, &bytes, &detail), SLW_TOO_LARGE);
    TAP_EQUAL_INT(bytes.len, 10);
    slw_heap_free(&bytes);
    unlink("ten");
}

static void says_why_a_file_cannot_be_read(void)
{
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(slw_file_read("absent", 10, &bytes, &detail), SLW_IO);
    TAP_CHECK(said("absent: No such file"));
    TAP_EQUAL_INT(slw_file_read(".", 10, &bytes, &detail), SLW_IO);
    TAP_CHECK(said("Is a directory"));
    slw_heap_free(&bytes);
}

static void sources_are_regular_files_only(void)
{
    struct slw_file_source file;
    TAP_EQUAL_INT(slw_file_source_open(".", &file, &detail), SLW_IO);
    TAP_CHECK(said(".: is a directory, not a regular file"));
    TAP_EQUAL_INT(slw_file_source_open("/dev/null", &file, &detail), SLW_IO);
    TAP_CHECK(said("is a device"));
    TAP_REQUIRE(mkfifo("pipe", 0600) == 0);
    TAP_EQUAL_INT(slw_file_source_open("pipe", &file, &detail), SLW_IO);
    TAP_CHECK(said("pipe: is a pipe"));
    unlink("pipe");
}

static void a_source_reads_beyond_4_gib(void)
{
    struct slw_file_source file;
    uint8_t bytes[4] = {1, 1, 1, 1};
    int descriptor = open("big", O_RDWR | O_CREAT, 0600);
    TAP_REQUIRE(descriptor >= 0);
    TAP_REQUIRE(pwrite(descriptor, "end", 3, 5000000000) == 3);
    close(descriptor);
    TAP_REQUIRE(slw_file_source_open("big", &file, &detail) == SLW_OK);
    TAP_CHECK(file.source.size == 5000000003u);
    TAP_EQUAL_INT(file.source.read(file.source.context, 4999999999u, bytes, 4), SLW_OK);
    TAP_EQUAL_BYTES(bytes, "\0end", 4);
    TAP_EQUAL_INT(slw_file_source_check_unchanged(&file, &detail), SLW_OK);
    TAP_REQUIRE(truncate("big", 5) == 0);
    TAP_EQUAL_INT(file.source.read(file.source.context, 4, bytes, 4), SLW_IO);
    TAP_EQUAL_INT(slw_file_source_check_unchanged(&file, &detail), SLW_IO);
    TAP_CHECK(said("big: changed while it was being read"));
    slw_file_source_close(&file);
    unlink("big");
}

static void never_replaces_unless_told(void)
{
    static const unsigned kinds[] = {0, SLW_OUTPUT_NAMED};
    for (size_t i = 0; i < 2; i++) {
        TAP_EQUAL_INT(write_text("out", kinds[i], "first"), SLW_OK);
        TAP_EQUAL_INT(write_text("out", kinds[i], "second"), SLW_IO);
        TAP_CHECK(said("out: exists already"));
        TAP_CHECK(holds("out", "first"));
        TAP_EQUAL_INT(write_text("out", kinds[i] | SLW_OUTPUT_REPLACE, "third"), SLW_OK);
        TAP_CHECK(holds("out", "third"));
        TAP_EQUAL_INT(entries_in_directory(), 1);
        unlink("out");
    }
}

static void a_name_taken_while_writing_is_not_replaced(void)
{
    static const unsigned kinds[] = {0, SLW_OUTPUT_NAMED};
    for (size_t i = 0; i < 2; i++) {
        struct slw_output output;
        TAP_REQUIRE(slw_output_open("out", kinds[i], &output, &detail) == SLW_OK);
        TAP_REQUIRE(write_text("out", 0, "theirs") == SLW_OK);
        TAP_EQUAL_INT(slw_output_write(&output, SLW_BYTES_OF("ours"), &detail), SLW_OK);
        TAP_EQUAL_INT(slw_output_commit(&output, &detail), SLW_IO);
        TAP_CHECK(said("exists already"));
        slw_output_discard(&output);
        TAP_CHECK(holds("out", "theirs"));
        TAP_EQUAL_INT(entries_in_directory(), 1);
        unlink("out");
    }
}

static void what_is_not_committed_leaves_nothing(void)
{
    static const unsigned kinds[] = {0, SLW_OUTPUT_NAMED};
    for (size_t i = 0; i < 2; i++) {
        struct slw_output output;
        TAP_REQUIRE(slw_output_open("out", kinds[i], &output, &detail) == SLW_OK);
        TAP_EQUAL_INT(slw_output_write(&output, SLW_BYTES_OF("half"), &detail), SLW_OK);
        slw_output_discard(&output);
        slw_output_discard(&output);
        TAP_EQUAL_INT(entries_in_directory(), 0);
    }
}

static void modes_are_private_kept_or_usual(void)
{
    umask(022);
    TAP_EQUAL_INT(write_text("secret", SLW_OUTPUT_PRIVATE, "x"), SLW_OK);
    TAP_EQUAL_INT(mode_of("secret"), 0600);
    TAP_EQUAL_INT(write_text("plain", 0, "x"), SLW_OK);
    TAP_EQUAL_INT(mode_of("plain"), 0644);
    TAP_REQUIRE(chmod("plain", 0640) == 0);
    TAP_EQUAL_INT(write_text("plain", SLW_OUTPUT_REPLACE, "y"), SLW_OK);
    TAP_EQUAL_INT(mode_of("plain"), 0640);
    TAP_EQUAL_INT(write_text("plain", SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE, "y"), SLW_OK);
    TAP_EQUAL_INT(mode_of("plain"), 0600);
    unlink("secret");
    unlink("plain");
}

static void only_regular_files_are_replaced(void)
{
    TAP_EQUAL_INT(write_text("/dev/null", SLW_OUTPUT_REPLACE, "x"), SLW_IO);
    TAP_CHECK(said("/dev/null: is a device, not a regular file"));
    TAP_REQUIRE(mkdir("folder", 0700) == 0);
    TAP_EQUAL_INT(write_text("folder", SLW_OUTPUT_REPLACE, "x"), SLW_IO);
    TAP_CHECK(said("is a directory"));
    TAP_EQUAL_INT(write_text("folder/", 0, "x"), SLW_IO);
    TAP_EQUAL_INT(write_text("absent/out", 0, "x"), SLW_IO);
    TAP_CHECK(said("absent/: No such file"));
    rmdir("folder");
}

static void a_link_is_followed_when_replacing(void)
{
    TAP_REQUIRE(write_text("real", 0, "old") == SLW_OK);
    TAP_REQUIRE(symlink("real", "link") == 0);
    TAP_EQUAL_INT(write_text("link", 0, "new"), SLW_IO);
    TAP_EQUAL_INT(write_text("link", SLW_OUTPUT_REPLACE, "new"), SLW_OK);
    TAP_CHECK(holds("real", "new"));
    struct stat about;
    TAP_CHECK(lstat("link", &about) == 0 && S_ISLNK(about.st_mode));
    unlink("link");
    unlink("real");
}

static enum slw_status write_below(const char *name, unsigned flags)
{
    struct slw_output output;
    SLW_TRY(slw_output_open_below("folder", slw_bytes_make(name, strlen(name)), flags, &output,
                                  &detail));
    enum slw_status status = slw_output_write(&output, SLW_BYTES_OF("x"), &detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, &detail);
    }
    slw_output_discard(&output);
    return status;
}

static void names_below_a_directory_stay_there(void)
{
    TAP_REQUIRE(mkdir("folder", 0700) == 0);
    TAP_EQUAL_INT(write_below("a/b/c", 0), SLW_OK);
    TAP_CHECK(holds("folder/a/b/c", "x"));
    TAP_EQUAL_INT(write_below("a/b/c", 0), SLW_IO);
    TAP_CHECK(said("folder/a/b/c: exists already"));
    TAP_EQUAL_INT(write_below("a/b/c", SLW_OUTPUT_REPLACE), SLW_OK);
    TAP_EQUAL_INT(write_below("a/b", SLW_OUTPUT_REPLACE), SLW_IO);
    TAP_REQUIRE(symlink("..", "folder/up") == 0 && symlink("../out", "folder/link") == 0);
    TAP_EQUAL_INT(write_below("up/out", 0), SLW_IO);
    TAP_EQUAL_INT(write_below("link", SLW_OUTPUT_REPLACE), SLW_IO);
    TAP_CHECK(said("is a symbolic link"));
    TAP_CHECK(!holds("out", "x"));
    unlink("folder/up");
    unlink("folder/link");
    unlink("folder/a/b/c");
    TAP_CHECK(rmdir("folder/a/b") == 0 && rmdir("folder/a") == 0 && rmdir("folder") == 0);
}

static void writes_at_a_place_again(void)
{
    struct slw_output output;
    TAP_REQUIRE(slw_output_open("out", 0, &output, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_output_write(&output, SLW_BYTES_OF("....rest"), &detail), SLW_OK);
    TAP_EQUAL_INT(slw_output_write_at(&output, 0, SLW_BYTES_OF("head"), &detail), SLW_OK);
    TAP_EQUAL_INT(slw_output_write(&output, SLW_BYTES_OF("!"), &detail), SLW_OK);
    TAP_EQUAL_INT(slw_output_commit(&output, &detail), SLW_OK);
    TAP_CHECK(holds("out", "headrest!"));
    unlink("out");
}

/* A child that is ended by a signal while it writes: nothing half-written remains. */
static int end_child_while_writing(unsigned flags, int number)
{
    int ready[2];
    int status = 0;
    if (pipe(ready) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        const struct sigaction as_usual = {.sa_handler = SIG_DFL};
        struct slw_output output;
        (void)sigaction(number, &as_usual, NULL); /* `nohup make check` ignores one of them */
        if (slw_output_open("out", flags, &output, &detail) == SLW_OK &&
            slw_output_write(&output, SLW_BYTES_OF("half"), &detail) == SLW_OK) {
            (void)!write(ready[1], "r", 1);
            pause();
        }
        _exit(99);
    }
    char byte;
    close(ready[1]);
    if (read(ready[0], &byte, 1) == 1) {
        kill(child, number);
    }
    close(ready[0]);
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static void signals_leave_nothing_half_written(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        TAP_EQUAL_INT(end_child_while_writing(0, signals[i]), signals[i]);
        TAP_EQUAL_INT(end_child_while_writing(SLW_OUTPUT_NAMED, signals[i]), signals[i]);
        TAP_EQUAL_INT(entries_in_directory(), 0);
    }
    TAP_EQUAL_INT(end_child_while_writing(0, SIGKILL), SIGKILL);
    TAP_EQUAL_INT(entries_in_directory(), 0);
}

int main(void)
{
    if (mkdtemp(directory) == NULL || chdir(directory) != 0) {
        return 1;
    }
    TAP_RUN(reads_up_to_the_limit_and_not_beyond);
    TAP_RUN(says_why_a_file_cannot_be_read);
    TAP_RUN(sources_are_regular_files_only);
    TAP_RUN(a_source_reads_beyond_4_gib);
    TAP_RUN(never_replaces_unless_told);
    TAP_RUN(a_name_taken_while_writing_is_not_replaced);
    TAP_RUN(what_is_not_committed_leaves_nothing);
    TAP_RUN(modes_are_private_kept_or_usual);
    TAP_RUN(only_regular_files_are_replaced);
    TAP_RUN(a_link_is_followed_when_replacing);
    TAP_RUN(names_below_a_directory_stay_there);
    TAP_RUN(writes_at_a_place_again);
    TAP_RUN(signals_leave_nothing_half_written);
    int result = tap_finish();
    return chdir("/") == 0 && rmdir(directory) == 0 ? result : 1;
}
