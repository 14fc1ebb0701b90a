/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A depot in the test's own process, for the unit tests of all parts: on a fresh SQLite database
 * and a directory of blobs in a temporary folder, on a free port, with an administrator "admin" and
 * a token of hers; and an HTTP client on libcurl.
 *
 *     struct test_depot depot;
 *     TAP_REQUIRE(test_depot_open(&depot, NULL));
 *     struct test_answer answer;
 *     test_call(&depot, "POST", "/api/v1/products", "{\"name\":\"lamp\"}", &answer);
 *     TAP_EQUAL_INT(answer.status, 201);
 *     TAP_CHECK(test_text(&answer, "name", "lamp"));
 *     test_answer_free(&answer);
 *     test_depot_close(&depot);
 */
#ifndef SLIPWAY_TEST_DEPOT_H
#define SLIPWAY_TEST_DEPOT_H

#include "core/program.h"

struct test_depot {
    char directory[64];
    struct depot_settings settings;
    struct depot_program *program;
    struct depot *depot;          /* its services, for looking into the database */
    const char *address;          /* "http://127.0.0.1:40123" */
    char token[128];              /* "slw_1_…", an administrator's in all products */
    const char *use_token;        /* what calls are made with: token at first; NULL: nobody */
    const char *headers[8];       /* more of them, "Name: value"; NULL ends */
    char session_headers[2][160]; /* those of test_log_in() */
};

/* change, if any, is called before it is started: database, TLS, … Prints why it failed. */
bool test_depot_open(struct test_depot *ret_depot, void (*change)(struct depot_settings *settings));
/* The same database and blobs again, as after a restart. */
bool test_depot_restart(struct test_depot *depot);
void test_depot_close(struct test_depot *depot);

struct test_answer {
    long status;                 /* 0: none came */
    struct slw_heap_buffer head; /* its header fields, lines */
    struct slw_heap_buffer body;
    struct slw_json_document json; /* of the body, when that is JSON */
    bool is_json;
};

/* body: NULL for none. */
void test_call(const struct test_depot *depot, const char *method, const char *path,
               const char *body, struct test_answer *ret_answer);
void test_call_bytes(const struct test_depot *depot, const char *method, const char *path,
                     const char *type, struct slw_bytes body, struct test_answer *ret_answer);
void test_answer_free(struct test_answer *answer);

/* Only the status, for most checks. */
long test_status(const struct test_depot *depot, const char *method, const char *path,
                 const char *body);

/* A member by its path, "people.0.name"; SLW_JSON_NONE. */
uint32_t test_find(const struct test_answer *answer, const char *path);
bool test_text(const struct test_answer *answer, const char *path, const char *expected);
int64_t test_number(const struct test_answer *answer, const char *path); /* -1: none */
/* The value of a header field of the answer; "" when it isn't there. */
const char *test_header(const struct test_answer *answer, const char *name,
                        char buffer[static 512]);

/* Makes a product; a person with roles in it and a token of theirs, written to ret_token. roles:
 * "developer" or several with spaces between. */
bool test_product(const struct test_depot *depot, const char *product);
bool test_person(const struct test_depot *depot, const char *name, const char *product,
                 const char *roles, char ret_token[static 128]);

/* Makes a person who has a password, and no token. */
bool test_person_with_password(const struct test_depot *depot, const char *name,
                               const char *product, const char *roles, const char *password);
/* Logs in; ret_session makes calls in that session. code: NULL for none. The HTTP status. */
long test_log_in(const struct test_depot *depot, const char *name, const char *password,
                 const char *code, struct test_depot *ret_session);

/* Changes the database behind the depot's back. */
bool test_sql(const struct test_depot *depot, const char *sql);
/* One number from the database: test_count(&depot, "SELECT COUNT(*) FROM audit"). -1: it failed. */
int64_t test_count(const struct test_depot *depot, const char *sql);

#endif
