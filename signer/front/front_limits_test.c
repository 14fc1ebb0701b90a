/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the front ends what could go on: addresses with too many connections, uploads that were
 * refused or get nowhere, files that change while they are sent, witnesses that say too much; and
 * whom its local socket is for.
 */
#include "test_front.h"

#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "Host: signer\r\n"
#define HEALTH "GET /v1/health HTTP/1.1\r\n" HOST "\r\n"

static struct test_front front;

static bool begin(const char *settings, const char *option)
{
    return test_front_prepare(&front) && test_front_start(&front, settings, option);
}

static void end(void)
{
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    test_front_remove(&front);
}

/* Whether the other end closes within TEST_WAIT_MS / 4, whatever it says before. */
static bool is_closed(int descriptor)
{
    char bytes[4096];
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    while (poll(&wait, 1, TEST_WAIT_MS / 4) > 0) {
        if (read(descriptor, bytes, sizeof bytes) <= 0) {
            return true;
        }
    }
    return false;
}

static int connect_by_address(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    unsigned long port = strtoul(strrchr(front.http, ':') + 1, NULL, 10);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

static unsigned ask_health(int descriptor)
{
    return test_send(descriptor, HEALTH, sizeof HEALTH - 1) ? test_receive(descriptor).status : 0;
}

static void serves_one_address_only_so_many_connections(void)
{
    TAP_REQUIRE(begin("plain-listen = 127.0.0.1:0\nconnections-per-peer = 2\n", "--witness"));
    int held[2];
    for (unsigned i = 0; i < 2; i++) {
        held[i] = connect_by_address();
        TAP_EQUAL_INT(ask_health(held[i]), 200);
    }
    int more = connect_by_address();
    TAP_EQUAL_INT(ask_health(more), 0);
    (void)close(more);
    TAP_EQUAL_INT(ask_health(held[0]), 200);
    TAP_EQUAL_INT(test_exchange(&front, HEALTH).status, 200); /* the local socket has no address */
    (void)close(held[0]);
    unsigned status = 0;
    for (unsigned tries = 0; tries < 100 && status != 200; tries++) {
        more = connect_by_address();
        status = ask_health(more);
        (void)close(more);
        (void)usleep(20 * 1000);
    }
    TAP_EQUAL_INT(status, 200);
    (void)close(held[1]);
    end();
}

static void admits_only_the_groups_of_its_local_socket_that_it_is_told(void)
{
    char settings[128];
    struct stat there = {0};
    (void)snprintf(settings, sizeof settings, "socket-groups = %u\n", (unsigned)getgid() + 77);
    TAP_REQUIRE(begin(settings, NULL));
    TAP_EQUAL_INT(test_exchange(&front, HEALTH).status, 403);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_HEALTH], 0);
    end();
    (void)snprintf(settings, sizeof settings,
                   "socket-users = %u\nsocket-groups = %u\nsocket-mode = 0604\n",
                   (unsigned)getuid() + 77, (unsigned)getgid());
    TAP_REQUIRE(begin(settings, NULL));
    TAP_EQUAL_INT(test_exchange(&front, HEALTH).status, 200);
    (void)snprintf(settings, sizeof settings, "%s/signer.sock", front.directory);
    TAP_CHECK(stat(settings, &there) == 0 && (there.st_mode & 0777) == 0604);
    end();
}

static void takes_the_place_of_a_former_front_but_of_nothing_else(void)
{
    char path[128];
    struct stat there = {0};
    TAP_REQUIRE(begin("", NULL));
    (void)snprintf(path, sizeof path, "%s/signer.sock", front.directory);
    (void)kill(front.process, SIGKILL);
    TAP_EQUAL_INT(test_front_stop(&front), -1);
    TAP_CHECK(stat(path, &there) == 0 && S_ISSOCK(there.st_mode)); /* it is left there */
    TAP_REQUIRE(test_front_start(&front, "", NULL));
    TAP_EQUAL_INT(test_exchange(&front, HEALTH).status, 200);
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    (void)unlink(path); /* a confined front can't */
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    TAP_REQUIRE(file >= 0);
    (void)close(file);
    TAP_CHECK(!test_front_start(&front, "", NULL));
    TAP_CHECK(stat(path, &there) == 0 && S_ISREG(there.st_mode));
    (void)test_front_stop(&front);
    test_front_remove(&front);
}

static struct test_blob *expect(const char *bytes, uint64_t total, char hex[65])
{
    struct test_blob *blob =
        test_behind_expect(&front.behind, slw_bytes_make(bytes, strlen(bytes)));
    for (size_t i = 0; i < sizeof blob->sha256; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", blob->sha256[i]);
    }
    blob->total = total;
    return blob;
}

static void send_head(int descriptor, const char *hex, uint64_t len)
{
    char head[256];
    int head_len = snprintf(head, sizeof head,
                            "PATCH /v1/staged/%s HTTP/1.1\r\n" HOST
                            "Upload-Offset: 0\r\nContent-Length: %llu\r\n\r\n",
                            hex, (unsigned long long)len);
    TAP_CHECK(test_send(descriptor, head, (size_t)head_len));
}

/* A little more is read to say why, but not without end. */
static void cuts_a_long_upload_that_was_refused(void)
{
    enum { PIECES = 3 };
    static const char bytes[SLW_SIGNER_PIECE_SIZE_MAX];
    char hex[65];
    TAP_REQUIRE(begin("", NULL));
    (void)expect("long", 64u << 20, hex);
    front.behind.refuse_from = 0;
    int descriptor = test_connect(&front);
    send_head(descriptor, hex, 64u << 20);
    for (unsigned i = 0; i < PIECES; i++) {
        (void)test_send(descriptor, bytes, sizeof bytes);
    }
    TAP_CHECK(is_closed(descriptor));
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_UPLOAD], 1);
    (void)close(descriptor);
}

static void gives_up_an_upload_that_gets_nowhere(void)
{
    char hex[65];
    const struct test_blob *blob = expect("0123456789", 10, hex);
    front.behind.refuse_from = UINT64_MAX;
    front.behind.stalls = true;
    int descriptor = test_connect(&front);
    send_head(descriptor, hex, 10);
    TAP_CHECK(test_send(descriptor, "0123456789", 10));
    struct test_reply reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 409);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Offset"), "0") == 0);
    TAP_EQUAL_INT(blob->bytes.len, 0);
    front.behind.stalls = false;
    (void)close(descriptor);
}

/* The beginning of one file and the end of another are neither: the client sees that it was cut. */
static void cuts_a_file_that_changes_while_it_is_sent(void)
{
    enum { LEN = 400000 };
    static const char get[] = "GET /v1/log/tile/0/000 HTTP/1.1\r\n" HOST "\r\n";
    static const char file[LEN];
    size_t len = 0;
    ssize_t count = 0;
    slw_heap_append(&front.behind.file, slw_bytes_make(file, LEN));
    front.behind.grows = true;
    int descriptor = test_connect(&front);
    TAP_CHECK(test_send(descriptor, get, sizeof get - 1));
    struct test_reply reply = test_receive_head(descriptor);
    TAP_EQUAL_INT(reply.status, 200);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Length"), "400000") == 0);
    do {
        char bytes[4096];
        struct pollfd wait = {.fd = descriptor, .events = POLLIN};
        count = poll(&wait, 1, TEST_WAIT_MS) > 0 ? read(descriptor, bytes, sizeof bytes) : 0;
        len += count > 0 ? (size_t)count : 0;
    } while (count > 0 && len < LEN);
    TAP_CHECK(len < LEN);
    (void)close(descriptor);
    end();
}

/* A witness that answers one request with so many bytes. */
struct talker {
    pthread_t thread;
    int listener;
    int peer;
    size_t len;
};

static void *answer_once(void *context)
{
    static char bytes[SLW_SIGNER_CHECKPOINT_SIZE_MAX + 1];
    struct talker *talker = context;
    char head[128];
    talker->peer = accept(talker->listener, NULL, NULL);
    int head_len =
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", talker->len);
    memset(bytes, 'x', sizeof bytes);
    (void)!read(talker->peer, bytes, 16);
    (void)(test_send(talker->peer, head, (size_t)head_len) &&
           test_send(talker->peer, bytes, talker->len));
    return NULL;
}

static bool listen_somewhere(struct talker *talker, char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    talker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = bind(talker->listener, (const struct sockaddr *)&address, len) == 0 &&
                   listen(talker->listener, 1) == 0 &&
                   getsockname(talker->listener, (struct sockaddr *)&address, &len) == 0;
    (void)snprintf(url, size, "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return listens && pthread_create(&talker->thread, NULL, answer_once, talker) == 0;
}

/* What the key process was told of a witness's answer of this length; 999: nothing. */
static uint32_t carry(size_t len)
{
    char url[64];
    uint32_t status = 999;
    struct talker talker = {.peer = -1, .len = len};
    if (!listen_somewhere(&talker, url, sizeof url)) {
        return status;
    }
    (void)pthread_mutex_lock(&front.behind.lock);
    front.behind.cosigned = 0;
    (void)snprintf(front.behind.url, sizeof front.behind.url, "%s", url);
    (void)pthread_mutex_unlock(&front.behind.lock);
    for (unsigned i = 0; i < 1000 && status == 999; i++) {
        (void)usleep(10 * 1000);
        (void)pthread_mutex_lock(&front.behind.lock);
        status = front.behind.cosigned > 0 ? front.behind.cosigned_status : 999;
        (void)pthread_mutex_unlock(&front.behind.lock);
    }
    (void)shutdown(talker.listener, SHUT_RDWR);
    (void)pthread_join(talker.thread, NULL);
    (void)close(talker.peer);
    (void)close(talker.listener);
    return status;
}

static void carries_no_answer_of_a_witness_that_is_too_long(void)
{
    TAP_REQUIRE(begin("", NULL));
    TAP_EQUAL_INT(carry(SLW_SIGNER_CHECKPOINT_SIZE_MAX), 200);
    TAP_EQUAL_INT(carry(SLW_SIGNER_CHECKPOINT_SIZE_MAX + 1), 0);
    TAP_EQUAL_INT(test_exchange(&front, HEALTH).status, 200);
    end();
}

int main(void)
{
    TAP_RUN(serves_one_address_only_so_many_connections);
    TAP_RUN(admits_only_the_groups_of_its_local_socket_that_it_is_told);
    TAP_RUN(takes_the_place_of_a_former_front_but_of_nothing_else);
    TAP_RUN(cuts_a_long_upload_that_was_refused);
    TAP_RUN(gives_up_an_upload_that_gets_nowhere);
    TAP_RUN(cuts_a_file_that_changes_while_it_is_sent);
    TAP_RUN(carries_no_answer_of_a_witness_that_is_too_long);
    return tap_finish();
}
