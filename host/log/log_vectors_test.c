/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec/vectors/log.json, which another implementation made (tests/log/make-vectors.mjs): trees and
 * their proofs, notes, and proofs of releases as text and in binary.
 */
#include "slipway/files.h"
#include "slipway/json_reader.h"
#include "slipway/tlog_proof.h"

#include "tap.h"

#define PATH "spec/vectors/log.json"
#define SIZE_MAX_OF_FILE 1048576u

static struct slw_detail detail;
static struct slw_heap_buffer file;
static struct slw_json_document json;

static bool load(const char *part, struct slw_json_walk *ret_walk)
{
    if (file.len == 0) {
        if (!TAP_CHECK(slw_file_read(PATH, SIZE_MAX_OF_FILE, &file, &detail) == SLW_OK) ||
            !TAP_CHECK(slw_json_parse(PATH, slw_heap_bytes(&file), &json, &detail) == SLW_OK)) {
            return false;
        }
    }
    *ret_walk = slw_json_walk_begin(
        &json, slw_json_member(&json, SLW_JSON_TOP, slw_bytes_make(part, strlen(part))));
    return true;
}

static uint32_t member(uint32_t value, const char *name)
{
    return slw_json_member(&json, value, slw_bytes_make(name, strlen(name)));
}

static uint64_t number(uint32_t value, const char *name)
{
    int64_t found = -1;
    TAP_CHECK(slw_json_integer(&json, member(value, name), &found) && found >= 0);
    return (uint64_t)found;
}

static void unhex(uint32_t value, struct slw_heap_buffer *ret_bytes)
{
    static const char digits[] = "0123456789abcdef";
    struct slw_bytes text = slw_json_string(&json, value);
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        const char *high = strchr(digits, text.ptr[i]);
        const char *low = strchr(digits, text.ptr[i + 1]);
        TAP_REQUIRE(high != NULL && low != NULL);
        const uint8_t byte = (uint8_t)((high - digits) << 4 | (low - digits));
        slw_heap_append(ret_bytes, slw_bytes_make(&byte, 1));
    }
}

static void unhex_hash(uint32_t value, struct slw_merkle_hash *ret_hash)
{
    struct slw_heap_buffer bytes = {0};
    unhex(value, &bytes);
    TAP_REQUIRE(bytes.len == sizeof ret_hash->bytes);
    memcpy(ret_hash->bytes, bytes.ptr, bytes.len);
    slw_heap_free(&bytes);
}

static void read_path(uint32_t value, struct slw_merkle_path *ret_path)
{
    uint32_t element = 0;
    struct slw_json_walk walk = slw_json_walk_begin(&json, value);
    ret_path->count = 0;
    while (slw_json_walk_element(&walk, &element)) {
        TAP_REQUIRE(ret_path->count < SLW_MERKLE_PATH_MAX);
        unhex_hash(element, &ret_path->hashes[ret_path->count++]);
    }
}

static void check_tree(uint32_t tree)
{
    struct slw_merkle_hash root;
    struct slw_merkle_path path;
    uint32_t proof = 0;
    const uint64_t size = number(tree, "size");
    unhex_hash(member(tree, "root"), &root);
    struct slw_json_walk walk = slw_json_walk_begin(&json, member(tree, "inclusion"));
    while (slw_json_walk_element(&walk, &proof)) {
        struct slw_merkle_hash leaf;
        const uint64_t index = number(proof, "index");
        unhex_hash(member(proof, "leaf"), &leaf);
        read_path(member(proof, "path"), &path);
        TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, &leaf, &path, &root), SLW_OK);
        TAP_EQUAL_INT(slw_merkle_verify_inclusion(index + 1, size, &leaf, &path, &root),
                      SLW_BAD_PROOF);
    }
    walk = slw_json_walk_begin(&json, member(tree, "consistency"));
    while (slw_json_walk_element(&walk, &proof)) {
        struct slw_merkle_hash old_root;
        const uint64_t old = number(proof, "old");
        unhex_hash(member(proof, "root"), &old_root);
        read_path(member(proof, "path"), &path);
        TAP_EQUAL_INT(slw_merkle_verify_consistency(old, size, &old_root, &root, &path), SLW_OK);
        old_root.bytes[3] ^= 1;
        TAP_EQUAL_INT(slw_merkle_verify_consistency(old, size, &old_root, &root, &path),
                      SLW_BAD_PROOF);
    }
}

static void verifies_trees_of_another_implementation(void)
{
    struct slw_json_walk walk;
    struct slw_merkle_frontier tree = {0};
    uint32_t element = 0;
    TAP_REQUIRE(load("trees", &walk));
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_merkle_hash root;
        struct slw_merkle_hash expected;
        const uint64_t size = number(element, "size");
        while (tree.size < size) {
            const uint8_t entry[4] = {0, 0, (uint8_t)(tree.size >> 8), (uint8_t)tree.size};
            slw_merkle_leaf(slw_bytes_make(entry, sizeof entry), &root);
            TAP_CHECK(slw_merkle_frontier_append(&tree, &root));
        }
        slw_merkle_frontier_root(&tree, &root);
        unhex_hash(member(element, "root"), &expected);
        TAP_CHECK(slw_merkle_equal(&root, &expected));
        check_tree(element);
    }
}

static size_t read_keys(uint32_t value, struct slw_note_key *ret_keys, size_t max)
{
    uint32_t element = 0;
    size_t count = 0;
    struct slw_json_walk walk = slw_json_walk_begin(&json, value);
    while (slw_json_walk_element(&walk, &element) && count < max) {
        TAP_EQUAL_INT(
            slw_note_key_parse("key", slw_json_string(&json, element), &ret_keys[count++], &detail),
            SLW_OK);
    }
    return count;
}

static void verifies_notes_of_another_implementation(void)
{
    struct slw_json_walk walk;
    uint32_t element = 0;
    TAP_REQUIRE(load("notes", &walk));
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_note_key keys[2];
        struct slw_note_verdict verdicts[2];
        struct slw_note note;
        TAP_EQUAL_INT(read_keys(member(element, "keys"), keys, 2), 2);
        TAP_EQUAL_INT(
            slw_note_parse("note", slw_json_string(&json, member(element, "note")), &note, &detail),
            SLW_OK);
        TAP_EQUAL_INT(slw_note_verify(&note, keys, 2, verdicts, &detail), SLW_OK);
        TAP_CHECK(verdicts[0].is_signed && verdicts[1].is_signed);
        TAP_EQUAL_INT(verdicts[1].time, number(element, "time"));
    }
}

static void check_proof(uint32_t element)
{
    struct slw_note_key log;
    struct slw_note_key witnesses[3];
    struct slw_tlog_proof proof;
    struct slw_tlog_proof_fields fields;
    struct slw_heap_buffer leaf = {0};
    struct slw_heap_buffer expected = {0};
    struct slw_heap_buffer binary = {0};
    struct slw_bytes text = slw_json_string(&json, member(element, "text"));
    TAP_EQUAL_INT(
        slw_note_key_parse("log", slw_json_string(&json, member(element, "log")), &log, &detail),
        SLW_OK);
    TAP_EQUAL_INT(read_keys(member(element, "witnesses"), witnesses, 3), 3);
    unhex(member(element, "leaf"), &leaf);
    unhex(member(element, "binary"), &expected);
    TAP_REQUIRE(slw_tlog_proof_parse("proof", text, &proof, &detail) == SLW_OK);
    TAP_EQUAL_INT(
        slw_tlog_proof_verify(&proof, slw_heap_bytes(&leaf), &log, witnesses, 3, 3, &detail),
        SLW_OK);
    TAP_EQUAL_INT(slw_tlog_proof_encode(&proof, &log, witnesses, 3, &binary, &detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&binary), slw_heap_bytes(&expected)));
    TAP_EQUAL_INT(slw_tlog_proof_decode(slw_heap_bytes(&expected), &fields, &detail), SLW_OK);
    leaf.ptr[leaf.len - 1] ^= 1;
    TAP_EQUAL_INT(
        slw_tlog_proof_verify(&proof, slw_heap_bytes(&leaf), &log, witnesses, 3, 3, &detail),
        SLW_BAD_PROOF);
    slw_tlog_proof_free(&proof);
    slw_heap_free(&leaf);
    slw_heap_free(&expected);
    slw_heap_free(&binary);
}

static void verifies_proofs_of_another_implementation(void)
{
    struct slw_json_walk walk;
    uint32_t element = 0;
    TAP_REQUIRE(load("proofs", &walk));
    while (slw_json_walk_element(&walk, &element)) {
        check_proof(element);
    }
}

int main(void)
{
    TAP_RUN(verifies_trees_of_another_implementation);
    TAP_RUN(verifies_notes_of_another_implementation);
    TAP_RUN(verifies_proofs_of_another_implementation);
    slw_json_document_free(&json);
    slw_heap_free(&file);
    return tap_finish();
}
