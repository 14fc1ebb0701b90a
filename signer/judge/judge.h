/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the spawner's children do. None of these functions returns: the child ends in it.
 *
 * Both are called right after fork() in a process that is confined as the spawner is; they give up
 * the rest before they touch what came from outside.
 */
#ifndef SLIPWAY_JUDGE_JUDGE_H
#define SLIPWAY_JUDGE_JUDGE_H

#include "orders.h"

#include <signal.h>

/*
 * A judge: applies the rules of the second descriptor to the bundle of the first, and sends a
 * verdict to the third. filter is that of SLW_SANDBOX_JUDGE.
 */
_Noreturn void slw_judge_child(const struct slw_order *order,
                               const struct slw_sandbox_filter *filter);

/*
 * A validator's keeper: runs the order's program in a process group of its own, with the bundle as
 * standard input and output as the others, and ends as the program does. Nothing of the group
 * outlives the program, the keeper or the spawner. filter is that of SLW_SANDBOX_VALIDATOR; calm is
 * the signal mask that the program starts with; directory is where it runs; spawner is the parent.
 */
_Noreturn void slw_validator_child(const struct slw_order *order,
                                   const struct slw_sandbox_filter *filter, int output,
                                   const sigset_t *calm, const char *directory, pid_t spawner);

#endif
