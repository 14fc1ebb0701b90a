/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway audit monitor`: follows a log, in one place or several, and tells people when it isn't
 * what it was, or isn't the same everywhere.
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

struct seen {
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
    struct slw_audit audit;          /* what was verified */
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

/* Once, as long as it stays the same. */
static enum cli_exit alert(struct monitor *monitor, enum slw_status status, const char *text)
{
    struct cli *cli = monitor->cli;
    bool is_verdict = cli_audit_is_verdict(status);
    const char *word = cli_audit_word(status);
    if (slw_bytes_equal(slw_heap_bytes(&monitor->told), slw_bytes_make(text, strlen(text)))) {
        return is_verdict ? CLI_REFUSED : CLI_FAILED;
    }
    if (is_verdict) {
        (void)cli_refuse(cli, status == SLW_BAD_SIGNATURE ? SLW_LOG_DAMAGED : status, text);
    } else {
        (void)cli_fail_by_word(cli, status, text);
    }
    if (cli_alerts_send(cli, &monitor->alerts, monitor->transparency.log.name, word, text)) {
        monitor->told.len = 0;
        slw_heap_append_text(&monitor->told, text);
    } /* else it is tried again, the next time */
    return is_verdict ? CLI_REFUSED : CLI_FAILED;
}

static enum cli_exit alert_failure(struct monitor *monitor, enum slw_status status,
                                   const char *name)
{
    char text[sizeof monitor->cli->detail.text + 512];
    (void)snprintf(text, sizeof text, "%s: %s", name, monitor->cli->detail.text);
    cli_audit_clean(text);
    return alert(monitor, status, text);
}

static enum cli_exit alert_findings(struct monitor *monitor, struct slw_audit *audit)
{
    struct slw_heap_buffer text = {0};
    for (size_t i = 0; i < audit->findings_count && i < SLW_AUDIT_FINDINGS_MAX; i++) {
        cli_audit_clean(audit->findings[i]);
        slw_heap_printf(&text, "%s%s", i > 0 ? "\n" : "", audit->findings[i]);
    }
    enum cli_exit code = alert(monitor, SLW_LOG_DAMAGED, slw_heap_text(&text));
    slw_heap_drop(&text);
    return code;
}

/* Two signed checkpoints that can't both be: whoever signed them can't deny it. */
static void keep_evidence(struct monitor *monitor, struct slw_bytes first, struct slw_bytes second)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&path, "%s.evidence", monitor->state);
    slw_heap_append(&text, first);
    slw_heap_append_text(&text, "\n");
    slw_heap_append(&text, second);
    if (slw_file_write(slw_heap_text(&path), SLW_OUTPUT_REPLACE, slw_heap_bytes(&text),
                       &monitor->cli->detail) == SLW_OK) {
        cli_note(monitor->cli, "both checkpoints are in %s", slw_heap_text(&path));
    } else {
        cli_warn(monitor->cli, "%s", monitor->cli->detail.text);
    }
    slw_heap_drop(&path);
    slw_heap_drop(&text);
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

/* The checkpoints of all places; which one has the most entries. */
static enum cli_exit look(struct monitor *monitor, struct seen *seen, size_t *ret_largest)
{
    for (size_t i = 0; i < monitor->count; i++) {
        enum slw_status status =
            slw_audit_checkpoint(&monitor->audit, &monitor->logs[i].source, &seen[i].note,
                                 &seen[i].checkpoint, &monitor->cli->detail);
        if (status != SLW_OK) {
            return alert_failure(monitor, status, monitor->logs[i].name);
        }
        if (seen[i].checkpoint.size > seen[*ret_largest].checkpoint.size) {
            *ret_largest = i;
        }
    }
    return CLI_DONE;
}

/* What the largest log's root is at each other's size must be what that one says. */
static enum cli_exit compare(struct monitor *monitor, const struct slw_audit *audit,
                             const struct seen *seen, size_t largest)
{
    char text[1024];
    for (size_t i = 0; i < audit->watch_count; i++) {
        const struct slw_audit_watch *watch = &audit->watches[i];
        if (watch->is_reached &&
            memcmp(watch->root.bytes, seen[i].checkpoint.root, sizeof watch->root.bytes) == 0) {
            continue;
        }
        if (!watch->is_reached) {
            (void)snprintf(text, sizeof text,
                           "%s has %" PRIu64 " entries, and %" PRIu64 " were verified before",
                           monitor->logs[i].name, watch->size, monitor->audit.size);
            cli_audit_clean(text);
            return alert(monitor, SLW_LOG_BEHIND, text);
        }
        (void)snprintf(text, sizeof text,
                       "a split view: the first %" PRIu64 " entries of %s and %s differ",
                       watch->size, monitor->logs[i].name, monitor->logs[largest].name);
        cli_audit_clean(text);
        keep_evidence(monitor, slw_heap_bytes(&seen[i].note), slw_heap_bytes(&seen[largest].note));
        return alert(monitor, SLW_LOG_DAMAGED, text);
    }
    return CLI_DONE;
}

static enum cli_exit settle(struct monitor *monitor, const struct seen *seen, size_t largest)
{
    struct slw_audit *audit = &monitor->audit;
    if (audit->findings_count > 0) {
        return alert_findings(monitor, audit);
    }
    enum cli_exit code = compare(monitor, audit, seen, largest);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status = accept_mirror(monitor);
    if (status == SLW_OK) {
        status = slw_audit_save(audit, monitor->state, &monitor->cli->detail);
    }
    if (status != SLW_OK) {
        return alert_failure(monitor, status, monitor->state);
    }
    cli_note(monitor->cli, "%s: %" PRIu64 " entries, all is well", monitor->transparency.log.name,
             audit->size);
    monitor->told.len = 0;
    return CLI_DONE;
}

static enum cli_exit audit_round(struct monitor *monitor, const struct seen *seen, size_t largest)
{
    struct slw_audit *audit = &monitor->audit;
    enum slw_status status = slw_audit_load(audit, monitor->state, &monitor->cli->detail);
    if (status != SLW_OK) {
        return alert_failure(monitor, status, monitor->state);
    }
    audit->watch_count = monitor->count;
    for (size_t i = 0; i < monitor->count; i++) {
        audit->watches[i] = (struct slw_audit_watch){.size = seen[i].checkpoint.size};
    }
    audit->keep = monitor->mirror != NULL ? set_aside : NULL;
    audit->keep_context = monitor;
    monitor->arrived.len = 0;
    status = slw_audit_run(audit, &monitor->logs[largest].source, &monitor->cli->detail);
    if (status != SLW_OK) {
        struct slw_detail detail = monitor->cli->detail;
        if ((status == SLW_LOG_DAMAGED || status == SLW_LOG_BEHIND) && audit->checkpoint.len > 0) {
            keep_evidence(monitor, slw_heap_bytes(&audit->checkpoint),
                          slw_heap_bytes(&seen[largest].note));
        }
        monitor->cli->detail = detail;
        return alert_failure(monitor, status, monitor->logs[largest].name);
    }
    return settle(monitor, seen, largest);
}

static enum cli_exit run_round(struct monitor *monitor)
{
    struct seen seen[LOGS_MAX];
    size_t largest = 0;
    memset(seen, 0, sizeof seen);
    enum cli_exit code = look(monitor, seen, &largest);
    if (code == CLI_DONE) {
        code = audit_round(monitor, seen, largest);
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
    slw_heap_drop(&monitor->told);
    slw_heap_drop(&monitor->incoming);
    slw_heap_drop(&monitor->arrived);
    free(monitor);
    return code;
}
