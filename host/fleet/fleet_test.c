/* SPDX-License-Identifier: Apache-2.0 */
/* What devices say: what is made is read as it was, and nothing else is. */
#include "slipway/fleet.h"
#include "slipway/text.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

static struct slw_private_key *key;
static struct slw_private_key *other;

static struct slw_fleet_slot slot;

static struct slw_fleet_report whole_report(void)
{
    slot = (struct slw_fleet_slot){SLW_BYTES_OF("app"), SLW_BYTES_OF("B"), SLW_BYTES_OF("00"), 7};
    return (struct slw_fleet_report){
        .product = SLW_BYTES_OF("lamp"),
        .device = SLW_BYTES_OF("lamp:0001"),
        .nonce = SLW_BYTES_OF("abc"),
        .epoch = 3,
        .sequence = 17,
        .time_s = -5,
        .kind = SLW_FLEET_OUTCOME,
        .boot = SLW_FLEET_BACK,
        .version = 6,
        .root_version = 2,
        .utc_offset_s = -3600,
        .slots = &slot,
        .slots_count = 1,
        .attributes = SLW_BYTES_OF("{\"country\":\"pt\"}"),
        .rollout = 9,
        .release = 7,
        .progress_percent = 100,
        .result = SLW_FLEET_ROLLED_BACK,
        .reason = SLW_BYTES_OF("wrong-hash"),
        .text = SLW_BYTES_OF("<b>target \"app\"</b>"),
    };
}

static enum slw_status open_with(const struct slw_heap_buffer *envelope,
                                 const struct slw_private_key *by,
                                 struct slw_fleet_opened *ret_opened)
{
    struct slw_detail detail = {""};
    return slw_fleet_report_open(slw_heap_bytes(envelope), slw_private_key_public(by), ret_opened,
                                 &detail);
}

static void reads_a_report_as_it_was_made(void)
{
    static struct slw_fleet_opened opened;
    struct slw_fleet_report made = whole_report();
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    TAP_REQUIRE(slw_fleet_report_make(&made, key, &envelope, &detail) == SLW_OK);
    TAP_EQUAL_INT(open_with(&envelope, other, &opened), SLW_UNSIGNED);
    TAP_REQUIRE(open_with(&envelope, key, &opened) == SLW_OK);
    const struct slw_fleet_report *read = &opened.report;
    TAP_CHECK(slw_bytes_equal(read->device, made.device));
    TAP_EQUAL_INT(read->epoch, 3);
    TAP_EQUAL_INT(read->sequence, 17);
    TAP_EQUAL_INT(read->time_s, -5);
    TAP_EQUAL_INT(read->kind, SLW_FLEET_OUTCOME);
    TAP_EQUAL_INT(read->boot, SLW_FLEET_BACK);
    TAP_EQUAL_INT(read->utc_offset_s, -3600);
    TAP_EQUAL_INT(read->result, SLW_FLEET_ROLLED_BACK);
    TAP_CHECK(slw_bytes_equal(read->text, made.text));
    TAP_CHECK(slw_bytes_equal(read->attributes, made.attributes));
    TAP_EQUAL_INT(read->slots_count, 1);
    TAP_EQUAL_INT(read->slots[0].version, 7);
    slw_fleet_opened_free(&opened);
    slw_heap_free(&envelope);
}

/* --- What isn't one --- */

static enum slw_status status_of(struct slw_bytes type, const char *payload)
{
    static struct slw_fleet_opened opened;
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    if (slw_dsse_sign(key, type, slw_text_bytes(payload), &envelope, &detail) != SLW_OK) {
        return SLW_IO_CRYPTO;
    }
    enum slw_status status = open_with(&envelope, key, &opened);
    if (status == SLW_OK) {
        slw_fleet_opened_free(&opened);
    }
    slw_heap_free(&envelope);
    return status;
}

#define HEAD                                                                                       \
    "{\"product\":\"lamp\",\"device\":\"d\",\"nonce\":\"n\",\"epoch\":1,\"sequence\":1,\"time\":"  \
    "1,"
#define REST "\"boot_state\":\"trial\",\"version\":1,\"root_version\":1,\"slots\":[]"

static void refuses_reports_that_make_no_sense(void)
{
    static const struct {
        const char *payload;
        enum slw_status status;
    } rows[] = {
        {HEAD "\"kind\":\"state\"," REST "}", SLW_OK},
        {"", SLW_MALFORMED},
        {"[]", SLW_BAD_ARGUMENT},
        {"{}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\"," REST ",\"more\":1}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\"," REST ",\"epoch\":2}", SLW_MALFORMED},
        {HEAD "\"kind\":\"State\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":7," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"outcome\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"outcome\",\"release\":1," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"outcome\",\"release\":1,\"result\":\"\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"outcome\",\"result\":\"success\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"outcome\",\"release\":1,\"result\":\"success\"," REST "}", SLW_OK},
        {HEAD "\"kind\":\"state\",\"result\":\"success\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"progress\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"progress\",\"release\":1,\"progress_percent\":101," REST "}",
         SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"consent\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"consent\",\"consent_by\":\"me\",\"consent_yes\":1," REST "}",
         SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"utc_offset_s\":86401," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"rollout\":9007199254740992," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"attributes\":[]," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"attributes\":{\"a\":1}," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"attributes\":{\"a\":\"x\\u0000y\"}," REST "}",
         SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"reason\":\"x\\u0000y\"," REST "}", SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"boot_state\":\"trial\",\"version\":1,\"root_version\":1,"
              "\"slots\":{}}",
         SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"boot_state\":\"trial\",\"version\":1,\"root_version\":1,"
              "\"slots\":[{\"name\":\"\",\"version\":1}]}",
         SLW_BAD_ARGUMENT},
        {HEAD "\"kind\":\"state\",\"boot_state\":\"trial\",\"version\":-1,\"root_version\":1,"
              "\"slots\":[]}",
         SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].payload);
        TAP_EQUAL_INT(status_of(SLW_FLEET_REPORT_TYPE, rows[i].payload), rows[i].status);
    }
    TAP_ROW("of another type");
    TAP_EQUAL_INT(status_of(SLW_FLEET_ENROL_TYPE, HEAD "\"kind\":\"state\"," REST "}"),
                  SLW_BAD_STATEMENT);
    TAP_ROW(NULL);
}

static void bounds_what_a_report_says(void)
{
    struct slw_heap_buffer payload = {0};
    slw_heap_append_text(&payload, HEAD "\"kind\":\"state\",\"boot_state\":\"trial\",\"version\":1,"
                                        "\"root_version\":1,\"slots\":[");
    for (size_t i = 0; i <= SLW_FLEET_SLOTS_MAX; i++) {
        slw_heap_append_text(&payload, i == 0 ? "{\"name\":\"a\",\"version\":1}"
                                              : ",{\"name\":\"a\",\"version\":1}");
    }
    slw_heap_append_text(&payload, "]}");
    slw_heap_append(&payload, slw_bytes_make("", 1));
    TAP_EQUAL_INT(status_of(SLW_FLEET_REPORT_TYPE, (const char *)payload.ptr), SLW_TOO_LARGE);
    slw_heap_free(&payload);
    static char spaces[SLW_FLEET_MESSAGE_MAX];
    memset(spaces, ' ', sizeof spaces - 1);
    TAP_EQUAL_INT(status_of(SLW_FLEET_REPORT_TYPE, spaces), SLW_TOO_LARGE);
}

/* --- Enrolment --- */

static void enrols_whoever_has_the_key(void)
{
    static struct slw_fleet_opened opened;
    struct slw_fleet_enrol enrol = {
        .product = SLW_BYTES_OF("lamp"),
        .device = SLW_BYTES_OF("lamp-1"),
        .hardware = SLW_BYTES_OF("lamp-1"),
        .key_class = SLW_BYTES_OF("prod"),
        .token = SLW_BYTES_OF("secret"),
        .time_s = 1,
    };
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    TAP_REQUIRE(slw_fleet_enrol_make(&enrol, key, &envelope, &detail) == SLW_OK);
    TAP_REQUIRE(slw_fleet_enrol_open(slw_heap_bytes(&envelope), &opened, &detail) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(opened.enrol.token, enrol.token));
    TAP_EQUAL_BYTES(opened.key.id, slw_private_key_public(key)->id, sizeof opened.key.id);
    /* The same words by somebody else: he hasn't got the key that stands there. */
    struct slw_heap_buffer forged = {0};
    TAP_CHECK(slw_dsse_sign(other, SLW_FLEET_ENROL_TYPE, opened.envelope.payload, &forged,
                            &detail) == SLW_OK);
    slw_fleet_opened_free(&opened);
    TAP_EQUAL_INT(slw_fleet_enrol_open(slw_heap_bytes(&forged), &opened, &detail), SLW_UNSIGNED);
    slw_heap_free(&forged);
    slw_heap_drop(&envelope);
    enrol.device = SLW_BYTES_OF("../lamp");
    TAP_CHECK(slw_fleet_enrol_make(&enrol, key, &envelope, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_fleet_enrol_open(slw_heap_bytes(&envelope), &opened, &detail), SLW_BAD_NAME);
    slw_heap_free(&envelope);
}

static void knows_names_of_devices(void)
{
    TAP_CHECK(slw_fleet_device_is_good(SLW_BYTES_OF("00:1A:2b_x-y.z")));
    TAP_CHECK(!slw_fleet_device_is_good(SLW_BYTES_OF("")));
    TAP_CHECK(!slw_fleet_device_is_good(SLW_BYTES_OF("a b")));
    TAP_CHECK(!slw_fleet_device_is_good(SLW_BYTES_OF("a/b")));
    TAP_CHECK(!slw_fleet_device_is_good(slw_bytes_make("a\0b", 3)));
    TAP_CHECK(!slw_fleet_device_is_good(
        SLW_BYTES_OF("12345678901234567890123456789012345678901234567890123456789012345")));
}

/* --- Nonces and answers --- */

static void knows_its_own_nonces(void)
{
    static const uint8_t secret[32] = {1, 2, 3};
    static const uint8_t wrong[32] = {1, 2, 4};
    const struct slw_bytes lamp = SLW_BYTES_OF("lamp");
    const struct slw_bytes device = SLW_BYTES_OF("d1");
    char nonce[SLW_FLEET_NONCE_SIZE];
    struct slw_detail detail = {""};
    slw_fleet_nonce_make(secret, lamp, device, 3, 1000000, nonce);
    struct slw_bytes text = slw_text_bytes(nonce);
    /* By another implementation of HMAC-SHA-256. */
    TAP_CHECK(strcmp(nonce, "00000000000f4240c710fc857f795bfa51917a8f848ee365") == 0);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 3, 1000000, text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 3, 1000600, text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 3, 1000601, text, &detail),
                  SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 3, 999970, text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 3, 999969, text, &detail),
                  SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 4, 1000000, text, &detail),
                  SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(
        slw_fleet_nonce_check(secret, lamp, SLW_BYTES_OF("d2"), 3, 1000000, text, &detail),
        SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(slw_fleet_nonce_check(secret, device, device, 3, 1000000, text, &detail),
                  SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(slw_fleet_nonce_check(wrong, lamp, device, 3, 1000000, text, &detail),
                  SLW_STALE_STATEMENT);
    for (size_t i = 0; i < text.len; i++) {
        char changed[SLW_FLEET_NONCE_SIZE];
        memcpy(changed, nonce, sizeof changed);
        changed[i] = (char)(changed[i] ^ 1);
        TAP_EQUAL_INT(slw_fleet_nonce_check(secret, lamp, device, 3, 1000000,
                                            slw_text_bytes(changed), &detail),
                      SLW_STALE_STATEMENT);
    }
}

static void reads_an_answer_as_it_was_put(void)
{
    struct slw_fleet_answer answer = {
        .next_s = 3600,
        .nonce = SLW_BYTES_OF("n"),
        .wants_report = true,
        .has_offer = true,
        .offer = {.rollout = 7,
                  .release = 2,
                  .length = 4711,
                  .valid_s = 900,
                  .role = SLW_BYTES_OF("lamp-stable"),
                  .path = SLW_BYTES_OF("lamp/stable/2.bundle"),
                  .sha256 = SLW_BYTES_OF("00"),
                  .consent_given = true},
    };
    struct slw_fleet_answer read;
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    slw_fleet_answer_put(&answer, &text);
    TAP_REQUIRE(slw_fleet_answer_read(slw_heap_bytes(&text), &read, &detail) == SLW_OK);
    TAP_CHECK(read.wants_report && !read.wants_log && read.has_offer && read.offer.consent_given);
    TAP_EQUAL_INT(read.offer.length, 4711);
    TAP_CHECK(slw_bytes_equal(read.offer.path, answer.offer.path));
    slw_fleet_answer_free(&read);
    static const char *const rows[] = {
        "{}",
        "{\"next_s\":0,\"nonce\":\"n\"}",
        "{\"next_s\":1,\"nonce\":\"n\",\"offer\":[]}",
        "{\"next_s\":1,\"nonce\":\"n\",\"offer\":{\"release\":1}}",
        "{\"next_s\":1,\"nonce\":\"n\",\"report\":1}",
        "{\"next_s\":1,\"nonce\":\"n\",\"else\":1}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_fleet_answer_read(slw_text_bytes(rows[i]), &read, &detail),
                      SLW_BAD_ARGUMENT);
    }
    TAP_ROW(NULL);
    slw_heap_free(&text);
}

int main(void)
{
    struct slw_detail detail = {""};
    if (slw_private_key_generate(SLW_KEY_TYPE_P256, &key, &detail) != SLW_OK ||
        slw_private_key_generate(SLW_KEY_TYPE_ED25519, &other, &detail) != SLW_OK) {
        printf("# %s\n", detail.text);
    }
    TAP_RUN(reads_a_report_as_it_was_made);
    TAP_RUN(refuses_reports_that_make_no_sense);
    TAP_RUN(bounds_what_a_report_says);
    TAP_RUN(enrols_whoever_has_the_key);
    TAP_RUN(knows_names_of_devices);
    TAP_RUN(knows_its_own_nonces);
    TAP_RUN(reads_an_answer_as_it_was_put);
    slw_private_key_free(key);
    slw_private_key_free(other);
    return tap_finish();
}
