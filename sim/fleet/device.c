/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device's turn: it is switched on, its agent does a round with the depot as `slipway device
 * connect` would (fleet_agent.h), it fetches what it is offered by its own TUF client, and is
 * switched off. What happens to it in between, a network that breaks, power that fails, somebody
 * who carries it off, is chance; what becomes of an update isn't.
 */
#include "fleet.h"

#include "slipway/bundle_file.h"
#include "slipway/json.h"
#include "slipway/signed_draft.h"
#include "slipway/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 512u
#define POLLS_TO_CUT 400u /* power fails within so many polls of an update */
#define DROPPED_ROUNDS 3u /* that a device misses which went for a while */
#define WRONG_CLOCK_S 40000000
#define TARGETS_MAX 1048576u
#define RETRY_S 5 /* until the depot has said something */
#define BUDGET_S 60u

struct fleet_worker {
    const struct fleet_settings *settings;
    struct relay *relay;
    struct fleet_seen *seen;
    struct board_power power;
    /* of this turn */
    struct fleet_device *device;
    const char *url; /* of the depot, or of a way to it that breaks */
    bool is_dropped;
};

/* --- Chance --- */

uint64_t fleet_chance(struct fleet_device *device)
{
    device->random ^= device->random << 13;
    device->random ^= device->random >> 7;
    device->random ^= device->random << 17;
    return device->random >> 16;
}

bool fleet_happens(struct fleet_device *device, unsigned thousandths)
{
    return fleet_chance(device) % 1000 < thousandths;
}

/* --- Making them --- */

enum slw_status fleet_worker_new(const struct fleet_settings *settings, struct relay *relay,
                                 struct fleet_seen *seen, struct fleet_worker **ret_worker,
                                 struct slw_detail *detail)
{
    struct fleet_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return slw_explain_no_memory(detail);
    }
    worker->settings = settings;
    worker->relay = relay;
    worker->seen = seen;
    *ret_worker = worker;
    return SLW_OK;
}

void fleet_worker_free(struct fleet_worker *worker)
{
    free(worker);
}

enum slw_status fleet_device_init(const struct fleet_settings *settings, unsigned number,
                                  struct fleet_device *device, struct slw_detail *detail)
{
    device->number = number;
    device->random = (settings->seed + number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    device->next_s = RETRY_S;
    (void)snprintf(device->name, sizeof device->name, "sim-%06u", number);
    (void)fleet_chance(device);
    device->is_mortal = fleet_happens(device, settings->deaths);
    if (fleet_happens(device, settings->wrong_clocks)) {
        device->board.clock_offset_s =
            (int64_t)(fleet_chance(device) % (2 * WRONG_CLOCK_S)) - WRONG_CLOCK_S;
    }
    device->due_ms = fleet_now_ms() + (int64_t)(fleet_chance(device) % (settings->ramp_ms + 1));
    bool is_other = settings->hardware_2 != NULL && fleet_happens(device, settings->share_2);
    device->hardware = is_other ? settings->hardware_2 : settings->hardware;
    device->kind = &settings->kinds[is_other ? 1 : 0];
    return board_init(&device->board, device->kind, detail);
}

static void free_member(struct fleet_device *device)
{
    slw_fleet_member_free(device->member);
    device->member = NULL;
}

void fleet_device_free(struct fleet_device *device)
{
    free_member(device);
    board_free(&device->board);
}

/* Whether this turn's connections break. */
static bool is_faulty(const struct fleet_worker *worker)
{
    return worker->url != worker->settings->depot;
}

/* --- Fetching --- */

static void path_of(const struct fleet_worker *worker, const char *what,
                    char ret_path[static PATH_SIZE])
{
    (void)snprintf(ret_path, PATH_SIZE, "%s/%s.%s", worker->settings->directory,
                   worker->device->name, what);
}

static enum slw_status open_fetcher(const struct fleet_worker *worker,
                                    struct slw_http_fetcher **ret_http, struct slw_detail *detail)
{
    char metadata[PATH_SIZE];
    char targets[PATH_SIZE];
    const char *const metadata_urls[] = {metadata};
    const char *const targets_urls[] = {targets};
    (void)snprintf(metadata, sizeof metadata, "%s/repository/metadata", worker->url);
    (void)snprintf(targets, sizeof targets, "%s/repository/targets", worker->url);
    const struct slw_http_options options = {
        .metadata_urls = metadata_urls,
        .targets_urls = targets_urls,
        .mirrors = 1,
        .budget_s = BUDGET_S,
        .ca_file = worker->settings->ca_file,
        .proxy = "",
    };
    return slw_http_fetcher_new(&options, ret_http, detail);
}

static enum slw_status download(struct slw_tuf_client *client, const struct slw_fleet_offer *offer,
                                const char *downloads, struct slw_heap_buffer *ret_path,
                                struct slw_detail *detail)
{
    struct slw_tuf_target target;
    SLW_TRY(slw_tuf_client_refresh(client, detail));
    SLW_TRY(slw_tuf_client_find(client, offer->path, &target, detail));
    return slw_tuf_client_download(client, &target, downloads, ret_path, detail);
}

/* The TUF client of this device alone, with what it trusts so far. */
static enum slw_status fetch_with(const struct fleet_worker *worker,
                                  const struct slw_http_fetcher *http,
                                  const struct slw_fleet_offer *offer, const char *channel,
                                  struct slw_heap_buffer *ret_path, struct slw_detail *detail)
{
    char trusted[PATH_SIZE];
    char downloads[PATH_SIZE];
    char role[2 * SLW_RELEASE_WORD_MAX + 16];
    struct slw_tuf_client *client = NULL;
    path_of(worker, "tuf", trusted);
    path_of(worker, "got", downloads);
    slw_text_copy(offer->role, sizeof role, role);
    if (mkdir(downloads, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, downloads);
    }
    SLW_TRY(slw_tuf_client_trust_first(trusted, "root",
                                       slw_heap_bytes(&worker->settings->root_json),
                                       SLW_TUF_KEY_IDS_CHECKED, detail));
    struct slw_release_inspector inspector = {.channel = channel, .role = role};
    slw_release_inspector_init(&inspector);
    const struct slw_tuf_client_options options = {
        .metadata_directory = trusted,
        .fetch = slw_http_fetcher_port(http),
        .inspector = &inspector.inspector,
    };
    SLW_TRY(slw_tuf_client_open(&options, &client, detail));
    inspector.client = client;
    enum slw_status status = download(client, offer, downloads, ret_path, detail);
    slw_tuf_client_free(client);
    return status;
}

/* The moment to go: the depot knows that it began to download. */
static bool is_carried_off(struct fleet_worker *worker)
{
    struct fleet_device *device = worker->device;
    device->is_gone = device->is_mortal && !is_faulty(worker); /* what it said last has arrived */
    worker->is_dropped = device->is_gone || fleet_happens(device, worker->settings->drops);
    if (worker->is_dropped) {
        fleet_count(worker->seen, device->is_gone ? FLEET_GONE : FLEET_DROPS);
        fleet_see(worker->seen, device, device->is_gone ? "gone for good" : "gone for a while");
    }
    return worker->is_dropped;
}

static enum slw_status fetch(void *context, const struct slw_fleet_offer *offer,
                             const char *channel, struct slw_heap_buffer *ret_path,
                             struct slw_detail *detail)
{
    struct fleet_worker *worker = context;
    struct slw_http_fetcher *http = NULL;
    if (is_carried_off(worker)) {
        return slw_explain(detail, SLW_UNAVAILABLE, "carried off");
    }
    SLW_TRY(open_fetcher(worker, &http, detail));
    enum slw_status status = fetch_with(worker, http, offer, channel, ret_path, detail);
    slw_http_fetcher_free(http);
    if (status == SLW_OK) {
        fleet_count(worker->seen, FLEET_FETCHED);
    }
    return status;
}

/* --- Bringing it to the board --- */

static enum slw_status digest_metadata(const char *path, const struct slw_source *source,
                                       uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                       struct slw_detail *detail)
{
    struct slw_bundle_index index;
    struct slw_heap_buffer message = {0};
    struct slw_signed_draft draft;
    SLW_TRY(slw_bundle_index_read(path, source, &index, detail));
    enum slw_status status =
        index.has_targets
            ? slw_source_load(path, source, index.targets, TARGETS_MAX, &message, detail)
            : slw_explain(detail, SLW_MISSING_TARGETS, "%s: no targets metadata", path);
    slw_bundle_index_free(&index);
    if (status == SLW_OK) {
        status = slw_signed_draft_parse(path, slw_heap_bytes(&message), &draft, detail);
    }
    if (status == SLW_OK) {
        struct slw_sha256 hash;
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, draft.serialized);
        slw_sha256_final(&hash, ret_sha256);
    }
    slw_heap_drop(&message);
    return status;
}

static enum slw_status bring(void *context, const char *path, const char *name,
                             const struct slw_remote_watcher *watcher, struct slw_detail *detail)
{
    struct fleet_worker *worker = context;
    struct board_power *power = &worker->power;
    struct slw_file_source file;
    uint8_t sha256[SLW_SHA256_SIZE];
    SLW_TRY(slw_file_source_open(path, &file, detail));
    enum slw_status status = digest_metadata(path, &file.source, sha256, detail);
    if (status == SLW_OK) {
        const struct slw_remote_update update = {.bundle = &file.source,
                                                 .metadata_sha256 = sha256,
                                                 .name = name,
                                                 .apply = true,
                                                 .watcher = watcher};
        if (fleet_happens(worker->device, worker->settings->reboots)) {
            power->cut_in = 1 + fleet_chance(worker->device) % POLLS_TO_CUT;
        }
        enum slw_remote_end end = slw_remote_update_run(&power->remote, &update, detail);
        power->cut_in = 0;
        status = end == SLW_REMOTE_NO_ANSWER ? SLW_IO_TIMEOUT : SLW_OK;
    }
    slw_file_source_close(&file);
    (void)unlink(path);
    return status;
}

/* --- A turn --- */

static void hear(void *context, const char *line)
{
    struct fleet_worker *worker = context;
    fleet_see(worker->seen, worker->device, line);
}

static int64_t wrong_now_s(void *context, int64_t *ret_utc_offset_s)
{
    const struct fleet_worker *worker = context;
    *ret_utc_offset_s = 0;
    return fleet_now_ms() / 1000 + worker->device->board.clock_offset_s;
}

static enum slw_status open_member(const struct fleet_worker *worker,
                                   struct slw_fleet_member **ret_member, struct slw_detail *detail)
{
    const struct fleet_settings *settings = worker->settings;
    char identity[PATH_SIZE];
    path_of(worker, "key", identity);
    const struct slw_fleet_member_settings member_settings = {
        .depot = {.url = worker->url, .ca_file = settings->ca_file, .attempts = 1},
        .identity_file = identity,
        .product = settings->product,
        .device = worker->device->name,
        .hardware = worker->device->hardware,
        .key_class = settings->key_class,
        .enrolment_token_file = settings->token_file,
    };
    return slw_fleet_member_open(&member_settings, ret_member, detail);
}

/* An agent that goes on has its connection still, if the depot has; but not over a way that breaks:
 * what is to break is a connection from its beginning. */
static enum slw_status take_member(const struct fleet_worker *worker,
                                   struct slw_fleet_member **ret_member, struct slw_detail *detail)
{
    struct fleet_device *device = worker->device;
    if (is_faulty(worker)) {
        free_member(device);
    }
    if (device->member != NULL) {
        *ret_member = device->member;
        device->member = NULL;
        return SLW_OK;
    }
    return open_member(worker, ret_member, detail);
}

static void leave_member(const struct fleet_worker *worker, struct slw_fleet_member *member)
{
    struct fleet_device *device = worker->device;
    if (device->number < worker->settings->kept && !is_faulty(worker) && !worker->is_dropped) {
        device->member = member;
    } else {
        slw_fleet_member_free(member);
    }
}

static enum slw_status run_rounds(struct fleet_worker *worker, struct slw_detail *detail)
{
    struct fleet_device *device = worker->device;
    const struct slw_fleet_agent_port port = {
        .context = worker, .fetch = fetch, .bring = bring, .event = hear, .now_s = wrong_now_s};
    struct slw_fleet_agent agent = {
        .device = &worker->power.remote, .product = worker->settings->product, .port = &port};
    SLW_TRY(take_member(worker, &agent.member, detail));
    enum slw_status status = slw_fleet_agent_rounds(&agent, &device->next_s, detail);
    leave_member(worker, agent.member);
    return status;
}

static void plan_next(struct fleet_worker *worker, enum slw_status status)
{
    struct fleet_device *device = worker->device;
    device->failures = status == SLW_OK || worker->is_dropped ? 0 : device->failures + 1;
    int64_t wait_ms = slw_fleet_wait_ms(device->next_s, device->failures, fleet_chance(device));
    wait_ms += worker->is_dropped ? (int64_t)DROPPED_ROUNDS * device->next_s * 1000 : 0;
    device->due_ms = fleet_now_ms() + wait_ms;
}

void fleet_device_round(struct fleet_worker *worker, struct fleet_device *device)
{
    struct slw_detail detail = {""};
    worker->device = device;
    worker->is_dropped = false;
    worker->url = worker->settings->depot;
    if (fleet_happens(device, worker->settings->faulty)) {
        worker->url = relay_url(worker->relay, (unsigned)(fleet_chance(device) % RELAY_FAULTS));
        fleet_count(worker->seen, FLEET_CUTS);
    }
    fleet_count(worker->seen, FLEET_ROUNDS);
    enum slw_status status = board_switch_on(&worker->power, device->kind, &device->board, &detail);
    if (status == SLW_OK) {
        status = run_rounds(worker, &detail);
    }
    board_switch_off(&worker->power);
    if (status != SLW_OK && !worker->is_dropped) {
        char line[sizeof detail.text + 16];
        (void)snprintf(line, sizeof line, "trouble: %s", detail.text);
        fleet_count(worker->seen, FLEET_ROUNDS_FAILED);
        fleet_see(worker->seen, device, line);
    }
    plan_next(worker, status);
}

/* --- Asking it in the end --- */

static void put_answer(const struct fleet_device *device, const struct slw_update_answer *answer,
                       struct slw_json *json)
{
    slw_json_uint(json, "version", answer->device.targets_version);
    slw_json_uint(json, "root_version", answer->device.root_version);
    for (size_t i = 0; i < answer->device.slots_count; i++) {
        slw_json_bool(json, "trial", answer->device.slots[i].trial);
        slw_json_hex(json, "sha256", answer->device.slots[i].sha256);
    }
    slw_json_uint(json, "boots", device->board.boots);
    slw_json_uint(json, "power_cuts", device->board.power_cuts);
    slw_json_uint(json, "flash_bytes", device->board.held * SLW_VIRTUAL_SECTOR_SIZE);
}

void fleet_device_ask(struct fleet_worker *worker, struct fleet_device *device,
                      struct slw_heap_buffer *ret_text)
{
    struct slw_detail detail = {""};
    struct slw_json json;
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "device", device->name);
    slw_json_text(&json, "hardware", device->hardware);
    slw_json_bool(&json, "gone", device->is_gone);
    enum slw_status status = board_switch_on(&worker->power, device->kind, &device->board, &detail);
    if (status == SLW_OK) {
        status = slw_remote_look(&worker->power.remote, &detail);
    }
    if (status == SLW_OK) {
        put_answer(device, &worker->power.remote.answer, &json);
    } else {
        slw_json_text(&json, "trouble", detail.text);
    }
    board_switch_off(&worker->power);
    slw_json_end_object(&json);
    slw_heap_append_text(ret_text, "\n");
}
