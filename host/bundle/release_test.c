/* SPDX-License-Identifier: Apache-2.0 */
/* Builds that become releases: what changes, what doesn't, and what is refused on the way. */
#include "slipway/bundle_release.h"
#include "slipway/content_digest.h"
#include "slipway/endorsements.h"
#include "slipway/signed_draft.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUNDLE_SIZE_MAX 1048576u

static char directory[] = "/tmp/slipway-release-test-XXXXXX";
static char vectors[512];
static struct slw_detail detail;

/* A bundle in memory with its index and metadata. */
struct opened {
    struct slw_heap_buffer bytes, message;
    struct slw_memory_source source;
    struct slw_bundle_index index;
    struct slw_signed_draft draft;
    struct slw_targets_draft targets;
};

static bool open_bundle(const char *path, struct opened *opened)
{
    memset(opened, 0, sizeof *opened);
    if (slw_file_read(path, BUNDLE_SIZE_MAX, &opened->bytes, &detail) != SLW_OK) {
        return false;
    }
    slw_memory_source_init(&opened->source, slw_heap_bytes(&opened->bytes));
    return slw_bundle_index_read(path, &opened->source.source, &opened->index, &detail) == SLW_OK &&
           slw_source_load(path, &opened->source.source, opened->index.targets, BUNDLE_SIZE_MAX,
                           &opened->message, &detail) == SLW_OK &&
           slw_signed_draft_parse(path, slw_heap_bytes(&opened->message), &opened->draft,
                                  &detail) == SLW_OK &&
           slw_targets_draft_parse(opened->draft.serialized, &opened->targets, &detail) == SLW_OK;
}

static void close_bundle(struct opened *opened)
{
    slw_targets_draft_free(&opened->targets);
    slw_bundle_index_free(&opened->index);
    slw_heap_free(&opened->message);
    slw_heap_free(&opened->bytes);
}

static const char *vector(const char *name)
{
    static char path[640];
    (void)snprintf(path, sizeof path, "%s/%s.pb", vectors, name);
    return path;
}

static enum slw_status write_release(const struct opened *from,
                                     const struct slw_bundle_release *release)
{
    struct slw_output output;
    SLW_TRY(slw_output_open("release", SLW_OUTPUT_REPLACE, &output, &detail));
    enum slw_status status = slw_bundle_write_release(&from->index, release, &output, &detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, &detail);
    }
    slw_output_discard(&output);
    return status;
}

static const struct slw_bundle_release nothing_else = {
    .version = 9,
    .urgency = -1,
    .min_installed_version = -1,
    .security_floor = -1,
    .expires_utc_s = -1,
};

static void numbers_a_build_and_keeps_its_content(void)
{
    struct opened build;
    struct opened made;
    uint8_t before[SLW_SHA256_SIZE];
    uint8_t after[SLW_SHA256_SIZE];
    const struct slw_bytes envelopes[] = {SLW_BYTES_OF("{\"a\":1}"), SLW_BYTES_OF("{\"b\":2}")};
    struct slw_bundle_release release = nothing_else;
    TAP_REQUIRE(open_bundle(vector("g02_with_root_same"), &build));
    release.endorsements = envelopes;
    release.endorsements_count = 2;
    release.release_version = SLW_BYTES_OF("9.1.0");
    release.notes = SLW_BYTES_OF("Better.");
    release.urgency = 3;
    release.min_installed_version = 4;
    TAP_REQUIRE(write_release(&build, &release) == SLW_OK);
    TAP_REQUIRE(open_bundle("release", &made));
    TAP_EQUAL_INT(made.targets.version, 9);
    TAP_EQUAL_INT(made.targets.urgency, 3);
    TAP_EQUAL_INT(made.targets.min_installed_version, 4);
    TAP_CHECK(slw_bytes_equal(made.targets.release_version, SLW_BYTES_OF("9.1.0")));
    TAP_CHECK(slw_bytes_equal(made.targets.release_notes, SLW_BYTES_OF("Better.")));
    TAP_EQUAL_INT(made.draft.count, 0); /* nobody signed that */
    TAP_EQUAL_INT(made.index.payloads_count, build.index.payloads_count);
    TAP_EQUAL_INT(made.index.endorsements_count, build.index.endorsements_count + 2);
    TAP_EQUAL_INT(slw_content_digest(&build.targets, before, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_content_digest(&made.targets, after, &detail), SLW_OK);
    TAP_EQUAL_BYTES(after, before, sizeof after);
    /* The same endorsements again are there already. */
    TAP_REQUIRE(write_release(&made, &release) == SLW_OK);
    struct opened again;
    TAP_REQUIRE(open_bundle("release", &again));
    TAP_EQUAL_INT(again.bytes.len, made.bytes.len);
    TAP_EQUAL_BYTES(again.bytes.ptr, made.bytes.ptr, made.bytes.len);
    close_bundle(&again);
    close_bundle(&made);
    close_bundle(&build);
}

static void takes_a_signature_and_a_proof(void)
{
    struct opened build;
    struct opened made;
    struct slw_private_key *key = NULL;
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_output output;
    TAP_REQUIRE(open_bundle(vector("g02_with_root_same"), &build));
    TAP_REQUIRE(write_release(&build, &nothing_else) == SLW_OK);
    close_bundle(&build);
    TAP_REQUIRE(open_bundle("release", &made));
    TAP_REQUIRE(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &detail) == SLW_OK);
    TAP_REQUIRE(slw_private_key_sign(key, made.draft.serialized, signature, &detail) == SLW_OK);
    const struct slw_public_key *public_key = slw_private_key_public(key);
    TAP_REQUIRE(slw_output_open("signed", SLW_OUTPUT_REPLACE, &output, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_bundle_write_signed(&made.index, public_key->id, signature,
                                          SLW_BYTES_OF("a proof"), &output, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_output_commit(&output, &detail), SLW_OK);
    slw_output_discard(&output);
    struct opened with;
    TAP_REQUIRE(open_bundle("signed", &with));
    TAP_EQUAL_INT(with.draft.count, 1);
    TAP_CHECK(slw_bytes_equal(with.draft.serialized, made.draft.serialized));
    TAP_EQUAL_BYTES(slw_draft_signature_sig(&with.draft.signatures[0]).ptr, signature,
                    sizeof signature);
    TAP_CHECK(with.index.has_transparency_proof);
    TAP_EQUAL_INT(with.index.proof.length, 7);
    TAP_EQUAL_INT(with.index.payloads_count, made.index.payloads_count);
    slw_private_key_free(key);
    close_bundle(&with);
    close_bundle(&made);
}

static void refuses_builds_that_are_not_what_they_say(void)
{
    static const struct {
        const char *name;
        enum slw_status status;
    } rows[] = {
        {"b21_payload_changed", SLW_WRONG_HASH},  {"b22_bad_length", SLW_WRONG_LENGTH},
        {"b25_missing_hashes", SLW_MISSING_HASH}, {"b31_unlisted_payload", SLW_UNLISTED_PAYLOAD},
        {"b38_name_dotdot", SLW_BAD_NAME},        {"b54_role_wrong_in_targets", SLW_WRONG_ROLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened build;
        TAP_ROW(rows[i].name);
        TAP_CHECK(open_bundle(vector(rows[i].name), &build));
        TAP_EQUAL_INT(write_release(&build, &nothing_else), rows[i].status);
        close_bundle(&build);
    }
    TAP_ROW(NULL);
    struct opened build;
    struct slw_bundle_release release = nothing_else;
    TAP_REQUIRE(open_bundle(vector("g02_with_root_same"), &build));
    release.version = 3;
    release.security_floor = 4; /* above its own version */
    TAP_EQUAL_INT(write_release(&build, &release), SLW_ROLLBACK);
    close_bundle(&build);
}

int main(void)
{
    char here[400];
    if (getcwd(here, sizeof here) == NULL || mkdtemp(directory) == NULL) {
        return 1;
    }
    (void)snprintf(vectors, sizeof vectors, "%s/spec/vectors/bundles", here);
    if (chdir(directory) != 0) {
        return 1;
    }
    TAP_RUN(numbers_a_build_and_keeps_its_content);
    TAP_RUN(takes_a_signature_and_a_proof);
    TAP_RUN(refuses_builds_that_are_not_what_they_say);
    (void)unlink("release");
    (void)unlink("signed");
    (void)rmdir(directory);
    return tap_finish();
}
