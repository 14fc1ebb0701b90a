/* SPDX-License-Identifier: Apache-2.0 */
/* targets.json: what a target may be, and what is refused. */
#include "test_edits.h"

#define SHA256 "59ebf97a9850aecec4bc39c1f5c1dc46e6490a6b5fd2a6cacdcac0c3a6fc4cbf"
#define SHA512 SHA256 SHA256
#define ENTRY "{'hashes':{'sha256':'" SHA256 "'},'length':177}"
#define GOOD                                                                                       \
    "{'_type':'targets','spec_version':'1.0.34','version':3,'expires':'2035-01-31T00:00:00Z',"     \
    "'targets':{'a':" ENTRY                                                                        \
    ",'dir/\\u00fc':{'custom':{'x':[1]},'hashes':{'md5':'?','sha512':'" SHA512                     \
    "'},'length':0,'more':null}}}"

static enum slw_status read_targets(const struct slw_tuf_file *file, struct slw_detail *detail)
{
    struct slw_tuf_targets targets = {0};
    enum slw_status status = slw_tuf_targets_read(file, SLW_TUF_KEY_IDS_CHECKED, &targets, detail);
    slw_tuf_targets_free(&targets);
    return status;
}

static void finds_targets_by_their_path(void)
{
    struct slw_tuf_file file;
    struct slw_tuf_targets targets;
    struct slw_tuf_target target = {0};
    struct slw_detail detail = {0};
    char *text = test_sign(GOOD, "");
    TAP_REQUIRE(test_parse(text, SLW_TUF_TARGETS, &file, &detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_targets_read(&file, SLW_TUF_KEY_IDS_CHECKED, &targets, &detail) == SLW_OK);
    TAP_EQUAL_INT(targets.common.version, 3);
    TAP_EQUAL_INT(targets.targets_count, 2);
    TAP_EQUAL_INT(targets.delegations_count, 0);
    TAP_EQUAL_INT(targets.keys.count, 0);
    TAP_EQUAL_INT(slw_tuf_targets_find(&targets, SLW_BYTES_OF("a"), &target), SLW_OK);
    TAP_EQUAL_INT(target.length, 177);
    TAP_EQUAL_INT(target.custom, SLW_JSON_NONE);
    TAP_CHECK(slw_bytes_equal(target.path, SLW_BYTES_OF("a")));
    TAP_CHECK(target.json == &file.json);
    TAP_EQUAL_INT(slw_tuf_targets_find(&targets, SLW_BYTES_OF("dir/\xC3\xBC"), &target), SLW_OK);
    TAP_EQUAL_INT(target.length, 0);
    TAP_EQUAL_INT(slw_json_count(&file.json, target.hashes), 2);
    TAP_EQUAL_INT(slw_json_count(&file.json, target.custom), 1);
    static const char *const absent[] = {"",    "b",    "A",           "a/",
                                         "dir", "dir/", "dir/\\u00fc", "length"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        struct slw_bytes path = slw_bytes_make(absent[i], strlen(absent[i]));
        TAP_EQUAL_INT(slw_tuf_targets_find(&targets, path, &target), SLW_NOT_FOUND);
    }
    TAP_CHECK(slw_bytes_equal(target.path, SLW_BYTES_OF("dir/\xC3\xBC")));
    slw_tuf_targets_free(&targets);
    slw_tuf_file_free(&file);
    free(text);
}

#define TARGETS(entry) "'targets':{'a':" entry ",'dir"
#define WAS TARGETS(ENTRY)

static const struct test_edit edits[] = {
    {"", "as it is", SLW_OK},
    {"'a':", "'../../etc/passwd':", SLW_OK}, /* an identifier, not a path */
    {"'a':", "'/':", SLW_OK},
    {"'a':", "'\\u0000':", SLW_OK},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "','sha512':'" SHA512 "'},'length':1}"), SLW_OK},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':9223372036854775807}"), SLW_OK},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':-0,'custom':{}}"), SLW_OK},
    {"'version':3,", "'version':3,'delegations':{'keys':{},'roles':[]},", SLW_OK},
    {"'a':", "'':", SLW_BAD_NAME},
    {WAS, TARGETS("null"), SLW_MALFORMED},
    {WAS, TARGETS("[]"), SLW_MALFORMED},
    {WAS, TARGETS("'" SHA256 "'"), SLW_MALFORMED},
    {WAS, TARGETS("{}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'}}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':-1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':'1'}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':true}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':null}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':[1]}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':9223372036854775808}"),
     SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':1,'custom':[]}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':1,'custom':null}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "'},'length':1,'custom':'x'}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':[],'length':1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':null,'length':1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':'" SHA256 "','length':1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':['" SHA256 "']},'length':1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'sha256':null},'length':1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'hashes':{'x':1,'sha256':'" SHA256 "'},'length':1}"), SLW_MALFORMED},
    {WAS, TARGETS("{'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{},'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{'md5':'9a0364b9e99bb480dd25e1f0284c8555'},'length':1}"), SLW_OK},
    {WAS, TARGETS("{'hashes':{'sha256':''},'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{'sha256':'59ebf9'},'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA512 "'},'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{'sha512':'" SHA256 "'},'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{'sha-256':'" SHA256 "'},'length':1}"), SLW_OK},
    {WAS, TARGETS("{'hashes':{'sha256':'" SHA256 "','sha512':''},'length':1}"), SLW_MISSING_HASH},
    {WAS, TARGETS("{'hashes':{'sha512':'" SHA512 "','sha256':'../'},'length':1}"),
     SLW_MISSING_HASH},
    {"'targets':{'a'", "'Targets':{'a'", SLW_MALFORMED},
    {"'version':3,", "'version':3,'delegations':null,", SLW_MALFORMED},
    {"'version':3,", "'version':3,'delegations':[],", SLW_MALFORMED},
    {"'version':3,", "'version':3,'delegations':{},", SLW_MALFORMED},
    {"'version':3,", "'version':0,", SLW_MALFORMED},
    {"'1.0.34'", "'2.0.0'", SLW_BAD_SPEC_VERSION},
    {"00:00:00Z", "24:00:00Z", SLW_MALFORMED},
};

static void reads_targets_and_refuses_each_mistake(void)
{
    TEST_READ_EDITS(GOOD, SLW_TUF_TARGETS, read_targets, edits);
}

static void refuses_every_character_in_a_hash_but_lower_case_digits(void)
{
    for (unsigned byte = 0x20; byte < 0x7F; byte++) {
        if (byte == '\'' || byte == '"' || byte == '\\' || byte == '$' || byte == '@') {
            continue; /* means something in a template */
        }
        const char hash[] = {'\'', '5', '9', (char)byte, 'b', 'f', '9', '7', 'a', '\0'};
        bool good = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        char *edited = test_replace(GOOD, "'sha256':'59ebf97a", "'sha256':'........");
        char *spoilt = test_replace(edited, "'........", hash);
        TAP_ROW(hash);
        TAP_EQUAL_INT(test_read(spoilt, SLW_TUF_TARGETS, read_targets),
                      good ? SLW_OK : SLW_MISSING_HASH);
        free(edited);
        free(spoilt);
    }
}

/* One that nobody can ask for doesn't keep the others from being found. */
static void reads_past_a_path_over_the_limit(void)
{
    struct slw_heap_buffer path = {0};
    slw_heap_append_text(&path, "'");
    for (size_t i = 0; i < SLW_TUF_TARGET_PATH_MAX + 1; i++) {
        slw_heap_append_text(&path, "x");
    }
    slw_heap_append_text(&path, "':" ENTRY ",'dir");
    char *edited = test_replace(GOOD, "'a':" ENTRY ",'dir", slw_heap_text(&path));
    TAP_EQUAL_INT(test_read(edited, SLW_TUF_TARGETS, read_targets), SLW_OK);
    slw_heap_free(&path);
    free(edited);
}

/* The last of many is looked at like the first, and the refusal says which it is. */
static void checks_every_target_of_many(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_tuf_file file;
    struct slw_tuf_targets targets = {0};
    struct slw_detail detail = {0};
    slw_heap_append_text(&text, "{'_type':'targets','spec_version':'1.0.34','version':1,"
                                "'expires':'2035-01-31T00:00:00Z','targets':{");
    for (unsigned i = 0; i < 3000; i++) {
        slw_heap_printf(&text, "'file-%05u':%s,", i, ENTRY);
    }
    slw_heap_append_text(&text, "'last':" ENTRY "}}");
    char *good = test_sign(slw_heap_text(&text), "");
    TAP_REQUIRE(test_parse(good, SLW_TUF_TARGETS, &file, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_targets_read(&file, SLW_TUF_KEY_IDS_CHECKED, &targets, &detail), SLW_OK);
    TAP_EQUAL_INT(targets.targets_count, 3001);
    slw_tuf_targets_free(&targets);
    slw_tuf_file_free(&file);
    char *bad = test_replace(good, "\"last\":{\"hashes\"", "\"last\":{\"Hashes\"");
    TAP_REQUIRE(test_parse(bad, SLW_TUF_TARGETS, &file, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_targets_read(&file, SLW_TUF_KEY_IDS_CHECKED, &targets, &detail),
                  SLW_MISSING_HASH);
    TAP_CHECK(strstr(detail.text, "signed.targets.last") != NULL);
    slw_tuf_file_free(&file);
    slw_heap_free(&text);
    free(good);
    free(bad);
}

int main(void)
{
    TAP_RUN(finds_targets_by_their_path);
    TAP_RUN(reads_targets_and_refuses_each_mistake);
    TAP_RUN(refuses_every_character_in_a_hash_but_lower_case_digits);
    TAP_RUN(reads_past_a_path_over_the_limit);
    TAP_RUN(checks_every_target_of_many);
    return tap_finish();
}
