/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical `signed` of a model: what signatures are over, and what files hold. */
#include "encode.h"

#include <inttypes.h>
#include <time.h>

/*
 * TUF 1.0.34, section 4.2: "Metadata date-time follows the ISO 8601 standard. The expected format
 * of the combined date and time string is "YYYY-MM-DDTHH:MM:SSZ"."
 */
static void put_time(int64_t utc_s, struct slw_heap_buffer *text)
{
    struct tm parts;
    time_t seconds = (time_t)utc_s;
    if (gmtime_r(&seconds, &parts) != NULL) {
        slw_heap_printf(text, "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    }
}

/* An object of parts alone. */
static void put_parts(const struct slw_tuf_parts *parts, struct slw_heap_buffer *text)
{
    struct slw_tuf_object object;
    slw_tuf_object_begin(&object, text, parts);
    slw_tuf_object_end(&object);
}

static void put_roles(const struct slw_tuf_parts *roles, struct slw_heap_buffer *text)
{
    slw_heap_append(text, SLW_BYTES_OF("["));
    for (size_t i = 0; i < roles->count; i++) {
        if (i != 0) {
            slw_heap_append(text, SLW_BYTES_OF(","));
        }
        slw_heap_append(text, slw_heap_bytes(&roles->list[i]->canonical));
    }
    slw_heap_append(text, SLW_BYTES_OF("]"));
}

static void put_delegations(const struct slw_tuf_listing *listing, struct slw_heap_buffer *text)
{
    struct slw_tuf_object object;
    slw_tuf_object_begin(&object, text, &listing->others);
    slw_tuf_object_name(&object, "keys");
    put_parts(&listing->keys, text);
    if (listing->is_bins) {
        slw_tuf_object_name(&object, "succinct_roles");
        slw_heap_append(text, slw_heap_bytes(&listing->roles.list[0]->canonical));
    } else {
        slw_tuf_object_name(&object, "roles");
        put_roles(&listing->roles, text);
    }
    slw_tuf_object_end(&object);
}

static void put_entries(const struct slw_tuf_entries *entries, struct slw_heap_buffer *text)
{
    slw_heap_append(text, SLW_BYTES_OF("{"));
    slw_heap_append(text, slw_heap_bytes(&entries->text));
    slw_heap_append(text, SLW_BYTES_OF("}"));
}

/* Members that stand between "expires" and "spec_version". */
static void put_middle(const struct slw_tuf_model *model, struct slw_tuf_object *object)
{
    switch (model->type) {
    case SLW_TUF_ROOT:
        slw_tuf_object_name(object, "keys");
        put_parts(&model->listing.keys, object->text);
        slw_tuf_object_name(object, "roles");
        put_parts(&model->listing.roles, object->text);
        break;
    case SLW_TUF_TIMESTAMP:
    case SLW_TUF_SNAPSHOT:
        slw_tuf_object_name(object, "meta");
        put_entries(&model->entries, object->text);
        break;
    case SLW_TUF_TARGETS:
        break;
    }
}

/* Members in the order of their names. */
static void put_signed(const struct slw_tuf_model *model, struct slw_heap_buffer *text)
{
    struct slw_tuf_object object;
    slw_tuf_object_begin(&object, text, &model->others);
    slw_tuf_object_name(&object, "_type");
    slw_heap_printf(text, "\"%s\"", slw_tuf_type_name(model->type));
    if (model->type == SLW_TUF_ROOT && model->consistency != SLW_TUF_CONSISTENT_ABSENT) {
        slw_tuf_object_name(&object, "consistent_snapshot");
        slw_heap_append_text(text, model->consistency == SLW_TUF_CONSISTENT ? "true" : "false");
    }
    if (model->listing.present) {
        slw_tuf_object_name(&object, "delegations");
        put_delegations(&model->listing, text);
    }
    slw_tuf_object_name(&object, "expires");
    put_time(model->expires_utc_s, text);
    put_middle(model, &object);
    slw_tuf_object_name(&object, "spec_version");
    slw_heap_append(text, slw_heap_bytes(&model->spec_version));
    if (model->type == SLW_TUF_TARGETS) {
        slw_tuf_object_name(&object, "targets");
        slw_tuf_encode_targets(&model->records, text);
    }
    slw_tuf_object_name(&object, "version");
    slw_heap_printf(text, "%" PRId64, model->version);
    slw_tuf_object_end(&object);
}

enum slw_status slw_tuf_model_encode(struct slw_tuf_model *model,
                                     struct slw_heap_buffer *ret_signed, struct slw_detail *detail)
{
    struct slw_sha256 hash;
    size_t start = ret_signed->len;
    put_signed(model, ret_signed);
    if (ret_signed->status != SLW_OK) {
        ret_signed->len = start;
        return slw_explain_no_memory(detail);
    }
    if (!model->has_digest) {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, slw_bytes_make(ret_signed->ptr + start, ret_signed->len - start));
        slw_sha256_final(&hash, model->digest);
        model->has_digest = true;
    }
    return SLW_OK;
}
