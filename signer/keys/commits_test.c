/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits beside the loop: what is being written into the log has no effect, isn't told of and
 * isn't forgotten, while others are served; by a log's key that takes its time.
 */
#include "test_signer.h"

#include "service_parts.h"

#include "tap.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct slow_key {
    struct slw_note_signer real;
    sem_t begun; /* one for each signature that was begun */
    sem_t ended; /* one for each that may end */
    atomic_bool is_slow;
    atomic_bool naps; /* it takes a little longer than nothing */
    atomic_bool fails;
};

static enum slw_status slow_sign(void *context, struct slw_bytes message,
                                 uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                 struct slw_detail *detail)
{
    struct slow_key *key = context;
    if (key->is_slow) {
        (void)sem_post(&key->begun);
        (void)sem_wait(&key->ended);
    }
    if (key->naps) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    }
    return key->fails ? slw_explain(detail, SLW_TOKEN, "the token was pulled")
                      : key->real.sign(key->real.context, message, ret_signature, detail);
}

/* Says it without waiting for the answer. */
static void approve_unheard(struct test_signer *signer, enum test_party by)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    uint8_t *packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    TAP_REQUIRE(packet != NULL);
    test_approval_envelope(signer, &(struct test_approving){.by = by}, &envelope);
    struct slw_signer_call call = {
        .number = ++signer->number, .kind = SLW_SIGNER_SUBMIT, .bytes = slw_heap_bytes(&envelope)};
    TAP_EQUAL_INT(slw_signer_call_send(signer->socket, &call, packet, &detail), SLW_OK);
    test_settle(signer);
    slw_heap_free(&envelope);
    free(packet);
}

/* The same, and until it is on its way into the log. */
static void approve_appended(struct test_signer *signer, enum test_party by)
{
    uint64_t next = slw_log_next_index(signer->service->log);
    approve_unheard(signer, by);
    for (int i = 0; i < 100 && slw_log_next_index(signer->service->log) == next; i++) {
        test_settle(signer);
    }
}

/* An approval whose commit has begun. */
static void approve_slowly(struct test_signer *signer, struct slow_key *key)
{
    key->is_slow = true;
    approve_appended(signer, TEST_ADA);
    for (int i = 0; i < 100 && signer->service->committing.commit == NULL; i++) {
        test_settle(signer);
    }
    (void)sem_wait(&key->begun);
    key->is_slow = false;
}

static void commits_beside_the_loop(struct test_signer *signer, struct slow_key *key, bool fails)
{
    struct slw_signer_call health = {.kind = SLW_SIGNER_HEALTH};
    const struct slw_book_request *request =
        slw_book_request_find(&signer->service->book, signer->id);
    uint64_t size = slw_log_size(signer->service->log);
    approve_slowly(signer, key);
    /* Others are answered meanwhile, and nothing has happened. */
    approve_appended(signer, TEST_BEN);
    TAP_CHECK(test_call(signer, &health));
    TAP_EQUAL_INT(request->approvals_count, 0);
    TAP_EQUAL_INT(slw_log_size(signer->service->log), size);
    TAP_EQUAL_INT(slw_log_next_index(signer->service->log), size + 2);
    key->fails = fails;
    (void)sem_post(&key->ended);
    slw_effects_wait(signer->service);
    key->fails = false;
    test_settle(signer);
}

static void make_slow(struct test_signer *signer, struct slow_key *slow)
{
    slow->real = signer->log_signer;
    signer->log_signer.context = slow;
    signer->log_signer.sign = slow_sign;
}

/* With a request that waits for approvals. */
static bool open_slow(struct test_signer *signer, struct slow_key *slow)
{
    struct slw_detail detail = {""};
    if (sem_init(&slow->begun, 0, 0) != 0 || sem_init(&slow->ended, 0, 0) != 0 ||
        !test_signer_open(signer)) {
        return false;
    }
    test_signer_stop(signer);
    make_slow(signer, slow);
    return test_signer_start(signer, &detail) == SLW_OK &&
           test_submit(signer, &(struct test_bundle){0}, &(struct test_asking){0}) == SLW_OK &&
           test_outcome(signer) == SLW_SIGNER_WAITING;
}

/* What is on its way into the log has no effect yet; when it fails, what came behind it fails. */
static void goes_on_while_the_log_is_written(void)
{
    struct test_signer signer;
    struct slow_key slow = {.is_slow = false};
    struct slw_detail detail = {""};
    TAP_REQUIRE(open_slow(&signer, &slow));
    uint64_t size = slw_log_size(signer.service->log);
    commits_beside_the_loop(&signer, &slow, true);
    TAP_EQUAL_INT(slw_log_next_index(signer.service->log), size);
    TAP_EQUAL_INT(slw_service_check_signs(signer.service, &detail), SLW_TOKEN);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_CHECK(!signer.service->broken);
    commits_beside_the_loop(&signer, &slow, false);
    TAP_EQUAL_INT(slw_service_check_signs(signer.service, &detail), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_CHECK(test_signature_is_good(&signer));
    /* The service ends while a commit goes on: the next one finds in the log what happened. */
    TAP_EQUAL_INT(
        test_submit(&signer, &(struct test_bundle){.version = 2}, &(struct test_asking){0}),
        SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    approve_slowly(&signer, &slow);
    (void)sem_post(&slow.ended);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_book_request_find(&signer.service->book, signer.id)->approvals_count, 1);
    test_signer_close(&signer);
    (void)sem_destroy(&slow.begun);
    (void)sem_destroy(&slow.ended);
}

/* The same statement again while the log is being written, and what it says while it is. */
static void hears_once_what_is_on_its_way(void)
{
    struct test_signer signer;
    struct slow_key slow = {.is_slow = false};
    TAP_REQUIRE(open_slow(&signer, &slow));
    approve_slowly(&signer, &slow);
    slow.naps = true;
    (void)sem_post(&slow.ended);
    approve_unheard(&signer, TEST_ADA);
    slow.naps = false;
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(slw_book_request_find(&signer.service->book, signer.id)->approvals_count, 1);
    test_signer_close(&signer);
    (void)sem_destroy(&slow.begun);
    (void)sem_destroy(&slow.ended);
}

/* Records that are being written are earlier than what comes behind them, whatever the clock says.
 */
static void says_no_time_below_that_of_what_is_on_its_way(void)
{
    struct test_signer signer;
    struct slow_key slow = {.is_slow = false};
    struct slw_detail detail = {""};
    TAP_REQUIRE(open_slow(&signer, &slow));
    signer.now_utc_s += 20;
    approve_slowly(&signer, &slow);
    signer.now_utc_s -= 10;
    approve_appended(&signer, TEST_BEN);
    (void)sem_post(&slow.ended);
    slw_effects_wait(signer.service);
    test_settle(&signer);
    TAP_CHECK(!signer.service->broken);
    TAP_EQUAL_INT(slw_book_request_find(&signer.service->book, signer.id)->approvals_count, 2);
    signer.now_utc_s += 10;
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    test_signer_close(&signer);
    (void)sem_destroy(&slow.begun);
    (void)sem_destroy(&slow.ended);
}

static const struct test_asking later = {.key = "lamp-test", .no_upload = true};

/* Nothing but the upload is missing then. */
static void ask(struct test_signer *signer, uint32_t version, struct slw_heap_buffer *bundle)
{
    const struct test_bundle made = {
        .version = version, .root_class = SLW_KEY_CLASS_TEST, .targets_key = TEST_KEY_TEST};
    test_bundle_make(&made, bundle);
    TAP_EQUAL_INT(test_submit_bytes(signer, slw_heap_bytes(bundle), &later), SLW_OK);
}

static void upload(struct test_signer *signer, const struct slw_heap_buffer *bundle)
{
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_UPLOAD, .has_digest = true, .bytes = slw_heap_bytes(bundle)};
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(bundle));
    slw_sha256_final(&hash, call.digest);
    TAP_CHECK(test_call(signer, &call));
}

/* The second is decided while the first is being written. */
static void counts_what_is_being_signed(void)
{
    struct test_signer signer;
    struct slow_key slow = {.is_slow = false};
    struct slw_heap_buffer first = {0};
    struct slw_heap_buffer second = {0};
    struct slw_detail detail = {""};
    const struct test_policy policy = {.test_more = ",\"rate\":{\"count\":1,\"per_s\":3600}"};
    TAP_REQUIRE(sem_init(&slow.begun, 0, 0) == 0 && sem_init(&slow.ended, 0, 0) == 0);
    TAP_REQUIRE(test_signer_open_with(&signer, &policy));
    test_signer_stop(&signer);
    make_slow(&signer, &slow);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    ask(&signer, 1, &first);
    ask(&signer, 2, &second);
    slow.is_slow = true;
    upload(&signer, &first);
    for (int i = 0; i < 100 && signer.service->committing.commit == NULL; i++) {
        test_settle(&signer);
    }
    (void)sem_wait(&slow.begun);
    slow.is_slow = false;
    upload(&signer, &second);
    test_settle(&signer);
    (void)sem_post(&slow.ended);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_TOO_MANY);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    test_signer_close(&signer);
    slw_heap_free(&first);
    slw_heap_free(&second);
    (void)sem_destroy(&slow.begun);
    (void)sem_destroy(&slow.ended);
}

/* The signing key of a request that is stuck. */
static enum slw_status stuck_sign(void *context, struct slw_bytes message,
                                  const uint8_t digest[static SLW_SHA256_SIZE],
                                  uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                  struct slw_detail *detail)
{
    struct slow_key *key = context;
    (void)sem_post(&key->begun);
    (void)sem_wait(&key->ended);
    return slw_private_key_sign_unverified(test_key(TEST_KEY_TEST), message, digest, ret_signature,
                                           detail);
}

static int64_t stopped_ms; /* a clock that only tests move */

static int64_t stopped_clock(void *context)
{
    (void)context;
    return stopped_ms;
}

static bool grows_to(struct test_signer *signer, uint64_t size)
{
    for (int i = 0; i < 600 && slw_log_size(signer->service->log) < size; i++) {
        test_settle(signer);
    }
    return slw_log_size(signer->service->log) == size;
}

/* One waits for others, though not for ever; several don't wait for one that takes long. */
static void commits_though_something_takes_long(void)
{
    struct test_signer signer;
    struct slow_key stuck = {.is_slow = false};
    const struct slw_key_holder holder = {&stuck, stuck_sign, NULL};
    struct slw_private_key *key = NULL;
    struct slw_detail detail = {""};
    const struct test_bundle bundle = {.root_class = SLW_KEY_CLASS_TEST,
                                       .targets_key = TEST_KEY_TEST};
    TAP_REQUIRE(sem_init(&stuck.begun, 0, 0) == 0 && sem_init(&stuck.ended, 0, 0) == 0);
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_REQUIRE(slw_private_key_from_holder(slw_private_key_public(test_key(TEST_KEY_TEST)),
                                            &holder, &key, &detail) == SLW_OK);
    signer.keys[1].key = key;
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &(struct test_asking){.key = "lamp-test"}), SLW_OK);
    for (int i = 0; i < 600 && sem_trywait(&stuck.begun) != 0; i++) {
        test_settle(&signer);
    }
    uint64_t size = slw_log_size(signer.service->log);
    stopped_ms = slw_service_now_ms(signer.service);
    signer.service->options.clock.monotonic_ms = stopped_clock;
    approve_appended(&signer, TEST_ADA);
    test_settle(&signer);
    TAP_EQUAL_INT(slw_log_size(signer.service->log), size);
    approve_appended(&signer, TEST_BEN);
    TAP_CHECK(grows_to(&signer, size + 2));
    approve_appended(&signer, TEST_ADA);
    test_settle(&signer);
    TAP_EQUAL_INT(slw_log_size(signer.service->log), size + 2);
    stopped_ms += SLW_EFFECTS_GATHER_MS;
    TAP_CHECK(grows_to(&signer, size + 3));
    (void)sem_post(&stuck.ended);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_stop(&signer);
    slw_private_key_free(key);
    test_signer_close(&signer);
    (void)sem_destroy(&stuck.begun);
    (void)sem_destroy(&stuck.ended);
}

int main(void)
{
    TAP_RUN(goes_on_while_the_log_is_written);
    TAP_RUN(hears_once_what_is_on_its_way);
    TAP_RUN(says_no_time_below_that_of_what_is_on_its_way);
    TAP_RUN(counts_what_is_being_signed);
    TAP_RUN(commits_though_something_takes_long);
    return tap_finish();
}
