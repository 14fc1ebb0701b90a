/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back to the peer: a UART, a USB pipe, a TCP connection. The RPC server writes its frames
 * through it; what arrives, the product hands to slw_rpc_server_receive() itself.
 *
 * An implementation of write
 *  1. takes as many bytes from the front of bytes as it can without waiting, and sets *ret_written
 *     to their number, 0 included: the server offers the rest again later;
 *  2. returns SLW_OK whenever the link still works, also when it took nothing; another status says
 *     that the peer is gone, and the server then drops what it had for it;
 *  3. sends bytes in the order in which it took them, and keeps no pointer to them;
 *  4. doesn't call the server.
 */
#ifndef SLIPWAY_PORT_LINK_H
#define SLIPWAY_PORT_LINK_H

#include "slipway/bytes.h"

struct slw_link_port {
    void *context;
    enum slw_status (*write)(void *context, struct slw_bytes bytes, size_t *ret_written);
};

#endif
