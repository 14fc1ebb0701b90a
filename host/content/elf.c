/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sections of an ELF file, looked through for what stripping removes: see elf.h. */
#include "elf.h"

#include "slipway/explain.h"

/* e_ident, and where the header has what is read of it, in files of 32 and of 64 bits. */
enum {
    IDENT_CLASS = 4,
    IDENT_DATA = 5,
    IDENT_VERSION = 6,
    CLASS_32 = 1,
    CLASS_64 = 2,
    DATA_LITTLE = 1,
    DATA_BIG = 2,
    VERSION_CURRENT = 1,
};
#define HEADER_SIZE_32 52u
#define HEADER_SIZE_64 64u
#define SECTION_SIZE_32 40u
#define SECTION_SIZE_64 64u

/* Section types, and the index that says "see section 0". */
enum {
    SECTION_NULL = 0,
    SECTION_SYMBOLS = 2,
    SECTION_STRINGS = 3,
    SECTION_NO_BITS = 8,
    SECTION_SYMBOLS_MORE = 18,
};
#define INDEX_IN_SECTION_0 0xFFFFu

#define NAME_SIZE_MAX 32u /* of which a name's beginning is looked at */
#define BLOCK_SECTIONS 64u

struct elf {
    const struct slw_source *source;
    uint64_t offset; /* of the file in the source */
    uint64_t len;
    bool wide;      /* 64 bits */
    bool big;       /* big endian */
    uint64_t table; /* of sections, its offset in the file */
    uint64_t count;
    uint32_t names; /* index of the section with the names */
    uint64_t names_offset;
    uint64_t names_size;
    struct slw_heap_buffer *text;
};

struct section {
    uint32_t name;
    uint32_t type;
    uint64_t offset;
    uint64_t size;
    uint32_t link;
};

bool slw_elf_has_magic(struct slw_bytes beginning)
{
    return beginning.len >= SLW_ELF_MAGIC_SIZE && memcmp(beginning.ptr,
                                                         "\x7F"
                                                         "ELF",
                                                         SLW_ELF_MAGIC_SIZE) == 0;
}

static enum slw_status say(struct elf *elf, const char *what)
{
    slw_heap_append_text(elf->text, what);
    return elf->text->status == SLW_OK ? SLW_WRONG_CONTENT : SLW_NO_SPACE;
}

/* The caller has checked that the file has these bytes. */
static enum slw_status read_at(const struct elf *elf, uint64_t at, uint8_t *buffer, size_t len)
{
    return elf->source->read(elf->source->context, elf->offset + at, buffer, len);
}

static uint64_t get(const struct elf *elf, const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[elf->big ? size - 1 - i : i] << (8 * i);
    }
    return value;
}

/* Whether len bytes from offset on are in the file. */
static bool is_inside(const struct elf *elf, uint64_t offset, uint64_t len)
{
    return offset <= elf->len && len <= elf->len - offset;
}

static struct section get_section(const struct elf *elf, const uint8_t *bytes)
{
    if (elf->wide) {
        return (struct section){
            .name = (uint32_t)get(elf, bytes, 4),
            .type = (uint32_t)get(elf, bytes + 4, 4),
            .offset = get(elf, bytes + 24, 8),
            .size = get(elf, bytes + 32, 8),
            .link = (uint32_t)get(elf, bytes + 40, 4),
        };
    }
    return (struct section){
        .name = (uint32_t)get(elf, bytes, 4),
        .type = (uint32_t)get(elf, bytes + 4, 4),
        .offset = get(elf, bytes + 16, 4),
        .size = get(elf, bytes + 20, 4),
        .link = (uint32_t)get(elf, bytes + 24, 4),
    };
}

static uint64_t section_size(const struct elf *elf)
{
    return elf->wide ? SECTION_SIZE_64 : SECTION_SIZE_32;
}

/* "e_ident[EI_CLASS] … e_ident[EI_DATA] … e_ident[EI_VERSION] must be EV_CURRENT" */
static enum slw_status read_ident(struct elf *elf)
{
    uint8_t ident[HEADER_SIZE_32];
    if (elf->len < HEADER_SIZE_32) {
        return say(elf, "is an ELF file that ends in its header");
    }
    SLW_TRY(read_at(elf, 0, ident, sizeof ident));
    if ((ident[IDENT_CLASS] != CLASS_32 && ident[IDENT_CLASS] != CLASS_64) ||
        (ident[IDENT_DATA] != DATA_LITTLE && ident[IDENT_DATA] != DATA_BIG) ||
        ident[IDENT_VERSION] != VERSION_CURRENT) {
        return say(elf, "is an ELF file of a class, byte order or version that don't exist");
    }
    elf->wide = ident[IDENT_CLASS] == CLASS_64;
    elf->big = ident[IDENT_DATA] == DATA_BIG;
    if (elf->wide && elf->len < HEADER_SIZE_64) {
        return say(elf, "is an ELF file that ends in its header");
    }
    return SLW_OK;
}

/*
 * "If the number of sections is greater than or equal to SHN_LORESERVE (0xff00), e_shnum has the
 * value SHN_UNDEF (0) and the actual number of section header table entries is contained in the
 * sh_size field of the section header at index 0", and likewise e_shstrndx in its sh_link.
 */
static enum slw_status read_section_0(struct elf *elf)
{
    uint8_t bytes[SECTION_SIZE_64];
    if (!is_inside(elf, elf->table, section_size(elf))) {
        return say(elf, "is an ELF file whose table of sections is beyond its end");
    }
    SLW_TRY(read_at(elf, elf->table, bytes, (size_t)section_size(elf)));
    struct section section = get_section(elf, bytes);
    elf->count = elf->count == 0 ? section.size : elf->count;
    elf->names = elf->names == INDEX_IN_SECTION_0 ? section.link : elf->names;
    return SLW_OK;
}

/* "e_shoff … If the file has no section header table, this member holds zero." */
static enum slw_status read_header(struct elf *elf)
{
    uint8_t header[HEADER_SIZE_64];
    size_t size = elf->wide ? HEADER_SIZE_64 : HEADER_SIZE_32;
    SLW_TRY(read_at(elf, 0, header, size));
    elf->table = elf->wide ? get(elf, header + 40, 8) : get(elf, header + 32, 4);
    const uint8_t *sizes = header + (elf->wide ? 52 : 40); /* e_ehsize and what follows */
    uint64_t entry_size = get(elf, sizes + 6, 2);
    elf->count = get(elf, sizes + 8, 2);
    elf->names = (uint32_t)get(elf, sizes + 10, 2);
    if (elf->table == 0) {
        return elf->count == 0 ? SLW_OK
                               : say(elf, "is an ELF file with sections, but no table of them");
    }
    if (entry_size != section_size(elf)) {
        return say(elf, "is an ELF file whose section headers have a wrong size");
    }
    SLW_TRY(read_section_0(elf));
    if (elf->count > SLW_ELF_SECTIONS_MAX) {
        return say(elf, "is an ELF file with more sections than are looked at");
    }
    if (!is_inside(elf, elf->table, elf->count * section_size(elf))) {
        return say(elf, "is an ELF file whose table of sections is beyond its end");
    }
    return SLW_OK;
}

/* Where the names are. "sh_type SHT_STRTAB: The section holds a string table." */
static enum slw_status find_names(struct elf *elf)
{
    uint8_t bytes[SECTION_SIZE_64];
    if (elf->names == 0 || elf->names >= elf->count) {
        return say(elf, "is an ELF file whose sections have no names");
    }
    SLW_TRY(read_at(elf, elf->table + elf->names * section_size(elf), bytes,
                    (size_t)section_size(elf)));
    struct section section = get_section(elf, bytes);
    if (section.type != SECTION_STRINGS || section.size == 0 ||
        !is_inside(elf, section.offset, section.size)) {
        return say(elf, "is an ELF file whose sections have no names");
    }
    elf->names_offset = section.offset;
    elf->names_size = section.size;
    return SLW_OK;
}

static bool begins_with(struct slw_bytes name, const char *beginning)
{
    size_t len = strlen(beginning);
    return name.len >= len && memcmp(name.ptr, beginning, len) == 0;
}

static bool is_named(struct slw_bytes name, const char *wanted)
{
    return name.len == strlen(wanted) && memcmp(name.ptr, wanted, name.len) == 0;
}

/* What `strip` removes by name; .gnu_debuglink and .gnu_debugaltlink name other files. */
static bool is_debug_name(struct slw_bytes name)
{
    static const char *const beginnings[] = {".debug_", ".zdebug_", ".stab", ".gnu.debuglto_",
                                             ".gdb_index"};
    static const char *const names[] = {".debug", ".line", ".gnu_debugdata", ".gnu.debugdata"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (begins_with(name, beginnings[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_named(name, names[i])) {
            return true;
        }
    }
    return false;
}

static enum slw_status tell_section(struct elf *elf, const char *what, struct slw_bytes name)
{
    slw_heap_append_text(elf->text, what);
    slw_escape(name, elf->text);
    return say(elf, ")");
}

static enum slw_status check_section(struct elf *elf, const struct section *section, uint64_t index)
{
    uint8_t bytes[NAME_SIZE_MAX];
    if (section->type == SECTION_NULL && index == 0) {
        return SLW_OK;
    }
    if (section->name >= elf->names_size) {
        return say(elf, "is an ELF file with a section whose name is beyond the names");
    }
    uint64_t left = elf->names_size - section->name;
    size_t len = left < sizeof bytes ? (size_t)left : sizeof bytes;
    SLW_TRY(read_at(elf, elf->names_offset + section->name, bytes, len));
    const uint8_t *end = memchr(bytes, 0, len);
    if (end == NULL && left <= sizeof bytes) {
        return say(elf, "is an ELF file with a section whose name doesn't end");
    }
    struct slw_bytes name = slw_bytes_make(bytes, end == NULL ? len : (size_t)(end - bytes));
    if (section->type == SECTION_SYMBOLS || section->type == SECTION_SYMBOLS_MORE) {
        return tell_section(elf, "has a symbol table (", name);
    }
    if (is_named(name, ".symtab") || (is_named(name, ".strtab") && index != elf->names)) {
        return tell_section(elf, "has what belongs to a symbol table (", name);
    }
    if (is_debug_name(name)) {
        return tell_section(elf, "has debug information (", name);
    }
    if (section->type != SECTION_NULL && section->type != SECTION_NO_BITS &&
        !is_inside(elf, section->offset, section->size)) {
        return tell_section(elf, "is an ELF file with a section beyond its end (", name);
    }
    return name.len > 0 || section->type == SECTION_NULL
               ? SLW_OK
               : say(elf, "is an ELF file with a section that has no name");
}

enum slw_status slw_elf_check_stripped(const struct slw_source *source, uint64_t offset,
                                       uint64_t len, struct slw_heap_buffer *ret_text)
{
    struct elf elf = {.source = source, .offset = offset, .len = len, .text = ret_text};
    uint8_t block[BLOCK_SECTIONS * SECTION_SIZE_64];
    SLW_TRY(read_ident(&elf));
    SLW_TRY(read_header(&elf));
    if (elf.count == 0) {
        return SLW_OK;
    }
    SLW_TRY(find_names(&elf));
    size_t size = (size_t)section_size(&elf);
    for (uint64_t i = 0; i < elf.count; i++) {
        size_t in_block = (size_t)(i % BLOCK_SECTIONS);
        if (in_block == 0) {
            uint64_t left = elf.count - i;
            size_t count = left < BLOCK_SECTIONS ? (size_t)left : BLOCK_SECTIONS;
            SLW_TRY(read_at(&elf, elf.table + i * size, block, count * size));
        }
        struct section section = get_section(&elf, block + in_block * size);
        SLW_TRY(check_section(&elf, &section, i));
    }
    return SLW_OK;
}
