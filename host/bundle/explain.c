/* SPDX-License-Identifier: Apache-2.0 */
/* Findings in words, and text from outside made harmless; every program that prints either. */
#include "slipway/explain.h"

#include <inttypes.h>

/* Bytes of the UTF-8 character at the front of text, 0 when there is none. */
static size_t character_len(struct slw_bytes text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        struct slw_utf8 checker = {0};
        if (!slw_utf8_accept(&checker, slw_bytes_make(text.ptr, len))) {
            return 0;
        }
        if (slw_utf8_complete(&checker)) {
            return len;
        }
    }
    return 0;
}

/* C1 controls (U+0080 to U+009F), and the marks that turn the direction of what follows. */
static bool is_confusing(const uint8_t *bytes, size_t len)
{
    if (len == 2) {
        return bytes[0] == 0xC2 && bytes[1] < 0xA0;
    }
    if (len != 3 || bytes[0] != 0xE2) {
        return false;
    }
    return (bytes[1] == 0x80 &&
            (bytes[2] == 0x8E || bytes[2] == 0x8F || (bytes[2] >= 0xA8 && bytes[2] <= 0xAE))) ||
           (bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9);
}

void slw_escape(struct slw_bytes text, struct slw_heap_buffer *ret_text)
{
    while (text.len > 0) {
        size_t len = character_len(text);
        uint8_t first = text.ptr[0];
        if (len == 0 || first < 0x20 || first == 0x7F || is_confusing(text.ptr, len)) {
            len = len == 0 ? 1 : len;
            for (size_t i = 0; i < len; i++) {
                slw_heap_printf(ret_text, "\\x%02x", text.ptr[i]);
            }
        } else {
            if (first == '"' || first == '\\') {
                slw_heap_append_text(ret_text, "\\");
            }
            slw_heap_append(ret_text, slw_bytes_make(text.ptr, len));
        }
        text = slw_bytes_make(text.ptr + len, text.len - len);
    }
}

void slw_quote(struct slw_bytes text, struct slw_heap_buffer *ret_text)
{
    slw_heap_append_text(ret_text, "\"");
    slw_escape(text, ret_text);
    slw_heap_append_text(ret_text, "\"");
}

void slw_hex(struct slw_bytes bytes, struct slw_heap_buffer *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *place = bytes.len == 0 ? NULL : slw_heap_reserve(ret_text, 2 * bytes.len);
    for (size_t i = 0; place != NULL && i < bytes.len; i++) {
        place[2 * i] = (uint8_t)digits[bytes.ptr[i] >> 4];
        place[2 * i + 1] = (uint8_t)digits[bytes.ptr[i] & 0xF];
    }
}

/* What the two numbers of a finding are, by its reason. */
static void explain_numbers(const struct slw_finding *finding, struct slw_heap_buffer *ret_text)
{
    uint64_t found = finding->found;
    uint64_t wanted = finding->wanted;
    /* Most reasons have no numbers, and no words for them here. */
    switch ((int)finding->status) {
    case SLW_BAD_THRESHOLD:
        slw_heap_printf(ret_text, "threshold %" PRIu64 " with %" PRIu64 " usable key%s", wanted,
                        found, found == 1 ? "" : "s");
        return;
    case SLW_BELOW_THRESHOLD:
    case SLW_REVOKED_KEY:
    case SLW_ROOT_UNTRUSTED:
    case SLW_ROOT_SELF_UNSIGNED:
        slw_heap_printf(ret_text, "%" PRIu64 " of %" PRIu64 " signatures needed", found, wanted);
        return;
    case SLW_ROLLBACK:
    case SLW_ROOT_ROLLBACK:
        slw_heap_printf(ret_text, "version %" PRIu64 " is below %" PRIu64, found, wanted);
        return;
    case SLW_ROOT_REPLACED:
        slw_heap_printf(ret_text, "another root of version %" PRIu64, found);
        return;
    case SLW_STEPPING_STONE:
        slw_heap_printf(ret_text, "version %" PRIu64 " is installed, %" PRIu64 " is needed", found,
                        wanted);
        return;
    case SLW_UNKNOWN_CRITICAL_FIELD:
        slw_heap_printf(ret_text, "field %" PRIu64, found);
        return;
    case SLW_WRONG_LENGTH:
        slw_heap_printf(ret_text, "%" PRIu64 " bytes, %" PRIu64 " are signed", found, wanted);
        return;
    case SLW_BAD_PROOF:
        slw_heap_printf(ret_text, "cosigned by %" PRIu64 " of %" PRIu64 " witnesses needed", found,
                        wanted);
        return;
    }
    slw_heap_printf(ret_text, "%" PRIu64 ", wanted %" PRIu64, found, wanted);
}

/* Reasons that name a payload or a slot rather than a target. */
static const char *kind_of_name(enum slw_status status)
{
    switch ((int)status) {
    case SLW_UNLISTED_PAYLOAD:
        return "payload";
    case SLW_UNKNOWN_SLOT:
    case SLW_SLOT_TOO_SMALL:
        return "slot";
    case SLW_BAD_NAME:
    case SLW_DUPLICATE_TARGET:
        return "name";
    case SLW_BAD_PROOF:
        return "signature of";
    }
    return "target";
}

/* Numbers and key in brackets, when there are any. */
static void explain_particulars(const struct slw_finding *finding, struct slw_heap_buffer *ret_text)
{
    if (!finding->has_numbers && !finding->has_key_id) {
        return;
    }
    slw_heap_append_text(ret_text, " (");
    if (finding->has_numbers) {
        explain_numbers(finding, ret_text);
    }
    if (finding->has_key_id) {
        slw_heap_append_text(ret_text, finding->has_numbers ? ", key " : "key ");
        slw_hex(slw_bytes_make(finding->key_id, SLW_KEY_ID_SIZE), ret_text);
    }
    slw_heap_append_text(ret_text, ")");
}

void slw_explain_finding(const struct slw_finding *finding, struct slw_heap_buffer *ret_text)
{
    if (finding->name_len > 0) {
        slw_heap_printf(ret_text, "%s ", kind_of_name(finding->status));
        slw_quote(slw_bytes_make(finding->name, finding->name_len), ret_text);
        slw_heap_append_text(ret_text, ": ");
    } else if (finding->has_role) {
        slw_heap_printf(ret_text, "role %s: ", slw_role_name(finding->role));
    }
    slw_heap_append_text(ret_text, slw_status_meaning(finding->status));
    explain_particulars(finding, ret_text);
}
