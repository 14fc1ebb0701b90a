/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published roots, from the first to the last, followed as clients follow them: everything else
 * that is published is judged by the last one, and versions to come are built on it. A root that
 * somebody with access to the storage, but without its predecessor's keys, put behind the last one
 * would otherwise say whose signatures the writer asks for. Called by published.c.
 */
#include "writer.h"

#include <inttypes.h>

struct link {
    struct slw_tuf_file file;
    struct slw_tuf_root content; /* of file, which may not move */
};

static void forget(struct link *link)
{
    slw_tuf_root_free(&link->content);
    slw_tuf_file_free(&link->file);
}

static enum slw_status fetch(const struct slw_tuf_writer *writer, int64_t version,
                             struct link *link, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer bytes = {0};
    slw_tuf_key_of(version, "root", key);
    enum slw_status status = slw_tuf_store_get(writer, key, &bytes, detail);
    if (status == SLW_OK) {
        status = slw_tuf_file_parse(key, &bytes, SLW_TUF_EDITION_BYTES_MAX, SLW_TUF_ROOT,
                                    &link->file, detail);
    }
    slw_heap_free(&bytes);
    return status;
}

static enum slw_status verify(const struct link *link, const struct link *by,
                              enum slw_status refusal, struct slw_detail *detail)
{
    struct slw_detail why;
    enum slw_status status =
        slw_tuf_file_verify(&link->file, &by->content.keys, &by->content.roles[SLW_TUF_ROOT], &why);
    if (status == SLW_OK) {
        return SLW_OK;
    }
    bool too_few = status == SLW_UNSIGNED || status == SLW_BELOW_THRESHOLD;
    return slw_explain(detail, too_few ? refusal : status, "%s%s: nothing is built on it", why.text,
                       too_few && by != link ? ", of the root before" : "");
}

/*
 * Section 5.3.4: "Version N+1 of the root metadata file MUST have been signed by: (1) a threshold
 * of keys specified in the trusted root metadata file (version N), and (2) a threshold of keys
 * specified in the new root metadata file being validated (version N+1)." before: NULL for the
 * first, which stands for itself.
 */
static enum slw_status check(struct link *link, const struct link *before, int64_t version,
                             struct slw_detail *detail)
{
    if (before != NULL) {
        SLW_TRY(verify(link, before, SLW_ROOT_UNTRUSTED, detail));
    }
    SLW_TRY(slw_tuf_root_read(&link->file, SLW_TUF_KEY_IDS_ANY, &link->content, detail));
    SLW_TRY(verify(link, link, SLW_ROOT_SELF_UNSIGNED, detail));
    if (link->content.common.version != version) {
        return slw_explain(detail, SLW_STORED_STATE, "%s: is version %" PRId64, link->file.name,
                           link->content.common.version);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_root_chain_check(const struct slw_tuf_writer *writer, int64_t last,
                                         struct slw_detail *detail)
{
    struct link links[2] = {{.file = {.name = NULL}}, {.file = {.name = NULL}}};
    const struct link *before = NULL;
    enum slw_status status = SLW_OK;
    for (int64_t version = writer->settings.first_root; status == SLW_OK && version <= last;
         version++) {
        struct link *link = before == &links[0] ? &links[1] : &links[0];
        forget(link);
        status = fetch(writer, version, link, detail);
        if (status == SLW_OK) {
            status = check(link, before, version, detail);
        }
        before = link;
    }
    forget(&links[0]);
    forget(&links[1]);
    return status;
}
