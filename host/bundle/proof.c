/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving a bundle its transparency proof (bundle_file.h). The proof of a release is known once it
 * is signed, so nothing but this one field of the bundle changes, and no payload is looked at.
 */
#include "slipway/bundle_file.h"

#include "slipway/explain.h"
#include "slipway/proto_writer.h"
#include "slipway/transparency.h"

#include <stdlib.h>

struct copying {
    const struct slw_source *source;
    struct slw_output *output;
    struct slw_detail *detail;
    uint8_t *block; /* SLW_FILE_BLOCK_SIZE */
};

static enum slw_status copy(struct copying *copying, uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t left = to - from;
        size_t len = left < SLW_FILE_BLOCK_SIZE ? (size_t)left : SLW_FILE_BLOCK_SIZE;
        if (copying->source->read(copying->source->context, from, copying->block, len) != SLW_OK) {
            return slw_explain(copying->detail, SLW_IO,
                               "bundle: can't be read, or became shorter while it was");
        }
        SLW_TRY(slw_output_write(copying->output, slw_bytes_make(copying->block, len),
                                 copying->detail));
        from += len;
    }
    return SLW_OK;
}

/* The same, without the field of a proof that was there. */
static enum slw_status copy_but_proof(struct copying *copying, struct slw_span proof, uint64_t from,
                                      uint64_t to)
{
    uint64_t proof_end = proof.offset + proof.length;
    if (proof.length == 0 || proof_end <= from || proof.offset >= to) {
        return copy(copying, from, to);
    }
    SLW_TRY(copy(copying, from, proof.offset));
    return copy(copying, proof_end, to);
}

void slw_bundle_proof_encode(struct slw_bytes proof, struct slw_heap_buffer *ret_field)
{
    uint8_t header[16];
    struct slw_writer writer;
    slw_writer_init(&writer, header, sizeof header);
    slw_proto_put_header(&writer, SLW_BUNDLE_TRANSPARENCY_PROOF, proof.len);
    slw_heap_append(ret_field, slw_writer_written(&writer));
    slw_heap_append(ret_field, proof);
}

static enum slw_status write_proof(struct copying *copying, struct slw_bytes proof)
{
    struct slw_heap_buffer field = {0};
    slw_bundle_proof_encode(proof, &field);
    enum slw_status status =
        field.status == SLW_OK
            ? slw_output_write(copying->output, slw_heap_bytes(&field), copying->detail)
            : slw_explain_no_memory(copying->detail);
    slw_heap_drop(&field);
    return status;
}

enum slw_status slw_bundle_write_with_proof(const struct slw_bundle_index *index,
                                            struct slw_bytes proof, struct slw_output *output,
                                            struct slw_detail *detail)
{
    struct copying copying = {.source = index->source, .output = output, .detail = detail};
    struct slw_span old = {0};
    if (proof.len == 0 || proof.len > SLW_PROOF_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_PROOF, "a proof has 1 to %u bytes, not %zu",
                           SLW_PROOF_SIZE_MAX, proof.len);
    }
    if (index->has_transparency_proof) {
        old = index->others[index->proof_other];
    }
    copying.block = malloc(SLW_FILE_BLOCK_SIZE);
    if (copying.block == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = copy_but_proof(&copying, old, 0, index->payloads_offset);
    if (status == SLW_OK) {
        status = write_proof(&copying, proof);
    }
    if (status == SLW_OK) {
        status = copy_but_proof(&copying, old, index->payloads_offset, index->source->size);
    }
    free(copying.block);
    return status;
}

static enum slw_status replace(const char *path, const struct slw_file_source *file,
                               const struct slw_bundle_index *index, struct slw_bytes proof,
                               struct slw_detail *detail)
{
    struct slw_output output;
    SLW_TRY(slw_output_open(path, SLW_OUTPUT_REPLACE, &output, detail));
    enum slw_status status = slw_bundle_write_with_proof(index, proof, &output, detail);
    if (status == SLW_OK) {
        status = slw_file_source_check_unchanged(file, detail);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

enum slw_status slw_bundle_set_proof(const char *path, struct slw_bytes proof,
                                     struct slw_detail *detail)
{
    struct slw_file_source file;
    struct slw_bundle_index index;
    SLW_TRY(slw_file_source_open(path, &file, detail));
    enum slw_status status = slw_bundle_index_read(path, &file.source, &index, detail);
    if (status == SLW_OK) {
        status = replace(path, &file, &index, proof, detail);
        slw_bundle_index_free(&index);
    }
    slw_file_source_close(&file);
    return status;
}
