/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with a token that fails, lies, is pulled and comes back; on several threads. */
#include "test_token.h"

#define CRYPTOKI_GNU 1
#include "tap.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define THREADS 8
#define ROUNDS 12

static struct slw_detail detail;

static bool says(const char *text)
{
    bool found = strstr(detail.text, text) != NULL;
    if (!found) {
        printf("# said: %s\n", detail.text);
    }
    return found;
}

static struct slw_private_key *open_key(const char *attributes, unsigned sessions)
{
    const struct slw_key_settings settings = {.sessions = sessions};
    struct slw_private_key *key = NULL;
    TAP_CHECK(slw_key_open(test_token_uri(attributes, "pin"), &settings, &key, NULL, &detail) ==
              SLW_OK);
    return key;
}

static bool verifies(const struct slw_private_key *key, struct slw_bytes message,
                     const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    const struct slw_public_key *public_key = slw_private_key_public(key);
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    struct slw_reader reader;
    if (public_key->type == SLW_KEY_TYPE_P256) {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, message);
        slw_sha256_final(&hash, digest);
        return slw_p256_verify(public_key->value, digest, signature) == SLW_OK;
    }
    slw_reader_init_bytes(&reader, message);
    return slw_ed25519_verify(public_key->value, signature, &reader) == SLW_OK;
}

/* Signs, and checks that a failure leaves the signature alone. */
static enum slw_status sign(const struct slw_private_key *key)
{
    static const uint8_t before[SLW_SIGNATURE_SIZE] = {0xAA, 0xAA};
    uint8_t signature[SLW_SIGNATURE_SIZE];
    memcpy(signature, before, sizeof signature);
    detail.text[0] = '\0';
    enum slw_status status =
        slw_private_key_sign(key, SLW_BYTES_OF("metadata"), signature, &detail);
    if (status == SLW_OK) {
        TAP_CHECK(verifies(key, SLW_BYTES_OF("metadata"), signature));
    } else {
        TAP_EQUAL_BYTES(signature, before, sizeof signature);
    }
    return status;
}

static void signs_with_both_kinds(void)
{
    static const char *const keys[] = {"object=p256", "object=ed25519", "id=%01"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct slw_heap_buffer text = {0};
        struct slw_private_key *key = open_key(keys[i], 1);
        TAP_ROW(keys[i]);
        TAP_REQUIRE(key != NULL);
        TAP_EQUAL_INT(sign(key), SLW_OK);
        TAP_EQUAL_INT(sign(key), SLW_OK);
        TAP_EQUAL_INT(slw_private_key_format(key, slw_bytes_make(NULL, 0), &text, &detail),
                      SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(text.len, 0);
        slw_private_key_free(key);
    }
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

static void hands_out_no_signature_that_doesnt_verify(void)
{
    static const struct {
        enum faulty_lie lie;
        const char *why;
    } rows[] = {
        {FAULTY_WRONG_SIGNATURE, "doesn't verify"},
        {FAULTY_ZERO_SIGNATURE, "doesn't verify"},
        {FAULTY_SHORT_SIGNATURE, "of 63 bytes"},
        {FAULTY_LONG_SIGNATURE, "of 4096 bytes"},
    };
    static const char *const keys[] = {"object=p256", "object=ed25519"};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        struct slw_private_key *key = open_key(keys[i % 2], 1);
        TAP_ROW(rows[i / 2].why);
        test_token_behave();
        test_token.plan->lie = rows[i / 2].lie;
        TAP_EQUAL_INT(sign(key), SLW_TOKEN);
        TAP_CHECK(says(rows[i / 2].why));
        TAP_EQUAL_INT(test_token.plan->counts[FAULTY_SIGN], 1);
        test_token_behave();
        TAP_EQUAL_INT(sign(key), SLW_OK);
        slw_private_key_free(key);
    }
}

static void a_public_key_that_isnt_the_private_keys_signs_nothing(void)
{
    test_token_behave();
    test_token.plan->lie = FAULTY_OTHER_KEY;
    struct slw_private_key *key = open_key("object=p256", 1);
    TAP_EQUAL_INT(sign(key), SLW_TOKEN);
    TAP_CHECK(says("doesn't verify"));
    slw_private_key_free(key);
    test_token_behave();
}

/* What a token answers that was pulled while it was signing, and is back. */
static const ck_rv_t losses[] = {
    CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,  CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
    CKR_DEVICE_ERROR,   CKR_USER_NOT_LOGGED_IN, CKR_KEY_HANDLE_INVALID};

static void signs_again_when_a_token_that_was_pulled_is_back(void)
{
    static const enum faulty_call calls[] = {FAULTY_SIGN_INIT, FAULTY_SIGN};
    struct slw_private_key *key = open_key("object=p256", 2);
    for (size_t i = 0; i < 2 * sizeof losses / sizeof losses[0]; i++) {
        test_token_behave();
        test_token.plan->call = calls[i % 2];
        test_token.plan->answer = (uint32_t)losses[i / 2];
        test_token.plan->times = 1;
        TAP_EQUAL_INT(sign(key), SLW_OK);
        TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 1); /* once, with the right PIN */
        TAP_EQUAL_INT(test_token.plan->counts[calls[i % 2]], 2);
        TAP_EQUAL_INT(test_token.plan->open, 2);
    }
    slw_private_key_free(key);
}

static void gives_up_when_a_token_is_lost_twice(void)
{
    struct slw_private_key *key = open_key("object=p256", 1);
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        test_token_behave();
        test_token.plan->call = FAULTY_SIGN;
        test_token.plan->answer = (uint32_t)losses[i];
        TAP_EQUAL_INT(sign(key), SLW_TOKEN);
        TAP_EQUAL_INT(test_token.plan->counts[FAULTY_SIGN], 2);
        TAP_CHECK(test_token.plan->counts[FAULTY_LOGIN] <= 2);
    }
    test_token_behave();
    TAP_EQUAL_INT(sign(key), SLW_OK);
    slw_private_key_free(key);
}

static void fails_while_the_token_is_away(void)
{
    struct slw_private_key *key = open_key("object=ed25519", 3);
    test_token_behave();
    test_token.plan->away = 1;
    for (unsigned i = 0; i < 4; i++) {
        TAP_EQUAL_INT(sign(key), SLW_TOKEN);
        TAP_CHECK(says("it is away"));
    }
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 0);
    test_token.plan->away = 0;
    TAP_EQUAL_INT(sign(key), SLW_OK);
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 1);
    slw_private_key_free(key);
}

static void fails_once_for_other_failures(void)
{
    static const ck_rv_t answers[] = {
        CKR_FUNCTION_FAILED,           CKR_GENERAL_ERROR, CKR_BUFFER_TOO_SMALL,
        CKR_FUNCTION_CANCELED,         CKR_HOST_MEMORY,   CKR_DATA_LEN_RANGE,
        CKR_KEY_FUNCTION_NOT_PERMITTED};
    struct slw_private_key *key = open_key("object=p256", 1);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        test_token_behave();
        test_token.plan->call = FAULTY_SIGN;
        test_token.plan->answer = (uint32_t)answers[i];
        test_token.plan->times = 1;
        TAP_EQUAL_INT(sign(key), SLW_TOKEN);
        TAP_EQUAL_INT(test_token.plan->counts[FAULTY_SIGN], 1);
        /* the operation that was begun is gone with its session, and nobody had to log in again */
        TAP_EQUAL_INT(sign(key), SLW_OK);
        TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 0);
        TAP_EQUAL_INT(test_token.plan->open, 1);
    }
    slw_private_key_free(key);
}

static void doesnt_try_a_pin_again_that_was_changed_meanwhile(void)
{
    struct slw_private_key *key = open_key("object=p256", 1);
    test_token_behave();
    test_token.plan->away = 1;
    TAP_EQUAL_INT(sign(key), SLW_TOKEN);
    test_token.plan->away = 0;
    test_token.plan->call = FAULTY_LOGIN;
    test_token.plan->answer = CKR_PIN_INCORRECT;
    for (unsigned i = 0; i < 5; i++) {
        TAP_EQUAL_INT(sign(key), SLW_TOKEN);
    }
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 1);
    TAP_CHECK(says("isn't tried again"));
    slw_private_key_free(key);
    test_token_behave();
}

static void refuses_a_token_that_came_back_with_another_key(void)
{
    struct slw_private_key *key = open_key("object=p256", 1);
    test_token_behave();
    test_token.plan->away = 1;
    TAP_EQUAL_INT(sign(key), SLW_TOKEN);
    test_token.plan->away = 0;
    test_token.plan->lie = FAULTY_OTHER_KEY;
    TAP_EQUAL_INT(sign(key), SLW_TOKEN);
    TAP_CHECK(says("another key"));
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_SIGN], 0);
    test_token_behave();
    TAP_EQUAL_INT(sign(key), SLW_OK);
    slw_private_key_free(key);
}

static void gives_the_pin_for_each_signature_of_a_key_that_wants_it(void)
{
    struct slw_private_key *key = open_key("object=careful", 1);
    test_token_behave();
    TAP_EQUAL_INT(sign(key), SLW_OK);
    TAP_EQUAL_INT(sign(key), SLW_OK);
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 2);
    test_token_behave();
    test_token.plan->flags = CKF_USER_PIN_FINAL_TRY;
    TAP_EQUAL_INT(sign(key), SLW_TOKEN);
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 0);
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_SIGN], 0);
    test_token_behave();
    TAP_EQUAL_INT(sign(key), SLW_OK);
    slw_private_key_free(key);
}

static void keys_of_one_token_share_its_pool(void)
{
    test_token_behave();
    struct slw_private_key *first = open_key("object=p256", 2);
    TAP_EQUAL_INT(test_token.plan->open, 2);
    struct slw_private_key *second = open_key("object=ed25519", 5);
    TAP_EQUAL_INT(test_token.plan->open, 5);
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_LOGIN], 1);
    TAP_EQUAL_INT(test_token.plan->counts[FAULTY_INITIALIZE], 1);
    slw_private_key_free(first);
    TAP_EQUAL_INT(sign(second), SLW_OK);
    slw_private_key_free(second);
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

struct signer {
    const struct slw_private_key *key;
    unsigned good;
    unsigned away;
    unsigned wrong;
};

static void *sign_often(void *context)
{
    struct signer *signer = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t signature[SLW_SIGNATURE_SIZE];
        uint8_t message[8] = {(uint8_t)i};
        struct slw_detail mine;
        struct slw_bytes bytes = slw_bytes_make(message, sizeof message);
        enum slw_status status = slw_private_key_sign(signer->key, bytes, signature, &mine);
        if (status == SLW_OK) {
            *(verifies(signer->key, bytes, signature) ? &signer->good : &signer->wrong) += 1;
        } else {
            *(status == SLW_TOKEN ? &signer->away : &signer->wrong) += 1;
        }
    }
    return NULL;
}

/* All threads at once, half of them with each key; meanwhile is done in this one. */
static struct signer sign_on_threads(unsigned sessions, void (*meanwhile)(void))
{
    struct slw_private_key *keys[2] = {open_key("object=p256", sessions),
                                       open_key("object=ed25519", sessions)};
    struct signer signers[THREADS] = {{0}};
    struct signer sum = {0};
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        signers[i].key = keys[i % 2];
        TAP_CHECK(pthread_create(&threads[i], NULL, sign_often, &signers[i]) == 0);
    }
    meanwhile();
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        sum.good += signers[i].good;
        sum.away += signers[i].away;
        sum.wrong += signers[i].wrong;
    }
    slw_private_key_free(keys[0]);
    slw_private_key_free(keys[1]);
    return sum;
}

static void do_nothing(void)
{
}

static void signs_on_as_many_threads_as_there_are_sessions(void)
{
    test_token_behave();
    test_token.plan->delay_ms = 2;
    struct signer sum = sign_on_threads(4, do_nothing);
    TAP_EQUAL_INT(sum.good, THREADS * ROUNDS);
    TAP_CHECK(test_token.plan->busiest > 1 && test_token.plan->busiest <= 4);
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

static void makes_do_with_the_sessions_that_a_token_has(void)
{
    test_token_behave();
    test_token.plan->delay_ms = 2;
    test_token.plan->sessions = 2;
    struct signer sum = sign_on_threads(8, do_nothing);
    TAP_EQUAL_INT(sum.good, THREADS * ROUNDS);
    TAP_CHECK(test_token.plan->busiest <= 2);
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

static void pull_and_plug(void)
{
    const struct timespec pause = {.tv_nsec = 3000000};
    for (unsigned i = 0; i < 10; i++) {
        test_token.plan->away = i % 2;
        (void)nanosleep(&pause, NULL);
    }
    test_token.plan->away = 0;
}

static void never_signs_wrongly_while_a_token_is_pulled_and_plugged(void)
{
    test_token_behave();
    test_token.plan->delay_ms = 1;
    struct signer sum = sign_on_threads(3, pull_and_plug);
    TAP_EQUAL_INT(sum.wrong, 0);
    TAP_EQUAL_INT(sum.good + sum.away, THREADS * ROUNDS);
    TAP_EQUAL_INT(test_token.plan->open, 0);
    struct slw_private_key *key = open_key("object=p256", 1);
    TAP_EQUAL_INT(sign(key), SLW_OK);
    slw_private_key_free(key);
}

static void has_no_token_to_test_with(void)
{
    TAP_SKIP("SoftHSM isn't installed");
}

int main(void)
{
    if (!test_token_start()) {
        TAP_RUN(has_no_token_to_test_with);
        return tap_finish();
    }
    TAP_RUN(signs_with_both_kinds);
    TAP_RUN(hands_out_no_signature_that_doesnt_verify);
    TAP_RUN(a_public_key_that_isnt_the_private_keys_signs_nothing);
    TAP_RUN(signs_again_when_a_token_that_was_pulled_is_back);
    TAP_RUN(gives_up_when_a_token_is_lost_twice);
    TAP_RUN(fails_while_the_token_is_away);
    TAP_RUN(fails_once_for_other_failures);
    TAP_RUN(refuses_a_token_that_came_back_with_another_key);
    TAP_RUN(gives_the_pin_for_each_signature_of_a_key_that_wants_it);
    TAP_RUN(keys_of_one_token_share_its_pool);
    TAP_RUN(signs_on_as_many_threads_as_there_are_sessions);
    TAP_RUN(makes_do_with_the_sessions_that_a_token_has);
    TAP_RUN(never_signs_wrongly_while_a_token_is_pulled_and_plugged);
    /* The last, for the token's PIN counts as refused in this process from here on. */
    TAP_RUN(doesnt_try_a_pin_again_that_was_changed_meanwhile);
    test_token_stop();
    return tap_finish();
}
