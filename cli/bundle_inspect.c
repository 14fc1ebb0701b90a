/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway bundle inspect`: what is in a bundle and who signed it, as a tree or as JSON. Nothing
 * here is a verdict: signatures are checked against the root that the bundle itself brings.
 */
#include "bundle_proof.h"
#include "inspect_bundle.h"
#include "root.h"
#include "values.h"

#include "slipway/explain.h"

#include <inttypes.h>

const char *cli_encoding_name(uint32_t kind)
{
    static const char *const names[] = {"plain", "lz", "delta", "zstd"};
    return kind > 0 && kind < sizeof names / sizeof names[0] ? names[kind] : NULL;
}

static void tree_hash(struct slw_heap_buffer *line, const char *title, struct slw_bytes sha256)
{
    slw_heap_append_text(line, title);
    if (sha256.len == 0) {
        slw_heap_append_text(line, "none");
    }
    slw_hex(sha256, line);
}

static void tree_encoding(struct cli_tree *tree, const struct slw_bundle_index *index,
                          const struct slw_encoding_draft *encoding)
{
    struct slw_heap_buffer *line = cli_tree_line(tree, 3);
    const char *kind = cli_encoding_name(encoding->kind);
    if (kind == NULL) {
        slw_heap_printf(line, "encoding of kind %u, ", encoding->kind);
    } else {
        slw_heap_printf(line, "%s, ", kind);
    }
    slw_quote(encoding->payload_name, line);
    slw_heap_append_text(line, ": ");
    cli_format_size(encoding->length, line);
    slw_heap_append_text(line, slw_bundle_index_find(index, encoding->payload_name) == NULL
                                   ? ", not in this bundle"
                                   : ", in this bundle");
    tree_hash(cli_tree_line(tree, 4), "sha256 ", encoding->sha256);
    if (encoding->base_sha256.len > 0) {
        tree_hash(cli_tree_line(tree, 4), "applies to sha256 ", encoding->base_sha256);
    }
}

static void tree_target(struct cli_tree *tree, const struct slw_bundle_index *index,
                        const struct slw_target_draft *target)
{
    struct slw_heap_buffer *line = cli_tree_line(tree, 2);
    slw_heap_append_text(line, "target ");
    slw_quote(target->name, line);
    slw_heap_append_text(line, ": ");
    cli_format_size(target->length, line);
    if (slw_bundle_index_find(index, target->name) == NULL) {
        slw_heap_append_text(line, ", image not in this bundle");
    }
    tree_hash(cli_tree_line(tree, 3), "sha256 ", target->sha256);
    if (target->slot.len > 0) {
        line = cli_tree_line(tree, 3);
        slw_heap_append_text(line, "slot ");
        slw_quote(target->slot, line);
    }
    for (size_t i = 0; i < target->encodings_count; i++) {
        tree_encoding(tree, index, &target->encodings[i]);
    }
}

static void tree_text(struct cli_tree *tree, const char *title, struct slw_bytes text)
{
    if (text.len > 0) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 2);
        slw_heap_append_text(line, title);
        slw_quote(text, line);
    }
}

static void tree_number(struct cli_tree *tree, const char *title, uint32_t value)
{
    if (value != 0) {
        slw_heap_printf(cli_tree_line(tree, 2), "%s%u", title, value);
    }
}

/* The word of an enum's value, or its number when it has none. */
static void tree_word(struct cli_tree *tree, const char *title, const char *const *words,
                      uint32_t count, uint32_t value)
{
    if (value != 0 && value < count) {
        slw_heap_printf(cli_tree_line(tree, 2), "%s%s", title, words[value]);
    } else {
        tree_number(tree, title, value);
    }
}

static void tree_hardware(struct cli_tree *tree, const struct slw_targets_draft *draft)
{
    if (draft->hardware_ids_count > 0) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 2);
        slw_heap_append_text(line, "for hardware ");
        for (size_t i = 0; i < draft->hardware_ids_count; i++) {
            slw_heap_append_text(line, i == 0 ? "" : ", ");
            slw_quote(draft->hardware_ids[i], line);
        }
    }
}

static void tree_critical(struct cli_tree *tree, const struct slw_targets_draft *draft)
{
    if (draft->critical_fields_count > 0) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 2);
        slw_heap_append_text(line, "a device must understand fields ");
        for (size_t i = 0; i < draft->critical_fields_count; i++) {
            slw_heap_printf(line, "%s%u", i == 0 ? "" : ", ", draft->critical_fields[i]);
        }
    }
}

static void tree_targets(struct cli_tree *tree, const struct cli_bundle_file *bundle,
                         const struct slw_targets_draft *draft)
{
    slw_heap_printf(cli_tree_line(tree, 1), "targets version %u: %zu target%s", draft->version,
                    draft->targets_count, draft->targets_count == 1 ? "" : "s");
    if (draft->expires.present) {
        cli_format_expiry(&draft->expires, cli_tree_line(tree, 2));
    }
    tree_text(tree, "release ", draft->release_version);
    tree_text(tree, "for product ", draft->product);
    tree_hardware(tree, draft);
    tree_word(tree, "urgency: ", cli_urgency_words, 5, draft->urgency);
    tree_word(tree, "build type: ", cli_build_type_words, 4, draft->build_type);
    tree_number(tree, "installs over version ", draft->min_installed_version);
    tree_number(tree, "security floor: version ", draft->security_floor);
    tree_text(tree, "notes: ", draft->release_notes);
    tree_critical(tree, draft);
    tree_number(tree, "fields that aren't known here: ", (uint32_t)draft->unknown_fields);
    for (size_t i = 0; i < draft->targets_count; i++) {
        tree_target(tree, &bundle->index, &draft->targets[i]);
    }
    cli_tree_signatures(tree, 2, cli_bundle_root(bundle), SLW_ROLE_TARGETS, &bundle->targets);
}

bool cli_is_listed(const struct slw_targets_draft *draft, struct slw_bytes name)
{
    for (size_t i = 0; i < draft->targets_count; i++) {
        const struct slw_target_draft *target = &draft->targets[i];
        bool listed = slw_bytes_equal(target->name, name);
        for (size_t j = 0; j < target->encodings_count && !listed; j++) {
            listed = slw_bytes_equal(target->encodings[j].payload_name, name);
        }
        if (listed) {
            return true;
        }
    }
    return false;
}

static void tree_payloads(struct cli_tree *tree, const struct slw_bundle_index *index,
                          const struct slw_targets_draft *draft)
{
    for (size_t i = 0; i < index->payloads_count; i++) {
        if (!cli_is_listed(draft, index->payloads[i].name)) {
            struct slw_heap_buffer *line = cli_tree_line(tree, 1);
            slw_heap_append_text(line, "unlisted payload ");
            slw_quote(index->payloads[i].name, line);
            slw_heap_append_text(line, ": ");
            cli_format_size(index->payloads[i].value.length, line);
        }
    }
}

bool cli_history_version(struct cli *cli, const struct cli_bundle_file *bundle, size_t number,
                         uint32_t *ret_version)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_signed_draft draft;
    struct slw_root_content content;
    bool good =
        slw_source_load(bundle->path, &bundle->file.source, bundle->index.history[number],
                        SLW_ROOT_SIZE_MAX + 65536u, &bytes, &cli->detail) == SLW_OK &&
        slw_signed_draft_parse(bundle->path, slw_heap_bytes(&bytes), &draft, &cli->detail) ==
            SLW_OK &&
        slw_root_content_parse(bundle->path, draft.serialized, &content, &cli->detail) == SLW_OK;
    if (good) {
        *ret_version = content.root.version;
    }
    slw_heap_free(&bytes);
    return good;
}

static void tree_roots(struct cli *cli, struct cli_tree *tree, const struct cli_bundle_file *bundle)
{
    const struct slw_root *root = cli_bundle_root(bundle);
    uint32_t version = 0;
    for (size_t i = 0; i < bundle->index.history_count; i++) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 1);
        if (cli_history_version(cli, bundle, i, &version)) {
            slw_heap_printf(line, "root history: version %u", version);
        } else {
            slw_heap_append_text(line, "root history: not a root");
        }
    }
    if (root == NULL) {
        slw_heap_append_text(cli_tree_line(tree, 1), "no root");
    } else {
        slw_heap_printf(cli_tree_line(tree, 1), "root version %u", root->version);
        cli_tree_root(tree, 2, root, &bundle->root);
    }
}

static void bundle_tree(struct cli *cli, const struct cli_bundle_file *bundle,
                        const struct slw_targets_draft *draft,
                        const struct cli_transparency *transparency,
                        struct slw_heap_buffer *ret_text)
{
    struct cli_tree tree = {0};
    struct slw_heap_buffer *line = cli_tree_line(&tree, 0);
    slw_heap_printf(line, "%s%s: bundle, ", cli_out_style(cli, CLI_BOLD), bundle->path);
    cli_format_size(bundle->file.source.size, line);
    slw_heap_append_text(line, cli_out_style(cli, CLI_PLAIN));
    tree_roots(cli, &tree, bundle);
    if (bundle->index.has_targets) {
        tree_targets(&tree, bundle, draft);
    } else {
        slw_heap_append_text(cli_tree_line(&tree, 1), "no targets metadata");
    }
    cli_tree_endorsements(&tree, bundle, draft);
    tree_payloads(&tree, &bundle->index, draft);
    if (bundle->index.has_transparency_proof) {
        cli_tree_proof(cli, &tree, bundle, transparency);
    }
    cli_tree_draw(&tree, cli, ret_text);
    if (bundle->index.has_transparency_proof) {
        cli_print_proof(cli, bundle, transparency, ret_text);
    }
}

enum cli_exit cli_bundle_inspect(struct cli *cli, const struct cli_arguments *arguments,
                                 const char *path)
{
    struct cli_bundle_file bundle;
    struct cli_transparency transparency;
    struct slw_targets_draft draft = {0};
    struct slw_heap_buffer text = {0};
    if (!cli_transparency_read(cli, arguments, &transparency)) {
        return CLI_USAGE;
    }
    enum cli_exit code = cli_bundle_open(cli, path, &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status =
        bundle.index.has_targets
            ? slw_targets_draft_parse(bundle.targets.serialized, &draft, &cli->detail)
            : SLW_OK;
    if (status != SLW_OK) {
        code = cli_fail(cli, status);
    } else {
        if (cli->json) {
            cli_json_bundle(cli, &bundle, &draft, &transparency, &text);
        } else {
            bundle_tree(cli, &bundle, &draft, &transparency, &text);
        }
        code = cli_print(cli, &text);
    }
    slw_targets_draft_free(&draft);
    cli_bundle_close(&bundle);
    return code;
}
