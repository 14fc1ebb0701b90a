/* SPDX-License-Identifier: Apache-2.0 */
/* What a runner says to the depot (spec/DEPOT.md, sections 4 and 5.1). See part.h. */
#include "part.h"

#include "slipway/explain.h"
#include "slipway/json.h"
#include "slipway/text.h"

#include <stdio.h>

#define ANSWER_MAX 65536u
#define BUNDLE_MAX 0x40000000u
#define ATTEMPTS 2u
#define ID_MAX ((int64_t)1 << 53)

enum slw_status runner_client_new(const struct slw_runner_settings *settings,
                                  struct slw_http_client **ret_client, struct slw_detail *detail)
{
    const struct slw_http_client_settings wanted = {
        .url = settings->depot,
        .ca_file = settings->ca,
        .token_file = settings->token_file,
        .allows_plain = true,
        .attempts = ATTEMPTS,
    };
    return slw_http_client_new(&wanted, ret_client, detail);
}

/* Runs a call, and wants an answer of 2xx. */
static enum slw_status run(struct slw_http_client *client, struct slw_http_call *call,
                           struct slw_detail *detail)
{
    call->limit = call->limit == 0 ? ANSWER_MAX : call->limit;
    SLW_TRY(slw_http_call_run(client, call, detail));
    return call->http_status >= 200 && call->http_status <= 299
               ? SLW_OK
               : slw_http_call_refusal(client, call, detail);
}

static enum slw_status post(struct slw_http_client *client, const char *path,
                            const struct slw_heap_buffer *body, struct slw_http_call *call,
                            struct slw_detail *detail)
{
    if (body->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    call->method = "POST";
    call->path = path;
    call->body = slw_heap_bytes(body);
    call->has_body = true;
    return run(client, call, detail);
}

/* --- Reading a job --- */

struct answer {
    struct slw_json_document json;
    uint32_t job;
    struct slw_detail *detail;
};

static uint32_t member(const struct answer *answer, uint32_t of, const char *name)
{
    return slw_json_member(&answer->json, of, slw_text_bytes(name));
}

static enum slw_status refuse(const struct answer *answer, const char *name)
{
    return slw_explain(answer->detail, SLW_MALFORMED, "the depot's job: %s makes no sense", name);
}

/* Printable, without what a shell, a path or an option could be made of. */
static bool is_plain(struct slw_bytes text, const char *beside)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = (char)text.ptr[i];
        bool letter = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                      (byte >= 'A' && byte <= 'Z');
        if (!letter && (byte == '\0' || strchr(beside, byte) == NULL)) {
            return false;
        }
    }
    return text.len > 0 && text.ptr[0] != '-' && text.ptr[0] != '.';
}

static bool is_hex(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool digit = (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
                     (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');
        if (!digit) {
            return false;
        }
    }
    return true;
}

static enum slw_status take_text(const struct answer *answer, uint32_t of, const char *name,
                                 bool may_be_absent, size_t size, char *ret_text)
{
    uint32_t value = member(answer, of, name);
    struct slw_bytes text = slw_json_string(&answer->json, value);
    if (value == SLW_JSON_NONE && may_be_absent) {
        ret_text[0] = '\0';
        return SLW_OK;
    }
    if (text.len == 0 || text.len >= size || memchr(text.ptr, '\0', text.len) != NULL) {
        return refuse(answer, name);
    }
    slw_text_copy(text, size, ret_text);
    return SLW_OK;
}

static enum slw_status take_number(const struct answer *answer, const char *name,
                                   bool may_be_absent, int64_t *ret_number)
{
    uint32_t value = member(answer, answer->job, name);
    int64_t number = 0;
    if (value == SLW_JSON_NONE && may_be_absent) {
        *ret_number = 0;
        return SLW_OK;
    }
    if (!slw_json_integer(&answer->json, value, &number) || number < 1 || number >= ID_MAX) {
        return refuse(answer, name);
    }
    *ret_number = number;
    return SLW_OK;
}

/* What goes into the environment of programs and into statements has to be what it should be. */
static enum slw_status check(const struct answer *answer, const struct runner_lease *lease)
{
    struct slw_bytes build = slw_text_bytes(lease->build);
    struct slw_bytes commit = slw_text_bytes(lease->commit);
    struct slw_bytes ref = slw_text_bytes(lease->ref);
    if (!is_plain(slw_text_bytes(lease->product), "_.-") ||
        !is_plain(slw_text_bytes(lease->job), "_.-")) {
        return refuse(answer, "a name");
    }
    if (!is_hex(build) || (build.len != 0 && build.len != (size_t)2 * SLW_SHA256_SIZE) ||
        (build.len == 0 && lease->kind == SLW_RUNNER_TEST)) {
        return refuse(answer, "build");
    }
    if (!is_hex(commit) || (commit.len != 0 && commit.len != 40 && commit.len != 64)) {
        return refuse(answer, "commit");
    }
    return ref.len == 0 || (is_plain(ref, "_.-/+@#=,%") && strstr(lease->ref, "..") == NULL)
               ? SLW_OK
               : refuse(answer, "ref");
}

static enum slw_status read_job(const struct answer *answer, struct runner_lease *lease)
{
    char kind[8];
    SLW_TRY(take_number(answer, "id", false, &lease->id));
    SLW_TRY(take_number(answer, "attempt", false, &lease->attempt));
    SLW_TRY(take_number(answer, "timeout_s", true, &lease->timeout_s));
    SLW_TRY(
        take_text(answer, answer->job, "product", false, sizeof lease->product, lease->product));
    SLW_TRY(take_text(answer, answer->job, "job", false, sizeof lease->job, lease->job));
    SLW_TRY(take_text(answer, answer->job, "kind", false, sizeof kind, kind));
    SLW_TRY(take_text(answer, answer->job, "build", true, sizeof lease->build, lease->build));
    SLW_TRY(take_text(answer, answer->job, "ref", true, sizeof lease->ref, lease->ref));
    SLW_TRY(take_text(answer, answer->job, "commit", true, sizeof lease->commit, lease->commit));
    SLW_TRY(take_text(answer, SLW_JSON_TOP, "lease", false, sizeof lease->secret, lease->secret));
    lease->kind = strcmp(kind, "build") == 0 ? SLW_RUNNER_BUILD : SLW_RUNNER_TEST;
    if (lease->kind == SLW_RUNNER_TEST && strcmp(kind, "test") != 0) {
        return refuse(answer, "kind");
    }
    return check(answer, lease);
}

enum slw_status runner_lease_read(struct slw_bytes text, struct runner_lease *ret_lease,
                                  struct slw_detail *detail)
{
    struct answer answer = {.detail = detail};
    struct runner_lease lease = {.id = 0};
    SLW_TRY(slw_json_parse("the depot's job", text, &answer.json, detail));
    answer.job = member(&answer, SLW_JSON_TOP, "job");
    enum slw_status status = read_job(&answer, &lease);
    slw_json_document_free(&answer.json);
    if (status == SLW_OK) {
        *ret_lease = lease;
    }
    return status;
}

/* --- Leasing --- */

static void put_words(struct slw_json *json, const char *name, const struct slw_runner_words *words)
{
    slw_json_begin_array(json, name);
    for (size_t i = 0; i < words->count; i++) {
        slw_json_text(json, NULL, words->words[i]);
    }
    slw_json_end_array(json);
}

static bool same_words(const struct slw_runner_words *left, const struct slw_runner_words *right)
{
    bool same = left->count == right->count;
    for (size_t i = 0; same && i < left->count; i++) {
        same = strcmp(left->words[i], right->words[i]) == 0;
    }
    return same;
}

static void put_wish(struct slw_heap_buffer *body, const struct slw_runner_settings *settings,
                     size_t index, int wait_s)
{
    const struct slw_runner_words *products = &settings->jobs[index].products;
    struct slw_json json;
    slw_json_init(&json, body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "runner", settings->name);
    put_words(&json, "products", products->count > 0 ? products : &settings->products);
    slw_json_begin_array(&json, "jobs");
    for (size_t i = 0; i < settings->jobs_count; i++) {
        if (same_words(&settings->jobs[i].products, products)) {
            slw_json_text(&json, NULL, settings->jobs[i].name);
        }
    }
    slw_json_end_array(&json);
    put_words(&json, "labels", &settings->labels);
    slw_json_int(&json, "wait_s", wait_s);
    slw_json_end_object(&json);
}

enum slw_status runner_lease(struct slw_http_client *client,
                             const struct slw_runner_settings *settings, size_t index, int wait_s,
                             bool (*given_up)(void *context), void *context,
                             struct runner_lease *ret_lease, bool *ret_got,
                             struct slw_detail *detail)
{
    struct slw_heap_buffer body = {0};
    struct slw_http_call call = {.once = true, .given_up = given_up, .given_up_context = context};
    put_wish(&body, settings, index, wait_s);
    enum slw_status status = post(client, "/api/v1/jobs/lease", &body, &call, detail);
    *ret_got = status == SLW_OK && call.http_status == 200;
    if (*ret_got) {
        status = runner_lease_read(slw_heap_bytes(&call.answer), ret_lease, detail);
    }
    *ret_got = *ret_got && status == SLW_OK;
    slw_heap_free(&call.answer);
    slw_heap_drop(&body);
    return status;
}

/* --- While it is leased --- */

static void begin_path(const struct runner_lease *lease, const char *verb,
                       struct slw_heap_buffer *path)
{
    slw_heap_printf(path, "/api/v1/products/%s/jobs/%lld/%s", lease->product, (long long)lease->id,
                    verb);
}

static enum slw_status say(struct slw_http_client *client, const struct runner_lease *lease,
                           const char *verb, struct slw_heap_buffer *body,
                           struct slw_http_call *call, struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    begin_path(lease, verb, &path);
    enum slw_status status = post(client, slw_heap_text(&path), body, call, detail);
    slw_heap_drop(&path);
    slw_heap_free(body);
    return status;
}

enum slw_status runner_heartbeat(struct slw_http_client *client, const struct runner_lease *lease,
                                 const char *note, bool *ret_cancelled, struct slw_detail *detail)
{
    struct slw_heap_buffer body = {0};
    struct slw_http_call call = {.once = true};
    struct slw_json json;
    struct slw_json_document answer;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "lease", lease->secret);
    if (note[0] != '\0') {
        slw_json_text(&json, "note", note);
    }
    slw_json_end_object(&json);
    enum slw_status status = say(client, lease, "heartbeat", &body, &call, detail);
    if (status == SLW_OK) {
        status = slw_json_parse("heartbeat", slw_heap_bytes(&call.answer), &answer, detail);
        status = status == SLW_MALFORMED ? SLW_UNAVAILABLE : status; /* isn't a depot */
    }
    if (status == SLW_OK) {
        uint32_t value = slw_json_member(&answer, SLW_JSON_TOP, SLW_BYTES_OF("cancelled"));
        *ret_cancelled = slw_json_kind(&answer, value) == SLW_JSON_TRUE;
        slw_json_document_free(&answer);
    }
    slw_heap_drop(&call.answer);
    return status;
}

enum slw_status runner_finish(struct slw_http_client *client, const struct runner_lease *lease,
                              enum slw_runner_outcome outcome, const char *why,
                              struct slw_detail *detail)
{
    struct slw_heap_buffer body = {0};
    struct slw_http_call call = {.method = "POST"};
    struct slw_json json;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "lease", lease->secret);
    slw_json_text(&json, "outcome", slw_runner_outcome_word(outcome));
    if (why[0] != '\0') {
        slw_json_text(&json, "detail", why);
    }
    slw_json_end_object(&json);
    enum slw_status status = say(client, lease, "finish", &body, &call, detail);
    slw_heap_drop(&call.answer);
    return status;
}

enum slw_status runner_download(struct slw_http_client *client, const struct runner_lease *lease,
                                const char *path, struct slw_detail *detail)
{
    struct slw_heap_buffer from = {0};
    struct slw_output output;
    SLW_TRY(slw_output_open(path, SLW_OUTPUT_REPLACE, &output, detail));
    struct slw_http_call call = {
        .method = "GET", .once = true, .save = &output, .limit = BUNDLE_MAX};
    slw_heap_printf(&from, "/api/v1/products/%s/builds/%s/bundle", lease->product, lease->build);
    call.path = slw_heap_text(&from);
    enum slw_status status = run(client, &call, detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    slw_heap_drop(&call.answer);
    slw_heap_drop(&from);
    return status;
}

/* --- What is left of it --- */

static enum slw_status hash_source(const struct slw_source *source, struct slw_heap_buffer *ret_hex,
                                   struct slw_detail *detail)
{
    static uint8_t block[SLW_FILE_BLOCK_SIZE]; /* the main thread's alone */
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    struct slw_reader reader;
    slw_reader_init(&reader, source, block, sizeof block);
    slw_sha256_init(&hash);
    while (slw_reader_left(&reader) > 0) {
        slw_sha256_update(&hash, slw_reader_take(&reader, sizeof block));
    }
    if (reader.status != SLW_OK) {
        return slw_explain(detail, reader.status, "what a job left can't be read");
    }
    slw_sha256_final(&hash, digest);
    slw_hex(slw_bytes_make(digest, sizeof digest), ret_hex);
    return SLW_OK;
}

static enum slw_status describe(struct slw_http_client *client, const struct runner_lease *lease,
                                const char *kind, const char *name, const char *build,
                                struct slw_bytes blob, struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer body = {0};
    struct slw_http_call call = {.method = "POST"};
    struct slw_json json;
    slw_heap_printf(&path, "/api/v1/products/%s/artifacts", lease->product);
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "kind", kind);
    slw_json_bytes(&json, "blob", blob);
    slw_json_int(&json, "job", lease->id);
    if (build[0] != '\0') {
        slw_json_text(&json, "build", build);
    }
    if (name[0] != '\0') {
        slw_json_text(&json, "name", name);
    }
    slw_json_end_object(&json);
    enum slw_status status = post(client, slw_heap_text(&path), &body, &call, detail);
    slw_heap_drop(&call.answer);
    slw_heap_drop(&body);
    slw_heap_drop(&path);
    return status;
}

enum slw_status runner_upload(struct slw_http_client *client, const struct runner_lease *lease,
                              const char *kind, const char *name, const char *build,
                              const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_heap_buffer sha256 = {0};
    struct slw_heap_buffer path = {0};
    enum slw_status status = hash_source(source, &sha256, detail);
    slw_heap_printf(&path, "/api/v1/blobs/%s", slw_heap_text(&sha256));
    if (status == SLW_OK && (path.status != SLW_OK || sha256.status != SLW_OK)) {
        status = slw_explain_no_memory(detail);
    }
    if (status == SLW_OK) {
        status = slw_http_upload(client, slw_heap_text(&path), source, true, NULL, detail);
    }
    if (status == SLW_OK) {
        status = describe(client, lease, kind, name, build, slw_heap_bytes(&sha256), detail);
    }
    slw_heap_drop(&path);
    slw_heap_drop(&sha256);
    return status;
}
