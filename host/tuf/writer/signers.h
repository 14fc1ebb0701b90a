/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may sign for a role, as one delegator says: a root, or a targets role by a delegation. The
 * writer asks it what clients will ask: whether a threshold of distinct keys signed. Private to
 * this folder.
 */
#ifndef SLIPWAY_TUF_SIGNERS_H
#define SLIPWAY_TUF_SIGNERS_H

#include "edition.h"

struct slw_tuf_signer {
    struct slw_bytes id; /* the model's */
    struct slw_tuf_key key;
    bool is_known; /* a key of a kind that we can verify with */
};

struct slw_tuf_signers {
    const struct slw_tuf_model *model;
    size_t at; /* the role's place in the model */
    struct slw_tuf_signer *list;
    size_t count;
    uint32_t threshold;
};

/* Of the role at a place in a delegator's model; lives as long as the model, unchanged. */
enum slw_status slw_tuf_signers_load(const struct slw_tuf_model *model, size_t at,
                                     struct slw_tuf_signers *ret_signers,
                                     struct slw_detail *detail);
void slw_tuf_signers_free(struct slw_tuf_signers *signers);

/* How many distinct keys signed; stops at the number that is enough. */
size_t slw_tuf_signers_count(const struct slw_tuf_signers *signers,
                             const struct slw_tuf_edition *edition, size_t enough);
static inline bool slw_tuf_signers_agree(const struct slw_tuf_signers *signers,
                                         const struct slw_tuf_edition *edition)
{
    return signers->threshold > 0 &&
           slw_tuf_signers_count(signers, edition, signers->threshold) >= signers->threshold;
}

/* Whether a signature over the edition is by one of them: SLW_OK; SLW_BAD_KEY when its key isn't
 * one of theirs; SLW_BAD_SIGNATURE. */
SLW_MUST_USE enum slw_status slw_tuf_signers_check(const struct slw_tuf_signers *signers,
                                                   const struct slw_tuf_edition *edition,
                                                   const struct slw_tuf_signature *signature);

/* Whether the key of an id signed. */
SLW_MUST_USE bool slw_tuf_signers_has_signed(const struct slw_tuf_signers *signers, size_t signer,
                                             const struct slw_tuf_edition *edition);

/*
 * Puts a signature under the id that they list its key by into the edition, once it is verified, if
 * it isn't: key_id is what slw_tuf_public_key_id() makes. SLW_BAD_KEY, SLW_BAD_SIGNATURE.
 */
enum slw_status slw_tuf_signers_accept(const struct slw_tuf_signers *signers,
                                       struct slw_tuf_edition *edition,
                                       const struct slw_tuf_signature *signature, bool is_verified,
                                       struct slw_detail *detail);

/* Whether two delegators say the same of a role: the same keys under the same ids, and threshold.
 */
SLW_MUST_USE bool slw_tuf_signers_are_same(const struct slw_tuf_model *left, size_t left_at,
                                           const struct slw_tuf_model *right, size_t right_at);

#endif
