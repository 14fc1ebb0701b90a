/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is no libcurl, or another thing by its name, calls fail and tell why. */
#define SLW_LIBCURL "libslipway-test-none.so.4"
#include "curl.c" /* NOLINT(bugprone-suspicious-include) */

#include "tap.h"

static void nothing_is_made_without_the_library(void)
{
    TAP_EQUAL_INT(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_FAILED_INIT);
    TAP_CHECK(strstr(curl_easy_strerror(CURLE_FAILED_INIT), SLW_LIBCURL) != NULL);
    TAP_CHECK(curl_easy_init() == NULL && curl_multi_init() == NULL && curl_url() == NULL &&
              curl_slist_append(NULL, "text") == NULL);
}

static void what_was_not_made_may_be_given_back(void)
{
    curl_easy_cleanup(NULL);
    TAP_EQUAL_INT(curl_multi_cleanup(NULL), CURLM_BAD_HANDLE);
    curl_slist_free_all(NULL);
    curl_url_cleanup(NULL);
    curl_free(NULL);
    curl_global_cleanup();
}

int main(void)
{
    TAP_RUN(nothing_is_made_without_the_library);
    TAP_RUN(what_was_not_made_may_be_given_back);
    return tap_finish();
}
