/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys a storage takes, and which holders a lease. One rule for all of them, so that a
 * repository can move from one kind of storage to another.
 */
#include "slipway/tuf_storage.h"

#include <string.h>

static bool is_key_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') ||
           (character != '\0' && strchr("%_.-~+@=, ", character) != NULL);
}

static bool segment_is_good(const char *segment, size_t len)
{
    static const char hidden[] = ".slipway-"; /* files that are being written */
    bool dots = (len == 1 && segment[0] == '.') || (len == 2 && memcmp(segment, "..", 2) == 0);
    bool is_hidden = len >= sizeof hidden - 1 && memcmp(segment, hidden, sizeof hidden - 1) == 0;
    if (len == 0 || dots || is_hidden) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_key_character(segment[i])) {
            return false;
        }
    }
    return true;
}

bool slw_storage_key_is_good(const char *key)
{
    if (strlen(key) > SLW_STORAGE_KEY_MAX || strcmp(key, ".lease") == 0) {
        return false;
    }
    for (;;) {
        size_t len = strcspn(key, "/");
        if (!segment_is_good(key, len)) {
            return false;
        }
        if (key[len] == '\0') {
            return true;
        }
        key += len + 1;
    }
}

bool slw_lease_holder_is_good(const char *holder)
{
    size_t len = strlen(holder);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)holder[i] < 0x20 || holder[i] == 0x7f) {
            return false;
        }
    }
    return len > 0 && len <= SLW_LEASE_HOLDER_MAX;
}
