/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device at the other end of a link, and bringing a bundle to it until it is confirmed: looks at
 * the state that the device is in, does what leads on from there, and looks again. Whatever
 * happened in between (a lost answer, a broken link, a reboot) the next look tells; only a device
 * that makes no progress for timeout_ms ends it. `slipway device update` and `connect` stand on it,
 * and the fleet simulator, whose devices are in its own memory.
 *
 *     struct slw_remote_device device = {.port = &port, .timeout_ms = 30000};
 *     const struct slw_remote_update update = {
 *         .bundle = &source, .metadata_sha256 = sha256, .name = "lamp-2.bundle", .apply = true,
 *         .watcher = &watcher};
 *     enum slw_remote_end end = slw_remote_update_run(&device, &update, &detail);
 *     slw_remote_disconnect(&device);
 */
#ifndef SLIPWAY_REMOTE_DEVICE_H
#define SLIPWAY_REMOTE_DEVICE_H

#include "slipway/transfer_client.h"
#include "slipway/update_client.h"

/* How the device is reached. */
struct slw_remote_port {
    void *context;
    /* One attempt, at most timeout_ms long; the client lives until disconnect(). */
    enum slw_status (*connect)(void *context, uint32_t timeout_ms,
                               struct slw_rpc_client **ret_client, struct slw_detail *detail);
    void (*disconnect)(void *context);
    /* Waits while there is no connection. */
    void (*pause)(void *context, uint32_t pause_ms);
    uint64_t (*now_ms)(void *context); /* doesn't go back */
    /* Whether others may want the device, which serves one at a time: it is let go while nothing
     * happens. NULL: never. */
    bool (*is_shared)(void *context);
    bool (*is_interrupted)(void *context); /* NULL: never */
};

struct slw_remote_device {
    const struct slw_remote_port *port;
    uint32_t timeout_ms;             /* without news, until it is given up */
    struct slw_rpc_client *client;   /* NULL while there is no connection */
    struct slw_update_answer answer; /* the last one; points into itself: not to be copied */
};

SLW_MUST_USE enum slw_status slw_remote_connect(struct slw_remote_device *device,
                                                uint32_t timeout_ms, struct slw_detail *detail);
/* A second time it does nothing. */
void slw_remote_disconnect(struct slw_remote_device *device);
bool slw_remote_is_interrupted(const struct slw_remote_device *device);

/* Asks for its status, until it answers: it may be rebooting. What the last attempt said when it
 * doesn't for timeout_ms. A device that is shared is let go then. */
SLW_MUST_USE enum slw_status slw_remote_look(struct slw_remote_device *device,
                                             struct slw_detail *detail);

/* Whether the last answer has a slot that is on trial. */
bool slw_remote_is_on_trial(const struct slw_remote_device *device);

/* Who is told how far it is, and has a say before the device applies. NULL: isn't told. */
struct slw_remote_watcher {
    void *context;
    void (*stage)(void *context, const char *stage); /* each once, in words for people */
    bool (*may_apply)(void *context);                /* false: it is aborted; NULL: it may */
    /* What is under way ("sending"), and how far, in hundredths of a percent; NULL: it is over. */
    void (*progress)(void *context, const char *what, uint32_t share);
    const struct slw_progress *sending; /* bytes */
    void (*sent)(void *context, const struct slw_upload_report *report, bool is_whole,
                 uint64_t took_ms);
    void (*refused)(void *context, const char *call, uint32_t code); /* and is asked again */
};

/* What `stage` says while the consumer is asked. */
#define SLW_REMOTE_STAGE_CONSENT "waiting for consent on the device"

struct slw_remote_update {
    const struct slw_source *bundle; /* NULL: what the device has verified, and was told to apply */
    const uint8_t *metadata_sha256;  /* of the bundle's signed targets metadata */
    const char *name;                /* what the device calls it */
    bool apply;                      /* else it ends once the device has verified it */
    const struct slw_remote_watcher *watcher; /* NULL: none */
};

enum slw_remote_end {
    SLW_REMOTE_CONFIRMED,
    SLW_REMOTE_NOTHING_TO_DO,  /* the device runs exactly this release */
    SLW_REMOTE_VERIFIED,       /* and it isn't to be applied */
    SLW_REMOTE_NOT_LET,        /* may_apply() said no */
    SLW_REMOTE_FAILED,         /* the answer says how the device ended it */
    SLW_REMOTE_OTHER_RELEASE,  /* the device confirmed another one than this */
    SLW_REMOTE_TAKEN_AWAY,     /* somebody else ended the session */
    SLW_REMOTE_STRANGE_STATE,  /* the answer has one that we don't know */
    SLW_REMOTE_STRANGE_ANSWER, /* the answer has a code for GetStatus */
    SLW_REMOTE_NO_ANSWER,      /* the detail says why */
    SLW_REMOTE_NO_CONSENT,     /* nobody answered the question on the device in time */
    SLW_REMOTE_NO_PROGRESS,    /* in the state that the answer has */
    SLW_REMOTE_ABORTED,        /* interrupted; the device was told, and listened */
    SLW_REMOTE_LEFT_GOING,     /* interrupted; the device goes on */
    SLW_REMOTE_INTERRUPTED,    /* before the session was ours */
};

/* Runs the update to its end; the device stays connected, where it can be. */
enum slw_remote_end slw_remote_update_run(struct slw_remote_device *device,
                                          const struct slw_remote_update *update,
                                          struct slw_detail *detail);

#endif
