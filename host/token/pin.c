/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs of tokens: the first line of a file, of an inherited descriptor or of a systemd credential,
 * kept in a page of its own that isn't swapped nor dumped. Called by token.c.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Locking is best effort here: a process that must have it locks all its memory before. */
static struct slw_token_pin *new_pin(struct slw_bytes text)
{
    const size_t size = sizeof(struct slw_token_pin);
    // cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory has for a descriptor
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct slw_token_pin *pin = page;
    if (page == MAP_FAILED) {
        return NULL;
    }
    (void)mlock(pin, sizeof *pin);
    (void)madvise(page, sizeof *pin, MADV_DONTDUMP);
    for (size_t i = 0; i < text.len; i++) {
        pin->bytes[i] = text.ptr[i];
    }
    pin->len = text.len;
    return pin;
}

void slw_token_pin_free(struct slw_token_pin *pin)
{
    if (pin != NULL) {
        slw_wipe(pin, sizeof *pin);
        (void)munmap(pin, sizeof *pin);
    }
}

/* Up to its first line's end, and not more than a PIN can be: there may be more in it for others.
 */
static enum slw_status read_descriptor(int descriptor, struct slw_heap_buffer *line,
                                       struct slw_detail *detail)
{
    uint8_t byte = 0;
    while (line->len <= SLW_TOKEN_PIN_SIZE_MAX) {
        ssize_t got = read(descriptor, &byte, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return slw_explain(detail, SLW_IO, "descriptor %d: no PIN can be read from it",
                               descriptor);
        }
        if (got == 0 || byte == '\n' || byte == '\r') {
            break;
        }
        slw_heap_append(line, slw_bytes_make(&byte, 1));
    }
    slw_wipe(&byte, sizeof byte);
    return line->status;
}

static enum slw_status read_credential(const char *name, struct slw_heap_buffer *line,
                                       struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL || directory[0] != '/') {
        return slw_explain(detail, SLW_NOT_FOUND,
                           "credential %s: systemd gave this program no credentials", name);
    }
    slw_heap_printf(&path, "%s/%s", directory, name);
    enum slw_status status = slw_passphrase_load(slw_heap_text(&path), line, detail);
    slw_heap_free(&path);
    return status;
}

static enum slw_status read_line(const struct slw_token_uri *uri, const char *pin_path,
                                 struct slw_heap_buffer *line, struct slw_detail *detail)
{
    switch (uri->pin_kind) {
    case SLW_TOKEN_PIN_FILE:
        return slw_passphrase_load(uri->pin_place, line, detail);
    case SLW_TOKEN_PIN_DESCRIPTOR:
        return read_descriptor(uri->pin_descriptor, line, detail);
    case SLW_TOKEN_PIN_CREDENTIAL:
        return read_credential(uri->pin_place, line, detail);
    case SLW_TOKEN_PIN_NONE:
        break;
    }
    return slw_passphrase_load(pin_path, line, detail);
}

enum slw_status slw_token_pin_load(const struct slw_token_uri *uri, const char *pin_path,
                                   struct slw_token_pin **ret_pin, struct slw_detail *detail)
{
    struct slw_heap_buffer line = {0};
    struct slw_token_pin *pin = NULL;
    if (uri->pin_kind == SLW_TOKEN_PIN_NONE && pin_path == NULL) {
        *ret_pin = NULL;
        return SLW_OK;
    }
    enum slw_status status = read_line(uri, pin_path, &line, detail);
    if (status == SLW_OK && (line.len == 0 || line.len > SLW_TOKEN_PIN_SIZE_MAX)) {
        status = slw_explain(detail, SLW_BAD_ARGUMENT, "a PIN has 1 to %u bytes, and this one %zu",
                             SLW_TOKEN_PIN_SIZE_MAX, line.len);
    }
    if (status == SLW_OK) {
        pin = new_pin(slw_heap_bytes(&line));
        status = pin == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    }
    slw_heap_free(&line);
    if (status == SLW_OK) {
        *ret_pin = pin;
    }
    return status;
}
