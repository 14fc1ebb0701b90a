/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks of a jailed program, by name; the test starts itself with one in a jail. */
#ifndef SLIPWAY_JAIL_TEST_ATTACKS_H
#define SLIPWAY_JAIL_TEST_ATTACKS_H

/* The jail's limits, which they try. */
#define PROCESSES 24u
#define FILES_BYTES (4u << 20)
#define MEMORY_BYTES (64u << 20)

/* Ends with 0 when it got nothing that it shouldn't, and could what it may. */
int run_attack(const char *name, const char *argument);

#endif
