/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as JSON: what is written is read as the same change, which makes the same next version;
 * and nothing else is read.
 */
#include "slipway/tuf_change_json.h"

#include "test_models.h"

#include "tap.h"

#include <stdlib.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define FIVES "0505050505050505050505050505050505050505050505050505050505050505"
#define BASE "\"base_sha256\":\"" FIVES "\",\"base_version\":3"
#define KEY "{\"type\":\"ed25519\",\"value\":\"" FIVES "\"}"
#define REST "\"role\":\"lamp\",\"type\":\"targets\",\"version\":4}"
#define EXPIRES "\"expires\":\"2030-01-01T00:00:00Z\""

static struct slw_heap_buffer text;
static struct slw_tuf_parsed_change parsed;

static enum slw_status parse(struct slw_bytes bytes)
{
    test_detail.text[0] = '\0';
    slw_tuf_parsed_change_free(&parsed);
    return slw_tuf_change_parse("change", bytes, &parsed, &test_detail);
}

static enum slw_status parse_text(const char *json)
{
    return parse(slw_bytes_make(json, strlen(json)));
}

/* Writes, reads and writes again: the same text; parsed has the change then. */
static bool survives(const struct slw_tuf_change *change)
{
    struct slw_heap_buffer again = {0};
    slw_heap_free(&text);
    bool good = slw_tuf_change_format(change, &text, &test_detail) == SLW_OK &&
                parse(slw_heap_bytes(&text)) == SLW_OK &&
                slw_tuf_change_format(&parsed.change, &again, &test_detail) == SLW_OK &&
                slw_bytes_equal(slw_heap_bytes(&text), slw_heap_bytes(&again));
    slw_heap_free(&again);
    return good;
}

/* What slw_json_canonical() makes of it is the text itself. */
static bool is_canonical(void)
{
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {0};
    if (slw_json_parse("change", slw_heap_bytes(&text), &json, &test_detail) != SLW_OK) {
        return false;
    }
    struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
    bool same = slw_bytes_equal(canonical, slw_heap_bytes(&text));
    slw_json_document_free(&json);
    slw_heap_free(&scratch);
    return same;
}

static struct slw_tuf_change with_everything(void)
{
    static struct slw_tuf_artifact add[2];
    static struct slw_bytes paths[2];
    static struct slw_tuf_delegate delegate[2];
    static struct slw_bytes names[2];
    static struct slw_tuf_meta_version set[2];
    add[0] = (struct slw_tuf_artifact){.path = test_bytes("a/\"b\""), .length = 7};
    add[1] = (struct slw_tuf_artifact){
        .path = test_bytes("\xC3\xA9"),
        .length = SLW_TUF_NUMBER_MAX,
        .custom = test_bytes("{\"release\":\"1.0\"}"),
    };
    memset(add[1].sha256, 0xAB, sizeof add[1].sha256);
    paths[0] = test_bytes("lamp/*");
    paths[1] = test_bytes("desk/*/x");
    delegate[0] =
        (struct slw_tuf_delegate){test_bytes("lamp"), test_signers("02", 2), paths, 2, 0, true};
    delegate[1] = (struct slw_tuf_delegate){
        .name = test_bytes("bins"), .signers = test_signers("1", 1), .bit_length = 16};
    names[0] = test_bytes("gone");
    names[1] = test_bytes("lost");
    set[0] = (struct slw_tuf_meta_version){test_bytes("targets"), 9};
    set[1] = (struct slw_tuf_meta_version){test_bytes("lamp"), SLW_TUF_NUMBER_MAX};
    struct slw_tuf_change change = {
        .type = SLW_TUF_TARGETS,
        .role = test_bytes("lamp-stable"),
        .base_version = 3,
        .version = 4,
        .expires_utc_s = TEST_EXPIRES,
        .add = add,
        .add_count = 2,
        .remove = names,
        .remove_count = 2,
        .delegate = delegate,
        .delegate_count = 2,
        .revoke = names,
        .revoke_count = 1,
        .set = set,
        .set_count = 2,
        .drop = names + 1,
        .drop_count = 1,
        .snapshot_version = 12,
    };
    memset(change.base_sha256, 5, sizeof change.base_sha256);
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        change.roles[i] = test_signers("0123", 3);
    }
    return change;
}

static void everything_is_read_as_it_was_written(void)
{
    const struct slw_tuf_change change = with_everything();
    TAP_REQUIRE(survives(&change));
    TAP_CHECK(is_canonical());
    const struct slw_tuf_change *again = &parsed.change;
    TAP_CHECK(again->type == change.type && slw_bytes_equal(again->role, change.role));
    TAP_CHECK(again->base_version == 3 && again->version == 4 && again->snapshot_version == 12);
    TAP_EQUAL_INT(again->expires_utc_s, TEST_EXPIRES);
    TAP_EQUAL_BYTES(again->base_sha256, change.base_sha256, SLW_SHA256_SIZE);
    TAP_REQUIRE(again->add_count == 2 && again->remove_count == 2 && again->delegate_count == 2 &&
                again->revoke_count == 1 && again->set_count == 2 && again->drop_count == 1);
    TAP_CHECK(slw_bytes_equal(again->add[1].custom, change.add[1].custom));
    TAP_CHECK(again->add[1].length == SLW_TUF_NUMBER_MAX && again->add[0].length == 7);
    TAP_EQUAL_BYTES(again->add[1].sha256, change.add[1].sha256, SLW_SHA256_SIZE);
    TAP_CHECK(slw_bytes_equal(again->remove[1], test_bytes("lost")));
    TAP_CHECK(slw_bytes_equal(again->drop[0], test_bytes("lost")));
    const struct slw_tuf_delegate *delegate = &again->delegate[0];
    TAP_CHECK(delegate->terminating && delegate->paths_count == 2 && delegate->bit_length == 0);
    TAP_CHECK(slw_bytes_equal(delegate->paths[1], test_bytes("desk/*/x")));
    TAP_REQUIRE(delegate->signers.count == 2 && delegate->signers.threshold == 2);
    TAP_EQUAL_BYTES(delegate->signers.keys[1].id, test_key(2)->id, SLW_SHA256_SIZE);
    TAP_CHECK(again->delegate[1].bit_length == 16 && again->delegate[1].paths_count == 0);
    TAP_EQUAL_INT(again->set[1].version, SLW_TUF_NUMBER_MAX);
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        TAP_REQUIRE(again->roles[i].count == 4 && again->roles[i].threshold == 3);
        TAP_EQUAL_BYTES(again->roles[i].keys[0].id, test_key(0)->id, SLW_SHA256_SIZE);
    }
    test_end();
}

static void what_is_empty_is_left_out(void)
{
    static const char wanted[] = "{\"base_sha256\":\"" ZEROS "\",\"base_version\":0," EXPIRES
                                 ",\"role\":\"root\",\"type\":\"root\",\"version\":1}";
    const struct slw_tuf_change change = {.type = SLW_TUF_ROOT,
                                          .role = SLW_BYTES_OF("root"),
                                          .version = 1,
                                          .expires_utc_s = TEST_EXPIRES};
    TAP_REQUIRE(survives(&change));
    TAP_CHECK(strcmp(slw_heap_text(&text), wanted) == 0);
    TAP_CHECK(parsed.change.add == NULL && parsed.change.roles[SLW_TUF_ROOT].count == 0);
}

static void makes_the_same_next_version(void)
{
    struct slw_tuf_artifact add[] = {
        {.path = SLW_BYTES_OF("lamp/2/app"), .length = 5, .custom = SLW_BYTES_OF("{\"a\":1}")},
        {.path = SLW_BYTES_OF("lamp/1/app"), .length = 6},
    };
    struct slw_bytes pattern = SLW_BYTES_OF("lamp/*");
    struct slw_tuf_delegate delegate = {
        SLW_BYTES_OF("below"), test_signers("13", 1), &pattern, 1, 0, true};
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_model *other = test_new("targets");
    struct slw_tuf_change change = test_next(model, "targets");
    change.add = add;
    change.add_count = 2;
    change.delegate = &delegate;
    change.delegate_count = 1;
    TAP_REQUIRE(survives(&change));
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_EQUAL_INT(test_apply(other, &parsed.change), SLW_OK);
    TAP_CHECK(strcmp(test_encode(model), test_encode(other)) == 0);
    change = test_next(model, "targets");
    struct slw_bytes gone = SLW_BYTES_OF("lamp/1/app");
    struct slw_bytes revoked = SLW_BYTES_OF("below");
    change.remove = &gone;
    change.remove_count = 1;
    change.revoke = &revoked;
    change.revoke_count = 1;
    TAP_REQUIRE(survives(&change));
    TAP_EQUAL_INT(test_apply(other, &parsed.change), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(other), 1);
    TAP_EQUAL_INT(slw_tuf_model_roles_count(other), 0);
    test_end();
}

static const struct {
    const char *name;
    const char *json;
} not_changes[] = {
    {"nothing", ""},
    {"an array", "[]"},
    {"something behind it", "{" BASE "," EXPIRES "," REST "{}"},
    {"a member that isn't known", "{" BASE "," EXPIRES ",\"extra\":1," REST},
    {"a member twice", "{" BASE ",\"base_version\":3," EXPIRES "," REST},
    {"no base", "{\"base_version\":3," EXPIRES "," REST},
    {"no base version", "{\"base_sha256\":\"" FIVES "\"," EXPIRES "," REST},
    {"no expiry", "{" BASE "," REST},
    {"no role", "{" BASE "," EXPIRES ",\"type\":\"targets\",\"version\":4}"},
    {"no type", "{" BASE "," EXPIRES ",\"role\":\"lamp\",\"version\":4}"},
    {"no version", "{" BASE "," EXPIRES ",\"role\":\"lamp\",\"type\":\"targets\"}"},
    {"an unknown type",
     "{" BASE "," EXPIRES ",\"role\":\"lamp\",\"type\":\"mirrors\",\"version\":4}"},
    {"a negative version",
     "{" BASE "," EXPIRES ",\"role\":\"lamp\",\"type\":\"targets\",\"version\":-1}"},
    {"a version as text",
     "{" BASE "," EXPIRES ",\"role\":\"lamp\",\"type\":\"targets\",\"version\":\"4\"}"},
    {"a version beyond 63 bits",
     "{" BASE "," EXPIRES
     ",\"role\":\"lamp\",\"type\":\"targets\",\"version\":9223372036854775808}"},
    {"a short hash", "{\"base_sha256\":\"05\",\"base_version\":3," EXPIRES "," REST},
    {"a day that isn't", "{" BASE ",\"expires\":\"2030-02-30T00:00:00Z\"," REST},
    {"a time as a number", "{" BASE ",\"expires\":1893456000," REST},
    {"an empty add", "{\"add\":[]," BASE "," EXPIRES "," REST},
    {"an empty remove", "{\"remove\":[]," BASE "," EXPIRES "," REST},
    {"an empty delegate", "{\"delegate\":[]," BASE "," EXPIRES "," REST},
    {"an empty set", "{\"set\":[]," BASE "," EXPIRES "," REST},
    {"empty roles", "{\"roles\":{}," BASE "," EXPIRES "," REST},
    {"add as an object", "{\"add\":{}," BASE "," EXPIRES "," REST},
    {"a number to remove", "{\"remove\":[1]," BASE "," EXPIRES "," REST},
    {"a target without length",
     "{\"add\":[{\"path\":\"a\",\"sha256\":\"" FIVES "\"}]," BASE "," EXPIRES "," REST},
    {"a target without a hash",
     "{\"add\":[{\"length\":1,\"path\":\"a\"}]," BASE "," EXPIRES "," REST},
    {"a target with something else", "{\"add\":[{\"length\":1,\"path\":\"a\",\"sha256\":\"" FIVES
                                     "\",\"sha512\":\"\"}]," BASE "," EXPIRES "," REST},
    {"a custom that isn't text",
     "{\"add\":[{\"custom\":{},\"length\":1,\"path\":\"a\",\"sha256\":\"" FIVES "\"}]," BASE
     "," EXPIRES "," REST},
    {"a delegation without paths",
     "{\"delegate\":[{\"bit_length\":0,\"keys\":[" KEY
     "],\"name\":\"a\",\"terminating\":true,\"threshold\":1}]," BASE "," EXPIRES "," REST},
    {"a delegation with something else",
     "{\"delegate\":[{\"bit_length\":0,\"keys\":[" KEY
     "],\"name\":\"a\",\"paths\":[],\"terminating\":true,\"threshold\":1,\"x\":0}]," BASE
     "," EXPIRES "," REST},
    {"too many bins", "{\"delegate\":[{\"bit_length\":17,\"keys\":[" KEY
                      "],\"name\":\"a\",\"paths\":[],\"terminating\":true,\"threshold\":1}]," BASE
                      "," EXPIRES "," REST},
    {"a threshold beyond 32 bits", "{\"roles\":{\"root\":{\"keys\":[" KEY
                                   "],\"threshold\":4294967296}}," BASE "," EXPIRES "," REST},
    {"a role that isn't top-level",
     "{\"roles\":{\"lamp\":{\"keys\":[" KEY "],\"threshold\":1}}," BASE "," EXPIRES "," REST},
    {"a role without keys",
     "{\"roles\":{\"root\":{\"keys\":[],\"threshold\":1}}," BASE "," EXPIRES "," REST},
    {"a role with something else", "{\"roles\":{\"root\":{\"keyids\":[],\"keys\":[" KEY
                                   "],\"threshold\":1}}," BASE "," EXPIRES "," REST},
    {"a key of another type", "{\"roles\":{\"root\":{\"keys\":[{\"type\":\"rsa\",\"value\":\"" FIVES
                              "\"}],\"threshold\":1}}," BASE "," EXPIRES "," REST},
    {"a key of another length",
     "{\"roles\":{\"root\":{\"keys\":[{\"type\":\"p256\",\"value\":\"" FIVES
     "\"}],\"threshold\":1}}," BASE "," EXPIRES "," REST},
    {"a key with an id", "{\"roles\":{\"root\":{\"keys\":[{\"id\":\"\",\"type\":\"ed25519\","
                         "\"value\":\"" FIVES "\"}],\"threshold\":1}}," BASE "," EXPIRES "," REST},
    {"a snapshot entry with a length",
     "{\"set\":[{\"length\":1,\"role\":\"a\",\"version\":1}]," BASE "," EXPIRES "," REST},
    {"a snapshot of version 0", "{\"snapshot_version\":0," BASE "," EXPIRES "," REST},
};

static void refuses_what_is_not_exactly_a_change(void)
{
    TAP_REQUIRE(parse_text("{" BASE "," EXPIRES "," REST) == SLW_OK);
    for (size_t i = 0; i < sizeof not_changes / sizeof not_changes[0]; i++) {
        TAP_ROW(not_changes[i].name);
        TAP_EQUAL_INT(parse_text(not_changes[i].json), SLW_MALFORMED);
        TAP_CHECK(strncmp(test_detail.text, "change: ", 8) == 0);
        TAP_CHECK(parsed.memory == NULL);
    }
    TAP_ROW(NULL);
}

static void refuses_every_truncation(void)
{
    const struct slw_tuf_change change = with_everything();
    struct slw_heap_buffer whole = {0};
    TAP_REQUIRE(slw_tuf_change_format(&change, &whole, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(parse(slw_heap_bytes(&whole)), SLW_OK);
    for (size_t len = 0; len < whole.len; len++) {
        TAP_CHECK(parse(slw_bytes_make(whole.ptr, len)) == SLW_MALFORMED);
    }
    slw_heap_free(&whole);
    test_end();
}

static void refuses_more_keys_than_a_role_may_have(void)
{
    struct slw_heap_buffer many = {0};
    slw_heap_append_text(&many, "{\"roles\":{\"root\":{\"keys\":[" KEY);
    for (size_t i = 1; i < SLW_TUF_ROLE_KEYS_MAX; i++) {
        slw_heap_append_text(&many, "," KEY);
    }
    size_t len = many.len;
    slw_heap_append_text(&many, "],\"threshold\":1}}," BASE "," EXPIRES "," REST);
    TAP_EQUAL_INT(parse(slw_heap_bytes(&many)), SLW_OK);
    many.len = len;
    slw_heap_append_text(&many, "," KEY "],\"threshold\":1}}," BASE "," EXPIRES "," REST);
    TAP_EQUAL_INT(parse(slw_heap_bytes(&many)), SLW_TOO_LARGE);
    slw_heap_free(&many);
}

static void writes_no_expiry_that_cannot_be_read(void)
{
    struct slw_tuf_change change = {.role = SLW_BYTES_OF("root"), .version = 1};
    change.expires_utc_s = INT64_MAX;
    slw_heap_free(&text);
    TAP_EQUAL_INT(slw_tuf_change_format(&change, &text, &test_detail), SLW_BAD_ARGUMENT);
    change.expires_utc_s = 253402300799; /* the last second of 9999 */
    TAP_CHECK(survives(&change));
    TAP_EQUAL_INT(parsed.change.expires_utc_s, 253402300799);
}

int main(void)
{
    TAP_RUN(everything_is_read_as_it_was_written);
    TAP_RUN(what_is_empty_is_left_out);
    TAP_RUN(makes_the_same_next_version);
    TAP_RUN(refuses_what_is_not_exactly_a_change);
    TAP_RUN(refuses_every_truncation);
    TAP_RUN(refuses_more_keys_than_a_role_may_have);
    TAP_RUN(writes_no_expiry_that_cannot_be_read);
    slw_tuf_parsed_change_free(&parsed);
    slw_heap_free(&text);
    return tap_finish();
}
