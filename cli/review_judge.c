/* SPDX-License-Identifier: Apache-2.0 */
/* What stands out in what a depot says of itself: what one person, one machine or one token alone
 * can do. See review.h. */
#include "review.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 200u

static size_t count_roles(const struct slw_json_document *json, uint32_t people, const char *role,
                          bool *ret_machine)
{
    size_t count = 0;
    uint32_t person;
    struct slw_json_walk walk = slw_json_walk_begin(json, people);
    while (slw_json_walk_element(&walk, &person)) {
        uint32_t roles = slw_json_member(json, person, SLW_BYTES_OF("roles"));
        struct slw_json_walk inner = slw_json_walk_begin(json, roles);
        uint32_t each;
        bool has = false;
        while (slw_json_walk_element(&inner, &each)) {
            has = has ||
                  (slw_bytes_equal(
                       slw_json_string(json, slw_json_member(json, each, SLW_BYTES_OF("role"))),
                       slw_bytes_make(role, strlen(role))) &&
                   slw_bytes_equal(
                       slw_json_string(json, slw_json_member(json, each, SLW_BYTES_OF("product"))),
                       SLW_BYTES_OF("*")));
        }
        uint32_t machine = slw_json_member(json, person, SLW_BYTES_OF("machine"));
        *ret_machine = *ret_machine || (has && slw_json_kind(json, machine) == SLW_JSON_TRUE);
        count += has;
    }
    return count;
}

void cli_review_judge_people(struct cli_review *review, const struct slw_heap_buffer *text)
{
    struct slw_json_document json;
    struct slw_detail unheard = {""};
    bool is_machine = false;
    if (slw_json_parse("people", slw_heap_bytes(text), &json, &unheard) != SLW_OK) {
        return;
    }
    uint32_t people = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("people"));
    size_t administrators = count_roles(&json, people, "administrator", &is_machine);
    if (administrators == 1) {
        cli_review_find(review, "the depot has one administrator: nobody else could lock them out");
    }
    if (administrators > 5) {
        cli_review_find(review, "the depot has %zu administrators", administrators);
    }
    is_machine = false;
    (void)count_roles(&json, people, "release-manager", &is_machine);
    if (is_machine) {
        cli_review_find(review, "a machine is release manager of every product");
    }
    slw_json_document_free(&json);
}

/* --- Tokens --- */

static uint32_t member(const struct slw_json_document *json, uint32_t object, const char *name)
{
    return slw_json_member(json, object, slw_bytes_make(name, strlen(name)));
}

static bool is_text(const struct slw_json_document *json, uint32_t object, const char *name,
                    const char *text)
{
    return slw_bytes_equal(slw_json_string(json, member(json, object, name)),
                           slw_bytes_make(text, strlen(text)));
}

/* Not revoked, and good for some time yet. */
static bool is_alive(const struct cli_review *review, const struct slw_json_document *json,
                     uint32_t token)
{
    struct slw_bytes expires = slw_json_string(json, member(json, token, "expires"));
    int64_t expires_utc_s = 0;
    char text[SLW_TIME_TEXT_SIZE];
    size_t len = 0;
    uint32_t revoked = member(json, token, "revoked");
    while (len < expires.len && len < 19) { /* without fractions of a second */
        text[len] = (char)expires.ptr[len];
        len++;
    }
    text[len++] = 'Z';
    text[len] = '\0';
    return (revoked == SLW_JSON_NONE || slw_json_kind(json, revoked) == SLW_JSON_NULL) &&
           (slw_time_parse(text, review->now_utc_s, &expires_utc_s) != SLW_OK ||
            expires_utc_s > review->now_utc_s);
}

static bool is_mighty(const struct slw_json_document *json, uint32_t token)
{
    uint32_t role;
    struct slw_json_walk walk = slw_json_walk_begin(json, member(json, token, "roles"));
    while (slw_json_walk_element(&walk, &role)) {
        if (is_text(json, role, "product", "*") && is_text(json, role, "role", "administrator")) {
            return true;
        }
    }
    return false;
}

static void find_token(struct cli_review *review, const struct slw_json_document *json,
                       uint32_t token)
{
    static const char *const names[] = {"person", "title", "expires"};
    struct slw_heap_buffer texts[3] = {{0}};
    int64_t id = 0;
    (void)!slw_json_integer(json, member(json, token, "id"), &id);
    for (size_t i = 0; i < 3; i++) {
        slw_escape(slw_json_string(json, member(json, token, names[i])), &texts[i]);
    }
    cli_review_find(review, "token %lld of %.*s (%.*s) may do everything, until %.*s",
                    (long long)id, (int)SHOWN_MAX, slw_heap_text(&texts[0]), (int)SHOWN_MAX,
                    slw_heap_text(&texts[1]), (int)SHOWN_MAX, slw_heap_text(&texts[2]));
    for (size_t i = 0; i < 3; i++) {
        slw_heap_drop(&texts[i]);
    }
}

void cli_review_judge_tokens(struct cli_review *review, const struct slw_heap_buffer *text)
{
    struct slw_json_document json;
    struct slw_detail unheard = {""};
    uint32_t token;
    if (slw_json_parse("tokens", slw_heap_bytes(text), &json, &unheard) != SLW_OK) {
        return;
    }
    struct slw_json_walk walk = slw_json_walk_begin(&json, member(&json, SLW_JSON_TOP, "tokens"));
    while (slw_json_walk_element(&walk, &token)) {
        if (is_alive(review, &json, token) && is_mighty(&json, token)) {
            find_token(review, &json, token);
        }
    }
    slw_json_document_free(&json);
}

/* --- Gates --- */

static bool has_gate(const struct slw_json_document *json, uint32_t stages, const char *gate)
{
    static const char *const names[] = {"daily", "internal", "candidate", "production"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t each;
        uint32_t stage = member(json, stages, names[i]);
        struct slw_json_walk walk = slw_json_walk_begin(json, member(json, stage, "gates"));
        while (stage != SLW_JSON_NONE && slw_json_walk_element(&walk, &each)) {
            if (member(json, each, gate) != SLW_JSON_NONE) {
                return true;
            }
        }
    }
    return false;
}

void cli_review_judge_pipeline(struct cli_review *review, const char *product,
                               const struct slw_heap_buffer *text)
{
    static const struct {
        const char *gate, *what;
    } wanted[] = {
        {"endorsed", "asks nobody where a build comes from"},
        {"test", "wants no test's result"},
        {"approvals", "wants nobody's approval"},
    };
    struct slw_json_document json;
    struct slw_detail unheard = {""};
    if (slw_json_parse("pipeline", slw_heap_bytes(text), &json, &unheard) != SLW_OK) {
        return;
    }
    uint32_t pipeline = member(&json, SLW_JSON_TOP, "pipeline");
    uint32_t stages = member(&json, pipeline, "stages");
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!has_gate(&json, stages, wanted[i].gate)) {
            cli_review_find(review, "the pipeline of %s %s", product, wanted[i].what);
        }
    }
    if (member(&json, pipeline, "emergency") == SLW_JSON_NONE) {
        cli_review_find(review, "the pipeline of %s has no way for an emergency", product);
    }
    slw_json_document_free(&json);
}
