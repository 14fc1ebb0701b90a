/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fleet simulator saw (fleet.h): each event as a line of JSON with its time, and a summary
 * with how long each release took to come to devices. Results are the agents' lines, which say what
 * the devices said.
 */
#include "fleet.h"

#include "slipway/json.h"
#include "slipway/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELEASES_MAX 64u

struct release {
    int64_t number;
    int64_t first_offer_ms;
    uint64_t offered;
    uint64_t results[SLW_FLEET_RESULTS];
    int64_t *confirmed_ms; /* as they came: rising */
    size_t confirmed;
};

struct fleet_seen {
    pthread_mutex_t lock;
    FILE *events; /* NULL: they aren't kept */
    atomic_uint_fast64_t counts[FLEET_COUNTS];
    struct release releases[RELEASES_MAX];
    size_t releases_count;
};

static const char *const count_names[FLEET_COUNTS] = {
    [FLEET_ROUNDS] = "rounds",      [FLEET_ROUNDS_FAILED] = "rounds_failed",
    [FLEET_CUTS] = "rounds_faulty", [FLEET_DROPS] = "gone_for_a_while",
    [FLEET_GONE] = "gone_for_good", [FLEET_FETCHED] = "fetched",
};

enum slw_status fleet_seen_open(const char *events_path, struct fleet_seen **ret_seen,
                                struct slw_detail *detail)
{
    struct fleet_seen *seen = calloc(1, sizeof *seen);
    if (seen == NULL) {
        return slw_explain_no_memory(detail);
    }
    (void)pthread_mutex_init(&seen->lock, NULL);
    seen->events = events_path == NULL ? NULL : fopen(events_path, "we");
    if (events_path != NULL && seen->events == NULL) {
        fleet_seen_close(seen);
        return slw_explain_errno(detail, events_path);
    }
    *ret_seen = seen;
    return SLW_OK;
}

void fleet_seen_close(struct fleet_seen *seen)
{
    if (seen == NULL) {
        return;
    }
    if (seen->events != NULL) {
        (void)fclose(seen->events);
    }
    for (size_t i = 0; i < seen->releases_count; i++) {
        free(seen->releases[i].confirmed_ms);
    }
    (void)pthread_mutex_destroy(&seen->lock);
    free(seen);
}

void fleet_count(struct fleet_seen *seen, enum fleet_count what)
{
    (void)atomic_fetch_add(&seen->counts[what], 1);
}

/* --- Events --- */

static struct release *release_of(struct fleet_seen *seen, int64_t number)
{
    for (size_t i = 0; i < seen->releases_count; i++) {
        if (seen->releases[i].number == number) {
            return &seen->releases[i];
        }
    }
    if (seen->releases_count == RELEASES_MAX) {
        return NULL;
    }
    seen->releases[seen->releases_count] = (struct release){.number = number};
    return &seen->releases[seen->releases_count++];
}

static void note_confirmed(struct release *release, int64_t now_ms)
{
    int64_t *times =
        slw_heap_grow(release->confirmed_ms, release->confirmed, sizeof *release->confirmed_ms);
    if (times != NULL) {
        release->confirmed_ms = times;
        times[release->confirmed++] = now_ms;
    }
}

static void note_result(struct release *release, const char *word, int64_t now_ms)
{
    size_t len = strcspn(word, " ");
    for (size_t i = SLW_FLEET_NONE + 1; i < SLW_FLEET_RESULTS; i++) {
        if (strlen(slw_fleet_result_names[i]) == len &&
            strncmp(slw_fleet_result_names[i], word, len) == 0) {
            release->results[i]++;
            if (i == SLW_FLEET_SUCCESS) {
                note_confirmed(release, now_ms);
            }
        }
    }
}

/* The number behind a beginning; 0: it begins otherwise. ret_rest: what follows. */
static int64_t number_behind(const char *line, const char *beginning, const char **ret_rest)
{
    size_t len = strlen(beginning);
    if (strncmp(line, beginning, len) != 0) {
        return 0;
    }
    char *end = NULL;
    long long number = strtoll(line + len, &end, 10);
    *ret_rest = end + strspn(end, " ");
    return number;
}

static void note_offer(struct release *release, int64_t now_ms)
{
    release->first_offer_ms = release->offered == 0 ? now_ms : release->first_offer_ms;
    release->offered++;
}

/* "offered release=N", "outcome release=N RESULT …", as agents tell. */
static void take_note(struct fleet_seen *seen, const char *line, int64_t now_ms)
{
    const char *rest = "";
    int64_t offered = number_behind(line, "offered release=", &rest);
    int64_t ended = number_behind(line, "outcome release=", &rest);
    struct release *release =
        offered + ended > 0 ? release_of(seen, offered > 0 ? offered : ended) : NULL;
    if (release != NULL && offered > 0) {
        note_offer(release, now_ms);
    } else if (release != NULL) {
        note_result(release, rest, now_ms);
    }
}

static void write_event(struct fleet_seen *seen, const struct fleet_device *device,
                        const char *line, int64_t now_ms)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "t_ms", now_ms);
    slw_json_text(&json, "device", device->name);
    slw_json_text(&json, "event", line);
    slw_json_end_object(&json);
    (void)fprintf(seen->events, "%s\n", slw_heap_text(&text));
    slw_heap_drop(&text);
}

void fleet_see(struct fleet_seen *seen, const struct fleet_device *device, const char *line)
{
    (void)pthread_mutex_lock(&seen->lock);
    int64_t now_ms = fleet_now_ms();
    take_note(seen, line, now_ms);
    if (seen->events != NULL) {
        write_event(seen, device, line, now_ms);
    }
    (void)pthread_mutex_unlock(&seen->lock);
}

/* --- The summary --- */

/* When so many percent of all that were confirmed had been, since the first offer. */
static int64_t share_ms(const struct release *release, unsigned percent)
{
    size_t wanted = (release->confirmed * percent + 99) / 100;
    return release->confirmed_ms[wanted - 1] - release->first_offer_ms;
}

static void put_release(const struct release *release, struct slw_json *json)
{
    slw_json_begin_object(json, NULL);
    slw_json_int(json, "release", release->number);
    slw_json_int(json, "first_offer_ms", release->first_offer_ms);
    slw_json_uint(json, "offers_taken", release->offered);
    for (size_t i = SLW_FLEET_NONE + 1; i < SLW_FLEET_RESULTS; i++) {
        slw_json_uint(json, slw_fleet_result_names[i], release->results[i]);
    }
    if (release->confirmed > 0) {
        slw_json_int(json, "to_1_percent_ms", share_ms(release, 1));
        slw_json_int(json, "to_50_percent_ms", share_ms(release, 50));
        slw_json_int(json, "to_99_percent_ms", share_ms(release, 99));
        slw_json_int(json, "to_all_ms", share_ms(release, 100));
    }
    slw_json_end_object(json);
}

/* The kernel's own count of this process, in KiB: "VmHWM:     1234 kB". */
static uint64_t peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    const char *rest = "";
    int64_t kib = 0;
    while (status != NULL && kib == 0 && fgets(line, sizeof line, status) != NULL) {
        kib = number_behind(line, "VmHWM:", &rest);
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return (uint64_t)kib;
}

void fleet_summarize(struct fleet_seen *seen, const struct fleet_settings *settings,
                     const struct fleet_device *devices, struct slw_heap_buffer *ret_text)
{
    struct slw_json json;
    uint64_t sectors = 0;
    uint64_t power_cuts = 0;
    for (unsigned i = 0; i < settings->devices; i++) {
        sectors += devices[i].board.held;
        power_cuts += devices[i].board.power_cuts;
    }
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    slw_json_uint(&json, "devices", settings->devices);
    slw_json_uint(&json, "threads", settings->threads);
    slw_json_uint(&json, "seed", settings->seed);
    for (size_t i = 0; i < FLEET_COUNTS; i++) {
        slw_json_uint(&json, count_names[i], atomic_load(&seen->counts[i]));
    }
    slw_json_uint(&json, "power_cuts", power_cuts);
    slw_json_uint(&json, "peak_kib", peak_kib());
    slw_json_uint(&json, "flash_bytes_a_device",
                  sectors * SLW_VIRTUAL_SECTOR_SIZE / settings->devices);
    slw_json_begin_array(&json, "releases");
    for (size_t i = 0; i < seen->releases_count; i++) {
        put_release(&seen->releases[i], &json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    slw_heap_append_text(ret_text, "\n");
}
