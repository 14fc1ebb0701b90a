/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content rules: what a bundle of a product may hold, whoever built it. The signing service's
 * judges apply them before anything is signed, and `slipway build validate` before anything is
 * uploaded: the same function.
 *
 *     struct slw_content_rules rules = {.elf_stripped = true, .has_size = true, .size_max = 8 <<
 * 20}; SLW_TRY(slw_content_check(path, &source, &rules, &report, detail)); for (size_t i = 0; i <
 * report.findings_count; i++) ... slw_content_report_free(&report);
 *
 * It needs no signature on the bundle and doesn't look at any. The payloads are read once,
 * forwards, in blocks; memory is constant but for some 200 bytes a target. It doesn't stop at the
 * first breach, so that a builder sees all of them.
 *
 * What is always checked, rules or none:
 *  - the metadata are what devices would accept (slw_targets_check_content());
 *  - each payload in the bundle has the length and SHA-256 that the metadata list; no payload is
 *    unlisted;
 *  - a target's image itself is in the bundle. It may be left out only if the former release had a
 *    target of that name, length and SHA-256, which was looked into then. Encoded forms (LZ,
 *    deltas, Zstandard) don't count: nobody can look into one; they may be beside the image, and
 *    are hashed and searched as they are;
 *  - no payload has a private key in PEM: `-----BEGIN … PRIVATE KEY-----` with a line end and the
 *    beginning of a key behind it, so that a program that can merely read such files passes.
 */
#ifndef SLIPWAY_CONTENT_RULES_H
#define SLIPWAY_CONTENT_RULES_H

#include "slipway/bytes.h"
#include "slipway/crypto.h"
#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/reader.h"
#include "slipway/tuf.h"

/* Limits, inclusive; more is SLW_TOO_LARGE. */
#define SLW_CONTENT_WORDS_MAX 256u      /* names, hardware ids, slots: of each */
#define SLW_CONTENT_PATTERNS_MAX 256u   /* forbidden byte patterns */
#define SLW_CONTENT_PATTERN_SIZE_MIN 4u /* bytes; shorter ones are everywhere */
#define SLW_CONTENT_PATTERN_SIZE_MAX 1024u
#define SLW_CONTENT_GROWTH_MAX 100000u /* percent */

/* Bytes that no payload may have in it, and what people call them. */
struct slw_content_pattern {
    struct slw_bytes name; /* "dev key": shown, never searched; 1 to 64 bytes */
    struct slw_bytes bytes;
};

/* A target of the last release. */
struct slw_content_former {
    struct slw_bytes name;
    uint64_t length;
    uint8_t sha256[SLW_SHA256_SIZE];
};

/* All zeros: no rule but those that always hold. Everything is the caller's memory. */
struct slw_content_rules {
    /*
     * Allowed names of targets, user_manifest too. In a pattern `*` stands for any number of bytes
     * but `/`, everything else for itself; an empty list allows all names.
     */
    const struct slw_bytes *names;
    size_t names_count;
    /* Allowed hardware ids, as they are; with a list, a bundle for any hardware is refused. */
    const struct slw_bytes *hardware;
    size_t hardware_count;
    /* Allowed slots, as they are; a target without a slot has its name's. */
    const struct slw_bytes *slots;
    size_t slots_count;
    /*
     * Payloads that begin with ELF's magic have no symbol table and no debug sections
     * (`.gnu_debuglink`, which only names another file, may be there), and are well-formed: no
     * table of sections beyond the end of the file, no section without a name. An ELF file that is
     * wrapped (U-Boot, archives, compressed) isn't looked for.
     */
    bool elf_stripped;
    const struct slw_content_pattern *forbidden;
    size_t forbidden_count;
    bool private_keys_allowed; /* don't search for private keys in PEM */
    /*
     * The last release's targets, and by how many percent each target, and all together, may be
     * longer than there. A target that is new counts for the sum alone.
     */
    bool has_former;
    const struct slw_content_former *former;
    size_t former_count;
    bool has_growth;
    uint32_t growth_percent;
    /* Bytes of all images together, and of all payloads together. */
    bool has_size;
    uint64_t size_max;
    uint8_t build_types; /* bit n: enum slw_build_type n is allowed; 0: any */
    bool has_product;
    struct slw_bytes product; /* what it must be */
};

/* SLW_BAD_ARGUMENT or SLW_TOO_LARGE, explained, when rules can't be used. */
SLW_MUST_USE enum slw_status slw_content_rules_check(const struct slw_content_rules *rules,
                                                     struct slw_detail *detail);

/* Which rule was broken; words by slw_content_rule_word(). */
enum slw_content_rule {
    SLW_CONTENT_METADATA = 1, /* "metadata": devices would refuse it, or there are none */
    SLW_CONTENT_PRODUCT,      /* "product" */
    SLW_CONTENT_BUILD_TYPE,   /* "build-type" */
    SLW_CONTENT_HARDWARE,     /* "hardware" */
    SLW_CONTENT_NAME,         /* "name" */
    SLW_CONTENT_SLOT,         /* "slot" */
    SLW_CONTENT_SIZE,         /* "size" */
    SLW_CONTENT_GROWTH,       /* "growth" */
    SLW_CONTENT_PRESENCE,  /* "presence": an image that isn't there, a payload that isn't listed */
    SLW_CONTENT_HASH,      /* "hash": not the length or digest that the metadata list */
    SLW_CONTENT_ELF,       /* "elf" */
    SLW_CONTENT_FORBIDDEN, /* "forbidden" */
    SLW_CONTENT_PRIVATE_KEY, /* "private-key" */
    SLW_CONTENT_VALIDATOR,   /* "validator": for those who run one beside the rules */
};
#define SLW_CONTENT_RULES_COUNT 14u

const char *slw_content_rule_word(enum slw_content_rule rule);

#define SLW_CONTENT_FINDINGS_MAX 64u
#define SLW_CONTENT_TEXT_MAX 240u

struct slw_content_finding {
    /* SLW_WRONG_CONTENT; or what a device would say: SLW_WRONG_HASH, SLW_UNLISTED_PAYLOAD, … */
    enum slw_status status;
    enum slw_content_rule rule;
    /* `target "app": grew from 1,000 to 2,000 bytes …`; printable, names from outside escaped */
    char text[SLW_CONTENT_TEXT_MAX];
};

struct slw_content_report {
    struct slw_content_finding *findings; /* what metadata say first, then payloads as they stand */
    size_t findings_count;
    size_t findings_omitted; /* beyond SLW_CONTENT_FINDINGS_MAX */
    uint64_t payload_bytes;  /* read, hashed and searched */
    size_t targets_count;
    size_t elf_count; /* payloads that are ELF files */
};

/*
 * Applies the rules. SLW_OK: it was judged, and the report says how; no findings: it passes.
 * Otherwise there is no report: SLW_MALFORMED, SLW_TOO_LARGE when it is no bundle, SLW_IO,
 * SLW_NO_SPACE, and what slw_content_rules_check() says. name is what details call the bundle.
 */
SLW_MUST_USE enum slw_status slw_content_check(const char *name, const struct slw_source *bundle,
                                               const struct slw_content_rules *rules,
                                               struct slw_content_report *ret_report,
                                               struct slw_detail *detail);
void slw_content_report_free(struct slw_content_report *report);

/* Whether a name is one that a pattern with `*` allows. */
bool slw_content_name_matches(struct slw_bytes pattern, struct slw_bytes name);

/*
 * A former release's targets from its serialized TargetsMetadata, for rules.former: an array in
 * ret_former and their number, whose names point into serialized. free() the array.
 */
SLW_MUST_USE enum slw_status slw_content_former_read(struct slw_bytes serialized,
                                                     struct slw_content_former **ret_former,
                                                     size_t *ret_count, struct slw_detail *detail);

/*
 * Rules as bytes, so that another process can apply them (a judge), or a file can hold them: the
 * message ContentRules of spec/judge.proto. Decoding is strict: unknown fields are SLW_MALFORMED.
 * What was decoded owns its memory, and is checked already.
 */
#define SLW_CONTENT_RULES_ENCODED_MAX (4u << 20)

SLW_MUST_USE enum slw_status slw_content_rules_encode(const struct slw_content_rules *rules,
                                                      struct slw_heap_buffer *ret_bytes,
                                                      struct slw_detail *detail);

struct slw_content_rules_owned {
    struct slw_content_rules rules;
    /* private: what its views point into */
    struct slw_heap_buffer bytes;
    struct slw_bytes *words[3];
    struct slw_content_pattern *patterns;
    struct slw_content_former *former;
};

SLW_MUST_USE enum slw_status slw_content_rules_decode(struct slw_bytes bytes,
                                                      struct slw_content_rules_owned *ret_rules,
                                                      struct slw_detail *detail);

void slw_content_rules_free(struct slw_content_rules_owned *rules);

#endif
