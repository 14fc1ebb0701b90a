/* SPDX-License-Identifier: Apache-2.0 */
/* The client of S3 against a server that fails, lies, dawdles and cuts answers short: a thread that
 * plays one answer a connection. */
#include "s3_blobs.h"
#include "s3_list.h"

#include "remove_tree.h"
#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWERS_MAX 8u
#define DAWDLE "dawdle" /* sends nothing until the client goes */

static char top[] = "/tmp/slipway-s3-faults-XXXXXX";
static struct slw_detail detail;
static struct slw_s3_client *client;
static struct slw_s3_client *impatient;
static struct slw_blobs *blobs;

/* What is played: the last answer again and again. */
static struct {
    int listener;
    pthread_mutex_t mutex;
    const char *answers[ANSWERS_MAX];
    size_t count;
    size_t requests;
    char last[4096]; /* head of the last request */
} server = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

/* The head, and what is announced of a body. */
static void take_request(int connection, char *head, size_t size)
{
    size_t len = 0;
    head[0] = '\0';
    while (len + 1 < size && strstr(head, "\r\n\r\n") == NULL) {
        ssize_t count = recv(connection, head + len, size - len - 1, 0);
        if (count <= 0) {
            return;
        }
        len += (size_t)count;
        head[len] = '\0';
    }
    const char *field = strstr(head, "Content-Length: ");
    const char *body = strstr(head, "\r\n\r\n");
    size_t want = field == NULL ? 0 : (size_t)strtoul(field + 16, NULL, 10);
    size_t have = body == NULL ? 0 : len - (size_t)(body + 4 - head);
    char rest[4096];
    while (have < want) {
        ssize_t count = recv(connection, rest, sizeof rest, 0);
        if (count <= 0) {
            return;
        }
        have += (size_t)count;
    }
}

static void play(int connection)
{
    char head[4096];
    take_request(connection, head, sizeof head);
    (void)pthread_mutex_lock(&server.mutex);
    size_t at = server.requests < server.count ? server.requests : server.count - 1;
    const char *answer = server.answers[at];
    server.requests++;
    memcpy(server.last, head, sizeof head);
    (void)pthread_mutex_unlock(&server.mutex);
    if (strcmp(answer, DAWDLE) == 0) {
        char byte;
        (void)!recv(connection, &byte, 1, 0);
    } else {
        (void)!send(connection, answer, strlen(answer), MSG_NOSIGNAL);
    }
    close(connection);
}

static void *serve(void *context)
{
    (void)context;
    for (;;) {
        int connection = accept(server.listener, NULL, NULL);
        if (connection < 0) {
            return NULL;
        }
        play(connection);
    }
}

/* ends with NULL */
static void answer_with(const char *const *answers)
{
    (void)pthread_mutex_lock(&server.mutex);
    server.count = 0;
    server.requests = 0;
    while (answers[server.count] != NULL) {
        server.answers[server.count] = answers[server.count];
        server.count++;
    }
    (void)pthread_mutex_unlock(&server.mutex);
    detail.text[0] = '\0';
}

#define ANSWER(...) answer_with((const char *const[]){__VA_ARGS__, NULL})

static size_t asked(void)
{
    (void)pthread_mutex_lock(&server.mutex);
    size_t count = server.requests;
    (void)pthread_mutex_unlock(&server.mutex);
    return count;
}

#define CLOSE "Connection: close\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" CLOSE "\r\n"
#define FAILED "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n" CLOSE "\r\n"
#define SLOW_DOWN                                                                                  \
    "HTTP/1.1 503 Slow Down\r\n" CLOSE "\r\n<?xml version=\"1.0\"?><Error><Code>SlowDown</Code>"   \
    "<Message>Reduce\nyour \x1b[31mrate.</Message></Error>"
#define PAGE(inside)                                                                               \
    "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                   \
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inside                  \
    "</ListBucketResult>"
#define CONTENTS(key)                                                                              \
    "<Contents><Key>" key "</Key><LastModified>2024-01-02T03:04:05.000Z</LastModified>"            \
    "<Size>3</Size></Contents>"

static enum slw_status put_with(struct slw_s3_client *with)
{
    return slw_s3_put(with, "key", SLW_BYTES_OF("abc"), &detail);
}

static enum slw_status put(void)
{
    return put_with(client);
}

static void asks_again_after_failures_of_the_server(void)
{
    ANSWER(FAILED, SLOW_DOWN, OK_EMPTY);
    TAP_EQUAL_INT(put(), SLW_OK);
    TAP_EQUAL_INT(asked(), 3);
    ANSWER("", "HTTP/1.1 200", OK_EMPTY);
    TAP_EQUAL_INT(put(), SLW_OK);
    TAP_EQUAL_INT(asked(), 3);
}

static void gives_up_after_so_many_times(void)
{
    ANSWER(SLOW_DOWN);
    TAP_EQUAL_INT(put(), SLW_UNAVAILABLE);
    TAP_EQUAL_INT(asked(), SLW_S3_ATTEMPTS);
    TAP_CHECK(said("503") && said("SlowDown: Reduce?your ?[31mrate."));
}

static void asks_once_what_would_stay_the_same(void)
{
    static const struct {
        const char *answer;
        enum slw_status status;
    } rows[] = {
        {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", SLW_UNAVAILABLE},
        {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", SLW_NOT_FOUND},
        {"HTTP/1.1 404 No\r\n" CLOSE "\r\n<Error><Code>NoSuchBucket</Code></Error>",
         SLW_UNAVAILABLE},
        {"HTTP/1.1 412 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", SLW_WRONG_STATE},
        {"HTTP/1.1 501 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", SLW_BAD_ARGUMENT},
        {"HTTP/1.1 507 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", SLW_NO_SPACE},
        {"HTTP/1.1 403 No\r\n" CLOSE "\r\n<Error><Code>QuotaExceeded</Code></Error>", SLW_NO_SPACE},
        {"HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n" CLOSE
         "\r\n",
         SLW_UNAVAILABLE},
        {"HTTP/1.1 400 No\r\n" CLOSE "\r\n<Error><Code>Bad", SLW_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].answer);
        ANSWER(rows[i].answer);
        TAP_EQUAL_INT(put(), rows[i].status);
        TAP_EQUAL_INT(asked(), 1);
    }
}

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void does_not_wait_for_ever(void)
{
    ANSWER(DAWDLE);
    int64_t began = now_ms();
    TAP_EQUAL_INT(put_with(impatient), SLW_UNAVAILABLE);
    TAP_CHECK(now_ms() - began < 10000);
    TAP_CHECK(asked() >= 2);
    ANSWER(DAWDLE, OK_EMPTY);
    TAP_EQUAL_INT(put_with(impatient), SLW_OK);
}

static void a_server_that_stored_other_bytes_is_not_believed(void)
{
    ANSWER("HTTP/1.1 200 OK\r\nETag: \"900150983cd24fb0d6963f7d28e17f72\"\r\nContent-Length: "
           "0\r\n" CLOSE "\r\n");
    TAP_EQUAL_INT(put(), SLW_OK);
    ANSWER("HTTP/1.1 200 OK\r\nETag: \"900150983cd24fb0d6963f7d28e17f73\"\r\nContent-Length: "
           "0\r\n" CLOSE "\r\n");
    TAP_EQUAL_INT(put(), SLW_UNAVAILABLE);
    TAP_CHECK(said("other bytes"));
    /* Encrypted with a key of the server's, it is no MD5. */
    ANSWER("HTTP/1.1 200 OK\r\nx-amz-server-side-encryption: aws:kms\r\n"
           "ETag: \"900150983cd24fb0d6963f7d28e17f73\"\r\nContent-Length: 0\r\n" CLOSE "\r\n");
    TAP_EQUAL_INT(put(), SLW_OK);
}

static void a_server_without_conditions_is_asked_without(void)
{
    ANSWER("HTTP/1.1 501 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", OK_EMPTY);
    TAP_EQUAL_INT(slw_s3_put_if(client, "key", NULL, SLW_BYTES_OF("abc"), &detail), SLW_OK);
    TAP_EQUAL_INT(asked(), 2);
    ANSWER(OK_EMPTY);
    TAP_EQUAL_INT(slw_s3_put_if(client, "key", "\"etag\"", SLW_BYTES_OF("abc"), &detail), SLW_OK);
    TAP_CHECK(strstr(server.last, "if-match: \"etag\"") != NULL);
    TAP_CHECK(strstr(server.last, "SignedHeaders=host;if-match;") != NULL);
    ANSWER("HTTP/1.1 412 No\r\nContent-Length: 0\r\n" CLOSE "\r\n");
    TAP_EQUAL_INT(slw_s3_put_if(client, "key", NULL, SLW_BYTES_OF("abc"), &detail),
                  SLW_WRONG_STATE);
}

static void refuses_ranges_that_it_did_not_ask_for(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 206 P\r\nContent-Range: bytes 10-12/100\r\nContent-Length: 3\r\n" CLOSE "\r\nxyz",
        "HTTP/1.1 206 P\r\nContent-Length: 3\r\n" CLOSE "\r\nxyz",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 5-7\r\nContent-Length: 3\r\n" CLOSE "\r\nxyz",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 5-6/100\r\nContent-Length: 2\r\n" CLOSE "\r\nxy",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" CLOSE "\r\nxyz",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 5-7/6\r\nContent-Length: 3\r\n" CLOSE "\r\nxyz",
    };
    uint8_t buffer[3] = {'?', '?', '?'};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        TAP_ROW(answers[i]);
        ANSWER(answers[i]);
        TAP_EQUAL_INT(slw_s3_read(client, "key", 5, buffer, 3, &detail), SLW_UNAVAILABLE);
        TAP_EQUAL_BYTES(buffer, "???", 3);
    }
    TAP_ROW(NULL);
    ANSWER("HTTP/1.1 206 P\r\nContent-Range: bytes 5-7/100\r\nContent-Length: 3\r\n" CLOSE
           "\r\nxyz");
    TAP_EQUAL_INT(slw_s3_read(client, "key", 5, buffer, 3, &detail), SLW_OK);
    TAP_EQUAL_BYTES(buffer, "xyz", 3);
    ANSWER("HTTP/1.1 206 P\r\nContent-Range: bytes 5-7/100\r\nContent-Length: 4\r\n" CLOSE
           "\r\nxyz!");
    TAP_EQUAL_INT(slw_s3_read(client, "key", 5, buffer, 3, &detail), SLW_TOO_LARGE);
}

static void answers_that_were_cut_are_asked_for_again(void)
{
    uint8_t buffer[3];
    ANSWER("HTTP/1.1 206 P\r\nContent-Range: bytes 5-7/100\r\nContent-Length: 3\r\n" CLOSE "\r\nx",
           "HTTP/1.1 206 P\r\nContent-Range: bytes 5-7/100\r\nContent-Length: 3\r\n" CLOSE
           "\r\nabc");
    TAP_EQUAL_INT(slw_s3_read(client, "key", 5, buffer, 3, &detail), SLW_OK);
    TAP_EQUAL_BYTES(buffer, "abc", 3);
    TAP_EQUAL_INT(asked(), 2);
}

static enum slw_status count_key(void *context, const char *key, uint64_t size,
                                 int64_t modified_utc_s)
{
    unsigned *count = context;
    *count += strncmp(key, "dir/", 4) == 0 && size == 3 && modified_utc_s == 1704164645 ? 1 : 100;
    return *count == 50 ? SLW_REVOKED_KEY : SLW_OK;
}

static void reads_lists_page_by_page(void)
{
    unsigned count = 0;
    ANSWER(PAGE("<IsTruncated>true</IsTruncated>" CONTENTS("p/dir/a")
                    CONTENTS("p/dir/b") "<NextContinuationToken>t/1+=</NextContinuationToken>"),
           PAGE("<IsTruncated>false</IsTruncated>" CONTENTS("p/dir/c")));
    TAP_EQUAL_INT(slw_s3_list(client, "dir/", count_key, &count, &detail), SLW_OK);
    TAP_EQUAL_INT(count, 3);
    TAP_EQUAL_INT(asked(), 2);
    TAP_CHECK(strstr(server.last,
                     "?continuation-token=t%2F1%2B%3D&list-type=2&prefix=p%2Fdir%2F ") != NULL);
}

static void refuses_lists_that_lie(void)
{
    static const char *const pages[] = {
        PAGE(CONTENTS("p/other/a")),
        PAGE(CONTENTS("dir/a")),
        PAGE("<Contents><Key>p/dir/a</Key></Contents>"),
        PAGE("<Contents><Key>p/dir/a</Key><LastModified>soon</LastModified></Contents>"),
        PAGE("<Contents><Key>p/dir/a</Key><Size>-1</Size></Contents>"),
        PAGE("<Contents><Key>p/dir/a</Key><Size>99999999999999999999</Size></Contents>"),
        PAGE("<Contents><Key>p/dir/a&#0;</Key></Contents>"),
        PAGE("<IsTruncated>true</IsTruncated>"),
        PAGE("<IsTruncated>true</IsTruncated><NextContinuationToken></NextContinuationToken>"),
        "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<Other/>",
        "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<html><body>Welcome</body></html>",
        "HTTP/1.1 200 OK\r\n" CLOSE "\r\n{\"json\":1}",
        "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<ListBucketResult>",
        "HTTP/1.1 204 OK\r\n" CLOSE "\r\n",
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        unsigned count = 0;
        TAP_ROW(pages[i]);
        ANSWER(pages[i]);
        TAP_EQUAL_INT(slw_s3_list(client, "dir/", count_key, &count, &detail), SLW_UNAVAILABLE);
        TAP_EQUAL_INT(count, 0);
        TAP_EQUAL_INT(asked(), 1);
    }
}

static void a_list_without_end_is_left_by_the_caller(void)
{
    unsigned count = 0;
    ANSWER(PAGE("<IsTruncated>true</IsTruncated>" CONTENTS(
        "p/dir/a") "<NextContinuationToken>same</NextContinuationToken>"));
    TAP_EQUAL_INT(slw_s3_list(client, "dir/", count_key, &count, &detail), SLW_REVOKED_KEY);
    TAP_EQUAL_INT(count, 50);
}

#define BEGUN                                                                                      \
    "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId>"  \
    "</InitiateMultipartUploadResult>"
#define ADDED "HTTP/1.1 200 OK\r\nETag: \"e-1\"\r\nContent-Length: 0\r\n" CLOSE "\r\n"
#define SIZED(size) "HTTP/1.1 200 OK\r\nContent-Length: " size "\r\n" CLOSE "\r\n"
#define COMPLETED "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<CompleteMultipartUploadResult/>"

static enum slw_status put_parts(void)
{
    struct slw_s3_parts parts;
    SLW_TRY(slw_s3_parts_begin(client, "key", &parts, &detail));
    enum slw_status status = slw_s3_parts_add(&parts, SLW_BYTES_OF("abc"), &detail);
    status = status == SLW_OK ? slw_s3_parts_complete(&parts, &detail) : status;
    slw_s3_parts_end(&parts);
    return status;
}

static void parts_count_only_when_all_was_put_together(void)
{
    ANSWER(BEGUN, ADDED, COMPLETED, SIZED("3"));
    TAP_EQUAL_INT(put_parts(), SLW_OK);
    TAP_EQUAL_INT(asked(), 4);
    /* The answer to the first attempt was lost, and it had been done. */
    ANSWER(BEGUN, ADDED, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n" CLOSE "\r\n", SIZED("3"));
    TAP_EQUAL_INT(put_parts(), SLW_OK);
    /* "200 OK" with an error in it, and then the upload is aborted. */
    ANSWER(BEGUN, ADDED,
           "HTTP/1.1 200 OK\r\n" CLOSE "\r\n<Error><Code>InternalError</Code></Error>", SIZED("3"));
    TAP_EQUAL_INT(put_parts(), SLW_UNAVAILABLE);
    TAP_CHECK(strncmp(server.last, "DELETE /bucket/p/key?uploadId=u%261 ", 36) == 0);
    ANSWER(BEGUN, ADDED, COMPLETED, SIZED("2"));
    TAP_EQUAL_INT(put_parts(), SLW_UNAVAILABLE);
    ANSWER(BEGUN, OK_EMPTY, OK_EMPTY);
    TAP_EQUAL_INT(put_parts(), SLW_UNAVAILABLE);
    TAP_CHECK(said("no ETag"));
    ANSWER("HTTP/1.1 200 OK\r\n" CLOSE "\r\n<InitiateMultipartUploadResult/>");
    TAP_EQUAL_INT(put_parts(), SLW_UNAVAILABLE);
}

/* The server may still be sending them when the client has gone: they stay until it has ended. */
static struct slw_heap_buffer endless_head;
static struct slw_heap_buffer endless_body;

static void heads_and_bodies_without_end_are_cut(void)
{
    slw_heap_append_text(&endless_head, "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < 5000; i++) {
        slw_heap_printf(&endless_head, "X-%u: y\r\n", i);
    }
    slw_heap_append_text(&endless_head, "\r\n");
    ANSWER(slw_heap_text(&endless_head));
    TAP_EQUAL_INT(put(), SLW_UNAVAILABLE);
    slw_heap_append_text(&endless_body, "HTTP/1.1 403 No\r\n" CLOSE "\r\n");
    memset(slw_heap_reserve(&endless_body, 100000), 'x', 100000);
    ANSWER(slw_heap_text(&endless_body));
    TAP_EQUAL_INT(put(), SLW_TOO_LARGE);
}

static void a_blob_is_not_there_before_the_server_says_so(void)
{
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t length = 77;
    bool complete = true;
    memset(sha256, 7, sizeof sha256);
    ANSWER(FAILED);
    TAP_EQUAL_INT(slw_blobs_have(blobs, sha256, &length, &complete, &detail), SLW_UNAVAILABLE);
    TAP_CHECK(length == 77 && complete);
    TAP_EQUAL_INT(slw_blobs_put(blobs, SLW_BYTES_OF("abc"), sha256, &detail), SLW_UNAVAILABLE);
    TAP_EQUAL_INT(sha256[0], 7);
    ANSWER(PAGE(""), FAILED);
    TAP_EQUAL_INT(slw_blobs_append(blobs, sha256, 3, 0, SLW_BYTES_OF("abc"), &length, &detail),
                  SLW_UNAVAILABLE);
    TAP_EQUAL_INT(length, 77);
}

static bool listen_on_loopback(char *endpoint, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    bool good = bind(server.listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                listen(server.listener, 16) == 0 &&
                getsockname(server.listener, (struct sockaddr *)&address, &len) == 0;
    (void)snprintf(endpoint, size, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return good;
}

static bool begin(void)
{
    static char endpoint[64];
    static char secret[96];
    struct slw_blobs_s3 settings = {.endpoint = endpoint,
                                    .region = "us-east-1",
                                    .bucket = "bucket",
                                    .prefix = "p/",
                                    .access_key = "me",
                                    .secret_file = secret,
                                    .timeout_ms = 20000};
    if (mkdtemp(top) == NULL || !listen_on_loopback(endpoint, sizeof endpoint)) {
        return false;
    }
    (void)snprintf(secret, sizeof secret, "%s/secret", top);
    int descriptor = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool good = descriptor >= 0 && write(descriptor, "hidden", 6) == 6;
    close(descriptor);
    good = good && slw_s3_client_open(&settings, &client, &detail) == SLW_OK &&
           slw_blobs_open("s3:", &settings, &blobs, &detail) == SLW_OK;
    settings.timeout_ms = 1000;
    return good && slw_s3_client_open(&settings, &impatient, &detail) == SLW_OK;
}

int main(void)
{
    pthread_t thread;
    (void)setenv("no_proxy", "*", 1);
    if (!begin() || pthread_create(&thread, NULL, serve, NULL) != 0) {
        return 1;
    }
    TAP_RUN(asks_again_after_failures_of_the_server);
    TAP_RUN(gives_up_after_so_many_times);
    TAP_RUN(asks_once_what_would_stay_the_same);
    TAP_RUN(does_not_wait_for_ever);
    TAP_RUN(a_server_that_stored_other_bytes_is_not_believed);
    TAP_RUN(a_server_without_conditions_is_asked_without);
    TAP_RUN(refuses_ranges_that_it_did_not_ask_for);
    TAP_RUN(answers_that_were_cut_are_asked_for_again);
    TAP_RUN(reads_lists_page_by_page);
    TAP_RUN(refuses_lists_that_lie);
    TAP_RUN(a_list_without_end_is_left_by_the_caller);
    TAP_RUN(parts_count_only_when_all_was_put_together);
    TAP_RUN(heads_and_bodies_without_end_are_cut);
    TAP_RUN(a_blob_is_not_there_before_the_server_says_so);
    slw_blobs_close(blobs);
    slw_s3_client_close(impatient);
    slw_s3_client_close(client);
    (void)shutdown(server.listener, SHUT_RDWR);
    (void)pthread_join(thread, NULL);
    close(server.listener);
    slw_heap_free(&endless_head);
    slw_heap_free(&endless_body);
    remove_tree(top);
    return tap_finish();
}
