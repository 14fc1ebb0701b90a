/* SPDX-License-Identifier: Apache-2.0 */
/* What a root holds and who signed it, as a tree or as JSON: for `root inspect`, `bundle inspect`.
 */
#include "root.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

static const char *type_name(const struct slw_root_key *key)
{
    const char *name = key->type == 0 ? NULL : slw_key_type_name((enum slw_key_type)key->type);
    if (name == NULL) {
        return key->defined ? "of a kind that isn't known, ignored" : "not in the list of keys";
    }
    return name;
}

void cli_format_expiry(const struct slw_expiry *expiry, struct slw_heap_buffer *ret_text)
{
    char text[SLW_TIME_TEXT_SIZE];
    struct slw_time now = {true, cli_now_utc_s()};
    if (expiry->present) {
        slw_heap_printf(ret_text, "%s %s", slw_expired(expiry, &now) ? "expired" : "expires",
                        slw_time_format(expiry->seconds, text));
    }
}

void cli_json_expiry(struct slw_json *json, const struct slw_expiry *expiry)
{
    char text[SLW_TIME_TEXT_SIZE];
    struct slw_time now = {true, cli_now_utc_s()};
    if (expiry->present) {
        slw_json_text(json, "expires", slw_time_format(expiry->seconds, text));
        slw_json_bool(json, "expired", slw_expired(expiry, &now));
    }
}

/* Timestamp and snapshot are shown only where they are used. */
static bool role_is_shown(const struct slw_root *root, enum slw_role role)
{
    bool shown = role == SLW_ROLE_ROOT || role == SLW_ROLE_TARGETS || root->thresholds[role] != 0;
    for (size_t i = 0; i < root->keys_count; i++) {
        shown = shown || slw_key_has_role(&root->keys[i], role);
    }
    return shown;
}

static uint32_t count_keys(const struct slw_root *root, enum slw_role role)
{
    uint32_t count = 0;
    for (size_t i = 0; i < root->keys_count; i++) {
        count += slw_key_has_role(&root->keys[i], role) ? 1 : 0;
    }
    return count;
}

static void tree_role(struct cli_tree *tree, unsigned depth, const struct slw_root *root,
                      enum slw_role role)
{
    uint32_t count = count_keys(root, role);
    slw_heap_printf(cli_tree_line(tree, depth), "role %s: %u of %u key%s must sign",
                    slw_role_name(role), root->thresholds[role], count, count == 1 ? "" : "s");
    for (size_t i = 0; i < root->keys_count; i++) {
        if (slw_key_has_role(&root->keys[i], role)) {
            struct slw_heap_buffer *line = cli_tree_line(tree, depth + 1);
            slw_hex(slw_bytes_make(root->keys[i].id, SLW_KEY_ID_SIZE), line);
            slw_heap_printf(line, " %s", type_name(&root->keys[i]));
        }
    }
}

static void tree_unused_keys(struct cli_tree *tree, unsigned depth, const struct slw_root *root)
{
    bool titled = false;
    for (size_t i = 0; i < root->keys_count; i++) {
        if (root->keys[i].roles == 0) {
            if (!titled) {
                slw_heap_append_text(cli_tree_line(tree, depth), "keys of no role");
                titled = true;
            }
            slw_hex(slw_bytes_make(root->keys[i].id, SLW_KEY_ID_SIZE),
                    cli_tree_line(tree, depth + 1));
        }
    }
}

/* What is to be said of one signature. */
static const char *judge(const struct slw_root *root, enum slw_role role,
                         const struct slw_signed_draft *draft,
                         const struct slw_draft_signature *entry)
{
    if (root == NULL) {
        return "no root here to check against";
    }
    const struct slw_root_key *key = cli_signing_key(entry, root);
    if (key == NULL) {
        return "by a key that this root doesn't have";
    }
    if (!cli_is_good(draft, entry, key)) {
        return "BAD";
    }
    return slw_key_has_role(key, role) ? "good" : "good, but by a key of another role";
}

void cli_tree_signatures(struct cli_tree *tree, unsigned depth, const struct slw_root *root,
                         enum slw_role role, const struct slw_signed_draft *draft)
{
    struct slw_heap_buffer *title = cli_tree_line(tree, depth);
    if (draft->count == 0) {
        slw_heap_append_text(title, "unsigned");
        return;
    }
    slw_heap_append_text(title, "signatures");
    if (root != NULL) {
        slw_heap_printf(title, ": %u good of %u needed", cli_count_good(draft, root, role),
                        root->thresholds[role]);
    }
    for (size_t i = 0; i < draft->count; i++) {
        struct slw_heap_buffer *line = cli_tree_line(tree, depth + 1);
        slw_hex(slw_draft_signature_key_id(&draft->signatures[i]), line);
        slw_heap_printf(line, ": %s", judge(root, role, draft, &draft->signatures[i]));
    }
}

static void tree_problem(struct cli_tree *tree, unsigned depth, const struct slw_root *root)
{
    struct slw_finding finding = {0};
    if (slw_root_check(root, &finding) != SLW_OK) {
        struct slw_heap_buffer *line = cli_tree_line(tree, depth);
        slw_heap_printf(line, "would be refused: %s: ", slw_status_word(finding.status));
        slw_explain_finding(&finding, line);
    }
}

void cli_tree_root(struct cli_tree *tree, unsigned depth, const struct slw_root *root,
                   const struct slw_signed_draft *draft)
{
    if (root->expires.present) {
        cli_format_expiry(&root->expires, cli_tree_line(tree, depth));
    }
    if (root->key_class != SLW_KEY_CLASS_NONE) {
        slw_heap_printf(cli_tree_line(tree, depth), "key class: %s",
                        cli_key_class_words[root->key_class]);
    }
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        if (role_is_shown(root, (enum slw_role)role)) {
            tree_role(tree, depth, root, (enum slw_role)role);
        }
    }
    tree_unused_keys(tree, depth, root);
    tree_problem(tree, depth, root);
    if (draft != NULL) {
        cli_tree_signatures(tree, depth, root, SLW_ROLE_ROOT, draft);
    }
}

void cli_json_signatures(struct slw_json *json, const struct slw_root *root, enum slw_role role,
                         const struct slw_signed_draft *draft)
{
    slw_json_begin_array(json, "signatures");
    for (size_t i = 0; i < draft->count; i++) {
        const struct slw_draft_signature *entry = &draft->signatures[i];
        const struct slw_root_key *key = root == NULL ? NULL : cli_signing_key(entry, root);
        slw_json_begin_object(json, NULL);
        slw_json_hex(json, "key_id", slw_draft_signature_key_id(entry));
        if (root != NULL) {
            slw_json_bool(json, "known", key != NULL);
        }
        if (key != NULL) {
            slw_json_bool(json, "in_role", slw_key_has_role(key, role));
            slw_json_bool(json, "good", cli_is_good(draft, entry, key));
        }
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static void json_keys(struct slw_json *json, const struct slw_root *root)
{
    slw_json_begin_array(json, "keys");
    for (size_t i = 0; i < root->keys_count; i++) {
        const struct slw_root_key *key = &root->keys[i];
        slw_json_begin_object(json, NULL);
        slw_json_hex(json, "key_id", slw_bytes_make(key->id, SLW_KEY_ID_SIZE));
        if (key->type != 0) {
            slw_json_text(json, "type", type_name(key));
        }
        slw_json_begin_array(json, "roles");
        for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
            if (slw_key_has_role(key, (enum slw_role)role)) {
                slw_json_text(json, NULL, slw_role_name((enum slw_role)role));
            }
        }
        slw_json_end_array(json);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

void cli_json_root(struct slw_json *json, const struct slw_root *root,
                   const struct slw_signed_draft *draft)
{
    struct slw_finding finding = {0};
    slw_json_uint(json, "version", root->version);
    cli_json_expiry(json, &root->expires);
    if (root->key_class != SLW_KEY_CLASS_NONE) {
        slw_json_text(json, "key_class", cli_key_class_words[root->key_class]);
    }
    slw_json_hex(json, "sha256", slw_bytes_make(root->sha256, sizeof root->sha256));
    slw_json_begin_object(json, "thresholds");
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        if (role_is_shown(root, (enum slw_role)role)) {
            slw_json_uint(json, slw_role_name((enum slw_role)role), root->thresholds[role]);
        }
    }
    slw_json_end_object(json);
    json_keys(json, root);
    if (slw_root_check(root, &finding) != SLW_OK) {
        slw_json_text(json, "problem", slw_status_word(finding.status));
    }
    if (draft != NULL) {
        cli_json_signatures(json, root, SLW_ROLE_ROOT, draft);
    }
}

static void root_tree(const struct cli *cli, const char *path, const struct cli_root_file *file,
                      struct slw_heap_buffer *ret_text)
{
    struct cli_tree tree = {0};
    struct slw_heap_buffer *line = cli_tree_line(&tree, 0);
    slw_heap_printf(line, "%s%s: root version %u%s", cli_out_style(cli, CLI_BOLD), path,
                    file->content.root.version, cli_out_style(cli, CLI_PLAIN));
    cli_tree_root(&tree, 1, &file->content.root, &file->draft);
    cli_tree_draw(&tree, cli, ret_text);
}

enum cli_exit cli_root_inspect(struct cli *cli, const char *path)
{
    struct cli_root_file file;
    struct slw_heap_buffer text = {0};
    enum cli_exit code = cli_root_file_load(cli, path, false, &file);
    if (code != CLI_DONE) {
        return code;
    }
    if (cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        cli_json_root(&json, &file.content.root, &file.draft);
        slw_json_end_object(&json);
        slw_heap_append_text(&text, "\n");
    } else {
        root_tree(cli, path, &file, &text);
    }
    cli_root_file_free(&file);
    return cli_print(cli, &text);
}
