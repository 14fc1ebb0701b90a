/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signing service for roles in a thread of the test, over a local socket: it verifies requests,
 * takes uploads, derives next versions by itself and signs them, and misbehaves as it is told. What
 * it leaves out is everything about who may ask for what.
 */
#ifndef SLIPWAY_TEST_SERVICE_H
#define SLIPWAY_TEST_SERVICE_H

#include "slipway/statements.h"
#include "slipway/tuf_change.h"

#define TEST_SERVICE_REQUESTS_MAX 16u
#define TEST_SERVICE_ORIGIN "signer.example/lamp"

enum test_service_mood {
    SERVICE_SIGNS,
    SERVICE_WAITS,             /* every request, for approvals */
    SERVICE_WANTS_FILE,        /* that is added, then it signs */
    SERVICE_REFUSES,           /* every request */
    SERVICE_LETS_EXPIRE,       /* every request */
    SERVICE_SIGNS_OTHER_BYTES, /* than it was asked for */
    SERVICE_SIGNS_WITH_OTHER_KEY,
    SERVICE_ANSWERS_SHORT,    /* 63 bytes for a signature */
    SERVICE_ANSWERS_NONSENSE, /* instead of JSON */
    SERVICE_HANGS_UP,
    SERVICE_LOSES_UPLOADS, /* the first piece of each */
};

struct test_service {
    char url[128]; /* "unix:PATH" */
    const struct slw_public_key *requester;
    const struct slw_private_key *key; /* of the name "tuf-online" */
    const struct slw_private_key *other_key;
    enum test_service_mood mood; /* set between requests alone */
    const char *lists[2];        /* pages of the list of requests; NULL: none */
    /* what happened */
    size_t requests_count; /* distinct ones */
    size_t stages_count;
    size_t uploads_count;
    size_t uploaded_bytes;   /* of what was staged last */
    char refused[256];       /* why the last request was, by the service itself */
    struct slw_request last; /* views that are gone; numbers and has_… stay */
    char last_channel[64];
    /* private */
    struct test_service_state *state;
};

bool test_service_start(struct test_service *service);
void test_service_stop(struct test_service *service);

#endif
