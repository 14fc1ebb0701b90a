/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything as an ELF file, at the end of a source: nothing before or behind it is read, and what
 * isn't stripped says why.
 */
#include "fuzz.h"

#include "../host/content/elf.h"

struct part {
    struct slw_bytes bytes;
    uint64_t start;
};

static enum slw_status read_part(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct part *part = context;
    FUZZ_CHECK(len > 0 && offset >= part->start && offset - part->start <= part->bytes.len &&
               len <= part->bytes.len - (offset - part->start));
    memcpy(buffer, part->bytes.ptr + (offset - part->start), len);
    return SLW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct part part = {slw_bytes_make(data, size), (uint64_t)1 << 40};
    struct slw_source source = {.context = &part, .read = read_part, .size = part.start + size};
    struct slw_heap_buffer why = {0};
    enum slw_status status = slw_elf_check_stripped(&source, part.start, size, &why);
    FUZZ_CHECK(status == SLW_OK || status == SLW_WRONG_CONTENT);
    FUZZ_CHECK((status == SLW_OK) == (why.len == 0));
    slw_heap_free(&why);
    return 0;
}
