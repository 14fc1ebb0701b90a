/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two releases, in words for an approver: out of their metadata alone, whoever
 * gave them.
 */
#include "sign.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/targets_draft.h"
#include "slipway/time_text.h"

#include <inttypes.h>

/* The two releases; former is all zeros when there is none. */
struct difference {
    struct slw_targets_draft former;
    struct slw_targets_draft now;
    bool has_former;
    struct slw_heap_buffer *text;
    unsigned changes;
};

static void begin_line(struct difference *difference, const char *sign)
{
    slw_heap_printf(difference->text, "  %s ", sign);
    difference->changes++;
}

static void say_text(struct difference *difference, const char *title, struct slw_bytes former,
                     struct slw_bytes now)
{
    if (slw_bytes_equal(former, now) && difference->has_former) {
        return;
    }
    if (former.len == 0 && now.len == 0) {
        return;
    }
    begin_line(difference, difference->has_former ? "~" : "+");
    slw_heap_printf(difference->text, "%s: ", title);
    if (difference->has_former) {
        slw_quote(former, difference->text);
        slw_heap_append_text(difference->text, " becomes ");
    }
    slw_quote(now, difference->text);
    slw_heap_append_text(difference->text, "\n");
}

static void append_word(struct slw_heap_buffer *text, const char *const *words, uint32_t count,
                        uint32_t value)
{
    if (words != NULL && value < count && words[value][0] != '\0') {
        slw_heap_append_text(text, words[value]);
    } else if (words != NULL && value == 0) {
        slw_heap_append_text(text, "none");
    } else {
        slw_heap_printf(text, "%" PRIu32, value);
    }
}

static void say_number(struct difference *difference, const char *title, const char *const *words,
                       uint32_t count, uint32_t former, uint32_t now)
{
    if (former == now && (difference->has_former || now == 0)) {
        return;
    }
    begin_line(difference, difference->has_former ? "~" : "+");
    slw_heap_printf(difference->text, "%s: ", title);
    if (difference->has_former) {
        append_word(difference->text, words, count, former);
        slw_heap_append_text(difference->text, " becomes ");
    }
    append_word(difference->text, words, count, now);
    slw_heap_append_text(difference->text, "\n");
}

static bool has_hardware(const struct slw_targets_draft *draft, struct slw_bytes id)
{
    for (size_t i = 0; i < draft->hardware_ids_count; i++) {
        if (slw_bytes_equal(draft->hardware_ids[i], id)) {
            return true;
        }
    }
    return false;
}

static void say_hardware(struct difference *difference, const char *sign,
                         const struct slw_targets_draft *of, const struct slw_targets_draft *other)
{
    for (size_t i = 0; i < of->hardware_ids_count; i++) {
        if (!has_hardware(other, of->hardware_ids[i])) {
            begin_line(difference, sign);
            slw_heap_append_text(difference->text, "hardware ");
            slw_quote(of->hardware_ids[i], difference->text);
            slw_heap_append_text(difference->text, "\n");
        }
    }
}

static const struct slw_target_draft *find_target(const struct slw_targets_draft *draft,
                                                  struct slw_bytes name)
{
    for (size_t i = 0; i < draft->targets_count; i++) {
        if (slw_bytes_equal(draft->targets[i].name, name)) {
            return &draft->targets[i];
        }
    }
    return NULL;
}

static void append_digest(struct slw_heap_buffer *text, struct slw_bytes sha256)
{
    slw_heap_append_text(text, " sha256 ");
    slw_hex(slw_bytes_make(sha256.ptr, sha256.len < 8 ? sha256.len : 8), text);
    slw_heap_append_text(text, "…");
}

static void say_target(struct difference *difference, const char *sign,
                       const struct slw_target_draft *target)
{
    begin_line(difference, sign);
    slw_heap_append_text(difference->text, "target ");
    slw_quote(target->name, difference->text);
    slw_heap_append_text(difference->text, ": ");
    cli_format_size(target->length, difference->text);
    append_digest(difference->text, target->sha256);
    slw_heap_append_text(difference->text, "\n");
}

static void say_changed_target(struct difference *difference, const struct slw_target_draft *former,
                               const struct slw_target_draft *now)
{
    bool same_content =
        former->length == now->length && slw_bytes_equal(former->sha256, now->sha256);
    if (same_content && slw_bytes_equal(former->slot, now->slot)) {
        return;
    }
    begin_line(difference, "~");
    slw_heap_append_text(difference->text, "target ");
    slw_quote(now->name, difference->text);
    if (!same_content) {
        slw_heap_append_text(difference->text, ": ");
        cli_format_size(former->length, difference->text);
        slw_heap_append_text(difference->text, " becomes ");
        cli_format_size(now->length, difference->text);
        append_digest(difference->text, now->sha256);
    }
    if (!slw_bytes_equal(former->slot, now->slot)) {
        slw_heap_append_text(difference->text, "; slot ");
        slw_quote(former->slot, difference->text);
        slw_heap_append_text(difference->text, " becomes ");
        slw_quote(now->slot, difference->text);
    }
    slw_heap_append_text(difference->text, "\n");
}

static void say_targets(struct difference *difference)
{
    for (size_t i = 0; i < difference->now.targets_count; i++) {
        const struct slw_target_draft *now = &difference->now.targets[i];
        const struct slw_target_draft *former = find_target(&difference->former, now->name);
        if (former == NULL) {
            say_target(difference, "+", now);
        } else {
            say_changed_target(difference, former, now);
        }
    }
    for (size_t i = 0; i < difference->former.targets_count; i++) {
        const struct slw_target_draft *former = &difference->former.targets[i];
        if (find_target(&difference->now, former->name) == NULL) {
            say_target(difference, "-", former);
        }
    }
}

static void say_expiry(struct difference *difference)
{
    char time[SLW_TIME_TEXT_SIZE];
    const struct slw_expiry *now = &difference->now.expires;
    slw_heap_printf(difference->text, "    expires %s\n",
                    now->present ? slw_time_format(now->seconds, time) : "never");
}

static void say_all(struct difference *difference)
{
    const struct slw_targets_draft *former = &difference->former;
    const struct slw_targets_draft *now = &difference->now;
    say_number(difference, "targets version", NULL, 0, former->version, now->version);
    say_text(difference, "release", former->release_version, now->release_version);
    say_text(difference, "product", former->product, now->product);
    say_number(difference, "build type", cli_build_type_words, 4, former->build_type,
               now->build_type);
    say_number(difference, "urgency", cli_urgency_words, 5, former->urgency, now->urgency);
    say_number(difference, "installs over version", NULL, 0, former->min_installed_version,
               now->min_installed_version);
    say_number(difference, "security floor", NULL, 0, former->security_floor, now->security_floor);
    say_text(difference, "notes", former->release_notes, now->release_notes);
    say_hardware(difference, "+", now, former);
    say_hardware(difference, "-", former, now);
    say_targets(difference);
    if (difference->changes == 0) {
        slw_heap_append_text(difference->text, "    nothing but when it expires\n");
    }
    say_expiry(difference);
}

enum slw_status cli_difference_describe(struct slw_bytes former, struct slw_bytes now,
                                        struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    struct difference difference = {.has_former = former.len > 0, .text = ret_text};
    SLW_TRY(slw_targets_draft_parse(now, &difference.now, detail));
    enum slw_status status = SLW_OK;
    if (difference.has_former) {
        status = slw_targets_draft_parse(former, &difference.former, detail);
    }
    if (status == SLW_OK) {
        say_all(&difference);
        status = ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_targets_draft_free(&difference.former);
    slw_targets_draft_free(&difference.now);
    return status;
}
