/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key provider whose keys are in files. It makes a role's next version itself, out of the base
 * and the change, and signs that: whatever the writer wants signed has to be a valid step.
 */
#include "model.h"

#include <stdlib.h>

#define MESSAGE_KEPT_MAX (4u << 20) /* bytes: the memory for larger messages is given back */

/* A request that was answered: its idempotency key, and what it came to. */
struct request {
    char key[SLW_TUF_IDEMPOTENCY_SIZE];
    uint8_t digest[SLW_SHA256_SIZE];
};

struct provider {
    struct slw_tuf_file_keys keys;
    char (*ids)[SLW_TUF_KEY_ID_SIZE];
    struct request requests[SLW_TUF_PROVIDER_REQUESTS_MAX];
    size_t requests_count; /* of all times; the last ones are kept */
    /* What was signed last, of the two that every publish changes. */
    struct slw_tuf_model *last[SLW_TUF_TYPES];
    struct slw_heap_buffer message; /* of the request that is being answered */
};

/* `lamp-bins*` speaks for lamp-bins-00 and its like. */
bool slw_tuf_name_is_for(struct slw_bytes name, struct slw_bytes role)
{
    if (name.len == 0 || name.ptr[name.len - 1] != '*') {
        return slw_bytes_equal(name, role);
    }
    struct slw_bytes prefix = slw_bytes_make(name.ptr, name.len - 1);
    for (uint32_t bits = 4; bits <= 32; bits += 4) {
        if (slw_tuf_is_bin(role, prefix, bits)) {
            return true;
        }
    }
    return false;
}

static bool speaks_for(const struct provider *provider, size_t key, struct slw_bytes role)
{
    const char *name = provider->keys.names[key];
    return slw_tuf_name_is_for(slw_bytes_make(name, strlen(name)), role);
}

static bool has_key_for(const struct provider *provider, struct slw_bytes role)
{
    for (size_t i = 0; i < provider->keys.count; i++) {
        if (speaks_for(provider, i, role)) {
            return true;
        }
    }
    return false;
}

enum slw_status slw_tuf_model_load_base(enum slw_tuf_type type, struct slw_bytes role,
                                        struct slw_bytes base, struct slw_tuf_model **ret_model,
                                        struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file = {0};
    if (base.len == 0) {
        return slw_tuf_model_new(type, role, ret_model, detail);
    }
    slw_heap_append(&bytes, base);
    if (bytes.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(slw_tuf_file_parse("the base", &bytes, SLW_JSON_SIZE_MAX, type, &file, detail));
    enum slw_status status = slw_tuf_model_load(&file, role, ret_model, detail);
    slw_tuf_file_free(&file);
    return status;
}

/* The model of the base: the one that was signed last, when the change is one to that. */
static enum slw_status take_base(struct provider *provider, const struct slw_tuf_change *change,
                                 struct slw_bytes base, struct slw_tuf_model **ret_model,
                                 struct slw_detail *detail)
{
    struct slw_tuf_model *last = provider->last[change->type];
    uint8_t digest[SLW_SHA256_SIZE];
    if (last != NULL && slw_tuf_model_digest(last, digest, detail) == SLW_OK &&
        memcmp(digest, change->base_sha256, sizeof digest) == 0) {
        provider->last[change->type] = NULL;
        *ret_model = last;
        return SLW_OK;
    }
    return slw_tuf_model_load_base(change->type, change->role, base, ret_model, detail);
}

static void keep_model(struct provider *provider, struct slw_tuf_model *model)
{
    bool is_kept = model->type == SLW_TUF_SNAPSHOT || model->type == SLW_TUF_TIMESTAMP;
    struct slw_tuf_model *gone = is_kept ? provider->last[model->type] : model;
    if (is_kept) {
        provider->last[model->type] = model;
    }
    slw_tuf_model_free(gone);
}

/* SLW_WRONG_STATE when the same idempotency key came to something else before. */
static enum slw_status note_request(struct provider *provider, const char *key,
                                    const uint8_t digest[static SLW_SHA256_SIZE],
                                    struct slw_detail *detail)
{
    size_t count = provider->requests_count;
    size_t kept = count < SLW_TUF_PROVIDER_REQUESTS_MAX ? count : SLW_TUF_PROVIDER_REQUESTS_MAX;
    for (size_t i = 0; i < kept; i++) {
        const struct request *request = &provider->requests[i];
        if (strcmp(request->key, key) == 0) {
            return memcmp(request->digest, digest, sizeof request->digest) == 0
                       ? SLW_OK
                       : slw_explain(detail, SLW_WRONG_STATE,
                                     "idempotency key %s was used for something else", key);
        }
    }
    struct request *request = &provider->requests[count % SLW_TUF_PROVIDER_REQUESTS_MAX];
    memcpy(request->key, key, strlen(key) + 1);
    memcpy(request->digest, digest, sizeof request->digest);
    provider->requests_count++;
    return SLW_OK;
}

static int compare_signatures(const void *left, const void *right)
{
    return memcmp(((const struct slw_tuf_signature *)left)->key_id,
                  ((const struct slw_tuf_signature *)right)->key_id, SLW_TUF_KEY_ID_SIZE);
}

/* A key may be listed under two names that fit the role. */
static bool has_signed(const struct slw_tuf_signatures *made, const char id[SLW_TUF_KEY_ID_SIZE])
{
    for (size_t i = 0; i < made->count; i++) {
        if (memcmp(made->list[i].key_id, id, SLW_TUF_KEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Signatures one behind the other in text; views are taken once all are there. Whoever asks
 * verifies them, as struct slw_tuf_key_provider says, so that it isn't done twice.
 */
static enum slw_status sign_all(const struct provider *provider, struct slw_bytes role,
                                struct slw_bytes message,
                                const uint8_t digest[static SLW_SHA256_SIZE],
                                struct slw_tuf_signatures *made, struct slw_detail *detail)
{
    size_t start = 0;
    for (size_t i = 0; i < provider->keys.count; i++) {
        if (speaks_for(provider, i, role) && !has_signed(made, provider->ids[i])) {
            SLW_TRY(slw_tuf_sign_unverified(provider->keys.keys[i], message, digest, &made->text,
                                            detail));
            struct slw_tuf_signature *signature = &made->list[made->count++];
            memcpy(signature->key_id, provider->ids[i], SLW_TUF_KEY_ID_SIZE);
            signature->sig_hex.len = made->text.len - start;
            start = made->text.len;
        }
    }
    start = 0;
    for (size_t i = 0; i < made->count; i++) {
        made->list[i].sig_hex.ptr = made->text.ptr + start;
        start += made->list[i].sig_hex.len;
    }
    qsort(made->list, made->count, sizeof *made->list, compare_signatures);
    return SLW_OK;
}

static enum slw_status sign(const struct provider *provider, struct slw_bytes role,
                            struct slw_bytes message, const uint8_t digest[static SLW_SHA256_SIZE],
                            struct slw_tuf_signatures *ret_signatures, struct slw_detail *detail)
{
    struct slw_tuf_signatures made = {0};
    made.list = calloc(provider->keys.count, sizeof *made.list);
    if (made.list == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = sign_all(provider, role, message, digest, &made, detail);
    if (status != SLW_OK) {
        slw_tuf_signatures_free(&made);
        return status;
    }
    *ret_signatures = made;
    return SLW_OK;
}

/* The next version, signed; model is its base before. */
static enum slw_status answer(struct provider *provider, struct slw_tuf_model *model,
                              const struct slw_tuf_change *change, const char *idempotency_key,
                              struct slw_tuf_signatures *ret_signatures, struct slw_detail *detail)
{
    struct slw_heap_buffer *message = &provider->message;
    uint8_t digest[SLW_SHA256_SIZE];
    SLW_TRY(slw_tuf_model_apply(model, change, detail));
    message->len = 0;
    enum slw_status status = slw_tuf_model_encode(model, message, detail);
    if (status == SLW_OK) {
        status = slw_tuf_model_digest(model, digest, detail);
    }
    if (status == SLW_OK) {
        status = note_request(provider, idempotency_key, digest, detail);
    }
    if (status == SLW_OK) {
        status =
            sign(provider, change->role, slw_heap_bytes(message), digest, ret_signatures, detail);
    }
    if (status == SLW_OK) {
        ret_signatures->are_verified = true; /* slw_tuf_sign_hashed() does */
        memcpy(ret_signatures->digest, digest, sizeof digest);
    }
    if (message->capacity > MESSAGE_KEPT_MAX || message->status != SLW_OK) {
        slw_heap_drop(message);
    }
    return status;
}

/* What the machine fails at isn't refused: asking again may help. */
static bool is_failure(enum slw_status status)
{
    return slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE;
}

static enum slw_status request(void *context, const struct slw_tuf_change *change,
                               struct slw_bytes base, const char *idempotency_key,
                               enum slw_tuf_answer *ret_answer,
                               struct slw_tuf_signatures *ret_signatures, struct slw_detail *detail)
{
    struct provider *provider = context;
    struct slw_tuf_model *model = NULL;
    if (strlen(idempotency_key) >= SLW_TUF_IDEMPOTENCY_SIZE || idempotency_key[0] == '\0') {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "an idempotency key has 1 to %u characters",
                           SLW_TUF_IDEMPOTENCY_SIZE - 1);
    }
    if ((unsigned)change->type >= SLW_TUF_TYPES) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "no such type of metadata");
    }
    if (!has_key_for(provider, change->role)) {
        *ret_answer = SLW_TUF_PENDING;
        return SLW_OK;
    }
    enum slw_status status = take_base(provider, change, base, &model, detail);
    if (status == SLW_OK) {
        status = answer(provider, model, change, idempotency_key, ret_signatures, detail);
    }
    if (status == SLW_OK) {
        keep_model(provider, model);
        *ret_answer = SLW_TUF_SIGNED;
        return SLW_OK;
    }
    slw_tuf_model_free(model);
    if (is_failure(status)) {
        return status;
    }
    *ret_answer = SLW_TUF_REFUSED;
    return SLW_OK;
}

void slw_tuf_signatures_free(struct slw_tuf_signatures *signatures)
{
    free(signatures->list);
    slw_heap_free(&signatures->text);
    *signatures = (struct slw_tuf_signatures){0};
}

void slw_tuf_file_provider_free(struct slw_tuf_key_provider *provider)
{
    struct provider *context = provider->context;
    if (context != NULL) {
        for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
            slw_tuf_model_free(context->last[i]);
        }
        slw_heap_drop(&context->message);
        free(context->ids);
        free(context);
    }
    *provider = (struct slw_tuf_key_provider){0};
}

enum slw_status slw_tuf_file_provider_new(const struct slw_tuf_file_keys *keys,
                                          struct slw_tuf_key_provider *ret_provider,
                                          struct slw_detail *detail)
{
    struct slw_tuf_key_provider made = {.context = calloc(1, sizeof(struct provider)),
                                        .request = request};
    struct provider *provider = made.context;
    if (provider == NULL) {
        return slw_explain_no_memory(detail);
    }
    provider->keys = *keys;
    provider->ids = calloc(keys->count + 1, sizeof *provider->ids);
    enum slw_status status = provider->ids == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (size_t i = 0; i < keys->count && status == SLW_OK; i++) {
        status = slw_tuf_public_key_id(slw_private_key_public(keys->keys[i]), provider->ids[i]);
    }
    if (status != SLW_OK) {
        slw_tuf_file_provider_free(&made);
        return status;
    }
    *ret_provider = made;
    return SLW_OK;
}
