/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's payloads: each one that the bundle has must be listed and be what is signed, and
 * each one that is listed must be there or be installed already. A closed world.
 */
#include "target_read.h"
#include "verifier_phases.h"

void slw_verifier_start_payloads(struct slw_verifier *verifier)
{
    uint64_t first = verifier->has_payloads ? verifier->first_payload : verifier->bundle->size;
    slw_reader_seek(&verifier->reader, first, verifier->bundle->size);
    slw_verifier_walk_wrapper(verifier);
    verifier->phase = SLW_VERIFY_PAYLOADS;
}

static struct slw_bytes target_name(const struct slw_target *target)
{
    return slw_bytes_make(target->name, target->name_len);
}

static struct slw_name *image_entry(const struct slw_verifier *verifier)
{
    return slw_names_find_image(&verifier->result.names, target_name(&verifier->payload_target),
                                verifier->payload_entry->target_offset);
}

/* A form that is there but of no use is no obstacle while the image or another form is there too.
 */
static enum slw_status note_form(struct slw_verifier *verifier)
{
    const struct slw_expectations *expectations = verifier->expectations;
    const struct slw_installed_port *installed = expectations->installed;
    const struct slw_target *target = &verifier->payload_target;
    struct slw_installed_image image = {0};
    struct slw_name *entry = image_entry(verifier);
    if (entry == NULL) {
        return SLW_IO;
    }
    verifier->payload_entry->flags |= SLW_NAME_PRESENT;
    verifier->payload_entry->payload_offset = verifier->payload.offset;
    if (verifier->payload_entry->form == 0) {
        entry->flags |= SLW_NAME_SATISFIED;
        return SLW_OK;
    }
    if (!target->kind_known || (expectations->decodable >> target->kind & 1) == 0) {
        entry->flags |= SLW_NAME_UNSUPPORTED;
        return SLW_OK;
    }
    if (target->kind == SLW_ENCODING_DELTA && target->has_base && installed != NULL) {
        enum slw_status status =
            installed->find(installed->context, target_name(target),
                            slw_bytes_make(target->slot, target->slot_len), &image);
        if (status != SLW_OK && status != SLW_NOT_FOUND) {
            return status;
        }
        if (status == SLW_OK && image.sha256_known &&
            memcmp(image.sha256, target->base_sha256, sizeof image.sha256) != 0) {
            entry->flags |= SLW_NAME_WRONG_BASE;
            return SLW_OK;
        }
    }
    verifier->payload_entry->flags |= SLW_NAME_SATISFIED;
    entry->flags |= SLW_NAME_SATISFIED;
    return SLW_OK;
}

/* Kept for last; but the same unlisted name twice is a duplicate map key all the same. */
static enum slw_status note_unlisted(struct slw_verifier *verifier, struct slw_bytes name)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, name);
    slw_sha256_final(&hash, digest);
    for (size_t i = 0; i < verifier->unlisted_count; i++) {
        if (memcmp(verifier->unlisted_keys[i], digest, sizeof verifier->unlisted_keys[i]) == 0) {
            return slw_find_name(&verifier->finding, SLW_MALFORMED, name);
        }
    }
    if (verifier->unlisted_count < SLW_VERIFIER_UNLISTED_MAX) {
        memcpy(verifier->unlisted_keys[verifier->unlisted_count++], digest,
               sizeof verifier->unlisted_keys[0]);
    }
    if (!verifier->has_unlisted) {
        verifier->has_unlisted = true;
        (void)slw_find_name(&verifier->unlisted, SLW_UNLISTED_PAYLOAD, name);
    }
    return SLW_OK;
}

/* Reads a map entry's key and where its value is, in either order. */
static size_t read_payload_entry(struct slw_verifier *verifier,
                                 uint8_t name[static SLW_NAME_SIZE_MAX + 1])
{
    struct slw_proto_field field;
    size_t name_len = 0;
    verifier->payload = (struct slw_span){verifier->reader.position, 0};
    slw_proto_enter(&verifier->proto, &slw_payload_entry_rules);
    while (slw_proto_next(&verifier->proto, &field)) {
        if (field.number == SLW_MAP_KEY) {
            slw_proto_copy(&verifier->proto, name, SLW_NAME_SIZE_MAX + 1);
            name_len =
                field.length > SLW_NAME_SIZE_MAX ? SLW_NAME_SIZE_MAX + 1 : (size_t)field.length;
        } else if (field.number == SLW_MAP_VALUE) {
            verifier->payload = (struct slw_span){field.offset, field.length};
        }
    }
    return name_len;
}

static enum slw_status start_hashing(struct slw_verifier *verifier)
{
    const struct slw_target *target = &verifier->payload_target;
    if (!target->kind_known && !target->form_hash_known) {
        return note_form(verifier); /* ignored, and nothing signed to compare it with */
    }
    if (verifier->payload.length != target->form_length) {
        enum slw_status status =
            slw_find_name(&verifier->finding, SLW_WRONG_LENGTH, target_name(target));
        verifier->finding.has_numbers = true;
        verifier->finding.found = verifier->payload.length;
        verifier->finding.wanted = target->form_length;
        return status;
    }
    if (target->hashes_differ) {
        return slw_find_name(&verifier->finding, SLW_WRONG_HASH, target_name(target));
    }
    slw_sha256_init(&verifier->hash);
    slw_reader_seek(&verifier->reader, verifier->payload.offset, slw_span_end(verifier->payload));
    verifier->phase = SLW_VERIFY_PAYLOAD_BYTES;
    return SLW_OK;
}

static enum slw_status start_payload(struct slw_verifier *verifier,
                                     const struct slw_proto_field *field)
{
    uint8_t name_memory[SLW_NAME_SIZE_MAX + 1];
    size_t name_len = read_payload_entry(verifier, name_memory);
    struct slw_bytes name = slw_bytes_make(name_memory, name_len);
    SLW_TRY(verifier->reader.status);
    if (name_len == 0) {
        return SLW_MALFORMED;
    }
    verifier->payload_entry_end = field->offset + field->length;
    verifier->payload_entry = NULL;
    if (name_len <= SLW_NAME_SIZE_MAX) {
        SLW_TRY(slw_names_find(&verifier->result.targets, &verifier->result.names,
                               &verifier->lookup, name, &verifier->payload_entry,
                               &verifier->payload_target));
    }
    if (verifier->payload_entry == NULL) {
        return note_unlisted(verifier, name);
    }
    if ((verifier->payload_entry->flags & SLW_NAME_PRESENT) != 0) {
        return slw_find_name(&verifier->finding, SLW_MALFORMED, name);
    }
    return start_hashing(verifier);
}

static void start_absent(struct slw_verifier *verifier)
{
    slw_target_walk_start(&verifier->walk, verifier->bundle, &verifier->result.targets,
                          verifier->lookup_block, sizeof verifier->lookup_block);
    verifier->phase = SLW_VERIFY_ABSENT;
}

enum slw_status slw_verify_payloads(struct slw_verifier *verifier)
{
    struct slw_proto_field field;
    for (unsigned i = 0; i < SLW_VERIFIER_FIELDS_PER_STEP; i++) {
        if (!slw_proto_next(&verifier->proto, &field)) {
            SLW_TRY(verifier->reader.status);
            start_absent(verifier);
            return SLW_OK;
        }
        if (field.number == SLW_BUNDLE_TARGET_PAYLOADS) {
            return start_payload(verifier, &field);
        }
    }
    return SLW_OK;
}

enum slw_status slw_verify_payload_bytes(struct slw_verifier *verifier)
{
    uint8_t digest[SLW_SHA256_SIZE];
    const struct slw_target *target = &verifier->payload_target;
    if (slw_reader_left(&verifier->reader) > 0) {
        slw_sha256_update(&verifier->hash, slw_reader_take(&verifier->reader, UINT64_MAX));
        return verifier->reader.status;
    }
    slw_sha256_final(&verifier->hash, digest);
    if (memcmp(digest, target->form_sha256, sizeof digest) != 0) {
        return slw_find_name(&verifier->finding, SLW_WRONG_HASH, target_name(target));
    }
    SLW_TRY(note_form(verifier));
    slw_reader_seek(&verifier->reader, verifier->payload_entry_end, verifier->bundle->size);
    verifier->phase = SLW_VERIFY_PAYLOADS;
    return verifier->reader.status;
}

static enum slw_status refuse_absent(struct slw_verifier *verifier, uint16_t flags)
{
    enum slw_status status = SLW_MISSING_PAYLOAD;
    if ((flags & SLW_NAME_WRONG_BASE) != 0) {
        status = SLW_WRONG_BASE;
    } else if ((flags & SLW_NAME_UNSUPPORTED) != 0) {
        status = SLW_UNSUPPORTED_ENCODING;
    }
    return slw_find_name(&verifier->finding, status, target_name(&verifier->payload_target));
}

static void mark_installed(struct slw_name *entry)
{
    entry->flags |= SLW_NAME_SATISFIED | SLW_NAME_INSTALLED;
}

static enum slw_status start_measuring(struct slw_verifier *verifier, struct slw_name *entry)
{
    if (verifier->installed.source == NULL ||
        verifier->installed.source->size < verifier->payload_target.length) {
        return refuse_absent(verifier, entry->flags);
    }
    slw_reader_init(&verifier->reader, verifier->installed.source, verifier->memory.block,
                    verifier->memory.block_size);
    slw_reader_seek(&verifier->reader, 0, verifier->payload_target.length);
    slw_sha256_init(&verifier->hash);
    verifier->measured_entry = entry;
    verifier->phase = SLW_VERIFY_MEASURE;
    return SLW_OK;
}

/*
 * Absent from the bundle: it counts only as installed, with the very length and hash listed. One
 * that came in forms of no use isn't absent; that is refused for what is wrong with them.
 */
static enum slw_status look_for_installed(struct slw_verifier *verifier, struct slw_name *entry)
{
    const struct slw_installed_port *installed = verifier->expectations->installed;
    const struct slw_target *target = &verifier->payload_target;
    uint16_t unusable = SLW_NAME_WRONG_BASE | SLW_NAME_UNSUPPORTED;
    if (installed == NULL || target->hashes_differ || (entry->flags & unusable) != 0) {
        return refuse_absent(verifier, entry->flags);
    }
    enum slw_status status =
        installed->find(installed->context, target_name(target),
                        slw_bytes_make(target->slot, target->slot_len), &verifier->installed);
    if (status == SLW_NOT_FOUND ||
        (status == SLW_OK && verifier->installed.length != target->length)) {
        return refuse_absent(verifier, entry->flags);
    }
    SLW_TRY(status);
    if (!verifier->installed.sha256_known) {
        return start_measuring(verifier, entry);
    }
    if (memcmp(verifier->installed.sha256, target->sha256, sizeof target->sha256) != 0) {
        return refuse_absent(verifier, entry->flags);
    }
    mark_installed(entry);
    return SLW_OK;
}

enum slw_status slw_verify_absent(struct slw_verifier *verifier)
{
    struct slw_name *entry = NULL;
    for (unsigned i = 0; i < SLW_VERIFIER_FIELDS_PER_STEP; i++) {
        enum slw_status status =
            slw_target_walk_next(&verifier->walk, &verifier->result.targets,
                                 &verifier->result.names, &verifier->payload_target, &entry);
        if (status == SLW_NOT_FOUND) {
            if (verifier->has_unlisted) {
                verifier->finding = verifier->unlisted;
                return verifier->finding.status;
            }
            verifier->done = true;
            verifier->phase = SLW_VERIFY_DONE;
            return SLW_OK;
        }
        SLW_TRY(status);
        if ((entry->flags & SLW_NAME_SATISFIED) == 0) {
            return look_for_installed(verifier, entry);
        }
    }
    return SLW_OK;
}

enum slw_status slw_verify_measure(struct slw_verifier *verifier)
{
    uint8_t digest[SLW_SHA256_SIZE];
    if (slw_reader_left(&verifier->reader) > 0) {
        slw_sha256_update(&verifier->hash, slw_reader_take(&verifier->reader, UINT64_MAX));
        return verifier->reader.status;
    }
    slw_sha256_final(&verifier->hash, digest);
    if (memcmp(digest, verifier->payload_target.sha256, sizeof digest) != 0) {
        return refuse_absent(verifier, verifier->measured_entry->flags);
    }
    mark_installed(verifier->measured_entry);
    verifier->phase = SLW_VERIFY_ABSENT;
    return SLW_OK;
}

/* The form of an absent image that is there and can be used. */
static struct slw_name *usable_form(const struct slw_trusted_bundle *bundle, uint32_t target_offset)
{
    for (size_t i = 0; i < bundle->names.count; i++) {
        struct slw_name *entry = &bundle->names.entries[i];
        const uint16_t usable = SLW_NAME_PRESENT | SLW_NAME_SATISFIED;
        if (entry->target_offset == target_offset && (entry->flags & usable) == usable) {
            return entry;
        }
    }
    return NULL;
}

/* The payload that stands for a target; an encoded form's details are in the metadata again. */
static enum slw_status take_form(const struct slw_trusted_bundle *bundle,
                                 struct slw_target_walk *walk, const struct slw_name *entry,
                                 struct slw_trusted_target *target)
{
    target->present = true;
    target->payload = (struct slw_span){entry->payload_offset, target->target.length};
    if (entry->form == 0) {
        return SLW_OK;
    }
    uint8_t text_memory[SLW_NAME_SIZE_MAX];
    struct slw_bytes text;
    uint64_t position = walk->reader.position;
    uint64_t end = walk->reader.end;
    SLW_TRY(slw_names_read(&bundle->targets, entry, &walk->reader, &target->target, &text,
                           text_memory));
    slw_reader_seek(&walk->reader, position, end);
    target->kind = target->target.kind;
    target->payload.length = target->target.form_length;
    return walk->reader.status;
}

enum slw_status slw_trusted_bundle_next_target(const struct slw_trusted_bundle *bundle,
                                               struct slw_target_walk *walk,
                                               struct slw_trusted_target *ret_target)
{
    struct slw_trusted_target target = {0};
    struct slw_name *entry = NULL;
    SLW_TRY(slw_target_walk_next(walk, &bundle->targets, &bundle->names, &target.target, &entry));
    if ((entry->flags & SLW_NAME_PRESENT) == 0) {
        entry = (entry->flags & SLW_NAME_INSTALLED) != 0
                    ? NULL
                    : usable_form(bundle, entry->target_offset);
    }
    if (entry != NULL) {
        SLW_TRY(take_form(bundle, walk, entry, &target));
    }
    *ret_target = target;
    return SLW_OK;
}
