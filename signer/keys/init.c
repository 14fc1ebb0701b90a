/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginnings of a log: of a new service, by the administrators whom somebody at its console
 * names; and of a new epoch on another machine or disk, by the administrators' threshold.
 */
#include "service_parts.h"

#include "slipway/files.h"
#include "slipway/json.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define PATH_SIZE 4096u
#define MACHINE_ID "/etc/machine-id"

enum slw_status slw_instance_read(const char *state, uint8_t ret_instance[static SLW_SHA256_SIZE],
                                  struct slw_detail *detail)
{
    char path[PATH_SIZE];
    struct stat facts;
    struct statfs system;
    struct slw_heap_buffer machine = {0};
    struct slw_detail ignored;
    struct slw_sha256 hash;
    (void)snprintf(path, sizeof path, "%s/log", state);
    if (stat(path, &facts) != 0 || statfs(path, &system) != 0) {
        return slw_explain_errno(detail, path);
    }
    (void)slw_file_read(MACHINE_ID, 4096, &machine, &ignored); /* none is as good as an empty one */
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&machine));
    slw_sha256_update(&hash, slw_bytes_make(&facts.st_ino, sizeof facts.st_ino));
    slw_sha256_update(&hash, slw_bytes_make(&system.f_fsid, sizeof system.f_fsid));
    slw_sha256_final(&hash, ret_instance);
    slw_heap_drop(&machine);
    return SLW_OK;
}

static int64_t now_of(const struct slw_service_options *options)
{
    return options->clock.utc_s == NULL ? (int64_t)time(NULL)
                                        : options->clock.utc_s(options->clock.context);
}

static enum slw_status record_append(struct slw_log *log, struct slw_record *record,
                                     struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    uint64_t index;
    enum slw_status status = slw_record_finish(record, &text, detail);
    if (status == SLW_OK) {
        status = slw_log_append_record(log, slw_heap_bytes(&text), &index, detail);
    }
    slw_heap_drop(&text);
    return status;
}

static enum slw_status log_open(const struct slw_service_options *options, bool create,
                                struct slw_log **ret_log, struct slw_detail *detail)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/log", options->state);
    const struct slw_log_settings settings = {path, options->log_signer, options->files};
    return create ? slw_log_create(&settings, ret_log, detail)
                  : slw_log_open(&settings, ret_log, detail);
}

/* --- A new service --- */

static void put_envelope(struct slw_record *record, const struct slw_dsse *envelope)
{
    struct slw_heap_buffer text = {0};
    slw_dsse_format(envelope, &text);
    slw_record_json(record, "envelope", slw_heap_bytes(&text));
    slw_heap_drop(&text);
}

static void put_statement_id(struct slw_record *record, const struct slw_dsse *envelope)
{
    struct slw_sha256 hash;
    uint8_t id[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, envelope->payload);
    slw_sha256_final(&hash, id);
    slw_record_hex(record, "id", id, sizeof id);
}

static void put_administrators(struct slw_record *record, const struct slw_policy *policy)
{
    struct slw_heap_buffer json = {0};
    slw_book_administrators(policy, &json);
    slw_record_json(record, "administrators", slw_heap_bytes(&json));
    slw_heap_drop(&json);
}

static enum slw_status entries_append(const struct slw_service_options *options,
                                      struct slw_log *log, const struct slw_dsse *envelope,
                                      const struct slw_policy *policy, struct slw_detail *detail)
{
    struct slw_record record;
    int64_t now = now_of(options);
    slw_record_begin(&record, SLW_RECORD_ADMINISTRATORS, now);
    slw_record_text(&record, "origin", slw_bytes_make(options->origin, strlen(options->origin)));
    put_administrators(&record, policy);
    SLW_TRY(record_append(log, &record, detail));
    slw_record_begin(&record, SLW_RECORD_POLICY, now);
    put_statement_id(&record, envelope);
    slw_record_uint(&record, "version", policy->version);
    slw_record_time(&record, "in_force", now);
    put_envelope(&record, envelope);
    SLW_TRY(record_append(log, &record, detail));
    return slw_log_commit(log, detail);
}

enum slw_status slw_service_init(const struct slw_service_options *options,
                                 struct slw_bytes policy_envelope, struct slw_detail *detail)
{
    struct slw_log *log = NULL;
    struct slw_dsse envelope;
    struct slw_policy *policy = NULL;
    struct slw_bytes origin = slw_bytes_make(options->origin, strlen(options->origin));
    SLW_TRY(slw_policy_open(policy_envelope, origin, NULL, &policy, detail));
    enum slw_status status = slw_dsse_parse("policy", policy_envelope, &envelope, detail);
    if (status == SLW_OK) {
        if (mkdir(options->state, 0700) != 0 && errno != EEXIST) {
            status = slw_explain_errno(detail, options->state);
        }
        if (status == SLW_OK) {
            status = log_open(options, true, &log, detail);
        }
        if (status == SLW_OK) {
            status = entries_append(options, log, &envelope, policy, detail);
            slw_log_close(log);
        }
        slw_dsse_free(&envelope);
    }
    slw_policy_free(policy);
    return status;
}

/* --- Taking over --- */

/* How many of the administrators signed: as with a policy, keys of theirs alone, each once. */
static enum slw_status administrators_verify(const struct slw_policy *policy,
                                             const struct slw_dsse *envelope,
                                             struct slw_detail *detail)
{
    const struct slw_statement_key *keys[SLW_POLICY_ADMINISTRATORS_MAX];
    struct slw_dsse_signers signers;
    for (size_t i = 0; i < policy->administrators.count; i++) {
        keys[i] = &policy->administrators.items[i].keys[0];
    }
    enum slw_status status = slw_dsse_verify(envelope, keys, policy->administrators.count,
                                             SLW_DSSE_OUR_KEYS, &signers, detail);
    if (status == SLW_OK && signers.count < policy->administrators_threshold) {
        return slw_explain(detail, SLW_BELOW_THRESHOLD, "signed by %zu administrators of %u",
                           signers.count, policy->administrators_threshold);
    }
    return status;
}

/* "a statement by the administrators' threshold with the next epoch, the last checkpoint and the
 * version marks" */
static enum slw_status takeover_check(const struct slw_book *book, struct slw_log *log,
                                      const struct slw_takeover *takeover,
                                      struct slw_detail *detail)
{
    struct slw_merkle_hash root;
    slw_log_root(log, &root);
    if (!slw_bytes_equal(takeover->signer, slw_bytes_make(book->origin, strlen(book->origin)))) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "it is for another service");
    }
    if (takeover->epoch != book->epoch + 1) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "it isn't about the next epoch");
    }
    if (takeover->size != slw_log_size(log) ||
        memcmp(takeover->root, root.bytes, sizeof root.bytes) != 0) {
        return slw_explain(detail, SLW_LOG_BEHIND, "this isn't the log that it is about");
    }
    return SLW_OK;
}

static enum slw_status takeover_append(const struct slw_service_options *options,
                                       const struct slw_book *book, struct slw_log *log,
                                       const struct slw_dsse *envelope, uint64_t epoch, int64_t now,
                                       struct slw_detail *detail)
{
    struct slw_record record;
    uint8_t instance[SLW_SHA256_SIZE];
    SLW_TRY(slw_instance_read(options->state, instance, detail));
    if (now < book->time_utc_s) {
        return slw_explain(detail, SLW_CLOCK, "the clock is behind the last entry of the log");
    }
    slw_record_begin(&record, SLW_RECORD_TAKEOVER, now);
    put_statement_id(&record, envelope);
    slw_record_uint(&record, "epoch", epoch);
    slw_record_hex(&record, "instance", instance, sizeof instance);
    put_envelope(&record, envelope);
    SLW_TRY(record_append(log, &record, detail));
    return slw_log_commit(log, detail);
}

static enum slw_status takeover_do(const struct slw_service_options *options, struct slw_book *book,
                                   struct slw_log *log, const struct slw_dsse *envelope,
                                   struct slw_detail *detail)
{
    struct slw_statement statement;
    struct slw_takeover takeover;
    const int64_t now = now_of(options);
    const struct slw_book_policy *policy = slw_book_policy_at(book, now);
    if (policy == NULL || !slw_bytes_equal(envelope->payload_type, SLW_DSSE_INTOTO)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "not a statement about a log with a policy");
    }
    SLW_TRY(administrators_verify(policy->policy, envelope, detail));
    SLW_TRY(slw_statement_parse("takeover", envelope->payload, &statement, detail));
    enum slw_status status = slw_takeover_read(&statement, &takeover, detail);
    if (status == SLW_OK) {
        status = takeover_check(book, log, &takeover, detail);
        if (status == SLW_OK) {
            status = takeover_append(options, book, log, envelope, takeover.epoch, now, detail);
        }
        slw_takeover_free(&takeover);
    }
    slw_statement_free(&statement);
    return status;
}

enum slw_status slw_service_takeover(const struct slw_service_options *options,
                                     struct slw_bytes envelope_text, struct slw_detail *detail)
{
    struct slw_dsse envelope;
    struct slw_log *log = NULL;
    struct slw_book book = {0};
    SLW_TRY(slw_dsse_parse("takeover", envelope_text, &envelope, detail));
    enum slw_status status = log_open(options, false, &log, detail);
    if (status == SLW_OK) {
        status = slw_book_replay(&book, options->origin, log, detail);
        if (status == SLW_OK) {
            status = takeover_do(options, &book, log, &envelope, detail);
            slw_book_free(&book);
        }
        slw_log_close(log);
    }
    slw_dsse_free(&envelope);
    return status;
}

/* --- Showing --- */

static void put_marks(const struct slw_book *book, struct slw_json *json)
{
    slw_json_begin_array(json, "marks");
    for (size_t i = 0; i < book->marks_count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "kind", slw_policy_use_name(book->marks[i].use));
        slw_json_text(json, "name", book->marks[i].name);
        slw_json_uint(json, "version", book->marks[i].version);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static void show(const struct slw_service_options *options, struct slw_book *book,
                 struct slw_log *log, struct slw_heap_buffer *ret_json)
{
    struct slw_json json;
    struct slw_merkle_hash root;
    struct slw_heap_buffer vkey = {0};
    const struct slw_book_policy *policy = slw_book_policy_at(book, now_of(options));
    slw_log_root(log, &root);
    slw_note_key_format(&options->log_signer->key, &vkey);
    slw_json_init(&json, ret_json);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "origin", options->origin);
    slw_json_bytes(&json, "log", slw_heap_bytes(&vkey));
    slw_json_uint(&json, "epoch", book->epoch);
    slw_json_uint(&json, "size", slw_log_size(log));
    slw_json_hex(&json, "root", slw_bytes_make(root.bytes, sizeof root.bytes));
    slw_json_uint(&json, "requests", book->list_count);
    if (policy != NULL) {
        slw_json_uint(&json, "policy_version", policy->policy->version);
    }
    put_marks(book, &json);
    slw_json_end_object(&json);
    slw_heap_free(&vkey);
}

enum slw_status slw_service_show(const struct slw_service_options *options,
                                 struct slw_heap_buffer *ret_json, struct slw_detail *detail)
{
    struct slw_log *log = NULL;
    struct slw_book book = {0};
    SLW_TRY(log_open(options, false, &log, detail));
    enum slw_status status = slw_book_replay(&book, options->origin, log, detail);
    if (status == SLW_OK) {
        show(options, &book, log, ret_json);
        slw_book_free(&book);
        status = ret_json->status;
    }
    slw_log_close(log);
    return status;
}
