/* SPDX-License-Identifier: Apache-2.0 */
/* Loading keys, and giving up everything else. See start.h. */
#include "start.h"

#include "slipway/files.h"
#include "slipway/tuf_follow.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 1024u

static enum slw_status key_open(const struct slw_settings *settings,
                                const struct slw_settings_key *from,
                                struct slw_private_key **ret_key, struct slw_key_facts *ret_facts,
                                struct slw_detail *detail)
{
    const struct slw_key_settings how = {
        .passphrase_path = from->passphrase,
        .module_path = settings->module,
        .sessions = (unsigned)settings->sessions,
    };
    return slw_key_open(from->key, &how, ret_key, ret_facts, detail);
}

enum slw_status slw_start_log(const char *settings_path, struct slw_start *ret_start,
                              struct slw_detail *detail)
{
    struct slw_start *start = ret_start;
    memset(start, 0, sizeof *start);
    SLW_TRY(slw_settings_load(settings_path, &start->settings, detail));
    const struct slw_settings *settings = &start->settings;
    enum slw_status status = key_open(settings, &settings->log_key, &start->log_key, NULL, detail);
    if (status == SLW_OK) {
        status = slw_note_signer_init(start->log_key,
                                      slw_bytes_make(settings->origin, strlen(settings->origin)),
                                      SLW_NOTE_ED25519, &start->log_signer, detail);
    }
    start->options = (struct slw_service_options){
        .state = settings->state,
        .origin = settings->origin,
        .log_signer = &start->log_signer,
        .keys = start->keys,
        .roots = start->roots,
        .staged = {settings->staged_bytes, settings->staged_count, settings->staged_age_s},
        .threads = (size_t)settings->threads,
    };
    if (status != SLW_OK) {
        slw_start_free(start);
    }
    return status;
}

enum slw_status slw_start_keys(struct slw_start *start, struct slw_detail *detail)
{
    const struct slw_settings *settings = &start->settings;
    for (size_t i = 0; i < settings->keys_count; i++) {
        struct slw_service_key *key = &start->keys[i];
        SLW_TRY(key_open(settings, &settings->keys[i], &key->key, &start->facts[i], detail));
        key->name = settings->keys[i].name;
        key->in_token = start->facts[i].in_token && !start->facts[i].exportable;
        start->options.keys_count = i + 1;
    }
    for (size_t i = 0; i < settings->roots_count; i++) {
        SLW_TRY(slw_file_read(settings->roots[i].path, SLW_TUF_FOLLOW_SIZE_MAX,
                              &start->root_files[i], detail));
        start->roots[i] = (struct slw_service_root){settings->roots[i].product,
                                                    slw_heap_bytes(&start->root_files[i])};
        start->options.roots_count = i + 1;
    }
    return SLW_OK;
}

enum slw_status slw_start_become_user(const struct slw_start *start, struct slw_detail *detail)
{
    struct slw_sandbox_user user;
    if (start->settings.user == NULL) {
        return SLW_OK;
    }
    SLW_TRY(slw_sandbox_find_user(start->settings.user, &user, detail));
    return slw_sandbox_drop_user(&user, detail);
}

static enum slw_status paths_restrict(const struct slw_settings *settings,
                                      char ret_missing[static 160], struct slw_detail *detail)
{
    static const char *const readable[] = {"/etc/machine-id", "/etc/localtime"};
    const char *writable[SLW_SETTINGS_PATHS_MAX + 1] = {settings->state};
    struct slw_sandbox_done done;
    for (size_t i = 0; i < settings->token_paths_count; i++) {
        writable[i + 1] = settings->token_paths[i];
    }
    const struct slw_sandbox_paths paths = {
        .readable = readable,
        .readable_count = sizeof readable / sizeof readable[0],
        .writable = writable,
        .writable_count = settings->token_paths_count + 1,
    };
    SLW_TRY(slw_sandbox_restrict_paths(&paths, &done, detail));
    (void)snprintf(ret_missing, 160, "%s", done.missing);
    return SLW_OK;
}

enum slw_status slw_start_confine(const struct slw_start *start, char ret_missing[static 160],
                                  struct slw_detail *detail)
{
    const struct slw_sandbox_limits limits = {.descriptors = DESCRIPTORS_MAX};
    SLW_TRY(slw_sandbox_clear_environment(detail));
    SLW_TRY(slw_sandbox_lock_memory(detail));
    SLW_TRY(slw_start_become_user(start, detail));
    SLW_TRY(slw_sandbox_forbid_dumps(detail));
    SLW_TRY(slw_sandbox_set_limits(&limits, detail));
    SLW_TRY(slw_sandbox_forbid_privileges(detail));
    SLW_TRY(paths_restrict(&start->settings, ret_missing, detail));
    return slw_sandbox_restrict_calls(SLW_SANDBOX_KEYS, SLW_SANDBOX_KILL, detail);
}

void slw_start_free(struct slw_start *start)
{
    for (size_t i = 0; i < start->options.keys_count; i++) {
        slw_private_key_free(start->keys[i].key);
    }
    for (size_t i = 0; i < SLW_SETTINGS_ROOTS_MAX; i++) {
        slw_heap_drop(&start->root_files[i]);
    }
    slw_private_key_free(start->log_key);
    slw_settings_free(&start->settings);
    memset(start, 0, sizeof *start);
}
