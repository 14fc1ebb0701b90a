/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast TUF metadata is parsed, verified and read, beside the least that anybody has to do with
 * it: hash what is signed and verify the signatures, with keys that were loaded before. tools/bench
 * runs it.
 *
 *     tuf_read                       large targets metadata; prints objects, one a line, as
 *                                    build/bench.json has them
 *     tuf_read --make-root KEY FILE  writes a root of about 4 KB; KEY is p256 or ed25519
 *     tuf_read --root FILE           reads it in measured_read() and does the least in
 *                                    measured_least(), for callgrind, which counts instructions
 */
#include "tuf_samples.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "slipway/files.h"
#include "slipway/tuf_metadata.h"

#define RUNS 9
#define FILE_SIZE_MAX 100000000u
#define ROOT_KEYS 5u
#define ROOT_THRESHOLD 3u
#define DER_SIZE_MAX 128u

/* About; for files of about a size. */
#define PRETTY_TARGET_SIZE 178u
#define COMPACT_TARGET_SIZE 142u

/* What the least is done with. */
struct least {
    struct slw_bytes message;
    EVP_PKEY *keys[ROOT_KEYS];
    uint8_t signatures[ROOT_KEYS][DER_SIZE_MAX];
    size_t signature_lens[ROOT_KEYS];
    size_t count;
};

/* Not inlined: callgrind is told their names. */
__attribute__((noinline)) void measured_read(struct slw_heap_buffer *bytes, enum slw_tuf_type type,
                                             const struct slw_tuf_root *trusted);
__attribute__((noinline)) void measured_least(const struct least *least);

/* Of processor time: nothing here waits for anything. */
static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t unhex(struct slw_bytes digits, uint8_t *ret_bytes, size_t max)
{
    size_t len = 0;
    for (size_t i = 0; i + 1 < digits.len && len < max; i += 2) {
        char pair[3] = {(char)digits.ptr[i], (char)digits.ptr[i + 1], '\0'};
        ret_bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return len;
}

/* As a client does with each file that it fetched; with a root, its own keys are asked as well. */
void measured_read(struct slw_heap_buffer *bytes, enum slw_tuf_type type,
                   const struct slw_tuf_root *trusted)
{
    struct slw_tuf_file file;
    struct slw_detail detail = {""};
    sample_need(slw_tuf_file_parse("sample", bytes, FILE_SIZE_MAX, type, &file, &detail), &detail);
    sample_need(slw_tuf_file_verify(&file, &trusted->keys, &trusted->roles[type], &detail),
                &detail);
    if (type == SLW_TUF_ROOT) {
        struct slw_tuf_root root;
        sample_need(slw_tuf_root_read(&file, SLW_TUF_KEY_IDS_CHECKED, &root, &detail), &detail);
        sample_need(slw_tuf_file_verify(&file, &root.keys, &root.roles[type], &detail), &detail);
        slw_tuf_root_free(&root);
    } else {
        struct slw_tuf_targets targets;
        sample_need(slw_tuf_targets_read(&file, SLW_TUF_KEY_IDS_CHECKED, &targets, &detail),
                    &detail);
        slw_tuf_targets_free(&targets);
    }
    slw_tuf_file_free(&file);
}

/* ECDSA verifies a hash, which is made once for all; Ed25519 the message. */
static bool verify_least(const struct least *least, size_t i,
                         const uint8_t digest[static SLW_SHA256_SIZE])
{
    bool valid = false;
    if (EVP_PKEY_is_a(least->keys[i], "ED25519") == 1) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        valid = ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, least->keys[i], NULL) == 1 &&
                EVP_DigestVerify(ctx, least->signatures[i], least->signature_lens[i],
                                 least->message.ptr, least->message.len) == 1;
        EVP_MD_CTX_free(ctx);
        return valid;
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, least->keys[i], NULL);
    valid = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
            EVP_PKEY_verify(ctx, least->signatures[i], least->signature_lens[i], digest,
                            SLW_SHA256_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    return valid;
}

void measured_least(const struct least *least)
{
    const struct slw_detail detail = {"OpenSSL takes a signature for a bad one"};
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, least->message);
    slw_sha256_final(&hash, digest);
    for (size_t i = 0; i < least->count; i++) {
        sample_need(verify_least(least, i, digest) ? SLW_OK : SLW_BAD_SIGNATURE, &detail);
    }
}

/* PEM, or the 64 digits of an Ed25519 key. */
static EVP_PKEY *make_key(struct slw_bytes text)
{
    uint8_t raw[SLW_ED25519_KEY_SIZE];
    if (text.len == 2 * sizeof raw) {
        (void)unhex(text, raw, sizeof raw);
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    }
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static void load_key(const struct slw_tuf_file *root, struct slw_bytes id, EVP_PKEY **ret_key)
{
    const struct slw_detail detail = {"OpenSSL takes a key for a bad one"};
    const struct slw_json_document *json = &root->json;
    uint32_t keys = slw_json_member(json, root->signed_part, SLW_BYTES_OF("keys"));
    uint32_t key = slw_json_member(json, keys, id);
    uint32_t keyval = slw_json_member(json, key, SLW_BYTES_OF("keyval"));
    uint32_t public = slw_json_member(json, keyval, SLW_BYTES_OF("public"));
    *ret_key = make_key(slw_json_string(json, public));
    sample_need(*ret_key != NULL ? SLW_OK : SLW_BAD_KEY, &detail);
}

/* The first threshold of a file's signatures, by keys that the root lists. */
static void prepare(const struct slw_tuf_file *file, const struct slw_tuf_file *root,
                    size_t threshold, struct least *ret_least)
{
    const struct slw_json_document *json = &file->json;
    struct slw_json_walk walk = slw_json_walk_begin(json, file->signatures);
    uint32_t signature = 0;
    *ret_least = (struct least){.message = file->canonical};
    while (ret_least->count < threshold && slw_json_walk_element(&walk, &signature)) {
        size_t i = ret_least->count++;
        uint32_t id = slw_json_member(json, signature, SLW_BYTES_OF("keyid"));
        uint32_t sig = slw_json_member(json, signature, SLW_BYTES_OF("sig"));
        load_key(root, slw_json_string(json, id), &ret_least->keys[i]);
        ret_least->signature_lens[i] =
            unhex(slw_json_string(json, sig), ret_least->signatures[i], DER_SIZE_MAX);
    }
}

static void release(struct least *least)
{
    for (size_t i = 0; i < least->count; i++) {
        EVP_PKEY_free(least->keys[i]);
    }
}

/* A trusted root, and the file that it was read from. */
struct trusted {
    struct slw_tuf_file file;
    struct slw_tuf_root root;
};

static void trust(struct slw_heap_buffer *bytes, struct trusted *ret_trusted)
{
    struct slw_detail detail = {""};
    sample_need(
        slw_tuf_file_parse("root", bytes, FILE_SIZE_MAX, SLW_TUF_ROOT, &ret_trusted->file, &detail),
        &detail);
    sample_need(
        slw_tuf_root_read(&ret_trusted->file, SLW_TUF_KEY_IDS_CHECKED, &ret_trusted->root, &detail),
        &detail);
}

static void distrust(struct trusted *trusted)
{
    slw_tuf_root_free(&trusted->root);
    slw_tuf_file_free(&trusted->file);
}

static void copy(struct slw_bytes from, struct slw_heap_buffer *ret_bytes)
{
    *ret_bytes = (struct slw_heap_buffer){0};
    slw_heap_append(ret_bytes, from);
}

static double fastest_read(struct slw_bytes bytes, const struct slw_tuf_root *root)
{
    double fastest = 0;
    for (int i = 0; i < RUNS; i++) {
        struct slw_heap_buffer taken;
        copy(bytes, &taken);
        double start = now();
        measured_read(&taken, SLW_TUF_TARGETS, root);
        double seconds = now() - start;
        fastest = i == 0 || seconds < fastest ? seconds : fastest;
    }
    return fastest;
}

static double fastest_least(const struct least *least)
{
    double fastest = 0;
    for (int i = 0; i < RUNS; i++) {
        double start = now();
        measured_least(least);
        double seconds = now() - start;
        fastest = i == 0 || seconds < fastest ? seconds : fastest;
    }
    return fastest;
}

static void measure(struct slw_private_key *key, size_t targets, enum sample_style style)
{
    const struct sample_keys keys = {&key, 1, 1};
    const char *type = slw_key_type_name(slw_private_key_public(key)->type);
    const char *words = style == SAMPLE_PRETTY ? "pretty" : "compact";
    struct slw_heap_buffer root_text = {0};
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer taken;
    struct slw_detail detail = {""};
    struct trusted trusted;
    struct slw_tuf_file file;
    struct least least;
    sample_root(style, keys, &root_text);
    trust(&root_text, &trusted);
    sample_targets(targets, style, keys, &text);
    copy(slw_heap_bytes(&text), &taken);
    sample_need(
        slw_tuf_file_parse("targets", &taken, FILE_SIZE_MAX, SLW_TUF_TARGETS, &file, &detail),
        &detail);
    prepare(&file, &trusted.file, 1, &least);
    double read = fastest_read(slw_heap_bytes(&text), &trusted.root);
    double hashed = fastest_least(&least);
    double megabytes = (double)text.len / 1e6;
    (void)printf("{\"name\": \"TUF targets, %.0f MB, %s, %s: read\", \"value\": %.3f, "
                 "\"unit\": \"MB/s\", \"against\": \"200 MB/s or more\"}\n",
                 megabytes, words, type, megabytes / read);
    (void)printf("{\"name\": \"TUF targets, %.0f MB, %s, %s: time\", \"value\": %.3f, "
                 "\"unit\": \"x\", \"against\": \"hashing and verifying the signature\"}\n",
                 megabytes, words, type, read / hashed);
    release(&least);
    slw_tuf_file_free(&file);
    slw_heap_free(&text);
    distrust(&trusted);
}

static const enum slw_key_type key_types[] = {SLW_KEY_TYPE_P256, SLW_KEY_TYPE_ED25519};

static int measure_targets(void)
{
    static const size_t bytes[] = {5000000, 20000000};
    for (size_t i = 0; i < 2 * sizeof bytes / sizeof bytes[0]; i++) {
        struct slw_private_key *key = NULL;
        struct slw_detail detail = {""};
        sample_need(slw_private_key_generate(key_types[i % 2], &key, &detail), &detail);
        measure(key, bytes[i / 2] / PRETTY_TARGET_SIZE, SAMPLE_PRETTY);
        measure(key, bytes[i / 2] / COMPACT_TARGET_SIZE, SAMPLE_COMPACT);
        slw_private_key_free(key);
    }
    return EXIT_SUCCESS;
}

static int make_root(const char *type, const char *path)
{
    struct slw_private_key *keys[ROOT_KEYS];
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    bool is_p256 = strcmp(type, slw_key_type_name(SLW_KEY_TYPE_P256)) == 0;
    for (size_t i = 0; i < ROOT_KEYS; i++) {
        sample_need(slw_private_key_generate(key_types[is_p256 ? 0 : 1], &keys[i], &detail),
                    &detail);
    }
    sample_root(SAMPLE_PRETTY, (struct sample_keys){keys, ROOT_KEYS, ROOT_THRESHOLD}, &text);
    sample_need(slw_file_write(path, 0, slw_heap_bytes(&text), &detail), &detail);
    for (size_t i = 0; i < ROOT_KEYS; i++) {
        slw_private_key_free(keys[i]);
    }
    slw_heap_free(&text);
    return EXIT_SUCCESS;
}

/* What OpenSSL does once in a process was done before it is measured. */
static int measure_root(const char *path)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer taken;
    struct slw_detail detail = {""};
    struct trusted trusted;
    struct least least;
    sample_need(slw_file_read(path, FILE_SIZE_MAX, &bytes, &detail), &detail);
    copy(slw_heap_bytes(&bytes), &taken);
    trust(&taken, &trusted);
    sample_need(slw_tuf_file_verify(&trusted.file, &trusted.root.keys,
                                    &trusted.root.roles[SLW_TUF_ROOT], &detail),
                &detail);
    prepare(&trusted.file, &trusted.file, ROOT_THRESHOLD, &least);
    copy(slw_heap_bytes(&bytes), &taken);
    measured_read(&taken, SLW_TUF_ROOT, &trusted.root);
    measured_least(&least);
    release(&least);
    distrust(&trusted);
    slw_heap_free(&bytes);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return measure_targets();
    }
    if (argc == 4 && strcmp(argv[1], "--make-root") == 0) {
        return make_root(argv[2], argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "--root") == 0) {
        return measure_root(argv[2]);
    }
    (void)fprintf(stderr, "usage: tuf_read [--make-root KEY FILE | --root FILE]\n");
    return 2;
}
