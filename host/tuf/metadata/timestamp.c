/* SPDX-License-Identifier: Apache-2.0 */
/* timestamp.json (section 4.6): which snapshot is the current one. */
#include "json_fields.h"
#include "metadata.h"

enum slw_status slw_tuf_timestamp_read(const struct slw_tuf_file *file,
                                       struct slw_tuf_timestamp *ret_timestamp,
                                       struct slw_detail *detail)
{
    struct slw_tuf_timestamp timestamp = {0};
    uint32_t meta = SLW_JSON_NONE;
    uint32_t entry = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_common_read(file, &timestamp.common, detail));
    SLW_TRY(slw_tuf_json_member(&file->json, file->signed_part, "meta", SLW_JSON_OBJECT, &meta,
                                detail));
    /* "this MUST only include a description of the snapshot.json file": others are passed over. */
    SLW_TRY(
        slw_tuf_json_member(&file->json, meta, "snapshot.json", SLW_JSON_OBJECT, &entry, detail));
    SLW_TRY(slw_tuf_meta_read(&file->json, entry, &timestamp.snapshot, detail));
    *ret_timestamp = timestamp;
    return SLW_OK;
}
