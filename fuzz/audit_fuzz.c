/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of a log that says anything: each line of the input is a record, one that begins with
 * `R` a release. The log is a good one otherwise, signed and all, so its walk must succeed whatever
 * its records say; and with any byte of it changed it must not.
 */
#include "fuzz.h"

#include "slipway/audit.h"
#include "slipway/keys.h"

#define ENTRIES_MAX 64u
#define ORIGIN "log"

struct log {
    struct slw_heap_buffer entries;
    struct slw_heap_buffer records;
    struct slw_heap_buffer tile;
    struct slw_heap_buffer checkpoint;
    struct slw_merkle_frontier tree;
    struct slw_note_signer signer;
};

static struct slw_private_key *key;

static void add_leaf(struct log *log, const struct slw_log_leaf *leaf)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_merkle_hash hash;
    FUZZ_CHECK(slw_log_leaf_format(leaf, &bytes) == SLW_OK);
    const uint8_t len[2] = {(uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};
    slw_heap_append(&log->entries, slw_bytes_make(len, sizeof len));
    slw_heap_append(&log->entries, slw_heap_bytes(&bytes));
    slw_merkle_leaf(slw_heap_bytes(&bytes), &hash);
    slw_heap_append(&log->tile, slw_bytes_make(hash.bytes, sizeof hash.bytes));
    FUZZ_CHECK(slw_merkle_frontier_append(&log->tree, &hash));
    slw_heap_drop(&bytes);
}

static void add_entry(struct log *log, struct slw_bytes line)
{
    static const uint8_t salt[SLW_LOG_SALT_SIZE] = {1};
    const uint8_t header[4] = {(uint8_t)(line.len >> 24), (uint8_t)(line.len >> 16),
                               (uint8_t)(line.len >> 8), (uint8_t)line.len};
    struct slw_log_leaf leaf = {.kind = SLW_LOG_RECORD};
    struct slw_sha256 hash;
    if (line.len == 0 || line.ptr[0] == 'R') {
        leaf.kind = SLW_LOG_RELEASE;
        leaf.product = SLW_BYTES_OF("lamp");
        leaf.targets_version = (uint32_t)line.len;
        slw_heap_append(&log->records, SLW_BYTES_OF("\0\0\0\0"));
    } else {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, slw_bytes_make(salt, sizeof salt));
        slw_sha256_update(&hash, line);
        slw_sha256_final(&hash, leaf.digest);
        slw_heap_append(&log->records, slw_bytes_make(header, sizeof header));
        slw_heap_append(&log->records, slw_bytes_make(salt, sizeof salt));
        slw_heap_append(&log->records, line);
    }
    add_leaf(log, &leaf);
}

static void sign(struct log *log)
{
    struct slw_checkpoint checkpoint = {.origin = SLW_BYTES_OF(ORIGIN), .size = log->tree.size};
    struct slw_merkle_hash root;
    struct slw_heap_buffer text = {0};
    struct slw_detail detail;
    slw_merkle_frontier_root(&log->tree, &root);
    memcpy(checkpoint.root, root.bytes, sizeof checkpoint.root);
    slw_checkpoint_format(&checkpoint, &text);
    slw_heap_append(&log->checkpoint, slw_heap_bytes(&text));
    slw_heap_append_text(&log->checkpoint, "\n");
    FUZZ_CHECK(slw_note_sign_text(&log->signer, slw_heap_bytes(&text), 0, &log->checkpoint,
                                  &detail) == SLW_OK);
    slw_heap_drop(&text);
}

static enum slw_status get(void *context, const char *path, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    const struct log *log = context;
    (void)limit;
    (void)detail;
    const struct slw_heap_buffer *file = strcmp(path, "checkpoint") == 0          ? &log->checkpoint
                                         : strncmp(path, "records", 7) == 0       ? &log->records
                                         : strncmp(path, "tile/entries", 12) == 0 ? &log->entries
                                                                                  : &log->tile;
    slw_heap_append(ret_bytes, slw_heap_bytes(file));
    return ret_bytes->status;
}

static enum slw_status audit(struct log *log)
{
    static struct slw_audit auditor;
    struct slw_detail detail;
    const struct slw_audit_source source = {log, get};
    memset(&auditor, 0, sizeof auditor);
    auditor.settings.log_key = &log->signer.key;
    enum slw_status status = slw_audit_run(&auditor, &source, &detail);
    slw_audit_free(&auditor);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_detail detail;
    struct log log = {.tree = {.size = 0}};
    size_t start = 2;
    if (size < 3) {
        return 0;
    }
    if (key == NULL) {
        FUZZ_CHECK(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &detail) == SLW_OK);
    }
    FUZZ_CHECK(slw_note_signer_init(key, SLW_BYTES_OF(ORIGIN), SLW_NOTE_ED25519, &log.signer,
                                    &detail) == SLW_OK);
    for (size_t at = start; at <= size && log.tree.size < ENTRIES_MAX; at++) {
        if (at == size || data[at] == '\n') {
            add_entry(&log, slw_bytes_make(data + start, at - start));
            start = at + 1;
        }
    }
    sign(&log);
    FUZZ_CHECK(audit(&log) == SLW_OK);
    struct slw_heap_buffer *files[] = {&log.entries, &log.records, &log.tile, &log.checkpoint};
    struct slw_heap_buffer *file = files[data[0] % 4];
    file->ptr[data[1] % file->len] ^= 1; /* of the checkpoint's base64 a bit may be one too many */
    FUZZ_CHECK(audit(&log) != SLW_OK);
    for (size_t i = 0; i < 4; i++) {
        slw_heap_drop(files[i]);
    }
    return 0;
}
