/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bundle verify --as-pigweed`: what Pigweed's verifiers know, and where they stop (spec/SPEC.md,
 * section 7.4). Each rule here is one thing that the reference refuses, or can't read, though it is
 * sound.
 */
#include "pigweed_rules.h"

#include "bundle.h"
#include "root.h"

#include "slipway/explain.h"
#include "slipway/proto_writer.h"

#define PIGWEED_NAME_SIZE_MAX 32u
#define PIGWEED_PAYLOAD_SIZE_MAX ((uint64_t)100 * 1024 * 1024)

struct rules {
    struct cli_verification *verification;
    struct cli_bundle_file bundle;
    struct cli_root_file trusted;
    struct slw_finding *finding;
};

static void refuse(struct rules *rules, enum slw_status status, enum slw_role role,
                   const char *what)
{
    if (rules->finding->status != SLW_OK) {
        return; /* the first counts */
    }
    (void)slw_find(rules->finding, status, role);
    (void)slw_explain(&rules->verification->cli->detail, status, "Pigweed's verifiers: %s", what);
}

static void refuse_target(struct rules *rules, enum slw_status status,
                          const struct slw_target_draft *target, const char *what)
{
    struct slw_heap_buffer name = {0};
    slw_quote(target->name, &name);
    (void)slw_find_name(rules->finding, status, target->name);
    (void)slw_explain(&rules->verification->cli->detail, status,
                      "Pigweed's verifiers: target %s %s", slw_heap_text(&name), what);
    slw_heap_free(&name);
}

/* Their keys are P-256 alone, and the C++ verifier gives up at any other in the list. */
static void check_keys(struct rules *rules, const struct slw_root *root)
{
    for (size_t i = 0; i < root->keys_count; i++) {
        if (root->keys[i].type != SLW_KEY_TYPE_P256) {
            refuse(rules, SLW_BAD_KEY, SLW_ROLE_ROOT, "only P-256 keys are known");
            return;
        }
    }
    if (root->version == 0) {
        refuse(rules, SLW_ROOT_ROLLBACK, SLW_ROLE_ROOT, "root versions begin at 1");
    }
}

/* Python refuses a bad signature by a key of the role, even beside enough good ones. */
static void check_signatures(struct rules *rules, const struct slw_signed_draft *draft,
                             const struct slw_root *root, enum slw_role role)
{
    for (size_t i = 0; i < draft->count; i++) {
        const struct slw_draft_signature *entry = &draft->signatures[i];
        if (slw_draft_signature_key_id(entry).len != SLW_KEY_ID_SIZE) {
            refuse(rules, SLW_MALFORMED, role, "key ids have 32 bytes");
            return;
        }
        const struct slw_root_key *key = cli_signing_key(entry, root);
        if (key != NULL && slw_key_has_role(key, role) && !cli_is_good(draft, entry, key)) {
            refuse(rules, SLW_BELOW_THRESHOLD, role,
                   "one bad signature by a key of the role spoils the good ones");
            return;
        }
    }
}

/*
 * One hop from the trusted root, and its metadata no longer than the trusted root with signatures:
 * the C++ verifier reads the new root within the length of the old one.
 */
static void check_root(struct rules *rules)
{
    const struct slw_root *old = &rules->trusted.content.root;
    const struct slw_root *new = cli_bundle_root(&rules->bundle);
    check_keys(rules, old);
    if (new == NULL || slw_root_is_same(old, new)) {
        return;
    }
    check_keys(rules, new);
    check_signatures(rules, &rules->bundle.root, old, SLW_ROLE_ROOT);
    check_signatures(rules, &rules->bundle.root, new, SLW_ROLE_ROOT);
    if (cli_count_good(&rules->bundle.root, old, SLW_ROLE_ROOT) < old->thresholds[SLW_ROLE_ROOT]) {
        refuse(rules, SLW_ROOT_UNTRUSTED, SLW_ROLE_ROOT, "root_history isn't known");
    }
    size_t serialized_len = rules->bundle.root.serialized.len;
    if (1 + slw_varint_size(serialized_len) + serialized_len > rules->trusted.bytes.len) {
        refuse(rules, SLW_TOO_LARGE, SLW_ROLE_ROOT,
               "a root that is longer than the trusted one is cut off");
    }
}

static void check_target(struct rules *rules, const struct slw_target_draft *target)
{
    const struct slw_bundle_index *index = &rules->bundle.index;
    for (size_t i = 0; i < target->encodings_count; i++) {
        if (slw_bundle_index_find(index, target->encodings[i].payload_name) != NULL) {
            refuse_target(rules, SLW_UNSUPPORTED_ENCODING, target, "is encoded");
            return;
        }
    }
    if (target->name.len > PIGWEED_NAME_SIZE_MAX) {
        refuse_target(rules, SLW_TOO_LARGE, target, "has a name of more than 32 bytes");
    } else if (slw_bundle_index_find(index, target->name) == NULL) {
        refuse_target(rules, SLW_MISSING_PAYLOAD, target, "isn't in the bundle");
    } else if (target->length == 0) {
        refuse_target(rules, SLW_WRONG_LENGTH, target, "is empty");
    } else if (target->length > PIGWEED_PAYLOAD_SIZE_MAX) {
        refuse_target(rules, SLW_TOO_LARGE, target, "has more than 100 MiB");
    } else if (target->other_hashes > 0) {
        refuse_target(rules, SLW_MISSING_HASH, target, "has a hash that isn't SHA-256");
    }
}

static enum slw_status check_targets(struct rules *rules)
{
    const struct slw_expectations *expectations = &rules->verification->expectations;
    const struct slw_trusted_bundle *accepted = slw_verifier_result(&rules->verification->verifier);
    struct slw_targets_draft draft;
    SLW_TRY(slw_targets_draft_parse(rules->bundle.targets.serialized, &draft,
                                    &rules->verification->cli->detail));
    check_signatures(rules, &rules->bundle.targets, &accepted->root->content, SLW_ROLE_TARGETS);
    if (draft.version == 0) {
        refuse(rules, SLW_ROLLBACK, SLW_ROLE_TARGETS, "targets versions begin at 1");
    } else if (expectations->stored == SLW_STORED_RELEASE &&
               draft.version < expectations->stored_version) {
        refuse(rules, SLW_ROLLBACK, SLW_ROLE_TARGETS,
               "a stored version isn't reset when keys are replaced");
    }
    for (size_t i = 0; i < draft.targets_count && rules->finding->status == SLW_OK; i++) {
        check_target(rules, &draft.targets[i]);
    }
    slw_targets_draft_free(&draft);
    return SLW_OK;
}

enum cli_exit cli_check_pigweed_rules(struct cli_verification *verification,
                                      const char *trusted_root_path, struct slw_finding *finding)
{
    struct cli *cli = verification->cli;
    struct rules rules = {.verification = verification, .finding = finding};
    enum cli_exit code = cli_bundle_open(cli, verification->bundle_path, &rules.bundle);
    if (code != CLI_DONE) {
        return code;
    }
    code = cli_root_file_load(cli, trusted_root_path, false, &rules.trusted);
    if (code == CLI_DONE) {
        check_root(&rules);
        if (finding->status == SLW_OK) {
            enum slw_status status = check_targets(&rules);
            code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
        }
        cli_root_file_free(&rules.trusted);
    }
    cli_bundle_close(&rules.bundle);
    return code;
}
