/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's bytes, written and read. What is read may have been torn by a crash, or changed by
 * whoever has the disk.
 */
#include "log_journal.h"

#define MAGIC "slipway journal\n"
#define BLOCK_MAGIC "SLWB"
#define BLOCK_HEADER_SIZE 8u
#define BLOCK_ITEMS_AT (BLOCK_HEADER_SIZE + 8u + 4u)

static void put_number(uint64_t value, unsigned size, uint8_t *ret_bytes)
{
    for (unsigned i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
}

static void append_number(uint64_t value, unsigned size, struct slw_heap_buffer *bytes)
{
    uint8_t text[8];
    put_number(value, size, text);
    slw_heap_append(bytes, slw_bytes_make(text, size));
}

static uint64_t get_number(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void digest_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

void slw_log_journal_header(uint64_t size, const struct slw_merkle_hash *root,
                            uint8_t ret_header[static SLW_LOG_JOURNAL_HEADER_SIZE])
{
    memcpy(ret_header, MAGIC, sizeof MAGIC - 1);
    put_number(size, 8, ret_header + 16);
    memcpy(ret_header + 24, root->bytes, sizeof root->bytes);
    digest_of(slw_bytes_make(ret_header, 56), ret_header + 56);
}

bool slw_log_journal_read_header(const uint8_t header[static SLW_LOG_JOURNAL_HEADER_SIZE],
                                 uint64_t *ret_size, struct slw_merkle_hash *ret_root)
{
    uint8_t digest[SLW_SHA256_SIZE];
    digest_of(slw_bytes_make(header, 56), digest);
    if (memcmp(header, MAGIC, sizeof MAGIC - 1) != 0 ||
        memcmp(digest, header + 56, sizeof digest) != 0) {
        return false;
    }
    *ret_size = get_number(header + 16, 8);
    memcpy(ret_root->bytes, header + 24, sizeof ret_root->bytes);
    return true;
}

void slw_log_journal_begin(struct slw_heap_buffer *block)
{
    (void)slw_heap_reserve(block, BLOCK_ITEMS_AT); /* filled in when it is finished */
}

void slw_log_journal_add(const struct slw_log_item *item, struct slw_heap_buffer *block)
{
    append_number(item->leaf.len, 2, block);
    slw_heap_append(block, item->leaf);
    append_number(item->text.len, 4, block);
    slw_heap_append(block, item->salt);
    slw_heap_append(block, item->text);
}

struct slw_bytes slw_log_journal_items(const struct slw_heap_buffer *block)
{
    return slw_bytes_make(block->ptr + BLOCK_ITEMS_AT, block->len - BLOCK_ITEMS_AT);
}

void slw_log_journal_finish(uint64_t first, uint32_t count, struct slw_bytes checkpoint,
                            struct slw_heap_buffer *block)
{
    uint8_t digest[SLW_SHA256_SIZE];
    append_number(checkpoint.len, 4, block);
    slw_heap_append(block, checkpoint);
    if (block->status != SLW_OK) {
        return;
    }
    memcpy(block->ptr, BLOCK_MAGIC, sizeof BLOCK_MAGIC - 1);
    put_number(block->len - BLOCK_HEADER_SIZE, 4, block->ptr + 4);
    put_number(first, 8, block->ptr + BLOCK_HEADER_SIZE);
    put_number(count, 4, block->ptr + BLOCK_HEADER_SIZE + 8);
    digest_of(slw_heap_bytes(block), digest);
    slw_heap_append(block, slw_bytes_make(digest, sizeof digest));
}

uint64_t slw_log_journal_block_size(struct slw_bytes bytes)
{
    if (bytes.len < BLOCK_HEADER_SIZE || memcmp(bytes.ptr, BLOCK_MAGIC, 4) != 0) {
        return 0;
    }
    uint64_t size = BLOCK_HEADER_SIZE + get_number(bytes.ptr + 4, 4) + SLW_SHA256_SIZE;
    return size <= SLW_LOG_JOURNAL_BLOCK_SIZE_MAX ? size : 0;
}

/* So many bytes from the front, which are taken away. */
static bool take(struct slw_bytes *bytes, uint64_t len, struct slw_bytes *ret_part)
{
    if (len > bytes->len) {
        return false;
    }
    *ret_part = slw_bytes_make(bytes->ptr, (size_t)len);
    *bytes = slw_bytes_make(bytes->ptr + len, bytes->len - (size_t)len);
    return true;
}

static bool take_number(struct slw_bytes *bytes, unsigned size, uint64_t *ret_value)
{
    struct slw_bytes part;
    if (!take(bytes, size, &part)) {
        return false;
    }
    *ret_value = get_number(part.ptr, size);
    return true;
}

bool slw_log_journal_next_item(struct slw_bytes *items, struct slw_log_item *ret_item)
{
    struct slw_log_item item = {.salt = {NULL, 0}};
    uint64_t len = 0;
    if (!take_number(items, 2, &len) || len > SLW_LOG_LEAF_SIZE_MAX ||
        !take(items, len, &item.leaf)) {
        return false;
    }
    item.record = *items;
    if (!take_number(items, 4, &len) || len > SLW_LOG_TEXT_SIZE_MAX ||
        (len != 0 &&
         (!take(items, SLW_LOG_SALT_SIZE, &item.salt) || !take(items, len, &item.text)))) {
        return false;
    }
    item.record.len -= items->len;
    *ret_item = item;
    return true;
}

bool slw_log_journal_read_block(struct slw_bytes bytes, struct slw_log_block *ret_block)
{
    struct slw_log_block block;
    struct slw_log_item item;
    struct slw_bytes body;
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t number = 0;
    if (slw_log_journal_block_size(bytes) != bytes.len ||
        bytes.len < BLOCK_HEADER_SIZE + SLW_SHA256_SIZE) {
        return false;
    }
    body = slw_bytes_make(bytes.ptr + BLOCK_HEADER_SIZE,
                          bytes.len - BLOCK_HEADER_SIZE - SLW_SHA256_SIZE);
    digest_of(slw_bytes_make(bytes.ptr, bytes.len - SLW_SHA256_SIZE), digest);
    if (memcmp(digest, body.ptr + body.len, sizeof digest) != 0 ||
        !take_number(&body, 8, &block.first) || !take_number(&body, 4, &number) ||
        number > SLW_LOG_COMMIT_ENTRIES_MAX) {
        return false;
    }
    block.count = (uint32_t)number;
    block.items = body;
    for (uint32_t i = 0; i < block.count; i++) {
        if (!slw_log_journal_next_item(&body, &item)) {
            return false;
        }
    }
    block.items.len -= body.len;
    if (!take_number(&body, 4, &number) || !take(&body, number, &block.checkpoint) ||
        body.len != 0) {
        return false;
    }
    *ret_block = block;
    return true;
}
