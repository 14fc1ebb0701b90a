/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what would be signed, whatever it is. See content.h. */
#include "content.h"

#include "staging.h"

#include "slipway/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum slw_status read_all(int descriptor, uint64_t offset, uint8_t *buffer, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(descriptor, buffer + done, len - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return SLW_IO;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return SLW_OK;
}

static bool is_ahead(const struct slw_descriptor_source *from, uint64_t offset, size_t len)
{
    return offset >= from->ahead_from && offset - from->ahead_from <= from->ahead_len &&
           len <= from->ahead_len - (offset - from->ahead_from);
}

static enum slw_status descriptor_read(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct slw_descriptor_source *from = context;
    const uint64_t left = from->source.size - slw_min_u64(offset, from->source.size);
    const size_t ahead_len = (size_t)slw_min_u64(left, sizeof from->ahead);
    if (len > ahead_len) {
        return read_all(from->descriptor, offset, buffer, len);
    }
    if (!is_ahead(from, offset, len)) {
        from->ahead_len = 0;
        SLW_TRY(read_all(from->descriptor, offset, from->ahead, ahead_len));
        from->ahead_from = offset;
        from->ahead_len = ahead_len;
    }
    memcpy(buffer, from->ahead + (offset - from->ahead_from), len);
    return SLW_OK;
}

enum slw_status slw_descriptor_source_init(int descriptor, struct slw_descriptor_source *ret_source,
                                           struct slw_detail *detail)
{
    struct stat facts;
    if (fstat(descriptor, &facts) != 0) {
        return slw_explain_errno(detail, "staged");
    }
    ret_source->descriptor = descriptor;
    ret_source->ahead_from = 0;
    ret_source->ahead_len = 0;
    ret_source->source = (struct slw_source){ret_source, descriptor_read, (uint64_t)facts.st_size};
    return SLW_OK;
}

static enum slw_status content_read(const struct slw_content_task *task,
                                    struct slw_content *content)
{
    if (task->descriptor >= 0) {
        enum slw_status status =
            slw_staging_check(task->descriptor, task->staged, &content->detail);
        content->is_damaged = status == SLW_WRONG_HASH;
        SLW_TRY(status);
    }
    switch (task->request->operation) {
    case SLW_OPERATION_SIGN_TARGETS:
        return slw_content_read_targets(task, content, &content->detail);
    case SLW_OPERATION_SIGN_ROOT:
        return slw_content_read_root(task, content, &content->detail);
    case SLW_OPERATION_SIGN_ROLE:
        return slw_content_read_role(task, content, &content->detail);
    }
    return SLW_BAD_STATEMENT;
}

void slw_content_read(const struct slw_content_task *task, struct slw_content *ret_content)
{
    struct slw_content content = {.status = SLW_OK};
    content.status = content_read(task, &content);
    *ret_content = content;
}

void slw_content_free(struct slw_content *content)
{
    for (size_t i = 0; i < content->said_count; i++) {
        struct slw_content_said *said = content->said[i];
        if (said->statement.kind == SLW_STATEMENT_PROVENANCE) {
            slw_provenance_free(&said->provenance);
        }
        slw_statement_free(&said->statement);
        slw_heap_drop(&said->payload);
        free(said);
    }
    free(content->said);
    slw_heap_drop(&content->bytes);
    slw_heap_drop(&content->product);
    slw_heap_drop(&content->role);
    slw_heap_drop(&content->adds_product);
    slw_heap_drop(&content->adds_channel);
    *content = (struct slw_content){0};
}
