/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/settings.json: how long versions live, and where the roots begin. It is written last when a
 * repository is made, and so says that there is one.
 */
#include "writer.h"

#include "../metadata/json_fields.h"

#include "slipway/json.h"

#define SETTINGS_KEY "state/settings.json"
#define HOUR_S 3600u
#define DAY_S 86400u

void slw_tuf_settings_default(struct slw_tuf_settings *ret_settings)
{
    *ret_settings = (struct slw_tuf_settings){
        .periods = {[SLW_TUF_ROOT] = {365 * DAY_S, 60 * DAY_S},
                    [SLW_TUF_TIMESTAMP] = {DAY_S, 12 * HOUR_S},
                    [SLW_TUF_SNAPSHOT] = {7 * DAY_S, 3 * DAY_S},
                    [SLW_TUF_TARGETS] = {90 * DAY_S, 30 * DAY_S}},
        .first_root = 1,
    };
}

static enum slw_status read_period(const struct slw_json_document *json, const char *name,
                                   struct slw_tuf_period *ret_period, struct slw_detail *detail)
{
    uint32_t periods = SLW_JSON_NONE;
    uint32_t period = SLW_JSON_NONE;
    int64_t expires_s = 0;
    int64_t due_s = 0;
    SLW_TRY(slw_tuf_json_member(json, SLW_JSON_TOP, "periods", SLW_JSON_OBJECT, &periods, detail));
    SLW_TRY(slw_tuf_json_member(json, periods, name, SLW_JSON_OBJECT, &period, detail));
    SLW_TRY(slw_tuf_json_integer(json, period, "expires_s", 1, &expires_s, detail));
    SLW_TRY(slw_tuf_json_integer(json, period, "due_s", 0, &due_s, detail));
    if (expires_s > UINT32_MAX || due_s >= expires_s) {
        return slw_json_refuse(json, period, SLW_MALFORMED, "due before it begins, or too long",
                               detail);
    }
    *ret_period = (struct slw_tuf_period){(uint32_t)expires_s, (uint32_t)due_s};
    return SLW_OK;
}

static enum slw_status read_settings(const struct slw_json_document *json,
                                     struct slw_tuf_settings *ret_settings,
                                     struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_json_object(json, SLW_JSON_TOP, detail));
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        SLW_TRY(read_period(json, slw_tuf_type_name((enum slw_tuf_type)i),
                            ret_settings->periods + i, detail));
    }
    return slw_tuf_json_integer(json, SLW_JSON_TOP, "first_root", 1, &ret_settings->first_root,
                                detail);
}

enum slw_status slw_tuf_settings_load(const struct slw_tuf_writer *writer,
                                      struct slw_tuf_settings *ret_settings,
                                      struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json_document json;
    struct slw_tuf_settings settings = {0};
    enum slw_status status = slw_tuf_store_get(writer, SETTINGS_KEY, &text, detail);
    if (status == SLW_OK) {
        status = slw_json_parse(SETTINGS_KEY, slw_heap_bytes(&text), &json, detail);
        if (status == SLW_OK) {
            status = read_settings(&json, &settings, detail);
            slw_json_document_free(&json);
        }
        status = status == SLW_OK ? SLW_OK : SLW_STORED_STATE;
    } else if (status == SLW_NOT_FOUND) {
        (void)slw_explain(detail, status, "there is no repository yet (" SETTINGS_KEY ")");
    }
    slw_heap_free(&text);
    if (status == SLW_OK) {
        *ret_settings = settings;
    }
    return status;
}

enum slw_status slw_tuf_settings_store(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_object(&json, "periods");
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        slw_json_begin_object(&json, slw_tuf_type_name((enum slw_tuf_type)i));
        slw_json_uint(&json, "expires_s", writer->settings.periods[i].expires_s);
        slw_json_uint(&json, "due_s", writer->settings.periods[i].due_s);
        slw_json_end_object(&json);
    }
    slw_json_end_object(&json);
    slw_json_int(&json, "first_root", writer->settings.first_root);
    slw_json_end_object(&json);
    slw_heap_append_text(&text, "\n");
    enum slw_status status =
        text.status != SLW_OK
            ? slw_explain_no_memory(detail)
            : slw_tuf_store_replace(writer, SETTINGS_KEY, slw_heap_bytes(&text), detail);
    slw_heap_free(&text);
    return status;
}
