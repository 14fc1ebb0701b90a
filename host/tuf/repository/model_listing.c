/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles and keys that a root or a targets role's delegations list: loading them, and looking
 * them up for the writer, which has to know whose signatures count.
 */
#include "model.h"

#include <stdlib.h>

static const char *const NOTHING_KNOWN[] = {NULL};
static const char *const DELEGATIONS_KNOWN[] = {"keys", "roles", "succinct_roles", NULL};

void slw_tuf_listing_free(struct slw_tuf_listing *listing)
{
    slw_tuf_parts_free(&listing->keys);
    slw_tuf_parts_free(&listing->roles);
    slw_tuf_parts_free(&listing->others);
    *listing = (struct slw_tuf_listing){0};
}

enum slw_status slw_tuf_listing_share(const struct slw_tuf_listing *listing,
                                      struct slw_tuf_listing *ret_listing,
                                      struct slw_detail *detail)
{
    struct slw_tuf_listing copy = {.present = listing->present, .is_bins = listing->is_bins};
    enum slw_status status = slw_tuf_parts_share(&listing->keys, &copy.keys, detail);
    if (status == SLW_OK) {
        status = slw_tuf_parts_share(&listing->roles, &copy.roles, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_parts_share(&listing->others, &copy.others, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_listing_free(&copy);
        return status;
    }
    *ret_listing = copy;
    return SLW_OK;
}

enum slw_status slw_tuf_listing_load_root(const struct slw_tuf_file *file,
                                          struct slw_tuf_listing *ret_listing,
                                          struct slw_detail *detail)
{
    struct slw_tuf_listing listing = {0};
    uint32_t keys = slw_json_member(&file->json, file->signed_part, SLW_BYTES_OF("keys"));
    uint32_t roles = slw_json_member(&file->json, file->signed_part, SLW_BYTES_OF("roles"));
    enum slw_status status =
        slw_tuf_parts_load(&file->json, keys, NOTHING_KNOWN, &listing.keys, detail);
    if (status == SLW_OK) {
        status = slw_tuf_parts_load(&file->json, roles, NOTHING_KNOWN, &listing.roles, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_listing_free(&listing);
        return status;
    }
    *ret_listing = listing;
    return SLW_OK;
}

/* A delegation, or the bins, as a part named by its member name_member. */
static enum slw_status load_role(const struct slw_json_document *json, uint32_t role,
                                 struct slw_bytes name_member, struct slw_tuf_parts *roles,
                                 struct slw_detail *detail)
{
    struct slw_heap_buffer scratch = {0};
    struct slw_tuf_kept *kept = NULL;
    struct slw_bytes name = slw_json_string(json, slw_json_member(json, role, name_member));
    struct slw_bytes canonical = slw_json_canonical(json, role, &scratch);
    enum slw_status status = scratch.status == SLW_OK
                                 ? slw_tuf_kept_new(name, canonical, &kept, detail)
                                 : slw_explain_no_memory(detail);
    slw_heap_free(&scratch);
    return status == SLW_OK ? slw_tuf_parts_append(roles, kept, detail) : status;
}

static enum slw_status load_roles(const struct slw_json_document *json, uint32_t delegations,
                                  struct slw_tuf_listing *listing, struct slw_detail *detail)
{
    uint32_t bins = slw_json_member(json, delegations, SLW_BYTES_OF("succinct_roles"));
    listing->is_bins = bins != SLW_JSON_NONE;
    if (listing->is_bins) {
        return load_role(json, bins, SLW_BYTES_OF("name_prefix"), &listing->roles, detail);
    }
    uint32_t roles = slw_json_member(json, delegations, SLW_BYTES_OF("roles"));
    if (roles == SLW_JSON_NONE) {
        return SLW_OK;
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, roles);
    uint32_t role = 0;
    while (slw_json_walk_element(&walk, &role)) {
        SLW_TRY(load_role(json, role, SLW_BYTES_OF("name"), &listing->roles, detail));
    }
    return SLW_OK;
}

enum slw_status slw_tuf_listing_load_delegations(const struct slw_tuf_file *file,
                                                 struct slw_tuf_listing *ret_listing,
                                                 struct slw_detail *detail)
{
    struct slw_tuf_listing listing = {0};
    const struct slw_json_document *json = &file->json;
    uint32_t delegations = slw_json_member(json, file->signed_part, SLW_BYTES_OF("delegations"));
    if (delegations == SLW_JSON_NONE) {
        *ret_listing = listing;
        return SLW_OK;
    }
    listing.present = true;
    uint32_t keys = slw_json_member(json, delegations, SLW_BYTES_OF("keys"));
    enum slw_status status = slw_tuf_parts_load(json, keys, NOTHING_KNOWN, &listing.keys, detail);
    if (status == SLW_OK) {
        status = slw_tuf_parts_load(json, delegations, DELEGATIONS_KNOWN, &listing.others, detail);
    }
    if (status == SLW_OK) {
        status = load_roles(json, delegations, &listing, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_listing_free(&listing);
        return status;
    }
    *ret_listing = listing;
    return SLW_OK;
}

size_t slw_tuf_model_roles_count(const struct slw_tuf_model *model)
{
    bool is_root = model->type == SLW_TUF_ROOT;
    return is_root && model->listing.roles.count != 0 ? SLW_TUF_TYPES : model->listing.roles.count;
}

/* A root may list roles of its own invention; the four are found by their names. */
static const struct slw_tuf_kept *role_at(const struct slw_tuf_model *model, size_t at)
{
    const struct slw_tuf_parts *roles = &model->listing.roles;
    if (model->type == SLW_TUF_ROOT) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)at);
        at = slw_tuf_parts_find(roles, slw_bytes_make(name, strlen(name)));
    }
    return roles->list[at];
}

static int64_t integer_of(const struct slw_tuf_kept *kept, const char *name)
{
    int64_t number = 0;
    uint32_t value = slw_tuf_kept_member(kept, name);
    return value != SLW_JSON_NONE && slw_json_integer(&kept->json, value, &number) ? number : 0;
}

static size_t count_of(const struct slw_tuf_kept *kept, const char *name)
{
    uint32_t value = slw_tuf_kept_member(kept, name);
    return value == SLW_JSON_NONE ? 0 : slw_json_count(&kept->json, value);
}

static struct slw_bytes string_of(const struct slw_tuf_kept *kept, const char *name, size_t at)
{
    uint32_t value = slw_tuf_kept_member(kept, name);
    if (value == SLW_JSON_NONE) {
        return slw_bytes_make(NULL, 0);
    }
    struct slw_json_walk walk = slw_json_walk_begin(&kept->json, value);
    uint32_t element = 0;
    for (size_t i = 0; slw_json_walk_element(&walk, &element); i++) {
        if (i == at) {
            return slw_json_string(&kept->json, element);
        }
    }
    return slw_bytes_make(NULL, 0);
}

void slw_tuf_model_role(const struct slw_tuf_model *model, size_t at,
                        struct slw_tuf_listed_role *ret_role)
{
    const struct slw_tuf_kept *role = role_at(model, at);
    uint32_t terminating = slw_tuf_kept_member(role, "terminating");
    *ret_role = (struct slw_tuf_listed_role){
        .name = slw_heap_bytes(&role->name),
        .threshold = (uint32_t)integer_of(role, "threshold"),
        .keys_count = count_of(role, "keyids"),
        .paths_count = count_of(role, "paths"),
        .prefixes_count = count_of(role, "path_hash_prefixes"),
        .bit_length = model->listing.is_bins ? (uint32_t)integer_of(role, "bit_length") : 0,
        .terminating = terminating != SLW_JSON_NONE &&
                       slw_json_kind(&role->json, terminating) == SLW_JSON_TRUE,
    };
}

struct slw_bytes slw_tuf_model_role_key_id(const struct slw_tuf_model *model, size_t at, size_t key)
{
    return string_of(role_at(model, at), "keyids", key);
}

struct slw_bytes slw_tuf_model_role_path(const struct slw_tuf_model *model, size_t at, size_t path)
{
    return string_of(role_at(model, at), "paths", path);
}

enum slw_status slw_tuf_model_find_role(const struct slw_tuf_model *model, struct slw_bytes name,
                                        size_t *ret_at)
{
    size_t count = slw_tuf_model_roles_count(model);
    for (size_t at = 0; at < count; at++) {
        const struct slw_tuf_kept *role = role_at(model, at);
        struct slw_bytes prefix = slw_heap_bytes(&role->name);
        bool is_it = slw_bytes_equal(prefix, name);
        if (!is_it && model->listing.is_bins) {
            is_it = slw_tuf_is_bin(name, prefix, (uint32_t)integer_of(role, "bit_length"));
        }
        if (is_it) {
            *ret_at = at;
            return SLW_OK;
        }
    }
    return SLW_NOT_FOUND;
}

enum slw_status slw_tuf_model_key(const struct slw_tuf_model *model, struct slw_bytes key_id,
                                  struct slw_tuf_key *ret_key, struct slw_detail *detail)
{
    const struct slw_tuf_parts *keys = &model->listing.keys;
    size_t at = slw_tuf_parts_find(keys, key_id);
    if (at == SLW_TUF_NOWHERE) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: no such key is listed", model->label);
    }
    struct slw_tuf_kept *kept = keys->list[at];
    if (kept->parsed == NULL) {
        struct slw_tuf_key parsed = {.kind = SLW_TUF_KEY_UNKNOWN};
        SLW_TRY(slw_tuf_key_parse(&kept->json, SLW_JSON_TOP, &parsed, detail));
        kept->parsed = malloc(sizeof *kept->parsed);
        if (kept->parsed == NULL) {
            return slw_explain_no_memory(detail);
        }
        *kept->parsed = parsed;
    }
    *ret_key = *kept->parsed;
    return SLW_OK;
}

/* The key as ours, when it is of a kind that we make. */
static bool read_public_key(const struct slw_tuf_kept *key, struct slw_public_key *ret_public)
{
    struct slw_detail detail;
    struct slw_tuf_key parsed = {.kind = SLW_TUF_KEY_UNKNOWN};
    return slw_tuf_key_parse(&key->json, SLW_JSON_TOP, &parsed, &detail) == SLW_OK &&
           slw_tuf_key_public(&parsed, ret_public);
}

/* Whether the listed key is the one that we would list under plain_id. */
static bool stands_for(const struct slw_tuf_kept *key, const char plain_id[SLW_TUF_KEY_ID_SIZE])
{
    struct slw_public_key public_key = {0};
    char id[SLW_TUF_KEY_ID_SIZE];
    return read_public_key(key, &public_key) && slw_tuf_public_key_id(&public_key, id) == SLW_OK &&
           memcmp(id, plain_id, sizeof id) == 0;
}

enum slw_status slw_tuf_model_signer(const struct slw_tuf_model *model, size_t at,
                                     const char key_id[static SLW_TUF_KEY_ID_SIZE],
                                     char ret_key_id[static SLW_TUF_KEY_ID_SIZE])
{
    const struct slw_tuf_kept *role = role_at(model, at);
    struct slw_json_walk walk =
        slw_json_walk_begin(&role->json, slw_tuf_kept_member(role, "keyids"));
    uint32_t element = 0;
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes id = slw_json_string(&role->json, element);
        size_t key = slw_tuf_parts_find(&model->listing.keys, id);
        if (id.len == SLW_TUF_KEY_ID_SIZE && key != SLW_TUF_NOWHERE &&
            (memcmp(id.ptr, key_id, id.len) == 0 ||
             stands_for(model->listing.keys.list[key], key_id))) {
            memcpy(ret_key_id, id.ptr, id.len);
            return SLW_OK;
        }
    }
    return SLW_NOT_FOUND;
}
