/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each kind of record means: one function a kind. Called for every record that was committed,
 * and for all of them at a start, so what a record doesn't say isn't known. A record that can't be
 * read is a damaged log, whoever wrote it.
 */
#include "book_parts.h"

#include "slipway/base64.h"

#include <stdlib.h>

static enum slw_status damaged(const char *what, struct slw_detail *detail)
{
    return slw_explain(detail, SLW_LOG_DAMAGED, "a record of the log: %s", what);
}

static bool statement_note(struct slw_book *book, const uint8_t *id)
{
    uint8_t *copy = malloc(SLW_SHA256_SIZE);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, id, SLW_SHA256_SIZE);
    if (!slw_id_map_put(&book->statements, copy, copy)) {
        free(copy);
        return false;
    }
    return true;
}

enum slw_status slw_book_statement_done(struct slw_book *book, const struct slw_record_view *view,
                                        struct slw_detail *detail)
{
    uint8_t id[SLW_SHA256_SIZE];
    SLW_TRY(slw_record_get_hex(view, "id", id, sizeof id, detail));
    return slw_book_has_statement(book, id) || statement_note(book, id)
               ? SLW_OK
               : slw_explain_no_memory(detail);
}

enum slw_status slw_book_envelope_read(const struct slw_record_view *view,
                                       struct slw_heap_buffer *ret_payload,
                                       struct slw_statement *ret_statement,
                                       struct slw_detail *detail)
{
    struct slw_dsse envelope;
    SLW_TRY(slw_dsse_parse("record", slw_record_get_json(view, "envelope"), &envelope, detail));
    struct slw_heap_buffer payload = {0};
    slw_heap_append(&payload, envelope.payload);
    enum slw_status status = payload.status;
    slw_dsse_free(&envelope);
    if (status == SLW_OK) {
        status = slw_statement_parse("record", slw_heap_bytes(&payload), ret_statement, detail);
    }
    if (status != SLW_OK) {
        slw_heap_drop(&payload);
        return status;
    }
    *ret_payload = payload;
    return SLW_OK;
}

/* --- administrators, start, takeover --- */

static enum slw_status apply_administrators(struct slw_book *book, uint64_t index,
                                            const struct slw_record_view *view,
                                            struct slw_detail *detail)
{
    struct slw_bytes origin = slw_record_get_text(view, "origin");
    if (index != 0 ||
        !slw_bytes_equal(origin, slw_bytes_make(book->origin, strlen(book->origin)))) {
        return damaged("administrators of another log, or not its first entry", detail);
    }
    slw_heap_append(&book->administrators, slw_record_get_json(view, "administrators"));
    return book->administrators.status;
}

static enum slw_status apply_start(struct slw_book *book, uint64_t index,
                                   const struct slw_record_view *view, struct slw_detail *detail)
{
    uint64_t epoch;
    SLW_TRY(slw_record_get_uint(view, "epoch", &epoch, detail));
    SLW_TRY(slw_record_get_hex(view, "instance", book->instance, sizeof book->instance, detail));
    if (epoch != book->epoch) {
        return damaged("a start in another epoch", detail);
    }
    book->has_instance = true;
    book->started = index;
    return SLW_OK;
}

static enum slw_policy_use use_named(struct slw_bytes kind)
{
    static const enum slw_policy_use uses[] = {SLW_POLICY_USE_TARGETS, SLW_POLICY_USE_ROOT,
                                               SLW_POLICY_USE_ROLE};
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        const char *name = slw_policy_use_name(uses[i]);
        if (slw_bytes_equal(kind, slw_bytes_make(name, strlen(name)))) {
            return uses[i];
        }
    }
    return 0;
}

/* Marks only rise: a statement that names a lower version than the log does changes nothing. */
static enum slw_status mark_raise(struct slw_book *book, const struct slw_mark *told,
                                  struct slw_detail *detail)
{
    char name[SLW_BOOK_MARK_NAME_MAX + 1];
    enum slw_policy_use use = use_named(told->kind);
    if (use == 0 || told->name.len > SLW_BOOK_MARK_NAME_MAX) {
        return SLW_OK; /* of a kind that nothing here is signed by */
    }
    memcpy(name, told->name.ptr, told->name.len);
    name[told->name.len] = '\0';
    struct slw_book_mark *mark = slw_book_mark(book, use, name, true);
    if (mark == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (told->version > mark->version) {
        mark->version = told->version;
        mark->has_content = false;
    }
    return SLW_OK;
}

static enum slw_status apply_takeover(struct slw_book *book, const struct slw_record_view *view,
                                      struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    struct slw_statement statement;
    struct slw_takeover takeover;
    SLW_TRY(slw_book_envelope_read(view, &payload, &statement, detail));
    enum slw_status status = slw_takeover_read(&statement, &takeover, detail);
    if (status == SLW_OK) {
        for (size_t i = 0; i < takeover.marks_count && status == SLW_OK; i++) {
            status = mark_raise(book, &takeover.marks[i], detail);
        }
        book->epoch = takeover.epoch;
        slw_takeover_free(&takeover);
    }
    slw_statement_free(&statement);
    slw_heap_drop(&payload);
    SLW_TRY(status);
    SLW_TRY(slw_record_get_hex(view, "instance", book->instance, sizeof book->instance, detail));
    book->has_instance = true;
    return slw_book_statement_done(book, view, detail);
}

/* --- policy --- */

/* In canonical form both, for the order of names isn't told. */
static bool administrators_are_same(const struct slw_heap_buffer *left,
                                    const struct slw_heap_buffer *right)
{
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {0};
    struct slw_detail ignored;
    if (slw_json_parse("administrators", slw_heap_bytes(left), &json, &ignored) != SLW_OK) {
        return false;
    }
    bool same =
        slw_bytes_equal(slw_json_canonical(&json, SLW_JSON_TOP, &scratch), slw_heap_bytes(right)) &&
        scratch.status == SLW_OK;
    slw_heap_drop(&scratch);
    slw_json_document_free(&json);
    return same;
}

/* The first policy is one by the administrators of entry 0; each other one by those before it. */
static enum slw_status policy_open(struct slw_book *book, const struct slw_book_policy *former,
                                   struct slw_bytes envelope, struct slw_policy **ret_policy,
                                   struct slw_detail *detail)
{
    struct slw_bytes origin = slw_bytes_make(book->origin, strlen(book->origin));
    SLW_TRY(slw_policy_open(envelope, origin, former == NULL ? NULL : former->policy, ret_policy,
                            detail));
    struct slw_heap_buffer json = {0};
    slw_book_administrators(*ret_policy, &json);
    bool same = administrators_are_same(&json, &book->administrators);
    slw_heap_drop(&json);
    if (former == NULL && !same) {
        slw_policy_free(*ret_policy);
        return damaged("the first policy isn't that of the administrators", detail);
    }
    return SLW_OK;
}

static enum slw_status policy_add(struct slw_book *book, struct slw_policy *policy,
                                  int64_t in_force_utc_s, struct slw_detail *detail)
{
    struct slw_book_policy **grown = NULL;
    if (book->policies_count < SLW_BOOK_POLICIES_MAX) {
        grown =
            slw_heap_grow(book->policies, book->policies_count, sizeof(struct slw_book_policy *));
    }
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    book->policies = grown;
    struct slw_book_policy *added = calloc(1, sizeof *added);
    if (added == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = slw_policy_statement_keys(policy, &added->keys, &added->keys_count);
    if (status != SLW_OK) {
        free(added);
        return status;
    }
    added->policy = policy;
    added->in_force_utc_s = in_force_utc_s;
    book->policies[book->policies_count++] = added;
    return SLW_OK;
}

static enum slw_status apply_policy(struct slw_book *book, const struct slw_record_view *view,
                                    struct slw_detail *detail)
{
    int64_t in_force_utc_s;
    struct slw_policy *policy = NULL;
    SLW_TRY(slw_record_get_time(view, "in_force", &in_force_utc_s, detail));
    /* Whoever was in force when this was logged vouches for it. */
    const struct slw_book_policy *former = slw_book_policy_at(book, view->time_utc_s);
    SLW_TRY(policy_open(book, former, slw_record_get_json(view, "envelope"), &policy, detail));
    enum slw_status status = policy_add(book, policy, in_force_utc_s, detail);
    if (status != SLW_OK) {
        slw_policy_free(policy);
        return status;
    }
    book->former = former == NULL ? slw_book_policy_newest(book) : former;
    return slw_book_statement_done(book, view, detail);
}

/* --- stage, request, approval --- */

/* What is known of a digest; NULL: no memory. */
static struct slw_book_stage *stage_of(struct slw_book *book, const uint8_t *sha256)
{
    struct slw_book_stage *kept = slw_id_map_get(&book->stages, sha256);
    if (kept != NULL) {
        return kept;
    }
    kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    memcpy(kept->sha256, sha256, sizeof kept->sha256);
    if (!slw_id_map_put(&book->stages, kept->sha256, kept)) {
        free(kept);
        return NULL;
    }
    return kept;
}

static enum slw_status apply_stage(struct slw_book *book, const struct slw_record_view *view,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    struct slw_statement statement;
    struct slw_stage stage;
    struct slw_bytes who = slw_record_get_text(view, "who");
    if (who.len > SLW_POLICY_NAME_SIZE_MAX) {
        return damaged("staged by a name that no policy can have", detail);
    }
    SLW_TRY(slw_book_envelope_read(view, &payload, &statement, detail));
    enum slw_status status = slw_stage_read(&statement, &stage, detail);
    struct slw_book_stage *kept = status == SLW_OK ? stage_of(book, stage.sha256) : NULL;
    if (status == SLW_OK &&
        (kept == NULL || !slw_claims_put(&kept->claims, who, stage.length, view->time_utc_s))) {
        status = slw_explain_no_memory(detail);
    }
    slw_statement_free(&statement);
    slw_heap_drop(&payload);
    SLW_TRY(status);
    return slw_book_statement_done(book, view, detail);
}

static bool request_list(struct slw_book *book, struct slw_book_request *request)
{
    struct slw_book_request **grown = NULL;
    if (book->list_count < SLW_BOOK_REQUESTS_MAX) {
        grown = slw_heap_grow(book->list, book->list_count, sizeof(struct slw_book_request *));
    }
    if (grown == NULL) {
        return false;
    }
    book->list = grown;
    if (!slw_id_map_put(&book->requests, request->id, request)) {
        return false;
    }
    request->place = book->list_count;
    book->list[book->list_count++] = request;
    return true;
}

static bool copy_name(struct slw_bytes name, char ret_name[static SLW_POLICY_NAME_SIZE_MAX + 1])
{
    if (name.len == 0 || name.len > SLW_POLICY_NAME_SIZE_MAX) {
        return false;
    }
    memcpy(ret_name, name.ptr, name.len);
    ret_name[name.len] = '\0';
    return true;
}

static enum slw_status request_fill(struct slw_book_request *request,
                                    const struct slw_record_view *view, struct slw_detail *detail)
{
    SLW_TRY(slw_record_get_hex(view, "requester_key", request->requester_id,
                               sizeof request->requester_id, detail));
    if (!copy_name(slw_record_get_text(view, "requester"), request->requester)) {
        return damaged("a requester without a name", detail);
    }
    SLW_TRY(slw_book_envelope_read(view, &request->payload, &request->statement, detail));
    SLW_TRY(slw_request_read(&request->statement, &request->request, detail));
    memcpy(request->id, request->statement.id, sizeof request->id);
    return SLW_OK;
}

static void request_drop(struct slw_book_request *request)
{
    slw_statement_free(&request->statement);
    slw_heap_drop(&request->payload);
    free(request);
}

static enum slw_status apply_request(struct slw_book *book, uint64_t index,
                                     const struct slw_record_view *view, struct slw_detail *detail)
{
    struct slw_book_request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        return slw_explain_no_memory(detail);
    }
    request->state = SLW_SIGNER_RECEIVED;
    request->record = index;
    request->received_utc_s = view->time_utc_s;
    request->release = SLW_BOOK_NONE;
    request->signature = SLW_BOOK_NONE;
    enum slw_status status = request_fill(request, view, detail);
    if (status == SLW_OK && slw_book_request_find(book, request->id) != NULL) {
        status = damaged("a request twice", detail);
    }
    if (status == SLW_OK && !request_list(book, request)) {
        status = slw_explain_no_memory(detail);
    }
    if (status != SLW_OK) {
        request_drop(request);
    }
    return status;
}

static enum slw_status request_of(struct slw_book *book, const struct slw_record_view *view,
                                  struct slw_book_request **ret_request, struct slw_detail *detail)
{
    uint8_t id[SLW_SHA256_SIZE];
    SLW_TRY(slw_record_get_hex(view, "request", id, sizeof id, detail));
    *ret_request = slw_book_request_find(book, id);
    return *ret_request == NULL ? damaged("of a request that isn't there", detail) : SLW_OK;
}

static enum slw_status approval_read(const struct slw_record_view *view,
                                     struct slw_book_approval *approval, struct slw_detail *detail)
{
    SLW_TRY(
        slw_record_get_hex(view, "key", approval->signer_id, sizeof approval->signer_id, detail));
    if (!copy_name(slw_record_get_text(view, "person"), approval->person)) {
        return damaged("an approver without a name", detail);
    }
    SLW_TRY(slw_book_envelope_read(view, &approval->payload, &approval->statement, detail));
    enum slw_status status = slw_approval_read(&approval->statement, &approval->says, detail);
    if (status != SLW_OK) {
        slw_statement_free(&approval->statement);
        slw_heap_drop(&approval->payload);
    }
    return status;
}

static enum slw_status apply_approval(struct slw_book *book, const struct slw_record_view *view,
                                      struct slw_detail *detail)
{
    struct slw_book_request *request;
    SLW_TRY(request_of(book, view, &request, detail));
    struct slw_book_approval **grown =
        request->approvals_count >= SLW_POLICY_APPROVALS_MAX
            ? NULL
            : slw_heap_grow(request->approvals, request->approvals_count,
                            sizeof(struct slw_book_approval *));
    request->approvals = grown == NULL ? request->approvals : grown;
    struct slw_book_approval *approval = grown == NULL ? NULL : calloc(1, sizeof *approval);
    if (approval == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = approval_read(view, approval, detail);
    if (status != SLW_OK) {
        free(approval);
        return status;
    }
    request->approvals[request->approvals_count++] = approval;
    uint8_t id[SLW_SHA256_SIZE];
    slw_book_approval_id(approval->statement.id, approval->signer_id, id);
    return statement_note(book, id) ? SLW_OK : slw_explain_no_memory(detail);
}

/* --- refusal, expiry, signature --- */

static enum slw_status apply_refusal(struct slw_book *book, const struct slw_record_view *view,
                                     struct slw_detail *detail)
{
    if (slw_record_get_text(view, "request").len == 0) {
        return SLW_OK; /* of a statement that never had an effect */
    }
    struct slw_book_request *request;
    SLW_TRY(request_of(book, view, &request, detail));
    struct slw_bytes text = slw_record_get_text(view, "detail");
    struct slw_bytes word = slw_record_get_text(view, "reason");
    char reason[SLW_SIGNER_REASON_SIZE_MAX + 1] = "";
    memcpy(reason, word.ptr, word.len < sizeof reason ? word.len : sizeof reason - 1);
    request->state = SLW_SIGNER_REFUSED;
    request->reason = slw_status_from_word(reason);
    free(request->detail);
    request->detail = strndup(text.len == 0 ? "" : (const char *)text.ptr, text.len);
    return request->detail == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

static enum slw_status apply_expiry(struct slw_book *book, const struct slw_record_view *view,
                                    struct slw_detail *detail)
{
    struct slw_book_request *request;
    SLW_TRY(request_of(book, view, &request, detail));
    request->state = SLW_SIGNER_EXPIRED;
    return SLW_OK;
}

static enum slw_key_class class_named(struct slw_bytes name)
{
    static const enum slw_key_class classes[] = {SLW_KEY_CLASS_DEV, SLW_KEY_CLASS_TEST,
                                                 SLW_KEY_CLASS_PROD};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        const char *known = slw_policy_class_name(classes[i]);
        if (slw_bytes_equal(name, slw_bytes_make(known, strlen(known)))) {
            return classes[i];
        }
    }
    return SLW_KEY_CLASS_NONE;
}

/* Metadata that are small are kept, for the next release is compared with them. What can't be kept
 * is read from the log then. */
static void mark_keep_metadata(struct slw_book_mark *mark, struct slw_bytes base64)
{
    slw_heap_drop(&mark->metadata);
    if (base64.len <= SLW_BOOK_METADATA_MAX / 3 * 4 &&
        slw_base64_decode(base64, &mark->metadata) != SLW_OK) {
        slw_heap_drop(&mark->metadata);
    }
}

static enum slw_status signature_mark(struct slw_book *book, uint64_t index,
                                      const struct slw_record_view *view,
                                      const struct slw_book_request *request,
                                      struct slw_detail *detail)
{
    char name[SLW_BOOK_MARK_NAME_MAX + 1];
    uint64_t version = request->version;
    struct slw_bytes text = slw_record_get_text(view, "mark");
    if (text.len == 0 || text.len > SLW_BOOK_MARK_NAME_MAX) {
        return damaged("a signature without a mark", detail);
    }
    memcpy(name, text.ptr, text.len);
    name[text.len] = '\0';
    struct slw_book_mark *mark =
        slw_book_mark(book, slw_policy_use_for(request->request.operation), name, true);
    if (mark == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (version >= mark->version) {
        mark->version = version;
        mark->has_content = true;
        mark->record = index;
        memcpy(mark->sha256, request->signed_sha256, sizeof mark->sha256);
        mark_keep_metadata(mark, slw_record_get_text(view, "metadata"));
    }
    if (mark->reserved_version <= version) {
        mark->reserved_version = 0;
    }
    return SLW_OK;
}

static enum slw_status signature_rate(struct slw_book *book, const struct slw_record_view *view,
                                      const struct slw_book_request *request,
                                      struct slw_detail *detail)
{
    const struct slw_policy_signing_key key = {
        .product = slw_record_get_text(view, "product"),
        .key_class = class_named(slw_record_get_text(view, "class")),
        .use = slw_policy_use_for(request->request.operation),
    };
    struct slw_book_rate *rate = slw_book_rate(book, &key, true);
    return rate != NULL && slw_book_rate_add(rate, view->time_utc_s)
               ? SLW_OK
               : slw_explain_no_memory(detail);
}

static enum slw_status apply_signature(struct slw_book *book, uint64_t index,
                                       const struct slw_record_view *view,
                                       struct slw_detail *detail)
{
    struct slw_book_request *request;
    SLW_TRY(request_of(book, view, &request, detail));
    SLW_TRY(slw_record_get_hex(view, "sha256", request->signed_sha256,
                               sizeof request->signed_sha256, detail));
    SLW_TRY(slw_record_get_hex(view, "signature", request->sig, sizeof request->sig, detail));
    SLW_TRY(slw_record_get_hex(view, "key_id", request->key_id, sizeof request->key_id, detail));
    if (request->request.operation == SLW_OPERATION_SIGN_TARGETS) {
        SLW_TRY(slw_record_get_uint(view, "leaf", &request->release, detail));
    }
    SLW_TRY(slw_record_get_uint(view, "version", &request->version, detail));
    request->key_class = class_named(slw_record_get_text(view, "class"));
    if (!copy_name(slw_record_get_text(view, "product"), request->product)) {
        return damaged("a signature for no product", detail);
    }
    SLW_TRY(signature_mark(book, index, view, request, detail));
    SLW_TRY(signature_rate(book, view, request, detail));
    request->state = SLW_SIGNER_SIGNED;
    request->signature = index;
    request->signed_utc_s = view->time_utc_s;
    return SLW_OK;
}

/* --- all --- */

static enum slw_status apply_view(struct slw_book *book, uint64_t index,
                                  const struct slw_record_view *view, struct slw_detail *detail)
{
    switch (view->kind) {
    case SLW_RECORD_ADMINISTRATORS:
        return apply_administrators(book, index, view, detail);
    case SLW_RECORD_START:
        return apply_start(book, index, view, detail);
    case SLW_RECORD_STAGE:
        return apply_stage(book, view, detail);
    case SLW_RECORD_REQUEST:
        return apply_request(book, index, view, detail);
    case SLW_RECORD_REFUSAL:
        return apply_refusal(book, view, detail);
    case SLW_RECORD_APPROVAL:
    case SLW_RECORD_REJECTION:
        return apply_approval(book, view, detail);
    case SLW_RECORD_SIGNATURE:
        return apply_signature(book, index, view, detail);
    case SLW_RECORD_POLICY:
        return apply_policy(book, view, detail);
    case SLW_RECORD_TAKEOVER:
        return apply_takeover(book, view, detail);
    case SLW_RECORD_CEREMONY:
        return slw_book_statement_done(book, view, detail);
    case SLW_RECORD_EXPIRY:
        return apply_expiry(book, view, detail);
    case SLW_RECORD_TUF_ROOT:
        return slw_book_apply_root(book, view, detail);
    case SLW_RECORD_TRUSTED_ROOT:
        return slw_book_apply_trusted_root(book, view, detail);
    }
    return damaged("of an unknown kind", detail);
}

enum slw_status slw_book_apply(struct slw_book *book, uint64_t index, struct slw_bytes text,
                               struct slw_detail *detail)
{
    struct slw_record_view view;
    SLW_TRY(slw_record_parse(text, &view, detail));
    enum slw_status status = SLW_OK;
    if (view.time_utc_s < book->time_utc_s) {
        status = damaged("its time is below that of the one before", detail);
    } else if ((index == 0) != (view.kind == SLW_RECORD_ADMINISTRATORS)) {
        status = damaged("the administrators are entry 0, and only that", detail);
    }
    if (status == SLW_OK) {
        status = apply_view(book, index, &view, detail);
    }
    if (status == SLW_OK) {
        book->time_utc_s = view.time_utc_s;
    }
    slw_record_view_free(&view);
    return status;
}
