/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service returns is believed when it verifies: by the key's signature, and by the
 * device's own verification of proofs. See slipway/signer_client.h.
 */
#include "slipway/explain.h"
#include "slipway/signer_client.h"
#include "slipway/targets_draft.h"

static void sha256_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

static enum slw_status verify_signature(struct slw_bytes serialized,
                                        const struct slw_public_key *key,
                                        struct slw_bytes signature)
{
    uint8_t digest[SLW_SHA256_SIZE];
    if (signature.len != SLW_SIGNATURE_SIZE) {
        return SLW_BAD_SIGNATURE;
    }
    if (key->type == SLW_KEY_TYPE_ED25519) {
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, serialized);
        return slw_ed25519_verify(key->value, signature.ptr, &reader);
    }
    sha256_of(serialized, digest);
    return slw_p256_verify(key->value, digest, signature.ptr);
}

static enum slw_status make_leaf(struct slw_bytes serialized,
                                 uint8_t ret_leaf[static SLW_SHA256_SIZE],
                                 struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_targets_draft targets = {0};
    SLW_TRY(slw_targets_draft_parse(serialized, &targets, detail));
    sha256_of(serialized, digest);
    slw_release_leaf_hash(targets.product, targets.version, digest, ret_leaf);
    slw_targets_draft_free(&targets);
    return SLW_OK;
}

static enum slw_status verify_proof(struct slw_bytes serialized, struct slw_bytes bytes,
                                    const struct slw_transparency *transparency,
                                    struct slw_detail *detail)
{
    uint8_t leaf[SLW_SHA256_SIZE];
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    struct slw_proof proof;
    struct slw_reader reader;
    struct slw_finding finding = {0};
    if (bytes.len == 0) {
        return slw_explain(detail, SLW_NO_PROOF, "no proof that it is in the log");
    }
    SLW_TRY(make_leaf(serialized, leaf, detail));
    slw_reader_init_bytes(&reader, bytes);
    slw_proof_start(&proof, transparency, leaf);
    while (!proof.done) {
        enum slw_status status = slw_proof_step(&proof, &reader, scratch, &finding);
        if (status != SLW_OK) {
            struct slw_heap_buffer text = {0};
            finding.status = status;
            slw_explain_finding(&finding, &text);
            (void)slw_explain(detail, status, "proof: %s", slw_heap_text(&text));
            slw_heap_drop(&text);
            return status;
        }
    }
    return SLW_OK;
}

enum slw_status slw_signer_result_verify(struct slw_bytes serialized,
                                         const struct slw_public_key *key,
                                         struct slw_bytes signature, struct slw_bytes proof,
                                         const struct slw_transparency *transparency,
                                         struct slw_detail *detail)
{
    enum slw_status status = verify_signature(serialized, key, signature);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "signature: not the key's over what was submitted");
    }
    return transparency == NULL ? SLW_OK : verify_proof(serialized, proof, transparency, detail);
}
