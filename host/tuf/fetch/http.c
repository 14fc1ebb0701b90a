/* SPDX-License-Identifier: Apache-2.0 */
/* The fetcher that asks web servers, for clients and tools on a network. */
#include "directory.h"
#include "exchange.h"

#include <limits.h>
#include <stdlib.h>

#define REDIRECTS_MAX 5u
#define CONNECT_TIMEOUT_MS 10000u
#define FLOOR_BYTES_PER_S 1024u
#define FLOOR_WINDOW_S 15u
#define BUFFER_SIZE 131072L

struct slw_http_fetcher {
    struct slw_fetch_port port;
    struct slw_http_line line;
    bool is_global; /* libcurl's own initialisation is to be undone */
    bool has_targets;
    struct slw_fetch_base metadata[SLW_FETCH_MIRRORS_MAX];
    struct slw_fetch_base targets[SLW_FETCH_MIRRORS_MAX];
};

/* A file that is asked for, until it came or won't. */
struct asking {
    struct slw_http_fetcher *fetcher;
    const struct slw_fetch_base *base;
    const struct slw_fetch_request *request;
    const struct slw_fetch_sink *sink;
    struct slw_detail *detail;
    char shown[SLW_FETCH_SHOWN_SIZE];
    struct slw_heap_buffer url; /* where it is asked for, after redirects so far */
    uint64_t resume_from;
    unsigned redirects;
};

static enum slw_status redirect(struct asking *asking, const char *location)
{
    const char *problem = "redirected too often";
    struct slw_heap_buffer next = {0};
    if (asking->redirects == REDIRECTS_MAX ||
        !slw_fetch_redirect(slw_heap_text(&asking->url), location, &next, &problem)) {
        return slw_explain(asking->detail, SLW_UNAVAILABLE, "%s: %s", asking->shown, problem);
    }
    asking->redirects++;
    slw_heap_free(&asking->url);
    asking->url = next;
    return next.status == SLW_OK ? SLW_OK : slw_explain_no_memory(asking->detail);
}

/* One exchange; ret_done unless another one is needed. */
static enum slw_status ask_once(struct asking *asking, bool *ret_done)
{
    struct slw_exchange exchange = {
        .line = &asking->fetcher->line,
        .request = asking->request,
        .sink = asking->sink,
        .detail = asking->detail,
        .shown = asking->shown,
        .resume_from = asking->resume_from,
    };
    SLW_TRY(slw_exchange_run(&exchange, slw_heap_text(&asking->url), asking->base));
    switch (exchange.verdict) {
    case SLW_EXCHANGE_UNDECIDED:
    case SLW_EXCHANGE_BODY:
        *ret_done = true;
        return SLW_OK;
    case SLW_EXCHANGE_NOT_FOUND:
        return slw_explain(asking->detail, SLW_NOT_FOUND, "%s: HTTP status %u", asking->shown,
                           exchange.head.status_code);
    case SLW_EXCHANGE_REDIRECT:
        return redirect(asking, exchange.head.location);
    case SLW_EXCHANGE_RESTART:
        /* It isn't asked for a second time, so that 416 isn't this verdict again. */
        asking->resume_from = 0;
        return SLW_OK;
    }
    return SLW_UNAVAILABLE;
}

static enum slw_status ask(struct asking *asking)
{
    bool done = false;
    slw_heap_printf(&asking->url, "%s/%s", asking->base->text, asking->request->path);
    if (asking->url.status != SLW_OK) {
        return slw_explain_no_memory(asking->detail);
    }
    slw_fetch_show(slw_heap_text(&asking->url), asking->shown);
    /* At most REDIRECTS_MAX redirects, a restart and the answer. */
    while (!done) {
        SLW_TRY(ask_once(asking, &done));
    }
    return SLW_OK;
}

static enum slw_status get(void *context, unsigned mirror, const struct slw_fetch_request *request,
                           const struct slw_fetch_sink *sink, struct slw_detail *detail)
{
    struct slw_http_fetcher *fetcher = context;
    bool is_target = request->area == SLW_FETCH_TARGETS;
    if (mirror >= fetcher->port.mirrors || (is_target && !fetcher->has_targets)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: no mirror %u of %s", request->path,
                           mirror, is_target ? "targets" : "metadata");
    }
    SLW_TRY(slw_fetch_path_check(request->path, detail));
    const struct slw_fetch_base *base =
        is_target ? &fetcher->targets[mirror] : &fetcher->metadata[mirror];
    if (base->is_directory) {
        return slw_fetch_from_directory(base->text, request, sink, detail);
    }
    struct asking asking = {
        .fetcher = fetcher,
        .base = base,
        .request = request,
        .sink = sink,
        .detail = detail,
        .resume_from = request->resume_from < request->limit ? request->resume_from : 0,
    };
    enum slw_status status = ask(&asking);
    slw_heap_free(&asking.url);
    return status;
}

static enum slw_status parse_bases(const char *const *urls, unsigned count,
                                   struct slw_fetch_base *ret_bases, struct slw_detail *detail)
{
    for (unsigned i = 0; i < count; i++) {
        SLW_TRY(slw_fetch_base_parse(urls[i], &ret_bases[i], detail));
    }
    return SLW_OK;
}

static uint32_t or_default(uint32_t value, uint32_t usual)
{
    return value != 0 ? value : usual;
}

static void set_pace(const struct slw_http_options *options, struct slw_pace *pace)
{
    uint64_t window_s = or_default(options->floor_window_s, FLOOR_WINDOW_S);
    pace->window_ms = window_s * 1000;
    pace->floor_bytes = window_s * or_default(options->floor_bytes_per_s, FLOOR_BYTES_PER_S);
    pace->budget_ms = (uint64_t)options->budget_s * 1000;
}

static CURLcode set_options(CURL *curl, const struct slw_http_options *options)
{
    uint32_t timeout_ms = or_default(options->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    const char *agent =
        options->user_agent != NULL ? options->user_agent : "slipway/" SLIPWAY_VERSION;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                                     (long)(timeout_ms < INT_MAX ? timeout_ms : INT_MAX));
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_USERAGENT, agent);
    if (code == CURLE_OK && options->proxy != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_PROXY, options->proxy);
    }
    if (code == CURLE_OK && options->ca_file != NULL) {
        /* These authorities and no others. */
        code = curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
        code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
        code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_PROXY_CAPATH, NULL);
        code = code != CURLE_OK ? code
                                : curl_easy_setopt(curl, CURLOPT_PROXY_CAINFO, options->ca_file);
    }
    return code;
}

static enum slw_status open_line(struct slw_http_fetcher *fetcher,
                                 const struct slw_http_options *options, struct slw_detail *detail)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code == CURLE_OK) {
        fetcher->is_global = true;
        fetcher->line.curl = curl_easy_init();
        code =
            fetcher->line.curl == NULL ? CURLE_OUT_OF_MEMORY : slw_exchange_prepare(&fetcher->line);
    }
    code = code != CURLE_OK ? code : set_options(fetcher->line.curl, options);
    if (code != CURLE_OK) {
        return slw_explain(detail, SLW_UNAVAILABLE, "libcurl: %s", curl_easy_strerror(code));
    }
    return SLW_OK;
}

static enum slw_status open_fetcher(struct slw_http_fetcher *fetcher,
                                    const struct slw_http_options *options,
                                    struct slw_detail *detail)
{
    if (options->mirrors == 0 || options->mirrors > SLW_FETCH_MIRRORS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%u mirrors: 1 to %u are possible",
                           options->mirrors, SLW_FETCH_MIRRORS_MAX);
    }
    fetcher->port =
        (struct slw_fetch_port){.context = fetcher, .mirrors = options->mirrors, .get = get};
    SLW_TRY(parse_bases(options->metadata_urls, options->mirrors, fetcher->metadata, detail));
    fetcher->has_targets = options->targets_urls != NULL;
    if (fetcher->has_targets) {
        SLW_TRY(parse_bases(options->targets_urls, options->mirrors, fetcher->targets, detail));
    }
    set_pace(options, &fetcher->line.pace);
    return open_line(fetcher, options, detail);
}

enum slw_status slw_http_fetcher_new(const struct slw_http_options *options,
                                     struct slw_http_fetcher **ret_fetcher,
                                     struct slw_detail *detail)
{
    struct slw_http_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = open_fetcher(fetcher, options, detail);
    if (status != SLW_OK) {
        slw_http_fetcher_free(fetcher);
        return status;
    }
    *ret_fetcher = fetcher;
    return SLW_OK;
}

const struct slw_fetch_port *slw_http_fetcher_port(const struct slw_http_fetcher *fetcher)
{
    return &fetcher->port;
}

void slw_http_fetcher_counts(const struct slw_http_fetcher *fetcher, uint64_t *ret_requests,
                             uint64_t *ret_bytes)
{
    *ret_requests = fetcher->line.requests;
    *ret_bytes = fetcher->line.bytes;
}

void slw_http_fetcher_restart_budget(struct slw_http_fetcher *fetcher)
{
    fetcher->line.pace.spent_ms = 0;
}

void slw_http_fetcher_free(struct slw_http_fetcher *fetcher)
{
    if (fetcher == NULL) {
        return;
    }
    curl_easy_cleanup(fetcher->line.curl);
    if (fetcher->is_global) {
        curl_global_cleanup();
    }
    for (unsigned i = 0; i < SLW_FETCH_MIRRORS_MAX; i++) {
        slw_fetch_base_free(&fetcher->metadata[i]);
        slw_fetch_base_free(&fetcher->targets[i]);
    }
    free(fetcher);
}
