/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a DSSE envelope, and writing one. Whose it is, dsse.c says. For everybody to whom
 * something is said in an envelope.
 */
#include "slipway/base64.h"
#include "slipway/dsse.h"
#include "slipway/json.h"
#include "slipway/json_reader.h"

#include "../tuf/metadata/hex.h"
#include "../tuf/metadata/json_fields.h"

/* Decodes a base64 string of at most limit bytes behind what memory holds. */
static enum slw_status read_base64(const struct slw_json_document *json, uint32_t value,
                                   size_t limit, struct slw_heap_buffer *memory,
                                   struct slw_bytes *ret_bytes, struct slw_detail *detail)
{
    struct slw_bytes text = slw_json_string(json, value);
    size_t before = memory->len;
    if (text.len > SLW_BASE64_SIZE(limit)) {
        return slw_json_refuse(json, value, SLW_TOO_LARGE, "is too large", detail);
    }
    /* "Either standard or URL-safe base64 encodings are allowed. Signers may use either, and
     * verifiers MUST accept either." */
    enum slw_status status = slw_base64_decode_any(text, memory);
    if (status != SLW_OK) {
        return status == SLW_MALFORMED
                   ? slw_json_refuse(json, value, status, "isn't base64", detail)
                   : slw_explain_no_memory(detail);
    }
    if (memory->len - before > limit) {
        return slw_json_refuse(json, value, SLW_TOO_LARGE, "is too large", detail);
    }
    *ret_bytes = slw_bytes_make(memory->ptr + before, memory->len - before);
    return SLW_OK;
}

/* "Optional, unauthenticated hint": one that isn't in our form is as good as none. */
static enum slw_status read_keyid(const struct slw_json_document *json, uint32_t object,
                                  struct slw_dsse_signature *signature, struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_optional(json, object, "keyid", SLW_JSON_STRING, &value, detail));
    signature->has_keyid =
        slw_tuf_hex_decode(slw_json_string(json, value), signature->keyid, SLW_SHA256_SIZE);
    return SLW_OK;
}

static enum slw_status read_signatures(const struct slw_json_document *json, uint32_t array,
                                       struct slw_dsse *envelope, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        uint32_t value = SLW_JSON_NONE;
        if (envelope->signatures_count == SLW_DSSE_SIGNATURES_MAX) {
            return slw_json_refuse(json, array, SLW_TOO_LARGE, "has too many signatures", detail);
        }
        struct slw_dsse_signature *signature = &envelope->signatures[envelope->signatures_count];
        SLW_TRY(slw_tuf_json_member(json, element, "sig", SLW_JSON_STRING, &value, detail));
        SLW_TRY(read_base64(json, value, SLW_DSSE_SIGNATURE_SIZE_MAX, &envelope->memory,
                            &signature->bytes, detail));
        SLW_TRY(read_keyid(json, element, signature, detail));
        envelope->signatures_count++;
    }
    return SLW_OK;
}

/*
 * envelope.md: "The following fields are REQUIRED and MUST be set, even if empty: payload,
 * payloadType, signature, signature.sig." "Consumers MUST ignore unrecognized fields."
 */
static enum slw_status read_envelope(const struct slw_json_document *json,
                                     struct slw_dsse *envelope, struct slw_detail *detail)
{
    uint32_t payload = SLW_JSON_NONE;
    uint32_t type = SLW_JSON_NONE;
    uint32_t signatures = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(json, SLW_JSON_TOP, "payload", SLW_JSON_STRING, &payload, detail));
    SLW_TRY(slw_tuf_json_member(json, SLW_JSON_TOP, "payloadType", SLW_JSON_STRING, &type, detail));
    SLW_TRY(
        slw_tuf_json_member(json, SLW_JSON_TOP, "signatures", SLW_JSON_ARRAY, &signatures, detail));
    struct slw_bytes type_text = slw_json_string(json, type);
    if (type_text.len > SLW_DSSE_TYPE_SIZE_MAX) {
        return slw_json_refuse(json, type, SLW_TOO_LARGE, "is too large", detail);
    }
    slw_heap_append(&envelope->memory, type_text);
    envelope->payload_type = slw_bytes_make(envelope->memory.ptr, type_text.len);
    SLW_TRY(read_base64(json, payload, SLW_DSSE_PAYLOAD_SIZE_MAX, &envelope->memory,
                        &envelope->payload, detail));
    return read_signatures(json, signatures, envelope, detail);
}

enum slw_status slw_dsse_parse(const char *name, struct slw_bytes text,
                               struct slw_dsse *ret_envelope, struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_dsse envelope = {0};
    if (text.len > SLW_DSSE_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: an envelope has at most %u bytes", name,
                           SLW_DSSE_SIZE_MAX);
    }
    SLW_TRY(slw_json_parse(name, text, &json, detail));
    /* What is decoded is never longer than the text, so that nothing moves under the views. */
    enum slw_status status = slw_heap_reserve(&envelope.memory, text.len) == NULL
                                 ? slw_explain_no_memory(detail)
                                 : SLW_OK;
    envelope.memory.len = 0;
    if (status == SLW_OK) {
        status = read_envelope(&json, &envelope, detail);
    }
    slw_json_document_free(&json);
    if (status != SLW_OK) {
        slw_dsse_free(&envelope);
        return status;
    }
    *ret_envelope = envelope;
    return SLW_OK;
}

void slw_dsse_free(struct slw_dsse *envelope)
{
    slw_heap_drop(&envelope->memory);
    *envelope = (struct slw_dsse){0};
}

static void format_base64(struct slw_json *json, const char *name, struct slw_bytes bytes)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "\"");
    slw_base64_encode(bytes, &text);
    slw_heap_append_text(&text, "\"");
    slw_json_embed(json, name, slw_heap_bytes(&text)); /* nothing in it needs an escape */
    if (text.status != SLW_OK) {
        json->buffer->status = text.status;
    }
    slw_heap_drop(&text);
}

void slw_dsse_format(const struct slw_dsse *envelope, struct slw_heap_buffer *ret_text)
{
    struct slw_json json;
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    format_base64(&json, "payload", envelope->payload);
    slw_json_bytes(&json, "payloadType", envelope->payload_type);
    slw_json_begin_array(&json, "signatures");
    for (size_t i = 0; i < envelope->signatures_count; i++) {
        const struct slw_dsse_signature *signature = &envelope->signatures[i];
        slw_json_begin_object(&json, NULL);
        if (signature->has_keyid) {
            slw_json_hex(&json, "keyid", slw_bytes_make(signature->keyid, SLW_SHA256_SIZE));
        }
        format_base64(&json, "sig", signature->bytes);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
}
