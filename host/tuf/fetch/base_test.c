/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of mirrors, paths of files, and how they are shown. */
#include "base.h"
#include "path.h"
#include "tap.h"

#include "slipway/tuf_fetch.h"

static bool is_text(const char *actual, const char *expected)
{
    return expected == NULL ? actual == NULL : actual != NULL && strcmp(actual, expected) == 0;
}

static void takes_urls_apart(void)
{
    static const struct {
        const char *url;
        const char *text;
        const char *user;
        const char *password;
    } rows[] = {
        {"https://a.example/m", "https://a.example/m", NULL, NULL},
        {"https://a.example/m///", "https://a.example/m", NULL, NULL},
        {"HTTPS://a.example:8443", "https://a.example:8443", NULL, NULL},
        {"http://u:p%40w@[::1]:8080/a%20b/", "http://[::1]:8080/a%20b", "u", "p@w"},
        {"http://u@a.example/", "http://a.example", "u", NULL},
        {"http://u:@a.example/", "http://a.example", "u", ""},
        {"file:///srv/media/m%20n/", "/srv/media/m n", NULL, NULL},
        {"file://localhost/srv", "/srv", NULL, NULL},
        {"file:///", "/", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_fetch_base base = {0};
        struct slw_detail detail = {{0}};
        TAP_ROW(rows[i].url);
        TAP_REQUIRE(slw_fetch_base_parse(rows[i].url, &base, &detail) == SLW_OK);
        TAP_CHECK(is_text(base.text, rows[i].text));
        TAP_CHECK(is_text(base.user, rows[i].user));
        TAP_CHECK(is_text(base.password, rows[i].password));
        TAP_EQUAL_INT(base.is_directory, rows[i].text[0] == '/');
        slw_fetch_base_free(&base);
    }
}

static void refuses_what_is_no_url_of_a_mirror(void)
{
    static const char *const rows[] = {
        "",
        "a.example/m",
        "/srv/media",
        "https://",
        "ftp://a.example/m",
        "gopher://a.example/m",
        "javascript:x",
        "https://a.example/m?token=1",
        "https://a.example/m#top",
        "https://a.example:99999/m",
        "https://a.example:x/m",
        "https://a b.example/m",
        "https://a.example/m\r\nX: y",
        "https://[::1/m",
        "file://other.example/srv",
        "https://name:s3cret@/m",
        "https://name:s3cret@a.example:99999/m",
        "https://name:s3@cret@a.example/m?x",
        "scheme://name:s3cret@a.example/m",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_fetch_base base = {0};
        struct slw_detail detail = {{0}};
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_fetch_base_parse(rows[i], &base, &detail), SLW_BAD_ARGUMENT);
        TAP_CHECK(strstr(detail.text, "URL of a mirror") != NULL);
        TAP_CHECK(strstr(detail.text, "s3") == NULL && strchr(detail.text, '\r') == NULL);
        TAP_CHECK(base.text == NULL && base.user == NULL && base.password == NULL);
    }
}

static void a_fetcher_needs_urls_and_not_too_many(void)
{
    static const char *const urls[SLW_FETCH_MIRRORS_MAX + 1] = {"http://a.example",
                                                                "http://b.example", "not a URL"};
    static const struct {
        struct slw_http_options options;
        enum slw_status status;
    } rows[] = {
        {{.metadata_urls = urls, .mirrors = 2}, SLW_OK},
        {{.metadata_urls = urls, .targets_urls = urls, .mirrors = 2}, SLW_OK},
        {{.metadata_urls = urls, .mirrors = 0}, SLW_BAD_ARGUMENT},
        {{.metadata_urls = urls, .mirrors = SLW_FETCH_MIRRORS_MAX + 1}, SLW_BAD_ARGUMENT},
        {{.metadata_urls = urls, .mirrors = 3}, SLW_BAD_ARGUMENT},
        {{.metadata_urls = urls, .targets_urls = urls + 1, .mirrors = 2}, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_fetcher *fetcher = NULL;
        struct slw_detail detail = {{0}};
        TAP_EQUAL_INT(slw_http_fetcher_new(&rows[i].options, &fetcher, &detail), rows[i].status);
        TAP_EQUAL_INT(fetcher != NULL, rows[i].status == SLW_OK);
        slw_http_fetcher_free(fetcher);
    }
}

static void asks_nobody_for_what_there_is_no_mirror_of(void)
{
    static const char *const urls[] = {"http://name:s3cret@a.invalid"};
    static const struct slw_fetch_request metadata = {SLW_FETCH_METADATA, "a", 9, 0};
    static const struct slw_fetch_request target = {SLW_FETCH_TARGETS, "a", 9, 0};
    struct slw_http_options options = {.metadata_urls = urls, .mirrors = 1};
    struct slw_http_fetcher *fetcher = NULL;
    struct slw_heap_buffer bytes = {0};
    struct slw_detail detail = {{0}};
    uint64_t requests = 1;
    uint64_t received = 1;
    TAP_REQUIRE(slw_http_fetcher_new(&options, &fetcher, &detail) == SLW_OK);
    const struct slw_fetch_port *port = slw_http_fetcher_port(fetcher);
    TAP_EQUAL_INT(port->mirrors, 1);
    TAP_EQUAL_INT(slw_fetch_to_heap(port, 1, &metadata, &bytes, &detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_fetch_to_heap(port, 0, &target, &bytes, &detail), SLW_BAD_ARGUMENT);
    slw_http_fetcher_counts(fetcher, &requests, &received);
    TAP_EQUAL_INT(requests + received, 0);
    slw_http_fetcher_free(fetcher);
}

static void decodes_paths(void)
{
    static const struct {
        const char *path;
        const char *name; /* NULL: none */
    } rows[] = {
        {"a/b", "a/b"},  {"%2e%2E%2Fx", "../x"}, {"%C3%A4", "\xc3\xa4"}, {"100%25", "100%"},
        {"%", NULL},     {"a%2", NULL},          {"%zz", NULL},          {"%0", NULL},
        {"a%00b", NULL}, {"%2G", NULL},          {"%%41", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer name = {0};
        TAP_ROW(rows[i].path);
        bool decoded = slw_fetch_path_decode(rows[i].path, &name);
        TAP_EQUAL_INT(decoded, rows[i].name != NULL);
        TAP_CHECK(!decoded || strcmp(slw_heap_text(&name), rows[i].name) == 0);
        slw_heap_free(&name);
    }
}

static void shows_strangers_text_without_its_tricks(void)
{
    char shown[SLW_FETCH_SHOWN_SIZE];
    static char text[1000];
    slw_fetch_show("a b\x1b[2J\r\n\x7f\xc3\xa4~", shown);
    TAP_CHECK(strcmp(shown, "a b?[2J?????~") == 0);
    memset(text, 'x', sizeof text - 1);
    slw_fetch_show(text, shown);
    TAP_EQUAL_INT(strlen(shown), SLW_FETCH_SHOWN_SIZE - 1);
    TAP_CHECK(strcmp(shown + SLW_FETCH_SHOWN_SIZE - 5, "x...") == 0);
    text[SLW_FETCH_SHOWN_SIZE - 1] = '\0';
    slw_fetch_show(text, shown);
    TAP_CHECK(strcmp(shown, text) == 0);
}

int main(void)
{
    TAP_RUN(takes_urls_apart);
    TAP_RUN(refuses_what_is_no_url_of_a_mirror);
    TAP_RUN(a_fetcher_needs_urls_and_not_too_many);
    TAP_RUN(asks_nobody_for_what_there_is_no_mirror_of);
    TAP_RUN(decodes_paths);
    TAP_RUN(shows_strangers_text_without_its_tricks);
    return tap_finish();
}
