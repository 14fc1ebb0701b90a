/* SPDX-License-Identifier: Apache-2.0 */
/* The repository that tests of the writer share: test_writer.h. */
#include "test_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct test_repository test;
struct slw_detail test_detail;

static struct slw_private_key *private_keys[TEST_KEYS];
static struct slw_tuf_key_provider provider;
static struct slw_lease inner_lease;

#define PROVIDED_MAX 16
static const char *provided_names[PROVIDED_MAX];
static const struct slw_private_key *provided_keys[PROVIDED_MAX];

struct slw_bytes test_bytes(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* Made once for the whole program. Both kinds, so that either is signed and verified with. */
const struct slw_private_key *test_private_key(enum test_key key)
{
    if (private_keys[key] == NULL &&
        slw_private_key_generate(key % 4 == 3 ? SLW_KEY_TYPE_ED25519 : SLW_KEY_TYPE_P256,
                                 &private_keys[key], &test_detail) != SLW_OK) {
        (void)fprintf(stderr, "%s\n", test_detail.text);
        exit(1);
    }
    return private_keys[key];
}

struct slw_tuf_role_keys test_role_keys(uint32_t threshold, int count, ...)
{
    static struct slw_public_key lists[8][4];
    static unsigned next;
    struct slw_public_key *list = lists[next++ % 8];
    va_list keys;
    va_start(keys, count);
    for (int i = 0; i < count && i < 4; i++) {
        list[i] = *slw_private_key_public(test_private_key((enum test_key)va_arg(keys, int)));
    }
    va_end(keys);
    return (struct slw_tuf_role_keys){list, (size_t)count, threshold};
}

static int64_t now(void *context)
{
    const struct test_repository *repository = context;
    return repository->now_utc_s;
}

static void tell(void *context, const char *what)
{
    struct test_repository *repository = context;
    size_t len = strlen(repository->told);
    (void)snprintf(repository->told + len, sizeof repository->told - len, "%s\n", what);
}

/* A killed process doesn't give its lease back. */
static enum slw_status release(void *context, uint64_t token, struct slw_detail *detail)
{
    const struct slw_lease *lease = context;
    if (test.faulty.dead && test.faulty.fail_at != 0 && test.faulty.calls >= test.faulty.fail_at) {
        return slw_explain(detail, SLW_IO, "killed");
    }
    return lease->release(lease->context, token, detail);
}

static enum slw_status acquire(void *context, const char *holder, uint32_t seconds,
                               uint64_t *ret_token, struct slw_detail *detail)
{
    const struct slw_lease *lease = context;
    return lease->acquire(lease->context, holder, seconds, ret_token, detail);
}

static enum slw_status renew(void *context, uint64_t token, uint32_t seconds,
                             struct slw_detail *detail)
{
    const struct slw_lease *lease = context;
    return lease->renew(lease->context, token, seconds, detail);
}

bool test_provide(const char *name, ...)
{
    size_t count = 0;
    va_list pairs;
    va_start(pairs, name);
    for (const char *next = name; next != NULL && count < PROVIDED_MAX;
         next = va_arg(pairs, const char *)) {
        provided_names[count] = next;
        provided_keys[count] = test_private_key((enum test_key)va_arg(pairs, int));
        count++;
    }
    va_end(pairs);
    slw_tuf_file_provider_free(&provider);
    const struct slw_tuf_file_keys keys = {provided_names, provided_keys, count};
    return slw_tuf_file_provider_new(&keys, &provider, &test_detail) == SLW_OK;
}

bool test_open(void)
{
    test = (struct test_repository){.now_utc_s = (int64_t)time(NULL)};
    if (slw_memory_storage_new(&test.memory, &test_detail) != SLW_OK ||
        !test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, "bins*", KEY_BINS,
                      "team", KEY_TEAM, (const char *)NULL)) {
        return false;
    }
    slw_memory_storage_set_clock(test.memory, test.now_utc_s);
    slw_faulty_storage_init(slw_memory_storage_port(test.memory), &test.faulty);
    inner_lease = *slw_memory_storage_lease(test.memory);
    test.lease = (struct slw_lease){&inner_lease, acquire, renew, release};
    test.options = (struct slw_tuf_writer_options){
        .storage = &test.faulty.port,
        .lease = &test.lease,
        .holder = "test",
        .provider = &provider,
        .now_utc_s = now,
        .now_context = &test,
        .tell = tell,
        .tell_context = &test,
    };
    return true;
}

void test_close(void)
{
    test_new_process();
    slw_memory_storage_free(test.memory);
    test.memory = NULL;
    slw_tuf_file_provider_free(&provider);
}

void test_new_process(void)
{
    slw_tuf_writer_close(test.writer);
    test.writer = NULL;
}

enum slw_status test_writer_open(void)
{
    return test.writer != NULL ? SLW_OK
                               : slw_tuf_writer_open(&test.options, &test.writer, &test_detail);
}

enum slw_status test_init(void)
{
    const struct slw_tuf_init init = {
        .roles = {[SLW_TUF_ROOT] = test_role_keys(1, 1, KEY_ROOT),
                  [SLW_TUF_TIMESTAMP] = test_role_keys(1, 1, KEY_TIMESTAMP),
                  [SLW_TUF_SNAPSHOT] = test_role_keys(1, 1, KEY_SNAPSHOT),
                  [SLW_TUF_TARGETS] = test_role_keys(1, 1, KEY_TARGETS)},
    };
    return slw_tuf_writer_init(&test.options, &init, &test_detail);
}

bool test_begin(void)
{
    return test_init() == SLW_OK && test_sign("root", KEY_ROOT) == SLW_OK &&
           test_sign("targets", KEY_TARGETS) == SLW_OK && test_publish() == SLW_OK;
}

enum slw_status test_add(const char *role, const char *path, const char *content)
{
    struct slw_memory_source source;
    slw_memory_source_init(&source, test_bytes(content));
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_add_file(test.writer, test_bytes(role), test_bytes(path),
                                   slw_bytes_make(NULL, 0), &source.source, &test_detail);
}

static enum slw_status delegate(const char *delegator, const struct slw_tuf_delegate *value)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_delegate(test.writer, test_bytes(delegator), value, &test_detail);
}

enum slw_status test_delegate(const char *delegator, const char *name, const char *pattern,
                              enum test_key key)
{
    struct slw_bytes paths = test_bytes(pattern);
    const struct slw_tuf_delegate value = {
        .name = test_bytes(name),
        .signers = test_role_keys(1, 1, key),
        .paths = &paths,
        .paths_count = 1,
    };
    return delegate(delegator, &value);
}

enum slw_status test_delegate_bins(const char *delegator, const char *prefix, uint32_t bit_length,
                                   enum test_key key)
{
    const struct slw_tuf_delegate value = {
        .name = test_bytes(prefix),
        .signers = test_role_keys(1, 1, key),
        .bit_length = bit_length,
    };
    return delegate(delegator, &value);
}

enum slw_status test_remove(const char *role, const char *path)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_remove(test.writer, test_bytes(role), test_bytes(path), &test_detail);
}

enum slw_status test_revoke(const char *delegator, const char *name)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_revoke(test.writer, test_bytes(delegator), test_bytes(name),
                                 &test_detail);
}

enum slw_status test_rotate(enum slw_tuf_type role, enum test_key key)
{
    const struct slw_tuf_role_keys keys = test_role_keys(1, 1, key);
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_rotate(test.writer, role, &keys, &test_detail);
}

enum slw_status test_prepare(void)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_prepare(test.writer, &test_detail);
}

enum slw_status test_sign(const char *role, enum test_key key)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_sign(test.writer, test_bytes(role), test_private_key(key), &test_detail);
}

enum slw_status test_publish(void)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_publish(test.writer, &test.published, &test_detail);
}

enum slw_status test_refresh(void)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_refresh(test.writer, &test.published, &test_detail);
}

void test_pass(int64_t seconds)
{
    test.now_utc_s += seconds;
    slw_memory_storage_set_clock(test.memory, test.now_utc_s);
}

bool test_put(const char *key, const char *text)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    const struct slw_lease *lease = slw_memory_storage_lease(test.memory);
    uint64_t token = 0;
    return lease->acquire(lease->context, "test_put", 1, &token, &test_detail) == SLW_OK &&
           storage->replace_pointer(storage->context, token, key, test_bytes(text), &test_detail) ==
               SLW_OK &&
           lease->release(lease->context, token, &test_detail) == SLW_OK;
}

bool test_take_away(const char *key)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    const struct slw_lease *lease = slw_memory_storage_lease(test.memory);
    uint64_t token = 0;
    return lease->acquire(lease->context, "test_take_away", 1, &token, &test_detail) == SLW_OK &&
           storage->remove(storage->context, token, key, &test_detail) == SLW_OK &&
           lease->release(lease->context, token, &test_detail) == SLW_OK;
}

bool test_told(const char *text)
{
    return strstr(test.told, text) != NULL;
}

bool test_said(const char *text)
{
    return strstr(test_detail.text, text) != NULL;
}

bool test_has(const char *key)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    struct slw_heap_buffer bytes = {0};
    struct slw_detail ignored;
    enum slw_status status = storage->get(storage->context, key, 64u << 20, &bytes, &ignored);
    slw_heap_free(&bytes);
    return status == SLW_OK;
}

static enum slw_status count_one(void *context, const char *key)
{
    size_t *count = context;
    (void)key;
    (*count)++;
    return SLW_OK;
}

size_t test_count(const char *prefix)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    size_t count = 0;
    (void)storage->list(storage->context, prefix, count_one, &count, &test_detail);
    return count;
}
