/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, sessions, tokens, roles, the trail: what they are for. people_attacks_test.c has what
 * they are not for. */
#include "test_depot.h"

#include "core/check.h"
#include "core/trail.h"
#include "people/totp.h"

#include "tap.h"

#include <stdlib.h>
#include <time.h>

static struct test_depot depot;
static struct test_depot admin; /* in a session */

#define PASSWORD "a password of admin's"
#define ADA "the password of ada"

static void logs_in_and_out(void)
{
    struct test_depot session;
    struct test_answer answer;
    TAP_EQUAL_INT(test_log_in(&depot, "admin", PASSWORD, NULL, &session), 200);
    test_call(&session, "GET", "/api/v1/session", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "name", "admin"));
    TAP_CHECK(test_text(&answer, "roles.0.product", "*"));
    TAP_CHECK(test_text(&answer, "roles.0.role", "administrator"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&session, "DELETE", "/api/v1/session", NULL), 204);
    TAP_EQUAL_INT(test_status(&session, "GET", "/api/v1/session", NULL), 401);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM sessions"), 0);
}

static void ends_sessions_that_one_has_elsewhere(void)
{
    struct test_depot here;
    struct test_depot elsewhere;
    TAP_EQUAL_INT(test_log_in(&depot, "admin", PASSWORD, NULL, &elsewhere), 200);
    TAP_EQUAL_INT(test_log_in(&depot, "admin", PASSWORD, NULL, &here), 200);
    here.headers[0] = here.session_headers[0];
    here.headers[1] = here.session_headers[1];
    elsewhere.headers[0] = elsewhere.session_headers[0];
    TAP_EQUAL_INT(test_status(&here, "DELETE", "/api/v1/account/sessions", NULL), 204);
    TAP_EQUAL_INT(test_status(&elsewhere, "GET", "/api/v1/session", NULL), 401);
    TAP_EQUAL_INT(test_status(&here, "GET", "/api/v1/session", NULL), 200);
    TAP_EQUAL_INT(test_status(&depot, "DELETE", "/api/v1/account/sessions", NULL), 403);
}

static void sets_a_cookie_that_only_we_get(void)
{
    struct test_answer answer;
    struct test_depot nobody = depot;
    char cookie[512];
    nobody.use_token = NULL;
    test_call(&nobody, "POST", "/api/v1/session",
              "{\"name\":\"admin\",\"password\":\"" PASSWORD "\"}", &answer);
    TAP_EQUAL_INT(answer.status, 200);
    (void)test_header(&answer, "Set-Cookie", cookie);
    TAP_CHECK(strncmp(cookie, "slipway_session=", 16) == 0);
    TAP_CHECK(strstr(cookie, "; HttpOnly") != NULL);
    TAP_CHECK(strstr(cookie, "; SameSite=Strict") != NULL);
    TAP_CHECK(strstr(cookie, "; Path=/;") != NULL);
    TAP_CHECK(strstr(cookie, "Domain") == NULL);
    test_answer_free(&answer);
}

/* The invitation of an answer, and a body that accepts it. */
static void accept_body(const struct test_answer *answer, const char *password,
                        char body[static 256])
{
    struct slw_bytes secret = slw_json_string(&answer->json, test_find(answer, "invitation"));
    (void)snprintf(body, 256, "{\"secret\":\"%.*s\",\"password\":\"%s\"}", (int)secret.len,
                   (const char *)secret.ptr, password);
}

static void invites_a_person(void)
{
    struct test_answer answer;
    struct test_depot nobody = depot;
    struct test_depot ada;
    char body[256];
    nobody.use_token = NULL;
    TAP_REQUIRE(test_product(&depot, "lamp"));
    test_call(&admin, "POST", "/api/v1/people",
              "{\"name\":\"ada\",\"roles\":[{\"product\":\"lamp\",\"role\":\"developer\"}]}",
              &answer);
    TAP_EQUAL_INT(answer.status, 201);
    accept_body(&answer, ADA, body);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 401);
    test_call(&nobody, "POST", "/api/v1/invitation", body, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "name", "ada"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/invitation", body), 404);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
    TAP_EQUAL_INT(test_status(&ada, "GET", "/api/v1/products/lamp", NULL), 200);
}

static void an_initial_password_must_be_changed(void)
{
    struct test_depot ben;
    struct test_depot other;
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people",
                              "{\"name\":\"ben\",\"password\":\"given by admin\",\"roles\":[{"
                              "\"product\":\"*\",\"role\":\"viewer\"}]}"),
                  201);
    TAP_EQUAL_INT(test_log_in(&depot, "ben", "given by admin", NULL, &ben), 200);
    TAP_EQUAL_INT(test_log_in(&depot, "ben", "given by admin", NULL, &other), 200);
    TAP_EQUAL_INT(test_status(&ben, "GET", "/api/v1/products/lamp", NULL), 403);
    TAP_EQUAL_INT(test_status(&ben, "GET", "/api/v1/products", NULL), 403);
    TAP_EQUAL_INT(test_status(&ben, "POST", "/api/v1/tokens", "{}"), 403);
    TAP_EQUAL_INT(test_status(&ben, "GET", "/api/v1/session", NULL), 200);
    TAP_EQUAL_INT(test_status(&ben, "POST", "/api/v1/account/password",
                              "{\"password\":\"given by admim\",\"new\":\"my own password\"}"),
                  401);
    TAP_EQUAL_INT(test_status(&ben, "POST", "/api/v1/account/password",
                              "{\"password\":\"given by admin\",\"new\":\"given by admin\"}"),
                  400);
    TAP_EQUAL_INT(test_status(&ben, "POST", "/api/v1/account/password",
                              "{\"password\":\"given by admin\",\"new\":\"my own password\"}"),
                  204);
    TAP_EQUAL_INT(test_status(&ben, "GET", "/api/v1/products/lamp", NULL), 200);
    TAP_EQUAL_INT(test_status(&other, "GET", "/api/v1/session", NULL), 401);
    TAP_EQUAL_INT(test_log_in(&depot, "ben", "given by admin", NULL, &other), 401);
}

/* The code of a secret in base 32, some steps from now. */
static void make_code(const char *base32, int step, char ret_code[static 8])
{
    uint8_t secret[PEOPLE_TOTP_SIZE];
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    uint32_t code = 0;
    for (; *base32 != '\0' && at < sizeof secret; base32++) {
        uint32_t value =
            *base32 >= 'A' ? (uint32_t)(*base32 - 'A') : (uint32_t)(*base32 - '2') + 26;
        bits = (bits << 5 | value) & 0xFFFFu;
        count += 5;
        if (count >= 8) {
            count -= 8;
            secret[at++] = (uint8_t)(bits >> count);
        }
    }
    if (people_totp_code(secret, time(NULL) / 30 + step, &code) == SLW_OK) {
        (void)snprintf(ret_code, 8, "%06u", (unsigned)code % 1000000);
    }
}

static void a_second_factor_is_asked_for(void)
{
    struct test_answer answer;
    struct test_depot ada;
    char secret[64];
    char code[8] = "";
    char body[64];
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
    TAP_EQUAL_INT(
        test_status(&ada, "POST", "/api/v1/account/totp/confirm", "{\"code\":\"000000\"}"), 409);
    test_call(&ada, "POST", "/api/v1/account/totp", "{\"password\":\"" ADA "\"}", &answer);
    TAP_EQUAL_INT(answer.status, 200);
    struct slw_bytes text = slw_json_string(&answer.json, test_find(&answer, "secret"));
    (void)snprintf(secret, sizeof secret, "%.*s", (int)text.len, (const char *)text.ptr);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&ada, "POST", "/api/v1/account/totp/confirm", "{\"code\":\"12345\"}"),
                  400);
    make_code(secret, 0, code);
    (void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
    TAP_EQUAL_INT(test_status(&ada, "POST", "/api/v1/account/totp/confirm", body), 204);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 401);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, "000000", &ada), 401);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, code, &ada), 401); /* used, to confirm */
    make_code(secret, 1, code);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", "the wrong password", code, &ada), 401);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, code, &ada), 200);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, code, &ada), 401); /* replayed */
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM people WHERE totp IS NOT NULL AND "
                                     "length(totp) = 48"),
                  1);
    TAP_EQUAL_INT(test_status(&admin, "DELETE", "/api/v1/people/ada/totp", NULL), 204);
    TAP_EQUAL_INT(test_status(&ada, "GET", "/api/v1/session", NULL), 401);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
}

static void makes_tokens_and_revokes_them(void)
{
    struct test_answer answer;
    struct test_depot ada;
    struct test_depot machine = depot;
    char token[128];
    char path[64];
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
    test_call(&ada, "POST", "/api/v1/tokens",
              "{\"title\":\"of my CI\",\"roles\":[{\"product\":\"lamp\",\"role\":\"viewer\"}]}",
              &answer);
    TAP_EQUAL_INT(answer.status, 201);
    struct slw_bytes text = slw_json_string(&answer.json, test_find(&answer, "token"));
    (void)snprintf(token, sizeof token, "%.*s", (int)text.len, (const char *)text.ptr);
    (void)snprintf(path, sizeof path, "/api/v1/tokens/%d", (int)test_number(&answer, "id"));
    test_answer_free(&answer);
    machine.use_token = token;
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/products/lamp", NULL), 200);
    test_call(&machine, "GET", "/api/v1/session", NULL, &answer);
    TAP_CHECK(test_text(&answer, "person", "ada"));
    TAP_CHECK(test_text(&answer, "roles.0.role", "viewer"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&ada, "DELETE", path, NULL), 204);
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/products/lamp", NULL), 401);
    TAP_EQUAL_INT(test_status(&ada, "DELETE", path, NULL), 404);
    test_call(&ada, "GET", "/api/v1/tokens", NULL, &answer);
    TAP_CHECK(test_text(&answer, "tokens.0.title", "of my CI"));
    TAP_CHECK(test_find(&answer, "tokens.0.token") == SLW_JSON_NONE);
    TAP_CHECK(test_find(&answer, "tokens.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
}

static void disabling_ends_everything_at_once(void)
{
    struct test_depot ada;
    struct test_depot machine = depot;
    char token[128];
    TAP_REQUIRE(test_person(&depot, "ada", "fan", "viewer", token));
    TAP_REQUIRE(test_product(&depot, "fan"));
    machine.use_token = token;
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
    TAP_EQUAL_INT(test_status(&ada, "GET", "/api/v1/products/lamp", NULL), 200);
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/products/fan", NULL), 200);
    int64_t events = test_count(&depot, "SELECT COUNT(*) FROM events WHERE product = '*'");
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people/ada/disable", NULL), 204);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM events WHERE product = '*'"),
                  events + 1);
    TAP_EQUAL_INT(test_status(&ada, "GET", "/api/v1/products/lamp", NULL), 401);
    TAP_EQUAL_INT(test_status(&machine, "GET", "/api/v1/products/fan", NULL), 401);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 401);
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people/ada/enable", NULL), 204);
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
}

static void gives_and_takes_roles(void)
{
    struct test_depot ada;
    struct test_answer answer;
    TAP_EQUAL_INT(test_log_in(&depot, "ada", ADA, NULL, &ada), 200);
    TAP_EQUAL_INT(test_status(&ada, "PATCH", "/api/v1/products/lamp", "{\"title\":\"x\"}"), 403);
    TAP_EQUAL_INT(test_status(&admin, "PUT", "/api/v1/products/lamp/people/ada",
                              "{\"roles\":[\"administrator\",\"viewer\"]}"),
                  204);
    TAP_EQUAL_INT(test_status(&ada, "PATCH", "/api/v1/products/lamp", "{\"keep_days\":7}"), 200);
    test_call(&ada, "GET", "/api/v1/products/lamp/people", NULL, &answer);
    TAP_CHECK(test_text(&answer, "people.0.name", "ada"));
    TAP_CHECK(test_text(&answer, "people.0.role", "administrator"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&admin, "PUT", "/api/v1/people/ada/roles",
                              "{\"roles\":[{\"product\":\"fan\",\"role\":\"viewer\"}]}"),
                  204);
    TAP_EQUAL_INT(test_status(&ada, "GET", "/api/v1/products/lamp", NULL), 404);
    test_call(&ada, "GET", "/api/v1/products", NULL, &answer);
    TAP_CHECK(test_text(&answer, "products.0.name", "fan"));
    TAP_CHECK(test_find(&answer, "products.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
}

static void lists_people(void)
{
    struct test_answer answer;
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people",
                              "{\"name\":\"robot\",\"kind\":\"machine\",\"roles\":[]}"),
                  201);
    test_call(&admin, "GET", "/api/v1/people", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(test_text(&answer, "people.0.name", "ada"));
    TAP_CHECK(test_text(&answer, "people.1.name", "admin"));
    TAP_CHECK(test_text(&answer, "people.2.name", "ben"));
    TAP_CHECK(test_text(&answer, "people.2.roles.0.role", "viewer"));
    TAP_CHECK(test_text(&answer, "people.3.name", "robot"));
    TAP_CHECK(test_find(&answer, "people.3.roles.0") == SLW_JSON_NONE);
    TAP_CHECK(test_find(&answer, "people.4") == SLW_JSON_NONE);
    test_answer_free(&answer);
}

/* Recomputes the chain from what the API shows, with nothing of the depot's but its documents. */
static void check_entry(const struct test_answer *answer, uint32_t entry,
                        uint8_t former[static SLW_SHA256_SIZE])
{
    struct slw_json_document shown;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_detail detail = {""};
    struct slw_sha256 hash;
    char hex[65] = "";
    struct slw_bytes raw = slw_json_raw(&answer->json, entry);
    struct slw_bytes expected =
        slw_json_string(&answer->json, slw_json_member(&answer->json, entry, SLW_BYTES_OF("hash")));
    /* ,"hash":"…"} is its end. */
    slw_heap_append(&text, slw_bytes_make(raw.ptr, raw.len - (sizeof ",\"hash\":\"\"}" - 1) - 64));
    slw_heap_append_text(&text, "}");
    TAP_REQUIRE(slw_json_parse("entry", slw_heap_bytes(&text), &shown, &detail) == SLW_OK);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("slipway audit v1\n"));
    slw_sha256_update(&hash, slw_bytes_make(former, SLW_SHA256_SIZE));
    slw_sha256_update(&hash, slw_json_canonical(&shown, SLW_JSON_TOP, &scratch));
    slw_sha256_final(&hash, former);
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", former[i]);
    }
    TAP_CHECK(slw_bytes_equal(expected, slw_bytes_make(hex, 64)));
    slw_json_document_free(&shown);
    slw_heap_free(&text);
    slw_heap_free(&scratch);
}

static void shows_a_trail_that_anybody_can_recompute(void)
{
    struct test_answer answer;
    struct test_answer proof;
    uint8_t hash[SLW_SHA256_SIZE] = {0};
    uint32_t entry = SLW_JSON_NONE;
    int64_t number = 0;
    test_call(&admin, "GET", "/api/v1/audit/proof", NULL, &proof);
    test_call(&admin, "GET", "/api/v1/audit?after=0&limit=1000", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    struct slw_json_walk walk = slw_json_walk_begin(&answer.json, test_find(&answer, "entries"));
    while (slw_json_walk_element(&walk, &entry)) {
        check_entry(&answer, entry, hash);
        number++;
    }
    TAP_CHECK(number > 20);
    TAP_EQUAL_INT(number, test_number(&proof, "number"));
    TAP_CHECK(test_text(&answer, "entries.0.action", "depot.init"));
    test_answer_free(&answer);
    test_answer_free(&proof);
}

static void filters_and_exports_the_trail(void)
{
    struct test_answer answer;
    TAP_EQUAL_INT(
        test_status(&admin, "PATCH", "/api/v1/products/fan", "{\"title\":\"=1+1,\\\"quoted\\\"\"}"),
        200);
    test_call(&admin, "GET", "/api/v1/products/fan/audit", NULL, &answer);
    TAP_CHECK(test_text(&answer, "entries.0.action", "product.change"));
    TAP_CHECK(test_text(&answer, "entries.0.detail.title", "=1+1,\"quoted\""));
    TAP_CHECK(test_text(&answer, "entries.1.action", "product.make"));
    TAP_CHECK(test_find(&answer, "entries.2") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&admin, "GET", "/api/v1/audit?action=people.disable&who=admin", NULL, &answer);
    TAP_CHECK(test_text(&answer, "entries.0.subject", "ada"));
    TAP_CHECK(test_find(&answer, "entries.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&admin, "GET", "/api/v1/products/fan/audit?format=csv&limit=1", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(strstr(slw_heap_text(&answer.body),
                     "\"product.change\",\"fan\",\"fan\",\"{\"\"title\"\":") != NULL);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit?format=xml", NULL), 400);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit?limit=0", NULL), 400);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit?limit=10001", NULL), 400);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit?after=x", NULL), 400);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit?after=1&before=3", NULL), 400);
}

static const struct depot_part *people_part(void)
{
    for (size_t i = 0; depot_parts[i] != NULL; i++) {
        if (strcmp(depot_parts[i]->name, "people") == 0) {
            return depot_parts[i];
        }
    }
    return NULL;
}

static void keeps_house_while_it_has_the_lease(void)
{
    const struct depot_part *part = people_part();
    struct slw_detail detail = {""};
    struct test_depot session;
    TAP_REQUIRE(part != NULL);
    for (int i = 0; i < 1200; i++) { /* until this depot has it, within a minute */
        if (test_count(&depot, "SELECT COUNT(*) FROM leases WHERE name = 'housekeeping'") == 1) {
            break;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'housekeeping'");
    TAP_EQUAL_INT(test_log_in(&depot, "ben", "my own password", NULL, &session), 200);
    TAP_REQUIRE(test_sql(&depot, "UPDATE sessions SET expires_us = 1 WHERE person = 'ben'"));
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
    TAP_REQUIRE(test_sql(&depot, "INSERT INTO login_failures (name, failures, locked_until_us, "
                                 "last_us) VALUES ('old', 1, 0, 1)"));
    TAP_REQUIRE(test_sql(&depot, "INSERT INTO login_failures (name, failures, locked_until_us, "
                                 "last_us) VALUES ('new', 1, 0, 9000000000000000)"));
    TAP_EQUAL_INT(part->work(depot.depot, token - 1, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(part->work(depot.depot, token + 1, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM login_failures"), 2);
    int64_t sessions = test_count(&depot, "SELECT COUNT(*) FROM sessions");
    TAP_EQUAL_INT(part->work(depot.depot, token, &detail), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM login_failures WHERE name = 'new'"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM login_failures"), 1);
    TAP_CHECK(test_count(&depot, "SELECT COUNT(*) FROM sessions") < sessions);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM sessions WHERE expires_us = 1"), 0);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/session", NULL), 200);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) ||
        test_log_in(&depot, "admin", PASSWORD, NULL, &admin) != 200) {
        return 1;
    }
    (void)test_sql(&depot, "DELETE FROM sessions");
    TAP_RUN(logs_in_and_out);
    TAP_RUN(ends_sessions_that_one_has_elsewhere);
    TAP_RUN(sets_a_cookie_that_only_we_get);
    if (test_log_in(&depot, "admin", PASSWORD, NULL, &admin) != 200) {
        return 1;
    }
    TAP_RUN(invites_a_person);
    TAP_RUN(an_initial_password_must_be_changed);
    TAP_RUN(a_second_factor_is_asked_for);
    TAP_RUN(makes_tokens_and_revokes_them);
    TAP_RUN(disabling_ends_everything_at_once);
    TAP_RUN(gives_and_takes_roles);
    TAP_RUN(lists_people);
    TAP_RUN(shows_a_trail_that_anybody_can_recompute);
    TAP_RUN(filters_and_exports_the_trail);
    TAP_RUN(keeps_house_while_it_has_the_lease);
    test_depot_close(&depot);
    return tap_finish();
}
