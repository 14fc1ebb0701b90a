/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: what is refused before anybody's signature is looked at. */
#include "test_documents.h"

#include "tap.h"

#include <stdlib.h>

#define SIGNED "'signed':{'_type':'timestamp','x':1}"

static const struct {
    const char *text;
    enum slw_status status;
} envelopes[] = {
    {"{'signatures':[]," SIGNED "}", SLW_OK},
    {"{" SIGNED ",'signatures':[]}", SLW_OK},
    {"{'signatures':[]," SIGNED ",'more':[1,{'a':null}]}", SLW_OK},
    {" { 'signatures' : [ ] ,\n" SIGNED "}\n\n", SLW_OK},
    {"{'signatures':[{'keyid':'a','sig':''}]," SIGNED "}", SLW_OK},
    {"{'signatures':[{'keyid':'','sig':'not hexadecimal'}]," SIGNED "}", SLW_OK},
    {"{'signatures':[{'keyid':'a','sig':'00','more':{}}]," SIGNED "}", SLW_OK},
    {"{'signatures':[{'keyid':'a','sig':'00'},{'keyid':'A','sig':'00'}]," SIGNED "}", SLW_OK},
    {"", SLW_MALFORMED},
    {"[]", SLW_MALFORMED},
    {"'signed'", SLW_MALFORMED},
    {"null", SLW_MALFORMED},
    {"{}", SLW_MALFORMED},
    {"{" SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[]}", SLW_MALFORMED},
    {"{'signatures':[]," SIGNED "} {}", SLW_MALFORMED},
    {"{'signatures':[]," SIGNED, SLW_MALFORMED},
    {"{'signatures':{}," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':null," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':''," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[],'signed':[]}", SLW_MALFORMED},
    {"{'signatures':[],'signed':'{}'}", SLW_MALFORMED},
    {"{'signatures':[],'signatures':[]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[]," SIGNED "," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[],'signed':{'_type':'timestamp','x':1.5}}", SLW_MALFORMED},
    {"{'signatures':[],'signed':{'_type':'timestamp','_type':'timestamp'}}", SLW_MALFORMED},
    {"{'signatures':[],'signed':{'_type':'timestamp','\\u005ftype':'root'}}", SLW_MALFORMED},
    {"{'signatures':['a']," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[[]]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{'keyid':'a'}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{'sig':'00'}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{'keyid':1,'sig':'00'}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{'keyid':'a','sig':null}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{'keyid':'a','sig':['00']}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[{'keyid':'a','sig':'00','sig':'01'}]," SIGNED "}", SLW_MALFORMED},
    {"{'signatures':[],'signed':{}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'_type':'root'}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'_type':'Timestamp'}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'_type':'timestamp\\u0000'}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'_type':''}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'_type':['timestamp']}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'_type':1}}", SLW_WRONG_ROLE},
    {"{'signatures':[],'signed':{'type':'timestamp'}}", SLW_WRONG_ROLE},
    {"{'signatures':[{'keyid':'a','sig':'00'},{'keyid':'a','sig':'01'}]," SIGNED "}",
     SLW_DUPLICATE_SIGNATURE},
    {"{'signatures':[{'keyid':'a','sig':''},{'keyid':'a','sig':''}]," SIGNED "}",
     SLW_DUPLICATE_SIGNATURE},
    {"{'signatures':[{'keyid':'','sig':''},{'keyid':'b','sig':''},{'keyid':'','sig':''}]," SIGNED
     "}",
     SLW_DUPLICATE_SIGNATURE},
    {"{'signatures':[{'keyid':'a','sig':'00'},{'keyid':'\\u0061','sig':'01'}]," SIGNED "}",
     SLW_DUPLICATE_SIGNATURE},
};

static void reads_envelopes_and_refuses_what_is_none(void)
{
    for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
        struct slw_tuf_file file;
        struct slw_detail detail = {0};
        char *text = test_expand(envelopes[i].text);
        TAP_ROW(envelopes[i].text);
        enum slw_status status = test_parse(text, SLW_TUF_TIMESTAMP, &file, &detail);
        TAP_EQUAL_INT(status, envelopes[i].status);
        if (status == SLW_OK) {
            slw_tuf_file_free(&file);
        } else {
            TAP_CHECK(strncmp(detail.text, "test.json: ", 11) == 0);
        }
        free(text);
    }
}

static void tells_the_four_types_apart(void)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        for (unsigned j = 0; j < SLW_TUF_TYPES; j++) {
            struct slw_heap_buffer text = {0};
            struct slw_tuf_file file;
            struct slw_detail detail = {0};
            slw_heap_printf(&text, "{\"signatures\":[],\"signed\":{\"_type\":\"%s\"}}",
                            slw_tuf_type_name((enum slw_tuf_type)i));
            enum slw_status status =
                test_parse(slw_heap_text(&text), (enum slw_tuf_type)j, &file, &detail);
            TAP_EQUAL_INT(status, i == j ? SLW_OK : SLW_WRONG_ROLE);
            if (status == SLW_OK) {
                TAP_EQUAL_INT(file.type, j);
                slw_tuf_file_free(&file);
            }
            slw_heap_free(&text);
        }
    }
}

static enum slw_status parse_with_signatures(size_t count)
{
    struct slw_heap_buffer text = {0};
    struct slw_tuf_file file;
    struct slw_detail detail = {0};
    slw_heap_append_text(&text, "{\"signatures\":[");
    for (size_t i = 0; i < count; i++) {
        slw_heap_printf(&text, "%s{\"keyid\":\"%zu\",\"sig\":\"\"}", i == 0 ? "" : ",", i);
    }
    slw_heap_append_text(&text, "],\"signed\":{\"_type\":\"root\"}}");
    enum slw_status status = test_parse(slw_heap_text(&text), SLW_TUF_ROOT, &file, &detail);
    if (status == SLW_OK) {
        slw_tuf_file_free(&file);
    }
    slw_heap_free(&text);
    return status;
}

static void refuses_more_signatures_than_the_limit(void)
{
    TAP_EQUAL_INT(parse_with_signatures(SLW_TUF_SIGNATURES_MAX), SLW_OK);
    TAP_EQUAL_INT(parse_with_signatures(SLW_TUF_SIGNATURES_MAX + 1), SLW_TOO_LARGE);
    TAP_EQUAL_INT(parse_with_signatures(10000), SLW_TOO_LARGE);
}

static void refuses_files_over_their_limit_of_bytes(void)
{
    static const char text[] = "{\"signatures\":[],\"signed\":{\"_type\":\"root\"}}";
    for (size_t limit = 0; limit <= sizeof text; limit++) {
        struct slw_heap_buffer bytes = {0};
        struct slw_tuf_file file;
        struct slw_detail detail = {0};
        slw_heap_append_text(&bytes, text);
        enum slw_status status =
            slw_tuf_file_parse("test.json", &bytes, limit, SLW_TUF_ROOT, &file, &detail);
        TAP_EQUAL_INT(status, limit < sizeof text - 1 ? SLW_TOO_LARGE : SLW_OK);
        TAP_CHECK(bytes.ptr == NULL && bytes.len == 0);
        if (status == SLW_OK) {
            slw_tuf_file_free(&file);
        }
    }
}

#define RECEIVED                                                                                   \
    "{ \"signed\": {\"b\": \"\\u00e9\\n\", \"_type\": \"root\", \"a\": [ -0, 1 ]},\n"              \
    "  \"signatures\": [] }\n"
#define CANONICAL "{\"_type\":\"root\",\"a\":[0,1],\"b\":\"\xC3\xA9\n\"}"

static void keeps_bytes_as_received_and_signs_the_canonical_form(void)
{
    struct slw_tuf_file file;
    struct slw_detail detail = {0};
    TAP_REQUIRE(test_parse(RECEIVED, SLW_TUF_ROOT, &file, &detail) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&file.bytes), SLW_BYTES_OF(RECEIVED)));
    TAP_CHECK(slw_bytes_equal(file.canonical, SLW_BYTES_OF(CANONICAL)));
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF(CANONICAL));
    slw_sha256_final(&hash, digest);
    TAP_EQUAL_BYTES(file.digest, digest, sizeof digest);
    slw_tuf_file_free(&file);
}

static void files_may_be_moved(void)
{
    static struct slw_tuf_file elsewhere;
    struct slw_tuf_file *moved = &elsewhere;
    struct slw_tuf_file file;
    struct slw_detail detail = {0};
    char *text = test_expand("{'signatures':[],'signed':{'_type':'root','x':'\\u0041'}}");
    TAP_REQUIRE(test_parse(text, SLW_TUF_ROOT, &file, &detail) == SLW_OK);
    *moved = file;
    memset(&file, 0xA5, sizeof file);
    uint32_t x = slw_json_member(&moved->json, moved->signed_part, SLW_BYTES_OF("x"));
    TAP_CHECK(slw_bytes_equal(slw_json_string(&moved->json, x), SLW_BYTES_OF("A")));
    TAP_CHECK(strcmp(moved->name, "test.json") == 0);
    TAP_CHECK(strcmp(moved->json.name, "test.json") == 0);
    slw_tuf_file_free(moved);
    free(text);
}

int main(void)
{
    TAP_RUN(reads_envelopes_and_refuses_what_is_none);
    TAP_RUN(tells_the_four_types_apart);
    TAP_RUN(refuses_more_signatures_than_the_limit);
    TAP_RUN(refuses_files_over_their_limit_of_bytes);
    TAP_RUN(keeps_bytes_as_received_and_signs_the_canonical_form);
    TAP_RUN(files_may_be_moved);
    test_keys_free();
    return tap_finish();
}
