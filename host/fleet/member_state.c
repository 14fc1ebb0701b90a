/* SPDX-License-Identifier: Apache-2.0 */
/* What a fleet's member keeps on its disk: its key, and where it is with the depot. See member.h.
 */
#include "member.h"

#include "fields.h"

#include "slipway/files.h"
#include "slipway/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 131072u
#define NUMBER_MAX INT64_C(9007199254740991) /* 2^53 - 1 */

struct stored {
    int64_t version, epoch, sequence, rollout, release;
    struct slw_bytes secret, last, pending;
};

#define AT(name) offsetof(struct stored, name)
static const struct fleet_field fields[] = {
    {"version", FLEET_NUMBER, true, AT(version), 1, 1, NULL, 0},
    {"epoch", FLEET_NUMBER, true, AT(epoch), 0, NUMBER_MAX, NULL, 0},
    {"sequence", FLEET_NUMBER, true, AT(sequence), 0, NUMBER_MAX, NULL, 0},
    {"secret", FLEET_TEXT, false, AT(secret), 0, MEMBER_SECRET_SIZE - 1, NULL, 0},
    {"last", FLEET_TEXT, true, AT(last), 0, MEMBER_DIGEST_SIZE - 1, NULL, 0},
    {"rollout", FLEET_NUMBER, false, AT(rollout), 0, NUMBER_MAX, NULL, 0},
    {"release", FLEET_NUMBER, false, AT(release), 0, NUMBER_MAX, NULL, 0},
    {"pending", FLEET_TEXT, false, AT(pending), 0, SLW_FLEET_MESSAGE_MAX, NULL, 0},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static void take(const struct stored *stored, struct member_state *state)
{
    state->epoch = stored->epoch;
    state->sequence = stored->sequence;
    state->under_way = (struct slw_fleet_under_way){stored->rollout, stored->release};
    (void)snprintf(state->secret, sizeof state->secret, "%.*s", (int)stored->secret.len,
                   stored->secret.len == 0 ? "" : (const char *)stored->secret.ptr);
    (void)snprintf(state->last, sizeof state->last, "%.*s", (int)stored->last.len,
                   (const char *)stored->last.ptr);
    slw_heap_append(&state->pending, stored->pending);
}

static enum slw_status parse(const char *path, struct slw_bytes text, struct member_state *state,
                             struct slw_detail *detail)
{
    struct slw_json_document json;
    struct stored stored = {.version = 0};
    SLW_TRY(slw_json_parse(path, text, &json, detail));
    enum slw_status status =
        fleet_fields_read(&json, SLW_JSON_TOP, fields, FIELDS, &stored, detail);
    if (status == SLW_OK) {
        take(&stored, state);
    }
    slw_json_document_free(&json);
    return status;
}

static bool is_missing(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return descriptor < 0 && errno == ENOENT;
}

enum slw_status member_state_read(const char *path, struct member_state *ret_state,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    *ret_state = (struct member_state){.last = "0"};
    if (is_missing(path)) {
        return SLW_OK;
    }
    SLW_TRY(slw_file_read(path, FILE_MAX, &text, detail));
    enum slw_status status = parse(path, slw_heap_bytes(&text), ret_state, detail);
    slw_heap_free(&text);
    return status == SLW_OK ? SLW_OK : SLW_STORED_STATE;
}

enum slw_status member_state_write(const char *path, const struct member_state *state,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    const struct stored stored = {
        .version = 1,
        .epoch = state->epoch,
        .sequence = state->sequence,
        .rollout = state->under_way.rollout,
        .release = state->under_way.release,
        .secret = slw_bytes_make(state->secret, strlen(state->secret)),
        .last = slw_bytes_make(state->last, strlen(state->last)),
        .pending = slw_heap_bytes(&state->pending),
    };
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    fleet_fields_write(&json, fields, FIELDS, &stored);
    slw_json_end_object(&json);
    enum slw_status status = text.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status = slw_file_write(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE,
                                slw_heap_bytes(&text), detail);
    }
    slw_heap_free(&text);
    return status;
}

void member_state_wipe(struct member_state *state)
{
    slw_heap_free(&state->pending);
    slw_wipe(state, sizeof *state);
}

static enum slw_status make_identity(const char *path, struct slw_private_key **ret_key,
                                     struct slw_detail *detail)
{
    struct slw_private_key *key = NULL;
    struct slw_heap_buffer text = {0};
    SLW_TRY(slw_private_key_generate(SLW_KEY_TYPE_P256, &key, detail));
    enum slw_status status = slw_private_key_format(key, slw_bytes_make(NULL, 0), &text, detail);
    if (status == SLW_OK) {
        status = slw_file_write(path, SLW_OUTPUT_PRIVATE, slw_heap_bytes(&text), detail);
    }
    slw_heap_free(&text);
    if (status == SLW_OK) {
        *ret_key = key;
    } else {
        slw_private_key_free(key);
    }
    return status;
}

enum slw_status member_identity_load(const char *path, struct slw_private_key **ret_key,
                                     struct slw_detail *detail)
{
    if (is_missing(path)) {
        return make_identity(path, ret_key, detail);
    }
    if (slw_key_file_is_exposed(path)) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "%s: others may read it; its mode must be 0600", path);
    }
    return slw_private_key_load(path, NULL, ret_key, detail);
}
