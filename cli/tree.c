/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing trees, for the inspect commands. */
#include "tree.h"

#include <stdlib.h>

#define DEPTH_MAX 8u

/* What is in text becomes a line. */
static void end_line(struct cli_tree *tree)
{
    if (tree->text.len > 0) {
        uint8_t depth = (uint8_t)tree->depth;
        slw_heap_append(&tree->lines, slw_bytes_make(&depth, 1));
        slw_heap_append(&tree->lines, slw_heap_bytes(&tree->text));
        slw_heap_append_text(&tree->lines, "\n");
        tree->text.len = 0;
    }
}

struct slw_heap_buffer *cli_tree_line(struct cli_tree *tree, unsigned depth)
{
    end_line(tree);
    tree->depth = depth < DEPTH_MAX ? depth : DEPTH_MAX;
    return &tree->text;
}

/* Where each line begins; NULL when memory ran out. */
static size_t *find_lines(struct slw_bytes lines, size_t *ret_count)
{
    size_t *starts = NULL;
    size_t count = 0;
    for (size_t at = 0; at < lines.len; at++) {
        size_t *grown = slw_heap_grow(starts, count, sizeof *starts);
        if (grown == NULL) {
            break;
        }
        starts = grown;
        starts[count++] = at;
        const uint8_t *end = memchr(lines.ptr + at, '\n', lines.len - at);
        at = (size_t)(end - lines.ptr);
    }
    *ret_count = count;
    return starts;
}

static void draw_branches(unsigned depth, const bool *more, bool unicode,
                          struct slw_heap_buffer *ret_text)
{
    for (unsigned level = 1; level < depth; level++) {
        slw_heap_append_text(ret_text, !more[level] ? "   " : unicode ? "│  " : "|  ");
    }
    if (depth > 0 && more[depth]) {
        slw_heap_append_text(ret_text, unicode ? "├─ " : "|- ");
    } else if (depth > 0) {
        slw_heap_append_text(ret_text, unicode ? "└─ " : "`- ");
    }
}

/* From the last line up it is known which branches go on below; so each line notes them. */
static void note_branches(struct slw_bytes lines, const size_t *starts, size_t count,
                          bool (*noted)[DEPTH_MAX + 1])
{
    bool below[DEPTH_MAX + 1] = {false};
    for (size_t i = count; i > 0; i--) {
        unsigned depth = lines.ptr[starts[i - 1]];
        memcpy(noted[i - 1], below, sizeof below);
        below[depth] = true;
        for (unsigned level = depth + 1; level <= DEPTH_MAX; level++) {
            below[level] = false;
        }
    }
}

void cli_tree_draw(struct cli_tree *tree, const struct cli *cli, struct slw_heap_buffer *ret_text)
{
    end_line(tree);
    struct slw_bytes lines = slw_heap_bytes(&tree->lines);
    size_t count = 0;
    size_t *starts = find_lines(lines, &count);
    bool(*noted)[DEPTH_MAX + 1] = calloc(count + 1, sizeof *noted);
    if (tree->lines.status != SLW_OK || tree->text.status != SLW_OK || noted == NULL) {
        ret_text->status = SLW_NO_SPACE;
    } else {
        note_branches(lines, starts, count, noted);
        for (size_t i = 0; i < count; i++) {
            size_t end = i + 1 < count ? starts[i + 1] : lines.len;
            draw_branches(lines.ptr[starts[i]], noted[i], cli->unicode, ret_text);
            slw_heap_append(ret_text,
                            slw_bytes_make(lines.ptr + starts[i] + 1, end - starts[i] - 1));
        }
    }
    free(noted);
    free(starts);
    slw_heap_free(&tree->lines);
    slw_heap_free(&tree->text);
}
