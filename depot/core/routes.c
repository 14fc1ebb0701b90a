/* SPDX-License-Identifier: Apache-2.0 */
/* The command `routes`: every call that this program takes, with the right that it asks for, as
 * JSON. For reviewers, and for the test that holds spec/depot-openapi.yaml against it. */
#include "commands.h"

#include <stdio.h>

static const char *right_name(uint32_t flags)
{
    switch ((enum depot_right)flags) {
    case DEPOT_PUBLIC:
        return "public";
    case DEPOT_ANYBODY:
        return "anybody";
    case DEPOT_SEE:
        return "see";
    case DEPOT_DEVELOP:
        return "develop";
    case DEPOT_RELEASE:
        return "release";
    case DEPOT_APPROVE:
        return "approve";
    case DEPOT_HALT:
        return "halt";
    case DEPOT_ADMINISTER:
        return "administer";
    }
    return "nobody"; /* the program doesn't start with such a one */
}

static void put_routes(const struct depot_part *part, struct slw_json *json)
{
    for (size_t i = 0; i < part->routes_count; i++) {
        const struct slw_http_route *route = &part->routes[i];
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "method", route->method);
        slw_json_text(json, "path", route->path);
        slw_json_text(json, "right", right_name(route->flags));
        slw_json_text(json, "part", part->name);
        slw_json_end_object(json);
    }
}

enum slw_status depot_command_routes(const struct depot_command *command, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    (void)command;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "routes");
    for (size_t i = 0; depot_parts[i] != NULL; i++) {
        put_routes(depot_parts[i], &json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        (void)printf("%s\n", slw_heap_text(&text));
    }
    slw_heap_drop(&text);
    return status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
