/* SPDX-License-Identifier: Apache-2.0 */
/* An object of any storage as a source: what copies payloads from one place to another reads. */
#include "slipway/tuf_storage.h"

static enum slw_status read_object(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_storage_source *object = context;
    return object->storage->read(object->storage->context, object->key, offset, buffer, len,
                                 object->detail);
}

enum slw_status slw_storage_source_open(const struct slw_storage *storage, const char *key,
                                        struct slw_storage_source *ret_source,
                                        struct slw_detail *detail)
{
    uint64_t size = 0;
    SLW_TRY(storage->size(storage->context, key, &size, detail));
    *ret_source = (struct slw_storage_source){
        .source = {ret_source, read_object, size},
        .storage = storage,
        .key = key,
        .detail = detail,
    };
    return SLW_OK;
}
