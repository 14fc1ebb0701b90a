/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the files of a bundle, for `bundle create`, `bundle add` and Pigweed's commands. */
#include "payloads.h"

#include "slipway/explain.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum cli_exit no_memory(struct cli *cli)
{
    return cli_error(cli, "out of memory");
}

/* What the metadata couldn't even be read with is told here, where the name is known. */
static enum cli_exit check_name(struct cli *cli, struct slw_bytes name)
{
    struct slw_utf8 checker = {0};
    struct slw_heap_buffer quoted = {0};
    enum slw_status status = SLW_OK;
    slw_quote(name, &quoted);
    if (!slw_utf8_accept(&checker, name) || !slw_utf8_complete(&checker)) {
        status = slw_explain(&cli->detail, SLW_MALFORMED, "name %s: isn't UTF-8",
                             slw_heap_text(&quoted));
    } else if (name.len > SLW_NAME_SIZE_MAX) {
        status = slw_explain(&cli->detail, SLW_TOO_LARGE, "name %s: longer than %u bytes",
                             slw_heap_text(&quoted), SLW_NAME_SIZE_MAX);
    }
    slw_heap_free(&quoted);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

enum cli_exit cli_payloads_add(struct cli *cli, struct cli_payloads *payloads,
                               struct slw_bytes name, const char *path)
{
    struct slw_file_source file;
    enum cli_exit code = check_name(cli, name);
    if (code != CLI_DONE) {
        return code;
    }
    if (payloads->count == SLW_PAYLOADS_MAX) {
        return cli_error(cli, "more than %u files", SLW_PAYLOADS_MAX);
    }
    if (slw_file_source_open(path, &file, &cli->detail) != SLW_OK) {
        return cli_error(cli, "%s", cli->detail.text);
    }
    uint64_t length = file.source.size;
    slw_file_source_close(&file);
    struct slw_bundle_payload *grown =
        slw_heap_grow(payloads->items, payloads->count, sizeof *grown);
    if (grown == NULL) {
        return no_memory(cli);
    }
    payloads->items = grown;
    /* Both texts in one piece of memory, which belongs to path. */
    char *texts = malloc(strlen(path) + 1 + name.len);
    if (texts == NULL) {
        return no_memory(cli);
    }
    memcpy(texts, path, strlen(path) + 1);
    if (name.len > 0) {
        memcpy(texts + strlen(path) + 1, name.ptr, name.len);
    }
    grown[payloads->count++] = (struct slw_bundle_payload){
        .name = slw_bytes_make(texts + strlen(path) + 1, name.len),
        .path = texts,
        .length = length,
    };
    return CLI_DONE;
}

void cli_payloads_free(struct cli_payloads *payloads)
{
    for (size_t i = 0; i < payloads->count; i++) {
        union {
            const char *shared;
            char *owned;
        } path = {payloads->items[i].path};
        free(path.owned);
    }
    free(payloads->items);
    *payloads = (struct cli_payloads){0};
}

static enum cli_exit add_named(struct cli *cli, struct cli_payloads *payloads, const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL) {
        return cli_usage(cli, "--file %s: NAME=PATH is wanted, such as app=%s", value, value);
    }
    return cli_payloads_add(cli, payloads, slw_bytes_make(value, (size_t)(equals - value)),
                            equals + 1);
}

static int compare_names(const void *left, const void *right)
{
    const struct slw_bundle_payload *left_item = left;
    const struct slw_bundle_payload *right_item = right;
    size_t left_len = left_item->name.len;
    size_t right_len = right_item->name.len;
    int order = memcmp(left_item->name.ptr, right_item->name.ptr,
                       left_len < right_len ? left_len : right_len);
    if (order != 0) {
        return order;
    }
    return left_len < right_len ? -1 : left_len > right_len;
}

/* One thing found below a directory. */
static enum cli_exit add_found(struct cli *cli, struct cli_payloads *payloads, const FTSENT *entry,
                               size_t prefix_len)
{
    switch (entry->fts_info) {
    case FTS_D:
    case FTS_DP:
        return CLI_DONE;
    case FTS_F: {
        const char *name = entry->fts_path + prefix_len;
        return cli_payloads_add(cli, payloads, slw_bytes_make(name, strlen(name)), entry->fts_path);
    }
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return cli_error(cli, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    }
    return cli_error(cli, "%s: is %s; --dir takes regular files only", entry->fts_path,
                     slw_file_kind(entry->fts_statp->st_mode));
}

/* Names below dir: what follows dir and a slash. */
static enum cli_exit walk(struct cli *cli, struct cli_payloads *payloads, char *dir, FTS *tree)
{
    size_t prefix_len = strlen(dir) + (dir[strlen(dir) - 1] == '/' ? 0 : 1);
    enum cli_exit code = CLI_DONE;
    errno = 0;
    for (FTSENT *entry = fts_read(tree); code == CLI_DONE && entry != NULL;
         entry = fts_read(tree)) {
        if (entry->fts_level == 0 && entry->fts_info == FTS_F) {
            return cli_error(cli, "%s: is a regular file; --dir wants a directory", dir);
        }
        code = add_found(cli, payloads, entry, prefix_len);
        errno = 0;
    }
    if (code == CLI_DONE && errno != 0) {
        code = cli_error(cli, "%s: %s", dir, strerror(errno));
    }
    return code;
}

/* Sorted by the bytes of their names, so that the same files always make the same bundle. */
static enum cli_exit add_directory(struct cli *cli, struct cli_payloads *payloads, const char *path)
{
    size_t before = payloads->count;
    char *dir = strdup(path);
    if (dir == NULL) {
        return no_memory(cli);
    }
    char *paths[] = {dir, NULL};
    enum cli_exit code = CLI_FAILED;
    FTS *tree = dir[0] == '\0' ? NULL : fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL) {
        code = cli_error(cli, "--dir %s: %s", path, strerror(dir[0] == '\0' ? ENOENT : errno));
    } else {
        code = walk(cli, payloads, dir, tree);
        (void)fts_close(tree);
    }
    free(dir);
    if (payloads->count > before) {
        qsort(payloads->items + before, payloads->count - before, sizeof *payloads->items,
              compare_names);
    }
    return code;
}

enum cli_exit cli_payloads_gather(struct cli *cli, const struct cli_arguments *arguments,
                                  struct cli_payloads *ret_payloads)
{
    enum cli_exit code = CLI_DONE;
    *ret_payloads = (struct cli_payloads){0};
    for (size_t i = 0; code == CLI_DONE && i < arguments->given_count; i++) {
        const struct cli_given *given = &arguments->given[i];
        if (strcmp(given->option->name, "--file") == 0) {
            code = add_named(cli, ret_payloads, given->value);
        } else if (strcmp(given->option->name, "--dir") == 0) {
            code = add_directory(cli, ret_payloads, given->value);
        }
    }
    const char *manifest = cli_value(arguments, "--user-manifest");
    if (code == CLI_DONE && manifest != NULL) {
        code = cli_payloads_add(cli, ret_payloads, SLW_USER_MANIFEST, manifest);
    }
    if (code != CLI_DONE) {
        cli_payloads_free(ret_payloads);
    }
    return code;
}

enum slw_status cli_payloads_list(const struct cli_payloads *payloads,
                                  struct slw_targets_draft *draft)
{
    for (size_t i = 0; i < payloads->count; i++) {
        const struct slw_bundle_payload *payload = &payloads->items[i];
        struct slw_target_draft *target = slw_targets_draft_add(draft);
        if (target == NULL) {
            return SLW_NO_SPACE;
        }
        target->name = payload->name;
        target->length = payload->length;
        target->sha256 = slw_bytes_make(payload->sha256, SLW_SHA256_SIZE);
    }
    return SLW_OK;
}
