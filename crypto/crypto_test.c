/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers for crypto.h, and the refusals that it promises, for whichever adapter is linked.
 * The answers are those of FIPS 180-4, RFC 6979 (A.2.5) and RFC 8032 (7.1), or were computed by
 * another implementation.
 */
#include "slipway/crypto.h"

#include "tap.h"

#define HEX_SIZE_MAX 128u

struct hex {
    uint8_t bytes[HEX_SIZE_MAX];
};

static uint8_t nibble(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

/* The bytes of up to two hexadecimal texts, one after the other. */
static struct hex hex(const char *first, const char *second)
{
    struct hex result = {{0}};
    const char *texts[] = {first, second};
    size_t len = 0;
    for (size_t i = 0; i < 2; i++) {
        for (const char *text = texts[i]; text[0] != '\0' && len < HEX_SIZE_MAX; text += 2) {
            result.bytes[len++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
        }
    }
    return result;
}

static void sha256(struct slw_bytes message, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, message);
    slw_sha256_final(&hash, ret_digest);
}

static void hashes_known_messages(void)
{
    static const struct {
        const char *message;
        const char *digest;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].message);
        uint8_t digest[SLW_SHA256_SIZE];
        sha256(slw_bytes_make(rows[i].message, strlen(rows[i].message)), digest);
        TAP_EQUAL_BYTES(digest, hex(rows[i].digest, "").bytes, sizeof digest);
    }
}

static void hashes_a_million_letters_in_pieces_of_any_size(void)
{
    struct hex wanted = hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "");
    uint8_t letters[997];
    memset(letters, 'a', sizeof letters);
    for (size_t piece = 1; piece <= sizeof letters; piece += 83) {
        struct slw_sha256 hash;
        slw_sha256_init(&hash);
        for (size_t done = 0; done < 1000000; done += piece) {
            size_t len = 1000000 - done < piece ? 1000000 - done : piece;
            slw_sha256_update(&hash, slw_bytes_make(letters, len));
        }
        uint8_t digest[SLW_SHA256_SIZE];
        slw_sha256_final(&hash, digest);
        TAP_EQUAL_BYTES(digest, wanted.bytes, sizeof digest);
    }
}

static void goes_on_from_a_copy_of_a_hash(void)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("ab"));
    struct slw_sha256 copy = hash;
    slw_sha256_update(&hash, SLW_BYTES_OF("x"));
    slw_sha256_update(&copy, SLW_BYTES_OF("c"));
    slw_sha256_update(&copy, slw_bytes_make(NULL, 0));
    uint8_t of_copy[SLW_SHA256_SIZE];
    uint8_t of_original[SLW_SHA256_SIZE];
    slw_sha256_final(&copy, of_copy);
    slw_sha256_final(&hash, of_original);
    uint8_t abc[SLW_SHA256_SIZE];
    uint8_t abx[SLW_SHA256_SIZE];
    sha256(SLW_BYTES_OF("abc"), abc);
    sha256(SLW_BYTES_OF("abx"), abx);
    TAP_EQUAL_BYTES(of_copy, abc, sizeof abc);
    TAP_EQUAL_BYTES(of_original, abx, sizeof abx);
}

/* P-256 */

#define RFC6979_KEY                                                                                \
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"                           \
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define RFC6979_R "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define RFC6979_S "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define RFC6979_OTHER_S "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9"
#define P256_N "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define P256_N_PLUS_1 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ALL_ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static enum slw_status verify_sample(const char *r, const char *s)
{
    uint8_t digest[SLW_SHA256_SIZE];
    sha256(SLW_BYTES_OF("sample"), digest);
    return slw_p256_verify(hex(RFC6979_KEY, "").bytes, digest, hex(r, s).bytes);
}

static void accepts_p256_signature_with_high_and_low_s(void)
{
    TAP_EQUAL_INT(verify_sample(RFC6979_R, RFC6979_S), SLW_OK);
    TAP_EQUAL_INT(verify_sample(RFC6979_R, RFC6979_OTHER_S), SLW_OK);
}

static void refuses_p256_signature_out_of_range(void)
{
    static const char *const bad[] = {ZERO, P256_N, P256_N_PLUS_1, ALL_ONES};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        TAP_EQUAL_INT(verify_sample(bad[i], RFC6979_S), SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify_sample(RFC6979_R, bad[i]), SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify_sample(bad[i], bad[i]), SLW_BAD_SIGNATURE);
    }
}

static void refuses_p256_signature_with_any_bit_changed(void)
{
    uint8_t digest[SLW_SHA256_SIZE];
    sha256(SLW_BYTES_OF("sample"), digest);
    struct hex key = hex(RFC6979_KEY, "");
    struct hex signature = hex(RFC6979_R, RFC6979_S);
    for (size_t bit = 0; bit < (size_t)8 * SLW_SIGNATURE_SIZE; bit++) {
        signature.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        TAP_EQUAL_INT(slw_p256_verify(key.bytes, digest, signature.bytes), SLW_BAD_SIGNATURE);
        signature.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < (size_t)8 * SLW_SHA256_SIZE; bit++) {
        digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
        TAP_EQUAL_INT(slw_p256_verify(key.bytes, digest, signature.bytes), SLW_BAD_SIGNATURE);
        digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Two points with a small coordinate, so that adding the prime to it still fits in 32 bytes. */
#define SMALL_X_Y "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"
#define P256_P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define SMALL_Y_X "d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7"
#define SMALL_Y "0000000000000000000000000000000000000000000000000000000000000005"
#define SMALL_Y_PLUS_P "ffffffff00000001000000000000000000000001000000000000000000000004"

static void accepts_p256_points_of_the_curve(void)
{
    TAP_EQUAL_INT(slw_p256_check_key(hex(RFC6979_KEY, "").bytes), SLW_OK);
    TAP_EQUAL_INT(slw_p256_check_key(hex("04" ZERO, SMALL_X_Y).bytes), SLW_OK);
    TAP_EQUAL_INT(slw_p256_check_key(hex("04" SMALL_Y_X, SMALL_Y).bytes), SLW_OK);
}

static void refuses_p256_keys_that_are_none(void)
{
    static const char *const bad[][2] = {
        {"04" P256_P, SMALL_X_Y},    {"04" SMALL_Y_X, SMALL_Y_PLUS_P},
        {"04" SMALL_Y_X, SMALL_X_Y}, {"04" ZERO, ZERO},
        {"00" ZERO, ZERO},           {"04" ALL_ONES, ALL_ONES},
        {"04" ZERO, SMALL_Y},        {"02" SMALL_Y_X, SMALL_Y},
        {"03" SMALL_Y_X, SMALL_Y},   {"06" ZERO, SMALL_X_Y},
        {"07" SMALL_Y_X, SMALL_Y},   {"05" SMALL_Y_X, SMALL_Y},
        {"84" SMALL_Y_X, SMALL_Y},   {"00" SMALL_Y_X, SMALL_Y},
    };
    uint8_t digest[SLW_SHA256_SIZE] = {1};
    struct hex signature = hex(RFC6979_R, RFC6979_S);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i][0]);
        struct hex key = hex(bad[i][0], bad[i][1]);
        TAP_EQUAL_INT(slw_p256_check_key(key.bytes), SLW_BAD_KEY);
        TAP_EQUAL_INT(slw_p256_verify(key.bytes, digest, signature.bytes), SLW_BAD_KEY);
    }
}

static void refuses_p256_key_with_any_bit_changed(void)
{
    struct hex key = hex(RFC6979_KEY, "");
    for (size_t bit = 0; bit < (size_t)8 * SLW_P256_KEY_SIZE; bit++) {
        key.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        TAP_EQUAL_INT(slw_p256_check_key(key.bytes), SLW_BAD_KEY);
        key.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Ed25519 */

#define RFC8032_KEY_1 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define RFC8032_SIGNATURE_1                                                                        \
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9" \
    "b46bd25bf5f0595bbe24655141438e7a100b"
#define RFC8032_KEY_3 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
#define RFC8032_R_3 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
#define RFC8032_S_3 "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
/* S plus the group's order */
#define RFC8032_OTHER_S_3 "05d391b0a77904e98404ef037747a56e4a7c15e9716ed28dc027beceea1ec41a"
/* The same key over the bytes 0 to 255, four times. */
#define LONG_R "132a314be95bea331ee5714c5f43d73339c40735c70c7d42dc9a7126ea875ea2"
#define LONG_S "5b6d2d658cb00d1282233ddad396b57dd52271e4696f57e26fe40a5f25bdc20e"

static enum slw_status verify_memory(struct hex key, struct hex signature, struct slw_bytes message)
{
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, message);
    return slw_ed25519_verify(key.bytes, signature.bytes, &reader);
}

static void accepts_ed25519_signatures_of_rfc_8032(void)
{
    TAP_EQUAL_INT(verify_memory(hex(RFC8032_KEY_1, ""), hex(RFC8032_SIGNATURE_1, ""),
                                slw_bytes_make(NULL, 0)),
                  SLW_OK);
    TAP_EQUAL_INT(verify_memory(hex(RFC8032_KEY_3, ""), hex(RFC8032_R_3, RFC8032_S_3),
                                SLW_BYTES_OF("\xAF\x82")),
                  SLW_OK);
}

static void refuses_ed25519_signature_whose_s_is_not_below_the_order(void)
{
    static const char *const bad[] = {RFC8032_OTHER_S_3, ALL_ONES};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_EQUAL_INT(verify_memory(hex(RFC8032_KEY_3, ""), hex(RFC8032_R_3, bad[i]),
                                    SLW_BYTES_OF("\xAF\x82")),
                      SLW_BAD_SIGNATURE);
    }
}

static void refuses_ed25519_signature_with_any_bit_changed(void)
{
    struct hex key = hex(RFC8032_KEY_3, "");
    struct hex signature = hex(RFC8032_R_3, RFC8032_S_3);
    for (size_t bit = 0; bit < (size_t)8 * SLW_SIGNATURE_SIZE; bit++) {
        signature.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        TAP_EQUAL_INT(verify_memory(key, signature, SLW_BYTES_OF("\xAF\x82")), SLW_BAD_SIGNATURE);
        signature.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    TAP_EQUAL_INT(verify_memory(key, signature, SLW_BYTES_OF("\xAF\x83")), SLW_BAD_SIGNATURE);
    TAP_EQUAL_INT(verify_memory(key, signature, SLW_BYTES_OF("\xAF")), SLW_BAD_SIGNATURE);
    TAP_EQUAL_INT(verify_memory(key, signature, slw_bytes_make(NULL, 0)), SLW_BAD_SIGNATURE);
}

static void fill_long_message(uint8_t message[static 1024])
{
    for (size_t i = 0; i < 1024; i++) {
        message[i] = (uint8_t)i;
    }
}

static void verifies_ed25519_message_that_comes_in_blocks(void)
{
    uint8_t message[1024];
    fill_long_message(message);
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, slw_bytes_make(message, sizeof message));
    struct hex key = hex(RFC8032_KEY_3, "");
    struct hex signature = hex(LONG_R, LONG_S);
    static const size_t sizes[] = {16, 17, 512, 1023, 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t block[1024];
        struct slw_reader reader;
        slw_reader_init(&reader, &memory.source, block, sizes[i]);
        TAP_EQUAL_INT(slw_ed25519_verify(key.bytes, signature.bytes, &reader), SLW_OK);
        TAP_EQUAL_INT(slw_reader_left(&reader), 0);
        message[1000] ^= 1;
        slw_reader_init(&reader, &memory.source, block, sizes[i]);
        TAP_EQUAL_INT(slw_ed25519_verify(key.bytes, signature.bytes, &reader), SLW_BAD_SIGNATURE);
        message[1000] ^= 1;
    }
}

static void verifies_ed25519_message_between_position_and_end(void)
{
    uint8_t framed[1024 + 6];
    memset(framed, 0xEE, sizeof framed);
    fill_long_message(framed + 3);
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, slw_bytes_make(framed, sizeof framed));
    slw_reader_seek(&reader, 3, 3 + 1024);
    TAP_EQUAL_INT(
        slw_ed25519_verify(hex(RFC8032_KEY_3, "").bytes, hex(LONG_R, LONG_S).bytes, &reader),
        SLW_OK);
    TAP_EQUAL_INT(reader.position, 3 + 1024);
}

static enum slw_status fail_from_512(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    memset(buffer, 0, len);
    return offset + len > 512 ? SLW_IO_TORN : SLW_OK;
}

static void returns_the_readers_error_from_ed25519_verify(void)
{
    struct slw_source source = {NULL, fail_from_512, 1024};
    static const size_t sizes[] = {16, 512, 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t block[1024];
        struct slw_reader reader;
        slw_reader_init(&reader, &source, block, sizes[i]);
        TAP_EQUAL_INT(
            slw_ed25519_verify(hex(RFC8032_KEY_3, "").bytes, hex(LONG_R, LONG_S).bytes, &reader),
            SLW_IO_TORN);
    }
}

/* y little endian with only its lowest and highest byte given; the rest is fill. */
static struct hex ed25519_key(uint8_t lowest, uint8_t fill, uint8_t highest)
{
    struct hex key;
    memset(key.bytes, fill, SLW_ED25519_KEY_SIZE);
    key.bytes[0] = lowest;
    key.bytes[SLW_ED25519_KEY_SIZE - 1] = highest;
    return key;
}

static void accepts_ed25519_keys_exactly_on_the_curve(void)
{
    static const uint64_t on_curve = UINT64_C(0x37fadc678); /* bit y: there is an x for y */
    for (unsigned y = 2; y <= 33; y++) {
        enum slw_status wanted = (on_curve >> y & 1) != 0 ? SLW_OK : SLW_BAD_KEY;
        TAP_EQUAL_INT(slw_ed25519_check_key(ed25519_key((uint8_t)y, 0, 0).bytes), wanted);
        TAP_EQUAL_INT(slw_ed25519_check_key(ed25519_key((uint8_t)y, 0, 0x80).bytes), wanted);
    }
    TAP_EQUAL_INT(slw_ed25519_check_key(hex(RFC8032_KEY_1, "").bytes), SLW_OK);
    /* p - 3, the largest y with two points that aren't of small order, and p - 2 without any */
    TAP_EQUAL_INT(slw_ed25519_check_key(ed25519_key(0xEA, 0xFF, 0x7F).bytes), SLW_OK);
    TAP_EQUAL_INT(slw_ed25519_check_key(ed25519_key(0xEB, 0xFF, 0x7F).bytes), SLW_BAD_KEY);
}

static void refuses_ed25519_keys_that_are_not_canonical(void)
{
    /* p + 3, p + 4 ... are on the curve as much as 3, 4 ... are. */
    for (unsigned lowest = 0xED; lowest <= 0xFF; lowest++) {
        struct hex positive = ed25519_key((uint8_t)lowest, 0xFF, 0x7F);
        struct hex negative = ed25519_key((uint8_t)lowest, 0xFF, 0xFF);
        TAP_EQUAL_INT(slw_ed25519_check_key(positive.bytes), SLW_BAD_KEY);
        TAP_EQUAL_INT(slw_ed25519_check_key(negative.bytes), SLW_BAD_KEY);
    }
}

static void refuses_ed25519_keys_of_small_order(void)
{
    static const char *const small[] = {
        ZERO,
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    };
    /* With the neutral point as R and S = 0, such a key verifies many or all messages. */
    struct hex signature = hex(small[1], ZERO);
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        TAP_ROW(small[i]);
        struct hex key = hex(small[i], "");
        TAP_EQUAL_INT(slw_ed25519_check_key(key.bytes), SLW_BAD_KEY);
        TAP_EQUAL_INT(verify_memory(key, signature, SLW_BYTES_OF("any")), SLW_BAD_KEY);
        key.bytes[SLW_ED25519_KEY_SIZE - 1] |= 0x80;
        TAP_EQUAL_INT(slw_ed25519_check_key(key.bytes), SLW_BAD_KEY);
        TAP_EQUAL_INT(verify_memory(key, signature, SLW_BYTES_OF("any")), SLW_BAD_KEY);
    }
}

int main(void)
{
    TAP_RUN(hashes_known_messages);
    TAP_RUN(hashes_a_million_letters_in_pieces_of_any_size);
    TAP_RUN(goes_on_from_a_copy_of_a_hash);
    TAP_RUN(accepts_p256_signature_with_high_and_low_s);
    TAP_RUN(refuses_p256_signature_out_of_range);
    TAP_RUN(refuses_p256_signature_with_any_bit_changed);
    TAP_RUN(accepts_p256_points_of_the_curve);
    TAP_RUN(refuses_p256_keys_that_are_none);
    TAP_RUN(refuses_p256_key_with_any_bit_changed);
    TAP_RUN(accepts_ed25519_signatures_of_rfc_8032);
    TAP_RUN(refuses_ed25519_signature_whose_s_is_not_below_the_order);
    TAP_RUN(refuses_ed25519_signature_with_any_bit_changed);
    TAP_RUN(verifies_ed25519_message_that_comes_in_blocks);
    TAP_RUN(verifies_ed25519_message_between_position_and_end);
    TAP_RUN(returns_the_readers_error_from_ed25519_verify);
    TAP_RUN(accepts_ed25519_keys_exactly_on_the_curve);
    TAP_RUN(refuses_ed25519_keys_that_are_not_canonical);
    TAP_RUN(refuses_ed25519_keys_of_small_order);
    return tap_finish();
}
