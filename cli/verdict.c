/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a refusal: for `root verify`, `bundle verify` and `bundle extract`. */
#include "verdict.h"

#include "slipway/explain.h"

/* A trusted root that isn't one is told of by the file that it was to be in. */
static void explain(const struct slw_finding *finding, const char *trusted_path,
                    struct slw_heap_buffer *text)
{
    if (finding->status == SLW_NO_TRUSTED_ROOT && trusted_path != NULL) {
        slw_heap_printf(text, "%s: ", trusted_path);
    }
    slw_explain_finding(finding, text);
}

void cli_json_refusal(struct slw_json *json, const struct slw_finding *finding,
                      const char *trusted_path, const char *text)
{
    struct slw_heap_buffer detail = {0};
    if (text == NULL) {
        explain(finding, trusted_path, &detail);
    } else {
        slw_heap_append_text(&detail, text);
    }
    slw_json_begin_object(json, NULL);
    slw_json_text(json, "verdict", "refuse");
    slw_json_text(json, "reason", slw_status_word(finding->status));
    slw_json_bytes(json, "detail", slw_heap_bytes(&detail));
    if (finding->has_role) {
        slw_json_text(json, "role", slw_role_name(finding->role));
    }
    if (finding->has_key_id) {
        slw_json_hex(json, "key_id", slw_bytes_make(finding->key_id, SLW_KEY_ID_SIZE));
    }
    if (finding->name_len > 0) {
        slw_json_bytes(json, "target", slw_bytes_make(finding->name, finding->name_len));
    }
    slw_heap_free(&detail);
}

enum cli_exit cli_refuse_finding(struct cli *cli, const struct slw_finding *finding,
                                 const char *trusted_path)
{
    struct slw_heap_buffer text = {0};
    explain(finding, trusted_path, &text);
    enum cli_exit code = cli_refuse(cli, finding->status, slw_heap_text(&text));
    slw_heap_free(&text);
    return code;
}
