/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the PEM block of a key file and says clearly what a file is that holds no key of ours.
 * public.c and private.c call it before any decoder of OpenSSL's sees the bytes.
 */
#include "pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

static const struct {
    const char *label;
    enum slw_pem_kind kind;
} known_blocks[] = {
    {"PRIVATE KEY", SLW_PEM_PRIVATE},
    {"ENCRYPTED PRIVATE KEY", SLW_PEM_ENCRYPTED},
    {"PUBLIC KEY", SLW_PEM_PUBLIC},
};

/* What people mistake for a key file of ours, and what to do about it. */
static const struct {
    const char *label;
    const char *advice;
} other_blocks[] = {
    {"EC PRIVATE KEY", "an old-style EC key; `openssl pkcs8 -topk8 -nocrypt` converts it"},
    {"EC PARAMETERS", "an old-style EC key; `openssl pkcs8 -topk8 -nocrypt` converts it"},
    {"RSA PRIVATE KEY", "an RSA key; keys here are ECDSA P-256 or Ed25519"},
    {"RSA PUBLIC KEY", "an RSA key; keys here are ECDSA P-256 or Ed25519"},
    {"DSA PRIVATE KEY", "a DSA key; keys here are ECDSA P-256 or Ed25519"},
    {"OPENSSH PRIVATE KEY", "an OpenSSH key; keys here are PKCS#8 files"},
    {"CERTIFICATE", "a certificate; `openssl x509 -pubkey -noout` takes its public key out"},
};

static enum slw_status refuse_label(const char *name, const char *label, struct slw_detail *detail)
{
    for (size_t i = 0; i < sizeof other_blocks / sizeof other_blocks[0]; i++) {
        if (strcmp(label, other_blocks[i].label) == 0) {
            return slw_explain(detail, SLW_BAD_KEY, "%s: holds %s", name, other_blocks[i].advice);
        }
    }
    return slw_explain(detail, SLW_BAD_KEY, "%s: holds PEM of another kind than a key", name);
}

/* Why no PEM block was found. */
static enum slw_status refuse_text(const char *name, struct slw_bytes text,
                                   struct slw_detail *detail)
{
    if (text.len == 0) {
        return slw_explain(detail, SLW_BAD_KEY, "%s: is empty", name);
    }
    if (text.len > 1 && text.ptr[0] == 0x30 &&
        (text.ptr[1] >= 0x80 || text.ptr[1] + 2u == text.len)) {
        return slw_explain(detail, SLW_BAD_KEY,
                           "%s: looks like DER; PEM is wanted (`openssl pkey -inform DER`)", name);
    }
    return slw_explain(detail, SLW_BAD_KEY, "%s: not a key file (no whole PEM block in it)", name);
}

struct block {
    char *label;
    char *header;
    unsigned char *der;
    long len;
};

static bool read_block(BIO *bio, struct block *block)
{
    *block = (struct block){0};
    return PEM_read_bio_ex(bio, &block->label, &block->header, &block->der, &block->len,
                           PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) == 1;
}

static void free_block(struct block *block)
{
    OPENSSL_secure_clear_free(block->label, 1);
    OPENSSL_secure_clear_free(block->header, 1);
    OPENSSL_secure_clear_free(block->der, (size_t)block->len);
}

static enum slw_status take_block(const char *name, const struct block *block,
                                  enum slw_pem_kind *ret_kind, struct slw_heap_buffer *ret_der,
                                  struct slw_detail *detail)
{
    for (size_t i = 0; i < sizeof known_blocks / sizeof known_blocks[0]; i++) {
        if (strcmp(block->label, known_blocks[i].label) == 0 && block->header[0] == '\0') {
            slw_heap_append(ret_der, slw_bytes_make(block->der, (size_t)block->len));
            *ret_kind = known_blocks[i].kind;
            return ret_der->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
        }
    }
    return refuse_label(name, block->label, detail);
}

enum slw_status slw_pem_read(const char *name, struct slw_bytes text, enum slw_pem_kind *ret_kind,
                             struct slw_heap_buffer *ret_der, struct slw_detail *detail)
{
    struct block block;
    struct block second = {0};
    if (text.len > SLW_KEY_FILE_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_KEY, "%s: too large for a key file", name);
    }
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    if (bio == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = SLW_OK;
    if (!read_block(bio, &block)) {
        status = refuse_text(name, text, detail);
    } else if (read_block(bio, &second)) {
        status = slw_explain(detail, SLW_BAD_KEY, "%s: holds more than one key", name);
        if (strcmp(block.label, "EC PARAMETERS") == 0) {
            status = refuse_label(name, block.label, detail);
        }
    } else {
        status = take_block(name, &block, ret_kind, ret_der, detail);
    }
    free_block(&block);
    free_block(&second);
    BIO_free(bio);
    return status;
}
