/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease of a repository in a directory, and its fence: DIR/.lease, which is lease_record.h's
 * record. The file is locked alone to change it, and shared while a change to the repository gets
 * its name; so whoever looks at the token acts before it changes. The system drops the lock of a
 * process that dies.
 */
#include "lease_record.h"
#include "storage_directory.h"

#include "slipway/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* A change gets its name within far less, unless its process sleeps. */
#define LOCK_WAIT_MS 10000u
#define LOCK_STEP_MS 10u

static enum slw_status explain_io(const struct slw_directory_storage *storage,
                                  struct slw_detail *detail)
{
    return slw_explain(detail, SLW_IO, "%s/.lease: %s", storage->path, strerror(errno));
}

static enum slw_status lock(const struct slw_directory_storage *storage, int how,
                            struct slw_detail *detail)
{
    const struct timespec step = {.tv_nsec = (long)LOCK_STEP_MS * 1000000L};
    if (storage->lease_file < 0) {
        return slw_explain(detail, SLW_IO, "%s: may only be read", storage->path);
    }
    for (unsigned waited_ms = 0; flock(storage->lease_file, how | LOCK_NB) != 0;
         waited_ms += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return explain_io(storage, detail);
        }
        if (waited_ms >= LOCK_WAIT_MS) {
            return slw_explain(detail, SLW_WRONG_STATE,
                               "%s/.lease: another process has locked it for more than %u s",
                               storage->path, LOCK_WAIT_MS / 1000u);
        }
        (void)nanosleep(&step, NULL);
    }
    return SLW_OK;
}

static void unlock(const struct slw_directory_storage *storage)
{
    (void)flock(storage->lease_file, LOCK_UN);
}

static enum slw_status read_record(const struct slw_directory_storage *storage,
                                   struct slw_lease_record *ret_record, struct slw_detail *detail)
{
    uint8_t text[SLW_LEASE_RECORD_SIZE + 1];
    ssize_t count = pread(storage->lease_file, text, sizeof text, 0);
    if (count < 0) {
        return explain_io(storage, detail);
    }
    if (!slw_lease_record_parse(slw_bytes_make(text, (size_t)count), ret_record)) {
        return slw_explain(detail, SLW_STORED_STATE,
                           "%s/.lease: isn't a lease; while no program writes to the repository it "
                           "can be removed",
                           storage->path);
    }
    return SLW_OK;
}

/*
 * In one sector of the disk, so that the power can't leave half of it there. It isn't flushed to
 * the disk by itself: who holds a token is dead when the power is gone, unless the directory is
 * another machine's; and before what they are fenced off from, a pointer, everything is flushed,
 * the token too.
 */
static enum slw_status write_record(const struct slw_directory_storage *storage,
                                    const struct slw_lease_record *record,
                                    struct slw_detail *detail)
{
    char text[SLW_LEASE_RECORD_SIZE];
    slw_lease_record_format(record, text);
    if (pwrite(storage->lease_file, text, sizeof text, 0) != (ssize_t)sizeof text) {
        return explain_io(storage, detail);
    }
    return SLW_OK;
}

static enum slw_status check_token(const struct slw_directory_storage *storage,
                                   const struct slw_lease_record *record, uint64_t token,
                                   struct slw_detail *detail)
{
    if (token == SLW_STORAGE_NO_LEASE || token >= record->token) {
        return SLW_OK;
    }
    return slw_explain(detail, SLW_WRONG_STATE,
                       "%s: the lease was lost: %s took it (token %" PRIu64 " after %" PRIu64 ")",
                       storage->path, record->holder[0] == '\0' ? "another writer" : record->holder,
                       record->token, token);
}

/* A token from another lease than this file's is remembered here, so that lower ones end. */
static enum slw_status raise_token(const struct slw_directory_storage *storage, uint64_t token,
                                   struct slw_detail *detail)
{
    struct slw_lease_record record = {0};
    SLW_TRY(lock(storage, LOCK_EX, detail));
    enum slw_status status = read_record(storage, &record, detail);
    if (status == SLW_OK && record.token < token) {
        record = (struct slw_lease_record){.token = token};
        status = write_record(storage, &record, detail);
    }
    unlock(storage);
    return status;
}

enum slw_status slw_directory_fence_enter(const struct slw_directory_storage *storage,
                                          uint64_t token, struct slw_detail *detail)
{
    struct slw_lease_record record = {0};
    SLW_TRY(lock(storage, LOCK_SH, detail));
    enum slw_status status = read_record(storage, &record, detail);
    if (status == SLW_OK && token > record.token) {
        unlock(storage);
        SLW_TRY(raise_token(storage, token, detail));
        SLW_TRY(lock(storage, LOCK_SH, detail));
        status = read_record(storage, &record, detail);
    }
    if (status == SLW_OK) {
        status = check_token(storage, &record, token, detail);
    }
    if (status != SLW_OK) {
        unlock(storage);
    }
    return status;
}

void slw_directory_fence_leave(const struct slw_directory_storage *storage)
{
    unlock(storage);
}

enum slw_status slw_directory_fence_check(const struct slw_directory_storage *storage,
                                          uint64_t token, struct slw_detail *detail)
{
    SLW_TRY(slw_directory_fence_enter(storage, token, detail));
    unlock(storage);
    return SLW_OK;
}

static enum slw_status explain_held(const struct slw_directory_storage *storage,
                                    const struct slw_lease_record *record,
                                    struct slw_detail *detail)
{
    char until[SLW_TIME_TEXT_SIZE];
    return slw_explain(detail, SLW_WRONG_STATE, "%s: %s writes to it, until %s at the latest",
                       storage->path, record->holder, slw_time_format(record->until_utc_s, until));
}

static enum slw_status acquire_locked(const struct slw_directory_storage *storage,
                                      const char *holder, uint32_t seconds, uint64_t *ret_token,
                                      struct slw_detail *detail)
{
    struct slw_lease_record record = {0};
    int64_t now = (int64_t)time(NULL);
    SLW_TRY(read_record(storage, &record, detail));
    if (record.until_utc_s > now) {
        return explain_held(storage, &record, detail);
    }
    if (record.token == UINT64_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s/.lease: no token is left", storage->path);
    }
    record.token++;
    record.until_utc_s = now + (int64_t)seconds;
    (void)snprintf(record.holder, sizeof record.holder, "%s", holder);
    SLW_TRY(write_record(storage, &record, detail));
    *ret_token = record.token;
    return SLW_OK;
}

static enum slw_status acquire(void *context, const char *holder, uint32_t seconds,
                               uint64_t *ret_token, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    if (!slw_lease_holder_is_good(holder)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: the holder of the lease must be 1 to %u bytes of printable text",
                           storage->path, SLW_LEASE_HOLDER_MAX);
    }
    SLW_TRY(lock(storage, LOCK_EX, detail));
    enum slw_status status = acquire_locked(storage, holder, seconds, ret_token, detail);
    unlock(storage);
    return status;
}

/* The record of the lease that a token is for; other tokens are refused. */
static enum slw_status read_own(const struct slw_directory_storage *storage, uint64_t token,
                                struct slw_lease_record *ret_record, struct slw_detail *detail)
{
    SLW_TRY(read_record(storage, ret_record, detail));
    SLW_TRY(check_token(storage, ret_record, token, detail));
    if (token != ret_record->token || ret_record->holder[0] == '\0') {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: no lease is held under token %" PRIu64,
                           storage->path, token);
    }
    return SLW_OK;
}

static enum slw_status renew(void *context, uint64_t token, uint32_t seconds,
                             struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    struct slw_lease_record record = {0};
    SLW_TRY(lock(storage, LOCK_EX, detail));
    enum slw_status status = read_own(storage, token, &record, detail);
    if (status == SLW_OK) {
        record.until_utc_s = (int64_t)time(NULL) + (int64_t)seconds;
        status = write_record(storage, &record, detail);
    }
    unlock(storage);
    return status;
}

static enum slw_status release(void *context, uint64_t token, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    struct slw_lease_record record = {0};
    SLW_TRY(lock(storage, LOCK_EX, detail));
    enum slw_status status = read_own(storage, token, &record, detail);
    if (status == SLW_OK) {
        record = (struct slw_lease_record){.token = token};
        status = write_record(storage, &record, detail);
    }
    unlock(storage);
    return status;
}

enum slw_status slw_directory_lease_open(struct slw_directory_storage *storage,
                                         struct slw_detail *detail)
{
    storage->lease_file = openat(storage->directory, ".lease",
                                 O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0666);
    /* What may only be read can still be checked and exported. */
    if (storage->lease_file < 0 && errno != EACCES && errno != EROFS && errno != EPERM) {
        return explain_io(storage, detail);
    }
    storage->lease = (struct slw_lease){storage, acquire, renew, release};
    return SLW_OK;
}
