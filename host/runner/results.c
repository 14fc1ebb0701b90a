/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job left becomes artifacts, and a statement of the runner's: of a build its provenance, of
 * a test its result, about content that was measured here. Called by work.c when nothing of the job
 * runs any more.
 */
#include "part.h"

#include "slipway/content_digest.h"
#include "slipway/dsse.h"
#include "slipway/explain.h"
#include "slipway/provenance.h"
#include "slipway/signed_draft.h"
#include "slipway/text.h"
#include "slipway/time_text.h"
#include "slipway/token.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGETS_MESSAGE_SIZE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)
#define AWAY_FIRST_MS 1000
#define AWAY_MOST_MS 15000
#define FILE_NAME_MAX 56u /* with the attempt's number an artifact's name */

/* --- A bundle --- */

static enum slw_status measure_targets(const char *name, const struct slw_bundle_index *index,
                                       struct slw_bytes message,
                                       uint8_t ret_content[SLW_SHA256_SIZE],
                                       struct slw_heap_buffer *ret_product,
                                       struct slw_detail *detail)
{
    struct slw_signed_draft draft;
    struct slw_targets_draft targets = {0};
    SLW_TRY(slw_signed_draft_parse(name, message, &draft, detail));
    SLW_TRY(slw_targets_check_content(draft.serialized, detail));
    SLW_TRY(slw_targets_draft_parse(draft.serialized, &targets, detail));
    enum slw_status status = slw_content_digest(&targets, ret_content, detail);
    if (status == SLW_OK) {
        status = slw_bundle_check_payloads(name, index, &targets, detail);
    }
    if (status == SLW_OK && ret_product != NULL) {
        slw_heap_append(ret_product, targets.product);
    }
    slw_targets_draft_free(&targets);
    return status;
}

enum slw_status runner_measure(const char *name, const struct slw_source *source,
                               uint8_t ret_content[SLW_SHA256_SIZE],
                               struct slw_heap_buffer *ret_product, struct slw_detail *detail)
{
    struct slw_bundle_index index = {0};
    struct slw_heap_buffer message = {0};
    SLW_TRY(slw_bundle_index_read(name, source, &index, detail));
    enum slw_status status = index.has_targets
                                 ? SLW_OK
                                 : slw_explain(detail, SLW_MISSING_TARGETS, "%s: %s", name,
                                               slw_status_meaning(SLW_MISSING_TARGETS));
    if (status == SLW_OK) {
        status = slw_source_load(name, source, index.targets, TARGETS_MESSAGE_SIZE_MAX, &message,
                                 detail);
    }
    if (status == SLW_OK) {
        status = measure_targets(name, &index, slw_heap_bytes(&message), ret_content, ret_product,
                                 detail);
    }
    slw_heap_drop(&message);
    slw_bundle_index_free(&index);
    return status;
}

/* --- Uploading --- */

/* Until it is there, however long the depot is away; not beyond the lease, and not while stopping.
 */
static enum slw_status upload(struct runner_work *work, const char *kind, const char *name,
                              const char *build, const struct slw_source *source,
                              struct slw_detail *detail)
{
    int pause_ms = AWAY_FIRST_MS;
    for (;;) {
        enum slw_status status =
            runner_upload(work->runner->client, work->lease, kind, name, build, source, detail);
        if (!runner_is_away(status)) {
            return status;
        }
        runner_say(work->runner, "%s; trying again", detail->text);
        if (runner_heart_word(&work->heart) != RUNNER_GO_ON ||
            !runner_pause(work->runner, work->heart.wake, pause_ms)) {
            return status;
        }
        pause_ms = 2 * pause_ms < AWAY_MOST_MS ? 2 * pause_ms : AWAY_MOST_MS;
    }
}

static enum slw_status upload_text(struct runner_work *work, const char *kind, const char *name,
                                   const struct slw_heap_buffer *text, struct slw_detail *detail)
{
    struct slw_memory_source source;
    if (text->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    slw_memory_source_init(&source, slw_heap_bytes(text));
    return upload(work, kind, name, "", &source.source, detail);
}

/* Signs a statement and uploads the envelope. */
static enum slw_status state(struct runner_work *work, const char *kind, struct slw_bytes payload,
                             struct slw_detail *detail)
{
    const struct slw_key_settings settings = {.passphrase_path = work->job->passphrase_file};
    struct slw_heap_buffer envelope = {0};
    struct slw_private_key *key = NULL;
    SLW_TRY(slw_key_open(work->job->key, &settings, &key, NULL, detail));
    enum slw_status status = slw_dsse_sign(key, SLW_DSSE_INTOTO, payload, &envelope, detail);
    slw_private_key_free(key);
    if (status == SLW_OK) {
        status = upload_text(work, kind, "", &envelope, detail);
    }
    slw_heap_drop(&envelope);
    return status;
}

/* Where to read about this attempt, and what names it. */
static void append_url(const struct runner_work *work, struct slw_heap_buffer *url)
{
    slw_heap_printf(url, "%s/api/v1/products/%s/jobs/%lld?attempt=%lld",
                    work->runner->settings->depot, work->lease->product, (long long)work->lease->id,
                    (long long)work->lease->attempt);
}

static enum slw_status state_provenance(struct runner_work *work,
                                        const uint8_t content[SLW_SHA256_SIZE],
                                        struct slw_detail *detail)
{
    char began[SLW_TIME_TEXT_SIZE];
    char ended[SLW_TIME_TEXT_SIZE];
    struct slw_heap_buffer url = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_provenance provenance = {
        .subject_name = slw_text_bytes(work->lease->product),
        .builder_id = slw_text_bytes(work->job->builder_id),
        .build_type = slw_text_bytes(work->job->build_type),
        .source = slw_text_bytes(work->job->source),
        .git_commit = slw_text_bytes(work->lease->commit),
        .started_on = slw_text_bytes(slw_time_format(work->began_utc_s, began)),
        .finished_on = slw_text_bytes(slw_time_format(work->ended_utc_s, ended)),
    };
    append_url(work, &url);
    provenance.invocation_id = slw_heap_bytes(&url);
    memcpy(provenance.content, content, sizeof provenance.content);
    /* Whoever started the job chose this, so the policy has to see it. */
    if (work->lease->ref[0] != '\0') {
        provenance.parameters[provenance.parameters_count++] = (struct slw_provenance_parameter){
            .name = SLW_BYTES_OF("ref"),
            .is_text = true,
            .value = slw_text_bytes(work->lease->ref),
        };
    }
    enum slw_status status = slw_provenance_format(&provenance, &payload, detail);
    if (status == SLW_OK) {
        status = state(work, "endorsement", slw_heap_bytes(&payload), detail);
    }
    slw_heap_drop(&payload);
    slw_heap_drop(&url);
    return status;
}

static enum slw_status state_result(struct runner_work *work, struct slw_detail *detail)
{
    static const enum slw_test_outcome outcomes[] = {
        [SLW_RUNNER_PASSED] = SLW_TEST_PASSED,
        [SLW_RUNNER_WARNED] = SLW_TEST_WARNED,
        [SLW_RUNNER_FAILED] = SLW_TEST_FAILED,
    };
    struct slw_heap_buffer url = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_file_source bundle;
    struct slw_test_result result = {
        .subject_name = slw_text_bytes(work->lease->product),
        .outcome = outcomes[work->outcome],
        .suite = slw_text_bytes(work->job->name),
    };
    SLW_TRY(slw_file_source_open(slw_heap_text(&work->bundle), &bundle, detail));
    enum slw_status status = runner_measure("bundle", &bundle.source, result.content, NULL, detail);
    slw_file_source_close(&bundle);
    append_url(work, &url);
    result.url = slw_heap_bytes(&url);
    if (status == SLW_OK) {
        status = slw_test_result_format(&result, &payload, detail);
    }
    if (status == SLW_OK) {
        status = state(work, "test-result", slw_heap_bytes(&payload), detail);
    }
    slw_heap_drop(&payload);
    slw_heap_drop(&url);
    return status;
}

/* --- Files --- */

/* Names of what stands in `out`, sorted. */
struct left {
    char names[SLW_RUNNER_FILES_MAX][FILE_NAME_MAX + 1];
    size_t count;
    int directory;
};

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name);
    size_t end_len = strlen(end);
    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_sbom(const char *name)
{
    return ends_with(name, ".sbom.json") || ends_with(name, ".spdx.json") ||
           ends_with(name, ".cdx.json");
}

/* What an artifact may be called (DEPOT.md, section 4); a job may leave anything. */
static bool is_good_name(const char *name)
{
    size_t len = strlen(name);
    size_t good = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "_.-@+");
    return len > 0 && len <= FILE_NAME_MAX && good == len && name[0] != '.' && name[0] != '-';
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(left, right);
}

static enum slw_status list(struct runner_work *work, struct left *ret_left,
                            struct slw_detail *detail)
{
    struct left left = {.count = 0};
    const struct dirent *entry;
    left.directory =
        openat(work->jail.files, "out", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int copy = left.directory < 0 ? -1 : fcntl(left.directory, F_DUPFD_CLOEXEC, 3);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (entries == NULL) {
        return slw_explain_errno(detail, "what the job left");
    }
    while ((entry = readdir(entries)) != NULL && left.count < SLW_RUNNER_FILES_MAX) {
        if (is_good_name(entry->d_name)) {
            slw_text_copy(slw_text_bytes(entry->d_name), sizeof left.names[0],
                          left.names[left.count++]);
        }
    }
    (void)closedir(entries);
    qsort(left.names, left.count, sizeof left.names[0], compare_names);
    *ret_left = left;
    return SLW_OK;
}

/* A regular file that the job left, whatever it could have put in its place. */
static enum slw_status open_left(const struct left *left, const char *name, int *ret_file,
                                 struct slw_file_source *ret_source, struct slw_detail *detail)
{
    char path[32];
    struct stat about;
    int file = openat(left->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        if (file >= 0) {
            (void)close(file);
        }
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: isn't a file that can be read", name);
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    enum slw_status status = slw_file_source_open(path, ret_source, detail);
    if (status != SLW_OK) {
        (void)close(file);
        return status;
    }
    *ret_file = file;
    return SLW_OK;
}

static enum slw_status deliver_file(struct runner_work *work, const struct left *left,
                                    const char *name, const char *kind, struct slw_detail *detail)
{
    char shown[SLW_RUNNER_NAME_MAX + 1] = "";
    struct slw_file_source source;
    int file = -1;
    bool is_log = strcmp(kind, "log") == 0;
    SLW_TRY(open_left(left, name, &file, &source, detail));
    if (is_log) {
        (void)snprintf(shown, sizeof shown, "%lld-%s", (long long)work->lease->attempt, name);
    }
    enum slw_status status =
        upload(work, kind, shown, is_log ? "" : work->build, &source.source, detail);
    slw_file_source_close(&source);
    (void)close(file);
    return status;
}

/* DEPOT.md, section 5.1: the bundle that a build job brings is one. */
static enum slw_status find_bundle(const struct left *left, const char **ret_name,
                                   struct slw_detail *detail)
{
    const char *found = NULL;
    for (size_t i = 0; i < left->count; i++) {
        if (ends_with(left->names[i], ".bundle")) {
            if (found != NULL) {
                return slw_explain(detail, SLW_BAD_ARGUMENT, "it left more than one bundle");
            }
            found = left->names[i];
        }
    }
    if (found == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "it left no bundle in SLIPWAY_OUT");
    }
    *ret_name = found;
    return SLW_OK;
}

static enum slw_status deliver_source(struct runner_work *work, const char *name,
                                      const struct slw_source *source, struct slw_detail *detail)
{
    uint8_t content[SLW_SHA256_SIZE];
    struct slw_heap_buffer product = {0};
    struct slw_heap_buffer hex = {0};
    enum slw_status status = runner_measure(name, source, content, &product, detail);
    if (status == SLW_OK &&
        !slw_bytes_equal(slw_heap_bytes(&product), slw_text_bytes(work->lease->product))) {
        status = slw_explain(detail, SLW_WRONG_PRODUCT, "%s: isn't of this product", name);
    }
    slw_heap_drop(&product);
    if (status == SLW_OK) {
        status = upload(work, "bundle", "", "", source, detail);
    }
    if (status == SLW_OK) {
        slw_hex(slw_bytes_make(content, sizeof content), &hex);
        slw_text_copy(slw_heap_bytes(&hex), sizeof work->build, work->build);
        slw_heap_drop(&hex);
        status = state_provenance(work, content, detail);
    }
    return status;
}

static enum slw_status deliver_build(struct runner_work *work, const struct left *left,
                                     struct slw_detail *detail)
{
    struct slw_file_source source;
    const char *name = NULL;
    int file = -1;
    enum slw_status status = find_bundle(left, &name, detail);
    if (status == SLW_OK) {
        status = open_left(left, name, &file, &source, detail);
    }
    if (status == SLW_OK) {
        status = deliver_source(work, name, &source.source, detail);
        slw_file_source_close(&source);
        (void)close(file);
    }
    return status;
}

static enum slw_status deliver_rest(struct runner_work *work, const struct left *left, bool sboms,
                                    struct slw_detail *detail)
{
    for (size_t i = 0; i < left->count; i++) {
        const char *name = left->names[i];
        if (sboms && work->build[0] != '\0' && is_sbom(name)) {
            SLW_TRY(deliver_file(work, left, name, "sbom", detail));
        }
        if (!sboms && ends_with(name, ".log")) {
            SLW_TRY(deliver_file(work, left, name, "log", detail));
        }
    }
    return SLW_OK;
}

static enum slw_status deliver_output(struct runner_work *work, struct slw_detail *detail)
{
    char name[32];
    struct slw_heap_buffer text = {0};
    (void)snprintf(name, sizeof name, "%lld-output", (long long)work->lease->attempt);
    runner_output_text(&work->output, &text);
    enum slw_status status = text.len == 0 ? SLW_OK : upload_text(work, "log", name, &text, detail);
    slw_heap_drop(&text);
    return status;
}

static bool ran_to_its_end(const struct runner_work *work)
{
    return work->outcome == SLW_RUNNER_PASSED || work->outcome == SLW_RUNNER_WARNED ||
           work->outcome == SLW_RUNNER_FAILED;
}

static enum slw_status deliver_all(struct runner_work *work, struct slw_detail *detail)
{
    struct left left = {.directory = -1};
    SLW_TRY(list(work, &left, detail));
    bool is_build = work->job->kind == SLW_RUNNER_BUILD;
    enum slw_status status = SLW_OK;
    if (is_build && work->outcome != SLW_RUNNER_FAILED) {
        status = deliver_build(work, &left, detail);
    }
    if (status == SLW_OK) {
        status = deliver_rest(work, &left, true, detail);
    }
    if (status == SLW_OK && !is_build) {
        status = state_result(work, detail);
    }
    if (status == SLW_OK) {
        status = deliver_rest(work, &left, false, detail);
    }
    (void)close(left.directory);
    return status;
}

enum slw_status runner_deliver(struct runner_work *work, struct slw_detail *detail)
{
    enum slw_status status = ran_to_its_end(work) ? deliver_all(work, detail) : SLW_OK;
    /* What it printed is wanted most when something is wrong. */
    struct slw_detail second = {""};
    enum slw_status printed = runner_is_away(status) ? SLW_OK : deliver_output(work, &second);
    if (status == SLW_OK && printed != SLW_OK) {
        *detail = second;
    }
    return status != SLW_OK ? status : printed;
}
