/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published repository, /repository/metadata/… and /repository/targets/…, for whoever asks:
 * devices verify what they get by themselves. A web server or CDN in front of the directory does
 * the same faster. Nothing else of the directory is shown.
 */
#include "repository.h"

#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>

struct sending {
    struct slw_file_source file;
    char path[2048];
};

static void close_sending(void *context)
{
    struct sending *sending = context;
    slw_file_source_close(&sending->file);
    free(sending);
}

static bool begins(struct slw_bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len > len && memcmp(text.ptr, prefix, len) == 0;
}

void releases_get_file(void *context, struct slw_http_exchange *exchange)
{
    const char *directory = repository_directory(depot_of(context)->settings);
    struct slw_bytes path = slw_http_parameter(exchange, 0);
    struct slw_detail detail = {""};
    char key[SLW_STORAGE_KEY_MAX + 1];
    struct sending *sending = calloc(1, sizeof *sending);
    if (sending == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return;
    }
    slw_text_copy(path, sizeof key, key);
    bool is_shown = directory != NULL && path.len < sizeof key && slw_storage_key_is_good(key) &&
                    (begins(path, "metadata/") || begins(path, "targets/"));
    (void)snprintf(sending->path, sizeof sending->path, "%s/%s", directory == NULL ? "" : directory,
                   key);
    if (!is_shown || slw_file_source_open(sending->path, &sending->file, &detail) != SLW_OK) {
        free(sending);
        slw_http_refuse_as(exchange, 404, SLW_NOT_FOUND, "there is no such file");
        return;
    }
    bool changes = strcmp(key, "metadata/timestamp.json") == 0;
    slw_http_set_header(exchange, "Cache-Control", changes ? "no-cache" : "public, max-age=86400");
    slw_http_answer_source(
        exchange, begins(path, "metadata/") ? "application/json" : "application/octet-stream",
        &sending->file.source, close_sending, sending);
}
