/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway repo init`, `import` and `export`: where a TUF repository comes from, and where it goes.
 */
#include "repo.h"
#include "repo_open.h"
#include "values.h"

#include "slipway/time_text.h"

#include <string.h>

#define ROOT_SIZE_MAX 512000u

/* The key of --online-key, or the one that an option of its own names, for snapshot and timestamp.
 */
static enum cli_exit take_online_keys(struct cli *cli, const struct cli_arguments *arguments,
                                      struct cli_repo *repo)
{
    static const struct {
        const char *role;
        const char *option;
    } online[] = {{"snapshot", "--snapshot-key"}, {"timestamp", "--timestamp-key"}};
    enum cli_exit code = CLI_DONE;
    for (size_t i = 0; code == CLI_DONE && i < sizeof online / sizeof online[0]; i++) {
        const char *path = cli_value(arguments, online[i].option);
        path = path == NULL ? cli_value(arguments, "--online-key") : path;
        if (path == NULL) {
            return cli_usage(cli, "which key signs the %s? --online-key or %s", online[i].role,
                             online[i].option);
        }
        code = cli_repo_take_key(repo, online[i].role, path,
                                 cli_value(arguments, "--passphrase-file"));
    }
    return code;
}

/* What machines sign is renewed at half of its life; people get a third of it to find each other.
 */
static struct slw_tuf_period period_of(uint32_t expires_s, enum slw_tuf_type type)
{
    bool online = type == SLW_TUF_SNAPSHOT || type == SLW_TUF_TIMESTAMP;
    return (struct slw_tuf_period){.expires_s = expires_s,
                                   .due_s = online ? expires_s / 2 : expires_s / 3};
}

/* ROLE=DURATION of --expires: how long a version of the role lives. */
static enum cli_exit read_periods(struct cli *cli, const struct cli_arguments *arguments,
                                  struct slw_tuf_init *init)
{
    for (size_t i = 0; cli_nth(arguments, "--expires", i) != NULL; i++) {
        const char *text = cli_nth(arguments, "--expires", i);
        const char *equals = strchr(text, '=');
        int64_t seconds = 0;
        bool found = false;
        bool good = equals != NULL && slw_duration_parse(equals + 1, &seconds) == SLW_OK &&
                    seconds > 0 && seconds <= UINT32_MAX;
        for (unsigned type = 0; good && type < SLW_TUF_TYPES; type++) {
            const char *name = slw_tuf_type_name((enum slw_tuf_type)type);
            if (strlen(name) == (size_t)(equals - text) && strncmp(name, text, strlen(name)) == 0) {
                init->periods[type] = period_of((uint32_t)seconds, (enum slw_tuf_type)type);
                found = true;
            }
        }
        if (!found) {
            return cli_usage(cli, "--expires %s: ROLE=TIME, as in timestamp=1d", text);
        }
    }
    return CLI_DONE;
}

static enum cli_exit initialize(struct cli *cli, const struct cli_arguments *arguments,
                                const char *directory, struct cli_repo *repo)
{
    struct cli_repo_signers root;
    struct cli_repo_signers targets;
    struct slw_tuf_init init = {0};
    enum cli_exit code = cli_repo_signers(cli, arguments, "--root-key", "--root-threshold", &root);
    if (code == CLI_DONE) {
        code = cli_repo_signers(cli, arguments, "--targets-key", "--targets-threshold", &targets);
    }
    if (code == CLI_DONE) {
        code = read_periods(cli, arguments, &init);
    }
    if (code == CLI_DONE) {
        code = take_online_keys(cli, arguments, repo);
    }
    if (code != CLI_DONE) {
        return code;
    }
    init.roles[SLW_TUF_ROOT] = root.role;
    init.roles[SLW_TUF_TARGETS] = targets.role;
    init.roles[SLW_TUF_SNAPSHOT] =
        (struct slw_tuf_role_keys){slw_private_key_public(repo->keys[0]), 1, 1};
    init.roles[SLW_TUF_TIMESTAMP] =
        (struct slw_tuf_role_keys){slw_private_key_public(repo->keys[1]), 1, 1};
    enum slw_status status = slw_tuf_writer_init(&repo->options, &init, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    code = cli_repo_write_keys(repo, directory);
    if (code == CLI_DONE) {
        cli_note(cli,
                 "prepared: root and targets, unsigned. `slipway repo sign %s root --key …`, "
                 "the same for targets, then `slipway repo publish %s`",
                 directory, directory);
    }
    return code;
}

enum cli_exit cli_repo_init(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    const char *directory = arguments->positionals[0];
    enum cli_exit code = cli_repo_prepare(cli, arguments, directory, true, &repo);
    if (code == CLI_DONE && repo.keys_count > 0) {
        code = cli_error(cli, "%s: has a " CLI_REPO_KEYS_FILE " already", directory);
    }
    if (code == CLI_DONE) {
        code = initialize(cli, arguments, directory, &repo);
    }
    cli_repo_close(&repo);
    return code;
}

/* keys.conf is written first: killed later on, the command is run again and finds it. */
static enum cli_exit adopt(struct cli *cli, const struct cli_arguments *arguments,
                           const char *directory, const struct slw_heap_buffer *root,
                           struct cli_repo *repo)
{
    enum cli_exit code = CLI_DONE;
    if (repo->keys_count == 0) {
        code = take_online_keys(cli, arguments, repo);
        code = code == CLI_DONE ? cli_repo_write_keys(repo, directory) : code;
    }
    if (code != CLI_DONE) {
        return code;
    }
    repo->options.payloads_elsewhere = cli_has(arguments, "--payloads-elsewhere");
    enum slw_status status =
        slw_tuf_writer_import(&repo->options, cli_value(arguments, "--from"),
                              cli_value(arguments, "--root"), slw_heap_bytes(root), &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    cli_note(cli,
             "adopted. Where the online keys are new, rotate them: `slipway repo rotate %s "
             "timestamp --key …`",
             directory);
    return CLI_DONE;
}

enum cli_exit cli_repo_import(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    struct slw_heap_buffer root = {0};
    const char *directory = arguments->positionals[0];
    enum slw_status status =
        slw_file_read(cli_value(arguments, "--root"), ROOT_SIZE_MAX, &root, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    enum cli_exit code = cli_repo_prepare(cli, arguments, directory, true, &repo);
    if (code == CLI_DONE) {
        code = adopt(cli, arguments, directory, &root, &repo);
    }
    cli_repo_close(&repo);
    slw_heap_free(&root);
    return code;
}

enum cli_exit cli_repo_export(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status =
        slw_tuf_writer_export(repo.writer, arguments->positionals[1], &cli->detail);
    code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    cli_repo_close(&repo);
    return code;
}
