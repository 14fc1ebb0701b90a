/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway ceremony plan`: who takes part in a ceremony, and what it is to make. */
#include "ceremony.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/tuf_key.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const kinds[] = {"", "new-root", "rotation", "revocation", "recovery", NULL};
static const char *const formats[] = {"", "bundle", "repository", NULL};

/* Everything is a view of the command line. */
struct planning {
    struct cli *cli;
    const struct cli_arguments *arguments;
    struct slw_ceremony_plan plan;
};

/* Splits LEFT=RIGHT; false after saying so. */
static bool split(struct cli *cli, const char *option, const char *text, struct slw_bytes *ret_left,
                  const char **ret_right)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0') {
        (void)cli_usage(cli, "%s %s: has the form LEFT=RIGHT", option, text);
        return false;
    }
    *ret_left = slw_bytes_make(text, (size_t)(equals - text));
    *ret_right = equals + 1;
    return true;
}

static bool find_role(struct cli *cli, const char *option, struct slw_bytes name,
                      enum slw_role *ret_role)
{
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        const char *word = slw_role_name((enum slw_role)role);
        if (slw_bytes_equal(name, slw_bytes_make(word, strlen(word)))) {
            *ret_role = (enum slw_role)role;
            return true;
        }
    }
    (void)cli_usage(cli, "%s %.*s: the roles are root, targets, snapshot and timestamp", option,
                    (int)name.len, (const char *)name.ptr);
    return false;
}

static bool find_person(struct planning *planning, const char *option, struct slw_bytes name,
                        size_t *ret_person)
{
    for (size_t i = 0; i < planning->plan.people_count; i++) {
        if (slw_bytes_equal(planning->plan.people[i].name, name)) {
            *ret_person = i;
            return true;
        }
    }
    (void)cli_usage(planning->cli, "%s %.*s: --participant names everybody who takes part", option,
                    (int)name.len, (const char *)name.ptr);
    return false;
}

static enum cli_exit take_participant(struct planning *planning, struct slw_bytes left,
                                      const char *right)
{
    struct slw_ceremony_person *person = &planning->plan.people[planning->plan.people_count++];
    person->name = left;
    return cli_public_key_load(planning->cli, right, &person->key);
}

static enum cli_exit take_new_key(struct planning *planning, struct slw_bytes left,
                                  const char *right)
{
    struct slw_ceremony_new_key *key = &planning->plan.new_keys[planning->plan.new_keys_count++];
    return find_role(planning->cli, "--new-key", left, &key->role) &&
                   find_person(planning, "--new-key", slw_bytes_make(right, strlen(right)),
                               &key->person)
               ? CLI_DONE
               : CLI_USAGE;
}

static enum cli_exit take_signer(struct planning *planning, struct slw_bytes left,
                                 const char *right)
{
    struct slw_ceremony_signer *signer = &planning->plan.signers[planning->plan.signers_count++];
    return find_person(planning, "--signer", left, &signer->person)
               ? cli_public_key_load(planning->cli, right, &signer->key)
               : CLI_USAGE;
}

/* A key id as it stands, else the id of a public key's file as roots of this format have it. */
static enum cli_exit take_removal(struct planning *planning, struct slw_bytes left,
                                  const char *right)
{
    struct slw_ceremony_removal *removal =
        &planning->plan.removals[planning->plan.removals_count++];
    struct slw_public_key key;
    struct slw_heap_buffer hex = {0};
    if (!find_role(planning->cli, "--remove-key", left, &removal->role)) {
        return CLI_USAGE;
    }
    if (strlen(right) == SLW_CEREMONY_KEY_ID_SIZE &&
        strspn(right, "0123456789abcdef") == SLW_CEREMONY_KEY_ID_SIZE) {
        memcpy(removal->key_id, right, SLW_CEREMONY_KEY_ID_SIZE);
        return CLI_DONE;
    }
    enum cli_exit code = cli_public_key_load(planning->cli, right, &key);
    if (code != CLI_DONE) {
        return code;
    }
    if (planning->plan.format == SLW_CEREMONY_REPOSITORY) {
        enum slw_status status = slw_tuf_public_key_id(&key, removal->key_id);
        return status == SLW_OK ? CLI_DONE : cli_fail(planning->cli, status);
    }
    slw_hex(slw_bytes_make(key.id, sizeof key.id), &hex);
    memcpy(removal->key_id, slw_heap_text(&hex), SLW_CEREMONY_KEY_ID_SIZE);
    slw_heap_free(&hex);
    return CLI_DONE;
}

static enum cli_exit take_threshold(struct planning *planning, struct slw_bytes left,
                                    const char *right)
{
    enum slw_role role = SLW_ROLE_ROOT;
    size_t len = strlen(right);
    uint32_t threshold = 0;
    if (!find_role(planning->cli, "--threshold", left, &role)) {
        return CLI_USAGE;
    }
    for (size_t i = 0; i < len && len <= 2; i++) {
        threshold = right[i] >= '0' && right[i] <= '9' ? threshold * 10 + (uint32_t)(right[i] - '0')
                                                       : SLW_CEREMONY_KEYS_MAX + 1;
    }
    if (threshold == 0 || threshold > SLW_CEREMONY_KEYS_MAX) {
        return cli_usage(planning->cli, "--threshold %s: a number from 1 to %u", right,
                         SLW_CEREMONY_KEYS_MAX);
    }
    planning->plan.thresholds[role] = threshold;
    return CLI_DONE;
}

/* Every LEFT=RIGHT of an option, at most max. */
static enum cli_exit take_all(struct planning *planning, const char *option, size_t max,
                              enum cli_exit (*take)(struct planning *planning,
                                                    struct slw_bytes left, const char *right))
{
    if (cli_count(planning->arguments, option) > max) {
        return cli_usage(planning->cli, "%s: more than %zu", option, max);
    }
    for (size_t i = 0; cli_nth(planning->arguments, option, i) != NULL; i++) {
        struct slw_bytes left;
        const char *right = NULL;
        if (!split(planning->cli, option, cli_nth(planning->arguments, option, i), &left, &right)) {
            return CLI_USAGE;
        }
        enum cli_exit code = take(planning, left, right);
        if (code != CLI_DONE) {
            return code;
        }
    }
    return CLI_DONE;
}

static enum cli_exit take_lists(struct planning *planning)
{
    enum cli_exit code =
        take_all(planning, "--participant", SLW_CEREMONY_PEOPLE_MAX, take_participant);
    if (code == CLI_DONE) {
        code = take_all(planning, "--new-key", SLW_CEREMONY_KEYS_MAX, take_new_key);
    }
    if (code == CLI_DONE) {
        code = take_all(planning, "--signer", SLW_CEREMONY_KEYS_MAX, take_signer);
    }
    if (code == CLI_DONE) {
        code = take_all(planning, "--remove-key", SLW_CEREMONY_KEYS_MAX, take_removal);
    }
    return code == CLI_DONE ? take_all(planning, "--threshold", SLW_ROLES_COUNT, take_threshold)
                            : code;
}

static enum cli_exit take_head(struct planning *planning)
{
    struct cli *cli = planning->cli;
    const struct cli_arguments *arguments = planning->arguments;
    struct slw_ceremony_plan *plan = &planning->plan;
    const char *name = cli_value(arguments, "--name");
    const char *reason = cli_value(arguments, "--reason");
    unsigned kind = 0;
    unsigned format = 1;
    unsigned class = SLW_KEY_CLASS_NONE;
    if (!cli_choice(cli, arguments, "--kind", kinds, &kind) ||
        !cli_choice(cli, arguments, "--format", formats, &format) ||
        !cli_choice(cli, arguments, "--key-class", cli_key_class_words, &class) ||
        !cli_time(cli, arguments, "--expires", &plan->has_expires, &plan->expires_utc_s)) {
        return CLI_USAGE;
    }
    plan->name = slw_bytes_make(name, strlen(name));
    plan->reason = slw_bytes_make(reason, reason == NULL ? 0 : strlen(reason));
    plan->kind = (enum slw_ceremony_kind)(kind - 1);
    plan->format = (enum slw_ceremony_format)(format - 1);
    plan->key_class = (enum slw_key_class) class;
    plan->created_utc_s = cli_now_utc_s();
    return RAND_bytes(plan->nonce, sizeof plan->nonce) == 1
               ? CLI_DONE
               : cli_error(cli, "the crypto library has no random bytes");
}

static enum cli_exit make_directories(struct cli *cli, const char *directory)
{
    struct slw_heap_buffer path = {0};
    cli_ceremony_path(directory, "transcript", &path);
    enum cli_exit code = CLI_DONE;
    if ((mkdir(directory, 0777) != 0 && errno != EEXIST) ||
        (mkdir(slw_heap_text(&path), 0777) != 0 && errno != EEXIST)) {
        code = cli_error(cli, "%s: %s", directory, strerror(errno));
    }
    slw_heap_drop(&path);
    return code;
}

static enum cli_exit write_below(struct cli *cli, const char *directory, const char *name,
                                 struct slw_heap_buffer *bytes)
{
    struct slw_heap_buffer path = {0};
    cli_ceremony_path(directory, name, &path);
    enum cli_exit code = cli_write_file(cli, slw_heap_text(&path), 0, bytes);
    slw_heap_drop(&path);
    return code;
}

static enum slw_status read_former(struct planning *planning, struct slw_heap_buffer *former)
{
    const char *path = cli_value(planning->arguments, "--former");
    struct slw_sha256 hash;
    if (path == NULL) {
        return SLW_OK;
    }
    SLW_TRY(slw_file_read(path, SLW_ROOT_SIZE_MAX + 65536u, former, &planning->cli->detail));
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(former));
    slw_sha256_final(&hash, planning->plan.former_sha256);
    planning->plan.has_former = true;
    return SLW_OK;
}

/* The plan is tried before anything is written: with the former root, as everybody will open it. */
static enum cli_exit write_plan(struct planning *planning)
{
    struct cli *cli = planning->cli;
    const char *directory = planning->arguments->positionals[0];
    struct slw_heap_buffer former = {0};
    struct slw_heap_buffer text = {0};
    struct slw_ceremony *ceremony = NULL;
    enum slw_status status = read_former(planning, &former);
    if (status == SLW_OK) {
        status = slw_ceremony_plan_format(&planning->plan, &text, &cli->detail);
    }
    if (status == SLW_OK) {
        status = slw_ceremony_open(slw_heap_bytes(&text), slw_heap_bytes(&former), &ceremony,
                                   &cli->detail);
    }
    enum cli_exit code =
        status == SLW_OK ? make_directories(cli, directory) : cli_fail(cli, status);
    if (code == CLI_DONE && planning->plan.has_former) {
        code = write_below(cli, directory, "former-root", &former);
    }
    if (code == CLI_DONE) {
        code = write_below(cli, directory, "plan.json", &text);
    }
    if (code == CLI_DONE) {
        cli_note(cli, "%s: a ceremony of %zu steps; `slipway ceremony status %s` shows them",
                 directory, slw_ceremony_steps_count(ceremony), directory);
    }
    slw_ceremony_free(ceremony);
    slw_heap_drop(&text);
    slw_heap_drop(&former);
    return code;
}

enum cli_exit cli_ceremony_plan(struct cli *cli, const struct cli_arguments *arguments)
{
    struct planning *planning = calloc(1, sizeof *planning);
    if (planning == NULL) {
        return cli_error(cli, "out of memory");
    }
    planning->cli = cli;
    planning->arguments = arguments;
    enum cli_exit code = take_head(planning);
    if (code == CLI_DONE) {
        code = take_lists(planning);
    }
    if (code == CLI_DONE) {
        code = write_plan(planning);
    }
    free(planning);
    return code;
}
