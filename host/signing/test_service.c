/* SPDX-License-Identifier: Apache-2.0 */
/* The signing service of test_service.h: HTTP by hand, one connection after the other. */
#include "test_service.h"

#include "slipway/dsse.h"
#include "slipway/tuf_change_json.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD_SIZE_MAX 8192u
#define BODY_SIZE_MAX (4u << 20)

struct known {
    uint8_t id[SLW_SHA256_SIZE];
    const char *state;
    uint8_t signature[SLW_SIGNATURE_SIZE];
};

struct test_service_state {
    char directory[64];
    char path[100];
    int listener;
    pthread_t thread;
    struct known known[TEST_SERVICE_REQUESTS_MAX];
    uint8_t staged[SLW_SHA256_SIZE];
    uint64_t staged_length;
    struct slw_heap_buffer blob;
    bool lost_one;
};

struct exchange {
    int descriptor;
    char head[HEAD_SIZE_MAX]; /* request line and headers */
    struct slw_heap_buffer body;
};

/* --- HTTP --- */

static void answer(const struct exchange *exchange, const char *status, const char *headers,
                   struct slw_bytes body)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "HTTP/1.1 %s\r\nConnection: close\r\n%s", status, headers);
    if (strncmp(status, "204", 3) != 0) {
        slw_heap_printf(&text, "Content-Length: %zu\r\n", body.len);
    }
    slw_heap_append_text(&text, "\r\n");
    slw_heap_append(&text, body);
    size_t done = 0;
    while (done < text.len) {
        ssize_t len = send(exchange->descriptor, text.ptr + done, text.len - done, MSG_NOSIGNAL);
        if (len <= 0) {
            break;
        }
        done += (size_t)len;
    }
    slw_heap_free(&text);
}

static void answer_json(const struct exchange *exchange, const char *status, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

static void answer_json(const struct exchange *exchange, const char *status, const char *format,
                        ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    answer(exchange, status, "Content-Type: application/json\r\n",
           slw_bytes_make(text, strlen(text)));
}

static uint64_t header_number(const struct exchange *exchange, const char *name)
{
    const char *found = strstr(exchange->head, name);
    return found == NULL ? 0 : strtoull(found + strlen(name), NULL, 10);
}

static bool receive(struct exchange *exchange)
{
    size_t len = 0;
    char *end = NULL;
    while (end == NULL && len < sizeof exchange->head - 1) {
        ssize_t got =
            recv(exchange->descriptor, exchange->head + len, sizeof exchange->head - 1 - len, 0);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        exchange->head[len] = '\0';
        end = strstr(exchange->head, "\r\n\r\n");
    }
    if (end == NULL) {
        return false;
    }
    uint64_t length = header_number(exchange, "Content-Length: ");
    size_t body_at = (size_t)(end + 4 - exchange->head);
    slw_heap_append(&exchange->body, slw_bytes_make(end + 4, len - body_at));
    while (exchange->body.len < length && length <= BODY_SIZE_MAX) {
        uint8_t block[16384];
        ssize_t got = recv(exchange->descriptor, block, sizeof block, 0);
        if (got <= 0) {
            return false;
        }
        slw_heap_append(&exchange->body, slw_bytes_make(block, (size_t)got));
    }
    end[2] = '\0';
    return exchange->body.len == length;
}

static const char *hex(const uint8_t digest[static SLW_SHA256_SIZE])
{
    static char text[2 * SLW_SHA256_SIZE + 1];
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    return text;
}

static void sha256_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

/* --- The service --- */

static bool refuse(struct test_service *service, const char *why)
{
    (void)snprintf(service->refused, sizeof service->refused, "%.250s", why);
    return false;
}

static bool is_staged(const struct test_service_state *state,
                      const uint8_t sha256[static SLW_SHA256_SIZE])
{
    uint8_t nothing[SLW_SHA256_SIZE];
    uint8_t digest[SLW_SHA256_SIZE];
    sha256_of(slw_bytes_make(NULL, 0), nothing);
    if (memcmp(sha256, nothing, sizeof nothing) == 0) {
        return true;
    }
    sha256_of(slw_heap_bytes(&state->blob), digest);
    return memcmp(sha256, digest, sizeof digest) == 0;
}

/* The next version, made here out of the staged base and the difference. */
static bool sign(struct test_service *service, const struct slw_request *request,
                 struct known *known)
{
    struct slw_tuf_parsed_change parsed;
    struct slw_tuf_model *model = NULL;
    struct slw_heap_buffer message = {0};
    struct slw_detail detail = {0};
    uint8_t nothing[SLW_SHA256_SIZE];
    sha256_of(slw_bytes_make(NULL, 0), nothing);
    bool has_base = memcmp(request->staged, nothing, sizeof nothing) != 0;
    if (slw_tuf_change_parse("change", request->change, &parsed, &detail) != SLW_OK) {
        return refuse(service, detail.text);
    }
    bool good = slw_tuf_model_load_base(parsed.change.type, parsed.change.role,
                                        has_base ? slw_heap_bytes(&service->state->blob)
                                                 : slw_bytes_make(NULL, 0),
                                        &model, &detail) == SLW_OK &&
                slw_tuf_model_apply(model, &parsed.change, &detail) == SLW_OK &&
                slw_tuf_model_encode(model, &message, &detail) == SLW_OK;
    if (good && service->mood == SERVICE_SIGNS_OTHER_BYTES) {
        slw_heap_append_text(&message, " ");
    }
    const struct slw_private_key *key =
        service->mood == SERVICE_SIGNS_WITH_OTHER_KEY ? service->other_key : service->key;
    good = good &&
           slw_private_key_sign(key, slw_heap_bytes(&message), known->signature, &detail) == SLW_OK;
    slw_tuf_model_free(model);
    slw_tuf_parsed_change_free(&parsed);
    slw_heap_free(&message);
    return good || refuse(service, detail.text);
}

/* id in hexadecimal, with anything behind it; not hex()'s own text. */
static struct known *find(struct test_service *service, const char *id)
{
    for (size_t i = 0; i < service->requests_count; i++) {
        if (strncmp(hex(service->state->known[i].id), id, 64) == 0) {
            return &service->state->known[i];
        }
    }
    return NULL;
}

static bool decide(struct test_service *service, const struct slw_request *request,
                   struct known *known)
{
    if (!slw_bytes_equal(request->signer, SLW_BYTES_OF(TEST_SERVICE_ORIGIN)) ||
        !slw_bytes_equal(request->key, SLW_BYTES_OF("tuf-online")) ||
        request->operation != SLW_OPERATION_SIGN_ROLE) {
        return refuse(service, "another service's, another key or another operation");
    }
    if (!is_staged(service->state, request->staged)) {
        return refuse(service, "asked before its base is there");
    }
    known->state = service->mood == SERVICE_WAITS         ? "waiting"
                   : service->mood == SERVICE_LETS_EXPIRE ? "expired"
                   : service->mood == SERVICE_WANTS_FILE  ? "received"
                                                          : "signed";
    if (service->mood == SERVICE_REFUSES) {
        return refuse(service, "nobody may");
    }
    return sign(service, request, known);
}

static void take_request(struct test_service *service, const struct exchange *exchange,
                         const struct slw_statement *statement)
{
    struct slw_detail detail = {0};
    char id[2 * SLW_SHA256_SIZE + 1];
    memcpy(id, hex(statement->id), sizeof id);
    struct known *known = find(service, id);
    struct slw_request request;
    if (slw_request_read(statement, &request, &detail) != SLW_OK ||
        (known == NULL && service->requests_count == TEST_SERVICE_REQUESTS_MAX)) {
        answer_json(exchange, "403 Forbidden", "{\"reason\":\"bad-statement\",\"detail\":\"-\"}");
        return;
    }
    if (known == NULL) {
        known = &service->state->known[service->requests_count++];
        memcpy(known->id, statement->id, sizeof known->id);
        service->last = request;
        (void)snprintf(service->last_channel, sizeof service->last_channel, "%.*s",
                       (int)request.channel.len, (const char *)request.channel.ptr);
        known->state = "refused";
        if (!decide(service, &request, known)) {
            known->state = "refused";
        }
    } else if (service->mood == SERVICE_SIGNS) {
        known->state = strcmp(known->state, "waiting") == 0 ? "signed" : known->state;
    }
    if (strcmp(known->state, "refused") == 0) {
        answer_json(exchange, "403 Forbidden",
                    "{\"id\":\"%s\",\"state\":\"refused\",\"reason\":\"not-permitted\","
                    "\"detail\":\"%s\"}",
                    hex(known->id), service->refused);
        return;
    }
    answer_json(exchange, "202 Accepted", "{\"id\":\"%s\",\"state\":\"%s\"}", hex(known->id),
                known->state);
}

static void take_stage(struct test_service *service, const struct exchange *exchange,
                       const struct slw_statement *statement)
{
    struct slw_detail detail = {0};
    struct slw_stage stage;
    struct test_service_state *state = service->state;
    if (slw_stage_read(statement, &stage, &detail) != SLW_OK ||
        !slw_bytes_equal(stage.signer, SLW_BYTES_OF(TEST_SERVICE_ORIGIN))) {
        answer_json(exchange, "403 Forbidden", "{\"reason\":\"bad-statement\",\"detail\":\"-\"}");
        return;
    }
    service->stages_count++;
    if (memcmp(state->staged, stage.sha256, sizeof state->staged) != 0) {
        slw_heap_free(&state->blob);
    }
    memcpy(state->staged, stage.sha256, sizeof state->staged);
    state->staged_length = stage.length;
    answer_json(exchange, "202 Accepted", "{\"id\":\"%s\",\"state\":\"received\"}",
                hex(statement->id));
}

/* "It believes nothing that the front says": every statement is signed by the requester. */
static void take_statement(struct test_service *service, const struct exchange *exchange)
{
    struct slw_dsse envelope;
    struct slw_statement statement;
    struct slw_statement_key requester;
    struct slw_detail detail = {0};
    slw_statement_key_of_public(service->requester, &requester);
    if (slw_dsse_parse("statement", slw_heap_bytes(&exchange->body), &envelope, &detail) !=
        SLW_OK) {
        answer_json(exchange, "403 Forbidden", "{\"reason\":\"malformed\",\"detail\":\"-\"}");
        return;
    }
    if (slw_dsse_verify_one(&envelope, &requester, SLW_DSSE_OUR_KEYS, &detail) != SLW_OK ||
        slw_statement_parse("statement", envelope.payload, &statement, &detail) != SLW_OK) {
        answer_json(exchange, "403 Forbidden", "{\"reason\":\"unsigned\",\"detail\":\"-\"}");
    } else {
        if (statement.kind == SLW_STATEMENT_REQUEST) {
            take_request(service, exchange, &statement);
        } else {
            take_stage(service, exchange, &statement);
        }
        slw_statement_free(&statement);
    }
    slw_dsse_free(&envelope);
}

static void take_upload(struct test_service *service, const struct exchange *exchange, bool appends)
{
    struct test_service_state *state = service->state;
    char headers[128];
    if (strncmp(strstr(exchange->head, "/v1/staged/") + 11, hex(state->staged), 64) != 0) {
        answer_json(exchange, "404 Not Found", "{\"reason\":\"not-found\",\"detail\":\"-\"}");
        return;
    }
    bool fits = header_number(exchange, "Upload-Offset: ") == state->blob.len;
    if (appends && fits && service->mood == SERVICE_LOSES_UPLOADS && !state->lost_one) {
        state->lost_one = true;
        slw_heap_append(&state->blob, slw_bytes_make(exchange->body.ptr, exchange->body.len / 2));
        return; /* and the connection ends */
    }
    if (appends && fits) {
        slw_heap_append(&state->blob, slw_heap_bytes(&exchange->body));
        service->uploads_count++;
        service->uploaded_bytes = state->blob.len;
    }
    (void)snprintf(headers, sizeof headers, "Upload-Offset: %zu\r\nUpload-Length: %llu\r\n",
                   state->blob.len, (unsigned long long)state->staged_length);
    answer(exchange, !appends || fits ? "204 No Content" : "409 Conflict", headers,
           slw_bytes_make(NULL, 0));
}

/* What it waits for is there: its hash is that of its name, for the client said so. */
static void look_at_file(struct test_service *service, struct known *known)
{
    struct test_service_state *state = service->state;
    uint8_t digest[SLW_SHA256_SIZE];
    sha256_of(slw_heap_bytes(&state->blob), digest);
    if (known != NULL && strcmp(known->state, "received") == 0 &&
        state->blob.len == state->staged_length && state->blob.len > 0 &&
        memcmp(digest, state->staged, sizeof digest) == 0) {
        known->state = "signed";
    }
}

static void show(struct test_service *service, const struct exchange *exchange)
{
    struct known *known = find(service, strstr(exchange->head, "/v1/requests/") + 13);
    look_at_file(service, known);
    if (known == NULL) {
        answer_json(exchange, "404 Not Found", "{\"reason\":\"not-found\",\"detail\":\"-\"}");
    } else if (strstr(exchange->head, "/signature HTTP") != NULL) {
        size_t len = service->mood == SERVICE_ANSWERS_SHORT ? 63 : SLW_SIGNATURE_SIZE;
        answer(exchange, "200 OK", "", slw_bytes_make(known->signature, len));
    } else {
        answer_json(exchange, "200 OK",
                    "{\"id\":\"%s\",\"state\":\"%s\",\"reason\":\"not-permitted\",\"detail\":"
                    "\"nobody may\"}",
                    hex(known->id), known->state);
    }
}

/* The second page is what is asked for after something. */
static void show_list(const struct test_service *service, const struct exchange *exchange)
{
    const char *page = service->lists[strstr(exchange->head, "after=") != NULL ? 1 : 0];
    page = page == NULL ? "{\"requests\":[]}" : page;
    answer(exchange, "200 OK", "", slw_bytes_make(page, strlen(page)));
}

static void serve(struct test_service *service, struct exchange *exchange)
{
    if (!receive(exchange) || service->mood == SERVICE_HANGS_UP) {
        return;
    }
    if (service->mood == SERVICE_ANSWERS_NONSENSE) {
        answer(exchange, "202 Accepted", "", SLW_BYTES_OF("<html>"));
    } else if (strncmp(exchange->head, "POST /v1/statements ", 20) == 0) {
        take_statement(service, exchange);
    } else if (strncmp(exchange->head, "HEAD /v1/staged/", 16) == 0) {
        take_upload(service, exchange, false);
    } else if (strncmp(exchange->head, "PATCH /v1/staged/", 17) == 0) {
        take_upload(service, exchange, true);
    } else if (strncmp(exchange->head, "GET /v1/requests?", 17) == 0) {
        show_list(service, exchange);
    } else if (strncmp(exchange->head, "GET /v1/requests/", 17) == 0) {
        show(service, exchange);
    } else {
        answer_json(exchange, "404 Not Found", "{\"reason\":\"not-found\",\"detail\":\"-\"}");
    }
}

/* Until the listener is shut down. */
static void *run(void *context)
{
    struct test_service *service = context;
    struct exchange exchange = {0};
    while ((exchange.descriptor = accept(service->state->listener, NULL, NULL)) >= 0) {
        serve(service, &exchange);
        (void)close(exchange.descriptor);
        slw_heap_free(&exchange.body);
        exchange.head[0] = '\0';
    }
    return NULL;
}

static bool listen_at(struct test_service_state *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", state->path);
    state->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return state->listener >= 0 &&
           bind(state->listener, (const struct sockaddr *)&address, sizeof address) == 0 &&
           listen(state->listener, 8) == 0;
}

bool test_service_start(struct test_service *service)
{
    struct test_service_state *state = calloc(1, sizeof *state);
    service->state = state;
    if (state == NULL) {
        return false;
    }
    (void)snprintf(state->directory, sizeof state->directory, "/tmp/slipway-service-XXXXXX");
    if (mkdtemp(state->directory) == NULL) {
        return false;
    }
    (void)snprintf(state->path, sizeof state->path, "%s/socket", state->directory);
    (void)snprintf(service->url, sizeof service->url, "unix:%s", state->path);
    return listen_at(state) && pthread_create(&state->thread, NULL, run, service) == 0;
}

void test_service_stop(struct test_service *service)
{
    struct test_service_state *state = service->state;
    (void)shutdown(state->listener, SHUT_RDWR);
    (void)pthread_join(state->thread, NULL);
    (void)close(state->listener);
    (void)unlink(state->path);
    (void)rmdir(state->directory);
    slw_heap_free(&state->blob);
    free(state);
    *service = (struct test_service){0};
}
