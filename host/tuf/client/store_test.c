/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata directory: what files are called, what is forgotten and what stays. */
#include "store.h"

#include "test_client.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *file_name(struct slw_bytes name)
{
    static struct slw_heap_buffer text;
    text.len = 0;
    return slw_tuf_file_name(name, &text, &test_detail) == SLW_OK ? slw_heap_text(&text)
                                                                  : "refused";
}

static void names_of_files_never_leave_the_directory(void)
{
    static const struct {
        const char *name;
        const char *file;
    } rows[] = {
        {"a", "a"},
        {"a/b", "a%2Fb"},
        {"/etc/passwd", "%2Fetc%2Fpasswd"},
        {"../../x", "..%2F..%2Fx"},
        {".", "%2E"},
        {"..", "%2E%2E"},
        {"a%2Fb", "a%252Fb"},
        {"=recovery", "%3Drecovery"},
        {"new\nline", "new%0Aline"},
        {"gr\xc3\xbc\xc3\x9f", "gr%C3%BC%C3%9F"},
        {"", "refused"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].file);
        TAP_CHECK(strcmp(file_name(slw_bytes_make(rows[i].name, strlen(rows[i].name))),
                         rows[i].file) == 0);
    }
}

static void long_names_have_files_of_their_own(void)
{
    char first[SLW_TUF_ROLE_NAME_MAX];
    char second[SLW_TUF_ROLE_NAME_MAX];
    memset(first, 'a', sizeof first);
    memset(second, 'a', sizeof second);
    second[sizeof second - 1] = 'b';
    char file[300];
    (void)snprintf(file, sizeof file, "%s", file_name(slw_bytes_make(first, sizeof first)));
    TAP_EQUAL_INT(strlen(file), 65);
    TAP_EQUAL_INT(file[0], '=');
    TAP_CHECK(strcmp(file, file_name(slw_bytes_make(second, sizeof second))) != 0);
    TAP_EQUAL_INT(strlen(file_name(slw_bytes_make(first, SLW_TUF_FILE_NAME_MAX))),
                  SLW_TUF_FILE_NAME_MAX);
    /* What is escaped counts thrice. */
    memset(first, '/', sizeof first);
    TAP_EQUAL_INT(file_name(slw_bytes_make(first, SLW_TUF_FILE_NAME_MAX / 3))[0], '%');
    TAP_EQUAL_INT(file_name(slw_bytes_make(first, SLW_TUF_FILE_NAME_MAX / 3 + 1))[0], '=');
}

static void roles_called_dots_are_roles_like_others(void)
{
    struct slw_heap_buffer bytes = {0};
    TAP_REQUIRE(mkdir("roles", 0755) == 0);
    TAP_EQUAL_INT(
        slw_tuf_store_write("roles", SLW_BYTES_OF("."), SLW_BYTES_OF("one"), &test_detail), SLW_OK);
    TAP_EQUAL_INT(
        slw_tuf_store_write("roles", SLW_BYTES_OF(".."), SLW_BYTES_OF("two"), &test_detail),
        SLW_OK);
    TAP_CHECK(test_holds("roles/..json", SLW_BYTES_OF("one")));
    TAP_CHECK(test_holds("roles/...json", SLW_BYTES_OF("two")));
    TAP_EQUAL_INT(slw_tuf_store_read("roles", SLW_BYTES_OF(".."), &bytes, &test_detail), SLW_OK);
    TAP_EQUAL_BYTES(bytes.ptr, "two", 3);
    slw_heap_free(&bytes);
}

/* Where the file system doesn't tell case, ROOT.json would be root.json. */
static void roles_called_as_top_level_ones_but_for_case_have_other_files(void)
{
    static const char *const names[] = {"Root", "ROOT", "tImestamp", "SNAPSHOT", "Targets"};
    struct slw_heap_buffer bytes = {0};
    TAP_REQUIRE(mkdir("cases", 0755) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[64];
        struct slw_bytes name = slw_bytes_make(names[i], strlen(names[i]));
        TAP_ROW(names[i]);
        TAP_EQUAL_INT(slw_tuf_store_write("cases", name, name, &test_detail), SLW_OK);
        (void)snprintf(file, sizeof file, "cases/%s.json", names[i]);
        TAP_CHECK(!test_exists(file));
        bytes.len = 0;
        TAP_EQUAL_INT(slw_tuf_store_read("cases", name, &bytes, &test_detail), SLW_OK);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&bytes), name));
    }
    slw_heap_free(&bytes);
    TAP_EQUAL_INT(
        slw_tuf_store_write("cases", SLW_BYTES_OF("root"), SLW_BYTES_OF("r"), &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(
        slw_tuf_store_write("cases", SLW_BYTES_OF("Roots"), SLW_BYTES_OF("rs"), &test_detail),
        SLW_OK);
    TAP_CHECK(test_holds("cases/root.json", SLW_BYTES_OF("r")));
    TAP_CHECK(test_holds("cases/Roots.json", SLW_BYTES_OF("rs")));
}

static void a_role_that_is_absent_cannot_be_read(void)
{
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(slw_tuf_store_read("roles", SLW_BYTES_OF("none"), &bytes, &test_detail), SLW_IO);
    TAP_EQUAL_INT(slw_tuf_store_read("nowhere", SLW_BYTES_OF("none"), &bytes, &test_detail),
                  SLW_IO);
    TAP_EQUAL_INT(
        slw_tuf_store_write("nowhere", SLW_BYTES_OF("none"), SLW_BYTES_OF("x"), &test_detail),
        SLW_IO);
    TAP_CHECK(test_said("nowhere"));
    slw_heap_free(&bytes);
}

static void plant(void)
{
    (void)mkdir("state", 0755);
    test_write("state/root.json", "root");
    test_write("state/timestamp.json", "timestamp");
    test_write("state/snapshot.json", "snapshot");
}

static void a_note_is_followed_once_its_root_is_there(void)
{
    bool forgot = true;
    plant();
    TAP_EQUAL_INT(slw_tuf_store_recover("state", 5, &forgot, &test_detail), SLW_OK);
    TAP_CHECK(!forgot && test_exists("state/timestamp.json"));
    TAP_EQUAL_INT(slw_tuf_store_note_recovery("state", 5, &test_detail), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_store_recover("state", 5, &forgot, &test_detail), SLW_OK);
    TAP_CHECK(forgot);
    TAP_CHECK(!test_exists("state/timestamp.json") && !test_exists("state/snapshot.json"));
    TAP_CHECK(test_exists("state/root.json") && !test_exists("state/=recovery"));
}

static void a_note_for_a_root_that_never_came_is_void(void)
{
    bool forgot = true;
    plant();
    TAP_EQUAL_INT(slw_tuf_store_note_recovery("state", 6, &test_detail), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_store_recover("state", 5, &forgot, &test_detail), SLW_OK);
    TAP_CHECK(!forgot && test_exists("state/timestamp.json") && test_exists("state/snapshot.json"));
    TAP_CHECK(!test_exists("state/=recovery"));
    TAP_EQUAL_INT(slw_tuf_store_recover("state", 6, &forgot, &test_detail), SLW_OK);
    TAP_CHECK(!forgot && test_exists("state/timestamp.json"));
}

static void a_note_with_nothing_to_forget_is_done(void)
{
    bool forgot = true;
    plant();
    test_remove("state/timestamp.json");
    test_remove("state/snapshot.json");
    TAP_EQUAL_INT(slw_tuf_store_note_recovery("state", 2, &test_detail), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_store_recover("state", 3, &forgot, &test_detail), SLW_OK);
    TAP_CHECK(!forgot && !test_exists("state/=recovery"));
}

static void clearing_leaves_what_is_not_ours(void)
{
    static const char metadata[] = "{\"signatures\":[],\"signed\":{\"_type\":\"targets\"}}";
    static const char other[] = "{\"signatures\":[],\"signed\":{\"_type\":\"package\"}}";
    plant();
    test_write("state/targets.json", "spoilt");
    test_write("state/team.json", metadata);
    test_write("state/package.json", other);
    test_write("state/tsconfig.json", "{}");
    test_write("state/notes.txt", metadata);
    test_write("state/=partial-ab", "half");
    test_write("state/=recovery", "2\n");
    TAP_REQUIRE(mkdir("state/folder.json", 0755) == 0);
    TAP_EQUAL_INT(slw_tuf_store_clear("state", &test_detail), SLW_OK);
    static const char *const gone[] = {"timestamp.json", "snapshot.json", "targets.json",
                                       "team.json",      "=partial-ab",   "=recovery"};
    static const char *const there[] = {"root.json", "package.json", "tsconfig.json", "notes.txt",
                                        "folder.json"};
    char path[64];
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        TAP_ROW(gone[i]);
        (void)snprintf(path, sizeof path, "state/%s", gone[i]);
        TAP_CHECK(!test_exists(path));
    }
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        TAP_ROW(there[i]);
        (void)snprintf(path, sizeof path, "state/%s", there[i]);
        TAP_CHECK(test_exists(path));
    }
    TAP_EQUAL_INT(slw_tuf_store_clear("nowhere", &test_detail), SLW_IO);
}

int main(void)
{
    test_begin();
    TAP_RUN(names_of_files_never_leave_the_directory);
    TAP_RUN(long_names_have_files_of_their_own);
    TAP_RUN(roles_called_dots_are_roles_like_others);
    TAP_RUN(roles_called_as_top_level_ones_but_for_case_have_other_files);
    TAP_RUN(a_role_that_is_absent_cannot_be_read);
    TAP_RUN(a_note_is_followed_once_its_root_is_there);
    TAP_RUN(a_note_for_a_root_that_never_came_is_void);
    TAP_RUN(a_note_with_nothing_to_forget_is_done);
    TAP_RUN(clearing_leaves_what_is_not_ours);
    test_end();
    return tap_finish();
}
