/* SPDX-License-Identifier: Apache-2.0 */
/* See test_depot.h. */
#include "test_depot.h"

#include "people/password.h"
#include "people/people.h"

#include "postgresql_server.h"

#include "slipway/files.h"
#include "slipway/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define PATH_MAX_BYTES 1024u

static bool explain(const char *what, const struct slw_detail *detail)
{
    (void)printf("# %s: %s\n", what, detail->text);
    return false;
}

/* With SLIPWAY_TEST_DATABASE=postgresql the same tests run on a server of the program's own, with a
 * database for each depot that it opens. */
static struct postgresql_server server;
static unsigned databases;

static void remove_server(void)
{
    postgresql_remove(&server);
}

static bool make_database(struct depot_settings *settings)
{
    char name[32];
    const char *kind = getenv("SLIPWAY_TEST_DATABASE");
    if (kind == NULL || strcmp(kind, "postgresql") != 0) {
        return true;
    }
    if (databases == 0) {
        if (!postgresql_make(&server)) {
            (void)printf("# PostgreSQL isn't installed\n");
            return false;
        }
        postgresql_start(&server);
        (void)atexit(remove_server);
    }
    (void)snprintf(name, sizeof name, "depot%u", ++databases);
    (void)snprintf(settings->database, sizeof settings->database, "%s",
                   postgresql_url(&server, name));
    return postgresql_create(&server, name);
}

static void make_settings(struct test_depot *test)
{
    struct depot_settings *settings = &test->settings;
    (void)snprintf(settings->listen, sizeof settings->listen, "127.0.0.1:0");
    (void)snprintf(settings->database, sizeof settings->database, "sqlite:%s/depot.db",
                   test->directory);
    (void)snprintf(settings->blobs, sizeof settings->blobs, "dir:%s/blobs", test->directory);
    (void)snprintf(settings->secret_file, sizeof settings->secret_file, "%s/secret",
                   test->directory);
}

static bool make_administrator(struct test_depot *test)
{
    struct slw_detail detail = {""};
    if (depot_people_init(test->depot, SLW_BYTES_OF("admin"), "a password of admin's", NULL,
                          &detail) != SLW_OK ||
        depot_people_make_token(test->depot, SLW_BYTES_OF("admin"), "of the test",
                                SLW_BYTES_OF("*"), "administrator", test->token,
                                &detail) != SLW_OK) {
        return explain("making an administrator", &detail);
    }
    test->use_token = test->token;
    return true;
}

static bool start(struct test_depot *test)
{
    struct slw_detail detail = {""};
    if (depot_program_start(&test->settings, &test->program, &detail) != SLW_OK) {
        return explain("starting a depot", &detail);
    }
    test->depot = depot_program_services(test->program);
    test->address = depot_program_address(test->program);
    return true;
}

bool test_depot_open(struct test_depot *ret_depot, void (*change)(struct depot_settings *settings))
{
    struct slw_detail detail = {""};
    memset(ret_depot, 0, sizeof *ret_depot);
    (void)snprintf(ret_depot->directory, sizeof ret_depot->directory, "/tmp/depot-test.XXXXXX");
    if (mkdtemp(ret_depot->directory) == NULL) {
        return false;
    }
    make_settings(ret_depot);
    if (!make_database(&ret_depot->settings)) {
        return false;
    }
    if (slw_file_write(ret_depot->settings.secret_file, SLW_OUTPUT_PRIVATE,
                       SLW_BYTES_OF("the secret of a depot in a test, of no use"),
                       &detail) != SLW_OK) {
        return explain("writing the secret", &detail);
    }
    if (change != NULL) {
        change(&ret_depot->settings);
    }
    return start(ret_depot) && make_administrator(ret_depot);
}

bool test_depot_restart(struct test_depot *depot)
{
    depot_program_stop(depot->program);
    depot->program = NULL;
    return start(depot);
}

void test_depot_close(struct test_depot *depot)
{
    if (depot->program != NULL) {
        depot_program_stop(depot->program);
        depot->program = NULL;
    }
    remove_tree(depot->directory);
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    slw_heap_append(context, slw_bytes_make(bytes, size * count));
    return size * count;
}

static struct curl_slist *make_headers(const struct test_depot *depot, const char *type)
{
    char line[PATH_MAX_BYTES];
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    (void)snprintf(line, sizeof line, "Content-Type: %s", type);
    headers = curl_slist_append(headers, line);
    if (depot->use_token != NULL) {
        (void)snprintf(line, sizeof line, "Authorization: Bearer %s", depot->use_token);
        headers = curl_slist_append(headers, line);
    }
    for (size_t i = 0; i < sizeof depot->headers / sizeof depot->headers[0]; i++) {
        if (depot->headers[i] == NULL) {
            break;
        }
        headers = curl_slist_append(headers, depot->headers[i]);
    }
    return headers;
}

static void set_options(CURL *curl, const char *method, const char *url, struct slw_bytes body,
                        struct test_answer *answer)
{
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer->body);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer->head);
    if (body.ptr != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body.ptr);
    }
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
}

void test_call_bytes(const struct test_depot *depot, const char *method, const char *path,
                     const char *type, struct slw_bytes body, struct test_answer *ret_answer)
{
    char url[PATH_MAX_BYTES * 5];
    struct slw_detail detail;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(depot, type);
    memset(ret_answer, 0, sizeof *ret_answer);
    (void)snprintf(url, sizeof url, "%s%s", depot->address, path);
    set_options(curl, method, url, body, ret_answer);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (curl_easy_perform(curl) == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    }
    ret_answer->is_json = slw_json_parse("answer", slw_heap_bytes(&ret_answer->body),
                                         &ret_answer->json, &detail) == SLW_OK;
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

void test_call(const struct test_depot *depot, const char *method, const char *path,
               const char *body, struct test_answer *ret_answer)
{
    struct slw_bytes bytes = {NULL, 0};
    if (body != NULL) {
        bytes = slw_bytes_make(body, strlen(body));
    }
    test_call_bytes(depot, method, path, "application/json", bytes, ret_answer);
}

void test_answer_free(struct test_answer *answer)
{
    if (answer->is_json) {
        slw_json_document_free(&answer->json);
    }
    slw_heap_free(&answer->head);
    slw_heap_free(&answer->body);
    memset(answer, 0, sizeof *answer);
}

long test_status(const struct test_depot *depot, const char *method, const char *path,
                 const char *body)
{
    struct test_answer answer;
    test_call(depot, method, path, body, &answer);
    long status = answer.status;
    test_answer_free(&answer);
    return status;
}

static uint32_t find_element(const struct slw_json_document *json, uint32_t list, unsigned long n)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &value)) {
        if (n-- == 0) {
            return value;
        }
    }
    return SLW_JSON_NONE;
}

uint32_t test_find(const struct test_answer *answer, const char *path)
{
    uint32_t value = answer->is_json ? SLW_JSON_TOP : SLW_JSON_NONE;
    while (*path != '\0' && value != SLW_JSON_NONE) {
        size_t len = strcspn(path, ".");
        if (slw_json_kind(&answer->json, value) == SLW_JSON_ARRAY) {
            value = find_element(&answer->json, value, strtoul(path, NULL, 10));
        } else {
            value = slw_json_member(&answer->json, value, slw_bytes_make(path, len));
        }
        path += len + (path[len] == '.' ? 1 : 0);
    }
    return value;
}

bool test_text(const struct test_answer *answer, const char *path, const char *expected)
{
    uint32_t value = test_find(answer, path);
    struct slw_bytes text =
        answer->is_json ? slw_json_string(&answer->json, value) : (struct slw_bytes){NULL, 0};
    if (value != SLW_JSON_NONE &&
        slw_bytes_equal(text, slw_bytes_make(expected, strlen(expected)))) {
        return true;
    }
    (void)printf("# %s isn't \"%s\" in: %.*s\n", path, expected, (int)answer->body.len,
                 (const char *)answer->body.ptr);
    return false;
}

int64_t test_number(const struct test_answer *answer, const char *path)
{
    uint32_t value = test_find(answer, path);
    int64_t number = -1;
    if (value == SLW_JSON_NONE || !slw_json_integer(&answer->json, value, &number)) {
        return -1;
    }
    return number;
}

const char *test_header(const struct test_answer *answer, const char *name, char buffer[static 512])
{
    size_t name_len = strlen(name);
    const char *at = (const char *)answer->head.ptr;
    const char *end = at + answer->head.len;
    buffer[0] = '\0';
    while (at != NULL && at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = line_end == NULL ? (size_t)(end - at) : (size_t)(line_end - at);
        if (len > name_len + 1 && strncasecmp(at, name, name_len) == 0 && at[name_len] == ':') {
            size_t skipped = name_len + 1 + (at[name_len + 1] == ' ' ? 1 : 0);
            size_t value_len = len - skipped - (at[len - 1] == '\r' ? 1 : 0);
            value_len = value_len < 511 ? value_len : 511;
            memcpy(buffer, at + skipped, value_len);
            buffer[value_len] = '\0';
            return buffer;
        }
        at += len + 1;
    }
    return buffer;
}

bool test_product(const struct test_depot *depot, const char *product)
{
    char body[256];
    struct test_depot as_admin = *depot;
    as_admin.use_token = depot->token;
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"title\":\"A product\"}", product);
    return test_status(&as_admin, "POST", "/api/v1/products", body) == 201;
}

struct person {
    const char *name, *product, *roles;
};

/* Each word of roles into table, in the transaction. */
static enum slw_status insert_roles(struct slw_transaction *transaction, const char *sql,
                                    struct slw_sql_value of, const struct person *person,
                                    struct slw_detail *detail)
{
    for (const char *at = person->roles; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        const struct slw_sql_value values[] = {of, slw_sql_text(slw_text_bytes(person->product)),
                                               slw_sql_text(slw_bytes_make(at, len))};
        SLW_TRY(slw_sql_run(transaction, sql, values, 3, NULL, detail));
        at += len;
    }
    return SLW_OK;
}

static enum slw_status make_person(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    const struct person *person = context;
    const struct slw_sql_value name = slw_sql_text(slw_text_bytes(person->name));
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO people (name, is_machine, must_change, totp_step, "
                        "invitation_until_us, made_us) VALUES ($1, 0, 0, 0, 0, 0) ON CONFLICT "
                        "(name) DO NOTHING",
                        &name, 1, NULL, detail));
    return insert_roles(transaction,
                        "INSERT INTO roles (person, product, role) VALUES ($1, $2, $3)", name,
                        person, detail);
}

static enum slw_status give_token_roles(void *context, struct slw_transaction *transaction,
                                        struct slw_detail *detail)
{
    const struct person *person = context;
    int64_t id = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT MAX(id) FROM tokens", NULL, 0, &id, detail));
    const struct slw_sql_value value = slw_sql_int(id);
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM token_roles WHERE token = $1", &value, 1, NULL,
                        detail));
    return insert_roles(transaction,
                        "INSERT INTO token_roles (token, product, role) VALUES ($1, $2, $3)", value,
                        person, detail);
}

bool test_person(const struct test_depot *depot, const char *name, const char *product,
                 const char *roles, char ret_token[static 128])
{
    struct person person = {name, product, roles};
    struct slw_detail detail = {""};
    struct slw_database *database = depot->depot->database;
    if (slw_database_transact(database, SLW_DATABASE_WRITE, make_person, &person, &detail) !=
            SLW_OK ||
        depot_people_make_token(depot->depot, slw_text_bytes(name), "of the test",
                                slw_text_bytes(product), "viewer", ret_token, &detail) != SLW_OK ||
        slw_database_transact(database, SLW_DATABASE_WRITE, give_token_roles, &person, &detail) !=
            SLW_OK) {
        return explain("making a person", &detail);
    }
    return true;
}

static enum slw_status run_sql(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    return slw_sql_run(transaction, context, NULL, 0, NULL, detail);
}

bool test_sql(const struct test_depot *depot, const char *sql)
{
    struct slw_detail detail = {""};
    char text[1024];
    (void)snprintf(text, sizeof text, "%s", sql);
    return slw_database_transact(depot->depot->database, SLW_DATABASE_WRITE, run_sql, text,
                                 &detail) == SLW_OK ||
           explain(sql, &detail);
}

bool test_person_with_password(const struct test_depot *depot, const char *name,
                               const char *product, const char *roles, const char *password)
{
    struct person person = {name, product, roles};
    struct slw_detail detail = {""};
    char hash[PEOPLE_HASH_SIZE];
    char sql[512];
    if (people_password_hash(slw_text_bytes(password), hash, &detail) != SLW_OK ||
        slw_database_transact(depot->depot->database, SLW_DATABASE_WRITE, make_person, &person,
                              &detail) != SLW_OK) {
        return explain("making a person", &detail);
    }
    (void)snprintf(sql, sizeof sql, "UPDATE people SET password = '%s' WHERE name = '%s'", hash,
                   name);
    return test_sql(depot, sql);
}

/* The cookie of an answer, and its CSRF text, as headers of the session's calls. */
static void keep_session(const struct test_answer *answer, struct test_depot *session)
{
    char cookie[512];
    struct slw_bytes csrf = slw_json_string(&answer->json, test_find(answer, "csrf"));
    (void)test_header(answer, "Set-Cookie", cookie);
    cookie[strcspn(cookie, ";")] = '\0';
    (void)snprintf(session->session_headers[0], sizeof session->session_headers[0],
                   "Cookie: %.140s", cookie);
    (void)snprintf(session->session_headers[1], sizeof session->session_headers[1],
                   "X-Slipway-CSRF: %.*s", (int)csrf.len, (const char *)csrf.ptr);
    session->headers[0] = session->session_headers[0];
    session->headers[1] = session->session_headers[1];
    session->headers[2] = NULL;
}

long test_log_in(const struct test_depot *depot, const char *name, const char *password,
                 const char *code, struct test_depot *ret_session)
{
    struct slw_heap_buffer body = {0};
    struct test_answer answer;
    struct slw_json json;
    struct test_depot session = *depot;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "name", name);
    slw_json_text(&json, "password", password);
    if (code != NULL) {
        slw_json_text(&json, "code", code);
    }
    slw_json_end_object(&json);
    session.use_token = NULL;
    test_call(&session, "POST", "/api/v1/session", slw_heap_text(&body), &answer);
    long status = answer.status;
    *ret_session = session;
    if (status == 200) {
        keep_session(&answer, ret_session);
    }
    test_answer_free(&answer);
    slw_heap_free(&body);
    return status;
}

struct count {
    const char *sql;
    int64_t number;
};

static enum slw_status count(void *context, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct count *counted = context;
    return slw_sql_number(transaction, counted->sql, NULL, 0, &counted->number, detail);
}

int64_t test_count(const struct test_depot *depot, const char *sql)
{
    struct count counted = {sql, -1};
    struct slw_detail detail = {""};
    if (slw_database_transact(depot->depot->database, SLW_DATABASE_READ, count, &counted,
                              &detail) != SLW_OK) {
        (void)explain(sql, &detail);
        return -1;
    }
    return counted.number;
}
