/* SPDX-License-Identifier: Apache-2.0 */
/* METAFILES (section 4.4): what a timestamp or a snapshot says of another file. */
#include "json_fields.h"
#include "metadata.h"

/*
 * ""version": An integer version number as shown in the metadata file at METAPATH"; "length" and
 * "hashes" are OPTIONAL.
 */
enum slw_status slw_tuf_meta_read(const struct slw_json_document *json, uint32_t entry,
                                  struct slw_tuf_meta *ret_meta, struct slw_detail *detail)
{
    struct slw_tuf_meta meta = {.hashes = SLW_JSON_NONE};
    uint32_t length = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_integer(json, entry, "version", 1, &meta.version, detail));
    SLW_TRY(slw_tuf_json_optional(json, entry, "length", SLW_JSON_INTEGER, &length, detail));
    if (length != SLW_JSON_NONE) {
        int64_t number = 0;
        SLW_TRY(slw_tuf_json_integer(json, entry, "length", 0, &number, detail));
        meta.has_length = true;
        meta.length = (uint64_t)number;
    }
    SLW_TRY(slw_tuf_json_optional(json, entry, "hashes", SLW_JSON_OBJECT, &meta.hashes, detail));
    if (meta.hashes != SLW_JSON_NONE) {
        SLW_TRY(slw_tuf_hashes_check(json, meta.hashes, detail));
    }
    *ret_meta = meta;
    return SLW_OK;
}
