/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of OpenSSH public key files: of every type, and hundreds that are none. */
#include "slipway/base64.h"
#include "slipway/statement_key.h"

#include "ssh_wire.h"

#include "../tuf/metadata/test_keys.h"

#include "tap.h"

#include <stdlib.h>

static struct slw_detail detail;

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static struct slw_public_key public_key(bool is_p256)
{
    struct slw_private_key *key = NULL;
    struct slw_public_key found = {0};
    const char *pem = is_p256 ? TEST_P256_0_PRIVATE : TEST_ED25519_0_PRIVATE;
    if (slw_private_key_parse("key", bytes_of(pem), slw_bytes_make(NULL, 0), &key, &detail) ==
        SLW_OK) {
        found = *slw_private_key_public(key);
    }
    slw_private_key_free(key);
    return found;
}

/* What a blob is put together from; each row changes something. NULL: as it should be. */
struct recipe {
    const char *name;
    enum slw_ssh_type type;
    const char *line_type;
    const char *blob_type;
    const char *curve;
    struct slw_bytes value; /* empty: the key's */
    const char *application;
    const char *trailer; /* behind the blob */
    const char *comment;
};

static void make_line(const struct recipe *recipe, struct slw_heap_buffer *line)
{
    bool is_p256 = recipe->type == SLW_SSH_P256 || recipe->type == SLW_SSH_SK_P256;
    struct slw_public_key key = public_key(is_p256);
    const char *type = slw_ssh_type_name(recipe->type);
    struct slw_heap_buffer blob = {0};
    slw_ssh_wire_put_string(&blob, bytes_of(recipe->blob_type != NULL ? recipe->blob_type : type));
    if (is_p256) {
        slw_ssh_wire_put_string(&blob,
                                bytes_of(recipe->curve != NULL ? recipe->curve : "nistp256"));
    }
    slw_ssh_wire_put_string(
        &blob, recipe->value.len > 0 ? recipe->value : slw_bytes_make(key.value, key.value_len));
    if (slw_ssh_type_is_sk(recipe->type)) {
        slw_ssh_wire_put_string(
            &blob, bytes_of(recipe->application != NULL ? recipe->application : "ssh:"));
    }
    slw_heap_append_text(&blob, recipe->trailer != NULL ? recipe->trailer : "");
    slw_heap_printf(line, "%s ", recipe->line_type != NULL ? recipe->line_type : type);
    slw_base64_encode(slw_heap_bytes(&blob), line);
    slw_heap_append_text(line, recipe->comment != NULL ? recipe->comment : "");
    slw_heap_free(&blob);
}

static enum slw_status parse_recipe(const struct recipe *recipe, struct slw_ssh_key *ret_key)
{
    struct slw_heap_buffer line = {0};
    make_line(recipe, &line);
    enum slw_status status = slw_ssh_key_parse("ada", slw_heap_bytes(&line), ret_key, &detail);
    slw_heap_free(&line);
    return status;
}

static void reads_keys_of_every_type(void)
{
    for (int type = SLW_SSH_ED25519; type <= SLW_SSH_SK_P256; type++) {
        const struct recipe recipe = {.type = (enum slw_ssh_type)type};
        struct slw_public_key same = public_key(type == SLW_SSH_P256 || type == SLW_SSH_SK_P256);
        struct slw_heap_buffer line = {0};
        struct slw_heap_buffer again = {0};
        struct slw_ssh_key key;
        TAP_ROW(slw_ssh_type_name(recipe.type));
        TAP_REQUIRE(parse_recipe(&recipe, &key) == SLW_OK);
        TAP_CHECK(key.type == recipe.type && key.value_len == same.value_len);
        TAP_EQUAL_BYTES(key.value, same.value, same.value_len);
        struct slw_statement_key statement_key;
        make_line(&recipe, &line);
        TAP_REQUIRE(slw_statement_key_parse("ada", slw_heap_bytes(&line), &statement_key,
                                            &detail) == SLW_OK);
        TAP_CHECK(statement_key.kind == SLW_STATEMENT_KEY_SSH);
        TAP_EQUAL_BYTES(statement_key.id, key.id, sizeof key.id);
        slw_ssh_key_format(&key, &again);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&line), slw_heap_bytes(&again)));
        slw_heap_free(&line);
        slw_heap_free(&again);
    }
    TAP_CHECK(strcmp(slw_ssh_type_name((enum slw_ssh_type)0), "unknown") == 0);
    TAP_CHECK(strcmp(slw_ssh_type_name((enum slw_ssh_type)9), "unknown") == 0);
}

static void takes_comments_and_line_ends(void)
{
    static const char *const comments[] = {"",   " ada", " ada lovelace", " \xC3\xA4", " a\tb",
                                           "\n", "\r\n", " ada\n",        " ada\r\n"};
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++) {
        const struct recipe recipe = {.type = SLW_SSH_ED25519, .comment = comments[i]};
        struct slw_ssh_key key;
        TAP_ROW(comments[i]);
        TAP_EQUAL_INT(parse_recipe(&recipe, &key), SLW_OK);
    }
}

static void refuses_lines_that_are_no_key(void)
{
    static char long_text[SLW_SSH_KEY_LINE_MAX + 1];
    static char long_application[SLW_SSH_APPLICATION_MAX + 2];
    static const uint8_t zeros[SLW_P256_KEY_SIZE + 1] = {4};
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[0] = ' ';
    memset(long_application, 'x', sizeof long_application - 1);
    const struct recipe rows[] = {
        {.name = "line's type", .type = SLW_SSH_ED25519, .line_type = "ssh-rsa"},
        {.name = "another type in front", .type = SLW_SSH_ED25519, .line_type = "ssh-dss"},
        {.name = "a plain key as one of hardware",
         .type = SLW_SSH_ED25519,
         .line_type = "sk-ssh-ed25519@openssh.com"},
        {.name = "one of hardware as a plain key",
         .type = SLW_SSH_SK_ED25519,
         .line_type = "ssh-ed25519"},
        {.name = "a certificate",
         .type = SLW_SSH_ED25519,
         .line_type = "ssh-ed25519-cert-v01@openssh.com"},
        {.name = "type in capitals", .type = SLW_SSH_ED25519, .line_type = "SSH-ED25519"},
        {.name = "options in front",
         .type = SLW_SSH_ED25519,
         .line_type = "no-touch-required ssh-ed25519"},
        {.name = "blob's type", .type = SLW_SSH_ED25519, .blob_type = "ssh-rsa"},
        {.name = "blob's other type", .type = SLW_SSH_P256, .blob_type = "ssh-ed25519"},
        {.name = "no type in the blob", .type = SLW_SSH_P256, .blob_type = ""},
        {.name = "another curve", .type = SLW_SSH_P256, .curve = "nistp384"},
        {.name = "no curve", .type = SLW_SSH_SK_P256, .curve = ""},
        {.name = "31 bytes", .type = SLW_SSH_ED25519, .value = {zeros, 31}},
        {.name = "33 bytes", .type = SLW_SSH_ED25519, .value = {zeros, 33}},
        {.name = "small order", .type = SLW_SSH_ED25519, .value = {zeros + 1, 32}},
        {.name = "64 bytes", .type = SLW_SSH_P256, .value = {zeros, 64}},
        {.name = "66 bytes", .type = SLW_SSH_P256, .value = {zeros, 66}},
        {.name = "off the curve", .type = SLW_SSH_P256, .value = {zeros, 65}},
        {.name = "no application", .type = SLW_SSH_SK_ED25519, .application = ""},
        {.name = "long application", .type = SLW_SSH_SK_P256, .application = long_application},
        {.name = "something behind", .type = SLW_SSH_ED25519, .trailer = "x"},
        {.name = "a string behind", .type = SLW_SSH_P256, .trailer = "\x01\x01\x01\x01"},
        {.name = "long comment", .type = SLW_SSH_ED25519, .comment = long_text},
        {.name = "a second line", .type = SLW_SSH_ED25519, .comment = " ada\nssh-ed25519 AAAA"},
        {.name = "two line ends", .type = SLW_SSH_ED25519, .comment = "\n\n"},
        {.name = "a line end in the middle", .type = SLW_SSH_ED25519, .comment = " a\rb"},
        {.name = "an escape", .type = SLW_SSH_ED25519, .comment = " \x1b[2J"},
        {.name = "padding too much", .type = SLW_SSH_ED25519, .comment = "===="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_ssh_key key;
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(parse_recipe(&rows[i], &key), SLW_BAD_KEY);
        TAP_CHECK(strncmp(detail.text, "ada: ", 5) == 0);
    }
}

static void refuses_texts_that_are_no_line(void)
{
    static const char *const rows[] = {"",
                                       " ",
                                       "\n",
                                       "ssh-ed25519",
                                       "ssh-ed25519 ",
                                       "ssh-ed25519  AAAA",
                                       "ssh-ed25519 AAAA",
                                       "ssh-ed25519 ////",
                                       "ssh-ed25519\tAAAA",
                                       " ssh-ed25519 AAAA",
                                       "# ssh-ed25519 AAAA",
                                       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
                                       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
                                       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/////w=="};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_ssh_key key;
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_ssh_key_parse("ada", bytes_of(rows[i]), &key, &detail), SLW_BAD_KEY);
    }
}

static void refuses_a_blob_larger_than_any_key(void)
{
    struct slw_heap_buffer blob = {0};
    struct slw_heap_buffer line = {0};
    struct slw_ssh_key key;
    memset(slw_heap_reserve(&blob, SLW_SSH_KEY_BLOB_MAX + 1), 0, SLW_SSH_KEY_BLOB_MAX + 1);
    slw_heap_append_text(&line, "ssh-ed25519 ");
    slw_base64_encode(slw_heap_bytes(&blob), &line);
    TAP_EQUAL_INT(slw_ssh_key_parse("ada", slw_heap_bytes(&line), &key, &detail), SLW_BAD_KEY);
    TAP_CHECK(strstr(detail.text, "no key in base64") != NULL);
    slw_heap_free(&blob);
    slw_heap_free(&line);
}

/* One key as PEM, as a plain line, and as one of hardware: three ids, one key. */
static void knows_a_key_in_other_clothes(void)
{
    for (int i = 0; i < 2; i++) {
        const struct recipe plain = {.type = i == 0 ? SLW_SSH_ED25519 : SLW_SSH_P256};
        const struct recipe hardware = {.type = i == 0 ? SLW_SSH_SK_ED25519 : SLW_SSH_SK_P256};
        const struct slw_public_key pem = public_key(i == 1);
        const struct slw_public_key other_pem = public_key(i == 0);
        struct slw_ssh_key ssh;
        struct slw_statement_key keys[4];
        slw_statement_key_of_public(&pem, &keys[0]);
        TAP_REQUIRE(parse_recipe(&plain, &ssh) == SLW_OK);
        slw_statement_key_of_ssh(&ssh, &keys[1]);
        TAP_REQUIRE(parse_recipe(&hardware, &ssh) == SLW_OK);
        slw_statement_key_of_ssh(&ssh, &keys[2]);
        slw_statement_key_of_public(&other_pem, &keys[3]);
        for (size_t j = 0; j < 3; j++) {
            TAP_CHECK(slw_statement_key_same(&keys[0], &keys[j]));
            TAP_CHECK(!slw_statement_key_same(&keys[3], &keys[j]));
            TAP_CHECK(j == 0 || memcmp(keys[j].id, keys[j - 1].id, SLW_SHA256_SIZE) != 0);
        }
    }
}

int main(void)
{
    TAP_RUN(reads_keys_of_every_type);
    TAP_RUN(takes_comments_and_line_ends);
    TAP_RUN(refuses_lines_that_are_no_key);
    TAP_RUN(refuses_texts_that_are_no_line);
    TAP_RUN(refuses_a_blob_larger_than_any_key);
    TAP_RUN(knows_a_key_in_other_clothes);
    return tap_finish();
}
