/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files, public and private: what is read must be written as a file that is read the same. The
 * first byte says whether the rest is the file's text, or what it holds in base64, which mutations
 * would seldom leave whole. Encrypted files aren't opened: that takes long on purpose.
 */
#include "fuzz.h"

#include "slipway/keys.h"

#include <openssl/evp.h>

#define DER_SIZE_MAX 4096u

static const char *const labels[] = {NULL, "PUBLIC KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"};

static void append_pem(struct slw_heap_buffer *text, const char *label, struct slw_bytes der)
{
    unsigned char base64[DER_SIZE_MAX * 4 / 3 + 8];
    int done = 0;
    int left = (int)(der.len < DER_SIZE_MAX ? der.len : DER_SIZE_MAX);
    int len = EVP_EncodeBlock(base64, der.ptr, left);
    slw_heap_printf(text, "-----BEGIN %s-----\n", label);
    while (done < len) {
        int line = len - done < 64 ? len - done : 64;
        slw_heap_append(text, slw_bytes_make(base64 + done, (size_t)line));
        slw_heap_append_text(text, "\n");
        done += line;
    }
    slw_heap_printf(text, "-----END %s-----\n", label);
}

static void check_public(const struct slw_public_key *key)
{
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    struct slw_public_key again;
    FUZZ_CHECK(slw_public_key_format(key, &text, &detail) == SLW_OK);
    FUZZ_CHECK(slw_public_key_parse("again", slw_heap_bytes(&text), &again, &detail) == SLW_OK);
    FUZZ_CHECK(memcmp(key->id, again.id, sizeof key->id) == 0);
    slw_heap_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    const char *label = labels[fuzz_choice(&input) % 4];
    struct slw_detail detail;
    struct slw_public_key public_key;
    struct slw_private_key *private_key = NULL;
    struct slw_heap_buffer text = {0};
    if (label == NULL) {
        slw_heap_append(&text, input);
    } else {
        append_pem(&text, label, input);
    }
    if (slw_public_key_parse("key", slw_heap_bytes(&text), &public_key, &detail) == SLW_OK) {
        check_public(&public_key);
    }
    if (slw_private_key_parse("key", slw_heap_bytes(&text), slw_bytes_make(NULL, 0), &private_key,
                              &detail) == SLW_OK) {
        check_public(slw_private_key_public(private_key));
        slw_private_key_free(private_key);
    }
    slw_heap_free(&text);
    return 0;
}
