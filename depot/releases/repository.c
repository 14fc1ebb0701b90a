/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the repository for writing. See repository.h; keys.conf is that of `slipway repo`. */
#include "repository.h"

#include "slipway/ini.h"
#include "slipway/text.h"
#include "slipway/token.h"

#include <stdio.h>
#include <stdlib.h>

#define SERVICE_PREFIX "signer:"
#define WAIT_S 1
#define LIFE_S (3u * 24 * 3600)

const char *repository_directory(const struct depot_settings *settings)
{
    const char *storage = settings->repository.storage;
    return strncmp(storage, "dir:", strlen("dir:")) == 0 ? storage + strlen("dir:") : NULL;
}

struct reading {
    struct repository *repository;
    enum slw_status status;
    struct slw_detail *detail;
};

/* A relative path begins where keys.conf is. */
static void join(const char *conf, const char *value, char path[static 1200])
{
    const char *slash = strrchr(conf, '/');
    int len = slash == NULL || value[0] == '/' ? 0 : (int)(slash - conf) + 1;
    (void)snprintf(path, 1200, "%.*s%s", len, conf, value);
}

/* In a file, or in a token. */
static enum slw_status take_own_key(struct reading *reading, const char *conf, const char *value,
                                    struct repository_key *key)
{
    char path[1200];
    if (slw_token_is_uri(value)) {
        key->token_key = releases_token_key(value);
        return key->token_key != NULL
                   ? SLW_OK
                   : slw_explain(reading->detail, SLW_NOT_FOUND,
                                 "%s: %s: keys in tokens are opened when the depot starts", conf,
                                 key->role);
    }
    join(conf, value, path);
    return slw_private_key_load(path, NULL, &key->private_key, reading->detail);
}

static enum slw_status take_key(struct reading *reading, const char *role, const char *value)
{
    struct repository *repository = reading->repository;
    const char *conf = repository->depot->settings->repository.keys;
    size_t prefix = strlen(SERVICE_PREFIX);
    char path[1200];
    if (repository->keys_count == REPOSITORY_KEYS_MAX) {
        return slw_explain(reading->detail, SLW_TOO_LARGE, "%s: more than %u keys", conf,
                           REPOSITORY_KEYS_MAX);
    }
    struct repository_key *key = &repository->keys[repository->keys_count];
    *key = (struct repository_key){.private_key = NULL};
    slw_text_copy(slw_text_bytes(role), sizeof key->role, key->role);
    if (strncmp(value, SERVICE_PREFIX, prefix) != 0) {
        SLW_TRY(take_own_key(reading, conf, value, key));
        repository->keys_count++;
        return SLW_OK;
    }
    const char *name = value + prefix;
    size_t len = strcspn(name, " \t");
    const char *file = name + len + strspn(name + len, " \t");
    if (len == 0 || len >= sizeof key->name || file[0] == '\0') {
        return slw_explain(reading->detail, SLW_BAD_ARGUMENT,
                           "%s: %s = %s: wants " SERVICE_PREFIX "NAME PUBLIC-KEY-FILE", conf, role,
                           value);
    }
    slw_text_copy(slw_bytes_make(name, len), sizeof key->name, key->name);
    join(conf, file, path);
    SLW_TRY(slw_public_key_load(path, &key->public_key, reading->detail));
    repository->keys_count++;
    return SLW_OK;
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    reading->status = strcmp(section, "keys") == 0
                          ? take_key(reading, name, value)
                          : slw_explain(reading->detail, SLW_BAD_ARGUMENT,
                                        "keys.conf: unknown section [%s]", section);
    return reading->status == SLW_OK;
}

static enum slw_status read_keys(struct repository *repository, struct slw_detail *detail)
{
    const char *conf = repository->depot->settings->repository.keys;
    struct reading reading = {.repository = repository, .detail = detail};
    if (conf[0] == '\0') {
        return SLW_OK;
    }
    enum slw_status status = slw_ini_read(conf, take_line, &reading, detail);
    SLW_TRY(reading.status);
    SLW_TRY(status);
    for (size_t i = 0; i < repository->keys_count; i++) {
        const struct repository_key *key = &repository->keys[i];
        if (key->private_key != NULL || key->token_key != NULL) {
            repository->file_roles[repository->file_keys.count] = key->role;
            repository->file_values[repository->file_keys.count] =
                key->private_key != NULL ? key->private_key : key->token_key;
            repository->file_keys.count++;
        } else {
            repository->service_keys[repository->service_keys_count++] =
                (struct slw_signer_tuf_key){key->role, key->name, &key->public_key};
        }
    }
    return SLW_OK;
}

static enum slw_status make_providers(struct repository *repository, struct slw_detail *detail)
{
    repository->file_keys.names = repository->file_roles;
    repository->file_keys.keys = repository->file_values;
    SLW_TRY(slw_tuf_file_provider_new(&repository->file_keys, &repository->files, detail));
    repository->options.provider = &repository->files;
    if (repository->service_keys_count == 0) {
        return SLW_OK;
    }
    SLW_TRY(releases_service_open(repository->depot->settings, &repository->service, detail));
    repository->has_service = true;
    repository->settings = (struct slw_signer_tuf_settings){
        .client = repository->service.client,
        .signer = repository->service.log.name,
        .requester = repository->service.requester,
        .keys = repository->service_keys,
        .keys_count = repository->service_keys_count,
        .directory = repository->requests,
        .storage = repository->options.storage,
        .wait_s = WAIT_S,
        .others = &repository->files,
    };
    SLW_TRY(slw_signer_tuf_provider_new(&repository->settings, &repository->asked, detail));
    repository->options.provider = &repository->asked;
    return SLW_OK;
}

static void tell(void *context, const char *what)
{
    struct repository *repository = context;
    slw_heap_printf(&repository->told, "%s\n", what);
}

static enum slw_status open_all(struct repository *repository, struct slw_detail *detail)
{
    char spool[600];
    SLW_TRY(releases_spool(repository->depot->settings, spool, detail));
    (void)snprintf(repository->requests, sizeof repository->requests, "%.500s/roles", spool);
    (void)snprintf(repository->client, sizeof repository->client, "%s/client", spool);
    (void)snprintf(repository->holder, sizeof repository->holder, "slipway-depot %s",
                   repository->depot->replica);
    repository->options = (struct slw_tuf_writer_options){
        .holder = repository->holder,
        .tell = tell,
        .tell_context = repository,
        .online_life_s = LIFE_S,
    };
    SLW_TRY(repository_store_open(repository, detail));
    SLW_TRY(read_keys(repository, detail));
    SLW_TRY(make_providers(repository, detail));
    return slw_tuf_writer_open(&repository->options, &repository->writer, detail);
}

enum slw_status repository_open(struct depot *depot, int64_t token,
                                struct repository *ret_repository, struct slw_detail *detail)
{
    memset(ret_repository, 0, sizeof *ret_repository);
    ret_repository->depot = depot;
    ret_repository->token = (uint64_t)token;
    enum slw_status status = open_all(ret_repository, detail);
    if (status != SLW_OK) {
        repository_close(ret_repository);
    }
    return status;
}

void repository_close(struct repository *repository)
{
    if (repository->writer != NULL) {
        slw_tuf_writer_close(repository->writer);
    }
    slw_signer_tuf_provider_free(&repository->asked);
    slw_tuf_file_provider_free(&repository->files);
    if (repository->has_service) {
        releases_service_close(&repository->service);
    }
    for (size_t i = 0; i < repository->keys_count; i++) {
        slw_private_key_free(repository->keys[i].private_key);
    }
    repository_store_close(repository);
    slw_heap_drop(&repository->told);
    repository->writer = NULL;
    repository->keys_count = 0;
    repository->has_service = false;
}

/* --- As a client sees it --- */

struct looking {
    struct repository_question *questions;
    size_t count;
};

/* TUF 4.5: "HASHES and LENGTH are the hash and length of the target file." */
static bool has_hash(const struct slw_tuf_target *target,
                     const uint8_t sha256[static SLW_SHA256_SIZE])
{
    char digest[DEPOT_DIGEST_SIZE];
    struct slw_bytes listed = slw_json_string(
        target->json, slw_json_member(target->json, target->hashes, SLW_BYTES_OF("sha256")));
    return slw_bytes_equal(listed, slw_text_bytes(depot_digest_format(sha256, digest)));
}

static enum slw_status compare(void *context, struct slw_bytes role,
                               const struct slw_tuf_target *target)
{
    struct looking *looking = context;
    for (size_t i = 0; i < looking->count; i++) {
        struct repository_question *question = &looking->questions[i];
        if (slw_bytes_equal(role, slw_text_bytes(question->role)) &&
            slw_bytes_equal(target->path, slw_text_bytes(question->path))) {
            question->is_listed = true;
            question->is_right =
                target->length == question->size && has_hash(target, question->sha256);
        }
    }
    return SLW_OK;
}

static enum slw_status ask_client(struct slw_tuf_client *client, struct looking *looking,
                                  struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_client_refresh(client, detail));
    for (size_t i = 0; i < looking->count; i++) {
        SLW_TRY(slw_tuf_client_list(client, looking->questions[i].role, looking->questions[i].path,
                                    compare, looking, detail));
    }
    return SLW_OK;
}

static void note_seen(struct repository *repository, const struct slw_tuf_client *client)
{
    for (unsigned type = 0; type < SLW_TUF_TYPES; type++) {
        struct slw_tuf_common common;
        if (slw_tuf_client_trusted(client, (enum slw_tuf_type)type, &common)) {
            repository->seen[type].version = common.version;
            repository->seen[type].expires_utc_s = common.expires_utc_s;
        }
    }
}

static enum slw_status trust(struct repository *repository, struct slw_detail *detail)
{
    struct slw_heap_buffer root = {0};
    const struct slw_storage *storage = repository->options.storage;
    enum slw_status status =
        storage->get(storage->context, "metadata/1.root.json", 1u << 20, &root, detail);
    if (status == SLW_OK) {
        status = slw_tuf_client_trust_first(repository->client, "metadata/1.root.json",
                                            slw_heap_bytes(&root), SLW_TUF_KEY_IDS_ANY, detail);
    }
    slw_heap_drop(&root);
    return status;
}

enum slw_status repository_look(struct repository *repository,
                                struct repository_question *questions, size_t count,
                                struct slw_detail *detail)
{
    struct looking looking = {.questions = questions, .count = count};
    struct repository_reader reader;
    struct slw_tuf_client *client = NULL;
    for (size_t i = 0; i < count; i++) {
        questions[i].is_listed = questions[i].is_right = false;
    }
    SLW_TRY(trust(repository, detail));
    enum slw_status status = repository_reader_open(repository->depot->settings, &reader, detail);
    const struct slw_tuf_client_options options = {
        .metadata_directory = repository->client,
        .fetch = reader.port,
        .key_ids = SLW_TUF_KEY_IDS_ANY,
    };
    if (status == SLW_OK) {
        status = slw_tuf_client_open(&options, &client, detail);
    }
    if (status == SLW_OK) {
        status = ask_client(client, &looking, detail);
        note_seen(repository, client);
        slw_tuf_client_free(client);
    }
    repository_reader_close(&reader);
    return status;
}
