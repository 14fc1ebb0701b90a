/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key ceremony's folder from anywhere: the plan, the former root and entries, one behind the
 * other with their lengths in front. Nothing that was not signed by the keys of the plan is ever
 * accepted as a signature, whatever the plan says.
 */
#include "fuzz.h"

#include "slipway/ceremony.h"

/* The next piece: two bytes of length, then as many as there are. */
static struct slw_bytes next_piece(struct slw_bytes *input)
{
    size_t len = fuzz_choice(input);
    len = len << 8 | fuzz_choice(input);
    struct slw_bytes piece = slw_bytes_make(input->ptr, len < input->len ? len : input->len);
    *input = slw_bytes_make(input->ptr + piece.len, input->len - piece.len);
    return piece;
}

static void walk(struct slw_ceremony *ceremony, struct slw_bytes input)
{
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    FUZZ_CHECK(slw_ceremony_steps_count(ceremony) <= SLW_CEREMONY_STEPS_MAX);
    while (input.len > 2) {
        size_t done = slw_ceremony_steps_done(ceremony);
        enum slw_status status =
            slw_ceremony_accept_entry(ceremony, "entry", next_piece(&input), &detail);
        FUZZ_CHECK(slw_ceremony_steps_done(ceremony) == done + (status == SLW_OK ? 1 : 0));
    }
    slw_ceremony_describe_next(ceremony, &text);
    FUZZ_CHECK(text.len > 0);
    slw_heap_drop(&text);
    if (slw_ceremony_result(ceremony, &text, &detail) == SLW_OK) {
        FUZZ_CHECK(slw_ceremony_is_signed(ceremony));
    }
    slw_heap_drop(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    struct slw_ceremony *ceremony = NULL;
    struct slw_detail detail;
    struct slw_bytes plan = next_piece(&input);
    struct slw_bytes former = next_piece(&input);
    if (slw_ceremony_open(plan, former, &ceremony, &detail) == SLW_OK) {
        walk(ceremony, input);
    } else {
        FUZZ_CHECK(detail.text[0] != '\0');
    }
    slw_ceremony_free(ceremony);
    return 0;
}
