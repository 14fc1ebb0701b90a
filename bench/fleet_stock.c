/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tools/bench-fleet has devices say to a depot, as http_load sends it: check-ins, and reports
 * that are signed beforehand, each by its device's own key, so that making them isn't measured.
 * Prints requests; with reports, writes the SQL that gives the devices those keys to a file.
 *
 *     fleet_stock checkins DEVICES COUNT
 *         of devices all over the fleet, that report nothing new
 *     fleet_stock reports SECRET-FILE DEVICES EACH SQL-FILE
 *         every device's first, every device's second …
 *
 * Device N of the product lamp is `device-N` with eight digits, as that script puts it into the
 * database. Nonces are made of the depot's secret: they are good for ten minutes.
 */
#include "slipway/files.h"
#include "slipway/fleet.h"
#include "slipway/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVICES_MAX 100000000u
#define KEYS_MAX 20000u
#define SECRET_FILE_MAX 4096u
#define VERSION 7
#define SCATTERING 2654435761u /* a prime */

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "fleet_stock: %s\n", what);
    exit(EXIT_FAILURE);
}

static unsigned long number(const char *text, unsigned long most)
{
    unsigned long value = strtoul(text, NULL, 10);
    if (value == 0 || value > most) {
        fail("a number that is too small, or too large");
    }
    return value;
}

static void print_request(const char *head, struct slw_bytes body)
{
    (void)printf("%zu\n%s", strlen(head) + body.len, head);
    if (body.len > 0) {
        (void)fwrite(body.ptr, 1, body.len, stdout);
    }
}

/* Each device in its turn, and none twice before all had theirs, but nowhere near the one before: a
 * prime has no factor in common with their number. The secret of all of them, and the digits of
 * their last report, are the script's too. */
static void print_checkins(unsigned long devices, unsigned long count)
{
    char head[512];
    for (unsigned long i = 0; i < count; i++) {
        (void)snprintf(head, sizeof head,
                       "GET /device/v1/lamp/device-%08lu"
                       "/checkin?e=1&v=%d&s=4242424242424242 HTTP/1.1\r\n"
                       "Host: depot.example\r\nAuthorization: Bearer "
                       "5e4f7d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3928170\r\n"
                       "User-Agent: slipway\r\nAccept: application/json\r\n\r\n",
                       i * SCATTERING % devices + 1, VERSION);
        print_request(head, slw_bytes_make("", 0));
    }
}

/* As the depot makes it of the file: core/services.c. */
static void read_secret(const char *path, uint8_t ret_secret[static 32])
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    struct slw_sha256 hash;
    if (slw_file_read(path, SECRET_FILE_MAX, &text, &detail) != SLW_OK) {
        fail(detail.text);
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("slipway depot secret v1\n"));
    slw_sha256_update(&hash, slw_heap_bytes(&text));
    slw_sha256_final(&hash, ret_secret);
    slw_heap_free(&text);
}

static struct slw_private_key *make_key(FILE *sql, unsigned long device)
{
    struct slw_private_key *key = NULL;
    struct slw_heap_buffer pem = {0};
    struct slw_detail detail = {""};
    if (slw_private_key_generate(SLW_KEY_TYPE_P256, &key, &detail) != SLW_OK ||
        slw_public_key_format(slw_private_key_public(key), &pem, &detail) != SLW_OK) {
        fail(detail.text);
    }
    (void)fprintf(sql,
                  "UPDATE devices SET key_pem = '%s' WHERE product = 'lamp' AND id = "
                  "'device-%08lu';\n",
                  slw_heap_text(&pem), device);
    slw_heap_free(&pem);
    return key;
}

/* It rolls back and forth, so that every report is news. */
static void print_report(const uint8_t secret[static 32], const struct slw_private_key *key,
                         unsigned long device, unsigned long sequence)
{
    static const uint8_t digest[] =
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    char id[32];
    char head[256];
    char nonce[SLW_FLEET_NONCE_SIZE];
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    (void)snprintf(id, sizeof id, "device-%08lu", device);
    slw_fleet_nonce_make(secret, SLW_BYTES_OF("lamp"), slw_bytes_make(id, strlen(id)), 1,
                         (int64_t)time(NULL), nonce);
    const struct slw_fleet_slot slots[] = {
        {SLW_BYTES_OF("app"), SLW_BYTES_OF("A"), slw_bytes_make(digest, 64), VERSION},
        {SLW_BYTES_OF("app"), SLW_BYTES_OF("B"), slw_bytes_make(digest, 64), VERSION - 1},
    };
    const struct slw_fleet_report report = {
        .product = SLW_BYTES_OF("lamp"),
        .device = slw_bytes_make(id, strlen(id)),
        .nonce = slw_bytes_make(nonce, strlen(nonce)),
        .epoch = 1,
        .sequence = (int64_t)sequence + 1,
        .time_s = 1,
        .kind = SLW_FLEET_STATE,
        .version = VERSION + (int64_t)(sequence % 2),
        .root_version = 1,
        .slots = slots,
        .slots_count = 2,
    };
    if (slw_fleet_report_make(&report, key, &envelope, &detail) != SLW_OK) {
        fail(detail.text);
    }
    (void)snprintf(head, sizeof head,
                   "POST /device/v1/lamp/%s/report HTTP/1.1\r\nHost: depot.example\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                   id, envelope.len);
    print_request(head, slw_heap_bytes(&envelope));
    slw_heap_free(&envelope);
}

static void print_reports(const char *secret_file, unsigned long devices, unsigned long each,
                          const char *sql_file)
{
    uint8_t secret[32];
    struct slw_private_key **keys = calloc(devices, sizeof *keys);
    FILE *sql = fopen(sql_file, "we");
    if (keys == NULL || sql == NULL) {
        fail("no memory, or the SQL can't be written");
    }
    read_secret(secret_file, secret);
    (void)fputs("BEGIN;\n", sql);
    for (unsigned long i = 0; i < devices; i++) {
        keys[i] = make_key(sql, i + 1);
    }
    (void)fputs("COMMIT;\n", sql);
    if (fclose(sql) != 0) {
        fail("the SQL can't be written");
    }
    for (unsigned long i = 0; i < devices * each; i++) {
        print_report(secret, keys[i % devices], i % devices + 1, i / devices + 1);
    }
    for (unsigned long i = 0; i < devices; i++) {
        slw_private_key_free(keys[i]);
    }
    free(keys);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "checkins") == 0) {
        print_checkins(number(argv[2], DEVICES_MAX), number(argv[3], 1u << 21));
    } else if (argc == 6 && strcmp(argv[1], "reports") == 0) {
        print_reports(argv[2], number(argv[3], KEYS_MAX), number(argv[4], 1000), argv[5]);
    } else {
        fail("usage: fleet_stock checkins DEVICES COUNT | reports SECRET-FILE DEVICES EACH "
             "SQL-FILE");
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
