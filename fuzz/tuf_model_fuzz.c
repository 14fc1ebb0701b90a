/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models of TUF metadata: whatever the reader takes, a model keeps to the byte, and its next
 * version is one that the reader takes too. The first byte says of which type, the rest is the
 * file.
 */
#include "fuzz.h"

#include "slipway/tuf_change.h"

static struct slw_bytes role_of(enum slw_tuf_type type)
{
    const char *name = slw_tuf_type_name(type);
    return slw_bytes_make(name, strlen(name));
}

/* What the model encodes to has the digest that it says, and is what expected says, if anything. */
static void check_encoding(struct slw_tuf_model *model, enum slw_tuf_type type,
                           struct slw_bytes expected)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_detail detail = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    size_t at = 0;
    FUZZ_CHECK(slw_tuf_model_encode(model, &text, &detail) == SLW_OK);
    FUZZ_CHECK(expected.ptr == NULL || slw_bytes_equal(slw_heap_bytes(&text), expected));
    FUZZ_CHECK(slw_tuf_model_digest(model, digest, &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_file_format(slw_heap_bytes(&text), NULL, 0, &bytes, &detail) == SLW_OK);
    FUZZ_CHECK(slw_tuf_file_parse("file", &bytes, SIZE_MAX, type, &file, &detail) == SLW_OK);
    FUZZ_CHECK(slw_bytes_equal(file.canonical, slw_heap_bytes(&text)));
    FUZZ_CHECK(memcmp(file.digest, digest, sizeof digest) == 0);
    for (size_t i = 0; i < slw_tuf_model_targets_count(model); i++) {
        struct slw_tuf_artifact artifact;
        slw_tuf_model_target(model, i, &artifact);
        FUZZ_CHECK(slw_tuf_model_find(model, artifact.path, &at) == SLW_OK && at == i);
    }
    slw_tuf_file_free(&file);
    slw_heap_free(&text);
}

/* The next version with nothing else changed; one that can't be made leaves the model as it was. */
static void check_next(struct slw_tuf_model *model, enum slw_tuf_type type,
                       struct slw_bytes canonical)
{
    struct slw_detail detail = {0};
    struct slw_tuf_meta_version meta;
    struct slw_tuf_change change = {.type = type, .role = role_of(type)};
    change.base_version = slw_tuf_model_version(model);
    change.version = change.base_version == INT64_MAX ? INT64_MAX : change.base_version + 1;
    change.expires_utc_s = 1893456000;
    FUZZ_CHECK(slw_tuf_model_digest(model, change.base_sha256, &detail) == SLW_OK);
    if (type == SLW_TUF_TIMESTAMP) {
        slw_tuf_model_meta(model, 0, &meta);
        change.snapshot_version = meta.version;
    }
    enum slw_status status = slw_tuf_model_apply(model, &change, &detail);
    FUZZ_CHECK(status == SLW_OK || detail.text[0] != '\0');
    check_encoding(model, type, status == SLW_OK ? slw_bytes_make(NULL, 0) : canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    enum slw_tuf_type type = (enum slw_tuf_type)(fuzz_choice(&input) % SLW_TUF_TYPES);
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_tuf_model *model = NULL;
    struct slw_detail detail = {0};
    slw_heap_append(&bytes, input);
    if (slw_tuf_file_parse("file", &bytes, SIZE_MAX, type, &file, &detail) != SLW_OK) {
        return 0;
    }
    enum slw_status status = slw_tuf_model_load(&file, role_of(type), &model, &detail);
    FUZZ_CHECK(status == SLW_OK || detail.text[0] != '\0');
    if (status == SLW_OK) {
        check_encoding(model, type, file.canonical);
        check_next(model, type, file.canonical);
        slw_tuf_model_free(model);
    }
    slw_tuf_file_free(&file);
    return 0;
}
