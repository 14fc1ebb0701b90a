/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling people what `slipway audit monitor` found: mail by SMTP, and a POST whose body is an
 * envelope (DSSE) signed by a key of the monitor's, so that who gets it knows whose it is.
 */
#include "audit.h"

#include "inputs.h"
#include "values.h"

#include "slipway/dsse.h"
#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/time_text.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALERT_TYPE "application/vnd.slipway.alert+json"
#define CONNECT_TIMEOUT_MS 10000L
#define TIMEOUT_MS 30000L
#define ADDRESS_SIZE_MAX 254u
#define LOGIN_SIZE_MAX 256u /* of a user's name, and of a password */

/* --- Who is to be told --- */

/* An address goes into a command and a header, so it has neither spaces nor brackets. */
static bool is_address(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > ADDRESS_SIZE_MAX || strchr(text, '@') == NULL) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7F || text[i] == '<' || text[i] == '>') {
            return false;
        }
    }
    return true;
}

static bool is_line(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] == 0x7F) {
            return false;
        }
    }
    return len > 0 && len <= LOGIN_SIZE_MAX;
}

static enum cli_exit read_password(struct cli *cli, const char *path,
                                   struct slw_heap_buffer *ret_password)
{
    if (slw_key_file_is_exposed(path)) {
        return cli_error(cli, "%s: others may read or write it (chmod 600)", path);
    }
    enum slw_status status = slw_file_read(path, LOGIN_SIZE_MAX + 2, ret_password, &cli->detail);
    if (status != SLW_OK) {
        return cli_error(cli, "%s", cli->detail.text);
    }
    if (ret_password->len > 0 && ret_password->ptr[ret_password->len - 1] == '\n') {
        ret_password->len--;
    }
    return is_line(ret_password->ptr, ret_password->len)
               ? CLI_DONE
               : cli_error(cli, "%s: not a line of at most %u bytes", path, LOGIN_SIZE_MAX);
}

/* A password on the command line would be everybody's, and by a URL it might go out in clear. */
static enum cli_exit open_login(struct cli *cli, const struct cli_arguments *arguments,
                                struct cli_alerts *alerts)
{
    const char *user = cli_value(arguments, "--smtp-user");
    const char *path = cli_value(arguments, "--smtp-password-file");
    if (alerts->smtp_url != NULL && strchr(alerts->smtp_url, '@') != NULL) {
        return cli_usage(cli, "--smtp: no user and password in it, but --smtp-user and "
                              "--smtp-password-file");
    }
    if ((user == NULL) != (path == NULL) || (user != NULL && alerts->smtp_url == NULL)) {
        return cli_usage(cli, "--smtp-user and --smtp-password-file go together, with --smtp");
    }
    if (user == NULL) {
        return CLI_DONE;
    }
    if (!is_line((const uint8_t *)user, strlen(user))) {
        return cli_usage(cli, "--smtp-user: not a name");
    }
    alerts->smtp_user = user;
    return read_password(cli, path, &alerts->smtp_password);
}

static enum cli_exit open_mail(struct cli *cli, const struct cli_arguments *arguments,
                               struct cli_alerts *alerts)
{
    size_t count = cli_count(arguments, "--mail-to");
    alerts->smtp_url = cli_value(arguments, "--smtp");
    alerts->mail_from = cli_value(arguments, "--mail-from");
    enum cli_exit code = open_login(cli, arguments, alerts);
    if (code != CLI_DONE) {
        return code;
    }
    bool any = alerts->smtp_url != NULL || alerts->mail_from != NULL || count > 0;
    if (any && (alerts->smtp_url == NULL || alerts->mail_from == NULL || count == 0)) {
        return cli_usage(cli, "mail wants --smtp, --mail-from and --mail-to");
    }
    if (any && strncmp(alerts->smtp_url, "smtp://", 7) != 0 &&
        strncmp(alerts->smtp_url, "smtps://", 8) != 0) {
        return cli_usage(cli, "--smtp %s: not smtp:// or smtps://", alerts->smtp_url);
    }
    if (count > sizeof alerts->mail_to / sizeof alerts->mail_to[0]) {
        return cli_usage(cli, "--mail-to: at most 16");
    }
    if (any && !is_address(alerts->mail_from)) {
        return cli_usage(cli, "--mail-from %s: not an address", alerts->mail_from);
    }
    for (size_t i = 0; i < count; i++) {
        alerts->mail_to[i] = cli_nth(arguments, "--mail-to", i);
        if (!is_address(alerts->mail_to[i])) {
            return cli_usage(cli, "--mail-to %s: not an address", alerts->mail_to[i]);
        }
    }
    alerts->mail_to_count = count;
    return CLI_DONE;
}

enum cli_exit cli_alerts_open(struct cli *cli, const struct cli_arguments *arguments,
                              struct cli_alerts *ret_alerts)
{
    const char *key = cli_value(arguments, "--webhook-key");
    *ret_alerts = (struct cli_alerts){.webhook = cli_value(arguments, "--webhook"),
                                      .ca_file = cli_value(arguments, "--ca-file")};
    if ((ret_alerts->webhook == NULL) != (key == NULL)) {
        return cli_usage(cli, "--webhook and --webhook-key go together");
    }
    if (ret_alerts->webhook != NULL && strncmp(ret_alerts->webhook, "http://", 7) != 0 &&
        strncmp(ret_alerts->webhook, "https://", 8) != 0) {
        return cli_usage(cli, "--webhook %s: not http:// or https://", ret_alerts->webhook);
    }
    enum cli_exit code = open_mail(cli, arguments, ret_alerts);
    if (code == CLI_DONE && key != NULL) {
        code = cli_private_key_open(cli, key, cli_value(arguments, "--passphrase-file"),
                                    &ret_alerts->webhook_key);
    }
    return code;
}

void cli_alerts_close(struct cli_alerts *alerts)
{
    slw_private_key_free(alerts->webhook_key);
    alerts->webhook_key = NULL;
    slw_heap_free(&alerts->smtp_password);
}

/* --- Telling them --- */

static CURL *new_transfer(const struct cli_alerts *alerts, const char *url)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return NULL;
    }
    bool good = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS) == CURLE_OK;
    if (good && alerts->ca_file != NULL) {
        good = curl_easy_setopt(curl, CURLOPT_CAINFO, alerts->ca_file) == CURLE_OK;
    }
    if (!good) {
        curl_easy_cleanup(curl);
        return NULL;
    }
    return curl;
}

struct reading {
    struct slw_bytes left;
};

static size_t read_mail(char *buffer, size_t size, size_t count, void *context)
{
    struct reading *reading = context;
    size_t len = size * count < reading->left.len ? size * count : reading->left.len;
    if (len != 0) {
        memcpy(buffer, reading->left.ptr, len);
    }
    reading->left = slw_bytes_make(reading->left.ptr + len, reading->left.len - len);
    return len;
}

/* RFC 5322: lines end with CR LF; the text has one line a finding. */
static void write_mail(const struct cli_alerts *alerts, const char *origin, const char *reason,
                       const char *text, struct slw_heap_buffer *ret_mail)
{
    char date[64];
    struct tm parts;
    time_t now = time(NULL);
    (void)gmtime_r(&now, &parts);
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &parts);
    slw_heap_printf(ret_mail, "Date: %s\r\nFrom: <%s>\r\n", date, alerts->mail_from);
    for (size_t i = 0; i < alerts->mail_to_count; i++) {
        slw_heap_printf(ret_mail, "To: <%s>\r\n", alerts->mail_to[i]);
    }
    slw_heap_printf(ret_mail,
                    "Subject: slipway audit: %s: %s\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n\r\n",
                    reason, origin);
    for (; *text != '\0'; text++) {
        slw_heap_append(ret_mail, *text == '\n' ? SLW_BYTES_OF("\r\n") : slw_bytes_make(text, 1));
    }
    slw_heap_append_text(ret_mail, "\r\n");
}

/* Who logs in does so by TLS, or not at all: whoever stands between could take the offer of it out
 * of what the server says, to get the password. */
static bool set_login(CURL *curl, const struct cli_alerts *alerts)
{
    struct slw_heap_buffer password = {0};
    if (alerts->smtp_user == NULL) {
        return curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY) == CURLE_OK;
    }
    slw_heap_append(&password, slw_heap_bytes(&alerts->smtp_password));
    bool is_set = curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_USERNAME, alerts->smtp_user) == CURLE_OK &&
                  password.status == SLW_OK &&
                  curl_easy_setopt(curl, CURLOPT_PASSWORD, slw_heap_text(&password)) == CURLE_OK;
    slw_heap_free(&password);
    return is_set;
}

static CURLcode post_mail(CURL *curl, const struct cli_alerts *alerts,
                          const struct curl_slist *recipients, struct slw_heap_buffer *mail)
{
    struct reading reading = {slw_heap_bytes(mail)};
    if (curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") != CURLE_OK ||
        !set_login(curl, alerts) ||
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, alerts->mail_from) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_mail) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_READDATA, &reading) != CURLE_OK) {
        return CURLE_FAILED_INIT;
    }
    return curl_easy_perform(curl);
}

static bool send_mail(struct cli *cli, const struct cli_alerts *alerts, const char *origin,
                      const char *reason, const char *text)
{
    struct slw_heap_buffer mail = {0};
    struct curl_slist *recipients = NULL;
    CURL *curl = new_transfer(alerts, alerts->smtp_url);
    write_mail(alerts, origin, reason, text, &mail);
    for (size_t i = 0; i < alerts->mail_to_count; i++) {
        recipients = curl_slist_append(recipients, alerts->mail_to[i]);
    }
    CURLcode result = curl == NULL || recipients == NULL || mail.status != SLW_OK
                          ? CURLE_FAILED_INIT
                          : post_mail(curl, alerts, recipients, &mail);
    if (result != CURLE_OK) {
        cli_warn(cli, "mail couldn't be sent: %s", curl_easy_strerror(result));
    }
    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
    slw_heap_drop(&mail);
    return result == CURLE_OK;
}

static void write_alert(const char *origin, const char *reason, const char *text,
                        struct slw_heap_buffer *ret_payload)
{
    struct slw_json json;
    char time_text[SLW_TIME_TEXT_SIZE];
    slw_json_init(&json, ret_payload);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "detail", text);
    slw_json_text(&json, "origin", origin);
    slw_json_text(&json, "reason", reason);
    slw_json_text(&json, "time", slw_time_format(cli_now_utc_s(), time_text));
    slw_json_end_object(&json);
}

static size_t ignore_body(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static CURLcode post_envelope(CURL *curl, const struct curl_slist *headers,
                              const struct slw_heap_buffer *envelope)
{
    if (curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_body) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, envelope->ptr) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)envelope->len) != CURLE_OK) {
        return CURLE_FAILED_INIT;
    }
    return curl_easy_perform(curl);
}

static bool send_webhook(struct cli *cli, const struct cli_alerts *alerts, const char *origin,
                         const char *reason, const char *text)
{
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    write_alert(origin, reason, text, &payload);
    enum slw_status status = payload.status == SLW_OK
                                 ? slw_dsse_sign(alerts->webhook_key, SLW_BYTES_OF(ALERT_TYPE),
                                                 slw_heap_bytes(&payload), &envelope, &cli->detail)
                                 : slw_explain_no_memory(&cli->detail);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    CURL *curl = status == SLW_OK ? new_transfer(alerts, alerts->webhook) : NULL;
    CURLcode result = curl == NULL || headers == NULL ? CURLE_FAILED_INIT
                                                      : post_envelope(curl, headers, &envelope);
    if (status != SLW_OK) {
        cli_warn(cli, "the alert couldn't be signed: %s", cli->detail.text);
    } else if (result != CURLE_OK) {
        cli_warn(cli, "the alert couldn't be posted: %s", curl_easy_strerror(result));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    slw_heap_drop(&payload);
    slw_heap_drop(&envelope);
    return status == SLW_OK && result == CURLE_OK;
}

bool cli_alerts_send(struct cli *cli, const struct cli_alerts *alerts, const char *origin,
                     const char *reason, const char *text)
{
    bool sent = true;
    if (alerts->smtp_url != NULL) {
        sent = send_mail(cli, alerts, origin, reason, text);
    }
    if (alerts->webhook != NULL) {
        sent = send_webhook(cli, alerts, origin, reason, text) && sent;
    }
    return sent;
}
