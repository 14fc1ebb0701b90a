/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway ceremony`: a ceremony's folder, which people hand from machine to machine.
 *
 *     plan.json            the plan
 *     former-root          the file of the former root, when there is one
 *     transcript/000.json  an entry for each step that is done
 *     root.pb, root.json   what came out, once it is finished
 */
#ifndef SLIPWAY_CLI_CEREMONY_H
#define SLIPWAY_CLI_CEREMONY_H

#include "inputs.h"

#include "slipway/ceremony.h"

/* All entries are verified when it is opened. */
struct cli_ceremony {
    const char *directory;
    struct slw_ceremony *ceremony;
    struct slw_heap_buffer former; /* its file */
};

/* memory_path: as for cli_ceremony_recall(); NULL: none. */
enum cli_exit cli_ceremony_open(struct cli *cli, const char *directory, const char *memory_path,
                                struct cli_ceremony *ret_folder);
void cli_ceremony_close(struct cli_ceremony *folder);

/* Appends DIRECTORY/NAME; of an entry DIRECTORY/transcript/NNN.json; of the root that comes out. */
void cli_ceremony_path(const char *directory, const char *name, struct slw_heap_buffer *ret_path);
void cli_ceremony_entry_path(const char *directory, size_t number,
                             struct slw_heap_buffer *ret_path);
void cli_ceremony_root_path(const struct cli_ceremony *folder, struct slw_heap_buffer *ret_path);

/* Accepts the entry, and then writes it where the next one goes. */
enum cli_exit cli_ceremony_write_entry(struct cli *cli, struct cli_ceremony *folder,
                                       struct slw_heap_buffer *entry);

/*
 * What a person's own machine remembers of ceremonies, so that a folder that comes back with fewer
 * or other entries is refused (log-behind): a file with a line for each ceremony, the SHA-256 of
 * its plan, how many entries there were, and the SHA-256 of the last.
 */
struct cli_ceremony_memory {
    bool known;
    uint64_t count;
    uint8_t last[SLW_SHA256_SIZE];
};
enum cli_exit cli_ceremony_recall(struct cli *cli, const char *path,
                                  const uint8_t plan[static SLW_SHA256_SIZE],
                                  struct cli_ceremony_memory *ret_memory);
enum cli_exit cli_ceremony_remember(struct cli *cli, const char *path,
                                    const struct slw_ceremony *ceremony);

/* Whether clients would take the root in this file, after the former one where it follows it; says
 * so, or why not. */
enum cli_exit cli_ceremony_verify_root(struct cli *cli, const struct cli_ceremony *folder,
                                       const char *path);

enum cli_exit cli_ceremony_plan(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_ceremony_status(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_ceremony_next(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_ceremony_verify(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_ceremony_finish(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_ceremony_submit_options[];
enum cli_exit cli_ceremony_submit(struct cli *cli, const struct cli_arguments *arguments);

#endif
