/* SPDX-License-Identifier: Apache-2.0 */
/* See front_behind.h. */
#include "front_behind.h"

#include "fuzz.h"

#include "slipway/signer_protocol.h"

#include <pthread.h>

static struct behind_plan *plan;
static int descriptor;

/* Bytes that came over HTTP come out as they went in: in one piece, since a body has no parts. */
static bool was_sent(struct slw_bytes bytes)
{
    for (size_t at = 0; bytes.len <= plan->input.len && at <= plan->input.len - bytes.len; at++) {
        if (bytes.len > 0 && memcmp(plan->input.ptr + at, bytes.ptr, bytes.len) == 0) {
            return true;
        }
    }
    return false;
}

static void refuse(struct slw_signer_answer *answer)
{
    answer->reason = SLW_BYTES_OF("not-permitted");
    answer->detail = SLW_BYTES_OF("said so");
}

static void submit(const struct slw_signer_call *call, struct slw_signer_answer *answer)
{
    FUZZ_CHECK(!plan->is_witness && was_sent(call->bytes));
    plan->submissions++;
    answer->has_id = true;
    answer->state = SLW_SIGNER_RECEIVED;
    memset(answer->id, 7, sizeof answer->id);
    if (plan->refuses) {
        answer->state = SLW_SIGNER_REFUSED;
        refuse(answer);
    }
}

static void upload(const struct slw_signer_call *call, struct slw_signer_answer *answer)
{
    static const uint8_t digest[SLW_SHA256_SIZE];
    FUZZ_CHECK(!plan->is_witness);
    if (memcmp(call->digest, digest, sizeof digest) != 0) {
        answer->reason = SLW_BYTES_OF("not-found");
        return;
    }
    if (call->kind == SLW_SIGNER_UPLOAD) {
        /* No holes, and no more than was announced. */
        FUZZ_CHECK(was_sent(call->bytes) && call->position <= plan->uploaded);
        FUZZ_CHECK(call->bytes.len <= BEHIND_TOTAL - call->position);
        if (plan->refuses) {
            refuse(answer);
            return;
        }
        uint64_t end = call->position + (plan->crawls ? 1 : call->bytes.len);
        end = plan->stalls ? call->position : end;
        plan->uploaded = end > plan->uploaded ? end : plan->uploaded;
        answer->length = plan->crawls || plan->stalls ? end : plan->uploaded;
    } else {
        answer->length = plan->uploaded;
    }
    answer->total = BEHIND_TOTAL;
}

static bool begins_with(struct slw_bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

/* What could be read as the path of a file elsewhere never gets here. */
static void check_log_path(struct slw_bytes path)
{
    FUZZ_CHECK(slw_bytes_equal(path, SLW_BYTES_OF("checkpoint")) || begins_with(path, "tile/") ||
               begins_with(path, "records/"));
    for (size_t i = 0; i < path.len; i++) {
        uint8_t byte = path.ptr[i];
        bool starts = i == 0 || path.ptr[i - 1] == '/';
        FUZZ_CHECK(byte > ' ' && byte < 0x7F && byte != '%' && byte != '\\' && byte != '?');
        FUZZ_CHECK(!starts || (byte != '.' && byte != '/'));
    }
}

static void give_file(const struct slw_signer_call *call, struct slw_signer_answer *answer)
{
    static const uint8_t file[BEHIND_FILE_LARGE];
    uint64_t left = call->position < plan->file_len ? plan->file_len - call->position : 0;
    FUZZ_CHECK(!plan->is_witness);
    if (call->kind == SLW_SIGNER_LOG) {
        check_log_path(call->text);
    }
    answer->total = plan->file_len;
    answer->bytes = slw_bytes_make(
        file, left < SLW_SIGNER_PIECE_SIZE_MAX ? (size_t)left : SLW_SIGNER_PIECE_SIZE_MAX);
}

static void answer_call(const struct slw_signer_call *call, struct slw_signer_answer *answer)
{
    switch (call->kind) {
    case SLW_SIGNER_SUBMIT:
        submit(call, answer);
        break;
    case SLW_SIGNER_UPLOAD:
    case SLW_SIGNER_UPLOADED:
        upload(call, answer);
        break;
    case SLW_SIGNER_LIST:
        FUZZ_CHECK(!plan->is_witness && call->value >= 1 && call->value <= SLW_SIGNER_LIST_MAX);
        answer->bytes = SLW_BYTES_OF("{\"requests\":[]}");
        break;
    case SLW_SIGNER_SHOW:
        FUZZ_CHECK(!plan->is_witness);
        answer->bytes = SLW_BYTES_OF("{}");
        break;
    case SLW_SIGNER_BLOB:
    case SLW_SIGNER_LOG:
        give_file(call, answer);
        break;
    case SLW_SIGNER_ADD_CHECKPOINT:
        FUZZ_CHECK(plan->is_witness && was_sent(call->bytes));
        answer->status = plan->refuses ? 409 : 200;
        answer->bytes = SLW_BYTES_OF("7\n");
        break;
    case SLW_SIGNER_HEALTH:
        answer->bytes = SLW_BYTES_OF("{}");
        break;
    case SLW_SIGNER_COSIGNED:
    case SLW_SIGNER_POLL:
        FUZZ_CHECK(false); /* nobody asks for that over HTTP */
    }
}

static void *play(void *context)
{
    static uint8_t incoming[SLW_SIGNER_PACKET_SIZE_MAX];
    static uint8_t outgoing[SLW_SIGNER_PACKET_SIZE_MAX];
    struct slw_signer_joiner joiner = {0};
    struct slw_detail detail;
    for (;;) {
        struct slw_bytes packet;
        struct slw_signer_call call;
        bool complete = false;
        FUZZ_CHECK(slw_signer_packet_receive(descriptor, incoming, -1, &packet, &detail) == SLW_OK);
        FUZZ_CHECK(slw_signer_call_decode(packet, &call, &detail) == SLW_OK);
        FUZZ_CHECK(slw_signer_joiner_accept(&joiner, &call, &complete, &detail) == SLW_OK);
        if (complete) {
            struct slw_signer_answer answer = {.number = call.number, .kind = call.kind};
            answer_call(&call, &answer);
            FUZZ_CHECK(slw_signer_answer_send(descriptor, &answer, outgoing, &detail) == SLW_OK);
        }
    }
    return context;
}

bool behind_start(int other_end, struct behind_plan *what)
{
    pthread_t thread;
    descriptor = other_end;
    plan = what;
    return pthread_create(&thread, NULL, play, NULL) == 0 && pthread_detach(thread) == 0;
}
