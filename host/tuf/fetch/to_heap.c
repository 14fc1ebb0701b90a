/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches a file into memory: metadata, which are small, for the client. */
#include "slipway/tuf_fetch.h"

struct gathering {
    struct slw_heap_buffer *bytes;
    size_t before; /* what the caller's buffer held already */
};

static enum slw_status begin(void *context, uint64_t offset)
{
    const struct gathering *gathering = context;
    gathering->bytes->len = gathering->before;
    return offset == 0 ? SLW_OK : SLW_BAD_ARGUMENT;
}

/* The buffer grows with what came, not with what was announced. */
static enum slw_status append(void *context, struct slw_bytes piece)
{
    const struct gathering *gathering = context;
    slw_heap_append(gathering->bytes, piece);
    return gathering->bytes->status;
}

enum slw_status slw_fetch_to_heap(const struct slw_fetch_port *port, unsigned mirror,
                                  const struct slw_fetch_request *request,
                                  struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct gathering gathering = {ret_bytes, ret_bytes->len};
    struct slw_fetch_sink sink = {&gathering, begin, append};
    struct slw_fetch_request whole = *request;
    whole.resume_from = 0;
    enum slw_status status = port->get(port->context, mirror, &whole, &sink, detail);
    if (status != SLW_OK) {
        ret_bytes->len = gathering.before;
    }
    return status == SLW_NO_SPACE ? slw_explain_no_memory(detail) : status;
}
