/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key provider that asks the signing service, against a service that verifies what it is asked
 * and misbehaves as it is told: what comes out is a signature over the right bytes, or none.
 */
#include "slipway/signer_tuf.h"

#include "../tuf/repository/test_models.h"
#include "test_service.h"

#include "slipway/tuf_writer.h"

#include "remove_tree.h"
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_TWO "2222222222222222222222222222222222222222222222222222222222222222"

static struct test_service service;
static struct slw_signer_client *client;
static struct slw_tuf_key_provider provider;
static struct slw_signer_tuf_settings settings;
static struct slw_signer_tuf_key keys[2];
static char directory[] = "/tmp/slipway-provider-XXXXXX";
static enum slw_tuf_answer given;
static struct slw_tuf_signatures signatures;
static struct slw_detail detail;

/* A service whose key is test key 1 (P-256) or 2 (Ed25519); requester 3, stranger 0. */
static bool set_up(unsigned key)
{
    struct slw_signer_client_settings how = {.attempts = 1};
    service = (struct test_service){
        .requester = test_key(3),
        .key = test_private_key(key),
        .other_key = test_private_key(0),
    };
    if (!test_service_start(&service)) {
        return false;
    }
    how.url = service.url;
    if (slw_signer_client_new(&how, &client, &detail) != SLW_OK) {
        return false;
    }
    keys[0] = (struct slw_signer_tuf_key){"lamp-stable", "tuf-online", test_key(key)};
    keys[1] = (struct slw_signer_tuf_key){"bins*", "tuf-online", test_key(key)};
    settings = (struct slw_signer_tuf_settings){
        .client = client,
        .signer = TEST_SERVICE_ORIGIN,
        .requester = test_private_key(3),
        .keys = keys,
        .keys_count = 2,
        .directory = directory,
    };
    return slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK;
}

/* What is kept of requests; removed when asked to. */
static size_t kept(bool removes)
{
    size_t count = 0;
    char path[512];
    struct dirent *entry;
    DIR *listing = opendir(directory);
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        count++;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (removes) {
            (void)unlink(path);
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
    return count;
}

static void tear_down(void)
{
    slw_signer_tuf_provider_free(&provider);
    slw_signer_client_free(client);
    slw_tuf_signatures_free(&signatures);
    test_service_stop(&service);
    (void)kept(true);
    test_end();
}

/* A first version of a role that lists one target. */
static struct slw_tuf_change first_version(const char *role)
{
    static struct slw_tuf_artifact artifact;
    struct slw_tuf_model *model = test_new("lamp-stable");
    struct slw_tuf_change change = test_next(model, role);
    artifact = (struct slw_tuf_artifact){.path = test_bytes("lamp/1.0/app"), .length = 5};
    change.add = &artifact;
    change.add_count = 1;
    return change;
}

static enum slw_status ask(const struct slw_tuf_change *change, struct slw_bytes base,
                           const char *key)
{
    slw_tuf_signatures_free(&signatures);
    detail.text[0] = '\0';
    given = SLW_TUF_PENDING;
    return provider.request(provider.context, change, base, key, &given, &signatures, &detail);
}

static enum slw_status ask_first(void)
{
    const struct slw_tuf_change change = first_version("lamp-stable");
    return ask(&change, slw_bytes_make(NULL, 0), KEY_ONE);
}

/* Whether the only signature is the key's over what the change makes, as clients verify it. */
static bool is_signed(const struct slw_tuf_change *change, unsigned key)
{
    struct slw_tuf_model *model = test_new("lamp-stable");
    struct slw_heap_buffer object = {0};
    struct slw_json_document json;
    struct slw_tuf_key parsed;
    uint8_t digest[SLW_SHA256_SIZE];
    if (signatures.count != 1 || test_apply(model, change) != SLW_OK) {
        return false;
    }
    struct slw_bytes message = test_bytes(test_encode(model));
    slw_tuf_key_format(test_key(key), &object);
    struct slw_heap_buffer escaped = {0};
    for (size_t i = 0; i < object.len; i++) { /* a PEM's line ends */
        bool line_end = object.ptr[i] == '\n';
        slw_heap_append(&escaped,
                        line_end ? SLW_BYTES_OF("\\n") : slw_bytes_make(object.ptr + i, 1));
    }
    bool good = slw_json_parse("key", slw_heap_bytes(&escaped), &json, &detail) == SLW_OK;
    good = good && slw_tuf_key_parse(&json, SLW_JSON_TOP, &parsed, &detail) == SLW_OK &&
           slw_tuf_model_digest(model, digest, &detail) == SLW_OK &&
           memcmp(signatures.digest, digest, sizeof digest) == 0 && signatures.are_verified &&
           memcmp(signatures.list[0].key_id, test_key_id(key), SLW_TUF_KEY_ID_SIZE) == 0 &&
           slw_tuf_key_verify(&parsed, message, digest, signatures.list[0].sig_hex) == SLW_OK;
    slw_json_document_free(&json);
    slw_heap_free(&object);
    slw_heap_free(&escaped);
    return good;
}

static void a_first_version_is_signed_by_keys_of_both_kinds(void)
{
    for (unsigned key = 1; key <= 2; key++) {
        TAP_REQUIRE(set_up(key));
        const struct slw_tuf_change change = first_version("lamp-stable");
        TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
        TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
        TAP_CHECK(is_signed(&change, key));
        TAP_CHECK(service.stages_count == 0 && service.requests_count == 1);
        TAP_EQUAL_INT(kept(false), 0);
        tear_down();
    }
}

/* A file as it is published: the base of the next version. */
static struct slw_bytes publish(const struct slw_tuf_change *change, struct slw_heap_buffer *file)
{
    struct slw_tuf_model *model = test_new("lamp-stable");
    TAP_CHECK(test_apply(model, change) == SLW_OK);
    TAP_CHECK(slw_tuf_file_format(test_bytes(test_encode(model)), signatures.list, signatures.count,
                                  file, &detail) == SLW_OK);
    return slw_heap_bytes(file);
}

static void the_next_version_is_asked_for_with_its_base(void)
{
    static const enum test_service_mood moods[] = {SERVICE_SIGNS, SERVICE_LOSES_UPLOADS};
    for (size_t i = 0; i < 2; i++) {
        struct slw_heap_buffer file = {0};
        TAP_REQUIRE(set_up(1));
        const struct slw_tuf_change first = first_version("lamp-stable");
        TAP_REQUIRE(ask(&first, slw_bytes_make(NULL, 0), KEY_ONE) == SLW_OK);
        struct slw_bytes base = publish(&first, &file);
        struct slw_tuf_model *model = test_load_bytes("lamp-stable", base);
        struct slw_tuf_change second = test_next(model, "lamp-stable");
        struct slw_bytes gone = SLW_BYTES_OF("lamp/1.0/app");
        second.remove = &gone;
        second.remove_count = 1;
        service.mood = moods[i];
        TAP_EQUAL_INT(ask(&second, base, KEY_TWO), SLW_OK);
        TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
        TAP_EQUAL_INT(signatures.count, 1);
        TAP_EQUAL_INT(service.stages_count, 1);
        TAP_EQUAL_INT(service.uploads_count, 1);
        TAP_CHECK(test_apply(model, &second) == SLW_OK);
        uint8_t digest[SLW_SHA256_SIZE];
        TAP_CHECK(slw_tuf_model_digest(model, digest, &detail) == SLW_OK);
        TAP_EQUAL_BYTES(signatures.digest, digest, sizeof digest);
        slw_heap_free(&file);
        tear_down();
    }
}

static void a_waiting_request_is_the_same_one_in_the_next_process(void)
{
    TAP_REQUIRE(set_up(2));
    service.mood = SERVICE_WAITS;
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_PENDING);
    TAP_EQUAL_INT(kept(false), 1);
    slw_signer_tuf_provider_free(&provider);
    TAP_REQUIRE(slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK);
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_PENDING);
    TAP_EQUAL_INT(service.requests_count, 1);
    service.mood = SERVICE_SIGNS; /* it was approved meanwhile */
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
    TAP_EQUAL_INT(service.requests_count, 1);
    TAP_EQUAL_INT(kept(false), 0);
    tear_down();
}

/* Another next version or another key is another request. */
static void other_circumstances_are_other_requests(void)
{
    const struct slw_bytes nothing = {0};
    TAP_REQUIRE(set_up(2));
    service.mood = SERVICE_WAITS;
    const struct slw_tuf_change change = first_version("lamp-stable");
    TAP_EQUAL_INT(ask(&change, nothing, KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(ask(&change, nothing, KEY_TWO), SLW_OK);
    TAP_EQUAL_INT(service.requests_count, 2);
    TAP_CHECK(!service.last.has_release && service.last_channel[0] == '\0');
    TAP_EQUAL_INT(kept(false), 2);
    keys[0].name = "another";
    TAP_EQUAL_INT(ask(&change, nothing, KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_REFUSED); /* the service has no such key */
    TAP_EQUAL_INT(service.requests_count, 3);
    tear_down();
}

#define OTHER_ID "0101010101010101010101010101010101010101010101010101010101010101"
#define LISTED(id, state, operation, product, version)                                             \
    "{\"id\":\"" id "\",\"state\":\"" state "\",\"operation\":\"" operation                        \
    "\",\"product\":\"" product "\",\"targets_version\":" version "}"

/* Adding a release names its channel, and the request by which its bundle was signed. */
static void a_release_is_added_with_the_request_that_signed_it(void)
{
    static const char custom[] =
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[],"
        "\"product\":\"lamp\",\"release_counter\":7,\"release_version\":\"\",\"urgency\":\"\"}}";
    static const struct {
        const char *name;
        const char *first;
        const char *second;
        bool found;
    } rows[] = {
        {"none", NULL, NULL, false},
        {"the one",
         "{\"requests\":[" LISTED(OTHER_ID, "signed", "sign-targets", "lamp", "8") "," LISTED(
             KEY_ONE, "signed", "sign-targets", "lamp", "7") "]}",
         NULL, true},
        {"on the second page",
         "{\"requests\":[" LISTED(OTHER_ID, "signed", "sign-targets", "desk",
                                  "7") "],\"next\":\"" OTHER_ID "\"}",
         "{\"requests\":[" LISTED(KEY_ONE, "signed", "sign-targets", "lamp", "7") "]}", true},
        {"one that waits",
         "{\"requests\":[" LISTED(KEY_ONE, "waiting", "sign-targets", "lamp", "7") "]}", NULL,
         false},
        {"a role", "{\"requests\":[" LISTED(KEY_ONE, "signed", "sign-role", "lamp", "7") "]}", NULL,
         false},
        {"without an id", "{\"requests\":[" LISTED("x", "signed", "sign-targets", "lamp", "7") "]}",
         NULL, false},
        {"a list without end", "{\"requests\":[],\"next\":\"" OTHER_ID "\"}",
         "{\"requests\":[],\"next\":\"" OTHER_ID "\"}", false},
        {"nonsense", "{\"requests\":7}", NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(set_up(1));
        service.lists[0] = rows[i].first;
        service.lists[1] = rows[i].second;
        struct slw_tuf_artifact artifact = {.path = SLW_BYTES_OF("lamp/stable/7.bundle"),
                                            .length = 5,
                                            .custom = test_bytes(custom)};
        struct slw_tuf_change change = first_version("lamp-stable");
        change.add = &artifact;
        TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
        TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
        TAP_CHECK(strcmp(service.last_channel, "stable") == 0);
        TAP_EQUAL_INT(service.last.has_release, rows[i].found);
        TAP_CHECK(!rows[i].found || service.last.release[0] == 0x11);
        tear_down();
    }
    TAP_ROW(NULL);
}

/* --- The bundle that is added --- */

static struct slw_directory_storage *opened;
static char repository[] = "/tmp/slipway-provider-repo-XXXXXX";

/* A change that adds these bytes, which the repository has. */
static bool add_bundle(struct slw_bytes bytes, struct slw_tuf_artifact *artifact,
                       struct slw_tuf_change *ret_change)
{
    static const char custom[] =
        "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"stable\",\"hardware_ids\":[],"
        "\"product\":\"lamp\",\"release_counter\":7,\"release_version\":\"\",\"urgency\":\"\"}}";
    char key[SLW_STORAGE_KEY_MAX + 1];
    struct slw_memory_source source;
    struct slw_sha256 hash;
    *artifact = (struct slw_tuf_artifact){.path = SLW_BYTES_OF("lamp/stable/7.bundle"),
                                          .length = bytes.len,
                                          .custom = test_bytes(custom)};
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, artifact->sha256);
    slw_memory_source_init(&source, bytes);
    *ret_change = first_version("lamp-stable");
    ret_change->add = artifact;
    if (slw_tuf_payload_key(artifact->path, artifact->sha256, key, &detail) != SLW_OK) {
        return false;
    }
    const struct slw_storage *storage = slw_directory_storage_port(opened);
    return storage->put_immutable(storage->context, SLW_STORAGE_NO_LEASE, key, &source.source,
                                  &detail) == SLW_OK;
}

static bool open_repository(enum test_service_mood mood)
{
    if (!set_up(1) || slw_directory_storage_open(repository, true, &opened, &detail) != SLW_OK) {
        return false;
    }
    settings.storage = slw_directory_storage_port(opened);
    service.mood = mood;
    slw_signer_tuf_provider_free(&provider);
    return slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK;
}

static void close_repository(void)
{
    slw_directory_storage_close(opened);
    remove_tree(repository);
    tear_down();
}

/* Of more than one piece, so that an upload can break off in between. */
static uint8_t bundle[(5u << 19) + 7];

static void the_bundle_that_is_added_is_uploaded_when_it_is_waited_for(void)
{
    struct slw_tuf_artifact artifact;
    struct slw_tuf_change change;
    struct slw_bytes bytes = slw_bytes_make(bundle, sizeof bundle);
    TAP_REQUIRE(open_repository(SERVICE_WANTS_FILE));
    TAP_REQUIRE(add_bundle(bytes, &artifact, &change));
    settings.wait_s = 5;
    slw_signer_tuf_provider_free(&provider);
    TAP_REQUIRE(slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
    TAP_CHECK(is_signed(&change, 1));
    TAP_EQUAL_INT(service.stages_count, 1);
    TAP_EQUAL_INT(service.uploaded_bytes, sizeof bundle);
    TAP_ROW("who doesn't wait for it isn't sent it");
    size_t uploads = service.uploads_count;
    service.mood = SERVICE_SIGNS;
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_TWO), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
    TAP_EQUAL_INT(service.uploads_count, uploads);
    close_repository();
}

static void a_bundle_that_is_gone_or_changed_is_not_uploaded(void)
{
    struct slw_tuf_artifact artifact;
    struct slw_tuf_change change;
    TAP_REQUIRE(open_repository(SERVICE_WANTS_FILE));
    TAP_REQUIRE(add_bundle(slw_bytes_make(bundle, 1000), &artifact, &change));
    artifact.length++; /* than the repository has */
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_IO);
    TAP_CHECK(given != SLW_TUF_SIGNED);
    artifact.length--;
    artifact.sha256[0] ^= 1; /* of another file, which it hasn't */
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_TWO), SLW_IO);
    TAP_CHECK(given != SLW_TUF_SIGNED && service.uploads_count == 0);
    close_repository();
}

static void what_is_kept_and_no_request_is_made_anew(void)
{
    static const char *const contents[] = {"", "{}", "{\"payload\":", "\x01"};
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        TAP_ROW(contents[i]);
        char path[512];
        TAP_REQUIRE(set_up(2));
        service.mood = SERVICE_WAITS;
        TAP_EQUAL_INT(ask_first(), SLW_OK);
        DIR *listing = opendir(directory);
        struct dirent *entry;
        while ((entry = readdir(listing)) != NULL) {
            if (entry->d_name[0] != '.') {
                (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            }
        }
        (void)closedir(listing);
        FILE *file = fopen(path, "w");
        TAP_REQUIRE(file != NULL);
        (void)fputs(contents[i], file);
        (void)fclose(file);
        TAP_EQUAL_INT(ask_first(), SLW_OK);
        TAP_EQUAL_INT(given, SLW_TUF_PENDING);
        TAP_EQUAL_INT(service.requests_count, 2);
        tear_down();
    }
    TAP_ROW(NULL);
}

static void a_refusal_is_told_and_forgotten(void)
{
    TAP_REQUIRE(set_up(1));
    service.mood = SERVICE_REFUSES;
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_REFUSED);
    TAP_CHECK(strstr(detail.text, "nobody may") != NULL);
    TAP_CHECK(signatures.count == 0 && kept(false) == 0);
    service.mood = SERVICE_SIGNS;
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
    TAP_EQUAL_INT(service.requests_count, 2);
    tear_down();
}

static void an_expired_request_is_made_again(void)
{
    TAP_REQUIRE(set_up(1));
    service.mood = SERVICE_LETS_EXPIRE;
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_PENDING);
    TAP_EQUAL_INT(kept(false), 0);
    service.mood = SERVICE_SIGNS;
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
    tear_down();
}

static void a_signature_that_does_not_verify_is_none(void)
{
    static const enum test_service_mood moods[] = {
        SERVICE_SIGNS_OTHER_BYTES, SERVICE_SIGNS_WITH_OTHER_KEY, SERVICE_ANSWERS_SHORT};
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        for (unsigned key = 1; key <= 2; key++) {
            TAP_REQUIRE(set_up(key));
            service.mood = moods[i];
            TAP_EQUAL_INT(ask_first(), SLW_BAD_SIGNATURE);
            TAP_CHECK(signatures.count == 0 && given != SLW_TUF_SIGNED);
            tear_down();
        }
    }
}

static void a_service_that_is_not_there_is_a_failure_and_the_request_is_kept(void)
{
    static const enum test_service_mood moods[] = {SERVICE_HANGS_UP, SERVICE_ANSWERS_NONSENSE};
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        TAP_REQUIRE(set_up(1));
        service.mood = moods[i];
        TAP_EQUAL_INT(ask_first(), SLW_UNAVAILABLE);
        TAP_EQUAL_INT(kept(false), 1);
        service.mood = SERVICE_SIGNS;
        TAP_EQUAL_INT(ask_first(), SLW_OK);
        TAP_EQUAL_INT(given, SLW_TUF_SIGNED);
        tear_down();
    }
}

static void a_change_that_is_no_step_is_not_asked_for(void)
{
    TAP_REQUIRE(set_up(1));
    struct slw_tuf_change change = first_version("lamp-stable");
    change.version = 0;
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_REFUSED);
    change = first_version("lamp-stable");
    change.base_version = 7;
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_REFUSED);
    TAP_EQUAL_INT(service.requests_count, 0);
    tear_down();
}

static void a_requester_who_is_unknown_gets_nothing(void)
{
    TAP_REQUIRE(set_up(1));
    settings.requester = test_private_key(0);
    slw_signer_tuf_provider_free(&provider);
    TAP_REQUIRE(slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK);
    TAP_EQUAL_INT(ask_first(), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_REFUSED);
    TAP_EQUAL_INT(service.requests_count, 0);
    tear_down();
}

static enum slw_status refuse_all(void *context, const struct slw_tuf_change *change,
                                  struct slw_bytes base, const char *idempotency_key,
                                  enum slw_tuf_answer *ret_answer,
                                  struct slw_tuf_signatures *ret_signatures,
                                  struct slw_detail *ret_detail)
{
    size_t *asked = context;
    (void)change;
    (void)base;
    (void)idempotency_key;
    (void)ret_signatures;
    (void)ret_detail;
    (*asked)++;
    *ret_answer = SLW_TUF_REFUSED;
    return SLW_OK;
}

static void roles_without_a_key_here_are_others(void)
{
    size_t asked = 0;
    const struct slw_tuf_key_provider others = {&asked, refuse_all};
    TAP_REQUIRE(set_up(1));
    struct slw_tuf_change change = first_version("desk-stable");
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_PENDING);
    settings.others = &others;
    slw_signer_tuf_provider_free(&provider);
    TAP_REQUIRE(slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK);
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_ONE), SLW_OK);
    TAP_EQUAL_INT(given, SLW_TUF_REFUSED);
    TAP_EQUAL_INT(asked, 1);
    change.role = test_bytes("bins-0f");
    TAP_EQUAL_INT(ask(&change, slw_bytes_make(NULL, 0), KEY_TWO), SLW_OK);
    TAP_CHECK(asked == 1 && service.requests_count == 1);
    tear_down();
}

static void refuses_keys_and_names_that_make_no_sense(void)
{
    static const char *const names[] = {"", "../../etc/passwd", "0G", KEY_ONE "1"};
    TAP_REQUIRE(set_up(1));
    const struct slw_tuf_change change = first_version("lamp-stable");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)ask(&change, slw_bytes_make(NULL, 0), names[i]);
        TAP_CHECK(given != SLW_TUF_SIGNED && kept(false) == 0);
    }
    struct slw_tuf_key_provider other = {0};
    keys[1].name = "";
    TAP_EQUAL_INT(slw_signer_tuf_provider_new(&settings, &other, &detail), SLW_BAD_ARGUMENT);
    keys[1].name = "tuf-online";
    keys[1].public_key = NULL;
    TAP_EQUAL_INT(slw_signer_tuf_provider_new(&settings, &other, &detail), SLW_BAD_ARGUMENT);
    keys[1].public_key = keys[0].public_key;
    settings.directory = "/nowhere/at/all";
    slw_signer_tuf_provider_free(&provider);
    TAP_REQUIRE(slw_signer_tuf_provider_new(&settings, &provider, &detail) == SLW_OK);
    TAP_EQUAL_INT(ask_first(), SLW_IO);
    TAP_EQUAL_INT(service.requests_count, 0);
    tear_down();
}

int main(void)
{
    if (mkdtemp(directory) == NULL || mkdtemp(repository) == NULL) {
        return 1;
    }
    TAP_RUN(a_first_version_is_signed_by_keys_of_both_kinds);
    TAP_RUN(the_next_version_is_asked_for_with_its_base);
    TAP_RUN(a_waiting_request_is_the_same_one_in_the_next_process);
    TAP_RUN(other_circumstances_are_other_requests);
    TAP_RUN(a_release_is_added_with_the_request_that_signed_it);
    TAP_RUN(the_bundle_that_is_added_is_uploaded_when_it_is_waited_for);
    TAP_RUN(a_bundle_that_is_gone_or_changed_is_not_uploaded);
    TAP_RUN(what_is_kept_and_no_request_is_made_anew);
    TAP_RUN(a_refusal_is_told_and_forgotten);
    TAP_RUN(an_expired_request_is_made_again);
    TAP_RUN(a_signature_that_does_not_verify_is_none);
    TAP_RUN(a_service_that_is_not_there_is_a_failure_and_the_request_is_kept);
    TAP_RUN(a_change_that_is_no_step_is_not_asked_for);
    TAP_RUN(a_requester_who_is_unknown_gets_nothing);
    TAP_RUN(roles_without_a_key_here_are_others);
    TAP_RUN(refuses_keys_and_names_that_make_no_sense);
    (void)rmdir(directory);
    (void)rmdir(repository);
    return tap_finish();
}
