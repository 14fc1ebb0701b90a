/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fails, and what is attacked from below: disks that are full, tokens that fail or lie, files
 * that somebody changes, processes that are killed, fronts that send anything at all. Nothing is
 * signed twice, nothing that was answered is lost, and nothing leaves that isn't in the log.
 */
#include "test_signer.h"

#include "service_parts.h"

#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct test_asking for_test_key = {.key = "lamp-test"};
static const struct test_bundle test_class = {.root_class = SLW_KEY_CLASS_TEST,
                                              .targets_key = TEST_KEY_TEST};

/* --- A token that fails, or lies --- */

struct bad_token {
    enum test_party party;
    int failures; /* so many times it fails first */
    bool lies;    /* instead of failing, it gives another key's signature */
    int calls;
};

static enum slw_status bad_sign(void *context, struct slw_bytes message,
                                const uint8_t digest[static SLW_SHA256_SIZE],
                                uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                struct slw_detail *detail)
{
    struct bad_token *token = context;
    bool bad = token->calls++ < token->failures;
    if (bad && !token->lies) {
        return slw_explain(detail, SLW_TOKEN, "the token was pulled");
    }
    return slw_private_key_sign_unverified(test_key(bad ? TEST_OTHER : token->party), message,
                                           digest, ret_signature, detail);
}

/* In place of one of the service's keys, which the caller frees when the service has ended. */
static struct slw_private_key *token_put(struct test_signer *signer, struct bad_token *token,
                                         size_t which)
{
    const struct slw_key_holder holder = {token, bad_sign, NULL};
    struct slw_private_key *key = NULL;
    struct slw_detail detail = {""};
    TAP_EQUAL_INT(slw_private_key_from_holder(slw_private_key_public(test_key(token->party)),
                                              &holder, &key, &detail),
                  SLW_OK);
    signer->keys[which].key = key;
    return key;
}

static void token_await(struct test_signer *signer, const struct bad_token *token, int calls)
{
    for (int i = 0; i < 100 && token->calls < calls; i++) {
        test_settle(signer); /* on a busy machine judges take longer than that */
    }
    test_settle(signer);
    TAP_EQUAL_INT(token->calls, calls);
}

/* Whether what the service answers has these words in it. */
static bool answers(struct test_signer *signer, struct slw_signer_call call, const char *words)
{
    char text[4096];
    (void)test_call(signer, &call);
    struct slw_bytes bytes = signer->answer.bytes;
    (void)snprintf(text, sizeof text, "%.*s", (int)bytes.len, (const char *)bytes.ptr);
    return strstr(text, words) != NULL;
}

static bool is_shown(struct test_signer *signer, const char *words)
{
    struct slw_signer_call call = {.kind = SLW_SIGNER_SHOW, .has_digest = true};
    memcpy(call.digest, signer->id, sizeof call.digest);
    return answers(signer, call, words);
}

static bool is_health(struct test_signer *signer, const char *words)
{
    return answers(signer, (struct slw_signer_call){.kind = SLW_SIGNER_HEALTH}, words);
}

static void survives(bool lies)
{
    struct test_signer signer;
    struct bad_token token = {.party = TEST_KEY_TEST, .failures = 2, .lies = lies};
    struct slw_heap_buffer bytes = {0};
    TAP_REQUIRE(test_signer_open(&signer));
    struct slw_private_key *key = token_put(&signer, &token, 1);
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    token_await(&signer, &token, 1);
    TAP_CHECK(is_shown(&signer, lies ? "\"waiting_for\":[\"" : "token: the token was pulled"));
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(test_blob(&signer, SLW_SIGNER_SIGNATURE, &bytes), SLW_NOT_FOUND);
    for (int i = 0; i < 6; i++) {
        signer.now_ms += 3000;
        test_settle(&signer);
    }
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(token.calls, 3);
    TAP_CHECK(test_signature_is_good(&signer));
    test_signer_stop(&signer);
    slw_private_key_free(key);
    test_signer_close(&signer);
}

static void goes_on_when_the_token_is_back(void)
{
    survives(false);
}

static void lets_no_signature_out_that_isnt_the_keys(void)
{
    survives(true);
}

#define READY "{\"state\":\"ready\"}"
#define FAILED(name, class)                                                                        \
    "{\"key\":\"" name "\",\"key_class\":\"" class "\",\"reason\":\"token\",\"detail\":\"the "     \
                                                   "token was pulled\",\"tried\":\""

/* By what is known: no token is asked for the sake of telling. */
static void tells_which_keys_failed_last(void)
{
    struct test_signer signer;
    struct bad_token prod = {.party = TEST_KEY_PROD, .failures = 1};
    struct bad_token test = {.party = TEST_KEY_TEST, .failures = 2};
    TAP_REQUIRE(test_signer_open(&signer));
    struct slw_private_key *prod_key = token_put(&signer, &prod, 0);
    struct slw_private_key *key = token_put(&signer, &test, 1);
    TAP_CHECK(is_health(&signer, READY));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    token_await(&signer, &test, 1);
    TAP_CHECK(is_health(&signer, "{\"state\":\"ready\",\"failed_keys\":["));
    TAP_CHECK(is_health(&signer, FAILED("lamp-test", "test")));
    /* Production waits for its token: who watches is told. */
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    token_await(&signer, &prod, 1);
    TAP_CHECK(is_health(&signer, "{\"state\":\"token\",\"detail\":\"production key "
                                 "\\\"lamp-prod\\\": the token was pulled\","));
    TAP_CHECK(is_health(&signer, FAILED("lamp-prod", "prod")));
    TAP_CHECK(is_health(&signer, FAILED("lamp-test", "test")));
    TAP_EQUAL_INT(prod.calls, 1);
    /* Each one is forgotten when it signs. */
    signer.now_ms += 3000;
    token_await(&signer, &prod, 2);
    token_await(&signer, &test, 2);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_CHECK(
        is_health(&signer, "{\"state\":\"ready\",\"failed_keys\":[" FAILED("lamp-test", "test")));
    signer.now_ms += 3000;
    token_await(&signer, &test, 3);
    TAP_CHECK(is_health(&signer, READY));
    test_signer_stop(&signer);
    slw_private_key_free(prod_key);
    slw_private_key_free(key);
    test_signer_close(&signer);
}

static void refuses_a_production_key_in_a_file(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open(&signer));
    test_signer_stop(&signer);
    signer.keys[0].in_token = false;
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_WRONG_CLASS);
    signer.keys[0].in_token = true;
    struct slw_private_key *right = signer.keys[0].key;
    signer.keys[0].key = signer.keys[1].key;
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_BAD_KEY);
    signer.keys[0].key = right;
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    test_signer_close(&signer);
}

/* --- A full disk --- */

static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
}

/* No file may be longer than so many bytes: the write that goes over it fails, wherever it is. */
static void fills_the_disk_at(rlim_t bytes)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open(&signer));
    set_file_limit(bytes);
    enum slw_status status = test_submit(&signer, &test_class, &for_test_key);
    test_settle(&signer);
    size_t told = signer.service->book.list_count;
    bool was_signed = test_signed_count(&signer) == 1;
    if (was_signed) {
        TAP_CHECK(test_signature_is_good(&signer));
    }
    set_file_limit(RLIM_INFINITY);
    /* Whatever became of it, the log is whole, and has what was told of and nothing else. */
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_EQUAL_INT(signer.service->book.list_count, told);
    TAP_CHECK(status != SLW_OK || told == 1);
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_close(&signer);
}

static void loses_nothing_on_a_full_disk(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGXFSZ, &ignore, NULL);
    for (rlim_t bytes = 512; bytes < 32768; bytes += bytes < 12288 ? 768 : 4096) {
        char row[32];
        (void)snprintf(row, sizeof row, "%lu bytes", (unsigned long)bytes);
        TAP_ROW(row);
        fills_the_disk_at(bytes);
    }
}

/* --- Files that somebody changes --- */

/* Flips a byte of a file below the state's directory; false when it isn't there. */
/* Changes a byte of a file, counted from its end; from_end 0: its first. */
static bool spoil(const struct test_signer *signer, const char *name, off_t from_end)
{
    char path[160];
    uint8_t byte = 0;
    (void)snprintf(path, sizeof path, "%s/%s", signer->directory, name);
    int file = open(path, O_RDWR | O_CLOEXEC);
    off_t at = file < 0 ? -1 : lseek(file, -from_end, from_end == 0 ? SEEK_SET : SEEK_END);
    bool done = at >= 0 && pread(file, &byte, 1, at) == 1;
    byte ^= 0x41;
    done = done && pwrite(file, &byte, 1, at) == 1;
    if (file >= 0) {
        close(file);
    }
    return done;
}

static void signs_nothing_once_the_log_was_changed(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    struct test_bundle next = test_class;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_REQUIRE(spoil(&signer, "log/checkpoint", 20));
    next.version = 2;
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_IO_CLOSED); /* it ends */
    TAP_CHECK(signer.service->broken);
    TAP_EQUAL_INT(signer.service->blocked, SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_LOG_DAMAGED);
    test_signer_close(&signer);
}

static void ends_when_nobody_starts_judges(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(kill(signer.spawner.pid, SIGKILL), 0);
    (void)test_submit(&signer, &test_class, &for_test_key);
    for (int i = 0; i < 600 && signer.socket >= 0; i++) {
        test_settle(&signer);
    }
    TAP_CHECK(signer.service->broken);
    TAP_EQUAL_INT(signer.service->blocked, SLW_IO);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

static void refuses_a_copy_changed_at(off_t from_end)
{
    struct test_signer signer;
    char name[96] = "staged/";
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        (void)snprintf(name + 7 + 2 * i, 3, "%02x", signer.staged[i]);
    }
    TAP_REQUIRE(spoil(&signer, name, from_end));
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_WRONG_HASH);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

/* In a payload, where the judge would notice too, and in the first tag, where it would find a
 * malformed bundle: the bytes are what is checked, before anybody reads them. */
static void signs_nothing_of_a_copy_that_was_changed(void)
{
    refuses_a_copy_changed_at(3);
    refuses_a_copy_changed_at(0);
}

/* --- Uploads --- */

static enum slw_status upload_at(struct test_signer *signer, uint64_t offset,
                                 struct slw_bytes bytes)
{
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_UPLOAD, .has_digest = true, .position = offset, .bytes = bytes};
    memcpy(call.digest, signer->staged, sizeof call.digest);
    if (!test_call(signer, &call)) {
        return SLW_IO_CLOSED;
    }
    return signer->reason[0] == '\0' ? SLW_OK : slw_status_from_word(signer->reason);
}

static void takes_no_bytes_that_nobody_announced(void)
{
    struct test_signer signer;
    struct slw_heap_buffer bundle = {0};
    struct test_asking how = for_test_key;
    how.no_upload = true;
    TAP_REQUIRE(test_signer_open(&signer));
    memset(signer.staged, 7, sizeof signer.staged);
    TAP_EQUAL_INT(upload_at(&signer, 0, SLW_BYTES_OF("anything")), SLW_NOT_PERMITTED);
    test_bundle_make(&test_class, &bundle);
    TAP_EQUAL_INT(test_submit_bytes(&signer, slw_heap_bytes(&bundle), &how), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_RECEIVED);
    /* Beyond the end, behind a gap, twice, in pieces; and other bytes of the same length. */
    TAP_EQUAL_INT(upload_at(&signer, bundle.len, SLW_BYTES_OF("x")), SLW_TOO_LARGE);
    TAP_EQUAL_INT(upload_at(&signer, UINT64_MAX, SLW_BYTES_OF("x")), SLW_TOO_LARGE);
    TAP_EQUAL_INT(upload_at(&signer, 10, slw_bytes_make(bundle.ptr + 10, 10)), SLW_OK);
    TAP_EQUAL_INT(signer.answer.length, 0);
    TAP_EQUAL_INT(upload_at(&signer, 0, slw_bytes_make(bundle.ptr, 100)), SLW_OK);
    TAP_EQUAL_INT(upload_at(&signer, 0, slw_bytes_make(bundle.ptr, 50)), SLW_OK);
    TAP_EQUAL_INT(signer.answer.length, 100);
    TAP_EQUAL_INT(upload_at(&signer, 100, slw_bytes_make(bundle.ptr, bundle.len - 100)),
                  SLW_WRONG_HASH);
    TAP_EQUAL_INT(upload_at(&signer, 0, slw_bytes_make(bundle.ptr, 100)), SLW_OK);
    TAP_EQUAL_INT(upload_at(&signer, 60, slw_bytes_make(bundle.ptr + 60, bundle.len - 60)), SLW_OK);
    TAP_EQUAL_INT(signer.answer.length, bundle.len);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    slw_heap_free(&bundle);
    test_signer_close(&signer);
}

static void resumes_an_upload_after_a_restart(void)
{
    struct test_signer signer;
    struct slw_heap_buffer bundle = {0};
    struct slw_detail detail = {""};
    struct test_asking how = for_test_key;
    how.no_upload = true;
    TAP_REQUIRE(test_signer_open(&signer));
    test_bundle_make(&test_class, &bundle);
    TAP_EQUAL_INT(test_submit_bytes(&signer, slw_heap_bytes(&bundle), &how), SLW_OK);
    TAP_EQUAL_INT(upload_at(&signer, 0, slw_bytes_make(bundle.ptr, 700)), SLW_OK);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    struct slw_signer_call call = {.kind = SLW_SIGNER_UPLOADED, .has_digest = true};
    memcpy(call.digest, signer.staged, sizeof call.digest);
    TAP_CHECK(test_call(&signer, &call));
    TAP_EQUAL_INT(signer.answer.length, 700);
    TAP_EQUAL_INT(upload_at(&signer, 700, slw_bytes_make(bundle.ptr + 700, bundle.len - 700)),
                  SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    slw_heap_free(&bundle);
    test_signer_close(&signer);
}

/* --- A process that is killed --- */

/* In a process of its own: says everything up to the signature, and tells by a byte each what was
 * answered. */
static void say_all(struct test_signer *signer, int told)
{
    struct slw_detail detail = {""};
    if (test_signer_start(signer, &detail) == SLW_OK &&
        test_submit(signer, &test_class, &for_test_key) == SLW_OK &&
        write(told, signer->id, sizeof signer->id) == (ssize_t)sizeof signer->id &&
        test_await(signer, SLW_SIGNER_SIGNED)) {
        ssize_t written = write(told, signer->service->book.list[0]->sig, SLW_SIGNATURE_SIZE);
        (void)written;
    }
    for (;;) {
        (void)pause();
    }
}

static void killed_after(useconds_t pause_us)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    uint8_t told[SLW_SHA256_SIZE + SLW_SIGNATURE_SIZE];
    int pipe_ends[2];
    size_t len = 0;
    TAP_REQUIRE(test_signer_open(&signer));
    test_signer_stop(&signer);
    TAP_REQUIRE(pipe(pipe_ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        say_all(&signer, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    usleep(pause_us);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (ssize_t got = 1; got > 0 && len < sizeof told; len += (size_t)(got > 0 ? got : 0)) {
        got = read(pipe_ends[0], told + len, sizeof told - len);
    }
    close(pipe_ends[0]);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    if (len >= SLW_SHA256_SIZE) { /* it was answered, so it is there, and goes on */
        const struct slw_book_request *request = slw_book_request_find(&signer.service->book, told);
        TAP_REQUIRE(request != NULL);
        for (int i = 0; i < 600 && request->state == SLW_SIGNER_RECEIVED; i++) {
            test_settle(&signer);
        }
        TAP_EQUAL_INT(request->state, SLW_SIGNER_SIGNED);
        if (len == sizeof told) {
            TAP_CHECK(memcmp(request->sig, told + SLW_SHA256_SIZE, SLW_SIGNATURE_SIZE) == 0);
        }
    }
    TAP_CHECK(test_signed_count(&signer) <= 1);
    test_signer_close(&signer);
}

static void loses_and_doubles_nothing_when_it_is_killed(void)
{
    for (useconds_t pause_us = 500; pause_us < 60000; pause_us += pause_us / 5 + 400) {
        char row[32];
        (void)snprintf(row, sizeof row, "after %u us", pause_us);
        TAP_ROW(row);
        killed_after(pause_us);
    }
}

/* --- A front that sends anything --- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Every packet that a good front sent, changed anywhere: nothing is signed, and a packet that isn't
 * a message ends the connection. */
static void survives_a_front_that_sends_anything(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    uint32_t random = 20260101;
    uint8_t *packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    TAP_REQUIRE(packet != NULL && test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_SUBMIT, .number = 77, .bytes = slw_heap_bytes(&signer.request)};
    struct slw_bytes message;
    TAP_EQUAL_INT(slw_signer_call_encode(&call, packet, &message), SLW_OK);
    unsigned hung_up = 0;
    for (int i = 0; i < 3000; i++) {
        uint8_t changed[4096];
        size_t len = message.len < sizeof changed ? message.len : sizeof changed;
        memcpy(changed, message.ptr, len);
        for (uint32_t k = next_random(&random) % 4 + 1; k > 0; k--) {
            changed[next_random(&random) % len] = (uint8_t)next_random(&random);
        }
        len = next_random(&random) % 8 == 0 ? next_random(&random) % len + 1 : len;
        (void)send(signer.socket, changed, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        signer.now_ms += 50;
        if (slw_service_turn(signer.service, 0, &detail) != SLW_OK) {
            int pair[2];
            hung_up++;
            close(signer.socket);
            TAP_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
            slw_service_connect(signer.service, pair[0]);
            signer.socket = pair[1];
        }
        while (recv(signer.socket, changed, sizeof changed, MSG_DONTWAIT) > 0) {
        }
    }
    TAP_CHECK(hung_up > 100);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    free(packet);
    test_signer_close(&signer);
}

/* What was said to the service once, said again by somebody who recorded it. */
static void gains_nothing_by_recorded_traffic(void)
{
    struct test_signer signer;
    struct slw_heap_buffer request = {0};
    struct slw_heap_buffer approvals[2] = {{0}};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    slw_heap_append(&request, slw_heap_bytes(&signer.request));
    test_approval_envelope(&signer, &(struct test_approving){.by = TEST_ADA}, &approvals[0]);
    test_approval_envelope(&signer, &(struct test_approving){.by = TEST_BEN}, &approvals[1]);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approvals[0])), SLW_OK);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approvals[1])), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    uint64_t size = slw_log_size(signer.service->log);
    /* A second bundle is asked for; whoever recorded the first says all of it again. */
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&request)), SLW_OK);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approvals[0])), SLW_OK);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approvals[1])), SLW_OK);
    TAP_EQUAL_INT(slw_log_size(signer.service->log), size);
    TAP_EQUAL_INT(
        test_submit(&signer, &(struct test_bundle){.version = 2}, &(struct test_asking){0}),
        SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approvals[0])), SLW_OK);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approvals[1])), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    slw_heap_free(&request);
    slw_heap_free(&approvals[0]);
    slw_heap_free(&approvals[1]);
    test_signer_close(&signer);
}

/* Garbage that nobody known signed can't fill the log. */
static void bounds_what_strangers_can_have_logged(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    uint64_t size = slw_log_size(signer.service->log);
    for (int i = 0; i < 40; i++) {
        struct test_asking stranger = {
            .by = TEST_OTHER, .by_set = true, .no_stage = true, .no_upload = true};
        TAP_EQUAL_INT(test_submit(&signer, &test_class, &stranger), SLW_UNSIGNED);
        TAP_EQUAL_INT(test_say(&signer, SLW_BYTES_OF("{\"no\":\"envelope\"}")), SLW_MALFORMED);
    }
    TAP_CHECK(slw_log_size(signer.service->log) - size <= 6);
    test_signer_close(&signer);
}

/* Nor can somebody who recorded what a known key signed, and is too old now. */
static void bounds_what_recorded_traffic_can_have_logged(void)
{
    struct test_signer signer;
    const struct test_asking old = {
        .key = "lamp-test", .issued = TEST_START - 901, .no_stage = true, .no_upload = true};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &old), SLW_STALE_STATEMENT);
    uint64_t size = slw_log_size(signer.service->log);
    for (int i = 0; i < 400; i++) {
        TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&signer.request)), SLW_STALE_STATEMENT);
    }
    TAP_CHECK(slw_log_size(signer.service->log) - size < 130);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(goes_on_when_the_token_is_back);
    TAP_RUN(lets_no_signature_out_that_isnt_the_keys);
    TAP_RUN(tells_which_keys_failed_last);
    TAP_RUN(refuses_a_production_key_in_a_file);
    TAP_RUN(loses_nothing_on_a_full_disk);
    TAP_RUN(signs_nothing_once_the_log_was_changed);
    TAP_RUN(ends_when_nobody_starts_judges);
    TAP_RUN(signs_nothing_of_a_copy_that_was_changed);
    TAP_RUN(takes_no_bytes_that_nobody_announced);
    TAP_RUN(resumes_an_upload_after_a_restart);
    TAP_RUN(loses_and_doubles_nothing_when_it_is_killed);
    TAP_RUN(survives_a_front_that_sends_anything);
    TAP_RUN(gains_nothing_by_recorded_traffic);
    TAP_RUN(bounds_what_strangers_can_have_logged);
    TAP_RUN(bounds_what_recorded_traffic_can_have_logged);
    return tap_finish();
}
