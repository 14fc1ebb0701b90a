/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an ELF file was stripped: no symbol table, no debug sections. Called by check.c for
 * payloads that begin with ELF's magic.
 *
 * It reads the header and the table of sections, at offsets that the file gives, all of them
 * checked; of a section its header and its name, never its content. 32 and 64 bits, both byte
 * orders. It tells what a build left behind by mistake; who hides symbols in a section of another
 * name and type isn't found out.
 *
 * Source: System V ABI, edition 4.1 and the drafts since, chapters 4 (object files) and 5.
 */
#ifndef SLIPWAY_CONTENT_ELF_H
#define SLIPWAY_CONTENT_ELF_H

#include "slipway/heap.h"
#include "slipway/reader.h"

#define SLW_ELF_MAGIC_SIZE 4u
#define SLW_ELF_SECTIONS_MAX 65536u /* looked at; more is refused */

/* Whether these are the first bytes of an ELF file. */
bool slw_elf_has_magic(struct slw_bytes beginning);

/*
 * SLW_OK: stripped. SLW_WRONG_CONTENT: not, or malformed; ret_text gets why, without a full stop:
 * `has a symbol table (.symtab)`. SLW_IO, SLW_NO_SPACE. The file is the len bytes at offset of the
 * source.
 */
SLW_MUST_USE enum slw_status slw_elf_check_stripped(const struct slw_source *source,
                                                    uint64_t offset, uint64_t len,
                                                    struct slw_heap_buffer *ret_text);

#endif
