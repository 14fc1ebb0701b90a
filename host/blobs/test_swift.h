/* SPDX-License-Identifier: Apache-2.0 */
/* A real S3 server for unit tests: OpenStack Swift on loopback (tests/s3/serve-swift.py), started
 * with the test and ended with it. */
#ifndef SLIPWAY_BLOBS_TEST_SWIFT_H
#define SLIPWAY_BLOBS_TEST_SWIFT_H

#include "slipway/blobs.h"

#include <sys/types.h>

struct test_swift {
    char directory[64];
    char endpoint[64];
    char secret_file[96];
    pid_t pid;
    int input; /* it ends when this is closed */
    struct slw_blobs_s3 settings;
};

/* With a bucket "bucket". Says on standard error why it can't. */
bool test_swift_start(struct test_swift *ret_swift);
void test_swift_stop(struct test_swift *swift);

#endif
