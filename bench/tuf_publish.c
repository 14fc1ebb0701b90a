/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a TUF repository is published: everything at once, artifact by artifact, and in batches,
 * each durable when it returns; beside hashing once and writing with fsync the same bytes, in the
 * same run. Artifacts are given by hash and length, keys are P-256 keys of files. Also what a
 * client fetches after one more artifact. tools/bench runs it, and reads its objects, one a line.
 *
 *     tuf_publish DIRECTORY ARTIFACTS BITS      2^BITS hash bins
 *     tuf_publish --memory DIRECTORY ARTIFACTS BITS
 *                                               the peak of memory of the first publish alone
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "slipway/tuf_client.h"
#include "slipway/tuf_writer.h"

#define SINGLES 41u /* publishes of one artifact */
#define BATCHES 5u  /* of each size */
#define BATCH_SIZES 2u
#define KEYS 5u
#define PATH_SIZE 4096u
#define CUSTOM "{\"release\":\"1.0.0\"}"

static const uint32_t BATCH_SIZE[BATCH_SIZES] = {1000, 10000};

static struct slw_detail detail;

struct bench {
    const char *directory;
    uint32_t artifacts;
    uint32_t bits;
    uint32_t next; /* number of the next artifact */
    struct slw_private_key *keys[KEYS];
    struct slw_tuf_key_provider provider;
    struct slw_directory_storage *storage;
    struct slw_tuf_writer_options options;
    struct slw_tuf_writer *writer;
    struct slw_tuf_published published;
    double first_s;
    double first_limit_s;
    uint64_t first_bytes;
    double single_s;
    double single_limit_s;
    double batch_s[BATCH_SIZES]; /* an artifact */
    uint64_t client_bytes;
};

static void need(enum slw_status status, const char *what)
{
    if (status != SLW_OK) {
        (void)fprintf(stderr, "tuf_publish: %s: %s: %s\n", what, slw_status_word(status),
                      detail.text);
        exit(EXIT_FAILURE);
    }
}

static void need_call(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

/* Of the wall: a disk is waited for. */
static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int compare(const void *left, const void *right)
{
    double one = *(const double *)left;
    double other = *(const double *)right;
    return (one > other) - (one < other);
}

static double median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
    return times[count / 2];
}

/* The roles' keys, each of them in a file of the provider's. */
static struct slw_tuf_role_keys make_key(struct bench *bench, unsigned at)
{
    need(slw_private_key_generate(SLW_KEY_TYPE_P256, &bench->keys[at], &detail), "a key");
    return (struct slw_tuf_role_keys){slw_private_key_public(bench->keys[at]), 1, 1};
}

static void begin(struct bench *bench)
{
    static const char *const names[KEYS] = {"root", "timestamp", "snapshot", "targets", "bins*"};
    struct slw_tuf_init init = {0};
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        init.roles[i] = make_key(bench, i);
    }
    (void)make_key(bench, KEYS - 1);
    const struct slw_tuf_file_keys keys = {
        names, (const struct slw_private_key *const *)bench->keys, KEYS};
    need(slw_tuf_file_provider_new(&keys, &bench->provider, &detail), "the provider");
    need(slw_directory_storage_open(bench->directory, true, &bench->storage, &detail), "storage");
    bench->options = (struct slw_tuf_writer_options){
        .storage = slw_directory_storage_port(bench->storage),
        .lease = slw_directory_storage_lease(bench->storage),
        .holder = "bench",
        .provider = &bench->provider,
    };
    need(slw_tuf_writer_init(&bench->options, &init, &detail), "init");
    need(slw_tuf_writer_open(&bench->options, &bench->writer, &detail), "open");
    need(slw_tuf_writer_publish(bench->writer, &bench->published, &detail), "publish");
}

static void end(struct bench *bench)
{
    slw_tuf_writer_close(bench->writer);
    slw_directory_storage_close(bench->storage);
    slw_tuf_file_provider_free(&bench->provider);
    for (unsigned i = 0; i < KEYS; i++) {
        slw_private_key_free(bench->keys[i]);
    }
}

/* As a factory's releases look: paths of some 40 bytes, in no order of their hashes. */
static size_t name_artifact(uint32_t number, char *path, size_t size)
{
    return (size_t)snprintf(path, size, "products/lamp-%u/%u.%u.%u/firmware.bundle", number % 97,
                            number / 10000, number / 100 % 100, number % 100);
}

static void add(struct bench *bench, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char path[64];
        uint32_t number = bench->next++;
        struct slw_tuf_artifact artifact = {
            .path = slw_bytes_make(path, name_artifact(number, path, sizeof path)),
            .length = 100000 + number,
            .custom = SLW_BYTES_OF(CUSTOM),
        };
        for (unsigned j = 0; j < SLW_SHA256_SIZE; j++) {
            artifact.sha256[j] = (uint8_t)(number * 2654435761u >> (j % 4 * 8));
        }
        need(slw_tuf_writer_add(bench->writer, SLW_BYTES_OF("targets"), &artifact, &detail), "add");
    }
}

static void publish(struct bench *bench)
{
    need(slw_tuf_writer_publish(bench->writer, &bench->published, &detail), "publish");
}

/* Bins and artifacts in one publish. */
static void publish_first(struct bench *bench)
{
    struct slw_tuf_delegate bins = {.name = SLW_BYTES_OF("bins"), .bit_length = bench->bits};
    bins.signers = (struct slw_tuf_role_keys){slw_private_key_public(bench->keys[KEYS - 1]), 1, 1};
    double start = now();
    need(slw_tuf_writer_delegate(bench->writer, SLW_BYTES_OF("targets"), &bins, &detail),
         "delegate");
    add(bench, bench->artifacts);
    publish(bench);
    bench->first_s = now() - start;
    bench->first_bytes = bench->published.metadata_bytes;
}

/* Hashes the bytes and writes them to a new file; with fsync unless the caller flushes once. */
static void write_once(int directory, const char *name, struct slw_bytes bytes, bool flush)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, digest);
    int file = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    need_call(file >= 0 && write(file, bytes.ptr, bytes.len) == (ssize_t)bytes.len &&
                  (!flush || fsync(file) == 0) && close(file) == 0,
              name);
}

static int open_limit(const struct bench *bench)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/limit", bench->directory);
    need_call(mkdir(path, 0755) == 0, path);
    int directory = open(path, O_RDONLY | O_DIRECTORY);
    need_call(directory >= 0, path);
    return directory;
}

/* The limit of the first publish: as many bytes in as many files, flushed once. */
static void measure_first_limit(struct bench *bench, int directory)
{
    uint32_t files = (1u << bench->bits) + 3;
    size_t size = bench->first_bytes / files;
    uint8_t *bytes = malloc(size + 1);
    need_call(bytes != NULL, "memory");
    memset(bytes, 'x', size);
    double start = now();
    for (uint32_t i = 0; i < files; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "first-%u", i);
        write_once(directory, name, slw_bytes_make(bytes, size), false);
    }
    need_call(syncfs(directory) == 0, "syncfs");
    bench->first_limit_s = now() - start;
    free(bytes);
}

static void read_metadata(const struct bench *bench, const char *name, struct slw_heap_buffer *text)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/metadata/%s", bench->directory, name);
    text->len = 0;
    need(slw_file_read(path, SIZE_MAX, text, &detail), name);
}

/* The limit of a publish of one artifact: what it wrote, with an fsync for each of the three files.
 */
static double time_limit(const struct bench *bench, int directory, uint32_t round)
{
    static struct slw_heap_buffer snapshot;
    static struct slw_heap_buffer timestamp;
    char name[64];
    (void)snprintf(name, sizeof name, "%" PRId64 ".snapshot.json",
                   bench->published.snapshot_version);
    read_metadata(bench, name, &snapshot);
    read_metadata(bench, "timestamp.json", &timestamp);
    size_t bin = bench->published.metadata_bytes - snapshot.len - timestamp.len;
    double start = now();
    (void)snprintf(name, sizeof name, "bin-%u", round);
    write_once(directory, name, slw_bytes_make(snapshot.ptr, bin), true);
    (void)snprintf(name, sizeof name, "snapshot-%u", round);
    write_once(directory, name, slw_heap_bytes(&snapshot), true);
    (void)snprintf(name, sizeof name, "timestamp-%u", round);
    write_once(directory, name, slw_heap_bytes(&timestamp), true);
    return now() - start;
}

static void publish_singles(struct bench *bench, int directory)
{
    double ours[SINGLES];
    double limit[SINGLES];
    for (uint32_t i = 0; i < SINGLES; i++) {
        double start = now();
        add(bench, 1);
        publish(bench);
        ours[i] = now() - start;
        limit[i] = time_limit(bench, directory, i);
    }
    bench->single_s = median(ours, SINGLES);
    bench->single_limit_s = median(limit, SINGLES);
}

static void publish_batches(struct bench *bench, unsigned size)
{
    double times[BATCHES];
    for (uint32_t i = 0; i < BATCHES; i++) {
        double start = now();
        add(bench, BATCH_SIZE[size]);
        publish(bench);
        times[i] = (now() - start) / BATCH_SIZE[size];
    }
    bench->batch_s[size] = median(times, BATCHES);
}

/* Passes requests on to a directory and counts what comes. */
struct counter {
    const struct slw_fetch_port *inner;
    const struct slw_fetch_sink *sink;
    uint64_t bytes;
};

static enum slw_status count_begin(void *context, uint64_t offset)
{
    const struct counter *counter = context;
    return counter->sink->begin(counter->sink->context, offset);
}

static enum slw_status count_write(void *context, struct slw_bytes piece)
{
    struct counter *counter = context;
    counter->bytes += piece.len;
    return counter->sink->write(counter->sink->context, piece);
}

static enum slw_status count_get(void *context, unsigned mirror,
                                 const struct slw_fetch_request *request,
                                 const struct slw_fetch_sink *sink, struct slw_detail *why)
{
    struct counter *counter = context;
    const struct slw_fetch_sink counting = {counter, count_begin, count_write};
    counter->sink = sink;
    return counter->inner->get(counter->inner->context, mirror, request, &counting, why);
}

/* Brings the client up to date and looks for the artifact that was added last. */
static void look(const struct bench *bench, struct slw_tuf_client *client)
{
    char path[64];
    struct slw_tuf_target target;
    size_t len = name_artifact(bench->next - 1, path, sizeof path);
    need(slw_tuf_client_refresh(client, &detail), "refresh");
    need(slw_tuf_client_find(client, slw_bytes_make(path, len), &target, &detail), "find");
}

static void count_client_bytes(struct bench *bench)
{
    char state[PATH_SIZE];
    struct slw_heap_buffer root = {0};
    struct slw_directory_fetcher *fetcher = NULL;
    struct slw_tuf_client *client = NULL;
    need(slw_directory_fetcher_new(bench->directory, &fetcher, &detail), "fetcher");
    struct counter counter = {.inner = slw_directory_fetcher_port(fetcher)};
    const struct slw_fetch_port port = {&counter, 1, count_get};
    struct slw_tuf_client_options options = {.metadata_directory = state, .fetch = &port};
    (void)snprintf(state, sizeof state, "%s/client", bench->directory);
    read_metadata(bench, "1.root.json", &root);
    need(slw_tuf_client_trust(state, "root", slw_heap_bytes(&root), SLW_TUF_KEY_IDS_CHECKED,
                              &detail),
         "trust");
    need(slw_tuf_client_open(&options, &client, &detail), "client");
    look(bench, client);
    add(bench, 1);
    publish(bench);
    counter.bytes = 0;
    look(bench, client);
    bench->client_bytes = counter.bytes;
    slw_tuf_client_free(client);
    slw_directory_fetcher_free(fetcher);
    slw_heap_free(&root);
}

static void print(const struct bench *bench, const char *what, double value, const char *unit,
                  const char *against)
{
    (void)printf("{\"name\": \"TUF, %u bins: %s\", \"value\": %.3f, \"unit\": \"%s\", \"against\": "
                 "\"%s\"}\n",
                 1u << bench->bits, what, value, unit, against);
}

static void print_all(const struct bench *bench)
{
    static const char once[] = "hashing once and writing with fsync the same bytes";
    char what[80];
    (void)snprintf(what, sizeof what, "first publish of %u artifacts", bench->artifacts);
    print(bench, what, bench->artifacts / bench->first_s, "/s", once);
    print(bench, "first publish, time", bench->first_s / bench->first_limit_s, "x", once);
    print(bench, "publish of one artifact, time", bench->single_s / bench->single_limit_s, "x",
          once);
    print(bench, "publishes of one artifact", 1 / bench->single_s, "/s", once);
    for (unsigned i = 0; i < BATCH_SIZES; i++) {
        (void)snprintf(what, sizeof what, "batches of %u artifacts", BATCH_SIZE[i]);
        print(bench, what, 1 / bench->batch_s[i], "/s", "one artifact a publish");
    }
    print(bench, "a client after one more artifact", (double)bench->client_bytes / 1000, "kB",
          "fetching what changed");
}

static void print_memory(const struct bench *bench)
{
    struct rusage usage;
    char what[80];
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)snprintf(what, sizeof what, "peak memory, %u artifacts at once", bench->artifacts);
    print(bench, what, (double)usage.ru_maxrss / 1024, "MiB", "1 GiB");
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    bool memory = argc == 5 && strcmp(argv[1], "--memory") == 0;
    if (argc != 4 && !memory) {
        (void)fprintf(stderr, "usage: tuf_publish [--memory] DIRECTORY ARTIFACTS BITS\n");
        return 2;
    }
    bench.directory = argv[argc - 3];
    bench.artifacts = (uint32_t)strtoul(argv[argc - 2], NULL, 10);
    bench.bits = (uint32_t)strtoul(argv[argc - 1], NULL, 10);
    begin(&bench);
    publish_first(&bench);
    if (memory) {
        print_memory(&bench);
    } else {
        int directory = open_limit(&bench);
        measure_first_limit(&bench, directory);
        publish_singles(&bench, directory);
        for (unsigned i = 0; i < BATCH_SIZES; i++) {
            publish_batches(&bench, i);
        }
        count_client_bytes(&bench);
        (void)close(directory);
        print_all(&bench);
    }
    end(&bench);
    return EXIT_SUCCESS;
}
