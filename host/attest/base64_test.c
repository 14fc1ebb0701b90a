/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: RFC 4648's own vectors, every byte value, and what must be refused. */
#include "slipway/base64.h"

#include "tap.h"

static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {/* RFC 4648, section 10 */
               {"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

static void encodes_and_decodes_the_vectors_of_the_rfc(void)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct slw_heap_buffer text = {0};
        struct slw_heap_buffer bytes = {0};
        TAP_ROW(vectors[i].text);
        slw_base64_encode(slw_bytes_make(vectors[i].bytes, strlen(vectors[i].bytes)), &text);
        TAP_CHECK(strcmp(slw_heap_text(&text), vectors[i].text) == 0);
        TAP_EQUAL_INT(slw_base64_decode(slw_heap_bytes(&text), &bytes), SLW_OK);
        TAP_CHECK(strcmp(slw_heap_text(&bytes), vectors[i].bytes) == 0);
        slw_heap_free(&text);
        slw_heap_free(&bytes);
    }
}

static void brings_back_bytes_of_every_length_and_value(void)
{
    uint8_t bytes[259];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct slw_heap_buffer text = {0};
        struct slw_heap_buffer back = {0};
        slw_base64_encode(slw_bytes_make(bytes, len), &text);
        TAP_EQUAL_INT(text.len, SLW_BASE64_SIZE(len));
        TAP_EQUAL_INT(slw_base64_decode_any(slw_heap_bytes(&text), &back), SLW_OK);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&back), slw_bytes_make(bytes, len)));
        slw_heap_free(&text);
        slw_heap_free(&back);
    }
}

static void takes_the_alphabet_for_urls_only_where_it_may(void)
{
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(slw_base64_decode(SLW_BYTES_OF("-_-_"), &bytes), SLW_MALFORMED);
    TAP_EQUAL_INT(bytes.len, 0);
    TAP_EQUAL_INT(slw_base64_decode_any(SLW_BYTES_OF("-_-_"), &bytes), SLW_OK);
    TAP_EQUAL_INT(slw_base64_decode(SLW_BYTES_OF("+/+/"), &bytes), SLW_OK);
    TAP_EQUAL_INT(bytes.len, 6);
    TAP_EQUAL_BYTES(bytes.ptr, "\xFB\xFF\xBF\xFB\xFF\xBF", 6);
    slw_heap_free(&bytes);
}

static void refuses_every_other_spelling(void)
{
    const struct {
        const char *name;
        struct slw_bytes text;
    } rows[] = {
        {"one character", SLW_BYTES_OF("Z")},
        {"two characters", SLW_BYTES_OF("Zg")},
        {"no padding", SLW_BYTES_OF("Zm8")},
        {"short padding", SLW_BYTES_OF("Zg=")},
        {"long padding", SLW_BYTES_OF("Zg===")},
        {"padding alone", SLW_BYTES_OF("====")},
        {"three of padding", SLW_BYTES_OF("Z===")},
        {"padding in front", SLW_BYTES_OF("=Zg=")},
        {"padding between", SLW_BYTES_OF("Zg==Zm9v")},
        {"padding inside", SLW_BYTES_OF("Z=g=")},
        {"behind padding", SLW_BYTES_OF("Zg=v")},
        {"unused bits, one byte", SLW_BYTES_OF("Zh==")},
        {"unused bits, two bytes", SLW_BYTES_OF("Zm9=")},
        {"line end", SLW_BYTES_OF("Zm9v\n")},
        {"line end as a group", SLW_BYTES_OF("Zm9v\n\n\n\n")},
        {"space", SLW_BYTES_OF("Zm 9")},
        {"zero byte", SLW_BYTES_OF("Zm9\0")},
        {"both alphabets", SLW_BYTES_OF("+_+_")},
        {"both the other way", SLW_BYTES_OF("-/-/")},
        {"percent", SLW_BYTES_OF("Zg%3D")},
        {"above ASCII", SLW_BYTES_OF("Zm9\xC3")},
        {"dot", SLW_BYTES_OF("Zm9.")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer bytes = {0};
        slw_heap_append_text(&bytes, "kept");
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_base64_decode(rows[i].text, &bytes), SLW_MALFORMED);
        TAP_EQUAL_INT(slw_base64_decode_any(rows[i].text, &bytes), SLW_MALFORMED);
        TAP_CHECK(strcmp(slw_heap_text(&bytes), "kept") == 0);
        slw_heap_free(&bytes);
    }
}

/* Of the 16 or 4 last characters that say the same bytes when bits are dropped, one is taken. */
static void has_one_spelling_of_the_last_byte(void)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t taken_of_one = 0;
    size_t taken_of_two = 0;
    for (size_t i = 0; i < 64; i++) {
        struct slw_heap_buffer bytes = {0};
        const char one[] = {'Z', characters[i], '=', '='};
        const char two[] = {'Z', 'm', characters[i], '='};
        taken_of_one += slw_base64_decode(slw_bytes_make(one, 4), &bytes) == SLW_OK ? 1 : 0;
        taken_of_two += slw_base64_decode(slw_bytes_make(two, 4), &bytes) == SLW_OK ? 1 : 0;
        slw_heap_free(&bytes);
    }
    TAP_EQUAL_INT(taken_of_one, 4);
    TAP_EQUAL_INT(taken_of_two, 16);
}

int main(void)
{
    TAP_RUN(encodes_and_decodes_the_vectors_of_the_rfc);
    TAP_RUN(brings_back_bytes_of_every_length_and_value);
    TAP_RUN(takes_the_alphabet_for_urls_only_where_it_may);
    TAP_RUN(refuses_every_other_spelling);
    TAP_RUN(has_one_spelling_of_the_last_byte);
    return tap_finish();
}
