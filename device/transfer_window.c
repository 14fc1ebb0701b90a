/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of transfer_window.h. Offsets may be anywhere in 64 bits: ends saturate. */
#include "transfer_window.h"

#include "slipway/checked.h"

static uint64_t end_from(uint64_t offset, uint32_t size)
{
    uint64_t end = UINT64_MAX;
    return slw_add_u64(offset, size, &end) ? end : UINT64_MAX;
}

void slw_transfer_window_init(struct slw_transfer_window *window, uint64_t offset,
                              uint32_t chunk_size, uint32_t size_max)
{
    *window = (struct slw_transfer_window){
        .end = end_from(offset, chunk_size),
        .size = chunk_size,
        .chunk_size = chunk_size,
        .size_max = size_max < chunk_size ? chunk_size : size_max,
        .lossless = true,
    };
}

bool slw_transfer_window_wants_extension(const struct slw_transfer_window *window, uint64_t offset)
{
    return window->end <= offset ||
           window->end - offset <= window->size / SLW_TRANSFER_EXTEND_DIVISOR;
}

static void move_end_forward(struct slw_transfer_window *window, uint64_t offset)
{
    uint64_t end = end_from(offset, window->size);
    if (end > window->end) {
        window->end = end;
    }
}

void slw_transfer_window_extend(struct slw_transfer_window *window, uint64_t offset)
{
    uint32_t growth = window->lossless ? window->size : window->chunk_size;
    uint32_t room = window->size_max - window->size;
    window->size += growth < room ? growth : room;
    move_end_forward(window, offset);
}

/* "after a loss halves and then grows by one chunk" */
static void halve(struct slw_transfer_window *window)
{
    window->lossless = false;
    window->size /= 2;
    if (window->size < window->chunk_size) {
        window->size = window->chunk_size;
    }
}

void slw_transfer_window_shrink(struct slw_transfer_window *window, uint64_t offset)
{
    halve(window);
    move_end_forward(window, offset);
}

void slw_transfer_window_restart(struct slw_transfer_window *window, uint64_t offset)
{
    halve(window);
    slw_transfer_window_reopen(window, offset);
}

void slw_transfer_window_reopen(struct slw_transfer_window *window, uint64_t offset)
{
    window->end = end_from(offset, window->size);
}

void slw_transfer_window_reopen_one_chunk(struct slw_transfer_window *window, uint64_t offset)
{
    window->end = end_from(offset, window->chunk_size);
}
