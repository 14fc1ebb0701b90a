/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the devices' part share: a device as its row has it, the limits, the batches,
 * the handlers. DEPOT.md, section 7.
 */
#ifndef SLIPWAY_DEVICES_PARTS_H
#define SLIPWAY_DEVICES_PARTS_H

#include "core/serve.h"
#include "memory.h"
#include "people/secret.h"
#include "rollouts/rollouts.h"

#include "slipway/fleet.h"

#include <pthread.h>
#include <time.h>

#define DEVICES_US INT64_C(1000000)
#define DEVICES_CHECKIN_S 60       /* between two check-ins, when nothing else is said */
#define DEVICES_CHECKIN_MAX_S 3600 /* however busy it is here */
#define DEVICES_CLASSES "dev, test or prod"

enum device_state {
    DEVICE_REGISTERED,
    DEVICE_PENDING,
    DEVICE_ENROLLED,
    DEVICE_REVOKED,
    DEVICE_STATES
};
extern const char *const device_state_names[DEVICE_STATES];

/* A device. Free with device_row_free(). */
struct device_row {
    struct depot_device_view view;
    enum device_state state;
    struct slw_bytes key_pem, new_key_pem, boot_state, slots, answer;
    int64_t epoch, sequence, seen_us;
    bool is_restored; /* a backup was restored since it enrolled: its epoch is over */
    bool is_healthy, log_wanted, has_secret, has_report;
    uint8_t secret[SLW_SHA256_SIZE], report[SLW_SHA256_SIZE];
    struct slw_heap_buffer memory; /* private: what the views point into */
};

/* many.c: statements about up to DEVICE_MANY_MAX devices. Values are row by row, in the order of
 * the kind's columns there; SEEN and HISTORY are run, READ and REPORT have rows. */
#define DEVICE_MANY_MAX 256u
#define DEVICE_MANY_COLUMNS_MAX 15u
enum device_many {
    DEVICE_MANY_READ,    /* product, id, its place among them */
    DEVICE_MANY_SEEN,    /* product, id, when */
    DEVICE_MANY_REPORT,  /* see apply.c; gives product and id of each that was as it was said */
    DEVICE_MANY_HISTORY, /* the table's columns */
    DEVICE_MANY_KINDS
};
/* ret_values: how many it wants, for which there is room; fill() makes up those behind count rows.
 */
SLW_MUST_USE enum slw_status device_many_sql(enum device_many kind, size_t count,
                                             const char **ret_sql, size_t *ret_values,
                                             struct slw_detail *detail);
void device_many_fill(enum device_many kind, size_t count, size_t values_count,
                      struct slw_sql_value *values);

/* What a device_row is read from. */
#define DEVICE_ROW_COLUMNS                                                                         \
    "d.hardware, d.class, d.channel, d.attributes, d.tags, d.key_pem, d.new_key_pem, d.slots, "    \
    "d.report_answer, d.state, d.boot_state, d.secret, d.report, d.epoch, d.sequence, d.version, " \
    "d.root_version, d.pin, d.utc_offset_s, d.healthy, d.log_wanted, d.seen_us, CASE WHEN "        \
    "d.restores = (SELECT value FROM counters WHERE name = 'restores') THEN 1 ELSE 0 END"
/* Up to DEVICE_ROWS_MAX at once, by one statement; those that weren't found are zeros. When it
 * fails there is nothing to be freed. */
#define DEVICE_ROWS_MAX 64u
struct device_name {
    struct slw_bytes product, id;
};
SLW_MUST_USE enum slw_status device_rows_read(struct slw_transaction *transaction,
                                              const struct device_name *names, size_t count,
                                              struct device_row *ret_rows, bool *ret_found,
                                              struct slw_detail *detail);
/* SLW_NOT_FOUND: there is no such device. */
SLW_MUST_USE enum slw_status device_row_read(struct slw_transaction *transaction,
                                             struct slw_bytes product, struct slw_bytes id,
                                             struct device_row *ret_row, struct slw_detail *detail);
/* The same in a transaction of its own. */
SLW_MUST_USE enum slw_status device_row_find(struct depot *depot, struct slw_bytes product,
                                             struct slw_bytes id, struct device_row *ret_row,
                                             struct slw_detail *detail);
void device_row_free(struct device_row *row);
/* The key that reports verify by. It was checked when it came and is written as we write keys: it
 * is read without the library's parser, which would take longer than the signature. */
SLW_MUST_USE enum slw_status device_row_key(const struct device_row *row,
                                            struct slw_public_key *ret_key,
                                            struct slw_detail *detail);

/* By this machine's clock: for nonces, limits and windows. */
int64_t devices_now_us(void);

/* Appends an event and an entry of the audit trail about a device. who: whose doing it is. */
SLW_MUST_USE enum slw_status device_tell(struct slw_transaction *transaction, const char *who,
                                         struct slw_bytes product, struct slw_bytes device,
                                         const char *action, const char *detail_json,
                                         struct slw_detail *detail);

/* --- What is kept in memory --- */

struct devices_batch;
struct devices_seen;
struct devices_buckets;
struct devices_reader;
struct depot_devices_state {
    struct devices_memory *memory;
    struct devices_follower *follower;
    struct devices_reader *reader;
    pthread_mutex_t writing; /* batches and notes of who was seen don't get in each other's way */
    struct devices_batch *batch;
    struct devices_seen *seen;
    struct devices_buckets *buckets;
};

/* bucket.c: whether a device may call now; each call takes one of what it saved up. what tells
 * kinds of calls apart. */
enum slw_status devices_buckets_open(struct depot *depot, struct devices_buckets **ret_buckets,
                                     struct slw_detail *detail);
void devices_buckets_close(struct devices_buckets *buckets);
bool devices_bucket_take(struct devices_buckets *buckets, struct slw_bytes product,
                         struct slw_bytes device, struct slw_bytes what);
/* Answers 429. */
void devices_refuse_flood(struct slw_http_exchange *exchange);

/* seen.c: when devices checked in last, written once a second, and how often they do. */
enum slw_status devices_seen_open(struct depot *depot, struct devices_seen **ret_seen,
                                  struct slw_detail *detail);
void devices_seen_close(struct devices_seen *seen);
/* seen_us: when it was noted before. When it is now. */
int64_t devices_seen_note(struct devices_seen *seen, const struct device_name *name,
                          int64_t seen_us, int64_t now_us);
/* More come than a replica takes at its ease. */
bool devices_seen_is_busy(const struct devices_seen *seen);
/* Seconds until a device is to come again, by how busy it is here. */
int64_t devices_seen_next_s(const struct devices_seen *seen);

/*
 * reader.c: rows of devices that call, read for many calls at once, by threads that then go on with
 * each. A call's own structure begins with this.
 */
struct device_reading {
    struct slw_http_exchange *exchange;
    struct device_name name; /* lives until the exchange is answered */
    /* Owns reading and row, and answers the exchange. SLW_NOT_FOUND: there is no such device. */
    void (*then)(struct depot *depot, struct device_reading *reading, enum slw_status status,
                 struct device_row *row, struct slw_detail *detail);
    struct device_reading *next;
};
enum slw_status devices_reader_open(struct depot *depot, struct devices_reader **ret_reader,
                                    struct slw_detail *detail);
/* What still waits is gone on with. */
void devices_reader_close(struct devices_reader *reader);
void devices_reader_add(struct devices_reader *reader, struct device_reading *reading);

/* batch.c: reports that were verified, taken many at a time; each is answered once it is durable.
 * Takes report over, and its exchange. */
struct device_report {
    struct device_reading reading; /* first; its name is of the path */
    struct slw_fleet_opened opened;
    struct device_row row;  /* as it was when the report was verified */
    enum slw_status status; /* of this one */
    struct slw_heap_buffer answer;
    struct slw_detail detail;
    struct device_report *next;
};
#define DEVICES_WAITING_MAX 4096u
/* waiting_max: how many may wait for the next batch, beside the DEVICE_MANY_MAX of this one. */
enum slw_status devices_batch_open(struct depot *depot, size_t waiting_max,
                                   struct devices_batch **ret_batch, struct slw_detail *detail);
void devices_batch_close(struct devices_batch *batch);
/* False when too many wait; report isn't taken over then. */
bool devices_batch_add(struct devices_batch *batch, struct device_report *report);
size_t devices_batch_waiting(struct devices_batch *batch);
void device_report_free(struct device_report *report);

/* apply.c: what reports change, in their order, up to DEVICE_MANY_MAX; the verdict on each is its
 * status, with its answer. Another status than SLW_OK is the transaction's. */
SLW_MUST_USE enum slw_status device_reports_apply(struct depot *depot,
                                                  struct slw_transaction *transaction,
                                                  struct device_report *const *reports,
                                                  size_t count, int64_t now_us,
                                                  struct slw_detail *detail);

/* list.c: a statement of DEVICE_COLUMNS that has what a query asks for, but no order and no limit;
 * texts of its values are the exchange's, or the filter's own. Free sql. */
#define DEVICE_FILTER_VALUES_MAX 18u
#define DEVICE_FILTER_WORD_MAX 256u
struct device_filter {
    struct slw_heap_buffer sql;
    struct slw_sql_value values[DEVICE_FILTER_VALUES_MAX];
    size_t count;
    char upper[DEVICE_FILTER_WORD_MAX + 2]; /* of names that begin with something */
};
SLW_MUST_USE enum slw_status device_filter_make(const struct slw_http_exchange *exchange,
                                                int64_t now_us, struct device_filter *filter,
                                                struct slw_detail *detail);
/* One more value, between texts of the statement. */
void device_filter_add(struct device_filter *filter, const char *before, struct slw_sql_value value,
                       const char *behind);

/* enrolments.c: one use of a token, if it is good. */
struct enrolment {
    char key_class[8];
    struct slw_heap_buffer tags, channel;
};
SLW_MUST_USE enum slw_status enrolment_use(struct slw_transaction *transaction,
                                           struct slw_bytes product, struct slw_bytes token,
                                           int64_t now_us, struct enrolment *ret_enrolment,
                                           bool *ret_good, struct slw_detail *detail);
void enrolment_free(struct enrolment *enrolment);
bool device_class_is_one(struct slw_bytes text);
/* Writes the tags of a JSON array that was checked into device_tags. */
SLW_MUST_USE enum slw_status device_tags_write(struct slw_transaction *transaction,
                                               struct slw_bytes product, struct slw_bytes device,
                                               struct slw_bytes tags, struct slw_detail *detail);
/* A member that is an array of names, each once, at most 64; absent: empty. Appends it as JSON. */
SLW_MUST_USE enum slw_status device_tags_read(const struct slw_json_document *body,
                                              const char *name, struct slw_heap_buffer *ret_tags,
                                              struct slw_detail *detail);

/* enrol.c, checkin.c, report.c: the devices' own calls. */
slw_http_handler devices_enrol, devices_nonce, devices_check_in, devices_report;
slw_http_handler devices_take_log;
/* list.c, show.c, change.c, register.c, logs.c, consents.c: people's calls. */
slw_http_handler devices_list, devices_export, devices_count;
slw_http_handler devices_show, devices_history;
slw_http_handler devices_change, devices_approve, devices_reject, devices_revoke, devices_ask_log;
slw_http_handler devices_register;
slw_http_handler devices_list_logs, devices_show_log;
slw_http_handler consents_list, consents_give;

/* Members of a device's JSON, for lists and when it is shown. Columns: DEVICE_COLUMNS, from first.
 */
#define DEVICE_COLUMNS                                                                             \
    "d.id, d.state, d.class, d.hardware, d.channel, d.version, d.root_version, d.boot_state, "     \
    "d.healthy, d.seen_us, d.reported_us, d.tags, d.pin, CASE WHEN d.new_key_pem = '' THEN 0 "     \
    "ELSE 1 END, d.enrolled_us, d.made_us"
#define DEVICES_ONLINE_US (900 * DEVICES_US) /* who checked in so recently is online */
void device_put_members(const struct slw_rows *rows, int64_t now_us, struct slw_json *json);
/* The device of the call's path, with the right to change one of its class: developers those of dev
 * and test (DEPOT.md, section 3). */
SLW_MUST_USE enum slw_status device_row_for(struct depot_call *call,
                                            struct slw_transaction *transaction,
                                            struct device_row *ret_row, struct slw_detail *detail);
SLW_MUST_USE enum slw_status device_may_class(struct depot_call *call,
                                              struct slw_transaction *transaction,
                                              struct slw_bytes key_class,
                                              struct slw_detail *detail);
/* Whoever can't show the device's present secret. */
SLW_MUST_USE enum slw_status device_row_identify(struct depot *depot,
                                                 const struct slw_http_exchange *exchange,
                                                 struct device_row *ret_row,
                                                 struct slw_detail *detail);
/* housekeeping.c */
enum slw_status devices_keep_house(struct depot *depot, int64_t token, struct slw_detail *detail);
/* groups.c, enrolments.c */
slw_http_handler groups_list, groups_put, groups_show, groups_remove;
slw_http_handler enrolments_list, enrolments_make, enrolments_revoke;

#endif
