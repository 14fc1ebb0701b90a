/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSH's keys and signatures. ssh-keygen makes keys and signatures that we verify, and verifies
 * those that the test makes itself, of security keys too, whose hardware nobody has here: their
 * signatures are over a structure that is put together by hand. Everything in the structure is then
 * broken, one thing at a time.
 */
#include "slipway/base64.h"
#include "slipway/dsse.h"
#include "slipway/files.h"

#include "ssh_wire.h"

#include "../tuf/metadata/test_keys.h"

#include "remove_tree.h"
#include "tap.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE SLW_BYTES_OF("DSSEv1 28 application/vnd.in-toto+json 2 {}")
#define APPLICATION "ssh:slipway"
#define PATH_SIZE 128u
#define WORDS_MAX 16u

extern char **environ;

static struct slw_detail detail;
static char directory[] = "/tmp/slipway-ssh-XXXXXX";

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static const char *path_of(const char *name, char path[static PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/%s", directory, name);
    return path;
}

/* Runs ssh-keygen with these arguments, the file as its input; whether it ended with 0. */
static bool keygen(const char *const *arguments, const char *input_path)
{
    static char words[WORDS_MAX][PATH_SIZE];
    char *argv[WORDS_MAX + 1] = {NULL};
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t child = -1;
    (void)snprintf(words[0], PATH_SIZE, "ssh-keygen");
    argv[0] = words[0];
    for (size_t i = 1; arguments[i - 1] != NULL && i < WORDS_MAX; i++) {
        (void)snprintf(words[i], PATH_SIZE, "%s", arguments[i - 1]);
        argv[i] = words[i];
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, input_path, O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    bool good = posix_spawnp(&child, "ssh-keygen", &actions, NULL, argv, environ) == 0 &&
                waitpid(child, &status, 0) == child;
    (void)posix_spawn_file_actions_destroy(&actions);
    return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool write_file(const char *name, struct slw_bytes bytes)
{
    char path[PATH_SIZE];
    return slw_file_write(path_of(name, path), SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE, bytes,
                          &detail) == SLW_OK;
}

static bool read_file(const char *name, struct slw_heap_buffer *text)
{
    char path[PATH_SIZE];
    return slw_file_read(path_of(name, path), 65536, text, &detail) == SLW_OK;
}

/* A key of ssh-keygen's, and its signature over what is in the file "message". */
static bool make_with_keygen(const char *type, const char *name_space, const char *hash_option,
                             struct slw_ssh_key *ret_key, struct slw_heap_buffer *ret_blob)
{
    char key[PATH_SIZE];
    char message[PATH_SIZE];
    char signature[PATH_SIZE];
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer line = {0};
    (void)unlink(path_of("key", key));
    (void)unlink(path_of("key.pub", key));
    (void)unlink(path_of("message.sig", signature));
    path_of("key", key);
    path_of("message", message);
    const char *const make[] = {"-q", "-t", type, "-N", "", "-C", "ada@example", "-f", key, NULL};
    const char *const sign[] = {"-q",        "-Y", "sign", "-n",    name_space, "-O",
                                hash_option, "-f", key,    message, NULL};
    bool good = keygen(make, "/dev/null") && write_file("message", MESSAGE) &&
                keygen(sign, "/dev/null") && read_file("key.pub", &line) &&
                slw_ssh_key_parse("key.pub", slw_heap_bytes(&line), ret_key, &detail) == SLW_OK &&
                read_file("message.sig", &text) &&
                slw_ssh_signature_unarmour("message.sig", slw_heap_bytes(&text), ret_blob,
                                           &detail) == SLW_OK;
    slw_heap_free(&text);
    slw_heap_free(&line);
    return good;
}

static enum slw_status verify(const struct slw_ssh_key *key, const struct slw_heap_buffer *blob)
{
    return slw_ssh_signature_verify(key, SLW_SSH_NAMESPACE, MESSAGE, slw_heap_bytes(blob), &detail);
}

static void verifies_what_ssh_keygen_signs(void)
{
    static const char *const types[] = {"ed25519", "ecdsa"};
    static const char *const hashes[] = {"hashalg=sha512", "hashalg=sha256"};
    for (size_t i = 0; i < 4; i++) {
        struct slw_ssh_key key;
        struct slw_heap_buffer blob = {0};
        TAP_ROW(types[i / 2]);
        TAP_REQUIRE(
            make_with_keygen(types[i / 2], "slipway-approval-v1", hashes[i % 2], &key, &blob));
        TAP_EQUAL_INT(verify(&key, &blob), SLW_OK);
        TAP_EQUAL_INT(slw_ssh_signature_verify(&key, SLW_SSH_NAMESPACE, SLW_BYTES_OF("else"),
                                               slw_heap_bytes(&blob), &detail),
                      SLW_BAD_SIGNATURE);
        slw_heap_free(&blob);
    }
}

static void refuses_what_ssh_keygen_signs_for_other_purposes(void)
{
    static const char *const spaces[] = {"file",
                                         "git",
                                         "slipway-approval-v",
                                         "slipway-approval-v1 ",
                                         "Slipway-approval-v1",
                                         "slipway-approval-v10"};
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        struct slw_ssh_key key;
        struct slw_heap_buffer blob = {0};
        TAP_ROW(spaces[i]);
        TAP_REQUIRE(make_with_keygen("ed25519", spaces[i], "hashalg=sha512", &key, &blob));
        TAP_EQUAL_INT(verify(&key, &blob), SLW_BAD_SIGNATURE);
        TAP_CHECK(strstr(detail.text, "namespace") != NULL);
        slw_heap_free(&blob);
    }
}

/* What a signature is put together from; each test changes something. */
struct recipe {
    enum slw_ssh_type type;
    const char *application;
    const char *magic;
    uint32_t version;
    const char *name_space;
    const char *signed_name_space; /* NULL: the same */
    const char *reserved;
    const char *hash_name;
    const char *inner_type; /* NULL: the key's */
    uint8_t flags;
    const char *value_trailer; /* behind the signature's numbers */
    const char *inner_trailer; /* behind all of the signature */
    const char *trailer;       /* behind everything */
};

static const struct recipe good = {.application = APPLICATION,
                                   .magic = "SSHSIG",
                                   .version = 1,
                                   .name_space = "slipway-approval-v1",
                                   .reserved = "",
                                   .hash_name = "sha256",
                                   .flags = 0x01,
                                   .value_trailer = "",
                                   .inner_trailer = "",
                                   .trailer = ""};

static bool is_p256(enum slw_ssh_type type)
{
    return type == SLW_SSH_P256 || type == SLW_SSH_SK_P256;
}

static struct slw_private_key *private_key(enum slw_ssh_type type)
{
    struct slw_private_key *key = NULL;
    const char *pem = is_p256(type) ? TEST_P256_0_PRIVATE : TEST_ED25519_0_PRIVATE;
    bool parsed = slw_private_key_parse("key", bytes_of(pem), slw_bytes_make(NULL, 0), &key,
                                        &detail) == SLW_OK;
    return parsed ? key : NULL;
}

static void put_key_blob(const struct recipe *recipe, const struct slw_public_key *key,
                         struct slw_heap_buffer *blob)
{
    slw_ssh_wire_put_string(blob, bytes_of(slw_ssh_type_name(recipe->type)));
    if (is_p256(recipe->type)) {
        slw_ssh_wire_put_string(blob, SLW_BYTES_OF("nistp256"));
    }
    slw_ssh_wire_put_string(blob, slw_bytes_make(key->value, key->value_len));
    if (slw_ssh_type_is_sk(recipe->type)) {
        slw_ssh_wire_put_string(blob, bytes_of(recipe->application));
    }
}

static bool make_key(const struct recipe *recipe, struct slw_ssh_key *ret_key)
{
    struct slw_private_key *key = private_key(recipe->type);
    struct slw_heap_buffer blob = {0};
    struct slw_heap_buffer line = {0};
    put_key_blob(recipe, slw_private_key_public(key), &blob);
    slw_heap_printf(&line, "%s ", slw_ssh_type_name(recipe->type));
    slw_base64_encode(slw_heap_bytes(&blob), &line);
    bool parsed = slw_ssh_key_parse("key", slw_heap_bytes(&line), ret_key, &detail) == SLW_OK;
    slw_heap_free(&blob);
    slw_heap_free(&line);
    slw_private_key_free(key);
    return parsed;
}

static void digest(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

/* PROTOCOL.sshsig, section 3, and for security keys PROTOCOL.u2f around it. */
static void put_signed(const struct recipe *recipe, struct slw_heap_buffer *data)
{
    struct slw_heap_buffer inner = {0};
    uint8_t hash[SLW_SHA256_SIZE];
    digest(MESSAGE, hash);
    slw_heap_append_text(&inner, "SSHSIG");
    slw_ssh_wire_put_string(&inner,
                            bytes_of(recipe->signed_name_space != NULL ? recipe->signed_name_space
                                                                       : recipe->name_space));
    slw_ssh_wire_put_string(&inner, bytes_of(recipe->reserved));
    slw_ssh_wire_put_string(&inner, bytes_of(recipe->hash_name));
    slw_ssh_wire_put_string(&inner, slw_bytes_make(hash, sizeof hash));
    if (slw_ssh_type_is_sk(recipe->type)) {
        digest(bytes_of(APPLICATION), hash);
        slw_heap_append(data, slw_bytes_make(hash, sizeof hash));
        slw_heap_append(data, slw_bytes_make(&recipe->flags, 1));
        slw_ssh_wire_put_u32(data, 77);
        digest(slw_heap_bytes(&inner), hash);
        slw_heap_append(data, slw_bytes_make(hash, sizeof hash));
    } else {
        slw_heap_append(data, slw_heap_bytes(&inner));
    }
    slw_heap_free(&inner);
}

static void put_mpint(struct slw_heap_buffer *field, const uint8_t *number)
{
    uint8_t padded[33] = {0};
    size_t skip = 1;
    memcpy(padded + 1, number, 32);
    while (skip < 32 && padded[skip] == 0) {
        skip++;
    }
    skip -= padded[skip] >= 0x80 ? 1 : 0;
    slw_ssh_wire_put_string(field, slw_bytes_make(padded + skip, sizeof padded - skip));
}

static bool make_blob(const struct recipe *recipe, struct slw_heap_buffer *ret_blob)
{
    struct slw_private_key *key = private_key(recipe->type);
    struct slw_heap_buffer public_blob = {0};
    struct slw_heap_buffer data = {0};
    struct slw_heap_buffer value = {0};
    struct slw_heap_buffer inner = {0};
    uint8_t signature[SLW_SIGNATURE_SIZE];
    put_key_blob(recipe, slw_private_key_public(key), &public_blob);
    put_signed(recipe, &data);
    bool made = slw_private_key_sign(key, slw_heap_bytes(&data), signature, &detail) == SLW_OK;
    if (is_p256(recipe->type)) {
        put_mpint(&value, signature);
        put_mpint(&value, signature + 32);
    } else {
        slw_heap_append(&value, slw_bytes_make(signature, sizeof signature));
    }
    slw_heap_append_text(&value, recipe->value_trailer);
    slw_ssh_wire_put_string(&inner,
                            bytes_of(recipe->inner_type != NULL ? recipe->inner_type
                                                                : slw_ssh_type_name(recipe->type)));
    slw_ssh_wire_put_string(&inner, slw_heap_bytes(&value));
    if (slw_ssh_type_is_sk(recipe->type)) {
        slw_heap_append(&inner, slw_bytes_make(&recipe->flags, 1));
        slw_ssh_wire_put_u32(&inner, 77);
    }
    slw_heap_append_text(&inner, recipe->inner_trailer);
    slw_heap_append_text(ret_blob, recipe->magic);
    slw_ssh_wire_put_u32(ret_blob, recipe->version);
    slw_ssh_wire_put_string(ret_blob, slw_heap_bytes(&public_blob));
    slw_ssh_wire_put_string(ret_blob, bytes_of(recipe->name_space));
    slw_ssh_wire_put_string(ret_blob, bytes_of(recipe->reserved));
    slw_ssh_wire_put_string(ret_blob, bytes_of(recipe->hash_name));
    slw_ssh_wire_put_string(ret_blob, slw_heap_bytes(&inner));
    slw_heap_append_text(ret_blob, recipe->trailer);
    slw_heap_free(&public_blob);
    slw_heap_free(&data);
    slw_heap_free(&value);
    slw_heap_free(&inner);
    slw_private_key_free(key);
    return made;
}

/* What ssh-keygen says of a signature. */
static bool keygen_verifies(const struct slw_ssh_key *key, struct slw_bytes blob)
{
    struct slw_heap_buffer allowed = {0};
    struct slw_heap_buffer armour = {0};
    char allowed_path[PATH_SIZE];
    char signature_path[PATH_SIZE];
    char message_path[PATH_SIZE];
    slw_heap_append_text(&allowed, "ada ");
    slw_ssh_key_format(key, &allowed);
    slw_heap_append_text(&allowed, "\n");
    slw_ssh_signature_armour(blob, &armour);
    const char *const arguments[] = {"-Y", "verify",
                                     "-f", path_of("allowed", allowed_path),
                                     "-I", "ada",
                                     "-n", "slipway-approval-v1",
                                     "-s", path_of("blob.sig", signature_path),
                                     NULL};
    bool verified = write_file("allowed", slw_heap_bytes(&allowed)) &&
                    write_file("blob.sig", slw_heap_bytes(&armour)) &&
                    write_file("message", MESSAGE) &&
                    keygen(arguments, path_of("message", message_path));
    slw_heap_free(&allowed);
    slw_heap_free(&armour);
    return verified;
}

static void verifies_every_type_and_ssh_keygen_agrees(void)
{
    for (int type = SLW_SSH_ED25519; type <= SLW_SSH_SK_P256; type++) {
        struct recipe recipe = good;
        struct slw_ssh_key key;
        struct slw_heap_buffer blob = {0};
        recipe.type = (enum slw_ssh_type)type;
        TAP_ROW(slw_ssh_type_name(recipe.type));
        TAP_REQUIRE(make_key(&recipe, &key) && make_blob(&recipe, &blob));
        TAP_EQUAL_INT(verify(&key, &blob), SLW_OK);
        TAP_CHECK(keygen_verifies(&key, slw_heap_bytes(&blob)));
        blob.ptr[blob.len - 8] ^= 1;
        TAP_CHECK(!keygen_verifies(&key, slw_heap_bytes(&blob)));
        slw_heap_free(&blob);
    }
}

/* For keys of every type, a signature that differs in one thing from a good one. */
static void check_recipe(const char *name, const struct recipe *changed, bool of_security_keys_only,
                         enum slw_status expected)
{
    for (int type = SLW_SSH_ED25519; type <= SLW_SSH_SK_P256; type++) {
        struct recipe recipe = *changed;
        struct recipe plain = good;
        struct slw_ssh_key key;
        struct slw_heap_buffer blob = {0};
        recipe.type = (enum slw_ssh_type)type;
        plain.type = recipe.type;
        if (of_security_keys_only && !slw_ssh_type_is_sk(recipe.type)) {
            continue;
        }
        TAP_ROW(name);
        TAP_REQUIRE(make_key(&plain, &key) && make_blob(&recipe, &blob));
        TAP_EQUAL_INT(verify(&key, &blob), expected);
        slw_heap_free(&blob);
    }
}

static void refuses_signatures_that_differ_in_one_thing(void)
{
    struct recipe changed = good;
    changed.magic = "SSHSIh";
    check_recipe("magic", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.version = 2;
    check_recipe("version 2", &changed, false, SLW_BAD_SIGNATURE);
    changed.version = 0;
    check_recipe("version 0", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.name_space = "file";
    check_recipe("namespace", &changed, false, SLW_BAD_SIGNATURE);
    changed.name_space = "";
    check_recipe("no namespace", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.signed_name_space = "file"; /* what was signed is for files, the blob says otherwise */
    check_recipe("signed namespace", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.hash_name = "sha1";
    check_recipe("sha1", &changed, false, SLW_BAD_SIGNATURE);
    changed.hash_name = "SHA256";
    check_recipe("SHA256", &changed, false, SLW_BAD_SIGNATURE);
    changed.hash_name = "sha512"; /* over a SHA-256 */
    check_recipe("other hash", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.inner_type = "ssh-rsa";
    check_recipe("inner type", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.trailer = "x";
    check_recipe("something behind", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.value_trailer = "x";
    check_recipe("something behind the numbers", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.inner_trailer = "x";
    check_recipe("something behind the signature", &changed, false, SLW_BAD_SIGNATURE);
    changed = good;
    changed.application = "ssh:";
    check_recipe("application", &changed, true, SLW_BAD_SIGNATURE);
    changed = good;
    changed.flags = 0;
    check_recipe("nobody there", &changed, true, SLW_BAD_SIGNATURE);
    TAP_CHECK(strstr(detail.text, "touching") != NULL);
    changed.flags = 0x04;
    check_recipe("verified, not present", &changed, true, SLW_BAD_SIGNATURE);
    changed.flags = 0x05;
    check_recipe("verified and present", &changed, true, SLW_OK);
    changed = good;
    changed.reserved = "later";
    check_recipe("reserved", &changed, false, SLW_OK);
}

static void refuses_blobs_cut_off_or_with_any_bit_flipped(void)
{
    for (int type = SLW_SSH_ED25519; type <= SLW_SSH_SK_P256; type++) {
        struct recipe recipe = good;
        struct slw_ssh_key key;
        struct slw_heap_buffer blob = {0};
        size_t taken = 0;
        recipe.type = (enum slw_ssh_type)type;
        TAP_ROW(slw_ssh_type_name(recipe.type));
        TAP_REQUIRE(make_key(&recipe, &key) && make_blob(&recipe, &blob));
        for (size_t len = 0; len < blob.len; len++) {
            taken += slw_ssh_signature_verify(&key, SLW_SSH_NAMESPACE, MESSAGE,
                                              slw_bytes_make(blob.ptr, len), &detail) == SLW_OK;
        }
        for (size_t bit = 0; bit < blob.len * 8; bit++) {
            blob.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
            taken += verify(&key, &blob) == SLW_OK;
            blob.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        TAP_EQUAL_INT(taken, 0);
        slw_heap_free(&blob);
    }
}

static void refuses_numbers_in_other_spellings(void)
{
    const struct {
        const char *name;
        struct slw_bytes wire;
        bool is_good;
    } rows[] = {
        {"one", SLW_BYTES_OF("\0\0\0\1\x01"), true},
        {"with its zero", SLW_BYTES_OF("\0\0\0\2\0\x80"), true},
        {"zero", SLW_BYTES_OF("\0\0\0\0"), false},
        {"zero as a byte", SLW_BYTES_OF("\0\0\0\1\0"), false},
        {"negative", SLW_BYTES_OF("\0\0\0\1\x80"), false},
        {"a zero too many", SLW_BYTES_OF("\0\0\0\2\0\x7F"), false},
        {"two zeros", SLW_BYTES_OF("\0\0\0\3\0\0\x80"), false},
        {"too long",
         SLW_BYTES_OF("\0\0\0\x21"
                      "123456789012345678901234567890123"),
         false},
        {"longer than there is", SLW_BYTES_OF("\0\0\0\2\x01"), false},
        {"much longer", SLW_BYTES_OF("\xFF\xFF\xFF\xFF\x01"), false},
        {"no length", SLW_BYTES_OF("\0\0\0"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_ssh_wire wire = slw_ssh_wire_begin(rows[i].wire);
        uint8_t scalar[32];
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_ssh_wire_scalar(&wire, scalar), rows[i].is_good);
    }
}

static void refuses_armour_that_isnt_one(void)
{
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"
    const struct {
        const char *name;
        const char *text;
        enum slw_status status;
    } rows[] = {
        {"good", BEGIN "U1NI\nU0lH\n" END, SLW_OK},
        {"of another system", "-----BEGIN SSH SIGNATURE-----\r\nU1NI\r\n" END, SLW_OK},
        {"nothing", "", SLW_MALFORMED},
        {"no begin", "U1NI\n" END, SLW_MALFORMED},
        {"something in front", "x\n" BEGIN "U1NI\n" END, SLW_MALFORMED},
        {"a space in front", " " BEGIN "U1NI\n" END, SLW_MALFORMED},
        {"no end", BEGIN "U1NI\n", SLW_MALFORMED},
        {"something behind", BEGIN "U1NI\n" END "x\n", SLW_MALFORMED},
        {"two signatures", BEGIN "U1NI\n" END BEGIN "U1NI\n" END, SLW_MALFORMED},
        {"empty", BEGIN END, SLW_MALFORMED},
        {"not base64", BEGIN "U1N!\n" END, SLW_MALFORMED},
        {"padding missing", BEGIN "U1NIU0\n" END, SLW_MALFORMED},
        {"spaces", BEGIN "U1 NI\n" END, SLW_MALFORMED},
        {"PEM of something else", "-----BEGIN PUBLIC KEY-----\nU1NI\n-----END PUBLIC KEY-----\n",
         SLW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer blob = {0};
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_ssh_signature_unarmour("x", bytes_of(rows[i].text), &blob, &detail),
                      rows[i].status);
        TAP_EQUAL_INT(blob.len > 0, rows[i].status == SLW_OK);
        slw_heap_free(&blob);
    }
}

static void refuses_what_is_too_large(void)
{
    struct slw_heap_buffer raw = {0};
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer blob = {0};
    struct recipe recipe = good;
    struct slw_ssh_key key;
    recipe.type = SLW_SSH_ED25519;
    memset(slw_heap_reserve(&raw, SLW_SSH_SIGNATURE_BLOB_MAX + 1), 0,
           SLW_SSH_SIGNATURE_BLOB_MAX + 1);
    slw_ssh_signature_armour(slw_heap_bytes(&raw), &text);
    TAP_EQUAL_INT(slw_ssh_signature_unarmour("x", slw_heap_bytes(&text), &blob, &detail),
                  SLW_TOO_LARGE);
    memset(slw_heap_reserve(&text, SLW_SSH_SIGNATURE_TEXT_MAX), 'A', SLW_SSH_SIGNATURE_TEXT_MAX);
    TAP_EQUAL_INT(slw_ssh_signature_unarmour("x", slw_heap_bytes(&text), &blob, &detail),
                  SLW_TOO_LARGE);
    TAP_REQUIRE(make_key(&recipe, &key));
    TAP_EQUAL_INT(verify(&key, &raw), SLW_BAD_SIGNATURE);
    slw_heap_free(&raw);
    slw_heap_free(&text);
}

/* What MESSAGE is: the text that envelopes are signed over. */
static void counts_in_envelopes_where_it_may(void)
{
    for (int type = SLW_SSH_ED25519; type <= SLW_SSH_SK_P256; type++) {
        struct recipe recipe = good;
        struct slw_ssh_key ssh;
        struct slw_heap_buffer blob = {0};
        struct slw_heap_buffer text = {0};
        struct slw_dsse envelope = {.payload_type = SLW_DSSE_INTOTO, .payload = SLW_BYTES_OF("{}")};
        struct slw_statement_key key;
        struct slw_statement_key pem;
        struct slw_dsse_signers found;
        const struct slw_statement_key *keys[] = {&pem, &key};
        recipe.type = (enum slw_ssh_type)type;
        TAP_ROW(slw_ssh_type_name(recipe.type));
        TAP_REQUIRE(make_key(&recipe, &ssh) && make_blob(&recipe, &blob));
        slw_statement_key_of_ssh(&ssh, &key);
        struct slw_private_key *same = private_key(recipe.type);
        slw_statement_key_of_public(slw_private_key_public(same), &pem);
        slw_private_key_free(same);
        TAP_EQUAL_INT(slw_dsse_add(&envelope, &pem, slw_heap_bytes(&blob), &text, &detail),
                      SLW_BAD_SIGNATURE);
        TAP_REQUIRE(slw_dsse_add(&envelope, &key, slw_heap_bytes(&blob), &text, &detail) == SLW_OK);
        TAP_REQUIRE(slw_dsse_parse("e", slw_heap_bytes(&text), &envelope, &detail) == SLW_OK);
        TAP_EQUAL_INT(slw_dsse_verify_one(&envelope, &key, SLW_DSSE_OPENSSH_TOO, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_dsse_verify_one(&envelope, &key, SLW_DSSE_OUR_KEYS, &detail),
                      SLW_UNSIGNED);
        TAP_EQUAL_INT(slw_dsse_verify_one(&envelope, &pem, SLW_DSSE_OPENSSH_TOO, &detail),
                      SLW_UNSIGNED);
        /* the key listed twice, as PEM too, is one: the first entry that is it */
        TAP_REQUIRE(slw_dsse_verify(&envelope, keys, 2, SLW_DSSE_OPENSSH_TOO, &found, &detail) ==
                    SLW_OK);
        TAP_CHECK(found.count == 1 && found.keys[0] == 0);
        slw_dsse_free(&envelope);
        slw_heap_free(&blob);
        slw_heap_free(&text);
    }
}

int main(void)
{
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    TAP_RUN(verifies_what_ssh_keygen_signs);
    TAP_RUN(refuses_what_ssh_keygen_signs_for_other_purposes);
    TAP_RUN(verifies_every_type_and_ssh_keygen_agrees);
    TAP_RUN(counts_in_envelopes_where_it_may);
    TAP_RUN(refuses_signatures_that_differ_in_one_thing);
    TAP_RUN(refuses_blobs_cut_off_or_with_any_bit_flipped);
    TAP_RUN(refuses_numbers_in_other_spellings);
    TAP_RUN(refuses_armour_that_isnt_one);
    TAP_RUN(refuses_what_is_too_large);
    remove_tree(directory);
    return tap_finish();
}
