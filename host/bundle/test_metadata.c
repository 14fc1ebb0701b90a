/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata and bundles for the decisions tests (test_metadata.h). */
#include "test_metadata.h"

#include "slipway/keys.h"
#include "slipway/proto_writer.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 128u

struct slw_heap_buffer test_bundle;
struct slw_heap_buffer test_more_signatures;
struct slw_expectations test_device;
struct slw_verifier test_verifier;

static struct slw_heap_buffer trusted_root;

static void put_header(struct slw_heap_buffer *message, uint32_t number, uint64_t length)
{
    uint8_t header[16];
    struct slw_writer writer;
    slw_writer_init(&writer, header, sizeof header);
    slw_proto_put_header(&writer, number, length);
    slw_heap_append(message, slw_writer_written(&writer));
}

void test_put_uint(struct slw_heap_buffer *message, uint32_t number, uint64_t value)
{
    uint8_t field[24];
    struct slw_writer writer;
    slw_writer_init(&writer, field, sizeof field);
    slw_proto_put_uint_always(&writer, number, value);
    slw_heap_append(message, slw_writer_written(&writer));
}

void test_put_bytes(struct slw_heap_buffer *message, uint32_t number, struct slw_bytes value)
{
    put_header(message, number, value.len);
    slw_heap_append(message, value);
}

void test_put_text(struct slw_heap_buffer *message, uint32_t number, const char *text)
{
    test_put_bytes(message, number, slw_bytes_make(text, strlen(text)));
}

void test_put_message(struct slw_heap_buffer *message, uint32_t number,
                      struct slw_heap_buffer *inner)
{
    test_put_bytes(message, number, slw_heap_bytes(inner));
    slw_heap_free(inner);
}

/* A test that can't make its input can't go on. */
static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static const struct slw_private_key *key_of(char letter)
{
    static struct slw_private_key *keys[128];
    struct slw_detail detail;
    size_t index = (size_t)letter;
    require(index < 128);
    if (keys[index] == NULL) {
        enum slw_key_type type = letter >= 'a' ? SLW_KEY_TYPE_P256 : SLW_KEY_TYPE_ED25519;
        require(slw_private_key_generate(type, &keys[index], &detail) == SLW_OK);
    }
    return keys[index];
}

/* The id of no key: a digit, or what is too short for one. */
static bool is_nobody(char letter)
{
    return (letter >= '0' && letter <= '9') || letter == '%';
}

/* Of a type and scheme that we don't know. */
static void put_strange_key(struct slw_heap_buffer *root)
{
    test_put_mapping(root, 1, 1, SLW_BYTES_OF("strange"), NULL, 0);
}

static void put_key_id(struct slw_heap_buffer *message, uint32_t number, char letter)
{
    uint8_t id[SLW_SHA256_SIZE];
    memset(id, letter, sizeof id);
    if (letter == '#') {
        slw_key_id(1, 1, SLW_BYTES_OF("strange"), id);
    } else if (!is_nobody(letter)) {
        memcpy(id, slw_private_key_public(key_of(letter))->id, sizeof id);
    }
    test_put_bytes(message, number, slw_bytes_make(id, letter == '%' ? sizeof id - 1 : sizeof id));
}

static void put_common(struct slw_heap_buffer *message, const char *spec_version, uint32_t version,
                       const char *role, const int64_t *expires_s, uint64_t expires_nanos)
{
    struct slw_heap_buffer common = {0};
    struct slw_heap_buffer time = {0};
    test_put_text(&common, SLW_COMMON_SPEC_VERSION, spec_version == NULL ? "1.0.34" : spec_version);
    test_put_uint(&common, SLW_COMMON_VERSION, version);
    if (expires_s != NULL) {
        test_put_uint(&time, SLW_TIMESTAMP_SECONDS, (uint64_t)*expires_s);
        test_put_uint(&time, SLW_TIMESTAMP_NANOS, expires_nanos);
        test_put_message(&common, SLW_COMMON_EXPIRES, &time);
    }
    test_put_text(&common, SLW_COMMON_ROLE, role);
    test_put_message(message, 1, &common);
}

void test_put_mapping(struct slw_heap_buffer *root, uint64_t type, uint64_t scheme,
                      struct slw_bytes value, const uint8_t *id, size_t id_len)
{
    struct slw_heap_buffer mapping = {0};
    struct slw_heap_buffer key = {0};
    uint8_t right_id[SLW_SHA256_SIZE];
    slw_key_id((uint8_t)type, (uint8_t)scheme, value, right_id);
    test_put_bytes(&mapping, SLW_KEY_MAPPING_KEY_ID,
                   id_len == 0 ? slw_bytes_make(right_id, sizeof right_id)
                               : slw_bytes_make(id, id_len));
    test_put_uint(&key, SLW_KEY_TYPE, type);
    test_put_uint(&key, SLW_KEY_SCHEME, scheme);
    test_put_bytes(&key, SLW_KEY_KEYVAL, value);
    test_put_message(&mapping, SLW_KEY_MAPPING_KEY, &key);
    test_put_message(root, SLW_ROOT_KEYS, &mapping);
}

static void put_keys(struct slw_heap_buffer *message, const char *letters, bool *seen)
{
    for (; letters != NULL && *letters != '\0'; letters++) {
        if (is_nobody(*letters) || seen[(size_t)*letters]) {
            continue;
        }
        seen[(size_t)*letters] = true;
        if (*letters == '#') {
            put_strange_key(message);
            continue;
        }
        const struct slw_public_key *key = slw_private_key_public(key_of(*letters));
        test_put_mapping(message, key->type, key->type, slw_bytes_make(key->value, key->value_len),
                         NULL, 0);
    }
}

static void put_requirement(struct slw_heap_buffer *message, uint32_t number, const char *letters,
                            uint32_t threshold)
{
    struct slw_heap_buffer requirement = {0};
    for (; letters != NULL && *letters != '\0'; letters++) {
        put_key_id(&requirement, SLW_REQUIREMENT_KEY_IDS, *letters);
    }
    test_put_uint(&requirement, SLW_REQUIREMENT_THRESHOLD, threshold == 0 ? 1 : threshold);
    test_put_message(message, number, &requirement);
}

static void encode_root(const struct test_root *root, struct slw_heap_buffer *ret_message)
{
    bool seen[128] = {false};
    put_common(ret_message, root->spec_version, root->version,
               root->role == NULL ? "root" : root->role, root->expires ? &root->expires_s : NULL,
               root->expires_nanos);
    put_keys(ret_message, root->root, seen);
    put_keys(ret_message, root->timestamp, seen);
    put_keys(ret_message, root->snapshot, seen);
    put_keys(ret_message, root->targets, seen);
    put_requirement(ret_message, SLW_ROOT_ROOT_REQUIREMENT, root->root, root->root_threshold);
    put_requirement(ret_message, SLW_ROOT_TIMESTAMP_REQUIREMENT, root->timestamp, 1);
    put_requirement(ret_message, SLW_ROOT_SNAPSHOT_REQUIREMENT, root->snapshot, 1);
    put_requirement(ret_message, SLW_ROOT_TARGETS_REQUIREMENT, root->targets,
                    root->targets_threshold);
    test_put_uint(ret_message, SLW_ROOT_KEY_CLASS, root->key_class);
    if (root->more != NULL) {
        slw_heap_append(ret_message, slw_heap_bytes(root->more));
    }
}

/* Makes a signed message of the serialized one, which is freed. */
static void sign(struct slw_heap_buffer *serialized, const char *signers,
                 struct slw_heap_buffer *ret_signed)
{
    struct slw_bytes bytes = slw_heap_bytes(serialized);
    test_put_bytes(ret_signed, SLW_SIGNED_SERIALIZED, bytes);
    for (; *signers != '\0'; signers++) {
        struct slw_heap_buffer signature = {0};
        struct slw_detail detail;
        uint8_t sig[SLW_SIGNATURE_SIZE] = {0};
        bool wrong = *signers == '!';
        signers += wrong ? 1 : 0;
        put_key_id(&signature, SLW_SIGNATURE_KEY_ID, *signers);
        require(is_nobody(*signers) ||
                slw_private_key_sign(key_of(*signers), bytes, sig, &detail) == SLW_OK);
        sig[40] ^= wrong ? 1 : 0;
        test_put_bytes(&signature, SLW_SIGNATURE_SIG, slw_bytes_make(sig, sizeof sig));
        test_put_message(ret_signed, SLW_SIGNED_SIGNATURES, &signature);
    }
    slw_heap_append(ret_signed, slw_heap_bytes(&test_more_signatures));
    slw_heap_free(&test_more_signatures);
    slw_heap_free(serialized);
}

void test_put_hash(struct slw_heap_buffer *message, uint32_t number, uint64_t function,
                   struct slw_bytes hash)
{
    struct slw_heap_buffer inner = {0};
    test_put_uint(&inner, SLW_HASH_FUNCTION, function);
    test_put_bytes(&inner, SLW_HASH_HASH, hash);
    test_put_message(message, number, &inner);
}

void test_put_sha256(struct slw_heap_buffer *message, uint32_t number, const char *image)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(image, strlen(image)));
    slw_sha256_final(&hash, digest);
    test_put_hash(message, number, SLW_HASH_FUNCTION_SHA256, slw_bytes_make(digest, sizeof digest));
}

void test_put_encoding(struct slw_heap_buffer *target, uint64_t kind, const char *name,
                       const char *form, const char *base)
{
    struct slw_heap_buffer encoding = {0};
    test_put_uint(&encoding, SLW_ENCODING_KIND, kind);
    test_put_text(&encoding, SLW_ENCODING_PAYLOAD_NAME, name);
    if (form != NULL) {
        test_put_uint(&encoding, SLW_ENCODING_LENGTH, strlen(form));
        test_put_sha256(&encoding, SLW_ENCODING_HASH, form);
    }
    if (base != NULL) {
        test_put_sha256(&encoding, SLW_ENCODING_BASE_HASH, base);
    }
    test_put_message(target, SLW_TARGET_ENCODINGS, &encoding);
}

static void put_target(struct slw_heap_buffer *message, const struct test_target *target)
{
    struct slw_heap_buffer file = {0};
    test_put_text(&file, SLW_TARGET_FILE_NAME, target->name);
    test_put_uint(&file, SLW_TARGET_LENGTH, strlen(target->image));
    if (!target->unhashed) {
        test_put_sha256(&file, SLW_TARGET_HASHES, target->image);
    }
    if (target->slot != NULL) {
        test_put_text(&file, SLW_TARGET_SLOT, target->slot);
    }
    if (target->more != NULL) {
        slw_heap_append(&file, slw_heap_bytes(target->more));
    }
    test_put_message(message, SLW_TARGETS_TARGET_FILES, &file);
}

void test_begin(void)
{
    slw_heap_free(&test_bundle);
}

static void put_root(const struct test_root *root, const char *signers, uint32_t number)
{
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer message = {0};
    encode_root(root, &serialized);
    sign(&serialized, signers, &message);
    test_put_message(&test_bundle, number, &message);
}

void test_put_root(const struct test_root *root, const char *signers)
{
    put_root(root, signers, SLW_BUNDLE_ROOT_METADATA);
}

void test_put_history(const struct test_root *root, const char *signers)
{
    put_root(root, signers, SLW_BUNDLE_ROOT_HISTORY);
}

static void put_entry(const char *name, struct slw_heap_buffer *message)
{
    struct slw_heap_buffer entry = {0};
    test_put_text(&entry, SLW_MAP_KEY, name);
    test_put_message(&entry, SLW_MAP_VALUE, message);
    test_put_message(&test_bundle, SLW_BUNDLE_TARGETS_METADATA, &entry);
}

void test_put_entry(const char *name)
{
    struct slw_heap_buffer nothing = {0};
    put_entry(name, &nothing);
}

void test_put_targets(const struct test_targets *targets, const char *signers)
{
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer message = {0};
    put_common(&serialized, targets->spec_version, targets->version,
               targets->role == NULL ? "targets" : targets->role,
               targets->expires ? &targets->expires_s : NULL, targets->expires_nanos);
    for (size_t i = 0; i < targets->count; i++) {
        put_target(&serialized, &targets->targets[i]);
    }
    if (targets->more != NULL) {
        slw_heap_append(&serialized, slw_heap_bytes(targets->more));
    }
    sign(&serialized, signers, &message);
    put_entry("targets", &message);
}

void test_put_payload(const char *name, const char *bytes)
{
    struct slw_heap_buffer entry = {0};
    test_put_text(&entry, SLW_MAP_KEY, name);
    test_put_text(&entry, SLW_MAP_VALUE, bytes);
    test_put_message(&test_bundle, SLW_BUNDLE_TARGET_PAYLOADS, &entry);
}

void test_trust(const struct test_root *root)
{
    struct slw_heap_buffer serialized = {0};
    slw_heap_free(&trusted_root);
    encode_root(root, &serialized);
    sign(&serialized, "", &trusted_root);
}

void test_reset_device(void)
{
    test_device = (struct slw_expectations){.limits = slw_default_limits};
}

enum slw_status test_verify_source(const struct slw_source *bundle)
{
    static struct slw_root_key root_keys[3 * SLW_ROOT_KEYS_MAX];
    static struct slw_signature signatures[SLW_SIGNATURES_MAX];
    static struct slw_name names[NAMES_MAX];
    static uint8_t block[512];
    static struct slw_memory_source root_source;
    const struct slw_verifier_memory memory = {
        block,      sizeof block,       root_keys, 3 * SLW_ROOT_KEYS_MAX,
        signatures, SLW_SIGNATURES_MAX, names,     NAMES_MAX,
    };
    slw_memory_source_init(&root_source, slw_heap_bytes(&trusted_root));
    slw_verifier_start(&test_verifier, &memory, &test_device, &root_source.source, bundle);
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && !test_verifier.done) {
        status = slw_verifier_step(&test_verifier);
    }
    return status;
}

enum slw_status test_verify(void)
{
    static struct slw_memory_source source;
    slw_memory_source_init(&source, slw_heap_bytes(&test_bundle));
    return test_verify_source(&source.source);
}
