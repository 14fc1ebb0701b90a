/* SPDX-License-Identifier: Apache-2.0 */
/* The fixtures of test_policy.h. */
#include "test_policy.h"

#include "slipway/base64.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_LEN 32u

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* PKCS#8 of an Ed25519 key whose seed is the name. */
struct slw_private_key *test_private_key(const char *name)
{
    static const uint8_t head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                   0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    uint8_t der[sizeof head + 32] = {0};
    struct slw_heap_buffer pem = {0};
    struct slw_private_key *key = NULL;
    struct slw_detail detail = {""};
    size_t len = strlen(name) < 32 ? strlen(name) : 32;
    memcpy(der, head, sizeof head);
    for (size_t i = 0; i < len; i++) {
        der[sizeof head + i] = (uint8_t)name[i];
    }
    slw_heap_append_text(&pem, "-----BEGIN PRIVATE KEY-----\n");
    slw_base64_encode(slw_bytes_make(der, sizeof der), &pem);
    slw_heap_append_text(&pem, "\n-----END PRIVATE KEY-----\n");
    if (slw_private_key_parse("test key", slw_heap_bytes(&pem), slw_bytes_make(NULL, 0), &key,
                              &detail) != SLW_OK) {
        fprintf(stderr, "%s\n", detail.text);
        key = NULL;
    }
    slw_heap_free(&pem);
    return key;
}

static struct slw_public_key public_key(const char *name)
{
    struct slw_public_key result = {0};
    struct slw_private_key *key = test_private_key(name);
    if (key != NULL) {
        result = *slw_private_key_public(key);
    }
    slw_private_key_free(key);
    return result;
}

void test_key_id(const char *name, uint8_t ret_id[static SLW_SHA256_SIZE])
{
    struct slw_public_key key = public_key(name);
    memcpy(ret_id, key.id, SLW_SHA256_SIZE);
}

static void append_u32(struct slw_heap_buffer *blob, size_t value)
{
    uint8_t bytes[4] = {0, 0, (uint8_t)(value >> 8), (uint8_t)value};
    slw_heap_append(blob, slw_bytes_make(bytes, sizeof bytes));
}

static void append_ssh_line(const char *name, struct slw_heap_buffer *ret_line)
{
    struct slw_public_key key = public_key(name);
    struct slw_heap_buffer blob = {0};
    append_u32(&blob, 11);
    slw_heap_append_text(&blob, "ssh-ed25519");
    append_u32(&blob, key.value_len);
    slw_heap_append(&blob, slw_bytes_make(key.value, key.value_len));
    slw_heap_append_text(ret_line, "ssh-ed25519 ");
    slw_base64_encode(slw_heap_bytes(&blob), ret_line);
    slw_heap_free(&blob);
}

void test_ssh_key_id(const char *name, uint8_t ret_id[static SLW_SHA256_SIZE])
{
    struct slw_heap_buffer line = {0};
    struct slw_statement_key key;
    struct slw_detail detail;
    append_ssh_line(name, &line);
    memset(ret_id, 0, SLW_SHA256_SIZE);
    if (slw_statement_key_parse("test key", slw_heap_bytes(&line), &key, &detail) == SLW_OK) {
        memcpy(ret_id, key.id, SLW_SHA256_SIZE);
    }
    slw_heap_free(&line);
}

static void append_pem(const char *name, struct slw_heap_buffer *ret_text)
{
    struct slw_public_key key = public_key(name);
    struct slw_heap_buffer pem = {0};
    struct slw_detail detail;
    if (slw_public_key_format(&key, &pem, &detail) != SLW_OK) {
        slw_heap_append_text(ret_text, "no key");
    }
    for (size_t i = 0; i < pem.len; i++) {
        if (pem.ptr[i] == '\n') {
            slw_heap_append_text(ret_text, "\\n");
        } else {
            slw_heap_append(ret_text, slw_bytes_make(pem.ptr + i, 1));
        }
    }
    slw_heap_free(&pem);
}

static void append_witness(const char *name, struct slw_heap_buffer *ret_text)
{
    struct slw_public_key key = public_key(name);
    struct slw_note_key note;
    struct slw_detail detail;
    if (slw_note_key_make(bytes_of(name), SLW_NOTE_COSIGNATURE, key.value, &note, &detail) ==
        SLW_OK) {
        slw_note_key_format(&note, ret_text);
    }
}

static void append_key(const char *name, struct slw_heap_buffer *ret_text)
{
    if (strncmp(name, "ssh:", 4) == 0) {
        append_ssh_line(name + 4, ret_text);
    } else if (strncmp(name, "witness:", 8) == 0) {
        append_witness(name + 8, ret_text);
    } else {
        append_pem(name, ret_text);
    }
}

void test_expand(const char *template, struct slw_heap_buffer *ret_text)
{
    for (;;) {
        const char *begin = strchr(template, '@');
        const char *end = begin == NULL ? NULL : strchr(begin + 1, '@');
        if (end == NULL || end - begin > (ptrdiff_t)NAME_MAX_LEN) {
            slw_heap_append_text(ret_text, template);
            return;
        }
        char name[NAME_MAX_LEN + 1] = {0};
        memcpy(name, begin + 1, (size_t)(end - begin - 1));
        slw_heap_append(ret_text, slw_bytes_make(template, (size_t)(begin - template)));
        append_key(name, ret_text);
        template = end + 1;
    }
}

bool test_edit(const char *text, const char *from, const char *to, struct slw_heap_buffer *ret_text)
{
    const char *at = strstr(text, from);
    if (at == NULL) {
        return false;
    }
    slw_heap_append(ret_text, slw_bytes_make(text, (size_t)(at - text)));
    slw_heap_append_text(ret_text, to);
    slw_heap_append_text(ret_text, at + strlen(from));
    return true;
}

const char test_policy[] =
    "{\"version\":7,\"issued\":\"2026-09-01T00:00:00Z\",\n"
    " \"administrators\":{\"threshold\":2,\"keys\":{\"anna\":\"@anna@\",\"bert\":\"@bert@\","
    "\"ada\":\"@ada@\"}},\n"
    " \"people\":{\"ada\":{\"keys\":[\"@ada@\",\"@ssh:ada2@\"]},\"ben\":{\"keys\":[\"@ben@\"]},"
    "\"eve\":{\"keys\":[\"@ssh:eve@\"]},\"dan\":{\"keys\":[\"@dan@\"]}},\n"
    " \"machines\":{\"ci\":{\"keys\":[\"@ci@\"]},\"lab\":{\"keys\":[\"@lab@\",\"@lab2@\"]},"
    "\"robot\":{\"keys\":[\"@robot@\"]}},\n"
    " \"witnesses\":{\"quorum\":1,\"list\":[{\"name\":\"w1\",\"key\":\"@witness:w1@\","
    "\"url\":\"https://w1.example/\"},{\"name\":\"w2\",\"key\":\"@witness:w2@\","
    "\"url\":\"https://w2.example/\"}]},\n"
    " \"loosening_delay_s\":3600,\n"
    " \"keys\":{\n"
    "  \"lamp-prod\":{\"key\":\"@lamp-prod@\",\"class\":\"prod\",\"use\":\"targets\","
    "\"product\":\"lamp\"},\n"
    "  \"lamp-test\":{\"key\":\"@lamp-test@\",\"class\":\"test\",\"use\":\"targets\","
    "\"product\":\"lamp\"},\n"
    "  \"pro-prod\":{\"key\":\"@pro-prod@\",\"class\":\"prod\",\"use\":\"targets\","
    "\"product\":\"lamp-pro\"},\n"
    "  \"lamp-root\":{\"key\":\"@lamp-root@\",\"class\":\"prod\",\"use\":\"root\","
    "\"product\":\"lamp\"},\n"
    "  \"lamp-role\":{\"key\":\"@lamp-role@\",\"class\":\"prod\",\"use\":\"role\","
    "\"product\":\"lamp\"}},\n"
    " \"rules\":[\n"
    "  {\"product\":\"lamp\",\"class\":\"prod\",\"use\":\"targets\","
    "\"channels\":[\"stable\",\"beta\"],\"requesters\":[\"ada\",\"robot\"],\n"
    "   \"builders\":[{\"machine\":\"ci\",\"id\":\"https://ci.example/prod\","
    "\"build_type\":\"https://ci.example/cmake/v1\",\"source\":\"git+https://src.example/lamp\","
    "\"parameters\":{\"preset\":\"release\",\"lto\":\"on\"}}],\n"
    "   \"build_types\":[\"user\"],"
    "\"tests\":[{\"suite\":\"system\",\"machines\":[\"lab\"]}],\n"
    "   \"approvals\":{\"count\":2,\"people\":[\"ada\",\"ben\",\"eve\"]},\n"
    "   \"hours\":{\"days\":[\"mon\",\"tue\",\"fri\"],\"from\":\"08:00\",\"to\":\"17:00\"},"
    "\"rate\":{\"count\":2,\"per_s\":3600},\n"
    "   \"content\":{\"names\":[\"app\",\"boot*\"],\"hardware\":[\"rev-a\"],\"slots\":[\"app\"],"
    "\"elf\":\"stripped\",\"forbidden\":[{\"name\":\"dev key\",\"hex\":\"00ff00ff\"},"
    "{\"name\":\"marker\",\"text\":\"DEBUG BUILD\"}],\"growth_percent\":25,"
    "\"size_max\":8388608},\n"
    "   \"validators\":[{\"program\":\"/usr/lib/check\",\"arguments\":[\"-x\"],"
    "\"timeout_s\":60}]},\n"
    "  {\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\",\"requesters\":[\"ci\","
    "\"dan\"]},\n"
    "  {\"product\":\"lamp\",\"class\":\"prod\",\"use\":\"root\",\"requesters\":[\"ada\"],"
    "\"approvals\":{\"count\":1,\"people\":[\"ada\",\"ben\"]}},\n"
    "  {\"product\":\"lamp\",\"class\":\"prod\",\"use\":\"role\",\"roles\":[\"lamp-stable\"],"
    "\"channels\":[\"stable\"],\"requesters\":[\"robot\"],"
    "\"approvals\":{\"count\":1,\"people\":[\"ben\"]}},\n"
    "  {\"product\":\"lamp\",\"class\":\"prod\",\"use\":\"role\",\"roles\":[\"timestamp\","
    "\"snapshot\"],\"requesters\":[\"robot\"]}\n"
    " ]}\n";

enum slw_status test_parse(const char *from, const char *to, struct slw_policy **ret_policy,
                           struct slw_detail *detail)
{
    struct slw_heap_buffer edited = {0};
    struct slw_heap_buffer text = {0};
    enum slw_status status = SLW_NOT_FOUND;
    (void)slw_explain(detail, SLW_NOT_FOUND, "the edit doesn't fit the policy");
    if (from == NULL) {
        slw_heap_append_text(&edited, test_policy);
    }
    if (from == NULL || test_edit(test_policy, from, to, &edited)) {
        test_expand(slw_heap_text(&edited), &text);
        status = slw_policy_parse("policy.json", slw_heap_bytes(&text), ret_policy, detail);
    }
    slw_heap_free(&edited);
    slw_heap_free(&text);
    return status;
}

static void fill(uint8_t *digest, uint8_t byte)
{
    memset(digest, byte, SLW_SHA256_SIZE);
}

static void init_approval(struct slw_approval *approval, const struct slw_policy_facts *facts)
{
    *approval = (struct slw_approval){
        .signer = facts->signer,
        .approve = true,
        .key_class = SLW_KEY_CLASS_PROD,
        .channel = facts->channel,
        .policy_version = 7,
        .issued_utc_s = TEST_NOW - 60,
        .expires_utc_s = TEST_NOW + 3600,
    };
    memcpy(approval->content, facts->content_digest, SLW_SHA256_SIZE);
    memcpy(approval->request, facts->request_id, SLW_SHA256_SIZE);
    memcpy(approval->targets_sha256, facts->targets_sha256, SLW_SHA256_SIZE);
    test_key_id("lamp-prod", approval->key_id);
}

static void init_facts(struct slw_policy_facts *facts)
{
    *facts = (struct slw_policy_facts){
        .operation = SLW_POLICY_USE_TARGETS,
        .key = SLW_BYTES_OF("lamp-prod"),
        .channel = SLW_BYTES_OF("stable"),
        .issued_utc_s = TEST_NOW - 120,
        .expires_utc_s = TEST_NOW + 3600,
        .product = SLW_BYTES_OF("lamp"),
        .root_class = SLW_KEY_CLASS_PROD,
        .build_type = SLW_BUILD_TYPE_USER,
        .signer = SLW_BYTES_OF("signer.example/lamp"),
        .key_in_token = true,
        .now_utc_s = TEST_NOW,
        .time_mark_utc_s = TEST_NOW - 10,
        .judged = SLW_POLICY_JUDGED_GOOD,
    };
    test_key_id("robot", facts->requester_id);
    fill(facts->request_id, 1);
    fill(facts->content_digest, 2);
    fill(facts->targets_sha256, 3);
}

static void init_provenance(struct slw_provenance *says)
{
    *says = (struct slw_provenance){
        .builder_id = SLW_BYTES_OF("https://ci.example/prod"),
        .build_type = SLW_BYTES_OF("https://ci.example/cmake/v1"),
        .source = SLW_BYTES_OF("git+https://src.example/lamp"),
        .parameters_count = 2,
    };
    says->parameters[0] =
        (struct slw_provenance_parameter){SLW_BYTES_OF("lto"), true, SLW_BYTES_OF("on")};
    says->parameters[1] =
        (struct slw_provenance_parameter){SLW_BYTES_OF("preset"), true, SLW_BYTES_OF("release")};
    fill(says->content, 2);
}

void test_request_init(struct test_request *request)
{
    memset(request, 0, sizeof *request);
    init_facts(&request->facts);
    init_provenance(&request->provenance);
    request->result =
        (struct slw_test_result){.outcome = SLW_TEST_PASSED, .suite = SLW_BYTES_OF("system")};
    fill(request->result.content, 2);
    init_approval(&request->ada, &request->facts);
    init_approval(&request->ben, &request->facts);
    test_key_id("ci", request->endorsements[0].signer_id);
    request->endorsements[0].says = &request->provenance;
    test_key_id("lab", request->results[0].signer_id);
    request->results[0].says = &request->result;
    test_key_id("ada", request->approvals[0].signer_id);
    request->approvals[0].says = &request->ada;
    test_key_id("ben", request->approvals[1].signer_id);
    request->approvals[1].says = &request->ben;
    request->facts.endorsements = request->endorsements;
    request->facts.endorsements_count = 1;
    request->facts.results = request->results;
    request->facts.results_count = 1;
    request->facts.approvals = request->approvals;
    request->facts.approvals_count = 2;
}
