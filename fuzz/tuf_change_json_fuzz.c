/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as JSON, as anybody may ask the signing service for one: what is read is written, and
 * read again as the same; and applied to an empty role it gives a version or is refused.
 */
#include "fuzz.h"

#include "slipway/tuf_change_json.h"

static void check_again(const struct slw_tuf_change *change)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer same = {0};
    struct slw_tuf_parsed_change again;
    struct slw_detail detail = {0};
    if (slw_tuf_change_format(change, &text, &detail) == SLW_OK) {
        FUZZ_CHECK(slw_tuf_change_parse("change", slw_heap_bytes(&text), &again, &detail) ==
                   SLW_OK);
        FUZZ_CHECK(slw_tuf_change_format(&again.change, &same, &detail) == SLW_OK);
        FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(&text), slw_heap_bytes(&same)));
        slw_tuf_parsed_change_free(&again);
    }
    slw_heap_free(&text);
    slw_heap_free(&same);
}

/* Refused with a reason and changed nothing, or the version that was asked for. */
static void check_applied(const struct slw_tuf_change *change)
{
    struct slw_tuf_model *model = NULL;
    struct slw_detail detail = {0};
    if (slw_tuf_model_new(change->type, change->role, &model, &detail) != SLW_OK) {
        return;
    }
    bool applied = slw_tuf_model_apply(model, change, &detail) == SLW_OK;
    FUZZ_CHECK(slw_tuf_model_version(model) == (applied ? change->version : 0));
    FUZZ_CHECK(applied || detail.text[0] != '\0');
    slw_tuf_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_tuf_parsed_change parsed;
    struct slw_detail detail = {0};
    enum slw_status status =
        slw_tuf_change_parse("change", slw_bytes_make(data, size), &parsed, &detail);
    if (status != SLW_OK) {
        FUZZ_CHECK(status == SLW_MALFORMED || status == SLW_TOO_LARGE);
        FUZZ_CHECK(detail.text[0] != '\0');
        return 0;
    }
    check_again(&parsed.change);
    check_applied(&parsed.change);
    slw_tuf_parsed_change_free(&parsed);
    return 0;
}
