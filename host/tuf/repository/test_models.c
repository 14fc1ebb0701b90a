/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of models share; see test_models.h. */
#include "test_models.h"

#include <stdlib.h>

#define MODELS_MAX 64u
#define TEXTS_MAX 64u
#define SIGNERS_MAX 32u

struct slw_detail test_detail;
enum slw_status test_status;

static const char *const PEM[TEST_KEYS] = {
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyzl3gLRyo1Wy4LTM\n"
    "B+OruSd12cDAZkPg1XPnSOGUfZehRANCAAQ4Bk3EB34scDmGf25ZzQl9ziFgIVoj\n"
    "SUeGUvzrzlsJ+9jaETFOPdXk+g8TXPGsd48BIrzx4tZlsYQ2udpS+Msr\n"
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjkvPewSOEdjXnSCo\n"
    "cZaOvRzSyWf8253HASK9hJSebfOhRANCAAQA1HUgXvrd0JubcD+LDq3aWZhXsK2e\n"
    "/JQjjU90YzJOJsWRRxkF62MCI1ckZTHBF79cLqEc+5CQ6YDtlUqbLgjx\n"
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINz7xiSDhWw8OQmwatzklfn2RQTRT2m/cP3ek0I4NChN\n"
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIKfNKTmb1F6iMW79CQsTNppW94JVxi28oi04uAs/1SOr\n"
    "-----END PRIVATE KEY-----\n",
};

static struct {
    struct slw_private_key *keys[TEST_KEYS];
    char ids[TEST_KEYS][SLW_TUF_KEY_ID_SIZE + 1];
    struct slw_tuf_model *models[MODELS_MAX];
    size_t models_count;
    struct slw_heap_buffer texts[TEXTS_MAX];
    size_t texts_count;
    struct slw_public_key signers[SIGNERS_MAX];
    size_t signers_count;
} made;

/* A test that can't have what it asks for stops; it would prove nothing. */
static void need(bool has)
{
    if (!has) {
        abort();
    }
}

struct slw_bytes test_bytes(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

const struct slw_private_key *test_private_key(unsigned key)
{
    if (made.keys[key] == NULL) {
        need(slw_private_key_parse("a test's key", test_bytes(PEM[key]), slw_bytes_make(NULL, 0),
                                   &made.keys[key], &test_detail) == SLW_OK);
    }
    return made.keys[key];
}

const struct slw_public_key *test_key(unsigned key)
{
    return slw_private_key_public(test_private_key(key));
}

const char *test_key_id(unsigned key)
{
    need(slw_tuf_public_key_id(test_key(key), made.ids[key]) == SLW_OK);
    return made.ids[key];
}

struct slw_tuf_role_keys test_signers(const char *keys, uint32_t threshold)
{
    struct slw_tuf_role_keys signers = {&made.signers[made.signers_count], strlen(keys), threshold};
    need(made.signers_count + signers.count <= SIGNERS_MAX);
    for (; *keys != '\0'; keys++) {
        made.signers[made.signers_count++] = *test_key((unsigned)(*keys - '0'));
    }
    return signers;
}

static enum slw_tuf_type type_of(const char *role)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        if (strcmp(role, slw_tuf_type_name((enum slw_tuf_type)i)) == 0) {
            return (enum slw_tuf_type)i;
        }
    }
    return SLW_TUF_TARGETS;
}

static struct slw_tuf_model *keep(struct slw_tuf_model *model)
{
    need(made.models_count < MODELS_MAX);
    made.models[made.models_count++] = model;
    return model;
}

struct slw_tuf_model *test_new(const char *role)
{
    struct slw_tuf_model *model = NULL;
    test_status = slw_tuf_model_new(type_of(role), test_bytes(role), &model, &test_detail);
    return keep(model);
}

static enum slw_status load_file(const char *role, struct slw_bytes text,
                                 struct slw_tuf_model **ret_model)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file = {0};
    slw_heap_append(&bytes, text);
    SLW_TRY(slw_tuf_file_parse("a test's file", &bytes, SLW_JSON_SIZE_MAX, type_of(role), &file,
                               &test_detail));
    enum slw_status status = slw_tuf_model_load(&file, test_bytes(role), ret_model, &test_detail);
    slw_tuf_file_free(&file);
    return status;
}

struct slw_tuf_model *test_load_bytes(const char *role, struct slw_bytes file)
{
    struct slw_tuf_model *model = NULL;
    test_status = load_file(role, file, &model);
    return keep(model);
}

struct slw_tuf_model *test_load(const char *role, const char *signed_part)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "{\"signatures\": [], \"signed\": %s}", signed_part);
    struct slw_tuf_model *model = test_load_bytes(role, slw_heap_bytes(&text));
    slw_heap_free(&text);
    return model;
}

struct slw_tuf_change test_next(struct slw_tuf_model *model, const char *role)
{
    struct slw_tuf_change change = {.type = type_of(role), .role = test_bytes(role)};
    change.base_version = slw_tuf_model_version(model);
    change.version = change.base_version + 1;
    change.expires_utc_s = TEST_EXPIRES;
    need(slw_tuf_model_digest(model, change.base_sha256, &test_detail) == SLW_OK);
    return change;
}

enum slw_status test_apply(struct slw_tuf_model *model, const struct slw_tuf_change *change)
{
    test_detail.text[0] = '\0';
    return slw_tuf_model_apply(model, change, &test_detail);
}

const char *test_encode(struct slw_tuf_model *model)
{
    need(made.texts_count < TEXTS_MAX);
    struct slw_heap_buffer *text = &made.texts[made.texts_count++];
    need(slw_tuf_model_encode(model, text, &test_detail) == SLW_OK);
    return slw_heap_text(text);
}

static bool is_read_as(struct slw_tuf_file *file, struct slw_bytes role, struct slw_bytes canonical,
                       const uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_tuf_model *again = NULL;
    struct slw_heap_buffer text = {0};
    bool same = slw_bytes_equal(file->canonical, canonical) &&
                memcmp(file->digest, digest, SLW_SHA256_SIZE) == 0 &&
                slw_tuf_model_load(file, role, &again, &test_detail) == SLW_OK &&
                slw_tuf_model_encode(again, &text, &test_detail) == SLW_OK &&
                slw_bytes_equal(slw_heap_bytes(&text), canonical);
    slw_tuf_model_free(again);
    slw_heap_free(&text);
    return same;
}

bool test_is_readable(struct slw_tuf_model *model)
{
    struct slw_heap_buffer file_text = {0};
    struct slw_tuf_file file = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_bytes canonical = test_bytes(test_encode(model));
    bool is_typed = canonical.len > 11;
    enum slw_tuf_type type = SLW_TUF_TARGETS;
    for (unsigned i = 0; i < SLW_TUF_TYPES && is_typed; i++) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)i);
        if (strstr((const char *)canonical.ptr, "\"_type\":\"") != NULL &&
            strncmp(strstr((const char *)canonical.ptr, "\"_type\":\"") + 9, name, strlen(name)) ==
                0) {
            type = (enum slw_tuf_type)i;
        }
    }
    struct slw_bytes role = test_bytes(type == SLW_TUF_TARGETS ? "some" : slw_tuf_type_name(type));
    bool good = slw_tuf_model_digest(model, digest, &test_detail) == SLW_OK &&
                slw_tuf_file_format(canonical, NULL, 0, &file_text, &test_detail) == SLW_OK &&
                slw_tuf_file_parse("a test's file", &file_text, SLW_JSON_SIZE_MAX, type, &file,
                                   &test_detail) == SLW_OK;
    good = good && is_read_as(&file, role, canonical, digest);
    slw_tuf_file_free(&file);
    slw_heap_free(&file_text);
    return good;
}

void test_end(void)
{
    for (size_t i = 0; i < made.models_count; i++) {
        slw_tuf_model_free(made.models[i]);
    }
    for (size_t i = 0; i < made.texts_count; i++) {
        slw_heap_free(&made.texts[i]);
    }
    for (unsigned i = 0; i < TEST_KEYS; i++) {
        slw_private_key_free(made.keys[i]);
        made.keys[i] = NULL;
    }
    made.models_count = 0;
    made.texts_count = 0;
    made.signers_count = 0;
}
