/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Role files of a TUF repository that are found in the wild: whatever a key of the service signed
 * in them must be in the log. Called by `slipway audit verify --repo`.
 */
#include "audit.h"

#include "slipway/files.h"
#include "slipway/policy.h"
#include "slipway/tuf_metadata.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROLE_FILE_SIZE_MAX 67108864u
#define ROLE_FILES_MAX 65536u

/* --- What the log has --- */

static bool get_digits(const struct slw_json_document *json, struct slw_bytes name, char *ret_text)
{
    struct slw_bytes text = slw_json_string(json, slw_json_member(json, SLW_JSON_TOP, name));
    if (text.len != 2 * SLW_SHA256_SIZE) {
        return false;
    }
    memcpy(ret_text, text.ptr, text.len);
    return true;
}

static enum slw_status add(struct cli_audit_signed *list, const struct cli_audit_signature *one,
                           struct slw_detail *detail)
{
    struct cli_audit_signature *grown = slw_heap_grow(list->items, list->count, sizeof *one);
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    list->items = grown;
    list->items[list->count++] = *one;
    list->is_sorted = false;
    return SLW_OK;
}

enum slw_status cli_audit_signed_note(struct cli_audit_signed *list,
                                      const struct slw_log_entry *entry, struct slw_detail *detail)
{
    struct cli_audit_signature one;
    struct slw_json_document json;
    struct slw_detail unheard;
    if (entry->leaf.kind != SLW_LOG_RECORD ||
        slw_json_parse("record", entry->text, &json, &unheard) != SLW_OK) {
        return SLW_OK; /* the auditor says so */
    }
    struct slw_bytes kind =
        slw_json_string(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("kind")));
    bool is_one = slw_bytes_equal(kind, SLW_BYTES_OF("signature")) &&
                  get_digits(&json, SLW_BYTES_OF("sha256"), one.sha256) &&
                  get_digits(&json, SLW_BYTES_OF("key_id"), one.key_id);
    slw_json_document_free(&json);
    return is_one ? add(list, &one, detail) : SLW_OK;
}

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(struct cli_audit_signature));
}

static void put_digits(const uint8_t *bytes, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static bool is_logged(struct cli_audit_signed *list, const uint8_t *sha256, const uint8_t *key_id)
{
    struct cli_audit_signature wanted = {{0}, {0}};
    put_digits(sha256, wanted.sha256);
    put_digits(key_id, wanted.key_id);
    if (!list->is_sorted && list->count > 0) {
        qsort(list->items, list->count, sizeof *list->items, compare);
    }
    list->is_sorted = true;
    return list->count > 0 &&
           bsearch(&wanted, list->items, list->count, sizeof wanted, compare) != NULL;
}

void cli_audit_signed_free(struct cli_audit_signed *list)
{
    free(list->items);
    *list = (struct cli_audit_signed){0};
}

/* --- What a repository has --- */

struct hunt {
    struct cli *cli;
    const struct slw_audit *audit;
    struct cli_audit_signed *logged;
    size_t files;
    size_t signatures; /* by the service's keys */
    size_t missing;
};

/* Whether a key signed a file, under whatever key id that lists it. */
static bool is_signed_by(const struct slw_tuf_file *file, const struct slw_public_key *public_key)
{
    struct slw_tuf_key key = {.kind = public_key->type == SLW_KEY_TYPE_P256 ? SLW_TUF_KEY_P256
                                                                            : SLW_TUF_KEY_ED25519};
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, file->signatures);
    uint32_t element = SLW_JSON_NONE;
    memcpy(key.value, public_key->value, public_key->value_len);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes sig = slw_json_string(
            &file->json, slw_json_member(&file->json, element, SLW_BYTES_OF("sig")));
        if (slw_tuf_key_verify(&key, file->canonical, file->digest, sig) == SLW_OK) {
            return true;
        }
    }
    return false;
}

/* Whether a key came already: policies name the same ones again and again. */
static bool came_before(const struct slw_audit *audit, size_t number, const uint8_t *key_id)
{
    for (size_t i = 0; i < number; i++) {
        if (memcmp(slw_audit_named_key(audit, i)->key.id, key_id, SLW_SHA256_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void look_into(struct hunt *hunt, const char *path, const struct slw_tuf_file *file)
{
    const struct slw_policy_signing_key *key = NULL;
    for (size_t i = 0; (key = slw_audit_named_key(hunt->audit, i)) != NULL; i++) {
        if (came_before(hunt->audit, i, key->key.id) ||
            !is_signed_by(file, &key->key.as.public_key)) {
            continue;
        }
        hunt->signatures++;
        if (!is_logged(hunt->logged, file->digest, key->key.id)) {
            char words[4600];
            (void)snprintf(words, sizeof words,
                           "%s: signed by %.*s, and the log doesn't contain that", path,
                           (int)key->name.len, (const char *)key->name.ptr);
            (void)cli_refuse(hunt->cli, SLW_LOG_DAMAGED, words);
            hunt->missing++;
        }
    }
}

static enum slw_status parse_role(const char *path, const struct slw_heap_buffer *bytes,
                                  struct slw_tuf_file *ret_file, struct slw_detail *detail)
{
    enum slw_status status = SLW_WRONG_ROLE;
    for (unsigned type = 0; type < SLW_TUF_TYPES && status == SLW_WRONG_ROLE; type++) {
        struct slw_heap_buffer copy = {0};
        slw_heap_append(&copy, slw_heap_bytes(bytes));
        status = slw_tuf_file_parse(path, &copy, ROLE_FILE_SIZE_MAX, (enum slw_tuf_type)type,
                                    ret_file, detail);
        slw_heap_drop(&copy);
    }
    return status;
}

static enum slw_status read_role(struct hunt *hunt, const char *path, struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    if (++hunt->files > ROLE_FILES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u role files", ROLE_FILES_MAX);
    }
    enum slw_status status = slw_file_read(path, ROLE_FILE_SIZE_MAX, &bytes, detail);
    if (status == SLW_OK) {
        status = parse_role(path, &bytes, &file, detail);
    }
    if (status == SLW_OK) {
        look_into(hunt, path, &file);
        slw_tuf_file_free(&file);
    }
    slw_heap_drop(&bytes);
    return status;
}

static bool is_role_file(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static enum slw_status read_roles(struct hunt *hunt, const char *directory)
{
    struct slw_detail *detail = &hunt->cli->detail;
    struct dirent **names = NULL;
    int count = scandir(directory, &names, NULL, alphasort);
    enum slw_status status = count < 0 ? slw_explain_errno(detail, directory) : SLW_OK;
    for (int i = 0; i < count; i++) {
        struct slw_heap_buffer path = {0};
        if (status == SLW_OK && is_role_file(names[i]->d_name)) {
            slw_heap_printf(&path, "%s/%s", directory, names[i]->d_name);
            status = read_role(hunt, slw_heap_text(&path), detail);
        }
        slw_heap_drop(&path);
        free(names[i]);
    }
    free(names);
    return status;
}

enum cli_exit cli_audit_hunt(struct cli *cli, const struct slw_audit *audit,
                             struct cli_audit_signed *logged, const char *repository,
                             size_t *ret_missing)
{
    struct hunt hunt = {.cli = cli, .audit = audit, .logged = logged};
    struct slw_heap_buffer metadata = {0};
    struct stat facts;
    slw_heap_printf(&metadata, "%s/metadata", repository);
    bool is_whole = stat(slw_heap_text(&metadata), &facts) == 0 && S_ISDIR(facts.st_mode);
    enum slw_status status = read_roles(&hunt, is_whole ? slw_heap_text(&metadata) : repository);
    slw_heap_drop(&metadata);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    if (hunt.files == 0) {
        return cli_error(cli, "%s: has no role files", repository);
    }
    cli_note(cli, "%s: %zu role files, %zu signatures by keys of the service, %zu not in the log",
             repository, hunt.files, hunt.signatures, hunt.missing);
    *ret_missing = hunt.missing;
    return hunt.missing == 0 ? CLI_DONE : CLI_REFUSED;
}
