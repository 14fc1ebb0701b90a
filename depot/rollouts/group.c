/* SPDX-License-Identifier: Apache-2.0 */
/* Groups as rollouts need them: whom they have, when those may be updated, and who is asked. */
#include "parts.h"

#include "slipway/text.h"

#include <string.h>

static void make_mark(const struct slw_rows *rows, uint8_t ret_mark[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    for (int column = 0; column < 3; column++) {
        uint64_t len = slw_rows_bytes(rows, column).len;
        slw_sha256_update(&hash, slw_bytes_make(&len, sizeof len));
        slw_sha256_update(&hash, slw_rows_bytes(rows, column));
    }
    slw_sha256_final(&hash, ret_mark);
}

static enum slw_status read_row(const struct slw_rows *rows, struct rollout_group *group,
                                struct slw_detail *detail)
{
    make_mark(rows, group->mark);
    slw_text_copy(slw_rows_bytes(rows, 1), sizeof group->consent, group->consent);
    SLW_TRY(slw_windows_parse(slw_rows_bytes(rows, 2), &group->windows, detail));
    return slw_group_parse(slw_rows_bytes(rows, 0), &group->query, detail);
}

enum slw_status rollout_group_read(struct slw_transaction *transaction, struct slw_bytes product,
                                   struct slw_bytes name, struct rollout_group *ret_group,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_text(name)};
    struct rollout_group group = {0};
    struct slw_rows *rows = NULL;
    enum slw_status status = SLW_NOT_FOUND;
    SLW_TRY(slw_sql_query(
        transaction, "SELECT query, consent, windows FROM groups WHERE product = $1 AND name = $2",
        values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        status = read_row(rows, &group, detail);
    }
    enum slw_status end = slw_rows_close(rows, detail);
    if (end != SLW_OK && status == SLW_OK) {
        rollout_group_free(&group);
    }
    SLW_TRY(end);
    if (status == SLW_NOT_FOUND) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such group");
    }
    SLW_TRY(status);
    *ret_group = group;
    return SLW_OK;
}

void rollout_group_free(struct rollout_group *group)
{
    slw_group_free(&group->query);
}

/* JSON of a device's row; what can't be read counts as nothing. */
static const struct slw_json_document *parsed(const char *name, struct slw_bytes text,
                                              struct slw_json_document *ret_json)
{
    struct slw_detail detail = {""};
    if (text.len == 0 || slw_json_parse(name, text, ret_json, &detail) != SLW_OK) {
        return NULL;
    }
    return ret_json;
}

bool rollout_group_has(const struct rollout_group *group, const struct depot_device_view *device)
{
    struct slw_json_document attributes = {0};
    struct slw_json_document tags = {0};
    struct slw_group_subject subject = {
        .hardware = device->hardware,
        .key_class = device->key_class,
        .channel = device->channel,
        .version = device->version,
        .attributes = parsed("attributes", device->attributes, &attributes),
        .tags = parsed("tags", device->tags, &tags),
    };
    bool has = slw_group_matches(&group->query, &subject);
    slw_json_document_free(&attributes);
    slw_json_document_free(&tags);
    return has;
}
