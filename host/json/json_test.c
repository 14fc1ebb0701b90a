/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as it is printed. */
#include "slipway/json.h"

#include "tap.h"

static void keeps_commas_and_nesting(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_uint(&json, "a", UINT64_MAX);
    slw_json_begin_array(&json, "b");
    slw_json_end_array(&json);
    slw_json_begin_array(&json, "c");
    slw_json_begin_object(&json, NULL);
    slw_json_bool(&json, "d", true);
    slw_json_end_object(&json);
    slw_json_int(&json, NULL, -1);
    slw_json_end_array(&json);
    slw_json_hex(&json, "e", SLW_BYTES_OF("\x00\xAB"));
    slw_json_fraction(&json, "f", 0.5);
    slw_json_null(&json, "g");
    slw_json_embed(&json, "h", SLW_BYTES_OF("{\"i\":[]}"));
    slw_json_null(&json, "j");
    slw_json_end_object(&json);
    TAP_CHECK(strcmp(slw_heap_text(&text),
                     "{\"a\":18446744073709551615,\"b\":[],\"c\":[{\"d\":true},-1],\"e\":\"00ab\","
                     "\"f\":0.500,\"g\":null,\"h\":{\"i\":[]},\"j\":null}") == 0);
    slw_heap_free(&text);
}

static void escapes_what_must_be_escaped(void)
{
    const struct {
        const char *name;
        struct slw_bytes text;
        const char *json;
    } rows[] = {
        {"quotes", SLW_BYTES_OF("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {"controls", SLW_BYTES_OF("\n\t\x01\x7F\0"), "\"\\n\\t\\u0001\\u007f\\u0000\""},
        {"text", SLW_BYTES_OF("gr\xC3\xBC\xC3\x9F"), "\"gr\xC3\xBC\xC3\x9F\""},
        {"more controls", SLW_BYTES_OF("\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0"),
         "\"\\u0080\\u009b\\u009f\xC2\xA0\""},
        {"not UTF-8", SLW_BYTES_OF("\xC3("), "\"\xEF\xBF\xBD(\""},
        {"empty", SLW_BYTES_OF(""), "\"\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer text = {0};
        struct slw_json json;
        TAP_ROW(rows[i].name);
        slw_json_init(&json, &text);
        slw_json_bytes(&json, NULL, rows[i].text);
        TAP_CHECK(strcmp(slw_heap_text(&text), rows[i].json) == 0);
        slw_heap_free(&text);
    }
}

int main(void)
{
    TAP_RUN(keeps_commas_and_nesting);
    TAP_RUN(escapes_what_must_be_escaped);
    return tap_finish();
}
