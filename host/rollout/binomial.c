/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clopper-Pearson bounds of a binomial proportion (Biometrika 26, 1934): exact for few outcomes and
 * few failures, which is what the first devices of a rollout give. The lower bound is the p for
 * which so many failures or more have a probability of just level, the upper one the p for which so
 * many or fewer have.
 *
 * P(X >= k | n, p) is the regularized incomplete beta function I_p(k, n - k + 1), here by the
 * continued fraction of Abramowitz and Stegun 26.5.8, evaluated as by Lentz (Applied Optics 15,
 * 1976); the bound is found by bisection.
 */
#include "slipway/rollout.h"

#include <math.h>

#define FRACTION_STEPS_MAX 100000u
#define BISECTIONS 64u
#define TINY 1e-300

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* The continued fraction of I_x(a, b), which converges quickly for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < TINY ? TINY : d);
    double value = d;
    for (unsigned m = 1; m <= FRACTION_STEPS_MAX; m++) {
        const double terms[2] = {
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        };
        double before = value;
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            d = 1 / (fabs(d) < TINY ? TINY : d);
            c = 1 + terms[i] / c;
            c = fabs(c) < TINY ? TINY : c;
            value *= c * d;
        }
        if (fabs(value - before) <= 1e-15 * fabs(value)) {
            break;
        }
    }
    return value;
}

/* I_x(a, b) for a, b >= 1 and 0 < x < 1. */
static double beta_regularized(double a, double b, double x)
{
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) {
        return front * beta_fraction(a, b, x) / a;
    }
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(X >= failures) of so many outcomes that fail with probability p. */
static double at_least(uint64_t outcomes, uint64_t failures, double p)
{
    return beta_regularized((double)failures, (double)(outcomes - failures) + 1, p);
}

/* The p for which at_least() is `probability`; it rises with p. */
static double solve(uint64_t outcomes, uint64_t failures, double probability)
{
    double low = 0;
    double high = 1;
    for (unsigned i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;
        if (middle <= 0 || middle >= 1) {
            break;
        }
        if (at_least(outcomes, failures, middle) < probability) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

double slw_binomial_lower(uint64_t outcomes, uint64_t failures, double level)
{
    return failures == 0 || outcomes == 0 ? 0 : solve(outcomes, failures, level);
}

double slw_binomial_upper(uint64_t outcomes, uint64_t failures, double level)
{
    /* P(X <= f) = level is P(X >= f + 1) = 1 - level. */
    return failures >= outcomes ? 1 : solve(outcomes, failures + 1, 1 - level);
}
