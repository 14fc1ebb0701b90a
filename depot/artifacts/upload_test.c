/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads: in pieces, by several people, with wrong bytes, lengths, offsets and names. */
#include "part.h"
#include "test_artifacts.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_depot depot;
static char ann[128];
static char bob[128];
static char eve[128];

#define RIGHT "a blob of twenty-six bytes"
#define RIGHT_SIZE 26u
static char right[65];

static void name_right(void)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF(RIGHT));
    slw_sha256_final(&hash, digest);
    (void)depot_digest_format(digest, right);
}

static bool state_is(const char *token, long status, const char *offset, const char *complete)
{
    struct test_answer answer;
    char path[128];
    char field[512];
    struct test_depot as = depot;
    as.use_token = token;
    (void)snprintf(path, sizeof path, "/api/v1/blobs/%s", right);
    test_call(&as, "HEAD", path, NULL, &answer);
    bool good = answer.status == status &&
                strcmp(test_header(&answer, "Upload-Offset", field), offset) == 0;
    good = good && strcmp(test_header(&answer, "Upload-Complete", field), complete) == 0;
    if (!good) {
        (void)printf("# HEAD: %ld %.*s\n", answer.status, (int)answer.head.len,
                     (const char *)answer.head.ptr);
    }
    test_answer_free(&answer);
    return good;
}

/* The status, and the Upload-Offset of the answer. */
static long piece(const char *token, const char *name, uint64_t offset, uint64_t size,
                  const char *text, long *ret_offset)
{
    struct test_answer answer;
    char field[512];
    struct test_depot as = depot;
    as.use_token = token;
    test_piece(&as, name, offset, size, slw_bytes_make(text, strlen(text)), &answer);
    long status = answer.status;
    if (ret_offset != NULL) {
        *ret_offset = strtol(test_header(&answer, "Upload-Offset", field), NULL, 10);
    }
    test_answer_free(&answer);
    return status;
}

static void takes_pieces_and_goes_on(void)
{
    long offset = -1;
    TAP_CHECK(state_is(ann, 404, "", ""));
    TAP_EQUAL_INT(piece(ann, right, 0, RIGHT_SIZE, "a blob", &offset), 204);
    TAP_EQUAL_INT(offset, 6);
    TAP_CHECK(state_is(ann, 204, "6", "?0"));
    TAP_REQUIRE(test_depot_restart(&depot));
    TAP_EQUAL_INT(piece(ann, right, 6, UINT64_MAX, " of twenty-six", &offset), 204);
    /* A piece that was stored, and whose answer was lost. */
    TAP_EQUAL_INT(piece(ann, right, 6, UINT64_MAX, " of twenty-six", &offset), 409);
    TAP_EQUAL_INT(offset, 20);
    TAP_EQUAL_INT(piece(ann, right, 20, RIGHT_SIZE, " bytes", &offset), 201);
    TAP_CHECK(state_is(ann, 204, "26", "?1"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM uploads"), 0);
}

static void knowing_a_digest_is_not_having_it(void)
{
    struct test_depot as = depot;
    as.use_token = bob;
    TAP_CHECK(state_is(bob, 404, "", ""));
    TAP_EQUAL_INT(test_add_status(&as, "lamp", "log", right, ",\"build\":\"" RIGHT "\""), 400);
    char more[128];
    (void)snprintf(more, sizeof more, ",\"build\":\"%s\"", right);
    TAP_EQUAL_INT(test_add_status(&as, "lamp", "log", right, more), 404);
    TAP_EQUAL_INT(test_add_status(&as, "lamp", "bundle", right, ""), 404);
    /* Who has the bytes sends them, as if nobody had them. */
    TAP_EQUAL_INT(piece(bob, right, 0, RIGHT_SIZE, "a blob of ", NULL), 204);
    TAP_CHECK(state_is(bob, 204, "10", "?0"));
    TAP_EQUAL_INT(piece(bob, right, 10, RIGHT_SIZE, "twenty-six bytes", NULL), 201);
    TAP_CHECK(state_is(bob, 204, "26", "?1"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM blobs"), 1);
}

static void wrong_bytes_are_refused_and_spoil_nobody_elses(void)
{
    static char other[65];
    memset(other, '5', 64);
    TAP_EQUAL_INT(piece(bob, other, 0, 4, "evil", NULL), 403);
    TAP_EQUAL_INT(piece(ann, other, 0, 9, "evi", NULL), 204);
    TAP_EQUAL_INT(piece(bob, other, 0, 4, "evil", NULL), 403);
    TAP_EQUAL_INT(piece(ann, other, 3, 9, "l bits", NULL), 403);
    /* What somebody sends wrongly under the name of a blob that is there harms it not. */
    TAP_EQUAL_INT(piece(eve, right, 0, RIGHT_SIZE, "a blob of twenty-six BYTES", NULL), 403);
    TAP_CHECK(state_is(ann, 204, "26", "?1"));
    TAP_CHECK(state_is(eve, 404, "", ""));
}

static void lengths_and_offsets_must_fit(void)
{
    static char other[65];
    long offset = -1;
    memset(other, '6', 64);
    TAP_EQUAL_INT(piece(ann, other, 0, UINT64_MAX, "x", NULL), 400);
    TAP_EQUAL_INT(piece(ann, other, 5, 10, "x", &offset), 409);
    TAP_EQUAL_INT(offset, 0);
    TAP_EQUAL_INT(piece(ann, other, 0, 10, "12345678901", NULL), 403);
    TAP_EQUAL_INT(piece(ann, other, 0, 10, "12345", NULL), 204);
    TAP_EQUAL_INT(piece(ann, other, 5, 11, "67890", NULL), 403);
    TAP_EQUAL_INT(piece(ann, other, 5, 10, "678901", NULL), 403);
    TAP_EQUAL_INT(piece(ann, other, 4, 10, "5", &offset), 409);
    TAP_EQUAL_INT(offset, 5);
    TAP_EQUAL_INT(piece(ann, other, 999999999999999, 10, "5", NULL), 403);
    TAP_EQUAL_INT(piece(ann, other, 5, 99999999999999, "5", NULL), 413);
}

static void headers_and_names_must_be_right(void)
{
    static const char *const offsets[] = {"Upload-Offset: -1", "Upload-Offset: 0x1",
                                          "Upload-Offset: 1e3", "Upload-Offset: 9999999999999999",
                                          "X-Offset: 0"};
    static const char *const names[] = {
        "/api/v1/blobs/abc",
        "/api/v1/blobs/..",
        "/api/v1/blobs/%2e%2e",
        "/api/v1/blobs/"
        "ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD",
        "/api/v1/blobs/"
        "777777777777777777777777777777777777777777777777777777777777777%2f",
    };
    static char path[96] = "/api/v1/blobs/";
    struct test_answer answer;
    memset(path + 14, '7', 64);
    struct test_depot as = depot;
    as.use_token = ann;
    as.headers[0] = "Upload-Length: 3";
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        TAP_ROW(offsets[i]);
        as.headers[1] = offsets[i];
        test_call(&as, "PATCH", path, "abc", &answer);
        TAP_EQUAL_INT(answer.status, 400);
        test_answer_free(&answer);
    }
    as.headers[1] = "Upload-Offset: 0";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TAP_ROW(names[i]);
        test_call(&as, "PATCH", names[i], "abc", &answer);
        TAP_CHECK(answer.status == 400 || answer.status == 404);
        test_answer_free(&answer);
    }
}

static void who_may_not_develop_may_not_upload(void)
{
    static char viewer[128];
    static char other[65];
    memset(other, '8', 64);
    TAP_REQUIRE(test_person(&depot, "vic", "lamp", "viewer approver", viewer));
    TAP_EQUAL_INT(piece(viewer, other, 0, 2, "x", NULL), 403);
    TAP_EQUAL_INT(piece("slw_9_nothing", other, 0, 2, "x", NULL), 401);
    TAP_EQUAL_INT(piece(NULL, other, 0, 2, "x", NULL), 401);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM uploads WHERE person = 'vic'"), 0);
}

static void so_many_uploads_at_once_are_enough(void)
{
    char name[65];
    memset(name, '9', 64);
    name[64] = '\0';
    for (unsigned i = 0; i < ARTIFACTS_UPLOADS_MAX; i++) {
        char digits[8];
        (void)snprintf(digits, sizeof digits, "%02u", i);
        memcpy(name, digits, 2);
        TAP_EQUAL_INT(piece(eve, name, 0, 2, "x", NULL), 204);
    }
    memcpy(name, "ff", 2);
    TAP_EQUAL_INT(piece(eve, name, 0, 2, "x", NULL), 429);
    TAP_EQUAL_INT(piece(bob, name, 0, 2, "x", NULL), 204);
}

static void a_store_that_is_gone_is_an_error_and_no_crash(void)
{
    char away[128];
    char place[128];
    static char other[65];
    memset(other, 'a', 64);
    (void)snprintf(place, sizeof place, "%s/blobs/uploads", depot.directory);
    (void)snprintf(away, sizeof away, "%s/away", depot.directory);
    TAP_REQUIRE(rename(place, away) == 0);
    (void)rmdir(place);
    /* The directory that is open is written to as before; a store whose disk is gone isn't there.
     */
    long status = piece(ann, other, 0, 2, "x", NULL);
    TAP_CHECK(status == 204 || status >= 500);
    TAP_REQUIRE(rename(away, place) == 0);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp/builds", NULL), 200);
}

int main(void)
{
    name_right();
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_person(&depot, "ann", "lamp", "developer", ann) ||
        !test_person(&depot, "bob", "lamp", "release-manager", bob) ||
        !test_person(&depot, "eve", "lamp", "developer", eve)) {
        return 1;
    }
    TAP_RUN(takes_pieces_and_goes_on);
    TAP_RUN(knowing_a_digest_is_not_having_it);
    TAP_RUN(wrong_bytes_are_refused_and_spoil_nobody_elses);
    TAP_RUN(lengths_and_offsets_must_fit);
    TAP_RUN(headers_and_names_must_be_right);
    TAP_RUN(who_may_not_develop_may_not_upload);
    TAP_RUN(so_many_uploads_at_once_are_enough);
    TAP_RUN(a_store_that_is_gone_is_an_error_and_no_crash);
    test_depot_close(&depot);
    return tap_finish();
}
