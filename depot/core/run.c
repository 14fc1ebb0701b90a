/* SPDX-License-Identifier: Apache-2.0 */
/* The command `run`: gives up what it doesn't need, serves, and ends on a signal. See commands.h.
 */
#include "commands.h"
#include "confine.h"
#include "releases/releases.h"

#include "slipway/notify.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STOP_S 9

static void prepare_signals(sigset_t *ret_ends)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(ret_ends);
    (void)sigaddset(ret_ends, SIGTERM);
    (void)sigaddset(ret_ends, SIGINT);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigprocmask(SIG_BLOCK, ret_ends, NULL); /* threads inherit it */
}

static enum slw_status wait_for_end(const sigset_t *ends, struct slw_detail *detail)
{
    int ended = 0;
    int failed = sigwait(ends, &ended);
    return failed == 0 ? SLW_OK
                       : slw_explain(detail, SLW_IO, "waiting for signals: %s", strerror(failed));
}

/* What doesn't end in time, such as work that waits for somebody else, is left: everything that was
 * answered is durable, and what wasn't committed never was. */
static void *end_in_time(void *context)
{
    (void)context;
    (void)nanosleep(&(struct timespec){.tv_sec = STOP_S}, NULL);
    depot_log("warning", "depot", "work didn't end within %d s", STOP_S);
    _exit(0);
}

static void watch_the_end(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_in_time, NULL) == 0) {
        (void)pthread_detach(thread);
    }
}

enum slw_status depot_command_run(const struct depot_command *command, struct slw_detail *detail)
{
    static struct depot_settings settings;
    struct depot_program *program = NULL;
    sigset_t ends;
    SLW_TRY(depot_settings_read(command->config, &settings, detail));
    SLW_TRY(slw_notify_open(detail));
    prepare_signals(&ends);
    if (gnutls_global_init() < 0) {
        return slw_explain(detail, SLW_IO, "TLS can't be set up");
    }
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        return slw_explain(detail, SLW_IO, "libcurl: %s", curl_easy_strerror(code));
    }
    SLW_TRY(depot_releases_open_tokens(&settings, detail));
    SLW_TRY(depot_confine(&settings, detail));
    SLW_TRY(depot_program_start(&settings, &program, detail));
    (void)printf("listening on %s\n", depot_program_address(program));
    (void)fflush(stdout);
    slw_notify("READY=1");
    enum slw_status status = wait_for_end(&ends, detail);
    slw_notify("STOPPING=1");
    watch_the_end();
    depot_program_stop(program);
    return status;
}
