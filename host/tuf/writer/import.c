/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adopting a repository that others made. All of it is verified, and read as the writer reads what
 * is published, before anything of it is put. Until the settings and then the timestamp are there,
 * it is no repository to anybody, and the same import can be run again.
 */
#include "exchange.h"
#include "gather.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define TIMESTAMP_KEY "metadata/timestamp.json"

struct import {
    struct slw_tuf_writer *writer; /* of the storage that the repository comes to */
    const char *directory;
    int descriptor; /* of directory */
    struct slw_memory_storage *memory;
    const struct slw_storage *verified; /* its metadata, in memory */
    struct slw_tuf_writer *published;   /* the same, read */
    char in_the_way[SLW_TUF_KEY_SIZE];  /* "": nothing */
    struct slw_detail *detail;          /* of what a list is told */
};

static enum slw_status note_any(void *context, const char *key)
{
    struct import *import = context;
    memcpy(import->in_the_way, key, strlen(key) + 1);
    return SLW_WRONG_STATE;
}

/* What a killed import has put is among what this one will put. */
static enum slw_status note_others(void *context, const char *key)
{
    struct import *import = context;
    const struct slw_storage *verified = import->verified;
    uint64_t size = 0;
    struct slw_detail ignored;
    bool is_ours = strcmp(key, TIMESTAMP_KEY) != 0 &&
                   verified->size(verified->context, key, &size, &ignored) == SLW_OK;
    return is_ours ? SLW_OK : note_any(context, key);
}

static enum slw_status check_list(struct import *import, const char *prefix,
                                  enum slw_status (*note)(void *context, const char *key),
                                  struct slw_detail *detail)
{
    const struct slw_storage *storage = import->writer->options.storage;
    import->in_the_way[0] = '\0';
    enum slw_status status = storage->list(storage->context, prefix, note, import, detail);
    return import->in_the_way[0] == '\0'
               ? status
               : slw_explain(detail, SLW_WRONG_STATE,
                             "%s is there already: a repository is adopted where there is none",
                             import->in_the_way);
}

/* Those that a killed import has put are like the ones that this one will put. */
static enum slw_status check_settings(struct import *import, struct slw_detail *detail)
{
    const struct slw_tuf_settings *ours = &import->writer->settings;
    struct slw_tuf_settings theirs;
    enum slw_status status = slw_tuf_settings_load(import->writer, &theirs, detail);
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    SLW_TRY(status);
    bool same = ours->first_root == theirs.first_root;
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        same = same && ours->periods[i].expires_s == theirs.periods[i].expires_s &&
               ours->periods[i].due_s == theirs.periods[i].due_s;
    }
    return same ? SLW_OK
                : slw_explain(detail, SLW_WRONG_STATE, "there are settings of another repository");
}

/* First looked at before the work of verifying, when all that can be said is that a repository is
 * there. */
static enum slw_status check_vacant(struct import *import, struct slw_detail *detail)
{
    SLW_TRY(check_list(import, TIMESTAMP_KEY, note_any, detail));
    return check_list(import, "staged/", note_any, detail);
}

static enum slw_status read_published(struct import *import, int64_t first_root,
                                      struct slw_detail *detail)
{
    struct slw_tuf_writer_options options = import->writer->options;
    options.storage = import->verified;
    SLW_TRY(slw_tuf_writer_new(&options, &import->published, detail));
    import->published->settings.first_root = first_root;
    return slw_tuf_published_load(import->published, detail);
}

static enum slw_status put_payload(void *context, const char *key,
                                   const struct slw_tuf_target *target, struct slw_detail *detail)
{
    const struct import *import = context;
    struct slw_tuf_below file;
    uint8_t sha256[SLW_SHA256_SIZE];
    SLW_TRY(slw_tuf_below_open(import->descriptor, import->directory, key, &file, detail));
    enum slw_status status =
        slw_tuf_payload_pass(&file.source, key, target, NULL, NULL, sha256, detail);
    if (status == SLW_OK) {
        status = slw_tuf_payload_put(import->writer, key, &file.source, sha256, detail);
    }
    slw_tuf_below_close(&file);
    return status;
}

static enum slw_status put_metadata(void *context, const char *key)
{
    struct import *import = context;
    struct slw_heap_buffer bytes = {0};
    if (strcmp(key, TIMESTAMP_KEY) == 0) {
        return SLW_OK;
    }
    enum slw_status status = import->verified->get(
        import->verified->context, key, SLW_TUF_EDITION_BYTES_MAX, &bytes, import->detail);
    if (status == SLW_OK) {
        status = slw_tuf_store_put(import->writer, key, slw_heap_bytes(&bytes), import->detail);
    }
    slw_heap_free(&bytes);
    return status;
}

/* Under the lease. */
static enum slw_status put_all(struct import *import, struct slw_detail *detail)
{
    const struct slw_storage *verified = import->verified;
    const struct slw_tuf_edition *timestamp = import->published->timestamp;
    import->detail = detail;
    SLW_TRY(check_vacant(import, detail));
    SLW_TRY(check_list(import, "metadata/", note_others, detail));
    SLW_TRY(check_settings(import, detail));
    SLW_TRY(verified->list(verified->context, "metadata/", put_metadata, import, detail));
    SLW_TRY(slw_tuf_settings_store(import->writer, detail));
    return slw_tuf_store_replace(import->writer, TIMESTAMP_KEY, slw_heap_bytes(&timestamp->file),
                                 detail);
}

/* Names in the snapshot that nobody delegates to are of roles that went: their files can't be
 * verified, and nobody asks for them. */
static void tell_unreachable(const struct import *import)
{
    const struct slw_tuf_model *snapshot = import->published->snapshot->model;
    for (size_t i = 0; i < slw_tuf_model_metas_count(snapshot); i++) {
        char key[SLW_TUF_KEY_SIZE];
        char role[SLW_TUF_WRITER_NAME_MAX + 1];
        struct slw_tuf_meta_version meta;
        struct slw_detail ignored;
        uint64_t size = 0;
        slw_tuf_model_meta(snapshot, i, &meta);
        if (meta.role.len > SLW_TUF_WRITER_NAME_MAX) {
            continue;
        }
        memcpy(role, meta.role.ptr, meta.role.len);
        role[meta.role.len] = '\0';
        slw_tuf_key_of(meta.version, role, key);
        if (import->verified->size(import->verified->context, key, &size, &ignored) != SLW_OK) {
            slw_tuf_writer_tell(import->writer,
                                "%s: the snapshot names it, and nobody delegates to it: not "
                                "adopted",
                                key);
        }
    }
}

static enum slw_status adopt(struct import *import, const char *root_name,
                             struct slw_bytes trusted_root, struct slw_detail *detail)
{
    const struct slw_tuf_carrier carrier = {put_payload, import, import->directory};
    int64_t first_root = 0;
    SLW_TRY(check_vacant(import, detail));
    SLW_TRY(slw_memory_storage_new(&import->memory, detail));
    import->verified = slw_memory_storage_port(import->memory);
    SLW_TRY(slw_tuf_import_verify(import->writer, import->directory, root_name, trusted_root,
                                  import->verified, &first_root, detail));
    SLW_TRY(read_published(import, first_root, detail));
    import->writer->settings.first_root = first_root;
    SLW_TRY(slw_tuf_carry_payloads(import->published, &carrier, detail));
    tell_unreachable(import);
    SLW_TRY(slw_tuf_writer_enter(import->writer, detail));
    return slw_tuf_writer_leave(import->writer, put_all(import, detail), detail);
}

enum slw_status slw_tuf_writer_import(const struct slw_tuf_writer_options *options,
                                      const char *directory, const char *root_name,
                                      struct slw_bytes trusted_root, struct slw_detail *detail)
{
    struct import import = {.directory = directory};
    import.descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (import.descriptor < 0) {
        return slw_explain_errno(detail, directory);
    }
    enum slw_status status = slw_tuf_writer_new(options, &import.writer, detail);
    if (status == SLW_OK) {
        status = adopt(&import, root_name, trusted_root, detail);
    }
    slw_tuf_writer_close(import.published);
    slw_tuf_writer_close(import.writer);
    slw_memory_storage_free(import.memory);
    close(import.descriptor);
    return status;
}
