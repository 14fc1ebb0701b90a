/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of key ceremonies: reading them strictly, and writing them. Called by ceremony.c. */
#include "internal.h"

static const char *const kind_words[] = {"new-root", "rotation", "revocation", "recovery", NULL};
static const char *const format_words[] = {"bundle", "repository", NULL};
static const char *const class_words[] = {"none", "dev", "test", "prod", NULL};
static const char *const role_words[] = {"root", "timestamp", "snapshot", "targets", NULL};

const char *slw_ceremony_kind_name(enum slw_ceremony_kind kind)
{
    return kind_words[kind];
}

const char *slw_ceremony_format_name(enum slw_ceremony_format format)
{
    return format_words[format];
}

void slw_ceremony_hash(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

/* A public key, PEM: with line ends, so not a text of one line. */
static enum slw_status read_key(const struct slw_fields *fields, struct slw_public_key *ret_key)
{
    uint32_t value = SLW_JSON_NONE;
    struct slw_detail why;
    SLW_TRY(slw_fields_value(fields, "key", SLW_JSON_STRING, &value));
    return slw_public_key_parse("key", slw_json_string(fields->json, value), ret_key, &why) ==
                   SLW_OK
               ? SLW_OK
               : slw_fields_refuse(fields, value, "isn't a public key (P-256 or Ed25519, PEM)");
}

static enum slw_status read_role(const struct slw_fields *fields, enum slw_role *ret_role)
{
    size_t role = 0;
    SLW_TRY(slw_fields_word(fields, "role", role_words, &role));
    *ret_role = (enum slw_role)role;
    return SLW_OK;
}

/* A person by name: the place among the people. */
static enum slw_status read_person(const struct slw_fields *fields,
                                   const struct slw_ceremony_plan *plan, size_t *ret_person)
{
    struct slw_bytes name;
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_text(fields, "person", 1, SLW_CEREMONY_NAME_MAX, &name));
    for (size_t i = 0; i < plan->people_count; i++) {
        if (slw_bytes_equal(plan->people[i].name, name)) {
            *ret_person = i;
            return SLW_OK;
        }
    }
    SLW_TRY(slw_fields_value(fields, "person", SLW_JSON_STRING, &value));
    return slw_fields_refuse(fields, value, "doesn't take part");
}

static enum slw_status add_person(const struct slw_fields *fields, struct slw_ceremony_plan *plan)
{
    static const char *const members[] = {"name", "key", NULL};
    struct slw_ceremony_person person;
    SLW_TRY(slw_fields_only(fields, members));
    SLW_TRY(slw_fields_text(fields, "name", 1, SLW_CEREMONY_NAME_MAX, &person.name));
    SLW_TRY(read_key(fields, &person.key));
    for (size_t i = 0; i < plan->people_count; i++) {
        if (slw_bytes_equal(plan->people[i].name, person.name)) {
            return slw_fields_refuse(fields, fields->object, "has the name of another person");
        }
        if (slw_ceremony_same_key(&plan->people[i].key, &person.key)) {
            return slw_fields_refuse(fields, fields->object, "has the key of another person");
        }
    }
    plan->people[plan->people_count++] = person;
    return SLW_OK;
}

static enum slw_status add_new_key(const struct slw_fields *fields, struct slw_ceremony_plan *plan)
{
    static const char *const members[] = {"person", "role", NULL};
    struct slw_ceremony_new_key key;
    SLW_TRY(slw_fields_only(fields, members));
    SLW_TRY(read_person(fields, plan, &key.person));
    SLW_TRY(read_role(fields, &key.role));
    plan->new_keys[plan->new_keys_count++] = key;
    return SLW_OK;
}

static enum slw_status add_signer(const struct slw_fields *fields, struct slw_ceremony_plan *plan)
{
    static const char *const members[] = {"person", "key", NULL};
    struct slw_ceremony_signer signer;
    SLW_TRY(slw_fields_only(fields, members));
    SLW_TRY(read_person(fields, plan, &signer.person));
    SLW_TRY(read_key(fields, &signer.key));
    for (size_t i = 0; i < plan->signers_count; i++) {
        if (slw_ceremony_same_key(&plan->signers[i].key, &signer.key)) {
            return slw_fields_refuse(fields, fields->object, "has the key of another signer");
        }
    }
    plan->signers[plan->signers_count++] = signer;
    return SLW_OK;
}

static enum slw_status add_removal(const struct slw_fields *fields, struct slw_ceremony_plan *plan)
{
    static const char *const members[] = {"role", "key_id", NULL};
    struct slw_ceremony_removal removal = {.role = SLW_ROLE_ROOT};
    struct slw_bytes id;
    uint8_t digest[SLW_SHA256_SIZE];
    SLW_TRY(slw_fields_only(fields, members));
    SLW_TRY(read_role(fields, &removal.role));
    SLW_TRY(slw_fields_hex(fields, "key_id", digest, sizeof digest));
    SLW_TRY(
        slw_fields_text(fields, "key_id", SLW_CEREMONY_KEY_ID_SIZE, SLW_CEREMONY_KEY_ID_SIZE, &id));
    memcpy(removal.key_id, id.ptr, SLW_CEREMONY_KEY_ID_SIZE);
    plan->removals[plan->removals_count++] = removal;
    return SLW_OK;
}

/* An array of objects, each read by add. */
static enum slw_status read_list(const struct slw_fields *fields, const char *name, size_t max,
                                 enum slw_status (*add)(const struct slw_fields *fields,
                                                        struct slw_ceremony_plan *plan),
                                 struct slw_ceremony_plan *plan)
{
    uint32_t array = SLW_JSON_NONE;
    uint32_t element = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(fields, name, SLW_JSON_ARRAY, &array));
    if (slw_json_count(fields->json, array) > max) {
        return slw_fields_refuse(fields, array, "has too many entries");
    }
    struct slw_json_walk walk = slw_json_walk_begin(fields->json, array);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_fields inner = {fields->json, element, fields->detail};
        SLW_TRY(add(&inner, plan));
    }
    return SLW_OK;
}

static enum slw_status read_thresholds(const struct slw_fields *fields,
                                       struct slw_ceremony_plan *plan)
{
    uint32_t object = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(fields, "thresholds", SLW_JSON_OBJECT, &object));
    struct slw_fields inner = {fields->json, object, fields->detail};
    SLW_TRY(slw_fields_only(&inner, role_words));
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        uint32_t value = SLW_JSON_NONE;
        uint64_t threshold = 0;
        SLW_TRY(slw_fields_optional(&inner, role_words[role], SLW_JSON_INTEGER, &value));
        if (value != SLW_JSON_NONE) {
            SLW_TRY(
                slw_fields_uint(&inner, role_words[role], 1, SLW_CEREMONY_KEYS_MAX, &threshold));
        }
        plan->thresholds[role] = (uint32_t)threshold;
    }
    return SLW_OK;
}

static enum slw_status read_head(const struct slw_fields *fields, struct slw_ceremony_plan *plan)
{
    size_t word = 0;
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_text(fields, "ceremony", 1, SLW_CEREMONY_NAME_MAX, &plan->name));
    SLW_TRY(slw_fields_word(fields, "kind", kind_words, &word));
    plan->kind = (enum slw_ceremony_kind)word;
    SLW_TRY(slw_fields_word(fields, "format", format_words, &word));
    plan->format = (enum slw_ceremony_format)word;
    SLW_TRY(slw_fields_optional_text(fields, "reason", SLW_CEREMONY_TEXT_MAX, &plan->reason));
    SLW_TRY(slw_fields_time(fields, "created", &plan->created_utc_s));
    SLW_TRY(slw_fields_hex(fields, "nonce", plan->nonce, sizeof plan->nonce));
    SLW_TRY(slw_fields_word(fields, "key_class", class_words, &word));
    plan->key_class = (enum slw_key_class)word;
    SLW_TRY(slw_fields_optional(fields, "expires", SLW_JSON_STRING, &value));
    if (value != SLW_JSON_NONE) {
        SLW_TRY(slw_fields_time(fields, "expires", &plan->expires_utc_s));
        plan->has_expires = true;
    }
    SLW_TRY(slw_fields_optional(fields, "former_sha256", SLW_JSON_STRING, &value));
    if (value != SLW_JSON_NONE) {
        SLW_TRY(slw_fields_hex(fields, "former_sha256", plan->former_sha256, SLW_SHA256_SIZE));
        plan->has_former = true;
    }
    return read_thresholds(fields, plan);
}

/* A key that signs entries is shown to many machines and asked often; one of the root isn't. */
static bool is_of_people(const struct slw_ceremony_plan *plan, const struct slw_public_key *key)
{
    for (size_t i = 0; i < plan->people_count; i++) {
        if (slw_ceremony_same_key(&plan->people[i].key, key)) {
            return true;
        }
    }
    return false;
}

static enum slw_status check_kind(const struct slw_fields *fields,
                                  const struct slw_ceremony_plan *plan)
{
    bool is_first = plan->kind == SLW_CEREMONY_NEW_ROOT;
    bool is_urgent = plan->kind == SLW_CEREMONY_REVOCATION || plan->kind == SLW_CEREMONY_RECOVERY;
    if (plan->has_former == is_first) {
        return slw_fields_refuse(fields, fields->object,
                                 is_first ? "is for a first root, and names a former one"
                                          : "names no former root");
    }
    if (is_urgent && plan->reason.len == 0) {
        return slw_fields_refuse(fields, fields->object, "gives no reason");
    }
    if (plan->kind == SLW_CEREMONY_REVOCATION && plan->removals_count == 0) {
        return slw_fields_refuse(fields, fields->object, "revokes nothing");
    }
    if (!slw_ceremony_follows(plan) && plan->signers_count + plan->removals_count != 0) {
        return slw_fields_refuse(fields, fields->object,
                                 "has keys of a former root, which doesn't vouch for this one");
    }
    if (slw_ceremony_follows(plan) && plan->signers_count == 0) {
        return slw_fields_refuse(fields, fields->object,
                                 "has nobody who signs for the former root");
    }
    return SLW_OK;
}

static enum slw_status check_format(const struct slw_fields *fields,
                                    const struct slw_ceremony_plan *plan)
{
    bool is_bundle = plan->format == SLW_CEREMONY_BUNDLE;
    for (size_t i = 0; i < plan->new_keys_count; i++) {
        enum slw_role role = plan->new_keys[i].role;
        if (is_bundle && role != SLW_ROLE_ROOT && role != SLW_ROLE_TARGETS) {
            return slw_fields_refuse(fields, fields->object,
                                     "has a key for a role that a bundle's root doesn't have");
        }
    }
    if (!is_bundle && plan->key_class != SLW_KEY_CLASS_NONE) {
        return slw_fields_refuse(fields, fields->object,
                                 "has a class of keys, which a repository's root doesn't");
    }
    if (!is_bundle && !plan->has_expires) {
        return slw_fields_refuse(fields, fields->object,
                                 "lets a repository's root never expire, which none can");
    }
    return SLW_OK;
}

/* A root that follows no other gets all its keys here. */
static enum slw_status check_roles(const struct slw_fields *fields,
                                   const struct slw_ceremony_plan *plan)
{
    bool is_bundle = plan->format == SLW_CEREMONY_BUNDLE;
    for (unsigned role = 0; role < SLW_ROLES_COUNT && !slw_ceremony_follows(plan); role++) {
        size_t keys = 0;
        for (size_t i = 0; i < plan->new_keys_count; i++) {
            keys += plan->new_keys[i].role == (enum slw_role)role ? 1 : 0;
        }
        bool is_needed = !is_bundle || role == SLW_ROLE_ROOT || role == SLW_ROLE_TARGETS;
        if (is_needed && (plan->thresholds[role] == 0 || plan->thresholds[role] > keys)) {
            return slw_fields_refuse(fields, fields->object,
                                     "has a role whose threshold its new keys can't reach");
        }
    }
    return SLW_OK;
}

static enum slw_status check_plan(const struct slw_fields *fields,
                                  const struct slw_ceremony_plan *plan)
{
    if (plan->people_count == 0) {
        return slw_fields_refuse(fields, fields->object, "has nobody who takes part");
    }
    for (size_t i = 0; i < plan->signers_count; i++) {
        if (is_of_people(plan, &plan->signers[i].key)) {
            return slw_fields_refuse(fields, fields->object,
                                     "has one key for entries and for the root");
        }
    }
    SLW_TRY(check_kind(fields, plan));
    SLW_TRY(check_format(fields, plan));
    return check_roles(fields, plan);
}

enum slw_status slw_ceremony_plan_read(const struct slw_json_document *json,
                                       struct slw_ceremony_plan *ret_plan,
                                       struct slw_detail *detail)
{
    static const char *const members[] = {"ceremony",   "kind",          "format",    "reason",
                                          "created",    "nonce",         "key_class", "expires",
                                          "thresholds", "former_sha256", "people",    "new_keys",
                                          "signers",    "removals",      NULL};
    struct slw_fields fields = {json, SLW_JSON_TOP, detail};
    *ret_plan = (struct slw_ceremony_plan){0};
    SLW_TRY(slw_fields_only(&fields, members));
    SLW_TRY(read_head(&fields, ret_plan));
    SLW_TRY(read_list(&fields, "people", SLW_CEREMONY_PEOPLE_MAX, add_person, ret_plan));
    SLW_TRY(read_list(&fields, "new_keys", SLW_CEREMONY_KEYS_MAX, add_new_key, ret_plan));
    SLW_TRY(read_list(&fields, "signers", SLW_CEREMONY_KEYS_MAX, add_signer, ret_plan));
    SLW_TRY(read_list(&fields, "removals", SLW_CEREMONY_KEYS_MAX, add_removal, ret_plan));
    return check_plan(&fields, ret_plan);
}
