/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and verifying signed notes. What comes here is a web server's or a witness's: it is taken
 * apart strictly, and its text is worth nothing before somebody known signed it.
 */
#include "slipway/note.h"
#include "slipway/base64.h"

#define EM_DASH "\xE2\x80\x94 " /* U+2014 and a space */

/* signed-note: "Signed notes MUST be valid UTF-8 and MUST NOT contain any ASCII control characters
 * (those below U+0020) other than newline." */
static bool is_text(struct slw_bytes bytes)
{
    struct slw_utf8 checker = {0};
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] < 0x20 && bytes.ptr[i] != '\n') {
            return false;
        }
    }
    return slw_utf8_accept(&checker, bytes) && slw_utf8_complete(&checker);
}

/* "em dash (U+2014), space (U+0020), key name, space, base64-encoded signature, newline" */
static bool split_line(struct slw_bytes line, struct slw_note_signature *ret_signature)
{
    const size_t dash_len = sizeof EM_DASH - 1;
    if (line.len < dash_len + 1 || memcmp(line.ptr, EM_DASH, dash_len) != 0) {
        return false;
    }
    struct slw_bytes rest = slw_bytes_make(line.ptr + dash_len, line.len - dash_len - 1);
    const uint8_t *space = rest.len == 0 ? NULL : memchr(rest.ptr, ' ', rest.len);
    if (space == NULL) {
        return false;
    }
    size_t name_len = (size_t)(space - rest.ptr);
    ret_signature->line = line;
    ret_signature->name = slw_bytes_make(rest.ptr, name_len);
    ret_signature->base64 = slw_bytes_make(space + 1, rest.len - name_len - 1);
    return slw_note_name_is_good(ret_signature->name);
}

/* "Signatures are the base64 encoding of 4+n bytes. The first four bytes in the signature are the
 * uint32 key ID stored in big-endian order." */
static enum slw_status read_line(const char *what, struct slw_bytes line,
                                 struct slw_note_signature *ret_signature,
                                 struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    if (!split_line(line, ret_signature)) {
        return slw_explain(detail, SLW_MALFORMED, "%s: a line behind the text is no signature",
                           what);
    }
    enum slw_status status = slw_base64_decode(ret_signature->base64, &bytes);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status != SLW_OK || bytes.len <= SLW_NOTE_KEY_ID_SIZE) {
        status = slw_explain(detail, SLW_MALFORMED,
                             "%s: a signature isn't base64 of a key's id and more", what);
    } else {
        memcpy(ret_signature->key_id, bytes.ptr, SLW_NOTE_KEY_ID_SIZE);
    }
    slw_heap_free(&bytes);
    return status;
}

static enum slw_status read_lines(struct slw_bytes lines, struct slw_note *note,
                                  struct slw_detail *detail)
{
    while (lines.len > 0) {
        const uint8_t *newline = memchr(lines.ptr, '\n', lines.len);
        if (newline == NULL) {
            return slw_explain(detail, SLW_MALFORMED, "%s: its last line has no end", note->what);
        }
        if (note->count == SLW_NOTE_SIGNATURES_MAX) {
            return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u signatures", note->what,
                               SLW_NOTE_SIGNATURES_MAX);
        }
        size_t len = (size_t)(newline - lines.ptr) + 1;
        SLW_TRY(read_line(note->what, slw_bytes_make(lines.ptr, len),
                          &note->signatures[note->count], detail));
        note->count++;
        lines = slw_bytes_make(lines.ptr + len, lines.len - len);
    }
    if (note->count == 0) {
        return slw_explain(detail, SLW_MALFORMED, "%s: no signature", note->what);
    }
    return SLW_OK;
}

static enum slw_status check_text(const char *what, struct slw_bytes bytes,
                                  struct slw_detail *detail)
{
    if (bytes.len > SLW_NOTE_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u bytes", what,
                           SLW_NOTE_SIZE_MAX);
    }
    if (!is_text(bytes)) {
        return slw_explain(detail, SLW_MALFORMED, "%s: not UTF-8 without control characters", what);
    }
    return SLW_OK;
}

/* "the text is separated from the signatures by the last empty line in the note" */
static bool find_separator(struct slw_bytes bytes, size_t *ret_text_len)
{
    for (size_t at = bytes.len; at >= 2; at--) {
        if (bytes.ptr[at - 1] == '\n' && bytes.ptr[at - 2] == '\n') {
            *ret_text_len = at - 1;
            return true;
        }
    }
    return false;
}

enum slw_status slw_note_parse(const char *what, struct slw_bytes bytes, struct slw_note *ret_note,
                               struct slw_detail *detail)
{
    struct slw_note note = {.what = what};
    size_t text_len = 0;
    SLW_TRY(check_text(what, bytes, detail));
    if (!find_separator(bytes, &text_len) || text_len < 2) {
        return slw_explain(detail, SLW_MALFORMED, "%s: no text with signatures behind it", what);
    }
    note.text = slw_bytes_make(bytes.ptr, text_len);
    SLW_TRY(read_lines(slw_bytes_make(bytes.ptr + text_len + 1, bytes.len - text_len - 1), &note,
                       detail));
    *ret_note = note;
    return SLW_OK;
}

enum slw_status slw_note_lines_parse(const char *what, struct slw_bytes lines,
                                     struct slw_note *ret_note, struct slw_detail *detail)
{
    struct slw_note note = {.what = what};
    SLW_TRY(check_text(what, lines, detail));
    SLW_TRY(read_lines(lines, &note, detail));
    *ret_note = note;
    return SLW_OK;
}

/* tlog-cosignature: "The header line MUST be the fixed string `cosignature/v1` ... The timestamp
 * line MUST consist of the string `time`, a single space (0x20), and
 * timestamped_signature.timestamp encoded as an ASCII decimal with no leading zeroes." */
static void compose_message(const struct slw_note_key *key, struct slw_bytes text, uint64_t utc_s,
                            struct slw_heap_buffer *ret_message)
{
    if (key->type == SLW_NOTE_COSIGNATURE) {
        slw_heap_printf(ret_message, "cosignature/v1\ntime %llu\n", (unsigned long long)utc_s);
    }
    slw_heap_append(ret_message, text);
}

enum slw_status slw_note_check_signature(const struct slw_note_key *key, struct slw_bytes text,
                                         uint64_t utc_s,
                                         const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    struct slw_heap_buffer message = {0};
    struct slw_reader reader;
    /* tlog-cosignature: "It MUST NOT exceed 2^63 - 1" */
    if (key->type == SLW_NOTE_COSIGNATURE && utc_s > INT64_MAX) {
        return SLW_BAD_SIGNATURE;
    }
    compose_message(key, text, utc_s, &message);
    enum slw_status status = message.status;
    if (status == SLW_OK) {
        slw_reader_init_bytes(&reader, slw_heap_bytes(&message));
        status = slw_ed25519_verify(key->value, signature, &reader);
    }
    slw_heap_drop(&message);
    return status;
}

static uint64_t get_u64(const uint8_t bytes[static 8])
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* signed-note: "If the key name and ID match a known key, verifiers MUST verify the signature." */
static enum slw_status verify_one(const struct slw_note *note,
                                  const struct slw_note_signature *signature,
                                  const struct slw_note_key *key, struct slw_note_verdict *verdict)
{
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_base64_decode(signature->base64, &bytes);
    size_t time_len = key->type == SLW_NOTE_COSIGNATURE ? 8 : 0;
    if (status == SLW_OK && bytes.len != SLW_NOTE_KEY_ID_SIZE + time_len + SLW_SIGNATURE_SIZE) {
        status = SLW_BAD_SIGNATURE;
    }
    if (status == SLW_OK) {
        const uint8_t *at = bytes.ptr + SLW_NOTE_KEY_ID_SIZE;
        uint64_t utc_s = time_len != 0 ? get_u64(at) : 0;
        status = slw_note_check_signature(key, note->text, utc_s, at + time_len);
        if (status == SLW_OK && (!verdict->is_signed || utc_s > verdict->time)) {
            verdict->is_signed = true;
            verdict->time = utc_s;
            memcpy(verdict->signature, at + time_len, SLW_SIGNATURE_SIZE);
        }
    }
    slw_heap_drop(&bytes);
    return status;
}

static bool is_by(const struct slw_note_signature *signature, const struct slw_note_key *key)
{
    return memcmp(signature->key_id, key->id, sizeof key->id) == 0 &&
           slw_bytes_equal(signature->name, slw_bytes_make(key->name, strlen(key->name)));
}

enum slw_status slw_note_verify(const struct slw_note *note, const struct slw_note_key *keys,
                                size_t key_count, struct slw_note_verdict *ret_verdicts,
                                struct slw_detail *detail)
{
    bool is_signed = false;
    for (size_t k = 0; k < key_count; k++) {
        struct slw_note_verdict verdict = {.is_signed = false};
        for (size_t i = 0; i < note->count; i++) {
            if (!is_by(&note->signatures[i], &keys[k])) {
                continue;
            }
            enum slw_status status = verify_one(note, &note->signatures[i], &keys[k], &verdict);
            if (status != SLW_OK) { /* "clients SHOULD reject the whole note" */
                return slw_explain(detail, status, "%s: the signature of %s doesn't verify",
                                   note->what, keys[k].name);
            }
        }
        ret_verdicts[k] = verdict;
        is_signed = is_signed || verdict.is_signed;
    }
    /* "If no signature from a known key verifies successfully, clients MUST reject the note." */
    return is_signed ? SLW_OK
                     : slw_explain(detail, SLW_UNSIGNED, "%s: not signed by %s", note->what,
                                   key_count == 1 ? keys[0].name : "any known key");
}
