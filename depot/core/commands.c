/* SPDX-License-Identifier: Apache-2.0 */
/* The commands init, migrate and check. See commands.h. */
#include "commands.h"

#include "check.h"
#include "people/people.h"

#include "slipway/explain.h"
#include "slipway/files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#define PASSWORD_FILE_MAX 1024u

static enum slw_status make_secret(const char *path, struct slw_detail *detail)
{
    uint8_t chance[32];
    struct slw_heap_buffer text = {0};
    struct stat state;
    if (stat(path, &state) == 0) {
        return SLW_OK; /* that of other replicas */
    }
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return slw_explain_errno(detail, path);
    }
    slw_hex(slw_bytes_make(chance, sizeof chance), &text);
    slw_heap_append_text(&text, "\n");
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = slw_file_write(path, SLW_OUTPUT_PRIVATE, slw_heap_bytes(&text), detail);
    }
    slw_wipe(chance, sizeof chance);
    slw_heap_free(&text);
    return status;
}

/* The first line of a file. */
static enum slw_status read_password(const char *path, struct slw_heap_buffer *ret_text,
                                     struct slw_detail *detail)
{
    SLW_TRY(slw_file_read(path, PASSWORD_FILE_MAX, ret_text, detail));
    const uint8_t *end = memchr(ret_text->ptr, '\n', ret_text->len);
    if (end != NULL) {
        ret_text->len = (size_t)(end - ret_text->ptr);
    }
    return SLW_OK;
}

static enum slw_status write_token(struct depot *depot, const struct depot_command *command,
                                   struct slw_detail *detail)
{
    char token[128];
    struct slw_bytes name = slw_bytes_make(command->administrator, strlen(command->administrator));
    SLW_TRY(depot_people_make_token(depot, name, "made by slipway-depot init", SLW_BYTES_OF("*"),
                                    "administrator", token, detail));
    size_t len = strlen(token);
    token[len++] = '\n';
    enum slw_status status =
        slw_file_write(command->token_file, SLW_OUTPUT_PRIVATE, slw_bytes_make(token, len), detail);
    slw_wipe(token, sizeof token);
    return status;
}

static enum slw_status make_administrator(struct depot *depot, const struct depot_command *command,
                                          struct slw_detail *detail)
{
    struct slw_heap_buffer password = {0};
    char invitation[65] = "";
    struct slw_bytes name = slw_bytes_make(command->administrator, strlen(command->administrator));
    enum slw_status status = SLW_OK;
    if (command->password_file != NULL) {
        status = read_password(command->password_file, &password, detail);
    }
    if (status == SLW_OK) {
        status = depot_people_init(depot, name,
                                   command->password_file == NULL ? NULL : slw_heap_text(&password),
                                   command->password_file == NULL ? invitation : NULL, detail);
    }
    slw_heap_free(&password);
    SLW_TRY(status);
    if (command->password_file == NULL) {
        (void)printf("invitation for %s: %s/#/invitation/%s\n", command->administrator,
                     depot->settings->url, invitation);
    }
    slw_wipe(invitation, sizeof invitation);
    return command->token_file == NULL ? SLW_OK : write_token(depot, command, detail);
}

enum slw_status depot_command_init(const struct depot_command *command, struct slw_detail *detail)
{
    static struct depot_settings settings;
    struct depot depot;
    SLW_TRY(depot_settings_read(command->config, &settings, detail));
    SLW_TRY(make_secret(settings.secret_file, detail));
    SLW_TRY(depot_services_open(&settings, true, &depot, detail));
    enum slw_status status = make_administrator(&depot, command, detail);
    depot_services_close(&depot);
    return status;
}

enum slw_status depot_command_migrate(const struct depot_command *command,
                                      struct slw_detail *detail)
{
    static struct depot_settings settings;
    struct depot depot;
    SLW_TRY(depot_settings_read(command->config, &settings, detail));
    SLW_TRY(depot_services_open(&settings, true, &depot, detail));
    depot_services_close(&depot);
    (void)printf("the database is at migration %zu\n", depot_migrations_count);
    return SLW_OK;
}

enum slw_status depot_command_check(const struct depot_command *command, struct slw_detail *detail)
{
    static struct depot_settings settings;
    struct depot depot;
    int64_t entries = 0;
    SLW_TRY(depot_settings_read(command->config, &settings, detail));
    SLW_TRY(depot_services_open(&settings, false, &depot, detail));
    enum slw_status status = slw_database_check(depot.database, detail);
    if (status == SLW_OK) {
        status = depot_check_trail(&depot, &entries, detail);
    }
    depot_services_close(&depot);
    SLW_TRY(status);
    (void)printf("settings, database and blobs can be used; %lld entries of the audit trail are as "
                 "they were written\n",
                 (long long)entries);
    return SLW_OK;
}
