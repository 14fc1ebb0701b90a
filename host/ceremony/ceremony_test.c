/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of ceremonies and what is refused in them; entries made and accepted without a folder. */
#include "slipway/ceremony.h"
#include "slipway/dsse.h"
#include "slipway/signed_draft.h"

#include "tap.h"

#include <stdlib.h>

#define KEYS 6
#define NOW 1900000000 /* 2030-03-17T17:46:40Z */

static struct slw_detail detail;
static struct slw_private_key *keys[KEYS]; /* 0 and 1 are people's, the others are for roots */

static const struct slw_public_key *public_key(size_t index)
{
    return slw_private_key_public(keys[index]);
}

static void make_keys(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        TAP_CHECK(slw_private_key_generate(i % 2 == 0 ? SLW_KEY_TYPE_P256 : SLW_KEY_TYPE_ED25519,
                                           &keys[i], &detail) == SLW_OK);
    }
}

/* Ada brings a root key and a targets key, Ben a root key. */
static struct slw_ceremony_plan first_plan(void)
{
    struct slw_ceremony_plan plan = {
        .name = SLW_BYTES_OF("lamp"),
        .kind = SLW_CEREMONY_NEW_ROOT,
        .created_utc_s = NOW,
        .key_class = SLW_KEY_CLASS_PROD,
        .people = {{SLW_BYTES_OF("ada"), *public_key(0)}, {SLW_BYTES_OF("ben"), *public_key(1)}},
        .people_count = 2,
        .new_keys = {{0, SLW_ROLE_ROOT}, {1, SLW_ROLE_ROOT}, {0, SLW_ROLE_TARGETS}},
        .new_keys_count = 3,
    };
    plan.thresholds[SLW_ROLE_ROOT] = 2;
    plan.thresholds[SLW_ROLE_TARGETS] = 1;
    return plan;
}

static enum slw_status format(const struct slw_ceremony_plan *plan, struct slw_heap_buffer *text)
{
    detail.text[0] = '\0';
    return slw_ceremony_plan_format(plan, text, &detail);
}

static enum slw_status open_text(struct slw_bytes text)
{
    struct slw_ceremony *ceremony = NULL;
    detail.text[0] = '\0';
    enum slw_status status = slw_ceremony_open(text, slw_bytes_make(NULL, 0), &ceremony, &detail);
    TAP_CHECK((status == SLW_OK) == (ceremony != NULL));
    slw_ceremony_free(ceremony);
    return status;
}

static void a_plan_leads_to_its_steps(void)
{
    struct slw_ceremony_plan plan = first_plan();
    struct slw_heap_buffer text = {0};
    struct slw_ceremony *ceremony = NULL;
    TAP_REQUIRE(format(&plan, &text) == SLW_OK);
    TAP_REQUIRE(slw_ceremony_open(slw_heap_bytes(&text), slw_bytes_make(NULL, 0), &ceremony,
                                  &detail) == SLW_OK);
    static const struct {
        enum slw_ceremony_step_kind kind;
        size_t person;
    } expected[] = {{SLW_CEREMONY_ACCEPT, 0}, {SLW_CEREMONY_ACCEPT, 1}, {SLW_CEREMONY_KEY, 0},
                    {SLW_CEREMONY_KEY, 1},    {SLW_CEREMONY_KEY, 0},    {SLW_CEREMONY_SIGN, 0},
                    {SLW_CEREMONY_SIGN, 1},   {SLW_CEREMONY_FINISH, 0}};
    TAP_EQUAL_INT(slw_ceremony_steps_count(ceremony), 8);
    for (size_t i = 0; i < 8; i++) {
        TAP_EQUAL_INT(slw_ceremony_step(ceremony, i).kind, expected[i].kind);
        TAP_EQUAL_INT(slw_ceremony_step(ceremony, i).person, expected[i].person);
    }
    TAP_CHECK(slw_ceremony_made_sha256(ceremony) == NULL);
    slw_ceremony_free(ceremony);
    slw_heap_free(&text);
}

static void change_thresholds(struct slw_ceremony_plan *plan)
{
    plan->thresholds[SLW_ROLE_ROOT] = 3;
}
static void change_no_threshold(struct slw_ceremony_plan *plan)
{
    plan->thresholds[SLW_ROLE_TARGETS] = 0;
}
static void change_nobody(struct slw_ceremony_plan *plan)
{
    plan->people_count = 0;
    plan->new_keys_count = 0;
}
static void change_same_name(struct slw_ceremony_plan *plan)
{
    plan->people[1].name = plan->people[0].name;
}
static void change_same_key(struct slw_ceremony_plan *plan)
{
    plan->people[1].key = plan->people[0].key;
}
static void change_no_name(struct slw_ceremony_plan *plan)
{
    plan->people[1].name.len = 0;
}
static void change_control_character(struct slw_ceremony_plan *plan)
{
    plan->people[1].name = SLW_BYTES_OF("b\033[2J");
}
static void change_not_utf8(struct slw_ceremony_plan *plan)
{
    plan->name = SLW_BYTES_OF("l\xC3");
}
static void change_long_name(struct slw_ceremony_plan *plan)
{
    plan->name = SLW_BYTES_OF("0123456789012345678901234567890123456789012345678901234567890123x");
}
static void change_stranger(struct slw_ceremony_plan *plan)
{
    plan->new_keys[1].person = 7;
}
static void change_role(struct slw_ceremony_plan *plan)
{
    plan->new_keys[1].role = SLW_ROLE_SNAPSHOT;
}
static void change_rotation(struct slw_ceremony_plan *plan)
{
    plan->kind = SLW_CEREMONY_ROTATION;
}
static void change_recovery(struct slw_ceremony_plan *plan)
{
    plan->kind = SLW_CEREMONY_RECOVERY;
    plan->has_former = true;
}
static void change_former(struct slw_ceremony_plan *plan)
{
    plan->has_former = true;
}
static void change_signer(struct slw_ceremony_plan *plan)
{
    plan->signers[plan->signers_count++] = (struct slw_ceremony_signer){0, *public_key(2)};
}
static void change_removal(struct slw_ceremony_plan *plan)
{
    memset(plan->removals[0].key_id, 'a', SLW_CEREMONY_KEY_ID_SIZE);
    plan->removals_count = 1;
}
static void change_repository(struct slw_ceremony_plan *plan)
{
    plan->format = SLW_CEREMONY_REPOSITORY;
}
static void change_revocation(struct slw_ceremony_plan *plan)
{
    plan->kind = SLW_CEREMONY_REVOCATION;
    plan->has_former = true;
    plan->reason = SLW_BYTES_OF("stolen");
    change_signer(plan);
}
static void change_revocation_without_reason(struct slw_ceremony_plan *plan)
{
    change_revocation(plan);
    change_removal(plan);
    plan->reason.len = 0;
}
static void change_signer_who_takes_part(struct slw_ceremony_plan *plan)
{
    change_revocation(plan);
    change_removal(plan);
    plan->signers[0].key = *public_key(0);
}
static void change_signer_twice(struct slw_ceremony_plan *plan)
{
    change_revocation(plan);
    change_removal(plan);
    change_signer(plan);
}

static void refuses_plans_that_make_no_sense(void)
{
    static const struct {
        const char *name;
        void (*change)(struct slw_ceremony_plan *plan);
    } rows[] = {
        {"a threshold out of reach", change_thresholds},
        {"a role without a threshold", change_no_threshold},
        {"nobody", change_nobody},
        {"two of one name", change_same_name},
        {"two with one key", change_same_key},
        {"somebody without a name", change_no_name},
        {"a name with control characters", change_control_character},
        {"a name that isn't UTF-8", change_not_utf8},
        {"a long name", change_long_name},
        {"a key of somebody who doesn't take part", change_stranger},
        {"a role that bundles don't have", change_role},
        {"a rotation of nothing", change_rotation},
        {"a recovery without a reason", change_recovery},
        {"a first root after another", change_former},
        {"a signer for no former root", change_signer},
        {"a key to remove from no root", change_removal},
        {"a repository's root with a class", change_repository},
        {"a revocation of nothing", change_revocation},
        {"a revocation without a reason", change_revocation_without_reason},
        {"one key for entries and root", change_signer_who_takes_part},
        {"one signer twice", change_signer_twice},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_ceremony_plan plan = first_plan();
        struct slw_heap_buffer text = {0};
        TAP_ROW(rows[i].name);
        rows[i].change(&plan);
        TAP_EQUAL_INT(format(&plan, &text), SLW_BAD_STATEMENT);
        TAP_EQUAL_INT(text.len, 0);
        TAP_CHECK(detail.text[0] != '\0');
        slw_heap_free(&text);
    }
}

/* The text of a good plan with the first `from` replaced. */
static enum slw_status open_changed(const char *from, const char *to)
{
    struct slw_ceremony_plan plan = first_plan();
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer changed = {0};
    TAP_CHECK(format(&plan, &text) == SLW_OK);
    const char *start = slw_heap_text(&text);
    const char *at = strstr(start, from);
    TAP_CHECK(at != NULL);
    if (at != NULL) {
        slw_heap_append(&changed, slw_bytes_make(start, (size_t)(at - start)));
        slw_heap_append_text(&changed, to);
        slw_heap_append_text(&changed, at + strlen(from));
    }
    enum slw_status status = open_text(slw_heap_bytes(&changed));
    slw_heap_free(&changed);
    slw_heap_free(&text);
    return status;
}

static void reads_plans_strictly(void)
{
    static const struct {
        const char *from;
        const char *to;
        enum slw_status status;
    } rows[] = {
        {"{\"ceremony\"", "{\"more\":1,\"ceremony\"", SLW_BAD_STATEMENT},
        {"{\"ceremony\"", "{\"kind\":\"new-root\",\"ceremony\"", SLW_MALFORMED},
        {"{\"ceremony\"", "[{\"ceremony\"", SLW_MALFORMED},
        {"\"ceremony\":\"lamp\",", "", SLW_BAD_STATEMENT},
        {"\"lamp\"", "1", SLW_BAD_STATEMENT},
        {"\"lamp\"", "\"\"", SLW_BAD_STATEMENT},
        {"\"lamp\"", "\"la\\nmp\"", SLW_BAD_STATEMENT},
        {"\"new-root\"", "\"New-root\"", SLW_BAD_STATEMENT},
        {"\"bundle\"", "\"both\"", SLW_BAD_STATEMENT},
        {"\"prod\"", "\"production\"", SLW_BAD_STATEMENT},
        {"\"created\":\"2030", "\"created\":\"x2030", SLW_BAD_STATEMENT},
        {":40Z\"", ":40.5Z\"", SLW_BAD_STATEMENT},
        {"\"nonce\":\"", "\"nonce\":\"00", SLW_BAD_STATEMENT},
        {"\"nonce\":\"00", "\"nonce\":\"0A", SLW_BAD_STATEMENT},
        {"\"thresholds\":{\"root\":2", "\"thresholds\":{\"root\":0", SLW_BAD_STATEMENT},
        {"\"thresholds\":{\"root\":2", "\"thresholds\":{\"root\":-1", SLW_BAD_STATEMENT},
        {"\"thresholds\":{\"root\":2", "\"thresholds\":{\"root\":\"2\"", SLW_BAD_STATEMENT},
        {"\"thresholds\":{\"root\":2", "\"thresholds\":{\"root\":4294967298", SLW_BAD_STATEMENT},
        {"\"thresholds\":{\"root\"", "\"thresholds\":{\"king\":1,\"root\"", SLW_BAD_STATEMENT},
        {"\"people\":[", "\"people\":[1,", SLW_BAD_STATEMENT},
        {"\"people\":[{", "\"people\":[{\"age\":7,", SLW_BAD_STATEMENT},
        {"BEGIN PUBLIC", "BEGIN PRIVATE", SLW_BAD_STATEMENT},
        {"\"new_keys\":[{\"person\":\"ada\"", "\"new_keys\":[{\"person\":\"Ada\"",
         SLW_BAD_STATEMENT},
        {"\"role\":\"root\"", "\"role\":\"mirrors\"", SLW_BAD_STATEMENT},
        {"\"signers\":[]", "\"signers\":{}", SLW_BAD_STATEMENT},
        {"\"signers\":[],", "", SLW_BAD_STATEMENT},
        {"\"removals\":[]", "\"removals\":[{\"role\":\"root\",\"key_id\":\"00\"}]",
         SLW_BAD_STATEMENT},
    };
    TAP_EQUAL_INT(open_changed("\"lamp\"", "\"lamp\""), SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].to);
        TAP_EQUAL_INT(open_changed(rows[i].from, rows[i].to), rows[i].status);
    }
}

static void refuses_plans_over_a_limit(void)
{
    struct slw_heap_buffer text = {0};
    for (size_t i = 0; i <= SLW_CEREMONY_PLAN_SIZE_MAX; i++) {
        slw_heap_append_text(&text, " ");
    }
    TAP_EQUAL_INT(open_text(slw_heap_bytes(&text)), SLW_TOO_LARGE);
    TAP_EQUAL_INT(open_text(slw_bytes_make(NULL, 0)), SLW_MALFORMED);
    slw_heap_free(&text);
    for (size_t i = 0; i <= SLW_CEREMONY_KEYS_MAX; i++) {
        slw_heap_append_text(&text, "{\"person\":\"ada\",\"role\":\"root\"},");
    }
    slw_heap_append_text(&text, "");
    struct slw_heap_buffer list = {0};
    slw_heap_printf(&list, "\"new_keys\":[%s", slw_heap_text(&text));
    TAP_EQUAL_INT(open_changed("\"new_keys\":[", slw_heap_text(&list)), SLW_BAD_STATEMENT);
    slw_heap_free(&list);
    slw_heap_free(&text);
}

/* Does the step that is due, as its person would. */
static enum slw_status do_step(struct slw_ceremony *ceremony)
{
    static const size_t root_keys[] = {2, 3, 4}; /* of the new keys, in the plan's order */
    struct slw_heap_buffer entry = {0};
    struct slw_ceremony_step step = slw_ceremony_step(ceremony, slw_ceremony_steps_done(ceremony));
    bool works = step.kind == SLW_CEREMONY_KEY || step.kind == SLW_CEREMONY_SIGN;
    enum slw_status status =
        slw_ceremony_make_entry(ceremony, keys[step.person],
                                works ? keys[root_keys[step.new_key]] : NULL, NOW, &entry, &detail);
    if (status == SLW_OK) {
        status = slw_ceremony_accept_entry(ceremony, "entry", slw_heap_bytes(&entry), &detail);
    }
    slw_heap_free(&entry);
    return status;
}

static void a_root_comes_out_that_its_keys_signed(void)
{
    struct slw_ceremony_plan plan = first_plan();
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer root = {0};
    struct slw_ceremony *ceremony = NULL;
    struct slw_signed_draft draft;
    TAP_REQUIRE(format(&plan, &text) == SLW_OK);
    TAP_REQUIRE(slw_ceremony_open(slw_heap_bytes(&text), slw_bytes_make(NULL, 0), &ceremony,
                                  &detail) == SLW_OK);
    for (size_t i = 0; i < 7; i++) {
        TAP_CHECK(!slw_ceremony_is_signed(ceremony));
        TAP_EQUAL_INT(slw_ceremony_result(ceremony, &root, &detail), SLW_WRONG_STATE);
        TAP_EQUAL_INT(do_step(ceremony), SLW_OK);
    }
    TAP_CHECK(slw_ceremony_is_signed(ceremony));
    TAP_EQUAL_INT(slw_ceremony_result(ceremony, &root, &detail), SLW_OK);
    TAP_REQUIRE(slw_signed_draft_parse("root", slw_heap_bytes(&root), &draft, &detail) == SLW_OK);
    TAP_EQUAL_INT(draft.count, 2);
    TAP_EQUAL_INT(slw_signed_draft_verify(&draft, &draft.signatures[0], SLW_KEY_TYPE_P256,
                                          public_key(2)->value),
                  SLW_OK);
    TAP_EQUAL_INT(slw_signed_draft_verify(&draft, &draft.signatures[1], SLW_KEY_TYPE_ED25519,
                                          public_key(3)->value),
                  SLW_OK);
    TAP_EQUAL_INT(do_step(ceremony), SLW_OK);
    TAP_EQUAL_INT(slw_ceremony_accept_entry(ceremony, "more", slw_heap_bytes(&root), &detail),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_ceremony_make_entry(ceremony, keys[0], NULL, NOW, &text, &detail),
                  SLW_WRONG_STATE);
    slw_ceremony_free(ceremony);
    slw_heap_free(&root);
    slw_heap_free(&text);
}

/* One bit of an entry, anywhere: refused, and nothing of it stays. */
static void refuses_an_entry_with_any_bit_changed(void)
{
    struct slw_ceremony_plan plan = first_plan();
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer entry = {0};
    struct slw_ceremony *ceremony = NULL;
    unsigned accepted = 0;
    TAP_REQUIRE(format(&plan, &text) == SLW_OK);
    TAP_REQUIRE(slw_ceremony_open(slw_heap_bytes(&text), slw_bytes_make(NULL, 0), &ceremony,
                                  &detail) == SLW_OK);
    TAP_REQUIRE(do_step(ceremony) == SLW_OK && do_step(ceremony) == SLW_OK);
    TAP_REQUIRE(slw_ceremony_make_entry(ceremony, keys[0], keys[2], NOW, &entry, &detail) ==
                SLW_OK);
    for (size_t i = 0; i < entry.len; i++) {
        entry.ptr[i] ^= (uint8_t)(1u << (i % 8));
        accepted +=
            slw_ceremony_accept_entry(ceremony, "entry", slw_heap_bytes(&entry), &detail) == SLW_OK;
        entry.ptr[i] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t len = 0; len < entry.len; len += 7) {
        accepted += slw_ceremony_accept_entry(ceremony, "entry", slw_bytes_make(entry.ptr, len),
                                              &detail) == SLW_OK;
    }
    TAP_EQUAL_INT(accepted, 0);
    TAP_EQUAL_INT(slw_ceremony_steps_done(ceremony), 2);
    TAP_EQUAL_INT(slw_ceremony_accept_entry(ceremony, "entry", slw_heap_bytes(&entry), &detail),
                  SLW_OK);
    slw_ceremony_free(ceremony);
    slw_heap_free(&entry);
    slw_heap_free(&text);
}

static void makes_entries_only_for_who_is_due(void)
{
    struct slw_ceremony_plan plan = first_plan();
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer entry = {0};
    struct slw_ceremony *ceremony = NULL;
    TAP_REQUIRE(format(&plan, &text) == SLW_OK);
    TAP_REQUIRE(slw_ceremony_open(slw_heap_bytes(&text), slw_bytes_make(NULL, 0), &ceremony,
                                  &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_ceremony_make_entry(ceremony, keys[1], NULL, NOW, &entry, &detail),
                  SLW_UNKNOWN_KEY);
    TAP_EQUAL_INT(slw_ceremony_make_entry(ceremony, keys[0], keys[2], NOW, &entry, &detail),
                  SLW_UNKNOWN_KEY);
    TAP_REQUIRE(do_step(ceremony) == SLW_OK && do_step(ceremony) == SLW_OK);
    TAP_EQUAL_INT(slw_ceremony_make_entry(ceremony, keys[0], NULL, NOW, &entry, &detail),
                  SLW_UNKNOWN_KEY);
    for (unsigned i = 0; i < 3; i++) {
        TAP_REQUIRE(do_step(ceremony) == SLW_OK);
    }
    TAP_EQUAL_INT(slw_ceremony_make_entry(ceremony, keys[0], keys[3], NOW, &entry, &detail),
                  SLW_UNKNOWN_KEY);
    TAP_EQUAL_INT(slw_ceremony_make_entry(ceremony, keys[0], keys[5], NOW, &entry, &detail),
                  SLW_UNKNOWN_KEY);
    TAP_EQUAL_INT(entry.len, 0);
    slw_ceremony_free(ceremony);
    slw_heap_free(&entry);
    slw_heap_free(&text);
}

/* The last entry of a ceremony that was done by everybody. */
static bool make_transcript(struct slw_heap_buffer *ret_last)
{
    struct slw_ceremony_plan plan = first_plan();
    struct slw_heap_buffer text = {0};
    struct slw_ceremony *ceremony = NULL;
    bool is_good = TAP_CHECK(format(&plan, &text) == SLW_OK) &&
                   TAP_CHECK(slw_ceremony_open(slw_heap_bytes(&text), slw_bytes_make(NULL, 0),
                                               &ceremony, &detail) == SLW_OK);
    for (size_t i = 0; i < 7 && is_good; i++) {
        is_good = TAP_CHECK(do_step(ceremony) == SLW_OK);
    }
    is_good = is_good && TAP_CHECK(slw_ceremony_make_entry(ceremony, keys[0], NULL, NOW, ret_last,
                                                           &detail) == SLW_OK);
    slw_ceremony_free(ceremony);
    slw_heap_free(&text);
    return is_good;
}

/* Checks what one of the people makes of a transcript by changing its text, and signs anew. */
static enum slw_status check_forged(struct slw_bytes last, const char *from, const char *to,
                                    const struct slw_private_key *signer)
{
    struct slw_dsse envelope;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer forged = {0};
    if (!TAP_CHECK(slw_dsse_parse("last", last, &envelope, &detail) == SLW_OK)) {
        return SLW_OK;
    }
    slw_heap_append(&text, envelope.payload);
    const char *at = strstr(slw_heap_text(&text), from);
    if (TAP_CHECK(at != NULL)) {
        slw_heap_append(&payload, slw_bytes_make(text.ptr, (size_t)(at - slw_heap_text(&text))));
        slw_heap_append_text(&payload, to);
        slw_heap_append_text(&payload, at + strlen(from));
    }
    TAP_EQUAL_INT(
        slw_dsse_sign(signer, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), &forged, &detail), SLW_OK);
    enum slw_status status = slw_ceremony_check_transcript(slw_heap_bytes(&forged), &detail);
    slw_heap_free(&text);
    slw_heap_free(&payload);
    slw_heap_free(&forged);
    slw_dsse_free(&envelope);
    return status;
}

static void checks_a_transcript_by_itself(void)
{
    struct slw_heap_buffer last = {0};
    TAP_REQUIRE(make_transcript(&last));
    struct slw_bytes bytes = slw_heap_bytes(&last);
    TAP_EQUAL_INT(slw_ceremony_check_transcript(bytes, &detail), SLW_OK);
    bytes.len--; /* the line feed */
    TAP_EQUAL_INT(slw_ceremony_check_transcript(bytes, &detail), SLW_OK);
    TAP_EQUAL_INT(check_forged(bytes, "", "", keys[0]), SLW_OK);
    TAP_EQUAL_INT(check_forged(bytes, "", "", keys[1]), SLW_UNSIGNED);
    for (size_t len = 0; len < bytes.len; len += 1009) {
        TAP_CHECK(slw_ceremony_check_transcript(slw_bytes_make(bytes.ptr, len), &detail) != SLW_OK);
    }
    slw_heap_free(&last);
}

/* Whoever closes a ceremony can't put words into the mouths of the others. */
static void refuses_a_transcript_that_its_finisher_forged(void)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"\"sig\":\"", "\"sig\":\"AAAA"},                      /* no signature of the first entry */
        {"\"payload\":\"", "\"payload\":\"AAAA"},              /* another text of it */
        {"{\"payload\":", "{\"payload\":\"\"},{\"payload\":"}, /* one entry more */
        {"\"root\":2", "\"root\":1"},                          /* another plan */
        {"\"kind\":\"finish\"", "\"kind\":\"accept\""},
        {"\"name\":\"lamp\"", "\"name\":\"lamq\""},
        {"\"entries\":[", "\"entries\":[[],"},
        {"\"entries\":", "\"entrees\":"},
        {"\"plan\":", "\"plane\":"},
    };
    struct slw_heap_buffer last = {0};
    TAP_REQUIRE(make_transcript(&last));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].to);
        TAP_CHECK(check_forged(slw_heap_bytes(&last), rows[i].from, rows[i].to, keys[0]) != SLW_OK);
    }
    TAP_ROW(NULL);
    slw_heap_free(&last);
}

int main(void)
{
    make_keys();
    TAP_RUN(a_plan_leads_to_its_steps);
    TAP_RUN(refuses_plans_that_make_no_sense);
    TAP_RUN(reads_plans_strictly);
    TAP_RUN(refuses_plans_over_a_limit);
    TAP_RUN(a_root_comes_out_that_its_keys_signed);
    TAP_RUN(refuses_an_entry_with_any_bit_changed);
    TAP_RUN(makes_entries_only_for_who_is_due);
    TAP_RUN(checks_a_transcript_by_itself);
    TAP_RUN(refuses_a_transcript_that_its_finisher_forged);
    for (size_t i = 0; i < KEYS; i++) {
        slw_private_key_free(keys[i]);
    }
    return tap_finish();
}
