/* SPDX-License-Identifier: Apache-2.0 */
/* The store in S3 against a server that somebody else wrote, and which checks signatures. */
#include "s3_blobs.h"
#include "test_swift.h"

#include "tap.h"

#include "slipway/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGE_SIZE (SLW_S3_PART_SIZE + 512345u)

static struct test_swift swift;
static struct slw_detail detail;
static struct slw_blobs *blobs;
static uint8_t sha256[SLW_SHA256_SIZE];
static uint64_t length;
static bool complete;

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

static void digest(const char *text)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_text_bytes(text));
    slw_sha256_final(&hash, sha256);
}

static enum slw_status append(uint64_t total, uint64_t offset, const char *text)
{
    return slw_blobs_append(blobs, sha256, total, offset, slw_text_bytes(text), &length, &detail);
}

static enum slw_status finish(uint64_t total)
{
    return slw_blobs_finish(blobs, sha256, total, &detail);
}

static bool holds(const char *text)
{
    struct slw_blob blob;
    char buffer[64] = "";
    size_t len = strlen(text);
    if (slw_blob_open(blobs, sha256, &blob, &detail) != SLW_OK || blob.source.size != len) {
        return false;
    }
    bool same = true;
    for (size_t i = 0; i < len; i++) { /* byte by byte, from what was read ahead */
        same = same && blob.source.read(blob.source.context, i, (uint8_t *)buffer + i, 1) == SLW_OK;
    }
    slw_blob_close(&blob);
    return same && memcmp(buffer, text, len) == 0;
}

static bool is_there(void)
{
    uint64_t size = 0;
    return slw_blobs_size(blobs, sha256, &size, &detail) == SLW_OK;
}

static enum slw_status count_blob(void *context, const uint8_t digest_of[static SLW_SHA256_SIZE],
                                  uint64_t size, int64_t made_utc_s)
{
    unsigned *count = context;
    (void)digest_of;
    (void)size;
    *count += made_utc_s > 1000000000 ? 1 : 1000;
    return SLW_OK;
}

/* Uploads that no piece came for since so long are dropped. */
static unsigned count_blobs(uint32_t older_than_s)
{
    unsigned count = 0;
    return slw_blobs_list(blobs, older_than_s, count_blob, &count, &detail) == SLW_OK ? count
                                                                                      : 99999;
}

static enum slw_status count_key(void *context, const char *key, uint64_t size,
                                 int64_t modified_utc_s)
{
    unsigned *count = context;
    (void)key;
    (void)size;
    (void)modified_utc_s;
    (*count)++;
    return SLW_OK;
}

static unsigned count_keys(const char *prefix)
{
    unsigned count = 0;
    return slw_s3_list(slw_s3_blobs_of(blobs)->client, prefix, count_key, &count, &detail) == SLW_OK
               ? count
               : 99999;
}

static void takes_pieces_and_shows_the_whole(void)
{
    digest("one, two");
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && !complete);
    TAP_EQUAL_INT(append(8, 3, "two"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(length, 0);
    TAP_EQUAL_INT(append(8, 0, "one"), SLW_OK);
    TAP_EQUAL_INT(append(8, 0, "one"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(length, 3);
    TAP_EQUAL_INT(append(8, 3, ", two, three"), SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(finish(8), SLW_WRONG_LENGTH);
    TAP_CHECK(!is_there());
    TAP_EQUAL_INT(append(8, 3, ", two"), SLW_OK);
    TAP_EQUAL_INT(finish(8), SLW_OK);
    TAP_EQUAL_INT(finish(8), SLW_OK);
    TAP_CHECK(holds("one, two"));
    TAP_EQUAL_INT(count_keys("uploads/"), 0);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && complete);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
    TAP_CHECK(!is_there());
    TAP_EQUAL_INT(finish(8), SLW_NOT_FOUND);
}

static void forgets_what_has_another_digest(void)
{
    digest("right");
    TAP_EQUAL_INT(append(5, 0, "wrong"), SLW_OK);
    TAP_EQUAL_INT(finish(5), SLW_WRONG_HASH);
    TAP_CHECK(!is_there());
    TAP_EQUAL_INT(append(5, 0, "rightly"), SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(append(7, 0, "rightly"), SLW_OK);
    TAP_EQUAL_INT(finish(5), SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(append(5, 0, "right"), SLW_OK);
    TAP_EQUAL_INT(finish(5), SLW_OK);
    TAP_CHECK(holds("right"));
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
}

static void uploads_under_other_names_do_not_meet(void)
{
    const uint8_t hers[SLW_SHA256_SIZE] = {1};
    const uint8_t his[SLW_SHA256_SIZE] = {2};
    digest("right");
    TAP_EQUAL_INT(slw_blobs_append(blobs, hers, 5, 0, slw_text_bytes("rig"), &length, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_blobs_append(blobs, his, 5, 0, slw_text_bytes("wrong"), &length, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_blobs_finish_as(blobs, his, sha256, 5, &detail), SLW_WRONG_HASH);
    TAP_EQUAL_INT(slw_blobs_append(blobs, hers, 5, 3, slw_text_bytes("ht"), &length, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_blobs_finish_as(blobs, hers, sha256, 5, &detail), SLW_OK);
    TAP_CHECK(holds("right"));
    TAP_EQUAL_INT(slw_blobs_have(blobs, hers, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && !complete);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
}

static void puts_small_blobs_and_those_without_bytes(void)
{
    uint8_t told[SLW_SHA256_SIZE];
    digest("small");
    TAP_EQUAL_INT(slw_blobs_put(blobs, slw_text_bytes("small"), told, &detail), SLW_OK);
    TAP_EQUAL_BYTES(told, sha256, sizeof told);
    TAP_EQUAL_INT(slw_blobs_put(blobs, slw_text_bytes("small"), told, &detail), SLW_OK);
    TAP_CHECK(holds("small"));
    TAP_EQUAL_INT(count_blobs(3600), 1);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
    digest("");
    TAP_EQUAL_INT(append(0, 0, ""), SLW_OK);
    TAP_EQUAL_INT(finish(0), SLW_OK);
    TAP_CHECK(is_there());
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
}

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 2654435761u >> 13);
}

static enum slw_status read_pattern(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        buffer[i] = pattern(offset + i);
    }
    return SLW_OK;
}

static void puts_large_blobs_in_parts(void)
{
    const struct slw_source source = {NULL, read_pattern, LARGE_SIZE};
    static uint8_t bytes[300000];
    struct slw_blob blob;
    TAP_REQUIRE(slw_blobs_put_source(blobs, &source, sha256, &detail) == SLW_OK);
    TAP_REQUIRE(slw_blob_open(blobs, sha256, &blob, &detail) == SLW_OK);
    TAP_CHECK(blob.source.size == LARGE_SIZE);
    static const uint64_t offsets[] = {0, SLW_S3_PART_SIZE - 100000, LARGE_SIZE - 300000};
    for (size_t i = 0; i < 3; i++) {
        bool same =
            blob.source.read(blob.source.context, offsets[i], bytes, sizeof bytes) == SLW_OK;
        for (size_t at = 0; at < sizeof bytes; at++) {
            same = same && bytes[at] == pattern(offsets[i] + at);
        }
        TAP_CHECK(same);
    }
    slw_blob_close(&blob);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
    /* Under another's name nothing of it is seen, and its parts are given back. */
    digest("something else");
    TAP_EQUAL_INT(slw_s3_put_source(slw_s3_blobs_of(blobs)->client, sha256, &source, &detail),
                  SLW_WRONG_HASH);
    TAP_CHECK(!is_there());
}

static unsigned uploads_in_parts(void)
{
    struct slw_s3_request request = {.method = "GET", .query = "uploads=", .limit = 65536};
    unsigned count = 99999;
    if (slw_s3_run(slw_s3_blobs_of(blobs)->client, &request, &detail) == SLW_OK) {
        count = 0;
        const char *text = slw_heap_text(&request.reply);
        while ((text = strstr(text, "<Upload>")) != NULL) {
            count++;
            text++;
        }
    }
    slw_s3_request_free(&request);
    return count;
}

static void finds_and_removes_what_ended_processes_left(void)
{
    struct slw_s3_parts parts;
    struct slw_s3_parts other;
    struct slw_s3_client *client = slw_s3_blobs_of(blobs)->client;
    TAP_EQUAL_INT(uploads_in_parts(), 0);
    TAP_REQUIRE(slw_s3_parts_begin(client, "blobs/never-finished", &parts, &detail) == SLW_OK);
    TAP_REQUIRE(slw_s3_parts_begin(client, "of-others/blobs", &other, &detail) == SLW_OK);
    digest("old");
    TAP_REQUIRE(append(3, 0, "ol") == SLW_OK);
    TAP_EQUAL_INT(uploads_in_parts(), 2);
    TAP_EQUAL_INT(count_blobs(3600), 0);
    TAP_EQUAL_INT(uploads_in_parts(), 2);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_EQUAL_INT(length, 2);
    /* A time that is to come: everything is old. */
    TAP_EQUAL_INT(slw_s3_parts_abort_old(client, "blobs/", (int64_t)time(NULL) + 100, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(uploads_in_parts(), 1);
    /* The server rounds its times up. */
    length = 1;
    for (unsigned i = 0; i < 40 && length > 0; i++) {
        const struct timespec pause = {0, 100000000};
        (void)nanosleep(&pause, NULL);
        TAP_EQUAL_INT(count_blobs(1), 0);
        TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    }
    TAP_EQUAL_INT(length, 0);
    parts.query.len = 0;
    slw_s3_parts_end(&parts);
    slw_s3_parts_end(&other);
    TAP_EQUAL_INT(uploads_in_parts(), 0);
}

/* A child that finishes an upload, and is killed meanwhile: nothing, or the whole, is there. */
static void a_kill_while_finishing_shows_nothing_half(void)
{
    static char text[200001];
    memset(text, 'k', sizeof text - 1);
    digest(text);
    for (unsigned i = 0; i < 3; i++) {
        TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
        if (length == 0) {
            TAP_REQUIRE(append(200000, 0, text) == SLW_OK);
        }
        pid_t child = fork();
        if (child == 0) {
            struct slw_blobs *own = NULL;
            bool good = slw_blobs_open("s3:", &swift.settings, &own, &detail) == SLW_OK;
            _exit(good && slw_blobs_finish(own, sha256, 200000, &detail) == SLW_OK ? 0 : 1);
        }
        const struct timespec pause = {0, 8000000L * (long)(i + 1)};
        (void)nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        uint64_t size = 0;
        enum slw_status status = slw_blobs_size(blobs, sha256, &size, &detail);
        TAP_CHECK(status == SLW_NOT_FOUND || (status == SLW_OK && size == 200000));
    }
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 200000 || complete);
    TAP_EQUAL_INT(finish(200000), SLW_OK);
    TAP_CHECK(is_there());
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
}

static void says_what_the_server_says(void)
{
    struct slw_blobs *other = NULL;
    struct slw_blobs_s3 settings = swift.settings;
    settings.access_key = "test:nobody";
    digest("x");
    TAP_REQUIRE(slw_blobs_open("s3:", &settings, &other, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_blobs_put(other, slw_text_bytes("x"), sha256, &detail), SLW_UNAVAILABLE);
    TAP_CHECK(said("403"));
    TAP_EQUAL_INT(slw_blobs_append(other, sha256, 1, 0, slw_text_bytes("x"), &length, &detail),
                  SLW_UNAVAILABLE);
    TAP_CHECK(said("InvalidAccessKeyId") || said("AccessDenied") || said("SignatureDoesNotMatch"));
    slw_blobs_close(other);
    settings = swift.settings;
    settings.bucket = "another";
    TAP_REQUIRE(slw_blobs_open("s3:", &settings, &other, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_blobs_append(other, sha256, 1, 0, slw_text_bytes("x"), &length, &detail),
                  SLW_UNAVAILABLE);
    TAP_CHECK(said("NoSuchBucket"));
    slw_blobs_close(other);
}

static void refuses_settings_that_make_no_sense(void)
{
    static const struct {
        const char *name;
        struct slw_blobs_s3 change;
    } rows[] = {
        {"endpoint", {.endpoint = "ftp://host"}},
        {"path", {.endpoint = "http://host/path"}},
        {"user", {.endpoint = "http://user@host"}},
        {"bucket", {.bucket = "a/b"}},
        {"dots", {.bucket = "..", .endpoint = NULL}},
        {"prefix", {.prefix = "../other/"}},
        {"slash", {.prefix = "/a"}},
        {"region", {.region = "a b"}},
        {"key", {.access_key = "a\nb"}},
        {"no secret", {.secret_file = "/nothing/there"}},
        {"public secret", {.secret_file = "/etc/passwd"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_blobs_s3 settings = swift.settings;
        const struct slw_blobs_s3 *change = &rows[i].change;
        struct slw_blobs *none = NULL;
        TAP_ROW(rows[i].name);
        settings.endpoint = change->endpoint != NULL ? change->endpoint : settings.endpoint;
        settings.bucket = change->bucket != NULL ? change->bucket : settings.bucket;
        settings.prefix = change->prefix != NULL ? change->prefix : settings.prefix;
        settings.region = change->region != NULL ? change->region : settings.region;
        settings.access_key = change->access_key != NULL ? change->access_key : settings.access_key;
        settings.secret_file =
            change->secret_file != NULL ? change->secret_file : settings.secret_file;
        TAP_CHECK(slw_blobs_open("s3:", &settings, &none, &detail) != SLW_OK);
        TAP_CHECK(none == NULL);
    }
    TAP_ROW(NULL);
    struct slw_blobs *none = NULL;
    TAP_EQUAL_INT(slw_blobs_open("s3:", NULL, &none, &detail), SLW_BAD_ARGUMENT);
}

int main(void)
{
    if (!test_swift_start(&swift) ||
        slw_blobs_open("s3:", &swift.settings, &blobs, &detail) != SLW_OK) {
        (void)fprintf(stderr, "# %s\n", detail.text);
        test_swift_stop(&swift);
        return 1;
    }
    TAP_RUN(takes_pieces_and_shows_the_whole);
    TAP_RUN(forgets_what_has_another_digest);
    TAP_RUN(uploads_under_other_names_do_not_meet);
    TAP_RUN(puts_small_blobs_and_those_without_bytes);
    TAP_RUN(puts_large_blobs_in_parts);
    TAP_RUN(finds_and_removes_what_ended_processes_left);
    TAP_RUN(a_kill_while_finishing_shows_nothing_half);
    TAP_RUN(says_what_the_server_says);
    TAP_RUN(refuses_settings_that_make_no_sense);
    slw_blobs_close(blobs);
    test_swift_stop(&swift);
    return tap_finish();
}
