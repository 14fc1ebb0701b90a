/* SPDX-License-Identifier: Apache-2.0 */
/* What a program inherited and doesn't want: descriptors, signals, the environment. See sandbox.h.
 */
/* For close_range() and clearenv(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "slipway/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* By insertion: they are few, and each judge does it. */
static void copy_sorted(const int *numbers, size_t count, int *ret_sorted)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && ret_sorted[at - 1] > numbers[i]; at--) {
            ret_sorted[at] = ret_sorted[at - 1];
        }
        ret_sorted[at] = numbers[i];
    }
}

enum slw_status slw_sandbox_keep_descriptors(const int *kept, size_t kept_count,
                                             struct slw_detail *detail)
{
    int sorted[SLW_SANDBOX_KEPT_MAX];
    unsigned next = 0;
    if (kept_count > SLW_SANDBOX_KEPT_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "more than %u descriptors to keep",
                           SLW_SANDBOX_KEPT_MAX);
    }
    copy_sorted(kept, kept_count, sorted);
    for (size_t i = 0; i < kept_count; i++) {
        if (sorted[i] < 0 || (unsigned)sorted[i] < next) {
            continue; /* none, or one that is listed twice */
        }
        if ((unsigned)sorted[i] > next && close_range(next, (unsigned)sorted[i] - 1, 0) != 0) {
            return slw_explain_errno(detail, "closing descriptors");
        }
        next = (unsigned)sorted[i] + 1;
    }
    return close_range(next, UINT_MAX, 0) == 0 ? SLW_OK
                                               : slw_explain_errno(detail, "closing descriptors");
}

enum slw_status slw_sandbox_clear_environment(struct slw_detail *detail)
{
    if (clearenv() != 0 || setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) != 0 ||
        setenv("LC_ALL", "C.UTF-8", 1) != 0) {
        return slw_explain_errno(detail, "clearing the environment");
    }
    return SLW_OK;
}

void slw_sandbox_forget_signals(void)
{
    const struct sigaction as_usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, &as_usual, NULL); /* fails for those that can't be anything else */
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}
