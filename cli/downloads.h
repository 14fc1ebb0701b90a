/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where `device update --from` and `device connect` keep what they fetch: in `downloads`, beside
 * the repository's metadata, so that an update that is begun again needn't fetch it again. Of each
 * folder of the repository, which is a product's channel, what was brought last stays.
 */
#ifndef SLIPWAY_CLI_DOWNLOADS_H
#define SLIPWAY_CLI_DOWNLOADS_H

#include "repo_client.h"

/* The release, as cli_repo_client_fetch_release(). Appends where it is. */
enum cli_exit cli_downloads_fetch(struct cli_repo_client *client, struct slw_bytes path,
                                  const char *channel, struct slw_heap_buffer *ret_path);

/* After the one at path was brought, however that ended: removes those of the same folder that were
 * fetched before it. One that can't be removed is told, and is no failure. */
void cli_downloads_supersede(const struct cli *cli, const char *path);

#endif
