/* SPDX-License-Identifier: Apache-2.0 */
/* timestamp.json and snapshot.json: what they say of other files. */
#include "test_edits.h"

#define SHA256 "59ebf97a9850aecec4bc39c1f5c1dc46e6490a6b5fd2a6cacdcac0c3a6fc4cbf"
#define SHA512 SHA256 SHA256
#define HEAD "'spec_version':'1.0.34','version':3,'expires':'2035-01-31T00:00:00Z'"
#define TIMESTAMP                                                                                  \
    "{'_type':'timestamp'," HEAD ",'meta':{'snapshot.json':{'hashes':{'sha256':'" SHA256           \
    "'},'length':1007,'version':42}}}"
#define SNAPSHOT                                                                                   \
    "{'_type':'snapshot'," HEAD ",'meta':{'a/b.json':{'hashes':{'sha512':'" SHA512                 \
    "'},'version':5},'targets.json':{'length':0,'version':42}}}"

static enum slw_status read_timestamp(const struct slw_tuf_file *file, struct slw_detail *detail)
{
    struct slw_tuf_timestamp ignored;
    return slw_tuf_timestamp_read(file, &ignored, detail);
}

static enum slw_status read_snapshot(const struct slw_tuf_file *file, struct slw_detail *detail)
{
    struct slw_tuf_snapshot ignored;
    return slw_tuf_snapshot_read(file, &ignored, detail);
}

static void reads_what_a_timestamp_says(void)
{
    struct slw_tuf_file file;
    struct slw_tuf_timestamp timestamp;
    struct slw_detail detail = {0};
    char *text = test_sign(TIMESTAMP, "");
    TAP_REQUIRE(test_parse(text, SLW_TUF_TIMESTAMP, &file, &detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_timestamp_read(&file, &timestamp, &detail) == SLW_OK);
    TAP_EQUAL_INT(timestamp.common.version, 3);
    TAP_EQUAL_INT(timestamp.common.expires_utc_s, 2053814400);
    TAP_EQUAL_INT(timestamp.snapshot.version, 42);
    TAP_CHECK(timestamp.snapshot.has_length);
    TAP_EQUAL_INT(timestamp.snapshot.length, 1007);
    TAP_EQUAL_INT(slw_json_count(&file.json, timestamp.snapshot.hashes), 1);
    slw_tuf_file_free(&file);
    free(text);
}

static void finds_roles_in_a_snapshot(void)
{
    struct slw_tuf_file file;
    struct slw_tuf_snapshot snapshot;
    struct slw_tuf_meta meta;
    struct slw_detail detail = {0};
    char *text = test_sign(SNAPSHOT, "");
    TAP_REQUIRE(test_parse(text, SLW_TUF_SNAPSHOT, &file, &detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_snapshot_read(&file, &snapshot, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_snapshot_find(&file, &snapshot, SLW_BYTES_OF("targets"), &meta), SLW_OK);
    TAP_EQUAL_INT(meta.version, 42);
    TAP_CHECK(meta.has_length && meta.length == 0);
    TAP_EQUAL_INT(meta.hashes, SLW_JSON_NONE);
    TAP_EQUAL_INT(slw_tuf_snapshot_find(&file, &snapshot, SLW_BYTES_OF("a/b"), &meta), SLW_OK);
    TAP_EQUAL_INT(meta.version, 5);
    TAP_CHECK(!meta.has_length);
    TAP_CHECK(meta.hashes != SLW_JSON_NONE);
    static uint8_t longest[SLW_TUF_ROLE_NAME_MAX + 1];
    const struct slw_bytes absent[] = {SLW_BYTES_OF(""),
                                       SLW_BYTES_OF("a"),
                                       SLW_BYTES_OF("targets.json"),
                                       SLW_BYTES_OF("Targets"),
                                       SLW_BYTES_OF("a/b.json"),
                                       slw_bytes_make(longest, sizeof longest - 1),
                                       slw_bytes_make(longest, sizeof longest)};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        TAP_EQUAL_INT(slw_tuf_snapshot_find(&file, &snapshot, absent[i], &meta), SLW_NOT_FOUND);
    }
    TAP_EQUAL_INT(meta.version, 5); /* untouched */
    slw_tuf_file_free(&file);
    free(text);
}

#define META "{'hashes':{'sha256':'" SHA256 "'},'length':1007,'version':42}"

static const struct test_edit timestamps[] = {
    {"", "as it is", SLW_OK},
    {META, "{'version':1}", SLW_OK},
    {META, "{'version':1,'length':0,'x':[]}", SLW_OK},
    {META, "{'version':9223372036854775807,'length':9223372036854775807}", SLW_OK},
    {META, "{'version':1,'hashes':{'md5':'0','sha512':'" SHA512 "'}}", SLW_OK},
    {"'meta':{", "'meta':{'other.json':7,", SLW_OK},
    {"'meta':{", "'Meta':{", SLW_MALFORMED},
    {"'snapshot.json'", "'snapshot'", SLW_MALFORMED},
    {META, "42", SLW_MALFORMED},
    {META, "[]", SLW_MALFORMED},
    {META, "{}", SLW_MALFORMED},
    {META, "{'length':1}", SLW_MALFORMED},
    {META, "{'version':0}", SLW_MALFORMED},
    {META, "{'version':-1}", SLW_MALFORMED},
    {META, "{'version':'1'}", SLW_MALFORMED},
    {META, "{'version':true}", SLW_MALFORMED},
    {META, "{'version':9223372036854775808}", SLW_MALFORMED},
    {META, "{'version':1,'length':-1}", SLW_MALFORMED},
    {META, "{'version':1,'length':'1'}", SLW_MALFORMED},
    {META, "{'version':1,'length':null}", SLW_MALFORMED},
    {META, "{'version':1,'length':9223372036854775808}", SLW_MALFORMED},
    {META, "{'version':1,'hashes':[]}", SLW_MALFORMED},
    {META, "{'version':1,'hashes':null}", SLW_MALFORMED},
    {META, "{'version':1,'hashes':'" SHA256 "'}", SLW_MALFORMED},
    {META, "{'version':1,'hashes':{'sha256':1}}", SLW_MALFORMED},
    {META, "{'version':1,'hashes':{'md5':null,'sha256':'" SHA256 "'}}", SLW_MALFORMED},
    {META, "{'version':1,'hashes':{}}", SLW_MISSING_HASH},
    {META, "{'version':1,'hashes':{'md5':'d41d8cd98f00b204e9800998ecf8427e'}}", SLW_OK},
    {META, "{'version':1,'hashes':{'SHA256':'" SHA256 "'}}", SLW_OK},
    {META, "{'version':1,'hashes':{'sha256':''}}", SLW_MISSING_HASH},
    {META, "{'version':1,'hashes':{'sha256':'" SHA512 "'}}", SLW_MISSING_HASH},
    {META, "{'version':1,'hashes':{'sha512':'" SHA256 "'}}", SLW_MISSING_HASH},
    {META, "{'version':1,'hashes':{'sha256':'" SHA256 "','sha512':'00'}}", SLW_MISSING_HASH},
    {"'version':3", "'version':0", SLW_MALFORMED},
    {"'1.0.34'", "'2.0.34'", SLW_BAD_SPEC_VERSION},
    {"2035-01-31", "2035-1-31", SLW_MALFORMED},
};

static const struct test_edit snapshots[] = {
    {"", "as it is", SLW_OK},
    {"'a/b.json'", "'.json.json'", SLW_OK},
    {"'a/b.json'", "'\\u00fc.json'", SLW_OK},
    {"'targets.json':{", "'Targets.json':{", SLW_MISSING_TARGETS},
    {"'targets.json':{", "'targets':{", SLW_MISSING_TARGETS},
    {"'a/b.json'", "'a/b'", SLW_BAD_NAME},
    {"'a/b.json'", "'.json'", SLW_BAD_NAME},
    {"'a/b.json'", "''", SLW_BAD_NAME},
    {"'a/b.json'", "'json'", SLW_BAD_NAME},
    {"'a/b.json'", "'a/b.JSON'", SLW_BAD_NAME},
    {"'a/b.json'", "'a/b.json.gz'", SLW_BAD_NAME},
    {"'version':5", "'version':0", SLW_MALFORMED},
    {"'version':5", "'version':'5'", SLW_MALFORMED},
    {"'version':5", "'Version':5", SLW_MALFORMED},
    {"'length':0", "'length':-1", SLW_MALFORMED},
    {"{'length':0,'version':42}", "null", SLW_MALFORMED},
    {"{'length':0,'version':42}", "{}", SLW_MALFORMED},
    {"'sha512'", "'sha256'", SLW_MISSING_HASH},
    {"'sha512'", "'blake3'", SLW_OK},
    {"'meta':{", "'meta':{'x.json':7,", SLW_MALFORMED},
    {"'meta'", "'Meta'", SLW_MALFORMED},
    {"'version':3", "'version':null", SLW_MALFORMED},
};

static void reads_timestamps_and_refuses_each_mistake(void)
{
    TEST_READ_EDITS(TIMESTAMP, SLW_TUF_TIMESTAMP, read_timestamp, timestamps);
}

static void reads_snapshots_and_refuses_each_mistake(void)
{
    TEST_READ_EDITS(SNAPSHOT, SLW_TUF_SNAPSHOT, read_snapshot, snapshots);
}

static void refuses_role_names_over_the_limit(void)
{
    for (size_t extra = 0; extra < 2; extra++) {
        struct slw_heap_buffer name = {0};
        slw_heap_append_text(&name, "'");
        for (size_t i = 0; i < SLW_TUF_ROLE_NAME_MAX + extra; i++) {
            slw_heap_append_text(&name, "x");
        }
        slw_heap_append_text(&name, ".json'");
        char *edited = test_replace(SNAPSHOT, "'a/b.json'", slw_heap_text(&name));
        TAP_EQUAL_INT(test_read(edited, SLW_TUF_SNAPSHOT, read_snapshot),
                      extra == 0 ? SLW_OK : SLW_BAD_NAME);
        slw_heap_free(&name);
        free(edited);
    }
}

int main(void)
{
    TAP_RUN(reads_what_a_timestamp_says);
    TAP_RUN(finds_roles_in_a_snapshot);
    TAP_RUN(reads_timestamps_and_refuses_each_mistake);
    TAP_RUN(reads_snapshots_and_refuses_each_mistake);
    TAP_RUN(refuses_role_names_over_the_limit);
    return tap_finish();
}
