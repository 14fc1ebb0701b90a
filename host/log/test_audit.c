/* SPDX-License-Identifier: Apache-2.0 */
/* Logs for tests of the auditor. See test_audit.h. */
#include "test_audit.h"

#include "slipway/base64.h"
#include "slipway/content_digest.h"
#include "slipway/dsse.h"
#include "slipway/targets_draft.h"
#include "slipway/time_text.h"

#include <inttypes.h>

static struct slw_detail detail;

struct slw_private_key *test_administrator;
struct slw_private_key *test_other_administrator;
struct slw_private_key *test_signing;
struct slw_private_key *test_ada;
struct slw_private_key *test_ben;
struct slw_private_key *test_machine;

const char *test_signing_use = "targets";
const char *test_signing_class = "prod";
unsigned test_approvals = 1;
const uint8_t test_audit_staged[SLW_SHA256_SIZE] = {0x33};

static struct slw_private_key **const keys[] = {&test_administrator, &test_other_administrator,
                                                &test_signing,       &test_ada,
                                                &test_ben,           &test_machine};

bool test_audit_make_keys(void)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (slw_private_key_generate(SLW_KEY_TYPE_P256, keys[i], &detail) != SLW_OK) {
            return false;
        }
    }
    return true;
}

void test_audit_free_keys(void)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        slw_private_key_free(*keys[i]);
    }
}

/* The state of tap.h is each file's own, so what fails here ends the program. */
static void must(bool is_so)
{
    if (!is_so) {
        printf("Bail out! %s\n", detail.text);
        exit(1);
    }
}

void test_audit_record(struct test_log *test, const char *text)
{
    uint64_t index = 0;
    must(slw_log_append_record(test->log, slw_bytes_make(text, strlen(text)), &index, &detail) ==
         SLW_OK);
}

static void append_pem(const struct slw_private_key *key, struct slw_heap_buffer *ret_json)
{
    struct slw_heap_buffer pem = {0};
    must(slw_public_key_format(slw_private_key_public(key), &pem, &detail) == SLW_OK);
    for (size_t i = 0; i < pem.len; i++) {
        slw_heap_append(ret_json,
                        pem.ptr[i] == '\n' ? SLW_BYTES_OF("\\n") : slw_bytes_make(pem.ptr + i, 1));
    }
    slw_heap_free(&pem);
}

void test_audit_hex(struct slw_bytes bytes, struct slw_heap_buffer *ret_json)
{
    for (size_t i = 0; i < bytes.len; i++) {
        slw_heap_printf(ret_json, "%02x", bytes.ptr[i]);
    }
}

void test_audit_administrators(struct test_log *test)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "{\"administrators\":{\"keys\":{\"root\":\"");
    test_audit_hex(slw_bytes_make(slw_private_key_public(test_administrator)->id, SLW_SHA256_SIZE),
                   &text);
    slw_heap_append_text(&text, "\"},\"threshold\":1},\"kind\":\"administrators\","
                                "\"origin\":\"" TEST_AUDIT_ORIGIN "\","
                                "\"time\":\"2026-01-01T00:00:00Z\"}");
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

void test_audit_envelope(struct slw_bytes payload, const struct slw_private_key *signer,
                         const struct slw_private_key *second, struct slw_heap_buffer *ret_text)
{
    struct slw_heap_buffer first = {0};
    struct slw_dsse envelope;
    must(slw_dsse_sign(signer, SLW_DSSE_INTOTO, payload, &first, &detail) == SLW_OK);
    if (second == NULL) {
        slw_heap_append(ret_text, slw_heap_bytes(&first));
    } else {
        must(slw_dsse_parse("first", slw_heap_bytes(&first), &envelope, &detail) == SLW_OK);
        must(slw_dsse_add_by(&envelope, second, ret_text, &detail) == SLW_OK);
        slw_dsse_free(&envelope);
    }
    slw_heap_free(&first);
}

static void append_key(const char *name, const struct slw_private_key *key,
                       struct slw_heap_buffer *ret_json)
{
    slw_heap_printf(ret_json, "%s\"%s\":\"", ret_json->ptr[ret_json->len - 1] == '{' ? "" : ",",
                    name);
    append_pem(key, ret_json);
    slw_heap_append_text(ret_json, "\"");
}

static void append_party(const char *name, const struct slw_private_key *key,
                         struct slw_heap_buffer *ret_json)
{
    slw_heap_printf(ret_json, "%s\"%s\":{\"keys\":[\"",
                    ret_json->ptr[ret_json->len - 1] == '{' ? "" : ",", name);
    append_pem(key, ret_json);
    slw_heap_append_text(ret_json, "\"]}");
}

/* What a use of a production key asks for: two rules of roles, one of which asks nobody. */
static void append_rules(const struct test_audit_policy *policy, struct slw_heap_buffer *ret_json)
{
    char approvals[96];
    (void)snprintf(approvals, sizeof approvals,
                   "\"approvals\":{\"count\":%u,\"people\":[\"ada\"%s]}", test_approvals,
                   policy->lacks_ben ? "" : ",\"ben\"");
    char begin[64];
    (void)snprintf(begin, sizeof begin,
                   "{\"product\":\"lamp\",\"class\":\"%s\",\"use\":", test_signing_class);
    const char *asked = "\"channels\":[\"stable\",\"beta\"],\"requesters\":[\"ada\",\"ci\"],";
    if (strcmp(test_signing_use, "role") == 0) {
        slw_heap_printf(ret_json,
                        "%s\"role\",\"requesters\":[\"ci\"],\"roles\":[\"timestamp\"]},"
                        "%s\"role\",%s\"roles\":[\"lamp-stable\"],%s}",
                        begin, begin, asked, approvals);
    } else if (strcmp(test_signing_use, "root") == 0) {
        slw_heap_printf(ret_json, "%s\"root\",%s%s}", begin, asked, approvals);
    } else {
        slw_heap_printf(
            ret_json,
            "%s\"targets\",%s\"builders\":[{\"machine\":\"ci\",\"id\":\"https://ci.example\","
            "\"build_type\":\"https://ci.example/v1\",\"source\":\"git+https://s.example\"}],"
            "\"build_types\":[\"user\"],\"tests\":[{\"suite\":\"system\",\"machines\":"
            "[\"ci\"]}],\"hours\":{\"days\":[\"sat\",\"sun\"],\"from\":\"00:00\","
            "\"to\":\"24:00\"},%s}",
            begin, asked, approvals);
    }
}

static void format_policy(const struct test_audit_policy *policy, struct slw_heap_buffer *predicate)
{
    slw_heap_printf(predicate,
                    "{\"version\":%u,\"issued\":\"2026-01-01T00:00:00Z\","
                    "\"loosening_delay_s\":%u,\"rules\":[",
                    policy->version, policy->delay_s == 0 ? 86400 : policy->delay_s);
    if (!policy->lacks_ada) {
        append_rules(policy, predicate);
    }
    slw_heap_append_text(predicate, "],\"people\":{");
    if (!policy->lacks_ada) {
        append_party("ada", test_ada, predicate);
        append_party("ben", test_ben, predicate);
    }
    slw_heap_append_text(predicate, "},\"machines\":{");
    append_party("ci", test_machine, predicate);
    slw_heap_printf(predicate, "},\"administrators\":{\"threshold\":%u,\"keys\":{",
                    policy->threshold == 0 ? 1 : policy->threshold);
    if (!policy->lacks_root) {
        append_key("root", test_administrator, predicate);
    }
    if (policy->has_other) {
        append_key("other", test_other_administrator, predicate);
    }
    slw_heap_append_text(predicate, "}},\"keys\":{\"lamp-prod\":{\"key\":\"");
    append_pem(test_signing, predicate);
    slw_heap_printf(predicate, "\",\"class\":\"%s\",\"use\":\"%s\",\"product\":\"lamp\"}}}",
                    test_signing_class, test_signing_use);
}

void test_audit_policy(struct test_log *test, const struct test_audit_policy *policy)
{
    struct slw_heap_buffer predicate = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_heap_buffer text = {0};
    uint8_t subject[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    format_policy(policy, &predicate);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF(TEST_AUDIT_ORIGIN));
    slw_sha256_final(&hash, subject);
    slw_statement_format(SLW_STATEMENT_POLICY, SLW_BYTES_OF(TEST_AUDIT_ORIGIN), subject,
                         slw_heap_bytes(&predicate), &payload);
    test_audit_envelope(slw_heap_bytes(&payload),
                        policy->signers[0] == NULL ? test_administrator : policy->signers[0],
                        policy->signers[1], &envelope);
    slw_heap_printf(&text,
                    "{\"envelope\":%s,\"in_force\":\"%s\",\"kind\":\"policy\","
                    "\"time\":\"%s\",\"version\":%u}",
                    slw_heap_text(&envelope), policy->in_force,
                    policy->time == NULL ? "2026-01-01T00:00:01Z" : policy->time,
                    policy->said_version == 0 ? policy->version : policy->said_version);
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&predicate);
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
    slw_heap_free(&text);
}

static void said_at(struct test_log *test, const char *time, const uint8_t *id, const char *kind,
                    const char *more, const struct slw_heap_buffer *payload,
                    const struct slw_private_key *signer, const struct slw_private_key *second)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer envelope = {0};
    uint8_t own[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(payload));
    slw_sha256_final(&hash, own);
    test_audit_envelope(slw_heap_bytes(payload), signer, second, &envelope);
    slw_heap_printf(&text, "{%s\"kind\":\"%s\",\"time\":\"%s\",\"id\":\"", more, kind, time);
    test_audit_hex(slw_bytes_make(id == NULL ? own : id, sizeof own), &text);
    slw_heap_printf(&text, "\",\"envelope\":%s}", slw_heap_text(&envelope));
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&envelope);
    slw_heap_free(&text);
}

void test_audit_said_as(struct test_log *test, const uint8_t *id, const char *kind,
                        const char *more, const struct slw_heap_buffer *payload,
                        const struct slw_private_key *signer, const struct slw_private_key *second)
{
    said_at(test, TEST_AUDIT_LATER, id, kind, more, payload, signer, second);
}

void test_audit_said(struct test_log *test, const char *kind, const char *more,
                     const struct slw_heap_buffer *payload, const struct slw_private_key *signer,
                     const struct slw_private_key *second)
{
    test_audit_said_as(test, NULL, kind, more, payload, signer, second);
}

/* --- Requests, and what becomes of them --- */

static void sha256_of(struct slw_bytes bytes, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_sha256);
}

static struct slw_bytes text_or(const char *text, const char *usual)
{
    const char *given = text == NULL ? usual : text;
    return slw_bytes_make(given, strlen(given));
}

static int64_t utc_s(const char *text)
{
    int64_t time = 0;
    must(slw_time_parse(text, 0, &time) == SLW_OK);
    return time;
}

void test_audit_metadata(uint32_t version, const char *content,
                         struct test_audit_metadata *ret_metadata)
{
    uint8_t image[SLW_SHA256_SIZE];
    struct slw_targets_draft draft = {
        .spec_version = SLW_BYTES_OF("1.0.34"),
        .role = SLW_BYTES_OF("targets"),
        .version = version,
        .build_type = SLW_BUILD_TYPE_USER,
        .product = SLW_BYTES_OF("lamp"),
    };
    struct slw_target_draft *target = slw_targets_draft_add(&draft);
    must(target != NULL);
    sha256_of(text_or(content, ""), image);
    target->name = SLW_BYTES_OF("app");
    target->length = strlen(content);
    target->sha256 = slw_bytes_make(image, sizeof image);
    memset(&ret_metadata->bytes, 0, sizeof ret_metadata->bytes);
    must(slw_targets_draft_encode(&draft, &ret_metadata->bytes, &detail) == SLW_OK &&
         slw_content_digest(&draft, ret_metadata->content, &detail) == SLW_OK);
    sha256_of(slw_heap_bytes(&ret_metadata->bytes), ret_metadata->sha256);
    slw_targets_draft_free(&draft);
}

/* "WHO":"NAME","KEY":"HEX", */
static void append_who(const char *who, const char *name, const char *key,
                       const struct slw_private_key *id_of, struct slw_heap_buffer *ret_more)
{
    slw_heap_printf(ret_more, "\"%s\":\"%s\",\"%s\":\"", who, name, key);
    test_audit_hex(slw_bytes_make(slw_private_key_public(id_of)->id, SLW_SHA256_SIZE), ret_more);
    slw_heap_append_text(ret_more, "\",");
}

void test_audit_ask(struct test_log *test, const struct test_audit_asking *asking,
                    uint8_t ret_id[static SLW_SHA256_SIZE])
{
    static uint32_t number;
    const char *time = asking->time == NULL ? TEST_AUDIT_LATER : asking->time;
    const struct slw_private_key *key = asking->by_ada ? test_ada : test_machine;
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer more = {0};
    struct slw_request request = {
        .signer = SLW_BYTES_OF(TEST_AUDIT_ORIGIN),
        .key = text_or(asking->key, "lamp-prod"),
        .channel = text_or(asking->channel, "stable"),
        .change = text_or(asking->change, ""),
        .operation = asking->operation == 0 ? SLW_OPERATION_SIGN_TARGETS : asking->operation,
        .issued_utc_s = utc_s(time),
        .expires_utc_s = asking->expires_utc_s == 0 ? utc_s(time) + 86400 : asking->expires_utc_s,
    };
    memcpy(request.staged, test_audit_staged, sizeof request.staged);
    memcpy(request.nonce, asking->nonce, sizeof request.nonce);
    if (request.nonce[0] == 0) {
        number++;
        memcpy(request.nonce + 4, &number, sizeof number);
    }
    must(slw_request_format(&request, &payload, &detail) == SLW_OK);
    sha256_of(slw_heap_bytes(&payload), ret_id);
    append_who("requester", asking->by_ada ? "ada" : "ci", "requester_key", key, &more);
    said_at(test, time, NULL, "request", slw_heap_text(&more), &payload, key, NULL);
    slw_heap_free(&payload);
    slw_heap_free(&more);
}

void test_audit_answer(struct test_log *test, const struct test_audit_answer *answer)
{
    const char *time = answer->time == NULL ? TEST_AUDIT_LATER : answer->time;
    const struct slw_private_key *key = answer->by_ben ? test_ben : test_ada;
    const struct slw_private_key *for_key = answer->other_key ? test_ben : test_signing;
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer more = {0};
    struct slw_approval says = {
        .signer = SLW_BYTES_OF(TEST_AUDIT_ORIGIN),
        .approve = !answer->reject,
        .key_class = answer->key_class == 0 ? SLW_KEY_CLASS_PROD : answer->key_class,
        .channel = text_or(answer->channel, "stable"),
        .policy_version = answer->policy_version == 0 ? 1 : answer->policy_version,
        .issued_utc_s = utc_s(time),
        .expires_utc_s = answer->expires_utc_s == 0 ? utc_s(time) + 86400 : answer->expires_utc_s,
        .reason = text_or(answer->reject ? "no" : NULL, ""),
    };
    memcpy(says.request, answer->request, sizeof says.request);
    memcpy(says.content, answer->content, sizeof says.content);
    memcpy(says.targets_sha256, answer->sha256, sizeof says.targets_sha256);
    memcpy(says.key_id, slw_private_key_public(for_key)->id, sizeof says.key_id);
    must(slw_approval_format(&says, &payload, &detail) == SLW_OK);
    append_who("person", answer->by_ben ? "ben" : "ada", "key", key, &more);
    slw_heap_append_text(&more, "\"request\":\"");
    test_audit_hex(slw_bytes_make(answer->request, SLW_SHA256_SIZE), &more);
    slw_heap_append_text(&more, "\",");
    said_at(test, time, NULL, answer->reject ? "rejection" : "approval", slw_heap_text(&more),
            &payload, key, NULL);
    slw_heap_free(&payload);
    slw_heap_free(&more);
}

static void append_hex(const char *name, const uint8_t *bytes, size_t len,
                       struct slw_heap_buffer *ret_json)
{
    slw_heap_printf(ret_json, ",\"%s\":\"", name);
    test_audit_hex(slw_bytes_make(bytes, len), ret_json);
    slw_heap_append_text(ret_json, "\"");
}

void test_audit_signature(struct test_log *test, const struct test_audit_signature *signature)
{
    const struct slw_private_key *key =
        signature->signer == NULL ? test_signing : signature->signer;
    const char *operation = signature->operation == NULL ? "sign-targets" : signature->operation;
    uint8_t sha256[SLW_SHA256_SIZE];
    uint8_t made[SLW_SIGNATURE_SIZE];
    struct slw_heap_buffer text = {0};
    sha256_of(signature->metadata, sha256);
    must(slw_private_key_sign(key, signature->metadata, made, &detail) == SLW_OK);
    slw_heap_printf(&text, "{%s,\"key\":\"%s\",\"kind\":\"signature\"",
                    signature->scope == NULL ? "\"class\":\"prod\"" : signature->scope,
                    signature->key == NULL ? "lamp-prod" : signature->key);
    append_hex("key_id", slw_private_key_public(key)->id, SLW_SHA256_SIZE, &text);
    append_hex("sha256", signature->sha256 == NULL ? sha256 : signature->sha256, SLW_SHA256_SIZE,
               &text);
    append_hex("signature", made, sizeof made, &text);
    if (signature->request != NULL) {
        append_hex("request", signature->request, SLW_SHA256_SIZE, &text);
    }
    if (!signature->lacks_metadata) {
        slw_heap_append_text(&text, ",\"metadata\":\"");
        slw_base64_encode(signature->shown.len == 0 ? signature->metadata : signature->shown,
                          &text);
        slw_heap_append_text(&text, "\"");
    }
    if (strcmp(operation, "sign-targets") == 0) {
        slw_heap_printf(&text, ",\"leaf\":%llu", (unsigned long long)signature->leaf);
    }
    slw_heap_printf(
        &text, ",\"operation\":\"%s\",\"product\":\"%s\",\"time\":\"%s\",\"version\":%u}",
        operation, signature->product == NULL ? "lamp" : signature->product,
        signature->time == NULL ? TEST_AUDIT_LATER : signature->time, signature->version);
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

void test_audit_commit(struct test_log *test)
{
    must(slw_log_commit(test->log, &detail) == SLW_OK);
}

bool test_audit_setup(struct test_log *test)
{
    if (!test_log_setup(test, NULL)) {
        return false;
    }
    const struct test_audit_policy first = {.version = 1, .in_force = "2026-01-01T00:00:01Z"};
    test_audit_administrators(test);
    test_audit_policy(test, &first);
    test_audit_commit(test);
    return true;
}

struct slw_audit test_auditor(const struct test_log *test)
{
    return (struct slw_audit){.settings = {.log_key = &test->signer.key}};
}

enum slw_status test_audit_all(const struct test_log *test, size_t *ret_findings)
{
    struct slw_audit audit = test_auditor(test);
    struct slw_audit_source source = slw_audit_directory(test->path);
    enum slw_status status = slw_audit_run(&audit, &source, &detail);
    *ret_findings = audit.findings_count;
    slw_audit_free(&audit);
    return status;
}

bool test_audit_finds(struct test_log *test, const char *finding)
{
    struct slw_audit audit = test_auditor(test);
    struct slw_audit_source source = slw_audit_directory(test->path);
    test_audit_commit(test);
    must(slw_audit_run(&audit, &source, &detail) == SLW_OK);
    bool is_so = audit.findings_count == (finding == NULL ? 0 : 1) &&
                 (finding == NULL || strstr(audit.findings[0], finding) != NULL);
    for (size_t i = 0; i < audit.findings_count && i < SLW_AUDIT_FINDINGS_MAX && !is_so; i++) {
        printf("# found: %s\n", audit.findings[i]);
    }
    slw_audit_free(&audit);
    return is_so;
}
