/* SPDX-License-Identifier: Apache-2.0 */
/* A judge: one bundle, one verdict, and the end. See judge.h. */
#include "judge.h"

#include "verdict.h"

#include "slipway/bundle_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Exit statuses of children that end before a verdict; nobody reads more than that they ended. */
enum { JUDGE_DONE = 0, JUDGE_NOT_CONFINED = 2, JUDGE_NOT_HEARD = 3 };

#define JUDGE_DESCRIPTORS_MAX 16u

/* A descriptor and how large what it is of was when the judge began. */
struct opened {
    int descriptor;
    uint64_t size;
};

static enum slw_status read_at(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct opened *file = context;
    while (len > 0) {
        ssize_t count = pread(file->descriptor, buffer, len, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return SLW_IO;
        }
        buffer += count;
        offset += (uint64_t)count;
        len -= (size_t)count;
    }
    return SLW_OK;
}

static enum slw_status open_at(int descriptor, struct opened *ret_file)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size < 0) {
        return SLW_IO;
    }
    *ret_file = (struct opened){descriptor, (uint64_t)about.st_size};
    return SLW_OK;
}

/* Nobody else's descriptors, a limit of everything, and only what the filter allows. */
static enum slw_status confine(const struct slw_order *order,
                               const struct slw_sandbox_filter *filter, struct slw_detail *detail)
{
    const struct slw_sandbox_limits limits = {
        .memory_bytes = order->limits.memory_bytes,
        .cpu_s = order->limits.cpu_s,
        .descriptors = JUDGE_DESCRIPTORS_MAX,
        .file_bytes = SLW_SANDBOX_NO_FILE,
    };
    SLW_TRY(slw_sandbox_keep_descriptors(order->descriptors, SLW_ORDER_DESCRIPTORS_MAX, detail));
    SLW_TRY(slw_sandbox_set_limits(&limits, detail));
    return slw_sandbox_filter_apply(filter, detail);
}

/* Those that are too long for an order. */
static enum slw_status read_rules(struct opened *file, struct slw_heap_buffer *ret_bytes,
                                  struct slw_detail *detail)
{
    struct slw_source source = {.context = file, .read = read_at, .size = file->size};
    struct slw_span whole = {0, file->size};
    return slw_source_load("rules", &source, whole, SLW_CONTENT_RULES_ENCODED_MAX, ret_bytes,
                           detail);
}

static enum slw_status judge(struct opened *bundle, struct slw_bytes order_rules,
                             struct opened *rules_file, struct slw_content_report *ret_report,
                             struct slw_detail *detail)
{
    struct slw_source source = {.context = bundle, .read = read_at, .size = bundle->size};
    struct slw_heap_buffer bytes = {0};
    struct slw_content_rules_owned rules;
    if (order_rules.len == 0) {
        SLW_TRY(read_rules(rules_file, &bytes, detail));
        order_rules = slw_heap_bytes(&bytes);
    }
    SLW_TRY(slw_content_rules_decode(order_rules, &rules, detail));
    /* Nothing is given back here: the process ends. */
    return slw_content_check("bundle", &source, &rules.rules, ret_report, detail);
}

static int tell(int socket, enum slw_status status, const struct slw_content_report *report,
                const struct slw_detail *detail)
{
    struct slw_writer writer;
    uint8_t *message = malloc(SLW_VERDICT_SIZE_MAX);
    if (message == NULL) {
        return JUDGE_NOT_HEARD;
    }
    /* What refuses nothing is a judge's own trouble: then it couldn't be judged. */
    if (status != SLW_OK && !slw_status_is_refusal(status)) {
        status = SLW_VALIDATOR_FAILED;
    }
    slw_writer_init(&writer, message, SLW_VERDICT_SIZE_MAX);
    if (slw_verdict_encode(status, detail->text, report, &writer) != SLW_OK ||
        send(socket, message, writer.len, MSG_NOSIGNAL) != (ssize_t)writer.len) {
        return JUDGE_NOT_HEARD;
    }
    return JUDGE_DONE;
}

_Noreturn void slw_judge_child(const struct slw_order *order,
                               const struct slw_sandbox_filter *filter)
{
    struct slw_detail detail = {.text = ""};
    struct slw_content_report report = {0};
    struct opened bundle;
    struct opened rules = {.descriptor = -1};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        open_at(order->descriptors[SLW_ORDER_BUNDLE], &bundle) != SLW_OK ||
        (order->rules.len == 0 && open_at(order->descriptors[SLW_ORDER_RULES], &rules) != SLW_OK) ||
        confine(order, filter, &detail) != SLW_OK) {
        _exit(JUDGE_NOT_CONFINED);
    }
    enum slw_status status = judge(&bundle, order->rules, &rules, &report, &detail);
    _exit(tell(order->descriptors[SLW_ORDER_VERDICT], status, &report, &detail));
}
