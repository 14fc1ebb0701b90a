/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet of the signing service's socketpair, as a call and as an answer: what is read can be
 * written, what is written is read as the same; and a run of calls through the joiner, each with
 * its length in front.
 */
#include "fuzz.h"

#include "slipway/signer_protocol.h"

static struct slw_detail detail;
static uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];

static void check_call(struct slw_bytes bytes)
{
    struct slw_signer_call one;
    struct slw_signer_call other;
    struct slw_bytes written;
    if (slw_signer_call_decode(bytes, &one, &detail) != SLW_OK) {
        return;
    }
    FUZZ_CHECK(slw_signer_rule_find(one.kind) != NULL);
    FUZZ_CHECK(slw_signer_call_encode(&one, packet, &written) == SLW_OK);
    FUZZ_CHECK(slw_signer_call_decode(written, &other, &detail) == SLW_OK);
    FUZZ_CHECK(one.number == other.number && one.kind == other.kind && one.more == other.more);
    FUZZ_CHECK(one.position == other.position && one.value == other.value);
    FUZZ_CHECK(slw_bytes_equal(one.text, other.text) && slw_bytes_equal(one.bytes, other.bytes));
}

static void check_answer(struct slw_bytes bytes)
{
    struct slw_signer_answer one;
    struct slw_signer_answer other;
    struct slw_bytes written;
    if (slw_signer_answer_decode(bytes, &one, &detail) != SLW_OK) {
        return;
    }
    FUZZ_CHECK(one.work_count <= SLW_SIGNER_WORK_MAX);
    FUZZ_CHECK(slw_signer_answer_encode(&one, packet, &written) == SLW_OK);
    FUZZ_CHECK(slw_signer_answer_decode(written, &other, &detail) == SLW_OK);
    FUZZ_CHECK(one.state == other.state && one.has_id == other.has_id);
    FUZZ_CHECK(slw_bytes_equal(one.reason, other.reason));
    FUZZ_CHECK(slw_bytes_equal(one.bytes, other.bytes) && one.work_count == other.work_count);
}

static void check_run(struct slw_bytes bytes)
{
    struct slw_signer_joiner joiner = {0};
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && bytes.len > 1) {
        struct slw_signer_call call;
        bool complete = false;
        size_t len = bytes.ptr[0] < bytes.len - 1 ? bytes.ptr[0] : bytes.len - 1;
        status = slw_signer_call_decode(slw_bytes_make(bytes.ptr + 1, len), &call, &detail);
        bytes = slw_bytes_make(bytes.ptr + 1 + len, bytes.len - 1 - len);
        if (status == SLW_OK) {
            status = slw_signer_joiner_accept(&joiner, &call, &complete, &detail);
            FUZZ_CHECK(status != SLW_OK || complete == !call.more);
        }
    }
    slw_signer_joiner_free(&joiner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_call(slw_bytes_make(data, size));
    check_answer(slw_bytes_make(data, size));
    check_run(slw_bytes_make(data, size));
    return 0;
}
