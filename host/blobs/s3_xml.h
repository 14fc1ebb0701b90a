/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the XML that S3 answers with: elements, attributes (which are skipped), text, the five
 * named entities and numbered ones. No documents types, processing instructions, CDATA or anything
 * else: what has them is refused, for no answer of S3 does. One pass, no recursion, nothing kept
 * but the path and the text of the element that is open.
 */
#ifndef SLIPWAY_BLOBS_S3_XML_H
#define SLIPWAY_BLOBS_S3_XML_H

#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_S3_XML_DEPTH_MAX 8u
#define SLW_S3_XML_PATH_MAX 256u  /* bytes of "ListBucketResult/Contents/Key" */
#define SLW_S3_XML_TEXT_MAX 8192u /* bytes of an element's text */

/*
 * Calls end() at the end of each element, inner ones first, with its path from the root and its own
 * text, which is decoded and lives as long as the call. It ends the reading by a status.
 * SLW_MALFORMED with the byte where it is; SLW_TOO_LARGE over the limits; SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_s3_xml_read(struct slw_bytes xml,
                                             enum slw_status (*end)(void *context, const char *path,
                                                                    struct slw_bytes text),
                                             void *context, struct slw_detail *detail);

/* Appends text with what XML wants escaped. */
void slw_s3_xml_escape(struct slw_bytes text, struct slw_heap_buffer *ret_xml);

#endif
