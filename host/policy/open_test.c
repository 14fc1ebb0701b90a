/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as they are signed: by whom, for which service, and after which. */
#include "test_policy.h"

#include "slipway/dsse.h"

#include "tap.h"

#define ORIGIN SLW_BYTES_OF("signer.example/lamp")

static struct slw_detail detail;

/* A policy after an edit, as a statement for origin, signed by keys named in a list. */
static bool sign(const char *from, const char *to, struct slw_bytes origin,
                 const char *const *signers, struct slw_heap_buffer *ret_envelope)
{
    struct slw_policy *policy = NULL;
    struct slw_heap_buffer payload = {0};
    bool good = test_parse(from, to, &policy, &detail) == SLW_OK &&
                slw_policy_statement(policy, origin, &payload, &detail) == SLW_OK;
    struct slw_dsse unsigned_one = {.payload_type = SLW_DSSE_INTOTO,
                                    .payload = slw_heap_bytes(&payload)};
    slw_dsse_format(&unsigned_one, ret_envelope);
    for (size_t i = 0; good && signers[i] != NULL; i++) {
        struct slw_dsse envelope;
        struct slw_heap_buffer more = {0};
        struct slw_private_key *key = test_private_key(signers[i]);
        good =
            slw_dsse_parse("envelope", slw_heap_bytes(ret_envelope), &envelope, &detail) == SLW_OK;
        if (good) {
            good = slw_dsse_add_by(&envelope, key, &more, &detail) == SLW_OK;
            slw_dsse_free(&envelope);
            slw_heap_free(ret_envelope);
            *ret_envelope = more;
        }
        slw_private_key_free(key);
    }
    slw_policy_free(policy);
    slw_heap_free(&payload);
    return good;
}

static void opens_what_enough_administrators_signed(void)
{
    static const char *const signers[] = {"anna", "bert", NULL};
    struct slw_heap_buffer envelope = {0};
    struct slw_policy *policy = NULL;
    TAP_CHECK(sign(NULL, NULL, ORIGIN, signers, &envelope));
    TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&envelope), ORIGIN, NULL, &policy, &detail),
                  SLW_OK);
    TAP_REQUIRE(policy != NULL);
    TAP_EQUAL_INT(policy->version, 7);
    slw_policy_free(policy);
    slw_heap_free(&envelope);
}

struct row {
    const char *name;
    const char *from; /* the edit of the next policy; NULL: version 8 of the same */
    const char *to;
    const char *signers[4];
    enum slw_status status;
};

static void check(const struct row *row, const struct slw_policy *former)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_policy *policy = NULL;
    TAP_ROW(row->name);
    TAP_CHECK(sign(row->from != NULL ? row->from : "\"version\":7",
                   row->from != NULL ? row->to : "\"version\":8", ORIGIN, row->signers, &envelope));
    TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&envelope), ORIGIN, former, &policy, &detail),
                  row->status);
    TAP_CHECK((policy != NULL) == (row->status == SLW_OK));
    slw_policy_free(policy);
    slw_heap_free(&envelope);
}

#define NEXT_ADMINISTRATORS                                                                        \
    "\"version\":8,\"issued\":\"2026-09-02T00:00:00Z\",\n \"administrators\":{\"threshold\":2,"    \
    "\"keys\":{\"new1\":\"@new1@\",\"new2\":\"@new2@\"}}"
#define FORMER_ADMINISTRATORS                                                                      \
    "\"version\":7,\"issued\":\"2026-09-01T00:00:00Z\",\n \"administrators\":{\"threshold\":2,"    \
    "\"keys\":{\"anna\":\"@anna@\",\"bert\":\"@bert@\",\"ada\":\"@ada@\"}}"
#define NEXT_THRESHOLD                                                                             \
    "\"version\":8,\"issued\":\"2026-09-02T00:00:00Z\",\n \"administrators\":{\"threshold\":3,"    \
    "\"keys\":{\"anna\":\"@anna@\",\"bert\":\"@bert@\",\"ada\":\"@ada@\"}}"

static void refuses_what_administrators_did_not_agree_to(void)
{
    static const struct row rows[] = {
        {"two of three", NULL, NULL, {"anna", "ada"}, SLW_OK},
        {"all", NULL, NULL, {"anna", "bert", "ada"}, SLW_OK},
        {"unsigned", NULL, NULL, {NULL}, SLW_BELOW_THRESHOLD},
        {"one", NULL, NULL, {"anna"}, SLW_BELOW_THRESHOLD},
        {"one and a person", NULL, NULL, {"anna", "ben"}, SLW_BELOW_THRESHOLD},
        {"one and a machine", NULL, NULL, {"anna", "ci"}, SLW_BELOW_THRESHOLD},
        {"one and a signing key", NULL, NULL, {"anna", "lamp-prod"}, SLW_BELOW_THRESHOLD},
        {"strangers", NULL, NULL, {"x", "y", "z"}, SLW_BELOW_THRESHOLD},
        {"the same version",
         "\"issued\":\"2026-09-01T00:00:00Z\"",
         "\"issued\":\"2026-09-02T00:00:00Z\"",
         {"anna", "bert"},
         SLW_ROLLBACK},
        {"an older version", "\"version\":7", "\"version\":6", {"anna", "bert"}, SLW_ROLLBACK},
        {"an older time",
         "\"version\":7,\"issued\":\"2026-09-01T00:00:00Z\"",
         "\"version\":8,\"issued\":\"2026-08-31T23:59:59Z\"",
         {"anna", "bert"},
         SLW_STALE_STATEMENT},
        {"replaced by the old ones alone",
         FORMER_ADMINISTRATORS,
         NEXT_ADMINISTRATORS,
         {"anna", "bert"},
         SLW_BELOW_THRESHOLD},
        {"replaced by the new ones alone",
         FORMER_ADMINISTRATORS,
         NEXT_ADMINISTRATORS,
         {"new1", "new2"},
         SLW_BELOW_THRESHOLD},
        {"replaced by one of each",
         FORMER_ADMINISTRATORS,
         NEXT_ADMINISTRATORS,
         {"anna", "new1"},
         SLW_BELOW_THRESHOLD},
        {"a higher threshold by the old one",
         FORMER_ADMINISTRATORS,
         NEXT_THRESHOLD,
         {"anna", "bert"},
         SLW_BELOW_THRESHOLD},
        {"a higher threshold by it",
         FORMER_ADMINISTRATORS,
         NEXT_THRESHOLD,
         {"anna", "bert", "ada"},
         SLW_OK},
    };
    struct slw_policy *former = NULL;
    TAP_EQUAL_INT(test_parse(NULL, NULL, &former, &detail), SLW_OK);
    TAP_REQUIRE(former != NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check(&rows[i], former);
    }
    slw_policy_free(former);
}

static void replaces_administrators_by_both_thresholds(void)
{
    static const char *const signers[] = {"anna", "bert", "new1", "new2", NULL};
    struct slw_heap_buffer envelope = {0};
    struct slw_policy *former = NULL;
    struct slw_policy *policy = NULL;
    TAP_EQUAL_INT(test_parse(NULL, NULL, &former, &detail), SLW_OK);
    TAP_REQUIRE(former != NULL);
    TAP_CHECK(sign(FORMER_ADMINISTRATORS, NEXT_ADMINISTRATORS, ORIGIN, signers, &envelope));
    TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&envelope), ORIGIN, former, &policy, &detail),
                  SLW_OK);
    slw_policy_free(policy);
    slw_policy_free(former);
    slw_heap_free(&envelope);
}

/* Without a former policy its own administrators count, and their threshold still. */
static void asks_a_first_policy_for_its_own_threshold(void)
{
    static const struct row rows[] = {
        {"one", NULL, NULL, {"anna"}, SLW_BELOW_THRESHOLD},
        {"none", NULL, NULL, {NULL}, SLW_BELOW_THRESHOLD},
        {"others", NULL, NULL, {"ben", "ci"}, SLW_BELOW_THRESHOLD},
        {"two", NULL, NULL, {"anna", "bert"}, SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check(&rows[i], NULL);
    }
}

static void refuses_policies_for_other_services(void)
{
    static const char *const signers[] = {"anna", "bert", NULL};
    static const char *const origins[] = {"signer.example/lam", "signer.example/lamp2",
                                          "Signer.example/lamp", "x"};
    struct slw_heap_buffer envelope = {0};
    struct slw_policy *policy = NULL;
    TAP_CHECK(sign(NULL, NULL, ORIGIN, signers, &envelope));
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        TAP_ROW(origins[i]);
        struct slw_bytes origin = slw_bytes_make(origins[i], strlen(origins[i]));
        TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&envelope), origin, NULL, &policy, &detail),
                      SLW_BAD_STATEMENT);
    }
    slw_heap_free(&envelope);
}

/* Well signed, but no policy: a statement of another kind, another type of payload, no envelope. */
static void refuses_what_is_no_policy(void)
{
    static const char *const payloads[] = {
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"x\",\"digest\":{"
        "\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"}}],"
        "\"predicateType\":\"urn:slipway:stage:v1\",\"predicate\":{}}",
        "{}", ""};
    struct slw_policy *policy = NULL;
    struct slw_private_key *key = test_private_key("anna");
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        struct slw_heap_buffer envelope = {0};
        TAP_ROW(payloads[i]);
        TAP_EQUAL_INT(slw_dsse_sign(key, SLW_DSSE_INTOTO,
                                    slw_bytes_make(payloads[i], strlen(payloads[i])), &envelope,
                                    &detail),
                      SLW_OK);
        TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&envelope), ORIGIN, NULL, &policy, &detail),
                      SLW_BAD_STATEMENT);
        slw_heap_free(&envelope);
    }
    struct slw_heap_buffer other = {0};
    TAP_EQUAL_INT(
        slw_dsse_sign(key, SLW_BYTES_OF("text/plain"), SLW_BYTES_OF("{}"), &other, &detail),
        SLW_OK);
    TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&other), ORIGIN, NULL, &policy, &detail),
                  SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(slw_policy_open(SLW_BYTES_OF("{"), ORIGIN, NULL, &policy, &detail),
                  SLW_MALFORMED);
    slw_heap_free(&other);
    slw_private_key_free(key);
}

/* What was signed is what is read: a byte of the payload changed, and nobody signed it. */
static void refuses_a_payload_that_was_changed(void)
{
    static const char *const signers[] = {"anna", "bert", NULL};
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer changed = {0};
    struct slw_dsse envelope;
    struct slw_policy *former = NULL;
    struct slw_policy *policy = NULL;
    TAP_EQUAL_INT(test_parse(NULL, NULL, &former, &detail), SLW_OK);
    TAP_REQUIRE(former != NULL);
    TAP_CHECK(sign("\"version\":7", "\"version\":8", ORIGIN, signers, &text));
    TAP_EQUAL_INT(slw_dsse_parse("envelope", slw_heap_bytes(&text), &envelope, &detail), SLW_OK);
    struct slw_heap_buffer payload = {0};
    slw_heap_append(&payload, envelope.payload);
    slw_heap_append(&payload, slw_bytes_make("", 1));
    payload.len--;
    char *at = strstr((char *)payload.ptr, "\"version\":8");
    TAP_REQUIRE(at != NULL);
    at[10] = '9';
    envelope.payload = slw_heap_bytes(&payload);
    slw_dsse_format(&envelope, &changed);
    TAP_EQUAL_INT(slw_policy_open(slw_heap_bytes(&changed), ORIGIN, former, &policy, &detail),
                  SLW_BELOW_THRESHOLD);
    slw_dsse_free(&envelope);
    slw_heap_free(&payload);
    slw_heap_free(&changed);
    slw_heap_free(&text);
    slw_policy_free(former);
}

int main(void)
{
    TAP_RUN(opens_what_enough_administrators_signed);
    TAP_RUN(refuses_what_administrators_did_not_agree_to);
    TAP_RUN(replaces_administrators_by_both_thresholds);
    TAP_RUN(asks_a_first_policy_for_its_own_threshold);
    TAP_RUN(refuses_policies_for_other_services);
    TAP_RUN(refuses_what_is_no_policy);
    TAP_RUN(refuses_a_payload_that_was_changed);
    return tap_finish();
}
