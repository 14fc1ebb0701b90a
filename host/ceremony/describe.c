/* SPDX-License-Identifier: Apache-2.0 */
/* A ceremony in words, for whoever is about to sign. Called by `slipway ceremony`. */
#include "internal.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

static void append_name(const struct slw_ceremony *ceremony, size_t person,
                        struct slw_heap_buffer *text)
{
    slw_escape(ceremony->plan.people[person].name, text);
}

void slw_ceremony_describe_holder(const struct slw_ceremony *ceremony,
                                  const struct slw_public_key *key, struct slw_heap_buffer *text)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    for (size_t i = 0; i < ceremony->new_keys_count; i++) {
        if (slw_ceremony_same_key(&ceremony->new_keys[i], key)) {
            slw_heap_append_text(text, ", new, of ");
            append_name(ceremony, plan->new_keys[i].person, text);
            return;
        }
    }
    for (size_t i = 0; i < plan->signers_count; i++) {
        if (slw_ceremony_same_key(&plan->signers[i].key, key)) {
            slw_heap_append_text(text, ", as before, of ");
            append_name(ceremony, plan->signers[i].person, text);
            return;
        }
    }
    slw_heap_append_text(text, ", as before");
}

static void describe_people(const struct slw_ceremony *ceremony, struct slw_heap_buffer *text)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    slw_heap_append_text(text, "people, and the keys that sign their entries:\n");
    for (size_t i = 0; i < plan->people_count; i++) {
        slw_heap_append_text(text, "  ");
        append_name(ceremony, i, text);
        slw_heap_append_text(text, "  ");
        slw_hex(slw_bytes_make(plan->people[i].key.id, SLW_SHA256_SIZE), text);
        slw_heap_append_text(text, "\n");
    }
}

static void describe_keys(const struct slw_ceremony *ceremony, struct slw_heap_buffer *text)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    for (size_t i = 0; i < plan->new_keys_count; i++) {
        slw_heap_printf(text, "new key for the role %s, brought by ",
                        slw_role_name(plan->new_keys[i].role));
        append_name(ceremony, plan->new_keys[i].person, text);
        slw_heap_append_text(text, "\n");
    }
    for (size_t i = 0; i < plan->removals_count; i++) {
        slw_heap_printf(text, "removed from the role %s: key %s\n",
                        slw_role_name(plan->removals[i].role), plan->removals[i].key_id);
    }
    for (size_t i = 0; i < plan->signers_count; i++) {
        slw_heap_append_text(text, "signs for the former root: ");
        append_name(ceremony, plan->signers[i].person, text);
        slw_heap_append_text(text, ", key ");
        slw_hex(slw_bytes_make(plan->signers[i].key.id, SLW_SHA256_SIZE), text);
        slw_heap_append_text(text, "\n");
    }
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        if (plan->thresholds[role] != 0) {
            slw_heap_printf(text, "threshold of the role %s: %u\n",
                            slw_role_name((enum slw_role)role), plan->thresholds[role]);
        }
    }
}

static void describe_plan(const struct slw_ceremony *ceremony, struct slw_heap_buffer *text)
{
    static const char *const kinds[] = {
        "a first root", "the next root, with other keys",
        "the next root, because keys are in wrong hands",
        "a root that nothing vouches for, since too few keys are left"};
    static const char *const classes[] = {"", ", for dev keys", ", for test keys",
                                          ", for production keys"};
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    char time[SLW_TIME_TEXT_SIZE];
    slw_heap_append_text(text, "the plan of the ceremony ");
    slw_quote(plan->name, text);
    slw_heap_printf(text, ": %s, %s%s\n", kinds[plan->kind],
                    plan->format == SLW_CEREMONY_BUNDLE ? "of bundles" : "of a TUF repository",
                    classes[plan->key_class]);
    slw_heap_printf(text, "made %s\n", slw_time_format(plan->created_utc_s, time));
    if (plan->reason.len != 0) {
        slw_heap_append_text(text, "reason: ");
        slw_escape(plan->reason, text);
        slw_heap_append_text(text, "\n");
    }
    if (plan->has_expires) {
        slw_heap_printf(text, "the root expires %s\n", slw_time_format(plan->expires_utc_s, time));
    }
    if (plan->has_former) {
        slw_heap_append_text(text, "the former root's file has the SHA-256 ");
        slw_hex(slw_bytes_make(plan->former_sha256, SLW_SHA256_SIZE), text);
        slw_heap_append_text(text, "\n");
    }
    describe_people(ceremony, text);
    describe_keys(ceremony, text);
}

static void describe_signing(const struct slw_ceremony *ceremony,
                             const struct slw_ceremony_step *step, struct slw_heap_buffer *text)
{
    const struct slw_public_key *key = step->is_former ? &ceremony->plan.signers[step->signer].key
                                                       : &ceremony->new_keys[step->new_key];
    slw_heap_printf(text, "signs, with the %s root key ", step->is_former ? "former" : "new");
    slw_hex(slw_bytes_make(key->id, sizeof key->id), text);
    slw_heap_append_text(text, ":\n");
    slw_ceremony_maker(ceremony)->describe(ceremony, text);
    slw_heap_append_text(text, "SHA-256 of what is signed: ");
    slw_hex(slw_bytes_make(ceremony->made_sha256, SLW_SHA256_SIZE), text);
    slw_heap_append_text(text, "\n");
}

void slw_ceremony_describe_next(const struct slw_ceremony *ceremony,
                                struct slw_heap_buffer *ret_text)
{
    if (ceremony->done == ceremony->steps_count) {
        slw_heap_append_text(ret_text, "all steps are done\n");
        return;
    }
    const struct slw_ceremony_step *step = &ceremony->steps[ceremony->done];
    slw_heap_printf(ret_text, "step %zu of %zu: ", ceremony->done + 1, ceremony->steps_count);
    append_name(ceremony, step->person, ret_text);
    slw_heap_append_text(ret_text, " ");
    switch (step->kind) {
    case SLW_CEREMONY_ACCEPT:
        slw_heap_append_text(ret_text, "agrees to ");
        describe_plan(ceremony, ret_text);
        slw_heap_append_text(ret_text, "SHA-256 of the plan: ");
        slw_hex(slw_bytes_make(ceremony->plan_sha256, SLW_SHA256_SIZE), ret_text);
        slw_heap_append_text(ret_text, "\n");
        return;
    case SLW_CEREMONY_KEY:
        slw_heap_printf(ret_text, "brings a new key for the role %s\n", slw_role_name(step->role));
        return;
    case SLW_CEREMONY_SIGN:
        describe_signing(ceremony, step, ret_text);
        return;
    case SLW_CEREMONY_FINISH:
        slw_heap_append_text(ret_text, "closes the ceremony, which made\n");
        slw_ceremony_maker(ceremony)->describe(ceremony, ret_text);
        return;
    }
}
