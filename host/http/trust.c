/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies client certificates. See http_trust.h. */
#include "slipway/http_trust.h"

#include "slipway/http_clock.h"

#include "slipway/files.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CHAIN_MAX 8u                /* certificates that a client may send */
#define FILE_SIZE_MAX (4u << 20)    /* of authorities, of revocations */
#define VERIFIED_FOR_MS (30 * 1000) /* then it is verified again: certificates expire */
#define LOOK_AGAIN_MS 1000

struct watched {
    const char *path; /* "": none */
    struct stat seen;
};

struct slw_http_trust {
    pthread_mutex_t lock; /* of all that follows: verifying takes less than a millisecond */
    struct watched authorities;
    struct watched revocations;
    gnutls_x509_trust_list_t list; /* NULL: it can't be read, and nobody is admitted */
    time_t revocations_until;      /* 0: they don't say */
    unsigned generation;
    int64_t looked_ms;
    struct slw_detail problem;
};

static enum slw_status explain_tls(struct slw_detail *detail, const char *path, int code)
{
    return slw_explain(detail, SLW_IO, "%s: %s", path, gnutls_strerror(code));
}

static enum slw_status add_authorities(gnutls_x509_trust_list_t list, const char *path,
                                       const gnutls_datum_t *pem, struct slw_detail *detail)
{
    int added = gnutls_x509_trust_list_add_trust_mem(list, pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (added < 0) {
        return explain_tls(detail, path, added);
    }
    return added > 0 ? SLW_OK : slw_explain(detail, SLW_IO, "%s: has no certificate", path);
}

/* The earliest time by which one of these lists should have been replaced. */
static time_t time_of_next(const gnutls_x509_crl_t *lists, unsigned count)
{
    time_t earliest = 0;
    for (unsigned i = 0; i < count; i++) {
        time_t next = gnutls_x509_crl_get_next_update(lists[i]);
        if (next > 0 && (earliest == 0 || next < earliest)) {
            earliest = next;
        }
    }
    return earliest;
}

/* RFC 5280, 5.1.2.5: "nextUpdate [...] The next CRL could be issued before the indicated date, but
 * it will not be issued any later". */
static enum slw_status add_revocations(struct slw_http_trust *trust, gnutls_x509_trust_list_t list,
                                       const gnutls_datum_t *pem, struct slw_detail *detail)
{
    const char *path = trust->revocations.path;
    gnutls_x509_crl_t *lists = NULL;
    unsigned count = 0;
    int code = gnutls_x509_crl_list_import2(&lists, &count, pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0) {
        return explain_tls(detail, path, code);
    }
    trust->revocations_until = time_of_next(lists, count);
    unsigned added = 0;
    for (unsigned i = 0; i < count; i++) {
        /* What the trust list takes is its own from then on. */
        if (gnutls_x509_trust_list_add_crls(list, &lists[i], 1, GNUTLS_TL_VERIFY_CRL, 0) == 1) {
            added++;
        } else {
            gnutls_x509_crl_deinit(lists[i]);
        }
    }
    gnutls_free(lists);
    if (trust->revocations_until != 0 && trust->revocations_until <= time(NULL)) {
        return slw_explain(detail, SLW_IO, "%s: the list of revocations is too old", path);
    }
    return added == count && count > 0
               ? SLW_OK
               : slw_explain(detail, SLW_IO, "%s: not a list of revocations of our authority",
                             path);
}

static enum slw_status fill(struct slw_http_trust *trust, gnutls_x509_trust_list_t list,
                            struct slw_detail *detail)
{
    struct slw_heap_buffer authorities = {0};
    struct slw_heap_buffer revocations = {0};
    enum slw_status status =
        slw_file_read(trust->authorities.path, FILE_SIZE_MAX, &authorities, detail);
    if (status == SLW_OK) {
        gnutls_datum_t pem = {.data = authorities.ptr, .size = (unsigned)authorities.len};
        status = add_authorities(list, trust->authorities.path, &pem, detail);
    }
    if (status == SLW_OK && trust->revocations.path[0] != '\0') {
        status = slw_file_read(trust->revocations.path, FILE_SIZE_MAX, &revocations, detail);
        if (status == SLW_OK) {
            gnutls_datum_t pem = {.data = revocations.ptr, .size = (unsigned)revocations.len};
            status = add_revocations(trust, list, &pem, detail);
        }
    }
    slw_heap_drop(&authorities);
    slw_heap_drop(&revocations);
    return status;
}

static enum slw_status load(struct slw_http_trust *trust, struct slw_detail *detail)
{
    gnutls_x509_trust_list_t list = NULL;
    trust->revocations_until = 0;
    if (gnutls_x509_trust_list_init(&list, 0) < 0) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = fill(trust, list, detail);
    if (status != SLW_OK) {
        gnutls_x509_trust_list_deinit(list, 1);
        return status;
    }
    trust->list = list;
    return SLW_OK;
}

/* Whether a file is another than when it was looked at last. */
static bool has_changed(struct watched *file)
{
    struct stat now = {0};
    if (file->path[0] == '\0') {
        return false;
    }
    (void)stat(file->path, &now); /* away: all zeros, which is a change too */
    bool changed = now.st_ino != file->seen.st_ino || now.st_size != file->seen.st_size ||
                   now.st_mtim.tv_sec != file->seen.st_mtim.tv_sec ||
                   now.st_mtim.tv_nsec != file->seen.st_mtim.tv_nsec;
    file->seen = now;
    return changed;
}

static void load_again_if_changed(struct slw_http_trust *trust)
{
    int64_t now_ms = slw_http_clock_ms();
    if (trust->looked_ms != 0 && now_ms - trust->looked_ms < LOOK_AGAIN_MS) {
        return;
    }
    trust->looked_ms = now_ms;
    bool changed = has_changed(&trust->authorities);
    if (!has_changed(&trust->revocations) && !changed) {
        return;
    }
    if (trust->list != NULL) {
        gnutls_x509_trust_list_deinit(trust->list, 1);
        trust->list = NULL;
    }
    trust->generation++;
    (void)load(trust, &trust->problem);
}

enum slw_status slw_http_trust_open(const char *authorities, const char *revocations,
                                    struct slw_http_trust **ret_trust, struct slw_detail *detail)
{
    struct slw_http_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) {
        return slw_explain_no_memory(detail);
    }
    (void)pthread_mutex_init(&trust->lock, NULL);
    trust->authorities.path = authorities;
    trust->revocations.path = revocations == NULL ? "" : revocations;
    load_again_if_changed(trust);
    if (trust->list == NULL) {
        *detail = trust->problem;
        slw_http_trust_close(trust);
        return SLW_IO;
    }
    *ret_trust = trust;
    return SLW_OK;
}

void slw_http_trust_close(struct slw_http_trust *trust)
{
    if (trust != NULL && trust->list != NULL) {
        gnutls_x509_trust_list_deinit(trust->list, 1);
    }
    free(trust);
}

static enum slw_status refuse(struct slw_detail *detail, const char *why)
{
    return slw_explain(detail, SLW_NOT_PERMITTED, "client certificate: %s", why);
}

static const char *why_not(unsigned verdict)
{
    if ((verdict & GNUTLS_CERT_REVOKED) != 0) {
        return "revoked";
    }
    if ((verdict & GNUTLS_CERT_EXPIRED) != 0) {
        return "expired";
    }
    if ((verdict & GNUTLS_CERT_NOT_ACTIVATED) != 0) {
        return "not valid yet";
    }
    if ((verdict & GNUTLS_CERT_PURPOSE_MISMATCH) != 0) {
        return "not for clients";
    }
    if ((verdict & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0) {
        return "of an authority that isn't ours";
    }
    return "not to be trusted";
}

/* RFC 5280, 4.2.1.12: "the certificate MUST only be used for one of the purposes indicated". */
static enum slw_status verify_chain(const struct slw_http_trust *trust, gnutls_x509_crt_t *chain,
                                    unsigned count, struct slw_detail *detail)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned verdict = 0;
    if (gnutls_x509_trust_list_verify_crt2(trust->list, chain, count, &purpose, 1, 0, &verdict,
                                           NULL) < 0) {
        return refuse(detail, "can't be verified");
    }
    return verdict == 0 ? SLW_OK : refuse(detail, why_not(verdict));
}

/* The subject's one common name; none when it has several, or one that isn't a short text. */
static void note_name(gnutls_x509_crt_t certificate, struct slw_http_connection *connection)
{
    char name[sizeof connection->name];
    size_t len = sizeof name;
    size_t other_len = 0;
    connection->name[0] = '\0';
    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) !=
            0 ||
        gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 1, 0, NULL,
                                      &other_len) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
        len >= sizeof name || strlen(name) != len) {
        return;
    }
    memcpy(connection->name, name, len + 1);
}

static enum slw_status verify_peer(struct slw_http_trust *trust, const gnutls_datum_t *sent,
                                   unsigned count, struct slw_http_connection *connection,
                                   struct slw_detail *detail)
{
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned loaded = 0;
    enum slw_status status = SLW_OK;
    for (; loaded < count && status == SLW_OK; loaded++) {
        if (gnutls_x509_crt_init(&chain[loaded]) < 0) {
            return slw_explain_no_memory(detail);
        }
        if (gnutls_x509_crt_import(chain[loaded], &sent[loaded], GNUTLS_X509_FMT_DER) < 0) {
            status = refuse(detail, "isn't one");
        }
    }
    if (status == SLW_OK) {
        status = verify_chain(trust, chain, count, detail);
    }
    size_t len = 32;
    if (status == SLW_OK && gnutls_x509_crt_get_fingerprint(chain[0], GNUTLS_DIG_SHA256,
                                                            connection->client, &len) < 0) {
        status = refuse(detail, "has no fingerprint");
    }
    connection->client_len = (uint8_t)len;
    if (status == SLW_OK) {
        note_name(chain[0], connection);
    }
    while (loaded > 0) {
        gnutls_x509_crt_deinit(chain[--loaded]);
    }
    return status;
}

static enum slw_status verify_locked(struct slw_http_trust *trust, gnutls_session_t session,
                                     struct slw_http_connection *connection,
                                     struct slw_detail *detail)
{
    unsigned count = 0;
    load_again_if_changed(trust);
    if (trust->list == NULL) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "nobody is admitted: %s",
                           trust->problem.text);
    }
    if (trust->revocations_until != 0 && trust->revocations_until <= time(NULL)) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "nobody is admitted: the list of revocations is too old");
    }
    if (connection->verified_by == trust->generation &&
        slw_http_clock_ms() < connection->verified_to_ms) {
        return SLW_OK;
    }
    const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &count);
    if (sent == NULL || count == 0) {
        return refuse(detail, "none was shown");
    }
    if (count > CHAIN_MAX) {
        return refuse(detail, "too long a chain");
    }
    SLW_TRY(verify_peer(trust, sent, count, connection, detail));
    connection->verified_by = trust->generation;
    connection->verified_to_ms = slw_http_clock_ms() + VERIFIED_FOR_MS;
    return SLW_OK;
}

enum slw_status slw_http_trust_verify(struct slw_http_trust *trust, gnutls_session_t session,
                                      struct slw_http_connection *connection,
                                      struct slw_detail *detail)
{
    (void)pthread_mutex_lock(&trust->lock);
    enum slw_status status = verify_locked(trust, session, connection, detail);
    (void)pthread_mutex_unlock(&trust->lock);
    return status;
}
