/* SPDX-License-Identifier: Apache-2.0 */
/* Ceremonies about the root of a TUF repository: root.json. */
#include "internal.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"
#include "slipway/tuf_change.h"

#include <stdlib.h>

#define ROLE_KEYS_MAX (SLW_TUF_ROLE_KEYS_MAX + SLW_CEREMONY_KEYS_MAX)

/* Keys of one role as they shall be. */
struct role_keys {
    struct slw_public_key list[ROLE_KEYS_MAX];
    size_t count;
};

/* enum slw_role and enum slw_tuf_type have one order. */
_Static_assert((int)SLW_ROLE_ROOT == (int)SLW_TUF_ROOT &&
                   (int)SLW_ROLE_TIMESTAMP == (int)SLW_TUF_TIMESTAMP &&
                   (int)SLW_ROLE_SNAPSHOT == (int)SLW_TUF_SNAPSHOT &&
                   (int)SLW_ROLE_TARGETS == (int)SLW_TUF_TARGETS,
               "roles and types have one order");

static enum slw_status load(struct slw_bytes bytes, const char *name,
                            struct slw_tuf_model **ret_model, struct slw_detail *detail)
{
    struct slw_heap_buffer copy = {0};
    struct slw_tuf_file file;
    slw_heap_append(&copy, bytes);
    SLW_TRY(copy.status);
    SLW_TRY(slw_tuf_file_parse(name, &copy, SLW_ROOT_SIZE_MAX, SLW_TUF_ROOT, &file, detail));
    enum slw_status status = slw_tuf_model_load(&file, SLW_BYTES_OF("root"), ret_model, detail);
    slw_tuf_file_free(&file);
    return status;
}

static enum slw_status load_former(const struct slw_ceremony *ceremony,
                                   struct slw_tuf_model **ret_model, struct slw_detail *detail)
{
    return ceremony->plan.has_former
               ? load(slw_heap_bytes(&ceremony->former), "former root", ret_model, detail)
               : slw_tuf_model_new(SLW_TUF_ROOT, SLW_BYTES_OF("root"), ret_model, detail);
}

/* Under which id the model's root role lists the key; SLW_NOT_FOUND. */
static enum slw_status find_signer(const struct slw_tuf_model *model,
                                   const struct slw_public_key *key,
                                   char ret_id[static SLW_TUF_KEY_ID_SIZE])
{
    char id[SLW_TUF_KEY_ID_SIZE];
    SLW_TRY(slw_tuf_public_key_id(key, id));
    return slw_tuf_model_signer(model, SLW_TUF_ROOT, id, ret_id);
}

static enum slw_status check_signers(const struct slw_ceremony_plan *plan,
                                     const struct slw_tuf_model *model, struct slw_detail *detail)
{
    struct slw_tuf_listed_role root;
    char id[SLW_TUF_KEY_ID_SIZE];
    for (size_t i = 0; i < plan->signers_count; i++) {
        if (find_signer(model, &plan->signers[i].key, id) != SLW_OK) {
            const struct slw_bytes name = plan->people[plan->signers[i].person].name;
            return slw_explain(detail, SLW_BAD_STATEMENT,
                               "plan: %.*s's key isn't a root key of the former root",
                               (int)name.len, name.ptr);
        }
    }
    slw_tuf_model_role(model, SLW_TUF_ROOT, &root);
    return slw_ceremony_follows(plan) && plan->signers_count < root.threshold
               ? slw_explain(detail, SLW_BAD_THRESHOLD,
                             "plan: %zu root keys of the former root sign, and it wants %u",
                             plan->signers_count, root.threshold)
               : SLW_OK;
}

static enum slw_status check_former(const struct slw_ceremony *ceremony, struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    SLW_TRY(load_former(ceremony, &model, detail));
    enum slw_status status = check_signers(&ceremony->plan, model, detail);
    slw_tuf_model_free(model);
    return status;
}

static bool is_removed(const struct slw_ceremony_plan *plan, unsigned role, struct slw_bytes id,
                       bool *found)
{
    for (size_t i = 0; i < plan->removals_count; i++) {
        if (plan->removals[i].role == (enum slw_role)role &&
            slw_bytes_equal(id, slw_bytes_make(plan->removals[i].key_id, SLW_TUF_KEY_ID_SIZE))) {
            found[i] = true;
            return true;
        }
    }
    return false;
}

static enum slw_status keep_keys(const struct slw_ceremony *ceremony,
                                 const struct slw_tuf_model *model, unsigned role, bool *found,
                                 struct role_keys *keys, struct slw_detail *detail)
{
    struct slw_tuf_listed_role listed;
    if (!slw_ceremony_follows(&ceremony->plan)) {
        return SLW_OK; /* all keys are new */
    }
    slw_tuf_model_role(model, role, &listed);
    for (size_t i = 0; i < listed.keys_count; i++) {
        struct slw_bytes id = slw_tuf_model_role_key_id(model, role, i);
        struct slw_tuf_key key;
        if (is_removed(&ceremony->plan, role, id, found)) {
            continue;
        }
        SLW_TRY(slw_tuf_model_key(model, id, &key, detail));
        if (!slw_tuf_key_public(&key, &keys->list[keys->count])) {
            return slw_explain(
                detail, SLW_BAD_ARGUMENT,
                "former root: role %s has a key of a kind that ceremonies would lose",
                slw_role_name((enum slw_role)role));
        }
        keys->count++;
    }
    return SLW_OK;
}

/* A role whose keys or threshold the plan changes; another one stays as it is. */
static enum slw_status change_role(const struct slw_ceremony *ceremony,
                                   const struct slw_tuf_model *model, unsigned role, bool *found,
                                   struct role_keys *keys, struct slw_tuf_role_keys *ret_role,
                                   struct slw_detail *detail)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    struct slw_tuf_listed_role listed;
    bool is_changed = plan->thresholds[role] != 0;
    for (size_t i = 0; i < plan->removals_count; i++) {
        is_changed |= plan->removals[i].role == (enum slw_role)role;
    }
    for (size_t i = 0; i < plan->new_keys_count; i++) {
        is_changed |= plan->new_keys[i].role == (enum slw_role)role;
    }
    if (!is_changed) {
        return SLW_OK;
    }
    SLW_TRY(keep_keys(ceremony, model, role, found, keys, detail));
    for (size_t i = 0; i < ceremony->new_keys_count; i++) {
        if (plan->new_keys[i].role == (enum slw_role)role) {
            keys->list[keys->count++] = ceremony->new_keys[i];
        }
    }
    if (keys->count == 0) {
        return slw_explain(detail, SLW_BAD_THRESHOLD, "plan: leaves the role %s without a key",
                           slw_role_name((enum slw_role)role));
    }
    *ret_role = (struct slw_tuf_role_keys){keys->list, keys->count, plan->thresholds[role]};
    if (plan->thresholds[role] == 0) {
        slw_tuf_model_role(model, role, &listed);
        ret_role->threshold = listed.threshold;
    }
    return SLW_OK;
}

static enum slw_status change_roles(const struct slw_ceremony *ceremony,
                                    const struct slw_tuf_model *model, struct role_keys *keys,
                                    struct slw_tuf_change *change, struct slw_detail *detail)
{
    bool found[SLW_CEREMONY_KEYS_MAX] = {false};
    for (unsigned role = 0; role < SLW_TUF_TYPES; role++) {
        SLW_TRY(
            change_role(ceremony, model, role, found, &keys[role], &change->roles[role], detail));
    }
    for (size_t i = 0; i < ceremony->plan.removals_count; i++) {
        if (!found[i]) {
            return slw_explain(detail, SLW_NOT_FOUND,
                               "plan: removes the key %s, which the former root's role %s hasn't",
                               ceremony->plan.removals[i].key_id,
                               slw_role_name(ceremony->plan.removals[i].role));
        }
    }
    return SLW_OK;
}

static enum slw_status apply(const struct slw_ceremony *ceremony, struct slw_tuf_model *model,
                             struct role_keys *keys, struct slw_detail *detail)
{
    struct slw_tuf_change change = {.type = SLW_TUF_ROOT,
                                    .role = SLW_BYTES_OF("root"),
                                    .base_version = slw_tuf_model_version(model),
                                    .version = slw_tuf_model_version(model) + 1,
                                    .expires_utc_s = ceremony->plan.expires_utc_s};
    SLW_TRY(slw_tuf_model_digest(model, change.base_sha256, detail));
    SLW_TRY(change_roles(ceremony, model, keys, &change, detail));
    return slw_tuf_model_apply(model, &change, detail);
}

/* Those of its own root keys that sign here must be enough. */
static enum slw_status check_enough(const struct slw_ceremony *ceremony,
                                    const struct slw_tuf_model *model, struct slw_detail *detail)
{
    struct slw_tuf_listed_role root;
    char id[SLW_TUF_KEY_ID_SIZE];
    uint32_t signing = 0;
    slw_tuf_model_role(model, SLW_TUF_ROOT, &root);
    for (size_t i = 0; i < ceremony->steps_count; i++) {
        const struct slw_ceremony_step *step = &ceremony->steps[i];
        if (step->kind == SLW_CEREMONY_SIGN) {
            signing += find_signer(model,
                                   step->is_former ? &ceremony->plan.signers[step->signer].key
                                                   : &ceremony->new_keys[step->new_key],
                                   id) == SLW_OK;
        }
    }
    return signing < root.threshold
               ? slw_explain(detail, SLW_BAD_THRESHOLD,
                             "new root: %u of its root keys sign, and it wants %u", signing,
                             root.threshold)
               : SLW_OK;
}

static enum slw_status make(const struct slw_ceremony *ceremony, struct slw_heap_buffer *ret_made,
                            struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    struct slw_heap_buffer made = {0};
    struct role_keys *keys = calloc(SLW_TUF_TYPES, sizeof *keys);
    enum slw_status status =
        keys == NULL ? slw_explain_no_memory(detail) : load_former(ceremony, &model, detail);
    if (status == SLW_OK) {
        status = apply(ceremony, model, keys, detail);
    }
    if (status == SLW_OK) {
        status = check_enough(ceremony, model, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_model_encode(model, &made, detail);
    }
    if (status == SLW_OK) {
        *ret_made = made;
    } else {
        slw_heap_drop(&made);
    }
    slw_tuf_model_free(model);
    free(keys);
    return status;
}

static enum slw_status sign(const struct slw_ceremony *ceremony, const struct slw_private_key *key,
                            struct slw_heap_buffer *ret_hex, struct slw_detail *detail)
{
    return slw_tuf_sign(key, slw_heap_bytes(&ceremony->made), ret_hex, detail);
}

static enum slw_status verify(const struct slw_ceremony *ceremony, const struct slw_public_key *key,
                              struct slw_bytes hex)
{
    struct slw_tuf_key tuf_key = {.kind = key->type == SLW_KEY_TYPE_P256 ? SLW_TUF_KEY_P256
                                                                         : SLW_TUF_KEY_ED25519};
    memcpy(tuf_key.value, key->value, key->value_len);
    return slw_tuf_key_verify(&tuf_key, slw_heap_bytes(&ceremony->made), ceremony->made_sha256,
                              hex);
}

/* The id that a key signs under: as the former root lists it (NULL: there is none), or as we list
 * new ones. */
static enum slw_status choose_id(const struct slw_tuf_model *former,
                                 const struct slw_public_key *key,
                                 char ret_id[static SLW_TUF_KEY_ID_SIZE])
{
    return former != NULL && find_signer(former, key, ret_id) == SLW_OK
               ? SLW_OK
               : slw_tuf_public_key_id(key, ret_id);
}

static int compare_ids(const void *left, const void *right)
{
    const struct slw_tuf_signature *one = left;
    const struct slw_tuf_signature *other = right;
    return memcmp(one->key_id, other->key_id, sizeof one->key_id);
}

static enum slw_status assemble(const struct slw_ceremony *ceremony,
                                struct slw_heap_buffer *ret_file, struct slw_detail *detail)
{
    struct slw_tuf_signature list[2 * SLW_CEREMONY_KEYS_MAX];
    struct slw_tuf_model *former = NULL;
    if (ceremony->plan.has_former) {
        SLW_TRY(load_former(ceremony, &former, detail));
    }
    enum slw_status status = SLW_OK;
    for (size_t i = 0; status == SLW_OK && i < ceremony->signatures_count; i++) {
        const struct slw_ceremony_signature *entry = &ceremony->signatures[i];
        list[i].sig_hex = slw_bytes_make(entry->hex, strlen(entry->hex));
        status = choose_id(former, &entry->key, list[i].key_id);
    }
    slw_tuf_model_free(former);
    SLW_TRY(status);
    qsort(list, ceremony->signatures_count, sizeof list[0], compare_ids);
    return slw_tuf_file_format(slw_heap_bytes(&ceremony->made), list, ceremony->signatures_count,
                               ret_file, detail);
}

static void describe_role(const struct slw_ceremony *ceremony, const struct slw_tuf_model *model,
                          unsigned role, struct slw_heap_buffer *text)
{
    struct slw_tuf_listed_role listed;
    struct slw_detail detail;
    slw_tuf_model_role(model, role, &listed);
    slw_heap_printf(text, "  role %s: %u of these must sign\n", slw_role_name((enum slw_role)role),
                    listed.threshold);
    for (size_t i = 0; i < listed.keys_count; i++) {
        struct slw_bytes id = slw_tuf_model_role_key_id(model, role, i);
        struct slw_public_key public_key;
        struct slw_tuf_key key;
        slw_heap_append_text(text, "    ");
        slw_escape(id, text);
        if (slw_tuf_model_key(model, id, &key, &detail) == SLW_OK &&
            slw_tuf_key_public(&key, &public_key)) {
            slw_ceremony_describe_holder(ceremony, &public_key, text);
        }
        slw_heap_append_text(text, "\n");
    }
}

static void describe(const struct slw_ceremony *ceremony, struct slw_heap_buffer *text)
{
    char expires[SLW_TIME_TEXT_SIZE];
    struct slw_detail detail;
    struct slw_tuf_model *model = NULL;
    struct slw_heap_buffer file = {0};
    if (slw_tuf_file_format(slw_heap_bytes(&ceremony->made), NULL, 0, &file, &detail) == SLW_OK &&
        load(slw_heap_bytes(&file), "new root", &model, &detail) == SLW_OK) {
        slw_heap_printf(text, "a root of a TUF repository, version %lld, expires %s\n",
                        (long long)slw_tuf_model_version(model),
                        slw_time_format(slw_tuf_model_expires(model), expires));
        for (unsigned role = 0; role < SLW_TUF_TYPES; role++) {
            describe_role(ceremony, model, role, text);
        }
    }
    slw_tuf_model_free(model);
    slw_heap_drop(&file);
}

const struct slw_ceremony_maker slw_ceremony_repository_maker = {
    .make = make,
    .check_former = check_former,
    .sign = sign,
    .verify = verify,
    .assemble = assemble,
    .describe = describe,
};
