/* SPDX-License-Identifier: Apache-2.0 */
/* Reading answers in XML: what lists of objects and of uploads in parts share. */
#ifndef SLIPWAY_BLOBS_S3_LIST_H
#define SLIPWAY_BLOBS_S3_LIST_H

#include "s3_objects.h"
#include "s3_xml.h"

/* At the end of each element, as slw_s3_xml_read() calls it. */
typedef enum slw_status slw_s3_field(void *context, const char *path, struct slw_bytes text);

/* Asks, and reads the answer; what is no XML is SLW_UNAVAILABLE. Frees the request. */
SLW_MUST_USE enum slw_status slw_s3_ask_xml(struct slw_s3_client *client,
                                            struct slw_s3_request *request, slw_s3_field *field,
                                            void *context, struct slw_detail *detail);

bool slw_s3_number_parse(struct slw_bytes text, uint64_t *ret_number);
/* Replaces what is in the field by a text of at most SLW_S3_KEY_MAX bytes without zeros. */
bool slw_s3_field_take(struct slw_bytes text, struct slw_heap_buffer *ret_field);

/* slw_s3_run() of a PUT, and a look at the ETag. */
SLW_MUST_USE enum slw_status slw_s3_run_put(struct slw_s3_client *client,
                                            struct slw_s3_request *request,
                                            struct slw_detail *detail);

#endif
