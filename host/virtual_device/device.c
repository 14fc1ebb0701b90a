/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual device (virtual_device.h): what a product's firmware does around the device library,
 * in the same order: provision once, boot, confirm when healthy, serve the link.
 */
#include "slipway/virtual_device.h"

#include "slipway/boot.h"
#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/flash_file.h"
#include "slipway/text.h"
#include "slipway/update_service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* This product's limits: metadata that fits its blobs region comfortably, everything else full. */
#define ROOT_SIZE_MAX SLW_VIRTUAL_ROOT_SIZE_MAX
#define TARGETS_SIZE_MAX (512u * 1024)
#define TARGETS_MAX 1024u
#define NAMES_MAX (4u * TARGETS_MAX)

#define BLOCK_SIZE 16384u
#define PAGE_SIZE 4096u
#define CHUNK_SIZE 4096u
#define WINDOW_SIZE (256u * 1024)

#define TRIAL_ATTEMPTS 2u
#define HEALTHY_AFTER_MS 150u
#define NEVER_HEALTHY_MAX 256u
#define WATCHDOG_MS 1000u
#define REBOOT_AFTER_MS 50u
/* Links to it are fast: its silence says much sooner than on a serial line that a chunk was lost.
 */
#define TRANSFER_RETRY_MS 500u
#define TRANSFER_IDLE_MS (10u * 60 * 1000)

struct slw_virtual_device {
    const struct slw_virtual_options *options;
    struct slw_flash_file flash;
    struct slw_virtual_image image;
    struct slw_store store;
    struct slw_boot boot;
    struct slw_session session;
    struct slw_session_config config;
    struct slw_update_service update;
    struct slw_rpc_server rpc;
    const struct slw_rpc_service *services[2];
    struct slw_clock_port clock;
    struct slw_reboot_port reboot;
    struct slw_session_observer observer;
    bool session_open;
    bool is_never_healthy; /* by what its images are */
    bool reboot_wanted;
    bool clock_started;
    uint64_t booted_ms;
    uint64_t reboot_ms; /* when the reboot was asked for; valid when reboot_wanted */
    /* memory of the device library */
    struct slw_root_key root_keys[3 * SLW_ROOT_KEYS_MAX];
    struct slw_signature signatures[SLW_SIGNATURES_MAX];
    struct slw_name names[NAMES_MAX];
    uint8_t block[BLOCK_SIZE];
    uint8_t page[PAGE_SIZE];
    uint8_t receive[SLW_TRANSFER_RECEIVE_BUFFER_SIZE(CHUNK_SIZE)];
    uint8_t response[SLW_UPDATE_RESPONSE_SIZE];
    uint8_t transmit[SLW_RPC_TRANSMIT_BUFFER_SIZE(SLW_UPDATE_RESPONSE_SIZE)];
};

static const struct slw_virtual_slot default_slots[] = {
    {{(const uint8_t *)"app", 3}, 4u * 1024 * 1024},
    {{(const uint8_t *)"rtos", 4}, 1024 * 1024},
};

static const struct slw_limits limits = {
    .signatures = SLW_SIGNATURES_MAX,
    .root_keys = SLW_ROOT_KEYS_MAX,
    .root_history = SLW_ROOT_HISTORY_MAX,
    .targets = TARGETS_MAX,
    .root_size = ROOT_SIZE_MAX,
    .targets_size = TARGETS_SIZE_MAX,
};

static void event(const struct slw_virtual_device *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void event(const struct slw_virtual_device *device, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    device->options->event(device->options->event_context, line);
}

static struct slw_verifier_memory memory_of(struct slw_virtual_device *device)
{
    return (struct slw_verifier_memory){
        .block = device->block,
        .block_size = sizeof device->block,
        .root_keys = device->root_keys,
        .root_keys_count = sizeof device->root_keys / sizeof device->root_keys[0],
        .signatures = device->signatures,
        .signatures_count = sizeof device->signatures / sizeof device->signatures[0],
        .names = device->names,
        .names_count = sizeof device->names / sizeof device->names[0],
    };
}

/* A root that isn't one is refused before a file is made for it. Also tells the root's class. */
static enum slw_status check_factory_root(struct slw_virtual_device *device, const char *name,
                                          struct slw_bytes root, enum slw_key_class *ret_class,
                                          struct slw_detail *detail)
{
    struct slw_trusted_root trusted;
    struct slw_finding finding = {0};
    struct slw_reader reader;
    slw_root_init(&trusted.content, device->root_keys, SLW_ROOT_KEYS_MAX);
    slw_reader_init_bytes(&reader, root);
    enum slw_status status = slw_root_load_trusted(&reader, ROOT_SIZE_MAX, &trusted, &finding);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: %s", name, slw_status_meaning(status));
    }
    *ret_class = trusted.content.key_class;
    return SLW_OK;
}

static enum slw_status make_flash(struct slw_virtual_device *device, struct slw_detail *detail)
{
    const struct slw_virtual_options *options = device->options;
    enum slw_key_class ignored;
    bool given = options->slots_count > 0;
    if (options->root.len == 0) {
        return slw_explain(detail, SLW_NO_TRUSTED_ROOT,
                           "%s: a new flash needs a factory root (--root)", options->flash_path);
    }
    const char *name = options->root_name == NULL ? "the factory root" : options->root_name;
    SLW_TRY(check_factory_root(device, name, options->root, &ignored, detail));
    return slw_virtual_image_create(
        options->flash_path, options->root, given ? options->slots : default_slots,
        given ? options->slots_count : sizeof default_slots / sizeof default_slots[0], detail);
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

static enum slw_status check_options(const struct slw_virtual_device *device,
                                     struct slw_detail *detail)
{
    const struct slw_virtual_options *options = device->options;
    if (options->root.len > 0 &&
        !slw_bytes_equal(options->root, device->image.layout.factory_root)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: was provisioned with another root than --root has",
                           options->flash_path);
    }
    if (options->slots_count > 0 &&
        !slw_virtual_image_has_slots(&device->image, options->slots, options->slots_count)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: has other slots than --slot asks for",
                           options->flash_path);
    }
    return SLW_OK;
}

/* Its size or its header. The file can't be used, which is no verdict about anything in it. */
static enum slw_status explain_no_flash(struct slw_detail *detail, const char *path)
{
    return slw_explain(detail, SLW_IO, "%s: not the flash of a virtual device", path);
}

static enum slw_status open_flash_file(struct slw_virtual_device *device, struct slw_detail *detail)
{
    const struct slw_flash_geometry geometry = {0, SLW_VIRTUAL_SECTOR_SIZE, 1, 0xFF};
    const char *path = device->options->flash_path;
    enum slw_status status = slw_flash_file_open(path, &geometry, 0, &device->flash);
    if (status == SLW_WRONG_STATE) {
        return slw_explain(detail, SLW_IO, "%s: another device runs from it", path);
    }
    if (status == SLW_BAD_ARGUMENT) {
        return explain_no_flash(detail, path);
    }
    return status == SLW_OK ? SLW_OK : slw_explain_errno(detail, path);
}

static enum slw_status open_flash(struct slw_virtual_device *device, struct slw_detail *detail)
{
    const char *path = device->options->flash_path;
    const struct slw_flash *flash = device->options->flash;
    if (flash == NULL) {
        if (!exists(path)) {
            SLW_TRY(make_flash(device, detail));
        }
        SLW_TRY(open_flash_file(device, detail));
        flash = &device->flash.flash;
    }
    enum slw_status status = slw_virtual_image_load(flash, &device->image, detail);
    if (status == SLW_MALFORMED) {
        return explain_no_flash(detail, path);
    }
    SLW_TRY(status);
    SLW_TRY(check_options(device, detail));
    status = slw_store_open(&device->store, &device->image.layout);
    if (status == SLW_NOT_FOUND) {
        status = slw_store_format(&device->store, &device->image.layout);
    }
    return status == SLW_OK
               ? SLW_OK
               : slw_explain(detail, status, "%s: %s", path, slw_status_meaning(status));
}

static void report_image(const struct slw_virtual_device *device, size_t index)
{
    const struct slw_image *image = &device->boot.images[index];
    struct slw_bytes name = device->image.components[index].name;
    char digest[2 * SLW_SHA256_SIZE + 1];
    if (!image->present) {
        return;
    }
    slw_text_hex(slw_bytes_make(image->sha256, SLW_SHA256_SIZE), digest);
    event(device, "boot: %.*s slot=%c version=%u sha256=%s%s", (int)name.len,
          (const char *)name.ptr, image->slot == 0 ? 'A' : 'B', image->version, digest,
          device->boot.choice == SLW_BOOT_TRIAL ? " trial" : "");
}

static bool begins_with(const struct slw_region *region, const char *mark)
{
    uint8_t start[NEVER_HEALTHY_MAX];
    size_t len = strlen(mark);
    return slw_region_read(region, 0, start, len) == SLW_OK && memcmp(start, mark, len) == 0;
}

/* Whether what boots is an image that never comes up here, as the virtual device's own programs
 * tell it. */
static bool is_never_healthy(const struct slw_virtual_device *device, size_t index)
{
    const struct slw_image *image = &device->boot.images[index];
    const struct slw_region *region = &device->image.components[index].slots[image->slot & 1u];
    struct slw_bytes hardware = device->options->hardware;
    char here[NEVER_HEALTHY_MAX];
    int len = snprintf(here, sizeof here, "%s%.*s\n", SLW_VIRTUAL_NEVER_HEALTHY_ON,
                       (int)hardware.len, hardware.len == 0 ? "" : (const char *)hardware.ptr);
    bool has_mark = hardware.len > 0 && len > 0 && len < (int)sizeof here;
    return image->present && (begins_with(region, SLW_VIRTUAL_NEVER_HEALTHY) ||
                              (has_mark && begins_with(region, here)));
}

static enum slw_status boot(struct slw_virtual_device *device, struct slw_detail *detail)
{
    const struct slw_verifier_memory memory = memory_of(device);
    enum slw_status status = slw_boot(&device->boot, &device->store, &device->image.layout,
                                      TRIAL_ATTEMPTS, &limits, &memory);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "boot: %s", slw_status_meaning(status));
    }
    if (device->boot.choice == SLW_BOOT_ROLLED_BACK) {
        event(device, "rolled back to version=%u", device->boot.version);
    }
    if (device->boot.choice == SLW_BOOT_NOTHING) {
        event(device, "boot: nothing installed");
    }
    for (size_t i = 0; i < device->image.layout.components_count; i++) {
        report_image(device, i);
        device->is_never_healthy = device->is_never_healthy || is_never_healthy(device, i);
    }
    return SLW_OK;
}

static struct slw_time system_time(void *context)
{
    const struct slw_virtual_device *device = context;
    return (struct slw_time){true, (int64_t)time(NULL) + device->options->clock_offset_s};
}

static void want_reboot(void *context)
{
    struct slw_virtual_device *device = context;
    device->reboot_wanted = true;
    device->reboot_ms = 0;
}

static void report_refusal(void *context, const struct slw_finding *finding)
{
    const struct slw_virtual_device *device = context;
    struct slw_heap_buffer text = {0};
    slw_explain_finding(finding, &text);
    event(device, "%s: %s: %s", slw_status_is_refusal(finding->status) ? "refused" : "failed",
          slw_status_word(finding->status), slw_heap_text(&text));
    slw_heap_free(&text);
}

static enum slw_status open_session(struct slw_virtual_device *device, struct slw_detail *detail)
{
    const struct slw_virtual_options *options = device->options;
    enum slw_key_class factory_class = SLW_KEY_CLASS_NONE;
    SLW_TRY(check_factory_root(device, "the factory root", device->image.layout.factory_root,
                               &factory_class, detail));
    device->clock = (struct slw_clock_port){device, system_time};
    device->reboot = (struct slw_reboot_port){device, want_reboot};
    device->observer = (struct slw_session_observer){device, report_refusal};
    device->config = (struct slw_session_config){
        .store = &device->store,
        .layout = &device->image.layout,
        .limits = limits,
        .hardware = options->hardware,
        .product = options->product,
        .key_class = options->has_key_class ? options->key_class : factory_class,
        .build_type = options->build_type,
        .transparency = options->transparency,
        .consent = options->consent,
        .clock = options->has_clock ? &device->clock : NULL,
        .reboot = &device->reboot,
        .observer = &device->observer,
        .transfer_idle_ms = TRANSFER_IDLE_MS,
        .memory = memory_of(device),
        .page = device->page,
        .page_size = sizeof device->page,
    };
    enum slw_status status = slw_session_open(&device->session, &device->config);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "session: %s", slw_status_meaning(status));
    }
    device->session_open = true;
    return SLW_OK;
}

static void start_servers(struct slw_virtual_device *device)
{
    const struct slw_transfer_config transfer = {
        .chunk_size_max_bytes = CHUNK_SIZE,
        .window_size_max_bytes = WINDOW_SIZE,
        .retry_ms = TRANSFER_RETRY_MS,
        .idle_ms = SLW_TRANSFER_IDLE_MS,
    };
    slw_update_service_init(&device->update, &device->session, &transfer);
    device->services[0] = &device->update.service;
    device->services[1] = &device->update.transfer.service;
    const struct slw_rpc_server_config rpc = {
        .link = device->options->link,
        .access = &slw_access_open,
        .services = device->services,
        .services_count = 2,
        .receive_buffer = device->receive,
        .receive_buffer_size = sizeof device->receive,
        .response_buffer = device->response,
        .response_buffer_size = sizeof device->response,
        .transmit_buffer = device->transmit,
        .transmit_buffer_size = sizeof device->transmit,
    };
    slw_rpc_server_init(&device->rpc, &rpc);
}

enum slw_status slw_virtual_device_open(const struct slw_virtual_options *options,
                                        struct slw_virtual_device **ret_device,
                                        struct slw_detail *detail)
{
    *ret_device = NULL;
    struct slw_virtual_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        return slw_explain_no_memory(detail);
    }
    device->options = options;
    device->flash.descriptor = -1;
    enum slw_status status = open_flash(device, detail);
    if (status == SLW_OK) {
        status = boot(device, detail);
    }
    if (status == SLW_OK) {
        status = open_session(device, detail);
    }
    if (status != SLW_OK) {
        slw_virtual_device_close(device);
        return status;
    }
    start_servers(device);
    *ret_device = device;
    return SLW_OK;
}

size_t slw_virtual_device_receive(struct slw_virtual_device *device, struct slw_bytes arrived)
{
    return slw_rpc_server_receive(&device->rpc, arrived);
}

void slw_virtual_device_disconnected(struct slw_virtual_device *device)
{
    slw_rpc_server_reset(&device->rpc);
}

bool slw_virtual_device_has_output(const struct slw_virtual_device *device)
{
    return slw_rpc_server_has_output(&device->rpc);
}

/* The application's part of a trial: it is healthy once it has served its link for a moment. */
static void watch_trial(struct slw_virtual_device *device, uint64_t now_ms)
{
    if (!device->store.state.trial.present || device->reboot_wanted ||
        device->boot.choice != SLW_BOOT_TRIAL) {
        return;
    }
    if (device->options->fail_boot || device->is_never_healthy) {
        if (now_ms - device->booted_ms >= WATCHDOG_MS) {
            want_reboot(device);
        }
        return;
    }
    if (now_ms - device->booted_ms >= HEALTHY_AFTER_MS &&
        slw_session_confirm(&device->session) == SLW_OK) {
        event(device, "confirmed version=%u", device->store.state.confirmed.version);
    }
}

/* Answers that are under way still go out. */
static bool reboot_is_due(struct slw_virtual_device *device, uint64_t now_ms)
{
    if (!device->reboot_wanted) {
        return false;
    }
    if (device->reboot_ms == 0) {
        device->reboot_ms = now_ms;
    }
    return now_ms - device->reboot_ms >= REBOOT_AFTER_MS;
}

enum slw_virtual_need slw_virtual_device_poll(struct slw_virtual_device *device, uint64_t now_ms)
{
    if (!device->clock_started) {
        device->clock_started = true;
        device->booted_ms = now_ms;
    }
    watch_trial(device, now_ms);
    bool busy = slw_update_service_poll(&device->update, now_ms);
    slw_rpc_server_poll(&device->rpc);
    if (reboot_is_due(device, now_ms)) {
        return SLW_VIRTUAL_REBOOT;
    }
    return busy ? SLW_VIRTUAL_BUSY : SLW_VIRTUAL_IDLE;
}

void slw_virtual_device_close(struct slw_virtual_device *device)
{
    if (device == NULL) {
        return;
    }
    slw_flash_file_close(&device->flash);
    slw_virtual_image_free(&device->image);
    free(device);
}
