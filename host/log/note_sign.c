/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing notes: the key process its checkpoints, witnesses their cosignatures. Where the key is,
 * in a file or in a token, is the signer's to know.
 */
#include "slipway/base64.h"
#include "slipway/keys.h"
#include "slipway/note.h"

static enum slw_status sign_with_key(void *context, struct slw_bytes message,
                                     uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                     struct slw_detail *detail)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, message);
    slw_sha256_final(&hash, digest);
    /* Verified by slw_note_sign_text(), whoever signed. */
    return slw_private_key_sign_unverified(context, message, digest, ret_signature, detail);
}

enum slw_status slw_note_signer_init(const struct slw_private_key *key, struct slw_bytes name,
                                     enum slw_note_type type, struct slw_note_signer *ret_signer,
                                     struct slw_detail *detail)
{
    const struct slw_public_key *public_key = slw_private_key_public(key);
    struct slw_note_signer signer = {.sign = sign_with_key};
    if (public_key->type != SLW_KEY_TYPE_ED25519) {
        return slw_explain(detail, SLW_BAD_KEY, "notes are signed by Ed25519 keys");
    }
    SLW_TRY(slw_note_key_make(name, type, public_key->value, &signer.key, detail));
    /* Signing changes nothing of a key, and a callback's context isn't const. */
    memcpy(&signer.context, &key, sizeof signer.context);
    *ret_signer = signer;
    return SLW_OK;
}

void slw_note_line_format(const struct slw_note_key *key, struct slw_bytes signature,
                          struct slw_heap_buffer *ret_line)
{
    uint8_t bytes[SLW_NOTE_KEY_ID_SIZE + SLW_NOTE_COSIGNATURE_SIZE];
    if (signature.len > SLW_NOTE_COSIGNATURE_SIZE) {
        ret_line->status = ret_line->status == SLW_OK ? SLW_BAD_ARGUMENT : ret_line->status;
        return;
    }
    memcpy(bytes, key->id, SLW_NOTE_KEY_ID_SIZE);
    memcpy(bytes + SLW_NOTE_KEY_ID_SIZE, signature.ptr, signature.len);
    slw_heap_printf(ret_line, "\xE2\x80\x94 %s ", key->name);
    slw_base64_encode(slw_bytes_make(bytes, SLW_NOTE_KEY_ID_SIZE + signature.len), ret_line);
    slw_heap_append_text(ret_line, "\n");
}

static enum slw_status sign_message(const struct slw_note_signer *signer, struct slw_bytes text,
                                    uint64_t utc_s,
                                    uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                    struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    if (signer->key.type == SLW_NOTE_COSIGNATURE) {
        slw_heap_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)utc_s);
    }
    slw_heap_append(&message, text);
    enum slw_status status = message.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status = signer->sign(signer->context, slw_heap_bytes(&message), ret_signature, detail);
    }
    slw_heap_drop(&message);
    return status;
}

enum slw_status slw_note_sign_text(const struct slw_note_signer *signer, struct slw_bytes text,
                                   uint64_t utc_s, struct slw_heap_buffer *ret_line,
                                   struct slw_detail *detail)
{
    uint8_t signature[SLW_NOTE_COSIGNATURE_SIZE] = {0};
    size_t time_len = signer->key.type == SLW_NOTE_COSIGNATURE ? 8 : 0;
    if (text.len < 2 || text.ptr[text.len - 1] != '\n' || (time_len != 0 && utc_s > INT64_MAX)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "not the text of a note");
    }
    for (unsigned i = 0; i < time_len; i++) {
        signature[i] = (uint8_t)(utc_s >> (56 - 8 * i));
    }
    SLW_TRY(sign_message(signer, text, utc_s, signature + time_len, detail));
    if (slw_note_check_signature(&signer->key, text, utc_s, signature + time_len) != SLW_OK) {
        return slw_explain(detail, SLW_IO_CRYPTO, "the key of %s signed something else",
                           signer->key.name);
    }
    slw_note_line_format(&signer->key, slw_bytes_make(signature, time_len + SLW_SIGNATURE_SIZE),
                         ret_line);
    return ret_line->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
