/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing service's own log on disk, and a device that believes it: of all leaves of both
 * kinds, the proofs of releases count for their release and nothing else does, whatever the size of
 * the tree.
 */
#include "slipway/keys.h"
#include "slipway/log.h"
#include "slipway/tlog_proof.h"
#include "slipway/transparency.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ORIGIN SLW_BYTES_OF("signer.example/lamp")
#define ENTRIES_COUNT 40u
#define RELEASE_EVERY 3u

static char directory[] = "/tmp/slipway-real-log-XXXXXX";
static struct slw_private_key *log_key;
static struct slw_private_key *witness_key;
static struct slw_note_signer log_signer;
static struct slw_note_signer witness_signer;
static struct slw_transparency_key witness;
static struct slw_transparency transparency;
static struct slw_log *log_on_disk;
static struct slw_detail detail;

static struct slw_transparency_key device_key(const struct slw_note_signer *signer)
{
    const struct slw_note_key *key = &signer->key;
    struct slw_transparency_key device = {.name = slw_bytes_make(key->name, strlen(key->name))};
    memcpy(device.ed25519, key->value, sizeof device.ed25519);
    return device;
}

static bool set_up(void)
{
    const struct slw_log_settings settings = {directory, &log_signer, NULL};
    bool good =
        mkdtemp(directory) != NULL && rmdir(directory) == 0 &&
        slw_private_key_generate(SLW_KEY_TYPE_ED25519, &log_key, &detail) == SLW_OK &&
        slw_private_key_generate(SLW_KEY_TYPE_ED25519, &witness_key, &detail) == SLW_OK &&
        slw_note_signer_init(log_key, ORIGIN, SLW_NOTE_ED25519, &log_signer, &detail) == SLW_OK &&
        slw_note_signer_init(witness_key, SLW_BYTES_OF("w.example"), SLW_NOTE_COSIGNATURE,
                             &witness_signer, &detail) == SLW_OK &&
        slw_log_create(&settings, &log_on_disk, &detail) == SLW_OK;
    witness = device_key(&witness_signer);
    transparency = (struct slw_transparency){device_key(&log_signer), &witness, 1, 1};
    return good;
}

static void digest_of(size_t number, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    memset(ret_digest, (int)number, SLW_SHA256_SIZE);
}

static bool is_release(size_t index)
{
    return index % RELEASE_EVERY == 1;
}

/* Releases have the version of their index; the records between are of a refusal and the like. */
static bool append(size_t index)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t at = 0;
    char text[64];
    digest_of(index, digest);
    enum slw_status status = SLW_OK;
    if (is_release(index)) {
        status = slw_log_append_release(log_on_disk, SLW_BYTES_OF("lamp"), (uint32_t)index, digest,
                                        &at, &detail);
    } else {
        (void)snprintf(text, sizeof text, "{\"kind\":\"refusal\",\"number\":%zu}", index);
        status =
            slw_log_append_record(log_on_disk, slw_bytes_make(text, strlen(text)), &at, &detail);
    }
    return status == SLW_OK && at == index && slw_log_commit(log_on_disk, &detail) == SLW_OK;
}

/* The proof that a bundle would carry, of an entry in the newest tree, cosigned. */
static bool prove(uint64_t index, struct slw_heap_buffer *ret_proof)
{
    struct slw_tlog_proof proof = {.index = index};
    struct slw_heap_buffer note = {0};
    struct slw_note parsed;
    struct slw_checkpoint checkpoint;
    slw_heap_append(&note, slw_log_checkpoint(log_on_disk));
    struct slw_bytes without = slw_log_checkpoint(log_on_disk);
    bool good =
        slw_checkpoint_open("checkpoint", without, &log_signer.key, &parsed, &checkpoint,
                            &detail) == SLW_OK &&
        slw_note_sign_text(&witness_signer, parsed.text, 1700000000, &note, &detail) == SLW_OK &&
        slw_log_prove_inclusion(log_on_disk, index, slw_log_size(log_on_disk), &proof.path,
                                &detail) == SLW_OK;
    proof.checkpoint = slw_heap_bytes(&note);
    good = good && slw_tlog_proof_encode(&proof, &log_signer.key, &witness_signer.key, 1, ret_proof,
                                         &detail) == SLW_OK;
    slw_heap_free(&note);
    return good;
}

static enum slw_status verify(struct slw_bytes bytes, const uint8_t leaf[static SLW_SHA256_SIZE])
{
    struct slw_proof proof;
    struct slw_reader reader;
    struct slw_finding finding = {0};
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    slw_reader_init_bytes(&reader, bytes);
    slw_proof_start(&proof, &transparency, leaf);
    while (!proof.done) {
        SLW_TRY(slw_proof_step(&proof, &reader, scratch, &finding));
    }
    return SLW_OK;
}

static enum slw_status verify_release(struct slw_bytes bytes, struct slw_bytes product,
                                      size_t number)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t leaf[SLW_SHA256_SIZE];
    digest_of(number, digest);
    slw_release_leaf_hash(product, (uint32_t)number, digest, leaf);
    return verify(bytes, leaf);
}

/* Every entry's proof, as proof of every release. */
static void only_a_release_proves_itself(void)
{
    for (size_t size = 1; size <= ENTRIES_COUNT; size++) {
        TAP_REQUIRE(append(size - 1));
        for (size_t index = 0; index < size; index += size < ENTRIES_COUNT ? 7 : 1) {
            struct slw_heap_buffer proof = {0};
            TAP_REQUIRE(prove(index, &proof));
            struct slw_bytes bytes = slw_heap_bytes(&proof);
            for (size_t release = 1; release < size; release += RELEASE_EVERY) {
                TAP_EQUAL_INT(verify_release(bytes, SLW_BYTES_OF("lamp"), release),
                              index == release ? SLW_OK : SLW_BAD_PROOF);
            }
            TAP_EQUAL_INT(verify_release(bytes, SLW_BYTES_OF("lamp"), 2), SLW_BAD_PROOF);
            TAP_EQUAL_INT(verify_release(bytes, SLW_BYTES_OF("desk"), index), SLW_BAD_PROOF);
            slw_heap_free(&proof);
        }
    }
}

/* The two readings of leaves agree: what the log writes is what the device hashes. */
static void the_log_and_the_device_mean_the_same_leaf(void)
{
    struct slw_heap_buffer leaf = {0};
    struct slw_merkle_hash hash;
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t device[SLW_SHA256_SIZE];
    digest_of(4, digest);
    TAP_REQUIRE(slw_log_read_leaf(log_on_disk, 4, &leaf, &detail) == SLW_OK);
    slw_merkle_leaf(slw_heap_bytes(&leaf), &hash);
    slw_release_leaf_hash(SLW_BYTES_OF("lamp"), 4, digest, device);
    TAP_EQUAL_BYTES(hash.bytes, device, sizeof device);
    slw_heap_free(&leaf);
}

/* Records that look like releases inside, too, are none. */
static void a_record_whose_text_is_a_release_leaf_proves_nothing(void)
{
    struct slw_heap_buffer leaf = {0};
    struct slw_heap_buffer proof = {0};
    uint64_t at = 0;
    TAP_REQUIRE(slw_log_read_leaf(log_on_disk, 4, &leaf, &detail) == SLW_OK);
    TAP_REQUIRE(slw_log_append_record(log_on_disk, slw_heap_bytes(&leaf), &at, &detail) == SLW_OK);
    TAP_REQUIRE(slw_log_commit(log_on_disk, &detail) == SLW_OK);
    TAP_REQUIRE(prove(at, &proof));
    TAP_EQUAL_INT(verify_release(slw_heap_bytes(&proof), SLW_BYTES_OF("lamp"), 4), SLW_BAD_PROOF);
    slw_heap_free(&proof);
    TAP_REQUIRE(prove(4, &proof));
    TAP_EQUAL_INT(verify_release(slw_heap_bytes(&proof), SLW_BYTES_OF("lamp"), 4), SLW_OK);
    slw_heap_free(&proof);
    slw_heap_free(&leaf);
}

int main(void)
{
    if (!set_up()) {
        printf("Bail out! %s\n", detail.text);
        return 1;
    }
    TAP_RUN(only_a_release_proves_itself);
    TAP_RUN(the_log_and_the_device_mean_the_same_leaf);
    TAP_RUN(a_record_whose_text_is_a_release_leaf_proves_nothing);
    slw_log_close(log_on_disk);
    remove_tree(directory);
    slw_private_key_free(log_key);
    slw_private_key_free(witness_key);
    return tap_finish();
}
