/* SPDX-License-Identifier: Apache-2.0 */
/* The table and the handler of cleanup.h; output.c is its only caller. */
#include "cleanup.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 64

/* The handler reads an entry only while held is 1, and that is set last and cleared first. */
static struct {
    volatile sig_atomic_t held;
    int directory;
    char name[NAME_SIZE];
} entries[SLW_CLEANUP_MAX];

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNALS_COUNT (sizeof ending_signals / sizeof ending_signals[0])

static void remove_and_end(int number)
{
    for (size_t i = 0; i < SLW_CLEANUP_MAX; i++) {
        if (entries[i].held == 1) {
            (void)unlinkat(entries[i].directory, entries[i].name, 0);
        }
    }
    /* SA_RESETHAND has put the default back: the program ends as it would have without us. */
    (void)raise(number);
}

/* Ignored signals stay ignored, and handlers of the program's own stay. */
static void install(void)
{
    struct sigaction action = {.sa_handler = remove_and_end, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        struct sigaction current;
        if (sigaction(ending_signals[i], NULL, &current) == 0 && current.sa_handler == SIG_DFL) {
            (void)sigaction(ending_signals[i], &action, NULL);
        }
    }
}

bool slw_cleanup_hold(int directory, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < SLW_CLEANUP_MAX; i++) {
        if (entries[i].held == 0 && len < NAME_SIZE) {
            entries[i].directory = directory;
            memcpy(entries[i].name, name, len + 1);
            entries[i].held = 1;
            install();
            return true;
        }
    }
    return false;
}

void slw_cleanup_release(int directory, const char *name)
{
    for (size_t i = 0; i < SLW_CLEANUP_MAX; i++) {
        if (entries[i].held == 1 && entries[i].directory == directory &&
            strcmp(entries[i].name, name) == 0) {
            entries[i].held = 0;
        }
    }
}
