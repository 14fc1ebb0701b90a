/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway audit witness`: decides and remembers; the front of the signing service, started as a
 * child with a socketpair as its descriptor 3, speaks HTTP for it.
 */
#include "audit.h"

#include "inputs.h"
#include "values.h"

#include "slipway/signer_protocol.h"
#include "slipway/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FRONT_DESCRIPTOR 3
#define FRONT_DESCRIPTOR_TEXT "3"
#define WAIT_MS 500

extern char **environ;

struct serving {
    struct cli *cli;
    struct slw_private_key *key;
    struct slw_note_signer signer;
    struct slw_note_key logs[SLW_WITNESS_LOGS_MAX];
    size_t log_count;
    struct slw_witness *witness;
    struct slw_signer_gate gate;
    int descriptor;
    pid_t front;
    uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];
};

static volatile sig_atomic_t stopping;

static void note_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* --- The front --- */

/* Its own program, with the other end of the socketpair as its descriptor 3; 0 or errno. */
static int spawn_front(struct serving *serving, int other, const char *program, const char *config)
{
    char *const words[] = {strdup(program),
                           strdup("--config"),
                           strdup(config),
                           strdup("--key-process-fd"),
                           strdup(FRONT_DESCRIPTOR_TEXT),
                           strdup("--witness"),
                           NULL};
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, other, FRONT_DESCRIPTOR);
    int failure = posix_spawnp(&serving->front, program, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i + 1 < sizeof words / sizeof words[0]; i++) {
        free(words[i]);
    }
    return failure;
}

static enum cli_exit start_front(struct serving *serving, const char *program, const char *config)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return cli_error(serving->cli, "no socketpair: %s", strerror(errno));
    }
    serving->descriptor = pair[0];
    /* Duplicating a descriptor onto itself would leave it to be closed by the exec. */
    int other = fcntl(pair[1], F_DUPFD_CLOEXEC, FRONT_DESCRIPTOR + 1);
    int failure = other < 0 ? errno : spawn_front(serving, other, program, config);
    (void)close(pair[1]);
    if (other >= 0) {
        (void)close(other);
    }
    if (failure != 0) {
        serving->front = 0;
        return cli_error(serving->cli, "%s: %s", program, strerror(failure));
    }
    return CLI_DONE;
}

static void stop_front(struct serving *serving)
{
    if (serving->descriptor >= 0) {
        (void)close(serving->descriptor); /* it ends with its other end */
    }
    if (serving->front > 0) {
        (void)kill(serving->front, SIGTERM);
        (void)waitpid(serving->front, NULL, 0);
    }
}

/* --- Answering --- */

static void answer_checkpoint(struct serving *serving, const struct slw_signer_call *call,
                              struct slw_signer_answer *answer, struct slw_heap_buffer *body)
{
    unsigned http = 500;
    enum slw_status status =
        slw_witness_add_checkpoint(serving->witness, call->bytes, (uint64_t)cli_now_utc_s(), &http,
                                   body, &serving->cli->detail);
    if (status != SLW_OK) {
        cli_warn(serving->cli, "a checkpoint isn't cosigned: %s", serving->cli->detail.text);
        const char *word = slw_status_word(status);
        answer->reason = slw_bytes_make(word, strlen(word));
        answer->detail = SLW_BYTES_OF("the witness can't cosign now");
        return;
    }
    answer->status = http;
    answer->bytes = slw_heap_bytes(body);
    cli_trace(serving->cli, "add-checkpoint: %u", http);
}

static enum slw_status answer_call(struct serving *serving, const struct slw_signer_call *call)
{
    struct timespec now;
    struct slw_heap_buffer body = {0};
    struct slw_signer_answer answer = {.number = call->number, .kind = call->kind};
    const struct slw_signer_rule *rule = slw_signer_rule_find(call->kind);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    enum slw_signer_admission admission = slw_signer_gate_enter(&serving->gate, call->kind, now_ms);
    if (rule == NULL || !rule->witness || admission == SLW_SIGNER_NOT_WAITED) {
        return slw_explain(&serving->cli->detail, SLW_MALFORMED,
                           "the front asked for what a witness isn't asked");
    }
    if (admission == SLW_SIGNER_TOO_OFTEN) {
        answer.reason = SLW_BYTES_OF("too-many");
        answer.detail = SLW_BYTES_OF("more than a witness answers in a time");
    } else {
        if (call->kind == SLW_SIGNER_ADD_CHECKPOINT) {
            answer_checkpoint(serving, call, &answer, &body);
        } else {
            answer.bytes = SLW_BYTES_OF("{\"state\":\"ready\"}");
        }
        slw_signer_gate_leave(&serving->gate, call->kind);
    }
    enum slw_status status = slw_signer_answer_send(serving->descriptor, &answer, serving->packet,
                                                    &serving->cli->detail);
    slw_heap_drop(&body);
    return status;
}

static enum slw_status serve_one(struct serving *serving)
{
    struct slw_bytes message;
    struct slw_signer_call call;
    struct slw_detail *detail = &serving->cli->detail;
    enum slw_status status =
        slw_signer_packet_receive(serving->descriptor, serving->packet, WAIT_MS, &message, detail);
    if (status == SLW_IO_TIMEOUT) {
        return SLW_OK;
    }
    SLW_TRY(status);
    SLW_TRY(slw_signer_call_decode(message, &call, detail));
    return answer_call(serving, &call);
}

static enum cli_exit serve(struct serving *serving)
{
    const struct sigaction action = {.sa_handler = note_signal};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    cli_note(serving->cli, "%s cosigns %zu log%s", serving->signer.key.name, serving->log_count,
             serving->log_count == 1 ? "" : "s");
    while (stopping == 0) {
        enum slw_status status = serve_one(serving);
        if (status != SLW_OK && stopping == 0) {
            return cli_fail(serving->cli, status);
        }
    }
    return CLI_DONE;
}

/* --- Settings --- */

static enum cli_exit read_logs(struct serving *serving, const struct cli_arguments *arguments)
{
    size_t count = cli_count(arguments, "--log");
    if (count == 0 || count > SLW_WITNESS_LOGS_MAX) {
        return cli_usage(serving->cli, "--log: 1 to %u", SLW_WITNESS_LOGS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = cli_nth(arguments, "--log", i);
        if (slw_note_key_parse("--log", slw_bytes_make(text, strlen(text)), &serving->logs[i],
                               &serving->cli->detail) != SLW_OK) {
            return cli_usage(serving->cli, "%s", serving->cli->detail.text);
        }
    }
    serving->log_count = count;
    return CLI_DONE;
}

static enum cli_exit show_key(struct serving *serving)
{
    struct slw_heap_buffer text = {0};
    slw_note_key_format(&serving->signer.key, &text);
    slw_heap_append_text(&text, "\n");
    return cli_print(serving->cli, &text);
}

static enum cli_exit open_and_serve(struct serving *serving, const struct cli_arguments *arguments)
{
    struct cli *cli = serving->cli;
    const char *state = cli_value(arguments, "--state");
    const char *config = cli_value(arguments, "--front-config");
    const char *program = cli_value(arguments, "--front");
    if (state == NULL || config == NULL) {
        return cli_usage(cli, "--state and --front-config are missing");
    }
    enum cli_exit code = read_logs(serving, arguments);
    if (code != CLI_DONE) {
        return code;
    }
    const struct slw_witness_settings settings = {state, &serving->signer, serving->logs,
                                                  serving->log_count};
    enum slw_status status = slw_witness_open(&settings, &serving->witness, &cli->detail);
    if (status != SLW_OK) {
        return status == SLW_BAD_ARGUMENT ? cli_usage(cli, "%s", cli->detail.text)
                                          : cli_fail(cli, status);
    }
    code = start_front(serving, program != NULL ? program : "slipway-signer", config);
    return code == CLI_DONE ? serve(serving) : code;
}

enum cli_exit cli_audit_witness(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *name = cli_value(arguments, "--name");
    struct serving *serving = calloc(1, sizeof *serving);
    if (serving == NULL) {
        return cli_error(cli, "out of memory");
    }
    serving->cli = cli;
    serving->descriptor = -1;
    enum cli_exit code =
        cli_private_key_open(cli, cli_value(arguments, "--key"),
                             cli_value(arguments, "--passphrase-file"), &serving->key);
    if (code == CLI_DONE) {
        enum slw_status status =
            slw_note_signer_init(serving->key, slw_bytes_make(name, strlen(name)),
                                 SLW_NOTE_COSIGNATURE, &serving->signer, &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_usage(cli, "%s", cli->detail.text);
    }
    if (code == CLI_DONE) {
        code = cli_has(arguments, "--show-key") ? show_key(serving)
                                                : open_and_serve(serving, arguments);
    }
    stop_front(serving);
    slw_witness_close(serving->witness);
    slw_private_key_free(serving->key);
    free(serving);
    return code;
}
