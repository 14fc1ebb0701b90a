/* SPDX-License-Identifier: Apache-2.0 */
/* See password.h. */
#include "password.h"

#include <crypt.h>
#include <stdlib.h>

/* What an unknown name's password is hashed with: settings as crypt_gensalt() makes them, so that
 * looking for names by the clock finds none. */
#define DUMMY "$y$j9T$7lXNW1bTzmFP0zYVkzzrI1"

enum slw_status people_password_check_form(struct slw_bytes password, struct slw_detail *detail)
{
    struct slw_utf8 utf8 = {0};
    if (password.len < PEOPLE_PASSWORD_MIN) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a password has at least %u bytes",
                           PEOPLE_PASSWORD_MIN);
    }
    if (password.len > PEOPLE_PASSWORD_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a password has at most %u bytes",
                           PEOPLE_PASSWORD_MAX);
    }
    if (!slw_utf8_accept(&utf8, password) || !slw_utf8_complete(&utf8) ||
        memchr(password.ptr, '\0', password.len) != NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a password is text");
    }
    return SLW_OK;
}

/* crypt_rn() with memory of its own; setting may be a hash. */
static enum slw_status hash(struct slw_bytes password, const char *setting,
                            char ret_hash[static PEOPLE_HASH_SIZE], struct slw_detail *detail)
{
    char text[PEOPLE_PASSWORD_MAX + 1];
    struct crypt_data *data = calloc(1, sizeof *data);
    enum slw_status status = SLW_OK;
    if (data == NULL) {
        return slw_explain_no_memory(detail);
    }
    size_t len = password.len < PEOPLE_PASSWORD_MAX ? password.len : PEOPLE_PASSWORD_MAX;
    if (len > 0) {
        memcpy(text, password.ptr, len);
    }
    text[len] = '\0';
    const char *made = crypt_rn(text, setting, data, (int)sizeof *data);
    if (made == NULL || made[0] == '*' || strlen(made) >= PEOPLE_HASH_SIZE) {
        status = slw_explain(detail, SLW_IO_CRYPTO, "hashing a password failed");
    } else {
        memcpy(ret_hash, made, strlen(made) + 1);
    }
    slw_wipe(text, sizeof text);
    slw_wipe(data, sizeof *data);
    free(data);
    return status;
}

enum slw_status people_password_hash(struct slw_bytes password,
                                     char ret_hash[static PEOPLE_HASH_SIZE],
                                     struct slw_detail *detail)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    SLW_TRY(people_password_check_form(password, detail));
    if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, (int)sizeof setting) == NULL) {
        return slw_explain_errno(detail, "salt for a password");
    }
    return hash(password, setting, ret_hash, detail);
}

enum slw_status people_password_matches(struct slw_bytes password, const char *expected,
                                        bool *ret_matches, struct slw_detail *detail)
{
    char made[PEOPLE_HASH_SIZE] = "";
    bool has_one = expected[0] == '$';
    SLW_TRY(hash(password, has_one ? expected : DUMMY, made, detail));
    size_t len = strlen(made);
    *ret_matches = has_one && password.len <= PEOPLE_PASSWORD_MAX &&
                   memchr(password.ptr, '\0', password.len) == NULL && len == strlen(expected) &&
                   slw_equal_constant_time(made, expected, len);
    slw_wipe(made, sizeof made);
    return SLW_OK;
}
