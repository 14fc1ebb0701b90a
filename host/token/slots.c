/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slot of a module has the token that a URI names, and which has it again after it was
 * pulled. Called by token.c and pool.c.
 */
#include "internal.h"

/* A token's text is padded with blanks and has no zero byte; a URI has it without. */
static bool fits(const char *wanted, const uint8_t *text, size_t size)
{
    size_t len = strlen(wanted);
    if (len == 0) {
        return true;
    }
    if (len > size || memcmp(wanted, text, len) != 0) {
        return false;
    }
    for (size_t i = len; i < size; i++) {
        if (text[i] != ' ') {
            return false;
        }
    }
    return true;
}

static bool token_fits(const struct ck_token_info *info, ck_slot_id_t slot,
                       const struct slw_token_uri *uri)
{
    return (!uri->has_slot_id || uri->slot_id == slot) &&
           fits(uri->token, info->label, sizeof info->label) &&
           fits(uri->manufacturer, info->manufacturer_id, sizeof info->manufacturer_id) &&
           fits(uri->model, info->model, sizeof info->model) &&
           fits(uri->serial, info->serial_number, sizeof info->serial_number);
}

static void identify(const struct ck_token_info *info, struct slw_token_identity *identity)
{
    memcpy(identity->label, info->label, sizeof identity->label);
    memcpy(identity->manufacturer, info->manufacturer_id, sizeof identity->manufacturer);
    memcpy(identity->model, info->model, sizeof identity->model);
    memcpy(identity->serial, info->serial_number, sizeof identity->serial);
}

struct slots {
    ck_slot_id_t ids[SLW_TOKEN_SLOTS_MAX];
    unsigned long count;
};

static enum slw_status list_slots(const struct slw_module *module, struct slots *slots,
                                  struct slw_detail *detail)
{
    /* Asked for the number first, since modules look for new slots only then. */
    unsigned long count = 0;
    ck_rv_t answer = module->calls->C_GetSlotList(1, NULL, &count);
    slots->count = SLW_TOKEN_SLOTS_MAX;
    if (answer == CKR_OK) {
        answer = module->calls->C_GetSlotList(1, slots->ids, &slots->count);
    }
    if (answer != CKR_OK) {
        return slw_token_explain(detail, module->path, "its slots can't be listed", answer);
    }
    if (slots->count > SLW_TOKEN_SLOTS_MAX) {
        return slw_explain(detail, SLW_TOKEN, "%s: says that it has %lu slots, where %u were asked",
                           module->path, slots->count, SLW_TOKEN_SLOTS_MAX);
    }
    return SLW_OK;
}

/* A slot that can't be asked, or whose token was never initialized, has none that is ours. */
static bool read_token(const struct slw_module *module, ck_slot_id_t slot,
                       struct ck_token_info *info)
{
    *info = (struct ck_token_info){0};
    return module->calls->C_GetTokenInfo(slot, info) == CKR_OK &&
           (info->flags & CKF_TOKEN_INITIALIZED) != 0;
}

static enum slw_status explain_none(const struct slw_module *module,
                                    const struct slw_token_uri *uri, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_token_uri_format(uri, &text);
    enum slw_status status = slw_explain(detail, SLW_TOKEN, "%s: %s has no such token now",
                                         slw_heap_text(&text), module->path);
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_token_find_slot(const struct slw_module *module,
                                    const struct slw_token_uri *uri,
                                    struct slw_token_identity *ret_identity, ck_slot_id_t *ret_slot,
                                    struct slw_detail *detail)
{
    struct slots slots = {.count = 0};
    struct ck_token_info info;
    unsigned long found = 0;
    SLW_TRY(list_slots(module, &slots, detail));
    for (unsigned long i = 0; i < slots.count; i++) {
        if (read_token(module, slots.ids[i], &info) && token_fits(&info, slots.ids[i], uri)) {
            if (found++ == 0) {
                identify(&info, ret_identity);
                *ret_slot = slots.ids[i];
            }
        }
    }
    if (found == 0) {
        return explain_none(module, uri, detail);
    }
    return found == 1
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_ARGUMENT,
                             "pkcs11 URI: %lu tokens fit it; serial tells them apart", found);
}

enum slw_status slw_token_find_again(const struct slw_token *token, ck_slot_id_t *ret_slot,
                                     struct slw_detail *detail)
{
    struct slots slots = {.count = 0};
    struct ck_token_info info;
    struct slw_token_identity identity;
    SLW_TRY(list_slots(token->module, &slots, detail));
    for (unsigned long i = 0; i < slots.count; i++) {
        if (read_token(token->module, slots.ids[i], &info)) {
            identify(&info, &identity);
            if (memcmp(&identity, &token->identity, sizeof identity) == 0) {
                *ret_slot = slots.ids[i];
                return SLW_OK;
            }
        }
    }
    return slw_explain(detail, SLW_TOKEN, "token %s: it is away", token->name);
}
