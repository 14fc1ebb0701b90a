/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes (C2SP signed-note), checkpoints of transparency logs (C2SP tlog-checkpoint) and
 * witnesses' cosignatures over them (C2SP tlog-cosignature, cosignature/v1).
 *
 * A note is text, a blank line, and signature lines `— NAME BASE64(key id ‖ signature)`. Its text
 * means nothing before a signature by a known key was verified. The key process, witnesses,
 * auditors and `slipway bundle` use this.
 *
 *     struct slw_note_key log_key;
 *     SLW_TRY(slw_note_key_parse("--log", vkey, &log_key, detail));
 *     SLW_TRY(slw_note_parse("checkpoint", bytes, &note, detail));
 *     SLW_TRY(slw_note_verify(&note, &log_key, 1, &verdict, detail));
 *     SLW_TRY(slw_checkpoint_parse("checkpoint", note.text, &checkpoint, detail));
 */
#ifndef SLIPWAY_NOTE_H
#define SLIPWAY_NOTE_H

#include "slipway/crypto.h"
#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_NOTE_SIZE_MAX 65536u
#define SLW_NOTE_SIGNATURES_MAX 32u /* signed-note asks for 16 at least */
#define SLW_NOTE_NAME_MAX 255u
#define SLW_NOTE_KEY_ID_SIZE 4u
#define SLW_NOTE_VKEY_SIZE_MAX 512u
/* A cosignature: a time of 8 bytes, big endian, and an Ed25519 signature. */
#define SLW_NOTE_COSIGNATURE_SIZE 72u

enum slw_note_type {
    SLW_NOTE_ED25519 = 1,     /* over the text */
    SLW_NOTE_COSIGNATURE = 4, /* over "cosignature/v1\ntime T\n" and the text */
};

struct slw_note_key {
    char name[SLW_NOTE_NAME_MAX + 1]; /* UTF-8, ends with a zero byte */
    enum slw_note_type type;
    uint8_t id[SLW_NOTE_KEY_ID_SIZE]; /* first bytes of SHA-256(name ‖ 0x0A ‖ type ‖ value) */
    uint8_t value[SLW_ED25519_KEY_SIZE];
};

/*
 * A verifier key: "NAME+ID+BASE64(type ‖ value)", ID in 8 hexadecimal digits. what is what details
 * call it. SLW_BAD_KEY for anything else: a name with spaces or `+`, an id that isn't the key's, a
 * type that we don't verify, a value that is no Ed25519 key.
 */
SLW_MUST_USE enum slw_status slw_note_key_parse(const char *what, struct slw_bytes vkey,
                                                struct slw_note_key *ret_key,
                                                struct slw_detail *detail);

/* The same from its parts. */
SLW_MUST_USE enum slw_status slw_note_key_make(struct slw_bytes name, enum slw_note_type type,
                                               const uint8_t value[static SLW_ED25519_KEY_SIZE],
                                               struct slw_note_key *ret_key,
                                               struct slw_detail *detail);

/* Appends it as a verifier key, without a newline. */
void slw_note_key_format(const struct slw_note_key *key, struct slw_heap_buffer *ret_text);

/* Whether it can stand as a key's name: 1 to SLW_NOTE_NAME_MAX bytes of UTF-8, no space, no
 * control character, no `+`. */
bool slw_note_name_is_good(struct slw_bytes name);

/* --- Notes --- */

struct slw_note_signature {
    struct slw_bytes line; /* whole, with its newline */
    struct slw_bytes name;
    struct slw_bytes base64; /* of key id and signature; canonical, of at least 5 bytes */
    uint8_t key_id[SLW_NOTE_KEY_ID_SIZE];
};

/* Views into what was parsed. */
struct slw_note {
    const char *what;
    struct slw_bytes text; /* with its last newline, without the blank line */
    size_t count;
    struct slw_note_signature signatures[SLW_NOTE_SIGNATURES_MAX];
};

/*
 * Reads a note; nothing is verified. SLW_MALFORMED for what isn't one, SLW_TOO_LARGE for more than
 * SLW_NOTE_SIZE_MAX bytes or SLW_NOTE_SIGNATURES_MAX signatures.
 */
SLW_MUST_USE enum slw_status slw_note_parse(const char *what, struct slw_bytes bytes,
                                            struct slw_note *ret_note, struct slw_detail *detail);

/* Reads signature lines alone, as a witness answers them; text is left empty. */
SLW_MUST_USE enum slw_status slw_note_lines_parse(const char *what, struct slw_bytes lines,
                                                  struct slw_note *ret_note,
                                                  struct slw_detail *detail);

/* What a key did with a note. */
struct slw_note_verdict {
    bool is_signed;
    uint64_t time;                         /* of a cosignature, seconds since 1970 */
    uint8_t signature[SLW_SIGNATURE_SIZE]; /* the one that verified; of several the newest */
};

/*
 * Verifies what these keys signed, and fills one verdict a key. Signatures of other keys, by name
 * and id, are ignored. SLW_BAD_SIGNATURE when one of a known key doesn't verify, SLW_UNSIGNED when
 * no key signed. A key that signed twice counts once.
 */
SLW_MUST_USE enum slw_status slw_note_verify(const struct slw_note *note,
                                             const struct slw_note_key *keys, size_t key_count,
                                             struct slw_note_verdict *ret_verdicts,
                                             struct slw_detail *detail);

/* --- Signing --- */

/* Who signs: a key in a file or in a token. */
struct slw_note_signer {
    void *context;
    struct slw_note_key key; /* its type says what is signed */
    /* Ed25519 over message. */
    enum slw_status (*sign)(void *context, struct slw_bytes message,
                            uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                            struct slw_detail *detail);
};

struct slw_private_key;

/* A signer over an Ed25519 key, which must outlive it. SLW_BAD_KEY for a key of another type. */
SLW_MUST_USE enum slw_status slw_note_signer_init(const struct slw_private_key *key,
                                                  struct slw_bytes name, enum slw_note_type type,
                                                  struct slw_note_signer *ret_signer,
                                                  struct slw_detail *detail);

/*
 * Appends the signature line over text, which ends with a newline; utc_s is the time of a
 * cosignature and nothing to other keys. What the signer returned is verified first.
 */
SLW_MUST_USE enum slw_status slw_note_sign_text(const struct slw_note_signer *signer,
                                                struct slw_bytes text, uint64_t utc_s,
                                                struct slw_heap_buffer *ret_line,
                                                struct slw_detail *detail);

/* Appends the line of a signature that is at hand: 64 bytes, or 72 of a cosignature. */
void slw_note_line_format(const struct slw_note_key *key, struct slw_bytes signature,
                          struct slw_heap_buffer *ret_line);

/*
 * SLW_OK when the key signed text, signature being 64 bytes, utc_s the time of a cosignature.
 * SLW_BAD_SIGNATURE otherwise.
 */
SLW_MUST_USE enum slw_status
slw_note_check_signature(const struct slw_note_key *key, struct slw_bytes text, uint64_t utc_s,
                         const uint8_t signature[static SLW_SIGNATURE_SIZE]);

/* --- Checkpoints --- */

struct slw_checkpoint {
    struct slw_bytes origin; /* the log's name */
    uint64_t size;           /* leaves */
    uint8_t root[SLW_SHA256_SIZE];
    struct slw_bytes extensions; /* lines behind it, each with its newline; we write none */
};

/* Reads a note's text. SLW_MALFORMED for what isn't a checkpoint's; sizes below 2^63. */
SLW_MUST_USE enum slw_status slw_checkpoint_parse(const char *what, struct slw_bytes text,
                                                  struct slw_checkpoint *ret_checkpoint,
                                                  struct slw_detail *detail);

/* Appends "ORIGIN\nSIZE\nBASE64(root)\n" and the extensions. */
void slw_checkpoint_format(const struct slw_checkpoint *checkpoint,
                           struct slw_heap_buffer *ret_text);

/*
 * The whole in one: parses a signed checkpoint, verifies that log_key signed it, and that its
 * origin is the key's name. SLW_BAD_SIGNATURE, SLW_UNSIGNED, SLW_MALFORMED. ret_note is for the
 * cosignatures; views into bytes.
 */
SLW_MUST_USE enum slw_status slw_checkpoint_open(const char *what, struct slw_bytes bytes,
                                                 const struct slw_note_key *log_key,
                                                 struct slw_note *ret_note,
                                                 struct slw_checkpoint *ret_checkpoint,
                                                 struct slw_detail *detail);

#endif
