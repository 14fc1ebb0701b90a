/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier decides about roots (spec/SPEC.md, section 3), in the points that no vector is
 * about: each case is an accepted bundle and its refused twins.
 */
#include "test_metadata.h"

#include "tap.h"

static const struct test_root root_1 = {.version = 1, .root = "a", .targets = "b"};
static const struct test_targets release_5 = {.version = 5};

/* A bundle of root 1's device with this root and nothing to install. */
static enum slw_status verify_root(const struct test_root *root, const char *signers)
{
    test_begin();
    test_put_root(root, signers);
    test_put_targets(&release_5, root->targets);
    return test_verify();
}

/* The same, where not every targets key can sign. */
static enum slw_status verify_root_signed_by(const struct test_root *root, const char *targets)
{
    test_begin();
    test_put_root(root, "a");
    test_put_targets(&release_5, targets);
    return test_verify();
}

static void set_up(void)
{
    test_reset_device();
    test_trust(&root_1);
}

static void no_two_roles_share_a_key(void)
{
    set_up();
    struct test_root root = {.version = 2, .root = "a", .targets = "b", .timestamp = "T"};
    root.snapshot = "S";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    root.timestamp = "b";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_SHARED_KEY);
    root.timestamp = "S";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_SHARED_KEY);
    root.timestamp = NULL;
    root.snapshot = "a";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_SHARED_KEY);
    test_trust(&root);
    TAP_EQUAL_INT(verify_root(&root_1, "a"), SLW_SHARED_KEY);
}

static void a_role_lists_each_of_its_keys_once(void)
{
    set_up();
    struct test_root root = {.version = 2, .root = "a", .targets = "bc"};
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    root.targets = "bcb";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_BAD_KEY);
    root.targets = "bc%";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_BAD_KEY);
    root.targets = "bc7";
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_BAD_KEY);
}

static struct slw_heap_buffer more;

static enum slw_status verify_more(void)
{
    const struct test_root root = {.version = 2, .root = "a", .targets = "b", .more = &more};
    enum slw_status status = verify_root(&root, "a");
    slw_heap_free(&more);
    return status;
}

static enum slw_status verify_ed25519(const uint8_t *value, size_t len)
{
    test_put_mapping(&more, SLW_KEY_TYPE_ED25519, SLW_KEY_TYPE_ED25519, slw_bytes_make(value, len),
                     NULL, 0);
    return verify_more();
}

/* Its id is the hash of it: only the value is wrong. */
static void an_ed25519_key_is_a_point_of_large_order(void)
{
    uint8_t key[33] = {4};
    set_up();
    TAP_EQUAL_INT(verify_ed25519(key, 32), SLW_OK); /* y = 4 is on the curve */
    TAP_EQUAL_INT(verify_ed25519(key, 33), SLW_BAD_KEY);
    TAP_EQUAL_INT(verify_ed25519(key, 31), SLW_BAD_KEY);
    key[0] = 2; /* not on it */
    TAP_EQUAL_INT(verify_ed25519(key, 32), SLW_BAD_KEY);
    key[0] = 1; /* the neutral point, both ways */
    TAP_EQUAL_INT(verify_ed25519(key, 32), SLW_BAD_KEY);
    key[31] = 0x80;
    TAP_EQUAL_INT(verify_ed25519(key, 32), SLW_BAD_KEY);
    memset(key, 0xFF, sizeof key); /* y = p + 4, which isn't reduced */
    key[0] = 0xF1;
    key[31] = 0x7F;
    TAP_EQUAL_INT(verify_ed25519(key, 32), SLW_BAD_KEY);
}

static enum slw_status verify_mapping(uint64_t type, uint64_t scheme, const uint8_t *id, size_t len)
{
    test_put_mapping(&more, type, scheme, SLW_BYTES_OF("a key of another kind"), id, len);
    return verify_more();
}

static void the_id_of_an_ignored_key_is_checked_as_far_as_it_can_be(void)
{
    const uint8_t id[33] = {1};
    const uint64_t negative = UINT64_MAX;
    set_up();
    TAP_EQUAL_INT(verify_mapping(1, 1, NULL, 0), SLW_OK);
    TAP_EQUAL_INT(verify_mapping(255, 255, NULL, 0), SLW_OK);
    TAP_EQUAL_INT(verify_mapping(255, 255, id, 32), SLW_BAD_KEY);
    TAP_EQUAL_INT(verify_mapping(255, 255, id, 31), SLW_BAD_KEY);
    TAP_EQUAL_INT(verify_mapping(256, 1, id, 32), SLW_OK);
    TAP_EQUAL_INT(verify_mapping(1, 256, id, 32), SLW_OK);
    TAP_EQUAL_INT(verify_mapping(256, 1, id, 33), SLW_OK);
    TAP_EQUAL_INT(verify_mapping(negative, 1, id, 32), SLW_OK);
    TAP_EQUAL_INT(verify_mapping(SLW_KEY_TYPE_P256 + 256, SLW_KEY_TYPE_P256 + 256, id, 32), SLW_OK);
}

static void a_key_of_ours_has_its_hash_for_an_id(void)
{
    uint8_t id[33];
    const uint8_t value[32] = {4};
    struct slw_sha256 hash;
    const uint8_t head[2] = {SLW_KEY_TYPE_ED25519, SLW_KEY_TYPE_ED25519};
    set_up();
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(head, sizeof head));
    slw_sha256_update(&hash, slw_bytes_make(value, sizeof value));
    slw_sha256_final(&hash, id);
    id[32] = 0;
    for (size_t len = 31; len <= 33; len++) {
        test_put_mapping(&more, 2, 2, slw_bytes_make(value, sizeof value), id, len);
        TAP_EQUAL_INT(verify_more(), len == 32 ? SLW_OK : SLW_BAD_KEY);
    }
}

/* More ids than there may be keys: some of them have none. */
static void a_role_lists_no_more_keys_than_a_root_may_have(void)
{
    static const char digits[] = "0123456789";
    set_up();
    test_device.limits.root_keys = 8;
    const struct test_root root = {.version = 2, .root = "a", .targets = "b", .snapshot = digits};
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_BAD_KEY);
    const struct test_root eight = {.version = 2, .root = "a", .targets = "bcdefgh"};
    TAP_EQUAL_INT(verify_root(&eight, "a"), SLW_OK);
    struct test_root nine = {.version = 2, .root = "a", .targets = "bcdefghi"};
    TAP_EQUAL_INT(verify_root(&nine, "a"), SLW_TOO_LARGE);
    /* None is looked at behind the first that is too many: each costs arithmetic on a curve. */
    slw_heap_append_text(&more, "\x07");
    nine.more = &more;
    TAP_EQUAL_INT(verify_root(&nine, "a"), SLW_TOO_LARGE);
    slw_heap_free(&more);
    const struct test_root listed = {
        .version = 2, .root = "a", .targets = "bcdefgh", .snapshot = "1"};
    TAP_EQUAL_INT(verify_root(&listed, "a"), SLW_BAD_KEY);
}

static void a_key_class_is_one_of_four(void)
{
    set_up();
    struct test_root root = {.version = 2, .root = "a", .targets = "b", .key_class = 3};
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    root.key_class = 4;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_MALFORMED);
    test_trust(&root);
    TAP_EQUAL_INT(verify_root(&root_1, "a"), SLW_NO_TRUSTED_ROOT);
    root.key_class = SLW_KEY_CLASS_PROD;
    root.version = 1;
    test_trust(&root);
    root.version = 2;
    root.key_class = SLW_KEY_CLASS_NONE;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_ROOT_CLASS);
}

static void a_spec_version_is_three_numbers_of_major_0_or_1(void)
{
    static const char *const good[] = {"1.0.34", "0.9.0", "1.10.0", "1.4294967296.7"};
    static const char *const bad[] = {"1",
                                      "1.0",
                                      "1.0.",
                                      "1.0.0.0",
                                      "1.0.0-rc",
                                      ".1.0.0",
                                      "1..0",
                                      "01.0.0",
                                      "1.0.01",
                                      "2.0.0",
                                      "1.0.0 ",
                                      "1,0,0",
                                      "11.0.0",
                                      " 1.0.0",
                                      "-1.0.0",
                                      "1.0.x",
                                      "1.0.0123456789",
                                      "1.1.11111111111111111111111111111"};
    struct test_root root = root_1;
    root.version = 2;
    set_up();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        TAP_ROW(good[i]);
        root.spec_version = good[i];
        TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        root.spec_version = bad[i];
        TAP_EQUAL_INT(verify_root(&root, "a"), SLW_BAD_SPEC_VERSION);
    }
    TAP_ROW(NULL);
}

static void expires_when_the_time_has_come_and_not_before(void)
{
    struct test_root root = {
        .version = 2, .root = "a", .targets = "b", .expires = true, .expires_s = 1000};
    set_up();
    test_device.now = (struct slw_time){.known = true, .utc_s = 999};
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    test_device.now.utc_s = 1000;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_EXPIRED);
    root.expires_nanos = 1;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    root.expires_nanos = 999999999;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_OK);
    test_device.now.utc_s = 1001;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_EXPIRED);
    root.expires_nanos = UINT64_MAX; /* -1 */
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_MALFORMED);
}

/* 3 follows 2, which follows 1. */
static enum slw_status verify_history(const struct test_root *root_2, const char *signers_2,
                                      const struct test_root *root_3, const char *signers_3)
{
    test_begin();
    test_put_history(root_2, signers_2);
    test_put_root(root_3, signers_3);
    test_put_targets(&release_5, root_3->targets);
    return test_verify();
}

static void only_the_root_in_force_must_not_be_expired(void)
{
    struct test_root root_2 = {.version = 2, .root = "c", .targets = "b", .expires = true};
    struct test_root root_3 = {.version = 3, .root = "c", .targets = "b"};
    set_up();
    test_device.now = (struct slw_time){.known = true, .utc_s = 1000};
    TAP_EQUAL_INT(verify_history(&root_2, "ac", &root_3, "c"), SLW_OK);
    root_2.expires = false;
    root_3.expires = true;
    TAP_EQUAL_INT(verify_history(&root_2, "ac", &root_3, "c"), SLW_EXPIRED);
}

static void a_skipped_root_of_the_history_may_be_anything_of_its_version(void)
{
    const struct test_root other = {.version = 1, .root = "x", .targets = "x", .role = "none"};
    const struct test_root root_2 = {.version = 2, .root = "a", .targets = "b"};
    const struct test_root root_3 = {.version = 3, .root = "a", .targets = "b"};
    set_up();
    TAP_EQUAL_INT(verify_history(&other, "", &root_3, "a"), SLW_OK);
    TAP_EQUAL_INT(verify_history(&root_2, "", &root_3, "a"), SLW_UNSIGNED);
    test_begin();
    test_put_history(&root_2, "a");
    test_put_targets(&release_5, "b");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
    test_device.limits.root_history = 1;
    TAP_EQUAL_INT(verify_history(&root_2, "a", &root_3, "a"), SLW_OK);
    test_begin();
    test_put_history(&other, "a");
    test_put_history(&root_2, "a");
    test_put_root(&root_3, "a");
    TAP_EQUAL_INT(test_verify(), SLW_TOO_LARGE);
}

static void a_history_may_be_anywhere_in_a_bundle(void)
{
    const struct test_root root_2 = {.version = 2, .root = "c", .targets = "b"};
    const struct test_root root_3 = {.version = 3, .root = "d", .targets = "b"};
    const struct test_root root_4 = {.version = 4, .root = "d", .targets = "b"};
    set_up();
    test_begin();
    test_put_root(&root_4, "d");
    test_put_history(&root_2, "ac");
    test_put_text(&test_bundle, 15, "a field that nobody knows");
    test_put_targets(&release_5, "b");
    test_put_history(&root_3, "cd");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    TAP_EQUAL_INT(slw_verifier_root(&test_verifier)->version, 4);
}

static void a_root_of_the_same_version_must_be_the_same(void)
{
    struct test_root root = root_1;
    set_up();
    TAP_EQUAL_INT(verify_root(&root, ""), SLW_OK);
    root.key_class = SLW_KEY_CLASS_DEV;
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_ROOT_REPLACED);
}

static void content_comes_before_signatures_and_those_of_the_trusted_root_first(void)
{
    struct test_root root = {.version = 0, .root = "c", .targets = "b", .key_class = 1};
    set_up();
    TAP_EQUAL_INT(verify_root(&root, ""), SLW_ROOT_ROLLBACK);
    root.version = 2;
    TAP_EQUAL_INT(verify_root(&root, ""), SLW_UNSIGNED);
    TAP_EQUAL_INT(verify_root(&root, "dd"), SLW_DUPLICATE_SIGNATURE);
    TAP_EQUAL_INT(verify_root(&root, "d"), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(verify_root(&root, "c"), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(verify_root(&root, "a"), SLW_ROOT_SELF_UNSIGNED);
    TAP_EQUAL_INT(verify_root(&root, "b"), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(verify_root(&root, "ca"), SLW_OK);
    root.root_threshold = 2;
    TAP_EQUAL_INT(verify_root(&root, ""), SLW_BAD_THRESHOLD);
    root.spec_version = "2.0.0";
    root.targets = "bb";
    TAP_EQUAL_INT(verify_root(&root, ""), SLW_BAD_SPEC_VERSION);
    root.role = "targets";
    TAP_EQUAL_INT(verify_root(&root, ""), SLW_WRONG_ROLE);
}

/* At each root climbed: keys that went and came back were gone in between. */
static void the_version_is_reset_by_any_root_that_drops_too_many_keys(void)
{
    const struct test_root root_2 = {.version = 2, .root = "a", .targets = "c"};
    const struct test_root root_3 = {.version = 3, .root = "a", .targets = "b"};
    const struct test_root moved = {.version = 2, .root = "a", .targets = "c", .snapshot = "b"};
    const struct test_root both = {.version = 2, .root = "a", .targets = "bc"};
    struct test_root two = both;
    two.targets_threshold = 2;
    set_up();
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 6;
    TAP_EQUAL_INT(verify_history(&root_2, "a", &root_3, "a"), SLW_OK);
    TAP_CHECK(test_verifier.result.resets_version);
    const struct test_root still = {.version = 3, .root = "a", .targets = "c"};
    TAP_EQUAL_INT(verify_history(&root_2, "a", &still, "a"), SLW_OK);
    TAP_EQUAL_INT(verify_root(&root_3, "a"), SLW_ROLLBACK);
    TAP_EQUAL_INT(verify_root(&moved, "a"), SLW_OK);
    TAP_EQUAL_INT(verify_root(&both, "a"), SLW_ROLLBACK);
    /* One of the old keys remains where two are needed now. */
    test_begin();
    test_put_root(&two, "a");
    test_put_targets(&release_5, "bc");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    test_device.stored_floor = 6;
    TAP_EQUAL_INT(test_verify(), SLW_ROLLBACK);
}

/* Who could sign the old releases all along mustn't get them accepted again. */
static void a_threshold_that_rose_and_fell_resets_nothing(void)
{
    const struct test_root root_2 = {
        .version = 2, .root = "a", .targets = "bc", .targets_threshold = 2};
    const struct test_root root_3 = {.version = 3, .root = "a", .targets = "b"};
    const struct test_root other = {.version = 3, .root = "a", .targets = "c"};
    set_up();
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 6;
    TAP_EQUAL_INT(verify_history(&root_2, "a", &root_3, "a"), SLW_ROLLBACK);
    TAP_EQUAL_INT(verify_history(&root_2, "a", &other, "a"), SLW_OK);
    /* The same for a device that had kept such a root before. */
    test_trust(&root_2);
    test_device.newer_keys = 1u << 2; /* "c", behind "a" and "b" */
    TAP_EQUAL_INT(verify_root(&root_3, "a"), SLW_ROLLBACK);
    TAP_EQUAL_INT(verify_root(&other, "a"), SLW_OK);
}

/* Neither for a threshold nor as one that remains. */
static void a_key_of_an_unknown_kind_counts_for_nothing(void)
{
    struct test_root root = {.version = 2, .root = "a", .targets = "b#"};
    set_up();
    TAP_EQUAL_INT(verify_root_signed_by(&root, "b"), SLW_OK);
    root.targets_threshold = 2;
    TAP_EQUAL_INT(verify_root_signed_by(&root, "b"), SLW_BAD_THRESHOLD);
    root.targets_threshold = 1;
    root.version = 1;
    test_trust(&root);
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 6;
    root.version = 2;
    root.targets = "c#";
    TAP_EQUAL_INT(verify_root_signed_by(&root, "c"), SLW_OK);
    TAP_CHECK(test_verifier.result.resets_version);
}

int main(void)
{
    TAP_RUN(no_two_roles_share_a_key);
    TAP_RUN(a_role_lists_each_of_its_keys_once);
    TAP_RUN(an_ed25519_key_is_a_point_of_large_order);
    TAP_RUN(the_id_of_an_ignored_key_is_checked_as_far_as_it_can_be);
    TAP_RUN(a_key_of_ours_has_its_hash_for_an_id);
    TAP_RUN(a_role_lists_no_more_keys_than_a_root_may_have);
    TAP_RUN(a_key_class_is_one_of_four);
    TAP_RUN(a_spec_version_is_three_numbers_of_major_0_or_1);
    TAP_RUN(expires_when_the_time_has_come_and_not_before);
    TAP_RUN(only_the_root_in_force_must_not_be_expired);
    TAP_RUN(a_skipped_root_of_the_history_may_be_anything_of_its_version);
    TAP_RUN(a_history_may_be_anywhere_in_a_bundle);
    TAP_RUN(a_root_of_the_same_version_must_be_the_same);
    TAP_RUN(content_comes_before_signatures_and_those_of_the_trusted_root_first);
    TAP_RUN(the_version_is_reset_by_any_root_that_drops_too_many_keys);
    TAP_RUN(a_threshold_that_rose_and_fell_resets_nothing);
    TAP_RUN(a_key_of_an_unknown_kind_counts_for_nothing);
    return tap_finish();
}
