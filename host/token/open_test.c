/* SPDX-License-Identifier: Apache-2.0 */
/* Opening keys in a token: which one a URI names, what is read of it, and PINs that aren't tried.
 */
#include "test_token.h"

#define CRYPTOKI_GNU 1
#include "tap.h"

#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct slw_detail detail;
static const struct slw_key_settings no_settings;

static bool says(const char *text)
{
    bool found = strstr(detail.text, text) != NULL;
    if (!found) {
        printf("# said: %s\n", detail.text);
    }
    return found;
}

/* Opens, and frees at once. */
static enum slw_status open_text(const char *uri, const struct slw_key_settings *settings,
                                 struct slw_key_facts *ret_facts)
{
    struct slw_private_key *key = NULL;
    detail.text[0] = '\0';
    enum slw_status status = slw_key_open(uri, settings, &key, ret_facts, &detail);
    TAP_CHECK((status == SLW_OK) == (key != NULL));
    slw_private_key_free(key);
    return status;
}

static enum slw_status open_key(const char *attributes, const char *pin_name)
{
    return open_text(test_token_uri(attributes, pin_name), &no_settings, NULL);
}

static uint32_t count(enum faulty_call call)
{
    return test_token.plan->counts[call];
}

static void opens_both_kinds_of_keys(void)
{
    struct slw_key_facts facts;
    TAP_EQUAL_INT(open_text(test_token_uri("object=p256", "pin"), &no_settings, &facts), SLW_OK);
    TAP_CHECK(facts.in_token && !facts.exportable && !facts.always_authenticates);
    TAP_CHECK(
        strncmp(facts.uri, "pkcs11:token=slipway%20test;manufacturer=SoftHSM%20project;", 58) == 0);
    TAP_CHECK(strstr(facts.uri, ";serial=") != NULL);
    TAP_CHECK(strstr(facts.uri, ";object=p256") != NULL);
    TAP_CHECK(strstr(facts.uri, "pin") == NULL);
    TAP_EQUAL_INT(open_key("object=ed25519", "pin"), SLW_OK);
    TAP_EQUAL_INT(test_token.plan->open, 0); /* nothing stays behind */
}

static void tells_of_keys_that_could_leave(void)
{
    struct slw_key_facts facts = {0};
    TAP_EQUAL_INT(open_text(test_token_uri("object=exportable", "pin"), &no_settings, &facts),
                  SLW_OK);
    TAP_CHECK(facts.exportable);
    TAP_EQUAL_INT(open_text(test_token_uri("object=careful", "pin"), &no_settings, &facts), SLW_OK);
    TAP_CHECK(!facts.exportable && facts.always_authenticates);
}

static void opens_a_file_all_the_same(void)
{
    char path[128];
    struct slw_private_key *key = NULL;
    struct slw_heap_buffer text = {0};
    struct slw_key_facts facts = {.in_token = true};
    (void)snprintf(path, sizeof path, "%s/key", test_token.directory);
    TAP_REQUIRE(slw_private_key_generate(SLW_KEY_TYPE_P256, &key, &detail) == SLW_OK);
    TAP_REQUIRE(slw_private_key_format(key, slw_bytes_make(NULL, 0), &text, &detail) == SLW_OK);
    FILE *file = fopen(path, "we");
    TAP_REQUIRE(file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len);
    (void)fclose(file);
    TAP_EQUAL_INT(open_text(path, &no_settings, &facts), SLW_OK);
    TAP_CHECK(!facts.in_token && facts.exportable && facts.uri[0] == '\0');
    slw_private_key_free(key);
    slw_heap_free(&text);
}

static void reads_a_public_half_from_its_certificate(void)
{
    struct slw_private_key *key = NULL;
    uint8_t signature[SLW_SIGNATURE_SIZE];
    TAP_REQUIRE(slw_key_open(test_token_uri("object=certified", "pin"), &no_settings, &key, NULL,
                             &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_private_key_sign(key, SLW_BYTES_OF("a"), signature, &detail), SLW_OK);
    slw_private_key_free(key);
    TAP_EQUAL_INT(open_key("object=lonely", "pin"), SLW_BAD_KEY);
    TAP_CHECK(says("neither a public key nor a certificate"));
}

static void refuses_what_fits_twice(void)
{
    TAP_EQUAL_INT(open_key("object=twin", "pin"), SLW_BAD_ARGUMENT);
    TAP_CHECK(says("more than one private key fits"));
    TAP_EQUAL_INT(open_key("type=private", "pin"), SLW_BAD_ARGUMENT);
    TAP_CHECK(says("more than one private key fits"));
    TAP_EQUAL_INT(open_key("object=twin;id=%01", "pin"), SLW_OK);
    TAP_EQUAL_INT(open_key("id=%02", "pin"), SLW_OK);
    TAP_EQUAL_INT(open_key("object=twin;id=%03", "pin"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(open_key("object=twi", "pin"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(open_key("object=Twin", "pin"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

static void refuses_what_isnt_there(void)
{
    char uri[700];
    TAP_EQUAL_INT(open_key("object=nobody", "pin"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(open_key("object=p256;serial=0", "pin"), SLW_TOKEN);
    TAP_CHECK(says("has no such token now"));
    TAP_EQUAL_INT(open_key("object=p256;slot-id=4294967295", "pin"), SLW_TOKEN);
    TAP_EQUAL_INT(open_key("object=p256;type=public", "pin"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(open_key("object=p256;type=cert", "pin"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(open_text("pkcs11:token=slipway;object=p256", &no_settings, NULL),
                  SLW_BAD_ARGUMENT);
    TAP_CHECK(says("names no module"));
    TAP_EQUAL_INT(open_text("pkcs11:object=a?module-path=/nowhere.so", &no_settings, NULL),
                  SLW_TOKEN);
    TAP_CHECK(says("can't be loaded"));
    (void)snprintf(uri, sizeof uri, "pkcs11:object=a?module-path=%s/pin", test_token.directory);
    TAP_EQUAL_INT(open_text(uri, &no_settings, NULL), SLW_TOKEN);
    (void)snprintf(uri, sizeof uri, "pkcs11:token=slipway;object=p256?module-path=%s",
                   test_token.module);
    TAP_EQUAL_INT(open_text(uri, &no_settings, NULL), SLW_TOKEN); /* a label isn't a prefix */
    const struct slw_key_settings relative = {.module_path = "libsofthsm2.so"};
    TAP_EQUAL_INT(open_text("pkcs11:object=a", &relative, NULL), SLW_BAD_ARGUMENT);
}

static void takes_module_and_pin_from_settings(void)
{
    char pin_path[128];
    (void)snprintf(pin_path, sizeof pin_path, "%s/pin", test_token.directory);
    struct slw_key_settings settings = {.module_path = test_token.module,
                                        .passphrase_path = pin_path};
    TAP_EQUAL_INT(open_text("pkcs11:object=p256", &settings, NULL), SLW_OK);
    settings.module_path = NULL;
    TAP_REQUIRE(setenv("SLIPWAY_PKCS11_MODULE", test_token.module, 1) == 0);
    TAP_EQUAL_INT(open_text("pkcs11:object=p256", &settings, NULL), SLW_OK);
    TAP_REQUIRE(unsetenv("SLIPWAY_PKCS11_MODULE") == 0);
    settings.sessions = SLW_TOKEN_SESSIONS_MAX + 1;
    TAP_EQUAL_INT(open_text(test_token_uri("object=p256", NULL), &settings, NULL),
                  SLW_BAD_ARGUMENT);
}

static const char *with_pin(const char *source)
{
    static char uri[1024];
    (void)snprintf(uri, sizeof uri, "%s&pin-source=%s", test_token_uri("object=p256", NULL),
                   source);
    return uri;
}

static enum slw_status open_with_pipe(const char *text)
{
    int ends[2];
    char source[32];
    TAP_CHECK(pipe(ends) == 0 && write(ends[1], text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(ends[1]);
    (void)snprintf(source, sizeof source, "fd:%d", ends[0]);
    enum slw_status status = open_text(with_pin(source), &no_settings, NULL);
    (void)close(ends[0]);
    return status;
}

static void reads_pins_from_descriptors_and_credentials(void)
{
    char long_pin[300];
    memset(long_pin, '1', sizeof long_pin - 1);
    long_pin[sizeof long_pin - 1] = '\0';
    TAP_EQUAL_INT(open_with_pipe("1234\n"), SLW_OK);
    TAP_EQUAL_INT(open_with_pipe("1234"), SLW_OK);
    TAP_EQUAL_INT(open_with_pipe("1234\r\nmore"), SLW_OK);
    TAP_EQUAL_INT(open_with_pipe(""), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(open_with_pipe("\n1234"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(open_with_pipe(long_pin), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(open_text(with_pin("fd:1021"), &no_settings, NULL), SLW_IO);
    TAP_EQUAL_INT(open_text(with_pin("credential:pin"), &no_settings, NULL), SLW_NOT_FOUND);
    TAP_REQUIRE(setenv("CREDENTIALS_DIRECTORY", test_token.directory, 1) == 0);
    TAP_EQUAL_INT(open_text(with_pin("credential:pin"), &no_settings, NULL), SLW_OK);
    TAP_EQUAL_INT(open_text(with_pin("credential:nothing"), &no_settings, NULL), SLW_IO);
    TAP_REQUIRE(unsetenv("CREDENTIALS_DIRECTORY") == 0);
    TAP_EQUAL_INT(open_key("object=p256", "empty"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(open_key("object=p256", "nothing"), SLW_IO);
    TAP_EQUAL_INT(open_key("object=p256", NULL), SLW_BAD_ARGUMENT);
    TAP_CHECK(says("wants a PIN"));
}

static void never_tries_a_refused_pin_again(void)
{
    const struct slw_key_settings retry = {.retry_pin = true};
    test_token_behave();
    TAP_EQUAL_INT(open_key("object=p256", "wrong"), SLW_TOKEN);
    TAP_CHECK(says("refused the PIN"));
    TAP_EQUAL_INT(count(FAULTY_LOGIN), 1);
    /* SoftHSM says now that a wrong one was given: not even the right one is tried */
    for (unsigned i = 0; i < 5; i++) {
        TAP_EQUAL_INT(open_key("object=p256", "wrong"), SLW_TOKEN);
        TAP_EQUAL_INT(open_key("object=p256", "pin"), SLW_TOKEN);
        TAP_CHECK(says("a wrong PIN was given"));
    }
    /* and the same wrong one not when told to try */
    TAP_EQUAL_INT(open_text(test_token_uri("object=p256", "wrong"), &retry, NULL), SLW_TOKEN);
    TAP_CHECK(says("isn't tried again"));
    TAP_EQUAL_INT(count(FAULTY_LOGIN), 1);
    TAP_EQUAL_INT(open_text(test_token_uri("object=p256", "other"), &retry, NULL), SLW_TOKEN);
    TAP_EQUAL_INT(count(FAULTY_LOGIN), 2);
    TAP_EQUAL_INT(open_text(test_token_uri("object=p256", "pin"), &retry, NULL), SLW_OK);
    TAP_EQUAL_INT(count(FAULTY_LOGIN), 3);
    TAP_EQUAL_INT(open_key("object=p256", "pin"), SLW_OK);
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

static void tries_no_pin_where_it_could_lock_the_token(void)
{
    const struct slw_key_settings retry = {.retry_pin = true};
    const struct {
        unsigned long flags;
        bool when_told; /* it is tried then */
        const char *why;
    } rows[] = {
        {CKF_USER_PIN_COUNT_LOW, true, "a wrong PIN was given"},
        {CKF_USER_PIN_FINAL_TRY, false, "one more wrong PIN would lock it"},
        {CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW, false, "one more wrong PIN"},
        {CKF_USER_PIN_LOCKED, false, "its PIN is locked"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].why);
        test_token_behave();
        test_token.plan->flags = (uint32_t)rows[i].flags;
        TAP_EQUAL_INT(open_key("object=p256", "pin"), SLW_TOKEN);
        TAP_CHECK(says(rows[i].why));
        TAP_EQUAL_INT(count(FAULTY_LOGIN), 0);
        TAP_EQUAL_INT(open_text(test_token_uri("object=p256", "pin"), &retry, NULL),
                      rows[i].when_told ? SLW_OK : SLW_TOKEN);
        TAP_EQUAL_INT(count(FAULTY_LOGIN), rows[i].when_told ? 1 : 0);
    }
    test_token_behave();
}

static void fails_when_a_call_fails(void)
{
    static const struct {
        const char *name;
        enum faulty_call call;
        ck_rv_t answer;
    } rows[] = {
        {"initialize", FAULTY_INITIALIZE, CKR_CANT_LOCK},
        {"initialize", FAULTY_INITIALIZE, CKR_GENERAL_ERROR},
        {"slots", FAULTY_GET_SLOT_LIST, CKR_GENERAL_ERROR},
        {"slots", FAULTY_GET_SLOT_LIST, CKR_BUFFER_TOO_SMALL},
        {"token", FAULTY_GET_TOKEN_INFO, CKR_DEVICE_ERROR},
        {"session", FAULTY_OPEN_SESSION, CKR_SESSION_COUNT},
        {"session", FAULTY_OPEN_SESSION, CKR_TOKEN_NOT_PRESENT},
        {"login", FAULTY_LOGIN, CKR_PIN_LOCKED},
        {"login", FAULTY_LOGIN, CKR_PIN_EXPIRED},
        {"login", FAULTY_LOGIN, CKR_DEVICE_REMOVED},
        {"login", FAULTY_LOGIN, CKR_VENDOR_DEFINED + 7},
        {"find init", FAULTY_FIND_OBJECTS_INIT, CKR_DEVICE_REMOVED},
        {"find", FAULTY_FIND_OBJECTS, CKR_DEVICE_ERROR},
        {"find final", FAULTY_FIND_OBJECTS_FINAL, CKR_SESSION_HANDLE_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        test_token_behave();
        test_token.plan->call = rows[i].call;
        test_token.plan->answer = (uint32_t)rows[i].answer;
        TAP_EQUAL_INT(open_key("object=p256", "pin"), SLW_TOKEN);
        TAP_EQUAL_INT(test_token.plan->open, 0);
        TAP_CHECK(count(FAULTY_LOGIN) <= 1);
        test_token_behave();
        TAP_EQUAL_INT(open_key("object=p256", "pin"), SLW_OK);
    }
}

static void refuses_what_a_module_lies_about(void)
{
    static const struct {
        const char *name;
        enum faulty_lie lie;
        enum slw_status status;
    } rows[] = {
        {"more objects than there was room for", FAULTY_MANY_OBJECTS, SLW_TOKEN},
        {"an object without a handle", FAULTY_NO_HANDLE, SLW_TOKEN},
        {"more slots than there was room for", FAULTY_MANY_SLOTS, SLW_TOKEN},
        {"attributes longer than there was room for", FAULTY_LONG_ATTRIBUTE, SLW_BAD_KEY},
        {"attributes without a length", FAULTY_UNAVAILABLE, SLW_BAD_KEY},
        {"no public key", FAULTY_NO_PUBLIC_KEYS, SLW_BAD_KEY},
        {"a point that isn't on the curve", FAULTY_WRONG_POINT, SLW_BAD_KEY},
        {"another curve", FAULTY_OTHER_CURVE, SLW_BAD_KEY},
        {"a point without an octet string is none", FAULTY_WITHOUT_OCTETS, SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        test_token_behave();
        test_token.plan->lie = rows[i].lie;
        TAP_EQUAL_INT(open_key("object=p256", "pin"), rows[i].status);
        TAP_EQUAL_INT(test_token.plan->open, 0);
    }
    test_token_behave();
}

static enum slw_status generate(const char *uri)
{
    struct slw_private_key *key = NULL;
    detail.text[0] = '\0';
    enum slw_status status =
        slw_token_key_generate(uri, &no_settings, SLW_KEY_TYPE_P256, &key, NULL, &detail);
    TAP_CHECK((status == SLW_OK) == (key != NULL));
    slw_private_key_free(key);
    return status;
}

static void makes_a_key_only_under_a_free_name(void)
{
    test_token_behave();
    TAP_EQUAL_INT(generate(test_token_uri("object=p256", "pin")), SLW_WRONG_STATE);
    TAP_EQUAL_INT(generate(test_token_uri("object=twin", "pin")), SLW_WRONG_STATE);
    TAP_EQUAL_INT(generate(test_token_uri("object=p256;id=%99", "pin")), SLW_WRONG_STATE);
    TAP_EQUAL_INT(generate(test_token_uri("id=%99", "pin")), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(generate("pkcs11:object=new"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(count(FAULTY_GENERATE), 0);
    test_token.plan->call = FAULTY_GENERATE;
    test_token.plan->answer = CKR_DEVICE_MEMORY;
    TAP_EQUAL_INT(generate(test_token_uri("object=new", "pin")), SLW_TOKEN);
    TAP_CHECK(says("the token is full"));
    test_token_behave();
    TAP_EQUAL_INT(generate(test_token_uri("object=new;id=%07", "pin")), SLW_OK);
    TAP_EQUAL_INT(open_key("object=new;id=%07", "pin"), SLW_OK);
    TAP_EQUAL_INT(test_token.plan->open, 0);
}

static void has_no_token_to_test_with(void)
{
    TAP_SKIP("SoftHSM isn't installed");
}

int main(void)
{
    if (!test_token_start()) {
        TAP_RUN(has_no_token_to_test_with);
        return tap_finish();
    }
    TAP_RUN(opens_both_kinds_of_keys);
    TAP_RUN(tells_of_keys_that_could_leave);
    TAP_RUN(opens_a_file_all_the_same);
    TAP_RUN(reads_a_public_half_from_its_certificate);
    TAP_RUN(refuses_what_fits_twice);
    TAP_RUN(refuses_what_isnt_there);
    TAP_RUN(takes_module_and_pin_from_settings);
    TAP_RUN(reads_pins_from_descriptors_and_credentials);
    TAP_RUN(never_tries_a_refused_pin_again);
    TAP_RUN(tries_no_pin_where_it_could_lock_the_token);
    TAP_RUN(fails_when_a_call_fails);
    TAP_RUN(refuses_what_a_module_lies_about);
    TAP_RUN(makes_a_key_only_under_a_free_name);
    test_token_stop();
    return tap_finish();
}
