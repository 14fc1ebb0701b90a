/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content digest (SIGNING.md, section 2): a text of our own over what metadata say, so that it
 * is the same for every encoding of them, and nothing that they say can stand for something else.
 * For the signing service, and for tools that endorse, test and approve.
 */
#include "slipway/content_digest.h"

#include "slipway/bytes_order.h"
#include "slipway/signed_draft.h"

#include <stdlib.h>

#define TARGETS_MESSAGE_SIZE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)
#define LEAD SLW_BYTES_OF("slipway build v1\n")

static void put_integer(struct slw_sha256 *hash, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    slw_sha256_update(hash, slw_bytes_make(bytes, size));
}

/* Lengths fit: everything here is from metadata, of which there are never 4 GiB. */
static void put_bytes(struct slw_sha256 *hash, struct slw_bytes bytes)
{
    put_integer(hash, bytes.len, 4);
    slw_sha256_update(hash, bytes);
}

static int compare_hardware(const void *left, const void *right)
{
    const struct slw_bytes *one = left;
    const struct slw_bytes *other = right;
    return slw_bytes_compare(*one, *other);
}

static int compare_targets(const void *left, const void *right)
{
    const struct slw_target_draft *one = left;
    const struct slw_target_draft *other = right;
    int order = slw_bytes_compare(one->name, other->name);
    return order != 0 ? order : slw_bytes_compare(one->slot, other->slot);
}

/* "slot = empty: the target's name" */
static struct slw_bytes component_of(const struct slw_target_draft *target)
{
    return target->slot.len != 0 ? target->slot : target->name;
}

static int compare_components(const void *left, const void *right)
{
    return slw_bytes_compare(component_of(left), component_of(right));
}

struct sorted {
    struct slw_bytes *hardware;
    struct slw_target_draft *targets; /* copies: what they point to is the caller's */
};

static void free_sorted(struct sorted *sorted)
{
    free(sorted->hardware);
    free(sorted->targets);
}

/* "Duplicate hardware ids are refused." */
static enum slw_status sort_hardware(const struct slw_targets_draft *targets, struct sorted *sorted,
                                     struct slw_detail *detail)
{
    size_t count = targets->hardware_ids_count;
    sorted->hardware = calloc(count + 1, sizeof *sorted->hardware);
    if (sorted->hardware == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < count; i++) {
        sorted->hardware[i] = targets->hardware_ids[i];
    }
    qsort(sorted->hardware, count, sizeof *sorted->hardware, compare_hardware);
    for (size_t i = 1; i < count; i++) {
        if (slw_bytes_equal(sorted->hardware[i - 1], sorted->hardware[i])) {
            return slw_explain(detail, SLW_MALFORMED, "a hardware id is listed twice");
        }
    }
    return SLW_OK;
}

static enum slw_status sort_targets(const struct slw_targets_draft *targets, struct sorted *sorted,
                                    struct slw_detail *detail)
{
    size_t count = targets->targets_count;
    sorted->targets = calloc(count + 1, sizeof *sorted->targets);
    if (sorted->targets == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < count; i++) {
        sorted->targets[i] = targets->targets[i];
    }
    qsort(sorted->targets, count, sizeof *sorted->targets, compare_components);
    for (size_t i = 1; i < count; i++) {
        if (compare_components(&sorted->targets[i - 1], &sorted->targets[i]) == 0) {
            return slw_explain(detail, SLW_DUPLICATE_TARGET, "two targets are for one slot");
        }
    }
    qsort(sorted->targets, count, sizeof *sorted->targets, compare_targets);
    for (size_t i = 1; i < count; i++) {
        if (slw_bytes_equal(sorted->targets[i - 1].name, sorted->targets[i].name)) {
            return slw_explain(detail, SLW_DUPLICATE_TARGET, "a target is listed twice");
        }
    }
    return SLW_OK;
}

static enum slw_status check_values(const struct slw_targets_draft *targets,
                                    struct slw_detail *detail)
{
    if (targets->build_type > SLW_BUILD_TYPE_USER) {
        return slw_explain(detail, SLW_MALFORMED, "an unknown build type");
    }
    for (size_t i = 0; i < targets->targets_count; i++) {
        if (targets->targets[i].sha256.len != SLW_SHA256_SIZE) {
            return slw_explain(detail, SLW_MISSING_HASH, "a target has no SHA-256");
        }
    }
    return SLW_OK;
}

static void digest_sorted(const struct slw_targets_draft *targets, const struct sorted *sorted,
                          uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, LEAD);
    put_bytes(&hash, targets->product);
    put_integer(&hash, targets->hardware_ids_count, 4);
    for (size_t i = 0; i < targets->hardware_ids_count; i++) {
        put_bytes(&hash, sorted->hardware[i]);
    }
    put_integer(&hash, targets->build_type, 4);
    put_integer(&hash, targets->targets_count, 4);
    for (size_t i = 0; i < targets->targets_count; i++) {
        const struct slw_target_draft *target = &sorted->targets[i];
        put_bytes(&hash, target->name);
        put_bytes(&hash, target->slot);
        put_integer(&hash, target->length, 8);
        slw_sha256_update(&hash, target->sha256);
    }
    slw_sha256_final(&hash, ret_digest);
}

enum slw_status slw_content_digest(const struct slw_targets_draft *targets,
                                   uint8_t ret_digest[static SLW_SHA256_SIZE],
                                   struct slw_detail *detail)
{
    struct sorted sorted = {0};
    enum slw_status status = check_values(targets, detail);
    if (status == SLW_OK) {
        status = sort_hardware(targets, &sorted, detail);
    }
    if (status == SLW_OK) {
        status = sort_targets(targets, &sorted, detail);
    }
    if (status == SLW_OK) {
        digest_sorted(targets, &sorted, ret_digest);
    }
    free_sorted(&sorted);
    return status;
}

enum slw_status slw_content_digest_of(struct slw_bytes serialized,
                                      uint8_t ret_digest[static SLW_SHA256_SIZE],
                                      struct slw_detail *detail)
{
    struct slw_targets_draft targets = {0};
    SLW_TRY(slw_targets_draft_parse(serialized, &targets, detail));
    enum slw_status status = slw_content_digest(&targets, ret_digest, detail);
    slw_targets_draft_free(&targets);
    return status;
}

enum slw_status slw_content_digest_of_bundle(const char *name, const struct slw_bundle_index *index,
                                             uint8_t ret_digest[static SLW_SHA256_SIZE],
                                             struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    struct slw_signed_draft targets = {0};
    if (!index->has_targets) {
        return slw_explain(detail, SLW_MISSING_TARGETS, "%s: has no targets metadata", name);
    }
    enum slw_status status = slw_source_load(name, index->source, index->targets,
                                             TARGETS_MESSAGE_SIZE_MAX, &message, detail);
    if (status == SLW_OK) {
        status = slw_signed_draft_parse(name, slw_heap_bytes(&message), &targets, detail);
    }
    if (status == SLW_OK) {
        status = slw_content_digest_of(targets.serialized, ret_digest, detail);
    }
    slw_heap_drop(&message);
    return status;
}
