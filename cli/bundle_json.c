/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway bundle inspect --json`: the same as the tree of bundle_inspect.c, for machines. */
#include "bundle_proof.h"
#include "inspect_bundle.h"
#include "root.h"
#include "values.h"

static void json_encodings(struct slw_json *json, const struct slw_bundle_index *index,
                           const struct slw_target_draft *target)
{
    slw_json_begin_array(json, "encodings");
    for (size_t i = 0; i < target->encodings_count; i++) {
        const struct slw_encoding_draft *encoding = &target->encodings[i];
        slw_json_begin_object(json, NULL);
        if (cli_encoding_name(encoding->kind) != NULL) {
            slw_json_text(json, "kind", cli_encoding_name(encoding->kind));
        } else {
            slw_json_uint(json, "kind_number", encoding->kind);
        }
        slw_json_bytes(json, "payload_name", encoding->payload_name);
        slw_json_uint(json, "length", encoding->length);
        slw_json_hex(json, "sha256", encoding->sha256);
        if (encoding->base_sha256.len > 0) {
            slw_json_hex(json, "base_sha256", encoding->base_sha256);
        }
        slw_json_bool(json, "present",
                      slw_bundle_index_find(index, encoding->payload_name) != NULL);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static void json_target(struct slw_json *json, const struct slw_bundle_index *index,
                        const struct slw_target_draft *target)
{
    slw_json_begin_object(json, NULL);
    slw_json_bytes(json, "name", target->name);
    slw_json_uint(json, "length", target->length);
    slw_json_hex(json, "sha256", target->sha256);
    if (target->slot.len > 0) {
        slw_json_bytes(json, "slot", target->slot);
    }
    slw_json_bool(json, "present", slw_bundle_index_find(index, target->name) != NULL);
    if (target->encodings_count > 0) {
        json_encodings(json, index, target);
    }
    slw_json_end_object(json);
}

static void json_number(struct slw_json *json, const char *name, uint32_t value)
{
    if (value != 0) {
        slw_json_uint(json, name, value);
    }
}

static void json_text(struct slw_json *json, const char *name, struct slw_bytes text)
{
    if (text.len > 0) {
        slw_json_bytes(json, name, text);
    }
}

static void json_extensions(struct slw_json *json, const struct slw_targets_draft *draft)
{
    json_text(json, "release_version", draft->release_version);
    json_text(json, "product", draft->product);
    if (draft->hardware_ids_count > 0) {
        slw_json_begin_array(json, "hardware_ids");
        for (size_t i = 0; i < draft->hardware_ids_count; i++) {
            slw_json_bytes(json, NULL, draft->hardware_ids[i]);
        }
        slw_json_end_array(json);
    }
    if (draft->urgency > 0 && draft->urgency < 5) {
        slw_json_text(json, "urgency", cli_urgency_words[draft->urgency]);
    }
    if (draft->build_type > 0 && draft->build_type < 4) {
        slw_json_text(json, "build_type", cli_build_type_words[draft->build_type]);
    }
    json_number(json, "min_installed_version", draft->min_installed_version);
    json_number(json, "security_floor", draft->security_floor);
    json_text(json, "release_notes", draft->release_notes);
    if (draft->critical_fields_count > 0) {
        slw_json_begin_array(json, "critical_fields");
        for (size_t i = 0; i < draft->critical_fields_count; i++) {
            slw_json_uint(json, NULL, draft->critical_fields[i]);
        }
        slw_json_end_array(json);
    }
    json_number(json, "unknown_fields", (uint32_t)draft->unknown_fields);
}

static void json_targets(struct slw_json *json, const struct cli_bundle_file *bundle,
                         const struct slw_targets_draft *draft)
{
    slw_json_begin_object(json, "targets_metadata");
    slw_json_uint(json, "version", draft->version);
    cli_json_expiry(json, &draft->expires);
    json_extensions(json, draft);
    slw_json_begin_array(json, "targets");
    for (size_t i = 0; i < draft->targets_count; i++) {
        json_target(json, &bundle->index, &draft->targets[i]);
    }
    slw_json_end_array(json);
    cli_json_signatures(json, cli_bundle_root(bundle), SLW_ROLE_TARGETS, &bundle->targets);
    slw_json_end_object(json);
}

void cli_json_bundle(struct cli *cli, const struct cli_bundle_file *bundle,
                     const struct slw_targets_draft *draft,
                     const struct cli_transparency *transparency, struct slw_heap_buffer *ret_text)
{
    const struct slw_bundle_index *index = &bundle->index;
    const struct slw_root *root = cli_bundle_root(bundle);
    struct slw_json json;
    uint32_t version = 0;
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    slw_json_uint(&json, "size", bundle->file.source.size);
    slw_json_begin_array(&json, "root_history");
    for (size_t i = 0; i < index->history_count; i++) {
        if (cli_history_version(cli, bundle, i, &version)) {
            slw_json_uint(&json, NULL, version);
        }
    }
    slw_json_end_array(&json);
    if (root != NULL) {
        slw_json_begin_object(&json, "root");
        cli_json_root(&json, root, &bundle->root);
        slw_json_end_object(&json);
    }
    if (index->has_targets) {
        json_targets(&json, bundle, draft);
    }
    slw_json_begin_array(&json, "unlisted_payloads");
    for (size_t i = 0; i < index->payloads_count; i++) {
        if (!cli_is_listed(draft, index->payloads[i].name)) {
            slw_json_bytes(&json, NULL, index->payloads[i].name);
        }
    }
    slw_json_end_array(&json);
    cli_json_endorsements(&json, bundle, draft);
    cli_json_proof(cli, &json, bundle, transparency);
    slw_json_end_object(&json);
    slw_heap_append_text(ret_text, "\n");
}
