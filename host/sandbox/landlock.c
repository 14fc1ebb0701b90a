/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files a process can open, by Landlock. See sandbox.h.
 *
 * The C library has no functions for it, and the kernel headers of a distribution are older than
 * kernels that it runs on; so numbers and structures stand here, as Documentation/userspace-api/
 * landlock.rst of Linux has them.
 */
/* For O_PATH. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "slipway/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,     /* from ABI 2 on */
    FS_TRUNCATE = 1 << 14,  /* from ABI 3 on */
    FS_IOCTL_DEV = 1 << 15, /* from ABI 5 on */
    NET_BIND_TCP = 1 << 0,  /* from ABI 4 on */
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, /* from ABI 6 on */
    SCOPE_SIGNAL = 1 << 1,
};

#define READ_RIGHTS (FS_READ_FILE | FS_READ_DIR)
#define RUN_RIGHTS (READ_RIGHTS | FS_EXECUTE)
#define WRITE_RIGHTS                                                                               \
    (READ_RIGHTS | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |    \
     FS_MAKE_SOCK | FS_REFER | FS_TRUNCATE)
#define LINK_RIGHTS (FS_MAKE_SYM | FS_MAKE_FIFO)
/* What can be said of a file that isn't a directory. */
#define FILE_RIGHTS (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE)

struct ruleset_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

struct path_beneath_attributes {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

/* The first ABI had only the first member, and so on. */
static size_t attributes_size(int abi)
{
    size_t members = 3;
    if (abi < 6) {
        members = abi < 4 ? 1 : 2;
    }
    return members * sizeof(uint64_t);
}

static uint64_t known_rights(int abi)
{
    uint64_t rights = (FS_MAKE_SYM << 1) - 1;
    rights |= abi >= 2 ? FS_REFER : 0;
    rights |= abi >= 3 ? FS_TRUNCATE : 0;
    rights |= abi >= 5 ? FS_IOCTL_DEV : 0;
    return rights;
}

static enum slw_status allow_path(int ruleset, uint64_t rights, const char *path,
                                  struct slw_detail *detail)
{
    struct stat about;
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) {
        return errno == ENOENT ? SLW_OK : slw_explain_errno(detail, path);
    }
    if (fstat(descriptor, &about) == 0 && !S_ISDIR(about.st_mode)) {
        rights &= FILE_RIGHTS;
    }
    struct path_beneath_attributes attributes = {.allowed_access = rights, .parent_fd = descriptor};
    long result = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attributes, 0u);
    enum slw_status status = result == 0 ? SLW_OK : slw_explain_errno(detail, path);
    (void)close(descriptor);
    return status;
}

static enum slw_status allow_paths(int ruleset, uint64_t rights, const char *const *paths,
                                   size_t count, struct slw_detail *detail)
{
    if (count > SLW_SANDBOX_PATHS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "more than %u paths", SLW_SANDBOX_PATHS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        SLW_TRY(allow_path(ruleset, rights, paths[i], detail));
    }
    return SLW_OK;
}

static enum slw_status restrict_self(int ruleset, int abi, const struct slw_sandbox_paths *paths,
                                     struct slw_detail *detail)
{
    uint64_t known = known_rights(abi);
    uint64_t write_rights = WRITE_RIGHTS | (paths->links ? LINK_RIGHTS : 0);
    SLW_TRY(
        allow_paths(ruleset, known & READ_RIGHTS, paths->readable, paths->readable_count, detail));
    SLW_TRY(
        allow_paths(ruleset, known & RUN_RIGHTS, paths->runnable, paths->runnable_count, detail));
    SLW_TRY(
        allow_paths(ruleset, known & write_rights, paths->writable, paths->writable_count, detail));
    return syscall(SYS_landlock_restrict_self, ruleset, 0u) == 0
               ? SLW_OK
               : slw_explain_errno(detail, "restricting files (Landlock)");
}

static void tell_missing(int abi, const struct slw_sandbox_paths *paths,
                         struct slw_sandbox_done *ret_done)
{
    const char *missing = "";
    *ret_done = (struct slw_sandbox_done){.abi = abi};
    if (abi == 0) {
        missing = "this kernel has no Landlock: which files can be opened isn't restricted";
    } else if (abi < 3) {
        missing = "Landlock of this kernel doesn't keep files from being truncated";
    } else if (abi < 4 && !paths->network) {
        missing = "Landlock of this kernel doesn't restrict the network";
    } else if (abi < 6 && paths->alone) {
        missing = "Landlock of this kernel doesn't restrict signals";
    }
    (void)snprintf(ret_done->missing, sizeof ret_done->missing, "%s", missing);
}

enum slw_status slw_sandbox_restrict_paths(const struct slw_sandbox_paths *paths,
                                           struct slw_sandbox_done *ret_done,
                                           struct slw_detail *detail)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
    int abi = version < 0 ? 0 : (int)version;
    if (version < 0 && errno != ENOSYS && errno != EOPNOTSUPP) {
        return slw_explain_errno(detail, "restricting files (Landlock)");
    }
    if (abi == 0) {
        tell_missing(abi, paths, ret_done);
        return SLW_OK;
    }
    struct ruleset_attributes attributes = {
        .handled_access_fs = known_rights(abi),
        .handled_access_net = paths->network ? 0 : NET_BIND_TCP | NET_CONNECT_TCP,
        .scoped = paths->alone ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0,
    };
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(abi), 0u);
    if (ruleset < 0) {
        return slw_explain_errno(detail, "restricting files (Landlock)");
    }
    enum slw_status status = restrict_self(ruleset, abi, paths, detail);
    (void)close(ruleset);
    if (status == SLW_OK) {
        tell_missing(abi, paths, ret_done);
    }
    return status;
}
