/* SPDX-License-Identifier: Apache-2.0 */
/* The repository, directories and client of test_exchange.h. */
#include "test_exchange.h"

#include "slipway/files.h"
#include "slipway/tuf_client.h"

#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define LARGE 300000u /* more than SLW_FILE_BLOCK_SIZE, and no multiple of it */

static char top[64];
static unsigned looks;

const char exchange_state[] = "targets: a/one 3\n"
                              "targets: two 300000\n"
                              "bins-2: team/x 1\n"
                              "bins-3: team/y 1\n";

/* In memory where the system has that: clients wait for the disk after each file. So does the
 * import's own, in TMPDIR. */
bool exchange_begin(void)
{
    (void)snprintf(top, sizeof top, "/dev/shm/slipway-exchange-test-XXXXXX");
    if (mkdtemp(top) == NULL) {
        (void)snprintf(top, sizeof top, "/tmp/slipway-exchange-test-XXXXXX");
        if (mkdtemp(top) == NULL) {
            return false;
        }
    }
    const char *temporary = exchange_path("temporary");
    return mkdir(temporary, 0755) == 0 && setenv("TMPDIR", temporary, 1) == 0;
}

static void remove_tree(const char *path)
{
    char copy[512];
    char *const roots[] = {copy, NULL};
    (void)snprintf(copy, sizeof copy, "%s", path);
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = tree == NULL ? NULL : fts_read(tree); entry != NULL;
         entry = fts_read(tree)) {
        if (entry->fts_info != FTS_D) {
            (void)remove(entry->fts_path);
        }
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
}

void exchange_end(void)
{
    remove_tree(top);
}

void exchange_forget(const char *name)
{
    remove_tree(exchange_path(name));
}

const char *exchange_path(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", top, name);
    return path;
}

static bool add_large(void)
{
    static char text[LARGE + 1];
    for (size_t i = 0; i < LARGE; i++) {
        text[i] = (char)('a' + i * i % 23);
    }
    return test_add("targets", "two", text) == SLW_OK;
}

static bool publish_root_2(void)
{
    const struct slw_tuf_role_keys keys = test_role_keys(1, 1, KEY_ROOT_2);
    return test_writer_open() == SLW_OK &&
           slw_tuf_writer_rotate(test.writer, SLW_TUF_ROOT, &keys, &test_detail) == SLW_OK &&
           test_prepare() == SLW_OK && test_sign("root", KEY_ROOT) == SLW_OK &&
           test_sign("root", KEY_ROOT_2) == SLW_OK && test_publish() == SLW_OK &&
           test.published.root_version == 2;
}

bool exchange_make(void)
{
    return test_open() && test_begin() && test_add("targets", "a/one", "one") == SLW_OK &&
           add_large() && test_prepare() == SLW_OK && test_sign("targets", KEY_TARGETS) == SLW_OK &&
           test_publish() == SLW_OK &&
           test_delegate("targets", "team", "team/*", KEY_TEAM) == SLW_OK &&
           test_prepare() == SLW_OK && test_sign("targets", KEY_TARGETS) == SLW_OK &&
           test_publish() == SLW_OK && test_add("team", "team/x", "x") == SLW_OK &&
           test_publish() == SLW_OK && test_delegate_bins("team", "bins", 2, KEY_BINS) == SLW_OK &&
           test_publish() == SLW_OK && test_add("team", "team/y", "y") == SLW_OK &&
           test_publish() == SLW_OK && publish_root_2();
}

bool exchange_restart(void)
{
    int64_t now = test.now_utc_s;
    test_close();
    if (!test_open()) {
        return false;
    }
    test.now_utc_s = now;
    slw_memory_storage_set_clock(test.memory, now);
    return true;
}

bool exchange_put(const char *name, const char *key, struct slw_bytes bytes)
{
    struct slw_output output;
    const char *path = exchange_path(name);
    (void)mkdir(path, 0755);
    if (slw_output_open_below(path, test_bytes(key), SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY, &output,
                              &test_detail) != SLW_OK) {
        return false;
    }
    enum slw_status status = slw_output_write(&output, bytes, &test_detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, &test_detail);
    }
    slw_output_discard(&output);
    return status == SLW_OK;
}

static enum slw_status write_one(void *context, const char *key)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    struct slw_heap_buffer bytes = {0};
    if (strncmp(key, "metadata/", 9) != 0 && strncmp(key, "targets/", 8) != 0) {
        return SLW_OK;
    }
    enum slw_status status = storage->get(storage->context, key, FILE_MAX, &bytes, &test_detail);
    if (status == SLW_OK && !exchange_put(context, key, slw_heap_bytes(&bytes))) {
        status = SLW_IO;
    }
    slw_heap_free(&bytes);
    return status;
}

bool exchange_write(const char *name)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    return storage->list(storage->context, "", write_one, (void *)(uintptr_t)name, &test_detail) ==
           SLW_OK;
}

static const char *file_path(const char *name, const char *key)
{
    char joined[400];
    (void)snprintf(joined, sizeof joined, "%s/%s", name, key);
    return exchange_path(joined);
}

bool exchange_read(const char *name, const char *key, struct slw_heap_buffer *ret_bytes)
{
    return slw_file_read(file_path(name, key), FILE_MAX, ret_bytes, &test_detail) == SLW_OK;
}

bool exchange_remove(const char *name, const char *key)
{
    return unlink(file_path(name, key)) == 0;
}

bool exchange_copy(const char *name, const char *from, const char *to)
{
    struct slw_heap_buffer bytes = {0};
    bool good = exchange_read(name, from, &bytes) && exchange_put(name, to, slw_heap_bytes(&bytes));
    slw_heap_free(&bytes);
    return good;
}

static bool replace_text(struct slw_heap_buffer *bytes, const char *from, const char *to)
{
    const char *text = slw_heap_text(bytes);
    const char *at = strstr(text, from);
    struct slw_heap_buffer changed = {0};
    if (at == NULL) {
        return false;
    }
    slw_heap_append(&changed, slw_bytes_make(text, (size_t)(at - text)));
    slw_heap_append_text(&changed, to);
    slw_heap_append_text(&changed, at + strlen(from));
    slw_heap_free(bytes);
    *bytes = changed;
    return bytes->status == SLW_OK;
}

bool exchange_edit(const char *name, const char *key, const char *from, const char *to)
{
    struct slw_heap_buffer bytes = {0};
    bool good = exchange_read(name, key, &bytes) && replace_text(&bytes, from, to) &&
                exchange_put(name, key, slw_heap_bytes(&bytes));
    slw_heap_free(&bytes);
    return good;
}

static bool sign_again(struct slw_tuf_file *file, enum test_key signer,
                       struct slw_heap_buffer *ret_file)
{
    const struct slw_private_key *key = test_private_key(signer);
    struct slw_tuf_signature signature;
    struct slw_heap_buffer hex = {0};
    bool good = slw_tuf_sign(key, file->canonical, &hex, &test_detail) == SLW_OK &&
                slw_tuf_public_key_id(slw_private_key_public(key), signature.key_id) == SLW_OK;
    signature.sig_hex = slw_heap_bytes(&hex);
    good = good &&
           slw_tuf_file_format(file->canonical, &signature, 1, ret_file, &test_detail) == SLW_OK;
    slw_heap_free(&hex);
    return good;
}

bool exchange_edit_signed(const char *name, const char *key, enum slw_tuf_type type,
                          const char *from, const char *to, enum test_key signer)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer formatted = {0};
    struct slw_tuf_file file;
    bool good = exchange_read(name, key, &bytes) && replace_text(&bytes, from, to) &&
                slw_tuf_file_parse(key, &bytes, FILE_MAX, type, &file, &test_detail) == SLW_OK;
    if (good) {
        good = sign_again(&file, signer, &formatted) &&
               exchange_put(name, key, slw_heap_bytes(&formatted));
        slw_tuf_file_free(&file);
    }
    slw_heap_free(&bytes);
    slw_heap_free(&formatted);
    return good;
}

/* A key as it stands in a file: its object, with line ends escaped. */
static void append_key(enum test_key which, struct slw_heap_buffer *text)
{
    struct slw_heap_buffer object = {0};
    slw_tuf_key_format(slw_private_key_public(test_private_key(which)), &object);
    for (size_t i = 0; i < object.len; i++) {
        if (object.ptr[i] == '\n') {
            slw_heap_append_text(text, "\\n");
        } else {
            slw_heap_append(text, slw_bytes_make(object.ptr + i, 1));
        }
    }
    slw_heap_free(&object);
}

static void append_id(enum test_key which, struct slw_heap_buffer *text)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    if (slw_tuf_public_key_id(slw_private_key_public(test_private_key(which)), id) == SLW_OK) {
        slw_heap_append(text, slw_bytes_make(id, sizeof id));
    }
}

/* Twice the id, once the object. */
bool exchange_edit_keys(const char *name, const char *key, enum test_key from, enum test_key to,
                        enum test_key signer)
{
    struct slw_heap_buffer texts[4] = {0};
    append_id(from, &texts[0]);
    append_id(to, &texts[1]);
    append_key(from, &texts[2]);
    append_key(to, &texts[3]);
    const char *old_id = slw_heap_text(&texts[0]);
    const char *new_id = slw_heap_text(&texts[1]);
    bool good = exchange_edit(name, key, old_id, new_id) &&
                exchange_edit(name, key, old_id, new_id) &&
                exchange_edit_signed(name, key, SLW_TUF_ROOT, slw_heap_text(&texts[2]),
                                     slw_heap_text(&texts[3]), signer);
    for (size_t i = 0; i < 4; i++) {
        slw_heap_free(&texts[i]);
    }
    return good;
}

size_t exchange_count(const char *name, const char *folder)
{
    char path[512];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s", file_path(name, folder));
    char *const roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = tree == NULL ? NULL : fts_read(tree); entry != NULL;
         entry = fts_read(tree)) {
        count += entry->fts_info == FTS_F ? 1 : 0;
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
    return count;
}

bool exchange_tamper(const char *key, struct slw_bytes bytes)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    const struct slw_lease *lease = slw_memory_storage_lease(test.memory);
    uint64_t token = 0;
    if (lease->acquire(lease->context, "somebody else", 0, &token, &test_detail) != SLW_OK) {
        return false;
    }
    enum slw_status status =
        bytes.len == 0
            ? storage->remove(storage->context, token, key, &test_detail)
            : storage->replace_pointer(storage->context, token, key, bytes, &test_detail);
    return status == SLW_OK;
}

/* A client at work, and where it says what it found. */
struct look {
    struct slw_tuf_client *client;
    const char *downloads;
    char *state;
};

static enum slw_status download(void *context, struct slw_bytes role,
                                const struct slw_tuf_target *target)
{
    const struct look *look = context;
    size_t len = strlen(look->state);
    struct slw_heap_buffer path = {0};
    (void)snprintf(look->state + len, EXCHANGE_STATE_SIZE - len, "%.*s: %.*s %" PRIu64 "\n",
                   (int)role.len, (const char *)role.ptr, (int)target->path.len,
                   (const char *)target->path.ptr, target->length);
    enum slw_status status =
        slw_tuf_client_download(look->client, target, look->downloads, &path, &test_detail);
    slw_heap_free(&path);
    return status;
}

static enum slw_status follow(const struct slw_fetch_port *port, struct slw_bytes root, char *state)
{
    char directory[128];
    char downloads[160];
    (void)snprintf(directory, sizeof directory, "%s/client-%u", top, looks++);
    (void)snprintf(downloads, sizeof downloads, "%s/downloads", directory);
    /* Whatever the clock of this machine says: expiry is the client's own tests' matter. */
    const struct slw_tuf_client_options options = {
        .metadata_directory = directory, .fetch = port, .expiry = SLW_TUF_EXPIRY_TOLD};
    struct look look = {.downloads = downloads, .state = state};
    SLW_TRY(slw_tuf_client_trust(directory, "root", root, SLW_TUF_KEY_IDS_CHECKED, &test_detail));
    if (mkdir(downloads, 0755) != 0) {
        return slw_explain_errno(&test_detail, downloads);
    }
    SLW_TRY(slw_tuf_client_open(&options, &look.client, &test_detail));
    enum slw_status status = slw_tuf_client_refresh(look.client, &test_detail);
    if (status == SLW_OK) {
        status = slw_tuf_client_list(look.client, NULL, NULL, download, &look, &test_detail);
    }
    slw_tuf_client_free(look.client);
    return status;
}

enum slw_status exchange_look(const char *name, struct slw_bytes root,
                              char ret_state[static EXCHANGE_STATE_SIZE])
{
    struct slw_directory_fetcher *fetcher = NULL;
    ret_state[0] = '\0';
    SLW_TRY(slw_directory_fetcher_new(exchange_path(name), &fetcher, &test_detail));
    enum slw_status status = follow(slw_directory_fetcher_port(fetcher), root, ret_state);
    slw_directory_fetcher_free(fetcher);
    return status;
}
