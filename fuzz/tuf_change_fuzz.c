/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staged changes, which a writer leaves for the next process: what is read is written, and read
 * again as the same; and settled, a path stands in it once. The first byte chooses into how many
 * bins it is settled, the rest is the file.
 */
#include "fuzz.h"

#include "../host/tuf/writer/change_file.h"

#include "slipway/bytes_order.h"

#define ROLE SLW_BYTES_OF("targets")
#define BITS_MAX 4u

static void write_change(const struct slw_tuf_draft *draft, const struct slw_tuf_applied *applied,
                         struct slw_heap_buffer *text)
{
    struct slw_detail detail;
    FUZZ_CHECK(slw_tuf_change_file_format(ROLE, draft, applied, text, &detail) == SLW_OK);
}

static void check_again(const struct slw_tuf_draft *draft, const struct slw_tuf_applied *applied)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer same = {0};
    struct slw_tuf_draft *again = NULL;
    struct slw_tuf_applied applied_again;
    struct slw_detail detail = {0};
    write_change(draft, applied, &text);
    FUZZ_CHECK(slw_tuf_change_file_parse("change", slw_heap_bytes(&text), ROLE, &again,
                                         &applied_again, &detail) == SLW_OK);
    write_change(again, &applied_again, &same);
    FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(&text), slw_heap_bytes(&same)));
    slw_tuf_draft_free(again);
    slw_heap_free(&same);
    slw_heap_free(&text);
}

/* Bins ascending, and in each the paths, each once. */
static void check_settled(const struct slw_tuf_draft *draft, uint32_t bit_length)
{
    for (size_t i = 0; i < draft->entries_count; i++) {
        const struct slw_tuf_draft_entry *entry = &draft->entries[i];
        struct slw_bytes path = slw_tuf_draft_path(draft, entry);
        FUZZ_CHECK(entry->bin == (bit_length == 0 ? 0 : slw_tuf_bin_of(path, bit_length)));
        if (i > 0) {
            const struct slw_tuf_draft_entry *before = entry - 1;
            FUZZ_CHECK(before->bin < entry->bin ||
                       (before->bin == entry->bin &&
                        slw_bytes_compare(slw_tuf_draft_path(draft, before), path) < 0));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    uint32_t bit_length = fuzz_choice(&input) % (BITS_MAX + 1);
    struct slw_tuf_draft *draft = NULL;
    struct slw_tuf_applied applied;
    struct slw_detail detail = {0};
    enum slw_status status =
        slw_tuf_change_file_parse("change", input, ROLE, &draft, &applied, &detail);
    if (status != SLW_OK) {
        FUZZ_CHECK(status == SLW_STORED_STATE && detail.text[0] != '\0');
        return 0;
    }
    check_again(draft, &applied);
    FUZZ_CHECK(slw_tuf_draft_settle(draft, bit_length, &detail) == SLW_OK);
    check_settled(draft, bit_length);
    check_again(draft, &applied);
    slw_tuf_draft_free(draft);
    return 0;
}
