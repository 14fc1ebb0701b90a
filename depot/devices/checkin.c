/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check-ins: one indexed read, no write; and none while one that came to nothing is remembered
 * (memory.h). Whoever can't show the secret of the device's present
 * epoch, for whatever reason (another's secret, a former epoch, a device that isn't there or was
 * revoked, a backup that was restored), is told the same: to enrol again.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdlib.h>
#include <string.h>

#define REPORT_DIGITS 16u /* of the last report's digest */

struct asking {
    struct device_reading reading; /* first */
    struct device_claim claim;
    struct devices_ticket ticket;
};

static struct slw_bytes secret_of(const struct slw_http_exchange *exchange)
{
    struct slw_bytes header = slw_http_header(exchange, "Authorization");
    struct slw_bytes scheme = SLW_BYTES_OF("Bearer ");
    if (header.len <= scheme.len || memcmp(header.ptr, scheme.ptr, scheme.len) != 0) {
        return slw_bytes_make("", 0);
    }
    return slw_bytes_make(header.ptr + scheme.len, header.len - scheme.len);
}

static bool is_known(const struct device_row *row, int64_t epoch, struct slw_bytes secret)
{
    uint8_t hash[SLW_SHA256_SIZE];
    people_secret_hash(secret, hash);
    return row->state == DEVICE_ENROLLED && !row->is_restored && row->has_secret &&
           row->epoch == epoch && slw_equal_constant_time(hash, row->secret, sizeof hash);
}

/* Whom the path and the query name. */
static enum slw_status read_name(const struct slw_http_exchange *exchange,
                                 struct device_name *ret_name, int64_t *ret_epoch,
                                 struct slw_detail *detail)
{
    const struct device_name name = {slw_http_parameter(exchange, 0),
                                     slw_http_parameter(exchange, 1)};
    if (!slw_http_query_number(exchange, "e", 1, INT64_MAX, ret_epoch)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "e: the epoch is missing");
    }
    if (!depot_is_name(name.product, "") || !slw_fleet_device_is_good(name.id)) {
        return slw_explain(detail, SLW_BAD_NAME, "that can't be a product and a device");
    }
    *ret_name = name;
    return SLW_OK;
}

static enum slw_status read_claim(const struct slw_http_exchange *exchange,
                                  struct device_claim *ret_claim, struct slw_detail *detail)
{
    struct device_name name;
    struct device_claim claim = {.report = slw_http_query(exchange, "s"),
                                 .secret = secret_of(exchange)};
    if (!slw_http_query_number(exchange, "v", 0, UINT32_MAX, &claim.version) ||
        claim.report.len == 0 || claim.report.len > REPORT_DIGITS) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a check-in has e, v and s");
    }
    SLW_TRY(read_name(exchange, &name, &claim.epoch, detail));
    claim.product = name.product;
    claim.device = name.id;
    *ret_claim = claim;
    return SLW_OK;
}

/* Of a row that was read, or wasn't there. */
static enum slw_status check_known(const struct slw_http_exchange *exchange, enum slw_status status,
                                   const struct device_row *row, int64_t epoch,
                                   struct slw_detail *detail)
{
    if (status == SLW_NOT_FOUND ||
        (status == SLW_OK && !is_known(row, epoch, secret_of(exchange)))) {
        return slw_explain(detail, SLW_EPOCH_OVER, "this enrolment isn't known; enrol again");
    }
    return status;
}

enum slw_status device_row_identify(struct depot *depot, const struct slw_http_exchange *exchange,
                                    struct device_row *ret_row, struct slw_detail *detail)
{
    struct device_name name;
    struct device_row row = {.epoch = 0};
    int64_t epoch = 0;
    SLW_TRY(read_name(exchange, &name, &epoch, detail));
    enum slw_status status = device_row_find(depot, name.product, name.id, &row, detail);
    status = check_known(exchange, status, &row, epoch, detail);
    if (status != SLW_OK) {
        device_row_free(&row);
        return status;
    }
    *ret_row = row;
    return SLW_OK;
}

/* Whether what we know of it is what it last said, and still so. */
static bool is_up_to_date(const struct device_row *row, const struct device_claim *claim)
{
    char digits[REPORT_DIGITS + 1] = "0";
    if (row->has_report) {
        slw_text_hex(slw_bytes_make(row->report, REPORT_DIGITS / 2), digits);
    }
    return row->has_report && row->view.version == claim->version &&
           slw_bytes_equal(claim->report, slw_bytes_make(digits, strlen(digits)));
}

static void take_offer(const struct depot_offer *offer, struct slw_fleet_answer *answer)
{
    answer->has_offer = true;
    answer->offer = (struct slw_fleet_offer){
        .rollout = offer->rollout,
        .release = offer->release,
        .length = offer->size,
        .valid_s = DEPOT_OFFER_VALID_S,
        .release_version = slw_text_bytes(offer->release_version),
        .urgency = slw_text_bytes(offer->urgency),
        .role = slw_text_bytes(offer->role),
        .path = slw_text_bytes(offer->path),
        .sha256 = slw_text_bytes(offer->sha256),
        .consent_given = offer->consent_given,
    };
}

/* With when to come again, and a nonce. */
static void put_answer(struct depot *depot, const struct device_claim *claim, int64_t now_us,
                       struct slw_fleet_answer *answer, struct slw_heap_buffer *text)
{
    char nonce[SLW_FLEET_NONCE_SIZE];
    slw_fleet_nonce_make(depot->secret, claim->product, claim->device, claim->epoch,
                         now_us / DEVICES_US, nonce);
    answer->next_s = devices_seen_next_s(depot->devices->seen);
    answer->nonce = slw_text_bytes(nonce);
    slw_fleet_answer_put(answer, text);
}

/* Notes that it was here, and, when that came to nothing, that it would again. */
static void note(struct depot *depot, const struct device_row *row, const struct asking *asking,
                 const struct slw_fleet_answer *answer, int64_t now_us)
{
    uint64_t offers = 0;
    int64_t seen_us =
        devices_seen_note(depot->devices->seen, &asking->reading.name, row->seen_us, now_us);
    if (!answer->wants_report && !answer->wants_log && !answer->has_offer &&
        depot_offers_are_others(depot, &row->view, &offers)) {
        devices_memory_put(depot->devices->memory, &asking->claim, &asking->ticket, offers,
                           depot_clock_ms(), seen_us / DEVICES_US);
    }
}

static enum slw_status answer_row(struct depot *depot, const struct device_row *row,
                                  const struct asking *asking, struct slw_heap_buffer *text,
                                  struct slw_detail *detail)
{
    struct depot_offer offer;
    int64_t now_us = devices_now_us();
    struct slw_fleet_answer answer = {.wants_report = !is_up_to_date(row, &asking->claim),
                                      .wants_log = row->log_wanted};
    /* What it runs must be known first: else it might be offered what it has. */
    if (!answer.wants_report) {
        enum slw_status status = depot_offer_find(depot, &row->view, now_us, &offer, detail);
        if (status == SLW_OK) {
            take_offer(&offer, &answer);
        } else if (status != SLW_NOT_FOUND) {
            return status;
        }
    }
    note(depot, row, asking, &answer, now_us);
    put_answer(depot, &asking->claim, now_us, &answer, text);
    return SLW_OK;
}

static bool takes_from_bucket(struct depot *depot, const struct device_claim *claim)
{
    return devices_bucket_take(depot->devices->buckets, claim->product, claim->device,
                               SLW_BYTES_OF("checkin"));
}

/* With the device's row, or why there is none. */
static void go_on(struct depot *depot, struct device_reading *reading, enum slw_status status,
                  struct device_row *row, struct slw_detail *detail)
{
    struct asking *asking = (struct asking *)reading;
    struct slw_http_exchange *exchange = reading->exchange;
    struct slw_heap_buffer text = {0};
    status = check_known(exchange, status, row, asking->claim.epoch, detail);
    bool floods = status == SLW_OK && !takes_from_bucket(depot, &asking->claim);
    if (status == SLW_OK && !floods) {
        status = answer_row(depot, row, asking, &text, detail);
    }
    device_row_free(row);
    free(asking);
    if (floods) {
        devices_refuse_flood(exchange);
    } else {
        depot_answer(exchange, status, 200, &text, detail);
    }
}

static void answer_of_memory(struct depot *depot, struct slw_http_exchange *exchange,
                             const struct device_claim *claim, int64_t seen_s)
{
    struct slw_heap_buffer text = {0};
    struct slw_fleet_answer answer = {.has_offer = false};
    const struct device_name name = {claim->product, claim->device};
    int64_t now_us = devices_now_us();
    if (!takes_from_bucket(depot, claim)) {
        devices_refuse_flood(exchange);
        return;
    }
    int64_t seen_us = devices_seen_note(depot->devices->seen, &name, seen_s * DEVICES_US, now_us);
    if (seen_us == now_us) {
        devices_memory_seen(depot->devices->memory, claim, now_us / DEVICES_US);
    }
    put_answer(depot, claim, now_us, &answer, &text);
    depot_answer(exchange, SLW_OK, 200, &text, &(struct slw_detail){""});
}

static void ask_database(struct depot *depot, struct slw_http_exchange *exchange,
                         const struct device_claim *claim)
{
    struct slw_detail detail = {""};
    struct asking *asking = calloc(1, sizeof *asking);
    if (asking == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return;
    }
    asking->reading = (struct device_reading){
        .exchange = exchange, .name = {claim->product, claim->device}, .then = go_on};
    asking->claim = *claim;
    asking->ticket = devices_memory_ticket(depot->devices->memory, claim);
    devices_reader_add(depot->devices->reader, &asking->reading);
}

void devices_check_in(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    struct device_claim claim;
    int64_t seen_s = 0;
    enum slw_status status = read_claim(exchange, &claim, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
    } else if (devices_memory_has(depot->devices->memory, &claim, depot_clock_ms(), &seen_s)) {
        answer_of_memory(depot, exchange, &claim, seen_s);
    } else {
        ask_database(depot, exchange, &claim);
    }
}
