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
    pause_ms(2200);
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

int main(void)
{
    TAP_RUN(lets_nobody_agree_for_a_consumer_who_is_asked);
    TAP_RUN(offers_only_what_a_device_can_and_may_have);
    return tap_finish();
}
