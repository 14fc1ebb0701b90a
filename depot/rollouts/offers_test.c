/* SPDX-License-Identifier: Apache-2.0 */
/* Who is offered what, and on whose word. */
#include "test_rollouts.h"

static bool say_yes(struct test_depot *depot, const char *device, const char *group, int by_device)
{
    return row(depot,
               "INSERT INTO consents (product, device, device_group, release, decision, by_device, "
               "who, time_us) VALUES ('lamp', '%s', '%s', 5, 'yes', %d, 'ada', 1)",
               device, group, by_device);
}

static void lets_nobody_agree_for_a_consumer_who_is_asked(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    TAP_REQUIRE(open_fleet(&depot, "ask"));
    TAP_REQUIRE(add_release(&depot, 5, "published", 0));
    int64_t id = make(&depot, 5, "{\"phases\":[{\"ppm\":1000000}]}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_offers(&depot, true));
    TAP_REQUIRE(say_yes(&depot, "", "all", 0) && say_yes(&depot, "d001", "", 0));
    TAP_REQUIRE(find_offer(&depot, 1, 1, &offer) == SLW_OK);
    TAP_CHECK(!offer.consent_given);
    TAP_REQUIRE(say_yes(&depot, "d001", "", 1));
    TAP_REQUIRE(find_offer(&depot, 1, 1, &offer) == SLW_OK);
    TAP_CHECK(offer.consent_given);
    TAP_REQUIRE(find_offer(&depot, 2, 1, &offer) == SLW_OK);
    TAP_CHECK(!offer.consent_given);
    test_depot_close(&depot);
}

static void offers_only_what_a_device_can_and_may_have(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    char name[8];
    struct slw_detail detail = {""};
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "administrator"));
    TAP_REQUIRE(add_release(&depot, 5, "published", 2));
    int64_t id = make(&depot, 5, "{\"phases\":[{\"ppm\":1000000}]}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_state(&depot, id, "running") && await_view(&depot));
    TAP_EQUAL_INT(find_offer(&depot, 1, 1, &offer), SLW_NOT_FOUND); /* nobody said yes */
    TAP_CHECK(say_yes(&depot, "d001", "", 1)); /* the device for itself: that isn't theirs to say */
    TAP_EQUAL_INT(find_offer(&depot, 1, 1, &offer), SLW_NOT_FOUND);
    show(&depot, id, &answer); /* a rollout that nobody is offered doesn't pass for one that goes */
    TAP_CHECK(test_text(&answer, "consent.mode", "administrator"));
    TAP_CHECK(test_find(&answer, "consent.said") == SLW_JSON_NONE);
    TAP_CHECK(test_text(&answer, "next",
                        "Only devices that somebody here said yes for are offered it: its group "
                        "waits for a yes."));
    test_answer_free(&answer);
    TAP_CHECK(say_yes(&depot, "", "all", 0));
    show(&depot, id, &answer);
    TAP_CHECK(test_text(&answer, "consent.said", "yes") &&
              test_text(&answer, "consent.who", "ada"));
    TAP_CHECK(test_text(&answer, "next",
                        "It goes on offering to phase 1, and is looked at when 5 devices have "
                        "answered; 0 have."));
    test_answer_free(&answer);
    TAP_EQUAL_INT(find_offer(&depot, 1, 1, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.release, 2); /* the stepping stone */
    TAP_EQUAL_INT(offer.rollout, 0);
    TAP_EQUAL_INT(find_offer(&depot, 1, 2, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.release, 5);
    TAP_EQUAL_INT(find_offer(&depot, 1, 5, &offer), SLW_NOT_FOUND);
    struct depot_device_view view = device_view(1, 2, name);
    view.pin = 4;
    TAP_EQUAL_INT(depot_offer_find(depot.depot, &view, 0, &offer, &detail), SLW_NOT_FOUND);
    view.pin = 0;
    view.tags = SLW_BYTES_OF("[]");
    TAP_EQUAL_INT(depot_offer_find(depot.depot, &view, 0, &offer, &detail), SLW_NOT_FOUND);
    view.tags = SLW_BYTES_OF("[\"home\"]");
    view.product = SLW_BYTES_OF("other");
    TAP_EQUAL_INT(depot_offer_find(depot.depot, &view, 0, &offer, &detail), SLW_NOT_FOUND);
    TAP_CHECK(row(&depot, "UPDATE releases SET state = 'withdrawn' WHERE version = 5"));
    TAP_EQUAL_INT(find_offer(&depot, 1, 2, &offer), SLW_NOT_FOUND);
    test_depot_close(&depot);
}

/* Until it is another one, for at most a minute. */
static bool await_generation(struct test_depot *depot, uint64_t *generation)
{
    for (int i = 0; i < 600; i++) {
        uint64_t now = depot_offers_generation(depot->depot);
        if (now != 0 && now != *generation) {
            *generation = now;
            return true;
        }
        pause_ms(100);
    }
    return false;
}

/* The first device that isn't in the first phase. */
static int find_latecomer(int64_t rollout)
{
    struct slw_rollout_plan plan;
    struct slw_detail detail = {""};
    char name[8];
    int number = 0;
    if (slw_rollout_plan_parse(slw_bytes_make(PLAN, strlen(PLAN)), &plan, &detail) != SLW_OK) {
        return -1;
    }
    while (number < 100 && rollout_phase_of(rollout, &plan, device_view(number, 1, name).id) == 0) {
        number++;
    }
    slw_rollout_plan_free(&plan);
    return number;
}

static bool are_others(struct test_depot *depot, int number, int64_t version, uint64_t generation)
{
    char name[8];
    struct depot_device_view view = device_view(number, version, name);
    uint64_t of = 0;
    return depot_offers_are_others(depot->depot, &view, &of) && of == generation;
}

#define GROUP "/api/v1/products/lamp/groups/all"

/* Whoever has nothing to get is remembered while the number stands: whatever could change that
 * changes the number, and what happens all the time doesn't. */
static void numbers_what_is_offered(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    uint64_t generation = 0;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    TAP_CHECK(await_generation(&depot, &generation));
    TAP_CHECK(are_others(&depot, 1, 1, generation));
    int64_t id = make(&depot, 2, PLAN);
    int late = find_latecomer(id);
    pause_ms(1500);
    TAP_EQUAL_INT(depot_offers_generation(depot.depot), generation);
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_generation(&depot, &generation));
    TAP_CHECK(are_others(&depot, late, 1, generation)); /* not in this phase */
    TAP_EQUAL_INT(act(&depot, id, "decide"), 200);
    TAP_CHECK(await_generation(&depot, &generation));
    TAP_CHECK(!are_others(&depot, late, 1, generation));
    TAP_CHECK(are_others(&depot, late, 2, generation)); /* has it */
    TAP_EQUAL_INT(report(&depot, late, id, 2, DEPOT_OUTCOME_DOWNLOADING), SLW_OK);
    TAP_EQUAL_INT(report(&depot, late, id, 2, DEPOT_OUTCOME_FAILED), SLW_OK);
    pause_ms(1500);
    TAP_EQUAL_INT(depot_offers_generation(depot.depot), generation);
    /* A window that is never open now may be open later; who isn't in the group never is. */
    TAP_EQUAL_INT(test_status(&depot, "PUT", GROUP,
                              "{\"query\":{\"tag\":\"home\"},\"consent\":\"automatic\","
                              "\"windows\":[{\"from\":\"03:00\",\"to\":\"03:01\"}]}"),
                  200);
    TAP_CHECK(await_generation(&depot, &generation));
    TAP_CHECK(!are_others(&depot, late, 1, generation));
    TAP_EQUAL_INT(find_offer(&depot, late, 1, &offer), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_status(&depot, "PUT", GROUP,
                              "{\"query\":{\"tag\":\"work\"},\"consent\":\"automatic\"}"),
                  200);
    TAP_CHECK(await_generation(&depot, &generation));
    TAP_CHECK(are_others(&depot, late, 1, generation));
    TAP_EQUAL_INT(act(&depot, id, "halt"), 200);
    TAP_CHECK(await_generation(&depot, &generation));
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(numbers_what_is_offered);
    TAP_RUN(lets_nobody_agree_for_a_consumer_who_is_asked);
    TAP_RUN(offers_only_what_a_device_can_and_may_have);
    return tap_finish();
}
