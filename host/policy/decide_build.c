/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked about a build: its product and type, who built it from what, and which tests it
 * passed. Roots and roles have none, and the parser lets no rule ask about one. */
#include "deciding.h"

static void require_product(struct slw_policy_deciding *deciding)
{
    bool same = slw_bytes_equal(deciding->facts->product, deciding->key->product);
    slw_policy_require(deciding, SLW_POLICY_NEED_PRODUCT, same ? SLW_OK : SLW_WRONG_PRODUCT,
                       same ? "the bundle is for product %.*s"
                            : "the bundle must be for product %.*s, byte by byte",
                       SLW_POLICY_SHOW(deciding->key->product));
}

static void require_build_type(struct slw_policy_deciding *deciding)
{
    static const char *const words[] = {"unspecified", "dev", "test", "user"};
    unsigned type = (unsigned)deciding->facts->build_type;
    unsigned allowed = deciding->rule->build_types;
    if (allowed == 0) {
        return;
    }
    bool known = type < sizeof words / sizeof words[0];
    bool good = known && type != SLW_BUILD_TYPE_NONE && (allowed & (1u << type)) != 0;
    slw_policy_require(deciding, SLW_POLICY_NEED_BUILD_TYPE, good ? SLW_OK : SLW_WRONG_BUILD_TYPE,
                       "the build is of type %s%s", known ? words[type] : "unknown",
                       good ? "" : ", which this rule doesn't allow");
}

static bool has_key(const struct slw_policy_party *party, const uint8_t *key_id)
{
    for (size_t i = 0; i < party->keys_count; i++) {
        if (memcmp(party->keys[i].id, key_id, SLW_SHA256_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_parameter(const struct slw_provenance *says,
                          const struct slw_policy_parameter *wanted)
{
    for (size_t i = 0; i < says->parameters_count; i++) {
        if (slw_bytes_equal(says->parameters[i].name, wanted->name)) {
            return says->parameters[i].is_text &&
                   slw_bytes_equal(says->parameters[i].value, wanted->value);
        }
    }
    return false;
}

/*
 * "External parameters equal to what is expected, unknown ones fail": as many, and each of the
 * wanted ones. Names are distinct on both sides, for members of an object are.
 */
static bool parameters_fit(const struct slw_policy_builder *builder,
                           const struct slw_provenance *says)
{
    if (says->parameters_count != builder->parameters_count) {
        return false;
    }
    for (size_t i = 0; i < builder->parameters_count; i++) {
        if (!has_parameter(says, &builder->parameters[i])) {
            return false;
        }
    }
    return true;
}

/* How well an endorsement fits: from 0, not by this builder, to ALL. what names what doesn't. */
enum fit { NO_BUILDER, OTHER_BUILD, OTHER_TYPE, OTHER_SOURCE, OTHER_PARAMETERS, ALL };

/* "Accept only (signer, builder) pairs": the key of this machine, and the id pinned to it. */
static enum fit fit_of(const struct slw_policy_deciding *deciding,
                       const struct slw_policy_builder *builder,
                       const struct slw_policy_endorsement *endorsement)
{
    const struct slw_provenance *says = endorsement->says;
    const struct slw_policy_party *machine = &deciding->policy->machines.items[builder->machine];
    if (!has_key(machine, endorsement->signer_id) ||
        !slw_bytes_equal(says->builder_id, builder->id)) {
        return NO_BUILDER;
    }
    if (memcmp(says->content, deciding->facts->content_digest, SLW_SHA256_SIZE) != 0) {
        return OTHER_BUILD;
    }
    if (!slw_bytes_equal(says->build_type, builder->build_type)) {
        return OTHER_TYPE;
    }
    if (!slw_bytes_equal(says->source, builder->source)) {
        return OTHER_SOURCE;
    }
    return parameters_fit(builder, says) ? ALL : OTHER_PARAMETERS;
}

static enum fit best_fit(const struct slw_policy_deciding *deciding,
                         const struct slw_policy_builder **ret_builder)
{
    enum fit best = NO_BUILDER;
    for (size_t b = 0; b < deciding->rule->builders_count; b++) {
        for (size_t i = 0; i < deciding->facts->endorsements_count; i++) {
            const struct slw_policy_builder *builder = &deciding->rule->builders[b];
            enum fit fit = fit_of(deciding, builder, &deciding->facts->endorsements[i]);
            if (fit > best) {
                best = fit;
                *ret_builder = builder;
            }
        }
    }
    return best;
}

static void require_builder(struct slw_policy_deciding *deciding)
{
    static const char *const complaints[] = {
        [OTHER_BUILD] = "another build",
        [OTHER_TYPE] = "another build type",
        [OTHER_SOURCE] = "another source",
        [OTHER_PARAMETERS] = "other external parameters",
    };
    const struct slw_policy_builder *builder = NULL;
    if (deciding->rule->builders_count == 0) {
        return;
    }
    enum fit fit = best_fit(deciding, &builder);
    if (fit == NO_BUILDER) {
        slw_policy_require(deciding, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER,
                           "no builder of this rule endorsed this build (of %zu endorsements)",
                           deciding->facts->endorsements_count);
        return;
    }
    struct slw_bytes machine = deciding->policy->machines.items[builder->machine].name;
    if (fit != ALL) {
        /* An endorsement of another build says nothing about this one. */
        slw_policy_require(deciding, SLW_POLICY_NEED_BUILDER,
                           fit == OTHER_BUILD ? SLW_WRONG_BUILDER : SLW_WRONG_PROVENANCE,
                           "the endorsement by %.*s is for %s", SLW_POLICY_SHOW(machine),
                           complaints[fit]);
        return;
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_BUILDER, SLW_OK, "endorsed by %.*s as %.*s",
                       SLW_POLICY_SHOW(machine), SLW_POLICY_SHOW(builder->id));
}

static bool is_by_tester(const struct slw_policy *policy, const struct slw_policy_test *test,
                         const uint8_t *signer_id)
{
    for (size_t i = 0; i < test->machines_count; i++) {
        if (has_key(&policy->machines.items[test->machines[i]], signer_id)) {
            return true;
        }
    }
    return false;
}

/* Which test results by which testers: PASSED, of this suite and this build, by one of them. */
static void require_test(struct slw_policy_deciding *deciding, const struct slw_policy_test *test)
{
    const struct slw_policy_facts *facts = deciding->facts;
    bool passed = false;
    bool seen = false;
    for (size_t i = 0; i < facts->results_count; i++) {
        const struct slw_policy_result *result = &facts->results[i];
        if (slw_bytes_equal(result->says->suite, test->suite) &&
            memcmp(result->says->content, facts->content_digest, SLW_SHA256_SIZE) == 0 &&
            is_by_tester(deciding->policy, test, result->signer_id)) {
            seen = true;
            passed = passed || result->says->outcome == SLW_TEST_PASSED;
        }
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_TEST, passed ? SLW_OK : SLW_MISSING_TEST,
                       passed ? "suite %.*s passed"
                       : seen ? "suite %.*s didn't pass"
                              : "there is no result of suite %.*s by a tester of this rule",
                       SLW_POLICY_SHOW(test->suite));
}

void slw_policy_require_build(struct slw_policy_deciding *deciding)
{
    if (deciding->facts->operation != SLW_POLICY_USE_TARGETS) {
        return;
    }
    require_product(deciding);
    require_build_type(deciding);
    require_builder(deciding);
    for (size_t i = 0; i < deciding->rule->tests_count; i++) {
        require_test(deciding, &deciding->rule->tests[i]);
    }
}
