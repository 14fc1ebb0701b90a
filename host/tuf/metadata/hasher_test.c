/* SPDX-License-Identifier: Apache-2.0 */
/* Length and hashes of what was fetched. */
#include "test_documents.h"

#include "tap.h"

#include <stdlib.h>

/* Of "abc" (FIPS 180-4's example). */
#define SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512                                                                                     \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                             \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define OTHER256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"
#define OTHER512                                                                                   \
    "edaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                             \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

/* Whether "abc", in pieces of this size, has these hashes and this length. */
static enum slw_status check(const char *pattern, uint64_t length, size_t piece)
{
    struct slw_json_document json = {0};
    struct slw_detail detail = {0};
    struct slw_tuf_hasher hasher;
    char *text = test_expand(pattern);
    enum slw_status status =
        slw_json_parse("hashes.json", slw_bytes_make(text, strlen(text)), &json, &detail);
    TAP_EQUAL_INT(status, SLW_OK);
    if (status == SLW_OK) {
        status = slw_tuf_hasher_init(&json, SLW_JSON_TOP, &hasher);
    }
    if (status == SLW_OK) {
        for (size_t at = 0; at < 3; at += piece) {
            slw_tuf_hasher_update(&hasher,
                                  slw_bytes_make(&"abc"[at], at + piece <= 3 ? piece : 3 - at));
            slw_tuf_hasher_update(&hasher, slw_bytes_make(NULL, 0));
        }
        status = slw_tuf_hasher_check(&hasher, length);
        slw_tuf_hasher_free(&hasher);
    }
    slw_json_document_free(&json);
    free(text);
    return status;
}

static const struct {
    const char *hashes;
    uint64_t length;
    enum slw_status status;
} rows[] = {
    {"{'sha256':'" SHA256 "'}", 3, SLW_OK},
    {"{'sha512':'" SHA512 "'}", 3, SLW_OK},
    {"{'sha512':'" SHA512 "','sha256':'" SHA256 "'}", 3, SLW_OK},
    {"{'md5':'wrong','sha256':'" SHA256 "','x':1}", 3, SLW_OK},
    {"{'sha256':'" OTHER256 "'}", 3, SLW_WRONG_HASH},
    {"{'sha512':'" OTHER512 "'}", 3, SLW_WRONG_HASH},
    {"{'sha512':'" SHA512 "','sha256':'" OTHER256 "'}", 3, SLW_WRONG_HASH},
    {"{'sha512':'" OTHER512 "','sha256':'" SHA256 "'}", 3, SLW_WRONG_HASH},
    {"{'sha256':'" SHA256 "'}", 2, SLW_WRONG_LENGTH},
    {"{'sha256':'" SHA256 "'}", 4, SLW_WRONG_LENGTH},
    {"{'sha256':'" SHA256 "'}", 0, SLW_WRONG_LENGTH},
    {"{'sha256':'" SHA256 "'}", UINT64_MAX, SLW_WRONG_LENGTH},
    {"{'sha256':'" OTHER256 "'}", 2, SLW_WRONG_LENGTH},
    {"{}", 3, SLW_MISSING_HASH},
    {"[]", 3, SLW_MISSING_HASH},
    {"null", 3, SLW_MISSING_HASH},
    {"{'md5':'900150983cd24fb0d6963f7d28e17f72'}", 3, SLW_MISSING_HASH},
    {"{'sha256':''}", 3, SLW_MISSING_HASH},
    {"{'sha256':1}", 3, SLW_MISSING_HASH},
    {"{'sha256':'BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}", 3,
     SLW_MISSING_HASH},
    {"{'sha256':'" SHA256 "','sha512':'" SHA256 "'}", 3, SLW_MISSING_HASH},
    {"{'sha512':'" SHA512 "0'}", 3, SLW_MISSING_HASH},
};

static void tells_whether_bytes_have_length_and_hashes(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece <= 3; piece++) {
            TAP_ROW(rows[i].hashes);
            TAP_EQUAL_INT(check(rows[i].hashes, rows[i].length, piece), rows[i].status);
        }
    }
}

static void needs_hashes_at_all(void)
{
    struct slw_json_document json = {0};
    struct slw_tuf_hasher hasher;
    memset(&hasher, 0x5A, sizeof hasher);
    TAP_EQUAL_INT(slw_tuf_hasher_init(&json, SLW_JSON_NONE, &hasher), SLW_MISSING_HASH);
    TAP_EQUAL_INT(hasher.expected_sha256[0], 0x5A);
    /* One that was never set up vouches for nothing. */
    struct slw_tuf_hasher empty = {0};
    TAP_CHECK(slw_tuf_hasher_check(&empty, 0) != SLW_OK);
    slw_tuf_hasher_free(&empty);
}

int main(void)
{
    TAP_RUN(tells_whether_bytes_have_length_and_hashes);
    TAP_RUN(needs_hashes_at_all);
    return tap_finish();
}
