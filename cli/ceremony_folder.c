/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a key ceremony: reading and verifying it, adding an entry, and what one's own
 * machine remembers of it. */
#include "ceremony.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FORMER_SIZE_MAX (SLW_ROOT_SIZE_MAX + 65536u)
#define MEMORY_SIZE_MAX 65536u
#define MEMORY_LINE_SIZE (SLW_SHA256_SIZE * 4 + 16)

void cli_ceremony_path(const char *directory, const char *name, struct slw_heap_buffer *ret_path)
{
    slw_heap_printf(ret_path, "%s/%s", directory, name);
}

void cli_ceremony_entry_path(const char *directory, size_t number, struct slw_heap_buffer *ret_path)
{
    slw_heap_printf(ret_path, "%s/transcript/%03zu.json", directory, number);
}

void cli_ceremony_root_path(const struct cli_ceremony *folder, struct slw_heap_buffer *ret_path)
{
    bool is_bundle = slw_ceremony_get_plan(folder->ceremony)->format == SLW_CEREMONY_BUNDLE;
    cli_ceremony_path(folder->directory, is_bundle ? "root.pb" : "root.json", ret_path);
}

/* Whether there is something of this name, a dangling link included. */
static bool is_there(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 || errno != ENOENT;
}

/* A file of the folder. Whoever carried it may have put something else there: a link to a file of
 * this machine, or a pipe that never ends. */
static enum slw_status read_file(struct cli *cli, const char *path, size_t limit,
                                 struct slw_heap_buffer *bytes)
{
    struct stat about;
    if (lstat(path, &about) != 0) {
        return slw_explain_errno(&cli->detail, path);
    }
    return S_ISREG(about.st_mode)
               ? slw_file_read(path, limit, bytes, &cli->detail)
               : slw_explain(&cli->detail, SLW_BAD_STATEMENT, "%s: %s, where a file should be",
                             path, slw_file_kind(about.st_mode));
}

static enum slw_status read_entry(struct cli *cli, struct cli_ceremony *folder, size_t number,
                                  bool *ret_there)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = SLW_OK;
    cli_ceremony_entry_path(folder->directory, number, &path);
    const char *text = slw_heap_text(&path);
    *ret_there = is_there(text);
    if (*ret_there && number < slw_ceremony_steps_done(folder->ceremony)) {
        *ret_there = false; /* read already */
    } else if (*ret_there && number > slw_ceremony_steps_done(folder->ceremony)) {
        status =
            slw_explain(&cli->detail, SLW_LOG_DAMAGED, "%s: the entry before it is missing", text);
    } else if (*ret_there) {
        status = read_file(cli, text, SLW_CEREMONY_ENTRY_SIZE_MAX, &bytes);
        if (status == SLW_OK) {
            status = slw_ceremony_accept_entry(folder->ceremony, text, slw_heap_bytes(&bytes),
                                               &cli->detail);
        }
    }
    slw_heap_drop(&bytes);
    slw_heap_drop(&path);
    return status;
}

static enum slw_status check_memory(struct cli *cli, const struct cli_ceremony *folder,
                                    const struct cli_ceremony_memory *memory)
{
    const struct slw_ceremony *ceremony = folder->ceremony;
    if (!memory->known || slw_ceremony_steps_done(ceremony) != memory->count) {
        return SLW_OK;
    }
    return memcmp(memory->last, slw_ceremony_last_sha256(ceremony), SLW_SHA256_SIZE) == 0
               ? SLW_OK
               : slw_explain(&cli->detail, SLW_LOG_BEHIND,
                             "%s: has other entries than this machine saw before",
                             folder->directory);
}

/* Up to the most steps that any ceremony has, so that a gap is seen. */
static enum slw_status read_entries(struct cli *cli, struct cli_ceremony *folder,
                                    const struct cli_ceremony_memory *memory)
{
    for (size_t number = 0; number <= SLW_CEREMONY_STEPS_MAX; number++) {
        bool is_read = false;
        SLW_TRY(read_entry(cli, folder, number, &is_read));
        if (is_read) {
            SLW_TRY(check_memory(cli, folder, memory));
        }
    }
    return memory->known && slw_ceremony_steps_done(folder->ceremony) < memory->count
               ? slw_explain(&cli->detail, SLW_LOG_BEHIND,
                             "%s: has %zu entries, and this machine saw %llu before",
                             folder->directory, slw_ceremony_steps_done(folder->ceremony),
                             (unsigned long long)memory->count)
               : SLW_OK;
}

static enum slw_status read_plan(struct cli *cli, struct cli_ceremony *folder)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer former_path = {0};
    struct slw_heap_buffer plan = {0};
    cli_ceremony_path(folder->directory, "plan.json", &path);
    cli_ceremony_path(folder->directory, "former-root", &former_path);
    enum slw_status status =
        read_file(cli, slw_heap_text(&path), SLW_CEREMONY_PLAN_SIZE_MAX, &plan);
    if (status == SLW_OK && is_there(slw_heap_text(&former_path))) {
        status = read_file(cli, slw_heap_text(&former_path), FORMER_SIZE_MAX, &folder->former);
    }
    if (status == SLW_OK) {
        status = slw_ceremony_open(slw_heap_bytes(&plan), slw_heap_bytes(&folder->former),
                                   &folder->ceremony, &cli->detail);
    }
    slw_heap_drop(&plan);
    slw_heap_drop(&former_path);
    slw_heap_drop(&path);
    return status;
}

enum cli_exit cli_ceremony_open(struct cli *cli, const char *directory, const char *memory_path,
                                struct cli_ceremony *ret_folder)
{
    struct cli_ceremony_memory memory = {0};
    enum cli_exit code = CLI_DONE;
    *ret_folder = (struct cli_ceremony){.directory = directory};
    enum slw_status status = read_plan(cli, ret_folder);
    if (status == SLW_OK && memory_path != NULL) {
        code = cli_ceremony_recall(cli, memory_path, slw_ceremony_plan_sha256(ret_folder->ceremony),
                                   &memory);
    }
    if (status == SLW_OK && code == CLI_DONE) {
        status = read_entries(cli, ret_folder, &memory);
    }
    if (status != SLW_OK || code != CLI_DONE) {
        cli_ceremony_close(ret_folder);
        return status != SLW_OK ? cli_fail(cli, status) : code;
    }
    return CLI_DONE;
}

void cli_ceremony_close(struct cli_ceremony *folder)
{
    slw_ceremony_free(folder->ceremony);
    folder->ceremony = NULL;
    slw_heap_drop(&folder->former);
}

enum cli_exit cli_ceremony_write_entry(struct cli *cli, struct cli_ceremony *folder,
                                       struct slw_heap_buffer *entry)
{
    struct slw_heap_buffer path = {0};
    cli_ceremony_entry_path(folder->directory, slw_ceremony_steps_done(folder->ceremony), &path);
    const char *text = slw_heap_text(&path);
    enum slw_status status =
        slw_ceremony_accept_entry(folder->ceremony, text, slw_heap_bytes(entry), &cli->detail);
    enum cli_exit code =
        status == SLW_OK ? cli_write_file(cli, text, 0, entry) : cli_fail(cli, status);
    if (code == CLI_DONE) {
        cli_note(cli, "%s: written", text);
    }
    slw_heap_drop(&path);
    return code;
}

/* Appends "PLAN COUNT LAST\n", or up to the blank behind PLAN. */
static void append_line(const uint8_t plan[static SLW_SHA256_SIZE], struct slw_heap_buffer *text)
{
    slw_hex(slw_bytes_make(plan, SLW_SHA256_SIZE), text);
    slw_heap_append_text(text, " ");
}

static bool parse_line(const char *text, struct cli_ceremony_memory *memory)
{
    uint64_t count = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 4 || text[digits] != ' ') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        count = count * 10 + (uint64_t)(text[i] - '0');
    }
    text += digits + 1;
    const size_t len = (size_t)2 * SLW_SHA256_SIZE;
    if (!slw_text_unhex(slw_bytes_make(text, strnlen(text, len)), memory->last, SLW_SHA256_SIZE)) {
        return false;
    }
    memory->count = count;
    memory->known = true;
    return text[len] == '\n';
}

/* Where the line of this plan begins in a file of lines; NULL. */
static const char *find_line(const char *text, const char *start)
{
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, start, strlen(start)) == 0) {
            return line;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

static enum slw_status read_memory(struct cli *cli, const char *path, struct slw_heap_buffer *text)
{
    return is_there(path) ? slw_file_read(path, MEMORY_SIZE_MAX, text, &cli->detail) : SLW_OK;
}

enum cli_exit cli_ceremony_recall(struct cli *cli, const char *path,
                                  const uint8_t plan[static SLW_SHA256_SIZE],
                                  struct cli_ceremony_memory *ret_memory)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer start = {0};
    enum cli_exit code = CLI_DONE;
    enum slw_status status = read_memory(cli, path, &text);
    if (status != SLW_OK) {
        code = cli_fail(cli, status);
    } else {
        append_line(plan, &start);
        const char *line = find_line(slw_heap_text(&text), slw_heap_text(&start));
        if (line != NULL && !parse_line(line + start.len, ret_memory)) {
            code = cli_error(cli, "%s: not what this program remembers ceremonies by", path);
        }
    }
    slw_heap_drop(&start);
    slw_heap_drop(&text);
    return code;
}

enum cli_exit cli_ceremony_remember(struct cli *cli, const char *path,
                                    const struct slw_ceremony *ceremony)
{
    struct slw_heap_buffer old = {0};
    struct slw_heap_buffer start = {0};
    struct slw_heap_buffer text = {0};
    enum slw_status status = read_memory(cli, path, &old);
    append_line(slw_ceremony_plan_sha256(ceremony), &start);
    const char *before = slw_heap_text(&old);
    const char *line = find_line(before, slw_heap_text(&start));
    const char *behind = line == NULL ? NULL : strchr(line, '\n');
    slw_heap_append(&text,
                    slw_bytes_make(before, line == NULL ? old.len : (size_t)(line - before)));
    slw_heap_append_text(&text, behind == NULL ? "" : behind + 1);
    slw_heap_append(&text, slw_heap_bytes(&start));
    slw_heap_printf(&text, "%zu ", slw_ceremony_steps_done(ceremony));
    slw_hex(slw_bytes_make(slw_ceremony_last_sha256(ceremony), SLW_SHA256_SIZE), &text);
    slw_heap_append_text(&text, "\n");
    enum cli_exit code = status == SLW_OK ? cli_write_file(cli, path, SLW_OUTPUT_REPLACE, &text)
                                          : cli_fail(cli, status);
    slw_heap_drop(&text);
    slw_heap_drop(&start);
    slw_heap_drop(&old);
    return code;
}
