/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints (C2SP tlog-checkpoint): the text of a note that says how large a log is and what its
 * root is. Witnesses and auditors read them, the log writes its own.
 */
#include "number_text.h"

#include "slipway/base64.h"
#include "slipway/note.h"

/* A line, which is taken away with its newline; false when there is none, or it is empty. */
static bool take_line(struct slw_bytes *text, struct slw_bytes *ret_line)
{
    const uint8_t *newline = text->len == 0 ? NULL : memchr(text->ptr, '\n', text->len);
    if (newline == NULL || newline == text->ptr) {
        return false;
    }
    size_t len = (size_t)(newline - text->ptr);
    *ret_line = slw_bytes_make(text->ptr, len);
    *text = slw_bytes_make(newline + 1, text->len - len - 1);
    return true;
}

static enum slw_status read_root(const char *what, struct slw_bytes line,
                                 struct slw_checkpoint *checkpoint, struct slw_detail *detail)
{
    struct slw_heap_buffer root = {0};
    enum slw_status status = slw_base64_decode(line, &root);
    if (status == SLW_OK && root.len == sizeof checkpoint->root) {
        memcpy(checkpoint->root, root.ptr, sizeof checkpoint->root);
    } else if (status != SLW_NO_SPACE) {
        status = slw_explain(detail, SLW_MALFORMED, "%s: its root is no SHA-256 in base64", what);
    } else {
        status = slw_explain_no_memory(detail);
    }
    slw_heap_free(&root);
    return status;
}

/* tlog-checkpoint: "The note text is a sequence of at least three non-empty lines, separated by
 * newlines ... Extension lines, if any, MUST be non-empty." */
enum slw_status slw_checkpoint_parse(const char *what, struct slw_bytes text,
                                     struct slw_checkpoint *ret_checkpoint,
                                     struct slw_detail *detail)
{
    struct slw_checkpoint checkpoint = {.size = 0};
    struct slw_bytes size = {0};
    struct slw_bytes root = {0};
    struct slw_bytes extension = {0};
    struct slw_bytes rest = text;
    if (!take_line(&rest, &checkpoint.origin) || !take_line(&rest, &size) ||
        !take_line(&rest, &root)) {
        return slw_explain(detail, SLW_MALFORMED, "%s: not the three lines of a checkpoint", what);
    }
    /* "the ASCII decimal representation of the number of leaves in the tree, with no leading zeroes
     * (unless the tree is empty, in which case the tree size is `0`)" */
    if (!slw_number_parse(size, &checkpoint.size) || checkpoint.size > INT64_MAX) {
        return slw_explain(detail, SLW_MALFORMED, "%s: its size is no number of leaves", what);
    }
    SLW_TRY(read_root(what, root, &checkpoint, detail));
    checkpoint.extensions = rest;
    while (rest.len > 0) {
        if (!take_line(&rest, &extension)) {
            return slw_explain(detail, SLW_MALFORMED, "%s: an extension line is empty", what);
        }
    }
    *ret_checkpoint = checkpoint;
    return SLW_OK;
}

void slw_checkpoint_format(const struct slw_checkpoint *checkpoint,
                           struct slw_heap_buffer *ret_text)
{
    slw_heap_append(ret_text, checkpoint->origin);
    slw_heap_printf(ret_text, "\n%llu\n", (unsigned long long)checkpoint->size);
    slw_base64_encode(slw_bytes_make(checkpoint->root, sizeof checkpoint->root), ret_text);
    slw_heap_append_text(ret_text, "\n");
    slw_heap_append(ret_text, checkpoint->extensions);
}

enum slw_status slw_checkpoint_open(const char *what, struct slw_bytes bytes,
                                    const struct slw_note_key *log_key, struct slw_note *ret_note,
                                    struct slw_checkpoint *ret_checkpoint,
                                    struct slw_detail *detail)
{
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    struct slw_note_verdict verdict;
    SLW_TRY(slw_note_parse(what, bytes, &note, detail));
    SLW_TRY(slw_note_verify(&note, log_key, 1, &verdict, detail));
    SLW_TRY(slw_checkpoint_parse(what, note.text, &checkpoint, detail));
    if (!slw_bytes_equal(checkpoint.origin, slw_bytes_make(log_key->name, strlen(log_key->name)))) {
        return slw_explain(detail, SLW_MALFORMED, "%s: a checkpoint of another log than %s", what,
                           log_key->name);
    }
    *ret_note = note;
    *ret_checkpoint = checkpoint;
    return SLW_OK;
}
