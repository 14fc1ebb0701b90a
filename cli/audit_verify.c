/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway audit verify`: the whole log, and bundles that it must contain. */
#include "audit.h"
#include "bundle.h"

#include "slipway/explain.h"
#include "slipway/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLES_MAX 1024u

/* A signed bundle that the log must have an entry of. */
struct wild {
    const char *path;
    bool is_signed;
    bool is_found;
    uint32_t version;
    uint8_t leaf_sha256[SLW_SHA256_SIZE]; /* of the leaf's bytes */
};

struct wilds {
    struct wild *bundles;
    size_t count;
    const char *repository; /* NULL: none */
    struct cli_audit_signed logged;
    size_t missing_roles;
};

static void digest_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

static enum slw_status release_leaf(const struct cli_bundle_file *bundle, struct wild *wild,
                                    struct slw_detail *detail)
{
    struct slw_targets_draft draft = {0};
    struct slw_log_leaf leaf = {.kind = SLW_LOG_RELEASE};
    struct slw_heap_buffer bytes = {0};
    SLW_TRY(slw_targets_draft_parse(bundle->targets.serialized, &draft, detail));
    leaf.product = draft.product;
    leaf.targets_version = draft.version;
    wild->version = draft.version;
    digest_of(bundle->targets.serialized, leaf.digest);
    enum slw_status status = slw_log_leaf_format(&leaf, &bytes);
    if (status == SLW_OK) {
        digest_of(slw_heap_bytes(&bytes), wild->leaf_sha256);
    } else {
        (void)slw_explain(detail, status, "its product has a name that no log takes");
    }
    slw_heap_drop(&bytes);
    slw_targets_draft_free(&draft);
    return status;
}

static enum cli_exit read_bundle(struct cli *cli, const char *path, struct wild *ret_wild)
{
    struct cli_bundle_file bundle;
    ret_wild->path = path;
    enum cli_exit code = cli_bundle_open(cli, path, &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    ret_wild->is_signed = bundle.index.has_targets && bundle.targets.count > 0;
    if (ret_wild->is_signed) {
        enum slw_status status = release_leaf(&bundle, ret_wild, &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    cli_bundle_close(&bundle);
    return code;
}

static enum slw_status look_for_wilds(void *context, const struct slw_log_entry *entry,
                                      struct slw_detail *detail)
{
    struct wilds *wilds = context;
    uint8_t digest[SLW_SHA256_SIZE];
    if (entry->leaf.kind != SLW_LOG_RELEASE) {
        return wilds->repository == NULL ? SLW_OK
                                         : cli_audit_signed_note(&wilds->logged, entry, detail);
    }
    digest_of(entry->leaf_bytes, digest);
    for (size_t i = 0; i < wilds->count; i++) {
        if (memcmp(wilds->bundles[i].leaf_sha256, digest, sizeof digest) == 0) {
            wilds->bundles[i].is_found = true;
        }
    }
    return SLW_OK;
}

static enum cli_exit read_bundles(struct cli *cli, const struct cli_arguments *arguments,
                                  struct wilds *ret_wilds)
{
    size_t count = cli_count(arguments, "--bundles");
    if (count > BUNDLES_MAX) {
        return cli_usage(cli, "--bundles: at most %u", BUNDLES_MAX);
    }
    ret_wilds->bundles = calloc(count + 1, sizeof *ret_wilds->bundles);
    if (ret_wilds->bundles == NULL) {
        return cli_error(cli, "out of memory");
    }
    enum cli_exit code = CLI_DONE;
    for (; ret_wilds->count < count && code == CLI_DONE; ret_wilds->count++) {
        code = read_bundle(cli, cli_nth(arguments, "--bundles", ret_wilds->count),
                           &ret_wilds->bundles[ret_wilds->count]);
    }
    return code;
}

static size_t count_missing(const struct wilds *wilds)
{
    size_t missing = wilds->missing_roles;
    for (size_t i = 0; i < wilds->count; i++) {
        missing += wilds->bundles[i].is_signed && !wilds->bundles[i].is_found ? 1 : 0;
    }
    return missing;
}

/* --- Saying it --- */

static void say_json(const struct slw_audit *audit, const struct wilds *wilds,
                     struct slw_heap_buffer *text)
{
    struct slw_json json;
    bool is_good = audit->findings_count == 0 && count_missing(wilds) == 0;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "verdict", is_good ? "accept" : "refuse");
    if (!is_good) {
        slw_json_text(&json, "reason", slw_status_word(SLW_LOG_DAMAGED));
    }
    slw_json_uint(&json, "missing_role_signatures", wilds->missing_roles);
    slw_json_text(&json, "origin", audit->settings.log_key->name);
    slw_json_uint(&json, "size", audit->size);
    slw_json_hex(&json, "root", slw_bytes_make(audit->root.bytes, sizeof audit->root.bytes));
    slw_json_uint(&json, "cosigned", audit->cosigned);
    slw_json_begin_array(&json, "findings");
    for (size_t i = 0; i < audit->findings_count && i < SLW_AUDIT_FINDINGS_MAX; i++) {
        slw_json_text(&json, NULL, audit->findings[i]);
    }
    slw_json_end_array(&json);
    slw_json_begin_array(&json, "missing");
    for (size_t i = 0; i < wilds->count; i++) {
        if (wilds->bundles[i].is_signed && !wilds->bundles[i].is_found) {
            slw_json_text(&json, NULL, wilds->bundles[i].path);
        }
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    slw_heap_append_text(text, "\n");
}

static void say_text(const struct cli *cli, const struct slw_audit *audit,
                     struct slw_heap_buffer *text)
{
    slw_heap_printf(text, "%s%s%s: %" PRIu64 " entries, root ", cli_out_style(cli, CLI_BOLD),
                    audit->settings.log_key->name, cli_out_style(cli, CLI_PLAIN), audit->size);
    slw_hex(slw_bytes_make(audit->root.bytes, sizeof audit->root.bytes), text);
    slw_heap_append_text(text, "\n");
    if (audit->settings.witness_count > 0) {
        slw_heap_printf(text, "cosigned by %zu of %zu witnesses\n", audit->cosigned,
                        audit->settings.witness_count);
    }
}

static enum cli_exit say(struct cli *cli, struct slw_audit *audit, struct wilds *wilds)
{
    struct slw_heap_buffer text = {0};
    enum cli_exit verdict = CLI_DONE;
    if (wilds->repository != NULL) {
        verdict =
            cli_audit_hunt(cli, audit, &wilds->logged, wilds->repository, &wilds->missing_roles);
        if (verdict != CLI_DONE && verdict != CLI_REFUSED) {
            return verdict;
        }
    }
    if (cli->json) {
        say_json(audit, wilds, &text);
    } else {
        say_text(cli, audit, &text);
    }
    enum cli_exit code = cli_print(cli, &text);
    for (size_t i = 0; i < audit->findings_count && i < SLW_AUDIT_FINDINGS_MAX; i++) {
        cli_audit_clean(audit->findings[i]);
        (void)cli_refuse(cli, SLW_LOG_DAMAGED, audit->findings[i]);
        verdict = CLI_REFUSED;
    }
    for (size_t i = 0; i < wilds->count; i++) {
        const struct wild *wild = &wilds->bundles[i];
        char words[4200];
        if (!wild->is_signed) {
            cli_note(cli, "%s: nobody signed it", wild->path);
        } else if (!wild->is_found) {
            (void)snprintf(words, sizeof words,
                           "%s: version %" PRIu32 " is signed, and the log doesn't contain it",
                           wild->path, wild->version);
            (void)cli_refuse(cli, SLW_LOG_DAMAGED, words);
            verdict = CLI_REFUSED;
        }
    }
    return code == CLI_DONE ? verdict : code;
}

/* --- Doing it --- */

/* With bundles or a repository the whole log has to be seen, whatever was verified before: a second
 * time then. */
static enum slw_status run(struct slw_audit *audit, const struct cli_audit_log *log,
                           const char *state, struct wilds *wilds, struct slw_detail *detail)
{
    if (state != NULL) {
        SLW_TRY(slw_audit_load(audit, state, detail));
        SLW_TRY(slw_audit_run(audit, &log->source, detail));
        if (audit->findings_count == 0) {
            SLW_TRY(slw_audit_save(audit, state, detail));
        }
    }
    if (state != NULL && wilds->count == 0 && wilds->repository == NULL) {
        return SLW_OK;
    }
    struct slw_audit whole = {
        .settings = audit->settings, .visit = look_for_wilds, .visit_context = wilds};
    SLW_TRY(slw_audit_run(&whole, &log->source, detail));
    slw_audit_free(audit);
    *audit = whole;
    return SLW_OK;
}

enum cli_exit cli_audit_verify(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_transparency transparency;
    struct cli_audit_log log;
    struct wilds wilds = {.repository = cli_value(arguments, "--repo")};
    struct slw_heap_buffer known_roots = {0};
    struct slw_audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return cli_error(cli, "out of memory");
    }
    enum cli_exit code = cli_audit_settings(cli, arguments, &transparency, audit);
    if (code == CLI_DONE) {
        code = cli_audit_known_roots(cli, arguments, audit, &known_roots);
    }
    if (code == CLI_DONE) {
        code = read_bundles(cli, arguments, &wilds);
    }
    if (code == CLI_DONE) {
        code = cli_audit_log_open(cli, arguments, arguments->positionals[0], &log);
        if (code == CLI_DONE) {
            enum slw_status status =
                run(audit, &log, cli_value(arguments, "--state"), &wilds, &cli->detail);
            code =
                status == SLW_OK ? say(cli, audit, &wilds) : cli_audit_fail(cli, status, log.name);
        }
        cli_audit_log_close(&log);
    }
    slw_audit_free(audit);
    free(audit);
    free(wilds.bundles);
    slw_heap_drop(&known_roots);
    cli_audit_signed_free(&wilds.logged);
    return code;
}
