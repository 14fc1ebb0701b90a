/* SPDX-License-Identifier: Apache-2.0 */
/* Stripped ELF files pass; those with symbols, with debug sections, and impossible ones don't. */
#include "elf.h"

#include "slipway/files.h"

#include "tap.h"

#include <unistd.h>

/* An ELF file that is being made: header, section names, content, and last the table. */
struct maker {
    bool wide;
    bool big;
    struct slw_heap_buffer bytes;
    struct slw_heap_buffer names;
    struct {
        uint32_t name;
        uint32_t type;
        uint64_t offset;
        uint64_t size;
        uint32_t link;
    } sections[16];
    size_t count;
};

static struct slw_heap_buffer why;

static void put(struct maker *maker, size_t at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        unsigned shift = 8 * (maker->big ? size - 1 - i : i);
        maker->bytes.ptr[at + i] = (uint8_t)(value >> shift);
    }
}

static void begin(struct maker *maker, bool wide, bool big)
{
    *maker = (struct maker){.wide = wide, .big = big};
    size_t size = wide ? 64 : 52;
    uint8_t *header = slw_heap_reserve(&maker->bytes, size);
    memset(header, 0, size);
    memcpy(header,
           "\x7F"
           "ELF",
           4);
    header[4] = wide ? 2 : 1;
    header[5] = big ? 2 : 1;
    header[6] = 1;
    slw_heap_append(&maker->names, slw_bytes_make("", 1));
    maker->count = 1; /* section 0 */
}

static void add(struct maker *maker, const char *name, uint32_t type)
{
    maker->sections[maker->count].name = (uint32_t)maker->names.len;
    maker->sections[maker->count].type = type;
    maker->sections[maker->count].offset = maker->bytes.len;
    maker->sections[maker->count].size = 8;
    slw_heap_append(&maker->bytes, slw_bytes_make("content.", 8));
    slw_heap_append(&maker->names, slw_bytes_make(name, strlen(name) + 1));
    maker->count++;
}

static void put_section(struct maker *maker, size_t at, size_t number)
{
    put(maker, at, maker->sections[number].name, 4);
    put(maker, at + 4, maker->sections[number].type, 4);
    if (maker->wide) {
        put(maker, at + 24, maker->sections[number].offset, 8);
        put(maker, at + 32, maker->sections[number].size, 8);
        put(maker, at + 40, maker->sections[number].link, 4);
    } else {
        put(maker, at + 16, maker->sections[number].offset, 4);
        put(maker, at + 20, maker->sections[number].size, 4);
        put(maker, at + 24, maker->sections[number].link, 4);
    }
}

static void put_head(struct maker *maker, uint64_t table, uint64_t count, uint64_t names)
{
    size_t sizes = maker->wide ? 52 : 40;
    put(maker, maker->wide ? 40 : 32, table, maker->wide ? 8 : 4);
    put(maker, sizes + 6, maker->wide ? 64 : 40, 2);
    put(maker, sizes + 8, count, 2);
    put(maker, sizes + 10, names, 2);
}

/* Adds the names' section and the table; returns where the table is. */
static size_t finish(struct maker *maker, const char *names)
{
    size_t number = maker->count;
    add(maker, names, 3);
    maker->sections[number].offset = maker->bytes.len;
    maker->sections[number].size = maker->names.len;
    slw_heap_append(&maker->bytes, slw_heap_bytes(&maker->names));
    size_t size = maker->wide ? 64 : 40;
    size_t table = maker->bytes.len;
    memset(slw_heap_reserve(&maker->bytes, size * maker->count), 0, size * maker->count);
    for (size_t i = 0; i < maker->count; i++) {
        put_section(maker, table + i * size, i);
    }
    put_head(maker, table, maker->count, number);
    return table;
}

static void end(struct maker *maker)
{
    slw_heap_free(&maker->bytes);
    slw_heap_free(&maker->names);
}

/* The file stands somewhere in its source, as in a bundle. */
static enum slw_status check(struct slw_bytes file)
{
    struct slw_heap_buffer around = {0};
    struct slw_memory_source memory;
    slw_heap_append_text(&around, "before");
    slw_heap_append(&around, file);
    slw_memory_source_init(&memory, slw_heap_bytes(&around));
    slw_heap_free(&why);
    enum slw_status status = slw_elf_check_stripped(&memory.source, 6, file.len, &why);
    slw_heap_free(&around);
    return status;
}

static bool said(const char *text)
{
    return strstr(slw_heap_text(&why), text) != NULL;
}

static void knows_the_magic(void)
{
    TAP_CHECK(slw_elf_has_magic(SLW_BYTES_OF("\x7F"
                                             "ELF")));
    TAP_CHECK(!slw_elf_has_magic(SLW_BYTES_OF("\x7F"
                                              "EL")));
    TAP_CHECK(!slw_elf_has_magic(SLW_BYTES_OF("\x7F"
                                              "ELf")));
    TAP_CHECK(!slw_elf_has_magic(slw_bytes_make(NULL, 0)));
}

static void accepts_stripped_files(void)
{
    static const char *const names[] = {".text",    ".rodata",        ".dynsym",
                                        ".dynstr",  ".gnu_debuglink", ".gnu_debugaltlink",
                                        ".comment", ".debugger",      ".line.text"};
    for (unsigned form = 0; form < 4; form++) {
        struct maker maker;
        begin(&maker, (form & 1) != 0, (form & 2) != 0);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            add(&maker, names[i], i == 2 ? 11 : 1);
        }
        (void)finish(&maker, form < 2 ? ".shstrtab" : ".strtab");
        TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_OK);
        end(&maker);
    }
}

/* Zeroed memory takes no bytes of the file, and a section that is none has no place. */
static void accepts_sections_without_bytes(void)
{
    struct maker maker;
    begin(&maker, true, false);
    add(&maker, ".bss", 8);
    add(&maker, ".none", 0);
    maker.sections[1].size = UINT64_MAX;
    maker.sections[2].offset = UINT64_MAX;
    (void)finish(&maker, ".shstrtab");
    TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_OK);
    end(&maker);
}

static void accepts_a_file_without_sections(void)
{
    for (unsigned form = 0; form < 4; form++) {
        struct maker maker;
        begin(&maker, (form & 1) != 0, (form & 2) != 0);
        TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_OK);
        end(&maker);
    }
}

static void refuses_symbols_and_debug_sections(void)
{
    static const struct {
        const char *name;
        uint32_t type;
        const char *said;
    } rows[] = {
        {".symtab", 2, "has a symbol table (.symtab)"},
        {".renamed", 2, "has a symbol table (.renamed)"},
        {".symtab_shndx", 18, "has a symbol table"},
        {".symtab", 1, "belongs to a symbol table (.symtab)"},
        {".strtab", 3, "belongs to a symbol table (.strtab)"},
        {".debug_info", 1, "has debug information (.debug_info)"},
        {".debug_x", 1, "has debug information"},
        {".zdebug_line", 1, "has debug information"},
        {".debug", 1, "has debug information"},
        {".line", 1, "has debug information"},
        {".stab", 1, "has debug information"},
        {".stabstr", 3, "has debug information"},
        {".stab.excl", 1, "has debug information"},
        {".gnu_debugdata", 1, "has debug information"},
        {".gdb_index", 1, "has debug information"},
        {".gnu.debuglto_.debug_info", 1, "has debug information"},
        {".debug_a_name_that_is_longer_than_what_is_looked_at", 1, "has debug information"},
        {".debug_nothing", 8, "has debug information"},
        {".debug_null", 0, "has debug information"},
        {"", 1, "that has no name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned form = 0; form < 4; form++) {
            struct maker maker;
            TAP_ROW(rows[i].name);
            begin(&maker, (form & 1) != 0, (form & 2) != 0);
            add(&maker, ".text", 1);
            add(&maker, rows[i].name, rows[i].type);
            add(&maker, ".data", 1);
            (void)finish(&maker, ".shstrtab");
            TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_WRONG_CONTENT);
            TAP_CHECK(said(rows[i].said));
            end(&maker);
        }
    }
    TAP_ROW(NULL);
}

/* A symbol table is found behind any number of other sections. */
static void looks_at_every_section_of_many(void)
{
    struct maker maker;
    begin(&maker, true, false);
    slw_heap_append_text(&maker.names, ".text");
    slw_heap_append(&maker.names, slw_bytes_make("", 1));
    size_t names_at = maker.bytes.len;
    slw_heap_append(&maker.bytes, slw_heap_bytes(&maker.names));
    size_t table = maker.bytes.len;
    const size_t count = 65536; /* more than 16 bits hold: "the actual number … in section 0" */
    memset(slw_heap_reserve(&maker.bytes, count * 64), 0, count * 64);
    put(&maker, table + 32, count, 8);
    put(&maker, table + 40, count - 1, 4);
    for (size_t i = 1; i < count; i++) {
        put(&maker, table + i * 64, 1, 4);
        put(&maker, table + i * 64 + 4, i == count - 1 ? 3 : 1, 4);
    }
    put(&maker, table + (count - 1) * 64 + 24, names_at, 8);
    put(&maker, table + (count - 1) * 64 + 32, maker.names.len, 8);
    put_head(&maker, table, 0, 0xFFFF);
    TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_OK);
    put(&maker, table + (count - 2) * 64 + 4, 2, 4);
    TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_WRONG_CONTENT);
    TAP_CHECK(said("has a symbol table"));
    put(&maker, table + 32, count + 1, 8);
    TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_WRONG_CONTENT);
    TAP_CHECK(said("more sections than are looked at"));
    put(&maker, table + 32, UINT64_MAX / 64 + 2, 8); /* times 64 it would be small */
    TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_WRONG_CONTENT);
    end(&maker);
}

/* Each changes a good file of 64 bits, little endian, with two sections and the names. */
static void refuses_impossible_files(void)
{
    static const struct {
        const char *name;
        size_t at; /* in the header; from 1000 on in the table of sections */
        uint64_t value;
        unsigned size;
        const char *said;
    } rows[] = {
        {"class 0", 4, 0, 1, "a class, byte order or version"},
        {"class 3", 4, 3, 1, "a class, byte order or version"},
        {"data 0", 5, 0, 1, "a class, byte order or version"},
        {"data 3", 5, 3, 1, "a class, byte order or version"},
        {"version 0", 6, 0, 1, "a class, byte order or version"},
        {"version 2", 6, 2, 1, "a class, byte order or version"},
        {"table at the last byte", 40, 500, 8, "beyond its end"},
        {"table far beyond", 40, UINT64_MAX, 8, "beyond its end"},
        {"table that wraps", 40, UINT64_MAX - 63, 8, "beyond its end"},
        {"sections without a table", 40, 0, 8, "no table of them"},
        {"headers of 40 bytes", 58, 40, 2, "wrong size"},
        {"headers of 0 bytes", 58, 0, 2, "wrong size"},
        {"headers of 65 bytes", 58, 65, 2, "wrong size"},
        {"one section more", 60, 5, 2, "beyond its end"},
        {"65535 sections", 60, 65535, 2, "beyond its end"},
        {"names nowhere", 62, 0, 2, "no names"},
        {"names beyond", 62, 4, 2, "no names"},
        {"names in section 0", 62, 0xFFFF, 2, "no names"},
        {"names in another type", 62, 1, 2, "no names"},
        {"names behind the last section", 60, 3, 2, "no names"},
        {"symbols in section 0", 1000 + 4, 2, 4, "symbol table"},
        {"another type in section 0", 1000 + 4, 1, 4, "no name"},
        {"names beyond the end", 1000 + 3 * 64 + 24, UINT64_MAX - 1, 8, "no names"},
        {"names too long", 1000 + 3 * 64 + 32, UINT64_MAX, 8, "no names"},
        {"names empty", 1000 + 3 * 64 + 32, 0, 8, "no names"},
        {"a name beyond the names", 1000 + 64, 4000, 4, "beyond the names"},
        {"a name that doesn't end", 1000 + 3 * 64 + 32, 3, 8, "doesn't end"},
        {"content beyond the end", 1000 + 64 + 24, 100000, 8, "a section beyond its end"},
        {"content too long", 1000 + 64 + 32, UINT64_MAX - 8, 8, "a section beyond its end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker maker;
        TAP_ROW(rows[i].name);
        begin(&maker, true, false);
        add(&maker, ".text", 1);
        add(&maker, ".data", 1);
        size_t table = finish(&maker, ".shstrtab");
        TAP_REQUIRE(check(slw_heap_bytes(&maker.bytes)) == SLW_OK);
        size_t at = rows[i].at < 1000 ? rows[i].at : table + rows[i].at - 1000;
        put(&maker, at, rows[i].value, rows[i].size);
        TAP_EQUAL_INT(check(slw_heap_bytes(&maker.bytes)), SLW_WRONG_CONTENT);
        TAP_CHECK(said(rows[i].said));
        end(&maker);
    }
    TAP_ROW(NULL);
}

/* A file cut anywhere is refused, or has nothing to strip; it is never read beyond its end. */
static void never_reads_beyond_a_cut(void)
{
    for (unsigned form = 0; form < 4; form++) {
        struct maker maker;
        begin(&maker, (form & 1) != 0, (form & 2) != 0);
        add(&maker, ".text", 1);
        (void)finish(&maker, ".shstrtab");
        struct slw_bytes whole = slw_heap_bytes(&maker.bytes);
        for (size_t len = SLW_ELF_MAGIC_SIZE; len < whole.len; len++) {
            TAP_EQUAL_INT(check(slw_bytes_make(whole.ptr, len)), SLW_WRONG_CONTENT);
        }
        TAP_EQUAL_INT(check(whole), SLW_OK);
        end(&maker);
    }
}

static enum slw_status check_file(const char *path)
{
    struct slw_file_source file;
    struct slw_detail detail;
    slw_heap_free(&why);
    SLW_TRY(slw_file_source_open(path, &file, &detail));
    enum slw_status status = slw_elf_check_stripped(&file.source, 0, file.source.size, &why);
    slw_file_source_close(&file);
    return status;
}

/* This program has its symbols, whatever it is built with; the system's programs haven't. */
static void judges_real_programs(void)
{
    TAP_EQUAL_INT(check_file("/proc/self/exe"), SLW_WRONG_CONTENT);
    TAP_CHECK(said("debug information") || said("symbol table"));
    TAP_EQUAL_INT(check_file("/bin/cat"), SLW_OK);
}

static enum slw_status fail_to_read(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)len;
    return SLW_IO;
}

static void tells_when_it_can_not_read(void)
{
    struct slw_source source = {.read = fail_to_read, .size = 1000};
    TAP_EQUAL_INT(slw_elf_check_stripped(&source, 0, 1000, &why), SLW_IO);
}

int main(void)
{
    TAP_RUN(knows_the_magic);
    TAP_RUN(accepts_stripped_files);
    TAP_RUN(accepts_sections_without_bytes);
    TAP_RUN(accepts_a_file_without_sections);
    TAP_RUN(refuses_symbols_and_debug_sections);
    TAP_RUN(looks_at_every_section_of_many);
    TAP_RUN(refuses_impossible_files);
    TAP_RUN(never_reads_beyond_a_cut);
    TAP_RUN(judges_real_programs);
    TAP_RUN(tells_when_it_can_not_read);
    slw_heap_free(&why);
    return tap_finish();
}
