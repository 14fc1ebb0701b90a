/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's way to its storage: keys of objects, and the lease that it renews while it works. */
#include "writer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define FREE_VERSION_TRIES 1000

int64_t slw_tuf_writer_now(const struct slw_tuf_writer *writer)
{
    return writer->options.now_utc_s != NULL
               ? writer->options.now_utc_s(writer->options.now_context)
               : (int64_t)time(NULL);
}

void slw_tuf_writer_tell(const struct slw_tuf_writer *writer, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (writer->options.tell == NULL) {
        return;
    }
    va_start(arguments, format);
    /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len > 0) {
        writer->options.tell(writer->options.tell_context, text);
    }
}

void slw_tuf_key_of(int64_t version, const char *role, char ret_key[static SLW_TUF_KEY_SIZE])
{
    if (strcmp(role, "timestamp") == 0) {
        (void)snprintf(ret_key, SLW_TUF_KEY_SIZE, "metadata/timestamp.json");
        return;
    }
    (void)snprintf(ret_key, SLW_TUF_KEY_SIZE, "metadata/%" PRId64 ".%s.json", version, role);
}

void slw_tuf_key_in(const char *folder, const char *role, char ret_key[static SLW_TUF_KEY_SIZE])
{
    (void)snprintf(ret_key, SLW_TUF_KEY_SIZE, "%s/%s.json", folder, role);
}

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + (int64_t)now.tv_nsec / 1000000;
}

enum slw_status slw_tuf_writer_enter(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    const struct slw_lease *lease = writer->options.lease;
    SLW_TRY(lease->acquire(lease->context, writer->options.holder, SLW_TUF_LEASE_S, &writer->token,
                           detail));
    writer->renewed_ms = monotonic_ms();
    return SLW_OK;
}

enum slw_status slw_tuf_writer_leave(struct slw_tuf_writer *writer, enum slw_status status,
                                     struct slw_detail *detail)
{
    const struct slw_lease *lease = writer->options.lease;
    struct slw_detail ignored;
    enum slw_status released =
        lease->release(lease->context, writer->token, status == SLW_OK ? detail : &ignored);
    writer->token = 0;
    return status == SLW_OK ? released : status;
}

/* Before each change, so that a long one isn't overtaken. */
static enum slw_status renew(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    const struct slw_lease *lease = writer->options.lease;
    int64_t now = monotonic_ms();
    if (now - writer->renewed_ms < (int64_t)SLW_TUF_LEASE_S * 1000 / 3) {
        return SLW_OK;
    }
    SLW_TRY(lease->renew(lease->context, writer->token, SLW_TUF_LEASE_S, detail));
    writer->renewed_ms = now;
    return SLW_OK;
}

enum slw_status slw_tuf_store_get(const struct slw_tuf_writer *writer, const char *key,
                                  struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    return storage->get(storage->context, key, SLW_TUF_CHANGE_FILE_MAX, ret_bytes, detail);
}

enum slw_status slw_tuf_store_exists(const struct slw_tuf_writer *writer, const char *key,
                                     bool *ret_exists, struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    uint64_t size = 0;
    enum slw_status status = storage->size(storage->context, key, &size, detail);
    if (status == SLW_OK || status == SLW_NOT_FOUND) {
        *ret_exists = status == SLW_OK;
        status = SLW_OK;
    }
    return status;
}

enum slw_status slw_tuf_store_put(struct slw_tuf_writer *writer, const char *key,
                                  struct slw_bytes bytes, struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    struct slw_memory_source source;
    slw_memory_source_init(&source, bytes);
    SLW_TRY(renew(writer, detail));
    SLW_TRY(storage->put_immutable(storage->context, writer->token, key, &source.source, detail));
    writer->metadata_bytes += bytes.len;
    return SLW_OK;
}

enum slw_status slw_tuf_store_replace(struct slw_tuf_writer *writer, const char *key,
                                      struct slw_bytes bytes, struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    SLW_TRY(renew(writer, detail));
    SLW_TRY(storage->replace_pointer(storage->context, writer->token, key, bytes, detail));
    if (strncmp(key, "metadata/", 9) == 0) {
        writer->metadata_bytes += bytes.len;
    }
    return SLW_OK;
}

enum slw_status slw_tuf_store_remove(struct slw_tuf_writer *writer, const char *key,
                                     struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    SLW_TRY(renew(writer, detail));
    return storage->remove(storage->context, writer->token, key, detail);
}

enum slw_status slw_tuf_store_free_version(const struct slw_tuf_writer *writer, const char *role,
                                           int64_t lowest, int64_t *ret_version,
                                           struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    for (int64_t version = lowest;
         version - lowest < FREE_VERSION_TRIES && version <= SLW_TUF_NUMBER_MAX; version++) {
        bool exists = false;
        slw_tuf_key_of(version, role, key);
        SLW_TRY(slw_tuf_store_exists(writer, key, &exists, detail));
        if (!exists) {
            *ret_version = version;
            return SLW_OK;
        }
    }
    return slw_explain(detail, SLW_TOO_LARGE, "%s: no version from %" PRId64 " on is free", role,
                       lowest);
}
