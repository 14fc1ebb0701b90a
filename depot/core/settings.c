/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the depot's settings, by a table of names. See settings.h. */
#include "settings.h"

#include "slipway/ini.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 86400
#define CONNECTIONS_MIN 16
#define CONNECTIONS_MAX 90000

enum kind { TEXT, YES_NO, SECONDS, CONNECTIONS };

struct name {
    const char *section;
    const char *name;
    enum kind kind;
    size_t offset, size;
};

#define PLACE(member)                                                                              \
    offsetof(struct depot_settings, member), sizeof(((struct depot_settings *)NULL)->member)

static const struct name names[] = {
    {"depot", "listen", TEXT, PLACE(listen)},
    {"depot", "socket", TEXT, PLACE(socket)},
    {"depot", "tls-certificate", TEXT, PLACE(tls_certificate)},
    {"depot", "tls-key", TEXT, PLACE(tls_key)},
    {"depot", "client-ca", TEXT, PLACE(client_ca)},
    {"depot", "url", TEXT, PLACE(url)},
    {"depot", "database", TEXT, PLACE(database)},
    {"depot", "blobs", TEXT, PLACE(blobs)},
    {"depot", "secret-file", TEXT, PLACE(secret_file)},
    {"depot", "osv", TEXT, PLACE(osv)},
    {"depot", "user", TEXT, PLACE(user)},
    {"depot", "sandbox", YES_NO, PLACE(sandbox)},
    {"depot", "totp-required", YES_NO, PLACE(totp_required)},
    {"depot", "connections", CONNECTIONS, PLACE(connections)},
    {"depot", "idle-s", SECONDS, PLACE(idle_s)},
    {"devices", "check-in-s", SECONDS, PLACE(checkin_s)},
    {"s3", "endpoint", TEXT, PLACE(s3.endpoint)},
    {"s3", "region", TEXT, PLACE(s3.region)},
    {"s3", "bucket", TEXT, PLACE(s3.bucket)},
    {"s3", "prefix", TEXT, PLACE(s3.prefix)},
    {"s3", "access-key", TEXT, PLACE(s3.access_key)},
    {"s3", "secret-file", TEXT, PLACE(s3.secret_file)},
    {"s3", "ca-file", TEXT, PLACE(s3.ca_file)},
    {"signer", "url", TEXT, PLACE(signer.url)},
    {"signer", "ca", TEXT, PLACE(signer.ca)},
    {"signer", "certificate", TEXT, PLACE(signer.certificate)},
    {"signer", "key", TEXT, PLACE(signer.key)},
    {"signer", "log", TEXT, PLACE(signer.log)},
    {"signer", "requester-key", TEXT, PLACE(signer.requester_key)},
    {"repository", "storage", TEXT, PLACE(repository.storage)},
    {"repository", "keys", TEXT, PLACE(repository.keys)},
    {"repository", "url", TEXT, PLACE(repository.url)},
    {"repository", "ca-file", TEXT, PLACE(repository.ca_file)},
    {"repository", "token-path", TEXT, PLACE(repository.token_path)},
    {"repository", "work", TEXT, PLACE(repository.work)},
};
#define NAMES (sizeof names / sizeof names[0])

struct reading {
    const char *path;
    struct depot_settings settings;
    bool seen[NAMES];
    enum slw_status status;
    struct slw_detail *detail;
};

static enum slw_status refuse(struct reading *reading, const char *section, const char *name,
                              const char *what)
{
    reading->status = slw_explain(reading->detail, SLW_BAD_ARGUMENT, "%s: [%s] %s: %s",
                                  reading->path, section, name, what);
    return reading->status;
}

static enum slw_status take_text(struct reading *reading, const struct name *name,
                                 const char *value)
{
    size_t len = strlen(value);
    if (len == 0 || len >= name->size) {
        return refuse(reading, name->section, name->name, "empty, or too long");
    }
    memcpy((char *)&reading->settings + name->offset, value, len + 1);
    return SLW_OK;
}

static enum slw_status take_yes_no(struct reading *reading, const struct name *name,
                                   const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return refuse(reading, name->section, name->name, "neither yes nor no");
    }
    memcpy((char *)&reading->settings + name->offset, &yes, sizeof yes);
    return SLW_OK;
}

/* At most five digits. */
static enum slw_status take_number(struct reading *reading, const struct name *name,
                                   const char *value, int64_t min, int64_t max, const char *what)
{
    int64_t number = 0;
    size_t len = strlen(value);
    for (size_t i = 0; i < len && i < 6; i++) {
        number = value[i] >= '0' && value[i] <= '9' ? number * 10 + (value[i] - '0') : max + 1;
    }
    if (len == 0 || len > 5 || number < min || number > max) {
        return refuse(reading, name->section, name->name, what);
    }
    memcpy((char *)&reading->settings + name->offset, &number, sizeof number);
    return SLW_OK;
}

static enum slw_status take_value(struct reading *reading, const struct name *name,
                                  const char *value)
{
    switch (name->kind) {
    case TEXT:
        break;
    case YES_NO:
        return take_yes_no(reading, name, value);
    case SECONDS:
        return take_number(reading, name, value, 1, SECONDS_MAX,
                           "not a number of seconds up to a day");
    case CONNECTIONS:
        return take_number(reading, name, value, CONNECTIONS_MIN, CONNECTIONS_MAX,
                           "not a number from 16 to 90000");
    }
    return take_text(reading, name, value);
}

/* keys.NAME = FILE, roots.NAME = FILE in [signer]. */
static enum slw_status take_file(struct reading *reading, const char *name, const char *key,
                                 const char *value, struct depot_signer_key *list, size_t *count)
{
    size_t len = strlen(key);
    size_t value_len = strlen(value);
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(list[i].name, key) == 0) {
            return refuse(reading, "signer", name, "stands there twice");
        }
    }
    if (*count == DEPOT_KEYS_MAX) {
        return refuse(reading, "signer", name, "one too many");
    }
    struct depot_signer_key *place = &list[*count];
    if (len == 0 || len >= sizeof place->name || value_len == 0 ||
        value_len >= sizeof place->file) {
        return refuse(reading, "signer", name, "empty, or too long");
    }
    memcpy(place->name, key, len + 1);
    memcpy(place->file, value, value_len + 1);
    (*count)++;
    return SLW_OK;
}

static enum slw_status take(struct reading *reading, const char *section, const char *name,
                            const char *value)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].section, section) != 0 || strcmp(names[i].name, name) != 0) {
            continue;
        }
        if (reading->seen[i]) {
            return refuse(reading, section, name, "stands there twice");
        }
        reading->seen[i] = true;
        return take_value(reading, &names[i], value);
    }
    if (strcmp(section, "signer") == 0 && strncmp(name, "keys.", strlen("keys.")) == 0) {
        return take_file(reading, name, name + strlen("keys."), value,
                         reading->settings.signer.keys, &reading->settings.signer.keys_count);
    }
    if (strcmp(section, "signer") == 0 && strncmp(name, "roots.", strlen("roots.")) == 0) {
        return take_file(reading, name, name + strlen("roots."), value,
                         reading->settings.signer.roots, &reading->settings.signer.roots_count);
    }
    return refuse(reading, section, name, "not a setting");
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    return take(context, section, name, value) == SLW_OK;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What is published must not be among the blobs, whose housekeeping takes away what it doesn't
 * know. */
static enum slw_status check_repository(struct reading *reading)
{
    const struct depot_settings *settings = &reading->settings;
    const char *storage = settings->repository.storage;
    if (storage[0] == '\0' || begins(storage, "dir:")) {
        return SLW_OK;
    }
    if (!begins(storage, "s3:") || storage[strlen(storage) - 1] != '/') {
        return refuse(reading, "repository", "storage", "neither dir:PATH nor s3:PREFIX/");
    }
    if (settings->s3.endpoint[0] == '\0' || settings->s3.bucket[0] == '\0') {
        return refuse(reading, "s3", "endpoint", "and bucket are needed for storage = s3:");
    }
    if (settings->repository.url[0] == '\0' || settings->repository.work[0] == '\0') {
        return refuse(reading, "repository", "url", "and work are needed for storage = s3:");
    }
    const char *prefix = storage + strlen("s3:");
    if (begins(settings->blobs, "s3:") &&
        (begins(prefix, settings->s3.prefix) || begins(settings->s3.prefix, prefix))) {
        return refuse(reading, "repository", "storage", "its prefix and that of [s3] overlap");
    }
    return SLW_OK;
}

static enum slw_status check(struct reading *reading)
{
    const struct depot_settings *settings = &reading->settings;
    bool has_certificate = settings->tls_certificate[0] != '\0';
    if (settings->listen[0] == '\0' && settings->socket[0] == '\0') {
        return refuse(reading, "depot", "listen", "there is neither that nor socket");
    }
    if (has_certificate != (settings->tls_key[0] != '\0')) {
        return refuse(reading, "depot", "tls-certificate", "goes with tls-key");
    }
    if (settings->client_ca[0] != '\0' && !has_certificate) {
        return refuse(reading, "depot", "client-ca", "needs tls-certificate");
    }
    if (settings->database[0] == '\0') {
        return refuse(reading, "depot", "database", "isn't there");
    }
    if (settings->blobs[0] == '\0') {
        return refuse(reading, "depot", "blobs", "isn't there");
    }
    if (settings->secret_file[0] == '\0') {
        return refuse(reading, "depot", "secret-file", "isn't there");
    }
    if (strncmp(settings->blobs, "s3:", 3) == 0 &&
        (settings->s3.endpoint[0] == '\0' || settings->s3.bucket[0] == '\0')) {
        return refuse(reading, "s3", "endpoint", "and bucket are needed for blobs = s3:");
    }
    size_t url_len = strlen(settings->url);
    if (url_len > 0 && ((strncmp(settings->url, "http://", 7) != 0 &&
                         strncmp(settings->url, "https://", 8) != 0) ||
                        settings->url[url_len - 1] == '/')) {
        return refuse(reading, "depot", "url",
                      "must begin with http:// or https://, and end without /");
    }
    return check_repository(reading);
}

enum slw_status depot_settings_read(const char *path, struct depot_settings *ret_settings,
                                    struct slw_detail *detail)
{
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL) {
        return slw_explain_no_memory(detail);
    }
    reading->path = path;
    reading->detail = detail;
    reading->settings.sandbox = true;
    enum slw_status status = slw_ini_read(path, take_line, reading, detail);
    if (status == SLW_OK) {
        status = check(reading);
    }
    if (status == SLW_OK) {
        *ret_settings = reading->settings;
    }
    slw_wipe(reading, sizeof *reading);
    free(reading);
    return status == SLW_MALFORMED ? SLW_BAD_ARGUMENT : status;
}
