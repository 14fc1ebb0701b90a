/* SPDX-License-Identifier: Apache-2.0 */
/* `pkcs11:` URIs: what each attribute means, and the many that are refused. */
#include "slipway/token.h"

#include "tap.h"

static struct slw_detail detail;

static struct slw_token_uri parse(const char *text)
{
    struct slw_token_uri uri = {0};
    detail.text[0] = '\0';
    TAP_CHECK(slw_token_uri_parse(text, &uri, &detail) == SLW_OK);
    return uri;
}

static bool formats_as(const struct slw_token_uri *uri, const char *text)
{
    struct slw_heap_buffer formatted = {0};
    slw_token_uri_format(uri, &formatted);
    bool same = strcmp(slw_heap_text(&formatted), text) == 0;
    slw_heap_free(&formatted);
    return same;
}

static void knows_uris_from_paths(void)
{
    TAP_CHECK(slw_token_is_uri("pkcs11:"));
    TAP_CHECK(slw_token_is_uri("PKCS11:token=a"));
    TAP_CHECK(!slw_token_is_uri("pkcs11"));
    TAP_CHECK(!slw_token_is_uri("./pkcs11:token=a"));
    TAP_CHECK(!slw_token_is_uri("file:a"));
    TAP_CHECK(!slw_token_is_uri(""));
}

static void reads_every_attribute(void)
{
    struct slw_token_uri uri =
        parse("pkcs11:token=The%20token;manufacturer=ACME;model=M%2F1;serial=00ab;slot-id=7;"
              "object=key-1;id=%00%FFa;type=private?module-path=/usr/lib/x.so&"
              "pin-source=file:/run/a%20pin");
    TAP_CHECK(strcmp(uri.token, "The token") == 0);
    TAP_CHECK(strcmp(uri.manufacturer, "ACME") == 0);
    TAP_CHECK(strcmp(uri.model, "M/1") == 0);
    TAP_CHECK(strcmp(uri.serial, "00ab") == 0);
    TAP_CHECK(uri.has_slot_id && uri.slot_id == 7);
    TAP_CHECK(strcmp(uri.object, "key-1") == 0);
    TAP_EQUAL_INT(uri.id_len, 3);
    TAP_EQUAL_BYTES(uri.id,
                    "\0\xFF"
                    "a",
                    3);
    TAP_EQUAL_INT(uri.type, SLW_TOKEN_OBJECT_PRIVATE);
    TAP_CHECK(strcmp(uri.module_path, "/usr/lib/x.so") == 0);
    TAP_EQUAL_INT(uri.pin_kind, SLW_TOKEN_PIN_FILE);
    TAP_CHECK(strcmp(uri.pin_place, "/run/a pin") == 0);
}

static void reads_where_pins_are(void)
{
    struct slw_token_uri uri = parse("pkcs11:?pin-source=fd:0");
    TAP_CHECK(uri.pin_kind == SLW_TOKEN_PIN_DESCRIPTOR && uri.pin_descriptor == 0);
    uri = parse("pkcs11:?pin-source=fd:1023");
    TAP_EQUAL_INT(uri.pin_descriptor, 1023);
    uri = parse("pkcs11:?pin-source=credential:token-pin");
    TAP_CHECK(uri.pin_kind == SLW_TOKEN_PIN_CREDENTIAL && strcmp(uri.pin_place, "token-pin") == 0);
    uri = parse("pkcs11:?pin-source=file:///run/pin");
    TAP_CHECK(uri.pin_kind == SLW_TOKEN_PIN_FILE && strcmp(uri.pin_place, "/run/pin") == 0);
    uri = parse("pkcs11:?pin-source=file:%2Frun%2Fpin");
    TAP_CHECK(strcmp(uri.pin_place, "/run/pin") == 0);
}

static void accepts_what_rfc_7512_allows(void)
{
    static const char *const texts[] = {
        "pkcs11:",
        "pkcs11:token=a",
        "PKCS11:token=a",
        "pkcs11:object=a:[]@!$'()*+,=&b", /* reserved characters that may stand in a path */
        "pkcs11:object=-._~",
        "pkcs11:object=%c3%A4",
        "pkcs11:type=public",
        "pkcs11:type=cert",
        "pkcs11:slot-id=0",
        "pkcs11:slot-id=4294967295",
        "pkcs11:serial=1234567890123456",
        "pkcs11:token=12345678901234567890123456789012",
        "pkcs11:?module-path=/a/b?c|d",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        TAP_ROW(texts[i]);
        (void)parse(texts[i]);
    }
}

static const struct {
    const char *text;
    const char *why; /* what the detail must say */
} refused[] = {
    {"", "scheme"},
    {"pkcs11", "scheme"},
    {"pkcs12:token=a", "scheme"},
    {"pkcs11:token", "NAME=VALUE"},
    {"pkcs11:=a", "NAME=VALUE"},
    {"pkcs11:token=", "empty"},
    {"pkcs11:token=a;", "NAME=VALUE"},
    {"pkcs11:;token=a", "NAME=VALUE"},
    {"pkcs11:token=a;;object=b", "NAME=VALUE"},
    {"pkcs11:?", "NAME=VALUE"},
    {"pkcs11:token=a?", "NAME=VALUE"},
    {"pkcs11:?module-path=/a&", "NAME=VALUE"},
    {"pkcs11:token=a;token=a", "twice"},
    {"pkcs11:token=a;object=b;token=c", "twice"},
    {"pkcs11:id=%01;id=%02", "twice"},
    {"pkcs11:slot-id=0;slot-id=0", "twice"},
    {"pkcs11:type=private;type=private", "twice"},
    {"pkcs11:?module-path=/a&module-path=/a", "twice"},
    {"pkcs11:?pin-source=file:/a&pin-source=fd:3", "twice"},
    {"pkcs11:?pin-source=fd:3&pin-source=fd:4", "twice"},
    /* one that was ignored could have told two keys apart */
    {"pkcs11:Token=a", "isn't an attribute"},
    {"pkcs11:library-version=3", "isn't an attribute"},
    {"pkcs11:library-manufacturer=a", "isn't an attribute"},
    {"pkcs11:library-description=a", "isn't an attribute"},
    {"pkcs11:slot-description=a", "isn't an attribute"},
    {"pkcs11:slot-manufacturer=a", "isn't an attribute"},
    {"pkcs11:x-vendor=a", "isn't an attribute"},
    {"pkcs11:pin-source=fd:3", "isn't an attribute"}, /* of the query */
    {"pkcs11:?token=a", "isn't an attribute"},        /* of the path */
    {"pkcs11:?module-name=a", "isn't an attribute"},
    {"pkcs11:?x-vendor=a", "isn't an attribute"},
    {"pkcs11:tok en=a", "not the name"},
    {"pkcs11:tok%65n=a", "not the name"},
    {"pkcs11:abcdefghijklmnopqrstuvwxyzabcdefg=a", "NAME=VALUE"},
    /* secrets don't belong on command lines */
    {"pkcs11:?pin-value=1234", "others can read"},
    {"pkcs11:token=a;object=b?pin-value=1234&module-path=/a", "others can read"},
    /* percent-encoding */
    {"pkcs11:token=%", "hexadecimal"},
    {"pkcs11:token=%4", "hexadecimal"},
    {"pkcs11:token=%zz", "hexadecimal"},
    {"pkcs11:token=%4g", "hexadecimal"},
    {"pkcs11:token=% 41", "hexadecimal"},
    {"pkcs11:token=a b", "percent-encoded"},
    {"pkcs11:token=a/b", "percent-encoded"},
    {"pkcs11:token=a#b", "percent-encoded"},
    {"pkcs11:token=a\\b", "percent-encoded"},
    {"pkcs11:token=a\"b", "percent-encoded"},
    {"pkcs11:token=a<b>", "percent-encoded"},
    {"pkcs11:token=a\nb", "percent-encoded"},
    {"pkcs11:token=\xC3\xA4", "percent-encoded"},
    {"pkcs11:?module-path=/a;b", "percent-encoded"},
    {"pkcs11:?module-path=/a b", "percent-encoded"},
    /* text */
    {"pkcs11:token=a%00", "isn't text"},
    {"pkcs11:token=%00a", "isn't text"},
    {"pkcs11:object=a%0Ab", "isn't text"},
    {"pkcs11:object=%1B%5B2J", "isn't text"},
    {"pkcs11:object=%7F", "isn't text"},
    {"pkcs11:object=%C3", "isn't text"},
    {"pkcs11:object=%C0%80", "isn't text"},
    {"pkcs11:object=%ED%A0%80", "isn't text"},
    {"pkcs11:?module-path=/a%00b", "isn't text"},
    /* longer than a token can have it */
    {"pkcs11:token=123456789012345678901234567890123", "longer"},
    {"pkcs11:manufacturer=123456789012345678901234567890123", "longer"},
    {"pkcs11:model=12345678901234567", "longer"},
    {"pkcs11:serial=12345678901234567", "longer"},
    /* numbers and words */
    {"pkcs11:slot-id=-1", "number"},
    {"pkcs11:slot-id=+1", "number"},
    {"pkcs11:slot-id=01", "number"},
    {"pkcs11:slot-id=1x", "number"},
    {"pkcs11:slot-id=0x1", "number"},
    {"pkcs11:slot-id=4294967296", "number"},
    {"pkcs11:slot-id=99999999999999999999999999", "number"},
    {"pkcs11:type=Private", "private, public or cert"},
    {"pkcs11:type=data", "private, public or cert"},
    {"pkcs11:type=secret-key", "private, public or cert"},
    {"pkcs11:type=privat", "private, public or cert"},
    /* places */
    {"pkcs11:?module-path=x.so", "absolute"},
    {"pkcs11:?module-path=./x.so", "absolute"},
    {"pkcs11:?pin-source=/run/pin", "file:PATH"},
    {"pkcs11:?pin-source=file:", "file:PATH"},
    {"pkcs11:?pin-source=file:pin", "absolute"},
    {"pkcs11:?pin-source=file://host/pin", "another machine"},
    {"pkcs11:?pin-source=%7C/bin/echo", "file:PATH"},
    {"pkcs11:?pin-source=|/bin/echo", "file:PATH"},
    {"pkcs11:?pin-source=fd:", "file:PATH"},
    {"pkcs11:?pin-source=fd:-1", "file:PATH"},
    {"pkcs11:?pin-source=fd:1024", "file:PATH"},
    {"pkcs11:?pin-source=fd:3x", "file:PATH"},
    {"pkcs11:?pin-source=1234", "file:PATH"},
    {"pkcs11:?pin-source=credential:", "file:PATH"},
    {"pkcs11:?pin-source=credential:a/b", "not a path"},
    {"pkcs11:?pin-source=credential:..", "not a path"},
    {"pkcs11:?pin-source=credential:a%2Fb", "not a path"},
    {"pkcs11:?pin-source=http://a/b", "file:PATH"},
};

static void refuses_everything_else_and_says_why(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct slw_token_uri uri = {.slot_id = 42};
        TAP_ROW(refused[i].text);
        detail.text[0] = '\0';
        TAP_EQUAL_INT(slw_token_uri_parse(refused[i].text, &uri, &detail), SLW_BAD_ARGUMENT);
        TAP_CHECK(strstr(detail.text, refused[i].why) != NULL);
        TAP_CHECK(uri.slot_id == 42 && uri.token[0] == '\0');
    }
}

/* start, and behind it piece so many times. */
static enum slw_status parse_repeated(const char *start, const char *piece, size_t count)
{
    struct slw_token_uri uri;
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, start);
    for (size_t i = 0; i < count; i++) {
        slw_heap_append_text(&text, piece);
    }
    enum slw_status status = slw_token_uri_parse(slw_heap_text(&text), &uri, &detail);
    slw_heap_free(&text);
    return status;
}

static void has_a_limit_for_everything(void)
{
    TAP_EQUAL_INT(parse_repeated("pkcs11:object=", "a", 255), SLW_OK);
    TAP_EQUAL_INT(parse_repeated("pkcs11:object=", "a", 256), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(parse_repeated("pkcs11:id=", "%00", 255), SLW_OK);
    TAP_EQUAL_INT(parse_repeated("pkcs11:id=", "%00", 256), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(parse_repeated("pkcs11:?module-path=", "/", 511), SLW_OK);
    TAP_EQUAL_INT(parse_repeated("pkcs11:?module-path=", "/", 512), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(parse_repeated("pkcs11:?pin-source=file:/", "a", 512), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(parse_repeated("pkcs11:object=", "a", 3000), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(parse_repeated("pkcs11:", ";", 100), SLW_BAD_ARGUMENT);
}

static void formats_canonically_and_without_the_query(void)
{
    struct slw_token_uri uri =
        parse("pkcs11:id=%0a;object=a%20b;token=x%2fy?pin-source=file:/run/pin");
    TAP_CHECK(formats_as(&uri, "pkcs11:token=x%2Fy;object=a%20b;id=%0A"));
    uri = parse("pkcs11:type=private;slot-id=12");
    TAP_CHECK(formats_as(&uri, "pkcs11:slot-id=12;type=private"));
    uri = parse("pkcs11:?module-path=/secret/place");
    TAP_CHECK(formats_as(&uri, "pkcs11:"));
    uri = parse("pkcs11:object=a&b=c:d");
    TAP_CHECK(formats_as(&uri, "pkcs11:object=a%26b%3Dc%3Ad"));
}

int main(void)
{
    TAP_RUN(knows_uris_from_paths);
    TAP_RUN(reads_every_attribute);
    TAP_RUN(reads_where_pins_are);
    TAP_RUN(accepts_what_rfc_7512_allows);
    TAP_RUN(refuses_everything_else_and_says_why);
    TAP_RUN(has_a_limit_for_everything);
    TAP_RUN(formats_canonically_and_without_the_query);
    return tap_finish();
}
