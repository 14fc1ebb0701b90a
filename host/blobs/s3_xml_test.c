/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of XML, and what is refused. */
#include "s3_xml.h"

#include "tap.h"

#include <string.h>

static struct slw_detail detail;
static struct slw_heap_buffer seen;

static enum slw_status note(void *context, const char *path, struct slw_bytes text)
{
    const size_t *stop_at = context;
    slw_heap_printf(&seen, "%s=", path);
    slw_heap_append(&seen, text);
    slw_heap_append_text(&seen, ";");
    return stop_at != NULL && strlen(slw_heap_text(&seen)) >= *stop_at ? SLW_REVOKED_KEY : SLW_OK;
}

static enum slw_status read_xml(const char *text)
{
    slw_heap_free(&seen);
    return slw_s3_xml_read(slw_bytes_make(text, strlen(text)), note, NULL, &detail);
}

static void reads_elements_inner_ones_first(void)
{
    TAP_EQUAL_INT(read_xml("<?xml version=\"1.0\" encoding='UTF-8'?>\n"
                           "<R xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\" a='1>2'>\n"
                           "<C ><K>a&amp;b&lt;&#x43;&#68;&#228;</K><S>12</S></C ><E/></R>\n"),
                  SLW_OK);
    TAP_CHECK(strcmp(slw_heap_text(&seen), "R/C/K=a&b<CD\xC3\xA4;R/C/S=12;R/C=;R/E=;R=;") == 0);
}

static void the_caller_can_end_it(void)
{
    size_t at = 1;
    slw_heap_free(&seen);
    TAP_EQUAL_INT(slw_s3_xml_read(SLW_BYTES_OF("<a><b>1</b><b>2</b></a>"), note, &at, &detail),
                  SLW_REVOKED_KEY);
    TAP_CHECK(strcmp(slw_heap_text(&seen), "a/b=1;") == 0);
}

static void refuses_what_is_no_answer(void)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "text",
                                        "<",
                                        "<a",
                                        "<a>",
                                        "<a></b>",
                                        "</a>",
                                        "<a/><b/>",
                                        "<a/>x",
                                        "x<a/>",
                                        "&amp;<a/>",
                                        "<a><b></a></b>",
                                        "<a b></a>",
                                        "<a b=c></a>",
                                        "<a b=\"<\"></a>",
                                        "<a b='c></a>",
                                        "< a></a>",
                                        "<a>&nbsp;</a>",
                                        "<a>&#0;</a>",
                                        "<a>&#xD800;</a>",
                                        "<a>&#x110000;</a>",
                                        "<a>&#;</a>",
                                        "<a>&#x;</a>",
                                        "<a>&#99999999999999;</a>",
                                        "<a>&amp</a>",
                                        "<a>&</a>",
                                        "<?xml version='1.0'",
                                        "<?xml >",
                                        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                                        "<a><![CDATA[x]]></a>",
                                        "<a><!-- x --></a>",
                                        "<a><?php ?></a>",
                                        "<a></a ",
                                        "<a/",
                                        "<a / >"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(read_xml(texts[i]), SLW_MALFORMED);
        TAP_CHECK(detail.text[0] != '\0');
    }
}

static void refuses_what_is_too_large(void)
{
    static char text[SLW_S3_XML_TEXT_MAX + 64];
    TAP_EQUAL_INT(read_xml("<a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a>"), SLW_OK);
    TAP_EQUAL_INT(read_xml("<a><a><a><a><a><a><a><a><a>"), SLW_TOO_LARGE);
    memset(text, 'x', sizeof text - 1);
    text[0] = '<';
    text[1] = 'a';
    text[2] = '>';
    TAP_EQUAL_INT(read_xml(text), SLW_TOO_LARGE);
    text[0] = '<';
    memset(text + 1, 'n', 300);
    TAP_EQUAL_INT(read_xml(text), SLW_TOO_LARGE);
}

static void escapes(void)
{
    struct slw_heap_buffer text = {0};
    slw_s3_xml_escape(SLW_BYTES_OF("<\"a&b\">"), &text);
    TAP_CHECK(strcmp(slw_heap_text(&text), "&lt;&quot;a&amp;b&quot;&gt;") == 0);
    slw_heap_free(&text);
}

int main(void)
{
    TAP_RUN(reads_elements_inner_ones_first);
    TAP_RUN(the_caller_can_end_it);
    TAP_RUN(refuses_what_is_no_answer);
    TAP_RUN(refuses_what_is_too_large);
    TAP_RUN(escapes);
    slw_heap_free(&seen);
    return tap_finish();
}
