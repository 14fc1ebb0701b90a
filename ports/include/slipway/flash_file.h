/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flash in a file, for virtual devices and for agents on a host: the file's bytes are the
 * flash's. One process at a time uses it (flock), and bytes are programmed only where they were
 * erased.
 *
 *     const struct slw_flash_geometry geometry = {0, 4096, 1, 0xFF};
 *     SLW_TRY(slw_flash_file_open("board.flash", &geometry, SLW_FLASH_FILE_DURABLE, &file));
 *     struct slw_region region = {&file.flash, 0, file.flash.size};
 */
#ifndef SLIPWAY_FLASH_FILE_H
#define SLIPWAY_FLASH_FILE_H

#include "slipway/flash_ram.h"

enum slw_flash_file_flag {
    /*
     * Every program and erase reaches the disk before it returns, so that the host's own power may
     * fail. Without it only the process may: what it wrote is with the operating system.
     */
    SLW_FLASH_FILE_DURABLE = 1,
};

struct slw_flash_file {
    struct slw_flash flash;
    int descriptor; /* -1: closed */
    unsigned flags;
};

/*
 * geometry.size 0: the file exists and is as large as the flash is to be. Else a file that doesn't
 * exist is made, readable by its owner alone, with every byte erased; one whose making was cut
 * short is completed.
 *
 * SLW_NOT_FOUND: there is no such file; SLW_WRONG_STATE: another process (or this one) has it open;
 * SLW_BAD_ARGUMENT: the file isn't a regular one, its size isn't that of the geometry, or the
 * geometry makes no sense; SLW_IO. The structure must stay where it is.
 */
SLW_MUST_USE enum slw_status slw_flash_file_open(const char *path,
                                                 const struct slw_flash_geometry *geometry,
                                                 unsigned flags, struct slw_flash_file *ret_file);

/* A second time, or on a zeroed structure that was never opened, it does nothing. */
void slw_flash_file_close(struct slw_flash_file *file);

#endif
