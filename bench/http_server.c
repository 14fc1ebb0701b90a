/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that gives the same small JSON answer to every request: libmicrohttpd alone, or our
 * server with a table as long as the depot's. Prints its port, serves until its input ends, and
 * then prints the memory that it had resident, in KiB. tools/bench-http asks it by http_load.
 *
 *     http_server bare|slipway THREADS [ANSWER]
 */
#include "slipway/http_server.h"
#include "slipway/http_listen.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUTES 150u
#define CONNECTIONS 8192u

static const char *answer = "{\"next_s\":3600,\"nonce\":\"3fN0pQ1x7u0m2l5kq9w8eA\"}";
static size_t answer_len;
static char paths[ROUTES][64];
static struct slw_http_route routes[ROUTES];

/* A fresh copy each time, as handlers make one. */
static void handle(void *context, struct slw_http_exchange *exchange)
{
    struct slw_heap_buffer text = {0};
    (void)context;
    slw_heap_append(&text, slw_bytes_make(answer, answer_len));
    slw_http_answer_json(exchange, 200, &text);
}

static enum MHD_Result handle_bare(void *context, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *body, size_t *body_len, void **request)
{
    static int seen;
    void *content = (void *)(uintptr_t)answer; /* it is copied */
    (void)context;
    (void)url;
    (void)method;
    (void)version;
    (void)body;
    (void)body_len;
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer_len, content, MHD_RESPMEM_MUST_COPY);
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static void make_routes(void)
{
    for (unsigned i = 0; i < ROUTES; i++) {
        (void)snprintf(paths[i], sizeof paths[i],
                       i + 1 == ROUTES ? "/device/v1/{product}/{device}/checkin"
                                       : "/api/v1/products/{product}/things-%u",
                       i);
        routes[i] = (struct slw_http_route){"GET", paths[i], handle, 0, 0};
    }
}

/* Prints the port at an address's end. */
static void print_port(const char *address)
{
    (void)printf("%s\n", strrchr(address, ':') + 1);
    (void)fflush(stdout);
}

static void wait_for_end(void)
{
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static void print_memory(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *resident = line + strcspn(line, " ");
        (void)printf("%ld\n", strtol(resident, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024));
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static bool serve_slipway(unsigned threads)
{
    struct slw_http_server *server = NULL;
    struct slw_detail detail = {""};
    const struct slw_http_settings settings = {
        .listen = "127.0.0.1:0", .threads = threads, .connections = CONNECTIONS};
    make_routes();
    if (slw_http_server_start(&settings, routes, ROUTES, NULL, &server, &detail) != SLW_OK) {
        (void)fprintf(stderr, "http_server: %s\n", detail.text);
        return false;
    }
    print_port(slw_http_server_address(server));
    wait_for_end();
    print_memory();
    slw_http_server_stop(server, 0);
    return true;
}

static bool serve_bare(unsigned threads)
{
    char address[SLW_HTTP_ADDRESS_MAX];
    int descriptor = -1;
    struct slw_detail detail = {""};
    if (slw_http_listen_tcp("127.0.0.1:0", "http", sizeof address, address, &descriptor, &detail) !=
        SLW_OK) {
        (void)fprintf(stderr, "http_server: %s\n", detail.text);
        return false;
    }
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle_bare, NULL,
                         MHD_OPTION_LISTEN_SOCKET, descriptor, MHD_OPTION_THREAD_POOL_SIZE, threads,
                         MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_END);
    if (daemon == NULL) {
        return false;
    }
    print_port(address);
    wait_for_end();
    print_memory();
    MHD_stop_daemon(daemon);
    return true;
}

int main(int argc, char **argv)
{
    unsigned threads = argc >= 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (threads < 2 || threads > 64 || argc > 4) {
        (void)fputs("usage: http_server bare|slipway THREADS [ANSWER]\n", stderr);
        return EXIT_FAILURE;
    }
    answer = argc == 4 ? argv[3] : answer;
    answer_len = strlen(answer);
    bool served = strcmp(argv[1], "bare") == 0 ? serve_bare(threads) : serve_slipway(threads);
    return served ? EXIT_SUCCESS : EXIT_FAILURE;
}
