/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runner whose depot lies, or was taken over: bundles that aren't the build's, jobs that aren't
 * what the machine was set up for, leases that are over. The depot here is a server of the test's,
 * for the real one doesn't lie. What is told and what was uploaded is what counts.
 */
#include "part.h"

#include "slipway/http_server.h"
#include "slipway/text.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLES "spec/vectors/bundles/"
#define GOOD BUNDLES "g01_one_target.pb"
#define BUNDLE_MAX (1u << 20)

static struct slw_detail detail;
static char directory[] = "/tmp/slipway-runner-lies-XXXXXX";
static char path[80];
static struct slw_runner_settings settings;
static char build[2 * SLW_SHA256_SIZE + 1]; /* of GOOD */

/* --- The depot --- */

static struct {
    pthread_mutex_t lock;
    struct slw_http_server *server;
    struct slw_heap_buffer bundle;
    unsigned beat_status; /* of the answer to a heartbeat */
    bool cancelled;
    unsigned bundles, artifacts, results, finishes;
    struct slw_heap_buffer finished; /* body of the last one */
} lying = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void answer(struct slw_http_exchange *exchange, unsigned status, const char *text)
{
    struct slw_heap_buffer json = {0};
    slw_heap_append_text(&json, text);
    slw_http_answer_json(exchange, status, &json);
}

static void beat(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    (void)pthread_mutex_lock(&lying.lock);
    unsigned status = lying.beat_status;
    bool cancelled = lying.cancelled;
    (void)pthread_mutex_unlock(&lying.lock);
    if (status == 200) {
        answer(exchange, 200, cancelled ? "{\"cancelled\":true}" : "{\"cancelled\":false}");
    } else {
        slw_http_refuse_as(exchange, status, SLW_WRONG_STATE, "this job isn't yours");
    }
}

static void finish(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    (void)pthread_mutex_lock(&lying.lock);
    lying.finishes++;
    slw_heap_free(&lying.finished);
    slw_heap_append(&lying.finished, slw_http_body(exchange));
    (void)pthread_mutex_unlock(&lying.lock);
    answer(exchange, 200, "{}");
}

static void send_bundle(void *context, struct slw_http_exchange *exchange)
{
    struct slw_heap_buffer bytes = {0};
    (void)context;
    (void)pthread_mutex_lock(&lying.lock);
    lying.bundles++;
    slw_heap_append(&bytes, slw_heap_bytes(&lying.bundle));
    (void)pthread_mutex_unlock(&lying.lock);
    slw_http_answer_bytes(exchange, 200, "application/octet-stream", &bytes);
}

static void know_no_blob(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    slw_http_refuse_as(exchange, 404, SLW_NOT_FOUND, "there is no such blob");
}

/* All of them are one piece. */
static void take_blob(void *context, struct slw_http_exchange *exchange)
{
    char offset[24];
    (void)context;
    (void)snprintf(offset, sizeof offset, "%zu", slw_http_body(exchange).len);
    slw_http_set_header(exchange, "Upload-Offset", offset);
    slw_http_answer_empty(exchange, 201);
}

static void take_artifact(void *context, struct slw_http_exchange *exchange)
{
    struct slw_heap_buffer body = {0};
    (void)context;
    slw_heap_append(&body, slw_http_body(exchange));
    (void)pthread_mutex_lock(&lying.lock);
    lying.artifacts++;
    lying.results += strstr(slw_heap_text(&body), "\"test-result\"") != NULL ? 1 : 0;
    (void)pthread_mutex_unlock(&lying.lock);
    slw_heap_drop(&body);
    answer(exchange, 201, "{}");
}

static const struct slw_http_route routes[] = {
    {"POST", "/api/v1/products/{product}/jobs/{job}/heartbeat", beat, 4096, 0},
    {"POST", "/api/v1/products/{product}/jobs/{job}/finish", finish, 4096, 0},
    {"GET", "/api/v1/products/{product}/builds/{build}/bundle", send_bundle, 0, 0},
    {"HEAD", "/api/v1/blobs/{sha256}", know_no_blob, 0, 0},
    {"PATCH", "/api/v1/blobs/{sha256}", take_blob, BUNDLE_MAX, 0},
    {"POST", "/api/v1/products/{product}/artifacts", take_artifact, 4096, 0},
};

/* Forgets what it was told, and sends this as every build's bundle. */
static bool lie(const char *bundle)
{
    (void)pthread_mutex_lock(&lying.lock);
    lying.beat_status = 200;
    lying.cancelled = false;
    lying.bundles = lying.artifacts = lying.results = lying.finishes = 0;
    slw_heap_free(&lying.finished);
    slw_heap_free(&lying.bundle);
    bool good = slw_file_read(bundle, BUNDLE_MAX, &lying.bundle, &detail) == SLW_OK;
    (void)pthread_mutex_unlock(&lying.lock);
    return good;
}

static bool finished_with(const char *text)
{
    bool is_so = strstr(slw_heap_text(&lying.finished), text) != NULL;
    if (!is_so) {
        (void)printf("# %s\n", slw_heap_text(&lying.finished));
    }
    return is_so;
}

/* --- The runner --- */

static int never[2]; /* nothing comes out of it: nobody stops the runner */

static void say(void *context, const char *line)
{
    (void)context;
    (void)printf("# %s\n", line);
}

static struct runner_lease lease_of(const char *job)
{
    struct runner_lease lease = {
        .id = 7, .attempt = 1, .kind = SLW_RUNNER_TEST, .product = "lamp", .secret = "s3"};
    slw_text_copy(slw_text_bytes(job), sizeof lease.job, lease.job);
    slw_text_copy(slw_text_bytes(build), sizeof lease.build, lease.build);
    return lease;
}

/* How it ended; 0 when this machine can't make jails. */
static enum slw_runner_outcome work(const struct runner_lease *lease)
{
    static const struct slw_runner_watcher watcher = {.say = say};
    struct runner runner = {.settings = &settings, .watcher = &watcher, .stop = never[0]};
    enum slw_runner_outcome outcome = (enum slw_runner_outcome)0;
    if (runner_find_user(&runner, &detail) != SLW_OK ||
        runner_client_new(&settings, &runner.client, &detail) != SLW_OK) {
        (void)printf("# %s\n", detail.text);
        return (enum slw_runner_outcome)0;
    }
    enum slw_status status = runner_work(&runner, lease, &outcome, &detail);
    slw_http_client_free(runner.client);
    return status == SLW_OK ? outcome : (enum slw_runner_outcome)0;
}

/* --- Cases --- */

static bool jails_work(void)
{
    const struct runner_lease lease = lease_of("echo");
    return lie(GOOD) && work(&lease) == SLW_RUNNER_PASSED;
}

#define NEEDS_JAILS()                                                                              \
    do {                                                                                           \
        if (!jails_work()) {                                                                       \
            TAP_SKIP("this system doesn't let a user make namespaces with a /proc");               \
        }                                                                                          \
    } while (0)

static void says_what_it_found_about_the_build(void)
{
    NEEDS_JAILS();
    /* The job's output, and the result. */
    TAP_EQUAL_INT(lying.artifacts, 2);
    TAP_EQUAL_INT(lying.results, 1);
    TAP_CHECK(finished_with("\"outcome\":\"passed\""));
}

static void notices_that_a_bundle_is_another_builds(void)
{
    static const struct {
        const char *bundle, *why;
    } lies[] = {
        {BUNDLES "g03_many_targets.pb", "the depot sent another build's bundle"},
        {BUNDLES "g02_with_root_same.pb", "the depot sent another build's bundle"},
        {BUNDLES "b21_payload_changed.pb", "bundle: "}, /* the good one's metadata */
        {BUNDLES "b23_missing_payload.pb", "the depot sent another build's bundle"},
        {BUNDLES "c03_truncated_120.pb", "bundle: "},
        {BUNDLES "b93_empty_file.pb", "bundle: "},
        {BUNDLES "b91_no_targets_metadata.pb", "bundle: "},
    };
    const struct runner_lease lease = lease_of("echo");
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        TAP_ROW(lies[i].bundle);
        TAP_REQUIRE(lie(lies[i].bundle));
        TAP_EQUAL_INT(work(&lease), SLW_RUNNER_ERROR);
        TAP_EQUAL_INT(lying.bundles, 1);
        TAP_CHECK(finished_with("\"outcome\":\"error\"") && finished_with(lies[i].why));
        /* It ran nothing, so that nothing was printed, and said nothing of it. */
        TAP_EQUAL_INT(lying.artifacts, 0);
    }
    TAP_ROW(NULL);
}

static void does_what_it_was_set_up_for_and_nothing_else(void)
{
    struct runner_lease lease = lease_of("deploy");
    TAP_REQUIRE(lie(GOOD));
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_ERROR);
    TAP_CHECK(finished_with("no such job for this product"));
    lease = lease_of("echo");
    slw_text_copy(SLW_BYTES_OF("door"), sizeof lease.product, lease.product);
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_ERROR);
    TAP_CHECK(finished_with("no such job for this product"));
    lease = lease_of("echo");
    lease.kind = SLW_RUNNER_BUILD;
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_ERROR);
    TAP_CHECK(finished_with("as a job of another kind"));
    TAP_EQUAL_INT(lying.finishes, 3);
    TAP_EQUAL_INT(lying.bundles + lying.artifacts, 0);
}

static void ends_when_its_lease_is_over_or_it_is_cancelled(void)
{
    const struct runner_lease lease = lease_of("sleep");
    NEEDS_JAILS();
    TAP_REQUIRE(lie(GOOD));
    lying.beat_status = 409;
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_LOST);
    TAP_EQUAL_INT(lying.finishes + lying.artifacts, 0);
    TAP_REQUIRE(lie(GOOD));
    lying.cancelled = true;
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_CANCELLED);
    TAP_CHECK(finished_with("\"outcome\":\"cancelled\""));
    TAP_EQUAL_INT(lying.artifacts, 0);
}

/* The settings' time is this machine's; what the depot says can only shorten it. */
static void takes_no_longer_than_it_may(void)
{
    struct runner_lease lease = lease_of("sleep");
    NEEDS_JAILS();
    TAP_REQUIRE(lie(GOOD));
    lease.timeout_s = 1;
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_ERROR);
    TAP_CHECK(finished_with("longer than it may"));
    lease = lease_of("nap");
    lease.timeout_s = 20;
    TAP_EQUAL_INT(work(&lease), SLW_RUNNER_ERROR);
    TAP_CHECK(finished_with("longer than it may"));
    TAP_EQUAL_INT(lying.results, 0);
}

/* --- */

/* Whoever jobs run as has to reach their place, and the keys are nobody else's. */
static bool set_up(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer key = {0};
    if (mkdtemp(directory) == NULL || chmod(directory, 0711) != 0 || pipe(never) != 0 ||
        slw_file_read("spec/vectors/keys/targets1.pem", BUNDLE_MAX, &key, &detail) != SLW_OK) {
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/key", directory);
    bool good = slw_file_write(path, SLW_OUTPUT_PRIVATE, slw_heap_bytes(&key), &detail) == SLW_OK;
    (void)snprintf(path, sizeof path, "%s/token", directory);
    good = good &&
           slw_file_write(path, SLW_OUTPUT_PRIVATE, SLW_BYTES_OF("slw_1_s\n"), &detail) == SLW_OK;
    slw_heap_printf(&text,
                    "[runner]\ndepot = %s\ntoken-file = %s/token\nname = bench-1\n"
                    "products = lamp\nwork = %s/work\n%s",
                    slw_http_server_address(lying.server), directory, directory,
                    geteuid() == 0 ? "user = nobody\n" : "");
    static const char *const jobs[][2] = {{"echo", "/bin/echo it ran"},
                                          {"sleep", "/bin/sleep 20"},
                                          {"nap", "/bin/sleep 5\ntimeout-s = 1"}};
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        slw_heap_printf(&text,
                        "[job %s]\nkind = test\ncommand = %s\nkey = %s/key\nmemory-mb = 64\n"
                        "files-mb = 4\nprocesses = 32\n",
                        jobs[i][0], jobs[i][1], directory);
    }
    (void)snprintf(path, sizeof path, "%s/work", directory);
    good = good && mkdir(path, 0711) == 0;
    (void)snprintf(path, sizeof path, "%s/runner.conf", directory);
    good = good &&
           slw_file_write(path, SLW_OUTPUT_PRIVATE, slw_heap_bytes(&text), &detail) == SLW_OK &&
           slw_runner_settings_read(path, &settings, &detail) == SLW_OK;
    slw_heap_drop(&text);
    slw_heap_drop(&key);
    return good;
}

static bool measure_good(void)
{
    struct slw_file_source source;
    uint8_t content[SLW_SHA256_SIZE];
    if (slw_file_source_open(GOOD, &source, &detail) != SLW_OK) {
        return false;
    }
    bool good = runner_measure("bundle", &source.source, content, NULL, &detail) == SLW_OK;
    slw_file_source_close(&source);
    for (size_t i = 0; good && i < sizeof content; i++) {
        (void)snprintf(build + 2 * i, 3, "%02x", content[i]);
    }
    return good;
}

int main(void)
{
    const struct slw_http_settings at = {.listen = "127.0.0.1:0"};
    (void)setenv("no_proxy", "*", 1);
    if (slw_http_server_start(&at, routes, sizeof routes / sizeof routes[0], NULL, &lying.server,
                              &detail) != SLW_OK ||
        !set_up() || !measure_good()) {
        (void)printf("Bail out! %s\n", detail.text);
        return 1;
    }
    TAP_RUN(says_what_it_found_about_the_build);
    TAP_RUN(notices_that_a_bundle_is_another_builds);
    TAP_RUN(does_what_it_was_set_up_for_and_nothing_else);
    TAP_RUN(ends_when_its_lease_is_over_or_it_is_cancelled);
    TAP_RUN(takes_no_longer_than_it_may);
    slw_http_server_stop(lying.server, 0);
    slw_runner_settings_free(&settings);
    slw_heap_drop(&lying.bundle);
    slw_heap_drop(&lying.finished);
    (void)close(never[0]);
    (void)close(never[1]);
    remove_tree(directory);
    return tap_finish();
}
