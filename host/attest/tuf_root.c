/* SPDX-License-Identifier: Apache-2.0 */
/* Notices of roots: what a signing service is told of a repository's next root. */
#include "slipway/base64.h"
#include "slipway/statements.h"

#include "statements.h"

enum slw_status slw_tuf_root_notice_read(const struct slw_statement *statement,
                                         struct slw_tuf_root_notice *ret_notice,
                                         struct slw_detail *detail)
{
    static const char *const members[] = {"signer", "product", "root", "issued", NULL};
    static const size_t longest = 4 * ((SLW_TUF_ROOT_SIZE_MAX + 2) / 3);
    struct slw_tuf_root_notice notice = {.subject_name = statement->subject_name};
    struct slw_fields fields = {0};
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_TUF_ROOT, &fields, detail));
    SLW_TRY(slw_fields_only(&fields, members));
    SLW_TRY(slw_fields_text(&fields, "signer", 1, SLW_STATEMENT_NAME_MAX, &notice.signer));
    SLW_TRY(slw_fields_text(&fields, "product", 1, SLW_STATEMENT_NAME_MAX, &notice.product));
    SLW_TRY(slw_fields_text(&fields, "root", 4, longest, &notice.root));
    SLW_TRY(slw_fields_time(&fields, "issued", &notice.issued_utc_s));
    memcpy(notice.sha256, statement->subject, sizeof notice.sha256);
    *ret_notice = notice;
    return SLW_OK;
}

enum slw_status slw_tuf_root_notice_file(const struct slw_tuf_root_notice *notice,
                                         struct slw_heap_buffer *ret_file,
                                         struct slw_detail *detail)
{
    struct slw_heap_buffer file = {0};
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    enum slw_status status = slw_base64_decode(notice->root, &file);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&file));
    slw_sha256_final(&hash, digest);
    if (status == SLW_NO_SPACE) {
        status = slw_explain_no_memory(detail);
    } else if (status != SLW_OK || memcmp(digest, notice->sha256, sizeof digest) != 0) {
        status =
            slw_explain(detail, SLW_BAD_STATEMENT, "\"root\" isn't the subject's file in base64");
    } else {
        slw_heap_append(ret_file, slw_heap_bytes(&file));
        status = ret_file->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_drop(&file);
    return status;
}

static enum slw_status read_notice(const struct slw_statement *statement, struct slw_detail *detail)
{
    struct slw_tuf_root_notice ignored;
    return slw_tuf_root_notice_read(statement, &ignored, detail);
}

enum slw_status slw_tuf_root_notice_format(const struct slw_tuf_root_notice *notice,
                                           struct slw_heap_buffer *ret_payload,
                                           struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    slw_fields_put_text(&writer, "signer", notice->signer);
    slw_fields_put_text(&writer, "product", notice->product);
    slw_fields_put_text(&writer, "root", notice->root);
    slw_fields_put_time(&writer, "issued", notice->issued_utc_s);
    return slw_statement_close(&writer, SLW_STATEMENT_TUF_ROOT, notice->subject_name,
                               notice->sha256, read_notice, ret_payload, detail);
}
