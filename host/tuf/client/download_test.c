/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads: over broken transfers and bad mirrors, and what is on the disk before and after. */
#include "test_client.h"

#include "slipway/files.h"

#include "tap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTENT "release 1, in so many bytes"
#define CONTENT_LEN (sizeof CONTENT - 1)
#define PLACE TEST_DOWNLOADS "/app"

static struct test_repository repository;
static struct slw_heap_buffer path;

static void start(unsigned mirrors)
{
    test_start(&repository, mirrors);
    test_add_target(&repository, "targets", "app", CONTENT);
    test_publish_all(&repository);
}

static enum slw_status download_with(const struct slw_tuf_client_options *options,
                                     const char *target_path, const char *directory)
{
    struct slw_tuf_client *client = NULL;
    struct slw_tuf_target target;
    path.len = 0;
    SLW_TRY(slw_tuf_client_open(options, &client, &test_detail));
    enum slw_status status = slw_tuf_client_refresh(client, &test_detail);
    (void)test_take_requests(&repository);
    if (status == SLW_OK) {
        status = slw_tuf_client_find(client, slw_bytes_make(target_path, strlen(target_path)),
                                     &target, &test_detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_client_download(client, &target, directory, &path, &test_detail);
    }
    slw_tuf_client_free(client);
    return status;
}

static enum slw_status download(const char *target_path)
{
    const struct slw_tuf_client_options options = {.metadata_directory = TEST_STATE,
                                                   .fetch = &repository.port};
    return download_with(&options, target_path, TEST_DOWNLOADS);
}

/* Requests as "0 1@17": mirrors, and from where on. */
static bool requests_are(const char *expected)
{
    char actual[512] = "";
    size_t len = 0;
    for (size_t i = 0; i < repository.requests_count; i++) {
        const struct test_request *request = &repository.requests[i];
        int count = request->resume_from == 0
                        ? snprintf(actual + len, sizeof actual - len, " %u", request->mirror)
                        : snprintf(actual + len, sizeof actual - len, " %u@%u", request->mirror,
                                   (unsigned)request->resume_from);
        len += count > 0 ? (size_t)count : 0;
    }
    (void)test_take_requests(&repository);
    const char *shown = actual[0] == ' ' ? actual + 1 : actual;
    if (strcmp(shown, expected) == 0) {
        return true;
    }
    (void)printf("# requests: %s\n", shown);
    return false;
}

static int count_entries(const char *directory, const char *prefix)
{
    DIR *stream = opendir(directory);
    int count = 0;
    for (struct dirent *entry = stream == NULL ? NULL : readdir(stream); entry != NULL;
         entry = readdir(stream)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                         strncmp(entry->d_name, prefix, strlen(prefix)) == 0
                     ? 1
                     : 0;
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
    return count;
}

/* What came is there, whole, and nothing else. */
static bool arrived(void)
{
    return test_holds(PLACE, SLW_BYTES_OF(CONTENT)) && count_entries(TEST_DOWNLOADS, "") == 1 &&
           count_entries(TEST_STATE, "=") == 0;
}

static void a_target_arrives_and_is_not_asked_for_again(void)
{
    start(1);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0"));
    TAP_CHECK(arrived());
    TAP_CHECK(strcmp(slw_heap_text(&path), PLACE) == 0);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are(""));
    TAP_CHECK(strcmp(slw_heap_text(&path), PLACE) == 0);
    test_write(PLACE, "Release 1, in so many bytes");
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0"));
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

static void a_broken_transfer_goes_on_where_it_was(void)
{
    start(1);
    test_fault(&repository, 0, ".app", TEST_CUT, 10);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0 0@10 0@20"));
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

static void and_with_another_mirror_when_one_gives_nothing_more(void)
{
    start(2);
    test_fault(&repository, 0, ".app", TEST_CUT, 10);
    repository.faults[0].times = 1;
    test_fault(&repository, 0, ".app", TEST_UNAVAILABLE, 0);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0 0@10 1@10"));
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

static void and_in_the_next_run(void)
{
    start(1);
    test_fault(&repository, 0, ".app", TEST_CUT, 10);
    repository.faults[0].times = 1;
    test_fault(&repository, 0, ".app", TEST_UNAVAILABLE, 0);
    TAP_EQUAL_INT(download("app"), SLW_UNAVAILABLE);
    TAP_EQUAL_INT(count_entries(TEST_DOWNLOADS, ""), 0);
    TAP_EQUAL_INT(count_entries(TEST_STATE, "=partial-"), 1);
    repository.faults_count = 0;
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0@10"));
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

/* A release that was overtaken while it came in doesn't take up room for ever. */
static void what_is_half_there_of_another_target_goes(void)
{
    start(1);
    test_write(TEST_STATE "/=partial-0123", "half of something");
    test_write(TEST_STATE "/=partial-4567", "half of something else");
    test_fault(&repository, 0, ".app", TEST_CUT, 10);
    repository.faults[0].times = 1;
    test_fault(&repository, 0, ".app", TEST_UNAVAILABLE, 0);
    TAP_EQUAL_INT(download("app"), SLW_UNAVAILABLE);
    TAP_EQUAL_INT(count_entries(TEST_STATE, "=partial-"), 1);
    TAP_EQUAL_INT(count_entries(TEST_STATE, "=partial-0123"), 0);
    test_repository_free(&repository);
}

static void a_transfer_that_never_gets_anywhere_is_given_up(void)
{
    start(1);
    test_fault(&repository, 0, ".app", TEST_CUT, 0);
    TAP_EQUAL_INT(download("app"), SLW_UNAVAILABLE);
    TAP_CHECK(requests_are("0"));
    TAP_EQUAL_INT(count_entries(TEST_STATE, "="), 0);
    test_repository_free(&repository);
}

static void a_byte_at_a_time_is_given_up_in_the_end(void)
{
    start(1);
    test_fault(&repository, 0, ".app", TEST_CUT, 1);
    TAP_EQUAL_INT(download("app"), SLW_UNAVAILABLE);
    TAP_EQUAL_INT(repository.requests_count, 17);
    TAP_EQUAL_INT(count_entries(TEST_DOWNLOADS, ""), 0);
    test_repository_free(&repository);
}

static void a_server_that_cannot_resume_begins_again(void)
{
    start(1);
    test_fault(&repository, 0, ".app", TEST_CUT, 10);
    repository.faults[0].times = 1;
    test_fault(&repository, 0, ".app", TEST_NO_RESUME, 0);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0 0@10"));
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

/* Where the target is while it comes in: the file that is served is called by its hash. */
static void name_partial(char partial[static 200])
{
    for (size_t i = 0; i < repository.files_count; i++) {
        if (strstr(repository.files[i].path, ".app") != NULL) {
            (void)snprintf(partial, 200, TEST_STATE "/=partial-%.64s", repository.files[i].path);
        }
    }
}

/* What is there may be of a bad mirror, or of another time; that isn't held against this one. */
static void a_mirror_is_not_blamed_for_what_another_gave(void)
{
    char partial[200];
    start(2);
    name_partial(partial);
    test_write(partial, "malware, 1");
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0@10 0"));
    TAP_CHECK(arrived());
    test_remove(PLACE);
    /* Of the whole length, so that there is nothing to ask for but the whole. */
    test_write(partial, "malware 1, in so many bytes");
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0"));
    TAP_CHECK(arrived());
    test_remove(PLACE);
    /* Longer than it can be. */
    test_write(partial, CONTENT " and more");
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0"));
    TAP_CHECK(arrived());
    test_remove(PLACE);
    /* All of it, when the program was ended before it could say so. */
    test_write(partial, CONTENT);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are(""));
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

static void a_mirror_with_other_bytes_is_passed_over(void)
{
    static const enum test_fault_kind kinds[] = {TEST_CORRUPT, TEST_LONGER, TEST_ABSENT,
                                                 TEST_UNAVAILABLE, TEST_SLOW};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        start(2);
        test_fault(&repository, 0, ".app", kinds[i], 3);
        TAP_EQUAL_INT(download("app"), SLW_OK);
        TAP_CHECK(requests_are("0 1"));
        TAP_CHECK(arrived());
        test_repository_free(&repository);
    }
}

static void what_all_mirrors_spoil_is_refused_and_leaves_nothing(void)
{
    static const struct {
        enum test_fault_kind first;
        enum test_fault_kind second;
        enum slw_status status;
    } rows[] = {
        {TEST_CORRUPT, TEST_CORRUPT, SLW_WRONG_HASH},
        {TEST_CORRUPT, TEST_UNAVAILABLE, SLW_WRONG_HASH},
        {TEST_CORRUPT, TEST_LONGER, SLW_TOO_LARGE},
        {TEST_LONGER, TEST_CORRUPT, SLW_WRONG_HASH},
        {TEST_SLOW, TEST_ABSENT, SLW_SLOW_RETRIEVAL},
        {TEST_ABSENT, TEST_ABSENT, SLW_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(2);
        test_fault(&repository, 0, ".app", rows[i].first, 3);
        test_fault(&repository, 1, ".app", rows[i].second, 3);
        TAP_EQUAL_INT(download("app"), rows[i].status);
        TAP_CHECK(requests_are("0 1"));
        TAP_EQUAL_INT(count_entries(TEST_DOWNLOADS, ""), 0);
        TAP_EQUAL_INT(count_entries(TEST_STATE, "="), 0);
        TAP_EQUAL_INT(path.len, 0);
        test_repository_free(&repository);
    }
}

static void a_file_shorter_than_listed_is_refused(void)
{
    start(1);
    for (size_t i = 0; i < repository.files_count; i++) {
        if (strstr(repository.files[i].path, ".app") != NULL) {
            repository.files[i].bytes.len -= 1;
        }
    }
    TAP_EQUAL_INT(download("app"), SLW_WRONG_LENGTH);
    TAP_CHECK(test_said("26"));
    TAP_EQUAL_INT(count_entries(TEST_DOWNLOADS, ""), 0);
    test_repository_free(&repository);
}

static void a_refusal_leaves_the_old_file_as_it_was(void)
{
    start(1);
    test_write(PLACE, "the old one");
    test_fault(&repository, 0, ".app", TEST_CORRUPT, 0);
    TAP_EQUAL_INT(download("app"), SLW_WRONG_HASH);
    TAP_CHECK(test_holds(PLACE, SLW_BYTES_OF("the old one")));
    test_repository_free(&repository);
}

static void links_and_directories_in_its_place_are_not_followed(void)
{
    start(1);
    test_write("elsewhere", CONTENT);
    TAP_REQUIRE(symlink("../elsewhere", PLACE) == 0);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(requests_are("0"));
    TAP_CHECK(arrived());
    TAP_CHECK(test_holds("elsewhere", SLW_BYTES_OF(CONTENT)));
    test_remove(PLACE);
    TAP_REQUIRE(mkdir(PLACE, 0755) == 0);
    TAP_EQUAL_INT(download("app"), SLW_IO);
    TAP_EQUAL_INT(count_entries(TEST_STATE, "="), 0);
    test_repository_free(&repository);
}

static void targets_do_not_go_where_the_metadata_are(void)
{
    const struct slw_tuf_client_options options = {.metadata_directory = TEST_STATE,
                                                   .fetch = &repository.port};
    test_start(&repository, 1);
    test_add_target(&repository, "targets", "root.json", "malware");
    test_publish_all(&repository);
    TAP_EQUAL_INT(download_with(&options, "root.json", TEST_STATE), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(download_with(&options, "root.json", "./downloads/../" TEST_STATE),
                  SLW_BAD_ARGUMENT);
    TAP_CHECK(test_is_current(&repository, "root"));
    TAP_EQUAL_INT(download_with(&options, "root.json", "nowhere"), SLW_IO);
    TAP_EQUAL_INT(download_with(&options, "root.json", TEST_STATE "/root.json"), SLW_IO);
    TAP_CHECK(requests_are(""));
    test_repository_free(&repository);
}

static void a_target_over_the_limit_is_not_asked_for(void)
{
    struct slw_tuf_client_options options = {.metadata_directory = TEST_STATE,
                                             .fetch = &repository.port};
    start(1);
    options.limits.target_bytes = CONTENT_LEN - 1;
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_TOO_LARGE);
    TAP_CHECK(requests_are(""));
    options.limits.target_bytes = CONTENT_LEN;
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_OK);
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

static void an_empty_target_needs_no_request(void)
{
    test_start(&repository, 1);
    test_add_target(&repository, "targets", "empty", "");
    test_publish_all(&repository);
    TAP_EQUAL_INT(download("empty"), SLW_OK);
    TAP_CHECK(requests_are(""));
    TAP_CHECK(test_holds(TEST_DOWNLOADS "/empty", SLW_BYTES_OF("")));
    test_repository_free(&repository);
}

static void paths_become_names_and_never_directories(void)
{
    char longest[SLW_TUF_TARGET_PATH_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[SLW_TUF_TARGET_PATH_MAX] = '\0';
    const struct {
        const char *path;
        const char *file; /* NULL: refused */
    } rows[] = {
        {"a/b/c", "a%2Fb%2Fc"},
        {"root.json", "root.json"},
        {"..a", "..a"},
        {"/etc/passwd", NULL},
        {"../app", NULL},
        {"a/../b", NULL},
        {"a/./b", NULL},
        {"..", NULL},
        {".", NULL},
        {"a/..", NULL},
        {longest, "="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].path);
        test_start(&repository, 1);
        test_add_target(&repository, "targets", rows[i].path, CONTENT);
        test_publish_all(&repository);
        TAP_EQUAL_INT(download(rows[i].path), rows[i].file != NULL ? SLW_OK : SLW_BAD_NAME);
        TAP_EQUAL_INT(count_entries(TEST_DOWNLOADS, rows[i].file != NULL ? rows[i].file : ""),
                      rows[i].file != NULL ? 1 : 0);
        TAP_CHECK(rows[i].file == NULL || test_holds(slw_heap_text(&path), SLW_BYTES_OF(CONTENT)));
        test_repository_free(&repository);
    }
}

static void a_path_over_the_limit_is_refused_and_the_others_are_found(void)
{
    char path_over[SLW_TUF_TARGET_PATH_MAX + 2];
    memset(path_over, 'x', sizeof path_over);
    path_over[SLW_TUF_TARGET_PATH_MAX + 1] = '\0';
    start(1);
    test_add_target(&repository, "targets", path_over, "in vain");
    test_publish_all(&repository);
    TAP_EQUAL_INT(download(path_over), SLW_BAD_NAME);
    TAP_EQUAL_INT(download(""), SLW_BAD_NAME);
    TAP_EQUAL_INT(download("app"), SLW_OK);
    TAP_CHECK(arrived());
    test_repository_free(&repository);
}

/* The directory for targets is on another file system than the state. */
static void a_target_arrives_on_another_file_system(void)
{
    const struct slw_tuf_client_options options = {.metadata_directory = TEST_STATE,
                                                   .fetch = &repository.port};
    char directory[] = "/dev/shm/slipway-tuf-XXXXXX";
    struct stat here;
    struct stat there;
    if (stat(".", &here) != 0 || mkdtemp(directory) == NULL) {
        TAP_SKIP("no /dev/shm");
    }
    if (stat(directory, &there) != 0 || there.st_dev == here.st_dev) {
        (void)rmdir(directory);
        TAP_SKIP("/dev/shm and /tmp are one file system");
    }
    start(1);
    TAP_EQUAL_INT(download_with(&options, "app", directory), SLW_OK);
    TAP_CHECK(test_holds(slw_heap_text(&path), SLW_BYTES_OF(CONTENT)));
    TAP_EQUAL_INT(count_entries(directory, ""), 1);
    TAP_EQUAL_INT(count_entries(TEST_STATE, "="), 0);
    TAP_EQUAL_INT(download_with(&options, "app", directory), SLW_OK);
    TAP_CHECK(requests_are(""));
    /* Somebody else's link in the way is replaced, and not what it leads to; links aren't followed
     * where a file gets its name by rename(), and mustn't be here. */
    char cwd[512];
    char victim[600];
    TAP_REQUIRE(getcwd(cwd, sizeof cwd) != NULL);
    (void)snprintf(victim, sizeof victim, "%s/victim", cwd);
    test_write("victim", "precious");
    test_remove(slw_heap_text(&path));
    TAP_REQUIRE(symlink(victim, slw_heap_text(&path)) == 0);
    TAP_EQUAL_INT(download_with(&options, "app", directory), SLW_OK);
    TAP_CHECK(test_holds("victim", SLW_BYTES_OF("precious")));
    TAP_CHECK(test_holds(slw_heap_text(&path), SLW_BYTES_OF(CONTENT)));
    TAP_CHECK(lstat(slw_heap_text(&path), &there) == 0 && S_ISREG(there.st_mode));
    TAP_EQUAL_INT(count_entries(directory, ""), 1);
    test_remove("victim");
    test_remove(slw_heap_text(&path));
    TAP_EQUAL_INT(rmdir(directory), 0);
    test_repository_free(&repository);
}

static struct {
    enum slw_status answer;
    int looks;
    bool was_whole;
    bool had_its_name;
} inspection;

static enum slw_status look(void *context, const struct slw_tuf_target *target, const char *at,
                            struct slw_detail *detail)
{
    (void)context;
    inspection.looks++;
    inspection.was_whole = target->length == CONTENT_LEN && test_holds(at, SLW_BYTES_OF(CONTENT));
    inspection.had_its_name = test_exists(PLACE);
    return inspection.answer == SLW_OK
               ? SLW_OK
               : slw_explain(detail, inspection.answer, "the inspector's own words");
}

/* A release that isn't what the repository says of it isn't there for a moment. */
static void an_inspector_sees_a_target_before_it_has_its_name(void)
{
    const struct slw_tuf_inspector inspector = {.look = look};
    const struct slw_tuf_client_options options = {
        .metadata_directory = TEST_STATE, .fetch = &repository.port, .inspector = &inspector};
    start(1);
    inspection.answer = SLW_WRONG_CUSTOM;
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_WRONG_CUSTOM);
    TAP_CHECK(test_said("the inspector's own words"));
    TAP_CHECK(inspection.was_whole && !inspection.had_its_name);
    TAP_EQUAL_INT(count_entries(TEST_DOWNLOADS, ""), 0);
    TAP_EQUAL_INT(count_entries(TEST_STATE, "="), 0);
    test_write(PLACE, "the old one");
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_WRONG_CUSTOM);
    TAP_CHECK(test_holds(PLACE, SLW_BYTES_OF("the old one")));
    test_remove(PLACE);
    inspection.answer = SLW_OK;
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_OK);
    TAP_CHECK(arrived());
    TAP_EQUAL_INT(inspection.looks, 3);
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_OK);
    TAP_CHECK(requests_are("") && inspection.had_its_name);
    inspection.answer = SLW_WRONG_CUSTOM;
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_WRONG_CUSTOM);
    TAP_CHECK(!test_exists(PLACE));
    test_fault(&repository, 0, ".app", TEST_CORRUPT, 0);
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_WRONG_HASH);
    TAP_EQUAL_INT(inspection.looks, 5); /* what isn't what is listed isn't shown around */
    test_repository_free(&repository);
}

static uint64_t told_done;
static uint64_t told_total;

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    told_done = done;
    told_total = total;
}

static void progress_is_told(void)
{
    const struct slw_progress progress = {.report = on_progress};
    const struct slw_tuf_client_options options = {
        .metadata_directory = TEST_STATE, .fetch = &repository.port, .progress = &progress};
    start(1);
    TAP_EQUAL_INT(download_with(&options, "app", TEST_DOWNLOADS), SLW_OK);
    TAP_EQUAL_INT(told_done, CONTENT_LEN);
    TAP_EQUAL_INT(told_total, CONTENT_LEN);
    test_repository_free(&repository);
}

int main(void)
{
    test_begin();
    TAP_RUN(a_target_arrives_and_is_not_asked_for_again);
    TAP_RUN(a_broken_transfer_goes_on_where_it_was);
    TAP_RUN(and_with_another_mirror_when_one_gives_nothing_more);
    TAP_RUN(and_in_the_next_run);
    TAP_RUN(what_is_half_there_of_another_target_goes);
    TAP_RUN(a_transfer_that_never_gets_anywhere_is_given_up);
    TAP_RUN(a_byte_at_a_time_is_given_up_in_the_end);
    TAP_RUN(a_server_that_cannot_resume_begins_again);
    TAP_RUN(a_mirror_is_not_blamed_for_what_another_gave);
    TAP_RUN(a_mirror_with_other_bytes_is_passed_over);
    TAP_RUN(what_all_mirrors_spoil_is_refused_and_leaves_nothing);
    TAP_RUN(a_file_shorter_than_listed_is_refused);
    TAP_RUN(a_refusal_leaves_the_old_file_as_it_was);
    TAP_RUN(links_and_directories_in_its_place_are_not_followed);
    TAP_RUN(targets_do_not_go_where_the_metadata_are);
    TAP_RUN(a_target_over_the_limit_is_not_asked_for);
    TAP_RUN(an_empty_target_needs_no_request);
    TAP_RUN(paths_become_names_and_never_directories);
    TAP_RUN(a_path_over_the_limit_is_refused_and_the_others_are_found);
    TAP_RUN(a_target_arrives_on_another_file_system);
    TAP_RUN(an_inspector_sees_a_target_before_it_has_its_name);
    TAP_RUN(progress_is_told);
    slw_heap_free(&path);
    test_end();
    return tap_finish();
}
