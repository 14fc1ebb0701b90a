/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types, and names from outside as file names. */
#include "slipway/tuf_metadata.h"

const char *slw_tuf_type_name(enum slw_tuf_type type)
{
    switch (type) {
    case SLW_TUF_ROOT:
        return "root";
    case SLW_TUF_TIMESTAMP:
        return "timestamp";
    case SLW_TUF_SNAPSHOT:
        return "snapshot";
    case SLW_TUF_TARGETS:
        return "targets";
    }
    return "unknown";
}

bool slw_tuf_type_named(struct slw_bytes name, enum slw_tuf_type *ret_type)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        const char *known = slw_tuf_type_name((enum slw_tuf_type)i);
        if (slw_bytes_equal(name, slw_bytes_make(known, strlen(known)))) {
            *ret_type = (enum slw_tuf_type)i;
            return true;
        }
    }
    return false;
}

/* RFC 3986, 2.3: the unreserved characters. */
static bool is_unreserved(uint8_t character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '.' ||
           character == '-' || character == '~';
}

/* The two names that are no file's. */
static bool is_dots(struct slw_bytes name)
{
    return slw_bytes_equal(name, SLW_BYTES_OF(".")) || slw_bytes_equal(name, SLW_BYTES_OF(".."));
}

void slw_tuf_encode_name(struct slw_bytes name, struct slw_heap_buffer *ret_text)
{
    static const char digits[] = "0123456789ABCDEF";
    bool all = is_dots(name);
    for (size_t i = 0; i < name.len; i++) {
        uint8_t character = name.ptr[i];
        if (is_unreserved(character) && !all) {
            slw_heap_append(ret_text, slw_bytes_make(&character, 1));
        } else {
            const char escaped[3] = {'%', digits[character >> 4], digits[character & 0xF]};
            slw_heap_append(ret_text, slw_bytes_make(escaped, sizeof escaped));
        }
    }
}
