/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of snapshots and timestamps. */
#include "test_models.h"

#include "tap.h"

#define SET_MAX 40u

static struct slw_tuf_meta_version set[SET_MAX];

/* `text` is "ROLE=VERSION ROLE=VERSION …"; each version has one to four digits. */
static void read_set(const char *text, struct slw_tuf_change *change)
{
    change->set = set;
    change->set_count = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "=");
        struct slw_tuf_meta_version *next = &set[change->set_count++];
        next->role = slw_bytes_make(text, len);
        next->version = 0;
        for (text += len + 1; *text >= '0' && *text <= '9'; text++) {
            next->version = 10 * next->version + (*text - '0');
        }
        text += *text == ' ';
    }
}

static struct slw_tuf_model *snapshot_of(const char *text)
{
    struct slw_tuf_model *model = test_new("snapshot");
    struct slw_tuf_change change = test_next(model, "snapshot");
    read_set(text, &change);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    return model;
}

static bool has_meta(struct slw_tuf_model *model, const char *meta)
{
    return strstr(test_encode(model), meta) != NULL && test_is_readable(model);
}

static void lists_files_in_the_order_of_their_names(void)
{
    /* '-' stands before '.', and '0' behind it: "a-b.json" < "a.json" < "a0.json". */
    struct slw_tuf_model *model = snapshot_of("targets=1 a0=2 a=3 a-b=4 a.b=5 \"=6");
    int64_t version = 0;
    TAP_CHECK(has_meta(model, "\"meta\":{\"\\\".json\":{\"version\":6},\"a-b.json\":{\"version\":4}"
                              ",\"a.b.json\":{\"version\":5},\"a.json\":{\"version\":3},\"a0.json\""
                              ":{\"version\":2},\"targets.json\":{\"version\":1}}"));
    TAP_EQUAL_INT(slw_tuf_model_metas_count(model), 6);
    TAP_EQUAL_INT(slw_tuf_model_find_meta(model, SLW_BYTES_OF("a-b"), &version), SLW_OK);
    TAP_EQUAL_INT(version, 4);
    TAP_EQUAL_INT(slw_tuf_model_find_meta(model, SLW_BYTES_OF("a0"), &version), SLW_OK);
    TAP_EQUAL_INT(version, 2);
    TAP_EQUAL_INT(slw_tuf_model_find_meta(model, SLW_BYTES_OF("b"), &version), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_tuf_model_find_meta(model, SLW_BYTES_OF(""), &version), SLW_NOT_FOUND);
    struct slw_tuf_meta_version meta;
    slw_tuf_model_meta(model, 5, &meta);
    TAP_CHECK(slw_bytes_equal(meta.role, SLW_BYTES_OF("targets")) && meta.version == 1);
    test_end();
}

/* The same as from the beginning, whether digits are written over or everything is put together. */
static void a_change_gives_what_a_new_snapshot_gives(void)
{
    const struct {
        const char *name;
        const char *before;
        const char *change;
        const char *after;
    } rows[] = {
        {"as many digits", "a=1 b=2 targets=3", "b=9", "a=1 b=9 targets=3"},
        {"more digits", "a=1 b=9 targets=3", "b=10", "a=1 b=10 targets=3"},
        {"many of both", "a=8 b=9 c=99 targets=3", "a=9 b=10 c=100", "a=9 b=10 c=100 targets=3"},
        {"the same version", "a=1 targets=3", "a=1", "a=1 targets=3"},
        {"one more at the front", "b=1 targets=3", "a=7", "a=7 b=1 targets=3"},
        {"one more behind", "b=1 targets=3", "z=7", "b=1 targets=3 z=7"},
        {"nothing", "b=1 targets=3", "", "b=1 targets=3"},
        {"the last one", "b=1 targets=3", "targets=4444", "b=1 targets=4444"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = snapshot_of(rows[i].before);
        struct slw_tuf_model *fresh = snapshot_of(rows[i].after);
        struct slw_tuf_change change = test_next(model, "snapshot");
        TAP_ROW(rows[i].name);
        read_set(rows[i].change, &change);
        TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
        change = test_next(model, "snapshot");
        TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
        for (int j = 0; j < 2; j++) {
            change = test_next(fresh, "snapshot");
            TAP_EQUAL_INT(test_apply(fresh, &change), SLW_OK);
        }
        TAP_CHECK(strcmp(test_encode(model), test_encode(fresh)) == 0);
        TAP_CHECK(test_is_readable(model));
        test_end();
    }
}

static void lets_roles_go(void)
{
    struct slw_tuf_model *model = snapshot_of("a=1 b=2 c=3 targets=4");
    const struct slw_bytes gone[2] = {SLW_BYTES_OF("c"), SLW_BYTES_OF("a")};
    struct slw_tuf_change change = test_next(model, "snapshot");
    read_set("b=3 d=1", &change);
    change.drop = gone;
    change.drop_count = 2;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(has_meta(model, "\"meta\":{\"b.json\":{\"version\":3},\"d.json\":{\"version\":1},"
                              "\"targets.json\":{\"version\":4}}"));
    test_end();
}

/* Lengths and hashes describe one version of a file; they go with it, and only with it. */
static void keeps_hashes_of_what_does_not_change(void)
{
    struct slw_tuf_model *model = test_load(
        "snapshot", "{\"_type\":\"snapshot\",\"spec_version\":\"1.0.31\",\"version\":3,\"expires\":"
                    "\"2030-01-01T00:00:00Z\",\"meta\":{\"targets.json\":{\"version\":1,\"length\":"
                    "5},\"a.json\":{\"x\":{\"z\":1,\"y\":2},\"version\":9,\"length\":6},\"b.json\":"
                    "{\"version\":2,\"length\":7},\"c.json\":{\"version\":2}}}");
    TAP_REQUIRE(model != NULL);
    TAP_CHECK(test_is_readable(model));
    struct slw_tuf_change change = test_next(model, "snapshot");
    read_set("b=3 c=3 targets=1", &change);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(has_meta(model,
                       "\"meta\":{\"a.json\":{\"length\":6,\"version\":9,\"x\":{\"y\":2,\"z\":1}},"
                       "\"b.json\":{\"version\":3},\"c.json\":{\"version\":3},"
                       "\"targets.json\":{\"length\":5,\"version\":1}}"));
    test_end();
}

static void refuses_snapshots_that_clients_refuse(void)
{
    static char long_name[SLW_TUF_ROLE_NAME_MAX + 2];
    memset(long_name, 'n', sizeof long_name - 1);
    const struct {
        const char *name;
        const char *set;
        const char *drop[2];
        enum slw_status status;
    } rows[] = {
        {"a version that falls", "b=1", {NULL, NULL}, SLW_ROLLBACK},
        {"one of two falls", "a=12 b=1", {NULL, NULL}, SLW_ROLLBACK},
        {"targets fall", "targets=3", {NULL, NULL}, SLW_ROLLBACK},
        {"version 0", "a=0", {NULL, NULL}, SLW_BAD_ARGUMENT},
        {"a role twice", "a=12 a=13", {NULL, NULL}, SLW_BAD_ARGUMENT},
        {"set and dropped", "a=12", {"a", NULL}, SLW_BAD_ARGUMENT},
        {"dropped twice", "", {"a", "a"}, SLW_BAD_ARGUMENT},
        {"dropped and not there", "", {"z", NULL}, SLW_NOT_FOUND},
        {"targets dropped", "", {"targets", NULL}, SLW_MISSING_TARGETS},
        {"a root", "root=1", {NULL, NULL}, SLW_BAD_NAME},
        {"a timestamp", "timestamp=1", {NULL, NULL}, SLW_BAD_NAME},
        {"itself", "snapshot=1", {NULL, NULL}, SLW_BAD_NAME},
        {"no name", "=1", {NULL, NULL}, SLW_BAD_NAME},
        {"no name dropped", "", {"", NULL}, SLW_BAD_NAME},
        {"a line end in a name", "a\n=1", {NULL, NULL}, SLW_BAD_NAME},
        {"a name that isn't UTF-8", "\xff=1", {NULL, NULL}, SLW_BAD_NAME},
        {"a long name", NULL, {NULL, NULL}, SLW_BAD_NAME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = snapshot_of("a=11 b=2 targets=4");
        struct slw_bytes gone[2];
        struct slw_tuf_change change = test_next(model, "snapshot");
        const char *before = test_encode(model);
        TAP_ROW(rows[i].name);
        read_set(rows[i].set == NULL ? "a=12 b=3" : rows[i].set, &change);
        if (rows[i].set == NULL) {
            set[1].role = test_bytes(long_name);
        }
        change.drop = gone;
        for (size_t j = 0; j < 2 && rows[i].drop[j] != NULL; j++) {
            gone[change.drop_count++] = test_bytes(rows[i].drop[j]);
        }
        TAP_EQUAL_INT(test_apply(model, &change), rows[i].status);
        TAP_CHECK(test_detail.text[0] != '\0');
        TAP_CHECK(strcmp(test_encode(model), before) == 0);
        test_end();
    }
}

static void refuses_a_first_snapshot_without_targets(void)
{
    struct slw_tuf_model *model = test_new("snapshot");
    struct slw_tuf_change change = test_next(model, "snapshot");
    TAP_EQUAL_INT(test_apply(model, &change), SLW_MISSING_TARGETS);
    read_set("a=1", &change);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_MISSING_TARGETS);
    set[0].version = SLW_TUF_NUMBER_MAX + 1ll;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_BAD_ARGUMENT);
    set[0].version = -1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_BAD_ARGUMENT);
    test_end();
}

static enum slw_status next_timestamp(struct slw_tuf_model *model, int64_t snapshot_version)
{
    struct slw_tuf_change change = test_next(model, "timestamp");
    change.snapshot_version = snapshot_version;
    return test_apply(model, &change);
}

static void makes_timestamps(void)
{
    struct slw_tuf_model *model = test_new("timestamp");
    int64_t version = 0;
    TAP_EQUAL_INT(next_timestamp(model, 9), SLW_OK);
    TAP_CHECK(
        strcmp(test_encode(model),
               "{\"_type\":\"timestamp\",\"expires\":\"2030-01-01T00:00:00Z\",\"meta\":{\""
               "snapshot.json\":{\"version\":9}},\"spec_version\":\"1.0.34\",\"version\":1}") == 0);
    TAP_EQUAL_INT(next_timestamp(model, 9), SLW_OK);
    TAP_EQUAL_INT(next_timestamp(model, 10), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_model_find_meta(model, SLW_BYTES_OF("snapshot"), &version), SLW_OK);
    TAP_EQUAL_INT(version, 10);
    TAP_EQUAL_INT(slw_tuf_model_version(model), 3);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void refuses_timestamps_that_clients_refuse(void)
{
    const struct {
        const char *name;
        int64_t version;
        enum slw_status status;
    } rows[] = {
        {"an older snapshot", 8, SLW_ROLLBACK},
        {"no snapshot", 0, SLW_BAD_ARGUMENT},
        {"a negative version", -1, SLW_BAD_ARGUMENT},
        {"a version above 2^53 - 1", SLW_TUF_NUMBER_MAX + 1ll, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = test_new("timestamp");
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(next_timestamp(model, 9), SLW_OK);
        TAP_EQUAL_INT(next_timestamp(model, rows[i].version), rows[i].status);
        TAP_CHECK(strstr(test_encode(model), "{\"version\":9}") != NULL);
        TAP_EQUAL_INT(slw_tuf_model_version(model), 1);
        test_end();
    }
}

/* A timestamp of another program may have hashes; ours says the version only. */
static void a_timestamp_drops_the_hashes_of_the_last_snapshot(void)
{
    struct slw_tuf_model *model =
        test_load("timestamp",
                  "{\"_type\":\"timestamp\",\"spec_version\":\"1.0.31\",\"version\":3,\"expires"
                  "\":\"2030-01-01T00:00:00Z\",\"x\":[],\"meta\":{\"snapshot.json\":{\"version\":"
                  "7,\"length\":5}}}");
    TAP_REQUIRE(model != NULL);
    TAP_CHECK(test_is_readable(model));
    TAP_EQUAL_INT(next_timestamp(model, 8), SLW_OK);
    TAP_CHECK(has_meta(model, "\"meta\":{\"snapshot.json\":{\"version\":8}}"));
    TAP_CHECK(has_meta(model, "\"x\":[]"));
    test_end();
}

int main(void)
{
    TAP_RUN(lists_files_in_the_order_of_their_names);
    TAP_RUN(a_change_gives_what_a_new_snapshot_gives);
    TAP_RUN(lets_roles_go);
    TAP_RUN(keeps_hashes_of_what_does_not_change);
    TAP_RUN(refuses_snapshots_that_clients_refuse);
    TAP_RUN(refuses_a_first_snapshot_without_targets);
    TAP_RUN(makes_timestamps);
    TAP_RUN(refuses_timestamps_that_clients_refuse);
    TAP_RUN(a_timestamp_drops_the_hashes_of_the_last_snapshot);
    return tap_finish();
}
