/* SPDX-License-Identifier: Apache-2.0 */
/* The bar of progress.h, for creating, signing, verifying, extracting and sending. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define SILENT_MS 1000
#define REDRAW_MS 100
#define BAR_WIDTH 24

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void append_bar(const struct cli *cli, uint64_t done, uint64_t total,
                       struct slw_heap_buffer *ret_text)
{
    size_t filled = total == 0 ? 0 : (size_t)((double)done / (double)total * BAR_WIDTH);
    for (size_t i = 0; i < BAR_WIDTH; i++) {
        slw_heap_append_text(ret_text,
                             i < filled ? (cli->unicode ? "━" : "=") : (cli->unicode ? "╌" : "-"));
    }
}

static void draw(const struct cli_progress *progress, uint64_t done, uint64_t total,
                 int64_t elapsed_ms)
{
    struct slw_heap_buffer text = {0};
    double rate = (double)done * 1000 / (double)elapsed_ms;
    int64_t left_s = rate > 0 ? (int64_t)((double)(total - done) / rate) : 0;
    slw_heap_printf(&text, "\r\x1B[K%s ", progress->what);
    append_bar(progress->cli, done, total, &text);
    slw_heap_printf(&text, " %3.0f %%  ", total == 0 ? 0 : (double)done * 100 / (double)total);
    cli_format_round(done, &text);
    slw_heap_append_text(&text, " of ");
    cli_format_round(total, &text);
    slw_heap_append_text(&text, "  ");
    cli_format_round((uint64_t)rate, &text);
    slw_heap_printf(&text, "/s  %" PRId64 ":%02" PRId64 " left", left_s / 60, left_s % 60);
    if (text.status == SLW_OK) {
        (void)fwrite(text.ptr, 1, text.len, stderr);
        (void)fflush(stderr);
    }
    slw_heap_free(&text);
}

static void report(void *context, uint64_t done, uint64_t total)
{
    struct cli_progress *progress = context;
    if (!progress->cli->progress || done > total) {
        return;
    }
    int64_t now = now_ms();
    if (now - progress->started_ms < SILENT_MS || now - progress->shown_ms < REDRAW_MS) {
        return;
    }
    progress->shown = true;
    progress->shown_ms = now;
    draw(progress, done, total, now - progress->started_ms);
}

void cli_progress_begin(struct cli_progress *progress, const struct cli *cli, const char *what)
{
    *progress = (struct cli_progress){.progress = {.context = progress, .report = report},
                                      .cli = cli,
                                      .what = what,
                                      .started_ms = now_ms()};
}

void cli_progress_end(struct cli_progress *progress)
{
    if (progress->shown) {
        (void)fputs("\r\x1B[K", stderr);
        (void)fflush(stderr);
        progress->shown = false;
    }
}
