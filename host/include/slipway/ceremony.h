/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key ceremonies: several people on several machines make a root together, of a bundle or of a TUF
 * repository, and a transcript shows afterwards who did what (`slipway ceremony`).
 *
 * A plan says who takes part, which new keys they bring, who signs, and what comes out. It leads to
 * a fixed order of steps; each is done by one person, on that person's machine, and becomes an
 * entry of the transcript:
 *
 *     accept   everybody who takes part agrees to the plan
 *     key      who brings a new key shows its public half; that key signs the entry, too
 *     sign     a root key, of the former root or a new one, signs what was made of plan and keys
 *     finish   the first person closes the ceremony, with all entries inside the last one
 *
 * An entry is an envelope (SIGNING.md, section 2) with a statement of `urn:slipway:ceremony:v1`,
 * signed by its person's own key. Its subject is the plan, so that it is worth nothing in another
 * ceremony; of the last one it is what was signed. `previous` is the SHA-256 of the entry before
 * it, of the plan for the first. What is signed is never handed around: everybody makes it anew out
 * of plan, former root and the keys in the transcript.
 *
 *     SLW_TRY(slw_ceremony_open(plan_text, former_root, &ceremony, detail));
 *     for (…) SLW_TRY(slw_ceremony_accept_entry(ceremony, name, bytes, detail));
 *     SLW_TRY(slw_ceremony_make_entry(ceremony, my_key, root_key, now, &entry, detail));
 */
#ifndef SLIPWAY_CEREMONY_H
#define SLIPWAY_CEREMONY_H

#include "slipway/keys.h"
#include "slipway/tuf.h"

#define SLW_CEREMONY_PEOPLE_MAX 16u
#define SLW_CEREMONY_KEYS_MAX 32u /* new ones; those to remove; those that sign */
#define SLW_CEREMONY_STEPS_MAX (SLW_CEREMONY_PEOPLE_MAX + 3 * SLW_CEREMONY_KEYS_MAX + 1)
#define SLW_CEREMONY_PLAN_SIZE_MAX 131072u
#define SLW_CEREMONY_ENTRY_SIZE_MAX 1048576u
#define SLW_CEREMONY_NAME_MAX 64u  /* bytes of a name */
#define SLW_CEREMONY_TEXT_MAX 512u /* of the reason */
#define SLW_CEREMONY_NONCE_SIZE 16u
#define SLW_CEREMONY_KEY_ID_SIZE 64u /* hexadecimal digits */

enum slw_ceremony_kind {
    SLW_CEREMONY_NEW_ROOT,   /* the first one */
    SLW_CEREMONY_ROTATION,   /* the next one, with other keys */
    SLW_CEREMONY_REVOCATION, /* the same because keys are in wrong hands: some must be removed */
    SLW_CEREMONY_RECOVERY,   /* too few root keys are left: a root that nobody follows by itself */
};

enum slw_ceremony_format {
    SLW_CEREMONY_BUNDLE,     /* SignedRootMetadata, as devices trust it */
    SLW_CEREMONY_REPOSITORY, /* root.json of a TUF repository */
};

struct slw_ceremony_person {
    struct slw_bytes name;
    struct slw_public_key key; /* signs this person's entries, and nothing else */
};

/* A new key that somebody brings for a role. */
struct slw_ceremony_new_key {
    size_t person;
    enum slw_role role;
};

/* A root key of the former root, and who signs with it. */
struct slw_ceremony_signer {
    size_t person;
    struct slw_public_key key;
};

struct slw_ceremony_removal {
    enum slw_role role;
    char key_id[SLW_CEREMONY_KEY_ID_SIZE + 1]; /* as in the former root */
};

/* Texts are views: of the text that was parsed, or the caller's. */
struct slw_ceremony_plan {
    struct slw_bytes name;
    enum slw_ceremony_kind kind;
    enum slw_ceremony_format format;
    struct slw_bytes reason; /* may be empty; not of a revocation or a recovery */
    int64_t created_utc_s;
    uint8_t nonce[SLW_CEREMONY_NONCE_SIZE];
    enum slw_key_class key_class; /* of a bundle's first root, or one after a recovery */
    bool has_expires;
    int64_t expires_utc_s;
    uint32_t thresholds[SLW_ROLES_COUNT]; /* 0: as in the former root */
    bool has_former;
    uint8_t former_sha256[SLW_SHA256_SIZE]; /* of the former root's file */
    struct slw_ceremony_person people[SLW_CEREMONY_PEOPLE_MAX];
    size_t people_count;
    struct slw_ceremony_new_key new_keys[SLW_CEREMONY_KEYS_MAX];
    size_t new_keys_count;
    struct slw_ceremony_signer signers[SLW_CEREMONY_KEYS_MAX];
    size_t signers_count;
    struct slw_ceremony_removal removals[SLW_CEREMONY_KEYS_MAX];
    size_t removals_count;
};

const char *slw_ceremony_kind_name(enum slw_ceremony_kind kind);       /* "new-root" */
const char *slw_ceremony_format_name(enum slw_ceremony_format format); /* "bundle" */

/*
 * Appends a plan as JSON, after reading it back. SLW_BAD_STATEMENT for what makes no sense: nobody
 * takes part, one name or one key twice, a key that both signs entries and the root, a kind that
 * needs a former root without one, a revocation that revokes nothing or gives no reason, ….
 */
enum slw_status slw_ceremony_plan_format(const struct slw_ceremony_plan *plan,
                                         struct slw_heap_buffer *ret_text,
                                         struct slw_detail *detail);

struct slw_ceremony; /* on the heap: plan, former root, and the entries so far */

/*
 * former: the file of the former root, empty when the plan has none. SLW_BAD_STATEMENT for a bad
 * plan, SLW_MIX_AND_MATCH when the former root isn't the plan's; and whatever is wrong with that.
 */
enum slw_status slw_ceremony_open(struct slw_bytes plan_text, struct slw_bytes former,
                                  struct slw_ceremony **ret_ceremony, struct slw_detail *detail);
void slw_ceremony_free(struct slw_ceremony *ceremony); /* NULL is fine */

const struct slw_ceremony_plan *slw_ceremony_get_plan(const struct slw_ceremony *ceremony);

enum slw_ceremony_step_kind {
    SLW_CEREMONY_ACCEPT,
    SLW_CEREMONY_KEY,
    SLW_CEREMONY_SIGN,
    SLW_CEREMONY_FINISH,
};

struct slw_ceremony_step {
    enum slw_ceremony_step_kind kind;
    size_t person;
    enum slw_role role; /* of a new key */
    size_t new_key;     /* KEY, and SIGN by one: its place among the new keys */
    size_t signer;      /* SIGN by a key of the former root: its place among the signers */
    bool is_former;     /* SIGN: by a key of the former root */
};

const char *slw_ceremony_step_name(enum slw_ceremony_step_kind kind); /* "accept" */
size_t slw_ceremony_steps_count(const struct slw_ceremony *ceremony);
size_t slw_ceremony_steps_done(const struct slw_ceremony *ceremony);
struct slw_ceremony_step slw_ceremony_step(const struct slw_ceremony *ceremony, size_t at);

/*
 * The entry of the next step, as it was found. SLW_BAD_STATEMENT: not an entry, of another
 * ceremony, or of another step or person than is due; SLW_UNSIGNED: not signed by that person's
 * key, or without the new key's signature, or with one that isn't over what was made here;
 * SLW_LOG_DAMAGED: it doesn't follow the entry before it; SLW_DUPLICATE_SIGNATURE: a new key that
 * is there already; SLW_MIX_AND_MATCH: about another root than was made here; SLW_WRONG_STATE: all
 * steps are done. And, with the last new key, whatever devices or clients would refuse about the
 * root that comes out.
 */
enum slw_status slw_ceremony_accept_entry(struct slw_ceremony *ceremony, const char *name,
                                          struct slw_bytes bytes, struct slw_detail *detail);

/*
 * Makes the entry of the next step, without accepting it. my_key: the person's own; working_key:
 * the new key of a key step, the root key of a sign step, else NULL. SLW_UNKNOWN_KEY when one of
 * them isn't the one that is due; SLW_WRONG_STATE when all steps are done.
 */
enum slw_status slw_ceremony_make_entry(const struct slw_ceremony *ceremony,
                                        const struct slw_private_key *my_key,
                                        const struct slw_private_key *working_key,
                                        int64_t now_utc_s, struct slw_heap_buffer *ret_entry,
                                        struct slw_detail *detail);

/* Appends what the next step is about, in words: what its person agrees to or signs. */
void slw_ceremony_describe_next(const struct slw_ceremony *ceremony,
                                struct slw_heap_buffer *ret_text);

/*
 * Checks a whole transcript by what stands in its last entry alone (with or without the line feed
 * at its end): every entry is signed by its person's key, follows the one before it, and is the one
 * that the plan wants there, and new keys signed theirs. What was made is made again where that
 * needs no former root; where it does, all entries must be about one and the same. What
 * slw_ceremony_accept_entry() returns otherwise.
 */
enum slw_status slw_ceremony_check_transcript(struct slw_bytes last_entry,
                                              struct slw_detail *detail);

/* Whether all is signed: only finish is left, or that is done as well. */
bool slw_ceremony_is_signed(const struct slw_ceremony *ceremony);

/* Appends the root's file with all signatures. SLW_WRONG_STATE before everything is signed. Whether
 * clients take it is for the verifier to say. */
enum slw_status slw_ceremony_result(const struct slw_ceremony *ceremony,
                                    struct slw_heap_buffer *ret_file, struct slw_detail *detail);

/* SHA-256 of what is signed; NULL until all keys are there. And of the plan, and of the last entry
 * (of the plan before the first one). */
const uint8_t *slw_ceremony_made_sha256(const struct slw_ceremony *ceremony);
const uint8_t *slw_ceremony_plan_sha256(const struct slw_ceremony *ceremony);
const uint8_t *slw_ceremony_last_sha256(const struct slw_ceremony *ceremony);

#endif
