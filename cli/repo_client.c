/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a TUF repository from what the command line names, and fetching from it. */
#include "repo_client.h"

#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/time_text.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#define BUDGET_S 600u
#define ROOT_SIZE_MAX 512000u

/* Also what only looks like a URL: the parser of those refuses it without a word of the user and
 * the password that may be in it, which a directory that isn't there would be named with. */
static bool is_web(const char *from)
{
    return strncasecmp(from, "http:", 5) == 0 || strncasecmp(from, "https:", 6) == 0 ||
           (strstr(from, "://") != NULL && strncmp(from, "file://", 7) != 0);
}

static void tell_event(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                       const char *text)
{
    struct cli_repo_client *client = context;
    switch (event) {
    case SLW_TUF_EVENT_TRUSTED:
        cli_trace(client->cli, "%s: version %lld", name, (long long)number);
        break;
    case SLW_TUF_EVENT_KEPT:
        cli_trace(client->cli, "%s: still version %lld", name, (long long)number);
        break;
    case SLW_TUF_EVENT_RECOVERED:
        cli_note(client->cli,
                 "the repository's online keys were replaced: what they signed is forgotten");
        break;
    case SLW_TUF_EVENT_MIRROR:
        cli_warn(client->cli, "mirror %lld: %s", (long long)number + 1, text);
        break;
    case SLW_TUF_EVENT_EXPIRED:
        cli_warn(client->cli, "%s: expired at %s, and used all the same", name, text);
        break;
    }
}

/* The n-th of --from with what the area is called behind it. */
static char *area_url(const char *url, const char *area)
{
    struct slw_heap_buffer text = {0};
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    slw_heap_append(&text, slw_bytes_make(url, len));
    slw_heap_append_text(&text, area);
    char *copy = text.status == SLW_OK ? strdup(slw_heap_text(&text)) : NULL;
    slw_heap_free(&text);
    return copy;
}

static bool read_seconds(struct cli *cli, const struct cli_arguments *arguments, const char *name,
                         uint32_t *ret_seconds)
{
    const char *text = cli_value(arguments, name);
    int64_t seconds = 0;
    if (text == NULL) {
        return true;
    }
    if (slw_duration_parse(text, &seconds) != SLW_OK || seconds <= 0 || seconds > 86400) {
        (void)cli_usage(cli, "%s %s: not a duration of up to a day (10m)", name, text);
        return false;
    }
    *ret_seconds = (uint32_t)seconds;
    return true;
}

static enum slw_status open_web(struct cli *cli, const struct cli_arguments *arguments,
                                uint32_t budget_s, uint32_t floor,
                                struct slw_http_fetcher **ret_http)
{
    char *metadata[SLW_FETCH_MIRRORS_MAX] = {NULL};
    char *targets[SLW_FETCH_MIRRORS_MAX] = {NULL};
    unsigned count = (unsigned)cli_count(arguments, "--from");
    bool complete = true;
    for (unsigned i = 0; i < count; i++) {
        metadata[i] = area_url(cli_nth(arguments, "--from", i), "/metadata");
        targets[i] = area_url(cli_nth(arguments, "--from", i), "/targets");
        complete = complete && metadata[i] != NULL && targets[i] != NULL;
    }
    const struct slw_http_options options = {
        .metadata_urls = (const char *const *)metadata,
        .targets_urls = (const char *const *)targets,
        .mirrors = count,
        .floor_bytes_per_s = floor,
        .budget_s = budget_s,
        .ca_file = cli_value(arguments, "--ca-file"),
        .user_agent = "slipway/" SLIPWAY_VERSION,
    };
    enum slw_status status = complete ? slw_http_fetcher_new(&options, ret_http, &cli->detail)
                                      : slw_explain_no_memory(&cli->detail);
    for (unsigned i = 0; i < count; i++) {
        free(metadata[i]);
        free(targets[i]);
    }
    return status;
}

static enum cli_exit open_fetcher(struct cli *cli, const struct cli_arguments *arguments,
                                  struct cli_repo_client *client)
{
    uint32_t budget_s = BUDGET_S;
    uint32_t floor = 0;
    size_t count = cli_count(arguments, "--from");
    size_t web = 0;
    if (!read_seconds(cli, arguments, "--budget", &budget_s) ||
        !cli_number(cli, arguments, "--min-speed", &floor)) {
        return CLI_USAGE;
    }
    for (size_t i = 0; i < count; i++) {
        web += is_web(cli_nth(arguments, "--from", i)) ? 1 : 0;
    }
    if (count == 0 || count > SLW_FETCH_MIRRORS_MAX || (web != count && count > 1)) {
        return cli_usage(cli, "--from takes one directory, or 1 to %u URLs of mirrors",
                         SLW_FETCH_MIRRORS_MAX);
    }
    if (web > 0 && cli_has(arguments, "--accept-expired")) {
        return cli_usage(
            cli, "--accept-expired is for a directory: over a network it would hide a freeze");
    }
    const char *from = cli_nth(arguments, "--from", 0);
    const char *directory = strncmp(from, "file://", 7) == 0 ? from + 7 : from;
    enum slw_status status =
        web > 0 ? open_web(cli, arguments, budget_s, floor, &client->http)
                : slw_directory_fetcher_new(directory, &client->media, &cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

/* Directories of a path, made where they aren't there; for nobody else to read. */
static enum slw_status make_directories(const char *path, struct slw_detail *detail)
{
    char *copy = strdup(path);
    enum slw_status status = copy == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (char *slash = copy; status == SLW_OK && slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            status = slw_explain_errno(detail, copy);
        }
        if (slash != NULL) {
            *slash = '/';
        }
    }
    free(copy);
    return status;
}

/*
 * One directory for each root that is begun with, where programs keep their state
 * (XDG Base Directory Specification: $XDG_STATE_HOME, else ~/.local/state).
 */
static enum cli_exit default_directory(struct cli *cli, const struct slw_heap_buffer *root,
                                       struct slw_heap_buffer *ret_directory)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state != NULL && state[0] == '/') {
        slw_heap_append_text(ret_directory, state);
    } else if (home != NULL && home[0] == '/') {
        slw_heap_printf(ret_directory, "%s/.local/state", home);
    } else {
        return cli_usage(
            cli, "--metadata-dir is missing, and there is no home directory to keep metadata in");
    }
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(root));
    slw_sha256_final(&hash, digest);
    slw_heap_append_text(ret_directory, "/slipway/repositories/");
    slw_hex(slw_bytes_make(digest, 16), ret_directory);
    return CLI_DONE;
}

static enum cli_exit open_trust(struct cli *cli, const struct cli_arguments *arguments,
                                enum slw_tuf_key_ids key_ids, struct cli_repo_client *client)
{
    const char *root_path = cli_value(arguments, "--root");
    const char *given = cli_value(arguments, "--metadata-dir");
    struct slw_heap_buffer root = {0};
    enum cli_exit code = CLI_DONE;
    if (root_path == NULL && given == NULL) {
        return cli_usage(cli, "--root is missing: the root.json that trust begins with");
    }
    if (root_path != NULL) {
        enum slw_status status = slw_file_read(root_path, ROOT_SIZE_MAX, &root, &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    if (code == CLI_DONE && given != NULL) {
        slw_heap_append_text(&client->metadata_directory, given);
    } else if (code == CLI_DONE) {
        code = default_directory(cli, &root, &client->metadata_directory);
    }
    if (code == CLI_DONE) {
        const char *directory = slw_heap_text(&client->metadata_directory);
        enum slw_status status = make_directories(directory, &cli->detail);
        if (status == SLW_OK && root_path != NULL) {
            /* Where trust begins; once there is a chain of roots, it goes on from its end. */
            status = slw_tuf_client_trust_first(directory, root_path, slw_heap_bytes(&root),
                                                key_ids, &cli->detail);
        }
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    slw_heap_free(&root);
    return code;
}

enum cli_exit cli_repo_client_fail(struct cli_repo_client *client, enum slw_status status)
{
    client->failed = status;
    if (status == SLW_UNAVAILABLE || status == SLW_NOT_FOUND) {
        return cli_fail_by_word(client->cli, status, client->cli->detail.text);
    }
    return cli_fail(client->cli, status);
}

static enum cli_exit open_client(struct cli *cli, const struct cli_arguments *arguments,
                                 struct cli_repo_client *client)
{
    enum slw_tuf_key_ids key_ids =
        cli_has(arguments, "--any-key-id") ? SLW_TUF_KEY_IDS_ANY : SLW_TUF_KEY_IDS_CHECKED;
    enum cli_exit code = open_fetcher(cli, arguments, client);
    if (code == CLI_DONE) {
        code = open_trust(cli, arguments, key_ids, client);
    }
    if (code != CLI_DONE) {
        return code;
    }
    const struct slw_tuf_client_options options = {
        .metadata_directory = slw_heap_text(&client->metadata_directory),
        .fetch = client->http != NULL ? slw_http_fetcher_port(client->http)
                                      : slw_directory_fetcher_port(client->media),
        .key_ids = key_ids,
        .expiry =
            cli_has(arguments, "--accept-expired") ? SLW_TUF_EXPIRY_TOLD : SLW_TUF_EXPIRY_ENFORCED,
        .observer = &client->observer,
        .progress = &client->progress.progress,
        .inspector = &client->inspector.inspector,
    };
    slw_release_inspector_init(&client->inspector);
    enum slw_status status = slw_tuf_client_open(&options, &client->client, &cli->detail);
    client->inspector.client = client->client;
    if (status == SLW_OK) {
        status = slw_tuf_client_refresh(client->client, &cli->detail);
    }
    return status == SLW_OK ? CLI_DONE : cli_repo_client_fail(client, status);
}

/* A server that hangs up is a failure to tell; a reader of our output that does ends us, as usual.
 */
static void set_broken_pipes(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    (void)sigaction(SIGPIPE, &action, NULL);
}

enum cli_exit cli_repo_client_open(struct cli *cli, const struct cli_arguments *arguments,
                                   struct cli_repo_client *ret_client)
{
    set_broken_pipes(SIG_IGN);
    *ret_client = (struct cli_repo_client){
        .cli = cli,
        .observer = {.context = ret_client, .event = tell_event},
    };
    cli_progress_begin(&ret_client->progress, cli, "fetching");
    enum cli_exit code = open_client(cli, arguments, ret_client);
    if (code != CLI_DONE) {
        cli_repo_client_close(ret_client);
    }
    return code;
}

void cli_repo_client_close(struct cli_repo_client *client)
{
    cli_progress_end(&client->progress);
    slw_tuf_client_free(client->client);
    slw_http_fetcher_free(client->http);
    slw_directory_fetcher_free(client->media);
    slw_heap_free(&client->metadata_directory);
    client->client = NULL;
    client->http = NULL;
    client->media = NULL;
    set_broken_pipes(SIG_DFL);
}

static enum cli_exit fetch(struct cli_repo_client *client, struct slw_bytes path,
                           const char *channel, const char *directory,
                           struct slw_heap_buffer *ret_path)
{
    struct slw_detail *detail = &client->cli->detail;
    struct slw_tuf_target target;
    enum slw_status status = make_directories(directory, detail);
    client->inspector.channel = channel;
    if (status == SLW_OK) {
        status = slw_tuf_client_find(client->client, path, &target, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_client_download(client->client, &target, directory, ret_path, detail);
    }
    cli_progress_end(&client->progress);
    return status == SLW_OK ? CLI_DONE : cli_repo_client_fail(client, status);
}

enum cli_exit cli_repo_client_fetch(struct cli_repo_client *client, struct slw_bytes path,
                                    const char *directory, struct slw_heap_buffer *ret_path)
{
    return fetch(client, path, NULL, directory, ret_path);
}

enum cli_exit cli_repo_client_fetch_release(struct cli_repo_client *client, struct slw_bytes path,
                                            const char *channel, const char *directory,
                                            struct slw_heap_buffer *ret_path)
{
    return fetch(client, path, channel, directory, ret_path);
}
