/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of a fleet's member. Whatever is lost on the way, a request, an answer or the process,
 * the next call goes on: an enrolment begins a new epoch, a report is sent again as it was, and one
 * whose nonce has grown old gets another, with the next sequence. See fleet_member.h.
 */
#include "member.h"

#include "slipway/crypto.h"
#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX 65536u
#define TOKEN_FILE_MAX 4096u
#define TRIES 3 /* of one report: with another nonce, then in another epoch */
#define WAIT_MAX_MS INT64_C(3600000)

/* --- Opening --- */

/* The file's first line. */
static enum slw_status read_token(const char *path, struct slw_heap_buffer *ret_token,
                                  struct slw_detail *detail)
{
    if (path == NULL) {
        return SLW_OK;
    }
    if (slw_key_file_is_exposed(path)) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "%s: others may read it; its mode must be 0600", path);
    }
    SLW_TRY(slw_file_read(path, TOKEN_FILE_MAX, ret_token, detail));
    const char *line = slw_heap_text(ret_token);
    ret_token->len = strcspn(line, "\r\n");
    return ret_token->len > 0 ? SLW_OK
                              : slw_explain(detail, SLW_BAD_ARGUMENT, "%s: is empty", path);
}

static enum slw_status copy_settings(const struct slw_fleet_member_settings *settings,
                                     struct slw_fleet_member *member, struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    if (!slw_fleet_device_is_good(slw_text_bytes(settings->device))) {
        return slw_explain(
            detail, SLW_BAD_ARGUMENT,
            "%s: a device's name has up to 64 letters, digits, _ . - :", settings->device);
    }
    slw_heap_printf(&path, "%s.state", settings->identity_file);
    member->state_path = path.status == SLW_OK ? strdup(slw_heap_text(&path)) : NULL;
    slw_heap_free(&path);
    member->product = strdup(settings->product);
    member->device = strdup(settings->device);
    member->hardware = strdup(settings->hardware);
    member->key_class = strdup(settings->key_class);
    return member->state_path != NULL && member->product != NULL && member->device != NULL &&
                   member->hardware != NULL && member->key_class != NULL
               ? SLW_OK
               : slw_explain_no_memory(detail);
}

static enum slw_status open_member(const struct slw_fleet_member_settings *settings,
                                   struct slw_fleet_member *member, struct slw_detail *detail)
{
    struct slw_http_client_settings depot = settings->depot;
    depot.token_file = NULL;
    SLW_TRY(copy_settings(settings, member, detail));
    SLW_TRY(read_token(settings->enrolment_token_file, &member->token, detail));
    SLW_TRY(member_identity_load(settings->identity_file, &member->key, detail));
    SLW_TRY(member_state_read(member->state_path, &member->state, detail));
    return slw_http_client_new(&depot, &member->client, detail);
}

enum slw_status slw_fleet_member_open(const struct slw_fleet_member_settings *settings,
                                      struct slw_fleet_member **ret_member,
                                      struct slw_detail *detail)
{
    struct slw_fleet_member *member = calloc(1, sizeof *member);
    if (member == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = open_member(settings, member, detail);
    if (status == SLW_OK) {
        *ret_member = member;
    } else {
        slw_fleet_member_free(member);
    }
    return status;
}

static void drop_answer(struct slw_fleet_member *member)
{
    slw_fleet_answer_free(&member->parsed);
    memset(&member->parsed, 0, sizeof member->parsed);
    slw_heap_free(&member->answer);
}

void slw_fleet_member_free(struct slw_fleet_member *member)
{
    if (member == NULL) {
        return;
    }
    drop_answer(member);
    slw_http_client_free(member->client);
    slw_private_key_free(member->key);
    free(member->state_path);
    free(member->product);
    free(member->device);
    free(member->hardware);
    free(member->key_class);
    slw_heap_free(&member->token);
    member_state_wipe(&member->state);
    free(member);
}

static enum slw_status write_state(const struct slw_fleet_member *member, struct slw_detail *detail)
{
    return member_state_write(member->state_path, &member->state, detail);
}

/* --- Calls --- */

/* body: empty for a GET. secret NULL: without. SLW_OK with the answer of a 2xx. */
static enum slw_status call(struct slw_fleet_member *member, const char *path,
                            struct slw_bytes body, const char *type, const char *secret,
                            struct slw_heap_buffer *ret_answer, struct slw_detail *detail)
{
    struct slw_http_call call = {
        .method = body.ptr == NULL ? "GET" : "POST",
        .path = path,
        .body = body,
        .has_body = body.ptr != NULL,
        .type = type,
        .limit = ANSWER_MAX,
        .once = true, /* the next check-in is the next attempt */
    };
    SLW_TRY(slw_http_client_set_token(member->client, secret, detail));
    enum slw_status status = slw_http_call_run(member->client, &call, detail);
    if (status == SLW_OK && (call.http_status < 200 || call.http_status > 299)) {
        status = slw_http_call_refusal(member->client, &call, detail);
    }
    if (status == SLW_OK) {
        *ret_answer = call.answer;
    } else {
        slw_heap_free(&call.answer);
    }
    return status;
}

static enum slw_status copy_member(const struct slw_json_document *json, const char *name,
                                   char *buffer, size_t size, struct slw_detail *detail)
{
    uint32_t value = slw_json_member(json, SLW_JSON_TOP, slw_text_bytes(name));
    struct slw_bytes text = slw_json_string(json, value);
    if (text.len == 0 || text.len >= size) {
        return slw_explain(detail, SLW_MALFORMED, "the depot's answer has no \"%s\" that fits",
                           name);
    }
    (void)snprintf(buffer, size, "%.*s", (int)text.len, (const char *)text.ptr);
    return SLW_OK;
}

/* --- Enrolment --- */

static enum slw_status get_nonce(struct slw_fleet_member *member, struct slw_detail *detail)
{
    char path[256];
    struct slw_heap_buffer answer = {0};
    struct slw_json_document json;
    (void)snprintf(path, sizeof path, "/device/v1/%.64s/%.64s/nonce", member->product,
                   member->device);
    SLW_TRY(call(member, path, slw_bytes_make(NULL, 0), NULL, NULL, &answer, detail));
    enum slw_status status = slw_json_parse("nonce", slw_heap_bytes(&answer), &json, detail);
    if (status == SLW_OK) {
        status = copy_member(&json, "nonce", member->nonce, sizeof member->nonce, detail);
        slw_json_document_free(&json);
    }
    slw_heap_free(&answer);
    return status;
}

static enum slw_status take_enrolment(struct slw_fleet_member *member,
                                      const struct slw_json_document *json,
                                      struct slw_detail *detail)
{
    char state[16];
    int64_t epoch = 0;
    SLW_TRY(copy_member(json, "state", state, sizeof state, detail));
    if (strcmp(state, "pending") == 0) {
        return slw_explain(detail, SLW_CONSENT_PENDING, "the depot waits for somebody to let %s in",
                           member->device);
    }
    if (strcmp(state, "enrolled") != 0) {
        return slw_explain(detail, SLW_REVOKED_KEY, "the depot doesn't take %s: it was revoked",
                           member->device);
    }
    if (!slw_json_integer(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("epoch")),
                          &epoch) ||
        epoch < 1) {
        return slw_explain(detail, SLW_MALFORMED, "the depot's answer has no epoch");
    }
    SLW_TRY(copy_member(json, "secret", member->state.secret, sizeof member->state.secret, detail));
    member->state.epoch = epoch;
    member->state.sequence = 0;
    (void)snprintf(member->state.last, sizeof member->state.last, "0");
    return write_state(member, detail);
}

static enum slw_status enrol(struct slw_fleet_member *member, struct slw_detail *detail)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_heap_buffer answer = {0};
    struct slw_json_document json;
    SLW_TRY(get_nonce(member, detail));
    const struct slw_fleet_enrol message = {
        .product = slw_text_bytes(member->product),
        .device = slw_text_bytes(member->device),
        .hardware = slw_text_bytes(member->hardware),
        .key_class = slw_text_bytes(member->key_class),
        .token = slw_heap_bytes(&member->token),
        .nonce = slw_text_bytes(member->nonce),
        .time_s = (int64_t)time(NULL),
    };
    SLW_TRY(slw_fleet_enrol_make(&message, member->key, &envelope, detail));
    enum slw_status status =
        call(member, "/device/v1/enrol", slw_heap_bytes(&envelope), NULL, NULL, &answer, detail);
    slw_heap_free(&envelope);
    SLW_TRY(status);
    status = slw_json_parse("enrolment", slw_heap_bytes(&answer), &json, detail);
    if (status == SLW_OK) {
        status = take_enrolment(member, &json, detail);
        slw_json_document_free(&json);
    }
    slw_heap_free(&answer);
    return status;
}

/* --- Check-in --- */

static enum slw_status ask(struct slw_fleet_member *member, struct slw_detail *detail)
{
    char path[384];
    drop_answer(member);
    (void)snprintf(
        path, sizeof path, "/device/v1/%.64s/%.64s/checkin?e=%" PRId64 "&v=%" PRId64 "&s=%s",
        member->product, member->device, member->state.epoch, member->version, member->state.last);
    SLW_TRY(call(member, path, slw_bytes_make(NULL, 0), NULL, member->state.secret, &member->answer,
                 detail));
    SLW_TRY(slw_fleet_answer_read(slw_heap_bytes(&member->answer), &member->parsed, detail));
    (void)snprintf(member->nonce, sizeof member->nonce, "%.*s", (int)member->parsed.nonce.len,
                   (const char *)member->parsed.nonce.ptr);
    return SLW_OK;
}

static enum slw_status ask_or_enrol(struct slw_fleet_member *member, struct slw_detail *detail)
{
    enum slw_status status = member->state.epoch == 0 ? SLW_EPOCH_OVER : ask(member, detail);
    if (status == SLW_EPOCH_OVER) {
        SLW_TRY(enrol(member, detail));
        status = ask(member, detail);
    }
    return status;
}

/* --- Reports --- */

static void note_taken(struct slw_fleet_member *member, const uint8_t digest[static 8])
{
    slw_text_hex(slw_bytes_make(digest, 8), member->state.last);
    slw_heap_free(&member->state.pending);
}

static enum slw_status send_pending(struct slw_fleet_member *member, const uint8_t digest[static 8],
                                    struct slw_detail *detail)
{
    char path[256];
    struct slw_heap_buffer text = {0};
    struct slw_fleet_answer answer;
    (void)snprintf(path, sizeof path, "/device/v1/%.64s/%.64s/report", member->product,
                   member->device);
    SLW_TRY(call(member, path, slw_heap_bytes(&member->state.pending), NULL, NULL, &text, detail));
    enum slw_status status = slw_fleet_answer_read(slw_heap_bytes(&text), &answer, detail);
    if (status == SLW_OK) {
        (void)snprintf(member->nonce, sizeof member->nonce, "%.*s", (int)answer.nonce.len,
                       (const char *)answer.nonce.ptr);
        slw_fleet_answer_free(&answer);
        note_taken(member, digest);
    }
    slw_heap_free(&text);
    return status;
}

/* "durable before it is sent": the sequence is never used for anything else. */
static enum slw_status make_pending(struct slw_fleet_member *member,
                                    const struct slw_fleet_report *report,
                                    struct slw_detail *detail)
{
    struct slw_fleet_report copy = *report;
    struct slw_heap_buffer envelope = {0};
    copy.product = slw_text_bytes(member->product);
    copy.device = slw_text_bytes(member->device);
    copy.nonce = slw_text_bytes(member->nonce);
    copy.epoch = member->state.epoch;
    copy.sequence = member->state.sequence + 1;
    SLW_TRY(slw_fleet_report_make(&copy, member->key, &envelope, detail));
    slw_heap_free(&member->state.pending);
    member->state.pending = envelope;
    member->state.sequence++;
    return write_state(member, detail);
}

/* Whether the depot will never take it, however often it comes. */
static bool is_final(enum slw_status status)
{
    switch (slw_status_class(status)) {
    case SLW_CLASS_MALFORMED:
    case SLW_CLASS_UNTRUSTED:
    case SLW_CLASS_MISUSE:
        return true;
    case SLW_CLASS_CAPACITY:
        return status == SLW_TOO_LARGE;
    case SLW_CLASS_OK:
    case SLW_CLASS_IO:
    case SLW_CLASS_STALE:
    case SLW_CLASS_REFUSED: /* a person at the depot may let it in yet */
        break;
    }
    return false;
}

/* Whether another nonce, a higher sequence or another epoch helps. */
static bool is_stale(enum slw_status status)
{
    return status == SLW_STALE_STATEMENT || status == SLW_EPOCH_OVER || status == SLW_VERSION_TAKEN;
}

/* Says the same anew. Twice too old, or another report with its sequence: what we keep is older
 * than what the depot has, and only another epoch helps. */
static enum slw_status renew(struct slw_fleet_member *member, enum slw_status why, bool is_first,
                             const struct slw_fleet_report *report, struct slw_detail *detail)
{
    if (!is_first || why == SLW_VERSION_TAKEN) {
        member->state.epoch = 0;
    }
    SLW_TRY(ask_or_enrol(member, detail));
    return make_pending(member, report, detail);
}

static enum slw_status send_once(struct slw_fleet_member *member, bool is_first,
                                 struct slw_detail *detail)
{
    struct slw_fleet_opened opened;
    SLW_TRY(slw_fleet_report_open(slw_heap_bytes(&member->state.pending),
                                  slw_private_key_public(member->key), &opened, detail));
    enum slw_status status = send_pending(member, opened.payload_sha256, detail);
    if (is_stale(status)) {
        status = renew(member, status, is_first, &opened.report, detail);
    }
    slw_fleet_opened_free(&opened);
    return status;
}

static enum slw_status flush(struct slw_fleet_member *member, struct slw_detail *detail)
{
    enum slw_status status = SLW_OK;
    for (int i = 0; status == SLW_OK && member->state.pending.len > 0 && i < TRIES; i++) {
        status = send_once(member, i == 0, detail);
    }
    if (status == SLW_OK && member->state.pending.len > 0) {
        status = slw_explain(detail, SLW_UNAVAILABLE, "the depot doesn't take a report just now");
    }
    if (is_final(status)) {
        slw_heap_free(&member->state.pending);
    }
    struct slw_detail second = {""};
    enum slw_status written = write_state(member, status == SLW_OK ? detail : &second);
    return status == SLW_OK ? written : status;
}

enum slw_status slw_fleet_member_report(struct slw_fleet_member *member,
                                        const struct slw_fleet_report *report,
                                        struct slw_detail *detail)
{
    if (member->state.pending.len > 0) {
        SLW_TRY(flush(member, detail));
    }
    if (member->nonce[0] == '\0' || member->state.epoch == 0) {
        SLW_TRY(ask_or_enrol(member, detail));
    }
    SLW_TRY(make_pending(member, report, detail));
    return flush(member, detail);
}

enum slw_status slw_fleet_member_check_in(struct slw_fleet_member *member, int64_t version,
                                          struct slw_fleet_answer *ret_answer,
                                          struct slw_detail *detail)
{
    member->version = version;
    if (member->state.pending.len > 0 && member->state.epoch > 0) {
        enum slw_status status = flush(member, detail);
        if (status != SLW_OK && !is_final(status)) {
            return status;
        }
    }
    SLW_TRY(ask_or_enrol(member, detail));
    *ret_answer = member->parsed;
    return SLW_OK;
}

enum slw_status slw_fleet_member_send_log(struct slw_fleet_member *member, struct slw_bytes text,
                                          struct slw_detail *detail)
{
    char path[256];
    struct slw_heap_buffer answer = {0};
    if (text.len > SLW_FLEET_LOG_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "log: over %u bytes", SLW_FLEET_LOG_MAX);
    }
    (void)snprintf(path, sizeof path, "/device/v1/%.64s/%.64s/log?e=%" PRId64, member->product,
                   member->device, member->state.epoch);
    struct slw_bytes body = text.ptr == NULL ? SLW_BYTES_OF("") : text;
    enum slw_status status = call(member, path, body, "text/plain; charset=utf-8",
                                  member->state.secret, &answer, detail);
    slw_heap_free(&answer);
    return status;
}

/* --- What is under way, and when to come again --- */

struct slw_fleet_under_way slw_fleet_member_under_way(const struct slw_fleet_member *member)
{
    return member->state.under_way;
}

enum slw_status slw_fleet_member_set_under_way(struct slw_fleet_member *member,
                                               struct slw_fleet_under_way under_way,
                                               struct slw_detail *detail)
{
    member->state.under_way = under_way;
    return write_state(member, detail);
}

int64_t slw_fleet_wait_ms(int64_t next_s, unsigned failures, uint64_t chance)
{
    int64_t base = next_s < 1 ? 1000 : next_s > 86400 ? 86400000 : next_s * 1000;
    int64_t most = base > WAIT_MAX_MS ? base : WAIT_MAX_MS;
    for (unsigned i = 0; i < failures && base < most; i++) {
        base = base * 2 < most ? base * 2 : most;
    }
    int64_t spread = base / 10;
    return base - spread + (int64_t)(chance % (uint64_t)(2 * spread + 1));
}
