/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway audit monitor`: follows a log, in one place or several, and tells people when it isn't
 * what it was, or isn't the same everywhere. Each place is walked whole, from what was verified
 * before: one that can't be read, or is damaged, keeps nothing about the others from being found.
 */
#include "audit.h"

#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/time_text.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGS_MAX 8u
#define EVERY_S 60
#define TEXT_SIZE_MAX 65536u

/* What a place showed in this round. */
struct seen {
    bool is_there; /* its checkpoint is the log's, and cosigned */
    bool is_good;  /* and all of it fits to that, and to what was verified before */
    struct slw_heap_buffer note;
    struct slw_checkpoint checkpoint;
};

struct monitor {
    struct cli *cli;
    const char *state;
    const char *mirror; /* NULL: none */
    struct cli_transparency transparency;
    struct cli_alerts alerts;
    struct cli_audit_log logs[LOGS_MAX];
    size_t count;
    struct slw_audit audit;          /* what was verified, of the place that has the most */
    enum slw_status worst;           /* what is wrong in this round: the first reason of a log's */
    struct slw_heap_buffer wrong;    /* a line for each thing */
    struct slw_heap_buffer evidence; /* signed checkpoints that can't both be */
    struct slw_heap_buffer known_roots;
    struct slw_heap_buffer told;     /* the last alert, not to be told again */
    struct slw_heap_buffer incoming; /* a directory in the mirror */
    struct slw_heap_buffer arrived;  /* paths of files there, each with a zero behind it */
};

static volatile sig_atomic_t stopping;

static void note_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* --- Telling --- */

/* A damaged log is worse than any other that is refused, and that than one that can't be read. */
static int rank(enum slw_status status)
{
    if (status == SLW_OK) {
        return 0;
    }
    return status == SLW_LOG_DAMAGED || status == SLW_BAD_SIGNATURE ? 3
           : cli_audit_is_verdict(status)                           ? 2
                                                                    : 1;
}

/* Notes what is wrong with a place (NULL: with the log), to be told at the end of the round. */
static void note_wrong(struct monitor *monitor, enum slw_status status, const char *name,
                       const char *text)
{
    monitor->worst = rank(status) > rank(monitor->worst) ? status : monitor->worst;
    slw_heap_append_text(&monitor->wrong, monitor->wrong.len > 0 ? "\n" : "");
    const size_t from = monitor->wrong.len;
    slw_heap_printf(&monitor->wrong, "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "",
                    text);
    for (size_t i = from; i < monitor->wrong.len; i++) { /* names and texts are others' */
        uint8_t *byte = &monitor->wrong.ptr[i];
        *byte = *byte < 0x20 || *byte == 0x7F ? '?' : *byte;
    }
}

static void note_findings(struct monitor *monitor, const struct slw_audit *audit)
{
    for (size_t i = 0; i < audit->findings_count && i < SLW_AUDIT_FINDINGS_MAX; i++) {
        note_wrong(monitor, SLW_LOG_DAMAGED, NULL, audit->findings[i]);
    }
}

/* Prints what is wrong, a line each. */
static void say_lines(struct monitor *monitor, char *text)
{
    const enum slw_status status = monitor->worst;
    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        if (cli_audit_is_verdict(status)) {
            (void)cli_refuse(monitor->cli, status == SLW_BAD_SIGNATURE ? SLW_LOG_DAMAGED : status,
                             line);
        } else {
            (void)cli_fail_by_word(monitor->cli, status, line);
        }
        if (end != NULL) {
            *end = '\n';
        }
        line = end == NULL ? NULL : end + 1;
    }
}

/* Once, as long as it stays the same. */
static enum cli_exit tell(struct monitor *monitor)
{
    struct cli *cli = monitor->cli;
    const enum slw_status status = monitor->worst;
    bool is_verdict = cli_audit_is_verdict(status);
    char *text = (char *)slw_heap_reserve(&monitor->wrong, 1);
    if (text == NULL) {
        return cli_error(cli, "out of memory");
    }
    *text = '\0';
    text = (char *)monitor->wrong.ptr;
    if (slw_bytes_equal(slw_heap_bytes(&monitor->told), slw_bytes_make(text, strlen(text)))) {
        return is_verdict ? CLI_REFUSED : CLI_FAILED;
    }
    struct slw_heap_buffer told = {0};
    slw_heap_append_text(&told, text);
    say_lines(monitor, text);
    if (cli_alerts_send(cli, &monitor->alerts, monitor->transparency.log.name,
                        cli_audit_word(status), text)) {
        slw_heap_drop(&monitor->told);
        monitor->told = told;
        memset(&told, 0, sizeof told);
    } /* else it is tried again, the next time */
    slw_heap_drop(&told);
    return is_verdict ? CLI_REFUSED : CLI_FAILED;
}

/* Two signed checkpoints that can't both be: whoever signed them can't deny it. */
static void note_evidence(struct monitor *monitor, const struct slw_heap_buffer *first,
                          const struct slw_heap_buffer *second)
{
    slw_heap_append_text(&monitor->evidence, monitor->evidence.len > 0 ? "\n" : "");
    slw_heap_append(&monitor->evidence, slw_heap_bytes(first));
    slw_heap_append_text(&monitor->evidence, "\n");
    slw_heap_append(&monitor->evidence, slw_heap_bytes(second));
}

static void keep_evidence(struct monitor *monitor)
{
    struct slw_heap_buffer path = {0};
    if (monitor->evidence.len == 0) {
        return;
    }
    slw_heap_printf(&path, "%s.evidence", monitor->state);
    if (slw_file_write(slw_heap_text(&path), SLW_OUTPUT_REPLACE, slw_heap_bytes(&monitor->evidence),
                       &monitor->cli->detail) == SLW_OK) {
        cli_note(monitor->cli, "both checkpoints are in %s", slw_heap_text(&path));
    } else {
        cli_warn(monitor->cli, "%s", monitor->cli->detail.text);
    }
    slw_heap_drop(&path);
}

/* --- One round --- */

static enum slw_status write_below(const char *directory, const char *path, struct slw_bytes bytes,
                                   struct slw_detail *detail)
{
    struct slw_output output;
    SLW_TRY(slw_output_open_below(directory, slw_bytes_make(path, strlen(path)),
                                  SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY, &output, detail));
    enum slw_status status = slw_output_write(&output, bytes, detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

/* Files of a log are set aside until all of it is verified: a fork must not get into the copy. */
static enum slw_status set_aside(void *context, const char *path, struct slw_bytes bytes,
                                 struct slw_detail *detail)
{
    struct monitor *monitor = context;
    SLW_TRY(write_below(slw_heap_text(&monitor->incoming), path, bytes, detail));
    slw_heap_append(&monitor->arrived, slw_bytes_make(path, strlen(path) + 1));
    return monitor->arrived.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/* The checkpoint came last, and is put into the copy last. */
static enum slw_status accept_mirror(struct monitor *monitor)
{
    struct slw_detail *detail = &monitor->cli->detail;
    enum slw_status status = SLW_OK;
    for (size_t at = 0; at < monitor->arrived.len && status == SLW_OK;) {
        const char *path = (const char *)monitor->arrived.ptr + at;
        struct slw_heap_buffer name = {0};
        struct slw_heap_buffer bytes = {0};
        slw_heap_printf(&name, "%s/%s", slw_heap_text(&monitor->incoming), path);
        status = slw_file_read(slw_heap_text(&name), SLW_AUDIT_RECORDS_SIZE_MAX, &bytes, detail);
        if (status == SLW_OK) {
            status = write_below(monitor->mirror, path, slw_heap_bytes(&bytes), detail);
        }
        (void)unlink(slw_heap_text(&name));
        slw_heap_drop(&name);
        slw_heap_drop(&bytes);
        at += strlen(path) + 1;
    }
    monitor->arrived.len = 0;
    return status;
}

/* The checkpoints of all places; which one has the most entries, count when there is none. */
static size_t look(struct monitor *monitor, struct seen *seen)
{
    size_t largest = monitor->count;
    for (size_t i = 0; i < monitor->count; i++) {
        enum slw_status status =
            slw_audit_checkpoint(&monitor->audit, &monitor->logs[i].source, &seen[i].note,
                                 &seen[i].checkpoint, &monitor->cli->detail);
        seen[i].is_there = status == SLW_OK;
        if (status != SLW_OK) {
            note_wrong(monitor, status, monitor->logs[i].name, monitor->cli->detail.text);
        } else if (largest == monitor->count ||
                   seen[i].checkpoint.size > seen[largest].checkpoint.size) {
            largest = i;
        }
    }
    return largest;
}

/* What a log's root is at each other's size must be what that one says. */
static void compare(struct monitor *monitor, const struct slw_audit *audit, const struct seen *seen,
                    size_t place)
{
    char text[512];
    for (size_t i = 0; i < monitor->count; i++) {
        const struct slw_audit_watch *watch = &audit->watches[i];
        const bool is_before = i < place; /* of two that are as long, one tells */
        const bool is_once = is_before ? seen[i].checkpoint.size <= seen[place].checkpoint.size
                                       : seen[i].checkpoint.size < seen[place].checkpoint.size;
        if (!seen[i].is_there || !is_once || !watch->is_reached ||
            memcmp(watch->root.bytes, seen[i].checkpoint.root, sizeof watch->root.bytes) == 0) {
            continue;
        }
        (void)snprintf(text, sizeof text,
                       "a split view: the first %" PRIu64 " entries of %s and %s differ",
                       watch->size, monitor->logs[i].name, monitor->logs[place].name);
        note_wrong(monitor, SLW_LOG_DAMAGED, NULL, text);
        note_evidence(monitor, &seen[i].note, &seen[place].note);
    }
}

static void set_watches(struct slw_audit *audit, const struct seen *seen, size_t count)
{
    audit->watch_count = count;
    for (size_t i = 0; i < count; i++) {
        audit->watches[i] = (struct slw_audit_watch){
            .size = seen[i].is_there ? seen[i].checkpoint.size : UINT64_MAX};
    }
}

/* A checkpoint that doesn't continue the one that was verified, both signed by the log's key. */
static void note_fork(struct monitor *monitor, const struct slw_audit *audit,
                      const struct seen *seen, enum slw_status status)
{
    if ((status == SLW_LOG_DAMAGED || status == SLW_LOG_BEHIND) && audit->checkpoint.len > 0) {
        note_evidence(monitor, &audit->checkpoint, &seen->note);
    }
}

static bool load_state(struct monitor *monitor, struct slw_audit *audit)
{
    enum slw_status status = slw_audit_load(audit, monitor->state, &monitor->cli->detail);
    if (status != SLW_OK) {
        note_wrong(monitor, status, NULL, monitor->cli->detail.text);
    }
    return status == SLW_OK;
}

/* Walks over all that a place has beyond what was verified before. */
static void audit_place(struct monitor *monitor, struct slw_audit *audit, struct seen *seen,
                        size_t place)
{
    struct slw_detail *detail = &monitor->cli->detail;
    set_watches(audit, seen, monitor->count);
    enum slw_status status = slw_audit_run(audit, &monitor->logs[place].source, detail);
    if (status != SLW_OK) {
        note_fork(monitor, audit, &seen[place], status);
        note_wrong(monitor, status, monitor->logs[place].name, detail->text);
        return;
    }
    seen[place].is_good = true;
    compare(monitor, audit, seen, place);
}

/* Places with fewer entries than were verified before: whether they are a fork, besides. Only a
 * walk from the beginning knows what the root was then. */
static void compare_behind(struct monitor *monitor, const struct seen *seen, size_t largest)
{
    const struct slw_audit_watch *watches = monitor->audit.watches;
    bool is_any = false;
    for (size_t i = 0; i < monitor->count; i++) {
        is_any = is_any || (seen[i].is_there && !watches[i].is_reached);
    }
    if (!is_any || !seen[largest].is_good) {
        return;
    }
    struct slw_audit *whole = calloc(1, sizeof *whole);
    if (whole == NULL) {
        note_wrong(monitor, SLW_NO_SPACE, NULL, "out of memory");
        return;
    }
    whole->settings = monitor->audit.settings;
    set_watches(whole, seen, monitor->count);
    for (size_t i = 0; i < monitor->count; i++) {
        if (watches[i].is_reached) { /* it was compared */
            whole->watches[i].size = UINT64_MAX;
        }
    }
    if (slw_audit_run(whole, &monitor->logs[largest].source, &monitor->cli->detail) == SLW_OK) {
        compare(monitor, whole, seen, largest);
    }
    slw_audit_free(whole);
    free(whole);
}

/* What was verified is kept, unless something is wrong with the log in any place. */
static void settle(struct monitor *monitor, const struct seen *largest)
{
    struct slw_audit *audit = &monitor->audit;
    if (!largest->is_good || (monitor->worst != SLW_OK && cli_audit_is_verdict(monitor->worst))) {
        return;
    }
    enum slw_status status = accept_mirror(monitor);
    if (status == SLW_OK) {
        status = slw_audit_save(audit, monitor->state, &monitor->cli->detail);
    }
    if (status != SLW_OK) {
        note_wrong(monitor, status, monitor->state, monitor->cli->detail.text);
    }
}

static void audit_others(struct monitor *monitor, struct seen *seen, size_t largest)
{
    for (size_t i = 0; i < monitor->count; i++) {
        if (i == largest || !seen[i].is_there) {
            continue;
        }
        struct slw_audit *other = calloc(1, sizeof *other);
        if (other == NULL) {
            note_wrong(monitor, SLW_NO_SPACE, NULL, "out of memory");
            return;
        }
        other->settings = monitor->audit.settings;
        if (load_state(monitor, other)) {
            audit_place(monitor, other, seen, i);
        }
        slw_audit_free(other);
        free(other);
    }
}

static void audit_all(struct monitor *monitor, struct seen *seen, size_t largest)
{
    struct slw_audit *audit = &monitor->audit;
    if (!load_state(monitor, audit)) {
        return;
    }
    monitor->arrived.len = 0;
    audit->keep = monitor->mirror != NULL ? set_aside : NULL;
    audit->keep_context = monitor;
    audit_place(monitor, audit, seen, largest);
    note_findings(monitor, audit);
    audit_others(monitor, seen, largest);
    compare_behind(monitor, seen, largest);
    settle(monitor, &seen[largest]);
}

static enum cli_exit run_round(struct monitor *monitor)
{
    struct seen seen[LOGS_MAX];
    enum cli_exit code = CLI_DONE;
    memset(seen, 0, sizeof seen);
    monitor->worst = SLW_OK;
    monitor->wrong.len = 0;
    monitor->evidence.len = 0;
    size_t largest = look(monitor, seen);
    if (largest < monitor->count) {
        audit_all(monitor, seen, largest);
    }
    if (monitor->worst != SLW_OK) {
        keep_evidence(monitor);
        code = tell(monitor);
    } else {
        cli_note(monitor->cli, "%s: %" PRIu64 " entries, all is well",
                 monitor->transparency.log.name, monitor->audit.size);
        monitor->told.len = 0;
    }
    for (size_t i = 0; i < monitor->count; i++) {
        slw_heap_drop(&seen[i].note);
    }
    slw_audit_free(&monitor->audit);
    monitor->audit = (struct slw_audit){.settings = monitor->audit.settings};
    return code;
}

/* --- All rounds --- */

static enum cli_exit watch(struct monitor *monitor, bool once, int64_t every_s)
{
    const struct sigaction action = {.sa_handler = note_signal};
    enum cli_exit code = CLI_DONE;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    do {
        code = run_round(monitor);
        if (!once && stopping == 0) {
            (void)poll(NULL, 0, (int)(every_s * 1000)); /* ends early with a signal */
        }
    } while (!once && stopping == 0);
    return code;
}

static enum cli_exit open_mirror(struct monitor *monitor)
{
    slw_heap_printf(&monitor->incoming, "%s/.incoming", monitor->mirror);
    if ((mkdir(monitor->mirror, 0755) != 0 && errno != EEXIST) ||
        (mkdir(slw_heap_text(&monitor->incoming), 0700) != 0 && errno != EEXIST)) {
        return cli_error(monitor->cli, "%s: %s", monitor->mirror, strerror(errno));
    }
    return CLI_DONE;
}

static enum cli_exit open_all(struct monitor *monitor, const struct cli_arguments *arguments)
{
    struct cli *cli = monitor->cli;
    enum cli_exit code =
        cli_audit_settings(cli, arguments, &monitor->transparency, &monitor->audit);
    if (code == CLI_DONE) {
        code = cli_audit_known_roots(cli, arguments, &monitor->audit, &monitor->known_roots);
    }
    if (code == CLI_DONE) {
        code = cli_alerts_open(cli, arguments, &monitor->alerts);
    }
    if (code == CLI_DONE && monitor->mirror != NULL) {
        code = open_mirror(monitor);
    }
    for (size_t i = 0; i < arguments->positionals_count && code == CLI_DONE; i++) {
        code = cli_audit_log_open(cli, arguments, arguments->positionals[i], &monitor->logs[i]);
        monitor->count++;
    }
    return code;
}

enum cli_exit cli_audit_monitor(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *every = cli_value(arguments, "--every");
    int64_t every_s = EVERY_S;
    if (every != NULL &&
        (cli_has(arguments, "--once") || slw_duration_parse(every, &every_s) != SLW_OK ||
         every_s < 1 || every_s > 86400)) {
        return cli_usage(cli, "--every %s: not a duration up to a day, or with --once", every);
    }
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL) {
        return cli_error(cli, "out of memory");
    }
    monitor->cli = cli;
    monitor->state = cli_value(arguments, "--state");
    monitor->mirror = cli_value(arguments, "--mirror");
    enum cli_exit code = open_all(monitor, arguments);
    if (code == CLI_DONE) {
        code = watch(monitor, cli_has(arguments, "--once"), every_s);
    }
    for (size_t i = 0; i < monitor->count; i++) {
        cli_audit_log_close(&monitor->logs[i]);
    }
    cli_alerts_close(&monitor->alerts);
    slw_audit_free(&monitor->audit);
    slw_heap_drop(&monitor->known_roots);
    slw_heap_drop(&monitor->told);
    slw_heap_drop(&monitor->wrong);
    slw_heap_drop(&monitor->evidence);
    slw_heap_drop(&monitor->incoming);
    slw_heap_drop(&monitor->arrived);
    free(monitor);
    return code;
}
