/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the depot's log says of roles that whoever signs them refuses: a line when that is news. A
 * role is asked about every few seconds, and the same answer isn't news until the role was
 * published, or nobody heard it for a while. For publish.c.
 */
#include "part.h"

#include "slipway/text.h"

#define REFUSES ": the signer refuses: " /* as slw_tuf_writer tells it, behind the role's name */

/* The role's place; that which was heard of longest ago when it has none. */
static struct releases_refusal *refusal_of(struct depot_releases_state *state,
                                           struct slw_bytes role)
{
    struct releases_refusal *oldest = &state->refusals[0];
    for (size_t i = 0; i < RELEASES_REFUSALS_MAX; i++) {
        struct releases_refusal *refusal = &state->refusals[i];
        if (slw_bytes_equal(slw_text_bytes(refusal->role), role)) {
            return refusal;
        }
        oldest = refusal->heard_s < oldest->heard_s ? refusal : oldest;
    }
    return oldest;
}

static bool is_news(struct depot_releases_state *state, struct slw_bytes role,
                    struct slw_bytes line, int64_t now_s)
{
    struct releases_refusal heard = {.heard_s = now_s};
    struct slw_sha256 hash;
    slw_text_copy(role, sizeof heard.role, heard.role); /* as much of it as there is room for */
    struct releases_refusal *refusal = refusal_of(state, slw_text_bytes(heard.role));
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, line);
    slw_sha256_final(&hash, heard.sha256);
    bool is_known = memcmp(refusal->sha256, heard.sha256, sizeof heard.sha256) == 0 &&
                    now_s >= refusal->heard_s &&
                    now_s - refusal->heard_s <= RELEASES_REFUSAL_FORGOTTEN_S;
    *refusal = heard;
    return !is_known;
}

bool releases_is_refusal(const char *line)
{
    return strstr(line, REFUSES) != NULL;
}

size_t releases_tell_refusals(struct depot_releases_state *state, const char *told, int64_t now_s)
{
    size_t count = 0;
    while (told[0] != '\0') {
        char line[1024];
        size_t len = strcspn(told, "\n");
        slw_text_copy(slw_bytes_make(told, len), sizeof line, line);
        const char *refuses = strstr(line, REFUSES);
        if (refuses != NULL && is_news(state, slw_bytes_make(line, (size_t)(refuses - line)),
                                       slw_text_bytes(line), now_s)) {
            depot_log("warning", "releases", "%s", line);
            count++;
        }
        told += len + (told[len] == '\n' ? 1 : 0);
    }
    return count;
}

void releases_forget_refusal(struct depot_releases_state *state, const char *role)
{
    struct releases_refusal *refusal = refusal_of(state, slw_text_bytes(role));
    if (strcmp(refusal->role, role) == 0) {
        *refusal = (struct releases_refusal){.heard_s = 0};
    }
}
