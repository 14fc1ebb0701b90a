/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that a log has, as long as something may follow from them: of an open one what a
 * signature is compared with (audit_asked.c), of one that ended its id alone, until it expires, so
 * that it isn't opened for a second time. What they ask for is kept, not their texts, which may be
 * large.
 *
 *     u32 count of requests, each 32 bytes id, u64 expiry, u8 1: it is open, and has
 *         32 bytes requester's key, 32 bytes staged, u8 operation, u64 issued,
 *         3 times (key, channel, role) u8 length and name, u64 version,
 *         u32 count of answers, each 32 bytes signer's key, u8 1: it approves, 32 bytes content,
 *             32 bytes metadata's SHA-256, 32 bytes key, u8 class, u32 policy version, u64 issued,
 *             u64 expiry
 */
#include "audit_bytes.h"
#include "audit_parts.h"

#include "slipway/explain.h"
#include "slipway/tuf_change_json.h"

#include <stdlib.h>

/* --- By id --- */

static size_t slot_of(const struct slw_audit *audit, const uint8_t *id)
{
    return slw_get_u32_le(id) & (audit->requests_index_size - 1);
}

static struct slw_audit_request *find(const struct slw_audit *audit, const uint8_t *id)
{
    if (audit->requests_index_size == 0) {
        return NULL;
    }
    for (size_t at = slot_of(audit, id); audit->requests_index[at] != 0;
         at = (at + 1) & (audit->requests_index_size - 1)) {
        struct slw_audit_request *request = &audit->requests[audit->requests_index[at] - 1];
        if (memcmp(request->id, id, sizeof request->id) == 0) {
            return request;
        }
    }
    return NULL;
}

static void insert(struct slw_audit *audit, size_t number)
{
    size_t at = slot_of(audit, audit->requests[number].id);
    while (audit->requests_index[at] != 0) {
        at = (at + 1) & (audit->requests_index_size - 1);
    }
    audit->requests_index[at] = (uint32_t)number + 1;
}

/* Were it opened for a second time, a signature by it would be found: it has expired. */
static bool is_over(const struct slw_audit *audit, const struct slw_audit_request *request)
{
    return request->asked == NULL &&
           request->expires_utc_s <= audit->time_utc_s - SLW_AUDIT_EARLIER_S;
}

static void forget_what_is_over(struct slw_audit *audit)
{
    size_t count = 0;
    for (size_t i = 0; i < audit->requests_count; i++) {
        if (!is_over(audit, &audit->requests[i])) {
            audit->requests[count++] = audit->requests[i];
        }
    }
    audit->requests_count = count;
}

/* At most half full; a quarter when it was made anew, so that this isn't often. */
static bool grow_index(struct slw_audit *audit)
{
    size_t size = 64;
    if (audit->requests_count * 2 < audit->requests_index_size) {
        return true;
    }
    forget_what_is_over(audit);
    while (size < audit->requests_count * 4) {
        size *= 2;
    }
    uint32_t *index = calloc(size, sizeof *index);
    if (index == NULL) {
        return false;
    }
    free(audit->requests_index);
    audit->requests_index = index;
    audit->requests_index_size = size;
    for (size_t i = 0; i < audit->requests_count; i++) {
        insert(audit, i);
    }
    return true;
}

static void asked_free(struct slw_audit_asked *asked)
{
    if (asked != NULL) {
        free(asked->answers);
    }
    free(asked);
}

/* Adds one that isn't there; asked is the audit's then. */
static enum slw_status add(struct slw_audit *audit, const struct slw_audit_request *request,
                           struct slw_detail *detail)
{
    if (!grow_index(audit)) {
        return slw_explain_no_memory(detail);
    }
    if (audit->requests_count == SLW_AUDIT_REQUESTS_MAX ||
        (request->asked != NULL && audit->open_count == SLW_AUDIT_OPEN_MAX)) {
        return slw_explain(detail, SLW_TOO_MANY, "more requests are open than a service has");
    }
    struct slw_audit_request *grown =
        slw_heap_grow(audit->requests, audit->requests_count, sizeof *request);
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    audit->requests = grown;
    audit->requests[audit->requests_count] = *request;
    insert(audit, audit->requests_count);
    audit->requests_count++;
    audit->open_count += request->asked != NULL ? 1 : 0;
    return SLW_OK;
}

/* --- What the log says --- */

static bool keep_name(struct slw_bytes name, struct slw_audit_name *ret_name)
{
    if (name.len > sizeof ret_name->text) {
        return false;
    }
    if (name.len != 0) {
        memcpy(ret_name->text, name.ptr, name.len);
    }
    ret_name->len = (uint8_t)name.len;
    return true;
}

/* "sign-role": which role, and its next version. What can't be read is never signed. */
static enum slw_status keep_change(const struct slw_request *request, struct slw_audit_asked *asked,
                                   bool *ret_is_named)
{
    struct slw_tuf_parsed_change parsed;
    struct slw_detail unheard;
    enum slw_status status = slw_tuf_change_parse("change", request->change, &parsed, &unheard);
    if (status != SLW_OK) {
        *ret_is_named = false;
        return status == SLW_NO_SPACE ? status : SLW_OK;
    }
    *ret_is_named = keep_name(parsed.change.role, &asked->role);
    asked->version = parsed.change.version;
    slw_tuf_parsed_change_free(&parsed);
    return SLW_OK;
}

static enum slw_status keep_asked(const struct slw_request *request, struct slw_audit_asked *asked)
{
    bool is_named = true;
    asked->operation = request->operation;
    asked->issued_utc_s = request->issued_utc_s;
    memcpy(asked->staged, request->staged, sizeof asked->staged);
    if (request->operation == SLW_OPERATION_SIGN_ROLE) {
        SLW_TRY(keep_change(request, asked, &is_named));
    }
    /* No policy has names that are longer, so that there is no key for it. */
    if (!is_named || !keep_name(request->channel, &asked->channel) ||
        !keep_name(request->key, &asked->key)) {
        asked->key.len = 0;
    }
    return SLW_OK;
}

enum slw_status slw_audit_request_open(struct slw_audit *audit,
                                       const uint8_t id[static SLW_SHA256_SIZE],
                                       const uint8_t by[static SLW_SHA256_SIZE],
                                       const struct slw_request *request, struct slw_detail *detail)
{
    struct slw_audit_request added = {.expires_utc_s = request->expires_utc_s};
    memcpy(added.id, id, sizeof added.id);
    if (find(audit, id) != NULL) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "the log had it before");
    }
    added.asked = calloc(1, sizeof *added.asked);
    if (added.asked == NULL || keep_asked(request, added.asked) != SLW_OK) {
        asked_free(added.asked);
        return slw_explain_no_memory(detail);
    }
    memcpy(added.asked->requester_id, by, sizeof added.asked->requester_id);
    enum slw_status status = add(audit, &added, detail);
    if (status != SLW_OK) {
        asked_free(added.asked);
    }
    return status;
}

enum slw_status slw_audit_request_answer(struct slw_audit *audit,
                                         const uint8_t by[static SLW_SHA256_SIZE],
                                         const struct slw_approval *says, struct slw_detail *detail)
{
    const struct slw_audit_request *request = slw_audit_request_find(audit, says->request);
    struct slw_audit_answer added = {.says = *says};
    /* It may have ended while this was said; and the channel of an approval never fits later. */
    if (request == NULL ||
        (says->approve && !slw_bytes_equal(says->channel, name_of(&request->asked->channel)))) {
        return SLW_OK;
    }
    struct slw_audit_asked *asked = request->asked;
    if (asked->answers_count == SLW_POLICY_APPROVALS_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "there are more of one request than there may be");
    }
    memcpy(added.signer_id, by, sizeof added.signer_id);
    added.says.subject_name = slw_bytes_make(NULL, 0);
    added.says.signer = slw_bytes_make(NULL, 0);
    added.says.channel = slw_bytes_make(NULL, 0);
    added.says.reason = slw_bytes_make(NULL, 0);
    struct slw_audit_answer *grown =
        slw_heap_grow(asked->answers, asked->answers_count, sizeof added);
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    asked->answers = grown;
    asked->answers[asked->answers_count++] = added;
    return SLW_OK;
}

struct slw_audit_request *slw_audit_request_find(const struct slw_audit *audit,
                                                 const uint8_t id[static SLW_SHA256_SIZE])
{
    struct slw_audit_request *request = find(audit, id);
    return request == NULL || request->asked == NULL ? NULL : request;
}

void slw_audit_request_end(struct slw_audit *audit, struct slw_audit_request *request)
{
    asked_free(request->asked);
    request->asked = NULL;
    audit->open_count--;
}

/* --- Memory --- */

void slw_audit_requests_free(struct slw_audit *audit)
{
    for (size_t i = 0; i < audit->requests_count; i++) {
        asked_free(audit->requests[i].asked);
    }
    free(audit->requests);
    free(audit->requests_index);
    audit->requests = NULL;
    audit->requests_count = 0;
    audit->open_count = 0;
    audit->requests_index = NULL;
    audit->requests_index_size = 0;
}

static struct slw_audit_asked *asked_copy(const struct slw_audit_asked *asked)
{
    struct slw_audit_asked *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *asked;
    copy->answers = NULL;
    for (copy->answers_count = 0; copy->answers_count < asked->answers_count;
         copy->answers_count++) {
        struct slw_audit_answer *grown =
            slw_heap_grow(copy->answers, copy->answers_count, sizeof *grown);
        if (grown == NULL) {
            asked_free(copy);
            return NULL;
        }
        copy->answers = grown;
        copy->answers[copy->answers_count] = asked->answers[copy->answers_count];
    }
    return copy;
}

bool slw_audit_requests_copy(const struct slw_audit *audit, struct slw_audit *copy)
{
    struct slw_detail unheard;
    for (size_t i = 0; i < audit->requests_count; i++) {
        struct slw_audit_request one = audit->requests[i];
        one.asked = one.asked == NULL ? NULL : asked_copy(one.asked);
        if ((one.asked == NULL) != (audit->requests[i].asked == NULL) ||
            add(copy, &one, &unheard) != SLW_OK) {
            asked_free(one.asked);
            return false;
        }
    }
    return true;
}

/* --- In a state file --- */

static void put_bytes(const uint8_t *id, struct slw_heap_buffer *bytes)
{
    slw_heap_append(bytes, slw_bytes_make(id, SLW_SHA256_SIZE));
}

static void put_name(const struct slw_audit_name *name, struct slw_heap_buffer *bytes)
{
    put_number(name->len, 1, bytes);
    slw_heap_append(bytes, name_of(name));
}

static void put_answer(const struct slw_audit_answer *answer, struct slw_heap_buffer *bytes)
{
    put_bytes(answer->signer_id, bytes);
    put_number(answer->says.approve ? 1 : 0, 1, bytes);
    put_bytes(answer->says.content, bytes);
    put_bytes(answer->says.targets_sha256, bytes);
    put_bytes(answer->says.key_id, bytes);
    put_number(answer->says.key_class, 1, bytes);
    put_number(answer->says.policy_version, 4, bytes);
    put_number((uint64_t)answer->says.issued_utc_s, 8, bytes);
    put_number((uint64_t)answer->says.expires_utc_s, 8, bytes);
}

static void put_asked(const struct slw_audit_asked *asked, struct slw_heap_buffer *bytes)
{
    put_bytes(asked->requester_id, bytes);
    put_bytes(asked->staged, bytes);
    put_number(asked->operation, 1, bytes);
    put_number((uint64_t)asked->issued_utc_s, 8, bytes);
    put_name(&asked->key, bytes);
    put_name(&asked->channel, bytes);
    put_name(&asked->role, bytes);
    put_number((uint64_t)asked->version, 8, bytes);
    put_number(asked->answers_count, 4, bytes);
    for (size_t i = 0; i < asked->answers_count; i++) {
        put_answer(&asked->answers[i], bytes);
    }
}

void slw_audit_requests_put(const struct slw_audit *audit, struct slw_heap_buffer *bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < audit->requests_count; i++) {
        count += is_over(audit, &audit->requests[i]) ? 0 : 1;
    }
    put_number(count, 4, bytes);
    for (size_t i = 0; i < audit->requests_count; i++) {
        const struct slw_audit_request *request = &audit->requests[i];
        if (is_over(audit, request)) {
            continue;
        }
        put_bytes(request->id, bytes);
        put_number((uint64_t)request->expires_utc_s, 8, bytes);
        put_number(request->asked == NULL ? 0 : 1, 1, bytes);
        if (request->asked != NULL) {
            put_asked(request->asked, bytes);
        }
    }
}

static void get_name(struct slw_reader *reader, struct slw_audit_name *name)
{
    uint64_t len = get_number(reader, 1);
    if (len > sizeof name->text) {
        slw_reader_fail(reader, SLW_MALFORMED);
    } else if (len != 0) {
        name->len = (uint8_t)len;
        slw_reader_copy(reader, name->text, (size_t)len);
    }
}

static void get_answer(struct slw_reader *reader, struct slw_audit_asked *asked)
{
    struct slw_audit_answer answer = {.signer_id = {0}};
    struct slw_approval *says = &answer.says;
    slw_reader_copy(reader, answer.signer_id, sizeof answer.signer_id);
    says->approve = get_number(reader, 1) != 0;
    slw_reader_copy(reader, says->content, sizeof says->content);
    slw_reader_copy(reader, says->targets_sha256, sizeof says->targets_sha256);
    slw_reader_copy(reader, says->key_id, sizeof says->key_id);
    says->key_class = (enum slw_key_class)get_number(reader, 1);
    says->policy_version = (uint32_t)get_number(reader, 4);
    says->issued_utc_s = (int64_t)get_number(reader, 8);
    says->expires_utc_s = (int64_t)get_number(reader, 8);
    struct slw_audit_answer *grown =
        reader->status != SLW_OK
            ? NULL
            : slw_heap_grow(asked->answers, asked->answers_count, sizeof answer);
    if (grown == NULL) {
        slw_reader_fail(reader, SLW_NO_SPACE);
        return;
    }
    asked->answers = grown;
    asked->answers[asked->answers_count++] = answer;
}

static void get_asked(struct slw_reader *reader, struct slw_audit_asked *asked)
{
    slw_reader_copy(reader, asked->requester_id, sizeof asked->requester_id);
    slw_reader_copy(reader, asked->staged, sizeof asked->staged);
    asked->operation = (enum slw_operation)get_number(reader, 1);
    asked->issued_utc_s = (int64_t)get_number(reader, 8);
    get_name(reader, &asked->key);
    get_name(reader, &asked->channel);
    get_name(reader, &asked->role);
    asked->version = (int64_t)get_number(reader, 8);
    uint64_t count = get_number(reader, 4);
    if (count > SLW_POLICY_APPROVALS_MAX || asked->operation < SLW_OPERATION_SIGN_TARGETS ||
        asked->operation > SLW_OPERATION_SIGN_ROLE) {
        slw_reader_fail(reader, SLW_MALFORMED);
    }
    for (uint64_t i = 0; i < count && reader->status == SLW_OK; i++) {
        get_answer(reader, asked);
    }
}

static void get_request(struct slw_reader *reader, struct slw_audit *audit)
{
    struct slw_audit_request request = {.asked = NULL};
    struct slw_detail unheard;
    slw_reader_copy(reader, request.id, sizeof request.id);
    request.expires_utc_s = (int64_t)get_number(reader, 8);
    if (get_number(reader, 1) != 0) {
        request.asked = calloc(1, sizeof *request.asked);
        if (request.asked == NULL) {
            slw_reader_fail(reader, SLW_NO_SPACE);
            return;
        }
        get_asked(reader, request.asked);
    }
    if (reader->status == SLW_OK && find(audit, request.id) == NULL &&
        add(audit, &request, &unheard) == SLW_OK) {
        return;
    }
    asked_free(request.asked);
    slw_reader_fail(reader, SLW_MALFORMED);
}

void slw_audit_requests_get(struct slw_reader *reader, struct slw_audit *audit)
{
    uint64_t count = get_number(reader, 4);
    for (uint64_t i = 0; i < count && reader->status == SLW_OK; i++) {
        get_request(reader, audit);
    }
}
