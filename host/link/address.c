/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the text of a LINK apart (link.h). */
#include "slipway/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FORMS "tcp:HOST:PORT, serial:DEVICE[:BAUD] or pty:PATH"

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Decimal digits and nothing else, up to limit. */
static bool parse_number(const char *text, unsigned long limit, unsigned long *ret_number)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || number > limit) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool copy_name(const char *name, size_t len, struct slw_link_address *address)
{
    if (len == 0 || len >= sizeof address->name) {
        return false;
    }
    memcpy(address->name, name, len);
    address->name[len] = '\0';
    return true;
}

static bool parse_tcp(const char *rest, struct slw_link_address *address)
{
    unsigned long port = 0;
    const char *colon = strrchr(rest, ':');
    if (colon == NULL || !parse_number(colon + 1, UINT16_MAX, &port)) {
        return false;
    }
    size_t len = (size_t)(colon - rest);
    bool bracketed = len >= 2 && rest[0] == '[' && rest[len - 1] == ']';
    address->port = (uint16_t)port;
    return copy_name(rest + (bracketed ? 1 : 0), len - (bracketed ? 2 : 0), address);
}

/* A last part of digits alone is the baud rate. */
static bool parse_serial(const char *rest, struct slw_link_address *address)
{
    unsigned long baud = SLW_LINK_BAUD_DEFAULT;
    const char *colon = strrchr(rest, ':');
    size_t len = strlen(rest);
    if (colon != NULL && parse_number(colon + 1, UINT32_MAX, &baud)) {
        len = (size_t)(colon - rest);
    }
    address->baud = (uint32_t)baud;
    return copy_name(rest, len, address);
}

enum slw_status slw_link_parse(const char *text, struct slw_link_address *ret_address,
                               struct slw_detail *detail)
{
    struct slw_link_address address = {0};
    bool valid = false;
    if (has_prefix(text, "tcp:")) {
        address.kind = SLW_LINK_TCP;
        valid = parse_tcp(text + 4, &address);
    } else if (has_prefix(text, "serial:")) {
        address.kind = SLW_LINK_SERIAL;
        valid = parse_serial(text + 7, &address);
    } else if (has_prefix(text, "pty:")) {
        address.kind = SLW_LINK_PTY;
        valid = copy_name(text + 4, strlen(text + 4), &address);
    }
    if (!valid) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: a link is " FORMS, text);
    }
    *ret_address = address;
    return SLW_OK;
}
