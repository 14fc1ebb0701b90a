/* SPDX-License-Identifier: Apache-2.0 */
/* A runner's settings, what a depot may say to it, and what its jobs print: all of it hostile. */
#include "part.h"

#include "slipway/text.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct slw_detail detail;
static char directory[] = "/tmp/slipway-runner-test-XXXXXX";
static char path[64];

/* --- Settings --- */

#define RUNNER                                                                                     \
    "[runner]\ndepot = http://127.0.0.1:1\ntoken-file = t\nname = bench-1\nproducts = lamp door\n" \
    "work = /w\n"
#define BUILD                                                                                      \
    "[job build]\nkind = build\ncommand = /bin/sh  -c\tx\nkey = k\nbuilder-id = b\n"               \
    "build-type = t\nsource = s\n"
#define TEST "[job system]\nkind = test\ncommand = /bin/true\nkey = k\n"

static enum slw_status read_text(const char *text, struct slw_runner_settings *ret_settings)
{
    enum slw_status status = slw_file_write(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE,
                                            slw_text_bytes(text), &detail);
    return status == SLW_OK ? slw_runner_settings_read(path, ret_settings, &detail) : status;
}

static void reads_settings(void)
{
    struct slw_runner_settings settings;
    TAP_REQUIRE(read_text(RUNNER "labels = arm big\n" BUILD "network = yes\nread = /opt /srv\n" TEST
                                 "products = door\ntimeout-s = 7\n",
                          &settings) == SLW_OK);
    TAP_EQUAL_INT(settings.jobs_count, 2);
    TAP_EQUAL_INT(settings.labels.count, 2);
    const struct slw_runner_job *build =
        slw_runner_find_job(&settings, SLW_BYTES_OF("lamp"), SLW_BYTES_OF("build"));
    TAP_REQUIRE(build != NULL && build->command.count == 3 && build->read.count == 2);
    TAP_CHECK(strcmp(build->command.words[2], "x") == 0 && build->command.words[3] == NULL);
    TAP_CHECK(build->network && build->timeout_s == 3600 && build->kind == SLW_RUNNER_BUILD);
    const struct slw_runner_job *test =
        slw_runner_find_job(&settings, SLW_BYTES_OF("door"), SLW_BYTES_OF("system"));
    TAP_CHECK(test != NULL && !test->network && test->timeout_s == 7);
    TAP_CHECK(slw_runner_find_job(&settings, SLW_BYTES_OF("lamp"), SLW_BYTES_OF("system")) == NULL);
    TAP_CHECK(slw_runner_find_job(&settings, SLW_BYTES_OF("shed"), SLW_BYTES_OF("build")) == NULL);
    TAP_CHECK(slw_runner_find_job(&settings, SLW_BYTES_OF("lamp"), SLW_BYTES_OF("buil")) == NULL);
    slw_runner_settings_free(&settings);
}

static void refuses_settings_that_make_no_sense(void)
{
    static const char *const bad[] = {
        "",
        RUNNER,
        BUILD TEST,
        "[runner]\ndepot = x\n" TEST,
        RUNNER TEST "surprise = 1\n",
        RUNNER TEST "[job system]\nkind = test\n",
        RUNNER TEST "[surprise]\nx = y\n",
        RUNNER "name = two\n" TEST,
        RUNNER "token = slw_1_secret\n" TEST,
        RUNNER "[job ../x]\nkind = test\ncommand = /bin/true\nkey = k\n",
        RUNNER "[job ]\nkind = test\ncommand = /bin/true\nkey = k\n",
        RUNNER "[job a b]\nkind = test\ncommand = /bin/true\nkey = k\n",
        RUNNER "[job -a]\nkind = test\ncommand = /bin/true\nkey = k\n",
        RUNNER "[job a]\nkind = deploy\ncommand = /bin/true\nkey = k\n",
        RUNNER "[job a]\ncommand = /bin/true\nkey = k\n",
        RUNNER "[job a]\nkind = test\nkey = k\n",
        RUNNER "[job a]\nkind = test\ncommand =\nkey = k\n",
        RUNNER "[job a]\nkind = test\ncommand = true\nkey = k\n",
        RUNNER "[job a]\nkind = test\ncommand = /bin/true\n",
        RUNNER "[job a]\nkind = build\ncommand = /bin/true\nkey = k\n",
        RUNNER TEST "source = s\n",
        RUNNER TEST "network = maybe\n",
        RUNNER TEST "timeout-s = 0\n",
        RUNNER TEST "timeout-s = 86401\n",
        RUNNER TEST "timeout-s = -1\n",
        RUNNER TEST "timeout-s = 1e3\n",
        RUNNER TEST "timeout-s = 99999999999999999999\n",
        RUNNER TEST "memory-mb = 15\n",
        RUNNER TEST "files-mb = 0\n",
        RUNNER TEST "processes = 0\n",
        RUNNER TEST "processes = 32769\n",
        RUNNER TEST "products = shed\n",
        RUNNER TEST "read = opt\n",
        RUNNER TEST "read = /\n",
        RUNNER TEST "read = //\n",
        RUNNER TEST "read = /./\n",
        RUNNER TEST "read = /opt/../..\n",
        RUNNER TEST "read = //proc\n",
        RUNNER TEST "read = /./proc\n",
        RUNNER TEST "read = /proc\n",
        RUNNER TEST "read = /opt /dev/sda\n",
        RUNNER TEST "read = /job/out\n",
        RUNNER TEST "read = /1 /2 /3 /4 /5 /6 /7 /8 /9 /10 /11 /12 /13 /14 /15 /16 /17\n",
        "[runner]\ndepot = x\ntoken-file = t\nname = a b\nproducts = p\nwork = /w\n" TEST,
        "[runner]\ndepot = x\ntoken-file = t\nname = a\nproducts = p/q\nwork = /w\n" TEST,
        "[runner]\ndepot = x\ntoken-file = t\nname = a\nproducts = p\nwork = w\n" TEST,
        "[runner]\ndepot = x\ntoken-file = t\nname = a\nproducts =\nwork = /w\n" TEST,
    };
    struct slw_runner_settings settings = {.jobs_count = 77};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        TAP_ROW(bad[i] + (strncmp(bad[i], RUNNER, sizeof RUNNER - 1) == 0 ? sizeof RUNNER - 1 : 0));
        TAP_EQUAL_INT(read_text(bad[i], &settings), SLW_BAD_ARGUMENT);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(settings.jobs_count, 77);
}

static void refuses_settings_that_others_may_write(void)
{
    struct slw_runner_settings settings;
    TAP_REQUIRE(read_text(RUNNER TEST, &settings) == SLW_OK);
    slw_runner_settings_free(&settings);
    TAP_REQUIRE(chmod(path, 0620) == 0);
    TAP_EQUAL_INT(slw_runner_settings_read(path, &settings, &detail), SLW_NOT_PERMITTED);
    TAP_REQUIRE(chmod(path, 0602) == 0);
    TAP_EQUAL_INT(slw_runner_settings_read(path, &settings, &detail), SLW_NOT_PERMITTED);
    TAP_EQUAL_INT(slw_runner_settings_read("/nonexistent/x", &settings, &detail), SLW_NOT_FOUND);
}

/* --- What the depot says --- */

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static enum slw_status read_lease(const char *members, struct runner_lease *ret_lease)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "{\"lease\":\"s3\",\"expires\":\"x\",\"job\":{%s}}", members);
    enum slw_status status = runner_lease_read(slw_heap_bytes(&text), ret_lease, &detail);
    slw_heap_drop(&text);
    return status;
}

#define NAMES "\"id\":7,\"attempt\":1,\"product\":\"lamp\",\"job\":\"build\",\"kind\":\"build\""

static void reads_a_lease(void)
{
    struct runner_lease lease;
    TAP_REQUIRE(read_lease(NAMES
                           ",\"timeout_s\":60,\"ref\":\"refs/heads/main\",\"commit\":\"" COMMIT
                           "\",\"cause\":\"webhook\"",
                           &lease) == SLW_OK);
    TAP_EQUAL_INT(lease.id, 7);
    TAP_EQUAL_INT(lease.timeout_s, 60);
    TAP_CHECK(lease.kind == SLW_RUNNER_BUILD && strcmp(lease.secret, "s3") == 0);
    TAP_CHECK(strcmp(lease.ref, "refs/heads/main") == 0 && lease.build[0] == '\0');
    TAP_EQUAL_INT(read_lease("\"id\":7,\"attempt\":1,\"product\":\"lamp\",\"job\":\"system\","
                             "\"kind\":\"test\",\"build\":\"" HEX64 "\"",
                             &lease),
                  SLW_OK);
}

static void refuses_leases_that_make_no_sense(void)
{
    static const char *const bad[] = {
        "",
        "\"id\":7",
        NAMES ",\"ref\":\"--upload-pack=x\"",
        NAMES ",\"ref\":\"refs/../x\"",
        NAMES ",\"ref\":\"a\\nb\"",
        NAMES ",\"ref\":\"a b\"",
        NAMES ",\"ref\":\"a;b\"",
        NAMES ",\"ref\":\"$(x)\"",
        NAMES ",\"ref\":\"a\\u0000b\"",
        NAMES ",\"ref\":\"\"",
        NAMES ",\"ref\":7",
        NAMES ",\"commit\":\"0123\"",
        NAMES ",\"commit\":\"" HEX64 "0\"",
        NAMES ",\"commit\":\"0123456789ABCDEF0123456789abcdef01234567\"",
        NAMES ",\"commit\":\"-123456789abcdef0123456789abcdef01234567\"",
        NAMES ",\"build\":\"" COMMIT "\"",
        NAMES ",\"timeout_s\":0",
        NAMES ",\"timeout_s\":-5",
        "\"id\":0,\"attempt\":1,\"product\":\"lamp\",\"job\":\"build\",\"kind\":\"build\"",
        "\"id\":9007199254740993,\"attempt\":1,\"product\":\"p\",\"job\":\"b\",\"kind\":\"build\"",
        "\"id\":7,\"attempt\":1,\"product\":\"../lamp\",\"job\":\"build\",\"kind\":\"build\"",
        "\"id\":7,\"attempt\":1,\"product\":\"lamp/x\",\"job\":\"build\",\"kind\":\"build\"",
        "\"id\":7,\"attempt\":1,\"product\":\"lamp\",\"job\":\"build?x=\",\"kind\":\"build\"",
        "\"id\":7,\"attempt\":1,\"product\":\"lamp\",\"job\":\"build\",\"kind\":\"deploy\"",
        "\"id\":7,\"attempt\":1,\"product\":\"lamp\",\"job\":\"build\",\"kind\":\"deploy\","
        "\"build\":\"" HEX64 "\"",
        "\"id\":7,\"attempt\":1,\"product\":\"lamp\",\"job\":\"system\",\"kind\":\"test\"",
    };
    struct runner_lease lease = {.id = 77};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        TAP_ROW(bad[i]);
        TAP_EQUAL_INT(read_lease(bad[i], &lease), SLW_MALFORMED);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(runner_lease_read(SLW_BYTES_OF("[]"), &lease, &detail), SLW_MALFORMED);
    TAP_EQUAL_INT(runner_lease_read(SLW_BYTES_OF("{\"job\":{" NAMES "}}"), &lease, &detail),
                  SLW_MALFORMED);
    TAP_EQUAL_INT(runner_lease_read(SLW_BYTES_OF("<html>"), &lease, &detail), SLW_MALFORMED);
    TAP_EQUAL_INT(lease.id, 77);
}

/* --- What jobs print --- */

static bool prints(const char *printed, size_t len, const char *expected)
{
    struct runner_output output;
    struct slw_heap_buffer text = {0};
    if (runner_output_init(&output, &detail) != SLW_OK) {
        return false;
    }
    runner_output_add(&output, slw_bytes_make(printed, len));
    runner_output_text(&output, &text);
    bool same = strcmp(slw_heap_text(&text), expected) == 0;
    if (!same) {
        (void)printf("# %s\n", slw_heap_text(&text));
    }
    slw_heap_drop(&text);
    runner_output_free(&output);
    return same;
}

#define PRINTS(printed, expected) TAP_CHECK(prints(printed, sizeof printed - 1, expected))

static void makes_output_harmless(void)
{
    PRINTS("plain\ttext\n", "plain\ttext\n");
    PRINTS("a \"quoted\" \\ path\n", "a \"quoted\" \\ path\n");
    PRINTS("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07");
    PRINTS("50%\r100%\r\ndone", "50%\n100%\ndone");
    PRINTS("zero\0byte\x7f", "zero\\x00byte\\x7f");
    PRINTS("gr\xc3\xb6\xc3\x9f"
           "er",
           "gr\xc3\xb6\xc3\x9f"
           "er");
    /* C1 in UTF-8 and alone; what isn't UTF-8. */
    PRINTS("\xc2\x9b"
           "2J",
           "\\xc2\\x9b"
           "2J");
    PRINTS("\x9b"
           "2J",
           "\\x9b"
           "2J");
    PRINTS("\xff\xfe", "\\xff\\xfe");
    PRINTS("\xc3", "\\xc3");
}

static void keeps_the_end_of_output(void)
{
    struct runner_output output;
    struct slw_heap_buffer text = {0};
    char note[RUNNER_NOTE_MAX + 1];
    static uint8_t block[100000];
    TAP_REQUIRE(runner_output_init(&output, &detail) == SLW_OK);
    runner_output_last(&output, note);
    TAP_CHECK(note[0] == '\0');
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < 2 * RUNNER_OUTPUT_KEPT_MAX / sizeof block; i++) {
        runner_output_add(&output, slw_bytes_make(block, sizeof block));
    }
    runner_output_add(&output, SLW_BYTES_OF("\nbefore\nthe last \x1b line\n\n  \n"));
    runner_output_text(&output, &text);
    TAP_CHECK(text.len < RUNNER_OUTPUT_KEPT_MAX + 100u && text.len > RUNNER_OUTPUT_KEPT_MAX);
    TAP_CHECK(strncmp(slw_heap_text(&text), "[", 1) == 0);
    TAP_CHECK(strstr(slw_heap_text(&text), "\nbefore\nthe last \\x1b line\n") != NULL);
    runner_output_last(&output, note);
    TAP_CHECK(strcmp(note, "the last \\x1b line") == 0);
    /* A note has its bound, and ends with a whole character. */
    for (int i = 0; i < 300; i++) {
        runner_output_add(&output, SLW_BYTES_OF("\xe2\x82\xac"));
    }
    runner_output_last(&output, note);
    TAP_EQUAL_INT(strlen(note), RUNNER_NOTE_MAX - RUNNER_NOTE_MAX % 3);
    slw_heap_drop(&text);
    runner_output_free(&output);
}

int main(void)
{
    if (mkdtemp(directory) == NULL) {
        (void)printf("Bail out! no directory\n");
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/runner.conf", directory);
    TAP_RUN(reads_settings);
    TAP_RUN(refuses_settings_that_make_no_sense);
    TAP_RUN(refuses_settings_that_others_may_write);
    TAP_RUN(reads_a_lease);
    TAP_RUN(refuses_leases_that_make_no_sense);
    TAP_RUN(makes_output_harmless);
    TAP_RUN(keeps_the_end_of_output);
    remove_tree(directory);
    return tap_finish();
}
