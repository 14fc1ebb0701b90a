/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. Each NAME_fuzz.c hands libFuzzer's bytes to one parser and checks
 * with FUZZ_CHECK what must hold whatever they are; its seeds are in corpus/NAME. tools/run-fuzz
 * builds and runs them.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "slipway/reader.h"

#include <stdint.h>

/* Ends the run; libFuzzer then keeps the input. */
#define FUZZ_CHECK(expr)                                                                           \
    do {                                                                                           \
        if (!(expr)) {                                                                             \
            __builtin_trap();                                                                      \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes bytes off the front of the input; fewer when there are fewer. */
static inline struct slw_bytes fuzz_take(struct slw_bytes *input, size_t len)
{
    len = len < input->len ? len : input->len;
    struct slw_bytes taken = slw_bytes_make(input->ptr, len);
    *input = slw_bytes_make(len > 0 ? input->ptr + len : input->ptr, input->len - len);
    return taken;
}

/* The first byte of the input, which chooses something; 0 when there is none. */
static inline uint8_t fuzz_choice(struct slw_bytes *input)
{
    struct slw_bytes first = fuzz_take(input, 1);
    return first.len > 0 ? first.ptr[0] : 0;
}

#endif
