/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a log that somebody else may have written: a journal's blocks, bundles of entries,
 * bodies for a witness, and paths that the front is asked for.
 */
#include "fuzz.h"

#include "../host/log/log_journal.h"
#include "../host/log/witness_body.h"

static void read_block(struct slw_bytes input)
{
    struct slw_log_block block;
    struct slw_log_item item;
    struct slw_heap_buffer again = {0};
    if (!slw_log_journal_read_block(input, &block)) {
        return;
    }
    slw_log_journal_begin(&again);
    struct slw_bytes items = block.items;
    for (uint32_t i = 0; i < block.count; i++) {
        FUZZ_CHECK(slw_log_journal_next_item(&items, &item));
        slw_log_journal_add(&item, &again);
    }
    FUZZ_CHECK(items.len == 0);
    slw_log_journal_finish(block.first, block.count, block.checkpoint, &again);
    FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(&again), input));
    slw_heap_drop(&again);
}

/* The same with a digest that is right, which the fuzzer doesn't find by itself. */
static void read_sealed_block(struct slw_bytes input)
{
    struct slw_heap_buffer sealed = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_heap_append_text(&sealed, "SLWB");
    const uint8_t len[4] = {(uint8_t)(input.len >> 24), (uint8_t)(input.len >> 16),
                            (uint8_t)(input.len >> 8), (uint8_t)input.len};
    slw_heap_append(&sealed, slw_bytes_make(len, sizeof len));
    slw_heap_append(&sealed, input);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&sealed));
    slw_sha256_final(&hash, digest);
    slw_heap_append(&sealed, slw_bytes_make(digest, sizeof digest));
    read_block(slw_heap_bytes(&sealed));
    slw_heap_drop(&sealed);
}

static void read_entries(struct slw_bytes input)
{
    struct slw_bytes leaf;
    size_t at = 0;
    size_t total = 0;
    while (slw_log_next_entry(input, &at, &leaf)) {
        total += 2 + leaf.len;
        FUZZ_CHECK(total == at && at <= input.len);
    }
}

static void read_body(struct slw_bytes input)
{
    struct slw_witness_body body;
    struct slw_detail detail;
    struct slw_heap_buffer again = {0};
    if (slw_witness_body_parse(input, &body, &detail) == SLW_OK) {
        FUZZ_CHECK(slw_witness_body_format(body.old_size, &body.proof, body.checkpoint, &again) ==
                   SLW_OK);
        FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(&again), input));
        slw_heap_drop(&again);
    }
}

static void read_path(struct slw_bytes input)
{
    if (slw_log_path_is_good(input)) {
        FUZZ_CHECK(input.len < SLW_LOG_PATH_SIZE && input.ptr[0] != '/');
        for (size_t i = 0; i + 1 < input.len; i++) {
            FUZZ_CHECK(input.ptr[i] > 0x20 && input.ptr[i] < 0x7F);
            FUZZ_CHECK(input.ptr[i] != '.' || input.ptr[i + 1] == 'p');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct slw_bytes input) = {
        read_block, read_sealed_block, read_entries, read_body, read_path,
    };
    if (size > 0) {
        readers[data[0] % (sizeof readers / sizeof readers[0])](slw_bytes_make(data + 1, size - 1));
    }
    return 0;
}
