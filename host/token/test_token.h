/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SoftHSM token of a test program's own, behind the faulty module of tests/, with keys to try.
 * For the unit tests of this folder.
 */
#ifndef SLIPWAY_TEST_TOKEN_H
#define SLIPWAY_TEST_TOKEN_H

#include "slipway/token.h"

#include "faulty_pkcs11.h"

/*
 * What test_token_start() puts into the token "slipway test":
 *     p256, ed25519    as slw_token_key_generate() makes them
 *     twin             two keys of this label, ids 01 and 02
 *     exportable       one that may leave the token
 *     careful          one that wants the PIN for each signature, id 04
 *     certified        one whose public half is in a certificate alone, id 05
 *     lonely           one without any public half, id 06
 */
struct test_token {
    char directory[64];
    char module[512];
    volatile struct faulty_plan *plan;
};

extern struct test_token test_token;

/* False when SoftHSM isn't installed here; exits the program when it can't be set up. */
bool test_token_start(void);
void test_token_stop(void);

/* The plan does nothing wrong from here on, and all counts are 0. */
void test_token_behave(void);

/* "pkcs11:token=slipway%20test;ATTRIBUTES?module-path=…&pin-source=file:…/NAME"; without pin_name
 * no pin-source. The PINs "pin" (right), "wrong", "other" (wrong too) and "empty" are there. Lives
 * until the next call. */
const char *test_token_uri(const char *attributes, const char *pin_name);

#endif
