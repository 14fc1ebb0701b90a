/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: the bundle's bytes on their way into flash, in whole program granules, a sector erased
 * when its first byte arrives. Progress is noted at sector boundaries, so that after a power cut
 * the sender goes on from the last one instead of from the beginning.
 */
#include "session_private.h"

#include "slipway/checked.h"

/* Progress is worth a record after so many bytes; a transfer of 16 MiB notes it 256 times. */
#define PROGRESS_STEP (64u * 1024)

static const struct slw_region *staging(const struct slw_session *session)
{
    return &session->config->layout->staging;
}

void slw_session_reset_staging(struct slw_session *session, uint64_t durable)
{
    session->staged = 0;
    session->staged_goal = slw_min_u64(durable, staging(session)->size);
    session->staged_crc = 0;
    session->page_filled = 0;
    session->byte_seen = false;
}

/* A storage that fails, or is too small, ends the session; a broken link doesn't. */
static enum slw_status fail(struct slw_session *session, enum slw_status status)
{
    const struct slw_finding finding = {.status = status};
    slw_session_finish(session, SLW_UPDATE_RESULT_TRANSFER_FAILED, &finding);
    return status;
}

static enum slw_status note_progress(struct slw_session *session)
{
    const struct slw_staging_progress progress = {session->record.transfer_id, session->staged};
    if (session->staged % PROGRESS_STEP != 0 ||
        session->staged % staging(session)->flash->sector_size != 0) {
        return SLW_OK;
    }
    return slw_store_append_progress(session->config->store, &progress);
}

/* Programs what the page holds; it begins at a multiple of the page's size. */
static enum slw_status write_page(struct slw_session *session, uint64_t offset)
{
    const struct slw_region *region = staging(session);
    uint32_t granule = region->flash->program_size;
    size_t len = (session->page_filled + granule - 1) / granule * granule;
    if (offset % region->flash->sector_size == 0) {
        SLW_TRY(slw_region_erase(region, offset));
    }
    memset(session->config->page + session->page_filled, region->flash->erased_value,
           len - session->page_filled);
    SLW_TRY(slw_region_program(region, offset, session->config->page, len));
    session->page_filled = 0;
    return SLW_OK;
}

/* Bytes of a page: whole granules, never across a sector's end. */
static size_t page_size(const struct slw_session *session)
{
    size_t sector = staging(session)->flash->sector_size;
    size_t size = slw_min_size(session->config->page_size, sector);
    while (sector % size != 0) {
        size -= staging(session)->flash->program_size;
    }
    return size;
}

static enum slw_status accept(struct slw_session *session, struct slw_bytes bytes)
{
    size_t size = page_size(session);
    while (bytes.len > 0) {
        size_t len = slw_min_size(bytes.len, size - session->page_filled);
        memcpy(session->config->page + session->page_filled, bytes.ptr, len);
        session->page_filled += len;
        session->staged += len;
        bytes = slw_bytes_make(bytes.ptr + len, bytes.len - len);
        if (session->page_filled == size) {
            SLW_TRY(write_page(session, session->staged - size));
            SLW_TRY(note_progress(session));
        }
    }
    return SLW_OK;
}

static bool is_for_us(const struct slw_session *session, uint32_t transfer_id)
{
    return slw_session_is(session, SLW_UPDATE_STATE_TRANSFERRING) &&
           transfer_id == session->record.transfer_id;
}

enum slw_status slw_session_stage_status(const struct slw_session *session, uint32_t transfer_id,
                                         uint64_t *ret_offset, uint32_t *ret_crc32)
{
    if (!is_for_us(session, transfer_id)) {
        return SLW_NOT_FOUND;
    }
    *ret_offset = session->staged;
    *ret_crc32 = session->staged_crc;
    return SLW_OK;
}

bool slw_session_stage_is_looking(const struct slw_session *session)
{
    return session->staged < session->staged_goal;
}

enum slw_status slw_session_stage_open(struct slw_session *session, uint32_t transfer_id,
                                       uint64_t offset, uint64_t *ret_offset)
{
    if (!is_for_us(session, transfer_id)) {
        return SLW_NOT_FOUND;
    }
    if (offset == 0 || offset != session->staged) {
        slw_session_reset_staging(session, 0);
    }
    session->staged_goal = session->staged;
    *ret_offset = session->staged;
    return SLW_OK;
}

enum slw_status slw_session_stage_write(struct slw_session *session, uint64_t offset,
                                        struct slw_bytes bytes)
{
    if (!slw_session_is(session, SLW_UPDATE_STATE_TRANSFERRING) || offset != session->staged) {
        return SLW_WRONG_STATE;
    }
    session->byte_seen = false;
    if (bytes.len > staging(session)->size - session->staged) {
        return fail(session, SLW_NO_SPACE);
    }
    uint32_t crc = slw_crc32(session->staged_crc, bytes);
    enum slw_status status = accept(session, bytes);
    if (status != SLW_OK) {
        return fail(session, status);
    }
    session->staged_crc = crc;
    return SLW_OK;
}

enum slw_status slw_session_stage_finish(struct slw_session *session)
{
    if (!slw_session_is(session, SLW_UPDATE_STATE_TRANSFERRING)) {
        return SLW_WRONG_STATE;
    }
    if (session->page_filled > 0) {
        uint64_t offset = session->staged - session->page_filled;
        enum slw_status status = write_page(session, offset);
        if (status != SLW_OK) {
            return fail(session, status);
        }
    }
    session->record.state = SLW_UPDATE_STATE_TRANSFERRED;
    session->record.staged_size = session->staged;
    enum slw_status status = slw_session_commit_record(session);
    return status == SLW_OK ? SLW_OK : fail(session, status);
}

/* One sector of what was staged before a reboot: its checksum is taken of what flash holds now. */
static enum slw_status take_checksum(struct slw_session *session)
{
    uint64_t left = session->staged_goal - session->staged;
    uint64_t sector = slw_min_u64(left, staging(session)->flash->sector_size);
    uint32_t crc = session->staged_crc;
    for (uint64_t done = 0; done < sector;) {
        size_t len = (size_t)slw_min_u64(sector - done, session->config->page_size);
        SLW_TRY(
            slw_region_read(staging(session), session->staged + done, session->config->page, len));
        crc = slw_crc32(crc, slw_bytes_make(session->config->page, len));
        done += len;
    }
    session->staged_crc = crc;
    session->staged += sector;
    return SLW_OK;
}

bool slw_session_poll_staging(struct slw_session *session, uint64_t now_ms)
{
    if (session->staged < session->staged_goal) {
        if (take_checksum(session) != SLW_OK) {
            slw_session_reset_staging(session, 0);
        }
        return session->staged < session->staged_goal;
    }
    if (!session->byte_seen) {
        session->byte_seen = true;
        session->last_byte_ms = now_ms;
    }
    if (now_ms - session->last_byte_ms >= session->config->transfer_idle_ms) {
        (void)fail(session, SLW_IO_TIMEOUT);
    }
    return false;
}
