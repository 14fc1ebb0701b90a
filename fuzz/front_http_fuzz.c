/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients send to the front of the signing service, as bytes over a connection: the first byte
 * chooses what the front is and how the process behind it answers, the others are HTTP. Whatever
 * they are, the front ends the connection, and hands on nothing that wasn't asked for in so many
 * words (front_behind.c).
 */
#include "front_behind.h"
#include "fuzz.h"

#include "../signer/front/handler.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS_MAX 20000u /* of the HTTP library, for one input */
#define QUIET_ROUNDS 4u   /* in which nothing happens, before no more is sent */
#define PIECE_LEN 7u      /* of those who send slowly */

enum choice {
    WITNESS = 1,
    REFUSES = 2,
    CRAWLS = 4,
    STALLS = 8,
    LARGE = 16,
    SLOWLY = 32,
    PLAIN = 64
};

static struct front front;
static struct front_listener listener = {.front = &front};
static struct behind_plan plan;
static struct MHD_Daemon *server;

static void say_closed(void *context)
{
    (void)context;
    FUZZ_CHECK(false); /* front and process behind understand each other */
}

/* As server.c does, but for threads, sockets and time limits. */
static void start(void)
{
    int ends[2];
    struct slw_detail detail;
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    FUZZ_CHECK(behind_start(ends[0], &plan));
    FUZZ_CHECK(slw_http_limits_init(&front.limits, 1000000) == SLW_OK);
    FUZZ_CHECK(slw_http_connections_start(&front.connections, 3600, 1, NULL, NULL) == SLW_OK);
    FUZZ_CHECK(front_channel_open(ends[1], say_closed, NULL, &front.channel, &detail) == SLW_OK);
    server = MHD_start_daemon(
        MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, front_handler_serve, &listener,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(32u << 10), MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, front_handler_target,
        &listener, MHD_OPTION_NOTIFY_COMPLETED, front_handler_completed, &listener,
        MHD_OPTION_NOTIFY_CONNECTION, front_handler_connection, &listener, MHD_OPTION_END);
    FUZZ_CHECK(server != NULL);
}

static int connect_to_front(void)
{
    struct sockaddr address = {.sa_family = AF_UNIX};
    int ends[2];
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    FUZZ_CHECK(MHD_add_connection(server, ends[1], &address, sizeof address) == MHD_YES);
    return ends[0];
}

static void choose(uint8_t choice, struct slw_bytes input)
{
    front.is_witness = (choice & WITNESS) != 0;
    listener.kind = (choice & PLAIN) != 0 ? FRONT_PLAIN : FRONT_LOCAL;
    plan = (struct behind_plan){
        .input = input,
        .uploaded = (choice & CRAWLS) != 0 ? 10 : 0,
        .is_witness = front.is_witness,
        .refuses = (choice & REFUSES) != 0,
        .crawls = (choice & CRAWLS) != 0,
        .stalls = (choice & STALLS) != 0,
        .file_len = (choice & LARGE) != 0 ? BEHIND_FILE_LARGE : BEHIND_FILE_SMALL,
    };
}

/* What the front answered so far: false at the end of the connection. */
static bool receive(int client, bool *ret_something)
{
    static char bytes[65536];
    static const char version[] = "HTTP/1.";
    static bool begins = true;
    ssize_t len = recv(client, bytes, sizeof bytes, 0);
    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        begins = true;
        return false;
    }
    *ret_something = len > 0;
    if (len >= (ssize_t)sizeof version && begins) {
        FUZZ_CHECK(memcmp(bytes, version, sizeof version - 1) == 0);
        begins = false;
    }
    return true;
}

/* Sends everything, then nothing more, and reads answers until the front closes. */
static void talk(int client, struct slw_bytes input, size_t step)
{
    unsigned quiet = 0;
    bool open = true;
    for (unsigned round = 0; open; round++) {
        bool something = false;
        struct slw_bytes piece = slw_bytes_make(input.ptr, input.len < step ? input.len : step);
        ssize_t sent =
            piece.len > 0 ? send(client, piece.ptr, piece.len, MSG_NOSIGNAL) : (ssize_t)0;
        if (sent > 0) {
            (void)fuzz_take(&input, (size_t)sent);
        }
        FUZZ_CHECK(round < ROUNDS_MAX && MHD_run_wait(server, 0) == MHD_YES);
        open = receive(client, &something);
        quiet = something || sent > 0 ? 0 : quiet + 1;
        if (quiet == QUIET_ROUNDS) {
            (void)shutdown(client, SHUT_WR);
        }
    }
}

static unsigned count_of(struct slw_bytes input, const char *text)
{
    unsigned count = 0;
    size_t len = strlen(text);
    for (size_t at = 0; at + len <= input.len; at++) {
        count += memcmp(input.ptr + at, text, len) == 0;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    uint8_t choice = fuzz_choice(&input);
    if (server == NULL) {
        start();
    }
    choose(choice, input);
    int client = connect_to_front();
    talk(client, input, (choice & SLOWLY) != 0 ? PIECE_LEN : input.len);
    (void)close(client);
    for (unsigned round = 0; front.connections.first != NULL; round++) {
        FUZZ_CHECK(round < ROUNDS_MAX && MHD_run_wait(server, 1) == MHD_YES);
    }
    FUZZ_CHECK(plan.submissions <= count_of(input, "POST /v1/statements"));
    return 0;
}
