/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client library against a real front: what it asks, how it goes on after failures, and what it
 * makes of answers that are refusals, nonsense, too long or missing.
 */
#include "slipway/signer_client.h"
#include "test_front.h"

#include "tap.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_front front;
static struct slw_signer_client *client;
static struct slw_detail detail;
static char url[128];

static bool begin(void)
{
    const struct slw_signer_client_settings settings = {.url = url, .attempts = 2};
    if (!test_front_prepare(&front) || !test_front_start(&front, "", NULL)) {
        return false;
    }
    (void)snprintf(url, sizeof url, "unix:%s/signer.sock", front.directory);
    return slw_signer_client_new(&settings, &client, &detail) == SLW_OK;
}

static void submits_statements(void)
{
    struct slw_signer_receipt receipt;
    uint8_t wanted[SLW_SHA256_SIZE];
    unsigned len = 0;
    TAP_REQUIRE(slw_signer_client_submit(client, SLW_BYTES_OF("{}"), &receipt, &detail) == SLW_OK);
    (void)EVP_Digest("{}", 2, wanted, &len, EVP_sha256(), NULL);
    TAP_EQUAL_BYTES(receipt.id, wanted, sizeof wanted);
    TAP_EQUAL_INT(receipt.state, SLW_SIGNER_RECEIVED);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&front.behind.envelope), SLW_BYTES_OF("{}")));
}

static void says_why_a_statement_was_refused(void)
{
    static const struct {
        const char *reason;
        enum slw_status status;
        bool known;
    } rows[] = {
        {"not-permitted", SLW_NOT_PERMITTED, true},
        {"version-taken", SLW_VERSION_TAKEN, true},
        {"wrong-content", SLW_WRONG_CONTENT, true},
        {"token", SLW_TOKEN, true},
        {"too-many", SLW_TOO_MANY, true},
        {"a-word-of-the-future", SLW_UNAVAILABLE, true},
        {"ok", SLW_UNAVAILABLE, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_signer_receipt receipt;
        front.behind.refuse = rows[i].reason;
        TAP_ROW(rows[i].reason);
        TAP_EQUAL_INT(slw_signer_client_submit(client, SLW_BYTES_OF("{}"), &receipt, &detail),
                      rows[i].status);
        TAP_CHECK(strstr(detail.text, "said so") != NULL);
        TAP_CHECK((receipt.state == SLW_SIGNER_REFUSED) == rows[i].known);
    }
    TAP_ROW(NULL);
    front.behind.refuse = NULL;
}

static char *make_bytes(size_t len)
{
    char *bytes = malloc(len);
    for (size_t i = 0; bytes != NULL && i < len; i++) {
        bytes[i] = (char)((i * 13 + i / 253) & 0xFF);
    }
    return bytes;
}

static uint64_t told;

static void tell(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)total;
    told = done;
}

static void uploads_and_goes_on_after_a_failure(void)
{
    enum { LEN = 20000001 };
    char *bytes = make_bytes(LEN);
    struct slw_memory_source memory;
    const struct slw_progress progress = {.report = tell};
    TAP_REQUIRE(bytes != NULL);
    slw_memory_source_init(&memory, slw_bytes_make(bytes, LEN));
    const struct test_blob *blob = test_behind_expect(&front.behind, memory.bytes);
    front.behind.refuse_from = 9000000;
    TAP_EQUAL_INT(
        slw_signer_client_upload(client, blob->sha256, &memory.source, &progress, &detail),
        SLW_NO_SPACE);
    TAP_CHECK(blob->bytes.len > 8000000 && blob->bytes.len < 9200000);
    front.behind.refuse_from = UINT64_MAX;
    unsigned before = front.behind.calls[SLW_SIGNER_UPLOAD];
    TAP_EQUAL_INT(
        slw_signer_client_upload(client, blob->sha256, &memory.source, &progress, &detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&blob->bytes), memory.bytes));
    TAP_EQUAL_INT(told, LEN);
    /* What was there wasn't sent again. */
    TAP_CHECK((front.behind.calls[SLW_SIGNER_UPLOAD] - before) *
                  (uint64_t)SLW_SIGNER_PIECE_SIZE_MAX <
              LEN - 8000000);
    before = front.behind.calls[SLW_SIGNER_UPLOAD];
    TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &memory.source, NULL, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_UPLOAD], before);
    free(bytes);
}

static void uploads_nothing_that_wasnt_staged_so(void)
{
    static const uint8_t nobodys[SLW_SHA256_SIZE] = {1};
    struct slw_memory_source memory;
    const struct test_blob *blob = test_behind_expect(&front.behind, SLW_BYTES_OF("four"));
    slw_memory_source_init(&memory, SLW_BYTES_OF("fives"));
    TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &memory.source, NULL, &detail),
                  SLW_WRONG_LENGTH);
    TAP_EQUAL_INT(slw_signer_client_upload(client, nobodys, &memory.source, NULL, &detail),
                  SLW_NOT_FOUND);
}

/* Another requester announced more, and somebody sent other bytes. */
static void uploads_what_others_staged_with_another_length(void)
{
    enum { LEN = 300001 };
    struct slw_memory_source memory;
    char *bytes = make_bytes(LEN);
    TAP_REQUIRE(bytes != NULL);
    slw_memory_source_init(&memory, slw_bytes_make(bytes, LEN));
    struct test_blob *blob = test_behind_expect(&front.behind, memory.bytes);
    blob->total = LEN + 7;
    test_behind_meet(&front.behind);
    TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &memory.source, NULL, &detail),
                  SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&blob->bytes), memory.bytes));
    /* Once more: the service knows better than what was announced. */
    unsigned before = front.behind.calls[SLW_SIGNER_UPLOAD];
    TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &memory.source, NULL, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_UPLOAD], before);
    /* As long, or longer, and other bytes: they are sent over. */
    for (size_t i = 0; i < 2; i++) {
        blob->bytes.ptr[5] ^= 1;
        slw_heap_append(&blob->bytes, slw_bytes_make("longer", i * 6));
        blob->wrong = true;
        test_behind_meet(&front.behind);
        TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &memory.source, NULL, &detail),
                      SLW_OK);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&blob->bytes), memory.bytes));
    }
    /* Somebody sends others all the time. */
    blob->bytes.ptr[5] ^= 1;
    test_behind_meet(&front.behind);
    TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &memory.source, NULL, &detail),
                  SLW_WRONG_HASH);
    free(bytes);
}

static enum slw_status fail_read(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)len;
    return SLW_IO;
}

static void says_when_what_is_uploaded_cant_be_read(void)
{
    const struct test_blob *blob = test_behind_expect(&front.behind, SLW_BYTES_OF("seven77"));
    const struct slw_source source = {.read = fail_read, .size = 7};
    TAP_EQUAL_INT(slw_signer_client_upload(client, blob->sha256, &source, NULL, &detail), SLW_IO);
    TAP_EQUAL_INT(blob->bytes.len, 0);
}

static void reads_within_limits(void)
{
    static const uint8_t id[SLW_SHA256_SIZE] = {1};
    static const uint8_t unknown[SLW_SHA256_SIZE] = {0xFF};
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(slw_signer_client_show(client, id, &bytes, &detail), SLW_OK);
    TAP_CHECK(strcmp(slw_heap_text(&bytes), "{\"state\":\"waiting\"}") == 0);
    TAP_EQUAL_INT(slw_signer_client_show(client, unknown, &bytes, &detail), SLW_NOT_FOUND);
    bytes.len = 0;
    TAP_EQUAL_INT(slw_signer_client_list(client, id, 7, &bytes, &detail), SLW_OK);
    TAP_CHECK(strcmp(slw_heap_text(&bytes), "{\"requests\":[]}") == 0);
    bytes.len = 0;
    char *file = make_bytes(300000);
    TAP_REQUIRE(file != NULL);
    slw_heap_append(&front.behind.file, slw_bytes_make(file, 300000));
    TAP_EQUAL_INT(slw_signer_client_blob(client, id, SLW_SIGNER_METADATA, 300000, &bytes, &detail),
                  SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&bytes), slw_bytes_make(file, 300000)));
    bytes.len = 0;
    TAP_EQUAL_INT(slw_signer_client_blob(client, id, SLW_SIGNER_METADATA, 299999, &bytes, &detail),
                  SLW_TOO_LARGE);
    TAP_EQUAL_INT(bytes.len, 0);
    TAP_EQUAL_INT(slw_signer_client_log(client, "checkpoint", 300000, &bytes, &detail), SLW_OK);
    TAP_CHECK(strcmp(front.behind.path, "checkpoint") == 0);
    TAP_EQUAL_INT(slw_signer_client_log(client, "../x", 300000, &bytes, &detail), SLW_MALFORMED);
    slw_heap_free(&bytes);
    free(file);
}

static void waits_until_the_time_is_up(void)
{
    static const uint8_t id[SLW_SHA256_SIZE] = {1};
    struct slw_heap_buffer bytes = {0};
    enum slw_signer_state state = SLW_SIGNER_SIGNED;
    TAP_EQUAL_INT(slw_signer_client_wait(client, id, 1, &state, &bytes, &detail), SLW_OK);
    TAP_EQUAL_INT(state, SLW_SIGNER_WAITING);
    TAP_CHECK(strcmp(slw_heap_text(&bytes), "{\"state\":\"waiting\"}") == 0);
    TAP_CHECK(front.behind.calls[SLW_SIGNER_SHOW] > 3);
    slw_heap_free(&bytes);
}

/* A server that sends these bytes to everybody, as a process of its own. */
static pid_t serve(const char *path, const char *bytes)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8) != 0) {
        (void)close(listener);
        return -1;
    }
    pid_t server = fork();
    if (server != 0) {
        (void)close(listener);
        return server;
    }
    for (;;) {
        char request[4096];
        int peer = accept(listener, NULL, NULL);
        (void)!read(peer, request, sizeof request);
        (void)test_send(peer, bytes, strlen(bytes));
        (void)close(peer);
    }
}

static void believes_no_nonsense(void)
{
    static const char *const rows[] = {
        "",
        "nothing of HTTP\r\n\r\n",
        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"state\":\"done\"}",
        "HTTP/1.1 202 Accepted\r\nContent-Length: 28\r\n\r\n{\"id\":\"00\",\"state\":\"signed\"}",
        "HTTP/1.1 202 Accepted\r\nContent-Length: 900\r\n\r\n{\"id\":",
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 500 Error\r\nContent-Length: 5\r\n\r\n<htm>",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[128];
        char other_url[160];
        struct slw_signer_client *other = NULL;
        struct slw_signer_receipt receipt;
        (void)snprintf(path, sizeof path, "%s/nonsense%zu", front.directory, i);
        (void)snprintf(other_url, sizeof other_url, "unix:%s", path);
        pid_t server = serve(path, rows[i]);
        const struct slw_signer_client_settings settings = {.url = other_url, .attempts = 1};
        TAP_ROW(rows[i]);
        TAP_REQUIRE(server > 0 && slw_signer_client_new(&settings, &other, &detail) == SLW_OK);
        enum slw_status status =
            slw_signer_client_submit(other, SLW_BYTES_OF("{}"), &receipt, &detail);
        TAP_EQUAL_INT(status, SLW_UNAVAILABLE);
        TAP_EQUAL_INT(receipt.state, 0);
        slw_signer_client_free(other);
        (void)kill(server, SIGKILL);
        (void)waitpid(server, NULL, 0);
    }
    TAP_ROW(NULL);
}

static void takes_no_url_that_isnt_one(void)
{
    static const char *const rows[] = {"",
                                       "http://signer",
                                       "https://",
                                       "https:///",
                                       "https://user@signer",
                                       "https://signer/path",
                                       "https://signer?x",
                                       "https://signer#x",
                                       "ftp://signer",
                                       "unix:relative",
                                       "signer:8443"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct slw_signer_client_settings settings = {.url = rows[i]};
        struct slw_signer_client *other = NULL;
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_signer_client_new(&settings, &other, &detail), SLW_BAD_ARGUMENT);
        TAP_CHECK(other == NULL);
    }
    TAP_ROW(NULL);
    const struct slw_signer_client_settings half = {.url = "https://signer",
                                                    .certificate_file = "x.pem"};
    struct slw_signer_client *other = NULL;
    TAP_EQUAL_INT(slw_signer_client_new(&half, &other, &detail), SLW_BAD_ARGUMENT);
}

static void says_that_nobody_is_there(void)
{
    struct slw_signer_receipt receipt;
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    TAP_EQUAL_INT(slw_signer_client_submit(client, SLW_BYTES_OF("{}"), &receipt, &detail),
                  SLW_UNAVAILABLE);
    TAP_CHECK(strstr(detail.text, url) != NULL);
}

int main(void)
{
    if (!begin()) {
        (void)fputs("Bail out! the front doesn't start\n", stdout);
        return 1;
    }
    TAP_RUN(submits_statements);
    TAP_RUN(says_why_a_statement_was_refused);
    TAP_RUN(uploads_and_goes_on_after_a_failure);
    TAP_RUN(uploads_nothing_that_wasnt_staged_so);
    TAP_RUN(uploads_what_others_staged_with_another_length);
    TAP_RUN(says_when_what_is_uploaded_cant_be_read);
    TAP_RUN(reads_within_limits);
    TAP_RUN(waits_until_the_time_is_up);
    TAP_RUN(believes_no_nonsense);
    TAP_RUN(takes_no_url_that_isnt_one);
    TAP_RUN(says_that_nobody_is_there);
    slw_signer_client_free(client);
    test_front_remove(&front);
    return tap_finish();
}
