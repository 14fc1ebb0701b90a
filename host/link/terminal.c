/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines and pseudo terminals as links (connect.h). */
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    uint32_t baud;
    speed_t speed;
} speeds[] = {
    {1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
    {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
    {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
    {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
    {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000},
    {4000000, B4000000},
};

static bool find_speed(uint32_t baud, speed_t *ret_speed)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            *ret_speed = speeds[i].speed;
            return true;
        }
    }
    return false;
}

bool slw_terminal_make_raw(int descriptor)
{
    struct termios settings;
    if (tcgetattr(descriptor, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    settings.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return tcsetattr(descriptor, TCSANOW, &settings) == 0;
}

static bool set_speed(int descriptor, speed_t speed)
{
    struct termios settings;
    return tcgetattr(descriptor, &settings) == 0 && cfsetspeed(&settings, speed) == 0 &&
           tcsetattr(descriptor, TCSANOW, &settings) == 0;
}

/* A pseudo terminal stays exclusive after its user is gone, while the other end holds it. */
static bool lock(int descriptor, enum slw_link_kind kind)
{
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        return false;
    }
    return kind != SLW_LINK_SERIAL || ioctl(descriptor, TIOCEXCL) == 0;
}

static enum slw_status set_up(int descriptor, const char *text,
                              const struct slw_link_address *address, struct slw_detail *detail)
{
    speed_t speed = B115200;
    bool serial = address->kind == SLW_LINK_SERIAL;
    if (!isatty(descriptor)) {
        return slw_explain(detail, SLW_IO, "%s: not a terminal", text);
    }
    if (serial && !find_speed(address->baud, &speed)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: no such baud rate", text);
    }
    if (!lock(descriptor, address->kind)) {
        bool taken = errno == EWOULDBLOCK;
        return taken ? slw_explain(detail, SLW_IO, "%s: in use by another program", text)
                     : slw_explain_errno(detail, text);
    }
    if (!slw_terminal_make_raw(descriptor) || (serial && !set_speed(descriptor, speed)) ||
        tcflush(descriptor, TCIOFLUSH) != 0) {
        return slw_explain_errno(detail, text);
    }
    return SLW_OK;
}

enum slw_status slw_terminal_open(const char *text, const struct slw_link_address *address,
                                  int *ret_descriptor, struct slw_detail *detail)
{
    int descriptor = open(address->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return errno == EBUSY ? slw_explain(detail, SLW_IO, "%s: in use by another program", text)
                              : slw_explain_errno(detail, text);
    }
    enum slw_status status = set_up(descriptor, text, address, detail);
    if (status != SLW_OK) {
        close(descriptor);
        return status;
    }
    *ret_descriptor = descriptor;
    return SLW_OK;
}
