/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand beside signed bytes without breaking a signature is somebody else's word: it must
 * take no room where a device keeps metadata and roots, which it can't give back.
 */
#include "test_session.h"

#include "slipway/proto_writer.h"

#define PADDING 9000u
#define BLOB_SECTORS 4u /* two roots, and metadata for two releases */

enum padding { UNKNOWN_FIELD, LONG_SIGNATURE, LONG_KEY_ID };

static void put_padding(struct slw_writer *writer, enum padding padding)
{
    static const uint8_t filling[PADDING];
    struct slw_bytes bytes = slw_bytes_make(filling, sizeof filling);
    if (padding == UNKNOWN_FIELD) {
        slw_proto_put_bytes(writer, 15, bytes);
        return;
    }
    uint32_t number = padding == LONG_SIGNATURE ? SLW_SIGNATURE_SIG : SLW_SIGNATURE_KEY_ID;
    size_t signature = slw_proto_open(writer, SLW_SIGNED_SIGNATURES);
    slw_proto_put_bytes(writer, number, bytes);
    slw_proto_close(writer, signature);
}

static struct slw_bytes bytes_of(const uint8_t *bundle, const struct slw_proto_field *field)
{
    return slw_bytes_make(bundle + field->offset, (size_t)field->length);
}

static void put_padded_entry(struct slw_writer *writer, const uint8_t *bundle,
                             struct slw_proto *proto, enum padding padding)
{
    struct slw_proto_field field;
    slw_proto_enter(proto, &slw_message_entry_rules);
    while (slw_proto_next(proto, &field)) {
        size_t value = slw_proto_open(writer, field.number);
        slw_writer_put(writer, bytes_of(bundle, &field));
        if (field.number == SLW_MAP_VALUE) {
            put_padding(writer, padding);
        }
        slw_proto_close(writer, value);
    }
}

/* The bundle with something behind the signed bytes of its root or of its targets metadata. */
static bool take_padded(const char *name, uint32_t where, enum padding padding)
{
    static uint8_t original[FILE_SIZE_MAX];
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    struct slw_writer writer;
    slw_reader_init_bytes(&reader, slw_bytes_make(original, read_file(name, original)));
    slw_writer_init(&writer, bundle_bytes, sizeof bundle_bytes);
    slw_proto_begin(&proto, &reader, &slw_bundle_rules);
    while (slw_proto_next(&proto, &field)) {
        size_t value = slw_proto_open(&writer, field.number);
        if (field.number == where && where == SLW_BUNDLE_TARGETS_METADATA) {
            put_padded_entry(&writer, original, &proto, padding);
        } else {
            slw_writer_put(&writer, bytes_of(original, &field));
        }
        if (field.number == where && where == SLW_BUNDLE_ROOT_METADATA) {
            put_padding(&writer, padding);
        }
        slw_proto_close(&writer, value);
    }
    bundle_len = writer.len;
    return writer.status == SLW_OK && bundle_len > PADDING;
}

static enum slw_status install(void)
{
    if (state() == SLW_UPDATE_STATE_FINISHED) {
        SLW_TRY(slw_session_call(&session, SLW_CALL_RESET));
    }
    SLW_TRY(start_and_send());
    SLW_TRY(slw_session_call(&session, SLW_CALL_APPLY));
    poll_until_idle();
    SLW_TRY(session.finding.status);
    SLW_TRY(power_on());
    return slw_session_confirm(&session);
}

static bool make_small_device(void)
{
    if (!make_device("roots/v1.pb")) {
        return false;
    }
    slw_flash_ram_erase_all(&ram);
    lay_out();
    layout.blobs = region(6, BLOB_SECTORS);
    return slw_store_format(&store, &layout) == SLW_OK && power_on() == SLW_OK;
}

static void padding_takes_no_room_for_what_comes_next(void)
{
    static const struct {
        const char *row, *first, *next;
        uint32_t where;
        enum padding padding;
    } cases[] = {
        {"metadata, unknown field", "bundles/g02_with_root_same.pb", "bundles/g15_newer_version.pb",
         SLW_BUNDLE_TARGETS_METADATA, UNKNOWN_FIELD},
        {"metadata, signature", "bundles/g02_with_root_same.pb", "bundles/g15_newer_version.pb",
         SLW_BUNDLE_TARGETS_METADATA, LONG_SIGNATURE},
        {"metadata, key id", "bundles/g02_with_root_same.pb", "bundles/g15_newer_version.pb",
         SLW_BUNDLE_TARGETS_METADATA, LONG_KEY_ID},
        {"root, unknown field", "bundles/g12_root_rotation.pb", "bundles/g12_root_rotation.pb",
         SLW_BUNDLE_ROOT_METADATA, UNKNOWN_FIELD},
        {"root, signature", "bundles/g12_root_rotation.pb", "bundles/g12_root_rotation.pb",
         SLW_BUNDLE_ROOT_METADATA, LONG_SIGNATURE},
        {"root, key id", "bundles/g12_root_rotation.pb", "bundles/g12_root_rotation.pb",
         SLW_BUNDLE_ROOT_METADATA, LONG_KEY_ID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TAP_ROW(cases[i].row);
        TAP_REQUIRE(make_small_device());
        TAP_REQUIRE(take_padded(cases[i].first, cases[i].where, cases[i].padding));
        TAP_EQUAL_INT(install(), SLW_OK);
        TAP_EQUAL_INT(update(cases[i].next), SLW_OK);
        TAP_REQUIRE(power_on() == SLW_OK);
        TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    }
    TAP_ROW(NULL);
}

/* Without padding what is kept is what came, so that nothing changes for who compares digests. */
static void what_has_no_padding_is_kept_as_it_came(void)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    TAP_REQUIRE(make_small_device());
    TAP_REQUIRE(take_bundle("bundles/g12_root_rotation.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_VERIFY) == SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(session.trusted != NULL && session.trusted->root_upgraded);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(bundle_bytes + session.trusted->signed_root.offset,
                                            (size_t)session.trusted->signed_root.length));
    slw_sha256_final(&hash, digest);
    TAP_EQUAL_BYTES(store.state.root, digest, sizeof digest);
}

int main(void)
{
    TAP_RUN(padding_takes_no_room_for_what_comes_next);
    TAP_RUN(what_has_no_padding_is_kept_as_it_came);
    return tap_finish();
}
