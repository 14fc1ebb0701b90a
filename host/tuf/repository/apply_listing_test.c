/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of keys in roots, and of delegations. */
#include "test_models.h"

#include "tap.h"

static void all_roles(struct slw_tuf_change *change)
{
    change->roles[SLW_TUF_ROOT] = test_signers("01", 2);
    change->roles[SLW_TUF_TIMESTAMP] = test_signers("2", 1);
    change->roles[SLW_TUF_SNAPSHOT] = test_signers("2", 1);
    change->roles[SLW_TUF_TARGETS] = test_signers("0", 1);
}

static struct slw_tuf_model *first_root(void)
{
    struct slw_tuf_model *model = test_new("root");
    struct slw_tuf_change change = test_next(model, "root");
    all_roles(&change);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    return model;
}

static bool encodes(struct slw_tuf_model *model, const char *text)
{
    return strstr(test_encode(model), text) != NULL;
}

static void check_refused(struct slw_tuf_model *model, const struct slw_tuf_change *change,
                          enum slw_status status)
{
    const char *before = slw_tuf_model_version(model) == 0 ? NULL : test_encode(model);
    TAP_EQUAL_INT(test_apply(model, change), status);
    TAP_CHECK(test_detail.text[0] != '\0');
    TAP_CHECK(before == NULL || strcmp(test_encode(model), before) == 0);
}

static void makes_a_first_root(void)
{
    struct slw_tuf_model *model = first_root();
    struct slw_tuf_listed_role role;
    TAP_CHECK(test_is_readable(model));
    TAP_CHECK(encodes(model, "\"consistent_snapshot\":true"));
    TAP_EQUAL_INT(slw_tuf_model_roles_count(model), SLW_TUF_TYPES);
    slw_tuf_model_role(model, SLW_TUF_ROOT, &role);
    TAP_CHECK(slw_bytes_equal(role.name, SLW_BYTES_OF("root")));
    TAP_EQUAL_INT(role.threshold, 2);
    TAP_EQUAL_INT(role.keys_count, 2);
    TAP_CHECK(slw_bytes_equal(slw_tuf_model_role_key_id(model, SLW_TUF_TIMESTAMP, 0),
                              test_bytes(test_key_id(2))));
    test_end();
}

static void rotates_keys_and_drops_those_that_nobody_needs(void)
{
    struct slw_tuf_model *model = first_root();
    struct slw_tuf_change change = test_next(model, "root");
    change.roles[SLW_TUF_ROOT] = test_signers("13", 1);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(encodes(model, test_key_id(0))); /* still signs for targets */
    TAP_CHECK(encodes(model, test_key_id(3)));
    change = test_next(model, "root");
    change.roles[SLW_TUF_TARGETS] = test_signers("3", 1);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(!encodes(model, test_key_id(0)));
    TAP_CHECK(test_is_readable(model));
    TAP_EQUAL_INT(slw_tuf_model_version(model), 3);
    test_end();
}

static void refuses_roots_that_do_not_hold(void)
{
    const struct {
        const char *name;
        enum slw_tuf_type role;
        const char *keys;
        uint32_t threshold;
        enum slw_status status;
    } rows[] = {
        {"threshold 0", SLW_TUF_ROOT, "01", 0, SLW_BAD_THRESHOLD},
        {"threshold out of reach", SLW_TUF_TARGETS, "01", 3, SLW_BAD_THRESHOLD},
        {"a threshold without keys", SLW_TUF_TARGETS, "", 1, SLW_BAD_THRESHOLD},
        {"one key twice", SLW_TUF_SNAPSHOT, "00", 2, SLW_BAD_ARGUMENT},
        {"one Ed25519 key twice", SLW_TUF_TIMESTAMP, "232", 2, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = first_root();
        struct slw_tuf_change change = test_next(model, "root");
        TAP_ROW(rows[i].name);
        change.roles[rows[i].role] = test_signers(rows[i].keys, rows[i].threshold);
        check_refused(model, &change, rows[i].status);
        test_end();
    }
}

static void refuses_a_key_that_is_none(void)
{
    struct slw_public_key bad = *test_key(0);
    struct slw_tuf_model *model = first_root();
    struct slw_tuf_change change = test_next(model, "root");
    bad.value[40] ^= 1; /* off the curve */
    change.roles[SLW_TUF_TARGETS] = (struct slw_tuf_role_keys){&bad, 1, 1};
    check_refused(model, &change, SLW_BAD_KEY);
    struct slw_public_key small = *test_key(2);
    memset(small.value, 0, sizeof small.value);
    small.value[0] = 1; /* of small order */
    change.roles[SLW_TUF_TARGETS] = (struct slw_tuf_role_keys){&small, 1, 1};
    check_refused(model, &change, SLW_BAD_KEY);
    test_end();
}

static void refuses_a_first_root_without_one_of_the_four(void)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        struct slw_tuf_model *model = test_new("root");
        struct slw_tuf_change change = test_next(model, "root");
        TAP_ROW(slw_tuf_type_name((enum slw_tuf_type)i));
        all_roles(&change);
        change.roles[i] = (struct slw_tuf_role_keys){0};
        check_refused(model, &change, SLW_WRONG_ROLE);
        test_end();
    }
}

static void refuses_to_leave_out_a_number_of_a_root(void)
{
    struct slw_tuf_model *model = first_root();
    struct slw_tuf_change change = test_next(model, "root");
    change.version = 3;
    check_refused(model, &change, SLW_ROLLBACK);
    struct slw_tuf_model *first = test_new("root");
    change = test_next(first, "root");
    all_roles(&change);
    change.version = 2;
    check_refused(first, &change, SLW_ROLLBACK);
    test_end();
}

#define FOREIGN_KEY                                                                                \
    "{\"keytype\":\"ecdsa\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC "                           \
    "KEY-----\\nMFkwEwYHKoZIzj0C"                                                                  \
    "AQYIKoZIzj0DAQcDQgAEOAZNxAd+LHA5hn9uWc0Jfc4hYCFa\\nI0lHhlL8685bCfvY2hExTj3V5PoPE1zxrHePASK88" \
    "eLWZbGENrnaUvjLKw==\\n-----END PUBLIC "                                                       \
    "KEY-----\\n\"},\"scheme\":\"ecdsa-sha2-nistp256\",\"x-o"                                      \
    "wner\":\"@jku\"}"
#define FOREIGN_ID "e09f1c9b4a5f2ee9f5fe0a3a0f4ae4ea4fd17b2ff6e4c2b4c7ac4d5ee1b9f3b7"

/* A root of another program, with members of its own, a role of its own, and key 0 under that id.
 */
static struct slw_tuf_model *foreign_root(const char *id)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text,
                    "{\"_type\":\"root\",\"spec_version\":\"1.0.31\",\"version\":4,\"expires\":"
                    "\"2030-01-01T00:00:00Z\",\"x-period\":60,\"keys\":{\"%s\":" FOREIGN_KEY
                    ",\"spare\":{\"keytype\":\"ml-dsa\",\"scheme\":\"ml-dsa\",\"keyval\":{}}},"
                    "\"roles\":{"
                    "\"root\":{\"keyids\":[\"%s\"],\"threshold\":1,\"x-period\":60},"
                    "\"mirrors\":{\"keyids\":[\"%s\"],\"threshold\":1},"
                    "\"timestamp\":{\"keyids\":[\"%s\"],\"threshold\":1,\"x-days\":1},"
                    "\"snapshot\":{\"keyids\":[\"%s\"],\"threshold\":1},"
                    "\"targets\":{\"keyids\":[\"%s\"],\"threshold\":1}}}",
                    id, id, id, id, id, id);
    struct slw_tuf_model *model = test_load("root", slw_heap_text(&text));
    slw_heap_free(&text);
    return model;
}

/* The id that the foreign key object has by rights. */
static const char *foreign_id(void)
{
    static char id[SLW_TUF_KEY_ID_SIZE + 1];
    struct slw_json_document json;
    if (slw_json_parse("key", SLW_BYTES_OF(FOREIGN_KEY), &json, &test_detail) != SLW_OK ||
        slw_tuf_key_id(&json, SLW_JSON_TOP, id) != SLW_OK) {
        return "";
    }
    slw_json_document_free(&json);
    return id;
}

static void adopts_a_root_without_losing_members(void)
{
    struct slw_tuf_model *model = foreign_root(foreign_id());
    TAP_REQUIRE(model != NULL);
    struct slw_tuf_change change = test_next(model, "root");
    TAP_CHECK(!encodes(model, "consistent_snapshot"));
    change.roles[SLW_TUF_TIMESTAMP] = test_signers("20", 1);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(encodes(model, "\"x-days\":1"));
    TAP_CHECK(encodes(model, "\"x-period\":60"));
    TAP_CHECK(encodes(model, "\"mirrors\":{\"keyids\":"));
    TAP_CHECK(encodes(model, "\"spare\":{\"keytype\":\"ml-dsa\""));
    TAP_CHECK(encodes(model, "\"x-owner\":\"@jku\""));
    TAP_CHECK(encodes(model, "\"consistent_snapshot\":true"));
    TAP_CHECK(encodes(model, "\"spec_version\":\"1.0.34\""));
    TAP_CHECK(test_is_readable(model));
    test_end();
}

/* Key 0 is listed already: its object stays, and the new role names it by the id it has. */
static void lists_no_key_again_that_is_there(void)
{
    struct slw_tuf_model *model = foreign_root(foreign_id());
    TAP_REQUIRE(model != NULL);
    struct slw_tuf_change change = test_next(model, "root");
    change.roles[SLW_TUF_TIMESTAMP] = test_signers("02", 1);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(!encodes(model, test_key_id(0)));
    TAP_CHECK(slw_bytes_equal(slw_tuf_model_role_key_id(model, SLW_TUF_TIMESTAMP, 0),
                              test_bytes(foreign_id())));
    char id[SLW_TUF_KEY_ID_SIZE];
    TAP_EQUAL_INT(slw_tuf_model_signer(model, SLW_TUF_TIMESTAMP, test_key_id(0), id), SLW_OK);
    TAP_EQUAL_BYTES(id, foreign_id(), sizeof id);
    TAP_EQUAL_INT(slw_tuf_model_signer(model, SLW_TUF_TIMESTAMP, test_key_id(2), id), SLW_OK);
    TAP_EQUAL_BYTES(id, test_key_id(2), sizeof id);
    TAP_EQUAL_INT(slw_tuf_model_signer(model, SLW_TUF_ROOT, test_key_id(2), id), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_tuf_model_signer(model, SLW_TUF_TIMESTAMP, test_key_id(1), id),
                  SLW_NOT_FOUND);
    test_end();
}

/* An id that isn't the hash of its object is one that clients refuse: the key gets a right one. */
static void lists_a_key_again_that_has_a_wrong_id(void)
{
    struct slw_tuf_model *model = foreign_root(FOREIGN_ID);
    TAP_REQUIRE(model != NULL);
    struct slw_tuf_change change = test_next(model, "root");
    change.roles[SLW_TUF_TIMESTAMP] = test_signers("0", 1);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_tuf_model_role_key_id(model, SLW_TUF_TIMESTAMP, 0),
                              test_bytes(test_key_id(0))));
    test_end();
}

static struct slw_tuf_delegate delegate(const char *name, const char *keys,
                                        const struct slw_bytes *paths, size_t paths_count)
{
    return (struct slw_tuf_delegate){.name = test_bytes(name),
                                     .signers = test_signers(keys, 1),
                                     .paths = paths,
                                     .paths_count = paths_count};
}

static struct slw_bytes patterns[2];

/* Version 1 of targets, which delegates to two products. */
static struct slw_tuf_model *two_products(void)
{
    patterns[0] = SLW_BYTES_OF("lamp/*");
    patterns[1] = SLW_BYTES_OF("lamp/*/*");
    struct slw_tuf_delegate both[2] = {delegate("lamp-stable", "0", patterns, 2),
                                       delegate("lamp-beta", "12", patterns, 1)};
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_change change = test_next(model, "targets");
    change.delegate = both;
    change.delegate_count = 2;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    return model;
}

static void delegates_replaces_and_revokes(void)
{
    struct slw_tuf_model *model = two_products();
    struct slw_tuf_listed_role role;
    size_t at = 9;
    TAP_CHECK(test_is_readable(model));
    TAP_EQUAL_INT(slw_tuf_model_roles_count(model), 2);
    struct slw_tuf_delegate changed[2] = {delegate("lamp-stable", "3", patterns, 1),
                                          delegate("aardvark", "2", patterns, 1)};
    changed[0].terminating = true;
    const struct slw_bytes gone = SLW_BYTES_OF("lamp-beta");
    struct slw_tuf_change change = test_next(model, "targets");
    change.delegate = changed;
    change.delegate_count = 2;
    change.revoke = &gone;
    change.revoke_count = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    slw_tuf_model_role(model, 0, &role);
    TAP_CHECK(slw_bytes_equal(role.name, SLW_BYTES_OF("lamp-stable")) && role.terminating);
    TAP_EQUAL_INT(role.paths_count, 1);
    TAP_CHECK(slw_bytes_equal(slw_tuf_model_role_path(model, 0, 0), patterns[0]));
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, SLW_BYTES_OF("aardvark"), &at), SLW_OK);
    TAP_EQUAL_INT(at, 1); /* behind the others: the order is one of trust */
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, gone, &at), SLW_NOT_FOUND);
    TAP_CHECK(!encodes(model, test_key_id(0)) && !encodes(model, test_key_id(1)));
    TAP_CHECK(encodes(model, test_key_id(2)) && encodes(model, test_key_id(3)));
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void revokes_everybody(void)
{
    struct slw_tuf_model *model = two_products();
    const struct slw_bytes gone[2] = {SLW_BYTES_OF("lamp-beta"), SLW_BYTES_OF("lamp-stable")};
    struct slw_tuf_change change = test_next(model, "targets");
    change.revoke = gone;
    change.revoke_count = 2;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(encodes(model, "\"delegations\":{\"keys\":{},\"roles\":[]}"));
    TAP_CHECK(test_is_readable(model));
    test_end();
}

static void makes_bins(void)
{
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_delegate bins = delegate("bins", "2", NULL, 0);
    struct slw_tuf_listed_role role;
    struct slw_heap_buffer name = {0};
    size_t at = 9;
    bins.bit_length = 10;
    struct slw_tuf_change change = test_next(model, "targets");
    change.delegate = &bins;
    change.delegate_count = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(encodes(model, ",\"succinct_roles\":{\"bit_length\":10,\"keyids\":[\""));
    TAP_CHECK(encodes(model, "\"],\"name_prefix\":\"bins\",\"threshold\":1}}"));
    TAP_CHECK(!encodes(model, "\"roles\""));
    slw_tuf_model_role(model, 0, &role);
    TAP_EQUAL_INT(role.bit_length, 10);
    slw_tuf_bin_name(bins.name, 10, slw_tuf_bin_of(SLW_BYTES_OF("lamp/1.0/app"), 10), &name);
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, slw_heap_bytes(&name), &at), SLW_OK);
    TAP_EQUAL_INT(at, 0);
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, SLW_BYTES_OF("bins-3ff"), &at), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, SLW_BYTES_OF("bins-400"), &at), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, SLW_BYTES_OF("bins-3FF"), &at), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, SLW_BYTES_OF("bins-0ff0"), &at), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_tuf_model_find_role(model, SLW_BYTES_OF("bins0ff"), &at), SLW_NOT_FOUND);
    TAP_CHECK(test_is_readable(model));
    slw_heap_free(&name);
    test_end();
}

/* TAP 15, and what TUF's own client makes of it: the first bits of SHA-256 of the path. */
static void spreads_paths_over_bins(void)
{
    const struct {
        const char *path;
        uint32_t bits;
        const char *bin;
    } rows[] = {
        /* SHA-256 of "a" begins with ca978112, that of "abc" with ba7816bf */
        {"a", 1, "b-1"},       {"a", 4, "b-c"},           {"a", 5, "b-19"},    {"a", 8, "b-ca"},
        {"a", 10, "b-32a"},    {"a", 14, "b-32a5"},       {"a", 16, "b-ca97"}, {"abc", 2, "b-2"},
        {"abc", 16, "b-ba78"}, {"abc", 32, "b-ba7816bf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer name = {0};
        TAP_ROW(rows[i].bin);
        slw_tuf_bin_name(SLW_BYTES_OF("b"), rows[i].bits,
                         slw_tuf_bin_of(test_bytes(rows[i].path), rows[i].bits), &name);
        TAP_CHECK(strcmp(slw_heap_text(&name), rows[i].bin) == 0);
        slw_heap_free(&name);
    }
}

static void refuses_delegations_that_do_not_hold(void)
{
    static char long_name[SLW_TUF_ROLE_NAME_MAX + 2];
    static struct slw_bytes bad[4];
    memset(long_name, 'n', sizeof long_name - 1);
    bad[0] = SLW_BYTES_OF("fine");
    bad[1] = SLW_BYTES_OF("");
    bad[2] = SLW_BYTES_OF("a\nb");
    bad[3] = SLW_BYTES_OF("\xff");
    const struct {
        const char *row;
        const char *name;
        const char *keys;
        uint32_t threshold;
        const struct slw_bytes *paths;
        size_t paths_count;
        uint32_t bit_length;
        bool terminating;
        enum slw_status status;
    } rows[] = {
        {"no name", "", "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"a long name", long_name, "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"a line end in a name", "a\nb", "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"a name that isn't UTF-8", "\xc3(", "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"root", "root", "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"snapshot", "snapshot", "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"itself", "targets", "0", 1, bad, 1, 0, false, SLW_BAD_NAME},
        {"threshold 0", "x", "0", 0, bad, 1, 0, false, SLW_BAD_THRESHOLD},
        {"threshold out of reach", "x", "01", 3, bad, 1, 0, false, SLW_BAD_THRESHOLD},
        {"no keys", "x", "", 0, bad, 1, 0, false, SLW_BAD_THRESHOLD},
        {"a key twice", "x", "1221", 1, bad, 1, 0, false, SLW_BAD_ARGUMENT},
        {"no paths", "x", "0", 1, bad, 0, 0, false, SLW_BAD_ARGUMENT},
        {"an empty pattern", "x", "0", 1, bad, 2, 0, false, SLW_BAD_NAME},
        {"a line end in a pattern", "x", "0", 1, bad + 2, 1, 0, false, SLW_BAD_NAME},
        {"a pattern that isn't UTF-8", "x", "0", 1, bad + 3, 1, 0, false, SLW_BAD_NAME},
        {"bins beside others", "x", "0", 1, NULL, 0, 4, false, SLW_BAD_ARGUMENT},
        {"bins with paths", "x", "0", 1, bad, 1, 4, false, SLW_BAD_ARGUMENT},
        {"bins that end a search", "x", "0", 1, NULL, 0, 4, true, SLW_BAD_ARGUMENT},
        {"too many bins", "x", "0", 1, NULL, 0, 17, false, SLW_BAD_ARGUMENT},
        {"bins out of one of two", "lamp-beta", "0", 1, NULL, 0, 4, false, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = two_products();
        struct slw_tuf_delegate one =
            delegate(rows[i].name, rows[i].keys, rows[i].paths, rows[i].paths_count);
        struct slw_tuf_change change = test_next(model, "targets");
        TAP_ROW(rows[i].row);
        one.signers.threshold = rows[i].threshold;
        one.bit_length = rows[i].bit_length;
        one.terminating = rows[i].terminating;
        change.delegate = &one;
        change.delegate_count = 1;
        check_refused(model, &change, rows[i].status);
        test_end();
    }
}

static void refuses_names_twice_and_names_that_are_not_there(void)
{
    const struct {
        const char *row;
        const char *delegate[2];
        const char *revoke[2];
        enum slw_status status;
    } rows[] = {
        {"delegated twice", {"x", "x"}, {NULL, NULL}, SLW_BAD_ARGUMENT},
        {"revoked twice", {NULL, NULL}, {"lamp-beta", "lamp-beta"}, SLW_BAD_ARGUMENT},
        {"delegated and revoked", {"lamp-beta", NULL}, {"lamp-beta", NULL}, SLW_BAD_ARGUMENT},
        {"revoked and not there", {NULL, NULL}, {"lamp", NULL}, SLW_NOT_FOUND},
        {"the second isn't there", {"x", NULL}, {"lamp-beta", "lamp-bet"}, SLW_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_model *model = two_products();
        struct slw_tuf_delegate delegates[2];
        struct slw_bytes gone[2];
        struct slw_tuf_change change = test_next(model, "targets");
        TAP_ROW(rows[i].row);
        change.delegate = delegates;
        change.revoke = gone;
        for (size_t j = 0; j < 2; j++) {
            if (rows[i].delegate[j] != NULL) {
                delegates[change.delegate_count++] =
                    delegate(rows[i].delegate[j], "0", patterns, 1);
            }
            if (rows[i].revoke[j] != NULL) {
                gone[change.revoke_count++] = test_bytes(rows[i].revoke[j]);
            }
        }
        check_refused(model, &change, rows[i].status);
        test_end();
    }
}

static void bins_give_way_to_delegations_and_back(void)
{
    struct slw_tuf_model *model = two_products();
    const struct slw_bytes both[2] = {SLW_BYTES_OF("lamp-stable"), SLW_BYTES_OF("lamp-beta")};
    const struct slw_bytes prefix = SLW_BYTES_OF("bins");
    struct slw_tuf_delegate bins = delegate("bins", "2", NULL, 0);
    struct slw_tuf_delegate product = delegate("lamp", "1", patterns, 1);
    bins.bit_length = 16;
    struct slw_tuf_change change = test_next(model, "targets");
    change.delegate = &bins;
    change.delegate_count = 1;
    change.revoke = both;
    change.revoke_count = 2;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(test_is_readable(model));
    change = test_next(model, "targets");
    change.delegate = &product;
    change.delegate_count = 1;
    check_refused(model, &change, SLW_BAD_ARGUMENT); /* beside the bins */
    change.revoke = &prefix;
    change.revoke_count = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(encodes(model, "\"roles\":[{") && !encodes(model, "succinct_roles"));
    TAP_CHECK(!encodes(model, test_key_id(2)));
    TAP_CHECK(test_is_readable(model));
    test_end();
}

/* What another program wrote into a delegation outlives new keys for it. */
static void keeps_members_of_a_delegation_that_changes(void)
{
    struct slw_tuf_model *model = test_load(
        "targets",
        "{\"_type\":\"targets\",\"spec_version\":\"1.0.31\",\"version\":3,\"expires\":"
        "\"2030-01-01T00:00:00Z\",\"targets\":{},\"delegations\":{\"keys\":{\"k\":" FOREIGN_KEY
        "},\"roles\":[{\"name\":\"a\",\"keyids\":[\"k\"],\"threshold\":1,\"path_hash_prefixes\":"
        "[\"0\"],\"x-period\":60},{\"name\":\"b\",\"keyids\":[\"k\"],\"threshold\":1,\"paths\":[\""
        "*\"],\"x-period\":61}]}}");
    TAP_REQUIRE(model != NULL);
    patterns[0] = SLW_BYTES_OF("a/*");
    struct slw_tuf_delegate changed = delegate("a", "2", patterns, 1);
    struct slw_tuf_change change = test_next(model, "targets");
    change.delegate = &changed;
    change.delegate_count = 1;
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(encodes(model, "\"x-period\":60}") && encodes(model, "\"x-period\":61}"));
    TAP_CHECK(encodes(model, "\"paths\":[\"a/*\"]") && !encodes(model, "path_hash_prefixes"));
    TAP_CHECK(encodes(model, "\"x-owner\":\"@jku\"")); /* b still refers to it */
    TAP_CHECK(test_is_readable(model));
    test_end();
}

int main(void)
{
    TAP_RUN(makes_a_first_root);
    TAP_RUN(rotates_keys_and_drops_those_that_nobody_needs);
    TAP_RUN(refuses_roots_that_do_not_hold);
    TAP_RUN(refuses_a_key_that_is_none);
    TAP_RUN(refuses_a_first_root_without_one_of_the_four);
    TAP_RUN(refuses_to_leave_out_a_number_of_a_root);
    TAP_RUN(adopts_a_root_without_losing_members);
    TAP_RUN(lists_no_key_again_that_is_there);
    TAP_RUN(lists_a_key_again_that_has_a_wrong_id);
    TAP_RUN(delegates_replaces_and_revokes);
    TAP_RUN(revokes_everybody);
    TAP_RUN(makes_bins);
    TAP_RUN(spreads_paths_over_bins);
    TAP_RUN(refuses_delegations_that_do_not_hold);
    TAP_RUN(refuses_names_twice_and_names_that_are_not_there);
    TAP_RUN(bins_give_way_to_delegations_and_back);
    TAP_RUN(keeps_members_of_a_delegation_that_changes);
    return tap_finish();
}
