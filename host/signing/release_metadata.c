/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the metadata of a release among the service's requests: its lists say where to look, and
 * the digest says what it is. See slipway/signer_releases.h.
 */
#include "slipway/json_reader.h"
#include "slipway/signer_releases.h"
#include "slipway/targets.h"
#include "slipway/text.h"

#include <inttypes.h>

#define PAGES_MAX 200u

struct search {
    struct slw_signer_client *client;
    struct slw_bytes product;
    const struct slw_signer_release *release;
    struct slw_heap_buffer *found;
    struct slw_detail *detail;
};

static bool has_text(const struct slw_json_document *json, uint32_t request, struct slw_bytes name,
                     struct slw_bytes wanted)
{
    return slw_bytes_equal(slw_json_string(json, slw_json_member(json, request, name)), wanted);
}

/* Whether the request may be the one that the release was signed by. */
static bool may_be(const struct search *search, const struct slw_json_document *json,
                   uint32_t request, uint8_t ret_id[static SLW_SHA256_SIZE])
{
    int64_t version = 0;
    uint32_t id = slw_json_member(json, request, SLW_BYTES_OF("id"));
    uint32_t number = slw_json_member(json, request, SLW_BYTES_OF("targets_version"));
    return has_text(json, request, SLW_BYTES_OF("state"), SLW_BYTES_OF("signed")) &&
           has_text(json, request, SLW_BYTES_OF("product"), search->product) &&
           slw_json_integer(json, number, &version) && version == search->release->version &&
           slw_text_unhex(slw_json_string(json, id), ret_id, SLW_SHA256_SIZE);
}

static enum slw_status try_request(struct search *search, const uint8_t id[static SLW_SHA256_SIZE])
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_signer_client_blob(search->client, id, SLW_SIGNER_METADATA,
                                                    SLW_TARGETS_SIZE_MAX, &bytes, search->detail);
    if (status == SLW_OK) {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, slw_heap_bytes(&bytes));
        slw_sha256_final(&hash, digest);
        bool is_it = memcmp(digest, search->release->digest, sizeof digest) == 0;
        status = is_it ? SLW_OK : SLW_NOT_FOUND;
    }
    if (status == SLW_OK) {
        slw_heap_append(search->found, slw_heap_bytes(&bytes));
        status = search->found->status == SLW_OK ? SLW_OK : slw_explain_no_memory(search->detail);
    }
    slw_heap_drop(&bytes);
    return status;
}

/* SLW_NOT_FOUND: not on this page; ret_more says whether there is another one, behind next. */
static enum slw_status try_page(struct search *search, const struct slw_json_document *json,
                                uint8_t next[static SLW_SHA256_SIZE], bool *ret_more)
{
    uint8_t id[SLW_SHA256_SIZE];
    uint32_t request = 0;
    uint32_t list = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("requests"));
    uint32_t behind = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("next"));
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    *ret_more = slw_text_unhex(slw_json_string(json, behind), next, SLW_SHA256_SIZE);
    while (slw_json_walk_element(&walk, &request)) {
        if (may_be(search, json, request, id)) {
            enum slw_status status = try_request(search, id);
            if (status != SLW_NOT_FOUND) {
                return status;
            }
        }
    }
    return SLW_NOT_FOUND;
}

static enum slw_status search_pages(struct search *search)
{
    uint8_t after[SLW_SHA256_SIZE];
    bool more = true;
    for (unsigned page = 0; page < PAGES_MAX && more; page++) {
        struct slw_heap_buffer text = {0};
        struct slw_json_document json;
        enum slw_status status = slw_signer_client_list(search->client, page == 0 ? NULL : after,
                                                        SLW_SIGNER_LIST_MAX, &text, search->detail);
        if (status == SLW_OK) {
            status = slw_json_parse("list", slw_heap_bytes(&text), &json, search->detail);
        }
        if (status == SLW_OK) {
            status = try_page(search, &json, after, &more);
            slw_json_document_free(&json);
        }
        slw_heap_drop(&text);
        if (status != SLW_NOT_FOUND) {
            return status;
        }
    }
    return slw_explain(search->detail, SLW_NOT_FOUND,
                       "the service doesn't have the metadata of release %" PRIu32,
                       search->release->version);
}

enum slw_status slw_signer_release_metadata(struct slw_signer_client *client,
                                            struct slw_bytes product,
                                            const struct slw_signer_release *release,
                                            struct slw_heap_buffer *ret_serialized,
                                            struct slw_detail *detail)
{
    struct search search = {.client = client,
                            .product = product,
                            .release = release,
                            .found = ret_serialized,
                            .detail = detail};
    return search_pages(&search);
}
