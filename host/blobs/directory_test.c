/* SPDX-License-Identifier: Apache-2.0 */
/* The store in a directory: what is appended, finished, put, listed; and what happens to it when
 * bytes are wrong, writers are killed, disks are full, or somebody plants links. */
#include "port.h"

#include "slipway/heap.h"
#include "slipway/text.h"

#include "remove_tree.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char top[] = "/tmp/slipway-blobs-test-XXXXXX";
static char url[80];
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

static const char *path_of(const char *folder, char buffer[static 256])
{
    char name[SLW_BLOB_NAME_SIZE];
    slw_blob_name(sha256, name);
    if (folder[0] == '\0') {
        (void)snprintf(buffer, 256, "%s/%.2s/%s", top, name, name);
    } else {
        (void)snprintf(buffer, 256, "%s/%s/%s", top, folder, name);
    }
    return buffer;
}

/* What a blob holds: "!WORD" when it can't be read. */
static const char *content(void)
{
    static struct slw_heap_buffer text;
    struct slw_blob blob;
    slw_heap_free(&text);
    enum slw_status status = slw_blob_open(blobs, sha256, &blob, &detail);
    if (status != SLW_OK) {
        slw_heap_printf(&text, "!%s", slw_status_word(status));
        return slw_heap_text(&text);
    }
    size_t size = (size_t)blob.source.size;
    uint8_t *place = slw_heap_reserve(&text, size);
    if (place == NULL ||
        (size > 0 && blob.source.read(blob.source.context, 0, place, size) != SLW_OK)) {
        text.len = 0;
    }
    slw_blob_close(&blob);
    return slw_heap_text(&text);
}

static bool begin(void)
{
    remove_tree(top);
    blobs = NULL;
    return slw_blobs_open(url, NULL, &blobs, &detail) == SLW_OK;
}

static void takes_pieces_and_shows_the_whole(void)
{
    TAP_REQUIRE(begin());
    digest("one, two");
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && !complete);
    TAP_EQUAL_INT(append(8, 0, "one"), SLW_OK);
    TAP_EQUAL_INT(length, 3);
    TAP_CHECK(strcmp(content(), "!not-found") == 0);
    slw_blobs_close(blobs); /* another process goes on */
    TAP_REQUIRE(slw_blobs_open(url, NULL, &blobs, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 3 && !complete);
    TAP_EQUAL_INT(append(8, 3, ", two"), SLW_OK);
    TAP_EQUAL_INT(finish(8), SLW_OK);
    TAP_CHECK(strcmp(content(), "one, two") == 0);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && complete);
    TAP_EQUAL_INT(finish(8), SLW_OK);
    uint64_t size = 0;
    TAP_EQUAL_INT(slw_blobs_size(blobs, sha256, &size, &detail), SLW_OK);
    TAP_EQUAL_INT(size, 8);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_blobs_remove(blobs, sha256, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_blobs_size(blobs, sha256, &size, &detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(finish(8), SLW_NOT_FOUND);
    slw_blobs_close(blobs);
}

static void refuses_offsets_and_lengths_that_do_not_fit(void)
{
    TAP_REQUIRE(begin());
    digest("12345678");
    TAP_EQUAL_INT(append(8, 4, "5678"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(length, 0);
    TAP_EQUAL_INT(append(8, 0, "1234"), SLW_OK);
    TAP_EQUAL_INT(append(8, 0, "1234"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(length, 4);
    TAP_EQUAL_INT(append(8, 5, "678"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(append(8, 4, "56789"), SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(append(8, UINT64_MAX, "56"), SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(append(UINT64_MAX, 4, "5"), SLW_TOO_LARGE);
    TAP_EQUAL_INT(finish(8), SLW_WRONG_LENGTH);
    TAP_CHECK(said("4 bytes of 8"));
    /* What is there stays, for it isn't wrong yet. */
    TAP_EQUAL_INT(append(8, 4, "5678"), SLW_OK);
    TAP_EQUAL_INT(finish(7), SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && !complete);
    slw_blobs_close(blobs);
}

static void forgets_what_has_another_digest(void)
{
    TAP_REQUIRE(begin());
    digest("right");
    TAP_EQUAL_INT(append(5, 0, "wrong"), SLW_OK);
    TAP_EQUAL_INT(finish(5), SLW_WRONG_HASH);
    TAP_CHECK(strcmp(content(), "!not-found") == 0);
    TAP_EQUAL_INT(append(5, 0, "right"), SLW_OK);
    TAP_EQUAL_INT(finish(5), SLW_OK);
    /* A wrong upload of what is there harms nothing. */
    TAP_EQUAL_INT(append(5, 0, "wrong"), SLW_OK);
    TAP_EQUAL_INT(finish(5), SLW_WRONG_HASH);
    TAP_CHECK(strcmp(content(), "right") == 0);
    slw_blobs_close(blobs);
}

static void takes_blobs_without_bytes(void)
{
    TAP_REQUIRE(begin());
    digest("");
    TAP_EQUAL_INT(append(0, 0, ""), SLW_OK);
    TAP_EQUAL_INT(finish(0), SLW_OK);
    TAP_CHECK(strcmp(content(), "") == 0);
    slw_blobs_close(blobs);
}

static void uploads_under_other_names_do_not_meet(void)
{
    TAP_REQUIRE(begin());
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
    TAP_CHECK(strcmp(content(), "right") == 0);
    TAP_EQUAL_INT(slw_blobs_have(blobs, hers, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length == 0 && !complete);
    slw_blobs_close(blobs);
}

static enum slw_status fail_in_the_middle(void *context, uint64_t offset, uint8_t *buffer,
                                          size_t len)
{
    (void)context;
    memset(buffer, 'x', len);
    return offset > 0 ? SLW_UNAVAILABLE : SLW_OK;
}

static unsigned files_in(const char *folder)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", top, folder);
    char *roots[] = {path, NULL};
    unsigned count = 0;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = tree == NULL ? NULL : fts_read(tree); entry != NULL;
         entry = fts_read(tree)) {
        count += entry->fts_info == FTS_F ? 1 : 0;
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
    return count;
}

static void puts_a_source_or_leaves_nothing(void)
{
    TAP_REQUIRE(begin());
    uint8_t told[SLW_SHA256_SIZE] = {0};
    digest("whole");
    TAP_EQUAL_INT(slw_blobs_put(blobs, slw_text_bytes("whole"), told, &detail), SLW_OK);
    TAP_EQUAL_BYTES(told, sha256, sizeof told);
    TAP_EQUAL_INT(slw_blobs_put(blobs, slw_text_bytes("whole"), told, &detail), SLW_OK);
    TAP_CHECK(strcmp(content(), "whole") == 0);
    const struct slw_source broken = {NULL, fail_in_the_middle, SLW_BLOB_BLOCK_SIZE + 1};
    TAP_EQUAL_INT(slw_blobs_put_source(blobs, &broken, told, &detail), SLW_UNAVAILABLE);
    TAP_EQUAL_BYTES(told, sha256, sizeof told);
    TAP_EQUAL_INT(files_in("."), 1);
    slw_blobs_close(blobs);
}

static void a_damaged_blob_is_mended_by_the_right_bytes(void)
{
    char path[256];
    TAP_REQUIRE(begin());
    digest("sound");
    TAP_REQUIRE(slw_blobs_put(blobs, slw_text_bytes("sound"), sha256, &detail) == SLW_OK);
    TAP_REQUIRE(truncate(path_of("", path), 2) == 0);
    TAP_CHECK(strcmp(content(), "so") == 0);
    TAP_EQUAL_INT(slw_blobs_put(blobs, slw_text_bytes("sound"), sha256, &detail), SLW_OK);
    TAP_CHECK(strcmp(content(), "sound") == 0);
    slw_blobs_close(blobs);
}

static void follows_no_link(void)
{
    char path[256];
    char other[256];
    TAP_REQUIRE(begin());
    digest("secret");
    (void)snprintf(other, sizeof other, "%s/outside", top);
    int descriptor = open(other, O_WRONLY | O_CREAT, 0600);
    TAP_REQUIRE(descriptor >= 0 && write(descriptor, "secret", 6) == 6);
    close(descriptor);
    /* An upload that is a link. */
    TAP_REQUIRE(symlink("../outside", path_of("uploads", path)) == 0);
    TAP_EQUAL_INT(append(6, 0, "SECRET"), SLW_IO);
    TAP_EQUAL_INT(finish(6), SLW_IO);
    TAP_REQUIRE(unlink(path) == 0);
    /* A blob that is a link, and a folder of blobs that is one. */
    TAP_REQUIRE(slw_blobs_put(blobs, slw_text_bytes("secret"), sha256, &detail) == SLW_OK);
    TAP_REQUIRE(unlink(path_of("", path)) == 0 && symlink("../outside", path) == 0);
    TAP_CHECK(strcmp(content(), "!io") == 0);
    TAP_REQUIRE(unlink(path) == 0);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    TAP_REQUIRE(rmdir(path) == 0 && symlink("uploads", path) == 0);
    TAP_CHECK(strcmp(content(), "!io") == 0);
    TAP_EQUAL_INT(slw_blobs_put(blobs, slw_text_bytes("secret"), sha256, &detail), SLW_IO);
    TAP_EQUAL_INT(files_in("uploads"), 0);
    slw_blobs_close(blobs);
}

static void refuses_places_that_are_none(void)
{
    static const char *const places[] = {"",   "dir:",          "dir:/proc/nothing/blobs",
                                         "s4", "dir:/dev/null", "/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        TAP_ROW(places[i]);
        struct slw_blobs *none = NULL;
        TAP_CHECK(slw_blobs_open(places[i], NULL, &none, &detail) != SLW_OK);
        TAP_CHECK(none == NULL && detail.text[0] != '\0');
    }
}

struct seen {
    unsigned count;
    uint64_t size;
    int64_t made_utc_s;
    unsigned stop_at;
};

static enum slw_status see(void *context, const uint8_t digest_of[static SLW_SHA256_SIZE],
                           uint64_t size, int64_t made_utc_s)
{
    struct seen *seen = context;
    (void)digest_of;
    seen->count++;
    seen->size += size;
    seen->made_utc_s = made_utc_s;
    return seen->count == seen->stop_at ? SLW_REVOKED_KEY : SLW_OK;
}

static void lists_blobs_and_drops_old_uploads(void)
{
    char path[256];
    struct seen seen = {0};
    TAP_REQUIRE(begin());
    TAP_REQUIRE(slw_blobs_put(blobs, slw_text_bytes("a"), sha256, &detail) == SLW_OK);
    TAP_REQUIRE(slw_blobs_put(blobs, slw_text_bytes("bcd"), sha256, &detail) == SLW_OK);
    digest("young");
    TAP_REQUIRE(append(5, 0, "you") == SLW_OK);
    digest("old");
    TAP_REQUIRE(append(3, 0, "ol") == SLW_OK);
    const struct timespec times[2] = {{time(NULL) - 100, 0}, {time(NULL) - 100, 0}};
    TAP_REQUIRE(utimensat(AT_FDCWD, path_of("uploads", path), times, 0) == 0);
    TAP_EQUAL_INT(slw_blobs_list(blobs, 50, see, &seen, &detail), SLW_OK);
    TAP_CHECK(seen.count == 2 && seen.size == 4 && seen.made_utc_s > 1000000000);
    TAP_EQUAL_INT(append(3, 2, "d"), SLW_WRONG_STATE);
    digest("young");
    TAP_EQUAL_INT(append(5, 3, "ng"), SLW_OK);
    seen = (struct seen){.stop_at = 1};
    TAP_EQUAL_INT(slw_blobs_list(blobs, 50, see, &seen, &detail), SLW_REVOKED_KEY);
    TAP_EQUAL_INT(seen.count, 1);
    slw_blobs_close(blobs);
}

#define RACE_PIECES 60u

static void *race(void *context)
{
    const char *letter = context;
    uint64_t told = 0;
    for (unsigned i = 0; i < RACE_PIECES; i++) {
        struct slw_detail own;
        (void)!slw_blobs_append(blobs, sha256, RACE_PIECES, told, slw_bytes_make(letter, 1), &told,
                                &own);
        if (told >= RACE_PIECES) {
            break;
        }
    }
    return NULL;
}

static void two_that_send_different_bytes_end_in_no_blob_and_no_mixture(void)
{
    TAP_REQUIRE(begin());
    char whole[RACE_PIECES + 1];
    memset(whole, 'a', RACE_PIECES);
    whole[RACE_PIECES] = '\0';
    digest(whole);
    pthread_t threads[2];
    char letters[2] = {'a', 'b'};
    TAP_REQUIRE(pthread_create(&threads[0], NULL, race, &letters[0]) == 0);
    TAP_REQUIRE(pthread_create(&threads[1], NULL, race, &letters[1]) == 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_CHECK(length > 0 && length <= RACE_PIECES);
    enum slw_status status = finish(RACE_PIECES);
    TAP_CHECK(status == SLW_OK || status == SLW_WRONG_HASH || status == SLW_WRONG_LENGTH);
    const char *text = content();
    TAP_CHECK(strcmp(text, status == SLW_OK ? whole : "!not-found") == 0);
    slw_blobs_close(blobs);
}

/* What a second writer does that waited for the lock while the first one finished. */
static void *append_late(void *context)
{
    enum slw_status *ret_status = context;
    struct slw_detail own;
    uint64_t told = 0;
    *ret_status = slw_blobs_append(blobs, sha256, 100, 4, SLW_BYTES_OF("more"), &told, &own);
    return NULL;
}

static void nothing_is_appended_to_what_was_finished(void)
{
    TAP_REQUIRE(begin());
    digest("done");
    for (unsigned i = 0; i < 20; i++) {
        pthread_t thread;
        enum slw_status late = SLW_OK;
        TAP_REQUIRE(append(4, 0, "done") == SLW_OK);
        TAP_REQUIRE(pthread_create(&thread, NULL, append_late, &late) == 0);
        enum slw_status status = finish(4);
        pthread_join(thread, NULL);
        TAP_CHECK(status == SLW_OK || status == SLW_WRONG_LENGTH);
        TAP_CHECK(status != SLW_OK || late == SLW_WRONG_STATE);
        TAP_CHECK(strcmp(content(), status == SLW_OK ? "done" : "!not-found") == 0);
        TAP_REQUIRE(slw_blobs_remove(blobs, sha256, &detail) == SLW_OK);
    }
    slw_blobs_close(blobs);
}

/* A child that uploads pieces without end, until it is killed. */
static void be_killed_while_uploading(unsigned microseconds)
{
    pid_t child = fork();
    if (child == 0) {
        uint64_t told = 0;
        while (told < 1000000) {
            (void)!slw_blobs_append(blobs, sha256, 1000000, told, SLW_BYTES_OF("0123456789"), &told,
                                    &detail);
        }
        _exit(0);
    }
    const struct timespec pause = {0, (long)microseconds * 1000};
    (void)nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void an_upload_goes_on_after_kills(void)
{
    TAP_REQUIRE(begin());
    digest("whatever comes");
    for (unsigned i = 1; i <= 5; i++) {
        uint64_t before = length;
        be_killed_while_uploading(i * 3000);
        TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
        TAP_CHECK(!complete && (i == 1 || length >= before));
        TAP_EQUAL_INT(append(1000000, length, "x"), SLW_OK);
    }
    slw_blobs_close(blobs);
}

/* In a child, for the limit of a file's size is the process's: a disk that is full. */
static void a_full_disk_is_no_space_and_loses_nothing(void)
{
    TAP_REQUIRE(begin());
    digest("0123456789abcdef");
    TAP_REQUIRE(append(16, 0, "01234567") == SLW_OK);
    pid_t child = fork();
    if (child == 0) {
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct rlimit limit = {10, 10};
        bool good = sigaction(SIGXFSZ, &ignore, NULL) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0;
        good = good && append(16, 8, "89abcdef") == SLW_NO_SPACE;
        good = good && slw_blobs_put(blobs, SLW_BYTES_OF("something longer"), sha256, &detail) ==
                           SLW_NO_SPACE;
        _exit(good ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    TAP_EQUAL_INT(status, 0);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_OK);
    TAP_EQUAL_INT(length, 8);
    TAP_EQUAL_INT(files_in("."), 1);
    TAP_EQUAL_INT(append(16, 8, "89abcdef"), SLW_OK);
    TAP_EQUAL_INT(finish(16), SLW_OK);
    slw_blobs_close(blobs);
}

static void a_store_that_is_gone_is_said_to_be(void)
{
    TAP_REQUIRE(begin());
    digest("x");
    remove_tree(top);
    TAP_CHECK(append(1, 0, "x") != SLW_OK);
    TAP_CHECK(detail.text[0] != '\0');
    TAP_CHECK(slw_blobs_put(blobs, slw_text_bytes("x"), sha256, &detail) != SLW_OK);
    TAP_CHECK(finish(1) != SLW_OK);
    slw_blobs_close(blobs);
}

int main(void)
{
    if (mkdtemp(top) == NULL) {
        return 1;
    }
    (void)snprintf(url, sizeof url, "dir:%s", top);
    TAP_RUN(takes_pieces_and_shows_the_whole);
    TAP_RUN(refuses_offsets_and_lengths_that_do_not_fit);
    TAP_RUN(forgets_what_has_another_digest);
    TAP_RUN(uploads_under_other_names_do_not_meet);
    TAP_RUN(takes_blobs_without_bytes);
    TAP_RUN(puts_a_source_or_leaves_nothing);
    TAP_RUN(a_damaged_blob_is_mended_by_the_right_bytes);
    TAP_RUN(follows_no_link);
    TAP_RUN(refuses_places_that_are_none);
    TAP_RUN(lists_blobs_and_drops_old_uploads);
    TAP_RUN(two_that_send_different_bytes_end_in_no_blob_and_no_mixture);
    TAP_RUN(nothing_is_appended_to_what_was_finished);
    TAP_RUN(an_upload_goes_on_after_kills);
    TAP_RUN(a_full_disk_is_no_space_and_loses_nothing);
    TAP_RUN(a_store_that_is_gone_is_said_to_be);
    int result = tap_finish();
    remove_tree(top);
    return result;
}
