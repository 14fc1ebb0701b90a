/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a judge answers, as bytes: the message Verdict of spec/judge.proto. Judges and the spawner
 * encode it; the key process decodes it, and believes nothing about it but that it is one.
 */
#ifndef SLIPWAY_JUDGE_VERDICT_H
#define SLIPWAY_JUDGE_VERDICT_H

#include "spawner.h"

#include "slipway/writer.h"

/*
 * status: why it couldn't be judged, with text for people; or SLW_OK, and report says how it was.
 * NULL: a report without findings. Fits SLW_VERDICT_SIZE_MAX always; texts are cut.
 */
SLW_MUST_USE enum slw_status slw_verdict_encode(enum slw_status status, const char *text,
                                                const struct slw_content_report *report,
                                                struct slw_writer *writer);

/*
 * SLW_MALFORMED for everything that isn't such a message: unknown fields, statuses that don't exist
 * or refuse nothing, rules that don't exist, more findings than there can be, texts that aren't
 * printable. ret_verdict->status is that of the first finding, when there is one.
 */
SLW_MUST_USE enum slw_status slw_verdict_decode(struct slw_bytes message,
                                                struct slw_verdict *ret_verdict);

/* A verdict that isn't a judge's own: SLW_VALIDATOR_FAILED, and why. */
void slw_verdict_fail(struct slw_verdict *ret_verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
