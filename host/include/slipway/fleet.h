/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices and the depot say to each other (spec/DEPOT.md, section 7): made and read by one
 * code, which the depot, the command line, the simulator and whoever writes an agent use.
 * Everything from a device is a DSSE envelope by its own key.
 *
 *     struct slw_fleet_report report = {.product = …, .device = …, .epoch = 3, .sequence = 17,
 * .nonce = nonce, .kind = SLW_FLEET_OUTCOME, .result = SLW_FLEET_SUCCESS, .rollout = 7, …};
 *     SLW_TRY(slw_fleet_report_make(&report, key, &envelope, detail));
 *
 *     SLW_TRY(slw_fleet_report_open(text, &public_key, &opened, detail)); // verified, then read
 *     use(&opened.report);
 *     slw_fleet_opened_free(&opened);
 *
 * Statuses: SLW_MALFORMED, SLW_TOO_LARGE; SLW_UNSIGNED: not by that key; SLW_BAD_KEY;
 * SLW_BAD_ARGUMENT with the member that makes no sense.
 */
#ifndef SLIPWAY_FLEET_H
#define SLIPWAY_FLEET_H

#include "slipway/dsse.h"
#include "slipway/json_reader.h"

#define SLW_FLEET_ENROL_TYPE SLW_BYTES_OF("application/vnd.slipway.enrol+json")
#define SLW_FLEET_REPORT_TYPE SLW_BYTES_OF("application/vnd.slipway.report+json")
#define SLW_FLEET_MESSAGE_MAX 32768u /* an envelope's text */
#define SLW_FLEET_WORD_MAX 64u
#define SLW_FLEET_TEXT_MAX 512u
#define SLW_FLEET_SLOTS_MAX 32u
#define SLW_FLEET_ATTRIBUTES_MAX 64u
#define SLW_FLEET_NONCE_SIZE 49u /* with its zero: time, mark, in hexadecimal */
#define SLW_FLEET_NONCE_VALID_S 600
#define SLW_FLEET_NONCE_SKEW_S 30 /* that clocks of replicas may differ */

/* Whether text can be a device's id: 1 to 64 letters, digits, `_`, `.`, `-`, `:`. */
SLW_MUST_USE bool slw_fleet_device_is_good(struct slw_bytes text);

/* A device that wants to be known. What is empty is left out; token and nonce may be. */
struct slw_fleet_enrol {
    struct slw_bytes product, device, hardware, key_class;
    struct slw_bytes key; /* PEM of the public key; set by make() */
    struct slw_bytes token, nonce;
    int64_t time_s; /* by the device's clock, for people */
};

enum slw_fleet_kind {
    SLW_FLEET_STATE,
    SLW_FLEET_PROGRESS,
    SLW_FLEET_OUTCOME,
    SLW_FLEET_CONSENT,
    SLW_FLEET_KINDS
};
enum slw_fleet_boot { SLW_FLEET_CONFIRMED, SLW_FLEET_TRIAL, SLW_FLEET_BACK, SLW_FLEET_BOOTS };
enum slw_fleet_result {
    SLW_FLEET_NONE,
    SLW_FLEET_SUCCESS,
    SLW_FLEET_REFUSED,
    SLW_FLEET_FAILED,
    SLW_FLEET_ROLLED_BACK,
    SLW_FLEET_DECLINED,
    SLW_FLEET_RESULTS,
};
extern const char *const slw_fleet_kind_names[SLW_FLEET_KINDS];
extern const char *const slw_fleet_boot_names[SLW_FLEET_BOOTS];
extern const char *const slw_fleet_result_names[SLW_FLEET_RESULTS]; /* NONE: "" */

struct slw_fleet_slot {
    struct slw_bytes name, slot, sha256; /* component; "A" or "B"; hexadecimal, or empty */
    int64_t version;
};

struct slw_fleet_report {
    struct slw_bytes product, device, nonce;
    int64_t epoch, sequence, time_s;
    enum slw_fleet_kind kind;
    enum slw_fleet_boot boot;
    int64_t version, root_version; /* confirmed targets version, 0 for none */
    int64_t utc_offset_s;          /* of the clock on its wall */
    const struct slw_fleet_slot *slots;
    size_t slots_count;
    struct slw_bytes attributes; /* a JSON object of texts, or empty */
    int64_t rollout, release;    /* 0: of none */
    int64_t progress_percent;
    enum slw_fleet_result result;
    struct slw_bytes reason, text; /* a word of the closed list; words for people */
    struct slw_bytes consent_by;   /* CONSENT: who said it */
    bool consent_yes;
};

/* Appends the envelope. */
SLW_MUST_USE enum slw_status slw_fleet_enrol_make(const struct slw_fleet_enrol *enrol,
                                                  const struct slw_private_key *key,
                                                  struct slw_heap_buffer *ret_envelope,
                                                  struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_fleet_report_make(const struct slw_fleet_report *report,
                                                   const struct slw_private_key *key,
                                                   struct slw_heap_buffer *ret_envelope,
                                                   struct slw_detail *detail);

/* A message that was verified; its views live until it is freed. */
struct slw_fleet_opened {
    struct slw_fleet_enrol enrol;
    struct slw_fleet_report report;
    struct slw_public_key key; /* enrol: the device's, by which the envelope was verified */
    uint8_t payload_sha256[SLW_SHA256_SIZE];
    struct slw_fleet_slot slots[SLW_FLEET_SLOTS_MAX];
    struct slw_dsse envelope; /* private, as what follows */
    struct slw_json_document json;
};

/* Verifies by the key that it names itself: whoever sent it has that key. Whether it may be
 * enrolled is another question. */
SLW_MUST_USE enum slw_status slw_fleet_enrol_open(struct slw_bytes text,
                                                  struct slw_fleet_opened *ret_opened,
                                                  struct slw_detail *detail);
/* Verifies by the device's key as it is known. */
SLW_MUST_USE enum slw_status slw_fleet_report_open(struct slw_bytes text,
                                                   const struct slw_public_key *key,
                                                   struct slw_fleet_opened *ret_opened,
                                                   struct slw_detail *detail);
void slw_fleet_opened_free(struct slw_fleet_opened *opened);

/*
 * Nonces that need no memory: the time, and a mark over product, device, epoch and time by the
 * depot's secret. check() is SLW_STALE_STATEMENT for one that is too old, from the future, or
 * another's.
 */
void slw_fleet_nonce_make(const uint8_t secret[static 32], struct slw_bytes product,
                          struct slw_bytes device, int64_t epoch, int64_t now_s,
                          char ret_nonce[static SLW_FLEET_NONCE_SIZE]);
SLW_MUST_USE enum slw_status slw_fleet_nonce_check(const uint8_t secret[static 32],
                                                   struct slw_bytes product,
                                                   struct slw_bytes device, int64_t epoch,
                                                   int64_t now_s, struct slw_bytes nonce,
                                                   struct slw_detail *detail);

/* What a check-in is answered. */
struct slw_fleet_offer {
    int64_t rollout, release, length, valid_s;
    struct slw_bytes release_version, urgency, role, path, sha256;
    bool consent_given;
};
struct slw_fleet_answer {
    int64_t next_s; /* until the next check-in; the device spreads it by itself */
    struct slw_bytes nonce;
    bool wants_report, wants_log, has_offer;
    struct slw_fleet_offer offer;
    struct slw_json_document json; /* private: text is the caller's and outlives it */
};
void slw_fleet_answer_put(const struct slw_fleet_answer *answer, struct slw_heap_buffer *ret_text);
SLW_MUST_USE enum slw_status slw_fleet_answer_read(struct slw_bytes text,
                                                   struct slw_fleet_answer *ret_answer,
                                                   struct slw_detail *detail);
void slw_fleet_answer_free(struct slw_fleet_answer *answer);

#endif
