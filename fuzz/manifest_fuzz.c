/* SPDX-License-Identifier: Apache-2.0 */
/* Stored manifests: read, then asked for a target; blocks of any size must make no difference. */
#include "fuzz.h"

#include "slipway/manifest.h"

struct answer {
    enum slw_status read;
    enum slw_status find;
    struct slw_manifest manifest;
    struct slw_installed_image image;
};

static struct answer ask(const struct slw_source *source, size_t block_size)
{
    struct answer answer = {.find = SLW_NOT_FOUND};
    uint8_t block[256];
    answer.read = slw_manifest_read(source, block, block_size, &answer.manifest);
    FUZZ_CHECK(answer.read == SLW_OK || answer.read == SLW_STORED_STATE);
    if (answer.read == SLW_OK) {
        FUZZ_CHECK(answer.manifest.targets.offset + answer.manifest.targets.length <= source->size);
        answer.find = slw_manifest_find(source, &answer.manifest, block, block_size,
                                        SLW_BYTES_OF("app"), &answer.image);
    }
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, slw_bytes_make(data, size));
    struct answer small = ask(&memory.source, 128);
    struct answer large = ask(&memory.source, 256);
    FUZZ_CHECK(small.read == large.read && small.find == large.find);
    if (small.read == SLW_OK) {
        FUZZ_CHECK(small.manifest.version == large.manifest.version);
        FUZZ_CHECK(small.manifest.security_floor == large.manifest.security_floor);
    }
    if (small.find == SLW_OK) {
        FUZZ_CHECK(small.image.length == large.image.length);
        FUZZ_CHECK(memcmp(small.image.sha256, large.image.sha256, SLW_SHA256_SIZE) == 0);
    }
    return 0;
}
