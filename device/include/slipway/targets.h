/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets metadata: what a release holds and for whom it is. Read in one pass, which digests the
 * very bytes that it parses, into a summary and a table of names; what the summary says counts only
 * once the signatures over that digest have been verified (verifier.h does both).
 *
 * The table costs 32 bytes for each target name, each payload name of an encoding, and each slot
 * that differs from its target's name. Details of a target are read again when they are needed, and
 * refused (SLW_IO) when the storage then shows another target than the one that was signed.
 *
 * Sources: TUF specification 1.0.34, section 4.5; spec/SPEC.md, sections 2.4 and 3.
 */
#ifndef SLIPWAY_TARGETS_H
#define SLIPWAY_TARGETS_H

#include "slipway/root.h"
#include "slipway/transparency.h"

/* Limits, inclusive; over one of them the answer is SLW_TOO_LARGE. */
struct slw_limits {
    size_t signatures;   /* on one piece of metadata */
    size_t root_keys;    /* in one root */
    size_t root_history; /* roots */
    size_t targets;
    uint64_t root_size;    /* bytes of serialized root metadata */
    uint64_t targets_size; /* bytes of serialized targets metadata */
};

/* SLW_SIGNATURES_MAX and so on, of tuf.h. */
extern const struct slw_limits slw_default_limits;

/* What is said of a component: exists, and how large its image may be. */
struct slw_slot_port {
    void *context;
    /*
     * 1. Returns SLW_OK and the capacity in bytes of the slot that an image for this component
     *    would go to, or SLW_UNKNOWN_SLOT.
     * 2. Answers the same for the same name for as long as the device runs.
     */
    enum slw_status (*capacity)(void *context, struct slw_bytes slot, uint64_t *ret_capacity);
};

/* An image that the device runs or holds. */
struct slw_installed_image {
    uint64_t length;
    bool sha256_known; /* else it is measured: read from source and hashed */
    uint8_t sha256[SLW_SHA256_SIZE];
    const struct slw_source *source; /* may be NULL when sha256_known */
};

struct slw_installed_port {
    void *context;
    /*
     * 1. Returns SLW_OK and the image that is installed for this target, SLW_NOT_FOUND when there
     *    is none, or SLW_IO.
     * 2. A source that it hands out lives until the next call.
     */
    enum slw_status (*find)(void *context, struct slw_bytes target, struct slw_bytes slot,
                            struct slw_installed_image *ret_image);
};

enum slw_stored_state { SLW_STORED_NOTHING, SLW_STORED_RELEASE, SLW_STORED_UNREADABLE };

/* What a device is and has. A check whose input isn't there isn't made: devices give them all. */
struct slw_expectations {
    struct slw_limits limits;
    struct slw_time now;
    bool check_hardware;
    struct slw_bytes hardware;
    bool check_product;
    struct slw_bytes product; /* empty: only releases that name none fit */
    bool check_key_class;
    enum slw_key_class key_class;
    bool check_build_type;
    enum slw_build_type build_type;
    enum slw_stored_state stored;
    uint32_t stored_version; /* when SLW_STORED_RELEASE */
    uint64_t newer_keys;     /* bits of the trusted root's targets keys that came since then */
    uint32_t stored_floor;
    uint32_t decodable;                         /* bit per enum slw_encoding_kind */
    const struct slw_slot_port *slots;          /* NULL: slots aren't checked */
    const struct slw_installed_port *installed; /* NULL: nothing is installed */
    /* What has to vouch for a release; NULL: no proof is needed, and none is read. */
    const struct slw_transparency *transparency;
};

/* One name of a release. The fields are private to targets.c and verifier_payloads.c. */
struct slw_name {
    uint64_t payload_offset; /* in the bundle, when present */
    uint32_t tag;            /* first four bytes of the name's SHA-256 */
    uint32_t target_offset;  /* of its TargetFile, in the serialized metadata */
    uint16_t form;           /* 0 the image itself, 1.. number of the encoding, 65535 only a slot */
    uint16_t flags;
    uint8_t target_digest[12]; /* start of the TargetFile's SHA-256 */
};

struct slw_names {
    struct slw_name *entries; /* the caller's memory */
    size_t max;
    size_t count;
};

struct slw_targets {
    uint32_t version;
    uint32_t min_installed_version;
    uint32_t security_floor;
    enum slw_urgency urgency;
    enum slw_build_type build_type;
    struct slw_expiry expires;
    size_t targets_count;
    uint8_t sha256[SLW_SHA256_SIZE]; /* of the serialized metadata */
    struct slw_span serialized;      /* in the bundle */
    struct slw_span release_version; /* in the bundle; checked as UTF-8 */
    struct slw_span release_notes;
    struct slw_span product;
    bool has_release_leaf; /* where transparency is expected, and the product's name fits a leaf */
    uint8_t release_leaf[SLW_SHA256_SIZE]; /* the leaf's hash, of the bytes that were parsed */
    /* private: what parsing noticed and checking the content reports */
    bool role_right;
    bool spec_version_right;
    bool hardware_listed;
    bool hardware_matches;
    bool product_matches;
    uint32_t unknown_critical_field;  /* 0: none */
    struct slw_finding names_finding; /* SLW_OK: none */
};

/* One target as the metadata lists it, with the details of at most one of its encodings. */
struct slw_target {
    uint8_t name[SLW_NAME_SIZE_MAX];
    size_t name_len;
    uint8_t slot[SLW_NAME_SIZE_MAX]; /* its own, or the name */
    size_t slot_len;
    uint64_t length; /* of the image as installed */
    uint8_t sha256[SLW_SHA256_SIZE];
    /* of the form that was asked for */
    enum slw_encoding_kind kind;
    bool kind_known;
    uint64_t form_length;
    uint8_t form_sha256[SLW_SHA256_SIZE];
    bool form_hash_known;
    bool has_base;
    uint8_t base_sha256[SLW_SHA256_SIZE];
    /* private */
    bool has_sha256;
    bool hashes_differ; /* two SHA-256 that can't both match */
};

/*
 * Reads the TargetsMetadata that reaches from the reader's position to its end. SLW_OK says that
 * its shape is right and nothing more; SLW_MALFORMED or SLW_TOO_LARGE otherwise.
 */
SLW_MUST_USE enum slw_status slw_targets_parse(struct slw_reader *reader,
                                               const struct slw_expectations *expectations,
                                               struct slw_targets *targets,
                                               struct slw_names *names);

/*
 * Role, spec_version, expiry, versions, device checks, names, in that order. effective_version is
 * the stored version, or 0 where a root upgrade resets it; key_class that of the root in force.
 * lookup: a reader on the bundle that may be moved.
 */
SLW_MUST_USE enum slw_status
slw_targets_check(const struct slw_targets *targets, const struct slw_names *names,
                  const struct slw_expectations *expectations, uint32_t effective_version,
                  enum slw_key_class key_class, struct slw_reader *lookup,
                  struct slw_finding *finding);

/* The entry with this name (not a mere slot), or NULL; SLW_IO when storage changed. */
SLW_MUST_USE enum slw_status slw_names_find(const struct slw_targets *targets,
                                            const struct slw_names *names,
                                            struct slw_reader *lookup, struct slw_bytes name,
                                            struct slw_name **ret_entry,
                                            struct slw_target *ret_target);

/* The image-itself entry of the target at this offset, whose name is given. */
struct slw_name *slw_names_find_image(const struct slw_names *names, struct slw_bytes name,
                                      uint32_t target_offset);

/* Walks the targets in listed order, checking each against its digest. */
struct slw_target_walk {
    struct slw_reader reader;
    struct slw_proto proto;
    size_t seen;
};
void slw_target_walk_start(struct slw_target_walk *walk, const struct slw_source *bundle,
                           const struct slw_targets *targets, uint8_t *block, size_t block_size);
/* SLW_NOT_FOUND at the end; ret_image is the entry of the image itself. */
SLW_MUST_USE enum slw_status slw_target_walk_next(struct slw_target_walk *walk,
                                                  const struct slw_targets *targets,
                                                  const struct slw_names *names,
                                                  struct slw_target *ret_target,
                                                  struct slw_name **ret_image);

/* Whether a name of a target, payload or slot is allowed (SPEC.md 3.6); its length aside. */
bool slw_name_is_good(struct slw_bytes name);

/* Flags of struct slw_name. */
enum {
    SLW_NAME_IS_PAYLOAD = 1, /* a payload may come under it */
    SLW_NAME_IS_SLOT = 2,    /* a component's name */
    SLW_NAME_PRESENT = 4,    /* its payload came and was right */
    /* on the image's entry: a usable form came, or it is installed; on a form's: it is usable */
    SLW_NAME_SATISFIED = 8,
    SLW_NAME_UNSUPPORTED = 16, /* on the image's entry: an unusable form came */
    SLW_NAME_WRONG_BASE = 32,  /* on the image's entry: a delta for another image came */
    SLW_NAME_INSTALLED = 64,   /* on the image's entry: absent, but installed */
};

#endif
