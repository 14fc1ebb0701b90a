/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the consumer. Nothing is installed before this port says yes.
 */
#ifndef SLIPWAY_PORT_CONSENT_H
#define SLIPWAY_PORT_CONSENT_H

#include "slipway/tuf.h"

enum slw_consent_answer { SLW_CONSENT_NOT_YET, SLW_CONSENT_YES, SLW_CONSENT_NO };

/* An honest description of what would be installed, from signed metadata only. */
struct slw_consent_question {
    struct slw_bytes release_version; /* what people call it; may be empty; at most 64 bytes */
    struct slw_bytes release_notes;   /* at most SLW_RELEASE_NOTES_SIZE_MAX bytes */
    uint32_t version;                 /* targets version */
    uint32_t installed_version;       /* 0: nothing yet */
    enum slw_urgency urgency;
    uint64_t size;                  /* bytes that would be written to slots */
    const uint8_t *metadata_sha256; /* 32 bytes: what the answer is bound to */
};

/*
 * What an implementation must do:
 *  1. ask returns at once; NOT_YET means that it will be called again, with the same question.
 *  2. The answer is about this question's metadata_sha256 and no other. The session keeps a YES or
 *     NO across reboots; the port need not.
 *  3. Delegated consent (a policy: "security fixes at night") is the port's business, too.
 */
struct slw_consent_port {
    void *context;
    enum slw_consent_answer (*ask)(void *context, const struct slw_consent_question *question);
};

#endif
