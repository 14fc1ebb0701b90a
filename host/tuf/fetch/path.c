/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, decodes and shows the names of files in a repository. */
#include "path.h"

#include "slipway/text.h"

static bool is_relative_segment(const char *segment, size_t len)
{
    return (len == 1 && segment[0] == '.') || (len == 2 && memcmp(segment, "..", 2) == 0);
}

static bool is_printable(char byte)
{
    return byte > ' ' && byte <= '~';
}

/* The sentence of TUF 1.0.34, 4.5, on TARGETPATH: "The string MUST be a path-relative-URL string",
 * which doesn't begin with a slash. */
static bool is_good_path(const char *path)
{
    if (path[0] == '\0' || path[0] == '/') {
        return false;
    }
    for (const char *at = path; *at != '\0'; at++) {
        if (!is_printable(*at) || strchr("?#\\", *at) != NULL) {
            return false;
        }
    }
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        if (is_relative_segment(path, len)) {
            return false;
        }
        path += len;
        path += *path == '/' ? 1 : 0;
    }
    return true;
}

enum slw_status slw_fetch_path_check(const char *path, struct slw_detail *detail)
{
    if (!is_good_path(path)) {
        char shown[SLW_FETCH_SHOWN_SIZE];
        slw_fetch_show(path, shown);
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "\"%s\": not the path of a file in a repository", shown);
    }
    return SLW_OK;
}

bool slw_fetch_path_decode(const char *path, struct slw_heap_buffer *ret_name)
{
    for (; *path != '\0'; path++) {
        uint8_t byte = (uint8_t)*path;
        if (byte == '%') {
            int high = slw_text_hex_value(path[1]);
            int low = high < 0 ? -1 : slw_text_hex_value(path[2]);
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            byte = (uint8_t)(high * 16 + low);
            path += 2;
        }
        slw_heap_append(ret_name, slw_bytes_make(&byte, 1));
    }
    return true;
}

void slw_fetch_show(const char *text, char ret_shown[static SLW_FETCH_SHOWN_SIZE])
{
    static const char cut[] = "...";
    size_t at = 0;
    for (; at < SLW_FETCH_SHOWN_SIZE - 1 && text[at] != '\0'; at++) {
        ret_shown[at] = '?';
        if (is_printable(text[at]) || text[at] == ' ') {
            ret_shown[at] = text[at];
        }
    }
    ret_shown[at] = '\0';
    if (text[at] != '\0') {
        memcpy(ret_shown + SLW_FETCH_SHOWN_SIZE - sizeof cut, cut, sizeof cut);
    }
}
