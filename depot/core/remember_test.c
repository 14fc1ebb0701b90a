/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of counts, and for how long. */
#include "remember.h"

#include "slipway/text.h"

#include "tap.h"

#include <stdio.h>

static unsigned counted;
static int64_t weight;
static enum slw_status outcome;

static enum slw_status count(struct depot *depot, struct slw_bytes product,
                             struct slw_heap_buffer *text, int64_t *ret_weight,
                             struct slw_detail *detail)
{
    (void)depot;
    counted++;
    slw_heap_append(text, product);
    slw_heap_printf(text, " %u", counted);
    *ret_weight = weight;
    return outcome == SLW_OK ? SLW_OK : slw_explain(detail, outcome, "it can't be counted");
}

static struct depot depot;

static void begin(int64_t of_weight)
{
    struct slw_detail detail = {""};
    counted = 0;
    weight = of_weight;
    outcome = SLW_OK;
    TAP_REQUIRE(depot_remembered_open(&depot.remembered, &detail) == SLW_OK);
}

static bool gives(enum depot_remember what, const char *product, const char *expected)
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    bool is_so =
        depot_remember(&depot, what, slw_text_bytes(product), count, &text, &detail) == SLW_OK &&
        slw_bytes_equal(slw_heap_bytes(&text), slw_text_bytes(expected));
    slw_heap_drop(&text);
    return is_so;
}

static void counts_a_small_fleet_each_time(void)
{
    begin(DEPOT_REMEMBER_WEIGHT - 1);
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lamp", "lamp 1"));
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lamp", "lamp 2"));
    depot_remembered_close(depot.remembered);
}

static void gives_what_was_counted_of_a_large_fleet_to_its_product_alone(void)
{
    begin(DEPOT_REMEMBER_WEIGHT);
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lamp", "lamp 1"));
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lamp", "lamp 1"));
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lam", "lam 2"));
    TAP_CHECK(gives(DEPOT_REMEMBER_VERSIONS, "lamp", "lamp 3"));
    TAP_CHECK(gives(DEPOT_REMEMBER_METRICS, "", " 4"));
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lamp", "lamp 1"));
    depot_remembered_close(depot.remembered);
}

static void remembers_no_failure(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    begin(DEPOT_REMEMBER_WEIGHT);
    outcome = SLW_UNAVAILABLE;
    TAP_EQUAL_INT(
        depot_remember(&depot, DEPOT_REMEMBER_FLEET, SLW_BYTES_OF("lamp"), count, &text, &detail),
        SLW_UNAVAILABLE);
    slw_heap_drop(&text);
    outcome = SLW_OK;
    TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, "lamp", "lamp 2"));
    depot_remembered_close(depot.remembered);
}

static void has_an_answer_for_more_products_than_places(void)
{
    char product[16];
    char expected[24];
    begin(DEPOT_REMEMBER_WEIGHT);
    for (unsigned i = 1; i <= 200; i++) {
        (void)snprintf(product, sizeof product, "p%u", i);
        (void)snprintf(expected, sizeof expected, "p%u %u", i, i);
        TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, product, expected));
        TAP_CHECK(gives(DEPOT_REMEMBER_FLEET, product, expected));
    }
    depot_remembered_close(depot.remembered);
}

static void keeps_it_for_longer_the_longer_it_took(void)
{
    TAP_EQUAL_INT(depot_remember_for_us(DEPOT_REMEMBER_WEIGHT - 1, 10000000), 0);
    TAP_EQUAL_INT(depot_remember_for_us(DEPOT_REMEMBER_WEIGHT, 0), 5000000);
    TAP_EQUAL_INT(depot_remember_for_us(DEPOT_REMEMBER_WEIGHT, 1000000), 20000000);
    TAP_EQUAL_INT(depot_remember_for_us(INT64_MAX, 4000000), 60000000);
}

int main(void)
{
    TAP_RUN(counts_a_small_fleet_each_time);
    TAP_RUN(gives_what_was_counted_of_a_large_fleet_to_its_product_alone);
    TAP_RUN(remembers_no_failure);
    TAP_RUN(has_an_answer_for_more_products_than_places);
    TAP_RUN(keeps_it_for_longer_the_longer_it_took);
    return tap_finish();
}
