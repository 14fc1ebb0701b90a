/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots of TUF repositories that follow the one that is trusted: logged once they are verified, and
 * trusted from then on. A root speaks for itself; who brings it must only be somebody who may ask
 * for something at all, so that strangers can't fill the log.
 */
#include "intake.h"

#include "slipway/tuf_follow.h"

struct reading {
    struct slw_tuf_root_notice notice;
    struct slw_heap_buffer file;
    uint64_t version;
    bool is_trusted; /* it was before */
};

static enum slw_status root_check(struct slw_service *service, const struct slw_intake *intake,
                                  struct reading *reading, struct slw_detail *detail)
{
    const struct slw_tuf_root_notice *notice = &reading->notice;
    SLW_TRY(slw_tuf_root_notice_read(&intake->statement, &reading->notice, detail));
    SLW_TRY(slw_intake_check_signer(service, notice->signer, detail));
    SLW_TRY(slw_intake_check_issued(service, notice->issued_utc_s, detail));
    if (!slw_intake_is_requester(service, intake)) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "nothing may be asked for by who brought it");
    }
    struct slw_bytes trusted = slw_service_tuf_root(service, notice->product);
    if (trusted.len == 0) {
        return slw_explain(detail, SLW_NO_TRUSTED_ROOT, "no TUF root is trusted for this product");
    }
    if (service->book.roots_count >= SLW_BOOK_ROOTS_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "the log has as many roots as it may");
    }
    SLW_TRY(slw_tuf_root_notice_file(notice, &reading->file, detail));
    reading->is_trusted = slw_bytes_equal(trusted, slw_heap_bytes(&reading->file));
    return slw_tuf_root_next(trusted, slw_heap_bytes(&reading->file), &reading->version, detail);
}

static void root_then(struct slw_service *service, struct slw_effect *effect,
                      enum slw_status status, const struct slw_detail *detail)
{
    if (status != SLW_OK) {
        slw_answer_refuse(service, effect->number, SLW_SIGNER_SUBMIT, status, detail->text);
        return;
    }
    slw_answer_statement(service, effect->number, effect->id, SLW_SIGNER_RECEIVED, SLW_OK, "");
}

static void root_log(struct slw_service *service, const struct slw_intake *intake, uint64_t version)
{
    struct slw_record record;
    struct slw_effect effect = {.then = root_then, .number = intake->number};
    memcpy(effect.id, intake->id, sizeof effect.id);
    memcpy(effect.known_by, intake->known_by, sizeof effect.known_by);
    slw_intake_record(service, intake, SLW_RECORD_TUF_ROOT, &record);
    slw_record_text(&record, "who", intake->holder.party->name);
    slw_record_uint(&record, "version", version);
    slw_effect_append(service, &record, &effect);
}

void slw_intake_root(struct slw_service *service, const struct slw_intake *intake)
{
    struct reading reading = {.version = 0};
    struct slw_detail detail = {""};
    slw_effects_commit(service); /* no other root may be on its way */
    enum slw_status status = root_check(service, intake, &reading, &detail);
    slw_heap_drop(&reading.file);
    if (status != SLW_OK) {
        slw_intake_refuse(service, intake, status, detail.text);
    } else if (reading.is_trusted) {
        slw_answer_statement(service, intake->number, intake->id, SLW_SIGNER_RECEIVED, SLW_OK, "");
    } else {
        root_log(service, intake, reading.version);
    }
}
