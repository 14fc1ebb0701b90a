/* SPDX-License-Identifier: Apache-2.0 */
/* Thresholds: which signatures count, how often, and what the rest is called. */
#include "test_documents.h"
#include "test_keys.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPIRES "'expires':'2035-01-01T00:00:00Z'"
#define TIMESTAMP                                                                                  \
    "{'_type':'timestamp','spec_version':'1.0.34','version':1," EXPIRES                            \
    ",'meta':{'snapshot.json':{'version':1}}}"
#define OTHER(role) "'" role "':{'keyids':[],'threshold':1}"

/* A root whose timestamp role has these keys and threshold. */
#define ROOT(keys, keyids, threshold)                                                              \
    "{'_type':'root','spec_version':'1.0.34','version':1," EXPIRES ",'keys':{" keys                \
    "},'roles':{" OTHER("root") "," OTHER("snapshot") "," OTHER(                                   \
        "targets") ",'timestamp':{"                                                                \
                   "'keyids':[" keyids "],'threshold':" threshold "}}}"

#define ALL_KEYS "'$0':@0,'$1':@1,'$2':@2,'$3':@3,'$4':@4"
#define ALL_IDS "'$0','$1','$2','$3','$4'"

/* What the timestamp's signatures are worth under a root; detail is the caller's. */
static enum slw_status verify_text(const char *root_text, enum slw_tuf_key_ids key_ids,
                                   const char *text, struct slw_detail *detail)
{
    struct slw_tuf_file root_file = {0};
    struct slw_tuf_file file = {0};
    struct slw_tuf_root root = {0};
    enum slw_status status = test_parse(root_text, SLW_TUF_ROOT, &root_file, detail);
    if (status == SLW_OK) {
        status = slw_tuf_root_read(&root_file, key_ids, &root, detail);
    }
    TAP_EQUAL_INT(status, SLW_OK);
    if (status == SLW_OK) {
        status = test_parse(text, SLW_TUF_TIMESTAMP, &file, detail);
        TAP_EQUAL_INT(status, SLW_OK);
    }
    if (status == SLW_OK) {
        status = slw_tuf_file_verify(&file, &root.keys, &root.roles[SLW_TUF_TIMESTAMP], detail);
    }
    slw_tuf_root_free(&root);
    slw_tuf_file_free(&file);
    slw_tuf_file_free(&root_file);
    return status;
}

static enum slw_status verify(const char *root, const char *signers)
{
    struct slw_detail detail = {0};
    char *root_text = test_sign(root, "");
    char *text = test_sign(TIMESTAMP, signers);
    enum slw_status status = verify_text(root_text, SLW_TUF_KEY_IDS_CHECKED, text, &detail);
    free(root_text);
    free(text);
    return status;
}

static const struct {
    const char *root;
    const char *signers;
    enum slw_status status;
} thresholds[] = {
    {ROOT(ALL_KEYS, ALL_IDS, "1"), "0", SLW_OK},
    {ROOT(ALL_KEYS, ALL_IDS, "1"), "4", SLW_OK},
    {ROOT(ALL_KEYS, ALL_IDS, "3"), "420", SLW_OK},
    {ROOT(ALL_KEYS, ALL_IDS, "5"), "01234", SLW_OK},
    {ROOT(ALL_KEYS, ALL_IDS, "1"), "01234", SLW_OK},
    {ROOT(ALL_KEYS, "'$2','$3'", "1"), "0132", SLW_OK},
    {ROOT("'$0':@0", "'$0'", "1"), "40", SLW_OK},
    {ROOT("'$0':@0", "'$1','$0'", "1"), "0", SLW_OK},
    {ROOT(ALL_KEYS, ALL_IDS, "1"), "", SLW_UNSIGNED},
    {ROOT(ALL_KEYS, ALL_IDS, "2"), "0", SLW_BELOW_THRESHOLD},
    {ROOT(ALL_KEYS, ALL_IDS, "5"), "0123", SLW_BELOW_THRESHOLD},
    {ROOT(ALL_KEYS, ALL_IDS, "6"), "01234", SLW_BELOW_THRESHOLD},
    {ROOT(ALL_KEYS, ALL_IDS, "4294967295"), "01234", SLW_BELOW_THRESHOLD},
    {ROOT(ALL_KEYS, "'$0'", "1"), "1234", SLW_BELOW_THRESHOLD}, /* keys of other roles */
    {ROOT(ALL_KEYS, "'$0','$1'", "2"), "0234", SLW_BELOW_THRESHOLD},
    {ROOT(ALL_KEYS, "", "1"), "01234", SLW_BELOW_THRESHOLD},
    {ROOT("", "'$0'", "1"), "0", SLW_BELOW_THRESHOLD}, /* a key that isn't listed */
    {ROOT("'$1':@1", "'$0','$1'", "2"), "01", SLW_BELOW_THRESHOLD},
};

static void counts_distinct_keys_of_the_role(void)
{
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        TAP_ROW(thresholds[i].signers);
        TAP_EQUAL_INT(verify(thresholds[i].root, thresholds[i].signers), thresholds[i].status);
    }
}

/* The same keys under another id each, as far as the root's key ids go. */
static void one_key_under_several_ids_counts_once(void)
{
    static const char *const roots[] = {
        ROOT("'$0':@0,'a':@0,'b':@0", "'$0','a','b'", "2"),
        ROOT("'$3':@3,'a':@3,'b':@3", "'$3','a','b'", "2"),
    };
    static const char *const signers[] = {"0", "3"};
    for (size_t i = 0; i < 2; i++) {
        struct slw_detail detail = {0};
        char *root = test_sign(roots[i], "");
        char *once = test_sign(TIMESTAMP, signers[i]);
        char *id = test_expand(i == 0 ? "'$0'" : "'$3'");
        const char *sig = strstr(once, "\"sig\":\"");
        TAP_REQUIRE(sig != NULL);
        char *end = strchr(sig + 7, '"');
        TAP_REQUIRE(end != NULL);
        struct slw_heap_buffer thrice = {0};
        slw_heap_append_text(&thrice, "{\"signatures\":[");
        const char *const ids[] = {id, "\"a\"", "\"b\""};
        for (size_t j = 0; j < 3; j++) {
            slw_heap_printf(&thrice, "%s{\"keyid\":%s,%.*s\"}", j == 0 ? "" : ",", ids[j],
                            (int)(end - sig), sig);
        }
        slw_heap_append_text(&thrice, strstr(once, "],\"signed\""));
        TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_ANY, slw_heap_text(&thrice), &detail),
                      SLW_BELOW_THRESHOLD);
        TAP_CHECK(strstr(detail.text, "1 of 2 valid") != NULL);
        slw_heap_free(&thrice);
        free(root);
        free(once);
        free(id);
    }
}

/* A root that says of key 0, or of another, that its id is `a`. */
struct renamed_root {
    struct slw_tuf_file file;
    struct slw_tuf_root root;
};

static struct renamed_root read_renamed(const char *pattern)
{
    struct renamed_root renamed = {0};
    struct slw_detail detail = {0};
    char *text = test_sign(pattern, "");
    enum slw_status status = test_parse(text, SLW_TUF_ROOT, &renamed.file, &detail);
    if (status == SLW_OK) {
        status = slw_tuf_root_read(&renamed.file, SLW_TUF_KEY_IDS_ANY, &renamed.root, &detail);
    }
    TAP_EQUAL_INT(status, SLW_OK);
    free(text);
    /* It was moved since: what was read points to the file. */
    renamed.root.keys.file = NULL;
    return renamed;
}

static void free_renamed(struct renamed_root *renamed)
{
    slw_tuf_root_free(&renamed->root);
    slw_tuf_file_free(&renamed->file);
}

/* What one key made of a signature says nothing about another, though the id is the same. */
static void asks_again_when_a_key_id_is_another_key(void)
{
    struct renamed_root roots[] = {
        read_renamed(ROOT("'a':@0", "'a'", "1")),
        read_renamed(ROOT("'a':@1", "'a'", "1")),
        read_renamed(ROOT("'a':@3", "'a'", "1")),
    };
    static const unsigned order[] = {0, 0, 1, 1, 0, 2, 0, 1, 2, 2, 0};
    struct slw_detail detail = {0};
    struct slw_tuf_file file = {0};
    char *by_id = test_sign(TIMESTAMP, "0");
    char *id = test_expand("'keyid':'$0'");
    char *text = test_replace(by_id, id, "\"keyid\":\"a\"");
    TAP_EQUAL_INT(test_parse(text, SLW_TUF_TIMESTAMP, &file, &detail), SLW_OK);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct renamed_root *renamed = &roots[order[i]];
        renamed->root.keys.file = &renamed->file;
        TAP_EQUAL_INT(slw_tuf_file_verify(&file, &renamed->root.keys,
                                          &renamed->root.roles[SLW_TUF_TIMESTAMP], &detail),
                      order[i] == 0 ? SLW_OK : SLW_BELOW_THRESHOLD);
    }
    slw_tuf_file_free(&file);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        free_renamed(&roots[i]);
    }
    free(by_id);
    free(id);
    free(text);
}

/* Edits of a file that keys 0 and 3 signed, for a role that wants one of them. */
static const struct {
    const char *name;
    const char *from;
    const char *to;
    enum slw_status status;
} spoilt[] = {
    {"signed by both", "", "", SLW_OK},
    {"content changed", "'version':1,'expires'", "'version':2,'expires'", SLW_BELOW_THRESHOLD},
    {"a member added", "'version':1,'expires'", "'x':0,'version':1,'expires'", SLW_BELOW_THRESHOLD},
    {"a zero in front of a number", "'version':1,'expires'", "'version':01,'expires'",
     SLW_MALFORMED},
    {"blanks added", "'version':1,'expires'", "'version': 1,\n 'expires'", SLW_OK},
    {"escapes added", "'spec_version'", "'spec\\u005fversion'", SLW_OK},
    {"under another id", "{'keyid':'$0'", "{'keyid':'$1'", SLW_OK},
    {"one id cut", "{'keyid':'$0'", "{'keyid':'0'", SLW_OK},
};

static void a_signature_is_over_the_canonical_form_of_everything(void)
{
    char *root = test_sign(ROOT(ALL_KEYS, "'$0','$3'", "1"), "");
    char *good = test_sign(TIMESTAMP, "03");
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
        struct slw_detail detail = {0};
        struct slw_tuf_file file;
        char *from = test_expand(spoilt[i].from);
        char *to = test_expand(spoilt[i].to);
        char *text = from[0] == '\0' ? strdup(good) : test_replace(good, from, to);
        TAP_ROW(spoilt[i].name);
        if (spoilt[i].status == SLW_MALFORMED) {
            TAP_EQUAL_INT(test_parse(text, SLW_TUF_TIMESTAMP, &file, &detail), SLW_MALFORMED);
        } else {
            TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_CHECKED, text, &detail),
                          spoilt[i].status);
        }
        free(from);
        free(to);
        free(text);
    }
    free(good);
    free(root);
}

/* Replaces the signature of the only signer. */
static char *with_signature(const char *signer, const char *sig)
{
    char *text = test_sign(TIMESTAMP, signer);
    char *start = strstr(text, "\"sig\":\"") + 7;
    char *end = strchr(start, '"');
    struct slw_heap_buffer changed = {0};
    slw_heap_append(&changed, slw_bytes_make(text, (size_t)(start - text)));
    slw_heap_append_text(&changed, sig);
    slw_heap_append_text(&changed, end);
    free(text);
    text = strdup(slw_heap_text(&changed));
    slw_heap_free(&changed);
    return text;
}

static void empty_and_bad_signatures_do_not_count(void)
{
    static const struct {
        const char *sig;
        enum slw_status status;
    } rows[] = {
        {"", SLW_UNSIGNED},
        {"00", SLW_BELOW_THRESHOLD},
        {"zz", SLW_BELOW_THRESHOLD},
        {TEST_P256_0_SIGNATURE, SLW_BELOW_THRESHOLD},
        {TEST_ED25519_0_SIGNATURE, SLW_BELOW_THRESHOLD},
        {TEST_RSA_SIGNATURE_SALT_0, SLW_BELOW_THRESHOLD},
    };
    char *root = test_sign(ROOT(ALL_KEYS, ALL_IDS, "1"), "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned key = 0; key < TEST_KEYS; key++) {
            struct slw_detail detail = {0};
            const char signer[] = {(char)('0' + key), '\0'};
            char *text = with_signature(signer, rows[i].sig);
            TAP_ROW(rows[i].sig);
            TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_CHECKED, text, &detail),
                          rows[i].status);
            TAP_CHECK(strncmp(detail.text, "test.json: ", 11) == 0);
            free(text);
        }
    }
    free(root);
}

static void a_refusal_says_how_many_of_how_many(void)
{
    struct slw_detail detail = {0};
    char *root = test_sign(ROOT(ALL_KEYS, ALL_IDS, "3"), "");
    char *text = test_sign(TIMESTAMP, "03");
    TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_CHECKED, text, &detail), SLW_BELOW_THRESHOLD);
    TAP_CHECK(strcmp(detail.text, "test.json: 2 of 3 valid signatures by distinct keys of the role "
                                  "\"timestamp\" (bad ones by its keys: 0)") == 0);
    free(root);
    free(text);
}

#define P256_OBJECT(pem) "{'keytype':'ecdsa','scheme':'ecdsa-sha2-nistp256','keyval':{'public':" pem
#define ED25519_OBJECT(hex) "{'keytype':'ed25519','scheme':'ed25519','keyval':{'public':'" hex "'}}"
#define UNKNOWN_OBJECT "{'keytype':'ml-dsa','scheme':'ml-dsa-65','keyval':{}}"

/* Keys listed under made-up ids, of which `k` signed with something, and what that comes to. */
static const struct {
    const char *keys;
    enum slw_status status;
} odd_keys[] = {
    {"'k':" UNKNOWN_OBJECT, SLW_BELOW_THRESHOLD},
    {"'k':" ED25519_OBJECT("00"), SLW_BAD_KEY},
    {"'k':" ED25519_OBJECT("x"), SLW_BAD_KEY},
    {"'k':" ED25519_OBJECT("0100000000000000000000000000000000000000000000000000000000000000"),
     SLW_BAD_KEY},
    {"'k':" P256_OBJECT("'not a pem'}}"), SLW_BAD_KEY},
    {"'k':" P256_OBJECT("''}}"), SLW_BAD_KEY},
    {"'k':{'keytype':'rsa','scheme':'rsassa-pss-sha256','keyval':{'public':'x'}}", SLW_BAD_KEY},
    {"'k':@0", SLW_BELOW_THRESHOLD},
    {"'k':@3", SLW_BELOW_THRESHOLD},
};

static void a_listed_value_that_is_no_key_is_named_when_it_signed(void)
{
    static const char signature[64 * 2 + 1] =
        "30060201010201020000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000";
    for (size_t i = 0; i < sizeof odd_keys / sizeof odd_keys[0]; i++) {
        struct slw_detail detail = {0};
        struct slw_heap_buffer pattern = {0};
        slw_heap_printf(&pattern, ROOT("%s,'$4':@4", "'k','$4'", "1"), odd_keys[i].keys);
        char *root = test_sign(slw_heap_text(&pattern), "");
        char *signed_by_4 = with_signature("4", signature);
        char *id = test_expand("$4");
        char *text = test_replace(signed_by_4, id, "k");
        TAP_ROW(odd_keys[i].keys);
        TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_ANY, text, &detail), odd_keys[i].status);
        TAP_CHECK(detail.text[0] != '\0');
        slw_heap_free(&pattern);
        free(root);
        free(signed_by_4);
        free(id);
        free(text);
    }
}

/* One that nobody signed with doesn't matter. */
static void a_listed_value_that_is_no_key_matters_to_nobody_else(void)
{
    struct slw_detail detail = {0};
    char *root = test_sign(ROOT("'a':" ED25519_OBJECT("00") ",'$4':@4", "'a','$4'", "1"), "");
    char *text = test_sign(TIMESTAMP, "4");
    TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_ANY, text, &detail), SLW_OK);
    free(root);
    free(text);
}

/* One that signed doesn't keep others from being enough, wherever it stands; it counts for nothing.
 */
static void a_listed_value_that_is_no_key_is_passed_over_among_enough_others(void)
{
    static const char *const orders[] = {"43", "34"};
    char *id = test_expand("$4");
    for (size_t i = 0; i < 2; i++) {
        for (unsigned threshold = 1; threshold <= 2; threshold++) {
            struct slw_detail detail = {0};
            struct slw_heap_buffer pattern = {0};
            slw_heap_printf(&pattern, ROOT("'k':%s,'$3':@3", "'k','$3'", "%u"),
                            ED25519_OBJECT("00"), threshold);
            char *root = test_sign(slw_heap_text(&pattern), "");
            char *signed_by_both = test_sign(TIMESTAMP, orders[i]);
            char *text = test_replace(signed_by_both, id, "k");
            TAP_ROW(orders[i]);
            TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_ANY, text, &detail),
                          threshold == 1 ? SLW_OK : SLW_BAD_KEY);
            slw_heap_free(&pattern);
            free(root);
            free(signed_by_both);
            free(text);
        }
    }
    free(id);
}

/* A point off the curve is found out by the verification itself. */
static void a_point_off_the_curve_is_a_bad_key(void)
{
    struct slw_detail detail = {0};
    struct slw_heap_buffer pattern = {0};
    struct slw_heap_buffer pem = {0};
    test_append_string(TEST_P256_OFF_CURVE, &pem);
    slw_heap_printf(&pattern, ROOT("'k':" P256_OBJECT("%s}}"), "'k'", "1"), slw_heap_text(&pem));
    char *root = test_sign(slw_heap_text(&pattern), "");
    char *signed_by_4 = with_signature("4", TEST_P256_0_SIGNATURE);
    char *id = test_expand("$4");
    char *text = test_replace(signed_by_4, id, "k");
    TAP_EQUAL_INT(verify_text(root, SLW_TUF_KEY_IDS_ANY, text, &detail), SLW_BAD_KEY);
    TAP_CHECK(strstr(detail.text, "\"k\"") != NULL);
    slw_heap_free(&pattern);
    slw_heap_free(&pem);
    free(root);
    free(signed_by_4);
    free(id);
    free(text);
}

int main(void)
{
    TAP_RUN(counts_distinct_keys_of_the_role);
    TAP_RUN(one_key_under_several_ids_counts_once);
    TAP_RUN(asks_again_when_a_key_id_is_another_key);
    TAP_RUN(a_signature_is_over_the_canonical_form_of_everything);
    TAP_RUN(empty_and_bad_signatures_do_not_count);
    TAP_RUN(a_refusal_says_how_many_of_how_many);
    TAP_RUN(a_listed_value_that_is_no_key_is_named_when_it_signed);
    TAP_RUN(a_listed_value_that_is_no_key_matters_to_nobody_else);
    TAP_RUN(a_listed_value_that_is_no_key_is_passed_over_among_enough_others);
    TAP_RUN(a_point_off_the_curve_is_a_bad_key);
    test_keys_free();
    return tap_finish();
}
