/* SPDX-License-Identifier: Apache-2.0 */
/* What link.h and link_listener.h promise: forms, both ends of TCP and pseudo terminals, and exec.
 */
#include "slipway/link_listener.h"

#include "tap.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_MS 1000u

static struct slw_detail detail;
static const char *program; /* this one, to be run again */

static void parses_every_form(void)
{
    static const struct {
        const char *text;
        enum slw_link_kind kind;
        const char *name;
        uint32_t port_or_baud;
    } rows[] = {
        {"tcp:localhost:33000", SLW_LINK_TCP, "localhost", 33000},
        {"tcp:127.0.0.1:0", SLW_LINK_TCP, "127.0.0.1", 0},
        {"tcp:::1:80", SLW_LINK_TCP, "::1", 80},
        {"tcp:[fe80::1]:65535", SLW_LINK_TCP, "fe80::1", 65535},
        {"serial:/dev/ttyUSB0", SLW_LINK_SERIAL, "/dev/ttyUSB0", 115200},
        {"serial:/dev/ttyUSB0:921600", SLW_LINK_SERIAL, "/dev/ttyUSB0", 921600},
        {"serial:/dev/by-path/a:1.0:b", SLW_LINK_SERIAL, "/dev/by-path/a:1.0:b", 115200},
        {"pty:/tmp/a:5", SLW_LINK_PTY, "/tmp/a:5", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_link_address address = {0};
        TAP_ROW(rows[i].text);
        TAP_REQUIRE(slw_link_parse(rows[i].text, &address, &detail) == SLW_OK);
        TAP_EQUAL_INT(address.kind, rows[i].kind);
        TAP_CHECK(strcmp(address.name, rows[i].name) == 0);
        TAP_EQUAL_INT(address.port + address.baud, rows[i].port_or_baud);
    }
}

static void refuses_what_is_no_link(void)
{
    static char long_path[400] = "pty:";
    const char *const rows[] = {"",           "tcp:",         "tcp:host",  "tcp::80",
                                "tcp:a:b",    "tcp:a:65536",  "tcp:a:-1",  "tcp:a:80 ",
                                "serial:",    "serial::9600", "pty:",      "udp:a:1",
                                "/dev/ttyS0", "tcp:a:+80",    "tcp:[]:80", long_path};
    memset(long_path + 4, 'x', sizeof long_path - 5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_link_address address;
        detail.text[0] = '\0';
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_link_parse(rows[i], &address, &detail), SLW_BAD_ARGUMENT);
        TAP_CHECK(detail.text[0] != '\0');
    }
}

static void check_echo(struct slw_link *from, struct slw_link *to, const char *text)
{
    uint8_t buffer[64];
    size_t len = 0;
    TAP_REQUIRE(slw_link_write(from, slw_bytes_make(text, strlen(text)), SECOND_MS) == SLW_OK);
    TAP_REQUIRE(slw_link_read(to, buffer, sizeof buffer, SECOND_MS, &len) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_bytes_make(buffer, len), slw_bytes_make(text, strlen(text))));
}

/* One client after another, bytes both ways, and the end of each is seen. */
static void check_clients_in_turn(const char *text)
{
    struct slw_listener listener;
    uint8_t buffer[16];
    size_t len = 0;
    TAP_REQUIRE(slw_listener_open(text, &listener, &detail) == SLW_OK);
    for (int i = 0; i < 3; i++) {
        struct slw_link client;
        struct slw_link server;
        TAP_EQUAL_INT(slw_listener_accept(&listener, 0, &server), SLW_IO_TIMEOUT);
        TAP_REQUIRE(slw_link_open(listener.text, SECOND_MS, &client, &detail) == SLW_OK);
        TAP_REQUIRE(slw_listener_accept(&listener, SECOND_MS, &server) == SLW_OK);
        TAP_EQUAL_INT(slw_link_read(&server, buffer, sizeof buffer, 0, &len), SLW_IO_TIMEOUT);
        TAP_EQUAL_INT(slw_link_read(&server, buffer, sizeof buffer, 5, &len), SLW_IO_TIMEOUT);
        check_echo(&client, &server, "~}\r\n\x03\x04 to the device");
        check_echo(&server, &client, "~}\r\n\x03\x04 and back");
        slw_link_close(&client);
        TAP_EQUAL_INT(slw_link_read(&server, buffer, sizeof buffer, SECOND_MS, &len),
                      SLW_IO_CLOSED);
        slw_link_close(&server);
        slw_link_close(&server);
    }
    slw_listener_close(&listener);
    slw_listener_close(&listener);
}

static void tcp_serves_clients_in_turn(void)
{
    check_clients_in_turn("tcp:127.0.0.1:0");
    check_clients_in_turn("tcp:localhost:0");
}

static void tcp_works_over_ipv6_where_there_is_one(void)
{
    struct slw_listener listener;
    if (slw_listener_open("tcp:[::1]:0", &listener, &detail) != SLW_OK) {
        TAP_SKIP("no IPv6 here");
    }
    TAP_CHECK(strncmp(listener.text, "tcp:[::1]:", 10) == 0);
    slw_listener_close(&listener);
    check_clients_in_turn("tcp:[::1]:0");
}

static void a_free_port_is_told(void)
{
    struct slw_listener listener;
    struct slw_link_address address;
    TAP_REQUIRE(slw_listener_open("tcp:127.0.0.1:0", &listener, &detail) == SLW_OK);
    TAP_REQUIRE(slw_link_parse(listener.text, &address, &detail) == SLW_OK);
    TAP_CHECK(address.port != 0);
    struct slw_listener second;
    TAP_EQUAL_INT(slw_listener_open(listener.text, &second, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, listener.text) != NULL);
    slw_listener_close(&listener);
    TAP_REQUIRE(slw_listener_open(listener.text, &second, &detail) == SLW_OK);
    slw_listener_close(&second);
}

static void says_why_it_cannot_connect(void)
{
    struct slw_listener listener;
    struct slw_link link;
    TAP_REQUIRE(slw_listener_open("tcp:127.0.0.1:0", &listener, &detail) == SLW_OK);
    slw_listener_close(&listener);
    TAP_EQUAL_INT(slw_link_open(listener.text, SECOND_MS, &link, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "refused") != NULL);
    TAP_EQUAL_INT(slw_link_open("tcp:127.0.0.1:0", SECOND_MS, &link, &detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_link_open("serial:/nonexistent", 0, &link, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "serial:/nonexistent: ") != NULL);
    TAP_EQUAL_INT(slw_link_open("pty:/dev/null", 0, &link, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "not a terminal") != NULL);
    TAP_EQUAL_INT(slw_listener_open("serial:/dev/ttyS0", &listener, &detail), SLW_BAD_ARGUMENT);
}

static void a_write_that_nobody_reads_times_out(void)
{
    static uint8_t bytes[1 << 20];
    struct slw_listener listener;
    struct slw_link client;
    struct slw_link server;
    enum slw_status status = SLW_OK;
    TAP_REQUIRE(slw_listener_open("tcp:127.0.0.1:0", &listener, &detail) == SLW_OK);
    TAP_REQUIRE(slw_link_open(listener.text, SECOND_MS, &client, &detail) == SLW_OK);
    TAP_REQUIRE(slw_listener_accept(&listener, SECOND_MS, &server) == SLW_OK);
    for (int i = 0; i < 100 && status == SLW_OK; i++) {
        status = slw_link_write(&client, slw_bytes_make(bytes, sizeof bytes), 20);
    }
    TAP_EQUAL_INT(status, SLW_IO_TIMEOUT);
    slw_link_close(&server);
    for (int i = 0; i < 100 && status != SLW_IO_CLOSED; i++) {
        status = slw_link_write(&client, slw_bytes_make(bytes, sizeof bytes), 20);
    }
    TAP_EQUAL_INT(status, SLW_IO_CLOSED);
    slw_link_close(&client);
    slw_listener_close(&listener);
}

struct place {
    char directory[64];
    char path[80];
    char text[96];
};

static bool make_place(struct place *place)
{
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/slipway-link-XXXXXX");
    if (mkdtemp(place->directory) == NULL) {
        return false;
    }
    (void)snprintf(place->path, sizeof place->path, "%s/tty", place->directory);
    (void)snprintf(place->text, sizeof place->text, "pty:%s", place->path);
    return true;
}

static void remove_place(const struct place *place)
{
    (void)unlink(place->path);
    TAP_EQUAL_INT(rmdir(place->directory), 0);
}

static void a_pseudo_terminal_serves_clients_in_turn(void)
{
    struct place place;
    struct stat ignored;
    TAP_REQUIRE(make_place(&place));
    check_clients_in_turn(place.text);
    TAP_EQUAL_INT(lstat(place.path, &ignored), -1);
    remove_place(&place);
}

static void a_stale_link_is_replaced_and_a_file_is_not(void)
{
    struct place place;
    struct slw_listener listener;
    TAP_REQUIRE(make_place(&place));
    TAP_REQUIRE(symlink("/nonexistent", place.path) == 0);
    TAP_REQUIRE(slw_listener_open(place.text, &listener, &detail) == SLW_OK);
    slw_listener_close(&listener);
    int file = open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    TAP_REQUIRE(file >= 0);
    close(file);
    TAP_EQUAL_INT(slw_listener_open(place.text, &listener, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, place.path) != NULL);
    remove_place(&place);
}

static void one_program_at_a_time_has_a_terminal(void)
{
    struct place place;
    struct slw_listener listener;
    struct slw_link first;
    struct slw_link second;
    TAP_REQUIRE(make_place(&place));
    TAP_REQUIRE(slw_listener_open(place.text, &listener, &detail) == SLW_OK);
    TAP_REQUIRE(slw_link_open(place.text, 0, &first, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_link_open(place.text, 0, &second, &detail), SLW_IO);
    TAP_CHECK(strstr(detail.text, "in use by another program") != NULL);
    slw_link_close(&first);
    TAP_EQUAL_INT(slw_link_open(place.text, 0, &second, &detail), SLW_OK);
    slw_link_close(&second);
    slw_listener_close(&listener);
    remove_place(&place);
}

/* As a serial line, with its speed, where a pseudo terminal plays the device. */
static void a_serial_line_takes_a_speed(void)
{
    struct place place;
    struct slw_listener listener;
    struct slw_link client;
    struct slw_link server;
    char text[128];
    TAP_REQUIRE(make_place(&place));
    TAP_REQUIRE(slw_listener_open(place.text, &listener, &detail) == SLW_OK);
    (void)snprintf(text, sizeof text, "serial:%s:12345", place.path);
    TAP_EQUAL_INT(slw_link_open(text, 0, &client, &detail), SLW_BAD_ARGUMENT);
    TAP_CHECK(strstr(detail.text, "no such baud rate") != NULL);
    (void)snprintf(text, sizeof text, "serial:%s:921600", place.path);
    TAP_REQUIRE(slw_link_open(text, 0, &client, &detail) == SLW_OK);
    TAP_REQUIRE(slw_listener_accept(&listener, SECOND_MS, &server) == SLW_OK);
    check_echo(&client, &server, "serial");
    slw_link_close(&server);
    slw_link_close(&client);
    slw_listener_close(&listener);
    remove_place(&place);
}

/* What the program does when it was run again: answers the client that it inherits, and another. */
static int run_restored(const char *saved)
{
    struct slw_listener listener;
    struct slw_link link;
    uint8_t buffer[64];
    size_t len = 0;
    if (slw_listener_restore(saved, &listener, &link) != SLW_OK) {
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        if (link.descriptor < 0 && slw_listener_accept(&listener, SECOND_MS, &link) != SLW_OK) {
            return 3;
        }
        if (slw_link_read(&link, buffer, sizeof buffer, SECOND_MS, &len) != SLW_OK ||
            slw_link_write(&link, slw_bytes_make(buffer, len), SECOND_MS) != SLW_OK) {
            return 4;
        }
        (void)slw_link_read(&link, buffer, sizeof buffer, SECOND_MS, &len);
        slw_link_close(&link);
    }
    slw_listener_close(&listener);
    return 0;
}

static bool expect_echo(struct slw_link *link)
{
    uint8_t buffer[8];
    size_t len = 0;
    return slw_link_write(link, SLW_BYTES_OF("ping"), SECOND_MS) == SLW_OK &&
           slw_link_read(link, buffer, sizeof buffer, 5 * SECOND_MS, &len) == SLW_OK && len == 4;
}

static void listener_and_client_survive_exec(void)
{
    extern char **environ;
    char saved[SLW_LISTENER_SAVED_SIZE];
    char name[] = "link_test";
    char *arguments[] = {name, saved, NULL};
    struct slw_listener listener;
    struct slw_link client;
    struct slw_link server;
    pid_t child = 0;
    int status = -1;
    TAP_REQUIRE(slw_listener_open("tcp:127.0.0.1:0", &listener, &detail) == SLW_OK);
    TAP_REQUIRE(slw_link_open(listener.text, SECOND_MS, &client, &detail) == SLW_OK);
    TAP_REQUIRE(slw_listener_accept(&listener, SECOND_MS, &server) == SLW_OK);
    TAP_REQUIRE(slw_listener_save(&listener, &server, saved) == SLW_OK);
    TAP_REQUIRE(posix_spawn(&child, program, NULL, NULL, arguments, environ) == 0);
    slw_link_close(&server);
    TAP_CHECK(expect_echo(&client));
    slw_link_close(&client);
    TAP_REQUIRE(slw_link_open(listener.text, SECOND_MS, &client, &detail) == SLW_OK);
    TAP_CHECK(expect_echo(&client));
    slw_link_close(&client);
    TAP_EQUAL_INT(waitpid(child, &status, 0), child);
    TAP_EQUAL_INT(status, 0);
    slw_listener_close(&listener);
}

static void restores_nothing_from_other_text(void)
{
    static const char *const rows[] = {"",
                                       "3",
                                       "3 -1",
                                       "3 -1 ",
                                       "x 1 tcp:a:1",
                                       "999 -1 tcp:a:1",
                                       "3 999 tcp:a:1",
                                       "-2 -1 tcp:a:1",
                                       "3 -1 udp:a:1"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_listener listener;
        struct slw_link client;
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_listener_restore(rows[i], &listener, &client), SLW_BAD_ARGUMENT);
    }
}

int main(int count, char **arguments)
{
    if (count == 2) {
        return run_restored(arguments[1]);
    }
    program = "/proc/self/exe";
    TAP_RUN(parses_every_form);
    TAP_RUN(refuses_what_is_no_link);
    TAP_RUN(tcp_serves_clients_in_turn);
    TAP_RUN(tcp_works_over_ipv6_where_there_is_one);
    TAP_RUN(a_free_port_is_told);
    TAP_RUN(says_why_it_cannot_connect);
    TAP_RUN(a_write_that_nobody_reads_times_out);
    TAP_RUN(a_pseudo_terminal_serves_clients_in_turn);
    TAP_RUN(a_stale_link_is_replaced_and_a_file_is_not);
    TAP_RUN(one_program_at_a_time_has_a_terminal);
    TAP_RUN(a_serial_line_takes_a_speed);
    TAP_RUN(listener_and_client_survive_exec);
    TAP_RUN(restores_nothing_from_other_text);
    return tap_finish();
}
