/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree that a person reads:
 *
 *     root.pb
 *     ├─ version 1
 *     └─ role root: 1 of 1 key must sign
 *        └─ 3f2a… p256
 *
 * Lines are added in order with their depth; where branches end is found out when it is printed.
 */
#ifndef SLIPWAY_CLI_TREE_H
#define SLIPWAY_CLI_TREE_H

#include "output.h"

struct cli_tree {
    struct slw_heap_buffer text;  /* of the line that is being written */
    struct slw_heap_buffer lines; /* private: depth byte, then text, then a newline */
    unsigned depth;               /* private */
};

/* Starts a line at depth (0: the trunk), whose text is then appended to tree->text. */
struct slw_heap_buffer *cli_tree_line(struct cli_tree *tree, unsigned depth);

/* Draws all lines into ret_text, and frees the tree. */
void cli_tree_draw(struct cli_tree *tree, const struct cli *cli, struct slw_heap_buffer *ret_text);

#endif
