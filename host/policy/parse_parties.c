/* SPDX-License-Identifier: Apache-2.0 */
/* Who a policy knows: administrators, people, machines, witnesses, and the service's own keys. */
#include "read.h"

#include <stdio.h>

static enum slw_status add_key(const struct slw_policy_reader *reader, uint32_t value,
                               struct slw_policy_party *party)
{
    struct slw_bytes text = slw_json_string(&reader->policy->json, value);
    struct slw_detail why = {""};
    struct slw_statement_key *keys =
        slw_heap_grow(party->keys, party->keys_count, sizeof *party->keys);
    if (keys == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    party->keys = keys;
    if (slw_json_kind(&reader->policy->json, value) != SLW_JSON_STRING) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED, "must be a string");
    }
    enum slw_status status =
        slw_statement_key_parse("key", text, &party->keys[party->keys_count], &why);
    if (status != SLW_OK) {
        return slw_policy_refuse(reader, value, status, why.text);
    }
    party->keys_count++;
    return SLW_OK;
}

/* "OpenSSH signatures count for approvals only." */
static enum slw_status require_public(const struct slw_policy_reader *reader, uint32_t value,
                                      const struct slw_statement_key *key)
{
    if (key->kind == SLW_STATEMENT_KEY_PUBLIC) {
        return SLW_OK;
    }
    return slw_policy_refuse(reader, value, SLW_BAD_KEY,
                             "is an OpenSSH key, whose signatures count for approvals only");
}

static struct slw_policy_party *add_party(const struct slw_policy_reader *reader,
                                          struct slw_policy_parties *parties, struct slw_bytes name)
{
    struct slw_policy_party *items =
        slw_heap_grow(parties->items, parties->count, sizeof *parties->items);
    if (items == NULL) {
        (void)slw_explain_no_memory(reader->detail);
        return NULL;
    }
    parties->items = items;
    struct slw_policy_party *party = &parties->items[parties->count++];
    party->name = name;
    return party;
}

/* A name is a member's, so that its value stands for it in refusals. */
static enum slw_status check_name(const struct slw_policy_reader *reader, uint32_t value,
                                  struct slw_bytes name)
{
    if (slw_policy_name_is_good(name)) {
        return SLW_OK;
    }
    return slw_policy_refuse(reader, value, SLW_MALFORMED,
                             "must have a name of 1 to 64 letters, digits and . _ @ + -, of which "
                             "a letter or digit is first");
}

static enum slw_status read_party(const struct slw_policy_reader *reader, uint32_t value,
                                  bool may_have_openssh, struct slw_policy_party *party)
{
    static const struct slw_policy_member members[] = {{"keys", SLW_JSON_ARRAY, true}};
    uint32_t keys = SLW_JSON_NONE;
    uint32_t element = SLW_JSON_NONE;
    SLW_TRY(slw_policy_members(reader, value, members, 1, &keys));
    SLW_TRY(slw_policy_count(reader, keys, 0, SLW_POLICY_PARTY_KEYS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, keys);
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(add_key(reader, element, party));
        if (!may_have_openssh) {
            SLW_TRY(require_public(reader, element, &party->keys[party->keys_count - 1]));
        }
    }
    return SLW_OK;
}

static enum slw_status read_parties(const struct slw_policy_reader *reader, uint32_t value,
                                    bool may_have_openssh, struct slw_policy_parties *parties)
{
    struct slw_bytes name;
    uint32_t member = SLW_JSON_NONE;
    SLW_TRY(slw_policy_count(reader, value, 0, SLW_POLICY_PARTIES_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_member(&walk, &name, &member)) {
        SLW_TRY(check_name(reader, member, name));
        struct slw_policy_party *party = add_party(reader, parties, name);
        if (party == NULL) {
            return SLW_NO_SPACE;
        }
        SLW_TRY(read_party(reader, member, may_have_openssh, party));
    }
    return SLW_OK;
}

enum slw_status slw_policy_read_people(const struct slw_policy_reader *reader, uint32_t value)
{
    return read_parties(reader, value, true, &reader->policy->people);
}

enum slw_status slw_policy_read_machines(const struct slw_policy_reader *reader, uint32_t value)
{
    return read_parties(reader, value, false, &reader->policy->machines);
}

static enum slw_status read_administrator_keys(const struct slw_policy_reader *reader,
                                               uint32_t value)
{
    struct slw_policy_parties *administrators = &reader->policy->administrators;
    struct slw_bytes name;
    uint32_t member = SLW_JSON_NONE;
    SLW_TRY(slw_policy_count(reader, value, 1, SLW_POLICY_ADMINISTRATORS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_member(&walk, &name, &member)) {
        SLW_TRY(check_name(reader, member, name));
        struct slw_policy_party *party = add_party(reader, administrators, name);
        if (party == NULL) {
            return SLW_NO_SPACE;
        }
        SLW_TRY(add_key(reader, member, party));
        SLW_TRY(require_public(reader, member, &party->keys[0]));
    }
    return SLW_OK;
}

enum slw_status slw_policy_read_administrators(const struct slw_policy_reader *reader,
                                               uint32_t value)
{
    static const struct slw_policy_member members[] = {{"threshold", SLW_JSON_INTEGER, true},
                                                       {"keys", SLW_JSON_OBJECT, true}};
    uint32_t values[2];
    int64_t threshold = 0;
    SLW_TRY(slw_policy_members(reader, value, members, 2, values));
    SLW_TRY(slw_policy_number(reader, values[0], 1, SLW_POLICY_ADMINISTRATORS_MAX, &threshold));
    SLW_TRY(read_administrator_keys(reader, values[1]));
    if ((size_t)threshold > reader->policy->administrators.count) {
        return slw_policy_refuse(reader, values[0], SLW_BAD_THRESHOLD,
                                 "is more than there are administrators");
    }
    reader->policy->administrators_threshold = (uint32_t)threshold;
    return SLW_OK;
}

static enum slw_status check_url(const struct slw_policy_reader *reader, uint32_t value,
                                 struct slw_bytes *ret_url)
{
    SLW_TRY(slw_policy_text(reader, value, SLW_POLICY_TEXT_SIZE_MAX, ret_url));
    struct slw_bytes https = SLW_BYTES_OF("https://");
    struct slw_bytes http = SLW_BYTES_OF("http://");
    bool is_url = (ret_url->len > https.len && memcmp(ret_url->ptr, https.ptr, https.len) == 0) ||
                  (ret_url->len > http.len && memcmp(ret_url->ptr, http.ptr, http.len) == 0);
    return is_url ? SLW_OK
                  : slw_policy_refuse(reader, value, SLW_MALFORMED,
                                      "must be an https:// or http:// address");
}

static enum slw_status read_witness(const struct slw_policy_reader *reader, uint32_t value)
{
    static const struct slw_policy_member members[] = {{"name", SLW_JSON_STRING, true},
                                                       {"key", SLW_JSON_STRING, true},
                                                       {"url", SLW_JSON_STRING, true}};
    struct slw_policy *policy = reader->policy;
    struct slw_policy_witness witness = {0};
    struct slw_detail why = {""};
    uint32_t values[3];
    SLW_TRY(slw_policy_members(reader, value, members, 3, values));
    struct slw_bytes name = slw_json_string(&policy->json, values[0]);
    enum slw_status status = slw_note_key_parse(
        "witness", slw_json_string(&policy->json, values[1]), &witness.key, &why);
    if (status != SLW_OK) {
        return slw_policy_refuse(reader, values[1], status, why.text);
    }
    if (!slw_bytes_equal(name, slw_bytes_make(witness.key.name, strlen(witness.key.name)))) {
        return slw_policy_refuse(reader, values[0], SLW_MALFORMED, "isn't the name of the key");
    }
    if (witness.key.type != SLW_NOTE_COSIGNATURE) {
        return slw_policy_refuse(reader, values[1], SLW_BAD_KEY, "isn't a key for cosignatures");
    }
    SLW_TRY(check_url(reader, values[2], &witness.url));
    struct slw_policy_witness *witnesses =
        slw_heap_grow(policy->witnesses, policy->witnesses_count, sizeof *witnesses);
    if (witnesses == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    policy->witnesses = witnesses;
    policy->witnesses[policy->witnesses_count++] = witness;
    return SLW_OK;
}

enum slw_status slw_policy_read_witnesses(const struct slw_policy_reader *reader, uint32_t value)
{
    static const struct slw_policy_member members[] = {{"quorum", SLW_JSON_INTEGER, true},
                                                       {"list", SLW_JSON_ARRAY, true}};
    uint32_t values[2];
    uint32_t element = SLW_JSON_NONE;
    int64_t quorum = 0;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_members(reader, value, members, 2, values));
    SLW_TRY(slw_policy_number(reader, values[0], 1, SLW_POLICY_WITNESSES_MAX, &quorum));
    SLW_TRY(slw_policy_count(reader, values[1], 1, SLW_POLICY_WITNESSES_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, values[1]);
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(read_witness(reader, element));
    }
    if ((size_t)quorum > reader->policy->witnesses_count) {
        return slw_policy_refuse(reader, values[0], SLW_BAD_THRESHOLD,
                                 "is more than there are witnesses");
    }
    reader->policy->witnesses_quorum = (uint32_t)quorum;
    return SLW_OK;
}

static enum slw_status read_signing_key(const struct slw_policy_reader *reader, uint32_t value,
                                        struct slw_policy_signing_key *key)
{
    static const struct slw_policy_member members[] = {{"key", SLW_JSON_STRING, true},
                                                       {"class", SLW_JSON_STRING, true},
                                                       {"use", SLW_JSON_STRING, true},
                                                       {"product", SLW_JSON_STRING, true}};
    const struct slw_json_document *json = &reader->policy->json;
    struct slw_detail why = {""};
    uint32_t values[4];
    SLW_TRY(slw_policy_members(reader, value, members, 4, values));
    enum slw_status status =
        slw_statement_key_parse("key", slw_json_string(json, values[0]), &key->key, &why);
    if (status != SLW_OK) {
        return slw_policy_refuse(reader, values[0], status, why.text);
    }
    SLW_TRY(require_public(reader, values[0], &key->key));
    if (!slw_policy_class_of(slw_json_string(json, values[1]), &key->key_class)) {
        return slw_policy_refuse(reader, values[1], SLW_MALFORMED, "must be dev, test or prod");
    }
    if (!slw_policy_use_of(slw_json_string(json, values[2]), &key->use)) {
        return slw_policy_refuse(reader, values[2], SLW_MALFORMED, "must be targets, root or role");
    }
    return slw_policy_name(reader, values[3], &key->product);
}

enum slw_status slw_policy_read_keys(const struct slw_policy_reader *reader, uint32_t value)
{
    struct slw_policy *policy = reader->policy;
    struct slw_bytes name;
    uint32_t member = SLW_JSON_NONE;
    SLW_TRY(slw_policy_count(reader, value, 0, SLW_POLICY_KEYS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&policy->json, value);
    while (slw_json_walk_member(&walk, &name, &member)) {
        struct slw_policy_signing_key *keys =
            slw_heap_grow(policy->keys, policy->keys_count, sizeof *keys);
        if (keys == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        policy->keys = keys;
        SLW_TRY(check_name(reader, member, name));
        policy->keys[policy->keys_count].name = name;
        SLW_TRY(read_signing_key(reader, member, &policy->keys[policy->keys_count]));
        policy->keys_count++;
    }
    return SLW_OK;
}
