/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway root verify`: whether a root makes sense and is signed, by itself alone or as the
 * successor of another; by the device's own code.
 */
#include "root.h"
#include "values.h"
#include "verdict.h"

#include "slipway/files.h"

/* The root to verify, as the device library wants it. */
struct candidate {
    struct cli_root_file file;
    struct slw_memory_source memory;
    struct slw_untrusted_root root;
    struct slw_root_key keys[SLW_ROOT_KEYS_MAX];
    struct slw_signature entries[SLW_SIGNATURES_MAX];
    struct slw_signatures signatures;
    struct slw_message message;
    uint8_t block[4096];
    struct slw_finding finding;
};

static enum slw_status find(struct candidate *candidate, enum slw_status status)
{
    return slw_find(&candidate->finding, status, SLW_ROLE_ROOT);
}

/* Parses it again where the library's structures point to one source. */
static enum slw_status prepare(struct candidate *candidate)
{
    struct slw_reader reader;
    struct slw_span span = {0};
    slw_memory_source_init(&candidate->memory, slw_heap_bytes(&candidate->file.bytes));
    const struct slw_source *source = &candidate->memory.source;
    slw_root_init(&candidate->root.content, candidate->keys, SLW_ROOT_KEYS_MAX);
    candidate->signatures = (struct slw_signatures){candidate->entries, SLW_SIGNATURES_MAX, 0};
    slw_reader_init(&reader, source, candidate->block, sizeof candidate->block);
    SLW_TRY(slw_signed_scan(&reader, SLW_SIGNATURES_MAX, SLW_ROOT_SIZE_MAX, &span));
    slw_reader_seek(&reader, 0, source->size);
    SLW_TRY(slw_signatures_read(&reader, &candidate->signatures));
    slw_reader_seek(&reader, span.offset, span.offset + span.length);
    SLW_TRY(slw_root_parse(&reader, &candidate->root));
    candidate->message = (struct slw_message){source, span, candidate->root.content.sha256};
    return SLW_OK;
}

/* A first root: nothing vouches for it but its own keys. */
static enum slw_status verify_alone(struct candidate *candidate)
{
    const struct slw_root *root = &candidate->root.content;
    struct slw_quorum quorum;
    SLW_TRY(slw_root_check(root, &candidate->finding));
    SLW_TRY(slw_signatures_check(&candidate->signatures, SLW_ROLE_ROOT, &candidate->finding));
    slw_quorum_start(&quorum, root, SLW_ROLE_ROOT);
    while (!quorum.done) {
        SLW_TRY(slw_quorum_step(&quorum, &candidate->signatures, &candidate->message,
                                candidate->block, sizeof candidate->block));
    }
    if (!slw_quorum_reached(&quorum)) {
        return slw_find_numbers(&candidate->finding, SLW_ROOT_SELF_UNSIGNED, SLW_ROLE_ROOT,
                                quorum.good, quorum.enough);
    }
    return SLW_OK;
}

static enum slw_status verify_succession(struct candidate *candidate,
                                         const struct slw_trusted_root *trusted)
{
    struct slw_root_succession succession;
    struct slw_finding *finding = &candidate->finding;
    if (slw_root_is_same(&trusted->content, &candidate->root.content)) {
        return SLW_OK;
    }
    SLW_TRY(slw_root_succession_start(&succession, trusted, &candidate->root,
                                      &candidate->signatures, &candidate->memory.source, finding));
    while (!succession.done) {
        SLW_TRY(slw_root_succession_step(&succession, candidate->block, sizeof candidate->block,
                                         finding));
    }
    return SLW_OK;
}

static enum slw_status verify_after(struct cli *cli, struct candidate *candidate,
                                    const char *trusted_path)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_trusted_root trusted = {0};
    struct slw_root_key keys[SLW_ROOT_KEYS_MAX];
    struct slw_reader reader;
    enum slw_status status =
        slw_file_read(trusted_path, SLW_ROOT_SIZE_MAX + 65536u, &bytes, &cli->detail);
    if (status == SLW_OK) {
        struct slw_memory_source memory;
        slw_memory_source_init(&memory, slw_heap_bytes(&bytes));
        slw_root_init(&trusted.content, keys, SLW_ROOT_KEYS_MAX);
        slw_reader_init(&reader, &memory.source, candidate->block, sizeof candidate->block);
        status = slw_root_load_trusted(&reader, SLW_ROOT_SIZE_MAX, &trusted, &candidate->finding);
        if (status == SLW_OK) {
            status = verify_succession(candidate, &trusted);
        }
    }
    slw_heap_free(&bytes);
    return status;
}

static enum slw_status verify(struct cli *cli, struct candidate *candidate,
                              const char *trusted_path)
{
    struct slw_time now = {true, cli_now_utc_s()};
    enum slw_status status = prepare(candidate);
    if (status != SLW_OK) {
        return find(candidate, status);
    }
    SLW_TRY(trusted_path == NULL ? verify_alone(candidate)
                                 : verify_after(cli, candidate, trusted_path));
    return slw_expired(&candidate->root.content.expires, &now) ? find(candidate, SLW_EXPIRED)
                                                               : SLW_OK;
}

static enum cli_exit tell(struct cli *cli, const char *path, const char *trusted_path,
                          const struct candidate *candidate, enum slw_status status)
{
    struct slw_heap_buffer text = {0};
    enum cli_exit code = CLI_DONE;
    if (cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        if (status != SLW_OK) {
            cli_json_refusal(&json, &candidate->finding, trusted_path, NULL);
        } else {
            slw_json_begin_object(&json, NULL);
            slw_json_text(&json, "verdict", "accept");
            slw_json_uint(&json, "root_version", candidate->root.content.version);
        }
        slw_json_end_object(&json);
        slw_heap_append_text(&text, "\n");
    } else if (status == SLW_OK) {
        slw_heap_printf(
            &text, "accepted: %s: root version %u, %s\n", path, candidate->root.content.version,
            trusted_path == NULL ? "signed by its own keys"
                                 : "which the trusted root's keys and its own vouch for");
    }
    if (status != SLW_OK) {
        code = cli_refuse_finding(cli, &candidate->finding, trusted_path);
    }
    return cli_print(cli, &text) == CLI_DONE ? code : CLI_FAILED;
}

enum cli_exit cli_root_verify(struct cli *cli, const char *path, const char *trusted_path)
{
    struct candidate candidate = {0};
    enum slw_status status =
        slw_file_read(path, SLW_ROOT_SIZE_MAX + 65536u, &candidate.file.bytes, &cli->detail);
    enum cli_exit code = CLI_DONE;
    if (status == SLW_OK) {
        status = verify(cli, &candidate, trusted_path);
    }
    if (status != SLW_OK && candidate.finding.status == SLW_OK) {
        code = cli_fail(cli, status); /* a file, not a root */
    } else {
        code = tell(cli, path, trusted_path, &candidate, status);
    }
    slw_heap_free(&candidate.file.bytes);
    return code;
}
