/* SPDX-License-Identifier: Apache-2.0 */
/* What a running depot gives up before it reads anything from outside: for run.c. */
#ifndef SLIPWAY_DEPOT_CONFINE_H
#define SLIPWAY_DEPOT_CONFINE_H

#include "settings.h"

/* Becomes its user; then, unless `sandbox = no`: no core dumps, no new privileges, no files but its
 * own (Landlock), no system calls but those that it makes (seccomp). Before there are threads. */
SLW_MUST_USE enum slw_status depot_confine(const struct depot_settings *settings,
                                           struct slw_detail *detail);

#endif
