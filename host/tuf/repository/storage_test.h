/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of storages share: a storage to try, short forms of its calls, and a directory for
 * it that is removed at the end. */
#ifndef SLIPWAY_TUF_STORAGE_TEST_H
#define SLIPWAY_TUF_STORAGE_TEST_H

#include "slipway/tuf_storage.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static char top[] = "/tmp/slipway-storage-test-XXXXXX";
static struct slw_detail detail;

/* One storage under test; opened anew for each case. */
static struct {
    const struct slw_storage *port;
    const struct slw_lease *lease;
    struct slw_directory_storage *directory;
    struct slw_memory_storage *memory;
    char path[128];
} place;

static unsigned cases; /* so far: each has a directory of its own */

static inline bool open_place(bool in_memory)
{
    memset(&place, 0, sizeof place);
    if (in_memory) {
        if (slw_memory_storage_new(&place.memory, &detail) != SLW_OK) {
            return false;
        }
        slw_memory_storage_set_clock(place.memory, 1000);
        place.port = slw_memory_storage_port(place.memory);
        place.lease = slw_memory_storage_lease(place.memory);
        return true;
    }
    (void)snprintf(place.path, sizeof place.path, "%s/%u", top, cases++);
    if (slw_directory_storage_open(place.path, true, &place.directory, &detail) != SLW_OK) {
        return false;
    }
    place.port = slw_directory_storage_port(place.directory);
    place.lease = slw_directory_storage_lease(place.directory);
    return true;
}

static inline void close_place(void)
{
    slw_directory_storage_close(place.directory);
    slw_memory_storage_free(place.memory);
}

static inline bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

static inline struct slw_bytes of_text(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static inline enum slw_status put(uint64_t token, const char *key, const char *text)
{
    struct slw_memory_source source;
    slw_memory_source_init(&source, of_text(text));
    return place.port->put_immutable(place.port->context, token, key, &source.source, &detail);
}

static inline enum slw_status replace(uint64_t token, const char *key, const char *text)
{
    return place.port->replace_pointer(place.port->context, token, key, of_text(text), &detail);
}

static inline enum slw_status drop(uint64_t token, const char *key)
{
    return place.port->remove(place.port->context, token, key, &detail);
}

static inline enum slw_status take(const char *holder, uint32_t seconds, uint64_t *ret_token)
{
    return place.lease->acquire(place.lease->context, holder, seconds, ret_token, &detail);
}

/* What is there: "" for an empty object, "!WORD" when get() failed. */
static inline const char *got(const char *key)
{
    static struct slw_heap_buffer text;
    slw_heap_free(&text);
    enum slw_status status = place.port->get(place.port->context, key, 1u << 20, &text, &detail);
    if (status != SLW_OK) {
        text.len = 0;
        slw_heap_printf(&text, "!%s", slw_status_word(status));
    }
    return slw_heap_text(&text);
}

static inline bool is(const char *key, const char *expected)
{
    const char *text = got(key);
    return strcmp(text, expected) == 0;
}

struct collected {
    char keys[64][64];
    size_t count;
    size_t stop_at;
};

static inline enum slw_status collect(void *context, const char *key)
{
    struct collected *collected = context;
    if (collected->count < 64) {
        (void)snprintf(collected->keys[collected->count], 64, "%s", key);
    }
    collected->count++;
    return collected->count == collected->stop_at ? SLW_REVOKED_KEY : SLW_OK;
}

static inline bool lists(const struct collected *collected, const char *key)
{
    for (size_t i = 0; i < collected->count && i < 64; i++) {
        if (strcmp(collected->keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static inline enum slw_status list_all(const char *prefix, struct collected *ret_collected)
{
    *ret_collected = (struct collected){0};
    return place.port->list(place.port->context, prefix, collect, ret_collected, &detail);
}

/* Ends the program: what tap_finish() says, once nothing is left behind. */
static inline int finish(void)
{
    int result = tap_finish();
    remove_tree(top);
    return result;
}

static inline bool begin(void)
{
    if (mkdtemp(top) == NULL) {
        (void)fprintf(stderr, "%s can't be made\n", top);
        return false;
    }
    return true;
}

#endif
