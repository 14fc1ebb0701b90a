/* SPDX-License-Identifier: Apache-2.0 */
/* A board for tests of the store and the boot stage (test_board.h). */
#include "test_board.h"

#include <stdio.h>

const struct test_geometry test_geometries[TEST_GEOMETRIES] = {
    {"sectors of 4096, granules of 1", 4096, 1, 0xFF},
    {"sectors of 512, granules of 8", 512, 8, 0xFF},
    {"sectors of 4096, granules of 32", 4096, 32, 0xFF},
    {"sectors of 512, granules of 1, erased 00", 512, 1, 0x00},
    {"sectors of 528, granules of 16, erased 00", 528, 16, 0x00},
};

bool test_file_read(struct test_file *file, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "spec/vectors/%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return false;
    }
    size_t len = fread(file->bytes, 1, sizeof file->bytes, stream);
    bool whole = len < sizeof file->bytes && ferror(stream) == 0;
    (void)fclose(stream);
    slw_memory_source_init(&file->source, slw_bytes_make(file->bytes, len));
    return whole;
}

static struct slw_region take(struct test_board *board, uint64_t *at, uint64_t size)
{
    uint64_t sector = board->ram.flash.sector_size;
    struct slw_region region = {&board->flash.flash, *at, (size + sector - 1) / sector * sector};
    *at += region.size;
    return region;
}

static void lay_out(struct test_board *board, enum slw_anchor_kind anchor)
{
    struct slw_layout *layout = &board->layout;
    uint64_t at = 0;
    uint64_t sector = board->ram.flash.sector_size;
    board->anchor_place = take(board, &at, 2 * sector);
    layout->journal.flash = &board->flash.flash;
    layout->journal = take(board, &at, 2 * slw_journal_segment_size(layout));
    layout->blobs = take(board, &at, sector < 4096 ? 12 * sector : 6 * sector);
    static const char *const names[TEST_COMPONENTS] = {"app", "rtos"};
    for (size_t i = 0; i < TEST_COMPONENTS; i++) {
        board->components[i].name = slw_bytes_make(names[i], strlen(names[i]));
        board->components[i].slots[0] = take(board, &at, 1);
        board->components[i].slots[1] = take(board, &at, 1);
    }
    layout->components = board->components;
    layout->components_count = TEST_COMPONENTS;
    layout->factory_root = board->factory.source.bytes;
    slw_anchor_flash_init(&board->anchor, &board->anchor_place, &layout->anchor);
    if (anchor == SLW_ANCHOR_NONE) {
        layout->anchor = (struct slw_anchor){.kind = SLW_ANCHOR_NONE};
    }
}

bool test_board_make(struct test_board *board, const struct test_geometry *geometry,
                     const char *factory_root, enum slw_anchor_kind anchor)
{
    const struct slw_flash_geometry whole = {
        .size = TEST_FLASH_SIZE_MAX / geometry->sector_size * geometry->sector_size,
        .sector_size = geometry->sector_size,
        .program_size = geometry->program_size,
        .erased_value = geometry->erased_value,
    };
    memset(board, 0, sizeof *board);
    slw_flash_ram_init(&board->ram, &whole, board->bytes, board->granules);
    slw_flash_ram_erase_all(&board->ram);
    slw_flash_faulty_init(&board->flash, &board->ram);
    board->memory = (struct slw_verifier_memory){
        .block = board->block,
        .block_size = sizeof board->block,
        .root_keys = board->root_keys,
        .root_keys_count = sizeof board->root_keys / sizeof board->root_keys[0],
        .signatures = board->signatures,
        .signatures_count = sizeof board->signatures / sizeof board->signatures[0],
        .names = board->names,
        .names_count = TEST_NAMES,
    };
    if (!test_file_read(&board->factory, factory_root)) {
        return false;
    }
    lay_out(board, anchor);
    return true;
}

static void reset_anchor(struct test_board *board)
{
    if (board->layout.anchor.kind == SLW_ANCHOR_PROTECTED) {
        slw_anchor_flash_init(&board->anchor, &board->anchor_place, &board->layout.anchor);
    }
}

void test_board_power_on(struct test_board *board)
{
    slw_flash_faulty_power_on(&board->flash);
    reset_anchor(board);
}

void test_board_save(const struct test_board *board, struct test_copy *copy)
{
    memcpy(copy->bytes, board->bytes, sizeof copy->bytes);
    memcpy(copy->granules, board->granules, sizeof copy->granules);
    copy->weak = board->flash.weak;
}

void test_board_restore(struct test_board *board, const struct test_copy *copy)
{
    memcpy(board->bytes, copy->bytes, sizeof copy->bytes);
    memcpy(board->granules, copy->granules, sizeof copy->granules);
    board->flash.weak = copy->weak;
    board->flash.powered = true;
    board->flash.cut_at = UINT64_MAX;
    reset_anchor(board);
}

bool test_bundle_verify(struct test_bundle *bundle, const char *name, const char *trusted_root)
{
    const struct slw_verifier_memory memory = {
        .block = bundle->block,
        .block_size = sizeof bundle->block,
        .root_keys = bundle->root_keys,
        .root_keys_count = sizeof bundle->root_keys / sizeof bundle->root_keys[0],
        .signatures = bundle->signatures,
        .signatures_count = sizeof bundle->signatures / sizeof bundle->signatures[0],
        .names = bundle->names,
        .names_count = TEST_NAMES,
    };
    bundle->expectations = (struct slw_expectations){
        .limits = slw_default_limits,
        .decodable = UINT32_MAX,
    };
    if (!test_file_read(&bundle->file, name) || !test_file_read(&bundle->root, trusted_root)) {
        return false;
    }
    slw_verifier_start(&bundle->verifier, &memory, &bundle->expectations,
                       &bundle->root.source.source, &bundle->file.source.source);
    while (!bundle->verifier.done) {
        if (slw_verifier_step(&bundle->verifier) != SLW_OK) {
            return false;
        }
    }
    bundle->trusted = slw_verifier_result(&bundle->verifier);
    return true;
}

static enum slw_status accept_root(struct slw_store *store, const struct slw_source *source,
                                   struct slw_span span, struct slw_state *next)
{
    static struct slw_root_key keys[8];
    struct slw_untrusted_root root;
    struct slw_reader reader;
    struct slw_span serialized;
    struct slw_blob blob;
    uint8_t block[128];
    slw_root_init(&root.content, keys, sizeof keys / sizeof keys[0]);
    slw_reader_init(&reader, source, block, sizeof block);
    slw_reader_seek(&reader, span.offset, span.offset + span.length);
    SLW_TRY(slw_signed_scan(&reader, SLW_SIGNATURES_MAX, SLW_ROOT_SIZE_MAX, &serialized));
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    SLW_TRY(slw_root_parse(&reader, &root));
    if (root.content.version <= next->root_version) {
        return SLW_OK;
    }
    SLW_TRY(slw_store_put_blob(store, SLW_BLOB_ROOT, root.content.version, source, span.offset,
                               span.length, &blob));
    next->root_version = root.content.version;
    memcpy(next->root, blob.sha256, sizeof next->root);
    return SLW_OK;
}

enum slw_status test_accept_roots(struct slw_store *store, const struct test_bundle *bundle)
{
    const struct slw_trusted_bundle *trusted = bundle->trusted;
    struct slw_state next = store->state;
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    uint8_t block[128];
    if (!trusted->root_upgraded) {
        return SLW_OK;
    }
    slw_reader_init(&reader, trusted->source, block, sizeof block);
    slw_proto_begin(&proto, &reader, &slw_bundle_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_BUNDLE_ROOT_HISTORY) {
            const struct slw_span span = {field.offset, field.length};
            SLW_TRY(accept_root(store, trusted->source, span, &next));
        }
    }
    SLW_TRY(accept_root(store, trusted->source, trusted->signed_root, &next));
    return slw_store_commit(store, &next);
}

static enum slw_status write_slot(const struct slw_region *slot, const struct slw_source *source,
                                  struct slw_span payload)
{
    uint8_t image[512];
    size_t granule = slot->flash->program_size;
    size_t padded = ((size_t)payload.length + granule - 1) / granule * granule;
    memset(image, slot->flash->erased_value, sizeof image);
    if (payload.length > 0) {
        SLW_TRY(source->read(source->context, payload.offset, image, (size_t)payload.length));
    }
    SLW_TRY(slw_region_erase(slot, 0));
    return slw_region_program(slot, 0, image, padded);
}

static enum slw_status install_target(struct slw_store *store, const struct slw_layout *layout,
                                      const struct test_bundle *bundle,
                                      const struct slw_trusted_target *target,
                                      struct slw_release *release, uint32_t *listed)
{
    struct slw_blob blob;
    size_t index = 0;
    struct slw_bytes name = slw_bytes_make(target->target.name, target->target.name_len);
    struct slw_bytes slot = slw_bytes_make(target->target.slot, target->target.slot_len);
    if (slw_bytes_equal(name, SLW_USER_MANIFEST)) {
        SLW_TRY(slw_store_put_blob(store, SLW_BLOB_USER_MANIFEST, release->version,
                                   bundle->trusted->source, target->payload.offset,
                                   target->payload.length, &blob));
        memcpy(release->user_manifest, blob.sha256, sizeof blob.sha256);
        return SLW_OK;
    }
    SLW_TRY(slw_layout_find(layout, slot, &index));
    struct slw_image *image = &release->images[index];
    image->slot = image->present ? (uint8_t)(1 - image->slot) : 0;
    image->present = true;
    image->version = release->version;
    image->length = target->target.length;
    memcpy(image->sha256, target->target.sha256, sizeof image->sha256);
    *listed |= (uint32_t)1 << index;
    return write_slot(&layout->components[index].slots[image->slot], bundle->trusted->source,
                      target->payload);
}

static enum slw_status install_targets(struct slw_store *store, const struct slw_layout *layout,
                                       const struct test_bundle *bundle,
                                       struct slw_release *release, uint32_t *listed)
{
    struct slw_target_walk walk;
    uint8_t block[128];
    slw_target_walk_start(&walk, bundle->trusted->source, &bundle->trusted->targets, block,
                          sizeof block);
    for (;;) {
        struct slw_trusted_target target;
        enum slw_status status = slw_trusted_bundle_next_target(bundle->trusted, &walk, &target);
        if (status == SLW_NOT_FOUND) {
            return SLW_OK;
        }
        SLW_TRY(status);
        SLW_TRY(install_target(store, layout, bundle, &target, release, listed));
    }
}

enum slw_status test_install(struct slw_store *store, const struct slw_layout *layout,
                             const struct test_bundle *bundle)
{
    const struct slw_trusted_bundle *trusted = bundle->trusted;
    struct slw_release release = store->state.confirmed;
    struct slw_blob blob;
    uint32_t listed = 0;
    release.present = true;
    release.version = trusted->targets.version;
    release.security_floor = trusted->targets.security_floor;
    release.resets_version = trusted->resets_version;
    memcpy(release.metadata_sha256, trusted->targets.sha256, SLW_SHA256_SIZE);
    memcpy(release.root, store->state.root, SLW_SHA256_SIZE);
    memset(release.user_manifest, 0, SLW_SHA256_SIZE);
    SLW_TRY(install_targets(store, layout, bundle, &release, &listed));
    SLW_TRY(slw_store_put_blob(store, SLW_BLOB_TARGETS, release.version, trusted->source,
                               trusted->signed_targets.offset, trusted->signed_targets.length,
                               &blob));
    memcpy(release.metadata, blob.sha256, SLW_SHA256_SIZE);
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        if ((listed >> i & 1) != 0) {
            memcpy(release.images[i].metadata, release.metadata, SLW_SHA256_SIZE);
            memcpy(release.images[i].root, release.root, SLW_SHA256_SIZE);
        }
    }
    struct slw_state next = store->state;
    next.trial = release;
    next.trial_attempts = 0;
    return slw_store_commit(store, &next);
}

enum slw_status test_boot(struct test_board *board, struct slw_store *store,
                          struct slw_boot *ret_boot)
{
    return slw_boot(ret_boot, store, &board->layout, SLW_BOOT_TRIAL_ATTEMPTS_MAX,
                    &slw_default_limits, &board->memory);
}
