/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what may be asked, how often calls are admitted, and what reading both directions of
 * the signing protocol has in common. See slipway/signer_protocol.h.
 */
#include "protocol.h"

#define PIECE SLW_SIGNER_PIECE_SIZE_MAX
#define CHECKPOINT SLW_SIGNER_CHECKPOINT_SIZE_MAX

/* How often is about a front that asks without end, not about throughput: signing is slower. */
static const struct slw_signer_rule rules[SLW_SIGNER_KINDS_END] = {
    /*                          name              bytes       waiting  per s   keys   witness */
    [SLW_SIGNER_SUBMIT] = {"SUBMIT", PIECE, 256, 20000, true, false},
    [SLW_SIGNER_UPLOAD] = {"UPLOAD", PIECE, 64, 40000, true, false},
    [SLW_SIGNER_UPLOADED] = {"UPLOADED", 0, 64, 20000, true, false},
    [SLW_SIGNER_SHOW] = {"SHOW", 0, 256, 20000, true, false},
    [SLW_SIGNER_LIST] = {"LIST", 0, 16, 1000, true, false},
    [SLW_SIGNER_BLOB] = {"BLOB", 0, 64, 40000, true, false},
    [SLW_SIGNER_LOG] = {"LOG", 0, 64, 20000, true, false},
    [SLW_SIGNER_COSIGNED] = {"COSIGNED", CHECKPOINT, 64, 2000, true, false},
    [SLW_SIGNER_POLL] = {"POLL", 0, 1, 2000, true, false},
    [SLW_SIGNER_ADD_CHECKPOINT] = {"ADD_CHECKPOINT", CHECKPOINT, 16, 200, false, true},
    [SLW_SIGNER_HEALTH] = {"HEALTH", 0, 4, 100, true, true},
};

const struct slw_signer_rule *slw_signer_rule_find(enum slw_signer_kind kind)
{
    unsigned index = (unsigned)kind;
    return index > 0 && index < SLW_SIGNER_KINDS_END ? &rules[index] : NULL;
}

static const char *const state_names[] = {"",       "received", "judging", "waiting",
                                          "signed", "refused",  "expired"};
_Static_assert(sizeof state_names / sizeof state_names[0] == SLW_SIGNER_EXPIRED + 1,
               "each state has a name");

const char *slw_signer_state_name(enum slw_signer_state state)
{
    unsigned index = (unsigned)state;
    return index > 0 && index < sizeof state_names / sizeof state_names[0] ? state_names[index]
                                                                           : NULL;
}

bool slw_signer_state_find(struct slw_bytes name, enum slw_signer_state *ret_state)
{
    for (unsigned at = SLW_SIGNER_RECEIVED; at <= SLW_SIGNER_EXPIRED; at++) {
        const char *word = state_names[at];
        if (slw_bytes_equal(name, slw_bytes_make(word, strlen(word)))) {
            *ret_state = (enum slw_signer_state)at;
            return true;
        }
    }
    return false;
}

const char *slw_signer_blob_name(enum slw_signer_blob blob)
{
    static const char *const names[] = {"", "metadata", "signature", "proof"};
    unsigned index = (unsigned)blob;
    return index > 0 && index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

enum slw_signer_admission slw_signer_gate_enter(struct slw_signer_gate *gate,
                                                enum slw_signer_kind kind, int64_t now_ms)
{
    const struct slw_signer_rule *rule = slw_signer_rule_find(kind);
    if (rule == NULL || gate->kinds[kind].waiting >= rule->waiting_max) {
        return SLW_SIGNER_NOT_WAITED;
    }
    if (gate->kinds[kind].since_ms == 0 || now_ms - gate->kinds[kind].since_ms >= 1000) {
        gate->kinds[kind].since_ms = now_ms;
        gate->kinds[kind].tokens = 0;
    }
    if (gate->kinds[kind].tokens >= rule->per_s) {
        return SLW_SIGNER_TOO_OFTEN;
    }
    gate->kinds[kind].tokens++;
    gate->kinds[kind].waiting++;
    return SLW_SIGNER_ADMITTED;
}

void slw_signer_gate_leave(struct slw_signer_gate *gate, enum slw_signer_kind kind)
{
    if (slw_signer_rule_find(kind) != NULL && gate->kinds[kind].waiting > 0) {
        gate->kinds[kind].waiting--;
    }
}

void slw_signer_packet_begin(struct slw_signer_packet *packet, struct slw_bytes bytes,
                             const struct slw_proto_rules *message_rules)
{
    packet->bytes = bytes;
    packet->limit = SLW_OK;
    slw_reader_init_bytes(&packet->reader, bytes);
    if (bytes.len > SLW_SIGNER_PACKET_SIZE_MAX) {
        packet->limit = SLW_TOO_LARGE;
        slw_reader_fail(&packet->reader, SLW_TOO_LARGE);
    }
    slw_proto_begin(&packet->proto, &packet->reader, message_rules);
}

bool slw_signer_packet_next(struct slw_signer_packet *packet, struct slw_proto_field *ret_field)
{
    if (!slw_proto_next(&packet->proto, ret_field)) {
        return false;
    }
    if (!ret_field->known) {
        slw_reader_fail(&packet->reader, SLW_MALFORMED);
        return false;
    }
    return true;
}

struct slw_bytes slw_signer_packet_view(struct slw_signer_packet *packet,
                                        const struct slw_proto_field *field, size_t limit)
{
    if (field->length > limit) {
        packet->limit = SLW_TOO_LARGE;
        slw_reader_fail(&packet->reader, SLW_TOO_LARGE);
        return (struct slw_bytes){NULL, 0};
    }
    return slw_bytes_make(packet->bytes.ptr + field->offset, (size_t)field->length);
}

void slw_signer_packet_exact(struct slw_signer_packet *packet, const struct slw_proto_field *field,
                             uint8_t *destination, size_t len)
{
    if (field->length != len) {
        slw_reader_fail(&packet->reader, SLW_MALFORMED);
        return;
    }
    memcpy(destination, packet->bytes.ptr + field->offset, len);
}

enum slw_status slw_signer_packet_end(const struct slw_signer_packet *packet, const char *what,
                                      struct slw_detail *detail)
{
    if (packet->limit != SLW_OK) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: a field is over its limit", what);
    }
    if (packet->reader.status != SLW_OK) {
        return slw_explain(detail, SLW_MALFORMED, "%s: not a message of the protocol", what);
    }
    return SLW_OK;
}

bool slw_signer_text_is_good(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    return slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker);
}
