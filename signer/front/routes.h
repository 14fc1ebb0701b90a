/* SPDX-License-Identifier: Apache-2.0 */
/* What the routes do, a file each. */
#ifndef SLIPWAY_FRONT_ROUTES_H
#define SLIPWAY_FRONT_ROUTES_H

#include "request.h"

/* statements.c */
bool front_statement_begin(struct front_request *request);
enum MHD_Result front_statement_finish(struct front_request *request);
bool front_checkpoint_begin(struct front_request *request);
enum MHD_Result front_checkpoint_finish(struct front_request *request);
void front_body_take(struct front_request *request, struct slw_bytes piece);

/* staged.c */
bool front_upload_begin(struct front_request *request);
void front_upload_take(struct front_request *request, struct slw_bytes piece);
enum MHD_Result front_upload_finish(struct front_request *request);
enum MHD_Result front_uploaded_finish(struct front_request *request);

/* reading.c */
enum MHD_Result front_list_finish(struct front_request *request);
enum MHD_Result front_show_finish(struct front_request *request);
enum MHD_Result front_log_finish(struct front_request *request);
enum MHD_Result front_health_finish(struct front_request *request);

#endif
