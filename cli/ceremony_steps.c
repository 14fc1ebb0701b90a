/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway ceremony status`, `next`, `verify` and `finish`: doing steps, and looking at them. */
#include "ceremony.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct slw_bytes person_of(const struct slw_ceremony *ceremony, size_t at)
{
    return slw_ceremony_get_plan(ceremony)->people[slw_ceremony_step(ceremony, at).person].name;
}

static void append_status_json(const struct slw_ceremony *ceremony, struct slw_heap_buffer *text)
{
    struct slw_json json;
    size_t done = slw_ceremony_steps_done(ceremony);
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "ceremony", slw_ceremony_get_plan(ceremony)->name);
    slw_json_text(&json, "kind", slw_ceremony_kind_name(slw_ceremony_get_plan(ceremony)->kind));
    slw_json_hex(&json, "plan_sha256",
                 slw_bytes_make(slw_ceremony_plan_sha256(ceremony), SLW_SHA256_SIZE));
    slw_json_hex(&json, "last_sha256",
                 slw_bytes_make(slw_ceremony_last_sha256(ceremony), SLW_SHA256_SIZE));
    slw_json_uint(&json, "done", done);
    slw_json_begin_array(&json, "steps");
    for (size_t i = 0; i < slw_ceremony_steps_count(ceremony); i++) {
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "kind", slw_ceremony_step_name(slw_ceremony_step(ceremony, i).kind));
        slw_json_bytes(&json, "person", person_of(ceremony, i));
        slw_json_bool(&json, "done", i < done);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    slw_heap_append_text(text, "\n");
}

static void append_step(const struct slw_ceremony *ceremony, size_t at,
                        struct slw_heap_buffer *text)
{
    struct slw_ceremony_step step = slw_ceremony_step(ceremony, at);
    size_t done = slw_ceremony_steps_done(ceremony);
    slw_heap_printf(text, "%s %3zu  %-6s ",
                    at < done    ? "done"
                    : at == done ? "next"
                                 : "    ",
                    at + 1, slw_ceremony_step_name(step.kind));
    if (step.kind == SLW_CEREMONY_KEY) {
        slw_heap_printf(text, "%s ", slw_role_name(step.role));
    } else if (step.kind == SLW_CEREMONY_SIGN) {
        slw_heap_append_text(text, step.is_former ? "former " : "new ");
    }
    slw_escape(person_of(ceremony, at), text);
    slw_heap_append_text(text, "\n");
}

enum cli_exit cli_ceremony_status(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_ceremony folder;
    struct slw_heap_buffer text = {0};
    enum cli_exit code = cli_ceremony_open(cli, arguments->positionals[0],
                                           cli_value(arguments, "--memory"), &folder);
    if (code != CLI_DONE) {
        return code;
    }
    if (cli->json) {
        append_status_json(folder.ceremony, &text);
    } else {
        for (size_t i = 0; i < slw_ceremony_steps_count(folder.ceremony); i++) {
            append_step(folder.ceremony, i, &text);
        }
        slw_heap_append_text(&text, "\n");
        slw_ceremony_describe_next(folder.ceremony, &text);
    }
    cli_ceremony_close(&folder);
    return cli_print(cli, &text);
}

/* Shows what is about to be signed, and wants a yes. */
static enum cli_exit ask(struct cli *cli, const struct cli_arguments *arguments,
                         const struct cli_ceremony *folder)
{
    struct slw_heap_buffer text = {0};
    char answer[8] = "";
    slw_ceremony_describe_next(folder->ceremony, &text);
    if (cli_has(arguments, "--yes")) {
        return cli_print(cli, &text);
    }
    slw_heap_append_text(&text, "Sign this? Type yes: ");
    enum cli_exit code = cli_print(cli, &text);
    (void)fflush(stdout);
    if (code != CLI_DONE) {
        return code;
    }
    if (fgets(answer, sizeof answer, stdin) == NULL || strcmp(answer, "yes\n") != 0) {
        (void)cli_error(cli, "not signed: the answer wasn't yes");
        return CLI_DENIED;
    }
    return CLI_DONE;
}

/* The person's own key, and the root's when --key names one. */
static enum cli_exit sign_step(struct cli *cli, const struct cli_arguments *arguments,
                               struct cli_ceremony *folder)
{
    const char *passphrase = cli_value(arguments, "--passphrase-file");
    struct slw_private_key *mine = NULL;
    struct slw_private_key *working = NULL;
    struct slw_heap_buffer entry = {0};
    enum cli_exit code =
        cli_private_key_open(cli, cli_value(arguments, "--my-key"), passphrase, &mine);
    if (code == CLI_DONE && cli_value(arguments, "--key") != NULL) {
        code = cli_private_key_open(cli, cli_value(arguments, "--key"), passphrase, &working);
    }
    if (code == CLI_DONE) {
        enum slw_status status = slw_ceremony_make_entry(folder->ceremony, mine, working,
                                                         cli_now_utc_s(), &entry, &cli->detail);
        code = status == SLW_OK ? cli_ceremony_write_entry(cli, folder, &entry)
                                : cli_fail(cli, status);
    }
    slw_private_key_free(working);
    slw_private_key_free(mine);
    slw_heap_drop(&entry);
    return code;
}

static enum cli_exit remember(struct cli *cli, const struct cli_arguments *arguments,
                              const struct cli_ceremony *folder)
{
    const char *path = cli_value(arguments, "--memory");
    return path == NULL ? CLI_DONE : cli_ceremony_remember(cli, path, folder->ceremony);
}

static enum cli_exit do_next(struct cli *cli, const struct cli_arguments *arguments,
                             struct cli_ceremony *folder)
{
    size_t done = slw_ceremony_steps_done(folder->ceremony);
    if (done == slw_ceremony_steps_count(folder->ceremony)) {
        cli_note(cli, "%s: all steps are done", folder->directory);
        return CLI_NOTHING;
    }
    if (slw_ceremony_step(folder->ceremony, done).kind == SLW_CEREMONY_FINISH) {
        return cli_error(cli, "%s: only `slipway ceremony finish` is left", folder->directory);
    }
    enum cli_exit code = ask(cli, arguments, folder);
    if (code == CLI_DONE) {
        code = sign_step(cli, arguments, folder);
    }
    return code == CLI_DONE ? remember(cli, arguments, folder) : code;
}

enum cli_exit cli_ceremony_next(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_ceremony folder;
    enum cli_exit code = cli_ceremony_open(cli, arguments->positionals[0],
                                           cli_value(arguments, "--memory"), &folder);
    if (code == CLI_DONE) {
        code = do_next(cli, arguments, &folder);
        cli_ceremony_close(&folder);
    }
    return code;
}

/* Whether the root in the folder is the one that the transcript leads to, byte for byte. */
static enum slw_status compare_root(struct cli *cli, const struct cli_ceremony *folder,
                                    const char *path)
{
    struct slw_heap_buffer there = {0};
    struct slw_heap_buffer expected = {0};
    enum slw_status status = slw_file_read(path, SLW_ROOT_SIZE_MAX + 65536u, &there, &cli->detail);
    if (status == SLW_OK) {
        status = slw_ceremony_result(folder->ceremony, &expected, &cli->detail);
    }
    if (status == SLW_OK && !slw_bytes_equal(slw_heap_bytes(&there), slw_heap_bytes(&expected))) {
        status = slw_explain(&cli->detail, SLW_MIX_AND_MATCH,
                             "%s: isn't the root that the transcript leads to", path);
    }
    slw_heap_drop(&expected);
    slw_heap_drop(&there);
    return status;
}

static enum cli_exit verify_folder(struct cli *cli, const struct cli_ceremony *folder)
{
    struct slw_heap_buffer path = {0};
    enum cli_exit code = CLI_DONE;
    size_t done = slw_ceremony_steps_done(folder->ceremony);
    if (done < slw_ceremony_steps_count(folder->ceremony)) {
        cli_note(cli, "%s: %zu of %zu steps are done, and all of them are good", folder->directory,
                 done, slw_ceremony_steps_count(folder->ceremony));
        return CLI_DONE;
    }
    cli_ceremony_root_path(folder, &path);
    enum slw_status status = compare_root(cli, folder, slw_heap_text(&path));
    code = status == SLW_OK ? cli_ceremony_verify_root(cli, folder, slw_heap_text(&path))
                            : cli_fail(cli, status);
    slw_heap_drop(&path);
    return code;
}

enum cli_exit cli_ceremony_verify(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_ceremony folder;
    enum cli_exit code = cli_ceremony_open(cli, arguments->positionals[0],
                                           cli_value(arguments, "--memory"), &folder);
    if (code == CLI_DONE) {
        code = verify_folder(cli, &folder);
        if (code == CLI_DONE) {
            code = remember(cli, arguments, &folder);
        }
        cli_ceremony_close(&folder);
    }
    return code;
}

static void tell_finished(struct cli *cli, const struct cli_ceremony *folder, const char *path)
{
    struct slw_heap_buffer entry = {0};
    enum slw_ceremony_kind kind = slw_ceremony_get_plan(folder->ceremony)->kind;
    cli_ceremony_entry_path(folder->directory, slw_ceremony_steps_count(folder->ceremony) - 1,
                            &entry);
    cli_note(cli,
             "%s: the root; %s: a statement with the whole transcript; `slipway ceremony "
             "submit` puts it into the signing service's log",
             path, slw_heap_text(&entry));
    if (kind == SLW_CEREMONY_RECOVERY) {
        cli_note(cli, "nobody who trusts the former root follows this one by itself: it has to be "
                      "brought to them as the first one was");
    }
    slw_heap_drop(&entry);
}

/* Verified under another name first; then the last entry; then the root gets its name. Killed in
 * between, the command is run again. */
static enum cli_exit finish(struct cli *cli, const struct cli_arguments *arguments,
                            struct cli_ceremony *folder, const char *path, const char *draft_path)
{
    struct slw_heap_buffer root = {0};
    enum slw_status status = slw_ceremony_result(folder->ceremony, &root, &cli->detail);
    /* Of an earlier attempt, or a link that whoever carried the folder put there: not written
     * through. */
    (void)unlink(draft_path);
    enum cli_exit code = status == SLW_OK ? cli_write_file(cli, draft_path, 0, &root)
                                          : cli_error(cli, "%s", cli->detail.text);
    slw_heap_drop(&root);
    if (code == CLI_DONE) {
        code = cli_ceremony_verify_root(cli, folder, draft_path);
    }
    if (code == CLI_DONE &&
        slw_ceremony_steps_done(folder->ceremony) < slw_ceremony_steps_count(folder->ceremony)) {
        code = ask(cli, arguments, folder);
        if (code == CLI_DONE) {
            code = sign_step(cli, arguments, folder);
        }
    }
    if (code == CLI_DONE && rename(draft_path, path) != 0) {
        code = cli_error(cli, "%s: %s", path, strerror(errno));
    }
    if (code == CLI_DONE) {
        tell_finished(cli, folder, path);
    } else {
        (void)unlink(draft_path);
    }
    return code;
}

enum cli_exit cli_ceremony_finish(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_ceremony folder;
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer draft_path = {0};
    enum cli_exit code = cli_ceremony_open(cli, arguments->positionals[0],
                                           cli_value(arguments, "--memory"), &folder);
    if (code != CLI_DONE) {
        return code;
    }
    cli_ceremony_root_path(&folder, &path);
    slw_heap_printf(&draft_path, "%s.unfinished", slw_heap_text(&path));
    code = finish(cli, arguments, &folder, slw_heap_text(&path), slw_heap_text(&draft_path));
    if (code == CLI_DONE) {
        code = remember(cli, arguments, &folder);
    }
    slw_heap_drop(&draft_path);
    slw_heap_drop(&path);
    cli_ceremony_close(&folder);
    return code;
}
