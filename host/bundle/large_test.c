/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles beyond 4 GiB, from a source that makes its bytes when they are read: lengths, offsets and
 * progress are 64 bits wide all the way, and a length is never taken modulo 2^32.
 */
#include "slipway/files.h"
#include "slipway/keys.h"
#include "slipway/proto_writer.h"
#include "slipway/signed_draft.h"
#include "slipway/targets_draft.h"
#include "slipway/verifier.h"

#include "tap.h"

#define KEY "spec/vectors/keys/targets1.pem"
#define ROOT "spec/vectors/roots/v1.pb"
#define BLOCK_SIZE (128u * 1024)
#define PAYLOAD_LENGTH ((UINT64_C(1) << 32) + (1u << 20))

/* SHA-256 of PAYLOAD_LENGTH zero bytes, and of none. */
static const uint8_t zeros_sha256[SLW_SHA256_SIZE] = {
    0x82, 0x98, 0x16, 0xe3, 0x39, 0xff, 0x59, 0x7e, 0xc3, 0xad, 0xa4, 0xc3, 0x0f, 0xc8, 0x40, 0xd3,
    0xf2, 0x29, 0x84, 0x44, 0x16, 0x9d, 0x24, 0x29, 0x52, 0xa5, 0x4b, 0xcf, 0x3f, 0xcd, 0x77, 0x47,
};
static const uint8_t empty_sha256[SLW_SHA256_SIZE] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

/* A bundle whose payload is zeros that nobody stores, with a few real bytes before and behind. */
struct generated {
    struct slw_source source;
    struct slw_heap_buffer head;
    struct slw_heap_buffer tail;
    uint64_t zeros;
};

static uint8_t byte_at(const struct generated *bundle, uint64_t offset)
{
    if (offset < bundle->head.len) {
        return bundle->head.ptr[offset];
    }
    offset -= bundle->head.len;
    return offset < bundle->zeros ? 0 : bundle->tail.ptr[offset - bundle->zeros];
}

static enum slw_status read_generated(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct generated *bundle = context;
    uint64_t zeros_end = bundle->head.len + bundle->zeros;
    if (offset >= bundle->head.len && offset + len <= zeros_end) {
        memset(buffer, 0, len);
        return SLW_OK;
    }
    for (size_t i = 0; i < len; i++) {
        buffer[i] = byte_at(bundle, offset + i);
    }
    return SLW_OK;
}

static void put_field_header(struct slw_heap_buffer *bytes, uint32_t number, uint64_t length)
{
    uint8_t header[16];
    struct slw_writer writer;
    slw_writer_init(&writer, header, sizeof header);
    slw_proto_put_header(&writer, number, length);
    slw_heap_append(bytes, slw_writer_written(&writer));
}

static void put_field(struct slw_heap_buffer *bytes, uint32_t number, struct slw_bytes value)
{
    put_field_header(bytes, number, value.len);
    slw_heap_append(bytes, value);
}

/* The map entry {"targets": signed} of a release with one target. */
static bool put_targets(struct slw_heap_buffer *head, uint64_t length, const uint8_t *sha256)
{
    struct slw_target_draft target = {
        .name = SLW_BYTES_OF("app"),
        .length = length,
        .sha256 = slw_bytes_make(sha256, SLW_SHA256_SIZE),
    };
    const struct slw_targets_draft draft = {
        .spec_version = SLW_BYTES_OF("1.0.34"),
        .role = SLW_BYTES_OF("targets"),
        .version = 1,
        .targets = &target,
        .targets_count = 1,
    };
    static struct slw_signed_draft signed_draft;
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer message = {0};
    struct slw_heap_buffer entry = {0};
    struct slw_private_key *key = NULL;
    struct slw_detail detail;
    bool made = slw_targets_draft_encode(&draft, &serialized, &detail) == SLW_OK &&
                slw_private_key_load(KEY, NULL, &key, &detail) == SLW_OK;
    signed_draft = (struct slw_signed_draft){.serialized = slw_heap_bytes(&serialized)};
    made = made && slw_signed_draft_sign(&signed_draft, key, &detail) == SLW_OK &&
           slw_signed_draft_encode(&signed_draft, &message, &detail) == SLW_OK;
    put_field(&entry, SLW_MAP_KEY, SLW_TOP_LEVEL_TARGETS);
    put_field(&entry, SLW_MAP_VALUE, slw_heap_bytes(&message));
    put_field(head, SLW_BUNDLE_TARGETS_METADATA, slw_heap_bytes(&entry));
    slw_private_key_free(key);
    slw_heap_free(&serialized);
    slw_heap_free(&message);
    slw_heap_free(&entry);
    return made;
}

/* The payload "app" of zeros, then tail, which is inside the payload's entry. */
static void put_payload(struct generated *bundle, uint64_t zeros, struct slw_bytes tail)
{
    struct slw_heap_buffer entry = {0};
    put_field(&entry, SLW_MAP_KEY, SLW_BYTES_OF("app"));
    put_field_header(&entry, SLW_MAP_VALUE, zeros);
    put_field_header(&bundle->head, SLW_BUNDLE_TARGET_PAYLOADS, entry.len + zeros + tail.len);
    slw_heap_append(&bundle->head, slw_heap_bytes(&entry));
    slw_heap_append(&bundle->tail, tail);
    slw_heap_free(&entry);
    bundle->zeros = zeros;
    bundle->source =
        (struct slw_source){bundle, read_generated, bundle->head.len + zeros + tail.len};
}

static void free_generated(struct generated *bundle)
{
    slw_heap_free(&bundle->head);
    slw_heap_free(&bundle->tail);
}

static enum slw_status verify(const struct slw_source *bundle, uint32_t *ret_largest_progress)
{
    static struct slw_verifier verifier;
    static struct slw_root_key root_keys[3 * 8];
    static struct slw_signature signatures[8];
    static struct slw_name names[8];
    static uint8_t block[BLOCK_SIZE];
    const struct slw_verifier_memory memory = {block, sizeof block, root_keys, 3 * 8, signatures,
                                               8,     names,        8};
    const struct slw_expectations expectations = {.limits = slw_default_limits};
    struct slw_heap_buffer root = {0};
    struct slw_memory_source root_source;
    struct slw_detail detail;
    enum slw_status status = slw_file_read(ROOT, SLW_ROOT_SIZE_MAX, &root, &detail);
    slw_memory_source_init(&root_source, slw_heap_bytes(&root));
    slw_verifier_start(&verifier, &memory, &expectations, &root_source.source, bundle);
    while (status == SLW_OK && !verifier.done) {
        status = slw_verifier_step(&verifier);
        *ret_largest_progress = slw_verifier_progress(&verifier);
    }
    slw_heap_free(&root);
    return status;
}

static void verifies_a_payload_beyond_4_gib(void)
{
    struct generated bundle = {0};
    uint32_t progress = 0;
    TAP_REQUIRE(put_targets(&bundle.head, PAYLOAD_LENGTH, zeros_sha256));
    /* An unknown field behind the value: its offset needs more than 32 bits. */
    const uint8_t unknown[] = {0x1A, 0x01, 'x'};
    put_payload(&bundle, PAYLOAD_LENGTH, slw_bytes_make(unknown, sizeof unknown));
    TAP_EQUAL_INT(verify(&bundle.source, &progress), SLW_OK);
    TAP_EQUAL_INT(progress, 10000);
    free_generated(&bundle);
}

static void tells_lengths_apart_that_are_equal_modulo_2_32(void)
{
    struct generated bundle = {0};
    uint32_t progress = 0;
    TAP_REQUIRE(put_targets(&bundle.head, 0, empty_sha256));
    put_payload(&bundle, UINT64_C(1) << 32, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(verify(&bundle.source, &progress), SLW_WRONG_LENGTH);
    free_generated(&bundle);
}

static void refuses_a_bundle_cut_at_4_gib(void)
{
    struct generated bundle = {0};
    uint32_t progress = 0;
    TAP_REQUIRE(put_targets(&bundle.head, PAYLOAD_LENGTH, zeros_sha256));
    put_payload(&bundle, PAYLOAD_LENGTH, slw_bytes_make(NULL, 0));
    bundle.source.size = UINT64_C(1) << 32;
    TAP_EQUAL_INT(verify(&bundle.source, &progress), SLW_MALFORMED);
    free_generated(&bundle);
}

static void finds_a_fault_beyond_4_gib(void)
{
    struct generated bundle = {0};
    uint32_t progress = 0;
    TAP_REQUIRE(put_targets(&bundle.head, PAYLOAD_LENGTH, zeros_sha256));
    put_payload(&bundle, PAYLOAD_LENGTH, slw_bytes_make(NULL, 0));
    /* The last byte is another one: moved from the zeros to the tail, the size stays. */
    bundle.zeros--;
    slw_heap_append(&bundle.tail, slw_bytes_make("\x01", 1));
    TAP_EQUAL_INT(verify(&bundle.source, &progress), SLW_WRONG_HASH);
    free_generated(&bundle);
}

int main(void)
{
    TAP_RUN(verifies_a_payload_beyond_4_gib);
    TAP_RUN(tells_lengths_apart_that_are_equal_modulo_2_32);
    TAP_RUN(refuses_a_bundle_cut_at_4_gib);
    TAP_RUN(finds_a_fault_beyond_4_gib);
    return tap_finish();
}
