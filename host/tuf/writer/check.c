/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a repository will last, and what is weak in it: told finding by finding, for `repo check`
 * and for whoever watches. It changes nothing and takes no lease.
 */
#include "bins.h"

#include "slipway/explain.h"

#include <inttypes.h>
#include <stdio.h>

enum severity { INFO = 0, WEAK = 1, DUE = 2 };

struct check {
    struct slw_tuf_writer *writer;
    void (*finding)(void *context, unsigned severity, const char *role, const char *what,
                    int64_t expires_utc_s);
    void *context;
    int64_t now;
};

static void find(const struct check *check, enum severity severity, const char *role,
                 const char *what, int64_t expires_utc_s)
{
    check->finding(check->context, (unsigned)severity, role, what, expires_utc_s);
}

/* What expires when. A timestamp, snapshot, root or targets role has a period of its own. */
static void check_expiry(const struct check *check, const char *role, enum slw_tuf_type type,
                         int64_t version, int64_t expires_utc_s)
{
    char text[80];
    const struct slw_tuf_period *period = check->writer->settings.periods + type;
    const char *state = check->now >= expires_utc_s                   ? "has expired"
                        : check->now >= expires_utc_s - period->due_s ? "is due to be signed again"
                                                                      : "is current";
    (void)snprintf(text, sizeof text, "version %" PRId64 " %s", version, state);
    find(check, check->now >= expires_utc_s - period->due_s ? DUE : INFO, role, text,
         expires_utc_s);
}

/* A version must outlive two refreshes, or one that fails is one too many. */
static void check_periods(const struct check *check)
{
    for (unsigned type = 0; type < SLW_TUF_TYPES; type++) {
        const struct slw_tuf_period *period = check->writer->settings.periods + type;
        if (period->expires_s / 2 < period->due_s) {
            find(check, WEAK, slw_tuf_type_name((enum slw_tuf_type)type),
                 "lives for less than twice the time before its end in which it is renewed", 0);
        }
    }
}

/*
 * Root and targets are what everything else hangs on: one key must not be enough for them. A
 * threshold that its keys can't reach is the end of a role.
 */
static enum slw_status check_threshold(const struct check *check, const char *name,
                                       const struct slw_tuf_edition *delegator, size_t at,
                                       bool is_offline, struct slw_detail *detail)
{
    struct slw_tuf_signers signers;
    size_t known = 0;
    SLW_TRY(slw_tuf_signers_load(delegator->model, at, &signers, detail));
    for (size_t i = 0; i < signers.count; i++) {
        known += signers.list[i].is_known ? 1 : 0;
    }
    if (known < signers.threshold) {
        find(check, DUE, name, "its keys can't reach its threshold", 0);
    } else if (is_offline && signers.threshold == 1) {
        find(check, WEAK, name, "one signature is enough for it (threshold 1)", 0);
    } else if (is_offline && known == signers.threshold) {
        find(check, WEAK, name, "all of its keys must sign: one that is lost stops it", 0);
    }
    slw_tuf_signers_free(&signers);
    return SLW_OK;
}

/* Snapshot and timestamp are renewed by whoever has their keys at hand, and by nobody else: the
 * next refresh will fail. */
static enum slw_status check_at_hand(const struct check *check, enum slw_tuf_type type,
                                     struct slw_detail *detail)
{
    const struct slw_tuf_writer_options *options = &check->writer->options;
    const struct slw_tuf_edition *root = slw_tuf_writer_root(check->writer)->published;
    const char *name = slw_tuf_type_name(type);
    struct slw_tuf_signers signers;
    size_t at_hand = 0;
    char text[96];
    if (options->has_key == NULL) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_signers_load(root->model, type, &signers, detail));
    for (size_t i = 0; i < signers.count; i++) {
        struct slw_public_key key;
        bool is_at_hand =
            signers.list[i].is_known && slw_tuf_key_public(&signers.list[i].key, &key) &&
            options->has_key(options->has_key_context, slw_bytes_make(name, strlen(name)),
                             slw_bytes_make(key.value, key.value_len));
        at_hand += is_at_hand ? 1 : 0;
    }
    if (at_hand < signers.threshold) {
        (void)snprintf(text, sizeof text,
                       "can't be renewed: %zu of its keys at hand, and %" PRIu32 " must sign",
                       at_hand, signers.threshold);
        find(check, DUE, name, text, 0);
    }
    slw_tuf_signers_free(&signers);
    return SLW_OK;
}

static bool share_a_key(const struct slw_tuf_signers *left, const struct slw_tuf_signers *right)
{
    for (size_t i = 0; i < left->count; i++) {
        for (size_t j = 0; j < right->count; j++) {
            if (left->list[i].is_known && right->list[j].is_known &&
                memcmp(left->list[i].key.fingerprint, right->list[j].key.fingerprint,
                       SLW_SHA256_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* One online key for snapshot and timestamp is usual: who has one of them has the machine. */
static enum slw_status check_shared(const struct check *check, unsigned left, unsigned right,
                                    struct slw_detail *detail)
{
    const struct slw_tuf_edition *root = slw_tuf_writer_root(check->writer)->published;
    struct slw_tuf_signers first;
    struct slw_tuf_signers second;
    SLW_TRY(slw_tuf_signers_load(root->model, left, &first, detail));
    enum slw_status status = slw_tuf_signers_load(root->model, right, &second, detail);
    if (status == SLW_OK && share_a_key(&first, &second)) {
        char text[80];
        bool both_online = (left == SLW_TUF_TIMESTAMP && right == SLW_TUF_SNAPSHOT);
        (void)snprintf(text, sizeof text, "has a key in common with %s",
                       slw_tuf_type_name((enum slw_tuf_type)right));
        find(check, both_online ? INFO : WEAK, slw_tuf_type_name((enum slw_tuf_type)left), text, 0);
    }
    if (status == SLW_OK) {
        slw_tuf_signers_free(&second);
    }
    slw_tuf_signers_free(&first);
    return status;
}

static enum slw_status check_root(const struct check *check, struct slw_detail *detail)
{
    const struct slw_tuf_edition *root = slw_tuf_writer_root(check->writer)->published;
    for (unsigned type = 0; type < SLW_TUF_TYPES; type++) {
        SLW_TRY(check_threshold(check, slw_tuf_type_name((enum slw_tuf_type)type), root, type,
                                type == SLW_TUF_ROOT || type == SLW_TUF_TARGETS, detail));
        for (unsigned other = type + 1; other < SLW_TUF_TYPES; other++) {
            SLW_TRY(check_shared(check, type, other, detail));
        }
    }
    SLW_TRY(check_at_hand(check, SLW_TUF_SNAPSHOT, detail));
    return check_at_hand(check, SLW_TUF_TIMESTAMP, detail);
}

/* The one among the bins that expires first speaks for all of them. */
static enum slw_status check_bins(const struct check *check, const struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    struct slw_tuf_bins bins;
    int64_t expires = INT64_MAX;
    int64_t version = 0;
    uint32_t absent = 0;
    if (role->published == NULL || !slw_tuf_bins_of(role->published, &bins)) {
        return SLW_OK;
    }
    for (uint32_t bin = 0; bin >> bins.bit_length == 0; bin++) {
        struct slw_tuf_edition *edition = NULL;
        enum slw_status status = slw_tuf_bins_fetch(check->writer, &bins, bin, &edition, detail);
        if (slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE) {
            return status;
        }
        if (edition == NULL) {
            absent++;
        } else if (edition->expires_utc_s < expires) {
            expires = edition->expires_utc_s;
            version = edition->version;
        }
        slw_tuf_edition_free(edition);
    }
    struct slw_heap_buffer name = {0};
    slw_escape(bins.prefix, &name);
    slw_heap_append_text(&name, "-…");
    if (absent > 0) {
        find(check, DUE, slw_heap_text(&name),
             "bins that can't be reached: not in the snapshot, or their files are lost", 0);
    }
    if (version > 0) {
        check_expiry(check, slw_heap_text(&name), SLW_TUF_TARGETS, version, expires);
    }
    slw_heap_free(&name);
    return check_threshold(check, role->name, bins.delegator, bins.at, false, detail);
}

/* A delegation that leads nowhere, and the thresholds of those that lead somewhere. */
static enum slw_status check_delegations(const struct check *check,
                                         const struct slw_tuf_edition *delegator,
                                         struct slw_detail *detail)
{
    size_t count = slw_tuf_model_roles_count(delegator->model);
    for (size_t at = 0; at < count; at++) {
        struct slw_tuf_listed_role listed;
        struct slw_heap_buffer name = {0};
        slw_tuf_model_role(delegator->model, at, &listed);
        if (listed.bit_length > 0) {
            continue;
        }
        const struct slw_tuf_writer_role *role = slw_tuf_writer_find(check->writer, listed.name);
        slw_escape(listed.name, &name);
        if (role == NULL || role->published == NULL) {
            find(check, DUE, slw_heap_text(&name), "is delegated to, and can't be reached", 0);
        }
        enum slw_status status =
            check_threshold(check, slw_heap_text(&name), delegator, at, false, detail);
        slw_heap_free(&name);
        SLW_TRY(status);
    }
    return SLW_OK;
}

/* From here on a list costs clients more than the versions of bins in the snapshot do. */
#define TARGETS_WITHOUT_BINS_MAX 10000u

static void check_size(const struct check *check, const struct slw_tuf_writer_role *role)
{
    char text[96];
    size_t count = slw_tuf_model_targets_count(role->published->model);
    if (count > TARGETS_WITHOUT_BINS_MAX) {
        (void)snprintf(text, sizeof text, "lists %zu targets itself: hash bins would spare clients",
                       count);
        find(check, WEAK, role->name, text, 0);
    }
}

static enum slw_status check_role(const struct check *check, const struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    if (role->published != NULL) {
        check_expiry(check, role->name, role->type, role->published->version,
                     role->published->expires_utc_s);
        if (role->type == SLW_TUF_TARGETS) {
            check_size(check, role);
            SLW_TRY(check_delegations(check, role->published, detail));
        }
    }
    return check_bins(check, role, detail);
}

/* What a publish that was killed, or a key that wasn't at hand, left behind: clients fail. */
static enum slw_status check_signed(const struct check *check, enum slw_tuf_type type,
                                    const struct slw_tuf_edition *edition,
                                    struct slw_detail *detail)
{
    const struct slw_tuf_edition *root = slw_tuf_writer_root(check->writer)->published;
    struct slw_tuf_signers signers;
    if (root == NULL || edition == NULL) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_signers_load(root->model, type, &signers, detail));
    if (!slw_tuf_signers_agree(&signers, edition)) {
        find(check, DUE, slw_tuf_type_name(type),
             "isn't signed by the keys of the current root: clients fail until the next publish",
             0);
    }
    slw_tuf_signers_free(&signers);
    return SLW_OK;
}

/* Who could still sign what is staged: key ids, shortened, of one delegator. */
static void list_missing(const struct slw_tuf_signers *signers,
                         const struct slw_tuf_edition *edition, struct slw_heap_buffer *text)
{
    size_t have = slw_tuf_signers_count(signers, edition, signers->count);
    slw_heap_printf(
        text, "version %" PRId64 " is staged with %zu of %" PRIu32 " signatures; can be signed by",
        edition->version, have, signers->threshold);
    for (size_t i = 0; i < signers->count; i++) {
        if (!slw_tuf_signers_has_signed(signers, i, edition)) {
            struct slw_bytes id = signers->list[i].id;
            slw_heap_append_text(text, " ");
            slw_escape(slw_bytes_make(id.ptr, id.len < 16 ? id.len : 16), text);
        }
    }
}

static void tell_waiting(const struct check *check, const char *role,
                         const struct slw_tuf_delegators *delegators,
                         const struct slw_tuf_edition *edition)
{
    for (size_t i = 0; i < delegators->count; i++) {
        if (!slw_tuf_signers_agree(delegators->list + i, edition)) {
            struct slw_heap_buffer text = {0};
            list_missing(delegators->list + i, edition, &text);
            find(check, INFO, role, slw_heap_text(&text), 0);
            slw_heap_free(&text);
        }
    }
}

/* What is staged, by those who speak for it now and by those who will. */
static enum slw_status check_staged(const struct check *check,
                                    const struct slw_tuf_writer_role *role,
                                    struct slw_detail *detail)
{
    struct slw_tuf_delegators delegators = {0};
    if (role->is_unreadable) {
        find(check, DUE, role->name, "what is staged can't be read", 0);
    }
    if (role->bins != NULL) {
        find(check, INFO, role->name,
             "changes to the bins under it are staged: published once their keys are at hand", 0);
    }
    if (role->draft == NULL) {
        return SLW_OK;
    }
    if (role->next == NULL) {
        find(check, DUE, role->name, "what is staged can't be applied to what is published", 0);
        return SLW_OK;
    }
    enum slw_status status =
        slw_tuf_delegators_load(check->writer, role, SLW_TUF_VIEW_PUBLISHED, &delegators, detail);
    if (status == SLW_OK && (delegators.count == 0 || role->type == SLW_TUF_ROOT)) {
        status =
            slw_tuf_delegators_load(check->writer, role, SLW_TUF_VIEW_STAGED, &delegators, detail);
    }
    if (status == SLW_OK && delegators.count == 0) {
        find(check, WEAK, role->name, "is staged, and nobody delegates to it", 0);
    }
    if (status == SLW_OK) {
        tell_waiting(check, role->name, &delegators, role->next);
    }
    slw_tuf_delegators_free(&delegators);
    return status;
}

static enum slw_status check_all(const struct check *check, struct slw_detail *detail)
{
    struct slw_tuf_writer *writer = check->writer;
    if (slw_tuf_writer_root(writer)->published != NULL) {
        SLW_TRY(check_root(check, detail));
    }
    SLW_TRY(check_signed(check, SLW_TUF_TIMESTAMP, writer->timestamp, detail));
    SLW_TRY(check_signed(check, SLW_TUF_SNAPSHOT, writer->snapshot, detail));
    SLW_TRY(
        check_signed(check, SLW_TUF_TARGETS, slw_tuf_writer_targets(writer)->published, detail));
    if (writer->timestamp != NULL) {
        check_expiry(check, "timestamp", SLW_TUF_TIMESTAMP, writer->timestamp->version,
                     writer->timestamp->expires_utc_s);
        check_expiry(check, "snapshot", SLW_TUF_SNAPSHOT, writer->snapshot->version,
                     writer->snapshot->expires_utc_s);
    } else {
        find(check, INFO, "timestamp", "nothing is published yet", 0);
    }
    for (size_t i = 0; i < writer->roles_count; i++) {
        SLW_TRY(check_role(check, writer->roles[i], detail));
        SLW_TRY(check_staged(check, writer->roles[i], detail));
    }
    check_periods(check);
    return SLW_OK;
}

enum slw_status slw_tuf_writer_check(struct slw_tuf_writer *writer,
                                     void (*finding)(void *context, unsigned severity,
                                                     const char *role, const char *what,
                                                     int64_t expires_utc_s),
                                     void *context, struct slw_detail *detail)
{
    const struct check check = {writer, finding, context, slw_tuf_writer_now(writer)};
    SLW_TRY(slw_tuf_published_load(writer, detail));
    SLW_TRY(slw_tuf_staged_load(writer, detail));
    return check_all(&check, detail);
}
