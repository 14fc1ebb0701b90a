/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Witnesses, and what they are for: a signature leaves only when a quorum cosigned a log that has
 * it; and a disk of yesterday, or a second signer on a copy, gets nothing signed.
 */
#include "test_signer.h"

#include "service_parts.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct test_policy witnessed = {.quorum = 2};
static const struct test_asking for_test_key = {.key = "lamp-test"};
static const struct test_bundle test_class = {.root_class = SLW_KEY_CLASS_TEST,
                                              .targets_key = TEST_KEY_TEST};

static enum slw_status counted_sign(void *context, struct slw_bytes message,
                                    const uint8_t digest[static SLW_SHA256_SIZE],
                                    uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                    struct slw_detail *detail)
{
    ++*(int *)context;
    return slw_private_key_sign_unverified(test_key(TEST_KEY_TEST), message, digest, ret_signature,
                                           detail);
}

/* Nothing leaves, and no token is even asked. */
static void signs_nothing_before_a_quorum_cosigned_the_start(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    int signatures = 0;
    struct slw_private_key *key = NULL;
    const struct slw_key_holder holder = {&signatures, counted_sign, NULL};
    TAP_REQUIRE(test_signer_open_with(&signer, &witnessed));
    TAP_REQUIRE(slw_private_key_from_holder(slw_private_key_public(test_key(TEST_KEY_TEST)),
                                            &holder, &key, &detail) == SLW_OK);
    signer.keys[1].key = key;
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(test_witness(&signer, 0, 1), 1); /* one of two is no quorum */
    signer.now_ms += 3000;
    test_settle(&signer);
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_NO_WITNESSES);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(signatures, 0);
    signer.now_ms += 3000;
    TAP_CHECK(test_witness(&signer, 0, 3) >= 1);
    signer.now_ms += 3000;
    for (int i = 0; i < 600 && test_signed_count(&signer) == 0; i++) {
        test_settle(&signer);
    }
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    TAP_EQUAL_INT(signatures, 1);
    test_signer_stop(&signer);
    slw_private_key_free(key);
    test_signer_close(&signer);
}

static void hands_out_nothing_that_no_quorum_cosigned(void)
{
    struct test_signer signer;
    struct slw_heap_buffer bytes = {0};
    TAP_REQUIRE(test_signer_open_with(&signer, &witnessed));
    TAP_CHECK(test_witness(&signer, 0, 3) >= 2);
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_signed_count(&signer), 1); /* signed, and in the log */
    TAP_EQUAL_INT(test_blob(&signer, SLW_SIGNER_SIGNATURE, &bytes), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_blob(&signer, SLW_SIGNER_PROOF, &bytes), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_witness(&signer, 0, 1), 1);
    TAP_EQUAL_INT(test_blob(&signer, SLW_SIGNER_SIGNATURE, &bytes), SLW_NOT_FOUND);
    TAP_CHECK(test_witness(&signer, 0, 3) >= 1);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_CHECK(test_signature_is_good(&signer));
    slw_heap_free(&bytes);
    test_signer_close(&signer);
}

/* What a device would make of the proof: leaf, log and witnesses. */
static bool proof_is_good(struct test_signer *signer, size_t quorum)
{
    struct slw_heap_buffer binary = {0};
    struct slw_heap_buffer leaf = {0};
    struct slw_heap_buffer checkpoint = {0};
    struct slw_tlog_proof_fields fields;
    struct slw_tlog_proof proof = {0};
    struct slw_detail detail = {""};
    struct slw_note_key witnesses[3];
    const struct slw_policy *policy = slw_service_policy(signer->service)->policy;
    const struct slw_log_leaf release = {
        .kind = SLW_LOG_RELEASE, .product = SLW_BYTES_OF("lamp"), .targets_version = 1};
    struct slw_log_leaf with_digest = release;
    memcpy(with_digest.digest, signer->targets, sizeof with_digest.digest);
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        witnesses[i] = policy->witnesses[i].key;
    }
    bool good =
        test_blob(signer, SLW_SIGNER_PROOF, &binary) == SLW_OK &&
        slw_log_leaf_format(&with_digest, &leaf) == SLW_OK &&
        slw_tlog_proof_decode(slw_heap_bytes(&binary), &fields, &detail) == SLW_OK &&
        slw_tlog_proof_from_binary(&fields, slw_heap_bytes(&leaf), &signer->log_signer.key,
                                   witnesses, policy->witnesses_count, &proof, &checkpoint,
                                   &detail) == SLW_OK &&
        slw_tlog_proof_verify(&proof, slw_heap_bytes(&leaf), &signer->log_signer.key, witnesses,
                              policy->witnesses_count, quorum, &detail) == SLW_OK;
    slw_tlog_proof_free(&proof);
    slw_heap_free(&binary);
    slw_heap_free(&leaf);
    slw_heap_free(&checkpoint);
    return good;
}

/* A service whose start is cosigned, with one signature that is, too. */
static bool open_and_sign(struct test_signer *signer)
{
    if (!test_signer_open_with(signer, &witnessed)) {
        return false;
    }
    (void)test_witness(signer, 0, 3);
    return test_submit(signer, &test_class, &for_test_key) == SLW_OK &&
           test_outcome(signer) != SLW_SIGNER_REFUSED && test_witness(signer, 0, 3) >= 2 &&
           test_await(signer, SLW_SIGNER_SIGNED);
}

static void proves_what_it_signed(void)
{
    struct test_signer signer;
    TAP_REQUIRE(open_and_sign(&signer));
    TAP_CHECK(proof_is_good(&signer, 2));
    test_signer_close(&signer);
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_CHECK(proof_is_good(&signer, 0));
    test_signer_close(&signer);
}

static void stays_signed_over_a_restart(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(open_and_sign(&signer));
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    TAP_CHECK(proof_is_good(&signer, 2));
    test_signer_close(&signer);
}

static void stops_when_clocks_differ(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open_with(&signer, &witnessed));
    TAP_CHECK(test_witness(&signer, 301, 3) >= 1);
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_CLOCK);
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_CLOCK);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

static void takes_no_cosignature_that_isnt_one(void)
{
    struct test_signer signer;
    struct slw_signer_call call = {.kind = SLW_SIGNER_COSIGNED,
                                   .position = 3,
                                   .value = 200,
                                   .text = SLW_BYTES_OF("witness1.example"),
                                   .bytes = SLW_BYTES_OF("\xe2\x80\x94 witness1.example AAAA\n")};
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open_with(&signer, &witnessed));
    TAP_CHECK(test_call(&signer, &call)); /* not asked for */
    TAP_EQUAL_INT(slw_status_from_word(signer.reason), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_NO_WITNESSES);
    test_signer_close(&signer);
}

/* --- Yesterday's disk, and two signers --- */

static bool run_command(const char *const *arguments)
{
    pid_t child = fork();
    if (child == 0) {
        char *copies[8] = {NULL};
        for (size_t i = 0; i < 7 && arguments[i] != NULL; i++) {
            copies[i] = strdup(arguments[i]);
        }
        (void)execvp(copies[0], copies);
        _exit(127);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* Puts what is in a copy back into the signer's directory, file by file: the same disk, of
 * yesterday. */
static bool put_back(const struct test_signer *signer, const char *copy)
{
    char script[512];
    (void)snprintf(script, sizeof script,
                   "find %s/log -mindepth 1 -delete && cp -a %s/log/. %s/log/", signer->directory,
                   copy, signer->directory);
    return run_command((const char *const[]){"sh", "-c", script, NULL});
}

static void remove_copy(const char *copy)
{
    TAP_CHECK(run_command((const char *const[]){"rm", "-r", copy, NULL}));
}

static void signs_nothing_on_the_disk_of_yesterday(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    struct test_bundle next = test_class;
    char copy[64];
    TAP_REQUIRE(open_and_sign(&signer));
    test_signer_stop(&signer);
    TAP_REQUIRE(test_copy(&signer, copy));
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_CHECK(test_witness(&signer, 0, 3) >= 2);
    next.version = 2;
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_OK);
    (void)test_outcome(&signer);
    TAP_CHECK(test_witness(&signer, 0, 3) >= 2);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_stop(&signer);
    TAP_REQUIRE(put_back(&signer, copy));
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    (void)test_witness(&signer, 0, 3);
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_LOG_BEHIND);
    next.payload = "what was never there";
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_LOG_BEHIND);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    remove_copy(copy);
    test_signer_close(&signer);
}

static void takeover_make(const struct test_signer *signer, const struct slw_takeover *takeover,
                          const int *administrators, struct slw_heap_buffer *ret_envelope)
{
    struct slw_heap_buffer payload = {0};
    struct slw_detail detail = {""};
    (void)signer;
    if (slw_takeover_format(takeover, &payload, &detail) != SLW_OK) {
        abort();
    }
    for (size_t i = 0; administrators[i] >= 0; i++) {
        const struct slw_private_key *key = test_key((enum test_party)administrators[i]);
        struct slw_heap_buffer next = {0};
        struct slw_dsse envelope;
        if (i == 0) {
            test_sign_statement((enum test_party)administrators[i], slw_heap_bytes(&payload),
                                &next);
        } else if (slw_dsse_parse("takeover", slw_heap_bytes(ret_envelope), &envelope, &detail) !=
                       SLW_OK ||
                   slw_dsse_add_by(&envelope, key, &next, &detail) != SLW_OK) {
            abort();
        } else {
            slw_dsse_free(&envelope);
        }
        slw_heap_free(ret_envelope);
        *ret_envelope = next;
    }
    slw_heap_free(&payload);
}

static enum slw_status take_over(struct test_signer *signer, const struct slw_takeover *takeover,
                                 const int *administrators)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    takeover_make(signer, takeover, administrators, &envelope);
    enum slw_status status =
        slw_service_takeover(&signer->options, slw_heap_bytes(&envelope), &detail);
    slw_heap_free(&envelope);
    return status;
}

static const int both[] = {TEST_ADMIN1, TEST_ADMIN2, -1};
static const int one[] = {TEST_ADMIN2, -1};

/* The statement about what is in a service's log. */
static struct slw_takeover takeover_of(const struct test_signer *signer)
{
    struct slw_takeover takeover = {.signer = SLW_BYTES_OF(TEST_ORIGIN),
                                    .epoch = signer->service->book.epoch + 1,
                                    .size = slw_log_size(signer->service->log),
                                    .issued_utc_s = signer->now_utc_s};
    struct slw_merkle_hash root;
    slw_log_root(signer->service->log, &root);
    memcpy(takeover.root, root.bytes, sizeof takeover.root);
    return takeover;
}

static void starts_no_copy_without_a_takeover(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    char copy[64];
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    struct slw_takeover takeover = takeover_of(&signer);
    test_signer_stop(&signer);
    TAP_REQUIRE(test_copy(&signer, copy));
    signer.options.state = copy;
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_NOT_ACTIVE);

    struct slw_takeover wrong = takeover;
    TAP_EQUAL_INT(take_over(&signer, &takeover, one), SLW_BELOW_THRESHOLD);
    wrong.epoch = 1;
    TAP_EQUAL_INT(take_over(&signer, &wrong, both), SLW_BAD_STATEMENT);
    wrong = takeover;
    wrong.size--;
    TAP_EQUAL_INT(take_over(&signer, &wrong, both), SLW_LOG_BEHIND);
    wrong = takeover;
    wrong.root[3] ^= 1;
    TAP_EQUAL_INT(take_over(&signer, &wrong, both), SLW_LOG_BEHIND);
    wrong = takeover;
    wrong.signer = SLW_BYTES_OF("other.example");
    TAP_EQUAL_INT(take_over(&signer, &wrong, both), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_NOT_ACTIVE);

    struct slw_mark mark = {SLW_BYTES_OF("targets"), SLW_BYTES_OF("lamp/test"), 7};
    takeover.marks = &mark;
    takeover.marks_count = 1;
    TAP_EQUAL_INT(take_over(&signer, &takeover, both), SLW_OK);
    TAP_EQUAL_INT(take_over(&signer, &takeover, both), SLW_BAD_STATEMENT); /* of a former epoch */
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    /* What the log didn't have, its administrators said: 7 was signed. */
    struct test_bundle next = test_class;
    next.version = 6;
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_ROLLBACK);
    next.version = 7;
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_VERSION_TAKEN);
    next.version = 8;
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_stop(&signer);
    remove_copy(copy);
    test_signer_close(&signer);
}

static void lets_one_of_two_signers_on_one_log_sign(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    struct test_bundle next = test_class;
    char copy[64];
    TAP_REQUIRE(open_and_sign(&signer));
    const struct slw_takeover takeover = takeover_of(&signer);
    test_signer_stop(&signer);
    TAP_REQUIRE(test_copy(&signer, copy));
    /* The first goes on. */
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_CHECK(test_witness(&signer, 0, 3) >= 2);
    test_signer_stop(&signer);
    /* The second is even stated to be active, by people who didn't know. */
    signer.options.state = copy;
    TAP_EQUAL_INT(take_over(&signer, &takeover, both), SLW_OK);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    next.version = 2;
    TAP_EQUAL_INT(test_submit(&signer, &next, &for_test_key), SLW_OK);
    for (int i = 0; i < 4; i++) {
        (void)test_witness(&signer, 0, 3);
        signer.now_ms += 3000;
    }
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_LOG_BEHIND);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    test_signer_stop(&signer);
    remove_copy(copy);
    signer.options.state = signer.directory;
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_CHECK(test_witness(&signer, 0, 3) >= 2);
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_OK);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(signs_nothing_before_a_quorum_cosigned_the_start);
    TAP_RUN(hands_out_nothing_that_no_quorum_cosigned);
    TAP_RUN(proves_what_it_signed);
    TAP_RUN(stays_signed_over_a_restart);
    TAP_RUN(stops_when_clocks_differ);
    TAP_RUN(takes_no_cosignature_that_isnt_one);
    TAP_RUN(signs_nothing_on_the_disk_of_yesterday);
    TAP_RUN(starts_no_copy_without_a_takeover);
    TAP_RUN(lets_one_of_two_signers_on_one_log_sign);
    return tap_finish();
}
