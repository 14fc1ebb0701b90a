/* SPDX-License-Identifier: Apache-2.0 */
/* The depot as it starts, serves, stops; who gets through the gate. */
#include "test_depot.h"

#include "core/check.h"
#include "core/trail.h"

#include "slipway/files.h"

#include "tap.h"

#include <sys/stat.h>

static struct test_depot depot;

static void makes_a_product(void)
{
    struct test_answer answer;
    test_call(&depot, "POST", "/api/v1/products",
              "{\"name\":\"lamp\",\"title\":\"The \\u00e4 Lamp\"}", &answer);
    TAP_EQUAL_INT(answer.status, 201);
    TAP_CHECK(test_text(&answer, "name", "lamp"));
    TAP_EQUAL_INT(test_number(&answer, "keep_days"), 90);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products", "{\"name\":\"lamp\"}"), 409);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM products"), 1);
}

static void lets_nobody_in_without_a_token(void)
{
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
    nobody.use_token = "slw_1_0000000000000000000000000000000000000000000000000000000000000000";
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
    nobody.use_token = "slw_99_0000000000000000000000000000000000000000000000000000000000000000";
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
    nobody.use_token = "nonsense";
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
}

static void keeps_its_chain_over_a_restart(void)
{
    struct slw_detail detail = {""};
    int64_t entries = 0;
    TAP_REQUIRE(test_depot_restart(&depot));
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp", NULL), 200);
    TAP_EQUAL_INT(depot_check_trail(depot.depot, &entries, &detail), SLW_OK);
    TAP_EQUAL_INT(entries, test_count(&depot, "SELECT COUNT(*) FROM audit"));
    TAP_CHECK(entries >= 3);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL)) {
        return 1;
    }
    TAP_RUN(makes_a_product);
    TAP_RUN(lets_nobody_in_without_a_token);
    TAP_RUN(keeps_its_chain_over_a_restart);
    test_depot_close(&depot);
    return tap_finish();
}
