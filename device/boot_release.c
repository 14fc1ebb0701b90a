/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a release may run: its metadata by their signatures, each image by its place in them and
 * by what its slot holds. The journal only says where to look; what it claims must be what somebody
 * signed.
 *
 * A trial is vouched for by the root in force now, so that a key revoked meanwhile vouches for
 * nothing. A confirmed release, and images that a release kept, are vouched for by the root that
 * they were confirmed under, as long as that is one of the chain.
 */
#include "boot_private.h"

#include "slipway/checked.h"

struct check {
    const struct slw_boot_context *boot;
    const struct slw_release *release;
    bool is_trial;
    enum slw_status status; /* the first failure of the release itself */
    bool metadata_done;
    uint32_t images_done; /* bit per component */
    bool is_reset;        /* the confirmed release's version, by the last root */
    /* of the metadata being looked at */
    const uint8_t *metadata; /* digest of the blob */
    const struct slw_chain_root *root;
    bool is_own; /* the release's own, not those of an image that it kept */
    struct slw_targets targets;
    struct slw_names names;
    uint32_t listed;
};

static bool is_same_digest(const uint8_t *left, const uint8_t *right)
{
    return memcmp(left, right, SLW_SHA256_SIZE) == 0;
}

static enum slw_status refuse_name(const struct check *check, enum slw_status status,
                                   struct slw_bytes name)
{
    return slw_find_name(check->boot->finding, status, name);
}

/* What the release says of this component, when it is the metadata being looked at that say it. */
static const struct slw_image *image_of_metadata(const struct check *check, size_t index)
{
    const struct slw_image *image = &check->release->images[index];
    if (!image->present || !is_same_digest(image->metadata, check->metadata)) {
        return NULL;
    }
    return check->is_own || is_same_digest(image->root, check->root->blob_sha256) ? image : NULL;
}

static void init_reader(const struct check *check, struct slw_reader *reader,
                        const struct slw_source *source)
{
    const struct slw_verifier_memory *memory = check->boot->memory;
    slw_reader_init(reader, source, memory->block, memory->block_size);
}

static enum slw_status parse_metadata(struct check *check, const struct slw_source *source,
                                      const struct slw_expectations *expectations)
{
    const struct slw_limits *limits = check->boot->limits;
    struct slw_reader reader;
    struct slw_span serialized = {0};
    init_reader(check, &reader, source);
    SLW_TRY(slw_signed_scan(&reader, limits->signatures, limits->targets_size, &serialized));
    if (serialized.length == 0) {
        return SLW_MISSING_TARGETS;
    }
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    check->names = (struct slw_names){
        .entries = check->boot->memory->names,
        .max = check->boot->memory->names_count,
    };
    return slw_targets_parse(&reader, expectations, &check->targets, &check->names);
}

static enum slw_status verify_signatures(const struct check *check, const struct slw_source *source)
{
    const struct slw_boot_context *boot = check->boot;
    const struct slw_message message = {source, check->targets.serialized, check->targets.sha256};
    struct slw_signatures signatures = {
        .entries = boot->memory->signatures,
        .max = slw_min_size(boot->memory->signatures_count, boot->limits->signatures),
    };
    struct slw_reader reader;
    struct slw_quorum quorum;
    init_reader(check, &reader, source);
    SLW_TRY(slw_signatures_read(&reader, &signatures));
    SLW_TRY(slw_signatures_check(&signatures, SLW_ROLE_TARGETS, boot->finding));
    slw_quorum_start(&quorum, &check->root->root->content, SLW_ROLE_TARGETS);
    while (!quorum.done) {
        SLW_TRY(slw_quorum_step(&quorum, &signatures, &message, boot->memory->block,
                                boot->memory->block_size));
    }
    if (!slw_quorum_reached(&quorum)) {
        return slw_find_numbers(boot->finding, SLW_BELOW_THRESHOLD, SLW_ROLE_TARGETS, quorum.good,
                                quorum.enough);
    }
    return SLW_OK;
}

/* Expiry never blocks a boot, and who the device is was asked before it was installed. */
static enum slw_status verify_content(const struct check *check, const struct slw_source *source,
                                      const struct slw_expectations *expectations)
{
    struct slw_reader lookup;
    init_reader(check, &lookup, source);
    return slw_targets_check(&check->targets, &check->names, expectations, 0,
                             check->root->root->content.key_class, &lookup, check->boot->finding);
}

/* What the record repeats of the metadata must be what they say. */
static bool record_is_right(const struct check *check)
{
    const struct slw_release *release = check->release;
    return !check->is_own || (check->targets.version == release->version &&
                              check->targets.security_floor == release->security_floor &&
                              is_same_digest(check->targets.sha256, release->metadata_sha256));
}

/*
 * A component that the release lists runs what the release lists: nobody may mix an old image into
 * it.
 */
static enum slw_status compare_target(struct check *check, const struct slw_target *target)
{
    struct slw_bytes name = slw_bytes_make(target->name, target->name_len);
    struct slw_bytes slot = slw_bytes_make(target->slot, target->slot_len);
    size_t index = 0;
    if (slw_bytes_equal(name, SLW_USER_MANIFEST)) {
        return SLW_OK;
    }
    if (slw_layout_find(check->boot->layout, slot, &index) != SLW_OK) {
        return check->is_own ? refuse_name(check, SLW_UNKNOWN_SLOT, slot) : SLW_OK;
    }
    const struct slw_image *image = image_of_metadata(check, index);
    if (image == NULL) {
        return check->is_own ? refuse_name(check, SLW_STORED_STATE, name) : SLW_OK;
    }
    if (target->hashes_differ) {
        return refuse_name(check, SLW_WRONG_HASH, name);
    }
    if (image->length != target->length || image->version != check->targets.version ||
        !is_same_digest(image->sha256, target->sha256)) {
        return refuse_name(check, SLW_STORED_STATE, name);
    }
    check->listed |= (uint32_t)1 << index;
    return SLW_OK;
}

static enum slw_status compare_targets(struct check *check, const struct slw_source *source)
{
    const struct slw_verifier_memory *memory = check->boot->memory;
    struct slw_target_walk walk;
    struct slw_target target;
    struct slw_name *entry = NULL;
    slw_target_walk_start(&walk, source, &check->targets, memory->block, memory->block_size);
    for (;;) {
        enum slw_status status =
            slw_target_walk_next(&walk, &check->targets, &check->names, &target, &entry);
        if (status == SLW_NOT_FOUND) {
            return SLW_OK;
        }
        SLW_TRY(status);
        SLW_TRY(compare_target(check, &target));
    }
}

/* What is hashed is what the slot holds now. */
static enum slw_status measure(const struct check *check, size_t index)
{
    const struct slw_component *component = &check->boot->layout->components[index];
    const struct slw_image *image = &check->release->images[index];
    const struct slw_region *slot = &component->slots[image->slot];
    const struct slw_verifier_memory *memory = check->boot->memory;
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    if (image->length > slot->size) {
        return refuse_name(check, SLW_SLOT_TOO_SMALL, component->name);
    }
    slw_sha256_init(&hash);
    for (uint64_t at = 0; at < image->length;) {
        size_t len = (size_t)slw_min_u64(image->length - at, memory->block_size);
        enum slw_status status = slw_region_read(slot, at, memory->block, len);
        if (status != SLW_OK) {
            return refuse_name(check, status, component->name);
        }
        slw_sha256_update(&hash, slw_bytes_make(memory->block, len));
        at += len;
    }
    slw_sha256_final(&hash, digest);
    return is_same_digest(digest, image->sha256)
               ? SLW_OK
               : refuse_name(check, SLW_WRONG_HASH, component->name);
}

static enum slw_status measure_listed(struct check *check)
{
    for (size_t i = 0; i < check->boot->layout->components_count; i++) {
        if (image_of_metadata(check, i) == NULL) {
            continue;
        }
        if ((check->listed >> i & 1) == 0) {
            return refuse_name(check, SLW_STORED_STATE, check->boot->layout->components[i].name);
        }
        SLW_TRY(measure(check, i));
        check->images_done |= (uint32_t)1 << i;
    }
    return SLW_OK;
}

static enum slw_status verify_metadata(struct check *check, const struct slw_chain_root *root,
                                       const uint8_t *metadata, bool is_own)
{
    const struct slw_expectations expectations = {.limits = *check->boot->limits};
    struct slw_blob blob;
    enum slw_status status = slw_store_find_blob(check->boot->store, metadata, &blob);
    if (status == SLW_NOT_FOUND) {
        return SLW_STORED_STATE;
    }
    SLW_TRY(status);
    check->metadata = metadata;
    check->root = root;
    check->is_own = is_own;
    check->listed = 0;
    SLW_TRY(parse_metadata(check, &blob.place.source, &expectations));
    SLW_TRY(verify_signatures(check, &blob.place.source));
    SLW_TRY(verify_content(check, &blob.place.source, &expectations));
    if (!record_is_right(check)) {
        return SLW_STORED_STATE;
    }
    SLW_TRY(compare_targets(check, &blob.place.source));
    return measure_listed(check);
}

/* An image that the release doesn't list is the one that the confirmed release runs, and no other.
 */
static bool is_kept(const struct check *check, size_t index)
{
    const struct slw_release *confirmed = &check->boot->store->state.confirmed;
    const struct slw_image *image = &check->release->images[index];
    const struct slw_image *before = &confirmed->images[index];
    return confirmed->present && before->present && image->slot == before->slot &&
           image->version == before->version && image->length == before->length &&
           is_same_digest(image->sha256, before->sha256) &&
           is_same_digest(image->metadata, before->metadata) &&
           is_same_digest(image->root, before->root);
}

/* The release's own metadata, once its root is in memory; then those of images that it kept. */
static enum slw_status verify_under(struct check *check, const struct slw_chain_root *root)
{
    const struct slw_release *release = check->release;
    bool own_root =
        check->is_trial ? root->is_last : is_same_digest(release->root, root->blob_sha256);
    if (own_root && !check->metadata_done) {
        SLW_TRY(verify_metadata(check, root, release->metadata, true));
        check->metadata_done = true;
    }
    for (size_t i = 0; i < check->boot->layout->components_count; i++) {
        const struct slw_image *image = &release->images[i];
        if (image->present && (check->images_done >> i & 1) == 0 &&
            !is_same_digest(image->metadata, release->metadata) &&
            is_same_digest(image->root, root->blob_sha256)) {
            if (check->is_trial && !is_kept(check, i)) {
                return refuse_name(check, SLW_STORED_STATE,
                                   check->boot->layout->components[i].name);
            }
            SLW_TRY(verify_metadata(check, root, image->metadata, false));
        }
    }
    return SLW_OK;
}

/* Failures of the release are kept, so that those of the chain are told from them. */
static enum slw_status visit(void *context, const struct slw_chain_root *root)
{
    struct check *check = context;
    check->is_reset = root->resets_targets;
    if (check->status == SLW_OK) {
        check->status = verify_under(check, root);
    }
    return SLW_OK;
}

static bool all_is_done(const struct check *check)
{
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        if (check->release->images[i].present && (check->images_done >> i & 1) == 0) {
            return false;
        }
    }
    return check->metadata_done;
}

/* The journal's word alone neither lowers a version nor brings back an old release. */
static enum slw_status check_version(const struct check *check)
{
    const struct slw_state *state = &check->boot->store->state;
    uint32_t version = check->release->version;
    if (version < state->security_floor) {
        return slw_find_numbers(check->boot->finding, SLW_ROLLBACK, SLW_ROLE_TARGETS, version,
                                state->security_floor);
    }
    if (!check->is_trial) {
        return version == state->targets_version ? SLW_OK : SLW_STORED_STATE;
    }
    if (version < state->targets_version && !(check->release->resets_version && check->is_reset)) {
        return slw_find_numbers(check->boot->finding, SLW_ROLLBACK, SLW_ROLE_TARGETS, version,
                                state->targets_version);
    }
    return SLW_OK;
}

enum slw_status slw_release_verify(const struct slw_boot_context *boot,
                                   const struct slw_release *release, bool is_trial,
                                   bool *ret_chain_ok)
{
    struct check check = {.boot = boot, .release = release, .is_trial = is_trial};
    const struct slw_chain_visitor visitor = {&check, visit};
    *ret_chain_ok = false;
    SLW_TRY(slw_chain_climb(boot, boot->store->state.root, &visitor));
    *ret_chain_ok = true;
    SLW_TRY(check.status);
    SLW_TRY(check_version(&check));
    return all_is_done(&check) ? SLW_OK : SLW_STORED_STATE;
}
