/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier beyond the vectors: storage that changes while it is read, storage that fails at any
 * read, limits that a product lowered, memory that is too small, and what it hands out.
 */
#include "slipway/verifier.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define VECTORS "spec/vectors/"
#define NAMES_MAX 64
#define FILE_SIZE_MAX 65536

struct file {
    uint8_t bytes[FILE_SIZE_MAX];
    size_t len;
};

static struct file bundle_file;
static struct file root_file;
static struct slw_root_key root_keys[3 * SLW_ROOT_KEYS_MAX];
static struct slw_signature signatures[SLW_SIGNATURES_MAX];
static struct slw_name names[NAMES_MAX];
static uint8_t block[128];
static struct slw_verifier verifier;
static struct slw_expectations expectations;
static struct slw_memory_source root_source;

static bool read_file(const char *name, struct file *file)
{
    char path[256];
    (void)snprintf(path, sizeof path, VECTORS "%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return false;
    }
    file->len = fread(file->bytes, 1, sizeof file->bytes, stream);
    (void)fclose(stream);
    return file->len > 0;
}

/* A storage under an attacker's hands: from a given read on, one byte is another; or a read fails.
 */
struct storage {
    struct slw_source source;
    size_t reads;
    size_t changes_at; /* the read from which on the byte is changed */
    size_t changed_offset;
    size_t fails_at; /* the read that fails; 0: none */
};

static enum slw_status read_storage(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct storage *storage = context;
    size_t start = (size_t)offset;
    storage->reads++;
    if (storage->reads == storage->fails_at) {
        return SLW_IO;
    }
    memcpy(buffer, bundle_file.bytes + start, len);
    if (storage->reads >= storage->changes_at && storage->changed_offset >= start &&
        storage->changed_offset < start + len) {
        buffer[storage->changed_offset - start] ^= 1;
    }
    return SLW_OK;
}

static void init_storage(struct storage *storage)
{
    *storage = (struct storage){
        .source = {storage, read_storage, bundle_file.len},
        .changes_at = SIZE_MAX,
    };
}

static struct slw_verifier_memory all_memory(void)
{
    return (struct slw_verifier_memory){
        .block = block,
        .block_size = sizeof block,
        .root_keys = root_keys,
        .root_keys_count = sizeof root_keys / sizeof root_keys[0],
        .signatures = signatures,
        .signatures_count = sizeof signatures / sizeof signatures[0],
        .names = names,
        .names_count = NAMES_MAX,
    };
}

static bool set_up(const char *bundle, const char *root)
{
    expectations = (struct slw_expectations){.limits = slw_default_limits};
    if (!read_file(bundle, &bundle_file) || !read_file(root, &root_file)) {
        return false;
    }
    slw_memory_source_init(&root_source, slw_bytes_make(root_file.bytes, root_file.len));
    return true;
}

static enum slw_status verify_with(const struct slw_source *source,
                                   const struct slw_verifier_memory *memory)
{
    slw_verifier_start(&verifier, memory, &expectations, &root_source.source, source);
    while (!verifier.done) {
        SLW_TRY(slw_verifier_step(&verifier));
    }
    return SLW_OK;
}

static enum slw_status verify(const struct slw_source *source)
{
    const struct slw_verifier_memory memory = all_memory();
    return verify_with(source, &memory);
}

/* Digest over everything that an installer would be told, or the status that kept it from it. */
static enum slw_status digest_result(uint8_t digest[static SLW_SHA256_SIZE])
{
    const struct slw_trusted_bundle *trusted = slw_verifier_result(&verifier);
    struct slw_target_walk walk;
    struct slw_trusted_target target;
    struct slw_sha256 hash;
    uint8_t walk_block[128];
    enum slw_status status;
    slw_sha256_init(&hash);
    slw_target_walk_start(&walk, trusted->source, &trusted->targets, walk_block, sizeof walk_block);
    while ((status = slw_trusted_bundle_next_target(trusted, &walk, &target)) == SLW_OK) {
        slw_sha256_update(&hash, slw_bytes_make(target.target.name, target.target.name_len));
        slw_sha256_update(&hash, slw_bytes_make(target.target.slot, target.target.slot_len));
        slw_sha256_update(&hash, slw_bytes_make(target.target.sha256, SLW_SHA256_SIZE));
        slw_sha256_update(&hash, slw_bytes_make(&target.target.length, sizeof(uint64_t)));
    }
    slw_sha256_final(&hash, digest);
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

static void hands_out_only_what_was_signed_when_storage_changes(void)
{
    uint8_t right[SLW_SHA256_SIZE] = {0};
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    struct storage storage;
    size_t accepted = 0;
    TAP_REQUIRE(set_up("bundles/g02_with_root_same.pb", "roots/v1.pb"));
    init_storage(&storage);
    TAP_REQUIRE(verify(&storage.source) == SLW_OK && digest_result(right) == SLW_OK);
    size_t reads = storage.reads;
    for (size_t at = 1; at <= reads; at++) {
        for (size_t offset = 0; offset < bundle_file.len; offset++) {
            init_storage(&storage);
            storage.changes_at = at;
            storage.changed_offset = offset;
            if (verify(&storage.source) != SLW_OK || digest_result(digest) != SLW_OK) {
                continue;
            }
            accepted++;
            if (!TAP_CHECK(memcmp(digest, right, sizeof digest) == 0)) {
                printf("# byte %zu changed at read %zu\n", offset, at);
                return;
            }
        }
    }
    TAP_CHECK(accepted > 0);
}

/* Whether the payload that stands for a target is the form that was signed. */
static bool payload_is_signed(const struct slw_source *source,
                              const struct slw_trusted_target *target)
{
    const struct slw_target *named = &target->target;
    bool image = target->kind == SLW_ENCODING_PLAIN;
    const uint8_t *wanted = image ? named->sha256 : named->form_sha256;
    uint8_t payload[256];
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    if (target->payload.length > sizeof payload ||
        target->payload.length != (image ? named->length : named->form_length) ||
        source->read(source->context, target->payload.offset, payload,
                     (size_t)target->payload.length) != SLW_OK) {
        return false;
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(payload, (size_t)target->payload.length));
    slw_sha256_final(&hash, digest);
    return memcmp(digest, wanted, sizeof digest) == 0;
}

static void says_in_which_form_each_target_is_there(void)
{
    static const struct {
        const char *bundle;
        enum slw_encoding_kind app;
    } rows[] = {
        {"bundles/g02_with_root_same.pb", SLW_ENCODING_PLAIN},
        {"bundles/x081_enc_lz.pb", SLW_ENCODING_LZ},
        {"bundles/x087_enc_many_one_present.pb", SLW_ENCODING_ZSTD},
        {"bundles/x089_enc_both_present.pb", SLW_ENCODING_PLAIN},
        {"bundles/x093_enc_kind99_plain_present.pb", SLW_ENCODING_PLAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].bundle);
        struct storage storage;
        struct slw_target_walk walk;
        struct slw_trusted_target target;
        uint8_t walk_block[128];
        size_t count = 0;
        TAP_REQUIRE(set_up(rows[i].bundle, "roots/v1.pb"));
        expectations.decodable = UINT32_MAX;
        init_storage(&storage);
        TAP_REQUIRE(verify(&storage.source) == SLW_OK);
        const struct slw_trusted_bundle *trusted = slw_verifier_result(&verifier);
        slw_target_walk_start(&walk, trusted->source, &trusted->targets, walk_block,
                              sizeof walk_block);
        while (slw_trusted_bundle_next_target(trusted, &walk, &target) == SLW_OK) {
            bool app = target.target.name_len == 3;
            TAP_CHECK(target.present);
            TAP_EQUAL_INT(target.kind, app ? rows[i].app : SLW_ENCODING_PLAIN);
            TAP_CHECK(payload_is_signed(trusted->source, &target));
            count++;
        }
        TAP_EQUAL_INT(count, trusted->targets.targets_count);
    }
}

static void notices_a_target_that_changes_after_verification(void)
{
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    struct storage storage;
    TAP_REQUIRE(set_up("bundles/g01_one_target.pb", "roots/v1.pb"));
    init_storage(&storage);
    TAP_REQUIRE(verify(&storage.source) == SLW_OK);
    const struct slw_targets *targets = &slw_verifier_result(&verifier)->targets;
    size_t changed = 0;
    for (uint64_t i = 0; i < targets->serialized.length; i++) {
        storage.changes_at = 0;
        storage.changed_offset = (size_t)(targets->serialized.offset + i);
        changed += digest_result(digest) != SLW_OK;
    }
    /* Every byte of the one TargetFile; the rest of the metadata isn't read again. */
    TAP_CHECK(changed >= 40);
}

static void passes_on_a_read_error_wherever_it_happens(void)
{
    struct storage storage;
    TAP_REQUIRE(set_up("bundles/g03_many_targets.pb", "roots/v1.pb"));
    init_storage(&storage);
    TAP_REQUIRE(verify(&storage.source) == SLW_OK);
    size_t reads = storage.reads;
    for (size_t at = 1; at <= reads; at++) {
        init_storage(&storage);
        storage.fails_at = at;
        TAP_EQUAL_INT(verify(&storage.source), SLW_IO);
        TAP_CHECK(slw_verifier_result(&verifier) == NULL);
    }
}

static void refuses_every_truncation(void)
{
    struct slw_memory_source source;
    TAP_REQUIRE(set_up("bundles/g03_many_targets.pb", "roots/v1.pb"));
    for (size_t len = 0; len < bundle_file.len; len++) {
        slw_memory_source_init(&source, slw_bytes_make(bundle_file.bytes, len));
        TAP_CHECK(verify(&source.source) != SLW_OK);
    }
}

static void refuses_what_a_lowered_limit_forbids(void)
{
    static const struct {
        const char *name;
        const char *bundle;
        struct slw_limits limits;
    } rows[] = {
        {"targets", "bundles/g03_many_targets.pb", {32, 64, 256, 19, 512000, 5000000}},
        {"targets size", "bundles/g03_many_targets.pb", {32, 64, 256, 4096, 512000, 500}},
        {"root size", "bundles/g12_root_rotation.pb", {32, 64, 256, 4096, 200, 5000000}},
        {"root keys", "bundles/x255_keys_64.pb", {32, 63, 256, 4096, 512000, 5000000}},
        {"signatures", "bundles/x027_strangers_31.pb", {31, 64, 256, 4096, 512000, 5000000}},
        {"root history", "bundles/x108_history_ascending.pb", {32, 64, 1, 4096, 512000, 5000000}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct storage storage;
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(set_up(rows[i].bundle, "roots/v1.pb"));
        init_storage(&storage);
        TAP_EQUAL_INT(verify(&storage.source), SLW_OK);
        expectations.limits = rows[i].limits;
        init_storage(&storage);
        TAP_EQUAL_INT(verify(&storage.source), SLW_TOO_LARGE);
    }
    TAP_ROW(NULL);
}

static void needs_no_more_memory_than_the_release_has_names(void)
{
    struct storage storage;
    struct slw_verifier_memory memory = all_memory();
    TAP_REQUIRE(set_up("bundles/g03_many_targets.pb", "roots/v1.pb"));
    init_storage(&storage);
    memory.names_count = 20;
    TAP_EQUAL_INT(verify_with(&storage.source, &memory), SLW_OK);
    memory.names_count = 19;
    TAP_EQUAL_INT(verify_with(&storage.source, &memory), SLW_TOO_LARGE);
}

static void hands_out_nothing_before_it_is_done(void)
{
    struct storage storage;
    const struct slw_verifier_memory memory = all_memory();
    size_t steps = 0;
    TAP_REQUIRE(set_up("bundles/g12_root_rotation.pb", "roots/v1.pb"));
    init_storage(&storage);
    slw_verifier_start(&verifier, &memory, &expectations, &root_source.source, &storage.source);
    uint32_t progress = 0;
    while (!verifier.done) {
        TAP_CHECK(slw_verifier_result(&verifier) == NULL);
        TAP_REQUIRE(slw_verifier_step(&verifier) == SLW_OK);
        TAP_CHECK(slw_verifier_progress(&verifier) >= progress);
        progress = slw_verifier_progress(&verifier);
        steps++;
    }
    TAP_EQUAL_INT(progress, 10000);
    TAP_CHECK(steps > 10);
    TAP_CHECK(slw_verifier_result(&verifier)->root_upgraded);
    TAP_EQUAL_INT(slw_verifier_step(&verifier), SLW_OK);
}

static void says_where_a_fault_is(void)
{
    struct storage storage;
    TAP_REQUIRE(set_up("bundles/b20_bad_hash.pb", "roots/v1.pb"));
    init_storage(&storage);
    TAP_EQUAL_INT(verify(&storage.source), SLW_WRONG_HASH);
    TAP_CHECK(verifier.finding.name_len > 0);
    TAP_REQUIRE(set_up("bundles/b06_below_threshold.pb", "roots/v1_t2of3.pb"));
    init_storage(&storage);
    TAP_EQUAL_INT(verify(&storage.source), SLW_BELOW_THRESHOLD);
    TAP_CHECK(verifier.finding.has_numbers && verifier.finding.found == 1 &&
              verifier.finding.wanted == 2);
    TAP_CHECK(verifier.finding.has_role && verifier.finding.role == SLW_ROLE_TARGETS);
    TAP_REQUIRE(set_up("bundles/x151_revoked_needed.pb", "roots/v1_t2of3.pb"));
    init_storage(&storage);
    TAP_EQUAL_INT(verify(&storage.source), SLW_REVOKED_KEY);
    TAP_CHECK(verifier.finding.has_key_id);
}

/* A sender without keys can make a bundle long, not a step: each reads a few hundred bytes here. */
static void takes_bounded_steps_over_fields_that_nobody_signed(void)
{
    static uint8_t long_bundle[FILE_SIZE_MAX + 60000];
    struct slw_memory_source source;
    const struct slw_verifier_memory verifier_memory = all_memory();
    TAP_REQUIRE(set_up("bundles/x108_history_ascending.pb", "roots/v1.pb"));
    size_t len = 0;
    for (; len < 60000; len += 2) {
        long_bundle[len] = 0x30; /* unknown field 6 */
        long_bundle[len + 1] = 0;
    }
    memcpy(long_bundle + len, bundle_file.bytes, bundle_file.len);
    slw_memory_source_init(&source, slw_bytes_make(long_bundle, len + bundle_file.len));
    slw_verifier_start(&verifier, &verifier_memory, &expectations, &root_source.source,
                       &source.source);
    size_t steps = 0;
    while (!verifier.done && slw_verifier_step(&verifier) == SLW_OK) {
        steps++;
    }
    TAP_CHECK(verifier.done);
    TAP_CHECK(steps > 60000 / 2 / 64);
}

/* A device whose answer about what is installed is given here. */
struct installed {
    enum slw_status status;
    struct slw_installed_image image;
};

static enum slw_status find_installed(void *context, struct slw_bytes target, struct slw_bytes slot,
                                      struct slw_installed_image *ret_image)
{
    const struct installed *installed = context;
    (void)target;
    (void)slot;
    *ret_image = installed->image;
    return installed->status;
}

static void passes_on_that_what_is_installed_cannot_be_read(void)
{
    struct installed installed = {.status = SLW_IO};
    const struct slw_installed_port port = {&installed, find_installed};
    static const char *const bundles[] = {"bundles/x086_enc_delta.pb",
                                          "bundles/g08_personalised_out_one.pb"};
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
        struct storage storage;
        TAP_ROW(bundles[i]);
        TAP_REQUIRE(set_up(bundles[i], "roots/v1.pb"));
        expectations.installed = &port;
        expectations.decodable = UINT32_MAX;
        init_storage(&storage);
        TAP_EQUAL_INT(verify(&storage.source), SLW_IO);
    }
    TAP_ROW(NULL);
}

/* Whatever length the port claims, only four bytes are there. */
static void believes_no_installed_image_shorter_than_its_length(void)
{
    static const char text[] = "four";
    struct slw_memory_source source;
    struct storage storage;
    struct installed installed = {.status = SLW_OK};
    const struct slw_installed_port port = {&installed, find_installed};
    TAP_REQUIRE(set_up("bundles/g08_personalised_out_one.pb", "roots/v1.pb"));
    init_storage(&storage);
    TAP_EQUAL_INT(verify(&storage.source), SLW_MISSING_PAYLOAD);
    slw_memory_source_init(&source, slw_bytes_make(text, sizeof text - 1));
    for (installed.image.length = 0; installed.image.length < 64; installed.image.length++) {
        installed.image.source = &source.source;
        expectations.installed = &port;
        init_storage(&storage);
        TAP_EQUAL_INT(verify(&storage.source), SLW_MISSING_PAYLOAD);
    }
}

int main(void)
{
    TAP_RUN(hands_out_only_what_was_signed_when_storage_changes);
    TAP_RUN(says_in_which_form_each_target_is_there);
    TAP_RUN(notices_a_target_that_changes_after_verification);
    TAP_RUN(passes_on_a_read_error_wherever_it_happens);
    TAP_RUN(refuses_every_truncation);
    TAP_RUN(refuses_what_a_lowered_limit_forbids);
    TAP_RUN(needs_no_more_memory_than_the_release_has_names);
    TAP_RUN(hands_out_nothing_before_it_is_done);
    TAP_RUN(says_where_a_fault_is);
    TAP_RUN(passes_on_that_what_is_installed_cannot_be_read);
    TAP_RUN(believes_no_installed_image_shorter_than_its_length);
    TAP_RUN(takes_bounded_steps_over_fields_that_nobody_signed);
    return tap_finish();
}
