/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What taking reports of devices costs at least: so many signature checks, and so many rows of the
 * depot's own tables, many to a statement, durable. tools/bench-fleet runs it on the database that
 * a depot has just had.
 *
 *     fleet_least sqlite:PATH|postgresql://… DEVICES REPORTS        prints "CHECKS-PER-S
 * ROWS-PER-S"
 */
#include "slipway/database.h"
#include "slipway/heap.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 200u /* of one statement */
#define PARAMETERS 13u
#define CHECKS_MAX 20000u

static const char slots[] =
    "[{\"name\":\"app\",\"slot\":\"A\",\"version\":7,\"sha256\":"
    "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"},{\"name\":\"app\","
    "\"slot\":\"B\",\"version\":6,\"sha256\":"
    "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}]";
static const char answer[] =
    "{\"next_s\":60,\"nonce\":\"0000000069299a3c5f1d0a2b3c4d5e6f708192a3b4c5d6e7\"}";
static const char data[] =
    "{\"version\":7,\"root_version\":1,\"boot_state\":\"confirmed\",\"device_time\":1,\"slots\":"
    "[{\"name\":\"app\",\"slot\":\"A\",\"version\":7,\"sha256\":"
    "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"},{\"name\":\"app\","
    "\"slot\":\"B\",\"version\":6,\"sha256\":"
    "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}]}";

static struct {
    struct slw_database *database;
    struct slw_heap_buffer devices, history; /* the statements */
    struct slw_sql_value values[ROWS * PARAMETERS], lines[ROWS * 4];
    char ids[ROWS][32];
    uint8_t digest[32];
    unsigned long count; /* of devices */
    unsigned long next;  /* report */
} bench;

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fleet_least: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* ROWS rows of a statement, count parameters each behind what is the same in all. */
static void put_rows(struct slw_heap_buffer *sql, const char *before, unsigned count,
                     const char *behind)
{
    for (unsigned i = 0; i < ROWS; i++) {
        slw_heap_printf(sql, "%s(%s", i == 0 ? "" : ", ", before);
        for (unsigned j = 0; j < count; j++) {
            slw_heap_printf(sql, ", $%u", i * count + j + 1);
        }
        slw_heap_printf(sql, "%s)", behind);
    }
}

static void write_statements(void)
{
    slw_heap_append_text(
        &bench.devices,
        "INSERT INTO devices (product, id, sequence, report, report_answer, reported_us, version, "
        "root_version, boot_state, slots, healthy, utc_offset_s, attributes, epoch, state, "
        "key_pem, new_key_pem, restores, class, hardware, channel, tags, pin, log_wanted, made_us) "
        "VALUES ");
    put_rows(&bench.devices, "'lamp'", PARAMETERS,
             ", 'enrolled', '', '', 0, 'prod', 'lamp-1', 'stable', '[]', 0, 0, 1");
    slw_heap_append_text(
        &bench.devices,
        " ON CONFLICT (product, id) DO UPDATE SET sequence = excluded.sequence, report = "
        "excluded.report, report_answer = excluded.report_answer, reported_us = "
        "excluded.reported_us, version = excluded.version, root_version = excluded.root_version, "
        "boot_state = excluded.boot_state, slots = excluded.slots, healthy = excluded.healthy, "
        "utc_offset_s = excluded.utc_offset_s, attributes = excluded.attributes");
    slw_heap_append_text(&bench.history,
                         "INSERT INTO device_history (product, kind, release, "
                         "rollout, epoch, device, sequence, time_us, data) VALUES ");
    put_rows(&bench.history, "'lamp', 'state', 0, 0, 1", 4, "");
    require(bench.devices.status == SLW_OK && bench.history.status == SLW_OK, "no memory");
}

static struct slw_sql_value text(const char *value)
{
    return slw_sql_text(slw_bytes_make(value, strlen(value)));
}

/* Each device in turn, as its reports come. */
static void fill(unsigned at)
{
    unsigned long report = bench.next + at;
    int64_t sequence = 1000000 + (int64_t)(report / bench.count);
    (void)snprintf(bench.ids[at], sizeof bench.ids[at], "device-%08lu", report % bench.count + 1);
    const struct slw_sql_value values[PARAMETERS] = {
        text(bench.ids[at]),
        slw_sql_int(sequence),
        slw_sql_blob(slw_bytes_make(bench.digest, sizeof bench.digest)),
        text(answer),
        slw_sql_int((int64_t)report),
        slw_sql_int(7 + sequence % 2),
        slw_sql_int(1),
        text("confirmed"),
        text(slots),
        slw_sql_int(1),
        slw_sql_int(0),
        text("{}"),
        slw_sql_int(1),
    };
    const struct slw_sql_value line[] = {values[0], values[1], values[4], text(data)};
    memcpy(&bench.values[(size_t)at * PARAMETERS], values, sizeof values);
    memcpy(&bench.lines[(size_t)at * 4], line, sizeof line);
}

static enum slw_status upsert(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    (void)context;
    SLW_TRY(slw_sql_run(transaction, slw_heap_text(&bench.devices), bench.values,
                        (size_t)ROWS * PARAMETERS, NULL, detail));
    return slw_sql_run(transaction, slw_heap_text(&bench.history), bench.lines, (size_t)ROWS * 4,
                       NULL, detail);
}

static double measure_rows(unsigned long reports)
{
    struct slw_detail detail = {""};
    double begun = now();
    while (bench.next < reports) {
        for (unsigned i = 0; i < ROWS; i++) {
            fill(i);
        }
        require(slw_database_transact(bench.database, SLW_DATABASE_WRITE, upsert, NULL, &detail) ==
                    SLW_OK,
                detail.text);
        bench.next += ROWS;
    }
    return (double)bench.next / (now() - begun);
}

/* The library's own, with a key that is ready, of a message as long as a report is. */
static double measure_checks(unsigned long count)
{
    static const uint8_t message[900];
    uint8_t signature[128];
    size_t len = sizeof signature;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(key != NULL && context != NULL &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &len, message, sizeof message) == 1,
            "can't sign");
    double begun = now();
    for (unsigned long i = 0; i < count; i++) {
        require(EVP_MD_CTX_reset(context) == 1 &&
                    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestVerify(context, signature, len, message, sizeof message) == 1,
                "can't verify");
    }
    double rate = (double)count / (now() - begun);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return rate;
}

int main(int argc, char **argv)
{
    struct slw_detail detail = {""};
    require(argc == 4, "usage: fleet_least URL DEVICES REPORTS");
    unsigned long reports = strtoul(argv[3], NULL, 10);
    bench.count = strtoul(argv[2], NULL, 10);
    require(bench.count > ROWS && reports > 0, "too few devices, or reports");
    require(slw_database_open(argv[1], NULL, &bench.database, &detail) == SLW_OK, detail.text);
    write_statements();
    double checks = measure_checks(reports < CHECKS_MAX ? reports : CHECKS_MAX);
    (void)printf("%.0f %.0f\n", checks, measure_rows(reports));
    slw_heap_free(&bench.devices);
    slw_heap_free(&bench.history);
    slw_database_close(bench.database);
    return EXIT_SUCCESS;
}
