/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles in a TUF repository: what the repository says of a bundle, and finding the one that a
 * device should have.
 *
 * A bundle is a target PRODUCT/CHANNEL/… of the delegated role PRODUCT-CHANNEL. Its `custom` has
 * one member, generated from the bundle's own signed metadata and never typed:
 *
 *     {"slipway":{"build_type":"user","channel":"stable","hardware_ids":["lamp-1"],"product":"lamp",
 *                 "release_counter":2,"release_version":"2.0.0","urgency":"security"}}
 *
 * All members are always there; release_counter is the bundle's targets version. The channel alone
 * isn't in the bundle: it is what the repository adds, in `custom` and in the role's name, and both
 * must be the one that was asked for.
 *
 *     SLW_TRY(slw_release_find(client, product, channel, hardware, &path, detail));
 *     SLW_TRY(slw_tuf_client_find(client, slw_heap_bytes(&path), &target, detail));
 *     SLW_TRY(slw_tuf_client_download(client, &target, "downloads", &place, detail));
 *     // with the file at place opened as a source: is it what the repository says?
 *     SLW_TRY(slw_release_check(slw_heap_text(&place), &source, &target, channel, detail));
 */
#ifndef SLIPWAY_RELEASE_H
#define SLIPWAY_RELEASE_H

#include "slipway/bundle_file.h"
#include "slipway/tuf_client.h"

#define SLW_RELEASE_WORD_MAX 64u

/* A product or channel as part of names: 1 to 64 letters, digits, `_`, `.`, `-`, beginning with a
 * letter or digit. */
SLW_MUST_USE bool slw_release_word_is_good(struct slw_bytes word);

/* What `custom` says. Views into the JSON that it was read from. */
struct slw_release {
    struct slw_bytes product;
    struct slw_bytes channel;
    struct slw_bytes release_version;
    struct slw_bytes urgency;
    struct slw_bytes build_type;
    int64_t counter;
    const struct slw_json_document *json;
    uint32_t hardware_ids; /* the array; empty: any hardware */
};

/*
 * Appends the canonical `custom` of a bundle for a channel, and its product to ret_product.
 * SLW_MALFORMED, SLW_MISSING_TARGETS when it is no bundle; SLW_BAD_NAME when its product or the
 * channel can't be part of a name.
 */
enum slw_status slw_release_custom(const char *name, const struct slw_source *bundle,
                                   struct slw_bytes channel, struct slw_heap_buffer *ret_custom,
                                   struct slw_heap_buffer *ret_product, struct slw_detail *detail);

/* Whether a file is a bundle with a release in it, by its shape. */
SLW_MUST_USE bool slw_release_is_bundle(const char *name, const struct slw_source *source);

/* Reads a target's `custom`; SLW_WRONG_CUSTOM when it isn't one of ours, or not complete. */
enum slw_status slw_release_read(const struct slw_tuf_target *target,
                                 struct slw_release *ret_release, struct slw_detail *detail);

/*
 * Whether a target's `custom` is the one that the bundle makes for this channel, in every byte:
 * SLW_WRONG_CHANNEL when it says another channel, SLW_WRONG_CUSTOM for every other difference,
 * naming the member.
 */
enum slw_status slw_release_check(const char *name, const struct slw_source *bundle,
                                  const struct slw_tuf_target *target, struct slw_bytes channel,
                                  struct slw_detail *detail);

/*
 * Looks at what a client downloads, before it gets its name: a release must be what the repository
 * says (slw_release_check), listed by the role that it belongs to; a bundle of which the repository
 * says nothing is refused (wrong-custom).
 *
 *     struct slw_release_inspector inspector = {.role = "lamp-stable-rollout", .channel =
 * "stable"}; slw_release_inspector_init(&inspector);       // then &inspector.inspector in the
 * options SLW_TRY(slw_tuf_client_open(&options, &client, detail)); inspector.client = client;
 */
struct slw_release_inspector {
    struct slw_tuf_client *client;
    const char *channel; /* that a release must be of; NULL: any, and targets that are no release */
    const char *role;    /* that may list it, beside PRODUCT-CHANNEL; NULL: none */
    struct slw_tuf_inspector inspector;
};
void slw_release_inspector_init(struct slw_release_inspector *inspector);

/*
 * The newest release of a product's channel: of the targets PRODUCT/CHANNEL/… that the role
 * PRODUCT-CHANNEL itself lists, the one with the highest counter that names this hardware or none;
 * hardware empty: whatever it names. SLW_NOT_FOUND when there is none. A target there that isn't a
 * release of this product and channel is refused (wrong-custom, wrong-channel), not passed over: it
 * has no business there. Appends its path.
 */
enum slw_status slw_release_find(struct slw_tuf_client *client, struct slw_bytes product,
                                 struct slw_bytes channel, struct slw_bytes hardware,
                                 struct slw_heap_buffer *ret_path, struct slw_detail *detail);

#endif
