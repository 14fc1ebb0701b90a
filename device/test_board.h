/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board for tests of the store and the boot stage: flash that can lose power, a layout with the
 * components "app" and "rtos", and a small installer that does to the store what a session does,
 * with the bundles of spec/vectors.
 */
#ifndef SLIPWAY_TEST_BOARD_H
#define SLIPWAY_TEST_BOARD_H

#include "slipway/anchor_flash.h"
#include "slipway/boot.h"
#include "slipway/flash_faulty.h"

#define TEST_FLASH_SIZE_MAX ((size_t)65536)
#define TEST_COMPONENTS 2u
#define TEST_NAMES 64u
#define TEST_FILE_SIZE_MAX 16384u

struct test_geometry {
    const char *name;
    uint32_t sector_size;
    uint32_t program_size;
    uint8_t erased_value;
};

/* Every kind of flash that the formats have to do with. */
#define TEST_GEOMETRIES 5u
extern const struct test_geometry test_geometries[TEST_GEOMETRIES];

struct test_file {
    uint8_t bytes[TEST_FILE_SIZE_MAX];
    struct slw_memory_source source;
};

struct test_board {
    uint8_t bytes[TEST_FLASH_SIZE_MAX];
    uint8_t granules[TEST_FLASH_SIZE_MAX];
    struct slw_flash_ram ram;
    struct slw_flash_faulty flash;
    struct test_file factory;
    struct slw_component components[TEST_COMPONENTS];
    struct slw_anchor_flash anchor;
    struct slw_region anchor_place;
    struct slw_layout layout;
    struct slw_verifier_memory memory;
    uint8_t block[256];
    struct slw_root_key root_keys[3 * 8];
    struct slw_signature signatures[8];
    struct slw_name names[TEST_NAMES];
};

/* What flash held at a moment. */
struct test_copy {
    uint8_t bytes[TEST_FLASH_SIZE_MAX];
    uint8_t granules[TEST_FLASH_SIZE_MAX];
    bool weak;
};

/* A bundle that was verified under a root; memory of its own. */
struct test_bundle {
    struct test_file file;
    struct test_file root;
    struct slw_verifier verifier;
    struct slw_expectations expectations;
    struct slw_root_key root_keys[3 * 8];
    struct slw_signature signatures[8];
    struct slw_name names[TEST_NAMES];
    uint8_t block[256];
    const struct slw_trusted_bundle *trusted;
};

/* name: a file in spec/vectors. False when it can't be read. */
bool test_file_read(struct test_file *file, const char *name);

/* An erased board that was given this root; true when the vectors are there. */
bool test_board_make(struct test_board *board, const struct test_geometry *geometry,
                     const char *factory_root, enum slw_anchor_kind anchor);

/* The anchor port starts over, as after a reset. */
void test_board_power_on(struct test_board *board);

void test_board_save(const struct test_board *board, struct test_copy *copy);
void test_board_restore(struct test_board *board, const struct test_copy *copy);

/* True when it verifies; stored_version as the device has it. */
bool test_bundle_verify(struct test_bundle *bundle, const char *name, const char *trusted_root);

/* What a session does once a bundle is verified: its roots, a blob each, then one commit. */
enum slw_status test_accept_roots(struct slw_store *store, const struct test_bundle *bundle);

/* Images into the slots that don't run, metadata, and one commit that makes them the trial. */
enum slw_status test_install(struct slw_store *store, const struct slw_layout *layout,
                             const struct test_bundle *bundle);

enum slw_status test_boot(struct test_board *board, struct slw_store *store,
                          struct slw_boot *ret_boot);

#endif
