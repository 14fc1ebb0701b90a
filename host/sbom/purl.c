/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs, in the one spelling that equal ones share: SBOMs and advisories are joined by it.
 */
#include "slipway/sbom.h"

#include "slipway/text.h"

#include <stdio.h>

static bool is_letter(uint8_t character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_digit(uint8_t character)
{
    return character >= '0' && character <= '9';
}

static char lower(char character)
{
    return (char)(character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character);
}

/* "All percent-encoded strings MUST be decoded"; nothing that isn't printable comes out. */
static bool decode(struct slw_bytes text, char *ret_text, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? slw_text_hex_value(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? slw_text_hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (byte < 0x21 || byte == 0x7F || len + 1 >= size) {
            return false;
        }
        ret_text[len++] = (char)byte;
    }
    ret_text[len] = '\0';
    return len > 0;
}

/* "The package type [...] starts with a letter", letters, digits, `.`, `+`, `-`; "case insensitive
 * [...] lowercase is canonical". */
static bool take_type(struct slw_bytes *rest, struct slw_purl *purl)
{
    const uint8_t *slash = rest->len == 0 ? NULL : memchr(rest->ptr, '/', rest->len);
    size_t len = slash == NULL ? 0 : (size_t)(slash - rest->ptr);
    if (len == 0 || len >= sizeof purl->type || !is_letter(rest->ptr[0])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = rest->ptr[i];
        if (!is_letter(byte) && !is_digit(byte) && byte != '.' && byte != '+' && byte != '-') {
            return false;
        }
        purl->type[i] = lower((char)byte);
    }
    purl->type[len] = '\0';
    *rest = slw_bytes_make(slash + 1, rest->len - len - 1);
    return true;
}

/* Where the last `@` behind the last slash is: scopes of npm are %40 in canonical form, and `@` in
 * what many tools write. */
static void split_version(struct slw_bytes *rest, struct slw_bytes *ret_version)
{
    *ret_version = (struct slw_bytes){NULL, 0};
    for (size_t i = rest->len; i > 1 && rest->ptr[i - 1] != '/'; i--) {
        if (rest->ptr[i - 1] == '@' && rest->ptr[i - 2] != '/') {
            *ret_version = slw_bytes_make(rest->ptr + i, rest->len - i);
            rest->len = i - 1;
            return;
        }
    }
}

static void cut_at(struct slw_bytes *text, uint8_t character)
{
    const uint8_t *at = text->len == 0 ? NULL : memchr(text->ptr, character, text->len);
    if (at != NULL) {
        text->len = (size_t)(at - text->ptr);
    }
}

/* What the specification says of known types: "The name is lowercased", "underscore `_` replaced
 * with dash `-`". */
static void canonicalize(struct slw_purl *purl)
{
    static const char *const lowered[] = {"alpm",   "apk", "bitbucket", "composer", "deb",
                                          "github", "hex", "npm",       "pypi",     "rpm"};
    bool is_lowered = false;
    for (size_t i = 0; i < sizeof lowered / sizeof lowered[0]; i++) {
        is_lowered = is_lowered || strcmp(purl->type, lowered[i]) == 0;
    }
    /* An rpm's name is case sensitive, its namespace isn't; npm's names in use are lower case. */
    bool is_rpm = strcmp(purl->type, "rpm") == 0;
    char *slash = strrchr(purl->name, '/');
    for (char *at = purl->name; *at != '\0'; at++) {
        bool in_namespace = slash != NULL && at < slash;
        *at = (char)(is_lowered && (!is_rpm || in_namespace) ? lower(*at) : *at);
        *at = (char)(strcmp(purl->type, "pypi") == 0 && *at == '_' ? '-' : *at);
    }
}

static bool has_empty_segment(const char *name)
{
    return name[0] == '/' || name[strlen(name) - 1] == '/' || strstr(name, "//") != NULL;
}

enum slw_status slw_purl_parse(struct slw_bytes text, struct slw_purl *ret_purl)
{
    struct slw_purl purl = {.version = ""};
    struct slw_bytes version;
    struct slw_bytes rest = text;
    if (text.len > SLW_PURL_MAX || text.len < 4 || memcmp(text.ptr, "pkg:", 4) != 0) {
        return SLW_MALFORMED;
    }
    rest = slw_bytes_make(text.ptr + 4, text.len - 4);
    while (rest.len > 0 && rest.ptr[0] == '/') { /* "pkg://" is tolerated */
        rest = slw_bytes_make(rest.ptr + 1, rest.len - 1);
    }
    cut_at(&rest, '#');
    cut_at(&rest, '?');
    if (!take_type(&rest, &purl)) {
        return SLW_MALFORMED;
    }
    split_version(&rest, &version);
    if (!decode(rest, purl.name, sizeof purl.name) || has_empty_segment(purl.name) ||
        (version.len > 0 && !decode(version, purl.version, sizeof purl.version))) {
        return SLW_MALFORMED;
    }
    canonicalize(&purl);
    int len = snprintf(purl.package, sizeof purl.package, "pkg:%s/%s", purl.type, purl.name);
    if (len < 0 || (size_t)len >= sizeof purl.package) {
        return SLW_MALFORMED;
    }
    *ret_purl = purl;
    return SLW_OK;
}

const char *slw_purl_ecosystem(const char *type)
{
    static const char *const names[][2] = {{"pypi", "PyPI"},
                                           {"npm", "npm"},
                                           {"cargo", "crates.io"},
                                           {"golang", "Go"},
                                           {"maven", "Maven"},
                                           {"nuget", "NuGet"},
                                           {"gem", "RubyGems"},
                                           {"hex", "Hex"},
                                           {"composer", "Packagist"},
                                           {"pub", "Pub"},
                                           {"deb", "Debian"},
                                           {"apk", "Alpine"},
                                           {"conan", "ConanCenter"},
                                           {"cran", "CRAN"},
                                           {"hackage", "Hackage"},
                                           {"swift", "SwiftURL"},
                                           {"github", "GitHub Actions"},
                                           {"bitnami", "Bitnami"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(type, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return NULL;
}
