/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes of statements that are made on the command line, and signed by several people one after
 * the other: policies and takeovers. */
#include "sign.h"

#include "slipway/dsse.h"

bool cli_is_envelope(const char *path, struct slw_bytes text, struct slw_detail *detail)
{
    struct slw_json_document json;
    if (slw_json_parse(path, text, &json, detail) != SLW_OK) {
        return false;
    }
    bool found = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("payload")) != SLW_JSON_NONE;
    slw_json_document_free(&json);
    return found;
}

enum slw_status cli_envelope_sign(struct cli *cli, const struct slw_private_key *key,
                                  struct slw_heap_buffer *text)
{
    struct slw_dsse envelope;
    struct slw_heap_buffer more = {0};
    SLW_TRY(slw_dsse_parse("the envelope", slw_heap_bytes(text), &envelope, &cli->detail));
    enum slw_status status = slw_dsse_add_by(&envelope, key, &more, &cli->detail);
    slw_dsse_free(&envelope);
    if (status != SLW_OK) {
        slw_heap_free(&more);
        return status;
    }
    slw_heap_free(text);
    *text = more;
    return SLW_OK;
}
