/* SPDX-License-Identifier: Apache-2.0 */
/* `pkcs11:` URIs: what is read must be written as one that is read the same, and never holds a PIN.
 */
#include "fuzz.h"

#include "slipway/token.h"

/* What the canonical form leaves out, on purpose. */
static void forget_query(struct slw_token_uri *uri)
{
    memset(uri->module_path, 0, sizeof uri->module_path);
    memset(uri->pin_place, 0, sizeof uri->pin_place);
    uri->pin_kind = SLW_TOKEN_PIN_NONE;
    uri->pin_descriptor = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slw_token_uri uri;
    static struct slw_token_uri again;
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer formatted = {0};
    slw_heap_append_text(&text, "pkcs11:");
    slw_heap_append(&text, slw_bytes_make(data, size));
    if (slw_token_uri_parse(slw_heap_text(&text), &uri, &detail) == SLW_OK) {
        slw_token_uri_format(&uri, &formatted);
        FUZZ_CHECK(formatted.len <= SLW_TOKEN_URI_SIZE_MAX);
        FUZZ_CHECK(strchr(slw_heap_text(&formatted), '?') == NULL);
        FUZZ_CHECK(slw_token_uri_parse(slw_heap_text(&formatted), &again, &detail) == SLW_OK);
        forget_query(&uri);
        FUZZ_CHECK(memcmp(&uri, &again, sizeof uri) == 0);
    } else {
        FUZZ_CHECK(detail.text[0] != '\0');
    }
    slw_heap_free(&formatted);
    slw_heap_free(&text);
    return 0;
}
