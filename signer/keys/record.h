/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the log's records (SIGNING.md, section 3): a line of canonical JSON each. The log is
 * the key process's journal, so these texts are also its only memory; book.c reads them back.
 *
 *     struct slw_record record;
 *     slw_record_begin(&record, SLW_RECORD_REFUSAL, now_utc_s);
 *     slw_record_hex(&record, "request", id, sizeof id);
 *     SLW_TRY(slw_record_finish(&record, &text, detail));
 */
#ifndef SIGNER_KEYS_RECORD_H
#define SIGNER_KEYS_RECORD_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/json_reader.h"

enum slw_record_kind {
    SLW_RECORD_ADMINISTRATORS = 1,
    SLW_RECORD_START,
    SLW_RECORD_STAGE,
    SLW_RECORD_REQUEST,
    SLW_RECORD_REFUSAL,
    SLW_RECORD_APPROVAL,
    SLW_RECORD_REJECTION,
    SLW_RECORD_SIGNATURE,
    SLW_RECORD_POLICY,
    SLW_RECORD_TAKEOVER,
    SLW_RECORD_CEREMONY,
    SLW_RECORD_EXPIRY,
    SLW_RECORD_TUF_ROOT,
    SLW_RECORD_TRUSTED_ROOT,
};
#define SLW_RECORD_KINDS_END 15u /* one behind the last */

/* "request"; NULL for a number that isn't one. */
const char *slw_record_kind_name(enum slw_record_kind kind);

struct slw_record {
    struct slw_heap_buffer text;
    int64_t time_utc_s;
};

void slw_record_begin(struct slw_record *record, enum slw_record_kind kind, int64_t now_utc_s);
/* Bytes that can't stand in canonical JSON (control characters, what isn't UTF-8) become '?'. */
void slw_record_text(struct slw_record *record, const char *name, struct slw_bytes text);
void slw_record_hex(struct slw_record *record, const char *name, const uint8_t *bytes, size_t len);
void slw_record_uint(struct slw_record *record, const char *name, uint64_t value);
void slw_record_time(struct slw_record *record, const char *name, int64_t utc_s);
/* A JSON text as it is: an envelope. */
void slw_record_json(struct slw_record *record, const char *name, struct slw_bytes json);
/* Appends the record in canonical form, and frees it. SLW_NO_SPACE. */
enum slw_status slw_record_finish(struct slw_record *record, struct slw_heap_buffer *ret_text,
                                  struct slw_detail *detail);
void slw_record_free(struct slw_record *record);

/* A record that is read back; whatever isn't as slw_record_… writes it is SLW_LOG_DAMAGED. */
struct slw_record_view {
    struct slw_json_document json;
    enum slw_record_kind kind;
    int64_t time_utc_s;
};
SLW_MUST_USE enum slw_status slw_record_parse(struct slw_bytes text,
                                              struct slw_record_view *ret_view,
                                              struct slw_detail *detail);
void slw_record_view_free(struct slw_record_view *view);
SLW_MUST_USE enum slw_status slw_record_get_hex(const struct slw_record_view *view,
                                                const char *name, uint8_t *ret_bytes, size_t len,
                                                struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_record_get_uint(const struct slw_record_view *view,
                                                 const char *name, uint64_t *ret_value,
                                                 struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_record_get_time(const struct slw_record_view *view,
                                                 const char *name, int64_t *ret_utc_s,
                                                 struct slw_detail *detail);
/* Empty when it isn't there. */
struct slw_bytes slw_record_get_text(const struct slw_record_view *view, const char *name);
/* Where an object's JSON text is; empty when it isn't there. */
struct slw_bytes slw_record_get_json(const struct slw_record_view *view, const char *name);

#endif
