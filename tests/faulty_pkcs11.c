/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module for tests: it hands every call to a real one (SoftHSM) and fails, lies or
 * dawdles where its plan says so (faulty_pkcs11.h). Loaded by what is tested, as a token's module
 * is.
 */
#define CRYPTOKI_GNU 1
#include "faulty_pkcs11.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct ck_function_list *real;
static struct ck_function_list faulty;
static volatile struct faulty_plan *plan;

/* What was asked to be found last, by thread, since a session belongs to one at a time. */
static _Thread_local unsigned long wanted_class;
static _Thread_local int finds_nothing;

static uint32_t add(volatile uint32_t *word, uint32_t amount)
{
    return __atomic_add_fetch(word, amount, __ATOMIC_SEQ_CST);
}

/* To at least so much. */
static void rise_to(volatile uint32_t *word, uint32_t least)
{
    uint32_t now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    while (now < least &&
           !__atomic_compare_exchange_n(word, &now, least, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
}

/* Counts a call; CKR_OK, or what the plan has it fail with. */
static ck_rv_t enter(enum faulty_call call)
{
    uint32_t count = add(&plan->counts[call], 1);
    if (plan->away != 0 && call != FAULTY_INITIALIZE && call != FAULTY_GET_SLOT_LIST) {
        return call == FAULTY_OPEN_SESSION || call == FAULTY_GET_TOKEN_INFO ? CKR_TOKEN_NOT_PRESENT
                                                                            : CKR_DEVICE_REMOVED;
    }
    if (plan->call != (uint32_t)call || count <= plan->after ||
        (plan->times != 0 && count > plan->after + plan->times)) {
        return CKR_OK;
    }
    return plan->answer;
}

static ck_rv_t initialize(void *arguments)
{
    ck_rv_t answer = enter(FAULTY_INITIALIZE);
    return answer != CKR_OK ? answer : real->C_Initialize(arguments);
}

static ck_rv_t get_slot_list(unsigned char present, ck_slot_id_t *slots, unsigned long *count)
{
    ck_rv_t answer = enter(FAULTY_GET_SLOT_LIST);
    if (answer != CKR_OK) {
        return answer;
    }
    if (plan->away != 0) {
        *count = 0;
        return CKR_OK;
    }
    answer = real->C_GetSlotList(present, slots, count);
    if (plan->lie == FAULTY_MANY_SLOTS) {
        *count = 100000;
    }
    return answer;
}

static ck_rv_t get_token_info(ck_slot_id_t slot, struct ck_token_info *info)
{
    ck_rv_t answer = enter(FAULTY_GET_TOKEN_INFO);
    if (answer == CKR_OK) {
        answer = real->C_GetTokenInfo(slot, info);
        info->flags |= plan->flags;
    }
    return answer;
}

static ck_rv_t open_session(ck_slot_id_t slot, ck_flags_t flags, void *application,
                            ck_notify_t notify, ck_session_handle_t *session)
{
    ck_rv_t answer = enter(FAULTY_OPEN_SESSION);
    if (answer == CKR_OK && plan->sessions != 0 && plan->open >= plan->sessions) {
        answer = CKR_SESSION_COUNT;
    }
    if (answer == CKR_OK) {
        answer = real->C_OpenSession(slot, flags, application, notify, session);
    }
    if (answer == CKR_OK) {
        (void)add(&plan->open, 1);
    }
    return answer;
}

static ck_rv_t close_session(ck_session_handle_t session)
{
    ck_rv_t answer = real->C_CloseSession(session);
    if (answer == CKR_OK) {
        (void)add(&plan->open, UINT32_MAX);
    }
    return answer;
}

static ck_rv_t login(ck_session_handle_t session, ck_user_type_t user, unsigned char *pin,
                     unsigned long len)
{
    ck_rv_t answer = enter(FAULTY_LOGIN);
    return answer != CKR_OK ? answer : real->C_Login(session, user, pin, len);
}

static ck_rv_t find_objects_init(ck_session_handle_t session, struct ck_attribute *template,
                                 unsigned long count)
{
    ck_rv_t answer = enter(FAULTY_FIND_OBJECTS_INIT);
    wanted_class = count > 0 && template[0].type == CKA_CLASS
                       ? *(ck_object_class_t *)template[0].value
                       : CKO_DATA;
    finds_nothing = plan->lie == FAULTY_NO_PUBLIC_KEYS && wanted_class == CKO_PUBLIC_KEY;
    return answer != CKR_OK ? answer : real->C_FindObjectsInit(session, template, count);
}

static ck_rv_t find_objects(ck_session_handle_t session, ck_object_handle_t *objects,
                            unsigned long max, unsigned long *count)
{
    ck_rv_t answer = enter(FAULTY_FIND_OBJECTS);
    if (answer == CKR_OK) {
        answer = real->C_FindObjects(session, objects, max, count);
    }
    if (answer == CKR_OK && finds_nothing) {
        *count = 0;
    }
    if (answer == CKR_OK && plan->lie == FAULTY_MANY_OBJECTS) {
        *count = 1000;
    }
    if (answer == CKR_OK && plan->lie == FAULTY_NO_HANDLE) {
        objects[0] = CK_INVALID_HANDLE;
        *count = 1;
    }
    return answer;
}

static ck_rv_t find_objects_final(ck_session_handle_t session)
{
    ck_rv_t answer = enter(FAULTY_FIND_OBJECTS_FINAL);
    return answer != CKR_OK ? answer : real->C_FindObjectsFinal(session);
}

/* p - y for the last 32 bytes of a point, so that it stays on the curve. */
static void negate(uint8_t y[static 32])
{
    static const uint8_t prime[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x01,
                                      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                      0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int difference = prime[i] - y[i] - borrow;
        borrow = difference < 0;
        y[i] = (uint8_t)(difference + (borrow ? 256 : 0));
    }
}

static void lie_about_point(struct ck_attribute *attribute)
{
    uint8_t *bytes = attribute->value;
    if (bytes == NULL || attribute->value_len < 34) {
        return;
    }
    switch (plan->lie) {
    case FAULTY_WRONG_POINT:
        bytes[attribute->value_len - 1] ^= 1;
        break;
    case FAULTY_OTHER_KEY:
        negate(bytes + attribute->value_len - 32);
        break;
    case FAULTY_WITHOUT_OCTETS:
        attribute->value_len -= 2;
        memmove(bytes, bytes + 2, attribute->value_len);
        break;
    default:
        break;
    }
}

static void lie_about_attribute(struct ck_attribute *attribute)
{
    static const uint8_t p384[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
    if (plan->lie == FAULTY_LONG_ATTRIBUTE) {
        attribute->value_len = 100000;
    } else if (plan->lie == FAULTY_UNAVAILABLE) {
        attribute->value_len = CK_UNAVAILABLE_INFORMATION;
    } else if (attribute->type == CKA_EC_POINT) {
        lie_about_point(attribute);
    } else if (attribute->type == CKA_EC_PARAMS && plan->lie == FAULTY_OTHER_CURVE) {
        memcpy(attribute->value, p384, sizeof p384);
        attribute->value_len = sizeof p384;
    }
}

static ck_rv_t get_attribute(ck_session_handle_t session, ck_object_handle_t object,
                             struct ck_attribute *template, unsigned long count)
{
    ck_rv_t answer = enter(FAULTY_GET_ATTRIBUTE);
    if (answer == CKR_OK) {
        answer = real->C_GetAttributeValue(session, object, template, count);
    }
    for (unsigned long i = 0; answer == CKR_OK && i < count; i++) {
        lie_about_attribute(&template[i]);
    }
    return answer;
}

static ck_rv_t sign_init(ck_session_handle_t session, struct ck_mechanism *mechanism,
                         ck_object_handle_t key)
{
    ck_rv_t answer = enter(FAULTY_SIGN_INIT);
    return answer != CKR_OK ? answer : real->C_SignInit(session, mechanism, key);
}

static void lie_about_signature(uint8_t *signature, unsigned long *len)
{
    switch (plan->lie) {
    case FAULTY_WRONG_SIGNATURE:
        signature[40] ^= 1;
        break;
    case FAULTY_SHORT_SIGNATURE:
        *len = 63;
        break;
    case FAULTY_LONG_SIGNATURE:
        *len = 4096;
        break;
    case FAULTY_ZERO_SIGNATURE:
        memset(signature, 0, 64);
        break;
    default:
        break;
    }
}

static ck_rv_t sign(ck_session_handle_t session, unsigned char *data, unsigned long data_len,
                    unsigned char *signature, unsigned long *len)
{
    const struct timespec delay = {plan->delay_ms / 1000, (long)(plan->delay_ms % 1000) * 1000000};
    ck_rv_t answer = enter(FAULTY_SIGN);
    rise_to(&plan->busiest, add(&plan->signing, 1));
    if (plan->delay_ms != 0) {
        (void)nanosleep(&delay, NULL);
    }
    if (answer == CKR_OK) {
        answer = real->C_Sign(session, data, data_len, signature, len);
    }
    if (answer == CKR_OK) {
        lie_about_signature(signature, len);
    }
    (void)add(&plan->signing, UINT32_MAX);
    return answer;
}

static ck_rv_t generate(ck_session_handle_t session, struct ck_mechanism *mechanism,
                        struct ck_attribute *public_template, unsigned long public_count,
                        struct ck_attribute *private_template, unsigned long private_count,
                        ck_object_handle_t *public_key, ck_object_handle_t *private_key)
{
    ck_rv_t answer = enter(FAULTY_GENERATE);
    return answer != CKR_OK
               ? answer
               : real->C_GenerateKeyPair(session, mechanism, public_template, public_count,
                                         private_template, private_count, public_key, private_key);
}

static int map_plan(void)
{
    const char *path = getenv(FAULTY_PLAN_VARIABLE);
    int descriptor = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    void *mapped = ftruncate(descriptor, sizeof *plan) == 0
                       ? mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                       : MAP_FAILED;
    (void)close(descriptor);
    plan = mapped == MAP_FAILED ? NULL : mapped;
    return plan != NULL;
}

static int load_real(void)
{
    const char *path = getenv(FAULTY_MODULE_VARIABLE);
    static void *library; /* stays loaded */
    library =
        dlopen(path == NULL ? "/usr/lib/softhsm/libsofthsm2.so" : path, RTLD_NOW | RTLD_LOCAL);
    ck_rv_t (*get)(struct ck_function_list **) = NULL;
    void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    return get != NULL && get(&real) == CKR_OK;
}

ck_rv_t C_GetFunctionList(struct ck_function_list **list)
{
    if (real == NULL && (!map_plan() || !load_real())) {
        return CKR_GENERAL_ERROR;
    }
    faulty = *real;
    faulty.C_Initialize = initialize;
    faulty.C_GetFunctionList = C_GetFunctionList;
    faulty.C_GetSlotList = get_slot_list;
    faulty.C_GetTokenInfo = get_token_info;
    faulty.C_OpenSession = open_session;
    faulty.C_CloseSession = close_session;
    faulty.C_Login = login;
    faulty.C_FindObjectsInit = find_objects_init;
    faulty.C_FindObjects = find_objects;
    faulty.C_FindObjectsFinal = find_objects_final;
    faulty.C_GetAttributeValue = get_attribute;
    faulty.C_SignInit = sign_init;
    faulty.C_Sign = sign;
    faulty.C_GenerateKeyPair = generate;
    *list = &faulty;
    return CKR_OK;
}
