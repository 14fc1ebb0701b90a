/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the signing service for a release's signature. Both statements are kept in the row before
 * either is sent, so that whoever goes on, after whatever crash, asks for the same. What comes back
 * counts when it verifies by the key that the settings name: not by what the service says.
 */
#include "part.h"

#include "slipway/bundle_release.h"
#include "slipway/signed_draft.h"
#include "slipway/text.h"

#include <stdio.h>
#include <time.h>

#define VALID_S (7 * 24 * 3600)
#define POLL_S 1
#define MESSAGE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)

static struct release_step step_of(int64_t token, const struct release *release)
{
    return (struct release_step){
        .lease = RELEASES_SIGNING_LEASE, .token = token, .release = release};
}

/* --- The question --- */

enum slw_status releases_ask(struct depot *depot, int64_t token, struct releases_service *service,
                             const struct release *release, struct slw_detail *detail)
{
    struct slw_signer_asked asked;
    struct slw_blob bundle;
    char name[200];
    char id[DEPOT_DIGEST_SIZE];
    uint8_t sha256[SLW_SHA256_SIZE];
    if (!depot_digest_parse(slw_text_bytes(release->prepared), sha256)) {
        return slw_explain(detail, SLW_STORED_STATE, "the release has no bundle");
    }
    SLW_TRY(slw_blob_open(depot->blobs, sha256, &bundle, detail));
    (void)snprintf(name, sizeof name, "%s %lld", release->product, (long long)release->version);
    int64_t now_s = (int64_t)time(NULL);
    struct slw_signer_ask ask = {
        .name = slw_text_bytes(name),
        .signer = slw_text_bytes(service->log.name),
        .key = slw_text_bytes(release->key_name),
        .channel = slw_text_bytes(release->channel),
        .operation = SLW_OPERATION_SIGN_TARGETS,
        .length = bundle.source.size,
        .now_utc_s = now_s,
        .expires_utc_s = now_s + VALID_S,
        .requester = service->requester,
    };
    memcpy(ask.sha256, sha256, sizeof ask.sha256);
    slw_blob_close(&bundle);
    SLW_TRY(slw_signer_ask_make(&ask, &asked, detail));
    struct release_step step = step_of(token, release);
    step.to = "signing";
    step.set = "request = $8, asked_stage = $9, asked_request = $10, is_sent = 0";
    step.values[0] = slw_sql_text(slw_text_bytes(depot_digest_format(asked.id, id)));
    step.values[1] = slw_sql_text(slw_heap_bytes(&asked.stage));
    step.values[2] = slw_sql_text(slw_heap_bytes(&asked.request));
    step.values_count = 3;
    enum slw_status status = releases_step(depot, &step, detail);
    slw_signer_asked_free(&asked);
    return status;
}

/* --- Sending it --- */

struct loading {
    const struct release *release;
    struct slw_signer_asked asked;
};

static enum slw_status load(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct loading *loading = context;
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(loading->release->product)),
                                           slw_sql_int(loading->release->version)};
    struct slw_rows *rows = NULL;
    slw_signer_asked_free(&loading->asked);
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT asked_stage, asked_request FROM releases WHERE product = $1 AND "
                          "version = $2",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        slw_heap_append(&loading->asked.stage, slw_rows_bytes(rows, 0));
        slw_heap_append(&loading->asked.request, slw_rows_bytes(rows, 1));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return loading->asked.request.len > 0 && loading->asked.request.status == SLW_OK &&
                   loading->asked.stage.status == SLW_OK
               ? SLW_OK
               : slw_explain(detail, SLW_STORED_STATE, "the release's request isn't there");
}

static enum slw_status send(struct depot *depot, struct releases_service *service,
                            const struct release *release, struct slw_detail *detail)
{
    struct loading loading = {.release = release};
    struct slw_signer_receipt receipt;
    struct slw_blob bundle;
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ, load, &loading, detail);
    if (status == SLW_OK &&
        !depot_digest_parse(slw_text_bytes(release->prepared), loading.asked.sha256)) {
        status = slw_explain(detail, SLW_STORED_STATE, "the release has no bundle");
    }
    if (status == SLW_OK) {
        status = slw_blob_open(depot->blobs, loading.asked.sha256, &bundle, detail);
    }
    if (status == SLW_OK) {
        status = slw_signer_ask_send(service->client, &loading.asked, &bundle.source, NULL,
                                     &receipt, detail);
        slw_blob_close(&bundle);
    }
    slw_signer_asked_free(&loading.asked);
    return status;
}

/* --- The answer --- */

struct signed_bundle {
    struct slw_blob prepared;
    struct slw_bundle_index index;
    struct slw_public_key key;
    struct slw_heap_buffer message, signature, proof;
};

static enum slw_status write_signed(void *context, struct slw_output *output,
                                    struct slw_detail *detail)
{
    struct signed_bundle *bundle = context;
    return slw_bundle_write_signed(&bundle->index, bundle->key.id, bundle->signature.ptr,
                                   slw_heap_bytes(&bundle->proof), output, detail);
}

static enum slw_status verify(struct signed_bundle *bundle, const struct releases_service *service,
                              struct slw_detail *detail)
{
    struct slw_signed_draft message;
    SLW_TRY(slw_bundle_index_read("bundle", &bundle->prepared.source, &bundle->index, detail));
    SLW_TRY(slw_source_load("bundle", &bundle->prepared.source, bundle->index.targets, MESSAGE_MAX,
                            &bundle->message, detail));
    SLW_TRY(slw_signed_draft_parse("bundle", slw_heap_bytes(&bundle->message), &message, detail));
    return slw_signer_result_verify(message.serialized, &bundle->key,
                                    slw_heap_bytes(&bundle->signature),
                                    slw_heap_bytes(&bundle->proof), &service->transparency, detail);
}

static enum slw_status take(struct depot *depot, int64_t token, struct releases_service *service,
                            const struct release *release, struct signed_bundle *bundle,
                            struct slw_detail *detail)
{
    uint8_t id[SLW_SHA256_SIZE];
    uint64_t size = 0;
    char digest[DEPOT_DIGEST_SIZE];
    struct release_step step = step_of(token, release);
    if (!depot_digest_parse(slw_text_bytes(release->request), id)) {
        return slw_explain(detail, SLW_STORED_STATE, "the release has no request");
    }
    SLW_TRY(releases_service_key(depot->settings, release->key_name, &bundle->key, detail));
    SLW_TRY(slw_signer_ask_fetch(service->client, id, true, &bundle->signature, &bundle->proof,
                                 detail));
    SLW_TRY(verify(bundle, service, detail));
    SLW_TRY(releases_spool_put(depot, write_signed, bundle, step.sha256, &size, detail));
    /* A drill goes on by itself; others wait for their stage. */
    step.to = strcmp(release->kind, "drill") == 0 ? "publishing" : "signed";
    step.set = "blob = $8, size = $9, asked_stage = '', asked_request = ''";
    step.values[0] = slw_sql_text(slw_text_bytes(depot_digest_format(step.sha256, digest)));
    step.values[1] = slw_sql_int((int64_t)size);
    step.values_count = 2;
    step.keeps = true;
    step.size = size;
    return releases_step(depot, &step, detail);
}

static enum slw_status take_signed(struct depot *depot, int64_t token,
                                   struct releases_service *service, const struct release *release,
                                   struct slw_detail *detail)
{
    struct signed_bundle bundle = {.message = {0}};
    uint8_t sha256[SLW_SHA256_SIZE];
    if (!depot_digest_parse(slw_text_bytes(release->prepared), sha256)) {
        return slw_explain(detail, SLW_STORED_STATE, "the release has no bundle");
    }
    SLW_TRY(slw_blob_open(depot->blobs, sha256, &bundle.prepared, detail));
    enum slw_status status = take(depot, token, service, release, &bundle, detail);
    slw_bundle_index_free(&bundle.index);
    slw_heap_drop(&bundle.message);
    slw_heap_drop(&bundle.signature);
    slw_heap_drop(&bundle.proof);
    slw_blob_close(&bundle.prepared);
    return status;
}

/* Why it waits, or why it was refused, in the service's own words. */
static void describe(const struct slw_json_document *json, enum slw_signer_state state,
                     struct slw_heap_buffer *text)
{
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk =
        slw_json_walk_begin(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("waiting_for")));
    if (state == SLW_SIGNER_REFUSED) {
        slw_heap_append(text, slw_json_string(json, slw_json_member(json, SLW_JSON_TOP,
                                                                    SLW_BYTES_OF("reason"))));
        slw_heap_append_text(text, ": ");
        slw_heap_append(text, slw_json_string(json, slw_json_member(json, SLW_JSON_TOP,
                                                                    SLW_BYTES_OF("detail"))));
        return;
    }
    for (bool first = true; slw_json_walk_element(&walk, &element); first = false) {
        slw_heap_append_text(text, first ? "waits for: " : "; ");
        slw_heap_append(text, slw_json_string(json, element));
    }
}

static enum slw_status note_state(struct depot *depot, int64_t token, const struct release *release,
                                  enum slw_signer_state state, const char *why,
                                  struct slw_detail *detail)
{
    struct release_step step = step_of(token, release);
    step.reason = why;
    step.retry_s = POLL_S;
    step.set = "is_sent = 1";
    if (state == SLW_SIGNER_REFUSED) {
        step.to = "refused";
    } else if (state == SLW_SIGNER_EXPIRED) {
        step.to = "prepared"; /* nobody decided in time: it is asked for anew */
        step.set = "request = '', asked_stage = '', asked_request = '', is_sent = 0";
        step.reason = "nobody decided about the request before it expired";
    }
    return releases_step(depot, &step, detail);
}

static enum slw_status read_answer(const struct slw_heap_buffer *answer,
                                   enum slw_signer_state *ret_state, struct slw_heap_buffer *why,
                                   struct slw_detail *detail)
{
    struct slw_json_document json;
    SLW_TRY(slw_json_parse("request", slw_heap_bytes(answer), &json, detail));
    bool known = slw_signer_state_find(
        slw_json_string(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("state"))),
        ret_state);
    if (known) {
        describe(&json, *ret_state, why);
    }
    slw_json_document_free(&json);
    return known ? SLW_OK
                 : slw_explain(detail, SLW_UNAVAILABLE, "the service gives the request no state");
}

enum slw_status releases_follow(struct depot *depot, int64_t token,
                                struct releases_service *service, const struct release *release,
                                struct slw_detail *detail)
{
    uint8_t id[SLW_SHA256_SIZE];
    struct slw_heap_buffer answer = {0};
    struct slw_heap_buffer why = {0};
    enum slw_signer_state state = SLW_SIGNER_WAITING;
    if (!depot_digest_parse(slw_text_bytes(release->request), id)) {
        return slw_explain(detail, SLW_STORED_STATE, "the release has no request");
    }
    if (!release->is_sent) {
        SLW_TRY(send(depot, service, release, detail));
    }
    enum slw_status status = slw_signer_client_show(service->client, id, &answer, detail);
    if (status == SLW_OK) {
        status = read_answer(&answer, &state, &why, detail);
    }
    if (status == SLW_OK) {
        status = state == SLW_SIGNER_SIGNED
                     ? take_signed(depot, token, service, release, detail)
                     : note_state(depot, token, release, state, slw_heap_text(&why), detail);
    }
    slw_heap_drop(&answer);
    slw_heap_drop(&why);
    return status;
}
