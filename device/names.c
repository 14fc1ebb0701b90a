/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of names of a release (targets.h): sorted by a digest's start, so that a payload is
 * found in a few comparisons whatever order a bundle has, and checked by reading its target again.
 */
#include "target_read.h"

bool slw_name_is_good(struct slw_bytes name)
{
    size_t segment = 0; /* where the current segment begins */
    if (name.len == 0 || name.len > SLW_NAME_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && name.ptr[i] != '/') {
            if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7F || name.ptr[i] == '\\') {
                return false;
            }
            continue;
        }
        size_t len = i - segment;
        bool only_dots = len <= 2 && (len < 1 || name.ptr[segment] == '.') &&
                         (len < 2 || name.ptr[segment + 1] == '.');
        if (only_dots) {
            return false; /* empty, "." or ".." */
        }
        segment = i + 1;
    }
    return true;
}

uint32_t slw_name_tag(struct slw_bytes name)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, name);
    slw_sha256_final(&hash, digest);
    return slw_get_u32_le(digest);
}

static bool comes_before(const struct slw_name *left, const struct slw_name *right)
{
    if (left->tag != right->tag) {
        return left->tag < right->tag;
    }
    if (left->target_offset != right->target_offset) {
        return left->target_offset < right->target_offset;
    }
    return left->form < right->form;
}

static void swap(struct slw_name *left, struct slw_name *right)
{
    struct slw_name kept = *left;
    *left = *right;
    *right = kept;
}

static void sift_down(struct slw_name *entries, size_t start, size_t count)
{
    size_t parent = start;
    for (;;) {
        size_t child = 2 * parent + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && comes_before(&entries[child], &entries[child + 1])) {
            child++;
        }
        if (!comes_before(&entries[parent], &entries[child])) {
            return;
        }
        swap(&entries[parent], &entries[child]);
        parent = child;
    }
}

/* Heapsort: in place, without recursion, and never worse than n log n. */
void slw_names_sort(struct slw_names *names)
{
    for (size_t start = names->count / 2; start > 0; start--) {
        sift_down(names->entries, start - 1, names->count);
    }
    for (size_t end = names->count; end > 1; end--) {
        swap(&names->entries[0], &names->entries[end - 1]);
        sift_down(names->entries, 0, end - 1);
    }
}

/* Index of the first entry with this tag, or count. */
static size_t first_with_tag(const struct slw_names *names, uint32_t tag)
{
    size_t low = 0;
    size_t high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->entries[middle].tag < tag) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Keeps the text of the form that the entry stands for. */
struct text_of_form {
    uint16_t form;
    uint8_t *text;
    size_t len;
};

static void keep_text(void *context, const struct slw_encoding *encoding)
{
    struct text_of_form *wanted = context;
    if (encoding->number == wanted->form) {
        memcpy(wanted->text, encoding->payload_name, SLW_NAME_SIZE_MAX);
        wanted->len = encoding->payload_name_len;
    }
}

enum slw_status slw_names_read(const struct slw_targets *targets, const struct slw_name *entry,
                               struct slw_reader *lookup, struct slw_target *ret_target,
                               struct slw_bytes *ret_text, uint8_t text[static SLW_NAME_SIZE_MAX])
{
    struct text_of_form wanted = {entry->form, text, 0};
    struct slw_encoding_visitor visitor = {keep_text, &wanted};
    struct slw_proto proto;
    struct slw_proto_field field;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_reader_seek(lookup, targets->serialized.offset + entry->target_offset,
                    targets->serialized.offset + targets->serialized.length);
    slw_proto_begin(&proto, lookup, &slw_targets_rules);
    if (!slw_proto_next(&proto, &field) || field.number != SLW_TARGETS_TARGET_FILES) {
        return SLW_IO;
    }
    slw_target_read(&proto, &field, entry->form, &visitor, ret_target, digest);
    if (lookup->status != SLW_OK ||
        memcmp(digest, entry->target_digest, sizeof entry->target_digest) != 0) {
        return SLW_IO;
    }
    if (entry->form == 0) {
        memcpy(text, ret_target->name, SLW_NAME_SIZE_MAX);
        wanted.len = ret_target->name_len;
    } else if (entry->form == SLW_FORM_SLOT_ONLY) {
        memcpy(text, ret_target->slot, SLW_NAME_SIZE_MAX);
        wanted.len = ret_target->slot_len;
    }
    *ret_text = slw_bytes_make(text, wanted.len);
    return SLW_OK;
}

enum slw_status slw_names_find(const struct slw_targets *targets, const struct slw_names *names,
                               struct slw_reader *lookup, struct slw_bytes name,
                               struct slw_name **ret_entry, struct slw_target *ret_target)
{
    uint32_t tag = slw_name_tag(name);
    uint8_t text_memory[SLW_NAME_SIZE_MAX];
    struct slw_bytes text;
    for (size_t i = first_with_tag(names, tag); i < names->count; i++) {
        struct slw_name *entry = &names->entries[i];
        if (entry->tag != tag) {
            break;
        }
        if ((entry->flags & SLW_NAME_IS_PAYLOAD) == 0) {
            continue;
        }
        SLW_TRY(slw_names_read(targets, entry, lookup, ret_target, &text, text_memory));
        if (slw_bytes_equal(text, name)) {
            *ret_entry = entry;
            return SLW_OK;
        }
    }
    *ret_entry = NULL;
    return SLW_OK;
}

struct slw_name *slw_names_find_image(const struct slw_names *names, struct slw_bytes name,
                                      uint32_t target_offset)
{
    uint32_t tag = slw_name_tag(name);
    for (size_t i = first_with_tag(names, tag); i < names->count; i++) {
        struct slw_name *entry = &names->entries[i];
        if (entry->tag != tag) {
            break;
        }
        if (entry->form == 0 && entry->target_offset == target_offset) {
            return entry;
        }
    }
    return NULL;
}

void slw_target_walk_start(struct slw_target_walk *walk, const struct slw_source *bundle,
                           const struct slw_targets *targets, uint8_t *block, size_t block_size)
{
    walk->seen = 0;
    slw_reader_init(&walk->reader, bundle, block, block_size);
    slw_reader_seek(&walk->reader, targets->serialized.offset,
                    targets->serialized.offset + targets->serialized.length);
    slw_proto_begin(&walk->proto, &walk->reader, &slw_targets_rules);
}

enum slw_status slw_target_walk_next(struct slw_target_walk *walk,
                                     const struct slw_targets *targets,
                                     const struct slw_names *names, struct slw_target *ret_target,
                                     struct slw_name **ret_image)
{
    struct slw_proto_field field;
    uint8_t digest[SLW_SHA256_SIZE];
    while (slw_proto_next(&walk->proto, &field)) {
        if (field.number != SLW_TARGETS_TARGET_FILES) {
            continue;
        }
        slw_target_read(&walk->proto, &field, 0, NULL, ret_target, digest);
        SLW_TRY(walk->reader.status);
        struct slw_bytes name = slw_bytes_make(ret_target->name, ret_target->name_len);
        uint32_t offset = (uint32_t)(field.start - targets->serialized.offset);
        *ret_image = slw_names_find_image(names, name, offset);
        if (*ret_image == NULL ||
            memcmp(digest, (*ret_image)->target_digest, sizeof(*ret_image)->target_digest) != 0) {
            return SLW_IO;
        }
        walk->seen++;
        return SLW_OK;
    }
    SLW_TRY(walk->reader.status);
    return walk->seen == targets->targets_count ? SLW_NOT_FOUND : SLW_IO;
}
