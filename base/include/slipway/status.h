/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one status type: what every function that can fail returns.
 *
 * A value's class is in its high byte, so that a caller which doesn't care for the cause can switch
 * on the class alone. The causes with a word in lower case and dashes are the closed list of
 * reasons for a refusal: the same word stands in messages and in --json, and scripts rely on it.
 * The table in docs/REASONS.md is generated from the list below.
 *
 *     enum slw_status status = slw_root_parse(...);
 *     if (status != SLW_OK)
 *         fprintf(stderr, "refused: %s\n", slw_status_word(status));
 */
#ifndef SLIPWAY_STATUS_H
#define SLIPWAY_STATUS_H

#include <stdbool.h>

enum slw_status_class {
    SLW_CLASS_OK = 0,
    SLW_CLASS_IO = 1,        /* the outside failed: a disk, a link, a library */
    SLW_CLASS_MALFORMED = 2, /* it isn't what it claims to be, whoever signed it */
    SLW_CLASS_UNTRUSTED = 3, /* nobody whom we trust vouches for it */
    SLW_CLASS_STALE = 4,     /* it was good once, or follows something that we don't have */
    SLW_CLASS_REFUSED = 5,   /* good, but not for this device, or not wanted */
    SLW_CLASS_CAPACITY = 6,  /* over a limit */
    SLW_CLASS_MISUSE = 7,    /* the caller's mistake */
};

/* X(name, class, number in its class, word, meaning) */
#define SLW_STATUS_LIST(X)                                                                         \
    X(SLW_IO, IO, 1, "io", "reading or writing failed")                                            \
    X(SLW_IO_TORN, IO, 2, "io-torn", "flash holds a half-written word that can't be read")         \
    X(SLW_IO_CRYPTO, IO, 3, "crypto-failed", "the crypto library failed")                          \
    X(SLW_IO_CLOSED, IO, 4, "closed", "the other end is gone")                                     \
    X(SLW_IO_TIMEOUT, IO, 5, "timeout", "no answer in time")                                       \
    X(SLW_UNAVAILABLE, IO, 6, "unavailable",                                                       \
      "a repository, mirror or service didn't give what was asked")                                \
    X(SLW_TOKEN, IO, 7, "token", "the token is away, failed, or refused the PIN")                  \
    X(SLW_DATABASE_AWAY, IO, 8, "database-away", "the database can't be asked at present")         \
    X(SLW_INTERNAL, IO, 9, "internal-error", "a mistake of the program; its log says which")       \
    X(SLW_MALFORMED, MALFORMED, 1, "malformed", "not a well-formed message")                       \
    X(SLW_MISSING_TARGETS, MALFORMED, 2, "missing-targets", "no top-level targets metadata")       \
    X(SLW_WRONG_ROLE, MALFORMED, 3, "wrong-role", "role missing or not the expected one")          \
    X(SLW_BAD_SPEC_VERSION, MALFORMED, 4, "bad-spec-version", "major above 1, or not a version")   \
    X(SLW_BAD_KEY, MALFORMED, 5, "bad-key",                                                        \
      "key id isn't the key's hash, two ids for one key, listed key absent, or key value "         \
      "malformed")                                                                                 \
    X(SLW_BAD_THRESHOLD, MALFORMED, 6, "bad-threshold", "threshold 0 or out of reach")             \
    X(SLW_SHARED_KEY, MALFORMED, 7, "shared-key", "one key in two roles")                          \
    X(SLW_BAD_NAME, MALFORMED, 8, "bad-name", "name of a target, payload or slot not allowed")     \
    X(SLW_DUPLICATE_TARGET, MALFORMED, 9, "duplicate-target",                                      \
      "a target listed twice, two for one slot, or a payload name used twice")                     \
    X(SLW_MISSING_HASH, MALFORMED, 10, "missing-hash",                                             \
      "a target or encoding without a 32-byte SHA-256")                                            \
    X(SLW_BAD_STATEMENT, MALFORMED, 11, "bad-statement",                                           \
      "not a statement of the kind, or one for another service")                                   \
    X(SLW_NO_TRUSTED_ROOT, UNTRUSTED, 1, "no-trusted-root",                                        \
      "the trusted root is absent, empty or unreadable")                                           \
    X(SLW_UNSIGNED, UNTRUSTED, 2, "unsigned", "no signature at all")                               \
    X(SLW_DUPLICATE_SIGNATURE, UNTRUSTED, 3, "duplicate-signature",                                \
      "a key id twice among the signatures")                                                       \
    X(SLW_BELOW_THRESHOLD, UNTRUSTED, 4, "below-threshold",                                        \
      "too few valid signatures by distinct keys of the role")                                     \
    X(SLW_REVOKED_KEY, UNTRUSTED, 5, "revoked-key",                                                \
      "too few valid signatures: the missing ones are by keys that the new root dropped")          \
    X(SLW_ROOT_UNTRUSTED, UNTRUSTED, 6, "root-untrusted",                                          \
      "new root not signed by the trusted root's threshold")                                       \
    X(SLW_ROOT_SELF_UNSIGNED, UNTRUSTED, 7, "root-self-unsigned",                                  \
      "new root not signed by its own threshold")                                                  \
    X(SLW_ROOT_CLASS, UNTRUSTED, 8, "root-class",                                                  \
      "key_class differs from a specified one of the root it follows")                             \
    X(SLW_WRONG_HASH, UNTRUSTED, 9, "wrong-hash", "payload differs from what is signed")           \
    X(SLW_WRONG_LENGTH, UNTRUSTED, 10, "wrong-length", "payload is longer or shorter than signed") \
    X(SLW_MISSING_PAYLOAD, UNTRUSTED, 11, "missing-payload",                                       \
      "listed, absent and not on the device")                                                      \
    X(SLW_UNLISTED_PAYLOAD, UNTRUSTED, 12, "unlisted-payload", "present, not listed")              \
    X(SLW_NO_PROOF, UNTRUSTED, 13, "no-proof", "transparency required and absent")                 \
    X(SLW_BAD_PROOF, UNTRUSTED, 14, "bad-proof", "transparency required and wrong")                \
    X(SLW_BAD_SIGNATURE, UNTRUSTED, 15, "bad-signature", "a signature doesn't verify (internal)")  \
    X(SLW_MIX_AND_MATCH, UNTRUSTED, 16, "mix-and-match",                                           \
      "metadata of a repository that don't belong together: other version, length or hash than "   \
      "what names it")                                                                             \
    X(SLW_WRONG_CUSTOM, UNTRUSTED, 17, "wrong-custom",                                             \
      "what a repository says of a bundle differs from the bundle")                                \
    X(SLW_WRONG_CHANNEL, UNTRUSTED, 18, "wrong-channel", "a release of another channel")           \
    X(SLW_NOT_PERMITTED, UNTRUSTED, 19, "not-permitted",                                           \
      "no rule of the policy lets this be asked for by whom it was")                               \
    X(SLW_WRONG_BUILDER, UNTRUSTED, 20, "wrong-builder",                                           \
      "not endorsed by a builder that the policy names")                                           \
    X(SLW_WRONG_PROVENANCE, UNTRUSTED, 21, "wrong-provenance",                                     \
      "built from something else, or otherwise, than the policy wants")                            \
    X(SLW_MISSING_TEST, UNTRUSTED, 22, "missing-test",                                             \
      "a test result that the policy wants isn't there or isn't good")                             \
    X(SLW_MISSING_APPROVAL, UNTRUSTED, 23, "missing-approval",                                     \
      "not approved by as many people as the policy wants, or rejected")                           \
    X(SLW_LOG_DAMAGED, UNTRUSTED, 24, "log-damaged", "the log isn't what was committed to it")     \
    X(SLW_NO_WITNESSES, UNTRUSTED, 25, "no-witnesses", "too few witnesses cosigned in time")       \
    X(SLW_STORED_STATE, STALE, 1, "stored-state",                                                  \
      "the stored manifest or journal can't be read, or is older than the anchor")                 \
    X(SLW_ROOT_ROLLBACK, STALE, 2, "root-rollback", "new root older than the trusted one")         \
    X(SLW_ROOT_REPLACED, STALE, 3, "root-replaced", "same root version, other content")            \
    X(SLW_ROLLBACK, STALE, 4, "rollback",                                                          \
      "targets version below the stored one or the floor, or floor above its own version")         \
    X(SLW_EXPIRED, STALE, 5, "expired", "past its expiry, with a clock")                           \
    X(SLW_STEPPING_STONE, STALE, 6, "stepping-stone",                                              \
      "installed version too old to go straight here")                                             \
    X(SLW_SLOW_RETRIEVAL, STALE, 7, "slow-retrieval",                                              \
      "a repository sends more slowly than the floor")                                             \
    X(SLW_STALE_STATEMENT, STALE, 8, "stale-statement",                                            \
      "a statement that has expired, or was issued outside the window")                            \
    X(SLW_VERSION_TAKEN, STALE, 9, "version-taken",                                                \
      "this version was signed before with other content")                                         \
    X(SLW_LOG_BEHIND, STALE, 10, "log-behind",                                                     \
      "the log isn't an extension of what its witnesses hold")                                     \
    X(SLW_CLOCK, STALE, 11, "clock", "the time fell, or differs from that of the witnesses")       \
    X(SLW_NOT_ACTIVE, STALE, 12, "not-active", "another signer took the log over")                 \
    X(SLW_EPOCH_OVER, STALE, 13, "epoch-over",                                                     \
      "this enrolment has ended; the device enrols again")                                         \
    X(SLW_UNKNOWN_SLOT, REFUSED, 1, "unknown-slot", "no such component on this device")            \
    X(SLW_UNSUPPORTED_ENCODING, REFUSED, 2, "unsupported-encoding",                                \
      "present only in an encoding that this device can't use")                                    \
    X(SLW_WRONG_BASE, REFUSED, 3, "wrong-base", "a delta for another image")                       \
    X(SLW_WRONG_HARDWARE, REFUSED, 4, "wrong-hardware", "not for this hardware")                   \
    X(SLW_WRONG_PRODUCT, REFUSED, 5, "wrong-product", "not for this product")                      \
    X(SLW_WRONG_KEY_CLASS, REFUSED, 6, "wrong-key-class", "the root isn't of the class required")  \
    X(SLW_WRONG_BUILD_TYPE, REFUSED, 7, "wrong-build-type", "not of the build type required")      \
    X(SLW_UNKNOWN_CRITICAL_FIELD, REFUSED, 8, "unknown-critical-field",                            \
      "needs a field that this device doesn't know")                                               \
    X(SLW_CONSENT_REFUSED, REFUSED, 9, "consent-refused", "the consumer said no")                  \
    X(SLW_CONSENT_PENDING, REFUSED, 10, "consent-pending", "the consumer hasn't answered yet")     \
    X(SLW_UNKNOWN_KEY, REFUSED, 11, "unknown-key", "the signing service has no such key")          \
    X(SLW_WRONG_CONTENT, REFUSED, 12, "wrong-content",                                             \
      "against a rule about what a bundle may hold")                                               \
    X(SLW_VALIDATOR_FAILED, REFUSED, 13, "validator-failed",                                       \
      "a validator said no, failed, or didn't end in time")                                        \
    X(SLW_WRONG_CLASS, REFUSED, 14, "wrong-class",                                                 \
      "a key of another class, or a production key that isn't in a token")                         \
    X(SLW_OUTSIDE_HOURS, REFUSED, 15, "outside-hours", "not at this time of the day or week")      \
    X(SLW_LOOSENING_DELAYED, REFUSED, 16, "loosening-delayed",                                     \
      "allowed by a policy that isn't in effect yet")                                              \
    X(SLW_TOO_LARGE, CAPACITY, 1, "too-large",                                                     \
      "over a limit: number of keys, signatures, targets or roots, size of metadata or names")     \
    X(SLW_SLOT_TOO_SMALL, CAPACITY, 2, "slot-too-small", "the image doesn't fit its slot")         \
    X(SLW_NO_SPACE, CAPACITY, 3, "no-space", "there is no room left for it (internal)")            \
    X(SLW_TOO_MANY, CAPACITY, 4, "too-many", "more than the policy allows in this time")           \
    X(SLW_WRONG_STATE, MISUSE, 1, "wrong-state", "not allowed in this state")                      \
    X(SLW_BAD_ARGUMENT, MISUSE, 2, "bad-argument", "an argument that makes no sense")              \
    X(SLW_NOT_FOUND, MISUSE, 3, "not-found", "there is no such thing")

#define SLW_STATUS_ENUMERATOR(name, class, number, word, meaning)                                  \
    name = (SLW_CLASS_##class << 8) | (number),

enum slw_status { SLW_OK = 0, SLW_STATUS_LIST(SLW_STATUS_ENUMERATOR) };

#define SLW_MUST_USE __attribute__((warn_unused_result))

/* Leaves the calling function with the status of expr unless it is SLW_OK. */
#define SLW_TRY(expr)                                                                              \
    do {                                                                                           \
        enum slw_status slw_try_status = (expr);                                                   \
        if (slw_try_status != SLW_OK) {                                                            \
            return slw_try_status;                                                                 \
        }                                                                                          \
    } while (0)

static inline enum slw_status_class slw_status_class(enum slw_status status)
{
    return (enum slw_status_class)((unsigned)status >> 8);
}

/* Whether its word is one of the closed list; no disk, caller or full storage refuses anything. */
bool slw_status_is_refusal(enum slw_status status);

/* The word for a status ("wrong-hash"; "ok" for SLW_OK); "unknown" for a value that isn't one. */
const char *slw_status_word(enum slw_status status);

/* One sentence in lower case without a full stop, as in the list above. */
const char *slw_status_meaning(enum slw_status status);

/* The status with this word, or SLW_NOT_FOUND. For tools that read what a device reported. */
enum slw_status slw_status_from_word(const char *word);

#endif
