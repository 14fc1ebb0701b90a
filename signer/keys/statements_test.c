/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that nobody may make, or not here, or too many of; calls that may not be made. */
#include "test_signer.h"

#include "service_parts.h"

#include "tap.h"

#include <stdlib.h>

static const struct test_asking for_test_key = {.key = "lamp-test"};
static const struct test_bundle test_class = {.root_class = SLW_KEY_CLASS_TEST,
                                              .targets_key = TEST_KEY_TEST};

static enum slw_status say_signed(struct test_signer *signer, struct slw_bytes type,
                                  struct slw_bytes payload, const int *by)
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    for (size_t i = 0; by[i] >= 0; i++) {
        const struct slw_private_key *key = test_key((enum test_party)by[i]);
        struct slw_heap_buffer next = {0};
        struct slw_dsse envelope;
        if (i == 0) {
            if (slw_dsse_sign(key, type, payload, &next, &detail) != SLW_OK) {
                abort();
            }
        } else if (slw_dsse_parse("statement", slw_heap_bytes(&text), &envelope, &detail) !=
                       SLW_OK ||
                   slw_dsse_add_by(&envelope, key, &next, &detail) != SLW_OK) {
            abort();
        } else {
            slw_dsse_free(&envelope);
        }
        slw_heap_free(&text);
        text = next;
    }
    enum slw_status status = test_say(signer, slw_heap_bytes(&text));
    slw_heap_free(&text);
    return status;
}

/* The payload of the last request. */
static void payload_of(const struct test_signer *signer, struct slw_heap_buffer *ret_payload)
{
    struct slw_dsse envelope;
    struct slw_detail detail = {""};
    if (slw_dsse_parse("request", slw_heap_bytes(&signer->request), &envelope, &detail) != SLW_OK) {
        abort();
    }
    slw_heap_append(ret_payload, envelope.payload);
    slw_dsse_free(&envelope);
}

static void refuses_statements_that_arent_one_persons(void)
{
    static const int ci[] = {TEST_CI, -1};
    static const int two[] = {TEST_CI, TEST_ADA, -1};
    struct test_signer signer;
    struct slw_heap_buffer payload = {0};
    TAP_REQUIRE(test_signer_open(&signer));
    struct test_asking stranger = for_test_key;
    stranger.by = TEST_OTHER;
    stranger.by_set = true;
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &stranger), SLW_UNSIGNED);
    payload_of(&signer, &payload);
    TAP_EQUAL_INT(
        say_signed(&signer, SLW_BYTES_OF("application/json"), slw_heap_bytes(&payload), ci),
        SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(say_signed(&signer, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), two),
                  SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(say_signed(&signer, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), ci), SLW_OK);
    slw_heap_free(&payload);
    test_signer_close(&signer);
}

static enum slw_status say_kind(struct test_signer *signer, enum slw_statement_kind kind,
                                const char *predicate, const int *by)
{
    struct slw_heap_buffer payload = {0};
    slw_statement_format(kind, SLW_BYTES_OF("x"), signer->staged,
                         slw_bytes_make(predicate, strlen(predicate)), &payload);
    enum slw_status status = say_signed(signer, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), by);
    slw_heap_free(&payload);
    return status;
}

static void refuses_statements_that_arent_said_to_it(void)
{
    static const int ci[] = {TEST_CI, -1};
    static const int administrators[] = {TEST_ADMIN1, TEST_ADMIN2, -1};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(say_kind(&signer, SLW_STATEMENT_PROVENANCE, "{}", ci), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(say_kind(&signer, SLW_STATEMENT_TEST_RESULT, "{}", ci), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(say_kind(&signer, SLW_STATEMENT_TAKEOVER, "{}", administrators),
                  SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(say_kind(&signer, SLW_STATEMENT_REQUEST, "{}", ci), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(say_kind(&signer, SLW_STATEMENT_STAGE, "{}", ci), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(say_kind(&signer, SLW_STATEMENT_CEREMONY, "{\"step\":0}", ci), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(signer.service->book.epoch, 1);
    test_signer_close(&signer);
}

static enum slw_status stage_of(struct test_signer *signer, enum test_party by, uint64_t length,
                                int64_t issued_utc_s)
{
    struct slw_stage said = {
        .signer = SLW_BYTES_OF(TEST_ORIGIN), .length = length, .issued_utc_s = issued_utc_s};
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    memset(said.sha256, (int)length, sizeof said.sha256);
    if (slw_stage_format(&said, &payload, &detail) != SLW_OK) {
        abort();
    }
    test_sign_statement(by, slw_heap_bytes(&payload), &envelope);
    enum slw_status status = test_say(signer, slw_heap_bytes(&envelope));
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
    return status;
}

static enum slw_status stage(struct test_signer *signer, enum test_party by, uint64_t length)
{
    return stage_of(signer, by, length, signer->now_utc_s);
}

static void stages_only_what_may_be_asked_for(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(stage(&signer, TEST_BEN, 10), SLW_NOT_PERMITTED);
    TAP_EQUAL_INT(stage(&signer, TEST_LAB, 10), SLW_NOT_PERMITTED);
    TAP_EQUAL_INT(stage(&signer, TEST_CI, (1 << 23) + 1), SLW_TOO_LARGE);
    TAP_EQUAL_INT(stage_of(&signer, TEST_CI, 10, TEST_START + 301), SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(stage_of(&signer, TEST_CI, 10, TEST_START - 901), SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(stage_of(&signer, TEST_CI, 10, TEST_START + 300), SLW_OK);
    TAP_EQUAL_INT(stage_of(&signer, TEST_CI, 11, TEST_START - 900), SLW_OK);
    TAP_EQUAL_INT(stage(&signer, TEST_CI, 1 << 23), SLW_OK);
    test_signer_close(&signer);
}

static void refuses_what_has_expired_at_once(void)
{
    struct test_signer signer;
    const struct test_asking late = {
        .issued = TEST_START - 10, .expires = TEST_START, .no_stage = true, .no_upload = true};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &late), SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(signer.service->book.list_count, 0);
    test_signer_close(&signer);
}

/* What came of the first bytes of what is staged with this length. */
static enum slw_status upload_first(struct test_signer *signer, uint64_t length)
{
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_UPLOAD, .has_digest = true, .bytes = SLW_BYTES_OF("a beginning")};
    memset(call.digest, (int)length, sizeof call.digest);
    TAP_CHECK(test_call(signer, &call));
    return signer->reason[0] == '\0' ? SLW_OK : slw_status_from_word(signer->reason);
}

/* Two of them fit, one of a requester: whoever stages without end, by whichever key, leaves others
 * room. */
static void bounds_what_may_be_staged_at_one_time(void)
{
    static const struct {
        enum test_party by;
        enum slw_status status;
        const char *told;
    } rows[] = {
        {TEST_CI, SLW_OK, ""},
        {TEST_CI, SLW_TOO_MANY, "\"ci\""},
        {TEST_ADA, SLW_OK, ""},
        {TEST_ADA_SECOND, SLW_TOO_MANY, "\"ada\""},
        {TEST_BEN, SLW_TOO_MANY, "no room for more staged bundles at present"},
    };
    struct test_signer signer;
    const struct test_policy policy = {
        .rules_more = ",{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\","
                      "\"channels\":[\"beta\"],\"requesters\":[\"ben\"]}"};
    TAP_REQUIRE(test_signer_open_with(&signer, &policy));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint64_t length = ((uint64_t)7 << 20) + i + 1;
        TAP_EQUAL_INT(stage(&signer, rows[i].by, length), SLW_OK);
        TAP_EQUAL_INT(upload_first(&signer, length), rows[i].status);
        TAP_CHECK(strstr(signer.detail, rows[i].told) != NULL);
    }
    test_signer_close(&signer);
}

static void takes_no_approval_of_what_nobody_asked_for(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    memset(signer.id, 9, sizeof signer.id);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}),
                  SLW_BAD_STATEMENT);
    test_signer_close(&signer);
}

/* Before it is known what a request is for, too: anybody known could fill what room it has. */
static void takes_no_approval_by_who_approves_nothing_like_it(void)
{
    static const enum test_party others[] = {TEST_CI, TEST_LAB, TEST_EVE};
    const struct test_policy policy = {.prod_approvals =
                                           "{\"count\":2,\"people\":[\"ada\",\"ben\"]}"};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open_with(&signer, &policy));
    TAP_EQUAL_INT(
        test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){.no_upload = true}),
        SLW_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = others[i]}),
                      SLW_NOT_PERMITTED);
    }
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    TAP_EQUAL_INT(slw_book_request_find(&signer.service->book, signer.id)->approvals_count, 1);
    test_signer_close(&signer);
}

static void approvals_at_once(struct test_signer *signer, int first, int count)
{
    struct slw_detail detail = {""};
    uint8_t *packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    TAP_REQUIRE(packet != NULL);
    for (int i = first; i < first + count; i++) {
        struct slw_heap_buffer envelope = {0};
        test_approval_envelope(
            signer, &(struct test_approving){.by = TEST_ADA, .expires = TEST_START + 60 + i},
            &envelope);
        struct slw_signer_call call = {.number = ++signer->number,
                                       .kind = SLW_SIGNER_SUBMIT,
                                       .bytes = slw_heap_bytes(&envelope)};
        TAP_EQUAL_INT(slw_signer_call_send(signer->socket, &call, packet, &detail), SLW_OK);
        slw_heap_free(&envelope);
    }
    free(packet);
}

/* The last ones come at once, before the log has any of them: one too many would be in the log for
 * ever, and the book have no room for it. */
static void bounds_how_many_approvals_a_request_has(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    int count = 0;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    for (; count < (int)SLW_POLICY_APPROVALS_MAX - 2; count++) {
        const struct test_approving approving = {.by = TEST_ADA,
                                                 .expires = TEST_START + 60 + count};
        TAP_EQUAL_INT(test_approve(&signer, &approving), SLW_OK);
    }
    approvals_at_once(&signer, count, 8);
    const struct slw_book_request *request =
        slw_book_request_find(&signer.service->book, signer.id);
    for (int i = 0; i < 600 && request->approvals_count < SLW_POLICY_APPROVALS_MAX; i++) {
        test_settle(&signer);
    }
    test_settle(&signer);
    TAP_CHECK(!signer.service->broken);
    TAP_EQUAL_INT(request->approvals_count, SLW_POLICY_APPROVALS_MAX);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_TOO_MANY);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    test_signer_close(&signer);
}

/* How many requests of theirs are taken before they are too many. */
static unsigned asks_without_end(struct test_signer *signer, enum test_party by)
{
    const struct test_asking never = {
        .by = by, .by_set = true, .key = "lamp-test", .no_stage = true, .no_upload = true};
    enum slw_status status = SLW_OK;
    unsigned count = 0;
    while (count < SLW_SERVICE_OPEN_MAX + 10) {
        status = test_submit(signer, &test_class, &never);
        if (status != SLW_OK) {
            break;
        }
        count++;
    }
    TAP_EQUAL_INT(status, SLW_TOO_MANY);
    return count;
}

static void bounds_how_many_requests_are_open(void)
{
    const struct test_policy policy = {
        .rules_more = ",{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\","
                      "\"channels\":[\"beta\"],\"requesters\":[\"ben\"]}"};
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open_with(&signer, &policy));
    /* One asks without end: others may ask all the same, after a start, too. */
    TAP_EQUAL_INT(asks_without_end(&signer, TEST_CI), SLW_SERVICE_OPEN_EACH_MAX);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_EQUAL_INT(asks_without_end(&signer, TEST_CI), 0);
    TAP_EQUAL_INT(asks_without_end(&signer, TEST_ADA),
                  SLW_SERVICE_OPEN_MAX - SLW_SERVICE_OPEN_EACH_MAX);
    TAP_EQUAL_INT(asks_without_end(&signer, TEST_BEN), 0);
    test_signer_close(&signer);
}

/* Who may ask for nothing fills nothing, either. */
static void opens_no_request_that_no_rule_is_for(void)
{
    struct test_signer signer;
    struct test_asking asking = {.by_set = true, .no_stage = true, .no_upload = true};
    TAP_REQUIRE(test_signer_open(&signer));
    asking.by = TEST_LAB;
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &asking), SLW_NOT_PERMITTED);
    asking.by = TEST_EVE;
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &asking), SLW_NOT_PERMITTED);
    TAP_EQUAL_INT(signer.service->book.list_count, 0);
    test_signer_close(&signer);
}

/* One too many would be in the log for ever, and no start could read it. */
static void takes_no_request_that_the_book_has_no_room_for(void)
{
    const struct test_asking never = {.key = "lamp-test", .no_stage = true, .no_upload = true};
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open(&signer));
    struct slw_book *book = &signer.service->book;
    const size_t count = book->list_count;
    book->list_count = SLW_BOOK_REQUESTS_MAX;
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &never), SLW_TOO_MANY);
    book->list_count = count;
    TAP_CHECK(!signer.service->broken);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    test_signer_close(&signer);
}

static void answers_calls_that_come_too_often(void)
{
    struct test_signer signer;
    unsigned refused = 0;
    TAP_REQUIRE(test_signer_open(&signer));
    for (int i = 0; i < 400; i++) {
        struct slw_signer_call call = {.kind = SLW_SIGNER_HEALTH};
        signer.now_ms -= 40; /* what test_call() lets pass */
        TAP_REQUIRE(test_call(&signer, &call));
        refused += slw_status_from_word(signer.reason) == SLW_TOO_MANY ? 1 : 0;
    }
    TAP_CHECK(refused > 0);
    test_signer_close(&signer);
}

static void hangs_up_on_a_call_that_isnt_for_it(void)
{
    struct test_signer signer;
    struct slw_signer_call call = {.kind = SLW_SIGNER_ADD_CHECKPOINT,
                                   .bytes = SLW_BYTES_OF("old 0\n\nx\n")};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_CHECK(!test_call(&signer, &call));
    TAP_EQUAL_INT(signer.socket, -1);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(refuses_statements_that_arent_one_persons);
    TAP_RUN(refuses_statements_that_arent_said_to_it);
    TAP_RUN(stages_only_what_may_be_asked_for);
    TAP_RUN(refuses_what_has_expired_at_once);
    TAP_RUN(bounds_what_may_be_staged_at_one_time);
    TAP_RUN(takes_no_approval_of_what_nobody_asked_for);
    TAP_RUN(takes_no_approval_by_who_approves_nothing_like_it);
    TAP_RUN(bounds_how_many_approvals_a_request_has);
    TAP_RUN(bounds_how_many_requests_are_open);
    TAP_RUN(opens_no_request_that_no_rule_is_for);
    TAP_RUN(takes_no_request_that_the_book_has_no_room_for);
    TAP_RUN(answers_calls_that_come_too_often);
    TAP_RUN(hangs_up_on_a_call_that_isnt_for_it);
    return tap_finish();
}
