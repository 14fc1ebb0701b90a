/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front of the signing service and the process behind it say to each other
 * (spec/SIGNING.md, section 5; spec/signer.proto): calls go from the front to the key process (or
 * to a witness, whose front it is too), answers come back. A packet of a SOCK_SEQPACKET socketpair
 * is one protobuf message. Neither end believes the other: everything here is strict and bounded,
 * and what isn't a message is the end of the connection.
 *
 * The front's end (signer/front) and the key process's (signer/keys), `slipway audit witness` and
 * the tests that play either use it.
 *
 *     struct slw_signer_call call = {.number = 7, .kind = SLW_SIGNER_SHOW, .has_digest = true};
 *     memcpy(call.digest, id, sizeof call.digest);
 *     SLW_TRY(slw_signer_call_send(descriptor, &call, packet, &detail));
 *     SLW_TRY(slw_signer_packet_receive(descriptor, packet, timeout_ms, &received, &detail));
 *     SLW_TRY(slw_signer_answer_decode(received, &answer, &detail));
 *
 * What the fields of a call are, by kind; others must be absent:
 *
 *     kind            digest       position    value        text           bytes
 *     SUBMIT                                                               the envelope, in parts
 *     UPLOAD          sha256       offset                                  a piece of the blob
 *     UPLOADED        sha256
 *     SHOW            request id
 *     LIST            after, or -              limit
 *     BLOB            request id   offset      which blob
 *     LOG                          offset                   path in log
 *     COSIGNED                     tree size   HTTP status  witness name   the witness's answer
 *     POLL
 *     ADD_CHECKPOINT                                                       the request's body
 *     HEALTH
 *
 * and of an answer; any answer may be a refusal instead, with nothing but reason and detail (SUBMIT
 * has id and state too, when there is a statement):
 *
 *     SUBMIT          id (SHA-256 of the payload), state, reason and detail of a refusal.
 *                     For an approval or rejection the state of the request that it is about; for
 *                     other statements RECEIVED once it is in the log.
 *     UPLOAD          length: so much is there now; total: what was announced, at most; of a
 *                     complete one its length. The piece was taken, now or before, when length is
 *                     at least its end.
 *     UPLOADED        length, total
 *     SHOW, LIST      bytes: JSON
 *     BLOB, LOG       bytes from offset on (none behind the end), total
 *     COSIGNED        nothing
 *     POLL            work: what to carry to witnesses; empty when there was nothing for a while
 *                     (the answerer answers within SLW_SIGNER_POLL_MS)
 *     ADD_CHECKPOINT  status (HTTP: 200, 400, 403, 404, 409, 422), bytes: the body; that of 409 is
 *                     text/x.tlog.size
 *     HEALTH          bytes: JSON
 */
#ifndef SLIPWAY_SIGNER_PROTOCOL_H
#define SLIPWAY_SIGNER_PROTOCOL_H

#include "slipway/crypto.h"
#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_SIGNER_PACKET_SIZE_MAX 196608u
#define SLW_SIGNER_STATEMENT_SIZE_MAX 1048576u /* an envelope; in parts when over a piece */
#define SLW_SIGNER_PIECE_SIZE_MAX 131072u      /* of bytes in one packet */
#define SLW_SIGNER_TEXT_SIZE_MAX 256u
#define SLW_SIGNER_URL_SIZE_MAX 1024u
#define SLW_SIGNER_REASON_SIZE_MAX 40u
#define SLW_SIGNER_DETAIL_SIZE_MAX 1024u
#define SLW_SIGNER_CHECKPOINT_SIZE_MAX 16384u /* a body of add-checkpoint, or of its answer */
#define SLW_SIGNER_LIST_MAX 100u
#define SLW_SIGNER_WORK_MAX 16u /* as many as policy may have witnesses */
#define SLW_SIGNER_POLL_MS 20000

enum slw_signer_kind {
    SLW_SIGNER_SUBMIT = 1,
    SLW_SIGNER_UPLOAD,
    SLW_SIGNER_UPLOADED,
    SLW_SIGNER_SHOW,
    SLW_SIGNER_LIST,
    SLW_SIGNER_BLOB,
    SLW_SIGNER_LOG,
    SLW_SIGNER_COSIGNED,
    SLW_SIGNER_POLL,
    SLW_SIGNER_ADD_CHECKPOINT,
    SLW_SIGNER_HEALTH,
};
#define SLW_SIGNER_KINDS_END 12u /* one behind the last */

/* They only go forward. */
enum slw_signer_state {
    SLW_SIGNER_RECEIVED = 1,
    SLW_SIGNER_JUDGING,
    SLW_SIGNER_WAITING, /* for approvals, witnesses, hours, or a token that failed */
    SLW_SIGNER_SIGNED,
    SLW_SIGNER_REFUSED,
    SLW_SIGNER_EXPIRED,
};

/* What BLOB gets of a request: the serialized metadata from when it was asked for, the others once
 * it is signed. */
enum slw_signer_blob {
    SLW_SIGNER_METADATA = 1,
    SLW_SIGNER_SIGNATURE, /* the detached signature: 64 bytes */
    SLW_SIGNER_PROOF,     /* the binary proof of inclusion */
};

struct slw_signer_call {
    uint64_t number; /* not 0; the front's, its answer has it too */
    enum slw_signer_kind kind;
    bool has_digest;
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t position;
    uint32_t value;
    struct slw_bytes text;  /* UTF-8 */
    struct slw_bytes bytes; /* views into the packet once decoded */
    bool more;              /* SUBMIT: another part follows */
};

/* What the front is to carry to a witness: POST body to url/add-checkpoint, and COSIGNED back. */
struct slw_signer_work {
    uint64_t size; /* of the tree */
    struct slw_bytes name;
    struct slw_bytes url;
    struct slw_bytes body;
};

struct slw_signer_answer {
    uint64_t number;
    enum slw_signer_kind kind; /* of the call */
    enum slw_signer_state state;
    bool has_id;
    uint8_t id[SLW_SHA256_SIZE];
    struct slw_bytes reason; /* a word of the closed list; empty: not refused */
    struct slw_bytes detail;
    uint64_t length;
    uint64_t total;
    struct slw_bytes bytes;
    uint32_t status;
    struct slw_signer_work work[SLW_SIGNER_WORK_MAX];
    size_t work_count;
};

/* The table of what may be asked. */
struct slw_signer_rule {
    const char *name;
    uint32_t bytes_max;   /* of field bytes in one packet */
    uint32_t waiting_max; /* calls of this kind without an answer at one time */
    uint32_t per_s;       /* calls of this kind a second; as many may come at once */
    bool keys;            /* asked of the key process */
    bool witness;         /* asked of a witness */
};

/* NULL for a kind that isn't one. */
const struct slw_signer_rule *slw_signer_rule_find(enum slw_signer_kind kind);

/* "waiting"; NULL for a state that isn't one. */
const char *slw_signer_state_name(enum slw_signer_state state);

/* The other way round. False for another word. */
bool slw_signer_state_find(struct slw_bytes name, enum slw_signer_state *ret_state);

/* "metadata"; NULL for one that isn't. */
const char *slw_signer_blob_name(enum slw_signer_blob blob);

/*
 * Writes a message to packet, SLW_SIGNER_PACKET_SIZE_MAX bytes. SLW_BAD_ARGUMENT for one that
 * decode would refuse; SLW_TOO_LARGE, also for more work than a packet holds: give some of it
 * then, and the rest to the next POLL.
 */
enum slw_status slw_signer_call_encode(const struct slw_signer_call *call, uint8_t *packet,
                                       struct slw_bytes *ret_message);
enum slw_status slw_signer_answer_encode(const struct slw_signer_answer *answer, uint8_t *packet,
                                         struct slw_bytes *ret_message);

/*
 * Reads one. SLW_MALFORMED for anything that isn't a message of this protocol with exactly the
 * fields of its kind, unknown fields included; SLW_TOO_LARGE for a field over its limit. What was
 * decoded lives as long as the packet.
 */
enum slw_status slw_signer_call_decode(struct slw_bytes packet, struct slw_signer_call *ret_call,
                                       struct slw_detail *detail);
enum slw_status slw_signer_answer_decode(struct slw_bytes packet,
                                         struct slw_signer_answer *ret_answer,
                                         struct slw_detail *detail);

/*
 * Envelopes longer than a piece come as several SUBMIT calls of one number, `more` set in all but
 * the last, with nothing else between them, so that the key process keeps one buffer. Every decoded
 * call goes through a joiner.
 *
 *     SLW_TRY(slw_signer_joiner_accept(&joiner, &call, &complete, detail));
 *     if (complete) ...    call.bytes is the whole envelope, until the next accept
 *
 * SLW_MALFORMED for another call while parts are missing, SLW_TOO_LARGE for more than
 * SLW_SIGNER_STATEMENT_SIZE_MAX bytes, SLW_NO_SPACE.
 */
struct slw_signer_joiner {
    struct slw_heap_buffer parts;
    uint64_t number; /* 0: none is going on */
};

enum slw_status slw_signer_joiner_accept(struct slw_signer_joiner *joiner,
                                         struct slw_signer_call *call, bool *ret_complete,
                                         struct slw_detail *detail);
void slw_signer_joiner_free(struct slw_signer_joiner *joiner);

/*
 * How often and how many: the answering end asks slw_signer_gate_enter() for each whole call, and
 * tells slw_signer_gate_leave() when it answers. Start with {0}.
 */
struct slw_signer_gate {
    struct {
        uint32_t waiting;
        uint32_t tokens; /* taken of the second that began at since_ms */
        int64_t since_ms;
    } kinds[SLW_SIGNER_KINDS_END];
};

enum slw_signer_admission {
    SLW_SIGNER_ADMITTED,
    SLW_SIGNER_TOO_OFTEN,  /* answer it with too-many */
    SLW_SIGNER_NOT_WAITED, /* over waiting_max: a front of ours never does that */
};

/* now_ms: of a clock that doesn't jump. */
enum slw_signer_admission slw_signer_gate_enter(struct slw_signer_gate *gate,
                                                enum slw_signer_kind kind, int64_t now_ms);
void slw_signer_gate_leave(struct slw_signer_gate *gate, enum slw_signer_kind kind);

/*
 * Packets over the socket. Send waits as long as the other end doesn't read; SLW_IO_CLOSED when it
 * is gone. Receive waits for timeout_ms at most (-1: for ever) and fills packet,
 * SLW_SIGNER_PACKET_SIZE_MAX bytes; SLW_IO_TIMEOUT, SLW_IO_CLOSED, SLW_TOO_LARGE.
 */
enum slw_status slw_signer_packet_send(int descriptor, struct slw_bytes message,
                                       struct slw_detail *detail);
enum slw_status slw_signer_packet_receive(int descriptor, uint8_t *packet, int timeout_ms,
                                          struct slw_bytes *ret_message, struct slw_detail *detail);

/* Encodes into packet and sends, a SUBMIT in as many parts as it needs. */
enum slw_status slw_signer_call_send(int descriptor, const struct slw_signer_call *call,
                                     uint8_t *packet, struct slw_detail *detail);
enum slw_status slw_signer_answer_send(int descriptor, const struct slw_signer_answer *answer,
                                       uint8_t *packet, struct slw_detail *detail);

#endif
