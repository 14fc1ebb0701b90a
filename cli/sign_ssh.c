/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals signed by ssh-keygen(1): with a key in a file, in an agent, or in a security key that
 * somebody has to touch. What comes back is verified before it is used.
 */
/* For pipe2(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "sign.h"

#include "slipway/dsse.h"
#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* FILE.pub beside FILE, or FILE when it is the public half already, whose other one an agent has.
 */
static enum slw_status load_public(struct cli *cli, const char *path,
                                   struct slw_statement_key *ret_key)
{
    struct slw_heap_buffer name = {0};
    struct slw_heap_buffer text = {0};
    size_t len = strlen(path);
    bool is_public = len > 4 && strcmp(path + len - 4, ".pub") == 0;
    slw_heap_printf(&name, "%s%s", path, is_public ? "" : ".pub");
    enum slw_status status =
        slw_file_read(slw_heap_text(&name), SLW_SSH_KEY_LINE_MAX, &text, &cli->detail);
    if (status == SLW_OK) {
        status = slw_statement_key_parse(slw_heap_text(&name), slw_heap_bytes(&text), ret_key,
                                         &cli->detail);
    }
    slw_heap_drop(&name);
    slw_heap_drop(&text);
    return status;
}

static enum slw_status start(struct cli *cli, const char *path, const int input[static 2],
                             const int output[static 2], pid_t *ret_child)
{
    char program[] = "ssh-keygen";
    char action[] = "-Y";
    char sign[] = "sign";
    char quiet[] = "-q";
    char space[] = "-n";
    char name_space[] = "slipway-approval-v1";
    char file[] = "-f";
    char *const words[] = {
        program, quiet, action, sign, space, name_space, file, (char *)(uintptr_t)path, NULL};
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    int error = posix_spawnp(ret_child, program, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? SLW_OK
                      : slw_explain(&cli->detail, SLW_IO, "ssh-keygen: %s", strerror(error));
}

/* Gives it the message and takes the armoured signature; messages are smaller than a pipe. */
static enum slw_status exchange(struct cli *cli, int input, int output, struct slw_bytes message,
                                struct slw_heap_buffer *ret_text)
{
    char piece[1024];
    ssize_t len = 0;
    while (message.len > 0) {
        ssize_t written = write(input, message.ptr, message.len);
        if (written < 0 && errno != EINTR) {
            break; /* it ended, and says why itself */
        }
        size_t step = written > 0 ? (size_t)written : 0;
        message = slw_bytes_make(message.ptr + step, message.len - step);
    }
    (void)close(input);
    while ((len = read(output, piece, sizeof piece)) > 0 || (len < 0 && errno == EINTR)) {
        if (len > 0 && ret_text->len + (size_t)len <= SLW_SSH_SIGNATURE_TEXT_MAX) {
            slw_heap_append(ret_text, slw_bytes_make(piece, (size_t)len));
        }
    }
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(&cli->detail);
}

static void close_both(int ends[static 2])
{
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static enum slw_status run_keygen(struct cli *cli, const char *path, struct slw_bytes message,
                                  struct slw_heap_buffer *ret_text)
{
    int input[2];
    int output[2];
    int ended = -1;
    pid_t child = -1;
    if (pipe2(input, O_CLOEXEC) != 0) {
        return slw_explain_errno(&cli->detail, "ssh-keygen");
    }
    if (pipe2(output, O_CLOEXEC) != 0) {
        close_both(input);
        return slw_explain_errno(&cli->detail, "ssh-keygen");
    }
    enum slw_status status = start(cli, path, input, output, &child);
    if (status != SLW_OK) {
        close_both(input);
        close_both(output);
        return status;
    }
    (void)close(input[0]);
    (void)close(output[1]);
    status = exchange(cli, input[1], output[0], message, ret_text);
    (void)close(output[0]);
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
    }
    return status == SLW_OK && ended != 0
               ? slw_explain(&cli->detail, SLW_IO, "%s: ssh-keygen didn't sign", path)
               : status;
}

enum slw_status cli_ssh_sign(struct cli *cli, const char *key_path, struct slw_bytes payload,
                             struct slw_heap_buffer *ret_envelope)
{
    struct slw_statement_key key;
    struct slw_heap_buffer message = {0};
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer blob = {0};
    const struct slw_dsse unsigned_one = {.payload_type = SLW_DSSE_INTOTO, .payload = payload};
    SLW_TRY(load_public(cli, key_path, &key));
    slw_dsse_pae(SLW_DSSE_INTOTO, payload, &message);
    enum slw_status status = run_keygen(cli, key_path, slw_heap_bytes(&message), &text);
    if (status == SLW_OK) {
        status =
            slw_ssh_signature_unarmour("ssh-keygen", slw_heap_bytes(&text), &blob, &cli->detail);
    }
    if (status == SLW_OK) {
        status =
            slw_dsse_add(&unsigned_one, &key, slw_heap_bytes(&blob), ret_envelope, &cli->detail);
    }
    slw_heap_drop(&message);
    slw_heap_drop(&text);
    slw_heap_drop(&blob);
    return status;
}
