/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links to devices: a TCP connection, a serial line, a pseudo terminal, as bytes that go in and
 * out. `slipway device ... --to LINK` opens one; the RPC client reads and writes it.
 *
 *     tcp:HOST:PORT            a name or an address; [..] around IPv6 addresses is fine, not needed
 *     serial:DEVICE[:BAUD]     115200 unless given; 8 bits, no parity, no flow control
 *     pty:PATH                 a pseudo terminal, as a virtual device makes one
 *
 *     struct slw_link link;
 *     SLW_TRY(slw_link_open("tcp:localhost:33000", 5000, &link, &detail));
 *     SLW_TRY(slw_link_write(&link, frame, 1000));
 *     SLW_TRY(slw_link_read(&link, buffer, sizeof buffer, 1000, &len));
 *     slw_link_close(&link);
 *
 * A serial device is locked (flock, and TIOCEXCL where it is one), so that two programs don't talk
 * at once.
 */
#ifndef SLIPWAY_LINK_H
#define SLIPWAY_LINK_H

#include "slipway/bytes.h"
#include "slipway/detail.h"

enum slw_link_kind { SLW_LINK_TCP, SLW_LINK_SERIAL, SLW_LINK_PTY };

#define SLW_LINK_BAUD_DEFAULT 115200u

/* A LINK, taken apart. */
struct slw_link_address {
    enum slw_link_kind kind;
    char name[256]; /* host, or path of the device */
    uint16_t port;
    uint32_t baud;
};

/* SLW_BAD_ARGUMENT, explained: it isn't of one of the forms above. Port 0 is taken for listeners.
 */
enum slw_status slw_link_parse(const char *text, struct slw_link_address *ret_address,
                               struct slw_detail *detail);

struct slw_link {
    int descriptor; /* non-blocking, for poll(2); -1: closed */
    enum slw_link_kind kind;
};

/* timeout_ms bounds the making of a connection. SLW_IO or SLW_IO_TIMEOUT, explained. */
enum slw_status slw_link_open(const char *text, uint32_t timeout_ms, struct slw_link *ret_link,
                              struct slw_detail *detail);

/*
 * What is there, 1 byte at least, after waiting for it as long as timeout_ms (0: not at all).
 * SLW_IO_TIMEOUT: nothing came, also when a signal ended the wait. SLW_IO_CLOSED: the other end is
 * gone.
 */
enum slw_status slw_link_read(struct slw_link *link, uint8_t *buffer, size_t capacity,
                              uint32_t timeout_ms, size_t *ret_len);

/* All of bytes. SLW_IO_TIMEOUT when for timeout_ms nothing more could be written. */
enum slw_status slw_link_write(struct slw_link *link, struct slw_bytes bytes, uint32_t timeout_ms);

/* As much as goes without waiting, 0 bytes included. */
enum slw_status slw_link_write_some(struct slw_link *link, struct slw_bytes bytes,
                                    size_t *ret_written);

void slw_link_close(struct slw_link *link);

/* Milliseconds of a clock that doesn't go back. */
uint64_t slw_link_now_ms(void);

#endif
