/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings to a service: keys are loaded from tokens and files, and the process gives up what
 * it doesn't need. Called by main.c, in this order.
 */
#ifndef SIGNER_KEYS_START_H
#define SIGNER_KEYS_START_H

#include "service.h"
#include "settings.h"

#include "slipway/token.h"

struct slw_start {
    struct slw_settings settings;
    struct slw_private_key *log_key;
    struct slw_note_signer log_signer;
    struct slw_service_key keys[SLW_SETTINGS_KEYS_MAX];
    struct slw_key_facts facts[SLW_SETTINGS_KEYS_MAX];
    struct slw_service_root roots[SLW_SETTINGS_ROOTS_MAX];
    struct slw_heap_buffer root_files[SLW_SETTINGS_ROOTS_MAX];
    struct slw_service_options options; /* all but the spawner */
};

/* Settings and the log's key; what a log alone needs. */
enum slw_status slw_start_log(const char *settings_path, struct slw_start *ret_start,
                              struct slw_detail *detail);
/* The keys to sign with, and trusted roots. */
enum slw_status slw_start_keys(struct slw_start *start, struct slw_detail *detail);
/* Becomes the user of the settings, when there is one: for good, and what is read and written from
 * then on is that user's. */
enum slw_status slw_start_become_user(const struct slw_start *start, struct slw_detail *detail);
/*
 * Locked memory, the user, no dumps, no privileges, paths and system calls. What the kernel
 * couldn't do is in ret_missing, a sentence or "".
 */
enum slw_status slw_start_confine(const struct slw_start *start, char ret_missing[static 160],
                                  struct slw_detail *detail);
void slw_start_free(struct slw_start *start);

#endif
