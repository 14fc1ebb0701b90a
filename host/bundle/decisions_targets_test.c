/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier decides about targets metadata (spec/SPEC.md, section 3), in the
 * points that no vector is about: each case is an accepted bundle and its refused twins.
 */
#include "test_metadata.h"

#include "tap.h"

#include <string.h>

static const struct test_root root_1 = {.version = 1, .root = "a", .targets = "b"};
static struct slw_heap_buffer more;

static void set_up(void)
{
    test_reset_device();
    test_trust(&root_1);
    slw_heap_free(&more);
}

static void begin(const struct test_targets *targets)
{
    test_begin();
    test_put_targets(targets, "b");
}

static enum slw_status verify(const struct test_targets *targets)
{
    begin(targets);
    return test_verify();
}

/* A release of version 5 with these fields, which are freed. */
static enum slw_status verify_more(void)
{
    const struct test_targets targets = {.version = 5, .more = &more};
    enum slw_status status = verify(&targets);
    slw_heap_free(&more);
    return status;
}

static enum slw_status verify_number(uint32_t field, uint64_t value)
{
    test_put_uint(&more, field, value);
    return verify_more();
}

static enum slw_status verify_packed(const char *numbers, size_t len)
{
    test_put_bytes(&more, SLW_TARGETS_CRITICAL_FIELDS, slw_bytes_make(numbers, len));
    return verify_more();
}

static void critical_fields_may_be_packed_and_must_be_fields_of_ours(void)
{
    set_up();
    TAP_EQUAL_INT(verify_packed("", 0), SLW_OK);
    TAP_EQUAL_INT(verify_packed("\x41\x49\x4A\x01\xC1\x00", 6), SLW_OK); /* 65 padded at the end */
    TAP_EQUAL_INT(verify_packed("\x41\x4B\x4A", 3), SLW_UNKNOWN_CRITICAL_FIELD);
    TAP_EQUAL_INT(verify_packed("\x00", 1), SLW_UNKNOWN_CRITICAL_FIELD);
    TAP_EQUAL_INT(verify_packed("\x20", 1), SLW_UNKNOWN_CRITICAL_FIELD); /* of a TargetFile */
    TAP_EQUAL_INT(verify_packed("\x41\xC1", 2), SLW_MALFORMED);
    TAP_EQUAL_INT(verify_packed("\x81\x80\x80\x80\x10", 5), SLW_MALFORMED); /* 2^32 + 1 */
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_CRITICAL_FIELDS, 65), SLW_OK);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_CRITICAL_FIELDS, 71), SLW_UNKNOWN_CRITICAL_FIELD);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_CRITICAL_FIELDS, 0), SLW_UNKNOWN_CRITICAL_FIELD);
}

static void unknown_urgencies_count_as_unspecified(void)
{
    static const uint64_t unknown[] = {5, 1000, UINT64_MAX, (uint64_t)-2147483648};
    set_up();
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_URGENCY, SLW_URGENCY_EMERGENCY), SLW_OK);
    TAP_EQUAL_INT(test_verifier.result.targets.urgency, SLW_URGENCY_EMERGENCY);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        TAP_EQUAL_INT(verify_number(SLW_TARGETS_URGENCY, unknown[i]), SLW_OK);
        TAP_EQUAL_INT(test_verifier.result.targets.urgency, SLW_URGENCY_NONE);
    }
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_URGENCY, UINT64_C(1) << 32), SLW_MALFORMED);
}

static void a_build_type_is_one_of_four_and_exactly_the_wanted_one(void)
{
    set_up();
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_BUILD_TYPE, SLW_BUILD_TYPE_USER), SLW_OK);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_BUILD_TYPE, 4), SLW_MALFORMED);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_BUILD_TYPE, UINT64_MAX), SLW_MALFORMED);
    test_device.check_build_type = true;
    test_device.build_type = SLW_BUILD_TYPE_USER;
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_BUILD_TYPE, SLW_BUILD_TYPE_USER), SLW_OK);
    TAP_EQUAL_INT(verify_more(), SLW_WRONG_BUILD_TYPE);
}

static void a_device_without_product_or_board_takes_releases_that_name_none(void)
{
    set_up();
    test_device.check_product = true;
    test_device.check_hardware = true;
    TAP_EQUAL_INT(verify_more(), SLW_OK);
    test_put_text(&more, SLW_TARGETS_PRODUCT, "");
    TAP_EQUAL_INT(verify_more(), SLW_OK);
    test_put_text(&more, SLW_TARGETS_PRODUCT, "lamp");
    TAP_EQUAL_INT(verify_more(), SLW_WRONG_PRODUCT);
    test_put_text(&more, SLW_TARGETS_HARDWARE_IDS, "board");
    test_put_text(&more, SLW_TARGETS_PRODUCT, "lamp");
    TAP_EQUAL_INT(verify_more(), SLW_WRONG_HARDWARE);
    test_device.product = SLW_BYTES_OF("lamp");
    test_device.hardware = SLW_BYTES_OF("board");
    test_put_text(&more, SLW_TARGETS_HARDWARE_IDS, "board");
    test_put_text(&more, SLW_TARGETS_HARDWARE_IDS, "boards");
    test_put_text(&more, SLW_TARGETS_HARDWARE_IDS, "board");
    test_put_text(&more, SLW_TARGETS_PRODUCT, "lamp");
    TAP_EQUAL_INT(verify_more(), SLW_OK);
    test_put_text(&more, SLW_TARGETS_PRODUCT, "");
    TAP_EQUAL_INT(verify_more(), SLW_OK);
}

static void release_notes_have_at_most_1024_bytes(void)
{
    char notes[1026];
    set_up();
    memset(notes, 'x', sizeof notes);
    notes[1025] = '\0';
    test_put_text(&more, SLW_TARGETS_RELEASE_NOTES, notes);
    TAP_EQUAL_INT(verify_more(), SLW_TOO_LARGE);
    notes[1024] = '\0';
    test_put_text(&more, SLW_TARGETS_RELEASE_NOTES, notes);
    TAP_EQUAL_INT(verify_more(), SLW_OK);
}

static void floors_and_versions_are_inclusive(void)
{
    set_up();
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_SECURITY_FLOOR, 5), SLW_OK);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_SECURITY_FLOOR, 6), SLW_ROLLBACK);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_MIN_INSTALLED_VERSION, 9), SLW_OK);
    test_device.stored_version = 6; /* nothing is stored, so it doesn't count */
    test_device.stored_floor = 6;
    TAP_EQUAL_INT(verify_more(), SLW_OK);
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 5;
    TAP_EQUAL_INT(verify_more(), SLW_ROLLBACK);
    test_device.stored_floor = 5;
    TAP_EQUAL_INT(verify_more(), SLW_OK);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_MIN_INSTALLED_VERSION, 5), SLW_OK);
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_MIN_INSTALLED_VERSION, 6), SLW_STEPPING_STONE);
    test_device.stored_version = 6;
    TAP_EQUAL_INT(verify_number(SLW_TARGETS_MIN_INSTALLED_VERSION, 7), SLW_ROLLBACK);
    test_device.stored = SLW_STORED_UNREADABLE;
    TAP_EQUAL_INT(verify_more(), SLW_STORED_STATE);
}

/* A reset lets an older release in; what it has to step on is still what is installed. */
static void a_stepping_stone_is_about_the_installed_version_whatever_was_reset(void)
{
    const struct test_root root_2 = {.version = 2, .root = "a", .targets = "c"};
    struct test_targets targets = {.version = 5, .more = &more};
    set_up();
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 8;
    for (uint64_t min = 8; min <= 9; min++) {
        test_put_uint(&more, SLW_TARGETS_MIN_INSTALLED_VERSION, min);
        test_begin();
        test_put_root(&root_2, "a");
        test_put_targets(&targets, "c");
        TAP_EQUAL_INT(test_verify(), min == 8 ? SLW_OK : SLW_STEPPING_STONE);
        slw_heap_free(&more);
    }
}

/* All of them are wrong; each is mended in turn. */
static void reasons_come_in_their_order(void)
{
    static const struct test_target bad = {.name = "..", .image = "image"};
    struct test_targets targets = {.version = 5,
                                   .role = "root",
                                   .spec_version = "2.0.0",
                                   .expires = true,
                                   .more = &more,
                                   .targets = &bad,
                                   .count = 1};
    set_up();
    test_put_uint(&more, SLW_TARGETS_CRITICAL_FIELDS, 999);
    test_put_text(&more, SLW_TARGETS_HARDWARE_IDS, "other");
    test_device.now.known = true;
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 6;
    test_device.check_hardware = true;
    test_device.check_key_class = true;
    test_device.key_class = SLW_KEY_CLASS_PROD;
    test_begin();
    test_put_targets(&targets, "c");
    TAP_EQUAL_INT(test_verify(), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(verify(&targets), SLW_WRONG_ROLE);
    targets.role = "targets";
    TAP_EQUAL_INT(verify(&targets), SLW_BAD_SPEC_VERSION);
    targets.spec_version = "0.0.0";
    TAP_EQUAL_INT(verify(&targets), SLW_EXPIRED);
    test_device.now.utc_s = -1;
    TAP_EQUAL_INT(verify(&targets), SLW_ROLLBACK);
    targets.version = 6;
    TAP_EQUAL_INT(verify(&targets), SLW_UNKNOWN_CRITICAL_FIELD);
    slw_heap_free(&more);
    test_put_text(&more, SLW_TARGETS_HARDWARE_IDS, "other");
    TAP_EQUAL_INT(verify(&targets), SLW_WRONG_HARDWARE);
    slw_heap_free(&more);
    TAP_EQUAL_INT(verify(&targets), SLW_WRONG_KEY_CLASS);
    test_device.check_key_class = false;
    TAP_EQUAL_INT(verify(&targets), SLW_BAD_NAME);
}

static enum slw_status verify_targets(const struct test_target *targets, size_t count)
{
    const struct test_targets release = {.version = 5, .targets = targets, .count = count};
    begin(&release);
    for (size_t i = 0; i < count; i++) {
        if (targets[i].image[0] != '\0') {
            test_put_payload(targets[i].name, targets[i].image);
        }
    }
    return test_verify();
}

static void a_component_gets_one_image(void)
{
    struct test_target targets[2] = {{.name = "app", .image = "image"},
                                     {.name = "other", .image = "image"}};
    set_up();
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
    targets[1].slot = "app";
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_DUPLICATE_TARGET);
    targets[0].slot = "app";
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_DUPLICATE_TARGET);
    targets[0].slot = "other"; /* crosswise: each slot once, each name once */
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
    targets[0].slot = "third";
    targets[1].slot = "third";
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_DUPLICATE_TARGET);
    /* user_manifest is never installed, so its slot means nothing. */
    targets[0].name = "user_manifest";
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
    targets[1].slot = "user_manifest";
    targets[0].slot = NULL;
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
}

/* One name for a target, a slot, and a form: the slot between the others is no excuse. */
static void a_name_is_used_once_for_payloads_whatever_slots_are_called(void)
{
    struct test_target targets[3] = {{.name = "x", .slot = "s", .image = "image"},
                                     {.name = "y", .slot = "x", .image = "image"},
                                     {.name = "z", .image = "image", .more = &more}};
    set_up();
    test_put_encoding(&more, SLW_ENCODING_LZ, "z.lz", "form", NULL);
    TAP_EQUAL_INT(verify_targets(targets, 3), SLW_OK);
    test_put_encoding(&more, SLW_ENCODING_LZ, "x", "form", NULL);
    TAP_EQUAL_INT(verify_targets(targets, 3), SLW_DUPLICATE_TARGET);
    slw_heap_free(&more);
}

static void a_slot_follows_the_rules_of_names(void)
{
    static const char *const bad[] = {"/app", "a//b", ".", "a/..", "a\\b", "a\x1F"};
    char slot[66];
    struct test_target target = {.name = "app", .image = "image"};
    set_up();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        target.slot = bad[i];
        TAP_EQUAL_INT(verify_targets(&target, 1), SLW_BAD_NAME);
        target.slot = NULL;
        target.name = bad[i];
        TAP_EQUAL_INT(verify_targets(&target, 1), SLW_BAD_NAME);
        target.name = "app";
    }
    target.slot = " a b ";
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_OK);
    memset(slot, 's', sizeof slot);
    slot[65] = '\0';
    target.slot = slot;
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_TOO_LARGE);
    slot[64] = '\0';
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_OK);
}

/* Slots of a device: "app", with room for five bytes. */
static enum slw_status capacity(void *context, struct slw_bytes slot, uint64_t *ret_capacity)
{
    (void)context;
    *ret_capacity = 5;
    return slw_bytes_equal(slot, SLW_BYTES_OF("app")) ? SLW_OK : SLW_UNKNOWN_SLOT;
}

static void an_image_must_fit_into_a_slot_of_the_device(void)
{
    static const struct slw_slot_port slots = {NULL, capacity};
    struct test_target target = {.name = "app", .image = "image"};
    set_up();
    test_device.slots = &slots;
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_OK);
    target.image = "images";
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_SLOT_TOO_SMALL);
    target.name = "user_manifest";
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_OK);
    target.slot = "elsewhere";
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_OK);
    target.name = "app";
    TAP_EQUAL_INT(verify_targets(&target, 1), SLW_UNKNOWN_SLOT);
}

static void limits_are_inclusive(void)
{
    const struct test_target targets[3] = {
        {.name = "a", .image = "1"}, {.name = "b", .image = "2"}, {.name = "c", .image = "3"}};
    set_up();
    test_device.limits.targets = 2;
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
    TAP_EQUAL_INT(verify_targets(targets, 3), SLW_TOO_LARGE);
    test_device.limits.targets_size = test_verifier.result.targets.serialized.length;
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
    test_device.limits.targets_size = test_verifier.result.targets.serialized.length;
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_OK);
    test_device.limits.targets_size--;
    TAP_EQUAL_INT(verify_targets(targets, 2), SLW_TOO_LARGE);
}

static void other_entries_are_told_apart_and_not_looked_into(void)
{
    static const struct test_targets release = {.version = 5};
    char name[2] = "A";
    set_up();
    begin(&release);
    test_put_entry("other");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    test_put_entry("other");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
    begin(&release);
    test_put_entry("");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
    begin(&release);
    for (size_t i = 1; i < SLW_TARGETS_ENTRIES_MAX; i++, name[0]++) {
        test_put_entry(name);
    }
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    test_put_entry(name);
    TAP_EQUAL_INT(test_verify(), SLW_TOO_LARGE);
}

int main(void)
{
    TAP_RUN(critical_fields_may_be_packed_and_must_be_fields_of_ours);
    TAP_RUN(unknown_urgencies_count_as_unspecified);
    TAP_RUN(a_build_type_is_one_of_four_and_exactly_the_wanted_one);
    TAP_RUN(a_device_without_product_or_board_takes_releases_that_name_none);
    TAP_RUN(release_notes_have_at_most_1024_bytes);
    TAP_RUN(floors_and_versions_are_inclusive);
    TAP_RUN(a_stepping_stone_is_about_the_installed_version_whatever_was_reset);
    TAP_RUN(reasons_come_in_their_order);
    TAP_RUN(a_component_gets_one_image);
    TAP_RUN(a_name_is_used_once_for_payloads_whatever_slots_are_called);
    TAP_RUN(a_slot_follows_the_rules_of_names);
    TAP_RUN(an_image_must_fit_into_a_slot_of_the_device);
    TAP_RUN(limits_are_inclusive);
    TAP_RUN(other_entries_are_told_apart_and_not_looked_into);
    return tap_finish();
}
