/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the key process's settings: a table of members for each object, anything else refused. */
#include "settings.h"

#include "slipway/files.h"
#include "slipway/json_reader.h"
#include "slipway/owned_bytes.h"

#include <stdlib.h>

enum member_kind { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_OBJECT, MEMBER_ARRAY };

struct member {
    const char *name;
    enum member_kind kind;
    bool required;
    size_t offset;      /* in struct slw_settings or what else is filled */
    int64_t number_max; /* of a number; its least is 1 */
};

#define AT(type, field) offsetof(struct type, field)

static const struct member top_members[] = {
    {"state", MEMBER_TEXT, true, AT(slw_settings, state), 0},
    {"origin", MEMBER_TEXT, true, AT(slw_settings, origin), 0},
    {"log_key", MEMBER_OBJECT, true, 0, 0},
    {"keys", MEMBER_OBJECT, true, 0, 0},
    {"front", MEMBER_OBJECT, true, 0, 0},
    {"module", MEMBER_TEXT, false, AT(slw_settings, module), 0},
    {"sessions", MEMBER_NUMBER, false, AT(slw_settings, sessions), 64},
    {"threads", MEMBER_NUMBER, false, AT(slw_settings, threads), SLW_SETTINGS_THREADS_MAX},
    {"user", MEMBER_TEXT, false, AT(slw_settings, user), 0},
    {"judge", MEMBER_OBJECT, true, 0, 0},
    {"token_paths", MEMBER_ARRAY, false, 0, 0},
    {"staged", MEMBER_OBJECT, false, 0, 0},
    {"tuf_roots", MEMBER_OBJECT, false, 0, 0},
    {NULL, MEMBER_TEXT, false, 0, 0},
};

static const struct member front_members[] = {
    {"program", MEMBER_TEXT, true, AT(slw_settings, front_program), 0},
    {"settings", MEMBER_TEXT, false, AT(slw_settings, front_settings), 0},
    {"user", MEMBER_TEXT, false, AT(slw_settings, front_user), 0},
    {NULL, MEMBER_TEXT, false, 0, 0},
};

static const struct member judge_members[] = {
    {"program", MEMBER_TEXT, true, AT(slw_settings, judge_program), 0},
    {"user", MEMBER_TEXT, false, AT(slw_settings, judge_user), 0},
    {NULL, MEMBER_TEXT, false, 0, 0},
};

static const struct member staged_members[] = {
    {"bytes", MEMBER_NUMBER, false, AT(slw_settings, staged_bytes), INT64_MAX},
    {"count", MEMBER_NUMBER, false, AT(slw_settings, staged_count), 65536},
    {"age_s", MEMBER_NUMBER, false, AT(slw_settings, staged_age_s), 366 * 86400},
    {NULL, MEMBER_TEXT, false, 0, 0},
};

static const struct member key_members[] = {
    {"key", MEMBER_TEXT, true, AT(slw_settings_key, key), 0},
    {"passphrase", MEMBER_TEXT, false, AT(slw_settings_key, passphrase), 0},
    {NULL, MEMBER_TEXT, false, 0, 0},
};

static enum slw_status text_take(const struct slw_json_document *json, uint32_t value,
                                 struct slw_bytes text, char **ret_text, struct slw_detail *detail)
{
    if (text.len == 0 || text.len > SLW_SETTINGS_TEXT_MAX ||
        memchr(text.ptr, '\0', text.len) != NULL) {
        return slw_json_refuse(json, value, SLW_MALFORMED,
                               "must be a text of 1 to 2048 bytes without zeros", detail);
    }
    char *copy = malloc(text.len + 1);
    if (copy == NULL) {
        return slw_explain_no_memory(detail);
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *ret_text = copy;
    return SLW_OK;
}

static enum slw_status member_read(const struct slw_json_document *json, uint32_t value,
                                   const struct member *member, void *ret_object,
                                   struct slw_detail *detail)
{
    char *field = (char *)ret_object + member->offset;
    switch (member->kind) {
    case MEMBER_TEXT: {
        if (slw_json_kind(json, value) != SLW_JSON_STRING) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be a text", detail);
        }
        char *text = NULL;
        SLW_TRY(text_take(json, value, slw_json_string(json, value), &text, detail));
        memcpy(field, &text, sizeof text);
        return SLW_OK;
    }
    case MEMBER_NUMBER: {
        int64_t number = 0;
        if (!slw_json_integer(json, value, &number) || number < 1 || number > member->number_max) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "isn't a number in its range",
                                   detail);
        }
        uint64_t stored = (uint64_t)number;
        memcpy(field, &stored, sizeof stored);
        return SLW_OK;
    }
    case MEMBER_OBJECT:
        if (slw_json_kind(json, value) != SLW_JSON_OBJECT) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be an object", detail);
        }
        return SLW_OK;
    case MEMBER_ARRAY:
        if (slw_json_kind(json, value) != SLW_JSON_ARRAY) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be an array", detail);
        }
        return SLW_OK;
    }
    return SLW_MALFORMED;
}

static const struct member *member_find(const struct member *members, struct slw_bytes name)
{
    for (; members->name != NULL; members++) {
        if (slw_bytes_equal(name, slw_bytes_make(members->name, strlen(members->name)))) {
            return members;
        }
    }
    return NULL;
}

/* Every member is known, of its kind, and those that must be there are. */
static enum slw_status object_read(const struct slw_json_document *json, uint32_t object,
                                   const struct member *members, void *ret_object,
                                   struct slw_detail *detail)
{
    if (slw_json_kind(json, object) != SLW_JSON_OBJECT) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "must be an object", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_bytes name;
    uint32_t value;
    while (slw_json_walk_member(&walk, &name, &value)) {
        const struct member *member = member_find(members, name);
        if (member == NULL) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "isn't a setting", detail);
        }
        SLW_TRY(member_read(json, value, member, ret_object, detail));
    }
    for (; members->name != NULL; members++) {
        struct slw_bytes wanted = slw_bytes_make(members->name, strlen(members->name));
        if (members->required && slw_json_member(json, object, wanted) == SLW_JSON_NONE) {
            return slw_explain(detail, SLW_MALFORMED, "%s: \"%s\" is missing", json->name,
                               members->name);
        }
    }
    return SLW_OK;
}

static enum slw_status keys_read(const struct slw_json_document *json, uint32_t object,
                                 struct slw_settings *settings, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_bytes name;
    uint32_t value;
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (settings->keys_count == SLW_SETTINGS_KEYS_MAX) {
            return slw_json_refuse(json, value, SLW_TOO_LARGE, "too many keys", detail);
        }
        struct slw_settings_key *key = &settings->keys[settings->keys_count++];
        SLW_TRY(text_take(json, value, name, &key->name, detail));
        SLW_TRY(object_read(json, value, key_members, key, detail));
    }
    return SLW_OK;
}

static enum slw_status roots_read(const struct slw_json_document *json, uint32_t object,
                                  struct slw_settings *settings, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_bytes name;
    uint32_t value;
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (settings->roots_count == SLW_SETTINGS_ROOTS_MAX) {
            return slw_json_refuse(json, value, SLW_TOO_LARGE, "too many roots", detail);
        }
        struct slw_settings_root *root = &settings->roots[settings->roots_count++];
        SLW_TRY(text_take(json, value, name, &root->product, detail));
        SLW_TRY(member_read(json, value,
                            &(struct member){"", MEMBER_TEXT, true, AT(slw_settings_root, path), 0},
                            root, detail));
    }
    return SLW_OK;
}

static enum slw_status paths_read(const struct slw_json_document *json, uint32_t array,
                                  struct slw_settings *settings, struct slw_detail *detail)
{
    static const struct member path = {"", MEMBER_TEXT, true, 0, 0};
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    uint32_t value;
    while (slw_json_walk_element(&walk, &value)) {
        if (settings->token_paths_count == SLW_SETTINGS_PATHS_MAX) {
            return slw_json_refuse(json, value, SLW_TOO_LARGE, "too many paths", detail);
        }
        char **place = &settings->token_paths[settings->token_paths_count];
        SLW_TRY(member_read(json, value, &path, place, detail));
        settings->token_paths_count++;
    }
    return SLW_OK;
}

static enum slw_status top_read(const struct slw_json_document *json, struct slw_settings *settings,
                                struct slw_detail *detail)
{
    SLW_TRY(object_read(json, SLW_JSON_TOP, top_members, settings, detail));
    SLW_TRY(object_read(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("front")),
                        front_members, settings, detail));
    SLW_TRY(object_read(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("judge")),
                        judge_members, settings, detail));
    SLW_TRY(paths_read(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("token_paths")),
                       settings, detail));
    SLW_TRY(object_read(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("log_key")),
                        key_members, &settings->log_key, detail));
    SLW_TRY(keys_read(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("keys")), settings,
                      detail));
    SLW_TRY(roots_read(json, slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("tuf_roots")),
                       settings, detail));
    uint32_t staged = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("staged"));
    return staged == SLW_JSON_NONE ? SLW_OK
                                   : object_read(json, staged, staged_members, settings, detail);
}

enum slw_status slw_settings_parse(const char *name, struct slw_bytes text,
                                   struct slw_settings *ret_settings, struct slw_detail *detail)
{
    struct slw_settings settings = {
        .sessions = 4,
        .threads = 4,
        .staged_bytes = UINT64_C(8) << 30,
        .staged_count = 256,
        .staged_age_s = 86400,
    };
    struct slw_json_document json;
    SLW_TRY(slw_json_parse(name, text, &json, detail));
    enum slw_status status = top_read(&json, &settings, detail);
    slw_json_document_free(&json);
    if (status != SLW_OK) {
        slw_settings_free(&settings);
        return status;
    }
    *ret_settings = settings;
    return SLW_OK;
}

enum slw_status slw_settings_load(const char *path, struct slw_settings *ret_settings,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status = slw_file_read(path, SLW_SETTINGS_SIZE_MAX, &text, detail);
    if (status == SLW_OK) {
        status = slw_settings_parse(path, slw_heap_bytes(&text), ret_settings, detail);
    }
    slw_heap_free(&text);
    return status;
}

static void key_free(struct slw_settings_key *key)
{
    free(key->name);
    free(key->key);
    free(key->passphrase);
}

void slw_settings_free(struct slw_settings *settings)
{
    for (size_t i = 0; i < settings->keys_count; i++) {
        key_free(&settings->keys[i]);
    }
    for (size_t i = 0; i < settings->roots_count; i++) {
        free(settings->roots[i].product);
        free(settings->roots[i].path);
    }
    for (size_t i = 0; i < settings->token_paths_count; i++) {
        free(settings->token_paths[i]);
    }
    key_free(&settings->log_key);
    char *texts[] = {settings->state,          settings->origin,     settings->module,
                     settings->front_program,  settings->front_user, settings->user,
                     settings->front_settings, settings->judge_user, settings->judge_program};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(texts[i]);
    }
    *settings = (struct slw_settings){0};
}
