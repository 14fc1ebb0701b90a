/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to the signing service over HTTPS, or over its local socket (spec/SIGNING.md, section 6;
 * spec/signer-openapi.yaml). Used by `slipway sign`, and by whatever else asks for signatures.
 *
 *     struct slw_signer_client_settings settings = {.url = "https://signer:8443", .ca_file = …};
 *     SLW_TRY(slw_signer_client_new(&settings, &client, detail));
 *     SLW_TRY(slw_signer_client_submit(client, stage_envelope, &receipt, detail));
 *     SLW_TRY(slw_signer_client_upload(client, sha256, &source, NULL, detail));
 *     SLW_TRY(slw_signer_client_submit(client, request_envelope, &receipt, detail));
 *     SLW_TRY(slw_signer_client_wait(client, receipt.id, deadline_utc_s, &request, detail));
 *
 * Nothing that comes back is trusted: it is bounded in bytes and time, strict JSON, and what is
 * signed is for slw_signer_result_verify() to say. What fails for want of a connection, or because
 * the service is busy, is tried again, for everything here may be sent twice.
 *
 * Statuses, beside those of single functions: SLW_UNAVAILABLE: no connection, one that TLS refused,
 * or an answer that isn't one; SLW_IO_TIMEOUT.
 * A refusal is the status of the word that the service gave, with its detail; SLW_NOT_FOUND.
 */
#ifndef SLIPWAY_SIGNER_CLIENT_H
#define SLIPWAY_SIGNER_CLIENT_H

#include "slipway/keys.h"
#include "slipway/progress.h"
#include "slipway/reader.h"
#include "slipway/signer_protocol.h"
#include "slipway/transparency.h"

#define SLW_SIGNER_JSON_SIZE_MAX 1048576u /* of an answer in JSON */

struct slw_signer_client_settings {
    const char *url;              /* "https://HOST[:PORT]", or "unix:PATH", an absolute path */
    const char *ca_file;          /* NULL: the system's authorities; else these alone */
    const char *certificate_file; /* of the client, PEM; NULL: none */
    const char *key_file;         /* of the certificate */
    uint32_t connect_timeout_ms;  /* 0: 10,000 */
    uint32_t attempts;            /* of one call; 0: 5 */
};

struct slw_signer_client;

/* A client belongs to one thread, and its program ignores SIGPIPE. SLW_BAD_ARGUMENT for a URL that
 * isn't one. */
enum slw_status slw_signer_client_new(const struct slw_signer_client_settings *settings,
                                      struct slw_signer_client **ret_client,
                                      struct slw_detail *detail);
void slw_signer_client_free(struct slw_signer_client *client);

struct slw_signer_receipt {
    uint8_t id[SLW_SHA256_SIZE]; /* of the statement: SHA-256 of its payload */
    enum slw_signer_state state;
};

/*
 * Hands a statement over. A refusal is its status and detail, and the receipt is filled then, too,
 * when the service knew the statement (state SLW_SIGNER_REFUSED; zeros otherwise).
 */
enum slw_status slw_signer_client_submit(struct slw_signer_client *client,
                                         struct slw_bytes envelope,
                                         struct slw_signer_receipt *ret_receipt,
                                         struct slw_detail *detail);

/*
 * Uploads what a statement staged, from where a former upload broke off; done at once when it is
 * there. Other requesters may have staged this digest with other lengths. progress may be NULL.
 * SLW_WRONG_LENGTH when nobody staged it with as much, SLW_NOT_FOUND when nobody did at all,
 * SLW_WRONG_HASH when it has other bytes, or somebody sends others time and again.
 */
enum slw_status slw_signer_client_upload(struct slw_signer_client *client,
                                         const uint8_t sha256[static SLW_SHA256_SIZE],
                                         const struct slw_source *source,
                                         const struct slw_progress *progress,
                                         struct slw_detail *detail);

/* The JSON of a request, as it came, appended. */
enum slw_status slw_signer_client_show(struct slw_signer_client *client,
                                       const uint8_t id[static SLW_SHA256_SIZE],
                                       struct slw_heap_buffer *ret_json, struct slw_detail *detail);

/* One page of requests; after: NULL for the newest. */
enum slw_status slw_signer_client_list(struct slw_signer_client *client, const uint8_t *after,
                                       uint32_t limit, struct slw_heap_buffer *ret_json,
                                       struct slw_detail *detail);

/* What belongs to a request, at most limit bytes, appended. SLW_NOT_FOUND when it isn't there yet.
 */
enum slw_status slw_signer_client_blob(struct slw_signer_client *client,
                                       const uint8_t id[static SLW_SHA256_SIZE],
                                       enum slw_signer_blob which, size_t limit,
                                       struct slw_heap_buffer *ret_bytes,
                                       struct slw_detail *detail);

/* A file of the log by its path: "checkpoint", "tile/0/000", "records/000". */
enum slw_status slw_signer_client_log(struct slw_signer_client *client, const char *path,
                                      size_t limit, struct slw_heap_buffer *ret_bytes,
                                      struct slw_detail *detail);

/*
 * Asks until the request is signed, refused or expired, or the time is up. ret_json gets the last
 * answer appended. SLW_OK with the state, whatever it is: one that still waits when the time is up
 * is returned as it is.
 */
enum slw_status slw_signer_client_wait(struct slw_signer_client *client,
                                       const uint8_t id[static SLW_SHA256_SIZE], uint32_t timeout_s,
                                       enum slw_signer_state *ret_state,
                                       struct slw_heap_buffer *ret_json, struct slw_detail *detail);

/*
 * Whether a signature and a binary proof are what was asked for: the signature is key's over the
 * serialized targets metadata that the caller submitted, and the proof says that exactly their
 * release leaf is in the log, cosigned by a quorum: the device's own verification.
 * transparency NULL: no proof is asked for. SLW_BAD_SIGNATURE, SLW_NO_PROOF, SLW_BAD_PROOF.
 */
enum slw_status slw_signer_result_verify(struct slw_bytes serialized,
                                         const struct slw_public_key *key,
                                         struct slw_bytes signature, struct slw_bytes proof,
                                         const struct slw_transparency *transparency,
                                         struct slw_detail *detail);

#endif
