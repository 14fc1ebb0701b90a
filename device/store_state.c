/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a snapshot: the state, field by field, little endian (spec/SPEC.md, section 6.3).
 * The format is frozen: boot stages of any age read what any application wrote.
 */
#include "store_private.h"

#define STATE_FORMAT 1u

#define IMAGE_SIZE (1u + 4u + 8u + 3u * SLW_SHA256_SIZE)
#define RELEASE_SIZE                                                                               \
    (1u + 4u + 4u + 1u + 4u * SLW_SHA256_SIZE + 1u + SLW_COMPONENTS_MAX * IMAGE_SIZE)
#define STATE_SIZE (1u + 8u + 4u + SLW_SHA256_SIZE + 4u + 4u + 8u + 1u)
#define SESSION_SIZE                                                                               \
    (3u + 2u + 4u + 8u + 1u + SLW_BUNDLE_NAME_SIZE_MAX + 1u + SLW_NAME_SIZE_MAX + 1u +             \
     SLW_SHA256_SIZE)
#define PROGRESS_SIZE (4u + 8u)

_Static_assert(STATE_SIZE + 2u * RELEASE_SIZE + SESSION_SIZE + PROGRESS_SIZE <=
                   SLW_SNAPSHOT_SIZE_MAX,
               "a snapshot of every component fits");
_Static_assert(SLW_COMPONENTS_MAX <= 8, "present images are a bit each in one byte");

static void put_digest(struct slw_record_writer *writer, const uint8_t digest[SLW_SHA256_SIZE])
{
    slw_record_put(writer, digest, SLW_SHA256_SIZE);
}

static uint8_t present_images(const struct slw_release *release)
{
    uint8_t mask = 0;
    for (unsigned i = 0; i < SLW_COMPONENTS_MAX; i++) {
        mask |= (uint8_t)((release->images[i].present ? 1u : 0u) << i);
    }
    return mask;
}

static void put_image(struct slw_record_writer *writer, const struct slw_image *image)
{
    slw_record_put_u8(writer, image->slot);
    slw_record_put_u32(writer, image->version);
    slw_record_put_u64(writer, image->length);
    put_digest(writer, image->sha256);
    put_digest(writer, image->metadata);
    put_digest(writer, image->root);
}

static void put_release(struct slw_record_writer *writer, const struct slw_release *release)
{
    slw_record_put_u8(writer, release->present);
    if (!release->present) {
        return;
    }
    slw_record_put_u32(writer, release->version);
    slw_record_put_u32(writer, release->security_floor);
    slw_record_put_u8(writer, release->resets_version);
    put_digest(writer, release->metadata);
    put_digest(writer, release->metadata_sha256);
    put_digest(writer, release->root);
    put_digest(writer, release->user_manifest);
    slw_record_put_u8(writer, present_images(release));
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        if (release->images[i].present) {
            put_image(writer, &release->images[i]);
        }
    }
}

void slw_release_digest(const struct slw_release *release,
                        uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_record_writer writer;
    struct slw_sha256 hash;
    memset(ret_digest, 0, SLW_SHA256_SIZE);
    if (!release->present) {
        return;
    }
    slw_sha256_init(&hash);
    slw_record_writer_init(&writer, NULL, 0);
    writer.hash = &hash;
    put_release(&writer, release);
    slw_sha256_final(&hash, ret_digest);
}

static void put_session(struct slw_record_writer *writer, const struct slw_session_record *session)
{
    slw_record_put_u8(writer, session->state);
    slw_record_put_u8(writer, session->result);
    slw_record_put_u8(writer, session->intent);
    slw_record_put_u16(writer, session->reason);
    slw_record_put_u32(writer, session->transfer_id);
    slw_record_put_u64(writer, session->staged_size);
    slw_record_put_u8(writer, session->name_len);
    slw_record_put(writer, session->name, session->name_len);
    slw_record_put_u8(writer, session->subject_len);
    slw_record_put(writer, session->subject, session->subject_len);
    slw_record_put_u8(writer, session->consent);
    put_digest(writer, session->consent_metadata);
}

void slw_state_encode(struct slw_record_writer *writer, const struct slw_state *state,
                      uint64_t sequence, const struct slw_staging_progress *progress)
{
    slw_record_put_u8(writer, STATE_FORMAT);
    slw_record_put_u64(writer, sequence);
    slw_record_put_u32(writer, state->root_version);
    put_digest(writer, state->root);
    slw_record_put_u32(writer, state->targets_version);
    slw_record_put_u32(writer, state->security_floor);
    slw_record_put_u64(writer, (uint64_t)state->known_time_utc_s);
    slw_record_put_u8(writer, state->trial_attempts);
    put_release(writer, &state->confirmed);
    put_release(writer, &state->trial);
    put_session(writer, &state->session);
    slw_record_put_u32(writer, progress->transfer_id);
    slw_record_put_u64(writer, progress->offset);
}

static bool release_makes_sense(const struct slw_release *release, size_t components_count)
{
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        const struct slw_image *image = &release->images[i];
        if (image->present && (!release->present || i >= components_count || image->slot > 1)) {
            return false;
        }
    }
    return true;
}

bool slw_state_makes_sense(const struct slw_state *state, size_t components_count)
{
    return release_makes_sense(&state->confirmed, components_count) &&
           release_makes_sense(&state->trial, components_count) &&
           state->session.name_len <= SLW_BUNDLE_NAME_SIZE_MAX &&
           state->session.subject_len <= SLW_NAME_SIZE_MAX;
}

static uint16_t get_u16(struct slw_reader *reader)
{
    uint16_t low = slw_reader_u8(reader);
    return (uint16_t)(low | slw_reader_u8(reader) << 8);
}

static uint32_t get_u32(struct slw_reader *reader)
{
    uint8_t bytes[4] = {0};
    slw_reader_copy(reader, bytes, sizeof bytes);
    return slw_get_u32_le(bytes);
}

static uint64_t get_u64(struct slw_reader *reader)
{
    uint8_t bytes[8] = {0};
    slw_reader_copy(reader, bytes, sizeof bytes);
    return slw_get_u64_le(bytes);
}

static bool get_bool(struct slw_reader *reader)
{
    uint8_t value = slw_reader_u8(reader);
    if (value > 1) {
        slw_reader_fail(reader, SLW_STORED_STATE);
    }
    return value == 1;
}

static void get_image(struct slw_reader *reader, struct slw_image *image)
{
    image->present = true;
    image->slot = slw_reader_u8(reader);
    image->version = get_u32(reader);
    image->length = get_u64(reader);
    slw_reader_copy(reader, image->sha256, SLW_SHA256_SIZE);
    slw_reader_copy(reader, image->metadata, SLW_SHA256_SIZE);
    slw_reader_copy(reader, image->root, SLW_SHA256_SIZE);
}

static void get_release(struct slw_reader *reader, struct slw_release *release)
{
    release->present = get_bool(reader);
    if (!release->present) {
        return;
    }
    release->version = get_u32(reader);
    release->security_floor = get_u32(reader);
    release->resets_version = get_bool(reader);
    slw_reader_copy(reader, release->metadata, SLW_SHA256_SIZE);
    slw_reader_copy(reader, release->metadata_sha256, SLW_SHA256_SIZE);
    slw_reader_copy(reader, release->root, SLW_SHA256_SIZE);
    slw_reader_copy(reader, release->user_manifest, SLW_SHA256_SIZE);
    uint8_t mask = slw_reader_u8(reader);
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        if ((mask >> i & 1) != 0) {
            get_image(reader, &release->images[i]);
        }
    }
}

/* Bytes with a length in front; none is read when they don't fit. */
static uint8_t get_text(struct slw_reader *reader, uint8_t *text, uint8_t size)
{
    uint8_t len = slw_reader_u8(reader);
    if (len > size) {
        slw_reader_fail(reader, SLW_STORED_STATE);
        return 0;
    }
    slw_reader_copy(reader, text, len);
    return len;
}

static void get_session(struct slw_reader *reader, struct slw_session_record *session)
{
    session->state = slw_reader_u8(reader);
    session->result = slw_reader_u8(reader);
    session->intent = slw_reader_u8(reader);
    session->reason = get_u16(reader);
    session->transfer_id = get_u32(reader);
    session->staged_size = get_u64(reader);
    session->name_len = get_text(reader, session->name, SLW_BUNDLE_NAME_SIZE_MAX);
    session->subject_len = get_text(reader, session->subject, SLW_NAME_SIZE_MAX);
    session->consent = slw_reader_u8(reader);
    slw_reader_copy(reader, session->consent_metadata, SLW_SHA256_SIZE);
}

enum slw_status slw_state_decode(struct slw_reader *reader, size_t components_count,
                                 struct slw_state *ret_state,
                                 struct slw_staging_progress *ret_progress)
{
    memset(ret_state, 0, sizeof *ret_state);
    if (slw_reader_u8(reader) != STATE_FORMAT) {
        slw_reader_fail(reader, SLW_STORED_STATE);
    }
    ret_state->sequence = get_u64(reader);
    ret_state->root_version = get_u32(reader);
    slw_reader_copy(reader, ret_state->root, SLW_SHA256_SIZE);
    ret_state->targets_version = get_u32(reader);
    ret_state->security_floor = get_u32(reader);
    ret_state->known_time_utc_s = (int64_t)get_u64(reader);
    ret_state->trial_attempts = slw_reader_u8(reader);
    get_release(reader, &ret_state->confirmed);
    get_release(reader, &ret_state->trial);
    get_session(reader, &ret_state->session);
    ret_progress->transfer_id = get_u32(reader);
    ret_progress->offset = get_u64(reader);
    if (slw_status_class(reader->status) == SLW_CLASS_IO) {
        return reader->status;
    }
    if (reader->status != SLW_OK || slw_reader_left(reader) > 0 ||
        ret_state->sequence > SLW_COUNTER_MAX ||
        !slw_state_makes_sense(ret_state, components_count)) {
        return SLW_STORED_STATE;
    }
    return SLW_OK;
}
