/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of what roots and roles say that a lying service signed: another version than its
 * record, another role than it counts in, or than was asked for.
 */
#include "test_story.h"

#include "slipway/root_draft.h"

static struct slw_detail detail;

/* --- Roots --- */

static void make_root(uint32_t version, enum slw_key_class key_class,
                      struct slw_heap_buffer *ret_metadata)
{
    struct slw_root_draft *draft = calloc(1, sizeof *draft);
    TAP_REQUIRE(draft != NULL);
    draft->version = version;
    draft->key_class = key_class;
    draft->thresholds[SLW_ROLE_ROOT] = 1;
    draft->thresholds[SLW_ROLE_TARGETS] = 1;
    TAP_CHECK(slw_root_draft_add_key(draft, SLW_ROLE_ROOT, slw_private_key_public(test_signing)) ==
              SLW_OK);
    TAP_CHECK(slw_root_draft_add_key(draft, SLW_ROLE_TARGETS, slw_private_key_public(test_ada)) ==
              SLW_OK);
    TAP_EQUAL_INT(slw_root_draft_encode(draft, "root", ret_metadata, &detail), SLW_OK);
    free(draft);
}

/* Approvals of roots are about what was staged. */
static void judges_roots(void)
{
    static const struct {
        const char *name;
        uint32_t version;
        enum slw_key_class key_class;
        bool approves_other;
        const char *finding;
    } rows[] = {
        {"good", 3, SLW_KEY_CLASS_PROD, false, NULL},
        {"another version", 4, SLW_KEY_CLASS_PROD, false, "metadata of version 4, where its"},
        {"no class", 3, SLW_KEY_CLASS_NONE, false, "doesn't say of which class its keys are"},
        {"another class", 3, SLW_KEY_CLASS_TEST, false, "the key is of class prod, the root of"},
        {"not what was staged", 3, SLW_KEY_CLASS_PROD, true, "it is about another build"},
    };
    static const struct test_audit_asking asking = {.operation = SLW_OPERATION_SIGN_ROOT};
    static const uint8_t other[SLW_SHA256_SIZE] = {0};
    test_signing_use = "root";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        struct test_audit_metadata root = {.sha256 = {0}};
        struct slw_sha256 hash;
        uint8_t request[SLW_SHA256_SIZE];
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(test_audit_setup(&test));
        make_root(rows[i].version, rows[i].key_class, &root.bytes);
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, slw_heap_bytes(&root.bytes));
        slw_sha256_final(&hash, root.sha256);
        test_audit_ask(&test, &asking, request);
        const struct test_audit_answer approval = {
            .content = rows[i].approves_other ? other : test_audit_staged};
        test_story_answer(&test, &approval, &root, request);
        const struct test_audit_signature signature = {.request = request,
                                                       .metadata = slw_heap_bytes(&root.bytes),
                                                       .version = 3,
                                                       .operation = "sign-root"};
        test_audit_signature(&test, &signature);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        slw_heap_free(&root.bytes);
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    test_signing_use = "targets";
}

/* --- Roles --- */

struct role {
    const char *name;
    const char *change_type, *change_role;
    int change_version;
    const char *channel;
    bool is_approved;
    const char *metadata;
    bool lacks_metadata;
    const char *mark;
    const char *finding;
};

static void sign_role(struct test_log *test, const struct role *role)
{
    char change[512];
    char scope[128];
    struct test_audit_metadata metadata = {.sha256 = {0}};
    struct slw_sha256 hash;
    uint8_t request[SLW_SHA256_SIZE];
    slw_heap_append_text(&metadata.bytes, role->metadata);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&metadata.bytes));
    slw_sha256_final(&hash, metadata.sha256);
    (void)snprintf(
        change, sizeof change,
        "{\"base_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"base_version\":0,\"expires\":\"2027-01-01T00:00:00Z\",\"role\":\"%s\",%s"
        "\"type\":\"%s\",\"version\":%d}",
        role->change_role,
        strcmp(role->change_type, "timestamp") == 0 ? "\"snapshot_version\":1," : "",
        role->change_type, role->change_version);
    const struct test_audit_asking asking = {
        .operation = SLW_OPERATION_SIGN_ROLE, .change = change, .channel = role->channel};
    test_audit_ask(test, &asking, request);
    if (role->is_approved) {
        const struct test_audit_answer approval = {.content = test_audit_staged,
                                                   .channel = role->channel};
        test_story_answer(test, &approval, &metadata, request);
    }
    (void)snprintf(scope, sizeof scope, "\"class\":\"prod\"%s%s%s",
                   role->mark[0] == '\0' ? "" : ",\"mark\":\"", role->mark,
                   role->mark[0] == '\0' ? "" : "\"");
    const struct test_audit_signature signature = {.request = request,
                                                   .metadata = slw_heap_bytes(&metadata.bytes),
                                                   .lacks_metadata = role->lacks_metadata,
                                                   .version = 7,
                                                   .operation = "sign-role",
                                                   .scope = scope};
    test_audit_signature(test, &signature);
    slw_heap_free(&metadata.bytes);
}

#define TIMESTAMP(version) "{\"_type\":\"timestamp\",\"version\":" version "}"
#define TARGETS(version) "{\"_type\":\"targets\",\"version\":" version "}"

static void judges_roles(void)
{
    static const struct role rows[] = {
        {"good", "timestamp", "timestamp", 7, "", false, TIMESTAMP("7"), false, "lamp/timestamp",
         NULL},
        {"by its digest", "timestamp", "timestamp", 7, "", false, TIMESTAMP("7"), true,
         "lamp/timestamp", NULL},
        {"without a mark", "timestamp", "timestamp", 7, "", false, TIMESTAMP("7"), true, "",
         "of something else than its request asks for"},
        {"delegated", "targets", "lamp-stable", 7, "stable", true, TARGETS("7"), false,
         "lamp/lamp-stable", NULL},
        {"with a line feed", "targets", "lamp-stable", 7, "stable", true,
         "{\"_type\":\"targets\",\"a\":\"\n\",\"version\":7}", false, "lamp/lamp-stable", NULL},
        {"another version inside", "timestamp", "timestamp", 6, "", false, TIMESTAMP("6"), false,
         "lamp/timestamp", "metadata of version 6, where its record says 7"},
        {"another version asked for", "timestamp", "timestamp", 6, "", false, TIMESTAMP("7"), false,
         "lamp/timestamp", "of something else than its request asks for"},
        {"another version asked for, by its digest", "timestamp", "timestamp", 6, "", false,
         TIMESTAMP("7"), true, "lamp/timestamp", "of something else than its request asks for"},
        {"counts in another role", "targets", "lamp-stable", 7, "stable", true, TARGETS("7"), false,
         "lamp/lamp-beta", "of something else than its request asks for"},
        {"counts in another role, by its digest", "targets", "lamp-stable", 7, "stable", true,
         TARGETS("7"), true, "lamp/lamp-stabl", "of something else than its request asks for"},
        {"another kind inside", "targets", "lamp-stable", 7, "stable", true, TIMESTAMP("7"), false,
         "lamp/lamp-stable", "they aren't of the role that they count in"},
        {"no version inside", "timestamp", "timestamp", 7, "", false, "{\"_type\":\"timestamp\"}",
         false, "lamp/timestamp", "they have no version"},
        {"not approved", "targets", "lamp-stable", 7, "stable", false, TARGETS("7"), true,
         "lamp/lamp-stable", "approved by 0 of 1 persons"},
        {"a role without a rule", "targets", "lamp-gamma", 7, "stable", true, TARGETS("7"), true,
         "lamp/lamp-gamma", "no rule is for lamp"},
    };
    test_signing_use = "role";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(test_audit_setup(&test));
        sign_role(&test, &rows[i]);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    test_signing_use = "targets";
}

/* Versions of one role are compared by its mark: without one a version could be signed twice. */
static void finds_another_version_seven_that_counts_nowhere(void)
{
    static const struct role first = {
        "", "timestamp", "timestamp", 7, "", false, TIMESTAMP("7"), true, "lamp/timestamp", NULL};
    static const struct role second = {"",
                                       "timestamp",
                                       "timestamp",
                                       7,
                                       "",
                                       false,
                                       "{\"_type\":\"timestamp\",\"a\":1,\"version\":7}",
                                       true,
                                       "",
                                       NULL};
    struct test_log test;
    test_signing_use = "role";
    TAP_REQUIRE(test_audit_setup(&test));
    sign_role(&test, &first);
    TAP_CHECK(test_audit_finds(&test, NULL));
    sign_role(&test, &second);
    TAP_CHECK(test_audit_finds(&test, "of something else than its request asks for"));
    test_log_teardown(&test);
    test_signing_use = "targets";
}

/* A change that nobody can read is never signed. */
static void takes_a_request_of_what_cannot_be(void)
{
    struct test_log test;
    char name[201];
    uint8_t request[SLW_SHA256_SIZE];
    const struct test_audit_asking asking = {
        .operation = SLW_OPERATION_SIGN_ROLE, .channel = "", .change = "{\"a\":1}"};
    const struct test_audit_asking named = {.key = name};
    memset(name, 'k', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_ask(&test, &asking, request);
    test_story_end(&test, "refusal", request);
    test_audit_ask(&test, &named, request);
    test_story_end(&test, "refusal", request);
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_log_teardown(&test);
}

#define OTHER_TIMESTAMP "{\"_type\":\"timestamp\",\"other\":1,\"version\":1}"

/* A role's signature, as the service records it: without what was signed, or with something else.
 */
static void add_role_signature(struct test_log *test, const char *said, const char *shown)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t request[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    const struct test_audit_asking asking = {
        .operation = SLW_OPERATION_SIGN_ROLE,
        .channel = "",
        .change =
            "{\"base_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"base_version\":0,\"expires\":\"2027-01-01T00:00:00Z\",\"role\":\"timestamp\","
            "\"snapshot_version\":1,\"type\":\"timestamp\",\"version\":1}",
    };
    test_audit_ask(test, &asking, request);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(said, strlen(said)));
    slw_sha256_final(&hash, digest);
    const struct test_audit_signature signature = {
        .request = request,
        .metadata = SLW_BYTES_OF(TIMESTAMP("1")),
        .shown = slw_bytes_make(shown, shown == NULL ? 0 : strlen(shown)),
        .lacks_metadata = shown == NULL,
        .sha256 = digest,
        .version = 1,
        .operation = "sign-role",
        .scope = "\"class\":\"prod\",\"mark\":\"lamp/timestamp\"",
    };
    test_audit_signature(test, &signature);
}

/* Of roles the log has the digest that a P-256 key signs; an Ed25519 key signs the text itself. */
static void verifies_signatures_of_roles(void)
{
    static const struct {
        bool is_ed25519;
        const char *said, *shown, *finding;
    } rows[] = {
        {false, TIMESTAMP("1"), NULL, NULL},
        {false, TIMESTAMP("1"), TIMESTAMP("1"), NULL},
        {false, OTHER_TIMESTAMP, NULL, "a signature that doesn't verify"},
        {false, OTHER_TIMESTAMP, TIMESTAMP("1"), "metadata that aren't what was signed"},
        {true, TIMESTAMP("1"), TIMESTAMP("1"), NULL},
        {true, TIMESTAMP("1"), NULL, "a signature without what was signed"},
        {true, OTHER_TIMESTAMP, OTHER_TIMESTAMP, "a signature that doesn't verify"},
        {true, OTHER_TIMESTAMP, TIMESTAMP("1"), "metadata that aren't what was signed"},
    };
    struct slw_private_key *usual = test_signing;
    struct slw_private_key *other = NULL;
    test_signing_use = "role";
    TAP_REQUIRE(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &other, &detail) == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        test_signing = rows[i].is_ed25519 ? other : usual;
        TAP_ROW(rows[i].finding == NULL ? "good" : rows[i].finding);
        TAP_CHECK(test_audit_setup(&test));
        add_role_signature(&test, rows[i].said, rows[i].shown);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    test_signing = usual;
    test_signing_use = "targets";
    slw_private_key_free(other);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    TAP_RUN(judges_roots);
    TAP_RUN(judges_roles);
    TAP_RUN(finds_another_version_seven_that_counts_nowhere);
    TAP_RUN(verifies_signatures_of_roles);
    TAP_RUN(takes_a_request_of_what_cannot_be);
    test_audit_free_keys();
    return tap_finish();
}
