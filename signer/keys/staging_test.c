/* SPDX-License-Identifier: Apache-2.0 */
/* The room for staged copies: who has how much of it, and whose word about a length counts. */
#include "test_signer.h"

#include "staging_room.h"

#include "slipway/text.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- The parts alone --- */

#define FILES_MAX 320u

struct room {
    char path[64];
    struct slw_staging staging;
    struct slw_staging_held held;
    struct slw_detail detail;
    int64_t now_utc_s;
    struct slw_id_map known; /* files by digest */
    struct file {
        uint8_t sha256[SLW_SHA256_SIZE];
        struct slw_claims claims;
        uint8_t bytes[64]; /* of which the first ones are it: each is another */
        size_t len;
    } files[FILES_MAX];
    size_t files_count;
};

static struct room room;

static const struct slw_claims *claims_of(void *context, const uint8_t *sha256)
{
    const struct file *file = slw_id_map_get(context, sha256);
    return file == NULL ? NULL : &file->claims;
}

static enum slw_status reopen(uint64_t bytes, uint64_t count)
{
    const struct slw_staging_limits limits = {bytes, count, 100};
    if (room.staging.directory >= 0) {
        slw_staging_close(&room.staging);
    }
    return slw_staging_open(room.path, &limits, claims_of, &room.known, &room.staging,
                            &room.detail);
}

static bool begin(uint64_t bytes, uint64_t count)
{
    room = (struct room){
        .path = "/tmp/slipway-staging-XXXXXX", .staging.directory = -1, .now_utc_s = 1000};
    return mkdtemp(room.path) != NULL && reopen(bytes, count) == SLW_OK;
}

static void end(void)
{
    for (size_t i = 0; i < room.files_count; i++) {
        slw_staging_remove(&room.staging, room.files[i].sha256);
        slw_claims_free(&room.files[i].claims);
    }
    TAP_EQUAL_INT(room.staging.count, 0);
    TAP_EQUAL_INT(room.staging.bytes, 0);
    slw_staging_close(&room.staging);
    slw_id_map_free(&room.known);
    TAP_EQUAL_INT(rmdir(room.path), 0);
}

static void claim(struct file *file, const char *who, uint64_t length)
{
    TAP_CHECK(
        slw_claims_put(&file->claims, slw_bytes_make(who, strlen(who)), length, room.now_utc_s));
}

/* A file of up to 64 bytes; who announces it as so long. */
static struct file *file_make(size_t len, const char *who, uint64_t announced)
{
    struct file *file = &room.files[room.files_count++];
    struct slw_sha256 hash;
    memset(file->bytes, (int)room.files_count, sizeof file->bytes);
    file->bytes[0] = (uint8_t)(room.files_count >> 8);
    file->len = len;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(file->bytes, len));
    slw_sha256_final(&hash, file->sha256);
    TAP_CHECK(slw_id_map_put(&room.known, file->sha256, file));
    claim(file, who, announced);
    return file;
}

static enum slw_status send_bytes(const struct file *file, uint64_t offset, struct slw_bytes bytes)
{
    const struct slw_staging_piece piece = {file->sha256, &file->claims, room.now_utc_s, offset,
                                            bytes};
    return slw_staging_append(&room.staging, &piece, &room.held, &room.detail);
}

/* Of its own bytes those from one offset to another. */
static enum slw_status send_part(const struct file *file, size_t from, size_t to)
{
    return send_bytes(file, from, slw_bytes_make(file->bytes + from, to - from));
}

static enum slw_status send_first(const char *who, uint64_t announced)
{
    return send_part(file_make(64, who, announced), 0, 1);
}

static bool is_told_of(const char *who)
{
    return strstr(room.detail.text, who) != NULL;
}

static void gives_one_requester_half_of_the_bytes(void)
{
    TAP_REQUIRE(begin(1001, 1000));
    TAP_EQUAL_INT(send_first("one", 300), SLW_OK);
    const struct file *whole = file_make(64, "one", 64);
    TAP_EQUAL_INT(send_part(whole, 0, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    TAP_EQUAL_INT(send_first("one", 138), SLW_TOO_MANY);
    TAP_CHECK(is_told_of("\"one\""));
    TAP_EQUAL_INT(send_first("one", 137), SLW_OK);
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    TAP_EQUAL_INT(send_first("two", 500), SLW_OK); /* of the rest, all */
    TAP_EQUAL_INT(send_first("three", 64), SLW_TOO_MANY);
    TAP_CHECK(!is_told_of("three"));
    slw_staging_remove(&room.staging, whole->sha256);
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK);
    end();
}

static void gives_one_requester_half_of_the_copies(void)
{
    TAP_REQUIRE(begin(1 << 20, 5));
    for (size_t i = 0; i < 3; i++) {
        const struct file *file = file_make(64, "one", 64);
        TAP_EQUAL_INT(send_part(file, 0, i == 0 ? 1 : 64), SLW_OK);
    }
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    TAP_CHECK(is_told_of("\"one\""));
    TAP_EQUAL_INT(send_first("two", 64), SLW_OK);
    TAP_EQUAL_INT(send_first("two", 64), SLW_OK);
    TAP_EQUAL_INT(send_first("two", 64), SLW_TOO_MANY);
    TAP_CHECK(!is_told_of("\"two\""));
    end();
}

static void gives_one_requester_half_of_the_uploads(void)
{
    TAP_REQUIRE(begin(1 << 20, 1000));
    for (size_t i = 0; i < SLW_STAGING_PARTS_MAX / 2; i++) {
        TAP_REQUIRE(send_first("one", 64) == SLW_OK);
    }
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    TAP_CHECK(is_told_of("\"one\""));
    TAP_EQUAL_INT(send_first("two", 64), SLW_OK);
    TAP_EQUAL_INT(send_part(&room.files[0], 1, 64), SLW_OK); /* one is done */
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK);
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    end();
}

/* What was broken off keeps nobody from others: it goes on, too, when it does. */
static void counts_no_upload_that_was_broken_off(void)
{
    TAP_REQUIRE(begin(1 << 20, 1000));
    for (size_t i = 0; i < SLW_STAGING_PARTS_MAX / 2; i++) {
        TAP_REQUIRE(send_first("one", 64) == SLW_OK);
        room.now_utc_s += i == 0 ? SLW_STAGING_IDLE_S / 2 : 0;
    }
    room.now_utc_s += SLW_STAGING_IDLE_S / 2;
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    room.now_utc_s += 1;
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK); /* of the first one */
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    room.now_utc_s += SLW_STAGING_IDLE_S;
    claim(&room.files[0], "one", 64);
    TAP_EQUAL_INT(send_part(&room.files[0], 1, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK);
    end();
}

/* Whose hash isn't known any more has it taken again from the file, each time. */
static void forgets_uploads_of_who_has_most(void)
{
    TAP_REQUIRE(begin(1 << 20, 1000));
    const struct file *oldest = file_make(64, "quiet", 64);
    TAP_EQUAL_INT(send_part(oldest, 0, 1), SLW_OK);
    for (size_t i = 0; i < SLW_STAGING_PARTS_MAX - 1; i++) {
        TAP_REQUIRE(send_first(i % 2 == 0 ? "one" : "two", 64) == SLW_OK);
    }
    TAP_EQUAL_INT(send_first("other", 64), SLW_OK);
    TAP_EQUAL_INT(room.staging.parts_count, SLW_STAGING_PARTS_MAX);
    const struct slw_staging_file *kept = slw_staging_file_find(&room.staging, oldest->sha256);
    TAP_CHECK(kept->part != NULL);
    /* The one that was forgotten goes on all the same. */
    TAP_CHECK(slw_staging_file_find(&room.staging, room.files[1].sha256)->part == NULL);
    TAP_EQUAL_INT(send_part(&room.files[1], 1, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    end();
}

/* A start doesn't know what was announced of what isn't complete: that counts with what there is.
 */
static void knows_whose_copies_there_are_after_a_start(void)
{
    TAP_REQUIRE(begin(1 << 20, 1000));
    const struct file *whole = file_make(64, "two", 100);
    const struct file *part = file_make(64, "one", 300);
    const struct file *nobodys = file_make(64, "one", 64);
    claim(&room.files[0], "one", 64);
    TAP_EQUAL_INT(send_part(whole, 0, 64), SLW_OK);
    TAP_EQUAL_INT(send_part(part, 0, 36), SLW_OK);
    TAP_EQUAL_INT(send_part(nobodys, 0, 64), SLW_OK);
    slw_id_map_remove(&room.known, nobodys->sha256);
    TAP_EQUAL_INT(reopen(400, 1000), SLW_OK);
    TAP_EQUAL_INT(room.staging.bytes, 164);
    TAP_EQUAL_INT(room.staging.count, 3);
    TAP_EQUAL_INT(send_first("one", 101), SLW_TOO_MANY);
    TAP_EQUAL_INT(send_first("one", 100), SLW_OK);
    TAP_EQUAL_INT(send_first("two", 137), SLW_TOO_MANY); /* what is nobody's takes room, too */
    TAP_EQUAL_INT(send_first("two", 136), SLW_OK);
    TAP_EQUAL_INT(send_part(part, 36, 64), SLW_TOO_MANY);
    end();
}

static bool keep_none(void *context, const uint8_t *sha256)
{
    (void)context;
    (void)sha256;
    return false;
}

static void has_room_again_for_what_was_swept(void)
{
    struct stat facts;
    TAP_REQUIRE(begin(128, 1000));
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK);
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    TAP_REQUIRE(fstat(room.staging.directory, &facts) == 0);
    slw_staging_sweep(&room.staging, facts.st_mtim.tv_sec + 99, keep_none, NULL);
    TAP_EQUAL_INT(send_first("one", 64), SLW_TOO_MANY);
    slw_staging_sweep(&room.staging, facts.st_mtim.tv_sec + 1000, keep_none, NULL);
    TAP_EQUAL_INT(room.staging.count, 0);
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK);
    end();
}

/* Before the upload, in the middle of it, behind it: the true one becomes complete, and takes the
 * room of its own length. */
static void takes_the_true_bytes_whatever_length_others_announce(void)
{
    static const uint64_t lies[] = {1, 20, 30, 63, 65, 400, UINT64_MAX};
    for (size_t i = 0; i < 3 * sizeof lies / sizeof lies[0]; i++) {
        const uint64_t lie = lies[i / 3];
        TAP_REQUIRE(begin(1000, 1000));
        struct file *file = file_make(64, i % 3 == 0 ? "liar" : "one", i % 3 == 0 ? lie : 64);
        if (i % 3 == 0) {
            claim(file, "one", 64);
        }
        TAP_EQUAL_INT(send_part(file, 0, 30), SLW_OK);
        TAP_EQUAL_INT(room.held.length, 30);
        if (i % 3 == 1) {
            claim(file, "liar", lie);
        }
        TAP_EQUAL_INT(send_part(file, 30, 50), SLW_OK);
        TAP_EQUAL_INT(send_part(file, 50, 64), SLW_OK);
        TAP_CHECK(room.held.complete && room.held.length == 64);
        TAP_EQUAL_INT(room.staging.bytes, 64);
        claim(file, "liar", lie);
        TAP_EQUAL_INT(slw_staging_look(&room.staging, file->sha256, &room.held, &room.detail),
                      SLW_OK);
        TAP_CHECK(room.held.complete && room.held.length == 64);
        TAP_EQUAL_INT(send_part(file, 0, 30), SLW_OK); /* again: it is there */
        TAP_CHECK(room.held.complete && room.held.length == 64);
        TAP_EQUAL_INT(send_bytes(file, 64, SLW_BYTES_OF("x")), SLW_TOO_LARGE);
        end();
    }
}

/* Who has no room for what they announce doesn't have others wait for it; who has pays for it. */
static void lets_nobody_pay_for_what_others_announce(void)
{
    TAP_REQUIRE(begin(1000, 1000));
    TAP_EQUAL_INT(send_first("liar", 500), SLW_OK);
    struct file *file = file_make(64, "one", 64);
    claim(file, "liar", 400);
    TAP_EQUAL_INT(send_part(file, 0, 1), SLW_OK);
    TAP_EQUAL_INT(room.staging.bytes, 564);
    TAP_EQUAL_INT(send_first("one", 436), SLW_OK);
    TAP_EQUAL_INT(send_part(file, 1, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    slw_staging_remove(&room.staging, room.files[0].sha256);
    file = file_make(64, "one", 64);
    claim(file, "liar", 400);
    TAP_EQUAL_INT(send_part(file, 0, 1), SLW_OK);
    TAP_EQUAL_INT(room.staging.bytes, 900);
    TAP_EQUAL_INT(send_first("liar", 101), SLW_TOO_MANY);
    TAP_CHECK(!is_told_of("\"one\""));
    end();
}

/* Who has one's statements, which the log tells to everybody, has one pay for no more than was
 * announced within the time that copies are kept. What goes on goes on. */
static void begins_nothing_that_was_staged_long_ago(void)
{
    TAP_REQUIRE(begin(1000, 1000));
    struct file *begun = file_make(64, "one", 64);
    struct file *other = file_make(64, "one", 64);
    TAP_EQUAL_INT(send_part(begun, 0, 1), SLW_OK);
    room.now_utc_s += 100;
    TAP_EQUAL_INT(send_part(begun, 1, 2), SLW_OK);
    TAP_EQUAL_INT(send_first("one", 64), SLW_OK);
    room.now_utc_s += 1;
    TAP_EQUAL_INT(send_part(other, 0, 1), SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(send_part(begun, 2, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    claim(other, "two", 64);
    TAP_EQUAL_INT(send_part(other, 0, 1), SLW_OK);
    TAP_CHECK(strcmp(slw_staging_file_find(&room.staging, other->sha256)->share->who, "two") == 0);
    end();
}

/* Whoever the front lets in may send a byte now and then, and others pay for as long. */
static void lets_no_upload_go_on_without_end(void)
{
    TAP_REQUIRE(begin(1000, 1000));
    struct file *file = file_make(64, "one", 64);
    for (size_t i = 0; i < 21; i++) {
        TAP_EQUAL_INT(send_part(file, i, i + 1), SLW_OK);
        room.now_utc_s += 10;
    }
    TAP_EQUAL_INT(send_part(file, 21, 22), SLW_STALE_STATEMENT);
    claim(file, "two", 64);
    TAP_EQUAL_INT(send_part(file, 21, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    end();
}

/* Anybody whom the front lets in may send them, and nothing but the longest length ends them. */
static void lets_true_bytes_follow_wrong_ones(void)
{
    TAP_REQUIRE(begin(1000, 1000));
    struct file *file = file_make(64, "one", 64);
    TAP_ROW("of one length: at its end it begins from nothing");
    TAP_EQUAL_INT(send_bytes(file, 0, SLW_BYTES_OF("x")), SLW_OK);
    TAP_EQUAL_INT(send_part(file, 1, 64), SLW_WRONG_HASH);
    TAP_EQUAL_INT(room.staging.count, 0);
    TAP_ROW("with a longer one: at its beginning");
    claim(file, "liar", 400);
    TAP_EQUAL_INT(send_bytes(file, 0, SLW_BYTES_OF("x")), SLW_OK);
    TAP_EQUAL_INT(send_part(file, 0, 20), SLW_OK);
    TAP_EQUAL_INT(room.held.length, 20); /* nobody's length is there yet */
    TAP_EQUAL_INT(send_part(file, 20, 64), SLW_OK);
    TAP_CHECK(!room.held.complete && room.held.length == 64);
    TAP_EQUAL_INT(send_bytes(file, 64, SLW_BYTES_OF("xyz")), SLW_OK);
    TAP_EQUAL_INT(send_part(file, 0, 20), SLW_OK);
    TAP_EQUAL_INT(room.held.length, 20);
    TAP_EQUAL_INT(send_part(file, 20, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    TAP_ROW("more than anybody announces any more");
    file = file_make(64, "one", 400);
    TAP_EQUAL_INT(send_bytes(file, 0,
                             SLW_BYTES_OF("wrong, and more than sixty-four bytes "
                                          "altogether, since nobody looks at it yet")),
                  SLW_OK);
    claim(file, "one", 64);
    TAP_EQUAL_INT(send_part(file, 0, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    TAP_ROW(NULL);
    end();
}

/* Two may have read the damaged one, and the true one have been uploaded when the second says so.
 */
static void removes_no_copy_that_took_the_place_of_a_damaged_one(void)
{
    int descriptor = -1;
    TAP_REQUIRE(begin(1000, 1000));
    struct file *file = file_make(64, "one", 64);
    TAP_EQUAL_INT(send_part(file, 0, 64), SLW_OK);
    TAP_EQUAL_INT(slw_staging_read_open(&room.staging, file->sha256, &descriptor, &room.detail),
                  SLW_OK);
    slw_staging_remove_damaged(&room.staging, file->sha256, descriptor);
    TAP_EQUAL_INT(room.staging.count, 0);
    TAP_EQUAL_INT(send_part(file, 0, 64), SLW_OK);
    TAP_CHECK(room.held.complete);
    slw_staging_remove_damaged(&room.staging, file->sha256, descriptor);
    TAP_EQUAL_INT(room.staging.count, 1);
    close(descriptor);
    end();
}

/* --- In the service --- */

static uint64_t number(struct test_signer *signer, enum slw_signer_kind kind, uint64_t offset,
                       struct slw_bytes bytes)
{
    struct slw_signer_call call = {
        .kind = kind, .has_digest = true, .position = offset, .bytes = bytes};
    memcpy(call.digest, signer->staged, sizeof call.digest);
    return test_call(signer, &call) && signer->reason[0] == '\0' ? signer->answer.length
                                                                 : UINT64_MAX;
}

static const struct test_asking no_upload = {.key = "lamp-test", .no_upload = true};
static const struct test_asking no_stage = {
    .key = "lamp-test", .no_stage = true, .no_upload = true};
static const struct test_bundle test_class = {.root_class = SLW_KEY_CLASS_TEST,
                                              .targets_key = TEST_KEY_TEST};

/* Ada stages what ci does, as longer and as shorter, before and behind it. */
static void signs_what_others_staged_with_another_length(void)
{
    for (unsigned i = 0; i < 4; i++) {
        struct test_signer signer;
        struct slw_heap_buffer bundle = {0};
        struct slw_detail detail = {""};
        TAP_REQUIRE(test_signer_open(&signer));
        test_bundle_make(&test_class, &bundle);
        const struct slw_bytes bytes = slw_heap_bytes(&bundle);
        const uint64_t lie = i % 2 == 0 ? bytes.len + 1000 : 10;
        if (i < 2) {
            TAP_EQUAL_INT(test_stage_as(&signer, TEST_ADA, bytes, lie), SLW_OK);
        }
        TAP_EQUAL_INT(test_submit_bytes(&signer, bytes, &no_upload), SLW_OK);
        if (i >= 2) {
            TAP_EQUAL_INT(test_stage_as(&signer, TEST_ADA, bytes, lie), SLW_OK);
        }
        TAP_EQUAL_INT(number(&signer, SLW_SIGNER_UPLOAD, 0, slw_bytes_make(bytes.ptr, 700)), 700);
        TAP_EQUAL_INT(signer.answer.total, i % 2 == 0 ? lie : bytes.len);
        test_signer_stop(&signer); /* what both said is in the log */
        TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
        TAP_EQUAL_INT(number(&signer, SLW_SIGNER_UPLOAD, 700,
                             slw_bytes_make(bytes.ptr + 700, bytes.len - 700)),
                      bytes.len);
        TAP_EQUAL_INT(signer.answer.total, bytes.len);
        TAP_EQUAL_INT(number(&signer, SLW_SIGNER_UPLOADED, 0, slw_bytes_make(NULL, 0)), bytes.len);
        TAP_EQUAL_INT(signer.answer.total, bytes.len);
        TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
        slw_heap_free(&bundle);
        test_signer_close(&signer);
    }
}

static void staged_path(const struct test_signer *signer, const char *suffix, char path[static 160])
{
    char hex[2 * SLW_SHA256_SIZE + 1] = "";
    slw_text_hex(slw_bytes_make(signer->staged, sizeof signer->staged), hex);
    (void)snprintf(path, 160, "%s/staged/%s%s", signer->directory, hex, suffix);
}

static bool is_there(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

/* Killed between the last byte and the name: whoever uploaded asks, and has nothing more to send.
 */
static void finishes_an_upload_that_has_all_but_its_name(void)
{
    struct test_signer signer;
    struct slw_heap_buffer bundle = {0};
    struct slw_detail detail = {""};
    char whole[160];
    char part[160];
    TAP_REQUIRE(test_signer_open(&signer));
    test_bundle_make(&test_class, &bundle);
    TAP_EQUAL_INT(test_submit_bytes(&signer, slw_heap_bytes(&bundle), &no_upload), SLW_OK);
    TAP_EQUAL_INT(number(&signer, SLW_SIGNER_UPLOAD, 0, slw_bytes_make(bundle.ptr, bundle.len - 1)),
                  bundle.len - 1);
    test_signer_stop(&signer);
    staged_path(&signer, "", whole);
    staged_path(&signer, ".part", part);
    FILE *file = fopen(part, "ab");
    TAP_REQUIRE(file != NULL && fputc(bundle.ptr[bundle.len - 1], file) != EOF);
    TAP_EQUAL_INT(fclose(file), 0);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_RECEIVED);
    TAP_EQUAL_INT(number(&signer, SLW_SIGNER_UPLOADED, 0, slw_bytes_make(NULL, 0)), bundle.len);
    TAP_CHECK(is_there(whole));
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    slw_heap_free(&bundle);
    test_signer_close(&signer);
}

/* What a disk may leave that lost its power: it is refused, and can be uploaded again at once. */
static void takes_a_copy_again_that_was_damaged(void)
{
    struct test_signer signer;
    struct slw_heap_buffer bundle = {0};
    char whole[160];
    struct slw_sha256 hash;
    TAP_REQUIRE(test_signer_open(&signer));
    test_bundle_make(&test_class, &bundle);
    TAP_EQUAL_INT(test_stage(&signer, slw_heap_bytes(&bundle)), SLW_OK);
    TAP_EQUAL_INT(test_upload(&signer, slw_heap_bytes(&bundle)), SLW_OK);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&bundle));
    slw_sha256_final(&hash, signer.staged);
    staged_path(&signer, "", whole);
    FILE *file = fopen(whole, "wb"); /* of the right name, and empty */
    TAP_REQUIRE(file != NULL && fclose(file) == 0);
    TAP_EQUAL_INT(test_submit_bytes(&signer, slw_heap_bytes(&bundle), &no_stage), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_WRONG_HASH);
    TAP_EQUAL_INT(number(&signer, SLW_SIGNER_UPLOADED, 0, slw_bytes_make(NULL, 0)), 0);
    TAP_CHECK(!is_there(whole));
    TAP_EQUAL_INT(test_upload(&signer, slw_heap_bytes(&bundle)), SLW_OK);
    TAP_EQUAL_INT(test_submit_bytes(&signer, slw_heap_bytes(&bundle), &no_stage), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    slw_heap_free(&bundle);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(gives_one_requester_half_of_the_bytes);
    TAP_RUN(gives_one_requester_half_of_the_copies);
    TAP_RUN(gives_one_requester_half_of_the_uploads);
    TAP_RUN(counts_no_upload_that_was_broken_off);
    TAP_RUN(forgets_uploads_of_who_has_most);
    TAP_RUN(knows_whose_copies_there_are_after_a_start);
    TAP_RUN(has_room_again_for_what_was_swept);
    TAP_RUN(takes_the_true_bytes_whatever_length_others_announce);
    TAP_RUN(lets_nobody_pay_for_what_others_announce);
    TAP_RUN(begins_nothing_that_was_staged_long_ago);
    TAP_RUN(lets_no_upload_go_on_without_end);
    TAP_RUN(lets_true_bytes_follow_wrong_ones);
    TAP_RUN(removes_no_copy_that_took_the_place_of_a_damaged_one);
    TAP_RUN(signs_what_others_staged_with_another_length);
    TAP_RUN(finishes_an_upload_that_has_all_but_its_name);
    TAP_RUN(takes_a_copy_again_that_was_damaged);
    return tap_finish();
}
