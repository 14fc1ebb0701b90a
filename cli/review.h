/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway review`: what its files share. A folder for somebody who reviews the security of an
 * installation, and a summary of what stands out. */
#ifndef SLIPWAY_CLI_REVIEW_H
#define SLIPWAY_CLI_REVIEW_H

#include "depot.h"
#include "transparency.h"

#include "slipway/json.h"

struct cli_review {
    struct cli *cli;
    const struct cli_arguments *arguments;
    const char *directory;
    int64_t now_utc_s;
    struct cli_transparency transparency; /* of the signing service's log */
    struct slw_heap_buffer files;         /* a JSON array of names, as it grows */
    struct slw_heap_buffer missing;       /* of {"what","why"} */
    struct slw_heap_buffer roles;         /* of {"role","version","expires",…} */
    struct slw_heap_buffer findings;      /* of texts */
    struct slw_json files_json, missing_json, roles_json, findings_json;
    enum slw_status status; /* the first failure to write */
};

/* Keeps bytes as a file of the folder. */
void cli_review_keep(struct cli_review *review, const char *name, struct slw_bytes bytes);
/* What couldn't be gathered, and why: nothing is left out in silence. */
void cli_review_miss(struct cli_review *review, const char *what, const char *why);
void cli_review_find(struct cli_review *review, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The metadata of a repository's directory: keys, thresholds, expiries of each role. */
void cli_review_repository(struct cli_review *review, const char *path);
/* The signing service's log, from a copy, from where it is published, or from the service itself:
 * its newest checkpoint, and what the whole of it says when it is known whose it is. */
void cli_review_log(struct cli_review *review, const char *name);
/* What stands out in answers of the depot: who may do everything, tokens, gates. */
void cli_review_judge_people(struct cli_review *review, const struct slw_heap_buffer *text);
void cli_review_judge_tokens(struct cli_review *review, const struct slw_heap_buffer *text);
void cli_review_judge_pipeline(struct cli_review *review, const char *product,
                               const struct slw_heap_buffer *text);
/* What the depot says: people, tokens, products with their pipelines, groups and rollouts. */
enum cli_exit cli_review_depot(struct cli_review *review);

#endif
