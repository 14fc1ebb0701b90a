/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles while they are written: a file without a name, which is gone however the program ends,
 * and then in the store. */
#include "part.h"

#include "slipway/files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum slw_status releases_spool(const struct depot_settings *settings, char ret_path[static 600],
                               struct slw_detail *detail)
{
    const char *storage = settings->repository.storage;
    bool is_directory = strncmp(storage, "dir:", strlen("dir:")) == 0;
    if (storage[0] == '\0') {
        return slw_explain(detail, SLW_WRONG_STATE,
                           "[repository] storage is needed to sign and publish");
    }
    if (!is_directory && mkdir(settings->repository.work, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, settings->repository.work);
    }
    (void)snprintf(ret_path, 600, "%s/requests",
                   is_directory ? storage + strlen("dir:") : settings->repository.work);
    if (mkdir(ret_path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, ret_path);
    }
    return SLW_OK;
}

static enum slw_status read_output(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_output *output = context;
    while (len > 0) {
        ssize_t got = pread(output->descriptor, buffer, len, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return SLW_IO;
        }
        buffer += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return SLW_OK;
}

enum slw_status releases_spool_put(struct depot *depot,
                                   enum slw_status (*write)(void *context,
                                                            struct slw_output *output,
                                                            struct slw_detail *detail),
                                   void *context, uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                   uint64_t *ret_size, struct slw_detail *detail)
{
    char directory[600];
    char path[760];
    struct slw_output output;
    SLW_TRY(releases_spool(depot->settings, directory, detail));
    (void)snprintf(path, sizeof path, "%s/bundle-%s", directory, depot->replica);
    SLW_TRY(slw_output_open(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE, &output, detail));
    enum slw_status status = write(context, &output, detail);
    if (status == SLW_OK) {
        const struct slw_source source = {
            .context = &output, .size = output.position, .read = read_output};
        status = slw_blobs_put_source(depot->blobs, &source, ret_sha256, detail);
        *ret_size = output.position;
    }
    slw_output_discard(&output);
    return status;
}
