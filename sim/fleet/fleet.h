/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the fleet simulator share: what it was asked for (main.c), a device and what it
 * does when its turn comes (device.c), whose turn it is (schedule.c), what was seen (seen.c), and
 * the network's faults (relay.c).
 */
#ifndef SLIPWAY_SIM_FLEET_H
#define SLIPWAY_SIM_FLEET_H

#include "board.h"

#include "slipway/fleet_agent.h"

#include <pthread.h>
#include <signal.h>

/* Shares are in thousandths. */
struct fleet_settings {
    const char *depot; /* URL */
    const char *ca_file;
    const char *root;      /* root.json that trust in the repository begins with, its path */
    const char *directory; /* of what devices keep; in memory, best */
    const char *token_file;
    const char *product, *key_class;
    const char *hardware, *hardware_2; /* the second of another model; NULL: there is none */
    unsigned devices, threads;
    uint64_t seed;
    unsigned ramp_ms;      /* in which all are switched on */
    unsigned for_s;        /* how long it runs; a signal ends it, too */
    unsigned faulty;       /* rounds whose connections break */
    unsigned reboots;      /* updates in which power fails */
    unsigned drops;        /* updates in which a device goes, and comes back later */
    unsigned deaths;       /* devices that go with their first update, and don't come back */
    unsigned wrong_clocks; /* devices whose clock is wrong */
    unsigned share_2;      /* devices of the other model */
    unsigned kept;         /* devices whose agents go on between rounds; the others' begin anew */
    struct board_kind kinds[2]; /* of each model */
    struct slw_heap_buffer root_json;
};

struct fleet_device {
    unsigned number;
    char name[24];
    const char *hardware;
    const struct board_kind *kind;
    struct board board;
    struct slw_fleet_member *member; /* of an agent that goes on, and its connection; NULL: none */
    uint64_t random;
    int64_t due_ms; /* by the system's clock */
    int64_t next_s; /* what the depot said last */
    unsigned failures;
    bool is_mortal; /* goes with its first update */
    bool is_gone;   /* for good */
};

/* The next number of a device's own chance; the same in each run, whatever other devices do. */
uint64_t fleet_chance(struct fleet_device *device);
/* Whether something happens to a device that happens to so many of a thousand. */
bool fleet_happens(struct fleet_device *device, unsigned thousandths);

int64_t fleet_now_ms(void);

/* --- seen.c: counted, and written as lines of JSON --- */

enum fleet_count {
    FLEET_ROUNDS,
    FLEET_ROUNDS_FAILED,
    FLEET_CUTS,    /* rounds that went over a connection that breaks */
    FLEET_DROPS,   /* devices that went for a while */
    FLEET_GONE,    /* for good */
    FLEET_FETCHED, /* bundles */
    FLEET_COUNTS
};

struct fleet_seen;
SLW_MUST_USE enum slw_status fleet_seen_open(const char *events_path, struct fleet_seen **ret_seen,
                                             struct slw_detail *detail);
void fleet_seen_close(struct fleet_seen *seen);
void fleet_count(struct fleet_seen *seen, enum fleet_count what);
/* An agent's line ("offered release=2", "outcome release=2 success"), or a device's trouble. */
void fleet_see(struct fleet_seen *seen, const struct fleet_device *device, const char *line);
/* Everything that was counted, as one object. */
void fleet_summarize(struct fleet_seen *seen, const struct fleet_settings *settings,
                     const struct fleet_device *devices, struct slw_heap_buffer *ret_text);

/* --- relay.c --- */

struct relay;
#define RELAY_FAULTS 16u
/* Listens on a port for each way that a connection can break, before depot. */
SLW_MUST_USE enum slw_status relay_open(const char *depot_url, struct relay **ret_relay,
                                        struct slw_detail *detail);
void relay_close(struct relay *relay);
/* The depot's URL, by way of this fault; lives as long as the relay. */
const char *relay_url(const struct relay *relay, unsigned fault);

/* --- device.c --- */

struct fleet_worker;
SLW_MUST_USE enum slw_status fleet_worker_new(const struct fleet_settings *settings,
                                              struct relay *relay, struct fleet_seen *seen,
                                              struct fleet_worker **ret_worker,
                                              struct slw_detail *detail);
void fleet_worker_free(struct fleet_worker *worker);
SLW_MUST_USE enum slw_status fleet_device_init(const struct fleet_settings *settings,
                                               unsigned number, struct fleet_device *device,
                                               struct slw_detail *detail);
void fleet_device_free(struct fleet_device *device);
/* Its turn: on, a round, off again. Sets when it is due again. */
void fleet_device_round(struct fleet_worker *worker, struct fleet_device *device);
/* Asks the device itself, by its link, and appends what it says, as one object. */
void fleet_device_ask(struct fleet_worker *worker, struct fleet_device *device,
                      struct slw_heap_buffer *ret_text);

/* --- schedule.c --- */

/* Runs them until it is over or *stop is set; false when no thread could be made. */
bool fleet_run(const struct fleet_settings *settings, struct fleet_device *devices,
               struct fleet_worker **workers, const volatile sig_atomic_t *stop);

#endif
