/* SPDX-License-Identifier: Apache-2.0 */
/* root.json: what a root may be, and what is refused. */
#include "test_edits.h"

#define GOOD                                                                                       \
    "{'_type':'root','spec_version':'1.0.34','consistent_snapshot':true,'version':7,"              \
    "'expires':'2035-01-31T12:00:01Z',"                                                            \
    "'keys':{'$0':@0,'$1':@1,'$3':@3},"                                                            \
    "'roles':{'root':{'keyids':['$0','$1'],'threshold':2},"                                        \
    "'timestamp':{'keyids':['$3'],'threshold':1},"                                                 \
    "'snapshot':{'keyids':['$3','$1'],'threshold':1},"                                             \
    "'targets':{'keyids':['$1','$0'],'threshold':1}}}"

static enum slw_status read_root(const struct slw_tuf_file *file, struct slw_detail *detail)
{
    struct slw_tuf_root root = {0};
    enum slw_status status = slw_tuf_root_read(file, SLW_TUF_KEY_IDS_CHECKED, &root, detail);
    slw_tuf_root_free(&root);
    return status;
}

static void reads_what_a_root_says(void)
{
    struct slw_tuf_file file;
    struct slw_tuf_root root;
    struct slw_detail detail = {0};
    char *text = test_sign(GOOD, "");
    TAP_REQUIRE(test_parse(text, SLW_TUF_ROOT, &file, &detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_root_read(&file, SLW_TUF_KEY_IDS_CHECKED, &root, &detail) == SLW_OK);
    TAP_EQUAL_INT(root.common.version, 7);
    TAP_EQUAL_INT(root.common.expires_utc_s, 2053857601);
    TAP_CHECK(root.consistent_snapshot);
    TAP_EQUAL_INT(root.keys.count, 3);
    for (size_t i = 0; i < root.keys.count; i++) {
        TAP_CHECK(root.keys.keys[i].known);
        TAP_EQUAL_INT(root.keys.keys[i].id.len, SLW_TUF_KEY_ID_SIZE);
    }
    TAP_EQUAL_INT(root.roles[SLW_TUF_ROOT].threshold, 2);
    TAP_EQUAL_INT(root.roles[SLW_TUF_SNAPSHOT].threshold, 1);
    TAP_EQUAL_INT(slw_json_count(&file.json, root.roles[SLW_TUF_SNAPSHOT].key_ids), 2);
    TAP_EQUAL_INT(slw_json_count(&file.json, root.roles[SLW_TUF_TIMESTAMP].key_ids), 1);
    TAP_CHECK(slw_bytes_equal(root.roles[SLW_TUF_TARGETS].name, SLW_BYTES_OF("targets")));
    slw_tuf_root_free(&root);
    slw_tuf_file_free(&file);
    free(text);
}

#define THRESHOLD_OF_TIMESTAMP "'$3'],'threshold':1}"
#define UNKNOWN "{'keytype':'ml-dsa','scheme':'ml-dsa-65','keyval':{'public':'?'}}"

static const struct test_edit accepted[] = {
    {"", "as it is", SLW_OK},
    {"'consistent_snapshot':true,", "'consistent_snapshot':false,", SLW_OK},
    {"'consistent_snapshot':true,", "", SLW_OK},
    {"'1.0.34'", "'1.0'", SLW_OK},
    {"'1.0.34'", "'1.99.0'", SLW_OK},
    {"'1.0.34'", "'1.0.100000000000000000000000000'", SLW_OK},
    {"'version':7", "'version':1", SLW_OK},
    {"'version':7", "'version':9223372036854775807", SLW_OK},
    {"2035-01-31T12:00:01Z", "1970-01-01T00:00:00Z", SLW_OK},
    {"'_type':'root',", "'_type':'root','x':{'version':0},", SLW_OK},
    {"'roles':{'root'", "'roles':{'mirrors':[],'root'", SLW_OK},
    {"'roles':{'root':{", "'roles':{'root':{'x':1,", SLW_OK},
    /* A key of a kind to come, under whatever id. */
    {"'keys':{", "'keys':{'k':" UNKNOWN ",", SLW_OK},
    /* Keys that nobody lists, thresholds that can't be reached: verification finds out. */
    {"['$3'],", "['$3','$4'],", SLW_OK},
    {"['$3'],", "[],", SLW_OK},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':6}", SLW_OK},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':4294967295}", SLW_OK},
};

static const struct test_edit refused[] = {
    {"'spec_version':'1.0.34',", "", SLW_MALFORMED},
    {"'spec_version':'1.0.34'", "'spec_version':1", SLW_MALFORMED},
    {"'1.0.34'", "'2.0.0'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'0.9.0'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.0.'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1..34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.0.34.1'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.0.34-rc1'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.00.34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'01.0.34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'10.0.34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "' 1.0.34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.0.34 '", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.0,34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'1.-1.0'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "'v1.0.34'", SLW_BAD_SPEC_VERSION},
    {"'1.0.34'", "''", SLW_BAD_SPEC_VERSION},
    {"'version':7,", "", SLW_MALFORMED},
    {"'version':7", "'version':0", SLW_MALFORMED},
    {"'version':7", "'version':-7", SLW_MALFORMED},
    {"'version':7", "'version':'7'", SLW_MALFORMED},
    {"'version':7", "'version':true", SLW_MALFORMED},
    {"'version':7", "'version':null", SLW_MALFORMED},
    {"'version':7", "'version':[7]", SLW_MALFORMED},
    {"'version':7", "'version':9223372036854775808", SLW_MALFORMED},
    {"'version':7", "'version':18446744073709551617", SLW_MALFORMED},
    {"'expires':'2035-01-31T12:00:01Z',", "", SLW_MALFORMED},
    {"'2035-01-31T12:00:01Z'", "2053857601", SLW_MALFORMED},
    {"2035-01-31T12:00:01Z", "2035-02-29T12:00:01Z", SLW_MALFORMED},
    {"2035-01-31T12:00:01Z", "2035-01-31T12:00:01+00:00", SLW_MALFORMED},
    {"'consistent_snapshot':true", "'consistent_snapshot':1", SLW_MALFORMED},
    {"'consistent_snapshot':true", "'consistent_snapshot':'true'", SLW_MALFORMED},
    {"'consistent_snapshot':true", "'consistent_snapshot':null", SLW_MALFORMED},
    {"'keys':{'$0':@0,'$1':@1,'$3':@3},", "", SLW_MALFORMED},
    {"'keys':{'$0':@0,'$1':@1,'$3':@3}", "'keys':[]", SLW_MALFORMED},
    {"'$3':@3", "'$3':'key'", SLW_MALFORMED},
    {"'$3':@3", "'$3':[]", SLW_MALFORMED},
    {"'$3':@3", "'$3':{'keytype':'ml-dsa'}", SLW_MALFORMED},
    {"'$3':@3", "'$3':{'keytype':'ed25519','scheme':'ed25519','keyval':{}}", SLW_MALFORMED},
    {"'$3':@3", "'$4':@3", SLW_BAD_KEY},
    {"'$3':@3", "'':@3", SLW_BAD_KEY},
    {"'$3':@3", "'$3 ':@3", SLW_BAD_KEY},
    {"'$0':@0,'$1':@1", "'$0':@1,'$1':@0", SLW_BAD_KEY},
    {"'roles':{'root'", "'roles':{'Root'", SLW_MALFORMED},
    {"'timestamp':{'keyids'", "'time':{'keyids'", SLW_MALFORMED},
    {"'snapshot':{'keyids'", "'snap':{'keyids'", SLW_MALFORMED},
    {"'targets':{'keyids'", "'target':{'keyids'", SLW_MALFORMED},
    {"'roles':{", "'Roles':{", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3'],'threshold':1}", "'timestamp':[]", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3'],'threshold':1}", "'timestamp':null", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3']", "'timestamp':{'keyids':'$3'", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3']", "'timestamp':{'keyids':{}", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3']", "'timestamp':{'keyids':[3]", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3']", "'timestamp':{'keyids':['$3',null]", SLW_MALFORMED},
    {"'timestamp':{'keyids':['$3']", "'timestamp':{'keyids':['$3','$3']", SLW_BAD_KEY},
    {"'timestamp':{'keyids':['$3']", "'timestamp':{'keyids':['a','$3','a']", SLW_BAD_KEY},
    {"'timestamp':{'keyids':['$3'],", "'timestamp':{", SLW_MALFORMED},
    {THRESHOLD_OF_TIMESTAMP, "'$3']}", SLW_MALFORMED},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':'1'}", SLW_MALFORMED},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':true}", SLW_MALFORMED},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':null}", SLW_MALFORMED},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':0}", SLW_BAD_THRESHOLD},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':-0}", SLW_BAD_THRESHOLD},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':-1}", SLW_BAD_THRESHOLD},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':4294967296}", SLW_BAD_THRESHOLD},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':4294967297}", SLW_BAD_THRESHOLD},
    {THRESHOLD_OF_TIMESTAMP, "'$3'],'threshold':99999999999999999999}", SLW_BAD_THRESHOLD},
};

static void takes_what_the_specification_leaves_open(void)
{
    TEST_READ_EDITS(GOOD, SLW_TUF_ROOT, read_root, accepted);
}

static void refuses_each_mistake(void)
{
    TEST_READ_EDITS(GOOD, SLW_TUF_ROOT, read_root, refused);
}

/* Version 11 of a large repository had such a key. */
static void takes_any_key_id_where_that_is_wanted(void)
{
    struct slw_tuf_file file;
    struct slw_tuf_root root = {0};
    struct slw_detail detail = {0};
    char *odd = test_replace(GOOD, "'$3':@3", "'odd':@3");
    char *text = test_sign(odd, "");
    TAP_REQUIRE(test_parse(text, SLW_TUF_ROOT, &file, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_root_read(&file, SLW_TUF_KEY_IDS_CHECKED, &root, &detail), SLW_BAD_KEY);
    TAP_CHECK(root.keys.keys == NULL);
    TAP_CHECK(strstr(detail.text, "signed.keys.odd") != NULL);
    TAP_EQUAL_INT(slw_tuf_root_read(&file, SLW_TUF_KEY_IDS_ANY, &root, &detail), SLW_OK);
    slw_tuf_root_free(&root);
    slw_tuf_file_free(&file);
    free(odd);
    free(text);
}

static char *list_of(size_t count, const char *pattern)
{
    struct slw_heap_buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        slw_heap_printf(&text, "%s'k%zu'%s", i == 0 ? "" : ",", i, pattern);
    }
    char *list = strdup(slw_heap_text(&text));
    slw_heap_free(&text);
    return list;
}

static void refuses_more_keys_than_the_limit(void)
{
    for (size_t extra = 0; extra < 2; extra++) {
        struct slw_heap_buffer keys = {0};
        char *list = list_of(SLW_TUF_KEYS_MAX + extra, ":" UNKNOWN);
        slw_heap_printf(&keys, "'keys':{%s}", list);
        char *edited = test_replace(GOOD, "'keys':{'$0':@0,'$1':@1,'$3':@3}", slw_heap_text(&keys));
        TAP_EQUAL_INT(test_read(edited, SLW_TUF_ROOT, read_root),
                      extra == 0 ? SLW_OK : SLW_TOO_LARGE);
        slw_heap_free(&keys);
        free(edited);
        free(list);
    }
}

static void refuses_more_keys_of_a_role_than_the_limit(void)
{
    for (size_t extra = 0; extra < 2; extra++) {
        struct slw_heap_buffer ids = {0};
        char *list = list_of(SLW_TUF_ROLE_KEYS_MAX + extra, "");
        slw_heap_printf(&ids, "'timestamp':{'keyids':[%s]", list);
        char *edited = test_replace(GOOD, "'timestamp':{'keyids':['$3']", slw_heap_text(&ids));
        TAP_EQUAL_INT(test_read(edited, SLW_TUF_ROOT, read_root),
                      extra == 0 ? SLW_OK : SLW_TOO_LARGE);
        slw_heap_free(&ids);
        free(edited);
        free(list);
    }
}

int main(void)
{
    TAP_RUN(reads_what_a_root_says);
    TAP_RUN(takes_what_the_specification_leaves_open);
    TAP_RUN(refuses_each_mistake);
    TAP_RUN(takes_any_key_id_where_that_is_wanted);
    TAP_RUN(refuses_more_keys_than_the_limit);
    TAP_RUN(refuses_more_keys_of_a_role_than_the_limit);
    test_keys_free();
    return tap_finish();
}
