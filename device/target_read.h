/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one TargetFile, and the table of names: shared by targets.c, targets_check.c and names.c,
 * private to the device library.
 */
#ifndef SLIPWAY_TARGET_READ_H
#define SLIPWAY_TARGET_READ_H

#include "slipway/targets.h"

#define SLW_FORM_SLOT_ONLY UINT16_MAX

struct slw_encoding {
    uint64_t target_offset; /* of the TargetFile that it is in, in the source */
    uint16_t number;        /* 1 for the first of its target */
    uint64_t kind;
    bool kind_known;
    uint8_t payload_name[SLW_NAME_SIZE_MAX];
    size_t payload_name_len;
    uint64_t length;
    bool has_sha256;
    uint8_t sha256[SLW_SHA256_SIZE];
    bool has_base;
    uint8_t base_sha256[SLW_SHA256_SIZE];
};

struct slw_encoding_visitor {
    void (*visit)(void *context, const struct slw_encoding *encoding);
    void *context;
};

/*
 * Reads the TargetFile field that slw_proto_next() just returned: the target, details of encoding
 * number form (0: of the image itself), and the SHA-256 of its bytes. visitor may be NULL. Names
 * over the limit fail the reader with SLW_TOO_LARGE.
 */
void slw_target_read(struct slw_proto *proto, const struct slw_proto_field *field, uint16_t form,
                     const struct slw_encoding_visitor *visitor, struct slw_target *ret_target,
                     uint8_t ret_digest[static SLW_SHA256_SIZE]);

uint32_t slw_name_tag(struct slw_bytes name);

/* By tag, then target, then form. */
void slw_names_sort(struct slw_names *names);

/* Reads the target of an entry again; SLW_IO when it isn't the one that was signed. */
enum slw_status slw_names_read(const struct slw_targets *targets, const struct slw_name *entry,
                               struct slw_reader *lookup, struct slw_target *ret_target,
                               struct slw_bytes *ret_text, uint8_t text[static SLW_NAME_SIZE_MAX]);

#endif
