/* SPDX-License-Identifier: Apache-2.0 */
/* A storage that fails where it is told to, for tests: see slipway/tuf_storage.h. */
#include "slipway/tuf_storage.h"

#include <inttypes.h>

/* What becomes of the call that is made now. */
enum fate { PASSES, FAILS_BEFORE, FAILS_AFTER };

static enum fate next_fate(struct slw_faulty_storage *storage)
{
    uint64_t call = ++storage->calls;
    if (storage->fail_at == 0 || call < storage->fail_at) {
        return PASSES;
    }
    if (call == storage->fail_at) {
        return storage->fault == SLW_STORAGE_FAULT_AFTER ? FAILS_AFTER : FAILS_BEFORE;
    }
    return storage->dead ? FAILS_BEFORE : PASSES;
}

static enum slw_status fail(const struct slw_faulty_storage *storage, const char *key,
                            struct slw_detail *detail)
{
    return slw_explain(detail, SLW_IO, "%s: call %" PRIu64 " of the storage was made to fail", key,
                       storage->calls);
}

static enum slw_status get(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    if (next_fate(storage) != PASSES) {
        return fail(storage, key, detail);
    }
    return storage->inner->get(storage->inner->context, key, limit, ret_bytes, detail);
}

static enum slw_status put_immutable(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    enum fate fate = next_fate(storage);
    if (fate == FAILS_BEFORE) {
        return fail(storage, key, detail);
    }
    enum slw_status status =
        storage->inner->put_immutable(storage->inner->context, token, key, source, detail);
    return fate == FAILS_AFTER ? fail(storage, key, detail) : status;
}

static enum slw_status replace_pointer(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    enum fate fate = next_fate(storage);
    if (fate == FAILS_BEFORE) {
        return fail(storage, key, detail);
    }
    enum slw_status status =
        storage->inner->replace_pointer(storage->inner->context, token, key, bytes, detail);
    return fate == FAILS_AFTER ? fail(storage, key, detail) : status;
}

static enum slw_status list(void *context, const char *prefix,
                            enum slw_status (*each)(void *each_context, const char *key),
                            void *each_context, struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    enum fate fate = next_fate(storage);
    if (fate == FAILS_BEFORE) {
        return fail(storage, prefix, detail);
    }
    enum slw_status status =
        storage->inner->list(storage->inner->context, prefix, each, each_context, detail);
    return fate == FAILS_AFTER ? fail(storage, prefix, detail) : status;
}

static enum slw_status remove_object(void *context, uint64_t token, const char *key,
                                     struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    enum fate fate = next_fate(storage);
    if (fate == FAILS_BEFORE) {
        return fail(storage, key, detail);
    }
    enum slw_status status = storage->inner->remove(storage->inner->context, token, key, detail);
    return fate == FAILS_AFTER ? fail(storage, key, detail) : status;
}

static enum slw_status get_size(void *context, const char *key, uint64_t *ret_size,
                                struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    if (next_fate(storage) != PASSES) {
        return fail(storage, key, detail);
    }
    return storage->inner->size(storage->inner->context, key, ret_size, detail);
}

static enum slw_status read_range(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                  size_t len, struct slw_detail *detail)
{
    struct slw_faulty_storage *storage = context;
    if (next_fate(storage) != PASSES) {
        return fail(storage, key, detail);
    }
    return storage->inner->read(storage->inner->context, key, offset, buffer, len, detail);
}

void slw_faulty_storage_init(const struct slw_storage *inner,
                             struct slw_faulty_storage *ret_storage)
{
    *ret_storage = (struct slw_faulty_storage){
        .port = {ret_storage, get, put_immutable, replace_pointer, list, remove_object, get_size,
                 read_range},
        .inner = inner,
    };
}
