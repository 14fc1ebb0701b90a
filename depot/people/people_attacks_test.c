/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of other sites that want something done in a session, and tokens that want too much. */
#include "test_depot.h"

#include "tap.h"

#include <pthread.h>
#include <stdlib.h>

static struct test_depot depot;
static struct test_depot admin; /* in a session */

#define PASSWORD "a password of admin's"
#define EVE "the password of eve"

/* The limit of failures per client is in memory: a restart forgets it. */
static bool restart(void)
{
    return test_depot_restart(&depot) && test_sql(&depot, "DELETE FROM login_failures") &&
           test_log_in(&depot, "admin", PASSWORD, NULL, &admin) == 200;
}

#define FIXED "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- pages of other sites ----------------------------------------------------------------------
 */

static void other_sites_change_nothing(void)
{
    struct test_depot eve;
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &eve), 200);
    static char host_origin[128];
    (void)snprintf(host_origin, sizeof host_origin, "Origin: %s", depot.address);
    static char https_origin[128];
    (void)snprintf(https_origin, sizeof https_origin, "Origin: https%s", depot.address + 4);
    const struct {
        const char *name;
        const char *csrf; /* NULL: the session's */
        const char *more;
        long status;
    } rows[] = {
        {"our own page", NULL, "Sec-Fetch-Site: same-origin", 201},
        {"our own origin", NULL, host_origin, 201},
        {"no page at all", NULL, NULL, 201},
        {"no CSRF text", "X-Nothing: x", NULL, 403},
        {"an empty one", "X-Slipway-CSRF;", NULL, 403},
        {"a made-up one", "X-Slipway-CSRF: " FIXED, NULL, 403},
        {"that of another session", eve.session_headers[1], NULL, 403},
        {"another site", NULL, "Sec-Fetch-Site: cross-site", 403},
        {"a neighbour", NULL, "Sec-Fetch-Site: same-site", 403},
        {"another origin", NULL, "Origin: https://evil.example", 403},
        {"a hidden origin", NULL, "Origin: null", 403},
        {"our name with more behind", NULL, "Origin: http://127.0.0.1.evil.example", 403},
        {"our host, another scheme", NULL, https_origin, 403},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_depot page = admin;
        char body[64];
        TAP_ROW(rows[i].name);
        page.headers[0] = admin.session_headers[0];
        page.headers[1] = rows[i].csrf == NULL ? admin.session_headers[1] : rows[i].csrf;
        page.headers[2] = rows[i].more;
        page.headers[3] = NULL;
        (void)snprintf(body, sizeof body, "{\"name\":\"csrf%zu\"}", i);
        TAP_EQUAL_INT(test_status(&page, "POST", "/api/v1/products", body), rows[i].status);
        TAP_EQUAL_INT(test_status(&page, "DELETE", "/api/v1/tokens/999", NULL),
                      rows[i].status == 201 ? 404 : 403);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM products WHERE name LIKE 'csrf%'"), 3);
}

static void other_sites_log_nobody_in(void)
{
    static const char *const headers[] = {"Sec-Fetch-Site: cross-site",
                                          "Origin: https://evil.example", "Origin: null"};
    struct test_depot page = depot;
    struct test_answer answer;
    const char *body = "{\"name\":\"eve\",\"password\":\"" EVE "\"}";
    page.use_token = NULL;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        page.headers[0] = headers[i];
        TAP_EQUAL_INT(test_status(&page, "POST", "/api/v1/session", body), 403);
    }
    page.headers[0] = NULL;
    test_call_bytes(&page, "POST", "/api/v1/session", "text/plain",
                    slw_bytes_make(body, strlen(body)), &answer);
    TAP_EQUAL_INT(answer.status, 415);
    test_answer_free(&answer);
    test_call_bytes(&page, "POST", "/api/v1/session", "application/x-www-form-urlencoded",
                    slw_bytes_make(body, strlen(body)), &answer);
    TAP_EQUAL_INT(answer.status, 415);
    test_answer_free(&answer);
}

static void no_answer_is_for_other_sites(void)
{
    struct test_depot page = admin;
    struct test_answer answer;
    char value[512];
    page.headers[0] = admin.session_headers[0];
    page.headers[1] = "Origin: https://evil.example";
    page.headers[2] = NULL;
    test_call(&page, "GET", "/api/v1/session", NULL, &answer);
    TAP_CHECK(test_header(&answer, "Access-Control-Allow-Origin", value)[0] == '\0');
    TAP_CHECK(strcmp(test_header(&answer, "X-Content-Type-Options", value), "nosniff") == 0);
    TAP_CHECK(strstr(test_header(&answer, "Cache-Control", value), "no-store") != NULL);
    test_answer_free(&answer);
}

/* --- tokens ------------------------------------------------------------------------------------
 */

static void tokens_have_no_more_than_their_maker(void)
{
    static const struct {
        const char *roles;
        long status;
    } rows[] = {
        {"[{\"product\":\"lamp\",\"role\":\"developer\"}]", 201},
        {"[{\"product\":\"lamp\",\"role\":\"viewer\"}]", 201},
        {"[{\"product\":\"lamp\",\"role\":\"release-manager\"}]", 403},
        {"[{\"product\":\"lamp\",\"role\":\"approver\"}]", 403},
        {"[{\"product\":\"lamp\",\"role\":\"administrator\"}]", 403},
        {"[{\"product\":\"*\",\"role\":\"viewer\"}]", 403},
        {"[{\"product\":\"fan\",\"role\":\"viewer\"}]", 403},
        {"[{\"product\":\"lamp\",\"role\":\"viewer\"},{\"product\":\"fan\",\"role\":\"viewer\"}]",
         403},
        {"[]", 400},
        {"{}", 400},
        {"[{\"product\":\"lamp\",\"role\":\"god\"}]", 400},
        {"[{\"product\":\"lamp\",\"role\":\"viewer\"},{\"product\":\"lamp\",\"role\":\"viewer\"}]",
         400},
    };
    struct test_depot eve;
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &eve), 200);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256];
        TAP_ROW(rows[i].roles);
        (void)snprintf(body, sizeof body, "{\"title\":\"t\",\"roles\":%s}", rows[i].roles);
        TAP_EQUAL_INT(test_status(&eve, "POST", "/api/v1/tokens", body), rows[i].status);
    }
    TAP_ROW(NULL);
}

static void a_token_loses_what_its_maker_loses(void)
{
    char token[128];
    struct test_depot machine = depot;
    TAP_REQUIRE(test_person(&depot, "mia", "lamp", "administrator", token));
    machine.use_token = token;
    TAP_EQUAL_INT(test_status(&machine, "PATCH", "/api/v1/products/lamp", "{\"title\":\"a\"}"),
                  200);
    TAP_EQUAL_INT(
        test_status(&admin, "PUT", "/api/v1/products/lamp/people/mia", "{\"roles\":[\"viewer\"]}"),
        204);
    TAP_EQUAL_INT(test_status(&machine, "PATCH", "/api/v1/products/lamp", "{\"title\":\"b\"}"),
                  403);
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/products/lamp", NULL), 200);
    TAP_EQUAL_INT(test_status(&admin, "PUT", "/api/v1/products/lamp/people/mia", "{\"roles\":[]}"),
                  204);
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/products/lamp", NULL), 404);
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/session", NULL), 200);
    TAP_REQUIRE(test_sql(&depot, "UPDATE tokens SET expires_us = 1 WHERE person = 'mia'"));
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/session", NULL), 401);
}

static void a_token_changes_no_account(void)
{
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/tokens",
                              "{\"title\":\"t\",\"roles\":[{\"product\":\"*\",\"role\":\"viewer\"}]"
                              "}"),
                  403);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/account/password",
                              "{\"password\":\"" PASSWORD "\",\"new\":\"0123456789\"}"),
                  403);
    TAP_EQUAL_INT(
        test_status(&depot, "POST", "/api/v1/account/totp", "{\"password\":\"" PASSWORD "\"}"),
        403);
    TAP_EQUAL_INT(test_status(&depot, "DELETE", "/api/v1/session", NULL), 403);
}

/* Eve's token with the digits of another; hers in other spellings. */
static void tokens_that_are_none_are_nobody(void)
{
    char token[128];
    char made[160];
    struct test_depot machine = depot;
    TAP_REQUIRE(test_person(&depot, "ned", "lamp", "viewer", token));
    machine.use_token = token;
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/session", NULL), 200);
    const char *secret = strrchr(token, '_') + 1;
    static const char *const formats[] = {
        "slw_1_%s",  "slw_0_%s",  "slw_99999999999999999999_%s",
        "slw_-1_%s", "slw__%s",   "slw_%s",
        "slw_1 _%s", "SLW_2_%s",  "slw_2_%.63s",
        "slw_2_%s0", "slw_2_%s ",
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const char *format = formats[i];
        const char *percent = strchr(format, '%');
        int cut = strncmp(percent, "%.63s", 5) == 0 ? 63 : 64;
        const char *behind = strchr(percent, 's') + 1;
        (void)snprintf(made, sizeof made, "%.*s%.*s%s", (int)(percent - format), format, cut,
                       secret, behind);
        TAP_ROW(format);
        machine.use_token = made;
        /* Spaces at a header's end aren't part of it. */
        TAP_CHECK(test_status(&machine, "GET", "/api/v1/session", NULL) == 401 ||
                  strcmp(made, token) == 0 || behind[0] == ' ');
    }
    TAP_ROW(NULL);
    for (size_t i = 0; i < 64; i += 9) {
        (void)snprintf(made, sizeof made, "%s", token);
        made[strlen(token) - 64 + i] = made[strlen(token) - 64 + i] == '0' ? '1' : '0';
        machine.use_token = made;
        TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/session", NULL), 401);
    }
}

/* One that is there and isn't good is never passed over for another. */
static void a_bad_token_beside_a_good_cookie_is_nobody(void)
{
    struct test_depot both = admin;
    both.headers[0] = admin.session_headers[0];
    both.headers[1] = admin.session_headers[1];
    both.use_token = "slw_1_" FIXED;
    TAP_EQUAL_INT(test_status(&both, "GET", "/api/v1/session", NULL), 401);
}

static void others_tokens_are_not_there(void)
{
    struct test_depot eve;
    char token[128];
    char path[64];
    TAP_REQUIRE(test_person(&depot, "pat", "lamp", "viewer", token));
    (void)snprintf(path, sizeof path, "/api/v1/tokens/%ld", strtol(token + 4, NULL, 10));
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &eve), 200);
    TAP_EQUAL_INT(test_status(&eve, "DELETE", path, NULL), 404);
    TAP_EQUAL_INT(test_status(&eve, "GET", "/api/v1/tokens?everybody=1", NULL), 403);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/tokens?everybody=1", NULL), 200);
    TAP_EQUAL_INT(test_status(&admin, "DELETE", "/api/v1/tokens/0", NULL), 404);
    TAP_EQUAL_INT(test_status(&admin, "DELETE", "/api/v1/tokens/x1", NULL), 404);
    TAP_EQUAL_INT(test_status(&admin, "DELETE", "/api/v1/tokens/99999999999999999999999", NULL),
                  404);
    TAP_EQUAL_INT(test_status(&admin, "DELETE", path, NULL), 204);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_product(&depot, "fan") ||
        !test_person_with_password(&depot, "eve", "lamp", "developer", EVE) || !restart()) {
        return 1;
    }
    TAP_RUN(other_sites_change_nothing);
    TAP_RUN(other_sites_log_nobody_in);
    TAP_RUN(no_answer_is_for_other_sites);
    TAP_RUN(tokens_have_no_more_than_their_maker);
    TAP_RUN(a_token_loses_what_its_maker_loses);
    TAP_RUN(a_token_changes_no_account);
    TAP_RUN(tokens_that_are_none_are_nobody);
    TAP_RUN(a_bad_token_beside_a_good_cookie_is_nobody);
    TAP_RUN(others_tokens_are_not_there);
    test_depot_close(&depot);
    return tap_finish();
}
