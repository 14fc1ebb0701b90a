/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual device as a child: the very program that `slipway device run` is. See device_child.h.
 */
#include "device_child.h"

#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 80u
#define LISTEN_TRIES 200
#define LISTEN_PAUSE_MS 50
#define LOG_MAX 65536u

/* Options that are handed on, with the name that `device run` has for each. */
static const struct {
    const char *ours, *theirs;
} handed_on[] = {
    {"--flash", "--flash"},           {"--factory-root", "--root"}, {"--slot", "--slot"},
    {"--hardware", "--hardware"},     {"--product", "--product"},   {"--key-class", "--key-class"},
    {"--build-type", "--build-type"}, {"--consent", "--consent"},   {"--fail-boot", "--fail-boot"},
};

static size_t make_words(const struct cli_arguments *arguments,
                         const char *words[static ARGUMENTS_MAX])
{
    size_t count = 0;
    words[count++] = "slipway";
    words[count++] = "device";
    words[count++] = "run";
    words[count++] = "--listen";
    words[count++] = "tcp:127.0.0.1:0";
    for (size_t i = 0; i < sizeof handed_on / sizeof handed_on[0]; i++) {
        size_t given = cli_count(arguments, handed_on[i].ours);
        for (size_t n = 0; n < given && count < ARGUMENTS_MAX - 3; n++) {
            const char *value = cli_nth(arguments, handed_on[i].ours, n);
            words[count++] = handed_on[i].theirs;
            if (value != NULL && value[0] != '\0') { /* a flag has none */
                words[count++] = value;
            }
        }
    }
    words[count] = NULL;
    return count;
}

/* In the child; returns when it can't be started. */
static void become_device(const char *const *words, const char *log, pid_t parent)
{
    char *arguments[ARGUMENTS_MAX];
    int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        arguments[count] = strdup(words[count]);
    }
    arguments[count] = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (output >= 0 && input >= 0 && getppid() == parent && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(input, STDIN_FILENO) >= 0) {
        (void)execv("/proc/self/exe", arguments);
    }
}

/* The device's own first words: where it listens. */
static bool find_link(struct cli_device_child *child)
{
    static const char says[] = "listening on ";
    struct slw_heap_buffer text = {0};
    struct slw_detail detail;
    bool found = false;
    if (slw_file_read(slw_heap_text(&child->log), LOG_MAX, &text, &detail) == SLW_OK) {
        const char *line = strstr(slw_heap_text(&text), says);
        const char *end = line == NULL ? NULL : strchr(line, '\n');
        if (end != NULL) {
            line += sizeof says - 1;
            slw_heap_append(&child->link, slw_bytes_make(line, (size_t)(end - line)));
            found = child->link.status == SLW_OK;
        }
    }
    slw_heap_free(&text);
    return found;
}

static enum cli_exit await_link(struct cli *cli, struct cli_device_child *child)
{
    struct timespec pause = {.tv_nsec = (long)LISTEN_PAUSE_MS * 1000000};
    for (int i = 0; i < LISTEN_TRIES; i++) {
        int state = 0;
        if (find_link(child)) {
            return CLI_DONE;
        }
        if (waitpid(child->process, &state, WNOHANG) == child->process) {
            child->process = 0;
            return cli_error(cli, "the virtual device ended; %s says why",
                             slw_heap_text(&child->log));
        }
        (void)nanosleep(&pause, NULL);
    }
    return cli_error(cli, "the virtual device doesn't listen");
}

enum cli_exit cli_device_child_start(struct cli *cli, const struct cli_arguments *arguments,
                                     struct cli_device_child *ret_child)
{
    const char *words[ARGUMENTS_MAX];
    pid_t parent = getpid();
    *ret_child = (struct cli_device_child){.process = 0};
    (void)make_words(arguments, words);
    slw_heap_printf(&ret_child->log, "%s.log", cli_value(arguments, "--flash"));
    if (ret_child->log.status != SLW_OK) {
        return cli_error(cli, "out of memory");
    }
    (void)unlink(slw_heap_text(&ret_child->log)); /* what another one said isn't this one's */
    ret_child->process = fork();
    if (ret_child->process == 0) {
        become_device(words, slw_heap_text(&ret_child->log), parent);
        _exit(127);
    }
    if (ret_child->process < 0) {
        ret_child->process = 0;
        return cli_error(cli, "can't start a virtual device: %s", strerror(errno));
    }
    return await_link(cli, ret_child);
}

void cli_device_child_stop(struct cli_device_child *child)
{
    int state = 0;
    if (child->process > 0) {
        (void)kill(child->process, SIGTERM);
        (void)waitpid(child->process, &state, 0);
        child->process = 0;
    }
    slw_heap_free(&child->log);
    slw_heap_free(&child->link);
}
