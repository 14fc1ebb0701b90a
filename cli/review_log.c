/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoint of the signing service's log, and what the log says of who may decide there. See
 * review.h. */
#include "audit.h"
#include "review.h"

#define CHECKPOINT_MAX 65536u

void cli_review_log(struct cli_review *review, const char *name)
{
    struct cli_audit_log log;
    struct slw_heap_buffer bytes = {0};
    struct slw_detail why = {""};
    if (cli_audit_log_open(review->cli, review->arguments, name, &log) != CLI_DONE) {
        cli_review_miss(review, "signer/checkpoint", review->cli->detail.text);
        return;
    }
    if (log.source.get(log.source.context, "checkpoint", CHECKPOINT_MAX, &bytes, &why) == SLW_OK) {
        cli_review_keep(review, "signer/checkpoint", slw_heap_bytes(&bytes));
    } else {
        cli_review_miss(review, "signer/checkpoint", why.text);
    }
    slw_heap_drop(&bytes);
    cli_audit_log_close(&log);
}
