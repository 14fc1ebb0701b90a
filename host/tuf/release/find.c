/* SPDX-License-Identifier: Apache-2.0 */
/* Which release of a product's channel a device should have: asked by `slipway device update
 * --from`. */
#include "slipway/release.h"

#include "slipway/explain.h"

struct search {
    struct slw_bytes product;
    struct slw_bytes channel;
    struct slw_bytes hardware;
    struct slw_heap_buffer *best_path;
    int64_t best_counter; /* -1: none so far */
    struct slw_detail *detail;
};

static bool names_hardware(const struct slw_release *release, struct slw_bytes hardware)
{
    struct slw_json_walk walk = slw_json_walk_begin(release->json, release->hardware_ids);
    uint32_t element = SLW_JSON_NONE;
    bool any = true;
    while (slw_json_walk_element(&walk, &element)) {
        any = false;
        if (hardware.len == 0 ||
            slw_bytes_equal(slw_json_string(release->json, element), hardware)) {
            return true;
        }
    }
    return any;
}

static enum slw_status refuse(const struct slw_tuf_target *target, enum slw_status status,
                              const char *what, struct slw_bytes said, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_quote(target->path, &text);
    slw_heap_printf(&text, ": its custom says %s ", what);
    slw_quote(said, &text);
    status = slw_explain(detail, status, "target %s", slw_heap_text(&text));
    slw_heap_free(&text);
    return status;
}

static enum slw_status consider(void *context, struct slw_bytes role,
                                const struct slw_tuf_target *target)
{
    struct search *search = context;
    struct slw_release release;
    (void)role; /* the one that was asked for */
    SLW_TRY(slw_release_read(target, &release, search->detail));
    if (!slw_bytes_equal(release.channel, search->channel)) {
        return refuse(target, SLW_WRONG_CHANNEL, "channel", release.channel, search->detail);
    }
    if (!slw_bytes_equal(release.product, search->product)) {
        return refuse(target, SLW_WRONG_CUSTOM, "product", release.product, search->detail);
    }
    if (release.counter <= search->best_counter || !names_hardware(&release, search->hardware)) {
        return SLW_OK;
    }
    search->best_counter = release.counter;
    search->best_path->len = 0;
    slw_heap_append(search->best_path, target->path);
    return search->best_path->status;
}

static void format_names(struct slw_bytes product, struct slw_bytes channel,
                         struct slw_heap_buffer *role, struct slw_heap_buffer *pattern)
{
    slw_heap_append(role, product);
    slw_heap_append_text(role, "-");
    slw_heap_append(role, channel);
    slw_heap_append(pattern, product);
    slw_heap_append_text(pattern, "/");
    slw_heap_append(pattern, channel);
    slw_heap_append_text(pattern, "/*");
}

enum slw_status slw_release_find(struct slw_tuf_client *client, struct slw_bytes product,
                                 struct slw_bytes channel, struct slw_bytes hardware,
                                 struct slw_heap_buffer *ret_path, struct slw_detail *detail)
{
    struct slw_heap_buffer role = {0};
    struct slw_heap_buffer pattern = {0};
    struct slw_heap_buffer path = {0};
    struct search search = {product, channel, hardware, &path, -1, detail};
    if (!slw_release_word_is_good(product) || !slw_release_word_is_good(channel)) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "product and channel are 1 to %u letters, digits, `_`, `.` and `-`",
                           SLW_RELEASE_WORD_MAX);
    }
    format_names(product, channel, &role, &pattern);
    const char *role_text = slw_heap_text(&role);
    const char *pattern_text = slw_heap_text(&pattern);
    enum slw_status status =
        role.status != SLW_OK || pattern.status != SLW_OK
            ? slw_explain_no_memory(detail)
            : slw_tuf_client_list(client, role_text, pattern_text, consider, &search, detail);
    if (status == SLW_OK && search.best_counter < 0) {
        status = slw_explain(detail, SLW_NOT_FOUND, "no release for this device in %s", role_text);
    }
    if (status == SLW_OK) {
        slw_heap_append(ret_path, slw_heap_bytes(&path));
        status = ret_path->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_free(&path);
    slw_heap_free(&pattern);
    slw_heap_free(&role);
    return status;
}
