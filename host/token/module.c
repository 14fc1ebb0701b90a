/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 modules: shared objects of tokens' makers, loaded by path when a key of them is opened.
 * Called by token.c, with the lock of the process's list of tokens held.
 *
 * A module isn't unloaded again, only finalized: some leave threads or exit handlers behind.
 */
#include "internal.h"

#include <dlfcn.h>
#include <stdlib.h>

#define MODULES_MAX 16u

static struct slw_module *modules;

static const struct {
    ck_rv_t answer;
    const char *words;
} known_answers[] = {
    {CKR_HOST_MEMORY, "out of memory"},
    {CKR_GENERAL_ERROR, "general error"},
    {CKR_FUNCTION_FAILED, "function failed"},
    {CKR_ARGUMENTS_BAD, "bad arguments"},
    {CKR_DEVICE_ERROR, "device error"},
    {CKR_DEVICE_MEMORY, "the token is full"},
    {CKR_DEVICE_REMOVED, "the token was removed"},
    {CKR_FUNCTION_CANCELED, "canceled"},
    {CKR_FUNCTION_NOT_SUPPORTED, "not supported"},
    {CKR_KEY_HANDLE_INVALID, "the key is gone"},
    {CKR_KEY_TYPE_INCONSISTENT, "wrong type of key"},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, "the key isn't allowed to"},
    {CKR_MECHANISM_INVALID, "the token can't sign this way"},
    {CKR_OBJECT_HANDLE_INVALID, "the object is gone"},
    {CKR_OPERATION_ACTIVE, "another operation is going on"},
    {CKR_PIN_EXPIRED, "the PIN has to be changed first"},
    {CKR_PIN_LOCKED, "the PIN is locked"},
    {CKR_SESSION_CLOSED, "the session was closed"},
    {CKR_SESSION_COUNT, "too many sessions"},
    {CKR_SESSION_HANDLE_INVALID, "the session is gone"},
    {CKR_TOKEN_NOT_PRESENT, "no token there"},
    {CKR_TOKEN_NOT_RECOGNIZED, "the token isn't recognized"},
    {CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected"},
    {CKR_USER_NOT_LOGGED_IN, "not logged in"},
    {CKR_USER_PIN_NOT_INITIALIZED, "the token has no user PIN yet"},
    {CKR_BUFFER_TOO_SMALL, "its answer is too long"},
    {CKR_FUNCTION_REJECTED, "rejected by its user"},
};

enum slw_status slw_token_explain(struct slw_detail *detail, const char *name, const char *what,
                                  ck_rv_t answer)
{
    for (size_t i = 0; i < sizeof known_answers / sizeof known_answers[0]; i++) {
        if (known_answers[i].answer == answer) {
            return slw_explain(detail, SLW_TOKEN, "%s: %s: %s", name, what, known_answers[i].words);
        }
    }
    return slw_explain(detail, SLW_TOKEN, "%s: %s: PKCS#11 error 0x%lx", name, what, answer);
}

/* C_GetFunctionList, the one symbol that a module must have; ISO C has no cast to a function. */
static bool find_calls(void *library, const struct ck_function_list **ret_calls)
{
    ck_rv_t (*get)(struct ck_function_list **) = NULL;
    struct ck_function_list *calls = NULL;
    void *symbol = dlsym(library, "C_GetFunctionList");
    _Static_assert(sizeof get == sizeof symbol, "POSIX has one size for both");
    memcpy(&get, &symbol, sizeof get);
    if (get == NULL || get(&calls) != CKR_OK || calls == NULL || calls->version.major != 2) {
        return false;
    }
    *ret_calls = calls;
    return true;
}

static enum slw_status load(struct slw_module *module, struct slw_detail *detail)
{
    void *library = dlopen(module->path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return slw_explain(detail, SLW_TOKEN, "%s: can't be loaded as a PKCS#11 module: %s",
                           module->path, dlerror());
    }
    if (!find_calls(library, &module->calls)) {
        (void)dlclose(library);
        return slw_explain(detail, SLW_TOKEN, "%s: not a PKCS#11 module of version 2",
                           module->path);
    }
    return SLW_OK;
}

static enum slw_status find_or_load(const char *path, struct slw_module **ret_module,
                                    struct slw_detail *detail)
{
    size_t count = 0;
    for (struct slw_module *module = modules; module != NULL; module = module->next) {
        if (strcmp(module->path, path) == 0) {
            *ret_module = module;
            return SLW_OK;
        }
        count++;
    }
    if (count == MODULES_MAX) {
        (void)slw_explain(detail, SLW_TOO_LARGE, "more than %u PKCS#11 modules", MODULES_MAX);
        return SLW_TOO_LARGE;
    }
    struct slw_module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        return slw_explain_no_memory(detail);
    }
    memcpy(module->path, path, strlen(path) + 1);
    enum slw_status status = load(module, detail);
    if (status != SLW_OK) {
        free(module);
        return status;
    }
    module->next = modules;
    modules = module;
    *ret_module = module;
    return SLW_OK;
}

/* "CKF_OS_LOCKING_OK: the library can use the native operating system threading model" */
static enum slw_status initialize(struct slw_module *module, struct slw_detail *detail)
{
    struct ck_c_initialize_args arguments = {.flags = CKF_OS_LOCKING_OK};
    ck_rv_t answer = module->calls->C_Initialize(&arguments);
    if (answer != CKR_OK && answer != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return slw_token_explain(detail, module->path, "can't be initialized for several threads",
                                 answer);
    }
    module->initialized = answer == CKR_OK;
    return SLW_OK;
}

enum slw_status slw_module_use(const char *path, struct slw_module **ret_module,
                               struct slw_detail *detail)
{
    struct slw_module *module = NULL;
    if (path[0] != '/' || strlen(path) > SLW_TOKEN_PATH_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: a PKCS#11 module is named by its absolute path", path);
    }
    SLW_TRY(find_or_load(path, &module, detail));
    if (module->users == 0) {
        SLW_TRY(initialize(module, detail));
    }
    module->users++;
    *ret_module = module;
    return SLW_OK;
}

void slw_module_release(struct slw_module *module)
{
    if (--module->users == 0 && module->initialized) {
        (void)module->calls->C_Finalize(NULL);
        module->initialized = false;
    }
}
