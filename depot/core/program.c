/* SPDX-License-Identifier: Apache-2.0 */
/* See program.h. Starts what the depot is made of in the order in which it leans on each other, and
 * stops it the other way round. */
#include "program.h"

#include "observe.h"
#include "program_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* A call that waits for the database holds up those of its thread, so there are more than
 * processors. */
#define SERVER_THREADS 16u

static enum slw_status open_parts(struct depot_program *program, struct slw_detail *detail)
{
    for (; depot_parts[program->parts_open] != NULL; program->parts_open++) {
        const struct depot_part *part = depot_parts[program->parts_open];
        SLW_TRY(depot_gate_add(&program->gate, part, detail));
        if (part->open != NULL) {
            SLW_TRY(part->open(&program->depot, detail));
        }
    }
    return SLW_OK;
}

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static enum slw_status start_server(struct depot_program *program, struct slw_detail *detail)
{
    const struct depot_settings *settings = program->depot.settings;
    const struct slw_http_settings http = {
        .listen = text_or_null(settings->listen),
        .socket = text_or_null(settings->socket),
        .socket_mode = 0660,
        .tls_certificate = text_or_null(settings->tls_certificate),
        .tls_key = text_or_null(settings->tls_key),
        .client_ca = text_or_null(settings->client_ca),
        .security_policy = "default-src 'none'; script-src 'self'; style-src 'self'; "
                           "connect-src 'self'; img-src 'self' data:; font-src 'self'; "
                           "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        .threads = SERVER_THREADS,
        .connections = (uint32_t)settings->connections,
        .idle_s = (uint32_t)settings->idle_s,
        .observe = depot_observe,
    };
    return slw_http_server_start(&http, program->gate.routes, program->gate.count, program,
                                 &program->server, detail);
}

static enum slw_status start_all(struct depot_program *program, struct slw_detail *detail)
{
    struct depot *depot = &program->depot;
    SLW_TRY(open_parts(program, detail));
    SLW_TRY(start_server(program, detail));
    (void)snprintf(depot->address, sizeof depot->address, "%s",
                   depot->settings->url[0] != '\0' ? depot->settings->url
                                                   : slw_http_server_address(program->server));
    SLW_TRY(depot_leases_start(&program->leases, depot, detail));
    atomic_store(&program->gate.is_open, true);
    return SLW_OK;
}

enum slw_status depot_program_start(const struct depot_settings *settings,
                                    struct depot_program **ret_program, struct slw_detail *detail)
{
    struct depot_program *program = calloc(1, sizeof *program);
    if (program == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = depot_services_open(settings, true, &program->depot, detail);
    if (status == SLW_OK) {
        status = start_all(program, detail);
    }
    if (status != SLW_OK) {
        depot_program_stop(program);
        return status;
    }
    *ret_program = program;
    return SLW_OK;
}

struct depot *depot_program_services(struct depot_program *program)
{
    return &program->depot;
}

const char *depot_program_address(const struct depot_program *program)
{
    return slw_http_server_address(program->server);
}

void depot_program_stop(struct depot_program *program)
{
    atomic_store(&program->gate.is_open, false);
    depot_leases_end(&program->leases);
    for (size_t i = 0; i < program->parts_open; i++) {
        if (depot_parts[i]->end != NULL) {
            depot_parts[i]->end(&program->depot);
        }
    }
    if (program->server != NULL) {
        slw_http_server_stop(program->server, DEPOT_STOP_MS);
    }
    depot_leases_stop(&program->leases);
    while (program->parts_open > 0) {
        const struct depot_part *part = depot_parts[--program->parts_open];
        if (part->close != NULL) {
            part->close(&program->depot);
        }
    }
    depot_services_close(&program->depot);
    slw_wipe(program, sizeof *program);
    free(program);
}
