/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transparency proofs (transparency.h): the path from a release's leaf to the root of a log, and
 * who signed for that root. Called by the verifier, and by tools that made a proof.
 */
#include "slipway/transparency.h"

#include "slipway/writer.h"

#define NODE_PREFIX 1u
#define LEAF_PREFIX 0u

static void update_byte(struct slw_sha256 *hash, uint8_t byte)
{
    slw_sha256_update(hash, slw_bytes_make(&byte, 1));
}

void slw_release_leaf_start(struct slw_sha256 *hash, uint16_t product_len)
{
    slw_sha256_init(hash);
    update_byte(hash, LEAF_PREFIX);
    slw_sha256_update(hash, SLW_BYTES_OF("slipway release\n"));
    update_byte(hash, (uint8_t)(product_len >> 8));
    update_byte(hash, (uint8_t)(product_len & 0xFF));
}

void slw_release_leaf_finish(struct slw_sha256 *hash, uint32_t version,
                             const uint8_t metadata_sha256[static SLW_SHA256_SIZE],
                             uint8_t ret_leaf[static SLW_SHA256_SIZE])
{
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        update_byte(hash, (uint8_t)(version >> (shift - 8)));
    }
    slw_sha256_update(hash, slw_bytes_make(metadata_sha256, SLW_SHA256_SIZE));
    slw_sha256_final(hash, ret_leaf);
}

void slw_release_leaf_hash(struct slw_bytes product, uint32_t version,
                           const uint8_t metadata_sha256[static SLW_SHA256_SIZE],
                           uint8_t ret_leaf[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_release_leaf_start(&hash, (uint16_t)product.len);
    slw_sha256_update(&hash, product);
    slw_release_leaf_finish(&hash, version, metadata_sha256, ret_leaf);
}

/*
 * C2SP signed-note: "The key ID is a 32-bit identifier derived from key name and public key", and
 * for the types here: SHA-256(<name> || "\n" || <type> || <32-byte Ed25519 key>)[:4].
 */
void slw_transparency_key_id(const struct slw_transparency_key *key,
                             enum slw_transparency_key_type type,
                             uint8_t ret_id[static SLW_TRANSPARENCY_KEY_ID_SIZE])
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, key->name);
    update_byte(&hash, '\n');
    update_byte(&hash, (uint8_t)type);
    slw_sha256_update(&hash, slw_bytes_make(key->ed25519, sizeof key->ed25519));
    slw_sha256_final(&hash, digest);
    memcpy(ret_id, digest, SLW_TRANSPARENCY_KEY_ID_SIZE);
}

/* C2SP signed-note: names "MUST be non-empty, and not contain any Unicode spaces, nor plus". */
static bool name_is_good(struct slw_bytes name)
{
    for (size_t i = 0; i < name.len && name.len <= SLW_TRANSPARENCY_NAME_SIZE_MAX; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] == 0x7F || name.ptr[i] == '+') {
            return false;
        }
    }
    return name.len > 0 && name.len <= SLW_TRANSPARENCY_NAME_SIZE_MAX;
}

/* Whether the witness at index is confused with none before it, nor with the log. */
static bool witness_is_distinct(const struct slw_transparency *transparency, size_t index)
{
    const struct slw_transparency_key *witness = &transparency->witnesses[index];
    uint8_t id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    uint8_t other_id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    slw_transparency_key_id(witness, SLW_TRANSPARENCY_WITNESS_KEY, id);
    for (size_t i = 0; i < index; i++) {
        const struct slw_transparency_key *other = &transparency->witnesses[i];
        slw_transparency_key_id(other, SLW_TRANSPARENCY_WITNESS_KEY, other_id);
        if (memcmp(id, other_id, sizeof id) == 0 ||
            memcmp(witness->ed25519, other->ed25519, sizeof witness->ed25519) == 0) {
            return false;
        }
    }
    return memcmp(witness->ed25519, transparency->log.ed25519, sizeof witness->ed25519) != 0;
}

enum slw_status slw_transparency_check(const struct slw_transparency *transparency)
{
    if (!name_is_good(transparency->log.name) ||
        transparency->witnesses_count > SLW_TRANSPARENCY_WITNESSES_MAX ||
        transparency->quorum > transparency->witnesses_count) {
        return SLW_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < transparency->witnesses_count; i++) {
        if (!name_is_good(transparency->witnesses[i].name) ||
            !witness_is_distinct(transparency, i)) {
            return SLW_BAD_ARGUMENT;
        }
    }
    return SLW_OK;
}

void slw_proof_start(struct slw_proof *proof, const struct slw_transparency *transparency,
                     const uint8_t leaf[static SLW_SHA256_SIZE])
{
    *proof = (struct slw_proof){.transparency = transparency, .part = SLW_PROOF_PATH};
    memcpy(proof->root, leaf, sizeof proof->root);
}

static uint64_t read_u64(struct slw_reader *reader)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | slw_reader_u8(reader);
    }
    return value;
}

/* A proof that ends too early is a bad one; a storage that can't be read says nothing about it. */
static enum slw_status reader_status(const struct slw_reader *reader)
{
    return reader->status == SLW_MALFORMED ? SLW_BAD_PROOF : reader->status;
}

/*
 * RFC 6962, 2.1.1: the path of leaf m in n leaves has a hash for each split of the tree above it.
 * Up to the level where the ways to m and to the last leaf part, there is one on either side of
 * each node; above, the way is that of the last leaf, and only what is to its left is another tree.
 */
static unsigned levels_below_parting(uint64_t index, uint64_t size)
{
    unsigned levels = 0;
    for (uint64_t differing = index ^ (size - 1); differing > 0; differing >>= 1) {
        levels++;
    }
    return levels;
}

static unsigned count_ones(uint64_t value)
{
    unsigned ones = 0;
    for (; value > 0; value >>= 1) {
        ones += (unsigned)(value & 1);
    }
    return ones;
}

/* RFC 6962, 2.1: "MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))". */
static void hash_node(const uint8_t left[static SLW_SHA256_SIZE],
                      const uint8_t right[static SLW_SHA256_SIZE],
                      uint8_t ret_node[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    update_byte(&hash, NODE_PREFIX);
    slw_sha256_update(&hash, slw_bytes_make(left, SLW_SHA256_SIZE));
    slw_sha256_update(&hash, slw_bytes_make(right, SLW_SHA256_SIZE));
    slw_sha256_final(&hash, ret_node);
}

/*
 * The path has exactly the length that index and size ask for, so that it has one reading: at most
 * one hash for each bit of a size, which has SLW_PROOF_HASHES_MAX.
 */
static enum slw_status climb_path(struct slw_proof *proof, struct slw_reader *reader,
                                  unsigned hashes_count)
{
    uint8_t sibling[SLW_SHA256_SIZE];
    unsigned levels = levels_below_parting(proof->index, proof->size);
    if (hashes_count != levels + count_ones(proof->index >> levels)) {
        return SLW_BAD_PROOF;
    }
    for (unsigned i = 0; i < hashes_count; i++) {
        slw_reader_copy(reader, sibling, sizeof sibling);
        SLW_TRY(reader_status(reader));
        if (i >= levels || (proof->index >> i & 1) != 0) {
            hash_node(sibling, proof->root, proof->root);
        } else {
            hash_node(proof->root, sibling, proof->root);
        }
    }
    return SLW_OK;
}

static enum slw_status read_path(struct slw_proof *proof, struct slw_reader *reader)
{
    uint8_t version = slw_reader_u8(reader);
    proof->index = read_u64(reader);
    proof->size = read_u64(reader);
    unsigned hashes_count = slw_reader_u8(reader);
    SLW_TRY(reader_status(reader));
    if (version != SLW_PROOF_VERSION || proof->size > SLW_PROOF_TREE_SIZE_MAX ||
        proof->index >= proof->size) {
        return SLW_BAD_PROOF;
    }
    SLW_TRY(climb_path(proof, reader, hashes_count));
    proof->part = SLW_PROOF_LOG_SIGNATURE;
    return SLW_OK;
}

static void put_decimal(struct slw_writer *writer, uint64_t value)
{
    uint8_t digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    slw_writer_put(writer, slw_bytes_make(digits + first, sizeof digits - first));
}

/* 32 bytes in base64, whose last group has two bytes and a padding. */
static void put_base64(struct slw_writer *writer, const uint8_t bytes[static SLW_SHA256_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < SLW_SHA256_SIZE; i += 3) {
        bool last = i + 2 == SLW_SHA256_SIZE;
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8;
        group |= last ? 0 : (uint32_t)bytes[i + 2];
        slw_writer_u8(writer, (uint8_t)digits[group >> 18]);
        slw_writer_u8(writer, (uint8_t)digits[group >> 12 & 63]);
        slw_writer_u8(writer, (uint8_t)digits[group >> 6 & 63]);
        slw_writer_u8(writer, last ? (uint8_t)'=' : (uint8_t)digits[group & 63]);
    }
}

/* C2SP tlog-checkpoint: origin, size in decimal and root hash in base64, a line each. */
static void put_checkpoint(struct slw_writer *writer, const struct slw_proof *proof)
{
    slw_writer_put(writer, proof->transparency->log.name);
    slw_writer_u8(writer, '\n');
    put_decimal(writer, proof->size);
    slw_writer_u8(writer, '\n');
    put_base64(writer, proof->root);
    slw_writer_u8(writer, '\n');
}

static enum slw_status verify_text(const struct slw_writer *text,
                                   const struct slw_transparency_key *key,
                                   const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                   struct slw_finding *finding)
{
    struct slw_reader message;
    SLW_TRY(text->status);
    slw_reader_init_bytes(&message, slw_writer_written(text));
    enum slw_status status = slw_ed25519_verify(key->ed25519, signature, &message);
    if (status == SLW_OK || slw_status_class(status) == SLW_CLASS_IO) {
        return status;
    }
    return slw_find_name(finding, SLW_BAD_PROOF, key->name);
}

/* The log's signature, and how many cosignatures stand behind it and before the end. */
static enum slw_status read_log_signature(struct slw_proof *proof, struct slw_reader *reader,
                                          uint8_t scratch[static SLW_PROOF_SCRATCH_SIZE],
                                          struct slw_finding *finding)
{
    const struct slw_transparency_key *log = &proof->transparency->log;
    struct slw_writer text;
    uint8_t id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    uint8_t log_id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    uint8_t signature[SLW_SIGNATURE_SIZE];
    slw_reader_copy(reader, id, sizeof id);
    slw_reader_copy(reader, signature, sizeof signature);
    proof->cosignatures_left = slw_reader_u8(reader);
    SLW_TRY(reader_status(reader));
    slw_transparency_key_id(log, SLW_TRANSPARENCY_LOG_KEY, log_id);
    if (memcmp(id, log_id, sizeof id) != 0 ||
        proof->cosignatures_left > SLW_PROOF_COSIGNATURES_MAX ||
        slw_reader_left(reader) != proof->cosignatures_left * SLW_PROOF_COSIGNATURE_SIZE) {
        return SLW_BAD_PROOF;
    }
    slw_writer_init(&text, scratch, SLW_PROOF_SCRATCH_SIZE);
    put_checkpoint(&text, proof);
    proof->part = SLW_PROOF_COSIGNATURES;
    return verify_text(&text, log, signature, finding);
}

/* The witness with this key id; witnesses_count when there is none. */
static size_t find_witness(const struct slw_transparency *transparency,
                           const uint8_t id[static SLW_TRANSPARENCY_KEY_ID_SIZE])
{
    uint8_t witness_id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    for (size_t i = 0; i < transparency->witnesses_count; i++) {
        slw_transparency_key_id(&transparency->witnesses[i], SLW_TRANSPARENCY_WITNESS_KEY,
                                witness_id);
        if (memcmp(id, witness_id, sizeof witness_id) == 0) {
            return i;
        }
    }
    return transparency->witnesses_count;
}

/*
 * C2SP tlog-cosignature: "two newline (U+000A) terminated lines (one header line and one timestamp
 * line) followed by the whole note body of the cosigned checkpoint"; the time "MUST NOT exceed
 * 2^63 - 1".
 */
static enum slw_status read_cosignature(struct slw_proof *proof, struct slw_reader *reader,
                                        uint8_t scratch[static SLW_PROOF_SCRATCH_SIZE],
                                        struct slw_finding *finding)
{
    const struct slw_transparency *transparency = proof->transparency;
    struct slw_writer text;
    uint8_t id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    uint8_t signature[SLW_SIGNATURE_SIZE];
    slw_reader_copy(reader, id, sizeof id);
    uint64_t time = read_u64(reader);
    slw_reader_copy(reader, signature, sizeof signature);
    SLW_TRY(reader_status(reader));
    proof->cosignatures_left--;
    size_t witness = find_witness(transparency, id);
    if (witness == transparency->witnesses_count) {
        return SLW_OK;
    }
    const struct slw_transparency_key *key = &transparency->witnesses[witness];
    if ((proof->seen >> witness & 1) != 0 || time > SLW_PROOF_TREE_SIZE_MAX) {
        return slw_find_name(finding, SLW_BAD_PROOF, key->name);
    }
    proof->seen |= (uint32_t)1 << witness;
    slw_writer_init(&text, scratch, SLW_PROOF_SCRATCH_SIZE);
    slw_writer_put(&text, SLW_BYTES_OF("cosignature/v1\ntime "));
    put_decimal(&text, time);
    slw_writer_u8(&text, '\n');
    put_checkpoint(&text, proof);
    SLW_TRY(verify_text(&text, key, signature, finding));
    proof->cosigned++;
    return SLW_OK;
}

static enum slw_status read_cosignatures(struct slw_proof *proof, struct slw_reader *reader,
                                         uint8_t scratch[static SLW_PROOF_SCRATCH_SIZE],
                                         struct slw_finding *finding)
{
    if (proof->cosignatures_left > 0) {
        return read_cosignature(proof, reader, scratch, finding);
    }
    if (proof->cosigned < proof->transparency->quorum) {
        return slw_find_numbers(finding, SLW_BAD_PROOF, SLW_ROLE_TARGETS, proof->cosigned,
                                proof->transparency->quorum);
    }
    proof->done = true;
    return SLW_OK;
}

enum slw_status slw_proof_step(struct slw_proof *proof, struct slw_reader *reader,
                               uint8_t scratch[static SLW_PROOF_SCRATCH_SIZE],
                               struct slw_finding *finding)
{
    switch (proof->part) {
    case SLW_PROOF_PATH:
        SLW_TRY(slw_transparency_check(proof->transparency));
        return read_path(proof, reader);
    case SLW_PROOF_LOG_SIGNATURE:
        return read_log_signature(proof, reader, scratch, finding);
    case SLW_PROOF_COSIGNATURES:
        return read_cosignatures(proof, reader, scratch, finding);
    }
    return SLW_WRONG_STATE;
}
