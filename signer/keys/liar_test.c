/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A judge in somebody else's hands, which calls everything good: "a compromised judge can't get
 * around builders, approvals or versions". This program is that judge, too, when the key process's
 * side starts it as one.
 */
#include "test_signer.h"

#include "../judge/orders.h"
#include "../judge/verdict.h"

#include "tap.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDERS 3

static const struct test_asking asking; /* production, by ci */
static const char *honest;              /* paths of programs */
static char liar[4096];

/* --- The liar --- */

static bool say(int socket, struct slw_bytes message)
{
    return send(socket, message.ptr, message.len, MSG_NOSIGNAL) == (ssize_t)message.len;
}

static int lie(void)
{
    static uint8_t packet[SLW_ORDER_SIZE_MAX];
    static uint8_t verdict[SLW_VERDICT_SIZE_MAX];
    static const struct slw_content_report good = {.payload_bytes = 1, .targets_count = 1};
    const uint8_t ready[4] = {SLW_OK};
    struct slw_writer writer;
    struct slw_order order;
    slw_writer_init(&writer, verdict, sizeof verdict);
    if (slw_verdict_encode(SLW_OK, "", &good, &writer) != SLW_OK ||
        !say(ORDERS, slw_bytes_make(ready, sizeof ready))) {
        return EXIT_FAILURE;
    }
    while (slw_order_receive(ORDERS, packet, &order) == SLW_OK) {
        if (order.kind == SLW_ORDER_JUDGE &&
            !say(order.descriptors[SLW_ORDER_VERDICT], slw_bytes_make(verdict, writer.len))) {
            return EXIT_FAILURE;
        }
        for (size_t i = 0; i < slw_order_descriptors(&order); i++) {
            (void)close(order.descriptors[i]);
        }
    }
    return EXIT_SUCCESS;
}

/* --- What comes of it --- */

/* It is heard in what is its own to say: the same with a real judge is refused. */
static void may_call_any_content_good(void)
{
    static const struct test_policy policy = {
        .test_more = ",\"content\":{\"forbidden\":[{\"name\":\"marker\",\"text\":\"debug\"}]}"};
    static const struct test_bundle bundle = {
        .root_class = SLW_KEY_CLASS_TEST, .targets_key = TEST_KEY_TEST, .payload = "a debug image"};
    for (int lies = 0; lies < 2; lies++) {
        struct test_signer signer;
        TAP_ROW(lies == 1 ? "liar" : "honest");
        TAP_REQUIRE(setenv("SLIPWAY_JUDGE", lies == 1 ? liar : honest, 1) == 0);
        TAP_REQUIRE(test_signer_open_with(&signer, &policy));
        TAP_EQUAL_INT(test_submit(&signer, &bundle, &(struct test_asking){.key = "lamp-test"}),
                      SLW_OK);
        TAP_EQUAL_INT(test_outcome(&signer), lies == 1 ? SLW_SIGNER_SIGNED : SLW_SIGNER_REFUSED);
        TAP_EQUAL_INT(test_signed_count(&signer), lies);
        test_signer_close(&signer);
    }
    TAP_ROW(NULL);
}

static void gets_around_no_builder_and_no_test(void)
{
    static const struct {
        const char *name;
        struct test_bundle bundle;
        enum slw_status reason;
    } rows[] = {
        {"endorsed another build", {.endorse_other_content = true}, SLW_WRONG_BUILDER},
        {"not endorsed", {.no_endorsement = true}, SLW_WRONG_BUILDER},
        {"endorsed by nobody known", {.endorse_by_other = true}, SLW_WRONG_BUILDER},
        {"another source", {.source = "git+https://git.example/lam"}, SLW_WRONG_PROVENANCE},
        {"one parameter more", {.more_parameters = true}, SLW_WRONG_PROVENANCE},
        {"not tested", {.no_test = true}, SLW_MISSING_TEST},
        {"failed its test", {.test_failed = true}, SLW_MISSING_TEST},
        {"a test build", {.build_type = SLW_BUILD_TYPE_TEST}, SLW_WRONG_BUILD_TYPE},
        {"another product", {.product = "Lamp"}, SLW_WRONG_PRODUCT},
        {"a root of another class", {.root_class = SLW_KEY_CLASS_TEST}, SLW_WRONG_CLASS},
        {"a root that doesn't list the key", {.unlisted_root = true}, SLW_WRONG_ROLE},
        {"a root that nobody signed", {.root_unsigned = true}, SLW_ROOT_SELF_UNSIGNED},
        {"metadata that it would write otherwise", {.other_order = true}, SLW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_signer signer;
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(test_signer_open(&signer));
        enum slw_status status = test_submit(&signer, &rows[i].bundle, &asking);
        TAP_EQUAL_INT(status == SLW_OK ? test_refusal(&signer) : status, rows[i].reason);
        TAP_EQUAL_INT(test_signed_count(&signer), 0);
        test_signer_close(&signer);
    }
    TAP_ROW(NULL);
}

static void refused_once_approved(struct test_signer *signer, const struct test_bundle *bundle,
                                  enum slw_status reason)
{
    TAP_EQUAL_INT(test_submit(signer, bundle, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_EQUAL_INT(test_approve(signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    TAP_CHECK(test_await(signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(signer), reason);
}

static void gets_around_no_approval_and_no_version(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){.version = 5}, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA_SECOND}), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    TAP_ROW("a lower version");
    refused_once_approved(&signer, &(struct test_bundle){.version = 4}, SLW_ROLLBACK);
    TAP_ROW("the same version with other content");
    refused_once_approved(&signer, &(struct test_bundle){.version = 5, .payload = "other"},
                          SLW_VERSION_TAKEN);
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    test_signer_close(&signer);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return lie();
    }
    const char *given = getenv("SLIPWAY_JUDGE");
    char *copy = given == NULL ? NULL : strdup(given); /* for the environment changes */
    honest = copy;
    ssize_t len = readlink("/proc/self/exe", liar, sizeof liar - 1);
    if (honest == NULL || len <= 0) {
        (void)printf("Bail out! %s needs SLIPWAY_JUDGE\n", argv[0]);
        return EXIT_FAILURE;
    }
    TAP_RUN(may_call_any_content_good);
    TAP_RUN(gets_around_no_builder_and_no_test);
    TAP_RUN(gets_around_no_approval_and_no_version);
    free(copy);
    return tap_finish();
}
