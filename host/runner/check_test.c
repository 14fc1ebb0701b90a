/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that aren't as a runner's settings want them: secrets that somebody else could read, a
 * job's own programs among them, and what shows a job more than it should see. */
#include "part.h"

#include "slipway/text.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct slw_detail detail;
static char directory[] = "/tmp/slipway-runner-check-XXXXXX";

/* A path in the directory, until the next call but two. */
static const char *in(const char *name)
{
    static char paths[3][80];
    static unsigned next;
    char *path = paths[next++ % 3];
    (void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static bool write_secret(const char *name, struct slw_bytes bytes)
{
    return slw_file_write(in(name), SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE, bytes, &detail) ==
           SLW_OK;
}

static bool write_key(const char *name)
{
    struct slw_heap_buffer key = {0};
    bool good = slw_file_read("spec/vectors/keys/targets1.pem", 65536, &key, &detail) == SLW_OK &&
                write_secret(name, slw_heap_bytes(&key));
    slw_heap_drop(&key);
    return good;
}

/* Looks at the machine with two jobs: one reads this, the other's key is where the first's is. */
static enum slw_status look(const char *read, const char *more)
{
    struct slw_runner_settings settings;
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text,
                    "[runner]\ndepot = http://127.0.0.1:1\ntoken-file = %s/token\nname = "
                    "bench-1\nproducts = lamp\nwork = %s/work\n%s[job system]\nkind = "
                    "test\ncommand = /bin/true\nread = %s\nkey = %s/own/key\nmemory-mb = "
                    "64\nfiles-mb = 4\n[job other]\nkind = test\ncommand = /bin/true\nkey = "
                    "%s/others/key\nmemory-mb = 64\nfiles-mb = 4\n%s",
                    directory, directory, geteuid() == 0 ? "user = nobody\n" : "", read, directory,
                    directory, more);
    bool good = write_secret("runner.conf", slw_heap_bytes(&text));
    slw_heap_drop(&text);
    if (!good || slw_runner_settings_read(in("runner.conf"), &settings, &detail) != SLW_OK) {
        (void)printf("# %s\n", detail.text);
        return SLW_BAD_ARGUMENT;
    }
    enum slw_status status = slw_runner_check(&settings, NULL, &detail);
    slw_runner_settings_free(&settings);
    return status;
}

/* Refused, and for this. */
static bool is_refused(const char *read, const char *more, enum slw_status status, const char *why)
{
    bool is_so = look(read, more) == status && strstr(detail.text, why) != NULL;
    if (!is_so) {
        (void)printf("# read = %s: %s\n", read, detail.text);
    }
    return is_so;
}

static void finds_a_machine_good_that_is(void)
{
    enum slw_status status = look(in("programs"), "");
    if (status == SLW_NOT_PERMITTED && strstr(detail.text, "namespaces") != NULL) {
        TAP_SKIP("this system doesn't let a user make namespaces");
    }
    TAP_EQUAL_INT(status, SLW_OK);
    TAP_CHECK(is_refused(in("missing"), "", SLW_NOT_FOUND, "missing"));
}

static void keeps_secrets_from_others(void)
{
    static const char *const secrets[] = {"token", "own/key", "others/key"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        TAP_ROW(secrets[i]);
        TAP_REQUIRE(chmod(in(secrets[i]), 0640) == 0);
        TAP_CHECK(is_refused(in("programs"), "", SLW_NOT_PERMITTED, "others may read it"));
        TAP_REQUIRE(chmod(in(secrets[i]), 0604) == 0);
        TAP_CHECK(is_refused(in("programs"), "", SLW_NOT_PERMITTED, "others may read it"));
        TAP_REQUIRE(chmod(in(secrets[i]), 0600) == 0);
    }
    TAP_ROW(NULL);
    TAP_REQUIRE(unlink(in("others/key")) == 0);
    TAP_EQUAL_INT(look(in("programs"), ""), SLW_NOT_FOUND);
    TAP_REQUIRE(write_secret("others/key", SLW_BYTES_OF("no key\n")));
    TAP_CHECK(look(in("programs"), "") != SLW_OK);
    TAP_REQUIRE(write_key("others/key"));
}

static void shows_no_secret_to_a_job(void)
{
    TAP_CHECK(is_refused(directory, "", SLW_NOT_PERMITTED, "would show"));
    TAP_CHECK(is_refused(in("token"), "", SLW_NOT_PERMITTED, "would show"));
    TAP_CHECK(is_refused(in("runner.conf"), "", SLW_NOT_PERMITTED, "would show"));
    TAP_CHECK(is_refused(in("own"), "", SLW_NOT_PERMITTED, "would show"));
    TAP_CHECK(is_refused(in("others"), "", SLW_NOT_PERMITTED, "would show"));
    /* By a link, and of another's passphrase. */
    TAP_REQUIRE(symlink(in("others"), in("link")) == 0);
    TAP_CHECK(is_refused(in("link"), "", SLW_NOT_PERMITTED, "would show"));
    TAP_REQUIRE(mkdir(in("words"), 0755) == 0 &&
                write_secret("words/pass", SLW_BYTES_OF("passphrase\n")));
    char more[128];
    (void)snprintf(more, sizeof more, "passphrase-file = %s\n", in("words/pass"));
    TAP_CHECK(is_refused(in("words"), more, SLW_NOT_PERMITTED, "would show"));
    TAP_REQUIRE(chmod(in("words/pass"), 0644) == 0);
    TAP_CHECK(is_refused(in("programs"), more, SLW_NOT_PERMITTED, "others may read it"));
    /* Where the kernel shows processes and devices; names alone are refused before. */
    TAP_REQUIRE(symlink("/proc", in("kernel")) == 0);
    TAP_CHECK(is_refused(in("kernel"), "", SLW_NOT_PERMITTED, "would show /proc"));
    TAP_REQUIRE(symlink("/", in("everything")) == 0);
    TAP_CHECK(look(in("everything"), "") == SLW_NOT_PERMITTED);
}

static bool set_up(void)
{
    return mkdtemp(directory) != NULL && chmod(directory, 0755) == 0 &&
           mkdir(in("own"), 0755) == 0 && mkdir(in("others"), 0755) == 0 &&
           mkdir(in("programs"), 0755) == 0 && write_secret("token", SLW_BYTES_OF("slw_1_s\n")) &&
           write_key("own/key") && write_key("others/key");
}

int main(void)
{
    if (!set_up()) {
        (void)printf("Bail out! %s\n", detail.text);
        return 1;
    }
    TAP_RUN(finds_a_machine_good_that_is);
    TAP_RUN(keeps_secrets_from_others);
    TAP_RUN(shows_no_secret_to_a_job);
    remove_tree(directory);
    return tap_finish();
}
