/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSH's keys and signatures. The first byte says what the rest is: a line of a public key file,
 * which is written as it was read; an armoured signature; or a signature itself, which no key of
 * ours made.
 */
#include "fuzz.h"

#include "slipway/base64.h"
#include "slipway/ssh_signature.h"

/* Nobody has its private half any more. */
#define LINE                                                                                       \
    "sk-ssh-ed25519@openssh.com "                                                                  \
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIPK3cDCVtwFYTe/jHaXm7SAVOYWMUplgVN0B"             \
    "oFmtg9vQAAAAC3NzaDpzbGlwd2F5"

static struct slw_detail detail;

static void check_key(struct slw_bytes input)
{
    struct slw_ssh_key key;
    struct slw_ssh_key again;
    struct slw_heap_buffer line = {0};
    if (slw_ssh_key_parse("key", input, &key, &detail) == SLW_OK) {
        slw_ssh_key_format(&key, &line);
        FUZZ_CHECK(slw_ssh_key_parse("again", slw_heap_bytes(&line), &again, &detail) == SLW_OK);
        FUZZ_CHECK(memcmp(key.id, again.id, sizeof key.id) == 0 && key.type == again.type);
    }
    slw_heap_free(&line);
}

static void check_armour(struct slw_bytes input)
{
    struct slw_heap_buffer blob = {0};
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer again = {0};
    if (slw_ssh_signature_unarmour("text", input, &blob, &detail) == SLW_OK) {
        FUZZ_CHECK(blob.len <= SLW_SSH_SIGNATURE_BLOB_MAX);
        slw_ssh_signature_armour(slw_heap_bytes(&blob), &text);
        FUZZ_CHECK(slw_ssh_signature_unarmour("again", slw_heap_bytes(&text), &again, &detail) ==
                   SLW_OK);
        FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(&blob), slw_heap_bytes(&again)));
    }
    slw_heap_free(&blob);
    slw_heap_free(&text);
    slw_heap_free(&again);
}

static void check_signature(struct slw_bytes input)
{
    struct slw_ssh_key key;
    FUZZ_CHECK(slw_ssh_key_parse("key", SLW_BYTES_OF(LINE), &key, &detail) == SLW_OK);
    FUZZ_CHECK(slw_ssh_signature_verify(&key, SLW_SSH_NAMESPACE, SLW_BYTES_OF("never signed"),
                                        input, &detail) != SLW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    switch (fuzz_choice(&input) % 3) {
    case 0:
        check_key(input);
        break;
    case 1:
        check_armour(input);
        break;
    default:
        check_signature(input);
        break;
    }
    return 0;
}
