/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the front's settings, by a table of names. See settings.h. */
#include "settings.h"

#include "slipway/ini.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, OCTAL, YES_NO, USERS, GROUPS };

struct name {
    const char *name;
    enum kind kind;
    size_t offset;
    uint32_t least, most;
};

#define AT(member) offsetof(struct front_settings, member)

static const struct name names[] = {
    {"listen", TEXT, AT(listen), 0, 0},
    {"tls-certificate", TEXT, AT(tls_certificate), 0, 0},
    {"tls-key", TEXT, AT(tls_key), 0, 0},
    {"client-ca", TEXT, AT(client_ca), 0, 0},
    {"client-crl", TEXT, AT(client_crl), 0, 0},
    {"plain-listen", TEXT, AT(plain_listen), 0, 0},
    {"socket", TEXT, AT(socket), 0, 0},
    {"socket-mode", OCTAL, AT(socket_mode), 0, 0777},
    {"socket-users", USERS, 0, 0, 0},
    {"socket-groups", GROUPS, 0, 0, 0},
    {"public-log", YES_NO, AT(public_log), 0, 0},
    {"connections", NUMBER, AT(connections), 1, 1024},
    {"connections-per-peer", NUMBER, AT(connections_per_peer), 1, 1024},
    {"requests-per-s", NUMBER, AT(requests_per_s), 1, 100000},
    {"floor-bytes-per-s", NUMBER, AT(floor_bytes_per_s), 1, 1u << 30},
    {"idle-s", NUMBER, AT(idle_s), 1, 3600},
    {"witness-ca", TEXT, AT(witness_ca), 0, 0},
    {"witness-timeout-ms", NUMBER, AT(witness_timeout_ms), 100, 60000},
    {"sandbox", YES_NO, AT(sandbox), 0, 0},
    {"user", TEXT, AT(user), 0, 0},
};
#define NAMES (sizeof names / sizeof names[0])

struct reading {
    const char *path;
    struct front_settings settings;
    bool seen[NAMES];
    enum slw_status status;
    struct slw_detail *detail;
};

static enum slw_status refuse(struct reading *reading, const char *name, const char *what)
{
    reading->status =
        slw_explain(reading->detail, SLW_BAD_ARGUMENT, "%s: %s: %s", reading->path, name, what);
    return reading->status;
}

static enum slw_status take_text(struct reading *reading, const struct name *name,
                                 const char *value)
{
    char *place = (char *)&reading->settings + name->offset;
    size_t len = strlen(value);
    if (len == 0 || len >= FRONT_TEXT_MAX) {
        return refuse(reading, name->name, "empty, or too long");
    }
    memcpy(place, value, len + 1);
    return SLW_OK;
}

static enum slw_status take_number(struct reading *reading, const struct name *name,
                                   const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(value, &end, name->kind == OCTAL ? 8 : 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || number < name->least ||
        number > name->most) {
        return refuse(reading, name->name, "not a number that it may be");
    }
    uint32_t taken = (uint32_t)number;
    memcpy((char *)&reading->settings + name->offset, &taken, sizeof taken);
    return SLW_OK;
}

static enum slw_status take_yes_no(struct reading *reading, const struct name *name,
                                   const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return refuse(reading, name->name, "neither yes nor no");
    }
    memcpy((char *)&reading->settings + name->offset, &yes, sizeof yes);
    return SLW_OK;
}

/* A name or a number of a user or a group. */
static bool find_peer(enum kind kind, const char *word, uint32_t *ret_id)
{
    char *end = NULL;
    unsigned long number = strtoul(word, &end, 10);
    if (word[0] >= '0' && word[0] <= '9' && *end == '\0' && number < UINT32_MAX) {
        *ret_id = (uint32_t)number;
        return true;
    }
    char memory[4096];
    struct passwd user;
    struct group group;
    struct passwd *found_user = NULL;
    struct group *found_group = NULL;
    if (kind == USERS && getpwnam_r(word, &user, memory, sizeof memory, &found_user) == 0 &&
        found_user != NULL) {
        *ret_id = user.pw_uid;
        return true;
    }
    if (kind == GROUPS && getgrnam_r(word, &group, memory, sizeof memory, &found_group) == 0 &&
        found_group != NULL) {
        *ret_id = group.gr_gid;
        return true;
    }
    return false;
}

static enum slw_status take_peers(struct reading *reading, const struct name *name,
                                  const char *value)
{
    struct front_settings *settings = &reading->settings;
    size_t *count =
        name->kind == USERS ? &settings->socket_users_count : &settings->socket_groups_count;
    while (*value != '\0') {
        char word[64];
        uint32_t id = 0;
        size_t len = strcspn(value, " ");
        if (len >= sizeof word || *count == FRONT_PEERS_MAX) {
            return refuse(reading, name->name, "too long");
        }
        memcpy(word, value, len);
        word[len] = '\0';
        if (!find_peer(name->kind, word, &id)) {
            return refuse(reading, name->name, "names somebody who isn't there");
        }
        if (name->kind == USERS) {
            settings->socket_users[(*count)++] = id;
        } else {
            settings->socket_groups[(*count)++] = id;
        }
        value += len + strspn(value + len, " ");
    }
    return *count == 0 ? refuse(reading, name->name, "names nobody") : SLW_OK;
}

static enum slw_status take(struct reading *reading, const struct name *name, const char *value)
{
    switch (name->kind) {
    case TEXT:
        return take_text(reading, name, value);
    case NUMBER:
    case OCTAL:
        return take_number(reading, name, value);
    case YES_NO:
        return take_yes_no(reading, name, value);
    case USERS:
    case GROUPS:
        return take_peers(reading, name, value);
    }
    return SLW_BAD_ARGUMENT;
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    for (size_t i = 0; i < NAMES && strcmp(section, "front") == 0; i++) {
        if (strcmp(names[i].name, name) != 0) {
            continue;
        }
        if (reading->seen[i]) {
            (void)refuse(reading, name, "stands there twice");
            return false;
        }
        reading->seen[i] = true;
        return take(reading, &names[i], value) == SLW_OK;
    }
    (void)refuse(reading, name, "not a setting of section [front]");
    return false;
}

static enum slw_status check(struct reading *reading, bool is_witness)
{
    const struct front_settings *settings = &reading->settings;
    bool has_tls = settings->tls_certificate[0] != '\0' && settings->tls_key[0] != '\0';
    if (settings->listen[0] == '\0' && settings->socket[0] == '\0' &&
        settings->plain_listen[0] == '\0') {
        return refuse(reading, "listen", "there is neither that nor socket");
    }
    if (settings->listen[0] != '\0' && !has_tls) {
        return refuse(reading, "listen", "needs tls-certificate and tls-key");
    }
    if (settings->plain_listen[0] != '\0' && !is_witness) {
        return refuse(reading, "plain-listen", "is for witnesses alone");
    }
    if (settings->listen[0] != '\0' && settings->client_ca[0] == '\0' && !is_witness) {
        return refuse(reading, "listen", "needs client-ca, whose certificates clients show");
    }
    if (settings->client_crl[0] != '\0' && settings->client_ca[0] == '\0') {
        return refuse(reading, "client-crl", "needs client-ca");
    }
    return SLW_OK;
}

enum slw_status front_settings_read(const char *path, bool is_witness,
                                    struct front_settings *ret_settings, struct slw_detail *detail)
{
    struct reading reading = {.path = path, .detail = detail};
    reading.settings = (struct front_settings){
        .socket_mode = 0660,
        .connections = 128,
        .connections_per_peer = 64,
        .requests_per_s = 1000,
        .floor_bytes_per_s = 1024,
        .idle_s = 30,
        .witness_timeout_ms = 10000,
        .sandbox = true,
    };
    SLW_TRY(slw_ini_read(path, take_line, &reading, detail));
    SLW_TRY(check(&reading, is_witness));
    *ret_settings = reading.settings;
    return SLW_OK;
}
