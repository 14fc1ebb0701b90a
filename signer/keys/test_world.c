/* SPDX-License-Identifier: Apache-2.0 */
/* Who there is in the tests of the service, and what they write: see test_signer.h. */
#include "test_signer.h"

#include "slipway/content_digest.h"
#include "slipway/endorsements.h"
#include "slipway/json.h"
#include "slipway/provenance.h"
#include "slipway/root_draft.h"
#include "slipway/signed_draft.h"
#include "slipway/time_text.h"

#include <stdio.h>
#include <stdlib.h>

const struct slw_private_key *test_key(enum test_party party)
{
    static struct slw_private_key *keys[TEST_PARTIES];
    struct slw_detail detail;
    bool notes = party == TEST_LOG || (party >= TEST_WITNESS1 && party <= TEST_WITNESS3);
    if (keys[party] == NULL &&
        slw_private_key_generate(notes ? SLW_KEY_TYPE_ED25519 : SLW_KEY_TYPE_P256, &keys[party],
                                 &detail) != SLW_OK) {
        abort();
    }
    return keys[party];
}

const char *test_pem(enum test_party party)
{
    static char texts[TEST_PARTIES][1024];
    struct slw_heap_buffer pem = {0};
    struct slw_heap_buffer json = {0};
    struct slw_json writer;
    struct slw_detail detail;
    if (slw_public_key_format(slw_private_key_public(test_key(party)), &pem, &detail) != SLW_OK) {
        abort();
    }
    slw_json_init(&writer, &json);
    slw_json_bytes(&writer, NULL, slw_heap_bytes(&pem));
    (void)snprintf(texts[party], sizeof texts[party], "%s", slw_heap_text(&json));
    slw_heap_free(&pem);
    slw_heap_free(&json);
    return texts[party];
}

/* --- Policy --- */

static void put_witnesses(const struct test_policy *policy, struct slw_heap_buffer *text)
{
    if (policy->quorum == 0) {
        return;
    }
    slw_heap_printf(text, "\"witnesses\":{\"quorum\":%u,\"list\":[", policy->quorum);
    for (unsigned i = 0; i < 3; i++) {
        struct slw_note_key key;
        struct slw_detail detail;
        struct slw_heap_buffer vkey = {0};
        char name[32];
        (void)snprintf(name, sizeof name, "witness%u.example", i + 1);
        const struct slw_public_key *public_key =
            slw_private_key_public(test_key((enum test_party)(TEST_WITNESS1 + i)));
        if (slw_note_key_make(slw_bytes_make(name, strlen(name)), SLW_NOTE_COSIGNATURE,
                              public_key->value, &key, &detail) != SLW_OK) {
            abort();
        }
        slw_note_key_format(&key, &vkey);
        slw_heap_printf(text, "%s{\"name\":\"%s\",\"key\":\"%s\",\"url\":\"https://%s\"}",
                        i == 0 ? "" : ",", name, slw_heap_text(&vkey), name);
        slw_heap_free(&vkey);
    }
    slw_heap_append_text(text, "]},");
}

static void put_rules(const struct test_policy *policy, struct slw_heap_buffer *text)
{
    static const char *const built =
        "\"builders\":[{\"machine\":\"ci\",\"id\":\"https://ci.example/lamp\",\"build_type\":"
        "\"https://ci.example/type\",\"source\":\"git+https://git.example/lamp\",\"parameters\":"
        "{\"profile\":\"release\"}}],\"build_types\":[\"user\"],"
        "\"tests\":[{\"suite\":\"system\",\"machines\":[\"lab\"]}]";
    slw_heap_printf(
        text,
        "\"rules\":[{\"product\":\"lamp\",\"class\":\"prod\",\"use\":\"targets\","
        "\"channels\":[\"stable\"],\"requesters\":[\"ada\",\"ci\"],%s,\"approvals\":%s%s},",
        built,
        policy->prod_approvals == NULL ? "{\"count\":2,\"people\":[\"ada\",\"ben\",\"eve\"]}"
                                       : policy->prod_approvals,
        policy->prod_more == NULL ? "" : policy->prod_more);
    slw_heap_printf(
        text,
        "{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\",\"requesters\":"
        "[\"ada\",\"ci\"]%s},{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"root\","
        "\"requesters\":[\"ada\"]},{\"product\":\"lamp\",\"class\":\"prod\",\"use\":\"role\","
        "\"roles\":[\"lamp-stable\"],\"channels\":[\"stable\"],\"requesters\":[\"ada\"],"
        "\"approvals\":{\"count\":1,\"people\":[\"ada\",\"ben\"]}},{\"product\":\"lamp\","
        "\"class\":\"prod\",\"use\":\"role\",\"roles\":[\"timestamp\",\"snapshot\"],"
        "\"requesters\":[\"ada\"]}%s]",
        policy->test_more == NULL ? "" : policy->test_more,
        policy->rules_more == NULL ? "" : policy->rules_more);
}

void test_policy_text(const struct test_policy *policy, struct slw_heap_buffer *ret_text)
{
    char issued[SLW_TIME_TEXT_SIZE];
    slw_heap_printf(
        ret_text,
        "{\"version\":%u,\"issued\":\"%s\",\"administrators\":{\"threshold\":2,"
        "\"keys\":{\"one\":%s,\"two\":%s}},",
        policy->version == 0 ? 1 : policy->version,
        slw_time_format(policy->issued == 0 ? TEST_START - 1000 : policy->issued, issued),
        test_pem(TEST_ADMIN1), test_pem(policy->admins_differ ? TEST_ADMIN3 : TEST_ADMIN2));
    if (policy->people != NULL) {
        slw_heap_printf(ret_text, "\"people\":%s,", policy->people);
    } else {
        slw_heap_printf(ret_text,
                        "\"people\":{\"ada\":{\"keys\":[%s,%s]},\"ben\":{\"keys\":[%s]},"
                        "\"eve\":{\"keys\":[%s]}},",
                        test_pem(TEST_ADA), test_pem(TEST_ADA_SECOND), test_pem(TEST_BEN),
                        test_pem(TEST_EVE));
    }
    if (policy->machines != NULL) {
        slw_heap_printf(ret_text, "\"machines\":%s,", policy->machines);
    } else {
        slw_heap_printf(ret_text, "\"machines\":{\"ci\":{\"keys\":[%s]},\"lab\":{\"keys\":[%s]}},",
                        test_pem(TEST_CI), test_pem(TEST_LAB));
    }
    put_witnesses(policy, ret_text);
    slw_heap_printf(ret_text, "\"loosening_delay_s\":%u,",
                    policy->delay_s == 0 ? 3600 : policy->delay_s);
    slw_heap_printf(
        ret_text,
        "\"keys\":{\"lamp-prod\":{\"key\":%s,\"class\":\"prod\",\"use\":\"targets\",\"product\":"
        "\"lamp\"},\"lamp-test\":{\"key\":%s,\"class\":\"test\",\"use\":\"targets\",\"product\":"
        "\"lamp\"},\"lamp-root\":{\"key\":%s,\"class\":\"test\",\"use\":\"root\",\"product\":"
        "\"lamp\"},\"lamp-role\":{\"key\":%s,\"class\":\"prod\",\"use\":\"role\",\"product\":"
        "\"lamp\"}"
        "%s},",
        test_pem(policy->other_prod_key ? TEST_OTHER : TEST_KEY_PROD), test_pem(TEST_KEY_TEST),
        test_pem(TEST_KEY_ROOT), test_pem(TEST_KEY_ROLE),
        policy->keys_more == NULL ? "" : policy->keys_more);
    put_rules(policy, ret_text);
    slw_heap_append_text(ret_text, "}");
}

void test_policy_envelope(const struct test_policy *policy, const int *administrators,
                          struct slw_heap_buffer *ret_envelope)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_detail detail = {""};
    struct slw_policy *parsed = NULL;
    test_policy_text(policy, &text);
    if (slw_policy_parse("policy", slw_heap_bytes(&text), &parsed, &detail) != SLW_OK ||
        slw_policy_statement(parsed, SLW_BYTES_OF(TEST_ORIGIN), &payload, &detail) != SLW_OK) {
        fprintf(stderr, "# policy: %s\n%s\n", detail.text, slw_heap_text(&text));
        abort();
    }
    slw_policy_free(parsed);
    struct slw_heap_buffer made = {0};
    for (size_t i = 0; administrators[i] >= 0; i++) {
        struct slw_dsse envelope;
        const struct slw_private_key *key = test_key((enum test_party)administrators[i]);
        struct slw_heap_buffer next = {0};
        enum slw_status status;
        if (i == 0) {
            status = slw_dsse_sign(key, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), &next, &detail);
        } else {
            status = slw_dsse_parse("policy", slw_heap_bytes(&made), &envelope, &detail);
            if (status == SLW_OK) {
                status = slw_dsse_add_by(&envelope, key, &next, &detail);
                slw_dsse_free(&envelope);
            }
        }
        if (status != SLW_OK) {
            abort();
        }
        slw_heap_free(&made);
        made = next;
    }
    slw_heap_append(ret_envelope, slw_heap_bytes(&made));
    slw_heap_free(&made);
    slw_heap_free(&payload);
    slw_heap_free(&text);
}

/* --- Messages --- */

static void put_varint(struct slw_heap_buffer *message, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        slw_heap_append(message, slw_bytes_make(&byte, 1));
        value >>= 7;
    } while (value > 0);
}

static void put_field(struct slw_heap_buffer *message, uint32_t number, struct slw_bytes value)
{
    put_varint(message, (uint64_t)number << 3 | 2);
    put_varint(message, value.len);
    slw_heap_append(message, value);
}

static void put_entry(struct slw_heap_buffer *message, uint32_t number, struct slw_bytes key,
                      struct slw_bytes value)
{
    struct slw_heap_buffer entry = {0};
    put_field(&entry, SLW_MAP_KEY, key);
    put_field(&entry, SLW_MAP_VALUE, value);
    put_field(message, number, slw_heap_bytes(&entry));
    slw_heap_free(&entry);
}

/* A signed message; nobody's signature on it when key is NULL. */
static void sign_message(struct slw_bytes serialized, const struct slw_private_key *key,
                         struct slw_heap_buffer *ret_message)
{
    struct slw_signed_draft draft = {.serialized = serialized};
    struct slw_detail detail;
    if ((key != NULL && slw_signed_draft_sign(&draft, key, &detail) != SLW_OK) ||
        slw_signed_draft_encode(&draft, ret_message, &detail) != SLW_OK) {
        abort();
    }
}

static const char *or_text(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* --- Bundles --- */

static void root_make(const struct test_bundle *bundle, struct slw_heap_buffer *ret_message)
{
    struct slw_root_draft *draft = calloc(1, sizeof *draft);
    struct slw_heap_buffer serialized = {0};
    struct slw_detail detail = {""};
    enum test_party targets =
        bundle->unlisted_root ? TEST_OTHER
                              : (bundle->targets_key == 0 ? TEST_KEY_PROD : bundle->targets_key);
    if (draft == NULL) {
        abort();
    }
    draft->version = bundle->root_version == 0 ? 1 : bundle->root_version;
    draft->key_class =
        bundle->root_class == SLW_KEY_CLASS_NONE ? SLW_KEY_CLASS_PROD : bundle->root_class;
    if (bundle->root_class == TEST_NO_CLASS) {
        draft->key_class = SLW_KEY_CLASS_NONE;
    }
    draft->expires = (struct slw_expiry){bundle->root_expires != 0, bundle->root_expires, 0};
    draft->thresholds[SLW_ROLE_ROOT] = 1;
    draft->thresholds[SLW_ROLE_TARGETS] = 1;
    if (slw_root_draft_add_key(draft, SLW_ROLE_ROOT, slw_private_key_public(test_key(TEST_ROOT))) !=
            SLW_OK ||
        slw_root_draft_add_key(draft, SLW_ROLE_TARGETS,
                               slw_private_key_public(test_key(targets))) != SLW_OK ||
        slw_root_draft_encode(draft, "root", &serialized, &detail) != SLW_OK) {
        abort();
    }
    sign_message(slw_heap_bytes(&serialized), bundle->root_unsigned ? NULL : test_key(TEST_ROOT),
                 ret_message);
    slw_heap_free(&serialized);
    free(draft);
}

static void digest_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

static void targets_make(const struct test_bundle *bundle, struct slw_heap_buffer *ret_serialized,
                         uint8_t ret_content[static SLW_SHA256_SIZE])
{
    struct slw_targets_draft draft = {
        .spec_version = SLW_BYTES_OF(SLW_SPEC_VERSION),
        .role = SLW_BYTES_OF("targets"),
        .version = bundle->version == 0 ? 1 : bundle->version,
        .build_type =
            bundle->build_type == SLW_BUILD_TYPE_NONE ? SLW_BUILD_TYPE_USER : bundle->build_type,
        .product = bytes_of(or_text(bundle->product, "lamp")),
        .expires = {bundle->expires != 0, bundle->expires, 0},
    };
    struct slw_bytes payload = bytes_of(or_text(bundle->payload, "the image of a lamp"));
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_detail detail = {""};
    struct slw_target_draft *target = slw_targets_draft_add(&draft);
    digest_of(payload, digest);
    *target = (struct slw_target_draft){.name = SLW_BYTES_OF("app"),
                                        .length = payload.len,
                                        .sha256 = slw_bytes_make(digest, sizeof digest)};
    if (!test_hardware_add(&draft, 1 + bundle->more_hardware) ||
        slw_targets_draft_encode(&draft, ret_serialized, &detail) != SLW_OK ||
        slw_content_digest(&draft, ret_content, &detail) != SLW_OK) {
        abort();
    }
    if (bundle->unknown_field) {
        put_field(ret_serialized, 5000, SLW_BYTES_OF("who knows"));
    }
    if (bundle->other_order) { /* a field that stands in front moves to the end */
        struct slw_heap_buffer moved = {0};
        size_t first = 2 + (size_t)ret_serialized->ptr[1];
        slw_heap_append(&moved,
                        slw_bytes_make(ret_serialized->ptr + first, ret_serialized->len - first));
        slw_heap_append(&moved, slw_bytes_make(ret_serialized->ptr, first));
        slw_heap_free(ret_serialized);
        *ret_serialized = moved;
    }
    slw_targets_draft_free(&draft);
}

static void endorse(const struct test_bundle *bundle, const uint8_t *content,
                    struct slw_heap_buffer *ret_bundle)
{
    struct slw_provenance *said = calloc(1, sizeof *said);
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    if (said == NULL) {
        abort();
    }
    memcpy(said->content, content, sizeof said->content);
    said->content[0] ^= bundle->endorse_other_content ? 1 : 0;
    said->subject_name = SLW_BYTES_OF("lamp");
    said->builder_id = bytes_of(or_text(bundle->builder_id, "https://ci.example/lamp"));
    said->build_type = bytes_of(or_text(bundle->build_type_uri, "https://ci.example/type"));
    said->source = bytes_of(or_text(bundle->source, "git+https://git.example/lamp"));
    said->parameters[0] = (struct slw_provenance_parameter){
        SLW_BYTES_OF("profile"), true, bytes_of(or_text(bundle->parameter, "release"))};
    said->parameters[1] =
        (struct slw_provenance_parameter){SLW_BYTES_OF("zeal"), true, SLW_BYTES_OF("more")};
    said->parameters_count = bundle->more_parameters ? 2 : 1;
    if (slw_provenance_format(said, &payload, &detail) != SLW_OK) {
        abort();
    }
    test_sign_statement(bundle->endorse_by_other ? TEST_OTHER : TEST_CI, slw_heap_bytes(&payload),
                        &envelope);
    put_field(ret_bundle, SLW_BUNDLE_ENDORSEMENTS, slw_heap_bytes(&envelope));
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
    free(said);
}

static void tell_test(const struct test_bundle *bundle, const uint8_t *content,
                      struct slw_heap_buffer *ret_bundle)
{
    struct slw_test_result said = {
        .subject_name = SLW_BYTES_OF("lamp"),
        .outcome = bundle->test_failed ? SLW_TEST_FAILED : SLW_TEST_PASSED,
        .suite = SLW_BYTES_OF("system"),
        .has_suite_sha256 = true,
    };
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    memcpy(said.content, content, sizeof said.content);
    if (slw_test_result_format(&said, &payload, &detail) != SLW_OK) {
        abort();
    }
    test_sign_statement(TEST_LAB, slw_heap_bytes(&payload), &envelope);
    put_field(ret_bundle, SLW_BUNDLE_ENDORSEMENTS, slw_heap_bytes(&envelope));
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
}

void test_bundle_make(const struct test_bundle *bundle, struct slw_heap_buffer *ret_bytes)
{
    struct slw_heap_buffer root = {0};
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer targets = {0};
    uint8_t content[SLW_SHA256_SIZE];
    root_make(bundle, &root);
    targets_make(bundle, &serialized, content);
    sign_message(slw_heap_bytes(&serialized), NULL, &targets);
    put_field(ret_bytes, SLW_BUNDLE_ROOT_METADATA, slw_heap_bytes(&root));
    put_entry(ret_bytes, SLW_BUNDLE_TARGETS_METADATA, SLW_TOP_LEVEL_TARGETS,
              slw_heap_bytes(&targets));
    if (!bundle->no_endorsement) {
        endorse(bundle, content, ret_bytes);
    }
    if (!bundle->no_test) {
        tell_test(bundle, content, ret_bytes);
    }
    if (bundle->endorsement != NULL) {
        put_field(ret_bytes, SLW_BUNDLE_ENDORSEMENTS, slw_heap_bytes(bundle->endorsement));
    }
    if (!bundle->no_payload) {
        put_entry(ret_bytes, SLW_BUNDLE_TARGET_PAYLOADS, SLW_BYTES_OF("app"),
                  bytes_of(bundle->wrong_payload
                               ? "an image of a lamp."
                               : or_text(bundle->payload, "the image of a lamp")));
    }
    slw_heap_free(&root);
    slw_heap_free(&serialized);
    slw_heap_free(&targets);
}

/* --- Statements --- */

void test_sign_statement(enum test_party by, struct slw_bytes payload,
                         struct slw_heap_buffer *ret_envelope)
{
    struct slw_detail detail = {""};
    if (slw_dsse_sign(test_key(by), SLW_DSSE_INTOTO, payload, ret_envelope, &detail) != SLW_OK) {
        abort();
    }
}

/* What approvals of it have to say. */
static void remember(struct test_signer *signer, struct slw_bytes bundle)
{
    struct slw_memory_source memory;
    struct slw_bundle_index index;
    struct slw_detail detail = {""};
    struct slw_heap_buffer message = {0};
    struct slw_signed_draft draft;
    slw_memory_source_init(&memory, bundle);
    if (slw_bundle_index_read("bundle", &memory.source, &index, &detail) != SLW_OK) {
        return;
    }
    signer->metadata.len = 0;
    if (index.has_targets &&
        slw_source_load("targets", &memory.source, index.targets, 1 << 20, &message, &detail) ==
            SLW_OK &&
        slw_signed_draft_parse("targets", slw_heap_bytes(&message), &draft, &detail) == SLW_OK) {
        slw_heap_append(&signer->metadata, draft.serialized);
        digest_of(draft.serialized, signer->targets);
        if (slw_content_digest_of(draft.serialized, signer->content, &detail) != SLW_OK) {
            memset(signer->content, 0, sizeof signer->content);
        }
    }
    slw_heap_free(&message);
    slw_bundle_index_free(&index);
}

static void request_make(struct test_signer *signer, const struct test_asking *asking,
                         enum test_party by)
{
    static uint8_t nonce[SLW_NONCE_SIZE];
    const char *key = or_text(asking->key, "lamp-prod");
    bool prod = strcmp(key, "lamp-prod") == 0;
    struct slw_request said = {
        .subject_name = SLW_BYTES_OF("lamp.bundle"),
        .signer = bytes_of(or_text(asking->signer, TEST_ORIGIN)),
        .operation = asking->operation == 0 ? SLW_OPERATION_SIGN_TARGETS : asking->operation,
        .key = bytes_of(key),
        .channel = bytes_of(or_text(asking->channel, prod ? "stable" : "")),
        .issued_utc_s = asking->issued == 0 ? signer->now_utc_s : asking->issued,
        .expires_utc_s = asking->expires == 0 ? signer->now_utc_s + 86400 : asking->expires,
    };
    struct slw_heap_buffer payload = {0};
    struct slw_detail detail = {""};
    if (asking->change != NULL) {
        said.change = slw_heap_bytes(asking->change);
    }
    if (asking->release != NULL) {
        said.has_release = true;
        memcpy(said.release, asking->release, sizeof said.release);
    }
    nonce[0]++;
    if (nonce[0] == 0) {
        nonce[1]++;
    }
    memcpy(said.nonce, nonce, sizeof said.nonce);
    memcpy(said.staged, signer->staged, sizeof said.staged);
    if (slw_request_format(&said, &payload, &detail) != SLW_OK) {
        abort();
    }
    memcpy(signer->former_id, signer->id, sizeof signer->former_id);
    digest_of(slw_heap_bytes(&payload), signer->id);
    signer->key = prod ? TEST_KEY_PROD : TEST_KEY_TEST;
    signer->key_class = prod ? SLW_KEY_CLASS_PROD : SLW_KEY_CLASS_TEST;
    signer->request.len = 0;
    test_sign_statement(by, slw_heap_bytes(&payload), &signer->request);
    slw_heap_free(&payload);
}

enum slw_status test_submit_bytes(struct test_signer *signer, struct slw_bytes bundle,
                                  const struct test_asking *asking)
{
    enum test_party by = asking->by_set ? asking->by : TEST_CI;
    enum slw_status status = SLW_OK;
    digest_of(bundle, signer->staged);
    remember(signer, bundle);
    if (!asking->no_stage) {
        status = test_stage(signer, bundle);
    }
    if (status == SLW_OK && !asking->no_upload) {
        status = test_upload(signer, bundle);
    }
    if (status != SLW_OK) {
        return status;
    }
    request_make(signer, asking, by);
    return test_say(signer, slw_heap_bytes(&signer->request));
}

enum slw_status test_submit(struct test_signer *signer, const struct test_bundle *bundle,
                            const struct test_asking *asking)
{
    struct slw_heap_buffer bytes = {0};
    test_bundle_make(bundle, &bytes);
    enum slw_status status = test_submit_bytes(signer, slw_heap_bytes(&bytes), asking);
    slw_heap_free(&bytes);
    return status;
}

void test_approval_envelope(struct test_signer *signer, const struct test_approving *approving,
                            struct slw_heap_buffer *ret_envelope)
{
    const struct slw_public_key *key =
        slw_private_key_public(test_key(approving->other_key ? TEST_OTHER : signer->key));
    struct slw_approval said = {
        .subject_name = SLW_BYTES_OF("lamp"),
        .signer = bytes_of(or_text(approving->signer, TEST_ORIGIN)),
        .approve = !approving->reject,
        .key_class =
            approving->key_class == SLW_KEY_CLASS_NONE ? signer->key_class : approving->key_class,
        .channel =
            bytes_of(or_text(approving->channel, signer->key == TEST_KEY_PROD ? "stable" : "")),
        .policy_version = approving->policy_version != 0
                              ? approving->policy_version
                              : (signer->policy.version == 0 ? 1 : signer->policy.version),
        .issued_utc_s = approving->issued == 0 ? signer->now_utc_s : approving->issued,
        .expires_utc_s = approving->expires == 0 ? signer->now_utc_s + 3600 : approving->expires,
        .reason = approving->reject ? SLW_BYTES_OF("not this one") : slw_bytes_make(NULL, 0),
    };
    struct slw_heap_buffer payload = {0};
    struct slw_detail detail = {""};
    memcpy(said.content, signer->content, sizeof said.content);
    memcpy(said.request, approving->other_request ? signer->former_id : signer->id,
           sizeof said.request);
    memcpy(said.targets_sha256, signer->targets, sizeof said.targets_sha256);
    memcpy(said.key_id, key->id, sizeof said.key_id);
    said.content[0] ^= approving->other_content ? 1 : 0;
    said.targets_sha256[0] ^= approving->other_targets ? 1 : 0;
    if (slw_approval_format(&said, &payload, &detail) != SLW_OK) {
        abort();
    }
    test_sign_statement(approving->by, slw_heap_bytes(&payload), ret_envelope);
    slw_heap_free(&payload);
}

enum slw_status test_approve(struct test_signer *signer, const struct test_approving *approving)
{
    struct slw_heap_buffer envelope = {0};
    test_approval_envelope(signer, approving, &envelope);
    enum slw_status status = test_say(signer, slw_heap_bytes(&envelope));
    slw_heap_free(&envelope);
    return status;
}
