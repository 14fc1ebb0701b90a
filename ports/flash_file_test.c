/* SPDX-License-Identifier: Apache-2.0 */
/* Flash in a file (flash_file.h): making, opening, locking, and what it refuses. */
#include "slipway/flash_file.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECTOR ((size_t)4096)
#define SIZE (8 * SECTOR)

static char directory[64];
static char path[96];
static const struct slw_flash_geometry geometry = {SIZE, SECTOR, 8, 0xFF};
static const struct slw_flash_geometry as_large_as_it_is = {0, SECTOR, 8, 0xFF};

static unsigned paths_count;

static void set_path(unsigned number)
{
    (void)snprintf(path, sizeof path, "%s/flash%u", directory, number);
}

/* A path at which nothing is. */
static void make_path(void)
{
    set_path(paths_count++);
}

static void remove_all(void)
{
    for (unsigned i = 0; i < paths_count; i++) {
        set_path(i);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

static void write_file(size_t len, uint8_t value)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    TAP_REQUIRE(descriptor >= 0);
    for (size_t i = 0; i < len; i++) {
        TAP_REQUIRE(write(descriptor, &value, 1) == 1);
    }
    TAP_EQUAL_INT(close(descriptor), 0);
}

static enum slw_status program(const struct slw_flash_file *file, uint64_t address, uint8_t value)
{
    uint8_t values[16];
    memset(values, value, sizeof values);
    return file->flash.program(file->flash.context, address, values, sizeof values);
}

static void makes_a_file_whole_and_erased(void)
{
    struct slw_flash_file file;
    struct stat about;
    uint8_t sector[SECTOR];
    uint8_t erased[SECTOR];
    memset(erased, 0xFF, sizeof erased);
    make_path();
    TAP_REQUIRE(slw_flash_file_open(path, &geometry, SLW_FLASH_FILE_DURABLE, &file) == SLW_OK);
    TAP_EQUAL_INT(file.flash.size, SIZE);
    for (uint64_t at = 0; at < SIZE; at += SECTOR) {
        TAP_EQUAL_INT(file.flash.read(file.flash.context, at, sector, sizeof sector), SLW_OK);
        TAP_EQUAL_BYTES(sector, erased, sizeof sector);
    }
    slw_flash_file_close(&file);
    slw_flash_file_close(&file);
    TAP_EQUAL_INT(stat(path, &about), 0);
    TAP_EQUAL_INT(about.st_size, SIZE);
    TAP_EQUAL_INT(about.st_mode & 0777, 0600);
}

static void keeps_what_was_programmed_across_openings(void)
{
    struct slw_flash_file file;
    uint8_t byte = 0;
    make_path();
    TAP_REQUIRE(slw_flash_file_open(path, &geometry, SLW_FLASH_FILE_DURABLE, &file) == SLW_OK);
    TAP_EQUAL_INT(program(&file, SECTOR + 16, 0x5A), SLW_OK);
    TAP_EQUAL_INT(program(&file, 2 * SECTOR, 0x5B), SLW_OK);
    TAP_EQUAL_INT(file.flash.erase(file.flash.context, 2 * SECTOR), SLW_OK);
    slw_flash_file_close(&file);
    TAP_REQUIRE(slw_flash_file_open(path, &as_large_as_it_is, 0, &file) == SLW_OK);
    TAP_EQUAL_INT(file.flash.size, SIZE);
    TAP_EQUAL_INT(file.flash.read(file.flash.context, SECTOR + 31, &byte, 1), SLW_OK);
    TAP_EQUAL_INT(byte, 0x5A);
    TAP_EQUAL_INT(file.flash.read(file.flash.context, 2 * SECTOR, &byte, 1), SLW_OK);
    TAP_EQUAL_INT(byte, 0xFF);
    slw_flash_file_close(&file);
}

static void programs_only_what_is_erased(void)
{
    struct slw_flash_file file;
    uint8_t byte = 0;
    make_path();
    TAP_REQUIRE(slw_flash_file_open(path, &geometry, 0, &file) == SLW_OK);
    TAP_EQUAL_INT(program(&file, 0, 0x0F), SLW_OK);
    TAP_EQUAL_INT(program(&file, 8, 0xF0), SLW_IO);
    TAP_EQUAL_INT(file.flash.read(file.flash.context, 8, &byte, 1), SLW_OK);
    TAP_EQUAL_INT(byte, 0x0F);
    TAP_EQUAL_INT(file.flash.read(file.flash.context, 16, &byte, 1), SLW_OK);
    TAP_EQUAL_INT(byte, 0xFF);
    TAP_EQUAL_INT(file.flash.erase(file.flash.context, 0), SLW_OK);
    TAP_EQUAL_INT(program(&file, 8, 0xF0), SLW_OK);
    slw_flash_file_close(&file);
}

static void refuses_positions_that_are_not_there(void)
{
    struct slw_flash_file file;
    uint8_t bytes[16] = {0};
    make_path();
    TAP_REQUIRE(slw_flash_file_open(path, &geometry, 0, &file) == SLW_OK);
    const struct slw_flash *flash = &file.flash;
    TAP_EQUAL_INT(flash->read(flash->context, SIZE - 8, bytes, 16), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(flash->read(flash->context, UINT64_MAX, bytes, 16), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(flash->program(flash->context, SIZE - 8, bytes, 16), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(flash->program(flash->context, 4, bytes, 8), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(flash->program(flash->context, 8, bytes, 12), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(flash->erase(flash->context, SIZE), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(flash->erase(flash->context, 8), SLW_BAD_ARGUMENT);
    slw_flash_file_close(&file);
}

/* Asked from another process, since that is whom the lock is about. */
static int open_elsewhere(void)
{
    pid_t child = fork();
    int status = -1;
    if (child == 0) {
        struct slw_flash_file file;
        enum slw_status opened = slw_flash_file_open(path, &as_large_as_it_is, 0, &file);
        _exit(opened == SLW_OK ? 0 : opened == SLW_WRONG_STATE ? 1 : 2);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void one_process_at_a_time_has_it(void)
{
    struct slw_flash_file file;
    struct slw_flash_file again;
    make_path();
    TAP_REQUIRE(slw_flash_file_open(path, &geometry, 0, &file) == SLW_OK);
    TAP_EQUAL_INT(open_elsewhere(), 1);
    TAP_EQUAL_INT(slw_flash_file_open(path, &geometry, 0, &again), SLW_WRONG_STATE);
    slw_flash_file_close(&file);
    TAP_EQUAL_INT(open_elsewhere(), 0);
}

static void refuses_files_that_are_no_flash(void)
{
    static const struct {
        const char *name;
        size_t size;
        uint8_t value;
        bool any_size;
        enum slw_status status;
    } rows[] = {
        {"larger", SIZE + SECTOR, 0xFF, false, SLW_BAD_ARGUMENT},
        {"a byte larger", SIZE + 1, 0xFF, false, SLW_BAD_ARGUMENT},
        {"shorter, and not erased", SECTOR, 0x00, false, SLW_BAD_ARGUMENT},
        {"shorter, as its making left it", SECTOR + 7, 0xFF, false, SLW_OK},
        {"empty, as its making left it", 0, 0xFF, false, SLW_OK},
        {"of any size, and empty", 0, 0xFF, true, SLW_BAD_ARGUMENT},
        {"of any size, and part of a sector", SECTOR + 1, 0xFF, true, SLW_BAD_ARGUMENT},
        {"of any size", 3 * SECTOR, 0x12, true, SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_flash_file file;
        TAP_ROW(rows[i].name);
        make_path();
        write_file(rows[i].size, rows[i].value);
        enum slw_status status =
            slw_flash_file_open(path, rows[i].any_size ? &as_large_as_it_is : &geometry, 0, &file);
        TAP_EQUAL_INT(status, rows[i].status);
        if (status == SLW_OK) {
            TAP_EQUAL_INT(file.flash.size, rows[i].any_size ? rows[i].size : SIZE);
            slw_flash_file_close(&file);
        }
    }
}

static void refuses_what_is_no_file(void)
{
    struct slw_flash_file file;
    make_path();
    TAP_EQUAL_INT(slw_flash_file_open(path, &as_large_as_it_is, 0, &file), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_flash_file_open(directory, &geometry, 0, &file), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_flash_file_open(directory, &as_large_as_it_is, 0, &file), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_flash_file_open("/dev/null", &as_large_as_it_is, 0, &file), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(mkfifo(path, 0600), 0);
    TAP_EQUAL_INT(slw_flash_file_open(path, &geometry, 0, &file), SLW_BAD_ARGUMENT);
    char below[128];
    (void)snprintf(below, sizeof below, "%s/flash", path);
    TAP_EQUAL_INT(slw_flash_file_open(below, &geometry, 0, &file), SLW_IO);
}

static void refuses_a_geometry_that_makes_no_sense(void)
{
    static const struct slw_flash_geometry rows[] = {{SIZE, 0, 8, 0xFF},
                                                     {SIZE, SECTOR, 0, 0xFF},
                                                     {SIZE, SECTOR, 24, 0xFF},
                                                     {SIZE + 8, SECTOR, 8, 0xFF}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_flash_file file;
        make_path();
        TAP_EQUAL_INT(slw_flash_file_open(path, &rows[i], 0, &file), SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(open(path, O_RDONLY), -1);
        TAP_EQUAL_INT(errno, ENOENT);
    }
}

int main(void)
{
    (void)snprintf(directory, sizeof directory, "/tmp/slipway-flash-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    TAP_RUN(makes_a_file_whole_and_erased);
    TAP_RUN(keeps_what_was_programmed_across_openings);
    TAP_RUN(programs_only_what_is_erased);
    TAP_RUN(refuses_positions_that_are_not_there);
    TAP_RUN(one_process_at_a_time_has_it);
    TAP_RUN(refuses_files_that_are_no_flash);
    TAP_RUN(refuses_what_is_no_file);
    TAP_RUN(refuses_a_geometry_that_makes_no_sense);
    remove_all();
    return tap_finish();
}
