/* SPDX-License-Identifier: Apache-2.0 */
/* Content rules over bundles: each rule alone lets a good bundle pass and finds what breaks it. */
#include "../bundle/test_metadata.h"

#include "slipway/content_rules.h"

#include "tap.h"

#define KEY_LINE "-----BEGIN EC PRIVATE KEY-----"

static struct slw_detail detail;
static struct slw_content_report report;

/* The bundle as most cases want it: two targets with their payloads, for one board. */
static const struct test_target good_targets[] = {
    {.name = "app", .image = "the application"},
    {.name = "boot/loader", .slot = "boot", .image = "the loader"},
};

static void put_head(struct slw_heap_buffer *more, const char *product, uint64_t build_type,
                     const char *hardware)
{
    if (hardware != NULL) {
        test_put_text(more, SLW_TARGETS_HARDWARE_IDS, hardware);
    }
    test_put_uint(more, SLW_TARGETS_BUILD_TYPE, build_type);
    test_put_text(more, SLW_TARGETS_PRODUCT, product);
}

static void put_bundle(const struct test_target *targets, size_t count, const char *hardware)
{
    struct slw_heap_buffer more = {0};
    put_head(&more, "lamp", SLW_BUILD_TYPE_USER, hardware);
    struct test_targets metadata = {
        .version = 2, .targets = targets, .count = count, .more = &more};
    test_begin();
    test_put_targets(&metadata, "");
    slw_heap_free(&more);
}

static void put_good_bundle(void)
{
    put_bundle(good_targets, 2, "lamp-1");
    test_put_payload("app", "the application");
    test_put_payload("boot/loader", "the loader");
}

static enum slw_status check(const struct slw_content_rules *rules)
{
    struct slw_memory_source memory;
    slw_content_report_free(&report);
    slw_memory_source_init(&memory, slw_heap_bytes(&test_bundle));
    return slw_content_check("bundle", &memory.source, rules, &report, &detail);
}

static bool passes(const struct slw_content_rules *rules)
{
    return check(rules) == SLW_OK && report.findings_count == 0;
}

/* Whether exactly this was found. */
static bool finds(const struct slw_content_rules *rules, enum slw_status status,
                  enum slw_content_rule rule, const char *text)
{
    if (check(rules) != SLW_OK || report.findings_count != 1) {
        return false;
    }
    const struct slw_content_finding *finding = &report.findings[0];
    return finding->status == status && finding->rule == rule &&
           strstr(finding->text, text) != NULL;
}

static void passes_a_good_bundle_without_rules(void)
{
    const struct slw_content_rules rules = {0};
    put_good_bundle();
    TAP_CHECK(passes(&rules));
    TAP_EQUAL_INT(report.targets_count, 2);
    TAP_EQUAL_INT(report.payload_bytes, 25);
    TAP_EQUAL_INT(report.elf_count, 0);
}

static void refuses_what_is_no_bundle(void)
{
    const struct slw_content_rules rules = {0};
    test_begin();
    slw_heap_append_text(&test_bundle, "not a bundle");
    TAP_EQUAL_INT(check(&rules), SLW_MALFORMED);
    put_good_bundle();
    test_bundle.len -= 3;
    TAP_EQUAL_INT(check(&rules), SLW_MALFORMED);
    put_good_bundle();
    test_put_payload("app", "the application");
    TAP_EQUAL_INT(check(&rules), SLW_MALFORMED);
    /* An entry "targets" with a message that ends in a tag. */
    test_begin();
    slw_heap_append(&test_bundle, SLW_BYTES_OF("\x1A\x0C\x0A\x07targets\x12\x01\x0A"));
    TAP_EQUAL_INT(check(&rules), SLW_MALFORMED);
}

static void finds_missing_and_bad_metadata(void)
{
    const struct slw_content_rules rules = {.has_product = true, .product = SLW_BYTES_OF("lamp")};
    const struct test_target twice[] = {{.name = "app", .image = "a"},
                                        {.name = "app", .image = "b"}};
    const struct test_target unhashed[] = {{.name = "app", .image = "a", .unhashed = true}};
    const struct test_target bad_name[] = {{.name = "../app", .image = "a"}};
    test_begin();
    test_put_payload("app", "the application");
    TAP_CHECK(finds(&rules, SLW_MISSING_TARGETS, SLW_CONTENT_METADATA, "no top-level targets"));
    put_bundle(twice, 2, NULL);
    TAP_CHECK(finds(&rules, SLW_DUPLICATE_TARGET, SLW_CONTENT_METADATA, "app"));
    put_bundle(unhashed, 1, NULL);
    TAP_CHECK(finds(&rules, SLW_MISSING_HASH, SLW_CONTENT_METADATA, "app"));
    put_bundle(bad_name, 1, NULL);
    TAP_CHECK(finds(&rules, SLW_BAD_NAME, SLW_CONTENT_METADATA, "app"));
}

static void finds_unknown_fields_of_the_metadata(void)
{
    const struct slw_content_rules rules = {0};
    struct slw_heap_buffer more = {0};
    put_head(&more, "lamp", SLW_BUILD_TYPE_USER, NULL);
    test_put_uint(&more, 99, 1);
    struct test_targets metadata = {.version = 2, .more = &more};
    test_begin();
    test_put_targets(&metadata, "");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_METADATA, "unknown here: 1"));
    slw_heap_free(&more);
}

/* Devices take the first; who signs must not have a choice. */
static void finds_a_second_hash_of_another_length(void)
{
    const struct slw_content_rules rules = {0};
    struct slw_heap_buffer more = {0};
    test_put_hash(&more, SLW_TARGET_HASHES, SLW_HASH_FUNCTION_SHA256, SLW_BYTES_OF("short"));
    const struct test_target target = {.name = "app", .image = "a", .more = &more};
    put_bundle(&target, 1, NULL);
    TAP_CHECK(finds(&rules, SLW_MISSING_HASH, SLW_CONTENT_METADATA, "\"app\""));
    slw_heap_free(&more);
}

static void finds_another_product_or_build_type(void)
{
    struct slw_content_rules rules = {.has_product = true, .product = SLW_BYTES_OF("lamp")};
    put_good_bundle();
    TAP_CHECK(passes(&rules));
    rules.product = SLW_BYTES_OF("lam");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_PRODUCT, "\"lamp\", not \"lam\""));
    rules.product = SLW_BYTES_OF("Lamp");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_PRODUCT, "\"lamp\", not \"Lamp\""));
    rules = (struct slw_content_rules){.build_types = 1 << SLW_BUILD_TYPE_USER};
    TAP_CHECK(passes(&rules));
    rules.build_types = 1 << SLW_BUILD_TYPE_USER | 1 << SLW_BUILD_TYPE_TEST;
    TAP_CHECK(passes(&rules));
    rules.build_types = 0xFF ^ 1 << SLW_BUILD_TYPE_USER;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_BUILD_TYPE, "build type user isn't"));
    struct slw_heap_buffer more = {0};
    put_head(&more, "lamp", 40, NULL); /* there is none, and no bit for it */
    const struct test_targets metadata = {.version = 2, .targets = good_targets, .more = &more};
    test_begin();
    test_put_targets(&metadata, "");
    slw_heap_free(&more);
    rules.build_types = 0xFF;
    TAP_CHECK(finds(&rules, SLW_MALFORMED, SLW_CONTENT_METADATA, "not a well-formed"));
}

static void finds_hardware_that_is_not_allowed(void)
{
    const struct slw_bytes allowed[] = {SLW_BYTES_OF("lamp-1"), SLW_BYTES_OF("lamp-2")};
    const struct slw_content_rules rules = {.hardware = allowed, .hardware_count = 2};
    put_good_bundle();
    TAP_CHECK(passes(&rules));
    put_bundle(good_targets, 0, "lamp-10");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_HARDWARE, "\"lamp-10\""));
    put_bundle(good_targets, 0, NULL);
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_HARDWARE, "for any hardware"));
}

static void finds_names_and_slots_that_are_not_allowed(void)
{
    const struct slw_bytes names[] = {SLW_BYTES_OF("app"), SLW_BYTES_OF("boot/*")};
    const struct slw_bytes slots[] = {SLW_BYTES_OF("app"), SLW_BYTES_OF("boot")};
    struct slw_content_rules rules = {.names = names, .names_count = 2};
    put_good_bundle();
    TAP_CHECK(passes(&rules));
    rules.names_count = 1;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_NAME, "target \"boot/loader\""));
    rules = (struct slw_content_rules){.slots = slots, .slots_count = 2};
    TAP_CHECK(passes(&rules));
    rules.slots_count = 1;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_SLOT, "slot \"boot\" isn't allowed"));
    rules.slots = slots + 1; /* the slot of app is its name */
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_SLOT, "\"app\": slot \"app\""));
}

static void lets_a_user_manifest_go_to_no_slot(void)
{
    const struct slw_bytes slots[] = {SLW_BYTES_OF("app")};
    const struct slw_bytes names[] = {SLW_BYTES_OF("app")};
    struct slw_content_rules rules = {.slots = slots, .slots_count = 1};
    const struct test_target target = {.name = "user_manifest", .image = "m"};
    put_bundle(&target, 1, NULL);
    test_put_payload("user_manifest", "m");
    TAP_CHECK(passes(&rules));
    rules = (struct slw_content_rules){.names = names, .names_count = 1};
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_NAME, "user_manifest"));
}

static void finds_more_bytes_than_allowed(void)
{
    struct slw_content_rules rules = {.has_size = true, .size_max = 25};
    put_good_bundle();
    TAP_CHECK(passes(&rules));
    rules.size_max = 24;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_SIZE, "25 bytes of payloads"));
    rules.size_max = 0;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_SIZE, "more than 0"));
}

static struct slw_content_former former_of(const char *name, const char *image)
{
    struct slw_content_former former = {.name = slw_bytes_make(name, strlen(name)),
                                        .length = strlen(image)};
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(image, strlen(image)));
    slw_sha256_final(&hash, former.sha256);
    return former;
}

static void finds_growth_beyond_what_is_allowed(void)
{
    struct slw_content_former former[] = {former_of("app", "0123456789"),
                                          former_of("boot/loader", "0123456789")};
    struct slw_content_rules rules = {.has_former = true,
                                      .former = former,
                                      .former_count = 2,
                                      .has_growth = true,
                                      .growth_percent = 50};
    put_good_bundle(); /* 15 and 10 bytes */
    TAP_CHECK(passes(&rules));
    rules.growth_percent = 49;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_GROWTH, "\"app\": grew from 10 to 15"));
    rules.former_count = 1; /* the loader is new: it counts for the sum */
    rules.growth_percent = 50;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_GROWTH, "together grew from 10 to 25"));
    rules.growth_percent = 150;
    TAP_CHECK(passes(&rules));
    rules.former_count = 0;
    TAP_EQUAL_INT(check(&rules), SLW_OK);
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_GROWTH, "together grew from 0"));
    rules.has_growth = false;
    TAP_CHECK(passes(&rules));
    rules.former_count = 2;
    rules.growth_percent = 0;
    TAP_CHECK(passes(&rules));
    /* Growth beyond what there was before is no growth when there was nothing before. */
    const struct slw_content_rules alone = {.has_growth = true};
    TAP_CHECK(passes(&alone));
    former[0].length = (uint64_t)1 << 63; /* doubled it would be nothing */
    rules.has_growth = true;
    rules.growth_percent = 100;
    TAP_CHECK(passes(&rules));
    former[0].length = UINT64_MAX; /* no sum wraps */
    former[1].length = UINT64_MAX;
    rules = (struct slw_content_rules){.has_former = true,
                                       .former = former,
                                       .former_count = 2,
                                       .has_growth = true,
                                       .growth_percent = SLW_CONTENT_GROWTH_MAX};
    TAP_CHECK(passes(&rules));
}

static void finds_payloads_that_differ_from_the_metadata(void)
{
    const struct slw_content_rules rules = {0};
    put_bundle(good_targets, 1, NULL);
    test_put_payload("app", "the applicatiom");
    TAP_CHECK(finds(&rules, SLW_WRONG_HASH, SLW_CONTENT_HASH, "another SHA-256"));
    put_bundle(good_targets, 1, NULL);
    test_put_payload("app", "the application!");
    TAP_CHECK(finds(&rules, SLW_WRONG_LENGTH, SLW_CONTENT_HASH, "16 bytes, but 15"));
    put_bundle(good_targets, 1, NULL);
    test_put_payload("app", "");
    TAP_CHECK(finds(&rules, SLW_WRONG_LENGTH, SLW_CONTENT_HASH, "0 bytes, but 15"));
    put_good_bundle();
    test_put_payload("more", "of it");
    TAP_CHECK(finds(&rules, SLW_UNLISTED_PAYLOAD, SLW_CONTENT_PRESENCE, "payload \"more\""));
}

static void finds_images_that_nobody_looked_into(void)
{
    struct slw_content_former former[] = {former_of("boot/loader", "the loader"),
                                          former_of("app", "the application")};
    struct slw_content_rules rules = {.former = former, .former_count = 2, .has_former = true};
    put_bundle(good_targets, 2, NULL);
    test_put_payload("boot/loader", "the loader");
    TAP_CHECK(passes(&rules));
    rules.former_count = 1;
    TAP_CHECK(finds(&rules, SLW_MISSING_PAYLOAD, SLW_CONTENT_PRESENCE, "target \"app\""));
    rules.former_count = 2;
    former[1].length++;
    TAP_CHECK(finds(&rules, SLW_MISSING_PAYLOAD, SLW_CONTENT_PRESENCE, "target \"app\""));
    former[1].length--;
    former[1].sha256[31] ^= 1;
    TAP_CHECK(finds(&rules, SLW_MISSING_PAYLOAD, SLW_CONTENT_PRESENCE, "target \"app\""));
    former[1] = former_of("apq", "the application");
    TAP_CHECK(finds(&rules, SLW_MISSING_PAYLOAD, SLW_CONTENT_PRESENCE, "target \"app\""));
}

/* A delta alone can hold anything; beside its image it is hashed and searched. */
static void finds_images_that_are_there_only_in_an_encoded_form(void)
{
    const struct slw_content_pattern pattern = {SLW_BYTES_OF("marker"), SLW_BYTES_OF("DEBUG")};
    struct slw_content_rules rules = {0};
    struct slw_heap_buffer more = {0};
    test_put_encoding(&more, SLW_ENCODING_DELTA, "app.delta", "DEBUG delta", "base");
    const struct test_target target = {.name = "app", .image = "image", .more = &more};
    put_bundle(&target, 1, NULL);
    test_put_payload("app.delta", "DEBUG delta");
    TAP_CHECK(finds(&rules, SLW_MISSING_PAYLOAD, SLW_CONTENT_PRESENCE, "target \"app\""));
    test_put_payload("app", "image");
    TAP_CHECK(passes(&rules));
    put_bundle(&target, 1, NULL);
    test_put_payload("app", "image");
    TAP_CHECK(passes(&rules)); /* the delta needn't be there */
    test_put_payload("app.delta", "DEBUG delta");
    rules.forbidden = &pattern;
    rules.forbidden_count = 1;
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_FORBIDDEN, "\"app.delta\""));
    put_bundle(&target, 1, NULL);
    test_put_payload("app", "image");
    test_put_payload("app.delta", "another dlt");
    rules.forbidden_count = 0;
    TAP_CHECK(finds(&rules, SLW_WRONG_HASH, SLW_CONTENT_HASH, "\"app.delta\""));
    slw_heap_free(&more);
}

static void put_single(const char *image)
{
    const struct test_target target = {.name = "app", .image = image};
    put_bundle(&target, 1, NULL);
    test_put_payload("app", image);
}

static void finds_forbidden_bytes(void)
{
    const struct slw_content_pattern patterns[] = {
        {SLW_BYTES_OF("dev \x1b key"), SLW_BYTES_OF("\x04\x05\x06\x07")},
        {SLW_BYTES_OF("marker"), SLW_BYTES_OF("TEST ONLY")},
    };
    const struct slw_content_rules rules = {.forbidden = patterns, .forbidden_count = 2};
    put_single("TEST ONLX \x04\x05\x06");
    TAP_CHECK(passes(&rules));
    put_single("x TEST ONLY");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_FORBIDDEN, "at byte 2: \"marker\""));
    put_single("\x04\x05\x06\x07");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_FORBIDDEN, "\"dev \\x1b key\""));
    /* Across two payloads there is nothing. */
    const struct test_target two[] = {{.name = "a", .image = "TEST "},
                                      {.name = "b", .image = "ONLY"}};
    put_bundle(two, 2, NULL);
    test_put_payload("a", "TEST ");
    test_put_payload("b", "ONLY");
    TAP_CHECK(passes(&rules));
    /* What one has is not found in the next. */
    const struct test_target one_of_two[] = {{.name = "a", .image = "TEST ONLY"},
                                             {.name = "b", .image = "harmless"}};
    put_bundle(one_of_two, 2, NULL);
    test_put_payload("a", "TEST ONLY");
    test_put_payload("b", "harmless");
    TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_FORBIDDEN, "target \"a\""));
}

static void finds_private_keys_but_not_what_reads_them(void)
{
    struct slw_content_rules rules = {0};
    static const char *const keys[] = {
        KEY_LINE "\nMHcCAQEE",
        KEY_LINE "\r\nMHcCAQEE",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEA",
        "code -----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE",
    };
    static const char *const others[] = {
        KEY_LINE,
        KEY_LINE "\n",
        KEY_LINE "\n-----END EC PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMFkw",
        "-----BEGIN CERTIFICATE-----\nMIIB",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        TAP_ROW(keys[i]);
        put_single(keys[i]);
        rules.private_keys_allowed = false;
        TAP_CHECK(finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_PRIVATE_KEY, "a private key at"));
        rules.private_keys_allowed = true;
        TAP_CHECK(passes(&rules));
    }
    rules.private_keys_allowed = false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        TAP_ROW(others[i]);
        put_single(others[i]);
        TAP_CHECK(passes(&rules));
    }
    TAP_ROW(NULL);
}

static void finds_elf_files_that_are_not_stripped(void)
{
    struct slw_content_rules rules = {.elf_stripped = true};
    put_single("\x7F"
               "ELF that ends in its header");
    TAP_CHECK(
        finds(&rules, SLW_WRONG_CONTENT, SLW_CONTENT_ELF, "\"app\": is an ELF file that ends"));
    TAP_EQUAL_INT(report.elf_count, 1);
    rules.elf_stripped = false;
    TAP_CHECK(passes(&rules));
    rules.elf_stripped = true;
    put_single("x\x7F"
               "ELF");
    TAP_CHECK(passes(&rules));
}

/* All breaches are told, up to a limit, and counted beyond it. */
static void tells_every_breach_up_to_a_limit(void)
{
    static char names[100][8];
    static struct test_target targets[100];
    const struct slw_bytes allowed[] = {SLW_BYTES_OF("nothing")};
    const struct slw_content_rules rules = {
        .names = allowed, .names_count = 1, .has_size = true, .size_max = 50};
    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%u", (unsigned)i);
        targets[i] = (struct test_target){.name = names[i], .image = "i"};
    }
    put_bundle(targets, 100, NULL);
    TAP_EQUAL_INT(check(&rules), SLW_OK);
    TAP_EQUAL_INT(report.findings_count, SLW_CONTENT_FINDINGS_MAX);
    TAP_EQUAL_INT(report.findings_omitted, 100 + 1 + 100 - SLW_CONTENT_FINDINGS_MAX);
}

static void cuts_long_names_between_characters(void)
{
    const struct slw_content_rules rules = {0};
    char name[4 * 15 + 4];
    struct slw_utf8 checker = {0};
    for (size_t i = 0; i < 15; i++) {
        memcpy(name + 4 * i, "\xF0\x9F\x94\xA6", 4);
    }
    memcpy(name + 60, "x\x7F", 3);
    test_begin();
    put_good_bundle();
    test_put_payload(name, "x");
    TAP_CHECK(finds(&rules, SLW_UNLISTED_PAYLOAD, SLW_CONTENT_PRESENCE, "payload"));
    TAP_REQUIRE(report.findings_count == 1);
    const char *text = report.findings[0].text;
    TAP_CHECK(slw_utf8_accept(&checker, slw_bytes_make(text, strlen(text))));
    TAP_CHECK(slw_utf8_complete(&checker));
}

static enum slw_status fail_at(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    uint64_t *left = context;
    if (*left == 0) {
        return SLW_IO;
    }
    --*left;
    memcpy(buffer, test_bundle.ptr + offset, len);
    return SLW_OK;
}

/* Whichever of its reads fails, there is no report. */
static void gives_no_report_when_it_can_not_read(void)
{
    const struct slw_content_rules rules = {.elf_stripped = true};
    uint64_t reads = 0;
    put_good_bundle();
    for (; reads < 20; reads++) {
        uint64_t left = reads;
        struct slw_source source = {.context = &left, .read = fail_at, .size = test_bundle.len};
        slw_content_report_free(&report);
        enum slw_status status = slw_content_check("bundle", &source, &rules, &report, &detail);
        if (status == SLW_OK) {
            break;
        }
        TAP_EQUAL_INT(status, SLW_IO);
        TAP_CHECK(report.findings == NULL);
    }
    TAP_CHECK(reads >= 3 && reads < 20);
}

int main(void)
{
    TAP_RUN(passes_a_good_bundle_without_rules);
    TAP_RUN(refuses_what_is_no_bundle);
    TAP_RUN(finds_missing_and_bad_metadata);
    TAP_RUN(finds_unknown_fields_of_the_metadata);
    TAP_RUN(finds_a_second_hash_of_another_length);
    TAP_RUN(finds_another_product_or_build_type);
    TAP_RUN(finds_hardware_that_is_not_allowed);
    TAP_RUN(finds_names_and_slots_that_are_not_allowed);
    TAP_RUN(lets_a_user_manifest_go_to_no_slot);
    TAP_RUN(finds_more_bytes_than_allowed);
    TAP_RUN(finds_growth_beyond_what_is_allowed);
    TAP_RUN(finds_payloads_that_differ_from_the_metadata);
    TAP_RUN(finds_images_that_nobody_looked_into);
    TAP_RUN(finds_images_that_are_there_only_in_an_encoded_form);
    TAP_RUN(finds_forbidden_bytes);
    TAP_RUN(finds_private_keys_but_not_what_reads_them);
    TAP_RUN(finds_elf_files_that_are_not_stripped);
    TAP_RUN(tells_every_breach_up_to_a_limit);
    TAP_RUN(cuts_long_names_between_characters);
    TAP_RUN(gives_no_report_when_it_can_not_read);
    slw_content_report_free(&report);
    test_begin();
    return tap_finish();
}
