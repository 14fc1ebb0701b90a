/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness decides (C2SP tlog-witness). It remembers one checkpoint a log, in a file of its
 * own that is durable before anything that follows from it is said, and cosigns what continues
 * that.
 *
 * A file is named by the SHA-256 of the log's origin, in hexadecimal, and says
 *     slipway witness 1
 *     ORIGIN
 *     SIZE
 *     BASE64(root)
 *     TIME                   of the newest cosignature
 */
#include "number_text.h"
#include "witness_body.h"

#include "slipway/base64.h"
#include "slipway/files.h"
#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_LINE "slipway witness 1\n"
#define STATE_SIZE_MAX 1024u
#define PATH_SIZE_MAX 4096u

struct held {
    bool is_there;
    uint64_t size;
    struct slw_merkle_hash root;
    uint64_t time;
};

struct slw_witness {
    struct slw_witness_settings settings;
    int directory; /* locked */
    struct held held[SLW_WITNESS_LOGS_MAX];
};

static struct slw_bytes name_of(const struct slw_note_key *key)
{
    return slw_bytes_make(key->name, strlen(key->name));
}

/* --- State --- */

static bool state_path(const struct slw_witness *witness, size_t log,
                       char ret_path[static PATH_SIZE_MAX])
{
    uint8_t digest[SLW_SHA256_SIZE];
    char hex[2 * SLW_SHA256_SIZE + 1];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, name_of(&witness->settings.logs[log]));
    slw_sha256_final(&hash, digest);
    slw_text_hex(slw_bytes_make(digest, sizeof digest), hex);
    int len = snprintf(ret_path, PATH_SIZE_MAX, "%s/%s", witness->settings.directory, hex);
    return len > 0 && (size_t)len < PATH_SIZE_MAX;
}

static void format_state(const struct slw_note_key *log, const struct held *held,
                         struct slw_heap_buffer *ret_text)
{
    struct slw_checkpoint checkpoint = {.origin = name_of(log), .size = held->size};
    memcpy(checkpoint.root, held->root.bytes, sizeof checkpoint.root);
    slw_heap_append_text(ret_text, STATE_LINE);
    slw_checkpoint_format(&checkpoint, ret_text);
    slw_heap_printf(ret_text, "%llu\n", (unsigned long long)held->time);
}

/* A state is a checkpoint's text with the time as its extension. */
static bool read_state(const struct slw_note_key *log, struct slw_bytes text, struct held *ret_held)
{
    struct slw_checkpoint checkpoint;
    struct slw_detail unheard;
    const size_t line_len = sizeof STATE_LINE - 1;
    if (text.len < line_len || memcmp(text.ptr, STATE_LINE, line_len) != 0 ||
        slw_checkpoint_parse("state", slw_bytes_make(text.ptr + line_len, text.len - line_len),
                             &checkpoint, &unheard) != SLW_OK ||
        !slw_bytes_equal(checkpoint.origin, name_of(log)) || checkpoint.extensions.len < 2 ||
        !slw_number_parse(slw_bytes_make(checkpoint.extensions.ptr, checkpoint.extensions.len - 1),
                          &ret_held->time)) {
        return false;
    }
    ret_held->is_there = true;
    ret_held->size = checkpoint.size;
    memcpy(ret_held->root.bytes, checkpoint.root, sizeof ret_held->root.bytes);
    return true;
}

static enum slw_status load_state(struct slw_witness *witness, size_t log,
                                  struct slw_detail *detail)
{
    char path[PATH_SIZE_MAX];
    struct stat found;
    struct slw_heap_buffer text = {0};
    if (!state_path(witness, log, path)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: too long a name",
                           witness->settings.directory);
    }
    if (lstat(path, &found) != 0 && errno == ENOENT) {
        return SLW_OK; /* it never cosigned this log */
    }
    enum slw_status status = slw_file_read(path, STATE_SIZE_MAX, &text, detail);
    if (status == SLW_TOO_LARGE ||
        (status == SLW_OK &&
         !read_state(&witness->settings.logs[log], slw_heap_bytes(&text), &witness->held[log]))) {
        status = slw_explain(detail, SLW_STORED_STATE, "%s: isn't what a witness wrote", path);
    }
    slw_heap_free(&text);
    return status;
}

static enum slw_status store_state(struct slw_witness *witness, size_t log, const struct held *held,
                                   struct slw_detail *detail)
{
    char path[PATH_SIZE_MAX];
    struct slw_heap_buffer text = {0};
    if (!state_path(witness, log, path)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "too long a name");
    }
    format_state(&witness->settings.logs[log], held, &text);
    enum slw_status status = text.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status = slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&text), detail);
    }
    slw_heap_free(&text);
    if (status == SLW_OK) {
        witness->held[log] = *held;
    }
    return status;
}

/* --- Opening --- */

static enum slw_status check_settings(const struct slw_witness_settings *settings,
                                      struct slw_detail *detail)
{
    if (settings->signer->key.type != SLW_NOTE_COSIGNATURE) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s isn't a witness's key",
                           settings->signer->key.name);
    }
    if (settings->log_count == 0 || settings->log_count > SLW_WITNESS_LOGS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a witness has 1 to %u logs",
                           SLW_WITNESS_LOGS_MAX);
    }
    for (size_t i = 0; i < settings->log_count; i++) {
        if (settings->logs[i].type != SLW_NOTE_ED25519) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s isn't a log's key",
                               settings->logs[i].name);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(settings->logs[i].name, settings->logs[j].name) == 0) {
                return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: two keys of one log",
                                   settings->logs[i].name);
            }
        }
    }
    return SLW_OK;
}

static enum slw_status load(struct slw_witness *witness, struct slw_detail *detail)
{
    const char *path = witness->settings.directory;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    witness->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (witness->directory < 0) {
        return slw_explain_errno(detail, path);
    }
    if (flock(witness->directory, LOCK_EX | LOCK_NB) != 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: another witness has it open", path);
    }
    for (size_t i = 0; i < witness->settings.log_count; i++) {
        SLW_TRY(load_state(witness, i, detail));
    }
    return SLW_OK;
}

enum slw_status slw_witness_open(const struct slw_witness_settings *settings,
                                 struct slw_witness **ret_witness, struct slw_detail *detail)
{
    SLW_TRY(check_settings(settings, detail));
    struct slw_witness *witness = calloc(1, sizeof *witness);
    if (witness == NULL) {
        return slw_explain_no_memory(detail);
    }
    witness->settings = *settings;
    witness->directory = -1;
    enum slw_status status = load(witness, detail);
    if (status != SLW_OK) {
        slw_witness_close(witness);
        return status;
    }
    *ret_witness = witness;
    return SLW_OK;
}

void slw_witness_close(struct slw_witness *witness)
{
    if (witness != NULL && witness->directory >= 0) {
        (void)close(witness->directory);
    }
    free(witness);
}

static bool find_log(const struct slw_witness *witness, struct slw_bytes origin, size_t *ret_log)
{
    for (size_t i = 0; i < witness->settings.log_count; i++) {
        if (slw_bytes_equal(origin, name_of(&witness->settings.logs[i]))) {
            *ret_log = i;
            return true;
        }
    }
    return false;
}

bool slw_witness_holds(const struct slw_witness *witness, struct slw_bytes origin,
                       uint64_t *ret_size, struct slw_merkle_hash *ret_root)
{
    size_t log = 0;
    if (!find_log(witness, origin, &log) || !witness->held[log].is_there) {
        return false;
    }
    *ret_size = witness->held[log].size;
    *ret_root = witness->held[log].root;
    return true;
}

/* --- Deciding --- */

/* A checkpoint that was asked to be cosigned, and what of it is known. */
struct asked {
    struct slw_witness_body body;
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    size_t log;
};

static unsigned conflict(const struct held *held, struct slw_heap_buffer *ret_body)
{
    slw_heap_printf(ret_body, "%llu\n", (unsigned long long)held->size);
    return 409;
}

static unsigned refuse(unsigned status, const char *why, struct slw_heap_buffer *ret_body)
{
    slw_heap_printf(ret_body, "%s\n", why);
    return status;
}

static unsigned parse_asked(const struct slw_witness *witness, struct slw_bytes body,
                            struct asked *asked, struct slw_heap_buffer *ret_body)
{
    struct slw_detail detail;
    struct slw_note_verdict verdict;
    if (slw_witness_body_parse(body, &asked->body, &detail) != SLW_OK ||
        slw_note_parse("checkpoint", asked->body.checkpoint, &asked->note, &detail) != SLW_OK ||
        slw_checkpoint_parse("checkpoint", asked->note.text, &asked->checkpoint, &detail) !=
            SLW_OK) {
        return refuse(400, detail.text, ret_body);
    }
    /* "If the checkpoint origin is unknown, the witness MUST respond with a "404 Not Found" HTTP
     * status code." */
    if (!find_log(witness, asked->checkpoint.origin, &asked->log)) {
        return refuse(404, "unknown log", ret_body);
    }
    /* "If none of the signatures verify against a trusted public key, the witness MUST respond with
     * a "403 Forbidden" HTTP status code." */
    if (slw_note_verify(&asked->note, &witness->settings.logs[asked->log], 1, &verdict, &detail) !=
        SLW_OK) {
        return refuse(403, "not signed by the log", ret_body);
    }
    return 200;
}

static bool continues(const struct held *held, const struct asked *asked)
{
    const struct slw_checkpoint *checkpoint = &asked->checkpoint;
    struct slw_merkle_hash root;
    memcpy(root.bytes, checkpoint->root, sizeof root.bytes);
    if (held->size == 0) {
        struct slw_merkle_hash empty;
        slw_merkle_empty(&empty);
        return asked->body.proof.count == 0 &&
               (checkpoint->size != 0 || slw_merkle_equal(&root, &empty));
    }
    return slw_merkle_verify_consistency(held->size, checkpoint->size, &held->root, &root,
                                         &asked->body.proof) == SLW_OK;
}

static unsigned decide(const struct slw_witness *witness, const struct asked *asked,
                       struct slw_heap_buffer *ret_body)
{
    const struct held *held = &witness->held[asked->log];
    const struct slw_checkpoint *checkpoint = &asked->checkpoint;
    /* "The old size MUST be equal to or lower than the checkpoint size. Otherwise, the witness MUST
     * respond with a "400 Bad Request" HTTP status code." */
    if (asked->body.old_size > checkpoint->size) {
        return refuse(400, "the old size is above the checkpoint's", ret_body);
    }
    /* "The witness MUST check that the old size matches the size of the latest checkpoint it
     * cosigned for the checkpoint's origin (or zero if it never cosigned a checkpoint for that
     * origin). If it doesn't match, the witness MUST respond with a "409 Conflict"" */
    if (asked->body.old_size != held->size) {
        return conflict(held, ret_body);
    }
    /* "If the old size matches the checkpoint size, the witness MUST check that the root hashes are
     * also identical. If they don't match, the witness MUST respond with a "409 Conflict"" */
    if (held->is_there && checkpoint->size == held->size &&
        memcmp(checkpoint->root, held->root.bytes, sizeof checkpoint->root) != 0) {
        return conflict(held, ret_body);
    }
    /* "If the Merkle Consistency Proof doesn't verify, the witness MUST respond with a "422
     * Unprocessable Entity" HTTP status code." */
    return continues(held, asked) ? 200
                                  : refuse(422, "the proof doesn't continue the log", ret_body);
}

enum slw_status slw_witness_add_checkpoint(struct slw_witness *witness, struct slw_bytes body,
                                           uint64_t now_utc_s, unsigned *ret_http_status,
                                           struct slw_heap_buffer *ret_body,
                                           struct slw_detail *detail)
{
    struct asked asked;
    struct held next = {.is_there = true};
    *ret_http_status = parse_asked(witness, body, &asked, ret_body);
    if (*ret_http_status == 200) {
        *ret_http_status = decide(witness, &asked, ret_body);
    }
    if (*ret_http_status != 200) {
        return ret_body->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    const struct held *held = &witness->held[asked.log];
    next.size = asked.checkpoint.size;
    memcpy(next.root.bytes, asked.checkpoint.root, sizeof next.root.bytes);
    next.time = held->time > now_utc_s ? held->time : now_utc_s;
    *ret_http_status = 500;
    /* "The witness MUST persist the new checkpoint before responding." */
    SLW_TRY(store_state(witness, asked.log, &next, detail));
    SLW_TRY(
        slw_note_sign_text(witness->settings.signer, asked.note.text, next.time, ret_body, detail));
    *ret_http_status = 200;
    return SLW_OK;
}
