/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway device run`: a virtual device in the foreground. It prints its events, serves one client
 * at a time (the next one when the first leaves or falls silent), and reboots by starting this
 * program over with the same command line; the listener (and on a pseudo terminal the client) stays
 * open across that, as a board's UART would.
 */
#include "device.h"

#include "transparency.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/link_listener.h"
#include "slipway/virtual_device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Carries the listener over an exec; no option, so that nobody relies on it. */
#define LISTENER_VARIABLE "SLIPWAY_DEVICE_LISTENER"

#define DEFAULT_LISTEN "tcp:127.0.0.1:0"
#define ROOT_FILE_SIZE_MAX (1024u * 1024)
#define ARRIVED_SIZE 65536u
#define IDLE_POLL_MS 20

/* As much as a pipe holds; an endless input ends somewhere. */
#define FORGOTTEN_READS_MAX 16

/* A client that said nothing for so long makes room for one that waits. */
#define MAKE_ROOM_MS 2000u

enum consent_mode { CONSENT_AUTO = 1, CONSENT_ASK, CONSENT_NEVER };

struct device_run {
    struct cli *cli;
    struct slw_virtual_options options;
    struct slw_virtual_slot slots[SLW_COMPONENTS_MAX];
    struct slw_heap_buffer root;
    struct cli_transparency transparency;
    struct slw_virtual_device *device;
    struct slw_listener listener;
    struct slw_link client;
    uint64_t heard_ms; /* when the client last said something, or came */
    struct slw_link_port link_port;
    struct slw_consent_port consent_port;
    enum consent_mode consent;
    bool asked; /* this question, by its metadata */
    uint8_t asked_sha256[SLW_SHA256_SIZE];
    char answer[16]; /* what was typed so far */
    size_t answer_len;
    uint8_t arrived[ARRIVED_SIZE];
    size_t arrived_len;
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
    stop_signal = number;
}

static void print_line(void *context, const char *line)
{
    (void)context;
    (void)printf("%s\n", line);
    (void)fflush(stdout);
}

static enum slw_status write_link(void *context, struct slw_bytes bytes, size_t *ret_written)
{
    struct device_run *run = context;
    if (run->client.descriptor < 0) {
        return SLW_IO_CLOSED;
    }
    return slw_link_write_some(&run->client, bytes, ret_written);
}

/* On one line, and nothing in it writes over the question that it stands in. */
static void print_text(const char *before, struct slw_bytes text, const char *behind)
{
    static const uint8_t space = ' ';
    struct slw_heap_buffer line = {0};
    size_t from = 0;
    if (text.len == 0) {
        return;
    }
    for (size_t i = 0; i <= text.len; i++) {
        if (i == text.len || text.ptr[i] == '\n') {
            slw_escape(slw_bytes_make(text.ptr + from, i - from), &line);
            slw_heap_append(&line, slw_bytes_make(&space, i == text.len ? 0 : 1));
            from = i + 1;
        }
    }
    (void)printf("%s%s%s", before, slw_heap_text(&line), behind);
    slw_heap_free(&line);
}

static void print_question(const struct slw_consent_question *question)
{
    static const char *const urgencies[] = {"", "routine", "recommended", "security", "emergency"};
    (void)printf("consent: install version=%u", question->version);
    print_text(" (", question->release_version, ")");
    (void)printf(" over version=%u, %llu bytes", question->installed_version,
                 (unsigned long long)question->size);
    if (question->urgency != SLW_URGENCY_NONE) {
        (void)printf(", %s", urgencies[question->urgency]);
    }
    print_text(": ", question->release_notes, "");
    (void)printf(" yes or no?\n");
    (void)fflush(stdout);
}

/* A whole line from standard input, without waiting for it; its end, once, means no answer. */
static bool read_answer(struct device_run *run)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    while (poll(&input, 1, 0) > 0 && (input.revents & POLLIN) != 0 &&
           read(STDIN_FILENO, &byte, 1) == 1) {
        if (byte == '\n') {
            run->answer[run->answer_len] = '\0';
            run->answer_len = 0;
            return true;
        }
        if (run->answer_len < sizeof run->answer - 1) {
            run->answer[run->answer_len++] = byte;
        }
    }
    return false;
}

/*
 * What came since a question that nobody answered, whose update is gone, was for that one; and what
 * somebody typed at a terminal before there was a question is for none. A script may answer ahead.
 */
static void forget_answers(struct device_run *run)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char typed[4096];
    for (int i = 0; i < FORGOTTEN_READS_MAX && poll(&input, 1, 0) > 0 &&
                    (input.revents & POLLIN) != 0 && read(STDIN_FILENO, typed, sizeof typed) > 0;
         i++) {
    }
    run->answer_len = 0;
}

static enum slw_consent_answer ask(void *context, const struct slw_consent_question *question)
{
    struct device_run *run = context;
    if (run->consent != CONSENT_ASK) {
        return run->consent == CONSENT_AUTO ? SLW_CONSENT_YES : SLW_CONSENT_NO;
    }
    if (!run->asked ||
        memcmp(run->asked_sha256, question->metadata_sha256, sizeof run->asked_sha256) != 0) {
        if (run->asked || isatty(STDIN_FILENO) != 0) {
            forget_answers(run);
        }
        run->asked = true;
        memcpy(run->asked_sha256, question->metadata_sha256, sizeof run->asked_sha256);
        print_question(question);
    }
    if (!read_answer(run)) {
        return SLW_CONSENT_NOT_YET;
    }
    bool yes = strcmp(run->answer, "yes") == 0;
    if (yes || strcmp(run->answer, "no") == 0) {
        run->asked = false; /* the release may come again, and is another question then */
        return yes ? SLW_CONSENT_YES : SLW_CONSENT_NO;
    }
    print_question(question);
    return SLW_CONSENT_NOT_YET;
}

/* "4M", "512K", "65536" */
static bool parse_size(const char *text, uint64_t *ret_size)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    unsigned shift = 0;
    if (text[0] < '0' || text[0] > '9' || errno != 0) {
        return false;
    }
    if (*end == 'K' || *end == 'M' || *end == 'G') {
        shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30;
        end++;
    }
    if (*end != '\0' || number > SLW_VIRTUAL_SLOT_SIZE_MAX >> shift) {
        return false;
    }
    *ret_size = (uint64_t)number << shift;
    return true;
}

static enum cli_exit read_slots(struct device_run *run, const struct cli_arguments *arguments)
{
    size_t count = cli_count(arguments, "--slot");
    if (count > SLW_COMPONENTS_MAX) {
        return cli_usage(run->cli, "at most %u slots", SLW_COMPONENTS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = cli_nth(arguments, "--slot", i);
        const char *colon = strrchr(text, ':');
        if (colon == NULL || colon == text || !parse_size(colon + 1, &run->slots[i].size)) {
            return cli_usage(run->cli, "--slot %s: wants NAME:SIZE, as in app:4M", text);
        }
        run->slots[i].name = slw_bytes_make(text, (size_t)(colon - text));
    }
    run->options.slots = run->slots;
    run->options.slots_count = count;
    return CLI_DONE;
}

static struct slw_bytes text_of(const struct cli_arguments *arguments, const char *name)
{
    const char *text = cli_value(arguments, name);
    return text == NULL ? slw_bytes_make(NULL, 0) : slw_bytes_make(text, strlen(text));
}

static enum cli_exit read_options(struct device_run *run, const struct cli_arguments *arguments)
{
    static const char *const consent_words[] = {"", "auto", "ask", "never", NULL};
    struct cli *cli = run->cli;
    unsigned key_class = 0;
    unsigned build_type = 0;
    unsigned consent = CONSENT_AUTO;
    if (!cli_choice(cli, arguments, "--key-class", cli_key_class_words, &key_class) ||
        !cli_choice(cli, arguments, "--build-type", cli_build_type_words, &build_type) ||
        !cli_choice(cli, arguments, "--consent", consent_words, &consent) ||
        !cli_transparency_read(cli, arguments, &run->transparency)) {
        return CLI_USAGE;
    }
    run->consent = (enum consent_mode)consent;
    run->link_port = (struct slw_link_port){run, write_link};
    run->consent_port = (struct slw_consent_port){run, ask};
    run->options = (struct slw_virtual_options){
        .flash_path = cli_value(arguments, "--flash"),
        .hardware = text_of(arguments, "--hardware"),
        .product = text_of(arguments, "--product"),
        .has_key_class = cli_has(arguments, "--key-class"),
        .key_class = (enum slw_key_class)key_class,
        .build_type = (enum slw_build_type)build_type,
        .transparency = cli_transparency_expected(&run->transparency),
        .consent = &run->consent_port,
        .link = &run->link_port,
        .has_clock = !cli_has(arguments, "--no-clock"),
        .fail_boot = cli_has(arguments, "--fail-boot"),
        .event = print_line,
    };
    const char *root = cli_value(arguments, "--root");
    if (root != NULL) {
        enum slw_status status = slw_file_read(root, ROOT_FILE_SIZE_MAX, &run->root, &cli->detail);
        if (status != SLW_OK) {
            return cli_fail(cli, status);
        }
        if (run->root.len == 0) {
            (void)slw_explain(&cli->detail, SLW_NO_TRUSTED_ROOT, "%s: is empty", root);
            return cli_fail(cli, SLW_NO_TRUSTED_ROOT);
        }
        run->options.root_name = root;
        run->options.root = slw_heap_bytes(&run->root);
    }
    return read_slots(run, arguments);
}

/* The listener of the run before a reboot, or a new one. */
static enum slw_status open_listener(struct device_run *run, const char *text)
{
    const char *saved = getenv(LISTENER_VARIABLE);
    if (saved != NULL && slw_listener_restore(saved, &run->listener, &run->client) == SLW_OK) {
        (void)unsetenv(LISTENER_VARIABLE);
        return SLW_OK;
    }
    return slw_listener_open(text, &run->listener, &run->cli->detail);
}

static void drop_client(struct device_run *run)
{
    slw_link_close(&run->client);
    run->client.descriptor = -1;
    run->arrived_len = 0;
    slw_virtual_device_disconnected(run->device);
}

static bool accept_client(struct device_run *run)
{
    struct slw_link client;
    if (slw_listener_accept(&run->listener, 0, &client) != SLW_OK) {
        return false;
    }
    if (run->client.descriptor >= 0) {
        drop_client(run);
    }
    run->client = client;
    run->heard_ms = slw_link_now_ms();
    return true;
}

/*
 * Sockets are easily left open by whoever is done with the device. A pseudo terminal has no
 * clients to tell apart.
 */
static bool client_is_left_open(const struct device_run *run)
{
    return run->listener.kind == SLW_LINK_TCP && slw_link_now_ms() - run->heard_ms >= MAKE_ROOM_MS;
}

/* False when the client is gone. */
static bool read_client(struct device_run *run)
{
    size_t len = 0;
    enum slw_status status =
        slw_link_read(&run->client, run->arrived, sizeof run->arrived, 0, &len);
    if (status == SLW_OK) {
        run->arrived_len = len;
        run->heard_ms = slw_link_now_ms();
    } else if (status != SLW_IO_TIMEOUT) {
        drop_client(run);
        return false;
    } else if (client_is_left_open(run)) {
        (void)accept_client(run);
    }
    return true;
}

/* What arrived before is offered first; more is read only when all of it was taken. */
static bool serve_client(struct device_run *run)
{
    if (run->client.descriptor < 0) {
        return accept_client(run);
    }
    if (run->arrived_len == 0 && !read_client(run)) {
        return false;
    }
    if (run->arrived_len == 0) {
        return false;
    }
    size_t taken =
        slw_virtual_device_receive(run->device, slw_bytes_make(run->arrived, run->arrived_len));
    memmove(run->arrived, run->arrived + taken, run->arrived_len - taken);
    run->arrived_len -= taken;
    return taken > 0;
}

static void wait_for_something(const struct device_run *run)
{
    struct pollfd what = {.fd = run->client.descriptor, .events = POLLIN};
    if (run->client.descriptor < 0) {
        what.fd = run->listener.kind == SLW_LINK_TCP ? run->listener.descriptor : -1;
    } else if (slw_virtual_device_has_output(run->device)) {
        what.events = run->arrived_len > 0 ? POLLOUT : POLLIN | POLLOUT;
    }
    (void)poll(&what, 1, IDLE_POLL_MS);
}

/* Returns true for a reboot, false when a signal says to stop. */
static bool serve(struct device_run *run)
{
    while (stop_signal == 0) {
        bool moved = serve_client(run);
        switch (slw_virtual_device_poll(run->device, slw_link_now_ms())) {
        case SLW_VIRTUAL_REBOOT:
            return true;
        case SLW_VIRTUAL_BUSY:
            break;
        case SLW_VIRTUAL_IDLE:
            if (!moved) {
                wait_for_something(run);
            }
            break;
        }
    }
    return false;
}

/* The client of a TCP connection notices a reboot, as one of a network device would. */
static enum cli_exit reboot(struct device_run *run)
{
    char saved[SLW_LISTENER_SAVED_SIZE];
    bool keeps_client = run->listener.kind == SLW_LINK_PTY && run->client.descriptor >= 0;
    if (!keeps_client && run->client.descriptor >= 0) {
        slw_link_close(&run->client);
    }
    slw_virtual_device_close(run->device);
    run->device = NULL;
    if (slw_listener_save(&run->listener, keeps_client ? &run->client : NULL, saved) != SLW_OK ||
        setenv(LISTENER_VARIABLE, saved, 1) != 0) {
        return cli_error(run->cli, "can't keep the link over a reboot");
    }
    (void)fflush(stdout);
    (void)execv("/proc/self/exe", cli_argv);
    return cli_error(run->cli, "can't start over: %s", strerror(errno));
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static enum cli_exit boot_and_serve(struct device_run *run)
{
    struct cli *cli = run->cli;
    enum slw_status status = slw_virtual_device_open(&run->options, &run->device, &cli->detail);
    if (status != SLW_OK) {
        return status == SLW_BAD_ARGUMENT ? cli_usage(cli, "%s", cli->detail.text)
                                          : cli_fail(cli, status);
    }
    struct slw_heap_buffer line = {0};
    slw_heap_printf(&line, "listening on %s", run->listener.text);
    print_line(NULL, slw_heap_text(&line));
    slw_heap_free(&line);
    if (serve(run)) {
        return reboot(run);
    }
    return stop_signal == SIGINT ? CLI_INTERRUPTED : CLI_DONE;
}

enum cli_exit cli_device_run(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *listen = cli_value(arguments, "--listen");
    struct device_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return cli_error(cli, "out of memory");
    }
    run->cli = cli;
    run->client.descriptor = -1;
    run->listener.descriptor = -1;
    catch_signals();
    enum cli_exit code = read_options(run, arguments);
    if (code == CLI_DONE) {
        enum slw_status status = open_listener(run, listen != NULL ? listen : DEFAULT_LISTEN);
        code = status == SLW_OK             ? boot_and_serve(run)
               : status == SLW_BAD_ARGUMENT ? cli_usage(cli, "%s", cli->detail.text)
                                            : cli_error(cli, "%s", cli->detail.text);
    }
    slw_virtual_device_close(run->device);
    slw_link_close(&run->client);
    slw_listener_close(&run->listener);
    slw_heap_free(&run->root);
    free(run);
    return code;
}
