/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signer_protocol.h promises beyond single messages: the parts of an envelope, how often and
 * how many at once may be asked, and packets over a socket.
 */
#include "slipway/signer_protocol.h"

#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct slw_detail detail;
static uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];
static uint8_t other_packet[SLW_SIGNER_PACKET_SIZE_MAX];
static uint8_t large[SLW_SIGNER_STATEMENT_SIZE_MAX + 1];

static const struct slw_signer_call whole = {
    .number = 1, .kind = SLW_SIGNER_SUBMIT, .bytes = {(const uint8_t *)"{}", 2}};

static void joins_the_parts_of_an_envelope(void)
{
    int ends[2];
    struct slw_signer_joiner joiner = {0};
    struct slw_signer_call sent = {.number = 3, .kind = SLW_SIGNER_SUBMIT};
    bool complete = false;
    unsigned parts = 0;
    sent.bytes = slw_bytes_make(large, 2 * SLW_SIGNER_PIECE_SIZE_MAX + 17);
    TAP_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    /* Three packets are more than a socket holds, so the sender is a process of its own. */
    pid_t sender = fork();
    if (sender == 0) {
        bool good = slw_signer_call_send(ends[0], &sent, packet, &detail) == SLW_OK;
        _exit(good ? 0 : 1);
    }
    TAP_REQUIRE(sender > 0);
    while (!complete) {
        struct slw_bytes message;
        struct slw_signer_call call;
        TAP_REQUIRE(slw_signer_packet_receive(ends[1], other_packet, 10000, &message, &detail) ==
                    SLW_OK);
        TAP_REQUIRE(slw_signer_call_decode(message, &call, &detail) == SLW_OK);
        TAP_REQUIRE(slw_signer_joiner_accept(&joiner, &call, &complete, &detail) == SLW_OK);
        parts++;
        if (complete) {
            TAP_CHECK(slw_bytes_equal(call.bytes, sent.bytes));
        }
    }
    TAP_EQUAL_INT(parts, 3);
    TAP_EQUAL_INT(waitpid(sender, NULL, 0), sender);
    slw_signer_joiner_free(&joiner);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void passes_what_has_no_parts(void)
{
    struct slw_signer_joiner joiner = {0};
    struct slw_signer_call call = whole;
    bool complete = false;
    TAP_EQUAL_INT(slw_signer_joiner_accept(&joiner, &call, &complete, &detail), SLW_OK);
    TAP_CHECK(complete && call.bytes.ptr == whole.bytes.ptr);
    slw_signer_joiner_free(&joiner);
}

static void refuses_anything_between_parts(void)
{
    for (unsigned kind = 1; kind < SLW_SIGNER_KINDS_END; kind++) {
        struct slw_signer_joiner joiner = {0};
        struct slw_signer_call first = {
            .number = 77, .kind = SLW_SIGNER_SUBMIT, .bytes = SLW_BYTES_OF("{"), .more = true};
        struct slw_signer_call between = {.number = kind, .kind = (enum slw_signer_kind)kind};
        bool complete = true;
        TAP_ROW(slw_signer_rule_find((enum slw_signer_kind)kind)->name);
        TAP_EQUAL_INT(slw_signer_joiner_accept(&joiner, &first, &complete, &detail), SLW_OK);
        TAP_CHECK(!complete);
        TAP_EQUAL_INT(slw_signer_joiner_accept(&joiner, &between, &complete, &detail),
                      SLW_MALFORMED);
        slw_signer_joiner_free(&joiner);
    }
    TAP_ROW(NULL);
}

static void refuses_an_endless_envelope(void)
{
    struct slw_signer_joiner joiner = {0};
    bool complete = false;
    enum slw_status status = SLW_OK;
    unsigned parts = 0;
    for (; status == SLW_OK && parts < 100; parts++) {
        struct slw_signer_call call = {.number = 77,
                                       .kind = SLW_SIGNER_SUBMIT,
                                       .bytes = {large, SLW_SIGNER_PIECE_SIZE_MAX},
                                       .more = true};
        status = slw_signer_joiner_accept(&joiner, &call, &complete, &detail);
    }
    TAP_EQUAL_INT(status, SLW_TOO_LARGE);
    TAP_EQUAL_INT(parts, SLW_SIGNER_STATEMENT_SIZE_MAX / SLW_SIGNER_PIECE_SIZE_MAX + 1);
    slw_signer_joiner_free(&joiner);

    struct slw_signer_call call = {
        .number = 1, .kind = SLW_SIGNER_SUBMIT, .bytes = {large, sizeof large}};
    TAP_EQUAL_INT(slw_signer_call_send(-1, &call, packet, &detail), SLW_TOO_LARGE);
}

static void admits_as_many_as_the_table_says(void)
{
    for (unsigned kind = 1; kind < SLW_SIGNER_KINDS_END; kind++) {
        static struct slw_signer_gate gate;
        const struct slw_signer_rule *rule = slw_signer_rule_find((enum slw_signer_kind)kind);
        TAP_ROW(rule->name);
        memset(&gate, 0, sizeof gate);
        for (unsigned i = 0; i < rule->waiting_max && i < rule->per_s; i++) {
            TAP_EQUAL_INT(slw_signer_gate_enter(&gate, (enum slw_signer_kind)kind, 1000),
                          SLW_SIGNER_ADMITTED);
        }
        TAP_EQUAL_INT(slw_signer_gate_enter(&gate, (enum slw_signer_kind)kind, 1000),
                      SLW_SIGNER_NOT_WAITED);
        slw_signer_gate_leave(&gate, (enum slw_signer_kind)kind);
        TAP_EQUAL_INT(slw_signer_gate_enter(&gate, (enum slw_signer_kind)kind, 1000),
                      SLW_SIGNER_ADMITTED);
    }
    TAP_ROW(NULL);
}

static void admits_no_more_than_so_many_a_second(void)
{
    static struct slw_signer_gate gate;
    const enum slw_signer_kind kind = SLW_SIGNER_HEALTH;
    uint32_t per_s = slw_signer_rule_find(kind)->per_s;
    for (uint32_t i = 0; i < per_s; i++) {
        TAP_EQUAL_INT(slw_signer_gate_enter(&gate, kind, 5000 + i % 900), SLW_SIGNER_ADMITTED);
        slw_signer_gate_leave(&gate, kind);
    }
    TAP_EQUAL_INT(slw_signer_gate_enter(&gate, kind, 5999), SLW_SIGNER_TOO_OFTEN);
    TAP_EQUAL_INT(slw_signer_gate_enter(&gate, kind, 6000), SLW_SIGNER_ADMITTED);
    TAP_EQUAL_INT(slw_signer_gate_enter(&gate, (enum slw_signer_kind)12, 6000),
                  SLW_SIGNER_NOT_WAITED);
}

static void says_why_nothing_comes(void)
{
    int ends[2];
    struct slw_bytes message;
    TAP_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    TAP_EQUAL_INT(slw_signer_packet_receive(ends[0], packet, 10, &message, &detail),
                  SLW_IO_TIMEOUT);
    TAP_REQUIRE(send(ends[1], large, SLW_SIGNER_PACKET_SIZE_MAX + 1, 0) ==
                (ssize_t)SLW_SIGNER_PACKET_SIZE_MAX + 1);
    TAP_EQUAL_INT(slw_signer_packet_receive(ends[0], packet, 1000, &message, &detail),
                  SLW_TOO_LARGE);
    (void)close(ends[1]);
    TAP_EQUAL_INT(slw_signer_packet_receive(ends[0], packet, 1000, &message, &detail),
                  SLW_IO_CLOSED);
    TAP_EQUAL_INT(slw_signer_packet_send(ends[0], SLW_BYTES_OF("x"), &detail), SLW_IO_CLOSED);
    (void)close(ends[0]);
}

static void names_states_and_blobs(void)
{
    TAP_CHECK(strcmp(slw_signer_state_name(SLW_SIGNER_WAITING), "waiting") == 0);
    TAP_CHECK(strcmp(slw_signer_blob_name(SLW_SIGNER_PROOF), "proof") == 0);
    TAP_CHECK(slw_signer_state_name((enum slw_signer_state)0) == NULL);
    TAP_CHECK(slw_signer_state_name((enum slw_signer_state)7) == NULL);
    TAP_CHECK(slw_signer_blob_name((enum slw_signer_blob)4) == NULL);
    TAP_CHECK(slw_signer_rule_find((enum slw_signer_kind)0) == NULL);
}

int main(void)
{
    memset(large, 'x', sizeof large);
    TAP_RUN(joins_the_parts_of_an_envelope);
    TAP_RUN(passes_what_has_no_parts);
    TAP_RUN(refuses_anything_between_parts);
    TAP_RUN(refuses_an_endless_envelope);
    TAP_RUN(admits_as_many_as_the_table_says);
    TAP_RUN(admits_no_more_than_so_many_a_second);
    TAP_RUN(says_why_nothing_comes);
    TAP_RUN(names_states_and_blobs);
    return tap_finish();
}
