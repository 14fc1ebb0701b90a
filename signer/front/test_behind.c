/* SPDX-License-Identifier: Apache-2.0 */
/* See test_behind.h. */
#include "test_behind.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_blob *find_blob(struct test_behind *behind, const struct slw_signer_call *call)
{
    for (size_t i = 0; i < TEST_BLOBS_MAX; i++) {
        struct test_blob *blob = &behind->blobs[i];
        if (blob->expected && memcmp(blob->sha256, call->digest, sizeof blob->sha256) == 0) {
            return blob;
        }
    }
    return NULL;
}

static void refuse(struct slw_signer_answer *answer, const char *reason)
{
    answer->reason = slw_bytes_make(reason, strlen(reason));
    answer->detail = SLW_BYTES_OF("said so");
}

static void submit(struct test_behind *behind, const struct slw_signer_call *call,
                   struct slw_signer_answer *answer)
{
    unsigned len = 0;
    behind->envelope.len = 0;
    slw_heap_append(&behind->envelope, call->bytes);
    answer->has_id = true;
    answer->state = SLW_SIGNER_RECEIVED;
    (void)EVP_Digest(call->bytes.ptr, call->bytes.len, answer->id, &len, EVP_sha256(), NULL);
    if (behind->refuse != NULL) {
        answer->state = SLW_SIGNER_REFUSED;
        refuse(answer, behind->refuse);
    }
}

/* It counts when it has the digest, whatever length was announced. */
static bool is_whole(const struct test_blob *blob)
{
    uint8_t digest[SLW_SHA256_SIZE];
    unsigned len = 0;
    if (blob->bytes.len != blob->len) {
        return false;
    }
    (void)EVP_Digest(blob->bytes.ptr, blob->bytes.len, digest, &len, EVP_sha256(), NULL);
    return memcmp(digest, blob->sha256, sizeof digest) == 0;
}

static void upload(struct test_behind *behind, const struct slw_signer_call *call,
                   struct slw_signer_answer *answer)
{
    struct test_blob *blob = find_blob(behind, call);
    if (blob == NULL) {
        refuse(answer, "not-found");
        return;
    }
    if (call->kind == SLW_SIGNER_UPLOAD) {
        if (call->position >= behind->refuse_from) {
            refuse(answer, "no-space");
            return;
        }
        if (blob->wrong && call->position == 0 && blob->bytes.len > 0) {
            blob->wrong = false;
            blob->bytes.len = 0; /* it begins anew */
        }
        if (call->position == blob->bytes.len && !behind->stalls) {
            slw_heap_append(&blob->bytes, call->bytes);
        }
    }
    answer->length = blob->bytes.len;
    answer->total = is_whole(blob) ? blob->bytes.len : blob->total;
    if (behind->stalls && call->kind == SLW_SIGNER_UPLOAD) {
        answer->length = call->position;
    }
}

static void give_file(const struct test_behind *behind, const struct slw_signer_call *call,
                      struct slw_signer_answer *answer)
{
    uint64_t len = behind->file.len;
    uint64_t left = call->position < len ? len - call->position : 0;
    answer->total = len + (behind->grows && call->position > 0 ? 1 : 0);
    answer->bytes =
        slw_bytes_make(behind->file.ptr + (left > 0 ? call->position : 0),
                       left > SLW_SIGNER_PIECE_SIZE_MAX ? SLW_SIGNER_PIECE_SIZE_MAX : (size_t)left);
}

static void give_work(struct test_behind *behind, struct slw_signer_answer *answer)
{
    static _Thread_local char url[sizeof behind->url]; /* there may be two of these */
    memcpy(url, behind->url, sizeof url);
    behind->url[0] = '\0';
    if (url[0] != '\0') {
        answer->work[0] = (struct slw_signer_work){
            .size = 7,
            .name = SLW_BYTES_OF("w1"),
            .url = slw_bytes_make(url, strlen(url)),
            .body = SLW_BYTES_OF("old 0\n\nlog\n7\nAAAA\n\n"),
        };
        answer->work_count = 1;
    }
}

static void keep_text(char *destination, size_t size, struct slw_bytes text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len > 0) {
        memcpy(destination, text.ptr, len);
    }
    destination[len] = '\0';
}

static void answer_call(struct test_behind *behind, const struct slw_signer_call *call,
                        struct slw_signer_answer *answer)
{
    behind->calls[call->kind]++;
    switch (call->kind) {
    case SLW_SIGNER_SUBMIT:
        submit(behind, call, answer);
        break;
    case SLW_SIGNER_UPLOAD:
    case SLW_SIGNER_UPLOADED:
        upload(behind, call, answer);
        break;
    case SLW_SIGNER_SHOW:
        if (call->digest[0] == 0xFF) {
            refuse(answer, "not-found");
        } else {
            answer->bytes = SLW_BYTES_OF("{\"state\":\"waiting\"}");
        }
        break;
    case SLW_SIGNER_LIST:
        answer->bytes = SLW_BYTES_OF("{\"requests\":[]}");
        break;
    case SLW_SIGNER_LOG:
        keep_text(behind->path, sizeof behind->path, call->text);
        give_file(behind, call, answer);
        break;
    case SLW_SIGNER_BLOB:
        give_file(behind, call, answer);
        break;
    case SLW_SIGNER_COSIGNED:
        behind->cosigned++;
        behind->cosigned_status = call->value;
        keep_text(behind->cosigned_body, sizeof behind->cosigned_body, call->bytes);
        break;
    case SLW_SIGNER_POLL:
        give_work(behind, answer);
        break;
    case SLW_SIGNER_ADD_CHECKPOINT:
        answer->status = behind->witness_status;
        answer->bytes = SLW_BYTES_OF("7\n");
        break;
    case SLW_SIGNER_HEALTH:
        answer->bytes = SLW_BYTES_OF("{\"state\":\"ready\"}");
        break;
    }
}

static void *play(void *context)
{
    struct test_behind *behind = context;
    static _Thread_local uint8_t incoming[SLW_SIGNER_PACKET_SIZE_MAX];
    static _Thread_local uint8_t outgoing[SLW_SIGNER_PACKET_SIZE_MAX];
    struct slw_signer_joiner joiner = {0};
    struct slw_detail detail;
    enum slw_status status = SLW_OK;
    while (status == SLW_OK) {
        struct slw_bytes packet;
        struct slw_signer_call call;
        struct slw_signer_answer answer = {0};
        bool complete = false;
        status = slw_signer_packet_receive(behind->descriptor, incoming, -1, &packet, &detail);
        if (status == SLW_OK) {
            status = slw_signer_call_decode(packet, &call, &detail);
        }
        if (status == SLW_OK) {
            status = slw_signer_joiner_accept(&joiner, &call, &complete, &detail);
        }
        if (status != SLW_OK || !complete) {
            continue;
        }
        (void)pthread_mutex_lock(&behind->lock);
        answer.number = call.number;
        answer.kind = call.kind;
        answer_call(behind, &call, &answer);
        bool mute = behind->mute;
        /* There is nothing, and it is asked again at once; nobody waits for the lock meanwhile. */
        bool rests = call.kind == SLW_SIGNER_POLL && answer.work_count == 0;
        if (!mute && !rests) {
            status = slw_signer_answer_send(behind->descriptor, &answer, outgoing, &detail);
        }
        (void)pthread_mutex_unlock(&behind->lock);
        if (!mute && rests) {
            (void)usleep(20 * 1000);
            status = slw_signer_answer_send(behind->descriptor, &answer, outgoing, &detail);
        }
    }
    slw_signer_joiner_free(&joiner);
    return NULL;
}

bool test_behind_start(struct test_behind *behind, int descriptor)
{
    memset(behind, 0, sizeof *behind);
    behind->descriptor = descriptor;
    behind->refuse_from = UINT64_MAX;
    behind->witness_status = 200;
    (void)pthread_mutex_init(&behind->lock, NULL);
    return pthread_create(&behind->thread, NULL, play, behind) == 0;
}

void test_behind_stop(struct test_behind *behind)
{
    (void)shutdown(behind->descriptor, SHUT_RDWR);
    (void)pthread_join(behind->thread, NULL);
    (void)close(behind->descriptor);
    for (size_t i = 0; i < TEST_BLOBS_MAX; i++) {
        slw_heap_drop(&behind->blobs[i].bytes);
    }
    slw_heap_drop(&behind->envelope);
    slw_heap_drop(&behind->file);
}

void test_behind_meet(struct test_behind *behind)
{
    (void)pthread_mutex_lock(&behind->lock);
    (void)pthread_mutex_unlock(&behind->lock);
}

struct test_blob *test_behind_expect(struct test_behind *behind, struct slw_bytes bytes)
{
    struct test_blob *found = NULL;
    (void)pthread_mutex_lock(&behind->lock);
    for (size_t i = 0; i < TEST_BLOBS_MAX && found == NULL; i++) {
        if (!behind->blobs[i].expected) {
            unsigned len = 0;
            found = &behind->blobs[i];
            found->expected = true;
            found->len = bytes.len;
            found->total = bytes.len;
            (void)EVP_Digest(bytes.ptr, bytes.len, found->sha256, &len, EVP_sha256(), NULL);
        }
    }
    (void)pthread_mutex_unlock(&behind->lock);
    return found;
}
