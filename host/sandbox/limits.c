/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a process, and what others may see of it. See sandbox.h. */
#include "slipway/sandbox.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static enum slw_status limit_one(int resource, uint64_t wanted, const char *what,
                                 struct slw_detail *detail)
{
    struct rlimit limit;
    if (wanted == 0) {
        return SLW_OK;
    }
    if (getrlimit(resource, &limit) != 0) {
        return slw_explain_errno(detail, what);
    }
    rlim_t value = wanted == SLW_SANDBOX_NO_FILE ? 0 : (rlim_t)wanted;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value) {
        value = limit.rlim_max;
    }
    limit = (struct rlimit){.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &limit) == 0 ? SLW_OK : slw_explain_errno(detail, what);
}

/* A sanitizer reserves more address space for its shadow than any limit allows. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHADOWED 1
#endif
#endif
#ifndef SHADOWED
#define SHADOWED 0
#endif

enum slw_status slw_sandbox_set_limits(const struct slw_sandbox_limits *limits,
                                       struct slw_detail *detail)
{
    SLW_TRY(limit_one(RLIMIT_AS, SHADOWED ? 0 : limits->memory_bytes, "limiting memory", detail));
    SLW_TRY(limit_one(RLIMIT_CPU, limits->cpu_s, "limiting time", detail));
    SLW_TRY(limit_one(RLIMIT_NOFILE, limits->descriptors, "limiting descriptors", detail));
    SLW_TRY(limit_one(RLIMIT_NPROC, limits->processes, "limiting processes", detail));
    return limit_one(RLIMIT_FSIZE, limits->file_bytes, "limiting files", detail);
}

enum slw_status slw_sandbox_forbid_dumps(struct slw_detail *detail)
{
    const struct rlimit none = {0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return slw_explain_errno(detail, "forbidding core dumps");
    }
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
               ? SLW_OK
               : slw_explain(detail, SLW_IO, "forbidding core dumps: they still are allowed");
}

enum slw_status slw_sandbox_forbid_privileges(struct slw_detail *detail)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return slw_explain_errno(detail, "forbidding new privileges");
    }
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
               ? SLW_OK
               : slw_explain(detail, SLW_IO, "forbidding new privileges: it had no effect");
}

enum slw_status slw_sandbox_lock_memory(struct slw_detail *detail)
{
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0
               ? SLW_OK
               : slw_explain_errno(detail, "locking memory (LimitMEMLOCK, ulimit -l)");
}
