/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a signature was asked for, and allowed then: its request must be open in the log, about
 * what was signed, and the policy in force must allow it once more. The decision is made by the
 * very function that the service makes it with (slipway/policy_decide.h), of what the log has; what
 * it hasn't is taken for good: bundles, so builders, tests, content and the class of their roots,
 * and where keys are. Called by the auditor for each record that ends a request.
 */
#include "audit_record.h"

#include "../tuf/repository/kept.h"

#include "slipway/content_digest.h"
#include "slipway/explain.h"
#include "slipway/root_draft.h"
#include "slipway/tuf_metadata.h"

#include <stdlib.h>

/* What was signed, as it says itself. */
struct content {
    struct slw_bytes product; /* of a bundle */
    enum slw_build_type build_type;
    enum slw_key_class root_class;   /* of a root */
    uint8_t digest[SLW_SHA256_SIZE]; /* of a bundle: what approvals are about */
    int64_t version;
};

/* --- Reading it --- */

static enum slw_status targets_read(struct slw_bytes metadata, struct content *content,
                                    struct slw_detail *detail)
{
    struct slw_targets_draft draft = {0};
    SLW_TRY(slw_targets_draft_parse(metadata, &draft, detail));
    content->product = draft.product; /* a view of the metadata */
    content->build_type = (enum slw_build_type)draft.build_type;
    content->version = draft.version;
    enum slw_status status = slw_content_digest(&draft, content->digest, detail);
    slw_targets_draft_free(&draft);
    return status;
}

static enum slw_status root_read(struct slw_bytes metadata, struct content *content,
                                 struct slw_detail *detail)
{
    struct slw_root_content root;
    SLW_TRY(slw_root_content_parse("root", metadata, &root, detail));
    content->root_class = root.root.key_class;
    content->version = root.root.version;
    return content->root_class != SLW_KEY_CLASS_NONE
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_CLASS,
                             "the root doesn't say of which class its keys are");
}

/* "whose versions it counts in: … of roles PRODUCT/ROLE" */
static struct slw_bytes role_of(const struct slw_audit_record *record)
{
    struct slw_bytes mark = slw_audit_text(record, SLW_BYTES_OF("mark"));
    const size_t skipped = slw_audit_text(record, SLW_BYTES_OF("product")).len + 1;
    return mark.len < skipped ? slw_bytes_make(NULL, 0)
                              : slw_bytes_make(mark.ptr + skipped, mark.len - skipped);
}

static enum slw_status members_read(const struct slw_json_document *json, struct slw_bytes role,
                                    struct content *content, struct slw_detail *detail)
{
    enum slw_tuf_type type;
    const char *word = slw_tuf_type_name(slw_tuf_type_named(role, &type) ? type : SLW_TUF_TARGETS);
    struct slw_bytes found =
        slw_json_string(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("_type")));
    if (!slw_bytes_equal(found, slw_bytes_make(word, strlen(word)))) {
        return slw_explain(detail, SLW_WRONG_ROLE, "they aren't of the role that they count in");
    }
    return slw_json_integer(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("version")),
                            &content->version)
               ? SLW_OK
               : slw_explain(detail, SLW_MALFORMED, "they have no version");
}

/* What is signed is in canonical form, where control characters are as they are. */
static enum slw_status role_read(struct slw_bytes metadata, struct slw_bytes role,
                                 struct content *content, struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_heap_buffer text = {0};
    slw_tuf_escape_controls(metadata, &text);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = slw_json_parse("role", slw_heap_bytes(&text), &json, detail);
    }
    if (status == SLW_OK) {
        status = members_read(&json, role, content, detail);
        slw_json_document_free(&json);
    }
    slw_heap_drop(&text);
    return status;
}

/* Of roles that a P-256 key signed the log has the digest alone: then it says what the record does.
 */
static enum slw_status content_read(const struct slw_audit_record *record,
                                    struct slw_bytes metadata, struct content *content,
                                    struct slw_detail *detail)
{
    struct slw_bytes operation = slw_audit_text(record, SLW_BYTES_OF("operation"));
    if (slw_bytes_equal(operation, SLW_BYTES_OF("sign-targets"))) {
        return targets_read(metadata, content, detail);
    }
    if (slw_bytes_equal(operation, SLW_BYTES_OF("sign-root"))) {
        return root_read(metadata, content, detail);
    }
    if (metadata.len != 0) {
        return role_read(metadata, role_of(record), content, detail);
    }
    (void)slw_audit_number(record, SLW_BYTES_OF("version"), &content->version);
    return SLW_OK;
}

/* "a version never signed twice with other content": the one that counts is the one inside. */
static enum slw_status judge_content(const struct slw_audit_record *record,
                                     struct slw_bytes metadata, struct content *content,
                                     bool *ret_is_read)
{
    struct slw_detail why = {""};
    int64_t version = -1;
    enum slw_status status = content_read(record, metadata, content, &why);
    (void)slw_audit_number(record, SLW_BYTES_OF("version"), &version);
    *ret_is_read = status == SLW_OK;
    if (status == SLW_NO_SPACE) {
        return status;
    }
    if (status != SLW_OK) {
        slw_audit_find(record->audit, record->index,
                       "metadata that can't be what was asked for: %s", why.text);
    } else if (content->version != version) {
        slw_audit_find(record->audit, record->index,
                       "metadata of version %lld, where its record says %lld",
                       (long long)content->version, (long long)version);
    }
    return SLW_OK;
}

/* --- What was asked for --- */

static bool is_named(const struct slw_audit_record *record, struct slw_bytes member,
                     struct slw_bytes name)
{
    return slw_bytes_equal(slw_audit_text(record, member), name);
}

/* The role, and its version, are those of the difference: without a mark it would count nowhere. */
static bool is_role_asked(const struct slw_audit_record *record,
                          const struct slw_audit_asked *asked, const struct content *content)
{
    return asked->operation != SLW_OPERATION_SIGN_ROLE ||
           (asked->version == content->version &&
            slw_bytes_equal(role_of(record), name_of(&asked->role)));
}

static void judge_same(const struct slw_audit_record *record, const struct slw_audit_asked *asked,
                       const struct content *content)
{
    const char *operation = slw_operation_word(asked->operation);
    if (!is_named(record, SLW_BYTES_OF("operation"),
                  slw_bytes_make(operation, strlen(operation))) ||
        !is_named(record, SLW_BYTES_OF("key"), name_of(&asked->key)) ||
        !is_role_asked(record, asked, content)) {
        slw_audit_find(record->audit, record->index,
                       "a signature of something else than its request asks for");
    }
}

/* --- Whether it was allowed --- */

static void make_facts(const struct slw_audit_record *record,
                       const struct slw_audit_request *request, const struct content *content,
                       const uint8_t *digest, struct slw_policy_facts *facts)
{
    const struct slw_audit_asked *asked = request->asked;
    const char *origin = record->audit->settings.log_key->name;
    const bool is_bundle = asked->operation == SLW_OPERATION_SIGN_TARGETS;
    memcpy(facts->requester_id, asked->requester_id, sizeof facts->requester_id);
    memcpy(facts->request_id, request->id, sizeof facts->request_id);
    facts->operation = slw_policy_use_for(asked->operation);
    facts->key = name_of(&asked->key);
    facts->channel = name_of(&asked->channel);
    facts->role = name_of(&asked->role);
    facts->issued_utc_s = asked->issued_utc_s;
    facts->expires_utc_s = request->expires_utc_s;
    facts->product = content->product;
    facts->root_class = content->root_class;
    facts->build_type = content->build_type;
    memcpy(facts->content_digest, is_bundle ? content->digest : asked->staged,
           sizeof facts->content_digest);
    memcpy(facts->targets_sha256, digest, sizeof facts->targets_sha256);
    facts->signer = slw_bytes_make(origin, strlen(origin));
    facts->key_in_token = true;
    facts->judged = SLW_POLICY_JUDGED_GOOD;
    facts->is_brief = true;
}

/* What people said, with what was left out of it: the approvals kept are all for this channel. */
static struct slw_policy_approval *make_answers(struct slw_audit_request *request,
                                                struct slw_policy_facts *facts)
{
    struct slw_audit_asked *asked = request->asked;
    struct slw_policy_approval *answers = calloc(asked->answers_count + 1, sizeof *answers);
    for (size_t i = 0; answers != NULL && i < asked->answers_count; i++) {
        struct slw_audit_answer *answer = &asked->answers[i];
        memcpy(answer->says.request, request->id, sizeof answer->says.request);
        answer->says.signer = facts->signer;
        answer->says.channel = facts->channel;
        memcpy(answers[i].signer_id, answer->signer_id, sizeof answers[i].signer_id);
        answers[i].says = &answer->says;
    }
    facts->approvals = answers;
    facts->approvals_count = asked->answers_count;
    return answers;
}

/* Which policy decided so much earlier: order is the log's, but one that waited came in force in
 * between. */
static const struct slw_policy *policy_before(const struct slw_audit *audit, int64_t earlier_s)
{
    const struct slw_audit_policy *newest = &audit->policies[audit->policies_count - 1];
    const bool has_waited = newest->in_force_utc_s > newest->logged_utc_s &&
                            newest->in_force_utc_s > audit->time_utc_s - earlier_s;
    return audit->policies[has_waited ? newest->former : audit->policies_count - 1].policy;
}

/* The first thing that stood against it; the log doesn't show what is asked about a build, nor
 * which signatures a rate counted. */
static bool is_allowed(const struct slw_policy_decision *decision, struct slw_detail *ret_why)
{
    for (size_t i = 0; i < decision->count; i++) {
        const struct slw_policy_requirement *requirement = &decision->requirements[i];
        if (requirement->answer != SLW_POLICY_MET && requirement->need != SLW_POLICY_NEED_BUILDER &&
            requirement->need != SLW_POLICY_NEED_TEST) {
            (void)slw_explain(ret_why, requirement->reason, "%s", requirement->text);
            return false;
        }
    }
    return true;
}

/* By this key, and as what it is now: in the versions of another product or class, which it may
 * have been for before, one could be signed again. What no policy has it for was found already. */
static bool is_by(const struct slw_audit_record *record, const struct slw_policy_signing_key *key)
{
    uint8_t key_id[SLW_SHA256_SIZE] = {0};
    const char *class_name = slw_policy_class_name(key->key_class);
    return !slw_audit_hex(record, SLW_BYTES_OF("key_id"), key_id, sizeof key_id) ||
           !slw_audit_is_key_for(record->audit, key_id,
                                 slw_audit_text(record, SLW_BYTES_OF("operation")),
                                 slw_audit_text(record, SLW_BYTES_OF("product")),
                                 slw_audit_text(record, SLW_BYTES_OF("class"))) ||
           (memcmp(key->key.id, key_id, sizeof key_id) == 0 &&
            is_named(record, SLW_BYTES_OF("product"), key->product) &&
            is_named(record, SLW_BYTES_OF("class"),
                     slw_bytes_make(class_name, strlen(class_name))));
}

static enum slw_status decide(const struct slw_audit_record *record, int64_t earlier_s,
                              struct slw_policy_facts *facts, bool *ret_is_allowed,
                              struct slw_detail *why)
{
    struct slw_policy_decision decision;
    const struct slw_policy *policy = policy_before(record->audit, earlier_s);
    const struct slw_policy_signing_key *key = slw_policy_signing_key(policy, facts->key);
    struct slw_policy_facts asked = *facts;
    asked.now_utc_s = record->audit->time_utc_s - earlier_s;
    if (facts->operation == SLW_POLICY_USE_TARGETS && key != NULL) {
        asked.root_class = key->key_class;
    }
    SLW_TRY(slw_policy_decide(policy, &asked, &decision, why));
    *ret_is_allowed = is_allowed(&decision, why);
    slw_policy_decision_free(&decision);
    if (*ret_is_allowed && !is_by(record, key)) {
        (void)slw_explain(why, SLW_UNKNOWN_KEY,
                          "the key of this name is another one, or of another product or class");
        *ret_is_allowed = false;
    }
    return SLW_OK;
}

static enum slw_status judge_decision(const struct slw_audit_record *record,
                                      struct slw_audit_request *request,
                                      const struct content *content, const uint8_t *digest)
{
    struct slw_policy_facts facts = {0};
    struct slw_detail why = {"there is no policy yet"};
    struct slw_detail unheard;
    bool is_so = false;
    enum slw_status status = SLW_OK;
    make_facts(record, request, content, digest, &facts);
    struct slw_policy_approval *answers = make_answers(request, &facts);
    if (answers == NULL) {
        return SLW_NO_SPACE;
    }
    if (record->audit->policies_count > 0) {
        status = decide(record, 0, &facts, &is_so, &why);
    }
    if (record->audit->policies_count > 0 && status == SLW_OK && !is_so) {
        status = decide(record, SLW_AUDIT_EARLIER_S, &facts, &is_so, &unheard);
    }
    if (status == SLW_OK && !is_so) {
        slw_audit_find(record->audit, record->index, "a signature that wasn't allowed: %s",
                       why.text);
    }
    free(answers);
    return status;
}

/* --- Ends --- */

static struct slw_audit_request *find_request(const struct slw_audit_record *record)
{
    uint8_t id[SLW_SHA256_SIZE] = {0};
    return slw_audit_hex(record, SLW_BYTES_OF("request"), id, sizeof id)
               ? slw_audit_request_find(record->audit, id)
               : NULL;
}

enum slw_status slw_audit_judge_asked(const struct slw_audit_record *record,
                                      const struct slw_bytes *metadata,
                                      const uint8_t digest[static SLW_SHA256_SIZE],
                                      struct slw_detail *detail)
{
    struct slw_audit_request *request = find_request(record);
    struct content content = {.version = -1};
    bool is_read = false;
    enum slw_status status =
        metadata == NULL ? SLW_OK : judge_content(record, *metadata, &content, &is_read);
    if (request == NULL) {
        slw_audit_find(record->audit, record->index,
                       "a signature of a request that isn't open in the log");
    } else if (status == SLW_OK && is_read) {
        judge_same(record, request->asked, &content);
        status = judge_decision(record, request, &content, digest);
    }
    if (request != NULL) {
        slw_audit_request_end(record->audit, request);
    }
    return status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

void slw_audit_judge_end(const struct slw_audit_record *record)
{
    const bool is_expiry = slw_bytes_equal(record->kind, SLW_BYTES_OF("expiry"));
    if (!is_expiry && (!slw_bytes_equal(record->kind, SLW_BYTES_OF("refusal")) ||
                       slw_audit_text(record, SLW_BYTES_OF("request")).len == 0)) {
        return; /* the refusal of a statement that never had an effect */
    }
    struct slw_audit_request *request = find_request(record);
    if (request == NULL) {
        slw_audit_find(record->audit, record->index,
                       "the end of a request that isn't open in the log");
    } else {
        slw_audit_request_end(record->audit, request);
    }
}
