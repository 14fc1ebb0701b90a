/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway repo fetch` and `list`: what a TUF repository has, and getting it. */
#include "repo.h"
#include "repo_client.h"

#include "slipway/explain.h"
#include "slipway/json.h"

static void tell_fetched(const struct cli *cli, const char *target,
                         const struct slw_heap_buffer *path, struct slw_json *json,
                         struct slw_heap_buffer *text)
{
    if (cli->json) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "target", target);
        slw_json_bytes(json, "path", slw_heap_bytes(path));
        slw_json_end_object(json);
    } else {
        slw_heap_append(text, slw_heap_bytes(path));
        slw_heap_append_text(text, "\n");
    }
}

enum cli_exit cli_repo_fetch(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo_client client;
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    const char *directory = cli_value(arguments, "--dir");
    enum cli_exit code = cli_repo_client_open(cli, arguments, &client);
    if (code != CLI_DONE) {
        return code;
    }
    slw_json_init(&json, &text);
    if (cli->json) {
        slw_json_begin_array(&json, NULL);
    }
    for (size_t i = 0; code == CLI_DONE && i < arguments->positionals_count; i++) {
        const char *name = arguments->positionals[i];
        struct slw_heap_buffer path = {0};
        code = cli_repo_client_fetch(&client, slw_bytes_make(name, strlen(name)),
                                     directory == NULL ? "." : directory, &path);
        if (code == CLI_DONE) {
            tell_fetched(cli, name, &path, &json, &text);
        }
        slw_heap_free(&path);
    }
    if (cli->json) {
        slw_json_end_array(&json);
        slw_heap_append_text(&text, "\n");
    }
    cli_repo_client_close(&client);
    enum cli_exit printed = cli_print(cli, &text); /* what did arrive, also when the next didn't */
    return code == CLI_DONE ? printed : code;
}

struct listing {
    const struct cli *cli;
    struct slw_heap_buffer text;
    struct slw_json json;
};

/* The hash that people compare: SHA-256, else SHA-512. */
static struct slw_bytes shown_hash(const struct slw_tuf_target *target)
{
    uint32_t hash = slw_json_member(target->json, target->hashes, SLW_BYTES_OF("sha256"));
    if (hash == SLW_JSON_NONE) {
        hash = slw_json_member(target->json, target->hashes, SLW_BYTES_OF("sha512"));
    }
    return hash == SLW_JSON_NONE ? slw_bytes_make(NULL, 0) : slw_json_string(target->json, hash);
}

static void list_json(struct listing *listing, struct slw_bytes role,
                      const struct slw_tuf_target *target)
{
    struct slw_json *json = &listing->json;
    slw_json_begin_object(json, NULL);
    slw_json_bytes(json, "target", target->path);
    slw_json_bytes(json, "role", role);
    slw_json_uint(json, "length", target->length);
    struct slw_json_walk walk = slw_json_walk_begin(target->json, target->hashes);
    struct slw_bytes name;
    uint32_t value;
    slw_json_begin_array(json, "hashes");
    while (slw_json_walk_member(&walk, &name, &value)) {
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "function", name);
        slw_json_bytes(json, "digest", slw_json_string(target->json, value));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    struct slw_release release;
    struct slw_detail ignored;
    if (target->custom != SLW_JSON_NONE && slw_release_read(target, &release, &ignored) == SLW_OK) {
        slw_json_bytes(json, "product", release.product);
        slw_json_bytes(json, "channel", release.channel);
        slw_json_bytes(json, "release_version", release.release_version);
        slw_json_int(json, "release_counter", release.counter);
        slw_json_bytes(json, "urgency", release.urgency);
        slw_json_bytes(json, "build_type", release.build_type);
    }
    slw_json_end_object(json);
}

static void list_text(struct listing *listing, struct slw_bytes role,
                      const struct slw_tuf_target *target)
{
    struct slw_heap_buffer *text = &listing->text;
    struct slw_release release;
    struct slw_detail ignored;
    slw_escape(target->path, text);
    slw_heap_append_text(text, "\t");
    cli_format_round(target->length, text);
    slw_heap_append_text(text, "\t");
    slw_escape(shown_hash(target), text);
    slw_heap_append_text(text, "\t");
    slw_escape(role, text);
    if (target->custom != SLW_JSON_NONE && slw_release_read(target, &release, &ignored) == SLW_OK) {
        slw_heap_printf(text, "\trelease %lld%s", (long long)release.counter,
                        release.release_version.len > 0 ? " " : "");
        slw_escape(release.release_version, text);
        slw_heap_append_text(text, ", ");
        slw_escape(release.urgency, text);
    }
    slw_heap_append_text(text, "\n");
}

static enum slw_status list_target(void *context, struct slw_bytes role,
                                   const struct slw_tuf_target *target)
{
    struct listing *listing = context;
    if (listing->cli->json) {
        list_json(listing, role, target);
    } else {
        list_text(listing, role, target);
    }
    return listing->text.status;
}

enum cli_exit cli_repo_list(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo_client client;
    struct listing listing = {.cli = cli};
    const char *pattern = arguments->positionals_count > 0 ? arguments->positionals[0] : NULL;
    enum cli_exit code = cli_repo_client_open(cli, arguments, &client);
    if (code != CLI_DONE) {
        return code;
    }
    slw_json_init(&listing.json, &listing.text);
    if (cli->json) {
        slw_json_begin_array(&listing.json, NULL);
    }
    enum slw_status status = slw_tuf_client_list(client.client, cli_value(arguments, "--role"),
                                                 pattern, list_target, &listing, &cli->detail);
    if (cli->json) {
        slw_json_end_array(&listing.json);
        slw_heap_append_text(&listing.text, "\n");
    }
    code = status == SLW_OK ? CLI_DONE : cli_repo_client_fail(&client, status);
    cli_repo_client_close(&client);
    if (code != CLI_DONE) {
        slw_heap_free(&listing.text);
        return code;
    }
    return cli_print(cli, &listing.text);
}
