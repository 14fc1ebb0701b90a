/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two real repositories, read and verified as a client would: Sigstore's and one that tuf-on-ci
 * made. They aren't part of this project: they are read from
 * $SLIPWAY_THIRD_PARTY_VECTORS/tuf-repositories, or from ../shared/vectors/third-party beside the
 * project's root, where the tests are run; elsewhere each case is skipped.
 */
#include "slipway/files.h"
#include "slipway/tuf_metadata.h"

#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#define SKIP_REASON "no TUF repositories here; SLIPWAY_THIRD_PARTY_VECTORS names their place"
#define FILE_SIZE_MAX 1000000u

static void path_of(const char *name, char path[static 4096])
{
    const char *folder = getenv("SLIPWAY_THIRD_PARTY_VECTORS");
    int len = snprintf(path, 4096, "%s/tuf-repositories/%s",
                       folder != NULL ? folder : "../shared/vectors/third-party", name);
    TAP_CHECK(len > 0 && len < 4096);
}

static bool are_here(void)
{
    char path[4096];
    path_of("README.md", path);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        TAP_EQUAL_INT(errno, ENOENT);
        return false;
    }
    fclose(file);
    return true;
}

static enum slw_status load(const char *name, enum slw_tuf_type type, struct slw_tuf_file *ret_file)
{
    char path[4096];
    struct slw_heap_buffer bytes = {0};
    struct slw_detail detail = {0};
    path_of(name, path);
    enum slw_status status = slw_file_read(path, FILE_SIZE_MAX, &bytes, &detail);
    TAP_EQUAL_INT(status, SLW_OK);
    if (status == SLW_OK) {
        status = slw_tuf_file_parse(name, &bytes, FILE_SIZE_MAX, type, ret_file, &detail);
    }
    slw_heap_free(&bytes);
    return status;
}

struct repository {
    struct slw_tuf_file root_file;
    struct slw_tuf_root root;
    struct slw_tuf_file targets_file;
    struct slw_tuf_targets targets;
};

/* A file of a top-level role, verified by the root. */
static bool load_verified(const struct repository *repository, const char *name,
                          enum slw_tuf_type type, struct slw_tuf_file *ret_file)
{
    struct slw_detail detail = {0};
    TAP_ROW(name);
    return TAP_CHECK(load(name, type, ret_file) == SLW_OK) &&
           TAP_CHECK(slw_tuf_file_verify(ret_file, &repository->root.keys,
                                         &repository->root.roles[type], &detail) == SLW_OK);
}

static bool load_repository(const char *root, const char *targets, struct repository *repository)
{
    struct slw_detail detail = {0};
    TAP_ROW(root);
    return TAP_CHECK(load(root, SLW_TUF_ROOT, &repository->root_file) == SLW_OK) &&
           TAP_CHECK(slw_tuf_root_read(&repository->root_file, SLW_TUF_KEY_IDS_CHECKED,
                                       &repository->root, &detail) == SLW_OK) &&
           TAP_CHECK(slw_tuf_file_verify(&repository->root_file, &repository->root.keys,
                                         &repository->root.roles[SLW_TUF_ROOT],
                                         &detail) == SLW_OK) &&
           load_verified(repository, targets, SLW_TUF_TARGETS, &repository->targets_file) &&
           TAP_CHECK(slw_tuf_targets_read(&repository->targets_file, SLW_TUF_KEY_IDS_CHECKED,
                                          &repository->targets, &detail) == SLW_OK);
}

static void unload_repository(struct repository *repository)
{
    slw_tuf_targets_free(&repository->targets);
    slw_tuf_root_free(&repository->root);
    slw_tuf_file_free(&repository->targets_file);
    slw_tuf_file_free(&repository->root_file);
}

static void check_timestamp(const struct repository *repository, const char *name,
                            int64_t snapshot_version)
{
    struct slw_tuf_file file = {0};
    struct slw_tuf_timestamp timestamp = {0};
    struct slw_detail detail = {0};
    if (load_verified(repository, name, SLW_TUF_TIMESTAMP, &file)) {
        TAP_EQUAL_INT(slw_tuf_timestamp_read(&file, &timestamp, &detail), SLW_OK);
        TAP_EQUAL_INT(timestamp.snapshot.version, snapshot_version);
    }
    slw_tuf_file_free(&file);
}

static void check_snapshot(const struct repository *repository, const char *name, const char *role,
                           int64_t version)
{
    struct slw_tuf_file file = {0};
    struct slw_tuf_snapshot snapshot = {0};
    struct slw_tuf_meta meta = {0};
    struct slw_detail detail = {0};
    if (load_verified(repository, name, SLW_TUF_SNAPSHOT, &file)) {
        TAP_EQUAL_INT(slw_tuf_snapshot_read(&file, &snapshot, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_tuf_snapshot_find(&file, &snapshot, SLW_BYTES_OF("targets"), &meta),
                      SLW_OK);
        TAP_EQUAL_INT(meta.version, repository->targets.common.version);
        TAP_EQUAL_INT(
            slw_tuf_snapshot_find(&file, &snapshot, slw_bytes_make(role, strlen(role)), &meta),
            SLW_OK);
        TAP_EQUAL_INT(meta.version, version);
    }
    slw_tuf_file_free(&file);
}

/* The only delegation, and a path that it is trusted for. */
static void check_delegated(const struct repository *repository, const char *name, const char *path,
                            size_t targets_count)
{
    struct slw_tuf_file file = {0};
    struct slw_tuf_targets targets = {0};
    struct slw_detail detail = {0};
    struct slw_heap_buffer role = {0};
    TAP_ROW(name);
    TAP_EQUAL_INT(repository->targets.delegations_count, 1);
    const struct slw_tuf_delegation *delegation = &repository->targets.delegations[0];
    TAP_CHECK(slw_tuf_delegation_matches(&repository->targets, delegation,
                                         slw_bytes_make(path, strlen(path)), &role));
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&role), delegation->role.name));
    if (TAP_CHECK(load(name, SLW_TUF_TARGETS, &file) == SLW_OK)) {
        TAP_EQUAL_INT(
            slw_tuf_file_verify(&file, &repository->targets.keys, &delegation->role, &detail),
            SLW_OK);
        TAP_EQUAL_INT(slw_tuf_targets_read(&file, SLW_TUF_KEY_IDS_CHECKED, &targets, &detail),
                      SLW_OK);
        TAP_EQUAL_INT(targets.targets_count, targets_count);
    }
    slw_tuf_targets_free(&targets);
    slw_tuf_file_free(&file);
    slw_heap_free(&role);
}

static void check_target(const struct slw_tuf_targets *targets, const char *path,
                         const char *payload)
{
    struct slw_tuf_target target = {0};
    struct slw_tuf_hasher hasher;
    struct slw_heap_buffer bytes = {0};
    struct slw_detail detail = {0};
    char file[4096];
    TAP_REQUIRE(slw_tuf_targets_find(targets, slw_bytes_make(path, strlen(path)), &target) ==
                SLW_OK);
    path_of(payload, file);
    TAP_EQUAL_INT(slw_file_read(file, FILE_SIZE_MAX, &bytes, &detail), SLW_OK);
    TAP_REQUIRE(slw_tuf_hasher_init(target.json, target.hashes, &hasher) == SLW_OK);
    slw_tuf_hasher_update(&hasher, slw_heap_bytes(&bytes));
    TAP_EQUAL_INT(slw_tuf_hasher_check(&hasher, target.length), SLW_OK);
    slw_tuf_hasher_free(&hasher);
    slw_heap_free(&bytes);
}

#define SIGSTORE "sigstore-root-signing/"
#define TUF_ON_CI "tuf-on-ci-0.11/"

static void verifies_sigstores_repository(void)
{
    struct repository repository = {0};
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    if (load_repository(SIGSTORE "initial_root.json", SIGSTORE "metadata/11.targets.json",
                        &repository)) {
        TAP_EQUAL_INT(repository.root.common.version, 12);
        TAP_EQUAL_INT(repository.root.roles[SLW_TUF_ROOT].threshold, 3);
        TAP_CHECK(repository.root.consistent_snapshot);
        TAP_EQUAL_INT(repository.targets.targets_count, 9);
        check_timestamp(&repository, SIGSTORE "metadata/timestamp.json", 159);
        check_snapshot(&repository, SIGSTORE "metadata/159.snapshot.json", "registry.npmjs.org", 5);
        check_delegated(&repository, SIGSTORE "metadata/5.registry.npmjs.org.json",
                        "registry.npmjs.org/keys.json", 1);
        check_target(&repository.targets, "trusted_root.json",
                     SIGSTORE "targets/f44a1b88128e55ebfb62189becbc0fa48d4ec9915c65ac54ba0e46a008b"
                              "12d5b.trusted_root.json");
    }
    unload_repository(&repository);
}

static void verifies_the_repository_of_tuf_on_ci(void)
{
    struct repository repository = {0};
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    if (load_repository(TUF_ON_CI "initial_root.json", TUF_ON_CI "metadata/1.targets.json",
                        &repository)) {
        check_timestamp(&repository, TUF_ON_CI "metadata/timestamp.json", 2);
        check_snapshot(&repository, TUF_ON_CI "metadata/2.snapshot.json", "delegatedrole", 2);
        check_delegated(&repository, TUF_ON_CI "metadata/2.delegatedrole.json",
                        "delegatedrole/artifact", 1);
    }
    unload_repository(&repository);
}

/* What Sigstore's README says of its roots before version 12. */
static const struct {
    const char *name;
    enum slw_status checked;
    enum slw_status any;
} old_roots[] = {
    {SIGSTORE "metadata/1.root.json", SLW_MALFORMED, SLW_MALFORMED}, /* dates with fractions */
    {SIGSTORE "metadata/2.root.json", SLW_MALFORMED, SLW_MALFORMED},
    {SIGSTORE "metadata/3.root.json", SLW_MALFORMED, SLW_MALFORMED},
    {SIGSTORE "metadata/4.root.json", SLW_BAD_KEY, SLW_BAD_KEY}, /* keys that are no PEM */
    {SIGSTORE "metadata/5.root.json", SLW_OK, SLW_OK},
    {SIGSTORE "metadata/9.root.json", SLW_OK, SLW_OK},
    {SIGSTORE "metadata/10.root.json", SLW_OK, SLW_OK},
    {SIGSTORE "metadata/11.root.json", SLW_BAD_KEY, SLW_OK}, /* a key id that isn't the key's */
    {SIGSTORE "metadata/12.root.json", SLW_OK, SLW_OK},
};

static enum slw_status judge_root(const char *name, enum slw_tuf_key_ids key_ids)
{
    struct slw_tuf_file file = {0};
    struct slw_tuf_root root = {0};
    struct slw_detail detail = {0};
    enum slw_status status = load(name, SLW_TUF_ROOT, &file);
    if (status == SLW_OK) {
        status = slw_tuf_root_read(&file, key_ids, &root, &detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_file_verify(&file, &root.keys, &root.roles[SLW_TUF_ROOT], &detail);
    }
    slw_tuf_root_free(&root);
    slw_tuf_file_free(&file);
    return status;
}

static void judges_sigstores_older_roots(void)
{
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    for (size_t i = 0; i < sizeof old_roots / sizeof old_roots[0]; i++) {
        TAP_ROW(old_roots[i].name);
        TAP_EQUAL_INT(judge_root(old_roots[i].name, SLW_TUF_KEY_IDS_CHECKED), old_roots[i].checked);
        TAP_EQUAL_INT(judge_root(old_roots[i].name, SLW_TUF_KEY_IDS_ANY), old_roots[i].any);
    }
}

static void a_root_of_another_repository_vouches_for_nothing(void)
{
    struct repository repository = {0};
    struct slw_tuf_file file = {0};
    struct slw_detail detail = {0};
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    if (load_repository(SIGSTORE "initial_root.json", SIGSTORE "metadata/11.targets.json",
                        &repository) &&
        TAP_CHECK(load(TUF_ON_CI "metadata/timestamp.json", SLW_TUF_TIMESTAMP, &file) == SLW_OK)) {
        TAP_EQUAL_INT(slw_tuf_file_verify(&file, &repository.root.keys,
                                          &repository.root.roles[SLW_TUF_TIMESTAMP], &detail),
                      SLW_BELOW_THRESHOLD);
    }
    slw_tuf_file_free(&file);
    unload_repository(&repository);
}

int main(void)
{
    TAP_RUN(verifies_sigstores_repository);
    TAP_RUN(verifies_the_repository_of_tuf_on_ci);
    TAP_RUN(judges_sigstores_older_roots);
    TAP_RUN(a_root_of_another_repository_vouches_for_nothing);
    return tap_finish();
}
