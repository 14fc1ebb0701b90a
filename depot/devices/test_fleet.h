/* SPDX-License-Identifier: Apache-2.0 */
/* Devices for the tests of this part: each has a key, and says over HTTP what real ones say. */
#ifndef SLIPWAY_TEST_FLEET_H
#define SLIPWAY_TEST_FLEET_H

#include "test_depot.h"

#include "slipway/fleet.h"

struct test_device {
    const struct test_depot *depot;
    const char *product, *id;
    struct slw_private_key *key;
    int64_t epoch, sequence, version;
    char secret[80];
    char nonce[64];
    char last[17]; /* of the last report that was taken */
};

/* Makes a key; nothing is sent. */
bool test_device_open(const struct test_depot *depot, const char *id,
                      struct test_device *ret_device);
void test_device_close(struct test_device *device);

/* The HTTP status; in ret_state "enrolled", "pending", or the reason of a refusal. */
long test_device_enrol(struct test_device *device, const char *token, char ret_state[static 32]);
/* The envelope of an enrolment with a fresh nonce, for sending it again. */
void test_device_enrolment(struct test_device *device, const char *token,
                           struct slw_heap_buffer *ret_envelope);
long test_device_check_in(struct test_device *device, struct test_answer *ret_answer);
/* A report as it would be: names, epoch, nonce and the next sequence are filled in. */
struct slw_fleet_report test_device_report(struct test_device *device, enum slw_fleet_kind kind);
long test_device_send(struct test_device *device, const struct slw_fleet_report *report,
                      struct test_answer *ret_answer);
/* Checks in, and reports its state. */
long test_device_say(struct test_device *device);
/* Sends bytes to /device/v1/PRODUCT/DEVICE/WHAT, or to WHAT when that begins with a slash. */
void test_device_post(const struct test_device *device, const char *what, struct slw_bytes body,
                      struct test_answer *ret_answer);
/* Makes an enrolment token of the product by the administrator. */
bool test_enrolment_token(const struct test_depot *depot, const char *product, const char *json,
                          char ret_token[static 80]);
/* The reason of a refusal, "" for none. */
const char *test_reason(const struct test_answer *answer, char buffer[static 32]);

#endif
