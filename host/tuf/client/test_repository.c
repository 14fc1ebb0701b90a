/* SPDX-License-Identifier: Apache-2.0 */
/* Making, signing and serving the repository of test_repository.h. Anything unexpected ends it. */
#include "test_repository.h"

#include "slipway/crypto.h"
#include "slipway/explain.h"
#include "slipway/json_reader.h"
#include "slipway/keys.h"
#include "slipway/tuf_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "test repository: %s\n", what);
        abort();
    }
}

static struct slw_private_key *new_key(void)
{
    struct slw_private_key *key = NULL;
    struct slw_detail detail;
    must(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &detail) == SLW_OK, "no key");
    return key;
}

static void append_key_id(const struct slw_private_key *key, struct slw_heap_buffer *text)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    must(slw_tuf_public_key_id(slw_private_key_public(key), id) == SLW_OK, "no key id");
    slw_heap_append(text, slw_bytes_make(id, sizeof id));
}

static void append_hash(struct slw_bytes bytes, struct slw_heap_buffer *text)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, digest);
    slw_hex(slw_bytes_make(digest, sizeof digest), text);
}

struct test_role *test_role(struct test_repository *repository, const char *name)
{
    for (size_t i = 0; i < repository->roles_count; i++) {
        if (strcmp(repository->roles[i].name, name) == 0) {
            return &repository->roles[i];
        }
    }
    return NULL;
}

static struct test_role *add_role(struct test_repository *repository, const char *name)
{
    must(repository->roles_count < TEST_ROLES_MAX, "too many roles");
    struct test_role *role = &repository->roles[repository->roles_count++];
    *role = (struct test_role){.key = new_key(), .expires = TEST_LATER};
    (void)snprintf(role->name, sizeof role->name, "%s", name);
    return role;
}

struct test_file *test_file(struct test_repository *repository, const char *path)
{
    for (size_t i = 0; i < repository->files_count; i++) {
        if (strcmp(repository->files[i].path, path) == 0) {
            return &repository->files[i];
        }
    }
    return NULL;
}

/* Takes bytes over. */
static void put_file(struct test_repository *repository, const char *path,
                     struct slw_heap_buffer bytes)
{
    struct test_file *file = test_file(repository, path);
    if (file == NULL) {
        must(repository->files_count < TEST_FILES_MAX, "too many files");
        file = &repository->files[repository->files_count++];
        file->path = strdup(path);
    } else {
        slw_heap_free(&file->bytes);
    }
    file->bytes = bytes;
}

/* The envelope around what is signed, which is freed. */
static struct slw_heap_buffer sign(struct slw_heap_buffer *content,
                                   const struct slw_private_key *key)
{
    struct slw_json_document json;
    struct slw_detail detail;
    struct slw_heap_buffer scratch = {0};
    struct slw_heap_buffer text = {0};
    must(slw_json_parse("test", slw_heap_bytes(content), &json, &detail) == SLW_OK, detail.text);
    struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
    slw_heap_append_text(&text, "{\"signatures\":[{\"keyid\":\"");
    append_key_id(key, &text);
    slw_heap_append_text(&text, "\",\"sig\":\"");
    must(slw_tuf_sign(key, canonical, &text, &detail) == SLW_OK, "can't sign");
    slw_heap_append_text(&text, "\"}],\"signed\":");
    slw_heap_append(&text, slw_heap_bytes(content));
    slw_heap_append_text(&text, "}\n");
    slw_heap_free(content);
    slw_heap_free(&scratch);
    slw_json_document_free(&json);
    return text;
}

static void begin(const struct test_role *role, const char *type, struct slw_heap_buffer *text)
{
    slw_heap_printf(text,
                    "{\"_type\":\"%s\",\"expires\":\"%s\",\"spec_version\":\"1.0.34\",\"version\":"
                    "%" PRId64,
                    type, role->expires, role->version);
}

static void append_listed_key(const struct slw_private_key *key, struct slw_heap_buffer *text)
{
    slw_heap_append_text(text, "\"");
    append_key_id(key, text);
    slw_heap_append_text(text, "\":");
    slw_tuf_key_format(slw_private_key_public(key), text);
}

static struct slw_heap_buffer root_text(const struct test_repository *repository)
{
    struct slw_heap_buffer text = {0};
    begin(&repository->roles[0], "root", &text);
    slw_heap_printf(&text, ",\"consistent_snapshot\":%s,\"keys\":{",
                    repository->consistent ? "true" : "false");
    for (size_t i = 0; i < 4; i++) {
        slw_heap_append_text(&text, i == 0 ? "" : ",");
        append_listed_key(repository->roles[i].key, &text);
        if (repository->roles[i].second_key != NULL) {
            slw_heap_append_text(&text, ",");
            append_listed_key(repository->roles[i].second_key, &text);
        }
    }
    slw_heap_append_text(&text, "},\"roles\":{");
    for (size_t i = 0; i < 4; i++) {
        slw_heap_printf(&text, "%s\"%s\":{\"threshold\":1,\"keyids\":[\"", i == 0 ? "" : ",",
                        repository->roles[i].name);
        append_key_id(repository->roles[i].key, &text);
        if (repository->roles[i].second_key != NULL) {
            slw_heap_append_text(&text, "\",\"");
            append_key_id(repository->roles[i].second_key, &text);
        }
        slw_heap_append_text(&text, "\"]}");
    }
    slw_heap_append_text(&text, "}}");
    return text;
}

/* "N.ROLE.json", or without the number. */
static void role_path(const struct test_repository *repository, const struct test_role *role,
                      char path[static TEST_PATH_SIZE])
{
    struct slw_heap_buffer name = {0};
    bool numbered = strcmp(role->name, "root") == 0 ||
                    (repository->consistent && strcmp(role->name, "timestamp") != 0);
    slw_tuf_encode_name(slw_bytes_make(role->name, strlen(role->name)), &name);
    if (numbered) {
        (void)snprintf(path, TEST_PATH_SIZE, "%" PRId64 ".%s.json", role->version,
                       slw_heap_text(&name));
    } else {
        (void)snprintf(path, TEST_PATH_SIZE, "%s.json", slw_heap_text(&name));
    }
    slw_heap_free(&name);
}

static void append_meta(struct test_repository *repository, const struct test_role *role,
                        struct slw_heap_buffer *text)
{
    char path[TEST_PATH_SIZE];
    slw_heap_printf(text, "\"%s.json\":{\"version\":%" PRId64, role->name, role->version);
    role_path(repository, role, path);
    const struct test_file *file = test_file(repository, path);
    if (repository->with_hashes && file != NULL) {
        slw_heap_printf(text, ",\"length\":%zu,\"hashes\":{\"sha256\":\"", file->bytes.len);
        append_hash(slw_heap_bytes(&file->bytes), text);
        slw_heap_append_text(text, "\"}");
    }
    slw_heap_append_text(text, "}");
}

static struct slw_heap_buffer snapshot_text(struct test_repository *repository)
{
    struct slw_heap_buffer text = {0};
    bool first = true;
    begin(&repository->roles[2], "snapshot", &text);
    slw_heap_append_text(&text, ",\"meta\":{");
    for (size_t i = 3; i < repository->roles_count; i++) {
        if (!repository->roles[i].is_omitted) {
            slw_heap_append_text(&text, first ? "" : ",");
            append_meta(repository, &repository->roles[i], &text);
            first = false;
        }
    }
    slw_heap_append_text(&text, "}}");
    return text;
}

static struct slw_heap_buffer timestamp_text(struct test_repository *repository)
{
    struct slw_heap_buffer text = {0};
    begin(&repository->roles[1], "timestamp", &text);
    slw_heap_append_text(&text, ",\"meta\":{");
    append_meta(repository, &repository->roles[2], &text);
    slw_heap_append_text(&text, "}}");
    return text;
}

static struct slw_heap_buffer targets_text(const struct test_role *role)
{
    struct slw_heap_buffer text = {0};
    begin(role, "targets", &text);
    slw_heap_append_text(&text, ",\"targets\":{");
    slw_heap_append(&text, slw_heap_bytes(&role->targets));
    slw_heap_append_text(&text, "}");
    if (role->keys.len > 0) {
        slw_heap_append_text(&text, ",\"delegations\":{\"keys\":{");
        slw_heap_append(&text, slw_heap_bytes(&role->keys));
        slw_heap_append_text(&text, "},");
        if (role->bins.len > 0) {
            slw_heap_append(&text, slw_heap_bytes(&role->bins));
        } else {
            slw_heap_append_text(&text, "\"roles\":[");
            slw_heap_append(&text, slw_heap_bytes(&role->delegations));
            slw_heap_append_text(&text, "]");
        }
        slw_heap_append_text(&text, "}");
    }
    slw_heap_append_text(&text, "}");
    return text;
}

void test_publish(struct test_repository *repository, const char *name)
{
    char path[TEST_PATH_SIZE];
    struct test_role *role = test_role(repository, name);
    struct slw_heap_buffer text = {0};
    role->version++;
    if (strcmp(name, "root") == 0) {
        text = root_text(repository);
    } else if (strcmp(name, "timestamp") == 0) {
        text = timestamp_text(repository);
    } else if (strcmp(name, "snapshot") == 0) {
        text = snapshot_text(repository);
    } else {
        text = targets_text(role);
    }
    role_path(repository, role, path);
    put_file(repository, path, sign(&text, role->key));
}

void test_publish_all(struct test_repository *repository)
{
    for (size_t i = repository->roles_count - 1; i >= 3; i--) {
        test_publish(repository, repository->roles[i].name);
    }
    test_publish(repository, "snapshot");
    test_publish(repository, "timestamp");
}

void test_rotate(struct test_repository *repository, const char *name)
{
    struct test_role *role = test_role(repository, name);
    slw_private_key_free(role->key);
    role->key = new_key();
}

/* "HASH.name" with the hash in front of the last part, or the path itself. */
static void offer_target(struct test_repository *repository, const char *path, const char *content)
{
    struct slw_heap_buffer place = {0};
    struct slw_heap_buffer bytes = {0};
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    slw_heap_append_text(&bytes, content);
    slw_heap_append(&place, slw_bytes_make(path, (size_t)(base - path)));
    if (repository->consistent) {
        append_hash(slw_heap_bytes(&bytes), &place);
        slw_heap_append_text(&place, ".");
    }
    slw_heap_append_text(&place, base);
    put_file(repository, slw_heap_text(&place), bytes);
    slw_heap_free(&place);
}

void test_add_target(struct test_repository *repository, const char *name, const char *path,
                     const char *content)
{
    struct test_role *role = test_role(repository, name);
    slw_heap_printf(&role->targets, "%s\"%s\":{\"length\":%zu,\"hashes\":{\"sha256\":\"",
                    role->targets.len == 0 ? "" : ",", path, strlen(content));
    append_hash(slw_bytes_make(content, strlen(content)), &role->targets);
    slw_heap_append_text(&role->targets, "\"}}");
    offer_target(repository, path, content);
}

struct test_role *test_delegate(struct test_repository *repository, const char *delegator,
                                const char *name, const char *pattern, bool terminating)
{
    struct test_role *role = test_role(repository, name);
    if (role == NULL) {
        role = add_role(repository, name);
    }
    struct test_role *from = test_role(repository, delegator);
    slw_heap_append_text(&from->keys, from->keys.len == 0 ? "" : ",");
    append_listed_key(role->key, &from->keys);
    slw_heap_printf(&from->delegations, "%s{\"name\":\"%s\",\"threshold\":1,\"terminating\":%s,",
                    from->delegations.len == 0 ? "" : ",", name, terminating ? "true" : "false");
    slw_heap_printf(&from->delegations, "\"paths\":[\"%s\"],\"keyids\":[\"", pattern);
    append_key_id(role->key, &from->delegations);
    slw_heap_append_text(&from->delegations, "\"]}");
    return role;
}

void test_delegate_to_bins(struct test_repository *repository, const char *delegator,
                           const char *prefix, unsigned bit_length)
{
    struct test_role *from = test_role(repository, delegator);
    struct slw_private_key *key = new_key();
    append_listed_key(key, &from->keys);
    slw_heap_append_text(&from->bins, "\"succinct_roles\":{\"threshold\":1,\"keyids\":[\"");
    append_key_id(key, &from->bins);
    slw_heap_printf(&from->bins, "\"],\"bit_length\":%u,\"name_prefix\":\"%s\"}", bit_length,
                    prefix);
    for (unsigned bin = 0; bin >> bit_length == 0; bin++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s-%0*x", prefix, (int)(bit_length + 3) / 4, bin);
        struct test_role *role = add_role(repository, name);
        slw_private_key_free(role->key);
        role->key = key; /* freed with the first that has it */
    }
}

void test_fault(struct test_repository *repository, unsigned mirror, const char *part,
                enum test_fault_kind kind, uint64_t number)
{
    must(repository->faults_count < TEST_FAULTS_MAX, "too many faults");
    repository->faults[repository->faults_count++] =
        (struct test_fault){mirror, part, kind, number, UINT32_MAX};
}

static struct test_fault *fault_of(struct test_repository *repository, unsigned mirror,
                                   const char *path)
{
    for (size_t i = 0; i < repository->faults_count; i++) {
        struct test_fault *fault = &repository->faults[i];
        if (fault->mirror == mirror && fault->times > 0 && strstr(path, fault->part) != NULL) {
            fault->times -= fault->times == UINT32_MAX ? 0 : 1;
            return fault;
        }
    }
    return NULL;
}

static void log_request(struct test_repository *repository, unsigned mirror,
                        const struct slw_fetch_request *request)
{
    must(repository->requests_count < TEST_REQUESTS_MAX, "too many requests");
    repository->requests[repository->requests_count++] =
        (struct test_request){mirror, strdup(request->path), request->resume_from};
}

/* Sends bytes from an offset on, a few at a time, as the fault has it. */
static enum slw_status send(const struct test_file *file, const struct test_fault *fault,
                            const struct slw_fetch_request *request,
                            const struct slw_fetch_sink *sink)
{
    enum test_fault_kind kind = fault == NULL ? (enum test_fault_kind)0 : fault->kind;
    uint64_t offset = kind == TEST_NO_RESUME ? 0 : request->resume_from;
    uint64_t end = file->bytes.len + (kind == TEST_LONGER ? fault->number : 0);
    if (offset > file->bytes.len) {
        return SLW_UNAVAILABLE;
    }
    SLW_TRY(sink->begin(sink->context, offset));
    for (uint64_t at = offset; at < end; at++) {
        uint8_t byte = at < file->bytes.len ? file->bytes.ptr[at] : 'x';
        if (kind == TEST_CUT && at - offset == fault->number) {
            return SLW_UNAVAILABLE;
        }
        if (at == request->limit) {
            return SLW_TOO_LARGE;
        }
        byte ^= kind == TEST_CORRUPT && at == file->bytes.len / 2 ? 1 : 0;
        SLW_TRY(sink->write(sink->context, slw_bytes_make(&byte, 1)));
    }
    return SLW_OK;
}

static enum slw_status get(void *context, unsigned mirror, const struct slw_fetch_request *request,
                           const struct slw_fetch_sink *sink, struct slw_detail *detail)
{
    struct test_repository *repository = context;
    const struct test_file *file = test_file(repository, request->path);
    const struct test_fault *fault = fault_of(repository, mirror, request->path);
    log_request(repository, mirror, request);
    detail->text[0] = '\0';
    if (fault != NULL && fault->kind == TEST_UNAVAILABLE) {
        return SLW_UNAVAILABLE;
    }
    if (fault != NULL && fault->kind == TEST_SLOW) {
        return SLW_SLOW_RETRIEVAL;
    }
    if (file == NULL || (fault != NULL && fault->kind == TEST_ABSENT)) {
        return SLW_NOT_FOUND;
    }
    return send(file, fault, request, sink);
}

const char *test_take_requests(struct test_repository *repository)
{
    static char text[65536];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < repository->requests_count; i++) {
        struct test_request *request = &repository->requests[i];
        char from[32] = "";
        if (request->resume_from != 0) {
            (void)snprintf(from, sizeof from, "@%" PRIu64, request->resume_from);
        }
        int count = snprintf(text + len, sizeof text - len, "%s%u:%s%s", i == 0 ? "" : " ",
                             request->mirror, request->path, from);
        must(count > 0 && (size_t)count < sizeof text - len, "too many requests");
        len += (size_t)count;
        free(request->path);
    }
    repository->requests_count = 0;
    return text;
}

void test_repository_init(struct test_repository *repository, unsigned mirrors)
{
    static const char *const names[] = {"root", "timestamp", "snapshot", "targets"};
    *repository = (struct test_repository){.consistent = true};
    repository->port =
        (struct slw_fetch_port){.context = repository, .mirrors = mirrors, .get = get};
    for (size_t i = 0; i < 4; i++) {
        (void)add_role(repository, names[i]);
    }
    test_publish(repository, "root");
    test_publish_all(repository);
}

void test_repository_free(struct test_repository *repository)
{
    (void)test_take_requests(repository);
    for (size_t i = 0; i < repository->roles_count; i++) {
        struct test_role *role = &repository->roles[i];
        if (i == 0 || role->key != repository->roles[i - 1].key) {
            slw_private_key_free(role->key);
        }
        slw_private_key_free(role->second_key);
        slw_heap_free(&role->targets);
        slw_heap_free(&role->delegations);
        slw_heap_free(&role->keys);
        slw_heap_free(&role->bins);
    }
    for (size_t i = 0; i < repository->files_count; i++) {
        free(repository->files[i].path);
        slw_heap_free(&repository->files[i].bytes);
    }
}
