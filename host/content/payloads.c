/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content rules about the payloads: each is read once, forwards, in the order in which they stand
 * in the bundle; hashed, searched for what is forbidden, and its ELF header looked at. Called by
 * check.c.
 */
#include "check.h"

#include "elf.h"
#include "search.h"

#include "slipway/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * A private key in PEM has its base64 in the next line; that of a DER sequence, as all of them are
 * but OpenSSH's, begins with M. What merely reads such files has the line alone, and passes; so
 * does this very program, which has it in pieces.
 */
static const struct {
    const char *kind;
    const char *next; /* what the line behind it begins with */
} private_keys[] = {
    {"", "M"},
    {"ENCRYPTED ", "M"},
    {"RSA ", "M"},
    {"EC ", "M"},
    {"DSA ", "M"},
    {"RSA ", "Proc-Type:"},
    {"EC ", "Proc-Type:"},
    {"DSA ", "Proc-Type:"},
    {"OPENSSH ", "b3BlbnNzaC1r"},
};
static const char *const line_ends[] = {"\n", "\r\n"};
#define PRIVATE_KEYS_COUNT (2 * sizeof private_keys / sizeof *private_keys)
#define PRIVATE_KEY_SIZE 64u

_Static_assert(SLW_CONTENT_PATTERNS_MAX + PRIVATE_KEYS_COUNT <= SLW_SEARCH_PATTERNS_MAX,
               "all patterns fit one search");
_Static_assert(SLW_CONTENT_PATTERN_SIZE_MAX <= SLW_SEARCH_PATTERN_SIZE_MAX &&
                   SLW_CONTENT_PATTERN_SIZE_MIN >= SLW_SEARCH_PATTERN_SIZE_MIN,
               "what rules allow can be searched for");

/* What a pass over one payload yields. */
struct pass {
    struct slw_search *search;                       /* NULL: nothing is forbidden */
    char keys[PRIVATE_KEYS_COUNT][PRIVATE_KEY_SIZE]; /* how private keys begin */
    uint8_t *block;                                  /* to read into when there is no search */
    struct slw_sha256 hash;
    uint8_t sha256[SLW_SHA256_SIZE];
    bool is_elf;
};

static enum slw_status read_payload(struct slw_content_checking *checking, struct slw_span span,
                                    struct pass *pass)
{
    const struct slw_source *bundle = checking->bundle;
    slw_sha256_init(&pass->hash);
    pass->is_elf = false;
    if (pass->search != NULL) {
        slw_search_begin(pass->search);
    }
    for (uint64_t at = 0; at < span.length;) {
        uint64_t left = span.length - at;
        size_t len = left < SLW_SEARCH_BLOCK_SIZE ? (size_t)left : SLW_SEARCH_BLOCK_SIZE;
        uint8_t *place = pass->search != NULL ? slw_search_place(pass->search) : pass->block;
        if (bundle->read(bundle->context, span.offset + at, place, len) != SLW_OK) {
            return slw_explain(checking->detail, SLW_IO, "%s: can't be read", checking->name);
        }
        slw_sha256_update(&pass->hash, slw_bytes_make(place, len));
        pass->is_elf |= at == 0 && slw_elf_has_magic(slw_bytes_make(place, len));
        if (pass->search != NULL) {
            slw_search_advance(pass->search, len);
        }
        at += len;
    }
    if (pass->search != NULL) {
        slw_search_end(pass->search);
    }
    slw_sha256_final(&pass->hash, pass->sha256);
    checking->report.payload_bytes += span.length;
    return SLW_OK;
}

static enum slw_status check_elf(struct slw_content_checking *checking,
                                 const struct slw_payload_entry *payload)
{
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    struct slw_heap_buffer why = {0};
    enum slw_status status = slw_elf_check_stripped(checking->bundle, payload->value.offset,
                                                    payload->value.length, &why);
    if (status == SLW_WRONG_CONTENT) {
        status = slw_content_add(checking, status, SLW_CONTENT_ELF, "target %s: %s",
                                 slw_content_quote(payload->name, quoted), slw_heap_text(&why));
    } else if (status != SLW_OK) {
        (void)slw_explain(checking->detail, status, "%s: can't be read", checking->name);
    }
    slw_heap_free(&why);
    return status;
}

static enum slw_status tell_found(struct slw_content_checking *checking,
                                  const struct slw_payload_entry *payload, const struct pass *pass)
{
    const struct slw_content_rules *rules = checking->rules;
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    char pattern[SLW_CONTENT_QUOTED_SIZE];
    uint64_t offset = 0;
    for (size_t i = 0; i < rules->forbidden_count; i++) {
        if (slw_search_found(pass->search, i, &offset)) {
            SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_FORBIDDEN,
                                    "target %s: has what is forbidden at byte %" PRIu64 ": %s",
                                    slw_content_quote(payload->name, quoted), offset,
                                    slw_content_quote(rules->forbidden[i].name, pattern)));
        }
    }
    for (size_t i = 0; i < PRIVATE_KEYS_COUNT && !rules->private_keys_allowed; i++) {
        if (slw_search_found(pass->search, rules->forbidden_count + i, &offset)) {
            SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_PRIVATE_KEY,
                                    "target %s: has a private key at byte %" PRIu64,
                                    slw_content_quote(payload->name, quoted), offset));
        }
    }
    return SLW_OK;
}

static enum slw_status check_hash(struct slw_content_checking *checking,
                                  const struct slw_payload_entry *payload,
                                  const struct slw_content_expected *expected,
                                  const struct pass *pass)
{
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    if (payload->value.length != expected->length) {
        return slw_content_add(checking, SLW_WRONG_LENGTH, SLW_CONTENT_HASH,
                               "target %s: %" PRIu64 " bytes, but %" PRIu64 " in the metadata",
                               slw_content_quote(payload->name, quoted), payload->value.length,
                               expected->length);
    }
    if (!slw_bytes_equal(slw_bytes_make(pass->sha256, sizeof pass->sha256), expected->sha256)) {
        return slw_content_add(checking, SLW_WRONG_HASH, SLW_CONTENT_HASH,
                               "target %s: another SHA-256 than in the metadata",
                               slw_content_quote(payload->name, quoted));
    }
    return SLW_OK;
}

static enum slw_status check_payload(struct slw_content_checking *checking,
                                     const struct slw_payload_entry *payload, struct pass *pass)
{
    struct slw_content_expected *expected = NULL;
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    for (size_t low = 0, high = checking->expected_count; low < high && expected == NULL;) {
        size_t middle = low + (high - low) / 2;
        int order = slw_content_order(payload->name, checking->expected[middle].name);
        expected = order == 0 ? &checking->expected[middle] : NULL;
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    if (expected == NULL) {
        /* Nothing of it is read: it is refused, whatever it holds. */
        return slw_content_add(checking, SLW_UNLISTED_PAYLOAD, SLW_CONTENT_PRESENCE,
                               "payload %s isn't in the metadata",
                               slw_content_quote(payload->name, quoted));
    }
    expected->present = true;
    SLW_TRY(read_payload(checking, payload->value, pass));
    SLW_TRY(check_hash(checking, payload, expected, pass));
    if (pass->search != NULL) {
        SLW_TRY(tell_found(checking, payload, pass));
    }
    checking->report.elf_count += pass->is_elf ? 1 : 0;
    return pass->is_elf && checking->rules->elf_stripped ? check_elf(checking, payload) : SLW_OK;
}

/* Whether the last release had this very image, which was looked into then. */
static bool was_there_before(const struct slw_content_rules *rules,
                             const struct slw_content_expected *image)
{
    for (size_t i = 0; rules->has_former && i < rules->former_count; i++) {
        const struct slw_content_former *former = &rules->former[i];
        if (slw_bytes_equal(former->name, image->name) && former->length == image->length &&
            slw_bytes_equal(slw_bytes_make(former->sha256, SLW_SHA256_SIZE), image->sha256)) {
            return true;
        }
    }
    return false;
}

static enum slw_status check_absent(struct slw_content_checking *checking)
{
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    for (size_t i = 0; i < checking->expected_count; i++) {
        const struct slw_content_expected *expected = &checking->expected[i];
        if (expected->image && !expected->present && !was_there_before(checking->rules, expected)) {
            SLW_TRY(slw_content_add(
                checking, SLW_MISSING_PAYLOAD, SLW_CONTENT_PRESENCE,
                "target %s: its image isn't in the bundle, and nobody looked into it before",
                slw_content_quote(expected->name, quoted)));
        }
    }
    return SLW_OK;
}

/* How a private key begins: by hand, for printf() took longer than the rest of judging something
 * small. */
static struct slw_bytes private_key_begin(size_t number, char buffer[static PRIVATE_KEY_SIZE])
{
    const char *const parts[] = {
        "-----BEGIN",
        " ",
        private_keys[number / 2].kind,
        "PRIVATE KEY",
        "-----",
        line_ends[number % 2],
        private_keys[number / 2].next,
    };
    struct slw_writer writer;
    slw_writer_init(&writer, (uint8_t *)buffer, PRIVATE_KEY_SIZE);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        slw_writer_put(&writer, slw_bytes_make(parts[i], strlen(parts[i])));
    }
    return slw_bytes_make(buffer, writer.len);
}

static enum slw_status start_pass(struct slw_content_checking *checking, struct slw_bytes *patterns,
                                  struct pass *pass)
{
    const struct slw_content_rules *rules = checking->rules;
    size_t count = 0;
    for (size_t i = 0; i < rules->forbidden_count; i++) {
        patterns[count++] = rules->forbidden[i].bytes;
    }
    for (size_t i = 0; i < PRIVATE_KEYS_COUNT && !rules->private_keys_allowed; i++) {
        patterns[count++] = private_key_begin(i, pass->keys[i]);
    }
    if (count > 0) {
        return slw_search_new(patterns, count, &pass->search, checking->detail);
    }
    pass->block = malloc(SLW_SEARCH_BLOCK_SIZE);
    return pass->block == NULL ? slw_explain_no_memory(checking->detail) : SLW_OK;
}

/* A payload in the order in which they stand. */
struct placed {
    const struct slw_payload_entry *payload;
};

static int order_by_place(const void *left, const void *right)
{
    uint64_t left_offset = ((const struct placed *)left)->payload->value.offset;
    uint64_t right_offset = ((const struct placed *)right)->payload->value.offset;
    return left_offset < right_offset ? -1 : left_offset > right_offset;
}

/* In their order, so that a disk reads straight on. */
static enum slw_status check_each(struct slw_content_checking *checking, struct pass *pass)
{
    size_t count = checking->index.payloads_count;
    struct placed *placed = malloc((count + 1) * sizeof *placed);
    enum slw_status status = SLW_OK;
    if (placed == NULL) {
        return slw_explain_no_memory(checking->detail);
    }
    for (size_t i = 0; i < count; i++) {
        placed[i].payload = &checking->index.payloads[i];
    }
    qsort(placed, count, sizeof *placed, order_by_place);
    for (size_t i = 0; i < count && status == SLW_OK; i++) {
        status = check_payload(checking, placed[i].payload, pass);
    }
    free(placed);
    return status;
}

enum slw_status slw_content_check_payloads(struct slw_content_checking *checking)
{
    struct slw_bytes patterns[SLW_CONTENT_PATTERNS_MAX + PRIVATE_KEYS_COUNT];
    struct pass pass = {0};
    enum slw_status status = start_pass(checking, patterns, &pass);
    if (status == SLW_OK) {
        status = check_each(checking, &pass);
    }
    if (status == SLW_OK) {
        status = check_absent(checking);
    }
    slw_search_free(pass.search);
    free(pass.block);
    return status;
}
