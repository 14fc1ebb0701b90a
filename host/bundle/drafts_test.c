/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata being made: roots, targets metadata, signatures, and findings in words. */
#include "slipway/explain.h"
#include "slipway/root_draft.h"
#include "slipway/signed_draft.h"
#include "slipway/targets_draft.h"

#include "tap.h"

static struct slw_detail detail;

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

static struct slw_private_key *new_key(enum slw_key_type type)
{
    struct slw_private_key *key = NULL;
    TAP_CHECK(slw_private_key_generate(type, &key, &detail) == SLW_OK);
    return key;
}

/* Keys 0 and 1 are P-256, 2 and 3 Ed25519; made once. */
static struct slw_private_key *keys[4];

static const struct slw_public_key *public_key(size_t index)
{
    return slw_private_key_public(keys[index]);
}

static struct slw_root_draft simple_root(void)
{
    struct slw_root_draft draft = {.version = 7, .key_class = SLW_KEY_CLASS_DEV};
    draft.thresholds[SLW_ROLE_ROOT] = 1;
    draft.thresholds[SLW_ROLE_TARGETS] = 2;
    draft.expires = (struct slw_expiry){true, 1896048000, 5};
    TAP_CHECK(slw_root_draft_add_key(&draft, SLW_ROLE_ROOT, public_key(0)) == SLW_OK);
    TAP_CHECK(slw_root_draft_add_key(&draft, SLW_ROLE_TARGETS, public_key(1)) == SLW_OK);
    TAP_CHECK(slw_root_draft_add_key(&draft, SLW_ROLE_TARGETS, public_key(2)) == SLW_OK);
    return draft;
}

static void a_root_says_what_its_draft_said(void)
{
    struct slw_root_draft draft = simple_root();
    struct slw_heap_buffer bytes = {0};
    struct slw_root_content content;
    TAP_REQUIRE(slw_root_draft_encode(&draft, "r", &bytes, &detail) == SLW_OK);
    TAP_REQUIRE(slw_root_content_read("r", slw_heap_bytes(&bytes), &content, &detail) == SLW_OK);
    TAP_EQUAL_INT(content.root.version, 7);
    TAP_EQUAL_INT(content.root.key_class, SLW_KEY_CLASS_DEV);
    TAP_CHECK(content.root.expires.present && content.root.expires.seconds == 1896048000);
    TAP_EQUAL_INT(content.root.expires.nanos, 5);
    TAP_EQUAL_INT(content.root.thresholds[SLW_ROLE_TARGETS], 2);
    TAP_EQUAL_INT(slw_root_usable_keys(&content.root, SLW_ROLE_TARGETS), 2);
    TAP_EQUAL_INT(content.root.keys_count, 3);
    slw_heap_free(&bytes);
}

/* Taking a root apart and putting it together again changes nothing. */
static void a_draft_of_a_root_encodes_to_the_same_bytes(void)
{
    struct slw_root_draft draft = simple_root();
    struct slw_root_draft again;
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer copy = {0};
    struct slw_root_content content;
    draft.consistent_snapshot = true;
    draft.thresholds[SLW_ROLE_SNAPSHOT] = 1;
    TAP_CHECK(slw_root_draft_add_key(&draft, SLW_ROLE_SNAPSHOT, public_key(3)) == SLW_OK);
    TAP_REQUIRE(slw_root_draft_encode(&draft, "r", &bytes, &detail) == SLW_OK);
    TAP_REQUIRE(slw_root_content_read("r", slw_heap_bytes(&bytes), &content, &detail) == SLW_OK);
    TAP_REQUIRE(slw_root_draft_from("r", slw_heap_bytes(&bytes), &content, &again, &detail) ==
                SLW_OK);
    TAP_REQUIRE(slw_root_draft_encode(&again, "r", &copy, &detail) == SLW_OK);
    TAP_REQUIRE(copy.len == bytes.len);
    TAP_EQUAL_BYTES(copy.ptr, bytes.ptr, bytes.len);
    slw_heap_append_text(&bytes, "\xC2\x3E\x01x"); /* field 1000, unknown in a root */
    TAP_EQUAL_INT(slw_root_draft_from("r", slw_heap_bytes(&bytes), &content, &again, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_CHECK(said("field 1000"));
    slw_heap_free(&bytes);
    slw_heap_free(&copy);
}

static enum slw_status encode_status(const struct slw_root_draft *draft)
{
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_root_draft_encode(draft, "r", &bytes, &detail);
    slw_heap_free(&bytes);
    return status;
}

static void refuses_roots_that_no_device_would_take(void)
{
    struct slw_root_draft draft = simple_root();
    draft.thresholds[SLW_ROLE_TARGETS] = 3;
    TAP_EQUAL_INT(encode_status(&draft), SLW_BAD_THRESHOLD);
    TAP_CHECK(said("threshold 3 with 2 usable keys"));
    draft.thresholds[SLW_ROLE_TARGETS] = 0;
    TAP_EQUAL_INT(encode_status(&draft), SLW_BAD_THRESHOLD);
    draft = simple_root();
    TAP_EQUAL_INT(slw_root_draft_add_key(&draft, SLW_ROLE_TARGETS, public_key(0)), SLW_OK);
    TAP_EQUAL_INT(encode_status(&draft), SLW_SHARED_KEY);
    draft = simple_root();
    draft.keys[1].id[0] ^= 1;
    TAP_EQUAL_INT(encode_status(&draft), SLW_BAD_KEY);
    draft = simple_root();
    for (size_t i = 3; i < 65; i++) {
        draft.keys[i] = draft.keys[1];
        draft.keys[i].id[31] ^= (uint8_t)i;
    }
    draft.keys_count = 65;
    TAP_EQUAL_INT(encode_status(&draft), SLW_TOO_LARGE);
    TAP_EQUAL_INT(slw_root_draft_add_key(&draft, SLW_ROLE_TARGETS, public_key(3)), SLW_TOO_LARGE);
}

static void keys_are_added_once_and_removed_from_a_role(void)
{
    struct slw_root_draft draft = simple_root();
    TAP_EQUAL_INT(slw_root_draft_add_key(&draft, SLW_ROLE_ROOT, public_key(0)), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_root_draft_remove_key(&draft, SLW_ROLE_ROOT, public_key(1)->id),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_root_draft_remove_key(&draft, SLW_ROLE_TARGETS, public_key(1)->id), SLW_OK);
    TAP_EQUAL_INT(slw_root_draft_remove_key(&draft, SLW_ROLE_TARGETS, public_key(1)->id),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(draft.keys_count, 2);
    TAP_EQUAL_BYTES(draft.keys[1].id, public_key(2)->id, 32);
}

static void signatures_are_added_replaced_and_verified(void)
{
    struct slw_signed_draft draft = {.serialized = SLW_BYTES_OF("signed bytes")};
    struct slw_signed_draft again;
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(slw_signed_draft_sign(&draft, keys[0], &detail), SLW_OK);
    TAP_EQUAL_INT(slw_signed_draft_sign(&draft, keys[2], &detail), SLW_OK);
    TAP_EQUAL_INT(slw_signed_draft_sign(&draft, keys[0], &detail), SLW_OK);
    TAP_EQUAL_INT(draft.count, 2);
    TAP_REQUIRE(slw_signed_draft_encode(&draft, &bytes, &detail) == SLW_OK);
    TAP_REQUIRE(slw_signed_draft_parse("s", slw_heap_bytes(&bytes), &again, &detail) == SLW_OK);
    TAP_REQUIRE(again.count == 2);
    for (size_t i = 0; i < 2; i++) {
        const struct slw_public_key *key = public_key(2 * i);
        const struct slw_public_key *other = public_key(2 * i + 1);
        TAP_EQUAL_INT(slw_signed_draft_verify(&again, &again.signatures[i], key->type, key->value),
                      SLW_OK);
        TAP_EQUAL_INT(
            slw_signed_draft_verify(&again, &again.signatures[i], other->type, other->value),
            SLW_BAD_SIGNATURE);
    }
    again.signatures[0].parsed_sig.len = 63;
    TAP_EQUAL_INT(slw_signed_draft_verify(&again, &again.signatures[0], SLW_KEY_TYPE_P256,
                                          public_key(0)->value),
                  SLW_BAD_SIGNATURE);
    slw_heap_free(&bytes);
}

static void refuses_the_33rd_signature(void)
{
    struct slw_signed_draft draft = {.serialized = SLW_BYTES_OF("x")};
    struct slw_heap_buffer bytes = {0};
    uint8_t id[32] = {0};
    uint8_t sig[64] = {0};
    for (id[0] = 0; id[0] < 32; id[0]++) {
        TAP_REQUIRE(slw_signed_draft_set(&draft, id, sig, &detail) == SLW_OK);
    }
    TAP_EQUAL_INT(slw_signed_draft_set(&draft, id, sig, &detail), SLW_TOO_LARGE);
    id[0] = 31;
    TAP_EQUAL_INT(slw_signed_draft_set(&draft, id, sig, &detail), SLW_OK);
    TAP_REQUIRE(slw_signed_draft_encode(&draft, &bytes, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_signed_draft_parse("s", slw_heap_bytes(&bytes), &draft, &detail), SLW_OK);
    slw_heap_append_text(&bytes, "\x12\x01"); /* a 33rd, that is cut off too */
    TAP_EQUAL_INT(slw_signed_draft_parse("s", slw_heap_bytes(&bytes), &draft, &detail),
                  SLW_MALFORMED);
    bytes.ptr[bytes.len - 1] = 0;
    TAP_EQUAL_INT(slw_signed_draft_parse("s", slw_heap_bytes(&bytes), &draft, &detail),
                  SLW_TOO_LARGE);
    slw_heap_free(&bytes);
}

/* Every field there is. */
static const uint8_t digest[32] = {1, 2, 3};

static bool fill(struct slw_targets_draft *draft, struct slw_encoding_draft *encoding)
{
    *draft = (struct slw_targets_draft){
        .spec_version = SLW_BYTES_OF("1.0.34"),
        .role = SLW_BYTES_OF("targets"),
        .version = 9,
        .expires = {true, -1, 0},
        .release_version = SLW_BYTES_OF("1.2.3"),
        .min_installed_version = 3,
        .urgency = SLW_URGENCY_SECURITY,
        .build_type = SLW_BUILD_TYPE_USER,
        .release_notes = SLW_BYTES_OF("notes"),
        .product = SLW_BYTES_OF("lamp"),
        .security_floor = 4,
    };
    struct slw_target_draft *target = slw_targets_draft_add(draft);
    if (target == NULL || !slw_targets_draft_add_hardware(draft, SLW_BYTES_OF("board-a")) ||
        !slw_targets_draft_add_hardware(draft, SLW_BYTES_OF("board-b"))) {
        return false;
    }
    *encoding = (struct slw_encoding_draft){SLW_ENCODING_DELTA, SLW_BYTES_OF("app.delta"), 5,
                                            slw_bytes_make(digest, 32), slw_bytes_make(digest, 32)};
    target->name = SLW_BYTES_OF("app");
    target->slot = SLW_BYTES_OF("main");
    target->length = 5000000000u;
    target->sha256 = slw_bytes_make(digest, 32);
    target->encodings = encoding;
    target->encodings_count = 1;
    return true;
}

static void forget_encoding(struct slw_targets_draft *draft)
{
    draft->targets[0].encodings = NULL; /* not from the heap here */
    draft->targets[0].encodings_count = 0;
    slw_targets_draft_free(draft);
}

static void targets_metadata_survives_being_written_and_read(void)
{
    struct slw_targets_draft draft;
    struct slw_targets_draft again;
    struct slw_encoding_draft encoding;
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer copy = {0};
    TAP_REQUIRE(fill(&draft, &encoding));
    TAP_REQUIRE(slw_targets_draft_encode(&draft, &bytes, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_targets_check_content(slw_heap_bytes(&bytes), &detail), SLW_OK);
    TAP_REQUIRE(slw_targets_draft_parse(slw_heap_bytes(&bytes), &again, &detail) == SLW_OK);
    TAP_CHECK(again.expires.seconds == -1 && again.targets[0].length == 5000000000u);
    TAP_CHECK(slw_bytes_equal(again.hardware_ids[1], SLW_BYTES_OF("board-b")));
    TAP_CHECK(slw_bytes_equal(again.targets[0].slot, SLW_BYTES_OF("main")));
    TAP_EQUAL_INT(again.security_floor, 4);
    TAP_REQUIRE(slw_targets_draft_encode(&again, &copy, &detail) == SLW_OK);
    TAP_REQUIRE(copy.len == bytes.len);
    TAP_EQUAL_BYTES(copy.ptr, bytes.ptr, bytes.len);
    forget_encoding(&draft);
    slw_targets_draft_free(&again);
    slw_heap_free(&bytes);
    slw_heap_free(&copy);
}

static void appending_targets_keeps_all_other_bytes(void)
{
    struct slw_targets_draft draft;
    struct slw_targets_draft again;
    struct slw_encoding_draft encoding;
    struct slw_target_draft more = {
        .name = SLW_BYTES_OF("more"), .length = 1, .sha256 = slw_bytes_make(digest, 32)};
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer longer = {0};
    TAP_REQUIRE(fill(&draft, &encoding));
    TAP_REQUIRE(slw_targets_draft_encode(&draft, &bytes, &detail) == SLW_OK);
    /* critical_fields {65, 72}, packed; unknown field 200 with 3 bytes */
    slw_heap_append(&bytes, SLW_BYTES_OF("\xD2\x04\x02\x41\x48\xC2\x0C\x03xyz"));
    TAP_REQUIRE(slw_targets_append(slw_heap_bytes(&bytes), &more, 1, &longer, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_targets_check_content(slw_heap_bytes(&longer), &detail), SLW_OK);
    TAP_REQUIRE(slw_targets_draft_parse(slw_heap_bytes(&longer), &again, &detail) == SLW_OK);
    TAP_EQUAL_INT(again.targets_count, 2);
    TAP_EQUAL_INT(again.critical_fields_count, 2);
    TAP_EQUAL_INT(again.unknown_fields, 1);
    TAP_CHECK(slw_bytes_equal(again.targets[1].name, SLW_BYTES_OF("more")));
    TAP_EQUAL_BYTES(longer.ptr + longer.len - 11, bytes.ptr + bytes.len - 11, 11);
    forget_encoding(&draft);
    slw_targets_draft_free(&again);
    slw_heap_free(&bytes);
    slw_heap_free(&longer);
}

static void refuses_targets_that_no_device_would_take(void)
{
    static const struct {
        const char *first;
        const char *second;
        uint32_t floor;
        enum slw_status status;
    } rows[] = {
        {"app", "rtos", 0, SLW_OK},
        {"app", "app", 0, SLW_DUPLICATE_TARGET},
        {"..", "rtos", 0, SLW_BAD_NAME},
        {"", "rtos", 0, SLW_BAD_NAME},
        {"/app", "rtos", 0, SLW_BAD_NAME},
        {"a\nb", "rtos", 0, SLW_BAD_NAME},
        {"0123456789012345678901234567890123456789012345678901234567890123", "x", 0, SLW_OK},
        {"01234567890123456789012345678901234567890123456789012345678901234", "x", 0,
         SLW_TOO_LARGE},
        {"\xFF", "rtos", 0, SLW_MALFORMED},
        {"app", "rtos", 1, SLW_OK},
        {"app", "rtos", 2, SLW_ROLLBACK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_target_draft targets[2] = {
            {.name = slw_bytes_make(rows[i].first, strlen(rows[i].first)),
             .sha256 = slw_bytes_make(digest, 32)},
            {.name = slw_bytes_make(rows[i].second, strlen(rows[i].second)),
             .sha256 = slw_bytes_make(digest, 32)},
        };
        struct slw_targets_draft draft = {
            .spec_version = SLW_BYTES_OF("1.0.34"),
            .role = SLW_BYTES_OF("targets"),
            .version = 1,
            .security_floor = rows[i].floor,
            .targets = targets,
            .targets_count = 2,
        };
        struct slw_heap_buffer bytes = {0};
        TAP_ROW(rows[i].first);
        TAP_CHECK(slw_targets_draft_encode(&draft, &bytes, &detail) == SLW_OK);
        TAP_EQUAL_INT(slw_targets_check_content(slw_heap_bytes(&bytes), &detail), rows[i].status);
        slw_heap_free(&bytes);
    }
}

static void quotes_what_could_confuse_a_terminal(void)
{
    const struct {
        struct slw_bytes text;
        const char *quoted;
    } rows[] = {
        {SLW_BYTES_OF("app"), "\"app\""},
        {SLW_BYTES_OF("a\x1B[2J"), "\"a\\x1b[2J\""},
        {SLW_BYTES_OF("a\"b\\"), "\"a\\\"b\\\\\""},
        {SLW_BYTES_OF("\xC3\xBC"), "\"\xC3\xBC\""},
        {SLW_BYTES_OF("\xC2\x9B"), "\"\\xc2\\x9b\""},
        {SLW_BYTES_OF("\xE2\x80\xAE"), "\"\\xe2\\x80\\xae\""},
        {SLW_BYTES_OF("\xFF\xC3"), "\"\\xff\\xc3\""},
        {SLW_BYTES_OF(""), "\"\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer text = {0};
        TAP_ROW(rows[i].quoted);
        slw_quote(rows[i].text, &text);
        TAP_CHECK(strcmp(slw_heap_text(&text), rows[i].quoted) == 0);
        slw_heap_free(&text);
    }
}

int main(void)
{
    for (size_t i = 0; i < 4; i++) {
        keys[i] = new_key(i < 2 ? SLW_KEY_TYPE_P256 : SLW_KEY_TYPE_ED25519);
    }
    TAP_RUN(a_root_says_what_its_draft_said);
    TAP_RUN(a_draft_of_a_root_encodes_to_the_same_bytes);
    TAP_RUN(refuses_roots_that_no_device_would_take);
    TAP_RUN(keys_are_added_once_and_removed_from_a_role);
    TAP_RUN(signatures_are_added_replaced_and_verified);
    TAP_RUN(refuses_the_33rd_signature);
    TAP_RUN(targets_metadata_survives_being_written_and_read);
    TAP_RUN(appending_targets_keeps_all_other_bytes);
    TAP_RUN(refuses_targets_that_no_device_would_take);
    TAP_RUN(quotes_what_could_confuse_a_terminal);
    for (size_t i = 0; i < 4; i++) {
        slw_private_key_free(keys[i]);
    }
    return tap_finish();
}
