/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness: it cosigns what continues what it cosigned before, and nothing else, whoever asks,
 * also after it was started again. And both ends of the texts of add-checkpoint.
 */
#include "remove_tree.h"
#include "test_tree.h"

#include "slipway/files.h"
#include "slipway/keys.h"
#include "slipway/witness.h"

#include "tap.h"

#include <dirent.h>
#include <stdlib.h>

#define NOW 1700000000u

struct fixture {
    char directory[64];
    char state[96];
    struct slw_private_key *keys[4];
    struct slw_note_signer log;
    struct slw_note_signer other_log; /* whose name and key the witness knows, too */
    struct slw_note_signer stranger;  /* the log's name with a key of its own */
    struct slw_note_signer signer;
    struct slw_note_key logs[2];
    struct slw_witness *witness;
    struct slw_heap_buffer answer;
};

static struct slw_detail detail;

static void make_signer(struct fixture *fixture, size_t number, const char *name,
                        enum slw_note_type type, struct slw_note_signer *ret_signer)
{
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &fixture->keys[number], &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_note_signer_init(fixture->keys[number], slw_bytes_make(name, strlen(name)),
                                       type, ret_signer, &detail),
                  SLW_OK);
}

static enum slw_status open_witness(struct fixture *fixture)
{
    const struct slw_witness_settings settings = {fixture->state, &fixture->signer, fixture->logs,
                                                  2};
    slw_witness_close(fixture->witness);
    fixture->witness = NULL;
    return slw_witness_open(&settings, &fixture->witness, &detail);
}

static bool setup(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/slipway-witness-XXXXXX");
    if (!TAP_CHECK(mkdtemp(fixture->directory) != NULL)) {
        return false;
    }
    (void)snprintf(fixture->state, sizeof fixture->state, "%s/state", fixture->directory);
    make_signer(fixture, 0, "example.com/log", SLW_NOTE_ED25519, &fixture->log);
    make_signer(fixture, 1, "example.com/other", SLW_NOTE_ED25519, &fixture->other_log);
    make_signer(fixture, 2, "example.com/log", SLW_NOTE_ED25519, &fixture->stranger);
    make_signer(fixture, 3, "w1", SLW_NOTE_COSIGNATURE, &fixture->signer);
    fixture->logs[0] = fixture->log.key;
    fixture->logs[1] = fixture->other_log.key;
    return TAP_CHECK(open_witness(fixture) == SLW_OK);
}

static void teardown(struct fixture *fixture)
{
    slw_witness_close(fixture->witness);
    for (size_t i = 0; i < 4; i++) {
        slw_private_key_free(fixture->keys[i]);
    }
    slw_heap_free(&fixture->answer);
    remove_tree(fixture->directory);
}

/* A signed checkpoint of the test tree, its last root's byte changed by flip. */
static void make_checkpoint(const struct slw_note_signer *log, uint64_t size, uint8_t flip,
                            struct slw_heap_buffer *ret_text, struct slw_heap_buffer *ret_note)
{
    struct slw_merkle_hash root;
    struct slw_checkpoint checkpoint = {
        .origin = slw_bytes_make(log->key.name, strlen(log->key.name)), .size = size};
    test_tree_root(0, size, &root);
    memcpy(checkpoint.root, root.bytes, sizeof root.bytes);
    checkpoint.root[31] ^= flip;
    slw_checkpoint_format(&checkpoint, ret_text);
    slw_heap_append(ret_note, slw_heap_bytes(ret_text));
    slw_heap_append_text(ret_note, "\n");
    TAP_EQUAL_INT(slw_note_sign_text(log, slw_heap_bytes(ret_text), 0, ret_note, &detail), SLW_OK);
}

struct request {
    const struct slw_note_signer *log;
    uint64_t told; /* old size as the body has it */
    uint64_t from; /* what the proof is from */
    uint64_t size;
    uint8_t flip;
};

static unsigned ask_raw(struct fixture *fixture, struct slw_bytes body, uint64_t now)
{
    unsigned status = 0;
    fixture->answer.len = 0;
    TAP_EQUAL_INT(
        slw_witness_add_checkpoint(fixture->witness, body, now, &status, &fixture->answer, &detail),
        SLW_OK);
    return status;
}

/* What the client makes of the witness's answer must agree with its status. */
static void read_answer(struct fixture *fixture, unsigned status, struct slw_bytes text)
{
    struct slw_witness_answer answer;
    struct slw_heap_buffer line = {0};
    TAP_EQUAL_INT(slw_witness_answer_read(status, slw_heap_bytes(&fixture->answer), text,
                                          &fixture->signer.key, &answer, &line, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(answer.result, status == 200   ? SLW_WITNESS_COSIGNED
                                 : status == 409 ? SLW_WITNESS_CONFLICT
                                                 : SLW_WITNESS_REFUSED);
    TAP_CHECK(status != 200 ||
              slw_bytes_equal(slw_heap_bytes(&line), slw_heap_bytes(&fixture->answer)));
    slw_heap_free(&line);
}

static unsigned ask(struct fixture *fixture, struct request request)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer note = {0};
    struct slw_heap_buffer body = {0};
    struct slw_merkle_path proof;
    struct slw_merkle_source source = test_tree_source(&request.size);
    make_checkpoint(request.log, request.size, request.flip, &text, &note);
    TAP_EQUAL_INT(slw_merkle_prove_consistency(&source, request.from, request.size, &proof),
                  SLW_OK);
    TAP_EQUAL_INT(slw_witness_body_format(request.told, &proof, slw_heap_bytes(&note), &body),
                  SLW_OK);
    unsigned status = ask_raw(fixture, slw_heap_bytes(&body), NOW);
    read_answer(fixture, status, slw_heap_bytes(&text));
    slw_heap_free(&text);
    slw_heap_free(&note);
    slw_heap_free(&body);
    return status;
}

static bool answered(struct fixture *fixture, const char *text)
{
    return strcmp(slw_heap_text(&fixture->answer), text) == 0;
}

static void cosigns_a_log_that_grows(void)
{
    struct fixture fixture;
    TAP_REQUIRE(setup(&fixture));
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 0, 0, 0, 0}), 200);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 0, 0, 5, 0}), 200);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 5, 5, 5, 0}), 200);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 5, 5, 12, 0}), 200);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.other_log, 0, 0, 3, 0}), 200);
    TAP_EQUAL_INT(open_witness(&fixture), SLW_OK);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 12, 12, 13, 0}), 200);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.other_log, 3, 3, 9, 0}), 200);
    teardown(&fixture);
}

static void answers_by_the_table_of_the_specification(void)
{
    struct fixture fixture;
    TAP_REQUIRE(setup(&fixture));
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 0, 0, 8, 0}), 200);
    const struct {
        const char *name;
        struct request request;
        unsigned status;
    } rows[] = {
        {"unknown key", {&fixture.stranger, 8, 8, 9, 0}, 403},
        {"old size above", {&fixture.log, 9, 8, 8, 0}, 400},
        {"old size stale", {&fixture.log, 7, 7, 9, 0}, 409},
        {"old size zero", {&fixture.log, 0, 0, 9, 0}, 409},
        {"smaller tree", {&fixture.log, 6, 6, 7, 0}, 409},
        {"fork at the size", {&fixture.log, 8, 8, 8, 1}, 409},
        {"fork behind it", {&fixture.log, 8, 8, 9, 1}, 422},
        {"proof from elsewhere", {&fixture.log, 8, 7, 9, 0}, 422},
        {"no proof", {&fixture.log, 8, 0, 9, 0}, 422},
        {"needless proof", {&fixture.log, 8, 7, 8, 0}, 422},
        {"proof from nothing", {&fixture.other_log, 0, 1, 2, 0}, 422},
        {"empty tree with a root", {&fixture.other_log, 0, 0, 0, 1}, 422},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(ask(&fixture, rows[i].request), rows[i].status);
        TAP_CHECK(rows[i].status != 409 || answered(&fixture, "8\n"));
        TAP_CHECK(strstr(slw_heap_text(&fixture.answer), "w1 ") == NULL);
    }
    TAP_ROW(NULL);
    uint64_t size = 0;
    struct slw_merkle_hash root;
    TAP_CHECK(slw_witness_holds(fixture.witness, SLW_BYTES_OF("example.com/log"), &size, &root));
    TAP_EQUAL_INT(size, 8);
    TAP_CHECK(!slw_witness_holds(fixture.witness, SLW_BYTES_OF("example.com/other"), &size, &root));
    teardown(&fixture);
}

static void refuses_what_is_no_body(void)
{
    struct fixture fixture;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer note = {0};
    TAP_REQUIRE(setup(&fixture));
    make_checkpoint(&fixture.log, 3, 0, &text, &note);
    static const char *const heads[] = {
        "",
        "\n",
        "old\n\n",
        "old \n\n",
        "old 00\n\n",
        "old -1\n\n",
        "old 0x\n\n",
        "Old 0\n\n",
        "old  0\n\n",
        "old 0 \n\n",
        "old 0\r\n\r\n",
        "old 0\n",
        "old 0\nAAAA\n\n",
        "old 0\n!\n\n",
        "old 18446744073709551616\n\n",
        "0\n\n",
        "\nold 0\n\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct slw_heap_buffer body = {0};
        TAP_ROW(heads[i]);
        slw_heap_append_text(&body, heads[i]);
        slw_heap_append(&body, slw_heap_bytes(&note));
        TAP_EQUAL_INT(ask_raw(&fixture, slw_heap_bytes(&body), NOW), 400);
        slw_heap_free(&body);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(ask_raw(&fixture, SLW_BYTES_OF("old 0\n\n"), NOW), 400);
    TAP_EQUAL_INT(ask_raw(&fixture, SLW_BYTES_OF("old 0\n\ntext\n"), NOW), 400);
    struct slw_heap_buffer large = {0};
    slw_heap_append_text(&large, "old 0\n");
    for (unsigned i = 0; i <= SLW_WITNESS_PROOF_LINES_MAX; i++) {
        slw_heap_append_text(&large, "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n");
    }
    slw_heap_append_text(&large, "\n");
    slw_heap_append(&large, slw_heap_bytes(&note));
    TAP_EQUAL_INT(ask_raw(&fixture, slw_heap_bytes(&large), NOW), 400);
    while (large.len <= SLW_WITNESS_BODY_SIZE_MAX) {
        slw_heap_append_text(&large, "more\n");
    }
    TAP_EQUAL_INT(ask_raw(&fixture, slw_heap_bytes(&large), NOW), 400);
    slw_heap_free(&large);
    slw_heap_free(&text);
    slw_heap_free(&note);
    teardown(&fixture);
}

static void knows_no_other_logs(void)
{
    struct fixture fixture;
    TAP_REQUIRE(setup(&fixture));
    struct slw_note_signer unknown = fixture.log;
    (void)snprintf(unknown.key.name, sizeof unknown.key.name, "example.com/unknown");
    TAP_EQUAL_INT(ask(&fixture, (struct request){&unknown, 0, 0, 3, 0}), 404);
    /* One log's key is nothing for another's origin. */
    unknown = fixture.other_log;
    memcpy(unknown.key.name, fixture.log.key.name, sizeof unknown.key.name);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&unknown, 0, 0, 3, 0}), 403);
    teardown(&fixture);
}

/* Its time may fall, the times of its cosignatures don't. */
static void never_cosigns_an_earlier_time(void)
{
    struct fixture fixture;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer body = {0};
    struct slw_witness_answer answer;
    TAP_REQUIRE(setup(&fixture));
    slw_heap_append_text(&body, "old 0\n\n");
    make_checkpoint(&fixture.log, 1, 0, &text, &body);
    TAP_EQUAL_INT(ask_raw(&fixture, slw_heap_bytes(&body), NOW), 200);
    body.ptr[4] = '1'; /* the same once more */
    TAP_EQUAL_INT(open_witness(&fixture), SLW_OK);
    TAP_EQUAL_INT(ask_raw(&fixture, slw_heap_bytes(&body), NOW - 1000), 200);
    TAP_EQUAL_INT(slw_witness_answer_read(200, slw_heap_bytes(&fixture.answer),
                                          slw_heap_bytes(&text), &fixture.signer.key, &answer, NULL,
                                          &detail),
                  SLW_OK);
    TAP_EQUAL_INT(answer.time, NOW);
    slw_heap_free(&text);
    slw_heap_free(&body);
    teardown(&fixture);
}

static void find_state(const struct fixture *fixture, char ret_path[static 512])
{
    DIR *stream = opendir(fixture->state);
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (strlen(entry->d_name) == 64) {
            (void)snprintf(ret_path, 512, "%s/%s", fixture->state, entry->d_name);
        }
    }
    (void)closedir(stream);
}

static void refuses_a_state_that_it_did_not_write(void)
{
    struct fixture fixture;
    struct slw_heap_buffer kept = {0};
    char path[512] = "";
    TAP_REQUIRE(setup(&fixture));
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 0, 0, 5, 0}), 200);
    find_state(&fixture, path);
    TAP_EQUAL_INT(slw_file_read(path, 4096, &kept, &detail), SLW_OK);
    for (size_t len = 0; len < kept.len; len++) {
        TAP_EQUAL_INT(slw_file_write(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY,
                                     slw_bytes_make(kept.ptr, len), &detail),
                      SLW_OK);
        TAP_EQUAL_INT(open_witness(&fixture), SLW_STORED_STATE);
    }
    kept.ptr[18] ^= 1; /* of another log */
    TAP_EQUAL_INT(slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&kept), &detail), SLW_OK);
    TAP_EQUAL_INT(open_witness(&fixture), SLW_STORED_STATE);
    kept.ptr[18] ^= 1;
    TAP_EQUAL_INT(slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&kept), &detail), SLW_OK);
    TAP_EQUAL_INT(open_witness(&fixture), SLW_OK);
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 0, 0, 5, 0}), 409);
    slw_heap_free(&kept);
    teardown(&fixture);
}

static void is_open_once_and_for_keys_of_their_kinds(void)
{
    struct fixture fixture;
    struct slw_witness *second = NULL;
    TAP_REQUIRE(setup(&fixture));
    struct slw_witness_settings settings = {fixture.state, &fixture.signer, fixture.logs, 2};
    TAP_EQUAL_INT(slw_witness_open(&settings, &second, &detail), SLW_WRONG_STATE);
    settings.signer = &fixture.log;
    TAP_EQUAL_INT(slw_witness_open(&settings, &second, &detail), SLW_BAD_ARGUMENT);
    settings.signer = &fixture.signer;
    settings.log_count = 0;
    TAP_EQUAL_INT(slw_witness_open(&settings, &second, &detail), SLW_BAD_ARGUMENT);
    settings.log_count = SLW_WITNESS_LOGS_MAX + 1;
    TAP_EQUAL_INT(slw_witness_open(&settings, &second, &detail), SLW_BAD_ARGUMENT);
    settings.log_count = 2;
    fixture.logs[1] = fixture.stranger.key; /* the same name */
    TAP_EQUAL_INT(slw_witness_open(&settings, &second, &detail), SLW_BAD_ARGUMENT);
    fixture.logs[1] = fixture.signer.key;
    TAP_EQUAL_INT(slw_witness_open(&settings, &second, &detail), SLW_BAD_ARGUMENT);
    teardown(&fixture);
}

static enum slw_status fail_to_sign(void *context, struct slw_bytes message,
                                    uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                    struct slw_detail *ret_detail)
{
    (void)context;
    (void)message;
    (void)ret_signature;
    return slw_explain(ret_detail, SLW_TOKEN, "away");
}

static void answers_nothing_that_it_could_not_sign_or_store(void)
{
    struct fixture fixture;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer body = {0};
    unsigned status = 0;
    TAP_REQUIRE(setup(&fixture));
    slw_heap_append_text(&body, "old 0\n\n");
    make_checkpoint(&fixture.log, 1, 0, &text, &body);
    enum slw_status (*sign)(void *, struct slw_bytes, uint8_t[static SLW_SIGNATURE_SIZE],
                            struct slw_detail *) = fixture.signer.sign;
    fixture.signer.sign = fail_to_sign;
    TAP_EQUAL_INT(slw_witness_add_checkpoint(fixture.witness, slw_heap_bytes(&body), NOW, &status,
                                             &fixture.answer, &detail),
                  SLW_TOKEN);
    TAP_CHECK(status == 500 && fixture.answer.len == 0);
    fixture.signer.sign = sign;
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 1, 1, 2, 0}), 200);
    remove_tree(fixture.state); /* the disk is gone */
    body.ptr[4] = '2';
    TAP_EQUAL_INT(ask(&fixture, (struct request){&fixture.log, 1, 1, 3, 0}), 409);
    text.len = 0;
    body.len = 7;
    make_checkpoint(&fixture.log, 2, 0, &text, &body);
    TAP_EQUAL_INT(slw_witness_add_checkpoint(fixture.witness, slw_heap_bytes(&body), NOW, &status,
                                             &fixture.answer, &detail),
                  SLW_IO);
    TAP_EQUAL_INT(status, 500);
    slw_heap_free(&text);
    slw_heap_free(&body);
    teardown(&fixture);
}

static void reads_no_answer_that_is_none(void)
{
    struct fixture fixture;
    struct slw_witness_answer answer;
    struct slw_heap_buffer line = {0};
    TAP_REQUIRE(setup(&fixture));
    struct slw_bytes text = SLW_BYTES_OF("example.com/log\n0\n\n");
    TAP_EQUAL_INT(slw_note_sign_text(&fixture.signer, text, NOW, &line, &detail), SLW_OK);
    const struct {
        unsigned status;
        struct slw_bytes body;
        struct slw_bytes text;
        enum slw_status result;
    } rows[] = {
        {200, slw_heap_bytes(&line), text, SLW_OK},
        {200, slw_heap_bytes(&line), SLW_BYTES_OF("example.com/log\n1\n\n"), SLW_BAD_SIGNATURE},
        {200, SLW_BYTES_OF("\xE2\x80\x94 w2 AAAAAAE=\n"), text, SLW_UNSIGNED},
        {200, SLW_BYTES_OF("\xE2\x80\x94 w1 AAAAAAE=\n"), text, SLW_UNSIGNED},
        {200, SLW_BYTES_OF(""), text, SLW_MALFORMED},
        {200, SLW_BYTES_OF("ok\n"), text, SLW_MALFORMED},
        {200, slw_bytes_make(line.ptr, line.len - 1), text, SLW_MALFORMED},
        {409, SLW_BYTES_OF("12\n"), text, SLW_OK},
        {409, SLW_BYTES_OF("12"), text, SLW_MALFORMED},
        {409, SLW_BYTES_OF("012\n"), text, SLW_MALFORMED},
        {409, SLW_BYTES_OF("\n"), text, SLW_MALFORMED},
        {409, SLW_BYTES_OF(""), text, SLW_MALFORMED},
        {409, SLW_BYTES_OF("12\n13\n"), text, SLW_MALFORMED},
        {404, SLW_BYTES_OF("anything"), text, SLW_OK},
        {0, SLW_BYTES_OF(""), text, SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_EQUAL_INT(slw_witness_answer_read(rows[i].status, rows[i].body, rows[i].text,
                                              &fixture.signer.key, &answer, NULL, &detail),
                      rows[i].result);
    }
    TAP_EQUAL_INT(slw_witness_answer_read(200, slw_heap_bytes(&line), text, &fixture.log.key,
                                          &answer, NULL, &detail),
                  SLW_BAD_ARGUMENT);
    slw_heap_free(&line);
    teardown(&fixture);
}

int main(void)
{
    TAP_RUN(cosigns_a_log_that_grows);
    TAP_RUN(answers_by_the_table_of_the_specification);
    TAP_RUN(refuses_what_is_no_body);
    TAP_RUN(knows_no_other_logs);
    TAP_RUN(never_cosigns_an_earlier_time);
    TAP_RUN(refuses_a_state_that_it_did_not_write);
    TAP_RUN(is_open_once_and_for_keys_of_their_kinds);
    TAP_RUN(answers_nothing_that_it_could_not_sign_or_store);
    TAP_RUN(reads_no_answer_that_is_none);
    return tap_finish();
}
