/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing protocol against spec/signer.proto: protoc(1) encodes messages that are written as
 * text by the names in that file, and ours must be the same bytes.
 */
#include "slipway/signer_protocol.h"

#include "tap.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];

#define DIGEST "abcdefghijklmnopqrstuvwxyz012345"

/* The bytes that protoc makes of a text; false when it fails. */
static bool encode(const char *message, const char *text, struct slw_heap_buffer *ret_bytes)
{
    char program[] = "protoc";
    char path[] = "--proto_path=spec";
    char file[] = "spec/signer.proto";
    char option[64];
    char *const words[] = {program, path, option, file, NULL};
    char piece[512];
    int input[2];
    int output[2];
    int status = -1;
    pid_t child = -1;
    posix_spawn_file_actions_t actions;
    (void)snprintf(option, sizeof option, "--encode=slipway.signer.%s", message);
    if (pipe(input) != 0 || pipe(output) != 0) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        (void)fcntl(input[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(output[i], F_SETFD, FD_CLOEXEC);
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    (void)posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    int failed = posix_spawnp(&child, program, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(input[0]);
    (void)close(output[1]);
    bool good = failed == 0 && write(input[1], text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(input[1]);
    for (ssize_t len; (len = read(output[0], piece, sizeof piece)) > 0;) {
        slw_heap_append(ret_bytes, slw_bytes_make(piece, (size_t)len));
    }
    (void)close(output[0]);
    return good && waitpid(child, &status, 0) == child && status == 0;
}

static const struct {
    const char *text;
    struct slw_signer_call call;
} calls[] = {
    {"number: 1 kind: SUBMIT bytes: \"{}\" more: true",
     {.number = 1, .kind = SLW_SIGNER_SUBMIT, .bytes = {(const uint8_t *)"{}", 2}, .more = true}},
    {"number: 2 kind: UPLOAD digest: \"" DIGEST "\" position: 70000 bytes: \"x\"",
     {.number = 2,
      .kind = SLW_SIGNER_UPLOAD,
      .has_digest = true,
      .digest = DIGEST,
      .position = 70000,
      .bytes = {(const uint8_t *)"x", 1}}},
    {"number: 3 kind: UPLOADED digest: \"" DIGEST "\"",
     {.number = 3, .kind = SLW_SIGNER_UPLOADED, .has_digest = true, .digest = DIGEST}},
    {"number: 4 kind: SHOW digest: \"" DIGEST "\"",
     {.number = 4, .kind = SLW_SIGNER_SHOW, .has_digest = true, .digest = DIGEST}},
    {"number: 5 kind: LIST value: 20", {.number = 5, .kind = SLW_SIGNER_LIST, .value = 20}},
    {"number: 6 kind: BLOB digest: \"" DIGEST "\" value: 3",
     {.number = 6, .kind = SLW_SIGNER_BLOB, .has_digest = true, .digest = DIGEST, .value = 3}},
    {"number: 7 kind: LOG text: \"checkpoint\"",
     {.number = 7, .kind = SLW_SIGNER_LOG, .text = {(const uint8_t *)"checkpoint", 10}}},
    {"number: 8 kind: COSIGNED position: 5 value: 200 text: \"w\" bytes: \"line\"",
     {.number = 8,
      .kind = SLW_SIGNER_COSIGNED,
      .position = 5,
      .value = 200,
      .text = {(const uint8_t *)"w", 1},
      .bytes = {(const uint8_t *)"line", 4}}},
    {"number: 18446744073709551615 kind: POLL", {.number = UINT64_MAX, .kind = SLW_SIGNER_POLL}},
    {"number: 10 kind: ADD_CHECKPOINT bytes: \"old 0\"",
     {.number = 10, .kind = SLW_SIGNER_ADD_CHECKPOINT, .bytes = {(const uint8_t *)"old 0", 5}}},
    {"number: 11 kind: HEALTH", {.number = 11, .kind = SLW_SIGNER_HEALTH}},
};

static void writes_calls_as_the_schema_says(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct slw_heap_buffer wanted = {0};
        struct slw_bytes message;
        TAP_ROW(calls[i].text);
        TAP_REQUIRE(encode("Call", calls[i].text, &wanted));
        TAP_REQUIRE(slw_signer_call_encode(&calls[i].call, packet, &message) == SLW_OK);
        TAP_CHECK(slw_bytes_equal(message, slw_heap_bytes(&wanted)));
        slw_heap_free(&wanted);
    }
    TAP_ROW(NULL);
}

static const struct {
    const char *text;
    struct slw_signer_answer answer;
} answers[] = {
    {"number: 1 kind: SUBMIT state: REFUSED id: \"" DIGEST
     "\" reason: \"not-permitted\" detail: \"no rule\"",
     {.number = 1,
      .kind = SLW_SIGNER_SUBMIT,
      .state = SLW_SIGNER_REFUSED,
      .has_id = true,
      .id = DIGEST,
      .reason = {(const uint8_t *)"not-permitted", 13},
      .detail = {(const uint8_t *)"no rule", 7}}},
    {"number: 2 kind: SUBMIT state: EXPIRED id: \"" DIGEST "\"",
     {.number = 2,
      .kind = SLW_SIGNER_SUBMIT,
      .state = SLW_SIGNER_EXPIRED,
      .has_id = true,
      .id = DIGEST}},
    {"number: 3 kind: UPLOAD length: 5 total: 7",
     {.number = 3, .kind = SLW_SIGNER_UPLOAD, .length = 5, .total = 7}},
    {"number: 4 kind: BLOB total: 3 bytes: \"abc\"",
     {.number = 4, .kind = SLW_SIGNER_BLOB, .total = 3, .bytes = {(const uint8_t *)"abc", 3}}},
    {"number: 5 kind: ADD_CHECKPOINT bytes: \"12\" status: 409",
     {.number = 5,
      .kind = SLW_SIGNER_ADD_CHECKPOINT,
      .status = 409,
      .bytes = {(const uint8_t *)"12", 2}}},
    {"number: 6 kind: POLL work { size: 7 name: \"w1\" url: \"https://a\" body: \"old 0\" } "
     "work { size: 8 name: \"w2\" url: \"https://b\" body: \"old 1\" }",
     {.number = 6,
      .kind = SLW_SIGNER_POLL,
      .work = {{7,
                {(const uint8_t *)"w1", 2},
                {(const uint8_t *)"https://a", 9},
                {(const uint8_t *)"old 0", 5}},
               {8,
                {(const uint8_t *)"w2", 2},
                {(const uint8_t *)"https://b", 9},
                {(const uint8_t *)"old 1", 5}}},
      .work_count = 2}},
};

static void writes_answers_as_the_schema_says(void)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct slw_heap_buffer wanted = {0};
        struct slw_bytes message;
        TAP_ROW(answers[i].text);
        TAP_REQUIRE(encode("Answer", answers[i].text, &wanted));
        TAP_REQUIRE(slw_signer_answer_encode(&answers[i].answer, packet, &message) == SLW_OK);
        TAP_CHECK(slw_bytes_equal(message, slw_heap_bytes(&wanted)));
        slw_heap_free(&wanted);
    }
    TAP_ROW(NULL);
}

int main(void)
{
    TAP_RUN(writes_calls_as_the_schema_says);
    TAP_RUN(writes_answers_as_the_schema_says);
    return tap_finish();
}
