/* SPDX-License-Identifier: Apache-2.0 */
/* Logs for tests of the auditor. See test_audit.h. */
#include "test_audit.h"

#include "slipway/dsse.h"
#include "slipway/statement.h"

#include <inttypes.h>

static struct slw_detail detail;

struct slw_private_key *test_administrator;
struct slw_private_key *test_other_administrator;
struct slw_private_key *test_signing;
struct slw_private_key *test_ada;

const char *test_signing_use = "targets";

static struct slw_private_key **const keys[] = {&test_administrator, &test_other_administrator,
                                                &test_signing, &test_ada};

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

static void format_policy(const struct test_audit_policy *policy, struct slw_heap_buffer *predicate)
{
    slw_heap_printf(predicate,
                    "{\"version\":%u,\"issued\":\"2026-01-01T00:00:00Z\",\"rules\":[],"
                    "\"loosening_delay_s\":%u,\"people\":{",
                    policy->version, policy->delay_s == 0 ? 86400 : policy->delay_s);
    if (!policy->lacks_ada) {
        slw_heap_append_text(predicate, "\"ada\":{\"keys\":[\"");
        append_pem(test_ada, predicate);
        slw_heap_append_text(predicate, "\"]}");
    }
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
    slw_heap_printf(predicate, "\",\"class\":\"prod\",\"use\":\"%s\",\"product\":\"lamp\"}}}",
                    test_signing_use);
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

void test_audit_said_as(struct test_log *test, const uint8_t *id, const char *kind,
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
    slw_heap_printf(&text, "{%s\"kind\":\"%s\",\"time\":\"" TEST_AUDIT_LATER "\",\"id\":\"", more,
                    kind);
    test_audit_hex(slw_bytes_make(id == NULL ? own : id, sizeof own), &text);
    slw_heap_printf(&text, "\",\"envelope\":%s}", slw_heap_text(&envelope));
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&envelope);
    slw_heap_free(&text);
}

void test_audit_said(struct test_log *test, const char *kind, const char *more,
                     const struct slw_heap_buffer *payload, const struct slw_private_key *signer,
                     const struct slw_private_key *second)
{
    test_audit_said_as(test, NULL, kind, more, payload, signer, second);
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
