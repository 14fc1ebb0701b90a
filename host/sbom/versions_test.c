/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of versions, by the examples of those who made the rules. */
#include "slipway/sbom.h"
#include "slipway/text.h"

#include "tap.h"

#include <string.h>

/* Each below the next one, both ways round. */
static void check_ascending(const char *ecosystem, const char *const *versions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = slw_version_compare(ecosystem, slw_text_bytes(versions[i]),
                                            slw_text_bytes(versions[j]));
            TAP_ROW(versions[i]);
            TAP_CHECK(i == j ? order == 0 : (i < j ? order < 0 : order > 0));
        }
    }
}

static void check_equal(const char *ecosystem, const char *const (*pairs)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TAP_ROW(pairs[i][0]);
        TAP_EQUAL_INT(slw_version_compare(ecosystem, slw_text_bytes(pairs[i][0]),
                                          slw_text_bytes(pairs[i][1])),
                      0);
    }
}

static void orders_semver(void)
{
    static const char *const versions[] = {"0.0.0-0",
                                           "0.9.9",
                                           "1.0.0-alpha",
                                           "1.0.0-alpha.1",
                                           "1.0.0-alpha.beta",
                                           "1.0.0-beta",
                                           "1.0.0-beta.2",
                                           "1.0.0-beta.11",
                                           "1.0.0-rc.1",
                                           "1.0.0",
                                           "1.0.1",
                                           "1.2.0",
                                           "1.10.0",
                                           "2.0.0",
                                           "2.1.0",
                                           "2.1.1",
                                           "99999999999999999999.0.0"};
    static const char *const equal[][2] = {
        {"1.0.0+a", "1.0.0+b"}, {"v1.2.3", "1.2.3"}, {"1.0", "1.0.0"}, {"1.0.0-a+x", "1.0.0-a"}};
    check_ascending("SEMVER", versions, sizeof versions / sizeof versions[0]);
    check_equal("npm", equal, sizeof equal / sizeof equal[0]);
}

static void orders_versions_of_debian(void)
{
    /* The tilde's are the policy's own examples. */
    static const char *const versions[] = {
        "1.0~~",   "1.0~~a", "1.0~",     "1.0~rc1-1", "1.0", "1.0-0.1", "1.0-1", "1.0-1+deb12u1",
        "1.0-1.1", "1.0a",   "1.0+dfsg", "1.0.1",     "1.9", "1.10",    "1:0.1", "2:0"};
    static const char *const equal[][2] = {{"0:1.0-1", "1.0-1"}, {"1.00", "1.0"}, {"1.0-0", "1.0"}};
    check_ascending("Debian", versions, sizeof versions / sizeof versions[0]);
    check_equal("Ubuntu", equal, sizeof equal / sizeof equal[0]);
}

static void orders_versions_of_python(void)
{
    static const char *const versions[] = {"1.0.dev456",  "1.0a1",    "1.0a2.dev456", "1.0a12",
                                           "1.0b1",       "1.0b2",    "1.0rc1",       "1.0",
                                           "1.0.post456", "1.1.dev1", "1.1",          "1!0.5"};
    static const char *const equal[][2] = {
        {"1.0", "1.0.0"}, {"1.0alpha1", "1.0a1"}, {"1.0-rc.1", "1.0c1"}, {"v1.0", "1.0"}};
    /* A dev release of a pre-release is below it by PEP 440: checked by itself. */
    check_equal("PyPI", equal, sizeof equal / sizeof equal[0]);
    for (size_t i = 0; i + 1 < sizeof versions / sizeof versions[0]; i++) {
        TAP_ROW(versions[i]);
        TAP_CHECK(slw_version_compare("PyPI", slw_text_bytes(versions[i]),
                                      slw_text_bytes(versions[i + 1])) < 0);
        TAP_CHECK(slw_version_compare("PyPI", slw_text_bytes(versions[i + 1]),
                                      slw_text_bytes(versions[i])) > 0);
    }
}

static void orders_others_by_their_numbers(void)
{
    static const char *const versions[] = {"1.0-alpha", "1.0-beta", "1.0-rc1", "1.0", "1.0-jre",
                                           "1.0.1",     "1.2",      "1.10",    "2.0"};
    static const char *const equal[][2] = {{"1.0", "1.0.0"}, {"1.0-GA", "1.0"}, {"1_2", "1.2"}};
    for (size_t i = 0; i + 1 < sizeof versions / sizeof versions[0]; i++) {
        TAP_ROW(versions[i]);
        TAP_CHECK(slw_version_compare("Maven", slw_text_bytes(versions[i]),
                                      slw_text_bytes(versions[i + 1])) < 0);
        TAP_CHECK(slw_version_compare("Maven", slw_text_bytes(versions[i + 1]),
                                      slw_text_bytes(versions[i])) > 0);
    }
    check_equal("RubyGems", equal, sizeof equal / sizeof equal[0]);
}

static void ends_with_whatever_it_is_given(void)
{
    static const char *const strange[] = {"",  "-",    ".",  "...", "+",        "v",
                                          "~", "1..2", "1-", "-1",  "\xFF\xFE", ":",
                                          "!", "0",    "00", "a",   "latest"};
    static const char *const ecosystems[] = {"SEMVER", "Debian", "PyPI", "Maven", ""};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        for (size_t j = 0; j < sizeof strange / sizeof strange[0]; j++) {
            for (size_t k = 0; k < 5; k++) {
                int order = slw_version_compare(ecosystems[k], slw_text_bytes(strange[i]),
                                                slw_text_bytes(strange[j]));
                int back = slw_version_compare(ecosystems[k], slw_text_bytes(strange[j]),
                                               slw_text_bytes(strange[i]));
                TAP_ROW(strange[i]);
                TAP_CHECK((order > 0) == (back < 0) && (order == 0) == (back == 0));
            }
        }
    }
}

int main(void)
{
    TAP_RUN(orders_semver);
    TAP_RUN(orders_versions_of_debian);
    TAP_RUN(orders_versions_of_python);
    TAP_RUN(orders_others_by_their_numbers);
    TAP_RUN(ends_with_whatever_it_is_given);
    return tap_finish();
}
