/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes, their keys, checkpoints and cosignatures: what others wrote is read and verified, what we
 * write is what we read, and whatever isn't a note by its specification is refused.
 */
#include "slipway/base64.h"
#include "slipway/keys.h"
#include "slipway/note.h"

#include "tap.h"

#include <stdlib.h>

/* The examples of the Go package note, which made the format. */
#define NEUMANN_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define NEUMANN_TEXT                                                                               \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define NEUMANN_LINE                                                                               \
    "\xE2\x80\x94 PeterNeumann "                                                                   \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=" \
    "\n"
#define DASH "\xE2\x80\x94 "
#define LINE_OF_OTHERS DASH "other AAAAAAE=\n"

static struct slw_detail detail;

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static void reads_keys_and_writes_them(void)
{
    static const char *const keys[] = {
        NEUMANN_KEY,
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct slw_note_key key;
        struct slw_heap_buffer text = {0};
        TAP_EQUAL_INT(slw_note_key_parse("key", text_of(keys[i]), &key, &detail), SLW_OK);
        slw_note_key_format(&key, &text);
        TAP_CHECK(strcmp(slw_heap_text(&text), keys[i]) == 0);
        slw_heap_free(&text);
    }
}

static void refuses_what_is_no_key(void)
{
    static const char *const keys[] = {
        "",
        "+",
        "++",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* id */
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a30+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+0xc74f20+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "peterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* name */
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX", /* value */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW", /* alphabet */
        "PeterNeumann+c74f20a3+AhpcQQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* type 2 */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        " PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AQ==",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct slw_note_key key;
        TAP_ROW(keys[i]);
        TAP_EQUAL_INT(slw_note_key_parse("key", text_of(keys[i]), &key, &detail), SLW_BAD_KEY);
    }
}

static void refuses_names_with_spaces_pluses_and_controls(void)
{
    static const char *const bad[] = {
        "",         "a b",       "a+b",          "a\tb",         "a\nb",          "\x7f",
        "\xC2\xA0", "a\xC2\x85", "\xE2\x80\xA8", "\xE3\x80\x80", "\xE2\x80\x83x", "\xE1\x9A\x80",
        "\xFF",     "\xC3",      "\xE2\x80",     "\xED\xA0\x80", "\xE2\x81\x9F",
    };
    static const char *const good[] = {"a", "example.com/log", "\xC3\xA9t\xC3\xA9", "-",
                                       "\xF0\x9F\x94\x91"};
    char longest[SLW_NOTE_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        TAP_CHECK(!slw_note_name_is_good(text_of(bad[i])));
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        TAP_ROW(good[i]);
        TAP_CHECK(slw_note_name_is_good(text_of(good[i])));
    }
    TAP_ROW(NULL);
    memset(longest, 'n', sizeof longest);
    TAP_CHECK(slw_note_name_is_good(slw_bytes_make(longest, SLW_NOTE_NAME_MAX)));
    TAP_CHECK(!slw_note_name_is_good(slw_bytes_make(longest, SLW_NOTE_NAME_MAX + 1)));
}

static enum slw_status verify_text(const char *text, const char *vkey)
{
    struct slw_note note;
    struct slw_note_key key;
    struct slw_note_verdict verdict;
    enum slw_status status = slw_note_key_parse("key", text_of(vkey), &key, &detail);
    if (status == SLW_OK) {
        status = slw_note_parse("note", text_of(text), &note, &detail);
    }
    return status == SLW_OK ? slw_note_verify(&note, &key, 1, &verdict, &detail) : status;
}

static void verifies_notes_of_others(void)
{
    TAP_EQUAL_INT(verify_text(NEUMANN_TEXT "\n" NEUMANN_LINE, NEUMANN_KEY), SLW_OK);
    TAP_EQUAL_INT(verify_text(NEUMANN_TEXT "\n" LINE_OF_OTHERS NEUMANN_LINE, NEUMANN_KEY), SLW_OK);
    TAP_EQUAL_INT(verify_text(NEUMANN_TEXT "\n" NEUMANN_LINE NEUMANN_LINE, NEUMANN_KEY), SLW_OK);
}

static void refuses_notes_that_their_key_did_not_sign(void)
{
    static const char *const bad[] = {
        "x" NEUMANN_TEXT "\n" NEUMANN_LINE,
        NEUMANN_TEXT "\n\n" NEUMANN_LINE,
        NEUMANN_TEXT NEUMANN_TEXT "\n" NEUMANN_LINE,
        NEUMANN_TEXT "\n" DASH "PeterNeumann x08gowAA\n",
        NEUMANN_TEXT "\n" NEUMANN_LINE DASH "PeterNeumann x08gowAA\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        TAP_EQUAL_INT(verify_text(bad[i], NEUMANN_KEY), SLW_BAD_SIGNATURE);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(verify_text(NEUMANN_TEXT "\n" LINE_OF_OTHERS, NEUMANN_KEY), SLW_UNSIGNED);
    /* The name alone and the id alone are another key's. */
    TAP_EQUAL_INT(verify_text(NEUMANN_TEXT "\n" DASH "PeterNeumann AAAAAAAA\n", NEUMANN_KEY),
                  SLW_UNSIGNED);
    TAP_EQUAL_INT(verify_text(NEUMANN_TEXT "\n" DASH "Peter x08gowAA\n", NEUMANN_KEY),
                  SLW_UNSIGNED);
}

static void refuses_what_is_no_note(void)
{
    static const char *const bad[] = {
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text" NEUMANN_LINE,
        "text\n" NEUMANN_LINE,
        "\n\n" NEUMANN_LINE,
        "\n" NEUMANN_LINE,
        "text\n\n" DASH "PeterNeumann x08gowAA", /* without its end */
        "text\n\n" NEUMANN_LINE "\n",
        "text\n\n" NEUMANN_LINE "more\n",
        "text\n\n- PeterNeumann x08gowAA\n",
        "text\n\n" DASH DASH "PeterNeumann x08gowAA\n",
        "text\n\n" DASH "PeterNeumann  x08gowAA\n",
        "text\n\n" DASH "PeterNeumann x08gowAA \n",
        "text\n\n" DASH " x08gowAA\n",
        "text\n\n" DASH "PeterNeumann \n",
        "text\n\n" DASH "PeterNeumann\n",
        "text\n\n" DASH "Peter+Neumann x08gowAA\n",
        "text\n\n" DASH "PeterNeumann x08gow==\n", /* an id and nothing behind it */
        "text\n\n" DASH "PeterNeumann x08gowA\n",
        "text\n\n" DASH "PeterNeumann x08gowA=\n=",
        "text\n\n" DASH "PeterNeumann x08g_wAA\n",
        "te\txt\n\n" NEUMANN_LINE,
        "text\r\n\r\n" NEUMANN_LINE,
        "te\xFFxt\n\n" NEUMANN_LINE,
        "te\xE2\x80\n\n" NEUMANN_LINE,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slw_note note;
        TAP_ROW(bad[i]);
        TAP_EQUAL_INT(slw_note_parse("note", text_of(bad[i]), &note, &detail), SLW_MALFORMED);
    }
}

static void bounds_a_note(void)
{
    struct slw_note note;
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "text\n\n");
    for (unsigned i = 0; i < SLW_NOTE_SIGNATURES_MAX; i++) {
        slw_heap_append_text(&text, LINE_OF_OTHERS);
    }
    TAP_EQUAL_INT(slw_note_parse("note", slw_heap_bytes(&text), &note, &detail), SLW_OK);
    TAP_EQUAL_INT(note.count, SLW_NOTE_SIGNATURES_MAX);
    slw_heap_append_text(&text, LINE_OF_OTHERS);
    TAP_EQUAL_INT(slw_note_parse("note", slw_heap_bytes(&text), &note, &detail), SLW_TOO_LARGE);
    slw_heap_free(&text);
    while (text.len <= SLW_NOTE_SIZE_MAX) {
        slw_heap_append_text(&text, "text\n");
    }
    slw_heap_append_text(&text, "\n" LINE_OF_OTHERS);
    TAP_EQUAL_INT(slw_note_parse("note", slw_heap_bytes(&text), &note, &detail), SLW_TOO_LARGE);
    slw_heap_free(&text);
}

static struct slw_note_signer new_signer(const char *name, enum slw_note_type type,
                                         struct slw_private_key **ret_key)
{
    struct slw_note_signer signer = {.context = NULL};
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, ret_key, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_signer_init(*ret_key, text_of(name), type, &signer, &detail), SLW_OK);
    return signer;
}

static void signs_what_it_verifies(void)
{
    struct slw_private_key *keys[2] = {NULL, NULL};
    struct slw_note_signer log = new_signer("example.com/log", SLW_NOTE_ED25519, &keys[0]);
    struct slw_note_signer witness = new_signer("w1", SLW_NOTE_COSIGNATURE, &keys[1]);
    const struct slw_note_key both[] = {log.key, witness.key};
    struct slw_note_verdict verdicts[2];
    struct slw_heap_buffer note_text = {0};
    struct slw_note note;
    slw_heap_append_text(&note_text, "a\n\nb\n\n");
    struct slw_bytes text = SLW_BYTES_OF("a\n\nb\n");
    TAP_EQUAL_INT(slw_note_sign_text(&log, text, 0, &note_text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_sign_text(&witness, text, 1679315147, &note_text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_sign_text(&witness, text, 1679315149, &note_text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_sign_text(&witness, text, 1679315148, &note_text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_parse("note", slw_heap_bytes(&note_text), &note, &detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(note.text, text));
    TAP_EQUAL_INT(note.count, 4);
    TAP_EQUAL_INT(slw_note_verify(&note, both, 2, verdicts, &detail), SLW_OK);
    TAP_CHECK(verdicts[0].is_signed && verdicts[0].time == 0);
    TAP_CHECK(verdicts[1].is_signed && verdicts[1].time == 1679315149);
    TAP_EQUAL_INT(slw_note_check_signature(&witness.key, text, 1679315149, verdicts[1].signature),
                  SLW_OK);
    TAP_EQUAL_INT(slw_note_check_signature(&witness.key, text, 1679315148, verdicts[1].signature),
                  SLW_BAD_SIGNATURE);
    /* A cosignature is no signature of the text, and the other way round. */
    struct slw_note_key other = witness.key;
    other.type = SLW_NOTE_ED25519;
    TAP_EQUAL_INT(slw_note_check_signature(&other, text, 0, verdicts[1].signature),
                  SLW_BAD_SIGNATURE);
    slw_heap_free(&note_text);
    slw_private_key_free(keys[0]);
    slw_private_key_free(keys[1]);
}

static enum slw_status sign_wrongly(void *context, struct slw_bytes message,
                                    uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                    struct slw_detail *ret_detail)
{
    enum slw_status status = slw_private_key_sign(context, message, ret_signature, ret_detail);
    ret_signature[9] ^= 1;
    return status;
}

static void refuses_to_sign_wrongly(void)
{
    struct slw_private_key *key = NULL;
    struct slw_private_key *p256 = NULL;
    struct slw_heap_buffer line = {0};
    struct slw_note_signer signer = new_signer("w1", SLW_NOTE_COSIGNATURE, &key);
    TAP_EQUAL_INT(slw_note_sign_text(&signer, SLW_BYTES_OF("no end"), 1, &line, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_note_sign_text(&signer, SLW_BYTES_OF(""), 1, &line, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_note_sign_text(&signer, SLW_BYTES_OF("a\n"), UINT64_MAX, &line, &detail),
                  SLW_BAD_ARGUMENT);
    signer.sign = sign_wrongly;
    TAP_EQUAL_INT(slw_note_sign_text(&signer, SLW_BYTES_OF("a\n"), 1, &line, &detail),
                  SLW_IO_CRYPTO);
    TAP_EQUAL_INT(line.len, 0);
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_P256, &p256, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_signer_init(p256, text_of("a"), SLW_NOTE_ED25519, &signer, &detail),
                  SLW_BAD_KEY);
    TAP_EQUAL_INT(slw_note_signer_init(key, text_of("a b"), SLW_NOTE_ED25519, &signer, &detail),
                  SLW_BAD_KEY);
    TAP_EQUAL_INT(slw_note_signer_init(key, text_of("a"), (enum slw_note_type)6, &signer, &detail),
                  SLW_BAD_KEY);
    slw_private_key_free(key);
    slw_private_key_free(p256);
    slw_heap_free(&line);
}

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void reads_checkpoints_and_writes_them(void)
{
    static const char *const texts[] = {
        "example.com/behind-the-sofa\n20852163\n" ROOT "\n",
        "o\n0\n" ROOT "\n",
        "any origin + spaces\n9223372036854775807\n" ROOT "\nextension\nmore\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_checkpoint checkpoint;
        struct slw_heap_buffer text = {0};
        TAP_EQUAL_INT(slw_checkpoint_parse("c", text_of(texts[i]), &checkpoint, &detail), SLW_OK);
        slw_checkpoint_format(&checkpoint, &text);
        TAP_CHECK(strcmp(slw_heap_text(&text), texts[i]) == 0);
        slw_heap_free(&text);
    }
}

static void refuses_what_is_no_checkpoint(void)
{
    static const char *const texts[] = {
        "",
        "o\n",
        "o\n1\n",
        "o\n1\n" ROOT,
        "\n1\n" ROOT "\n",
        "o\n\n" ROOT "\n",
        "o\n1\n\n",
        "o\n01\n" ROOT "\n",
        "o\n-1\n" ROOT "\n",
        "o\n+1\n" ROOT "\n",
        "o\n 1\n" ROOT "\n",
        "o\n1 \n" ROOT "\n",
        "o\n0x1\n" ROOT "\n",
        "o\n1e3\n" ROOT "\n",
        "o\n9223372036854775808\n" ROOT "\n",
        "o\n18446744073709551616\n" ROOT "\n",
        "o\n99999999999999999999999\n" ROOT "\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2L=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\n" ROOT "\n\n",
        "o\n1\n" ROOT "\nextension\n\nmore\n",
        "o\n1\n" ROOT "\nextension",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_checkpoint checkpoint;
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(slw_checkpoint_parse("c", text_of(texts[i]), &checkpoint, &detail),
                      SLW_MALFORMED);
    }
}

static void opens_only_the_checkpoint_of_its_own_log(void)
{
    struct slw_private_key *key = NULL;
    struct slw_note_signer log = new_signer("example.com/log", SLW_NOTE_ED25519, &key);
    static const struct {
        const char *text;
        enum slw_status status;
    } rows[] = {
        {"example.com/log\n3\n" ROOT "\n", SLW_OK},
        {"example.com/lo\n3\n" ROOT "\n", SLW_MALFORMED},
        {"example.com/log2\n3\n" ROOT "\n", SLW_MALFORMED},
        {"example.com/log\nthree\n" ROOT "\n", SLW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer bytes = {0};
        struct slw_note note;
        struct slw_checkpoint checkpoint;
        TAP_ROW(rows[i].text);
        slw_heap_printf(&bytes, "%s\n", rows[i].text);
        TAP_EQUAL_INT(slw_note_sign_text(&log, text_of(rows[i].text), 0, &bytes, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_checkpoint_open("checkpoint", slw_heap_bytes(&bytes), &log.key, &note,
                                          &checkpoint, &detail),
                      rows[i].status);
        bytes.ptr[0] ^= 1; /* and no other text */
        TAP_EQUAL_INT(slw_checkpoint_open("checkpoint", slw_heap_bytes(&bytes), &log.key, &note,
                                          &checkpoint, &detail),
                      SLW_BAD_SIGNATURE);
        slw_heap_free(&bytes);
    }
    slw_private_key_free(key);
}

int main(void)
{
    TAP_RUN(reads_keys_and_writes_them);
    TAP_RUN(refuses_what_is_no_key);
    TAP_RUN(refuses_names_with_spaces_pluses_and_controls);
    TAP_RUN(verifies_notes_of_others);
    TAP_RUN(refuses_notes_that_their_key_did_not_sign);
    TAP_RUN(refuses_what_is_no_note);
    TAP_RUN(bounds_a_note);
    TAP_RUN(signs_what_it_verifies);
    TAP_RUN(refuses_to_sign_wrongly);
    TAP_RUN(reads_checkpoints_and_writes_them);
    TAP_RUN(refuses_what_is_no_checkpoint);
    TAP_RUN(opens_only_the_checkpoint_of_its_own_log);
    return tap_finish();
}
