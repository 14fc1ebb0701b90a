/* SPDX-License-Identifier: Apache-2.0 */
/* The endorsements in a bundle: finding them for whoever judges it, and the field for a new one. */
#include "slipway/endorsements.h"

#include "slipway/dsse.h"
#include "slipway/proto_writer.h"

static enum slw_status check_sizes(const char *name, const struct slw_bundle_index *index,
                                   struct slw_detail *detail)
{
    uint64_t total = 0;
    if (index->endorsements_count > SLW_ENDORSEMENTS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u endorsements", name,
                           SLW_ENDORSEMENTS_MAX);
    }
    for (size_t i = 0; i < index->endorsements_count; i++) {
        uint64_t length = index->endorsements[i].length;
        if (length > SLW_DSSE_SIZE_MAX || total + length > SLW_ENDORSEMENTS_SIZE_MAX) {
            return slw_explain(detail, SLW_TOO_LARGE, "%s: its endorsements are too large", name);
        }
        total += length;
    }
    return SLW_OK;
}

static enum slw_status load_all(const char *name, const struct slw_bundle_index *index,
                                struct slw_endorsements *list, struct slw_detail *detail)
{
    for (size_t i = 0; i < index->endorsements_count; i++) {
        SLW_TRY(slw_source_load(name, index->source, index->endorsements[i], SLW_DSSE_SIZE_MAX,
                                &list->memory, detail));
    }
    /* The memory has moved while it grew: now it stays. */
    size_t at = 0;
    for (size_t i = 0; i < index->endorsements_count; i++) {
        size_t len = (size_t)index->endorsements[i].length;
        list->items[i] =
            len == 0 ? slw_bytes_make(NULL, 0) : slw_bytes_make(list->memory.ptr + at, len);
        at += len;
    }
    list->count = index->endorsements_count;
    return SLW_OK;
}

enum slw_status slw_endorsements_load(const char *name, const struct slw_bundle_index *index,
                                      struct slw_endorsements *ret_list, struct slw_detail *detail)
{
    struct slw_endorsements list = {0};
    SLW_TRY(check_sizes(name, index, detail));
    enum slw_status status = load_all(name, index, &list, detail);
    if (status != SLW_OK) {
        slw_endorsements_free(&list);
        return status;
    }
    *ret_list = list;
    return SLW_OK;
}

void slw_endorsements_free(struct slw_endorsements *list)
{
    slw_heap_drop(&list->memory);
    *list = (struct slw_endorsements){0};
}

void slw_endorsement_encode(struct slw_bytes envelope, struct slw_heap_buffer *ret_field)
{
    uint8_t header[16];
    struct slw_writer writer;
    slw_writer_init(&writer, header, sizeof header);
    slw_proto_put_header(&writer, SLW_BUNDLE_ENDORSEMENTS, envelope.len);
    slw_heap_append(ret_field, slw_writer_written(&writer));
    slw_heap_append(ret_field, envelope);
}
