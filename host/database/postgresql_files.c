/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a PostgreSQL URL names. Programs that confine themselves ask before they do. */
#include "slipway/database.h"

#include <libpq-fe.h>

static bool is_file(const char *keyword)
{
    static const char *const files[] = {"passfile", "sslrootcert", "sslcert",
                                        "sslkey",   "sslcrl",      "sslcrldir"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(keyword, files[i]) == 0) {
            return true;
        }
    }
    return false;
}

enum slw_status slw_database_files(const char *url,
                                   enum slw_status (*each)(void *context, const char *path,
                                                           struct slw_detail *detail),
                                   void *context, struct slw_detail *detail)
{
    char *error = NULL;
    enum slw_status status = SLW_OK;
    if (strncmp(url, "sqlite:", 7) == 0) {
        return SLW_OK;
    }
    PQconninfoOption *options = PQconninfoParse(url, &error);
    if (options == NULL) {
        status = slw_explain(detail, SLW_BAD_ARGUMENT, "database: %s",
                             error == NULL ? "out of memory" : error);
        PQfreemem(error);
        return status;
    }
    for (const PQconninfoOption *option = options; option->keyword != NULL && status == SLW_OK;
         option++) {
        if (option->val != NULL && option->val[0] == '/' && is_file(option->keyword)) {
            status = each(context, option->val, detail);
        }
    }
    PQconninfoFree(options);
    return status;
}
