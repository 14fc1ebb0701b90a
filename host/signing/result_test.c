/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is believed of a signature and a proof that came back: those that a real key and a real log
 * made over the metadata that were submitted, and nothing that differs from them in a bit.
 */
#include "slipway/log.h"
#include "slipway/signer_client.h"
#include "slipway/targets_draft.h"
#include "slipway/tlog_proof.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct slw_detail detail;

static struct {
    char directory[64];
    struct slw_private_key *keys[2]; /* P-256, Ed25519 */
    struct slw_private_key *log_key;
    struct slw_private_key *witness_key;
    struct slw_note_signer log_signer;
    struct slw_note_signer witness;
    struct slw_heap_buffer serialized;
    struct slw_heap_buffer proof;
    struct slw_transparency_key device_witness;
    struct slw_transparency transparency;
} world;

static struct slw_transparency_key device_key(const struct slw_note_key *key)
{
    struct slw_transparency_key device = {.name = slw_bytes_make(key->name, strlen(key->name))};
    memcpy(device.ed25519, key->value, sizeof device.ed25519);
    return device;
}

static bool make_keys(void)
{
    bool good =
        slw_private_key_generate(SLW_KEY_TYPE_P256, &world.keys[0], &detail) == SLW_OK &&
        slw_private_key_generate(SLW_KEY_TYPE_ED25519, &world.keys[1], &detail) == SLW_OK &&
        slw_private_key_generate(SLW_KEY_TYPE_ED25519, &world.log_key, &detail) == SLW_OK &&
        slw_private_key_generate(SLW_KEY_TYPE_ED25519, &world.witness_key, &detail) == SLW_OK &&
        slw_note_signer_init(world.log_key, SLW_BYTES_OF("log.example"), SLW_NOTE_ED25519,
                             &world.log_signer, &detail) == SLW_OK &&
        slw_note_signer_init(world.witness_key, SLW_BYTES_OF("witness.example"),
                             SLW_NOTE_COSIGNATURE, &world.witness, &detail) == SLW_OK;
    if (good) {
        world.device_witness = device_key(&world.witness.key);
        world.transparency = (struct slw_transparency){.log = device_key(&world.log_signer.key),
                                                       .witnesses = &world.device_witness,
                                                       .witnesses_count = 1,
                                                       .quorum = 1};
    }
    return good;
}

static bool make_metadata(void)
{
    struct slw_targets_draft draft = {.spec_version = SLW_BYTES_OF("1.0.34"),
                                      .role = SLW_BYTES_OF("targets"),
                                      .version = 7,
                                      .product = SLW_BYTES_OF("lamp")};
    return slw_targets_draft_encode(&draft, &world.serialized, &detail) == SLW_OK;
}

/* Puts the release into a log between other entries, and proves it with a cosignature. */
static bool make_proof(void)
{
    char path[80];
    struct slw_log *log = NULL;
    struct slw_sha256 hash;
    struct slw_note note;
    struct slw_tlog_proof proof = {0};
    struct slw_heap_buffer checkpoint = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t index = 0;
    uint64_t other = 0;
    (void)snprintf(path, sizeof path, "%s/log", world.directory);
    const struct slw_log_settings settings = {path, &world.log_signer, NULL};
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&world.serialized));
    slw_sha256_final(&hash, digest);
    bool good =
        slw_log_create(&settings, &log, &detail) == SLW_OK &&
        slw_log_append_record(log, SLW_BYTES_OF("{}"), &other, &detail) == SLW_OK &&
        slw_log_append_release(log, SLW_BYTES_OF("lamp"), 7, digest, &index, &detail) == SLW_OK &&
        slw_log_append_record(log, SLW_BYTES_OF("{}"), &other, &detail) == SLW_OK &&
        slw_log_commit(log, &detail) == SLW_OK &&
        slw_log_prove_inclusion(log, index, slw_log_size(log), &proof.path, &detail) == SLW_OK;
    if (good) {
        slw_heap_append(&checkpoint, slw_log_checkpoint(log));
        good = slw_note_parse("checkpoint", slw_log_checkpoint(log), &note, &detail) == SLW_OK &&
               slw_note_sign_text(&world.witness, note.text, 1700000000, &checkpoint, &detail) ==
                   SLW_OK;
    }
    if (good) {
        proof.index = index;
        proof.checkpoint = slw_heap_bytes(&checkpoint);
        good = slw_tlog_proof_encode(&proof, &world.log_signer.key, &world.witness.key, 1,
                                     &world.proof, &detail) == SLW_OK;
    }
    slw_heap_free(&checkpoint);
    slw_log_close(log);
    return good;
}

static enum slw_status verify(struct slw_bytes serialized, const struct slw_private_key *key,
                              struct slw_bytes signature, struct slw_bytes proof,
                              const struct slw_transparency *transparency)
{
    return slw_signer_result_verify(serialized, slw_private_key_public(key), signature, proof,
                                    transparency, &detail);
}

static void believes_what_was_asked_for(void)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t signature[SLW_SIGNATURE_SIZE];
        struct slw_bytes serialized = slw_heap_bytes(&world.serialized);
        struct slw_bytes view = slw_bytes_make(signature, sizeof signature);
        TAP_REQUIRE(slw_private_key_sign(world.keys[i], serialized, signature, &detail) == SLW_OK);
        TAP_EQUAL_INT(verify(serialized, world.keys[i], view, slw_heap_bytes(&world.proof),
                             &world.transparency),
                      SLW_OK);
        TAP_EQUAL_INT(verify(serialized, world.keys[i], view, slw_bytes_make(NULL, 0), NULL),
                      SLW_OK);
    }
}

static void believes_no_other_signature(void)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t signature[SLW_SIGNATURE_SIZE + 1] = {0};
        struct slw_bytes serialized = slw_heap_bytes(&world.serialized);
        struct slw_bytes none = {NULL, 0};
        struct slw_bytes view = slw_bytes_make(signature, SLW_SIGNATURE_SIZE);
        TAP_REQUIRE(slw_private_key_sign(world.keys[i], serialized, signature, &detail) == SLW_OK);
        TAP_EQUAL_INT(verify(serialized, world.keys[1 - i], view, none, NULL), SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify(SLW_BYTES_OF("other"), world.keys[i], view, none, NULL),
                      SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify(serialized, world.keys[i], none, none, NULL), SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify(serialized, world.keys[i],
                             slw_bytes_make(signature, SLW_SIGNATURE_SIZE - 1), none, NULL),
                      SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify(serialized, world.keys[i],
                             slw_bytes_make(signature, SLW_SIGNATURE_SIZE + 1), none, NULL),
                      SLW_BAD_SIGNATURE);
        for (size_t at = 0; at < SLW_SIGNATURE_SIZE; at++) {
            signature[at] ^= 1;
            TAP_CHECK(verify(serialized, world.keys[i], view, none, NULL) != SLW_OK);
            signature[at] ^= 1;
        }
    }
}

static void believes_no_other_proof(void)
{
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_bytes serialized = slw_heap_bytes(&world.serialized);
    struct slw_bytes view = slw_bytes_make(signature, sizeof signature);
    TAP_REQUIRE(slw_private_key_sign(world.keys[0], serialized, signature, &detail) == SLW_OK);
    TAP_EQUAL_INT(
        verify(serialized, world.keys[0], view, slw_bytes_make(NULL, 0), &world.transparency),
        SLW_NO_PROOF);
    for (size_t at = 0; at < world.proof.len; at++) {
        world.proof.ptr[at] ^= 1;
        TAP_EQUAL_INT(verify(serialized, world.keys[0], view, slw_heap_bytes(&world.proof),
                             &world.transparency),
                      SLW_BAD_PROOF);
        TAP_CHECK(detail.text[0] != '\0');
        world.proof.ptr[at] ^= 1;
        TAP_EQUAL_INT(verify(serialized, world.keys[0], view, slw_bytes_make(world.proof.ptr, at),
                             &world.transparency),
                      at == 0 ? SLW_NO_PROOF : SLW_BAD_PROOF);
    }
}

static void believes_no_proof_of_another_release(void)
{
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_heap_buffer other = {0};
    struct slw_targets_draft draft = {.spec_version = SLW_BYTES_OF("1.0.34"),
                                      .role = SLW_BYTES_OF("targets"),
                                      .version = 8,
                                      .product = SLW_BYTES_OF("lamp")};
    TAP_REQUIRE(slw_targets_draft_encode(&draft, &other, &detail) == SLW_OK);
    TAP_REQUIRE(slw_private_key_sign(world.keys[0], slw_heap_bytes(&other), signature, &detail) ==
                SLW_OK);
    TAP_EQUAL_INT(verify(slw_heap_bytes(&other), world.keys[0],
                         slw_bytes_make(signature, sizeof signature), slw_heap_bytes(&world.proof),
                         &world.transparency),
                  SLW_BAD_PROOF);
    slw_heap_free(&other);
}

static void believes_no_log_or_witness_that_it_doesnt_know(void)
{
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_transparency other = world.transparency;
    struct slw_bytes serialized = slw_heap_bytes(&world.serialized);
    struct slw_bytes view = slw_bytes_make(signature, sizeof signature);
    struct slw_transparency_key stranger = world.device_witness;
    TAP_REQUIRE(slw_private_key_sign(world.keys[0], serialized, signature, &detail) == SLW_OK);
    other.log.name = SLW_BYTES_OF("log.example2");
    TAP_EQUAL_INT(verify(serialized, world.keys[0], view, slw_heap_bytes(&world.proof), &other),
                  SLW_BAD_PROOF);
    other = world.transparency;
    stranger.name = SLW_BYTES_OF("somebody.example");
    other.witnesses = &stranger;
    TAP_EQUAL_INT(verify(serialized, world.keys[0], view, slw_heap_bytes(&world.proof), &other),
                  SLW_BAD_PROOF);
}

int main(void)
{
    (void)snprintf(world.directory, sizeof world.directory, "/tmp/slipway-result-XXXXXX");
    if (mkdtemp(world.directory) == NULL || !make_keys() || !make_metadata() || !make_proof()) {
        (void)printf("Bail out! no keys, metadata or log: %s\n", detail.text);
        return 1;
    }
    TAP_RUN(believes_what_was_asked_for);
    TAP_RUN(believes_no_other_signature);
    TAP_RUN(believes_no_other_proof);
    TAP_RUN(believes_no_proof_of_another_release);
    TAP_RUN(believes_no_log_or_witness_that_it_doesnt_know);
    for (unsigned i = 0; i < 2; i++) {
        slw_private_key_free(world.keys[i]);
    }
    slw_private_key_free(world.log_key);
    slw_private_key_free(world.witness_key);
    slw_heap_free(&world.serialized);
    slw_heap_free(&world.proof);
    remove_tree(world.directory);
    return tap_finish();
}
