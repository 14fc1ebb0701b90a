/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and verdicts come back as they were; bytes that are none of them are refused. */
#include "orders.h"
#include "verdict.h"

#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* SLW_BYTES_OF() for what is static. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }

static struct slw_detail detail;
static uint8_t message[SLW_VERDICT_SIZE_MAX];

static struct slw_bytes encode(enum slw_status status, const char *text,
                               const struct slw_content_report *report)
{
    struct slw_writer writer;
    slw_writer_init(&writer, message, sizeof message);
    return slw_verdict_encode(status, text, report, &writer) == SLW_OK ? slw_writer_written(&writer)
                                                                       : slw_bytes_make(NULL, 0);
}

static struct slw_content_finding findings[SLW_CONTENT_FINDINGS_MAX];

static void fill_findings(const char *text)
{
    for (size_t i = 0; i < SLW_CONTENT_FINDINGS_MAX; i++) {
        findings[i] = (struct slw_content_finding){
            .status = i == 0 ? SLW_WRONG_HASH : SLW_WRONG_CONTENT,
            .rule = (enum slw_content_rule)(1 + i % SLW_CONTENT_RULES_COUNT)};
        (void)snprintf(findings[i].text, sizeof findings[i].text, "%s", text);
    }
}

static void a_verdict_comes_back_as_it_was(void)
{
    struct slw_verdict verdict;
    const struct slw_content_report report = {.findings = findings,
                                              .findings_count = 2,
                                              .payload_bytes = UINT64_MAX,
                                              .targets_count = 4096,
                                              .elf_count = 3};
    fill_findings("target \"app\": über");
    TAP_REQUIRE(slw_verdict_decode(encode(SLW_OK, "", &report), &verdict) == SLW_OK);
    TAP_EQUAL_INT(verdict.status, SLW_WRONG_HASH);
    TAP_CHECK(strcmp(verdict.text, findings[0].text) == 0);
    TAP_REQUIRE(verdict.report.findings_count == 2);
    TAP_EQUAL_INT(verdict.report.findings[1].status, SLW_WRONG_CONTENT);
    TAP_EQUAL_INT(verdict.report.findings[1].rule, 2);
    TAP_CHECK(strcmp(verdict.report.findings[1].text, findings[1].text) == 0);
    TAP_CHECK(verdict.report.payload_bytes == UINT64_MAX && verdict.report.targets_count == 4096 &&
              verdict.report.elf_count == 3);
    slw_verdict_free(&verdict);
    TAP_REQUIRE(slw_verdict_decode(encode(SLW_OK, "", NULL), &verdict) == SLW_OK);
    TAP_CHECK(verdict.status == SLW_OK && verdict.text[0] == '\0');
    TAP_REQUIRE(slw_verdict_decode(encode(SLW_MALFORMED, "why", NULL), &verdict) == SLW_OK);
    TAP_CHECK(verdict.status == SLW_MALFORMED && strcmp(verdict.text, "why") == 0);
}

/* The largest report there can be, of characters of four bytes. */
static void every_report_fits(void)
{
    static const char four[] = {'\xF0', '\x9F', '\x94', '\xA6'}; /* bytes of one character */
    static char text[SLW_CONTENT_TEXT_MAX];
    struct slw_verdict verdict;
    struct slw_content_report report = {.findings = findings,
                                        .findings_count = SLW_CONTENT_FINDINGS_MAX,
                                        .findings_omitted = SIZE_MAX};
    for (size_t i = 0; i + 4 < sizeof text; i += 4) {
        memcpy(text + i, four, sizeof four);
    }
    fill_findings(text);
    TAP_REQUIRE(slw_verdict_decode(encode(SLW_OK, text, &report), &verdict) == SLW_OK);
    TAP_EQUAL_INT(verdict.report.findings_count, SLW_CONTENT_FINDINGS_MAX);
    TAP_CHECK(verdict.report.findings_omitted == SIZE_MAX);
    slw_verdict_free(&verdict);
}

static void refuses_what_is_no_verdict(void)
{
    static const struct {
        const char *name;
        struct slw_bytes bytes;
    } rows[] = {
        {"text", TEXT("passes")},
        {"a byte", TEXT("\x08")},
        {"an unknown field", TEXT("\x40\x01")},
        {"two statuses", TEXT("\x08\x00\x08\x00")},
        {"a status that doesn't exist", TEXT("\x08\xFF\x0A")},
        {"a status beyond all", TEXT("\x08\xFF\xFF\xFF\xFF\x0F")},
        {"a status that refuses nothing", TEXT("\x08\x81\x02")},
        {"a caller's mistake", TEXT("\x08\x81\x0E")},
        {"a text with a line", TEXT("\x12\x03"
                                    "a\nb")},
        {"a text with an escape", TEXT("\x12\x03"
                                       "a\x1b[")},
        {"a text with a zero", TEXT("\x12\x03"
                                    "a\x00"
                                    "b")},
        {"a text with a C1 control", TEXT("\x12\x02\xC2\x9B")},
        {"a text that turns", TEXT("\x12\x03\xE2\x80\xAE")},
        {"a text that isolates", TEXT("\x12\x03\xE2\x81\xA6")},
        {"a text with a deletion", TEXT("\x12\x02"
                                        "a\x7F")},
        {"a text with a mark", TEXT("\x12\x03\xE2\x80\x8F")},
        {"a text with a line separator", TEXT("\x12\x03\xE2\x80\xA8")},
        {"a status of 32 bits", TEXT("\x08\x8C\x8A\x04")},
        {"a text that isn't UTF-8", TEXT("\x12\x01\xFF")},
        {"an empty finding", TEXT("\x1A\x00")},
        {"a finding without a rule", TEXT("\x1A\x03\x08\x8C\x0A")},
        {"a finding without a status", TEXT("\x1A\x02\x10\x01")},
        {"a finding that is fine", TEXT("\x1A\x04\x08\x00\x10\x01")},
        {"a rule that doesn't exist", TEXT("\x1A\x05\x08\x8C\x0A\x10\x0F")},
        {"an unknown field of a finding", TEXT("\x1A\x07\x08\x8C\x0A\x10\x01\x20\x01")},
        {"omitted without any", TEXT("\x20\x01")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slw_verdict verdict = {.status = SLW_EXPIRED};
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_verdict_decode(rows[i].bytes, &verdict), SLW_MALFORMED);
        TAP_EQUAL_INT(verdict.status, SLW_EXPIRED);
    }
    TAP_ROW(NULL);
}

/* What looks like the beginning of something refused, and isn't. */
static void takes_texts_of_any_script(void)
{
    static const char *const texts[] = {"…",    "‥", "‧",       "‰",  "\xE2\x81\xA6x",
                                        "日本", "é", "\u00a0x", "“”", "\xE2\x81\xA0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slw_verdict verdict;
        bool refused = i == 4;
        TAP_ROW(texts[i]);
        enum slw_status status =
            slw_verdict_decode(encode(SLW_WRONG_CONTENT, texts[i], NULL), &verdict);
        TAP_EQUAL_INT(status, refused ? SLW_MALFORMED : SLW_OK);
        TAP_CHECK(refused || strcmp(verdict.text, texts[i]) == 0);
    }
    TAP_ROW(NULL);
}

/* Whoever couldn't judge says why by the verdict's own status, findings or not. */
static void a_status_stands_before_findings(void)
{
    struct slw_verdict verdict;
    const struct slw_content_report report = {.findings = findings, .findings_count = 1};
    fill_findings("a finding");
    TAP_REQUIRE(slw_verdict_decode(encode(SLW_VALIDATOR_FAILED, "why", &report), &verdict) ==
                SLW_OK);
    TAP_CHECK(verdict.status == SLW_VALIDATOR_FAILED && strcmp(verdict.text, "why") == 0);
    slw_verdict_free(&verdict);
}

static void refuses_verdicts_that_are_too_large(void)
{
    struct slw_verdict verdict;
    struct slw_heap_buffer bytes = {0};
    for (size_t i = 0; i <= SLW_CONTENT_FINDINGS_MAX; i++) {
        slw_heap_append(&bytes, SLW_BYTES_OF("\x1A\x05\x08\x8C\x0A\x10\x01"));
    }
    TAP_EQUAL_INT(slw_verdict_decode(slw_heap_bytes(&bytes), &verdict), SLW_MALFORMED);
    bytes.len -= 7;
    TAP_REQUIRE(slw_verdict_decode(slw_heap_bytes(&bytes), &verdict) == SLW_OK);
    slw_verdict_free(&verdict);
    slw_heap_free(&bytes);
    /* A text of 768 bytes, where 767 fit. */
    slw_heap_append(&bytes, SLW_BYTES_OF("\x12\x80\x06"));
    memset(slw_heap_reserve(&bytes, 768), 'a', 768);
    TAP_EQUAL_INT(slw_verdict_decode(slw_heap_bytes(&bytes), &verdict), SLW_MALFORMED);
    slw_heap_free(&bytes);
    memset(slw_heap_reserve(&bytes, SLW_VERDICT_SIZE_MAX + 1), 0, SLW_VERDICT_SIZE_MAX + 1);
    TAP_EQUAL_INT(slw_verdict_decode(slw_heap_bytes(&bytes), &verdict), SLW_MALFORMED);
    slw_heap_free(&bytes);
}

/* A verdict that was cut isn't one that passes. */
static void a_cut_refusal_never_passes(void)
{
    const struct slw_content_report report = {.findings = findings, .findings_count = 3};
    size_t refused = 0;
    fill_findings("a finding");
    struct slw_bytes whole = encode(SLW_OK, "", &report);
    for (size_t len = 1; len < whole.len; len++) {
        struct slw_verdict verdict;
        uint8_t *copy = malloc(len);
        TAP_REQUIRE(copy != NULL);
        memcpy(copy, whole.ptr, len);
        if (slw_verdict_decode(slw_bytes_make(copy, len), &verdict) == SLW_OK) {
            TAP_CHECK(verdict.status != SLW_OK);
            slw_verdict_free(&verdict);
        } else {
            refused++;
        }
        free(copy);
    }
    TAP_CHECK(refused > whole.len / 2);
}

static uint8_t packet[SLW_ORDER_SIZE_MAX];

static void an_order_comes_back_as_it_was(void)
{
    static const char *const arguments[] = {"", "a b", "%s", "ü"};
    const struct slw_validator validator = {"/bin/true", arguments, 4};
    struct slw_order order = {
        .kind = SLW_ORDER_VALIDATE, .id = UINT64_MAX, .limits = {UINT32_MAX, 7, (uint64_t)1 << 40}};
    struct slw_order read;
    size_t len = 0;
    TAP_REQUIRE(slw_order_encode(&order, &validator, packet, &len, &detail) == SLW_OK);
    TAP_REQUIRE(slw_order_decode(slw_bytes_make(packet, len), &read) == SLW_OK);
    TAP_CHECK(read.kind == SLW_ORDER_VALIDATE && read.id == UINT64_MAX);
    TAP_CHECK(read.limits.time_ms == UINT32_MAX && read.limits.cpu_s == 7 &&
              read.limits.memory_bytes == (uint64_t)1 << 40);
    TAP_CHECK(strcmp(read.command[0], "/bin/true") == 0);
    for (size_t i = 0; i < 4; i++) {
        TAP_CHECK(strcmp(read.command[i + 1], arguments[i]) == 0);
    }
    TAP_CHECK(read.command[5] == NULL);
    TAP_CHECK(read.descriptors[0] == -1 && read.descriptors[2] == -1);
}

static void rules_come_back_as_they_were(void)
{
    static const uint8_t longest[SLW_ORDER_RULES_MAX + 1] = {1};
    struct slw_order order = {.kind = SLW_ORDER_JUDGE, .id = 3, .rules = SLW_BYTES_OF("a\0rule")};
    struct slw_order read;
    size_t len = 0;
    TAP_REQUIRE(slw_order_encode(&order, NULL, packet, &len, &detail) == SLW_OK);
    TAP_EQUAL_INT(len, SLW_ORDER_HEAD_SIZE + 6);
    TAP_REQUIRE(slw_order_decode(slw_bytes_make(packet, len), &read) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(read.rules, order.rules));
    TAP_EQUAL_INT(slw_order_descriptors(&read), 2);
    order.rules = slw_bytes_make(longest, SLW_ORDER_RULES_MAX);
    TAP_REQUIRE(slw_order_encode(&order, NULL, packet, &len, &detail) == SLW_OK);
    TAP_REQUIRE(slw_order_decode(slw_bytes_make(packet, len), &read) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(read.rules, order.rules));
    order.rules.len++;
    TAP_EQUAL_INT(slw_order_encode(&order, NULL, packet, &len, &detail), SLW_BAD_ARGUMENT);
    order.rules.len = 0;
    TAP_REQUIRE(slw_order_encode(&order, NULL, packet, &len, &detail) == SLW_OK);
    TAP_REQUIRE(slw_order_decode(slw_bytes_make(packet, len), &read) == SLW_OK);
    TAP_EQUAL_INT(slw_order_descriptors(&read), 3);
}

static void refuses_validators_that_can_not_be_run(void)
{
    static const char *many[SLW_VALIDATOR_ARGUMENTS_MAX + 1];
    static char longest[SLW_VALIDATOR_COMMAND_MAX];
    const struct slw_order order = {.kind = SLW_ORDER_VALIDATE};
    size_t len = 0;
    for (size_t i = 0; i <= SLW_VALIDATOR_ARGUMENTS_MAX; i++) {
        many[i] = "x";
    }
    struct slw_validator validator = {"true", NULL, 0};
    TAP_EQUAL_INT(slw_order_encode(&order, &validator, packet, &len, &detail), SLW_BAD_ARGUMENT);
    validator.program = "";
    TAP_EQUAL_INT(slw_order_encode(&order, &validator, packet, &len, &detail), SLW_BAD_ARGUMENT);
    validator = (struct slw_validator){"/bin/true", many, SLW_VALIDATOR_ARGUMENTS_MAX + 1};
    TAP_EQUAL_INT(slw_order_encode(&order, &validator, packet, &len, &detail), SLW_BAD_ARGUMENT);
    validator.arguments_count--;
    TAP_EQUAL_INT(slw_order_encode(&order, &validator, packet, &len, &detail), SLW_OK);
    memset(longest, 'a', sizeof longest - 1);
    many[0] = longest;
    TAP_EQUAL_INT(slw_order_encode(&order, &validator, packet, &len, &detail), SLW_BAD_ARGUMENT);
}

#define HEAD "\0\0\0id______time\0\0\0\0memory__"

static void refuses_what_is_no_order(void)
{
    static const struct {
        const char *name;
        struct slw_bytes bytes;
    } rows[] = {
        {"nothing", TEXT("")},
        {"a byte too few", TEXT("\1\0\0\0id______time\0\0\0\0memory_")},
        {"kind 0", TEXT("\0" HEAD)},
        {"kind 4", TEXT("\4" HEAD)},
        {"kind 257", TEXT("\1\1\0\0id______time\0\0\0\0memory__")},
        {"an end with a byte", TEXT("\3" HEAD "\0")},
        {"a validator without a program", TEXT("\2" HEAD)},
        {"a validator with an empty one", TEXT("\2" HEAD "\0")},
        {"a relative program", TEXT("\2" HEAD "true\0")},
        {"a program that doesn't end", TEXT("\2" HEAD "/bin/true")},
        {"an argument that doesn't end", TEXT("\2" HEAD "/bin/true\0x")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slw_order order = {.id = 77};
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_order_decode(rows[i].bytes, &order), SLW_MALFORMED);
        TAP_EQUAL_INT(order.id, 77);
    }
    TAP_ROW(NULL);
    struct slw_order order;
    struct slw_heap_buffer many = {0};
    slw_heap_append(&many, SLW_BYTES_OF("\2" HEAD "/bin/true\0"));
    for (size_t i = 0; i < SLW_VALIDATOR_ARGUMENTS_MAX; i++) {
        slw_heap_append(&many, SLW_BYTES_OF("x\0"));
    }
    TAP_EQUAL_INT(slw_order_decode(slw_heap_bytes(&many), &order), SLW_OK);
    slw_heap_append(&many, SLW_BYTES_OF("x\0"));
    TAP_EQUAL_INT(slw_order_decode(slw_heap_bytes(&many), &order), SLW_MALFORMED);
    slw_heap_free(&many);
}

/* Descriptors that this process has. */
static unsigned count_descriptors(void)
{
    unsigned count = 0;
    for (int i = 0; i < 256; i++) {
        count += fcntl(i, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

/* Sends a packet with so many copies of standard input, and receives it as the spawner does. */
static enum slw_status pass(struct slw_bytes bytes, size_t descriptors, struct slw_order *ret_order)
{
    static const int many[8] = {0};
    static uint8_t buffer[SLW_ORDER_SIZE_MAX];
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof many)];
    } control = {.bytes = {0}};
    struct iovec part = {(void *)(uintptr_t)bytes.ptr, bytes.len};
    struct msghdr sent = {.msg_iov = &part, .msg_iovlen = 1};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) {
        return SLW_IO;
    }
    if (descriptors > 0) {
        sent.msg_control = &control;
        sent.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&sent);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
        memcpy(CMSG_DATA(header), many, descriptors * sizeof(int));
    }
    enum slw_status status = SLW_IO;
    if (bytes.len == 0 || sendmsg(pair[0], &sent, 0) == (ssize_t)bytes.len) {
        (void)close(pair[0]);
        status = slw_order_receive(pair[1], buffer, ret_order);
    }
    (void)close(pair[1]);
    return status;
}

static void receives_orders_with_their_descriptors_alone(void)
{
    static const uint8_t judge[] = "\1" HEAD;
    static const uint8_t rules[] = "\1" HEAD "rules";
    static const uint8_t validate[] = "\2" HEAD "/bin/true";
    static const uint8_t cancel[] = "\3" HEAD;
    static const uint8_t longest[SLW_ORDER_SIZE_MAX + 1] = "\2" HEAD "/bin/true";
    static const struct {
        const char *name;
        struct slw_bytes bytes;
        size_t descriptors;
        enum slw_status status;
    } rows[] = {
        {"a judge", {judge, SLW_ORDER_HEAD_SIZE}, 3, SLW_OK},
        {"a judge without rules", {judge, SLW_ORDER_HEAD_SIZE}, 2, SLW_MALFORMED},
        {"a judge with rules in the order", {rules, sizeof rules}, 2, SLW_OK},
        {"a judge with rules twice", {rules, sizeof rules}, 3, SLW_MALFORMED},
        {"a judge that nobody hears", {rules, sizeof rules}, 1, SLW_MALFORMED},
        {"a judge with nothing", {judge, SLW_ORDER_HEAD_SIZE}, 0, SLW_MALFORMED},
        {"a judge with more", {judge, SLW_ORDER_HEAD_SIZE}, 4, SLW_MALFORMED},
        {"a judge with many", {judge, SLW_ORDER_HEAD_SIZE}, 8, SLW_MALFORMED},
        {"a validator", {validate, sizeof validate}, 2, SLW_OK},
        {"a validator with rules", {validate, sizeof validate}, 3, SLW_MALFORMED},
        {"an end", {cancel, SLW_ORDER_HEAD_SIZE}, 0, SLW_OK},
        {"an end with a descriptor", {cancel, SLW_ORDER_HEAD_SIZE}, 1, SLW_MALFORMED},
        {"no order", {judge, SLW_ORDER_HEAD_SIZE - 1}, 3, SLW_MALFORMED},
        {"too long an order", {longest, sizeof longest}, 2, SLW_MALFORMED},
        {"the end of the socket", {NULL, 0}, 0, SLW_IO_CLOSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned before = count_descriptors();
        struct slw_order order = {0};
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(pass(rows[i].bytes, rows[i].descriptors, &order), rows[i].status);
        if (rows[i].status == SLW_OK) {
            for (size_t j = 0; j < SLW_ORDER_DESCRIPTORS_MAX; j++) {
                TAP_EQUAL_INT(order.descriptors[j] >= 0, j < rows[i].descriptors);
                TAP_CHECK(order.descriptors[j] < 0 ||
                          fcntl(order.descriptors[j], F_GETFD) == FD_CLOEXEC);
                (void)close(order.descriptors[j]);
            }
        }
        TAP_EQUAL_INT(count_descriptors(), before); /* nothing that was refused stays open */
    }
    TAP_ROW(NULL);
}

static void tells_why_an_order_can_not_be_sent(void)
{
    int pair[2];
    enum slw_status status = SLW_OK;
    TAP_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    for (unsigned i = 0; i < 100000 && status == SLW_OK; i++) {
        status = slw_order_send(pair[0], SLW_BYTES_OF("an order"), NULL, 0, &detail);
    }
    TAP_EQUAL_INT(status, SLW_TOO_MANY);
    (void)close(pair[1]);
    TAP_EQUAL_INT(slw_order_send(pair[0], SLW_BYTES_OF("an order"), NULL, 0, &detail),
                  SLW_IO_CLOSED);
    (void)close(pair[0]);
    TAP_EQUAL_INT(slw_order_send(pair[0], SLW_BYTES_OF("an order"), NULL, 0, &detail), SLW_IO);
}

int main(void)
{
    TAP_RUN(a_verdict_comes_back_as_it_was);
    TAP_RUN(every_report_fits);
    TAP_RUN(refuses_what_is_no_verdict);
    TAP_RUN(takes_texts_of_any_script);
    TAP_RUN(a_status_stands_before_findings);
    TAP_RUN(refuses_verdicts_that_are_too_large);
    TAP_RUN(a_cut_refusal_never_passes);
    TAP_RUN(an_order_comes_back_as_it_was);
    TAP_RUN(rules_come_back_as_they_were);
    TAP_RUN(refuses_validators_that_can_not_be_run);
    TAP_RUN(refuses_what_is_no_order);
    TAP_RUN(receives_orders_with_their_descriptors_alone);
    TAP_RUN(tells_why_an_order_can_not_be_sent);
    return tap_finish();
}
