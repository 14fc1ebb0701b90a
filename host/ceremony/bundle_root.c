/* SPDX-License-Identifier: Apache-2.0 */
/* Ceremonies about the root of bundles, as devices trust it: SignedRootMetadata. */
#include "internal.h"

#include "slipway/explain.h"
#include "slipway/root_draft.h"
#include "slipway/signed_draft.h"
#include "slipway/time_text.h"

#include <stdlib.h>

/* The former root, read; it points into the ceremony's file. */
struct former {
    struct slw_signed_draft draft;
    struct slw_root_content content;
};

static enum slw_status read_former(const struct slw_ceremony *ceremony, struct former *former,
                                   struct slw_detail *detail)
{
    SLW_TRY(slw_signed_draft_parse("former root", slw_heap_bytes(&ceremony->former), &former->draft,
                                   detail));
    return slw_root_content_read("former root", former->draft.serialized, &former->content, detail);
}

/* Runs with the former root on the heap, for it is large. */
static enum slw_status with_former(const struct slw_ceremony *ceremony, void *context,
                                   enum slw_status (*run)(const struct slw_ceremony *ceremony,
                                                          const struct former *former,
                                                          void *context, struct slw_detail *detail),
                                   struct slw_detail *detail)
{
    struct former *former = calloc(1, sizeof *former);
    enum slw_status status =
        former == NULL ? slw_explain_no_memory(detail) : read_former(ceremony, former, detail);
    if (status == SLW_OK) {
        status = run(ceremony, former, context, detail);
    }
    free(former);
    return status;
}

static bool has_root_role(const struct slw_root *root, const struct slw_public_key *key)
{
    const struct slw_root_key *found = slw_root_find_key(root, key->id);
    return found != NULL && slw_key_has_role(found, SLW_ROLE_ROOT);
}

static enum slw_status check_signers(const struct slw_ceremony *ceremony,
                                     const struct former *former, void *context,
                                     struct slw_detail *detail)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    const struct slw_root *root = &former->content.root;
    (void)context;
    for (size_t i = 0; i < plan->signers_count; i++) {
        if (!has_root_role(root, &plan->signers[i].key)) {
            const struct slw_bytes name = plan->people[plan->signers[i].person].name;
            return slw_explain(detail, SLW_BAD_STATEMENT,
                               "plan: %.*s's key isn't a root key of the former root",
                               (int)name.len, name.ptr);
        }
    }
    if (slw_ceremony_follows(plan) && plan->signers_count < root->thresholds[SLW_ROLE_ROOT]) {
        return slw_explain(detail, SLW_BAD_THRESHOLD,
                           "plan: %zu root keys of the former root sign, and it wants %u",
                           plan->signers_count, root->thresholds[SLW_ROLE_ROOT]);
    }
    return SLW_OK;
}

static enum slw_status check_former(const struct slw_ceremony *ceremony, struct slw_detail *detail)
{
    return with_former(ceremony, NULL, check_signers, detail);
}

static bool parse_id(const char *hex, uint8_t id[static SLW_KEY_ID_SIZE])
{
    for (size_t i = 0; i < SLW_KEY_ID_SIZE; i++) {
        unsigned value = 0;
        for (size_t digit = 2 * i; digit < 2 * i + 2; digit++) {
            char letter = hex[digit];
            bool is_number = letter >= '0' && letter <= '9';
            if (!is_number && (letter < 'a' || letter > 'f')) {
                return false;
            }
            value = value * 16 + (unsigned)(is_number ? letter - '0' : letter - 'a' + 10);
        }
        id[i] = (uint8_t)value;
    }
    return true;
}

static enum slw_status remove_keys(const struct slw_ceremony_plan *plan,
                                   struct slw_root_draft *draft, struct slw_detail *detail)
{
    for (size_t i = 0; i < plan->removals_count; i++) {
        uint8_t id[SLW_KEY_ID_SIZE];
        const struct slw_ceremony_removal *removal = &plan->removals[i];
        if (!parse_id(removal->key_id, id) ||
            slw_root_draft_remove_key(draft, removal->role, id) != SLW_OK) {
            return slw_explain(detail, SLW_NOT_FOUND,
                               "plan: removes the key %s, which the former root's role %s hasn't",
                               removal->key_id, slw_role_name(removal->role));
        }
    }
    return SLW_OK;
}

static enum slw_status draft_next(const struct slw_ceremony *ceremony, const struct former *former,
                                  void *context, struct slw_detail *detail)
{
    struct slw_root_draft *draft = context;
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    const struct slw_root *root = &former->content.root;
    if (root->version == UINT32_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "former root: its version is the last there is");
    }
    if (slw_ceremony_follows(plan)) {
        SLW_TRY(slw_root_draft_from("former root", former->draft.serialized, &former->content,
                                    draft, detail));
        SLW_TRY(remove_keys(plan, draft, detail));
    } else {
        draft->key_class = root->key_class;
    }
    draft->version = root->version + 1;
    return SLW_OK;
}

static enum slw_status add_keys(const struct slw_ceremony *ceremony, struct slw_root_draft *draft,
                                struct slw_detail *detail)
{
    for (size_t i = 0; i < ceremony->new_keys_count; i++) {
        enum slw_status status =
            slw_root_draft_add_key(draft, ceremony->plan.new_keys[i].role, &ceremony->new_keys[i]);
        if (status != SLW_OK) {
            return slw_explain(detail, status == SLW_BAD_ARGUMENT ? SLW_SHARED_KEY : status,
                               "new key %zu: can't be added to the role %s", i,
                               slw_role_name(ceremony->plan.new_keys[i].role));
        }
    }
    return SLW_OK;
}

static enum slw_status fill_draft(const struct slw_ceremony *ceremony, struct slw_root_draft *draft,
                                  struct slw_detail *detail)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    draft->version = 1;
    if (plan->has_former) {
        SLW_TRY(with_former(ceremony, draft, draft_next, detail));
    }
    SLW_TRY(add_keys(ceremony, draft, detail));
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        if (plan->thresholds[role] != 0) {
            draft->thresholds[role] = plan->thresholds[role];
        }
    }
    if (plan->key_class != SLW_KEY_CLASS_NONE) {
        draft->key_class = plan->key_class;
    }
    if (plan->has_expires) {
        draft->expires = (struct slw_expiry){true, plan->expires_utc_s, 0};
    }
    return SLW_OK;
}

/* Those of its own root keys that sign here must be enough. */
static enum slw_status check_enough(const struct slw_ceremony *ceremony, struct slw_bytes made,
                                    struct slw_detail *detail)
{
    struct slw_root_content *content = calloc(1, sizeof *content);
    uint32_t signing = 0;
    enum slw_status status = content == NULL
                                 ? slw_explain_no_memory(detail)
                                 : slw_root_content_read("new root", made, content, detail);
    for (size_t i = 0; status == SLW_OK && i < ceremony->steps_count; i++) {
        const struct slw_ceremony_step *step = &ceremony->steps[i];
        if (step->kind == SLW_CEREMONY_SIGN) {
            signing += has_root_role(&content->root, step->is_former
                                                         ? &ceremony->plan.signers[step->signer].key
                                                         : &ceremony->new_keys[step->new_key]);
        }
    }
    if (status == SLW_OK && signing < content->root.thresholds[SLW_ROLE_ROOT]) {
        status = slw_explain(detail, SLW_BAD_THRESHOLD,
                             "new root: %u of its root keys sign, and it wants %u", signing,
                             content->root.thresholds[SLW_ROLE_ROOT]);
    }
    free(content);
    return status;
}

static enum slw_status make(const struct slw_ceremony *ceremony, struct slw_heap_buffer *ret_made,
                            struct slw_detail *detail)
{
    struct slw_heap_buffer made = {0};
    struct slw_root_draft *draft = calloc(1, sizeof *draft);
    enum slw_status status =
        draft == NULL ? slw_explain_no_memory(detail) : fill_draft(ceremony, draft, detail);
    if (status == SLW_OK) {
        status = slw_root_draft_encode(draft, "new root", &made, detail);
    }
    if (status == SLW_OK) {
        status = check_enough(ceremony, slw_heap_bytes(&made), detail);
    }
    if (status == SLW_OK) {
        *ret_made = made;
    } else {
        slw_heap_drop(&made);
    }
    free(draft);
    return status;
}

static enum slw_status sign(const struct slw_ceremony *ceremony, const struct slw_private_key *key,
                            struct slw_heap_buffer *ret_hex, struct slw_detail *detail)
{
    uint8_t signature[SLW_SIGNATURE_SIZE];
    SLW_TRY(slw_private_key_sign(key, slw_heap_bytes(&ceremony->made), signature, detail));
    slw_hex(slw_bytes_make(signature, sizeof signature), ret_hex);
    return ret_hex->status;
}

static bool parse_signature(struct slw_bytes hex, uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    /* Two ids in a row are as long as a signature. */
    _Static_assert(SLW_SIGNATURE_SIZE == 2 * SLW_KEY_ID_SIZE, "a signature is two halves");
    const char *text = (const char *)hex.ptr;
    return hex.len == (size_t)2 * SLW_SIGNATURE_SIZE && parse_id(text, signature) &&
           parse_id(text + SLW_SIGNATURE_SIZE, signature + SLW_KEY_ID_SIZE);
}

static enum slw_status verify(const struct slw_ceremony *ceremony, const struct slw_public_key *key,
                              struct slw_bytes hex)
{
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_statement_key statement_key;
    struct slw_detail why;
    if (!parse_signature(hex, signature)) {
        return SLW_BAD_SIGNATURE;
    }
    slw_statement_key_of_public(key, &statement_key);
    return slw_statement_key_verify(&statement_key, slw_heap_bytes(&ceremony->made),
                                    slw_bytes_make(signature, sizeof signature), &why);
}

static enum slw_status assemble(const struct slw_ceremony *ceremony,
                                struct slw_heap_buffer *ret_file, struct slw_detail *detail)
{
    struct slw_signed_draft draft = {.serialized = slw_heap_bytes(&ceremony->made)};
    for (size_t i = 0; i < ceremony->signatures_count; i++) {
        uint8_t signature[SLW_SIGNATURE_SIZE];
        const struct slw_ceremony_signature *entry = &ceremony->signatures[i];
        if (!parse_signature(slw_bytes_make(entry->hex, strlen(entry->hex)), signature)) {
            return slw_explain(detail, SLW_BAD_SIGNATURE, "a signature of the wrong size");
        }
        SLW_TRY(slw_signed_draft_set(&draft, entry->key.id, signature, detail));
    }
    return slw_signed_draft_encode(&draft, ret_file, detail);
}

static void describe_role(const struct slw_ceremony *ceremony, const struct slw_root *root,
                          enum slw_role role, struct slw_heap_buffer *text)
{
    slw_heap_printf(text, "  role %s: %u of these must sign\n", slw_role_name(role),
                    root->thresholds[role]);
    for (size_t i = 0; i < root->keys_count; i++) {
        const struct slw_root_key *key = &root->keys[i];
        if (slw_key_has_role(key, role)) {
            struct slw_public_key public_key = {.type = (enum slw_key_type)key->type};
            memcpy(public_key.id, key->id, sizeof public_key.id);
            slw_heap_append_text(text, "    ");
            slw_hex(slw_bytes_make(key->id, sizeof key->id), text);
            slw_ceremony_describe_holder(ceremony, &public_key, text);
            slw_heap_append_text(text, "\n");
        }
    }
}

static void describe(const struct slw_ceremony *ceremony, struct slw_heap_buffer *text)
{
    static const char *const classes[] = {"of no class", "for dev keys", "for test keys",
                                          "for production keys"};
    char expires[SLW_TIME_TEXT_SIZE];
    struct slw_detail detail;
    struct slw_root_content *content = calloc(1, sizeof *content);
    if (content == NULL || slw_root_content_read("new root", slw_heap_bytes(&ceremony->made),
                                                 content, &detail) != SLW_OK) {
        free(content);
        return;
    }
    const struct slw_root *root = &content->root;
    slw_heap_printf(text, "a root of bundles, version %u, %s, %s%s\n", root->version,
                    classes[root->key_class], root->expires.present ? "expires " : "never expires",
                    root->expires.present ? slw_time_format(root->expires.seconds, expires) : "");
    describe_role(ceremony, root, SLW_ROLE_ROOT, text);
    describe_role(ceremony, root, SLW_ROLE_TARGETS, text);
    free(content);
}

const struct slw_ceremony_maker slw_ceremony_bundle_maker = {
    .make = make,
    .check_former = check_former,
    .sign = sign,
    .verify = verify,
    .assemble = assemble,
    .describe = describe,
};
