/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root of a jail: a new, small file system with the system's programs and what else may be
 * read, all of it read-only, and /job, which has a size. Called by jail_init.c, in the jail's
 * namespaces; what is mounted is nobody else's to see, and goes with its last process.
 */
/* For unshare() and mount_setattr(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "jail_child.h"

#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define FILES_MIN 4096u
#define FILES_MAX 1048576u

/* Where a system has its programs; on many these are links into /usr, and links they stay. */
static const char *const programs[] = {"/usr",   "/bin",   "/sbin",  "/lib",
                                       "/lib32", "/lib64", "/libx32"};

/* What programs read in /etc. All of it would be too much: settings and secrets are there. */
static const char *const settings_files[] = {
    "/etc/alternatives", "/etc/ld.so.cache",     "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/ssl/certs",    "/etc/ssl/openssl.cnf", "/etc/localtime",  "/etc/services",
    "/etc/protocols",    "/etc/nsswitch.conf",   "/etc/mime.types", "/etc/ca-certificates",
};
static const char *const network_files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/gai.conf"};

static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                      "/dev/urandom"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Makes the directories above path, which is relative to the root that is being made. */
static enum slw_status make_parents(const char *path, struct slw_detail *detail)
{
    char parent[PATH_MAX];
    if (strlen(path) >= sizeof parent) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "/%s: too long", path);
    }
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        slw_text_copy(slw_bytes_make(path, (size_t)(slash - path)), sizeof parent, parent);
        if (mkdir(parent, 0755) != 0 && errno != EEXIST) {
            return slw_explain_errno(detail, parent);
        }
    }
    return SLW_OK;
}

static enum slw_status write_file(const char *path, const char *text, struct slw_detail *detail)
{
    SLW_TRY(make_parents(path, detail));
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) {
        return slw_explain_errno(detail, path);
    }
    bool good = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    enum slw_status status = good ? SLW_OK : slw_explain_errno(detail, path);
    (void)close(file);
    return status;
}

/* Something to mount on: a directory, or an empty file. It may be in what was mounted before. */
static enum slw_status make_place(const char *path, bool directory, struct slw_detail *detail)
{
    struct stat about;
    SLW_TRY(make_parents(path, detail));
    if (stat(path, &about) == 0) {
        return SLW_OK;
    }
    if (!directory) {
        return write_file(path, "", detail);
    }
    return mkdir(path, 0755) == 0 ? SLW_OK : slw_explain_errno(detail, path);
}

/* Shows what is outside at that path, with everything mounted below, and forbids to change it. */
static enum slw_status show(const char *source, const char *path, uint64_t flags,
                            struct slw_detail *detail)
{
    struct stat about;
    struct mount_attr attributes = {.attr_set = flags};
    if (stat(source, &about) != 0) {
        enum slw_status status = errno == ENOENT ? SLW_NOT_FOUND : SLW_IO;
        (void)slw_explain_errno(detail, source);
        return status;
    }
    SLW_TRY(make_place(path, S_ISDIR(about.st_mode), detail));
    if (mount(source, path, NULL, MS_BIND | MS_REC, NULL) != 0 ||
        mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes) != 0) {
        return slw_explain_errno(detail, source);
    }
    return SLW_OK;
}

#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static enum slw_status show_at_home(const char *path, struct slw_detail *detail)
{
    return show(path, path + 1, READ_ONLY, detail);
}

/* What a system needn't have isn't missed. */
static enum slw_status show_some(const char *const *paths, size_t count, struct slw_detail *detail)
{
    for (size_t i = 0; i < count; i++) {
        enum slw_status status = show_at_home(paths[i], detail);
        if (status != SLW_OK && status != SLW_NOT_FOUND) {
            return status;
        }
    }
    return SLW_OK;
}

static enum slw_status show_programs(struct slw_detail *detail)
{
    for (size_t i = 0; i < COUNT(programs); i++) {
        char target[PATH_MAX];
        ssize_t len = readlink(programs[i], target, sizeof target - 1);
        if (len < 0) {
            SLW_TRY(show_some(&programs[i], 1, detail));
            continue;
        }
        target[len] = '\0';
        if (symlink(target, programs[i] + 1) != 0) {
            return slw_explain_errno(detail, programs[i]);
        }
    }
    return SLW_OK;
}

static enum slw_status show_devices(struct slw_detail *detail)
{
    static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"},
                                           {"/proc/self/fd/0", "dev/stdin"},
                                           {"/proc/self/fd/1", "dev/stdout"},
                                           {"/proc/self/fd/2", "dev/stderr"},
                                           {"../job/shm", "dev/shm"}};
    for (size_t i = 0; i < COUNT(devices); i++) {
        SLW_TRY(show(devices[i], devices[i] + 1,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, detail));
    }
    for (size_t i = 0; i < COUNT(links); i++) {
        if (symlink(links[i][0], links[i][1]) != 0) {
            return slw_explain_errno(detail, links[i][1]);
        }
    }
    return SLW_OK;
}

/* Names for who it is, and for this machine. */
static enum slw_status write_names(bool network, struct slw_detail *detail)
{
    char text[160];
    (void)snprintf(text, sizeof text, "job:x:%lu:%lu:job:/job:/bin/sh\n", (unsigned long)geteuid(),
                   (unsigned long)getegid());
    SLW_TRY(write_file("etc/passwd", text, detail));
    (void)snprintf(text, sizeof text, "job:x:%lu:\n", (unsigned long)getegid());
    SLW_TRY(write_file("etc/group", text, detail));
    return network ? show_some(network_files, COUNT(network_files), detail)
                   : write_file("etc/hosts", "127.0.0.1 localhost jail\n::1 localhost\n", detail);
}

static enum slw_status make_job(uint64_t files_bytes, struct slw_detail *detail)
{
    static const char *const directories[] = {"job/work", "job/out", "job/tmp", "job/shm"};
    char options[96];
    uint64_t files = files_bytes / PAGE_BYTES;
    files = files < FILES_MIN ? FILES_MIN : files;
    files = files > FILES_MAX ? FILES_MAX : files;
    (void)snprintf(options, sizeof options, "mode=0700,size=%llu,nr_inodes=%llu",
                   (unsigned long long)files_bytes, (unsigned long long)files);
    SLW_TRY(make_place("job", true, detail));
    if (mount("job", "job", "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) {
        return slw_explain_errno(detail, "a file system for a jail");
    }
    for (size_t i = 0; i < COUNT(directories); i++) {
        SLW_TRY(make_place(directories[i], true, detail));
    }
    SLW_TRY(make_place("var", true, detail));
    if (symlink("job/tmp", "tmp") != 0 || symlink("../job/tmp", "var/tmp") != 0) {
        return slw_explain_errno(detail, "/tmp of a jail");
    }
    return SLW_OK;
}

static enum slw_status mount_proc(struct slw_detail *detail)
{
    SLW_TRY(make_place("proc", true, detail));
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0) {
        return SLW_OK;
    }
    bool hidden = errno == EPERM;
    (void)slw_explain_errno(detail, "/proc for a jail (parts of this one are hidden: a container, "
                                    "or ProtectKernelTunables= and ProtectProc= of systemd)");
    return hidden ? SLW_NOT_PERMITTED : SLW_IO;
}

static enum slw_status fill(const struct slw_jail_settings *settings, struct slw_detail *detail)
{
    SLW_TRY(show_programs(detail));
    SLW_TRY(show_some(settings_files, COUNT(settings_files), detail));
    SLW_TRY(write_names(settings->network, detail));
    SLW_TRY(make_place("dev", true, detail));
    SLW_TRY(show_devices(detail));
    SLW_TRY(mount_proc(detail));
    SLW_TRY(make_job(settings->files_bytes, detail));
    for (size_t i = 0; i < settings->readable_count; i++) {
        SLW_TRY(show_at_home(settings->readable[i], detail));
    }
    return settings->input == NULL
               ? SLW_OK
               : show(settings->input, &SLW_JAIL_INPUT[1], READ_ONLY | MOUNT_ATTR_NOEXEC, detail);
}

enum slw_status slw_jail_make_root(const struct slw_jail_settings *settings,
                                   struct slw_detail *detail)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return slw_explain_errno(detail, "mounts for a jail");
    }
    if (mount("jail", settings->directory, "tmpfs", MS_NOSUID,
              "mode=0755,size=1m,nr_inodes=4096") != 0 ||
        chdir(settings->directory) != 0) {
        return slw_explain_errno(detail, settings->directory);
    }
    SLW_TRY(fill(settings, detail));
    /* The new root over the former one, and that away: the working directory is both. */
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0 || mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) != 0) {
        return slw_explain_errno(detail, "the root of a jail");
    }
    return SLW_OK;
}
