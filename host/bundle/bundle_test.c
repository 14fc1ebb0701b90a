/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles as files: what is written is found again, and nothing is read twice. */
#include "slipway/bundle_file.h"

#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/slipway-bundle-test-XXXXXX";
static struct slw_detail detail;

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

/* Stands in for the metadata: the first payload's digest, so that it is known only afterwards. */
struct stand_in {
    const struct slw_bundle_payload *payload;
    bool grows;
    unsigned asked;
};

static enum slw_status write_stand_in(void *context, bool final,
                                      struct slw_heap_buffer *ret_message,
                                      struct slw_detail *ret_detail)
{
    struct stand_in *stand_in = context;
    (void)ret_detail;
    stand_in->asked++;
    slw_heap_append(ret_message, slw_bytes_make("\x0A\x20", 2));
    slw_heap_append(ret_message, slw_bytes_make(stand_in->payload->sha256, 32));
    if (final && stand_in->grows) {
        slw_heap_append(ret_message, slw_bytes_make("\x12\x00", 2));
    }
    return SLW_OK;
}

static struct slw_bundle_parts parts_of(struct slw_bundle_payload *payloads, size_t count,
                                        struct stand_in *stand_in)
{
    *stand_in = (struct stand_in){.payload = payloads};
    return (struct slw_bundle_parts){.payloads = payloads,
                                     .payloads_count = count,
                                     .targets = write_stand_in,
                                     .context = stand_in};
}

static enum slw_status write_to(const char *path, const struct slw_bundle_parts *parts)
{
    struct slw_output output;
    SLW_TRY(slw_output_open(path, SLW_OUTPUT_REPLACE, &output, &detail));
    enum slw_status status = slw_bundle_write(parts, &output, &detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, &detail);
    }
    slw_output_discard(&output);
    return status;
}

static void finds_again_what_was_written(void)
{
    struct slw_bundle_payload payloads[] = {
        {.name = SLW_BYTES_OF("zebra"), .path = "zebra", .length = 5},
        {.name = SLW_BYTES_OF("app"), .path = "empty", .length = 0},
    };
    struct slw_piece history[] = {{.bytes = SLW_BYTES_OF("\x0A\x01"
                                                         "1")},
                                  {.bytes = SLW_BYTES_OF("\x0A\x01"
                                                         "2")}};
    struct slw_piece others[] = {{.bytes = SLW_BYTES_OF("\xCA\x3E\x02{}")}}; /* an endorsement */
    struct stand_in stand_in;
    struct slw_bundle_parts parts = parts_of(payloads, 2, &stand_in);
    struct slw_file_source file;
    struct slw_bundle_index index;
    parts.root_history = history;
    parts.root_history_count = 2;
    parts.root.bytes = SLW_BYTES_OF("\x0A\x01"
                                    "3");
    parts.others = others;
    parts.others_count = 1;
    TAP_REQUIRE(slw_file_write("zebra", 0, SLW_BYTES_OF("black"), &detail) == SLW_OK);
    TAP_REQUIRE(slw_file_write("empty", 0, SLW_BYTES_OF(""), &detail) == SLW_OK);
    TAP_REQUIRE(write_to("bundle", &parts) == SLW_OK);
    TAP_EQUAL_INT(stand_in.asked, 2);
    TAP_REQUIRE(slw_file_source_open("bundle", &file, &detail) == SLW_OK);
    TAP_REQUIRE(slw_bundle_index_read("bundle", &file.source, &index, &detail) == SLW_OK);
    TAP_EQUAL_INT(index.history_count, 2);
    TAP_CHECK(index.has_root && index.root.length == 3);
    TAP_CHECK(index.has_targets && index.targets.length == 34);
    TAP_EQUAL_INT(index.others_count, 1);
    TAP_EQUAL_INT(index.others[0].length, 5);
    TAP_EQUAL_INT(index.endorsements_count, 1);
    TAP_EQUAL_INT(index.payloads_count, 2);
    const struct slw_payload_entry *zebra = slw_bundle_index_find(&index, SLW_BYTES_OF("zebra"));
    TAP_REQUIRE(zebra != NULL && zebra->value.length == 5);
    TAP_CHECK(slw_bundle_index_find(&index, SLW_BYTES_OF("app"))->value.length == 0);
    TAP_CHECK(slw_bundle_index_find(&index, SLW_BYTES_OF("ap")) == NULL);
    /* The metadata has the digest that the payload really has. */
    uint8_t expected[32];
    uint8_t written[34];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("black"));
    slw_sha256_final(&hash, expected);
    TAP_REQUIRE(file.source.read(file.source.context, index.targets.offset, written, 34) == SLW_OK);
    TAP_EQUAL_BYTES(written + 2, expected, 32);
    slw_bundle_index_free(&index);
    slw_file_source_close(&file);
}

static void refuses_a_payload_that_is_not_as_expected(void)
{
    struct slw_bundle_payload payload = {.name = SLW_BYTES_OF("zebra"), .path = "zebra"};
    struct stand_in stand_in;
    struct slw_bundle_parts parts = parts_of(&payload, 1, &stand_in);
    payload.length = 4;
    TAP_EQUAL_INT(write_to("bundle2", &parts), SLW_IO);
    TAP_CHECK(said("zebra: changed its size"));
    payload.length = 5;
    payload.expected = true;
    TAP_EQUAL_INT(write_to("bundle2", &parts), SLW_WRONG_HASH);
    TAP_CHECK(said("payload \"zebra\""));
    payload.expected = false;
    stand_in.grows = true;
    TAP_EQUAL_INT(write_to("bundle2", &parts), SLW_BAD_ARGUMENT);
    payload.path = "absent";
    TAP_EQUAL_INT(write_to("bundle2", &parts), SLW_IO);
    struct slw_file_source file;
    TAP_EQUAL_INT(slw_file_source_open("bundle2", &file, &detail), SLW_IO);
}

static void refuses_what_is_no_bundle(void)
{
    const struct {
        const char *name;
        struct slw_bytes bytes;
        enum slw_status status;
    } rows[] = {
        {"empty", SLW_BYTES_OF(""), SLW_OK},
        {"cut off", SLW_BYTES_OF("\x22\x05\x0A"), SLW_MALFORMED},
        {"trailing zero", SLW_BYTES_OF("\x22\x03\x0A\x01x\x00"), SLW_MALFORMED},
        {"payload without a name", SLW_BYTES_OF("\x22\x03\x12\x01x"), SLW_MALFORMED},
        {"payload twice", SLW_BYTES_OF("\x22\x03\x0A\x01x\x22\x03\x0A\x01x"), SLW_MALFORMED},
        {"targets twice", SLW_BYTES_OF("\x1A\x09\x0A\x07targets\x1A\x09\x0A\x07targets"),
         SLW_MALFORMED},
        {"root twice", SLW_BYTES_OF("\x2A\x00\x2A\x00"), SLW_MALFORMED},
        {"unknown scalar at the end", SLW_BYTES_OF("\x22\x03\x0A\x01x\x30\x05"), SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_memory_source memory;
        struct slw_bundle_index index;
        TAP_ROW(rows[i].name);
        slw_memory_source_init(&memory, rows[i].bytes);
        enum slw_status status = slw_bundle_index_read("b", &memory.source, &index, &detail);
        TAP_EQUAL_INT(status, rows[i].status);
        if (status == SLW_OK) {
            TAP_EQUAL_INT(index.others_count, i == 7 ? 1 : 0);
            TAP_CHECK(i != 7 || (index.others[0].offset == 5 && index.others[0].length == 2));
            slw_bundle_index_free(&index);
        }
    }
}

int main(void)
{
    if (mkdtemp(directory) == NULL || chdir(directory) != 0) {
        return 1;
    }
    TAP_RUN(finds_again_what_was_written);
    TAP_RUN(refuses_a_payload_that_is_not_as_expected);
    TAP_RUN(refuses_what_is_no_bundle);
    unlink("zebra");
    unlink("empty");
    unlink("bundle");
    int result = tap_finish();
    return chdir("/") == 0 && rmdir(directory) == 0 ? result : 1;
}
