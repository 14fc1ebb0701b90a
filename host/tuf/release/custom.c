/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a repository says of a bundle: made from the bundle, read, and compared with it. Called by
 * the commands that add bundles to a repository, fetch them, and send them to devices.
 */
#include "slipway/release.h"

#include "slipway/explain.h"
#include "slipway/signed_draft.h"

#include <inttypes.h>

#define TARGETS_MESSAGE_SIZE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)

static bool is_word_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

bool slw_release_word_is_good(struct slw_bytes word)
{
    if (word.len == 0 || word.len > SLW_RELEASE_WORD_MAX || !is_word_byte(word.ptr[0])) {
        return false;
    }
    for (size_t i = 1; i < word.len; i++) {
        uint8_t byte = word.ptr[i];
        if (!is_word_byte(byte) && byte != '_' && byte != '.' && byte != '-') {
            return false;
        }
    }
    return true;
}

/* Words of the enums in a bundle's metadata, in the order of their numbers. */
static const char *const build_types[] = {"unspecified", "dev", "test", "user"};
static const char *const urgencies[] = {"unspecified", "routine", "recommended", "security",
                                        "emergency"};
#define WORDS(list) (sizeof(list) / sizeof((list)[0]))

/* SPEC.md 2.4: an urgency that isn't known is as none; an unknown build type was refused as
 * malformed. */
static const char *word_of(const char *const *words, size_t count, uint32_t number)
{
    return words[number < count ? number : 0];
}

static void put_member(struct slw_heap_buffer *text, const char *name, struct slw_bytes value)
{
    slw_heap_printf(text, ",\"%s\":", name);
    slw_json_canonical_string(value, text);
}

static void format_custom(const struct slw_targets_draft *draft, struct slw_bytes channel,
                          struct slw_heap_buffer *ret_custom)
{
    slw_heap_printf(ret_custom, "{\"slipway\":{\"build_type\":\"%s\"",
                    word_of(build_types, WORDS(build_types), draft->build_type));
    put_member(ret_custom, "channel", channel);
    slw_heap_append_text(ret_custom, ",\"hardware_ids\":[");
    for (size_t i = 0; i < draft->hardware_ids_count; i++) {
        slw_heap_append_text(ret_custom, i == 0 ? "" : ",");
        slw_json_canonical_string(draft->hardware_ids[i], ret_custom);
    }
    slw_heap_append_text(ret_custom, "]");
    put_member(ret_custom, "product", draft->product);
    slw_heap_printf(ret_custom, ",\"release_counter\":%" PRIu32, draft->version);
    put_member(ret_custom, "release_version", draft->release_version);
    slw_heap_printf(ret_custom, ",\"urgency\":\"%s\"}}",
                    word_of(urgencies, WORDS(urgencies), draft->urgency));
}

/* The bundle's signed targets metadata as a list; the caller frees draft and message. */
static enum slw_status read_targets(const char *name, const struct slw_source *bundle,
                                    struct slw_heap_buffer *message,
                                    struct slw_targets_draft *ret_draft, struct slw_detail *detail)
{
    struct slw_bundle_index index = {0};
    struct slw_signed_draft signed_draft;
    SLW_TRY(slw_bundle_index_read(name, bundle, &index, detail));
    enum slw_status status =
        index.has_targets
            ? slw_source_load(name, bundle, index.targets, TARGETS_MESSAGE_SIZE_MAX, message,
                              detail)
            : slw_explain(detail, SLW_MISSING_TARGETS, "%s: no targets metadata in it", name);
    slw_bundle_index_free(&index);
    SLW_TRY(status);
    SLW_TRY(slw_signed_draft_parse(name, slw_heap_bytes(message), &signed_draft, detail));
    return slw_targets_draft_parse(signed_draft.serialized, ret_draft, detail);
}

bool slw_release_is_bundle(const char *name, const struct slw_source *source)
{
    struct slw_bundle_index index = {0};
    struct slw_detail ignored;
    if (source->size == 0 || slw_bundle_index_read(name, source, &index, &ignored) != SLW_OK) {
        return false;
    }
    bool found = index.has_targets;
    slw_bundle_index_free(&index);
    return found;
}

static enum slw_status check_words(const char *name, struct slw_bytes product,
                                   struct slw_bytes channel, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status = SLW_OK;
    if (product.len == 0) {
        status =
            slw_explain(detail, SLW_BAD_NAME, "%s: it doesn't say which product it is for", name);
    } else if (!slw_release_word_is_good(product)) {
        slw_quote(product, &text);
        status =
            slw_explain(detail, SLW_BAD_NAME,
                        "%s: product %s can't be part of a role's name (letters, digits, _ . -)",
                        name, slw_heap_text(&text));
    } else if (!slw_release_word_is_good(channel)) {
        slw_quote(channel, &text);
        status = slw_explain(detail, SLW_BAD_NAME,
                             "channel %s can't be part of a role's name (letters, digits, _ . -)",
                             slw_heap_text(&text));
    }
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_release_custom(const char *name, const struct slw_source *bundle,
                                   struct slw_bytes channel, struct slw_heap_buffer *ret_custom,
                                   struct slw_heap_buffer *ret_product, struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    struct slw_targets_draft draft = {0};
    enum slw_status status = read_targets(name, bundle, &message, &draft, detail);
    if (status == SLW_OK) {
        status = check_words(name, draft.product, channel, detail);
    }
    if (status == SLW_OK) {
        format_custom(&draft, channel, ret_custom);
        slw_heap_append(ret_product, draft.product);
        if (ret_custom->status != SLW_OK || ret_product->status != SLW_OK) {
            status = slw_explain_no_memory(detail);
        }
    }
    slw_targets_draft_free(&draft);
    slw_heap_free(&message);
    return status;
}

static enum slw_status refuse(const struct slw_tuf_target *target, enum slw_status status,
                              const char *what, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_quote(target->path, &text);
    status = slw_explain(detail, status, "target %s: %s", slw_heap_text(&text), what);
    slw_heap_free(&text);
    return status;
}

static bool read_text(const struct slw_json_document *json, uint32_t object, struct slw_bytes name,
                      struct slw_bytes *ret_text)
{
    uint32_t value = slw_json_member(json, object, name);
    if (value == SLW_JSON_NONE || slw_json_kind(json, value) != SLW_JSON_STRING) {
        return false;
    }
    *ret_text = slw_json_string(json, value);
    return true;
}

static bool read_hardware(const struct slw_json_document *json, uint32_t object,
                          uint32_t *ret_hardware)
{
    uint32_t array = slw_json_member(json, object, SLW_BYTES_OF("hardware_ids"));
    if (array == SLW_JSON_NONE || slw_json_kind(json, array) != SLW_JSON_ARRAY) {
        return false;
    }
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_json_kind(json, element) != SLW_JSON_STRING) {
            return false;
        }
    }
    *ret_hardware = array;
    return true;
}

enum slw_status slw_release_read(const struct slw_tuf_target *target,
                                 struct slw_release *ret_release, struct slw_detail *detail)
{
    const struct slw_json_document *json = target->json;
    uint32_t object = target->custom == SLW_JSON_NONE
                          ? SLW_JSON_NONE
                          : slw_json_member(json, target->custom, SLW_BYTES_OF("slipway"));
    if (object == SLW_JSON_NONE || slw_json_kind(json, object) != SLW_JSON_OBJECT) {
        return refuse(target, SLW_WRONG_CUSTOM, "its custom has no \"slipway\": no release",
                      detail);
    }
    struct slw_release release = {.json = json};
    uint32_t counter = slw_json_member(json, object, SLW_BYTES_OF("release_counter"));
    bool complete =
        read_text(json, object, SLW_BYTES_OF("product"), &release.product) &&
        read_text(json, object, SLW_BYTES_OF("channel"), &release.channel) &&
        read_text(json, object, SLW_BYTES_OF("release_version"), &release.release_version) &&
        read_text(json, object, SLW_BYTES_OF("urgency"), &release.urgency) &&
        read_text(json, object, SLW_BYTES_OF("build_type"), &release.build_type) &&
        read_hardware(json, object, &release.hardware_ids) && counter != SLW_JSON_NONE &&
        slw_json_integer(json, counter, &release.counter) && release.counter >= 0 &&
        release.counter <= (int64_t)UINT32_MAX;
    if (!complete) {
        return refuse(target, SLW_WRONG_CUSTOM,
                      "its custom lacks a member, or one is of another type", detail);
    }
    *ret_release = release;
    return SLW_OK;
}

/* The first member in which two objects differ, for the message. */
static struct slw_bytes differing_member(const struct slw_json_document *left, uint32_t left_object,
                                         const struct slw_json_document *right,
                                         uint32_t right_object)
{
    struct slw_heap_buffer left_text = {0};
    struct slw_heap_buffer right_text = {0};
    struct slw_bytes name = {0};
    struct slw_bytes found = SLW_BYTES_OF("custom");
    uint32_t value = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(left, left_object);
    while (slw_json_walk_member(&walk, &name, &value)) {
        uint32_t other = slw_json_member(right, right_object, name);
        slw_heap_free(&left_text);
        slw_heap_free(&right_text);
        if (other == SLW_JSON_NONE ||
            !slw_bytes_equal(slw_json_canonical(left, value, &left_text),
                             slw_json_canonical(right, other, &right_text))) {
            found = name;
            break;
        }
    }
    slw_heap_free(&left_text);
    slw_heap_free(&right_text);
    return found;
}

static enum slw_status refuse_custom(const char *name, const struct slw_tuf_target *target,
                                     struct slw_bytes wanted, struct slw_detail *detail)
{
    struct slw_json_document made;
    struct slw_heap_buffer text = {0};
    struct slw_detail ignored;
    enum slw_status status = slw_json_parse(name, wanted, &made, &ignored);
    if (status == SLW_OK) {
        struct slw_bytes slipway = SLW_BYTES_OF("slipway");
        slw_quote(differing_member(&made, slw_json_member(&made, SLW_JSON_TOP, slipway),
                                   target->json,
                                   slw_json_member(target->json, target->custom, slipway)),
                  &text);
        slw_json_document_free(&made);
    }
    status = slw_explain(detail, SLW_WRONG_CUSTOM,
                         "%s: its custom in the repository isn't what the bundle says: member %s",
                         name, slw_heap_text(&text));
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_release_check(const char *name, const struct slw_source *bundle,
                                  const struct slw_tuf_target *target, struct slw_bytes channel,
                                  struct slw_detail *detail)
{
    struct slw_release release;
    struct slw_heap_buffer custom = {0};
    struct slw_heap_buffer product = {0};
    struct slw_heap_buffer scratch = {0};
    SLW_TRY(slw_release_read(target, &release, detail));
    if (!slw_bytes_equal(release.channel, channel)) {
        return refuse(target, SLW_WRONG_CHANNEL, "it is a release of another channel", detail);
    }
    enum slw_status status = slw_release_custom(name, bundle, channel, &custom, &product, detail);
    if (status == SLW_OK) {
        struct slw_bytes said = slw_json_canonical(target->json, target->custom, &scratch);
        if (scratch.status != SLW_OK) {
            status = slw_explain_no_memory(detail);
        } else if (!slw_bytes_equal(said, slw_heap_bytes(&custom))) {
            status = refuse_custom(name, target, slw_heap_bytes(&custom), detail);
        }
    }
    slw_heap_free(&scratch);
    slw_heap_free(&product);
    slw_heap_free(&custom);
    return status;
}
