/* SPDX-License-Identifier: Apache-2.0 */
/* What the routes of this part do: the page's files (web.c), and what watches the program itself
 * (health.c, metrics.c). */
#ifndef SLIPWAY_DEPOT_WEB_ROUTES_H
#define SLIPWAY_DEPOT_WEB_ROUTES_H

#include "depot.h"

void web_send_first(void *context, struct slw_http_exchange *exchange);
void web_send_file(void *context, struct slw_http_exchange *exchange);
void web_show_health(void *context, struct slw_http_exchange *exchange);
void web_show_ready(void *context, struct slw_http_exchange *exchange);
void web_show_metrics(void *context, struct slw_http_exchange *exchange);

#endif
