/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of a log's files (C2SP tlog-tiles), made and recognized. Paths that come from outside are
 * recognized by making them again.
 */
#include "log_path.h"

#include "number_text.h"

#include <stdio.h>

#define WIDTH_FULL 256u

/* "It MUST be a non-negative integer encoded into zero-padded 3-digit path elements. All but the
 * last path element MUST begin with an `x`." */
static void format_number(uint64_t number, char ret_text[static 40])
{
    char groups[8][5];
    unsigned count = 0;
    do {
        (void)snprintf(groups[count], sizeof groups[count], "%03u", (unsigned)(number % 1000));
        number /= 1000;
        count++;
    } while (number != 0 && count < 8);
    size_t len = 0;
    while (count > 0) {
        count--;
        len += (size_t)snprintf(ret_text + len, 40 - len, "%s%s%s", count > 0 ? "x" : "",
                                groups[count], count > 0 ? "/" : "");
    }
}

static const char *format_path(const char *folder, uint64_t number, unsigned width,
                               char ret_path[static SLW_LOG_PATH_SIZE])
{
    char text[40];
    format_number(number, text);
    if (width == 0 || width >= WIDTH_FULL) {
        (void)snprintf(ret_path, SLW_LOG_PATH_SIZE, "%s/%s", folder, text);
    } else {
        (void)snprintf(ret_path, SLW_LOG_PATH_SIZE, "%s/%s.p/%u", folder, text, width);
    }
    return ret_path;
}

const char *slw_log_tile_path(unsigned level, uint64_t number, unsigned width,
                              char ret_path[static SLW_LOG_PATH_SIZE])
{
    char folder[24];
    (void)snprintf(folder, sizeof folder, "tile/%u", level);
    return format_path(folder, number, width, ret_path);
}

const char *slw_log_entries_path(uint64_t number, unsigned width,
                                 char ret_path[static SLW_LOG_PATH_SIZE])
{
    return format_path("tile/entries", number, width, ret_path);
}

const char *slw_log_records_path(uint64_t number, char ret_path[static SLW_LOG_PATH_SIZE])
{
    return format_path("records", number, 0, ret_path);
}

const char *slw_log_partial_directory(const char *tile_path,
                                      char ret_path[static SLW_LOG_PATH_SIZE])
{
    (void)snprintf(ret_path, SLW_LOG_PATH_SIZE, "%s.p", tile_path);
    return ret_path;
}

static bool take(struct slw_bytes *path, const char *prefix)
{
    size_t len = strlen(prefix);
    if (path->len < len || memcmp(path->ptr, prefix, len) != 0) {
        return false;
    }
    *path = slw_bytes_make(path->ptr + len, path->len - len);
    return true;
}

/* Digits up to the end or ".p/", x and / between them skipped: the spelling is checked later. */
static bool take_number(struct slw_bytes *path, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < path->len && path->ptr[at] != '.'; at++) {
        uint64_t digit = (uint64_t)path->ptr[at] - '0';
        if (path->ptr[at] == 'x' || path->ptr[at] == '/') {
            continue;
        }
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *path = slw_bytes_make(path->ptr + at, path->len - at);
    *ret_number = number;
    return true;
}

static bool take_width(struct slw_bytes *path, unsigned *ret_width)
{
    uint64_t width = 0;
    if (path->len == 0) {
        return true;
    }
    if (!take(path, ".p/") || !slw_number_parse(*path, &width) || width == 0 ||
        width >= WIDTH_FULL) {
        return false;
    }
    *ret_width = (unsigned)width;
    return true;
}

/* The same path made again from what it says. */
static bool remake(struct slw_bytes path, char ret_path[static SLW_LOG_PATH_SIZE])
{
    uint64_t number = 0;
    unsigned width = 0;
    unsigned level = 0;
    if (take(&path, "records/")) {
        return take_number(&path, &number) && path.len == 0 &&
               slw_log_records_path(number, ret_path) != NULL;
    }
    if (take(&path, "tile/entries/")) {
        return take_number(&path, &number) && take_width(&path, &width) &&
               slw_log_entries_path(number, width, ret_path) != NULL;
    }
    if (!take(&path, "tile/") || path.len < 2 || path.ptr[0] < '0' || path.ptr[0] > '7' ||
        path.ptr[1] != '/') {
        return false;
    }
    level = path.ptr[0] - (unsigned)'0';
    path = slw_bytes_make(path.ptr + 2, path.len - 2);
    return take_number(&path, &number) && take_width(&path, &width) &&
           slw_log_tile_path(level, number, width, ret_path) != NULL;
}

bool slw_log_path_is_good(struct slw_bytes path)
{
    char again[SLW_LOG_PATH_SIZE];
    if (slw_bytes_equal(path, SLW_BYTES_OF("checkpoint"))) {
        return true;
    }
    return path.len < SLW_LOG_PATH_SIZE && remake(path, again) &&
           slw_bytes_equal(path, slw_bytes_make(again, strlen(again)));
}
