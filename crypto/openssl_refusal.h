/* SPDX-License-Identifier: Apache-2.0 */
/* How the files of the OpenSSL adapter tell a bad input from a failing library. */
#ifndef SLIPWAY_OPENSSL_REFUSAL_H
#define SLIPWAY_OPENSSL_REFUSAL_H

#include "slipway/status.h"

#include <openssl/err.h>

/*
 * What a refusal by the library means; the error queue was empty before the call. Only running out
 * of memory is the library's own failure: a key or signature made for the purpose can bring about
 * any other error, such as a sum of points that is the point at infinity, and has to be judged as
 * the bad input that it is.
 */
static inline enum slw_status slw_openssl_refusal(enum slw_status refusal)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? SLW_IO_CRYPTO : refusal;
}

#endif
