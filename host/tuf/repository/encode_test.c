/* SPDX-License-Identifier: Apache-2.0 */
/* What models encode to, byte for byte, and the files around it. */
#include "test_models.h"

#include "tap.h"

#define SIGNED "{\"_type\":\"targets\"}"

static void encodes_targets_as_the_specification_has_them(void)
{
    struct slw_tuf_artifact add[2] = {
        {.path = SLW_BYTES_OF("b"), .length = 18446744073709551ull / 3},
        {.path = SLW_BYTES_OF("a/\"q\"\\"), .length = 0, .custom = SLW_BYTES_OF("{\"x\":1}")},
    };
    for (unsigned i = 0; i < SLW_SHA256_SIZE; i++) {
        add[0].sha256[i] = (uint8_t)(i * 8 + i / 4);
    }
    memset(add[1].sha256, 0xAB, sizeof add[1].sha256);
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_change change = test_next(model, "targets");
    change.add = add;
    change.add_count = 2;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(
        strcmp(test_encode(model),
               "{\"_type\":\"targets\",\"expires\":\"2030-01-01T00:00:00Z\",\"spec_version\":\"1.0."
               "34\",\"targets\":{\"a/\\\"q\\\"\\\\\":{\"custom\":{\"x\":1},\"hashes\":{\"sha256\":"
               "\"abababababababababababababababababababababababababababababababab\"},\"length\":0}"
               ",\"b\":{\"hashes\":{\"sha256\":\"0008101821293139424a525a636b737b848c949ca5adb5bdc6"
               "ced6dee7eff7ff\"},\"length\":6148914691236517}},\"version\":1}") == 0);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void encodes_times_to_the_second(void)
{
    const struct {
        int64_t utc_s;
        const char *text;
    } rows[] = {
        {1, "\"expires\":\"1970-01-01T00:00:01Z\""},
        {951782400, "\"expires\":\"2000-02-29T00:00:00Z\""},
        {1893456000, "\"expires\":\"2030-01-01T00:00:00Z\""},
        {4102444799, "\"expires\":\"2099-12-31T23:59:59Z\""},
        {253402300799, "\"expires\":\"9999-12-31T23:59:59Z\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = test_new("targets");
        struct slw_tuf_change change = test_next(model, "targets");
        TAP_ROW(rows[i].text);
        change.expires_utc_s = rows[i].utc_s;
        TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
        TAP_CHECK(strstr(test_encode(model), rows[i].text) != NULL);
        TAP_CHECK(test_is_readable(model));
        test_end();
    }
}

/* Members that nobody knows stand between those that we know, wherever their names put them. */
static void puts_kept_members_in_their_places(void)
{
    struct slw_tuf_model *model = test_load(
        "snapshot",
        "{\"zz\":0,\"versions\":1,\"version\":2,\"spec_version\":\"1.0.0\",\"spec\":3,\"n\":4,"
        "\"meta\":{\"targets.json\":{\"version\":1}},\"m\":5,\"f\":6,\"expires\":"
        "\"2030-01-01T00:00:00Z\",\"e\":7,\"_u\":8,\"_type\":\"snapshot\",\"_t\":9,\"A\":-10,"
        "\"\":\"\"}");
    TAP_REQUIRE(model != NULL);
    TAP_CHECK(
        strcmp(test_encode(model),
               "{\"\":\"\",\"A\":-10,\"_t\":9,\"_type\":\"snapshot\",\"_u\":8,\"e\":7,"
               "\"expires\":\"2030-01-01T00:00:00Z\",\"f\":6,\"m\":5,\"meta\":{\"targets.json"
               "\":{\"version\":1}},\"n\":4,\"spec\":3,\"spec_version\":\"1.0.0\",\"version\":"
               "2,\"versions\":1,\"zz\":0}") == 0);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void the_digest_is_that_of_what_was_encoded(void)
{
    struct slw_tuf_model *model = test_new("targets");
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t expected[SLW_SHA256_SIZE];
    static const uint8_t zeros[SLW_SHA256_SIZE] = {0};
    TAP_EQUAL_INT(slw_tuf_model_digest(model, digest, &test_detail), SLW_OK);
    TAP_EQUAL_BYTES(digest, zeros, sizeof zeros);
    for (unsigned i = 0; i < 3; i++) {
        struct slw_sha256 hash;
        struct slw_tuf_change change = test_next(model, "targets");
        TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
        if (i == 1) {
            (void)test_encode(model);
        }
        TAP_EQUAL_INT(slw_tuf_model_digest(model, digest, &test_detail), SLW_OK);
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, test_bytes(test_encode(model)));
        slw_sha256_final(&hash, expected);
        TAP_EQUAL_BYTES(digest, expected, sizeof expected);
    }
    test_end();
}

static void appends_behind_what_is_there(void)
{
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_change change = test_next(model, "targets");
    struct slw_heap_buffer text = {0};
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    slw_heap_append_text(&text, "before:");
    TAP_EQUAL_INT(slw_tuf_model_encode(model, &text, &test_detail), SLW_OK);
    TAP_CHECK(strncmp(slw_heap_text(&text), "before:{\"_type\"", 15) == 0);
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t alone[SLW_SHA256_SIZE];
    TAP_EQUAL_INT(slw_tuf_model_digest(model, digest, &test_detail), SLW_OK);
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(text.ptr + 7, text.len - 7));
    slw_sha256_final(&hash, alone);
    TAP_EQUAL_BYTES(digest, alone, sizeof alone);
    slw_heap_free(&text);
    test_end();
}

static struct slw_tuf_signature signature(char id, const char *sig_hex)
{
    struct slw_tuf_signature made = {.sig_hex = test_bytes(sig_hex)};
    memset(made.key_id, id, sizeof made.key_id);
    return made;
}

static void formats_files(void)
{
    const struct slw_tuf_signature list[3] = {signature('c', "00ff"), signature('a', ""),
                                              signature('b', "1234")};
    struct slw_heap_buffer text = {0};
    TAP_EQUAL_INT(
        slw_tuf_file_format(SLW_BYTES_OF("{\"a\":\"1\n2\t\x01\"}"), list, 3, &text, &test_detail),
        SLW_OK);
    TAP_CHECK(
        strcmp(slw_heap_text(&text),
               "{\"signatures\":["
               "{\"keyid\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
               "\"sig\":\"\"},"
               "{\"keyid\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
               "\"sig\":\"1234\"},"
               "{\"keyid\":\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\","
               "\"sig\":\"00ff\"}"
               "],\"signed\":{\"a\":\"1\\n2\\t\\u0001\"}}") == 0);
    slw_heap_free(&text);
}

static void refuses_signatures_that_break_a_file(void)
{
    static char long_sig[SLW_TUF_SIGNATURE_HEX_MAX + 3];
    memset(long_sig, '0', sizeof long_sig - 1);
    const struct {
        const char *name;
        struct slw_tuf_signature list[2];
        enum slw_status status;
    } rows[] = {
        {"a key id twice", {signature('a', "00"), signature('a', "11")}, SLW_DUPLICATE_SIGNATURE},
        {"a key id that isn't one", {signature('"', "00"), signature('a', "")}, SLW_BAD_ARGUMENT},
        {"a signature that breaks out",
         {signature('a', "00\"}"), signature('b', "")},
         SLW_BAD_ARGUMENT},
        {"a zero byte for an id", {signature('a', "00"), signature('\0', "")}, SLW_BAD_ARGUMENT},
        {"too long a signature", {signature('a', long_sig), signature('b', "")}, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer text = {0};
        TAP_ROW(rows[i].name);
        slw_heap_append_text(&text, "before");
        TAP_EQUAL_INT(
            slw_tuf_file_format(SLW_BYTES_OF(SIGNED), rows[i].list, 2, &text, &test_detail),
            rows[i].status);
        TAP_CHECK(strcmp(slw_heap_text(&text), "before") == 0);
        slw_heap_free(&text);
    }
}

static void refuses_more_signatures_than_a_file_has(void)
{
    static struct slw_tuf_signature list[SLW_TUF_SIGNATURES_MAX + 1];
    struct slw_heap_buffer text = {0};
    for (unsigned i = 0; i <= SLW_TUF_SIGNATURES_MAX; i++) {
        list[i] = signature('0', "");
        list[i].key_id[0] = "0123456789abcdef"[i / 256];
        list[i].key_id[1] = "0123456789abcdef"[i / 16 % 16];
        list[i].key_id[2] = "0123456789abcdef"[i % 16];
    }
    TAP_EQUAL_INT(slw_tuf_file_format(SLW_BYTES_OF(SIGNED), list, SLW_TUF_SIGNATURES_MAX + 1, &text,
                                      &test_detail),
                  SLW_TOO_LARGE);
    TAP_EQUAL_INT(slw_tuf_file_format(SLW_BYTES_OF(SIGNED), list, SLW_TUF_SIGNATURES_MAX, &text,
                                      &test_detail),
                  SLW_OK);
    slw_heap_free(&text);
}

int main(void)
{
    TAP_RUN(encodes_targets_as_the_specification_has_them);
    TAP_RUN(encodes_times_to_the_second);
    TAP_RUN(puts_kept_members_in_their_places);
    TAP_RUN(the_digest_is_that_of_what_was_encoded);
    TAP_RUN(appends_behind_what_is_there);
    TAP_RUN(formats_files);
    TAP_RUN(refuses_signatures_that_break_a_file);
    TAP_RUN(refuses_more_signatures_than_a_file_has);
    return tap_finish();
}
