/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exporting what is published to a directory. Names of roles, snapshots and payloads stand for one
 * content each, so they are copied in any order, and nobody asks for them before there is a root or
 * a timestamp that leads there: these come last, when all else is on the disk.
 */
/* For syncfs(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "exchange.h"
#include "publish.h"

#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

struct export
{
    struct slw_tuf_writer *writer;
    const char *directory;
    int descriptor;
};

static enum slw_status flush(const struct export *export, struct slw_detail *detail)
{
    return syncfs(export->descriptor) == 0 ? SLW_OK : slw_explain_errno(detail, export->directory);
}

static enum slw_status put_file(const struct export *export, const char *key,
                                struct slw_bytes bytes, unsigned flags, struct slw_detail *detail)
{
    struct slw_output output;
    if (slw_tuf_below_is(export->descriptor, key, bytes)) {
        return SLW_OK;
    }
    SLW_TRY(slw_output_open_below(export->directory, slw_bytes_make(key, strlen(key)),
                                  SLW_OUTPUT_REPLACE | flags, &output, detail));
    enum slw_status status = slw_output_write(&output, bytes, detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

/* An earlier export had it; what was cut short since, or changed, is put again. */
static bool has_payload(const struct export *export, const char *key,
                        const struct slw_tuf_target *target)
{
    struct slw_tuf_below file;
    struct slw_detail ignored;
    if (slw_tuf_below_open(export->descriptor, export->directory, key, &file, &ignored) != SLW_OK) {
        return false;
    }
    enum slw_status status =
        slw_tuf_payload_pass(&file.source, key, target, NULL, NULL, NULL, &ignored);
    slw_tuf_below_close(&file);
    return status == SLW_OK;
}

static enum slw_status write_piece(void *context, struct slw_bytes piece, struct slw_detail *detail)
{
    return slw_output_write(context, piece, detail);
}

static enum slw_status put_payload(void *context, const char *key,
                                   const struct slw_tuf_target *target, struct slw_detail *detail)
{
    const struct export *export = context;
    struct slw_storage_source source;
    struct slw_output output;
    SLW_TRY(slw_storage_source_open(export->writer->options.storage, key, &source, detail));
    if (has_payload(export, key, target)) {
        return SLW_OK;
    }
    SLW_TRY(slw_output_open_below(export->directory, slw_bytes_make(key, strlen(key)),
                                  SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY, &output, detail));
    enum slw_status status =
        slw_tuf_payload_pass(&source.source, key, target, write_piece, &output, NULL, detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

static enum slw_status put_role(void *context, const char *role,
                                const struct slw_tuf_edition *edition, struct slw_detail *detail)
{
    const struct export *export = context;
    char key[SLW_TUF_KEY_SIZE];
    slw_tuf_key_of(edition->version, role, key);
    return put_file(export, key, slw_heap_bytes(&edition->file), SLW_OUTPUT_LAZY, detail);
}

static bool is_there(const struct export *export, const char *key)
{
    struct slw_tuf_below file;
    struct slw_detail ignored;
    if (slw_tuf_below_open(export->descriptor, export->directory, key, &file, &ignored) != SLW_OK) {
        return false;
    }
    slw_tuf_below_close(&file);
    return true;
}

/*
 * "Version N+1 of the root metadata file MUST have been signed by: (1) a threshold of keys
 * specified in the trusted root metadata file (version N), and (2) a threshold of keys specified in
 * the new root metadata file being validated (version N+1)." (5.3.4) previous is NULL for the
 * first.
 */
static enum slw_status check_root(const struct export *export,
                                  const struct slw_tuf_edition *previous,
                                  const struct slw_tuf_edition *root, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    bool by_itself = false;
    bool by_previous = true;
    slw_tuf_key_of(root->version, "root", key);
    SLW_TRY(slw_tuf_publish_is_signed(root, SLW_TUF_ROOT, root, &by_itself, detail));
    if (previous != NULL) {
        SLW_TRY(slw_tuf_publish_is_signed(previous, SLW_TUF_ROOT, root, &by_previous, detail));
    }
    if (!by_itself) {
        return slw_explain(detail, SLW_ROOT_SELF_UNSIGNED, "%s: isn't signed by its own keys", key);
    }
    if (!by_previous) {
        return slw_explain(detail, SLW_ROOT_UNTRUSTED,
                           "%s: isn't signed by the keys of the root before it", key);
    }
    if (is_there(export, key) &&
        !slw_tuf_below_is(export->descriptor, key, slw_heap_bytes(&root->file))) {
        return slw_explain(detail, SLW_WRONG_STATE,
                           "%s/%s: is another root than this repository's: nothing is exported "
                           "over it",
                           export->directory, key);
    }
    return SLW_OK;
}

static enum slw_status put_root(const struct export *export, const struct slw_tuf_edition *previous,
                                const struct slw_tuf_edition *root, struct slw_detail *detail)
{
    (void)previous;
    return put_role((void *)(uintptr_t) export, "root", root, detail);
}

static enum slw_status each_root(const struct export *export,
                                 enum slw_status (*each)(const struct export *export,
                                                         const struct slw_tuf_edition *previous,
                                                         const struct slw_tuf_edition *root,
                                                         struct slw_detail *detail),
                                 struct slw_detail *detail)
{
    const struct slw_tuf_writer *writer = export->writer;
    int64_t last = slw_tuf_writer_root(writer)->published->version;
    struct slw_tuf_edition *previous = NULL;
    enum slw_status status = SLW_OK;
    for (int64_t version = writer->settings.first_root; status == SLW_OK && version <= last;
         version++) {
        struct slw_tuf_edition *root = NULL;
        status = slw_tuf_edition_fetch(writer, SLW_TUF_ROOT, "root", version, &root, detail);
        if (status == SLW_OK) {
            status = each(export, previous, root, detail);
        }
        slw_tuf_edition_free(previous);
        previous = root;
    }
    slw_tuf_edition_free(previous);
    return status;
}

static enum slw_status export_all(struct export *export, struct slw_detail *detail)
{
    const struct slw_tuf_writer *writer = export->writer;
    const struct slw_tuf_carrier carrier = {put_payload, export, "the repository"};
    SLW_TRY(each_root(export, check_root, detail));
    SLW_TRY(slw_tuf_carry_payloads(writer, &carrier, detail));
    SLW_TRY(slw_tuf_reach_each(writer, put_role, export, detail));
    SLW_TRY(put_role(export, "snapshot", writer->snapshot, detail));
    SLW_TRY(flush(export, detail));
    SLW_TRY(each_root(export, put_root, detail));
    SLW_TRY(flush(export, detail));
    return put_file(export, "metadata/timestamp.json", slw_heap_bytes(&writer->timestamp->file), 0,
                    detail);
}

enum slw_status slw_tuf_writer_export(struct slw_tuf_writer *writer, const char *directory,
                                      struct slw_detail *detail)
{
    struct export export = {writer, directory, -1};
    SLW_TRY(slw_tuf_published_load(writer, detail));
    SLW_TRY(slw_tuf_staged_load(writer, detail));
    if (writer->timestamp == NULL) {
        return slw_explain(detail, SLW_WRONG_STATE, "nothing is published yet");
    }
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, directory);
    }
    export.descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (export.descriptor < 0) {
        return slw_explain_errno(detail, directory);
    }
    enum slw_status status = export_all(&export, detail);
    close(export.descriptor);
    return status;
}
