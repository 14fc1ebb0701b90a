/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle against content rules, from its beginning to its end: see content_rules.h. Called by the
 * signing service's judges and by `slipway build validate`.
 */
#include "check.h"

#include <stdlib.h>

int slw_content_order(struct slw_bytes left, struct slw_bytes right)
{
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len == 0 ? 0 : memcmp(left.ptr, right.ptr, len);
    if (order != 0) {
        return order;
    }
    return left.len < right.len ? -1 : left.len > right.len;
}

static int order_expected(const void *left, const void *right)
{
    const struct slw_content_expected *left_expected = left;
    const struct slw_content_expected *right_expected = right;
    return slw_content_order(left_expected->name, right_expected->name);
}

static size_t count_forms(const struct slw_targets_draft *draft)
{
    size_t count = draft->targets_count;
    for (size_t i = 0; i < draft->targets_count; i++) {
        count += draft->targets[i].encodings_count;
    }
    return count;
}

/*
 * "Its payload is either that image under the target's name, or one of the encodings under its
 * payload_name". That no name is there twice was checked with the metadata.
 */
static enum slw_status list_expected(struct slw_content_checking *checking)
{
    const struct slw_targets_draft *draft = &checking->draft;
    checking->expected = calloc(count_forms(draft) + 1, sizeof *checking->expected);
    if (checking->expected == NULL) {
        return slw_explain_no_memory(checking->detail);
    }
    for (size_t i = 0; i < draft->targets_count; i++) {
        const struct slw_target_draft *target = &draft->targets[i];
        checking->expected[checking->expected_count++] = (struct slw_content_expected){
            target->name, target->length, target->sha256, true, false};
        for (size_t j = 0; j < target->encodings_count; j++) {
            const struct slw_encoding_draft *form = &target->encodings[j];
            checking->expected[checking->expected_count++] = (struct slw_content_expected){
                form->payload_name, form->length, form->sha256, false, false};
        }
    }
    qsort(checking->expected, checking->expected_count, sizeof *checking->expected, order_expected);
    return SLW_OK;
}

static enum slw_status check(struct slw_content_checking *checking)
{
    bool usable = false;
    SLW_TRY(slw_content_rules_check(checking->rules, checking->detail));
    SLW_TRY(slw_bundle_index_read(checking->name, checking->bundle, &checking->index,
                                  checking->detail));
    SLW_TRY(slw_content_check_metadata(checking, &usable));
    if (!usable) {
        return SLW_OK;
    }
    SLW_TRY(list_expected(checking));
    return slw_content_check_payloads(checking);
}

enum slw_status slw_content_check(const char *name, const struct slw_source *bundle,
                                  const struct slw_content_rules *rules,
                                  struct slw_content_report *ret_report, struct slw_detail *detail)
{
    struct slw_content_checking checking = {
        .name = name, .bundle = bundle, .rules = rules, .detail = detail};
    enum slw_status status = check(&checking);
    if (status == SLW_OK) {
        *ret_report = checking.report;
    } else {
        slw_content_report_free(&checking.report);
    }
    free(checking.expected);
    slw_targets_draft_free(&checking.draft);
    slw_bundle_index_free(&checking.index);
    slw_heap_free(&checking.message);
    return status;
}

static enum slw_status copy_former(const struct slw_targets_draft *draft,
                                   struct slw_content_former **ret_former,
                                   struct slw_detail *detail)
{
    struct slw_content_former *former = calloc(draft->targets_count + 1, sizeof *former);
    if (former == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < draft->targets_count; i++) {
        const struct slw_target_draft *target = &draft->targets[i];
        if (target->sha256.len != SLW_SHA256_SIZE) {
            free(former);
            return slw_explain(detail, SLW_MISSING_HASH, "a SHA-256 that isn't 32 bytes");
        }
        former[i].name = target->name;
        former[i].length = target->length;
        memcpy(former[i].sha256, target->sha256.ptr, SLW_SHA256_SIZE);
    }
    *ret_former = former;
    return SLW_OK;
}

enum slw_status slw_content_former_read(struct slw_bytes serialized,
                                        struct slw_content_former **ret_former, size_t *ret_count,
                                        struct slw_detail *detail)
{
    struct slw_targets_draft draft;
    SLW_TRY(slw_targets_check_content(serialized, detail));
    SLW_TRY(slw_targets_draft_parse(serialized, &draft, detail));
    enum slw_status status = copy_former(&draft, ret_former, detail);
    if (status == SLW_OK) {
        *ret_count = draft.targets_count;
    }
    slw_targets_draft_free(&draft);
    return status;
}
