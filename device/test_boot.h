/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One board that boots, for boot_test.c and boot_forgery_test.c: made, updated, confirmed and
 * rebooted with bundles of spec/vectors.
 */
#ifndef SLIPWAY_TEST_BOOT_H
#define SLIPWAY_TEST_BOOT_H

#include "test_board.h"

static struct test_board board;
static struct slw_store store;
static struct slw_boot boot;
static struct test_bundle first;  /* version 1: app, rtos, user_manifest */
static struct test_bundle second; /* version 2: app, rtos */

#define V1 "roots/v1.pb"

static inline bool make_device(const char *root)
{
    return test_board_make(&board, &test_geometries[0], root, SLW_ANCHOR_PROTECTED) &&
           slw_store_format(&store, &board.layout) == SLW_OK;
}

static inline enum slw_status reboot(void)
{
    test_board_power_on(&board);
    SLW_TRY(slw_store_open(&store, &board.layout));
    return test_boot(&board, &store, &boot);
}

static inline bool install(const struct test_bundle *bundle)
{
    return test_accept_roots(&store, bundle) == SLW_OK &&
           test_install(&store, &board.layout, bundle) == SLW_OK;
}

static inline bool run_and_confirm(const struct test_bundle *bundle)
{
    return install(bundle) && reboot() == SLW_OK && boot.choice == SLW_BOOT_TRIAL &&
           slw_boot_confirm(&store) == SLW_OK;
}

static inline bool make_confirmed_device(void)
{
    return make_device(V1) && test_bundle_verify(&first, "bundles/g07_user_manifest.pb", V1) &&
           test_bundle_verify(&second, "bundles/g15_newer_version.pb", V1) &&
           run_and_confirm(&first);
}

#endif
