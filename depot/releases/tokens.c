/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the repository that are in security tokens: `pkcs11:` URIs in keys.conf, as `slipway
 * repo` takes them. A token's module is somebody else's code, which loads what it likes: it is
 * loaded, and its keys opened, before the program confines itself, and stays until it ends.
 */
#include "repository.h"

#include "slipway/ini.h"
#include "slipway/token.h"

#include <stdlib.h>

#define TOKENS_MAX 16u

/* Written once, before there are threads; read by the publisher's alone. */
static struct {
    char *uri;
    struct slw_private_key *key;
} tokens[TOKENS_MAX];
static size_t tokens_count;

struct opening {
    const char *conf;
    enum slw_status status;
    struct slw_detail *detail;
};

static enum slw_status open_token(struct opening *opening, const char *uri)
{
    const struct slw_key_settings settings = {.sessions = 1};
    struct slw_private_key *key = NULL;
    if (releases_token_key(uri) != NULL) {
        return SLW_OK; /* of several roles */
    }
    if (tokens_count == TOKENS_MAX) {
        return slw_explain(opening->detail, SLW_TOO_LARGE, "%s: more than %u keys in tokens",
                           opening->conf, TOKENS_MAX);
    }
    SLW_TRY(slw_key_open(uri, &settings, &key, NULL, opening->detail));
    char *copy = strdup(uri);
    if (copy == NULL) {
        slw_private_key_free(key);
        return slw_explain_no_memory(opening->detail);
    }
    tokens[tokens_count].uri = copy;
    tokens[tokens_count].key = key;
    tokens_count++;
    return SLW_OK;
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    struct opening *opening = context;
    (void)section; /* other lines are the publisher's to judge, in each round */
    (void)name;
    opening->status = slw_token_is_uri(value) ? open_token(opening, value) : SLW_OK;
    return opening->status == SLW_OK;
}

enum slw_status depot_releases_open_tokens(const struct depot_settings *settings,
                                           struct slw_detail *detail)
{
    struct opening opening = {.conf = settings->repository.keys, .detail = detail};
    if (opening.conf[0] == '\0') {
        return SLW_OK;
    }
    enum slw_status status = slw_ini_read(opening.conf, take_line, &opening, detail);
    SLW_TRY(opening.status);
    /* One that isn't there yet is the publisher's to miss. */
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

const struct slw_private_key *releases_token_key(const char *uri)
{
    for (size_t i = 0; i < tokens_count; i++) {
        if (strcmp(tokens[i].uri, uri) == 0) {
            return tokens[i].key;
        }
    }
    return NULL;
}
