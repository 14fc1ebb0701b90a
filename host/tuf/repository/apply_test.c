/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to targets, and what holds for changes of every type: what is refused leaves the model as
 * it was, byte for byte.
 */
#include "test_models.h"

#include "tap.h"

static const struct slw_bytes NONE = {0};

static struct slw_tuf_artifact artifact(const char *path, uint64_t length, const char *custom)
{
    struct slw_tuf_artifact made = {.path = test_bytes(path), .length = length};
    made.custom = test_bytes(custom);
    memset(made.sha256, (int)length, sizeof made.sha256);
    return made;
}

/* Version 1 of a role with three targets. */
static struct slw_tuf_model *three_targets(void)
{
    static struct slw_tuf_artifact add[3];
    add[0] = artifact("lamp/1.0/app", 1, "{\"release\":\"1.0\"}");
    add[1] = artifact("lamp/1.1/app", 2, "");
    add[2] = artifact("lamp/2.0/app", 3, "{}");
    struct slw_tuf_model *model = test_new("product");
    struct slw_tuf_change change = test_next(model, "product");
    change.add = add;
    change.add_count = 3;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    return model;
}

/* Applies a change that must be refused, and looks whether the model is as it was. */
static void check_refused(struct slw_tuf_model *model, const struct slw_tuf_change *change,
                          enum slw_status status)
{
    int64_t version = slw_tuf_model_version(model);
    const char *before = test_encode(model);
    TAP_EQUAL_INT(test_apply(model, change), status);
    TAP_CHECK(test_detail.text[0] != '\0');
    TAP_EQUAL_INT(slw_tuf_model_version(model), version);
    TAP_CHECK(strcmp(test_encode(model), before) == 0);
}

static bool lists(const struct slw_tuf_model *model, const char *path, uint64_t length)
{
    size_t at = 0;
    struct slw_tuf_artifact found = {0};
    if (slw_tuf_model_find(model, test_bytes(path), &at) != SLW_OK) {
        return false;
    }
    slw_tuf_model_target(model, at, &found);
    return slw_bytes_equal(found.path, test_bytes(path)) && found.length == length &&
           found.sha256[0] == (uint8_t)length && found.sha256[31] == (uint8_t)length;
}

static void adds_replaces_and_removes(void)
{
    struct slw_tuf_model *model = three_targets();
    struct slw_tuf_artifact add[] = {artifact("z", 9, ""), artifact("lamp/1.1/app", 4, "{\"a\":1}"),
                                     artifact("a", 5, "")};
    struct slw_bytes gone[] = {test_bytes("lamp/2.0/app"), test_bytes("lamp/1.0/app")};
    struct slw_tuf_change change = test_next(model, "product");
    change.add = add;
    change.add_count = 3;
    change.remove = gone;
    change.remove_count = 2;
    change.version = 12; /* numbers may be left out */
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(model), 3);
    TAP_EQUAL_INT(slw_tuf_model_version(model), 12);
    TAP_EQUAL_INT(slw_tuf_model_expires(model), TEST_EXPIRES);
    TAP_CHECK(lists(model, "a", 5));
    TAP_CHECK(lists(model, "lamp/1.1/app", 4));
    TAP_CHECK(lists(model, "z", 9));
    TAP_CHECK(!lists(model, "lamp/2.0/app", 3));
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void removes_everything(void)
{
    struct slw_tuf_model *model = three_targets();
    struct slw_bytes gone[] = {test_bytes("lamp/1.0/app"), test_bytes("lamp/1.1/app"),
                               test_bytes("lamp/2.0/app")};
    struct slw_tuf_change change = test_next(model, "product");
    change.remove = gone;
    change.remove_count = 3;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(model), 0);
    TAP_CHECK(test_is_readable(model));
    change = test_next(model, "product");
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

/* Views of a model may be given to a change of the same model. */
static void takes_paths_out_of_the_model_itself(void)
{
    struct slw_tuf_model *model = three_targets();
    struct slw_tuf_artifact own;
    slw_tuf_model_target(model, 0, &own);
    own.length = 77;
    memset(own.sha256, 77, sizeof own.sha256);
    struct slw_tuf_artifact other;
    slw_tuf_model_target(model, 2, &other);
    struct slw_tuf_change change = test_next(model, "product");
    change.add = &own;
    change.add_count = 1;
    change.remove = &other.path;
    change.remove_count = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(lists(model, "lamp/1.0/app", 77));
    TAP_EQUAL_INT(slw_tuf_model_targets_count(model), 2);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void the_same_changes_in_any_order_give_the_same_bytes(void)
{
    static struct slw_tuf_artifact forth[500];
    static struct slw_tuf_artifact back[500];
    static char paths[500][16];
    for (unsigned i = 0; i < 500; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "p%u", i * 7919 % 500);
        forth[i] = artifact(paths[i], i, i % 3 == 0 ? "{\"n\":[1,2]}" : "");
        back[499 - i] = forth[i];
    }
    struct slw_tuf_model *models[2] = {test_new("product"), test_new("product")};
    for (unsigned i = 0; i < 2; i++) {
        struct slw_tuf_change change = test_next(models[i], "product");
        change.add = i == 0 ? forth : back;
        change.add_count = 500;
        TAP_EQUAL_INT(test_apply(models[i], &change), SLW_OK);
    }
    TAP_CHECK(strcmp(test_encode(models[0]), test_encode(models[1])) == 0);
    TAP_CHECK(test_is_readable(models[0]));
    for (unsigned i = 0; i < 500; i++) {
        TAP_CHECK(lists(models[1], paths[i], i));
    }
    test_end();
}

static void refuses_artifacts_that_no_client_would_take(void)
{
    static char long_path[SLW_TUF_TARGET_PATH_MAX + 2];
    memset(long_path, 'a', sizeof long_path - 1);
    const struct {
        const char *name;
        struct slw_tuf_artifact artifact;
        enum slw_status status;
    } rows[] = {
        {"no path", artifact("", 1, ""), SLW_BAD_NAME},
        {"a long path", artifact(long_path, 1, ""), SLW_BAD_NAME},
        {"a line end in a path", artifact("a\nb", 1, ""), SLW_BAD_NAME},
        {"a delete in a path", artifact("a\x7f", 1, ""), SLW_BAD_NAME},
        {"a path that isn't UTF-8", artifact("a\xff", 1, ""), SLW_BAD_NAME},
        {"a path of half a character", artifact("a\xc3", 1, ""), SLW_BAD_NAME},
        {"an overlong path", artifact("a\xc0\xaf", 1, ""), SLW_BAD_NAME},
        {"too long a target", artifact("a", SLW_TUF_NUMBER_MAX + 1ull, ""), SLW_TOO_LARGE},
        {"a custom that is an array", artifact("a", 1, "[]"), SLW_BAD_ARGUMENT},
        {"a custom that is text", artifact("a", 1, "\"x\""), SLW_BAD_ARGUMENT},
        {"a custom with space", artifact("a", 1, "{\"x\": 1}"), SLW_BAD_ARGUMENT},
        {"a custom out of order", artifact("a", 1, "{\"y\":1,\"x\":1}"), SLW_BAD_ARGUMENT},
        {"a custom with a fraction", artifact("a", 1, "{\"x\":1.5}"), SLW_BAD_ARGUMENT},
        {"a custom with an escape too many", artifact("a", 1, "{\"x\":\"\\u0041\"}"),
         SLW_BAD_ARGUMENT},
        {"a custom with a member twice", artifact("a", 1, "{\"x\":1,\"x\":1}"), SLW_BAD_ARGUMENT},
        {"a custom with more behind", artifact("a", 1, "{}{}"), SLW_BAD_ARGUMENT},
        {"a custom that breaks out", artifact("a", 1, "{},\"hashes\":{}"), SLW_BAD_ARGUMENT},
        {"a custom cut short", artifact("a", 1, "{\"x\":1"), SLW_BAD_ARGUMENT},
        {"a custom that isn't JSON", artifact("a", 1, "yes"), SLW_BAD_ARGUMENT},
        {"a custom with a zero byte", artifact("a", 1, "{\"x\":\"\\u0000\"}"), SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = three_targets();
        struct slw_tuf_artifact add[2] = {artifact("fine", 1, ""), rows[i].artifact};
        struct slw_tuf_change change = test_next(model, "product");
        TAP_ROW(rows[i].name);
        change.add = add;
        change.add_count = 2;
        check_refused(model, &change, rows[i].status);
        test_end();
    }
}

/* What is odd and allowed: it comes out of the reader as it went in. */
static void takes_artifacts_that_look_odd(void)
{
    static char long_path[SLW_TUF_TARGET_PATH_MAX + 1];
    memset(long_path, 'a', sizeof long_path - 1);
    const struct slw_tuf_artifact rows[] = {
        artifact(long_path, 0, ""),
        artifact("a \"quoted\" \\ path", 1, ""),
        artifact("gr\xc3\xbc\xc3\x9f/\xf0\x9f\x92\xa1", 2, ""),
        artifact("../../etc/passwd", SLW_TUF_NUMBER_MAX, ""),
        artifact("b", 4, "{\"x\":\"line\nline\",\"y\":{\"z\":[null,true,false,-1]}}"),
        artifact("c", 5, "{\"\\\"\":\"\\\\\"}"),
    };
    struct slw_tuf_model *model = test_new("product");
    struct slw_tuf_change change = test_next(model, "product");
    change.add = rows;
    change.add_count = sizeof rows / sizeof rows[0];
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(test_is_readable(model));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 0;
        struct slw_tuf_artifact found = {0};
        TAP_EQUAL_INT(slw_tuf_model_find(model, rows[i].path, &at), SLW_OK);
        slw_tuf_model_target(model, at, &found);
        TAP_CHECK(slw_bytes_equal(found.custom, rows[i].custom) && found.length == rows[i].length);
    }
    test_end();
}

static void refuses_paths_twice_and_paths_that_are_not_there(void)
{
    const struct {
        const char *name;
        const char *add[2];
        const char *remove[2];
        enum slw_status status;
    } rows[] = {
        {"added twice", {"x", "x"}, {NULL, NULL}, SLW_DUPLICATE_TARGET},
        {"removed twice", {NULL, NULL}, {"lamp/1.0/app", "lamp/1.0/app"}, SLW_DUPLICATE_TARGET},
        {"added and removed", {"lamp/1.0/app", NULL}, {"lamp/1.0/app", NULL}, SLW_DUPLICATE_TARGET},
        {"removed and not there", {NULL, NULL}, {"lamp", NULL}, SLW_NOT_FOUND},
        {"removed behind the last", {NULL, NULL}, {"z", NULL}, SLW_NOT_FOUND},
        {"removed before the first", {"b", NULL}, {"a", NULL}, SLW_NOT_FOUND},
        {"the empty path removed", {NULL, NULL}, {"", NULL}, SLW_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = three_targets();
        struct slw_tuf_artifact add[2];
        struct slw_bytes gone[2];
        struct slw_tuf_change change = test_next(model, "product");
        TAP_ROW(rows[i].name);
        change.add = add;
        change.remove = gone;
        for (size_t j = 0; j < 2; j++) {
            if (rows[i].add[j] != NULL) {
                add[change.add_count++] = artifact(rows[i].add[j], 1, "");
            }
            if (rows[i].remove[j] != NULL) {
                gone[change.remove_count++] = test_bytes(rows[i].remove[j]);
            }
        }
        check_refused(model, &change, rows[i].status);
        test_end();
    }
}

static void other_base(struct slw_tuf_change *change)
{
    change->base_version = 2;
    change->version = 3;
}

static void other_digest(struct slw_tuf_change *change)
{
    change->base_sha256[31] ^= 1;
}

static void no_base(struct slw_tuf_change *change)
{
    change->base_version = 0;
    memset(change->base_sha256, 0, sizeof change->base_sha256);
}

static void same_version(struct slw_tuf_change *change)
{
    change->version = 1;
}

static void lower_version(struct slw_tuf_change *change)
{
    change->version = 0;
}

static void negative_version(struct slw_tuf_change *change)
{
    change->version = -5;
}

static void huge_version(struct slw_tuf_change *change)
{
    change->version = SLW_TUF_NUMBER_MAX + 1ll;
}

static void no_expiry(struct slw_tuf_change *change)
{
    change->expires_utc_s = 0;
}

static void expiry_before_1970(struct slw_tuf_change *change)
{
    change->expires_utc_s = -1;
}

static void expiry_of_five_digits(struct slw_tuf_change *change)
{
    change->expires_utc_s = 253402300800;
}

static void other_role(struct slw_tuf_change *change)
{
    change->role = SLW_BYTES_OF("produce");
}

static void other_type(struct slw_tuf_change *change)
{
    change->type = SLW_TUF_SNAPSHOT;
}

static void with_root_keys(struct slw_tuf_change *change)
{
    change->roles[SLW_TUF_ROOT] = test_signers("0", 1);
}

static void with_a_threshold_alone(struct slw_tuf_change *change)
{
    change->roles[SLW_TUF_TARGETS].threshold = 1;
}

static void with_a_snapshot_version(struct slw_tuf_change *change)
{
    change->snapshot_version = 4;
}

static void with_entries_of_a_snapshot(struct slw_tuf_change *change)
{
    static const struct slw_tuf_meta_version set = {{(const uint8_t *)"x", 1}, 1};
    change->set = &set;
    change->set_count = 1;
}

static void with_entries_that_go(struct slw_tuf_change *change)
{
    change->drop = &NONE;
    change->drop_count = 1;
}

static void refuses_what_is_not_a_next_version(void)
{
    const struct {
        const char *name;
        void (*spoil)(struct slw_tuf_change *change);
        enum slw_status status;
    } rows[] = {
        {"another base version", other_base, SLW_STORED_STATE},
        {"another base of that version", other_digest, SLW_STORED_STATE},
        {"no base where there is one", no_base, SLW_STORED_STATE},
        {"the same version", same_version, SLW_ROLLBACK},
        {"a lower version", lower_version, SLW_ROLLBACK},
        {"a negative version", negative_version, SLW_ROLLBACK},
        {"a version above 2^53 - 1", huge_version, SLW_TOO_LARGE},
        {"no expiry", no_expiry, SLW_BAD_ARGUMENT},
        {"an expiry before 1970", expiry_before_1970, SLW_BAD_ARGUMENT},
        {"an expiry in the year 10000", expiry_of_five_digits, SLW_BAD_ARGUMENT},
        {"another role", other_role, SLW_WRONG_ROLE},
        {"another type", other_type, SLW_WRONG_ROLE},
        {"keys of a root", with_root_keys, SLW_BAD_ARGUMENT},
        {"a threshold of a root", with_a_threshold_alone, SLW_BAD_ARGUMENT},
        {"a timestamp's version", with_a_snapshot_version, SLW_BAD_ARGUMENT},
        {"a snapshot's entries", with_entries_of_a_snapshot, SLW_BAD_ARGUMENT},
        {"a snapshot's entries that go", with_entries_that_go, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = three_targets();
        struct slw_tuf_change change = test_next(model, "product");
        TAP_ROW(rows[i].name);
        rows[i].spoil(&change);
        check_refused(model, &change, rows[i].status);
        test_end();
    }
}

static void refuses_a_base_for_what_is_new(void)
{
    struct slw_tuf_model *model = test_new("product");
    struct slw_tuf_change change = test_next(model, "product");
    change.base_sha256[0] = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_STORED_STATE);
    change = test_next(model, "product");
    change.base_version = 1;
    change.version = 2;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_STORED_STATE);
    TAP_EQUAL_INT(slw_tuf_model_version(model), 0);
    test_end();
}

/* Targets that only another program can have written stay until they are replaced. */
static void keeps_and_replaces_targets_with_other_hashes(void)
{
    struct slw_tuf_model *model = test_load(
        "product", "{\"_type\":\"targets\",\"spec_version\":\"1.0\",\"version\":3,\"expires\":"
                   "\"2030-01-01T00:00:00Z\",\"targets\":{\"a\":{\"length\":1,\"hashes\":{\"sha512"
                   "\":\"72378e5bc588793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c72378e5bc5"
                   "88793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c\"},\"custom\":{\"k\":1}}"
                   ",\"b\":{\"length\":1,\"hashes\":{\"sha512\":\"72378e5bc588793e58f81c8533da64a2e"
                   "8f1565c1fcc7f253496394ffc52542c72378e5bc588793e58f81c8533da64a2e8f1565c1fcc7f25"
                   "3496394ffc52542c\"}}}}");
    TAP_REQUIRE(model != NULL);
    struct slw_tuf_artifact add = artifact("b", 8, "");
    struct slw_tuf_artifact found;
    struct slw_tuf_change change = test_next(model, "product");
    change.add = &add;
    change.add_count = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    slw_tuf_model_target(model, 0, &found);
    TAP_CHECK(slw_bytes_equal(found.custom, SLW_BYTES_OF("{\"k\":1}")) && found.sha256[0] == 0);
    TAP_CHECK(strstr(test_encode(model), "\"a\":{\"custom\":{\"k\":1},\"hashes\":{\"sha512\":") !=
              NULL);
    TAP_CHECK(strstr(test_encode(model), "\"b\":{\"hashes\":{\"sha256\":\"0808") != NULL);
    TAP_CHECK(strstr(test_encode(model), "\"spec_version\":\"1.0.34\"") != NULL);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

int main(void)
{
    TAP_RUN(adds_replaces_and_removes);
    TAP_RUN(removes_everything);
    TAP_RUN(takes_paths_out_of_the_model_itself);
    TAP_RUN(the_same_changes_in_any_order_give_the_same_bytes);
    TAP_RUN(refuses_artifacts_that_no_client_would_take);
    TAP_RUN(takes_artifacts_that_look_odd);
    TAP_RUN(refuses_paths_twice_and_paths_that_are_not_there);
    TAP_RUN(refuses_what_is_not_a_next_version);
    TAP_RUN(refuses_a_base_for_what_is_new);
    TAP_RUN(keeps_and_replaces_targets_with_other_hashes);
    return tap_finish();
}
