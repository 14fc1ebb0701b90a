/* SPDX-License-Identifier: Apache-2.0 */
/* The key provider of files: it signs next versions that it made itself, and nothing else. */
#include "test_models.h"

#include "tap.h"

static const char *const NAMES[] = {"targets",  "snapshot",  "lamp-bins*",
                                    "snapshot", "timestamp", "lamp-bins-0"};
static const struct slw_private_key *keys[6];

static struct slw_tuf_key_provider provider;

static void begin(void)
{
    struct slw_tuf_file_keys files = {NAMES, keys, 6};
    keys[0] = test_private_key(0);
    keys[1] = test_private_key(1);
    keys[2] = test_private_key(2);
    keys[3] = test_private_key(3);
    keys[4] = test_private_key(3);
    keys[5] = test_private_key(2);
    TAP_EQUAL_INT(slw_tuf_file_provider_new(&files, &provider, &test_detail), SLW_OK);
}

static void end(void)
{
    slw_tuf_file_provider_free(&provider);
    test_end();
}

/* The provider's answer; -1 when asking failed, with test_status. */
static int ask(const struct slw_tuf_change *change, struct slw_bytes base, const char *key,
               struct slw_tuf_signatures *ret_signatures)
{
    enum slw_tuf_answer answer = SLW_TUF_SIGNED;
    test_detail.text[0] = '\0';
    test_status = provider.request(provider.context, change, base, key, &answer, ret_signatures,
                                   &test_detail);
    return test_status == SLW_OK ? (int)answer : -1;
}

/* Whether the signature is by the key, over the canonical bytes of the model. */
static bool is_by(const struct slw_tuf_signature *signature, unsigned key,
                  struct slw_tuf_model *model)
{
    struct slw_heap_buffer object = {0};
    struct slw_json_document json;
    struct slw_tuf_key parsed = {.kind = SLW_TUF_KEY_UNKNOWN};
    uint8_t digest[SLW_SHA256_SIZE];
    char id[SLW_TUF_KEY_ID_SIZE];
    struct slw_bytes message = test_bytes(test_encode(model));
    /* An Ed25519 key's object has no line ends; a P-256 key's file form is made by hand. */
    slw_tuf_key_format(test_key(key), &object);
    struct slw_heap_buffer readable = {0};
    for (size_t i = 0; i < object.len; i++) {
        slw_heap_append(&readable, object.ptr[i] == '\n' ? SLW_BYTES_OF("\\n")
                                                         : slw_bytes_make(object.ptr + i, 1));
    }
    bool good = slw_json_parse("key", slw_heap_bytes(&readable), &json, &test_detail) == SLW_OK &&
                slw_tuf_key_id(&json, SLW_JSON_TOP, id) == SLW_OK &&
                memcmp(id, signature->key_id, sizeof id) == 0 &&
                slw_tuf_key_parse(&json, SLW_JSON_TOP, &parsed, &test_detail) == SLW_OK &&
                slw_tuf_model_digest(model, digest, &test_detail) == SLW_OK &&
                slw_tuf_key_verify(&parsed, message, digest, signature->sig_hex) == SLW_OK;
    slw_json_document_free(&json);
    slw_heap_free(&readable);
    slw_heap_free(&object);
    return good;
}

static struct slw_heap_buffer file_of(struct slw_tuf_model *model)
{
    struct slw_heap_buffer file = {0};
    TAP_EQUAL_INT(slw_tuf_file_format(test_bytes(test_encode(model)), NULL, 0, &file, &test_detail),
                  SLW_OK);
    return file;
}

static void signs_what_it_made_itself(void)
{
    begin();
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_signatures signatures = {0};
    struct slw_tuf_artifact add = {.path = SLW_BYTES_OF("a"), .length = 1};
    struct slw_tuf_change change = test_next(model, "targets");
    change.add = &add;
    change.add_count = 1;
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "first", &signatures), SLW_TUF_SIGNED);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_EQUAL_INT(signatures.count, 1);
    TAP_CHECK(is_by(&signatures.list[0], 0, model));
    slw_tuf_signatures_free(&signatures);
    struct slw_heap_buffer base = file_of(model);
    change = test_next(model, "targets");
    change.remove = &add.path;
    change.remove_count = 1;
    TAP_EQUAL_INT(ask(&change, slw_heap_bytes(&base), "second", &signatures), SLW_TUF_SIGNED);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_CHECK(is_by(&signatures.list[0], 0, model));
    slw_tuf_signatures_free(&signatures);
    slw_heap_free(&base);
    end();
}

static struct slw_tuf_change snapshot_change(struct slw_tuf_model *model, int64_t version)
{
    static struct slw_tuf_meta_version sets[8]; /* changes outlive each other */
    struct slw_tuf_change change = test_next(model, "snapshot");
    sets[version % 8] = (struct slw_tuf_meta_version){SLW_BYTES_OF("targets"), version};
    change.set = &sets[version % 8];
    change.set_count = 1;
    return change;
}

static void signs_with_every_key_of_a_role(void)
{
    begin();
    struct slw_tuf_model *model = test_new("snapshot");
    struct slw_tuf_signatures signatures = {0};
    struct slw_tuf_change change = snapshot_change(model, 1);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "one", &signatures), SLW_TUF_SIGNED);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    TAP_REQUIRE(signatures.count == 2);
    bool swapped = memcmp(signatures.list[0].key_id, test_key_id(1), SLW_TUF_KEY_ID_SIZE) != 0;
    TAP_CHECK(is_by(&signatures.list[swapped ? 1 : 0], 1, model));
    TAP_CHECK(is_by(&signatures.list[swapped ? 0 : 1], 3, model));
    TAP_CHECK(memcmp(signatures.list[0].key_id, signatures.list[1].key_id, SLW_TUF_KEY_ID_SIZE) <
              0);
    slw_tuf_signatures_free(&signatures);
    end();
}

/* The last snapshot is at hand: its file needn't be given again. An older one is read. */
static void goes_on_from_what_it_signed_last(void)
{
    begin();
    struct slw_tuf_model *model = test_new("snapshot");
    struct slw_tuf_signatures signatures[4] = {{0}};
    struct slw_tuf_change first = snapshot_change(model, 1);
    TAP_EQUAL_INT(ask(&first, slw_bytes_make(NULL, 0), "1", &signatures[0]), SLW_TUF_SIGNED);
    TAP_EQUAL_INT(test_apply(model, &first), SLW_OK);
    struct slw_heap_buffer base = file_of(model);
    struct slw_tuf_change second = snapshot_change(model, 2);
    struct slw_bytes garbage = SLW_BYTES_OF("this isn't read");
    TAP_EQUAL_INT(ask(&second, garbage, "2", &signatures[1]), SLW_TUF_SIGNED);
    TAP_EQUAL_INT(ask(&second, slw_heap_bytes(&base), "2", &signatures[2]), SLW_TUF_SIGNED);
    TAP_EQUAL_INT(test_apply(model, &second), SLW_OK);
    TAP_CHECK(is_by(&signatures[1].list[0], test_key_id(1)[0] < test_key_id(3)[0] ? 1 : 3, model));
    TAP_CHECK(
        slw_bytes_equal(slw_heap_bytes(&signatures[1].text), slw_heap_bytes(&signatures[2].text)));
    TAP_EQUAL_INT(ask(&first, slw_bytes_make(NULL, 0), "1", &signatures[3]), SLW_TUF_SIGNED);
    TAP_CHECK(
        slw_bytes_equal(slw_heap_bytes(&signatures[0].text), slw_heap_bytes(&signatures[3].text)));
    for (unsigned i = 0; i < 4; i++) {
        slw_tuf_signatures_free(&signatures[i]);
    }
    slw_heap_free(&base);
    end();
}

static void answers_for_bins_and_leaves_others_pending(void)
{
    const struct {
        const char *role;
        int answer;
    } rows[] = {
        {"lamp-bins-0", SLW_TUF_SIGNED},
        {"lamp-bins-3ff", SLW_TUF_SIGNED},
        {"lamp-bins-0123abcd", SLW_TUF_SIGNED},
        {"targets", SLW_TUF_SIGNED},
        {"lamp-bins", SLW_TUF_PENDING},
        {"lamp-bins-", SLW_TUF_PENDING},
        {"lamp-bins-x", SLW_TUF_PENDING},
        {"lamp-bins-0F", SLW_TUF_PENDING},
        {"lamp-bins-01234abcd", SLW_TUF_PENDING},
        {"lamp-binz-0", SLW_TUF_PENDING},
        {"my-lamp-bins-0", SLW_TUF_PENDING},
        {"lamp-bins*", SLW_TUF_PENDING},
        {"root", SLW_TUF_PENDING},
        {"product", SLW_TUF_PENDING},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_signatures signatures = {0};
        struct slw_tuf_model *model = test_new(rows[i].role);
        struct slw_tuf_change change = test_next(model, rows[i].role);
        TAP_ROW(rows[i].role);
        TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), rows[i].role, &signatures),
                      rows[i].answer);
        TAP_EQUAL_INT(signatures.count, rows[i].answer == SLW_TUF_SIGNED ? 1 : 0);
        slw_tuf_signatures_free(&signatures);
    }
    end();
}

static void refuses_what_is_no_step(void)
{
    begin();
    struct slw_tuf_model *model = test_new("snapshot");
    struct slw_tuf_signatures signatures = {0};
    struct slw_tuf_change change = snapshot_change(model, 5);
    TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
    struct slw_heap_buffer base = file_of(model);
    const char *half = slw_heap_text(&base);
    const struct {
        const char *name;
        struct slw_bytes base;
        int64_t targets;
        int64_t base_version;
        uint8_t flip;
    } rows[] = {
        {"no base where one is named", slw_bytes_make(NULL, 0), 6, 1, 0},
        {"another digest", slw_heap_bytes(&base), 6, 1, 1},
        {"another version", slw_heap_bytes(&base), 6, 2, 0},
        {"a rollback", slw_heap_bytes(&base), 4, 1, 0},
        {"half a base", slw_bytes_make(half, base.len / 2), 6, 1, 0},
        {"a base that is something else", SLW_BYTES_OF("{\"signatures\":[],\"signed\":[]}"), 6, 1,
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        change = snapshot_change(model, rows[i].targets);
        change.base_version = rows[i].base_version;
        change.version = rows[i].base_version + 1;
        change.base_sha256[0] ^= rows[i].flip;
        TAP_EQUAL_INT(ask(&change, rows[i].base, "x", &signatures), SLW_TUF_REFUSED);
        TAP_CHECK(test_detail.text[0] != '\0');
        TAP_CHECK(signatures.list == NULL && signatures.text.ptr == NULL);
    }
    slw_heap_free(&base);
    end();
}

static void refuses_an_idempotency_key_for_something_else(void)
{
    begin();
    struct slw_tuf_model *model = test_new("snapshot");
    struct slw_tuf_signatures signatures = {0};
    struct slw_tuf_change change = snapshot_change(model, 1);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "k", &signatures), SLW_TUF_SIGNED);
    slw_tuf_signatures_free(&signatures);
    struct slw_tuf_change other = snapshot_change(model, 2);
    TAP_EQUAL_INT(ask(&other, slw_bytes_make(NULL, 0), "k", &signatures), SLW_TUF_REFUSED);
    TAP_CHECK(strstr(test_detail.text, "idempotency key k") != NULL);
    TAP_EQUAL_INT(ask(&other, slw_bytes_make(NULL, 0), "l", &signatures), SLW_TUF_SIGNED);
    slw_tuf_signatures_free(&signatures);
    end();
}

static void remembers_as_many_requests_as_it_says(void)
{
    begin();
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_change change = test_next(model, "targets");
    for (unsigned i = 0; i < SLW_TUF_PROVIDER_REQUESTS_MAX; i++) {
        struct slw_tuf_signatures signatures = {0};
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), key, &signatures), SLW_TUF_SIGNED);
        slw_tuf_signatures_free(&signatures);
    }
    struct slw_tuf_signatures signatures = {0};
    change.version = 2;
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "0", &signatures), SLW_TUF_REFUSED);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "more", &signatures), SLW_TUF_SIGNED);
    slw_tuf_signatures_free(&signatures);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "0", &signatures), SLW_TUF_SIGNED);
    slw_tuf_signatures_free(&signatures);
    end();
}

static void wants_an_idempotency_key(void)
{
    begin();
    struct slw_tuf_model *model = test_new("targets");
    struct slw_tuf_signatures signatures = {0};
    char key[SLW_TUF_IDEMPOTENCY_SIZE + 1] = {0};
    struct slw_tuf_change change = test_next(model, "targets");
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), "", &signatures), -1);
    TAP_EQUAL_INT(test_status, SLW_BAD_ARGUMENT);
    memset(key, 'k', SLW_TUF_IDEMPOTENCY_SIZE);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), key, &signatures), -1);
    TAP_EQUAL_INT(test_status, SLW_BAD_ARGUMENT);
    key[SLW_TUF_IDEMPOTENCY_SIZE - 1] = '\0';
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), key, &signatures), SLW_TUF_SIGNED);
    slw_tuf_signatures_free(&signatures);
    end();
}

int main(void)
{
    TAP_RUN(signs_what_it_made_itself);
    TAP_RUN(signs_with_every_key_of_a_role);
    TAP_RUN(goes_on_from_what_it_signed_last);
    TAP_RUN(answers_for_bins_and_leaves_others_pending);
    TAP_RUN(refuses_what_is_no_step);
    TAP_RUN(refuses_an_idempotency_key_for_something_else);
    TAP_RUN(remembers_as_many_requests_as_it_says);
    TAP_RUN(wants_an_idempotency_key);
    return tap_finish();
}
