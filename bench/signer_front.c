/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many signatures a second the signing service makes: the key process starts this in its
 * front's place, and it asks as a busy front does. tools/bench makes keys, policy and bundles.
 *
 *     signer_front --key-process-fd N --config DIR
 *
 * DIR has requester.key, and bundles PRODUCT-ROUND.bundle: products from 0, rounds from 1. Stages
 * all bundles, signs all requests, and only then times: a request for each product is under way at
 * any time, until each has its signature. Writes "COUNT MICROSECONDS" to DIR/front.result: how many
 * signatures there were when the first product had its last, for from then on fewer are under way;
 * or what went wrong.
 */
#include "slipway/dsse.h"
#include "slipway/files.h"
#include "slipway/keys.h"
#include "slipway/signer_protocol.h"
#include "slipway/statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PRODUCTS 64u /* under way at one time */
#define ROUNDS_MAX 64u
#define AT_ONCE 8u              /* signatures asked for with one look at the service */
#define LOOKED_AT 4u            /* that have waited longest: one that is late hides no others */
#define PAUSE_NS 2000000        /* between looks */
#define BUNDLE_SIZE_MAX 100000u /* one piece */
#define ORIGIN "bench.example/log"

struct asked {
    struct slw_heap_buffer envelope;
    uint8_t id[SLW_SHA256_SIZE];
};

static struct slw_detail detail;
static struct asked requests[PRODUCTS][ROUNDS_MAX];
static unsigned rounds_count; /* as many as there are bundles of each product */
static struct slw_private_key *requester;
static uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];
static const char *directory;
static int channel;
static uint64_t number;

static void report(const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/front.result", directory);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        (void)fprintf(file, "%s\n", text);
        (void)fclose(file);
    }
}

static _Noreturn void fail(const char *what)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "failed: %s: %s", what, detail.text);
    report(text);
    exit(EXIT_FAILURE);
}

static void digest_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

/* The answer is valid until the next one. */
static struct slw_signer_answer take_answer(void)
{
    struct slw_signer_answer answer;
    struct slw_bytes received;
    if (slw_signer_packet_receive(channel, packet, 30000, &received, &detail) != SLW_OK ||
        slw_signer_answer_decode(received, &answer, &detail) != SLW_OK) {
        fail("no answer");
    }
    return answer;
}

static void send_call(struct slw_signer_call *call)
{
    static uint8_t out[SLW_SIGNER_PACKET_SIZE_MAX];
    call->number = ++number;
    if (slw_signer_call_send(channel, call, out, &detail) != SLW_OK) {
        fail("no service");
    }
}

static struct slw_signer_answer ask(struct slw_signer_call *call)
{
    send_call(call);
    return take_answer();
}

static void accept_answer(const struct slw_signer_answer *answer)
{
    if (answer->reason.len > 0) {
        (void)slw_explain(&detail, SLW_IO, "%.*s: %.*s", (int)answer->reason.len,
                          (const char *)answer->reason.ptr, (int)answer->detail.len,
                          (const char *)answer->detail.ptr);
        fail("refused");
    }
}

static void stage(struct slw_bytes bundle, const uint8_t sha256[static SLW_SHA256_SIZE])
{
    struct slw_stage said = {
        .signer = SLW_BYTES_OF(ORIGIN), .length = bundle.len, .issued_utc_s = (int64_t)time(NULL)};
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    memcpy(said.sha256, sha256, sizeof said.sha256);
    if (slw_stage_format(&said, &payload, &detail) != SLW_OK ||
        slw_dsse_sign(requester, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), &envelope, &detail) !=
            SLW_OK) {
        fail("staging");
    }
    struct slw_signer_call submit = {.kind = SLW_SIGNER_SUBMIT, .bytes = slw_heap_bytes(&envelope)};
    struct slw_signer_answer answer = ask(&submit);
    accept_answer(&answer);
    struct slw_signer_call upload = {
        .kind = SLW_SIGNER_UPLOAD, .has_digest = true, .bytes = bundle};
    memcpy(upload.digest, sha256, sizeof upload.digest);
    answer = ask(&upload);
    accept_answer(&answer);
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
}

static void prepare(unsigned product, unsigned round)
{
    struct asked *asked = &requests[product][round];
    struct slw_heap_buffer bundle = {0};
    struct slw_heap_buffer payload = {0};
    char path[512];
    char key[16];
    int key_len = snprintf(key, sizeof key, "key-%u", product);
    struct slw_request said = {.signer = SLW_BYTES_OF(ORIGIN),
                               .operation = SLW_OPERATION_SIGN_TARGETS,
                               .key = slw_bytes_make(key, (size_t)key_len),
                               .issued_utc_s = (int64_t)time(NULL)};
    said.expires_utc_s = said.issued_utc_s + 3600;
    said.nonce[0] = (uint8_t)product;
    said.nonce[1] = (uint8_t)round;
    (void)snprintf(path, sizeof path, "%s/%u-%u.bundle", directory, product, round + 1);
    if (slw_file_read(path, BUNDLE_SIZE_MAX, &bundle, &detail) != SLW_OK) {
        fail("a bundle");
    }
    digest_of(slw_heap_bytes(&bundle), said.staged);
    stage(slw_heap_bytes(&bundle), said.staged);
    if (slw_request_format(&said, &payload, &detail) != SLW_OK ||
        slw_dsse_sign(requester, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), &asked->envelope,
                      &detail) != SLW_OK) {
        fail("a request");
    }
    digest_of(slw_heap_bytes(&payload), asked->id);
    slw_heap_free(&bundle);
    slw_heap_free(&payload);
}

/* Of each product: the round that is under way, rounds_count when all are signed, since when. */
static unsigned rounds[PRODUCTS];
static uint64_t since[PRODUCTS];
static uint64_t submitted;
static unsigned signed_count;

/* When the first product had its last signature, and how many there were. */
static int64_t full_until_us;
static unsigned full_count;

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void submit(unsigned product)
{
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_SUBMIT,
        .bytes = slw_heap_bytes(&requests[product][rounds[product]].envelope)};
    send_call(&call);
    since[product] = ++submitted;
}

/* Of what answers SLW_SIGNER_BLOB; answers to SUBMIT, which was sent before, are passed over. */
static bool take_is_signed(void)
{
    for (;;) {
        struct slw_signer_answer answer = take_answer();
        if (answer.kind == SLW_SIGNER_SUBMIT) {
            accept_answer(&answer);
        } else if (slw_bytes_equal(answer.reason, SLW_BYTES_OF("not-found"))) {
            return false;
        } else {
            accept_answer(&answer);
            return true;
        }
    }
}

/* Asks for the signatures of products, all at once, and goes on with those that are signed. */
static unsigned go_on(const unsigned *products, unsigned count)
{
    bool is_signed[PRODUCTS];
    unsigned done = 0;
    for (unsigned i = 0; i < count; i++) {
        struct slw_signer_call call = {
            .kind = SLW_SIGNER_BLOB, .has_digest = true, .value = SLW_SIGNER_SIGNATURE};
        memcpy(call.digest, requests[products[i]][rounds[products[i]]].id, sizeof call.digest);
        send_call(&call);
    }
    for (unsigned i = 0; i < count; i++) {
        is_signed[i] = take_is_signed();
    }
    for (unsigned i = 0; i < count; i++) {
        if (is_signed[i]) {
            done++;
            signed_count++;
            if (++rounds[products[i]] < rounds_count) {
                submit(products[i]);
            } else if (full_count == 0) {
                full_until_us = now_us();
                full_count = signed_count;
            }
        }
    }
    return done;
}

static int by_age(const void *left, const void *right)
{
    uint64_t left_since = since[*(const unsigned *)left];
    uint64_t right_since = since[*(const unsigned *)right];
    return left_since < right_since ? -1 : left_since > right_since;
}

/* The products that aren't done, the one that has waited longest first. */
static unsigned list_waiting(unsigned ret_products[static PRODUCTS])
{
    unsigned count = 0;
    for (unsigned product = 0; product < PRODUCTS; product++) {
        if (rounds[product] < rounds_count) {
            ret_products[count++] = product;
        }
    }
    qsort(ret_products, count, sizeof *ret_products, by_age);
    return count;
}

/* What is signed is signed in bunches, nearly in the order in which it was asked for: when most of
 * the oldest requests are, those behind are asked for, as long as most of them are. */
static void look(const unsigned *waiting, unsigned count)
{
    unsigned asked = 0;
    unsigned done = 0;
    for (unsigned at = 0; at < count && (at == 0 || 2 * done > asked); at += asked) {
        const unsigned wanted = at == 0 ? LOOKED_AT : AT_ONCE;
        asked = count - at < wanted ? count - at : wanted;
        done = go_on(waiting + at, asked);
    }
}

static void have_all_signed(void)
{
    const struct timespec pause_time = {.tv_nsec = PAUSE_NS};
    unsigned waiting[PRODUCTS] = {0};
    for (unsigned product = 0; product < PRODUCTS; product++) {
        submit(product);
    }
    for (unsigned count = list_waiting(waiting); count > 0; count = list_waiting(waiting)) {
        look(waiting, count);
        (void)nanosleep(&pause_time, NULL);
    }
}

static unsigned count_rounds(void)
{
    unsigned count = 0;
    char path[512];
    FILE *file = NULL;
    do {
        (void)snprintf(path, sizeof path, "%s/0-%u.bundle", directory, count + 1);
        file = fopen(path, "rb");
        if (file != NULL) {
            (void)fclose(file);
            count++;
        }
    } while (file != NULL && count < ROUNDS_MAX);
    return count;
}

int main(int argc, char **argv)
{
    char text[512];
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--key-process-fd") == 0) {
            channel = (int)strtol(argv[i + 1], NULL, 10);
        }
        directory = strcmp(argv[i], "--config") == 0 ? argv[i + 1] : directory;
    }
    if (directory == NULL) {
        return EXIT_FAILURE;
    }
    (void)snprintf(text, sizeof text, "%s/requester.key", directory);
    if (slw_private_key_load(text, NULL, &requester, &detail) != SLW_OK) {
        fail("the requester's key");
    }
    rounds_count = count_rounds();
    const unsigned count = PRODUCTS * rounds_count;
    for (unsigned i = 0; i < count; i++) {
        prepare(i % PRODUCTS, i / PRODUCTS);
    }
    int64_t start = now_us();
    have_all_signed();
    (void)snprintf(text, sizeof text, "%u %lld", full_count, (long long)(full_until_us - start));
    report(text);
    while (pause() == 0) {
    }
    return EXIT_SUCCESS;
}
