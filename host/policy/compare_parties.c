/* SPDX-License-Identifier: Apache-2.0 */
/* What changes in who is known: by name and key id, for a key in another hand is a new one, and so
 * is one that is written otherwise. */
#include "comparing.h"
#include "read.h"

static bool has_key(const struct slw_policy_party *party, const struct slw_statement_key *key)
{
    for (size_t i = 0; party != NULL && i < party->keys_count; i++) {
        if (party->keys[i].kind == key->kind &&
            memcmp(party->keys[i].id, key->id, sizeof key->id) == 0) {
            return true;
        }
    }
    return false;
}

static const struct slw_policy_party *find(const struct slw_policy_parties *parties,
                                           struct slw_bytes name)
{
    size_t index = slw_policy_party_named(parties, name);
    return index == SIZE_MAX ? NULL : &parties->items[index];
}

/* Keys of what that former doesn't have: they loosen when what is the next policy's. */
static void tell_keys(struct slw_policy_comparing *comparing, bool loosens, const char *what,
                      const struct slw_policy_parties *parties,
                      const struct slw_policy_parties *others)
{
    for (size_t i = 0; i < parties->count; i++) {
        const struct slw_policy_party *party = &parties->items[i];
        for (size_t k = 0; k < party->keys_count; k++) {
            const struct slw_statement_key *key = &party->keys[k];
            if (!has_key(find(others, party->name), key)) {
                slw_policy_change(comparing, loosens, "%s %.*s: key %02x%02x%02x%02x… %s", what,
                                  SLW_POLICY_SHOW(party->name), key->id[0], key->id[1], key->id[2],
                                  key->id[3], loosens ? "joins" : "goes");
            }
        }
    }
}

static void compare_keys_of(struct slw_policy_comparing *comparing, const char *what,
                            const struct slw_policy_parties *former,
                            const struct slw_policy_parties *next)
{
    tell_keys(comparing, true, what, next, former);
    tell_keys(comparing, false, what, former, next);
}

static void compare_number(struct slw_policy_comparing *comparing, const char *what,
                           uint32_t former, uint32_t next)
{
    if (former != next) {
        slw_policy_change(comparing, next < former, "%s: from %u to %u", what, former, next);
    }
}

static bool has_witness(const struct slw_policy *policy, const struct slw_policy_witness *witness)
{
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        const struct slw_policy_witness *other = &policy->witnesses[i];
        if (strcmp(other->key.name, witness->key.name) == 0 &&
            memcmp(other->key.value, witness->key.value, sizeof other->key.value) == 0 &&
            slw_bytes_equal(other->url, witness->url)) {
            return true;
        }
    }
    return false;
}

/* Where nobody was asked before, asking somebody is tighter. Another address may be of somebody who
 * says less. */
static void compare_witnesses(struct slw_policy_comparing *comparing)
{
    const struct slw_policy *former = comparing->former;
    const struct slw_policy *next = comparing->next;
    compare_number(comparing, "witnesses: quorum", former->witnesses_quorum,
                   next->witnesses_quorum);
    for (size_t i = 0; i < next->witnesses_count; i++) {
        if (!has_witness(former, &next->witnesses[i])) {
            slw_policy_change(comparing, former->witnesses_quorum > 0,
                              "witness %s joins, or has another key or address",
                              next->witnesses[i].key.name);
        }
    }
    for (size_t i = 0; i < former->witnesses_count; i++) {
        if (!has_witness(next, &former->witnesses[i])) {
            slw_policy_change(comparing, false, "witness %s goes, as it was",
                              former->witnesses[i].key.name);
        }
    }
}

static bool has_signing_key(const struct slw_policy *policy,
                            const struct slw_policy_signing_key *key)
{
    const struct slw_policy_signing_key *other = slw_policy_signing_key(policy, key->name);
    return other != NULL && memcmp(other->key.id, key->key.id, sizeof key->key.id) == 0 &&
           other->key_class == key->key_class && other->use == key->use &&
           slw_bytes_equal(other->product, key->product);
}

static void compare_signing_keys(struct slw_policy_comparing *comparing)
{
    for (size_t i = 0; i < comparing->next->keys_count; i++) {
        const struct slw_policy_signing_key *key = &comparing->next->keys[i];
        if (!has_signing_key(comparing->former, key)) {
            slw_policy_change(comparing, true,
                              "signing key %.*s joins, or is another, or for something else",
                              SLW_POLICY_SHOW(key->name));
        }
    }
    for (size_t i = 0; i < comparing->former->keys_count; i++) {
        const struct slw_policy_signing_key *key = &comparing->former->keys[i];
        if (!has_signing_key(comparing->next, key)) {
            slw_policy_change(comparing, false, "signing key %.*s goes, as it was",
                              SLW_POLICY_SHOW(key->name));
        }
    }
}

void slw_policy_compare_parties(struct slw_policy_comparing *comparing)
{
    const struct slw_policy *former = comparing->former;
    const struct slw_policy *next = comparing->next;
    compare_number(comparing, "administrators: threshold", former->administrators_threshold,
                   next->administrators_threshold);
    compare_keys_of(comparing, "administrator", &former->administrators, &next->administrators);
    compare_keys_of(comparing, "person", &former->people, &next->people);
    compare_keys_of(comparing, "machine", &former->machines, &next->machines);
    compare_witnesses(comparing);
    compare_number(comparing, "loosening_delay_s", former->loosening_delay_s,
                   next->loosening_delay_s);
    compare_signing_keys(comparing);
}
