/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffers of heap.h, for everything on a host that has no fixed size. */
#include "slipway/heap.h"

#include "slipway/checked.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256u
#define CAPACITY_MAX (SIZE_MAX / 4) /* beyond it there is no memory to ask for */

/* Not realloc: what it leaves behind may have been a secret. */
static bool move_to(struct slw_heap_buffer *buffer, size_t capacity)
{
    uint8_t *memory = malloc(capacity);
    if (memory == NULL) {
        return false;
    }
    if (buffer->len != 0) {
        memcpy(memory, buffer->ptr, buffer->len);
    }
    if (buffer->ptr != NULL) {
        slw_wipe(buffer->ptr, buffer->capacity);
        free(buffer->ptr);
    }
    buffer->ptr = memory;
    buffer->capacity = capacity;
    return true;
}

/* Room for len more bytes and a zero byte behind them. */
static bool make_room(struct slw_heap_buffer *buffer, size_t len)
{
    size_t wanted = 0;
    if (buffer->status != SLW_OK || !slw_add_size(buffer->len, len, &wanted) ||
        !slw_add_size(wanted, 1, &wanted) || wanted > CAPACITY_MAX) {
        return false;
    }
    if (wanted <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity * 2;
    return move_to(buffer, capacity < wanted ? wanted : capacity);
}

uint8_t *slw_heap_reserve(struct slw_heap_buffer *buffer, size_t len)
{
    if (!make_room(buffer, len)) {
        buffer->status = SLW_NO_SPACE;
        return NULL;
    }
    uint8_t *place = buffer->ptr + buffer->len;
    buffer->len += len;
    return place;
}

void slw_heap_append(struct slw_heap_buffer *buffer, struct slw_bytes bytes)
{
    uint8_t *place = slw_heap_reserve(buffer, bytes.len);
    if (place != NULL && bytes.len != 0) {
        memcpy(place, bytes.ptr, bytes.len);
    }
}

void slw_heap_append_text(struct slw_heap_buffer *buffer, const char *text)
{
    slw_heap_append(buffer, slw_bytes_make(text, strlen(text)));
}

void slw_heap_printf(struct slw_heap_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0 || !make_room(buffer, (size_t)len)) {
        buffer->status = SLW_NO_SPACE;
    } else {
        /* make_room() leaves a byte for the zero that vsnprintf() puts behind. */
        vsnprintf((char *)buffer->ptr + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

const char *slw_heap_text(struct slw_heap_buffer *buffer)
{
    if (buffer->ptr == NULL) {
        return "";
    }
    buffer->ptr[buffer->len] = 0;
    return (const char *)buffer->ptr;
}

void slw_heap_free(struct slw_heap_buffer *buffer)
{
    if (buffer->ptr != NULL) {
        slw_wipe(buffer->ptr, buffer->capacity);
        free(buffer->ptr);
    }
    *buffer = (struct slw_heap_buffer){0};
}

void slw_heap_drop(struct slw_heap_buffer *buffer)
{
    free(buffer->ptr);
    *buffer = (struct slw_heap_buffer){0};
}

static bool is_power_of_two(size_t count)
{
    return (count & (count - 1)) == 0;
}

void *slw_heap_grow(void *array, size_t count, size_t size)
{
    uint8_t *memory = array;
    /* Full exactly when the count is 0 or a power of two: capacities are 1, 2, 4, 8, … */
    if (is_power_of_two(count)) {
        size_t capacity = count == 0 ? 1 : count * 2;
        if (capacity < count || capacity > SIZE_MAX / size) {
            return NULL;
        }
        memory = realloc(array, capacity * size);
        if (memory == NULL) {
            return NULL;
        }
    }
    memset(memory + count * size, 0, size);
    return memory;
}
