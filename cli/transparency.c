/* SPDX-License-Identifier: Apache-2.0 */
/* The log and its witnesses out of options (transparency.h). */
#include "transparency.h"

#include "values.h"

#include <string.h>

static bool read_key(struct cli *cli, const char *option, const char *text, enum slw_note_type type,
                     struct slw_note_key *ret_key)
{
    if (slw_note_key_parse(option, slw_bytes_make(text, strlen(text)), ret_key, &cli->detail) !=
        SLW_OK) {
        (void)cli_usage(cli, "%s", cli->detail.text);
        return false;
    }
    if (ret_key->type != type) {
        (void)cli_usage(cli, "%s %s: is %s", option, ret_key->name,
                        ret_key->type == SLW_NOTE_ED25519 ? "a log's key, not a witness's"
                                                          : "a witness's key, not a log's");
        return false;
    }
    return true;
}

static struct slw_transparency_key device_key(const struct slw_note_key *key)
{
    struct slw_transparency_key device = {.name = slw_bytes_make(key->name, strlen(key->name))};
    memcpy(device.ed25519, key->value, sizeof device.ed25519);
    return device;
}

static bool read_witnesses(struct cli *cli, const struct cli_arguments *arguments,
                           struct cli_transparency *transparency)
{
    size_t count = cli_count(arguments, "--witness");
    if (count > SLW_TRANSPARENCY_WITNESSES_MAX) {
        (void)cli_usage(cli, "at most %u witnesses", SLW_TRANSPARENCY_WITNESSES_MAX);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_key(cli, "--witness", cli_nth(arguments, "--witness", i), SLW_NOTE_COSIGNATURE,
                      &transparency->witnesses[i])) {
            return false;
        }
        transparency->device_witnesses[i] = device_key(&transparency->witnesses[i]);
    }
    transparency->witnesses_count = count;
    return true;
}

/* What is wrong with keys that are right by themselves. */
static bool check(struct cli *cli, const struct cli_transparency *transparency)
{
    const struct slw_transparency *wanted = &transparency->transparency;
    if (wanted->quorum > wanted->witnesses_count) {
        (void)cli_usage(cli, "--witness-quorum %zu: there %s %zu --witness", wanted->quorum,
                        wanted->witnesses_count == 1 ? "is" : "are", wanted->witnesses_count);
        return false;
    }
    if (slw_transparency_check(wanted) != SLW_OK) {
        (void)cli_usage(cli,
                        "--log, --witness: a key or a key id twice, or a name of more than %u "
                        "bytes",
                        SLW_TRANSPARENCY_NAME_SIZE_MAX);
        return false;
    }
    return true;
}

bool cli_transparency_read(struct cli *cli, const struct cli_arguments *arguments,
                           struct cli_transparency *ret_transparency)
{
    const char *log = cli_value(arguments, "--log");
    uint32_t quorum = 0;
    *ret_transparency = (struct cli_transparency){.given = log != NULL};
    if (log == NULL) {
        if (cli_has(arguments, "--witness") || cli_has(arguments, "--witness-quorum")) {
            (void)cli_usage(cli, "--witness and --witness-quorum want --log");
            return false;
        }
        return true;
    }
    if (!read_key(cli, "--log", log, SLW_NOTE_ED25519, &ret_transparency->log) ||
        !read_witnesses(cli, arguments, ret_transparency)) {
        return false;
    }
    quorum = (uint32_t)ret_transparency->witnesses_count;
    if (!cli_number(cli, arguments, "--witness-quorum", &quorum)) {
        return false;
    }
    ret_transparency->transparency = (struct slw_transparency){
        .log = device_key(&ret_transparency->log),
        .witnesses = ret_transparency->device_witnesses,
        .witnesses_count = ret_transparency->witnesses_count,
        .quorum = quorum,
    };
    return check(cli, ret_transparency);
}

const struct slw_transparency *
cli_transparency_expected(const struct cli_transparency *transparency)
{
    return transparency->given ? &transparency->transparency : NULL;
}

const char *cli_transparency_name(const struct cli_transparency *transparency,
                                  enum slw_note_type type,
                                  const uint8_t id[static SLW_NOTE_KEY_ID_SIZE])
{
    if (!transparency->given) {
        return NULL;
    }
    if (type == SLW_NOTE_ED25519) {
        return memcmp(id, transparency->log.id, SLW_NOTE_KEY_ID_SIZE) == 0 ? transparency->log.name
                                                                           : NULL;
    }
    for (size_t i = 0; i < transparency->witnesses_count; i++) {
        if (memcmp(id, transparency->witnesses[i].id, SLW_NOTE_KEY_ID_SIZE) == 0) {
            return transparency->witnesses[i].name;
        }
    }
    return NULL;
}
