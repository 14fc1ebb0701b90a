/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that publishes, with the lease `publisher`. What roles should list follows from the
 * releases' rows: PRODUCT-CHANNEL-rollout those that are offered, PRODUCT-CHANNEL those that
 * reached everybody, neither those that were withdrawn. What they do list is asked of a client of
 * the repository, before and after: a release is published when a client finds it.
 *
 * A role that waits for its signature isn't changed meanwhile, and one release is added to it at a
 * time, for that is what the signing service is asked about.
 */
#include "repository.h"

#include "slipway/release.h"
#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REFRESH_S 600
#define WAITS_S 2
#define FAILED_S 20
#define ROLES_MAX (2u * RELEASES_AT_ONCE)

/* A release, where it is listed, where it should be. */
struct place {
    const struct release *release;
    char path[192], rollout_role[160], main_role[160];
    struct repository_question rollout, everybody;
    bool wants_rollout, wants_everybody;
    bool is_left_out; /* of this round: something of its own is wrong, and it was told */
};

struct publishing {
    struct repository repository;
    struct release list[RELEASES_AT_ONCE];
    struct place places[RELEASES_AT_ONCE];
    size_t count;
    const char *changed[ROLES_MAX]; /* roles that have their change of this round */
    size_t changed_count;
};

static enum slw_status place_of(const struct release *release, struct place *place,
                                struct slw_detail *detail)
{
    bool is_withdrawn = strcmp(release->state, "withdrawn") == 0;
    *place = (struct place){.release = release};
    (void)snprintf(place->path, sizeof place->path, "%s/%s/%lld.bundle", release->product,
                   release->channel, (long long)release->version);
    (void)snprintf(place->main_role, sizeof place->main_role, "%s-%s", release->product,
                   release->channel);
    (void)snprintf(place->rollout_role, sizeof place->rollout_role, "%s-%s-rollout",
                   release->product, release->channel);
    place->rollout = (struct repository_question){
        .role = place->rollout_role, .path = place->path, .size = (uint64_t)release->size};
    if (!depot_digest_parse(slw_text_bytes(release->blob), place->rollout.sha256)) {
        return slw_explain(detail, SLW_STORED_STATE, "the release has no signed bundle");
    }
    place->everybody = place->rollout;
    place->everybody.role = place->main_role;
    place->wants_everybody = release->is_complete && !is_withdrawn;
    place->wants_rollout = !is_withdrawn && !release->is_complete;
    return SLW_OK;
}

static enum slw_status look(struct publishing *publishing, struct slw_detail *detail)
{
    struct repository_question questions[2 * RELEASES_AT_ONCE];
    for (size_t i = 0; i < publishing->count; i++) {
        questions[2 * i] = publishing->places[i].rollout;
        questions[2 * i + 1] = publishing->places[i].everybody;
    }
    SLW_TRY(repository_look(&publishing->repository, questions, 2 * publishing->count, detail));
    for (size_t i = 0; i < publishing->count; i++) {
        publishing->places[i].rollout = questions[2 * i];
        publishing->places[i].everybody = questions[2 * i + 1];
    }
    return SLW_OK;
}

/* A version that is staged and lists something is somebody's question to the signing service: it
 * isn't changed. The empty first one of a new role is. */
static bool is_asked_for(struct publishing *publishing, const char *role)
{
    struct slw_heap_buffer staged = {0};
    struct slw_tuf_model *model = NULL;
    struct slw_detail unused;
    enum slw_status status = slw_tuf_writer_staged(publishing->repository.writer,
                                                   slw_text_bytes(role), &staged, &unused);
    if (status == SLW_OK) {
        status = slw_tuf_model_load_base(SLW_TUF_TARGETS, slw_text_bytes(role),
                                         slw_heap_bytes(&staged), &model, &unused);
    }
    bool is_asked = status == SLW_OK
                        ? slw_tuf_model_targets_count(model) > 0 || slw_tuf_model_version(model) > 1
                        : status != SLW_NOT_FOUND;
    slw_tuf_model_free(model);
    slw_heap_drop(&staged);
    return is_asked;
}

/* Whether the role may be changed in this round; it counts as changed from then on. */
static bool may_change(struct publishing *publishing, const char *role)
{
    for (size_t i = 0; i < publishing->changed_count; i++) {
        if (strcmp(publishing->changed[i], role) == 0) {
            return false;
        }
    }
    publishing->changed[publishing->changed_count++] = role;
    return !is_asked_for(publishing, role);
}

static enum slw_status add(struct publishing *publishing, const struct place *place,
                           const char *role, struct slw_detail *detail)
{
    struct slw_heap_buffer custom = {0};
    struct slw_heap_buffer product = {0};
    struct slw_blob blob;
    if (!may_change(publishing, role)) {
        return SLW_OK;
    }
    SLW_TRY(
        slw_blob_open(publishing->repository.depot->blobs, place->rollout.sha256, &blob, detail));
    enum slw_status status =
        slw_release_custom(place->path, &blob.source, slw_text_bytes(place->release->channel),
                           &custom, &product, detail);
    if (status == SLW_OK) {
        status = slw_tuf_writer_add_file(publishing->repository.writer, slw_text_bytes(role),
                                         slw_text_bytes(place->path), slw_heap_bytes(&custom),
                                         &blob.source, detail);
    }
    slw_heap_drop(&custom);
    slw_heap_drop(&product);
    slw_blob_close(&blob);
    return status;
}

static enum slw_status take_out(struct publishing *publishing, const struct place *place,
                                const char *role, struct slw_detail *detail)
{
    return may_change(publishing, role)
               ? slw_tuf_writer_remove(publishing->repository.writer, slw_text_bytes(role),
                                       slw_text_bytes(place->path), detail)
               : SLW_OK;
}

static enum slw_status arrange(struct publishing *publishing, const struct place *place,
                               struct slw_detail *detail)
{
    if (place->wants_rollout && !place->rollout.is_right) {
        return add(publishing, place, place->rollout_role, detail);
    }
    if (place->wants_everybody && !place->everybody.is_right) {
        return add(publishing, place, place->main_role, detail);
    }
    /* Out of the one only once it is in the other: there is always one that lists it. */
    if (!place->wants_rollout && place->rollout.is_listed) {
        SLW_TRY(take_out(publishing, place, place->rollout_role, detail));
    }
    return !place->wants_everybody && place->everybody.is_listed
               ? take_out(publishing, place, place->main_role, detail)
               : SLW_OK;
}

/* --- What came of it --- */

static bool is_done(const struct place *place)
{
    return place->wants_rollout == place->rollout.is_listed &&
           place->wants_everybody == place->everybody.is_listed;
}

static enum slw_status note_listed(struct publishing *publishing, int64_t token,
                                   const struct place *place, struct slw_detail *detail)
{
    const struct release *release = place->release;
    const char *role = place->everybody.is_right && place->wants_everybody ? place->main_role
                                                                           : place->rollout_role;
    struct release_step step = {
        .lease = RELEASES_PUBLISHER_LEASE,
        .token = token,
        .release = release,
        .set = "path = $8, role = $9, published_us = COALESCE(published_us, "
               "$5), is_complete = $10",
        .values = {slw_sql_text(slw_text_bytes(place->path)), slw_sql_text(slw_text_bytes(role)),
                   slw_sql_int(release->is_complete && is_done(place)
                                   ? 2
                                   : (release->is_complete ? 1 : 0))},
        .values_count = 3};
    step.to = strcmp(release->state, "publishing") == 0 ? "published" : NULL;
    step.retry_s = release->is_complete && !is_done(place) ? WAITS_S : 0;
    releases_forget_refusal(publishing->repository.depot->releases, role);
    return releases_step(publishing->repository.depot, &step, detail);
}

static enum slw_status note_waiting(struct publishing *publishing, int64_t token,
                                    const struct release *release, const char *why, int64_t retry_s,
                                    struct slw_detail *detail)
{
    bool is_withdrawn = strcmp(release->state, "withdrawn") == 0;
    const struct release_step step = {
        .lease = RELEASES_PUBLISHER_LEASE,
        .token = token,
        .release = release,
        .keeps_reason = is_withdrawn,
        .reason = why,
        .retry_s = retry_s,
    };
    return releases_step(publishing->repository.depot, &step, detail);
}

/* What the writer said of the roles that the release waits for: lines "ROLE: …". */
static void tell_of(const char *told, const struct place *place, char text[static 512])
{
    const char *role = place->release->is_complete ? place->main_role : place->rollout_role;
    size_t len = strlen(role);
    text[0] = '\0';
    for (const char *line = told; line[0] != '\0';) {
        size_t line_len = strcspn(line, "\n");
        if (line_len > len && strncmp(line, role, len) == 0 && line[len] == ':') {
            slw_text_copy(slw_bytes_make(line, line_len), 512, text);
        }
        line += line_len + (line[line_len] == '\n' ? 1 : 0);
    }
}

/* Whether the signing service refused a role, whichever: asking again at once would only be another
 * request, in its list and its log. */
static bool was_refused(struct publishing *publishing)
{
    return releases_is_refusal(slw_heap_text(&publishing->repository.told));
}

static enum slw_status note(struct publishing *publishing, int64_t token, const struct place *place,
                            struct slw_detail *detail)
{
    const struct release *release = place->release;
    bool is_withdrawn = strcmp(release->state, "withdrawn") == 0;
    char told[512];
    tell_of(slw_heap_text(&publishing->repository.told), place, told);
    if (is_withdrawn && is_done(place)) {
        const struct release_step step = {.lease = RELEASES_PUBLISHER_LEASE,
                                          .token = token,
                                          .release = release,
                                          .set = "path = '', role = ''",
                                          .keeps_reason = true};
        return releases_step(publishing->repository.depot, &step, detail);
    }
    if (!is_withdrawn && ((place->wants_rollout && place->rollout.is_right) ||
                          (place->wants_everybody && place->everybody.is_right))) {
        return note_listed(publishing, token, place, detail);
    }
    return note_waiting(publishing, token, release,
                        told[0] == '\0' ? "waits for the repository's next version" : told,
                        was_refused(publishing) ? FAILED_S : WAITS_S, detail);
}

/* --- A round --- */

struct noting {
    const struct repository *repository;
    int64_t token;
};

/* What the readiness for an emergency is told by. */
static enum slw_status write_roles(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    const struct noting *noting = context;
    int64_t now_us = 0;
    SLW_TRY(slw_transaction_fence(transaction, RELEASES_PUBLISHER_LEASE, noting->token, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    for (unsigned type = 0; type < SLW_TUF_TYPES; type++) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)type);
        const struct slw_sql_value values[] = {
            slw_sql_text(slw_text_bytes(name)), slw_sql_int(noting->repository->seen[type].version),
            slw_sql_int(noting->repository->seen[type].expires_utc_s * 1000000),
            slw_sql_int(now_us)};
        SLW_TRY(slw_sql_run(transaction,
                            "INSERT INTO repository_roles (role, version, expires_us, seen_us) "
                            "VALUES ($1, $2, $3, $4) ON CONFLICT (role) DO UPDATE SET version = "
                            "$2, expires_us = $3, seen_us = $4",
                            values, 4, NULL, detail));
    }
    return SLW_OK;
}

static enum slw_status note_roles(const struct repository *repository, int64_t token,
                                  struct slw_detail *detail)
{
    struct noting noting = {repository, token};
    return slw_database_transact(repository->depot->database, SLW_DATABASE_WRITE, write_roles,
                                 &noting, detail);
}

static enum slw_status place_all(struct publishing *publishing, int64_t token,
                                 struct slw_detail *detail)
{
    size_t count = 0;
    for (size_t i = 0; i < publishing->count; i++) {
        struct slw_detail why = {""};
        if (place_of(&publishing->list[i], &publishing->places[count], &why) == SLW_OK) {
            count++;
        } else {
            SLW_TRY(
                note_waiting(publishing, token, &publishing->list[i], why.text, FAILED_S, detail));
        }
    }
    publishing->count = count;
    return SLW_OK;
}

static enum slw_status arrange_all(struct publishing *publishing, int64_t token,
                                   struct slw_detail *detail)
{
    for (size_t i = 0; i < publishing->count; i++) {
        struct place *place = &publishing->places[i];
        struct slw_detail why = {""};
        place->is_left_out = arrange(publishing, place, &why) != SLW_OK;
        if (place->is_left_out) {
            SLW_TRY(note_waiting(publishing, token, place->release, why.text, FAILED_S, detail));
        }
    }
    return SLW_OK;
}

static enum slw_status note_all(struct publishing *publishing, int64_t token,
                                struct slw_detail *detail)
{
    for (size_t i = 0; i < publishing->count; i++) {
        if (!publishing->places[i].is_left_out) {
            SLW_TRY(note(publishing, token, &publishing->places[i], detail));
        }
    }
    return SLW_OK;
}

/*
 * What is due is renewed before anything else, for all else may fail: a signing service that is
 * away, a blob that the store has lost, a client's look at metadata that are over because nobody
 * was here to renew them. None of it costs the other releases their repository.
 */
static enum slw_status run(struct publishing *publishing, int64_t token, bool is_due,
                           struct slw_detail *detail)
{
    struct repository *repository = &publishing->repository;
    struct slw_tuf_published published;
    if (is_due) {
        SLW_TRY(slw_tuf_writer_refresh(repository->writer, &published, detail));
    }
    SLW_TRY(place_all(publishing, token, detail));
    SLW_TRY(look(publishing, detail));
    int64_t version = repository->seen[SLW_TUF_TIMESTAMP].version;
    if (is_due) {
        SLW_TRY(note_roles(repository, token, detail));
    }
    SLW_TRY(arrange_all(publishing, token, detail));
    SLW_TRY(slw_tuf_writer_prepare(repository->writer, detail));
    SLW_TRY(slw_tuf_writer_publish(repository->writer, &published, detail));
    SLW_TRY(look(publishing, detail));
    if (repository->seen[SLW_TUF_TIMESTAMP].version != version) {
        SLW_TRY(note_roles(repository, token, detail));
    }
    return note_all(publishing, token, detail);
}

/* A round that failed is told where people look: at the releases that it was for. */
static void note_failure(struct publishing *publishing, int64_t token, const char *why)
{
    struct slw_detail unused;
    for (size_t i = 0; i < publishing->count; i++) {
        const struct place *place = &publishing->places[i];
        const struct release *release =
            place->release != NULL ? place->release : &publishing->list[i];
        if (!place->is_left_out &&
            note_waiting(publishing, token, release, why, FAILED_S / 4, &unused) != SLW_OK) {
            return;
        }
    }
}

static enum slw_status publish(struct publishing *publishing, struct depot *depot, int64_t token,
                               bool is_due, struct slw_detail *detail)
{
    enum slw_status status = repository_open(depot, token, &publishing->repository, detail);
    if (status == SLW_OK) {
        status = run(publishing, token, is_due, detail);
        if (status != SLW_OK) {
            slw_heap_printf(&publishing->repository.told, "%s\n", detail->text);
        }
        (void)releases_tell_refusals(depot->releases, slw_heap_text(&publishing->repository.told),
                                     (int64_t)time(NULL));
        repository_close(&publishing->repository);
    }
    if (status != SLW_OK) {
        note_failure(publishing, token, detail->text);
    }
    return status;
}

enum slw_status releases_publish(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct depot_releases_state *state = depot->releases;
    int64_t now_s = (int64_t)time(NULL);
    bool is_due = now_s - state->refreshed_s >= REFRESH_S || now_s < state->refreshed_s;
    if (depot->settings->repository.storage[0] == '\0') {
        return SLW_OK;
    }
    struct publishing *publishing = calloc(1, sizeof *publishing);
    if (publishing == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = releases_list(
        depot,
        "state = 'publishing' OR (state = 'published' AND is_complete = 1) OR (state = "
        "'withdrawn' AND path <> '')",
        publishing->list, &publishing->count, detail);
    if (status == SLW_OK && (publishing->count > 0 || is_due)) {
        status = publish(publishing, depot, token, is_due, detail);
        if (is_due) { /* one that failed is tried again sooner */
            state->refreshed_s = status == SLW_OK ? now_s : now_s - REFRESH_S + FAILED_S;
        }
    }
    free(publishing);
    /* A refusal isn't this thread's failure, and was told when it was news. */
    return status != SLW_OK && releases_is_refusal(detail->text) ? SLW_OK : status;
}
