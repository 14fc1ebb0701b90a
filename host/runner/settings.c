/* SPDX-License-Identifier: Apache-2.0 */
/* A runner's settings, by a table of names. See slipway/runner.h. */
#include "slipway/files.h"
#include "slipway/ini.h"
#include "slipway/runner.h"
#include "slipway/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define JOB_PREFIX "job "

enum form { TEXT, PATH, NAME, NAMES, WORDS, PATHS, KIND, YES_NO, NUMBER };

struct setting {
    const char *name;
    enum form form;
    size_t offset;
    uint32_t least, most; /* of a number */
};

#define OF_RUNNER(member) offsetof(struct slw_runner_settings, member)
#define OF_JOB(member) offsetof(struct slw_runner_job, member)

static const struct setting of_runner[] = {
    {"depot", TEXT, OF_RUNNER(depot), 0, 0},
    {"ca", TEXT, OF_RUNNER(ca), 0, 0},
    {"token-file", TEXT, OF_RUNNER(token_file), 0, 0},
    {"name", NAME, OF_RUNNER(name), 0, 0},
    {"products", NAMES, OF_RUNNER(products), 0, SLW_RUNNER_PRODUCTS_MAX},
    {"labels", NAMES, OF_RUNNER(labels), 0, SLW_RUNNER_LABELS_MAX},
    {"work", PATH, OF_RUNNER(work), 0, 0},
    {"user", TEXT, OF_RUNNER(user), 0, 0},
};
static const struct setting of_job[] = {
    {"kind", KIND, OF_JOB(kind), 0, 0},
    {"products", NAMES, OF_JOB(products), 0, SLW_RUNNER_PRODUCTS_MAX},
    {"command", WORDS, OF_JOB(command), 0, SLW_RUNNER_WORDS_MAX},
    {"read", PATHS, OF_JOB(read), 0, SLW_JAIL_READABLE_MAX},
    {"network", YES_NO, OF_JOB(network), 0, 0},
    {"timeout-s", NUMBER, OF_JOB(timeout_s), 1, 86400},
    {"memory-mb", NUMBER, OF_JOB(memory_mb), 16, 1048576},
    {"files-mb", NUMBER, OF_JOB(files_mb), 1, 1048576},
    {"processes", NUMBER, OF_JOB(processes), 1, 32768},
    {"key", TEXT, OF_JOB(key), 0, 0},
    {"passphrase-file", TEXT, OF_JOB(passphrase_file), 0, 0},
    {"builder-id", TEXT, OF_JOB(builder_id), 0, 0},
    {"build-type", TEXT, OF_JOB(build_type), 0, 0},
    {"source", TEXT, OF_JOB(source), 0, 0},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct reading {
    const char *path;
    struct slw_runner_settings *settings;
    uint32_t seen_of_runner;
    uint32_t seen_of_job[SLW_RUNNER_JOBS_MAX];
    enum slw_status status;
    struct slw_detail *detail;
};

static enum slw_status refuse(const struct reading *reading, const char *section, const char *name,
                              const char *what)
{
    return slw_explain(reading->detail, SLW_BAD_ARGUMENT, "%s: [%s] %s: %s", reading->path, section,
                       name, what);
}

/* --- Values --- */

/* DEPOT.md, section 2: "1 to 64 letters, digits, `_`, `.`, `-`, beginning with a letter or digit"
 */
static bool is_name(struct slw_bytes text)
{
    if (text.len == 0 || text.len > SLW_RUNNER_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                     (byte >= 'A' && byte <= 'Z');
        bool special = byte == '_' || byte == '.' || byte == '-';
        if (!plain && (!special || i == 0)) {
            return false;
        }
    }
    return true;
}

static char *copy_of(struct slw_bytes text)
{
    char *copy = malloc(text.len + 1);
    if (copy != NULL) {
        slw_text_copy(text, text.len + 1, copy);
    }
    return copy;
}

static bool add_word(struct slw_runner_words *words, struct slw_bytes word)
{
    char *copy = copy_of(word);
    if (copy == NULL) {
        return false;
    }
    char **more = realloc(words->words, (words->count + 2) * sizeof *more);
    if (more == NULL) {
        free(copy);
        return false;
    }
    words->words = more;
    words->words[words->count++] = copy;
    words->words[words->count] = NULL;
    return true;
}

/* Words between blanks; NULL, or what is wrong. */
static const char *take_words(const struct setting *setting, const char *value,
                              struct slw_runner_words *ret_words)
{
    for (const char *at = value + strspn(value, " \t"); *at != '\0';) {
        struct slw_bytes word = slw_bytes_make(at, strcspn(at, " \t"));
        if (ret_words->count == setting->most) {
            return "too many words";
        }
        if (setting->form == NAMES && !is_name(word)) {
            return "not a list of names";
        }
        if (setting->form == PATHS && word.ptr[0] != '/') {
            return "not a list of absolute paths";
        }
        if (!add_word(ret_words, word)) {
            return "out of memory";
        }
        at += word.len;
        at += strspn(at, " \t");
    }
    return ret_words->count == 0 ? "empty" : NULL;
}

static const char *take_number(const struct setting *setting, const char *value,
                               uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || i == 9) {
            return "not a number in its bounds";
        }
        number = number * 10 + (uint32_t)(value[i] - '0');
    }
    if (len == 0 || number < setting->least || number > setting->most) {
        return "not a number in its bounds";
    }
    *ret_number = number;
    return NULL;
}

static const char *take_value(const struct setting *setting, const char *value, void *place)
{
    static const char *const words[] = {"no", "yes", "build", "test"};
    switch (setting->form) {
    case NAMES:
    case WORDS:
    case PATHS:
        return take_words(setting, value, place);
    case NUMBER:
        return take_number(setting, value, place);
    case NAME:
        if (!is_name(slw_text_bytes(value))) {
            return "not a name";
        }
        slw_text_copy(slw_text_bytes(value), SLW_RUNNER_NAME_MAX + 1, place);
        return NULL;
    case YES_NO:
        *(bool *)place = strcmp(value, words[1]) == 0;
        return *(bool *)place || strcmp(value, words[0]) == 0 ? NULL : "neither yes nor no";
    case KIND:
        *(enum slw_runner_kind *)place =
            strcmp(value, words[2]) == 0 ? SLW_RUNNER_BUILD : SLW_RUNNER_TEST;
        return strcmp(value, words[2]) == 0 || strcmp(value, words[3]) == 0
                   ? NULL
                   : "neither build nor test";
    case TEXT:
    case PATH:
        break;
    }
    if (value[0] == '\0' || (setting->form == PATH && value[0] != '/')) {
        return value[0] == '\0' ? "empty" : "not an absolute path";
    }
    *(char **)place = copy_of(slw_text_bytes(value));
    return *(char **)place != NULL ? NULL : "out of memory";
}

/* --- Sections --- */

static enum slw_status take_setting(const struct reading *reading, const struct setting *table,
                                    size_t count, void *place, uint32_t *seen, const char *section,
                                    const char *name, const char *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) != 0) {
            continue;
        }
        const char *wrong = "stands there twice";
        if ((*seen & (1u << i)) == 0) {
            *seen |= 1u << i;
            wrong = take_value(&table[i], value, (char *)place + table[i].offset);
        }
        return wrong == NULL ? SLW_OK : refuse(reading, section, name, wrong);
    }
    return refuse(reading, section, name, "no such setting");
}

/* The index of a job's section, which is made when it is new. */
static enum slw_status find_section(struct reading *reading, const char *section, size_t *ret_index)
{
    struct slw_runner_settings *settings = reading->settings;
    struct slw_bytes name = slw_text_bytes(section + sizeof JOB_PREFIX - 1);
    for (size_t i = 0; i < settings->jobs_count; i++) {
        if (slw_bytes_equal(slw_text_bytes(settings->jobs[i].name), name)) {
            *ret_index = i;
            return SLW_OK;
        }
    }
    if (!is_name(name) || settings->jobs_count == SLW_RUNNER_JOBS_MAX) {
        return refuse(reading, section, "its name", is_name(name) ? "one too many" : "not a name");
    }
    struct slw_runner_job *jobs = slw_heap_grow(settings->jobs, settings->jobs_count, sizeof *jobs);
    if (jobs == NULL) {
        return slw_explain_no_memory(reading->detail);
    }
    settings->jobs = jobs;
    struct slw_runner_job *job = &jobs[settings->jobs_count];
    *job = (struct slw_runner_job){
        .timeout_s = 3600, .memory_mb = 2048, .files_mb = 1024, .processes = 256};
    slw_text_copy(name, sizeof job->name, job->name);
    *ret_index = settings->jobs_count++;
    return SLW_OK;
}

static bool take(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    size_t index = 0;
    if (strcmp(section, "runner") == 0) {
        reading->status = take_setting(reading, of_runner, COUNT(of_runner), reading->settings,
                                       &reading->seen_of_runner, section, name, value);
    } else if (strncmp(section, JOB_PREFIX, sizeof JOB_PREFIX - 1) == 0) {
        reading->status = find_section(reading, section, &index);
        if (reading->status == SLW_OK) {
            reading->status =
                take_setting(reading, of_job, COUNT(of_job), &reading->settings->jobs[index],
                             &reading->seen_of_job[index], section, name, value);
        }
    } else {
        reading->status = refuse(reading, section, name, "no such section");
    }
    return reading->status == SLW_OK;
}

/* --- The whole --- */

static bool has_word(const struct slw_runner_words *words, struct slw_bytes word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (slw_bytes_equal(slw_text_bytes(words->words[i]), word)) {
            return true;
        }
    }
    return false;
}

/* It would see everything, or what isn't its own. */
static enum slw_status check_read(const struct reading *reading, const struct slw_runner_job *job,
                                  const char *section)
{
    static const char *const never[] = {"/proc", "/dev", "/sys", "/job", "/input"};
    for (size_t i = 0; i < job->read.count; i++) {
        const char *path = job->read.words[i];
        bool bad = path[strspn(path, "/.")] == '\0' || strstr(path, "/.") != NULL ||
                   strstr(path, "//") != NULL;
        for (size_t j = 0; j < COUNT(never); j++) {
            size_t len = strlen(never[j]);
            bad |= strncmp(path, never[j], len) == 0 && (path[len] == '\0' || path[len] == '/');
        }
        if (bad) {
            return refuse(reading, section, "read", "names what a job doesn't get");
        }
    }
    return SLW_OK;
}

static enum slw_status check_job(const struct reading *reading, const struct slw_runner_job *job)
{
    char section[SLW_RUNNER_NAME_MAX + sizeof JOB_PREFIX];
    (void)snprintf(section, sizeof section, JOB_PREFIX "%s", job->name);
    if (job->kind == 0) {
        return refuse(reading, section, "kind", "is missing");
    }
    if (job->command.count == 0) {
        return refuse(reading, section, "command", "is missing");
    }
    if (job->command.words[0][0] != '/') {
        return refuse(reading, section, "command", "doesn't begin with an absolute path");
    }
    if (job->key == NULL) {
        return refuse(reading, section, "key", "is missing");
    }
    bool says = job->builder_id != NULL && job->build_type != NULL && job->source != NULL;
    bool silent = job->builder_id == NULL && job->build_type == NULL && job->source == NULL;
    if (job->kind == SLW_RUNNER_BUILD && !says) {
        return refuse(reading, section, "builder-id, build-type, source", "are what a build needs");
    }
    if (job->kind == SLW_RUNNER_TEST && !silent) {
        return refuse(reading, section, "builder-id, build-type, source", "aren't a test's");
    }
    for (size_t i = 0; i < job->products.count; i++) {
        if (!has_word(&reading->settings->products, slw_text_bytes(job->products.words[i]))) {
            return refuse(reading, section, "products", "names one that the runner doesn't have");
        }
    }
    return check_read(reading, job, section);
}

static enum slw_status check_whole(const struct reading *reading)
{
    const struct slw_runner_settings *settings = reading->settings;
    const struct {
        const char *name;
        bool missing;
    } needed[] = {
        {"depot", settings->depot == NULL},  {"token-file", settings->token_file == NULL},
        {"name", settings->name[0] == '\0'}, {"products", settings->products.count == 0},
        {"work", settings->work == NULL},
    };
    for (size_t i = 0; i < COUNT(needed); i++) {
        if (needed[i].missing) {
            return refuse(reading, "runner", needed[i].name, "is missing");
        }
    }
    for (size_t i = 0; i < settings->jobs_count; i++) {
        SLW_TRY(check_job(reading, &settings->jobs[i]));
    }
    return settings->jobs_count > 0 ? SLW_OK
                                    : slw_explain(reading->detail, SLW_BAD_ARGUMENT,
                                                  "%s: has no [job NAME]", reading->path);
}

/* Whoever may change them may run what they like as whom they like. */
static enum slw_status check_mode(const char *path, struct slw_detail *detail)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        enum slw_status status = errno == ENOENT ? SLW_NOT_FOUND : SLW_IO;
        (void)slw_explain_errno(detail, path);
        return status;
    }
    return (about.st_mode & (S_IWGRP | S_IWOTH)) == 0
               ? SLW_OK
               : slw_explain(detail, SLW_NOT_PERMITTED, "%s: others may write it", path);
}

enum slw_status slw_runner_settings_read(const char *path, struct slw_runner_settings *ret_settings,
                                         struct slw_detail *detail)
{
    struct slw_runner_settings settings = {.path = copy_of(slw_text_bytes(path))};
    struct reading reading = {.path = path, .settings = &settings, .detail = detail};
    enum slw_status status =
        settings.path == NULL ? slw_explain_no_memory(detail) : check_mode(path, detail);
    if (status == SLW_OK) {
        status = slw_ini_read(path, take, &reading, detail);
        status = reading.status != SLW_OK ? reading.status : status;
    }
    if (status == SLW_OK) {
        status = check_whole(&reading);
    }
    if (status != SLW_OK) {
        slw_runner_settings_free(&settings);
        return status;
    }
    *ret_settings = settings;
    return SLW_OK;
}

static void free_words(struct slw_runner_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->words[i]);
    }
    free(words->words);
}

void slw_runner_settings_free(struct slw_runner_settings *settings)
{
    char *const texts[] = {settings->path,       settings->depot, settings->ca,
                           settings->token_file, settings->work,  settings->user};
    for (size_t i = 0; i < COUNT(texts); i++) {
        free(texts[i]);
    }
    free_words(&settings->products);
    free_words(&settings->labels);
    for (size_t i = 0; i < settings->jobs_count; i++) {
        struct slw_runner_job *job = &settings->jobs[i];
        free_words(&job->products);
        free_words(&job->command);
        free_words(&job->read);
        free(job->key);
        free(job->passphrase_file);
        free(job->builder_id);
        free(job->build_type);
        free(job->source);
    }
    free(settings->jobs);
    *settings = (struct slw_runner_settings){.jobs_count = 0};
}

const struct slw_runner_job *slw_runner_find_job(const struct slw_runner_settings *settings,
                                                 struct slw_bytes product, struct slw_bytes name)
{
    for (size_t i = 0; i < settings->jobs_count; i++) {
        const struct slw_runner_job *job = &settings->jobs[i];
        if (slw_bytes_equal(slw_text_bytes(job->name), name)) {
            return has_word(&settings->products, product) &&
                           (job->products.count == 0 || has_word(&job->products, product))
                       ? job
                       : NULL;
        }
    }
    return NULL;
}
