/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing what a repository has. Roles are gone through as the search of section 5.6.7 would, all
 * of them; a target of one is told only if that search, for its path, ends there.
 */
#include "client.h"

#include "slipway/explain.h"

#include <stdlib.h>

struct frame {
    const struct slw_tuf_trusted_targets *targets;
    size_t next;  /* delegation */
    uint64_t bin; /* of that one, when it is to hash bins */
};

struct listing {
    struct slw_tuf_client *client;
    const char *role; /* NULL: all */
    const char *pattern;
    enum slw_status (*each)(void *context, struct slw_bytes role,
                            const struct slw_tuf_target *target);
    void *context;
    uint64_t number;
    struct frame *frames;
    size_t depth;
    uint32_t roles;
    bool done; /* the one role was listed */
    struct slw_heap_buffer name;
};

/*
 * Whether find() would find the path in this role. What it would refuse on the way there isn't
 * found either: a role that two delegate to, of whom only one trusts its keys.
 */
static enum slw_status is_found_in(const struct listing *listing, struct slw_bytes path,
                                   const struct slw_tuf_trusted_targets *targets, bool *ret_is,
                                   struct slw_detail *detail)
{
    const struct slw_tuf_trusted_targets *where = NULL;
    struct slw_tuf_role_slot *slot = NULL;
    enum slw_status status =
        slw_tuf_client_search(listing->client, path, targets, &where, &slot, detail);
    *ret_is = status == SLW_OK && where == targets;
    return status == SLW_NOT_FOUND || slw_status_is_refusal(status) ? SLW_OK : status;
}

static bool is_wanted(const struct listing *listing, struct slw_bytes path)
{
    if (path.len > SLW_TUF_TARGET_PATH_MAX) {
        return false; /* nor would find() have it */
    }
    return listing->pattern == NULL ||
           slw_tuf_pattern_matches(slw_bytes_make(listing->pattern, strlen(listing->pattern)),
                                   path);
}

static enum slw_status list_target(const struct listing *listing, struct slw_bytes role,
                                   const struct slw_tuf_trusted_targets *targets,
                                   struct slw_bytes path, uint32_t value, struct slw_detail *detail)
{
    struct slw_tuf_target target;
    bool is = false;
    if (!is_wanted(listing, path)) {
        return SLW_OK;
    }
    SLW_TRY(is_found_in(listing, path, targets, &is, detail));
    if (!is) {
        return SLW_OK;
    }
    if (slw_tuf_targets_at(&targets->content, path, value, &target) != SLW_OK) {
        return SLW_OK; /* find() refuses it */
    }
    return listing->each(listing->context, role, &target);
}

static enum slw_status list_targets(struct listing *listing, struct slw_bytes role,
                                    const struct slw_tuf_trusted_targets *targets,
                                    struct slw_detail *detail)
{
    struct slw_bytes path = {0};
    uint32_t value = 0;
    if (listing->role != NULL &&
        !slw_bytes_equal(role, slw_bytes_make(listing->role, strlen(listing->role)))) {
        return SLW_OK;
    }
    listing->done = listing->role != NULL;
    struct slw_json_walk walk = slw_json_walk_begin(&targets->file.json, targets->content.targets);
    while (slw_json_walk_member(&walk, &path, &value)) {
        SLW_TRY(list_target(listing, role, targets, path, value, detail));
    }
    return SLW_OK;
}

static enum slw_status enter(struct listing *listing, struct slw_bytes role,
                             const struct slw_tuf_trusted_targets *targets,
                             struct slw_detail *detail)
{
    struct frame *frames = slw_heap_grow(listing->frames, listing->depth, sizeof *frames);
    if (frames == NULL) {
        return slw_explain_no_memory(detail);
    }
    listing->frames = frames;
    listing->frames[listing->depth++] = (struct frame){.targets = targets};
    return list_targets(listing, role, targets, detail);
}

/* The next role that the innermost one delegates to, its name in listing->name; NULL when there is
 * none left. */
static const struct slw_tuf_delegation *next_role(struct listing *listing)
{
    struct frame *frame = &listing->frames[listing->depth - 1];
    const struct slw_tuf_targets *content = &frame->targets->content;
    listing->name.len = 0;
    if (frame->next == content->delegations_count) {
        return NULL;
    }
    const struct slw_tuf_delegation *delegation = &content->delegations[frame->next];
    if (delegation->bit_length == 0) {
        slw_heap_append(&listing->name, delegation->role.name);
        frame->next++;
        return delegation;
    }
    slw_tuf_bin_name(delegation->role.name, delegation->bit_length, (uint32_t)frame->bin++,
                     &listing->name);
    if (frame->bin >> delegation->bit_length != 0) {
        frame->bin = 0;
        frame->next++;
    }
    return delegation;
}

static enum slw_status visit(struct listing *listing, const struct slw_tuf_delegation *delegation,
                             const struct slw_tuf_trusted_targets *delegator,
                             struct slw_detail *detail)
{
    const struct slw_tuf_trusted_targets *targets = NULL;
    struct slw_tuf_role_slot *slot =
        listing->name.status == SLW_OK
            ? slw_tuf_client_slot(listing->client, slw_heap_bytes(&listing->name))
            : NULL;
    if (slot == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (slot->listed == listing->number) {
        return SLW_OK;
    }
    if (listing->roles == SLW_TUF_LIST_ROLES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u roles", SLW_TUF_LIST_ROLES_MAX);
    }
    slot->listed = listing->number;
    listing->roles++;
    if (!slw_tuf_client_has_role(listing->client, slw_heap_bytes(&listing->name))) {
        return SLW_OK; /* nobody has signed it yet */
    }
    SLW_TRY(slw_tuf_client_load_targets(listing->client, slot, &delegator->content.keys,
                                        &delegation->role, &targets, detail));
    return enter(listing, slw_bytes_make(slot->name, slot->name_len), targets, detail);
}

static enum slw_status walk(struct listing *listing, struct slw_detail *detail)
{
    SLW_TRY(enter(listing, SLW_BYTES_OF("targets"), listing->client->targets, detail));
    while (listing->depth > 0 && !listing->done) {
        const struct slw_tuf_trusted_targets *delegator =
            listing->frames[listing->depth - 1].targets;
        const struct slw_tuf_delegation *delegation = next_role(listing);
        if (delegation == NULL) {
            listing->depth--;
        } else {
            SLW_TRY(visit(listing, delegation, delegator, detail));
        }
    }
    return SLW_OK;
}

enum slw_status slw_tuf_client_list(struct slw_tuf_client *client, const char *role,
                                    const char *pattern,
                                    enum slw_status (*each)(void *context, struct slw_bytes role,
                                                            const struct slw_tuf_target *target),
                                    void *context, struct slw_detail *detail)
{
    struct listing listing = {
        .client = client,
        .role = role,
        .pattern = pattern,
        .each = each,
        .context = context,
        .number = ++client->searches,
    };
    if (!client->refreshed) {
        return slw_explain(detail, SLW_WRONG_STATE, "the last refresh didn't succeed");
    }
    enum slw_status status = walk(&listing, detail);
    free(listing.frames);
    slw_heap_free(&listing.name);
    return status;
}
