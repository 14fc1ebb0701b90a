/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: segments of one or more sectors, used in turn; in each a header that says that its
 * erase was completed, a snapshot, and records behind it (spec/SPEC.md, section 6).
 *
 * A record is found by walking, so nothing points to it that could be wrong. One that a power cut
 * broke off is passed over by the length in its header, which has a checksum of its own; where that
 * is broken too, the segment ends.
 *
 * A power cut may also leave a cell that looks erased and mustn't be programmed, or a record that
 * reads well now and not the next time. Hence nothing is appended to a segment that was there
 * before the start, and a snapshot counts as durable only when it is sealed: when something was
 * written behind it, which is done only after it was programmed and read back.
 */
#include "store_private.h"

#include "slipway/checked.h"

#define JOURNAL_FORMAT 1u
#define SEGMENT_HEADER_SIZE 20u /* magic, format, generation, CRC-32 */
#define RECORD_HEADER_SIZE 20u  /* type, length, number, CRC-32 */
#define RECORD_CRC_SIZE 4u
#define PROGRESS_SIZE 20u /* sequence, transfer id, offset */

enum record_type { RECORD_SNAPSHOT = 1, RECORD_PROGRESS = 2, RECORD_SEAL = 3 };

/* The header, one snapshot, its seal. */
_Static_assert(3u * SLW_CELL_SIZE + RECORD_HEADER_SIZE + SLW_SNAPSHOT_SIZE_MAX + RECORD_CRC_SIZE <=
                   SLW_JOURNAL_SEGMENT_SIZE_MIN,
               "any snapshot fits into a new segment");
_Static_assert(RECORD_HEADER_SIZE + PROGRESS_SIZE + RECORD_CRC_SIZE <= SLW_CELL_SIZE,
               "progress is read from one cell");

static const uint8_t magic[4] = {'S', 'L', 'W', 'J'};

struct record {
    uint32_t type;
    uint32_t length; /* of the payload */
    uint64_t number;
};

/* What a walk over the journal found. */
struct found {
    bool snapshot;
    uint64_t number; /* of the newest valid snapshot */
    uint64_t at;
    uint32_t length;
    uint64_t segment;         /* where it is */
    bool sealed;              /* something is behind it */
    uint64_t last_number;     /* of any record */
    uint64_t last_generation; /* of any segment */
    uint64_t progress_number; /* of the newest valid progress; 0: none */
    uint64_t progress_sequence;
    struct slw_staging_progress progress;
};

static const struct slw_region *journal(const struct slw_store *store)
{
    return &store->layout->journal;
}

static uint64_t segment_size(const struct slw_store *store)
{
    return slw_journal_segment_size(store->layout);
}

static uint64_t journal_end(const struct slw_store *store)
{
    return journal(store)->size / segment_size(store) * segment_size(store);
}

static uint64_t cells_for(uint64_t length)
{
    uint64_t size = RECORD_HEADER_SIZE + length + RECORD_CRC_SIZE;
    return (size + SLW_CELL_SIZE - 1) / SLW_CELL_SIZE * SLW_CELL_SIZE;
}

static bool has_crc(const uint8_t *bytes, size_t len)
{
    return slw_crc32(0, slw_bytes_make(bytes, len)) == slw_get_u32_le(bytes + len);
}

/* False for a segment that isn't in use. */
static bool read_segment_header(const uint8_t cell[static SLW_CELL_SIZE], uint64_t *ret_generation)
{
    uint64_t generation = slw_get_u64_le(cell + 8);
    if (memcmp(cell, magic, sizeof magic) != 0 || slw_get_u32_le(cell + 4) != JOURNAL_FORMAT ||
        !has_crc(cell, SEGMENT_HEADER_SIZE - 4) || generation > SLW_COUNTER_MAX) {
        return false;
    }
    *ret_generation = generation;
    return true;
}

/* room: bytes from the record's start to the segment's end. */
static bool read_record_header(const uint8_t cell[static SLW_CELL_SIZE], uint64_t room,
                               struct record *ret_record)
{
    struct record record = {
        .type = slw_get_u32_le(cell),
        .length = slw_get_u32_le(cell + 4),
        .number = slw_get_u64_le(cell + 8),
    };
    if (!has_crc(cell, RECORD_HEADER_SIZE - 4) || record.number > SLW_COUNTER_MAX ||
        cells_for(record.length) > room) {
        return false;
    }
    *ret_record = record;
    return true;
}

/* Whether the record's checksum is right in flash now; a torn word makes it wrong. */
static enum slw_status check_record(const struct slw_region *region, uint64_t at, uint32_t length,
                                    bool *ret_valid)
{
    uint8_t piece[SLW_CELL_SIZE];
    uint64_t left = RECORD_HEADER_SIZE + (uint64_t)length;
    uint32_t crc = 0;
    *ret_valid = false;
    while (left > 0) {
        size_t len = (size_t)slw_min_u64(left, sizeof piece);
        enum slw_status status = slw_region_read(region, at, piece, len);
        if (status != SLW_OK) {
            return status == SLW_IO_TORN ? SLW_OK : status;
        }
        crc = slw_crc32(crc, slw_bytes_make(piece, len));
        at += len;
        left -= len;
    }
    enum slw_status status = slw_region_read(region, at, piece, RECORD_CRC_SIZE);
    if (status != SLW_OK) {
        return status == SLW_IO_TORN ? SLW_OK : status;
    }
    *ret_valid = crc == slw_get_u32_le(piece);
    return SLW_OK;
}

static void note_progress(struct found *found, const struct record *record,
                          const uint8_t cell[static SLW_CELL_SIZE])
{
    const uint8_t *payload = cell + RECORD_HEADER_SIZE;
    if (record->length != PROGRESS_SIZE || record->number <= found->progress_number) {
        return;
    }
    found->progress_number = record->number;
    found->progress_sequence = slw_get_u64_le(payload);
    found->progress.transfer_id = slw_get_u32_le(payload + 8);
    found->progress.offset = slw_get_u64_le(payload + 12);
}

static void note_snapshot(struct found *found, const struct record *record, uint64_t at,
                          uint64_t segment)
{
    if (found->snapshot && record->number <= found->number) {
        return;
    }
    found->snapshot = true;
    found->number = record->number;
    found->at = at;
    found->length = record->length;
    found->segment = segment;
    found->sealed = false;
}

/* Notes a record of which at least the header is right; valid: all of it. */
static void note_record(struct found *found, const struct record *record, bool valid, uint64_t at,
                        const uint8_t cell[static SLW_CELL_SIZE], uint64_t segment)
{
    if (record->number > found->last_number) {
        found->last_number = record->number;
    }
    if (valid && record->type == RECORD_SNAPSHOT) {
        note_snapshot(found, record, at, segment);
    } else if (valid && record->type == RECORD_PROGRESS) {
        note_progress(found, record, cell);
    }
}

static enum slw_status walk_records(const struct slw_store *store, uint64_t segment,
                                    struct found *found)
{
    const struct slw_region *region = journal(store);
    const uint64_t end = segment + segment_size(store);
    uint64_t at = segment + SLW_CELL_SIZE;
    while (end - at >= SLW_CELL_SIZE) {
        uint8_t cell[SLW_CELL_SIZE];
        enum slw_cell_kind kind = SLW_CELL_TORN;
        struct record record;
        bool valid = false;
        SLW_TRY(slw_cell_read(region, at, cell, &kind));
        if (kind == SLW_CELL_ERASED) {
            return SLW_OK;
        }
        if (found->snapshot && found->segment == segment) {
            found->sealed = true;
        }
        if (kind == SLW_CELL_TORN || !read_record_header(cell, end - at, &record)) {
            return SLW_OK;
        }
        SLW_TRY(check_record(region, at, record.length, &valid));
        note_record(found, &record, valid, at, cell, segment);
        at += cells_for(record.length);
    }
    return SLW_OK;
}

static enum slw_status walk(const struct slw_store *store, struct found *found)
{
    *found = (struct found){0};
    for (uint64_t segment = 0; segment < journal_end(store); segment += segment_size(store)) {
        uint8_t cell[SLW_CELL_SIZE];
        enum slw_cell_kind kind = SLW_CELL_TORN;
        uint64_t generation = 0;
        SLW_TRY(slw_cell_read(journal(store), segment, cell, &kind));
        if (kind != SLW_CELL_WRITTEN || !read_segment_header(cell, &generation)) {
            continue;
        }
        if (generation > found->last_generation) {
            found->last_generation = generation;
        }
        SLW_TRY(walk_records(store, segment, found));
    }
    return SLW_OK;
}

static void observe_crc(void *context, struct slw_bytes passed)
{
    uint32_t *crc = context;
    *crc = slw_crc32(*crc, passed);
}

/* The checksum is taken again, of the very bytes that are decoded. */
static enum slw_status decode_snapshot(struct slw_store *store, const struct found *found)
{
    struct slw_region_source source;
    struct slw_reader reader;
    uint8_t block[SLW_CELL_SIZE];
    uint8_t header[RECORD_HEADER_SIZE];
    uint8_t stored[RECORD_CRC_SIZE];
    uint32_t crc = 0;
    struct slw_tap tap = {.observe = observe_crc, .context = &crc};
    uint64_t end = found->at + RECORD_HEADER_SIZE + found->length;
    slw_region_source_init(&source, journal(store), end); /* what is behind may be torn */
    slw_reader_init(&reader, &source.source, block, sizeof block);
    slw_reader_seek(&reader, found->at, end);
    slw_reader_add_tap(&reader, &tap);
    slw_reader_copy(&reader, header, sizeof header);
    enum slw_status status =
        slw_state_decode(&reader, store->layout->components_count, &store->state, &store->progress);
    slw_reader_remove_tap(&reader, &tap);
    SLW_TRY(status);
    SLW_TRY(slw_region_read(journal(store), end, stored, sizeof stored));
    return crc == slw_get_u32_le(stored) ? SLW_OK : SLW_IO;
}

static uint64_t segment_before(const struct slw_store *store, uint64_t segment)
{
    return (segment == 0 ? journal_end(store) : segment) - segment_size(store);
}

static bool is_trace(const uint8_t cell[static SLW_CELL_SIZE])
{
    struct record record;
    uint64_t generation = 0;
    return (read_segment_header(cell, &generation) && generation > 1) ||
           (read_record_header(cell, UINT64_MAX, &record) && record.number > 2);
}

/*
 * Without a state: a journal that was in use isn't taken for that of a new device, whatever else is
 * broken in it. An interrupted format leaves the first snapshot and its seal at most.
 */
static enum slw_status look_for_traces(const struct slw_store *store)
{
    for (uint64_t done = 0; done < journal_end(store); done += segment_size(store)) {
        for (uint64_t at = 0; segment_size(store) - at >= SLW_CELL_SIZE; at += SLW_CELL_SIZE) {
            uint8_t cell[SLW_CELL_SIZE];
            enum slw_cell_kind kind = SLW_CELL_TORN;
            SLW_TRY(slw_cell_read(journal(store), done + at, cell, &kind));
            if (kind == SLW_CELL_WRITTEN && is_trace(cell)) {
                return SLW_STORED_STATE;
            }
        }
    }
    return SLW_NOT_FOUND;
}

/*
 * The next segment to be written is the one in turn; but when the state is the only thing in its
 * segment and not sealed, the one before it is in the segment in turn, and is all that is certain.
 * Then the segment of the unsealed state is written again.
 */
enum slw_status slw_journal_load(struct slw_store *store, bool *ret_sealed)
{
    struct found found;
    SLW_TRY(walk(store, &found));
    if (!found.snapshot) {
        return look_for_traces(store);
    }
    SLW_TRY(decode_snapshot(store, &found));
    if (found.progress_number > found.number && found.progress_sequence == store->state.sequence) {
        store->progress = found.progress;
    }
    bool alone = found.at == found.segment + SLW_CELL_SIZE;
    store->journal_segment =
        alone && !found.sealed ? segment_before(store, found.segment) : found.segment;
    store->journal_at = journal_end(store);
    store->generation = found.last_generation;
    store->record = found.last_number;
    store->journal_full = true;
    *ret_sealed = found.sealed;
    return SLW_OK;
}

static enum slw_status erase_segment(const struct slw_store *store, uint64_t segment)
{
    const struct slw_region *region = journal(store);
    for (uint64_t done = 0; done < segment_size(store); done += region->flash->sector_size) {
        SLW_TRY(slw_region_erase(region, segment + done));
    }
    return SLW_OK;
}

enum slw_status slw_journal_erase(struct slw_store *store)
{
    struct found found;
    uint64_t count = journal_end(store) / segment_size(store);
    uint64_t last = 0;
    if (walk(store, &found) == SLW_OK && found.snapshot) {
        last = found.segment;
    }
    for (uint64_t i = 1; i <= count; i++) {
        SLW_TRY(erase_segment(store, (last + i * segment_size(store)) % journal_end(store)));
    }
    store->journal_segment = segment_before(store, 0);
    store->journal_at = journal_end(store);
    store->generation = 0;
    store->record = 0;
    store->journal_full = true;
    return SLW_OK;
}

/* Erases the next segment in turn and writes its header: only then does it count. */
static enum slw_status begin_segment(struct slw_store *store, uint64_t *ret_segment)
{
    uint64_t segment = (store->journal_segment + segment_size(store)) % journal_end(store);
    uint8_t header[SEGMENT_HEADER_SIZE];
    SLW_TRY(erase_segment(store, segment));
    memcpy(header, magic, sizeof magic);
    slw_put_u32_le(header + 4, JOURNAL_FORMAT);
    slw_put_u64_le(header + 8, ++store->generation);
    slw_put_u32_le(header + 16, slw_crc32(0, slw_bytes_make(header, sizeof header - 4)));
    SLW_TRY(slw_cell_program(journal(store), segment, header, sizeof header));
    *ret_segment = segment;
    return SLW_OK;
}

static void begin_record(struct slw_record_writer *writer, const struct slw_region *region,
                         uint64_t at, const struct record *record)
{
    slw_record_writer_init(writer, region, at);
    slw_record_put_u32(writer, record->type);
    slw_record_put_u32(writer, record->length);
    slw_record_put_u64(writer, record->number);
    slw_record_put_u32(writer, writer->crc);
}

/* Flash that doesn't hold what was programmed is noticed here and not at the next boot. */
static enum slw_status end_record(struct slw_record_writer *writer, uint64_t at, uint32_t length)
{
    bool valid = false;
    slw_record_put_u32(writer, writer->crc);
    slw_record_flush(writer);
    SLW_TRY(writer->status);
    SLW_TRY(check_record(writer->region, at, length, &valid));
    return valid ? SLW_OK : SLW_IO;
}

static bool fits(const struct slw_store *store, uint64_t cells)
{
    uint64_t end = store->journal_segment + segment_size(store);
    return !store->journal_full && store->journal_at + cells <= end;
}

static enum slw_status put_seal(struct slw_store *store, uint64_t at)
{
    struct slw_record_writer writer;
    const struct record record = {RECORD_SEAL, 0, ++store->record};
    begin_record(&writer, journal(store), at, &record);
    return end_record(&writer, at, record.length);
}

/* When writing fails, the state stays where it is, and the next record goes to a new segment. */
enum slw_status slw_journal_put_snapshot(struct slw_store *store, const struct slw_state *state,
                                         uint64_t sequence,
                                         const struct slw_staging_progress *progress)
{
    struct slw_record_writer writer;
    uint64_t segment = store->journal_segment;
    uint64_t at = store->journal_at;
    slw_record_writer_init(&writer, NULL, 0);
    slw_state_encode(&writer, state, sequence, progress);
    const struct record record = {RECORD_SNAPSHOT, (uint32_t)writer.len, ++store->record};
    if (!fits(store, cells_for(record.length) + cells_for(0))) {
        SLW_TRY(begin_segment(store, &segment));
        at = segment + SLW_CELL_SIZE;
    }
    store->journal_full = true;
    begin_record(&writer, journal(store), at, &record);
    slw_state_encode(&writer, state, sequence, progress);
    SLW_TRY(end_record(&writer, at, record.length));
    at += cells_for(record.length);
    SLW_TRY(put_seal(store, at));
    store->journal_full = false;
    store->journal_segment = segment;
    store->journal_at = at + cells_for(0);
    return SLW_OK;
}

enum slw_status slw_journal_put_progress(struct slw_store *store,
                                         const struct slw_staging_progress *progress)
{
    struct slw_record_writer writer;
    uint64_t at = store->journal_at;
    if (!fits(store, cells_for(PROGRESS_SIZE))) {
        return slw_journal_put_snapshot(store, &store->state, store->state.sequence, progress);
    }
    const struct record record = {RECORD_PROGRESS, PROGRESS_SIZE, ++store->record};
    store->journal_full = true;
    begin_record(&writer, journal(store), at, &record);
    slw_record_put_u64(&writer, store->state.sequence);
    slw_record_put_u32(&writer, progress->transfer_id);
    slw_record_put_u64(&writer, progress->offset);
    SLW_TRY(end_record(&writer, at, record.length));
    store->journal_full = false;
    store->journal_at = at + cells_for(record.length);
    return SLW_OK;
}
