/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests that work in a temporary directory remove it with all that is in it. */
#ifndef TESTS_REMOVE_TREE_H
#define TESTS_REMOVE_TREE_H

#include <fts.h>
#include <stdio.h>

/* What isn't there is fine. */
static inline void remove_tree(const char *path)
{
    char copy[256];
    char *const roots[] = {copy, NULL};
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        return;
    }
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = tree == NULL ? NULL : fts_read(tree); entry != NULL;
         entry = fts_read(tree)) {
        if (entry->fts_info != FTS_D) {
            (void)remove(entry->fts_path);
        }
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
}

#endif
