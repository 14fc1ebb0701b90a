/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files of a repository from a directory, which may be on a medium that a stranger wrote:
 * nothing outside of it is opened, and nothing but regular files is read.
 */
/* For O_PATH. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "directory.h"

#include "path.h"
#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const area_names[] = {
    [SLW_FETCH_METADATA] = "metadata",
    [SLW_FETCH_TARGETS] = "targets",
};

struct slw_directory_fetcher {
    struct slw_fetch_port port;
    char *areas[2]; /* DIR/metadata and DIR/targets, for people */
    int descriptor; /* of DIR */
};

/* A file that is being read, and how to name it. */
struct reading {
    int descriptor;
    const char *directory;
    const struct slw_fetch_request *request;
    const struct slw_fetch_sink *sink;
    struct slw_detail *detail;
};

static enum slw_status explain(const struct reading *reading, enum slw_status status,
                               const char *why)
{
    return slw_explain(reading->detail, status, "%.300s/%.400s: %s", reading->directory,
                       reading->request->path, why);
}

static int open_segment(int directory, const char *name, size_t len, int flags)
{
    char segment[NAME_MAX + 1];
    if (len > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (len == 0 || (len == 2 && memcmp(name, "..", 2) == 0)) {
        errno = EXDEV;
        return -1;
    }
    memcpy(segment, name, len);
    segment[len] = '\0';
    int opened = openat(directory, segment, flags | O_NOFOLLOW | O_CLOEXEC);
    struct stat about;
    /* A link in place of a directory is there all the same: not the same as no such file. */
    if (opened < 0 && errno == ENOTDIR &&
        fstatat(directory, segment, &about, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = S_ISLNK(about.st_mode) ? ELOOP : ENOTDIR;
    }
    return opened;
}

static int open_segments(int directory, const char *name, int flags)
{
    int current = directory;
    for (;;) {
        size_t len = strcspn(name, "/");
        bool last = name[len] == '\0';
        int next = open_segment(current, name, len, last ? flags : O_PATH | O_DIRECTORY);
        if (current != directory) {
            int failure = errno;
            close(current);
            errno = failure;
        }
        if (next < 0 || last) {
            return next;
        }
        current = next;
        name += len + 1;
    }
}

int slw_fetch_open_below(int directory, const char *name, int flags, enum slw_below how)
{
    struct open_how wanted = {.flags = (unsigned)(flags | O_CLOEXEC),
                              .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    if (how == SLW_BELOW_ANY) {
        long opened = syscall(SYS_openat2, directory, name, &wanted, sizeof wanted);
        /* Older kernels don't have it; some sandboxes say EPERM to what they don't know. */
        if (opened >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return (int)opened;
        }
    }
    return open_segments(directory, name, flags);
}

int slw_fetch_open_file_below(int directory, const char *name)
{
    struct stat about;
    int found = slw_fetch_open_below(directory, name, O_PATH, SLW_BELOW_ANY);
    if (found < 0 || fstat(found, &about) != 0) {
        return found;
    }
    if (S_ISLNK(about.st_mode)) {
        close(found);
        errno = ELOOP;
        return -1;
    }
    if (!S_ISREG(about.st_mode)) {
        return found;
    }
    /* Should it be another by now, O_NONBLOCK doesn't wait for a pipe that nobody writes to. */
    int opened =
        slw_fetch_open_below(directory, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, SLW_BELOW_ANY);
    int failure = errno;
    close(found);
    errno = failure;
    return opened;
}

static const char *why_not_opened(int failure)
{
    return failure == EXDEV || failure == ELOOP ? "a link or path that leads out of the directory"
                                                : strerror(failure);
}

/* SLW_NOT_FOUND means that no such file is there, and nothing else. */
static enum slw_status explain_open(const struct reading *reading)
{
    int failure = errno;
    bool absent = failure == ENOENT || failure == ENOTDIR || failure == ENAMETOOLONG;
    return explain(reading, absent ? SLW_NOT_FOUND : SLW_UNAVAILABLE, why_not_opened(failure));
}

/* As it is named; and, when that isn't there, decoded as a web server would. */
static enum slw_status open_file(struct reading *reading, int directory)
{
    const char *path = reading->request->path;
    struct slw_heap_buffer name = {0};
    reading->descriptor = slw_fetch_open_file_below(directory, path);
    if (reading->descriptor >= 0 || errno != ENOENT || strchr(path, '%') == NULL) {
        return reading->descriptor >= 0 ? SLW_OK : explain_open(reading);
    }
    enum slw_status status = SLW_OK;
    if (!slw_fetch_path_decode(path, &name)) {
        status = explain(reading, SLW_NOT_FOUND, strerror(ENOENT));
    } else if (name.status != SLW_OK) {
        status = slw_explain_no_memory(reading->detail);
    } else {
        reading->descriptor = slw_fetch_open_file_below(directory, slw_heap_text(&name));
        status = reading->descriptor >= 0 ? SLW_OK : explain_open(reading);
    }
    slw_heap_free(&name);
    return status;
}

static ssize_t read_some(int descriptor, uint8_t *block)
{
    ssize_t count = 0;
    do {
        count = read(descriptor, block, SLW_FILE_BLOCK_SIZE);
    } while (count < 0 && errno == EINTR);
    return count;
}

/* To its end, or one byte over the limit, whatever its size was told to be. */
static enum slw_status copy(const struct reading *reading, uint64_t offset, uint64_t size,
                            uint8_t *block)
{
    for (;;) {
        ssize_t count = read_some(reading->descriptor, block);
        if (count < 0) {
            return explain(reading, SLW_UNAVAILABLE, strerror(errno));
        }
        if ((uint64_t)count > reading->request->limit - offset) {
            return explain(reading, SLW_TOO_LARGE, "more bytes than there may be");
        }
        if (count == 0) {
            return offset == size
                       ? SLW_OK
                       : explain(reading, SLW_UNAVAILABLE, "changed while it was being read");
        }
        SLW_TRY(reading->sink->write(reading->sink->context, slw_bytes_make(block, (size_t)count)));
        offset += (uint64_t)count;
    }
}

static enum slw_status copy_from(const struct reading *reading, uint64_t offset, uint64_t size)
{
    if (offset != 0 && lseek(reading->descriptor, (off_t)offset, SEEK_SET) < 0) {
        return explain(reading, SLW_UNAVAILABLE, strerror(errno));
    }
    uint8_t *block = malloc(SLW_FILE_BLOCK_SIZE);
    if (block == NULL) {
        return slw_explain_no_memory(reading->detail);
    }
    enum slw_status status = reading->sink->begin(reading->sink->context, offset);
    if (status == SLW_OK) {
        status = copy(reading, offset, size, block);
    }
    free(block);
    return status;
}

static enum slw_status read_file(const struct reading *reading)
{
    struct stat about;
    const struct slw_fetch_request *request = reading->request;
    if (fstat(reading->descriptor, &about) != 0) {
        return explain(reading, SLW_UNAVAILABLE, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return explain(reading, SLW_UNAVAILABLE, "not a regular file");
    }
    uint64_t size = (uint64_t)about.st_size;
    if (size > request->limit) {
        return explain(reading, SLW_TOO_LARGE, "more bytes than there may be");
    }
    /* As with a server that has no such range: what is there already is of another file. */
    return copy_from(reading, request->resume_from < size ? request->resume_from : 0, size);
}

static enum slw_status get_below(int directory, struct reading *reading)
{
    SLW_TRY(open_file(reading, directory));
    enum slw_status status = read_file(reading);
    close(reading->descriptor);
    return status;
}

enum slw_status slw_fetch_from_directory(const char *directory,
                                         const struct slw_fetch_request *request,
                                         const struct slw_fetch_sink *sink,
                                         struct slw_detail *detail)
{
    struct reading reading = {-1, directory, request, sink, detail};
    SLW_TRY(slw_fetch_path_check(request->path, detail));
    int descriptor = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        /* Not SLW_NOT_FOUND: without its directory, nothing can be said of the file. */
        (void)slw_explain_errno(detail, directory);
        return SLW_UNAVAILABLE;
    }
    enum slw_status status = get_below(descriptor, &reading);
    close(descriptor);
    return status;
}

static enum slw_status get(void *context, unsigned mirror, const struct slw_fetch_request *request,
                           const struct slw_fetch_sink *sink, struct slw_detail *detail)
{
    const struct slw_directory_fetcher *fetcher = context;
    struct reading reading = {-1, fetcher->areas[request->area], request, sink, detail};
    if (mirror != 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: there is no mirror %u", reading.directory,
                           mirror);
    }
    SLW_TRY(slw_fetch_path_check(request->path, detail));
    int descriptor = slw_fetch_open_below(fetcher->descriptor, area_names[request->area],
                                          O_PATH | O_DIRECTORY, SLW_BELOW_ANY);
    if (descriptor < 0) {
        return slw_explain(detail, SLW_UNAVAILABLE, "%s: %s", reading.directory,
                           why_not_opened(errno));
    }
    enum slw_status status = get_below(descriptor, &reading);
    close(descriptor);
    return status;
}

static char *name_area(const char *directory, enum slw_fetch_area area)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "%s/%s", directory, area_names[area]);
    char *name = text.status == SLW_OK ? strdup(slw_heap_text(&text)) : NULL;
    slw_heap_free(&text);
    return name;
}

static enum slw_status open_fetcher(const char *directory, struct slw_directory_fetcher *fetcher,
                                    struct slw_detail *detail)
{
    fetcher->port = (struct slw_fetch_port){.context = fetcher, .mirrors = 1, .get = get};
    fetcher->areas[SLW_FETCH_METADATA] = name_area(directory, SLW_FETCH_METADATA);
    fetcher->areas[SLW_FETCH_TARGETS] = name_area(directory, SLW_FETCH_TARGETS);
    fetcher->descriptor = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fetcher->descriptor < 0) {
        return slw_explain_errno(detail, directory);
    }
    return fetcher->areas[SLW_FETCH_METADATA] == NULL || fetcher->areas[SLW_FETCH_TARGETS] == NULL
               ? slw_explain_no_memory(detail)
               : SLW_OK;
}

enum slw_status slw_directory_fetcher_new(const char *directory,
                                          struct slw_directory_fetcher **ret_fetcher,
                                          struct slw_detail *detail)
{
    struct slw_directory_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = open_fetcher(directory, fetcher, detail);
    if (status != SLW_OK) {
        slw_directory_fetcher_free(fetcher);
        return status;
    }
    *ret_fetcher = fetcher;
    return SLW_OK;
}

const struct slw_fetch_port *slw_directory_fetcher_port(const struct slw_directory_fetcher *fetcher)
{
    return &fetcher->port;
}

void slw_directory_fetcher_free(struct slw_directory_fetcher *fetcher)
{
    if (fetcher == NULL) {
        return;
    }
    if (fetcher->descriptor >= 0) {
        close(fetcher->descriptor);
    }
    free(fetcher->areas[SLW_FETCH_METADATA]);
    free(fetcher->areas[SLW_FETCH_TARGETS]);
    free(fetcher);
}
