/* SPDX-License-Identifier: Apache-2.0 */
/* Anything as an answer of S3: elements that begin also end, within the limits. */
#include "fuzz.h"

#include "../host/blobs/s3_xml.h"

static enum slw_status note(void *context, const char *path, struct slw_bytes text)
{
    unsigned *count = context;
    FUZZ_CHECK(strlen(path) < SLW_S3_XML_PATH_MAX && path[0] != '\0' && path[0] != '/');
    FUZZ_CHECK(text.len <= SLW_S3_XML_TEXT_MAX + 8);
    (*count)++;
    return SLW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_detail detail = {""};
    struct slw_heap_buffer escaped = {0};
    unsigned count = 0;
    enum slw_status status = slw_s3_xml_read(slw_bytes_make(data, size), note, &count, &detail);
    FUZZ_CHECK(status != SLW_OK || count > 0);
    FUZZ_CHECK(status == SLW_OK || detail.text[0] != '\0');
    slw_s3_xml_escape(slw_bytes_make(data, size), &escaped);
    FUZZ_CHECK(escaped.len >= size);
    slw_heap_free(&escaped);
    return 0;
}
