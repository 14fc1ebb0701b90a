/* SPDX-License-Identifier: Apache-2.0 */
/* Editing a file in place: one program at a time, so that no signature gets lost. */
#ifndef SLIPWAY_CLI_EDIT_LOCK_H
#define SLIPWAY_CLI_EDIT_LOCK_H

/*
 * Waits until no other slipway edits the file, and keeps others waiting until this program ends. To
 * be called before the file is read. Says nothing about files that can't be opened or locked:
 * reading them tells.
 */
void cli_lock_for_edit(const char *path);

#endif
