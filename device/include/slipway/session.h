/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update session of a device: the states of Pigweed's BundledUpdate service, from the bundle's
 * first byte to the confirmed release, across any number of reboots.
 *
 * Calls only change the state; the work (verifying, writing slots) is done by slw_session_poll(), a
 * bounded piece at a time, so that calls are answered and Abort works at any moment. What is
 * allowed in which state is one table (session.c; the diagram in docs/DEVICE.md is made from it). A
 * call that isn't allowed is SLW_WRONG_STATE and changes nothing.
 *
 *     slw_session_open(&session, &config);
 *     for (;;) {
 *         bytes from the link go to the RPC server, which calls slw_session_call() and friends
 *         slw_session_poll(&session, now_ms);
 *     }
 */
#ifndef SLIPWAY_SESSION_H
#define SLIPWAY_SESSION_H

#include "slipway/boot.h"
#include "slipway/bundled_update.h"
#include "slipway/port_consent.h"
#include "slipway/port_platform.h"
#include "slipway/store.h"
#include "slipway/verifier.h"

/*
 * Resource id of every bundle's transfer: Pigweed's, so that its recorded sessions play to our
 * devices. Which session a byte belongs to is decided by the state, and by the transfer's own
 * session.
 */
#define SLW_SESSION_TRANSFER_ID 17u

enum slw_session_call {
    SLW_CALL_SET_TRANSFERRED,
    SLW_CALL_VERIFY,
    SLW_CALL_APPLY,
    SLW_CALL_ABORT,
    SLW_CALL_RESET,
    SLW_CALL_START, /* through slw_session_start() */
    SLW_CALLS_COUNT,
};

/* What a product wants to hear of: for a log, a display, the lines of the virtual device. */
struct slw_session_observer {
    void *context;
    void (*refused)(void *context, const struct slw_finding *finding);
};

/* Everything that a session stands on; the caller owns it all, for as long as the session. */
struct slw_session_config {
    struct slw_store *store; /* open */
    const struct slw_layout *layout;
    struct slw_limits limits;
    struct slw_bytes hardware; /* empty: only releases that name none fit */
    struct slw_bytes product;
    enum slw_key_class key_class;   /* SLW_KEY_CLASS_NONE: the class isn't checked */
    enum slw_build_type build_type; /* SLW_BUILD_TYPE_NONE: not checked */
    /* The log and the witnesses that have to vouch for a release; NULL: none have to. */
    const struct slw_transparency *transparency;
    const struct slw_consent_port *consent;
    const struct slw_clock_port *clock; /* NULL: no clock */
    const struct slw_reboot_port *reboot;
    const struct slw_session_observer *observer; /* may be NULL */
    uint32_t transfer_idle_ms; /* a transfer without a byte for so long has failed */
    struct slw_verifier_memory memory;
    uint8_t
        *page; /* scratch for programming: at least 512 bytes, a multiple of every program_size */
    size_t page_size;
};

enum slw_install_phase {
    SLW_INSTALL_NEXT_TARGET,
    SLW_INSTALL_ERASE, /* a sector, then its pages */
    SLW_INSTALL_PROGRAM,
    SLW_INSTALL_READ_BACK,
    SLW_INSTALL_METADATA,
};

struct slw_session {
    /* private */
    const struct slw_session_config *config;
    struct slw_session_record record; /* as committed, but for what needn't outlive a reboot */
    struct slw_state next;            /* scratch for the next commit */
    struct slw_finding finding;       /* of the last refusal */
    struct slw_slot_port slots;
    struct slw_installed_port installed;
    struct slw_region_source installed_source;
    struct slw_expectations expectations;
    bool apply_wanted;
    bool waiting_for_consent;
    bool rebooting;
    /* staging */
    uint64_t staged;      /* bytes accepted */
    uint64_t staged_goal; /* bytes durable before a reboot, whose checksum is being taken */
    uint32_t staged_crc;
    size_t page_filled;
    uint64_t last_byte_ms;
    bool byte_seen; /* last_byte_ms is set */
    /* verifying */
    struct slw_verifier verifier;
    struct slw_region_source bundle;
    struct slw_blob root;
    const struct slw_trusted_bundle *trusted; /* once it is verified */
    uint64_t history_at;                      /* roots of the bundle that are kept one by one */
    size_t history_left;
    struct slw_root_chain chain; /* to the newest of them, over what flash holds now */
    bool chain_begun;
    uint32_t kept_root_version; /* of the newest of them */
    uint8_t kept_root[SLW_SHA256_SIZE];
    struct slw_release new_release; /* being put together */
    uint32_t listed;                /* bit per component that the new release lists */
    struct slw_consent_question question;
    uint8_t release_version[SLW_NAME_SIZE_MAX];
    uint8_t release_notes[SLW_RELEASE_NOTES_SIZE_MAX];
    /* installing */
    enum slw_install_phase install_phase;
    struct slw_target_walk walk;
    uint8_t walk_block[SLW_VERIFIER_LOOKUP_SIZE];
    struct slw_trusted_target target;
    size_t component;
    const struct slw_region *slot;
    uint64_t installed_bytes; /* of the current image */
    uint64_t written_bytes;   /* of all images, for progress */
    uint64_t total_bytes;
    struct slw_sha256 hash;
};

/*
 * Takes up the session where the store says it stands: a transfer can be resumed, verification
 * starts over, an installation is done again from the staged bundle, a trial waits for its
 * confirmation.
 */
SLW_MUST_USE enum slw_status slw_session_open(struct slw_session *session,
                                              const struct slw_session_config *config);

/* Opens a session for a bundle of this name (at most 32 bytes; more is cut). */
SLW_MUST_USE enum slw_status slw_session_start(struct slw_session *session, struct slw_bytes name);

/* All other calls that change something. */
SLW_MUST_USE enum slw_status slw_session_call(struct slw_session *session,
                                              enum slw_session_call call);

/* The application is healthy: a trial becomes the confirmed release (slw_boot_confirm()).
 * SLW_WRONG_STATE: no trial. */
SLW_MUST_USE enum slw_status slw_session_confirm(struct slw_session *session);

/* Does the next piece of work. True: there is more to do at once. */
bool slw_session_poll(struct slw_session *session, uint64_t now_ms);

/*
 * The state as every reply carries it. The texts are written into note (32 bytes) and live as long
 * as it and the session.
 */
void slw_session_status(const struct slw_session *session, uint8_t note[static 32],
                        struct slw_update_status *ret_status);

/* Bytes arriving: what the transfer server's handler calls. Only while TRANSFERRING. */

/* Where a transfer of this id can go on, and the CRC-32 of the bytes before. */
SLW_MUST_USE enum slw_status slw_session_stage_status(const struct slw_session *session,
                                                      uint32_t transfer_id, uint64_t *ret_offset,
                                                      uint32_t *ret_crc32);
/* The checksum of what was staged before a reboot is still being taken: ask again. */
bool slw_session_stage_is_looking(const struct slw_session *session);
/* offset: where the sender wants to go on. ret_offset: where it has to (that, or 0). */
SLW_MUST_USE enum slw_status slw_session_stage_open(struct slw_session *session,
                                                    uint32_t transfer_id, uint64_t offset,
                                                    uint64_t *ret_offset);
/* offset must be where the bytes so far end. SLW_NO_SPACE: the bundle is larger than the staging
 * area, which ends the session. */
SLW_MUST_USE enum slw_status slw_session_stage_write(struct slw_session *session, uint64_t offset,
                                                     struct slw_bytes bytes);
/* The last byte was written. */
SLW_MUST_USE enum slw_status slw_session_stage_finish(struct slw_session *session);

#endif
