/* SPDX-License-Identifier: Apache-2.0 */
/* Which version is older: by the rules of the ecosystem that it is of. osv.c is the caller. */
#include "versions.h"

#include "slipway/bytes_order.h"

static bool is_digit(uint8_t character)
{
    return character >= '0' && character <= '9';
}

static bool is_letter(uint8_t character)
{
    character |= 0x20;
    return character >= 'a' && character <= 'z';
}

static int sign_of(int value)
{
    return (value > 0) - (value < 0);
}

static int compare_bytes(struct slw_bytes left, struct slw_bytes right)
{
    return sign_of(slw_bytes_compare(left, right));
}

static struct slw_bytes skip(struct slw_bytes text, size_t len)
{
    return len == 0 ? text : slw_bytes_make(text.ptr + len, text.len - len);
}

struct slw_bytes slw_version_take_digits(struct slw_bytes *text)
{
    size_t len = 0;
    while (len < text->len && is_digit(text->ptr[len])) {
        len++;
    }
    struct slw_bytes digits = slw_bytes_make(text->ptr, len);
    *text = skip(*text, len);
    return digits;
}

/* Of any size: leading zeros away, then the longer one is the larger one. */
int slw_version_compare_digits(struct slw_bytes left, struct slw_bytes right)
{
    while (left.len > 0 && left.ptr[0] == '0') {
        left = skip(left, 1);
    }
    while (right.len > 0 && right.ptr[0] == '0') {
        right = skip(right, 1);
    }
    if (left.len != right.len) {
        return left.len < right.len ? -1 : 1;
    }
    return compare_bytes(left, right);
}

static struct slw_bytes take_until(struct slw_bytes *text, uint8_t character)
{
    size_t len = 0;
    while (len < text->len && text->ptr[len] != character) {
        len++;
    }
    struct slw_bytes taken = slw_bytes_make(text->ptr, len);
    *text = skip(*text, len < text->len ? len + 1 : len);
    return taken;
}

static bool is_number(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len > 0;
}

/* semver.org, 11.4: "Identifiers consisting of only digits are compared numerically", "with letters
 * or hyphens [...] lexically in ASCII sort order", "Numeric identifiers always have lower
 * precedence", "A larger set of pre-release fields has a higher precedence". */
static int compare_prerelease(struct slw_bytes left, struct slw_bytes right)
{
    if (left.len == 0 || right.len == 0) {
        return (left.len == 0) - (right.len == 0);
    }
    while (left.len > 0 && right.len > 0) {
        struct slw_bytes one = take_until(&left, '.');
        struct slw_bytes other = take_until(&right, '.');
        bool one_number = is_number(one);
        bool other_number = is_number(other);
        int order = one_number && other_number ? slw_version_compare_digits(one, other)
                                               : compare_bytes(one, other);
        if (one_number != other_number) {
            order = one_number ? -1 : 1;
        }
        if (order != 0) {
            return order;
        }
    }
    return (left.len > 0) - (right.len > 0);
}

int slw_version_compare_semver(struct slw_bytes left, struct slw_bytes right)
{
    /* "v1.2.3" is what Go's and others' tags say of 1.2.3. */
    left = left.len > 0 && left.ptr[0] == 'v' ? skip(left, 1) : left;
    right = right.len > 0 && right.ptr[0] == 'v' ? skip(right, 1) : right;
    /* "Build metadata MUST be ignored when determining version precedence." */
    struct slw_bytes left_rest = take_until(&left, '+');
    struct slw_bytes right_rest = take_until(&right, '+');
    struct slw_bytes left_core = take_until(&left_rest, '-');
    struct slw_bytes right_core = take_until(&right_rest, '-');
    while (left_core.len > 0 || right_core.len > 0) {
        struct slw_bytes one = take_until(&left_core, '.');
        struct slw_bytes other = take_until(&right_core, '.');
        int order = (is_number(one) || one.len == 0) && (is_number(other) || other.len == 0)
                        ? slw_version_compare_digits(one, other)
                        : compare_bytes(one, other);
        if (order != 0) {
            return order;
        }
    }
    return compare_prerelease(left_rest, right_rest);
}

/* Debian Policy, 5.6.12: "all the letters sort earlier than all the non-letters and [...] a tilde
 * sorts before anything, even the end of a part". */
static int order_of(struct slw_bytes text)
{
    if (text.len == 0 || is_digit(text.ptr[0])) {
        return 0;
    }
    if (text.ptr[0] == '~') {
        return -1;
    }
    return is_letter(text.ptr[0]) ? text.ptr[0] : text.ptr[0] + 256;
}

static int compare_debian_part(struct slw_bytes left, struct slw_bytes right)
{
    while (left.len > 0 || right.len > 0) {
        while ((left.len > 0 && !is_digit(left.ptr[0])) ||
               (right.len > 0 && !is_digit(right.ptr[0]))) {
            int order = order_of(left) - order_of(right);
            if (order != 0) {
                return sign_of(order);
            }
            left = left.len > 0 ? skip(left, 1) : left;
            right = right.len > 0 ? skip(right, 1) : right;
        }
        int order = slw_version_compare_digits(slw_version_take_digits(&left),
                                               slw_version_take_digits(&right));
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

/* "[epoch:]upstream_version[-debian_revision]": the epoch ends at the first colon, the revision
 * begins behind the last hyphen. */
static struct slw_bytes take_epoch(struct slw_bytes *text)
{
    const uint8_t *colon = text->len == 0 ? NULL : memchr(text->ptr, ':', text->len);
    struct slw_bytes epoch = {NULL, 0};
    if (colon != NULL) {
        epoch = slw_bytes_make(text->ptr, (size_t)(colon - text->ptr));
        *text = skip(*text, epoch.len + 1);
    }
    return epoch;
}

static struct slw_bytes cut_revision(struct slw_bytes *text)
{
    struct slw_bytes revision = {NULL, 0};
    for (size_t i = text->len; i > 0; i--) {
        if (text->ptr[i - 1] == '-') {
            revision = skip(*text, i);
            text->len = i - 1;
            break;
        }
    }
    return revision;
}

static int compare_debian(struct slw_bytes left, struct slw_bytes right)
{
    int order = slw_version_compare_digits(take_epoch(&left), take_epoch(&right));
    struct slw_bytes left_revision = cut_revision(&left);
    struct slw_bytes right_revision = cut_revision(&right);
    order = order != 0 ? order : compare_debian_part(left, right);
    return order != 0 ? order : compare_debian_part(left_revision, right_revision);
}

static bool is_separator(uint8_t character)
{
    return !is_digit(character) && !is_letter(character);
}

static struct slw_bytes take_word(struct slw_bytes *text)
{
    size_t len = 0;
    while (len < text->len && is_letter(text->ptr[len])) {
        len++;
    }
    struct slw_bytes word = slw_bytes_make(text->ptr, len);
    *text = skip(*text, len);
    return word;
}

/* A word that says that something isn't finished is below the end, any other above it. */
static int rank_of_word(struct slw_bytes word)
{
    static const char *const early[] = {"dev",     "snapshot",  "a",  "alpha", "b",
                                        "beta",    "c",         "rc", "cr",    "pre",
                                        "preview", "milestone", "m"};
    static const int ranks[] = {-9, -1, -6, -6, -5, -5, -2, -2, -2, -2, -2, -4, -4};
    char text[16];
    if (word.len >= sizeof text) {
        return 1;
    }
    for (size_t i = 0; i < word.len; i++) {
        text[i] = (char)(word.ptr[i] | 0x20);
    }
    text[word.len] = '\0';
    for (size_t i = 0; i < sizeof early / sizeof early[0]; i++) {
        if (strcmp(text, early[i]) == 0) {
            return ranks[i];
        }
    }
    bool is_final = strcmp(text, "final") == 0 || strcmp(text, "ga") == 0 ||
                    strcmp(text, "release") == 0 || strcmp(text, "") == 0;
    return is_final ? 0 : 1;
}

static void skip_separators(struct slw_bytes *text)
{
    while (text->len > 0 && is_separator(text->ptr[0])) {
        *text = skip(*text, 1);
    }
}

/* Numbers against numbers, words by what they mean; a number is above a word and above the end,
 * unless it is zero ("1.0" is "1"). */
static int compare_step(struct slw_bytes *left, struct slw_bytes *right)
{
    bool left_number = left->len > 0 && is_digit(left->ptr[0]);
    bool right_number = right->len > 0 && is_digit(right->ptr[0]);
    if ((left_number || left->len == 0) && (right_number || right->len == 0)) {
        return slw_version_compare_digits(slw_version_take_digits(left),
                                          slw_version_take_digits(right));
    }
    if (left_number || right_number) {
        struct slw_bytes *number = left_number ? left : right;
        struct slw_bytes *word = left_number ? right : left;
        struct slw_bytes ahead = *word;
        struct slw_bytes digits = *number;
        digits = slw_version_take_digits(&digits);
        /* "1.0-rc1" against "1.0.0": zeros stand for nothing. */
        if (slw_version_compare_digits(digits, SLW_BYTES_OF("0")) == 0 &&
            rank_of_word(take_word(&ahead)) < 0) {
            (void)slw_version_take_digits(number);
            return 0;
        }
        return left_number ? 1 : -1;
    }
    struct slw_bytes one = take_word(left);
    struct slw_bytes other = take_word(right);
    int order = rank_of_word(one) - rank_of_word(other);
    return order != 0 ? sign_of(order) : compare_bytes(one, other) * (rank_of_word(one) == 1);
}

static int compare_usual(struct slw_bytes left, struct slw_bytes right)
{
    int order = 0;
    left = left.len > 0 && (left.ptr[0] | 0x20) == 'v' ? skip(left, 1) : left;
    right = right.len > 0 && (right.ptr[0] | 0x20) == 'v' ? skip(right, 1) : right;
    while (order == 0) {
        skip_separators(&left);
        skip_separators(&right);
        if (left.len == 0 && right.len == 0) {
            return 0;
        }
        order = compare_step(&left, &right);
    }
    return order;
}

/* PEP 440: "[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]". An epoch goes first; dev releases are
 * below all, also below pre-releases; "post" is above the end as any other word; local versions
 * are above it, and OSV has none. */
static int compare_pypi(struct slw_bytes left, struct slw_bytes right)
{
    const uint8_t *left_mark = left.len == 0 ? NULL : memchr(left.ptr, '!', left.len);
    const uint8_t *right_mark = right.len == 0 ? NULL : memchr(right.ptr, '!', right.len);
    struct slw_bytes left_epoch = {NULL, 0};
    struct slw_bytes right_epoch = {NULL, 0};
    if (left_mark != NULL) {
        left_epoch = take_until(&left, '!');
    }
    if (right_mark != NULL) {
        right_epoch = take_until(&right, '!');
    }
    int order = slw_version_compare_digits(left_epoch, right_epoch);
    return order != 0 ? order : compare_usual(left, right);
}

int slw_version_compare(const char *ecosystem, struct slw_bytes left, struct slw_bytes right)
{
    static const char *const semver[] = {"SEMVER", "npm", "crates.io", "Go",
                                         "Hex",    "Pub", "SwiftURL"};
    for (size_t i = 0; i < sizeof semver / sizeof semver[0]; i++) {
        if (strcmp(ecosystem, semver[i]) == 0) {
            return slw_version_compare_semver(left, right);
        }
    }
    if (strcmp(ecosystem, "Debian") == 0 || strcmp(ecosystem, "Ubuntu") == 0) {
        return compare_debian(left, right);
    }
    if (strcmp(ecosystem, "PyPI") == 0) {
        return compare_pypi(left, right);
    }
    return compare_usual(left, right);
}
