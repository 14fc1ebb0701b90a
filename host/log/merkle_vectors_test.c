/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of transparency-dev/merkle: inclusion and consistency of trees and of subtrees. They
 * aren't part of this project: they are read from $SLIPWAY_THIRD_PARTY_VECTORS/merkle, or from
 * ../shared/vectors/third-party beside the project's root, where the tests are run; elsewhere each
 * case is skipped.
 *
 * Some of their hashes aren't 32 bytes long, to be refused, or in trees of one leaf only compared
 * with each other: they are filled up with zeros here.
 */
#include "number_text.h"

#include "slipway/base64.h"
#include "slipway/files.h"
#include "slipway/json_reader.h"
#include "slipway/merkle.h"

#include "tap.h"

#include <fts.h>
#include <stdlib.h>

#define VECTOR_SIZE_MAX 65536u
#define SKIP_REASON "no Merkle vectors here; SLIPWAY_THIRD_PARTY_VECTORS names their place"

struct vector {
    struct slw_json_document json;
    struct slw_merkle_path path;
    bool lacks_a_hash; /* an empty one, which nobody can hand to these functions */
};

typedef enum slw_status verify_function(struct vector *vector);

static uint64_t number(const struct vector *vector, const char *name)
{
    uint64_t value = 0; /* of 64 bits without a sign, which the reader's integers aren't */
    uint32_t at = slw_json_member(&vector->json, SLW_JSON_TOP, slw_bytes_make(name, strlen(name)));
    if (TAP_CHECK(slw_json_kind(&vector->json, at) == SLW_JSON_INTEGER)) {
        const struct slw_json_value *found = &vector->json.values[at];
        struct slw_bytes digits =
            slw_bytes_make(vector->json.text.ptr + found->start, found->end - found->start);
        TAP_CHECK(slw_number_parse(digits, &value));
    }
    return value;
}

static void decode_hash(struct vector *vector, uint32_t value, struct slw_merkle_hash *ret_hash)
{
    struct slw_heap_buffer bytes = {0};
    memset(ret_hash, 0, sizeof *ret_hash);
    TAP_EQUAL_INT(slw_base64_decode(slw_json_string(&vector->json, value), &bytes), SLW_OK);
    TAP_REQUIRE(bytes.len <= sizeof ret_hash->bytes);
    if (bytes.len != 0) {
        memcpy(ret_hash->bytes, bytes.ptr, bytes.len);
    }
    vector->lacks_a_hash = vector->lacks_a_hash || bytes.len == 0;
    slw_heap_free(&bytes);
}

static struct slw_merkle_hash hash(struct vector *vector, const char *name)
{
    struct slw_merkle_hash value;
    decode_hash(vector,
                slw_json_member(&vector->json, SLW_JSON_TOP, slw_bytes_make(name, strlen(name))),
                &value);
    return value;
}

static void read_path(struct vector *vector)
{
    uint32_t element = 0;
    struct slw_json_walk walk = slw_json_walk_begin(
        &vector->json, slw_json_member(&vector->json, SLW_JSON_TOP, SLW_BYTES_OF("proof")));
    vector->path.count = 0;
    while (slw_json_walk_element(&walk, &element)) {
        TAP_REQUIRE(vector->path.count < SLW_MERKLE_PATH_MAX);
        decode_hash(vector, element, &vector->path.hashes[vector->path.count++]);
    }
}

static enum slw_status verify_inclusion(struct vector *vector)
{
    struct slw_merkle_hash leaf = hash(vector, "leafHash");
    struct slw_merkle_hash root = hash(vector, "root");
    return slw_merkle_verify_inclusion(number(vector, "leafIdx"), number(vector, "treeSize"), &leaf,
                                       &vector->path, &root);
}

static enum slw_status verify_consistency(struct vector *vector)
{
    struct slw_merkle_hash old_root = hash(vector, "root1");
    struct slw_merkle_hash new_root = hash(vector, "root2");
    return slw_merkle_verify_consistency(number(vector, "size1"), number(vector, "size2"),
                                         &old_root, &new_root, &vector->path);
}

static enum slw_status verify_subtree_inclusion(struct vector *vector)
{
    struct slw_merkle_hash leaf = hash(vector, "leafHash");
    struct slw_merkle_hash root = hash(vector, "root");
    return slw_merkle_verify_subtree_inclusion(number(vector, "leafIdx"), number(vector, "start"),
                                               number(vector, "end"), &leaf, &vector->path, &root);
}

static enum slw_status verify_subtree_consistency(struct vector *vector)
{
    struct slw_merkle_hash subtree = hash(vector, "root1");
    struct slw_merkle_hash root = hash(vector, "root2");
    return slw_merkle_verify_subtree_consistency(number(vector, "start"), number(vector, "end"),
                                                 number(vector, "size"), &subtree, &root,
                                                 &vector->path);
}

static void check_file(const char *path, verify_function *verify)
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    struct vector vector = {.lacks_a_hash = false};
    TAP_ROW(strrchr(path, '/'));
    TAP_REQUIRE(slw_file_read(path, VECTOR_SIZE_MAX, &text, &detail) == SLW_OK);
    TAP_REQUIRE(slw_json_parse(path, slw_heap_bytes(&text), &vector.json, &detail) == SLW_OK);
    uint32_t wanted = slw_json_member(&vector.json, SLW_JSON_TOP, SLW_BYTES_OF("wantErr"));
    bool must_fail = slw_json_kind(&vector.json, wanted) == SLW_JSON_TRUE;
    TAP_CHECK(must_fail || slw_json_kind(&vector.json, wanted) == SLW_JSON_FALSE);
    read_path(&vector);
    enum slw_status status = verify(&vector);
    TAP_EQUAL_INT(vector.lacks_a_hash ? SLW_BAD_PROOF : status, must_fail ? SLW_BAD_PROOF : SLW_OK);
    slw_json_document_free(&vector.json);
    slw_heap_free(&text);
}

/* How many there were; 0 when the folder isn't there. */
static unsigned check_folder(const char *name, verify_function *verify)
{
    char path[4096];
    const char *folder = getenv("SLIPWAY_THIRD_PARTY_VECTORS");
    unsigned count = 0;
    int len = snprintf(path, sizeof path, "%s/merkle/%s",
                       folder != NULL ? folder : "../shared/vectors/third-party", name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return 0;
    }
    char *const roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = tree == NULL ? NULL : fts_read(tree); entry != NULL;
         entry = fts_read(tree)) {
        if (entry->fts_info == FTS_F) {
            check_file(entry->fts_path, verify);
            count++;
        }
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
    TAP_ROW(NULL);
    return count;
}

static void passes_98_vectors_of_inclusion(void)
{
    unsigned count = check_folder("inclusion", verify_inclusion);
    if (count == 0) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_EQUAL_INT(count, 98);
}

static void passes_98_vectors_of_consistency(void)
{
    unsigned count = check_folder("consistency", verify_consistency);
    if (count == 0) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_EQUAL_INT(count, 98);
}

static void passes_204_vectors_of_inclusion_in_subtrees(void)
{
    unsigned count = check_folder("subtreeinclusion", verify_subtree_inclusion);
    if (count == 0) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_EQUAL_INT(count, 204);
}

static void passes_118_vectors_of_consistency_of_subtrees(void)
{
    unsigned count = check_folder("subtreeconsistency", verify_subtree_consistency);
    if (count == 0) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_EQUAL_INT(count, 118);
}

int main(void)
{
    TAP_RUN(passes_98_vectors_of_inclusion);
    TAP_RUN(passes_98_vectors_of_consistency);
    TAP_RUN(passes_204_vectors_of_inclusion_in_subtrees);
    TAP_RUN(passes_118_vectors_of_consistency_of_subtrees);
    return tap_finish();
}
