/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role's request that adds a release to a production role: it waits for the upload of the bundle,
 * too, and a worker is given what is known of the request by which that was signed. Called by
 * case.c, on the loop.
 */
#include "case.h"

#include "slipway/tuf_change_json.h"

#include <stdlib.h>
#include <unistd.h>

void slw_case_added_name(struct slw_case *work)
{
    const struct slw_request *request = &work->request->request;
    struct slw_tuf_parsed_change parsed;
    struct slw_detail ignored;
    if (request->operation != SLW_OPERATION_SIGN_ROLE || !request->has_release ||
        slw_tuf_change_parse("change", request->change, &parsed, &ignored) != SLW_OK) {
        return; /* whoever reads it says what is wrong with it */
    }
    work->names_added = parsed.change.add_count > 0;
    if (work->names_added) {
        memcpy(work->added_sha256, parsed.change.add[0].sha256, sizeof work->added_sha256);
    }
    slw_tuf_parsed_change_free(&parsed);
}

const struct slw_book_request *slw_case_release(const struct slw_case *work)
{
    const struct slw_request *request = &work->request->request;
    const struct slw_book_request *release =
        request->has_release ? slw_book_request_find(&work->service->book, request->release) : NULL;
    bool is_signed = release != NULL && release->state == SLW_SIGNER_SIGNED &&
                     release->request.operation == SLW_OPERATION_SIGN_TARGETS &&
                     slw_service_is_proven(work->service, release->signature) &&
                     release->key_class == work->signing_key->key_class;
    return is_signed ? release : NULL;
}

/* The release before that one: what it had may be left out (slipway/content_rules.h). */
static uint64_t record_before(const struct slw_case *work, const struct slw_book_request *release)
{
    const struct slw_book *book = &work->service->book;
    const struct slw_book_request *before = NULL;
    for (size_t i = 0; i < book->list_count; i++) {
        const struct slw_book_request *other = book->list[i];
        if (other->state == SLW_SIGNER_SIGNED &&
            other->request.operation == SLW_OPERATION_SIGN_TARGETS &&
            other->key_class == release->key_class &&
            strcmp(other->product, release->product) == 0 && other->version < release->version &&
            (before == NULL || other->version > before->version)) {
            before = other;
        }
    }
    return before == NULL ? SLW_BOOK_NONE : before->signature;
}

bool slw_case_added_open(struct slw_case *work, struct slw_detail *detail)
{
    const struct slw_book_request *release = slw_case_release(work);
    slw_case_added_close(work);
    /* Of a request that can't be granted nothing is waited for. */
    if (!work->names_added || release == NULL ||
        work->signing_key->key_class != SLW_KEY_CLASS_PROD) {
        return true;
    }
    return slw_staging_read_open(&work->service->staging, work->added_sha256, &work->added,
                                 detail) == SLW_OK &&
           slw_case_former_read(work, record_before(work, release), &work->added_former, detail) ==
               SLW_OK;
}

void slw_case_added_tell(const struct slw_case *work, struct slw_content_task *task)
{
    const struct slw_book_request *release = slw_case_release(work);
    task->added = work->added;
    if (work->added < 0 || release == NULL) {
        task->added = -1;
        return;
    }
    memcpy(task->release.sha256, release->signed_sha256, sizeof task->release.sha256);
    memcpy(task->release.key_id, release->key_id, sizeof task->release.key_id);
    memcpy(task->release.sig, release->sig, sizeof task->release.sig);
    task->release.former = work->added_former.given ? work->added_former.list : NULL;
    task->release.former_count = work->added_former.count;
}

void slw_case_added_close(struct slw_case *work)
{
    if (work->added >= 0) {
        close(work->added);
    }
    work->added = -1;
    slw_case_former_free(&work->added_former);
}
