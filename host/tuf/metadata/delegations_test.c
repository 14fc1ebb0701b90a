/* SPDX-License-Identifier: Apache-2.0 */
/* Delegations: what they may be, what is refused, and which paths they are trusted for. */
#include "test_edits.h"

#define TARGETS(delegations)                                                                       \
    "{'_type':'targets','spec_version':'1.0.34','version':3,'expires':'2035-01-31T00:00:00Z',"     \
    "'targets':{},'delegations':" delegations "}"
#define SIGNERS "'keyids':['$0'],'threshold':1"
#define ROLE_A "{'name':'a'," SIGNERS ",'paths':['dir/*','x?'],'terminating':true}"
#define ROLE_B "{'name':'b'," SIGNERS ",'path_hash_prefixes':['2079','ca9'],'terminating':false}"
#define GOOD TARGETS("{'keys':{'$0':@0,'$3':@3},'roles':[" ROLE_B "," ROLE_A "]}")
#define BINS "{'bit_length':10,'name_prefix':'bin','keyids':['$3','$0'],'threshold':2}"
#define GOOD_BINS TARGETS("{'keys':{'$0':@0,'$3':@3},'succinct_roles':" BINS "}")

static enum slw_status read_targets(const struct slw_tuf_file *file, struct slw_detail *detail)
{
    struct slw_tuf_targets targets = {0};
    enum slw_status status = slw_tuf_targets_read(file, SLW_TUF_KEY_IDS_CHECKED, &targets, detail);
    slw_tuf_targets_free(&targets);
    return status;
}

struct loaded {
    struct slw_tuf_file file;
    struct slw_tuf_targets targets;
};

static bool load(const char *pattern, struct loaded *loaded)
{
    struct slw_detail detail = {0};
    char *text = test_sign(pattern, "");
    bool good = TAP_CHECK(test_parse(text, SLW_TUF_TARGETS, &loaded->file, &detail) == SLW_OK) &&
                TAP_CHECK(slw_tuf_targets_read(&loaded->file, SLW_TUF_KEY_IDS_CHECKED,
                                               &loaded->targets, &detail) == SLW_OK);
    free(text);
    return good;
}

static void unload(struct loaded *loaded)
{
    slw_tuf_targets_free(&loaded->targets);
    slw_tuf_file_free(&loaded->file);
}

static void reads_delegations_in_their_order(void)
{
    struct loaded loaded;
    TAP_REQUIRE(load(GOOD, &loaded));
    TAP_EQUAL_INT(loaded.targets.keys.count, 2);
    TAP_EQUAL_INT(loaded.targets.delegations_count, 2);
    const struct slw_tuf_delegation *b = &loaded.targets.delegations[0];
    const struct slw_tuf_delegation *a = &loaded.targets.delegations[1];
    TAP_CHECK(slw_bytes_equal(a->role.name, SLW_BYTES_OF("a")));
    TAP_CHECK(slw_bytes_equal(b->role.name, SLW_BYTES_OF("b")));
    TAP_CHECK(a->terminating && !b->terminating);
    TAP_CHECK(a->paths != SLW_JSON_NONE && a->prefixes == SLW_JSON_NONE);
    TAP_CHECK(b->paths == SLW_JSON_NONE && b->prefixes != SLW_JSON_NONE);
    TAP_EQUAL_INT(a->bit_length, 0);
    TAP_EQUAL_INT(a->role.threshold, 1);
    unload(&loaded);
}

static void reads_succinct_bins(void)
{
    struct loaded loaded;
    TAP_REQUIRE(load(GOOD_BINS, &loaded));
    TAP_EQUAL_INT(loaded.targets.delegations_count, 1);
    const struct slw_tuf_delegation *bins = &loaded.targets.delegations[0];
    TAP_CHECK(slw_bytes_equal(bins->role.name, SLW_BYTES_OF("bin")));
    TAP_CHECK(bins->terminating);
    TAP_EQUAL_INT(bins->bit_length, 10);
    TAP_EQUAL_INT(bins->role.threshold, 2);
    TAP_CHECK(bins->paths == SLW_JSON_NONE && bins->prefixes == SLW_JSON_NONE);
    unload(&loaded);
}

#define A_NAMED(name) "{'name':" name ",'keyids'"
#define A_PATHS(scope) "'threshold':1," scope "'terminating':true"
#define WAS_PATHS A_PATHS("'paths':['dir/*','x?'],")
#define UNKNOWN_KEY "{'keytype':'ml-dsa','scheme':'ml-dsa-65','keyval':{}}"

static const struct test_edit edits[] = {
    {"", "as it is", SLW_OK},
    {A_NAMED("'a'"), A_NAMED("'\\u00fc/..'"), SLW_OK},
    {A_NAMED("'a'"), A_NAMED("'Root'"), SLW_OK},
    {A_NAMED("'a'"), A_NAMED("'mirrors'"), SLW_OK},
    {",'terminating':true", "", SLW_OK}, /* as in the specification's example */
    {WAS_PATHS, A_PATHS("'paths':[],"), SLW_OK},
    {"'2079','ca9'", "", SLW_OK},
    {"'2079','ca9'", "''", SLW_OK},
    {"'$3':@3", "'k':" UNKNOWN_KEY, SLW_OK},
    {"'roles':[", "'x':1,'roles':[", SLW_OK},
    {"'keys':{'$0':@0,'$3':@3},", "", SLW_MALFORMED},
    {"'keys':{'$0':@0,'$3':@3}", "'keys':[]", SLW_MALFORMED},
    {"'$3':@3", "'$4':@3", SLW_BAD_KEY},
    {"'$3':@3", "'$3':7", SLW_MALFORMED},
    {"'roles':[", "'Roles':[", SLW_MALFORMED},
    {"'roles':[", "'succinct_roles':" BINS ",'roles':[", SLW_MALFORMED},
    {"'roles':[", "'roles':[7,", SLW_MALFORMED},
    {"'roles':[", "'roles':[null,", SLW_MALFORMED},
    {"'roles':[", "'roles':[{},", SLW_MALFORMED},
    {"'roles':[", "'roles':['a',", SLW_MALFORMED},
    {"'name':'a',", "", SLW_MALFORMED},
    {A_NAMED("'a'"), A_NAMED("7"), SLW_MALFORMED},
    {A_NAMED("'a'"), A_NAMED("null"), SLW_MALFORMED},
    {A_NAMED("'a'"), A_NAMED("'b'"), SLW_MALFORMED}, /* twice */
    {A_NAMED("'a'"), A_NAMED("'\\u0062'"), SLW_MALFORMED},
    {A_NAMED("'a'"), A_NAMED("''"), SLW_BAD_NAME},
    {A_NAMED("'a'"), A_NAMED("'root'"), SLW_BAD_NAME},
    {A_NAMED("'a'"), A_NAMED("'timestamp'"), SLW_BAD_NAME},
    {A_NAMED("'a'"), A_NAMED("'snapshot'"), SLW_BAD_NAME},
    {A_NAMED("'a'"), A_NAMED("'targets'"), SLW_BAD_NAME},
    {A_NAMED("'a'"), A_NAMED("'t\\u0061rgets'"), SLW_BAD_NAME},
    {"'a'," SIGNERS, "'a','threshold':1", SLW_MALFORMED},
    {"'a'," SIGNERS, "'a','keyids':['$0']", SLW_MALFORMED},
    {"'a'," SIGNERS, "'a','keyids':'$0','threshold':1", SLW_MALFORMED},
    {"'a'," SIGNERS, "'a','keyids':[0],'threshold':1", SLW_MALFORMED},
    {"'a'," SIGNERS, "'a','keyids':['$0','$0'],'threshold':1", SLW_BAD_KEY},
    {"'a'," SIGNERS, "'a','keyids':['$0'],'threshold':'1'", SLW_MALFORMED},
    {"'a'," SIGNERS, "'a','keyids':['$0'],'threshold':0", SLW_BAD_THRESHOLD},
    {"'a'," SIGNERS, "'a','keyids':['$0'],'threshold':-1", SLW_BAD_THRESHOLD},
    {"'terminating':true", "'terminating':1", SLW_MALFORMED},
    {"'terminating':true", "'terminating':null", SLW_MALFORMED},
    {"'terminating':true", "'terminating':'true'", SLW_MALFORMED},
    {WAS_PATHS, A_PATHS(""), SLW_MALFORMED},
    {WAS_PATHS, A_PATHS("'paths':['*'],'path_hash_prefixes':[''],"), SLW_MALFORMED},
    {WAS_PATHS, A_PATHS("'paths':'*',"), SLW_MALFORMED},
    {WAS_PATHS, A_PATHS("'paths':{},"), SLW_MALFORMED},
    {WAS_PATHS, A_PATHS("'paths':null,"), SLW_MALFORMED},
    {WAS_PATHS, A_PATHS("'paths':['*',7],"), SLW_MALFORMED},
    {WAS_PATHS, A_PATHS("'paths':[['*']],"), SLW_MALFORMED},
    {"'2079','ca9'", "0", SLW_MALFORMED},
    {"'2079','ca9'", "'C3A'", SLW_MALFORMED},
    {"'2079','ca9'", "'0x'", SLW_MALFORMED},
    {"'2079','ca9'", "'2079','ca9','g'", SLW_MALFORMED},
    {"'2079','ca9'", "'00000000000000000000000000000000000000000000000000000000000000000'",
     SLW_MALFORMED},
    {"['2079','ca9']", "'ca9'", SLW_MALFORMED},
    {"['2079','ca9']", "{'ca9':1}", SLW_MALFORMED},
};

static const struct test_edit bins_edits[] = {
    {"", "as it is", SLW_OK},
    {"'bit_length':10", "'bit_length':1", SLW_OK},
    {"'bit_length':10", "'bit_length':32", SLW_OK},
    {"'name_prefix':'bin'", "'name_prefix':'targets'", SLW_OK}, /* its bins are targets-000 … */
    {"'bit_length':10,", "", SLW_MALFORMED},
    {"'bit_length':10", "'bit_length':0", SLW_MALFORMED},
    {"'bit_length':10", "'bit_length':-1", SLW_MALFORMED},
    {"'bit_length':10", "'bit_length':33", SLW_MALFORMED},
    {"'bit_length':10", "'bit_length':4294967297", SLW_MALFORMED},
    {"'bit_length':10", "'bit_length':'10'", SLW_MALFORMED},
    {"'bit_length':10", "'bit_length':true", SLW_MALFORMED},
    {"'name_prefix':'bin',", "", SLW_MALFORMED},
    {"'name_prefix':'bin'", "'name_prefix':7", SLW_MALFORMED},
    {"'name_prefix':'bin'", "'name_prefix':''", SLW_BAD_NAME},
    {"'keyids':['$3','$0'],", "", SLW_MALFORMED},
    {"'keyids':['$3','$0']", "'keyids':['$3','$3']", SLW_BAD_KEY},
    {"'threshold':2", "'threshold':0", SLW_BAD_THRESHOLD},
    {"'succinct_roles':" BINS, "'succinct_roles':[" BINS "]", SLW_MALFORMED},
    {"'succinct_roles':" BINS, "'succinct_roles':null", SLW_MALFORMED},
    {"'succinct_roles':" BINS, "'succinct_roles':{}", SLW_MALFORMED},
};

static void reads_roles_and_refuses_each_mistake(void)
{
    TEST_READ_EDITS(GOOD, SLW_TUF_TARGETS, read_targets, edits);
}

static void reads_bins_and_refuses_each_mistake(void)
{
    TEST_READ_EDITS(GOOD_BINS, SLW_TUF_TARGETS, read_targets, bins_edits);
}

/* A name of this length; of bins it may be nine bytes shorter. */
static enum slw_status read_with_name(const char *pattern, const char *from, const char *member,
                                      size_t len)
{
    struct slw_heap_buffer to = {0};
    slw_heap_printf(&to, "'%s':'", member);
    for (size_t i = 0; i < len; i++) {
        slw_heap_append_text(&to, "x");
    }
    slw_heap_append_text(&to, "'");
    char *edited = test_replace(pattern, from, slw_heap_text(&to));
    enum slw_status status = test_read(edited, SLW_TUF_TARGETS, read_targets);
    slw_heap_free(&to);
    free(edited);
    return status;
}

static void refuses_names_over_the_limit(void)
{
    size_t most = SLW_TUF_ROLE_NAME_MAX;
    TAP_EQUAL_INT(read_with_name(GOOD, "'name':'a'", "name", most), SLW_OK);
    TAP_EQUAL_INT(read_with_name(GOOD, "'name':'a'", "name", most + 1), SLW_BAD_NAME);
    const char *was = "'name_prefix':'bin'";
    TAP_EQUAL_INT(read_with_name(GOOD_BINS, was, "name_prefix", most - 9), SLW_OK);
    TAP_EQUAL_INT(read_with_name(GOOD_BINS, was, "name_prefix", most - 8), SLW_BAD_NAME);
}

/* Names in order, in reverse, and with one twice far apart. */
static enum slw_status read_many(unsigned count, bool reverse, unsigned twice)
{
    struct slw_heap_buffer pattern = {0};
    slw_heap_append_text(&pattern,
                         "{'_type':'targets','spec_version':'1.0.34','version':3,'expires':"
                         "'2035-01-31T00:00:00Z','targets':{},'delegations':{'keys':{},'roles':[");
    for (unsigned i = 0; i < count; i++) {
        unsigned name = reverse ? count - i : i;
        slw_heap_printf(&pattern, "%s{'name':'%u','keyids':[],'threshold':1,'paths':[]}",
                        i == 0 ? "" : ",", i == twice ? 1 : name);
    }
    slw_heap_append_text(&pattern, "]}}");
    enum slw_status status = test_read(slw_heap_text(&pattern), SLW_TUF_TARGETS, read_targets);
    slw_heap_free(&pattern);
    return status;
}

static void finds_a_name_twice_among_many(void)
{
    TAP_EQUAL_INT(read_many(2000, false, 2000), SLW_OK);
    TAP_EQUAL_INT(read_many(2000, true, 2000), SLW_OK);
    TAP_EQUAL_INT(read_many(2000, false, 1999), SLW_MALFORMED);
    TAP_EQUAL_INT(read_many(2000, true, 0), SLW_MALFORMED);
}

static void refuses_more_roles_than_the_limit(void)
{
    TAP_EQUAL_INT(read_many(SLW_TUF_DELEGATED_ROLES_MAX, false, SLW_TUF_DELEGATED_ROLES_MAX),
                  SLW_OK);
    TAP_EQUAL_INT(
        read_many(SLW_TUF_DELEGATED_ROLES_MAX + 1, false, SLW_TUF_DELEGATED_ROLES_MAX + 1),
        SLW_TOO_LARGE);
}

/* role: NULL when it isn't trusted for the path. */
static void check_match(const struct loaded *loaded, size_t at, const char *path, const char *role)
{
    struct slw_heap_buffer found = {0};
    slw_heap_append_text(&found, "> ");
    bool matches = slw_tuf_delegation_matches(&loaded->targets, &loaded->targets.delegations[at],
                                              slw_bytes_make(path, strlen(path)), &found);
    TAP_ROW(path);
    TAP_EQUAL_INT(matches, role != NULL);
    TAP_CHECK(strcmp(slw_heap_text(&found) + 2, role == NULL ? "" : role) == 0);
    slw_heap_free(&found);
}

static void roles_are_trusted_for_their_paths(void)
{
    struct loaded loaded;
    TAP_REQUIRE(load(GOOD, &loaded));
    check_match(&loaded, 1, "dir/file", "a");
    check_match(&loaded, 1, "xy", "a");
    check_match(&loaded, 1, "x", NULL);
    check_match(&loaded, 1, "file", NULL);
    check_match(&loaded, 1, "dir", NULL);
    check_match(&loaded, 1, "dir/sub/file", NULL);
    check_match(&loaded, 1, "", NULL);
    unload(&loaded);
}

/* SHA-256 of `dir/file` begins with 2079854a, of `a` with ca978112, of `file.txt` with aadf327c. */
static void roles_are_trusted_for_prefixes_of_hashes(void)
{
    struct loaded loaded;
    TAP_REQUIRE(load(GOOD, &loaded));
    check_match(&loaded, 0, "dir/file", "b");
    check_match(&loaded, 0, "a", "b");
    check_match(&loaded, 0, "file.txt", NULL);
    check_match(&loaded, 0, "", NULL);
    unload(&loaded);
}

static const struct {
    const char *bits;
    const char *of_a;
    const char *of_dir_file;
} bins[] = {
    {"'bit_length':1", "bin-1", "bin-0"},
    {"'bit_length':2", "bin-3", "bin-0"},
    {"'bit_length':4", "bin-c", "bin-2"},
    {"'bit_length':5", "bin-19", "bin-04"},
    {"'bit_length':8", "bin-ca", "bin-20"},
    {"'bit_length':9", "bin-195", "bin-040"},
    {"'bit_length':10", "bin-32a", "bin-081"},
    {"'bit_length':14", "bin-32a5", "bin-081e"},
    {"'bit_length':31", "bin-654bc089", "bin-103cc2a5"},
    {"'bit_length':32", "bin-ca978112", "bin-2079854a"},
};

static void every_path_has_its_bin(void)
{
    for (size_t i = 0; i < sizeof bins / sizeof bins[0]; i++) {
        struct loaded loaded;
        char *edited = test_replace(GOOD_BINS, "'bit_length':10", bins[i].bits);
        TAP_REQUIRE(load(edited, &loaded));
        check_match(&loaded, 0, "a", bins[i].of_a);
        check_match(&loaded, 0, "dir/file", bins[i].of_dir_file);
        unload(&loaded);
        free(edited);
    }
}

int main(void)
{
    TAP_RUN(reads_delegations_in_their_order);
    TAP_RUN(reads_succinct_bins);
    TAP_RUN(reads_roles_and_refuses_each_mistake);
    TAP_RUN(reads_bins_and_refuses_each_mistake);
    TAP_RUN(refuses_names_over_the_limit);
    TAP_RUN(finds_a_name_twice_among_many);
    TAP_RUN(refuses_more_roles_than_the_limit);
    TAP_RUN(roles_are_trusted_for_their_paths);
    TAP_RUN(roles_are_trusted_for_prefixes_of_hashes);
    TAP_RUN(every_path_has_its_bin);
    test_keys_free();
    return tap_finish();
}
