/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section 5.6.7: the pre-order depth-first search for a target through delegations. Each role on
 * the way from the top to where the search is has a frame, which knows which delegation is next.
 */
#include "client.h"

#include "slipway/explain.h"

#include <stdlib.h>

struct frame {
    const struct slw_tuf_trusted_targets *targets;
    size_t next; /* delegation */
};

struct search {
    struct slw_tuf_client *client;
    struct slw_bytes path;
    const struct slw_tuf_trusted_targets *expected;
    uint64_t number;
    struct frame *frames; /* the top-level role's first; as many as were visited at most */
    size_t depth;
    uint32_t visited; /* delegated roles */
    struct slw_heap_buffer name;
};

static enum slw_status push(struct search *search, const struct slw_tuf_trusted_targets *targets,
                            struct slw_detail *detail)
{
    struct frame *frames = slw_heap_grow(search->frames, search->depth, sizeof *frames);
    if (frames == NULL) {
        return slw_explain_no_memory(detail);
    }
    search->frames = frames;
    search->frames[search->depth++] = (struct frame){.targets = targets};
    return SLW_OK;
}

static bool is_there(const struct search *search, const struct slw_tuf_trusted_targets *targets)
{
    struct slw_tuf_target unused;
    if (targets == search->expected) {
        return true;
    }
    return slw_tuf_targets_find(&targets->content, search->path, &unused) != SLW_NOT_FOUND;
}

static enum slw_status explain_limit(const struct search *search, struct slw_detail *detail)
{
    struct slw_heap_buffer quoted = {0};
    slw_quote(search->path, &quoted);
    (void)slw_explain(detail, SLW_NOT_FOUND,
                      "target %s: not in the %u delegated roles that are searched at most",
                      slw_heap_text(&quoted), search->client->limits.delegations);
    slw_heap_free(&quoted);
    return SLW_NOT_FOUND;
}

static enum slw_status explain_absence(const struct search *search, struct slw_detail *detail)
{
    struct slw_heap_buffer quoted = {0};
    slw_quote(search->path, &quoted);
    (void)slw_explain(detail, SLW_NOT_FOUND, "target %s: no role that is trusted for it lists it",
                      slw_heap_text(&quoted));
    slw_heap_free(&quoted);
    return SLW_NOT_FOUND;
}

/* The next delegation of the innermost frame that is for the path, its role's name in search->name;
 * NULL when there is none left. */
static const struct slw_tuf_delegation *next_delegation(struct search *search)
{
    struct frame *frame = &search->frames[search->depth - 1];
    const struct slw_tuf_targets *content = &frame->targets->content;
    while (frame->next < content->delegations_count) {
        const struct slw_tuf_delegation *delegation = &content->delegations[frame->next++];
        search->name.len = 0;
        if (slw_tuf_delegation_matches(content, delegation, search->path, &search->name)) {
            return delegation;
        }
    }
    return NULL;
}

/*
 * Goes into the role of a delegation. *ret_slot is where the target was found, and stays NULL when
 * the search goes on.
 */
static enum slw_status visit(struct search *search, const struct slw_tuf_delegation *delegation,
                             const struct slw_tuf_trusted_targets *delegator,
                             const struct slw_tuf_trusted_targets **ret_where,
                             struct slw_tuf_role_slot **ret_slot, struct slw_detail *detail)
{
    const struct slw_tuf_trusted_targets *targets = NULL;
    struct slw_tuf_role_slot *slot =
        search->name.status == SLW_OK
            ? slw_tuf_client_slot(search->client, slw_heap_bytes(&search->name))
            : NULL;
    if (slot == NULL) {
        return slw_explain_no_memory(detail);
    }
    /* "If this role has been visited before, then skip this role (so that cycles in the delegation
     * graph are avoided)." */
    if (slot->visited == search->number) {
        return SLW_OK;
    }
    /* "Otherwise, if an application-specific maximum number of roles have been visited, then go to
     * step [fetch target] (so that attackers cannot cause the client to waste excessive bandwidth
     * or time)." */
    if (search->visited == search->client->limits.delegations) {
        return explain_limit(search, detail);
    }
    slot->visited = search->number;
    search->visited++;
    if (search->expected != NULL &&
        !slw_tuf_client_has_role(search->client, slw_heap_bytes(&search->name))) {
        return explain_absence(search, detail);
    }
    /* "If any metadata requested in steps 5.6.7.1 - 5.6.7.2 cannot be downloaded nor validated, end
     * the search and report that the target cannot be found." */
    SLW_TRY(slw_tuf_client_load_targets(search->client, slot, &delegator->content.keys,
                                        &delegation->role, &targets, detail));
    /* "Otherwise, if this role contains metadata about the desired target, then go to step [fetch
     * target]." */
    if (is_there(search, targets)) {
        *ret_where = targets;
        *ret_slot = slot;
        return SLW_OK;
    }
    return push(search, targets, detail);
}

static enum slw_status walk(struct search *search, const struct slw_tuf_trusted_targets **ret_where,
                            struct slw_tuf_role_slot **ret_slot, struct slw_detail *detail)
{
    /* "Otherwise, recursively search the list of delegations in order of appearance." */
    while (search->depth > 0) {
        const struct slw_tuf_trusted_targets *delegator = search->frames[search->depth - 1].targets;
        const struct slw_tuf_delegation *delegation = next_delegation(search);
        if (delegation == NULL) {
            search->depth--;
            continue;
        }
        /* "If the current delegation is a terminating delegation, then jump to step [fetch
         * target]": once it has been searched, for nothing behind it is. */
        if (delegation->terminating) {
            search->depth = 0;
        }
        SLW_TRY(visit(search, delegation, delegator, ret_where, ret_slot, detail));
        /* "Stop the search, and jump to step [fetch target] as soon as a delegation returns a
         * result." */
        if (*ret_slot != NULL) {
            return SLW_OK;
        }
    }
    return explain_absence(search, detail);
}

enum slw_status slw_tuf_client_search(struct slw_tuf_client *client, struct slw_bytes path,
                                      const struct slw_tuf_trusted_targets *expected,
                                      const struct slw_tuf_trusted_targets **ret_where,
                                      struct slw_tuf_role_slot **ret_slot,
                                      struct slw_detail *detail)
{
    struct search search = {
        .client = client, .path = path, .expected = expected, .number = ++client->searches};
    const struct slw_tuf_trusted_targets *where = NULL;
    struct slw_tuf_role_slot *slot = NULL;
    enum slw_status status = SLW_OK;
    if (is_there(&search, client->targets)) {
        where = client->targets;
        slot = slw_tuf_client_slot(client, SLW_BYTES_OF("targets"));
    } else {
        status = push(&search, client->targets, detail);
        if (status == SLW_OK) {
            status = walk(&search, &where, &slot, detail);
        }
    }
    free(search.frames);
    slw_heap_free(&search.name);
    if (status == SLW_OK) {
        *ret_where = where;
        *ret_slot = slot;
    }
    return status;
}

enum slw_status slw_tuf_client_find(struct slw_tuf_client *client, struct slw_bytes path,
                                    struct slw_tuf_target *ret_target, struct slw_detail *detail)
{
    const struct slw_tuf_trusted_targets *where = NULL;
    struct slw_tuf_role_slot *slot = NULL;
    if (!client->refreshed) {
        return slw_explain(detail, SLW_WRONG_STATE, "the last refresh didn't succeed");
    }
    if (path.len == 0 || path.len > SLW_TUF_TARGET_PATH_MAX) {
        return slw_explain(detail, SLW_BAD_NAME, "a target's path has 1 to %u bytes, not %zu",
                           SLW_TUF_TARGET_PATH_MAX, path.len);
    }
    SLW_TRY(slw_tuf_client_search(client, path, NULL, &where, &slot, detail));
    client->found_in.len = 0;
    slw_heap_append(&client->found_in, slw_bytes_make(slot->name, slot->name_len));
    if (client->found_in.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = slw_tuf_targets_find(&where->content, path, ret_target);
    if (status != SLW_OK) {
        struct slw_heap_buffer quoted = {0};
        slw_quote(path, &quoted);
        (void)slw_explain(detail, status, "target %s: %s gives no hash of it that is known here",
                          slw_heap_text(&quoted), where->file.name);
        slw_heap_free(&quoted);
    }
    return status;
}
