/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of requests and of the service: JSON (SIGNING.md, section 6), and the bytes of BLOB.
 */
#include "case.h"

#include "slipway/base64.h"
#include "slipway/json.h"
#include "slipway/time_text.h"

static void put_time(struct slw_json *json, const char *name, int64_t utc_s)
{
    char text[SLW_TIME_TEXT_SIZE];
    slw_json_text(json, name, slw_time_format(utc_s, text));
}

static void put_digest(struct slw_json *json, const char *name, const uint8_t *digest)
{
    slw_json_hex(json, name, slw_bytes_make(digest, SLW_SHA256_SIZE));
}

static void put_bytes(struct slw_json *json, const char *name, struct slw_bytes text)
{
    if (text.len > 0) {
        slw_json_bytes(json, name, text);
    }
}

static const struct slw_case *case_with_content(const struct slw_book_request *request)
{
    const struct slw_case *work = request->work;
    return work != NULL && work->has_content && work->content.status == SLW_OK ? work : NULL;
}

/* What both the whole and a line of a list have. */
static void put_head(struct slw_service *service, const struct slw_book_request *request,
                     struct slw_json *json)
{
    const struct slw_case *work = case_with_content(request);
    put_digest(json, "id", request->id);
    slw_json_text(json, "state", slw_signer_state_name(slw_case_state(service, request)));
    slw_json_text(json, "operation", slw_operation_word(request->request.operation));
    slw_json_bytes(json, "key", request->request.key);
    put_bytes(json, "channel", request->request.channel);
    if (work != NULL) {
        put_bytes(json, "product", slw_heap_bytes(&work->content.product));
        slw_json_uint(json, "targets_version", work->content.version);
    } else if (request->state == SLW_SIGNER_SIGNED) {
        slw_json_text(json, "product", request->product);
        slw_json_uint(json, "targets_version", request->version);
    }
    slw_json_text(json, "requester", request->requester);
    put_time(json, "received", request->received_utc_s);
    if (request->state == SLW_SIGNER_REFUSED) {
        slw_json_text(json, "reason", slw_status_word(request->reason));
    }
}

static void put_lines(struct slw_json *json, const char *lines)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        slw_json_bytes(json, NULL, slw_bytes_make(lines, len));
        lines += len + (lines[len] == '\n' ? 1 : 0);
    }
}

static void put_waiting(struct slw_service *service, const struct slw_book_request *request,
                        struct slw_json *json)
{
    struct slw_detail detail = {""};
    if (slw_case_state(service, request) != SLW_SIGNER_WAITING) {
        return;
    }
    slw_json_begin_array(json, "waiting_for");
    if (request->state == SLW_SIGNER_SIGNED) {
        slw_json_text(json, NULL, "witnesses");
    } else if (request->work->phase == SLW_CASE_READY &&
               slw_service_check_ready(service, &detail) != SLW_OK) {
        slw_json_text(json, NULL, detail.text);
    } else {
        put_lines(json, request->work->waiting_for);
    }
    slw_json_end_array(json);
}

static void put_endorsements(const struct slw_policy *policy, const struct slw_content *content,
                             struct slw_json *json)
{
    slw_json_begin_array(json, "builders");
    for (size_t i = 0; i < content->said_count; i++) {
        const struct slw_content_said *said = content->said[i];
        struct slw_policy_holder holder = slw_policy_holder_of(policy, said->signer_id);
        if (holder.kind != SLW_POLICY_NOBODY && said->statement.kind == SLW_STATEMENT_PROVENANCE) {
            slw_json_begin_object(json, NULL);
            slw_json_bytes(json, "machine", holder.party->name);
            slw_json_bytes(json, "id", said->provenance.builder_id);
            slw_json_end_object(json);
        }
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "tests");
    for (size_t i = 0; i < content->said_count; i++) {
        const struct slw_content_said *said = content->said[i];
        struct slw_policy_holder holder = slw_policy_holder_of(policy, said->signer_id);
        if (holder.kind != SLW_POLICY_NOBODY && said->statement.kind == SLW_STATEMENT_TEST_RESULT) {
            slw_json_begin_object(json, NULL);
            slw_json_bytes(json, "suite", said->result.suite);
            slw_json_bytes(json, "machine", holder.party->name);
            slw_json_text(json, "result", slw_test_outcome_word(said->result.outcome));
            slw_json_end_object(json);
        }
    }
    slw_json_end_array(json);
}

static void put_content(struct slw_service *service, const struct slw_book_request *request,
                        struct slw_json *json)
{
    const struct slw_case *work = case_with_content(request);
    if (work == NULL) {
        return;
    }
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    put_digest(json, "content_digest", work->content.digest);
    put_digest(json, "targets_sha256", work->content.sha256);
    slw_json_uint(json, "policy_version", policy->version);
    put_digest(json, "key_id", work->signing_key->key.id);
    slw_json_text(json, "key_class", slw_policy_class_name(work->signing_key->key_class));
    put_endorsements(policy, &work->content, json);
}

static void put_approvals(const struct slw_book_request *request, struct slw_json *json)
{
    if (request->approvals_count == 0) {
        return;
    }
    slw_json_begin_array(json, "approvals");
    for (size_t i = 0; i < request->approvals_count; i++) {
        const struct slw_book_approval *said = request->approvals[i];
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "person", said->person);
        slw_json_text(json, "decision", said->says.approve ? "approve" : "reject");
        put_time(json, "time", said->says.issued_utc_s);
        put_bytes(json, "reason", said->says.reason);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static void put_signed(const struct slw_book_request *request, struct slw_json *json)
{
    if (request->state != SLW_SIGNER_SIGNED) {
        return;
    }
    put_digest(json, "key_id", request->key_id);
    slw_json_text(json, "key_class", slw_policy_class_name(request->key_class));
    put_digest(json, "targets_sha256", request->signed_sha256);
    if (request->release != SLW_BOOK_NONE) {
        slw_json_uint(json, "release", request->release);
    }
    slw_json_uint(json, "record", request->signature);
    put_time(json, "signed", request->signed_utc_s);
}

/* The length of what was staged: when it isn't there, as those who staged it agree on. */
static void put_length(struct slw_service *service, const uint8_t *sha256, struct slw_json *json)
{
    const struct slw_book_stage *stage = slw_book_stage_find(&service->book, sha256);
    struct slw_staging_held held = {0, false};
    struct slw_detail ignored;
    if (stage == NULL) {
        return;
    }
    const uint64_t longest = slw_claims_longest(&stage->claims);
    if (slw_claims_shortest(&stage->claims) == longest) {
        slw_json_uint(json, "length", longest);
    } else if (slw_staging_look(&service->staging, sha256, &held, &ignored) == SLW_OK &&
               held.complete) {
        slw_json_uint(json, "length", held.length);
    }
}

enum slw_status slw_show_request(struct slw_service *service,
                                 const struct slw_book_request *request,
                                 struct slw_heap_buffer *ret_json)
{
    struct slw_json json;
    slw_json_init(&json, ret_json);
    slw_json_begin_object(&json, NULL);
    put_head(service, request, &json);
    put_time(&json, "issued", request->request.issued_utc_s);
    put_time(&json, "expires", request->request.expires_utc_s);
    put_digest(&json, "staged", request->request.staged);
    put_length(service, request->request.staged, &json);
    put_content(service, request, &json);
    put_approvals(request, &json);
    put_waiting(service, request, &json);
    if (request->state == SLW_SIGNER_REFUSED) {
        slw_json_text(&json, "detail", request->detail);
    }
    put_signed(request, &json);
    slw_json_end_object(&json);
    return ret_json->status;
}

/* Where a list goes on: behind the request with this id; at the newest without one. Every page asks
 * for it, and there may be a million. */
static size_t list_from(const struct slw_book *book, bool has_after, const uint8_t *after)
{
    if (!has_after) {
        return book->list_count;
    }
    const struct slw_book_request *request = slw_book_request_find(book, after);
    return request == NULL ? 0 : request->place;
}

enum slw_status slw_show_list(struct slw_service *service, bool has_after, const uint8_t *after,
                              uint32_t limit, struct slw_heap_buffer *ret_json)
{
    const struct slw_book *book = &service->book;
    struct slw_json json;
    size_t at = list_from(book, has_after, after);
    uint32_t most = limit == 0 || limit > SLW_SIGNER_LIST_MAX ? SLW_SIGNER_LIST_MAX : limit;
    slw_json_init(&json, ret_json);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "requests");
    uint32_t shown = 0;
    for (; at > 0 && shown < most; at--, shown++) {
        slw_json_begin_object(&json, NULL);
        put_head(service, book->list[at - 1], &json);
        put_waiting(service, book->list[at - 1], &json);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    if (at > 0 && shown > 0) {
        put_digest(&json, "next", book->list[at]->id);
    }
    slw_json_end_object(&json);
    return ret_json->status;
}

static void put_failed_keys(struct slw_service *service, struct slw_json *json)
{
    bool is_first = true;
    for (size_t i = 0; i < service->options.keys_count; i++) {
        const struct slw_service_attempt *last = &service->signed_last[i];
        const struct slw_policy_signing_key *key = slw_service_key_failed(service, i);
        if (key == NULL) {
            continue;
        }
        if (is_first) {
            slw_json_begin_array(json, "failed_keys");
        }
        is_first = false;
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "key", key->name);
        slw_json_text(json, "key_class", slw_policy_class_name(key->key_class));
        slw_json_text(json, "reason", slw_status_word(last->status));
        slw_json_text(json, "detail", last->detail.text);
        put_time(json, "tried", last->utc_s);
        slw_json_end_object(json);
    }
    if (!is_first) {
        slw_json_end_array(json);
    }
}

enum slw_status slw_show_health(struct slw_service *service, struct slw_heap_buffer *ret_json)
{
    struct slw_detail detail = {""};
    enum slw_status status = slw_service_check_signs(service, &detail);
    struct slw_json json;
    slw_json_init(&json, ret_json);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "state", status == SLW_OK ? "ready" : slw_status_word(status));
    if (status != SLW_OK) {
        slw_json_text(&json, "detail", detail.text);
    }
    put_failed_keys(service, &json);
    slw_json_end_object(&json);
    return ret_json->status;
}

/* --- Blobs --- */

static enum slw_status signed_metadata(struct slw_service *service,
                                       const struct slw_book_request *request,
                                       struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_record_view view;
    SLW_TRY(slw_log_read_record(service->log, request->signature, &text, detail));
    enum slw_status status = slw_record_parse(slw_heap_bytes(&text), &view, detail);
    if (status == SLW_OK) {
        status = slw_base64_decode(slw_record_get_text(&view, "metadata"), ret_bytes);
        slw_record_view_free(&view);
    }
    slw_heap_drop(&text);
    if (status == SLW_OK && ret_bytes->len == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "a role's metadata are its base and the change");
    }
    return status;
}

static enum slw_status proof_make(struct slw_service *service,
                                  const struct slw_book_request *request,
                                  struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    struct slw_witnessing *witnessing = &service->witnessing;
    struct slw_note_key witnesses[SLW_POLICY_WITNESSES_MAX];
    bool cosigned = policy->witnesses_quorum > 0;
    uint64_t size = cosigned ? witnessing->cosigned : slw_log_size(service->log);
    struct slw_tlog_proof proof = {
        .index = request->release,
        .checkpoint =
            cosigned ? slw_heap_bytes(&witnessing->proven) : slw_log_checkpoint(service->log),
    };
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        witnesses[i] = policy->witnesses[i].key;
    }
    SLW_TRY(slw_log_prove_inclusion(service->log, request->release, size, &proof.path, detail));
    return slw_tlog_proof_encode(&proof, &service->options.log_signer->key, witnesses,
                                 policy->witnesses_count, ret_bytes, detail);
}

/* "a signature leaves only after a quorum cosigned a checkpoint that contains it" */
static enum slw_status check_signed(struct slw_service *service,
                                    const struct slw_book_request *request,
                                    struct slw_detail *detail)
{
    if (slw_case_state(service, request) != SLW_SIGNER_SIGNED) {
        return slw_explain(detail, SLW_NOT_FOUND, "it isn't signed");
    }
    return SLW_OK;
}

enum slw_status slw_show_blob(struct slw_service *service, const struct slw_book_request *request,
                              enum slw_signer_blob which, struct slw_heap_buffer *ret_bytes,
                              struct slw_detail *detail)
{
    const struct slw_case *work = case_with_content(request);
    switch (which) {
    case SLW_SIGNER_METADATA:
        if (work != NULL) {
            slw_heap_append(ret_bytes, slw_heap_bytes(&work->content.bytes));
            return ret_bytes->status;
        }
        return request->state == SLW_SIGNER_SIGNED
                   ? signed_metadata(service, request, ret_bytes, detail)
                   : slw_explain(detail, SLW_NOT_FOUND, "its metadata aren't at hand");
    case SLW_SIGNER_SIGNATURE:
        SLW_TRY(check_signed(service, request, detail));
        slw_heap_append(ret_bytes, slw_bytes_make(request->sig, sizeof request->sig));
        return ret_bytes->status;
    case SLW_SIGNER_PROOF:
        SLW_TRY(check_signed(service, request, detail));
        if (request->release == SLW_BOOK_NONE) {
            return slw_explain(detail, SLW_NOT_FOUND, "only releases have proofs");
        }
        return proof_make(service, request, ret_bytes, detail);
    }
    return slw_explain(detail, SLW_NOT_FOUND, "there is no such part");
}
