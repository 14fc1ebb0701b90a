/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The release that a change adds to a product's role, by what its targets say of themselves, and
 * the request by which the signing service signed its bundle. For tuf_request.c; nothing here is
 * believed: the service looks at both by itself.
 */
#include "slipway/json_reader.h"
#include "slipway/release.h"
#include "tuf_request.h"

#define PAGES_MAX 20u
#define LOOKED_AT_MAX 64u /* targets of a role, for the channel that they are in */

static bool copy_word(struct slw_bytes word, struct slw_tuf_word *ret_word)
{
    if (!slw_release_word_is_good(word)) {
        return false;
    }
    memcpy(ret_word->text, word.ptr, word.len);
    ret_word->len = word.len;
    return true;
}

static struct slw_bytes word_of(const struct slw_tuf_word *word)
{
    return slw_bytes_make(word->text, word->len);
}

static bool read_custom(const struct slw_tuf_artifact *artifact, struct slw_tuf_added *ret_added)
{
    struct slw_json_document json;
    struct slw_detail unused;
    struct slw_release release;
    bool good = false;
    if (slw_json_parse("custom", artifact->custom, &json, &unused) != SLW_OK) {
        return false;
    }
    const struct slw_tuf_target target = {
        .path = artifact->path, .custom = SLW_JSON_TOP, .json = &json};
    if (slw_release_read(&target, &release, &unused) == SLW_OK && release.counter >= 0) {
        good = copy_word(release.product, &ret_added->product) &&
               copy_word(release.channel, &ret_added->channel);
        ret_added->version = release.counter;
    }
    slw_json_document_free(&json);
    return good;
}

bool slw_tuf_added_read(const struct slw_tuf_change *change, struct slw_tuf_added *ret_added)
{
    for (size_t i = 0; i < change->add_count; i++) {
        struct slw_tuf_added one = {0};
        if (!read_custom(&change->add[i], &one)) {
            return false;
        }
        if (i > 0 && (one.version != ret_added->version ||
                      !slw_bytes_equal(word_of(&one.product), word_of(&ret_added->product)) ||
                      !slw_bytes_equal(word_of(&one.channel), word_of(&ret_added->channel)))) {
            return false;
        }
        *ret_added = one;
    }
    return change->add_count > 0;
}

void slw_tuf_channel_listed(const struct slw_tuf_model *model, struct slw_tuf_word *ret_channel)
{
    size_t count = slw_tuf_model_targets_count(model);
    *ret_channel = (struct slw_tuf_word){0};
    for (size_t i = 0; i < count && i < LOOKED_AT_MAX; i++) {
        struct slw_tuf_artifact artifact;
        struct slw_tuf_added one = {0};
        slw_tuf_model_target(model, i, &artifact);
        if (read_custom(&artifact, &one)) {
            *ret_channel = one.channel;
            return;
        }
    }
}

/* A digest in lower-case hexadecimal. */
static bool read_digest(struct slw_bytes text, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    if (text.len != 2 * SLW_SHA256_SIZE) {
        return false;
    }
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        const char *high = memchr(digits, text.ptr[2 * i], 16);
        const char *low = memchr(digits, text.ptr[2 * i + 1], 16);
        if (high == NULL || low == NULL) {
            return false;
        }
        ret_digest[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

static struct slw_bytes member(const struct slw_json_document *json, uint32_t object,
                               struct slw_bytes name)
{
    return slw_json_string(json, slw_json_member(json, object, name));
}

static bool is_signed_release(const struct slw_json_document *json, uint32_t listed,
                              const struct slw_tuf_added *added)
{
    int64_t version = -1;
    uint32_t number = slw_json_member(json, listed, SLW_BYTES_OF("targets_version"));
    return slw_json_integer(json, number, &version) && version == added->version &&
           slw_bytes_equal(member(json, listed, SLW_BYTES_OF("operation")),
                           SLW_BYTES_OF("sign-targets")) &&
           slw_bytes_equal(member(json, listed, SLW_BYTES_OF("state")), SLW_BYTES_OF("signed")) &&
           slw_bytes_equal(member(json, listed, SLW_BYTES_OF("product")), word_of(&added->product));
}

/* One page of the list; true when there is another, after ret_next. */
static bool look_through(struct slw_bytes page, struct slw_tuf_added *added,
                         uint8_t ret_next[static SLW_SHA256_SIZE])
{
    struct slw_json_document json;
    struct slw_detail unused;
    uint32_t listed = SLW_JSON_NONE;
    if (slw_json_parse("list", page, &json, &unused) != SLW_OK) {
        return false;
    }
    struct slw_json_walk walk =
        slw_json_walk_begin(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("requests")));
    while (!added->has_request && slw_json_walk_element(&walk, &listed)) {
        added->has_request = is_signed_release(&json, listed, added) &&
                             read_digest(member(&json, listed, SLW_BYTES_OF("id")), added->request);
    }
    bool more = read_digest(member(&json, SLW_JSON_TOP, SLW_BYTES_OF("next")), ret_next);
    slw_json_document_free(&json);
    return more && !added->has_request;
}

enum slw_status slw_tuf_added_find(struct slw_signer_client *client, struct slw_tuf_added *added,
                                   struct slw_detail *detail)
{
    uint8_t after[SLW_SHA256_SIZE];
    bool more = true;
    for (unsigned i = 0; more && i < PAGES_MAX; i++) {
        struct slw_heap_buffer page = {0};
        enum slw_status status = slw_signer_client_list(client, i == 0 ? NULL : after,
                                                        SLW_SIGNER_LIST_MAX, &page, detail);
        more = status == SLW_OK && look_through(slw_heap_bytes(&page), added, after);
        slw_heap_free(&page);
        SLW_TRY(status);
    }
    return SLW_OK;
}
