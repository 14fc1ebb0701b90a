/* SPDX-License-Identifier: Apache-2.0 */
/* What a depot tells a reviewer: each call of a table, kept as it came. See review.h. */
#include "review.h"

#include "slipway/explain.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (64u << 20)
#define PRODUCTS_MAX 1000u

static const struct {
    const char *name;
    const char *path;
} calls[] = {
    {"products", "/api/v1/products"},
    {"people", "/api/v1/people"},
    {"tokens", "/api/v1/tokens?everybody=1"},
    {"proof", "/api/v1/audit/proof"},
};

static const char *const of_product[] = {
    "people",   "pipeline",  "groups", "enrolment-tokens", "releases",
    "rollouts", "readiness", "jobs",   "webhooks",         "audit",
};

static bool fetch(struct cli_review *review, struct cli_depot *depot, const char *name,
                  const char *path, struct slw_heap_buffer *ret_text)
{
    struct slw_http_call call = {.method = "GET", .path = path, .limit = ANSWER_MAX};
    struct slw_detail why = {""};
    enum slw_status status = slw_http_call_run(depot->client, &call, &why);
    if (status == SLW_OK && call.http_status != 200) {
        status = slw_http_call_refusal(depot->client, &call, &why);
    }
    *ret_text = call.answer;
    if (status != SLW_OK) {
        cli_review_miss(review, name, why.text);
        return false;
    }
    cli_review_keep(review, name, slw_heap_bytes(ret_text));
    return true;
}

static void keep_product(struct cli_review *review, struct cli_depot *depot, const char *product)
{
    for (size_t i = 0; i < sizeof of_product / sizeof of_product[0]; i++) {
        struct slw_heap_buffer text = {0};
        char name[128];
        char path[160];
        (void)snprintf(name, sizeof name, "depot/%s/%s.json", product, of_product[i]);
        (void)snprintf(path, sizeof path, "/api/v1/products/%s/%s", product, of_product[i]);
        if (fetch(review, depot, name, path, &text) && strcmp(of_product[i], "pipeline") == 0) {
            cli_review_judge_pipeline(review, product, &text);
        }
        slw_heap_drop(&text);
    }
}

/* The name becomes a folder's: no other than the depot's rules allow. */
static bool is_name(struct slw_bytes name)
{
    bool good = name.len > 0 && name.len <= 64 && name.ptr[0] != '.';
    for (size_t i = 0; good && i < name.len; i++) {
        good = name.ptr[i] > ' ' && name.ptr[i] < 0x7f && strchr("/\\%?#", name.ptr[i]) == NULL;
    }
    return good;
}

static void keep_products(struct cli_review *review, struct cli_depot *depot,
                          const struct slw_heap_buffer *text)
{
    struct slw_json_document json;
    struct slw_detail why = {""};
    uint32_t product;
    size_t count = 0;
    if (slw_json_parse("products", slw_heap_bytes(text), &json, &why) != SLW_OK) {
        cli_review_miss(review, "depot/PRODUCT", why.text);
        return;
    }
    struct slw_json_walk walk =
        slw_json_walk_begin(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("products")));
    while (slw_json_walk_element(&walk, &product) && count++ < PRODUCTS_MAX) {
        struct slw_bytes name =
            slw_json_string(&json, slw_json_member(&json, product, SLW_BYTES_OF("name")));
        char shown[65];
        if (!is_name(name)) {
            cli_review_miss(review, "depot/PRODUCT", "a product's name isn't one");
            continue;
        }
        memcpy(shown, name.ptr, name.len);
        shown[name.len] = '\0';
        keep_product(review, depot, shown);
    }
    slw_json_document_free(&json);
}

static void keep_all(struct cli_review *review, struct cli_depot *depot)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct slw_heap_buffer text = {0};
        char name[64];
        (void)snprintf(name, sizeof name, "depot/%s.json", calls[i].name);
        bool is_there = fetch(review, depot, name, calls[i].path, &text);
        if (is_there && strcmp(calls[i].name, "products") == 0) {
            keep_products(review, depot, &text);
        }
        if (is_there && strcmp(calls[i].name, "people") == 0) {
            cli_review_judge_people(review, &text);
        }
        if (is_there && strcmp(calls[i].name, "tokens") == 0) {
            cli_review_judge_tokens(review, &text);
        }
        slw_heap_drop(&text);
    }
}

enum cli_exit cli_review_depot(struct cli_review *review)
{
    struct cli_depot depot;
    enum cli_exit code = cli_depot_open(review->cli, review->arguments, &depot);
    if (code == CLI_DONE) {
        keep_all(review, &depot);
        cli_depot_close(&depot);
    }
    return code;
}
