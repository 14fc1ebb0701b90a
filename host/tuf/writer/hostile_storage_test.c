/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody who can write to the storage and has none of the keys: nothing that they put there is
 * built on, and so nothing of it gets signed.
 */
#include "test_writer.h"

#include "tap.h"

static void put(const char *key, struct slw_bytes bytes)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    const struct slw_lease *lease = slw_memory_storage_lease(test.memory);
    uint64_t token = 0;
    TAP_REQUIRE(lease->acquire(lease->context, "stranger", 60, &token, &test_detail) == SLW_OK);
    TAP_REQUIRE(storage->replace_pointer(storage->context, token, key, bytes, &test_detail) ==
                SLW_OK);
    TAP_REQUIRE(lease->release(lease->context, token, &test_detail) == SLW_OK);
}

static void sign(struct slw_tuf_edition *edition, enum test_key key)
{
    struct slw_heap_buffer hex = {0};
    struct slw_tuf_signature signature;
    const struct slw_private_key *private_key = test_private_key(key);
    TAP_REQUIRE(slw_tuf_public_key_id(slw_private_key_public(private_key), signature.key_id) ==
                SLW_OK);
    TAP_REQUIRE(slw_tuf_sign(private_key, slw_heap_bytes(&edition->signed_part), &hex,
                             &test_detail) == SLW_OK);
    signature.sig_hex = slw_heap_bytes(&hex);
    TAP_REQUIRE(slw_tuf_edition_add_signature(edition, &signature, &test_detail) == SLW_OK);
    slw_heap_free(&hex);
}

/* Puts a root that gives the root role to a key, made of the published one, under a version, signed
 * by another key. */
static void put_root(int64_t version, enum test_key role_key, enum test_key signer)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_tuf_edition *base = NULL;
    struct slw_tuf_edition *forged = NULL;
    struct slw_tuf_change change = {
        .type = SLW_TUF_ROOT,
        .role = SLW_BYTES_OF("root"),
        .base_version = version - 1,
        .version = version,
        .expires_utc_s = test.now_utc_s + 86400,
        .roles = {[SLW_TUF_ROOT] = test_role_keys(1, 1, role_key)},
    };
    TAP_REQUIRE(test_writer_open() == SLW_OK);
    TAP_REQUIRE(slw_tuf_edition_fetch(test.writer, SLW_TUF_ROOT, "root", version - 1, &base,
                                      &test_detail) == SLW_OK);
    memcpy(change.base_sha256, base->digest, sizeof change.base_sha256);
    TAP_REQUIRE(slw_tuf_model_apply(base->model, &change, &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_edition_make(SLW_TUF_ROOT, base->model, &forged, &test_detail) == SLW_OK);
    base->model = NULL;
    slw_tuf_edition_free(base);
    sign(forged, signer);
    TAP_REQUIRE(slw_tuf_edition_format(forged, SLW_BYTES_OF("root"), &test_detail) == SLW_OK);
    slw_tuf_key_of(version, "root", key);
    put(key, slw_heap_bytes(&forged->file));
    slw_tuf_edition_free(forged);
    test_new_process();
}

static void a_root_that_a_stranger_put_behind_the_last_gets_nothing_signed(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    put_root(2, KEY_TEAM_2, KEY_TEAM_2);
    TAP_EQUAL_INT(test_writer_open(), SLW_ROOT_UNTRUSTED);
    TAP_CHECK(test_said("metadata/2.root.json") && test_said("nothing is built on it"));
    TAP_EQUAL_INT(test_rotate(SLW_TUF_ROOT, KEY_ROOT_2), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(test_publish(), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test_count("metadata/"), 5);
    test_close();
}

static void nor_while_a_writer_is_open(void)
{
    struct slw_tuf_writer *open = NULL;
    TAP_REQUIRE(test_open() && test_begin());
    open = test.writer;
    test.writer = NULL;
    put_root(2, KEY_TEAM_2, KEY_TEAM_2);
    test.writer = open;
    TAP_EQUAL_INT(test_add("targets", "a", "1"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(test_publish(), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void a_root_that_does_not_stand_for_itself_is_not_built_on(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    put_root(2, KEY_ROOT_2, KEY_ROOT);
    TAP_EQUAL_INT(test_writer_open(), SLW_ROOT_SELF_UNSIGNED);
    TAP_CHECK(test_said("metadata/2.root.json"));
    test_close();
}

static bool rotate_root(enum test_key from, enum test_key to)
{
    return test_rotate(SLW_TUF_ROOT, to) == SLW_OK && test_prepare() == SLW_OK &&
           test_sign("root", from) == SLW_OK && test_sign("root", to) == SLW_OK &&
           test_publish() == SLW_OK;
}

/* The last one stands for itself and is what the owners made. */
static void a_root_in_the_middle_of_the_chain_is_checked_too(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    TAP_REQUIRE(rotate_root(KEY_ROOT, KEY_ROOT_2) && rotate_root(KEY_ROOT_2, KEY_ROOT));
    test_new_process();
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    put_root(2, KEY_ROOT_2, KEY_TEAM_2);
    TAP_EQUAL_INT(test_writer_open(), SLW_ROOT_UNTRUSTED);
    TAP_CHECK(test_said("metadata/2.root.json"));
    test_close();
}

static void copy(const char *key, struct slw_heap_buffer *ret_bytes)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    TAP_REQUIRE(storage->get(storage->context, key, 1u << 20, ret_bytes, &test_detail) == SLW_OK);
}

/* Puts targets that list what the attacker likes, under a version that there was, by a key. */
static void put_targets(int64_t version, enum test_key signer)
{
    struct slw_tuf_model *model = NULL;
    struct slw_tuf_edition *forged = NULL;
    char key[SLW_TUF_KEY_SIZE];
    const struct slw_tuf_artifact artifact = {
        .path = SLW_BYTES_OF("malware"), .length = 7, .sha256 = {1}};
    const struct slw_tuf_change change = {
        .type = SLW_TUF_TARGETS,
        .role = SLW_BYTES_OF("targets"),
        .version = version,
        .expires_utc_s = test.now_utc_s + 86400,
        .add = &artifact,
        .add_count = 1,
    };
    TAP_REQUIRE(slw_tuf_model_new(SLW_TUF_TARGETS, change.role, &model, &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_model_apply(model, &change, &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_edition_make(SLW_TUF_TARGETS, model, &forged, &test_detail) == SLW_OK);
    sign(forged, signer);
    TAP_REQUIRE(slw_tuf_edition_format(forged, change.role, &test_detail) == SLW_OK);
    slw_tuf_key_of(version, "targets", key);
    put(key, slw_heap_bytes(&forged->file));
    slw_tuf_edition_free(forged);
}

/* The key is revoked, but the timestamp from before still is what the same key signed: snapshots
 * name versions only, and so other targets of that version fit. */
static void targets_by_a_revoked_key_are_told_of_before_anybody_signs(void)
{
    struct slw_heap_buffer timestamp = {0};
    TAP_REQUIRE(test_open() && test_begin());
    copy("metadata/timestamp.json", &timestamp);
    TAP_REQUIRE(test_rotate(SLW_TUF_TARGETS, KEY_TARGETS_2) == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_sign("root", KEY_ROOT) == SLW_OK);
    TAP_REQUIRE(test_sign("targets", KEY_TARGETS_2) == SLW_OK && test_publish() == SLW_OK);
    test_new_process();
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    TAP_CHECK(!test_told("before you sign"));
    test_new_process();
    put_targets(1, KEY_TARGETS);
    put("metadata/timestamp.json", slw_heap_bytes(&timestamp));
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    TAP_CHECK(test_told("targets: version 1 is signed by keys that a later root replaced"));
    TAP_CHECK(test_told("before you sign"));
    test_new_process();
    put_targets(1, KEY_TEAM_2);
    TAP_EQUAL_INT(test_writer_open(), SLW_BELOW_THRESHOLD);
    slw_heap_free(&timestamp);
    test_close();
}

static void a_long_chain_of_roots_is_followed(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    for (int i = 0; i < 5; i++) {
        TAP_REQUIRE(
            rotate_root(i % 2 == 0 ? KEY_ROOT : KEY_ROOT_2, i % 2 == 0 ? KEY_ROOT_2 : KEY_ROOT));
        test_new_process();
    }
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_root(test.writer)->published->version, 6);
    test_close();
}

int main(void)
{
    TAP_RUN(a_root_that_a_stranger_put_behind_the_last_gets_nothing_signed);
    TAP_RUN(nor_while_a_writer_is_open);
    TAP_RUN(a_root_that_does_not_stand_for_itself_is_not_built_on);
    TAP_RUN(a_root_in_the_middle_of_the_chain_is_checked_too);
    TAP_RUN(targets_by_a_revoked_key_are_told_of_before_anybody_signs);
    TAP_RUN(a_long_chain_of_roots_is_followed);
    return tap_finish();
}
