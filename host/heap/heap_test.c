/* SPDX-License-Identifier: Apache-2.0 */
/* Growing buffers, arrays and details. */
#include "slipway/detail.h"
#include "slipway/heap.h"

#include "tap.h"

#include <stdlib.h>

static void grows_over_many_appends(void)
{
    struct slw_heap_buffer buffer = {0};
    for (unsigned i = 0; i < 10000; i++) {
        slw_heap_printf(&buffer, "%04u", i);
    }
    TAP_EQUAL_INT(buffer.status, SLW_OK);
    TAP_REQUIRE(buffer.len == 40000);
    TAP_EQUAL_BYTES(buffer.ptr, "000000010002", 12);
    TAP_EQUAL_BYTES(buffer.ptr + 39996, "9999", 4);
    TAP_EQUAL_INT(strlen(slw_heap_text(&buffer)), 40000);
    slw_heap_free(&buffer);
    TAP_EQUAL_INT(buffer.len, 0);
}

static void text_of_an_empty_buffer_is_empty(void)
{
    struct slw_heap_buffer buffer = {0};
    TAP_EQUAL_INT(strlen(slw_heap_text(&buffer)), 0);
    slw_heap_append(&buffer, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(buffer.status, SLW_OK);
    TAP_EQUAL_INT(strlen(slw_heap_text(&buffer)), 0);
    slw_heap_free(&buffer);
}

static void running_out_of_memory_is_sticky(void)
{
    struct slw_heap_buffer buffer = {0};
    slw_heap_append_text(&buffer, "kept");
    TAP_CHECK(slw_heap_reserve(&buffer, SIZE_MAX / 2) == NULL);
    TAP_EQUAL_INT(buffer.status, SLW_NO_SPACE);
    slw_heap_append_text(&buffer, "not added");
    TAP_EQUAL_INT(buffer.len, 4);
    TAP_CHECK(slw_heap_reserve(&buffer, SIZE_MAX) == NULL);
    slw_heap_free(&buffer);
}

static void arrays_grow_and_start_at_zero(void)
{
    uint32_t *numbers = NULL;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *grown = slw_heap_grow(numbers, i, sizeof *numbers);
        TAP_REQUIRE(grown != NULL);
        numbers = grown;
        TAP_REQUIRE(numbers[i] == 0);
        numbers[i] = i + 1;
    }
    TAP_EQUAL_INT(numbers[0], 1);
    TAP_EQUAL_INT(numbers[999], 1000);
    free(numbers);
}

static void details_are_cut_to_their_size(void)
{
    struct slw_detail detail = {{0}};
    TAP_EQUAL_INT(slw_explain(&detail, SLW_EXPIRED, "%2000d", 7), SLW_EXPIRED);
    TAP_EQUAL_INT(strlen(detail.text), sizeof detail.text - 1);
}

int main(void)
{
    TAP_RUN(grows_over_many_appends);
    TAP_RUN(text_of_an_empty_buffer_is_empty);
    TAP_RUN(running_out_of_memory_is_sticky);
    TAP_RUN(arrays_grow_and_start_at_zero);
    TAP_RUN(details_are_cut_to_their_size);
    return tap_finish();
}
