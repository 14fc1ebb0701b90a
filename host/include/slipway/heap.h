/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow on the heap, with a sticky error: append everything, check once.
 *
 *     struct slw_heap_buffer text = {0};
 *     slw_heap_printf(&text, "%u of %u", threshold, count);
 *     if (text.status != SLW_OK) ...
 *     slw_heap_free(&text);
 */
#ifndef SLIPWAY_HEAP_H
#define SLIPWAY_HEAP_H

#include "slipway/bytes.h"
#include "slipway/status.h"

struct slw_heap_buffer {
    uint8_t *ptr;
    size_t len;
    size_t capacity;
    enum slw_status status; /* SLW_NO_SPACE once memory ran out; len then stays */
};

/* Makes room for len more bytes and returns where they go, NULL when there is none. */
uint8_t *slw_heap_reserve(struct slw_heap_buffer *buffer, size_t len);

void slw_heap_append(struct slw_heap_buffer *buffer, struct slw_bytes bytes);
void slw_heap_append_text(struct slw_heap_buffer *buffer, const char *text);
void slw_heap_printf(struct slw_heap_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was appended, with a zero byte behind it that doesn't count; "" for an empty buffer. */
const char *slw_heap_text(struct slw_heap_buffer *buffer);

static inline struct slw_bytes slw_heap_bytes(const struct slw_heap_buffer *buffer)
{
    return slw_bytes_make(buffer->ptr, buffer->len);
}

/* Wipes what it held, for it may be a secret, and gives it back; the buffer may be used again. */
void slw_heap_free(struct slw_heap_buffer *buffer);

/* The same without wiping, for what is large and public. */
void slw_heap_drop(struct slw_heap_buffer *buffer);

/*
 * Arrays: room for count + 1 elements of size bytes in *array, which is NULL or came from here.
 * Grows by doubling; the new element is all zeros. NULL when memory ran out, *array is then as
 * before. Free with free().
 */
void *slw_heap_grow(void *array, size_t count, size_t size);

#endif
