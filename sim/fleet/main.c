/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fleet simulator: so many devices in one process, each with a key of its own, a virtual device
 * with the real verifier, and a TUF client, members of a real depot over HTTPS by the code of
 * `slipway device connect`. What the depot is told to do meanwhile is somebody else's; the
 * simulator prints what it saw. docs/FLEET.md has what came out.
 *
 *     fleet --depot https://127.0.0.1:8443 --ca-file ca.pem --root root.json --factory-root root.pb
 *           --enrolment-token-file token --directory DIR --product lamp --hardware lamp-1
 *           --devices 1000 --for 60 --events events.jsonl --states states.jsonl
 *
 * --faulty, --reboots, --drops, --deaths, --wrong-clocks and --share-2 are in thousandths
 * (fleet.h).
 *
 * Ends after --for seconds, or with SIGTERM; then every device is asked what it runs, by its link,
 * whatever the depot believes.
 */
#include "fleet.h"

#include "slipway/files.h"
#include "slipway/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define ROOT_MAX 1048576u
#define SLOT_SIZE 65536u
#define KEPT 1000u
#define DESCRIPTORS_EACH 4u /* of an agent that goes on: a connection, two of libcurl, and room */

static volatile sig_atomic_t stopped;

static void note_signal(int number)
{
    stopped = number;
}

struct paths {
    const char *factory_root, *events, *states;
};

enum option_kind { TEXT, NUMBER };

/* --- The command line --- */

struct fleet_option {
    const char *name;
    enum option_kind kind;
    void *place; /* const char **, unsigned * */
    unsigned most;
    bool required;
};

static bool read_number(const char *text, unsigned most, unsigned *ret_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > most) {
        return false;
    }
    *ret_number = (unsigned)number;
    return true;
}

static bool read_options(int count, char **words, const struct fleet_option *options,
                         size_t options_count)
{
    for (int i = 1; i < count; i++) {
        size_t o = 0;
        for (; o < options_count &&
               (strncmp(words[i], "--", 2) != 0 || strcmp(words[i] + 2, options[o].name) != 0);
             o++) {
        }
        if (o == options_count || ++i == count) {
            (void)fprintf(stderr, "fleet: %s: no such option, or no value\n",
                          words[i - (i == count)]);
            return false;
        }
        if (options[o].kind == TEXT) {
            *(const char **)options[o].place = words[i];
        } else if (!read_number(words[i], options[o].most, options[o].place)) {
            (void)fprintf(stderr, "fleet: --%s %s: wants a number up to %u\n", options[o].name,
                          words[i], options[o].most);
            return false;
        }
    }
    for (size_t o = 0; o < options_count; o++) {
        if (options[o].required && *(const char **)options[o].place == NULL) {
            (void)fprintf(stderr, "fleet: --%s is missing\n", options[o].name);
            return false;
        }
    }
    return true;
}

static bool take_command_line(int count, char **words, struct fleet_settings *settings,
                              struct paths *paths)
{
    unsigned seed = 1;
    const struct fleet_option options[] = {
        {"depot", TEXT, &settings->depot, 0, true},
        {"ca-file", TEXT, &settings->ca_file, 0, true},
        {"root", TEXT, &settings->root, 0, true},
        {"factory-root", TEXT, &paths->factory_root, 0, true},
        {"enrolment-token-file", TEXT, &settings->token_file, 0, true},
        {"directory", TEXT, &settings->directory, 0, true},
        {"product", TEXT, &settings->product, 0, true},
        {"hardware", TEXT, &settings->hardware, 0, true},
        {"hardware-2", TEXT, &settings->hardware_2, 0, false},
        {"class", TEXT, &settings->key_class, 0, false},
        {"events", TEXT, &paths->events, 0, false},
        {"states", TEXT, &paths->states, 0, false},
        {"devices", NUMBER, &settings->devices, 999999, false},
        {"threads", NUMBER, &settings->threads, 256, false},
        {"seed", NUMBER, &seed, 4000000000u, false},
        {"ramp-ms", NUMBER, &settings->ramp_ms, 3600000, false},
        {"for", NUMBER, &settings->for_s, 86400, false},
        {"faulty", NUMBER, &settings->faulty, 1000, false},
        {"reboots", NUMBER, &settings->reboots, 1000, false},
        {"drops", NUMBER, &settings->drops, 1000, false},
        {"deaths", NUMBER, &settings->deaths, 1000, false},
        {"wrong-clocks", NUMBER, &settings->wrong_clocks, 1000, false},
        {"share-2", NUMBER, &settings->share_2, 1000, false},
        {"kept", NUMBER, &settings->kept, 999999, false},
    };
    bool good = read_options(count, words, options, sizeof options / sizeof options[0]);
    settings->seed = seed;
    return good && settings->devices > 0 && settings->threads > 0;
}

/* --- The run --- */

struct fleet {
    struct fleet_settings settings;
    struct paths paths;
    struct slw_heap_buffer factory_root;
    struct fleet_device *devices;
    struct fleet_worker **workers;
    struct relay *relay;
    struct fleet_seen *seen;
};

static enum slw_status make_devices(struct fleet *fleet, struct slw_detail *detail)
{
    struct fleet_settings *settings = &fleet->settings;
    fleet->devices = calloc(settings->devices, sizeof *fleet->devices);
    fleet->workers = calloc(settings->threads, sizeof(struct fleet_worker *));
    if (fleet->devices == NULL || fleet->workers == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (unsigned i = 0; i < settings->threads; i++) {
        SLW_TRY(fleet_worker_new(settings, fleet->relay, fleet->seen, &fleet->workers[i], detail));
    }
    for (unsigned i = 0; i < settings->devices; i++) {
        SLW_TRY(fleet_device_init(settings, i, &fleet->devices[i], detail));
    }
    return SLW_OK;
}

/* As many agents go on as there are descriptors for. */
static void bound_kept(struct fleet_settings *settings)
{
    struct rlimit limit = {0};
    rlim_t most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / DESCRIPTORS_EACH : 0;
    settings->kept = settings->kept < most ? settings->kept : (unsigned)most;
}

static enum slw_status open_fleet(struct fleet *fleet, struct slw_detail *detail)
{
    struct fleet_settings *settings = &fleet->settings;
    SLW_TRY(slw_file_read(settings->root, ROOT_MAX, &settings->root_json, detail));
    SLW_TRY(slw_file_read(fleet->paths.factory_root, ROOT_MAX, &fleet->factory_root, detail));
    settings->kinds[0] = (struct board_kind){
        .factory_root = slw_heap_bytes(&fleet->factory_root),
        .product = slw_text_bytes(settings->product),
        .hardware = slw_text_bytes(settings->hardware),
        .slot_size = SLOT_SIZE,
    };
    settings->kinds[1] = settings->kinds[0];
    if (settings->hardware_2 != NULL) {
        settings->kinds[1].hardware = slw_text_bytes(settings->hardware_2);
    }
    bound_kept(settings);
    SLW_TRY(fleet_seen_open(fleet->paths.events, &fleet->seen, detail));
    SLW_TRY(relay_open(settings->depot, &fleet->relay, detail));
    return make_devices(fleet, detail);
}

static void close_fleet(struct fleet *fleet)
{
    for (unsigned i = 0; fleet->workers != NULL && i < fleet->settings.threads; i++) {
        fleet_worker_free(fleet->workers[i]);
    }
    for (unsigned i = 0; fleet->devices != NULL && i < fleet->settings.devices; i++) {
        fleet_device_free(&fleet->devices[i]);
    }
    free(fleet->workers);
    free(fleet->devices);
    relay_close(fleet->relay);
    fleet_seen_close(fleet->seen);
    slw_heap_free(&fleet->settings.root_json);
    slw_heap_free(&fleet->factory_root);
}

static bool write_states(struct fleet *fleet)
{
    FILE *file = fleet->paths.states == NULL ? NULL : fopen(fleet->paths.states, "we");
    bool good = true;
    if (fleet->paths.states == NULL) {
        return true;
    }
    for (unsigned i = 0; file != NULL && i < fleet->settings.devices; i++) {
        struct slw_heap_buffer text = {0};
        fleet_device_ask(fleet->workers[0], &fleet->devices[i], &text);
        good = good && text.status == SLW_OK && fputs(slw_heap_text(&text), file) >= 0;
        slw_heap_drop(&text);
    }
    return file != NULL && fclose(file) == 0 && good;
}

static int run(struct fleet *fleet)
{
    struct slw_heap_buffer text = {0};
    if (!fleet_run(&fleet->settings, fleet->devices, fleet->workers, &stopped)) {
        (void)fprintf(stderr, "fleet: no memory, or no threads\n");
        return 1;
    }
    if (!write_states(fleet)) {
        (void)fprintf(stderr, "fleet: %s can't be written\n", fleet->paths.states);
        return 1;
    }
    fleet_summarize(fleet->seen, &fleet->settings, fleet->devices, &text);
    (void)fputs(slw_heap_text(&text), stdout);
    slw_heap_free(&text);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int count, char **words)
{
    struct fleet fleet = {.settings = {.key_class = "prod",
                                       .devices = 100,
                                       .threads = 32,
                                       .for_s = 60,
                                       .ramp_ms = 1000,
                                       .kept = KEPT}};
    struct slw_detail detail = {""};
    const struct sigaction stop = {.sa_handler = note_signal};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (!take_command_line(count, words, &fleet.settings, &fleet.paths)) {
        return 2;
    }
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    int code = 1;
    if (open_fleet(&fleet, &detail) == SLW_OK) {
        code = run(&fleet);
    } else {
        (void)fprintf(stderr, "fleet: %s\n", detail.text);
    }
    close_fleet(&fleet);
    return code;
}
