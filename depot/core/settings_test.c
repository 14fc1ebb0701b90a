/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: what is taken, and what ends the start. */
#include "settings.h"

#include "slipway/files.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LEAST                                                                                      \
    "[depot]\nlisten = 127.0.0.1:0\ndatabase = sqlite:d.db\nblobs = dir:b\nsecret-file = s\n"

static enum slw_status read_text(struct slw_bytes text, struct depot_settings *settings,
                                 struct slw_detail *detail)
{
    char path[] = "/tmp/depot-settings.XXXXXX";
    int descriptor = mkstemp(path);
    if (descriptor < 0) {
        return slw_explain_errno(detail, path);
    }
    enum slw_status status = write(descriptor, text.ptr, text.len) == (ssize_t)text.len
                                 ? depot_settings_read(path, settings, detail)
                                 : slw_explain_errno(detail, path);
    (void)close(descriptor);
    (void)unlink(path);
    return status;
}

static void reads_what_it_knows(void)
{
    static struct depot_settings settings;
    struct slw_detail detail = {""};
    TAP_EQUAL_INT(
        read_text(SLW_BYTES_OF(LEAST "url = https://depot.example\ntotp-required = yes\n"
                                     "connections = 90000\nidle-s = 5\n"
                                     "[signer]\nurl = unix:/run/s.sock\nkeys.lamp-prod = p.pub\n"
                                     "keys.lamp-test = t.pub\n[repository]\nstorage = dir:r\n"
                                     "[devices]\ncheck-in-s = 86400\n"),
                  &settings, &detail),
        SLW_OK);
    TAP_CHECK(strcmp(settings.listen, "127.0.0.1:0") == 0);
    TAP_CHECK(strcmp(settings.url, "https://depot.example") == 0);
    TAP_CHECK(settings.sandbox);
    TAP_CHECK(settings.totp_required);
    TAP_EQUAL_INT(settings.signer.keys_count, 2);
    TAP_CHECK(strcmp(settings.signer.keys[1].name, "lamp-test") == 0);
    TAP_CHECK(strcmp(settings.signer.keys[1].file, "t.pub") == 0);
    TAP_CHECK(strcmp(settings.repository.storage, "dir:r") == 0);
    TAP_EQUAL_INT(settings.checkin_s, 86400);
    TAP_EQUAL_INT(settings.connections, 90000);
    TAP_EQUAL_INT(settings.idle_s, 5);
}

#define LONG_100                                                                                   \
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012" \
    "34567890"

#define LONG_500 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100

static void ends_the_start(void)
{
    const struct {
        const char *name;
        struct slw_bytes text;
        const char *says;
    } rows[] = {
        {"nothing", SLW_BYTES_OF(""), "listen"},
        {"no database", SLW_BYTES_OF("[depot]\nlisten = a:1\nblobs = dir:b\nsecret-file = s\n"),
         "database"},
        {"no blobs", SLW_BYTES_OF("[depot]\nlisten = a:1\ndatabase = sqlite:x\nsecret-file = s\n"),
         "blobs"},
        {"no secret", SLW_BYTES_OF("[depot]\nlisten = a:1\ndatabase = sqlite:x\nblobs = dir:b\n"),
         "secret-file"},
        {"an unknown name", SLW_BYTES_OF(LEAST "colour = red\n"), "colour"},
        {"an unknown section", SLW_BYTES_OF(LEAST "[mail]\nhost = x\n"), "[mail] host"},
        {"a name of another section", SLW_BYTES_OF(LEAST "[s3]\nlisten = x:1\n"), "[s3] listen"},
        {"a name outside of sections", SLW_BYTES_OF("listen = x:1\n" LEAST), "listen"},
        {"twice", SLW_BYTES_OF(LEAST "listen = x:1\n"), "twice"},
        {"a continued line", SLW_BYTES_OF(LEAST "url = http://a\n  b\n"), "line 7"},
        {"a key twice", SLW_BYTES_OF(LEAST "[signer]\nkeys.a = b\nkeys.a = c\n"), "twice"},
        {"a key without name", SLW_BYTES_OF(LEAST "[signer]\nkeys. = b\n"), "keys."},
        {"empty", SLW_BYTES_OF(LEAST "url =\n"), "empty"},
        {"no seconds", SLW_BYTES_OF(LEAST "[devices]\ncheck-in-s = 1m\n"), "seconds"},
        {"0 seconds", SLW_BYTES_OF(LEAST "[devices]\ncheck-in-s = 0\n"), "seconds"},
        {"over a day", SLW_BYTES_OF(LEAST "[devices]\ncheck-in-s = 86401\n"), "seconds"},
        {"a long number", SLW_BYTES_OF(LEAST "[devices]\ncheck-in-s = 000060\n"), "seconds"},
        {"too few connections", SLW_BYTES_OF(LEAST "connections = 15\n"), "16 to 90000"},
        {"too many connections", SLW_BYTES_OF(LEAST "connections = 90001\n"), "16 to 90000"},
        {"connections without number", SLW_BYTES_OF(LEAST "connections = -16\n"), "16 to 90000"},
        {"idle for ever", SLW_BYTES_OF(LEAST "idle-s = 0\n"), "seconds"},
        {"neither yes nor no", SLW_BYTES_OF(LEAST "sandbox = maybe\n"), "neither"},
        {"a certificate without key", SLW_BYTES_OF(LEAST "tls-certificate = c\n"), "tls-key"},
        {"a key without certificate", SLW_BYTES_OF(LEAST "tls-key = c\n"), "tls-key"},
        {"clients without TLS", SLW_BYTES_OF(LEAST "client-ca = c\n"), "client-ca"},
        {"a url of another kind", SLW_BYTES_OF(LEAST "url = ftp://x\n"), "url"},
        {"a url with a slash", SLW_BYTES_OF(LEAST "url = http://x/\n"), "url"},
        {"a repository of another kind", SLW_BYTES_OF(LEAST "[repository]\nstorage = ftp:x/\n"),
         "dir:PATH nor s3:"},
        {"a bucket as a whole", SLW_BYTES_OF(LEAST "[repository]\nstorage = s3:\n"), "s3:PREFIX/"},
        {"a bucket of nowhere", SLW_BYTES_OF(LEAST "[repository]\nstorage = s3:r/\n"), "endpoint"},
        {"a bucket that nobody sees",
         SLW_BYTES_OF(LEAST "[repository]\nstorage = s3:r/\n[s3]\nendpoint = http://x\nbucket = "
                            "b\n"),
         "url"},
        {"a repository among blobs",
         SLW_BYTES_OF("[depot]\nlisten = a:1\ndatabase = sqlite:x\nblobs = s3:\nsecret-file = s\n"
                      "[repository]\nstorage = s3:depot/r/\nwork = w\nurl = http://x\n"
                      "[s3]\nendpoint = http://x\nbucket = b\nprefix = depot/\n"),
         "overlap"},
        {"no name", SLW_BYTES_OF(LEAST "only words\n"), "line 6"},
        {"a long value", SLW_BYTES_OF(LEAST "url = http://" LONG_500 LONG_100 "\n"), "too long"},
        {"a zero byte", SLW_BYTES_OF(LEAST "url = http://x\0y\n"), "zero byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct depot_settings settings;
        struct slw_detail detail = {""};
        settings.listen[0] = '!';
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(read_text(rows[i].text, &settings, &detail), SLW_BAD_ARGUMENT);
        if (!TAP_CHECK(strstr(detail.text, rows[i].says) != NULL)) {
            (void)printf("# %s\n", detail.text);
        }
        TAP_CHECK(settings.listen[0] == '!');
    }
    TAP_ROW(NULL);
}

static void needs_a_file(void)
{
    static struct depot_settings settings;
    struct slw_detail detail = {""};
    TAP_EQUAL_INT(depot_settings_read("/nowhere/depot.conf", &settings, &detail), SLW_NOT_FOUND);
}

static void cuts_no_line(void)
{
    static const char *const begins[] = {LEAST "url = http://", LEAST "# "};
    static struct depot_settings settings;
    for (size_t i = 0; i < 4; i++) {
        char text[5000];
        struct slw_detail detail = {""};
        int len = snprintf(text, sizeof text, "%s", begins[i / 2]);
        memset(text + len, 'x', 4100);
        text[len + 4100] = '\n';
        size_t size = (size_t)len + 4100 + i % 2;
        TAP_EQUAL_INT(read_text(slw_bytes_make(text, size), &settings, &detail), SLW_BAD_ARGUMENT);
        TAP_CHECK(strstr(detail.text, "line 6 is longer") != NULL);
    }
}

int main(void)
{
    TAP_RUN(reads_what_it_knows);
    TAP_RUN(ends_the_start);
    TAP_RUN(cuts_no_line);
    TAP_RUN(needs_a_file);
    return tap_finish();
}
