/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for roles (tuf_request.h). A request is known by its payload, so a waiting one is kept
 * as it was sent; what is kept isn't believed, only sent again: whether it is signed by somebody
 * who may ask, and for what, the service looks at.
 */
#include "tuf_request.h"

#include "slipway/dsse.h"
#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/tuf_change_json.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void sha256_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* Who is asked, and for which key's signature. */
static void hash_addressee(const struct slw_signer_tuf_settings *settings,
                           const struct slw_signer_tuf_key *key,
                           uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, text_of(settings->signer));
    slw_sha256_update(&hash, slw_bytes_make("", 1));
    slw_sha256_update(&hash, text_of(key->name));
    slw_sha256_final(&hash, ret_digest);
}

/* DIR/WHAT-ADDRESSEE.json; both are hexadecimal. */
static enum slw_status name_file(const struct slw_signer_tuf_settings *settings,
                                 const struct slw_signer_tuf_key *key, const char *idempotency_key,
                                 char **ret_path, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_heap_buffer path = {0};
    if (idempotency_key[0] == '\0' ||
        strspn(idempotency_key, "0123456789abcdef") != strlen(idempotency_key) ||
        strlen(idempotency_key) >= SLW_TUF_IDEMPOTENCY_SIZE) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "an idempotency key here has 1 to %u hexadecimal digits",
                           SLW_TUF_IDEMPOTENCY_SIZE - 1);
    }
    hash_addressee(settings, key, digest);
    slw_heap_printf(&path, "%s/%s-", settings->directory, idempotency_key);
    slw_hex(slw_bytes_make(digest, 8), &path);
    slw_heap_append_text(&path, ".json");
    *ret_path = path.status == SLW_OK ? strdup(slw_heap_text(&path)) : NULL;
    slw_heap_free(&path);
    return *ret_path == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

/* False when there is none, or something that isn't one: then another is made in its place. */
static bool load(struct slw_tuf_request *request)
{
    struct slw_dsse envelope;
    struct slw_detail unused;
    if (slw_file_read(request->path, SLW_DSSE_SIZE_MAX, &request->envelope, &unused) != SLW_OK ||
        slw_dsse_parse("kept request", slw_heap_bytes(&request->envelope), &envelope, &unused) !=
            SLW_OK) {
        slw_heap_free(&request->envelope);
        return false;
    }
    sha256_of(envelope.payload, request->id);
    slw_dsse_free(&envelope);
    return true;
}

static enum slw_status make_payload(const struct slw_signer_tuf_settings *settings,
                                    const struct slw_signer_tuf_key *key,
                                    const struct slw_tuf_change *change,
                                    const struct slw_tuf_word *channel_listed,
                                    const struct slw_tuf_request *request,
                                    struct slw_heap_buffer *ret_payload, struct slw_detail *detail)
{
    struct slw_heap_buffer difference = {0};
    struct slw_tuf_added added = {0};
    const struct slw_tuf_word *channel = change->add_count == 0 ? channel_listed : &added.channel;
    if (slw_tuf_added_read(change, &added)) {
        SLW_TRY(slw_tuf_added_find(settings->client, &added, detail));
    }
    struct slw_request said = {
        .subject_name = change->role,
        .signer = text_of(settings->signer),
        .operation = SLW_OPERATION_SIGN_ROLE,
        .key = text_of(key->name),
        .channel = slw_bytes_make(channel->text, channel->len),
        .issued_utc_s = (int64_t)time(NULL),
        .has_release = added.has_request,
    };
    said.expires_utc_s =
        said.issued_utc_s + (settings->valid_s == 0 ? SLW_SIGNER_TUF_VALID_S : settings->valid_s);
    memcpy(said.staged, request->staged, sizeof said.staged);
    memcpy(said.release, added.request, sizeof said.release);
    if (RAND_bytes(said.nonce, (int)sizeof said.nonce) != 1) {
        return slw_explain(detail, SLW_IO_CRYPTO, "no random numbers");
    }
    enum slw_status status = slw_tuf_change_format(change, &difference, detail);
    if (status == SLW_OK) {
        said.change = slw_heap_bytes(&difference);
        status = slw_request_format(&said, ret_payload, detail);
    }
    slw_heap_free(&difference);
    return status;
}

static enum slw_status make(const struct slw_signer_tuf_settings *settings,
                            const struct slw_signer_tuf_key *key,
                            const struct slw_tuf_change *change,
                            const struct slw_tuf_word *channel_listed,
                            struct slw_tuf_request *request, struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    enum slw_status status =
        make_payload(settings, key, change, channel_listed, request, &payload, detail);
    if (status == SLW_OK) {
        sha256_of(slw_heap_bytes(&payload), request->id);
        status = slw_dsse_sign(settings->requester, SLW_DSSE_INTOTO, slw_heap_bytes(&payload),
                               &request->envelope, detail);
    }
    if (status == SLW_OK && mkdir(settings->directory, 0700) != 0 && errno != EEXIST) {
        status = slw_explain_errno(detail, settings->directory);
    }
    if (status == SLW_OK) {
        status = slw_file_write(request->path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE,
                                slw_heap_bytes(&request->envelope), detail);
    }
    slw_heap_free(&payload);
    request->is_new = true;
    return status;
}

enum slw_status slw_tuf_request_take(const struct slw_signer_tuf_settings *settings,
                                     const struct slw_signer_tuf_key *key,
                                     const struct slw_tuf_change *change, struct slw_bytes base,
                                     const struct slw_tuf_word *channel_listed,
                                     const char *idempotency_key,
                                     struct slw_tuf_request *ret_request, struct slw_detail *detail)
{
    struct slw_tuf_request request = {0};
    enum slw_status status = name_file(settings, key, idempotency_key, &request.path, detail);
    sha256_of(base, request.staged);
    if (status == SLW_OK && !load(&request)) {
        status = make(settings, key, change, channel_listed, &request, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_request_free(&request);
        return status;
    }
    *ret_request = request;
    return SLW_OK;
}

static enum slw_status make_stage(const struct slw_signer_tuf_settings *settings,
                                  const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t length,
                                  struct slw_heap_buffer *ret_envelope, struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    struct slw_stage stage = {
        .signer = text_of(settings->signer),
        .length = length,
        .issued_utc_s = (int64_t)time(NULL),
    };
    memcpy(stage.sha256, sha256, sizeof stage.sha256);
    enum slw_status status = slw_stage_format(&stage, &payload, detail);
    if (status == SLW_OK) {
        status = slw_dsse_sign(settings->requester, SLW_DSSE_INTOTO, slw_heap_bytes(&payload),
                               ret_envelope, detail);
    }
    slw_heap_free(&payload);
    return status;
}

enum slw_status slw_tuf_request_stage(const struct slw_signer_tuf_settings *settings,
                                      const uint8_t sha256[static SLW_SHA256_SIZE],
                                      const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_signer_receipt receipt;
    enum slw_status status = make_stage(settings, sha256, source->size, &envelope, detail);
    if (status == SLW_OK) {
        status =
            slw_signer_client_submit(settings->client, slw_heap_bytes(&envelope), &receipt, detail);
    }
    if (status == SLW_OK) {
        status = slw_signer_client_upload(settings->client, sha256, source, NULL, detail);
    }
    slw_heap_free(&envelope);
    return status;
}

void slw_tuf_request_forget(const struct slw_tuf_request *request)
{
    (void)unlink(request->path);
}

void slw_tuf_request_free(struct slw_tuf_request *request)
{
    slw_heap_free(&request->envelope);
    free(request->path);
    *request = (struct slw_tuf_request){0};
}
