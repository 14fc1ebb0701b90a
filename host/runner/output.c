/* SPDX-License-Identifier: Apache-2.0 */
/* What a job prints: the end of it is kept, and made harmless. See part.h. */
#include "part.h"

#include "slipway/explain.h"
#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>

enum slw_status runner_output_init(struct runner_output *output, struct slw_detail *detail)
{
    *output = (struct runner_output){.ring = malloc(RUNNER_OUTPUT_KEPT_MAX)};
    return output->ring == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

void runner_output_free(struct runner_output *output)
{
    free(output->ring);
    output->ring = NULL;
}

void runner_output_add(struct runner_output *output, struct slw_bytes bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        size_t at = (size_t)(output->total % RUNNER_OUTPUT_KEPT_MAX);
        size_t step = bytes.len - done;
        step = step < RUNNER_OUTPUT_KEPT_MAX - at ? step : RUNNER_OUTPUT_KEPT_MAX - at;
        memcpy(output->ring + at, bytes.ptr + done, step);
        output->total += step;
        done += step;
    }
}

/* What is kept of it, in order: the second part is behind the first. */
static void parts_of(const struct runner_output *output, struct slw_bytes ret_parts[2])
{
    size_t at = (size_t)(output->total % RUNNER_OUTPUT_KEPT_MAX);
    bool full = output->total > RUNNER_OUTPUT_KEPT_MAX;
    ret_parts[0] =
        slw_bytes_make(output->ring + (full ? at : 0), full ? RUNNER_OUTPUT_KEPT_MAX - at : 0);
    ret_parts[1] = slw_bytes_make(output->ring, full ? at : (size_t)output->total);
}

/* Lines and tabs stay; what else could move a cursor, ring or hide becomes what people can read. */
static void append_harmless(struct slw_bytes bytes, struct slw_heap_buffer *text)
{
    for (size_t i = 0; i < bytes.len;) {
        uint8_t byte = bytes.ptr[i];
        size_t run = 0;
        while (i + run < bytes.len && bytes.ptr[i + run] >= 0x80) {
            run++;
        }
        if (run > 0) {
            slw_escape(slw_bytes_make(bytes.ptr + i, run), text);
        } else if (byte == '\r') {
            bool ends_line = i + 1 < bytes.len && bytes.ptr[i + 1] == '\n';
            slw_heap_append_text(text, ends_line ? "" : "\n");
        } else if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f) {
            slw_heap_printf(text, "\\x%02x", byte);
        } else {
            slw_heap_append(text, slw_bytes_make(&byte, 1));
        }
        i += run > 0 ? run : 1;
    }
}

void runner_output_text(const struct runner_output *output, struct slw_heap_buffer *ret_text)
{
    struct slw_heap_buffer raw = {0};
    struct slw_bytes parts[2];
    parts_of(output, parts);
    if (output->total > RUNNER_OUTPUT_KEPT_MAX) {
        slw_heap_printf(ret_text, "[%llu bytes before these aren't kept]\n",
                        (unsigned long long)(output->total - RUNNER_OUTPUT_KEPT_MAX));
    }
    slw_heap_append(&raw, parts[0]);
    slw_heap_append(&raw, parts[1]);
    append_harmless(slw_heap_bytes(&raw), ret_text);
    if (raw.status != SLW_OK) {
        ret_text->status = raw.status;
    }
    slw_heap_drop(&raw);
}

void runner_output_last(const struct runner_output *output, char ret_note[RUNNER_NOTE_MAX + 1])
{
    uint8_t tail[1024];
    struct slw_heap_buffer text = {0};
    uint64_t len = output->total < sizeof tail ? output->total : sizeof tail;
    for (uint64_t i = 0; i < len; i++) {
        tail[i] = output->ring[(output->total - len + i) % RUNNER_OUTPUT_KEPT_MAX];
    }
    append_harmless(slw_bytes_make(tail, (size_t)len), &text);
    const uint8_t *bytes = text.ptr;
    size_t end = text.len;
    while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == ' ')) {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && bytes[begin - 1] != '\n') {
        begin--;
    }
    struct slw_bytes line = slw_bytes_make(bytes == NULL ? NULL : bytes + begin, end - begin);
    line.len = slw_utf8_cut(line, RUNNER_NOTE_MAX);
    slw_text_copy(line, RUNNER_NOTE_MAX + 1, ret_note);
    slw_heap_drop(&text);
}
