/* SPDX-License-Identifier: Apache-2.0 */
/* The token that the unit tests of this folder use: see test_token.h. */
#include "test_token.h"

#define CRYPTOKI_GNU 1
#include "remove_tree.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define LABEL "slipway test"

struct test_token test_token;

/* What the sanitizers' run time asks for: SoftHSM 2.6 leaks an ASN.1 string with each Ed25519 key
 * that it looks at. To see that it is SoftHSM, stacks are unwound without frame pointers. */
const char *__asan_default_options(void);      // NOLINT(bugprone-reserved-identifier,cert-dcl*)
const char *__lsan_default_options(void);      // NOLINT(bugprone-reserved-identifier,cert-dcl*)
const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier,cert-dcl*)

const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0:malloc_context_size=12";
}

/* It crashes now and then over the thread-local blocks of a library that was loaded late, as the
 * module is, so it doesn't look into them. */
const char *__lsan_default_options(void)
{
    return "use_tls=0";
}

const char *__lsan_default_suppressions(void)
{
    return "leak:libsofthsm2.so\n";
}

static struct ck_function_list *calls;
static uint8_t p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

static void must(bool holds, const char *what)
{
    if (!holds) {
        printf("Bail out! test token: %s\n", what);
        exit(1);
    }
}

static void write_text(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", test_token.directory, name);
    FILE *file = fopen(path, "we");
    must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

static void write_files(void)
{
    char text[256];
    char path[128];
    (void)snprintf(
        text, sizeof text,
        "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
        test_token.directory);
    write_text("softhsm2.conf", text);
    write_text("pin", "1234\n");
    write_text("wrong", "9999\n");
    write_text("other", "8888\n");
    write_text("empty", "\n");
    write_text("plan", "");
    (void)snprintf(path, sizeof path, "%s/tokens", test_token.directory);
    must(mkdir(path, 0700) == 0, path);
    (void)snprintf(path, sizeof path, "%s/softhsm2.conf", test_token.directory);
    must(setenv("SOFTHSM2_CONF", path, 1) == 0, "environment");
    (void)snprintf(path, sizeof path, "%s/plan", test_token.directory);
    must(setenv(FAULTY_PLAN_VARIABLE, path, 1) == 0, "environment");
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    must(ftruncate(descriptor, sizeof *test_token.plan) == 0, "plan");
    test_token.plan =
        mmap(NULL, sizeof *test_token.plan, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    (void)close(descriptor);
}

/* The module is built beside the test programs. */
static void find_module(void)
{
    char self[400] = "";
    must(readlink("/proc/self/exe", self, sizeof self - 1) > 0, "own path");
    *strrchr(self, '/') = '\0';
    (void)snprintf(test_token.module, sizeof test_token.module, "%s/token/faulty_pkcs11.so", self);
}

static ck_slot_id_t find_slot(const char *label)
{
    ck_slot_id_t slots[8];
    unsigned long count = 8;
    struct ck_token_info info;
    must(calls->C_GetSlotList(1, slots, &count) == CKR_OK, "slots");
    for (unsigned long i = 0; i < count; i++) {
        bool found = calls->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
                     (label == NULL ? (info.flags & CKF_TOKEN_INITIALIZED) == 0
                                    : memcmp(info.label, label, strlen(label)) == 0);
        if (found) {
            return slots[i];
        }
    }
    must(false, "no slot");
    return 0;
}

static ck_session_handle_t open_session(ck_user_type_t user, const char *pin)
{
    ck_session_handle_t session = 0;
    unsigned char copy[16];
    (void)snprintf((char *)copy, sizeof copy, "%s", pin);
    must(calls->C_OpenSession(find_slot(LABEL), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                              &session) == CKR_OK &&
             calls->C_Login(session, user, copy, strlen(pin)) == CKR_OK,
         "login");
    return session;
}

static void make_token(void)
{
    unsigned char so_pin[] = "87654321";
    unsigned char label[33] = LABEL "                    ";
    must(calls->C_InitToken(find_slot(NULL), so_pin, 8, label) == CKR_OK, "token");
    ck_session_handle_t session = open_session(CKU_SO, "87654321");
    unsigned char pin[] = "1234";
    must(calls->C_InitPIN(session, pin, 4) == CKR_OK, "PIN");
    must(calls->C_CloseSession(session) == CKR_OK, "session");
}

static ck_object_handle_t make_key(ck_session_handle_t session, const char *label, uint8_t id,
                                   bool exportable, bool careful)
{
    unsigned char yes = 1;
    unsigned char may_leave = exportable;
    unsigned char is_careful = careful;
    char name[32];
    (void)snprintf(name, sizeof name, "%s", label);
    struct ck_mechanism mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    struct ck_attribute public_template[] = {{CKA_TOKEN, &yes, 1},
                                             {CKA_LABEL, name, strlen(name)},
                                             {CKA_ID, &id, 1},
                                             {CKA_EC_PARAMS, p256, sizeof p256}};
    struct ck_attribute private_template[] = {{CKA_TOKEN, &yes, 1},
                                              {CKA_LABEL, name, strlen(name)},
                                              {CKA_ID, &id, 1},
                                              {CKA_PRIVATE, &yes, 1},
                                              {CKA_SENSITIVE, &yes, 1},
                                              {CKA_SIGN, &yes, 1},
                                              {CKA_EXTRACTABLE, &may_leave, 1},
                                              {CKA_ALWAYS_AUTHENTICATE, &is_careful, 1}};
    ck_object_handle_t public_key = 0;
    ck_object_handle_t private_key = 0;
    must(calls->C_GenerateKeyPair(session, &mechanism, public_template, 4, private_template, 8,
                                  &public_key, &private_key) == CKR_OK,
         "key");
    return public_key;
}

/* A certificate for the public key, signed by whoever. */
static void make_certificate(ck_session_handle_t session, ck_object_handle_t public_key, uint8_t id)
{
    uint8_t point[80];
    struct ck_attribute wanted = {CKA_EC_POINT, point, sizeof point};
    must(calls->C_GetAttributeValue(session, public_key, &wanted, 1) == CKR_OK, "point");
    struct slw_public_key key = {.type = SLW_KEY_TYPE_P256, .value_len = SLW_P256_KEY_SIZE};
    memcpy(key.value, point + 2, sizeof key.value);
    struct slw_heap_buffer text = {0};
    struct slw_detail detail;
    must(slw_public_key_format(&key, &text, &detail) == SLW_OK, "public key");
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *subject = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    EVP_PKEY *issuer = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, subject);
    must(X509_sign(certificate, issuer, EVP_sha256()) > 0, "certificate");
    unsigned char *der = NULL;
    int der_len = i2d_X509(certificate, &der);
    ck_object_class_t class = CKO_CERTIFICATE;
    unsigned long type = CKC_X_509;
    unsigned char yes = 1;
    unsigned char subject_name[] = {0x30, 0x00};
    struct ck_attribute template[] = {{CKA_CLASS, &class, sizeof class},
                                      {CKA_CERTIFICATE_TYPE, &type, sizeof type},
                                      {CKA_TOKEN, &yes, 1},
                                      {CKA_ID, &id, 1},
                                      {CKA_SUBJECT, subject_name, 2},
                                      {CKA_VALUE, der, (unsigned long)der_len}};
    ck_object_handle_t object = 0;
    must(calls->C_CreateObject(session, template, 6, &object) == CKR_OK, "certificate object");
    OPENSSL_free(der);
    X509_free(certificate);
    EVP_PKEY_free(issuer);
    EVP_PKEY_free(subject);
    BIO_free(bio);
    slw_heap_free(&text);
}

static void make_keys(void)
{
    ck_session_handle_t session = open_session(CKU_USER, "1234");
    (void)make_key(session, "twin", 1, false, false);
    (void)make_key(session, "twin", 2, false, false);
    (void)make_key(session, "exportable", 3, true, false);
    (void)make_key(session, "careful", 4, false, true);
    ck_object_handle_t public_key = make_key(session, "certified", 5, false, false);
    make_certificate(session, public_key, 5);
    must(calls->C_DestroyObject(session, public_key) == CKR_OK, "public key");
    public_key = make_key(session, "lonely", 6, false, false);
    must(calls->C_DestroyObject(session, public_key) == CKR_OK, "public key");
    must(calls->C_CloseSession(session) == CKR_OK, "session");
}

static void generate(const char *attributes, enum slw_key_type type)
{
    const struct slw_key_settings settings = {0};
    struct slw_private_key *key = NULL;
    struct slw_detail detail;
    enum slw_status status = slw_token_key_generate(test_token_uri(attributes, "pin"), &settings,
                                                    type, &key, NULL, &detail);
    must(status == SLW_OK, detail.text);
    slw_private_key_free(key);
}

bool test_token_start(void)
{
    ck_rv_t (*get)(struct ck_function_list **) = NULL;
    static void *library; /* stays loaded */
    library = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
    if (symbol == NULL) {
        return false;
    }
    memcpy(&get, &symbol, sizeof get);
    (void)snprintf(test_token.directory, sizeof test_token.directory, "/tmp/slipway-token-XXXXXX");
    must(mkdtemp(test_token.directory) != NULL, "directory");
    find_module();
    write_files();
    must(get(&calls) == CKR_OK && calls->C_Initialize(NULL) == CKR_OK, "SoftHSM");
    make_token();
    make_keys();
    must(calls->C_Finalize(NULL) == CKR_OK, "SoftHSM");
    generate("object=p256", SLW_KEY_TYPE_P256);
    generate("object=ed25519", SLW_KEY_TYPE_ED25519);
    test_token_behave();
    return true;
}

void test_token_stop(void)
{
    if (test_token.directory[0] != '\0') {
        remove_tree(test_token.directory);
    }
}

void test_token_behave(void)
{
    const struct faulty_plan good = {.open = test_token.plan->open};
    *test_token.plan = good;
}

const char *test_token_uri(const char *attributes, const char *pin_name)
{
    static char uri[1024];
    int len = snprintf(uri, sizeof uri, "pkcs11:token=slipway%%20test;%s?module-path=%s",
                       attributes, test_token.module);
    if (pin_name != NULL) {
        (void)snprintf(uri + len, sizeof uri - (size_t)len, "&pin-source=file:%s/%s",
                       test_token.directory, pin_name);
    }
    return uri;
}
