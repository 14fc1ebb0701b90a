/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of versions that the orders of several ecosystems share. */
#ifndef SLIPWAY_SBOM_VERSIONS_H
#define SLIPWAY_SBOM_VERSIONS_H

#include "slipway/sbom.h"

/* The digits that text begins with, which then begins behind them. */
struct slw_bytes slw_version_take_digits(struct slw_bytes *text);
/* As numbers of any size; no digits are 0. */
int slw_version_compare_digits(struct slw_bytes left, struct slw_bytes right);
int slw_version_compare_semver(struct slw_bytes left, struct slw_bytes right);

#endif
