/* SPDX-License-Identifier: Apache-2.0 */
/* See test_fleet.h. */
#include "test_fleet.h"

#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

static void copy_text(const struct test_answer *answer, const char *path, char *buffer, size_t size)
{
    struct slw_bytes text = answer->is_json
                                ? slw_json_string(&answer->json, test_find(answer, path))
                                : slw_bytes_make("", 0);
    (void)snprintf(buffer, size, "%.*s", (int)text.len,
                   text.len == 0 ? "" : (const char *)text.ptr);
}

bool test_device_open(const struct test_depot *depot, const char *id,
                      struct test_device *ret_device)
{
    struct slw_detail detail = {""};
    *ret_device = (struct test_device){.depot = depot, .product = "lamp", .id = id, .version = 1};
    (void)snprintf(ret_device->last, sizeof ret_device->last, "0");
    return slw_private_key_generate(SLW_KEY_TYPE_P256, &ret_device->key, &detail) == SLW_OK;
}

void test_device_close(struct test_device *device)
{
    slw_private_key_free(device->key);
    device->key = NULL;
}

void test_device_post(const struct test_device *device, const char *what, struct slw_bytes body,
                      struct test_answer *ret_answer)
{
    char path[512];
    struct test_depot as_device = *device->depot;
    as_device.use_token = NULL;
    (void)snprintf(path, sizeof path, what[0] == '/' ? "%s" : "/device/v1/%s/%s/%s",
                   what[0] == '/' ? what : device->product, device->id, what);
    test_call_bytes(&as_device, "POST", path, "application/json", body, ret_answer);
}

static void get_nonce(struct test_device *device)
{
    char path[256];
    struct test_answer answer;
    struct test_depot as_device = *device->depot;
    as_device.use_token = NULL;
    (void)snprintf(path, sizeof path, "/device/v1/%s/%s/nonce", device->product, device->id);
    test_call(&as_device, "GET", path, NULL, &answer);
    copy_text(&answer, "nonce", device->nonce, sizeof device->nonce);
    test_answer_free(&answer);
}

void test_device_enrolment(struct test_device *device, const char *token,
                           struct slw_heap_buffer *ret_envelope)
{
    struct slw_detail detail = {""};
    get_nonce(device);
    const struct slw_fleet_enrol enrol = {
        .product = slw_text_bytes(device->product),
        .device = slw_text_bytes(device->id),
        .hardware = SLW_BYTES_OF("lamp-1"),
        .key_class = SLW_BYTES_OF("prod"),
        .token = token == NULL ? slw_bytes_make("", 0) : slw_text_bytes(token),
        .nonce = slw_text_bytes(device->nonce),
        .time_s = 1,
    };
    if (slw_fleet_enrol_make(&enrol, device->key, ret_envelope, &detail) != SLW_OK) {
        printf("# %s\n", detail.text);
    }
}

long test_device_enrol(struct test_device *device, const char *token, char ret_state[static 32])
{
    struct slw_heap_buffer envelope = {0};
    struct test_answer answer;
    test_device_enrolment(device, token, &envelope);
    test_device_post(device, "/device/v1/enrol", slw_heap_bytes(&envelope), &answer);
    copy_text(&answer, answer.status == 200 ? "state" : "reason", ret_state, 32);
    if (answer.status == 200 && strcmp(ret_state, "enrolled") == 0) {
        device->epoch = test_number(&answer, "epoch");
        device->sequence = 0;
        (void)snprintf(device->last, sizeof device->last, "0");
        copy_text(&answer, "secret", device->secret, sizeof device->secret);
    }
    long status = answer.status;
    slw_heap_free(&envelope);
    test_answer_free(&answer);
    return status;
}

long test_device_check_in(struct test_device *device, struct test_answer *ret_answer)
{
    char path[512];
    char header[128];
    struct test_depot as_device = *device->depot;
    size_t count = 0;
    while (count < 6 && as_device.headers[count] != NULL) {
        count++;
    }
    as_device.use_token = NULL;
    as_device.headers[count] = header;
    as_device.headers[count + 1] = NULL;
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", device->secret);
    (void)snprintf(path, sizeof path, "/device/v1/%s/%s/checkin?e=%lld&v=%lld&s=%s",
                   device->product, device->id, (long long)device->epoch,
                   (long long)device->version, device->last);
    test_call(&as_device, "GET", path, NULL, ret_answer);
    if (ret_answer->status == 200) {
        copy_text(ret_answer, "nonce", device->nonce, sizeof device->nonce);
    }
    return ret_answer->status;
}

struct slw_fleet_report test_device_report(struct test_device *device, enum slw_fleet_kind kind)
{
    return (struct slw_fleet_report){
        .product = slw_text_bytes(device->product),
        .device = slw_text_bytes(device->id),
        .nonce = slw_text_bytes(device->nonce),
        .epoch = device->epoch,
        .sequence = device->sequence + 1,
        .time_s = 1,
        .kind = kind,
        .version = device->version,
        .root_version = 1,
    };
}

static void note_last(struct test_device *device, const struct slw_heap_buffer *envelope)
{
    struct slw_dsse dsse;
    struct slw_detail detail;
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    if (slw_dsse_parse("report", slw_heap_bytes(envelope), &dsse, &detail) != SLW_OK) {
        return;
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, dsse.payload);
    slw_sha256_final(&hash, digest);
    slw_dsse_free(&dsse);
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(device->last + 2 * i, 3, "%02x", digest[i]);
    }
}

long test_device_send(struct test_device *device, const struct slw_fleet_report *report,
                      struct test_answer *ret_answer)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    int64_t sequence = report->sequence;
    if (slw_fleet_report_make(report, device->key, &envelope, &detail) != SLW_OK) {
        printf("# %s\n", detail.text);
    }
    test_device_post(device, "report", slw_heap_bytes(&envelope), ret_answer);
    if (ret_answer->status == 200) {
        device->sequence = sequence;
        note_last(device, &envelope);
        copy_text(ret_answer, "nonce", device->nonce, sizeof device->nonce);
    }
    slw_heap_free(&envelope);
    return ret_answer->status;
}

long test_device_say(struct test_device *device)
{
    struct test_answer answer;
    long status = test_device_check_in(device, &answer);
    test_answer_free(&answer);
    if (status != 200) {
        return status;
    }
    struct slw_fleet_report report = test_device_report(device, SLW_FLEET_STATE);
    status = test_device_send(device, &report, &answer);
    test_answer_free(&answer);
    return status;
}

bool test_enrolment_token(const struct test_depot *depot, const char *product, const char *json,
                          char ret_token[static 80])
{
    char path[256];
    struct test_answer answer;
    (void)snprintf(path, sizeof path, "/api/v1/products/%s/enrolment-tokens", product);
    test_call(depot, "POST", path, json, &answer);
    bool made = answer.status == 201;
    copy_text(&answer, "token", ret_token, 80);
    test_answer_free(&answer);
    return made;
}

const char *test_reason(const struct test_answer *answer, char buffer[static 32])
{
    copy_text(answer, "reason", buffer, 32);
    return buffer;
}
