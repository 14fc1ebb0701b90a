/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual device: the device library, the boot stage's code and the servers as firmware links
 * them, over a flash that is a file and a link that is whatever the caller reads and writes. One
 * structure is one power-on: a reboot is made by closing it and starting over (`slipway device run`
 * starts itself anew).
 *
 *     slw_virtual_device_open(&device, &options, &detail);     boots
 *     for (;;) {
 *         size_t taken = slw_virtual_device_receive(device, arrived);
 *         enum slw_virtual_need need = slw_virtual_device_poll(device, now_ms);
 *         ...
 *     }
 */
#ifndef SLIPWAY_VIRTUAL_DEVICE_H
#define SLIPWAY_VIRTUAL_DEVICE_H

#include "slipway/port_consent.h"
#include "slipway/port_link.h"
#include "slipway/transparency.h"
#include "slipway/virtual_image.h"

/* An image that begins so runs on a virtual device, and never is healthy: the device goes back from
 * it by itself. For trying out what a fleet does with a bad release. */
#define SLW_VIRTUAL_NEVER_HEALTHY "slipway virtual image: never healthy\n"
/* One that begins so, then a hardware id and a line feed, is never healthy on that hardware alone:
 * a release that is bad for one model. */
#define SLW_VIRTUAL_NEVER_HEALTHY_ON "slipway virtual image: never healthy on "

struct slw_virtual_options {
    const char *flash_path;
    /* Instead of a file: a flash that slw_virtual_image_provision() wrote; flash_path only names it
     * then. NULL: the file. */
    const struct slw_flash *flash;
    struct slw_bytes root; /* factory root; len 0: none given */
    const char *root_name; /* what details call it; NULL: the factory root */
    const struct slw_virtual_slot
        *slots; /* none given: app:4M and rtos:1M, or what the flash has */
    size_t slots_count;
    struct slw_bytes hardware;
    struct slw_bytes product;
    bool has_key_class; /* else the factory root's class */
    enum slw_key_class key_class;
    enum slw_build_type build_type;              /* SLW_BUILD_TYPE_NONE: any */
    const struct slw_transparency *transparency; /* NULL: releases need no proof */
    const struct slw_consent_port *consent;
    const struct slw_link_port *link;
    bool has_clock;
    int64_t clock_offset_s; /* how wrong it goes */
    bool fail_boot;         /* the health confirmation is withheld */
    /* One event, as cli.md has the lines of `device run`: without a line feed. */
    void (*event)(void *context, const char *line);
    void *event_context;
};

struct slw_virtual_device;

enum slw_virtual_need {
    SLW_VIRTUAL_IDLE,   /* nothing to do before bytes arrive, or some 20 ms have passed */
    SLW_VIRTUAL_BUSY,   /* poll again at once */
    SLW_VIRTUAL_REBOOT, /* the device wants to start over, now */
};

/*
 * Provisions a new flash file where there is none, opens it, and boots. A reason for refusal says
 * why the device doesn't run: SLW_NO_TRUSTED_ROOT, SLW_STORED_STATE, ...; SLW_BAD_ARGUMENT: another
 * factory root or other slots than the flash has. *ret_device is NULL then.
 */
enum slw_status slw_virtual_device_open(const struct slw_virtual_options *options,
                                        struct slw_virtual_device **ret_device,
                                        struct slw_detail *detail);

/* Bytes from the link, and how many it took; offer the rest again. */
size_t slw_virtual_device_receive(struct slw_virtual_device *device, struct slw_bytes arrived);

/* The peer is gone. */
void slw_virtual_device_disconnected(struct slw_virtual_device *device);

/* True while answers wait for the link. */
bool slw_virtual_device_has_output(const struct slw_virtual_device *device);

enum slw_virtual_need slw_virtual_device_poll(struct slw_virtual_device *device, uint64_t now_ms);

void slw_virtual_device_close(struct slw_virtual_device *device);

#endif
