/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files as text: which kind of PEM block a file holds, and its bytes. Private to host/keys.
 */
#ifndef SLIPWAY_KEYS_PEM_H
#define SLIPWAY_KEYS_PEM_H

#include "slipway/keys.h"

enum slw_pem_kind { SLW_PEM_PRIVATE, SLW_PEM_ENCRYPTED, SLW_PEM_PUBLIC };

/*
 * The one PEM block of a key file. SLW_BAD_KEY, saying what it is instead, for anything that isn't
 * exactly one block of a known kind. ret_der may be a secret.
 */
enum slw_status slw_pem_read(const char *name, struct slw_bytes text, enum slw_pem_kind *ret_kind,
                             struct slw_heap_buffer *ret_der, struct slw_detail *detail);

#endif
