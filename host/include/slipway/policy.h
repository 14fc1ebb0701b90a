/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signing policy: who may have what signed by which key, and what must be shown for it
 * (spec/SIGNING.md, section 4). The key process holds the one in force, `slipway sign policy` tells
 * people what theirs means, and a judge gets its rules on content from here.
 *
 *     struct slw_policy *policy;
 *     SLW_TRY(slw_policy_open(envelope, origin, former, &policy, detail));
 *     const struct slw_policy_party *party = slw_policy_party_of_key(policy, key_id, &key);
 *     ...
 *     slw_policy_free(policy);
 *
 * What follows from it is in slipway/policy_decide.h, and what changes from one to the next in
 * slipway/policy_compare.h.
 *
 * Reading is strict: unknown members, wrong types, numbers out of range, names that refer to
 * nothing, one key in two hands, a threshold that can't be reached, and two rules that could both
 * be meant are refused with their place. All strings are compared byte by byte, and what is
 * compared with them stays in fields of its own: nothing is ever joined, folded or trimmed. Names
 * in a policy are of a small alphabet, so that no two of them look alike but aren't.
 *
 * A policy never changes once it is read; threads may share it.
 */
#ifndef SLIPWAY_POLICY_H
#define SLIPWAY_POLICY_H

#include "slipway/content_rules.h"
#include "slipway/dsse.h"
#include "slipway/json_reader.h"
#include "slipway/note.h"
#include "slipway/statement_key.h"

#define SLW_POLICY_SIZE_MAX 524288u /* of its text */
#define SLW_POLICY_ADMINISTRATORS_MAX 16u
#define SLW_POLICY_PARTIES_MAX 256u /* people, and as many machines */
#define SLW_POLICY_PARTY_KEYS_MAX 16u
#define SLW_POLICY_WITNESSES_MAX 16u
#define SLW_POLICY_KEYS_MAX 256u  /* that the service signs with */
#define SLW_POLICY_RULES_MAX 256u /* one for each product, class, use, and channels */
#define SLW_POLICY_LIST_MAX 64u   /* names in any list */
#define SLW_POLICY_BUILDERS_MAX 16u
#define SLW_POLICY_PARAMETERS_MAX 64u
#define SLW_POLICY_TESTS_MAX 16u
#define SLW_POLICY_VALIDATORS_MAX 8u
#define SLW_POLICY_ARGUMENTS_MAX 32u
#define SLW_POLICY_COMMAND_SIZE_MAX 16384u /* a validator's program and arguments, in bytes */
#define SLW_POLICY_NAME_SIZE_MAX 64u   /* of people, machines, keys, products, channels, roles */
#define SLW_POLICY_TEXT_SIZE_MAX 2048u /* of URIs, parameters, arguments */
#define SLW_POLICY_RATE_COUNT_MAX 65536u
#define SLW_POLICY_SECONDS_MAX 31536000u /* of a rate's window and of the delay: a year */
#define SLW_POLICY_VALIDATOR_SECONDS_MAX 3600u
#define SLW_POLICY_LOOSENING_DELAY_DEFAULT_S 86400u

#define SLW_POLICY_PREDICATE_TYPE SLW_BYTES_OF("urn:slipway:policy:v1")

enum slw_policy_use {
    SLW_POLICY_USE_TARGETS = 1, /* targets metadata of bundles */
    SLW_POLICY_USE_ROOT,        /* roots of bundles */
    SLW_POLICY_USE_ROLE,        /* roles of TUF repositories */
};

/* All views below point into memory of the policy's, and live as long as it does. */
struct slw_policy_list {
    struct slw_bytes *items;
    size_t count;
};

/* A person, a machine, or an administrator (a name with one key). */
struct slw_policy_party {
    struct slw_bytes name;
    struct slw_statement_key *keys;
    size_t keys_count; /* may be 0: someone whose keys were taken away */
};

struct slw_policy_parties {
    struct slw_policy_party *items;
    size_t count;
};

struct slw_policy_witness {
    struct slw_note_key key; /* of type SLW_NOTE_COSIGNATURE; its name is the witness's */
    struct slw_bytes url;
};

/* A key that the service signs with. */
struct slw_policy_signing_key {
    struct slw_bytes name;
    struct slw_statement_key key; /* SLW_STATEMENT_KEY_PUBLIC always */
    enum slw_key_class key_class; /* DEV, TEST or PROD, as below */
    enum slw_policy_use use;
    struct slw_bytes product;
};

struct slw_policy_parameter {
    struct slw_bytes name;
    struct slw_bytes value;
};

/* One builder that a rule accepts: all of it must hold of one endorsement. */
struct slw_policy_builder {
    size_t machine; /* index among the machines */
    struct slw_bytes id;
    struct slw_bytes build_type;
    struct slw_bytes source;
    struct slw_policy_parameter *parameters; /* exactly these, no other */
    size_t parameters_count;
};

struct slw_policy_test {
    struct slw_bytes suite;
    size_t *machines; /* indices; the result of any of them is enough */
    size_t machines_count;
};

/* What a judge looks for in the payloads; a list without elements asks for nothing. */
struct slw_policy_content {
    bool given;
    struct slw_policy_list names; /* patterns of target names, * for anything but a slash */
    struct slw_policy_list hardware;
    struct slw_policy_list slots;
    bool elf_stripped;
    struct slw_content_pattern *forbidden;
    size_t forbidden_count;
    bool has_growth;
    uint32_t growth_percent;
    bool has_size;
    uint64_t size_max; /* bytes of all images together, and of all payloads */
};

struct slw_policy_validator {
    struct slw_bytes program; /* an absolute path */
    struct slw_policy_list arguments;
    uint32_t timeout_s;
};

/* In UTC. from > to goes over midnight: it belongs to the day on which it begins. */
struct slw_policy_hours {
    bool given;
    uint8_t days;      /* bit 0: Monday */
    uint16_t from_min; /* minutes since midnight, 0 to 1439 */
    uint16_t to_min;   /* the first minute that isn't allowed any more, 1 to 1440 */
};

struct slw_policy_rate {
    bool given;
    uint32_t count; /* signatures by this rule in any such time */
    uint32_t per_s;
};

struct slw_policy_rule {
    uint32_t value; /* its place in the policy's text, for slw_policy_rule_place() */
    struct slw_bytes product;
    enum slw_key_class key_class;
    enum slw_policy_use use;
    struct slw_policy_list channels;   /* none: for requests that name no channel, and no others */
    struct slw_policy_list roles;      /* SLW_POLICY_USE_ROLE has at least one, others none */
    struct slw_policy_list requesters; /* people and machines: both have names from one space */
    struct slw_policy_builder *builders; /* any of them is enough; none: not asked for */
    size_t builders_count;
    uint8_t build_types;           /* bit n: enum slw_build_type n is allowed; 0: any */
    struct slw_policy_test *tests; /* each of them */
    size_t tests_count;
    uint32_t approvals_count; /* of persons, one of them not the requester; 0: not asked for */
    size_t *approvers;        /* indices among the people */
    size_t approvers_count;
    struct slw_policy_hours hours;
    struct slw_policy_rate rate;
    struct slw_policy_content content;
    struct slw_policy_validator *validators;
    size_t validators_count;
};

struct slw_policy {
    uint32_t version; /* from 1 on */
    int64_t issued_utc_s;
    uint32_t administrators_threshold;
    struct slw_policy_parties administrators;
    struct slw_policy_parties people;
    struct slw_policy_parties machines;
    uint32_t witnesses_quorum; /* 0: none is asked */
    struct slw_policy_witness *witnesses;
    size_t witnesses_count;
    uint32_t loosening_delay_s;
    struct slw_policy_signing_key *keys;
    size_t keys_count;
    struct slw_policy_rule *rules;
    size_t rules_count;
    struct slw_bytes text;         /* the policy itself, as it stood in its statement */
    struct slw_json_document json; /* private: what the views point into */
    struct slw_heap_buffer memory; /* private: the text, and room behind it */
    uint8_t *room;                 /* private: for what the text has in hexadecimal digits */
};

/*
 * Reads a policy that nobody vouches for: the predicate alone. name is what details call it.
 * SLW_MALFORMED with the place of what is wrong; SLW_BAD_KEY, SLW_SHARED_KEY, SLW_BAD_THRESHOLD;
 * SLW_TOO_LARGE; SLW_NO_SPACE. Nothing points into text afterwards.
 */
SLW_MUST_USE enum slw_status slw_policy_parse(const char *name, struct slw_bytes text,
                                              struct slw_policy **ret_policy,
                                              struct slw_detail *detail);
void slw_policy_free(struct slw_policy *policy);

/*
 * Reads the member `content` of a rule alone, for builders who are given no more of a policy: one
 * whose only rule has nothing else.
 */
SLW_MUST_USE enum slw_status slw_policy_parse_content(const char *name, struct slw_bytes text,
                                                      struct slw_policy **ret_policy,
                                                      struct slw_detail *detail);

/*
 * Reads an envelope with a policy for the service whose log is called origin, and verifies who
 * signed it: the threshold of the former policy's administrators, and when the administrators
 * change, that of the new ones as well. Without a former policy (NULL: the first one) its own
 * administrators alone, whom somebody else must vouch for.
 *
 * SLW_BAD_STATEMENT: not a policy, or for another service; SLW_BELOW_THRESHOLD; SLW_ROLLBACK: its
 * version isn't above the former's; SLW_STALE_STATEMENT: issued before the former; and what
 * slw_policy_parse() returns. Whether it is in force at once says slipway/policy_compare.h.
 */
SLW_MUST_USE enum slw_status slw_policy_open(struct slw_bytes envelope, struct slw_bytes origin,
                                             const struct slw_policy *former,
                                             struct slw_policy **ret_policy,
                                             struct slw_detail *detail);

/*
 * Whether the threshold of a policy's administrators signed an envelope: each counts once, and only
 * by the key that the policy gives them.
 * SLW_BELOW_THRESHOLD; SLW_TOO_LARGE, SLW_IO_CRYPTO, SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_policy_check_administrators(const struct slw_policy *policy,
                                                             const struct slw_dsse *envelope,
                                                             struct slw_detail *detail);

/* Appends the statement that administrators sign: the payload of an envelope. */
SLW_MUST_USE enum slw_status slw_policy_statement(const struct slw_policy *policy,
                                                  struct slw_bytes origin,
                                                  struct slw_heap_buffer *ret_payload,
                                                  struct slw_detail *detail);

/* --- Who and what --- */

enum slw_policy_party_kind { SLW_POLICY_NOBODY = 0, SLW_POLICY_PERSON, SLW_POLICY_MACHINE };

struct slw_policy_holder {
    enum slw_policy_party_kind kind;
    size_t index; /* among the people or the machines */
    const struct slw_policy_party *party;
    const struct slw_statement_key *key;
};

/* Whose key this is, by its id; kind SLW_POLICY_NOBODY for nobody's. Administrators aren't asked.
 */
struct slw_policy_holder slw_policy_holder_of(const struct slw_policy *policy,
                                              const uint8_t key_id[static SLW_SHA256_SIZE]);

/* The person or machine of a name, its first key; kind SLW_POLICY_NOBODY when there is none. */
struct slw_policy_holder slw_policy_holder_named(const struct slw_policy *policy,
                                                 struct slw_bytes name);

/* A key of the service by its name; NULL. */
const struct slw_policy_signing_key *slw_policy_signing_key(const struct slw_policy *policy,
                                                            struct slw_bytes name);

/*
 * The rule for this key's product, class and use, and this channel and role (empty: none is
 * named); NULL. There is at most one.
 */
const struct slw_policy_rule *slw_policy_rule_for(const struct slw_policy *policy,
                                                  const struct slw_policy_signing_key *key,
                                                  struct slw_bytes channel, struct slw_bytes role);

/* Keys of everybody who may say something (people and machines), for slw_dsse_verify(): appends
 * pointers into the policy. The caller frees *ret_keys. SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_policy_statement_keys(const struct slw_policy *policy,
                                                       const struct slw_statement_key ***ret_keys,
                                                       size_t *ret_count);

/* "rules[2]", where a rule stands, as details and explanations call it. */
#define SLW_POLICY_PLACE_SIZE 32u
const char *slw_policy_rule_place(const struct slw_policy *policy,
                                  const struct slw_policy_rule *rule,
                                  char buffer[static SLW_POLICY_PLACE_SIZE]);

/* "dev", "test", "prod"; "targets", "root", "role". */
const char *slw_policy_class_name(enum slw_key_class key_class);
const char *slw_policy_use_name(enum slw_policy_use use);

/*
 * The rule's rules on content as a judge takes them: views of the policy's. Product and build type
 * aren't among them, nor the former release's targets: the caller adds what it knows.
 */
void slw_policy_content_rules(const struct slw_policy_rule *rule,
                              struct slw_content_rules *ret_rules);

#endif
