/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "adding to a production role needs a bundle that it signed": the finished bundle is uploaded, and
 * whatever isn't it is refused, though it says the same of itself.
 */
#include "test_roles.h"

#include "slipway/bundle_release.h"
#include "slipway/explain.h"

#include <stdio.h>
#include <sys/stat.h>

/* The bundle with a signature of its metadata, as a requester finishes it. */
static void finish(struct test_signer *signer, const struct test_bundle *bundle,
                   const struct slw_public_key *key, struct slw_bytes sig,
                   struct slw_heap_buffer *ret_file)
{
    struct slw_heap_buffer unsigned_bundle = {0};
    struct slw_memory_source memory;
    struct slw_bundle_index index;
    struct slw_output output;
    struct slw_detail detail = {""};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/finished", signer->directory);
    test_bundle_make(bundle, &unsigned_bundle);
    slw_memory_source_init(&memory, slw_heap_bytes(&unsigned_bundle));
    ret_file->len = 0;
    if (slw_bundle_index_read("bundle", &memory.source, &index, &detail) != SLW_OK ||
        slw_output_open(path, SLW_OUTPUT_REPLACE, &output, &detail) != SLW_OK ||
        slw_bundle_write_signed(&index, key->id, sig.ptr, slw_bytes_make(NULL, 0), &output,
                                &detail) != SLW_OK ||
        slw_output_commit(&output, &detail) != SLW_OK ||
        slw_file_read(path, 1 << 20, ret_file, &detail) != SLW_OK) {
        fprintf(stderr, "# finish: %s\n", detail.text);
        abort();
    }
    slw_output_discard(&output);
    slw_bundle_index_free(&index);
    slw_heap_free(&unsigned_bundle);
}

/* A release that was signed, by the last request. */
struct signed_release {
    uint8_t id[SLW_SHA256_SIZE];
    struct slw_heap_buffer sig;
    struct slw_heap_buffer file;
};

static const struct test_bundle fourth = {.version = 4};

static bool sign_release(struct test_signer *signer, const struct test_bundle *bundle,
                         struct signed_release *ret_release)
{
    *ret_release = (struct signed_release){.sig = {0}};
    bool is_signed = test_submit(signer, bundle, &(struct test_asking){0}) == SLW_OK &&
                     test_approve(signer, &(struct test_approving){.by = TEST_ADA}) == SLW_OK &&
                     test_approve(signer, &(struct test_approving){.by = TEST_BEN}) == SLW_OK &&
                     test_await(signer, SLW_SIGNER_SIGNED) &&
                     test_blob(signer, SLW_SIGNER_SIGNATURE, &ret_release->sig) == SLW_OK;
    memcpy(ret_release->id, signer->id, sizeof ret_release->id);
    if (is_signed) {
        finish(signer, bundle, slw_private_key_public(test_key(TEST_KEY_PROD)),
               slw_heap_bytes(&ret_release->sig), &ret_release->file);
    }
    return is_signed;
}

static bool put_file(struct test_signer *signer, const struct slw_heap_buffer *file)
{
    return test_stage(signer, slw_heap_bytes(file)) == SLW_OK &&
           test_upload(signer, slw_heap_bytes(file)) == SLW_OK;
}

static void release_free(struct signed_release *release)
{
    slw_heap_free(&release->sig);
    slw_heap_free(&release->file);
}

static void adds_to_a_production_role_only_what_it_signed(void)
{
    struct test_signer signer;
    struct signed_release release;
    uint8_t waits[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &fourth, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    memcpy(waits, signer.id, sizeof waits);
    struct asked_role asked = {.custom = CUSTOM("stable", "4"), .release = waits};
    TAP_ROW("not signed yet");
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);

    TAP_REQUIRE(sign_release(&signer, &fourth, &release));
    TAP_REQUIRE(put_file(&signer, &release.file));
    asked.file = &release.file;
    TAP_ROW("no release named");
    asked.release = NULL;
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    asked.release = release.id;
    TAP_ROW("another version");
    asked.custom = CUSTOM("stable", "5");
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    TAP_ROW("another channel");
    asked.custom = CUSTOM("beta", "4");
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    TAP_ROW("another product");
    asked.custom =
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[],"
        "\"product\":\"lamp2\",\"release_counter\":4,\"release_version\":\"\","
        "\"urgency\":\"unspecified\"}}";
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    TAP_ROW("signed by a test key");
    const struct test_bundle tested = {
        .root_class = SLW_KEY_CLASS_TEST, .targets_key = TEST_KEY_TEST, .version = 4};
    TAP_EQUAL_INT(test_submit(&signer, &tested, &(struct test_asking){.key = "lamp-test"}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    asked.custom = CUSTOM("stable", "4");
    uint8_t tested_id[SLW_SHA256_SIZE];
    memcpy(tested_id, signer.id, sizeof tested_id);
    asked.release = tested_id;
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    asked.release = release.id;
    TAP_ROW("nothing that it says of itself");
    asked.custom = "{}";
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    TAP_ROW("the release, and an approval that names the channel");
    asked.custom = CUSTOM("stable", "4");
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_CHECK(look_at_role(&signer));
    TAP_EQUAL_INT(
        test_approve(&signer, &(struct test_approving){.by = TEST_BEN, .channel = "beta"}),
        SLW_BAD_STATEMENT);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    release_free(&release);
    test_signer_close(&signer);
}

/* A file of that version that isn't the bundle; what is said of it. */
static enum slw_status ask_with(struct test_signer *signer, const struct signed_release *release,
                                const struct slw_heap_buffer *file)
{
    if (!put_file(signer, file)) {
        return SLW_IO;
    }
    return ask_role(signer, &(struct asked_role){.custom = CUSTOM("stable", "4"),
                                                 .release = release->id,
                                                 .file = file});
}

static void adds_no_other_file_of_that_version(void)
{
    struct test_signer signer;
    struct signed_release release;
    struct slw_heap_buffer file = {0};
    struct slw_detail detail;
    uint8_t sig[SLW_SIGNATURE_SIZE];
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_REQUIRE(sign_release(&signer, &fourth, &release));
    const struct slw_public_key *prod = slw_private_key_public(test_key(TEST_KEY_PROD));
    struct slw_bytes good = slw_heap_bytes(&release.sig);

    TAP_ROW("bytes that are no bundle");
    slw_heap_append_text(&file, "an image of a lamp");
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_MALFORMED);
    TAP_ROW("another bundle of this version");
    finish(&signer, &(struct test_bundle){.version = 4, .payload = "evil"}, prod, good, &file);
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_NOT_PERMITTED);
    TAP_ROW("signed by a key of the requester's");
    const struct slw_private_key *other = test_key(TEST_OTHER);
    TAP_REQUIRE(slw_private_key_sign(other, slw_heap_bytes(&signer.metadata), sig, &detail) ==
                SLW_OK);
    finish(&signer, &fourth, slw_private_key_public(other), slw_bytes_make(sig, sizeof sig), &file);
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_BELOW_THRESHOLD);
    TAP_ROW("another signature under the key's name");
    finish(&signer, &fourth, prod, slw_bytes_make(sig, sizeof sig), &file);
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_BELOW_THRESHOLD);
    TAP_ROW("the signature under another key's name");
    finish(&signer, &fourth, slw_private_key_public(other), good, &file);
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_BELOW_THRESHOLD);
    TAP_ROW("not signed at all");
    file.len = 0;
    test_bundle_make(&fourth, &file);
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_BELOW_THRESHOLD);
    TAP_ROW("a payload of other bytes");
    file.len = 0;
    slw_heap_append(&file, slw_heap_bytes(&release.file));
    file.ptr[file.len - 1] ^= 1;
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_WRONG_HASH);
    TAP_ROW("cut short");
    file.len--;
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_MALFORMED);
    TAP_ROW("without its last payload");
    file.len = release.file.len - strlen("the image of a lamp") - 9;
    TAP_EQUAL_INT(ask_with(&signer, &release, &file), SLW_MISSING_PAYLOAD);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    slw_heap_free(&file);
    release_free(&release);
    test_signer_close(&signer);
}

static void adds_one_file_that_is_there(void)
{
    static const char other_sha256[SLW_SHA256_SIZE] = {7};
    struct test_signer signer;
    struct signed_release release;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_REQUIRE(sign_release(&signer, &fourth, &release));
    struct asked_role asked = {
        .custom = CUSTOM("stable", "4"), .release = release.id, .file = &release.file};
    TAP_ROW("not uploaded yet: it waits, and nobody can approve what isn't known");
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_RECEIVED);
    TAP_EQUAL_INT(test_stage(&signer, slw_heap_bytes(&release.file)), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_RECEIVED);
    TAP_EQUAL_INT(test_upload(&signer, slw_heap_bytes(&release.file)), SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    struct slw_heap_buffer base = {0};
    publish(&signer, &base);
    uint8_t first[SLW_SHA256_SIZE];
    memcpy(first, signer.targets, sizeof first);
    TAP_ROW("a length that isn't the file's");
    asked.base = &base;
    asked.base_version = 1;
    asked.base_sha256 = first;
    asked.version = 2;
    asked.longer = 1;
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_WRONG_LENGTH);
    asked.longer = 0;
    TAP_ROW("another file beside it");
    asked.second_sha256 = other_sha256;
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_NOT_PERMITTED);
    TAP_ROW("one more time, as it is listed: nothing new is said");
    asked.second_sha256 = NULL;
    TAP_EQUAL_INT(ask_role(&signer, &asked), SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(test_signed_count(&signer), 3);
    slw_heap_free(&base);
    release_free(&release);
    test_signer_close(&signer);
}

/* Whoever can write the file changes it while people think about it. */
static void reads_what_is_added_again_before_it_signs(void)
{
    struct test_signer signer;
    struct signed_release release;
    uint8_t sha256[SLW_SHA256_SIZE];
    struct slw_heap_buffer path = {0};
    struct slw_detail detail;
    struct stat facts;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_REQUIRE(sign_release(&signer, &fourth, &release));
    TAP_REQUIRE(put_file(&signer, &release.file));
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.custom = CUSTOM("stable", "4"),
                                                         .release = release.id,
                                                         .file = &release.file}),
                  SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    sha256_of(slw_heap_bytes(&release.file), sha256);
    slw_heap_printf(&path, "%s/staged/", signer.directory);
    slw_hex(slw_bytes_make(sha256, sizeof sha256), &path);
    release.file.ptr[60] ^= 1; /* in the root, of which nothing else is compared with anything */
    TAP_REQUIRE(slw_file_write(slw_heap_text(&path), SLW_OUTPUT_REPLACE,
                               slw_heap_bytes(&release.file), &detail) == SLW_OK);
    TAP_CHECK(look_at_role(&signer));
    TAP_EQUAL_INT(
        test_approve(&signer, &(struct test_approving){.by = TEST_BEN, .channel = "stable"}),
        SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_WRONG_HASH);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    TAP_EQUAL_INT(stat(slw_heap_text(&path), &facts), -1); /* it may be uploaded again */
    slw_heap_free(&path);
    release_free(&release);
    test_signer_close(&signer);
}

/* "It may be left out only if the former release had a target of that name, length and SHA-256" */
static void adds_a_bundle_without_an_image_that_the_former_release_had(void)
{
    static const struct test_bundle fifth = {.version = 5, .no_payload = true};
    struct test_signer signer;
    struct signed_release release;
    struct signed_release former;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_REQUIRE(sign_release(&signer, &fourth, &former));
    TAP_REQUIRE(sign_release(&signer, &fifth, &release));
    TAP_REQUIRE(put_file(&signer, &release.file));
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.custom = CUSTOM("stable", "5"),
                                                         .release = release.id,
                                                         .file = &release.file}),
                  SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    release_free(&former);
    release_free(&release);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(adds_to_a_production_role_only_what_it_signed);
    TAP_RUN(adds_no_other_file_of_that_version);
    TAP_RUN(adds_one_file_that_is_there);
    TAP_RUN(reads_what_is_added_again_before_it_signs);
    TAP_RUN(adds_a_bundle_without_an_image_that_the_former_release_had);
    return tap_finish();
}
