/* SPDX-License-Identifier: Apache-2.0 */
/* Offline media, and file: URLs: nothing outside, nothing but files, nothing over the limit. */
/* For O_PATH. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "directory.h"
#include "tap.h"
#include "test_server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char root[64]; /* of all cases: made and removed by main() */

static bool write_file(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static const char *const directories[] = {"media", "media/metadata", "media/targets",
                                          "media/targets/lamp", "bare"};
static const char *const files[][2] = {
    {"secret", "outside of the medium"},      {"media/beside", "beside the areas"},
    {"media/metadata/1.root.json", "{root}"}, {"media/metadata/1.a%2Fb.json", "{encoded}"},
    {"media/metadata/empty.json", ""},        {"media/targets/lamp/a b.bin", "hello world"},
};
static const char *const links[][2] = {
    {"media/metadata/inside.json", "1.root.json"},
    {"media/metadata/outside.json", "../../secret"},
    {"media/metadata/beside.json", "../beside"},
    {"media/metadata/absolute.json", "/etc/hostname"},
    {"media/metadata/dangling.json", "nowhere"},
    {"media/metadata/loop.json", "loop.json"},
    {"media/metadata/out", "../.."},
    {"bare/metadata", "../media/metadata"},
};

static bool make_media(void)
{
    char path[256];
    (void)snprintf(root, sizeof root, "/tmp/slipway-directory-XXXXXX");
    bool good = mkdtemp(root) != NULL;
    for (size_t i = 0; good && i < sizeof directories / sizeof directories[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, directories[i]);
        good = mkdir(path, 0700) == 0;
    }
    for (size_t i = 0; good && i < sizeof files / sizeof files[0]; i++) {
        good = write_file(files[i][0], files[i][1]);
    }
    for (size_t i = 0; good && i < sizeof links / sizeof links[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, links[i][0]);
        good = symlink(links[i][1], path) == 0;
    }
    (void)snprintf(path, sizeof path, "%s/media/metadata/pipe.json", root);
    return good && mkfifo(path, 0600) == 0;
}

static bool remove_media(void)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/media/metadata/pipe.json", root);
    bool good = unlink(path) == 0;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, links[i][0]);
        good = unlink(path) == 0 && good;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, files[i][0]);
        good = unlink(path) == 0 && good;
    }
    for (size_t i = sizeof directories / sizeof directories[0]; i-- > 0;) {
        (void)snprintf(path, sizeof path, "%s/%s", root, directories[i]);
        good = rmdir(path) == 0 && good;
    }
    return rmdir(root) == 0 && good;
}

static struct slw_directory_fetcher *open_media(const char *name)
{
    char path[128];
    struct slw_directory_fetcher *fetcher = NULL;
    struct slw_detail detail;
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return slw_directory_fetcher_new(path, &fetcher, &detail) == SLW_OK ? fetcher : NULL;
}

static struct slw_http_fetcher *open_file_urls(void)
{
    char metadata[128];
    char targets[128];
    const char *const metadata_urls[] = {metadata};
    const char *const targets_urls[] = {targets};
    struct slw_http_options options = {metadata_urls, targets_urls, .mirrors = 1};
    struct slw_http_fetcher *fetcher = NULL;
    struct slw_detail detail;
    (void)snprintf(metadata, sizeof metadata, "file://%s/media/metadata", root);
    (void)snprintf(targets, sizeof targets, "file://localhost%s/media/t%%61rgets//", root);
    return slw_http_fetcher_new(&options, &fetcher, &detail) == SLW_OK ? fetcher : NULL;
}

/* Without openat2 (an older kernel, valgrind) no link is followed, those that stay inside neither.
 */
static bool follows_links_inside(void)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
    long opened = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);
    if (opened >= 0) {
        close((int)opened);
    }
    return opened >= 0;
}

static const struct {
    struct slw_fetch_request request;
    enum slw_status status;
    bool by_link;         /* that stays inside */
    const char *expected; /* the bytes, or what the detail says */
} rows[] = {
    {{SLW_FETCH_METADATA, "1.root.json", 6, 0}, SLW_OK, false, "{root}"},
    {{SLW_FETCH_METADATA, "empty.json", 0, 0}, SLW_OK, false, ""},
    {{SLW_FETCH_METADATA, "1.a%2Fb.json", 100, 0}, SLW_OK, false, "{encoded}"},
    {{SLW_FETCH_METADATA, "%31.root.json", 100, 0}, SLW_OK, false, "{root}"},
    {{SLW_FETCH_METADATA, "inside.json", 100, 0}, SLW_OK, true, "{root}"},
    {{SLW_FETCH_TARGETS, "lamp/a%20b.bin", 100, 0}, SLW_OK, false, "hello world"},
    {{SLW_FETCH_TARGETS, "lamp/a%20b.bin", 11, 5}, SLW_OK, false, " world"},
    {{SLW_FETCH_TARGETS, "lamp/a%20b.bin", 100, 11}, SLW_OK, false, "hello world"},
    {{SLW_FETCH_TARGETS, "lamp/a%20b.bin", 100, 12}, SLW_OK, false, "hello world"},
    {{SLW_FETCH_METADATA, "2.root.json", 100, 0}, SLW_NOT_FOUND, false, "No such file"},
    {{SLW_FETCH_METADATA, "none/2.root.json", 100, 0}, SLW_NOT_FOUND, false, "No such file"},
    {{SLW_FETCH_METADATA, "1.root.json/2", 100, 0}, SLW_NOT_FOUND, false, "Not a directory"},
    {{SLW_FETCH_METADATA, "dangling.json", 100, 0}, SLW_NOT_FOUND, true, "No such file"},
    {{SLW_FETCH_METADATA, "100%.json", 100, 0}, SLW_NOT_FOUND, false, "No such file"},
    {{SLW_FETCH_METADATA, "1.root.json%00", 100, 0}, SLW_NOT_FOUND, false, "No such file"},
    {{SLW_FETCH_METADATA, "1.root.json", 5, 0}, SLW_TOO_LARGE, false, "more bytes"},
    {{SLW_FETCH_TARGETS, "lamp/a%20b.bin", 10, 5}, SLW_TOO_LARGE, false, "more bytes"},
    {{SLW_FETCH_METADATA, "outside.json", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "beside.json", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "absolute.json", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "loop.json", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "out/secret", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "%2E%2E/beside", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "..%2Fbeside", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "%2Fetc%2Fhostname", 100, 0}, SLW_UNAVAILABLE, false, "leads out"},
    {{SLW_FETCH_METADATA, "pipe.json", 100, 0}, SLW_UNAVAILABLE, false, "not a regular file"},
    {{SLW_FETCH_TARGETS, "lamp", 100, 0}, SLW_UNAVAILABLE, false, "not a regular file"},
    {{SLW_FETCH_METADATA, "../beside", 100, 0}, SLW_BAD_ARGUMENT, false, "not the path"},
    {{SLW_FETCH_METADATA, "/etc/hostname", 100, 0}, SLW_BAD_ARGUMENT, false, "not the path"},
    {{SLW_FETCH_METADATA, "", 100, 0}, SLW_BAD_ARGUMENT, false, "not the path"},
};

static void check_rows(const struct slw_fetch_port *port)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_file file = {0};
        uint64_t from = rows[i].request.resume_from;
        TAP_ROW(rows[i].request.path);
        test_get(port, &rows[i].request, &file);
        if (rows[i].by_link && !follows_links_inside()) {
            TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
            continue;
        }
        TAP_EQUAL_INT(file.status, rows[i].status);
        if (rows[i].status == SLW_OK) {
            TAP_EQUAL_INT(file.begins, 1);
            TAP_EQUAL_INT(file.offset, from < 11 ? from : 0);
            TAP_CHECK(strcmp(slw_heap_text(&file.bytes), rows[i].expected) == 0);
        } else {
            TAP_EQUAL_INT(file.begins, 0);
            TAP_CHECK(strstr(file.detail.text, rows[i].expected) != NULL);
        }
        slw_heap_free(&file.bytes);
    }
}

static void reads_a_medium_and_nothing_outside_of_it(void)
{
    struct slw_directory_fetcher *fetcher = open_media("media");
    TAP_REQUIRE(fetcher != NULL);
    check_rows(slw_directory_fetcher_port(fetcher));
    slw_directory_fetcher_free(fetcher);
}

static void file_urls_are_read_in_the_same_way(void)
{
    struct slw_http_fetcher *fetcher = open_file_urls();
    uint64_t requests = 1;
    uint64_t bytes = 1;
    TAP_REQUIRE(fetcher != NULL);
    check_rows(slw_http_fetcher_port(fetcher));
    slw_http_fetcher_counts(fetcher, &requests, &bytes);
    TAP_EQUAL_INT(requests + bytes, 0);
    slw_http_fetcher_free(fetcher);
}

/* A root that isn't found would end the chain of roots: a medium that isn't there must not. */
static void a_missing_area_is_not_a_missing_file(void)
{
    struct slw_directory_fetcher *fetcher = open_media("bare");
    struct test_file file = {0};
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_directory_fetcher_port(fetcher), &rows[0].request, &file);
    TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
    TAP_CHECK(strstr(file.detail.text, "/bare/metadata: a link or path that leads out") != NULL);
    test_get(slw_directory_fetcher_port(fetcher), &rows[5].request, &file);
    TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
    TAP_CHECK(strstr(file.detail.text, "/bare/targets: No such file") != NULL);
    slw_directory_fetcher_free(fetcher);
}

static void refuses_what_is_no_medium(void)
{
    struct slw_directory_fetcher *fetcher = NULL;
    struct slw_detail detail;
    char path[128];
    TAP_EQUAL_INT(slw_directory_fetcher_new("/nonexistent", &fetcher, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "/nonexistent: ") != NULL);
    (void)snprintf(path, sizeof path, "%s/secret", root);
    TAP_EQUAL_INT(slw_directory_fetcher_new(path, &fetcher, &detail), SLW_IO);
    TAP_CHECK(fetcher == NULL);
    fetcher = open_media("media");
    TAP_REQUIRE(fetcher != NULL);
    const struct slw_fetch_port *port = slw_directory_fetcher_port(fetcher);
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(port->mirrors, 1);
    TAP_EQUAL_INT(slw_fetch_to_heap(port, 1, &rows[0].request, &bytes, &detail), SLW_BAD_ARGUMENT);
    slw_directory_fetcher_free(fetcher);
}

static void the_sink_decides_too(void)
{
    struct slw_directory_fetcher *fetcher = open_media("media");
    struct test_file file = {.fail_write = SLW_NO_SPACE, .detail = {"the sink's own words"}};
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_directory_fetcher_port(fetcher), &rows[0].request, &file);
    TAP_EQUAL_INT(file.status, SLW_NO_SPACE);
    file.fail_begin = SLW_IO;
    test_get(slw_directory_fetcher_port(fetcher), &rows[0].request, &file);
    TAP_EQUAL_INT(file.status, SLW_IO);
    TAP_CHECK(strcmp(file.detail.text, "the sink's own words") == 0);
    slw_heap_free(&file.bytes);
    slw_directory_fetcher_free(fetcher);
}

/* A device node in place of a file isn't so much as opened: with some, that is all it takes. A pipe
 * stands for one here, which only root may make. */
static void what_is_no_file_is_not_opened(void)
{
    static const struct slw_fetch_request request = {SLW_FETCH_METADATA, "pipe.json", 100, 0};
    struct slw_directory_fetcher *fetcher = open_media("media");
    struct test_file file = {0};
    char path[128];
    char event[256];
    (void)snprintf(path, sizeof path, "%s/media/metadata/pipe.json", root);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    TAP_REQUIRE(fetcher != NULL && watch >= 0);
    TAP_REQUIRE(inotify_add_watch(watch, path, IN_OPEN) >= 0);
    test_get(slw_directory_fetcher_port(fetcher), &request, &file);
    TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
    TAP_EQUAL_INT(read(watch, event, sizeof event), -1);
    int opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    TAP_CHECK(read(watch, event, sizeof event) > 0); /* it would have been noticed */
    close(opened);
    close(watch);
    slw_directory_fetcher_free(fetcher);
}

/* Without openat2 no link is followed, inside or not; with it, only those that stay inside. */
static void both_ways_of_opening_stay_below(void)
{
    static const struct {
        const char *name;
        int any;
        int segments;
    } names[] = {
        {"metadata/1.root.json", 0, 0},
        {"targets/lamp/a b.bin", 0, 0},
        {"metadata/inside.json", 0, ELOOP},
        {"metadata/outside.json", EXDEV, ELOOP},
        {"metadata/absolute.json", EXDEV, ELOOP},
        {"metadata/out/secret", EXDEV, ELOOP},
        {"metadata/../../secret", EXDEV, EXDEV},
        {"../secret", EXDEV, EXDEV},
        {"..", EXDEV, EXDEV},
        {"/etc/hostname", EXDEV, EXDEV},
        {"metadata/none", ENOENT, ENOENT},
        {"none/1.root.json", ENOENT, ENOENT},
    };
    bool inside = follows_links_inside();
    char path[128];
    (void)snprintf(path, sizeof path, "%s/media", root);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TAP_REQUIRE(directory >= 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TAP_ROW(names[i].name);
        errno = 0;
        int opened = slw_fetch_open_below(directory, names[i].name, O_RDONLY, SLW_BELOW_ANY);
        TAP_EQUAL_INT(opened >= 0 ? 0 : errno, inside ? names[i].any : names[i].segments);
        close(opened);
        opened = slw_fetch_open_below(directory, names[i].name, O_RDONLY, SLW_BELOW_SEGMENTS);
        TAP_EQUAL_INT(opened >= 0 ? 0 : errno, names[i].segments);
        close(opened);
    }
    close(directory);
}

int main(void)
{
    if (!make_media()) {
        puts("Bail out! no directory for the test");
        return 1;
    }
    TAP_RUN(reads_a_medium_and_nothing_outside_of_it);
    TAP_RUN(file_urls_are_read_in_the_same_way);
    TAP_RUN(a_missing_area_is_not_a_missing_file);
    TAP_RUN(refuses_what_is_no_medium);
    TAP_RUN(the_sink_decides_too);
    TAP_RUN(what_is_no_file_is_not_opened);
    TAP_RUN(both_ways_of_opening_stay_below);
    if (!remove_media()) {
        puts("Bail out! the directory of the test can't be removed");
        return 1;
    }
    return tap_finish();
}
